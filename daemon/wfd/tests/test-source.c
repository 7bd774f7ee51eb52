// SPDX-License-Identifier: GPL-2.0-or-later
/* The source's RTSP session, from M1 to its end, with sinks of all kinds that mean well. */
#include "sink-peer.h"

#include <string.h>

static void test_handshake(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	answer(p, 1, 200, "");
	expect_nothing(p);
	feed(p, M2);
	g_assert_nonnull(strstr(p->sent->str, "Public: org.wfa.wfd1.0, "));
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n", "Public: ");
	wait_for_request(p);
	/* A source without HDCP does not ask for it (WFD 2.1, table 97). */
	g_assert_null(strstr(p->sent->str, "wfd_content_protection"));
	expect(p, "GET_PARAMETER ", "wfd_client_rtp_ports\r\n");
	answer(p, 2, 200, CAPS);
	g_assert_nonnull(strstr(p->sent->str, "wfd_video_formats: 00 00 02 04 00000080 00000000 "
					      "00000000 00 0000 0000 00 none none\r\n"));
	g_assert_nonnull(strstr(p->sent->str, "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 "
					      "mode=play\r\n"));
	expect(p, "SET_PARAMETER ",
	       "wfd_presentation_URL: rtsp://10.0.0.1/wfd1.0/streamid=0 none\r\n");
	expect_events(p, "C");
	g_assert_cmpuint(wfd_source_choice(p->source)->mode.width, ==, 1920);
	answer(p, 3, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "N");
	answer(p, 4, 200, "");
	feed(p, M6);
	g_assert_cmpuint(wfd_source_sink_rtp_port(p->source), ==, 19000);
	g_assert_cmpuint(wfd_source_sink_rtcp_port(p->source), ==, 19001);
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 2\r\n",
	       "Transport: RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=16384-16385\r\n");
	expect_events(p, "");
	feed(p, M7);
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 3\r\n", "Session: 10048879");
	expect_events(p, "Y");
	peer_free(p);
}

/* M2 before the answer to M1; SETUP and PLAY together, before the answer to M5. */
static void test_impatient_sink(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	feed(p, M2);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 1\r\n");
	answer(p, 1, 200, "");
	wait_for_request(p);
	expect(p, "GET_PARAMETER ", "CSeq: 2\r\n");
	answer(p, 2, 200, CAPS);
	answer(p, 3, 200, "");
	g_string_truncate(p->sent, 0);
	feed(p, M6 M7 "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n");
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 2\r\n", "\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 3\r\n");
	expect_events(p, "CNY");
	peer_free(p);
}

static void test_pipelined(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	feed(p, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" M2
		"\r\nGET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 2\r\n\r\n");
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n", "RTSP/1.0 200 OK\r\nCSeq: 2\r\n");
	peer_free(p);
}

static void test_policy(gconstpointer step)
{
	WfdPeer *p = peer_new(step, &(WfdPolicy){.only = {1280, 720, 30, FALSE}});

	to_m4(p, CAPS);
	g_assert_cmpuint(wfd_source_choice(p->source)->mode.height, ==, 720);
	g_assert_cmpuint(wfd_source_choice(p->source)->mode.fps, ==, 30);
	peer_free(p);
}

/*
 * Ports as sinks name them in M6: none at all, one, an odd second one, with a list in front. That M3's is taken
 * instead is noted.
 */
