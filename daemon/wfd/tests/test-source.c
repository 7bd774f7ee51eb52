// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source's RTSP state machine, against a sink that is bytes in this file. Every case runs with
 * the sink's bytes fed one by one, in sevens, and as they come.
 */
#include "wfd-source.h"

#include <string.h>

#define CAPS                                                                                      \
	"wfd_video_formats: 40 00 02 04 0001FFFF 1FFFFFFF 00000FFF 00 0000 0000 00 none none\r\n" \
	"wfd_audio_codecs: LPCM 00000003 00\r\n"                                                  \
	"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n"                          \
	"wfd_display_edid: none\r\n"
#define STANDBY "wfd_standby_resume_capability: supported\r\n"
#define LATENCY "microsoft_latency_management_capability: supported\r\n"
#define M2	"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n"
#define M6                                                                \
	"SETUP rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 2\r\n" \
	"Transport: RTP/AVP/UDP;unicast;client_port=19000-19001\r\n\r\n"
#define M7                                                               \
	"PLAY rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 3\r\n" \
	"Session: 10048879;timeout=30\r\n\r\n"
#define M8 "TEARDOWN rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 9\r\n\r\n"
#define M9 "PAUSE rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 8\r\n\r\n"

typedef struct {
	WfdSource *source;
	gsize step; /* bytes a feed */
	gint64 now;
	GString *sent; /* what the source has written and nothing has looked at */
	char *sentence;
	gboolean ended;
	GString *events; /* letters: Capabilities, coNfigured, plaY, Pause, Idr, Uibc, Ended */
} WfdPeer;

static void drain(WfdPeer *p)
{
	const GByteArray *output;
	WfdSourceEvent event;

	while ((output = wfd_source_output(p->source))) {
		const char *end = g_strstr_len((char *)output->data, output->len, "\r\n\r\n");

		/* A message, and nothing of the next. */
		g_assert_nonnull(end);
		g_assert_null(
			g_strstr_len(end, output->len - (end - (char *)output->data), "RTSP/1.0"));
		g_string_append_len(p->sent, (char *)output->data, output->len);
		wfd_source_output_sent(p->source, output->len);
	}
	while (wfd_source_next_event(p->source, &event)) {
		g_assert_false(p->ended);
		if (event.type == WFD_SOURCE_ENDED) {
			p->ended = TRUE;
			p->sentence = g_steal_pointer(&event.text);
		}
		if (event.type != WFD_SOURCE_EXCHANGE)
			g_string_append_c(p->events, "CNYPIU-E"[event.type]);
		g_free(event.text);
	}
}

static void feed(WfdPeer *p, const char *text)
{
	gsize len = strlen(text);

	for (gsize i = 0; i < len; i += p->step)
		wfd_source_feed(p->source, (const guint8 *)text + i, MIN(p->step, len - i), p->now);
	drain(p);
}

/* The next thing sent must begin with @start and contain @part; takes it all. */
static void expect(WfdPeer *p, const char *start, const char *part)
{
	if (!g_str_has_prefix(p->sent->str, start) || !strstr(p->sent->str, part))
		g_error("expected \"%s...%s\", sent was \"%s\"", start, part, p->sent->str);
	g_string_truncate(p->sent, 0);
}

static void expect_nothing(WfdPeer *p)
{
	g_assert_cmpstr(p->sent->str, ==, "");
}

static void expect_events(WfdPeer *p, const char *events)
{
	g_assert_cmpstr(p->events->str, ==, events);
	g_string_truncate(p->events, 0);
}

static void expect_end(WfdPeer *p, const char *reason)
{
	g_assert_true(p->ended);
	g_assert_cmpstr(wfd_reason_name(wfd_source_reason(p->source)), ==, reason);
	g_assert_nonnull(p->sentence);
	g_assert_cmpint(wfd_source_next_deadline(p->source), ==, G_MAXINT64);
}

/* Answers the request of ours with number @cseq. */
static void answer(WfdPeer *p, guint cseq, guint code, const char *body)
{
	g_autofree char *text =
		g_strdup_printf("RTSP/1.0 %u X\r\nCSeq: %u\r\nContent-Type: text/parameters\r\n"
				"Content-Length: %zu\r\n\r\n%s",
				code, cseq, strlen(body), body);

	feed(p, text);
}

/* Lets time pass up to the next deadline, which must be @seconds away. */
static void wait_for(WfdPeer *p, guint seconds)
{
	gint64 deadline = wfd_source_next_deadline(p->source);

	g_assert_cmpint(deadline, ==, p->now + seconds * G_USEC_PER_SEC);
	p->now = deadline - 1;
	wfd_source_on_time(p->source, p->now);
	drain(p);
	expect_nothing(p);
	g_assert_false(p->ended);
	p->now = deadline;
	wfd_source_on_time(p->source, p->now);
	drain(p);
}

static WfdPeer *peer_new_of(gconstpointer step, const WfdSourceConfig *config)
{
	WfdPeer *p = g_new0(WfdPeer, 1);

	p->source = wfd_source_new(config);
	p->step = GPOINTER_TO_SIZE(step);
	p->now = 1000 * G_USEC_PER_SEC;
	p->sent = g_string_new(NULL);
	p->events = g_string_new(NULL);
	g_assert_cmpint(wfd_source_next_deadline(p->source), ==, G_MAXINT64);
	wfd_source_start(p->source, p->now);
	drain(p);
	expect(p, "OPTIONS * RTSP/1.0\r\n", "Require: org.wfa.wfd1.0\r\n");
	return p;
}

