// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * recording lpcm|aac SECONDS FILE
 *
 * Writes a transport stream: pictures of x264enc and a tone, as they would be sent in so many seconds,
 * in less time. The checker reads it on its way; its figures are printed. For test-recording.py.
 */
#include "media-aac.h"
#include "media-encoders.h"
#include "media-line.h"
#include "media-packetizer.h"
#include "ts-checker.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH	 640
#define HEIGHT	 480
#define FPS	 30
#define KBIT	 6000
#define RATE	 48000
#define MS	 (gint64)1000000 /* ns */
#define GUARD	 (30 * GST_SECOND)
#define ENCODING (10 * MS) /* what a picture takes until it is sent */
#define BEGIN	 (1000 * MS)
/* The last second of each ten has no new picture. */
#define STILL_OF 10

typedef struct {
	MediaPacketizer *packetizer;
	TsChecker *checker;
	FILE *file;
	GstElement *pipeline, *source, *sink;
	MediaAac *aac; /* NULL: LPCM */
	guint drawn, blocks; /* so far */
	gint64 now_ns, sent_ns; /* when the last picture or clock was sent */
	gint64 first_pcr;
} Recording;

static void write_out(Recording *r, const GByteArray *out)
{
	for (guint at = 0; at < out->len; at += MEDIA_DATAGRAM) {
		gsize size = MIN(out->len - at, MEDIA_DATAGRAM);

		ts_checker_datagram(r->checker, out->data + at, size);
		g_assert_cmpuint(fwrite(out->data + at + MEDIA_RTP_HEAD, 1, size - MEDIA_RTP_HEAD,
					r->file),
				 ==, size - MEDIA_RTP_HEAD);
	}
	if (r->first_pcr < 0)
		r->first_pcr = r->checker->pcr;
}

static void begin_encoder(Recording *r)
{
	const MediaFormat format = {.width = WIDTH, .height = HEIGHT, .fps = FPS, .level = "3.1"};
	const MediaEncoder *encoder = media_encoder_find("x264enc");
	g_autofree char *described = media_encoder_describe(encoder, &format, KBIT);
	g_autofree char *text =
		g_strdup_printf("appsrc name=src format=time caps=video/x-raw,format=I420,width=%u,"
				"height=%u,framerate=%u/1 ! videoconvert %s"
				"! h264parse config-interval=-1 "
				"! video/x-h264,stream-format=byte-stream,alignment=au "
				"! appsink name=sink sync=false",
				WIDTH, HEIGHT, FPS, described);
	g_autoptr(GError) error = NULL;

	r->pipeline = gst_parse_launch(text, &error);
	g_assert_no_error(error);
	r->source = gst_bin_get_by_name(GST_BIN(r->pipeline), "src");
	r->sink = gst_bin_get_by_name(GST_BIN(r->pipeline), "sink");
	gst_element_set_state(r->pipeline, GST_STATE_PLAYING);
}

static void end_encoder(Recording *r)
{
	gst_element_set_state(r->pipeline, GST_STATE_NULL);
	gst_object_unref(r->source);
	gst_object_unref(r->sink);
	gst_object_unref(r->pipeline);
}

/* Noise, of which a keyframe is larger than a PES packet's length can say, and a bar that moves. */
static void draw(guint8 *y, guint n)
{
	guint32 state = 1;

	for (guint i = 0; i < WIDTH * HEIGHT; i++) {
		state = state * 1664525u + 1013904223u;
		y[i] = 64 + (state >> 25);
	}
	for (guint row = 0; row < HEIGHT; row++)
		memset(y + row * WIDTH + n * 4 % (WIDTH - 16), 235, 16);
	memset(y + WIDTH * HEIGHT, 0x80, WIDTH * HEIGHT / 2);
}

static void send_picture(Recording *r)
{
	GstBuffer *buffer = gst_buffer_new_allocate(NULL, WIDTH * HEIGHT * 3 / 2, NULL);
	gint64 drawn_ns = BEGIN + r->drawn * 1000 * MS / FPS;
	g_autoptr(GstSample) sample = NULL;
	GstMapInfo map;

	g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
	draw(map.data, r->drawn);
	gst_buffer_unmap(buffer, &map);
	GST_BUFFER_PTS(buffer) = r->drawn * GST_SECOND / FPS;
	gst_app_src_push_buffer(GST_APP_SRC(r->source), buffer);
	sample = gst_app_sink_try_pull_sample(GST_APP_SINK(r->sink), GUARD);
	g_assert_nonnull(sample);
	g_assert_true(gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ));
	write_out(r,
		  media_packetizer_picture(r->packetizer, map.data, map.size, drawn_ns, r->now_ns));
	gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
	r->drawn++;
	r->sent_ns = r->now_ns;
}

static void on_unit(const guint8 *unit, gsize size, gint64 played_ns, gpointer user_data)
{
	Recording *r = user_data;

	write_out(r, media_packetizer_sound(r->packetizer, unit, size, played_ns, r->now_ns));
}

