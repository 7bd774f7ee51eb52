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
 *	SENDING		the sender fills the slot in, and copies the input of a message
 *			without callback to the arena; on no list, but inside an RCU section that
 *			miracast_context_destroy() waits for
 *	HELD		on context->queue: the session has not started
 *	QUEUED		on context->queue: the next EXCHANGE may have it
 *	DELIVERING	on no list: EXCHANGE copies the input, which is large, from the
 *			sender's buffer to the arena. To end it now is to leave a note (end_noted)
 *			that the copier finds when it is done.
 *	WITH_DAEMON	on no list: may be completed, may be ended
 *	COMPLETING	on no list: a completion has won; its thread copies the
 *			output, which is large, to the sender's buffer. Nothing ends it
 *			any more.
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
 * A small input or output is copied under the lock, and such a message passes DELIVERING or
 * COMPLETING in the same section. If a thread waits in EXCHANGE and the queue is empty, the
 * sender of a small message hands it to that thread at once: FREE -> WITH_DAEMON, and the
 * record is written where the thread finds it when it wakes.
 *
 * A message that replaces the last one of its line takes that one's place in the queue, and the
 * other one is ENDING as if it had been cancelled.
 *
 * All transitions that lists have to follow are made by slot_move_from(), but for that into the
 * place of another (slot_take_place()), and all of them under context->lock. Callbacks are called
 * once a message, because only one transition leads into COMPLETING or ENDING, and whoever leads
 * out of it calls the callback. The slot is free (or lingers) before the callback runs, so a
 * callback may send in the place of its message even if every other slot is taken. But nr_open,
 * and for what was completed nr_out, falls only after the callback has returned: when nr_open is
 * 0 no callback is left to come.
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
 */

#include <linux/list_sort.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "events.h"
#include "netlink.h"
#include "slots.h"

struct workqueue_struct *miracast_wq;

static int by_order(void *priv, const struct list_head *a, const struct list_head *b)
{
	return list_entry(a, struct miracast_slot, node)->order >
	       list_entry(b, struct miracast_slot, node)->order;
}

/**
 * miracast_sort_queue() - the oldest message in front, after some were put back
 * @context: the context, locked
 */
void miracast_sort_queue(struct miracast_context *context)
{
	struct miracast_slot *slot, *next;
	LIST_HEAD(list);

	lockdep_assert_held(&context->lock);
	while (!slots_empty(&context->queue)) {
		slot = slots_first(&context->queue);
		slots_remove(&context->queue, slot);
		list_add_tail(&slot->node, &list);
	}
	list_sort(NULL, &list, by_order);
	list_for_each_entry_safe(slot, next, &list, node)
		slots_append(&context->queue, slot);
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

/* The callback of a sender that waits. Does not sleep, so it may be called with the lock held. */
void miracast_sync_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct miracast_sync *sync = callback_context;
	struct task_struct *task = sync->task;

	sync->io_status = *io_status;
	/* Keeps the task, which may end as soon as it sees that it is done. */
	rcu_read_lock();
	/* Pairs with the acquire in wait_for_end(). */
	smp_store_release(&sync->done, true);
	wake_up_process(task);
	rcu_read_unlock();
}

/* With the lock held: a sender that waits must not wait for other callbacks. */
void miracast_tell_sync(struct miracast_context *context, const struct miracast_sender *sender,
			u64 id, ntstatus_t status, u64 information)
{
	const struct miracast_io_status io_status = {
		.status = status,
		.information = information,
	};

	lockdep_assert_held(&context->lock);
	miracast_sync_callback(sender->callback_context, &io_status);
	trace_miracast_callback(context, id, status, information);
}

/* Its message is over: the slot is free, or waits for the daemon to let go of it. */
static void slot_retire(struct miracast_context *context, struct miracast_slot *slot)
{
	slot_move(context, slot, slot->daemon_holds ? SLOT_LINGERING : SLOT_FREE);
}

/* Ends a message that no completion has claimed. Its callback waits on context->ended. */
void miracast_slot_end(struct miracast_context *context, struct miracast_slot *slot,
		       ntstatus_t status)
{
	lockdep_assert_held(&context->lock);
	switch (slot->state) {
	case SLOT_HELD:
	case SLOT_QUEUED:
	case SLOT_WITH_DAEMON:
		count_end(context, status);
		trace_miracast_end(context, slot->id, status, 0);
		if (slot->sender.callback == miracast_sync_callback) {
			miracast_tell_sync(context, &slot->sender, slot->id, status, 0);
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
	struct miracast_caller caller;
	struct miracast_slot *slot;
	struct miracast_sender sender;
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
		miracast_call_begins(context, &caller);
		spin_unlock(&context->lock);

		call_back(context, &sender, id, status, 0);

		spin_lock(&context->lock);
		miracast_call_ends(context, &caller);
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
		miracast_slot_end(context, slot, STATUS_IO_TIMEOUT);
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

	slots_init(&context->queue);
	INIT_LIST_HEAD(&context->ended);
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
		slot->id = slot - context->slots;
		slot->input_offset = 2 * slot->id * context->arena_stride;
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
 * miracast_messages_release() - the session has started: held messages may go
 * @context: the context, locked
 */
void miracast_messages_release(struct miracast_context *context)
{
	struct miracast_slot *slot;

	lockdep_assert_held(&context->lock);
	hlist_for_each_entry(slot, &context->queue.head, link)
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
			slot_set_id(slot, ++context->sequence);
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
	miracast_sort_queue(context);
}

/**
 * miracast_messages_queued() - how many messages wait for EXCHANGE or for the session
 * @context: the context, locked
 *
 * Return: their number.
 */
u32 miracast_messages_queued(struct miracast_context *context)
{
	struct miracast_slot *slot;
	u32 n = 0;

	lockdep_assert_held(&context->lock);
	hlist_for_each_entry(slot, &context->queue.head, link)
		n++;
	return n;
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
			miracast_slot_end(context, slot, status);
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
