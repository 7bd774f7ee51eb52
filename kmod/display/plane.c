// SPDX-License-Identifier: GPL-2.0
/*
 * The planes: a committed state of the primary one becomes a picture and its damage,
 * one of the cursor's a cursor.
 */
#include <linux/dma-resv.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_atomic_helper.h>

#include "display.h"

static struct mdisplay_connector *plane_to_connector(struct drm_plane *plane)
{
	return container_of(plane, struct mdisplay_connector, plane);
}

static int mdisplay_plane_atomic_check(struct drm_plane *plane, struct drm_atomic_commit *state)
{
	struct drm_plane_state *plane_state = drm_atomic_get_new_plane_state(state, plane);
	struct drm_crtc_state *crtc_state;
	int ret;

	if (!plane_state->crtc)
		return 0;

	crtc_state = drm_atomic_get_new_crtc_state(state, plane_state->crtc);
	ret = drm_atomic_helper_check_plane_state(plane_state, crtc_state, DRM_PLANE_NO_SCALING,
						  DRM_PLANE_NO_SCALING, false, true);
	/* It covers the CRTC or is refused, but nothing of it covers anything. */
	if (!ret && crtc_state->enable && !plane_state->visible)
		ret = -EINVAL;

	return ret;
}

static void mdisplay_plane_damage(const struct drm_plane_state *old_state,
				  const struct drm_plane_state *new_state,
				  const struct mdisplay_picture *picture,
				  struct mdisplay_damage *damage)
{
	const struct drm_rect whole = { 0, 0, picture->width, picture->height };
	struct drm_atomic_helper_damage_iter iter;
	struct drm_rect clip;

	*damage = (struct mdisplay_damage){};
	drm_atomic_helper_damage_iter_init(&iter, old_state, new_state);
	drm_atomic_for_each_plane_damage(&iter, &clip) {
		drm_rect_translate(&clip, -(int)picture->x, -(int)picture->y);
		/* A source between two pixels covers one more than it shows. */
		if (!drm_rect_intersect(&clip, &whole))
			continue;
		mdisplay_damage_add(damage, &clip);
		if (drm_rect_width(&clip) >= picture->width &&
		    drm_rect_height(&clip) >= picture->height)
			damage->full = true;
	}
}

static void mdisplay_plane_atomic_update(struct drm_plane *plane, struct drm_atomic_commit *state)
{
	struct drm_plane_state *old_state = drm_atomic_get_old_plane_state(state, plane);
	struct drm_plane_state *new_state = drm_atomic_get_new_plane_state(state, plane);
	struct mdisplay_connector *connector = plane_to_connector(plane);
	struct mdisplay_picture picture;
	struct mdisplay_damage damage;

	picture = (struct mdisplay_picture){
		.fb = new_state->fb,
		.x = new_state->src.x1 >> 16,
		.y = new_state->src.y1 >> 16,
		.width = drm_rect_width(&new_state->dst),
		.height = drm_rect_height(&new_state->dst),
		.refresh = mdisplay_mode_refresh(&new_state->crtc->state->mode),
	};
	mdisplay_plane_damage(old_state, new_state, &picture, &damage);
	connector->commit_sequence = mdisplay_frame_commit(connector, &picture, &damage);
}

static const struct drm_plane_helper_funcs mdisplay_plane_helper_funcs = {
	.prepare_fb = drm_gem_plane_helper_prepare_fb,
	.atomic_check = mdisplay_plane_atomic_check,
	.atomic_update = mdisplay_plane_atomic_update,
};

static const struct drm_plane_funcs mdisplay_plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.destroy = drm_plane_cleanup,
	.reset = drm_atomic_helper_plane_reset,
	.atomic_duplicate_state = drm_atomic_helper_plane_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_plane_destroy_state,
};

static const u32 mdisplay_plane_formats[] = {
	DRM_FORMAT_XRGB8888,
};

static struct mdisplay_connector *cursor_plane_to_connector(struct drm_plane *plane)
{
	return container_of(plane, struct mdisplay_connector, cursor_plane);
}

static int mdisplay_cursor_plane_atomic_check(struct drm_plane *plane,
					      struct drm_atomic_commit *state)
{
	struct drm_plane_state *old_state = drm_atomic_get_old_plane_state(state, plane);
	struct drm_plane_state *new_state = drm_atomic_get_new_plane_state(state, plane);
	struct drm_crtc_state *crtc_state;

	if (!new_state->crtc)
		return 0;

	if (new_state->fb->width > MIRACAST_DISPLAY_MAX_CURSOR ||
	    new_state->fb->height > MIRACAST_DISPLAY_MAX_CURSOR)
		return -EINVAL;
	/* What is there already must not fail a commit that has other things to do. */
	if (new_state->fb != old_state->fb &&
	    !mdisplay_cursor_accepted(cursor_plane_to_connector(plane)))
		return -EINVAL;

	crtc_state = drm_atomic_get_new_crtc_state(state, new_state->crtc);

	return drm_atomic_helper_check_plane_state(new_state, crtc_state, DRM_PLANE_NO_SCALING,
						   DRM_PLANE_NO_SCALING, true, true);
}

