// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-sound.h"

#include "sink-aac.h"

#include <stdlib.h>

#define TS_PACKET 188
#define SOUND_PID 0x1100
#define MAX_PES	  65536
#define HEAD	  20 /* bytes of a PES packet of LPCM before the samples */
#define NOISE	  64 /* of 32768: what codecs add to silence is no wave */
#define ADTS_HEAD 7 /* bytes */
#define AAC_RATE  48000
#define AAC_LONG  1024 /* frames of sound in one of AAC */
#define PTS_TURN  ((gint64)1 << 33)

struct SinkSound {
	GByteArray *pes; /* so far; empty between two */
	gint64 pts; /* of the unit that is read */
	gint64 next_pts; /* the next unit's, if nothing is lost, 1/90000 s; -1: not known */
	gboolean low; /* the left channel's wave is below zero */
	SinkAac *aac; /* NULL: no AAC has come, or it cannot be decoded here */
	GByteArray *decoded;
	SinkSoundFunc play;
	gpointer user_data;
	SinkSoundStatistics stats;
};

SinkSound *sink_sound_new(SinkSoundFunc play, gpointer user_data)
{
	SinkSound *s = g_new0(SinkSound, 1);

	s->play = play;
	s->user_data = user_data;
	s->pes = g_byte_array_new();
	s->decoded = g_byte_array_new();
	s->next_pts = -1;
	return s;
}

void sink_sound_free(SinkSound *s)
{
	sink_aac_free(s->aac);
	g_byte_array_unref(s->decoded);
	g_byte_array_unref(s->pes);
	g_free(s);
}

static void measure(SinkSound *s, const guint8 *samples, guint frames, gint64 pts)
{
	for (guint i = 0; i < frames; i++) {
		gint16 left = samples[4 * i] << 8 | samples[4 * i + 1];

		s->stats.frames_loud += left || samples[4 * i + 2] || samples[4 * i + 3];
		if (left < -NOISE)
			s->low = TRUE;
		if (left > NOISE && s->low) {
			s->stats.rises++;
			s->low = FALSE;
		}
		s->stats.peak = MAX(s->stats.peak, (guint)abs(left));
	}
	s->stats.frames += frames;
	if (frames)
		s->play(samples, frames, s->stats.rate, pts % PTS_TURN, s->user_data);
}

/* The frames that a PES packet has come with are @frames, at the time that it says. */
static void take_time(SinkSound *s, guint frames)
{
	const guint8 *pes = s->pes->data;
	gint64 pts, gap;

	pts = (gint64)(pes[9] >> 1 & 7) << 30 | pes[10] << 22 | (pes[11] >> 1) << 15 |
	      pes[12] << 7 | pes[13] >> 1;
	gap = s->next_pts < 0 ? 0 : (pts - s->next_pts + PTS_TURN) % PTS_TURN;
	/* Times are rounded; one that goes back is no gap. */
	if (gap > 2 && gap < PTS_TURN / 2)
		s->stats.frames_lost += gap * s->stats.rate / 90000;
	s->pts = pts;
	s->next_pts = (pts + frames * (gint64)90000 / s->stats.rate) % PTS_TURN;
}

/* One PES packet is one unit. */
static void take_lpcm(SinkSound *s)
{
	const guint8 *pes = s->pes->data;
	guint size = s->pes->len, frames;

	if (size < HEAD || pes[6] >> 6 != 2 || pes[7] >> 6 != 2 || pes[8] != 7 || pes[16] != 0xa0 ||
	    (pes[19] & 0xc7) != 1 || size != HEAD + pes[17] * 80u * 4 ||
	    (pes[19] >> 3 != 1 && pes[19] >> 3 != 2)) {
		s->stats.malformed++;
		return;
	}
	frames = pes[17] * 80;
	s->stats.codec = "LPCM";
	s->stats.units++;
	s->stats.rate = pes[19] >> 3 == 2 ? 48000 : 44100;
	take_time(s, frames);
	measure(s, pes + HEAD, frames, s->pts);
}

/* The size of the frame at @adts; 0: it is none of MPEG-2's, low complexity, 48 kHz, two channels. */
static guint adts_size(const guint8 *adts, guint size)
{
	guint length;

	if (size < ADTS_HEAD || adts[0] != 0xff || (adts[1] & 0xfe) != 0xf8 ||
	    (adts[2] & 0xfd) != 0x4c || adts[3] >> 6 != 2 || (adts[6] & 3))
		return 0;
	length = (adts[3] & 3) << 11 | adts[4] << 3 | adts[5] >> 5;
	return length > ADTS_HEAD && length <= size ? length : 0;
}

static void begin_aac(SinkSound *s)
{
	g_autoptr(GError) error = NULL;

	s->stats.codec = "AAC";
	s->stats.rate = AAC_RATE;
	s->aac = sink_aac_new(&error);
	if (!s->aac)
		g_printerr("miracast-sink: AAC cannot be decoded here: %s\n", error->message);
}

static void decode(SinkSound *s, const guint8 *frame, guint size, gint64 pts)
{
	s->stats.units++;
	g_byte_array_set_size(s->decoded, 0);
	if (s->aac && !sink_aac_decode(s->aac, frame, size, s->decoded))
		s->stats.malformed++;
	measure(s, s->decoded->data, s->decoded->len / 4, pts);
}

/* Whole frames, one or more. */
static void take_aac(SinkSound *s)
{
	const guint8 *pes = s->pes->data;
	guint size = s->pes->len, at, frame = 0, frames = 0;

	at = size > 14 && pes[6] >> 6 == 2 && pes[7] & 0x80 && pes[8] >= 5 ? 9u + pes[8] : size;
	for (guint next = at; next < size; next += frame) {
		frame = adts_size(pes + next, size - next);
		if (!frame)
			break;
		frames++;
	}
	if (!frames || !frame) {
		s->stats.malformed++;
		return;
	}
	if (g_strcmp0(s->stats.codec, "AAC"))
		begin_aac(s);
	take_time(s, frames * AAC_LONG);
	for (guint n = 0; at < size; at += frame, n++) {
		frame = adts_size(pes + at, size - at);
		decode(s, pes + at, frame, s->pts + n * (gint64)AAC_LONG * 90000 / AAC_RATE);
	}
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
		take_lpcm(s);
	else if ((s->pes->data[3] & 0xe0) == 0xc0)
		take_aac(s);
	g_byte_array_set_size(s->pes, 0);
}

void sink_sound_statistics(const SinkSound *s, SinkSoundStatistics *stats)
{
	*stats = s->stats;
}
