// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's half of bench/: see miracast_bench.h. A display driver whose
 * messages carry nothing of use, and the same traffic by other means.
 *
 * One file at a time, one ioctl at a time: bench_lock. But SERVE is the other side of one.
 */

#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/miracast.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/rcuwait.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/genetlink.h>
#include "miracast_bench.h"

/* Of every message: the adapter's, so that no other is needed. */
#define TIMEOUT_MS 30000

struct bench_adapter {
	struct miracast_adapter *adapter;
	struct miracast_handle handle;
};

/* What a run keeps count of. There is one, for a late netlink answer may come after it. */
struct bench_run {
	struct miracast_bench_run arg;
	struct miracast_handle handle;
	u8 *input;
	u8 *output;
	atomic_t to_send;
	atomic_t open;
	atomic_t failed;
	struct completion done;
};

/* held during an ioctl; callbacks do not need it */
static DEFINE_MUTEX(bench_lock);
static struct bench_adapter adapters[MIRACAST_BENCH_ADAPTERS];

static struct bench_run the_run;
/* Who answers, in the netlink comparison. */
static u32 daemon_portid;

static ntstatus_t bench_query_caps(void *driver_context, u32 caps_size, struct miracast_caps *caps)
{
	return STATUS_SUCCESS;
}

static ntstatus_t bench_create_context(void *driver_context,
				       const struct miracast_display_callbacks *callbacks,
				       void **miracast_context, u32 *target_id)
{
	struct bench_adapter *adapter = driver_context;

	adapter->handle = callbacks->miracast_handle;
	*miracast_context = adapter;
	*target_id = 0;
	return STATUS_SUCCESS;
}

static void bench_destroy_context(void *driver_context, void *miracast_context)
{
}

static const struct miracast_display_ops bench_ops = {
	.size = sizeof(struct miracast_display_ops),
	.query_caps = bench_query_caps,
	.create_context = bench_create_context,
	.destroy_context = bench_destroy_context,
};

static long change_adapter(struct miracast_bench_adapter *arg)
{
	struct miracast_adapter_desc desc = {
		.size = sizeof(struct miracast_adapter_desc),
		.name = "miracast_bench",
		.ops = &bench_ops,
		.max_contexts = 1,
		.max_slots = arg->max_slots,
		.max_message = arg->max_message,
		.timeout_ms = TIMEOUT_MS,
	};
	struct bench_adapter *adapter;
	u32 i;

	if (!arg->max_message) {
		if (arg->index >= MIRACAST_BENCH_ADAPTERS)
			return -EINVAL;
		for (i = 0; i < MIRACAST_BENCH_ADAPTERS; i++) {
			adapter = &adapters[i];
			if (!adapter->adapter ||
			    miracast_adapter_index(adapter->adapter) != arg->index)
				continue;
			miracast_unregister_adapter(adapter->adapter);
			adapter->adapter = NULL;
			return 0;
		}
		return -ENOENT;
	}
	for (i = 0; i < MIRACAST_BENCH_ADAPTERS && adapters[i].adapter; i++)
		;
	if (i == MIRACAST_BENCH_ADAPTERS)
		return -ENOSPC;
	adapter = &adapters[i];
	desc.driver_context = adapter;
	adapter->adapter = miracast_register_adapter(&desc);
	if (IS_ERR(adapter->adapter)) {
		long error = PTR_ERR(adapter->adapter);

		adapter->adapter = NULL;
		return error;
	}
	arg->index = miracast_adapter_index(adapter->adapter);
	return 0;
}

static struct bench_adapter *find_adapter(u32 index)
{
	u32 i;

	for (i = 0; i < MIRACAST_BENCH_ADAPTERS; i++)
		if (adapters[i].adapter && miracast_adapter_index(adapters[i].adapter) == index)
			return &adapters[i];
	return NULL;
}

static ntstatus_t send_one(struct bench_run *run, miracast_message_callback_t callback)
{
	return miracast_send_message(run->handle, run->arg.size, run->input, run->arg.size,
				     run->output, callback, run);
}

static void close_one(struct bench_run *run)
{
	if (atomic_dec_and_test(&run->open))
		complete(&run->done);
}

static void note_status(struct bench_run *run, const struct miracast_io_status *io_status)
{
	if (io_status->status != STATUS_SUCCESS || io_status->information != run->arg.size)
		atomic_inc(&run->failed);
}

