// SPDX-License-Identifier: GPL-2.0
/*
 * A display driver that sends from several threads, whatever becomes of the daemon, and
 * distrusts the channel: it was written from docs/driver-api.md alone. Buffers are new for
 * each message. In its callback it checks them and gives them back: half are freed, so that
 * KASAN sees who touches them, half are poisoned and kept for a while, so that any kernel
 * does. selftests/examples/kills_test.c reads the counters, which are module parameters.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/miracast.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#define BUSY_THREADS	 4
#define BUSY_SLOTS	 32
#define BUSY_MAX_MESSAGE 4096
#define BUSY_KEPT	 256 /* messages that are over, their buffers poisoned */

#define BUSY_UNTOUCHED 0xee /* output before there is an answer */
#define BUSY_POISON    0xd5 /* buffers after the callback */
#define BUSY_ANSWER    0x5a /* the daemon's answer is the input with these bits turned */

struct busy_message {
	struct list_head node; /* of kept */
	u32 number;
	u32 input_size;
	u32 output_size;
	u8 *input; /* NULL: freed */
	u8 *output;
	unsigned int callbacks;
};

static struct miracast_adapter *adapter;
static struct task_struct *threads[BUSY_THREADS];
static DECLARE_WAIT_QUEUE_HEAD(may_send);

/* Everything below. Held for moments only, never over a send. */
static DEFINE_MUTEX(busy_lock);
static struct miracast_handle handle;
static bool there, paused; /* a context; its session stops or has stopped */
static u64 nr_contexts; /* that there were: stands for the one that there is */
static unsigned long nr_ends; /* callbacks and changes: who was refused waits for one */
static LIST_HEAD(kept);
static unsigned int nr_kept;

/* What the test reads. A message is counted before it is sent, and taken back if refused. */
static ulong accepted, callbacks, answered, refused, second_callbacks, contexts, broken;

static int busy_count_get(char *buffer, const struct kernel_param *param)
{
	ulong now;

	mutex_lock(&busy_lock);
	now = *(ulong *)param->arg;
	mutex_unlock(&busy_lock);

	return sysfs_emit(buffer, "%lu\n", now);
}

static const struct kernel_param_ops busy_count_ops = { .get = busy_count_get };
module_param_cb(accepted, &busy_count_ops, &accepted, 0444);
MODULE_PARM_DESC(accepted, "Messages that are to have a callback");
module_param_cb(callbacks, &busy_count_ops, &callbacks, 0444);
MODULE_PARM_DESC(callbacks, "Messages that had one");
module_param_cb(answered, &busy_count_ops, &answered, 0444);
MODULE_PARM_DESC(answered, "Messages that the daemon answered");
module_param_cb(refused, &busy_count_ops, &refused, 0444);
MODULE_PARM_DESC(refused, "Messages that were refused");
module_param_cb(second_callbacks, &busy_count_ops, &second_callbacks, 0444);
MODULE_PARM_DESC(second_callbacks, "Callbacks of messages that had one");
module_param_cb(contexts, &busy_count_ops, &contexts, 0444);
MODULE_PARM_DESC(contexts, "Contexts that exist");
module_param_cb(broken, &busy_count_ops, &broken, 0444);
MODULE_PARM_DESC(broken, "Buffers that were not as they should be in the callback");

static bool busy_poisoned(const struct busy_message *message)
{
	return !message->input || (!memchr_inv(message->input, BUSY_POISON, BUSY_MAX_MESSAGE) &&
				   !memchr_inv(message->output, BUSY_POISON, BUSY_MAX_MESSAGE));
}

/* Somebody wrote to buffers that were not his any more: looked up when it is read. */
static ulong touched;

static int busy_touched_get(char *buffer, const struct kernel_param *param)
{
	struct busy_message *message;
	ulong now;

	mutex_lock(&busy_lock);
	now = touched;
	list_for_each_entry(message, &kept, node)
		now += !busy_poisoned(message);
	mutex_unlock(&busy_lock);

	return sysfs_emit(buffer, "%lu\n", now);
}

