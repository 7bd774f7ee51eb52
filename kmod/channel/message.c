// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: a context's table of slots, and every step of a message's life.
 *
 * A message costs no allocation: it takes a slot of the context's table and
 * gives it back. Each slot has two areas in the arena that the daemon maps, one
 * for the input and one for the output; what user space writes there is data,
 * never a length, an offset or a pointer. The states:
 *
 *	FREE		on context->free, the one used last in front
 *	SENDING		the sender copies the input of a message without callback
 *			to the arena; on no list, but inside an RCU section that
 *			miracast_context_destroy() waits for
 *	HELD		on context->queue: the session has not started
 *	QUEUED		on context->queue: the next EXCHANGE may have it
 *	DELIVERING	on no list: EXCHANGE copies the input from the sender's buffer
 *			to the arena. To end it now is to leave a note (end_noted)
 *			that the copier finds when it is done.
 *	WITH_DAEMON	on no list: may be completed, may be ended
 *	COMPLETING	on no list: a completion has won; its thread copies the
 *			output to the sender's buffer. Nothing ends it any more.
 *	ENDING		on context->ended: it was ended (stop, timeout, death, ...);
 *			whoever did that, or a worker, calls the callback. A sender that
 *			waits (send_sync) is told at once, so its messages are never here.
 *	LINGERING	on no list: its message is over but the daemon still holds the
 *			areas; not reused until the daemon completes it (and hears
 *			that it came too late) or closes the file
 *
 * What is on no list is found by looking through the table, which only rare
 * things do: end, timeout, RECOVER.
 *
 *	     send         START_END       EXCHANGE             EXCHANGE
 *	FREE ----> HELD ----> QUEUED ----> DELIVERING -> WITH_DAEMON -> COMPLETING -> FREE
 *	             \           \             \             \
 *	              `-----------`-------------`-------------`--> ENDING -> FREE, LINGERING
 *
 * All transitions that lists have to follow are made by slot_move(), and all of them under
 * context->lock. Callbacks are called once a message, because only one transition leads
 * into COMPLETING or ENDING, and whoever leads out of it calls the callback. The slot is free
 * (or lingers) before the callback runs, so a callback may send in the place of
 * its message even if every other slot is taken. But nr_open, and for what was
 * completed nr_out, falls only after the callback has returned: when nr_open is 0
 * no callback is left to come.
 *
 * A driver's callback may take as long as it likes, and wait for whom it likes. So nobody
 * who must not wait calls one: not the timeout's work, not a sender that gives up on its
 * own message. And what callbacks send to a session that is over is left to a worker,
 * or those who ended it would never come to an end.
 *
 * Copies between sender and arena touch kernel memory only, so they are short
 * and cannot stall. User memory (the arrays of EXCHANGE) is touched with no
 * slot in a state that somebody would have to wait for: completions are read
 * before their slots are looked at; records are written when their slots are
 * WITH_DAEMON already, where they may be ended at any time.
 *
 * Races that were considered:
 *
 *  - EXCHANGE fails to write a record:   - the message is ended meanwhile:
 *      sees it WITH_DAEMON under the         it is not WITH_DAEMON any more, or
 *      lock and puts it back in front        lingers: undeliver() frees it, the
 *                                            daemon never knew its id
 *  - send to a stopping session:         - STOP_BEGIN empties the queue:
 *      state and queue change under one lock: either send sees STOP_PENDING and
 *      ends the message itself, or STOP_BEGIN finds it on the queue
 *  - send looks the handle up:           - destroy erases the handle, marks the
 *      and takes a slot under RCU            context, waits for RCU: after that
 *                                            nobody adds a message
 */

#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/list_sort.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "channel.h"
#include "netlink.h"
#include "trace.h"

#define BATCH 16
/* Of a message, beside the adapter's own. */
#define NO_LIMIT msecs_to_jiffies(MIRACAST_MAX_TIMEOUT_MS)

enum slot_state {
	SLOT_FREE,
	SLOT_SENDING,
	SLOT_HELD,
	SLOT_QUEUED,
	SLOT_DELIVERING,
	SLOT_WITH_DAEMON,
	SLOT_COMPLETING,
	SLOT_ENDING,
	SLOT_LINGERING,
};

/**
 * struct sender - whom to tell that a message is over
 * @callback: may be NULL
 * @callback_context: what it is given
 */
