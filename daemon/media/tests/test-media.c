// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures pushed into the media, received over loopback by an independent GStreamer pipeline,
 * decoded and compared. Time limits are guards against hanging, not measures.
 */
#include "media.h"
#include "rtp-pair.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define GUARD (30 * G_TIME_SPAN_SECOND)

static const MediaFormat vga = {.width = 640, .height = 480, .fps = 60, .level = "3.1"};
static const MediaFormat hd = {.width = 1280, .height = 720, .fps = 30, .level = "3.1"};

typedef struct {
	Media *media;
	GstElement *receiver;
	GstElement *sink; /* decoded pictures */
	GMainLoop *loop;
	GThread *thread;
	guint width, height;
	guint8 *pixels;
	GByteArray
		*ts; /* transport stream as received; probe's thread only until rig_listen_off() */
	gint releases;
	gint errors; /* told; none is expected unless errors_expected */
	gboolean errors_expected;
} MediaRig;

static void on_error(const char *message, gpointer user_data)
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
	g_assert_cmpuint(map.size, >, 12);
	g_assert_cmphex(map.data[0] >> 6, ==, 2);
	g_assert_cmpuint(map.data[1] & 0x7f, ==, 33);
	g_assert_cmpuint((map.size - 12) % 188, ==, 0);
	g_assert_cmpuint(map.size, <=, 1400);
	g_byte_array_append(rig->ts, map.data + 12, map.size - 12);
	gst_buffer_unmap(buffer, &map);
	return GST_PAD_PROBE_OK;
}

/*
 * An encoder of a graphics card, named as one: x264enc with the properties and the faults of that
 * one. It writes times as the one of GStreamer 1.22 does, counting frames of the mode's rate.
 */
static struct {
	gboolean broken; /* has no device */
	gint blocked; /* takes a picture and does not come back */
	gint cpb_size;
	guint kbit;
	guint64 frames;
	GstClockTime first;
} card;

typedef struct {
	GstBin parent;
} MediaCardEncoder;
typedef GstBinClass MediaCardEncoderClass;

GType card_encoder_get_type(void);
G_DEFINE_TYPE(MediaCardEncoder, card_encoder, GST_TYPE_BIN)

static GstPadProbeReturn card_take(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	while (g_atomic_int_get(&card.blocked))
		g_usleep(1000);
	return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn card_give(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));

	if (!card.frames)
		card.first = GST_BUFFER_PTS(buffer);
	GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) =
		card.first + card.frames++ * GST_SECOND / 60;
	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	return GST_PAD_PROBE_OK;
}

static void card_encoder_init(MediaCardEncoder *self)
{
	GstElement *inner = gst_element_factory_make("x264enc", "inner");
	g_autoptr(GstPad) sink = gst_element_get_static_pad(inner, "sink");
	g_autoptr(GstPad) src = gst_element_get_static_pad(inner, "src");

	gst_util_set_object_arg(G_OBJECT(inner), "tune", "zerolatency");
	gst_util_set_object_arg(G_OBJECT(inner), "speed-preset", "ultrafast");
	gst_bin_add(GST_BIN(self), inner);
	gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, card_take, NULL, NULL);
	gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER, card_give, NULL, NULL);
	gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new("sink", sink));
	gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new("src", src));
}

static void card_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	if (g_str_equal(spec->name, "cpb-size"))
		card.cpb_size = g_value_get_uint(value);
	if (g_str_equal(spec->name, "bitrate"))
		card.kbit = g_value_get_uint(value);
}

static GstStateChangeReturn card_change_state(GstElement *element, GstStateChange change)
{
	if (card.broken && change == GST_STATE_CHANGE_NULL_TO_READY)
		return GST_STATE_CHANGE_FAILURE;
	return GST_ELEMENT_CLASS(card_encoder_parent_class)->change_state(element, change);
}

