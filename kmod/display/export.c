// SPDX-License-Identifier: GPL-2.0
/*
 * A framebuffer's memory for the daemon: a dma-buf of our own that can be read
 * and no more, whether the memory is ours or was imported by the compositor.
 *
 * It has a reservation object of its own. Commits wait for the fences in the
 * memory's, which the compositor's renderers put there; a fence that the daemon
 * puts into the dma-buf is nobody's but its own.
 *
 * It cannot be mapped inside the kernel (no vmap): such a map can be written. A
 * device may read it (DMA_TO_DEVICE), if the memory is ours: that of others has
 * no attachment but the one that the compositor's import made.
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "display.h"

/* So much of memory is read to see how fast it is, so many times at most. */
#define MDISPLAY_PROBE_SIZE  SZ_64K
#define MDISPLAY_PROBE_TIMES 5
/* It may take so many times as long as ordinary memory; or so long, which is never slow. */
#define MDISPLAY_SLOWER	     8
#define MDISPLAY_FAST_ENOUGH (50 * NSEC_PER_USEC)

/* The exporter's dma-buf of memory that the compositor imported, or NULL. */
static struct dma_buf *mdisplay_export_origin(struct dma_buf *dma_buf)
{
	const struct drm_gem_object *obj = dma_buf->priv;

	return obj->import_attach ? obj->import_attach->dmabuf : NULL;
}

/* Imported into our own card, it could be mapped to write. */
static int mdisplay_export_attach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	const struct drm_gem_object *obj = dma_buf->priv;

	if (mdisplay_export_origin(dma_buf))
		return -EOPNOTSUPP;
	if (attach->dev == obj->dev->dev)
		return -EPERM;

	return drm_gem_map_attach(dma_buf, attach);
}

static struct sg_table *mdisplay_export_map(struct dma_buf_attachment *attach,
					    enum dma_data_direction direction)
{
	if (direction != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);

	return drm_gem_map_dma_buf(attach, direction);
}

static int mdisplay_export_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	struct dma_buf *origin = mdisplay_export_origin(dma_buf);

	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);

	return origin ? dma_buf_mmap(origin, vma, vma->vm_pgoff)
		      : drm_gem_dmabuf_mmap(dma_buf, vma);
}

/* Our own memory is coherent. The daemon reads, whatever it says. */
static int mdisplay_export_begin_cpu_access(struct dma_buf *dma_buf,
					    enum dma_data_direction direction)
{
	struct dma_buf *origin = mdisplay_export_origin(dma_buf);

	return origin ? dma_buf_begin_cpu_access(origin, DMA_FROM_DEVICE) : 0;
}

static int mdisplay_export_end_cpu_access(struct dma_buf *dma_buf,
					  enum dma_data_direction direction)
{
	struct dma_buf *origin = mdisplay_export_origin(dma_buf);

	return origin ? dma_buf_end_cpu_access(origin, DMA_FROM_DEVICE) : 0;
}

/* By these PRIME, which knows of one dma-buf an object only, tells ours from its own. */
static const struct dma_buf_ops mdisplay_export_ops = {
	.attach = mdisplay_export_attach,
	.detach = drm_gem_map_detach,
	.map_dma_buf = mdisplay_export_map,
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.release = drm_gem_dmabuf_release,
	.mmap = mdisplay_export_mmap,
	.begin_cpu_access = mdisplay_export_begin_cpu_access,
	.end_cpu_access = mdisplay_export_end_cpu_access,
};

/* A new dma-buf of the memory. */
static struct dma_buf *mdisplay_export_make(struct drm_gem_object *obj)
{
	struct dma_buf_export_info export = {
		.exp_name = KBUILD_MODNAME,
		.owner = THIS_MODULE,
		.ops = &mdisplay_export_ops,
		.size = obj->size,
		.flags = O_RDONLY | O_CLOEXEC,
		.priv = obj,
	};

	return drm_gem_dmabuf_export(obj->dev, &export);
}

/* Others say that it may work the next time, and libdrm asks again and again: -EAGAIN. */
static int mdisplay_map_error(unsigned long address)
{
	return address == -ENOMEM || address == -EINTR ? address : -EINVAL;
}

