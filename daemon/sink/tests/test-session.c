// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink's RTSP session, driven by the bytes of a source and a clock that the test turns. */
#include "sink-session.h"
#include "sink-violations.h"

#include <string.h>

#define PORT   19000
#define SECOND G_USEC_PER_SEC
#define URI    "rtsp://localhost/wfd1.0"
#define STREAM "rtsp://10.0.0.1/wfd1.0/streamid=0"
#define M4_VIDEO \
	"wfd_video_formats: 00 00 01 04 00000020 00000000 00000000 00 0000 0000 00 none none\r\n"
#define M4_AUDIO "wfd_audio_codecs: LPCM 00000002 00\r\n"
#define M4_URL	 "wfd_presentation_URL: " STREAM " none\r\n"
#define M4_PORTS "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
#define M4	 M4_VIDEO M4_AUDIO M4_URL M4_PORTS
#define AUDIO	 "wfd_audio_codecs: LPCM 00000003 00, AAC 00000001 00\r\n"
#define OK_BODY(length)                                                   \
	"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: text/parameters\r\n" \
	"Content-Length: " length "\r\n\r\n"

typedef struct {
	SinkCaps *caps;
	SinkSession *session;
	GString *out; /* bytes sent since take() */
	GString *events; /* a letter for each event */
	gint64 now;
	guint cseq; /* of the source */
	gboolean refuse_setup;
} SinkFixture;

static void on_send(GBytes *bytes, gpointer user_data)
{
	SinkFixture *f = user_data;
	gsize size;
	const char *data = g_bytes_get_data(bytes, &size);

	g_string_append_len(f->out, data, size);
}

static gboolean on_event(SinkEvent event, gpointer user_data, GError **error)
{
	SinkFixture *f = user_data;

	g_string_append_c(f->events, "SPHQE"[event]);
	if (event != SINK_EVENT_SETUP || !f->refuse_setup)
		return TRUE;
	g_set_error_literal(error, SINK_PARAMS_ERROR, 0, "no receiver");
	return FALSE;
}

static void set_up_misbehaving(SinkFixture *f, const char *misbehaviour)
{
	static const SinkSessionOps ops = {.send = on_send, .event = on_event};
	SinkSessionConfig config = {
		.rtp_port = PORT,
		.response_timeout_us = 6 * SECOND,
		.misbehaviour = misbehaviour ? sink_misbehaviour_find(misbehaviour) : NULL,
	};

	g_assert_true(!misbehaviour || config.misbehaviour);

	f->now = 1000 * SECOND;
	f->out = g_string_new(NULL);
	f->events = g_string_new(NULL);
	f->caps = config.caps = sink_caps_new(PORT);
	if (misbehaviour)
		sink_misbehaviour_set_caps(config.misbehaviour, f->caps, PORT);
	f->session = sink_session_new(&config, &ops, f, f->now);
}

static void set_up(SinkFixture *f, gconstpointer data)
{
	set_up_misbehaving(f, NULL);
}

static void tear_down(SinkFixture *f, gconstpointer data)
{
	sink_session_free(f->session);
	sink_caps_free(f->caps);
	g_string_free(f->out, TRUE);
	g_string_free(f->events, TRUE);
}

/* What the sink sent since the last call. */
static char *take(SinkFixture *f)
{
	char *text = g_strndup(f->out->str, f->out->len);

	g_string_truncate(f->out, 0);
	return text;
}

static void assert_sent(SinkFixture *f, const char *expected)
{
	g_autofree char *sent = take(f);

	g_assert_cmpstr(sent, ==, expected);
}

static void assert_starts(SinkFixture *f, const char *expected)
{
	g_autofree char *sent = take(f);

	if (!g_str_has_prefix(sent, expected))
		g_error("sent \"%s\", not \"%s\"", sent, expected);
}

static void assert_state(SinkFixture *f, SinkState state)
{
	g_assert_cmpstr(sink_state_name(sink_session_state(f->session)), ==,
			sink_state_name(state));
}

static void assert_ended(SinkFixture *f, SinkReason reason)
{
	assert_state(f, SINK_ENDED);
	g_assert_cmpstr(sink_reason_name(sink_session_reason(f->session)), ==,
			sink_reason_name(reason));
	g_assert_cmpuint(strlen(sink_session_sentence(f->session)), >, 0);
	g_assert_true(g_str_has_suffix(f->events->str, "E"));
}

static void assert_violations(SinkFixture *f, guint n)
{
	g_assert_cmpuint(g_strv_length((char **)sink_session_violations(f->session)), ==, n);
}

static void feed(SinkFixture *f, const char *text)
{
	sink_session_feed(f->session, (const guint8 *)text, strlen(text), f->now);
}

static void request(SinkFixture *f, const char *line, const char *body)
{
	g_autofree char *length =
		*body ? g_strdup_printf("Content-Type: text/parameters\r\nContent-Length: %zu\r\n",
					strlen(body))
		      : g_strdup("");
	g_autofree char *text = g_strdup_printf("%s RTSP/1.0\r\nCSeq: %u\r\n%s\r\n%s", line,
						++f->cseq, length, body);

	feed(f, text);
}

static void set_parameter(SinkFixture *f, const char *body)
{
	request(f, "SET_PARAMETER " URI, body);
}

static void respond_code(SinkFixture *f, guint cseq, guint code, const char *rest)
{
	g_autofree char *text =
		g_strdup_printf("RTSP/1.0 %u X\r\nCSeq: %u\r\n%s\r\n", code, cseq, rest);

	feed(f, text);
}

static void respond(SinkFixture *f, guint cseq, const char *rest)
{
	respond_code(f, cseq, 200, rest);
}

static void m1_m2(SinkFixture *f)
{
	feed(f, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n");
	f->cseq = 1;
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n"
		       "Public: org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER\r\n\r\n"
		       "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n");
	respond(f, 1,
		"Public: org.wfa.wfd1.0, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, "
		"SET_PARAMETER\r\n");
	assert_state(f, SINK_WAIT_M3);
}

