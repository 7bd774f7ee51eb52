// SPDX-License-Identifier: GPL-2.0-or-later
/* RTSP framing on bytes: see rtsp_framer.h. */
#include "rtsp_framer.h"

#include <string.h>

void rtsp_framer_init(struct rtsp_framer *framer)
{
	*framer = (struct rtsp_framer){.bytes = g_byte_array_new()};
}

void rtsp_framer_clear(struct rtsp_framer *framer)
{
	g_clear_pointer(&framer->bytes, g_byte_array_unref);
}

void rtsp_framer_push(struct rtsp_framer *framer, const guint8 *data, gsize len)
{
	g_byte_array_append(framer->bytes, data, len);
}

static void drop(struct rtsp_framer *framer, gsize len)
{
	g_byte_array_remove_range(framer->bytes, 0, len);
	framer->scanned = 0;
	framer->start_seen = FALSE;
}

/* Empty lines between messages mean nothing. */
static void drop_empty_lines(struct rtsp_framer *framer)
{
	gsize n = 0;

	while (n < framer->bytes->len &&
	       (framer->bytes->data[n] == '\r' || framer->bytes->data[n] == '\n'))
		n++;
	if (n)
		drop(framer, n);
}

/* Whether no message has begun. */
gboolean rtsp_framer_is_idle(const struct rtsp_framer *framer)
{
	return !framer->bytes->len;
}

/*
 * The length of the header with the empty line that ends it; 0 if the end is not there yet; -1 if
 * a byte in it cannot belong to a header.
 */
static gssize header_length(struct rtsp_framer *framer)
{
	const guint8 *data = framer->bytes->data;
	gsize end = MIN(framer->bytes->len, RTSP_MAX_HEADER);

	for (gsize i = framer->scanned; i < end; i++) {
		if (data[i] == '\n') {
			if (i >= 1 && data[i - 1] == '\n')
				return i + 1;
			if (i >= 2 && data[i - 1] == '\r' && data[i - 2] == '\n')
				return i + 1;
		} else if (data[i] != '\r' && data[i] != '\t' && data[i] < ' ') {
			return -1;
		}
	}
	framer->scanned = end;
	return 0;
}

static gboolean is_version(const char *word)
{
	return !g_ascii_strncasecmp(word, "RTSP/", 5) && g_ascii_isdigit(word[5]);
}

static GstRTSPVersion version_of(const char *word)
{
	return g_str_equal(word + 5, "1.0") ? GST_RTSP_VERSION_1_0 : GST_RTSP_VERSION_INVALID;
}

/* A message with nothing but its start line; NULL if it is none. An unknown method is GST_RTSP_INVALID. */
static RtspMessage *start_line_parse(const char *line)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(GStrv) parts = g_strsplit_set(line, " \t", -1);
	RtspMessage *message = NULL;

	for (guint i = 0; parts[i]; i++)
		if (*parts[i])
			g_ptr_array_add(words, parts[i]);
	if (words->len >= 2 && is_version(words->pdata[0])) {
		guint64 code;

		if (!g_ascii_string_to_unsigned(words->pdata[1], 10, 100, 999, &code, NULL))
			return NULL;
		gst_rtsp_message_new_response(&message, code, NULL, NULL);
		message->type_data.response.version = version_of(words->pdata[0]);
	} else if (words->len == 3 && is_version(words->pdata[2])) {
		gst_rtsp_message_new_request(&message, gst_rtsp_find_method(words->pdata[0]),
					     words->pdata[1]);
		message->type_data.request.version = version_of(words->pdata[2]);
	}
	return message;
}

/* Header lines; one without a colon is passed over, one that begins blank continues the last. */
static void headers_parse(RtspMessage *message, char **lines)
{
	for (guint i = 0; lines[i] && *lines[i]; i++) {
		g_autoptr(GString) value = NULL;
		char *name = lines[i];
		char *colon = strchr(name, ':');

		if (!colon || g_ascii_isspace(*name))
			continue;
		*colon = '\0';
		value = g_string_new(g_strstrip(colon + 1));
		while (lines[i + 1] && (lines[i + 1][0] == ' ' || lines[i + 1][0] == '\t'))
			g_string_append_printf(value, " %s", g_strstrip(lines[++i]));
		gst_rtsp_message_add_header_by_name(message, g_strchomp(name), value->str);
	}
}

