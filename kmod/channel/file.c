// SPDX-License-Identifier: GPL-2.0
/* The char device: what <uapi/linux/miracast.h> promises, argument by argument. */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "../compat-mm.h"
#include "channel.h"
#include "slots.h"
#include "trace.h"

#define NR_COMMANDS (_IOC_NR(MIRACAST_IOC_REPORT_STATISTIC) + 1)

/**
 * struct miracast_file - an open file
 * @adapter: what was opened; holds a reference to its device
 * @lock: guards the making of @context
 * @writable: opened to write
 * @shaken: HANDSHAKE has been done
 * @features: MIRACAST_FEATURE_* agreed on
 * @context: the file's one context, NULL before; set once, with release
 */
struct miracast_file {
	struct miracast_adapter *adapter;
	/* protects the handshake and the making of the context */
	struct mutex lock;
	bool writable;
	bool shaken;
	u64 features;
	struct miracast_context *context;
};

/* Of whatever command. */
union miracast_argument {
	struct miracast_handshake handshake;
	struct miracast_context_info context_info;
	struct miracast_session session;
	struct miracast_state state;
	struct miracast_io_control io_control;
	struct miracast_get_chunks get_chunks;
	struct miracast_report_status report_status;
	struct miracast_report_statistic report_statistic;
};

/**
 * struct answer - what a command does besides filling its argument
 * @on_failure: the argument is written back although the command failed
 * @files: files that the caller gets when all the rest was written
 */
struct answer {
	bool on_failure;
	struct miracast_new_files files;
};

static u64 supported_features(const struct miracast_adapter *adapter)
{
	u64 features = MIRACAST_FEATURE_RECOVER;

	if (adapter->desc.max_chunks)
		features |= MIRACAST_FEATURE_CHUNKS;
	return features;
}

static int miracast_open(struct inode *inode, struct file *filp)
{
	struct miracast_adapter *adapter =
		container_of(inode->i_cdev, struct miracast_adapter, cdev);
	struct miracast_file *file;

	if (READ_ONCE(adapter->removed))
		return -ENODEV;
	file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	get_device(&adapter->dev);
	file->adapter = adapter;
	file->writable = filp->f_mode & FMODE_WRITE;
	filp->private_data = file;
	return stream_open(inode, filp);
}

static struct miracast_context *file_context(struct miracast_file *file)
{
	/* Pairs with the release in create_context(). */
	return smp_load_acquire(&file->context);
}

/*
 * A descriptor is closed. Others may have the file, too, but see the owner's end: that of its
 * last thread, for one that has descriptors of its own may end while the others go on.
 */
static int miracast_flush(struct file *filp, fl_owner_t id)
{
	struct miracast_context *context = file_context(filp->private_data);

	if (context && (current->flags & PF_EXITING) && !atomic_read(&current->signal->live))
		miracast_context_process_exits(context);
	return 0;
}

static int miracast_release(struct inode *inode, struct file *filp)
{
	struct miracast_file *file = filp->private_data;

	if (file->context) {
		miracast_context_destroy(file->context, STATUS_CONNECTION_DISCONNECTED);
		miracast_context_put(file->context);
	}
	put_device(&file->adapter->dev);
	kfree(file);
	return 0;
}

static int handshake(struct miracast_file *file, union miracast_argument *argument,
		     struct answer *answer)
{
	struct miracast_handshake *arg = &argument->handshake;
	struct miracast_adapter *adapter = file->adapter;
	int error;

	if (arg->reserved)
		return -EINVAL;
	if (arg->features & ~supported_features(adapter))
		return -EOPNOTSUPP;

	error = mutex_lock_killable(&file->lock);
	if (error)
		return error;
	if (file->context) {
		error = -EBUSY;
	} else {
		file->features = arg->features;
		file->shaken = true;
	}
	mutex_unlock(&file->lock);
	if (error)
		return error;

	arg->supported_features = supported_features(adapter);
	arg->ioctls = BIT_ULL(NR_COMMANDS) - 1;
	arg->adapter = adapter->index;
	arg->max_contexts = adapter->desc.max_contexts;
	arg->max_slots = adapter->desc.max_slots;
	arg->max_message = adapter->desc.max_message;
	arg->max_io_control = adapter->desc.max_io_control;
	arg->max_chunks = adapter->desc.max_chunks;
	arg->caps = adapter->caps;
	memcpy(arg->name, adapter->name, sizeof(arg->name));
	return 0;
}

