// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ublk, block devices in user space: one whose reads and writes do nothing. Its server is
 * one thread with a ring, as ublksrv's null target is.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/ublk_cmd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "uring.h"

#define DEPTH 64u

/* As ioctl numbers, the only ones that new kernels are sure to take. */
#define CONTROL(number) _IOWR('u', number, struct ublksrv_ctrl_cmd)
#define IO(number)	_IOWR('u', number, struct ublksrv_io_cmd)

struct ublk {
	struct io_uring ring;
	int control;
	int queue;
	const struct ublksrv_io_desc *requests;
	char *buffers;
	struct ublksrv_ctrl_dev_info info;
};

/* Of the tags, which count from 0, this is none. */
#define CONTROL_DATA DEPTH

static void submit_control(struct ublk *ublk, unsigned int number, void *addr, uint16_t len,
			   uint64_t data)
{
	struct io_uring_sqe *sqe =
		ring_command(&ublk->ring, ublk->control, CONTROL(number), CONTROL_DATA);
	struct ublksrv_ctrl_cmd *cmd = (void *)sqe->cmd;

	cmd->dev_id = ublk->info.dev_id;
	cmd->queue_id = -1;
	cmd->addr = (uintptr_t)addr;
	cmd->len = len;
	cmd->data[0] = data;
}

/* Waits for it: nothing else may be in the ring. */
static void control(struct ublk *ublk, unsigned int number, void *addr, uint16_t len)
{
	struct io_uring_cqe *cqe;

	submit_control(ublk, number, addr, len, 0);
	if (io_uring_submit(&ublk->ring) < 0 || io_uring_wait_cqe(&ublk->ring, &cqe))
		die("io_uring");
	errno = -cqe->res;
	if (cqe->res < 0)
		die("ublk");
	io_uring_cqe_seen(&ublk->ring, cqe);
}

static void add_device(struct ublk *ublk)
{
	struct ublk_params params = {
		.len = sizeof(params),
		.types = UBLK_PARAM_TYPE_BASIC,
		.basic.logical_bs_shift = 9,
		.basic.physical_bs_shift = 12,
		.basic.io_opt_shift = 12,
		.basic.io_min_shift = 9,
		.basic.max_sectors = MAX_SIZE / 512,
		.basic.dev_sectors = 16 * MAX_SIZE / 512,
	};

	ublk->info = (struct ublksrv_ctrl_dev_info){
		.nr_hw_queues = 1,
		.queue_depth = DEPTH,
		.max_io_buf_bytes = MAX_SIZE,
		.dev_id = -1,
	};
	open_ring(&ublk->ring, 2 * DEPTH);
	control(ublk, UBLK_CMD_ADD_DEV, &ublk->info, sizeof(ublk->info));
	control(ublk, UBLK_CMD_SET_PARAMS, &params, sizeof(params));
}

static void remove_device(struct ublk *ublk)
{
	control(ublk, UBLK_CMD_STOP_DEV, NULL, 0);
	control(ublk, UBLK_CMD_DEL_DEV, NULL, 0);
	io_uring_queue_exit(&ublk->ring);
}

static void fetch(struct ublk *ublk, unsigned int tag, unsigned int number, int result)
{
	struct io_uring_sqe *sqe = ring_command(&ublk->ring, ublk->queue, IO(number), tag);
	struct ublksrv_io_cmd *cmd = (void *)sqe->cmd;

	cmd->tag = tag;
	cmd->result = result;
	cmd->addr = (uintptr_t)(ublk->buffers + tag * (size_t)MAX_SIZE);
}

static void open_queue(struct ublk *ublk)
{
	char path[64];
	size_t size = (DEPTH * sizeof(*ublk->requests) + 4095) & ~4095ul;

	snprintf(path, sizeof(path), "/sys/class/ublk-char/ublkc%u/dev", ublk->info.dev_id);
	ublk->queue = open_node(path, S_IFCHR, O_RDWR);
	if (ublk->queue < 0)
		die(path);
	ublk->requests = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, ublk->queue,
			      UBLKSRV_CMD_BUF_OFFSET);
	if (ublk->requests == MAP_FAILED)
		die("mapping ublk's requests");
	ublk->buffers = aligned_alloc(4096, (size_t)DEPTH * MAX_SIZE);
	if (!ublk->buffers)
		die("aligned_alloc");
	memset(ublk->buffers, 0, (size_t)DEPTH * MAX_SIZE);
}

static void serve_ublk(void *data, int ready)
{
	struct ublk *ublk = data;
	struct io_uring_cqe *cqe;
	unsigned int head, tag, n;

	/* A ring belongs to the process that made it. */
	open_ring(&ublk->ring, 2 * DEPTH);
	open_queue(ublk);
	for (tag = 0; tag < DEPTH; tag++)
		fetch(ublk, tag, UBLK_IO_FETCH_REQ, 0);
	/* The kernel reads the device before this is done, and so has to be served. */
	submit_control(ublk, UBLK_CMD_START_DEV, NULL, 0, getpid());
	for (;;) {
		if (io_uring_submit_and_wait(&ublk->ring, 1) < 0)
			die("io_uring");
		n = 0;
		io_uring_for_each_cqe(&ublk->ring, head, cqe)
		{
			if (cqe->res == UBLK_IO_RES_ABORT) /* stopped */
				_exit(0);
			errno = -cqe->res;
			if (cqe->res != UBLK_IO_RES_OK)
				die("ublk");
			tag = cqe->user_data;
			if (tag == CONTROL_DATA)
				peer_is_ready(ready);
			else
				fetch(ublk, tag, UBLK_IO_COMMIT_AND_FETCH_REQ,
				      ublk->requests[tag].nr_sectors * 512);
			n++;
		}
		io_uring_cq_advance(&ublk->ring, n);
	}
}

void bench_ublk(const struct bench *bench)
{
	/* A block is the least that a device reads. */
	static const unsigned int sizes[] = {512, 4096, MAX_SIZE};
	struct client client = {.buffer = client_buffer()};
	struct ublk ublk = {}, server;
	char path[64];
	unsigned int i;
	pid_t peer;

	ublk.control = open_node("/sys/class/misc/ublk-control/dev", S_IFCHR, O_RDWR);
	/* A kernel without it. */
	if (ublk.control < 0)
		return;
	add_device(&ublk);
	server = ublk;
	peer = start_peer(serve_ublk, &server);
	snprintf(path, sizeof(path), "/sys/class/block/ublkb%u/dev", ublk.info.dev_id);
	client.fd = open_node(path, S_IFBLK, O_RDWR | O_DIRECT);
	if (client.fd < 0)
		die(path);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		report_call(bench, &client, "ublk write", call_write, sizes[i]);
		report_call(bench, &client, "ublk read", call_read, sizes[i]);
		report_crowd(bench, &client, "ublk read");
	}
	close(client.fd);
	remove_device(&ublk);
	stop_peer(peer);
	close(ublk.control);
	free(client.buffer);
}