static WfdPeer *peer_new_with_input(gconstpointer step, const WfdPolicy *policy, guint16 uibc_port)
{
	const WfdSourceConfig config = {
		.local_host = "10.0.0.1",
		.rtp_port = 16384,
		.session_id = 48879,
		.uibc_port = uibc_port,
		.policy = *policy,
	};

	return peer_new_of(step, &config);
}

static WfdPeer *peer_new_with_id(gconstpointer step, guint32 id)
{
	const WfdSourceConfig config = {
		.local_host = "10.0.0.1", .rtp_port = 16384, .session_id = id};

	return peer_new_of(step, &config);
}

static WfdPeer *peer_new(gconstpointer step, const WfdPolicy *policy)
{
	return peer_new_with_input(step, policy, 0);
}

static WfdPeer *peer_start(gconstpointer step)
{
	return peer_new(step, &(WfdPolicy){0});
}

static void peer_free(WfdPeer *p)
{
	wfd_source_free(p->source);
	g_string_free(p->sent, TRUE);
	g_string_free(p->events, TRUE);
	g_free(p->sentence);
	g_free(p);
}

/* M3 comes by itself, a pause after the answer to M2. */
static void wait_for_m3(WfdPeer *p)
{
	gint64 deadline = wfd_source_next_deadline(p->source);

	g_assert_cmpint(deadline, >=, p->now + 50000);
	g_assert_cmpint(deadline, <=, p->now + 100000);
	expect_nothing(p);
	p->now = deadline - 1;
	wfd_source_on_time(p->source, p->now);
	drain(p);
	expect_nothing(p);
	p->now = deadline;
	wfd_source_on_time(p->source, p->now);
	drain(p);
}

static void to_m3(WfdPeer *p)
{
	answer(p, 1, 200, "");
	feed(p, M2);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 1\r\n");
	wait_for_m3(p);
	expect(p, "GET_PARAMETER ", "GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\n");
}

static void to_m4(WfdPeer *p, const char *caps)
{
	to_m3(p);
	answer(p, 2, 200, caps);
	expect(p, "SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\n", "wfd_video_formats: ");
	expect_events(p, "C");
}

static void to_m6(WfdPeer *p, const char *caps)
{
	to_m4(p, caps);
	answer(p, 3, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "N");
	answer(p, 4, 200, "");
	expect_nothing(p);
}

static void to_play(WfdPeer *p, const char *caps)
{
	to_m6(p, caps);
	feed(p, M6);
	expect(p, "RTSP/1.0 200 OK\r\n", "Session: 10048879;timeout=30\r\n");
	feed(p, M7);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 3\r\n");
	expect_events(p, "Y");
}

