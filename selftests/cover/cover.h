/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which code of miracast.ko a thread reaches, by KCOV. Without KCOV, or with modules
 * that were built without it, there is nothing to see and nothing fails.
 *
 * With MIRACAST_COVER=DIRECTORY in the environment what was reached is added to files
 * there, one "SECTION OFFSET" a line; selftests/cover/report makes lines of source of them.
 */
#ifndef SELFTESTS_COVER_H
#define SELFTESTS_COVER_H

#include <fcntl.h>
#include <linux/kcov.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COVER_WORDS 65536

/* One thread's. */
struct cover {
	int fd;
	uint64_t *words; /* [0]: how many follow; NULL: no coverage */
};

static inline void cover_begin(struct cover *cover)
{
	void *words;

	*cover = (struct cover){.fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC)};
	if (cover->fd < 0)
		return;
	words = MAP_FAILED;
	if (!ioctl(cover->fd, KCOV_INIT_TRACE, COVER_WORDS))
		words = mmap(NULL, COVER_WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			     MAP_SHARED, cover->fd, 0);
	if (words == MAP_FAILED || ioctl(cover->fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		close(cover->fd);
		return;
	}
	cover->words = words;
	__atomic_store_n(&cover->words[0], 0, __ATOMIC_RELAXED);
}

static inline void cover_end(struct cover *cover)
{
	if (!cover->words)
		return;
	ioctl(cover->fd, KCOV_DISABLE, 0);
	munmap(cover->words, COVER_WORDS * sizeof(uint64_t));
	close(cover->fd);
	cover->words = NULL;
}

/* The module's sections of code, where they are now. */
struct cover_sections {
	unsigned int n;
	struct {
		char name[32];
		uint64_t base;
	} sections[8];
};

static inline void cover_find_sections(struct cover_sections *found)
{
	static const char *const names[] = {
		".text", ".text.unlikely", ".init.text", ".exit.text", ".ref.text",
	};
	char path[96], text[32];
	unsigned int i;
	ssize_t size;
	int fd;

	found->n = 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/sys/module/miracast/sections/%s", names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		size = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (size <= 0)
			continue;
		text[size] = '\0';
		strcpy(found->sections[found->n].name, names[i]);
		found->sections[found->n++].base = strtoull(text, NULL, 16);
	}
}

/* The section below @pc that is nearest, at most 1 MiB away; -1 if there is none. */
static inline int cover_section_of(const struct cover_sections *found, uint64_t pc)
{
	unsigned int i;
	int best = -1;

	for (i = 0; i < found->n; i++)
		if (pc >= found->sections[i].base && pc - found->sections[i].base < 1 << 20 &&
		    (best < 0 || found->sections[i].base > found->sections[best].base))
			best = i;
	return best;
}

static inline int cover_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Makes room when the buffer gets full: each address is needed only once. */
static inline void cover_compact(struct cover *cover)
{
	uint64_t *pcs;
	uint64_t i, n, unique = 0;

	if (!cover->words)
		return;
	pcs = cover->words + 1;
	n = __atomic_load_n(&cover->words[0], __ATOMIC_RELAXED);
	if (n < COVER_WORDS / 2)
		return;
	qsort(pcs, n, sizeof(*pcs), cover_compare);
	for (i = 0; i < n; i++)
		if (!i || pcs[i] != pcs[unique - 1])
			pcs[unique++] = pcs[i];
	__atomic_store_n(&cover->words[0], unique, __ATOMIC_RELAXED);
}

/* Adds what @pcs reached to a file of this thread's; sorts them. */
static inline void cover_save(uint64_t *pcs, size_t n)
{
	const char *directory = getenv("MIRACAST_COVER");
	struct cover_sections found;
	char path[256];
	FILE *file;
	size_t i;
	int s;

	if (!directory || !n)
		return;
	cover_find_sections(&found);
	snprintf(path, sizeof(path), "%s/%d.%ld", directory, getpid(), (long)syscall(SYS_gettid));
	file = fopen(path, "ae");
	if (!file)
		return;
	qsort(pcs, n, sizeof(*pcs), cover_compare);
	for (i = 0; i < n; i++) {
		s = cover_section_of(&found, pcs[i]);
		if (s >= 0 && (!i || pcs[i] != pcs[i - 1]))
			fprintf(file, "%s %llx\n", found.sections[s].name,
				(unsigned long long)(pcs[i] - found.sections[s].base));
	}
	fclose(file);
}

#endif /* SELFTESTS_COVER_H */
