// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-params.h"

#include <gst/rtsp/rtsp.h>
#include <string.h>

G_DEFINE_QUARK(sink - params - error - quark, sink_params_error)

#define MALFORMED(error, ...) \
	g_set_error(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_MALFORMED, __VA_ARGS__)
#define UNSUPPORTED(error, ...) \
	g_set_error(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_UNSUPPORTED, __VA_ARGS__)

#define MAX_PARAM_LINES 64

/*
 * H.264 (ITU-T H.264, table A-1): what each level bit allows, in macroblocks and macroblocks/s. At
 * level 4.2 that is 8704 macroblocks, but WFD 2.1 (5.1.5.2) puts 1920x1200, which has 9000, there.
 */
static const struct {
	const char *name;
	guint max_frame;
	guint max_rate;
} levels[] = {
	{"3.1", 3600, 108000}, {"3.2", 5120, 216000}, {"4", 8192, 245760},
	{"4.1", 8192, 245760}, {"4.2", 9000, 522240},
};

const char *sink_table_name(WfdModeTable table)
{
	static const char *const names[] = {
		[WFD_CEA] = "CEA", [WFD_VESA] = "VESA", [WFD_HH] = "HH"};

	return table < WFD_N_MODE_TABLES ? names[table] : "reserved";
}

const char *sink_profile_name(guint8 profile)
{
	switch (profile) {
	case SINK_PROFILE_CBP: return "CBP";
	case SINK_PROFILE_CHP: return "CHP";
	default: return "reserved";
	}
}

static gboolean one_bit(guint32 bits)
{
	return bits && !(bits & (bits - 1));
}

static int level_index(guint8 level)
{
	int index = g_bit_nth_lsf(level, -1);

	return one_bit(level) && index < (int)G_N_ELEMENTS(levels) ? index : -1;
}

const char *sink_level_name(guint8 level)
{
	int index = level_index(level);

	return index < 0 ? "reserved" : levels[index].name;
}

/* A cursor over one value: fields are parted by exactly one or more spaces. */
typedef struct {
	const char *at;
} SinkCursor;

static gboolean next_hex(SinkCursor *c, guint digits, guint32 *value)
{
	const char *at = c->at;

	while (*at == ' ')
		at++;
	*value = 0;
	for (guint i = 0; i < digits; i++) {
		int digit = g_ascii_xdigit_value(at[i]);

		if (digit < 0)
			return FALSE;
		*value = *value << 4 | (guint32)digit;
	}
	at += digits;
	if (*at && *at != ' ' && *at != ',')
		return FALSE;
	c->at = at;
	return TRUE;
}

static gboolean next_word(SinkCursor *c, const char *word)
{
	const char *at = c->at;
	gsize size = strlen(word);

	while (*at == ' ')
		at++;
	if (strncmp(at, word, size) || (at[size] && at[size] != ' ' && at[size] != ','))
		return FALSE;
	c->at = at + size;
	return TRUE;
}

static gboolean next_resolution(SinkCursor *c, guint16 *value)
{
	guint32 number = 0;

	if (!next_word(c, "none") && !next_hex(c, 4, &number))
		return FALSE;
	*value = number;
	return TRUE;
}

static char next_separator(SinkCursor *c)
{
	while (*c->at == ' ')
		c->at++;
	return *c->at ? *c->at++ : '\0';
}

static gboolean h264_codec_parse(SinkCursor *c, SinkH264Codec *codec)
{
	guint32 field[10];
	static const guint8 digits[] = {2, 2, 8, 8, 8, 2, 4, 4, 2};

	for (guint i = 0; i < G_N_ELEMENTS(digits); i++) {
		if (!next_hex(c, digits[i], &field[i]))
			return FALSE;
	}
	*codec = (SinkH264Codec){
		.profile = field[0],
		.level = field[1],
		.modes = {field[2], field[3], field[4]},
		.latency = field[5],
		.min_slice_size = field[6],
		.slice_enc_params = field[7],
		.frame_rate_control = field[8],
	};
	return next_resolution(c, &codec->max_hres) && next_resolution(c, &codec->max_vres);
}

