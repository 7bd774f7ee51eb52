// SPDX-License-Identifier: GPL-2.0-or-later
/* RTSP messages out of bytes in any pieces. */
#include "rtsp-framer.h"

#include <string.h>

/* Feeds @text in pieces of @step bytes; returns the first result that is not MORE, or MORE. */
static RtspFramerResult feed(RtspFramer *framer, const char *text, gsize step,
			     RtspMessage **message)
{
	gsize len = strlen(text);

	for (gsize i = 0; i < len; i += step) {
		RtspFramerResult result;

		rtsp_framer_push(framer, (const guint8 *)text + i, MIN(step, len - i));
		result = rtsp_framer_pull(framer, message);
		if (result != RTSP_FRAMER_MORE)
			return result;
	}
	return RTSP_FRAMER_MORE;
}

static void test_pieces(void)
{
	static const char text[] = "\r\n\r\nSET_PARAMETER  rtsp://localhost/wfd1.0 RTSP/1.0\r\n"
				   "cseq : 7\r\n"
				   "a line without a colon\r\n"
				   "X-Long: one\r\n"
				   "\ttwo\r\n"
				   "Content-Length:  5 \r\n"
				   "\r\nh\r\n\r\n";

	for (gsize step = 1; step <= sizeof(text); step++) {
		g_autoptr(RtspMessage) message = NULL;
		RtspFramer framer;
		char *value;

		rtsp_framer_init(&framer);
		g_assert_cmpint(feed(&framer, text, step, &message), ==, RTSP_FRAMER_MESSAGE);
		g_assert_cmpint(message->type, ==, GST_RTSP_MESSAGE_REQUEST);
		g_assert_cmpint(message->type_data.request.method, ==, GST_RTSP_SET_PARAMETER);
		g_assert_cmpstr(message->type_data.request.uri, ==, "rtsp://localhost/wfd1.0");
		gst_rtsp_message_get_header(message, GST_RTSP_HDR_CSEQ, &value, 0);
		g_assert_cmpstr(value, ==, "7");
		gst_rtsp_message_get_header_by_name(message, "x-long", &value, 0);
		g_assert_cmpstr(value, ==, "one two");
		g_assert_cmpmem(message->body, message->body_size, "h\r\n\r\n", 5);
		g_assert_true(rtsp_framer_is_idle(&framer));
		rtsp_framer_clear(&framer);
	}
}

static void test_many_at_once(void)
{
	static const char text[] = "RTSP/1.0 200 OK\nCSeq: 1\n\n"
				   "RTSP/1.0 404\r\nCSeq: 2\r\n\r\n"
				   "FROBNICATE * RTSP/2.0\r\nCSeq: 3\r\n\r\n"
				   "OPTIONS * RT";
	RtspFramer framer;
	RtspMessage *message;

	rtsp_framer_init(&framer);
	rtsp_framer_push(&framer, (const guint8 *)text, sizeof(text) - 1);
	g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_MESSAGE);
	g_assert_cmpint(message->type_data.response.code, ==, 200);
	gst_rtsp_message_free(message);
	g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_MESSAGE);
	g_assert_cmpint(message->type_data.response.code, ==, 404);
	gst_rtsp_message_free(message);
	g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_MESSAGE);
	g_assert_cmpint(message->type_data.request.method, ==, GST_RTSP_INVALID);
	g_assert_cmpint(message->type_data.request.version, ==, GST_RTSP_VERSION_INVALID);
	gst_rtsp_message_free(message);
	g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_MORE);
	g_assert_false(rtsp_framer_is_idle(&framer));
	rtsp_framer_clear(&framer);
}

