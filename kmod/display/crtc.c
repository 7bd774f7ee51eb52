// SPDX-License-Identifier: GPL-2.0
/*
 * The CRTC: vblanks from a timer, and when a flip ends.
 *
 * Vblanks are a clock: every time that is a multiple of the frame's duration
 * away from the CRTC's start. The timer only serves those who wait for one. It
 * runs while vblanks are enabled and ends by itself afterwards: disable_vblank
 * is called with locks that the timer's function takes, so it must not wait.
 */
#include <linux/math64.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_vblank.h>

#include "display.h"

static struct mdisplay_connector *crtc_to_connector(struct drm_crtc *crtc)
{
	return container_of(crtc, struct mdisplay_connector, crtc);
}

/* The last tick that is not after @now. */
static ktime_t mdisplay_vblank_tick(const struct mdisplay_vblank *vblank, ktime_t now)
{
	u64 ticks = div_u64(ktime_to_ns(ktime_sub(now, vblank->base)), vblank->period);

	return ktime_add_ns(vblank->base, ticks * vblank->period);
}

/* Ends the flip that waits. */
static void mdisplay_flip_send(struct mdisplay_connector *connector)
{
	struct mdisplay_flip *flip = &connector->flip;

	lockdep_assert_held(&connector->crtc.dev->event_lock);

	drm_crtc_send_vblank_event(&connector->crtc, flip->event);
	drm_crtc_vblank_put(&connector->crtc);
	flip->event = NULL;
	flip->ended++;
}

static void mdisplay_flip_vblank(struct mdisplay_connector *connector)
{
	struct mdisplay_flip *flip = &connector->flip;
	unsigned long flags;

	spin_lock_irqsave(&connector->crtc.dev->event_lock, flags);
	if (flip->event) {
		ktime_t next = ktime_add_ns(ktime_get(), connector->vblank.period);

		if (flip->sequence <= flip->released) {
			mdisplay_flip_send(connector);
		} else if (ktime_after(next, flip->deadline)) {
			flip->late++;
			mdisplay_flip_send(connector);
		}
	}
	spin_unlock_irqrestore(&connector->crtc.dev->event_lock, flags);
}

static enum hrtimer_restart mdisplay_vblank_function(struct hrtimer *timer)
{
	struct mdisplay_vblank *vblank = container_of(timer, struct mdisplay_vblank, timer);
	struct mdisplay_connector *connector =
		container_of(vblank, struct mdisplay_connector, vblank);
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	if (!vblank->enabled) {
		vblank->running = false;
		spin_unlock_irqrestore(&vblank->lock, flags);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(vblank->period));
	spin_unlock_irqrestore(&vblank->lock, flags);

	drm_crtc_handle_vblank(&connector->crtc);
	mdisplay_flip_vblank(connector);

	return HRTIMER_RESTART;
}

static int mdisplay_crtc_enable_vblank(struct drm_crtc *crtc)
{
	struct mdisplay_vblank *vblank = &crtc_to_connector(crtc)->vblank;
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->enabled = true;
	if (!vblank->running) {
		ktime_t last = mdisplay_vblank_tick(vblank, ktime_get());

		vblank->running = true;
		hrtimer_start(&vblank->timer, ktime_add_ns(last, vblank->period), HRTIMER_MODE_ABS);
	}
	spin_unlock_irqrestore(&vblank->lock, flags);

	return 0;
}

static void mdisplay_crtc_disable_vblank(struct drm_crtc *crtc)
{
	struct mdisplay_vblank *vblank = &crtc_to_connector(crtc)->vblank;
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->enabled = false;
	spin_unlock_irqrestore(&vblank->lock, flags);
}

static bool mdisplay_crtc_get_vblank_timestamp(struct drm_crtc *crtc, int *max_error,
					       ktime_t *vblank_time, bool in_vblank_irq)
{
	*max_error = 0;
	*vblank_time = mdisplay_vblank_tick(&crtc_to_connector(crtc)->vblank, ktime_get());

	return true;
}

/**
 * mdisplay_flip_release() - frames need not be waited for
 * @connector: the connector; its lock is held
 * @sequence: the last of these frames; those after it have to be
 */
void mdisplay_flip_release(struct mdisplay_connector *connector, u64 sequence)
{
	lockdep_assert_held(&connector->lock);

	spin_lock_irq(&connector->crtc.dev->event_lock);
	connector->flip.released = sequence;
	spin_unlock_irq(&connector->crtc.dev->event_lock);
}

static void mdisplay_flip_arm(struct mdisplay_connector *connector,
			      struct drm_pending_vblank_event *event)
{
	struct mdisplay_flip *flip = &connector->flip;
	bool ticking = !drm_crtc_vblank_get(&connector->crtc);

	spin_lock_irq(&connector->crtc.dev->event_lock);
	if (ticking) {
		flip->event = event;
		flip->sequence = connector->commit_sequence;
		flip->deadline = ktime_add_ns(ktime_get(), MDISPLAY_FLIP_LIMIT);
	} else {
		drm_crtc_send_vblank_event(&connector->crtc, event);
	}
	spin_unlock_irq(&connector->crtc.dev->event_lock);
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

	return 0;
}

static void mdisplay_crtc_atomic_flush(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	struct mdisplay_connector *connector = crtc_to_connector(crtc);
	struct drm_pending_vblank_event *event = crtc->state->event;

	crtc->state->event = NULL;
	if (event)
		mdisplay_flip_arm(connector, event);
	connector->commit_sequence = 0;

	mdisplay_pump(connector);
}

static void mdisplay_crtc_atomic_enable(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	struct mdisplay_connector *connector = crtc_to_connector(crtc);
	int idx;

	/* Whatever is committed to a device that is gone stays without vblanks. */
	if (!drm_dev_enter(crtc->dev, &idx))
		return;

	connector->vblank.period = crtc->dev->vblank[drm_crtc_index(crtc)].framedur_ns;
	connector->vblank.base = ktime_get();
	drm_crtc_vblank_on(crtc);
	mdisplay_power(connector, true);

	drm_dev_exit(idx);
}

static void mdisplay_crtc_atomic_disable(struct drm_crtc *crtc, struct drm_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state = drm_atomic_get_new_crtc_state(state, crtc);
	struct mdisplay_connector *connector = crtc_to_connector(crtc);

	/* None waits here, unless DRM has given up waiting for it. */
	spin_lock_irq(&crtc->dev->event_lock);
	if (connector->flip.event)
		mdisplay_flip_send(connector);
	spin_unlock_irq(&crtc->dev->event_lock);

	drm_crtc_vblank_off(crtc);
	hrtimer_cancel(&connector->vblank.timer);
	connector->vblank.running = false;

	mdisplay_frame_blank(connector);
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
 * @connector: the connector; its plane is made
 * @display: the device
 *
 * Return: 0 or an errno.
 */
int mdisplay_crtc_init(struct mdisplay_connector *connector, struct mdisplay *display)
{
	struct drm_crtc *crtc = &connector->crtc;
	int ret;

	spin_lock_init(&connector->vblank.lock);
	hrtimer_setup(&connector->vblank.timer, mdisplay_vblank_function, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);

	ret = drm_crtc_init_with_planes(&display->drm, crtc, &connector->plane, NULL,
					&mdisplay_crtc_funcs, NULL);
	if (ret)
		return ret;

	drm_crtc_helper_add(crtc, &mdisplay_crtc_helper_funcs);

	return 0;
}
