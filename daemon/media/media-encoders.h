/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The encoders of H.264 that GStreamer may have: how each is told, what it can, and how fast it is
 * here. That is measured, once for each version of it, of the libraries that are loaded with the encoders,
 * and of the kernel, and kept in a file.
 */
#ifndef MEDIA_ENCODERS_H
#define MEDIA_ENCODERS_H

#include "media-types.h"

#include <gst/gst.h>

typedef struct {
	const char *name; /* of the element */
	/* For printf: the rate, frames between keyframes, kbit of the decoder's buffer. */
	const char *settings;
	const char *
		high; /* more of them, for what makes a stream one of H.264's High; "" if nothing does */
	guint rate_unit; /* bit/s that its rate counts in */
	gboolean software; /* it works on the processor's time */
	gboolean rate_restarts; /* the picture behind another rate is a keyframe */
	guint64 pixel_rate; /* pixels a second that it encodes in time, where that was not measured; 0: no limit */
} MediaEncoder;

/* Of what it can, for a stream: the rest is for who draws, and for pictures that cost more. */
#define MEDIA_ENCODER_SHARE 0.6

/* In the order in which they are tried. NULL: there are no more. */
const MediaEncoder *media_encoder_get(guint i);
const MediaEncoder *media_encoder_find(const char *name);

gboolean media_encoder_exists(const MediaEncoder *encoder);
/* It finds its libraries and its device: no thread is made for it. It may fail at its first picture yet. */
gboolean media_encoder_starts(const MediaEncoder *encoder);
/* Software starts; hardware encodes a picture. */
gboolean media_encoder_works(const MediaEncoder *encoder);
/* It has no known fault: one to try without being asked. */
gboolean media_encoder_is_good(const MediaEncoder *encoder);

/**
 * media_encoder_try() - has it encode a picture, of which nothing becomes
 *
 * Only that tells whether a card's driver can do it, in this process and with this format. It takes what
 * the driver takes to start, two seconds at most if no picture comes.
 */
gboolean media_encoder_try(const MediaEncoder *encoder, const MediaFormat *format, guint kbit,
			   GError **error);

/* "! video/x-raw,... ! NAME name=encoder ... ! video/x-h264,..." of a pipeline. */
char *media_encoder_describe(const MediaEncoder *encoder, const MediaFormat *format, guint kbit);

/* Pixels a second that it encodes in time here; 0: no limit. */
guint64 media_encoder_pixel_rate(const MediaEncoder *encoder);

/**
 * media_encoders_measure() - finds out how fast they are, for media_encoder_pixel_rate()
 * @path: of the file with what was found before; what is not there is measured, and written
 *
 * It takes a second at the first time, in a process of its own. This one may have no other thread.
 */
void media_encoders_measure(const char *path);

#endif
