/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/miracast_test: a selftest's hand inside the kernel. Each open file makes
 * adapters of its own, has the kernel send on their contexts, and reads back
 * what the callbacks saw. Closing the file takes everything away again.
 *
 * For root on a test machine; no stable interface.
 */
#ifndef MIRACAST_TEST_H
#define MIRACAST_TEST_H

#include <linux/ioctl.h>
#include <linux/miracast.h>
#include <linux/types.h>

#define MIRACAST_TEST_GUARD  64 /* guard bytes behind every output buffer */
#define MIRACAST_TEST_POISON 0xa5 /* what output buffers are filled with before a send */

#define MIRACAST_TEST_LONGER 64 /* at most: desc_longer, ops_longer */

/* Limits as in struct miracast_adapter_desc; index and the rest as said. */
struct miracast_test_adapter {
	__u32 max_contexts;
	__u32 max_slots;
	__u32 max_message;
	__u32 max_io_control;
	__u32 max_chunks;
	__u32 timeout_ms;
	__u32 max_private; /* caps: max_chunk_private_driver_data_size */
	__u32 caps_flags;
	ntstatus_t query_caps_status;
	__u32 no_io_control; /* 1: without that op */
	__s32 desc_longer; /* bytes that its desc is longer than the channel's, or shorter: < 0 */
	__s32 ops_longer; /* the same of its ops */
	__u32 tail; /* the last byte of either that is longer */
	__u32 index; /* out: N of /dev/miracastN */
};

/* What an adapter's create_context, destroy_context and session_state do from now on. */
struct miracast_test_behaviour {
	__u32 index;
	ntstatus_t create_status; /* what create_context returns */
	__u32 create_sends; /* messages that it sends before it returns */
	__u32 destroy_sends; /* messages that destroy_context tries to send */
	__u32 told_sends; /* messages that session_state sends */
	__u32 told_ms; /* how long session_state takes */
	__u32 told_unregisters; /* 1: session_state tries to unregister its adapter */
};

#define MIRACAST_TEST_NO_CALLBACK   0x1
#define MIRACAST_TEST_NULL_INPUT    0x2
#define MIRACAST_TEST_NULL_OUTPUT   0x4
#define MIRACAST_TEST_BLOCK	    0x8 /* the callback waits for RELEASE */
#define MIRACAST_TEST_RESEND	    0x10 /* the callback sends once more */
#define MIRACAST_TEST_FORGED_HANDLE 0x20 /* a token that never was */
#define MIRACAST_TEST_SCRIBBLE	    0x40 /* overwrite the input after send returned */
#define MIRACAST_TEST_NULL_CONTEXT  0x80 /* NULL as the callback's context */
#define MIRACAST_TEST_ATOMIC	    0x100 /* send with a spinlock held: a splat */
/* Send from a hard interrupt, or with interrupts off; not where that is a splat (EOPNOTSUPP). */
#define MIRACAST_TEST_HARDIRQ  0x200
#define MIRACAST_TEST_IRQS_OFF 0x400
#define MIRACAST_TEST_LATEST   0x800 /* miracast_send_message_latest(), a line for each target */

#define MIRACAST_TEST_UNREGISTER 0x1000 /* the callback tries to unregister the adapter */

struct miracast_test_send {
	__u32 index;
	__u32 target; /* the context's target id; a destroyed one's handle is kept */
	__u32 flags;
	__u32 input_size;
	__u32 output_size;
	__u32 timeout_ms; /* not 0: miracast_send_message_sync() */
	__u64 input; /* address of input_size bytes */
	__u64 cookie; /* out: names the message in RESULT */
	ntstatus_t status; /* out: what send returned */
	ntstatus_t sync_status; /* out: sync: the io-status, STATUS_PENDING if refused */
	__u64 sync_information; /* out: sync: the io-status */
};

struct miracast_test_result {
	__u64 cookie;
	__u32 timeout_ms; /* how long to wait for a first callback */
	__u32 output_size; /* bytes at output */
	__u64 output; /* address; gets the output buffer */
	__u32 callbacks; /* out: how many came: must be 1 */
	ntstatus_t status; /* out */
	__u64 information; /* out */
	__u32 guard_ok; /* out: the bytes behind the output are as they were */
	__u32 context_ok; /* out: the callback context was the one that was sent */
	__u32 atomic; /* out: the callback ran where it must not sleep */
	__u32 before_return; /* out: the callback had returned before send did */
	__u32 order; /* out: the callback's number among the file's, from 1 */
	__u32 resend_status; /* out: RESEND: what the callback's send returned */
	__u32 first_word; /* out: first four bytes of the output when the callback began */
};

struct miracast_test_release {
	__u64 cookie;
};

struct miracast_test_chunk {
	__u32 index;
	__u32 target;
	__u32 report; /* 1: miracast_report_chunk_info(), else complete */
	__u32 hardirq; /* 1: from a hard interrupt */
	__u32 private_size;
	ntstatus_t status; /* out */
	__u64 private_data; /* address of private_size bytes; NULL stays NULL */
	struct miracast_chunk_info info;
	__u32 in_hardirq; /* out: it really was one */
	__u32 reserved;
};

struct miracast_test_counters {
	__u32 index;
	__u32 query_caps;
	__u32 creates;
	__u32 destroys;
	__u32 io_controls;
	/* create, io_control, destroy at the same time, session_state with itself: must be 0 */
	__u32 overlaps;
	__u32 callbacks_after_destroy; /* session_state is one of them: must be 0 */
	__u32 io_controls_after_destroy; /* must be 0 */
	__u64 accepted;
	__u64 refused;
	__u64 callbacks;
	__u64 success; /* callbacks by status */
	__u64 cancelled;
	__u64 timed_out;
	__u64 disconnected;
	__u64 removed;
	__u64 replaced;
	__u64 other;
	__u64 doubled; /* BURST: second callbacks of a message: must be 0 */
	__u64 corrupt; /* BURST: answers that were not what SUCCESS stands for: must be 0 */
	__u64 files; /* CTL_FILES: files that are not released yet */
};

