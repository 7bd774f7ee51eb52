// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's side of a message: it is delivered and completed, all by EXCHANGE.
 *
 * A race that was considered:
 *
 *  - EXCHANGE fails to write a record:   - the message is ended meanwhile:
 *      sees it WITH_DAEMON under the         it is not WITH_DAEMON any more, or
 *      lock and puts it back in front        lingers: undeliver() frees it, the
 *                                            daemon never knew its id
 */

#include <linux/bitops.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include "events.h"
#include "slots.h"

#define BATCH 16

/* Nobody was told of it: it goes back, or is over with its session. The caller sorts the queue. */
static void slot_put_back(struct miracast_context *context, struct miracast_slot *slot)
{
	lockdep_assert_held(&context->lock);
	if (miracast_session_is_over(context->state)) {
		miracast_slot_end(context, slot, STATUS_CANCELLED);
		return;
	}
	slot_move(context, slot, context->state == MIRACAST_STARTED ? SLOT_QUEUED : SLOT_HELD);
}

/*
 * The @records could not be written: nobody knows these ids, so they go back.
 * But a thread that guessed one may be completing it.
 */
static void undeliver(struct miracast_context *context, const struct miracast_message *records,
		      unsigned int n)
{
	struct miracast_slot *slot;

	spin_lock(&context->lock);
	while (n--) {
		slot = &context->slots[records[n].id & (MIRACAST_MAX_SLOTS - 1)];
		if (slot->id != records[n].id || !slot->daemon_holds ||
		    slot->state == SLOT_COMPLETING)
			continue;
		slot_let_go(context, slot);
		if (slot->state == SLOT_WITH_DAEMON) {
			context->counters.delivered--;
			slot_put_back(context, slot);
		} else if (slot->state == SLOT_LINGERING) {
			slot_move(context, slot, SLOT_FREE);
		}
	}
	miracast_sort_queue(context);
	wake_drain(context);
	spin_unlock(&context->lock);
	/* The wake-up that brought this thread here was for those messages. */
	miracast_wake(context);
	miracast_messages_run_ended(context);
}

/**
 * miracast_messages_undeliver() - take back the message in an argument that cannot be written
 * @context: the context
 * @arg: the ioctl's argument, after miracast_messages_exchange()
 */
void miracast_messages_undeliver(struct miracast_context *context,
				 const struct miracast_exchange *arg)
{
	if ((arg->flags & MIRACAST_EXCHANGE_MESSAGE) && arg->nr_messages)
		undeliver(context, &arg->message, 1);
}

/* RECOVER came while the inputs were copied: they are for the new daemon. */
static void take_back(struct miracast_context *context, struct miracast_slot **slots,
		      unsigned int n)
{
	struct miracast_slot *slot;

	lockdep_assert_held(&context->lock);
	while (n--) {
		slot = slots[n];
		slot->state = SLOT_WITH_DAEMON;
		if (slot->end_noted)
			miracast_slot_end(context, slot, slot->end_status);
		else
			slot_put_back(context, slot);
	}
	miracast_sort_queue(context);
}

/* Takes large messages off the queue and copies their inputs without the lock. */
static unsigned int take_large(struct miracast_context *context, struct miracast_message *records,
			       unsigned int room) __must_hold(&context->lock)
{
	struct miracast_slot *slots[BATCH] __uninitialized;
	u32 generation = context->generation;
	unsigned int n = 0, got = 0, i;
	struct miracast_slot *slot;

	while (n < room && !slots_empty(&context->queue)) {
		slot = slots_first(&context->queue);
		if (slot_input_is_small(slot))
			break;
		slot_move_from(context, slot, SLOT_QUEUED, SLOT_DELIVERING);
		slots[n++] = slot;
	}
	spin_unlock(&context->lock);
	for (i = 0; i < n; i++)
		slot_copy_input(context, slots[i]);
	spin_lock(&context->lock);
	if (unlikely(context->generation != generation)) {
		take_back(context, slots, n);
		return 0;
	}
	for (i = 0; i < n; i++) {
		slot = slots[i];
		slot->state = SLOT_WITH_DAEMON;
		if (unlikely(slot->end_noted))
			miracast_slot_end(context, slot, slot->end_status);
		else
			slot_hand_out(context, slot, &records[got++]);
	}
	slots_count_out(context, got);
	return got;
}