static void m3(SinkFixture *f)
{
	request(f, "GET_PARAMETER " URI, "wfd_content_protection\r\nwfd_nonsense\r\n");
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: text/parameters\r\n"
		       "Content-Length: 30\r\n\r\nwfd_content_protection: none\r\n");
	assert_state(f, SINK_WAIT_M4);
}

static void m4(SinkFixture *f)
{
	set_parameter(f, M4);
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n");
	assert_state(f, SINK_WAIT_M5);
}

static void m5_m6(SinkFixture *f)
{
	set_parameter(f, "wfd_trigger_method: SETUP\r\n");
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"
		       "SETUP " STREAM " RTSP/1.0\r\nCSeq: 2\r\n"
		       "Transport: RTP/AVP/UDP;unicast;client_port=19000-19001\r\n\r\n");
	g_assert_cmpstr(f->events->str, ==, "S");
	assert_state(f, SINK_SETTING_UP);
}

static void m7(SinkFixture *f)
{
	respond(f, 2,
		"Session: 6B8B4567;timeout=30\r\n"
		"Transport: RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=5000\r\n");
	assert_sent(f, "PLAY " STREAM " RTSP/1.0\r\nCSeq: 3\r\nSession: 6B8B4567\r\n\r\n");
	respond(f, 3, "Session: 6B8B4567;timeout=30\r\n");
	assert_state(f, SINK_PLAYING);
	g_assert_cmpstr(f->events->str, ==, "SP");
}

static void play(SinkFixture *f)
{
	m1_m2(f);
	m3(f);
	m4(f);
	m5_m6(f);
	m7(f);
	assert_violations(f, 0);
}

static void test_whole(SinkFixture *f, gconstpointer data)
{
	static const struct {
		gboolean out;
		guint m;
		int status;
		const char *method;
	} expected[] = {
		{FALSE, 1, 0, "OPTIONS"},	{TRUE, 1, 200, ""},
		{TRUE, 2, 0, "OPTIONS"},	{FALSE, 2, 200, ""},
		{FALSE, 3, 0, "GET_PARAMETER"}, {TRUE, 3, 200, ""},
		{FALSE, 4, 0, "SET_PARAMETER"}, {TRUE, 4, 200, ""},
		{FALSE, 5, 0, "SET_PARAMETER"}, {TRUE, 5, 200, ""},
		{TRUE, 6, 0, "SETUP"},		{FALSE, 6, 200, ""},
		{TRUE, 7, 0, "PLAY"},		{FALSE, 7, 200, ""},
		{TRUE, 8, 0, "TEARDOWN"},	{FALSE, 8, 200, ""},
	};
	const SinkVideoChoice *video;
	const SinkExchange *exchanges;
	guint n;

	play(f);
	video = sink_session_video(f->session);
	g_assert_cmpuint(video->mode.width, ==, 1280);
	g_assert_cmpuint(video->mode.fps, ==, 30);
	g_assert_cmpstr(sink_session_audio(f->session)->format, ==, "LPCM");

	sink_session_end(f->session, TRUE, SINK_REASON_FRAMES_REACHED, "Done.", f->now);
	assert_sent(f, "TEARDOWN " STREAM " RTSP/1.0\r\nCSeq: 4\r\nSession: 6B8B4567\r\n\r\n");
	assert_state(f, SINK_TEARDOWN);
	respond(f, 4, "");
	assert_ended(f, SINK_REASON_FRAMES_REACHED);
	g_assert_true(sink_session_statistics(f->session)->teardown_answered);

	exchanges = sink_session_exchanges(f->session, &n);
	g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < n; i++) {
		g_assert_cmpint(exchanges[i].out, ==, expected[i].out);
		g_assert_cmpuint(exchanges[i].m, ==, expected[i].m);
		g_assert_cmpint(exchanges[i].status, ==, expected[i].status);
		g_assert_cmpstr(exchanges[i].method, ==, expected[i].method);
	}
}

static void test_teardown_unanswered(SinkFixture *f, gconstpointer data)
{
	play(f);
	sink_session_end(f->session, TRUE, SINK_REASON_FRAMES_REACHED, "Done.", f->now);
	sink_session_tick(f->session, f->now + 5 * SECOND);
	assert_state(f, SINK_TEARDOWN);
	sink_session_tick(f->session, f->now + 6 * SECOND);
	assert_ended(f, SINK_REASON_FRAMES_REACHED);
	g_assert_false(sink_session_statistics(f->session)->teardown_answered);
}

static void test_trigger_teardown(SinkFixture *f, gconstpointer data)
{
	play(f);
	set_parameter(f, "wfd_trigger_method: TEARDOWN\r\n");
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n"
		       "TEARDOWN " STREAM " RTSP/1.0\r\nCSeq: 4\r\nSession: 6B8B4567\r\n\r\n");
	respond(f, 4, "");
	assert_ended(f, SINK_REASON_SOURCE_TEARDOWN);
}

/* There is nothing to tear down before M6. */
static void test_trigger_teardown_early(SinkFixture *f, gconstpointer data)
{
	m1_m2(f);
	m3(f);
	set_parameter(f, "wfd_trigger_method: TEARDOWN\r\n");
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n");
	assert_ended(f, SINK_REASON_SOURCE_TEARDOWN);
}

static void test_trigger_pause_play(SinkFixture *f, gconstpointer data)
{
	play(f);
	set_parameter(f, "wfd_trigger_method: PAUSE\r\n");
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n"
		       "PAUSE " STREAM " RTSP/1.0\r\nCSeq: 4\r\nSession: 6B8B4567\r\n\r\n");
	respond(f, 4, "");
	assert_state(f, SINK_PAUSED);
	set_parameter(f, "wfd_trigger_method: PLAY\r\n");
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 6\r\n\r\n"
		       "PLAY " STREAM " RTSP/1.0\r\nCSeq: 5\r\nSession: 6B8B4567\r\n\r\n");
	respond(f, 5, "");
	assert_state(f, SINK_PLAYING);
	g_assert_cmpstr(f->events->str, ==, "SPHP");
}

