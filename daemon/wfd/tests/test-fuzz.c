// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sink's side of whole conversations, mutated: whatever comes, the state machine must neither
 * crash nor (under the sanitizers) touch what is not its own, must keep its buffers bounded, and
 * must come to an end once the sink is silent. The seed is fixed, so a failure comes again; give
 * another with --seed.
 */
#include "rtsp-framer.h"
#include "wfd-source.h"

#include <string.h>

#define ROUNDS 4000
/* What a sink may leave unread, and one message more. */
#define MAX_OUTPUT (256 * 1024 + RTSP_MAX_HEADER)

static const char *const seeds[] = {
	"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER\r\n\r\n",
	"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n",
	"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: text/parameters\r\nContent-Length: 269\r\n\r\n"
	"wfd_video_formats: 40 00 02 04 0001FFFF 1FFFFFFF 00000FFF 00 0000 0000 00 none none\r\n"
	"wfd_audio_codecs: LPCM 00000003 00, AAC 00000001 00\r\n"
	"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 1028 0 mode=play\r\n"
	"wfd_display_edid: 0001 00ffffffffffff00\r\nwfd_content_protection: none\r\n",
	"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n",
	"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n",
	"SETUP rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 2\r\n"
	"Transport: RTP/AVP/UDP;unicast;client_port=19000-19001\r\n\r\n",
	"PLAY rtsp://10.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 3\r\nSession: 10048879\r\n\r\n",
	"SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 5\r\nContent-Type: text/parameters\r\n"
	"Content-Length: 17\r\n\r\nwfd_idr_request\r\n",
	"PAUSE rtsp://x RTSP/1.0\r\nCSeq: 6\r\n\r\n",
	"PLAY rtsp://x RTSP/1.0\r\nCSeq: 7\r\n\r\n",
	"SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 8\r\nContent-Length: 13\r\n\r\nwfd_standby\r\n",
	"TEARDOWN rtsp://x RTSP/1.0\r\nCSeq: 9\r\n\r\n",
};

static const char *const words[] = {
	"\r\n",
	"\r\n\r\n",
	"RTSP/1.0",
	"Content-Length: ",
	"CSeq: ",
	"none",
	"FFFFFFFF",
	"-1",
	"99999999999999999999",
	"Session: ",
	":",
	",",
	";",
	"=",
	" ",
	"wfd_video_formats: ",
	"wfd_display_edid: ",
	"client_port=",
	"%s%n",
	"\xff\xfe",
};

static void mutate(GString *text)
{
	guint where = text->len ? g_test_rand_int_range(0, text->len) : 0;
	guint n = g_test_rand_int_range(1, 20);

	n = MIN(n, text->len - where);
	switch (g_test_rand_int_range(0, 6)) {
	case 0:
		if (text->len)
			text->str[where] = g_test_rand_int_range(0, 256);
		break;
	case 1: g_string_erase(text, where, n); break;
	case 2:
		g_string_insert(text, where, words[g_test_rand_int_range(0, G_N_ELEMENTS(words))]);
		break;
	case 3: {
		g_autofree char *copy = g_strndup(text->str + where, n);

		g_string_insert(text, where, copy);
		break;
	}
	case 4:
		if (text->len)
			text->str[where] ^= 1 << g_test_rand_int_range(0, 8);
		break;
	case 5: g_string_truncate(text, where); break;
	}
}

static void drain(WfdSource *source, gboolean *ended)
{
	WfdSourceEvent event;

	const GByteArray *output;
	gsize len = 0;

	while ((output = wfd_source_output(source))) {
		len += output->len;
		wfd_source_output_sent(source, output->len);
	}
	g_assert_cmpuint(len, <=, MAX_OUTPUT);
	while (wfd_source_next_event(source, &event)) {
		g_assert_false(*ended);
		*ended = event.type == WFD_SOURCE_ENDED;
		if (*ended)
			g_assert_true(g_utf8_validate(event.text, -1, NULL));
		g_free(event.text);
	}
}

