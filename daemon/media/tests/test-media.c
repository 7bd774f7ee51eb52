// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures pushed into the media, received over loopback by an independent GStreamer pipeline,
 * decoded and compared. Time limits are guards against hanging, not measures.
 */
#include "media-packetizer.h"
#include "media-pipeline.h"
#include "media.h"
#include "rtp-pair.h"
#include "ts-checker.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
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
	MediaColor *color; /* of the pictures that are pushed */
	GPtrArray *datagrams; /* as received; probe's thread only until rig_listen_off() */
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
	g_ptr_array_add(rig->datagrams, g_bytes_new(map.data, map.size));
	gst_buffer_unmap(buffer, &map);
	return GST_PAD_PROBE_OK;
}

/*
 * An encoder of a graphics card, named as one: x264enc with the properties and the faults of that
 * one. It writes times as the one of GStreamer 1.22 does, counting frames of the mode's rate.
 */
typedef enum {
	CARD_WORKS,
	CARD_DOES_NOT_PLAY, /* has a device, and no context can be made */
	CARD_FAILS_AT_PICTURE,
} CardFault;

static struct {
	gboolean broken; /* has no device */
	CardFault fault;
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
	if (card.fault != CARD_FAILS_AT_PICTURE)
		return GST_PAD_PROBE_OK;
	GST_ELEMENT_ERROR(GST_PAD_PARENT(pad), LIBRARY, ENCODE, ("no surface"), (NULL));
	gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
	GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_ERROR;
	return GST_PAD_PROBE_HANDLED;
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
	if (change == GST_STATE_CHANGE_READY_TO_PAUSED)
		card.frames = 0;
	if (card.fault == CARD_DOES_NOT_PLAY && change == GST_STATE_CHANGE_READY_TO_PAUSED)
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
	g_ptr_array_unref(rig->datagrams);
	g_free(rig->pixels);
	g_free(rig);
}

static void on_release(gpointer user_data)
{
	MediaRig *rig = user_data;

	g_atomic_int_inc(&rig->releases);
}

/* From here on rig->datagrams does not change. */
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
		.color = rig->color,
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
	g_autoptr(TsChecker) checker = ts_checker_new();
	guint slices = 0;

	for (guint n = 0; n < rig->datagrams->len; n++) {
		GBytes *datagram = rig->datagrams->pdata[n];
		guint pictures = checker->pictures;
		gsize size;
		const guint8 *data = g_bytes_get_data(datagram, &size);

		ts_checker_datagram(checker, data, size);
		for (guint i = 0; checker->pictures > pictures && i + 5 <= checker->picture->len;
		     i++) {
			const guint8 *nal = checker->picture->data + i;
			guint type = nal[3] & 0x1f;

			if (nal[0] || nal[1] || nal[2] != 1 || (type != 1 && type != 5))
				continue;
			g_assert_cmphex(nal[4] & 0x80, ==, 0x80);
			slices++;
		}
	}
	g_assert_cmpuint(slices, ==, checker->pictures);
	g_assert_cmpuint(slices, >=, 20);
}

/* The profile and the constraints that the sequence parameter set of the first picture says. */
static guint said_profile(MediaRig *rig)
{
	g_autoptr(TsChecker) checker = ts_checker_new();

	for (guint n = 0; n < rig->datagrams->len && !checker->pictures; n++) {
		gsize size;
		const guint8 *data = g_bytes_get_data(rig->datagrams->pdata[n], &size);

		ts_checker_datagram(checker, data, size);
	}
	for (guint i = 0; i + 6 <= checker->picture->len; i++) {
		const guint8 *nal = checker->picture->data + i;

		if (!nal[0] && !nal[1] && nal[2] == 1 && (nal[3] & 0x1f) == 7)
			return nal[4] << 8 | nal[5];
	}
	return 0;
}

