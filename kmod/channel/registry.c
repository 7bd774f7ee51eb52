// SPDX-License-Identifier: GPL-2.0
/*
 * What there is: the adapters, their contexts, and the contexts' handles.
 *
 * A handle's token is the context's id (low half, an index that is reused) and
 * the count of contexts made so far (high half, never reused): a driver that
 * keeps a handle too long is refused. Senders and interrupt handlers look it up
 * under RCU.
 */

#include <linux/atomic.h>
#include <linux/idr.h>
#include "channel.h"

static LIST_HEAD(adapters);
static DEFINE_MUTEX(adapters_lock);

/* Contexts by id. A table, because it is looked into for each message. */
static struct miracast_context __rcu *contexts[MIRACAST_MAX_ADAPTERS * MIRACAST_MAX_CONTEXTS];
static DEFINE_IDA(ids);
static atomic_t contexts_made;

/**
 * miracast_adapter_publish() - let walks find an adapter
 * @adapter: the adapter
 */
void miracast_adapter_publish(struct miracast_adapter *adapter)
{
	mutex_lock(&adapters_lock);
	list_add_tail(&adapter->node, &adapters);
	mutex_unlock(&adapters_lock);
}

/**
 * miracast_adapter_retract() - let no walk find an adapter any more
 * @adapter: the adapter
 */
void miracast_adapter_retract(struct miracast_adapter *adapter)
{
	mutex_lock(&adapters_lock);
	list_del(&adapter->node);
	mutex_unlock(&adapters_lock);
}

/**
 * miracast_adapter_next() - walk over the registered adapters
 * @previous: where the walk is; its reference is dropped. NULL: at the begin.
 *
 * Return: the next adapter, with a reference to its device, or NULL at the end.
 */
struct miracast_adapter *miracast_adapter_next(struct miracast_adapter *previous)
{
	struct miracast_adapter *adapter, *next = NULL;

	mutex_lock(&adapters_lock);
	/* By index, for the list may have changed meanwhile. */
	list_for_each_entry(adapter, &adapters, node)
		if ((!previous || adapter->index > previous->index) &&
		    (!next || adapter->index < next->index))
			next = adapter;
	if (next)
		get_device(&next->dev);
	mutex_unlock(&adapters_lock);
	if (previous)
		put_device(&previous->dev);
	return next;
}

/**
 * miracast_context_lookup() - the context that a handle names
 * @handle: the handle
 *
 * Under rcu_read_lock(), from any context.
 *
 * Return: the context, or NULL if it is gone.
 */
struct miracast_context *miracast_context_lookup(struct miracast_handle handle)
{
	struct miracast_context *context;

	context = rcu_dereference(contexts[(u32)handle.token % ARRAY_SIZE(contexts)]);
	return context && context->token == handle.token ? context : NULL;
}

/**
 * miracast_context_put() - drop a reference
 * @context: the context
 *
 * Not from the context's own works, which hold no reference: its release waits for them.
 */
void miracast_context_put(struct miracast_context *context)
{
	kref_put(&context->ref, context->release);
}

/**
 * miracast_context_next() - walk over the contexts of an adapter
 * @adapter: the adapter
 * @previous: where the walk is; its reference is dropped. NULL: at the begin.
 *
 * Return: the next context, with a reference, or NULL at the end.
 */
struct miracast_context *miracast_context_next(struct miracast_adapter *adapter,
					       struct miracast_context *previous)
{
	u32 after = previous ? previous->id : 0;
	struct miracast_context *context, *next = NULL;

	spin_lock(&adapter->lock);
	/* By id, for the list may have changed meanwhile. */
	list_for_each_entry(context, &adapter->contexts, node)
		if ((!previous || context->id > after) && (!next || context->id < next->id))
			next = context;
	if (next)
		kref_get(&next->ref);
	spin_unlock(&adapter->lock);
	if (previous)
		miracast_context_put(previous);
	return next;
}

/**
 * miracast_context_publish() - make a context findable, by its handle and by walks
 * @context: the context
 *
 * Sets its id and token.
 *
 * Return: 0; -ENODEV when the adapter is going; -EBUSY when it has max_contexts already;
 * -ENOMEM or -ENOSPC.
 */
int miracast_context_publish(struct miracast_context *context)
{
	struct miracast_adapter *adapter = context->adapter;
	int error = 0, id;

	id = ida_alloc_max(&ids, ARRAY_SIZE(contexts) - 1, GFP_KERNEL);
	if (id < 0)
		return id;
	context->id = id;
	context->token = (u64)(u32)atomic_inc_return(&contexts_made) << 32 | context->id;

	spin_lock(&adapter->lock);
	if (adapter->removed)
		error = -ENODEV;
	else if (adapter->nr_contexts == adapter->desc.max_contexts)
		error = -EBUSY;
	else
		adapter->nr_contexts++;
	if (!error)
		list_add_tail(&context->node, &adapter->contexts);
	spin_unlock(&adapter->lock);

	if (error)
		ida_free(&ids, id);
	else
		rcu_assign_pointer(contexts[id], context);
	return error;
}

/**
 * miracast_context_erase_handle() - let no sender find a context any more
 * @context: the context
 *
 * When this returns nobody who found it before is in his RCU section still.
 */
void miracast_context_erase_handle(struct miracast_context *context)
{
	RCU_INIT_POINTER(contexts[context->id], NULL);
	synchronize_rcu();
}

/**
 * miracast_context_unlist() - let no walk find a context any more
 * @context: the context; its counters are added to its adapter's
 */
void miracast_context_unlist(struct miracast_context *context)
{
	struct miracast_adapter *adapter = context->adapter;

	spin_lock(&adapter->lock);
	list_del(&context->node);
	adapter->nr_contexts--;
	/* A daemon may be completing what is over, which is counted, too. */
	spin_lock(&context->lock);
	adapter->past_sent += context->counters.sent;
	adapter->past_callbacks += context->counters.callbacks;
	spin_unlock(&context->lock);
	spin_unlock(&adapter->lock);
}

/**
 * miracast_context_free_id() - let another context have the number
 * @context: the context, erased and unlisted
 */
void miracast_context_free_id(struct miracast_context *context)
{
	ida_free(&ids, context->id);
}
