// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Callers of the kernel's other ways to ask a process: one that calls and waits, and
 * a crowd of 64 of them, because each has to wait for its answer.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench.h"

#define CROWD 64

void call_getattr(struct client *client)
{
	struct stat st;

	if (fstat(client->fd, &st))
		die("fstat");
}

void call_read(struct client *client)
{
	if (pread(client->fd, client->buffer, client->size, 0) != (ssize_t)client->size)
		die("pread");
}

void call_write(struct client *client)
{
	if (pwrite(client->fd, client->buffer, client->size, 0) != (ssize_t)client->size)
		die("pwrite");
}

void call_ioctl(struct client *client)
{
	unsigned int direction = client->size ? _IOC_READ | _IOC_WRITE : _IOC_NONE;

	if (ioctl(client->fd, _IOC(direction, 0xBF, 1, client->size), client->buffer))
		die("ioctl");
}

static void run_client(void *data, unsigned int count)
{
	struct client *client = data;

	while (count--)
		client->call(client);
}

struct crowd {
	struct client *client;
	pthread_t threads[CROWD];
	pthread_barrier_t begin, end;
	unsigned int each;
};

static void *join_crowd(void *data)
{
	struct crowd *crowd = data;

	for (;;) {
		pthread_barrier_wait(&crowd->begin);
		if (!crowd->each)
			return NULL;
		run_client(crowd->client, crowd->each);
		pthread_barrier_wait(&crowd->end);
	}
}

static void run_crowd(void *data, unsigned int count)
{
	struct crowd *crowd = data;

	crowd->each = count / CROWD;
	pthread_barrier_wait(&crowd->begin);
	pthread_barrier_wait(&crowd->end);
}

static double cost_of_crowd(const struct bench *bench, struct client *client)
{
	struct crowd crowd = {.client = client};
	unsigned int i;
	double cost;

	pthread_barrier_init(&crowd.begin, NULL, CROWD + 1);
	pthread_barrier_init(&crowd.end, NULL, CROWD + 1);
	for (i = 0; i < CROWD; i++)
		if (pthread_create(&crowd.threads[i], NULL, join_crowd, &crowd))
			die("pthread_create");
	cost = measure(bench, run_crowd, &crowd, CROWD * (bench->rounds / CROWD + 1));
	crowd.each = 0;
	pthread_barrier_wait(&crowd.begin);
	for (i = 0; i < CROWD; i++)
		pthread_join(crowd.threads[i], NULL);
	return cost;
}

void report_call(const struct bench *bench, struct client *client, const char *what,
		 void (*call)(struct client *client), unsigned int size)
{
	client->call = call;
	client->size = size;
	report(what, "round trip", size, 1, measure(bench, run_client, client, bench->rounds));
}

void report_crowd(const struct bench *bench, struct client *client, const char *what)
{
	report(what, "in flight", client->size, CROWD, cost_of_crowd(bench, client));
}

char *client_buffer(void)
{
	/* Pages, for what bypasses the page cache. */
	char *buffer = aligned_alloc(4096, MAX_SIZE);

	if (!buffer)
		die("aligned_alloc");
	return buffer;
}

/* devtmpfs may not have the node yet, or the kernel not devtmpfs: make it. */
int open_node(const char *sysfs_dev, mode_t type, int flags)
{
	const char *path = "/tmp/bench-node";
	unsigned int major, minor, tries;
	FILE *file;
	int fd;

	for (tries = 0; tries < 1000; tries++) {
		file = fopen(sysfs_dev, "r");
		if (file) {
			if (fscanf(file, "%u:%u", &major, &minor) != 2)
				die(sysfs_dev);
			fclose(file);
			if (mknod(path, type | 0600, makedev(major, minor)))
				die("mknod");
			fd = open(path, flags | O_CLOEXEC);
			unlink(path);
			return fd;
		}
		usleep(1000);
	}
	errno = ENODEV;
	return -1;
}