/* What M4 names, CBP or CHP, is what the stream says of itself; each is decoded. */
static void test_profiles(void)
{
	static const char *const encoders[] = {"x264enc", "openh264enc"};
	double best = 0;

	for (guint i = 0; i < G_N_ELEMENTS(encoders) * 2; i++) {
		MediaFormat format = vga;
		MediaRig *rig;
		guint profile;

		format.high_profile = i % 2;
		rig = rig_new_with(640, 480, &format, encoders[i / 2]);
		media_set_playing(rig->media, TRUE);
		draw(rig, 100);
		for (guint n = 0; n < 10; n++)
			g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
		for (best = 0; best < 30;) {
			g_autoptr(GstSample) sample = pull(rig);
			double likeness = psnr(rig, sample);

			best = MAX(best, likeness);
		}
		rig_listen_off(rig);
		profile = said_profile(rig);
		if (format.high_profile)
			g_assert_cmphex(profile & 0xff0c, ==, 0x640c);
		else
			g_assert_cmphex(profile & 0xff40, ==, 0x4240);
		rig_free(rig);
	}
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
		double likeness = psnr(rig, sample);

		best = MAX(best, likeness);
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

static guint64 keyframes(MediaRig *rig)
{
	MediaStatistics statistics;

	media_get_statistics(rig->media, &statistics);
	return statistics.keyframes;
}

static void wait_for_keyframes(MediaRig *rig, guint64 n)
{
	gint64 end = g_get_monotonic_time() + GUARD;

	while (keyframes(rig) < n && g_get_monotonic_time() < end)
		g_usleep(10000);
	g_assert_cmpuint(keyframes(rig), >=, n);
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
	g_usleep(G_USEC_PER_SEC / 2);
	media_force_keyframe(rig->media);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	g_assert_cmpuint(keyframes(rig), ==, before + 1);
	/* And without a new picture: the last one is sent again. */
	media_force_keyframe(rig->media);
	wait_for_keyframes(rig, before + 2);
	rig_free(rig);
}

/* Asked for every 50 ms: at most one in half a second, and the newest is not lost. */
static void test_keyframe_limit(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
	gint64 begin = g_get_monotonic_time();
	guint64 before;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	for (guint i = 0; i < 30; i++) {
		push(rig);
		media_force_keyframe(rig->media);
		g_usleep(50000);
	}
	before = keyframes(rig);
	g_assert_cmpuint(before, <=, 1 + (g_get_monotonic_time() - begin) / 500000);
	g_assert_cmpuint(before, >=, 2);
	media_force_keyframe(rig->media);
	wait_for_keyframes(rig, before + 1);
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

static gpointer push_one(gpointer rig)
{
	return GINT_TO_POINTER(push(rig));
}

/* PLAY comes while a picture is being converted that was pushed before: the stream begins with a keyframe. */
static void test_play_meanwhile(void)
{
	MediaRig *rig = rig_new(2560, 1440, &vga);
	MediaStatistics statistics = {0};
	GThread *thread;
	guint64 before;

	draw(rig, 0);
	media_set_playing(rig->media, TRUE);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	media_set_playing(rig->media, FALSE);
	before = keyframes(rig);
	thread = g_thread_new("push", push_one, rig);
	while (statistics.frames_in < 2)
		media_get_statistics(rig->media, &statistics);
	media_set_playing(rig->media, TRUE);
	g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, MEDIA_NOT_STREAMING);
	wait_for_keyframes(rig, before + 1);
	rig_free(rig);
}

/* Of a picture that was taken against what was last drawn, each pixel of it the middle one of some, in decibels. */
static double psnr_taken(const MediaRig *rig, const guint8 *pixels, guint width, guint height)
{
	guint step = rig->width / width;
	double error = 0;

	for (guint y = 0; y < height; y++)
		for (guint x = 0; x < width; x++) {
			const guint8 *drawn =
				rig->pixels +
				((y * step + step / 2) * rig->width + x * step + step / 2) * 4;

			for (guint i = 0; i < 3; i++) {
				double difference =
					(double)drawn[2 - i] - pixels[(y * width + x) * 3 + i];

				error += difference * difference;
			}
		}
	return 10 * log10(255.0 * 255 * width * height * 3 / MAX(error, 1));
}

static void assert_taken(MediaRig *rig, guint max_width, guint width, guint height)
{
	guint taken_width, taken_height;
	g_autofree guint8 *pixels =
		media_take_picture(rig->media, max_width, &taken_width, &taken_height);

	g_assert_nonnull(pixels);
	g_assert_cmpuint(taken_width, ==, width);
	g_assert_cmpuint(taken_height, ==, height);
	g_assert_cmpfloat(psnr_taken(rig, pixels, width, height), >=, 30);
}

/* What the sink is shown can be looked at, as large as it is and smaller, and only that. */
static void test_picture(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
	guint width, height;

	draw(rig, 100);
	g_assert_cmpint(push(rig), ==, MEDIA_NOT_STREAMING);
	g_assert_null(media_take_picture(rig->media, 0, &width, &height));
	media_set_playing(rig->media, TRUE);
	draw(rig, 300);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	assert_taken(rig, 0, 640, 480);
	assert_taken(rig, 2000, 640, 480);
	assert_taken(rig, 320, 320, 240);
	draw(rig, 20);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	assert_taken(rig, 213, 213, 160);
	media_set_playing(rig->media, FALSE);
	g_assert_null(media_take_picture(rig->media, 0, &width, &height));
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
	MediaRig *rig = rig_new_with(640, 480, &vga, encoder);
	g_autoptr(TsChecker) checker = ts_checker_new();
	g_autoptr(GArray) times = NULL;
	gint64 drawn[5];
	guint on_time = 0;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	for (guint i = 0; i < 5; i++) {
		drawn[i] = g_get_monotonic_time() * 1000;
		g_assert_cmpint(push_at(rig, drawn[i]), ==, MEDIA_ENCODED);
		g_usleep(200000);
	}
	/* These and repeats. */
	for (guint i = 0; i < 10; i++)
		gst_sample_unref(pull(rig));
	rig_listen_off(rig);
	times = picture_times(rig, checker);
	for (guint i = 0; i < 5; i++) {
		gboolean found = FALSE;

		/* Sent within half of the lead, or later, as the machine may be slow. */
		for (guint j = 0; j < times->len && !found; j++) {
			gint64 late_ns = g_array_index(times, gint64, j) * 100000 / 9 - drawn[i] -
					 MEDIA_LEAD_NS;

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
	MediaRig *rig = rig_new(640, 480, &vga);
	g_autoptr(TsChecker) checker = ts_checker_new();
	gint64 least = G_MAXINT64, most = 0;
	MediaStatistics statistics;
	g_autoptr(GArray) times = NULL;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	for (guint i = 0; i < 12; i++)
		gst_sample_unref(pull(rig));
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
	gint64 end = g_get_monotonic_time() + GUARD;
	g_autoptr(GError) error = NULL;
	MediaStatistics statistics;
	guint64 encode_ns;
	int rtp, rtcp;

	rtp_pair_open(&rtp, &rtcp);
	rtp_pair_connect(rtp, port);
	media = media_new(rtp, rtcp, NULL);
	g_assert_true(media_start(media, config, NULL, on_error, NULL, &error));
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
		.format = hd, .kbit = 20000, .fixed_rate = TRUE, .encoder = "x264enc"};
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
	MediaConfig config = {.format = vga, .kbit = 5000, .encoder = "x264enc"};
	MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	g_autoptr(TsChecker) checker = ts_checker_new();
	gint64 end = g_get_monotonic_time() + GUARD;
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
	g_assert_true(media_start(media, &config, NULL, on_error, NULL, NULL));
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
		.format = vga, .kbit = 5000, .encoder = "x264enc", .sender_reports = TRUE};
	const MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	guint8 receiver[32] = {0x81, 201, 0, 7, 0, 0, 0, 1, [12] = 64, 0, 0, 3, [23] = 90};
	gint64 end = g_get_monotonic_time() + GUARD;
	MediaStatistics statistics = {0};
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint8 report[200];
	guint64 encode_ns;
	gssize size;

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtp));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtcp));
	media = media_new(rtp[0], rtcp[0], NULL);
	/* The socket takes ten, and a network that takes no more is another test's. */
	packets = g_unix_fd_source_new(rtp[1], G_IO_IN);
	g_source_set_callback(packets, G_SOURCE_FUNC(on_packets), NULL, NULL);
	g_source_attach(packets, context);
	g_assert_true(media_start(media, &config, context, on_error, NULL, NULL));
	media_set_playing(media, TRUE);
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
	MediaConfig config = {.format = vga, .kbit = 5000, .encoder = "x264enc"};
	gint64 end = g_get_monotonic_time() + GUARD, time_ns = g_get_monotonic_time() * 1000;
	MediaStatistics statistics = {0};
	g_autoptr(Media) media = NULL;
	guint64 before, after;
	int rtp[2], rtcp[2];
	char packet[1500];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtp));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtcp));
	media = media_new(rtp[0], rtcp[0], NULL);
	g_assert_true(media_start(media, &config, context, on_error, NULL, NULL));
	media_set_playing(media, TRUE);
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

