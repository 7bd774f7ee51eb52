/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The encoder's rate, by what is heard of the way to the sink. Pure: no I/O and no clock.
 *
 * There is no retransmission: a lost packet is a damaged picture. So the rate goes down at the first
 * sign that the way is full, and up in small steps; near the rate at which it was full before, in
 * smaller ones. Loss that is no less at a lower rate is the way's own, and so is jitter that stays: nothing
 * to slow down for.
 */
#ifndef MEDIA_RATE_H
#define MEDIA_RATE_H

#include <glib.h>

/* kbit/s throughout; times are monotonic, in us. */
typedef struct {
	guint min, max;
	double kbit;
	double before; /* what it was before it went down */
	double full_at; /* so much came through when the way was full; 0: it never was */
	double climb; /* part of the rate that is added in a second */
	double noise; /* part of the packets that is lost at any rate */
	gint64 down_at; /* the last time that it went down; 0: it never did */
	gint64 heard_at; /* of the last call */
	double lost_down; /* part of the packets, when it went down; 0: it has helped since */
	double jitter_us; /* that is usual of late */
	gboolean jitter_known;
} MediaRate;

/* What was heard since the last call. */
typedef struct {
	gboolean reported; /* by the sink: the four that follow hold */
	guint packets; /* that it should have got since it reported before */
	guint packets_before; /* of those: sent before the rate went down */
	double lost; /* part of the packets, 0 to 1 */
	guint jitter_us;
	guint queued_us; /* of the stream, as it is sent: waited in this side's network at any time */
	double held; /* part of what was sent that has made that more, 0 to 1 */
	gboolean dropped; /* packets that this side's own network did not take */
	guint keyframe_requests; /* of the sink */
	guint air_kbit; /* more than this the radio does not carry; 0: not known */
} MediaRateSigns;

/* What to begin with, where @max was chosen for the mode: what the way carries is not known yet. */
guint media_rate_first(guint max, guint width, guint height);

/* Begins at @first, within the two others. */
void media_rate_init(MediaRate *rate, guint min, guint first, guint max);

/* Call about four times a second. Returns: kbit/s from now on. */
guint media_rate_update(MediaRate *rate, const MediaRateSigns *signs, gint64 now);

/* How many pictures a second are worth sending at @kbit; at most @fps, the mode's. */
guint media_rate_fps(guint kbit, guint width, guint height, guint fps);

#endif