static void test_handshake(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	answer(p, 1, 200, "");
	expect_nothing(p);
	feed(p, M2);
	g_assert_nonnull(strstr(p->sent->str, "Public: org.wfa.wfd1.0, "));
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n", "Public: ");
	wait_for_m3(p);
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
	g_assert_true(wfd_source_sink_has_rtcp(p->source));
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
	wait_for_m3(p);
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

/* Ports as sinks name them in M6: none at all, one, an odd second one, with a list in front. */
static void test_setup_ports(gconstpointer step)
{
	static const struct {
		const char *transport;
		guint16 port;
		const char *reply;
	} cases[] = {
		{"", 1028, "client_port=1028;server_port=16384\r\n"},
		{"Transport: RTP/AVP/UDP;unicast\r\n", 1028,
		 "client_port=1028;server_port=16384\r\n"},
		{"Transport: RTP/AVP/UDP;unicast;client_port=5000\r\n", 5000,
		 "client_port=5000;server_port=16384\r\n"},
		{"Transport: RTP/AVP;unicast;client_port=5000-7\r\n", 5000,
		 "client_port=5000-7;server_port=16384-16385\r\n"},
		{"Transport: RTP/AVP/UDP;unicast;client_port 5000\r\n", 1028,
		 "client_port=1028;server_port=16384\r\n"},
		{"Transport: RTP/AVP/UDP;unicast;client_port=99999\r\n", 1028, "client_port="},
		{"Transport: RTP/AVP/TCP;interleaved=0-1, RTP/AVP/UDP;unicast;client_port=6\r\n", 6,
		 "client_port=6;"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);
		g_autofree char *setup = g_strdup_printf(
			"SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 2\r\n%s\r\n", cases[i].transport);

		to_m6(p, CAPS);
		feed(p, setup);
		expect(p, "RTSP/1.0 200 OK\r\n", cases[i].reply);
		if (strcmp(cases[i].reply, "client_port="))
			g_assert_cmpuint(wfd_source_sink_rtp_port(p->source), ==, cases[i].port);
		else
			g_assert_cmpuint(wfd_source_sink_rtp_port(p->source), !=, 0);
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
	g_assert_false(wfd_source_sink_has_rtcp(p->source));
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

#define UIBC                                                                                       \
	"wfd_uibc_capability: input_category_list=GENERIC, HIDC;generic_cap_list=Mouse, Keyboard;" \
	"hidc_cap_list=Keyboard/USB;port=none\r\n"
#define UIBC_CHOSEN                                                                      \
	"wfd_uibc_capability: input_category_list=GENERIC, HIDC;generic_cap_list=Mouse;" \
	"hidc_cap_list=Keyboard/USB;port=7239\r\n"

static char *set_parameter(guint cseq, const char *body)
{
	return g_strdup_printf("SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: %u\r\n"
			       "Content-Length: %zu\r\n\r\n%s",
			       cseq, strlen(body), body);
}

/* Agreed upon in M4, switched on by M15 when the sink plays, off and on again by the sink. */
static void test_input(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	g_autofree char *off = set_parameter(4, "wfd_uibc_setting: disable\r\n");
	g_autofree char *on = set_parameter(5, "wfd_uibc_setting: enable\r\n");
	g_autofree char *other = set_parameter(
		6, "wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=SingleTouch;"
		   "hidc_cap_list=none;port=none\r\n");
	g_autofree char *none = set_parameter(7, "wfd_uibc_capability: none\r\n");

	to_m3(p);
	answer(p, 2, 200, CAPS UIBC);
	expect(p, "SET_PARAMETER ", UIBC_CHOSEN);
	g_assert_null(wfd_source_uibc(p->source));
	answer(p, 3, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "CNU");
	g_assert_cmphex(wfd_source_uibc(p->source)->generic, ==, 1 << WFD_UIBC_MOUSE);
	answer(p, 4, 200, "");
	feed(p, M6);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 2\r\n");
	feed(p, M7);
	g_assert_nonnull(strstr(p->sent->str, "SET_PARAMETER "));
	expect(p, "RTSP/1.0 200 OK\r\n", "\r\n\r\nwfd_uibc_setting: enable\r\n");
	expect_events(p, "Y");
	answer(p, 5, 200, "");
	expect_nothing(p);

	feed(p, off);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	expect_events(p, "U");
	g_assert_null(wfd_source_uibc(p->source));
	feed(p, off);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	expect_events(p, "");
	feed(p, on);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	expect_events(p, "U");
	feed(p, other);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 6\r\n");
	expect_events(p, "U");
	g_assert_cmphex(wfd_source_uibc(p->source)->generic, ==, 1 << WFD_UIBC_SINGLE_TOUCH);
	g_assert_cmphex(wfd_source_uibc(p->source)->hidc[WFD_UIBC_KEYBOARD], ==, 0);
	feed(p, none);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 7\r\n");
	expect_events(p, "U");
	g_assert_null(wfd_source_uibc(p->source));
	feed(p, other);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 6\r\n");
	expect_events(p, "U");
	g_assert_nonnull(wfd_source_uibc(p->source));
	peer_free(p);
}

/* Without leave nothing is said of it, and what the sink says of it is of no effect. */
static void test_input_not_wanted(gconstpointer step)
{
	WfdPeer *p = peer_start(step);
	g_autofree char *on = set_parameter(4, "wfd_uibc_setting: enable\r\n");
	g_autofree char *capability = set_parameter(5, UIBC);

	to_m3(p);
	answer(p, 2, 200, CAPS UIBC);
	g_assert_null(strstr(p->sent->str, "uibc"));
	expect(p, "SET_PARAMETER ", "wfd_video_formats");
	expect_events(p, "C");
	answer(p, 3, 200, "");
	answer(p, 4, 200, "");
	feed(p, M6);
	feed(p, M7);
	g_string_truncate(p->sent, 0);
	expect_events(p, "NY");
	feed(p, on);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	feed(p, capability);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	expect_events(p, "");
	g_assert_null(wfd_source_uibc(p->source));
	peer_free(p);
}

/* A sink that refuses M4 for it gets the same mode without. */
static void test_input_refused(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	WfdMode mode;

	to_m3(p);
	answer(p, 2, 200, CAPS UIBC);
	expect(p, "SET_PARAMETER ", UIBC_CHOSEN);
	mode = wfd_source_choice(p->source)->mode;
	answer(p, 3, 303, "wfd_uibc_capability: 451\r\n");
	g_assert_null(strstr(p->sent->str, "uibc"));
	expect(p, "SET_PARAMETER ", "wfd_video_formats");
	g_assert_cmpuint(wfd_source_choice(p->source)->mode.width, ==, mode.width);
	answer(p, 4, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	expect_events(p, "CN");
	g_assert_null(wfd_source_uibc(p->source));
	peer_free(p);
}

/* A sink whose keyboard is plugged in while it plays: its M14, and then ours with the port. */
static void test_input_later(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	g_autofree char *capability = set_parameter(4, UIBC);

	to_play(p, CAPS "wfd_uibc_capability: none\r\n");
	feed(p, capability);
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 4\r\n", UIBC_CHOSEN);
	expect_events(p, "");
	answer(p, 5, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_uibc_setting: enable\r\n");
	expect_events(p, "U");
	answer(p, 6, 406, "");
	expect_nothing(p);
	g_assert_nonnull(wfd_source_uibc(p->source));
	peer_free(p);
}

/* And pulled out again before ours can be sent: there is nothing to be said of it. */
static void test_input_withdrawn(gconstpointer step)
{
	WfdPeer *p = peer_new_with_input(step, &(WfdPolicy){0}, 7239);
	g_autofree char *capability = set_parameter(4, UIBC);
	g_autofree char *none = set_parameter(5, "wfd_uibc_capability: none\r\n");

	to_play(p, CAPS STANDBY "wfd_uibc_capability: none\r\n");
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 5\r\n");
	feed(p, capability);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 4\r\n");
	feed(p, none);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	answer(p, 5, 200, "");
	expect_nothing(p);
	expect_events(p, "");
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

static void test_standby(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS STANDBY);
	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "\r\n\r\nwfd_standby\r\n");
	answer(p, 5, 200, "");
	expect_events(p, "P");
	/* The keep-alive goes on meanwhile. */
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 6\r\n");
	answer(p, 6, 200, "");
	wfd_source_set_standby(p->source, FALSE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
	answer(p, 7, 200, "");
	feed(p, M7);
	expect(p, "RTSP/1.0 200 OK\r\n", "");
	expect_events(p, "Y");
	g_assert_false(p->ended);
	peer_free(p);
}

/* Off and on again faster than the sink answers. */
static void test_standby_quick(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS STANDBY);
	wfd_source_set_standby(p->source, TRUE, p->now);
	wfd_source_set_standby(p->source, FALSE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 5, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
	answer(p, 6, 200, "");
	expect_events(p, "P");
	wait_for(p, 10);
	expect_end(p, "sink-silent-m7");
	g_assert_nonnull(strstr(p->sentence, "PLAY (M7)"));
	peer_free(p);
}

/* A sink that will not wake up says so; one that is awake already may say that it will not, too. */
static void test_wake_up_refused(gconstpointer step)
{
	static const struct {
		guint code;
		gboolean plays; /* before it answers */
		const char *reason; /* NULL: it is waited for still */
	} cases[] = {
		{501, FALSE, "refused-m5"}, {400, FALSE, "refused-m5"}, {400, TRUE, NULL},
		{406, TRUE, NULL},	    {406, FALSE, NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);

		to_play(p, CAPS STANDBY);
		wfd_source_set_standby(p->source, TRUE, p->now);
		drain(p);
		expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
		answer(p, 5, 200, "");
		wfd_source_set_standby(p->source, FALSE, p->now);
		drain(p);
		expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
		if (cases[i].plays)
			feed(p, M7);
		answer(p, 6, cases[i].code, "");
		if (cases[i].reason) {
			expect_end(p, cases[i].reason);
			g_assert_nonnull(strstr(p->sentence, "to M5 PLAY, as it was to go on"));
		} else {
			if (!cases[i].plays)
				feed(p, M7);
			expect_events(p, "PY");
		}
		peer_free(p);
	}
}

/* A sink without standby, and one that refuses it, are paused. */
static void test_standby_by_pause(gconstpointer step)
{
	for (guint refuses = 0; refuses < 2; refuses++) {
		WfdPeer *p = peer_start(step);
		guint cseq = 5;

		to_play(p, refuses ? CAPS STANDBY : CAPS);
		wfd_source_set_standby(p->source, TRUE, p->now);
		drain(p);
		if (refuses) {
			expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
			answer(p, cseq++, 303, "");
		}
		expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
		answer(p, cseq++, 200, "");
		feed(p, M9);
		expect(p, "RTSP/1.0 200 OK\r\nCSeq: 8\r\n", "Session: ");
		expect_events(p, "P");
		wfd_source_set_standby(p->source, FALSE, p->now);
		drain(p);
		expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
		answer(p, cseq++, 200, "");
		feed(p, M7);
		expect_events(p, "Y");
		peer_free(p);
	}
}

/* A sink that says yes to the trigger PAUSE and plays on: a later pause is its user's own. */
static void test_pause_of_the_sinks_own(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
	answer(p, 5, 200, "");
	p->now += 10 * G_USEC_PER_SEC;
	wfd_source_set_standby(p->source, FALSE, p->now);
	drain(p);
	feed(p, M9);
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 8\r\n", "Session: ");
	expect_events(p, "P");
	drain(p);
	expect_nothing(p);
	/* It is left alone, but for the keep-alives. */
	wait_for(p, 15);
	expect(p, "GET_PARAMETER ", "CSeq: 6\r\n");
	answer(p, 6, 200, "");
	feed(p, M7);
	expect_events(p, "Y");
	peer_free(p);
}

/* A sink that takes standby and plays on at once is left alone, until the monitor goes on. */
static void test_standby_undone(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS STANDBY);
	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 5, 200, "");
	feed(p, M7);
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 3\r\n", "Session: ");
	expect_events(p, "PY");
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 6\r\n");
	answer(p, 6, 200, "");
	wfd_source_set_standby(p->source, FALSE, p->now);
	drain(p);
	expect_nothing(p);
	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
	peer_free(p);
}

/* Nothing that we asked has paused this sink, so nothing wakes it when it pauses by itself. */
static void test_standby_refused(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS STANDBY);
	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 5, 303, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
	answer(p, 6, 303, "");
	expect_nothing(p);
	wfd_source_set_standby(p->source, FALSE, p->now);
	drain(p);
	feed(p, M9);
	g_assert_null(strstr(p->sent->str, "wfd_trigger_method"));
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 8\r\n", "Session: ");
	expect_events(p, "P");
	peer_free(p);
}

/* It did what the trigger says; that it does not answer it costs nothing. */
static void test_trigger_unanswered(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m4(p, CAPS STANDBY);
	answer(p, 3, 200, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: SETUP\r\n");
	feed(p, M6 M7);
	g_string_truncate(p->sent, 0);
	wait_for(p, 6);
	g_assert_false(p->ended);
	wait_for(p, 19);
	expect(p, "GET_PARAMETER ", "CSeq: 5\r\n");
	answer(p, 5, 200, "");

	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 6, 200, "");
	wfd_source_set_standby(p->source, FALSE, p->now);
	drain(p);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
	feed(p, M7);
	g_string_truncate(p->sent, 0);
	wait_for(p, 6);
	g_assert_false(p->ended);
	peer_free(p);
}

static void test_standby_before_play(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
	expect_nothing(p);
	to_m6(p, CAPS STANDBY);
	feed(p, M6 M7);
	expect(p, "RTSP/1.0 200 OK\r\n", "\r\n\r\nwfd_standby\r\n");
	peer_free(p);
}

static void test_sink_standby(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	feed(p, "SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 13\r\n\r\n"
		"wfd_standby\r\n");
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	expect_events(p, "P");
	feed(p, M7);
	expect_events(p, "Y");
	peer_free(p);
}

static void test_sink_pause(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	feed(p, M9);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 8\r\n");
	feed(p, M9);
	expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 8\r\n");
	expect_events(p, "P");
	feed(p, M7 M7);
	expect_events(p, "Y");
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
	wfd_source_set_standby(p->source, TRUE, p->now);
	drain(p);
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

/* Every wait ends at its documented time with its own reason. */
static void test_silence(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	wait_for(p, 6);
	expect_end(p, "sink-silent-m1");
	peer_free(p);

	p = peer_start(step);
	answer(p, 1, 200, "");
	wait_for(p, 6);
	expect_end(p, "sink-silent-m2");
	peer_free(p);

	p = peer_start(step);
	to_m3(p);
	wait_for(p, 6);
	expect_end(p, "sink-silent-m3");
	peer_free(p);

	p = peer_start(step);
	to_m4(p, CAPS);
	wait_for(p, 6);
	expect_end(p, "sink-silent-m4");
	peer_free(p);

	p = peer_start(step);
	to_m4(p, CAPS);
	answer(p, 3, 200, "");
	expect(p, "SET_PARAMETER ", "SETUP");
	wait_for(p, 6);
	expect_end(p, "sink-silent-m5");
	peer_free(p);

	p = peer_start(step);
	to_m6(p, CAPS);
	wait_for(p, 10);
	expect_end(p, "sink-silent-m6");
	peer_free(p);

	p = peer_start(step);
	to_m6(p, CAPS);
	feed(p, M6);
	expect(p, "RTSP/1.0 200 OK\r\n", "");
	wait_for(p, 10);
	expect_end(p, "sink-silent-m7");
	peer_free(p);
}

/* A sink that asks again and again is waited for no longer than one that asks once. */
static void test_again_and_again(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	answer(p, 1, 200, "");
	feed(p, M2);
	g_string_truncate(p->sent, 0);
	for (guint i = 0; i < 2; i++) {
		p->now += 60000;
		feed(p, M2);
	}
	expect(p, "RTSP/1.0 200 OK\r\n", "GET_PARAMETER ");
	peer_free(p);

	p = peer_start(step);
	to_m6(p, CAPS);
	feed(p, M6);
	p->now += 8 * G_USEC_PER_SEC;
	feed(p, M6);
	g_string_truncate(p->sent, 0);
	wait_for(p, 2);
	expect_end(p, "sink-silent-m7");
	peer_free(p);
}

static void test_refusals(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	answer(p, 1, 551, "");
	expect_end(p, "refused-m1");
	peer_free(p);

	p = peer_start(step);
	to_m3(p);
	answer(p, 2, 404, "");
	expect(p, "GET_PARAMETER ", "CSeq: 3\r\n");
	answer(p, 3, 404, "");
	expect(p, "GET_PARAMETER ", "CSeq: 4\r\n");
	answer(p, 4, 404, "");
	expect_end(p, "refused-m3");
	peer_free(p);

	p = peer_start(step);
	to_m4(p, CAPS);
	answer(p, 3, 303, "wfd_video_formats: 415\r\n");
	expect(p, "SET_PARAMETER ", "CSeq: 4\r\n");
	answer(p, 4, 303, "wfd_video_formats: 415\r\n");
	expect_end(p, "refused-format");
	g_assert_nonnull(strstr(p->sentence, "1280x720@30"));
	peer_free(p);

	/* No other was to be chosen. */
	p = peer_new(step, &(WfdPolicy){.only = {1920, 1080, 30, FALSE}});
	to_m4(p, CAPS);
	answer(p, 3, 303, "");
	expect_nothing(p);
	expect_end(p, "refused-format");
	g_assert_nonnull(strstr(p->sentence, "1920x1080@30"));
	peer_free(p);

	p = peer_start(step);
	to_m4(p, CAPS);
	answer(p, 3, 200, "");
	answer(p, 4, 500, "");
	expect_end(p, "refused-m5");
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

static void test_bad_capabilities(gconstpointer step)
{
	static const struct {
		const char *caps;
		const char *reason;
	} cases[] = {
		{"", "bad-capabilities"},
		{"wfd_audio_codecs: none\r\n", "bad-capabilities"},
		{"wfd_video_formats: zz\r\n", "bad-capabilities"},
		{"wfd_video_formats: none\r\n", "no-common-format"},
		{"wfd_video_formats: 00 00 01 01 00000200 00000000 00000000\r\n",
		 "no-common-format"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);

		to_m3(p);
		answer(p, 2, 200, cases[i].caps);
		/* What cannot be read is asked for again, without the rest. */
		if (!strcmp(cases[i].reason, "bad-capabilities")) {
			expect(p, "GET_PARAMETER ", "CSeq: 3\r\n");
			answer(p, 3, 200, cases[i].caps);
			expect(p, "GET_PARAMETER ", "CSeq: 4\r\n");
			answer(p, 4, 200, cases[i].caps);
		}
		expect_end(p, cases[i].reason);
		peer_free(p);
	}
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
		expect(p, "RTSP/1.0 200 OK\r\n",
		       "\r\n\r\nmicrosoft_latency_management_capability: low\r\n");
		expect_events(p, "Y");
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

/* One that reports what it receives finds the port for that, even if it names none of its own. */
static void test_reports(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m6(p, CAPS "microsoft_rtcp_capability: supported\r\n");
	feed(p, "SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 2\r\n"
		"Transport: RTP/AVP/UDP;unicast;client_port=5000\r\n\r\n");
	expect(p, "RTSP/1.0 200 OK\r\n", "client_port=5000;server_port=16384-16385\r\n");
	g_assert_false(wfd_source_sink_has_rtcp(p->source));
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

#define FOREIGN "PLAY rtsp://x RTSP/1.0\r\nCSeq: 3\r\nSession: 12345678\r\n\r\n"
#define OVER_TCP                                   \
	"SETUP rtsp://x/y RTSP/1.0\r\nCSeq: 2\r\n" \
	"Transport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"

/* What the sink was refused is why it does not go on, however it shows that it does not. */
static void test_causes(gconstpointer step)
{
	static const struct {
		const char *refused; /* after M6 if it is a PLAY */
		const char *reply;
		const char *reason;
	} cases[] = {
		{OVER_TCP, "RTSP/1.0 461 ", "unsupported-transport"},
		{FOREIGN, "RTSP/1.0 454 ", "foreign-session"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint way = 0; way < 3; way++) {
			WfdPeer *p = peer_start(step);

			to_m6(p, CAPS);
			if (i == 1) {
				feed(p, M6);
				expect(p, "RTSP/1.0 200 OK\r\n", "");
			}
			feed(p, cases[i].refused);
			expect(p, cases[i].reply, "");
			if (way == 0)
				wait_for(p, 10);
			else if (way == 1)
				wfd_source_eof(p->source, NULL);
			else
				feed(p, M8);
			drain(p);
			expect_end(p, cases[i].reason);
			peer_free(p);
		}
}

static void test_silent_after_refusal(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	answer(p, 1, 200, "");
	feed(p, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: com.example\r\n\r\n");
	expect(p, "RTSP/1.0 551 ", "");
	wait_for(p, 6);
	expect_end(p, "silent-after-refusal");
	g_assert_nonnull(strstr(p->sentence, "551"));
	peer_free(p);

	/* What was refused once and mended is not to blame. */
	p = peer_start(step);
	feed(p, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: com.example\r\n\r\n");
	expect(p, "RTSP/1.0 551 ", "");
	to_m3(p);
	wait_for(p, 6);
	expect_end(p, "sink-silent-m3");
	peer_free(p);
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

static void test_closed(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_m6(p, CAPS);
	wfd_source_eof(p->source, NULL);
	drain(p);
	expect_end(p, "sink-closed");
	g_assert_nonnull(strstr(p->sentence, "SETUP (M6)"));
	peer_free(p);

	p = peer_start(step);
	wfd_source_eof(p->source, "No route to host");
	drain(p);
	expect_end(p, "link-lost");
	peer_free(p);
}

static void test_garbage(gconstpointer step)
{
	static const struct {
		const char *text;
		const char *reason;
	} cases[] = {
		{"\x16\x03\x01 a TLS hello", "garbage"},
		{"SSH-2.0-OpenSSH_9.2\r\n", "garbage"},
		{"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "bad-content-length"},
		{"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2\r\n\r\nwfd_x: 1\r\n",
		 "bad-content-length"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);

		feed(p, cases[i].text);
		expect_end(p, cases[i].reason);
		peer_free(p);
	}
}

static void test_megabyte(gconstpointer step)
{
	static const char fills[] = {'x', '\n', '\0', ' '};

	for (guint i = 0; i < G_N_ELEMENTS(fills); i++) {
		WfdPeer *p = peer_start(step);
		guint8 block[4096];

		memset(block, fills[i], sizeof(block));
		for (guint n = 0; n < 256; n++)
			wfd_source_feed(p->source, block, sizeof(block), p->now);
		drain(p);
		/* Empty lines and NULs between messages cost nothing; the wait for M1 goes on. */
		if (fills[i] == '\n' || fills[i] == '\0')
			wait_for(p, 6);
		expect_end(p, fills[i] == '\n' || fills[i] == '\0' ? "sink-silent-m1" : "garbage");
		peer_free(p);
	}
}

/* A Content-Length that is too large: the rest never comes. */
static void test_incomplete(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	feed(p, "SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 18\r\n\r\n"
		"wfd_idr_request\r\n");
	expect_nothing(p);
	wait_for(p, 6);
	expect_end(p, "sink-message-incomplete");
	peer_free(p);

	/* The answer that is due has begun: the sink is not silent. */
	p = peer_start(step);
	to_m3(p);
	p->now += G_USEC_PER_SEC;
	feed(p, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 18\r\n\r\nwfd_");
	expect_nothing(p);
	wait_for(p, 5);
	expect_end(p, "sink-message-incomplete");
	peer_free(p);
}

static void test_bad_requests(gconstpointer step)
{
	static const struct {
		const char *request;
		const char *reply;
	} cases[] = {
		{"FROBNICATE * RTSP/1.0\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 501 "},
		{"GET_PARAMETER rtsp://x\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 400 "},
		{"OPTIONS * RTSP/1.0 x\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 400 "},
		{"DESCRIBE * RTSP/1.0\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 405 "},
		{"OPTIONS * RTSP/2.0\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 505 "},
		{"OPTIONS * RTSP/1.0\r\n\r\n", "RTSP/1.0 400 "},
		{"OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n", "RTSP/1.0 400 "},
		{"OPTIONS * RTSP/1.0\r\nCSeq: 5\r\nRequire: com.example\r\n\r\n", "RTSP/1.0 551 "},
		{"PLAY * RTSP/1.0\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 455 "},
		{"PAUSE * RTSP/1.0\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 455 "},
		{"SETUP * RTSP/1.0\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 455 "},
		{"PAUSE * RTSP/1.0\r\nCSeq: 5\r\nSession: 1004887\r\n\r\n", "RTSP/1.0 454 "},
		{"GET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\n\r\n", "RTSP/1.0 200 "},
	};
	WfdPeer *p = peer_start(step);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		feed(p, cases[i].request);
		expect(p, cases[i].reply, "");
	}
	/* None of that has hurt the session. */
	to_play(p, CAPS);
	feed(p, M6);
	expect(p, "RTSP/1.0 455 ", "");
	peer_free(p);
}

/* What is not understood is answered as what is: a refusal is all that could do harm. */
static void test_unknown_parameters(gconstpointer step)
{
	static const char *const requests[] = {
		"SET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 8\r\n\r\nwfd_x: 1",
		"SET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 4\r\n\r\n\001\002\r\n",
		"GET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 5\r\n\r\nwfd_x",
	};
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
		feed(p, requests[i]);
		g_assert_true(g_str_has_suffix(p->sent->str, "\r\n\r\n"));
		g_assert_null(strstr(p->sent->str, "Content-Length"));
		expect(p, "RTSP/1.0 200 OK\r\n", "CSeq: 5\r\n");
	}
	expect_events(p, "");
	peer_free(p);
}

/* How sinks write the session that they were given as 10048879; and what they may not do with another. */
static void test_session_ids(gconstpointer step)
{
	static const char *const ids[] = {
		"10048879",
		"010048879",
		"\"10048879\"",
		" 10048879 ; timeout=30",
		"\" 10048879 \";timeout=30",
	};
	static const char *const foreign[] = {"10048878", "100488790", "x", "\"\"", "-10048879"};
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	for (guint i = 0; i < G_N_ELEMENTS(ids) + G_N_ELEMENTS(foreign); i++) {
		gboolean ours = i < G_N_ELEMENTS(ids);
		g_autofree char *text =
			g_strdup_printf("PLAY * RTSP/1.0\r\nCSeq: 5\r\nSession: %s\r\n\r\n",
					ours ? ids[i] : foreign[i - G_N_ELEMENTS(ids)]);

		feed(p, text);
		expect(p, ours ? "RTSP/1.0 200 " : "RTSP/1.0 454 ", "CSeq: 5\r\n");
	}
	expect_events(p, "");
	peer_free(p);
}

/* What changes no session is served whichever it names: a connection has but one. */
static void test_other_session(gconstpointer step)
{
#define OTHER " * RTSP/1.0\r\nCSeq: 5\r\nSession: 4\r\n"
	static const struct {
		const char *request;
		const char *reply;
		const char *events;
	} cases[] = {
		{"SET_PARAMETER" OTHER "Content-Length: 17\r\n\r\nwfd_idr_request\r\n",
		 "RTSP/1.0 200 ", "I"},
		{"GET_PARAMETER" OTHER "\r\n", "RTSP/1.0 200 ", ""},
		{"OPTIONS" OTHER "\r\n", "RTSP/1.0 200 ", ""},
		{"SETUP" OTHER "\r\n", "RTSP/1.0 454 ", ""},
		{"PLAY" OTHER "\r\n", "RTSP/1.0 454 ", ""},
		{"PAUSE" OTHER "\r\n", "RTSP/1.0 454 ", ""},
		{"TEARDOWN" OTHER "\r\n", "RTSP/1.0 454 ", ""},
	};
#undef OTHER
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		feed(p, cases[i].request);
		expect(p, cases[i].reply, "CSeq: 5\r\n");
		expect_events(p, cases[i].events);
	}
	peer_free(p);
}

/* Read with base 0, as C does it, a leading zero makes another number of it. */
static void test_session_id_is_decimal(gconstpointer step)
{
	static const guint32 numbers[] = {0, 7, 89999999, 90000000, G_MAXUINT32};

	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
		WfdPeer *p = peer_new_with_id(step, numbers[i]);
		const char *id;

		to_m6(p, CAPS);
		feed(p, M6);
		id = strstr(p->sent->str, "Session: ") + strlen("Session: ");
		g_assert_cmpint(*id, !=, '0');
		g_assert_cmpuint(strspn(id, "0123456789"), ==, 8);
		g_assert_true(g_str_has_prefix(id + 8, ";timeout=30\r\n"));
		peer_free(p);
	}
}

static void test_strikes(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	/* Parameters that nobody knows are none. */
	for (guint i = 0; i < 100; i++)
		feed(p, "SET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 8\r\n\r\n"
			"wfd_x: 1");
	g_assert_false(p->ended);

	for (guint i = 0; i < 31; i++)
		feed(p, "RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n");
	g_assert_false(p->ended);
	feed(p, "FROBNICATE * RTSP/1.0\r\nCSeq: 5\r\n\r\n");
	expect_end(p, "too-many-errors");
	peer_free(p);
}

/* The answer to M1 with the number of none: the wait goes on, and ends. */
static void test_wrong_cseq(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	answer(p, 2, 200, "");
	feed(p, "RTSP/1.0 200 OK\r\n\r\n");
	expect_nothing(p);
	wait_for(p, 6);
	expect_end(p, "sink-silent-m1");
	peer_free(p);
}

static void test_not_reading(gconstpointer step)
{
	WfdPeer *p = peer_start(step);
	gsize len = strlen(M2);

	for (guint i = 0; i < 100000 && wfd_source_reason(p->source) == WFD_REASON_NONE; i++)
		wfd_source_feed(p->source, (const guint8 *)M2, len, p->now);
	drain(p);
	g_assert_cmpuint(p->sent->len, <, 300 * 1024);
	expect_end(p, "sink-not-reading");
	peer_free(p);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		GTestDataFunc func;
	} cases[] = {
		{"handshake", test_handshake},
		{"impatient-sink", test_impatient_sink},
		{"pipelined", test_pipelined},
		{"policy", test_policy},
		{"sound", test_sound},
		{"setup-ports", test_setup_ports},
		{"setup-no-port-at-all", test_setup_no_port_at_all},
		{"setup-tcp", test_setup_tcp},
		{"input", test_input},
		{"input-not-wanted", test_input_not_wanted},
		{"input-refused", test_input_refused},
		{"input-later", test_input_later},
		{"input-withdrawn", test_input_withdrawn},
		{"keepalive", test_keepalive},
		{"keepalive-ignored", test_keepalive_ignored},
		{"keepalive-and-reports", test_keepalive_and_reports},
		{"idr-request", test_idr_request},
		{"standby", test_standby},
		{"standby-quick", test_standby_quick},
		{"wake-up-refused", test_wake_up_refused},
		{"standby-by-pause", test_standby_by_pause},
		{"pause-of-the-sinks-own", test_pause_of_the_sinks_own},
		{"standby-undone", test_standby_undone},
		{"standby-refused", test_standby_refused},
		{"trigger-unanswered", test_trigger_unanswered},
		{"standby-before-play", test_standby_before_play},
		{"sink-standby", test_sink_standby},
		{"sink-pause", test_sink_pause},
		{"sink-teardown", test_sink_teardown},
		{"stop", test_stop},
		{"stop-unanswered", test_stop_unanswered},
		{"stop-early", test_stop_early},
		{"silence", test_silence},
		{"again-and-again", test_again_and_again},
		{"refusals", test_refusals},
		{"second-format", test_second_format},
		{"unoffered-format", test_unoffered_format},
		{"bad-capabilities", test_bad_capabilities},
		{"m3-again", test_m3_again},
		{"m3-without-vendors", test_m3_without_vendors},
		{"latency", test_latency},
		{"reports", test_reports},
		{"teardown-reason", test_teardown_reason},
		{"causes", test_causes},
		{"silent-after-refusal", test_silent_after_refusal},
		{"video-only", test_video_only},
		{"closed", test_closed},
		{"garbage", test_garbage},
		{"megabyte", test_megabyte},
		{"incomplete", test_incomplete},
		{"bad-requests", test_bad_requests},
		{"unknown-parameters", test_unknown_parameters},
		{"session-ids", test_session_ids},
		{"session-id-is-decimal", test_session_id_is_decimal},
		{"other-session", test_other_session},
		{"strikes", test_strikes},
		{"wrong-cseq", test_wrong_cseq},
		{"not-reading", test_not_reading},
	};
	static const gsize steps[] = {1, 7, G_MAXSIZE / 2};
	static const char *const step_names[] = {"bytes", "sevens", "whole"};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint n = 0; n < G_N_ELEMENTS(steps); n++) {
			g_autofree char *path =
				g_strdup_printf("/wfd/source/%s/%s", cases[i].name, step_names[n]);

			g_test_add_data_func(path, GSIZE_TO_POINTER(steps[n]), cases[i].func);
		}
	return g_test_run();
}