static void check_rate_of_fewer(const char *encoder)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	MediaConfig config = {.format = vga, .kbit = 150, .encoder = encoder};
	g_autofree guint8 *pixels = g_malloc0(640 * 480 * 4);
	MediaFrame frame = {.pixels = pixels, .stride = 640 * 4, .width = 640, .height = 480};
	MediaStatistics statistics;
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint64 encode_ns;
	gint64 begin;

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtp));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtcp));
	media = media_new(rtp[0], rtcp[0], NULL);
	g_assert_true(media_start(media, &config, context, on_error, NULL, NULL));
	media_set_playing(media, TRUE);
	media_get_statistics(media, &statistics);
	g_assert_cmpuint(statistics.fps, ==, 9);
	begin = g_get_monotonic_time();
	for (guint i = 0; i < 10; i++) {
		frame.time_ns = g_get_monotonic_time() * 1000;
		g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	}
	g_assert_cmpint(g_get_monotonic_time() - begin, >=, 9 * (G_USEC_PER_SEC / 9));
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
}

/* A rate that is too little for all pictures is for fewer of them; the first does not wait. */
static void test_rate_of_fewer(void)
{
	static const char *const encoders[] = {"x264enc", "openh264enc"};

	for (guint i = 0; i < G_N_ELEMENTS(encoders); i++)
		check_rate_of_fewer(encoders[i]);
}

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
		.format = vga, .kbit = 1000, .encoder = "x264enc", .sound_rate = 48000};
	gint64 end = g_get_monotonic_time() + GUARD;
	MediaStatistics statistics = {0};
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtp));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtcp));
	media = media_new(rtp[0], rtcp[0], NULL);
	g_assert_true(media_start(media, &config, context, on_error, NULL, NULL));
	media_set_playing(media, TRUE);
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

