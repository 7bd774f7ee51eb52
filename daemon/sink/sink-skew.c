// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-skew.h"

#define TS_PACKET 188
#define PES_HEAD  14 /* bytes, up to the end of a time */
#define PTS_TURN  ((gint64)1 << 33)
#define OLD_US	  G_USEC_PER_SEC /* a picture, to compare sound with */

struct SinkSkew {
	gint64 picture_late; /* its arrival against its time, 1/90000 s; turns as times do */
	gint64 picture_at; /* us: when it came; 0: none has */
	guint picture_pid;
	gint64 coming_pts; /* of the picture that comes; -1: none does */
	guint coming; /* bytes of it; 0: as many as come before the next one begins */
	gint64 whole_pts; /* of the last picture that has come whole; -1: none has */
	gint64 sum_us;
	SinkSkewStatistics stats;
};

SinkSkew *sink_skew_new(void)
{
	SinkSkew *skew = g_new0(SinkSkew, 1);

	skew->coming_pts = skew->whole_pts = -1;
	return skew;
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

static guint pid_of(const guint8 *packet)
{
	return (packet[1] & 0x1f) << 8 | packet[2];
}

static void end_picture(SinkSkew *skew)
{
	if (skew->coming_pts >= 0)
		skew->whole_pts = skew->coming_pts;
	skew->coming_pts = -1;
}

/* A packet of the picture that comes, or with which the next PES packet begins. */
static void follow_picture(SinkSkew *skew, const guint8 *packet)
{
	guint at = packet[3] & 0x20 ? 5 + packet[4] : 4;
	guint size = packet[3] & 0x10 && at < TS_PACKET ? TS_PACKET - at : 0;

	if (skew->coming_pts < 0 || packet[0] != 0x47 || pid_of(packet) != skew->picture_pid)
		return;
	if (packet[1] & 0x40) {
		if (!skew->coming)
			end_picture(skew);
	} else if (skew->coming) {
		skew->coming -= MIN(size, skew->coming);
		if (!skew->coming)
			end_picture(skew);
	}
}

static void begin_picture(SinkSkew *skew, const guint8 *packet, const guint8 *pes, gint64 pts)
{
	guint size = packet + TS_PACKET - pes;
	guint length = pes[4] << 8 | pes[5];

	skew->picture_pid = pid_of(packet);
	skew->coming_pts = pts;
	skew->coming = length ? length + 6 : 0;
	if (!length)
		return;
	skew->coming -= MIN(size, skew->coming);
	if (!skew->coming)
		end_picture(skew);
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

	follow_picture(skew, packet);
	if (!pes)
		return;
	pts = (gint64)(pes[9] >> 1 & 7) << 30 | pes[10] << 22 | (pes[11] >> 1) << 15 |
	      pes[12] << 7 | pes[13] >> 1;
	late = (now_us * 9 / 100 % PTS_TURN - pts + PTS_TURN) % PTS_TURN;
	if ((pes[3] & 0xf0) == 0xe0) {
		skew->picture_late = late;
		skew->picture_at = now_us;
		begin_picture(skew, packet, pes, pts);
	} else if ((pes[3] == 0xbd || (pes[3] & 0xe0) == 0xc0) && skew->picture_at &&
		   now_us - skew->picture_at < OLD_US) {
		compare(skew, late);
	}
}

gint64 sink_skew_picture(const SinkSkew *skew)
{
	return skew->whole_pts;
}

void sink_skew_statistics(const SinkSkew *skew, SinkSkewStatistics *statistics)
{
	*statistics = skew->stats;
	if (skew->stats.units)
		statistics->mean_us = skew->sum_us / (gint64)skew->stats.units;
}
