// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pointer picture|plane|warm MOVES
 *
 * A compositor with a still picture over which a pointer moves, as a mouse reports it
 * 125 times a second: drawn into the picture, as often as pictures may be shown, or by
 * the cursor plane. Or one that shows many colours and a pointer, and makes them warm, as
 * night light does. Says when it is done, and goes when its input ends. For demo/pointer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compositor.h"

#define SIZE	  32
#define COLOUR	  0xff30d040u
#define STILL	  0x00606060u
#define REPORT_NS 8000000
#define BLUE	  0xc0u
#define WARM_X	  300
#define WARM_Y	  200
#define ENTRIES	  256

static void fill(struct picture *picture, int x, int y, uint32_t size_x, uint32_t size_y,
		 uint32_t colour)
{
	uint32_t row, column;

	for (row = 0; row < size_y; row++)
		for (column = 0; column < size_x; column++)
			picture->pixels[(y + row) * picture->pitch / 4 + x + column] = colour;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int by_plane(struct compositor *compositor, struct pipe *pipe, int moves)
{
	int64_t begin = now_ns();
	struct picture cursor;
	int i, ret;

	ret = picture_create_cursor(compositor, &cursor, SIZE, SIZE);
	if (!ret)
		fill(&cursor, 0, 0, SIZE, SIZE, COLOUR);
	if (!ret)
		ret = compositor_set_cursor(compositor, pipe, &cursor);
	for (i = 0; i < moves && !ret; i++) {
		int64_t wait = begin + (int64_t)i * REPORT_NS - now_ns();

		if (wait > 0)
			usleep(wait / 1000);
		ret = compositor_move_cursor(compositor, pipe, i, i / 2);
	}

	return ret;
}

static int by_picture(struct compositor *compositor, struct pipe *pipe, struct picture *pictures,
		      int moves)
{
	int last[2] = {0, 0}, n, i = 0, ret = 0;
	int64_t begin = now_ns();
	struct flip flip;

	for (n = 0; i < moves - 1 && !ret; n++) {
		struct picture *picture = &pictures[n % 2];

		/* Where the mouse is by now. */
		i = (now_ns() - begin) / REPORT_NS;
		if (i >= moves)
			i = moves - 1;
		fill(picture, last[n % 2], last[n % 2] / 2, SIZE, SIZE, STILL);
		fill(picture, i, i / 2, SIZE, SIZE, COLOUR);
		last[n % 2] = i;
		ret = compositor_flip(compositor, pipe, picture, NULL, 0, &flip);
		if (!ret)
			ret = compositor_wait(compositor, &flip);
	}

	return ret;
}

static void paint(struct picture *picture)
{
	fill(picture, 0, 0, picture->width, picture->height, STILL);
}

/* Red grows to the right, green downwards. */
static void fill_colours(struct picture *picture)
{
	uint32_t x, y;

	for (y = 0; y < picture->height; y++)
		for (x = 0; x < picture->width; x++)
			picture->pixels[y * picture->pitch / 4 + x] =
				x * 255 / (picture->width - 1) << 16 |
				y * 255 / (picture->height - 1) << 8 | BLUE;
}

static int in_warm_colours(struct compositor *compositor, struct pipe *pipe,
			   struct picture *picture)
{
	struct drm_color_lut warm[ENTRIES];
	const struct colors colors = {.gamma = warm, .entries = ENTRIES};
	struct picture cursor;
	struct flip flip;
	int i, ret;

	for (i = 0; i < ENTRIES; i++)
		warm[i] = (struct drm_color_lut){i * 257, i * 200, i * 120, 0};
	fill_colours(picture);
	ret = picture_create_cursor(compositor, &cursor, SIZE, SIZE);
	if (ret)
		return ret;
	fill(&cursor, 0, 0, SIZE, SIZE, COLOUR);
	ret = compositor_set_cursor(compositor, pipe, &cursor);
	if (!ret)
		ret = compositor_move_cursor(compositor, pipe, WARM_X, WARM_Y);
	if (!ret)
		ret = compositor_set_colors(compositor, pipe, &colors, picture, NULL, &flip);

	return ret ? ret : compositor_wait(compositor, &flip);
}

int main(int argc, char **argv)
{
	struct compositor compositor;
	struct picture pictures[2];
	struct pipe *pipe = &compositor.pipes[0];
	int ret;

	if (argc != 3) {
		fprintf(stderr, "usage: pointer picture|plane|warm MOVES\n");
		return 2;
	}
	if (compositor_start(&compositor, pictures, 2, paint))
		return 1;
	puts("shown");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	if (!strcmp(argv[1], "plane"))
		ret = by_plane(&compositor, pipe, atoi(argv[2]));
	else if (!strcmp(argv[1], "warm"))
		ret = in_warm_colours(&compositor, pipe, &pictures[0]);
	else
		ret = by_picture(&compositor, pipe, pictures, atoi(argv[2]));
	if (ret) {
		fprintf(stderr, "pointer: %s\n", strerror(-ret));
		return 1;
	}
	puts("moved");
	fflush(stdout);
	while (getchar() != EOF)
		;

	return 0;
}
