/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTSP messages out of a stream of bytes that come in any pieces (RFC 2326, 4 and 15). No sockets,
 * and nothing of Wi-Fi Display.
 */
#ifndef RTSP_FRAMER_H
#define RTSP_FRAMER_H

#include "rtsp-message.h"

#define RTSP_MAX_HEADER (16 * 1024) /* bytes of start line and headers */
#define RTSP_MAX_BODY	(128 * 1024) /* bytes; an EDID of 256 blocks fits */

typedef enum {
	RTSP_FRAMER_MESSAGE, /* a whole message */
	RTSP_FRAMER_BAD_REQUEST, /* a whole request without a method or URI: its start line is broken */
	RTSP_FRAMER_MORE, /* not yet */
	/* There is no way to go on after these. */
	RTSP_FRAMER_GARBAGE, /* this is not RTSP */
	RTSP_FRAMER_BAD_LENGTH, /* a Content-Length that cannot be right */
	RTSP_FRAMER_HEADER_TOO_LONG,
	RTSP_FRAMER_BODY_TOO_LONG,
} RtspFramerResult;

typedef struct {
	GByteArray *bytes; /* not yet taken */
	gsize scanned; /* bytes of the present header known to hold no end of it */
	gboolean start_seen; /* the present message's start line is one, perhaps a broken one */
	gboolean after_body; /* the message before had, or should have had, a body */
	RtspMessage *message; /* its header is taken and its body awaited, or NULL */
	gboolean broken; /* its start line is */
	gsize body_len; /* bytes */
} RtspFramer;

void rtsp_framer_init(RtspFramer *framer);
void rtsp_framer_clear(RtspFramer *framer);
void rtsp_framer_push(RtspFramer *framer, const guint8 *data, gsize len);
RtspFramerResult rtsp_framer_pull(RtspFramer *framer, RtspMessage **message);
gboolean rtsp_framer_is_idle(const RtspFramer *framer);

#endif