struct sender {
	miracast_message_callback_t callback;
	void *callback_context;
};

/**
 * struct miracast_slot - one message
 * @node: HELD, QUEUED: on the queue; ENDING: on the list of the ended
 * @next: FREE: the next free one
 * @id: sequence and index of the slot; never reused
 * @order: sequence at send; unlike @id it stays through RECOVER
 * @input: the sender's input; NULL if it is in the arena already
 * @output: the sender's output
 * @sender: whom to tell
 * @sent: low half of jiffies at send
 * @limit: jiffies that it may take, if the adapter does not say less
 * @input_size: bytes
 * @output_size: bytes
 * @end_status: ENDING: what the callback will hear
 * @state: enum slot_state
 * @end_noted: DELIVERING: to be ended with @end_status by the copier
 * @daemon_holds: the daemon was given the areas and has not let go
 * @redelivered: put back by RECOVER
 */
struct miracast_slot {
	union {
		struct list_head node;
		struct miracast_slot *next;
	};
	u64 id;
	u64 order;
	const void *input;
	void *output;
	struct sender sender;
	u32 sent;
	u32 limit;
	u32 input_size;
	u32 output_size;
	ntstatus_t end_status;
	u8 state;
	bool end_noted;
	bool daemon_holds;
	bool redelivered;
};

static unsigned long slot_input_offset(const struct miracast_context *context,
				       const struct miracast_slot *slot)
{
	return 2 * (slot - context->slots) * context->arena_stride;
}

static unsigned long slot_output_offset(const struct miracast_context *context,
					const struct miracast_slot *slot)
{
	return slot_input_offset(context, slot) + context->arena_stride;
}

/* Its callback is not about to be called: it may be ended. */
static bool slot_is_open(const struct miracast_slot *slot)
{
	return slot->state >= SLOT_HELD && slot->state <= SLOT_WITH_DAEMON;
}

/*
 * A slot changes its state: it leaves the list of the old one and joins that of the new
 * one at its end. Of the free ones only the first may go.
 */
static __always_inline void slot_move(struct miracast_context *context, struct miracast_slot *slot,
				      enum slot_state state)
{
	lockdep_assert_held(&context->lock);
	if (slot->state == SLOT_FREE)
		context->free = slot->next;
	else if (slot->state == SLOT_HELD || slot->state == SLOT_QUEUED ||
		 slot->state == SLOT_ENDING)
		list_del(&slot->node);

	slot->state = state;
	if (state == SLOT_FREE) {
		slot->next = context->free;
		context->free = slot;
	} else if (state == SLOT_HELD || state == SLOT_QUEUED) {
		list_add_tail(&slot->node, &context->queue);
	} else if (state == SLOT_ENDING) {
		list_add_tail(&slot->node, &context->ended);
	}
}

static void slot_let_go(struct miracast_context *context, struct miracast_slot *slot)
{
	lockdep_assert_held(&context->lock);
	slot->daemon_holds = false;
	context->nr_out--;
}

static int by_order(void *priv, const struct list_head *a, const struct list_head *b)
{
	return list_entry(a, struct miracast_slot, node)->order >
	       list_entry(b, struct miracast_slot, node)->order;
}

/*
 * Waiters look at the counters under the lock, so either they are seen here or
 * they see the counters as they are now.
 */
static void wake_drain(struct miracast_context *context)
{
	lockdep_assert_held(&context->lock);
	/* No barrier needed: see above. */
	if ((!context->nr_open || !context->nr_out) && waitqueue_active(&context->drain))
		wake_up_all(&context->drain);
}

static void count_end(struct miracast_context *context, ntstatus_t status)
{
	lockdep_assert_held(&context->lock);
	if (status == STATUS_IO_TIMEOUT)
		context->counters.timed_out++;
	else if (status == STATUS_CONNECTION_DISCONNECTED)
		context->counters.disconnected++;
	else if (status == STATUS_DEVICE_REMOVED)
		context->counters.removed++;
	else
		context->counters.cancelled++;
}

/**
 * struct sync_message - on the stack of a sender that waits
 * @task: the sender
 * @done: the message has ended; the sender may go on, and this be gone
 * @io_status: how
 */
struct sync_message {
	struct task_struct *task;
	bool done;
	struct miracast_io_status io_status;
};

