// SPDX-License-Identifier: GPL-2.0-or-later
/* The monitor goes off and on, or the sink pauses. */
#include "sink-peer.h"

#include <string.h>

static void test_standby(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS STANDBY);
	set_standby(p, TRUE);
	expect(p, "SET_PARAMETER ", "\r\n\r\nwfd_standby\r\n");
	answer(p, 5, 200, "");
	expect_events(p, "P");
	/* The keep-alive goes on meanwhile. */
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 6\r\n");
	answer(p, 6, 200, "");
	set_standby(p, FALSE);
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
	set_standby(p, TRUE);
	set_standby(p, FALSE);
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
		{501, FALSE, "refused-m5"},
		{400, FALSE, "refused-m5"},
		{400, TRUE, NULL},
		{406, TRUE, NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		WfdPeer *p = peer_start(step);

		to_play(p, CAPS STANDBY);
		set_standby(p, TRUE);
		expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
		answer(p, 5, 200, "");
		set_standby(p, FALSE);
		expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
		if (cases[i].plays)
			feed(p, M7);
		answer(p, 6, cases[i].code, "");
		if (cases[i].reason) {
			expect_end(p, cases[i].reason);
			g_assert_nonnull(strstr(p->sentence, "to M5 PLAY, as it was to go on"));
		} else {
			expect_events(p, "PY");
		}
		peer_free(p);
	}
}

/* Some say yes to M12 or pause, play on, and see no reason for PLAY when they are to wake up. */
static void test_never_asleep(gconstpointer step)
{
	for (guint paused = 0; paused < 2; paused++) {
		WfdPeer *p = peer_start(step);

		to_play(p, paused ? CAPS : CAPS STANDBY);
		set_standby(p, TRUE);
		expect(p, "SET_PARAMETER ",
		       paused ? "wfd_trigger_method: PAUSE\r\n" : "wfd_standby\r\n");
		answer(p, 5, 200, "");
		if (paused)
			feed(p, M9);
		g_string_truncate(p->sent, 0);
		set_standby(p, FALSE);
		expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
		answer(p, 6, 406, "");
		expect_events(p, "PY");
		expect_nothing(p);
		/* It is waited for no more; and M12 is of no use with it. */
		wait_for(p, 25);
		expect(p, "GET_PARAMETER ", "CSeq: 7\r\n");
		answer(p, 7, 200, "");
		set_standby(p, TRUE);
		expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
		answer(p, 8, 200, "");
		set_standby(p, FALSE);
		expect_nothing(p);
		expect_events(p, "");
		g_assert_false(p->ended);
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
		set_standby(p, TRUE);
		if (refuses) {
			expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
			answer(p, cseq++, 303, "");
		}
		expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
		answer(p, cseq++, 200, "");
		feed(p, M9);
		expect(p, "RTSP/1.0 200 OK\r\nCSeq: 8\r\n", "Session: ");
		expect_events(p, "P");
		set_standby(p, FALSE);
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
	set_standby(p, TRUE);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
	answer(p, 5, 200, "");
	p->now += 10 * G_USEC_PER_SEC;
	set_standby(p, FALSE);
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
	set_standby(p, TRUE);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 5, 200, "");
	feed(p, M7);
	expect(p, "RTSP/1.0 200 OK\r\nCSeq: 3\r\n", "Session: ");
	expect_events(p, "PY");
	wait_for(p, 25);
	expect(p, "GET_PARAMETER ", "CSeq: 6\r\n");
	answer(p, 6, 200, "");
	set_standby(p, FALSE);
	expect_nothing(p);
	set_standby(p, TRUE);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
	peer_free(p);
}

/* Nothing that we asked has paused this sink, so nothing wakes it when it pauses by itself. */
static void test_standby_refused(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	to_play(p, CAPS STANDBY);
	set_standby(p, TRUE);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 5, 303, "");
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PAUSE\r\n");
	answer(p, 6, 303, "");
	expect_nothing(p);
	set_standby(p, FALSE);
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

	set_standby(p, TRUE);
	expect(p, "SET_PARAMETER ", "wfd_standby\r\n");
	answer(p, 6, 200, "");
	set_standby(p, FALSE);
	expect(p, "SET_PARAMETER ", "wfd_trigger_method: PLAY\r\n");
	feed(p, M7);
	g_string_truncate(p->sent, 0);
	wait_for(p, 6);
	g_assert_false(p->ended);
	peer_free(p);
}

/* Nor does it matter that it refuses what it has done. */
static void test_trigger_refused_once_obeyed(gconstpointer step)
{
	for (guint plays = 0; plays < 2; plays++) {
		WfdPeer *p = peer_start(step);

		to_m4(p, CAPS);
		answer(p, 3, 200, "");
		expect_events(p, "N");
		feed(p, M6);
		if (plays)
			feed(p, M7);
		answer(p, 4, 406, "");
		g_assert_false(p->ended);
		if (!plays)
			feed(p, M7);
		expect_events(p, "Y");
		peer_free(p);
	}
}

static void test_standby_before_play(gconstpointer step)
{
	WfdPeer *p = peer_start(step);

	set_standby(p, TRUE);
	expect_nothing(p);
	to_m6(p, CAPS STANDBY);
	feed(p, M6 M7);
	expect(p, "RTSP/1.0 200 OK\r\n", "");
	wait_for_request(p);
	expect(p, "SET_PARAMETER ", "\r\n\r\nwfd_standby\r\n");
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

int main(int argc, char **argv)
{
	static const WfdPeerCase cases[] = {
		{"standby", test_standby},
		{"standby-quick", test_standby_quick},
		{"wake-up-refused", test_wake_up_refused},
		{"never-asleep", test_never_asleep},
		{"standby-by-pause", test_standby_by_pause},
		{"pause-of-the-sinks-own", test_pause_of_the_sinks_own},
		{"standby-undone", test_standby_undone},
		{"standby-refused", test_standby_refused},
		{"trigger-unanswered", test_trigger_unanswered},
		{"trigger-refused-once-obeyed", test_trigger_refused_once_obeyed},
		{"standby-before-play", test_standby_before_play},
		{"sink-standby", test_sink_standby},
		{"sink-pause", test_sink_pause},
	};

	return peer_run(argc, argv, cases, G_N_ELEMENTS(cases));
}