/* Takes small messages off the queue. */
static unsigned int take_small(struct miracast_context *context, struct miracast_message *records,
			       unsigned int room)
{
	struct miracast_slot *slot;
	unsigned int got = 0;

	lockdep_assert_held(&context->lock);
	while (got < room && !slots_empty(&context->queue)) {
		slot = slots_first(&context->queue);
		if (!slot_input_is_small(slot))
			break;
		slot_move_from(context, slot, SLOT_QUEUED, SLOT_WITH_DAEMON);
		slot_copy_input(context, slot);
		slot_hand_out(context, slot, &records[got++]);
	}
	slots_count_out(context, got);
	return got;
}

/* Up to BATCH of those in front that are alike: as many as @room if all are small. */
static unsigned int take(struct miracast_context *context, struct miracast_message *records,
			 unsigned int room) __must_hold(&context->lock)
{
	unsigned int got = take_small(context, records, room);

	if (got || slots_empty(&context->queue))
		return got;
	return take_large(context, records, room);
}

/**
 * struct delivery - where messages go
 * @first: for the first one, in the ioctl's argument; NULL: to the array, too
 * @messages: the array for the others
 * @size: bytes of one entry of it
 * @room: how many messages fit in all
 * @done: how many have been handed out
 */
struct delivery {
	struct miracast_message *first;
	void __user *messages;
	u32 size;
	u32 room;
	u32 done;
};

/* Where the next messages are to be written, and how many fit there. */
static struct miracast_message *next_records(const struct delivery *to,
					     struct miracast_message *records, unsigned int *room)
{
	if (!to->done && to->first) {
		*room = 1;
		return to->first;
	}
	*room = min_t(u32, BATCH, to->room - to->done);
	return records;
}

/* Tells user space of the @n messages in @records. */
static int put_records(struct miracast_context *context, struct delivery *to,
		       const struct miracast_message *records, unsigned int n)
{
	u32 index = to->done - !!to->first;

	if (records != to->first && miracast_records_put(to->messages + index * to->size, to->size,
							 records, sizeof(records[0]), n)) {
		undeliver(context, records, n);
		return to->done ? 0 : -EFAULT;
	}
	to->done += n;
	return 0;
}

/* Hands out what is there, as far as it fits. */
static int deliver(struct miracast_context *context, struct delivery *to) __releases(&context->lock)
{
	/* What is used of it is written first; to zero it would cost more than the rest. */
	struct miracast_message buffer[BATCH] __uninitialized, *records;
	u32 generation = context->generation;
	bool again, ended, recovered;
	unsigned int room, n;
	int error;

	for (;;) {
		n = 0;
		records = next_records(to, buffer, &room);
		if (context->state == MIRACAST_STARTED)
			n = take(context, records, room);
		ended = !list_empty(&context->ended);
		again = !slots_empty(&context->queue);
		recovered = context->generation != generation;
		spin_unlock(&context->lock);
		if (unlikely(ended))
			miracast_messages_run_ended(context);
		if (unlikely(recovered)) /* what was put back is for another thread */
			miracast_wake(context);
		if (!n)
			return 0;
		error = put_records(context, to, records, n);
		if (error || !again || recovered || to->done == to->room)
			return error;
		spin_lock(&context->lock);
	}
}

/* Takes one completion's slot out of the daemon's hands; under the lock. */
static __always_inline int claim(struct miracast_context *context,
				 const struct miracast_completion *completion,
				 struct miracast_slot **claimed)
{
	u32 index = completion->id & (MIRACAST_MAX_SLOTS - 1);
	struct miracast_slot *slot;