static void test_setup_ports(gconstpointer step)
{
	static const struct {
		const char *transport;
		guint16 port, rtcp_port;
		const char *reply;
		const char *noted; /* NULL: nothing */
	} cases[] = {
		{"", 1028, 0, "client_port=1028;server_port=16384\r\n",
		 "no port can be read from the sink's Transport in M6: \"\" (taken as 1028)"},
		{"Transport: RTP/AVP/UDP;unicast\r\n", 1028, 0,
		 "client_port=1028;server_port=16384\r\n",
		 "Transport in M6: \"RTP/AVP/UDP;unicast\" (taken as 1028)"},
		{"Transport: RTP/AVP/UDP;unicast;client_port=5000\r\n", 5000, 0,
		 "client_port=5000;server_port=16384\r\n", NULL},
		{"Transport: RTP/AVP;unicast;client_port=5000-7\r\n", 5000, 7,
		 "client_port=5000-7;server_port=16384-16385\r\n", NULL},
		{"Transport: RTP/AVP/UDP;unicast;client_port=5001-5000\r\n", 5001, 5000,
		 "client_port=5001-5000;server_port=16384-16385\r\n", NULL},
		/* One port for both is RTP's. */
		{"Transport: RTP/AVP/UDP;unicast;client_port=5000-5000\r\n", 5000, 0,
		 "client_port=5000-5000;server_port=16384-16385\r\n", NULL},
		{"Transport: RTP/AVP/UDP;unicast;client_port 5000\r\n", 1028, 0,
		 "client_port=1028;server_port=16384\r\n", "client_port 5000\" (taken as 1028)"},
		{"Transport: RTP/AVP/UDP;unicast;client_port=99999\r\n", 1028, 0,
		 "client_port=", "client_port=99999\" (taken as 1028)"},
		{"Transport: RTP/AVP/TCP;interleaved=0-1, RTP/AVP/UDP;unicast;client_port=6\r\n", 6,
		 0, "client_port=6;", NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);
		g_autofree char *setup = g_strdup_printf(
			"SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 2\r\n%s\r\n", cases[i].transport);
		const char *defaults;

		to_m6(p, CAPS);
		feed(p, setup);
		expect(p, "RTSP/1.0 200 OK\r\n", cases[i].reply);
		if (strcmp(cases[i].reply, "client_port="))
			g_assert_cmpuint(wfd_source_sink_rtp_port(p->source), ==, cases[i].port);
		else
			g_assert_cmpuint(wfd_source_sink_rtp_port(p->source), !=, 0);
		g_assert_cmpuint(wfd_source_sink_rtcp_port(p->source), ==, cases[i].rtcp_port);
		defaults = wfd_source_caps(p->source)->defaults;
		if (cases[i].noted)
			g_assert_nonnull(strstr(defaults ?: "", cases[i].noted));
		else
			g_assert_cmpstr(defaults, ==, NULL);
		/* To be shown again. */
		expect_events(p, cases[i].noted ? "C" : "");
		peer_free(p);
	}
}

static void test_setup_no_port_at_all(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m6(p, "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000\r\n");
	feed(p, "SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 2\r\n\r\n");
	expect(p, "RTSP/1.0 200 OK\r\n", "client_port=19000;");
	g_assert_cmpuint(wfd_source_sink_rtp_port(p->source), ==, WFD_DEFAULT_RTP_PORT);
	g_assert_cmpuint(wfd_source_sink_rtcp_port(p->source), ==, 0);
	peer_free(p);
}

static void test_setup_tcp(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m6(p, CAPS);
	feed(p, "SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 2\r\n"
		"Transport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n");
	expect(p, "RTSP/1.0 461 ", "CSeq: 2\r\n");
	feed(p, "SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 3\r\n"
		"Transport: rtp/avp/tcp;unicast, RTP/AVP;Interleaved=0-1\r\n\r\n");
	expect(p, "RTSP/1.0 461 ", "CSeq: 3\r\n");
	wait_for(p, 10);
	expect_end(p, "unsupported-transport");
	peer_free(p);
}

static void test_keepalive(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	wait_for(p, 25);
	expect(p, "GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: 5\r\n",
	       "Session: 10048879\r\n\r\n");
	answer(p, 5, 200, "");
	/* A refusal and an answer full of nonsense are signs of life too. */
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 6\r\n");
	answer(p, 6, 405, "");
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 7\r\n");
	answer(p, 7, 200, "nonsense: \001\002");
	expect_events(p, "");
	/* The sink falls silent. */
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 8\r\n");
	wait_for(p, 6);
	expect(p, "GET_PARAMETER ", "CSeq: 9\r\n");
	/* A late answer to the one before counts. */
	feed(p, "RTSP/1.0 200 OK\r\nCSeq: 8\r\n\r\n");
	wait_for(p, 6);
	expect(p, "GET_PARAMETER ", "CSeq: 10\r\n");
	wait_for(p, 6);
	expect(p, "GET_PARAMETER ", "CSeq: 11\r\n");
	wait_for(p, 6);
	expect_end(p, "keepalive-missed");
	peer_free(p);
}

