// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: frames, power, framebuffers that are gone. See display.h for how
 * they flow and what guards what.
 */
#include <linux/slab.h>

#include <drm/drm_fourcc.h>

#include "display.h"

static enum mdisplay_callback mdisplay_callback_class(ntstatus_t status)
{
	if (!NT_ERROR(status))
		return MDISPLAY_CALLBACK_SUCCESS;
	if (status == STATUS_CANCELLED)
		return MDISPLAY_CALLBACK_CANCELLED;
	if (status == STATUS_CONNECTION_DISCONNECTED)
		return MDISPLAY_CALLBACK_DISCONNECTED;
	if (status == STATUS_IO_TIMEOUT)
		return MDISPLAY_CALLBACK_TIMEOUT;
	if (status == STATUS_DEVICE_REMOVED)
		return MDISPLAY_CALLBACK_REMOVED;
	return MDISPLAY_CALLBACK_OTHER;
}

static void mdisplay_count_callback(struct mdisplay_connector *connector, ntstatus_t status)
{
	connector->stats.callbacks[mdisplay_callback_class(status)]++;
}

/* Takes back a frame that is not out; the caller puts the framebuffer, without the lock. */
static struct drm_framebuffer *mdisplay_frame_free(struct mdisplay_frame *frame)
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

	/* There may be another one by now. */
	if (connector->context != context)
		return;

	for (i = 0; context->live && i < ARRAY_SIZE(context->frames); i++) {
		const struct mdisplay_frame *frame = &context->frames[i];

		if (frame->fb && !frame->refused)
			released = min(released, frame->message.sequence - 1);
	}
	mdisplay_flip_release(connector, released);
}

static void mdisplay_count_result(struct mdisplay_stats *stats, const struct mdisplay_frame *frame,
				  u64 size)
{
	const struct miracast_display_frame_result *result = &frame->result;
	u64 round_trip = ktime_to_ns(ktime_sub(ktime_get(), frame->sent));

	stats->completed++;
	stats->round_trip_sum += round_trip;
	stats->round_trip_max = max(stats->round_trip_max, round_trip);

	if (size != sizeof(*result) || result->sequence != frame->message.sequence) {
		stats->bad_result++;
		return;
	}

	switch (result->outcome) {
	case MIRACAST_DISPLAY_FRAME_ENCODED:
		stats->encoded++;
		stats->encode_sum += result->encode_ns;
		break;
	case MIRACAST_DISPLAY_FRAME_DROPPED:
		stats->skipped_by_encoder++;
		break;
	case MIRACAST_DISPLAY_FRAME_NOT_STREAMING:
		stats->not_streaming++;
		break;
	default:
		stats->bad_result++;
	}
}

static void mdisplay_frame_done(void *callback_context, const struct miracast_io_status *io_status)
{
	struct mdisplay_frame *frame = callback_context;
	struct mdisplay_context *context = frame->context;
	struct mdisplay_connector *connector = context->connector;
	struct drm_framebuffer *fb;

	spin_lock(&connector->lock);
	mdisplay_count_callback(connector, io_status->status);
	if (NT_ERROR(io_status->status)) {
		connector->stats.failed++;
		context->damage_lost = true;
	} else {
		mdisplay_count_result(&connector->stats, frame, io_status->information);
	}
	context->in_flight--;
	fb = mdisplay_frame_free(frame);
	mdisplay_frame_settle(context);
	spin_unlock(&connector->lock);

	drm_framebuffer_put(fb);
	mdisplay_pump(connector);
}

/* Not heard, it counts as not said; unless a sink has come that was told nothing. */
static void mdisplay_power_untold(struct mdisplay_context *context)
{
	if (context->power_told != MDISPLAY_POWER_UNKNOWN)
		context->power_told = context->power_before;
}

static void mdisplay_power_done(void *callback_context, const struct miracast_io_status *io_status)
{
	struct mdisplay_context *context = callback_context;
	struct mdisplay_connector *connector = context->connector;

	spin_lock(&connector->lock);
	mdisplay_count_callback(connector, io_status->status);
	context->power_busy = false;
	if (NT_ERROR(io_status->status))
		mdisplay_power_untold(context);
	spin_unlock(&connector->lock);

	/* After an error the pump would at once send what has just failed. */
	if (!NT_ERROR(io_status->status))
		mdisplay_pump(connector);
}