gboolean sink_video_formats_parse(const char *text, SinkVideoFormats *formats, GError **error)
{
	SinkCursor c = {text};
	guint32 native, preferred;
	char separator;

	*formats = (SinkVideoFormats){0};
	if (next_word(&c, "none") && !next_separator(&c))
		return TRUE;

	c.at = text;
	if (!next_hex(&c, 2, &native) || !next_hex(&c, 2, &preferred)) {
		MALFORMED(error,
			  "wfd_video_formats begins with native and preferred-display-mode, "
			  "two hex digits each, not with \"%.16s\"",
			  text);
		return FALSE;
	}
	formats->native = native;
	formats->preferred_display_mode = preferred;
	do {
		if (formats->n_codecs == SINK_MAX_CODECS) {
			MALFORMED(error, "wfd_video_formats lists more than %d codecs",
				  SINK_MAX_CODECS);
			return FALSE;
		}
		if (!h264_codec_parse(&c, &formats->codecs[formats->n_codecs])) {
			MALFORMED(error,
				  "codec %u of wfd_video_formats is not eleven fields of the "
				  "right width",
				  formats->n_codecs + 1);
			return FALSE;
		}
		formats->n_codecs++;
		separator = next_separator(&c);
	} while (separator == ',');
	if (separator) {
		MALFORMED(error, "wfd_video_formats goes on after its last field");
		return FALSE;
	}
	return TRUE;
}

static gboolean fits_level(const WfdMode *mode, int level)
{
	guint blocks = ((mode->width + 15) / 16) * ((mode->height + 15) / 16);
	guint frames = mode->interlaced ? mode->fps / 2 : mode->fps;

	return blocks <= levels[level].max_frame && blocks * frames <= levels[level].max_rate;
}

gboolean sink_video_choice_parse(const char *text, const SinkVideoFormats *offered,
				 SinkVideoChoice *choice, GError **error)
{
	SinkVideoFormats formats;
	const SinkH264Codec *codec = &formats.codecs[0];
	const WfdMode *mode;
	gboolean level_offered = FALSE, mode_offered = FALSE;
	guint n_tables = 0;
	int level;

	if (!sink_video_formats_parse(text, &formats, error))
		return FALSE;
	if (formats.n_codecs != 1) {
		MALFORMED(error, "M4 must choose one codec, this one names %u", formats.n_codecs);
		return FALSE;
	}
	for (guint t = 0; t < WFD_N_MODE_TABLES; t++) {
		if (!codec->modes[t])
			continue;
		n_tables++;
		choice->table = t;
	}
	if (n_tables != 1 || !one_bit(codec->modes[choice->table])) {
		MALFORMED(error, "M4 must choose exactly one resolution of one table");
		return FALSE;
	}
	choice->index = g_bit_nth_lsf(codec->modes[choice->table], -1);
	mode = wfd_mode_get(choice->table, choice->index);
	if (!mode) {
		UNSUPPORTED(error, "bit %u of the %s table is reserved", choice->index,
			    sink_table_name(choice->table));
		return FALSE;
	}
	level = level_index(codec->level);
	if (level < 0 || !one_bit(codec->profile)) {
		MALFORMED(error, "M4 must choose exactly one H.264 profile and one level");
		return FALSE;
	}

	for (guint i = 0; i < offered->n_codecs; i++) {
		const SinkH264Codec *offer = &offered->codecs[i];

		if (!(offer->profile & codec->profile) || codec->level > offer->level)
			continue;
		level_offered = TRUE;
		if (offer->modes[choice->table] & codec->modes[choice->table])
			mode_offered = TRUE;
	}
	if (!level_offered) {
		UNSUPPORTED(error, "%s at level %s was not offered",
			    sink_profile_name(codec->profile), sink_level_name(codec->level));
		return FALSE;
	}
	if (!mode_offered) {
		UNSUPPORTED(error, "%ux%u at %u Hz (%s bit %u) was not offered for %s", mode->width,
			    mode->height, mode->fps, sink_table_name(choice->table), choice->index,
			    sink_profile_name(codec->profile));
		return FALSE;
	}
	if (!fits_level(mode, level)) {
		UNSUPPORTED(error, "%ux%u at %u Hz is more than H.264 level %s allows", mode->width,
			    mode->height, mode->fps, levels[level].name);
		return FALSE;
	}
	choice->mode = *mode;
	choice->profile = codec->profile;
	choice->level = codec->level;
	return TRUE;
}

