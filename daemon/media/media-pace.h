/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a picture may go to the encoder, so that they are no more than so many a second. Pure: no clock.
 *
 * Each picture takes a turn of the interval's length, one after the other. It may come up to half an
 * interval before its turn: so the first one after a pause goes at once, one that comes as often as it
 * may never waits however unevenly it comes, and over time there are no more than turns.
 */
#ifndef MEDIA_PACE_H
#define MEDIA_PACE_H

#include <glib.h>

/* Times are monotonic, in us. */
typedef struct {
	gint64 interval;
	gint64 turn; /* the next one's */
} MediaPace;

/* From now on; @fps: pictures a second, not 0. */
void media_pace_set(MediaPace *pace, guint fps);

/* A picture may go from then on. */
gint64 media_pace_due(const MediaPace *pace);

/* One has gone at @now. */
void media_pace_take(MediaPace *pace, gint64 now);

/*
 * Whoever brings pictures faster than they may go is told that the last one is done by then: what is drawn
 * after that is about in time.
 */
gint64 media_pace_ready(const MediaPace *pace);

#endif
