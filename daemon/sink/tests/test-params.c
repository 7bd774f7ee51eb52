// SPDX-License-Identifier: GPL-2.0-or-later
/* The parameter codec: what a source may write, and what it must not. */
#include "sink-params.h"

#include <string.h>

#define OFFER                                                                \
	"30 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 none none, " \
	"02 08 000001A0 00000000 00000003 00 0000 0000 11 0780 0438"

static void test_tables(void)
{
	/* WFD 2.1, 5.1.5.1 to 5.1.5.3: first, last, and the ones that others got wrong. */
	static const struct {
		WfdModeTable table;
		guint bit;
		WfdMode mode;
	} known[] = {
		{WFD_CEA, 0, {640, 480, 60, FALSE}},	 {WFD_CEA, 2, {720, 480, 60, TRUE}},
		{WFD_CEA, 4, {720, 576, 50, TRUE}},	 {WFD_CEA, 5, {1280, 720, 30, FALSE}},
		{WFD_CEA, 6, {1280, 720, 60, FALSE}},	 {WFD_CEA, 7, {1920, 1080, 30, FALSE}},
		{WFD_CEA, 9, {1920, 1080, 60, TRUE}},	 {WFD_CEA, 10, {1280, 720, 25, FALSE}},
		{WFD_CEA, 14, {1920, 1080, 50, TRUE}},	 {WFD_CEA, 15, {1280, 720, 24, FALSE}},
		{WFD_CEA, 16, {1920, 1080, 24, FALSE}},	 {WFD_VESA, 0, {800, 600, 30, FALSE}},
		{WFD_VESA, 13, {1366, 768, 60, FALSE}},	 {WFD_VESA, 24, {1680, 1024, 30, FALSE}},
		{WFD_VESA, 28, {1920, 1200, 30, FALSE}}, {WFD_HH, 0, {800, 480, 30, FALSE}},
		{WFD_HH, 11, {848, 480, 60, FALSE}},
	};

	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		const WfdMode *mode = wfd_mode_get(known[i].table, known[i].bit);

		g_assert_nonnull(mode);
		g_assert_cmpuint(mode->width, ==, known[i].mode.width);
		g_assert_cmpuint(mode->height, ==, known[i].mode.height);
		g_assert_cmpuint(mode->fps, ==, known[i].mode.fps);
		g_assert_cmpint(mode->interlaced, ==, known[i].mode.interlaced);
	}
	g_assert_null(wfd_mode_get(WFD_CEA, 17));
	g_assert_null(wfd_mode_get(WFD_VESA, 29));
	g_assert_null(wfd_mode_get(WFD_HH, 12));
	g_assert_null(wfd_mode_get(3, 0));
}

