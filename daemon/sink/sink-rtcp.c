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
