// SPDX-License-Identifier: GPL-2.0-or-later
/* The codec of Wi-Fi Display's parameters and the choice of a format. */
#include "wfd-choose.h"

#include <string.h>

static WfdVideoFormats formats_of(const char *text)
{
	WfdVideoFormats formats;
	g_autoptr(GError) error = NULL;

	wfd_video_formats_parse(text, &formats, &error);
	g_assert_no_error(error);
	return formats;
}

static void assert_mode(const WfdChoice *choice, guint width, guint height, guint fps)
{
	g_assert_cmpuint(choice->mode.width, ==, width);
	g_assert_cmpuint(choice->mode.height, ==, height);
	g_assert_cmpuint(choice->mode.fps, ==, fps);
}

static void test_tables(void)
{
	static const struct {
		WfdModeTable table;
		guint index, width, height, fps;
	} samples[] = {
		{WFD_CEA, 0, 640, 480, 60},	{WFD_CEA, 5, 1280, 720, 30},
		{WFD_CEA, 8, 1920, 1080, 60},	{WFD_CEA, 10, 1280, 720, 25},
		{WFD_CEA, 12, 1920, 1080, 25},	{WFD_CEA, 16, 1920, 1080, 24},
		{WFD_VESA, 0, 800, 600, 30},	{WFD_VESA, 13, 1366, 768, 60},
		{WFD_VESA, 28, 1920, 1200, 30}, {WFD_HH, 0, 800, 480, 30},
		{WFD_HH, 11, 848, 480, 60},
	};

	for (guint i = 0; i < G_N_ELEMENTS(samples); i++) {
		const WfdMode *mode = wfd_mode_get(samples[i].table, samples[i].index);

		g_assert_nonnull(mode);
		g_assert_cmpuint(mode->width, ==, samples[i].width);
		g_assert_cmpuint(mode->height, ==, samples[i].height);
		g_assert_cmpuint(mode->fps, ==, samples[i].fps);
	}
	g_assert_true(wfd_mode_get(WFD_CEA, 9)->interlaced);
	g_assert_null(wfd_mode_get(WFD_CEA, 17));
	g_assert_null(wfd_mode_get(WFD_VESA, 29));
	g_assert_null(wfd_mode_get(WFD_HH, 12));
	g_assert_null(wfd_mode_get(WFD_N_MODE_TABLES, 0));
}

static void test_body(void)
{
	static const char body[] = "WFD_Video_Formats:  none \r\n"
				   "\r\n"
				   "wfd_idr_request\n"
				   "  wfd_connector_type :05\r"
				   "wfd_video_formats: 00\r\n"
				   "x\0y: \xff z\r\n"
				   ": nameless\r\n"
				   "wfd_last: a:b";
	g_autoptr(GHashTable) params = wfd_params_parse(body, sizeof(body) - 1);

	g_assert_cmpstr(g_hash_table_lookup(params, "wfd_video_formats"), ==, "none");
	g_assert_cmpstr(g_hash_table_lookup(params, "wfd_idr_request"), ==, "");
	g_assert_cmpstr(g_hash_table_lookup(params, "wfd_connector_type"), ==, "05");
	g_assert_cmpstr(g_hash_table_lookup(params, "x y"), ==, "z");
	g_assert_cmpstr(g_hash_table_lookup(params, "wfd_last"), ==, "a:b");
	g_assert_cmpuint(g_hash_table_size(params), ==, 5);
}

static void test_video_formats(void)
{
	WfdVideoFormats formats =
		formats_of("40 01 02 10 0001deff 3fffffff 00000FFF 01 0010 0102 13 0780 0438, "
			   "01 04 000000A1 00000000 00000000 00 0000 0000 00 none none");
	g_autofree char *text = wfd_video_formats_to_string(&formats);

	g_assert_cmphex(formats.native, ==, 0x40);
	g_assert_cmpuint(formats.n_codecs, ==, 2);
	g_assert_cmphex(formats.codecs[0].profile, ==, WFD_H264_CHP);
	g_assert_cmphex(formats.codecs[0].level, ==, WFD_H264_LEVEL_4_2);
	g_assert_cmphex(formats.codecs[0].modes[WFD_VESA], ==, 0x3fffffff);
	g_assert_cmpuint(formats.codecs[0].max_hres, ==, 1920);
	g_assert_cmpuint(formats.codecs[0].max_vres, ==, 1080);
	g_assert_cmphex(formats.codecs[1].modes[WFD_CEA], ==, 0xa1);
	g_assert_cmpuint(formats.codecs[1].max_hres, ==, 0);
	g_assert_cmpstr(text, ==,
			"40 01 02 10 0001DEFF 3FFFFFFF 00000FFF 01 0010 0102 13 0780 0438, "
			"01 04 000000A1 00000000 00000000 00 0000 0000 00 none none");
}