#define MIRACAST_TEST_TOLD_STATES 32

/* What session_state was told of the context that has, or had last, a target. */
struct miracast_test_told {
	__u32 index;
	__u32 target;
	__u32 count; /* out: how often, states says the first ones */
	__u32 slots; /* out: the last time */
	__u32 max_message; /* out: the last time */
	__u32 atomic; /* out: it ran where it must not sleep */
	__u8 states[MIRACAST_TEST_TOLD_STATES]; /* out */
};

/*
 * Sends count messages without waiting, until one is refused. Each has an input of
 * MIRACAST_TEST_BURST_SIZE bytes and room for as many of output, and expects the
 * input with its bits inverted for an answer, or an error and an untouched output.
 */
struct miracast_test_burst {
	__u32 index;
	__u32 target;
	__u32 count;
	__u32 accepted; /* out */
	ntstatus_t status; /* out: what the last send returned */
	__u32 latest; /* 1: miracast_send_message_latest(), the target's line */
};

#define MIRACAST_TEST_BURST_SIZE 16

/*
 * Keeps in_flight empty messages open, each callback sending the next, count in all;
 * ends early when sends are refused.
 */
struct miracast_test_flood {
	__u32 index;
	__u32 target;
	__u32 count;
	__u32 in_flight;
	__u64 accepted; /* out */
	__u64 callbacks; /* out */
	__u32 latest; /* 1: miracast_send_message_latest(), the target's line */
	__u32 unused;
};

/* io_control: the input begins with one of these, a parameter follows. */
struct miracast_test_control {
	__u32 code;
	__u32 value;
};

#define MIRACAST_TEST_CTL_ECHO	     1u /* output: the whole input, bits inverted */
#define MIRACAST_TEST_CTL_STATUS     2u /* returns value */
#define MIRACAST_TEST_CTL_CLAIM	     3u /* says it returned value bytes */
#define MIRACAST_TEST_CTL_PID	     4u /* output: __u32 tgid, __u32 pid */
#define MIRACAST_TEST_CTL_SLEEP	     5u /* takes value milliseconds */
#define MIRACAST_TEST_CTL_SEND_SYNC  6u /* sends and waits value ms; output: __u32 status */
#define MIRACAST_TEST_CTL_SEND	     7u /* sends value messages without waiting */
#define MIRACAST_TEST_CTL_FILES	     8u /* hands out value files; output: their numbers */
#define MIRACAST_TEST_CTL_FILES_BAD  9u /* the same, and returns STATUS_UNSUCCESSFUL */
#define MIRACAST_TEST_CTL_UNREGISTER 10u /* tries to unregister its own adapter */

#define MIRACAST_TEST_MAGIC    0xBD
#define MIRACAST_TEST_ADD      _IOWR(MIRACAST_TEST_MAGIC, 0, struct miracast_test_adapter)
#define MIRACAST_TEST_REMOVE   _IOW(MIRACAST_TEST_MAGIC, 1, __u32)
#define MIRACAST_TEST_BEHAVE   _IOW(MIRACAST_TEST_MAGIC, 2, struct miracast_test_behaviour)
#define MIRACAST_TEST_SEND     _IOWR(MIRACAST_TEST_MAGIC, 3, struct miracast_test_send)
#define MIRACAST_TEST_RESULT   _IOWR(MIRACAST_TEST_MAGIC, 4, struct miracast_test_result)
#define MIRACAST_TEST_RELEASE  _IOW(MIRACAST_TEST_MAGIC, 5, struct miracast_test_release)
#define MIRACAST_TEST_CHUNK    _IOWR(MIRACAST_TEST_MAGIC, 6, struct miracast_test_chunk)
#define MIRACAST_TEST_COUNTERS _IOWR(MIRACAST_TEST_MAGIC, 7, struct miracast_test_counters)
#define MIRACAST_TEST_FLOOD    _IOWR(MIRACAST_TEST_MAGIC, 8, struct miracast_test_flood)
#define MIRACAST_TEST_BURST    _IOWR(MIRACAST_TEST_MAGIC, 9, struct miracast_test_burst)
#define MIRACAST_TEST_TOLD     _IOWR(MIRACAST_TEST_MAGIC, 10, struct miracast_test_told)

/*
 * /dev/miracast_test_exporter: makes dma-bufs; the ioctl returns the file descriptor
 * of a new one. A size that is none of whole pages is the dma-buf's all the same.
 */
#define MIRACAST_TEST_DMA_BUF_READABLE	   0u
#define MIRACAST_TEST_DMA_BUF_NO_MMAP	   1u /* its exporter knows no mmap */
#define MIRACAST_TEST_DMA_BUF_MMAP_REFUSED 2u /* mmap fails */
#define MIRACAST_TEST_DMA_BUF_OUT_OF_REACH 3u /* mmap succeeds, reading does not */
#define MIRACAST_TEST_DMA_BUF_SLOW	   4u /* reading takes a millisecond a page, each time */

struct miracast_test_dma_buf {
	__u32 kind;
	__u32 size;
};

#define MIRACAST_TEST_DMA_BUF _IOW(MIRACAST_TEST_MAGIC, 11, struct miracast_test_dma_buf)

#endif /* MIRACAST_TEST_H */
