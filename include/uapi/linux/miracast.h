/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Miracast message channel: the char device /dev/miracastN.
 *
 * One device stands for one display adapter. A daemon opens it, shakes hands,
 * creates a context (one per open file), maps the context's arena, starts a
 * session and then serves messages:
 *
 *	HANDSHAKE -> CREATE_CONTEXT -> mmap -> SESSION(START_BEGIN, START_END)
 *	-> EXCHANGE ... EXCHANGE -> SESSION(STOP_BEGIN, STOP_END)
 *	-> DESTROY_CONTEXT -> close
 *
 * Reserved words and unknown flag bits must be zero and are refused with
 * EINVAL otherwise. An output struct is either written in full or left alone.
 * Pointers travel as __u64. Times are in nanoseconds.
 *
 * A command is told by its number (_IOC_NR) alone; a number that does not
 * exist is ENOTTY. Its argument may be longer or shorter than the kernel's:
 * later versions of this header add members at the end of a struct and change
 * nothing else. The command says the length of the struct (_IOC_SIZE), and so
 * does the struct's first member, size; EINVAL if the two differ. Members that
 * the caller's struct does not have are taken as zero and not written. Bytes
 * that the kernel does not know must be zero, E2BIG otherwise, and stay so.
 *
 * struct miracast_caps, struct miracast_chunk_info, struct miracast_chunk_data
 * and struct miracast_statistic_data have the layout of the DDI and never
 * change. The records of EXCHANGE's arrays grow as the commands' structs do;
 * their lengths are members of struct miracast_exchange.
 *
 * poll(): EPOLLIN a message waits, EPOLLRDBAND GET_CHUNKS would not wait (a
 * chunk, a reset of the queue, or the end of the session), EPOLLPRI the session's
 * state changed since GET_STATE, EPOLLHUP|EPOLLERR the context or the adapter is
 * gone. A wait, or a place in an epoll set, that is older than the file's context
 * does not hear of it: create the context first.
 */
#ifndef _UAPI_LINUX_MIRACAST_H
#define _UAPI_LINUX_MIRACAST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * typedef ntstatus_t - the outcome of an operation, with NTSTATUS's numbers
 *
 * A type of its own, so that sparse tells it from an errno. Bits 31:30 are
 * the severity: 0 success, 1 information, 2 warning, 3 error.
 */
typedef __u32 __bitwise ntstatus_t;

#ifdef __CHECKER__
#define MIRACAST_NTSTATUS(n)	   ((__attribute__((force)) ntstatus_t)(n))
#define MIRACAST_NTSTATUS_VALUE(s) ((__attribute__((force)) __u32)(s))
#else
#define MIRACAST_NTSTATUS(n)	   ((ntstatus_t)(n))
#define MIRACAST_NTSTATUS_VALUE(s) ((__u32)(s))
#endif

