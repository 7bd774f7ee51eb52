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
 *
 * A list of our own: a wait queue would cost as much again as waking a task does.
 */
struct miracast_waiter {
	struct list_head node;
	struct task_struct *task;
};

/* The thread to be woken, under RCU which keeps it, or NULL. */
static inline struct task_struct *take_waiter(struct miracast_context *context)
{
	struct task_struct *task;
	struct miracast_waiter *waiter;

	lockdep_assert_held(&context->lock);
	waiter = list_first_entry_or_null(&context->waiters, struct miracast_waiter, node);
	if (!waiter)
		return NULL;
	task = waiter->task;
	/* Last: from here on the thread may go, and its stack is its own again. */
	list_del_init_careful(&waiter->node);
	return task;
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
