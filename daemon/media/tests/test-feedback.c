// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink's reports, and the rate that follows them. */
#include "card-encoder.h"
#include "media-rig.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean on_packets(gint fd, GIOCondition condition, gpointer user_data)
{
	char packet[1500];

	while (recv(fd, packet, sizeof(packet), 0) >= 0)
		;
	return G_SOURCE_CONTINUE;
}

/* RTCP: a sink is told what was sent; what it tells is shown, what it makes up is not. */
static void test_reports(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GSource) packets = NULL;
	g_autofree guint8 *pixels = g_malloc0(640 * 480 * 4);
	MediaConfig config = {
		.format = rig_vga, .kbit = 5000, .encoder = "x264enc", .sender_reports = TRUE};
	const MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	guint8 receiver[32] = {0x81, 201, 0, 7, 0, 0, 0, 1, [12] = 64, 0, 0, 3, [23] = 90};
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	MediaStatistics statistics = {0};
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint8 report[200];
	guint64 encode_ns;
	gssize size;

	media = media_paired(&config, context, rtp, rtcp);
	/* The socket takes ten, and a network that takes no more is another test's. */
	packets = g_unix_fd_source_new(rtp[1], G_IO_IN);
	g_source_set_callback(packets, G_SOURCE_FUNC(on_packets), NULL, NULL);
	g_source_attach(packets, context);
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	while ((size = recv(rtcp[1], report, sizeof(report), 0)) < 0 &&
	       g_get_monotonic_time() < end)
		g_main_context_iteration(context, TRUE);
	g_assert_cmpint(size, ==, 52);
	g_assert_cmpmem(report, 4, "\x80\xc8\0\6", 4);
	g_assert_cmpuint(report[23], >, 0); /* packets */
	/* Of another stream, then of this one. */
	g_assert_cmpint(send(rtcp[1], receiver, sizeof(receiver), 0), ==, sizeof(receiver));
	memcpy(receiver + 8, report + 4, 4);
	g_assert_cmpint(send(rtcp[1], receiver, sizeof(receiver), 0), ==, sizeof(receiver));
	while (!statistics.reports && g_get_monotonic_time() < end) {
		g_main_context_iteration(context, TRUE);
		media_get_statistics(media, &statistics);
	}
	g_assert_cmpuint(statistics.reports, ==, 1);
	g_assert_cmpuint(statistics.packets_lost, ==, 3);
	g_assert_cmpuint(statistics.jitter_us, ==, 1000);
	/* A quarter lost: nine tenths of what came through. */
	g_assert_cmpuint(statistics.kbit, ==, 3375);
	/* A sink that reports is believed, however many keyframes it asks for. */
	receiver[12] = 0;
	for (end = g_get_monotonic_time() + 3 * G_USEC_PER_SEC; g_get_monotonic_time() < end;) {
		media_force_keyframe(media);
		send(rtcp[1], receiver, sizeof(receiver), 0);
		g_main_context_iteration(context, TRUE);
		media_get_statistics(media, &statistics);
		g_assert_cmpuint(statistics.kbit, >=, 3375);
	}
	g_clear_pointer(&media, media_free);
	g_source_destroy(packets);
	close(rtp[1]);
	close(rtcp[1]);
}

static guint64 bytes_of_noise(Media *media, guint8 *pixels, gint64 *time_ns)
{
	const MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	MediaStatistics before, after;
	guint64 encode_ns;

	media_get_statistics(media, &before);
	for (guint i = 0; i < 60; i++) {
		MediaFrame next = frame;

		for (gsize n = 0; n < 640 * 480 * 4; n += 4)
			pixels[n] = pixels[n + 1] = g_random_int();
		next.time_ns = *time_ns += 33 * 1000 * 1000;
		g_assert_cmpint(media_push(media, &next, &encode_ns), ==, MEDIA_ENCODED);
	}
	media_get_statistics(media, &after);
	return after.encoded_bytes - before.encoded_bytes;
}