#define STATUS_SUCCESS			     MIRACAST_NTSTATUS(0x00000000u)
#define STATUS_TIMEOUT			     MIRACAST_NTSTATUS(0x00000102u)
#define STATUS_PENDING			     MIRACAST_NTSTATUS(0x00000103u)
#define STATUS_BUFFER_OVERFLOW		     MIRACAST_NTSTATUS(0x80000005u)
#define STATUS_UNSUCCESSFUL		     MIRACAST_NTSTATUS(0xC0000001u)
#define STATUS_NOT_IMPLEMENTED		     MIRACAST_NTSTATUS(0xC0000002u)
#define STATUS_ACCESS_VIOLATION		     MIRACAST_NTSTATUS(0xC0000005u)
#define STATUS_INVALID_HANDLE		     MIRACAST_NTSTATUS(0xC0000008u)
#define STATUS_INVALID_PARAMETER	     MIRACAST_NTSTATUS(0xC000000Du)
#define STATUS_INVALID_DEVICE_REQUEST	     MIRACAST_NTSTATUS(0xC0000010u)
#define STATUS_NO_MEMORY		     MIRACAST_NTSTATUS(0xC0000017u)
#define STATUS_ACCESS_DENIED		     MIRACAST_NTSTATUS(0xC0000022u)
#define STATUS_BUFFER_TOO_SMALL		     MIRACAST_NTSTATUS(0xC0000023u)
#define STATUS_REVISION_MISMATCH	     MIRACAST_NTSTATUS(0xC0000059u)
#define STATUS_INSUFFICIENT_RESOURCES	     MIRACAST_NTSTATUS(0xC000009Au)
#define STATUS_DEVICE_NOT_CONNECTED	     MIRACAST_NTSTATUS(0xC000009Du)
#define STATUS_DEVICE_NOT_READY		     MIRACAST_NTSTATUS(0xC00000A3u)
#define STATUS_INSTANCE_NOT_AVAILABLE	     MIRACAST_NTSTATUS(0xC00000ABu)
#define STATUS_IO_TIMEOUT		     MIRACAST_NTSTATUS(0xC00000B5u)
#define STATUS_NOT_SUPPORTED		     MIRACAST_NTSTATUS(0xC00000BBu)
#define STATUS_INTERNAL_ERROR		     MIRACAST_NTSTATUS(0xC00000E5u)
#define STATUS_CANCELLED		     MIRACAST_NTSTATUS(0xC0000120u)
#define STATUS_INVALID_DEVICE_STATE	     MIRACAST_NTSTATUS(0xC0000184u)
#define STATUS_INVALID_BUFFER_SIZE	     MIRACAST_NTSTATUS(0xC0000206u)
#define STATUS_CONNECTION_DISCONNECTED	     MIRACAST_NTSTATUS(0xC000020Cu)
#define STATUS_CONNECTION_RESET		     MIRACAST_NTSTATUS(0xC000020Du)
#define STATUS_NOT_FOUND		     MIRACAST_NTSTATUS(0xC0000225u)
#define STATUS_DEVICE_REMOVED		     MIRACAST_NTSTATUS(0xC00002B6u)
#define STATUS_DEVICE_INSUFFICIENT_RESOURCES MIRACAST_NTSTATUS(0xC0000468u)
#define STATUS_REQUEST_CANCELED		     MIRACAST_NTSTATUS(0xC0000703u)
#define STATUS_RESOURCE_IN_USE		     MIRACAST_NTSTATUS(0xC0000708u)

/* NT_SUCCESS(): success or information class. NT_ERROR(): error class. */
#define NT_SUCCESS(s) (MIRACAST_NTSTATUS_VALUE(s) < 0x80000000u)
#define NT_ERROR(s)   (MIRACAST_NTSTATUS_VALUE(s) >= 0xC0000000u)

/**
 * struct miracast_caps - what an adapter can do
 * @max_chunk_private_driver_data_size: upper bound, in bytes, of the private
 *	data that comes with one encode chunk
 * @flags: MIRACAST_CAPS_HDCP_SUPPORT or 0
 *
 * DDI: DXGK_MIRACAST_CAPS. Asked once, when the adapter is registered.
 */
struct miracast_caps {
	__u32 max_chunk_private_driver_data_size;
	__u32 flags;
};

#define MIRACAST_CAPS_HDCP_SUPPORT (1u << 0)

/* enum miracast_chunk_type - the stage of an encode chunk (DDI: DXGK_MIRACAST_CHUNK_TYPE) */
enum miracast_chunk_type {
	MIRACAST_CHUNK_TYPE_UNKNOWN = 0,
	MIRACAST_CHUNK_TYPE_COLOR_CONVERT_COMPLETE = 1,
	MIRACAST_CHUNK_TYPE_ENCODE_COMPLETE = 2,
	MIRACAST_CHUNK_TYPE_FRAME_START = 3,
	MIRACAST_CHUNK_TYPE_FRAME_DROPPED = 4,
};