static void mdisplay_gone_done(void *callback_context, const struct miracast_io_status *io_status)
{
	struct mdisplay_buffer *buffer = callback_context;
	struct mdisplay_context *context = buffer->context;
	struct mdisplay_connector *connector = context->connector;

	spin_lock(&connector->lock);
	mdisplay_count_callback(connector, io_status->status);
	context->gone_busy = false;
	spin_unlock(&connector->lock);

	kfree(buffer);
	mdisplay_pump(connector);
}

static void mdisplay_frame_fill_damage(struct mdisplay_frame *frame)
{
	struct miracast_display_frame *message = &frame->message;
	unsigned int i;

	message->nr_damage = frame->damage.full ? 0 : frame->damage.count;
	for (i = 0; i < message->nr_damage; i++) {
		message->damage[i].x1 = frame->damage.rects[i].x1;
		message->damage[i].y1 = frame->damage.rects[i].y1;
		message->damage[i].x2 = frame->damage.rects[i].x2;
		message->damage[i].y2 = frame->damage.rects[i].y2;
	}
}

static void mdisplay_count_send(struct mdisplay_connector *connector, ntstatus_t status)
{
	if (status == STATUS_PENDING)
		connector->stats.messages++;
	else
		connector->stats.refused++;
}

/*
 * The senders are called by the pump with the connector's lock held, drop it to
 * send and return with it held: false if the channel refused. An accepted
 * message may be over, and its memory used again, when they look up.
 */

static bool mdisplay_send_frame(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	struct mdisplay_connector *connector = context->connector;
	struct mdisplay_frame *frame = context->pending;
	struct mdisplay_framebuffer *framebuffer = to_mdisplay_framebuffer(frame->fb);
	struct drm_framebuffer *fb = NULL;
	ntstatus_t status;

	framebuffer->buffers[mdisplay_connector_index(connector)]->told = true;
	frame->damage.full |= context->damage_lost;
	context->damage_lost = false;
	mdisplay_frame_fill_damage(frame);
	frame->sent = ktime_get();
	frame->refused = false;
	context->pending = NULL;
	context->in_flight++;
	mdisplay_frame_settle(context);
	spin_unlock(&connector->lock);

	status = miracast_send_message(context->handle, sizeof(frame->message), &frame->message,
				       sizeof(frame->result), &frame->result, mdisplay_frame_done,
				       frame);

	spin_lock(&connector->lock);
	mdisplay_count_send(connector, status);
	if (status == STATUS_PENDING) {
		connector->stats.sent++;
		return true;
	}

	context->in_flight--;
	frame->refused = true;
	if (!context->live || !connector->picture.fb) {
		connector->stats.dropped++;
		fb = mdisplay_frame_free(frame);
	} else if (context->pending) {
		connector->stats.replaced++;
		mdisplay_damage_merge(&context->pending->damage, &frame->damage);
		fb = mdisplay_frame_free(frame);
	} else {
		context->pending = frame;
	}
	mdisplay_frame_settle(context);
	if (fb) {
		spin_unlock(&connector->lock);
		drm_framebuffer_put(fb);
		spin_lock(&connector->lock);
	}

	return false;
}

static enum mdisplay_power mdisplay_power_wanted(const struct mdisplay_connector *connector)
{
	return connector->powered ? MDISPLAY_POWER_ON : MDISPLAY_POWER_OFF;
}

/* To one that was told nothing yet, off is no news. */
static bool mdisplay_power_due(const struct mdisplay_context *context)
{
	enum mdisplay_power wanted = mdisplay_power_wanted(context->connector);

	if (!context->live || context->power_busy || context->power_told == wanted)
		return false;

	return wanted == MDISPLAY_POWER_ON || context->power_told == MDISPLAY_POWER_ON;
}