static void test_own_pause_resume(SinkFixture *f, gconstpointer data)
{
	play(f);
	sink_session_resume(f->session, f->now);
	assert_sent(f, "");
	sink_session_pause(f->session, f->now);
	assert_starts(f, "PAUSE ");
	respond(f, 4, "");
	sink_session_resume(f->session, f->now);
	assert_starts(f, "PLAY ");
	respond(f, 5, "");
	assert_state(f, SINK_PLAYING);
}

static void test_standby(SinkFixture *f, gconstpointer data)
{
	play(f);
	set_parameter(f, "wfd_standby\r\n");
	assert_sent(f, "RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n");
	assert_state(f, SINK_STANDBY);
	sink_session_request_idr(f->session, f->now); /* not now */
	assert_sent(f, "");
	f->now += 3 * SECOND;
	set_parameter(f, "wfd_trigger_method: PLAY\r\n");
	assert_starts(f, "RTSP/1.0 200 OK\r\nCSeq: 6\r\n\r\nPLAY ");
	respond(f, 4, "");
	assert_state(f, SINK_PLAYING);
	g_assert_cmpuint(sink_session_statistics(f->session)->standby_periods, ==, 1);
	g_assert_cmpint(sink_session_statistics(f->session)->standby_us, ==, 3 * SECOND);
	assert_violations(f, 0);
}

static void test_standby_early(SinkFixture *f, gconstpointer data)
{
	m1_m2(f);
	m3(f);
	m4(f);
	set_parameter(f, "wfd_standby\r\n");
	assert_state(f, SINK_WAIT_M5);
	assert_violations(f, 1);
}

static void test_idr(SinkFixture *f, gconstpointer data)
{
	sink_session_request_idr(f->session, f->now); /* before there is a session: nothing */
	assert_sent(f, "");
	play(f);
	sink_session_request_idr(f->session, f->now);
	sink_session_request_idr(f->session, f->now + SECOND / 4); /* too soon */
	assert_sent(
		f,
		"SET_PARAMETER " STREAM " RTSP/1.0\r\nCSeq: 4\r\nSession: 6B8B4567\r\n"
		"Content-Type: text/parameters\r\nContent-Length: 17\r\n\r\nwfd_idr_request\r\n");
	feed(f, "RTSP/1.0 406 Not Acceptable\r\nCSeq: 4\r\n\r\n");
	sink_session_request_idr(f->session, f->now + SECOND);
	assert_starts(f, "SET_PARAMETER ");
	g_assert_cmpuint(sink_session_statistics(f->session)->idr_requests, ==, 2);
	g_assert_cmpuint(sink_session_statistics(f->session)->idr_refused, ==, 1);
	/* An unanswered M13 is noted, and no more. */
	sink_session_tick(f->session, f->now + 8 * SECOND);
	assert_state(f, SINK_PLAYING);
	assert_violations(f, 1);
}

static void test_keepalive(SinkFixture *f, gconstpointer data)
{
	play(f);
	for (guint i = 0; i < 5; i++) {
		f->now += 25 * SECOND;
		sink_session_tick(f->session, f->now);
		request(f, "GET_PARAMETER " URI, "");
		assert_starts(f, "RTSP/1.0 200 OK\r\n");
	}
	g_assert_cmpuint(sink_session_statistics(f->session)->keepalives, ==, 5);
	sink_session_tick(f->session, f->now + 30 * SECOND);
	assert_state(f, SINK_PLAYING);
	sink_session_tick(f->session, f->now + 30 * SECOND + 1);
	assert_ended(f, SINK_REASON_SOURCE_SILENT);
}

static void test_silent_from_the_start(SinkFixture *f, gconstpointer data)
{
	sink_session_tick(f->session, f->now + 60 * SECOND);
	assert_state(f, SINK_WAIT_M1);
	sink_session_tick(f->session, f->now + 60 * SECOND + 1);
	assert_ended(f, SINK_REASON_SOURCE_SILENT);
}

static void test_unanswered_m2(SinkFixture *f, gconstpointer data)
{
	request(f, "OPTIONS *", "");
	sink_session_tick(f->session, f->now + 6 * SECOND);
	assert_ended(f, SINK_REASON_RESPONSE_TIMEOUT);
}

static void test_refused_setup(SinkFixture *f, gconstpointer data)
{
	m1_m2(f);
	m3(f);
	m4(f);
	m5_m6(f);
	feed(f, "RTSP/1.0 461 Unsupported Transport\r\nCSeq: 2\r\n\r\n");
	assert_ended(f, SINK_REASON_REQUEST_REFUSED);
}

static void test_setup_without_session(SinkFixture *f, gconstpointer data)
{
	static const char *const wrong[] = {
		"",
		"Session: \r\n",
		"Session: ;timeout=30\r\n",
		"Session: a b\r\n",
		"Session: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		SinkFixture own = {0};

		set_up(&own, NULL);
		m1_m2(&own);
		m3(&own);
		m4(&own);
		m5_m6(&own);
		respond(&own, 2, wrong[i]);
		assert_ended(&own, SINK_REASON_BAD_RESPONSE);
		tear_down(&own, NULL);
	}
}

static void test_no_receiver(SinkFixture *f, gconstpointer data)
{
	f->refuse_setup = TRUE;
	m1_m2(f);
	m3(f);
	m4(f);
	set_parameter(f, "wfd_trigger_method: SETUP\r\n");
	assert_ended(f, SINK_REASON_MEDIA_FAILED);
	g_assert_nonnull(strstr(sink_session_sentence(f->session), "no receiver"));
}