#define POINTER	       32
#define POINTER_COLOUR 0xff30d040u

static MediaCursorImage *pointer_image(void)
{
	guint32 pixels[POINTER * POINTER];

	for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = POINTER_COLOUR;
	return media_cursor_image_new(pixels, POINTER * 4, POINTER, POINTER);
}

static gboolean show_at(MediaRig *rig, MediaCursorImage *image, guint x, guint y)
{
	const MediaCursor cursor = {
		.image = image, .x = x, .y = y, .width = POINTER, .height = POINTER};

	return media_show_cursor(rig->media, &cursor);
}

/* Whether the middle of the pointer's place at @x, @y is @colour, or, if that is 0, what was drawn. */
static gboolean looks_like(MediaRig *rig, const GstVideoFrame *frame, guint x, guint y,
			   guint32 colour)
{
	double bgr[3];

	x += POINTER / 2;
	y += POINTER / 2;
	decoded_pixel(frame, x, y, bgr);
	for (guint i = 0; i < 3; i++) {
		guint8 wanted = colour ? colour >> 8 * i & 0xff
				       : rig->pixels[(y * rig->width + x) * 4 + i];

		if (fabs(bgr[i] - wanted) > 12)
			return FALSE;
	}
	return TRUE;
}

/* Waits for a picture with the pointer at @x, @y and not at the other place. */
static void expect_pointer(MediaRig *rig, guint x, guint y, guint32 colour, guint other_x,
			   guint other_y)
{
	gint64 end = g_get_monotonic_time() + GUARD;
	gboolean found = FALSE;

	while (!found && g_get_monotonic_time() < end) {
		g_autoptr(GstSample) sample = pull(rig);
		GstVideoFrame frame;

		map_sample(sample, &frame);
		found = looks_like(rig, &frame, x, y, colour) &&
			looks_like(rig, &frame, other_x, other_y, 0);
		gst_video_frame_unmap(&frame);
	}
	g_assert_true(found);
}

static gboolean is_near(const GstVideoFrame *frame, guint x, guint y, guint32 colour)
{
	double bgr[3];

	decoded_pixel(frame, x, y, bgr);
	for (guint i = 0; i < 3; i++)
		if (fabs(bgr[i] - (colour >> 8 * i & 0xff)) > 12)
			return FALSE;
	return TRUE;
}

/* Waits for a picture of one colour, with a pointer of another one at @x, @y. */
static void expect_colours(MediaRig *rig, guint32 colour, guint x, guint y, guint32 pointer)
{
	gint64 end = g_get_monotonic_time() + GUARD;
	gboolean found = FALSE;

	while (!found && g_get_monotonic_time() < end) {
		g_autoptr(GstSample) sample = pull(rig);
		GstVideoFrame frame;

		map_sample(sample, &frame);
		found = is_near(&frame, 40, 40, colour) &&
			is_near(&frame, x + POINTER / 2, y + POINTER / 2, pointer);
		gst_video_frame_unmap(&frame);
	}
	g_assert_true(found);
}

