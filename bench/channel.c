// SPDX-License-Identifier: GPL-2.0-or-later
/* Our own channel: a sender in the kernel, and a daemon that completes all it gets. */

#include <errno.h>
#include <fcntl.h>
#include <linux/miracast.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../kmod/bench/miracast_bench.h"
#include "bench.h"

#define BATCH 64

struct channel {
	const struct bench *bench;
	struct miracast_bench_run run;
	unsigned int index;
	unsigned int slots;
	uint64_t sent;
	unsigned int keep; /* the daemon leaves that many of the first messages open */
};

int open_context(unsigned int index, unsigned int slots, uint64_t *arena_size)
{
	struct miracast_context_info info = {.size = sizeof(info), .slots = slots};
	struct miracast_session start = {.size = sizeof(start)};
	struct miracast_handshake shake = {.size = sizeof(shake)};
	char path[32];
	int fd, tries;

	snprintf(path, sizeof(path), "/dev/miracast%u", index);
	for (tries = 0; tries < 1000; tries++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT)
			break;
		usleep(1000); /* devtmpfs is a thread of its own */
	}
	if (fd < 0)
		die(path);
	if (ioctl(fd, MIRACAST_IOC_HANDSHAKE, &shake) ||
	    ioctl(fd, MIRACAST_IOC_CREATE_CONTEXT, &info))
		die("cannot make a context");
	start.op = MIRACAST_SESSION_START_BEGIN;
	if (ioctl(fd, MIRACAST_IOC_SESSION, &start))
		die("cannot start a session");
	start.op = MIRACAST_SESSION_START_END;
	if (ioctl(fd, MIRACAST_IOC_SESSION, &start))
		die("cannot start a session");
	if (arena_size)
		*arena_size = info.arena_size;
	return fd;
}

static void serve_channel(void *data, int ready)
{
	struct miracast_completion completions[BATCH];
	struct miracast_message messages[BATCH] = {};
	struct miracast_exchange arg = {.size = sizeof(arg)};
	struct channel *channel = data;
	unsigned int keep = channel->keep;
	unsigned int i, n;
	int fd;

	fd = open_context(channel->index, channel->slots, NULL);
	peer_is_ready(ready);
	for (n = 0;;) {
		arg.completion.id = 0;
		if (n)
			arg.completion = completions[--n];
		arg.completions = (uintptr_t)completions;
		arg.nr_completions = n;
		arg.messages = (uintptr_t)(messages + 1);
		arg.nr_messages = BATCH - 1;
		arg.flags = MIRACAST_EXCHANGE_MESSAGE;
		arg.timeout_ns = MIRACAST_NO_TIMEOUT;
		if (ioctl(fd, MIRACAST_IOC_EXCHANGE, &arg))
			die("exchange");
		messages[0] = arg.message;
		for (i = 0, n = 0; i < arg.nr_messages; i++) {
			if (keep) {
				keep--;
				continue;
			}
			completions[n++] = (struct miracast_completion){
				.id = messages[i].id,
				.information = messages[i].output_size,
			};
		}
	}
}

static void run_channel(void *data, unsigned int count)
{
	struct channel *channel = data;

	channel->run.count = count;
	channel->sent += count;
	if (ioctl(channel->bench->kernel, MIRACAST_BENCH_SEND, &channel->run))
		die("cannot send");
	if (channel->run.failed) {
		fprintf(stderr, "bench: %llu messages failed\n",
			(unsigned long long)channel->run.failed);
		exit(1);
	}
}

static double cost(struct channel *channel, unsigned int mode, unsigned int size,
		   unsigned int in_flight)
{
	unsigned int rounds;

	channel->run = (struct miracast_bench_run){
		.mode = mode,
		.index = channel->index,
		.adapters = 1,
		.in_flight = in_flight,
		.size = size,
	};
	/* Cheap messages need more rounds for the clock's interrupts to be spread evenly. */
	rounds = channel->bench->rounds * (mode == MIRACAST_BENCH_SYNC ? 1 : 4);
	return measure(channel->bench, run_channel, channel, in_flight * (rounds / in_flight + 1));
}

static void park(struct channel *channel, unsigned int count)
{
	channel->run = (struct miracast_bench_run){
		.mode = MIRACAST_BENCH_PARK,
		.index = channel->index,
	};
	run_channel(channel, count);
}

