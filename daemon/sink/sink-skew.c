// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-skew.h"

#define TS_PACKET 188
#define PES_HEAD  14 /* bytes, up to the end of a time */
#define PTS_TURN  ((gint64)1 << 33)
#define OLD_US	  G_USEC_PER_SEC /* a picture, to compare sound with */

struct SinkSkew {
	gint64 picture_late; /* its arrival against its time, 1/90000 s; turns as times do */
	gint64 picture_at; /* us: when it came; 0: none has */
	gint64 sum_us;
	SinkSkewStatistics stats;
};

SinkSkew *sink_skew_new(void)
{
	return g_new0(SinkSkew, 1);
}

void sink_skew_free(SinkSkew *skew)
{
	g_free(skew);
}

/* Where a PES packet with a time begins in a TS packet, or NULL (ISO/IEC 13818-1, 2.4.3). */
static const guint8 *find_pes(const guint8 *packet)
{
	guint at = packet[3] & 0x20 ? 5 + packet[4] : 4;
	const guint8 *pes = packet + at;

	if (packet[0] != 0x47 || !(packet[1] & 0x40) || !(packet[3] & 0x10) ||
	    at + PES_HEAD > TS_PACKET || pes[0] || pes[1] || pes[2] != 1 || !(pes[7] & 0x80))
		return NULL;
	return pes;
}

static void compare(SinkSkew *skew, gint64 sound_late)
{
	gint64 ahead = (skew->picture_late - sound_late + 2 * PTS_TURN) % PTS_TURN;
	gint64 us;

	if (ahead >= PTS_TURN / 2)
		ahead -= PTS_TURN;
	us = ahead * 100 / 9;
	if (!skew->stats.units || us < skew->stats.least_us)
		skew->stats.least_us = us;
	if (!skew->stats.units || us > skew->stats.most_us)
		skew->stats.most_us = us;
	skew->sum_us += us;
	skew->stats.units++;
}

void sink_skew_packet(SinkSkew *skew, const guint8 *packet, gint64 now_us)
{
	const guint8 *pes = find_pes(packet);
	gint64 pts, late;

	if (!pes)
		return;
	pts = (gint64)(pes[9] >> 1 & 7) << 30 | pes[10] << 22 | (pes[11] >> 1) << 15 |
	      pes[12] << 7 | pes[13] >> 1;
	late = (now_us * 9 / 100 % PTS_TURN - pts + PTS_TURN) % PTS_TURN;
	if ((pes[3] & 0xf0) == 0xe0) {
		skew->picture_late = late;
		skew->picture_at = now_us;
	} else if ((pes[3] == 0xbd || (pes[3] & 0xe0) == 0xc0) && skew->picture_at &&
		   now_us - skew->picture_at < OLD_US) {
		compare(skew, late);
	}
}

void sink_skew_statistics(const SinkSkew *skew, SinkSkewStatistics *statistics)
{
	*statistics = skew->stats;
	if (skew->stats.units)
		statistics->mean_us = skew->sum_us / (gint64)skew->stats.units;
}
