/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Miracast message channel: what a display driver (miniport) calls.
 *
 * A driver registers an adapter and implements struct miracast_display_ops.
 * When a daemon creates a context the driver is handed callbacks with a
 * handle; with it the driver sends messages to its user-mode half until
 * destroy_context().
 *
 * All functions here are for process context, where one may sleep, but for
 * miracast_report_chunk_info() and miracast_complete_chunk(), which interrupts may
 * call, and miracast_adapter_index() and miracast_status_to_errno(), which anybody may.
 */
#ifndef _LINUX_MIRACAST_H
#define _LINUX_MIRACAST_H

#include <linux/types.h>
#include <uapi/linux/miracast.h>

struct device;
struct file;
struct miracast_adapter;

/**
 * struct miracast_handle - names a context; opaque to the driver
 * @token: never reused: a handle that outlives its context is refused
 *
 * DDI: MiracastHandle.
 */
struct miracast_handle {
	u64 token;
};

/**
 * struct miracast_line - messages of a context of which only the newest matters
 * @token: the channel's
 * @id: the channel's
 *
 * The driver's, zero at first, and the driver touches it no more: see
 * miracast_send_message_latest().
 */
struct miracast_line {
	u64 token;
	u64 id;
};

/**
 * struct miracast_io_status - how a message ended
 * @status: the handler's status, or why there is none
 * @information: bytes that were written to the output buffer
 *
 * Belongs to the channel; valid while the callback runs.
 * DDI: IO_STATUS_BLOCK.
 */
struct miracast_io_status {
	ntstatus_t status;
	u64 information;
};

/**
 * typedef miracast_message_callback_t - tells a driver that a message ended
 * @callback_context: what miracast_send_message() was given
 * @io_status: how it ended
 *
 * Called once for each accepted message, in process context with no lock held,
 * possibly on several threads at once and possibly before
 * miracast_send_message() returns. May send again, but not wait for another message;
 * miracast_unregister_adapter() does nothing from here but warn.
 * DDI: DXGKCB_MIRACAST_SEND_MESSAGE_CALLBACK.
 */
typedef void (*miracast_message_callback_t)(void *callback_context,
					    const struct miracast_io_status *io_status);

/**
 * struct miracast_display_callbacks - what a context's driver may call
 * @miracast_handle: the context
 * @send_message: miracast_send_message()
 * @report_chunk_info: miracast_report_chunk_info()
 *
 * DDI: DXGK_MIRACAST_DISPLAY_CALLBACKS.
 */
struct miracast_display_callbacks {
	struct miracast_handle miracast_handle;
	ntstatus_t (*send_message)(struct miracast_handle handle, u32 input_size, const void *input,
				   u32 output_size, void *output,
				   miracast_message_callback_t callback, void *callback_context);
	ntstatus_t (*report_chunk_info)(struct miracast_handle handle,
					const struct miracast_chunk_info *chunk_info,
					const void *private_driver_data,
					u32 private_driver_data_size);
};

/**
 * struct miracast_session_info - where a context's session stands
 * @size: bytes of this struct as the channel knows it; no member beyond them is there
 * @state: enum miracast_session_state, but not MIRACAST_DESTROYED, of which destroy_context()
 *	tells
 * @slots: how many messages may be open, as the daemon chose
 * @max_message: largest input, and largest output, of a message in bytes
 */
struct miracast_session_info {
	u32 size;
	u32 state;
	u32 slots;
	u32 max_message;
};