/* Some never answer M16, and play for hours. */
static void test_keepalive_ignored(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	wait_for(p, 25);
	for (guint i = 0; i < 10; i++) {
		expect(p, "GET_PARAMETER ", "");
		wait_for(p, 6);
		expect_nothing(p);
		wait_for(p, 19);
	}
	/* An answer is one to the request that is open: from now on they count. */
	expect(p, "GET_PARAMETER ", "CSeq: 15\r\n");
	answer(p, 15, 451, "");
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 16\r\n");
	wait_for(p, 6);
	expect(p, "GET_PARAMETER ", "CSeq: 17\r\n");
	wait_for(p, 6);
	expect(p, "GET_PARAMETER ", "CSeq: 18\r\n");
	wait_for(p, 6);
	expect_end(p, "keepalive-missed");
	peer_free(p);
}

/* One that always answers late is there all the same; but an answer counts once. */
static void test_keepalive_late(gconstpointer step)
{
	WfdPeer *p = peer_start(step);
	guint cseq = 6;

	to_play(p, CAPS STANDBY);
	set_standby(p, TRUE);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 5, 200, "");
	for (guint i = 0; i < 40; i++) {
		wait_for(p, i ? 18 : 25);
		expect(p, "GET_PARAMETER ", "");
		wait_for(p, 6);
		p->now += G_USEC_PER_SEC;
		answer(p, cseq++, 200, "");
		g_assert_false(p->ended);
	}
	/* Not before the next question. */
	for (guint i = 0; i < 40; i++) {
		wait_for(p, i ? 19 : 18);
		expect(p, "GET_PARAMETER ", "");
		if (i)
			answer(p, cseq++, 200, "");
		g_assert_false(p->ended);
		wait_for(p, 6);
	}
	for (guint i = 0; i < 31; i++)
		answer(p, cseq - 1, 200, "");
	g_assert_false(p->ended);
	answer(p, cseq - 1, 200, "");
	expect_end(p, "too-many-errors");
	peer_free(p);
}

/* Who reports what comes by RTP has not gone, whatever it answers. */
static void test_keepalive_and_reports(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 5\r\n");
	answer(p, 5, 200, "");
	wait_for(p, 25);
	for (guint i = 0; i < 10; i++) {
		expect(p, "GET_PARAMETER ", "");
		wfd_source_heard(p->source);
		wait_for(p, 6);
	}
	expect(p, "GET_PARAMETER ", "CSeq: 16\r\n");
	wait_for(p, 6);
	expect(p, "GET_PARAMETER ", "CSeq: 17\r\n");
	wait_for(p, 6);
	expect_end(p, "keepalive-missed");
	peer_free(p);
}

static void test_idr_request(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	feed(p, "SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 5\r\nContent-Type: text/parameters\r\n"
		"Content-Length: 17\r\n\r\nwfd_idr_request\r\n");
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	expect_events(p, "I");
	peer_free(p);
}

static void test_sink_teardown(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	feed(p, M8 M9);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 9\r\n");
	expect_events(p, "E");
	expect_end(p, "sink-teardown");
	wfd_source_eof(p->source, NULL);
	wfd_source_on_time(p->source, p->now + 1000 * G_USEC_PER_SEC);
	wfd_source_stop(p->source, p->now);
	set_standby(p, TRUE);
	expect_end(p, "sink-teardown");
	peer_free(p);
}

