// SPDX-License-Identifier: GPL-2.0
/*
 * A display driver (miniport) without a display: it does what a selftest tells it
 * through /dev/miracast_test, and notes what the channel does to it.
 *
 * Messages live until the file is closed, so that a second callback of one that
 * is over would be seen, not crash. Lock order: test_file.lock, then nothing; the
 * channel's functions are called without it.
 */

#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/miracast.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include "miracast_test.h"

#define MAX_TARGETS 32
#define MAX_BUFFER  (2u << 20)

/* Everything a callback needs, freed when the file is closed. */
struct test_message {
	struct list_head node;
	struct test_file *file;
	struct test_adapter *adapter;
	u32 target;
	u64 cookie;
	u32 flags;
	u32 input_size;
	u32 output_size;
	u8 *input;
	u8 *output;
	bool released;
	bool returned;
	u32 callbacks;
	u32 order;
	bool atomic;
	bool before_return;
	bool context_ok;
	ntstatus_t resend_status;
	u32 first_word;
	struct miracast_io_status io_status;
};

/* One of BURST's: small, for there are a hundred thousand of them. */
struct burst_message {
	struct test_adapter *adapter;
	atomic_t callbacks;
	u8 input[MIRACAST_TEST_BURST_SIZE];
	u8 output[MIRACAST_TEST_BURST_SIZE];
};

struct burst {
	struct list_head node;
	struct burst_message messages[];
};

struct test_target {
	struct miracast_handle handle;
	struct miracast_line line; /* also that of the context before */
	bool live;
	atomic_t inside; /* session_state */
	struct miracast_test_told told;
};

struct test_adapter {
	struct list_head node;
	struct test_file *file;
	struct miracast_adapter *adapter;
	u32 index;
	struct miracast_caps caps;
	ntstatus_t query_caps_status;
	struct miracast_test_behaviour behaviour;
	struct test_target targets[MAX_TARGETS];
	u32 max_contexts;
	atomic_t inside;
	/* protects counters */
	spinlock_t lock;
	struct miracast_test_counters counters;
};

struct test_file {
	/* protects the lists, the messages' results and the adapters' targets */
	struct mutex lock;
	struct list_head adapters;
	struct list_head messages;
	struct list_head bursts;
	u64 cookies;
	u32 order;
	wait_queue_head_t wait;
};

/* The file whose callback context is NULL: one message at a time, for statement 5. */
static struct test_message *null_context_message;

static void count_callback(struct test_adapter *adapter, ntstatus_t status)
{
	spin_lock(&adapter->lock);
	adapter->counters.callbacks++;
	if (status == STATUS_CANCELLED)
		adapter->counters.cancelled++;
	else if (status == STATUS_IO_TIMEOUT)
		adapter->counters.timed_out++;
	else if (status == STATUS_CONNECTION_DISCONNECTED)
		adapter->counters.disconnected++;
	else if (status == STATUS_DEVICE_REMOVED)
		adapter->counters.removed++;
	else if (status == STATUS_REQUEST_CANCELED)
		adapter->counters.replaced++;
	else if (NT_SUCCESS(status))
		adapter->counters.success++;
	else
		adapter->counters.other++;
	spin_unlock(&adapter->lock);
}

static void count_send(struct test_adapter *adapter, ntstatus_t status)
{
	spin_lock(&adapter->lock);
	if (status == STATUS_PENDING)
		adapter->counters.accepted++;
	else
		adapter->counters.refused++;
	spin_unlock(&adapter->lock);
}

static void plain_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	count_callback(callback_context, io_status->status);
}

static void message_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct test_message *message = callback_context ?: READ_ONCE(null_context_message);
	bool atomic = preempt_count() || irqs_disabled() || rcu_preempt_depth();
	struct test_adapter *adapter = message->adapter;
	struct test_file *file = message->file;
	ntstatus_t status;

	might_sleep();
	if (message->output_size >= sizeof(message->first_word))
		memcpy(&message->first_word, message->output, sizeof(message->first_word));
	count_callback(adapter, io_status->status);
	if (message->flags & MIRACAST_TEST_UNREGISTER)
		miracast_unregister_adapter(adapter->adapter);
	if (message->flags & MIRACAST_TEST_BLOCK)
		wait_event_timeout(file->wait, READ_ONCE(message->released), 20 * HZ);
	if (message->flags & MIRACAST_TEST_RESEND) {
		status = miracast_send_message(adapter->targets[message->target].handle, 0, NULL, 0,
					       NULL, plain_callback, adapter);
		count_send(adapter, status);
		message->resend_status = status;
	}

	mutex_lock(&file->lock);
	message->io_status = *io_status;
	message->atomic = atomic;
	message->order = ++file->order;
	message->before_return = !message->returned;
	message->context_ok = !(message->flags & MIRACAST_TEST_NULL_CONTEXT) == !!callback_context;
	WRITE_ONCE(message->callbacks, message->callbacks + 1);
	if (!adapter->targets[message->target].live) {
		spin_lock(&adapter->lock);
		adapter->counters.callbacks_after_destroy++;
		spin_unlock(&adapter->lock);
	}
	mutex_unlock(&file->lock);
	wake_up_all(&file->wait);
}