/* WFD 2.1, 6.2.1: what is wrong with which parameter, and nothing of the request takes effect. */
static void test_m4_refused(SinkFixture *f, gconstpointer data)
{
	static const struct {
		const char *body;
		const char *errors;
	} wrong[] = {
		{"wfd_video_formats: 00 00 01 04 00000100 00000000 00000000 00 0000 0000 00 none none\r\n" M4_URL,
		 "wfd_video_formats: 415\r\n"},
		{"wfd_video_formats: 00 00 01 04 00000060 00000000 00000000 00 0000 0000 00 none none\r\n" M4_URL,
		 "wfd_video_formats: 400\r\n"},
		{M4_VIDEO M4_URL "wfd_audio_codecs: AC3 00000001 00\r\n",
		 "wfd_audio_codecs: 415\r\n"},
		{M4_VIDEO M4_URL "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19002 0 mode=play\r\n",
		 "wfd_client_rtp_ports: 415\r\n"},
		{M4 "wfd_made_up: 1\r\nwfd_presentation_URL: none none\r\n",
		 "wfd_made_up: 451\r\nwfd_presentation_URL: 415\r\n"},
		{"wfd_video_formats\r\n", "wfd_video_formats: 400\r\n"},
		{"wfd_trigger_method: DANCE\r\n", "wfd_trigger_method: 415\r\n"},
		{"wfd_uibc_setting: enable\r\n", "wfd_uibc_setting: 415\r\n"},
		{"wfd_route: secondary\r\n", "wfd_route: 415\r\n"},
	};

	m1_m2(f);
	m3(f);
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *expected = NULL;

		set_parameter(f, wrong[i].body);
		expected = g_strdup_printf("RTSP/1.0 303 See Other\r\nCSeq: %u\r\n"
					   "Content-Type: text/parameters\r\n"
					   "Content-Length: %zu\r\n\r\n%s",
					   f->cseq, strlen(wrong[i].errors), wrong[i].errors);
		assert_sent(f, expected);
		assert_state(f, SINK_WAIT_M4);
		g_assert_null(sink_session_video(f->session));
	}
	set_parameter(f, M4);
	assert_state(f, SINK_WAIT_M5);
}

/* A sink that offers input takes the source's port, in M4 or in M14, and M15. */
static void test_input(SinkFixture *f, gconstpointer data)
{
#define UIBC \
	"wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Mouse;hidc_cap_list=none"

	sink_caps_set(f->caps, "wfd_uibc_capability",
		      "input_category_list=GENERIC;generic_cap_list=Mouse;hidc_cap_list=none;"
		      "port=none");
	m1_m2(f);
	m3(f);
	set_parameter(f, M4 UIBC ";port=none\r\n");
	g_assert_cmpuint(sink_session_uibc_port(f->session), ==, 0);
	set_parameter(f, M4 UIBC ";port=7239\r\n");
	assert_state(f, SINK_WAIT_M5);
	g_assert_cmpuint(sink_session_uibc_port(f->session), ==, 7239);
	set_parameter(f, "wfd_uibc_setting: disable\r\n");
	g_assert_cmpuint(sink_session_uibc_port(f->session), ==, 0);
	set_parameter(f, "wfd_uibc_setting: enable\r\n");
	g_assert_cmpuint(sink_session_uibc_port(f->session), ==, 7239);
	set_parameter(f, UIBC ";port=7240\r\n");
	g_assert_cmpuint(sink_session_uibc_port(f->session), ==, 7240);
}

static void test_set_parameter_others(SinkFixture *f, gconstpointer data)
{
	static const char *const right[] = {
		"wfd_route: primary\r\n",
		"wfd_connector_type: 05\r\n",
		"wfd_uibc_setting: disable\r\n",
		"wfd_uibc_capability: none\r\n",
		"wfd_av_format_change_timing: 000000000F 00000000FF\r\n" M4_VIDEO,
	};

	play(f);
	for (guint i = 0; i < G_N_ELEMENTS(right); i++) {
		set_parameter(f, right[i]);
		assert_starts(f, "RTSP/1.0 200 OK\r\n");
	}
	assert_state(f, SINK_PLAYING);
	assert_violations(f, 0);
	set_parameter(f, "");
	assert_starts(f, "RTSP/1.0 400 Bad Request\r\n");
	set_parameter(f, "wfd_standby\001\r\n");
	assert_starts(f, "RTSP/1.0 400 Bad Request\r\n");
}

static void test_latency(SinkFixture *f, gconstpointer data)
{
	play(f);
	set_parameter(f, "microsoft_latency_management_capability: low\r\n");
	assert_starts(f, "RTSP/1.0 200 OK\r\n");
	assert_violations(f, 0);
	set_parameter(f, "microsoft_latency_management_capability: soon\r\n");
	assert_sent(f,
		    "RTSP/1.0 303 See Other\r\nCSeq: 6\r\nContent-Type: text/parameters\r\n"
		    "Content-Length: 46\r\n\r\nmicrosoft_latency_management_capability: 415\r\n");
	assert_state(f, SINK_PLAYING);
}

/* Only a source that has asked whether it would be told why is told, and only of what has a code. */
static void test_teardown_reason(SinkFixture *f, gconstpointer data)
{
	m1_m2(f);
	request(f, "GET_PARAMETER " URI, "microsoft_diagnostics_capability\r\n");
	assert_starts(f, "RTSP/1.0 200 OK\r\n");
	m4(f);
	m5_m6(f);
	m7(f);
	sink_session_end(f->session, TRUE, SINK_REASON_MEDIA_FAILED, "It broke:\nbadly.", f->now);
	assert_sent(f, "TEARDOWN " STREAM " RTSP/1.0\r\nCSeq: 4\r\nSession: 6B8B4567\r\n"
		       "Content-Type: text/parameters\r\nContent-Length: 54\r\n\r\n"
		       "microsoft_teardown_reason: C00D36CB It broke: badly.\r\n");
}

static void test_teardown_reason_unasked(SinkFixture *f, gconstpointer data)
{
	play(f);
	sink_session_end(f->session, TRUE, SINK_REASON_MEDIA_FAILED, "It broke.", f->now);
	assert_sent(f, "TEARDOWN " STREAM " RTSP/1.0\r\nCSeq: 4\r\nSession: 6B8B4567\r\n\r\n");
}