/* What was played until now; FALSE: a block is not complete. */
static gboolean send_sound(Recording *r)
{
	gint16 block[MAX(MEDIA_LPCM_FRAMES, MEDIA_AAC_FRAMES) * MEDIA_CHANNELS];
	const guint frames = r->aac ? MEDIA_AAC_FRAMES : MEDIA_LPCM_FRAMES;
	guint64 first = (guint64)r->blocks * frames;
	gint64 played_ns = BEGIN + first * 1000 * MS / RATE;

	if (r->now_ns < played_ns + frames * 1000 * MS / RATE)
		return FALSE;
	for (guint i = 0; i < frames; i++)
		block[2 * i] = block[2 * i + 1] = 12000 * sin((first + i) * G_PI / 24);
	if (r->aac)
		g_assert_true(media_aac_push(r->aac, block, played_ns));
	else
		on_unit((const guint8 *)block, MEDIA_LPCM_UNIT, played_ns, r);
	r->blocks++;
	return TRUE;
}

/* All that happens in one millisecond. */
static void pass(Recording *r)
{
	guint still = FPS * (STILL_OF - 1);

	if (r->now_ns >= BEGIN + r->drawn * 1000 * MS / FPS + ENCODING) {
		if (r->drawn % (FPS * STILL_OF) < still)
			send_picture(r);
		else
			r->drawn++;
	}
	while (send_sound(r))
		continue;
	if (r->now_ns - r->sent_ns >= MEDIA_CLOCK_INTERVAL_NS) {
		write_out(r, media_packetizer_clock(r->packetizer, r->now_ns));
		r->sent_ns = r->now_ns;
	}
}

/* "1b on PID 0x1011, 28 04 42 c0 1f 3f, ...": each stream of the PMT with its descriptors. */
static void print_descriptors(const GByteArray *pmt)
{
	guint at = 12 + ((pmt->data[10] & 0xf) << 8 | pmt->data[11]);

	printf("PCR on PID 0x%04x\n", (pmt->data[8] & 0x1f) << 8 | pmt->data[9]);
	while (at + 5 <= pmt->len) {
		guint end = at + 5 + ((pmt->data[at + 3] & 0xf) << 8 | pmt->data[at + 4]);

		printf("stream of type 0x%02x on PID 0x%04x, descriptors", pmt->data[at],
		       (pmt->data[at + 1] & 0x1f) << 8 | pmt->data[at + 2]);
		for (at += 5; at < end; at++)
			printf(" %02x", pmt->data[at]);
		printf("\n");
	}
}

static double ms(gint64 ticks)
{
	return ticks / 27000.0;
}

static void print_figures(const Recording *r)
{
	const TsChecker *c = r->checker;

	printf("pictures %u, without a length %u\n", c->pictures, c->fillers);
	printf("units of sound %u\n", c->sounds);
	printf("PCR interval: mean %.1f ms, at most %.1f ms\n",
	       ms((c->pcr - r->first_pcr) / (c->pcrs - 1)), ms(c->longest_pcr));
	printf("PCR to PTS of pictures: %.1f to %.1f ms\n", ms(c->least_lead), ms(c->most_lead));
	printf("PCR to PTS of sound: at least %.1f ms\n", ms(c->least_sound_lead));
	printf("table interval: at most %.1f ms\n", ms(c->longest_table));
	printf("continuity: without a fault\n");
	print_descriptors(c->pmt);
}

int main(int argc, char **argv)
{
	Recording r = {.now_ns = BEGIN, .sent_ns = BEGIN, .first_pcr = -1};
	gboolean aac = argc == 4 && g_str_equal(argv[1], "aac");
	gint64 end;

	if (argc != 4 || (!aac && !g_str_equal(argv[1], "lpcm"))) {
		fprintf(stderr, "usage: recording lpcm|aac SECONDS FILE\n");
		return 2;
	}
	gst_init(NULL, NULL);
	end = BEGIN + atoi(argv[2]) * 1000 * MS;
	r.file = fopen(argv[3], "we");
	g_assert_nonnull(r.file);
	r.packetizer = media_packetizer_new(0xdeadbeef, 0, BEGIN);
	r.checker = ts_checker_new();
	media_packetizer_set_sound(r.packetizer, aac ? MEDIA_AAC : MEDIA_LPCM, RATE);
	r.aac = aac ? media_aac_new(on_unit, &r, NULL) : NULL;
	begin_encoder(&r);
	for (; r.now_ns < end; r.now_ns += MS)
		pass(&r);
	end_encoder(&r);
	print_figures(&r);
	/* ISO/IEC 13818-1, 2.7.2 and 2.4.4; Wi-Fi Display 2.1, annex B.1. */
	g_assert_cmpint(r.checker->longest_pcr, <=, 27000 * 100);
	g_assert_cmpint(r.checker->longest_table, <=, 27000 * 100);
	g_assert_cmpint(r.checker->least_lead, >=, 27000 * 30);
	g_assert_cmpuint(r.checker->fillers, >, 0);
	g_clear_pointer(&r.aac, media_aac_free);
	media_packetizer_free(r.packetizer);
	ts_checker_free(r.checker);
	return fclose(r.file) ? 1 : 0;
}