#define MIRACAST_CHUNK_TYPE_ENCODE_DRIVER_DEFINED_1 0x80000000u
#define MIRACAST_CHUNK_TYPE_ENCODE_DRIVER_DEFINED_2 0x80000001u

/* A chunk id: the frame's number in bits 0-39, the part's in bits 40-63. */
#define MIRACAST_CHUNK_ID(frame, part) ((0xffffffffffull & (frame)) | ((__u64)(part) << 40))
#define MIRACAST_CHUNK_ID_FRAME(id)    (0xffffffffffull & (id))
#define MIRACAST_CHUNK_ID_PART(id)     ((__u32)((__u64)(id) >> 40))

/**
 * struct miracast_chunk_info - one encode chunk
 * @chunk_type: enum miracast_chunk_type or one of the driver-defined ones
 * @reserved: zero
 * @chunk_id: MIRACAST_CHUNK_ID(); the last slice of a frame has part 0
 * @processing_time: microseconds that the stage took
 * @encode_rate: kilobit per second
 *
 * DDI: DXGK_MIRACAST_CHUNK_INFO.
 */
struct miracast_chunk_info {
	__u32 chunk_type;
	__u32 reserved;
	__u64 chunk_id;
	__u32 processing_time;
	__u32 encode_rate;
};

/**
 * struct miracast_chunk_data - one packet of the chunk queue
 * @chunk_info: the chunk
 * @private_driver_data_size: bytes of @private_driver_data
 * @private_driver_data: what the display miniport attached
 *
 * Packets lie back to back with a stride of 28 + @private_driver_data_size
 * bytes, so all but the first may be unaligned: copy before reading.
 * DDI: MIRACAST_CHUNK_DATA.
 */
struct miracast_chunk_data {
	struct miracast_chunk_info chunk_info;
	__u32 private_driver_data_size;
	__u8 private_driver_data[4];
};

#define MIRACAST_CHUNK_DATA_HEADER_SIZE 28

/* enum miracast_status - why a driver wants the session ended (DDI: MIRACAST_STATUS) */
enum miracast_status {
	MIRACAST_STATUS_CRITICAL_ERROR = 0,
	MIRACAST_STATUS_MISSING_KEEPALIVE = 1,
	MIRACAST_STATUS_SINK_DISCONNECT_REQUEST = 2,
	MIRACAST_STATUS_INSUFFICIENT_BANDWIDTH = 3,
	MIRACAST_STATUS_SINK_FAILED_STANDARD_MODE_CHANGE = 4,
	MIRACAST_STATUS_COMPANION_DRIVER_DISCONNECT = 5,
};

/* enum miracast_statistic_type - DDI: MIRACAST_STATISTIC_TYPE */
enum miracast_statistic_type {
	MIRACAST_STATISTIC_TYPE_CHUNK_PROCESSING_COMPLETE = 0,
	MIRACAST_STATISTIC_TYPE_CHUNK_SENT = 1,
	MIRACAST_STATISTIC_TYPE_EVENT = 2,
};

/* enum miracast_protocol_event - DDI: MIRACAST_PROTOCOL_EVENT */
enum miracast_protocol_event {
	MIRACAST_PROTOCOL_EVENT_IFRAME_RQ = 0,
	MIRACAST_PROTOCOL_EVENT_MONITOR_ARRIVE = 1,
	MIRACAST_PROTOCOL_EVENT_MONITOR_DEPART = 2,
	MIRACAST_PROTOCOL_EVENT_SINK_FAILED_PREFERRED_MODE_CHANGE = 3,
};

/**
 * struct miracast_statistic_data - a statistic for the log
 * @statistic_type: enum miracast_statistic_type, says which member is meant
 * @reserved: zero
 * @encode_complete: the chunk that was encoded
 * @chunk_sent: id of the chunk whose first packet is about to be sent
 * @protocol_event: enum miracast_protocol_event
 *
 * DDI: MIRACAST_STATISTIC_DATA.
 */