static void test_video_formats_odd(void)
{
	WfdVideoFormats formats;

	g_assert_cmpuint(formats_of("none").n_codecs, ==, 0);
	g_assert_cmpuint(formats_of(" NONE ").n_codecs, ==, 0);
	formats = formats_of("0x00 0X00 0x01 0x01 0x00000081 0x00000000 0x00000000 0x02");
	g_assert_cmphex(formats.codecs[0].modes[WFD_CEA], ==, 0x81);
	g_assert_cmphex(formats.codecs[0].latency, ==, 2);
	formats = formats_of("00 00 01 01 1 0 0; 02 04 2 0 0");
	g_assert_cmpuint(formats.n_codecs, ==, 2);
	/* Tabs, no tail, junk behind the last field, a second codec that is none. */
	formats = formats_of("00\t00  01 01 00000001 00000000 00000000");
	g_assert_cmphex(formats.codecs[0].modes[WFD_CEA], ==, 1);
	formats = formats_of("00 00 01 01 1 0 0 00 0000 0000 00 none none junk,more junk");
	g_assert_cmpuint(formats.n_codecs, ==, 1);
	formats = formats_of("00 00 01 01 1 0 0 zz zz zz zz zz zz");
	g_assert_cmpuint(formats.codecs[0].latency, ==, 0);
}

static void test_video_formats_bad(void)
{
	static const char *const bad[] = {
		"",
		" ",
		",",
		"00",
		"00 00 01 01 00000001 00000000",
		"00 00 01 01 1FFFFFFFF 00000000 00000000",
		"00 00 -1 01 00000001 00000000 00000000",
		"00 00 100 01 00000001 00000000 00000000",
		"xx 00 01 01 00000001 00000000 00000000",
		"nonesense 00 01 01 1 0 0",
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		WfdVideoFormats formats;

		g_assert_false(wfd_video_formats_parse(bad[i], &formats, &error));
		g_assert_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
		g_assert_cmpuint(formats.n_codecs, ==, 0);
	}
}

static void test_audio_codecs(void)
{
	WfdAudioCodecs audio;
	g_autoptr(GError) error = NULL;

	g_assert_true(wfd_audio_codecs_parse("LPCM 00000003 02, aac 0000000F 00,XYZ 1 0,AC3 1",
					     &audio, &error));
	g_assert_cmpuint(audio.n_codecs, ==, 3);
	g_assert_cmpuint(audio.codecs[0].format, ==, WFD_LPCM);
	g_assert_cmphex(audio.codecs[0].modes, ==, 3);
	g_assert_cmpuint(audio.codecs[0].latency, ==, 2);
	g_assert_cmpuint(audio.codecs[1].format, ==, WFD_AAC);
	g_assert_cmpuint(audio.codecs[2].format, ==, WFD_AC3);
	g_assert_true(
		wfd_audio_codecs_parse("LPCM 0x00000002 0x00; AAC 00000001 00", &audio, &error));
	g_assert_cmpuint(audio.n_codecs, ==, 2);
	g_assert_cmphex(audio.codecs[0].modes, ==, 2);
	g_assert_true(wfd_audio_codecs_parse("none", &audio, &error));
	g_assert_cmpuint(audio.n_codecs, ==, 0);
	g_assert_false(wfd_audio_codecs_parse("LPCM", &audio, &error));
	g_assert_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
}

static void test_rtp_ports(void)
{
	static const char *const bad[] = {"",
					  "none",
					  "RTP/AVP/UDP;unicast",
					  "RTP/AVP/UDP;unicast 65536 0 mode=play",
					  "RTP/AVP/UDP;unicast 5000x 0 mode=play",
					  "RTP/AVP/UDP;unicast -1 mode=play",
					  "HTTP 1028 0 mode=play"};
	static const char *const odd[] = {
		"RTP/AVP/UDP; unicast  1028  0  mode=play",
		" RTP/AVP/UDP ; unicast 1028 0 mode = play",
		"RTP/AVP/UDP;unicast 1028-1029 0 mode=play",
		"RTP/AVP/UDP;unicast;1028 0;mode=play",
		"rtp/avp;unicast 1028",
	};
	WfdClientRtpPorts ports;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_assert_true(wfd_client_rtp_ports_parse(odd[i], &ports, &error));
		g_assert_cmpuint(ports.port0, ==, 1028);
		g_assert_cmpuint(ports.port1, ==, 0);
		g_assert_false(ports.tcp);
	}

	g_assert_true(
		wfd_client_rtp_ports_parse("RTP/AVP/UDP;unicast 1028 0 mode=play", &ports, &error));
	g_assert_cmpuint(ports.port0, ==, 1028);
	g_assert_cmpuint(ports.port1, ==, 0);
	g_assert_false(ports.tcp);
	text = wfd_client_rtp_ports_to_string(&ports);
	g_assert_cmpstr(text, ==, "RTP/AVP/UDP;unicast 1028 0 mode=play");
	g_assert_true(
		wfd_client_rtp_ports_parse("rtp/avp/tcp;interleaved 1 mode=play", &ports, &error));
	g_assert_true(ports.tcp);
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) bad_error = NULL;

		g_assert_false(wfd_client_rtp_ports_parse(bad[i], &ports, &bad_error));
		g_assert_error(bad_error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
	}
}

