// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's side of a message: it is sent, and a sender that waits is told.
 *
 * Races that were considered:
 *
 *  - send to a stopping session:         - STOP_BEGIN empties the queue:
 *      state and queue change under one lock: either send sees STOP_PENDING and
 *      ends the message itself, or STOP_BEGIN finds it on the queue
 *  - send queues a message:             - poll looks at the queue:
 *      under the lock, where it also         after it was put on context->wait, and
 *      sees whether somebody polls           under the lock: one sees the other
 *  - send hands a message to a thread:   - its wait ends by a signal or in time:
 *      takes it off the list under           if it is off the list it looks at
 *      the lock                              what it got; else it takes itself off
 *                                            under the lock, and gets nothing
 *  - send replaces a queued message:    - EXCHANGE takes that message:
 *      under the lock: either it is          it is not queued any more, and the new
 *      queued still, and is ended            one goes to the end of the queue
 *  - send looks the handle up:           - destroy erases the handle, marks the
 *      and takes a slot under RCU            context, waits for RCU: after that
 *                                            nobody adds a message
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include "events.h"
#include "netlink.h"
#include "slots.h"

/* Of a message, beside the adapter's own. */
#define NO_LIMIT msecs_to_jiffies(MIRACAST_MAX_TIMEOUT_MS)

/**
 * struct message - a message on its way to a slot
 * @input: the sender's input
 * @output: the sender's output
 * @sender: whom to tell
 * @input_size: bytes
 * @output_size: bytes
 * @limit: jiffies that it may take, if the adapter does not say less
 * @line: whose last message it replaces, or NULL
 * @id: set by send()
 */
struct message {
	const void *input;
	void *output;
	struct miracast_sender sender;
	u32 input_size;
	u32 output_size;
	u32 limit;
	struct miracast_line *line;
	u64 id;
};

static ntstatus_t check_buffers(const struct miracast_context *context,
				const struct message *message)
{
	u32 max_message = context->adapter->desc.max_message;

	if ((!message->input && message->input_size) || (!message->output && message->output_size))
		return STATUS_INVALID_PARAMETER;
	if (message->input_size > max_message || message->output_size > max_message)
		return STATUS_INVALID_BUFFER_SIZE;
	return STATUS_SUCCESS;
}

/*
 * The adapter's limit is the same for all, so a new message expires before the others
 * only by a limit of its own.
 */
static void arm_timer(struct miracast_context *context, const struct miracast_slot *slot)
{
	u32 left;

	lockdep_assert_held(&context->lock);
	if (likely(context->timer_armed &&
		   (s32)(context->timer_expires - slot->sent - slot->limit) <= 0))
		return;
	left = min(adapter_limit(context), slot->limit);
	context->timer_armed = true;
	context->timer_expires = slot->sent + left;
	mod_delayed_work(miracast_wq, &context->timeout_work, left);
}

/*
 * To a thread that waits, if there is one and nothing is before this message; else in the
 * queue. Returns a thread to be woken, or NULL.
 */
static struct task_struct *queue_or_hand_out(struct miracast_context *context,
					     struct miracast_slot *slot)
{
	struct miracast_waiter *waiter = first_waiter(&context->waiters);

	lockdep_assert_held(&context->lock);
	if (!waiter) {
		slot_move_from(context, slot, SLOT_SENDING, SLOT_QUEUED);
		return NULL;
	}
	if (slots_empty(&context->queue) && slot_input_is_small(slot)) {
		slot_move_from(context, slot, SLOT_SENDING, SLOT_WITH_DAEMON);
		slot_copy_input(context, slot);
		slot_hand_out(context, slot, waiter->record);
		slots_count_out(context, 1);
		waiter->handed = true;
	} else {
		slot_move_from(context, slot, SLOT_SENDING, SLOT_QUEUED);
	}
	return take_waiter(context, waiter);
}

/*
 * The new message takes the place of the last one of its line, if that waits still. Whoever
 * would have been woken for the old one has been. Returns whether there was one; the line is
 * the new message's in any case.
 */
