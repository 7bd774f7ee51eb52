/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside miracast.ko: adapters, contexts, message slots.
 *
 * An adapter is a char device and a display driver's ops. An open file may own
 * one context; a context is a session, a table of message slots, an arena that
 * the daemon maps, and a chunk queue. The files, each of which calls only those above it:
 *
 *	ntstatus.c	NTSTATUS to errno
 *	argument.c	the structs of the uapi on their way in and out
 *	registry.c	adapters, contexts and handles: found and walked over
 *	netlink.c	the generic-netlink family: dumps, and events for who listens
 *	events.c	who sleeps for a context is woken
 *	slots.c		slots of messages: their states, how a message ends
 *	send.c		the driver's side of a message
 *	chunk.c		the chunk queue
 *	exchange.c	the daemon's side of a message
 *	context.c	a context's life, the session's states
 *	file.c		the char device
 *	adapter.c	registration, device, sysfs, suspend; the module
 *
 * Lock order, outermost first:
 *
 *	file->lock		mutex, making a file's context
 *	(sysfs)			an attribute in use, which removing the device waits for
 *	adapter->ddi_lock	mutex, held while the driver's create_context,
 *				io_control or destroy_context runs, and while the
 *				device is made
 *	(session_state)		the driver's op, which destroying a context waits for
 *	adapters_lock		mutex, the list of adapters
 *	adapter->lock		spinlock, the adapter's list of contexts
 *	context->lock		spinlock, session state, slots, counters
 *	context->chunk_lock	spinlock, irqs off: the chunk queue
 *
 * Callbacks, the driver's ops and every access to user memory happen without
 * any of the spinlocks, callbacks also without adapter->ddi_lock.
 */
#ifndef MIRACAST_CHANNEL_H
#define MIRACAST_CHANNEL_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miracast.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define MIRACAST_MAX_ADAPTERS	     64
#define MIRACAST_MAX_CONTEXTS	     32
#define MIRACAST_SLOT_BITS	     10
#define MIRACAST_MAX_SLOTS	     BIT(MIRACAST_SLOT_BITS)
#define MIRACAST_MAX_BYTES	     1048576
#define MIRACAST_MAX_ARENA	     (256ul * 1048576)
#define MIRACAST_MAX_CHUNKS	     4096
#define MIRACAST_DEFAULT_TIMEOUT_MS  30000
#define MIRACAST_DEFAULT_WATCHDOG_MS 3000
#define MIRACAST_MAX_TIMEOUT_MS	     (24u * 60 * 60 * 1000)

/**
 * struct miracast_counters - what happened in a context
 * @sent: messages accepted
 * @refused: messages refused for their arguments
 * @overflowed: messages refused because every slot was taken
 * @delivered: messages handed out by EXCHANGE, redeliveries included
 * @completed: messages that a handler completed
 * @cancelled: messages ended by stop, failed start, destroy, or a newer one of their line
 * @timed_out: messages ended by the timeout
 * @disconnected: messages ended by the daemon's death
 * @removed: messages ended by the adapter's removal
 * @callbacks: callbacks made
 * @stale: completions that came after their message had ended
 * @redelivered: messages put back by RECOVER
 */
struct miracast_counters {
	u64 sent;
	u64 refused;
	u64 overflowed;
	u64 delivered;
	u64 completed;
	u64 cancelled;
	u64 timed_out;
	u64 disconnected;
	u64 removed;
	u64 callbacks;
	u64 stale;
	u64 redelivered;
};

/**
 * struct miracast_adapter - a registered display adapter
 * @dev: the class device; its release frees the adapter
 * @cdev: /dev/miracastN
 * @desc: the driver's description; name and ops are its own and not to be used
 * @ops: the driver's functions
 * @name: the adapter's name
 * @index: N
 * @caps: answer of query_caps, asked once
 * @node: on the list of adapters
 * @ddi_lock: one of create_context, io_control, destroy_context at a time
 * @ddi_task: the thread that is in one of those; set with @ddi_lock held
 * @lock: guards @contexts, @nr_contexts, @removed, @past_sent, @past_callbacks
 * @contexts: contexts that are not torn down yet
 * @nr_contexts: how many those are
 * @removed: unregistered; the driver must not be called any more
 * @past_sent: messages accepted in the contexts that are gone
 * @past_callbacks: callbacks made in them
 * @timeout_ms: how long a message may stay unanswered
 * @watchdog_ms: how long a stop may take
 * @wait: pollers of files without a context
 */
struct miracast_adapter {
	struct device dev;
	struct cdev cdev;
	struct miracast_adapter_desc desc;
	struct miracast_display_ops ops;
	char name[MIRACAST_ADAPTER_NAME_SIZE];
	int index;
	struct miracast_caps caps;
	struct list_head node;
	/* serialises the driver's create_context, io_control and destroy_context */
	struct mutex ddi_lock;
	struct task_struct *ddi_task;
	/* protects the list of contexts and what hangs on it */
	spinlock_t lock;
	struct list_head contexts;
	u32 nr_contexts;
	bool removed;
	u64 past_sent;
	u64 past_callbacks;
	u32 timeout_ms;
	u32 watchdog_ms;
	wait_queue_head_t wait;
};

