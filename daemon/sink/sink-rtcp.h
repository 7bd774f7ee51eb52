/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the receiver of one RTP stream counts of it, and says and hears of it over RTCP (RFC 3550, 6). Pure:
 * no I/O and no clock.
 */
#pragma once

#include <glib.h>

/* What a sender report says of the stream that it sends. */
typedef struct {
	guint32 ssrc;
	guint32 ntp; /* the middle 32 bits of its time, to be said back */
} SinkSenderReport;

typedef struct {
	guint32 own_ssrc;
	guint32 ssrc; /* the stream that is reported on */
	guint8 fraction_lost; /* since the last report, in 1/256 */
	gint32 lost; /* since the beginning; 24 bits of it are said */
	guint32 highest; /* sequence number, with how often 16 bits wrapped above */
	guint32 jitter; /* in units of the RTP timestamp */
	guint32 sender_ntp; /* of the last sender report; 0: none has come */
	guint32 sender_delay; /* since it came, in 1/65536 s */
} SinkReceiverReport;

/* A receiver report and the name that has to come with it. */
#define SINK_RECEIVER_REPORT 56 /* bytes */

/* Looks for a sender report at the head of a datagram, of which nothing is believed. */
gboolean sink_rtcp_read(const guint8 *bytes, gsize size, SinkSenderReport *report);
void sink_rtcp_write(const SinkReceiverReport *report, guint8 out[SINK_RECEIVER_REPORT]);

#define SINK_RTP_HEAD 12 /* bytes */

/* The sequence numbers of a stream (RFC 3550, A.3): begin with zeros. */
typedef struct {
	guint32 ssrc;
	guint32 base;
	guint32 highest; /* goes on where 16 bits wrap */
	guint64 received;
	guint64 lost_before; /* by streams before this one */
	guint64 expected_reported; /* when the last receiver report left */
	guint64 received_reported;
	guint32 transit; /* of the last packet, in its clock */
	gdouble jitter;
} SinkRtpSequence;

void sink_rtp_sequence_count(SinkRtpSequence *sequence, const guint8 head[SINK_RTP_HEAD],
			     gint64 now_us);
guint64 sink_rtp_sequence_lost(const SinkRtpSequence *sequence);
/* All but whose it is, of what came since the last one. @heard: @heard_us ago; zeros: never */
SinkReceiverReport sink_rtp_sequence_report(SinkRtpSequence *sequence,
					    const SinkSenderReport *heard, gint64 heard_us);
