// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FUSE and CUSE: how a kernel asks a process today. The servers speak the protocol on
 * /dev/fuse and /dev/cuse themselves, without a library, so that as little as can be
 * is measured besides the kernel.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"

#define MOUNT_POINT "/tmp/bench-fuse"
#define FILE_NODE   2
/* Of an ioctl's number, 14 bits are its size. */
#define MAX_IOCTL 16383u

/* A server's buffers: a request, and the largest answer. */
struct server {
	int fd;
	char request[MAX_SIZE + 4096];
	char data[MAX_SIZE];
};

static void answer(const struct server *server, int error, struct iovec *parts,
		   unsigned int nr_parts)
{
	const struct fuse_in_header *in = (const void *)server->request;
	struct fuse_out_header out = {.len = sizeof(out), .error = error, .unique = in->unique};
	struct iovec all[4] = {{&out, sizeof(out)}};
	unsigned int i;

	for (i = 0; i < nr_parts; i++) {
		all[i + 1] = parts[i];
		out.len += parts[i].iov_len;
	}
	/* A request that was interrupted meanwhile is nobody's any more: ENOENT. */
	if (writev(server->fd, all, nr_parts + 1) < 0 && errno != ENOENT)
		die("answering FUSE");
}

static void answer_init(const struct server *server, const struct fuse_init_in *in)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor
							       : FUSE_KERNEL_MINOR_VERSION,
		.flags = in->flags & (FUSE_MAX_PAGES | FUSE_BIG_WRITES),
		.max_background = 64,
		.congestion_threshold = 64,
		.max_write = MAX_SIZE,
		.max_pages = MAX_SIZE / 4096,
	};

	answer(server, 0, &(struct iovec){&out, sizeof(out)}, 1);
}

static void answer_cuse_init(const struct server *server, const struct cuse_init_in *in)
{
	char name[] = "DEVNAME=bench_cuse";
	struct cuse_init_out out = {
		.major = in->major,
		.minor = in->minor,
		.max_read = MAX_SIZE,
		.max_write = MAX_SIZE,
	};
	struct iovec parts[] = {{&out, sizeof(out)}, {name, sizeof(name)}};

	answer(server, 0, parts, 2);
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
		.size = MAX_SIZE,
		.nlink = 1,
	};
}

/* Answers requests, with no attribute or name valid for any time: nothing is cached. */
static void serve_one(struct server *server)
{
	const struct fuse_in_header *in = (const void *)server->request;
	const void *arg = in + 1;
	ssize_t n;

	n = read(server->fd, server->request, sizeof(server->request));
	if (n < 0 && (errno == ENOENT || errno == EINTR))
		return;
	if (n < (ssize_t)sizeof(*in))
		die("reading FUSE");
	switch (in->opcode) {
	case FUSE_INIT: answer_init(server, arg); break;
	case CUSE_INIT: answer_cuse_init(server, arg); break;
	case FUSE_GETATTR: {
		struct fuse_attr_out out = {.attr = attributes(in->nodeid)};

		answer(server, 0, &(struct iovec){&out, sizeof(out)}, 1);
		break;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = {.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};

		answer(server, 0, &(struct iovec){&out, sizeof(out)}, 1);
		break;
	}
	case FUSE_OPEN: {
		struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO};

		answer(server, 0, &(struct iovec){&out, sizeof(out)}, 1);
		break;
	}
	case FUSE_READ:
		answer(server, 0,
		       &(struct iovec){server->data, ((const struct fuse_read_in *)arg)->size}, 1);
		break;
	case FUSE_WRITE: {
		struct fuse_write_out out = {.size = ((const struct fuse_write_in *)arg)->size};

		answer(server, 0, &(struct iovec){&out, sizeof(out)}, 1);
		break;
	}
	case FUSE_IOCTL: {
		struct fuse_ioctl_out out = {};
		struct iovec parts[] = {
			{&out, sizeof(out)},
			{server->data, ((const struct fuse_ioctl_in *)arg)->out_size},
		};

		answer(server, 0, parts, 2);
		break;
	}
	case FUSE_RELEASE:
	case FUSE_FLUSH: answer(server, 0, NULL, 0); break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: break;
	default: answer(server, -ENOSYS, NULL, 0);
	}
}

static void serve_fuse(void *data, int ready)
{
	peer_is_ready(ready);
	for (;;)
		serve_one(data);
}

static void serve_cuse(void *data, int ready)
{
	struct server *server = data;

	serve_one(server); /* CUSE_INIT: the device is there when it is answered */
	peer_is_ready(ready);
	for (;;)
		serve_one(server);
}

/* Everything that a client does again and again. */
struct client {
	int fd;
	unsigned int size;
	char *buffer;
	void (*call)(struct client *client);
};

static void call_getattr(struct client *client)
{
	struct stat st;

	if (fstat(client->fd, &st))
		die("fstat");
}

static void call_read(struct client *client)
{
	if (pread(client->fd, client->buffer, client->size, 0) != (ssize_t)client->size)
		die("pread");
}

