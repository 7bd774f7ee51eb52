// SPDX-License-Identifier: GPL-2.0
/*
 * Framebuffers and their ids.
 */
#include <linux/slab.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_mode_config.h>

#include "display.h"

static void mdisplay_framebuffer_free(struct work_struct *work)
{
	struct mdisplay_framebuffer *framebuffer =
		container_of(work, struct mdisplay_framebuffer, free);
	struct drm_device *drm = framebuffer->base.dev;

	drm_gem_fb_destroy(&framebuffer->base);
	atomic_dec(&to_mdisplay(drm)->framebuffer_count);
	drm_dev_put(drm);
}

/*
 * Perhaps called by a commit whose flip others wait for: so the memory is freed
 * by a work, which takes what locks it needs.
 */
static void mdisplay_framebuffer_destroy(struct drm_framebuffer *fb)
{
	struct mdisplay_framebuffer *framebuffer = to_mdisplay_framebuffer(fb);
	struct mdisplay *display = to_mdisplay(fb->dev);
	unsigned int i;

	xa_erase(&display->framebuffers, framebuffer->id);
	for (i = 0; i < display->count; i++)
		mdisplay_frame_gone(&display->connectors[i], framebuffer);

	drm_dev_get(&display->drm);
	queue_work(mdisplay_wq, &framebuffer->free);
}

static const struct drm_framebuffer_funcs mdisplay_framebuffer_funcs = {
	.destroy = mdisplay_framebuffer_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = drm_atomic_helper_dirtyfb,
};

/* The fb_create() of struct drm_mode_config_funcs; kmod/compat.h has its parameters. */
static struct drm_framebuffer *mdisplay_framebuffer_create(MIRACAST_FB_CREATE_PARAMETERS)
{
	struct mdisplay *display = to_mdisplay(dev);
	struct mdisplay_framebuffer *framebuffer;
	int ret;

	framebuffer = kzalloc(sizeof(*framebuffer), GFP_KERNEL);
	if (!framebuffer)
		return ERR_PTR(-ENOMEM);

	INIT_WORK(&framebuffer->free, mdisplay_framebuffer_free);
	ret = xa_alloc_cyclic(&display->framebuffers, &framebuffer->id, framebuffer, xa_limit_32b,
			      &display->next_framebuffer, GFP_KERNEL);
	if (ret < 0)
		goto err_free;
	ret = miracast_gem_fb_init(&framebuffer->base, &mdisplay_framebuffer_funcs);
	if (ret)
		goto err_erase;
	atomic_inc(&display->framebuffer_count);

	return &framebuffer->base;

err_erase:
	xa_erase(&display->framebuffers, framebuffer->id);
err_free:
	kfree(framebuffer);

	return ERR_PTR(ret);
}

const struct drm_mode_config_funcs mdisplay_mode_config_funcs = {
	.fb_create = mdisplay_framebuffer_create,
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = drm_atomic_helper_commit,
};

/**
 * mdisplay_framebuffer_find() - look up a framebuffer that a context was told of
 * @context: the context
 * @info: in: framebuffer_id; out: what else is known of the framebuffer
 *
 * Return: its memory, with a reference; NULL: there is none.
 */
struct drm_gem_object *mdisplay_framebuffer_find(struct mdisplay_context *context,
						 struct miracast_display_framebuffer *info)
{
	struct mdisplay_connector *connector = context->connector;
	struct mdisplay *display = to_mdisplay(connector->base.dev);
	unsigned int index = mdisplay_connector_index(connector);
	const struct mdisplay_framebuffer *framebuffer;
	struct drm_gem_object *obj = NULL;

	spin_lock(&connector->lock);
	/* One that goes waits for this lock before it is freed. */
	xa_lock(&display->framebuffers);
	framebuffer = xa_load(&display->framebuffers, info->framebuffer_id);
	if (framebuffer && framebuffer->told[index] == context->number) {
		const struct drm_framebuffer *fb = &framebuffer->base;

		obj = fb->obj[0];
		drm_gem_object_get(obj);
		info->width = fb->width;
		info->height = fb->height;
		info->pitch = fb->pitches[0];
		info->format = fb->format->format;
		info->offset = fb->offsets[0];
	}
	xa_unlock(&display->framebuffers);
	spin_unlock(&connector->lock);

	return obj;
}
