/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a compositor wants made of colours (night light, a monitor's profile), by DRM's definition: a table
 * for each channel, a matrix, and a table again; what is below black or above white is black or white, also
 * between two of these. Where the matrix mixes no channels, the whole comes down to a table for each.
 */
#ifndef MEDIA_COLOR_H
#define MEDIA_COLOR_H

#include <glib.h>

#define MEDIA_COLOR_ENTRIES 256

/* Of a framebuffer, which begins where it likes. */
typedef guint32 __attribute__((aligned(1), may_alias)) MediaPixel;

/* One channel's values, 0 to 65535; entry n is of the n-th of 256 steps from black to white. */
typedef guint16 MediaColorTable[MEDIA_COLOR_ENTRIES];

/* NULL: that is not done. */
typedef struct {
	const MediaColorTable *degamma; /* three: red, green, blue */
	const guint64
		*matrix; /* nine, by rows: S31.32, the highest bit the sign, the rest the amount */
	const MediaColorTable *gamma; /* three */
} MediaColorSteps;

/* Does not change. */
typedef struct _MediaColor MediaColor;

MediaColor *media_color_new(const MediaColorSteps *steps);
MediaColor *media_color_ref(MediaColor *color);
void media_color_unref(MediaColor *color);

void media_color_apply(const MediaColor *color, const void *pixels, guint n, guint32 *out);
void media_color_apply_to_pointer(const MediaColor *color, guint32 *pixels, gsize n);

#endif
