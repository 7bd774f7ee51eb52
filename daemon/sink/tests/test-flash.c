// SPDX-License-Identifier: GPL-2.0-or-later
/* Flashes and clicks of which the times are known. */
#include "sink-flash.h"

#include <string.h>

#define BLACK 16
#define WHITE 235
#define TURN  ((gint64)1 << 33)
#define RATE  48000
#define UNIT  480 /* frames */

/* A unit of silence at @pts, with a click of 5 ms behind @before frames. */
static void click(SinkFlash *flash, gint64 pts, guint before)
{
	guint8 samples[UNIT * 4] = {0};

	for (guint i = before; i < MIN(before + RATE / 200, UNIT); i++)
		samples[4 * i] = i % 2 ? 0x50 : 0xb0;
	sink_flash_sound(flash, pts & (TURN - 1), samples, UNIT, RATE);
}

static void flash_at(SinkFlash *flash, gint64 pts)
{
	sink_flash_picture(flash, (pts - 3000) & (TURN - 1), BLACK);
	sink_flash_picture(flash, pts & (TURN - 1), WHITE);
	sink_flash_picture(flash, (pts + 3000) & (TURN - 1), WHITE);
	sink_flash_picture(flash, (pts + 6000) & (TURN - 1), BLACK);
}

static void test_pairs(void)
{
	g_autoptr(SinkFlash) flash = sink_flash_new();
	SinkFlashStatistics statistics;

	sink_flash_statistics(flash, &statistics);
	g_assert_cmpuint(statistics.pairs, ==, 0);
	/* Together: the click is 240 frames, 5 ms, into its unit. */
	flash_at(flash, 90000);
	click(flash, 90000 - 450, 240);
	/* Early by 45 ms, and decoded first; it goes on in the next unit. */
	click(flash, 180000 - 4050, 0);
	click(flash, 180000 - 3150, 0);
	flash_at(flash, 180000);
	/* Late by 125 ms. */
	flash_at(flash, 270000);
	click(flash, 270000 + 11250, 0);
	/* Without the other one. */
	flash_at(flash, 450000);
	click(flash, 630000, 0);
	sink_flash_statistics(flash, &statistics);
	g_assert_cmpuint(statistics.flashes, ==, 4);
	g_assert_cmpuint(statistics.clicks, ==, 4);
	g_assert_cmpuint(statistics.pairs, ==, 3);
	g_assert_cmpint(statistics.least_us, ==, -125000);
	g_assert_cmpint(statistics.median_us, ==, 0);
	g_assert_cmpint(statistics.most_us, ==, 45000);
}

/* Times of 33 bits turn once in a day. */
static void test_turn(void)
{
	g_autoptr(SinkFlash) before = sink_flash_new();
	g_autoptr(SinkFlash) behind = sink_flash_new();
	SinkFlashStatistics statistics;

	flash_at(before, TURN - 900);
	click(before, TURN + 900, 0);
	sink_flash_statistics(before, &statistics);
	g_assert_cmpint(statistics.median_us, ==, -20000);
	click(behind, TURN - 900, 0);
	flash_at(behind, TURN + 900);
	sink_flash_statistics(behind, &statistics);
	g_assert_cmpint(statistics.median_us, ==, 20000);
}

/* A picture that begins bright, greys, noise. */
static void test_nothing(void)
{
	g_autoptr(SinkFlash) flash = sink_flash_new();
	guint8 samples[UNIT * 4];
	SinkFlashStatistics statistics;

	sink_flash_picture(flash, 0, WHITE);
	sink_flash_picture(flash, 3000, BLACK);
	sink_flash_picture(flash, 6000, 120);
	memset(samples, 0x1f, sizeof(samples));
	sink_flash_sound(flash, 0, samples, UNIT, RATE);
	sink_flash_statistics(flash, &statistics);
	g_assert_cmpuint(statistics.flashes, ==, 0);
	g_assert_cmpuint(statistics.clicks, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sink/flash/pairs", test_pairs);
	g_test_add_func("/sink/flash/turn", test_turn);
	g_test_add_func("/sink/flash/nothing", test_nothing);
	return g_test_run();
}
