// SPDX-License-Identifier: GPL-2.0
/*
 * What was committed, and what else a context has to be told of: noted here, for
 * the pump to send. See display.h for how frames flow and what guards what.
 */
#include <drm/drm_fourcc.h>

#include "display.h"

/* The pumps, and what frees framebuffers; made and destroyed in drv.c. */
struct workqueue_struct *mdisplay_wq;

/**
 * mdisplay_note() - something changed: let the pump look
 * @connector: where; its lock is held
 *
 * Without a context there is nothing to pump, now or later.
 */
void mdisplay_note(struct mdisplay_connector *connector)
{
	lockdep_assert_held(&connector->lock);

	if (connector->context)
		mod_delayed_work(mdisplay_wq, &connector->pump, 0);
}

/**
 * mdisplay_frame_free() - take back a frame that is not out
 * @frame: the frame; its connector's lock is held
 *
 * Return: its framebuffer, to be put when the lock has been dropped.
 */
struct drm_framebuffer *mdisplay_frame_free(struct mdisplay_frame *frame)
{
	struct drm_framebuffer *fb = frame->fb;

	lockdep_assert_held(&frame->context->connector->lock);

	frame->fb = NULL;
	list_add(&frame->node, &frame->context->free);

	return fb;
}

/**
 * mdisplay_frame_settle() - tell the CRTC which frames are released
 * @context: whose frames have changed; its connector's lock is held
 */
void mdisplay_frame_settle(struct mdisplay_context *context)
{
	struct mdisplay_connector *connector = context->connector;
	u64 released = connector->sequence;
	unsigned int i;

	lockdep_assert_held(&connector->lock);

	for (i = 0; context->live && i < ARRAY_SIZE(context->frames); i++) {
		const struct mdisplay_frame *frame = &context->frames[i];

		if (frame->fb && !frame->refused)
			released = min(released, frame->message.sequence - 1);
	}
	mdisplay_flip_release(connector, released);
}

/*
 * Makes the connector's picture the context's pending frame, if there is one to
 * send it to. Returns the frame's number, or 0; *@replaced is to be put when the
 * lock has been dropped.
 */
static u64 mdisplay_frame_queue(struct mdisplay_connector *connector,
				const struct mdisplay_damage *damage,
				struct drm_framebuffer **replaced)
{
	const struct mdisplay_picture *picture = &connector->picture;
	struct mdisplay_context *context = connector->context;
	struct mdisplay_frame *frame;

	lockdep_assert_held(&connector->lock);

	if (!context || !context->live) {
		connector->stats.skipped++;
		return 0;
	}

	frame = context->pending;
	if (frame) {
		connector->stats.replaced++;
		mdisplay_damage_merge(&frame->damage, damage);
		*replaced = frame->fb;
	} else {
		frame = list_first_entry(&context->free, struct mdisplay_frame, node);
		list_del(&frame->node);
		frame->damage = *damage;
		context->pending = frame;
	}

	drm_framebuffer_get(picture->fb);
	frame->fb = picture->fb;
	frame->refused = false;
	frame->message = (struct miracast_display_frame){
		.header.code = MIRACAST_DISPLAY_MSG_FRAME,
		.header.size = sizeof(frame->message),
		.sequence = ++connector->sequence,
		.time_ns = ktime_get_ns(),
		.framebuffer_id = to_mdisplay_framebuffer(picture->fb)->id,
		.format = picture->fb->format->format,
		.x = picture->x,
		.y = picture->y,
		.width = picture->width,
		.height = picture->height,
		.refresh = picture->refresh,
	};
	mdisplay_frame_settle(context);

	return connector->sequence;
}

/* Does not send the pending frame. Returns what is to be put without the lock, or NULL. */
static struct drm_framebuffer *mdisplay_frame_drop(struct mdisplay_context *context)
{
	struct mdisplay_frame *frame = context->pending;
	struct drm_framebuffer *fb = NULL;

	if (frame) {
		context->connector->stats.dropped++;
		context->pending = NULL;
		fb = mdisplay_frame_free(frame);
	}
	mdisplay_frame_settle(context);

	return fb;
}

/*
 * Keeps a reference that a commit has no use for any more: see mdisplay_let_go(). There
 * is one at most, of what was pending: a commit that drops it leaves nothing to replace.
 */
static void mdisplay_keep(struct mdisplay_connector *connector, struct drm_framebuffer *fb)
{
	lockdep_assert_held(&connector->lock);

	WARN_ON_ONCE(fb && connector->let_go);
	if (fb)
		connector->let_go = fb;
}

/**
 * mdisplay_let_go() - put what a commit has let go of, if it has
 * @connector: where
 *
 * Called before and after the part of a commit that others may wait for, and not within:
 * the last reference to a framebuffer takes a lock of DRM's that is held over allocations.
 * Who shows a framebuffer has one for as long, so only that of a frame may be the last.
 * The next commit may begin before this one looks again, so it looks first.
 */
void mdisplay_let_go(struct mdisplay_connector *connector)
{
	struct drm_framebuffer *fb;

	spin_lock(&connector->lock);
	fb = connector->let_go;
	connector->let_go = NULL;
	spin_unlock(&connector->lock);

	if (fb)
		drm_framebuffer_put(fb);
}

/**
 * mdisplay_commit_begin() - a commit begins: what it changes belongs together
 * @connector: where
 */
void mdisplay_commit_begin(struct mdisplay_connector *connector)
{
	spin_lock(&connector->lock);
	connector->committing = true;
	spin_unlock(&connector->lock);
}

/**
 * mdisplay_commit_end() - a commit is whole: let the pump look
 * @connector: where
 */
