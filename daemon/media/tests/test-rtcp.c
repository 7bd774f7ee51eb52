// SPDX-License-Identifier: GPL-2.0-or-later
/* Sender reports to the byte, receiver reports from bytes that may be anything. */
#include "media-rtcp.h"

#include <string.h>

static const guint8 receiver_report[] = {
	0x82, 0xc9, 0x00, 0x0d, 0x00, 0x00, 0x00, 0x07, /* two blocks, of receiver 7 */
	0x00, 0x00, 0x00, 0x01, 0xff, 0x00, 0x00, 0x05, 0,    0,    0,	  0, /* of another stream */
	0x00, 0x00, 0x00, 0x09, 0,    0,    0,	  0,	0,    0,    0,	  0,
	0xde, 0xad, 0xbe, 0xef, 0x40, 0xff, 0xff, 0xfe, 0x00, 0x01, 0x02, 0x03,
	0x00, 0x00, 0x01, 0xc2, 0,    0,    0,	  0,	0,    0,    0,	  0,
};

static void test_sender(void)
{
	static const guint8 expected[MEDIA_SENDER_REPORT] =
		"\x80\xc8\x00\x06\xde\xad\xbe\xef"
		"\x83\xaa\x7e\x81\x80\x00\x00\x00" /* one and a half seconds after 1970 began */
		"\x00\x01\x5f\x90\x00\x00\x00\x05\x00\x00\x19\xb4"
		"\x81\xca\x00\x05\xde\xad\xbe\xef\x01\x0elinux-miracast";
	const MediaSenderReport report = {.ssrc = 0xdeadbeef,
					  .real_us = 1500000,
					  .rtp_time = 90000,
					  .packets = 5,
					  .bytes = 6580};
	guint8 out[MEDIA_SENDER_REPORT];

	media_rtcp_write(&report, out);
	g_assert_cmpmem(out, sizeof(out), expected, sizeof(expected));
}

static void test_receiver(void)
{
	MediaReceiverReport report = {0};
	guint8 compound[MEDIA_SENDER_REPORT + sizeof(receiver_report)];
	const MediaSenderReport other = {.ssrc = 7};

	g_assert_true(
		media_rtcp_read(receiver_report, sizeof(receiver_report), 0xdeadbeef, &report));
	g_assert_cmpuint(report.fraction_lost, ==, 64);
	g_assert_cmpint(report.lost, ==, -2);
	g_assert_cmphex(report.highest, ==, 0x00010203);
	g_assert_cmpuint(report.jitter, ==, 450);
	g_assert_false(media_rtcp_read(receiver_report, sizeof(receiver_report), 3, &report));
	/* Behind others. */
	report.jitter = 0;
	media_rtcp_write(&other, compound);
	memcpy(compound + MEDIA_SENDER_REPORT, receiver_report, sizeof(receiver_report));
	g_assert_true(media_rtcp_read(compound, sizeof(compound), 0xdeadbeef, &report));
	g_assert_cmpuint(report.jitter, ==, 450);
}

/* Cut short and broken anywhere; in memory of its size, so that a sanitizer sees what is read. */
static void test_hostile(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(9);
	MediaReceiverReport report;

	for (gsize size = 0; size < sizeof(receiver_report); size++) {
		g_autofree guint8 *bytes = g_memdup2(receiver_report, size);

		g_assert_false(media_rtcp_read(bytes, size, 0xdeadbeef, &report));
	}
	for (guint i = 0; i < 200000; i++) {
		gsize size = g_rand_int_range(random, 1, sizeof(receiver_report) + 1);
		g_autofree guint8 *bytes = g_memdup2(receiver_report, size);

		for (guint n = g_rand_int_range(random, 1, 6); n; n--)
			bytes[g_rand_int_range(random, 0, size)] = g_rand_int(random);
		media_rtcp_read(bytes, size, 0xdeadbeef, &report);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rtcp/sender", test_sender);
	g_test_add_func("/rtcp/receiver", test_receiver);
	g_test_add_func("/rtcp/hostile", test_hostile);
	return g_test_run();
}