static void call_write(struct client *client)
{
	if (pwrite(client->fd, client->buffer, client->size, 0) != (ssize_t)client->size)
		die("pwrite");
}

static void call_ioctl(struct client *client)
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

/* Threads that wait for an answer each, because a caller of FUSE has to wait. */
struct crowd {
	struct client *client;
	pthread_t threads[64];
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

	crowd->each = count / ARRAY_SIZE(crowd->threads);
	pthread_barrier_wait(&crowd->begin);
	pthread_barrier_wait(&crowd->end);
}

static double cost_of_crowd(const struct bench *bench, struct client *client)
{
	unsigned int n = ARRAY_SIZE(((struct crowd *)0)->threads), i;
	struct crowd crowd = {.client = client};
	double cost;

	pthread_barrier_init(&crowd.begin, NULL, n + 1);
	pthread_barrier_init(&crowd.end, NULL, n + 1);
	for (i = 0; i < n; i++)
		if (pthread_create(&crowd.threads[i], NULL, join_crowd, &crowd))
			die("pthread_create");
	cost = measure(bench, run_crowd, &crowd, n * (bench->rounds / n + 1));
	crowd.each = 0;
	pthread_barrier_wait(&crowd.begin);
	for (i = 0; i < n; i++)
		pthread_join(crowd.threads[i], NULL);
	return cost;
}

static void report_call(const struct bench *bench, struct client *client, const char *what,
			void (*call)(struct client *client), unsigned int size)
{
	client->call = call;
	client->size = size;
	report(what, "round trip", size, 1, measure(bench, run_client, client, bench->rounds));
}

static void report_crowd(const struct bench *bench, struct client *client, const char *what)
{
	report(what, "in flight", client->size, 64, cost_of_crowd(bench, client));
}

void bench_fuse(const struct bench *bench)
{
	struct server *server = calloc(1, sizeof(*server));
	struct client client = {.buffer = calloc(1, MAX_SIZE)};
	char options[64];
	unsigned int i;
	pid_t peer;

	if (!server || !client.buffer)
		die("calloc");
	server->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (server->fd < 0)
		die("/dev/fuse");
	mkdir(MOUNT_POINT, 0755);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", server->fd);
	if (mount("bench", MOUNT_POINT, "fuse", MS_NOSUID | MS_NODEV, options))
		die("mounting FUSE");
	peer = start_peer(serve_fuse, server);
	client.fd = open(MOUNT_POINT "/file", O_RDWR | O_CLOEXEC);
	if (client.fd < 0)
		die(MOUNT_POINT "/file");
	report_call(bench, &client, "FUSE GETATTR", call_getattr, 0);
	report_crowd(bench, &client, "FUSE GETATTR");
	for (i = 1; i < ARRAY_SIZE(bench_sizes); i++) {
		/* Writers of one file exclude each other, so there is no crowd of them. */
		report_call(bench, &client, "FUSE write", call_write, bench_sizes[i]);
		report_call(bench, &client, "FUSE read", call_read, bench_sizes[i]);
		report_crowd(bench, &client, "FUSE read");
	}
	close(client.fd);
	if (umount2(MOUNT_POINT, MNT_DETACH))
		die("umount");
	stop_peer(peer);
	close(server->fd);
	free(client.buffer);
	free(server);
}

/* devtmpfs may not have the node yet, or the kernel not devtmpfs: make it. */
static int open_cuse(void)
{
	unsigned int major, minor, tries;
	FILE *file;

	for (tries = 0; tries < 1000; tries++) {
		file = fopen("/sys/class/cuse/bench_cuse/dev", "r");
		if (file) {
			if (fscanf(file, "%u:%u", &major, &minor) != 2)
				die("bench_cuse");
			fclose(file);
			mknod("/tmp/bench-cuse", S_IFCHR | 0600, makedev(major, minor));
			return open("/tmp/bench-cuse", O_RDWR | O_CLOEXEC);
		}
		usleep(1000);
	}
	return -1;
}

void bench_cuse(const struct bench *bench)
{
	struct server *server = calloc(1, sizeof(*server));
	struct client client = {.buffer = calloc(1, MAX_SIZE)};
	unsigned int i;
	pid_t peer;

	if (!server || !client.buffer)
		die("calloc");
	server->fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (server->fd < 0)
		die("/dev/cuse");
	peer = start_peer(serve_cuse, server);
	client.fd = open_cuse();
	if (client.fd < 0)
		die("bench_cuse");
	for (i = 0; i < ARRAY_SIZE(bench_sizes); i++) {
		if (bench_sizes[i] > MAX_IOCTL)
			continue;
		report_call(bench, &client, "CUSE ioctl", call_ioctl, bench_sizes[i]);
		report_crowd(bench, &client, "CUSE ioctl");
	}
	close(client.fd);
	stop_peer(peer);
	close(server->fd);
	free(client.buffer);
	free(server);
}
