// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-rig.h"

#include "rtp-pair.h"

#include <gst/app/gstappsink.h>
#include <math.h>
#include <sys/socket.h>

const MediaFormat rig_vga = {.width = 640, .height = 480, .fps = 60, .level = "3.1"};
const MediaFormat rig_hd = {.width = 1280, .height = 720, .fps = 30, .level = "3.1"};

void rig_on_error(const char *message, gpointer user_data)
{
	MediaRig *rig = user_data;

	if (!rig || !rig->errors_expected)
		g_error("stream broke: %s", message);
	g_atomic_int_inc(&rig->errors);
}

static GstPadProbeReturn on_rtp(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	GstMapInfo map;
	GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
	MediaRig *rig = user_data;

	gst_buffer_map(buffer, &map, GST_MAP_READ);
	g_ptr_array_add(rig->datagrams, g_bytes_new(map.data, map.size));
	gst_buffer_unmap(buffer, &map);
	return GST_PAD_PROBE_OK;
}

static gpointer run_loop(gpointer user_data)
{
	MediaRig *rig = user_data;

	g_main_context_push_thread_default(g_main_loop_get_context(rig->loop));
	g_main_loop_run(rig->loop);
	g_main_context_pop_thread_default(g_main_loop_get_context(rig->loop));
	return NULL;
}

MediaRig *rig_new_with(guint width, guint height, const MediaFormat *format, const char *encoder)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GstElement) source = NULL;
	g_autoptr(GstPad) pad = NULL;
	MediaConfig config = {
		.format = *format,
		.encoder = encoder,
	};
	MediaRig *rig = g_new0(MediaRig, 1);
	GError *error = NULL;
	int rtp, rtcp, port;

	rig->width = width;
	rig->height = height;
	rig->pixels = g_malloc(width * height * 4);
	rig->datagrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	rig->receiver = gst_parse_launch("udpsrc name=src address=127.0.0.1 port=0 "
					 "buffer-size=1000000 "
					 "caps=\"application/x-rtp,media=video,clock-rate=90000,"
					 "encoding-name=MP2T,payload=33\" "
					 "! rtpmp2tdepay ! tsdemux ! h264parse ! avdec_h264 "
					 "! video/x-raw,format=I420 "
					 "! appsink name=sink sync=false max-buffers=1000",
					 &error);
	g_assert_no_error(error);
	rig->sink = gst_bin_get_by_name(GST_BIN(rig->receiver), "sink");
	source = gst_bin_get_by_name(GST_BIN(rig->receiver), "src");
	pad = gst_element_get_static_pad(source, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_rtp, rig, NULL);
	gst_element_set_state(rig->receiver, GST_STATE_PLAYING);
	g_object_get(source, "port", &port, NULL);

	config.kbit = media_default_kbit(format->width, format->height, format->fps);
	rtp_pair_open(&rtp, &rtcp);
	rtp_pair_connect(rtp, port);
	rig->media = media_new(rtp, rtcp, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(media_local_port(rig->media) % 2, ==, 0);
	g_assert_true(media_start(rig->media, &config, context, rig_on_error, rig, &error));
	g_assert_no_error(error);
	g_assert_nonnull(media_encoder(rig->media));
	rig->loop = g_main_loop_new(context, FALSE);
	rig->thread = g_thread_new("media-loop", run_loop, rig);
	return rig;
}

MediaRig *rig_new(guint width, guint height, const MediaFormat *format)
{
	return rig_new_with(width, height, format, NULL);
}

static gboolean quit(gpointer user_data)
{
	g_main_loop_quit(user_data);
	return G_SOURCE_REMOVE;
}

void rig_free(MediaRig *rig)
{
	g_main_context_invoke(g_main_loop_get_context(rig->loop), quit, rig->loop);
	g_thread_join(rig->thread);
	media_free(rig->media);
	gst_element_set_state(rig->receiver, GST_STATE_NULL);
	gst_object_unref(rig->sink);
	gst_object_unref(rig->receiver);
	g_main_loop_unref(rig->loop);
	g_ptr_array_unref(rig->datagrams);
	g_free(rig->pixels);
	g_free(rig);
}

void rig_on_release(gpointer user_data)
{
	MediaRig *rig = user_data;

	g_atomic_int_inc(&rig->releases);
}

void rig_listen_off(MediaRig *rig)
{
	gst_element_set_state(rig->receiver, GST_STATE_NULL);
}

void rig_draw(MediaRig *rig, guint x)
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

