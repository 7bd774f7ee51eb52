// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-edid.h"

#include <string.h>

static void assert_name(const char *name, const char *said)
{
	const WfdMode mode = {.width = 1280, .height = 720, .fps = 30};
	guint8 edid[WFD_EDID_SIZE];

	wfd_edid_make(&mode, name, edid);
	g_assert_cmpmem(edid + 72, 5, "\0\0\0\xfc\0", 5);
	g_assert_cmpmem(edid + 77, 13, said, 13);
}

static void test_name(void)
{
	assert_name("Living room", "Living room\n ");
	assert_name("Twelve lette", "Twelve lette\n");
	assert_name("Thirteen lett", "Thirteen lett");
	assert_name("The television in the kitchen", "The televisio");
	assert_name(NULL, "Miracast\n    ");
	assert_name("", "Miracast\n    ");
	assert_name(" \n\t", "Miracast\n    ");
	assert_name("K\303\274che\n", "Kuche\n       ");
	assert_name("Was?", "Was?\n        ");
	/* Living room, in Chinese; with a model behind it. */
	assert_name("\345\256\242\345\216\205", "Miracast\n    ");
	assert_name("\345\256\242\345\216\205 TV 4S", "TV 4S\n       ");
}

/* The rate that a detailed timing says, in mHz; 0: it is none. */
static guint64 rate_of(const guint8 *timing, guint width, guint height)
{
	guint wide = timing[3] | (timing[4] & 15u) << 8, high = timing[6] | (timing[7] & 15u) << 8;
	guint front = timing[8] | (timing[11] & 0xc0u) << 2, sync = timing[9] | (timing[11] & 0x30u)
											<< 4;
	guint front_lines = timing[10] >> 4, sync_lines = timing[10] & 15;
	guint64 clock = timing[0] | timing[1] << 8;

	g_assert_cmpuint(timing[2] | (timing[4] & 0xf0u) << 4, ==, width);
	g_assert_cmpuint(timing[5] | (timing[7] & 0xf0u) << 4, ==, height);
	g_assert_cmpuint(front, >, 0);
	g_assert_cmpuint(sync, >, 0);
	g_assert_cmpuint(front + sync, <=, wide);
	g_assert_cmpuint(front_lines + sync_lines, <, high);
	return clock * 10000000 / ((width + wide) * (height + high));
}

/* Of every mode that there is: a sound block, and a timing that is the mode. */
static void test_modes(void)
{
	guint n_modes = 0;

	for (guint i = 0; i < WFD_N_MODE_TABLES * 32; i++) {
		const WfdMode *mode = wfd_mode_get(i / 32, i % 32);
		guint8 edid[WFD_EDID_SIZE], sum = 0;

		if (!mode || mode->interlaced)
			continue;
		n_modes++;
		memset(edid, 0xaa, sizeof(edid));
		wfd_edid_make(mode, "TV", edid);
		for (guint n = 0; n < sizeof(edid); n++)
			sum += edid[n];
		g_assert_cmphex(sum, ==, 0);
		g_assert_cmpmem(edid, 10, "\0\xff\xff\xff\xff\xff\xff\0\x31\xd8", 10);
		g_assert_cmpmem(edid + 18, 5, "\1\4\xa0\0\0", 5);
		g_assert_cmpuint(edid[126], ==, 0);
		/* The kernel takes a five hundredth for the same. */
		g_assert_cmpuint(rate_of(edid + 54, mode->width, mode->height), <=,
				 mode->fps * 1000);
		g_assert_cmpuint(rate_of(edid + 54, mode->width, mode->height), >=,
				 mode->fps * 999);
	}
	g_assert_cmpuint(n_modes, >, 40);
}

/* Two sinks are two monitors, and one is the same the next time. */
static void test_serial(void)
{
	const WfdMode mode = {.width = 1280, .height = 720, .fps = 30};
	guint8 one[WFD_EDID_SIZE], same[WFD_EDID_SIZE], other[WFD_EDID_SIZE];

	wfd_edid_make(&mode, "The television in the kitchen", one);
	wfd_edid_make(&mode, "The television in the kitchen", same);
	wfd_edid_make(&mode, "The television in the hall", other);
	g_assert_cmpmem(one, sizeof(one), same, sizeof(same));
	g_assert_cmpint(memcmp(one + 12, other + 12, 4), !=, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/edid/name", test_name);
	g_test_add_func("/wfd/edid/modes", test_modes);
	g_test_add_func("/wfd/edid/serial", test_serial);
	return g_test_run();
}
