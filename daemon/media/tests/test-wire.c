// SPDX-License-Identifier: GPL-2.0-or-later
/* What is on the wire, and when: pictures' own times, the clock between them, and what a network loses. */
#include "card-encoder.h"
#include "media-packetizer.h"
#include "media-rig.h"
#include "rtp-pair.h"
#include "ts-checker.h"

#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

/* When the stream says that pictures are shown, in 1/90000 s; all else is the checker's to judge. */
static GArray *picture_times(MediaRig *rig, TsChecker *checker)
{
	GArray *times = g_array_new(FALSE, FALSE, sizeof(gint64));

	for (guint i = 0; i < rig->datagrams->len; i++) {
		GBytes *datagram = rig->datagrams->pdata[i];
		guint pictures = checker->pictures;
		gsize size;
		const guint8 *data = g_bytes_get_data(datagram, &size);

		ts_checker_datagram(checker, data, size);
		if (checker->pictures > pictures)
			g_array_append_val(times, checker->pts);
	}
	return times;
}

/* How many of five pictures the stream shows at their own times. */
static guint pictures_on_time(const char *encoder)
{
	MediaRig *rig = rig_new_with(640, 480, &rig_vga, encoder);
	g_autoptr(TsChecker) checker = ts_checker_new();
	g_autoptr(GArray) times = NULL;
	gint64 drawn[5];
	guint on_time = 0;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	for (guint i = 0; i < 5; i++) {
		drawn[i] = g_get_monotonic_time() * 1000;
		g_assert_cmpint(rig_push_at(rig, drawn[i]), ==, MEDIA_ENCODED);
		g_usleep(200000);
	}
	/* These and repeats. */
	for (guint i = 0; i < 10; i++)
		gst_sample_unref(rig_pull(rig));
	rig_listen_off(rig);
	times = picture_times(rig, checker);
	for (guint i = 0; i < 5; i++) {
		gboolean found = FALSE;

		/* As long after the first one as they were drawn, or later, as the machine may be slow. */
		for (guint j = 0; j < times->len && !found; j++) {
			gint64 since =
				g_array_index(times, gint64, j) - g_array_index(times, gint64, 0);
			gint64 late_ns = since * 100000 / 9 - (drawn[i] - drawn[0]);

			found = late_ns >= -GST_MSECOND && late_ns < 150 * GST_MSECOND;
		}
		on_time += found;
	}
	rig_free(rig);
	return on_time;
}

/* The stream's times are the pictures', whatever the encoder makes of them. */
static void check_times(const char *encoder)
{
	guint tries = 0;

	/* A machine that is busy makes few of them in time. */
	for (guint on_time = 0; on_time < 5; on_time += pictures_on_time(encoder))
		g_assert_cmpuint(tries++, <, 20);
}

static void test_times(void)
{
	check_times("x264enc");
	card.broken = FALSE;
	check_times("vah264enc");
	/* The sink's buffer holds half a second. */
	g_assert_cmpuint(card.kbit, >, 0);
	g_assert_cmpuint(card.cpb_size, ==, (card.kbit + 1) / 2);
	card.broken = TRUE;
}

/* A picture that stands still is repeated, ever more slowly; the clock and the tables go on. */
static void test_still(void)
{
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	g_autoptr(TsChecker) checker = ts_checker_new();
	gint64 least = G_MAXINT64, most = 0;
	MediaStatistics statistics;
	g_autoptr(GArray) times = NULL;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	for (guint i = 0; i < 12; i++)
		gst_sample_unref(rig_pull(rig));
	rig_listen_off(rig);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.frames_repeated, >=, 11);
	times = picture_times(rig, checker);
	/* The quickest of them, as the machine may be slow. */
	for (guint i = 1; i < times->len; i++) {
		gint64 step = g_array_index(times, gint64, i) - g_array_index(times, gint64, i - 1);

		least = MIN(least, step);
		most = MAX(most, step);
	}
	g_assert_cmpint(least, <, 90000 / 4);
	g_assert_cmpint(most, >=, 90000 / 2 - 90000 / 20);
	g_assert_cmpuint(checker->pcrs, >=, 2 * times->len);
	rig_free(rig);
}

