/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a stream is told of: its format, how it is sent, its pictures. */
#ifndef MEDIA_TYPES_H
#define MEDIA_TYPES_H

#include "media-convert.h"

/*
 * Makes of a datagram of @size bytes what is sent for it, at most @out_size bytes at @out: its size; 0: it
 * must not be sent.
 */
typedef gsize (*MediaSeal)(const guint8 *datagram, gsize size, guint8 *out, gsize out_size,
			   gpointer user_data);

/* It is at most so many bytes longer. */
#define MEDIA_SEAL_OVERHEAD 128

typedef struct {
	guint width; /* pixels */
	guint height; /* pixels */
	guint fps;
	gboolean high_profile; /* H.264's High instead of Constrained Baseline */
	const char *level; /* H.264's, such as "3.1" */
} MediaFormat;

typedef struct {
	MediaFormat format;
	guint kbit; /* kbit/s, at most: it follows what comes through to the sink */
	gboolean fixed_rate; /* it does not */
	gboolean mode_asked; /* by a person: media_pipeline_pixel_rate() does not count */
	guint gap_us; /* from one picture to the next at most; 0: no limit */
	const char *encoder; /* name of an element to use; NULL: the best that works */
	gboolean sender_reports; /* the sink has a port for RTCP */
	guint sound_rate; /* frames a second; 0: no sound */
	gboolean aac; /* sound is sent as AAC-LC, whose rate is 48000, instead of LPCM */
	MediaSeal seal; /* NULL: RTP is sent as it is. RTCP always is */
	gpointer seal_data;
} MediaConfig;

typedef struct {
	const void *pixels; /* XRGB8888, the first pixel of the picture */
	guint stride; /* bytes */
	guint width; /* pixels */
	guint height; /* pixels */
	gint64 time_ns; /* CLOCK_MONOTONIC, nanoseconds */
	MediaColor
		*color; /* what is made of its colours; NULL: nothing. The caller keeps its own */
	guint64 sequence; /* one more than that of the frame before; 0: not known */
	const MediaRect *damage; /* what has changed since that one */
	guint nr_damage; /* entries of it; 0: all has */
	/* Called once, when the pixels are no longer read; from any thread. */
	GDestroyNotify release;
	gpointer release_data;
} MediaFrame;

#endif