/* "blocks hex" of @n_blocks sound blocks, told as @told. */
static char *edid_text(guint n_blocks, guint told)
{
	GString *text = g_string_new(NULL);
	guint8 block[128] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x35, 0x4d};
	guint8 sum = 0;

	block[126] = n_blocks - 1;
	for (guint i = 0; i < 127; i++)
		sum += block[i];
	block[127] = -sum;
	g_string_printf(text, "%04X ", told);
	for (guint i = 0; i < 128 * n_blocks; i++)
		g_string_append_printf(text, "%02x", i < 128 ? block[i] : i & 0xff);
	return g_string_free(text, FALSE);
}

static void test_edid(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *two = edid_text(2, 2);
	g_autofree char *overstated = edid_text(2, 9);
	g_autofree char *understated = edid_text(2, 1);
	g_autofree char *torn = edid_text(2, 2);
	g_autofree char *broken = edid_text(1, 1);
	g_autoptr(GBytes) edid = NULL;

	edid = wfd_display_edid_parse(two, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(edid), ==, 256);
	g_assert_cmphex(((const guint8 *)g_bytes_get_data(edid, NULL))[8], ==, 0x35);
	g_assert_cmphex(((const guint8 *)g_bytes_get_data(edid, NULL))[255], ==, 0xff);
	g_clear_pointer(&edid, g_bytes_unref);

	edid = wfd_display_edid_parse(overstated, &error);
	g_assert_cmpuint(g_bytes_get_size(edid), ==, 256);
	g_clear_pointer(&edid, g_bytes_unref);
	edid = wfd_display_edid_parse(understated, &error);
	g_assert_cmpuint(g_bytes_get_size(edid), ==, 256);
	g_clear_pointer(&edid, g_bytes_unref);
	torn[strlen(torn) - 3] = '\0';
	edid = wfd_display_edid_parse(torn, &error);
	g_assert_cmpuint(g_bytes_get_size(edid), ==, 128);
	g_clear_pointer(&edid, g_bytes_unref);

	g_assert_null(wfd_display_edid_parse("none", &error));
	g_assert_null(wfd_display_edid_parse("0000 none", &error));
	g_assert_null(wfd_display_edid_parse("", &error));
	g_assert_no_error(error);
	broken[40] ^= 1;
	g_assert_null(wfd_display_edid_parse(broken, &error));
	g_assert_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
	g_clear_error(&error);
	g_assert_null(wfd_display_edid_parse("0001 00ffffffffffff00", &error));
	g_assert_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
	g_clear_error(&error);
	g_assert_null(wfd_display_edid_parse("FFFF 00", &error));
	g_assert_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
}

/* The count is in blocks, in bytes, in decimal, no number, or not there: what was sent counts. */
static void test_edid_counts(void)
{
	static const char *const counts[] = {
		"0001 ",   "0002 ", "2 ",  "0006 ", "0003 ", "0100 ", "0256 ",
		"0x0002 ", "FFFF ", "zz ", "",	    "0 ",    "0030 ",
	};
	g_autofree char *two = edid_text(2, 2);
	g_autofree char *six = edid_text(6, 1);
	g_autoptr(GBytes) all = wfd_display_edid_parse(two, NULL);
	g_autoptr(GBytes) whole = NULL;

	g_assert_cmpuint(g_bytes_get_size(all), ==, 256);
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		g_autofree char *text = g_strconcat(counts[i], two + 5, NULL);
		g_autofree char *odd = g_strconcat(text, "a", NULL);
		g_autoptr(GBytes) edid = wfd_display_edid_parse(text, NULL);
		g_autoptr(GBytes) odd_edid = wfd_display_edid_parse(odd, NULL);

		g_assert_true(edid && g_bytes_equal(edid, all));
		g_assert_true(odd_edid && g_bytes_equal(odd_edid, all));
	}
	whole = wfd_display_edid_parse(six, NULL);
	g_assert_cmpuint(g_bytes_get_size(whole), ==, 6 * 128);
}

#define LEAST_CAPS "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 00 0000 0000 00\r\n"