	lockdep_assert_held(&context->lock);
	*claimed = NULL;
	if (completion->reserved || completion->status == STATUS_PENDING)
		return -EINVAL;
	if (index >= context->nr_slots)
		return -ENOENT;
	slot = &context->slots[array_index_nospec(index, context->nr_slots)];
	if (slot->id != completion->id || !slot->daemon_holds || slot->state == SLOT_COMPLETING)
		return -ENOENT;
	if (slot->state == SLOT_WITH_DAEMON) {
		if (completion->information > slot->output_size)
			return -EMSGSIZE;
		slot_move_from(context, slot, SLOT_WITH_DAEMON, SLOT_COMPLETING);
		*claimed = slot;
		return 0;
	}
	/* ENDING or LINGERING: too late, but now the areas are ours again. */
	slot_let_go(context, slot);
	context->counters.stale++;
	if (slot->state == SLOT_LINGERING)
		slot_move(context, slot, SLOT_FREE);
	return 0;
}

static u64 bytes_written(const struct miracast_completion *completion)
{
	return NT_ERROR(completion->status) ? 0 : completion->information;
}

/* Gives a claimed message's output to its sender. */
static __always_inline void copy_output(struct miracast_context *context,
					struct miracast_slot *slot,
					const struct miracast_completion *completion)
{
	u64 information = bytes_written(completion);

	trace_miracast_complete(context, slot->id, completion->status, information);
	if (slot->output && information)
		memcpy(slot->output, context->arena + slot_output_offset(context, slot),
		       information);
}

/* Frees a completed message's slot; tells a sender that waits. @sender: who is still to be told. */
static __always_inline void finish(struct miracast_context *context, struct miracast_slot *slot,
				   const struct miracast_completion *completion,
				   struct miracast_sender *sender)
{
	lockdep_assert_held(&context->lock);
	*sender = slot->sender;
	slot->daemon_holds = false;
	slot_move_from(context, slot, SLOT_COMPLETING, SLOT_FREE);
	if (sender->callback == miracast_sync_callback) {
		miracast_tell_sync(context, sender, completion->id, completion->status,
				   bytes_written(completion));
		sender->callback = NULL;
		context->counters.callbacks++;
	}
}

/* One completion; counts in @arg. */
static int complete_one(struct miracast_context *context, struct miracast_exchange *arg,
			const struct miracast_completion *completion) __must_hold(&context->lock)
{
	struct miracast_caller caller;
	struct miracast_sender sender;
	struct miracast_slot *slot;
	int error;

	error = claim(context, completion, &slot);
	if (error)
		return error;
	arg->nr_completions++;
	if (!slot) {
		arg->nr_stale++;
		wake_drain(context);
		return 0;
	}
	if (likely(completion->information <= SLOT_SMALL)) {
		copy_output(context, slot, completion);
	} else {
		spin_unlock(&context->lock);
		copy_output(context, slot, completion);
		spin_lock(&context->lock);
	}
	finish(context, slot, completion, &sender);
	context->counters.completed++;
	if (sender.callback) {
		miracast_call_begins(context, &caller);
		spin_unlock(&context->lock);
		call_back(context, &sender, completion->id, completion->status,
			  bytes_written(completion));
		spin_lock(&context->lock);
		miracast_call_ends(context, &caller);
		context->counters.callbacks++;
	}
	context->nr_open--;
	context->nr_out--;
	wake_drain(context);
	return 0;
}

/**
 * struct batch - completions on their way
 * @completions: at most BATCH of them
 * @slots: of those that are large
 * @senders: whom to tell
 * @good: how many came before the first bad one
 * @claimed: how many of these had not come too late
 * @large: bit mask of those with a large output, which are not finished yet
 */
struct batch {
	const struct miracast_completion *completions;
	struct miracast_slot *slots[BATCH];
	struct miracast_sender senders[BATCH];
	unsigned int good;
	unsigned int claimed;
	unsigned long large;
};

/* Claims @n completions in order up to the first bad one; finishes those that are small. */
static int claim_batch(struct miracast_context *context, struct batch *batch, unsigned int n)
{
	const struct miracast_completion *completion = batch->completions;
	unsigned int i, claimed = 0;
	struct miracast_slot *slot;
	int error = 0;

	lockdep_assert_held(&context->lock);
	for (i = 0; i < n; i++, completion++) {
		error = claim(context, completion, &slot);
		if (error)
			break;
		if (!slot) {
			batch->senders[i].callback = NULL;
			continue;
		}
		claimed++;
		if (likely(completion->information <= SLOT_SMALL)) {
			copy_output(context, slot, completion);
			finish(context, slot, completion, &batch->senders[i]);
		} else {
			batch->slots[i] = slot;
			batch->large |= BIT(i);
		}
	}
	context->counters.completed += claimed;
	batch->claimed = claimed;
	batch->good = i;
	wake_drain(context);
	return error;
}

