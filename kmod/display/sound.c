// SPDX-License-Identifier: GPL-2.0
/*
 * What applications play, on its way from a sound card (card.c) to the pump: see
 * display.h. The card's side runs in any context and never waits.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>

#include "display.h"

static struct miracast_display_sound_data *
mdisplay_piece_message(struct mdisplay_sound_piece *piece)
{
	return (struct miracast_display_sound_data *)piece->message;
}

/**
 * mdisplay_sound_init() - nobody plays, and nobody listens
 * @sound: zeroed
 */
void mdisplay_sound_init(struct mdisplay_sound *sound)
{
	spin_lock_init(&sound->lock);
}

/* The number of what is played from now on; 0 is none. */
static void mdisplay_sound_next_stream(struct mdisplay_sound *sound)
{
	if (!++sound->stream)
		sound->stream = 1;
	sound->begins = true;
}

/* As mdisplay_note(), which wants a lock that the card must not take. */
static void mdisplay_sound_note(struct mdisplay_sound_queue *queue)
{
	mod_delayed_work(mdisplay_wq, &queue->context->connector->pump, 0);
}

/* The piece that is being filled gets no longer. */
static void mdisplay_sound_finish(struct mdisplay_sound_queue *queue)
{
	struct mdisplay_sound_piece *piece = queue->filling;
	struct miracast_display_sound_data *message = mdisplay_piece_message(piece);

	message->header.size = sizeof(*message) + message->frames * MDISPLAY_SOUND_FRAME;
	list_add_tail(&piece->node, &queue->ready);
	queue->filling = NULL;
	mdisplay_sound_note(queue);
}

/**
 * mdisplay_sound_begin() - an application begins to play
 * @sound: where
 * @rate: frames a second
 * @base: when its first frame has its turn
 */
void mdisplay_sound_begin(struct mdisplay_sound *sound, u32 rate, ktime_t base)
{
	unsigned long flags;

	spin_lock_irqsave(&sound->lock, flags);
	mdisplay_sound_next_stream(sound);
	sound->rate = rate;
	sound->base = base;
	if (sound->queue)
		mdisplay_sound_note(sound->queue);
	spin_unlock_irqrestore(&sound->lock, flags);
}

/* A free piece, for what comes at @position; NULL: none is free. */
static struct mdisplay_sound_piece *mdisplay_sound_new_piece(struct mdisplay_sound *sound,
							     u64 position)
{
	struct mdisplay_sound_piece *piece =
		list_first_entry_or_null(&sound->queue->free, struct mdisplay_sound_piece, node);

	if (!piece)
		return NULL;

	list_del(&piece->node);
	piece->rate = sound->rate;
	*mdisplay_piece_message(piece) = (struct miracast_display_sound_data){
		.header.code = MIRACAST_DISPLAY_MSG_SOUND_DATA,
		.stream = sound->stream,
		.position = position - sound->origin,
		.time_ns = ktime_to_ns(sound->base) +
			   mul_u64_u32_div(position, NSEC_PER_SEC, sound->rate),
	};

	return piece;
}

/**
 * mdisplay_sound_write() - frames have been played
 * @sound: where
 * @position: the first one's number since mdisplay_sound_begin()
 * @samples: the frames
 * @frames: how many
 */
void mdisplay_sound_write(struct mdisplay_sound *sound, u64 position, const u8 *samples, u32 frames)
{
	struct miracast_display_sound_data *message;
	struct mdisplay_sound_queue *queue;
	unsigned long flags;
	u32 part, room;

	spin_lock_irqsave(&sound->lock, flags);
	queue = sound->queue;
	sound->stats.played += frames;
	if (!queue)
		sound->stats.unheard += frames;
	if (sound->begins)
		sound->origin = position;
	sound->begins = false;

	while (queue && frames) {
		if (!queue->filling)
			queue->filling = mdisplay_sound_new_piece(sound, position);
		if (!queue->filling) {
			sound->stats.dropped += frames;
			break;
		}

		/* Ends fall together with the card's ticks. */
		div_u64_rem(position, MIRACAST_DISPLAY_MAX_SOUND_FRAMES, &part);
		room = MIRACAST_DISPLAY_MAX_SOUND_FRAMES - part;
		part = min(frames, room);
		message = mdisplay_piece_message(queue->filling);
		memcpy(message->samples + message->frames * MDISPLAY_SOUND_FRAME, samples,
		       part * MDISPLAY_SOUND_FRAME);
		message->frames += part;
		if (part == room)
			mdisplay_sound_finish(queue);
		samples += part * MDISPLAY_SOUND_FRAME;
		position += part;
		frames -= part;
	}
	spin_unlock_irqrestore(&sound->lock, flags);
}