/* Reads "LPCM 00000002 00", one group of wfd_audio_codecs. */
static gboolean audio_codec_parse(SinkCursor *c, SinkAudioChoice *codec)
{
	static const char *const formats[] = {"LPCM", "AAC", "AC3"};
	guint32 latency;

	for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (next_word(c, formats[i])) {
			g_strlcpy(codec->format, formats[i], sizeof(codec->format));
			return next_hex(c, 8, &codec->mode) && next_hex(c, 2, &latency);
		}
	}
	return FALSE;
}

gboolean sink_audio_choice_parse(const char *text, const char *offered, SinkAudioChoice *choice,
				 GError **error)
{
	SinkCursor c = {text};

	*choice = (SinkAudioChoice){0};
	if (next_word(&c, "none") && !next_separator(&c))
		return TRUE;

	c.at = text;
	if (!audio_codec_parse(&c, choice) || next_separator(&c) || !one_bit(choice->mode)) {
		MALFORMED(error, "M4 must choose one audio codec with one mode, not \"%.32s\"",
			  text);
		return FALSE;
	}

	c.at = offered;
	do {
		SinkAudioChoice offer;

		if (!audio_codec_parse(&c, &offer))
			break;
		if (!strcmp(offer.format, choice->format) && offer.mode & choice->mode)
			return TRUE;
	} while (next_separator(&c) == ',');
	UNSUPPORTED(error, "audio codec %s mode %08x was not offered", choice->format,
		    choice->mode);
	return FALSE;
}

char *sink_presentation_url_parse(const char *text, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 3);
	GstRTSPUrl *url = NULL;

	if (g_strv_length(words) != 2) {
		MALFORMED(error, "wfd_presentation_URL has two fields, URL0 and URL1");
		return NULL;
	}
	if (!strcmp(words[0], "none") || strcmp(words[1], "none")) {
		UNSUPPORTED(error, "this sink is a primary sink: URL0 must be set and URL1 none");
		return NULL;
	}
	if (!g_str_has_prefix(words[0], "rtsp://") ||
	    gst_rtsp_url_parse(words[0], &url) != GST_RTSP_OK) {
		MALFORMED(error, "wfd_presentation_URL \"%.64s\" is not an rtsp:// URL", words[0]);
		return NULL;
	}
	gst_rtsp_url_free(url);
	return g_strdup(words[0]);
}

gboolean sink_client_rtp_ports_parse(const char *text, guint16 ports[2], GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 5);

	if (g_strv_length(words) != 4 || strcmp(words[3], "mode=play")) {
		MALFORMED(error, "wfd_client_rtp_ports is profile, two ports and mode=play");
		return FALSE;
	}
	if (strcmp(words[0], "RTP/AVP/UDP;unicast")) {
		UNSUPPORTED(error, "only RTP/AVP/UDP;unicast is supported, not \"%.32s\"",
			    words[0]);
		return FALSE;
	}
	for (int i = 0; i < 2; i++) {
		guint64 port;

		if (!g_ascii_string_to_unsigned(words[1 + i], 10, 0, 65535, &port, NULL)) {
			MALFORMED(error, "\"%.16s\" is not a UDP port", words[1 + i]);
			return FALSE;
		}
		ports[i] = port;
	}
	return TRUE;
}

gboolean sink_params_foreach(const char *body, gsize size, SinkParamFunc each, gpointer user_data,
			     GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!size)
		return TRUE;
	for (gsize i = 0; i < size; i++) {
		if ((guchar)body[i] < ' ' && !strchr("\r\n\t", body[i] ? body[i] : 1)) {
			MALFORMED(error, "byte %" G_GSIZE_FORMAT " of the body is not text", i);
			return FALSE;
		}
	}
	text = g_strndup(body, size);
	lines = g_strsplit(text, "\n", MAX_PARAM_LINES + 2);
	if (g_strv_length(lines) > MAX_PARAM_LINES + 1) {
		MALFORMED(error, "the body has more than %d lines", MAX_PARAM_LINES);
		return FALSE;
	}
	for (guint i = 0; lines[i]; i++) {
		char *name = g_strstrip(lines[i]);
		char *colon = strchr(name, ':');

		if (!*name)
			continue;
		if (colon == name) {
			MALFORMED(error, "line %u of the body has no parameter name", i + 1);
			return FALSE;
		}
		if (colon)
			*colon++ = '\0';
		each(g_strchomp(name), colon ? g_strstrip(colon) : NULL, user_data);
	}
	return TRUE;
}