/**
 * struct miracast_display_ops - a display driver's half of the interface
 * @size: sizeof(struct miracast_display_ops): see struct miracast_adapter_desc
 * @query_caps: fill @caps (@caps_size bytes); once, inside
 *	miracast_register_adapter()
 * @create_context: prepare for a session; return a context and the target's
 *	number. @callbacks is valid during the call: copy it. Messages may be
 *	sent at once; they are held until the session has started.
 *	STATUS_RESOURCE_IN_USE when the hardware is busy.
 * @io_control: optional: without it requests end with STATUS_NOT_SUPPORTED. Serve a
 *	request of the user-mode driver, in its process. Both
 *	buffers are the channel's copies, @output zeroed; the driver checks both
 *	sizes. At most @output_size bytes may be returned. Files are handed out
 *	with miracast_io_control_add_file().
 * @destroy_context: free what create_context prepared and report the monitor
 *	gone. All callbacks have returned; the handle is refused from before
 *	this call on.
 * @session_state: optional: the context was created, or its session starts, has
 *	started, stops, has stopped; or a daemon that crashed is replaced, and all
 *	is as if just created. So a driver need not send what would only be cancelled.
 *	@info is valid during the call.
 *
 * create_context, io_control and destroy_context never run at the same time for
 * one adapter. Callbacks of a context may overlap all of them but its own
 * destroy_context: what was sent inside create_context may end before that
 * returns. session_state overlaps neither its own create_context nor its own
 * destroy_context. All may sleep.
 *
 * session_state is called in process context, on a thread of its own, with no lock
 * held; one at a time for a context, in order. The step of the daemon that it tells
 * of does not return before it has. It may send, but not wait for a message, and cannot
 * unregister the adapter. Of two changes that come at once it may tell the second only.
 * DDI: DXGK_MIRACAST_DISPLAY_INTERFACE.
 */
struct miracast_display_ops {
	u32 size;
	ntstatus_t (*query_caps)(void *driver_context, u32 caps_size, struct miracast_caps *caps);
	ntstatus_t (*create_context)(void *driver_context,
				     const struct miracast_display_callbacks *callbacks,
				     void **miracast_context, u32 *target_id);
	ntstatus_t (*io_control)(void *driver_context, void *miracast_context, u32 input_size,
				 const void *input, u32 output_size, void *output,
				 u32 *bytes_returned);
	void (*destroy_context)(void *driver_context, void *miracast_context);
	void (*session_state)(void *driver_context, void *miracast_context,
			      const struct miracast_session_info *info);
};

/**
 * struct miracast_adapter_desc - what a driver says of its adapter
 * @size: sizeof(struct miracast_adapter_desc)
 * @name: for people; copied, at most MIRACAST_ADAPTER_NAME_SIZE - 1 bytes
 * @parent: the device that the adapter belongs to, or NULL
 * @ops: the driver's functions; copied
 * @driver_context: handed to each of them
 * @max_contexts: how many contexts at once, 1 to 32
 * @max_slots: most messages that a context may have open, 1 to 1024; times
 *	@max_message, rounded up to 64 bytes, at most 128 MiB
 * @max_message: largest input, and largest output, of a message: 1 byte to 1 MiB
 * @max_io_control: largest input, and largest output, of an io_control: to 1 MiB
 * @max_chunks: depth of the chunk queue, 0 (none) to 4096
 * @timeout_ms: how long a message may stay unanswered, at most a day; 0: 30 seconds
 *
 * Later versions of this header add members at the end of this struct and of
 * struct miracast_display_ops, and each says by its size what the driver was
 * built with. Members that the driver does not have are zero, which is what
 * they mean when they are not used. Members that the channel does not know
 * must be zero, or the adapter is refused.
 */
struct miracast_adapter_desc {
	u32 size;
	const char *name;
	struct device *parent;
	const struct miracast_display_ops *ops;
	void *driver_context;
	u32 max_contexts;
	u32 max_slots;
	u32 max_message;
	u32 max_io_control;
	u32 max_chunks;
	u32 timeout_ms;
};

/**
 * miracast_register_adapter() - offer a display adapter to daemons
 * @desc: the driver's word on it; read during the call only, but for what it points to
 *
 * Makes /dev/miracastN. Calls query_caps, once; create_context may be called before
 * this returns.
 *
 * Return: the adapter, or an ERR_PTR: -EINVAL for a member that is not as it should be,
 * what query_caps said, -ENOSPC when there are 64 adapters, -ENOMEM. The log says which
 * member it was.
 */
struct miracast_adapter *miracast_register_adapter(const struct miracast_adapter_desc *desc);

