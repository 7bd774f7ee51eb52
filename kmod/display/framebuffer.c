// SPDX-License-Identifier: GPL-2.0
/*
 * Framebuffers, the names that contexts have for them, and their export.
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_prime.h>

#include "display.h"

/*
 * One that nobody was told of needs no message; a silent daemon gathers none, and
 * one that answers everything else MDISPLAY_MAX_GONE.
 */
static void mdisplay_buffer_gone(struct mdisplay_connector *connector,
				 struct mdisplay_framebuffer *framebuffer)
{
	unsigned int index = mdisplay_connector_index(connector);
	struct mdisplay_buffer *buffer;
	bool told = false;

	spin_lock(&connector->lock);
	buffer = framebuffer->buffers[index];
	if (buffer) {
		xa_erase(&buffer->context->buffers, buffer->message.framebuffer_id);
		framebuffer->buffers[index] = NULL;
		buffer->fb = NULL;
		told = buffer->told && buffer->context->gone_count < MDISPLAY_MAX_GONE;
		if (told) {
			list_add_tail(&buffer->node, &buffer->context->gone);
			buffer->context->gone_count++;
		}
	}
	spin_unlock(&connector->lock);

	if (told)
		mdisplay_pump(connector);
	else
		kfree(buffer);
}

static void mdisplay_framebuffer_destroy(struct drm_framebuffer *fb)
{
	struct mdisplay_framebuffer *framebuffer = to_mdisplay_framebuffer(fb);
	struct mdisplay *display = to_mdisplay(fb->dev);
	unsigned int i;

	for (i = 0; i < display->count; i++)
		mdisplay_buffer_gone(&display->connectors[i], framebuffer);

	atomic_dec(&display->framebuffers);
	drm_gem_fb_destroy(fb);
}

static const struct drm_framebuffer_funcs mdisplay_framebuffer_funcs = {
	.destroy = mdisplay_framebuffer_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = drm_atomic_helper_dirtyfb,
};

/* The fb_create() of struct drm_mode_config_funcs; kmod/compat.h has its parameters. */
static struct drm_framebuffer *mdisplay_framebuffer_create(MIRACAST_FB_CREATE_PARAMETERS)
{
	struct mdisplay_framebuffer *framebuffer;
	int ret;

	framebuffer = kzalloc(sizeof(*framebuffer), GFP_KERNEL);
	if (!framebuffer)
		return ERR_PTR(-ENOMEM);

	ret = miracast_gem_fb_init(&framebuffer->base, &mdisplay_framebuffer_funcs);
	if (ret) {
		kfree(framebuffer);
		return ERR_PTR(ret);
	}
	atomic_inc(&to_mdisplay(dev)->framebuffers);

	return &framebuffer->base;
}

const struct drm_mode_config_funcs mdisplay_mode_config_funcs = {
	.fb_create = mdisplay_framebuffer_create,
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = drm_atomic_helper_commit,
};

/**
 * mdisplay_buffer_name() - see to it that a context has a name for a framebuffer
 * @context: the context
 * @fb: the framebuffer
 *
 * A context that has ended meanwhile has no names any more.
 *
 * Return: 0, -ENOMEM, or -ENOSPC when the context has given out all ids.
 */
int mdisplay_buffer_name(struct mdisplay_context *context, struct drm_framebuffer *fb)
{
	struct mdisplay_framebuffer *framebuffer = to_mdisplay_framebuffer(fb);
	struct mdisplay_connector *connector = context->connector;
	unsigned int index = mdisplay_connector_index(connector);
	struct mdisplay_buffer *buffer;
	bool known;
	int ret;
	u32 id;

	spin_lock(&connector->lock);
	known = connector->context != context || framebuffer->buffers[index];
	if (!known && context->last_buffer == U32_MAX) {
		spin_unlock(&connector->lock);
		return -ENOSPC;
	}
	id = known ? 0 : ++context->last_buffer;
	spin_unlock(&connector->lock);
	if (known)
		return 0;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;

	buffer->context = context;
	buffer->message.header.code = MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE;
	buffer->message.header.size = sizeof(buffer->message);
	buffer->message.framebuffer_id = id;

	ret = xa_insert(&context->buffers, id, buffer, GFP_KERNEL);
	if (ret) {
		kfree(buffer);
		return ret;
	}

	spin_lock(&connector->lock);
	if (connector->context == context && !framebuffer->buffers[index]) {
		framebuffer->buffers[index] = buffer;
		buffer->fb = framebuffer;
		buffer = NULL;
	} else {
		xa_erase(&context->buffers, id);
	}
	spin_unlock(&connector->lock);
	kfree(buffer);

	return 0;
}

