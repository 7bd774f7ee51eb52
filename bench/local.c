// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes and what the kernel has had for ever: eventfd and pipe. */

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/* Two one-way streams; a token of size bytes goes there and comes back. */
struct ping {
	int there_read, there_write;
	int back_read, back_write;
	unsigned int size;
	unsigned int in_flight;
	char *buffer;
};

static void take(int fd, char *buffer, unsigned int size)
{
	unsigned int done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, buffer + done, size - done);
		if (n <= 0)
			die("read");
		done += n;
	}
}

static void give(int fd, const char *buffer, unsigned int size)
{
	unsigned int done = 0;
	ssize_t n;

	while (done < size) {
		n = write(fd, buffer + done, size - done);
		if (n <= 0)
			die("write");
		done += n;
	}
}

static void serve_ping(void *data, int ready)
{
	struct ping *ping = data;

	peer_is_ready(ready);
	for (;;) {
		take(ping->there_read, ping->buffer, ping->size);
		give(ping->back_write, ping->buffer, ping->size);
	}
}

static void run_ping(void *data, unsigned int count)
{
	struct ping *ping = data;
	unsigned int n, i;

	for (; count; count -= n) {
		n = count < ping->in_flight ? count : ping->in_flight;
		for (i = 0; i < n; i++)
			give(ping->there_write, ping->buffer, ping->size);
		for (i = 0; i < n; i++)
			take(ping->back_read, ping->buffer, ping->size);
	}
}

static void measure_ping(const struct bench *bench, struct ping *ping, const char *what)
{
	static const unsigned int flights[] = {1, 64};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flights); i++) {
		pid_t peer;

		/* So much is more than a pipe holds: both ends would wait for the other. */
		if (flights[i] > 1 && ping->size * flights[i] > MAX_SIZE)
			continue;
		ping->in_flight = flights[i];
		peer = start_peer(serve_ping, ping);
		report(what, flights[i] == 1 ? "round trip" : "batch", ping->size, flights[i],
		       measure(bench, run_ping, ping, 64 * (bench->rounds / 64)));
		stop_peer(peer);
	}
}

static void run_syscall(void *data, unsigned int count)
{
	while (count--)
		syscall(SYS_getppid);
}

void bench_local(const struct bench *bench)
{
	struct ping ping = {.buffer = calloc(1, MAX_SIZE)};
	int there[2], back[2];
	unsigned int i;

	if (!ping.buffer)
		die("calloc");
	report("empty system call", "call", 0, 1, measure(bench, run_syscall, NULL, bench->rounds));

	ping.there_read = eventfd(0, EFD_SEMAPHORE);
	ping.back_read = eventfd(0, EFD_SEMAPHORE);
	ping.there_write = ping.there_read;
	ping.back_write = ping.back_read;
	ping.size = sizeof(uint64_t);
	*(uint64_t *)ping.buffer = 1;
	if (ping.there_read < 0 || ping.back_read < 0)
		die("eventfd");
	measure_ping(bench, &ping, "eventfd");
	close(ping.there_read);
	close(ping.back_read);

	if (pipe(there) || pipe(back))
		die("pipe");
	ping.there_read = there[0];
	ping.there_write = there[1];
	ping.back_read = back[0];
	ping.back_write = back[1];
	for (i = 0; i < ARRAY_SIZE(bench_sizes); i++) {
		ping.size = bench_sizes[i] ? bench_sizes[i] : 1;
		measure_ping(bench, &ping, "pipe");
	}
	for (i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	free(ping.buffer);
}