/**
 * miracast_unregister_adapter() - take an adapter back
 * @adapter: from miracast_register_adapter(), not to be used afterwards; or NULL
 *
 * Open messages end with STATUS_DEVICE_REMOVED, contexts are destroyed, daemons
 * that have the device open see a hang-up. When this returns no callback and no
 * function of the driver runs any more, nor will one. So from one of them, which would wait
 * for itself, it does nothing but warn: the adapter stays, for another thread to unregister.
 */
void miracast_unregister_adapter(struct miracast_adapter *adapter);

/**
 * miracast_adapter_index() - an adapter's number
 * @adapter: the adapter
 *
 * Return: N of /dev/miracastN.
 */
int miracast_adapter_index(const struct miracast_adapter *adapter);

/* Most files that one io_control may hand out. */
#define MIRACAST_IO_CONTROL_MAX_FILES 4

/**
 * miracast_io_control_add_file() - hand a file to the process whose io_control runs
 * @handle: the context whose io_control this is
 * @file: the file; its reference is the channel's if this succeeds
 *
 * Only from within io_control, on its thread. Reserves a descriptor, close-on-exec, whose number
 * the driver tells in its output. The process gets the file when all outputs were written, and
 * the number is free again, the reference dropped, if that fails or io_control returns an error
 * status.
 *
 * Return: the descriptor's number; -EINVAL outside of io_control; -ENOSPC for more than
 * MIRACAST_IO_CONTROL_MAX_FILES; -EMFILE.
 */
int miracast_io_control_add_file(struct miracast_handle handle, struct file *file);

/**
 * miracast_send_message() - send a message to the user-mode driver
 * @handle: the context, from struct miracast_display_callbacks
 * @input_size: bytes of @input, at most the adapter's max_message
 * @input: what the user-mode driver gets; NULL if @input_size is 0
 * @output_size: bytes of @output, at most the adapter's max_message
 * @output: where the answer goes; NULL if @output_size is 0
 * @callback: told how the message ended; may be NULL
 * @callback_context: handed to @callback
 *
 * Does not wait for the handler. With a callback, both buffers belong to the channel until it
 * begins; without one they are free on return, and the answer is discarded.
 *
 * From where one may not sleep (an interrupt, interrupts off, a spinlock held) a send is refused
 * if the kernel can tell, which it cannot of a spinlock without CONFIG_PREEMPT_COUNT. Have a
 * work send: see kmod/test/example_irq.c.
 *
 * Return: STATUS_PENDING if the message was accepted; then @callback is called
 * exactly once, possibly before this returns. Anything else is a refusal and
 * there is no callback: STATUS_DEVICE_NOT_CONNECTED, the context is gone;
 * STATUS_INVALID_PARAMETER, a NULL buffer with a size; STATUS_INVALID_BUFFER_SIZE,
 * too large; STATUS_INSUFFICIENT_RESOURCES, the context has as many messages open
 * as it has slots; STATUS_INVALID_DEVICE_STATE, the caller may not sleep, and the log names
 * the first such one.
 *
 * DDI: DXGKCB_MIRACAST_SEND_MESSAGE.
 */
ntstatus_t miracast_send_message(struct miracast_handle handle, u32 input_size, const void *input,
				 u32 output_size, void *output,
				 miracast_message_callback_t callback, void *callback_context);

/**
 * miracast_send_message_latest() - send a message in the place of one that is out of date
 * @handle: as in miracast_send_message()
 * @line: what the message is about; of @handle's context
 * @input_size: as in miracast_send_message()
 * @input: as in miracast_send_message()
 * @output_size: as in miracast_send_message()
 * @output: as in miracast_send_message()
 * @callback: as in miracast_send_message()
 * @callback_context: as in miracast_send_message()
 *
 * As miracast_send_message(), but if the message that was sent last with this @line still
 * waits to be read, this one is delivered in its place, and the callback of the replaced one,
 * which is called by a work, says STATUS_REQUEST_CANCELED. A message that has been
 * read is not replaced: both are delivered. May be called by several threads at once.
 *
 * Return: as miracast_send_message(). Both messages need a slot until the replaced one's callback
 * begins. If there is none, or this one is refused for another reason, the older one waits on.
 */
