// SPDX-License-Identifier: GPL-2.0
/* Wake-ups that are not on a message's way; netlink.c has the events for others. */

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "events.h"

/**
 * miracast_wake() - have every thread in EXCHANGE, and pollers, look again
 * @context: the context
 */
void miracast_wake(struct miracast_context *context)
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
