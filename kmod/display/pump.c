// SPDX-License-Identifier: GPL-2.0
/*
 * The pump: makes messages of what was noted (frames, cursors, colours, power,
 * framebuffers that are gone, sound), and their callbacks. See display.h for what guards what.
 */
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
	mdisplay_note(connector);
	spin_unlock(&connector->lock);

	drm_framebuffer_put(fb);
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
	/* After an error the pump would at once send what has just failed. */
	if (NT_ERROR(io_status->status))
		mdisplay_power_untold(context);
	else
		mdisplay_note(connector);
	spin_unlock(&connector->lock);
}

static void mdisplay_gone_done(void *callback_context, const struct miracast_io_status *io_status)
{
	struct mdisplay_context *context = callback_context;
	struct mdisplay_connector *connector = context->connector;

	spin_lock(&connector->lock);
	mdisplay_count_callback(connector, io_status->status);
	context->gone_busy = false;
	mdisplay_note(connector);
	spin_unlock(&connector->lock);
}

static void mdisplay_cursor_message_done(void *callback_context,
					 const struct miracast_io_status *io_status)
{
	struct mdisplay_context *context = callback_context;
	struct mdisplay_connector *connector = context->connector;
	struct drm_framebuffer *fb;

	spin_lock(&connector->lock);
	mdisplay_count_callback(connector, io_status->status);
	fb = mdisplay_cursor_done(context, !NT_ERROR(io_status->status));
	/* What failed is told with the next news, and there may have been some meanwhile. */
	mdisplay_note(connector);
	spin_unlock(&connector->lock);

	if (fb)
		drm_framebuffer_put(fb);
}

static void mdisplay_color_message_done(void *callback_context,
					const struct miracast_io_status *io_status)
{
	struct mdisplay_context *context = callback_context;
	struct mdisplay_connector *connector = context->connector;

	spin_lock(&connector->lock);
	mdisplay_count_callback(connector, io_status->status);
	mdisplay_color_done(context, !NT_ERROR(io_status->status));
	/* Frames have waited for it, and come now even if it failed. */
	mdisplay_note(connector);
	spin_unlock(&connector->lock);
}

