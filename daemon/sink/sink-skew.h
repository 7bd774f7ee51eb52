/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far sound runs ahead of the picture that was there at the same time, as both arrive: what a
 * sink hears and sees that shows each at once. One that shows them by their times has to wait for
 * the later one. Pure: no I/O and no clock.
 */
#pragma once

#include <glib.h>

/* Negative where the sound is behind. */
typedef struct {
	guint64 units; /* of sound that were compared */
	gint64 mean_us;
	gint64 least_us;
	gint64 most_us;
} SinkSkewStatistics;

typedef struct SinkSkew SinkSkew;

SinkSkew *sink_skew_new(void);
void sink_skew_free(SinkSkew *skew);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkSkew, sink_skew_free)

/* One TS packet, whatever it has in it, and when it came. */
void sink_skew_packet(SinkSkew *skew, const guint8 *packet, gint64 now_us);
/* When the last picture that has come whole is to be shown, 1/90000 s; -1: none has. */
gint64 sink_skew_picture(const SinkSkew *skew);
void sink_skew_statistics(const SinkSkew *skew, SinkSkewStatistics *statistics);
