// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-rtcp.h"

#include <string.h>

#define VERSION		  2
#define SENDER		  200
#define RECEIVER	  201
#define DESCRIPTION	  202
#define SENDER_BYTES	  28 /* without report blocks */
#define REPORT_BYTES	  32 /* with one block */
#define CNAME_ITEM	  1
#define CNAME		  "miracast-sink"
#define DESCRIPTION_BYTES (SINK_RECEIVER_REPORT - REPORT_BYTES)

#define RTP_MAX_DROPOUT 3000 /* RFC 3550, A.1: a jump that is larger begins a new stream */
#define RTP_CLOCK	90 /* kHz */

static guint32 get32(const guint8 *at)
{
	guint32 value;

	memcpy(&value, at, sizeof(value));
	return GUINT32_FROM_BE(value);
}

static void put32(guint8 *at, guint32 value)
{
	value = GUINT32_TO_BE(value);
	memcpy(at, &value, sizeof(value));
}

gboolean sink_rtcp_read(const guint8 *bytes, gsize size, SinkSenderReport *report)
{
	if (size < SENDER_BYTES || bytes[0] >> 6 != VERSION || bytes[1] != SENDER)
		return FALSE;
	report->ssrc = get32(bytes + 4);
	report->ntp = get32(bytes + 10);
	return TRUE;
}

static void put_head(guint8 *at, guint8 type, gsize size)
{
	at[0] = VERSION << 6 | 1;
	at[1] = type;
	at[2] = (size / 4 - 1) >> 8;
	at[3] = size / 4 - 1;
}

void sink_rtcp_write(const SinkReceiverReport *report, guint8 out[SINK_RECEIVER_REPORT])
{
	gint32 lost = CLAMP(report->lost, -0x800000, 0x7fffff);
	guint8 *name = out + REPORT_BYTES;

	memset(out, 0, SINK_RECEIVER_REPORT);
	put_head(out, RECEIVER, REPORT_BYTES);
	put32(out + 4, report->own_ssrc);
	put32(out + 8, report->ssrc);
	put32(out + 12, (guint32)report->fraction_lost << 24 | (lost & 0xffffff));
	put32(out + 16, report->highest);
	put32(out + 20, report->jitter);
	put32(out + 24, report->sender_ntp);
	put32(out + 28, report->sender_delay);

	put_head(name, DESCRIPTION, DESCRIPTION_BYTES);
	put32(name + 4, report->own_ssrc);
	name[8] = CNAME_ITEM;
	name[9] = strlen(CNAME);
	memcpy(name + 10, CNAME, strlen(CNAME));
}

static guint64 expected_of(const SinkRtpSequence *q)
{
	return q->received ? (guint64)q->highest - q->base + 1 : 0;
}

guint64 sink_rtp_sequence_lost(const SinkRtpSequence *q)
{
	guint64 expected = expected_of(q);

	return q->lost_before + (expected > q->received ? expected - q->received : 0);
}

/* RFC 3550, A.8: how much later than the one before, as against when it was sent. */
static void count_jitter(SinkRtpSequence *q, const guint8 *head, gint64 now_us)
{
	guint32 arrival = now_us * RTP_CLOCK / 1000;
	guint32 transit = arrival - get32(head + 4);
	gint32 difference = transit - q->transit;

	if (q->received)
		q->jitter += (ABS((gdouble)difference) - q->jitter) / 16;
	q->transit = transit;
}

void sink_rtp_sequence_count(SinkRtpSequence *q, const guint8 head[SINK_RTP_HEAD], gint64 now_us)
{
	guint16 number = head[2] << 8 | head[3];
	guint32 ssrc = get32(head + 8);
	gint16 step = number - (guint16)q->highest;

	if (!q->received || ssrc != q->ssrc || ABS(step) > RTP_MAX_DROPOUT) {
		*q = (SinkRtpSequence){.ssrc = ssrc,
				       .base = number,
				       .highest = number,
				       .lost_before = sink_rtp_sequence_lost(q)};
	} else if (step > 0) {
		q->highest += step;
	}
	count_jitter(q, head, now_us);
	q->received++;
}

SinkReceiverReport sink_rtp_sequence_report(SinkRtpSequence *q, const SinkSenderReport *heard,
					    gint64 heard_us)
{
	guint64 expected = expected_of(q) - q->expected_reported;
	guint64 received = q->received - q->received_reported;
	gboolean is_heard = heard->ssrc == q->ssrc;

	q->expected_reported += expected;
	q->received_reported += received;
	return (SinkReceiverReport){
		.ssrc = q->ssrc,
		.fraction_lost = expected > received ? (expected - received) * 256 / (expected + 1)
						     : 0,
		.lost = CLAMP((gint64)(expected_of(q) - q->received), G_MININT32, G_MAXINT32),
		.highest = q->highest,
		.jitter = q->jitter,
		.sender_ntp = is_heard ? heard->ntp : 0,
		.sender_delay = is_heard ? heard_us * 65536 / G_USEC_PER_SEC : 0,
	};
}
