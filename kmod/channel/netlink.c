// SPDX-License-Identifier: GPL-2.0
/* The generic-netlink family "miracast": dumps and events, for watching only. */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include "channel.h"
#include "netlink.h"
#include "netlink-gen.h"

/**
 * struct dump - where a dump is, in netlink_callback.ctx
 * @adapter: the least index that is to be dumped yet
 * @context: the least id of a context of it
 * @only: the adapter that the request named, with a reference to its device; or NULL
 * @counted: the caller may see counters
 */
struct dump {
	u32 adapter;
	u32 context;
	struct miracast_adapter *only;
	bool counted;
};

static struct dump *dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump) > sizeof(cb->ctx));
	return (struct dump *)cb->ctx;
}

static void read_counters(struct miracast_context *context, struct miracast_counters *counters)
{
	spin_lock(&context->lock);
	*counters = context->counters;
	spin_unlock(&context->lock);
}

static int put_adapter(struct sk_buff *msg, struct miracast_adapter *adapter, bool counted)
{
	struct miracast_context *context;
	struct miracast_counters counters;
	u64 sent, callbacks;
	u32 contexts;

	/* A past context's counters are added under the same lock that unlists it. */
	spin_lock(&adapter->lock);
	sent = adapter->past_sent;
	callbacks = adapter->past_callbacks;
	contexts = adapter->nr_contexts;
	list_for_each_entry(context, &adapter->contexts, node) {
		read_counters(context, &counters);
		sent += counters.sent;
		callbacks += counters.callbacks;
	}
	spin_unlock(&adapter->lock);

	if (nla_put_u32(msg, MIRACAST_NL_ADAPTER_INDEX, adapter->index) ||
	    nla_put_string(msg, MIRACAST_NL_ADAPTER_NAME, adapter->name) ||
	    nla_put_u32(msg, MIRACAST_NL_ADAPTER_CONTEXTS, contexts) ||
	    nla_put_u32(msg, MIRACAST_NL_ADAPTER_MAX_CONTEXTS, adapter->desc.max_contexts) ||
	    nla_put_u32(msg, MIRACAST_NL_ADAPTER_MAX_SLOTS, adapter->desc.max_slots) ||
	    nla_put_u32(msg, MIRACAST_NL_ADAPTER_MAX_MESSAGE, adapter->desc.max_message) ||
	    nla_put_u32(msg, MIRACAST_NL_ADAPTER_TIMEOUT_MS, READ_ONCE(adapter->timeout_ms)) ||
	    nla_put_u32(msg, MIRACAST_NL_ADAPTER_WATCHDOG_MS, READ_ONCE(adapter->watchdog_ms)))
		return -EMSGSIZE;
	if (counted &&
	    (nla_put_u64_64bit(msg, MIRACAST_NL_ADAPTER_SENT, sent, MIRACAST_NL_ADAPTER_PAD) ||
	     nla_put_u64_64bit(msg, MIRACAST_NL_ADAPTER_CALLBACKS, callbacks,
			       MIRACAST_NL_ADAPTER_PAD)))
		return -EMSGSIZE;
	return 0;
}

static int put_counter(struct sk_buff *msg, int attr, u64 value)
{
	return nla_put_u64_64bit(msg, attr, value, MIRACAST_NL_CONTEXT_PAD);
}

static int put_counters(struct sk_buff *msg, struct miracast_context *context)
{
	struct miracast_counters c;
	u64 chunks, resets;
	unsigned long flags;

	read_counters(context, &c);
	spin_lock_irqsave(&context->chunk_lock, flags);
	chunks = context->chunks.queued;
	resets = context->chunks.resets;
	spin_unlock_irqrestore(&context->chunk_lock, flags);

	if (nla_put_u32(msg, MIRACAST_NL_CONTEXT_OPEN, READ_ONCE(context->nr_open)) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_WITH_DAEMON, READ_ONCE(context->nr_out)) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_SENT, c.sent) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_REFUSED, c.refused) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_OVERFLOWED, c.overflowed) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_DELIVERED, c.delivered) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_COMPLETED, c.completed) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_CANCELLED, c.cancelled) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_TIMED_OUT, c.timed_out) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_DISCONNECTED, c.disconnected) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_REMOVED, c.removed) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_CALLBACKS, c.callbacks) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_STALE, c.stale) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_REDELIVERED, c.redelivered) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_CHUNKS, chunks) ||
	    put_counter(msg, MIRACAST_NL_CONTEXT_CHUNK_RESETS, resets))
		return -EMSGSIZE;
	return 0;
}

static int put_context(struct sk_buff *msg, struct miracast_context *context, bool counted)
{
	if (nla_put_u32(msg, MIRACAST_NL_CONTEXT_ADAPTER, context->adapter->index) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_ID, context->id) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_TARGET, context->target_id) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_STATE, READ_ONCE(context->state)) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_FLAGS, READ_ONCE(context->state_flags)) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_STOP_REASON, READ_ONCE(context->stop_reason)) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_GENERATION, READ_ONCE(context->generation)) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_SLOTS, context->nr_slots))
		return -EMSGSIZE;
	return counted ? put_counters(msg, context) : 0;
}

/* The adapter that a descriptor of the caller's was opened of, with a reference to its device. */
static struct miracast_adapter *adapter_of_descriptor(u32 fd)
{
	struct miracast_adapter *adapter = NULL;
	struct file *file = fget(fd);
	struct inode *inode;

	if (!file)
		return ERR_PTR(-EBADF);
	inode = file_inode(file);
	if (S_ISCHR(inode->i_mode))
		while ((adapter = miracast_adapter_next(adapter)))
			if (READ_ONCE(inode->i_cdev) == &adapter->cdev)
				break;
	fput(file);
	return adapter ?: ERR_PTR(-ENODEV);
}