struct miracast_slot;

/**
 * struct miracast_new_files - files that an io_control hands out
 * @n: how many
 * @numbers: the descriptors that are reserved for them
 * @files: the files, with a reference each
 *
 * The caller gets them when all outputs were written, or none of them.
 */
struct miracast_new_files {
	u32 n;
	int numbers[MIRACAST_IO_CONTROL_MAX_FILES];
	struct file *files[MIRACAST_IO_CONTROL_MAX_FILES];
};

/**
 * struct miracast_slots - a list of slots that has an end
 * @head: the slots, by their link
 * @tail: where the next one goes: &@head.first, or the link of the last one
 */
struct miracast_slots {
	struct hlist_head head;
	struct hlist_node **tail;
};

/**
 * struct miracast_caller - a thread that is in a callback or in session_state; on its stack
 * @node: on context->callers
 * @task: the thread
 */
struct miracast_caller {
	struct hlist_node node;
	struct task_struct *task;
};

/**
 * struct miracast_chunk_queue - a ring of packets
 * @packets: depth packets of @stride bytes
 * @stride: bytes of one packet
 * @head: index of the oldest packet
 * @count: packets in the ring
 * @epoch: one more with every reset
 * @reset: the ring was emptied and the reader has not been told
 * @queued: chunks queued so far
 * @resets: times the ring was emptied by an error
 */
struct miracast_chunk_queue {
	void *packets;
	u32 stride;
	u32 head;
	u32 count;
	u32 epoch;
	bool reset;
	u64 queued;
	u64 resets;
};

/**
 * struct miracast_context - one session with one daemon
 * @ref: one for the file, one for each walk over the adapter's list
 * @release: frees it when the last reference is gone
 * @adapter: holds a reference to its device
 * @node: on adapter->contexts until torn down
 * @token: the handle's value
 * @id: the context's number, low half of @token
 * @flags: MIRACAST_CONTEXT_*
 * @target_id: the driver's number of the target
 * @driver: the driver's context, valid while @created
 * @created: create_context succeeded; guarded by adapter->ddi_lock
 * @torn_down: destroy is complete; guarded by adapter->ddi_lock
 * @new_files: of the io_control that runs, written under adapter->ddi_lock
 * @new_files_task: the thread that runs it, which alone may use @new_files
 * @lock: guards all that follows up to @chunk_lock
 * @state: enum miracast_session_state
 * @state_flags: MIRACAST_STATE_*
 * @changes: of @state, its begin included
 * @changes_told: @changes when the driver was last told
 * @state_seq: one more with every change of @state, request to stop, and wake-up
 * @seen_seq: what GET_STATE saw last
 * @stop_reason: enum miracast_stop_reason
 * @generation: one more with every RECOVER
 * @lifecycle: the thread that runs, or ran last, Start or Stop; NULL while
 *	STARTED and when a daemon has to begin anew
 * @owner: the process whose end ends the context: it made, recovered or started it
 * @nr_slots: size of @slots
 * @slots: the messages
 * @sequence: of the last message sent
 * @free: slots in SLOT_FREE, linked by their next
 * @queue: slots in SLOT_HELD or SLOT_QUEUED, oldest first
 * @ended: slots in SLOT_ENDING, whose callback is still to be called
 * @waiters: threads that wait in EXCHANGE, the last one in front
 * @callers: threads that are in a callback or in session_state
 * @nr_open: messages accepted whose callback has not returned
 * @nr_out: slots that the daemon holds, and completed ones whose callback runs
 * @timer_armed: @timeout_work is queued or will see a new message
 * @timer_expires: low half of the jiffies when it runs
 * @overflowing: the last send was refused for want of a slot
 * @counters: what happened
 * @wait: IO_CONTROL, suspend and pollers
 * @drain: those who wait for @nr_open or @nr_out to fall to 0
 * @timeout_work: ends messages that are too old
 * @ended_work: calls the callbacks of @ended
 * @watchdog_work: cuts off a daemon whose stop takes too long
 * @session_work: tells the driver of @state
 * @chunk_lock: guards @chunks
 * @chunks: the chunk queue
 * @chunk_reader: one GET_CHUNKS at a time
 * @chunk_wait: GET_CHUNKS and pollers
 * @arena: memory that the daemon maps: an input and an output area a slot
 * @arena_size: its bytes
 * @arena_stride: bytes of one area
 */
struct miracast_context {
	struct kref ref;
	void (*release)(struct kref *ref);
	struct miracast_adapter *adapter;
	struct list_head node;
	u64 token;
	u32 id;
	u32 flags;
	u32 target_id;
	void *driver;
	bool created;
	bool torn_down;
	struct miracast_new_files *new_files;
	struct task_struct *new_files_task;

