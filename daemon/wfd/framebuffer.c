// SPDX-License-Identifier: GPL-2.0-or-later
/* Mapped framebuffers: see framebuffer.h. */
#include "framebuffer.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <gio/gio.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES_PER_PIXEL 4

static gboolean layout_is_sound(const struct miracast_display_framebuffer *info)
{
	return info->format == DRM_FORMAT_XRGB8888 && info->width && info->height &&
	       info->pitch / BYTES_PER_PIXEL >= info->width && info->offset <= info->buffer_size &&
	       /* Behind the last row nothing need follow: another framebuffer may lie beside. */
	       (info->height - 1) * (guint64)info->pitch + (guint64)info->width * BYTES_PER_PIXEL <=
		       info->buffer_size - info->offset;
}

/**
 * framebuffer_export() - asks the display driver for a framebuffer and maps it
 * @device: the device
 * @callbacks: the host's
 * @id: of the framebuffer, from a FRAME message
 * @error: G_IO_ERROR
 *
 * Return: a framebuffer with one reference.
 */
struct framebuffer *framebuffer_export(MiracastDevice *device,
				       const struct miracast_host_callbacks *callbacks, guint32 id,
				       GError **error)
{
	struct miracast_display_framebuffer in = {
		.header = {MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER, sizeof(in)},
		.framebuffer_id = id,
	};
	struct miracast_display_framebuffer info = {.fd = -1};
	struct framebuffer *framebuffer;
	uint32_t returned = 0;
	ntstatus_t status;
	void *map;

	status = callbacks->miracast_io_control(device, false, sizeof(in), &in, sizeof(info), &info,
						&returned);
	if (!NT_SUCCESS(status) || returned < sizeof(info) || info.fd < 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			    "the display driver did not hand out framebuffer %u: 0x%08x", id,
			    MIRACAST_NTSTATUS_VALUE(status));
		return NULL;
	}
	if (!layout_is_sound(&info)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "framebuffer %u has a layout that cannot be: %ux%u, pitch %u, format "
			    "0x%08x, %llu bytes",
			    id, info.width, info.height, info.pitch, info.format,
			    (unsigned long long)info.buffer_size);
		close(info.fd);
		return NULL;
	}
	map = mmap(NULL, info.buffer_size, PROT_READ, MAP_SHARED, info.fd, 0);
	if (map == MAP_FAILED) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
			    "framebuffer %u cannot be mapped: %s", id, g_strerror(errno));
		close(info.fd);
		return NULL;
	}
	framebuffer = g_new(struct framebuffer, 1);
	*framebuffer = (struct framebuffer){
		.refs = 1,
		.fd = info.fd,
		.map = map,
		.map_size = info.buffer_size,
		.offset = info.offset,
		.pitch = info.pitch,
		.width = info.width,
		.height = info.height,
	};
	return framebuffer;
}

struct framebuffer *framebuffer_ref(struct framebuffer *framebuffer)
{
	g_atomic_int_inc(&framebuffer->refs);
	return framebuffer;
}

void framebuffer_unref(struct framebuffer *framebuffer)
{
	if (!g_atomic_int_dec_and_test(&framebuffer->refs))
		return;
	munmap(framebuffer->map, framebuffer->map_size);
	close(framebuffer->fd);
	g_free(framebuffer);
}

/* The first pixel of a part; NULL: not inside. */
const guint8 *framebuffer_pixels(const struct framebuffer *framebuffer, guint x, guint y,
				 guint width, guint height)
{
	if (!width || !height || x > framebuffer->width || width > framebuffer->width - x ||
	    y > framebuffer->height || height > framebuffer->height - y)
		return NULL;
	return framebuffer->map + framebuffer->offset + (gsize)y * framebuffer->pitch +
	       (gsize)x * BYTES_PER_PIXEL;
}

/* Memory whose exporter needs no cache care refuses this; the pixels can be read all the same. */
static void sync_reading(struct framebuffer *framebuffer, guint64 flag)
{
	struct dma_buf_sync sync = {.flags = flag | DMA_BUF_SYNC_READ};

	while (ioctl(framebuffer->fd, DMA_BUF_IOCTL_SYNC, &sync) < 0 &&
	       (errno == EINTR || errno == EAGAIN))
		;
}

void framebuffer_begin_read(struct framebuffer *framebuffer)
{
	sync_reading(framebuffer, DMA_BUF_SYNC_START);
}

void framebuffer_end_read(struct framebuffer *framebuffer)
{
	sync_reading(framebuffer, DMA_BUF_SYNC_END);
}