/* A picture that stands still is repeated after @least to @most us some time, as the machine may be slow. */
static void check_repeat(guint gap_us, gint64 least, gint64 most)
{
	const MediaFormat small = {.width = 320, .height = 240, .fps = 30, .level = "3.1"};
	const MediaConfig config = {
		.format = small, .kbit = 1000, .encoder = "x264enc", .gap_us = gap_us};
	g_autofree guint8 *pixels = g_malloc0(320 * 240 * 4);
	MediaFrame frame = {.pixels = pixels, .stride = 320 * 4, .width = 320, .height = 240};
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(TsChecker) checker = ts_checker_new();
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	gint64 step = 0, before = 0;
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint64 encode_ns;

	media = media_paired(&config, context, rtp, rtcp);
	frame.time_ns = g_get_monotonic_time() * 1000;
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	while ((step < least || step > most) && g_get_monotonic_time() < end) {
		guint pictures = checker->pictures;
		guint8 datagram[2000];
		gssize size = recv(rtp[1], datagram, sizeof(datagram), 0);

		if (size > 0)
			ts_checker_datagram(checker, datagram, size);
		else
			g_usleep(1000);
		if (checker->pictures == pictures)
			continue;
		step = pictures ? (checker->pts - before) * 100 / 9 : 0;
		before = checker->pts;
	}
	g_assert_cmpint(step, >=, least);
	g_assert_cmpint(step, <=, most);
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
}

/* Who takes every picture of the mode gets as many; who takes fewer, but one each 500 ms, gets these. */
static void test_skipping(void)
{
	check_repeat(G_USEC_PER_SEC / 30, 33000, 66000);
	check_repeat(500 * 1000, 399 * 1000, 499 * 1000);
}

/* Reads what has come to @socket. */
static void check_socket(GSocket *socket, TsChecker *checker)
{
	guint8 datagram[2000];
	gssize size;

	while ((size = g_socket_receive(socket, (char *)datagram, sizeof(datagram), NULL, NULL)) >
	       0)
		ts_checker_datagram(checker, datagram, size);
}

/* Sends one picture of 1280x720 and reads what came; FALSE if it was repeated meanwhile. */
static gboolean send_alone(const MediaConfig *config, const guint8 *pixels, GSocket *socket,
			   guint16 port, TsChecker *checker)
{
	g_autoptr(Media) media = NULL;
	const MediaFrame frame = {.pixels = pixels,
				  .stride = 1280 * 4,
				  .width = 1280,
				  .height = 720,
				  .time_ns = g_get_monotonic_time() * 1000};
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	g_autoptr(GError) error = NULL;
	MediaStatistics statistics;
	guint64 encode_ns;
	int rtp, rtcp;

	rtp_pair_open(&rtp, &rtcp);
	rtp_pair_connect(rtp, port);
	media = media_new(rtp, rtcp, NULL);
	g_assert_true(media_start(media, config, NULL, rig_on_error, NULL, &error));
	media_set_playing(media, TRUE);
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	/* Counted when they are sent. */
	do
		media_get_statistics(media, &statistics);
	while (!statistics.packets && g_get_monotonic_time() < end);
	check_socket(socket, checker);
	media_get_statistics(media, &statistics);
	g_clear_pointer(&media, media_free);
	while (g_socket_condition_check(socket, G_IO_IN))
		g_socket_receive(socket, (char[1]){0}, 1, NULL, NULL);
	return !statistics.frames_repeated;
}

/* One picture and nothing behind it is whole at the sink, up to the largest that there are. */
static void test_alone(void)
{
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
						 G_SOCKET_PROTOCOL_UDP, NULL);
	g_autofree guint8 *pixels = g_malloc(1280 * 720 * 4);
	g_autoptr(GSocketAddress) bound = NULL;
	MediaConfig config = {
		.format = rig_hd, .kbit = 20000, .fixed_rate = TRUE, .encoder = "x264enc"};
	guint large = 0;
	guint16 port;

	g_socket_set_blocking(socket, FALSE);
	g_assert_true(g_socket_bind(socket, any, FALSE, NULL));
	g_socket_set_option(socket, SOL_SOCKET, SO_RCVBUF, 1 << 20, NULL);
	bound = g_socket_get_local_address(socket, NULL);
	port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
	/* Noise over more and more of the picture: from a few packets to more than 64 KiB. */
	for (guint noisy = 0; noisy <= 720; noisy += 90) {
		g_autoptr(TsChecker) checker = ts_checker_new();
		g_autoptr(GRand) random = g_rand_new_with_seed(noisy);

		for (guint i = 0; i < 1280 * 720 * 4; i++)
			pixels[i] = i < 1280 * 4 * noisy ? g_rand_int(random) : 128;
		while (!send_alone(&config, pixels, socket, port, checker)) {
			ts_checker_free(checker);
			checker = ts_checker_new();
		}
		g_assert_cmpuint(checker->pictures, ==, 1);
		g_assert_cmpuint(checker->markers, ==, 1);
		g_assert_true(checker->complete);
		large += checker->fillers;
	}
	g_assert_cmpuint(large, >=, 1);
}

