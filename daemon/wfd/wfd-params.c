// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-params.h"

#include <string.h>

#define MAX_NAME      32 /* bytes of a name that is shown; it may be one character longer */
#define LEAST_BITRATE 100000 /* bit/s: less is no limit of a decoder's, but a mistake */

G_DEFINE_QUARK(wfd_params_error, wfd_params_error)

/*
 * Whether @text begins with the name of a parameter that stands alone or has a colon. Some sinks
 * write several on one line, "; " between them, and some values have semicolons of their own.
 */
static gboolean is_parameter(const char *text)
{
	static const char *const starts[] = {"wfd", "microsoft_", "intel_"};
	gboolean known = FALSE;

	text += strspn(text, " \t");
	for (guint i = 0; i < G_N_ELEMENTS(starts); i++)
		known |= !g_ascii_strncasecmp(text, starts[i], strlen(starts[i]));
	while (g_ascii_isalnum(*text) || *text == '_')
		text++;
	text += strspn(text, " \t");
	return known && strchr(":;\r\n", *text);
}

/* @text, which is changed, in pieces of one parameter each. */
static char **split_params(char *text)
{
	for (char *joint = strchr(text, ';'); joint; joint = strchr(joint + 1, ';'))
		if (is_parameter(joint + 1))
			*joint = '\n';
	return g_strsplit_set(text, "\r\n", -1);
}

