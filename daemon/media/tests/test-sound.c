// SPDX-License-Identifier: GPL-2.0-or-later
/* Sound beside the pictures of a stream; test-line.c and test-aac.c have what it is made of. */
#include "media-rig.h"
#include "media-sound.h"

#include <unistd.h>

static void push_sound(Media *media, guint from, guint to)
{
	static const gint16 samples[480 * MEDIA_CHANNELS];

	for (guint i = from; i < to; i++)
		media_push_sound(media, i * 480, g_get_monotonic_time() * 1000, samples, 480);
}

/* What is played while the sink pauses is neither kept nor lost; then sound goes on. */
static void test_sound_pauses(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	MediaConfig config = {
		.format = rig_vga, .kbit = 1000, .encoder = "x264enc", .sound_rate = 48000};
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	MediaStatistics statistics = {0};
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];

	media = media_paired(&config, context, rtp, rtcp);
	media_start_sound(media, 48000);
	push_sound(media, 0, 1);
	media_set_playing(media, FALSE);
	push_sound(media, 1, 1000);
	media_set_playing(media, TRUE);
	push_sound(media, 1000, 1010);
	while (statistics.sound.played < 10 * 480 && g_get_monotonic_time() < end) {
		g_usleep(10000);
		media_get_statistics(media, &statistics);
	}
	g_assert_cmpuint(statistics.sound.played, >=, 10 * 480);
	g_assert_cmpuint(statistics.sound.played, <=, 11 * 480);
	g_assert_cmpuint(statistics.sound.lost, ==, 0);
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
}

typedef struct {
	GMutex lock;
	GCond cond;
	GArray *times; /* gint64: of each unit */
} SoundOutput;

static void on_unit(const guint8 *unit, gsize size, gint64 played_ns, gpointer user_data)
{
	SoundOutput *out = user_data;

	g_mutex_lock(&out->lock);
	g_array_append_val(out->times, played_ns);
	g_cond_signal(&out->cond);
	g_mutex_unlock(&out->lock);
}

static void on_failed(gpointer user_data)
{
	g_error("the encoder failed");
}

/* Plays until @units have come. */
static void play(MediaSound *sound, SoundOutput *out, guint units)
{
	gint64 end = g_get_monotonic_time() + RIG_GUARD;

	g_mutex_lock(&out->lock);
	g_array_set_size(out->times, 0);
	g_mutex_unlock(&out->lock);
	media_sound_set_playing(sound, TRUE);
	g_mutex_lock(&out->lock);
	while (out->times->len < units)
		g_assert_true(g_cond_wait_until(&out->cond, &out->lock, end));
	g_mutex_unlock(&out->lock);
	media_sound_set_playing(sound, FALSE);
}

/* What the encoder kept back in a pause is from before it, and does not come after it. */
static void test_aac_pauses(void)
{
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
	SoundOutput out = {.times = times};
	g_autoptr(GError) error = NULL;
	MediaSound *sound;
	gint64 begin_ns;

	g_mutex_init(&out.lock);
	g_cond_init(&out.cond);
	sound = media_sound_new(MEDIA_AAC_RATE, TRUE, on_unit, on_failed, &out, &error);
	g_assert_no_error(error);
	play(sound, &out, 10);
	/* A block that was on its way to the encoder has arrived. */
	g_usleep(G_USEC_PER_SEC / 2);
	begin_ns = g_get_monotonic_time() * 1000;
	play(sound, &out, 10);
	media_sound_free(sound);
	g_test_message("the first unit is %+.2f ms from the end of the pause",
		       (g_array_index(times, gint64, 0) - begin_ns) / (double)GST_MSECOND);
	for (guint i = 0; i < times->len; i++)
		g_assert_cmpint(g_array_index(times, gint64, i), >=, begin_ns);
	g_mutex_clear(&out.lock);
	g_cond_clear(&out.cond);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	g_test_add_func("/media/sound-pauses", test_sound_pauses);
	g_test_add_func("/media/aac-pauses", test_aac_pauses);
	return g_test_run();
}
