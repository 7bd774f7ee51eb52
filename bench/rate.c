// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-rate KBIT auto|fixed RTP-PORT
 *
 * Sends a picture that always moves, 1280x720 at 30 Hz, to a port of this machine, RTCP to the one
 * above, and says twice a second what the encoder is told. A line on its input asks for a keyframe;
 * it goes when that ends. bench/rate is the link and the sink.
 */
#include "media.h"
#include "rtp-pair.h"

#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH	 1280
#define HEIGHT	 720
#define FPS	 30
#define TELL_MS	 500
#define PICTURES 8 /* that differ */
#define BLOCK	 8 /* pixels of one colour */

typedef struct {
	Media *media;
	GMainLoop *loop;
	guint32 *pictures;
	gint ending;
	GThread *thread;
} RateSource;

static void on_error(const char *message, gpointer user_data)
{
	g_error("%s", message);
}

static gboolean on_input(GIOChannel *channel, GIOCondition condition, gpointer user_data)
{
	RateSource *source = user_data;
	g_autofree char *line = NULL;

	if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
		g_main_loop_quit(source->loop);
		return G_SOURCE_REMOVE;
	}
	media_force_keyframe(source->media);
	return G_SOURCE_CONTINUE;
}

static gboolean on_tell(gpointer user_data)
{
	RateSource *source = user_data;
	MediaStatistics statistics;

	media_get_statistics(source->media, &statistics);
	printf("{\"real_us\": %" G_GINT64_FORMAT ", \"encoder-kbit\": %" G_GUINT64_FORMAT "}\n",
	       g_get_real_time(), statistics.kbit);
	fflush(stdout);
	return G_SOURCE_CONTINUE;
}

static gpointer draw(gpointer user_data)
{
	gint64 next = g_get_monotonic_time();
	RateSource *source = user_data;

	for (guint n = 0; !g_atomic_int_get(&source->ending); n++) {
		MediaFrame frame = {
			.pixels = source->pictures + (gsize)(n % PICTURES) * WIDTH * HEIGHT,
			.stride = WIDTH * 4,
			.width = WIDTH,
			.height = HEIGHT,
			.time_ns = g_get_monotonic_time() * 1000,
		};
		guint64 encode_ns;
		gint64 now;

		media_push(source->media, &frame, &encode_ns);
		next += G_USEC_PER_SEC / FPS;
		now = g_get_monotonic_time();
		g_usleep(MAX(next - now, 0));
		next = MAX(next, now - G_USEC_PER_SEC / FPS);
	}
	return NULL;
}

static void fill(guint32 *pictures)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);

	for (guint row = 0; row < PICTURES * HEIGHT; row++) {
		guint32 *line = pictures + (gsize)row * WIDTH;

		if (row % BLOCK) {
			memcpy(line, pictures + (gsize)(row - row % BLOCK) * WIDTH, WIDTH * 4);
			continue;
		}
		for (guint x = 0; x < WIDTH; x++) {
			guint grey = g_rand_int_range(random, 0x40, 0xc0);

			line[x] = x % BLOCK ? line[x - 1] : grey * 0x10101;
		}
	}
}

int main(int argc, char **argv)
{
	MediaConfig config = {
		.format = {.width = WIDTH, .height = HEIGHT, .fps = FPS, .level = "3.1"},
		.sender_reports = TRUE,
	};
	g_autoptr(GIOChannel) input = g_io_channel_unix_new(0);
	RateSource source = {0};
	GError *error = NULL;
	int rtp, rtcp;

	if (argc != 4) {
		fprintf(stderr, "usage: bench-rate KBIT auto|fixed RTP-PORT\n");
		return 2;
	}
	gst_init_check(NULL, NULL, NULL);
	config.kbit = atoi(argv[1]);
	config.fixed_rate = !strcmp(argv[2], "fixed");
	rtp_pair_open(&rtp, &rtcp);
	rtp_pair_connect(rtp, atoi(argv[3]));
	rtp_pair_connect(rtcp, atoi(argv[3]) + 1);
	source.pictures = g_new(guint32, PICTURES * WIDTH * HEIGHT);
	fill(source.pictures);
	source.media = media_new(rtp, rtcp, &error);
	if (!source.media || !media_start(source.media, &config, NULL, on_error, NULL, &error))
		g_error("%s", error->message);
	media_set_playing(source.media, TRUE);
	source.loop = g_main_loop_new(NULL, FALSE);
	g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, &source);
	g_timeout_add(TELL_MS, on_tell, &source);
	source.thread = g_thread_new("draw", draw, &source);
	g_main_loop_run(source.loop);
	g_atomic_int_set(&source.ending, TRUE);
	g_thread_join(source.thread);
	media_free(source.media);
	g_main_loop_unref(source.loop);
	g_free(source.pictures);
	return 0;
}