static void test_vendor_caps(void)
{
	static const struct {
		const char *lines;
		const char *name, *model;
		guint max_kbit;
		gboolean latency, reports;
		gboolean noted;
	} cases[] = {
		{"", NULL, NULL, 0, FALSE, FALSE, FALSE},
		{"intel_friendly_name: Living room\r\nintel_sink_manufacturer_name: Acme\r\n"
		 "intel_sink_model_name: X-1\r\nmicrosoft_latency_management_capability: supported\r\n"
		 "microsoft_rtcp_capability: supported\r\nmicrosoft_max_bitrate: 15000000\r\n",
		 "Living room", "Acme X-1", 15000, TRUE, TRUE, FALSE},
		{"intel_friendly_name: none\r\nintel_sink_manufacturer_name: none\r\n"
		 "intel_sink_model_name: none\r\nmicrosoft_latency_management_capability: none\r\n"
		 "microsoft_rtcp_capability: none\r\nmicrosoft_max_bitrate: none\r\n",
		 NULL, NULL, 0, FALSE, FALSE, FALSE},
		/* As a refusal says it. */
		{"intel_friendly_name: 451\r\nintel_sink_model_name: 451\r\n"
		 "microsoft_rtcp_capability: 451\r\nmicrosoft_max_bitrate: 451\r\n",
		 NULL, NULL, 0, FALSE, FALSE, FALSE},
		{"INTEL_FRIENDLY_NAME:K\303\274che\r\nintel_sink_model_name: TV\r\n",
		 "K\303\274che", "TV", 0, FALSE, FALSE, FALSE},
		{"intel_friendly_name: a\033[31mb\342\200\256\r\n", "a [31mb", NULL, 0, FALSE,
		 FALSE, FALSE},
		{"intel_friendly_name: \377\r\n", "\357\277\275", NULL, 0, FALSE, FALSE, FALSE},
		/* Written as oddly as any parameter; a name may have a semicolon. */
		{"intel_friendly_name : K\303\274che\r\n", "K\303\274che", NULL, 0, FALSE, FALSE,
		 FALSE},
		{"microsoft_rtcp_capability: supported; intel_friendly_name: TV\r\n", "TV", NULL, 0,
		 FALSE, TRUE, FALSE},
		{"intel_friendly_name: TV; the big one; intel_sink_model_name: X\r\n",
		 "TV; the big one", "X", 0, FALSE, FALSE, FALSE},
		{"microsoft_max_bitrate: 0\r\n", NULL, NULL, 0, FALSE, FALSE, TRUE},
		{"microsoft_max_bitrate: 99999\r\n", NULL, NULL, 0, FALSE, FALSE, TRUE},
		{"microsoft_max_bitrate: 100000\r\n", NULL, NULL, 100, FALSE, FALSE, FALSE},
		{"microsoft_max_bitrate: 9999999999\r\n", NULL, NULL, 9999999, FALSE, FALSE, FALSE},
		{"microsoft_max_bitrate: 99999999999999999999\r\n", NULL, NULL, 0, FALSE, FALSE,
		 TRUE},
		{"microsoft_max_bitrate: -1\r\n", NULL, NULL, 0, FALSE, FALSE, TRUE},
		{"microsoft_max_bitrate: 15 Mbit\r\n", NULL, NULL, 0, FALSE, FALSE, TRUE},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *body = g_strconcat(
			LEAST_CAPS "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n",
			cases[i].lines, NULL);
		g_autoptr(GError) error = NULL;
		WfdSinkCaps caps;

		g_assert_true(wfd_sink_caps_parse(body, strlen(body), &caps, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(caps.name, ==, cases[i].name);
		g_assert_cmpstr(caps.model, ==, cases[i].model);
		g_assert_cmpuint(caps.max_kbit, ==, cases[i].max_kbit);
		g_assert_cmpint(caps.latency_management, ==, cases[i].latency);
		g_assert_cmpint(caps.reports, ==, cases[i].reports);
		g_assert_cmpint(caps.defaults != NULL, ==, cases[i].noted);
		wfd_sink_caps_clear(&caps);
	}
}

/* However long a name is, what is kept of it is short, and whole characters. */
static void test_long_names(void)
{
	g_autofree char *name = g_strnfill(5000, 'n');
	g_autoptr(GString) body = g_string_new(LEAST_CAPS "intel_friendly_name: ");
	g_autoptr(GError) error = NULL;
	WfdSinkCaps caps;

	for (guint i = 0; i < 5000; i++)
		g_string_append(body, "\360\237\223\272");
	g_string_append_printf(body, "\r\nintel_sink_model_name: %s\r\n", name);
	g_assert_true(wfd_sink_caps_parse(body->str, body->len, &caps, &error));
	g_assert_cmpuint(strlen(caps.name), ==, 32);
	g_assert_true(g_utf8_validate(caps.name, -1, NULL));
	g_assert_cmpuint(strlen(caps.model), ==, 32);
	wfd_sink_caps_clear(&caps);
}

static void test_teardown_reason(void)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{NULL, NULL},
		{"", NULL},
		{"00000000 bye", NULL},
		{"C00D36CB no picture",
		 "picture or sound could not be read (\"C00D36CB no picture\")"},
		{"c00d4278", "it heard nothing for too long (\"c00d4278\")"},
		{"E0000001 own", "\"E0000001 own\""},
		{"why not", "\"why not\""},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *said = wfd_teardown_reason(cases[i].text);

		g_assert_cmpstr(said, ==, cases[i].said);
	}
}

static void test_caps(void)
{
	static const char body[] =
		"wfd_video_formats: 00 00 02 04 0001FFFF 3FFFFFFF 00000FFF 00 0000 0000 00 none "
		"none\r\n"
		"wfd_audio_codecs: nonsense\r\n"
		"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n"
		"wfd_display_edid: 0001 zz\r\n"
		"wfd_standby_resume_capability: supported\r\n"
		"wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Mouse;"
		"port=none\r\n";
	WfdSinkCaps caps;
	g_autoptr(GError) error = NULL;

	g_assert_true(wfd_sink_caps_parse(body, sizeof(body) - 1, &caps, &error));
	g_assert_cmpuint(caps.video.n_codecs, ==, 1);
	g_assert_cmpuint(caps.audio.n_codecs, ==, 0);
	g_assert_cmpuint(caps.rtp_ports.port0, ==, 1028);
	g_assert_null(caps.edid);
	g_assert_true(caps.standby_resume);
	g_assert_cmphex(caps.uibc.generic, ==, 1 << WFD_UIBC_MOUSE);
	wfd_sink_caps_clear(&caps);

	g_assert_false(wfd_sink_caps_parse("wfd_audio_codecs: none", 22, &caps, &error));
	g_assert_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
	wfd_sink_caps_clear(&caps);
	g_clear_error(&error);
	g_assert_false(wfd_sink_caps_parse(NULL, 0, &caps, &error));
	g_assert_error(error, WFD_PARAMS_ERROR, WFD_PARAMS_ERROR_SYNTAX);
	wfd_sink_caps_clear(&caps);
}