static void enter_ddi(struct test_adapter *adapter)
{
	if (atomic_inc_return(&adapter->inside) != 1) {
		spin_lock(&adapter->lock);
		adapter->counters.overlaps++;
		spin_unlock(&adapter->lock);
	}
}

static void leave_ddi(struct test_adapter *adapter)
{
	atomic_dec(&adapter->inside);
}

static ntstatus_t test_query_caps(void *driver_context, u32 caps_size, struct miracast_caps *caps)
{
	struct test_adapter *adapter = driver_context;

	adapter->counters.query_caps++;
	if (caps_size < sizeof(*caps))
		return STATUS_BUFFER_TOO_SMALL;
	*caps = adapter->caps;
	return adapter->query_caps_status;
}

static void send_plain(struct test_adapter *adapter, struct miracast_handle handle, u32 n)
{
	ntstatus_t status;

	while (n--) {
		status = miracast_send_message(handle, 0, NULL, 0, NULL, plain_callback, adapter);
		count_send(adapter, status);
	}
}

static ntstatus_t test_create_context(void *driver_context,
				      const struct miracast_display_callbacks *callbacks,
				      void **miracast_context, u32 *target_id)
{
	struct test_adapter *adapter = driver_context;
	struct test_target *target = NULL;
	u32 i;

	enter_ddi(adapter);
	adapter->counters.creates++;
	for (i = 0; i < adapter->max_contexts && !target; i++)
		if (!adapter->targets[i].live)
			target = &adapter->targets[i];
	if (!NT_ERROR(adapter->behaviour.create_status) && target) {
		target->handle = callbacks->miracast_handle;
		target->told = (struct miracast_test_told){};
		WRITE_ONCE(target->live, true);
	}
	send_plain(adapter, callbacks->miracast_handle, adapter->behaviour.create_sends);
	*miracast_context = target;
	*target_id = target ? target - adapter->targets : 0;
	leave_ddi(adapter);
	return target ? adapter->behaviour.create_status : STATUS_RESOURCE_IN_USE;
}

static void test_destroy_context(void *driver_context, void *miracast_context)
{
	struct test_adapter *adapter = driver_context;
	struct test_target *target = miracast_context;

	enter_ddi(adapter);
	adapter->counters.destroys++;
	send_plain(adapter, target->handle, adapter->behaviour.destroy_sends);
	/* A callback after this is an error of the channel, counted in the callback. */
	WRITE_ONCE(target->live, false);
	leave_ddi(adapter);
}

static void test_session_state(void *driver_context, void *miracast_context,
			       const struct miracast_session_info *info)
{
	bool atomic = preempt_count() || irqs_disabled() || rcu_preempt_depth();
	struct test_adapter *adapter = driver_context;
	struct test_target *target = miracast_context;
	struct miracast_test_told *told = &target->told;
	bool overlaps = atomic_inc_return(&target->inside) != 1;
	bool late;

	might_sleep();
	if (told->count < MIRACAST_TEST_TOLD_STATES)
		told->states[told->count] = info->state;
	told->slots = info->slots;
	told->max_message = info->max_message;
	told->atomic |= atomic;
	WRITE_ONCE(told->count, told->count + 1);
	send_plain(adapter, target->handle, adapter->behaviour.told_sends);
	if (adapter->behaviour.told_unregisters)
		miracast_unregister_adapter(adapter->adapter);
	msleep(adapter->behaviour.told_ms);
	late = !READ_ONCE(target->live) || info->size != sizeof(*info);
	atomic_dec(&target->inside);

	spin_lock(&adapter->lock);
	adapter->counters.overlaps += overlaps;
	adapter->counters.callbacks_after_destroy += late;
	spin_unlock(&adapter->lock);
}

