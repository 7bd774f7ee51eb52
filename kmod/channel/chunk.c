// SPDX-License-Identifier: GPL-2.0
/*
 * The chunk queue: what the encode hardware has finished, from hard interrupt
 * context to the user-mode driver.
 *
 * A ring of packets of one size, made with the context. The reader copies under
 * the lock to memory of its own, then to user space, and only then takes the
 * packets off the ring: what could not be written is still there. A reset in
 * between changes the epoch, and the reader takes nothing off.
 */

#include <linux/export.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "channel.h"
#include "trace.h"

#define READ_MAX 65536u

static void *packet(const struct miracast_chunk_queue *chunks, u32 depth, u32 n)
{
	return chunks->packets + (chunks->head + n) % depth * chunks->stride;
}

static u32 packet_size(const void *data)
{
	const struct miracast_chunk_data *chunk = data;

	return MIRACAST_CHUNK_DATA_HEADER_SIZE + chunk->private_driver_data_size;
}

int miracast_chunks_init(struct miracast_context *context)
{
	struct miracast_adapter *adapter = context->adapter;
	struct miracast_chunk_queue *chunks = &context->chunks;

	spin_lock_init(&context->chunk_lock);
	mutex_init(&context->chunk_reader);
	if (!adapter->desc.max_chunks)
		return 0;
	chunks->stride = ALIGN(MIRACAST_CHUNK_DATA_HEADER_SIZE +
				       adapter->caps.max_chunk_private_driver_data_size,
			       8);
	chunks->packets = kvcalloc(adapter->desc.max_chunks, chunks->stride, GFP_KERNEL_ACCOUNT);
	return chunks->packets ? 0 : -ENOMEM;
}

/**
 * miracast_chunks_clear() - begin a session with an empty queue
 * @context: the context
 */
void miracast_chunks_clear(struct miracast_context *context)
{
	struct miracast_chunk_queue *chunks = &context->chunks;
	unsigned long flags;

	spin_lock_irqsave(&context->chunk_lock, flags);
	WRITE_ONCE(chunks->count, 0);
	WRITE_ONCE(chunks->reset, false);
	chunks->epoch++;
	spin_unlock_irqrestore(&context->chunk_lock, flags);
}

static ntstatus_t queue_chunk(struct miracast_context *context,
			      const struct miracast_chunk_info *chunk_info,
			      const void *private_driver_data, u32 private_driver_data_size)
{
	struct miracast_adapter *adapter = context->adapter;
	struct miracast_chunk_queue *chunks = &context->chunks;
	struct miracast_chunk_data *chunk;
	ntstatus_t status = STATUS_SUCCESS;
	unsigned long flags;

	if (!chunks->packets)
		return STATUS_NOT_SUPPORTED;

	spin_lock_irqsave(&context->chunk_lock, flags);
	if ((!private_driver_data && private_driver_data_size) ||
	    private_driver_data_size > adapter->caps.max_chunk_private_driver_data_size)
		status = STATUS_INVALID_PARAMETER;
	else if (chunks->count == adapter->desc.max_chunks)
		status = STATUS_NO_MEMORY;

	if (status == STATUS_SUCCESS) {
		chunk = packet(chunks, adapter->desc.max_chunks, chunks->count);
		chunk->chunk_info = *chunk_info;
		chunk->chunk_info.reserved = 0;
		chunk->private_driver_data_size = private_driver_data_size;
		memcpy((void *)chunk + MIRACAST_CHUNK_DATA_HEADER_SIZE, private_driver_data,
		       private_driver_data_size);
		WRITE_ONCE(chunks->count, chunks->count + 1);
		chunks->queued++;
	} else {
		/* DDI: any failure loses every outstanding chunk, and the reader hears of it. */
		WRITE_ONCE(chunks->count, 0);
		WRITE_ONCE(chunks->reset, true);
		chunks->epoch++;
		chunks->resets++;
	}
	spin_unlock_irqrestore(&context->chunk_lock, flags);

	wake_up_interruptible_poll(&context->chunk_wait, EPOLLRDBAND);
	return status;
}

ntstatus_t miracast_complete_chunk(struct miracast_handle handle,
				   const struct miracast_chunk_info *chunk_info,
				   const void *private_driver_data, u32 private_driver_data_size)
{
	struct miracast_context *context;
	ntstatus_t status;

	rcu_read_lock();
	context = miracast_context_lookup(handle);
	if (!context)
		status = STATUS_DEVICE_NOT_CONNECTED;
	else
		status = queue_chunk(context, chunk_info, private_driver_data,
				     private_driver_data_size);
	rcu_read_unlock();
	trace_miracast_complete_chunk(handle.token, chunk_info, status);
	return status;
}
EXPORT_SYMBOL_GPL(miracast_complete_chunk);