/**
 * mdisplay_sound_end() - the application does not play any more
 * @sound: where
 */
void mdisplay_sound_end(struct mdisplay_sound *sound)
{
	unsigned long flags;

	spin_lock_irqsave(&sound->lock, flags);
	sound->rate = 0;
	if (sound->queue) {
		if (sound->queue->filling)
			mdisplay_sound_finish(sound->queue);
		mdisplay_sound_note(sound->queue);
	}
	spin_unlock_irqrestore(&sound->lock, flags);
}

/**
 * mdisplay_sound_attach() - a session wants to have what is played
 * @context: the session's
 *
 * What is being played begins anew for it.
 *
 * Return: STATUS_SUCCESS; STATUS_NO_MEMORY.
 */
ntstatus_t mdisplay_sound_attach(struct mdisplay_context *context)
{
	struct mdisplay_sound *sound = context->connector->sound;
	struct mdisplay_sound_queue *queue = context->sound;
	unsigned int i;

	if (!queue) {
		queue = kvzalloc(sizeof(*queue), GFP_KERNEL);
		if (!queue)
			return STATUS_NO_MEMORY;
		queue->context = context;
		INIT_LIST_HEAD(&queue->free);
		INIT_LIST_HEAD(&queue->ready);
		for (i = 0; i < ARRAY_SIZE(queue->pieces); i++)
			list_add(&queue->pieces[i].node, &queue->free);
		context->sound = queue;
	}

	spin_lock_irq(&sound->lock);
	list_splice_init(&queue->ready, &queue->free);
	if (queue->filling)
		list_add(&queue->filling->node, &queue->free);
	queue->filling = NULL;
	queue->told = 0;
	queue->attached++;
	mdisplay_sound_next_stream(sound);
	sound->queue = queue;
	mdisplay_sound_note(queue);
	spin_unlock_irq(&sound->lock);

	return STATUS_SUCCESS;
}

/**
 * mdisplay_sound_detach() - the session does not want it any more, if it did
 * @context: the session's
 */
void mdisplay_sound_detach(struct mdisplay_context *context)
{
	struct mdisplay_sound *sound = context->connector->sound;

	if (!sound)
		return;

	spin_lock_irq(&sound->lock);
	sound->queue = NULL;
	spin_unlock_irq(&sound->lock);
}

/* The stream that the session should know of now, and its rate; 0: none. */
static u32 mdisplay_sound_current(const struct mdisplay_sound *sound, u32 *rate)
{
	struct mdisplay_sound_piece *piece =
		list_first_entry_or_null(&sound->queue->ready, struct mdisplay_sound_piece, node);

	if (piece) {
		*rate = piece->rate;
		return mdisplay_piece_message(piece)->stream;
	}
	*rate = sound->rate;

	return sound->rate ? sound->stream : 0;
}

static const struct miracast_display_header *
mdisplay_sound_take_start(struct mdisplay_sound_queue *queue, u32 stream, u32 rate)
{
	queue->start_message = (struct miracast_display_sound_start){
		.header.code = MIRACAST_DISPLAY_MSG_SOUND_START,
		.header.size = sizeof(queue->start_message),
		.stream = stream,
		.rate = rate,
		.channels = MDISPLAY_SOUND_CHANNELS,
		.format = MIRACAST_DISPLAY_SOUND_S16LE,
	};
	queue->told = stream;

	return &queue->start_message.header;
}

