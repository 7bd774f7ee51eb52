// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What no channel between two processes can be below: each is woken by the other inside
 * an ioctl, one call a round trip as with the channel, and nothing else is done.
 */

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../kmod/bench/miracast_bench.h"
#include "bench.h"

struct floor {
	const struct bench *bench;
	struct miracast_bench_run run;
	unsigned long peer;
};

static void serve_floor(void *data, int ready)
{
	struct floor *floor = data;

	peer_is_ready(ready);
	for (;;)
		if (ioctl(floor->bench->kernel, MIRACAST_BENCH_SERVE, floor->peer))
			die("cannot serve");
}

static void run_floor(void *data, unsigned int count)
{
	struct floor *floor = data;

	floor->run.count = count;
	if (ioctl(floor->bench->kernel, MIRACAST_BENCH_FLOOR, &floor->run))
		die("cannot wake the other process");
}

void bench_floor(const struct bench *bench)
{
	struct floor floor = {.bench = bench};
	pid_t peers[16];
	unsigned int n;

	for (n = 1; n <= ARRAY_SIZE(peers); n *= 2) {
		for (floor.peer = 0; floor.peer < n; floor.peer++)
			peers[floor.peer] = start_peer(serve_floor, &floor);
		floor.run.adapters = n;
		if (n == 1)
			report("floor", "round trip", 0, 1,
			       measure(bench, run_floor, &floor, bench->rounds));
		report("floor", "growth: adapters", 0, n,
		       measure(bench, run_floor, &floor, n * (bench->rounds / n + 1)));
		while (floor.peer)
			stop_peer(peers[--floor.peer]);
	}
}