struct miracast_statistic_data {
	__u32 statistic_type;
	__u32 reserved;
	union {
		struct miracast_chunk_info encode_complete;
		__u64 chunk_sent;
		__u32 protocol_event;
	};
};

/**
 * enum miracast_session_state - where a context's session stands
 * @MIRACAST_STOPPED: stopped, or its start failed; messages are dropped
 * @MIRACAST_START_PENDING: StartMiracastSession runs; messages are held
 * @MIRACAST_STARTED: messages are delivered
 * @MIRACAST_STOP_PENDING: StopMiracastSession runs; messages are dropped
 * @MIRACAST_CREATED: not started yet, or recovered; messages are held
 * @MIRACAST_DESTROYED: the context is gone; only close() is left
 */
enum miracast_session_state {
	MIRACAST_STOPPED = 0,
	MIRACAST_START_PENDING = 1,
	MIRACAST_STARTED = 2,
	MIRACAST_STOP_PENDING = 3,
	MIRACAST_CREATED = 4,
	MIRACAST_DESTROYED = 5,
};

/* enum miracast_stop_reason - DDI: MiracastStopSessionReason of the ETW manifest */
enum miracast_stop_reason {
	MIRACAST_STOP_UNKNOWN = 0x00,
	MIRACAST_STOP_CRITICAL_ERROR = 0x01,
	MIRACAST_STOP_MISSING_KEEPALIVE = 0x02,
	MIRACAST_STOP_SINK_DISCONNECT = 0x03,
	MIRACAST_STOP_INSUFFICIENT_BANDWIDTH = 0x04,
	MIRACAST_STOP_FAILED_STANDARD_MODE_CHANGE = 0x05,
	MIRACAST_STOP_L2_DISCONNECTED = 0x06,
	MIRACAST_STOP_POWER_DOWN_DEVICE = 0x07,
	MIRACAST_STOP_USER_REQUEST = 0x80,
	MIRACAST_STOP_REMOVE_DEVICE = 0x85,
	MIRACAST_STOP_SUSPEND = 0x88,
};

/* Feature bits of the handshake. */
#define MIRACAST_FEATURE_RECOVER (1ull << 0) /* contexts survive a daemon crash */
#define MIRACAST_FEATURE_CHUNKS	 (1ull << 1) /* the adapter has a chunk queue */

#define MIRACAST_ADAPTER_NAME_SIZE 32

/**
 * struct miracast_handshake - argument of MIRACAST_IOC_HANDSHAKE
 * @size: in: sizeof(struct miracast_handshake)
 * @reserved: zero
 * @features: in: the MIRACAST_FEATURE_* bits that the caller will use
 * @supported_features: out: all bits that this adapter knows
 * @ioctls: out: bit n is set if the command with number n exists
 * @adapter: out: N of /dev/miracastN
 * @max_contexts: out: how many files may own a context at once
 * @max_slots: out: upper bound of a context's message slots
 * @max_message: out: largest input, and largest output, of a message in bytes
 * @max_io_control: out: largest input, and largest output, of IO_CONTROL
 * @max_chunks: out: depth of a context's chunk queue; 0: no chunk queue
 * @caps: out: the adapter's capabilities
 * @name: out: the adapter's name, zero padded
 *
 * A bit in @features that the adapter does not know is EOPNOTSUPP. May be
 * repeated until the context is created; before the first, every other
 * command is EPROTO.
 */
struct miracast_handshake {
	__u32 size;
	__u32 reserved;
	__u64 features;
	__u64 supported_features;
	__u64 ioctls;
	__u32 adapter;
	__u32 max_contexts;
	__u32 max_slots;
	__u32 max_message;
	__u32 max_io_control;
	__u32 max_chunks;
	struct miracast_caps caps;
	char name[MIRACAST_ADAPTER_NAME_SIZE];
};

