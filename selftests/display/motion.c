// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * motion RATE
 *
 * A compositor that shows another picture of noise RATE times a second, so that an encoder uses
 * all of the rate that it may. Says when the first one is shown, and goes when its input ends.
 * For demo/rate.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compositor.h"

#define PICTURES 2
#define BLOCK	 4 /* pixels of one colour: less is gone at the first step of the quantizer */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;

	return *state >> 8;
}

static void fill(struct picture *picture, uint32_t *state)
{
	uint32_t x, y, grey = 0;

	for (y = 0; y < picture->height; y++) {
		uint32_t *row = picture->pixels + (size_t)y * picture->pitch / 4;

		if (y % BLOCK) {
			memcpy(row, row - picture->pitch / 4, picture->width * 4);
			continue;
		}
		for (x = 0; x < picture->width; x++) {
			if (x % BLOCK == 0)
				grey = 0x40 + next_random(state) % 0x80;
			row[x] = grey << 16 | grey << 8 | grey;
		}
	}
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool input_ended(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&input, 1, 0) > 0 && getchar() == EOF;
}

static int show(struct compositor *compositor, struct pipe *pipe, struct picture *pictures,
		int rate)
{
	int64_t next = now_ns();
	uint32_t state = 1;
	struct flip flip;
	int n, ret = 0;

	for (n = 0; !input_ended() && !ret; n++) {
		int64_t wait;

		fill(&pictures[n % PICTURES], &state);
		ret = compositor_flip(compositor, pipe, &pictures[n % PICTURES], NULL, 0, &flip);
		if (!ret)
			ret = compositor_wait(compositor, &flip);
		next += 1000000000 / rate;
		wait = next - now_ns();
		if (wait > 0)
			usleep(wait / 1000);
		else
			next = now_ns();
	}

	return ret;
}

static void paint(struct picture *picture)
{
	uint32_t state = 2;

	fill(picture, &state);
}

int main(int argc, char **argv)
{
	struct picture pictures[PICTURES];
	struct compositor compositor;
	int ret;

	if (argc != 2 || atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: motion RATE\n");
		return 2;
	}
	if (compositor_start(&compositor, pictures, PICTURES, paint))
		return 1;
	puts("shown");
	fflush(stdout);
	ret = show(&compositor, &compositor.pipes[0], pictures, atoi(argv[1]));
	if (ret) {
		fprintf(stderr, "motion: %s\n", strerror(-ret));
		return 1;
	}

	return 0;
}
