/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display driver's framebuffers, mapped: each is asked for once, kept until the compositor
 * drops it, and unmapped when nobody reads it any more.
 */
#ifndef WFD_FRAMEBUFFER_H
#define WFD_FRAMEBUFFER_H

#include <glib.h>
#include <linux/miracast_display.h>

#include "miracast-driver.h"

struct framebuffer {
	gint refs;
	int fd; /* the dma-buf */
	guint8 *map;
	gsize map_size; /* bytes */
	gsize offset; /* of the first pixel, bytes */
	guint pitch; /* bytes */
	guint width; /* pixels */
	guint height; /* pixels */
};

struct framebuffer *framebuffer_export(MiracastDevice *device,
				       const struct miracast_host_callbacks *callbacks, guint32 id,
				       GError **error);
struct framebuffer *framebuffer_ref(struct framebuffer *framebuffer);
void framebuffer_unref(struct framebuffer *framebuffer);

const guint8 *framebuffer_pixels(const struct framebuffer *framebuffer, guint x, guint y,
				 guint width, guint height);
void framebuffer_begin_read(struct framebuffer *framebuffer);
void framebuffer_end_read(struct framebuffer *framebuffer);

#endif
