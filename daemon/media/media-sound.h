/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sound of a stream: what applications play becomes units to be sent, each as its time comes, by
 * a thread of its own. Where nobody plays they are silence.
 */
#ifndef MEDIA_SOUND_H
#define MEDIA_SOUND_H

#include "media-aac.h"
#include "media-line.h"

typedef struct _MediaSound MediaSound;

/* The encoder for AAC has failed, and no unit comes any more. On the sound's thread. */
typedef void (*MediaSoundFailedFunc)(gpointer user_data);

/**
 * media_sound_new() - begins, without playing
 * @rate: of what is sent, frames a second
 * @aac: units are frames of AAC; FALSE: of LPCM
 * @on_unit: called for each, on the sound's thread
 * @on_failed: may be called more than once
 * @user_data: for both
 * @error: GST_CORE_ERROR or G_THREAD_ERROR
 */
MediaSound *media_sound_new(guint rate, gboolean aac, MediaAacFunc on_unit,
			    MediaSoundFailedFunc on_failed, gpointer user_data, GError **error);
/* Waits for its thread. */
void media_sound_free(MediaSound *sound);

/* Whether the sink plays. What was played before is not sent. */
void media_sound_set_playing(MediaSound *sound, gboolean playing);

/* An application begins to play, at @rate frames a second. */
void media_sound_start_stream(MediaSound *sound, guint rate);
/* What it has played: see media_line_push(). */
void media_sound_push(MediaSound *sound, guint64 position, gint64 time_ns, const gint16 *samples,
		      guint frames);
void media_sound_stop_stream(MediaSound *sound);

void media_sound_get_statistics(MediaSound *sound, MediaLineStatistics *statistics);

#endif
