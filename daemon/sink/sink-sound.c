// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-sound.h"

#include <stdlib.h>

#define TS_PACKET 188
#define SOUND_PID 0x1100
#define MAX_PES	  65536
#define HEAD	  20 /* bytes of a PES packet before the samples */
#define PTS_TURN  ((gint64)1 << 33)

struct SinkSound {
	GByteArray *pes; /* so far; empty between two */
	gint64 next_pts; /* the next unit's, if nothing is lost, 1/90000 s; -1: not known */
	gint16 last; /* sample of the left channel */
	SinkSoundStatistics stats;
};

SinkSound *sink_sound_new(void)
{
	SinkSound *s = g_new0(SinkSound, 1);

	s->pes = g_byte_array_new();
	s->next_pts = -1;
	return s;
}

void sink_sound_free(SinkSound *s)
{
	g_byte_array_unref(s->pes);
	g_free(s);
}

static void measure(SinkSound *s, const guint8 *samples, guint frames)
{
	for (guint i = 0; i < frames; i++) {
		gint16 left = samples[4 * i] << 8 | samples[4 * i + 1];

		s->stats.frames_loud += left || samples[4 * i + 2] || samples[4 * i + 3];
		s->stats.rises += s->last < 0 && left >= 0;
		s->stats.peak = MAX(s->stats.peak, (guint)abs(left));
		s->last = left;
	}
	s->stats.frames += frames;
}

static void take_unit(SinkSound *s)
{
	const guint8 *pes = s->pes->data;
	guint size = s->pes->len, frames;
	gint64 pts, gap;

	if (size < HEAD || pes[3] != 0xbd || pes[6] >> 6 != 2 || pes[7] >> 6 != 2 || pes[8] != 7 ||
	    pes[16] != 0xa0 || (pes[19] & 0xc7) != 1 || size != HEAD + pes[17] * 80u * 4 ||
	    (pes[19] >> 3 != 1 && pes[19] >> 3 != 2)) {
		s->stats.malformed++;
		return;
	}
	frames = pes[17] * 80;
	s->stats.units++;
	s->stats.rate = pes[19] >> 3 == 2 ? 48000 : 44100;
	pts = (gint64)(pes[9] >> 1 & 7) << 30 | pes[10] << 22 | (pes[11] >> 1) << 15 |
	      pes[12] << 7 | pes[13] >> 1;
	gap = s->next_pts < 0 ? 0 : (pts - s->next_pts + PTS_TURN) % PTS_TURN;
	/* Times are rounded; one that goes back is no gap. */
	if (gap > 2 && gap < PTS_TURN / 2)
		s->stats.frames_lost += gap * s->stats.rate / 90000;
	s->next_pts = (pts + frames * (gint64)90000 / s->stats.rate) % PTS_TURN;
	measure(s, pes + HEAD, frames);
}

/* A packet of 188 bytes. */
void sink_sound_packet(SinkSound *s, const guint8 *packet)
{
	guint pid = (packet[1] & 0x1f) << 8 | packet[2];
	guint at = packet[3] & 0x20 ? 5u + packet[4] : 4;
	gboolean start = packet[1] & 0x40;
	guint length;

	if (pid != SOUND_PID || !(packet[3] & 0x10) || at >= TS_PACKET)
		return;
	if (start) {
		/* The one before did not end. */
		s->stats.malformed += s->pes->len > 0;
		g_byte_array_set_size(s->pes, 0);
	} else if (!s->pes->len) {
		return;
	}
	g_byte_array_append(s->pes, packet + at, TS_PACKET - at);
	if (s->pes->len < 6 || s->pes->len > MAX_PES)
		return;
	length = (s->pes->data[4] << 8 | s->pes->data[5]) + 6;
	if (s->pes->len < length)
		return;
	/* Another form of sound is not read here. */
	if (s->pes->data[3] == 0xbd)
		take_unit(s);
	g_byte_array_set_size(s->pes, 0);
}

void sink_sound_statistics(const SinkSound *s, SinkSoundStatistics *stats)
{
	*stats = s->stats;
}