/* The callback of a sender that waits. Does not sleep, so it may be called with the lock held. */
static void sync_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct sync_message *sync = callback_context;
	struct task_struct *task = sync->task;

	sync->io_status = *io_status;
	get_task_struct(task);
	/* Pairs with the acquire in wait_for_end(). */
	smp_store_release(&sync->done, true);
	wake_up_process(task);
	put_task_struct(task);
}

static __always_inline void call_back(struct miracast_context *context, const struct sender *sender,
				      u64 id, ntstatus_t status, u64 information)
{
	const struct miracast_io_status io_status = {
		.status = status,
		.information = information,
	};

	if (!sender->callback)
		return;
	sender->callback(sender->callback_context, &io_status);
	trace_miracast_callback(context, id, status, information);
}

/* As call_back(), with the lock held: a sender that waits must not wait for other callbacks. */
static noinline void tell_sync(struct miracast_context *context, const struct sender *sender,
			       u64 id, ntstatus_t status, u64 information)
{
	lockdep_assert_held(&context->lock);
	call_back(context, sender, id, status, information);
}

/* Its message is over: the slot is free, or waits for the daemon to let go of it. */
static void slot_retire(struct miracast_context *context, struct miracast_slot *slot)
{
	slot_move(context, slot, slot->daemon_holds ? SLOT_LINGERING : SLOT_FREE);
}

/* Ends a message that no completion has claimed. Its callback waits on context->ended. */
static void slot_end(struct miracast_context *context, struct miracast_slot *slot,
		     ntstatus_t status)
{
	lockdep_assert_held(&context->lock);
	switch (slot->state) {
	case SLOT_HELD:
	case SLOT_QUEUED:
	case SLOT_WITH_DAEMON:
		count_end(context, status);
		trace_miracast_end(context, slot->id, status, 0);
		if (slot->sender.callback == sync_callback) {
			tell_sync(context, &slot->sender, slot->id, status, 0);
			slot_retire(context, slot);
			context->counters.callbacks++;
			context->nr_open--;
			wake_drain(context);
			break;
		}
		slot->end_status = status;
		slot_move(context, slot, SLOT_ENDING);
		break;
	case SLOT_DELIVERING:
		if (!slot->end_noted) {
			slot->end_noted = true;
			slot->end_status = status;
		}
		break;
	default:
		break;
	}
}

/**
 * miracast_messages_run_ended() - call the callbacks of the messages that were ended
 * @context: the context; no lock held
 *
 * Several threads may be in here: each takes other messages. What is sent and ended
 * meanwhile is the worker's.
 */
void miracast_messages_run_ended(struct miracast_context *context)
{
	struct miracast_slot *slot;
	struct sender sender;
	ntstatus_t status;
	u64 id, last;

	spin_lock(&context->lock);
	last = context->sequence;
	while (!list_empty(&context->ended)) {
		slot = list_first_entry(&context->ended, struct miracast_slot, node);
		if (slot->order > last) {
			queue_work(miracast_wq, &context->ended_work);
			break;
		}
		sender = slot->sender;
		status = slot->end_status;
		id = slot->id;
		slot_retire(context, slot);
		spin_unlock(&context->lock);

		call_back(context, &sender, id, status, 0);

		spin_lock(&context->lock);
		if (sender.callback)
			context->counters.callbacks++;
		context->nr_open--;
		wake_drain(context);
	}
	spin_unlock(&context->lock);
}

static void ended_work(struct work_struct *work)
{
	miracast_messages_run_ended(container_of(work, struct miracast_context, ended_work));
}

static u32 adapter_limit(const struct miracast_context *context)
{
	return msecs_to_jiffies(READ_ONCE(context->adapter->timeout_ms));
}

/* Ends what is too old; returns jiffies until the next one is, 0 if none is left. */
static u32 end_expired(struct miracast_context *context, u32 now, unsigned int *ended)
{
	u32 limit = adapter_limit(context), age, allowed, left = 0;
	struct miracast_slot *slot;
	u32 i;

	lockdep_assert_held(&context->lock);
	for (i = 0; i < context->nr_slots; i++) {
		slot = &context->slots[i];
		if (!slot_is_open(slot) || slot->end_noted)
			continue;
		age = now - slot->sent;
		allowed = min(limit, slot->limit);
		if (age < allowed) {
			left = left ? min(left, allowed - age) : allowed - age;
			continue;
		}
		slot_end(context, slot, STATUS_IO_TIMEOUT);
		++*ended;
	}
	list_sort(NULL, &context->ended, by_order);
	return left;
}