/* Needs MIRACAST_FEATURE_RECOVER: see MIRACAST_IOC_RECOVER. */
#define MIRACAST_CONTEXT_RECOVER (1u << 0)

/**
 * struct miracast_context_info - argument of CREATE_CONTEXT and RECOVER
 * @size: in: sizeof(struct miracast_context_info)
 * @flags: in: MIRACAST_CONTEXT_RECOVER or 0
 * @slots: in: message slots wanted, 1 to max_slots; RECOVER: 0 in, out: slots
 * @status: out: what the display miniport's create_context returned
 * @context_id: out: the context's number, as netlink and tracing show it
 * @target_id: out: the display miniport's number of the target (connector)
 * @generation: out: 1 at first, one more with each RECOVER
 * @state: out: enum miracast_session_state
 * @arena_size: out: bytes to mmap() at offset 0, shared; not inherited by a
 *	child, not in core dumps, not executable
 * @reserved: zero
 *
 * CREATE_CONTEXT fails with EBUSY when the adapter has max_contexts already
 * or the display miniport said STATUS_RESOURCE_IN_USE, and when this file has
 * had a context before; with EACCES when the file was not opened to write. If
 * the display miniport refused, the struct is written and @status says why.
 *
 * The process that created or recovered a context, or last began to start its
 * session, owns it: when that process ends and still has the file, so does the
 * context, whoever else has the file. Not so with MIRACAST_CONTEXT_RECOVER.
 */
struct miracast_context_info {
	__u32 size;
	__u32 flags;
	__u32 slots;
	ntstatus_t status;
	__u32 context_id;
	__u32 target_id;
	__u32 generation;
	__u32 state;
	__u64 arena_size;
	__u64 reserved[2];
};

/**
 * enum miracast_session_op - a step of the session's life
 * @MIRACAST_SESSION_START_BEGIN: StartMiracastSession is about to be called by
 *	this thread. From CREATED or STOPPED.
 * @MIRACAST_SESSION_START_END: it returned status. Success (or warning)
 *	releases the held messages, an error cancels them.
 * @MIRACAST_SESSION_STOP_BEGIN: this thread is about to call
 *	StopMiracastSession. Undelivered messages are cancelled, then the call
 *	waits until the handlers that run have completed; when the watchdog
 *	expires first it fails with ETIMEDOUT and the context is cut off. After
 *	EINTR call it again, to wait on.
 * @MIRACAST_SESSION_STOP_END: it returned.
 */
enum miracast_session_op {
	MIRACAST_SESSION_START_BEGIN = 0,
	MIRACAST_SESSION_START_END = 1,
	MIRACAST_SESSION_STOP_BEGIN = 2,
	MIRACAST_SESSION_STOP_END = 3,
};

/**
 * struct miracast_session - argument of MIRACAST_IOC_SESSION
 * @size: in: sizeof(struct miracast_session)
 * @op: in: enum miracast_session_op
 * @status: in: START_END: what StartMiracastSession returned; else zero
 * @reason: in: STOP_BEGIN: enum miracast_stop_reason; else zero
 * @state: out: the state after the step
 * @reserved: zero
 *
 * A step that the present state does not allow is EINVAL. START_END and
 * STOP_END must come from the thread that made the matching BEGIN (EPERM).
 * STOP_BEGIN while another thread stops is EBUSY; so is START_BEGIN while the
 * machine goes to sleep: when that is over the state counts as changed.
 */
struct miracast_session {
	__u32 size;
	__u32 op;
	ntstatus_t status;
	__u32 reason;
	__u32 state;
	__u32 reserved;
};

#define MIRACAST_STATE_STOP_REQUESTED (1u << 0) /* the daemon should stop the session */
#define MIRACAST_STATE_CUT_OFF	      (1u << 1) /* a watchdog expired during a stop */

