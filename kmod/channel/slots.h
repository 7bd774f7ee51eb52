/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slots of messages: what both sides of a message, the driver's and the daemon's, do to
 * them, inline where it is on every message's way. The essay is in slots.c.
 */
#ifndef MIRACAST_SLOTS_H
#define MIRACAST_SLOTS_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/miracast.h>
#include <linux/types.h>
#include "channel.h"
#include "trace.h"

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
 * struct miracast_sender - whom to tell that a message is over
 * @callback: may be NULL
 * @callback_context: what it is given
 */
struct miracast_sender {
	miracast_message_callback_t callback;
	void *callback_context;
};

/**
 * struct miracast_slot - one message
 * @link: HELD, QUEUED: on the queue
 * @node: ENDING: on the list of the ended
 * @next: FREE: the next free one
 * @id: sequence and index of the slot; never reused. The index stays when it is FREE.
 * @order: sequence at send, or of the message that it replaced, which has this one's then;
 *	unlike @id it stays through RECOVER
 * @input: the sender's input; NULL if it is in the arena already
 * @output: the sender's output
 * @sender: whom to tell
 * @sent: low half of jiffies at send
 * @limit: jiffies that it may take, if the adapter does not say less
 * @input_size: bytes
 * @output_size: bytes
 * @input_offset: where the input lies in the arena; never changes
 * @end_status: ENDING: what the callback will hear
 * @state: enum slot_state
 * @end_noted: DELIVERING: to be ended with @end_status by the copier
 * @daemon_holds: the daemon was given the areas and has not let go
 * @redelivered: put back by RECOVER
 */
struct miracast_slot {
	union {
		struct hlist_node link;
		struct list_head node;
		struct miracast_slot *next;
	};
	u64 id;
	u64 order;
	const void *input;
	void *output;
	struct miracast_sender sender;
	u32 sent;
	u32 limit;
	u32 input_size;
	u32 output_size;
	u32 input_offset;
	ntstatus_t end_status;
	u8 state;
	bool end_noted;
	bool daemon_holds;
	bool redelivered;
};

static inline u32 slot_output_offset(const struct miracast_context *context,
				     const struct miracast_slot *slot)
{
	return slot->input_offset + context->arena_stride;
}

/* A name for the message in the slot, which no other has had. */
static inline void slot_set_id(struct miracast_slot *slot, u64 sequence)
{
	slot->id = sequence << MIRACAST_SLOT_BITS | (slot->id & (MIRACAST_MAX_SLOTS - 1));
}

/* Its callback is not about to be called: it may be ended. */
static inline bool slot_is_open(const struct miracast_slot *slot)
{
	return slot->state >= SLOT_HELD && slot->state <= SLOT_WITH_DAEMON;
}

/* The queue is no list_head: CONFIG_DEBUG_LIST would make a twelfth of a message's cost of it. */
static inline void slots_init(struct miracast_slots *slots)
{
	INIT_HLIST_HEAD(&slots->head);
	slots->tail = &slots->head.first;
}

static inline bool slots_empty(const struct miracast_slots *slots)
{
	return hlist_empty(&slots->head);
}

static inline struct miracast_slot *slots_first(const struct miracast_slots *slots)
{
	return hlist_entry(slots->head.first, struct miracast_slot, link);
}

static inline void slots_append(struct miracast_slots *slots, struct miracast_slot *slot)
{
	slot->link.next = NULL;
	slot->link.pprev = slots->tail;
	WRITE_ONCE(*slots->tail, &slot->link);
	slots->tail = &slot->link.next;
}

static inline void slots_remove(struct miracast_slots *slots, struct miracast_slot *slot)
{
	if (slots->tail == &slot->link.next)
		slots->tail = slot->link.pprev;
	__hlist_del(&slot->link);
}

/*
 * A slot changes its state: it leaves the list of the old one and joins that of the new
 * one at its end. Of the free ones only the first may go. Where both states are known to the
 * compiler little is left of it.
 */
static __always_inline void slot_move_from(struct miracast_context *context,
					   struct miracast_slot *slot, enum slot_state from,
					   enum slot_state to)
{
	lockdep_assert_held(&context->lock);
	lockdep_assert(slot->state == from);
	if (from == SLOT_FREE)
		context->free = slot->next;
	else if (from == SLOT_HELD || from == SLOT_QUEUED)
		slots_remove(&context->queue, slot);
	else if (from == SLOT_ENDING)
		list_del(&slot->node);

