// SPDX-License-Identifier: GPL-2.0
/*
 * Vblanks from a timer, and when a flip ends.
 *
 * Vblanks are a clock: every time that is a multiple of the frame's duration
 * away from the CRTC's start. The timer only serves those who wait for one. It
 * runs while vblanks are enabled and ends by itself afterwards: DRM disables
 * them with locks that the timer's function takes, so that must not wait.
 */
#include <linux/math64.h>

#include <drm/drm_vblank.h>

#include "display.h"

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

/**
 * mdisplay_vblank_enable() - somebody wants vblanks
 * @connector: of which CRTC; DRM's vblank locks are held
 */
void mdisplay_vblank_enable(struct mdisplay_connector *connector)
{
	struct mdisplay_vblank *vblank = &connector->vblank;
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->enabled = true;
	if (!vblank->running) {
		ktime_t last = mdisplay_vblank_tick(vblank, ktime_get());

		vblank->running = true;
		hrtimer_start(&vblank->timer, ktime_add_ns(last, vblank->period), HRTIMER_MODE_ABS);
	}
	spin_unlock_irqrestore(&vblank->lock, flags);
}

/**
 * mdisplay_vblank_disable() - nobody wants vblanks now
 * @connector: of which CRTC; DRM's vblank locks are held
 */
void mdisplay_vblank_disable(struct mdisplay_connector *connector)
{
	struct mdisplay_vblank *vblank = &connector->vblank;
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->enabled = false;
	spin_unlock_irqrestore(&vblank->lock, flags);
}

/**
 * mdisplay_vblank_last() - when the last vblank was
 * @connector: of which CRTC; DRM's vblank locks may be held
 * @time: out: the time
 *
 * DRM also asks once a CRTC has a mode, for fences that somebody waits for, though the
 * CRTC has never been on.
 *
 * Return: false: the clock has not begun yet, so there was none.
 */
bool mdisplay_vblank_last(struct mdisplay_connector *connector, ktime_t *time)
{
	struct mdisplay_vblank *vblank = &connector->vblank;
	unsigned long flags;
	bool begun;

	spin_lock_irqsave(&vblank->lock, flags);
	begun = vblank->period;
	if (begun)
		*time = mdisplay_vblank_tick(vblank, ktime_get());
	spin_unlock_irqrestore(&vblank->lock, flags);

	return begun;
}

/**
 * mdisplay_vblank_start() - the clock begins
 * @connector: of which CRTC; its vblanks are not on yet
 * @period: of a frame, in nanoseconds
 */
void mdisplay_vblank_start(struct mdisplay_connector *connector, u32 period)
{
	struct mdisplay_vblank *vblank = &connector->vblank;

	spin_lock_irq(&vblank->lock);
	vblank->period = period;
	vblank->base = ktime_get();
	spin_unlock_irq(&vblank->lock);
}

/**
 * mdisplay_vblank_stop() - the clock ends
 * @connector: of which CRTC; its vblanks are off
 */
void mdisplay_vblank_stop(struct mdisplay_connector *connector)
{
	hrtimer_cancel(&connector->vblank.timer);
	connector->vblank.running = false;
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

/**
 * mdisplay_flip_arm() - a commit's flip begins
 * @connector: the connector
 * @event: to be sent when the flip has ended
 */
void mdisplay_flip_arm(struct mdisplay_connector *connector, struct drm_pending_vblank_event *event)
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

/**
 * mdisplay_flip_cancel() - end the flip that waits, if one does
 * @connector: the connector
 */
void mdisplay_flip_cancel(struct mdisplay_connector *connector)
{
	spin_lock_irq(&connector->crtc.dev->event_lock);
	if (connector->flip.event)
		mdisplay_flip_send(connector);
	spin_unlock_irq(&connector->crtc.dev->event_lock);
}

/**
 * mdisplay_flip_init() - make a connector's flips and vblanks
 * @connector: the connector
 */
void mdisplay_flip_init(struct mdisplay_connector *connector)
{
	spin_lock_init(&connector->vblank.lock);
	hrtimer_setup(&connector->vblank.timer, mdisplay_vblank_function, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
}
