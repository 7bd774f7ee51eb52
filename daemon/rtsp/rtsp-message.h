/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTSP messages as text (RFC 2326, 4 and 15). GStreamer's message type, header names and methods are
 * used; its own reading and writing want a socket.
 */
#ifndef RTSP_MESSAGE_H
#define RTSP_MESSAGE_H

#include <gst/rtsp/gstrtspmessage.h>

typedef GstRTSPMessage RtspMessage;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RtspMessage, gst_rtsp_message_free)

RtspMessage *rtsp_message_new_from_line(const char *line, gboolean *broken);
RtspMessage *rtsp_message_new_from_header(const guint8 *data, gsize len, gboolean *broken);
/* The value of a header; NULL: the message has none. */
const char *rtsp_message_header(const RtspMessage *message, GstRTSPHeaderField field);
void rtsp_message_append_to(const RtspMessage *message, GByteArray *bytes);

#endif
