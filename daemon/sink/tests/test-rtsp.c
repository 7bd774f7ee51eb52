// SPDX-License-Identifier: GPL-2.0-or-later
/* The RTSP reader: any bytes in any pieces. */
#include "sink-rtsp.h"

#include <string.h>

#define BODY "wfd_trigger_method: SETUP\r\n"
#define STREAM                                                             \
	"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n" \
	"SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: 2\r\n"    \
	"Content-Type: text/parameters\r\nContent-Length: 27\r\n\r\n" BODY \
	"RTSP/1.0 200 OK\r\nCSeq: 7\r\nSession: 6B8B4567;timeout=30\r\n"   \
	"Public: org.wfa.wfd1.0, SETUP, PLAY\r\n\r\n\r\n"                  \
	"FROBNICATE * RTSP/1.0\nCSeq: 3\n\n"

static void collect(GstRTSPMessage *message, gpointer user_data)
{
	GString *seen = user_data;
	char *cseq = NULL;
	guint8 *body = NULL;
	guint size = 0;

	gst_rtsp_message_get_header(message, GST_RTSP_HDR_CSEQ, &cseq, 0);
	gst_rtsp_message_get_body(message, &body, &size);
	if (message->type == GST_RTSP_MESSAGE_REQUEST)
		g_string_append_printf(seen, "[%d %s", message->type_data.request.method,
				       message->type_data.request.uri);
	else
		g_string_append_printf(seen, "[%d", message->type_data.response.code);
	g_string_append_printf(seen, " %s %u%s]", cseq ? cseq : "-", size,
			       size == strlen(BODY) && !memcmp(body, BODY, size) ? " whole" : "");
}

static char *read_in_pieces(const char *text, gsize size, gsize piece, GError **error)
{
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autoptr(SinkRtspReader) reader = sink_rtsp_reader_new(collect, seen);

	for (gsize at = 0; at < size; at += piece) {
		/* Its own copy, so that a read past the end is found. */
		gsize part = MIN(piece, size - at);
		g_autofree guint8 *copy = g_memdup2(text + at, part);

		if (!sink_rtsp_reader_feed(reader, copy, part, error)) {
			g_assert_false(sink_rtsp_reader_feed(reader, (const guint8 *)"x", 1, NULL));
			break;
		}
	}
	return g_string_free(g_steal_pointer(&seen), FALSE);
}

static void test_pieces(void)
{
	g_autofree char *expected = g_strdup_printf(
		"[%d * 1 0][%d rtsp://localhost/wfd1.0 2 27 whole][200 7 0][%d * 3 0]",
		GST_RTSP_OPTIONS, GST_RTSP_SET_PARAMETER, GST_RTSP_INVALID);

	for (gsize piece = 1; piece <= sizeof(STREAM); piece++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *seen = read_in_pieces(STREAM, strlen(STREAM), piece, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(seen, ==, expected);
	}
}

static void expect_error(const char *text, gsize size, int code)
{
	static const gsize pieces[] = {1, 7, 1024 * 1024};

	for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *seen = read_in_pieces(text, size, pieces[i], &error);

		g_assert_error(error, SINK_RTSP_ERROR, code);
		g_assert_cmpstr(seen, ==, "");
		/* It goes into the JSON. */
		for (const char *at = error->message; *at; at++)
			g_assert_true(g_ascii_isprint(*at));
	}
}

