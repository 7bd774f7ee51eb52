// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-framebuffer.h"

#include <errno.h>
#include <gio/gio.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES_PER_PIXEL 4

static gboolean layout_is_sound(const MediaLayout *layout)
{
	return layout->width && layout->height &&
	       layout->pitch / BYTES_PER_PIXEL >= layout->width && layout->offset <= layout->size &&
	       /* Behind the last row nothing need follow: another framebuffer may lie beside. */
	       (layout->height - 1) * (guint64)layout->pitch +
			       (guint64)layout->width * BYTES_PER_PIXEL <=
		       layout->size - layout->offset;
}

/**
 * media_framebuffer_new() - maps a dma-buf
 * @fd: the dma-buf; the framebuffer's from now on, also if this fails
 * @layout: where the picture is in it
 * @error: G_IO_ERROR
 *
 * Return: a framebuffer with one reference.
 */
MediaFramebuffer *media_framebuffer_new(int fd, const MediaLayout *layout, GError **error)
{
	MediaFramebuffer *framebuffer;
	void *map = MAP_FAILED;

	if (!layout_is_sound(layout)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "a layout that cannot be: %ux%u, pitch %u, offset %zu, %zu bytes",
			    layout->width, layout->height, layout->pitch, layout->offset,
			    layout->size);
	} else {
		map = mmap(NULL, layout->size, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
				    "it cannot be mapped: %s", g_strerror(errno));
	}
	if (map == MAP_FAILED) {
		close(fd);
		return NULL;
	}
	framebuffer = g_new(MediaFramebuffer, 1);
	*framebuffer = (MediaFramebuffer){.refs = 1, .fd = fd, .map = map, .layout = *layout};
	return framebuffer;
}

MediaFramebuffer *media_framebuffer_ref(MediaFramebuffer *framebuffer)
{
	g_atomic_int_inc(&framebuffer->refs);
	return framebuffer;
}

void media_framebuffer_unref(MediaFramebuffer *framebuffer)
{
	if (!g_atomic_int_dec_and_test(&framebuffer->refs))
		return;
	munmap(framebuffer->map, framebuffer->layout.size);
	close(framebuffer->fd);
	g_free(framebuffer);
}

/* The first pixel of a part; NULL: not inside. */
const guint8 *media_framebuffer_pixels(const MediaFramebuffer *framebuffer, guint x, guint y,
				       guint width, guint height)
{
	const MediaLayout *layout = &framebuffer->layout;

	if (!width || !height || x > layout->width || width > layout->width - x ||
	    y > layout->height || height > layout->height - y)
		return NULL;
	return framebuffer->map + layout->offset + (gsize)y * layout->pitch +
	       (gsize)x * BYTES_PER_PIXEL;
}

/* Memory whose exporter needs no cache care refuses this; the pixels can be read all the same. */
static void sync_reading(MediaFramebuffer *framebuffer, guint64 flag)
{
	struct dma_buf_sync sync = {.flags = flag | DMA_BUF_SYNC_READ};

	while (ioctl(framebuffer->fd, DMA_BUF_IOCTL_SYNC, &sync) < 0 &&
	       (errno == EINTR || errno == EAGAIN))
		;
}

void media_framebuffer_begin_read(MediaFramebuffer *framebuffer)
{
	sync_reading(framebuffer, DMA_BUF_SYNC_START);
}

void media_framebuffer_end_read(MediaFramebuffer *framebuffer)
{
	sync_reading(framebuffer, DMA_BUF_SYNC_END);
}
