/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sound as Wi-Fi Display has it (WFD 2.1, annex B), read out of transport stream packets and
 * measured: LPCM, whose form GStreamer does not know, and AAC in frames with ADTS.
 */
#pragma once

#include <glib.h>

typedef struct {
	const char *codec; /* "LPCM", "AAC"; NULL: nothing has come */
	guint rate; /* frames a second; 0: nothing has come */
	guint64 units; /* LPCM: PES packets; AAC: frames */
	guint64 frames;
	guint64 frames_lost; /* in gaps between the times of two units */
	guint64 frames_loud; /* that are no silence */
	guint64 rises; /* of the left channel through zero, beyond what is noise */
	guint64 malformed; /* units that are not as they should be */
	guint peak; /* of the left channel, of 32768 */
} SinkSoundStatistics;

typedef struct SinkSound SinkSound;

/* @samples: of 16 bits, big endian, two channels; @pts: when the first is to be heard, 1/90000 s */
typedef void (*SinkSoundFunc)(const guint8 *samples, guint frames, guint rate, gint64 pts,
			      gpointer user_data);

/* @play: gets what has been read, in the thread that reads */
SinkSound *sink_sound_new(SinkSoundFunc play, gpointer user_data);
void sink_sound_free(SinkSound *sound);
void sink_sound_packet(SinkSound *sound, const guint8 *packet);
void sink_sound_statistics(const SinkSound *sound, SinkSoundStatistics *stats);
