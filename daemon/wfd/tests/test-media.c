// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pictures pushed into the media, received over loopback by an independent GStreamer pipeline,
 * decoded and compared. Time limits are guards against hanging, not measures.
 */
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "media.h"

#define GUARD (30 * G_TIME_SPAN_SECOND)

struct rig {
	Media *media;
	GstElement *receiver;
	GstElement *sink; /* decoded pictures */
	GMainLoop *loop;
	GThread *thread;
	guint width, height;
	guint8 *pixels;
	GByteArray *ts; /* transport stream as received; probe's thread only until rig_stop() */
	gint releases;
};

static void on_error(const char *message, gpointer user_data)
{
	g_error("stream broke: %s", message);
}

static GstPadProbeReturn on_rtp(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	GstMapInfo map;
	GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
	struct rig *rig = user_data;

	gst_buffer_map(buffer, &map, GST_MAP_READ);
	g_assert_cmpuint(map.size, >, 12);
	g_assert_cmphex(map.data[0] >> 6, ==, 2);
	g_assert_cmpuint(map.data[1] & 0x7f, ==, 33);
	g_assert_cmpuint((map.size - 12) % 188, ==, 0);
	g_assert_cmpuint(map.size, <=, 1400);
	g_byte_array_append(rig->ts, map.data + 12, map.size - 12);
	gst_buffer_unmap(buffer, &map);
	return GST_PAD_PROBE_OK;
}

static gpointer run_loop(gpointer user_data)
{
	struct rig *rig = user_data;

	g_main_context_push_thread_default(g_main_loop_get_context(rig->loop));
	g_main_loop_run(rig->loop);
	g_main_context_pop_thread_default(g_main_loop_get_context(rig->loop));
	return NULL;
}

static struct rig *rig_new(guint width, guint height, guint mode_index)
{
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GstElement) source = NULL;
	g_autoptr(GstPad) pad = NULL;
	struct media_config config = {.sink_address = loopback};
	struct wfd_video_formats sink = {.n_codecs = 1,
					 .codecs[0] = {.profile = WFD_H264_CBP,
						       .level = WFD_H264_LEVEL_4_2,
						       .modes[WFD_CEA] = 1u << mode_index}};
	struct rig *rig = g_new0(struct rig, 1);
	GError *error = NULL;
	gint port;

	rig->width = width;
	rig->height = height;
	rig->pixels = g_malloc(width * height * 4);
	rig->ts = g_byte_array_new();
	rig->receiver = gst_parse_launch("udpsrc name=src address=127.0.0.1 port=0 "
					 "buffer-size=1000000 "
					 "caps=\"application/x-rtp,media=video,clock-rate=90000,"
					 "encoding-name=MP2T,payload=33\" "
					 "! rtpmp2tdepay ! tsdemux ! h264parse ! avdec_h264 "
					 "! videoconvert ! video/x-raw,format=BGRx "
					 "! appsink name=sink sync=false max-buffers=1000",
					 &error);
	g_assert_no_error(error);
	rig->sink = gst_bin_get_by_name(GST_BIN(rig->receiver), "sink");
	source = gst_bin_get_by_name(GST_BIN(rig->receiver), "src");
	pad = gst_element_get_static_pad(source, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_rtp, rig, NULL);
	gst_element_set_state(rig->receiver, GST_STATE_PLAYING);
	g_object_get(source, "port", &port, NULL);

	g_assert_true(wfd_choose_format(&sink, &(struct wfd_policy){0}, &config.format, NULL));
	config.kbit = media_default_kbit(&config.format.mode);
	config.sink_port = port;
	rig->media = media_new(loopback, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(media_local_port(rig->media) % 2, ==, 0);
	g_assert_true(media_start(rig->media, &config, context, on_error, rig, &error));
	g_assert_no_error(error);
	g_assert_nonnull(media_encoder(rig->media));
	rig->loop = g_main_loop_new(context, FALSE);
	rig->thread = g_thread_new("media-loop", run_loop, rig);
	return rig;
}