/**
 * mdisplay_buffers_detach() - a context's names are names no more
 * @context: the context; its connector's lock is held
 */
void mdisplay_buffers_detach(struct mdisplay_context *context)
{
	unsigned int index = mdisplay_connector_index(context->connector);
	struct mdisplay_buffer *buffer;
	unsigned long id;

	lockdep_assert_held(&context->connector->lock);

	xa_for_each(&context->buffers, id, buffer) {
		if (buffer->fb)
			buffer->fb->buffers[index] = NULL;
		buffer->fb = NULL;
	}
}

/**
 * mdisplay_buffers_free() - free a context's names
 * @context: the context that goes, detached
 */
void mdisplay_buffers_free(struct mdisplay_context *context)
{
	struct mdisplay_buffer *buffer, *next;
	unsigned long id;

	xa_for_each(&context->buffers, id, buffer)
		kfree(buffer);
	xa_destroy(&context->buffers);

	list_for_each_entry_safe(buffer, next, &context->gone, node)
		kfree(buffer);
}

/* Imported here again, what was exported to read could be mapped to write. */
static int mdisplay_dma_buf_attach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	struct drm_gem_object *obj = dma_buf->priv;

	if (attach->dev == obj->dev->dev)
		return -EPERM;

	return drm_gem_map_attach(dma_buf, attach);
}

/* By these PRIME, which knows of one dma-buf an object only, tells ours from its own. */
static const struct dma_buf_ops mdisplay_dma_buf_ops = {
	.attach = mdisplay_dma_buf_attach,
	.detach = drm_gem_map_detach,
	.map_dma_buf = drm_gem_map_dma_buf,
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.release = drm_gem_dmabuf_release,
	.mmap = drm_gem_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
};

/*
 * The buffer's memory as a dma-buf: a new, read-only one of our own memory. The
 * compositor's imported memory stays the exporter's dma-buf, as it was opened.
 */
static struct dma_buf *mdisplay_buffer_dma_buf(struct drm_gem_object *obj)
{
	struct dma_buf_export_info info = {
		.exp_name = KBUILD_MODNAME,
		.owner = THIS_MODULE,
		.ops = &mdisplay_dma_buf_ops,
		.size = obj->size,
		.flags = O_RDONLY | O_CLOEXEC,
		.priv = obj,
		.resv = obj->resv,
	};

	if (obj->import_attach) {
		get_dma_buf(obj->import_attach->dmabuf);
		return obj->import_attach->dmabuf;
	}

	return drm_gem_dmabuf_export(obj->dev, &info);
}

/**
 * mdisplay_buffer_export() - give the calling process a framebuffer's memory
 * @context: who asks
 * @info: in: framebuffer_id; out: all members
 *
 * Return: STATUS_SUCCESS; STATUS_NOT_FOUND: no framebuffer of this context has
 * that id; STATUS_INSUFFICIENT_RESOURCES: no memory or no file descriptor.
 */
ntstatus_t mdisplay_buffer_export(struct mdisplay_context *context,
				  struct miracast_display_framebuffer *info)
{
	struct mdisplay_connector *connector = context->connector;
	struct mdisplay_buffer *buffer;
	struct drm_gem_object *obj = NULL;
	struct dma_buf *dma_buf;
	int fd;

	spin_lock(&connector->lock);
	buffer = xa_load(&context->buffers, info->framebuffer_id);
	if (buffer && buffer->fb) {
		const struct drm_framebuffer *fb = &buffer->fb->base;

		/* Its destruction waits for the lock. */
		obj = fb->obj[0];
		drm_gem_object_get(obj);
		info->width = fb->width;
		info->height = fb->height;
		info->pitch = fb->pitches[0];
		info->format = fb->format->format;
		info->offset = fb->offsets[0];
	}
	spin_unlock(&connector->lock);
	if (!obj)
		return STATUS_NOT_FOUND;

	dma_buf = mdisplay_buffer_dma_buf(obj);
	drm_gem_object_put(obj);
	if (IS_ERR(dma_buf))
		return STATUS_INSUFFICIENT_RESOURCES;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		fput(dma_buf->file);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	info->fd = fd;
	info->buffer_size = dma_buf->size;
	fd_install(fd, dma_buf->file);

	return STATUS_SUCCESS;
}