/*
 * A network that takes nothing: the encoder goes on, what is lost is counted; and the first
 * picture that gets through again is one that can be decoded.
 */
static void test_losses(void)
{
	g_autofree guint8 *pixels = g_malloc0(640 * 480 * 4);
	MediaConfig config = {.format = rig_vga, .kbit = 5000, .encoder = "x264enc"};
	MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	g_autoptr(TsChecker) checker = ts_checker_new();
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	g_autoptr(Media) media = NULL;
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	MediaStatistics statistics;
	guint8 datagram[2000];
	int ends[2], rtcp;
	guint64 encode_ns;
	gssize size;

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends));
	rtcp = dup(ends[0]);
	media = media_new(ends[0], rtcp, NULL);
	g_assert_true(media_start(media, &config, NULL, rig_on_error, NULL, NULL));
	media_set_playing(media, TRUE);
	do {
		for (guint i = 0; i < 640 * 480 * 4; i++)
			pixels[i] = g_rand_int(random);
		frame.time_ns = g_get_monotonic_time() * 1000;
		g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
		media_get_statistics(media, &statistics);
	} while (!statistics.packets_dropped && g_get_monotonic_time() < end);
	g_assert_cmpuint(statistics.packets_dropped, >, 0);
	/* Room again: all that had come before, and then a keyframe without being asked. */
	while (recv(ends[1], datagram, sizeof(datagram), 0) > 0)
		;
	while (!checker->random_access && g_get_monotonic_time() < end) {
		size = recv(ends[1], datagram, sizeof(datagram), 0);
		/* Joins where a picture with its tables begins. */
		if (size > 0 && (checker->begun || (datagram[13] == 0x40 && !datagram[14])))
			ts_checker_datagram(checker, datagram, size);
		if (size <= 0)
			g_usleep(1000);
	}
	g_assert_true(checker->random_access);
	g_clear_pointer(&media, media_free);
	close(ends[1]);
}

#define SEAL_MS 30

static gsize seal_slowly(const guint8 *datagram, gsize size, guint8 *out, gsize out_size,
			 gpointer user_data)
{
	g_usleep(SEAL_MS * 1000);
	memcpy(out, datagram, size);
	return size;
}

/* What a picture waits between the encoder and the network is told. */
static void test_longest_send(void)
{
	g_autofree guint8 *pixels = g_malloc0(640 * 480 * 4);
	g_autoptr(GMainContext) context = g_main_context_new();
	const MediaConfig config = {
		.format = rig_vga, .kbit = 5000, .encoder = "x264enc", .seal = seal_slowly};
	const MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	MediaStatistics statistics = {0};
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint64 encode_ns;

	media = media_paired(&config, context, rtp, rtcp);
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	while (!statistics.longest_send_us && g_get_monotonic_time() < end) {
		g_usleep(1000);
		media_get_statistics(media, &statistics);
	}
	g_assert_cmpuint(statistics.longest_send_us, >=, SEAL_MS * 1000);
	g_assert_cmpuint(statistics.longest_send_us, <, RIG_GUARD);
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	card_encoder_register();
	g_test_add_func("/media/times", test_times);
	g_test_add_func("/media/still", test_still);
	g_test_add_func("/media/skipping", test_skipping);
	g_test_add_func("/media/alone", test_alone);
	g_test_add_func("/media/losses", test_losses);
	g_test_add_func("/media/longest-send", test_longest_send);
	return g_test_run();
}
