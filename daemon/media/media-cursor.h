/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pointer drawn over a picture that is planar YUV 4:2:0 already, and taken off again: only what it covers is
 * touched. Luma comes out as if the pointer had been blended into the picture's RGB, within one; so does chroma
 * where the pointer is opaque or not there, and nearly so at its edges, where a sample holds several pixels.
 */
#ifndef MEDIA_CURSOR_H
#define MEDIA_CURSOR_H

#include "media-convert.h"

/* What a pointer looks like: a copy of pixels. */
typedef struct {
	gint refs;
	guint width; /* pixels */
	guint height; /* pixels */
	guint left, top, right,
		bottom; /* of what is not wholly transparent; right and bottom behind it */
	guint32 pixels[]; /* ARGB8888, colours multiplied by alpha */
} MediaCursorImage;

/* Where a part of it is. */
typedef struct {
	MediaCursorImage *image; /* NULL: there is no pointer */
	guint source_x, source_y; /* of the part in the image, pixels */
	guint x, y; /* of the part in the picture, pixels */
	guint width, height; /* of the part, pixels */
} MediaCursor;

/* What a pointer covers; zeroes: nothing. */
typedef struct {
	guint x, y; /* even */
	guint width, height; /* pixels */
	GByteArray *pixels; /* of the three planes, without gaps */
} MediaCursorPatch;

MediaCursorImage *media_cursor_image_new(const void *pixels, gsize stride, guint width,
					 guint height);
MediaCursorImage *media_cursor_image_ref(MediaCursorImage *image);
void media_cursor_image_unref(MediaCursorImage *image);

gsize media_cursor_draw(const MediaCursor *cursor, const MediaI420Picture *picture, guint width,
			guint height, const MediaColor *color, double kr, double kb,
			MediaCursorPatch *covered);
gsize media_cursor_erase(MediaCursorPatch *covered, const MediaI420Picture *picture);
void media_cursor_patch_clear(MediaCursorPatch *covered);

#endif
