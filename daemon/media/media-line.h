/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of sound that come and go, each at a rate of its own, become one line of frames that
 * never ends: at the rate that the sink was told, with silence where nobody plays. It is taken off
 * in blocks. Pure: no clock and no I/O, times are given.
 *
 * What a stream played has its turn in the line at the time at which it was played. A block is
 * ready once all of it was played, or when nothing more is to be expected. What comes after that
 * is too late.
 */
#ifndef MEDIA_LINE_H
#define MEDIA_LINE_H

#include <glib.h>

#define MEDIA_CHANNELS 2
#define MEDIA_FRAME    4 /* bytes: a sample of 16 bits, in the host's order, for each channel */

/*
 * How long after its time a block waits for what was played: as long as the kernel keeps it, while
 * a stream runs; otherwise as long as it takes to hear that one has begun.
 */
#define MEDIA_LINE_PATIENCE_NS 350000000
#define MEDIA_LINE_QUIET_NS    30000000

/* In frames of the line, since it was made. */
typedef struct {
	guint64 played; /* of streams, that were taken off */
	guint64 lost; /* of streams: missing from them, too late, or more than may wait */
} MediaLineStatistics;

typedef struct _MediaLine MediaLine;

MediaLine *media_line_new(guint rate, guint block);
void media_line_free(MediaLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MediaLine, media_line_free)

void media_line_begin(MediaLine *line, gint64 now_ns);
void media_line_start_stream(MediaLine *line, guint rate);
void media_line_push(MediaLine *line, guint64 position, gint64 time_ns, const gint16 *samples,
		     guint frames);
void media_line_stop_stream(MediaLine *line);
gint64 media_line_due(const MediaLine *line);
gboolean media_line_take(MediaLine *line, gint64 now_ns, gint16 *block, gint64 *time_ns);
void media_line_get_statistics(const MediaLine *line, MediaLineStatistics *statistics);

#endif
