// SPDX-License-Identifier: GPL-2.0-or-later
#include "ts-checker.h"

#include <string.h>

TsChecker *ts_checker_new(void)
{
	TsChecker *c = g_new0(TsChecker, 1);

	c->pcr = c->table_pcr = -1;
	c->pts = c->sound_pts = -1;
	c->least_lead = c->least_sound_lead = G_MAXINT64;
	c->sound_pes = g_byte_array_new();
	c->sound = g_byte_array_new();
	c->pmt = g_byte_array_new();
	c->pes = g_byte_array_new();
	c->picture = g_byte_array_new();
	c->complete = TRUE;
	return c;
}

void ts_checker_free(TsChecker *c)
{
	g_byte_array_unref(c->pmt);
	g_byte_array_unref(c->pes);
	g_byte_array_unref(c->picture);
	g_byte_array_unref(c->sound_pes);
	g_byte_array_unref(c->sound);
	g_free(c);
}

/* Zero, if what was summed ends with its CRC. */
static guint32 crc(const guint8 *bytes, gsize size)
{
	guint32 sum = 0xffffffff;

	for (gsize i = 0; i < size * 8; i++) {
		guint in = bytes[i / 8] >> (7 - i % 8) & 1;

		sum = sum << 1 ^ ((sum >> 31 ^ in) ? 0x04c11db7 : 0);
	}
	return sum;
}

/* A time of 33 bits, of which @near is not far. */
static gint64 unwrap(gint64 ticks, gint64 near)
{
	return ticks + ((near - ticks + ((gint64)1 << 32)) & ~(((gint64)1 << 33) - 1));
}

static void take_pcr(TsChecker *c, const guint8 *packet)
{
	gint64 base = (gint64)packet[6] << 25 | packet[7] << 17 | packet[8] << 9 | packet[9] << 1 |
		      packet[10] >> 7;
	gint64 pcr;

	if (c->pcr >= 0)
		base = unwrap(base, c->pcr / 300);
	pcr = base * 300 + ((packet[10] & 1) << 8 | packet[11]);
	if (c->pcr >= 0) {
		g_assert_cmpint(pcr, >, c->pcr);
		c->longest_pcr = MAX(c->longest_pcr, pcr - c->pcr);
	}
	c->pcr = pcr;
	c->pcrs++;
}

static void take_table(TsChecker *c, guint pid, const guint8 *section, gsize room)
{
	gsize size;

	g_assert_cmphex(section[0], ==, 0); /* the pointer */
	section++;
	size = ((section[1] & 0xf) << 8 | section[2]) + 3;
	g_assert_cmpuint(size, <=, room - 1);
	g_assert_cmphex(crc(section, size), ==, 0);
	if (pid) {
		g_byte_array_set_size(c->pmt, 0);
		g_byte_array_append(c->pmt, section, size - 4);
		c->pmts++;
		return;
	}
	/* The program's map. */
	g_assert_cmphex((section[10] & 0x1f) << 8 | section[11], ==, 0x0100);
	if (c->pats && c->table_pcr >= 0)
		c->longest_table = MAX(c->longest_table, c->pcr - c->table_pcr);
	c->table_pcr = c->pcr;
	c->pats++;
}

static gint64 pts_of(const guint8 *at)
{
	g_assert_cmphex(at[0] & 0xf1, ==, 0x21);
	g_assert_cmphex(at[2] & at[4] & 1, ==, 1);
	return (gint64)(at[0] >> 1 & 7) << 30 | at[1] << 22 | (at[2] >> 1) << 15 | at[3] << 7 |
	       at[4] >> 1;
}

