/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture that goes to the encoder, in planar YUV 4:2:0 with the pointer on it. What
 * a frame has changed of it is converted, or it stays and only its pointer moves. Not locked: one thread at a time.
 */
#ifndef MEDIA_CANVAS_H
#define MEDIA_CANVAS_H

#include "media-cursor.h"
#include "media-damage.h"
#include "media-types.h"

#include <gst/video/video.h>

typedef struct {
	GstVideoInfo info; /* of the picture */
	GstVideoColorimetry colorimetry;
	guint fps;
	GstBuffer *picture; /* NULL: no frame has come */
	MediaCursorPatch covered; /* by the pointer there */
	MediaColor *color; /* what was made of its colours; NULL: nothing */
} MediaCanvas;

/* @format: of the stream; a frame may have another size. */
void media_canvas_init(MediaCanvas *canvas, const MediaFormat *format);
void media_canvas_clear(MediaCanvas *canvas);

/* The caps of the frames from now on; NULL: they are what they were. Transfer full. */
GstCaps *media_canvas_resize(MediaCanvas *canvas, guint width, guint height);

/**
 * media_canvas_draw() - makes the picture, of the size that was told last
 * @canvas: the canvas
 * @frame: what is to be seen; NULL: the same as before, but for the pointer
 * @damage: what has changed since the last @frame; of no @frame nothing
 * @cursor: the pointer over it
 *
 * Return: how many bytes were converted.
 */
gsize media_canvas_draw(MediaCanvas *canvas, const MediaFrame *frame, const MediaDamage *damage,
			const MediaCursor *cursor);

#endif
