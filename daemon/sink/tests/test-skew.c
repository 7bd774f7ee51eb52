// SPDX-License-Identifier: GPL-2.0-or-later
/* Times of pictures and of sound against when they come. */
#include "sink-skew.h"

#include <string.h>

#define PICTURE 0xe0
#define LPCM	0xbd
#define AAC	0xc0

/* A packet in which a PES packet with a time begins, behind @stuffing bytes. */
static void make(guint8 packet[188], guint8 stream, gint64 pts, guint stuffing)
{
	guint8 *pes = packet + 4 + (stuffing ? stuffing + 1 : 0);

	memset(packet, 0xff, 188);
	packet[0] = 0x47;
	packet[1] = 0x50;
	packet[3] = stuffing ? 0x30 : 0x10;
	packet[4] = stuffing;
	pts &= ((gint64)1 << 33) - 1;
	pes[0] = pes[1] = 0;
	pes[2] = 1;
	pes[3] = stream;
	pes[4] = pes[5] = 0;
	pes[7] = 0x80;
	pes[8] = 5;
	pes[9] = 0x21 | pts >> 30 << 1;
	pes[10] = pts >> 22;
	pes[11] = pts >> 14 | 1;
	pes[12] = pts >> 7;
	pes[13] = pts << 1 | 1;
}

static void feed(SinkSkew *skew, guint8 stream, gint64 pts, gint64 now_us)
{
	guint8 packet[188];

	make(packet, stream, pts, 7);
	sink_skew_packet(skew, packet, now_us);
}

static void test_ahead(void)
{
	g_autoptr(SinkSkew) skew = sink_skew_new();
	SinkSkewStatistics statistics;

	/* Sound before any picture, and long after the last: nothing to compare with. */
	feed(skew, LPCM, 0, 500000);
	feed(skew, PICTURE, 90000, 1000000);
	feed(skew, LPCM, 90000, 2500000);
	sink_skew_statistics(skew, &statistics);
	g_assert_cmpuint(statistics.units, ==, 0);

	/* The picture of a time comes 40 ms after its time, sound 10 ms after it, then 60. */
	feed(skew, PICTURE, 3 * 90000, 3040000);
	feed(skew, LPCM, 3 * 90000, 3010000);
	feed(skew, AAC, 3 * 90000, 3060000);
	sink_skew_statistics(skew, &statistics);
	g_assert_cmpuint(statistics.units, ==, 2);
	g_assert_cmpint(statistics.most_us, ==, 30000);
	g_assert_cmpint(statistics.least_us, ==, -20000);
	g_assert_cmpint(statistics.mean_us, ==, 5000);
}

/* Times of 33 bits turn once in a day. */
static void test_turn(void)
{
	const gint64 turn = (gint64)1 << 33;
	g_autoptr(SinkSkew) skew = sink_skew_new();
	SinkSkewStatistics statistics;

	feed(skew, PICTURE, turn - 900, 1000000);
	feed(skew, LPCM, turn + 900, 1030000);
	sink_skew_statistics(skew, &statistics);
	g_assert_cmpint(statistics.most_us, ==, -10000);
	/* The other way round, and of clocks that have run for days. */
	feed(skew, PICTURE, 900, 200000000000);
	feed(skew, LPCM, turn - 900, 200000000000);
	sink_skew_statistics(skew, &statistics);
	g_assert_cmpint(statistics.least_us, ==, -20000);
}

/* Which picture has come whole: by its length, or by where the next begins. */
static void test_whole(void)
{
	g_autoptr(SinkSkew) skew = sink_skew_new();
	guint8 packet[188], more[188] = {0x47, 0x10, 0xff, 0x10};

	g_assert_cmpint(sink_skew_picture(skew), ==, -1);
	feed(skew, PICTURE, 1000, 1);
	sink_skew_packet(skew, more, 1);
	g_assert_cmpint(sink_skew_picture(skew), ==, -1);
	feed(skew, PICTURE, 4000, 2);
	g_assert_cmpint(sink_skew_picture(skew), ==, 1000);
	/* Two packets and one byte, of which 178 bytes are in the first. */
	make(packet, PICTURE, 7000, 5);
	packet[4 + 6 + 4] = (178 + 184 + 1 - 6) >> 8;
	packet[4 + 6 + 5] = (178 + 184 + 1 - 6) & 0xff;
	sink_skew_packet(skew, packet, 3);
	g_assert_cmpint(sink_skew_picture(skew), ==, 4000);
	sink_skew_packet(skew, more, 3);
	g_assert_cmpint(sink_skew_picture(skew), ==, 4000);
	sink_skew_packet(skew, more, 3);
	g_assert_cmpint(sink_skew_picture(skew), ==, 7000);
}

/* Packets of which nothing is believed; in memory of their size. */
static void test_hostile(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(3);
	g_autoptr(SinkSkew) skew = sink_skew_new();
	g_autofree guint8 *packet = g_malloc(188);

	for (guint i = 0; i < 200000; i++) {
		make(packet, i % 2 ? PICTURE : LPCM, g_rand_int(random), i % 170);
		packet[g_rand_int_range(random, 0, 188)] = g_rand_int(random);
		packet[4] = g_rand_int_range(random, 0, 256);
		sink_skew_packet(skew, packet, 1000000 + i);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sink/skew/ahead", test_ahead);
	g_test_add_func("/sink/skew/turn", test_turn);
	g_test_add_func("/sink/skew/whole", test_whole);
	g_test_add_func("/sink/skew/hostile", test_hostile);
	return g_test_run();
}