static void mdisplay_cursor_plane_show(struct drm_plane *plane,
				       const struct drm_plane_state *plane_state, bool redrawn)
{
	struct mdisplay_cursor cursor = {};

	if (plane_state->crtc && plane_state->visible) {
		cursor.fb = plane_state->fb;
		cursor.source_x = plane_state->src.x1 >> 16;
		cursor.source_y = plane_state->src.y1 >> 16;
		cursor.x = plane_state->dst.x1;
		cursor.y = plane_state->dst.y1;
		cursor.width = drm_rect_width(&plane_state->dst);
		cursor.height = drm_rect_height(&plane_state->dst);
	}
	mdisplay_cursor_set(cursor_plane_to_connector(plane), &cursor, redrawn);
}

static void mdisplay_cursor_plane_atomic_update(struct drm_plane *plane,
						struct drm_atomic_commit *state)
{
	struct drm_plane_state *new_state = drm_atomic_get_new_plane_state(state, plane);
	struct drm_crtc *crtc = new_state->crtc;
	bool redrawn = new_state->fb_damage_clips;

	/*
	 * Without damage clips the same framebuffer again is the same pointer elsewhere. But DRM
	 * drops those of a modeset, and those that came while the CRTC was off went to nobody.
	 */
	if (crtc)
		redrawn |=
			drm_atomic_crtc_needs_modeset(drm_atomic_get_new_crtc_state(state, crtc));
	mdisplay_cursor_plane_show(plane, new_state, redrawn);
}

/* A change of the cursor alone need not wait for anything, unless there are fences to wait for. */
static int mdisplay_cursor_plane_async_check(MIRACAST_ASYNC_CHECK_PARAMETERS)
{
	struct drm_plane_state *new_state = drm_atomic_get_new_plane_state(state, plane);
	struct drm_crtc_state *crtc_state;

	crtc_state = drm_atomic_get_new_crtc_state(state, new_state->crtc);
	if (!crtc_state->active ||
	    !dma_resv_test_signaled(new_state->fb->obj[0]->resv, DMA_RESV_USAGE_WRITE))
		return -EINVAL;

	return 0;
}

static void mdisplay_cursor_plane_async_update(struct drm_plane *plane,
					       struct drm_atomic_commit *state)
{
	struct drm_plane_state *new_state = drm_atomic_get_new_plane_state(state, plane);
	struct drm_plane_state *shown = plane->state;

	swap(shown->fb, new_state->fb);
	shown->crtc_x = new_state->crtc_x;
	shown->crtc_y = new_state->crtc_y;
	shown->crtc_w = new_state->crtc_w;
	shown->crtc_h = new_state->crtc_h;
	shown->src_x = new_state->src_x;
	shown->src_y = new_state->src_y;
	shown->src_w = new_state->src_w;
	shown->src_h = new_state->src_h;
	shown->src = new_state->src;
	shown->dst = new_state->dst;
	shown->visible = new_state->visible;

	mdisplay_cursor_plane_show(plane, shown, false);
	mdisplay_cursor_note(cursor_plane_to_connector(plane));
}

static const struct drm_plane_helper_funcs mdisplay_cursor_plane_helper_funcs = {
	.prepare_fb = drm_gem_plane_helper_prepare_fb,
	.atomic_check = mdisplay_cursor_plane_atomic_check,
	.atomic_update = mdisplay_cursor_plane_atomic_update,
	.atomic_async_check = mdisplay_cursor_plane_async_check,
	.atomic_async_update = mdisplay_cursor_plane_async_update,
};

static const u32 mdisplay_cursor_plane_formats[] = {
	DRM_FORMAT_ARGB8888,
};

static int mdisplay_plane_init(struct mdisplay *display, struct drm_plane *plane,
			       enum drm_plane_type type, const u32 *formats, unsigned int count,
			       const struct drm_plane_helper_funcs *helper_funcs)
{
	int ret;

	ret = drm_universal_plane_init(&display->drm, plane, 0, &mdisplay_plane_funcs, formats,
				       count, NULL, type, NULL);
	if (ret)
		return ret;

	drm_plane_helper_add(plane, helper_funcs);
	drm_plane_enable_fb_damage_clips(plane);

	return 0;
}

/**
 * mdisplay_planes_init() - make a connector's planes
 * @connector: the connector
 * @display: the device
 *
 * Return: 0 or an errno.
 */
int mdisplay_planes_init(struct mdisplay_connector *connector, struct mdisplay *display)
{
	int ret;

	ret = mdisplay_plane_init(display, &connector->plane, DRM_PLANE_TYPE_PRIMARY,
				  mdisplay_plane_formats, ARRAY_SIZE(mdisplay_plane_formats),
				  &mdisplay_plane_helper_funcs);
	if (ret)
		return ret;

	return mdisplay_plane_init(display, &connector->cursor_plane, DRM_PLANE_TYPE_CURSOR,
				   mdisplay_cursor_plane_formats,
				   ARRAY_SIZE(mdisplay_cursor_plane_formats),
				   &mdisplay_cursor_plane_helper_funcs);
}