static void chain_callback(void *callback_context, const struct miracast_io_status *io_status);

/* Sends the next message in the place of one that is over, if any is left. */
static void chain_next(struct bench_run *run)
{
	if (atomic_dec_return(&run->to_send) >= 0) {
		if (send_one(run, chain_callback) == STATUS_PENDING)
			return;
		atomic_inc(&run->failed);
	}
	close_one(run);
}

static void chain_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct bench_run *run = callback_context;

	note_status(run, io_status);
	chain_next(run);
}

static void batch_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct bench_run *run = callback_context;

	note_status(run, io_status);
	close_one(run);
}

static void park_callback(void *callback_context, const struct miracast_io_status *io_status)
{
}

static void run_sync(struct bench_run *run)
{
	struct miracast_handle handles[MIRACAST_BENCH_ADAPTERS];
	struct miracast_io_status io_status;
	struct bench_adapter *adapter;
	u32 n = run->arg.adapters;
	u32 i;

	for (i = 0; i < n; i++) {
		adapter = find_adapter(run->arg.index + i);
		handles[i] = adapter ? adapter->handle : (struct miracast_handle){};
	}
	for (i = 0; i < run->arg.count; i++) {
		if (!NT_ERROR(miracast_send_message_sync(handles[i % n], run->arg.size, run->input,
							 run->arg.size, run->output, TIMEOUT_MS,
							 &io_status)))
			note_status(run, &io_status);
		else
			atomic_inc(&run->failed);
	}
}

static void run_chain(struct bench_run *run)
{
	u32 i;

	atomic_set(&run->to_send, run->arg.count);
	atomic_set(&run->open, run->arg.in_flight);
	for (i = 0; i < run->arg.in_flight; i++)
		chain_next(run);
	wait_for_completion(&run->done);
}

static void run_batch(struct bench_run *run)
{
	u32 left = run->arg.count;
	u32 n, i;

	for (; left; left -= n) {
		n = min(left, run->arg.in_flight);
		atomic_set(&run->open, n);
		reinit_completion(&run->done);
		for (i = 0; i < n; i++) {
			if (send_one(run, batch_callback) != STATUS_PENDING) {
				atomic_inc(&run->failed);
				close_one(run);
			}
		}
		wait_for_completion(&run->done);
	}
}

/* These outlive the run, so they carry nothing. */
static void run_park(struct bench_run *run)
{
	u32 i;

	for (i = 0; i < run->arg.count; i++)
		if (miracast_send_message(run->handle, 0, NULL, 0, NULL, park_callback, NULL) !=
		    STATUS_PENDING)
			atomic_inc(&run->failed);
}

