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

#include <linux/list_sort.h>
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
 * The records of @slots could not be written: nobody knows these ids, so they go back.
 * But a thread that guessed one may be completing it.
 */
static void undeliver(struct miracast_context *context, struct miracast_slot **slots,
		      const struct miracast_message *records, unsigned int n)
{
	struct miracast_slot *slot;

	spin_lock(&context->lock);
	while (n--) {
		slot = slots[n];
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
	list_sort(NULL, &context->queue, miracast_by_order);
	wake_drain(context);
	spin_unlock(&context->lock);
	/* The wake-up that brought this thread here was for those messages. */
	miracast_wake(context);
	miracast_messages_run_ended(context);
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
	list_sort(NULL, &context->queue, miracast_by_order);
}

/* Hands out up to @room messages, @size bytes each; returns how many or -EFAULT. */
static int deliver(struct miracast_context *context, void __user *messages, u32 size, u32 room)
{
	/* What is used of these is written first; to zero them would cost more than the rest. */
	struct miracast_message records[BATCH] __uninitialized;
	struct miracast_slot *slots[BATCH] __uninitialized;
	unsigned int done = 0, n, got, i;
	struct miracast_slot *slot;
	u32 generation;
	bool ended;

	do {
		n = 0;
		spin_lock(&context->lock);
		generation = context->generation;
		if (context->state == MIRACAST_STARTED) {
			while (n < min_t(u32, BATCH, room - done) && !list_empty(&context->queue)) {
				slot = list_first_entry(&context->queue, struct miracast_slot,
							node);
				slot_move(context, slot, SLOT_DELIVERING);
				slots[n++] = slot;
			}
		}
		spin_unlock(&context->lock);
		if (!n)
			break;

		for (i = 0; i < n; i++) {
			slot = slots[i];
			if (slot->input)
				memcpy(context->arena + slot_input_offset(context, slot),
				       slot->input, slot->input_size);
		}

		ended = false;
		got = 0;
		spin_lock(&context->lock);
		if (unlikely(context->generation != generation)) {
			take_back(context, slots, n);
			spin_unlock(&context->lock);
			miracast_wake(context);
			miracast_messages_run_ended(context);
			break;
		}
		for (i = 0; i < n; i++) {
			slot = slots[i];
			slot->state = SLOT_WITH_DAEMON;
			if (unlikely(slot->end_noted)) {
				miracast_slot_end(context, slot, slot->end_status);
				ended = true;
				continue;
			}
			slot->daemon_holds = true;
			context->nr_out++;
			context->counters.delivered++;
			slots[got] = slot;
			records[got++] = (struct miracast_message){
				.id = slot->id,
				.input_size = slot->input_size,
				.output_size = slot->output_size,
				.input_offset = slot_input_offset(context, slot),
				.output_offset = slot_output_offset(context, slot),
				.flags = slot->redelivered ? MIRACAST_MESSAGE_REDELIVERED : 0,
				.generation = context->generation,
			};
			trace_miracast_deliver(context, slot->id, records[got - 1].flags);
		}
		spin_unlock(&context->lock);
		if (unlikely(ended))
			miracast_messages_run_ended(context);

		if (miracast_records_put(messages + done * size, size, records, sizeof(records[0]),
					 got)) {
			undeliver(context, slots, records, got);
			return done ?: -EFAULT;
		}
		done += got;
	} while (done < room && !list_empty(&context->queue));
	return done;
}

/* Takes one completion's slot out of the daemon's hands; under the lock. */
static int claim(struct miracast_context *context, const struct miracast_completion *completion,
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
		slot_move(context, slot, SLOT_COMPLETING);
		context->counters.completed++;
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
static void copy_output(struct miracast_context *context, struct miracast_slot *slot,
			const struct miracast_completion *completion)
{
	u64 information = bytes_written(completion);

	trace_miracast_complete(context, slot->id, completion->status, information);
	if (slot->output && information)
		memcpy(slot->output, context->arena + slot_output_offset(context, slot),
		       information);
}

/* Up to BATCH completions, in order up to the first bad one; counts in @arg. */
static int complete_batch(struct miracast_context *context, struct miracast_exchange *arg,
			  const struct miracast_completion *completions, unsigned int n)
{
	struct miracast_slot *slots[BATCH] __uninitialized;
	struct miracast_sender senders[BATCH] __uninitialized;
	unsigned int good, claimed = 0, called = 0, i;
	int error = 0;

	spin_lock(&context->lock);
	for (good = 0; good < n; good++) {
		error = claim(context, &completions[good], &slots[good]);
		if (error)
			break;
		if (!slots[good])
			arg->nr_stale++;
	}
	wake_drain(context);
	spin_unlock(&context->lock);

	for (i = 0; i < good; i++)
		if (slots[i])
			copy_output(context, slots[i], &completions[i]);

	spin_lock(&context->lock);
	for (i = 0; i < good; i++) {
		senders[i].callback = NULL;
		if (!slots[i])
			continue;
		senders[i] = slots[i]->sender;
		slots[i]->daemon_holds = false;
		slot_move(context, slots[i], SLOT_FREE);
		claimed++;
		called += !!senders[i].callback;
		if (senders[i].callback == miracast_sync_callback) {
			miracast_tell_sync(context, &senders[i], completions[i].id,
					   completions[i].status, bytes_written(&completions[i]));
			senders[i].callback = NULL;
		}
	}
	spin_unlock(&context->lock);

	for (i = 0; i < good; i++)
		call_back(context, &senders[i], completions[i].id, completions[i].status,
			  bytes_written(&completions[i]));

	spin_lock(&context->lock);
	context->counters.callbacks += called;
	context->nr_open -= claimed;
	context->nr_out -= claimed;
	wake_drain(context);
	spin_unlock(&context->lock);
	arg->nr_completions += good;
	return error;
}

/* Takes completions in order up to the first bad one; counts in @arg. */
static int complete_messages(struct miracast_context *context, struct miracast_exchange *arg,
			     u32 nr)
{
	u32 size = arg->completion_size ?: MIRACAST_COMPLETION_SIZE_VER0;
	struct miracast_completion completions[BATCH] __uninitialized;
	void __user *from = u64_to_user_ptr(arg->completions);
	int error = 0, bad;
	unsigned int n;

	while (arg->nr_completions < nr && !error) {
		n = min_t(u32, BATCH, nr - arg->nr_completions);
		error = miracast_records_get(completions, sizeof(completions[0]),
					     from + arg->nr_completions * size, size, &n);
		bad = complete_batch(context, arg, completions, n);
		error = bad ?: error;
	}
	return error;
}

static bool exchange_ready(struct miracast_context *context, u32 seq)
{
	lockdep_assert_held(&context->lock);
	return context->state_seq != seq || miracast_session_is_over(context->state) ||
	       (context->state == MIRACAST_STARTED && !list_empty(&context->queue));
}

/*
 * Waits, once, for a message, a change of state, a signal or the end of @timeout
 * (jiffies). The caller looks what it was, and takes the message: others may sleep.
 */
static long wait_for_message(struct miracast_context *context, u32 seq, long timeout)
{
	struct miracast_waiter waiter = { .task = current };

	spin_lock(&context->lock);
	if (exchange_ready(context, seq)) {
		spin_unlock(&context->lock);
		return timeout;
	}
	list_add_tail(&waiter.node, &context->waiters);
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock(&context->lock);

	timeout = signal_pending(current) ? -EINTR : schedule_timeout(timeout);
	__set_current_state(TASK_RUNNING);
	/* Who takes it off is done with it then. */
	if (!list_empty_careful(&waiter.node)) {
		spin_lock(&context->lock);
		list_del_init(&waiter.node);
		spin_unlock(&context->lock);
	}
	return timeout;
}

static u32 pending_events(struct miracast_context *context)
{
	u32 events = 0;

	if (READ_ONCE(context->state) == MIRACAST_STARTED && !list_empty(&context->queue))
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

/**
 * miracast_messages_exchange() - submit completions, fetch messages, wait if asked
 * @context: the context
 * @arg: the ioctl's argument; its outputs are set whatever is returned
 *
 * Return: 0, or what was wrong with a completion or the arrays; -EINTR if a
 * signal came while nothing had been submitted or fetched.
 */
int miracast_messages_exchange(struct miracast_context *context, struct miracast_exchange *arg)
{
	u32 message_size = arg->message_size ?: MIRACAST_MESSAGE_SIZE_VER0;
	void __user *messages = u64_to_user_ptr(arg->messages);
	u32 nr_completions = arg->nr_completions;
	u32 room = arg->nr_messages;
	u32 seq = READ_ONCE(context->state_seq);
	int error = 0, got = 0;
	long left;

	arg->nr_completions = 0;
	arg->nr_messages = 0;
	arg->nr_stale = 0;
	if (nr_completions > MIRACAST_EXCHANGE_MAX || room > MIRACAST_EXCHANGE_MAX ||
	    !is_record_size(arg->completion_size, MIRACAST_COMPLETION_SIZE_VER0) ||
	    !is_record_size(arg->message_size, MIRACAST_MESSAGE_SIZE_VER0))
		error = -EINVAL;
	else if (nr_completions)
		error = complete_messages(context, arg, nr_completions);
	if (!error && room) {
		if (!list_empty(&context->queue))
			got = deliver(context, messages, message_size, room);
		if (!got && arg->timeout_ns) {
			left = miracast_timeout_jiffies(arg->timeout_ns);
			do {
				left = wait_for_message(context, seq, left);
				got = deliver(context, messages, message_size, room);
			} while (!got && left > 0 && READ_ONCE(context->state_seq) == seq &&
				 !miracast_session_is_over(READ_ONCE(context->state)));
			if (!got && left < 0 && !nr_completions)
				error = -EINTR;
		}
		if (got < 0)
			error = got;
		else
			arg->nr_messages = got;
	}
	arg->state = READ_ONCE(context->state);
	arg->events = pending_events(context);
	return error;
}
