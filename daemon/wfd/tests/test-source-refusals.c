// SPDX-License-Identifier: GPL-2.0-or-later
/* Sinks that are silent, refuse, go away, or send what is of no use. */
#include "sink-peer.h"

#include <string.h>

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

#define WFD2                                                                                     \
	"wfd2_video_formats: 20 01 04 0040 0000000F97FF 0001555575DF 000000000555 00 0000 0000 " \
	"1F 00\r\n"

static void test_bad_capabilities(gconstpointer step)
{
	static const struct {
		const char *caps;
		const char *reason;
		const char *sentence; /* a part of it */
	} cases[] = {
		{"", "bad-capabilities", ""},
		{"wfd_audio_codecs: none\r\n", "bad-capabilities", ""},
		{"wfd_video_formats: zz\r\n", "bad-capabilities", ""},
		{WFD2, "bad-capabilities", "as wfd2_video_formats alone"},
		{"wfd_video_formats: none\r\n" WFD2, "bad-capabilities",
		 "as wfd2_video_formats alone"},
		{"wfd_video_formats: none\r\n", "no-common-format", ""},
		{"wfd_video_formats: 00 00 01 01 00000200 00000000 00000000\r\n",
		 "no-common-format", ""},
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
	static const WfdPeerCase cases[] = {
		{"silence", test_silence},
		{"again-and-again", test_again_and_again},
		{"refusals", test_refusals},
		{"bad-capabilities", test_bad_capabilities},
		{"causes", test_causes},
		{"silent-after-refusal", test_silent_after_refusal},
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

	return peer_run(argc, argv, cases, G_N_ELEMENTS(cases));
}