/*
 * Queued when a message is sent that expires before all others, and from here as long as
 * there are any: so it costs nothing for most messages. Calls no callbacks: one that takes
 * long would keep it from the next message that expires.
 */
static void timeout_work(struct work_struct *work)
{
	struct miracast_context *context =
		container_of(to_delayed_work(work), struct miracast_context, timeout_work);
	unsigned int ended = 0;
	u32 now, left;

	spin_lock(&context->lock);
	/* Under the lock, so that no message was sent later. */
	now = jiffies;
	left = end_expired(context, now, &ended);
	context->timer_armed = left;
	context->timer_expires = now + left;
	if (left)
		mod_delayed_work(miracast_wq, &context->timeout_work, left);
	if (!list_empty(&context->ended))
		queue_work(miracast_wq, &context->ended_work);
	spin_unlock(&context->lock);

	if (ended)
		miracast_nl_context_event(MIRACAST_NL_EVENT_TIMEOUT, context, ended);
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

/**
 * miracast_messages_limit_changed() - hold open messages to the adapter's new timeout
 * @context: the context
 *
 * Under the lock: a timeout_work() that runs has armed itself by the old one before, or
 * reads the new one.
 */
void miracast_messages_limit_changed(struct miracast_context *context)
{
	spin_lock(&context->lock);
	if (context->timer_armed) {
		context->timer_expires = jiffies;
		mod_delayed_work(miracast_wq, &context->timeout_work, 0);
	}
	spin_unlock(&context->lock);
}

int miracast_slots_init(struct miracast_context *context, u32 slots)
{
	struct miracast_slot *slot;

	INIT_LIST_HEAD(&context->queue);
	INIT_LIST_HEAD(&context->ended);
	INIT_LIST_HEAD(&context->waiters);
	INIT_DELAYED_WORK(&context->timeout_work, timeout_work);
	INIT_WORK(&context->ended_work, ended_work);

	context->nr_slots = slots;
	context->arena_stride = ALIGN(context->adapter->desc.max_message, 64);
	context->arena_size = PAGE_ALIGN(2 * slots * context->arena_stride);
	/* By pages: kmalloc() would round the table up to a power of two. */
	context->slots = __vmalloc(array_size(slots, sizeof(*context->slots)),
				   GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!context->slots)
		return -ENOMEM;
	context->arena = __vmalloc(context->arena_size, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!context->arena)
		return -ENOMEM;
	for (slot = context->slots + slots; slot-- > context->slots;) {
		slot->next = context->free;
		context->free = slot;
	}
	return 0;
}

/* All messages are over and nobody can send: see miracast_context_destroy(). */
void miracast_slots_free(struct miracast_context *context)
{
	vfree(context->arena);
	vfree(context->slots);
}

/**
 * struct message - a message on its way to a slot
 * @input: the sender's input
 * @output: the sender's output
 * @sender: whom to tell
 * @input_size: bytes
 * @output_size: bytes
 * @limit: jiffies that it may take, if the adapter does not say less
 * @id: set by send()
 */
struct message {
	const void *input;
	void *output;
	struct sender sender;
	u32 input_size;
	u32 output_size;
	u32 limit;
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

/**
 * struct waiter - a thread that waits in EXCHANGE; on its stack
 * @node: on context->waiters; who wakes it takes it off
 * @task: the thread
 *
 * A list of our own: a wait queue would cost as much again as waking a task does.
 */
struct waiter {
	struct list_head node;
	struct task_struct *task;
};

/* The thread to be woken, under RCU which keeps it, or NULL. */
static struct task_struct *take_waiter(struct miracast_context *context)
{
	struct task_struct *task;
	struct waiter *waiter;

	lockdep_assert_held(&context->lock);
	waiter = list_first_entry_or_null(&context->waiters, struct waiter, node);
	if (!waiter)
		return NULL;
	task = waiter->task;
	/* Last: from here on the thread may go, and its stack is its own again. */
	list_del_init_careful(&waiter->node);
	return task;
}

/**
 * miracast_messages_wake() - have every thread in EXCHANGE, and pollers, look again
 * @context: the context
 */
void miracast_messages_wake(struct miracast_context *context)
{
	struct task_struct *task;

	rcu_read_lock();
	spin_lock(&context->lock);
	while ((task = take_waiter(context)))
		wake_up_process(task);
	spin_unlock(&context->lock);
	rcu_read_unlock();
	wake_up_all(&context->wait);
}

/* Under RCU: the context may be on its way out but is still there. */
static ntstatus_t send(struct miracast_context *context, struct message *message)
{
	ntstatus_t status = check_buffers(context, message);
	struct task_struct *waiter = NULL;
	struct miracast_slot *slot;
	bool first;

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
	slot->order = ++context->sequence;
	slot->id = slot->order << MIRACAST_SLOT_BITS | (u32)(slot - context->slots);
	slot->input = message->input;
	slot->output = message->output;
	slot->sender = message->sender;
	slot->input_size = message->input_size;
	slot->output_size = message->output_size;
	slot->end_noted = false;
	slot->redelivered = false;

	if (!message->sender.callback) {
		/* Nobody will say when the buffer is free, so it has to be on return. */
		slot_move(context, slot, SLOT_SENDING);
		slot->input = NULL;
		slot->output = NULL;
		spin_unlock(&context->lock);
		memcpy(context->arena + slot_input_offset(context, slot), message->input,
		       message->input_size);
		spin_lock(&context->lock);
		if (context->state == MIRACAST_DESTROYED) {
			slot_move(context, slot, SLOT_FREE);
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
	if (likely(context->state == MIRACAST_STARTED)) {
		slot_move(context, slot, SLOT_QUEUED);
		waiter = take_waiter(context);
	} else {
		slot_move(context, slot, SLOT_HELD);
		if (miracast_session_is_over(context->state)) {
			slot_end(context, slot, STATUS_CANCELLED);
			queue_work(miracast_wq, &context->ended_work);
		}
	}
	arm_timer(context, slot);
	spin_unlock(&context->lock);

	if (waiter)
		wake_up_process(waiter);
	if (wq_has_sleeper(&context->wait))
		wake_up_interruptible_poll(&context->wait, EPOLLIN | EPOLLRDNORM);
	return STATUS_PENDING;
}

static ntstatus_t send_message(struct miracast_handle handle, struct message *message)
{
	struct miracast_context *context;
	ntstatus_t status;

	might_sleep();
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

/**
 * miracast_send_message() - send a message to the user-mode driver
 * @handle: the context, from struct miracast_display_callbacks
 * @input_size: bytes of @input, at most the adapter's max_message
 * @input: what the user-mode driver gets; NULL if @input_size is 0
 * @output_size: bytes of @output, at most the adapter's max_message
 * @output: where the answer goes; NULL if @output_size is 0
 * @callback: told how the message ended; may be NULL
 * @callback_context: handed to @callback
 *
 * May sleep. Does not wait for the handler. With a callback, both buffers belong
 * to the channel until it begins; without one they are free on return, and the
 * answer is discarded.
 *
 * Return: STATUS_PENDING if the message was accepted; then @callback is called
 * exactly once, possibly before this returns. Anything else is a refusal and
 * there is no callback: STATUS_DEVICE_NOT_CONNECTED, the context is gone;
 * STATUS_INVALID_PARAMETER, a NULL buffer with a size; STATUS_INVALID_BUFFER_SIZE,
 * too large; STATUS_INSUFFICIENT_RESOURCES, the context has as many messages open
 * as it has slots.
 *
 * DDI: DXGKCB_MIRACAST_SEND_MESSAGE.
 */
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

	return send_message(handle, &message);
}
EXPORT_SYMBOL_GPL(miracast_send_message);

static bool wait_for_end(struct sync_message *sync, unsigned int state)
{
	for (;;) {
		set_current_state(state);
		/* Pairs with the release in sync_callback(). */
		if (smp_load_acquire(&sync->done) || signal_pending_state(state, current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	/* As above. */
	return smp_load_acquire(&sync->done);
}

/* RECOVER may have given the message another id, but its slot is the same. */
static void cancel_message(struct miracast_handle handle, u64 id, const struct sync_message *sync)
{
	struct miracast_context *context;
	struct miracast_slot *slot;

	rcu_read_lock();
	context = miracast_context_lookup(handle);
	if (context) {
		slot = &context->slots[id & (MIRACAST_MAX_SLOTS - 1)];
		spin_lock(&context->lock);
		if (slot->sender.callback == sync_callback && slot->sender.callback_context == sync)
			slot_end(context, slot, STATUS_CANCELLED);
		spin_unlock(&context->lock);
	}
	rcu_read_unlock();
}

/**
 * miracast_send_message_sync() - send a message and wait for its end
 * @handle: as in miracast_send_message()
 * @input_size: as in miracast_send_message()
 * @input: as in miracast_send_message()
 * @output_size: as in miracast_send_message()
 * @output: as in miracast_send_message()
 * @timeout_ms: how long to wait at most, in milliseconds, if the adapter's timeout is not
 *	shorter; not 0
 * @io_status: how the message ended; set if STATUS_SUCCESS is returned
 *
 * The wait is killable. A message that is given up on is cancelled: its status
 * is STATUS_IO_TIMEOUT, or STATUS_CANCELLED if the caller was killed, unless its
 * completion came at that very moment. No other message's callback is called on this
 * thread or waited for. Must not be called while the user-mode driver waits for the caller:
 * messages are held while a session starts.
 *
 * Return: STATUS_SUCCESS when the message was accepted and has ended, else why it was
 * refused.
 */
ntstatus_t miracast_send_message_sync(struct miracast_handle handle, u32 input_size,
				      const void *input, u32 output_size, void *output,
				      unsigned int timeout_ms, struct miracast_io_status *io_status)
{
	struct sync_message sync = { .task = current };
	struct message message = {
		.input = input,
		.output = output,
		.sender = { sync_callback, &sync },
		.input_size = input_size,
		.output_size = output_size,
		.limit = min(msecs_to_jiffies(timeout_ms), NO_LIMIT),
	};
	ntstatus_t status;

	if (!timeout_ms)
		return STATUS_INVALID_PARAMETER;
	status = send_message(handle, &message);
	if (status != STATUS_PENDING)
		return status;

	if (!wait_for_end(&sync, TASK_KILLABLE)) {
		cancel_message(handle, message.id, &sync);
		/* Ended now, or being copied: a moment either way. */
		wait_for_end(&sync, TASK_UNINTERRUPTIBLE);
	}
	*io_status = sync.io_status;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(miracast_send_message_sync);

/**
 * miracast_messages_release() - the session has started: held messages may go
 * @context: the context, locked
 */
void miracast_messages_release(struct miracast_context *context)
{
	struct miracast_slot *slot;

	lockdep_assert_held(&context->lock);
	list_for_each_entry(slot, &context->queue, node)
		slot->state = SLOT_QUEUED;
}

/**
 * miracast_messages_requeue() - a new daemon takes over from one that is gone
 * @context: the context, locked; its session is not started
 *
 * What the old daemon had read goes back in front of what it had not, under new
 * ids, and the areas it held are free.
 */
void miracast_messages_requeue(struct miracast_context *context)
{
	struct miracast_slot *slot;
	u32 i;

	lockdep_assert_held(&context->lock);
	for (i = 0; i < context->nr_slots; i++) {
		slot = &context->slots[i];
		switch (slot->state) {
		case SLOT_WITH_DAEMON:
			slot_let_go(context, slot);
			slot->id = ++context->sequence << MIRACAST_SLOT_BITS |
				   (u32)(slot - context->slots);
			slot->redelivered = true;
			slot_move(context, slot, SLOT_HELD);
			context->counters.redelivered++;
			break;
		case SLOT_QUEUED:
			slot->state = SLOT_HELD;
			break;
		case SLOT_ENDING:
			if (slot->daemon_holds)
				slot_let_go(context, slot);
			break;
		case SLOT_LINGERING:
			slot_let_go(context, slot);
			slot_move(context, slot, SLOT_FREE);
			break;
		}
	}
	list_sort(NULL, &context->queue, by_order);
}

/**
 * miracast_messages_with_daemon() - how many messages are fetched and not completed
 * @context: the context, locked
 *
 * Return: their number.
 */
u32 miracast_messages_with_daemon(struct miracast_context *context)
{
	u32 i, n = 0;

	lockdep_assert_held(&context->lock);
	for (i = 0; i < context->nr_slots; i++)
		n += context->slots[i].state == SLOT_DELIVERING ||
		     context->slots[i].state == SLOT_WITH_DAEMON;
	return n;
}

static void end_messages(struct miracast_context *context, ntstatus_t status, bool delivered)
{
	struct miracast_slot *slot;
	u32 i;

	lockdep_assert_held(&context->lock);
	for (i = 0; i < context->nr_slots; i++) {
		slot = &context->slots[i];
		if (delivered || slot->state != SLOT_WITH_DAEMON)
			slot_end(context, slot, status);
	}
	list_sort(NULL, &context->ended, by_order);
}

/**
 * miracast_messages_end_undelivered() - end every message the daemon has not got
 * @context: the context, locked
 * @status: the status its callback hears; miracast_messages_run_ended() calls it
 */
void miracast_messages_end_undelivered(struct miracast_context *context, ntstatus_t status)
{
	end_messages(context, status, false);
}

/**
 * miracast_messages_end_all() - end every message that no completion has claimed
 * @context: the context, locked
 * @status: the status its callback hears; miracast_messages_run_ended() calls it
 */
void miracast_messages_end_all(struct miracast_context *context, ntstatus_t status)
{
	end_messages(context, status, true);
}

/* Nobody was told of it: it goes back, or is over with its session. The caller sorts the queue. */
static void slot_put_back(struct miracast_context *context, struct miracast_slot *slot)
{
	lockdep_assert_held(&context->lock);
	if (miracast_session_is_over(context->state)) {
		slot_end(context, slot, STATUS_CANCELLED);
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
	list_sort(NULL, &context->queue, by_order);
	wake_drain(context);
	spin_unlock(&context->lock);
	/* The wake-up that brought this thread here was for those messages. */
	miracast_messages_wake(context);
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
			slot_end(context, slot, slot->end_status);
		else
			slot_put_back(context, slot);
	}
	list_sort(NULL, &context->queue, by_order);
}

/* Hands out up to @room messages; returns how many or -EFAULT. */
static int deliver(struct miracast_context *context, struct miracast_message __user *messages,
		   u32 room)
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
			miracast_messages_wake(context);
			miracast_messages_run_ended(context);
			break;
		}
		for (i = 0; i < n; i++) {
			slot = slots[i];
			slot->state = SLOT_WITH_DAEMON;
			if (unlikely(slot->end_noted)) {
				slot_end(context, slot, slot->end_status);
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

		if (copy_to_user(messages + done, records, got * sizeof(records[0]))) {
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
	struct sender senders[BATCH] __uninitialized;
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
		if (senders[i].callback == sync_callback) {
			tell_sync(context, &senders[i], completions[i].id, completions[i].status,
				  bytes_written(&completions[i]));
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
	struct miracast_completion __user *from = u64_to_user_ptr(arg->completions);
	struct miracast_completion completions[BATCH] __uninitialized;
	unsigned int n;
	int error = 0;

	while (arg->nr_completions < nr && !error) {
		n = min_t(u32, BATCH, nr - arg->nr_completions);
		if (copy_from_user(completions, from + arg->nr_completions,
				   n * sizeof(completions[0])))
			return -EFAULT;
		error = complete_batch(context, arg, completions, n);
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
	struct waiter waiter = { .task = current };

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
	struct miracast_message __user *messages = u64_to_user_ptr(arg->messages);
	u32 nr_completions = arg->nr_completions;
	u32 room = arg->nr_messages;
	u32 seq = READ_ONCE(context->state_seq);
	int error = 0, got = 0;
	long left;

	arg->nr_completions = 0;
	arg->nr_messages = 0;
	arg->nr_stale = 0;
	if (nr_completions > MIRACAST_EXCHANGE_MAX || room > MIRACAST_EXCHANGE_MAX)
		error = -EINVAL;
	else if (nr_completions)
		error = complete_messages(context, arg, nr_completions);
	if (!error && room) {
		if (!list_empty(&context->queue))
			got = deliver(context, messages, room);
		if (!got && arg->timeout_ns) {
			left = miracast_timeout_jiffies(arg->timeout_ns);
			do {
				left = wait_for_message(context, seq, left);
				got = deliver(context, messages, room);
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
