// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-sound.h"

#include "media-packetizer.h"

struct _MediaSound {
	MediaAacFunc on_unit;
	MediaSoundFailedFunc on_failed;
	gpointer user_data;
	MediaAac *aac; /* of the thread; NULL: sound is sent as LPCM */
	GThread *thread;

	GMutex lock; /* guards what follows */
	GCond cond;
	MediaLine *line;
	gint64 begin_ns; /* when the line began */
	gboolean playing;
	gboolean ending; /* the thread is to return */
};

/* Sound from before the line is not sent: what an encoder has at a pause it gives after the pause. */
static void send_unit(const guint8 *unit, gsize size, gint64 played_ns, gpointer user_data)
{
	MediaSound *s = user_data;
	gboolean is_old;

	g_mutex_lock(&s->lock);
	is_old = played_ns < s->begin_ns;
	g_mutex_unlock(&s->lock);
	if (!is_old)
		s->on_unit(unit, size, played_ns, s->user_data);
}

static void send_block(MediaSound *s, const gint16 *block, gint64 played_ns)
{
	if (!s->aac)
		send_unit((const guint8 *)block, MEDIA_LPCM_UNIT, played_ns, s);
	else if (!media_aac_push(s->aac, block, played_ns))
		s->on_failed(s->user_data);
}

/* Sends sound, or silence, as its time comes. */
static gpointer send_sound(gpointer user_data)
{
	gint16 block[MAX(MEDIA_LPCM_FRAMES, MEDIA_AAC_FRAMES) * MEDIA_CHANNELS];
	MediaSound *s = user_data;
	gint64 time_ns;

	g_mutex_lock(&s->lock);
	while (!s->ending) {
		if (!s->playing) {
			g_cond_wait(&s->cond, &s->lock);
		} else if (media_line_take(s->line, g_get_monotonic_time() * 1000, block,
					   &time_ns)) {
			g_mutex_unlock(&s->lock);
			send_block(s, block, time_ns);
			g_mutex_lock(&s->lock);
		} else {
			g_cond_wait_until(&s->cond, &s->lock, media_line_due(s->line) / 1000 + 1);
		}
	}
	g_mutex_unlock(&s->lock);
	return NULL;
}

MediaSound *media_sound_new(guint rate, gboolean aac, MediaAacFunc on_unit,
			    MediaSoundFailedFunc on_failed, gpointer user_data, GError **error)
{
	MediaSound *s = g_new0(MediaSound, 1);

	g_mutex_init(&s->lock);
	g_cond_init(&s->cond);
	s->on_unit = on_unit;
	s->on_failed = on_failed;
	s->user_data = user_data;
	s->line = media_line_new(rate, aac ? MEDIA_AAC_FRAMES : MEDIA_LPCM_FRAMES);
	s->aac = aac ? media_aac_new(send_unit, s, error) : NULL;
	if (!aac || s->aac)
		s->thread = g_thread_try_new("media-sound", send_sound, s, error);
	if (!s->thread)
		g_clear_pointer(&s, media_sound_free);
	return s;
}

void media_sound_free(MediaSound *s)
{
	g_mutex_lock(&s->lock);
	s->ending = TRUE;
	g_cond_broadcast(&s->cond);
	g_mutex_unlock(&s->lock);
	g_clear_pointer(&s->thread, g_thread_join);
	g_clear_pointer(&s->aac, media_aac_free);
	media_line_free(s->line);
	g_mutex_clear(&s->lock);
	g_cond_clear(&s->cond);
	g_free(s);
}

void media_sound_set_playing(MediaSound *s, gboolean playing)
{
	g_mutex_lock(&s->lock);
	if (playing && !s->playing) {
		s->begin_ns = g_get_monotonic_time() * 1000;
		media_line_begin(s->line, s->begin_ns);
	}
	s->playing = playing;
	g_cond_broadcast(&s->cond);
	g_mutex_unlock(&s->lock);
}

void media_sound_start_stream(MediaSound *s, guint rate)
{
	g_mutex_lock(&s->lock);
	media_line_start_stream(s->line, rate);
	g_mutex_unlock(&s->lock);
}

void media_sound_push(MediaSound *s, guint64 position, gint64 time_ns, const gint16 *samples,
		      guint frames)
{
	g_mutex_lock(&s->lock);
	if (s->playing)
		media_line_push(s->line, position, time_ns, samples, frames);
	g_cond_broadcast(&s->cond);
	g_mutex_unlock(&s->lock);
}

void media_sound_stop_stream(MediaSound *s)
{
	g_mutex_lock(&s->lock);
	media_line_stop_stream(s->line);
	g_cond_broadcast(&s->cond);
	g_mutex_unlock(&s->lock);
}

void media_sound_get_statistics(MediaSound *s, MediaLineStatistics *statistics)
{
	g_mutex_lock(&s->lock);
	media_line_get_statistics(s->line, statistics);
	g_mutex_unlock(&s->lock);
}