/* Up to BATCH completions, in order up to the first bad one; counts in @arg. */
static int complete_batch(struct miracast_context *context, struct miracast_exchange *arg,
			  const struct miracast_completion *completions, unsigned int n)
{
	struct miracast_caller caller;
	struct batch batch __uninitialized;
	unsigned int called = 0, i;
	int error;

	batch.completions = completions;
	batch.large = 0;
	spin_lock(&context->lock);
	error = claim_batch(context, &batch, n);
	miracast_call_begins(context, &caller);
	spin_unlock(&context->lock);

	if (batch.large) {
		for_each_set_bit(i, &batch.large, BATCH)
			copy_output(context, batch.slots[i], &completions[i]);
		spin_lock(&context->lock);
		for_each_set_bit(i, &batch.large, BATCH)
			finish(context, batch.slots[i], &completions[i], &batch.senders[i]);
		spin_unlock(&context->lock);
	}

	for (i = 0; i < batch.good; i++) {
		if (!batch.senders[i].callback)
			continue;
		called++;
		call_back(context, &batch.senders[i], completions[i].id, completions[i].status,
			  bytes_written(&completions[i]));
	}

	spin_lock(&context->lock);
	miracast_call_ends(context, &caller);
	context->counters.callbacks += called;
	context->nr_open -= batch.claimed;
	context->nr_out -= batch.claimed;
	wake_drain(context);
	spin_unlock(&context->lock);
	arg->nr_completions += batch.good;
	arg->nr_stale += batch.good - batch.claimed;
	return error;
}

/* Takes @nr completions of the array, in order up to the first bad one; counts in @arg. */
static int complete_messages(struct miracast_context *context, struct miracast_exchange *arg,
			     u32 nr)
{
	u32 size = arg->completion_size ?: MIRACAST_COMPLETION_SIZE_VER0;
	struct miracast_completion completions[BATCH] __uninitialized;
	void __user *from = u64_to_user_ptr(arg->completions);
	int error = 0, bad;
	unsigned int n;

	for (; nr && !error; nr -= n, from += n * size) {
		n = min_t(u32, BATCH, nr);
		error = miracast_records_get(completions, sizeof(completions[0]), from, size, &n);
		bad = complete_batch(context, arg, completions, n);
		error = bad ?: error;
	}
	return error;
}

static bool exchange_ready(struct miracast_context *context, u32 seq)
{
	lockdep_assert_held(&context->lock);
	return context->state_seq != seq || miracast_session_is_over(context->state) ||
	       (context->state == MIRACAST_STARTED && !slots_empty(&context->queue));
}

/* Sleeps until @waiter is taken off the list, a signal, or the end of @timeout (jiffies). */
static long sleep_for_message(struct miracast_context *context, struct miracast_waiter *waiter,
			      long timeout) __releases(&context->lock)
{
	hlist_add_head(&waiter->node, &context->waiters);
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock(&context->lock);

	timeout = signal_pending(current) ? -EINTR : schedule_timeout(timeout);
	__set_current_state(TASK_RUNNING);
	/* Pairs with the release in take_waiter(): who takes it off is done with it then. */
	if (!smp_load_acquire(&waiter->taken)) {
		spin_lock(&context->lock);
		if (!waiter->taken)
			hlist_del(&waiter->node);
		spin_unlock(&context->lock);
	}
	return timeout;
}

/*
 * Waits for a first message, a change of state, a signal or the end of @timeout (jiffies).
 * Returns what is left of that, or -EINTR; -EFAULT.
 */