static long send_messages(struct bench_run *run)
{
	struct bench_adapter *adapter = find_adapter(run->arg.index);

	if (!adapter)
		return -ENOENT;
	run->handle = adapter->handle;
	switch (run->arg.mode) {
	case MIRACAST_BENCH_SYNC:
		if (!run->arg.adapters || run->arg.adapters > MIRACAST_BENCH_ADAPTERS)
			return -EINVAL;
		run_sync(run);
		return 0;
	case MIRACAST_BENCH_CHAIN:
		if (!run->arg.in_flight)
			return -EINVAL;
		run_chain(run);
		return 0;
	case MIRACAST_BENCH_BATCH:
		if (!run->arg.in_flight)
			return -EINVAL;
		run_batch(run);
		return 0;
	case MIRACAST_BENCH_PARK:
		run_park(run);
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * struct bench_peer - the other side of FLOOR
 * @wait: the peer, while it sleeps
 * @woken: it has been woken and has not answered yet
 */
struct bench_peer {
	struct rcuwait wait;
	bool woken;
};

static struct bench_peer peers[MIRACAST_BENCH_ADAPTERS];
/* The caller of FLOOR, while it sleeps. */
static struct rcuwait floor_wait;

static long run_floor(struct bench_run *run)
{
	u32 n = run->arg.adapters;
	struct bench_peer *peer;
	long error;
	u32 i;

	if (!n || n > MIRACAST_BENCH_ADAPTERS || run->arg.index > MIRACAST_BENCH_ADAPTERS - n)
		return -EINVAL;
	for (i = 0; i < run->arg.count; i++) {
		peer = &peers[run->arg.index + i % n];
		WRITE_ONCE(peer->woken, true);
		rcuwait_wake_up(&peer->wait);
		error = rcuwait_wait_event(&floor_wait, !READ_ONCE(peer->woken), TASK_KILLABLE);
		if (error)
			return error;
	}
	return 0;
}

static long serve_floor(unsigned long index)
{
	struct bench_peer *peer;

	if (index >= MIRACAST_BENCH_ADAPTERS)
		return -EINVAL;
	peer = &peers[array_index_nospec(index, MIRACAST_BENCH_ADAPTERS)];
	if (READ_ONCE(peer->woken)) {
		WRITE_ONCE(peer->woken, false);
		rcuwait_wake_up(&floor_wait);
	}
	return rcuwait_wait_event(&peer->wait, READ_ONCE(peer->woken), TASK_INTERRUPTIBLE);
}

static long copy_memory(struct bench_run *run)
{
	u32 i;

	for (i = 0; i < run->arg.count; i++) {
		memcpy(run->output, run->input, run->arg.size);
		barrier_data(run->output);
	}
	return 0;
}

static struct genl_family bench_family;

static int netlink_send(struct bench_run *run)
{
	u32 left = run->arg.size;
	struct sk_buff *skb;
	void *header;
	u32 n;

	skb = genlmsg_new(2 * nla_total_size(0) + ALIGN(left, NLA_ALIGNTO), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put(skb, 0, 0, &bench_family, 0, MIRACAST_BENCH_CMD_ECHO);
	if (!header)
		goto free;
	for (; left; left -= n) {
		n = min(left, MIRACAST_BENCH_DATA_MAX);
		if (nla_put(skb, MIRACAST_BENCH_ATTR_DATA, n, run->input + run->arg.size - left))
			goto free;
	}
	genlmsg_end(skb, header);
	return genlmsg_unicast(&init_net, skb, daemon_portid);
free:
	nlmsg_free(skb);
	return -EMSGSIZE;
}

/* As chain_next(), over netlink. With one in flight the sender waits for each. */
static void netlink_next(struct bench_run *run)
{
	if (atomic_dec_return(&run->to_send) >= 0) {
		if (!netlink_send(run))
			return;
		atomic_inc(&run->failed);
	}
	close_one(run);
}

static int netlink_hello(struct sk_buff *skb, struct genl_info *info)
{
	WRITE_ONCE(daemon_portid, info->snd_portid);
	return 0;
}

static int netlink_echo(struct sk_buff *skb, struct genl_info *info)
{
	struct bench_run *run = &the_run;
	struct nlattr *attr;
	u32 size = 0;
	int left;

	if (info->snd_portid != daemon_portid)
		return -EPERM;
	/* clang-format does not know that this is a loop. */
	/* clang-format off */
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		/* clang-format on */
		if (nla_type(attr) != MIRACAST_BENCH_ATTR_DATA ||
		    nla_len(attr) > run->arg.size - size)
			continue;
		memcpy(run->output + size, nla_data(attr), nla_len(attr));
		size += nla_len(attr);
	}
	if (size != run->arg.size)
		atomic_inc(&run->failed);
	if (run->arg.mode == MIRACAST_BENCH_SYNC)
		complete(&run->done);
	else
		netlink_next(run);
	return 0;
}

static const struct nla_policy bench_policy[MIRACAST_BENCH_ATTR_MAX + 1] = {
	[MIRACAST_BENCH_ATTR_DATA] = { .type = NLA_BINARY },
};

static const struct genl_small_ops bench_netlink_ops[] = {
	{
		.cmd = MIRACAST_BENCH_CMD_HELLO,
		.flags = GENL_ADMIN_PERM,
		.doit = netlink_hello,
	},
	{
		.cmd = MIRACAST_BENCH_CMD_ECHO,
		.flags = GENL_ADMIN_PERM,
		.doit = netlink_echo,
	},
};

static struct genl_family bench_family = {
	.name = MIRACAST_BENCH_FAMILY,
	.version = 1,
	.maxattr = MIRACAST_BENCH_ATTR_MAX,
	.policy = bench_policy,
	.module = THIS_MODULE,
	/* As any daemon's family would, so that two messages do not exclude each other. */
	.parallel_ops = true,
	.small_ops = bench_netlink_ops,
	.n_small_ops = ARRAY_SIZE(bench_netlink_ops),
	.resv_start_op = MIRACAST_BENCH_CMD_ECHO + 1,
};

static long netlink_messages(struct bench_run *run)
{
	long error = 0;
	u32 i;

	if (!daemon_portid)
		return -ENOTCONN;
	if (run->arg.mode == MIRACAST_BENCH_SYNC) {
		for (i = 0; i < run->arg.count && !error; i++) {
			error = netlink_send(run);
			if (!error && !wait_for_completion_timeout(&run->done, 20 * HZ))
				error = -ETIMEDOUT;
		}
	} else {
		atomic_set(&run->to_send, run->arg.count);
		atomic_set(&run->open, run->arg.in_flight);
		for (i = 0; i < run->arg.in_flight; i++)
			netlink_next(run);
		if (!wait_for_completion_timeout(&run->done, 20 * HZ))
			error = -ETIMEDOUT;
	}
	return error;
}

static long run_ioctl(unsigned int cmd, void __user *user)
{
	struct bench_run *run = &the_run;
	long error;

	if (copy_from_user(&run->arg, user, sizeof(run->arg)))
		return -EFAULT;
	if (run->arg.size > MIRACAST_BENCH_MAX_BYTES || run->arg.count > INT_MAX)
		return -EINVAL;
	atomic_set(&run->failed, 0);
	reinit_completion(&run->done);
	if (cmd == MIRACAST_BENCH_SEND)
		error = send_messages(run);
	else if (cmd == MIRACAST_BENCH_NETLINK)
		error = netlink_messages(run);
	else if (cmd == MIRACAST_BENCH_FLOOR)
		error = run_floor(run);
	else
		error = copy_memory(run);
	run->arg.failed = atomic_read(&run->failed);
	if (!error && copy_to_user(user, &run->arg, sizeof(run->arg)))
		error = -EFAULT;
	return error;
}

static long adapter_ioctl(void __user *user)
{
	struct miracast_bench_adapter arg;
	long error;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	error = change_adapter(&arg);
	if (!error && copy_to_user(user, &arg, sizeof(arg)))
		error = -EFAULT;
	return error;
}

static long bench_ioctl(struct file *filp, unsigned int cmd, unsigned long address)
{
	void __user *user = (void __user *)address;
	long error;

	if (cmd == MIRACAST_BENCH_SERVE)
		return serve_floor(address);
	error = mutex_lock_killable(&bench_lock);
	if (error)
		return error;
	switch (cmd) {
	case MIRACAST_BENCH_ADAPTER:
		error = adapter_ioctl(user);
		break;
	case MIRACAST_BENCH_SEND:
	case MIRACAST_BENCH_NETLINK:
	case MIRACAST_BENCH_MEMCPY:
	case MIRACAST_BENCH_FLOOR:
		error = run_ioctl(cmd, user);
		break;
	default:
		error = -ENOTTY;
		break;
	}
	mutex_unlock(&bench_lock);
	return error;
}

static unsigned long opened;

static int bench_open(struct inode *inode, struct file *filp)
{
	return test_and_set_bit(0, &opened) ? -EBUSY : 0;
}

static int bench_release(struct inode *inode, struct file *filp)
{
	u32 i;

	for (i = 0; i < MIRACAST_BENCH_ADAPTERS; i++)
		if (adapters[i].adapter)
			miracast_unregister_adapter(adapters[i].adapter);
	memset(adapters, 0, sizeof(adapters));
	clear_bit(0, &opened);
	return 0;
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = bench_open,
	.release = bench_release,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice bench_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "miracast_bench",
	.fops = &bench_fops,
	.mode = 0600,
};

static int __init bench_init(void)
{
	int error;
	u32 i;

	for (i = 0; i < MIRACAST_BENCH_ADAPTERS; i++)
		rcuwait_init(&peers[i].wait);
	rcuwait_init(&floor_wait);
	init_completion(&the_run.done);
	the_run.input = kvzalloc(2 * MIRACAST_BENCH_MAX_BYTES, GFP_KERNEL);
	if (!the_run.input)
		return -ENOMEM;
	the_run.output = the_run.input + MIRACAST_BENCH_MAX_BYTES;
	error = genl_register_family(&bench_family);
	if (error)
		goto free;
	error = misc_register(&bench_device);
	if (error)
		goto unregister;
	return 0;

unregister:
	genl_unregister_family(&bench_family);
free:
	kvfree(the_run.input);
	return error;
}

static void __exit bench_exit(void)
{
	misc_deregister(&bench_device);
	genl_unregister_family(&bench_family);
	kvfree(the_run.input);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Kernel half of the message channel's benchmark");
MODULE_LICENSE("GPL");
