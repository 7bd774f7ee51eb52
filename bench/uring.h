/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io_uring's way to a driver: commands, in entries of twice the usual size. */
#ifndef BENCH_URING_H
#define BENCH_URING_H

#include <liburing.h>

/* A ring of this process's, as fast as one of one thread can be. */
void open_ring(struct io_uring *ring, unsigned int entries);

/* The next entry, a command to @fd, whose answer comes with @user_data. */
struct io_uring_sqe *ring_command(struct io_uring *ring, int fd, uint32_t op, uint64_t user_data);

#endif /* BENCH_URING_H */
