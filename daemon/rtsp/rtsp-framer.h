/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTSP messages out of a stream of bytes that come in any pieces (RFC 2326, 4 and 15). No sockets,
 * and nothing of Wi-Fi Display.
 */
#ifndef RTSP_FRAMER_H
#define RTSP_FRAMER_H

#include "rtsp-message.h"

#define RTSP_MAX_HEADER (16 * 1024) /* bytes of start line and headers */
#define RTSP_MAX_BODY	(64 * 1024) /* bytes */

typedef enum {
	RTSP_FRAMER_MESSAGE, /* a whole message */
	RTSP_FRAMER_MORE, /* not yet */
	RTSP_FRAMER_GARBAGE, /* this is not RTSP; there is no way to go on */
	RTSP_FRAMER_BAD_LENGTH, /* a Content-Length that cannot be right; likewise */
} RtspFramerResult;

typedef struct {
	GByteArray *bytes; /* not yet taken */
	gsize scanned; /* bytes of the present header known to hold no end of it */
	gboolean start_seen; /* the present message's start line is one */
	gboolean after_body; /* the message before had, or should have had, a body */
} RtspFramer;

void rtsp_framer_init(RtspFramer *framer);
void rtsp_framer_clear(RtspFramer *framer);
void rtsp_framer_push(RtspFramer *framer, const guint8 *data, gsize len);
RtspFramerResult rtsp_framer_pull(RtspFramer *framer, RtspMessage **message);
gboolean rtsp_framer_is_idle(const RtspFramer *framer);

#endif
