// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs every measurement, or those named, one after the other. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kmod/bench/miracast_bench.h"
#include "bench.h"

const unsigned int bench_sizes[4] = {0, 64, 4096, MAX_SIZE};

void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/*
 * Under QEMU's -icount the time stamp counter advances by one with each instruction
 * of the guest.
 */
uint64_t bench_now(const struct bench *bench)
{
	struct timespec t;

	if (!bench->wall)
		return __builtin_ia32_rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void report(const char *what, const char *name, unsigned int size, unsigned int in_flight,
	    double cost)
{
	printf("{\"what\": \"%s\", \"case\": \"%s\", \"size\": %u, \"in_flight\": %u, \"cost\": %.1f}\n",
	       what, name, size, in_flight, cost);
	fflush(stdout);
}

double measure(const struct bench *bench, void (*run)(void *data, unsigned int count), void *data,
	       unsigned int count)
{
	uint64_t start, middle, end;

	run(data, count); /* caches, page faults, first allocations */
	start = bench_now(bench);
	run(data, count);
	middle = bench_now(bench);
	run(data, 3 * count);
	end = bench_now(bench);
	return (double)((end - middle) - (middle - start)) / (2 * count);
}

pid_t start_peer(void (*serve)(void *data, int ready), void *data)
{
	int ready[2];
	pid_t pid;
	char c;

	fflush(stdout);
	if (pipe(ready))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		serve(data, ready[1]);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		fprintf(stderr, "bench: the other process did not start\n");
		exit(1);
	}
	close(ready[0]);
	return pid;
}

void peer_is_ready(int ready)
{
	if (write(ready, "", 1) != 1)
		die("write");
	close(ready);
}

void stop_peer(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int add_adapter(const struct bench *bench, unsigned int slots, unsigned int max_message,
		unsigned int *index)
{
	struct miracast_bench_adapter arg = {.max_slots = slots, .max_message = max_message};

	if (ioctl(bench->kernel, MIRACAST_BENCH_ADAPTER, &arg))
		return -1;
	*index = arg.index;
	return 0;
}

void remove_adapter(const struct bench *bench, unsigned int index)
{
	struct miracast_bench_adapter arg = {.index = index};

	if (ioctl(bench->kernel, MIRACAST_BENCH_ADAPTER, &arg))
		die("cannot remove an adapter");
}

/* What an instruction is: a loop of two, a million times, is two million. */
static void run_loop(void *data, unsigned int count)
{
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(count));
}

/* New kernels have much to do for themselves after they have booted. */
static double settle(const struct bench *bench)
{
	unsigned int tries, quiet = 0;
	double cost = 0;

	for (tries = 0; tries < 60 && quiet < 3; tries++) {
		sleep(1);
		cost = measure(bench, run_loop, NULL, 1000000);
		quiet = bench->wall || cost < 2.1 ? quiet + 1 : 0;
	}
	return cost;
}

static const struct {
	const char *name;
	void (*run)(const struct bench *bench);
	int only_named;
} parts[] = {
	{"floor", bench_floor, 0},
	{"channel", bench_channel, 0},
	{"local", bench_local, 0},
	{"netlink", bench_netlink, 0},
	{"fuse", bench_fuse, 0},
	{"fuse-uring", bench_fuse_uring, 0},
	{"cuse", bench_cuse, 0},
	{"ublk", bench_ublk, 0},
	/* Last, for tracepoints that were on leave their marks. */
	{"memory", bench_memory, 0},
	/* What bench/profile looks at, one at a time. */
	{"round-trip", bench_round_trip, 1},
	{"in-flight", bench_in_flight, 1},
};

int main(int argc, char **argv)
{
	struct bench bench = {.rounds = 1000};
	unsigned int i;
	int c, j;

	while ((c = getopt(argc, argv, "wn:")) != -1) {
		if (c == 'w') {
			bench.wall = 1;
		} else if (c == 'n') {
			bench.rounds = atoi(optarg);
		} else {
			fprintf(stderr, "usage: bench [-w] [-n ROUNDS] [PART...]\n"
					"  -w  wall time in nanoseconds, not instructions\n");
			return 2;
		}
	}
	bench.kernel = open("/dev/miracast_bench", O_RDWR | O_CLOEXEC);
	if (bench.kernel < 0)
		die("/dev/miracast_bench");
	report("loop of two instructions", "self-test", 0, 1, settle(&bench));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		int wanted = optind == argc && !parts[i].only_named;

		for (j = optind; j < argc; j++)
			wanted |= !strcmp(argv[j], parts[i].name);
		if (wanted)
			parts[i].run(&bench);
	}
	return 0;
}