ntstatus_t miracast_report_chunk_info(struct miracast_handle handle,
				      const struct miracast_chunk_info *chunk_info,
				      const void *private_driver_data, u32 private_driver_data_size)
{
	ntstatus_t status = STATUS_SUCCESS;

	rcu_read_lock();
	if (!miracast_context_lookup(handle))
		status = STATUS_DEVICE_NOT_CONNECTED;
	rcu_read_unlock();
	if (private_driver_data || private_driver_data_size)
		status = STATUS_INVALID_PARAMETER;
	trace_miracast_report_chunk_info(handle.token, chunk_info, status);
	return status;
}
EXPORT_SYMBOL_GPL(miracast_report_chunk_info);

static bool session_over(struct miracast_context *context)
{
	return miracast_session_is_over(READ_ONCE(context->state));
}

/**
 * miracast_chunks_ready() - whether a reader would not have to wait
 * @context: the context
 *
 * Nor does it when the session is over, which it is told instead of chunks.
 */
bool miracast_chunks_ready(struct miracast_context *context)
{
	return context->chunks.packets &&
	       (READ_ONCE(context->chunks.count) || READ_ONCE(context->chunks.reset) ||
		session_over(context));
}

/*
 * Takes a reset, or copies as many whole packets as fit; sets how many those are, the epoch, and
 * the status: what comes after this moment is the next call's.
 */
static u32 copy_packets(struct miracast_context *context, void *buffer, u32 size, u32 *n,
			u32 *epoch, ntstatus_t *status)
{
	struct miracast_chunk_queue *chunks = &context->chunks;
	u32 depth = context->adapter->desc.max_chunks;
	unsigned long flags;
	void *from;
	u32 used = 0;

	*n = 0;
	spin_lock_irqsave(&context->chunk_lock, flags);
	*epoch = chunks->epoch;
	while (!chunks->reset && *n < chunks->count) {
		from = packet(chunks, depth, *n);
		if (packet_size(from) > size - used)
			break;
		memcpy(buffer + used, from, packet_size(from));
		used += packet_size(from);
		++*n;
	}
	if (chunks->reset)
		*status = STATUS_CONNECTION_RESET;
	else if (*n)
		*status = STATUS_SUCCESS;
	else
		*status = chunks->count ? STATUS_BUFFER_TOO_SMALL : STATUS_TIMEOUT;
	WRITE_ONCE(chunks->reset, false);
	spin_unlock_irqrestore(&context->chunk_lock, flags);
	return used;
}

/*
 * Takes the @n packets that were read off the ring, unless a reset has done so; sets what the
 * next call would find.
 */
static void consume_packets(struct miracast_context *context, u32 n, u32 epoch,
			    struct miracast_get_chunks *arg)
{
	struct miracast_chunk_queue *chunks = &context->chunks;
	u32 depth = context->adapter->desc.max_chunks;
	unsigned long flags;

	spin_lock_irqsave(&context->chunk_lock, flags);
	if (chunks->epoch == epoch) {
		chunks->head = (chunks->head + n) % depth;
		WRITE_ONCE(chunks->count, chunks->count - n);
	}
	arg->outstanding = chunks->count;
	if (chunks->count)
		arg->required = packet_size(packet(chunks, depth, 0));
	spin_unlock_irqrestore(&context->chunk_lock, flags);
}

static int wait_for_chunk(struct miracast_context *context, u64 timeout_ns)
{
	long left;

	if (!timeout_ns)
		return 0;
	left = wait_event_interruptible_timeout(context->chunk_wait, miracast_chunks_ready(context),
						miracast_timeout_jiffies(timeout_ns));
	/* No restart, which would wait for all of the time once more. */
	return left < 0 ? -EINTR : 0;
}

static int read_chunks(struct miracast_context *context, struct miracast_get_chunks *arg, u32 size)
{
	u32 n, epoch, used;
	void *buffer;

	buffer = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;
	used = copy_packets(context, buffer, size, &n, &epoch, &arg->status);
	if (used && copy_to_user(u64_to_user_ptr(arg->buffer), buffer, used)) {
		kvfree(buffer);
		return -EFAULT;
	}
	kvfree(buffer);
	consume_packets(context, n, epoch, arg);
	arg->buffer_size = used;
	return 0;
}

/**
 * miracast_chunks_get() - read chunks
 * @context: the context
 * @arg: the ioctl's argument
 *
 * Return: 0 with @arg's status set; -EBUSY while another thread reads; -EOPNOTSUPP
 * without a chunk queue; -EFAULT, nothing is lost; -EINTR.
 */
int miracast_chunks_get(struct miracast_context *context, struct miracast_get_chunks *arg)
{
	u32 size = min(arg->buffer_size, READ_MAX);
	int error;

	if (arg->reserved)
		return -EINVAL;
	if (!context->chunks.packets)
		return -EOPNOTSUPP;
	if (!mutex_trylock(&context->chunk_reader))
		return -EBUSY;

	arg->buffer_size = 0;
	arg->outstanding = 0;
	arg->required = 0;
	error = wait_for_chunk(context, arg->timeout_ns);
	if (error)
		goto unlock;
	if (session_over(context))
		arg->status = STATUS_INSTANCE_NOT_AVAILABLE;
	else
		error = read_chunks(context, arg, max(size, 1u));
unlock:
	mutex_unlock(&context->chunk_reader);
	return error;
}