/* A pointer that moves is seen where it is, and no longer where it was; no picture is converted for it. */
static void test_cursor(void)
{
	MediaRig *rig = rig_new(640, 480, &vga);
	MediaCursorImage *image = pointer_image();
	MediaStatistics before, after;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	/* There is nothing to draw it on, but it is known when there is. */
	g_assert_false(show_at(rig, image, 500, 400));
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	expect_pointer(rig, 500, 400, POINTER_COLOUR, 100, 100);

	media_get_statistics(rig->media, &before);
	for (guint i = 0; i < 10; i++)
		g_assert_true(show_at(rig, image, 100 + 31 * i, 51 + 13 * i));
	media_get_statistics(rig->media, &after);
	g_assert_cmpuint(after.cursor_pictures, >=, before.cursor_pictures + 10);
	g_assert_cmpuint(after.frames_in, ==, before.frames_in);
	g_assert_cmpuint(after.converted_bytes - before.converted_bytes, <=,
			 10 * 6 * (POINTER + 6) * (POINTER + 2));
	expect_pointer(rig, 379, 168, POINTER_COLOUR, 348, 155);

	/* A picture of the compositor's has it, too, and when it goes nothing is left of it. */
	draw(rig, 200);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	expect_pointer(rig, 379, 168, POINTER_COLOUR, 500, 400);
	g_assert_true(show_at(rig, NULL, 0, 0));
	expect_pointer(rig, 379, 168, 0, 500, 400);

	/* Paused, nobody waits for it; it is there when the sink goes on. */
	media_set_playing(rig->media, FALSE);
	g_assert_false(show_at(rig, image, 20, 30));
	media_set_playing(rig->media, TRUE);
	expect_pointer(rig, 20, 30, POINTER_COLOUR, 379, 168);
	media_cursor_image_unref(image);
	rig_free(rig);
}

/* Where the picture is not as large as the mode, and an encoder keeps what it was given for a while. */
static void test_cursor_scaled(void)
{
	MediaRig *rig = rig_new(320, 240, &vga);
	MediaCursorImage *image = pointer_image();
	MediaStatistics statistics;

	media_set_playing(rig->media, TRUE);
	draw(rig, 0);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	for (guint i = 0; i < 10; i++)
		g_assert_true(show_at(rig, image, 10 * i, 10 * i));
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.cursor_pictures, >=, 10);
	media_cursor_image_unref(image);
	rig_free(rig);
}

/* Red and blue change places in the picture, in the pointer over it, and in what is looked at. */
static void test_coloured(void)
{
	const guint64 one = G_GUINT64_CONSTANT(1) << 32;
	const guint64 swap[9] = {0, 0, one, 0, one, 0, one, 0, 0};
	const MediaColorSteps steps = {.matrix = swap};
	const guint32 drawn = 0x2040e0, swapped = 0xe04020;
	MediaRig *rig = rig_new(640, 480, &vga);
	MediaCursorImage *image = pointer_image();
	g_autofree guint8 *taken = NULL;
	guint width, height;

	media_set_playing(rig->media, TRUE);
	for (guint i = 0; i < rig->width * rig->height; i++)
		memcpy(rig->pixels + 4 * i, &drawn, 4);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	g_assert_true(show_at(rig, image, 200, 100));
	expect_colours(rig, drawn, 200, 100, POINTER_COLOUR);

	rig->color = media_color_new(&steps);
	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	g_clear_pointer(&rig->color, media_color_unref);
	expect_colours(rig, swapped, 200, 100, 0x40d030);
	taken = media_take_picture(rig->media, 0, &width, &height);
	g_assert_cmpint(ABS(taken[0] - 0xe0), <, 8);
	g_assert_cmpint(ABS(taken[2] - 0x20), <, 8);
	/* Moved, it is in the colours of the picture that it is over. */
	g_assert_true(show_at(rig, image, 300, 211));
	expect_colours(rig, swapped, 300, 211, 0x40d030);

	g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
	expect_colours(rig, drawn, 300, 211, POINTER_COLOUR);
	media_cursor_image_unref(image);
	rig_free(rig);
}