static void card_encoder_class_init(MediaCardEncoderClass *class)
{
	static const char *const numbers[] = {"bitrate", "key-int-max", "cpb-size", "b-frames",
					      "ref-frames"};
	GObjectClass *object_class = G_OBJECT_CLASS(class);
	guint id = 1;

	object_class->set_property = card_set_property;
	GST_ELEMENT_CLASS(class)->change_state = card_change_state;
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
		g_object_class_install_property(object_class, id++,
						g_param_spec_uint(numbers[i], NULL, NULL, 0,
								  G_MAXUINT, 0, G_PARAM_WRITABLE));
	g_object_class_install_property(object_class, id++,
					g_param_spec_string("rate-control", NULL, NULL, NULL,
							    G_PARAM_WRITABLE));
	g_object_class_install_property(object_class, id++,
					g_param_spec_string("extra-controls", NULL, NULL, NULL,
							    G_PARAM_WRITABLE));
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "card", "Codec/Encoder",
					      "stands in for hardware", "the test");
}

static gpointer run_loop(gpointer user_data)
{
	MediaRig *rig = user_data;

	g_main_context_push_thread_default(g_main_loop_get_context(rig->loop));
	g_main_loop_run(rig->loop);
	g_main_context_pop_thread_default(g_main_loop_get_context(rig->loop));
	return NULL;
}

/* @encoder: NULL for the best that works. */
static MediaRig *rig_new_with(guint width, guint height, const MediaFormat *format,
			      const char *encoder)
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
	rig->ts = g_byte_array_new();
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
	g_assert_true(media_start(rig->media, &config, context, on_error, rig, &error));
	g_assert_no_error(error);
	g_assert_nonnull(media_encoder(rig->media));
	rig->loop = g_main_loop_new(context, FALSE);
	rig->thread = g_thread_new("media-loop", run_loop, rig);
	return rig;
}

static MediaRig *rig_new(guint width, guint height, const MediaFormat *format)
{
	return rig_new_with(width, height, format, NULL);
}

static gboolean quit(gpointer user_data)
{
	g_main_loop_quit(user_data);
	return G_SOURCE_REMOVE;
}

static void rig_free(MediaRig *rig)
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
	MediaRig *rig = user_data;

	g_atomic_int_inc(&rig->releases);
}

/* From here on rig->ts does not change. */
static void rig_listen_off(MediaRig *rig)
{
	gst_element_set_state(rig->receiver, GST_STATE_NULL);
}

/* A smooth picture with a bright bar at @x. */
static void draw(MediaRig *rig, guint x)
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

static MediaOutcome push_at(MediaRig *rig, gint64 time_ns)
{
	MediaFrame frame = {
		.pixels = rig->pixels,
		.stride = rig->width * 4,
		.width = rig->width,
		.height = rig->height,
		.time_ns = time_ns,
		.release = on_release,
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

static MediaOutcome push(MediaRig *rig)
{
	return push_at(rig, g_get_monotonic_time() * 1000);
}

static GstSample *pull(MediaRig *rig)
{
	GstSample *sample =
		gst_app_sink_try_pull_sample(GST_APP_SINK(rig->sink), GUARD * GST_USECOND);

	if (!sample)
		g_error("no picture came");
	return sample;
}

/* The decoded pixel at @x, @y as blue, green, red; by the formula, as GStreamer's is not exact. */
static void decoded_pixel(const GstVideoFrame *frame, guint x, guint y, double *bgr)
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

static void map_sample(GstSample *sample, GstVideoFrame *frame)
{
	GstVideoInfo info;

	g_assert_true(gst_video_info_from_caps(&info, gst_sample_get_caps(sample)));
	g_assert_true(
		gst_video_frame_map(frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ));
}

/* Of a decoded picture against what was last drawn, in decibels. */
static double psnr(MediaRig *rig, GstSample *sample)
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

/* What M4 says: each picture is one slice. Such a slice begins with macroblock 0, coded "1". */
static void assert_whole_slices(MediaRig *rig)
{
	g_autoptr(GByteArray) stream = g_byte_array_new();
	guint slices = 0;

	for (guint i = 0; i + 188 <= rig->ts->len; i += 188) {
		const guint8 *packet = rig->ts->data + i;
		guint payload = packet[3] & 0x20 ? 5 + packet[4] : 4;

		if (((packet[1] & 0x1f) << 8 | packet[2]) == 0x1011)
			g_byte_array_append(stream, packet + payload, 188 - payload);
	}
	for (guint i = 0; i + 5 <= stream->len; i++) {
		const guint8 *nal = stream->data + i;
		guint type = nal[3] & 0x1f;

		if (nal[0] || nal[1] || nal[2] != 1 || (type != 1 && type != 5))
			continue;
		g_assert_cmphex(nal[4] & 0x80, ==, 0x80);
		slices++;
	}
	g_assert_cmpuint(slices, >=, 20);
}

/* Pictures get through and are the ones that were pushed. */
static void test_stream(void)
{
	MediaRig *rig = rig_new(1280, 720, &hd);
	MediaStatistics statistics;
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
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.frames_in, ==, 30);
	g_assert_cmpuint(statistics.frames_encoded, ==, 30);
	g_assert_cmpuint(statistics.frames_dropped, ==, 0);
	g_assert_cmpuint(statistics.keyframes, >=, 1);
	g_assert_cmpuint(statistics.packets, >=, 30);
	g_assert_cmpuint(statistics.encoded_bytes, >, 0);
	g_assert_cmpuint(statistics.encode_ns, >, 0);
	rig_listen_off(rig);
	assert_whole_slices(rig);
	rig_free(rig);
}

/* A sink that plays before the compositor draws sees black, and then what was drawn meanwhile. */
static void test_black(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
	gint64 drawn = g_get_monotonic_time() * 1000;
	g_autoptr(GstSample) sample = NULL;
	MediaStatistics statistics;

	media_set_playing(rig->media, TRUE);
	memset(rig->pixels, 0, rig->width * rig->height * 4);
	sample = pull(rig);
	g_assert_cmpfloat(psnr(rig, sample), >=, 50);
	draw(rig, 100);
	g_assert_cmpint(push_at(rig, drawn), ==, MEDIA_ENCODED);
	do {
		gst_sample_unref(sample);
		sample = pull(rig);
	} while (psnr(rig, sample) < 30);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.frames_in, ==, 1);
	g_assert_cmpuint(statistics.frames_encoded, ==, 1);
	rig_free(rig);
}