/* The name, in lower case, and the value of one that is changed. */
static char *split_param(char *text, const char **value)
{
	char *colon = strchr(text, ':');

	if (colon)
		*colon++ = '\0';
	*value = colon ? g_strstrip(colon) : "";
	return g_ascii_strdown(g_strstrip(text), -1);
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
	lines = split_params(text);
	for (guint i = 0; lines[i]; i++) {
		const char *value;
		char *name = split_param(lines[i], &value);

		if (*name && !g_hash_table_contains(params, name))
			g_hash_table_insert(params, name, g_strdup(value));
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

/*
 * Word @index of @words as hexadecimal of at most @max; "none" and a missing word are
 * 0, and "0x" may stand before it.
 */
static gboolean hex_word(const GPtrArray *words, guint index, guint64 max, guint64 *out)
{
	const char *word = index < words->len ? g_ptr_array_index(words, index) : "none";

	if (!g_ascii_strncasecmp(word, "0x", 2))
		word += 2;
	*out = 0;
	return is_none(word) || g_ascii_string_to_unsigned(word, 16, 0, max, out, NULL);
}

static gboolean syntax_error(GError **error, const char *name, const char *text)
{
	g_set_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX,
		    "the sink's %s cannot be read: \"%.80s\"", name, text);
	return FALSE;
}

/* The fields of one H.264 codec behind @skip words; those after the three masks may be missing. */
static gboolean h264_codec_parse(const char *text, guint skip, WfdH264Codec *codec,
				 gboolean *partly)
{
	const guint least = 2 + WFD_N_MODE_TABLES; /* profile, level, masks */
	static const guint64 limits[] = {0xff,	 0xff,	 0xffffffff, 0xffffffff, 0xffffffff, 0xff,
					 0xffff, 0xffff, 0xff,	     0xffff,	 0xffff};
	g_autoptr(GPtrArray) words = words_of(text);
	guint64 value[G_N_ELEMENTS(limits)];

	if (words->len < skip + least)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
		gboolean ok = hex_word(words, skip + i, limits[i], &value[i]);

		if (!ok && i < least)
			return FALSE;
		*partly |= !ok;
	}
	*codec = (WfdH264Codec){
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
gboolean wfd_video_formats_parse(const char *text, WfdVideoFormats *out, GError **error)
{
	g_auto(GStrv) codecs = g_strsplit_set(text, ",;", -1);
	g_autoptr(GPtrArray) words = words_of(codecs[0] ? codecs[0] : "");
	guint64 native, preferred;

	memset(out, 0, sizeof(*out));
	if (words->len && is_none(g_ptr_array_index(words, 0)))
		return TRUE;
	if (!hex_word(words, 0, 0xff, &native) || !hex_word(words, 1, 0xff, &preferred) ||
	    !h264_codec_parse(codecs[0] ? codecs[0] : "", 2, &out->codecs[0], &out->partly))
		return syntax_error(error, "wfd_video_formats", text);
	out->native = native;
	out->preferred_display_mode = preferred;
	out->n_codecs = 1;
	for (guint i = 1; codecs[i] && out->n_codecs < WFD_MAX_CODECS; i++)
		if (h264_codec_parse(codecs[i], 0, &out->codecs[out->n_codecs], &out->partly))
			out->n_codecs++;
		else
			out->partly |= codecs[i][strspn(codecs[i], " \t")] != '\0';
	return TRUE;
}

static void append_resolution(GString *string, guint16 resolution)
{
	if (resolution)
		g_string_append_printf(string, " %04X", resolution);
	else
		g_string_append(string, " none");
}

char *wfd_video_formats_to_string(const WfdVideoFormats *formats)
{
	GString *string;

	if (!formats->n_codecs)
		return g_strdup("none");
	string = g_string_new(NULL);
	g_string_printf(string, "%02X %02X", formats->native, formats->preferred_display_mode);
	for (guint i = 0; i < formats->n_codecs; i++) {
		const WfdH264Codec *codec = &formats->codecs[i];

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
gboolean wfd_audio_codecs_parse(const char *text, WfdAudioCodecs *out, GError **error)
{
	static const char *const names[] = {"LPCM", "AAC", "AC3"};
	g_auto(GStrv) codecs = g_strsplit_set(text, ",;", -1);

	memset(out, 0, sizeof(*out));
	if (is_none(text))
		return TRUE;
	for (guint i = 0; codecs[i] && out->n_codecs < WFD_MAX_CODECS; i++) {
		g_autoptr(GPtrArray) words = words_of(codecs[i]);
		guint64 modes, latency;

		if (words->len < 2 || !hex_word(words, 1, 0xffffffff, &modes)) {
			out->partly |= words->len > 0;
			continue;
		}
		if (!hex_word(words, 2, 0xff, &latency)) {
			out->partly = TRUE;
			latency = 0;
		}
		for (guint format = 0; format < G_N_ELEMENTS(names); format++)
			if (!g_ascii_strcasecmp(g_ptr_array_index(words, 0), names[format]))
				out->codecs[out->n_codecs++] = (WfdAudioCodec){
					.format = format,
					.modes = modes,
					.latency = latency,
				};
	}
	return out->n_codecs || syntax_error(error, "wfd_audio_codecs", text);
}

/* "5000", or the first of "5000-5001"; FALSE if it is no port. */
static gboolean port_word(const char *word, guint16 *port)
{
	g_auto(GStrv) range = g_strsplit(word, "-", 2);
	guint64 value;

	if (!g_ascii_string_to_unsigned(range[0] ?: "", 10, 0, G_MAXUINT16, &value, NULL))
		return FALSE;
	*port = value;
	return TRUE;
}

/*
 * "RTP/AVP/UDP;unicast port0 port1 mode=play", ports decimal (WFD 2.1, 6.1.7), with spaces wherever
 * a sink puts them: the ports are the first two words that begin with a digit.
 */
gboolean wfd_client_rtp_ports_parse(const char *text, WfdClientRtpPorts *out, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t;", -1);
	const char *transport = text + strspn(text, " \t");
	guint n_ports = 0;

	memset(out, 0, sizeof(*out));
	if (g_ascii_strncasecmp(transport, "RTP/AVP", 7))
		return syntax_error(error, "wfd_client_rtp_ports", text);
	out->tcp = !g_ascii_strncasecmp(transport, "RTP/AVP/TCP", 11);
	for (guint i = 0; words[i] && n_ports < 2; i++) {
		if (!g_ascii_isdigit(*words[i]))
			continue;
		if (!port_word(words[i], n_ports ? &out->port1 : &out->port0) && !n_ports)
			return syntax_error(error, "wfd_client_rtp_ports", text);
		n_ports++;
	}
	return n_ports || syntax_error(error, "wfd_client_rtp_ports", text);
}

char *wfd_client_rtp_ports_to_string(const WfdClientRtpPorts *ports)
{
	return g_strdup_printf("RTP/AVP/%s;unicast %u %u mode=play", ports->tcp ? "TCP" : "UDP",
			       ports->port0, ports->port1);
}

#define EDID_BLOCK	128 /* bytes */
#define EDID_MAX_BLOCKS 256

/**
 * wfd_display_edid_parse() - "blocks hexadecimal" (WFD 2.1, 6.1.10)
 *
 * The number of blocks is a hint: sinks give it wrong, in bytes, in decimal or not at all. Every
 * whole block that is there counts, as it was sent; the base block must be sound (header and sum).
 */
GBytes *wfd_display_edid_parse(const char *text, GError **error)
{
	static const guint8 header[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
	g_autoptr(GPtrArray) words = words_of(text);
	g_autoptr(GByteArray) edid = g_byte_array_new();
	gint high = -1;
	guint8 sum = 0;

	if (!words->len || is_none(g_ptr_array_index(words, 0)))
		return NULL;
	/* "0000 none" */
	if (words->len == 2 && is_none(g_ptr_array_index(words, 1)))
		return NULL;
	for (guint i = words->len > 1; i < words->len; i++) {
		const char *c = g_ptr_array_index(words, i);

		if (!g_ascii_strncasecmp(c, "0x", 2))
			c += 2;
		for (; g_ascii_isxdigit(*c); c++) {
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
	g_byte_array_set_size(edid, MIN(edid->len / EDID_BLOCK, EDID_MAX_BLOCKS) * EDID_BLOCK);
	for (guint i = 0; edid->len && i < EDID_BLOCK; i++)
		sum += edid->data[i];
	if (!edid->len || memcmp(edid->data, header, sizeof(header)) || sum) {
		syntax_error(error, "wfd_display_edid", text);
		return NULL;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&edid));
}

const char *wfd_trigger_to_string(WfdTrigger trigger)
{
	static const char *const names[] = {"SETUP", "PAUSE", "TEARDOWN", "PLAY"};

	return names[trigger];
}

char *wfd_teardown_reason(const char *text)
{
	/* MS-WFDPE */
	static const struct {
		guint64 code;
		const char *meaning;
	} known[] = {
		{0xc00d36f0, "the stream was no MPEG-2 transport stream"},
		{0xc00d3e8c, "it cannot use the format"},
		{0xc00d6d74, "it did not take a change of the format"},
		{0xc00d36cb, "picture or sound could not be read"},
		{0xc00d4278, "it heard nothing for too long"},
		{0xc00d36c0, "the stream's times were wrong"},
	};
	g_auto(GStrv) words = g_strsplit(text ? text : "", " ", 2);
	guint64 code;

	if (!words[0] || !*words[0])
		return NULL;
	if (!g_ascii_string_to_unsigned(words[0], 16, 0, G_MAXUINT32, &code, NULL))
		return g_strdup_printf("\"%.80s\"", text);
	if (!code)
		return NULL;
	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		if (known[i].code == code)
			return g_strdup_printf("%s (\"%.80s\")", known[i].meaning, text);
	return g_strdup_printf("\"%.80s\"", text);
}

void wfd_sink_caps_note(WfdSinkCaps *caps, const char *problem, const char *taken)
{
	g_autofree char *before = caps->defaults;

	caps->defaults = g_strdup_printf("%s%s%s (taken as %s)", before ?: "", before ? "; " : "",
					 problem, taken);
}

/* What may be unreadable without harm: it gets a default, of which note is taken. */
static void forgive(WfdSinkCaps *caps, GError *error, const char *taken)
{
	if (error) {
		wfd_sink_caps_note(caps, error->message, taken);
		g_error_free(error);
	}
}

/* The same of a part of parameter @name. */
static void forgive_part(WfdSinkCaps *caps, const char *name, const char *text)
{
	g_autofree char *problem =
		g_strdup_printf("part of the sink's %s cannot be read: \"%.80s\"", name, text);

	wfd_sink_caps_note(caps, problem, "none");
}

static gboolean is_supported(GHashTable *params, const char *name)
{
	const char *value = g_hash_table_lookup(params, name);

	return value && !g_ascii_strncasecmp(value, "supported", 9);
}

/* One that does not know the parameter may say so with a code (WFD 2.1, 6.2.1). */
static gboolean is_said(const char *value)
{
	return value && *value && !is_none(value) && strcmp(value, "451");
}

/*
 * intel_friendly_name, the only value that may be more than ASCII; what is no character to be shown
 * becomes a space. NULL: there is none.
 */
static char *friendly_name(const char *body, gsize len)
{
	g_autofree char *text = len ? g_utf8_make_valid(body, len) : g_strdup("");
	g_auto(GStrv) lines = split_params(text);

	for (guint i = 0; lines[i]; i++) {
		g_autoptr(GString) shown = g_string_new(NULL);
		const char *value;
		g_autofree char *name = split_param(lines[i], &value);

		if (strcmp(name, "intel_friendly_name") != 0)
			continue;
		for (const char *c = value; *c && shown->len < MAX_NAME; c = g_utf8_next_char(c))
			g_string_append_unichar(shown, g_unichar_isprint(g_utf8_get_char(c))
							       ? g_utf8_get_char(c)
							       : ' ');
		g_strstrip(shown->str);
		return is_said(shown->str) ? g_strdup(shown->str) : NULL;
	}
	return NULL;
}

/* "Maker Model", of what of it there is. */
static char *model_name(GHashTable *params)
{
	const char *maker = g_hash_table_lookup(params, "intel_sink_manufacturer_name");
	const char *model = g_hash_table_lookup(params, "intel_sink_model_name");
	g_autofree char *both = NULL;

	both = g_strdup_printf("%.*s %.*s", MAX_NAME, is_said(maker) ? maker : "", MAX_NAME,
			       is_said(model) ? model : "");
	g_strstrip(both);
	return *both ? g_steal_pointer(&both) : NULL;
}

/* What Microsoft's and Intel's sinks say besides (MS-WFDPE). */
static void vendor_caps_parse(GHashTable *params, const char *body, gsize len, WfdSinkCaps *caps)
{
	const char *bits = g_hash_table_lookup(params, "microsoft_max_bitrate");
	guint64 value;

	caps->name = friendly_name(body, len);
	caps->model = model_name(params);
	caps->latency_management = is_supported(params, "microsoft_latency_management_capability");
	caps->reports = is_supported(params, "microsoft_rtcp_capability");
	if (!is_said(bits))
		return;
	if (g_ascii_string_to_unsigned(bits, 10, LEAST_BITRATE, G_MAXUINT32 * (guint64)1000, &value,
				       NULL))
		caps->max_kbit = value / 1000;
	else
		wfd_sink_caps_note(caps, "the sink's microsoft_max_bitrate cannot be right",
				   "none");
}

static void uibc_parse(const char *text, WfdSinkCaps *caps)
{
	GError *error = NULL;

	if (!is_said(text) || wfd_uibc_parse(text, &caps->uibc))
		return;
	if (!wfd_uibc_is_none(&caps->uibc)) {
		forgive_part(caps, "wfd_uibc_capability", text);
		return;
	}
	syntax_error(&error, "wfd_uibc_capability", text);
	forgive(caps, error, "none");
}

/* Names its video modes in another form alone: that of Wi-Fi Display 2, or of one version of Windows 10. */
static const char *other_form(GHashTable *params)
{
	static const char *const names[] = {"wfd2_video_formats", "wfdx_video_formats"};
	const char *value = g_hash_table_lookup(params, "wfd_video_formats");

	for (guint i = 0; i < G_N_ELEMENTS(names) && (!value || is_none(value)); i++)
		if (is_said(g_hash_table_lookup(params, names[i])))
			return names[i];
	return NULL;
}

/**
 * wfd_sink_caps_parse() - the answer to M3
 * @body: text/parameters as the sink sent it
 * @len: its length in bytes
 * @caps: filled in always; to be cleared with wfd_sink_caps_clear()
 * @error: WFD_PARAMS_ERROR_SYNTAX if wfd_video_formats is missing or cannot be read: without it
 *	   no picture can be sent. Every other parameter counts as "none" then.
 */
gboolean wfd_sink_caps_parse(const char *body, gsize len, WfdSinkCaps *caps, GError **error)
{
	g_autoptr(GHashTable) params = wfd_params_parse(body, len);
	const char *other = other_form(params);
	GError *minor = NULL;
	const char *value;

	memset(caps, 0, sizeof(*caps));

	value = g_hash_table_lookup(params, "wfd_audio_codecs");
	if (value && !wfd_audio_codecs_parse(value, &caps->audio, &minor))
		forgive(caps, g_steal_pointer(&minor), "none");
	else if (caps->audio.partly)
		forgive_part(caps, "wfd_audio_codecs", value);
	value = g_hash_table_lookup(params, "wfd_client_rtp_ports");
	if (value && !wfd_client_rtp_ports_parse(value, &caps->rtp_ports, &minor))
		forgive(caps, g_steal_pointer(&minor), G_STRINGIFY(WFD_DEFAULT_RTP_PORT));
	else if (!caps->rtp_ports.port0)
		wfd_sink_caps_note(caps, "the sink names no RTP port",
				   G_STRINGIFY(WFD_DEFAULT_RTP_PORT));
	if (!caps->rtp_ports.port0)
		caps->rtp_ports.port0 = WFD_DEFAULT_RTP_PORT;
	value = g_hash_table_lookup(params, "wfd_display_edid");
	if (value) {
		caps->edid = wfd_display_edid_parse(value, &minor);
		forgive(caps, g_steal_pointer(&minor), "none");
	}
	caps->standby_resume = is_supported(params, "wfd_standby_resume_capability");
	value = g_hash_table_lookup(params, "wfd_standby_resume_capability");
	if (is_said(value) && !caps->standby_resume) {
		syntax_error(&minor, "wfd_standby_resume_capability", value);
		forgive(caps, g_steal_pointer(&minor), "none");
	}
	value = g_hash_table_lookup(params, "wfd_uibc_capability");
	if (value)
		uibc_parse(value, caps);
	vendor_caps_parse(params, body, len, caps);

	if (other) {
		g_set_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX,
			    "the sink says what it shows as %s alone, which it was not asked for "
			    "and which is not read here",
			    other);
		return FALSE;
	}
	value = g_hash_table_lookup(params, "wfd_video_formats");
	if (!value) {
		g_set_error_literal(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX,
				    "the sink's answer names no wfd_video_formats");
		return FALSE;
	}
	if (!wfd_video_formats_parse(value, &caps->video, error))
		return FALSE;
	if (caps->video.partly)
		forgive_part(caps, "wfd_video_formats", value);
	return TRUE;
}

void wfd_sink_caps_clear(WfdSinkCaps *caps)
{
	g_clear_pointer(&caps->edid, g_bytes_unref);
	g_free(caps->name);
	g_free(caps->model);
	g_free(caps->defaults);
	memset(caps, 0, sizeof(*caps));
}
