/* SPDX-License-Identifier: GPL-2.0 */
/* Who sleeps for a context, and how they are woken. */
#ifndef MIRACAST_EVENTS_H
#define MIRACAST_EVENTS_H

#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include "channel.h"

/**
 * struct miracast_waiter - a thread that waits in EXCHANGE; on its stack
 * @node: on context->waiters; who wakes it takes it off
 * @task: the thread
 * @record: where a message may be handed to it
 * @handed: it was, and is with the daemon
 * @taken: off the list; the thread may go on, and this be gone
 *
 * A list of our own: a wait queue would cost as much again as waking a task does. The one
 * that came last is woken first: it is the one whose data is still in the caches.
 */
struct miracast_waiter {
	struct hlist_node node;
	struct task_struct *task;
	struct miracast_message *record;
	bool handed;
	bool taken;
};

/* Lets a waiter go. Returns its thread, to be woken; RCU keeps that. */
static inline struct task_struct *take_waiter(struct miracast_context *context,
					      struct miracast_waiter *waiter)
{
	struct task_struct *task = waiter->task;

	lockdep_assert_held(&context->lock);
	hlist_del(&waiter->node);
	/* Pairs with the acquire in sleep_for_message(). */
	smp_store_release(&waiter->taken, true);
	return task;
}

static inline struct miracast_waiter *first_waiter(const struct hlist_head *waiters)
{
	return hlist_entry_safe(waiters->first, struct miracast_waiter, node);
}

/*
 * Waiters look at the counters under the lock, so either they are seen here or
 * they see the counters as they are now.
 */
static inline void wake_drain(struct miracast_context *context)
{
	lockdep_assert_held(&context->lock);
	/* No barrier needed: see above. */
	if ((!context->nr_open || !context->nr_out) && waitqueue_active(&context->drain))
		wake_up_all(&context->drain);
}

void miracast_wake(struct miracast_context *context);
void miracast_wake_all(struct miracast_context *context);

#endif /* MIRACAST_EVENTS_H */
