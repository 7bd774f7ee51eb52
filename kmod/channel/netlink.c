// SPDX-License-Identifier: GPL-2.0
/* The generic-netlink family "miracast": dumps and events, for watching only. */

#include <net/genetlink.h>
#include "channel.h"
#include "netlink.h"

static struct genl_family family;

static void read_counters(struct miracast_context *context, struct miracast_counters *counters)
{
	spin_lock(&context->lock);
	*counters = context->counters;
	spin_unlock(&context->lock);
}

/*
 * Counters tell when the screen changes, so they are in dumps only, and there for CAP_NET_ADMIN;
 * events, which anybody may hear, have none.
 */
static bool may_see_counters(struct netlink_callback *cb)
{
	return netlink_capable(cb->skb, CAP_NET_ADMIN);
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

static int dump_adapters(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct miracast_adapter *adapter = NULL;
	bool counted = may_see_counters(cb);
	void *header;

	while ((adapter = miracast_adapter_next(adapter))) {
		/* args[0]: one more than the index that was dumped last */
		if (adapter->index < cb->args[0])
			continue;
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				     NLM_F_MULTI, MIRACAST_NL_CMD_ADAPTER_GET);
		if (!header || put_adapter(msg, adapter, counted)) {
			if (header)
				genlmsg_cancel(msg, header);
			put_device(&adapter->dev);
			break;
		}
		genlmsg_end(msg, header);
		cb->args[0] = adapter->index + 1;
	}
	return msg->len;
}

/* args[0]: index of the adapter in work; args[1]: one more than the last context's id */
static int dump_contexts_of(struct sk_buff *msg, struct netlink_callback *cb,
			    struct miracast_adapter *adapter)
{
	struct miracast_context *context = NULL;
	bool counted = may_see_counters(cb);
	void *header;

	if (adapter->index > cb->args[0])
		cb->args[1] = 0;
	cb->args[0] = adapter->index;
	while ((context = miracast_context_next(adapter, context))) {
		if (context->id < cb->args[1])
			continue;
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				     NLM_F_MULTI, MIRACAST_NL_CMD_CONTEXT_GET);
		if (!header || put_context(msg, context, counted)) {
			if (header)
				genlmsg_cancel(msg, header);
			miracast_context_put(context);
			return -EMSGSIZE;
		}
		genlmsg_end(msg, header);
		cb->args[1] = context->id + 1l;
	}
	return 0;
}

static int dump_contexts(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct miracast_adapter *adapter = NULL;

	while ((adapter = miracast_adapter_next(adapter))) {
		if (adapter->index < cb->args[0])
			continue;
		if (dump_contexts_of(msg, cb, adapter)) {
			put_device(&adapter->dev);
			break;
		}
	}
	return msg->len;
}

static const struct genl_ops ops[] = {
	{
		.cmd = MIRACAST_NL_CMD_ADAPTER_GET,
		.dumpit = dump_adapters,
	},
	{
		.cmd = MIRACAST_NL_CMD_CONTEXT_GET,
		.dumpit = dump_contexts,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = MIRACAST_NL_GROUP_EVENTS },
};

static struct genl_family family = {
	.name = MIRACAST_NL_FAMILY_NAME,
	.version = MIRACAST_NL_FAMILY_VERSION,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * miracast_nl_adapter_event() - tell the listeners of an adapter
 * @event: what happened
 * @adapter: to whom
 */
void miracast_nl_adapter_event(enum miracast_nl_event event, struct miracast_adapter *adapter)
{
	struct sk_buff *msg;
	void *header;

	if (!genl_has_listeners(&family, &init_net, 0))
		return;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return;
	header = genlmsg_put(msg, 0, 0, &family, 0, MIRACAST_NL_CMD_ADAPTER_NTF);
	if (!header || nla_put_u32(msg, MIRACAST_NL_ADAPTER_EVENT, event) ||
	    put_adapter(msg, adapter, false)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast(&family, msg, 0, 0, GFP_KERNEL);
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

	if (!genl_has_listeners(&family, &init_net, 0))
		return;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_NOWAIT);
	if (!msg)
		return;
	header = genlmsg_put(msg, 0, 0, &family, 0, MIRACAST_NL_CMD_CONTEXT_NTF);
	if (!header || nla_put_u32(msg, MIRACAST_NL_CONTEXT_EVENT, event) ||
	    nla_put_u32(msg, MIRACAST_NL_CONTEXT_COUNT, count) ||
	    put_context(msg, context, false)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast(&family, msg, 0, 0, GFP_NOWAIT);
}

int miracast_nl_init(void)
{
	return genl_register_family(&family);
}

void miracast_nl_exit(void)
{
	genl_unregister_family(&family);
}
