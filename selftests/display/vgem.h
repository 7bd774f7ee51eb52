/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another card for the display's tests: one whose buffers the compositor imports,
 * and that makes fences. Functions return 0 or a negative errno.
 */
#ifndef SELFTESTS_DISPLAY_VGEM_H
#define SELFTESTS_DISPLAY_VGEM_H

#include "compositor.h"

/**
 * struct vgem - the card, with one buffer
 * @fd: the card, or -1
 * @handle: of the buffer there
 * @pitch: of the buffer
 * @size: of the buffer
 * @pixels: the buffer, mapped
 * @dma_buf: the buffer, exported to read and write
 */
struct vgem {
	int fd;
	uint32_t handle;
	uint32_t pitch;
	uint64_t size;
	uint32_t *pixels;
	int dma_buf;
};

/* -ENOENT: the kernel has no vgem. */
int vgem_open(struct vgem *vgem, uint32_t width, uint32_t height);
void vgem_close(struct vgem *vgem);

/* The buffer as a picture of the compositor; picture_destroy(). */
int vgem_import(struct vgem *vgem, struct compositor *compositor, struct picture *picture);

/*
 * Puts a fence into the buffer, as one who writes it does. It ends with
 * vgem_fence_signal(), or after 10 s.
 */
int vgem_fence(struct vgem *vgem, uint32_t *fence);
int vgem_fence_signal(struct vgem *vgem, uint32_t fence);
/* The buffer's fences as a sync file, or a negative errno. */
int vgem_sync_file(struct vgem *vgem);

#endif /* SELFTESTS_DISPLAY_VGEM_H */