MediaOutcome rig_push_at(MediaRig *rig, gint64 time_ns)
{
	MediaFrame frame = {
		.pixels = rig->pixels,
		.stride = rig->width * 4,
		.width = rig->width,
		.height = rig->height,
		.time_ns = time_ns,
		.color = rig->color,
		.release = rig_on_release,
		.release_data = rig,
	};
	gint before = g_atomic_int_get(&rig->releases);
	MediaOutcome outcome;
	guint64 encode_ns;

	outcome = media_push(rig->media, &frame, &encode_ns);
	g_assert_cmpint(g_atomic_int_get(&rig->releases), ==, before + 1);
	g_assert_true((encode_ns > 0) == (outcome == MEDIA_ENCODED));
	return outcome;
}

MediaOutcome rig_push(MediaRig *rig)
{
	return rig_push_at(rig, g_get_monotonic_time() * 1000);
}

GstSample *rig_pull(MediaRig *rig)
{
	GstSample *sample =
		gst_app_sink_try_pull_sample(GST_APP_SINK(rig->sink), RIG_GUARD * GST_USECOND);

	if (!sample)
		g_error("no picture came");
	return sample;
}

void decoded_pixel(const GstVideoFrame *frame, guint x, guint y, double *bgr)
{
	const guint8 *planes[3];
	double kr, kb, luma, u, v;

	g_assert_true(gst_video_color_matrix_get_Kr_Kb(frame->info.colorimetry.matrix, &kr, &kb));
	for (guint i = 0; i < 3; i++)
		planes[i] = (const guint8 *)GST_VIDEO_FRAME_COMP_DATA(frame, i) +
			    (i ? y / 2 : y) * GST_VIDEO_FRAME_COMP_STRIDE(frame, i) +
			    (i ? x / 2 : x);
	luma = (*planes[0] - 16) * 255 / 219.0;
	u = (*planes[1] - 128) * 255 / 112.0 * (1 - kb);
	v = (*planes[2] - 128) * 255 / 112.0 * (1 - kr);
	bgr[0] = luma + u;
	bgr[1] = luma - (kb * u + kr * v) / (1 - kr - kb);
	bgr[2] = luma + v;
}

void map_sample(GstSample *sample, GstVideoFrame *frame)
{
	GstVideoInfo info;

	g_assert_true(gst_video_info_from_caps(&info, gst_sample_get_caps(sample)));
	g_assert_true(
		gst_video_frame_map(frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ));
}

double rig_psnr(MediaRig *rig, GstSample *sample)
{
	GstVideoFrame frame;
	double sum = 0;

	map_sample(sample, &frame);
	g_assert_cmpint(GST_VIDEO_FRAME_WIDTH(&frame), ==, rig->width);
	g_assert_cmpint(GST_VIDEO_FRAME_HEIGHT(&frame), ==, rig->height);
	for (guint y = 0; y < rig->height; y++)
		for (guint x = 0; x < rig->width; x++) {
			double bgr[3];

			decoded_pixel(&frame, x, y, bgr);
			for (guint i = 0; i < 3; i++) {
				double drawn = rig->pixels[(y * rig->width + x) * 4 + i];

				sum += (bgr[i] - drawn) * (bgr[i] - drawn);
			}
		}
	gst_video_frame_unmap(&frame);
	return 10 * log10(255.0 * 255.0 / (sum / (rig->width * rig->height * 3) + 1e-9));
}

guint64 rig_keyframes(MediaRig *rig)
{
	MediaStatistics statistics;

	media_get_statistics(rig->media, &statistics);
	return statistics.keyframes;
}

void rig_wait_for_keyframes(MediaRig *rig, guint64 n)
{
	gint64 end = g_get_monotonic_time() + RIG_GUARD;

	while (rig_keyframes(rig) < n && g_get_monotonic_time() < end)
		g_usleep(10000);
	g_assert_cmpuint(rig_keyframes(rig), >=, n);
}

Media *media_unconnected(void)
{
	int rtp, rtcp;

	rtp_pair_open(&rtp, &rtcp);
	return media_new(rtp, rtcp, NULL);
}

Media *media_paired(const MediaConfig *config, GMainContext *context, int rtp[2], int rtcp[2])
{
	Media *media;

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtp));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtcp));
	media = media_new(rtp[0], rtcp[0], NULL);
	g_assert_true(media_start(media, config, context, rig_on_error, NULL, NULL));
	media_set_playing(media, TRUE);
	return media;
}