static gboolean quit(gpointer user_data)
{
	g_main_loop_quit(user_data);
	return G_SOURCE_REMOVE;
}

static void rig_free(struct rig *rig)
{
	g_main_context_invoke(g_main_loop_get_context(rig->loop), quit, rig->loop);
	g_thread_join(rig->thread);
	media_free(rig->media);
	gst_element_set_state(rig->receiver, GST_STATE_NULL);
	gst_object_unref(rig->sink);
	gst_object_unref(rig->receiver);
	g_main_loop_unref(rig->loop);
	g_byte_array_unref(rig->ts);
	g_free(rig->pixels);
	g_free(rig);
}

static void on_release(gpointer user_data)
{
	struct rig *rig = user_data;

	g_atomic_int_inc(&rig->releases);
}

/* A smooth picture with a bright bar at @x. */
static void draw(struct rig *rig, guint x)
{
	for (guint row = 0; row < rig->height; row++)
		for (guint column = 0; column < rig->width; column++) {
			guint8 *pixel = rig->pixels + (row * rig->width + column) * 4;
			gboolean bar = column >= x && column < x + 40;

			pixel[0] = bar ? 230 : 40 + column * 150 / rig->width;
			pixel[1] = bar ? 230 : 40 + row * 150 / rig->height;
			pixel[2] = bar ? 230 : 90;
			pixel[3] = 0;
		}
}

static enum media_outcome push(struct rig *rig)
{
	struct media_frame frame = {
		.pixels = rig->pixels,
		.size = rig->width * rig->height * 4,
		.stride = rig->width * 4,
		.width = rig->width,
		.height = rig->height,
		.time_ns = g_get_monotonic_time() * 1000,
		.release = on_release,
		.release_data = rig,
	};
	gint before = g_atomic_int_get(&rig->releases);
	enum media_outcome outcome;
	guint64 encode_ns;

	outcome = media_push(rig->media, &frame, &encode_ns);
	g_assert_cmpint(g_atomic_int_get(&rig->releases), ==, before + 1);
	g_assert_true((encode_ns > 0) == (outcome == MEDIA_ENCODED));
	return outcome;
}

static GstSample *pull(struct rig *rig)
{
	GstSample *sample =
		gst_app_sink_try_pull_sample(GST_APP_SINK(rig->sink), GUARD * GST_USECOND);

	if (!sample)
		g_error("no picture came");
	return sample;
}

/* Of a decoded picture against what was last drawn, in decibels. */
static double psnr(struct rig *rig, GstSample *sample)
{
	GstMapInfo map;
	double sum = 0;

	gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ);
	g_assert_cmpuint(map.size, ==, rig->width * rig->height * 4);
	for (gsize i = 0; i < map.size; i++) {
		double difference = (double)map.data[i] - rig->pixels[i];

		if (i % 4 != 3)
			sum += difference * difference;
	}
	gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
	return 10 * log10(255.0 * 255.0 / (sum / (map.size * 3 / 4) + 1e-9));
}

/* Pictures get through and are the ones that were pushed. */
static void test_stream(void)
{
	struct rig *rig = rig_new(1280, 720, 5);
	struct media_figures figures;
	double best = 0;

	media_set_playing(rig->media, TRUE);
	for (guint i = 0; i < 30; i++) {
		draw(rig, i * 30);
		g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	}
	for (gint64 end = g_get_monotonic_time() + GUARD;
	     best < 30 && g_get_monotonic_time() < end;) {
		g_autoptr(GstSample) sample = pull(rig);

		best = MAX(best, psnr(rig, sample));
	}
	g_assert_cmpfloat(best, >=, 30);
	media_get_figures(rig->media, &figures);
	g_assert_cmpuint(figures.frames_in, ==, 30);
	g_assert_cmpuint(figures.frames_encoded, ==, 30);
	g_assert_cmpuint(figures.frames_dropped, ==, 0);
	g_assert_cmpuint(figures.keyframes, >=, 1);
	g_assert_cmpuint(figures.packets, >=, 30);
	g_assert_cmpuint(figures.encoded_bytes, >, 0);
	g_assert_cmpuint(figures.encode_ns, >, 0);
	rig_free(rig);
}