#define MOVES 500

/* CPU time of this process, microseconds. */
static gint64 cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* As a compositor does it, into a picture of 1280 by 720; with no colour, takes it off again. */
static void paint(guint32 *pixels, guint32 colour, guint x, guint y, guint32 *under)
{
	for (guint row = 0; row < POINTER; row++)
		for (guint column = 0; column < POINTER; column++) {
			guint32 *pixel = &pixels[(y + row) * 1280 + x + column];
			guint32 *kept = &under[row * POINTER + column];

			if (colour)
				*kept = *pixel;
			*pixel = colour ?: *kept;
		}
}

/* A pointer that moves over a still desktop, drawn here or by the compositor. */
static void test_cursor_costs(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autofree guint32 *pixels = g_new(guint32, 1280 * 720);
	const MediaConfig config = {.format = hd, .kbit = 5000, .encoder = "x264enc"};
	const MediaFrame still = {
		.pixels = pixels, .stride = 1280 * 4, .width = 1280, .height = 720};
	MediaCursorImage *image = pointer_image();
	guint32 under[POINTER * POINTER];
	g_autoptr(Media) media = NULL;
	int rtp[2], rtcp[2];
	guint64 bytes[2];

	for (guint i = 0; i < 1280 * 720; i++)
		pixels[i] = i * 2654435761u >> 8 & 0x3f3f3f;
	for (guint way = 0; way < 2; way++) {
		gint64 begin = g_get_monotonic_time(), cpu;
		MediaStatistics before, after;
		guint64 encode_ns;
		MediaFrame frame = still;

		g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtp));
		g_assert_no_errno(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, rtcp));
		media = media_new(rtp[0], rtcp[0], NULL);
		g_assert_true(media_start(media, &config, context, on_error, NULL, NULL));
		media_set_playing(media, TRUE);
		frame.time_ns = g_get_monotonic_time() * 1000;
		media_push(media, &frame, &encode_ns);
		media_get_statistics(media, &before);
		cpu = cpu_us();
		begin = g_get_monotonic_time();
		for (guint i = 0; i < MOVES; i++) {
			const MediaCursor cursor = {.image = image,
						    .x = i * 2,
						    .y = i,
						    .width = POINTER,
						    .height = POINTER};
			gint64 pause;

			if (way) {
				media_show_cursor(media, &cursor);
				continue;
			}
			/* As often as the other way. */
			pause = begin + i * G_USEC_PER_SEC / 30 - g_get_monotonic_time();
			g_usleep(MAX(pause, 0));
			frame.time_ns = g_get_monotonic_time() * 1000;
			paint(pixels, POINTER_COLOUR, cursor.x, cursor.y, under);
			media_push(media, &frame, &encode_ns);
			paint(pixels, 0, cursor.x, cursor.y, under);
		}
		cpu = cpu_us() - cpu;
		media_get_statistics(media, &after);
		bytes[way] = after.converted_bytes - before.converted_bytes;
		g_test_message("%u moves, %s: %" G_GUINT64_FORMAT " bytes converted, %.2f ms CPU "
			       "and %.2f ms each",
			       MOVES, way ? "cursor plane" : "drawn by the compositor", bytes[way],
			       cpu / 1000.0 / MOVES,
			       (g_get_monotonic_time() - begin) / 1000.0 / MOVES);
		g_clear_pointer(&media, media_free);
		close(rtp[1]);
		close(rtcp[1]);
	}
	g_assert_cmpuint(bytes[1], <=, bytes[0] / 20);
	media_cursor_image_unref(image);
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