/* What is in @c->pes is a whole PES packet. */
static void end_pes(TsChecker *c)
{
	const guint8 *pes = c->pes->data;
	guint head = 9 + pes[8];

	g_assert_cmphex(pes[6] >> 6, ==, 2);
	if (!(pes[7] & 0x80)) {
		/* Filler data that shows where a picture without a length ends. */
		g_assert_cmphex(pes[head + 3], ==, 12);
		c->fillers++;
	} else {
		gint64 pts = unwrap(pts_of(pes + 9), c->pcr / 300);

		g_assert_cmpint(pts, >, c->pts);
		c->pts = pts;
		c->pictures++;
		c->least_lead = MIN(c->least_lead, pts * 300 - c->pcr);
		c->most_lead = MAX(c->most_lead, pts * 300 - c->pcr);
		g_byte_array_set_size(c->picture, 0);
		g_byte_array_append(c->picture, pes + head, c->pes->len - head);
	}
	g_byte_array_set_size(c->pes, 0);
	c->complete = TRUE;
}

static void take_video(TsChecker *c, const guint8 *payload, gsize size, gboolean start,
		       gboolean random_access)
{
	guint length;

	if (start) {
		/* Only a picture without a length ends here. */
		if (c->pes->len) {
			g_assert_cmpuint(c->pes->data[4] << 8 | c->pes->data[5], ==, 0);
			end_pes(c);
		}
		g_assert_cmpuint(size, >=, 14);
		g_assert_cmpmem(payload, 4, "\0\0\1\xe0", 4);
		if (payload[7] & 0x80)
			c->random_access = random_access;
	}
	g_byte_array_append(c->pes, payload, size);
	length = c->pes->data[4] << 8 | c->pes->data[5];
	c->complete = FALSE;
	if (!length)
		return;
	g_assert_cmpuint(c->pes->len, <=, length + 6);
	if (c->pes->len == length + 6)
		end_pes(c);
}

/* WFD 2.1, annex B.2 and table 106. */
static void end_sound(TsChecker *c)
{
	const guint8 *pes = c->sound_pes->data;
	gint64 pts = unwrap(pts_of(pes + 9), c->pcr / 300);
	guint head = 9 + 7;

	g_assert_cmphex(pes[6] & 0xf0, ==, 0x80);
	g_assert_cmphex(pes[7], ==, 0x80); /* a PTS and nothing else */
	g_assert_cmpuint(pes[8], ==, 7);
	g_assert_cmpmem(pes + 14, 2, "\xff\xff", 2);
	c->lpcm_rate = 0;
	if (pes[3] == 0xbd) {
		g_assert_cmphex(pes[16], ==, 0xa0);
		g_assert_cmpuint(pes[17] * 80 * 4 + 20, ==, c->sound_pes->len);
		g_assert_cmphex(pes[18], ==, 0);
		g_assert_cmphex(pes[19] & 0xc7, ==, 1); /* 16 bits, two channels */
		c->lpcm_rate = pes[19] >> 3 == 2 ? 48000 : pes[19] >> 3 == 1 ? 44100 : 1;
		head += 4;
	} else {
		guint size;

		g_assert_cmphex(pes[3], ==, 0xc0);
		/* One frame with ADTS, of which it has the length. */
		g_assert_cmphex(pes[head], ==, 0xff);
		g_assert_cmphex(pes[head + 1] & 0xf6, ==, 0xf0);
		size = (pes[head + 3] & 3) << 11 | pes[head + 4] << 3 | pes[head + 5] >> 5;
		g_assert_cmpuint(head + size, ==, c->sound_pes->len);
	}
	g_assert_cmpint(pts, >, c->sound_pts);
	c->sound_pts = pts;
	c->sounds++;
	c->least_sound_lead = MIN(c->least_sound_lead, pts * 300 - c->pcr);
	g_byte_array_set_size(c->sound, 0);
	g_byte_array_append(c->sound, pes + head, c->sound_pes->len - head);
	g_byte_array_set_size(c->sound_pes, 0);
}