static atomic_t live_files = ATOMIC_INIT(0);

static int test_file_release(struct inode *inode, struct file *filp)
{
	atomic_dec(&live_files);
	return 0;
}

static const struct file_operations test_handed_fops = {
	.owner = THIS_MODULE,
	.release = test_file_release,
};

static ntstatus_t hand_out_files(struct test_target *target, u32 n, void *output,
				 u32 *bytes_returned)
{
	struct file *file;
	s32 *numbers = output;
	u32 i;

	for (i = 0; i < n; i++) {
		file = anon_inode_getfile("[miracast_test]", &test_handed_fops, NULL, O_RDONLY);
		if (IS_ERR(file))
			return STATUS_NO_MEMORY;
		atomic_inc(&live_files);
		numbers[i] = miracast_io_control_add_file(target->handle, file);
		if (numbers[i] < 0) {
			fput(file);
			return STATUS_INSUFFICIENT_RESOURCES;
		}
		*bytes_returned += sizeof(*numbers);
	}
	return STATUS_SUCCESS;
}

static ntstatus_t control(struct test_adapter *adapter, struct test_target *target, u32 input_size,
			  const void *input, u32 output_size, void *output, u32 *bytes_returned)
{
	const struct miracast_test_control *request = input;
	ntstatus_t status;
	u32 *words = output;
	u32 i;

	if (input_size < sizeof(*request))
		return STATUS_INVALID_PARAMETER;
	switch (request->code) {
	case MIRACAST_TEST_CTL_ECHO:
		if (output_size < input_size)
			return STATUS_BUFFER_TOO_SMALL;
		for (i = 0; i < input_size; i++)
			((u8 *)output)[i] = ~((const u8 *)input)[i];
		*bytes_returned = input_size;
		return STATUS_SUCCESS;
	case MIRACAST_TEST_CTL_STATUS:
		*bytes_returned = output_size;
		return MIRACAST_NTSTATUS(request->value);
	case MIRACAST_TEST_CTL_CLAIM:
		*bytes_returned = request->value;
		return STATUS_SUCCESS;
	case MIRACAST_TEST_CTL_PID:
		if (output_size < 2 * sizeof(u32))
			return STATUS_BUFFER_TOO_SMALL;
		words[0] = current->tgid;
		words[1] = current->pid;
		*bytes_returned = 2 * sizeof(u32);
		return STATUS_SUCCESS;
	case MIRACAST_TEST_CTL_SLEEP:
		msleep_interruptible(min(request->value, 10000u));
		return STATUS_SUCCESS;
	case MIRACAST_TEST_CTL_SEND_SYNC:
		if (output_size < sizeof(u32))
			return STATUS_BUFFER_TOO_SMALL;
		status = miracast_send_message_sync(target->handle, 0, NULL, 0, NULL,
						    request->value, NULL);
		words[0] = MIRACAST_NTSTATUS_VALUE(status);
		*bytes_returned = sizeof(u32);
		return STATUS_SUCCESS;
	case MIRACAST_TEST_CTL_FILES:
	case MIRACAST_TEST_CTL_FILES_BAD:
		if (output_size / sizeof(s32) < request->value)
			return STATUS_BUFFER_TOO_SMALL;
		status = hand_out_files(target, request->value, output, bytes_returned);
		return request->code == MIRACAST_TEST_CTL_FILES ? status : STATUS_UNSUCCESSFUL;
	case MIRACAST_TEST_CTL_UNREGISTER:
		miracast_unregister_adapter(NULL);
		miracast_unregister_adapter(adapter->adapter);
		return STATUS_SUCCESS;
	case MIRACAST_TEST_CTL_SEND:
		send_plain(adapter, target->handle, request->value);
		return STATUS_SUCCESS;
	default:
		return STATUS_NOT_SUPPORTED;
	}
}

static ntstatus_t test_io_control(void *driver_context, void *miracast_context, u32 input_size,
				  const void *input, u32 output_size, void *output,
				  u32 *bytes_returned)
{
	struct test_adapter *adapter = driver_context;
	struct test_target *target = miracast_context;
	ntstatus_t status;

	enter_ddi(adapter);
	adapter->counters.io_controls++;
	if (!target->live)
		adapter->counters.io_controls_after_destroy++;
	status = control(adapter, target, input_size, input, output_size, output, bytes_returned);
	leave_ddi(adapter);
	return status;
}

