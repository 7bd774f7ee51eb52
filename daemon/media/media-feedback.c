// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-feedback.h"

#define REPORT_INTERVAL	  (2 * G_TIME_SPAN_SECOND)
#define MOST_REPORTS	  16 /* that are read in a row: a sink may send more than anybody needs */
#define MAX_REPORT	  1500 /* bytes: what Ethernet carries in a packet */
#define REQUESTS_INTERVAL (2 * G_TIME_SPAN_SECOND)
#define REPORTS_EXPECTED  (3 * G_TIME_SPAN_SECOND) /* after the last one */
#define RATE_LEAST	  300 /* kbit/s, or a tenth of the best */
#define BYTE_US		  8000ull /* that a byte takes at 1 kbit/s */

void media_feedback_init(MediaFeedback *f, MediaSender *sender, guint32 ssrc, guint16 first_packet)
{
	*f = (MediaFeedback){.sender = sender, .ssrc = ssrc, .first_packet = first_packet};
}

guint media_feedback_begin(MediaFeedback *f, guint most, guint width, guint height)
{
	guint first = media_rate_first(most, width, height);

	media_rate_init(&f->rate, MAX(RATE_LEAST, most / 10), first, most);
	return first;
}

void media_feedback_send_report(MediaFeedback *f, const MediaSent *sent, guint32 rtp_time,
				gint64 now)
{
	MediaSenderReport report = {.ssrc = f->ssrc};
	guint8 bytes[MEDIA_SENDER_REPORT];

	if (now < f->report_at)
		return;
	f->report_at = now + REPORT_INTERVAL;
	if (!sent)
		return;
	report.real_us = g_get_real_time();
	report.rtp_time = rtp_time;
	report.packets = sent->packets;
	report.bytes = sent->bytes;
	media_rtcp_write(&report, bytes);
	media_sender_send_report(f->sender, bytes, sizeof(bytes));
}

guint media_feedback_receive_reports(MediaFeedback *f, MediaReceiverReport *report, gint64 now)
{
	guint8 bytes[MAX_REPORT];
	guint count = 0;

	for (guint i = 0; i < MOST_REPORTS; i++) {
		gsize size = media_sender_receive_report(f->sender, bytes, sizeof(bytes));

		if (!size)
			break;
		count += media_rtcp_read(bytes, size, f->ssrc, report);
	}
	if (count)
		f->reported_at = now;
	return count;
}

/* That were made so far, whatever became of them. */
static guint64 packets_made(const MediaSent *sent)
{
	return sent->packets + sent->packets_dropped;
}

/* What @report says of the packets since the one before. */
static void read_report(MediaFeedback *f, const MediaReceiverReport *report, guint64 made,
			MediaRateSigns *signs)
{
	guint16 later = f->first_packet + made - 1 - report->highest;
	guint64 reported = made - MIN(later, made);

	signs->reported = TRUE;
	signs->lost = report->fraction_lost / 256.0;
	signs->jitter_us = MIN(media_rtcp_jitter_us(report), G_MAXUINT);
	/* One that names no packet of ours says nothing of when it was lost. */
	if (reported > f->packets_reported) {
		guint64 before = MIN(f->packets_down, reported);

		signs->packets = reported - f->packets_reported;
		signs->packets_before = before - MIN(f->packets_reported, before);
		f->packets_reported = reported;
	}
}

/* What this machine's network says by itself. */
static void read_queue(MediaFeedback *f, const MediaSent *sent, const MediaHeard *heard, guint kbit,
		       MediaRateSigns *signs)
{
	guint64 bytes = sent->bytes - f->before.bytes;

	signs->dropped = sent->packets_dropped > f->before.packets_dropped;
	/* One that gets shorter needs no help. */
	if (heard->queue_latest >= f->queue_before) {
		guint more = heard->queue_latest - f->queue_before;

		signs->queued_us = MIN(heard->queue_lowest * BYTE_US / kbit, G_MAXUINT);
		signs->held = bytes ? MIN((double)more / bytes, 1) : 0;
	}
	f->before = *sent;
	f->queue_before = heard->queue_latest;
}

/* What stands for the reports of a sink that sends none. */
static void read_others(const MediaFeedback *f, const MediaHeard *heard, MediaRateSigns *signs)
{
	signs->keyframe_requests = f->keyframes;
	if (!heard->air_packets)
		return;
	signs->reported = TRUE;
	signs->packets = MIN(heard->air_packets, G_MAXUINT);
	signs->lost = MIN((double)heard->air_failed / heard->air_packets, 1);
}

static void log_fall(guint kbit, guint from, const MediaRateSigns *signs)
{
	g_debug("%u kbit/s, from %u: %.1f %% of %u packets lost (%u sent at the rate before), "
		"jitter %u us, queue %u us (%.0f %% more)%s, %u keyframes asked for",
		kbit, from, signs->lost * 100, signs->packets, signs->packets_before,
		signs->jitter_us, signs->queued_us, signs->held * 100,
		signs->dropped ? ", packets dropped" : "", signs->keyframe_requests);
}

guint media_feedback_judge(MediaFeedback *f, const MediaReceiverReport *report,
			   const MediaSent *sent, const MediaHeard *heard, guint kbit, gint64 now)
{
	guint from = f->rate.kbit, rate;
	MediaRateSigns signs = {.air_kbit = heard->air_kbit};

	f->keyframes += heard->keyframes;
	if (report)
		read_report(f, report, packets_made(sent), &signs);
	read_queue(f, sent, heard, kbit, &signs);
	if (!f->reported_at || now - f->reported_at >= REPORTS_EXPECTED)
		read_others(f, heard, &signs);
	rate = media_rate_update(&f->rate, &signs, now);
	if (rate < from) {
		f->packets_down = packets_made(sent);
		f->keyframes = 0;
		log_fall(rate, from, &signs);
	}
	if (now >= f->requests_at) {
		f->requests_at = now + REQUESTS_INTERVAL;
		f->keyframes = 0;
	}
	return rate;
}