/* What is lost makes the encoder give less, and not only a number. */
static void test_rate_goes_down(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autofree guint8 *pixels = g_malloc0(640 * 480 * 4);
	MediaConfig config = {.format = rig_vga, .kbit = 5000, .encoder = "x264enc"};
	gint64 end = g_get_monotonic_time() + RIG_GUARD, time_ns = g_get_monotonic_time() * 1000;
	MediaStatistics statistics = {0};
	g_autoptr(Media) media = NULL;
	guint64 before, after;
	int rtp[2], rtcp[2];
	char packet[1500];

	media = media_paired(&config, context, rtp, rtcp);
	/* Nobody reads: the socket is full at once, so that packets are dropped. */
	bytes_of_noise(media, pixels, &time_ns);
	before = bytes_of_noise(media, pixels, &time_ns);
	while (statistics.kbit != 500 && g_get_monotonic_time() < end) {
		g_main_context_iteration(context, TRUE);
		media_force_keyframe(media);
		media_get_statistics(media, &statistics);
	}
	g_assert_cmpuint(statistics.kbit, ==, 500);
	bytes_of_noise(media, pixels, &time_ns);
	after = bytes_of_noise(media, pixels, &time_ns);
	g_test_message("%" G_GUINT64_FORMAT " bytes, then %" G_GUINT64_FORMAT, before, after);
	g_assert_cmpuint(after, <, before / 2);
	while (recv(rtp[1], packet, sizeof(packet), 0) >= 0)
		;
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
}

/*
 * A sink that sends no reports. One that asks many times for one and the same keyframe has lost one picture;
 * one that goes on asking has a way that is full.
 */
static void test_keyframe_requests(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GSource) packets = NULL;
	g_autofree guint8 *pixels = g_malloc0(640 * 480 * 4);
	const MediaConfig config = {.format = rig_vga, .kbit = 5000, .encoder = "x264enc"};
	const MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	g_autoptr(Media) media = NULL;
	MediaStatistics statistics;
	int rtp[2], rtcp[2];
	guint64 encode_ns;
	gint64 end;

	media = media_paired(&config, context, rtp, rtcp);
	packets = g_unix_fd_source_new(rtp[1], G_IO_IN);
	g_source_set_callback(packets, G_SOURCE_FUNC(on_packets), NULL, NULL);
	g_source_attach(packets, context);
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	for (guint i = 0; i < 3; i++) {
		gint64 begin = g_get_monotonic_time();

		/* Until it has got one; pictures go on meanwhile. */
		while (g_get_monotonic_time() < begin + 300 * G_TIME_SPAN_MILLISECOND) {
			media_force_keyframe(media);
			media_push(media, &frame, &encode_ns);
			g_usleep(20 * G_TIME_SPAN_MILLISECOND);
		}
		while (g_get_monotonic_time() < begin + 1200 * G_TIME_SPAN_MILLISECOND)
			g_main_context_iteration(context, TRUE);
	}
	media_get_statistics(media, &statistics);
	g_assert_cmpuint(statistics.kbit, ==, 5000);
	end = g_get_monotonic_time() + RIG_GUARD;
	while (statistics.kbit == 5000 && g_get_monotonic_time() < end) {
		media_force_keyframe(media);
		g_main_context_iteration(context, TRUE);
		media_get_statistics(media, &statistics);
	}
	g_assert_cmpuint(statistics.kbit, <, 5000);
	g_clear_pointer(&media, media_free);
	g_source_destroy(packets);
	close(rtp[1]);
	close(rtcp[1]);
}