/**
 * struct miracast_state - argument of MIRACAST_IOC_GET_STATE
 * @size: in: sizeof(struct miracast_state)
 * @state: out: enum miracast_session_state
 * @flags: out: MIRACAST_STATE_*
 * @stop_reason: out: enum miracast_stop_reason: of the request, or of the stop
 * @generation: out: see struct miracast_context_info
 * @held: out: messages that wait for the session to start
 * @queued: out: messages that wait for EXCHANGE
 * @with_daemon: out: messages fetched and not completed yet
 * @chunks: out: chunks in the queue
 * @reserved: zero
 *
 * Reading the state takes back EPOLLPRI.
 */
struct miracast_state {
	__u32 size;
	__u32 state;
	__u32 flags;
	__u32 stop_reason;
	__u32 generation;
	__u32 held;
	__u32 queued;
	__u32 with_daemon;
	__u32 chunks;
	__u32 reserved;
};

/*
 * Handed out before, to a daemon that is gone: it may have been acted upon. Of a message without
 * callback the arena has the only copy of the input: it is what that daemon has left there.
 */
#define MIRACAST_MESSAGE_REDELIVERED (1u << 0)

/**
 * struct miracast_message - a message as EXCHANGE hands it out
 * @id: names the message in its completion; never reused
 * @input_size: bytes of input
 * @output_size: most bytes of output that the completion may bring
 * @input_offset: where the input lies in the arena
 * @output_offset: where the handler writes its output in the arena
 * @flags: MIRACAST_MESSAGE_REDELIVERED or 0
 * @generation: the context's generation at delivery
 */
struct miracast_message {
	__u64 id;
	__u32 input_size;
	__u32 output_size;
	__u32 input_offset;
	__u32 output_offset;
	__u32 flags;
	__u32 generation;
};

/**
 * struct miracast_completion - a handled message
 * @id: the message
 * @status: what the handler returned; STATUS_PENDING is refused
 * @reserved: zero
 * @information: bytes the handler wrote to the output; at most output_size
 *
 * With an error status the output is not copied and the sender sees
 * information 0. DDI: IO_STATUS_BLOCK.
 */
struct miracast_completion {
	__u64 id;
	ntstatus_t status;
	__u32 reserved;
	__u64 information;
};

#define MIRACAST_EVENT_MESSAGE (1u << 0) /* more messages wait */
#define MIRACAST_EVENT_CHUNK   (1u << 1) /* GET_CHUNKS would not wait */
#define MIRACAST_EVENT_STATE   (1u << 2) /* the state changed: GET_STATE */

#define MIRACAST_EXCHANGE_MAX	      1024
#define MIRACAST_COMPLETION_SIZE_VER0 24 /* of the first struct miracast_completion */
#define MIRACAST_MESSAGE_SIZE_VER0    32 /* of the first struct miracast_message */
#define MIRACAST_RECORD_SIZE_MAX      4096
#define MIRACAST_NO_TIMEOUT	      (~0ull)

/* There is room for one message in struct miracast_exchange. */
#define MIRACAST_EXCHANGE_MESSAGE (1u << 0)

