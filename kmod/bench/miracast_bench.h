/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/miracast_bench: the kernel's half of bench/. It makes adapters, sends on
 * them from the kernel as a display driver would, and does the same over generic
 * netlink, with memcpy(), and with bare wake-ups for comparison. Closing the file takes
 * everything away.
 *
 * For root on a test machine; no stable interface.
 */
#ifndef MIRACAST_BENCH_H
#define MIRACAST_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MIRACAST_BENCH_ADAPTERS	 64
#define MIRACAST_BENCH_MAX_BYTES 65536

/* Makes an adapter; with the size of its messages 0, takes @index away again. */
struct miracast_bench_adapter {
	__u32 max_slots;
	__u32 max_message;
	__u32 index; /* out: N of /dev/miracastN */
	__u32 reserved;
};

/*
 * How messages follow one another. SYNC: the sender waits for each.
 * CHAIN: @in_flight are open at once, each callback sends the next. BATCH: the
 * sender sends @in_flight at once and waits for all of them. PARK: the sender sends
 * @count and does not wait.
 */
enum miracast_bench_mode {
	MIRACAST_BENCH_SYNC,
	MIRACAST_BENCH_CHAIN,
	MIRACAST_BENCH_BATCH,
	MIRACAST_BENCH_PARK,
};

/* @size bytes go each way. On @adapters adapters from @index in turn (SYNC only). */
struct miracast_bench_run {
	__u32 mode;
	__u32 index;
	__u32 adapters;
	__u32 count;
	__u32 in_flight;
	__u32 size;
	__u64 failed; /* out: not sent, or ended other than with @size bytes */
};

/*
 * FLOOR: wakes @adapters peers in turn, from number @index, and waits each time until the
 * peer has woken the caller. SERVE, the other side, by value the peer's number: wakes
 * the caller of FLOOR, if this peer owes it that, and waits until it is woken.
 */

/* The family's commands: kernel to daemon ECHO, and back. Payload: DATA, repeated. */
#define MIRACAST_BENCH_FAMILY	 "miracast_bench"
#define MIRACAST_BENCH_CMD_HELLO 1 /* daemon: I am here */
#define MIRACAST_BENCH_CMD_ECHO	 2
#define MIRACAST_BENCH_ATTR_DATA 1 /* at most 32768 bytes each */
#define MIRACAST_BENCH_ATTR_MAX	 1
#define MIRACAST_BENCH_DATA_MAX	 32768u

#define MIRACAST_BENCH_MAGIC   0xBE
#define MIRACAST_BENCH_ADAPTER _IOWR(MIRACAST_BENCH_MAGIC, 0, struct miracast_bench_adapter)
#define MIRACAST_BENCH_SEND    _IOWR(MIRACAST_BENCH_MAGIC, 1, struct miracast_bench_run)
#define MIRACAST_BENCH_NETLINK _IOWR(MIRACAST_BENCH_MAGIC, 2, struct miracast_bench_run)
#define MIRACAST_BENCH_MEMCPY  _IOWR(MIRACAST_BENCH_MAGIC, 3, struct miracast_bench_run)
#define MIRACAST_BENCH_FLOOR   _IOWR(MIRACAST_BENCH_MAGIC, 4, struct miracast_bench_run)
#define MIRACAST_BENCH_SERVE   _IO(MIRACAST_BENCH_MAGIC, 5)

#endif /* MIRACAST_BENCH_H */