/* What the way carries is not known at first; a fixed rate is what it is. */
static void test_rate_begins(void)
{
	for (guint fixed = 0; fixed < 2; fixed++) {
		const MediaConfig config = {
			.format = hd, .kbit = 20000, .fixed_rate = fixed, .encoder = "x264enc"};
		g_autoptr(Media) media = media_unconnected();
		MediaStatistics statistics;

		g_assert_true(media_start(media, &config, NULL, on_error, NULL, NULL));
		media_get_statistics(media, &statistics);
		g_assert_cmpuint(statistics.kbit, ==, fixed ? 20000 : 5000);
	}
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
	g_assert_cmpuint(media_pipeline_pixel_rate(NULL), ==, software);
	g_assert_cmpuint(media_pipeline_pixel_rate("vah264enc"), ==, software);
	g_assert_cmpuint(media_pipeline_pixel_rate("x264enc"), ==, software);
	/* Nobody asked for a mode that is too much for what there is. */
	g_assert_false(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE);
	g_clear_error(&error);
	config.encoder = "vaapih264enc";
	g_assert_false(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_nonnull(strstr(error->message, "vaapih264enc is not installed"));

	card.broken = FALSE;
	gst_version(&major, &minor, &micro, &nano);
	g_assert_cmpuint(media_pipeline_pixel_rate("vah264enc"), ==, 0);
	g_assert_cmpuint(media_pipeline_pixel_rate("v4l2h264enc"), ==, card_rate);
	g_assert_cmpuint(media_pipeline_pixel_rate(NULL), ==, minor >= 24 ? 0 : card_rate);
	config.encoder = NULL;
	config.mode_asked = TRUE;
	g_clear_error(&error);
	card.broken = TRUE;
	g_assert_true(media_start(media, &config, NULL, on_error, NULL, &error));
	g_assert_cmpstr(media_encoder(media), ==, "x264enc");
}

/* A card's driver that opens its device and can do no more: the next encoder takes over. */
static void test_next_encoder(void)
{
	static const CardFault faults[] = {CARD_DOES_NOT_PLAY, CARD_FAILS_AT_PICTURE};
	MediaConfig config = {
		.format = {.width = 1920, .height = 1080, .fps = 30, .level = "4.0"},
		.kbit = 10000,
	};

	card.broken = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Media) too_slow = media_unconnected();
		g_autoptr(Media) asked = media_unconnected();
		MediaRig *rig;

		card.fault = faults[i];
		/* So that the mode is one for what does work. */
		g_assert_cmpuint(media_pipeline_pixel_rate(NULL), ==, 1280 * 720 * 30);
		rig = rig_new(640, 480, &vga);
		g_assert_cmpstr(media_encoder(rig->media), ==, "x264enc");
		media_set_playing(rig->media, TRUE);
		draw(rig, 0);
		g_assert_cmpint(push(rig), ==, MEDIA_ENCODED);
		rig_free(rig);

		/* With no time to agree on another mode. */
		config.encoder = NULL;
		g_assert_true(media_start(too_slow, &config, NULL, on_error, NULL, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(media_encoder(too_slow), ==, "x264enc");

		config.encoder = "v4l2h264enc";
		g_assert_false(media_start(asked, &config, NULL, on_error, NULL, &error));
		g_assert_nonnull(strstr(error->message, "it gives no picture"));
	}
	card.fault = CARD_WORKS;
	card.broken = TRUE;
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
	g_test_add_func("/media/profiles", test_profiles);
	g_test_add_func("/media/black", test_black);
	g_test_add_func("/media/greys", test_greys);
	g_test_add_func("/media/times", test_times);
	g_test_add_func("/media/still", test_still);
	g_test_add_func("/media/stuck", test_stuck);
	g_test_add_func("/media/choice", test_choice);
	g_test_add_func("/media/next-encoder", test_next_encoder);
	g_test_add_func("/media/keyframe", test_keyframe);
	g_test_add_func("/media/keyframe-limit", test_keyframe_limit);
	g_test_add_func("/media/alone", test_alone);
	g_test_add_func("/media/losses", test_losses);
	g_test_add_func("/media/reports", test_reports);
	g_test_add_func("/media/rate-begins", test_rate_begins);
	g_test_add_func("/media/rate-goes-down", test_rate_goes_down);
	g_test_add_func("/media/rate-of-fewer", test_rate_of_fewer);
	g_test_add_func("/media/sound-pauses", test_sound_pauses);
	g_test_add_func("/media/pause", test_pause);
	g_test_add_func("/media/play-meanwhile", test_play_meanwhile);
	g_test_add_func("/media/picture", test_picture);
	g_test_add_func("/media/scale", test_scale);
	g_test_add_func("/media/stride", test_stride);
	g_test_add_func("/media/crowd", test_crowd);
	g_test_add_func("/media/cursor", test_cursor);
	g_test_add_func("/media/coloured", test_coloured);
	g_test_add_func("/media/cursor-scaled", test_cursor_scaled);
	g_test_add_func("/media/cursor-costs", test_cursor_costs);
	g_test_add_func("/media/encoder-unknown", test_encoder_unknown);
	g_test_add_func("/media/no-socket", test_no_socket);
	return g_test_run();
}
