// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-pace.h"

/* A mode's clock is in kHz, and two clocks are never the same: what is meant to be as fast is. */
#define PERCENT 99

void media_pace_set(MediaPace *pace, guint fps)
{
	pace->interval = G_USEC_PER_SEC * PERCENT / 100 / fps;
}

gint64 media_pace_due(const MediaPace *pace)
{
	return pace->turn - pace->interval / 2;
}

void media_pace_take(MediaPace *pace, gint64 now)
{
	pace->turn = MAX(pace->turn, now) + pace->interval;
}

gint64 media_pace_ready(const MediaPace *pace)
{
	return media_pace_due(pace) - pace->interval / 4;
}