/* Bodies as sinks write them that are not quite right; each comes to the same. */
static void test_caps_odd(void)
{
	static const char *const bodies[] = {
		"wfd_video_formats: 00 00 01 01 00000001 0 0\r\n"
		"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n"
		"wfd_standby_resume_capability: supported\r\n",
		"wfd_video_formats: 00 00 01 01 00000001 0 0; "
		"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play; "
		"wfd_standby_resume_capability: supported",
		"wfd_video_formats : 00 00 01 01 00000001 0 0;wfd_standby_resume_capability : "
		"supported;\nWFD_client_rtp_ports :RTP/AVP/UDP; unicast 1028 0 mode=play\n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GError) error = NULL;
		WfdSinkCaps caps;

		g_assert_true(wfd_sink_caps_parse(bodies[i], strlen(bodies[i]), &caps, &error));
		g_assert_cmphex(caps.video.codecs[0].modes[WFD_CEA], ==, 1);
		g_assert_cmpuint(caps.rtp_ports.port0, ==, 1028);
		g_assert_true(caps.standby_resume);
		g_assert_cmpstr(caps.defaults, ==, NULL);
		wfd_sink_caps_clear(&caps);
	}
}

/* What could not be read is known, and what it was taken as; an error's number is no capability. */
static void test_caps_defaults(void)
{
	static const char body[] = "wfd_video_formats: 00 00 01 01 00000001 0 0\r\n"
				   "wfd_audio_codecs: 451\r\n"
				   "wfd_client_rtp_ports: somewhere\r\n"
				   "wfd_display_edid: 451\r\n"
				   "wfd_standby_resume_capability: 451\r\n"
				   "wfd_uibc_capability: 451\r\n";
	static const char *const parts[] = {
		"wfd_audio_codecs cannot be read: \"451\" (taken as none)",
		"wfd_client_rtp_ports cannot be read: \"somewhere\" (taken as 19000)",
		"wfd_display_edid cannot be read",
	};
	WfdSinkCaps caps;

	g_assert_true(wfd_sink_caps_parse(body, sizeof(body) - 1, &caps, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		g_assert_nonnull(strstr(caps.defaults, parts[i]));
	g_assert_cmpuint(caps.rtp_ports.port0, ==, WFD_DEFAULT_RTP_PORT);
	g_assert_false(caps.standby_resume);
	g_assert_true(wfd_uibc_is_none(&caps.uibc));
	wfd_sink_caps_clear(&caps);
}

#define WHOLE_CAPS                                                                                \
	"wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none\r\n" \
	"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n"
#define VIDEO_PART "part of the sink's wfd_video_formats cannot be read: \"00 00"
#define AUDIO_PART "part of the sink's wfd_audio_codecs cannot be read: \"LPCM"

/* The same of a part of what a parameter says. */
static void test_caps_parts(void)
{
	static const struct {
		const char *lines; /* the first of each name counts */
		const char *noted; /* NULL: nothing */
	} cases[] = {
		{"", NULL},
		{"wfd_video_formats: 00 00 01 01 00000001 0 0 zz 0000 0000 00 none none\r\n",
		 VIDEO_PART},
		{"wfd_video_formats: 00 00 01 01 00000001 0 0 00 0000 0000 00 12345 none\r\n",
		 VIDEO_PART},
		{"wfd_video_formats: 00 00 01 01 00000001 0 0 00 0000 0000 00 none pixels\r\n",
		 VIDEO_PART},
		{"wfd_video_formats: 00 00 01 01 00000001 0 0, 02 zz 00000001 0 0\r\n", VIDEO_PART},
		{"wfd_video_formats: 00 00 01 01 00000001 0 0, 02 01 00000001 0 0 00 zz\r\n",
		 VIDEO_PART},
		{"wfd_video_formats: 00 00 01 01 00000001 0 0, 02 01 00000001 0 0,\r\n", NULL},
		{"wfd_audio_codecs: LPCM 00000003 00, AAC zz 00\r\n", AUDIO_PART},
		{"wfd_audio_codecs: LPCM 00000003 00, AAC\r\n", AUDIO_PART},
		{"wfd_audio_codecs: LPCM 00000003 later\r\n", AUDIO_PART},
		{"wfd_audio_codecs: LPCM 00000003 00, XYZ 00000001 00,\r\n", NULL},
		{"wfd_standby_resume_capability: yes\r\n",
		 "the sink's wfd_standby_resume_capability cannot be read: \"yes\" (taken as none)"},
		{"wfd_standby_resume_capability: none\r\n", NULL},
		{"wfd_standby_resume_capability: 451\r\n", NULL},
		{"wfd_uibc_capability: a mouse\r\n",
		 "the sink's wfd_uibc_capability cannot be read: \"a mouse\" (taken as none)"},
		{"wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Mouse, Wand;"
		 "hidc_cap_list=none;port=none\r\n",
		 "part of the sink's wfd_uibc_capability cannot be read: \"input_category_list"},
		{"wfd_uibc_capability: input_category_list=HIDC;hidc_cap_list=Mouse/Floppy, "
		 "Mouse/USB;port=none\r\n",
		 "part of the sink's wfd_uibc_capability cannot be read: \"input_category_list"},
		{"wfd_uibc_capability: input_category_list=none;generic_cap_list=none;"
		 "hidc_cap_list=none;port=none\r\n",
		 NULL},
		{"wfd_uibc_capability: none\r\n", NULL},
		{"wfd_uibc_capability: 451\r\n", NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *body = g_strconcat(cases[i].lines, WHOLE_CAPS, NULL);
		WfdSinkCaps caps;

		g_assert_true(wfd_sink_caps_parse(body, strlen(body), &caps, NULL));
		if (cases[i].noted && (!caps.defaults || !strstr(caps.defaults, cases[i].noted)))
			g_error("of %s it is noted: %s", cases[i].lines, caps.defaults);
		if (!cases[i].noted)
			g_assert_cmpstr(caps.defaults, ==, NULL);
		wfd_sink_caps_clear(&caps);
	}
}

static void test_choose_highest(void)
{
	WfdVideoFormats sink =
		formats_of("00 00 03 10 0001FFFF 1FFFFFFF 00000FFF 00 0000 0000 00 none none");
	WfdPolicy policy = {0};
	WfdChoice choice = {0};
	WfdVideoFormats formats;
	g_autofree char *text = NULL;

	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	assert_mode(&choice, 1920, 1080, 60);
	g_assert_cmpuint(choice.table, ==, WFD_CEA);
	g_assert_cmphex(choice.profile, ==, WFD_H264_CBP);
	g_assert_cmpstr(wfd_level_name(choice.level), ==, "4.2");
	g_assert_cmpuint(choice.max_kbit, ==, 50000);
	wfd_choice_to_formats(&choice, &formats);
	text = wfd_video_formats_to_string(&formats);
	g_assert_cmpstr(text, ==,
			"00 00 01 10 00000100 00000000 00000000 00 0000 0000 00 none none");
}

static void test_choose_limits(void)
{
	WfdVideoFormats sink =
		formats_of("00 00 02 04 0001FFFF 1FFFFFFF 00000FFF 00 0000 0000 00 none none");
	const WfdPolicy fast = {.max_pixel_rate = 1280 * 720 * 60};
	const WfdPolicy slow = {.max_pixel_rate = 1280 * 720 * 30};
	WfdChoice choice = {0};
	guint64 rate;

	/* Level 4 carries 1080p30, and 1600x1200 at 30 Hz is smaller than 1080p. */
	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1920, 1080, 30);
	g_assert_cmphex(choice.profile, ==, WFD_H264_CHP);
	g_assert_cmphex(choice.level, ==, WFD_H264_LEVEL_4);

	g_assert_true(wfd_choose_format(&sink, &fast, &choice, NULL));
	rate = choice.mode.width * choice.mode.height * choice.mode.fps;
	g_assert_cmpuint(rate, <=, 1280 * 720 * 60);
	g_assert_true(wfd_choose_format(&sink, &slow, &choice, NULL));
	assert_mode(&choice, 1280, 720, 30);
	g_assert_cmphex(choice.level, ==, WFD_H264_LEVEL_3_1);
}

static void test_choose_only(void)
{
	WfdVideoFormats sink =
		formats_of("00 00 01 10 000000A1 00000000 00000000 00 0000 0000 00 none none");
	WfdPolicy policy = {.only = {.width = 640, .height = 480}, .max_pixel_rate = 1};
	g_autoptr(GError) error = NULL;
	WfdChoice choice = {0};

	g_assert_true(wfd_choose_format(&sink, &policy, &choice, &error));
	assert_mode(&choice, 640, 480, 60);
	g_assert_false(choice.unoffered);
	policy.only = (WfdMode){1920, 1080, 75, FALSE};
	g_assert_false(wfd_choose_format(&sink, &policy, &choice, &error));
	g_assert_error(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT);
	g_assert_nonnull(strstr(error->message, "1920x1080@75; the sink offers"));
	g_assert_nonnull(strstr(error->message, "1920x1080p30"));

	/* Any rate; what several codecs have is said once. */
	sink = formats_of("00 00 01 10 00000021 00000000 00000000 00 0000 0000 00 none none, "
			  "02 10 00000081 00000000 00000000 00 0000 0000 00 none none");
	policy.only = (WfdMode){1280, 1000, 0, FALSE};
	g_clear_error(&error);
	g_assert_false(wfd_choose_format(&sink, &policy, &choice, &error));
	g_assert_cmpstr(error->message, ==,
			"Wi-Fi Display has no mode 1280x1000; the sink offers 640x480p60 "
			"1280x720p30 1920x1080p30");
}

/* A tablet that offers 640x480 and shows more: what was named is tried, then what it offers. */
static void test_choose_unoffered(void)
{
	WfdVideoFormats sink =
		formats_of("00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none");
	WfdPolicy policy = {.only = {1920, 1200, 30, FALSE}, .max_pixel_rate = 15000000};
	WfdChoice choice = {0}, second = {0};
	WfdVideoFormats formats;
	g_autofree char *text = NULL;

	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	assert_mode(&choice, 1920, 1200, 30);
	g_assert_true(choice.unoffered);
	wfd_choice_to_formats(&choice, &formats);
	text = wfd_video_formats_to_string(&formats);
	g_assert_true(g_str_has_prefix(text, "00 00 01 10 00000000 10000000 00000000 "));
	g_assert_true(wfd_choose_second(&sink, &policy, &choice, &second));
	assert_mode(&second, 640, 480, 60);
	g_assert_false(second.unoffered);
	g_assert_cmpuint(second.fps, ==, 48);

	/* The fastest, if no rate was named. */
	policy.only = (WfdMode){1280, 720, 0, FALSE};
	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	assert_mode(&choice, 1280, 720, 60);
	g_assert_true(choice.unoffered);
	/* Nothing is shown by who offers nothing; nobody is sent what was not named. */
	sink = formats_of("none");
	g_assert_false(wfd_choose_format(&sink, &policy, &choice, NULL));
	sink = formats_of("00 00 01 01 00000200 00000000 00000000 00 0000 0000 00 none none");
	g_assert_false(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
}

static void test_choose_none(void)
{
	/* No mode at all; interlaced only; bits that no table has; a mode beyond the level. */
	static const char *const sinks[] = {
		"none",
		"00 00 01 10 00000000 00000000 00000000 00 0000 0000 00 none none",
		"00 00 01 10 00004214 00000000 00000000 00 0000 0000 00 none none",
		"00 00 01 10 FFFE0000 E0000000 FFFFF000 00 0000 0000 00 none none",
		"00 00 01 01 00000100 00000000 00000000 00 0000 0000 00 none none",
	};

	for (guint i = 0; i < G_N_ELEMENTS(sinks); i++) {
		WfdVideoFormats sink = formats_of(sinks[i]);
		g_autoptr(GError) error = NULL;
		WfdChoice choice = {0};

		g_assert_false(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, &error));
		g_assert_error(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT);
	}
}

/* Whether pictures may be left out, and for how long, is said of each codec. */
static void test_choose_skipping(void)
{
	static const struct {
		const char *frc;
		gboolean may_skip;
		guint skip_ms;
	} cases[] = {
		{"00", FALSE, 0}, {"10", FALSE, 0},  {"01", TRUE, 0},
		{"11", TRUE, 0},  {"13", TRUE, 500}, {"1F", TRUE, 3500},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			"00 00 01 01 00000001 00000000 00000000 00 0000 0000 0E none none, "
			"02 10 00000100 00000000 00000000 00 0000 0000 %s none none",
			cases[i].frc);
		WfdVideoFormats sink = formats_of(text);
		WfdPolicy policy = {0};
		WfdChoice choice;

		g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
		assert_mode(&choice, 1920, 1080, 60);
		g_assert_cmpint(choice.may_skip, ==, cases[i].may_skip);
		g_assert_cmpuint(choice.skip_ms, ==, cases[i].skip_ms);
		/* Of a mode that is not offered it is the first codec's. */
		policy.only = (WfdMode){1280, 720, 30, FALSE};
		g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
		g_assert_true(choice.unoffered);
		g_assert_false(choice.may_skip);
	}
}

/* A table is preferred by the sink's native mode, if it has modes of some size. */
static void test_choose_native(void)
{
	WfdVideoFormats sink =
		formats_of("00 00 01 10 00000061 1FFFFFFF 00000000 00 0000 0000 00 none none");
	WfdChoice choice = {0};

	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1280, 720, 60);
	sink.native = 26 << 3 | WFD_VESA;
	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1920, 1200, 30);
	sink.native = 0;
	sink.codecs[0].modes[WFD_CEA] = 1;
	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1920, 1200, 30);
}