/* Greys stay grey, and as bright as they were. */
static void test_greys(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
	g_autoptr(GstSample) sample = NULL;
	GstVideoFrame frame;
	double bgr[3];

	media_set_playing(rig->media, TRUE);
	/* Sixteen bars, black to white. */
	for (guint i = 0; i < rig->width * rig->height; i++)
		memset(rig->pixels + i * 4, i % rig->width / 40 * 17, 4);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	sample = pull(rig);
	map_sample(sample, &frame);
	for (guint bar = 0; bar < 16; bar++) {
		decoded_pixel(&frame, bar * 40 + 20, rig->height / 2, bgr);
		for (guint i = 0; i < 3; i++)
			g_assert_cmpfloat_with_epsilon(bgr[i], bar * 17, 2);
	}
	gst_video_frame_unmap(&frame);
	rig_free(rig);
}

/* PAT and PMT: the program's map on 0x0100, H.264 on 0x1011. */
static void test_transport_stream(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
	gboolean pat = FALSE, pmt = FALSE, video = FALSE;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	gst_sample_unref(pull(rig));
	rig_listen_off(rig);
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

static guint64 keyframes(MediaRig *rig)
{
	MediaStatistics statistics;

	media_get_statistics(rig->media, &statistics);
	return statistics.keyframes;
}

static void test_keyframe(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
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
	MediaRig *rig = rig_new(640, 480, &vga);
	g_autoptr(GstSample) sample = NULL;
	MediaStatistics statistics;

	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_NOT_STREAMING);
	draw(rig, 300);
	g_assert_cmpint(push(rig), ==, MEDIA_NOT_STREAMING);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.packets, ==, 0);
	media_set_playing(rig->media, TRUE);
	sample = pull(rig);
	g_assert_cmpfloat(psnr(rig, sample), >=, 25);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.keyframes, >=, 1);
	g_assert_cmpuint(statistics.frames_encoded, ==, 0);
	media_set_playing(rig->media, FALSE);
	g_assert_cmpint(push(rig), ==, MEDIA_NOT_STREAMING);
	rig_free(rig);
}