void mdisplay_commit_end(struct mdisplay_connector *connector)
{
	spin_lock(&connector->lock);
	connector->committing = false;
	if (connector->context) {
		connector->context->cursor_due = true;
		if (!connector->context->color_told)
			connector->context->color_due = true;
	}
	mdisplay_note(connector);
	spin_unlock(&connector->lock);
}

/**
 * mdisplay_frame_commit() - the compositor has committed a picture
 * @connector: where
 * @picture: the picture; the framebuffer's reference stays with the caller
 * @damage: what changed in it; if nothing did there is no frame
 *
 * The pump looks when the commit is whole: see mdisplay_commit_end().
 *
 * Return: the newest frame that the flip has to wait for, or 0: none.
 */
u64 mdisplay_frame_commit(struct mdisplay_connector *connector,
			  const struct mdisplay_picture *picture,
			  const struct mdisplay_damage *damage)
{
	struct drm_framebuffer *shown, *replaced = NULL;
	u64 before, sequence = 0;
	bool same;

	drm_framebuffer_get(picture->fb);

	spin_lock(&connector->lock);
	shown = connector->picture.fb;
	connector->picture = *picture;
	before = connector->sequence;
	if (damage->full || damage->count) {
		connector->stats.committed++;
		sequence = mdisplay_frame_queue(connector, damage, &replaced);
	}
	mdisplay_keep(connector, replaced);
	spin_unlock(&connector->lock);

	/* A first picture, too, may be one that the compositor goes on to draw into. */
	same = !shown || shown->obj[0] == picture->fb->obj[0];
	if (shown)
		drm_framebuffer_put(shown);
	/* Where nothing new is seen, the newest frame of what is shown is the last one. */
	if (!sequence)
		return before;

	return same ? sequence : sequence - 1;
}

/**
 * mdisplay_frame_again() - all of what is shown is to be sent once more, or what is pending
 * @connector: where; its lock is held
 *
 * No flip that is under way waits for it.
 */
void mdisplay_frame_again(struct mdisplay_connector *connector)
{
	const struct mdisplay_damage whole = { .full = true };
	struct mdisplay_context *context = connector->context;
	struct drm_framebuffer *replaced = NULL;

	lockdep_assert_held(&connector->lock);

	if (!context || !context->live || !connector->picture.fb)
		return;

	if (context->pending) {
		context->pending->damage.full = true;
		return;
	}
	connector->stats.repeated++;
	mdisplay_frame_queue(connector, &whole, &replaced);
}

/**
 * mdisplay_frame_blank() - the connector shows nothing any more
 * @connector: the connector
 */
void mdisplay_frame_blank(struct mdisplay_connector *connector)
{
	struct drm_framebuffer *shown;

	spin_lock(&connector->lock);
	shown = connector->picture.fb;
	connector->picture.fb = NULL;
	if (connector->context)
		mdisplay_keep(connector, mdisplay_frame_drop(connector->context));
	spin_unlock(&connector->lock);

	if (shown)
		drm_framebuffer_put(shown);
}

/**
 * mdisplay_frame_sink_arrived() - send a sink what is shown, and then what follows
 * @context: whose sink it is
 * @flags: MIRACAST_DISPLAY_SINK_*: what its user-mode driver does
 *
 * The compositor need not notice that there is a sink, or another one.
 */
void mdisplay_frame_sink_arrived(struct mdisplay_context *context, u32 flags)
{
	struct mdisplay_connector *connector = context->connector;

	spin_lock(&connector->lock);
	context->live = true;
	context->damage_lost = true;
	context->power_told = MDISPLAY_POWER_UNKNOWN;
	context->cursor_wanted = flags & MIRACAST_DISPLAY_SINK_CURSOR;
	context->cursor_told = false;
	context->cursor_due = true;
	context->color_wanted = flags & MIRACAST_DISPLAY_SINK_COLOR;
	context->color_told = false;
	context->color_due = true;
	mdisplay_frame_again(connector);
	mdisplay_note(connector);
	spin_unlock(&connector->lock);
}

/**
 * mdisplay_frame_sink_departed() - send no more frames, and let no flip wait
 * @context: whose sink it was
 */
void mdisplay_frame_sink_departed(struct mdisplay_context *context)
{
	struct mdisplay_connector *connector = context->connector;
	struct drm_framebuffer *pending;

	spin_lock(&connector->lock);
	context->live = false;
	pending = mdisplay_frame_drop(context);
	spin_unlock(&connector->lock);

	if (pending)
		drm_framebuffer_put(pending);
}

/**
 * mdisplay_frame_gone() - a framebuffer goes
 * @connector: whose context is told, if it knows the framebuffer
 * @framebuffer: the framebuffer
 *
 * A daemon that does not answer is told of no more than MDISPLAY_MAX_GONE.
 */
void mdisplay_frame_gone(struct mdisplay_connector *connector,
			 const struct mdisplay_framebuffer *framebuffer)
{
	unsigned int index = mdisplay_connector_index(connector);
	struct mdisplay_context *context;

	spin_lock(&connector->lock);
	context = connector->context;
	if (context && framebuffer->told[index] == context->number &&
	    context->gone_count < MDISPLAY_MAX_GONE) {
		context->gone[(context->gone_first + context->gone_count++) % MDISPLAY_MAX_GONE] =
			framebuffer->id;
		mdisplay_note(connector);
	}
	spin_unlock(&connector->lock);
}

/**
 * mdisplay_power() - the monitor is switched on or off
 * @connector: the connector
 * @on: to what
 */
void mdisplay_power(struct mdisplay_connector *connector, bool on)
{
	spin_lock(&connector->lock);
	connector->powered = on;
	mdisplay_note(connector);
	spin_unlock(&connector->lock);
}
