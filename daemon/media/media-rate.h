/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The encoder's rate, by what is heard of the way to the sink. Pure: no I/O and no clock.
 *
 * There is no retransmission: a lost packet is a damaged picture. So the rate goes down at the first
 * sign that the way is full, and up in small steps; near the rate at which it was full before, in
 * smaller ones. Loss that is no more at a lower rate is the air's own, and nothing to slow down for.
 */
#ifndef MEDIA_RATE_H
#define MEDIA_RATE_H

#include <glib.h>

/* kbit/s throughout; times are monotonic, in us. */
typedef struct {
	guint min, max;
	double kbit;
	double full_at; /* so much came through when the way was full; 0: it never was */
	double climb; /* part of the rate that is added in a second, from about there on */
	double noise; /* part of the packets that is lost at any rate */
	gint64 down_at; /* the last time that it went down */
	gint64 heard_at; /* of the last call */
	guint jitter_us; /* as low as it was seen, slowly forgotten */
} MediaRate;

/* What was heard since the last call. */
typedef struct {
	gboolean reported; /* by the sink: the two that follow hold */
	double lost; /* part of the packets, 0 to 1 */
	guint jitter_us;
	gboolean dropped; /* packets that this side's own network did not take */
	guint keyframe_requests; /* of the sink */
} MediaRateSigns;

/* Begins at @max, which is what was chosen for the mode. */
void media_rate_init(MediaRate *rate, guint min, guint max);

/* Call about four times a second. Returns: kbit/s from now on. */
guint media_rate_update(MediaRate *rate, const MediaRateSigns *signs, gint64 now);

#endif