/*
 * Counters tell when the screen changes, so they are in dumps only; events, which anybody may
 * hear, have none. They are for CAP_NET_ADMIN, and for who has the adapter's device open: that
 * is the group which the service's udev rule gives it to.
 */
static int dump_start(struct netlink_callback *cb, int device_attr)
{
	const struct nlattr *device = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, device_attr);
	struct dump *dump = dump_of(cb);
	struct miracast_adapter *adapter;

	if (device) {
		adapter = adapter_of_descriptor(nla_get_u32(device));
		if (IS_ERR(adapter))
			return PTR_ERR(adapter);
		dump->only = adapter;
	}
	dump->counted = device || netlink_capable(cb->skb, CAP_NET_ADMIN);
	return 0;
}

int miracast_nl_adapter_dump_start(struct netlink_callback *cb)
{
	return dump_start(cb, MIRACAST_NL_ADAPTER_DEVICE);
}

int miracast_nl_context_dump_start(struct netlink_callback *cb)
{
	return dump_start(cb, MIRACAST_NL_CONTEXT_DEVICE);
}

int miracast_nl_dump_done(struct netlink_callback *cb)
{
	struct dump *dump = dump_of(cb);

	if (dump->only)
		put_device(&dump->only->dev);
	return 0;
}

static bool is_asked_for(const struct dump *dump, const struct miracast_adapter *adapter)
{
	return adapter->index >= dump->adapter && (!dump->only || adapter == dump->only);
}

int miracast_nl_adapter_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct miracast_adapter *adapter = NULL;
	struct dump *dump = dump_of(cb);
	void *header;

	while ((adapter = miracast_adapter_next(adapter))) {
		if (!is_asked_for(dump, adapter))
			continue;
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				     &miracast_nl_family, NLM_F_MULTI, MIRACAST_NL_CMD_ADAPTER_GET);
		if (!header || put_adapter(msg, adapter, dump->counted)) {
			if (header)
				genlmsg_cancel(msg, header);
			put_device(&adapter->dev);
			break;
		}
		genlmsg_end(msg, header);
		dump->adapter = adapter->index + 1;
	}
	return msg->len;
}

static int dump_contexts_of(struct sk_buff *msg, struct netlink_callback *cb,
			    struct miracast_adapter *adapter)
{
	struct miracast_context *context = NULL;
	struct dump *dump = dump_of(cb);
	void *header;

	if (adapter->index > dump->adapter)
		dump->context = 0;
	dump->adapter = adapter->index;
	while ((context = miracast_context_next(adapter, context))) {
		if (context->id < dump->context)
			continue;
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				     &miracast_nl_family, NLM_F_MULTI, MIRACAST_NL_CMD_CONTEXT_GET);
		if (!header || put_context(msg, context, dump->counted)) {
			if (header)
				genlmsg_cancel(msg, header);
			miracast_context_put(context);
			return -EMSGSIZE;
		}
		genlmsg_end(msg, header);
		dump->context = context->id + 1;
	}
	return 0;
}

int miracast_nl_context_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct miracast_adapter *adapter = NULL;

	while ((adapter = miracast_adapter_next(adapter))) {
		if (!is_asked_for(dump_of(cb), adapter))
			continue;
		if (dump_contexts_of(msg, cb, adapter)) {
			put_device(&adapter->dev);
			break;
		}
	}
	return msg->len;
}

/**
 * miracast_nl_adapter_event() - tell the listeners of an adapter
 * @event: what happened
 * @adapter: to whom
 */
void miracast_nl_adapter_event(enum miracast_nl_event event, struct miracast_adapter *adapter)
{
	struct sk_buff *msg;
	void *header;

	if (!genl_has_listeners(&miracast_nl_family, &init_net, MIRACAST_NLGRP_EVENTS))
		return;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return;
	header = genlmsg_put(msg, 0, 0, &miracast_nl_family, 0, MIRACAST_NL_CMD_ADAPTER_NTF);
	if (!header || nla_put_u32(msg, MIRACAST_NL_ADAPTER_EVENT, event) ||
	    put_adapter(msg, adapter, false)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast(&miracast_nl_family, msg, 0, MIRACAST_NLGRP_EVENTS, GFP_KERNEL);
}

/**
 * miracast_nl_context_event() - tell the listeners of a context
 * @event: what happened
 * @context: to whom
 * @count: to how many messages
 *
 * Also from within RCU sections, so it never sleeps. Without memory the event is
 * lost; the counters are not.
 */
void miracast_nl_context_event(enum miracast_nl_event event, struct miracast_context *context,
			       u32 count)
{
	struct sk_buff *msg;
	void *header;

	if (!genl_has_listeners(&miracast_nl_family, &init_net, MIRACAST_NLGRP_EVENTS))
		return;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_NOWAIT);
	if (!msg)
		return;
	header = genlmsg_put(msg, 0, 0, &miracast_nl_family, 0, MIRACAST_NL_CMD_CONTEXT_NTF);
	if (!header || nla_put_u32(msg, MIRACAST_NL_CONTEXT_EVENT, event) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_COUNT, count) ||
	    put_context(msg, context, false)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast(&miracast_nl_family, msg, 0, MIRACAST_NLGRP_EVENTS, GFP_NOWAIT);
}

int __init miracast_nl_init(void)
{
	/* The generator says yes: but adapters are the machine's, and no container's. */
	miracast_nl_family.netnsok = false;
	return genl_register_family(&miracast_nl_family);
}

void miracast_nl_exit(void)
{
	genl_unregister_family(&miracast_nl_family);
}
