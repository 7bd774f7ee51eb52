// SPDX-License-Identifier: GPL-2.0
/*
 * Framebuffers and their ids.
 */
#include <linux/slab.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_auth.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_plane.h>

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
	for (i = 0; i < MDISPLAY_MAX_CONNECTORS; i++)
		mdisplay_frame_gone(&display->connectors[i], framebuffer);

	drm_dev_get(&display->drm);
	queue_work(mdisplay_wq, &framebuffer->free);
}

/* What the connector shows, referenced, if its owner does not call it dirty itself; or NULL. */
static struct drm_framebuffer *mdisplay_framebuffer_undeclared(struct mdisplay_connector *connector)
{
	struct drm_framebuffer *fb;

	spin_lock(&connector->lock);
	fb = connector->picture.fb;
	if (fb && READ_ONCE(to_mdisplay_framebuffer(fb)->dirtied))
		fb = NULL;
	if (fb)
		drm_framebuffer_get(fb);
	spin_unlock(&connector->lock);

	return fb;
}

static bool mdisplay_is_lessee(struct drm_file *file)
{
	struct drm_master *master = drm_file_get_master(file);
	bool lessee = master && master->lessor;

	if (master)
		drm_master_put(&master);

	return lessee;
}

/*
 * The planes that show @fb are damaged as the clips say. The others are damaged all
 * over, unless their framebuffers have been called dirty themselves: Xorg draws into
 * one framebuffer, has the outputs that it rotates show copies, and calls only the
 * former dirty. Who leases an output has nothing to do with the others.
 */
static int mdisplay_framebuffer_dirty(struct drm_framebuffer *fb, struct drm_file *file,
				      unsigned int flags, unsigned int color,
				      struct drm_clip_rect *clips, unsigned int num_clips)
{
	struct mdisplay *display = to_mdisplay(fb->dev);
	unsigned int i;
	int ret;

	WRITE_ONCE(to_mdisplay_framebuffer(fb)->dirtied, true);
	ret = drm_atomic_helper_dirtyfb(fb, file, flags, color, clips, num_clips);
	if (ret || mdisplay_is_lessee(file))
		return ret;

	for (i = 0; i < MDISPLAY_MAX_CONNECTORS && !ret; i++) {
		struct drm_framebuffer *other;

		other = mdisplay_framebuffer_undeclared(&display->connectors[i]);
		if (!other)
			continue;
		ret = drm_atomic_helper_dirtyfb(other, file, 0, 0, NULL, 0);
		drm_framebuffer_put(other);
	}

	return ret;
}

static const struct drm_framebuffer_funcs mdisplay_framebuffer_funcs = {
	.destroy = mdisplay_framebuffer_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = mdisplay_framebuffer_dirty,
};

static const struct drm_framebuffer_funcs mdisplay_framebuffer_cursor_funcs = {
	.destroy = mdisplay_framebuffer_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = mdisplay_cursor_dirty,
};

/* Whether the daemon will be able to read it: who made it learns at once if not. */
static int mdisplay_framebuffer_check(const struct drm_framebuffer *fb)
{
	size_t first = fb->offsets[0];
	size_t last = first + (size_t)(fb->height - 1) * fb->pitches[0] +
		      drm_format_info_min_pitch(fb->format, 0, fb->width) - 1;

	return mdisplay_export_check(fb->obj[0], first, last);
}

/* The fb_create() of struct drm_mode_config_funcs; kmod/compat.h has its parameters. */
static struct drm_framebuffer *mdisplay_framebuffer_create(MIRACAST_FB_CREATE_PARAMETERS)
{
	struct mdisplay *display = to_mdisplay(dev);
	struct mdisplay_framebuffer *framebuffer;
	const struct drm_framebuffer_funcs *funcs;
	int ret;

	/* Before Linux 6.3 nobody else asks. A modifier other than linear is none of ours. */
	if (!drm_any_plane_has_format(dev, mode_cmd->pixel_format, mode_cmd->modifier[0]))
		return ERR_PTR(-EINVAL);

	framebuffer = kzalloc(sizeof(*framebuffer), GFP_KERNEL);
	if (!framebuffer)
		return ERR_PTR(-ENOMEM);

	INIT_WORK(&framebuffer->free, mdisplay_framebuffer_free);
	ret = xa_alloc_cyclic(&display->framebuffers, &framebuffer->id, framebuffer, xa_limit_32b,
			      &display->next_framebuffer, GFP_KERNEL);
	if (ret < 0)
		goto err_free;
	/* No other plane than the cursor's has this format. */
	funcs = mode_cmd->pixel_format == DRM_FORMAT_ARGB8888 ? &mdisplay_framebuffer_cursor_funcs
							      : &mdisplay_framebuffer_funcs;
	ret = miracast_gem_fb_init(&framebuffer->base, funcs);
	if (ret)
		goto err_erase;
	atomic_inc(&display->framebuffer_count);
	/* It has a name by now, so it goes as others do. */
	ret = mdisplay_framebuffer_check(&framebuffer->base);
	if (ret) {
		atomic_inc(&display->refused_count);
		drm_framebuffer_put(&framebuffer->base);
		return ERR_PTR(ret);
	}
	if (framebuffer->base.obj[0]->import_attach)
		atomic_inc(&display->imported_count);

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
