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

/*
 * @color: what is made of the pixels' colours first; NULL: nothing, which costs nothing. @kr and @kb: of the
 * colour matrix, such as 0.2126 and 0.0722 (BT.709).
 */
void media_convert_to_i420(const void *pixels, gsize stride, guint width, guint height,
			   const MediaColor *color, double kr, double kb,
			   const MediaI420Picture *out);

#endif