/**
 * struct miracast_exchange - argument of MIRACAST_IOC_EXCHANGE
 * @size: in: sizeof(struct miracast_exchange)
 * @events: out: MIRACAST_EVENT_* bits that are pending
 * @completions: in: address of an array of struct miracast_completion
 * @messages: in: address of an array of struct miracast_message to fill
 * @nr_completions: in: completions to submit; out: how many were taken
 * @nr_messages: in: room in @messages; out: how many were fetched
 * @nr_stale: out: of the taken ones, how many came too late: their message
 *	had been ended meanwhile. Its slot is free again.
 * @state: out: enum miracast_session_state
 * @timeout_ns: in: how long to wait for a first message if none is there;
 *	0: not at all, MIRACAST_NO_TIMEOUT: until one comes
 * @completion_size: in: bytes from one completion to the next, 0 for
 *	MIRACAST_COMPLETION_SIZE_VER0
 * @message_size: in: bytes from one message to the next, 0 for
 *	MIRACAST_MESSAGE_SIZE_VER0
 * @completion: in: one completion more, the first to be submitted, if its id is not 0;
 *	counted in @nr_completions, out
 * @message: out: the first message fetched, if MIRACAST_EXCHANGE_MESSAGE is set and
 *	@nr_messages, out, which counts it, is not 0; else as it was
 * @flags: in: MIRACAST_EXCHANGE_MESSAGE or 0
 * @reserved: zero
 *
 * One completion and one message, the usual case, need no arrays. Both keep the layout of
 * their first version here.
 *
 * First submits, then fetches, then (if nothing was fetched and there is
 * room) waits; the wait ends early when the session's state changes, and there
 * is none when the session is stopping, stopped or destroyed. A bad
 * completion (ENOENT: no such message is with the daemon, EMSGSIZE:
 * information above output_size, EINVAL: bad status or reserved) stops the
 * call there with nothing fetched, the earlier ones taken, and the struct
 * written. Each array has at most MIRACAST_EXCHANGE_MAX entries, and an entry
 * from the length of the first version to MIRACAST_RECORD_SIZE_MAX bytes
 * (EINVAL); a completion with bytes that the kernel does not know and that
 * are not zero is a bad one (E2BIG). Returns 0, also when nothing came in time.
 *
 * EFAULT if the struct cannot be written: @message is then as if never fetched, but what went
 * to @messages is fetched, and ends with its timeout unless it is completed.
 */
struct miracast_exchange {
	__u32 size;
	__u32 events;
	__u64 completions;
	__u64 messages;
	__u32 nr_completions;
	__u32 nr_messages;
	__u32 nr_stale;
	__u32 state;
	__u64 timeout_ns;
	__u32 completion_size;
	__u32 message_size;
	struct miracast_completion completion;
	struct miracast_message message;
	__u32 flags;
	__u32 reserved;
};

#define MIRACAST_IO_CONTROL_HARDWARE_ACCESS (1u << 0) /* DDI: HardwareAccess */

/**
 * struct miracast_io_control - argument of MIRACAST_IOC_IO_CONTROL
 * @size: in: sizeof(struct miracast_io_control)
 * @flags: in: MIRACAST_IO_CONTROL_HARDWARE_ACCESS or 0
 * @input: in: address of the input
 * @output: in: address of the output
 * @input_size: in: bytes of input, at most max_io_control
 * @output_size: in: room for output, at most max_io_control
 * @bytes_returned: out: bytes written to @output
 * @status: out: what the display miniport returned
 *
 * Synchronous, in the caller's process. Returns 0 whenever the display
 * miniport was asked; @status is its answer. While the session starts, only
 * the starting thread proceeds and others wait, at most the adapter's timeout
 * (ETIMEDOUT); while it stops, only the stopping thread proceeds and others get
 * ESHUTDOWN. Descriptors that the display miniport hands out exist once 0 is
 * returned, and not otherwise. HARDWARE_ACCESS is traced; the display miniport is not told.
 * DDI: MiracastIoControl.
 */
struct miracast_io_control {
	__u32 size;
	__u32 flags;
	__u64 input;
	__u64 output;
	__u32 input_size;
	__u32 output_size;
	__u32 bytes_returned;
	ntstatus_t status;
};

/**
 * struct miracast_get_chunks - argument of MIRACAST_IOC_GET_CHUNKS
 * @size: in: sizeof(struct miracast_get_chunks)
 * @buffer_size: in: bytes at @buffer; out: bytes written
 * @buffer: in: address of the packets, struct miracast_chunk_data back to back
 * @timeout_ns: in: 0: poll, MIRACAST_NO_TIMEOUT: until a chunk comes
 * @outstanding: out: chunks left in the queue; advisory
 * @status: out: STATUS_SUCCESS; STATUS_TIMEOUT; STATUS_BUFFER_TOO_SMALL: the
 *	next chunk does not fit and stays queued, @required says how much it
 *	needs; STATUS_CONNECTION_RESET: the queue overflowed and was emptied,
 *	told once; STATUS_INSTANCE_NOT_AVAILABLE: the session is over
 * @required: out: bytes that the next chunk needs, 0 if none waits
 * @reserved: zero
 *
 * One caller at a time (EBUSY). EINTR if a signal came: the time is not counted
 * on. DDI: GetNextChunkData.
 */