static void test_malformed(void)
{
	static const char *const wrong[] = {
		"HELLO\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"OPTIONS * RTSP/2.0\r\n\r\n",
		"OPTIONS * * RTSP/1.0\r\n\r\n",
		"OPTIONS  RTSP/1.0\r\n\r\n",
		" * RTSP/1.0\r\n\r\n",
		"RTSP/1.0 OK\r\n\r\n",
		"RTSP/1.0 20 OK\r\n\r\n",
		"RTSP/1.0 2000 OK\r\n\r\n",
		"RTSP/1.0 099 OK\r\n\r\n",
		"RTSP/1.0 2\xff\001 OK\r\n\r\n",
		"RTSP/1.0 200\xff\001\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\n: no name\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nA: b\r\n folded\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nContent-Length: 0x10\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nContent-Length:\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
		"$\1\0\4abcd\r\n\r\n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(wrong) - 1; i++)
		expect_error(wrong[i], strlen(wrong[i]), SINK_RTSP_ERROR_MALFORMED);
	expect_error(wrong[G_N_ELEMENTS(wrong) - 1], 12, SINK_RTSP_ERROR_MALFORMED);
}

static void test_oversize(void)
{
	g_autofree char *length = g_strdup_printf(
		"OPTIONS * RTSP/1.0\r\nContent-Length: %d\r\n\r\n", SINK_RTSP_MAX_BODY + 1);
	g_autoptr(GString) headers = g_string_new("OPTIONS * RTSP/1.0\r\n");
	g_autofree char *line = g_strnfill(SINK_RTSP_MAX_HEAD + 1, 'A');

	expect_error(length, strlen(length), SINK_RTSP_ERROR_OVERSIZE);
	expect_error("OPTIONS * RTSP/1.0\r\nContent-Length: 4294967295\r\n\r\n", 50,
		     SINK_RTSP_ERROR_OVERSIZE);
	expect_error(line, SINK_RTSP_MAX_HEAD + 1, SINK_RTSP_ERROR_OVERSIZE);
	for (guint i = 0; i < SINK_RTSP_MAX_HEADERS + 1; i++)
		g_string_append(headers, "A: b\r\n");
	g_string_append(headers, "\r\n");
	expect_error(headers->str, headers->len, SINK_RTSP_ERROR_OVERSIZE);
}

/* A Content-Length that is too short makes the rest of the body a start line, which it is not. */
static void test_short_content_length(void)
{
	static const char text[] =
		"SET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\n" BODY
		"OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n";
	g_autoptr(GError) error = NULL;
	g_autofree char *seen = read_in_pieces(text, strlen(text), 16, &error);

	g_assert_error(error, SINK_RTSP_ERROR, SINK_RTSP_ERROR_MALFORMED);
}

static void test_serialize(void)
{
	GstRTSPMessage message = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *seen = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;
	const char *text;

	gst_rtsp_message_init_request(&message, GST_RTSP_SET_PARAMETER, "rtsp://localhost/wfd1.0");
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_CSEQ, "5");
	gst_rtsp_message_set_body(&message, (const guint8 *)BODY, strlen(BODY));
	bytes = sink_rtsp_serialize(&message);
	gst_rtsp_message_unset(&message);
	text = g_bytes_get_data(bytes, &size);
	g_assert_cmpmem(text, size,
			"SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: 5\r\n"
			"Content-Length: 27\r\n\r\n" BODY,
			48 + 9 + 20 + 2 + 27);
	seen = read_in_pieces(text, size, 3, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_suffix(seen, "rtsp://localhost/wfd1.0 5 27 whole]"));
}

/* A stream with bytes changed may be refused or not, but nothing else may happen. */
static void test_mutations(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(3);

	for (guint i = 0; i < 20000; i++) {
		g_autofree char *text = g_strdup(STREAM);
		gsize size = strlen(text);

		for (guint n = g_rand_int_range(random, 1, 6); n; n--)
			text[g_rand_int_range(random, 0, size)] = g_rand_int_range(random, 0, 256);
		g_free(read_in_pieces(text, size, g_rand_int_range(random, 1, size), NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sink/rtsp/pieces", test_pieces);
	g_test_add_func("/sink/rtsp/malformed", test_malformed);
	g_test_add_func("/sink/rtsp/oversize", test_oversize);
	g_test_add_func("/sink/rtsp/short-content-length", test_short_content_length);
	g_test_add_func("/sink/rtsp/serialize", test_serialize);
	g_test_add_func("/sink/rtsp/mutations", test_mutations);
	return g_test_run();
}
