/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XRGB8888 to planar YUV 4:2:0 of limited range: greys have U = V = 128 exactly, every colour is
 * right within one. The chroma is sited as MPEG-2 and H.264 say: level with the even columns, and
 * between two rows.
 */
#ifndef MEDIA_CONVERT_H
#define MEDIA_CONVERT_H

#include "media-color.h"

typedef struct {
	guint8 *planes[3]; /* Y, U, V */
	gsize strides[3]; /* bytes */
} MediaI420Picture;

/* Pixels, half open. */
typedef struct {
	guint x1, y1, x2, y2;
} MediaRect;

/*
 * @color: what is made of the pixels' colours first; NULL: nothing, which costs nothing. @kr and @kb: of the
 * colour matrix, such as 0.2126 and 0.0722 (BT.709).
 */
void media_convert_to_i420(const void *pixels, gsize stride, guint width, guint height,
			   const MediaColor *color, double kr, double kb,
			   const MediaI420Picture *out);

/**
 * media_convert_part() - converts what has changed of a picture
 * @part: of it: not empty, inside it. Converted is what it makes of samples, so a little more
 *
 * The others are media_convert_to_i420()'s, and @out then is as if that had been called.
 *
 * Return: how many bytes were converted.
 */
gsize media_convert_part(const void *pixels, gsize stride, guint width, guint height,
			 const MediaRect *part, const MediaColor *color, double kr, double kb,
			 const MediaI420Picture *out);

#endif