/* Whether the bytes may still become a message, seen from the start line alone. */
static gboolean start_line_may_be(struct rtsp_framer *framer)
{
	const guint8 *data = framer->bytes->data;
	const guint8 *end = memchr(data, '\n', framer->bytes->len);
	g_autofree char *line = NULL;
	g_autoptr(RtspMessage) message = NULL;

	if (framer->start_seen || !end)
		return TRUE;
	line = g_strndup((const char *)data, end - data);
	message = start_line_parse(g_strchomp(line));
	framer->start_seen = message != NULL;
	return framer->start_seen;
}

static RtspMessage *header_parse(const guint8 *data, gsize len)
{
	g_autofree char *text = g_strndup((const char *)data, len);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	RtspMessage *message;

	for (guint i = 0; lines[i]; i++)
		g_strchomp(lines[i]);
	message = start_line_parse(lines[0]);
	headers_parse(message, lines + 1);
	return message;
}

/**
 * rtsp_framer_pull() - the next message
 * @framer: the framer
 * @message: set with RTSP_FRAMER_MESSAGE, to be freed
 *
 * After RTSP_FRAMER_GARBAGE and RTSP_FRAMER_BAD_LENGTH nothing more can be pulled.
 */
enum rtsp_framer_result rtsp_framer_pull(struct rtsp_framer *framer, RtspMessage **message)
{
	g_autoptr(RtspMessage) parsed = NULL;
	guint64 body_len = 0;
	gssize header_len;
	char *value;

	drop_empty_lines(framer);
	header_len = header_length(framer);
	if (header_len < 0 || (!header_len && framer->bytes->len >= RTSP_MAX_HEADER) ||
	    !start_line_may_be(framer))
		return framer->after_body ? RTSP_FRAMER_BAD_LENGTH : RTSP_FRAMER_GARBAGE;
	if (!header_len)
		return RTSP_FRAMER_MORE;
	parsed = header_parse(framer->bytes->data, header_len);
	if (gst_rtsp_message_get_header(parsed, GST_RTSP_HDR_CONTENT_LENGTH, &value, 0) ==
		    GST_RTSP_OK &&
	    !g_ascii_string_to_unsigned(value, 10, 0, RTSP_MAX_BODY, &body_len, NULL))
		return RTSP_FRAMER_BAD_LENGTH;
	if (framer->bytes->len < header_len + body_len)
		return RTSP_FRAMER_MORE;
	if (body_len)
		gst_rtsp_message_set_body(parsed, framer->bytes->data + header_len, body_len);
	framer->after_body = body_len ||
			     gst_rtsp_message_get_header(parsed, GST_RTSP_HDR_CONTENT_TYPE, &value,
							 0) == GST_RTSP_OK;
	drop(framer, header_len + body_len);
	*message = g_steal_pointer(&parsed);
	return RTSP_FRAMER_MESSAGE;
}

/* A message as it goes over the wire; Content-Length is added where there is a body. */
void rtsp_message_append_to(const RtspMessage *message, GByteArray *bytes)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint8 *body = NULL;
	guint body_len = 0;

	if (message->type == GST_RTSP_MESSAGE_REQUEST)
		g_string_printf(text, "%s %s RTSP/1.0\r\n",
				gst_rtsp_method_as_text(message->type_data.request.method),
				message->type_data.request.uri);
	else
		g_string_printf(text, "RTSP/1.0 %d %s\r\n", message->type_data.response.code,
				gst_rtsp_status_as_text(message->type_data.response.code));
	gst_rtsp_message_append_headers(message, text);
	gst_rtsp_message_get_body(message, &body, &body_len);
	if (body_len)
		g_string_append_printf(text, "Content-Length: %u\r\n", body_len);
	g_string_append(text, "\r\n");
	g_byte_array_append(bytes, (guint8 *)text->str, text->len);
	if (body_len)
		g_byte_array_append(bytes, body, body_len);
}
