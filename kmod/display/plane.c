// SPDX-License-Identifier: GPL-2.0
/*
 * The primary plane: a committed state becomes a picture and its damage.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
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

	if (!plane_state->crtc)
		return 0;

	crtc_state = drm_atomic_get_new_crtc_state(state, plane_state->crtc);

	return drm_atomic_helper_check_plane_state(plane_state, crtc_state, DRM_PLANE_NO_SCALING,
						   DRM_PLANE_NO_SCALING, false, true);
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

	if (!new_state->visible)
		return;

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

/**
 * mdisplay_plane_init() - make a connector's plane
 * @connector: the connector
 * @display: the device
 *
 * Return: 0 or an errno.
 */
int mdisplay_plane_init(struct mdisplay_connector *connector, struct mdisplay *display)
{
	int ret;

	ret = drm_universal_plane_init(&display->drm, &connector->plane, 0, &mdisplay_plane_funcs,
				       mdisplay_plane_formats, ARRAY_SIZE(mdisplay_plane_formats),
				       NULL, DRM_PLANE_TYPE_PRIMARY, NULL);
	if (ret)
		return ret;

	drm_plane_helper_add(&connector->plane, &mdisplay_plane_helper_funcs);
	drm_plane_enable_fb_damage_clips(&connector->plane);

	return 0;
}
