// SPDX-License-Identifier: GPL-2.0-or-later
/* The codec of Wi-Fi Display's parameters and the choice of a format: see wfd_params.h. */
#include "wfd_params.h"

#include <string.h>

G_DEFINE_QUARK(wfd_params_error, wfd_params_error)

#define P(w, h, r)             \
	{                      \
		w, h, r, FALSE \
	}
#define I(w, h, r)            \
	{                     \
		w, h, r, TRUE \
	}

/* WFD 2.1, 5.3: the mode tables. Bit n of a mask is entry n; bits past the end mean nothing. */
static const struct wfd_mode cea_modes[] = {
	P(640, 480, 60),   P(720, 480, 60),   I(720, 480, 60),	 P(720, 576, 50),
	I(720, 576, 50),   P(1280, 720, 30),  P(1280, 720, 60),	 P(1920, 1080, 30),
	P(1920, 1080, 60), I(1920, 1080, 60), P(1280, 720, 25),	 P(1280, 720, 50),
	P(1920, 1080, 25), P(1920, 1080, 50), I(1920, 1080, 50), P(1280, 720, 24),
	P(1920, 1080, 24),
};

static const struct wfd_mode vesa_modes[] = {
	P(800, 600, 30),   P(800, 600, 60),   P(1024, 768, 30),	 P(1024, 768, 60),
	P(1152, 864, 30),  P(1152, 864, 60),  P(1280, 768, 30),	 P(1280, 768, 60),
	P(1280, 800, 30),  P(1280, 800, 60),  P(1360, 768, 30),	 P(1360, 768, 60),
	P(1366, 768, 30),  P(1366, 768, 60),  P(1280, 1024, 30), P(1280, 1024, 60),
	P(1400, 1050, 30), P(1400, 1050, 60), P(1440, 900, 30),	 P(1440, 900, 60),
	P(1600, 900, 30),  P(1600, 900, 60),  P(1600, 1200, 30), P(1600, 1200, 60),
	P(1680, 1024, 30), P(1680, 1024, 60), P(1680, 1050, 30), P(1680, 1050, 60),
	P(1920, 1200, 30),
};

static const struct wfd_mode hh_modes[] = {
	P(800, 480, 30), P(800, 480, 60), P(854, 480, 30), P(854, 480, 60),
	P(864, 480, 30), P(864, 480, 60), P(640, 360, 30), P(640, 360, 60),
	P(960, 540, 30), P(960, 540, 60), P(848, 480, 30), P(848, 480, 60),
};

#undef P
#undef I

/* H.264 table A-1, in the order of the level bits of wfd_video_formats. */
static const struct {
	const char *name;
	guint max_mb_rate; /* macroblocks per second */
	guint max_mb; /* macroblocks per frame */
	guint max_kbit; /* kbit/s */
} levels[] = {
	{"3.1", 108000, 3600, 14000}, {"3.2", 216000, 5120, 20000}, {"4", 245760, 8192, 20000},
	{"4.1", 245760, 8192, 50000}, {"4.2", 522240, 8704, 50000},
};

/**
 * wfd_mode_get() - an entry of a mode table
 *
 * Return: the mode, or NULL past the end of the table.
 */
const struct wfd_mode *wfd_mode_get(enum wfd_mode_table table, guint index)
{
	switch (table) {
	case WFD_CEA: return index < G_N_ELEMENTS(cea_modes) ? &cea_modes[index] : NULL;
	case WFD_VESA: return index < G_N_ELEMENTS(vesa_modes) ? &vesa_modes[index] : NULL;
	case WFD_HH: return index < G_N_ELEMENTS(hh_modes) ? &hh_modes[index] : NULL;
	default: return NULL;
	}
}

/* The name of a level bit as H.264 and GStreamer caps write it ("3.1"). */
const char *wfd_level_name(guint8 level_bit)
{
	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		if (level_bit == 1u << i)
			return levels[i].name;
	return NULL;
}

GHashTable *wfd_params_parse(const char *body, gsize len)
{
	GHashTable *params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *text = g_malloc(len + 1);
	g_auto(GStrv) lines = NULL;

	for (gsize i = 0; i < len; i++)
		text[i] = g_ascii_isprint(body[i]) || body[i] == '\n' || body[i] == '\r' ? body[i]
											 : ' ';
	text[len] = '\0';
	lines = g_strsplit_set(text, "\r\n", -1);
	for (guint i = 0; lines[i]; i++) {
		char *value = strchr(lines[i], ':');
		char *name;

		if (value)
			*value++ = '\0';
		name = g_ascii_strdown(g_strstrip(lines[i]), -1);
		if (*name && !g_hash_table_contains(params, name))
			g_hash_table_insert(params, name, g_strdup(value ? g_strstrip(value) : ""));
		else
			g_free(name);
	}
	return params;
}