static void fill_context_info(struct miracast_context *context, struct miracast_context_info *arg)
{
	arg->flags = context->flags;
	arg->slots = context->nr_slots;
	arg->context_id = context->id;
	arg->target_id = context->target_id;
	arg->generation = READ_ONCE(context->generation);
	arg->state = READ_ONCE(context->state);
	arg->arena_size = context->arena_size;
}

/* Keeps what the caller says; all that is for us to say is zero. */
static int clear_context_info(struct miracast_context_info *arg)
{
	if (arg->reserved[0] || arg->reserved[1])
		return -EINVAL;
	*arg = (struct miracast_context_info){
		.size = arg->size,
		.flags = arg->flags,
		.slots = arg->slots,
		.status = STATUS_SUCCESS,
	};
	return 0;
}

static int create_context(struct miracast_file *file, union miracast_argument *argument,
			  struct answer *answer)
{
	struct miracast_context_info *arg = &argument->context_info;
	struct miracast_context *context;
	int error;

	error = clear_context_info(arg);
	if (error)
		return error;
	if (arg->flags & ~MIRACAST_CONTEXT_RECOVER)
		return -EINVAL;
	if (!arg->slots || arg->slots > file->adapter->desc.max_slots)
		return -EINVAL;
	if (!file->writable)
		return -EACCES;

	error = mutex_lock_killable(&file->lock);
	if (error)
		return error;
	if (file->context) {
		error = -EBUSY;
		goto unlock;
	}
	if ((arg->flags & MIRACAST_CONTEXT_RECOVER) &&
	    !(file->features & MIRACAST_FEATURE_RECOVER)) {
		error = -EINVAL;
		goto unlock;
	}
	context = miracast_context_create(file->adapter, arg->flags, arg->slots, &arg->status);
	if (IS_ERR(context)) {
		error = PTR_ERR(context);
		answer->on_failure = NT_ERROR(arg->status);
		goto unlock;
	}
	fill_context_info(context, arg);
	/* Pairs with the acquire in file_context(): a context is seen whole. */
	smp_store_release(&file->context, context);
unlock:
	mutex_unlock(&file->lock);
	/* If the answer cannot be written the context stays: RECOVER, GET_STATE know it. */
	return error;
}

static int destroy_context(struct miracast_file *file, union miracast_argument *argument,
			   struct answer *answer)
{
	miracast_context_destroy(file_context(file), STATUS_CANCELLED);
	return 0;
}

static int recover(struct miracast_file *file, union miracast_argument *argument,
		   struct answer *answer)
{
	struct miracast_context_info *arg = &argument->context_info;
	struct miracast_context *context = file_context(file);
	int error;

	error = clear_context_info(arg);
	if (error)
		return error;
	if (arg->flags || arg->slots)
		return -EINVAL;
	error = miracast_context_recover(context);
	if (error)
		return error;
	fill_context_info(context, arg);
	return 0;
}

static int session(struct miracast_file *file, union miracast_argument *argument,
		   struct answer *answer)
{
	return miracast_context_session(file_context(file), &argument->session);
}

static int get_state(struct miracast_file *file, union miracast_argument *argument,
		     struct answer *answer)
{
	if (argument->state.reserved)
		return -EINVAL;
	miracast_context_get_state(file_context(file), &argument->state);
	return 0;
}

/*
 * Not by the table: it is on every message's way, and what the struct has of a message must not
 * be lost by a fault. Of those in the array the caller has the records, if not their number.
 */
static long exchange(struct miracast_context *context, struct miracast_exchange __user *user,
		     size_t size)
{
	struct miracast_exchange arg __uninitialized;
	long error;

	if (likely(size == sizeof(arg))) {
		if (copy_from_user(&arg, user, sizeof(arg)))
			return -EFAULT;
		if (arg.size != sizeof(arg))
			return -EINVAL;
	} else {
		error = miracast_argument_get(&arg, sizeof(arg), user, size);
		if (error)
			return error;
	}
	if (READ_ONCE(context->state) == MIRACAST_DESTROYED)
		return -ENODEV;
	error = miracast_messages_exchange(context, &arg);
	if (likely(size == sizeof(arg)) ? copy_to_user(user, &arg, sizeof(arg))
					: copy_to_user(user, &arg, min(size, sizeof(arg)))) {
		miracast_messages_undeliver(context, &arg);
		return -EFAULT;
	}
	return error;
}

static int io_control(struct miracast_file *file, union miracast_argument *argument,
		      struct answer *answer)
{
	return miracast_context_io_control(file_context(file), &argument->io_control,
					   &answer->files);
}

static int get_chunks(struct miracast_file *file, union miracast_argument *argument,
		      struct answer *answer)
{
	return miracast_chunks_get(file_context(file), &argument->get_chunks);
}