struct SinkCaps {
	GHashTable *values; /* name in lower case -> value */
};

SinkCaps *sink_caps_new(guint16 rtp_port)
{
	static const char *const defaults[][2] = {
		/*
		 * Native 1280x720p60; CBP and CHP at level 4; every progressive CEA mode up to
		 * 1920x1080p30, and the VESA modes 800x600, 1024x768 and 1280x800.
		 */
		{"wfd_video_formats",
		 "30 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 none none, "
		 "02 04 00019CEB 0000030F 00000000 00 0000 0000 11 none none"},
		{"wfd_audio_codecs", "LPCM 00000003 00, AAC 00000001 00"},
		{"wfd_3d_video_formats", "none"},
		{"wfd_content_protection", "none"},
		{"wfd_coupled_sink", "none"},
		{"wfd_uibc_capability", "none"},
		{"wfd_I2C", "none"},
		{"wfd_connector_type", "05"}, /* HDMI */
		{"wfd_standby_resume_capability", "supported"},
		{"wfd_idr_request_capability", "1"},
		{"intel_friendly_name", "miracast sink"},
		{"intel_sink_manufacturer_name", "linux-miracast"},
		{"intel_sink_model_name", "miracast-sink"},
		{"microsoft_latency_management_capability", "supported"},
		{"microsoft_diagnostics_capability", "supported"},
		{"microsoft_rtcp_capability", "supported"},
		{"microsoft_max_bitrate", "25000000"}, /* of H.264 at level 4, High */
	};
	guint8 edid[SINK_EDID_BLOCK];
	SinkCaps *caps = g_new0(SinkCaps, 1);
	g_autofree char *ports =
		g_strdup_printf("RTP/AVP/UDP;unicast %u 0 mode=play", (guint)rtp_port);

	caps->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < G_N_ELEMENTS(defaults); i++)
		sink_caps_set(caps, defaults[i][0], defaults[i][1]);
	sink_caps_set(caps, "wfd_client_rtp_ports", ports);
	sink_edid_default(edid);
	sink_caps_set_edid(caps, edid, sizeof(edid), NULL);
	return caps;
}

void sink_caps_free(SinkCaps *caps)
{
	if (!caps)
		return;
	g_hash_table_unref(caps->values);
	g_free(caps);
}

void sink_caps_set(SinkCaps *caps, const char *name, const char *value)
{
	g_autofree char *key = g_ascii_strdown(name, -1);

	if (value)
		g_hash_table_insert(caps->values, g_steal_pointer(&key), g_strdup(value));
	else
		g_hash_table_remove(caps->values, key);
}

const char *sink_caps_get(const SinkCaps *caps, const char *name)
{
	g_autofree char *key = g_ascii_strdown(name, -1);

	return g_hash_table_lookup(caps->values, key);
}

static void load_line(const char *name, const char *value, gpointer user_data)
{
	if (*name != '#')
		sink_caps_set(user_data, name, value);
}

gboolean sink_caps_load(SinkCaps *caps, const char *text, gsize size, GError **error)
{
	return sink_params_foreach(text, size, load_line, caps, error);
}

gboolean sink_caps_set_edid(SinkCaps *caps, const guint8 *edid, gsize size, GError **error)
{
	g_autoptr(GString) value = g_string_new(NULL);

	if (!sink_edid_check(edid, size, error))
		return FALSE;
	g_string_printf(value, "%04X ", (guint)(size / SINK_EDID_BLOCK));
	for (gsize i = 0; i < size; i++)
		g_string_append_printf(value, "%02x", edid[i]);
	sink_caps_set(caps, "wfd_display_edid", value->str);
	return TRUE;
}

typedef struct {
	const SinkCaps *caps;
	GString *text;
} SinkAnswer;

static void answer_line(const char *name, const char *value, gpointer user_data)
{
	SinkAnswer *answer = user_data;
	const char *own = sink_caps_get(answer->caps, name);

	if (own)
		g_string_append_printf(answer->text, "%s: %s\r\n", name, own);
}