static void test_stop(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	wfd_source_stop(p->source, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: TEARDOWN\r\n");
	answer(p, 5, 200, "");
	feed(p, M8);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 9\r\n");
	expect_end(p, "stopped");
	peer_free(p);
}

static void test_stop_unanswered(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	wfd_source_stop(p->source, p->now);
	wfd_source_stop(p->source, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: TEARDOWN\r\n");
	wait_for(p, 1);
	expect_end(p, "stopped");
	peer_free(p);
}

static void test_stop_early(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m4(p, CAPS);
	wfd_source_stop(p->source, p->now);
	drain(p);
	expect_nothing(p);
	expect_end(p, "stopped");
	peer_free(p);
}

/* A sink that refuses the best of the modes that it has offered is asked for the next. */
static void test_second_format(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m4(p, CAPS);
	answer(p, 3, 303, "wfd_video_formats: 415\r\n");
	expect(p, "SET_PARAMETER ", "wfd_video_formats: 00 00 02 01 00000020 00000000 00000000 ");
	expect_events(p, "C");
	g_assert_cmpuint(wfd_source_choice(p->source)->mode.height, ==, 720);
	answer(p, 4, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "N");
	peer_free(p);
}

/* A mode that was named and is not offered; refused, it is not asked for again, nor is a third. */
static void test_unoffered_format(gconstpointer step)
{
	WfdPeer *p = peer_new(step, &(WfdPolicy){.only = {1280, 720, 60, FALSE}});

	to_m3(p);
	answer(p, 2, 200,
	       "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none\r\n");
	expect(p, "SET_PARAMETER ", "wfd_video_formats: 00 00 01 02 00000040 00000000 00000000 ");
	g_assert_true(wfd_source_choice(p->source)->unoffered);
	answer(p, 3, 303, "wfd_video_formats: 415\r\n");
	expect(p, "SET_PARAMETER ", "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 ");
	g_assert_false(wfd_source_choice(p->source)->unoffered);
	expect_events(p, "CC");
	answer(p, 4, 303, "wfd_video_formats: 415\r\n");
	expect_end(p, "refused-format");
	peer_free(p);
}

/*
 * A sink that refuses M3, wholly or for some parameters, is asked for those of the specification, and
 * if it refuses these for what cannot be done without.
 */
static void test_m3_again(gconstpointer step)
{
	static const struct {
		guint code;
		const char *body;
		gboolean standby; /* what the first answer says counts still */
	} cases[] = {
		{303, "wfd_display_edid: 451\r\nwfd_uibc_capability: 451\r\n", FALSE},
		{303, STANDBY "wfd_video_formats: 451\r\n", TRUE},
		{451, "", FALSE},
		{200, STANDBY "wfd_video_formats: 451\r\nwfd_audio_codecs: 451\r\n", TRUE},
		{200, "", FALSE},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);

		to_m3(p);
		answer(p, 2, cases[i].code, cases[i].body);
		g_assert_null(strstr(p->sent->str, "intel_"));
		g_assert_null(strstr(p->sent->str, "microsoft_"));
		expect(p, "GET_PARAMETER ", "wfd_display_edid\r\n");
		answer(p, 3, cases[i].code, cases[i].body);
		g_assert_null(strstr(p->sent->str, "wfd_display_edid"));
		expect(p, "GET_PARAMETER ",
		       "\r\n\r\nwfd_video_formats\r\nwfd_audio_codecs\r\nwfd_client_rtp_ports\r\n");
		answer(p, 4, 200, CAPS);
		expect(p, "SET_PARAMETER ", "wfd_video_formats: 00 00 02 04 00000080 ");
		expect_events(p, "C");
		g_assert_cmpint(wfd_source_caps(p->source)->standby_resume, ==, cases[i].standby);
		peer_free(p);
	}
}

/* What is not of the specification costs a sink nothing of what is. */
static void test_m3_without_vendors(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m3(p);
	answer(p, 2, 303, "microsoft_max_bitrate: 451\r\nintel_friendly_name: 451\r\n");
	expect(p, "GET_PARAMETER ", "wfd_uibc_capability\r\n");
	answer(p, 3, 200, CAPS STANDBY);
	expect(p, "SET_PARAMETER ", "wfd_video_formats: ");
	expect_events(p, "C");
	g_assert_true(wfd_source_caps(p->source)->standby_resume);
	g_assert_null(wfd_source_caps(p->source)->name);
	g_assert_null(wfd_source_caps(p->source)->defaults);
	peer_free(p);
}

/* A sink that can be told how late it may show pictures is told once, when it plays. */
static void test_latency(gconstpointer step)
{
	for (guint code = 200; code <= 451; code += 251) {
		WfdPeer *p = peer_start(step);

		to_m6(p, CAPS LATENCY);
		feed(p, M6);
		expect(p, "RTSP/1.0 200 OK\r\n", "");
		feed(p, M7);
		expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 3\r\n");
		expect_events(p, "Y");
		wait_for_request(p);
		expect(p, "SET_PARAMETER ",
		       "\r\n\r\nmicrosoft_latency_management_capability: low\r\n");
		answer(p, 5, code, "");
		expect_nothing(p);
		feed(p, M9);
		expect(p, "RTSP/1.0 200 OK\r\n", "");
		feed(p, M7);
		g_assert_null(strstr(p->sent->str, "microsoft_"));
		expect_events(p, "PY");
		g_assert_false(p->ended);
		peer_free(p);
	}
}

#define ITS_OWN "GET_PARAMETER * RTSP/1.0\r\nCSeq: 7\r\n\r\n"

/* What the sink asks just before it answers is answered, and what follows from its own answer waits for that. */
static void test_asks_and_answers(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m3(p);
	feed(p, ITS_OWN);
	answer(p, 2, 200, CAPS);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 7\r\n");
	wait_for_request(p);
	expect(p, "SET_PARAMETER ", "wfd_video_formats: ");
	feed(p, ITS_OWN);
	answer(p, 3, 200, "");
	g_assert_null(strstr(p->sent->str, "wfd_trigger_method"));
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 7\r\n");
	wait_for_request(p);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	peer_free(p);
}

/* M6 that comes meanwhile has no need of the trigger: that would ask for another one. */
static void test_setup_before_trigger(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m3(p);
	answer(p, 2, 200, CAPS);
	expect(p, "SET_PARAMETER ", "wfd_video_formats: ");
	feed(p, ITS_OWN);
	answer(p, 3, 200, "");
	feed(p, M6 M7);
	g_assert_null(strstr(p->sent->str, "wfd_trigger_method"));
	g_assert_null(strstr(p->sent->str, "RTSP/1.0 4"));
	expect_events(p, "CNY");
	g_string_truncate(p->sent, 0);
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "");
	peer_free(p);
}