/* A picture of another size than the mode's is scaled to it. */
static void test_scale(void)
{
	MediaRig *rig = rig_new(800, 600, &vga);
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
	MediaRig *rig = rig_new(640, 480, &vga);
	gsize stride = 640 * 4 + 52;
	g_autofree guint8 *pixels = g_malloc(stride * 479 + 640 * 4);
	g_autoptr(GstSample) sample = NULL;
	MediaFrame frame = {
		.pixels = pixels,
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

/* The times of the pictures in the transport stream, in 1/90000 s, and how many PATs came. */
static GArray *picture_times(const GByteArray *ts, guint *pats)
{
	GArray *times = g_array_new(FALSE, FALSE, sizeof(gint64));

	*pats = 0;
	for (guint i = 0; i + 188 <= ts->len; i += 188) {
		const guint8 *packet = ts->data + i;
		guint pid = (packet[1] & 0x1f) << 8 | packet[2];
		const guint8 *pes = packet + (packet[3] & 0x20 ? 5 + packet[4] : 4);
		gint64 time;

		*pats += pid == 0;
		/* The beginning of a packet of H.264, with a time. */
		if (pid != 0x1011 || !(packet[1] & 0x40) || !(pes[7] & 0x80))
			continue;
		time = (gint64)(pes[9] >> 1 & 7) << 30 | pes[10] << 22 | (pes[11] >> 1) << 15 |
		       pes[12] << 7 | pes[13] >> 1;
		g_array_append_val(times, time);
	}
	return times;
}

/* The stream's times are the pictures', whatever the encoder makes of them. */
static void check_times(const char *encoder)
{
	MediaRig *rig = rig_new_with(640, 480, &vga, encoder);
	gint64 begin = g_get_monotonic_time() * 1000;
	g_autoptr(GArray) times = NULL;
	guint pats, found = 0;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	for (guint i = 0; i < 5; i++)
		g_assert_cmpint(push_at(rig, begin + i * 10 * GST_SECOND), ==, MEDIA_ENCODED);
	/* These and repeats. */
	for (guint i = 0; i < 20; i++)
		gst_sample_unref(pull(rig));
	rig_listen_off(rig);
	times = picture_times(rig->ts, &pats);
	g_assert_cmpuint(times->len, >=, 5);
	/* A repeat that comes between is a millisecond behind, as its own time has gone by. */
	for (guint i = 0; i < times->len && found < 5; i++) {
		gint64 since = g_array_index(times, gint64, i) - g_array_index(times, gint64, 0);

		found += ABS(since - found * 10 * 90000) <= 2;
	}
	g_assert_cmpuint(found, ==, 5);
	rig_free(rig);
}

static void test_times(void)
{
	check_times("x264enc");
	card.broken = FALSE;
	card.frames = 0;
	check_times("vah264enc");
	/* The sink's buffer holds half a second. */
	g_assert_cmpuint(card.kbit, >, 0);
	g_assert_cmpuint(card.cpb_size, ==, (card.kbit + 1) / 2);
	card.broken = TRUE;
}

/* A picture that stands still is repeated, each time with the tables, so often that clocks go on. */
static void test_still(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
	gint64 least = G_MAXINT64;
	MediaStatistics statistics;
	g_autoptr(GArray) times = NULL;
	guint pats;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	for (guint i = 0; i < 12; i++)
		gst_sample_unref(pull(rig));
	rig_listen_off(rig);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.frames_repeated, >=, 11);
	times = picture_times(rig->ts, &pats);
	g_assert_cmpuint(pats, >=, 12);
	/* The quickest of them, as the machine may be slow. */
	for (guint i = 1; i < times->len; i++)
		least = MIN(least,
			    g_array_index(times, gint64, i) - g_array_index(times, gint64, i - 1));
	g_assert_cmpint(least, <, 90000 / 4);
	rig_free(rig);
}

static gboolean count(gpointer user_data)
{
	g_atomic_int_inc((gint *)user_data);
	return G_SOURCE_REMOVE;
}

/* An encoder that hangs takes nobody with it, and is told. */
static void test_stuck(void)
{
	gint64 end = g_get_monotonic_time() + GUARD;
	MediaRig *rig;
	gint counted = 0;

	card.broken = FALSE;
	rig = rig_new_with(640, 480, &vga, "vah264enc");
	rig->errors_expected = TRUE;
	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	g_atomic_int_set(&card.blocked, TRUE);
	media_force_keyframe(rig->media);
	g_assert_cmpint(push(rig), ==, MEDIA_DROPPED);
	while (!g_atomic_int_get(&rig->errors) && g_get_monotonic_time() < end)
		g_usleep(10000);
	g_assert_cmpint(g_atomic_int_get(&rig->errors), ==, 1);
	g_main_context_invoke(g_main_loop_get_context(rig->loop), count, &counted);
	while (!g_atomic_int_get(&counted) && g_get_monotonic_time() < end)
		g_usleep(10000);
	g_assert_cmpint(g_atomic_int_get(&counted), ==, 1);
	g_atomic_int_set(&card.blocked, FALSE);
	rig_free(rig);
	card.broken = TRUE;
}

static gpointer push_many(gpointer user_data)
{
	MediaRig *rig = user_data;
	MediaFrame frame = {
		.pixels = rig->pixels,
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
	MediaRig *rig = rig_new(640, 480, &vga);
	MediaStatistics statistics;
	GThread *threads[4];

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("push", push_many, rig);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.frames_in, ==, 200);
	g_assert_cmpuint(statistics.frames_encoded + statistics.frames_dropped, ==, 200);
	g_assert_cmpuint(statistics.frames_encoded, >=, 50);
	g_assert_cmpint(rig->releases, ==, 200);
	rig_free(rig);
}

static Media *media_unconnected(void)
{
	int rtp, rtcp;

	rtp_pair_open(&rtp, &rtcp);
	return media_new(rtp, rtcp, NULL);
}

static void test_encoder_unknown(void)
{
	MediaConfig config = {
		.encoder = "nonesuch",
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Media) media = media_unconnected();
	MediaFrame frame = {.pixels = ""};
	guint64 encode_ns;

	g_assert_false(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN);
	g_assert_null(media_encoder(media));
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_NOT_STREAMING);
}