/* The words of @text between white space. */
static GPtrArray *words_of(const char *text)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);

	for (guint i = 0; parts[i]; i++)
		if (*parts[i])
			g_ptr_array_add(words, g_strdup(parts[i]));
	return words;
}

static gboolean is_none(const char *text)
{
	return !g_ascii_strncasecmp(text, "none", 4) && !g_ascii_isalnum(text[4]);
}

/* Word @index of @words as hexadecimal of at most @max; "none" and a missing word are 0. */
static gboolean hex_word(const GPtrArray *words, guint index, guint64 max, guint64 *out)
{
	const char *word = index < words->len ? g_ptr_array_index(words, index) : "none";

	*out = 0;
	return is_none(word) || g_ascii_string_to_unsigned(word, 16, 0, max, out, NULL);
}

static gboolean syntax_error(GError **error, const char *name, const char *text)
{
	g_set_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX,
		    "the sink's %s cannot be read: \"%.80s\"", name, text);
	return FALSE;
}

/* The fields of one H.264 codec; those after the three masks may be missing. */
static gboolean h264_codec_parse(const char *text, guint skip, struct wfd_h264_codec *codec)
{
	static const guint64 limits[] = {0xff,	 0xff,	 0xffffffff, 0xffffffff, 0xffffffff, 0xff,
					 0xffff, 0xffff, 0xff,	     0xffff,	 0xffff};
	g_autoptr(GPtrArray) words = words_of(text);
	guint64 value[G_N_ELEMENTS(limits)];

	if (words->len < skip + 5)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
		gboolean ok = hex_word(words, skip + i, limits[i], &value[i]);

		if (!ok && i < 5)
			return FALSE;
	}
	*codec = (struct wfd_h264_codec){
		.profile = value[0],
		.level = value[1],
		.modes = {value[2], value[3], value[4]},
		.latency = value[5],
		.min_slice_size = value[6],
		.slice_enc_params = value[7],
		.frame_rate_control = value[8],
		.max_hres = value[9],
		.max_vres = value[10],
	};
	return TRUE;
}

/**
 * wfd_video_formats_parse() - "native preferred codec[, codec...]" (WFD 2.1, 6.1.3)
 *
 * Return: FALSE with WFD_PARAMS_ERROR_SYNTAX if the first codec cannot be read; further codecs
 * that cannot be read are left out.
 */
gboolean wfd_video_formats_parse(const char *text, struct wfd_video_formats *out, GError **error)
{
	g_auto(GStrv) codecs = g_strsplit(text, ",", -1);
	g_autoptr(GPtrArray) words = words_of(codecs[0] ? codecs[0] : "");
	guint64 native, preferred;

	memset(out, 0, sizeof(*out));
	if (words->len && is_none(g_ptr_array_index(words, 0)))
		return TRUE;
	if (!hex_word(words, 0, 0xff, &native) || !hex_word(words, 1, 0xff, &preferred) ||
	    !h264_codec_parse(codecs[0] ? codecs[0] : "", 2, &out->codecs[0]))
		return syntax_error(error, "wfd_video_formats", text);
	out->native = native;
	out->preferred_display_mode = preferred;
	out->n_codecs = 1;
	for (guint i = 1; codecs[i] && out->n_codecs < WFD_MAX_CODECS; i++)
		if (h264_codec_parse(codecs[i], 0, &out->codecs[out->n_codecs]))
			out->n_codecs++;
	return TRUE;
}

static void append_resolution(GString *string, guint16 resolution)
{
	if (resolution)
		g_string_append_printf(string, " %04X", resolution);
	else
		g_string_append(string, " none");
}

char *wfd_video_formats_to_string(const struct wfd_video_formats *formats)
{
	GString *string;

	if (!formats->n_codecs)
		return g_strdup("none");
	string = g_string_new(NULL);
	g_string_printf(string, "%02X %02X", formats->native, formats->preferred_display_mode);
	for (guint i = 0; i < formats->n_codecs; i++) {
		const struct wfd_h264_codec *codec = &formats->codecs[i];

		g_string_append_printf(string, "%s %02X %02X %08X %08X %08X %02X %04X %04X %02X",
				       i ? "," : "", codec->profile, codec->level,
				       codec->modes[WFD_CEA], codec->modes[WFD_VESA],
				       codec->modes[WFD_HH], codec->latency, codec->min_slice_size,
				       codec->slice_enc_params, codec->frame_rate_control);
		append_resolution(string, codec->max_hres);
		append_resolution(string, codec->max_vres);
	}
	return g_string_free(string, FALSE);
}