static const struct miracast_display_ops test_ops = {
	.size = sizeof(struct miracast_display_ops),
	.query_caps = test_query_caps,
	.create_context = test_create_context,
	.io_control = test_io_control,
	.destroy_context = test_destroy_context,
	.session_state = test_session_state,
};

/* What a driver says that was built with another header. */
struct other_header {
	struct {
		struct miracast_adapter_desc desc;
		u8 tail[MIRACAST_TEST_LONGER];
	} desc;
	struct {
		struct miracast_display_ops ops;
		u8 tail[MIRACAST_TEST_LONGER];
	} ops;
};

static void change_sizes(struct other_header *header, const struct miracast_test_adapter *arg)
{
	header->desc.desc.size += arg->desc_longer;
	if (arg->desc_longer > 0)
		header->desc.tail[arg->desc_longer - 1] = arg->tail;
	header->ops.ops.size += arg->ops_longer;
	if (arg->ops_longer > 0)
		header->ops.tail[arg->ops_longer - 1] = arg->tail;
}

static struct test_adapter *find_adapter(struct test_file *file, u32 index)
{
	struct test_adapter *adapter;

	lockdep_assert_held(&file->lock);
	list_for_each_entry(adapter, &file->adapters, node)
		if (adapter->index == index)
			return adapter;
	return NULL;
}

/* An adapter stays, so that its counters can be read, but is not registered any more. */
static struct test_adapter *get_adapter(struct test_file *file, u32 index)
{
	struct test_adapter *adapter;

	mutex_lock(&file->lock);
	adapter = find_adapter(file, index);
	mutex_unlock(&file->lock);
	return adapter;
}

static long add_adapter(struct test_file *file, void __user *user)
{
	struct other_header header = { .ops.ops = test_ops };
	struct miracast_test_adapter arg;
	struct test_adapter *adapter;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.desc_longer > MIRACAST_TEST_LONGER || arg.ops_longer > MIRACAST_TEST_LONGER)
		return -EINVAL;
	adapter = kzalloc(sizeof(*adapter), GFP_KERNEL);
	if (!adapter)
		return -ENOMEM;
	spin_lock_init(&adapter->lock);
	adapter->file = file;
	adapter->max_contexts = min_t(u32, arg.max_contexts, MAX_TARGETS);
	adapter->caps.max_chunk_private_driver_data_size = arg.max_private;
	adapter->caps.flags = arg.caps_flags;
	adapter->query_caps_status = arg.query_caps_status;
	if (arg.no_io_control)
		header.ops.ops.io_control = NULL;
	header.desc.desc = (struct miracast_adapter_desc){
		.size = sizeof(struct miracast_adapter_desc),
		.name = "miracast_test",
		.ops = &header.ops.ops,
		.driver_context = adapter,
		.max_contexts = arg.max_contexts,
		.max_slots = arg.max_slots,
		.max_message = arg.max_message,
		.max_io_control = arg.max_io_control,
		.max_chunks = arg.max_chunks,
		.timeout_ms = arg.timeout_ms,
	};
	change_sizes(&header, &arg);
	adapter->adapter = miracast_register_adapter(&header.desc.desc);
	if (IS_ERR(adapter->adapter)) {
		long error = PTR_ERR(adapter->adapter);

		kfree(adapter);
		return error;
	}
	adapter->index = miracast_adapter_index(adapter->adapter);
	arg.index = adapter->index;
	mutex_lock(&file->lock);
	/* In front: a number is used again when its adapter has been removed. */
	list_add(&adapter->node, &file->adapters);
	mutex_unlock(&file->lock);
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static long remove_adapter(struct test_file *file, u32 __user *user)
{
	struct miracast_adapter *registered = NULL;
	struct test_adapter *adapter;
	u32 index;

	if (get_user(index, user))
		return -EFAULT;
	mutex_lock(&file->lock);
	adapter = find_adapter(file, index);
	if (adapter)
		swap(registered, adapter->adapter);
	mutex_unlock(&file->lock);
	if (!registered)
		return -ENOENT;
	miracast_unregister_adapter(registered);
	return 0;
}

static long behave(struct test_file *file, void __user *user)
{
	struct miracast_test_behaviour arg;
	struct test_adapter *adapter;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	adapter = get_adapter(file, arg.index);
	if (!adapter)
		return -ENOENT;
	adapter->behaviour = arg;
	return 0;
}

static void free_message(struct test_message *message)
{
	kvfree(message->input);
	kvfree(message->output);
	kfree(message);
}