static void test_bad(void)
{
	static const struct {
		const char *text;
		RtspFramerResult result;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", RTSP_FRAMER_GARBAGE},
		{"RTSP/1.0 20x OK\r\n\r\n", RTSP_FRAMER_GARBAGE},
		{"RTSP/1.0 99999999999 OK\r\n\r\n", RTSP_FRAMER_GARBAGE},
		{"RTSP/1.0\r\n", RTSP_FRAMER_GARBAGE},
		{"$\001", RTSP_FRAMER_GARBAGE},
		{"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", RTSP_FRAMER_BAD_LENGTH},
		{"RTSP/1.0 200 OK\r\nContent-Length: 131073\r\n\r\n", RTSP_FRAMER_BODY_TOO_LONG},
		{"RTSP/1.0 200 OK\r\nContent-Length: 4x\r\n\r\n", RTSP_FRAMER_BAD_LENGTH},
		{"RTSP/1.0 200 OK\r\nContent-Length:\r\n\r\n", RTSP_FRAMER_BAD_LENGTH},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (gsize step = 1; step < 64; step *= 3) {
			RtspFramer framer;
			RtspMessage *message;

			rtsp_framer_init(&framer);
			g_assert_cmpint(feed(&framer, cases[i].text, step, &message), ==,
					cases[i].result);
			rtsp_framer_clear(&framer);
		}
	}
}

/* A body longer than its Content-Length, or without one, is no message that follows. */
static void test_short_length(void)
{
	static const char *const texts[] = {
		"RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nwfd_x: 1\r\n",
		"RTSP/1.0 200 OK\r\nContent-Type: text/parameters\r\n\r\nwfd_x: 1\r\n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(RtspMessage) message = NULL;
		RtspFramer framer;

		rtsp_framer_init(&framer);
		rtsp_framer_push(&framer, (const guint8 *)texts[i], strlen(texts[i]));
		g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_MESSAGE);
		g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_BAD_LENGTH);
		rtsp_framer_clear(&framer);
	}
}

/* Bounds at one below, at, and one above the limit. */
static void test_limits(void)
{
	static const char start[] = "RTSP/1.0 200 OK\r\nX: ";

	for (gsize size = RTSP_MAX_HEADER - 1; size <= RTSP_MAX_HEADER + 1; size++) {
		g_autoptr(GString) text = g_string_new(start);
		g_autoptr(RtspMessage) message = NULL;
		RtspFramer framer;

		while (text->len < size - 4)
			g_string_append_c(text, 'x');
		g_string_append(text, "\r\n\r\n");
		rtsp_framer_init(&framer);
		rtsp_framer_push(&framer, (const guint8 *)text->str, text->len);
		g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==,
				size <= RTSP_MAX_HEADER ? RTSP_FRAMER_MESSAGE
							: RTSP_FRAMER_HEADER_TOO_LONG);
		rtsp_framer_clear(&framer);
	}
	for (gsize size = RTSP_MAX_BODY - 1; size <= RTSP_MAX_BODY + 1; size++) {
		g_autofree char *header =
			g_strdup_printf("RTSP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
		g_autofree guint8 *body = g_malloc0(size);
		g_autoptr(RtspMessage) message = NULL;
		RtspFramer framer;

		rtsp_framer_init(&framer);
		rtsp_framer_push(&framer, (const guint8 *)header, strlen(header));
		rtsp_framer_push(&framer, body, size);
		g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==,
				size <= RTSP_MAX_BODY ? RTSP_FRAMER_MESSAGE
						      : RTSP_FRAMER_BODY_TOO_LONG);
		rtsp_framer_clear(&framer);
	}
}

/* What was meant as a request is whole when its header ends, and what follows is read. */
static void test_broken_request(void)
{
	static const char *const lines[] = {
		"OPTIONS * RTSP/1.0 more",
		"GET_PARAMETER rtsp://x",
		"OPTIONS",
		"PLAY rtsp://a b RTSP/1.0",
		"* RTSP/1.0",
	};

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autofree char *text =
			g_strdup_printf("%s\r\nCSeq: 7\r\nContent-Length: 2\r\n\r\nab"
					"OPTIONS * RTSP/1.0\r\nCSeq: 8\r\n\r\n",
					lines[i]);
		g_autoptr(RtspMessage) message = NULL;
		g_autoptr(RtspMessage) next = NULL;
		RtspFramer framer;
		char *value;

		rtsp_framer_init(&framer);
		rtsp_framer_push(&framer, (const guint8 *)text, strlen(text));
		g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_BAD_REQUEST);
		gst_rtsp_message_get_header(message, GST_RTSP_HDR_CSEQ, &value, 0);
		g_assert_cmpstr(value, ==, "7");
		g_assert_cmpint(rtsp_framer_pull(&framer, &next), ==, RTSP_FRAMER_MESSAGE);
		g_assert_cmpint(next->type_data.request.method, ==, GST_RTSP_OPTIONS);
		rtsp_framer_clear(&framer);
	}
}