/* PAT and PMT: the program's map on 0x0100, H.264 on 0x1011. */
static void test_transport_stream(void)
{
	struct rig *rig = rig_new(640, 480, 0);
	gboolean pat = FALSE, pmt = FALSE, video = FALSE;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	gst_sample_unref(pull(rig));
	gst_element_set_state(rig->receiver, GST_STATE_NULL);
	for (guint i = 0; i + 188 <= rig->ts->len; i += 188) {
		const guint8 *packet = rig->ts->data + i;
		guint pid = (packet[1] & 0x1f) << 8 | packet[2];
		guint payload = packet[3] & 0x20 ? 5 + packet[4] : 4;

		g_assert_cmphex(packet[0], ==, 0x47);
		/* Program 1 of the PAT, behind pointer field and table header. */
		if (pid == 0 && packet[1] & 0x40) {
			g_assert_cmpuint(payload, <=, 188 - 13);
			packet += payload;
			g_assert_cmphex((packet[11] & 0x1f) << 8 | packet[12], ==, 0x0100);
			pat = TRUE;
		}
		pmt |= pid == 0x0100;
		video |= pid == 0x1011;
	}
	g_assert_true(pat);
	g_assert_true(pmt);
	g_assert_true(video);
	rig_free(rig);
}

static guint64 keyframes(struct rig *rig)
{
	struct media_figures figures;

	media_get_figures(rig->media, &figures);
	return figures.keyframes;
}

static void test_keyframe(void)
{
	struct rig *rig = rig_new(640, 480, 0);
	guint64 before;

	media_set_playing(rig->media, TRUE);
	for (guint i = 0; i < 5; i++) {
		draw(rig, i);
		g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	}
	before = keyframes(rig);
	media_force_keyframe(rig->media);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	g_assert_cmpuint(keyframes(rig), ==, before + 1);
	/* And without a new picture: the last one is sent again. */
	media_force_keyframe(rig->media);
	for (gint64 end = g_get_monotonic_time() + GUARD;
	     keyframes(rig) < before + 2 && g_get_monotonic_time() < end;)
		g_usleep(10000);
	g_assert_cmpuint(keyframes(rig), ==, before + 2);
	rig_free(rig);
}

/* While paused nothing is sent; play begins with the picture that came last. */
static void test_pause(void)
{
	struct rig *rig = rig_new(640, 480, 0);
	g_autoptr(GstSample) sample = NULL;
	struct media_figures figures;

	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_NOT_STREAMING);
	draw(rig, 300);
	g_assert_cmpint(push(rig), ==, MEDIA_NOT_STREAMING);
	media_get_figures(rig->media, &figures);
	g_assert_cmpuint(figures.packets, ==, 0);
	media_set_playing(rig->media, TRUE);
	sample = pull(rig);
	g_assert_cmpfloat(psnr(rig, sample), >=, 25);
	media_get_figures(rig->media, &figures);
	g_assert_cmpuint(figures.keyframes, >=, 1);
	g_assert_cmpuint(figures.frames_encoded, ==, 0);
	media_set_playing(rig->media, FALSE);
	g_assert_cmpint(push(rig), ==, MEDIA_NOT_STREAMING);
	rig_free(rig);
}

/* A picture of another size than the mode's is scaled to it. */
static void test_scale(void)
{
	struct rig *rig = rig_new(800, 600, 0);
	g_autoptr(GstSample) sample = NULL;
	gint width = 0, height = 0;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	sample = pull(rig);
	gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "width",
			      &width);
	gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "height",
			      &height);
	g_assert_cmpint(width, ==, 640);
	g_assert_cmpint(height, ==, 480);
	rig_free(rig);
}