static void test_video_formats(void)
{
	SinkVideoFormats formats;
	g_autoptr(GError) error = NULL;

	g_assert_true(sink_video_formats_parse(OFFER, &formats, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(formats.native, ==, 0x30);
	g_assert_cmpuint(formats.n_codecs, ==, 2);
	g_assert_cmpuint(formats.codecs[0].profile, ==, SINK_PROFILE_CBP);
	g_assert_cmpuint(formats.codecs[0].level, ==, 4);
	g_assert_cmphex(formats.codecs[0].modes[WFD_CEA], ==, 0x19ceb);
	g_assert_cmphex(formats.codecs[0].modes[WFD_VESA], ==, 0x30f);
	g_assert_cmphex(formats.codecs[0].frame_rate_control, ==, 0x11);
	g_assert_cmpuint(formats.codecs[0].max_hres, ==, 0);
	g_assert_cmphex(formats.codecs[1].modes[WFD_HH], ==, 3);
	g_assert_cmpuint(formats.codecs[1].max_hres, ==, 1920);
	g_assert_cmpuint(formats.codecs[1].max_vres, ==, 1080);

	g_assert_true(sink_video_formats_parse("none", &formats, &error));
	g_assert_cmpuint(formats.n_codecs, ==, 0);
	g_assert_true(
		sink_video_formats_parse("40  00 02 04 0001DEFF 3FFFFFFF 00000FFF 00 0000 0000 "
					 "11 none  none ",
					 &formats, &error));
}

static void test_video_formats_malformed(void)
{
	static const char *const wrong[] = {
		"",
		" ",
		"nonesuch",
		"none none",
		"30",
		"30 00",
		"3 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 none none",
		"30 00 01 04 00019CE 0000030F 00000000 00 0000 0000 11 none none",
		"30 00 01 04 00019CEBF 0000030F 00000000 00 0000 0000 11 none none",
		"30 00 01 04 0001 9CEB 0000030F 00000000 00 0000 0000 11 none none",
		"30 00 01 04 0x019CEB 0000030F 00000000 00 0000 0000 11 none none",
		"30 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 none",
		"30 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 none none x",
		"30 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 none none,",
		"30 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 none none, 02",
		"30 00 01 04 00019CEB 0000030F -0000001 00 0000 0000 11 none none",
		"30 00 01 04 00019CEB 0000030F 00000000 00 0000 0000 11 1920 none none",
	};
	SinkVideoFormats formats;
	g_autoptr(GString) many = g_string_new("00 00");

	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(sink_video_formats_parse(wrong[i], &formats, &error));
		g_assert_error(error, SINK_PARAMS_ERROR, SINK_PARAMS_ERROR_MALFORMED);
	}
	for (guint i = 0; i < 1000; i++)
		g_string_append(many,
				"%s 01 01 00000001 00000000 00000000 00 0000 0000 00 none none,");
	g_assert_false(sink_video_formats_parse(many->str, &formats, NULL));
}

static void test_video_choice(void)
{
	static const struct {
		const char *text;
		guint width, height, fps;
	} right[] = {
		{"00 00 01 01 00000020 00000000 00000000 00 0000 0000 00 none none", 1280, 720, 30},
		{"00 00 01 04 00000080 00000000 00000000 00 0000 0000 00 none none", 1920, 1080,
		 30},
		{"00 00 02 08 00000000 00000000 00000002 00 0000 0000 00 none none", 800, 480, 60},
		{"30 00 01 02 00000000 00000008 00000000 00 0000 0000 11 none none", 1024, 768, 60},
	};
	SinkVideoFormats offer;
	SinkVideoChoice choice;

	g_assert_true(sink_video_formats_parse(OFFER, &offer, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(right); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_true(sink_video_choice_parse(right[i].text, &offer, &choice, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(choice.mode.width, ==, right[i].width);
		g_assert_cmpuint(choice.mode.height, ==, right[i].height);
		g_assert_cmpuint(choice.mode.fps, ==, right[i].fps);
	}
}

static void test_video_choice_refused(void)
{
	static const struct {
		const char *text;
		int code;
	} wrong[] = {
		/* two bits, two tables, none */
		{"00 00 01 04 00000060 00000000 00000000 00 0000 0000 00 none none", 400},
		{"00 00 01 04 00000020 00000001 00000000 00 0000 0000 00 none none", 400},
		{"00 00 01 04 00000000 00000000 00000000 00 0000 0000 00 none none", 400},
		{"none", 400},
		/* two codecs, two profiles, two levels, no level */
		{OFFER, 400},
		{"00 00 03 04 00000020 00000000 00000000 00 0000 0000 00 none none", 400},
		{"00 00 01 03 00000020 00000000 00000000 00 0000 0000 00 none none", 400},
		{"00 00 01 00 00000020 00000000 00000000 00 0000 0000 00 none none", 400},
		{"00 00 01 80 00000020 00000000 00000000 00 0000 0000 00 none none", 400},
		/* a reserved bit */
		{"00 00 01 04 80000000 00000000 00000000 00 0000 0000 00 none none", 415},
		{"00 00 02 04 00000000 00000000 00001000 00 0000 0000 00 none none", 415},
		/* not offered: level, profile, mode, mode only with the other profile */
		{"00 00 01 08 00000020 00000000 00000000 00 0000 0000 00 none none", 415},
		{"00 00 04 04 00000020 00000000 00000000 00 0000 0000 00 none none", 415},
		{"00 00 01 04 00000004 00000000 00000000 00 0000 0000 00 none none", 415},
		{"00 00 01 04 00000000 00000000 00000002 00 0000 0000 00 none none", 415},
		/* offered, but more than the level allows */
		{"00 00 01 01 00000040 00000000 00000000 00 0000 0000 00 none none", 415},
		{"00 00 02 08 00000100 00000000 00000000 00 0000 0000 00 none none", 415},
	};
	SinkVideoFormats offer;
	SinkVideoChoice choice;

	g_assert_true(sink_video_formats_parse(OFFER, &offer, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(sink_video_choice_parse(wrong[i].text, &offer, &choice, &error));
		g_assert_error(error, SINK_PARAMS_ERROR, wrong[i].code);
	}
}

static void test_audio(void)
{
	static const char offer[] = "LPCM 00000003 00, AAC 00000001 00";
	static const char *const wrong[] = {
		"",
		"MP3 00000001 00",
		"LPCM 00000003 00",
		"LPCM 00000000 00",
		"LPCM 00000002",
		"LPCM 2 00",
		"LPCM 00000004 00",
		"AAC 00000002 00",
		"AC3 00000001 00",
		"LPCM 00000002 00,",
		"AAC 00000001 00 x",
		"LPCM 00000002 00, AAC 00000001 00",
	};
	SinkAudioChoice choice;

	g_assert_true(sink_audio_choice_parse("LPCM 00000002 00", offer, &choice, NULL));
	g_assert_cmpstr(choice.format, ==, "LPCM");
	g_assert_cmpuint(choice.mode, ==, 2);
	g_assert_true(sink_audio_choice_parse("AAC 00000001 05", offer, &choice, NULL));
	g_assert_cmpstr(choice.format, ==, "AAC");
	g_assert_true(sink_audio_choice_parse("none", offer, &choice, NULL));
	g_assert_cmpstr(choice.format, ==, "");
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(sink_audio_choice_parse(wrong[i], offer, &choice, NULL));
	g_assert_false(sink_audio_choice_parse("LPCM 00000002 00", "", &choice, NULL));
	g_assert_false(sink_audio_choice_parse("LPCM 00000002 00", "none", &choice, NULL));
	g_assert_false(sink_audio_choice_parse("LPCM 00000002 00", "LPCM garbage", &choice, NULL));
}

static void test_presentation_url(void)
{
	g_autofree char *url =
		sink_presentation_url_parse("rtsp://192.168.173.80/wfd1.0/streamid=0 none", NULL);
	static const char *const wrong[] = {
		"",
		"none none",
		"none",
		"rtsp://1.2.3.4/wfd1.0/streamid=0",
		"http://1.2.3.4/ none",
		"none rtsp://1.2.3.4/wfd1.0/streamid=1",
		"rtsp:// none none",
		"rtsp:///x y",
		"rtsp://1.2.3.4/a rtsp://1.2.3.4/b",
	};

	g_assert_cmpstr(url, ==, "rtsp://192.168.173.80/wfd1.0/streamid=0");
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_null(sink_presentation_url_parse(wrong[i], NULL));
}

static void test_client_rtp_ports(void)
{
	static const char *const wrong[] = {
		"",
		"none",
		"RTP/AVP/TCP;unicast 19000 0 mode=play",
		"RTP/AVP/UDP;unicast 19000 mode=play",
		"RTP/AVP/UDP;unicast 65536 0 mode=play",
		"RTP/AVP/UDP;unicast -1 0 mode=play",
		"RTP/AVP/UDP;unicast 19000 0 mode=record",
		"RTP/AVP/UDP;unicast 19000 0 mode=play x",
	};
	guint16 ports[2];

	g_assert_true(
		sink_client_rtp_ports_parse("RTP/AVP/UDP;unicast 19000 0 mode=play", ports, NULL));
	g_assert_cmpuint(ports[0], ==, 19000);
	g_assert_cmpuint(ports[1], ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(sink_client_rtp_ports_parse(wrong[i], ports, NULL));
}

static void collect(const char *name, const char *value, gpointer user_data)
{
	g_string_append_printf(user_data, "[%s|%s]", name, value ? value : "-");
}

static void test_body(void)
{
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autoptr(GString) lines = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	static const char body[] = "a: 1\r\n  b :two words \r\nwfd_standby\r\n\r\nc:\nd: e: f\n";

	g_assert_true(sink_params_foreach(body, strlen(body), collect, seen, &error));
	g_assert_cmpstr(seen->str, ==, "[a|1][b|two words][wfd_standby|-][c|][d|e: f]");
	g_assert_true(sink_params_foreach("", 0, collect, seen, &error));
	/* not NUL-terminated */
	g_string_truncate(seen, 0);
	g_assert_true(sink_params_foreach("ab: 12", 5, collect, seen, &error));
	g_assert_cmpstr(seen->str, ==, "[ab|1]");

	g_assert_false(sink_params_foreach("a\0b", 3, collect, seen, NULL));
	g_assert_false(sink_params_foreach("a\001b", 3, collect, seen, NULL));
	g_assert_false(sink_params_foreach(": 1", 3, collect, seen, NULL));
	for (guint i = 0; i < 65; i++)
		g_string_append(lines, "a: 1\r\n");
	g_assert_false(sink_params_foreach(lines->str, lines->len, collect, seen, NULL));
	g_string_truncate(lines, 64 * 6);
	g_assert_true(sink_params_foreach(lines->str, lines->len, collect, seen, NULL));
}

static void test_caps(void)
{
	g_autoptr(SinkCaps) caps = sink_caps_new(19000);
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;
	SinkVideoFormats formats;
	SinkVideoChoice choice;
	static const char asked[] =
		"wfd_content_protection\r\nwfd_nonsense\r\nWFD_client_RTP_ports\r\n"
		"wfd_standby_resume_capability\r\n";
	static const char file[] = "# a comment\nwfd_content_protection: HDCP2.1 port=53002\n"
				   "wfd_standby_resume_capability\nvendor_thing: x\n";

	answer = sink_caps_answer(caps, asked, strlen(asked), &error);
	g_assert_cmpstr(answer, ==,
			"wfd_content_protection: none\r\n"
			"WFD_client_RTP_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
			"wfd_standby_resume_capability: supported\r\n");

	g_assert_true(sink_caps_load(caps, file, strlen(file), &error));
	g_assert_cmpstr(sink_caps_get(caps, "wfd_content_protection"), ==, "HDCP2.1 port=53002");
	g_assert_null(sink_caps_get(caps, "wfd_standby_resume_capability"));
	g_assert_cmpstr(sink_caps_get(caps, "vendor_thing"), ==, "x");
	g_assert_false(sink_caps_load(caps, "\0", 1, NULL));

	/* The default offer is sound: it parses, and its native mode is one of its modes. */
	g_assert_true(sink_video_formats_parse(sink_caps_get(caps, "wfd_video_formats"), &formats,
					       &error));
	g_assert_true(formats.codecs[0].modes[formats.native & 7] & 1u << (formats.native >> 3));
	g_assert_true(formats.codecs[0].modes[WFD_CEA] & 1); /* 640x480p60 is mandatory */
	/* Every mode offered fits the level offered. */
	for (guint c = 0; c < formats.n_codecs; c++) {
		for (guint t = 0; t < WFD_N_MODE_TABLES; t++) {
			for (guint bit = 0; bit < 32; bit++) {
				guint32 modes[WFD_N_MODE_TABLES] = {0};
				g_autofree char *text = NULL;

				modes[t] = formats.codecs[c].modes[t] & 1u << bit;
				if (!modes[t])
					continue;
				text = g_strdup_printf(
					"00 00 %02x %02x %08x %08x %08x 00 0000 0000 00 "
					"none none",
					formats.codecs[c].profile, formats.codecs[c].level,
					modes[0], modes[1], modes[2]);
				g_assert_true(
					sink_video_choice_parse(text, &formats, &choice, &error));
				g_assert_no_error(error);
			}
		}
	}
}

static void test_edid(void)
{
	g_autoptr(SinkCaps) caps = sink_caps_new(19000);
	guint8 edid[2 * SINK_EDID_BLOCK] = {0};
	const guint8 *timing = edid + 54;
	const char *value = sink_caps_get(caps, "wfd_display_edid");

	sink_edid_default(edid);
	g_assert_true(sink_edid_check(edid, SINK_EDID_BLOCK, NULL));
	/* The preferred timing, read back by the layout of VESA E-EDID 1.4, 3.10.2. */
	g_assert_cmpuint(timing[0] | timing[1] << 8, ==, 7425);
	g_assert_cmpuint(timing[2] | (timing[4] & 0xf0) << 4, ==, 1280);
	g_assert_cmpuint(timing[3] | (timing[4] & 0x0f) << 8, ==, 370);
	g_assert_cmpuint(timing[5] | (timing[7] & 0xf0) << 4, ==, 720);
	g_assert_cmpuint(timing[6] | (timing[7] & 0x0f) << 8, ==, 30);

	g_assert_true(g_str_has_prefix(value, "0001 00ffffffffffff00"));
	g_assert_cmpuint(strlen(value), ==, 5 + 2 * SINK_EDID_BLOCK);

	g_assert_false(sink_edid_check(edid, 0, NULL));
	g_assert_false(sink_edid_check(edid, 127, NULL));
	g_assert_false(sink_edid_check(edid, 256, NULL)); /* one block counted, two given */
	edid[127]++;
	g_assert_false(sink_edid_check(edid, SINK_EDID_BLOCK, NULL));
	edid[127]--;
	edid[126]++;
	edid[127]--;
	g_assert_false(sink_edid_check(edid, SINK_EDID_BLOCK, NULL));
	g_assert_true(sink_edid_check(edid, 2 * SINK_EDID_BLOCK, NULL));
	edid[1] = 0;
	g_assert_false(sink_caps_set_edid(caps, edid, 2 * SINK_EDID_BLOCK, NULL));
}

/* Mutated values may be refused or not, but nothing else may happen. The seed makes it the same run. */
static void test_mutations(void)
{
	static const char *const seeds[] = {OFFER, "LPCM 00000002 00, AAC 00000001 00",
					    "rtsp://192.168.173.80/wfd1.0/streamid=0 none",
					    "RTP/AVP/UDP;unicast 19000 0 mode=play"};
	g_autoptr(GRand) random = g_rand_new_with_seed(2);
	g_autoptr(GString) ignored = g_string_new(NULL);

	for (guint i = 0; i < 40000; i++) {
		g_autofree char *text = g_strdup(seeds[i % G_N_ELEMENTS(seeds)]);
		gsize size = strlen(text);
		SinkVideoFormats formats;
		SinkVideoChoice video;
		SinkAudioChoice audio;
		guint16 ports[2];

		for (guint n = g_rand_int_range(random, 1, 5); n; n--)
			text[g_rand_int_range(random, 0, size)] = g_rand_int_range(random, 0, 256);
		if (sink_video_formats_parse(text, &formats, NULL))
			sink_video_choice_parse(text, &formats, &video, NULL);
		sink_audio_choice_parse(text, text, &audio, NULL);
		g_free(sink_presentation_url_parse(text, NULL));
		sink_client_rtp_ports_parse(text, ports, NULL);
		g_string_truncate(ignored, 0);
		sink_params_foreach(text, size, collect, ignored, NULL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sink/params/tables", test_tables);
	g_test_add_func("/sink/params/video-formats", test_video_formats);
	g_test_add_func("/sink/params/video-formats-malformed", test_video_formats_malformed);
	g_test_add_func("/sink/params/video-choice", test_video_choice);
	g_test_add_func("/sink/params/video-choice-refused", test_video_choice_refused);
	g_test_add_func("/sink/params/audio", test_audio);
	g_test_add_func("/sink/params/presentation-url", test_presentation_url);
	g_test_add_func("/sink/params/client-rtp-ports", test_client_rtp_ports);
	g_test_add_func("/sink/params/body", test_body);
	g_test_add_func("/sink/params/caps", test_caps);
	g_test_add_func("/sink/params/edid", test_edid);
	g_test_add_func("/sink/params/mutations", test_mutations);
	return g_test_run();
}