static void test_choice(void)
{
	MediaConfig config = {
		.format = {.width = 1920, .height = 1080, .fps = 60, .level = "4.2"},
		.kbit = 10000,
	};
	guint64 software = 1280 * 720 * 30, card_rate = 1920 * 1080 * 30;
	g_autoptr(Media) media = media_unconnected();
	g_autoptr(GError) error = NULL;
	guint major, minor, micro, nano;

	/* What is installed but does not work has no say. */
	card.broken = TRUE;
	g_assert_cmpuint(media_max_pixel_rate(NULL), ==, software);
	g_assert_cmpuint(media_max_pixel_rate("vah264enc"), ==, software);
	g_assert_cmpuint(media_max_pixel_rate("x264enc"), ==, software);
	/* Nobody asked for a mode that is too much for what there is. */
	g_assert_false(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE);
	g_clear_error(&error);
	config.encoder = "vaapih264enc";
	g_assert_false(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_nonnull(strstr(error->message, "vaapih264enc is not installed"));

	card.broken = FALSE;
	gst_version(&major, &minor, &micro, &nano);
	g_assert_cmpuint(media_max_pixel_rate("vah264enc"), ==, 0);
	g_assert_cmpuint(media_max_pixel_rate("v4l2h264enc"), ==, card_rate);
	g_assert_cmpuint(media_max_pixel_rate(NULL), ==, minor >= 24 ? 0 : card_rate);
	config.encoder = NULL;
	config.mode_asked = TRUE;
	g_clear_error(&error);
	card.broken = TRUE;
	g_assert_true(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_cmpstr(media_encoder(media), ==, "x264enc");
}

static void test_no_socket(void)
{
	g_autoptr(GError) error = NULL;
	int ends[2];

	g_assert_no_errno(pipe(ends));
	g_assert_null(media_new(ends[0], ends[1], &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	gst_element_register(NULL, "vah264enc", GST_RANK_NONE, card_encoder_get_type());
	gst_element_register(NULL, "v4l2h264enc", GST_RANK_NONE, card_encoder_get_type());
	card.broken = TRUE;
	g_test_add_func("/media/stream", test_stream);
	g_test_add_func("/media/black", test_black);
	g_test_add_func("/media/greys", test_greys);
	g_test_add_func("/media/transport-stream", test_transport_stream);
	g_test_add_func("/media/times", test_times);
	g_test_add_func("/media/still", test_still);
	g_test_add_func("/media/stuck", test_stuck);
	g_test_add_func("/media/choice", test_choice);
	g_test_add_func("/media/keyframe", test_keyframe);
	g_test_add_func("/media/pause", test_pause);
	g_test_add_func("/media/scale", test_scale);
	g_test_add_func("/media/stride", test_stride);
	g_test_add_func("/media/crowd", test_crowd);
	g_test_add_func("/media/encoder-unknown", test_encoder_unknown);
	g_test_add_func("/media/no-socket", test_no_socket);
	return g_test_run();
}