/* The shortest time, in nanoseconds, of reads until one takes no longer than @enough. */
static int mdisplay_read_time(void *buffer, const u8 __user *memory, size_t size, u64 enough,
			      u64 *time)
{
	u64 shortest = U64_MAX;
	unsigned int i;

	for (i = 0; i < MDISPLAY_PROBE_TIMES && shortest > enough; i++) {
		u64 begin = ktime_get_ns();

		if (copy_from_user(buffer, memory, size))
			return -EINVAL;
		shortest = min(shortest, ktime_get_ns() - begin);
	}
	*time = shortest;

	return 0;
}

/*
 * Refuses memory of which each read goes to a bus or past the caches. What the time of
 * ordinary memory is, is seen at the same moment: it depends on the machine, on what
 * it emulates, on the kernel's checks and on what else runs.
 */
static int mdisplay_export_check_speed(struct drm_gem_object *obj, const u8 __user *memory,
				       size_t size)
{
	unsigned long ordinary;
	u64 usual, time, limit;
	void *buffer;
	int ret;

	buffer = kvmalloc(size, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	ordinary = vm_mmap(NULL, 0, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, 0);
	if (IS_ERR_VALUE(ordinary)) {
		ret = mdisplay_map_error(ordinary);
		goto out_free;
	}

	ret = mdisplay_read_time(buffer, (const u8 __user *)ordinary, size, 0, &usual);
	vm_munmap(ordinary, size);
	if (ret)
		goto out_free;
	limit = max_t(u64, usual * MDISPLAY_SLOWER, MDISPLAY_FAST_ENOUGH);
	ret = mdisplay_read_time(buffer, memory, size, limit, &time);
	if (!ret && time > limit) {
		drm_info_once(obj->dev, "%s's memory is too slow to read: %llu us, other %llu us\n",
			      obj->import_attach->dmabuf->exp_name, div_u64(time, NSEC_PER_USEC),
			      div_u64(usual, NSEC_PER_USEC));
		ret = -EINVAL;
	}

out_free:
	kvfree(buffer);

	return ret;
}

/**
 * mdisplay_export_check() - whether the daemon will be able to read a part of some memory
 * @obj: the memory
 * @first: the part's first byte
 * @last: the part's last byte
 *
 * The memory of another card may have no map for processors, may be where they do
 * not reach, or may be so slow to read that a copy by its card is better by far. What
 * its exporter says of that is known by trying only: it is mapped into the calling
 * process for a moment, as the daemon will do it.
 *
 * Return: 0; -EINVAL: it will not; -ENOMEM; -EINTR: a signal kills the process.
 */
int mdisplay_export_check(struct drm_gem_object *obj, size_t first, size_t last)
{
	struct dma_buf *dma_buf;
	const u8 __user *memory;
	unsigned long address;
	int ret;
	u8 byte;

	/* Ours can be. */
	if (!obj->import_attach)
		return 0;

	dma_buf = mdisplay_export_make(obj);
	if (IS_ERR(dma_buf))
		return PTR_ERR(dma_buf);
	address = vm_mmap(dma_buf->file, 0, obj->size, PROT_READ, MAP_SHARED, 0);
	dma_buf_put(dma_buf);
	if (IS_ERR_VALUE(address))
		return mdisplay_map_error(address);

	memory = (const u8 __user *)address;
	if (copy_from_user(&byte, memory + first, 1) || copy_from_user(&byte, memory + last, 1))
		ret = -EINVAL;
	else
		ret = mdisplay_export_check_speed(obj, memory + first,
						  min_t(size_t, last - first + 1,
							MDISPLAY_PROBE_SIZE));
	vm_munmap(address, obj->size);

	return ret;
}

/**
 * mdisplay_export() - give the calling process a framebuffer's memory
 * @context: who asks
 * @obj: the memory
 * @info: out: fd and buffer_size
 *
 * Return: STATUS_SUCCESS; STATUS_INSUFFICIENT_RESOURCES: no memory or no file descriptor.
 */
ntstatus_t mdisplay_export(struct mdisplay_context *context, struct drm_gem_object *obj,
			   struct miracast_display_framebuffer *info)
{
	struct dma_buf *dma_buf = mdisplay_export_make(obj);
	int fd;

	if (IS_ERR(dma_buf))
		return STATUS_INSUFFICIENT_RESOURCES;

	fd = miracast_io_control_add_file(context->handle, dma_buf->file);
	if (fd < 0) {
		fput(dma_buf->file);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	info->fd = fd;
	info->buffer_size = dma_buf->size;

	return STATUS_SUCCESS;
}

/* MODULE_IMPORT_NS() takes a name without quotes on older kernels, and with on newer ones. */
MODULE_INFO(import_ns, "DMA_BUF");