static long wait_for_message(struct miracast_context *context, struct delivery *to, u32 seq,
			     long timeout) __releases(&context->lock)
{
	struct miracast_message record __uninitialized;
	int error = 0;

	do {
		struct miracast_waiter waiter = {
			.task = current,
			.record = to->first ?: &record,
		};

		if (!exchange_ready(context, seq)) {
			timeout = sleep_for_message(context, &waiter, timeout);
			if (waiter.handed) {
				error = put_records(context, to, waiter.record, 1);
				if (error || to->done == to->room || slots_empty(&context->queue))
					return error ?: timeout;
			}
			spin_lock(&context->lock);
		}
		error = deliver(context, to);
		if (error || to->done || timeout <= 0)
			return error ?: timeout;
		spin_lock(&context->lock);
	} while (context->state_seq == seq && !miracast_session_is_over(context->state));
	spin_unlock(&context->lock);
	return timeout;
}

static u32 pending_events(struct miracast_context *context)
{
	u32 events = 0;

	if (READ_ONCE(context->state) == MIRACAST_STARTED && !slots_empty(&context->queue))
		events |= MIRACAST_EVENT_MESSAGE;
	if (miracast_chunks_ready(context))
		events |= MIRACAST_EVENT_CHUNK;
	if (READ_ONCE(context->state_seq) != READ_ONCE(context->seen_seq))
		events |= MIRACAST_EVENT_STATE;
	return events;
}

static bool is_record_size(u32 size, u32 first_version)
{
	return !size || (size >= first_version && size <= MIRACAST_RECORD_SIZE_MAX);
}

static bool is_valid(const struct miracast_exchange *arg)
{
	return arg->nr_completions <= MIRACAST_EXCHANGE_MAX &&
	       arg->nr_messages <= MIRACAST_EXCHANGE_MAX &&
	       is_record_size(arg->completion_size, MIRACAST_COMPLETION_SIZE_VER0) &&
	       is_record_size(arg->message_size, MIRACAST_MESSAGE_SIZE_VER0) &&
	       !(arg->flags & ~MIRACAST_EXCHANGE_MESSAGE) && !arg->reserved;
}

/**
 * miracast_messages_exchange() - submit completions, fetch messages, wait if asked
 * @context: the context
 * @arg: the ioctl's argument; its outputs are set whatever is returned
 *
 * The usual call, of one small completion and one message in @arg, takes the lock once
 * before it sleeps, and not at all afterwards.
 *
 * Return: 0, or what was wrong with a completion or the arrays; -EINTR if a
 * signal came while nothing had been submitted or fetched.
 */
int miracast_messages_exchange(struct miracast_context *context, struct miracast_exchange *arg)
{
	bool valid = is_valid(arg), submitted = arg->completion.id || arg->nr_completions;
	struct delivery to = {
		.first = arg->flags & MIRACAST_EXCHANGE_MESSAGE ? &arg->message : NULL,
		.messages = u64_to_user_ptr(arg->messages),
		.size = arg->message_size ?: MIRACAST_MESSAGE_SIZE_VER0,
		.room = arg->nr_messages + !!(arg->flags & MIRACAST_EXCHANGE_MESSAGE),
	};
	u32 nr_completions = arg->nr_completions;
	long error = valid ? 0 : -EINVAL;
	u32 seq;

	arg->nr_completions = 0;
	arg->nr_messages = 0;
	arg->nr_stale = 0;
	spin_lock(&context->lock);
	seq = context->state_seq;
	if (!error && arg->completion.id)
		error = complete_one(context, arg, &arg->completion);
	if (!error && nr_completions) {
		spin_unlock(&context->lock);
		error = complete_messages(context, arg, nr_completions);
		spin_lock(&context->lock);
	}
	if (error || !to.room) {
		spin_unlock(&context->lock);
	} else if (!arg->timeout_ns) {
		error = deliver(context, &to);
	} else {
		error = wait_for_message(context, &to, seq,
					 miracast_timeout_jiffies(arg->timeout_ns));
		if (error > 0 || (error == -EINTR && (submitted || to.done)))
			error = 0;
	}
	arg->nr_messages = to.done;
	arg->state = READ_ONCE(context->state);
	arg->events = pending_events(context);
	return error;
}