static void take_sound(TsChecker *c, const guint8 *payload, gsize size, gboolean start)
{
	guint length;

	if (start) {
		g_assert_cmpuint(c->sound_pes->len, ==, 0);
		g_assert_cmpuint(size, >=, 20);
		g_assert_cmpmem(payload, 3, "\0\0\1", 3);
	}
	g_byte_array_append(c->sound_pes, payload, size);
	length = (c->sound_pes->data[4] << 8 | c->sound_pes->data[5]) + 6;
	g_assert_cmpuint(c->sound_pes->len, <=, length);
	if (c->sound_pes->len == length)
		end_sound(c);
}

static void take_packet(TsChecker *c, const guint8 *packet)
{
	guint pid = (packet[1] & 0x1f) << 8 | packet[2];
	guint at = packet[3] & 0x20 ? 5 + packet[4] : 4;
	guint8 flags = packet[3] & 0x20 && packet[4] ? packet[5] : 0;

	g_assert_cmphex(packet[0], ==, 0x47);
	g_assert_cmpuint(at, <=, 188);
	g_assert_cmphex(packet[1] & 0x80, ==, 0); /* error */
	g_assert_cmphex(packet[3] & 0xc0, ==, 0); /* scrambled */
	g_assert_cmphex(flags & 0x80, ==, 0); /* discontinuity */
	if (packet[3] & 0x10) {
		if (c->counters[pid])
			g_assert_cmphex(packet[3] & 0xf, ==, (c->counters[pid] + 1) & 0xf);
		c->counters[pid] = 0x80 | (packet[3] & 0xf);
		g_assert_cmpuint(at, <, 188);
	} else {
		g_assert_cmpuint(at, ==, 188);
	}
	switch (pid) {
	case 0x0000:
	case 0x0100: take_table(c, pid, packet + at, 188 - at); break;
	case 0x1000:
		g_assert_cmphex(flags, ==, 0x10);
		g_assert_cmphex(packet[3] & 0x10, ==, 0);
		take_pcr(c, packet);
		break;
	case 0x1011:
		take_video(c, packet + at, 188 - at, packet[1] & 0x40, (flags & 0x40) != 0);
		break;
	case 0x1100: take_sound(c, packet + at, 188 - at, packet[1] & 0x40); break;
	default: g_error("a packet of PID %#x", pid);
	}
}

void ts_checker_datagram(TsChecker *c, const guint8 *datagram, gsize size)
{
	guint16 sequence = datagram[2] << 8 | datagram[3];
	guint32 ssrc = (guint32)datagram[8] << 24 | datagram[9] << 16 | datagram[10] << 8 |
		       datagram[11];
	guint32 time = (guint32)datagram[4] << 24 | datagram[5] << 16 | datagram[6] << 8 |
		       datagram[7];
	gboolean marker = datagram[1] & 0x80;
	guint pcrs = c->pcrs;

	g_assert_cmpuint(size, >, 12);
	g_assert_cmpuint((size - 12) % 188, ==, 0);
	g_assert_cmpuint((size - 12) / 188, <=, 7);
	g_assert_cmphex(datagram[0], ==, 0x80);
	g_assert_cmphex(datagram[1] & 0x7f, ==, 33);
	if (c->begun) {
		g_assert_cmpuint(sequence, ==, (guint16)(c->sequence + 1));
		g_assert_cmphex(ssrc, ==, c->ssrc);
	}
	c->begun = TRUE;
	c->sequence = sequence;
	c->ssrc = ssrc;
	for (gsize i = 12; i < size; i += 188)
		take_packet(c, datagram + i);
	/* In step with PCR, which not every datagram of sound has. */
	if (c->pcrs == pcrs)
		g_assert_cmpint((gint32)(time - (guint32)(c->pcr / 300)), >=, 0);
	else
		g_assert_cmphex(time, ==, (guint32)(c->pcr / 300));
	/* A marker is where a picture ends, and all that was begun has ended there. */
	if (marker) {
		g_assert_true(c->complete);
		c->markers++;
	}
}