/* "LPCM modes latency, AAC ...": codecs that we do not know are left out (WFD 2.1, 6.1.4). */
gboolean wfd_audio_codecs_parse(const char *text, struct wfd_audio_codecs *out, GError **error)
{
	static const char *const names[] = {"LPCM", "AAC", "AC3"};
	g_auto(GStrv) codecs = g_strsplit(text, ",", -1);

	memset(out, 0, sizeof(*out));
	if (is_none(text))
		return TRUE;
	for (guint i = 0; codecs[i] && out->n_codecs < WFD_MAX_CODECS; i++) {
		g_autoptr(GPtrArray) words = words_of(codecs[i]);
		guint64 modes, latency;

		if (words->len < 2 || !hex_word(words, 1, 0xffffffff, &modes))
			continue;
		if (!hex_word(words, 2, 0xff, &latency))
			latency = 0;
		for (guint format = 0; format < G_N_ELEMENTS(names); format++)
			if (!g_ascii_strcasecmp(g_ptr_array_index(words, 0), names[format]))
				out->codecs[out->n_codecs++] = (struct wfd_audio_codec){
					.format = format,
					.modes = modes,
					.latency = latency,
				};
	}
	return out->n_codecs || syntax_error(error, "wfd_audio_codecs", text);
}

/* "RTP/AVP/UDP;unicast port0 port1 mode=play", ports decimal (WFD 2.1, 6.1.7). */
gboolean wfd_client_rtp_ports_parse(const char *text, struct wfd_client_rtp_ports *out,
				    GError **error)
{
	g_autoptr(GPtrArray) words = words_of(text);
	guint64 port0 = 0, port1 = 0;

	memset(out, 0, sizeof(*out));
	if (words->len < 2 || g_ascii_strncasecmp(g_ptr_array_index(words, 0), "RTP/AVP", 7) ||
	    !g_ascii_string_to_unsigned(g_ptr_array_index(words, 1), 10, 0, G_MAXUINT16, &port0,
					NULL))
		return syntax_error(error, "wfd_client_rtp_ports", text);
	if (words->len > 2 && !g_ascii_string_to_unsigned(g_ptr_array_index(words, 2), 10, 0,
							  G_MAXUINT16, &port1, NULL))
		port1 = 0;
	out->tcp = !g_ascii_strncasecmp(g_ptr_array_index(words, 0), "RTP/AVP/TCP", 11);
	out->port0 = port0;
	out->port1 = port1;
	return TRUE;
}

char *wfd_client_rtp_ports_to_string(const struct wfd_client_rtp_ports *ports)
{
	return g_strdup_printf("RTP/AVP/%s;unicast %u %u mode=play", ports->tcp ? "TCP" : "UDP",
			       ports->port0, ports->port1);
}

#define EDID_BLOCK 128

/**
 * wfd_display_edid_parse() - "blocks hexadecimal" (WFD 2.1, 6.1.10)
 *
 * The number of blocks that the sink names is a hint only: what counts is what is there. The base
 * block must be sound (header and sum); extension blocks are passed on as they are.
 *
 * Return: the bytes unmodified, whole blocks; NULL without error for "none", NULL with
 * WFD_PARAMS_ERROR_SYNTAX for what is no EDID.
 */
GBytes *wfd_display_edid_parse(const char *text, GError **error)
{
	static const guint8 header[8] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
	g_autoptr(GPtrArray) words = words_of(text);
	g_autoptr(GByteArray) edid = g_byte_array_new();
	gint high = -1;
	guint8 sum = 0;
	guint64 blocks;

	if (!words->len || is_none(g_ptr_array_index(words, 0)))
		return NULL;
	if (!hex_word(words, 0, 256, &blocks)) {
		syntax_error(error, "wfd_display_edid", text);
		return NULL;
	}
	for (guint i = 1; i < words->len; i++) {
		for (const char *c = g_ptr_array_index(words, i); g_ascii_isxdigit(*c); c++) {
			gint digit = g_ascii_xdigit_value(*c);

			if (high < 0) {
				high = digit;
			} else {
				guint8 byte = high << 4 | digit;

				g_byte_array_append(edid, &byte, 1);
				high = -1;
			}
		}
	}
	if (blocks && edid->len > blocks * EDID_BLOCK)
		g_byte_array_set_size(edid, blocks * EDID_BLOCK);
	g_byte_array_set_size(edid, edid->len / EDID_BLOCK * EDID_BLOCK);
	for (guint i = 0; edid->len && i < EDID_BLOCK; i++)
		sum += edid->data[i];
	if (!edid->len || memcmp(edid->data, header, sizeof(header)) || sum) {
		syntax_error(error, "wfd_display_edid", text);
		return NULL;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&edid));
}

