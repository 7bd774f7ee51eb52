// SPDX-License-Identifier: GPL-2.0-or-later
/* RFC 3550, 6.4 and A.3, byte by byte. */
#include "../sink-rtcp.h"

#include <string.h>

static void test_reads_a_sender_report(void)
{
	static const guint8 bytes[] = {
		0x80, 200,  0,	  6, /* version 2, no block, 7 words */
		0x11, 0x22, 0x33, 0x44, /* SSRC */
		0xe0, 0x01, 0x02, 0x03, /* NTP, seconds */
		0x04, 0x05, 0x06, 0x07, /* NTP, fraction */
		0,    0,    0,	  9,	0, 0, 0, 8, 0, 0, 0, 7,
	};
	SinkSenderReport report = {0};
	guint8 other[sizeof(bytes)];

	g_assert_true(sink_rtcp_read(bytes, sizeof(bytes), &report));
	g_assert_cmphex(report.ssrc, ==, 0x11223344);
	g_assert_cmphex(report.ntp, ==, 0x02030405);

	for (gsize size = 0; size < sizeof(bytes); size++)
		g_assert_false(sink_rtcp_read(bytes, size, &report));
	memcpy(other, bytes, sizeof(bytes));
	other[0] = 0x40;
	g_assert_false(sink_rtcp_read(other, sizeof(other), &report));
	memcpy(other, bytes, sizeof(bytes));
	other[1] = 201;
	g_assert_false(sink_rtcp_read(other, sizeof(other), &report));
}

static void test_writes_a_receiver_report(void)
{
	static const guint8 expected[SINK_RECEIVER_REPORT] =
		"\x81\xc9\x00\x07" /* one block, 8 words */
		"\x01\x02\x03\x04\x11\x22\x33\x44"
		"\x40\xff\xff\xfe" /* a quarter; two more than were sent */
		"\x00\x01\xff\xff\x00\x00\x00\x5a\x02\x03\x04\x05\x00\x01\x80\x00"
		"\x81\xca\x00\x05" /* one chunk, 6 words */
		"\x01\x02\x03\x04\x01\x0dmiracast-sink";
	const SinkReceiverReport report = {
		.own_ssrc = 0x01020304,
		.ssrc = 0x11223344,
		.fraction_lost = 64,
		.lost = -2,
		.highest = 0x1ffff,
		.jitter = 90,
		.sender_ntp = 0x02030405,
		.sender_delay = 0x18000,
	};
	const SinkReceiverReport many = {.lost = G_MAXINT32};
	guint8 out[SINK_RECEIVER_REPORT];

	sink_rtcp_write(&report, out);
	g_assert_cmpmem(out, sizeof(out), expected, sizeof(expected));
	sink_rtcp_write(&many, out);
	g_assert_cmpmem(out + 12, 4, "\x00\x7f\xff\xff", 4);
}

static void count(SinkRtpSequence *sequence, guint16 number, guint8 ssrc)
{
	const guint8 head[SINK_RTP_HEAD] = {0x80, 33, number >> 8, number, [11] = ssrc};

	sink_rtp_sequence_count(sequence, head, 0);
}

static void test_counts_sequence_numbers(void)
{
	const SinkSenderReport heard = {.ssrc = 1, .ntp = 7}, other = {.ssrc = 9, .ntp = 7};
	SinkRtpSequence sequence = {0};
	SinkReceiverReport report;

	g_assert_cmpuint(sink_rtp_sequence_lost(&sequence), ==, 0);
	count(&sequence, 65534, 1);
	count(&sequence, 65535, 1);
	count(&sequence, 1, 1); /* 0 is missing */
	g_assert_cmpuint(sink_rtp_sequence_lost(&sequence), ==, 1);
	report = sink_rtp_sequence_report(&sequence, &heard, G_USEC_PER_SEC / 2);
	g_assert_cmpuint(report.ssrc, ==, 1);
	g_assert_cmpuint(report.highest, ==, 65537);
	g_assert_cmpint(report.lost, ==, 1);
	g_assert_cmpuint(report.fraction_lost, ==, 256 / 5);
	g_assert_cmpuint(report.sender_ntp, ==, 7);
	g_assert_cmpuint(report.sender_delay, ==, 32768);

	count(&sequence, 0, 1); /* it was only late */
	g_assert_cmpuint(sink_rtp_sequence_lost(&sequence), ==, 0);
	report = sink_rtp_sequence_report(&sequence, &other, 0);
	g_assert_cmpuint(report.fraction_lost, ==, 0);
	g_assert_cmpuint(report.sender_ntp, ==, 0);

	count(&sequence, 4, 1);
	count(&sequence, 40000, 2); /* another stream: what was lost before stays */
	g_assert_cmpuint(sink_rtp_sequence_lost(&sequence), ==, 2);
	count(&sequence, 100, 2); /* a jump is another one, too */
	g_assert_cmpuint(sink_rtp_sequence_lost(&sequence), ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rtcp/reads-a-sender-report", test_reads_a_sender_report);
	g_test_add_func("/rtcp/writes-a-receiver-report", test_writes_a_receiver_report);
	g_test_add_func("/rtcp/counts-sequence-numbers", test_counts_sequence_numbers);
	return g_test_run();
}