/* Sinks that send the NUL of their strings along. */
static void test_nul_between(void)
{
	static const char text[] = "RTSP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx\0"
				   "RTSP/1.0 404 Not\r\n\r\n\0\0\r\n\0";

	for (gsize step = 1; step <= sizeof(text); step++) {
		guint n_messages = 0;
		RtspFramer framer;

		rtsp_framer_init(&framer);
		for (gsize i = 0; i < sizeof(text); i += step) {
			RtspFramerResult result;
			RtspMessage *message;

			rtsp_framer_push(&framer, (const guint8 *)text + i,
					 MIN(step, sizeof(text) - i));
			while ((result = rtsp_framer_pull(&framer, &message)) ==
			       RTSP_FRAMER_MESSAGE) {
				gst_rtsp_message_free(message);
				n_messages++;
			}
			g_assert_cmpint(result, ==, RTSP_FRAMER_MORE);
		}
		g_assert_cmpuint(n_messages, ==, 2);
		g_assert_true(rtsp_framer_is_idle(&framer));
		rtsp_framer_clear(&framer);
	}
}

/* The header is read once however the body comes: a mark set after that is in the message. */
static void test_body_in_bytes(void)
{
	static const char header[] = "RTSP/1.0 200 OK\r\nContent-Length: 65536\r\n\r\n";
	g_autoptr(RtspMessage) message = NULL;
	RtspFramer framer;
	char *mark;

	rtsp_framer_init(&framer);
	g_assert_cmpint(feed(&framer, header, 1, &message), ==, RTSP_FRAMER_MORE);
	g_assert_nonnull(framer.message);
	gst_rtsp_message_add_header_by_name(framer.message, "X-Mark", "yes");
	for (guint i = 1; i < 65536; i++) {
		rtsp_framer_push(&framer, (const guint8 *)"x", 1);
		g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_MORE);
	}
	rtsp_framer_push(&framer, (const guint8 *)"x", 1);
	g_assert_cmpint(rtsp_framer_pull(&framer, &message), ==, RTSP_FRAMER_MESSAGE);
	g_assert_cmpint(gst_rtsp_message_get_header_by_name(message, "X-Mark", &mark, 0), ==,
			GST_RTSP_OK);
	g_assert_cmpuint(message->body_size, ==, 65536);
	rtsp_framer_clear(&framer);
}

static void test_round_trip(void)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(RtspMessage) sent = NULL;
	g_autoptr(RtspMessage) got = NULL;
	RtspFramer framer;
	char *value;

	gst_rtsp_message_new_request(&sent, GST_RTSP_SETUP, "rtsp://a/b");
	gst_rtsp_message_add_header(sent, GST_RTSP_HDR_CSEQ, "12");
	gst_rtsp_message_set_body(sent, (const guint8 *)"body", 4);
	rtsp_message_append_to(sent, bytes);
	rtsp_framer_init(&framer);
	rtsp_framer_push(&framer, bytes->data, bytes->len);
	g_assert_cmpint(rtsp_framer_pull(&framer, &got), ==, RTSP_FRAMER_MESSAGE);
	g_assert_cmpint(got->type_data.request.method, ==, GST_RTSP_SETUP);
	gst_rtsp_message_get_header(got, GST_RTSP_HDR_CSEQ, &value, 0);
	g_assert_cmpstr(value, ==, "12");
	g_assert_cmpmem(got->body, got->body_size, "body", 4);
	rtsp_framer_clear(&framer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rtsp/framer/pieces", test_pieces);
	g_test_add_func("/rtsp/framer/many-at-once", test_many_at_once);
	g_test_add_func("/rtsp/framer/bad", test_bad);
	g_test_add_func("/rtsp/framer/short-length", test_short_length);
	g_test_add_func("/rtsp/framer/limits", test_limits);
	g_test_add_func("/rtsp/framer/broken-request", test_broken_request);
	g_test_add_func("/rtsp/framer/nul-between", test_nul_between);
	g_test_add_func("/rtsp/framer/body-in-bytes", test_body_in_bytes);
	g_test_add_func("/rtsp/framer/round-trip", test_round_trip);
	return g_test_run();
}