struct miracast_get_chunks {
	__u32 size;
	__u32 buffer_size;
	__u64 buffer;
	__u64 timeout_ns;
	__u32 outstanding;
	ntstatus_t status;
	__u32 required;
	__u32 reserved;
};

/**
 * struct miracast_report_status - argument of MIRACAST_IOC_REPORT_SESSION_STATUS
 * @size: in: sizeof(struct miracast_report_status)
 * @miracast_status: in: enum miracast_status
 * @status: in: logged with it
 * @reserved: zero
 *
 * Whatever the value, asks for the session to be torn down: the state says
 * STOP_REQUESTED from here on. DDI: ReportSessionStatus.
 */
struct miracast_report_status {
	__u32 size;
	__u32 miracast_status;
	ntstatus_t status;
	__u32 reserved;
};

/**
 * struct miracast_report_statistic - argument of MIRACAST_IOC_REPORT_STATISTIC
 * @size: in: sizeof(struct miracast_report_statistic)
 * @reserved: zero
 * @data: in: the statistic
 *
 * Only traced. DDI: ReportStatistic.
 */
struct miracast_report_statistic {
	__u32 size;
	__u32 reserved;
	struct miracast_statistic_data data;
};

/*
 * RECOVER takes over a context, made with MIRACAST_CONTEXT_RECOVER, whose
 * daemon crashed while its file was kept open elsewhere (systemd's descriptor
 * store). Messages that were read and not answered are handed out again,
 * marked REDELIVERED, ahead of the unread ones; ids that the old daemon knew
 * are void. A session that was starting or started is back at CREATED and
 * has to be started again; one that was stopping is STOPPED.
 */
#define MIRACAST_IOC_MAGIC 0xBC

#define MIRACAST_IOC_HANDSHAKE	     _IOWR(MIRACAST_IOC_MAGIC, 0, struct miracast_handshake)
#define MIRACAST_IOC_CREATE_CONTEXT  _IOWR(MIRACAST_IOC_MAGIC, 1, struct miracast_context_info)
#define MIRACAST_IOC_DESTROY_CONTEXT _IO(MIRACAST_IOC_MAGIC, 2)
#define MIRACAST_IOC_RECOVER	     _IOWR(MIRACAST_IOC_MAGIC, 3, struct miracast_context_info)
#define MIRACAST_IOC_SESSION	     _IOWR(MIRACAST_IOC_MAGIC, 4, struct miracast_session)
#define MIRACAST_IOC_GET_STATE	     _IOWR(MIRACAST_IOC_MAGIC, 5, struct miracast_state)
#define MIRACAST_IOC_EXCHANGE	     _IOWR(MIRACAST_IOC_MAGIC, 6, struct miracast_exchange)
#define MIRACAST_IOC_IO_CONTROL	     _IOWR(MIRACAST_IOC_MAGIC, 7, struct miracast_io_control)
#define MIRACAST_IOC_GET_CHUNKS	     _IOWR(MIRACAST_IOC_MAGIC, 8, struct miracast_get_chunks)
#define MIRACAST_IOC_REPORT_SESSION_STATUS \
	_IOW(MIRACAST_IOC_MAGIC, 9, struct miracast_report_status)
#define MIRACAST_IOC_REPORT_STATISTIC _IOW(MIRACAST_IOC_MAGIC, 10, struct miracast_report_statistic)

#endif /* _UAPI_LINUX_MIRACAST_H */