/* One that reports what it receives finds the port for that, even if it names none of its own. */
static void test_reports(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m6(p, CAPS "microsoft_rtcp_capability: supported\r\n");
	feed(p, "SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 2\r\n"
		"Transport: RTP/AVP/UDP;unicast;client_port=5000\r\n\r\n");
	expect(p, "RTSP/1.0 200 OK\r\n", "client_port=5000;server_port=16384-16385\r\n");
	g_assert_cmpuint(wfd_source_sink_rtcp_port(p->source), ==, 0);
	peer_free(p);
}

static void test_teardown_reason(gconstpointer step)
{
	static const struct {
		const char *body, *sentence;
	} cases[] = {
		{"microsoft_teardown_reason: C00D36CB no picture\r\n",
		 "says why: picture or sound could not be read (\"C00D36CB no picture\")"},
		{"microsoft_teardown_reason: 00000000 bye\r\n", "the sink ended the session:"},
		{"nonsense\001\r\n", "the sink ended the session:"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);
		g_autofree char *text = g_strdup_printf(
			"TEARDOWN rtsp://x RTSP/1.0\r\nCSeq: 9\r\nContent-Type: text/parameters\r\n"
			"Content-Length: %zu\r\n\r\n%s",
			strlen(cases[i].body), cases[i].body);

		to_play(p, CAPS);
		feed(p, text);
		expect(p, "RTSP/1.0 200 OK\r\nCSeq: 9\r\n", "");
		expect_end(p, "sink-teardown");
		g_assert_nonnull(strstr(p->sentence, cases[i].sentence));
		peer_free(p);
	}
}

/* M4 names no audio: a sink that says it wants some is told apart from one that dislikes the mode. */
static void test_video_only(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m4(p, CAPS);
	answer(p, 3, 303, "wfd_audio_codecs: 415\r\n");
	expect_nothing(p);
	expect_end(p, "refused-video-only");
	peer_free(p);
}