static struct test_message *alloc_message(struct test_file *file,
					  const struct miracast_test_send *arg)
{
	struct test_message *message;

	if (arg->input_size > MAX_BUFFER || arg->output_size > MAX_BUFFER)
		return ERR_PTR(-EINVAL);
	message = kzalloc(sizeof(*message), GFP_KERNEL);
	if (!message)
		return ERR_PTR(-ENOMEM);
	message->file = file;
	message->flags = arg->flags;
	message->target = arg->target;
	message->input_size = arg->input_size;
	message->output_size = arg->output_size;
	message->input = kvmalloc(arg->input_size + 1, GFP_KERNEL);
	message->output = kvmalloc(arg->output_size + MIRACAST_TEST_GUARD, GFP_KERNEL);
	if (!message->input || !message->output) {
		free_message(message);
		return ERR_PTR(-ENOMEM);
	}
	memset(message->output, MIRACAST_TEST_POISON, arg->output_size + MIRACAST_TEST_GUARD);
	if (!(arg->flags & MIRACAST_TEST_NULL_INPUT) &&
	    copy_from_user(message->input, u64_to_user_ptr(arg->input), arg->input_size)) {
		free_message(message);
		return ERR_PTR(-EFAULT);
	}
	return message;
}

static ntstatus_t call_send(struct test_message *message, struct miracast_handle handle,
			    const struct miracast_test_send *arg)
{
	struct miracast_line *line = &message->adapter->targets[message->target].line;
	const void *input = arg->flags & MIRACAST_TEST_NULL_INPUT ? NULL : message->input;
	void *output = arg->flags & MIRACAST_TEST_NULL_OUTPUT ? NULL : message->output;
	void *context = arg->flags & MIRACAST_TEST_NULL_CONTEXT ? NULL : message;
	miracast_message_callback_t callback = message_callback;

	if (arg->flags & MIRACAST_TEST_NO_CALLBACK)
		callback = NULL;
	if (arg->flags & MIRACAST_TEST_LATEST)
		return miracast_send_message_latest(handle, line, arg->input_size, input,
						    arg->output_size, output, callback, context);
	return miracast_send_message(handle, arg->input_size, input, arg->output_size, output,
				     callback, context);
}

struct send_work {
	struct irq_work work;
	struct test_message *message;
	struct miracast_handle handle;
	struct miracast_test_send *arg;
};

static void send_irq(struct irq_work *irq_work)
{
	struct send_work *work = container_of(irq_work, struct send_work, work);

	work->arg->status = call_send(work->message, work->handle, work->arg);
}

static void send_in_hardirq(struct test_message *message, struct miracast_handle handle,
			    struct miracast_test_send *arg)
{
	struct send_work work = { .message = message, .handle = handle, .arg = arg };

	work.work = IRQ_WORK_INIT_HARD(send_irq);
	irq_work_queue(&work.work);
	irq_work_sync(&work.work);
}

static void send_async(struct test_message *message, struct miracast_handle handle,
		       struct miracast_test_send *arg)
{
	if (arg->flags & MIRACAST_TEST_NULL_CONTEXT)
		WRITE_ONCE(null_context_message, message);
	if (arg->flags & MIRACAST_TEST_ATOMIC) {
		spin_lock(&message->adapter->lock);
		arg->status = call_send(message, handle, arg);
		spin_unlock(&message->adapter->lock);
	} else if (arg->flags & MIRACAST_TEST_HARDIRQ) {
		send_in_hardirq(message, handle, arg);
	} else if (arg->flags & MIRACAST_TEST_IRQS_OFF) {
		local_irq_disable();
		arg->status = call_send(message, handle, arg);
		local_irq_enable();
	} else {
		arg->status = call_send(message, handle, arg);
	}
	if (!(arg->flags & MIRACAST_TEST_NO_CALLBACK))
		count_send(message->adapter, arg->status);
	mutex_lock(&message->file->lock);
	message->returned = true;
	mutex_unlock(&message->file->lock);
	if (arg->flags & MIRACAST_TEST_SCRIBBLE)
		memset(message->input, 0xee, arg->input_size);
}

static void send_sync(struct test_message *message, struct miracast_handle handle,
		      struct miracast_test_send *arg)
{
	/* No message ends with this one: it stays if the message is refused. */
	struct miracast_io_status io_status = { .status = STATUS_PENDING };
	bool accepted;