static int report_session_status(struct miracast_file *file, union miracast_argument *argument,
				 struct answer *answer)
{
	struct miracast_report_status *arg = &argument->report_status;
	struct miracast_context *context = file_context(file);
	u32 reason = MIRACAST_STOP_UNKNOWN;

	if (arg->reserved)
		return -EINVAL;
	if (READ_ONCE(context->state) == MIRACAST_DESTROYED)
		return -ENODEV;
	trace_miracast_report_session_status(context, arg->miracast_status, arg->status);
	/* The first five line up: ETW MiracastStopSessionReason is MIRACAST_STATUS + 1. */
	if (arg->miracast_status <= MIRACAST_STATUS_SINK_FAILED_STANDARD_MODE_CHANGE)
		reason = arg->miracast_status + 1;
	miracast_context_request_stop(context, reason);
	return 0;
}

static u64 statistic_value(const struct miracast_statistic_data *data)
{
	switch (data->statistic_type) {
	case MIRACAST_STATISTIC_TYPE_CHUNK_PROCESSING_COMPLETE:
		return data->encode_complete.chunk_id;
	case MIRACAST_STATISTIC_TYPE_CHUNK_SENT:
		return data->chunk_sent;
	default:
		return data->protocol_event;
	}
}

static int report_statistic(struct miracast_file *file, union miracast_argument *argument,
			    struct answer *answer)
{
	struct miracast_report_statistic *arg = &argument->report_statistic;
	struct miracast_context *context = file_context(file);

	if (arg->reserved || arg->data.reserved ||
	    arg->data.statistic_type > MIRACAST_STATISTIC_TYPE_EVENT ||
	    (arg->data.statistic_type == MIRACAST_STATISTIC_TYPE_CHUNK_PROCESSING_COMPLETE &&
	     arg->data.encode_complete.reserved))
		return -EINVAL;
	if (READ_ONCE(context->state) == MIRACAST_DESTROYED)
		return -ENODEV;
	trace_miracast_report_statistic(context, arg->data.statistic_type,
					statistic_value(&arg->data));
	return 0;
}

/* What a file must have for a command. */
enum need {
	NEEDS_NOTHING,
	NEEDS_HANDSHAKE,
	NEEDS_CONTEXT,
};

/**
 * struct command - one ioctl
 * @code: the command with the size and the direction of this kernel's argument
 * @need: what must have been done before
 * @run: does it; returns 0 or a negative errno. The argument is written back on success, and
 *	on failure if @run sets the answer's on_failure.
 */
struct command {
	unsigned int code;
	enum need need;
	int (*run)(struct miracast_file *file, union miracast_argument *argument,
		   struct answer *answer);
};

static const struct command commands[] = {
	[_IOC_NR(MIRACAST_IOC_HANDSHAKE)] = {
		MIRACAST_IOC_HANDSHAKE, NEEDS_NOTHING, handshake,
	},
	[_IOC_NR(MIRACAST_IOC_CREATE_CONTEXT)] = {
		MIRACAST_IOC_CREATE_CONTEXT, NEEDS_HANDSHAKE, create_context,
	},
	[_IOC_NR(MIRACAST_IOC_DESTROY_CONTEXT)] = {
		MIRACAST_IOC_DESTROY_CONTEXT, NEEDS_CONTEXT, destroy_context,
	},
	[_IOC_NR(MIRACAST_IOC_RECOVER)] = {
		MIRACAST_IOC_RECOVER, NEEDS_CONTEXT, recover,
	},
	[_IOC_NR(MIRACAST_IOC_SESSION)] = {
		MIRACAST_IOC_SESSION, NEEDS_CONTEXT, session,
	},
	[_IOC_NR(MIRACAST_IOC_GET_STATE)] = {
		MIRACAST_IOC_GET_STATE, NEEDS_CONTEXT, get_state,
	},
	[_IOC_NR(MIRACAST_IOC_EXCHANGE)] = {
		MIRACAST_IOC_EXCHANGE, NEEDS_CONTEXT, NULL,
	},
	[_IOC_NR(MIRACAST_IOC_IO_CONTROL)] = {
		MIRACAST_IOC_IO_CONTROL, NEEDS_CONTEXT, io_control,
	},
	[_IOC_NR(MIRACAST_IOC_GET_CHUNKS)] = {
		MIRACAST_IOC_GET_CHUNKS, NEEDS_CONTEXT, get_chunks,
	},
	[_IOC_NR(MIRACAST_IOC_REPORT_SESSION_STATUS)] = {
		MIRACAST_IOC_REPORT_SESSION_STATUS, NEEDS_CONTEXT, report_session_status,
	},
	[_IOC_NR(MIRACAST_IOC_REPORT_STATISTIC)] = {
		MIRACAST_IOC_REPORT_STATISTIC, NEEDS_CONTEXT, report_statistic,
	},
};

