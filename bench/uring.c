// SPDX-License-Identifier: GPL-2.0-or-later
#include "uring.h"

#include <errno.h>
#include <string.h>

#include "bench.h"

void open_ring(struct io_uring *ring, unsigned int entries)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
	};

	errno = -io_uring_queue_init_params(entries, ring, &params);
	if (errno)
		die("io_uring");
}

struct io_uring_sqe *ring_command(struct io_uring *ring, int fd, uint32_t op, uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		die("the ring is full");
	/* Of the two halves liburing clears one. */
	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = op;
	sqe->user_data = user_data;
	return sqe;
}