static void mdisplay_sound_message_done(void *callback_context,
					const struct miracast_io_status *io_status)
{
	struct mdisplay_context *context = callback_context;
	struct mdisplay_connector *connector = context->connector;

	spin_lock(&connector->lock);
	mdisplay_count_callback(connector, io_status->status);
	if (mdisplay_sound_done(context, !NT_ERROR(io_status->status)))
		mdisplay_note(connector);
	spin_unlock(&connector->lock);
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
 * send and return with it held. An accepted message may be over, and its memory used
 * again, when they look up.
 */
enum mdisplay_sent {
	MDISPLAY_NONE_DUE,
	MDISPLAY_ACCEPTED,
	MDISPLAY_REFUSED,
};

static bool mdisplay_frame_due(const struct mdisplay_context *context)
{
	return context->pending && !context->connector->committing && !context->color_busy &&
	       context->in_flight < MDISPLAY_FRAMES_IN_FLIGHT;
}

static enum mdisplay_sent mdisplay_send_frame(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	struct mdisplay_connector *connector = context->connector;
	struct mdisplay_frame *frame = context->pending;
	struct mdisplay_framebuffer *framebuffer;
	struct drm_framebuffer *fb = NULL;
	ntstatus_t status;

	if (!mdisplay_frame_due(context))
		return MDISPLAY_NONE_DUE;

	framebuffer = to_mdisplay_framebuffer(frame->fb);
	framebuffer->told[mdisplay_connector_index(connector)] = context->number;
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
		return MDISPLAY_ACCEPTED;
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

	return MDISPLAY_REFUSED;
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

static enum mdisplay_sent mdisplay_send_power(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	struct mdisplay_connector *connector = context->connector;
	ntstatus_t status;

	if (!mdisplay_power_due(context))
		return MDISPLAY_NONE_DUE;

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
		return MDISPLAY_ACCEPTED;

	context->power_busy = false;
	mdisplay_power_untold(context);

	return MDISPLAY_REFUSED;
}

static enum mdisplay_sent mdisplay_send_gone(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	struct mdisplay_connector *connector = context->connector;
	ntstatus_t status;

	if (!context->gone_count || context->gone_busy)
		return MDISPLAY_NONE_DUE;

	context->gone_message = (struct miracast_display_framebuffer){
		.header.code = MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE,
		.header.size = sizeof(context->gone_message),
		.framebuffer_id = context->gone[context->gone_first],
	};
	context->gone_busy = true;
	spin_unlock(&connector->lock);

	status = miracast_send_message(context->handle, sizeof(context->gone_message),
				       &context->gone_message, 0, NULL, mdisplay_gone_done,
				       context);

	spin_lock(&connector->lock);
	mdisplay_count_send(connector, status);
	if (status == STATUS_PENDING) {
		context->gone_first = (context->gone_first + 1) % MDISPLAY_MAX_GONE;
		context->gone_count--;
		return MDISPLAY_ACCEPTED;
	}
	context->gone_busy = false;

	return MDISPLAY_REFUSED;
}

static enum mdisplay_sent mdisplay_send_cursor(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	const struct miracast_display_cursor *message = mdisplay_cursor_take(context);
	struct mdisplay_connector *connector = context->connector;
	struct drm_framebuffer *fb;
	ntstatus_t status;

	if (!message)
		return MDISPLAY_NONE_DUE;
	spin_unlock(&connector->lock);

	status = miracast_send_message(context->handle, sizeof(*message), message, 0, NULL,
				       mdisplay_cursor_message_done, context);

	spin_lock(&connector->lock);
	mdisplay_count_send(connector, status);
	if (status == STATUS_PENDING) {
		connector->stats.cursors_sent++;
		return MDISPLAY_ACCEPTED;
	}
	fb = mdisplay_cursor_done(context, false);
	context->cursor_due = true;
	if (fb) {
		spin_unlock(&connector->lock);
		drm_framebuffer_put(fb);
		spin_lock(&connector->lock);
	}

	return MDISPLAY_REFUSED;
}

static enum mdisplay_sent mdisplay_send_color(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	const struct miracast_display_color *message = mdisplay_color_take(context);
	struct mdisplay_connector *connector = context->connector;
	ntstatus_t status;

	if (!message)
		return MDISPLAY_NONE_DUE;
	spin_unlock(&connector->lock);

	status = miracast_send_message(context->handle, sizeof(*message), message, 0, NULL,
				       mdisplay_color_message_done, context);

	spin_lock(&connector->lock);
	mdisplay_count_send(connector, status);
	if (status == STATUS_PENDING) {
		connector->stats.colors_sent++;
		return MDISPLAY_ACCEPTED;
	}
	mdisplay_color_done(context, false);
	context->color_due = true;

	return MDISPLAY_REFUSED;
}

static enum mdisplay_sent mdisplay_send_sound(struct mdisplay_context *context)
	__must_hold(&context->connector->lock)
{
	const struct miracast_display_header *message = mdisplay_sound_take(context);
	struct mdisplay_connector *connector = context->connector;
	ntstatus_t status;

	if (!message)
		return MDISPLAY_NONE_DUE;
	spin_unlock(&connector->lock);

	status = miracast_send_message(context->handle, message->size, message, 0, NULL,
				       mdisplay_sound_message_done, context);

	spin_lock(&connector->lock);
	mdisplay_count_send(connector, status);
	if (status == STATUS_PENDING)
		return MDISPLAY_ACCEPTED;
	mdisplay_sound_give_back(context);

	return MDISPLAY_REFUSED;
}

/* Of what is due the first is sent: colours before the frame that is to be in them. */
static enum mdisplay_sent (*const mdisplay_senders[])(struct mdisplay_context *context) = {
	mdisplay_send_power,  mdisplay_send_gone,  mdisplay_send_color,
	mdisplay_send_cursor, mdisplay_send_frame, mdisplay_send_sound,
};

static enum mdisplay_sent mdisplay_send(struct mdisplay_context *context)
{
	enum mdisplay_sent sent = MDISPLAY_NONE_DUE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mdisplay_senders) && sent == MDISPLAY_NONE_DUE; i++)
		sent = mdisplay_senders[i](context);

	return sent;
}

/* Sends what is due, and never waits for an answer. */
static void mdisplay_pump(struct work_struct *work)
{
	struct mdisplay_connector *connector =
		container_of(work, struct mdisplay_connector, pump.work);
	enum mdisplay_sent sent = MDISPLAY_ACCEPTED;

	spin_lock(&connector->lock);
	while (connector->context && sent == MDISPLAY_ACCEPTED)
		sent = mdisplay_send(connector->context);
	if (connector->context && sent == MDISPLAY_REFUSED)
		queue_delayed_work(mdisplay_wq, &connector->pump, MDISPLAY_RETRY);
	spin_unlock(&connector->lock);
}

/**
 * mdisplay_pump_init() - make a connector's pump
 * @connector: the connector
 */
void mdisplay_pump_init(struct mdisplay_connector *connector)
{
	INIT_DELAYED_WORK(&connector->pump, mdisplay_pump);
}
