/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTCP (RFC 3550, 6) as a sender of one stream speaks it. Pure: no I/O and no clock. */
#ifndef MEDIA_RTCP_H
#define MEDIA_RTCP_H

#include <glib.h>

#define MEDIA_SENDER_REPORT 52 /* bytes */

typedef struct {
	guint32 ssrc;
	gint64 real_us; /* since 1970 */
	guint32 rtp_time; /* the same moment, in 1/90000 s */
	guint32 packets; /* sent so far */
	guint32 bytes; /* of payload, sent so far */
} MediaSenderReport;

/* What a sink tells of the stream. */
typedef struct {
	guint8 fraction_lost; /* of 256, since its last report */
	gint32 lost; /* packets, since the beginning; duplicates count against it */
	guint32 highest; /* sequence number that it has seen; 16 bits are the packet's */
	guint32 jitter; /* in 1/90000 s */
} MediaReceiverReport;

void media_rtcp_write(const MediaSenderReport *report, guint8 out[MEDIA_SENDER_REPORT]);
/* Microseconds. */
guint64 media_rtcp_jitter_us(const MediaReceiverReport *report);
gboolean media_rtcp_read(const guint8 *bytes, gsize size, guint32 ssrc,
			 MediaReceiverReport *report);

#endif