static bool replace(struct miracast_context *context, struct miracast_slot *slot,
		    struct miracast_line *line)
{
	u32 index = line->id & (MIRACAST_MAX_SLOTS - 1);
	bool replaced = false;
	struct miracast_slot *old;

	lockdep_assert_held(&context->lock);
	/* A line of an earlier context has nothing in this one. */
	if (line->token == context->token) {
		old = &context->slots[index];
		replaced = old->id == line->id &&
			   (old->state == SLOT_HELD || old->state == SLOT_QUEUED);
	}
	if (replaced) {
		slot_take_place(context, slot, old);
		miracast_slot_end(context, old, STATUS_REQUEST_CANCELED);
		/* Its callback may send to the line again, and again be replaced. */
		queue_work(miracast_wq, &context->ended_work);
	}
	line->token = context->token;
	line->id = slot->id;
	return replaced;
}

/* Under RCU: the context may be on its way out but is still there. */
static __always_inline ntstatus_t send(struct miracast_context *context, struct message *message)
{
	ntstatus_t status = check_buffers(context, message);
	struct task_struct *task = NULL;
	struct miracast_slot *slot;
	bool first, poller = false;

	spin_lock(&context->lock);
	if (unlikely(status != STATUS_SUCCESS)) {
		context->counters.refused++;
		spin_unlock(&context->lock);
		return status;
	}
	if (unlikely(context->state == MIRACAST_DESTROYED)) {
		spin_unlock(&context->lock);
		return STATUS_DEVICE_NOT_CONNECTED;
	}
	if (unlikely(!context->free)) {
		context->counters.overflowed++;
		first = !context->overflowing;
		context->overflowing = true;
		spin_unlock(&context->lock);
		if (first)
			miracast_nl_context_event(MIRACAST_NL_EVENT_OVERFLOW, context, 1);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	slot = context->free;
	slot_move_from(context, slot, SLOT_FREE, SLOT_SENDING);
	slot->order = ++context->sequence;
	slot_set_id(slot, slot->order);
	slot->input = message->input;
	slot->output = message->output;
	slot->sender = message->sender;
	slot->input_size = message->input_size;
	slot->output_size = message->output_size;
	slot->end_noted = false;
	slot->redelivered = false;

	if (!message->sender.callback) {
		/* Nobody will say when the buffer is free, so it has to be on return. */
		slot->input = NULL;
		slot->output = NULL;
		spin_unlock(&context->lock);
		memcpy(context->arena + slot->input_offset, message->input, message->input_size);
		spin_lock(&context->lock);
		if (context->state == MIRACAST_DESTROYED) {
			slot_move_from(context, slot, SLOT_SENDING, SLOT_FREE);
			spin_unlock(&context->lock);
			return STATUS_DEVICE_NOT_CONNECTED;
		}
	}

	message->id = slot->id;
	slot->sent = jiffies;
	slot->limit = message->limit;
	context->nr_open++;
	context->counters.sent++;
	context->overflowing = false;
	if (message->line && replace(context, slot, message->line)) {
		/* It waits where the other one did. */
	} else if (likely(context->state == MIRACAST_STARTED)) {
		task = queue_or_hand_out(context, slot);
		/* No barrier: poll looks at the queue under the lock. */
		poller = !task && waitqueue_active(&context->wait);
	} else {
		slot_move_from(context, slot, SLOT_SENDING, SLOT_HELD);
		if (miracast_session_is_over(context->state)) {
			miracast_slot_end(context, slot, STATUS_CANCELLED);
			queue_work(miracast_wq, &context->ended_work);
		}
	}
	arm_timer(context, slot);
	spin_unlock(&context->lock);

	if (task)
		wake_up_process(task);
	if (unlikely(poller))
		wake_up_interruptible_poll(&context->wait, EPOLLIN | EPOLLRDNORM);
	return STATUS_PENDING;
}

/*
 * Callbacks and waiters need process context. A kernel that does not count preemption
 * cannot tell that a spinlock is held; an interrupt is seen by all.
 */
static bool may_sleep(void)
{
	return !preempt_count() && !irqs_disabled();
}

/* Inline, so that what the caller was given goes to the slot from where it is. */
static __always_inline ntstatus_t send_message(struct miracast_handle handle,
					       struct message *message, void *caller)
{
	struct miracast_context *context;
	ntstatus_t status;

	might_sleep();
	if (unlikely(!may_sleep())) {
		pr_warn_once("%ps sent where it may not sleep: use a work\n", caller);
		return STATUS_INVALID_DEVICE_STATE;
	}
	rcu_read_lock();
	context = miracast_context_lookup(handle);
	if (!context)
		status = STATUS_DEVICE_NOT_CONNECTED;
	else
		status = send(context, message);
	rcu_read_unlock();

	trace_miracast_send(handle.token, message->id, message->input_size, message->output_size,
			    message->sender.callback, status);
	return status;
}

ntstatus_t miracast_send_message(struct miracast_handle handle, u32 input_size, const void *input,
				 u32 output_size, void *output,
				 miracast_message_callback_t callback, void *callback_context)
{
	struct message message = {
		.input = input,
		.output = output,
		.sender = { callback, callback_context },
		.input_size = input_size,
		.output_size = output_size,
		.limit = NO_LIMIT,
	};

	return send_message(handle, &message, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(miracast_send_message);

ntstatus_t miracast_send_message_latest(struct miracast_handle handle, struct miracast_line *line,
					u32 input_size, const void *input, u32 output_size,
					void *output, miracast_message_callback_t callback,
					void *callback_context)
{
	struct message message = {
		.input = input,
		.output = output,
		.sender = { callback, callback_context },
		.input_size = input_size,
		.output_size = output_size,
		.limit = NO_LIMIT,
		.line = line,
	};

	return send_message(handle, &message, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(miracast_send_message_latest);

static bool wait_for_end(struct miracast_sync *sync, unsigned int state)
{
	for (;;) {
		set_current_state(state);
		/* Pairs with the release in miracast_sync_callback(). */
		if (smp_load_acquire(&sync->done) || signal_pending_state(state, current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	/* As above. */
	return smp_load_acquire(&sync->done);
}

/* RECOVER may have given the message another id, but its slot is the same. */
static void cancel_message(struct miracast_handle handle, u64 id, const struct miracast_sync *sync)
{
	struct miracast_context *context;
	struct miracast_slot *slot;

	rcu_read_lock();
	context = miracast_context_lookup(handle);
	if (context) {
		slot = &context->slots[id & (MIRACAST_MAX_SLOTS - 1)];
		spin_lock(&context->lock);
		if (slot->sender.callback == miracast_sync_callback &&
		    slot->sender.callback_context == sync)
			miracast_slot_end(context, slot, STATUS_CANCELLED);
		spin_unlock(&context->lock);
	}
	rcu_read_unlock();
}

ntstatus_t miracast_send_message_sync(struct miracast_handle handle, u32 input_size,
				      const void *input, u32 output_size, void *output,
				      unsigned int timeout_ms, struct miracast_io_status *io_status)
{
	struct miracast_sync sync = { .task = current };
	struct message message = {
		.input = input,
		.output = output,
		.sender = { miracast_sync_callback, &sync },
		.input_size = input_size,
		.output_size = output_size,
		.limit = min(msecs_to_jiffies(timeout_ms), NO_LIMIT),
	};
	ntstatus_t status;

	if (!timeout_ms)
		return STATUS_INVALID_PARAMETER;
	status = send_message(handle, &message, __builtin_return_address(0));
	if (status != STATUS_PENDING)
		return status;

	if (!wait_for_end(&sync, TASK_KILLABLE)) {
		cancel_message(handle, message.id, &sync);
		/* Ended now, or being copied: a moment either way. */
		wait_for_end(&sync, TASK_UNINTERRUPTIBLE);
	}
	if (io_status)
		*io_status = sync.io_status;
	return sync.io_status.status;
}
EXPORT_SYMBOL_GPL(miracast_send_message_sync);
