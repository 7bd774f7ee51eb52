// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-rtsp.h"

#include <string.h>

G_DEFINE_QUARK(sink - rtsp - error - quark, sink_rtsp_error)

#define MALFORMED(error, ...) \
	g_set_error(error, SINK_RTSP_ERROR, SINK_RTSP_ERROR_MALFORMED, __VA_ARGS__)
#define OVERSIZE(error, ...) \
	g_set_error(error, SINK_RTSP_ERROR, SINK_RTSP_ERROR_OVERSIZE, __VA_ARGS__)

struct SinkRtspReader {
	GByteArray *head; /* start line and headers, up to and with the empty line */
	GstRTSPMessage *message; /* its head is read, its body is awaited; else NULL */
	GByteArray *body;
	gsize body_size;
	gboolean dead;
	SinkRtspMessageFunc each;
	gpointer user_data;
};

SinkRtspReader *sink_rtsp_reader_new(SinkRtspMessageFunc each, gpointer user_data)
{
	SinkRtspReader *reader = g_new0(SinkRtspReader, 1);

	reader->head = g_byte_array_new();
	reader->body = g_byte_array_new();
	reader->each = each;
	reader->user_data = user_data;
	return reader;
}

void sink_rtsp_reader_free(SinkRtspReader *reader)
{
	if (!reader)
		return;
	g_byte_array_unref(reader->head);
	g_byte_array_unref(reader->body);
	g_clear_pointer(&reader->message, gst_rtsp_message_free);
	g_free(reader);
}

static GstRTSPMessage *parse_response_line(const char *line, GError **error)
{
	GstRTSPMessage *message = NULL;
	const char *at = line + strlen("RTSP/1.0 ");
	guint digits = 0, code = 0;

	for (; digits < 3 && g_ascii_isdigit(at[digits]); digits++)
		code = code * 10 + g_ascii_digit_value(at[digits]);
	if (digits < 3 || code < 100 || (at[3] && at[3] != ' ')) {
		g_autofree char *shown = g_strescape(line, NULL);

		MALFORMED(error, "\"%.64s\" has no status of three digits", shown);
		return NULL;
	}
	gst_rtsp_message_new_response(&message, code, at[3] ? at + 4 : "", NULL);
	return message;
}

/* "METHOD URI RTSP/1.0"; a method that RTSP does not know becomes GST_RTSP_INVALID. */
static GstRTSPMessage *parse_request_line(const char *line, GError **error)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	GstRTSPMessage *message = NULL;

	if (g_strv_length(words) != 3 || !*words[0] || !*words[1] || strcmp(words[2], "RTSP/1.0")) {
		g_autofree char *shown = g_strescape(line, NULL);

		MALFORMED(error, "\"%.64s\" is no RTSP/1.0 start line", shown);
		return NULL;
	}
	gst_rtsp_message_new_request(&message, gst_rtsp_find_method(words[0]), words[1]);
	return message;
}

static gboolean parse_header(SinkRtspReader *reader, char *line, GError **error)
{
	char *colon = strchr(line, ':');
	guint64 length;

	if (!colon || colon == line || g_ascii_isspace(*line)) {
		g_autofree char *shown = g_strescape(line, NULL);

		MALFORMED(error, "\"%.64s\" is no header", shown);
		return FALSE;
	}
	*colon++ = '\0';
	g_strchomp(line);
	g_strstrip(colon);
	if (g_ascii_strcasecmp(line, "Content-Length")) {
		gst_rtsp_message_add_header_by_name(reader->message, line, colon);
		return TRUE;
	}
	if (!g_ascii_string_to_unsigned(colon, 10, 0, G_MAXUINT64, &length, NULL)) {
		MALFORMED(error, "Content-Length is not a number");
		return FALSE;
	}
	if (length > SINK_RTSP_MAX_BODY) {
		OVERSIZE(error, "a body of %" G_GUINT64_FORMAT " bytes is over the limit of %d",
			 length, SINK_RTSP_MAX_BODY);
		return FALSE;
	}
	if (reader->body_size && reader->body_size != length) {
		MALFORMED(error, "two different Content-Lengths");
		return FALSE;
	}
	reader->body_size = length;
	return TRUE;
}