	arg->status = miracast_send_message_sync(handle, arg->input_size, message->input,
						 arg->output_size, message->output, arg->timeout_ms,
						 &io_status);
	accepted = io_status.status != STATUS_PENDING;
	arg->sync_status = io_status.status;
	arg->sync_information = io_status.information;
	message->io_status = io_status;
	count_send(message->adapter, accepted ? STATUS_PENDING : arg->status);
	if (accepted)
		count_callback(message->adapter, io_status.status);
}

static long send_one(struct test_file *file, void __user *user)
{
	struct miracast_test_send arg;
	struct miracast_handle handle;
	struct test_message *message;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.target >= MAX_TARGETS)
		return -EINVAL;
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) &&
	    arg.flags & (MIRACAST_TEST_HARDIRQ | MIRACAST_TEST_IRQS_OFF))
		return -EOPNOTSUPP;
	message = alloc_message(file, &arg);
	if (IS_ERR(message))
		return PTR_ERR(message);
	message->adapter = get_adapter(file, arg.index);
	if (!message->adapter) {
		free_message(message);
		return -ENOENT;
	}
	handle = message->adapter->targets[arg.target].handle;
	if (arg.flags & MIRACAST_TEST_FORGED_HANDLE)
		handle.token ^= 0x1234567800000000ull;

	mutex_lock(&file->lock);
	message->cookie = ++file->cookies;
	list_add_tail(&message->node, &file->messages);
	mutex_unlock(&file->lock);

	if (arg.timeout_ms)
		send_sync(message, handle, &arg);
	else
		send_async(message, handle, &arg);
	arg.cookie = message->cookie;
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

/* Messages are not freed before the file is: the pointer stays good. */
static struct test_message *find_message(struct test_file *file, u64 cookie)
{
	struct test_message *message, *found = NULL;

	mutex_lock(&file->lock);
	list_for_each_entry(message, &file->messages, node)
		if (message->cookie == cookie)
			found = message;
	mutex_unlock(&file->lock);
	return found;
}

