// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes out of the encoder for AAC: its frames' form, and that sound has its time. */
#include "media-aac.h"

#include "media-line.h"
#include "media-packetizer.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <math.h>
#include <stdlib.h>

#define BLOCKS	  60
#define FIRST_NS  (5 * (gint64)GST_SECOND)
#define ONSET	  (20 * MEDIA_AAC_FRAMES + 300) /* frames of sound before the tone */
#define LOUD	  4000
#define TOLERANCE (2 * (gint64)GST_MSECOND)

typedef struct {
	GByteArray *stream;
	GArray *times; /* gint64: of each frame */
	gint64 now_ns; /* when all of the block that is pushed was played */
	gint64 least_lead_ns; /* from when a frame leaves at the earliest to its PTS */
} AacOutput;

static void on_frame(const guint8 *frame, gsize size, gint64 played_ns, gpointer user_data)
{
	AacOutput *out = user_data;
	guint length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5;

	/* ISO/IEC 13818-7, 6.2: MPEG-2, no CRC; low complexity, 48 kHz, two channels. */
	g_assert_cmphex(frame[0], ==, 0xff);
	g_assert_cmphex(frame[1], ==, 0xf9);
	g_assert_cmphex(frame[2] & 0xfd, ==, 0x4c);
	g_assert_cmphex(frame[3] & 0xc0, ==, 0x80);
	g_assert_cmpuint(length, ==, size);
	g_byte_array_append(out->stream, frame, size);
	g_array_append_val(out->times, played_ns);
	out->least_lead_ns = MIN(out->least_lead_ns,
				 played_ns + MEDIA_LEAD_NS + MEDIA_AAC_LATE_NS - out->now_ns);
}

/* All of a stream's samples of the left channel, by another's decoder. */
static GArray *decode(const GByteArray *stream)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = gst_parse_launch(
		"appsrc name=src caps=audio/mpeg,mpegversion=2,stream-format=adts ! aacparse ! "
		"avdec_aac ! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! "
		"appsink name=sink sync=false",
		&error);
	g_autoptr(GstElement) src = gst_bin_get_by_name(GST_BIN(pipeline), "src");
	g_autoptr(GstElement) sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
	GArray *samples = g_array_new(FALSE, FALSE, sizeof(gint16));
	GstSample *sample;

	g_assert_no_error(error);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	gst_app_src_push_buffer(GST_APP_SRC(src), gst_buffer_new_memdup(stream->data, stream->len));
	gst_app_src_end_of_stream(GST_APP_SRC(src));
	while ((sample = gst_app_sink_pull_sample(GST_APP_SINK(sink)))) {
		GstMapInfo map;

		g_assert_true(gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ));
		g_array_append_vals(samples, map.data, map.size / 2);
		gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
		gst_sample_unref(sample);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return samples;
}

static gint64 time_of(guint64 frames)
{
	return FIRST_NS + gst_util_uint64_scale(frames, GST_SECOND, MEDIA_AAC_RATE);
}

/* A tone begins when the frames say so. */
static void test_times(void)
{
	g_autoptr(GByteArray) stream = g_byte_array_new();
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_autoptr(GArray) samples = NULL;
	g_autoptr(GError) error = NULL;
	AacOutput out = {stream, times, .least_lead_ns = G_MAXINT64};
	g_autoptr(MediaAac) aac = media_aac_new(on_frame, &out, &error);
	guint onset = 0;
	gint64 heard;

	g_assert_no_error(error);
	for (guint i = 0; i < BLOCKS; i++) {
		gint16 block[MEDIA_AAC_FRAMES * MEDIA_CHANNELS];

		for (guint n = 0; n < MEDIA_AAC_FRAMES; n++) {
			guint frame = i * MEDIA_AAC_FRAMES + n;
			gint16 value = frame < ONSET ? 0 : 12000 * sin(frame * G_PI / 24);

			block[2 * n] = block[2 * n + 1] = value;
		}
		out.now_ns = time_of((i + 1) * MEDIA_AAC_FRAMES);
		g_assert_true(media_aac_push(aac, block, time_of(i * MEDIA_AAC_FRAMES)));
	}
	/* What an encoder keeps back is a few frames at most. */
	g_assert_cmpuint(times->len, >=, BLOCKS - 4);
	samples = decode(stream);
	g_assert_cmpuint(samples->len, ==, times->len * MEDIA_AAC_FRAMES);
	while (onset < samples->len && abs(g_array_index(samples, gint16, onset)) < LOUD)
		onset++;
	g_assert_cmpuint(onset, <, samples->len);
	heard = g_array_index(times, gint64, onset / MEDIA_AAC_FRAMES) +
		(gint64)gst_util_uint64_scale(onset % MEDIA_AAC_FRAMES, GST_SECOND, MEDIA_AAC_RATE);
	g_test_message("heard %+.2f ms from when it was played",
		       (heard - time_of(ONSET)) / (double)GST_MSECOND);
	g_assert_cmpint(ABS(heard - time_of(ONSET)), <, TOLERANCE);
	g_test_message("a frame leaves %.2f ms before its time, or earlier",
		       out.least_lead_ns / (double)GST_MSECOND);
	g_assert_cmpint(out.least_lead_ns, >=, MEDIA_LEAST_LEAD_NS);
}

int main(int argc, char **argv)
{
	gst_init(&argc, &argv);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/aac/times", test_times);
	return g_test_run();
}
