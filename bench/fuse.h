/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the servers of FUSE have in common, whichever way requests reach them. */
#ifndef BENCH_FUSE_H
#define BENCH_FUSE_H

#include <linux/fuse.h>

#include "bench.h"

/* Room for any answer. */
#define FUSE_ANSWER (MAX_SIZE + 4096)

/*
 * Mounts a file system of one file on @fd, /dev/fuse, has @serve serve it in a process
 * of its own, and reports what calls of it cost, as @family.
 */
void measure_fuse(const struct bench *bench, const char *family, int fd,
		  void (*serve)(void *data, int ready), void *data);

/*
 * Answers the first request of all, @in, on @fd. @flags: 64 bits, FUSE_* that the server
 * needs; 0 if the kernel does not offer them.
 */
int answer_init(int fd, const struct fuse_in_header *in, uint64_t flags);

/*
 * The answer to any later request goes to @out, of FUSE_ANSWER bytes; @arg: what the
 * operation's argument is. Nothing is valid for any time, so nothing is cached.
 * Returns its bytes, or a negative error.
 */
int answer_request(const struct fuse_in_header *in, const void *arg, void *out);

#endif /* BENCH_FUSE_H */
