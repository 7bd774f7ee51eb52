// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FUSE and CUSE: how a kernel asks a process today. The servers speak the protocol on
 * /dev/fuse and /dev/cuse themselves, without a library, so that as little as can be
 * is measured besides the kernel.
 */

#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOUNT_POINT "/tmp/bench-fuse"
#define FILE_NODE   2
/* Of an ioctl's number, 14 bits are its size. */
#define MAX_IOCTL 16383u

/* A server's buffers: a request, and an answer without its header. */
struct server {
	int fd;
	char request[MAX_SIZE + 4096];
	char out[FUSE_ANSWER];
};

static void write_answer(int fd, const struct fuse_in_header *in, int result, const void *out)
{
	struct fuse_out_header header = {
		.len = sizeof(header) + (result > 0 ? result : 0),
		.error = result < 0 ? result : 0,
		.unique = in->unique,
	};
	struct iovec parts[] = {
		{&header, sizeof(header)},
		{(void *)out, header.len - sizeof(header)},
	};

	/* A request that was interrupted meanwhile is nobody's any more: ENOENT. */
	if (writev(fd, parts, parts[1].iov_len ? 2 : 1) < 0 && errno != ENOENT)
		die("answering FUSE");
}

int answer_init(int fd, const struct fuse_in_header *in, uint64_t flags)
{
	const struct fuse_init_in *arg = (const void *)(in + 1);
	uint64_t offered = arg->flags | (uint64_t)arg->flags2 << 32;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = arg->minor < FUSE_KERNEL_MINOR_VERSION ? arg->minor
								: FUSE_KERNEL_MINOR_VERSION,
		.max_background = 64,
		.congestion_threshold = 64,
		.max_write = MAX_SIZE,
		.max_pages = MAX_SIZE / 4096,
	};

	if (flags & ~offered)
		return 0;
	flags |= offered & (FUSE_MAX_PAGES | FUSE_BIG_WRITES);
	out.flags = flags;
	out.flags2 = flags >> 32;
	write_answer(fd, in, sizeof(out), &out);
	return 1;
}

static void answer_cuse_init(int fd, const struct fuse_in_header *in)
{
	const struct cuse_init_in *arg = (const void *)(in + 1);
	struct {
		struct cuse_init_out init;
		char name[sizeof("DEVNAME=bench_cuse")];
	} __attribute__((packed)) out = {
		.init.major = arg->major,
		.init.minor = arg->minor,
		.init.max_read = MAX_SIZE,
		.init.max_write = MAX_SIZE,
		.name = "DEVNAME=bench_cuse",
	};

	write_answer(fd, in, sizeof(out), &out);
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

int answer_request(const struct fuse_in_header *in, const void *arg, void *out)
{
	switch (in->opcode) {
	case FUSE_GETATTR:
		*(struct fuse_attr_out *)out =
			(struct fuse_attr_out){.attr = attributes(in->nodeid)};
		return sizeof(struct fuse_attr_out);
	case FUSE_LOOKUP:
		*(struct fuse_entry_out *)out = (struct fuse_entry_out){
			.nodeid = FILE_NODE,
			.attr = attributes(FILE_NODE),
		};
		return sizeof(struct fuse_entry_out);
	case FUSE_OPEN:
		*(struct fuse_open_out *)out =
			(struct fuse_open_out){.open_flags = FOPEN_DIRECT_IO};
		return sizeof(struct fuse_open_out);
	case FUSE_READ: return ((const struct fuse_read_in *)arg)->size;
	case FUSE_WRITE:
		*(struct fuse_write_out *)out = (struct fuse_write_out){
			.size = ((const struct fuse_write_in *)arg)->size,
		};
		return sizeof(struct fuse_write_out);
	case FUSE_IOCTL:
		*(struct fuse_ioctl_out *)out = (struct fuse_ioctl_out){};
		return sizeof(struct fuse_ioctl_out) +
		       ((const struct fuse_ioctl_in *)arg)->out_size;
	case FUSE_RELEASE:
	case FUSE_FLUSH: return 0;
	default: return -ENOSYS;
	}
}

static void serve_one(struct server *server)
{
	const struct fuse_in_header *in = (const void *)server->request;
	ssize_t n;

	n = read(server->fd, server->request, sizeof(server->request));
	if (n < 0 && (errno == ENOENT || errno == EINTR))
		return;
	if (n < 0 && errno == ENODEV) /* unmounted */
		_exit(0);
	if (n < (ssize_t)sizeof(*in))
		die("reading FUSE");
	switch (in->opcode) {
	case FUSE_INIT: answer_init(server->fd, in, 0); break;
	case CUSE_INIT: answer_cuse_init(server->fd, in); break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: break;
	default: write_answer(server->fd, in, answer_request(in, in + 1, server->out), server->out);
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

static void report_kind(const struct bench *bench, struct client *client, const char *family,
			const char *kind, void (*call)(struct client *client), unsigned int size,
			int crowd)
{
	char what[64];

	snprintf(what, sizeof(what), "%s %s", family, kind);
	report_call(bench, client, what, call, size);
	if (crowd)
		report_crowd(bench, client, what);
}

void measure_fuse(const struct bench *bench, const char *family, int fd,
		  void (*serve)(void *data, int ready), void *data)
{
	struct client client = {.buffer = client_buffer()};
	char options[64];
	unsigned int i;
	pid_t server;

	mkdir(MOUNT_POINT, 0755);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("bench", MOUNT_POINT, "fuse", MS_NOSUID | MS_NODEV, options))
		die("mounting FUSE");
	server = start_peer(serve, data);
	client.fd = open(MOUNT_POINT "/file", O_RDWR | O_CLOEXEC);
	if (client.fd < 0)
		die(MOUNT_POINT "/file");
	report_kind(bench, &client, family, "GETATTR", call_getattr, 0, 1);
	for (i = 1; i < ARRAY_SIZE(bench_sizes); i++) {
		/* Writers of one file exclude each other, so there is no crowd of them. */
		report_kind(bench, &client, family, "write", call_write, bench_sizes[i], 0);
		report_kind(bench, &client, family, "read", call_read, bench_sizes[i], 1);
	}
	close(client.fd);
	if (umount2(MOUNT_POINT, MNT_DETACH))
		die("umount");
	stop_peer(server);
	free(client.buffer);
}

void bench_fuse(const struct bench *bench)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		die("calloc");
	server->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (server->fd < 0)
		die("/dev/fuse");
	measure_fuse(bench, "FUSE", server->fd, serve_fuse, server);
	close(server->fd);
	free(server);
}

void bench_cuse(const struct bench *bench)
{
	struct server *server = calloc(1, sizeof(*server));
	struct client client = {.buffer = client_buffer()};
	unsigned int i;
	pid_t peer;

	if (!server)
		die("calloc");
	server->fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (server->fd < 0)
		die("/dev/cuse");
	peer = start_peer(serve_cuse, server);
	client.fd = open_node("/sys/class/cuse/bench_cuse/dev", S_IFCHR, O_RDWR);
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
