/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the measurements share. Each writes lines of JSON to standard output:
 *
 *	{"what": "eventfd", "case": "round trip", "size": 8, "in_flight": 1, "cost": 10341}
 *
 * cost is of one message, in the unit of the run: guest instructions, or
 * nanoseconds on real hardware.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_SIZE      65536u
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct bench {
	int kernel; /* /dev/miracast_bench */
	int wall; /* nanoseconds instead of instructions */
	unsigned int rounds; /* messages of one measurement */
};

/* The sizes in bytes that everything is measured with. */
extern const unsigned int bench_sizes[4];

void die(const char *what) __attribute__((noreturn));
uint64_t bench_now(const struct bench *bench);
void report(const char *what, const char *name, unsigned int size, unsigned int in_flight,
	    double cost);

/*
 * Cost of one message when @run exchanges @count of them: the difference between a long
 * and a short run, so that setting up costs nothing. @run: in bench->rounds steps.
 */
double measure(const struct bench *bench, void (*run)(void *data, unsigned int count), void *data,
	       unsigned int count);

/* A process of its own for the other side; it ends with stop_peer(). */
pid_t start_peer(void (*serve)(void *data, int ready), void *data);
void stop_peer(pid_t pid);
void peer_is_ready(int ready);

/* A caller of something, again and again; @buffer: MAX_SIZE bytes, client_buffer(). */
struct client {
	int fd;
	unsigned int size;
	char *buffer;
	void (*call)(struct client *client);
};

char *client_buffer(void);
void call_getattr(struct client *client);
void call_read(struct client *client);
void call_write(struct client *client);
void call_ioctl(struct client *client);

/* Reports what one @call costs, from one caller; from 64 that each wait for theirs. */
void report_call(const struct bench *bench, struct client *client, const char *what,
		 void (*call)(struct client *client), unsigned int size);
void report_crowd(const struct bench *bench, struct client *client, const char *what);

/* Opens the device whose numbers @sysfs_dev, "/sys/.../dev", tells, waiting for it for a second. */
int open_node(const char *sysfs_dev, mode_t type, int flags);

int add_adapter(const struct bench *bench, unsigned int slots, unsigned int max_message,
		unsigned int *index);
void remove_adapter(const struct bench *bench, unsigned int index);

/* Opens /dev/miracastN, makes a context and starts its session. */
int open_context(unsigned int index, unsigned int slots, uint64_t *arena_size);

void bench_floor(const struct bench *bench);
void bench_channel(const struct bench *bench);
void bench_round_trip(const struct bench *bench);
void bench_in_flight(const struct bench *bench);
void bench_local(const struct bench *bench);
void bench_fuse(const struct bench *bench);
void bench_fuse_uring(const struct bench *bench);
void bench_cuse(const struct bench *bench);
void bench_ublk(const struct bench *bench);
void bench_netlink(const struct bench *bench);
void bench_memory(const struct bench *bench);

#endif /* BENCH_H */
