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
	g_clear_pointer(&framer->message, gst_rtsp_message_free);
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

/* Empty lines and NULs between messages mean nothing. */
static void drop_blanks(RtspFramer *framer)
{
	gsize n = 0;

	while (n < framer->bytes->len &&
	       (framer->bytes->data[n] == '\r' || framer->bytes->data[n] == '\n' ||
		framer->bytes->data[n] == '\0'))
		n++;
	if (n)
		drop(framer, n);
}

/* Whether no message has begun. */
gboolean rtsp_framer_is_idle(const RtspFramer *framer)
{
	return !framer->message && !framer->bytes->len;
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
	/* Without bytes there is no address either, which memchr() must not be given. */
	const guint8 *end = framer->bytes->len ? memchr(data, '\n', framer->bytes->len) : NULL;
	g_autofree char *line = NULL;
	g_autoptr(RtspMessage) message = NULL;
	gboolean broken;

	if (framer->start_seen || !end)
		return TRUE;
	line = g_strndup((const char *)data, end - data);
	message = rtsp_message_new_from_line(g_strchomp(line), &broken);
	framer->start_seen = message != NULL;
	return framer->start_seen;
}

/* Takes the header of the next message off the bytes, once it is whole. */
static RtspFramerResult take_header(RtspFramer *framer)
{
	const char *length;
	gssize len;

	drop_blanks(framer);
	len = header_length(framer);
	if (len < 0 || !start_line_may_be(framer))
		return framer->after_body ? RTSP_FRAMER_BAD_LENGTH : RTSP_FRAMER_GARBAGE;
	if (!len)
		return framer->bytes->len < RTSP_MAX_HEADER ? RTSP_FRAMER_MORE
							    : RTSP_FRAMER_HEADER_TOO_LONG;
	framer->message = rtsp_message_new_from_header(framer->bytes->data, len, &framer->broken);
	framer->body_len = 0;
	framer->after_body = rtsp_message_header(framer->message, GST_RTSP_HDR_CONTENT_TYPE) !=
			     NULL;
	drop(framer, len);
	length = rtsp_message_header(framer->message, GST_RTSP_HDR_CONTENT_LENGTH);
	if (length) {
		guint64 body_len;

		if (!g_ascii_string_to_unsigned(length, 10, 0, G_MAXUINT64, &body_len, NULL))
			return RTSP_FRAMER_BAD_LENGTH;
		if (body_len > RTSP_MAX_BODY)
			return RTSP_FRAMER_BODY_TOO_LONG;
		framer->body_len = body_len;
		framer->after_body |= body_len > 0;
	}
	return RTSP_FRAMER_MESSAGE;
}

/**
 * rtsp_framer_pull() - the next message
 * @framer: the framer
 * @message: set with RTSP_FRAMER_MESSAGE and RTSP_FRAMER_BAD_REQUEST, to be freed
 *
 * A message that comes in pieces is not read again with each of them.
 */
RtspFramerResult rtsp_framer_pull(RtspFramer *framer, RtspMessage **message)
{
	if (!framer->message) {
		RtspFramerResult result = take_header(framer);

		if (result != RTSP_FRAMER_MESSAGE)
			return result;
	}
	if (framer->bytes->len < framer->body_len)
		return RTSP_FRAMER_MORE;
	if (framer->body_len)
		gst_rtsp_message_set_body(framer->message, framer->bytes->data, framer->body_len);
	drop(framer, framer->body_len);
	*message = g_steal_pointer(&framer->message);
	return framer->broken ? RTSP_FRAMER_BAD_REQUEST : RTSP_FRAMER_MESSAGE;
}