/* Slow modes only when there is no other; the decoder's limits; a sink that names no level. */
static void test_choose_ranks(void)
{
	WfdVideoFormats sink =
		formats_of("00 00 01 04 00010021 00000000 00000000 00 0000 0000 00 none none");
	WfdChoice choice = {0};

	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1280, 720, 30);
	sink.codecs[0].modes[WFD_CEA] = 1 << 16 | 1 << 10;
	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1920, 1080, 24);
	sink.preferred_display_mode = 1;
	sink.codecs[0].max_hres = 1280;
	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1280, 720, 25);
	sink.codecs[0].level = 0;
	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	g_assert_cmphex(choice.level, ==, WFD_H264_LEVEL_3_1);
}

/* Far too fast for the encoder, all of them: the slowest, with as many frames as it sustains. */
static void test_choose_slowest(void)
{
	WfdVideoFormats sink =
		formats_of("40 00 01 10 00002180 00000000 00000000 00 0000 0000 00 none none");
	WfdPolicy policy = {.max_pixel_rate = 1280 * 720 * 30};
	WfdChoice choice = {0};

	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	assert_mode(&choice, 1920, 1080, 30);
	g_assert_cmpuint(choice.fps, ==, 13);
	policy.max_pixel_rate = 1;
	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	g_assert_cmpuint(choice.fps, ==, 1);
	policy.max_pixel_rate = 0;
	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	assert_mode(&choice, 1920, 1080, 60);
	g_assert_cmpuint(choice.fps, ==, 60);
}

