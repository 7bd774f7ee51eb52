/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults of the kernel's that strike this thread: the n-th allocation, or access to user
 * memory, of what it does next fails. For kernels with fault injection.
 */
#ifndef SELFTESTS_FAULT_H
#define SELFTESTS_FAULT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void fault_set(const char *of, const char *name, const char *value)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", of, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return;
	(void)!write(fd, value, strlen(value));
	close(fd);
}

/* Lets every kind of allocation be struck; false: this kernel cannot. */
static inline bool fault_prepare(void)
{
	static const char *const attributes[] = {"failslab", "fail_page_alloc", "fail_usercopy"};
	int i;

	if (access("/proc/self/fail-nth", W_OK) || access("/sys/kernel/debug/failslab", X_OK))
		return false;
	for (i = 0; i < 3; i++) {
		fault_set(attributes[i], "ignore-gfp-wait", "N");
		fault_set(attributes[i], "ignore-gfp-highmem", "N");
		fault_set(attributes[i], "min-order", "0");
		fault_set(attributes[i], "verbose", "0");
	}

	return true;
}

/* This thread's file of faults. */
static inline int fault_open(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static inline void fault_arm(int fd, int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nth);

	/* What is armed already may strike this very call. */
	while (pwrite(fd, text, n, 0) != n)
		;
}

/* Takes it back; true if it had struck. */
static inline bool fault_disarm(int fd)
{
	char text[16] = "";
	/* A failure here means that the step left one over. */
	bool struck = pread(fd, text, sizeof(text) - 1, 0) > 0 && strtol(text, NULL, 10) == 0;

	fault_arm(fd, 0);

	return struck;
}

#endif /* SELFTESTS_FAULT_H */
