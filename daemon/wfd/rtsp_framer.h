/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTSP messages out of a stream of bytes, and back (RFC 2326, 4 and 15). GStreamer's own framing
 * wants a socket; this one wants bytes. Its message type, header names and methods are used.
 */
#ifndef RTSP_FRAMER_H
#define RTSP_FRAMER_H

#include <gst/rtsp/gstrtspmessage.h>

#define RTSP_MAX_HEADER (16 * 1024) /* bytes of start line and headers */
#define RTSP_MAX_BODY	(64 * 1024) /* bytes */

enum rtsp_framer_result {
	RTSP_FRAMER_MESSAGE, /* a whole message */
	RTSP_FRAMER_MORE, /* not yet */
	RTSP_FRAMER_GARBAGE, /* this is not RTSP; there is no way to go on */
	RTSP_FRAMER_BAD_LENGTH, /* a Content-Length that cannot be right; likewise */
};

typedef GstRTSPMessage RtspMessage;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RtspMessage, gst_rtsp_message_free)

struct rtsp_framer {
	GByteArray *bytes; /* not yet taken */
	gsize scanned; /* bytes of the present header known to hold no end of it */
	gboolean start_seen; /* the present message's start line is one */
	gboolean after_body; /* the message before had, or should have had, a body */
};

void rtsp_framer_init(struct rtsp_framer *framer);
void rtsp_framer_clear(struct rtsp_framer *framer);
void rtsp_framer_push(struct rtsp_framer *framer, const guint8 *data, gsize len);
enum rtsp_framer_result rtsp_framer_pull(struct rtsp_framer *framer, RtspMessage **message);
gboolean rtsp_framer_is_idle(const struct rtsp_framer *framer);

void rtsp_message_append_to(const RtspMessage *message, GByteArray *bytes);

#endif