static const struct miracast_display_header *
mdisplay_sound_take_stop(struct mdisplay_sound_queue *queue)
{
	queue->stop_message = (struct miracast_display_sound_stop){
		.header.code = MIRACAST_DISPLAY_MSG_SOUND_STOP,
		.header.size = sizeof(queue->stop_message),
		.stream = queue->told,
	};
	queue->told = 0;

	return &queue->stop_message.header;
}

static const struct miracast_display_header *
mdisplay_sound_take_data(struct mdisplay_sound_queue *queue)
{
	queue->out = list_first_entry_or_null(&queue->ready, struct mdisplay_sound_piece, node);
	if (!queue->out)
		return NULL;
	list_del(&queue->out->node);

	return &mdisplay_piece_message(queue->out)->header;
}

/**
 * mdisplay_sound_take() - the message that is to be sent next
 * @context: the session's; its connector's lock is held
 *
 * Return: the message, which is out until mdisplay_sound_give_back() or
 * mdisplay_sound_done(); NULL: none is due.
 */
const struct miracast_display_header *mdisplay_sound_take(struct mdisplay_context *context)
{
	struct mdisplay_sound *sound = context->connector->sound;
	const struct miracast_display_header *message = NULL;
	struct mdisplay_sound_queue *queue;
	u32 wanted, rate;

	if (!sound)
		return NULL;

	spin_lock_irq(&sound->lock);
	queue = sound->queue;
	if (queue && !queue->busy) {
		wanted = mdisplay_sound_current(sound, &rate);
		queue->told_before = queue->told;
		queue->attached_before = queue->attached;
		if (queue->told && queue->told != wanted)
			message = mdisplay_sound_take_stop(queue);
		else if (queue->told != wanted)
			message = mdisplay_sound_take_start(queue, wanted, rate);
		else
			message = mdisplay_sound_take_data(queue);
		queue->busy = message;
	}
	spin_unlock_irq(&sound->lock);

	return message;
}

/* What was not heard counts as not said, unless there is another listener since. */
static void mdisplay_sound_untold(struct mdisplay_sound_queue *queue)
{
	if (queue->attached == queue->attached_before)
		queue->told = queue->told_before;
}

/**
 * mdisplay_sound_give_back() - the channel has refused the message
 * @context: the session's; its connector's lock is held
 */
void mdisplay_sound_give_back(struct mdisplay_context *context)
{
	struct mdisplay_sound *sound = context->connector->sound;
	struct mdisplay_sound_queue *queue = context->sound;

	spin_lock_irq(&sound->lock);
	if (queue->out && queue->attached == queue->attached_before)
		list_add(&queue->out->node, &queue->ready);
	else if (queue->out)
		list_add(&queue->out->node, &queue->free);
	queue->out = NULL;
	mdisplay_sound_untold(queue);
	queue->busy = false;
	spin_unlock_irq(&sound->lock);
}

/**
 * mdisplay_sound_done() - the message has ended
 * @context: the session's; its connector's lock is held
 * @handled: with success
 *
 * Return: whether the pump is to look. A START or a STOP that has failed would at once be
 * sent again; what is played next will do.
 */
bool mdisplay_sound_done(struct mdisplay_context *context, bool handled)
{
	struct mdisplay_sound *sound = context->connector->sound;
	struct mdisplay_sound_queue *queue = context->sound;
	bool look;

	spin_lock_irq(&sound->lock);
	look = handled || queue->out;
	if (queue->out) {
		u32 frames = mdisplay_piece_message(queue->out)->frames;

		if (handled)
			sound->stats.handled += frames;
		else
			sound->stats.failed += frames;
		list_add(&queue->out->node, &queue->free);
	} else if (!handled) {
		mdisplay_sound_untold(queue);
	}
	queue->out = NULL;
	queue->busy = false;
	spin_unlock_irq(&sound->lock);

	return look;
}