static void check_rate_of_fewer(const char *encoder)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	MediaConfig config = {.format = rig_vga, .kbit = 150, .encoder = encoder};
	g_autofree guint8 *pixels = g_malloc0(640 * 480 * 4);
	MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	MediaStatistics statistics;
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint64 encode_ns;
	gint64 begin;

	media = media_paired(&config, context, rtp, rtcp);
	media_get_statistics(media, &statistics);
	g_assert_cmpuint(statistics.fps, ==, 9);
	begin = g_get_monotonic_time();
	for (guint i = 0; i < 10; i++) {
		frame.time_ns = g_get_monotonic_time() * 1000;
		g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	}
	/* The second one may come half a turn before its own. */
	g_assert_cmpint(g_get_monotonic_time() - begin, >=, 8 * (G_USEC_PER_SEC / 9));
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
}

/* A sink that takes every picture of the mode gets all, and one that needs 30 a second no fewer. */
static void test_rate_of_all(void)
{
	for (guint fps = 30; fps <= 60; fps += 30) {
		const MediaConfig config = {.format = rig_vga,
					    .kbit = 150,
					    .encoder = "x264enc",
					    .gap_us = G_USEC_PER_SEC / fps};
		g_autoptr(Media) media = media_unconnected();
		MediaStatistics statistics;

		g_assert_true(media_start(media, &config, NULL, rig_on_error, NULL, NULL));
		media_get_statistics(media, &statistics);
		g_assert_cmpuint(statistics.fps, ==, fps);
	}
}

/* A rate that is too little for all pictures is for fewer of them; the first does not wait. */
static void test_rate_of_fewer(void)
{
	static const char *const encoders[] = {"x264enc", "openh264enc"};

	for (guint i = 0; i < G_N_ELEMENTS(encoders); i++)
		check_rate_of_fewer(encoders[i]);
}

/* What the way carries is not known at first; a fixed rate is what it is. */
static void test_rate_begins(void)
{
	for (guint fixed = 0; fixed < 2; fixed++) {
		const MediaConfig config = {
			.format = rig_hd, .kbit = 20000, .fixed_rate = fixed, .encoder = "x264enc"};
		g_autoptr(Media) media = media_unconnected();
		MediaStatistics statistics;

		g_assert_true(media_start(media, &config, NULL, rig_on_error, NULL, NULL));
		media_get_statistics(media, &statistics);
		g_assert_cmpuint(statistics.kbit, ==, fixed ? 20000 : 5000);
	}
}

/* Where a keyframe comes of another rate, not each small step of a rise is told. */
static void test_rises_are_few(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	const MediaConfig config = {.format = rig_hd, .kbit = 20000, .encoder = "vah264enc"};
	g_autoptr(GSource) packets = NULL;
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint n_told, kbit;
	gint64 end;

	card.broken = FALSE;
	media = media_paired(&config, context, rtp, rtcp);
	packets = g_unix_fd_source_new(rtp[1], G_IO_IN);
	g_source_set_callback(packets, G_SOURCE_FUNC(on_packets), NULL, NULL);
	g_source_attach(packets, context);
	n_told = card.n_told;
	kbit = card.kbit;
	end = g_get_monotonic_time() + 7 * G_USEC_PER_SEC / 2;
	while (g_get_monotonic_time() < end || card.kbit == kbit)
		g_main_context_iteration(context, TRUE);
	g_assert_cmpuint(card.kbit, >, kbit * 5 / 4);
	g_assert_cmpuint(card.n_told - n_told, <=, 2);
	g_clear_pointer(&media, media_free);
	g_source_destroy(packets);
	card.broken = TRUE;
	close(rtp[1]);
	close(rtcp[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	card_encoder_register();
	g_test_add_func("/media/reports", test_reports);
	g_test_add_func("/media/rate-begins", test_rate_begins);
	g_test_add_func("/media/rate-goes-down", test_rate_goes_down);
	g_test_add_func("/media/keyframe-requests", test_keyframe_requests);
	g_test_add_func("/media/rate-of-fewer", test_rate_of_fewer);
	g_test_add_func("/media/rate-of-all", test_rate_of_all);
	g_test_add_func("/media/rises-are-few", test_rises_are_few);
	return g_test_run();
}