static bool mdisplay_send_power(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	struct mdisplay_connector *connector = context->connector;
	ntstatus_t status;

	context->power_before = context->power_told;
	context->power_told = mdisplay_power_wanted(connector);
	context->power_busy = true;
	context->power_message = (struct miracast_display_power){
		.header.code = MIRACAST_DISPLAY_MSG_POWER,
		.header.size = sizeof(context->power_message),
		.on = context->power_told == MDISPLAY_POWER_ON,
	};
	spin_unlock(&connector->lock);

	status = miracast_send_message(context->handle, sizeof(context->power_message),
				       &context->power_message, 0, NULL, mdisplay_power_done,
				       context);

	spin_lock(&connector->lock);
	mdisplay_count_send(connector, status);
	if (status == STATUS_PENDING)
		return true;

	context->power_busy = false;
	mdisplay_power_untold(context);

	return false;
}

static bool mdisplay_send_gone(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	struct mdisplay_connector *connector = context->connector;
	struct mdisplay_buffer *buffer;
	ntstatus_t status;

	buffer = list_first_entry(&context->gone, struct mdisplay_buffer, node);
	list_del(&buffer->node);
	context->gone_count--;
	context->gone_busy = true;
	spin_unlock(&connector->lock);

	status = miracast_send_message(context->handle, sizeof(buffer->message), &buffer->message,
				       0, NULL, mdisplay_gone_done, buffer);

	spin_lock(&connector->lock);
	mdisplay_count_send(connector, status);
	if (status == STATUS_PENDING)
		return true;

	context->gone_busy = false;
	list_add(&buffer->node, &context->gone);
	context->gone_count++;

	return false;
}

/**
 * mdisplay_pump() - send what is due
 * @connector: whose context has, perhaps, something to send
 *
 * Never waits for an answer. To be called without locks after any change.
 */
void mdisplay_pump(struct mdisplay_connector *connector)
{
	struct mdisplay_context *context;
	bool accepted = true;

	spin_lock(&connector->lock);
	context = connector->context;
	if (!context || context->pumping) {
		spin_unlock(&connector->lock);
		return;
	}
	context->pumping = true;
	mdisplay_context_get(context);

	while (accepted && connector->context == context) {
		if (mdisplay_power_due(context))
			accepted = mdisplay_send_power(context);
		else if (!list_empty(&context->gone) && !context->gone_busy)
			accepted = mdisplay_send_gone(context);
		else if (context->pending && context->in_flight < MDISPLAY_FRAMES_IN_FLIGHT)
			accepted = mdisplay_send_frame(context);
		else
			break;
	}

	context->pumping = false;
	if (!accepted && connector->context == context)
		schedule_delayed_work(&connector->retry, MDISPLAY_RETRY);
	spin_unlock(&connector->lock);
	mdisplay_context_put(context);
}

/*
 * Makes the connector's picture the context's pending frame. Returns its
 * number, or 0 if there is nobody to send it to.
 */
static u64 mdisplay_frame_queue(struct mdisplay_connector *connector,
				const struct mdisplay_damage *damage)
{
	struct drm_framebuffer *fb, *old = NULL;
	struct mdisplay_buffer *buffer = NULL;
	const struct mdisplay_picture *picture = &connector->picture;
	struct miracast_display_frame *message;
	struct mdisplay_context *context;
	struct mdisplay_frame *frame;
	u64 sequence = 0;

	spin_lock(&connector->lock);
	context = connector->context;
	fb = picture->fb;
	if (!fb || !context || !context->live) {
		connector->stats.skipped += !!fb;
		spin_unlock(&connector->lock);
		return 0;
	}
	mdisplay_context_get(context);
	drm_framebuffer_get(fb);
	spin_unlock(&connector->lock);

	if (mdisplay_buffer_name(context, fb))
		goto out_skip;

	spin_lock(&connector->lock);
	if (connector->context == context && context->live && picture->fb == fb)
		buffer = to_mdisplay_framebuffer(fb)->buffers[mdisplay_connector_index(connector)];
	if (!buffer) {
		spin_unlock(&connector->lock);
		goto out_skip;
	}

	frame = context->pending;
	if (frame) {
		connector->stats.replaced++;
		mdisplay_damage_merge(&frame->damage, damage);
		old = frame->fb;
	} else {
		frame = list_first_entry(&context->free, struct mdisplay_frame, node);
		list_del(&frame->node);
		frame->damage = *damage;
		context->pending = frame;
	}

	frame->fb = fb;
	frame->refused = false;
	fb = NULL;
	sequence = ++connector->sequence;

	message = &frame->message;
	memset(message, 0, sizeof(*message));
	message->header.code = MIRACAST_DISPLAY_MSG_FRAME;
	message->header.size = sizeof(*message);
	message->sequence = sequence;
	message->time_ns = ktime_get_ns();
	message->framebuffer_id = buffer->message.framebuffer_id;
	message->format = frame->fb->format->format;
	message->x = picture->x;
	message->y = picture->y;
	message->width = picture->width;
	message->height = picture->height;
	message->refresh = picture->refresh;
	mdisplay_frame_settle(context);
	spin_unlock(&connector->lock);

	if (old)
		drm_framebuffer_put(old);
	mdisplay_context_put(context);

	return sequence;

out_skip:
	spin_lock(&connector->lock);
	connector->stats.skipped++;
	context->damage_lost = true;
	spin_unlock(&connector->lock);
	drm_framebuffer_put(fb);
	mdisplay_context_put(context);

	return 0;
}