static long get_result(struct test_file *file, void __user *user)
{
	struct miracast_test_result arg;
	struct test_message *message;
	long left;
	u32 i;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	message = find_message(file, arg.cookie);
	if (!message)
		return -ENOENT;
	left = wait_event_interruptible_timeout(file->wait, READ_ONCE(message->callbacks),
						msecs_to_jiffies(arg.timeout_ms));
	if (left < 0)
		return left;

	mutex_lock(&file->lock);
	arg.callbacks = message->callbacks;
	arg.status = message->io_status.status;
	arg.information = message->io_status.information;
	arg.context_ok = message->context_ok;
	arg.atomic = message->atomic;
	arg.before_return = message->before_return;
	arg.order = message->order;
	arg.resend_status = MIRACAST_NTSTATUS_VALUE(message->resend_status);
	arg.first_word = message->first_word;
	mutex_unlock(&file->lock);
	arg.guard_ok = 1;
	for (i = 0; i < MIRACAST_TEST_GUARD; i++)
		if (message->output[message->output_size + i] != MIRACAST_TEST_POISON)
			arg.guard_ok = 0;
	if (arg.output_size && copy_to_user(u64_to_user_ptr(arg.output), message->output,
					    min(arg.output_size, message->output_size)))
		return -EFAULT;
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static long release_callback(struct test_file *file, void __user *user)
{
	struct miracast_test_release arg;
	struct test_message *message;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	message = find_message(file, arg.cookie);
	if (!message)
		return -ENOENT;
	WRITE_ONCE(message->released, true);
	wake_up_all(&file->wait);
	return 0;
}

struct chunk_work {
	struct irq_work work;
	struct miracast_handle handle;
	struct miracast_test_chunk *arg;
	void *private_data;
};

static void do_chunk(struct chunk_work *work)
{
	struct miracast_test_chunk *arg = work->arg;

	arg->in_hardirq = !!in_hardirq();
	if (arg->report)
		arg->status = miracast_report_chunk_info(work->handle, &arg->info,
							 work->private_data, arg->private_size);
	else
		arg->status = miracast_complete_chunk(work->handle, &arg->info, work->private_data,
						      arg->private_size);
}

static void chunk_irq(struct irq_work *work)
{
	do_chunk(container_of(work, struct chunk_work, work));
}

static long chunk(struct test_file *file, void __user *user)
{
	struct miracast_test_chunk arg;
	struct test_adapter *adapter;
	struct chunk_work work = { .arg = &arg };
	long error = 0;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	adapter = get_adapter(file, arg.index);
	if (!adapter || arg.target >= MAX_TARGETS)
		return -ENOENT;
	work.handle = adapter->targets[arg.target].handle;
	if (arg.private_data) {
		work.private_data =
			vmemdup_user(u64_to_user_ptr(arg.private_data), arg.private_size);
		if (IS_ERR(work.private_data))
			return PTR_ERR(work.private_data);
	}
	if (arg.hardirq) {
		init_irq_work(&work.work, chunk_irq);
		irq_work_queue(&work.work);
		irq_work_sync(&work.work);
	} else {
		do_chunk(&work);
	}
	kvfree(work.private_data);
	if (copy_to_user(user, &arg, sizeof(arg)))
		error = -EFAULT;
	return error;
}

static long get_counters(struct test_file *file, void __user *user)
{
	struct miracast_test_counters arg;
	struct test_adapter *adapter;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	adapter = get_adapter(file, arg.index);
	if (!adapter)
		return -ENOENT;
	spin_lock(&adapter->lock);
	adapter->counters.index = adapter->index;
	arg = adapter->counters;
	spin_unlock(&adapter->lock);
	arg.files = atomic_read(&live_files);
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static long get_told(struct test_file *file, void __user *user)
{
	struct miracast_test_told arg;
	struct test_adapter *adapter;
	u32 index, target;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	index = arg.index;
	target = arg.target;
	adapter = get_adapter(file, index);
	if (!adapter || target >= MAX_TARGETS)
		return -ENOENT;
	arg = adapter->targets[target].told;
	arg.index = index;
	arg.target = target;
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

struct flood {
	struct miracast_handle handle;
	struct miracast_line *line; /* or NULL */
	atomic_t left;
	atomic_t open;
	atomic64_t accepted;
	atomic64_t callbacks;
	struct completion done;
};

static void flood_callback(void *callback_context, const struct miracast_io_status *io_status);

static ntstatus_t flood_send(struct flood *flood)
{
	if (flood->line)
		return miracast_send_message_latest(flood->handle, flood->line, 0, NULL, 0, NULL,
						    flood_callback, flood);
	return miracast_send_message(flood->handle, 0, NULL, 0, NULL, flood_callback, flood);
}

/*
 * Sends one more, if any is left; whoever brings open to 0 ends the flood. That an accepted
 * message may have done before its send returns.
 */
static void flood_next(struct flood *flood)
{
	if (atomic_dec_return(&flood->left) >= 0) {
		atomic64_inc(&flood->accepted);
		if (flood_send(flood) == STATUS_PENDING)
			return;
		atomic64_dec(&flood->accepted);
	}
	if (atomic_dec_and_test(&flood->open))
		complete(&flood->done);
}

static void flood_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct flood *flood = callback_context;

	atomic64_inc(&flood->callbacks);
	flood_next(flood);
}

static long run_flood(struct test_file *file, void __user *user)
{
	struct miracast_test_flood arg;
	struct test_adapter *adapter;
	struct flood flood = {};
	u32 i;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.target >= MAX_TARGETS || !arg.in_flight || arg.count > INT_MAX)
		return -EINVAL;
	adapter = get_adapter(file, arg.index);
	if (!adapter)
		return -ENOENT;
	flood.handle = adapter->targets[arg.target].handle;
	flood.line = arg.latest ? &adapter->targets[arg.target].line : NULL;
	init_completion(&flood.done);
	atomic_set(&flood.left, arg.count);
	atomic_set(&flood.open, arg.in_flight);

	for (i = 0; i < arg.in_flight; i++)
		flood_next(&flood);
	/* Bounded: every message ends in a callback, within the adapter's timeout. */
	wait_for_completion(&flood.done);
	arg.accepted = atomic64_read(&flood.accepted);
	arg.callbacks = atomic64_read(&flood.callbacks);
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static void burst_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct burst_message *message = callback_context;
	struct test_adapter *adapter = message->adapter;
	bool doubled = atomic_inc_return(&message->callbacks) != 1;
	bool answered = io_status->status == STATUS_SUCCESS;
	bool corrupt = io_status->information != (answered ? sizeof(message->output) : 0);
	unsigned int i;

	for (i = 0; i < sizeof(message->output); i++)
		if (message->output[i] !=
		    (answered ? (u8)~message->input[i] : MIRACAST_TEST_POISON))
			corrupt = true;
	count_callback(adapter, io_status->status);
	spin_lock(&adapter->lock);
	adapter->counters.doubled += doubled;
	adapter->counters.corrupt += corrupt;
	spin_unlock(&adapter->lock);
}

static long run_burst(struct test_file *file, void __user *user)
{
	struct miracast_test_burst arg;
	struct burst_message *message;
	struct test_adapter *adapter;
	struct test_target *target;
	struct burst *burst;
	u32 i;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.target >= MAX_TARGETS || !arg.count || arg.count > 4096)
		return -EINVAL;
	adapter = get_adapter(file, arg.index);
	if (!adapter)
		return -ENOENT;
	target = &adapter->targets[arg.target];
	burst = kvzalloc(struct_size(burst, messages, arg.count), GFP_KERNEL);
	if (!burst)
		return -ENOMEM;
	mutex_lock(&file->lock);
	list_add_tail(&burst->node, &file->bursts);
	mutex_unlock(&file->lock);

	arg.accepted = 0;
	for (i = 0; i < arg.count; i++) {
		message = &burst->messages[i];
		message->adapter = adapter;
		memset(message->input, i, sizeof(message->input));
		memset(message->output, MIRACAST_TEST_POISON, sizeof(message->output));
		if (arg.latest)
			arg.status = miracast_send_message_latest(target->handle, &target->line,
								  sizeof(message->input),
								  message->input,
								  sizeof(message->output),
								  message->output, burst_callback,
								  message);
		else
			arg.status = miracast_send_message(target->handle, sizeof(message->input),
							   message->input, sizeof(message->output),
							   message->output, burst_callback,
							   message);
		count_send(adapter, arg.status);
		if (arg.status != STATUS_PENDING)
			break;
		arg.accepted++;
	}
	if (!arg.accepted) {
		mutex_lock(&file->lock);
		list_del(&burst->node);
		mutex_unlock(&file->lock);
		kvfree(burst);
	}
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static int test_open(struct inode *inode, struct file *filp)
{
	struct test_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	INIT_LIST_HEAD(&file->adapters);
	INIT_LIST_HEAD(&file->messages);
	INIT_LIST_HEAD(&file->bursts);
	init_waitqueue_head(&file->wait);
	filp->private_data = file;
	return 0;
}

static int test_release(struct inode *inode, struct file *filp)
{
	struct test_file *file = filp->private_data;
	struct test_adapter *adapter, *next_adapter;
	struct test_message *message, *next;
	struct burst *burst, *next_burst;

	/* Blocked callbacks first: unregistering waits for them. */
	mutex_lock(&file->lock);
	list_for_each_entry(message, &file->messages, node)
		WRITE_ONCE(message->released, true);
	mutex_unlock(&file->lock);
	wake_up_all(&file->wait);
	list_for_each_entry_safe(adapter, next_adapter, &file->adapters, node)
		if (adapter->adapter)
			miracast_unregister_adapter(adapter->adapter);
	list_for_each_entry_safe(message, next, &file->messages, node)
		free_message(message);
	list_for_each_entry_safe(burst, next_burst, &file->bursts, node)
		kvfree(burst);
	list_for_each_entry_safe(adapter, next_adapter, &file->adapters, node)
		kfree(adapter);
	kfree(file);
	return 0;
}

static long test_ioctl(struct file *filp, unsigned int cmd, unsigned long address)
{
	struct test_file *file = filp->private_data;
	void __user *user = (void __user *)address;

	switch (cmd) {
	case MIRACAST_TEST_ADD:
		return add_adapter(file, user);
	case MIRACAST_TEST_REMOVE:
		return remove_adapter(file, user);
	case MIRACAST_TEST_BEHAVE:
		return behave(file, user);
	case MIRACAST_TEST_SEND:
		return send_one(file, user);
	case MIRACAST_TEST_RESULT:
		return get_result(file, user);
	case MIRACAST_TEST_RELEASE:
		return release_callback(file, user);
	case MIRACAST_TEST_CHUNK:
		return chunk(file, user);
	case MIRACAST_TEST_COUNTERS:
		return get_counters(file, user);
	case MIRACAST_TEST_FLOOD:
		return run_flood(file, user);
	case MIRACAST_TEST_BURST:
		return run_burst(file, user);
	case MIRACAST_TEST_TOLD:
		return get_told(file, user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.unlocked_ioctl = test_ioctl,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "miracast_test",
	.fops = &test_fops,
	.mode = 0600,
};
module_misc_device(test_device);

MODULE_DESCRIPTION("Display driver that does what a selftest tells it");
MODULE_LICENSE("GPL");