	slot->state = to;
	if (to == SLOT_FREE) {
		slot->next = context->free;
		context->free = slot;
	} else if (to == SLOT_HELD || to == SLOT_QUEUED) {
		slots_append(&context->queue, slot);
	} else if (to == SLOT_ENDING) {
		list_add_tail(&slot->node, &context->ended);
	}
}

static inline void slot_move(struct miracast_context *context, struct miracast_slot *slot,
			     enum slot_state state)
{
	slot_move_from(context, slot, slot->state, state);
}

/*
 * A slot that is being filled goes in front of one that is on the queue, as old as that is, for
 * the caller to end that one, which is as new as the slot was. So the queue stays sorted by
 * order, and what ends now is not taken for what had ended before.
 */
static inline void slot_take_place(struct miracast_context *context, struct miracast_slot *slot,
				   struct miracast_slot *old)
{
	lockdep_assert_held(&context->lock);
	lockdep_assert(slot->state == SLOT_SENDING);
	hlist_add_before(&slot->link, &old->link);
	slot->state = old->state;
	swap(slot->order, old->order);
}

/* So many bytes are copied under the lock, which is less than to take it once more. */
#define SLOT_SMALL 256

/* The daemon has the areas from here on. The caller counts it: slots_count_out(). */
static __always_inline void slot_hand_out(struct miracast_context *context,
					  struct miracast_slot *slot,
					  struct miracast_message *record)
{
	lockdep_assert_held(&context->lock);
	slot->daemon_holds = true;
	record->id = slot->id;
	record->input_size = slot->input_size;
	record->output_size = slot->output_size;
	record->input_offset = slot->input_offset;
	record->output_offset = slot_output_offset(context, slot);
	record->flags = slot->redelivered ? MIRACAST_MESSAGE_REDELIVERED : 0;
	record->generation = context->generation;
	trace_miracast_deliver(context, record->id, record->flags);
}

static inline void slots_count_out(struct miracast_context *context, unsigned int n)
{
	lockdep_assert_held(&context->lock);
	context->nr_out += n;
	context->counters.delivered += n;
}

static inline bool slot_input_is_small(const struct miracast_slot *slot)
{
	return !slot->input || slot->input_size <= SLOT_SMALL;
}

static __always_inline void slot_copy_input(struct miracast_context *context,
					    struct miracast_slot *slot)
{
	if (slot->input)
		memcpy(context->arena + slot->input_offset, slot->input, slot->input_size);
}

static inline void slot_let_go(struct miracast_context *context, struct miracast_slot *slot)
{
	lockdep_assert_held(&context->lock);
	slot->daemon_holds = false;
	context->nr_out--;
}

/**
 * struct miracast_sync - on the stack of a sender that waits
 * @task: the sender
 * @done: the message has ended; the sender may go on, and this be gone
 * @io_status: how
 */
struct miracast_sync {
	struct task_struct *task;
	bool done;
	struct miracast_io_status io_status;
};

static __always_inline void call_back(struct miracast_context *context,
				      const struct miracast_sender *sender, u64 id,
				      ntstatus_t status, u64 information)
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

static inline u32 adapter_limit(const struct miracast_context *context)
{
	return msecs_to_jiffies(READ_ONCE(context->adapter->timeout_ms));
}

void miracast_sync_callback(void *callback_context, const struct miracast_io_status *io_status);
void miracast_tell_sync(struct miracast_context *context, const struct miracast_sender *sender,
			u64 id, ntstatus_t status, u64 information);
void miracast_slot_end(struct miracast_context *context, struct miracast_slot *slot,
		       ntstatus_t status);
void miracast_sort_queue(struct miracast_context *context);

int miracast_slots_init(struct miracast_context *context, u32 slots);
void miracast_slots_free(struct miracast_context *context);
void miracast_messages_release(struct miracast_context *context);
void miracast_messages_requeue(struct miracast_context *context);
u32 miracast_messages_queued(struct miracast_context *context);
u32 miracast_messages_with_daemon(struct miracast_context *context);
void miracast_messages_limit_changed(struct miracast_context *context);
void miracast_messages_end_undelivered(struct miracast_context *context, ntstatus_t status);
void miracast_messages_end_all(struct miracast_context *context, ntstatus_t status);
void miracast_messages_run_ended(struct miracast_context *context);

#endif /* MIRACAST_SLOTS_H */