static gboolean parse_head(SinkRtspReader *reader, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (memchr(reader->head->data, 0, reader->head->len)) {
		MALFORMED(error, "a NUL byte in the head of a message");
		return FALSE;
	}
	text = g_strndup((const char *)reader->head->data, reader->head->len);
	lines = g_strsplit(text, "\n", SINK_RTSP_MAX_HEADERS + 4);
	if (g_strv_length(lines) > SINK_RTSP_MAX_HEADERS + 3) {
		OVERSIZE(error, "more than %d headers", SINK_RTSP_MAX_HEADERS);
		return FALSE;
	}
	for (guint i = 0; lines[i]; i++) {
		gsize size = strlen(lines[i]);

		if (size && lines[i][size - 1] == '\r')
			lines[i][size - 1] = '\0';
	}
	reader->body_size = 0;
	reader->message = g_str_has_prefix(lines[0], "RTSP/1.0 ")
				  ? parse_response_line(lines[0], error)
				  : parse_request_line(lines[0], error);
	if (!reader->message)
		return FALSE;
	for (guint i = 1; lines[i] && *lines[i]; i++) {
		if (!parse_header(reader, lines[i], error))
			return FALSE;
	}
	g_byte_array_set_size(reader->head, 0);
	return TRUE;
}

/* The head ends with an empty line; lines end with CR LF, or with LF alone as the lenient do. */
static gboolean head_is_whole(const GByteArray *head)
{
	const guint8 *end = head->data + head->len;

	return head->len >= 2 && end[-1] == '\n' &&
	       (end[-2] == '\n' || (head->len >= 3 && end[-2] == '\r' && end[-3] == '\n'));
}

/* Takes bytes up to the end of the head at most; returns how many. */
static gsize feed_head(SinkRtspReader *reader, const guint8 *data, gsize size, GError **error)
{
	for (gsize i = 0; i < size; i++) {
		/* Empty lines between messages are no message (RFC 2326, 4.1). */
		if (!reader->head->len && (data[i] == '\r' || data[i] == '\n'))
			continue;
		if (reader->head->len == SINK_RTSP_MAX_HEAD) {
			OVERSIZE(error, "more than %d bytes without the end of a head",
				 SINK_RTSP_MAX_HEAD);
			return i;
		}
		g_byte_array_append(reader->head, &data[i], 1);
		if (data[i] == '\n' && head_is_whole(reader->head)) {
			parse_head(reader, error);
			return i + 1;
		}
	}
	return size;
}

static gsize feed_body(SinkRtspReader *reader, const guint8 *data, gsize size)
{
	gsize wanted = MIN(size, reader->body_size - reader->body->len);

	g_byte_array_append(reader->body, data, wanted);
	return wanted;
}

static void deliver(SinkRtspReader *reader)
{
	GstRTSPMessage *message = g_steal_pointer(&reader->message);

	if (reader->body->len)
		gst_rtsp_message_set_body(message, reader->body->data, reader->body->len);
	g_byte_array_set_size(reader->body, 0);
	reader->each(message, reader->user_data);
	gst_rtsp_message_free(message);
}

gboolean sink_rtsp_reader_feed(SinkRtspReader *reader, const guint8 *data, gsize size,
			       GError **error)
{
	GError *problem = NULL;

	if (reader->dead) {
		MALFORMED(error, "the bytes are out of step since an earlier error");
		return FALSE;
	}
	while (size) {
		gsize taken = reader->message ? feed_body(reader, data, size)
					      : feed_head(reader, data, size, &problem);

		if (problem) {
			reader->dead = TRUE;
			g_propagate_error(error, problem);
			return FALSE;
		}
		data += taken;
		size -= taken;
		if (reader->message && reader->body->len == reader->body_size)
			deliver(reader);
	}
	return TRUE;
}

GBytes *sink_rtsp_serialize(const GstRTSPMessage *message)
{
	GString *text = g_string_new(NULL);
	guint8 *body = NULL;
	guint size = 0;

	if (message->type == GST_RTSP_MESSAGE_REQUEST)
		g_string_printf(text, "%s %s RTSP/1.0\r\n",
				gst_rtsp_method_as_text(message->type_data.request.method),
				message->type_data.request.uri);
	else
		g_string_printf(text, "RTSP/1.0 %d %s\r\n", message->type_data.response.code,
				message->type_data.response.reason);
	gst_rtsp_message_append_headers(message, text);
	gst_rtsp_message_get_body(message, &body, &size);
	if (size)
		g_string_append_printf(text, "Content-Length: %u\r\n", size);
	g_string_append(text, "\r\n");
	g_string_append_len(text, (const char *)body, size);
	return g_string_free_to_bytes(text);
}