/* 9000 macroblocks, which the specification has at level 4.2. */
static void test_choose_1920x1200(void)
{
	WfdVideoFormats sink =
		formats_of("e1 00 01 10 00000001 10000000 00000000 00 0000 0000 00 none none");
	WfdPolicy policy = {.only = {.width = 1920, .height = 1200, .fps = 30}};
	WfdChoice choice = {0};

	g_assert_true(wfd_choose_format(&sink, &(WfdPolicy){0}, &choice, NULL));
	assert_mode(&choice, 1920, 1200, 30);
	g_assert_cmphex(choice.level, ==, WFD_H264_LEVEL_4_2);
	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	g_assert_false(choice.unoffered);
	sink.codecs[0].level = WFD_H264_LEVEL_4_1;
	g_assert_true(wfd_choose_format(&sink, &policy, &choice, NULL));
	g_assert_true(choice.unoffered);
}

static void test_choose_second(void)
{
	static const struct {
		const char *sink;
		guint64 max_pixel_rate;
		guint width, height, fps; /* of the second choice; 0: there is none */
		guint frames; /* a second, that are sent of it */
	} cases[] = {
		/* 1080p60 is refused, then; 1080p50 and 1600x1200 would be hardly fewer pixels. */
		{"40 00 01 10 0001FFFF 1FFFFFFF 00000FFF", 0, 1920, 1080, 30, 30},
		/* 1920x1200p30 of a sink whose native table is VESA's. */
		{"d1 00 01 10 0001FFFF 1FFFFFFF 00000FFF", 0, 1400, 1050, 30, 30},
		/* 720p30; what is left of the native table is slower. */
		{"28 00 01 01 00008021 1FFFFFFF 00000000", 1280 * 720 * 30, 640, 480, 60, 60},
		/* 800x480p30 is what the encoder does; it does not do 640x480p60. */
		{"02 00 01 01 00000001 00000000 00000001", 15000000, 640, 480, 60, 48},
		/* The native table has no other: the mode that every sink has. */
		{"d1 00 01 10 00000181 00400000 00000000", 0, 640, 480, 60, 60},
		{"40 00 01 10 00000001 00000000 00000000", 0, 0, 0, 0, 0},
		{"40 00 01 10 00000100 1FFFFFFF 00000000", 0, 0, 0, 0, 0},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdVideoFormats sink = formats_of(cases[i].sink);
		WfdPolicy policy = {.max_pixel_rate = cases[i].max_pixel_rate};
		WfdChoice first, second;

		g_assert_true(wfd_choose_format(&sink, &policy, &first, NULL));
		if (!cases[i].width) {
			g_assert_false(wfd_choose_second(&sink, &policy, &first, &second));
			continue;
		}
		g_assert_true(wfd_choose_second(&sink, &policy, &first, &second));
		assert_mode(&second, cases[i].width, cases[i].height, cases[i].fps);
		g_assert_cmpuint(second.fps, ==, cases[i].frames);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/params/tables", test_tables);
	g_test_add_func("/wfd/params/body", test_body);
	g_test_add_func("/wfd/params/video-formats", test_video_formats);
	g_test_add_func("/wfd/params/video-formats-odd", test_video_formats_odd);
	g_test_add_func("/wfd/params/video-formats-bad", test_video_formats_bad);
	g_test_add_func("/wfd/params/audio-codecs", test_audio_codecs);
	g_test_add_func("/wfd/params/rtp-ports", test_rtp_ports);
	g_test_add_func("/wfd/params/edid", test_edid);
	g_test_add_func("/wfd/params/edid-counts", test_edid_counts);
	g_test_add_func("/wfd/params/vendor-caps", test_vendor_caps);
	g_test_add_func("/wfd/params/long-names", test_long_names);
	g_test_add_func("/wfd/params/teardown-reason", test_teardown_reason);
	g_test_add_func("/wfd/params/caps", test_caps);
	g_test_add_func("/wfd/params/caps-odd", test_caps_odd);
	g_test_add_func("/wfd/params/caps-defaults", test_caps_defaults);
	g_test_add_func("/wfd/params/caps-parts", test_caps_parts);
	g_test_add_func("/wfd/choose/highest", test_choose_highest);
	g_test_add_func("/wfd/choose/limits", test_choose_limits);
	g_test_add_func("/wfd/choose/only", test_choose_only);
	g_test_add_func("/wfd/choose/unoffered", test_choose_unoffered);
	g_test_add_func("/wfd/choose/none", test_choose_none);
	g_test_add_func("/wfd/choose/skipping", test_choose_skipping);
	g_test_add_func("/wfd/choose/native", test_choose_native);
	g_test_add_func("/wfd/choose/ranks", test_choose_ranks);
	g_test_add_func("/wfd/choose/slowest", test_choose_slowest);
	g_test_add_func("/wfd/choose/1920x1200", test_choose_1920x1200);
	g_test_add_func("/wfd/choose/second", test_choose_second);
	return g_test_run();
}
