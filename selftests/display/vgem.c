// SPDX-License-Identifier: GPL-2.0-or-later
#include "vgem.h"

#include "card.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel's drm/vgem_drm.h, which not every libdrm brings along. */
struct vgem_fence_attach {
	uint32_t handle;
	uint32_t flags;
	uint32_t out_fence;
	uint32_t pad;
};

struct vgem_fence_signal {
	uint32_t fence;
	uint32_t flags;
};

#define VGEM_FENCE_WRITE	1
#define VGEM_IOCTL_FENCE_ATTACH DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_fence_attach)
#define VGEM_IOCTL_FENCE_SIGNAL DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_fence_signal)

int vgem_open(struct vgem *vgem, uint32_t width, uint32_t height)
{
	uint64_t offset;

	*vgem = (struct vgem){.fd = open_card("vgem"), .dma_buf = -1};
	if (vgem->fd < 0)
		return vgem->fd;
	if (drmModeCreateDumbBuffer(vgem->fd, width, height, 32, 0, &vgem->handle, &vgem->pitch,
				    &vgem->size) ||
	    drmModeMapDumbBuffer(vgem->fd, vgem->handle, &offset) ||
	    drmPrimeHandleToFD(vgem->fd, vgem->handle, DRM_CLOEXEC | DRM_RDWR, &vgem->dma_buf))
		return -errno;
	vgem->pixels = mmap(NULL, vgem->size, PROT_READ | PROT_WRITE, MAP_SHARED, vgem->fd, offset);

	return vgem->pixels == MAP_FAILED ? -errno : 0;
}

void vgem_close(struct vgem *vgem)
{
	munmap(vgem->pixels, vgem->size);
	close(vgem->dma_buf);
	close(vgem->fd);
}

int vgem_import(struct vgem *vgem, struct compositor *compositor, struct picture *picture)
{
	return picture_import(compositor, picture, vgem->dma_buf, vgem->pitch / 4,
			      vgem->size / vgem->pitch, vgem->pitch);
}

int vgem_fence(struct vgem *vgem, uint32_t *fence)
{
	struct vgem_fence_attach attach = {.handle = vgem->handle, .flags = VGEM_FENCE_WRITE};

	if (drmIoctl(vgem->fd, VGEM_IOCTL_FENCE_ATTACH, &attach))
		return -errno;
	*fence = attach.out_fence;

	return 0;
}

int vgem_fence_signal(struct vgem *vgem, uint32_t fence)
{
	struct vgem_fence_signal signal = {.fence = fence};

	return drmIoctl(vgem->fd, VGEM_IOCTL_FENCE_SIGNAL, &signal) ? -errno : 0;
}

int vgem_sync_file(struct vgem *vgem)
{
	struct dma_buf_export_sync_file export = {.flags = DMA_BUF_SYNC_RW, .fd = -1};

	return ioctl(vgem->dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export) ? -errno : export.fd;
}