	/* protects the session's state and the slots */
	spinlock_t lock;
	u32 state;
	u32 state_flags;
	u32 changes;
	u32 changes_told;
	u32 state_seq;
	u32 seen_seq;
	u32 stop_reason;
	u32 generation;
	struct pid *lifecycle;
	struct pid *owner;
	u32 nr_slots;
	struct miracast_slot *slots;
	u64 sequence;
	struct miracast_slot *free;
	struct miracast_slots queue;
	struct list_head ended;
	struct hlist_head waiters;
	struct hlist_head callers;
	u32 nr_open;
	u32 nr_out;
	bool timer_armed;
	u32 timer_expires;
	bool overflowing;
	struct miracast_counters counters;

	wait_queue_head_t wait;
	wait_queue_head_t drain;
	struct delayed_work timeout_work;
	struct work_struct ended_work;
	struct delayed_work watchdog_work;
	struct work_struct session_work;

	/* protects the chunk queue; taken in hard interrupts */
	spinlock_t chunk_lock;
	struct miracast_chunk_queue chunks;
	/* held by the one reader of chunks */
	struct mutex chunk_reader;
	wait_queue_head_t chunk_wait;

	void *arena;
	unsigned long arena_size;
	unsigned long arena_stride;
};

/* This thread calls the driver from here on: see miracast_unregister_adapter(). */
static inline void miracast_call_begins(struct miracast_context *context,
					struct miracast_caller *caller)
{
	lockdep_assert_held(&context->lock);
	caller->task = current;
	hlist_add_head(&caller->node, &context->callers);
}

static inline void miracast_call_ends(struct miracast_context *context,
				      struct miracast_caller *caller)
{
	lockdep_assert_held(&context->lock);
	hlist_del(&caller->node);
}

/* Nothing is delivered from here on, unless the session is started anew. */
static inline bool miracast_session_is_over(u32 state)
{
	return state == MIRACAST_STOP_PENDING || state == MIRACAST_STOPPED ||
	       state == MIRACAST_DESTROYED;
}

/* A timeout of the uapi for schedule_timeout(): never shorter than it says. */
static inline long miracast_timeout_jiffies(u64 timeout_ns)
{
	if (timeout_ns == MIRACAST_NO_TIMEOUT)
		return MAX_SCHEDULE_TIMEOUT;
	return min_t(u64, nsecs_to_jiffies64(timeout_ns) + 1, MAX_SCHEDULE_TIMEOUT - 1);
}

extern struct workqueue_struct *miracast_wq;
extern const struct file_operations miracast_fops;

/* registry.c */
void miracast_adapter_publish(struct miracast_adapter *adapter);
void miracast_adapter_retract(struct miracast_adapter *adapter);
struct miracast_adapter *miracast_adapter_next(struct miracast_adapter *previous);
int miracast_context_publish(struct miracast_context *context);
void miracast_context_erase_handle(struct miracast_context *context);
void miracast_context_unlist(struct miracast_context *context);
void miracast_context_free_id(struct miracast_context *context);
void miracast_context_put(struct miracast_context *context);
struct miracast_context *miracast_context_lookup(struct miracast_handle handle);
struct miracast_context *miracast_context_next(struct miracast_adapter *adapter,
					       struct miracast_context *previous);

/* context.c */
struct miracast_context *miracast_context_create(struct miracast_adapter *adapter, u32 flags,
						 u32 slots, ntstatus_t *status);
void miracast_context_end(struct miracast_context *context, ntstatus_t status);
void miracast_context_destroy(struct miracast_context *context, ntstatus_t status);
int miracast_context_session(struct miracast_context *context, struct miracast_session *arg);
void miracast_context_get_state(struct miracast_context *context, struct miracast_state *arg);
int miracast_context_recover(struct miracast_context *context);
void miracast_context_request_stop(struct miracast_context *context, u32 reason);
bool miracast_context_is_active(struct miracast_context *context);
void miracast_context_force_stop(struct miracast_context *context);
void miracast_context_sleep(bool sleep);
void miracast_context_awake(struct miracast_context *context);
int miracast_context_io_control(struct miracast_context *context, struct miracast_io_control *arg,
				struct miracast_new_files *files);
void miracast_new_files_install(struct miracast_new_files *files);
void miracast_new_files_drop(struct miracast_new_files *files);
void miracast_context_process_exits(struct miracast_context *context);

/* exchange.c */
int miracast_messages_exchange(struct miracast_context *context, struct miracast_exchange *arg);
void miracast_messages_undeliver(struct miracast_context *context,
				 const struct miracast_exchange *arg);

/* chunk.c */
int miracast_chunks_init(struct miracast_context *context);
void miracast_chunks_clear(struct miracast_context *context);
bool miracast_chunks_ready(struct miracast_context *context);
int miracast_chunks_get(struct miracast_context *context, struct miracast_get_chunks *arg);

/* argument.c */
int miracast_argument_get(void *argument, size_t size, const void __user *user, size_t user_size);
int miracast_records_get(void *records, size_t size, const void __user *user, size_t user_size,
			 unsigned int *n);
int miracast_records_put(void __user *user, size_t user_size, const void *records, size_t size,
			 unsigned int n);

#endif /* MIRACAST_CHANNEL_H */
