// SPDX-License-Identifier: GPL-2.0-or-later
/* Sound beside the pictures of a stream; test-line.c and test-aac.c have what it is made of. */
#include "media-rig.h"

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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	g_test_add_func("/media/sound-pauses", test_sound_pauses);
	return g_test_run();
}
