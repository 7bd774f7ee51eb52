// SPDX-License-Identifier: GPL-2.0-or-later
/* RTSP framing on bytes: see rtsp-framer.h. */
#include "rtsp-framer.h"

#include <string.h>

void rtsp_framer_init(RtspFramer *framer)
{
	*framer = (RtspFramer){.bytes = g_byte_array_new()};
}

void rtsp_framer_clear(RtspFramer *framer)
{
	g_clear_pointer(&framer->bytes, g_byte_array_unref);
}

void rtsp_framer_push(RtspFramer *framer, const guint8 *data, gsize len)
{
	g_byte_array_append(framer->bytes, data, len);
}

static void drop(RtspFramer *framer, gsize len)
{
	g_byte_array_remove_range(framer->bytes, 0, len);
	framer->scanned = 0;
	framer->start_seen = FALSE;
}

/* Empty lines between messages mean nothing. */
static void drop_empty_lines(RtspFramer *framer)
{
	gsize n = 0;

	while (n < framer->bytes->len &&
	       (framer->bytes->data[n] == '\r' || framer->bytes->data[n] == '\n'))
		n++;
	if (n)
		drop(framer, n);
}

/* Whether no message has begun. */
gboolean rtsp_framer_is_idle(const RtspFramer *framer)
{
	return !framer->bytes->len;
}

/*
 * The length of the header with the empty line that ends it; 0 if the end is not there yet; -1 if
 * a byte in it cannot belong to a header.
 */
static gssize header_length(RtspFramer *framer)
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

/* Whether the bytes may still become a message, seen from the start line alone. */
static gboolean start_line_may_be(RtspFramer *framer)
{
	const guint8 *data = framer->bytes->data;
	const guint8 *end = memchr(data, '\n', framer->bytes->len);
	g_autofree char *line = NULL;
	g_autoptr(RtspMessage) message = NULL;

	if (framer->start_seen || !end)
		return TRUE;
	line = g_strndup((const char *)data, end - data);
	message = rtsp_message_new_from_line(g_strchomp(line));
	framer->start_seen = message != NULL;
	return framer->start_seen;
}

/**
 * rtsp_framer_pull() - the next message
 * @framer: the framer
 * @message: set with RTSP_FRAMER_MESSAGE, to be freed
 *
 * After RTSP_FRAMER_GARBAGE and RTSP_FRAMER_BAD_LENGTH nothing more can be pulled.
 */
RtspFramerResult rtsp_framer_pull(RtspFramer *framer, RtspMessage **message)
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
	parsed = rtsp_message_new_from_header(framer->bytes->data, header_len);
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