/**
 * mdisplay_frame_commit() - the compositor has committed a picture
 * @connector: where
 * @picture: the picture; the framebuffer's reference stays with the caller
 * @damage: what changed in it; if nothing did there is no frame
 *
 * Does not send yet: mdisplay_pump() does.
 *
 * Return: the newest frame that the flip has to wait for, or 0: none.
 */
u64 mdisplay_frame_commit(struct mdisplay_connector *connector,
			  const struct mdisplay_picture *picture,
			  const struct mdisplay_damage *damage)
{
	bool changed = damage->full || damage->count;
	struct drm_framebuffer *old;
	u64 before, sequence = 0;
	bool same;

	drm_framebuffer_get(picture->fb);

	spin_lock(&connector->lock);
	old = connector->picture.fb;
	connector->picture = *picture;
	connector->stats.committed += changed;
	before = connector->sequence;
	spin_unlock(&connector->lock);

	/* A first picture, too, may be one that the compositor goes on to draw into. */
	same = !old || old->obj[0] == picture->fb->obj[0];
	if (old)
		drm_framebuffer_put(old);

	if (changed)
		sequence = mdisplay_frame_queue(connector, damage);
	if (same)
		return sequence;

	return sequence ? sequence - 1 : before;
}

/**
 * mdisplay_frame_repeat() - send what is shown to a sink that does not know it
 * @connector: where a sink has arrived
 */
void mdisplay_frame_repeat(struct mdisplay_connector *connector)
{
	const struct mdisplay_damage damage = { .full = true };

	spin_lock(&connector->lock);
	connector->stats.repeated += !!connector->picture.fb;
	spin_unlock(&connector->lock);

	mdisplay_frame_queue(connector, &damage);
}

/**
 * mdisplay_frame_drop() - do not send the pending frame
 * @context: whose; its connector's lock is held
 *
 * Return: a framebuffer to be put when the lock has been dropped, or NULL.
 */
struct drm_framebuffer *mdisplay_frame_drop(struct mdisplay_context *context)
{
	struct mdisplay_frame *frame = context->pending;

	if (!frame)
		return NULL;

	context->connector->stats.dropped++;
	context->pending = NULL;

	return mdisplay_frame_free(frame);
}

/**
 * mdisplay_frame_blank() - the connector shows nothing any more
 * @connector: the connector
 */
void mdisplay_frame_blank(struct mdisplay_connector *connector)
{
	struct drm_framebuffer *shown, *pending = NULL;

	spin_lock(&connector->lock);
	shown = connector->picture.fb;
	connector->picture.fb = NULL;
	if (connector->context) {
		pending = mdisplay_frame_drop(connector->context);
		mdisplay_frame_settle(connector->context);
	}
	spin_unlock(&connector->lock);

	if (shown)
		drm_framebuffer_put(shown);
	if (pending)
		drm_framebuffer_put(pending);
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
	spin_unlock(&connector->lock);

	mdisplay_pump(connector);
}