static const struct kernel_param_ops busy_touched_ops = { .get = busy_touched_get };
module_param_cb(touched, &busy_touched_ops, NULL, 0444);
MODULE_PARM_DESC(touched, "Messages whose buffers were written to after the callback");

static void busy_free(struct busy_message *message)
{
	if (!message)
		return;
	kfree(message->input);
	kfree(message->output);
	kfree(message);
}

static void busy_fill(struct busy_message *message)
{
	u32 i;

	for (i = 0; i < message->input_size; i++)
		message->input[i] = message->number + i * 7;
	memset(message->output, BUSY_UNTOUCHED, BUSY_MAX_MESSAGE);
}

/* As large as can be, whatever of it is sent: so that what is written beyond is seen, too. */
static struct busy_message *busy_message(void)
{
	struct busy_message *message = kzalloc(sizeof(*message), GFP_KERNEL);

	if (!message)
		return NULL;
	message->number = get_random_u32();
	/* Most are small, as most of a display driver's are. */
	message->input_size = message->number % (message->number & BIT(30) ? 64 : 4097);
	message->output_size = (message->number >> 8) % (message->number & BIT(31) ? 64 : 4097);
	message->input = kmalloc(BUSY_MAX_MESSAGE, GFP_KERNEL);
	message->output = kmalloc(BUSY_MAX_MESSAGE, GFP_KERNEL);
	if (!message->input || !message->output) {
		busy_free(message);
		return NULL;
	}
	busy_fill(message);

	return message;
}

/* The input is as it was, the output as the io-status says, and untouched beyond. */
static bool busy_sound(const struct busy_message *message,
		       const struct miracast_io_status *io_status)
{
	u64 written = NT_ERROR(io_status->status) ? 0 : io_status->information;
	u32 i;

	if (written != io_status->information || written > message->output_size)
		return false;
	for (i = 0; i < message->input_size; i++)
		if (message->input[i] != (u8)(message->number + i * 7))
			return false;
	if (NT_SUCCESS(io_status->status) &&
	    written != min(message->input_size, message->output_size))
		return false;
	for (i = 0; i < written; i++)
		if (message->output[i] != (message->input[i] ^ BUSY_ANSWER))
			return false;

	return !memchr_inv(message->output + written, BUSY_UNTOUCHED, BUSY_MAX_MESSAGE - written);
}

/* Keeps a message that is over; returns one that was kept long enough, or NULL. */
static struct busy_message *busy_keep(struct busy_message *message)
{
	struct busy_message *oldest;

	lockdep_assert_held(&busy_lock);
	list_add_tail(&message->node, &kept);
	if (nr_kept < BUSY_KEPT) {
		nr_kept++;
		return NULL;
	}
	oldest = list_first_entry(&kept, struct busy_message, node);
	list_del(&oldest->node);
	touched += !busy_poisoned(oldest);

	return oldest;
}

static void busy_callback(void *callback_context, const struct miracast_io_status *io_status)
{
	struct busy_message *message = callback_context, *oldest;

	mutex_lock(&busy_lock);
	if (message->callbacks++) {
		second_callbacks++;
		mutex_unlock(&busy_lock);
		return;
	}
	callbacks++;
	broken += !busy_sound(message, io_status);
	answered += NT_SUCCESS(io_status->status);
	if (message->number & BIT(29)) {
		kfree(message->input);
		kfree(message->output);
		message->input = NULL;
		message->output = NULL;
	} else {
		memset(message->input, BUSY_POISON, BUSY_MAX_MESSAGE);
		memset(message->output, BUSY_POISON, BUSY_MAX_MESSAGE);
	}
	oldest = busy_keep(message);
	WRITE_ONCE(nr_ends, nr_ends + 1);
	mutex_unlock(&busy_lock);
	busy_free(oldest);
	wake_up_all(&may_send);
}