/* What comes in the wrong order is refused, and the right order still works. */
static void test_order(SinkFixture *f, gconstpointer data)
{
	request(f, "GET_PARAMETER " URI, "wfd_video_formats\r\n");
	assert_starts(f, "RTSP/1.0 455 ");
	set_parameter(f, M4);
	assert_starts(f, "RTSP/1.0 455 ");
	assert_violations(f, 2);
	m1_m2(f);
	set_parameter(f, "wfd_trigger_method: SETUP\r\n");
	assert_starts(f, "RTSP/1.0 455 ");
	f->cseq = 1;
	m3(f);
	set_parameter(f, "wfd_trigger_method: SETUP\r\n");
	assert_starts(f, "RTSP/1.0 455 ");
	set_parameter(f, "wfd_trigger_method: PLAY\r\n");
	assert_starts(f, "RTSP/1.0 455 ");
	f->cseq = 2;
	m4(f);
	m5_m6(f);
	set_parameter(f, "wfd_trigger_method: SETUP\r\n");
	assert_starts(f, "RTSP/1.0 455 ");
	m7(f);
	set_parameter(f, "wfd_trigger_method: PLAY\r\n");
	assert_starts(f, "RTSP/1.0 455 ");
	assert_state(f, SINK_PLAYING);
}

static void test_methods(SinkFixture *f, gconstpointer data)
{
	static const char *const not_allowed[] = {"SETUP " STREAM, "PLAY " STREAM,
						  "TEARDOWN " STREAM, "DESCRIBE " STREAM};

	for (guint i = 0; i < G_N_ELEMENTS(not_allowed); i++) {
		request(f, not_allowed[i], "");
		assert_starts(f, "RTSP/1.0 405 Method Not Allowed\r\n");
	}
	request(f, "FROBNICATE *", "");
	assert_starts(f, "RTSP/1.0 501 Not Implemented\r\n");
	feed(f, "OPTIONS * RTSP/1.0\r\n\r\n");
	assert_starts(f, "RTSP/1.0 400 Bad Request\r\n");
	feed(f, "OPTIONS * RTSP/1.0\r\nCSeq: 9\r\nRequire: com.example.x\r\n\r\n");
	assert_sent(f, "RTSP/1.0 551 Option not supported\r\nCSeq: 9\r\n"
		       "Unsupported: com.example.x\r\n\r\n");
	assert_state(f, SINK_WAIT_M1);
	f->cseq = 0;
	m1_m2(f);
}

static void test_strange_answers(SinkFixture *f, gconstpointer data)
{
	m1_m2(f);
	respond(f, 77, "");
	respond(f, 1, ""); /* answered already */
	feed(f, "RTSP/1.0 200 OK\r\n\r\n");
	feed(f, "RTSP/1.0 200 OK\r\nCSeq: -1\r\n\r\n");
	feed(f, "RTSP/1.0 200 OK\r\nCSeq: 99999999999999999999\r\n\r\n");
	assert_violations(f, 5);
	assert_state(f, SINK_WAIT_M3);
	m3(f);
}

static void test_flood(SinkFixture *f, gconstpointer data)
{
	guint n;

	play(f);
	for (guint i = 0; i < 2000; i++) {
		respond(f, 1000 + i, "");
		request(f, "GET_PARAMETER " URI, "");
	}
	sink_session_exchanges(f->session, &n);
	g_assert_cmpuint(n, ==, SINK_MAX_EXCHANGES);
	assert_violations(f, SINK_MAX_VIOLATIONS);
	g_assert_cmpuint(sink_session_statistics(f->session)->messages_in, >, 4000);
}

static void test_after_the_end(SinkFixture *f, gconstpointer data)
{
	play(f);
	sink_session_end(f->session, FALSE, SINK_REASON_CONNECTION_CLOSED, "Gone.", f->now);
	assert_ended(f, SINK_REASON_CONNECTION_CLOSED);
	sink_session_end(f->session, TRUE, SINK_REASON_TIMEOUT, "Late.", f->now);
	set_parameter(f, "wfd_trigger_method: TEARDOWN\r\n");
	sink_session_request_idr(f->session, f->now);
	sink_session_tick(f->session, f->now + 1000 * SECOND);
	assert_sent(f, "");
	assert_ended(f, SINK_REASON_CONNECTION_CLOSED);
	g_assert_cmpstr(f->events->str, ==, "SPE");
}

/* Up to M3, whatever the sink's messages look like. */
static void reach_m3(SinkFixture *f, const char *misbehaviour)
{
	set_up_misbehaving(f, misbehaviour);
	request(f, "OPTIONS *", "");
	respond(f, 1, "");
	assert_state(f, SINK_WAIT_M3);
	g_string_truncate(f->out, 0);
}