static void run_memcpy(void *data, unsigned int count)
{
	struct channel *channel = data;

	channel->run.count = count;
	if (ioctl(channel->bench->kernel, MIRACAST_BENCH_MEMCPY, &channel->run))
		die("memcpy");
}

/* An adapter and its daemon. */
static void open_channel(struct channel *channel, const struct bench *bench, unsigned int slots,
			 unsigned int max_message, unsigned int keep, pid_t *peer)
{
	*channel = (struct channel){.bench = bench, .slots = slots, .keep = keep};
	if (add_adapter(bench, slots, max_message, &channel->index))
		die("cannot add an adapter");
	*peer = start_peer(serve_channel, channel);
}

static void close_channel(struct channel *channel, pid_t peer)
{
	stop_peer(peer);
	remove_adapter(channel->bench, channel->index);
}

static void sizes(const struct bench *bench)
{
	struct channel channel;
	unsigned int i, size;
	pid_t peer;

	open_channel(&channel, bench, 256, MAX_SIZE, 0, &peer);
	for (i = 0; i < ARRAY_SIZE(bench_sizes); i++) {
		size = bench_sizes[i];
		report("miracast", "round trip", size, 1,
		       cost(&channel, MIRACAST_BENCH_SYNC, size, 1));
		report("miracast", "in flight", size, 1,
		       cost(&channel, MIRACAST_BENCH_CHAIN, size, 1));
		report("miracast", "in flight", size, 64,
		       cost(&channel, MIRACAST_BENCH_CHAIN, size, 64));
		report("miracast", "batch", size, 64,
		       cost(&channel, MIRACAST_BENCH_BATCH, size, 64));
		channel.run = (struct miracast_bench_run){.size = size};
		report("memcpy", "one way", size, 1,
		       measure(bench, run_memcpy, &channel, bench->rounds));
	}
	close_channel(&channel, peer);
}

/* Does it cost more when more is open? */
static void growth(const struct bench *bench)
{
	unsigned int n, i;
	struct channel channel;
	pid_t peer, peers[16];

	for (n = 1; n <= 1024; n *= 4) {
		open_channel(&channel, bench, 1024, 64, 0, &peer);
		report("miracast", "growth: in flight", 64, n,
		       cost(&channel, MIRACAST_BENCH_CHAIN, 64, n));
		close_channel(&channel, peer);
	}
	for (n = 1; n <= 1024; n *= 4) {
		open_channel(&channel, bench, 1024, 64, n - 1, &peer);
		park(&channel, n - 1);
		report("miracast", "growth: pending", 64, n,
		       cost(&channel, MIRACAST_BENCH_SYNC, 64, 1));
		close_channel(&channel, peer);
	}
	for (n = 1; n <= 16; n *= 2) {
		struct channel channels[16] = {};

		for (i = 0; i < n; i++)
			open_channel(&channels[i], bench, 64, 64, 0, &peers[i]);
		channels[0].run = (struct miracast_bench_run){
			.mode = MIRACAST_BENCH_SYNC,
			.index = channels[0].index,
			.adapters = n,
			.size = 64,
		};
		report("miracast", "growth: adapters", 64, n,
		       measure(bench, run_channel, &channels[0], n * (bench->rounds / n + 1)));
		for (i = n; i--;)
			close_channel(&channels[i], peers[i]);
	}
}

void bench_channel(const struct bench *bench)
{
	sizes(bench);
	growth(bench);
}

/* For bench/profile, which has to know by how many messages to divide. */
static void one_measurement(const struct bench *bench, const char *name, unsigned int mode,
			    unsigned int in_flight)
{
	struct channel channel;
	pid_t peer;

	open_channel(&channel, bench, 256, MAX_SIZE, 0, &peer);
	report("miracast", name, 64, in_flight, cost(&channel, mode, 64, in_flight));
	printf("{\"messages\": %llu}\n", (unsigned long long)channel.sent);
	close_channel(&channel, peer);
}

void bench_round_trip(const struct bench *bench)
{
	one_measurement(bench, "round trip", MIRACAST_BENCH_SYNC, 1);
}

void bench_in_flight(const struct bench *bench)
{
	one_measurement(bench, "in flight", MIRACAST_BENCH_CHAIN, 64);
}
