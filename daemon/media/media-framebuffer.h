/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures in shared memory (dma-bufs of four bytes a pixel), mapped until nobody reads them any more. */
#ifndef MEDIA_FRAMEBUFFER_H
#define MEDIA_FRAMEBUFFER_H

#include <glib.h>

typedef struct {
	guint width; /* pixels */
	guint height; /* pixels */
	guint pitch; /* bytes */
	gsize offset; /* of the first pixel, bytes */
	gsize size; /* of the buffer, bytes */
} MediaLayout;

typedef struct {
	gint refs;
	int fd; /* the dma-buf */
	guint8 *map;
	MediaLayout layout;
} MediaFramebuffer;

MediaFramebuffer *media_framebuffer_new(int fd, const MediaLayout *layout, GError **error);
MediaFramebuffer *media_framebuffer_ref(MediaFramebuffer *framebuffer);
void media_framebuffer_unref(MediaFramebuffer *framebuffer);

const guint8 *media_framebuffer_pixels(const MediaFramebuffer *framebuffer, guint x, guint y,
				       guint width, guint height);
void media_framebuffer_begin_read(MediaFramebuffer *framebuffer);
void media_framebuffer_end_read(MediaFramebuffer *framebuffer);

#endif
