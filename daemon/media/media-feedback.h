/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is heard of the way to the sink while a stream runs, by RTCP, by this machine's own queue and
 * from elsewhere, and the rate that comes of it (media-rate.h). On one thread.
 */
#ifndef MEDIA_FEEDBACK_H
#define MEDIA_FEEDBACK_H

#include "media-rate.h"
#include "media-rtcp.h"
#include "media-sender.h"

/* So far. */
typedef struct {
	guint64 packets; /* handed to the socket */
	guint64 packets_dropped; /* that the network did not take */
	guint64 bytes; /* of payload, in those that were handed to the socket */
} MediaSent;

/* Other signs than the sink's reports, since the rate was judged last. */
typedef struct {
	guint keyframes; /* that the sink asked for; those of half a second are one */
	guint queue_lowest, queue_latest; /* see media_sender_take_queue() */
	guint air_kbit; /* see media_set_air(); 0: not known */
	guint64 air_packets, air_failed;
} MediaHeard;

typedef struct {
	MediaSender *sender;
	guint32 ssrc;
	guint16 first_packet; /* its sequence number */
	gint64 report_at; /* monotonic us: the next to the sink */
	MediaRate rate;
	guint keyframes; /* that the sink asked for, until requests_at */
	gint64 requests_at; /* monotonic us: they are counted until then */
	MediaSent before; /* when it was judged last */
	guint queue_before; /* bytes, then */
	guint64 packets_down; /* made before it went down last */
	guint64 packets_reported; /* made before the last report */
	gint64 reported_at; /* monotonic us; 0: the sink has never reported */
} MediaFeedback;

/* @ssrc, @first_packet: of the RTP stream. @sender: stays the caller's. */
void media_feedback_init(MediaFeedback *feedback, MediaSender *sender, guint32 ssrc,
			 guint16 first_packet);

/* The rate is to follow what is heard, up to @most. Return: what it begins with, kbit/s. */
guint media_feedback_begin(MediaFeedback *feedback, guint most, guint width, guint height);

/*
 * When it is time, tells the sink what was @sent, so that it can tell what of it came. NULL: nothing was,
 * or the sink does not play. @rtp_time: what RTP says of @now.
 */
void media_feedback_send_report(MediaFeedback *feedback, const MediaSent *sent, guint32 rtp_time,
				gint64 now);

/* Return: how many reports have come from the sink; @report: the last one. */
guint media_feedback_receive_reports(MediaFeedback *feedback, MediaReceiverReport *report,
				     gint64 now);

/**
 * media_feedback_judge() - what the rate is from now on; about four times a second
 * @feedback: that has begun
 * @report: by the sink since this was called before; NULL: none
 * @sent: so far
 * @heard: since this was called before
 * @kbit: what the encoder was told last
 * @now: monotonic us
 *
 * Return: kbit/s.
 */
guint media_feedback_judge(MediaFeedback *feedback, const MediaReceiverReport *report,
			   const MediaSent *sent, const MediaHeard *heard, guint kbit, gint64 now);

#endif