static void one_round(void)
{
	WfdSourceConfig config = {.local_host = "10.0.0.1", .session_id = 0xbeef};
	g_autoptr(WfdSource) source = wfd_source_new(&config);
	gboolean ended = FALSE;
	gint64 now = 1;

	wfd_source_start(source, now);
	for (guint i = 0; i < G_N_ELEMENTS(seeds) && !ended; i++) {
		g_autoptr(GString) text = g_string_new(seeds[i]);
		guint mutations = g_test_rand_int_range(0, 8) == 0 ? g_test_rand_int_range(1, 5)
								   : 0;
		gsize done = 0;

		while (mutations--)
			mutate(text);
		while (done < text->len) {
			gsize n = g_test_rand_int_range(1, 200);

			n = MIN(n, text->len - done);
			wfd_source_feed(source, (guint8 *)text->str + done, n, now);
			done += n;
		}
		if (!g_test_rand_int_range(0, 10))
			wfd_source_set_standby(source, g_test_rand_bit(), now);
		drain(source, &ended);
		now += g_test_rand_int_range(0, G_USEC_PER_SEC);
		if (wfd_source_next_deadline(source) <= now)
			wfd_source_on_time(source, now);
		drain(source, &ended);
	}
	/*
	 * Silence: every wait must end. Keep-alives, three of them, are the longest way; a sink that
	 * plays and has never answered one is asked for ever.
	 */
	for (guint waits = 0; !ended; waits++) {
		gint64 deadline = wfd_source_next_deadline(source);

		if (waits == 20) {
			g_assert_cmpuint(wfd_source_sink_rtp_port(source), !=, 0);
			wfd_source_stop(source, now);
		}
		g_assert_cmpuint(waits, <, 22);
		/* Paused by its own wish a sink is still asked for signs of life. */
		g_assert_cmpint(deadline, <, G_MAXINT64);
		now = MAX(now, deadline);
		wfd_source_on_time(source, now);
		drain(source, &ended);
	}
	g_assert_cmpint(wfd_source_reason(source), !=, WFD_REASON_NONE);
}

static void test_mutations(void)
{
	for (guint i = 0; i < ROUNDS; i++)
		one_round();
}

/* A sink that sends and sends, and does not read: the session ends, and its memory is bounded. */
static void flood(const char *first, const char *endless, WfdReason reason)
{
	WfdSourceConfig config = {.local_host = "10.0.0.1", .session_id = 0xbeef};
	g_autoptr(WfdSource) source = wfd_source_new(&config);
	gboolean ended = FALSE;
	gsize fed = 0;

	wfd_source_start(source, 1);
	/* Up to the picture. */
	for (guint i = 0; i < 7; i++) {
		wfd_source_feed(source, (const guint8 *)seeds[i], strlen(seeds[i]), 1);
		wfd_source_on_time(source, 1 + (i + 1) * WFD_REQUEST_PAUSE);
		drain(source, &ended);
		g_assert_false(ended);
	}
	wfd_source_feed(source, (const guint8 *)first, strlen(first), 1);
	while (wfd_source_reason(source) == WFD_REASON_NONE) {
		wfd_source_feed(source, (const guint8 *)endless, strlen(endless), 1);
		fed += strlen(endless);
		g_assert_cmpuint(fed, <, 4 * 1024 * 1024);
	}
	g_assert_cmpint(wfd_source_reason(source), ==, reason);
	drain(source, &ended);
	g_assert_true(ended);
}

static void test_floods(void)
{
	flood("", seeds[7], WFD_REASON_SINK_NOT_READING);
	flood("OPTIONS * RTSP/1.0\r\n", "X-More: more\r\n", WFD_REASON_GARBAGE);
	flood("SET_PARAMETER rtsp://x RTSP/1.0\r\nCSeq: 6\r\nContent-Length: 131073\r\n\r\n", "x",
	      WFD_REASON_BAD_CONTENT_LENGTH);
}

/* Parameters alone, without the framing in front. */
static void test_parameters(void)
{
	for (guint i = 0; i < ROUNDS; i++) {
		g_autoptr(GString) text = g_string_new(strstr(seeds[2], "wfd_"));
		WfdSinkCaps caps;
		WfdChoice choice;

		for (guint n = g_test_rand_int_range(1, 10); n; n--)
			mutate(text);
		if (wfd_sink_caps_parse(text->str, text->len, &caps, NULL) &&
		    wfd_choose_format(&caps.video, &(WfdPolicy){0}, &choice, NULL)) {
			g_assert_cmpuint(choice.mode.width, >=, 640);
			g_assert_cmpuint(choice.mode.width, <=, 1920);
			g_assert_nonnull(wfd_level_name(choice.level));
		}
		wfd_sink_caps_clear(&caps);
	}
}

int main(int argc, char **argv)
{
	char *args[4] = {argv[0], "--seed", "R02S4d697261636173744c696e7578000001", NULL};

	/* The seed is fixed unless one is given. */
	if (argc == 1) {
		char **fixed = args;
		int n = 3;

		g_test_init(&n, &fixed, NULL);
	} else {
		g_test_init(&argc, &argv, NULL);
	}
	g_test_add_func("/wfd/fuzz/conversations", test_mutations);
	g_test_add_func("/wfd/fuzz/floods", test_floods);
	g_test_add_func("/wfd/fuzz/parameters", test_parameters);
	return g_test_run();
}