/* "HDCP2.0 port=1189" (WFD 2.1, 6.1.6). */
gboolean wfd_content_protection_parse(const char *text, struct wfd_content_protection *out,
				      GError **error)
{
	g_autoptr(GPtrArray) words = words_of(text);
	guint64 port = 0;
	const char *version;

	memset(out, 0, sizeof(*out));
	if (!words->len || is_none(g_ptr_array_index(words, 0)))
		return TRUE;
	version = g_ptr_array_index(words, 0);
	if (g_ascii_strncasecmp(version, "HDCP", 4) || !g_ascii_isdigit(version[4]) ||
	    version[5] != '.' || !g_ascii_isdigit(version[6]))
		return syntax_error(error, "wfd_content_protection", text);
	for (guint i = 1; i < words->len; i++) {
		const char *word = g_ptr_array_index(words, i);

		if (!g_ascii_strncasecmp(word, "port=", 5) &&
		    !g_ascii_string_to_unsigned(word + 5, 10, 1, G_MAXUINT16, &port, NULL))
			port = 0;
	}
	out->version = (version[4] - '0') * 10 + version[6] - '0';
	out->port = port;
	return TRUE;
}

const char *wfd_trigger_to_string(enum wfd_trigger trigger)
{
	static const char *const names[] = {"SETUP", "PAUSE", "TEARDOWN", "PLAY"};

	return names[trigger];
}

/* What may be unreadable without harm: say so and take it as "none". */
static void forgive(GError *error)
{
	if (error) {
		g_debug("%s: taken as none", error->message);
		g_error_free(error);
	}
}

/**
 * wfd_sink_caps_parse() - the answer to M3
 * @body: text/parameters as the sink sent it
 * @len: its length in bytes
 * @caps: filled in always; to be cleared with wfd_sink_caps_clear()
 * @error: WFD_PARAMS_ERROR_SYNTAX if wfd_video_formats is missing or cannot be read: without it
 *	   no picture can be sent. Every other parameter counts as "none" then.
 */
gboolean wfd_sink_caps_parse(const char *body, gsize len, struct wfd_sink_caps *caps,
			     GError **error)
{
	g_autoptr(GHashTable) params = wfd_params_parse(body, len);
	GError *minor = NULL;
	const char *value;
	guint64 type;

	memset(caps, 0, sizeof(*caps));
	caps->connector_type = -1;

	value = g_hash_table_lookup(params, "wfd_audio_codecs");
	if (value && !wfd_audio_codecs_parse(value, &caps->audio, &minor))
		forgive(g_steal_pointer(&minor));
	value = g_hash_table_lookup(params, "wfd_client_rtp_ports");
	if (value && !wfd_client_rtp_ports_parse(value, &caps->rtp_ports, &minor))
		forgive(g_steal_pointer(&minor));
	value = g_hash_table_lookup(params, "wfd_content_protection");
	if (value && !wfd_content_protection_parse(value, &caps->protection, &minor))
		forgive(g_steal_pointer(&minor));
	value = g_hash_table_lookup(params, "wfd_display_edid");
	if (value) {
		caps->edid = wfd_display_edid_parse(value, &minor);
		forgive(g_steal_pointer(&minor));
	}
	value = g_hash_table_lookup(params, "wfd_connector_type");
	if (value && g_ascii_string_to_unsigned(value, 16, 0, 0xff, &type, NULL))
		caps->connector_type = type;
	value = g_hash_table_lookup(params, "wfd_standby_resume_capability");
	caps->standby_resume = value && !g_ascii_strncasecmp(value, "supported", 9);
	value = g_hash_table_lookup(params, "wfd_uibc_capability");
	caps->uibc = value && *value && !is_none(value);

	value = g_hash_table_lookup(params, "wfd_video_formats");
	if (!value) {
		g_set_error_literal(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX,
				    "the sink's answer names no wfd_video_formats");
		return FALSE;
	}
	return wfd_video_formats_parse(value, &caps->video, error);
}

void wfd_sink_caps_clear(struct wfd_sink_caps *caps)
{
	g_clear_pointer(&caps->edid, g_bytes_unref);
	memset(caps, 0, sizeof(*caps));
}

/* The lowest level that carries @mode, as an index of levels[]; -1 if none does. */
static gint level_for(const struct wfd_mode *mode)
{
	guint mb = (mode->width + 15) / 16 * ((mode->height + 15) / 16);

	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		if (mb <= levels[i].max_mb && mb * mode->fps <= levels[i].max_mb_rate)
			return i;
	return -1;
}