char *sink_caps_answer(const SinkCaps *caps, const char *body, gsize size, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	SinkAnswer answer = {caps, text};

	if (!sink_params_foreach(body, size, answer_line, &answer, error))
		return NULL;
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* One 18-byte detailed timing descriptor (VESA E-EDID 1.4, 3.10.2), both syncs positive. */
static void edid_timing(guint8 *d, guint clock_10khz, const guint16 h[4], const guint16 v[4])
{
	static const guint16 size_mm[2] = {510, 287};

	d[0] = clock_10khz;
	d[1] = clock_10khz >> 8;
	d[2] = h[0];
	d[3] = h[1];
	d[4] = (h[0] >> 8) << 4 | h[1] >> 8;
	d[5] = v[0];
	d[6] = v[1];
	d[7] = (v[0] >> 8) << 4 | v[1] >> 8;
	d[8] = h[2];
	d[9] = h[3];
	d[10] = (v[2] & 15) << 4 | (v[3] & 15);
	d[11] = (h[2] >> 8) << 6 | (h[3] >> 8) << 4 | (v[2] >> 4) << 2 | v[3] >> 4;
	d[12] = size_mm[0] & 0xff;
	d[13] = size_mm[1] & 0xff;
	d[14] = (size_mm[0] >> 8) << 4 | size_mm[1] >> 8;
	d[17] = 0x1e;
}

static guint8 edid_sum(const guint8 *block)
{
	guint8 sum = 0;

	for (guint i = 0; i < SINK_EDID_BLOCK; i++)
		sum += block[i];
	return sum;
}

static const guint8 edid_magic[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};

void sink_edid_default(guint8 edid[SINK_EDID_BLOCK])
{
	/* Bytes 8 to 53: maker "LNX", product 1, 2026, EDID 1.4, digital, sRGB, first timing preferred. */
	static const guint8 base[] = {
		0x31, 0xd8, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 36,   0x01, 0x04,
		0xa0, 51,   29,	  120,	0x06, 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26,
		0x0f, 0x50, 0x54, 0x21, 0x08, 0x00, 0x81, 0x00, 0x01, 0x01, 0x01, 0x01,
		0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
	};
	static const guint8 name[18] = {0,   0,	  0,   0xfc, 0,	  'm', 'i', 'r', 'a',
					'c', 'a', 's', 't',  '-', 's', 'i', 'n', 'k'};
	/* 23 to 61 Hz, 15 to 69 kHz, at most 150 MHz */
	static const guint8 limits[18] = {0,  0, 0,    0xfd, 0,	  23,  61,  15,	 69,
					  15, 1, '\n', ' ',  ' ', ' ', ' ', ' ', ' '};
	static const guint16 h720[] = {1280, 370, 110, 40}, v720[] = {720, 30, 5, 5};
	static const guint16 h1080[] = {1920, 280, 88, 44}, v1080[] = {1080, 45, 4, 5};

	memset(edid, 0, SINK_EDID_BLOCK);
	memcpy(edid, edid_magic, sizeof(edid_magic));
	memcpy(edid + 8, base, sizeof(base));
	edid_timing(edid + 54, 7425, h720, v720);
	edid_timing(edid + 72, 7425, h1080, v1080);
	memcpy(edid + 90, name, sizeof(name));
	memcpy(edid + 108, limits, sizeof(limits));
	edid[127] = -edid_sum(edid);
}

gboolean sink_edid_check(const guint8 *edid, gsize size, GError **error)
{
	if (!size || size % SINK_EDID_BLOCK || size > 256 * SINK_EDID_BLOCK) {
		MALFORMED(error,
			  "an EDID is 1 to 256 blocks of 128 bytes, not %" G_GSIZE_FORMAT " bytes",
			  size);
		return FALSE;
	}
	if (memcmp(edid, edid_magic, sizeof(edid_magic))) {
		MALFORMED(error, "the EDID does not begin with 00 FF FF FF FF FF FF 00");
		return FALSE;
	}
	if (edid[126] + 1u != size / SINK_EDID_BLOCK) {
		MALFORMED(error, "the EDID counts %u extension blocks but has %" G_GSIZE_FORMAT,
			  edid[126], size / SINK_EDID_BLOCK - 1);
		return FALSE;
	}
	for (gsize at = 0; at < size; at += SINK_EDID_BLOCK) {
		if (edid_sum(edid + at)) {
			MALFORMED(error,
				  "block %" G_GSIZE_FORMAT " of the EDID has a wrong checksum",
				  at / SINK_EDID_BLOCK);
			return FALSE;
		}
	}
	return TRUE;
}