static_assert(ARRAY_SIZE(commands) == NR_COMMANDS);

static noinline_for_stack long run_command(struct file *filp, unsigned int code,
					   unsigned long address)
{
	/* The command's own struct is written first; to zero the whole would cost more. */
	union miracast_argument argument __uninitialized;
	struct miracast_file *file = filp->private_data;
	void __user *user = (void __user *)address;
	const struct command *command;
	struct answer answer;
	int error;

	answer.on_failure = false;
	answer.files.n = 0;
	if (_IOC_TYPE(code) != MIRACAST_IOC_MAGIC || _IOC_NR(code) >= NR_COMMANDS)
		return -ENOTTY;
	command = &commands[array_index_nospec(_IOC_NR(code), NR_COMMANDS)];
	if (command->need >= NEEDS_HANDSHAKE && !READ_ONCE(file->shaken))
		return -EPROTO;
	if (command->need >= NEEDS_CONTEXT && !file_context(file))
		return -ENOTCONN;
	if (!command->run)
		return exchange(file_context(file), user, _IOC_SIZE(code));

	error = miracast_argument_get(&argument, _IOC_SIZE(command->code), user, _IOC_SIZE(code));
	if (error)
		return error;
	error = command->run(file, &argument, &answer);
	if ((!error || answer.on_failure) && (_IOC_DIR(command->code) & _IOC_READ) &&
	    copy_to_user(user, &argument, min(_IOC_SIZE(command->code), _IOC_SIZE(code))))
		error = -EFAULT;
	if (error)
		miracast_new_files_drop(&answer.files);
	else
		miracast_new_files_install(&answer.files);
	return error;
}

static long miracast_ioctl(struct file *filp, unsigned int code, unsigned long address)
{
	struct miracast_context *context = file_context(filp->private_data);

	if (likely(code == MIRACAST_IOC_EXCHANGE && context))
		return exchange(context, (void __user *)address, _IOC_SIZE(code));
	return run_command(filp, code, address);
}

static __poll_t miracast_poll(struct file *filp, poll_table *wait)
{
	struct miracast_file *file = filp->private_data;
	struct miracast_context *context = file_context(file);
	__poll_t mask = 0;
	bool waits;
	u32 state;

	poll_wait(filp, &file->adapter->wait, wait);
	if (READ_ONCE(file->adapter->removed))
		return EPOLLHUP | EPOLLERR;
	if (!context)
		return 0;

	poll_wait(filp, &context->wait, wait);
	poll_wait(filp, &context->chunk_wait, wait);
	/* Under the lock: see the races in send.c. */
	spin_lock(&context->lock);
	state = context->state;
	waits = state == MIRACAST_STARTED && !slots_empty(&context->queue);
	spin_unlock(&context->lock);
	if (state == MIRACAST_DESTROYED)
		mask |= EPOLLHUP | EPOLLERR;
	if (waits)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (miracast_chunks_ready(context))
		mask |= EPOLLRDBAND;
	if (READ_ONCE(context->state_seq) != READ_ONCE(context->seen_seq))
		mask |= EPOLLPRI;
	return mask;
}

static vm_fault_t arena_fault(struct vm_fault *vmf)
{
	struct miracast_context *context = vmf->vma->vm_private_data;

	vmf->page = vmalloc_to_page(context->arena + (vmf->pgoff << PAGE_SHIFT));
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct arena_vm_ops = {
	.fault = arena_fault,
};

/*
 * The mapping holds the file, and the file the context: the arena outlives it. What is on the
 * screen lies there: it is in no child, in no core dump, and no code. It cannot be enlarged,
 * so that no fault is beyond its end.
 */
static int miracast_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct miracast_context *context = file_context(filp->private_data);
	unsigned long pages = vma_pages(vma);

	if (!context)
		return -ENOTCONN;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (pages > context->arena_size >> PAGE_SHIFT ||
	    vma->vm_pgoff > (context->arena_size >> PAGE_SHIFT) - pages)
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTCOPY | VM_DONTDUMP | VM_DONTEXPAND, VM_MAYEXEC);
	vma->vm_private_data = context;
	vma->vm_ops = &arena_vm_ops;
	return 0;
}

const struct file_operations miracast_fops = {
	.owner = THIS_MODULE,
	.open = miracast_open,
	.flush = miracast_flush,
	.release = miracast_release,
	.unlocked_ioctl = miracast_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = miracast_poll,
	.mmap = miracast_mmap,
};