/* Lines longer than the picture is wide, the last one ending with the picture. */
static void test_stride(void)
{
	struct rig *rig = rig_new(640, 480, 0);
	gsize stride = 640 * 4 + 52, size = stride * 479 + 640 * 4;
	g_autofree guint8 *pixels = g_malloc(size);
	g_autoptr(GstSample) sample = NULL;
	struct media_frame frame = {
		.pixels = pixels,
		.size = size,
		.stride = stride,
		.width = 640,
		.height = 480,
		.time_ns = g_get_monotonic_time() * 1000,
		.release = on_release,
		.release_data = rig,
	};
	guint64 encode_ns;

	media_set_playing(rig->media, TRUE);
	draw(rig, 100);
	for (guint row = 0; row < 480; row++)
		memcpy(pixels + row * stride, rig->pixels + row * 640 * 4, 640 * 4);
	g_assert_cmpint(media_push(rig->media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	sample = pull(rig);
	g_assert_cmpfloat(psnr(rig, sample), >=, 25);
	rig_free(rig);
}

static gpointer push_many(gpointer user_data)
{
	struct rig *rig = user_data;
	struct media_frame frame = {
		.pixels = rig->pixels,
		.size = rig->width * rig->height * 4,
		.stride = rig->width * 4,
		.width = rig->width,
		.height = rig->height,
		.release = on_release,
		.release_data = rig,
	};

	for (guint i = 0; i < 50; i++) {
		guint64 encode_ns;

		frame.time_ns = g_get_monotonic_time() * 1000;
		media_push(rig->media, &frame, &encode_ns);
	}
	return NULL;
}

/* Several threads push at once: every picture is encoded or dropped, and let go of once. */
static void test_crowd(void)
{
	struct rig *rig = rig_new(640, 480, 0);
	struct media_figures figures;
	GThread *threads[4];

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("push", push_many, rig);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	media_get_figures(rig->media, &figures);
	g_assert_cmpuint(figures.frames_in, ==, 200);
	g_assert_cmpuint(figures.frames_encoded + figures.frames_dropped, ==, 200);
	g_assert_cmpuint(figures.frames_encoded, >=, 50);
	g_assert_cmpint(rig->releases, ==, 200);
	rig_free(rig);
}

static void test_encoder_unknown(void)
{
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	struct media_config config = {.encoder = "nonesuch", .sink_address = loopback};
	g_autoptr(GError) error = NULL;
	g_autoptr(Media) media = media_new(loopback, &error);
	struct media_frame frame = {.pixels = "", .size = 1};
	guint64 encode_ns;

	g_assert_no_error(error);
	g_assert_false(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN);
	g_assert_null(media_encoder(media));
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_NOT_STREAMING);
}

static void test_no_descriptors(void)
{
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	int free_fd = dup(0);
	struct rlimit before, now;

	g_assert_cmpint(free_fd, >=, 0);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
	/* For none of the two sockets, then for one. */
	for (guint n = 0; n < 2; n++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Media) media = NULL;

		now = (struct rlimit){.rlim_cur = free_fd + n, .rlim_max = before.rlim_max};
		g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
		if (n == 0)
			close(free_fd);
		media = media_new(loopback, &error);
		g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
		g_assert_null(media);
		g_assert_error(error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	g_test_add_func("/wfd/media/stream", test_stream);
	g_test_add_func("/wfd/media/transport-stream", test_transport_stream);
	g_test_add_func("/wfd/media/keyframe", test_keyframe);
	g_test_add_func("/wfd/media/pause", test_pause);
	g_test_add_func("/wfd/media/scale", test_scale);
	g_test_add_func("/wfd/media/stride", test_stride);
	g_test_add_func("/wfd/media/crowd", test_crowd);
	g_test_add_func("/wfd/media/encoder-unknown", test_encoder_unknown);
	g_test_add_func("/wfd/media/no-descriptors", test_no_descriptors);
	return g_test_run();
}
