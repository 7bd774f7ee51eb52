// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams pushed at times that are given, blocks taken off, compared frame by frame. */
#include "media-line.h"

#include <string.h>

#define MS    (gint64)1000000 /* ns */
#define BLOCK 480

static void push(MediaLine *line, guint64 position, gint64 time_ns, guint frames)
{
	g_autofree gint16 *samples = g_new(gint16, frames * MEDIA_CHANNELS);

	for (guint i = 0; i < frames; i++)
		samples[2 * i] = samples[2 * i + 1] = position + i + 1;
	media_line_push(line, position, time_ns, samples, frames);
}

static void take(MediaLine *line, gint64 now_ns, gint64 time_ns, gint16 *block)
{
	gint64 time;

	g_assert_true(media_line_take(line, now_ns, block, &time));
	g_assert_cmpint(time, ==, time_ns);
}

/* Silence, a stream that begins in the midst of a block, its end, silence. */
static void test_stream(void)
{
	g_autoptr(MediaLine) line = media_line_new(48000, BLOCK);
	gint16 block[BLOCK * MEDIA_CHANNELS];
	MediaLineStatistics statistics;
	gint64 time;

	media_line_begin(line, 1000 * MS);
	g_assert_false(media_line_take(line, 1039 * MS, block, &time));
	take(line, 1040 * MS, 1000 * MS, block);
	media_line_start_stream(line, 48000);
	/* It is waited for. */
	g_assert_false(media_line_take(line, 1060 * MS, block, &time));
	push(line, 0, 1015 * MS, BLOCK);
	take(line, 1060 * MS, 1010 * MS, block);
	g_assert_cmpint(block[2 * 239], ==, 0);
	g_assert_cmpint(block[2 * 240], ==, 1);
	g_assert_cmpint(block[2 * 479], ==, 240);
	media_line_stop_stream(line);
	take(line, 1060 * MS, 1020 * MS, block);
	g_assert_cmpint(block[0], ==, 241);
	g_assert_cmpint(block[2 * 239], ==, 480);
	g_assert_cmpint(block[2 * 240], ==, 0);
	media_line_get_statistics(line, &statistics);
	g_assert_cmpuint(statistics.played, ==, BLOCK);
	g_assert_cmpuint(statistics.lost, ==, 0);
}

/* What is missing is silence of the same length; what comes too late is lost. */
static void test_lost(void)
{
	g_autoptr(MediaLine) line = media_line_new(48000, BLOCK);
	gint16 block[BLOCK * MEDIA_CHANNELS];
	MediaLineStatistics statistics;

	media_line_begin(line, 0);
	media_line_start_stream(line, 48000);
	push(line, 0, 0, 240);
	push(line, 360, 7500000, 120);
	take(line, 0, 0, block);
	g_assert_cmpint(block[2 * 239], ==, 240);
	g_assert_cmpint(block[2 * 240], ==, 0);
	g_assert_cmpint(block[2 * 359], ==, 0);
	g_assert_cmpint(block[2 * 360], ==, 361);
	/* Nobody waits longer. */
	take(line, 20 * MS + MEDIA_LINE_PATIENCE_NS, 10 * MS, block);
	push(line, 480, 10 * MS, BLOCK + 10);
	media_line_get_statistics(line, &statistics);
	g_assert_cmpuint(statistics.lost, ==, 120 + BLOCK);
	media_line_stop_stream(line);
	take(line, 500 * MS, 20 * MS, block);
	g_assert_cmpint(block[2 * 9], ==, 970);
	g_assert_cmpint(block[2 * 10], ==, 0);
}

/* A second at 44.1 kHz is a second at 48 kHz, in its place. */
static void test_rate(void)
{
	g_autoptr(MediaLine) line = media_line_new(48000, BLOCK);
	gint16 block[BLOCK * MEDIA_CHANNELS];
	gint16 samples[441 * MEDIA_CHANNELS];
	MediaLineStatistics statistics;
	guint edge = 0;
	gint64 time;

	media_line_begin(line, 0);
	media_line_start_stream(line, 44100);
	for (guint i = 0; i < 100; i++) {
		/* Half a second of nothing, then a level. */
		for (guint j = 0; j < G_N_ELEMENTS(samples); j++)
			samples[j] = i < 50 ? 0 : 10000;
		media_line_push(line, i * 441, i * 10 * MS, samples, 441);
	}
	media_line_stop_stream(line);
	for (guint i = 0; media_line_take(line, 1000 * MS, block, &time); i++)
		for (guint j = 0; j < BLOCK && !edge; j++)
			if (block[2 * j] > 5000)
				edge = i * BLOCK + j;
	g_assert_cmpuint(edge, >=, 24000 - 2);
	g_assert_cmpuint(edge, <=, 24000 + 2);
	media_line_get_statistics(line, &statistics);
	g_assert_cmpuint(statistics.lost, ==, 0);
	g_assert_cmpuint(statistics.played, >=, 47000);
}

/* Where nobody takes blocks off, no more than two seconds wait; a line of its own has its own times. */
static void test_full(void)
{
	g_autoptr(MediaLine) line = media_line_new(48000, BLOCK);
	gint16 block[BLOCK * MEDIA_CHANNELS];
	MediaLineStatistics statistics;
	guint blocks = 0;
	gint64 time;

	media_line_begin(line, 0);
	media_line_start_stream(line, 48000);
	for (guint i = 0; i < 1000; i++)
		push(line, i * BLOCK, i * 10 * MS, BLOCK);
	media_line_get_statistics(line, &statistics);
	g_assert_cmpuint(statistics.lost, ==, 8 * 48000);
	while (media_line_take(line, 2000 * MS, block, &time))
		blocks++;
	g_assert_cmpuint(blocks, ==, 200);

	media_line_begin(line, 20000 * MS);
	push(line, 2000 * BLOCK, 20000 * MS, BLOCK);
	take(line, 20010 * MS, 20000 * MS, block);
	g_assert_cmpint(block[2 * 479], ==, (gint16)(2001 * BLOCK));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/line/stream", test_stream);
	g_test_add_func("/line/lost", test_lost);
	g_test_add_func("/line/rate", test_rate);
	g_test_add_func("/line/full", test_full);
	return g_test_run();
}