ntstatus_t miracast_send_message_latest(struct miracast_handle handle, struct miracast_line *line,
					u32 input_size, const void *input, u32 output_size,
					void *output, miracast_message_callback_t callback,
					void *callback_context);

/**
 * miracast_send_message_sync() - send a message and wait for its end
 * @handle: as in miracast_send_message()
 * @input_size: as in miracast_send_message()
 * @input: as in miracast_send_message()
 * @output_size: as in miracast_send_message()
 * @output: as in miracast_send_message()
 * @timeout_ms: how long to wait at most, in milliseconds, if the adapter's timeout is not
 *	shorter; not 0
 * @io_status: how the message ended, left alone if it was refused; may be NULL
 *
 * The wait is killable. A message that is given up on is cancelled: its status
 * is STATUS_IO_TIMEOUT, or STATUS_CANCELLED if the caller was killed, unless its
 * completion came at that very moment. No other message's callback is called on this
 * thread or waited for. Must not be called while the user-mode driver waits for the caller:
 * messages are held while a session starts.
 *
 * Return: how the message ended, as in @io_status, or why it was refused, as in
 * miracast_send_message(). Who has to tell the two apart sets @io_status's status to
 * STATUS_PENDING before, with which no message ends.
 */
ntstatus_t miracast_send_message_sync(struct miracast_handle handle, u32 input_size,
				      const void *input, u32 output_size, void *output,
				      unsigned int timeout_ms,
				      struct miracast_io_status *io_status);

/**
 * miracast_report_chunk_info() - trace a stage of an encode chunk
 * @handle: the context
 * @chunk_info: the chunk
 * @private_driver_data: must be NULL
 * @private_driver_data_size: must be 0
 *
 * From any context, hard interrupts included (on PREEMPT_RT: those that are threads).
 * Queues nothing and changes nothing.
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER, there is private data;
 * STATUS_DEVICE_NOT_CONNECTED, the context is gone.
 *
 * DDI: DXGKCB_MIRACAST_REPORT_CHUNK_INFO.
 */
ntstatus_t miracast_report_chunk_info(struct miracast_handle handle,
				      const struct miracast_chunk_info *chunk_info,
				      const void *private_driver_data,
				      u32 private_driver_data_size);

/**
 * miracast_complete_chunk() - an encode chunk is ready for the user-mode driver
 * @handle: the context
 * @chunk_info: the chunk
 * @private_driver_data: goes with it; NULL if the size is 0
 * @private_driver_data_size: bytes, at most the caps' max_chunk_private_driver_data_size
 *
 * From any context, hard interrupts included (on PREEMPT_RT: those that are threads).
 * Any failure but that of the handle and STATUS_NOT_SUPPORTED loses every chunk that
 * has not been read; the next read says STATUS_CONNECTION_RESET, and the driver should
 * make a key frame.
 *
 * Return: STATUS_SUCCESS; STATUS_NO_MEMORY, the queue is full; STATUS_INVALID_PARAMETER,
 * bad private data; STATUS_NOT_SUPPORTED, the adapter has no chunk queue;
 * STATUS_DEVICE_NOT_CONNECTED, the context is gone.
 *
 * DDI: DXGK_INTERRUPT_MICACAST_CHUNK_PROCESSING_COMPLETE.
 */
ntstatus_t miracast_complete_chunk(struct miracast_handle handle,
				   const struct miracast_chunk_info *chunk_info,
				   const void *private_driver_data, u32 private_driver_data_size);

/**
 * miracast_status_to_errno() - the errno that stands for an NTSTATUS
 * @status: any status
 *
 * Return: 0 for a success, information or warning, else a negative errno;
 * -EIO for an error without one of its own.
 */
int miracast_status_to_errno(ntstatus_t status);

#endif /* _LINUX_MIRACAST_H */