/* What the misbehaviours make of the answer to M3. */
static void test_misbehave_m3(SinkFixture *f, gconstpointer data)
{
	static const struct {
		const char *name, *asked, *sent;
	} cases[] = {
		{"silent-m3", "wfd_I2C\r\n", ""},
		{"bad-content-length", "wfd_I2C\r\n", OK_BODY("79") "wfd_I2C: none\r\n"},
		{"huge-content-length", "wfd_I2C\r\n", OK_BODY("4294967295") "wfd_I2C: none\r\n"},
		{"wrong-cseq", "wfd_I2C\r\n",
		 "RTSP/1.0 200 OK\r\nCSeq: 1002\r\nContent-Type: text/parameters\r\n"
		 "Content-Length: 15\r\n\r\nwfd_I2C: none\r\n"},
		{"refuse-m3", "wfd_audio_codecs\r\nwfd_I2C\r\nwfd_x\r\n",
		 "RTSP/1.0 303 See Other\r\nCSeq: 2\r\nContent-Type: text/parameters\r\n"
		 "Content-Length: 26\r\n\r\nwfd_I2C: 451\r\nwfd_x: 451\r\n"},
		{"refuse-m3", "wfd_audio_codecs\r\n", OK_BODY("53") AUDIO},
		{"m3-not-understood", "wfd_audio_codecs\r\nwfd_I2C\r\n",
		 "RTSP/1.0 451 Parameter Not Understood\r\nCSeq: 2\r\n\r\n"},
		{"m3-not-understood", "wfd_audio_codecs\r\n", OK_BODY("53") AUDIO},
		{"spaced-ports", "wfd_client_rtp_ports\r\n",
		 OK_BODY("67") "wfd_client_rtp_ports: RTP/AVP/UDP; unicast  19000  0  mode = play\r\n"},
		{"port-range", "wfd_client_rtp_ports\r\n",
		 OK_BODY("67") "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000-19001 0 mode=play\r\n"},
		{"tcp-only", "wfd_client_rtp_ports\r\n",
		 OK_BODY("61") "wfd_client_rtp_ports: RTP/AVP/TCP;unicast 19000 0 mode=play\r\n"},
		{"no-audio", "wfd_audio_codecs\r\n", OK_BODY("24") "wfd_audio_codecs: none\r\n"},
		{"joined-params", "wfd_I2C\r\nwfd_audio_codecs\r\n",
		 OK_BODY("68") "wfd_I2C: none; " AUDIO},
		{"hex-prefix", "wfd_audio_codecs\r\nwfd_connector_type\r\n",
		 OK_BODY("85") "wfd_audio_codecs: LPCM 0x00000003 0x00, AAC 0x00000001 0x00\r\n"
			       "wfd_connector_type: 05\r\n"},
		{"space-before-colon", "wfd_I2C\r\n",
		 "RTSP/1.0 200 OK\r\nCSeq : 2\r\nContent-Type : text/parameters\r\n"
		 "Content-Length : 16\r\n\r\nwfd_I2C : none\r\n"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		SinkFixture own = {0};

		reach_m3(&own, cases[i].name);
		request(&own, "GET_PARAMETER " URI, cases[i].asked);
		assert_sent(&own, cases[i].sent);
		tear_down(&own, NULL);
	}
}

static void test_misbehave_m3_more(SinkFixture *f, gconstpointer data)
{
	SinkFixture garbage = {0}, errors = {0}, nul = {0};

	reach_m3(&garbage, "garbage");
	request(&garbage, "GET_PARAMETER " URI, "wfd_I2C\r\n");
	g_assert_cmpuint(garbage.out->len, ==, SINK_GARBAGE_BYTES);
	tear_down(&garbage, NULL);

	reach_m3(&errors, "errors-in-m3");
	request(&errors, "GET_PARAMETER " URI, "wfd_I2C\r\nwfd_video_formats\r\n");
	g_assert_nonnull(strstr(errors.out->str, "\r\nwfd_video_formats: 30 00 01 04 "));
	g_assert_true(g_str_has_suffix(errors.out->str, "\r\nwfd_I2C: 451\r\n"));
	tear_down(&errors, NULL);

	reach_m3(&nul, "nul-after-message");
	request(&nul, "GET_PARAMETER " URI, "");
	g_assert_cmpmem(nul.out->str, nul.out->len, "RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n", 29);
	tear_down(&nul, NULL);
}

static void test_misbehave_early(SinkFixture *f, gconstpointer data)
{
	SinkFixture silent = {0}, broken = {0}, strange = {0};

	set_up_misbehaving(&silent, "silent-m1");
	request(&silent, "OPTIONS *", "");
	assert_sent(&silent, "");
	tear_down(&silent, NULL);

	set_up_misbehaving(&broken, "broken-request");
	request(&broken, "OPTIONS *", "");
	g_assert_nonnull(strstr(broken.out->str, "\r\n\r\nGET_PARAMETER " URI "\r\nCSeq: 1\r\n\r\n"
						 "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n"));
	feed(&broken, "RTSP/1.0 400 Bad Request\r\nCSeq: 1\r\n\r\n");
	assert_state(&broken, SINK_WAIT_M3);
	assert_violations(&broken, 1); /* M1 came without Require */
	tear_down(&broken, NULL);

	set_up_misbehaving(&strange, "strange-require");
	request(&strange, "OPTIONS *", "");
	g_assert_nonnull(strstr(strange.out->str, "Require: org.example.strange\r\n"));
	g_string_truncate(strange.out, 0);
	respond_code(&strange, 1, 551, "");
	assert_sent(&strange, "");
	assert_state(&strange, SINK_WAIT_M3);
	tear_down(&strange, NULL);
}

static void test_misbehave_m4(SinkFixture *f, gconstpointer data)
{
	static const struct {
		const char *name;
		guint refusals;
		const char *body;
	} cases[] = {
		{"refuse-m4", 2, "wfd_video_formats: 415\r\n"},
		{"refuse-m4-once", 1, "wfd_video_formats: 415\r\n"},
		{"refuse-video-only", 2, "wfd_audio_codecs: 415\r\n"},
		{"close-after-m4", 0, NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		SinkFixture own = {0};

		set_up_misbehaving(&own, cases[i].name);
		m1_m2(&own);
		m3(&own);
		for (guint n = 0; n < cases[i].refusals; n++) {
			set_parameter(&own, M4);
			g_assert_true(g_str_has_suffix(own.out->str, cases[i].body));
			assert_starts(&own, "RTSP/1.0 303 See Other\r\n");
			assert_state(&own, SINK_WAIT_M4);
		}
		if (cases[i].refusals < 2) {
			set_parameter(&own, M4);
			assert_starts(&own, "RTSP/1.0 200 OK\r\n");
		}
		if (!cases[i].refusals)
			assert_ended(&own, SINK_REASON_MISBEHAVED);
		tear_down(&own, NULL);
	}
}

static void test_misbehave_m6(SinkFixture *f, gconstpointer data)
{
	SinkFixture none = {0}, tcp = {0};

	set_up_misbehaving(&none, "no-m6");
	m1_m2(&none);
	m3(&none);
	m4(&none);
	set_parameter(&none, "wfd_trigger_method: SETUP\r\n");
	assert_sent(&none, "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n");
	tear_down(&none, NULL);

	set_up_misbehaving(&tcp, "tcp-only");
	m1_m2(&tcp);
	m3(&tcp);
	m4(&tcp);
	set_parameter(&tcp, "wfd_trigger_method: SETUP\r\n");
	g_assert_nonnull(strstr(tcp.out->str,
				"\r\nTransport: RTP/AVP/TCP;unicast;client_port=19000-19001\r\n"));
	respond_code(&tcp, 2, 461, "");
	assert_ended(&tcp, SINK_REASON_REQUEST_REFUSED);
	tear_down(&tcp, NULL);
}

static void test_misbehave_session_id(SinkFixture *f, gconstpointer data)
{
	static const struct {
		const char *name, *sent;
	} cases[] = {
		{"number-session-id", "Session: 48879\r\n"},
		{"quoted-session-id", "Session: \"00048879\"\r\n"},
		{"spaced-session-id", "Session:   00048879  ;  timeout = 30\r\n"},
		{"foreign-session-id", "Session: 7777777\r\n"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		SinkFixture own = {0};

		set_up_misbehaving(&own, cases[i].name);
		m1_m2(&own);
		m3(&own);
		m4(&own);
		m5_m6(&own);
		respond(&own, 2, "Session: 00048879;timeout=30\r\n");
		if (!strstr(own.out->str, cases[i].sent))
			g_error("sent \"%s\", not \"%s\"", own.out->str, cases[i].sent);
		tear_down(&own, NULL);
	}
}

static void reach_play(SinkFixture *f, const char *misbehaviour)
{
	set_up_misbehaving(f, misbehaviour);
	m1_m2(f);
	m3(f);
	m4(f);
	m5_m6(f);
	respond(f, 2, "Session: 1\r\n");
	g_string_truncate(f->out, 0);
	respond(f, 3, "");
}

static void test_misbehave_in_play(SinkFixture *f, gconstpointer data)
{
	SinkFixture teardown = {0}, closes = {0}, silent = {0}, unknown = {0}, refuses = {0};

	reach_play(&teardown, "teardown-now");
	assert_starts(&teardown, "TEARDOWN ");
	tear_down(&teardown, NULL);

	reach_play(&closes, "close-in-play");
	assert_sent(&closes, "");
	assert_ended(&closes, SINK_REASON_MISBEHAVED);
	tear_down(&closes, NULL);

	reach_play(&silent, "silent-in-play");
	request(&silent, "GET_PARAMETER " URI, "");
	assert_starts(&silent, "RTSP/1.0 200 OK\r\n");
	g_assert_cmpstr(silent.events->str, ==, "SP");
	request(&silent, "GET_PARAMETER " URI, "");
	g_assert_cmpstr(silent.events->str, ==, "SPQ");
	set_parameter(&silent, "wfd_trigger_method: TEARDOWN\r\n");
	sink_session_request_idr(silent.session, silent.now + SECOND);
	sink_session_pause(silent.session, silent.now + SECOND);
	assert_sent(&silent, "");
	tear_down(&silent, NULL);

	reach_play(&unknown, "unknown-method");
	assert_sent(&unknown, "FROBNICATE " URI " RTSP/1.0\r\nCSeq: 4\r\n\r\n");
	feed(&unknown, "RTSP/1.0 501 Not Implemented\r\nCSeq: 4\r\n\r\n");
	assert_state(&unknown, SINK_PLAYING);
	tear_down(&unknown, NULL);

	reach_play(&refuses, "refuse-session");
	request(&refuses, "GET_PARAMETER " URI, "");
	assert_starts(&refuses, "RTSP/1.0 454 Session Not Found\r\n");
	assert_state(&refuses, SINK_PLAYING);
	tear_down(&refuses, NULL);
}

static void test_misbehave_idr(SinkFixture *f, gconstpointer data)
{
	SinkFixture flood = {0}, frequent = {0};

	reach_play(&flood, "flood-idr");
	g_assert_cmpuint(sink_session_statistics(flood.session)->idr_requests, ==,
			 SINK_FLOOD_REQUESTS);
	tear_down(&flood, NULL);

	reach_play(&frequent, "frequent-idr");
	for (guint ms = 0; ms < 1000; ms += 10)
		sink_session_tick(frequent.session, frequent.now + ms * G_TIME_SPAN_MILLISECOND);
	g_assert_cmpuint(sink_session_statistics(frequent.session)->idr_requests, ==, 20);
	tear_down(&frequent, NULL);
}

static guint8 sum_of(const char *hex)
{
	guint8 sum = 0;

	for (guint i = 0; i < SINK_EDID_BLOCK; i++)
		sum += g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]);
	return sum;
}

/* The base block is sound each time, and what follows is as wrong as its name says. */
static void test_misbehave_edid(SinkFixture *f, gconstpointer data)
{
	static const struct {
		const char *name, *count;
		guint digits;
		const char *claimed; /* byte 126 */
		gboolean sound; /* the extension's sum */
	} cases[] = {
		{"edid-bad-sum", "0002 ", 512, "01", FALSE},
		{"edid-missing", "0002 ", 256, "01", TRUE},
		{"edid-all-ff", "0002 ", 512, "01", FALSE},
		{"edid-six-blocks", "0006 ", 1536, "05", TRUE},
		{"edid-48-extensions", "0031 ", 512, "30", TRUE},
		{"edid-count-small", "0001 ", 512, "01", TRUE},
		{"edid-count-odd", "0003 ", 512, "01", TRUE},
		{"edid-count-zero", "0000 ", 512, "01", TRUE},
		{"edid-count-bytes", "0100 ", 512, "01", TRUE},
		{"edid-count-decimal", "0256 ", 512, "01", TRUE},
		{"edid-half-byte", "0002 ", 513, "01", TRUE},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		SinkFixture own = {0};
		const char *value;

		set_up_misbehaving(&own, cases[i].name);
		value = sink_caps_get(own.caps, "wfd_display_edid");
		g_assert_true(g_str_has_prefix(value, cases[i].count));
		value += 5;
		g_assert_cmpuint(strlen(value), ==, cases[i].digits);
		g_assert_cmpmem(value + 252, 2, cases[i].claimed, 2);
		g_assert_cmpuint(sum_of(value), ==, 0);
		if (cases[i].digits > 256)
			g_assert_true((sum_of(value + 256) == 0) == cases[i].sound);
		tear_down(&own, NULL);
	}
}

/* Each has a name of its own, which finds it, and a line of the manual page. */
static void test_names(void)
{
	g_autofree char *manual = NULL;
	guint n;
	const SinkMisbehaviour *table = sink_misbehaviour_table(&n);

	g_assert_true(g_file_get_contents(g_getenv("SINK_MANUAL"), &manual, NULL, NULL));
	for (guint i = 0; i < n; i++) {
		g_autoptr(GString) name = g_string_new(table[i].name);

		g_assert_true(sink_misbehaviour_find(table[i].name) == &table[i]);
		g_assert_cmpstr(table[i].description, !=, "");
		g_string_replace(name, "-", "\\-", 0);
		g_string_prepend(name, "\n.B ");
		g_string_append(name, "\n");
		if (!strstr(manual, name->str))
			g_error("the manual page has no %s", table[i].name);
	}
	g_assert_null(sink_misbehaviour_find(""));
}

/*
 * A whole session with bytes changed, in random pieces: it may end or go on, but nothing else may
 * happen, and however it went, the clock ends it.
 */
static void test_mutations(void)
{
	static const char source[] =
		"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n"
		"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: org.wfa.wfd1.0, SETUP\r\n\r\n"
		"GET_PARAMETER " URI " RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 19\r\n\r\n"
		"wfd_video_formats\r\n"
		"SET_PARAMETER " URI
		" RTSP/1.0\r\nCSeq: 3\r\nContent-Length: 147\r\n\r\n" M4_VIDEO M4_URL
		"SET_PARAMETER " URI " RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 27\r\n\r\n"
		"wfd_trigger_method: SETUP\r\n"
		"RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 6B8B4567;timeout=30\r\n"
		"Transport: RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=5000\r\n\r\n"
		"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"
		"SET_PARAMETER " URI
		" RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 13\r\n\r\nwfd_standby\r\n"
		"SET_PARAMETER " URI " RTSP/1.0\r\nCSeq: 6\r\nContent-Length: 26\r\n\r\n"
		"wfd_trigger_method: PLAY\r\n"
		"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n";
	g_autoptr(GRand) random = g_rand_new_with_seed(4);
	guint played = 0;

	for (guint i = 0; i < 5000; i++) {
		SinkFixture f = {0};
		g_autofree char *text = g_strdup(source);
		gsize size = strlen(text), at = 0;

		/* The first run is the unchanged one, to see that this text does get to the end. */
		for (guint n = i ? g_rand_int_range(random, 1, 6) : 0; n; n--)
			text[g_rand_int_range(random, 0, size)] = g_rand_int_range(random, 0, 256);
		set_up_misbehaving(&f, NULL);
		while (at < size) {
			gsize wanted = g_rand_int_range(random, 1, 300);
			gsize piece = MIN(size - at, wanted);
			g_autofree guint8 *copy = g_memdup2(text + at, piece);

			sink_session_feed(f.session, copy, piece, f.now);
			at += piece;
			if (i)
				sink_session_request_idr(f.session, f.now += SECOND / 10);
		}
		if (sink_session_state(f.session) == SINK_PLAYING)
			played++;
		g_assert_true(i || sink_session_statistics(f.session)->standby_periods == 1);
		sink_session_end(f.session, TRUE, SINK_REASON_TIMEOUT, "Over.", f.now);
		sink_session_tick(f.session, f.now + 6 * SECOND);
		assert_state(&f, SINK_ENDED);
		tear_down(&f, NULL);
	}
	g_assert_cmpuint(played, >, 0);
}

#define ADD(name, function) \
	g_test_add("/sink/session/" name, SinkFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("whole", test_whole);
	ADD("teardown-unanswered", test_teardown_unanswered);
	ADD("latency", test_latency);
	ADD("teardown-reason", test_teardown_reason);
	ADD("teardown-reason-unasked", test_teardown_reason_unasked);
	ADD("trigger-teardown", test_trigger_teardown);
	ADD("trigger-teardown-early", test_trigger_teardown_early);
	ADD("trigger-pause-play", test_trigger_pause_play);
	ADD("own-pause-resume", test_own_pause_resume);
	ADD("standby", test_standby);
	ADD("standby-early", test_standby_early);
	ADD("idr", test_idr);
	ADD("keepalive", test_keepalive);
	ADD("silent-from-the-start", test_silent_from_the_start);
	ADD("unanswered-m2", test_unanswered_m2);
	ADD("refused-setup", test_refused_setup);
	ADD("setup-without-session", test_setup_without_session);
	ADD("no-receiver", test_no_receiver);
	ADD("m4-refused", test_m4_refused);
	ADD("set-parameter-others", test_set_parameter_others);
	ADD("input", test_input);
	ADD("order", test_order);
	ADD("methods", test_methods);
	ADD("strange-answers", test_strange_answers);
	ADD("flood", test_flood);
	ADD("after-the-end", test_after_the_end);
	ADD("misbehave-early", test_misbehave_early);
	ADD("misbehave-m3", test_misbehave_m3);
	ADD("misbehave-m3-more", test_misbehave_m3_more);
	ADD("misbehave-m4", test_misbehave_m4);
	ADD("misbehave-m6", test_misbehave_m6);
	ADD("misbehave-session-id", test_misbehave_session_id);
	ADD("misbehave-in-play", test_misbehave_in_play);
	ADD("misbehave-idr", test_misbehave_idr);
	ADD("misbehave-edid", test_misbehave_edid);
	g_test_add_func("/sink/session/names", test_names);
	g_test_add_func("/sink/session/mutations", test_mutations);
	return g_test_run();
}