/* Sends one message; @line: in the place of an older one, if not NULL. */
static ntstatus_t busy_send(struct miracast_handle to, struct miracast_line *line,
			    struct busy_message *message)
{
	const struct miracast_io_status untouched = { .status = STATUS_UNSUCCESSFUL };
	u32 input_size = message->input_size, output_size = message->output_size;
	u8 *input = message->input, *output = message->output;
	ntstatus_t status;

	mutex_lock(&busy_lock);
	accepted++;
	mutex_unlock(&busy_lock);
	/* From here on the message may be over at any time. */
	if (line)
		status = miracast_send_message_latest(to, line, input_size, input, output_size,
						      output, busy_callback, message);
	else
		status = miracast_send_message(to, input_size, input, output_size, output,
					       busy_callback, message);
	if (status == STATUS_PENDING)
		return status;
	mutex_lock(&busy_lock);
	accepted--;
	refused++;
	if (message->callbacks || !busy_sound(message, &untouched)) {
		/* Whoever it was may come back, so it is not freed. */
		broken++;
		message = NULL;
	}
	mutex_unlock(&busy_lock);
	busy_free(message);

	return status;
}

/* Sends one message and waits for its answer. */
static void busy_send_sync(struct miracast_handle to, struct busy_message *message)
{
	struct miracast_io_status io_status = { .status = STATUS_PENDING };
	ntstatus_t status;

	status = miracast_send_message_sync(to, message->input_size, message->input,
					    message->output_size, message->output, 10000,
					    &io_status);
	mutex_lock(&busy_lock);
	if (io_status.status == STATUS_PENDING) {
		refused++;
		io_status.status = STATUS_UNSUCCESSFUL;
	} else {
		accepted++;
		callbacks++;
		answered += NT_SUCCESS(status);
		broken += status != io_status.status;
	}
	broken += !busy_sound(message, &io_status);
	memset(message->input, BUSY_POISON, BUSY_MAX_MESSAGE);
	memset(message->output, BUSY_POISON, BUSY_MAX_MESSAGE);
	message = busy_keep(message);
	mutex_unlock(&busy_lock);
	busy_free(message);
}

/* Where to send, and how much had ended by then; false: wait. */
static bool busy_where(struct miracast_handle *to, u64 *context, unsigned long *ends)
{
	bool go;

	mutex_lock(&busy_lock);
	*to = handle;
	*context = nr_contexts;
	*ends = nr_ends;
	go = there && !paused;
	mutex_unlock(&busy_lock);

	return go;
}

static bool busy_go_on(unsigned long ends)
{
	return READ_ONCE(nr_ends) != ends || kthread_should_stop();
}

/* The first thread tells what is soon out of date, the second waits for its answers. */
static int busy_thread(void *data)
{
	unsigned long which = (unsigned long)data;
	struct miracast_line line = {};
	struct miracast_handle to;
	struct busy_message *message;
	unsigned long ends;
	u64 context, of = 0;
	bool go, wait;

	while (!kthread_should_stop()) {
		go = busy_where(&to, &context, &ends);
		if (context != of) {
			/* A line is of one context. */
			line = (struct miracast_line){};
			of = context;
		}
		wait = !go;
		message = go ? busy_message() : NULL;
		if (message && which == 1)
			busy_send_sync(to, message);
		else if (message)
			wait = busy_send(to, which ? NULL : &line, message) != STATUS_PENDING;
		if (go && which == 0)
			usleep_range(200, 1000);
		if (wait)
			wait_event_interruptible(may_send, busy_go_on(ends));
		cond_resched();
	}

	return 0;
}

static ntstatus_t busy_query_caps(void *driver, u32 size, struct miracast_caps *caps)
{
	return STATUS_SUCCESS;
}

