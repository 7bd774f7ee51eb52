// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-monitors card|window ours|vkms|evdi|pipewire whole|part
 *
 * Pictures from a program that shows them to one that is to have them, by a virtual monitor: a card's client,
 * or a window of a compositor's. One picture at a time, at any time within a frame's. Prints a line
 * of JSON, times in nanoseconds: from the commit until the receiver has the picture (median, worst), what the
 * processor did for a picture and what in a second without one, the longest flip while the receiver
 * stands still for a second, and how many pictures the receiver has not seen. bench/monitors runs it in the VM.
 */
#include "monitors.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND	 1000000000ull
#define PERIOD	 (SECOND / 2) /* longer than any of them takes for a picture */
#define STEP	 7919000u /* how much later in its frame each picture is shown than the last */
#define WARM_UP	 10u /* pictures, from the first that was received */
#define PATIENCE 300u
#define PICTURES 100u
#define HELD	 4u

static const struct {
	const char *name;
	void (*receive)(struct album *album, int ready);
} receivers[] = {
	{"ours", receive_ours},
	{"vkms", receive_vkms},
	{"evdi", receive_evdi},
	{"pipewire", receive_pipewire},
};

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

void die(const char *what)
{
	fprintf(stderr, "bench-monitors: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void sleep_until(uint64_t time)
{
	struct timespec t = {.tv_sec = time / SECOND, .tv_nsec = time % SECOND};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

void told(struct album *album)
{
	if (atomic_exchange(&album->hold, false))
		sleep_until(now() + SECOND);
}

void have(struct album *album, const void *pixels, size_t pitch)
{
	const uint32_t *line = (const void *)((const char *)pixels + PART_Y * pitch);
	uint32_t number = line[PART_X] & 0xffffff;

	if (number < MAX_NUMBER && !album->received[number])
		album->received[number] = now();
}

void draw(const struct album *album, void *pixels, size_t pitch, unsigned int number)
{
	unsigned int size = album->part ? PART : 1;

	for (unsigned int y = 0; y < size; y++) {
		uint32_t *line = (void *)((char *)pixels + (PART_Y + y) * pitch);

		for (unsigned int x = 0; x < size; x++)
			line[PART_X + x] = number;
	}
}

/* How long the processor has been idle, to the nanosecond. */
static uint64_t idle(void)
{
	FILE *file = fopen("/proc/timer_list", "r");
	uint64_t sum = 0, value;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " .idle_sleeptime : %" SCNu64, &value) == 1)
			sum += value;
	if (!file || !sum)
		die("/proc/timer_list");
	fclose(file);
	return sum;
}

/* What the processor does in the next @pictures, or as long a time without them. */
static uint64_t busy(const struct sender *sender, struct album *album, unsigned int first,
		     unsigned int pictures, bool shown)
{
	uint64_t begin = now(), was_idle = idle();

	for (unsigned int i = 0; i < pictures && shown; i++) {
		sleep_until(begin + i * PERIOD + (uint64_t)i * STEP % (SECOND / album->refresh));
		sender->show(album, first + i);
		sender->wait();
	}
	sleep_until(begin + pictures * PERIOD);
	return now() - begin - (idle() - was_idle);
}

/* The longest flip with a receiver that stands still, once. */
static uint64_t longest_flip(const struct sender *sender, struct album *album, unsigned int first)
{
	uint64_t longest = 0, begin;

	album->hold = true;
	for (unsigned int i = 0; i < HELD; i++) {
		begin = now();
		sender->show(album, first + i);
		sender->wait();
		if (now() - begin > longest)
			longest = now() - begin;
		/*
		 * Without a pause vkms's writeback falls a picture behind, and stays so. A window
		 * is told when its picture is taken, which is late only if no pause hides it.
		 */
		if (sender == &sender_card)
			sleep_until(begin + PERIOD);
	}
	return longest;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void start_receiver(const char *name, struct album *album)
{
	int ready[2];
	char byte;

	if (pipe(ready) || pipe(album->handover))
		die("pipe");
	album->sender = syscall(SYS_pidfd_open, getpid(), 0);
	for (unsigned int i = 0; i < sizeof(receivers) / sizeof(receivers[0]); i++) {
		if (strcmp(name, receivers[i].name))
			continue;
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(ready[0]);
			receivers[i].receive(album, ready[1]);
		}
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("no receiver");
}

int main(int argc, char **argv)
{
	const struct sender *sender;
	uint64_t took[PICTURES], with, without, flip;
	unsigned int first = 1, n = 0;
	struct album *album;

	if (argc != 4)
		die("usage: bench-monitors card|window ours|vkms|evdi|pipewire whole|part");
	sender = strcmp(argv[1], "card") ? &sender_window : &sender_card;
	album = mmap(NULL, sizeof(*album), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (album == MAP_FAILED)
		die("mmap");
	/* Weston's own monitor has 30 Hz, and no setting for that. */
	album->refresh = sender == &sender_card ? 60 : 30;
	album->part = !strcmp(argv[3], "part");
	start_receiver(argv[2], album);
	sender->open(album, argv[2]);

	do
		busy(sender, album, first, 1, true);
	while (!album->received[first++] && first < PATIENCE);
	busy(sender, album, first, WARM_UP, true);
	first += WARM_UP;
	with = busy(sender, album, first, PICTURES, true);
	without = busy(sender, album, 0, PICTURES, false);
	flip = longest_flip(sender, album, first + PICTURES);

	for (unsigned int i = first; i < first + PICTURES; i++)
		if (album->received[i])
			took[n++] = album->received[i] - album->shown[i];
	if (!n)
		die("no picture was received");
	qsort(took, n, sizeof(took[0]), compare);
	printf("{\"sender\": \"%s\", \"receiver\": \"%s\", \"work\": \"%s\", \"median\": %" PRIu64
	       ", \"best\": %" PRIu64 ", \"worst\": %" PRIu64
	       ", \"picture\": %.0f, \"second\": %.0f, \"flip\": %" PRIu64 ", \"missed\": %u}\n",
	       argv[1], argv[2], argv[3], took[n / 2], took[0], took[n - 1],
	       ((double)with - (double)without) / PICTURES,
	       without / (PICTURES * (double)PERIOD / SECOND), flip, PICTURES - n);
	return 0;
}
