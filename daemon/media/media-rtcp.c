// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-rtcp.h"

#include "media-bytes.h"

#include <string.h>

#define VERSION	       2
#define SENDER	       200
#define RECEIVER       201
#define DESCRIPTION    202
#define SENDER_WORDS   6 /* behind the length, without report blocks */
#define HEAD	       4 /* bytes */
#define BLOCK	       24 /* bytes */
#define NTP_EPOCH      2208988800u /* 1970 in its seconds */
#define CNAME	       "linux-miracast" /* one stream a session: nothing is to be told apart */
#define SENDER_BYTES   (HEAD + SENDER_WORDS * 4)
#define DESCRIPTION_AT (SENDER_BYTES + HEAD)

static void put_head(guint8 *at, guint count, guint8 type, gsize size)
{
	at[0] = VERSION << 6 | count;
	at[1] = type;
	at[2] = (size / 4 - 1) >> 8;
	at[3] = size / 4 - 1;
}

/* A sender report and the name that has to come with it. */
void media_rtcp_write(const MediaSenderReport *report, guint8 out[MEDIA_SENDER_REPORT])
{
	guint64 micros = report->real_us % 1000000;

	memset(out, 0, MEDIA_SENDER_REPORT);
	put_head(out, 0, SENDER, SENDER_BYTES);
	put32(out + 4, report->ssrc);
	put32(out + 8, report->real_us / 1000000 + NTP_EPOCH);
	put32(out + 12, (micros << 32) / 1000000);
	put32(out + 16, report->rtp_time);
	put32(out + 20, report->packets);
	put32(out + 24, report->bytes);
	put_head(out + SENDER_BYTES, 1, DESCRIPTION, MEDIA_SENDER_REPORT - SENDER_BYTES);
	put32(out + DESCRIPTION_AT, report->ssrc);
	out[DESCRIPTION_AT + 4] = 1; /* CNAME; a zero ends the list */
	out[DESCRIPTION_AT + 5] = strlen(CNAME);
	memcpy(out + DESCRIPTION_AT + 6, CNAME, strlen(CNAME));
}

guint64 media_rtcp_jitter_us(const MediaReceiverReport *report)
{
	return report->jitter * (guint64)1000 / 90;
}

/* The report block of @ssrc among @size bytes of them. */
static gboolean read_blocks(const guint8 *blocks, gsize size, guint count, guint32 ssrc,
			    MediaReceiverReport *report)
{
	for (guint i = 0; i < count && (i + 1) * BLOCK <= size; i++) {
		const guint8 *block = blocks + i * BLOCK;

		if (get32(block) != ssrc)
			continue;
		report->fraction_lost = block[4];
		/* 24 bits with a sign. */
		report->lost = (gint32)(get32(block + 4) << 8) / 256;
		report->highest = get32(block + 8);
		report->jitter = get32(block + 12);
		return TRUE;
	}
	return FALSE;
}

/**
 * media_rtcp_read() - looks for a report on a stream in what a sink sent
 * @bytes: a datagram, of which nothing is believed
 * @size: of it
 * @ssrc: the stream
 * @report: set if there is one: the last
 */
gboolean media_rtcp_read(const guint8 *bytes, gsize size, guint32 ssrc, MediaReceiverReport *report)
{
	gboolean found = FALSE;

	while (size >= HEAD && bytes[0] >> 6 == VERSION) {
		gsize packet = ((bytes[2] << 8 | bytes[3]) + 1) * 4;
		gsize head = bytes[1] == SENDER ? SENDER_BYTES : HEAD + 4;

		if (packet > size)
			break;
		if ((bytes[1] == SENDER || bytes[1] == RECEIVER) && packet >= head)
			found |= read_blocks(bytes + head, packet - head, bytes[0] & 0x1f, ssrc,
					     report);
		bytes += packet;
		size -= packet;
	}
	return found;
}