/* M4 names what both have; who refuses AAC is asked for LPCM, who refuses that, for no sound. */
static void test_sound(gconstpointer step)
{
	static const struct {
		const char *offered;
		WfdSoundPolicy policy;
		const char *named[3]; /* in M4, and in the one after each refusal */
		guint rate;
	} cases[] = {
		{"LPCM 00000003 00", WFD_SOUND_RATHER_LPCM, {"LPCM 00000002 00"}, 48000},
		{"AAC 00000001 00, LPCM 00000002 00",
		 WFD_SOUND_RATHER_LPCM,
		 {"LPCM 00000002 00"},
		 48000},
		{"AAC 00000001 00, LPCM 00000001 00",
		 WFD_SOUND_RATHER_AAC,
		 {"AAC 00000001 00", "LPCM 00000001 00"},
		 48000},
		{"LPCM 00000001 00", WFD_SOUND_RATHER_AAC, {"LPCM 00000001 00"}, 44100},
		{"LPCM 00000001 00", WFD_SOUND_RATHER_LPCM, {"LPCM 00000001 00"}, 44100},
		{"AAC 00000007 00", WFD_SOUND_RATHER_LPCM, {"AAC 00000001 00"}, 48000},
		{"AAC 00000007 00", WFD_SOUND_LPCM, {NULL}, 0},
		{"AAC 00000006 00", WFD_SOUND_RATHER_AAC, {NULL}, 0},
		{"LPCM 00000000 00, AC3 00000007 00", WFD_SOUND_RATHER_AAC, {NULL}, 0},
		{"LPCM 00000003 00, AAC 00000001 00", WFD_SOUND_OFF, {NULL}, 0},
		{"none", WFD_SOUND_RATHER_LPCM, {NULL}, 0},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const WfdPolicy policy = {.sound = cases[i].policy};
		g_autofree char *caps = g_strdup_printf(
			"wfd_video_formats: 40 00 02 04 0001FFFF 1FFFFFFF 00000FFF 00 0000 0000 00 "
			"none none\r\nwfd_audio_codecs: %s\r\n"
			"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n",
			cases[i].offered);
		WfdPeer *p = peer_new(step, &policy);

		to_m3(p);
		answer(p, 2, 200, caps);
		g_assert_cmpuint(wfd_source_sound(p->source)->rate, ==, cases[i].rate);
		expect_events(p, "C");
		for (guint n = 0; cases[i].named[n]; n++) {
			g_autofree char *line =
				g_strdup_printf("wfd_audio_codecs: %s\r\n", cases[i].named[n]);

			g_assert_nonnull(strstr(p->sent->str, line));
			expect(p, "SET_PARAMETER ", "wfd_video_formats: ");
			answer(p, 3 + n, 303, "wfd_audio_codecs: 415\r\n");
			expect_events(p, "C");
		}
		g_assert_null(strstr(p->sent->str, "wfd_audio_codecs"));
		expect(p, "SET_PARAMETER ", "wfd_video_formats: ");
		g_assert_cmpuint(wfd_source_sound(p->source)->rate, ==, 0);
		peer_free(p);
	}
}

int main(int argc, char **argv)
{
	static const WfdPeerCase cases[] = {
		{"handshake", test_handshake},
		{"impatient-sink", test_impatient_sink},
		{"pipelined", test_pipelined},
		{"policy", test_policy},
		{"sound", test_sound},
		{"setup-ports", test_setup_ports},
		{"setup-no-port-at-all", test_setup_no_port_at_all},
		{"setup-tcp", test_setup_tcp},
		{"keepalive", test_keepalive},
		{"keepalive-ignored", test_keepalive_ignored},
		{"keepalive-late", test_keepalive_late},
		{"keepalive-and-reports", test_keepalive_and_reports},
		{"idr-request", test_idr_request},
		{"sink-teardown", test_sink_teardown},
		{"stop", test_stop},
		{"stop-unanswered", test_stop_unanswered},
		{"stop-early", test_stop_early},
		{"second-format", test_second_format},
		{"unoffered-format", test_unoffered_format},
		{"m3-again", test_m3_again},
		{"m3-without-vendors", test_m3_without_vendors},
		{"latency", test_latency},
		{"asks-and-answers", test_asks_and_answers},
		{"setup-before-trigger", test_setup_before_trigger},
		{"reports", test_reports},
		{"teardown-reason", test_teardown_reason},
		{"video-only", test_video_only},
	};

	return peer_run(argc, argv, cases, G_N_ELEMENTS(cases));
}
