// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: their life, the session's states.
 *
 * The session's states and who may leave them:
 *
 *	CREATED -START_BEGIN-> START_PENDING -START_END ok----> STARTED
 *	   ^                     ^       `----START_END error-> STOPPED
 *	   | RECOVER             | START_BEGIN                     ^
 *	   `---- STARTED,        `------------- STOPPED            | STOP_END
 *	         START_PENDING                                     |
 *	                         STARTED -STOP_BEGIN-> STOP_PENDING
 *
 *	any state -> DESTROYED: DESTROY_CONTEXT, close, abort, removal, watchdog
 *	STOP_PENDING -> STOPPED: RECOVER
 *	STARTED, START_PENDING, STOP_PENDING -> STOPPED: suspend, with a daemon that
 *	does not do it itself in time; nothing leaves CREATED or STOPPED while the
 *	machine goes to sleep
 *
 * Destroying is done once, by whoever comes first, in this order: the state says
 * DESTROYED, so nothing more is accepted, delivered or completed; the handle is
 * erased and RCU waited for, so no sender is in here; every callback has
 * returned; the driver's destroy_context has returned. Then everybody else who
 * wanted the same goes on.
 */

#include <linux/export.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "channel.h"
#include "events.h"
#include "netlink.h"
#include "slots.h"
#include "trace.h"

/* The machine is about to sleep: see miracast_context_sleep(). */
static bool asleep;

static void context_free(struct kref *ref)
{
	struct miracast_context *context = container_of(ref, struct miracast_context, ref);

	cancel_delayed_work_sync(&context->timeout_work);
	cancel_work_sync(&context->ended_work);
	cancel_delayed_work_sync(&context->watchdog_work);
	cancel_work_sync(&context->session_work);
	put_pid(context->lifecycle);
	put_pid(context->owner);
	miracast_slots_free(context);
	kvfree(context->chunks.packets);
	put_device(&context->adapter->dev);
	/* Who found it under RCU is gone: see miracast_context_erase_handle(). */
	kfree(context);
}

/* The caller tells the waiters and the driver when it has unlocked. */
static void set_state(struct miracast_context *context, u32 state)
{
	lockdep_assert_held(&context->lock);
	context->changes += context->state != state;
	WRITE_ONCE(context->state, state);
	WRITE_ONCE(context->state_seq, context->state_seq + 1);
	trace_miracast_session(context, state, context->state_flags, context->stop_reason);
}

static void session_work(struct work_struct *work)
{
	struct miracast_context *context =
		container_of(work, struct miracast_context, session_work);
	struct miracast_adapter *adapter = context->adapter;
	struct miracast_session_info info = {
		.size = sizeof(info),
		.slots = context->nr_slots,
		.max_message = adapter->desc.max_message,
	};
	struct miracast_caller caller;

	spin_lock(&context->lock);
	info.state = context->state;
	if (context->changes_told != context->changes && info.state != MIRACAST_DESTROYED) {
		context->changes_told = context->changes;
		miracast_call_begins(context, &caller);
		spin_unlock(&context->lock);
		/* Destroyed meanwhile: tear_down() waits for this work. */
		adapter->ops.session_state(adapter->desc.driver_context, context->driver, &info);
		spin_lock(&context->lock);
		miracast_call_ends(context, &caller);
	}
	spin_unlock(&context->lock);
}

/*
 * Has the driver told of a new state, and waits until it has been. By a work, which keeps the
 * order although each step has its thread, without a lock that would be held over the op.
 */
static void tell_driver(struct miracast_context *context)
{
	if (!context->adapter->ops.session_state)
		return;
	queue_work(miracast_wq, &context->session_work);
	flush_work(&context->session_work);
}

/* All callbacks have returned, those that other threads call too. */
static bool drained(struct miracast_context *context)
{
	bool done;

	spin_lock(&context->lock);
	done = !context->nr_open;
	spin_unlock(&context->lock);
	return done;
}

/**
 * miracast_context_end() - nothing more is accepted, delivered or completed
 * @context: the context
 * @status: what the callbacks of open messages hear
 *
 * The first half of miracast_context_destroy().
 */
void miracast_context_end(struct miracast_context *context, ntstatus_t status)
{
	spin_lock(&context->lock);
	if (context->state != MIRACAST_DESTROYED) {
		set_state(context, MIRACAST_DESTROYED);
		miracast_messages_end_all(context, status);
	}
	spin_unlock(&context->lock);
	miracast_wake_all(context);
	/* Before ddi_lock: a driver that waits for a message in io_control goes on. */
	miracast_messages_run_ended(context);
}

static void tear_down(struct miracast_context *context)
{
	struct miracast_adapter *adapter = context->adapter;

	lockdep_assert_held(&adapter->ddi_lock);
	miracast_context_erase_handle(context);
	wait_event(context->drain, drained(context));
	cancel_work_sync(&context->session_work);
	if (context->created) {
		WRITE_ONCE(adapter->ddi_task, current);
		adapter->ops.destroy_context(adapter->desc.driver_context, context->driver);
		WRITE_ONCE(adapter->ddi_task, NULL);
	}

	miracast_context_unlist(context);
	/* While the number is not another's yet. */
	if (context->created)
		miracast_nl_context_event(MIRACAST_NL_EVENT_CONTEXT_DESTROYED, context, 0);
	context->created = false;
	context->torn_down = true;
	miracast_context_free_id(context);
}

/**
 * miracast_context_destroy() - end a context for everybody
 * @context: the context; the caller has a reference
 * @status: what the callbacks of open messages hear
 *
 * When this returns all callbacks and the driver's destroy_context have.
 */
void miracast_context_destroy(struct miracast_context *context, ntstatus_t status)
{
	miracast_context_end(context, status);
	mutex_lock(&context->adapter->ddi_lock);
	if (!context->torn_down)
		tear_down(context);
	mutex_unlock(&context->adapter->ddi_lock);
}

/* The watchdog over a stop: the daemon is cut off, the driver gets its hardware back. */
static void watchdog_work(struct work_struct *work)
{
	struct miracast_context *context =
		container_of(to_delayed_work(work), struct miracast_context, watchdog_work);

	spin_lock(&context->lock);
	/* Queued again: that is for another stop, which has its time still. */
	if (context->state != MIRACAST_STOP_PENDING ||
	    delayed_work_pending(&context->watchdog_work)) {
		spin_unlock(&context->lock);
		return;
	}
	context->state_flags |= MIRACAST_STATE_CUT_OFF;
	spin_unlock(&context->lock);
	miracast_context_destroy(context, STATUS_CANCELLED);
}

static struct miracast_context *context_alloc(struct miracast_adapter *adapter, u32 flags,
					      u32 slots)
{
	struct miracast_context *context;

	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return NULL;
	kref_init(&context->ref);
	context->release = context_free;
	get_device(&adapter->dev);
	context->adapter = adapter;
	context->flags = flags;
	context->generation = 1;
	context->state = MIRACAST_CREATED;
	context->changes = 1;
	context->owner = get_pid(task_tgid(current));
	spin_lock_init(&context->lock);
	init_waitqueue_head(&context->wait);
	init_waitqueue_head(&context->drain);
	init_waitqueue_head(&context->chunk_wait);
	INIT_DELAYED_WORK(&context->watchdog_work, watchdog_work);
	INIT_WORK(&context->session_work, session_work);
	if (miracast_slots_init(context, slots) || miracast_chunks_init(context)) {
		miracast_context_put(context);
		return NULL;
	}
	return context;
}

/**
 * miracast_context_create() - make a context and have the driver prepare for it
 * @adapter: the adapter
 * @flags: MIRACAST_CONTEXT_*
 * @slots: how many messages may be open
 * @status: set to what the driver's create_context returned
 *
 * Return: the context with a reference for the file, or an ERR_PTR.
 */
struct miracast_context *miracast_context_create(struct miracast_adapter *adapter, u32 flags,
						 u32 slots, ntstatus_t *status)
{
	struct miracast_display_callbacks callbacks = {
		.send_message = miracast_send_message,
		.report_chunk_info = miracast_report_chunk_info,
	};
	struct miracast_context *context;
	int error;

	*status = STATUS_SUCCESS;
	context = context_alloc(adapter, flags, slots);
	if (!context)
		return ERR_PTR(-ENOMEM);

	error = mutex_lock_killable(&adapter->ddi_lock);
	if (error)
		goto put;
	error = miracast_context_publish(context);
	if (error)
		goto unlock;
	callbacks.miracast_handle.token = context->token;
	WRITE_ONCE(adapter->ddi_task, current);
	*status = adapter->ops.create_context(adapter->desc.driver_context, &callbacks,
					      &context->driver, &context->target_id);
	WRITE_ONCE(adapter->ddi_task, NULL);
	context->created = !NT_ERROR(*status);
	if (context->created)
		miracast_nl_context_event(MIRACAST_NL_EVENT_CONTEXT_CREATED, context, 0);
	mutex_unlock(&adapter->ddi_lock);

	if (NT_ERROR(*status)) {
		miracast_context_destroy(context, STATUS_CANCELLED);
		error = miracast_status_to_errno(*status);
		goto put;
	}
	tell_driver(context);
	return context;

unlock:
	mutex_unlock(&adapter->ddi_lock);
put:
	miracast_context_put(context);
	return ERR_PTR(error);
}

static void set_lifecycle(struct miracast_context *context, struct pid *pid)
{
	lockdep_assert_held(&context->lock);
	put_pid(context->lifecycle);
	context->lifecycle = get_pid(pid);
}

static void set_owner(struct miracast_context *context)
{
	lockdep_assert_held(&context->lock);
	put_pid(context->owner);
	context->owner = get_pid(task_tgid(current));
}

static bool is_lifecycle_thread(struct miracast_context *context)
{
	lockdep_assert_held(&context->lock);
	return context->lifecycle == task_pid(current);
}

static int start_begin(struct miracast_context *context)
{
	if (context->state != MIRACAST_CREATED && context->state != MIRACAST_STOPPED)
		return -EINVAL;
	if (READ_ONCE(asleep))
		return -EBUSY;
	set_owner(context);
	set_lifecycle(context, task_pid(current));
	context->state_flags &= ~MIRACAST_STATE_STOP_REQUESTED;
	context->stop_reason = MIRACAST_STOP_UNKNOWN;
	miracast_chunks_clear(context);
	set_state(context, MIRACAST_START_PENDING);
	return 0;
}

static int start_end(struct miracast_context *context, ntstatus_t status)
{
	if (context->state != MIRACAST_START_PENDING)
		return -EINVAL;
	if (!is_lifecycle_thread(context))
		return -EPERM;
	if (NT_ERROR(status)) {
		miracast_messages_end_undelivered(context, STATUS_CANCELLED);
		set_state(context, MIRACAST_STOPPED);
	} else {
		set_lifecycle(context, NULL);
		miracast_messages_release(context);
		set_state(context, MIRACAST_STARTED);
	}
	return 0;
}

static int stop_begin(struct miracast_context *context, u32 reason)
{
	if (context->state == MIRACAST_STOP_PENDING) /* again, after a signal */
		return is_lifecycle_thread(context) ? 0 : -EBUSY;
	if (context->state != MIRACAST_STARTED)
		return -EINVAL;
	set_lifecycle(context, task_pid(current));
	context->stop_reason = reason;
	miracast_messages_end_undelivered(context, STATUS_CANCELLED);
	set_state(context, MIRACAST_STOP_PENDING);
	mod_delayed_work(miracast_wq, &context->watchdog_work,
			 msecs_to_jiffies(READ_ONCE(context->adapter->watchdog_ms)));
	return 0;
}

static int stop_end(struct miracast_context *context)
{
	if (context->state != MIRACAST_STOP_PENDING)
		return -EINVAL;
	if (!is_lifecycle_thread(context))
		return -EPERM;
	miracast_messages_end_all(context, STATUS_CANCELLED);
	set_state(context, MIRACAST_STOPPED);
	cancel_delayed_work(&context->watchdog_work);
	return 0;
}

/* No handler runs any more, or the watchdog has cut them off. */
static bool handlers_done(struct miracast_context *context)
{
	bool done;

	spin_lock(&context->lock);
	done = !context->nr_out || context->state != MIRACAST_STOP_PENDING;
	spin_unlock(&context->lock);
	return done;
}

/* Cut off for being slow, or destroyed for another reason. */
static int gone(const struct miracast_context *context)
{
	return READ_ONCE(context->state_flags) & MIRACAST_STATE_CUT_OFF ? -ETIMEDOUT : -ENODEV;
}

static int wait_for_handlers(struct miracast_context *context)
{
	int error = wait_event_interruptible(context->drain, handlers_done(context));

	if (error || READ_ONCE(context->state) != MIRACAST_DESTROYED)
		return error;
	return gone(context);
}

/**
 * miracast_context_session() - take a step of the session's life
 * @context: the context
 * @arg: the ioctl's argument
 *
 * Return: 0 or what the uapi header says.
 */
int miracast_context_session(struct miracast_context *context, struct miracast_session *arg)
{
	u32 before;
	int error;

	if (arg->reserved || arg->op > MIRACAST_SESSION_STOP_END)
		return -EINVAL;
	if (arg->status != STATUS_SUCCESS && arg->op != MIRACAST_SESSION_START_END)
		return -EINVAL;
	if (arg->reason && arg->op != MIRACAST_SESSION_STOP_BEGIN)
		return -EINVAL;

	spin_lock(&context->lock);
	before = context->state;
	if (context->state == MIRACAST_DESTROYED)
		error = arg->op == MIRACAST_SESSION_STOP_BEGIN ? gone(context) : -ENODEV;
	else if (arg->op == MIRACAST_SESSION_START_BEGIN)
		error = start_begin(context);
	else if (arg->op == MIRACAST_SESSION_START_END)
		error = start_end(context, arg->status);
	else if (arg->op == MIRACAST_SESSION_STOP_BEGIN)
		error = stop_begin(context, arg->reason);
	else
		error = stop_end(context);
	spin_unlock(&context->lock);
	if (error)
		return error;

	miracast_wake_all(context);
	if (arg->op != MIRACAST_SESSION_STOP_BEGIN || before != MIRACAST_STOP_PENDING)
		miracast_nl_context_event(MIRACAST_NL_EVENT_SESSION, context, 0);
	tell_driver(context);
	miracast_messages_run_ended(context);
	if (arg->op == MIRACAST_SESSION_STOP_BEGIN)
		error = wait_for_handlers(context);
	arg->state = READ_ONCE(context->state);
	return error;
}

void miracast_context_get_state(struct miracast_context *context, struct miracast_state *arg)
{
	u32 queued;

	spin_lock(&context->lock);
	queued = miracast_messages_queued(context);
	WRITE_ONCE(context->seen_seq, context->state_seq);
	arg->state = context->state;
	arg->flags = context->state_flags;
	arg->stop_reason = context->stop_reason;
	arg->generation = context->generation;
	arg->held = context->state == MIRACAST_STARTED ? 0 : queued;
	arg->queued = context->state == MIRACAST_STARTED ? queued : 0;
	arg->with_daemon = miracast_messages_with_daemon(context);
	arg->chunks = READ_ONCE(context->chunks.count);
	spin_unlock(&context->lock);
}

/**
 * miracast_context_recover() - a new daemon takes over from one that crashed
 * @context: the context
 *
 * Return: 0; -EPERM without the RECOVER flag; -ENODEV when the context is gone.
 */
int miracast_context_recover(struct miracast_context *context)
{
	int error = 0;

	if (!(context->flags & MIRACAST_CONTEXT_RECOVER))
		return -EPERM;
	spin_lock(&context->lock);
	if (context->state == MIRACAST_DESTROYED) {
		error = -ENODEV;
	} else {
		WRITE_ONCE(context->generation, context->generation + 1);
		set_owner(context);
		set_lifecycle(context, NULL);
		cancel_delayed_work(&context->watchdog_work);
		if (context->state == MIRACAST_STOP_PENDING)
			miracast_messages_end_all(context, STATUS_CANCELLED);
		miracast_messages_requeue(context);
		if (context->state == MIRACAST_STOP_PENDING)
			set_state(context, MIRACAST_STOPPED);
		else if (context->state != MIRACAST_STOPPED)
			set_state(context, MIRACAST_CREATED);
	}
	spin_unlock(&context->lock);
	if (error)
		return error;
	miracast_wake_all(context);
	miracast_nl_context_event(MIRACAST_NL_EVENT_SESSION, context, 0);
	tell_driver(context);
	miracast_messages_run_ended(context);
	return 0;
}

/**
 * miracast_context_request_stop() - ask the daemon to stop the session
 * @context: the context
 * @reason: enum miracast_stop_reason
 */
void miracast_context_request_stop(struct miracast_context *context, u32 reason)
{
	bool news;

	spin_lock(&context->lock);
	news = !(context->state_flags & MIRACAST_STATE_STOP_REQUESTED);
	if (news) {
		context->state_flags |= MIRACAST_STATE_STOP_REQUESTED;
		context->stop_reason = reason;
		set_state(context, context->state);
	}
	spin_unlock(&context->lock);
	if (!news)
		return;
	miracast_wake_all(context);
	miracast_nl_context_event(MIRACAST_NL_EVENT_SESSION, context, 0);
}

static bool is_active(const struct miracast_context *context)
{
	lockdep_assert_held(&context->lock);
	return context->state == MIRACAST_START_PENDING || context->state == MIRACAST_STARTED ||
	       context->state == MIRACAST_STOP_PENDING;
}

/**
 * miracast_context_is_active() - whether a session starts, runs or stops
 * @context: the context
 *
 * Under the lock: a START_BEGIN is seen here, or sees what was set before this call.
 */
bool miracast_context_is_active(struct miracast_context *context)
{
	bool active;

	spin_lock(&context->lock);
	active = is_active(context);
	spin_unlock(&context->lock);
	return active;
}

/**
 * miracast_context_force_stop() - stop a session whose daemon does not do it
 * @context: the context
 *
 * For suspend: unlike the watchdog it leaves the context, so that the session may
 * be started again.
 */
void miracast_context_force_stop(struct miracast_context *context)
{
	bool active;

	spin_lock(&context->lock);
	active = is_active(context);
	if (active) {
		set_lifecycle(context, NULL);
		cancel_delayed_work(&context->watchdog_work);
		miracast_messages_end_all(context, STATUS_CANCELLED);
		set_state(context, MIRACAST_STOPPED);
	}
	spin_unlock(&context->lock);
	if (!active)
		return;
	miracast_wake_all(context);
	miracast_nl_context_event(MIRACAST_NL_EVENT_SESSION, context, 0);
	tell_driver(context);
	miracast_messages_run_ended(context);
}

/**
 * miracast_context_process_exits() - a process ends that had a descriptor of the context's file
 * @context: the context; current is the process
 *
 * A context ends with its owner, whoever else has the file, a child for one; not so one that
 * may be recovered, whose file is kept for that.
 */
void miracast_context_process_exits(struct miracast_context *context)
{
	bool owner;

	if (context->flags & MIRACAST_CONTEXT_RECOVER)
		return;
	spin_lock(&context->lock);
	owner = context->owner == task_tgid(current);
	spin_unlock(&context->lock);
	if (owner)
		miracast_context_destroy(context, STATUS_CONNECTION_DISCONNECTED);
}

/**
 * miracast_context_sleep() - whether the machine goes to sleep
 * @sleep: no session may be started from here on
 */
void miracast_context_sleep(bool sleep)
{
	WRITE_ONCE(asleep, sleep);
}

/**
 * miracast_context_awake() - tell a daemon that it may start its session again
 * @context: the context
 */
void miracast_context_awake(struct miracast_context *context)
{
	spin_lock(&context->lock);
	set_state(context, context->state);
	spin_unlock(&context->lock);
	miracast_wake_all(context);
}

/*
 * The phase rules of MiracastIoControl. 0: go on, 1: wait for the start to end,
 * negative: refused.
 */
static int io_control_gate(struct miracast_context *context)
{
	int gate = 0;

	spin_lock(&context->lock);
	switch (context->state) {
	case MIRACAST_START_PENDING:
		gate = !is_lifecycle_thread(context);
		break;
	case MIRACAST_STOP_PENDING:
	case MIRACAST_STOPPED:
		if (!is_lifecycle_thread(context))
			gate = -ESHUTDOWN;
		break;
	case MIRACAST_DESTROYED:
		gate = -ENODEV;
		break;
	}
	spin_unlock(&context->lock);
	return gate;
}

static int io_control_wait(struct miracast_context *context)
{
	long left = msecs_to_jiffies(READ_ONCE(context->adapter->timeout_ms));
	int gate = io_control_gate(context);

	if (gate == 1) {
		left = wait_event_interruptible_timeout(context->wait,
							(gate = io_control_gate(context)) != 1,
							left);
		if (left < 0)
			return left;
		if (gate == 1)
			return -ETIMEDOUT;
	}
	return gate;
}

int miracast_io_control_add_file(struct miracast_handle handle, struct file *file)
{
	struct miracast_new_files *files = NULL;
	struct miracast_context *context;
	int number;

	rcu_read_lock();
	context = miracast_context_lookup(handle);
	/* That it is this thread can only be said, and unsaid, by this thread. */
	if (context && READ_ONCE(context->new_files_task) == current)
		files = context->new_files;
	rcu_read_unlock();
	if (!files)
		return -EINVAL;
	if (files->n == MIRACAST_IO_CONTROL_MAX_FILES)
		return -ENOSPC;
	number = get_unused_fd_flags(O_CLOEXEC);
	if (number < 0)
		return number;
	files->numbers[files->n] = number;
	files->files[files->n++] = file;
	return number;
}
EXPORT_SYMBOL_GPL(miracast_io_control_add_file);

/**
 * miracast_new_files_install() - give the calling process the files of its io_control
 * @files: the files
 */
void miracast_new_files_install(struct miracast_new_files *files)
{
	while (files->n--)
		fd_install(files->numbers[files->n], files->files[files->n]);
}

/**
 * miracast_new_files_drop() - forget the files of an io_control
 * @files: the files; empty afterwards
 */
void miracast_new_files_drop(struct miracast_new_files *files)
{
	while (files->n) {
		files->n--;
		put_unused_fd(files->numbers[files->n]);
		fput(files->files[files->n]);
	}
}

static int call_io_control(struct miracast_context *context, struct miracast_io_control *arg,
			   const void *input, void *output, struct miracast_new_files *files)
{
	struct miracast_adapter *adapter = context->adapter;
	u32 bytes_returned = 0;
	int error;

	error = mutex_lock_killable(&adapter->ddi_lock);
	if (error)
		return error;
	/* Once more: a start or a stop may have begun while others had the lock. */
	error = io_control_gate(context);
	if (error > 0)
		error = -EAGAIN; /* a start, which is waited for without the lock */
	if (!error && !adapter->ops.io_control) {
		arg->status = STATUS_NOT_SUPPORTED;
	} else if (!error) {
		context->new_files = files;
		WRITE_ONCE(context->new_files_task, current);
		WRITE_ONCE(adapter->ddi_task, current);
		arg->status = adapter->ops.io_control(adapter->desc.driver_context, context->driver,
						      arg->input_size, input, arg->output_size,
						      output, &bytes_returned);
		WRITE_ONCE(adapter->ddi_task, NULL);
		WRITE_ONCE(context->new_files_task, NULL);
		if (bytes_returned > arg->output_size) {
			arg->status = STATUS_INTERNAL_ERROR;
			bytes_returned = 0;
		}
		if (NT_ERROR(arg->status)) {
			bytes_returned = 0;
			miracast_new_files_drop(files);
		}
		arg->bytes_returned = bytes_returned;
	}
	mutex_unlock(&adapter->ddi_lock);
	return error;
}

/**
 * miracast_context_io_control() - have the driver serve a request of the daemon
 * @context: the context
 * @arg: the ioctl's argument
 * @files: empty; gets what the driver hands out, also if the output cannot be written
 *
 * Return: 0 if the driver was asked, else why it was not.
 */
int miracast_context_io_control(struct miracast_context *context, struct miracast_io_control *arg,
				struct miracast_new_files *files)
{
	u32 max = context->adapter->desc.max_io_control;
	void *input = NULL, *output = NULL;
	int error;

	arg->bytes_returned = 0;
	arg->status = STATUS_SUCCESS;
	if (arg->flags & ~MIRACAST_IO_CONTROL_HARDWARE_ACCESS)
		return -EINVAL;
	if (arg->input_size > max || arg->output_size > max)
		return -EMSGSIZE;

	if (arg->input_size) {
		input = kvmalloc(arg->input_size, GFP_KERNEL_ACCOUNT);
		if (!input)
			return -ENOMEM;
		if (copy_from_user(input, u64_to_user_ptr(arg->input), arg->input_size)) {
			error = -EFAULT;
			goto free;
		}
	}
	if (arg->output_size) {
		output = kvzalloc(arg->output_size, GFP_KERNEL_ACCOUNT);
		if (!output) {
			error = -ENOMEM;
			goto free;
		}
	}
	do {
		error = io_control_wait(context);
		if (!error)
			error = call_io_control(context, arg, input, output, files);
	} while (error == -EAGAIN);
	if (error)
		goto free;
	trace_miracast_io_control(context, arg->input_size, arg->output_size,
				  arg->flags & MIRACAST_IO_CONTROL_HARDWARE_ACCESS, arg->status,
				  arg->bytes_returned);
	if (arg->bytes_returned &&
	    copy_to_user(u64_to_user_ptr(arg->output), output, arg->bytes_returned))
		error = -EFAULT;
free:
	kvfree(output);
	kvfree(input);
	return error;
}
