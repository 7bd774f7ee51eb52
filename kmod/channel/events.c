// SPDX-License-Identifier: GPL-2.0
/* Wake-ups that are not on a message's way; netlink.c has the events for others. */

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "events.h"

/* So many threads at most are woken while others wait for the lock. */
#define BATCH 16

/**
 * miracast_wake() - have every thread in EXCHANGE, and pollers, look again
 * @context: the context
 *
 * There may be as many threads as the daemon likes, so they are woken without the lock. Those
 * that wait anew meanwhile are on the context's list again and not on ours: this ends.
 */
void miracast_wake(struct miracast_context *context)
{
	struct task_struct *tasks[BATCH];
	struct miracast_waiter *waiter;
	HLIST_HEAD(waiters);
	unsigned int n, i;

	spin_lock(&context->lock);
	hlist_move_list(&context->waiters, &waiters);
	spin_unlock(&context->lock);
	do {
		rcu_read_lock();
		spin_lock(&context->lock);
		for (n = 0; n < BATCH && (waiter = first_waiter(&waiters)); n++)
			tasks[n] = take_waiter(context, waiter);
		spin_unlock(&context->lock);
		for (i = 0; i < n; i++)
			wake_up_process(tasks[i]);
		rcu_read_unlock();
	} while (n == BATCH);
	wake_up_all(&context->wait);
}

/**
 * miracast_wake_all() - have everybody who waits for the context look again
 * @context: the context
 */
void miracast_wake_all(struct miracast_context *context)
{
	miracast_wake(context);
	wake_up_all(&context->chunk_wait);
	wake_up_all(&context->drain);
}