/* The highest level of a mask, as an index; a sink that names none has at least the lowest. */
static gint highest_level(guint8 mask)
{
	gint level = g_bit_nth_msf(mask & ((1u << G_N_ELEMENTS(levels)) - 1), -1);

	return MAX(level, 0);
}

static gboolean policy_allows(const struct wfd_policy *policy, const struct wfd_mode *mode)
{
	if (policy->only.width)
		return mode->width == policy->only.width && mode->height == policy->only.height &&
		       (!policy->only.fps || mode->fps == policy->only.fps);
	return !policy->max_pixel_rate ||
	       (guint64)mode->width * mode->height * mode->fps <= policy->max_pixel_rate;
}

/*
 * More is better. Smooth motion first (24 and 25 Hz only if nothing else fits), then a mode of at
 * least 720 lines from the table that holds the sink's native mode (a television gets 1280x720,
 * not 1400x1050), then size, then rate.
 */
static guint64 mode_rank(const struct wfd_video_formats *sink, enum wfd_mode_table table,
			 const struct wfd_mode *mode)
{
	gboolean native = table == (sink->native & 7u) && mode->height >= 720;

	return (guint64)(mode->fps >= 30) << 41 | (guint64)native << 40 |
	       (guint64)mode->width * mode->height << 8 | mode->fps;
}

/**
 * wfd_choose_format() - the best mode that the sink offers and the policy allows
 * @sink: what the sink said in M3
 * @policy: the limits of the source
 * @choice: what was chosen
 * @error: WFD_PARAMS_ERROR_NO_COMMON_FORMAT, with the modes that the sink offers
 *
 * Interlaced modes are never chosen, nor modes beyond the sink's H.264 level or named by bits
 * that no table has.
 */
gboolean wfd_choose_format(const struct wfd_video_formats *sink, const struct wfd_policy *policy,
			   struct wfd_choice *choice, GError **error)
{
	g_autoptr(GString) offered = g_string_new(NULL);
	guint64 best = 0;

	for (guint i = 0; i < sink->n_codecs; i++) {
		const struct wfd_h264_codec *codec = &sink->codecs[i];
		gint max_level = highest_level(codec->level);

		for (guint bit = 0; bit < WFD_N_MODE_TABLES * 32; bit++) {
			const struct wfd_mode *mode = wfd_mode_get(bit / 32, bit % 32);
			guint64 rank;
			gint level;

			if (!mode || !(codec->modes[bit / 32] & 1u << bit % 32))
				continue;
			g_string_append_printf(offered, " %ux%u%c%u", mode->width, mode->height,
					       mode->interlaced ? 'i' : 'p', mode->fps);
			level = level_for(mode);
			if (mode->interlaced || level < 0 || level > max_level ||
			    !policy_allows(policy, mode))
				continue;
			if (sink->preferred_display_mode &&
			    ((codec->max_hres && mode->width > codec->max_hres) ||
			     (codec->max_vres && mode->height > codec->max_vres)))
				continue;
			rank = mode_rank(sink, bit / 32, mode);
			if (rank <= best)
				continue;
			best = rank;
			*choice = (struct wfd_choice){
				.table = bit / 32,
				.index = bit % 32,
				.mode = *mode,
				.profile = codec->profile & WFD_H264_CBP || !codec->profile
						   ? WFD_H264_CBP
						   : WFD_H264_CHP,
				.level = 1u << level,
				.max_kbit = levels[level].max_kbit,
			};
		}
	}
	if (best)
		return TRUE;
	if (!offered->len)
		g_set_error_literal(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_NO_COMMON_FORMAT,
				    "the sink offers no video mode: is its display switched on?");
	else if (policy->only.width)
		g_set_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_NO_COMMON_FORMAT,
			    "the sink cannot show the chosen mode %ux%u@%u; it offers%s",
			    policy->only.width, policy->only.height, policy->only.fps,
			    offered->str);
	else
		g_set_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_NO_COMMON_FORMAT,
			    "none of the sink's modes is within this source's limits; it offers%s",
			    offered->str);
	return FALSE;
}

/* The value of wfd_video_formats that tells the sink of a choice in M4. */
void wfd_choice_to_formats(const struct wfd_choice *choice, struct wfd_video_formats *formats)
{
	*formats = (struct wfd_video_formats){
		.n_codecs = 1,
		.codecs[0] = {.profile = choice->profile, .level = choice->level},
	};
	formats->codecs[0].modes[choice->table] = 1u << choice->index;
}
