// SPDX-License-Identifier: GPL-2.0
/*
 * The CRTC: which modes and colours there may be, on and off, and the end of each commit.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_drv.h>
#include <drm/drm_vblank.h>

#include "display.h"

static struct mdisplay_connector *crtc_to_connector(struct drm_crtc *crtc)
{
	return container_of(crtc, struct mdisplay_connector, crtc);
}

static int mdisplay_crtc_enable_vblank(struct drm_crtc *crtc)
{
	mdisplay_vblank_enable(crtc_to_connector(crtc));

	return 0;
}

static void mdisplay_crtc_disable_vblank(struct drm_crtc *crtc)
{
	mdisplay_vblank_disable(crtc_to_connector(crtc));
}

static bool mdisplay_crtc_get_vblank_timestamp(struct drm_crtc *crtc, int *max_error,
					       ktime_t *vblank_time, bool in_vblank_irq)
{
	*max_error = 0;

	return mdisplay_vblank_last(crtc_to_connector(crtc), vblank_time);
}

static enum drm_mode_status mdisplay_crtc_mode_valid(struct drm_crtc *crtc,
						     const struct drm_display_mode *mode)
{
	u32 refresh = mdisplay_mode_refresh(mode);

	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		return MODE_NO_INTERLACE;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		return MODE_NO_DBLESCAN;
	if (mode->vscan > 1)
		return MODE_NO_VSCAN;
	if (mode->hdisplay < MDISPLAY_MIN_SIZE || mode->vdisplay < MDISPLAY_MIN_SIZE)
		return MODE_BAD;
	/* DRM computes a frame's time, which is the timer's period, with an int. */
	if ((u32)mode->htotal * mode->vtotal > INT_MAX)
		return MODE_BAD;
	/* A mode's clock is in kHz: its refresh is not exactly what was asked for. */
	if (refresh < MDISPLAY_MIN_REFRESH * 99 / 100 || refresh > MDISPLAY_MAX_REFRESH * 101 / 100)
		return MODE_VSYNC;

	return MODE_OK;
}

/* A monitor that is on shows something: there is no message for nothing. */
static int mdisplay_crtc_atomic_check(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state = drm_atomic_get_new_crtc_state(state, crtc);

	if (crtc_state->enable && !(crtc_state->plane_mask & drm_plane_mask(crtc->primary)))
		return -EINVAL;

	return mdisplay_color_check(crtc_state);
}

static void mdisplay_crtc_atomic_begin(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	mdisplay_commit_begin(crtc_to_connector(crtc));
}

static void mdisplay_crtc_atomic_flush(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	struct mdisplay_connector *connector = crtc_to_connector(crtc);
	struct drm_pending_vblank_event *event = crtc->state->event;

	crtc->state->event = NULL;
	if (event)
		mdisplay_flip_arm(connector, event);
	connector->commit_sequence = 0;
	/* One that was off may have got others meanwhile. */
	if (crtc->state->color_mgmt_changed || drm_atomic_crtc_needs_modeset(crtc->state))
		mdisplay_color_set(connector, crtc->state);
	mdisplay_commit_end(connector);
}

static void mdisplay_crtc_atomic_enable(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	struct mdisplay_connector *connector = crtc_to_connector(crtc);
	int idx;

	/* DRM asks when the next vblank is as soon as it knows how long a frame takes. */
	mdisplay_vblank_start(connector, crtc->dev->vblank[drm_crtc_index(crtc)].framedur_ns);
	/* Whatever is committed to a device that is gone stays without vblanks. */
	if (!drm_dev_enter(crtc->dev, &idx))
		return;

	drm_crtc_vblank_on(crtc);
	mdisplay_power(connector, true);

	drm_dev_exit(idx);
}

static void mdisplay_crtc_atomic_disable(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state = drm_atomic_get_new_crtc_state(state, crtc);
	struct mdisplay_connector *connector = crtc_to_connector(crtc);

	/* None waits here, unless DRM has given up waiting for it. */
	mdisplay_flip_cancel(connector);
	drm_crtc_vblank_off(crtc);
	mdisplay_vblank_stop(connector);

	mdisplay_frame_blank(connector);
	mdisplay_cursor_blank(connector);
	if (!crtc_state->active)
		mdisplay_power(connector, false);

	spin_lock_irq(&crtc->dev->event_lock);
	if (crtc_state->event && !crtc_state->active) {
		drm_crtc_send_vblank_event(crtc, crtc_state->event);
		crtc_state->event = NULL;
	}
	spin_unlock_irq(&crtc->dev->event_lock);
}

static const struct drm_crtc_helper_funcs mdisplay_crtc_helper_funcs = {
	.mode_valid = mdisplay_crtc_mode_valid,
	.atomic_check = mdisplay_crtc_atomic_check,
	.atomic_begin = mdisplay_crtc_atomic_begin,
	.atomic_flush = mdisplay_crtc_atomic_flush,
	.atomic_enable = mdisplay_crtc_atomic_enable,
	.atomic_disable = mdisplay_crtc_atomic_disable,
};

static const struct drm_crtc_funcs mdisplay_crtc_funcs = {
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.destroy = drm_crtc_cleanup,
	.reset = drm_atomic_helper_crtc_reset,
	.atomic_duplicate_state = drm_atomic_helper_crtc_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_crtc_destroy_state,
	.enable_vblank = mdisplay_crtc_enable_vblank,
	.disable_vblank = mdisplay_crtc_disable_vblank,
	.get_vblank_timestamp = mdisplay_crtc_get_vblank_timestamp,
};

/**
 * mdisplay_crtc_init() - make a connector's CRTC
 * @connector: the connector; its planes are made
 * @display: the device
 *
 * Return: 0 or an errno.
 */
int mdisplay_crtc_init(struct mdisplay_connector *connector, struct mdisplay *display)
{
	struct drm_crtc *crtc = &connector->crtc;
	int ret;

	mdisplay_flip_init(connector);
	ret = drm_crtc_init_with_planes(&display->drm, crtc, &connector->plane,
					&connector->cursor_plane, &mdisplay_crtc_funcs, NULL);
	if (ret)
		return ret;

	drm_crtc_helper_add(crtc, &mdisplay_crtc_helper_funcs);
	drm_crtc_enable_color_mgmt(crtc, MIRACAST_DISPLAY_LUT_SIZE, true,
				   MIRACAST_DISPLAY_LUT_SIZE);

	/* For those who know of no properties, Xorg among them. */
	return drm_mode_crtc_set_gamma_size(crtc, MIRACAST_DISPLAY_LUT_SIZE);
}
