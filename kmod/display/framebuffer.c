// SPDX-License-Identifier: GPL-2.0
/*
 * Framebuffers and their ids.
 */
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_auth.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_modeset_lock.h>
#include <drm/drm_plane.h>
#include <drm/drm_property.h>

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

/* Whether a plane shows a picture whose framebuffer's owner does not call it dirty itself. */
static bool mdisplay_plane_is_undeclared(struct drm_plane *plane)
{
	struct drm_framebuffer *fb = plane->state->fb;
	struct mdisplay_connector *connector;
	bool shown;

	if (!fb || plane->type != DRM_PLANE_TYPE_PRIMARY ||
	    READ_ONCE(to_mdisplay_framebuffer(fb)->dirtied))
		return false;

	connector = container_of(plane, struct mdisplay_connector, plane);
	spin_lock(&connector->lock);
	shown = connector->picture.fb == fb;
	spin_unlock(&connector->lock);

	return shown;
}

static bool mdisplay_is_lessee(struct drm_file *file)
{
	struct drm_master *master = drm_file_get_master(file);
	bool lessee = master && master->lessor;

	if (master)
		drm_master_put(&master);

	return lessee;
}

/* What DIRTYFB says, as a plane's property; NULL: all of the framebuffer. */
static struct drm_property_blob *mdisplay_damage_blob(struct drm_device *dev, unsigned int flags,
						      const struct drm_clip_rect *clips,
						      unsigned int count)
{
	unsigned int i, step = 1;
	struct drm_property_blob *blob;
	struct drm_mode_rect *rects;

	/* Of two one is where it was copied from. */
	if (flags & DRM_MODE_FB_DIRTY_ANNOTATE_COPY)
		step = 2;
	count /= step;
	if (!count)
		return NULL;

	blob = drm_property_create_blob(dev, count * sizeof(*rects), NULL);
	if (IS_ERR(blob))
		return blob;
	rects = blob->data;
	for (i = 0; i < count; i++)
		rects[i] = (struct drm_mode_rect){
			.x1 = clips[i * step].x1,
			.y1 = clips[i * step].y1,
			.x2 = clips[i * step].x2,
			.y2 = clips[i * step].y2,
		};

	return blob;
}

static int mdisplay_damage_planes(struct drm_atomic_commit *state, struct drm_framebuffer *fb,
				  struct drm_property_blob *damage, bool others)
{
	struct drm_plane *plane;

	drm_for_each_plane(plane, fb->dev) {
		struct drm_plane_state *plane_state;
		bool shows;
		int ret;

		ret = drm_modeset_lock(&plane->mutex, state->acquire_ctx);
		if (ret)
			return ret;
		shows = plane->state->fb == fb;
		if (!shows && !(others && mdisplay_plane_is_undeclared(plane))) {
			drm_modeset_unlock(&plane->mutex);
			continue;
		}
		plane_state = drm_atomic_get_plane_state(state, plane);
		if (IS_ERR(plane_state))
			return PTR_ERR(plane_state);
		drm_property_replace_blob(&plane_state->fb_damage_clips, shows ? damage : NULL);
	}

	return miracast_atomic_commit(state);
}

/*
 * The planes that show @fb are damaged as the clips say. The others are damaged all
 * over, unless their framebuffers have been called dirty themselves: Xorg draws into
 * one framebuffer, has the outputs that it rotates show copies, and calls only the
 * former dirty. Who leases an output has nothing to do with the others.
 *
 * This is drm_atomic_helper_dirtyfb() for several framebuffers: one commit, so that the
 * caller waits once, however many outputs there are.
 */
static int mdisplay_framebuffer_dirty(struct drm_framebuffer *fb, struct drm_file *file,
				      unsigned int flags, unsigned int color,
				      struct drm_clip_rect *clips, unsigned int num_clips)
{
	bool others = !mdisplay_is_lessee(file);
	struct drm_modeset_acquire_ctx ctx;
	struct drm_property_blob *damage;
	struct drm_atomic_commit *state;
	int ret;

	WRITE_ONCE(to_mdisplay_framebuffer(fb)->dirtied, true);
	damage = mdisplay_damage_blob(fb->dev, flags, clips, num_clips);
	if (IS_ERR(damage))
		return PTR_ERR(damage);
	state = drm_atomic_commit_alloc(fb->dev);
	if (!state) {
		drm_property_blob_put(damage);
		return -ENOMEM;
	}

	drm_modeset_acquire_init(&ctx, DRM_MODESET_ACQUIRE_INTERRUPTIBLE);
	state->acquire_ctx = &ctx;
	ret = mdisplay_damage_planes(state, fb, damage, others);
	while (ret == -EDEADLK) {
		drm_atomic_commit_clear(state);
		ret = drm_modeset_backoff(&ctx);
		if (!ret)
			ret = mdisplay_damage_planes(state, fb, damage, others);
	}
	drm_atomic_commit_put(state);
	drm_modeset_drop_locks(&ctx);
	drm_modeset_acquire_fini(&ctx);
	drm_property_blob_put(damage);

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