static ntstatus_t busy_create(void *driver, const struct miracast_display_callbacks *cb,
			      void **miracast_context, u32 *target_id)
{
	mutex_lock(&busy_lock);
	handle = cb->miracast_handle;
	there = true;
	paused = false;
	contexts++;
	nr_contexts++;
	WRITE_ONCE(nr_ends, nr_ends + 1);
	mutex_unlock(&busy_lock);
	wake_up_all(&may_send);

	return STATUS_SUCCESS;
}

/* A message from the process that may be killed meanwhile, and how many have been answered. */
static ntstatus_t busy_io_control(void *driver, void *miracast_context, u32 input_size,
				  const void *input, u32 output_size, void *output, u32 *bytes)
{
	struct busy_message *message;
	struct miracast_handle to;
	unsigned long ends;
	u64 context;

	if (output_size < sizeof(u64))
		return STATUS_BUFFER_TOO_SMALL;
	message = busy_message();
	if (!message)
		return STATUS_NO_MEMORY;
	busy_where(&to, &context, &ends);
	busy_send(to, NULL, message);
	mutex_lock(&busy_lock);
	*(u64 *)output = answered;
	mutex_unlock(&busy_lock);
	*bytes = sizeof(u64);

	return STATUS_SUCCESS;
}

static void busy_session_state(void *driver, void *miracast_context,
			       const struct miracast_session_info *info)
{
	mutex_lock(&busy_lock);
	paused = info->state == MIRACAST_STOP_PENDING || info->state == MIRACAST_STOPPED;
	WRITE_ONCE(nr_ends, nr_ends + 1);
	mutex_unlock(&busy_lock);
	wake_up_all(&may_send);
}

static void busy_destroy(void *driver, void *miracast_context)
{
	mutex_lock(&busy_lock);
	there = false;
	contexts--;
	WRITE_ONCE(nr_ends, nr_ends + 1);
	mutex_unlock(&busy_lock);
}

static const struct miracast_display_ops busy_ops = {
	.size = sizeof(struct miracast_display_ops),
	.query_caps = busy_query_caps,
	.create_context = busy_create,
	.io_control = busy_io_control,
	.destroy_context = busy_destroy,
	.session_state = busy_session_state,
};

/* Senders are the last to go: what they send meanwhile is refused. */
static void busy_end(void)
{
	struct busy_message *message, *next;
	unsigned int i;

	miracast_unregister_adapter(adapter);
	for (i = 0; i < BUSY_THREADS; i++)
		if (!IS_ERR_OR_NULL(threads[i]))
			kthread_stop(threads[i]);
	WARN_ON(accepted != callbacks);
	list_for_each_entry_safe(message, next, &kept, node) {
		WARN_ON(!busy_poisoned(message));
		busy_free(message);
	}
}

static int __init busy_init(void)
{
	const struct miracast_adapter_desc desc = {
		.size = sizeof(struct miracast_adapter_desc),
		.name = "miracast_example_busy",
		.ops = &busy_ops,
		.max_contexts = 1,
		.max_slots = BUSY_SLOTS,
		.max_message = BUSY_MAX_MESSAGE,
		.max_io_control = 64,
	};
	unsigned long i;

	adapter = miracast_register_adapter(&desc);
	if (IS_ERR(adapter))
		return PTR_ERR(adapter);
	for (i = 0; i < BUSY_THREADS; i++) {
		threads[i] = kthread_run(busy_thread, (void *)i, "miracast_busy/%lu", i);
		if (IS_ERR(threads[i])) {
			busy_end();
			return PTR_ERR(threads[i]);
		}
	}

	return 0;
}
module_init(busy_init);

static void __exit busy_exit(void)
{
	busy_end();
}
module_exit(busy_exit);

MODULE_DESCRIPTION("User of the Miracast message channel that trusts nobody with its buffers");
MODULE_LICENSE("GPL");
