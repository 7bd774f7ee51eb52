// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that an adapter and a context cost: every allocation and release between two
 * moments, as the kernel's kmem tracepoints tell them, and the pages of vmalloc areas
 * from /proc/vmallocinfo. Whatever is rounded up is counted as it is rounded up. All
 * processes are counted, for device nodes are made by a thread of the kernel.
 */

#include <fcntl.h>
#include <linux/miracast.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define TRACING	    "/sys/kernel/tracing/"
#define MAX_OBJECTS 65536
#define MANY	    8

static const char *const events[] = {
	"kmem/kmalloc",
	"kmem/kmem_cache_alloc",
	"kmem/kfree",
	"kmem/kmem_cache_free",
	/* Up to 6.1 there are two more. */
	"kmem/kmalloc_node",
	"kmem/kmem_cache_alloc_node",
	"percpu/percpu_alloc_percpu",
	"percpu/percpu_free_percpu",
};

static int set(const char *name, const char *value)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return -1;
	n = write(fd, value, strlen(value));
	close(fd);
	return n < 0 ? -1 : 0;
}

static long vmalloc_bytes(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	char line[512], *pages;
	long sum = 0;

	if (!file)
		die("/proc/vmallocinfo");
	while (fgets(line, sizeof(line), file)) {
		pages = strstr(line, "pages=");
		if (pages && strstr(line, "vmalloc"))
			sum += strtol(pages + 6, NULL, 10) * 4096;
	}
	fclose(file);
	return sum;
}

static void start_trace(void)
{
	char path[128];
	unsigned int i;

	if (set("tracing_on", "0") || set("trace", "") || set("buffer_size_kb", "8192"))
		die(TRACING);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), "events/%s/enable", events[i]);
		if (set(path, "1") && i < 4)
			die(path);
	}
	if (set("tracing_on", "1"))
		die(TRACING);
}

/* Bytes allocated since start_trace() and not released since. */
static long stop_trace(void)
{
	static struct {
		unsigned long long address;
		long bytes;
	} objects[MAX_OBJECTS];
	unsigned int n = 0, i;
	char line[1024], *at;
	long sum = 0;
	FILE *file;

	if (set("tracing_on", "0"))
		die(TRACING);
	set("events/kmem/enable", "0");
	set("events/percpu/enable", "0");
	file = fopen(TRACING "trace", "r");
	if (!file)
		die(TRACING "trace");
	while (fgets(line, sizeof(line), file)) {
		unsigned long long address;
		int release = strstr(line, "free") != NULL;

		if (line[0] == '#' || !(at = strstr(line, "ptr=")))
			continue;
		address = strtoull(at + 4, NULL, 16);
		if (!release) {
			at = strstr(line, "bytes_alloc=");
			if (!at || n >= MAX_OBJECTS)
				die("more allocations than can be followed");
			objects[n].address = address;
			objects[n++].bytes = strtol(at + 12, NULL, 10);
			continue;
		}
		for (i = n; i--;) {
			if (objects[i].address == address) {
				objects[i] = objects[--n];
				break;
			}
		}
	}
	fclose(file);
	for (i = 0; i < n; i++)
		sum += objects[i].bytes;
	return sum;
}

void bench_memory(const struct bench *bench)
{
	unsigned int indexes[MANY], first, i;
	uint64_t arena = 0;
	long bytes, pages;
	int fds[MANY];

	/* What is made once for all of them is not theirs. */
	if (add_adapter(bench, 256, 4096, &first))
		die("cannot add an adapter");
	close(open_context(first, 256, &arena));

	pages = vmalloc_bytes();
	start_trace();
	for (i = 0; i < MANY; i++)
		if (add_adapter(bench, 256, 4096, &indexes[i]))
			die("cannot add an adapter");
	usleep(200000); /* what RCU releases */
	bytes = stop_trace() + vmalloc_bytes() - pages;
	report("memory", "adapter", 0, 0, (double)bytes / MANY);

	pages = vmalloc_bytes();
	start_trace();
	for (i = 0; i < MANY; i++)
		fds[i] = open_context(indexes[i], 256, &arena);
	usleep(200000);
	bytes = stop_trace() + vmalloc_bytes() - pages;
	report("memory", "arena", 4096, 256, arena);
	report("memory", "context without arena", 4096, 256, (double)bytes / MANY - arena);

	for (i = 0; i < MANY; i++) {
		close(fds[i]);
		remove_adapter(bench, indexes[i]);
	}
	remove_adapter(bench, first);
}
