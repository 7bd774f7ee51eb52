// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FUSE over io_uring, of Linux 6.14: an answer and the wait for the next request are one
 * command of a ring. A server of one thread, with 64 entries on each processor's queue.
 */

#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "uring.h"

#define SWITCH	"/sys/module/fuse/parameters/enable_uring"
#define ENTRIES 64

/* The kernel's ABI, of which Debian 12's headers know nothing yet. */
#define OVER_IO_URING	     (1ull << 41)
#define CMD_REGISTER	     1
#define CMD_COMMIT_AND_FETCH 2

struct ring_header {
	union {
		struct fuse_in_header in;
		struct fuse_out_header out;
		char in_out[128];
	};
	char op_in[128];
	struct {
		uint64_t flags;
		uint64_t commit_id;
		uint32_t payload_size;
		uint32_t padding;
		uint64_t reserved;
	} entry;
};

struct ring_command {
	uint64_t flags;
	uint64_t commit_id;
	uint16_t queue;
	uint8_t padding[6];
};

struct entry {
	uint16_t queue;
	struct iovec parts[2]; /* header and payload, as the kernel wants them */
	struct ring_header header;
	char payload[FUSE_ANSWER];
};

static void command(struct io_uring *ring, int fd, struct entry *entry, uint32_t op)
{
	struct io_uring_sqe *sqe = ring_command(ring, fd, op, (uintptr_t)entry);
	struct ring_command *cmd = (void *)sqe->cmd;

	cmd->queue = entry->queue;
	cmd->commit_id = entry->header.entry.commit_id;
	if (op == CMD_REGISTER) {
		sqe->addr = (uintptr_t)entry->parts;
		sqe->len = 2;
	}
}

static void answer_entry(struct entry *entry)
{
	struct ring_header *header = &entry->header;
	uint64_t unique = header->in.unique;
	const void *arg = header->op_in;
	int result;

	result = answer_request(&header->in, arg, entry->payload);
	header->out = (struct fuse_out_header){
		.len = sizeof(header->out) + (result > 0 ? result : 0),
		.error = result < 0 ? result : 0,
		.unique = unique,
	};
	header->entry.payload_size = result > 0 ? result : 0;
}

static void serve_ring(void *data, int ready)
{
	int fd = *(int *)data, queues = get_nprocs_conf(), i;
	static char request[MAX_SIZE + 4096];
	struct io_uring_cqe *cqe;
	struct entry *entries;
	struct io_uring ring;
	unsigned int head, n;

	if (read(fd, request, sizeof(request)) < 0)
		die("reading FUSE");
	if (!answer_init(fd, (void *)request, OVER_IO_URING | FUSE_INIT_EXT))
		die("FUSE over io_uring");
	open_ring(&ring, queues * ENTRIES);
	entries = calloc(queues * ENTRIES, sizeof(*entries));
	if (!entries)
		die("calloc");
	for (i = 0; i < queues * ENTRIES; i++) {
		entries[i].queue = i / ENTRIES;
		entries[i].parts[0] = (struct iovec){&entries[i].header, sizeof(entries[i].header)};
		entries[i].parts[1] =
			(struct iovec){entries[i].payload, sizeof(entries[i].payload)};
		command(&ring, fd, &entries[i], CMD_REGISTER);
	}
	if (io_uring_submit(&ring) < 0)
		die("io_uring");
	peer_is_ready(ready);

	for (;;) {
		if (io_uring_submit_and_wait(&ring, 1) < 0)
			die("io_uring");
		n = 0;
		io_uring_for_each_cqe(&ring, head, cqe)
		{
			struct entry *entry = (void *)(uintptr_t)cqe->user_data;

			if (cqe->res == -ENOTCONN) /* unmounted */
				_exit(0);
			errno = -cqe->res;
			if (cqe->res)
				die("a request over io_uring");
			answer_entry(entry);
			command(&ring, fd, entry, CMD_COMMIT_AND_FETCH);
			n++;
		}
		io_uring_cq_advance(&ring, n);
	}
}

void bench_fuse_uring(const struct bench *bench)
{
	int fd = open(SWITCH, O_WRONLY | O_CLOEXEC);

	/* A kernel without it. */
	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		die(SWITCH);
	close(fd);
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/dev/fuse");
	measure_fuse(bench, "FUSE over io_uring", fd, serve_ring, &fd);
	close(fd);
}
