// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a picture takes from its hand-over to the sink, and what it costs: ours, a pipeline of
 * another program's elements, and the floor, an encoder with our packetiser and sockets and nothing
 * else. Sender and receiver are processes of their own, over loopback; a picture's number is drawn
 * into it and read from the decoded one. bench/stream runs this.
 */
#include "stream-goals.h"

#include "media-convert.h"
#include "media-encoders.h"
#include "media-packetizer.h"
#include "media-sender.h"
#include "media.h"
#include "rtp-pair.h"

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FPS	   30
#define PICTURES   45 /* in a run */
#define WARM_UP	   5 /* of them: not counted */
#define ROUNDS	   2
#define STILL_MS   4000
#define BIT	   16 /* pixels of a square that is a bit of the number */
#define BITS	   8
#define LONE_EVERY 6
#define COPIES	   16
#define PAN	   12 /* pixels a picture */
#define LINE	   24 /* pixels of text */

static const char *const ways[] = {"ours", "floor", "gnome-network-displays",
				   "the same without 500 ms"};
static const char *const contents[] = {"lone change", "typing", "scrolling", "full motion"};

/* A run's results, in memory that both processes see. Times: monotonic us. */
typedef struct {
	gint64 handed_over[PICTURES];
	gint64 received[PICTURES];
	gint64 decoded[PICTURES];
	double psnr_sum;
	guint psnrs;
	guint64 bytes; /* of datagrams, so far */
	guint64 counted_bytes; /* from the last picture of the warm-up to the last one, or of a still screen */
	guint counted; /* pictures that they are of */
	gint64 cpu_us; /* the sender's */
	guint64 longest_send_us; /* as MediaStatistics says */
	guint64 pixel_rate; /* as media_encoder_pixel_rate() says */
	guint16 port;
	gboolean ready;
} StreamRun;

/* A canvas larger than the screen, of which a view moves. */
typedef struct {
	guint width, height; /* of the view */
	guint stride; /* pixels */
	guint rows;
	guint32 *canvas;
	StreamContent content;
	guint32 *view;
	guint32 saved[BIT * BIT * BITS];
	MediaRect damage[2]; /* since the picture before, as a compositor says */
	guint nr_damage; /* 0: all of it */
} StreamScreen;

static guint32 mix(guint32 x)
{
	x ^= x >> 16;
	x *= 0x7feb352d;
	x ^= x >> 15;
	x *= 0x846ca68b;
	return x ^ x >> 16;
}

/* One character, of strokes two pixels wide. */
static void draw_glyph(StreamScreen *s, guint x, guint y, guint32 glyph)
{
	for (guint row = 0; row < 16; row++)
		for (guint column = 0; column < 10; column++)
			s->canvas[(y + row) * s->stride + x + column] =
				mix(glyph) >> (row / 3 * 5 + column / 2) % 31 & 1 ? 0x202020
										  : 0xf8f8f8;
}

static void draw_text(StreamScreen *s)
{
	for (guint i = 0; i < s->stride * s->rows; i++)
		s->canvas[i] = 0xf8f8f8;
	for (guint y = 4; y + LINE < s->rows; y += LINE)
		for (guint x = 8; x + 12 < s->stride; x += 12)
			if (mix(y * 977 + x) % 6)
				draw_glyph(s, x, y, mix(y * 31 + x) % 64);
}

/* Soft shapes with some grain, as film has. */
static void draw_film(StreamScreen *s)
{
	for (guint y = 0; y < s->rows; y++)
		for (guint x = 0; x < s->stride; x++) {
			guint grain = mix(y * s->stride + x) & 7;
			guint r = 110 + 90 * sin(x / 37.0) * cos(y / 53.0);
			guint g = 110 + 90 * sin((x + y) / 71.0);
			guint b = 110 + 90 * cos(x / 91.0 - y / 29.0);

			s->canvas[y * s->stride + x] = (r + grain) << 16 | (g + grain) << 8 |
						       (b + grain);
		}
}

static void screen_init(StreamScreen *s, guint width, guint height, StreamContent content)
{
	gboolean motion = content == STREAM_MOTION;

	*s = (StreamScreen){.width = width, .height = height, .content = content};
	s->stride = width + (motion ? PAN * PICTURES : 0);
	s->rows = height + (content == STREAM_SCROLLING ? PAN * PICTURES : 0);
	s->canvas = g_new(guint32, s->stride * s->rows);
	if (motion)
		draw_film(s);
	else
		draw_text(s);
}

static guint number_of(const StreamScreen *s, guint i)
{
	if (s->content == STREAM_STILL)
		return 0;
	return s->content == STREAM_LONE ? i / LONE_EVERY * LONE_EVERY : i;
}

static void copy_number(StreamScreen *s, gboolean save)
{
	for (guint y = 0; y < BIT; y++) {
		guint32 *saved = s->saved + y * BIT * BITS;
		guint32 *row = s->view + y * s->stride;

		memcpy(save ? saved : row, save ? row : saved, BIT * BITS * sizeof(*row));
	}
}

/* Makes the screen what it is at picture @i, which follows @i - 1. */
static void screen_show(StreamScreen *s, guint i)
{
	guint number = number_of(s, i);

	if (s->view)
		copy_number(s, FALSE);
	s->view = s->canvas;
	if (s->content == STREAM_SCROLLING)
		s->view += i * PAN * s->stride;
	if (s->content == STREAM_MOTION)
		s->view += i * PAN;
	s->damage[0] = (MediaRect){0, 0, BIT * BITS, BIT};
	if (s->content == STREAM_TYPING) {
		guint x = 8 + i * 12, y = 4 + LINE * 10;

		draw_glyph(s, x, y, i + 100);
		s->damage[1] = (MediaRect){x, y, x + 10, y + 16};
		s->nr_damage = 2;
	}
	if (s->content == STREAM_LONE && number == i) {
		for (guint n = 0; n < 80; n++)
			draw_glyph(s, 8 + n % 20 * 12, 4 + LINE * (10 + n / 20), i + n);
		s->damage[1] = (MediaRect){8, 4 + LINE * 10, 8 + 20 * 12, 4 + LINE * 14};
		s->nr_damage = 2;
	}
	copy_number(s, TRUE);
	for (guint y = 0; y < BIT; y++)
		for (guint x = 0; x < BIT * BITS; x++)
			s->view[y * s->stride + x] = number >> x / BIT & 1 ? 0xffffff : 0;
}

/* Elements of the other ways. */

typedef struct {
	StreamWay way;
	Media *media;
	GstElement *pipeline;
	GstElement *appsrc;
	MediaPacketizer *packetizer;
	MediaSender *sender;
	guint64 sequence; /* ours: of the last picture */
	gint64 handed_over; /* the floor's, us */
	guint32 *copies[COPIES]; /* what a screen cast would hand over */
	guint32 *copy; /* the newest */
} StreamSender;

static GstFlowReturn send_floor(GstAppSink *sink, gpointer user_data)
{
	g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);
	StreamSender *sender = user_data;
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	const GByteArray *out;
	GstMapInfo map;

	gst_buffer_map(buffer, &map, GST_MAP_READ);
	out = media_packetizer_picture(sender->packetizer, map.data, map.size,
				       sender->handed_over * 1000, g_get_monotonic_time() * 1000);
	media_sender_send(sender->sender, out->data, out->len);
	gst_buffer_unmap(buffer, &map);
	return GST_FLOW_OK;
}

static void on_error(const char *message, gpointer user_data)
{
	g_error("%s", message);
}

static void start_ours(StreamSender *sender, guint width, guint height, int rtp, int rtcp)
{
	MediaConfig config = {
		.format = {.width = width,
			   .height = height,
			   .fps = FPS,
			   .level = height > 720 ? "4" : "3.1"},
		.kbit = media_default_kbit(width, height, FPS),
		.mode_asked = TRUE,
		.encoder = "x264enc",
	};
	g_autoptr(GError) error = NULL;

	sender->media = media_new(rtp, rtcp, &error);
	if (!sender->media || !media_start(sender->media, &config, NULL, on_error, NULL, &error))
		g_error("%s", error->message);
	media_set_playing(sender->media, TRUE);
}

static void start_pipeline(StreamSender *sender, const char *text)
{
	g_autoptr(GError) error = NULL;

	sender->pipeline = gst_parse_launch(text, &error);
	g_assert_no_error(error);
	sender->appsrc = gst_bin_get_by_name(GST_BIN(sender->pipeline), "src");
}

static void start_floor(StreamSender *sender, guint width, guint height, int rtp, int rtcp)
{
	GstAppSinkCallbacks callbacks = {.new_sample = send_floor};
	g_autoptr(GstElement) sink = NULL;
	g_autofree char *text = g_strdup_printf(
		"appsrc name=src is-live=true format=time "
		"caps=video/x-raw,format=I420,width=%u,height=%u,framerate=%u/1 "
		"! x264enc bitrate=%u key-int-max=%u tune=zerolatency speed-preset=ultrafast "
		"bframes=0 byte-stream=true vbv-buf-capacity=300 sliced-threads=false threads=1 "
		"qp-min=20 "
		"! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au "
		"! appsink name=sink sync=false async=false",
		width, height, FPS, media_default_kbit(width, height, FPS), 5 * FPS);

	start_pipeline(sender, text);
	sink = gst_bin_get_by_name(GST_BIN(sender->pipeline), "sink");
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, sender, NULL);
	sender->packetizer = media_packetizer_new(1, 0, g_get_monotonic_time() * 1000);
	sender->sender = media_sender_new(rtp, rtcp, NULL);
	gst_element_set_state(sender->pipeline, GST_STATE_PLAYING);
}

static void start_other(StreamSender *sender, guint width, guint height, guint16 port)
{
	gboolean at_once = sender->way == STREAM_OTHER_AT_ONCE;
	g_autofree char *text = g_strdup_printf(
		"appsrc name=src is-live=true format=time "
		"caps=video/x-raw,format=BGRx,width=%u,height=%u,framerate=%u/1 "
		"! videoscale qos=true ! video/x-raw,framerate=%u/1,width=%u,height=%u "
		"! videoconvert qos=true ! queue max-size-buffers=1 "
		"! x264enc qos=true pass=cbr tune=zerolatency speed-preset=ultrafast threads=1 "
		"vbv-buf-capacity=50 dct8x8=false ref=1 cabac=false sync-lookahead=0 b-adapt=false "
		"bframes=0 rc-lookahead=0 key-int-max=%u bitrate=4096 insert-vui=true "
		"sliced-threads=false ! identity ! h264parse config-interval=-1 "
		"! video/x-h264,stream-format=byte-stream,"
		"profile=(string){constrained-baseline,baseline} "
		"! queue max-size-buffers=1000 max-size-time=500000000 ! mux.sink_4113 "
		"mpegtsmux name=mux alignment=7 ! queue max-size-buffers=1 "
		"! rtpmp2tpay perfect-rtptime=false ! udpsink host=127.0.0.1 port=%u sync=%s "
		"async=false",
		width, height, FPS, FPS, width, height, 10 * FPS, port, at_once ? "false" : "true");

	start_pipeline(sender, text);
	if (!at_once)
		gst_pipeline_set_latency(GST_PIPELINE(sender->pipeline), 500 * GST_MSECOND);
	gst_element_set_state(sender->pipeline, GST_STATE_PLAYING);
}

static void push_to_pipeline(StreamSender *sender, const StreamScreen *s, gint64 now)
{
	gsize rows = s->height;
	GstBuffer *buffer;

	if (sender->way == STREAM_FLOOR) {
		gsize luma = (gsize)s->width * rows;
		guint8 *planes = g_malloc(luma * 3 / 2);
		MediaI420Picture out = {.planes = {planes, planes + luma, planes + luma * 5 / 4},
					.strides = {s->width, s->width / 2, s->width / 2}};

		media_convert_to_i420(s->view, s->stride * 4, s->width, rows, NULL, 0.2126, 0.0722,
				      &out);
		buffer = gst_buffer_new_wrapped(planes, luma * 3 / 2);
		sender->handed_over = now;
	} else {
		gsize size = rows * s->width * 4;
		gsize offsets[4] = {};
		gint strides[4] = {s->width * 4};

		buffer = gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, sender->copy, size,
						     0, size, NULL, NULL);
		gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE,
					       GST_VIDEO_FORMAT_BGRx, s->width, rows, 1, offsets,
					       strides);
	}
	GST_BUFFER_PTS(buffer) = now * 1000 - gst_element_get_base_time(sender->pipeline);
	GST_BUFFER_DURATION(buffer) = GST_SECOND / FPS;
	gst_app_src_push_buffer(GST_APP_SRC(sender->appsrc), buffer);
}

static void push(StreamSender *sender, const StreamScreen *s, gint64 now)
{
	MediaFrame frame = {.pixels = s->view,
			    .stride = s->stride * 4,
			    .width = s->width,
			    .height = s->height,
			    .time_ns = now * 1000,
			    .sequence = ++sender->sequence,
			    .damage = s->damage,
			    .nr_damage = s->nr_damage};
	guint64 encode_ns;

	if (sender->media)
		media_push(sender->media, &frame, &encode_ns);
	else
		push_to_pipeline(sender, s, now);
}

static void copy_view(StreamSender *sender, const StreamScreen *s, guint i)
{
	guint32 **copy = &sender->copies[i % COPIES];

	if (!*copy)
		*copy = g_new(guint32, s->width * s->height);
	for (guint y = 0; y < s->height; y++)
		memcpy(*copy + y * s->width, s->view + y * s->stride, s->width * 4);
	sender->copy = *copy;
}

static gint64 thread_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static gint64 cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* What only the sender knows. */
static void tell(StreamRun *run, const StreamSender *sender)
{
	MediaStatistics statistics;

	if (!sender->media)
		return;
	media_get_statistics(sender->media, &statistics);
	run->longest_send_us = statistics.longest_send_us;
}

static void run_sender(StreamRun *run, StreamWay way, StreamScreen *s)
{
	guint n = s->content == STREAM_STILL ? STILL_MS * FPS / 1000 : PICTURES;
	StreamSender sender = {.way = way};
	gint64 begin, drawing, cpu = 0;
	guint64 bytes = 0;
	int rtp, rtcp;

	gst_init(NULL, NULL);
	rtp_pair_open(&rtp, &rtcp);
	rtp_pair_connect(rtp, run->port);
	if (way == STREAM_OURS)
		start_ours(&sender, s->width, s->height, rtp, rtcp);
	else if (way == STREAM_FLOOR)
		start_floor(&sender, s->width, s->height, rtp, rtcp);
	else
		start_other(&sender, s->width, s->height, run->port);
	begin = g_get_monotonic_time();
	for (guint i = 0; i < n; i++) {
		gint64 at = begin + (gint64)i * G_USEC_PER_SEC / FPS, now;
		/* The other program is handed all, which is best for it: the next picture carries on
		 * what is left of the one before. */
		gboolean handed = way >= STREAM_OTHER || i == 0 ||
				  number_of(s, i) != number_of(s, i - 1);

		/* A still screen's first second is not counted. */
		if (i == (s->content == STREAM_STILL ? FPS : WARM_UP)) {
			cpu = cpu_us();
			bytes = run->bytes;
		}
		/* Drawing is not the stream's. */
		drawing = thread_us();
		if (i == 0 || s->content != STREAM_STILL)
			screen_show(s, i);
		if (way >= STREAM_OTHER)
			copy_view(&sender, s, i);
		cpu += thread_us() - drawing;
		while ((now = g_get_monotonic_time()) < at)
			g_usleep(at - now);
		if (!handed)
			continue;
		if (s->content != STREAM_STILL && !run->handed_over[number_of(s, i)])
			run->handed_over[number_of(s, i)] = now;
		push(&sender, s, now);
	}
	run->cpu_us = cpu_us() - cpu;
	if (s->content == STREAM_STILL)
		run->counted_bytes = run->bytes - bytes;
	/* The last picture is yet to come out, and what it then takes to say so is none's. */
	g_usleep(G_USEC_PER_SEC * 7 / 10);
	tell(run, &sender);
	_exit(0);
}

/* The receiver: TS to pictures, pictures to numbers. */

typedef struct {
	gint64 time; /* us */
	guint64 bytes; /* so far */
} StreamReceived;

typedef struct {
	StreamRun *run;
	StreamScreen *screen;
	GstElement *appsrc, *appsink;
	GByteArray *pes, *picture; /* so far */
	GArray *pictures; /* StreamReceived */
	guint decoded;
	guint warm_up; /* number of its last picture */
	guint64 warm_up_bytes; /* until it was received */
	gint compared; /* the last picture that was */
} StreamReceiver;

static void compare(StreamReceiver *r, guint number, const GstVideoFrame *frame)
{
	StreamScreen *s = r->screen;
	gsize luma = (gsize)s->width * s->height;
	g_autofree guint8 *planes = g_malloc(luma * 3 / 2);
	MediaI420Picture out = {.planes = {planes, planes + luma, planes + luma * 5 / 4},
				.strides = {s->width, s->width / 2, s->width / 2}};
	double sum = 0;

	while (r->compared < (gint)number)
		screen_show(s, ++r->compared);
	media_convert_to_i420(s->view, s->stride * 4, s->width, s->height, NULL, 0.2126, 0.0722,
			      &out);
	for (guint y = 0; y < s->height; y++) {
		const guint8 *row = (const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(frame, 0) +
				    y * GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);

		for (guint x = 0; x < s->width; x++) {
			gint difference = row[x] - planes[y * s->width + x];

			sum += difference * difference;
		}
	}
	r->run->psnr_sum += 10 * log10(255.0 * 255.0 / (sum / luma + 1e-3));
	r->run->psnrs++;
}

/* A picture has come that had not before. */
static void take_new(StreamReceiver *r, guint number, gint64 now)
{
	const StreamReceived *received = &g_array_index(r->pictures, StreamReceived, r->decoded);

	r->run->decoded[number] = now;
	r->run->received[number] = received->time;
	if (r->screen->content == STREAM_STILL)
		return;
	if (number < WARM_UP) {
		r->warm_up = number;
		r->warm_up_bytes = received->bytes;
	} else {
		r->run->counted = number - r->warm_up;
		r->run->counted_bytes = received->bytes - r->warm_up_bytes;
	}
}

static void take_decoded(StreamReceiver *r, GstSample *sample)
{
	gint64 now = g_get_monotonic_time();
	guint number = 0;
	GstVideoFrame frame;
	GstVideoInfo info;

	gst_video_info_from_caps(&info, gst_sample_get_caps(sample));
	gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ);
	for (guint bit = 0; bit < BITS; bit++) {
		const guint8 *luma = GST_VIDEO_FRAME_PLANE_DATA(&frame, 0);

		luma += BIT / 2 * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) + bit * BIT + BIT / 2;
		number |= (*luma > 128) << bit;
	}
	if (number < PICTURES && !r->run->decoded[number]) {
		take_new(r, number, now);
		if (number % 10 == 0 && number && r->screen->content != STREAM_STILL)
			compare(r, number, &frame);
	}
	r->decoded++;
	gst_video_frame_unmap(&frame);
}

static gboolean has_slice(const GByteArray *stream)
{
	for (guint i = 0; i + 3 < stream->len; i++) {
		const guint8 *nal = stream->data + i;

		if (!nal[0] && !nal[1] && nal[2] == 1 &&
		    ((nal[3] & 0x1f) == 1 || (nal[3] & 0x1f) == 5))
			return TRUE;
	}
	return FALSE;
}

/* A PES packet has ended. Some give each NAL unit its own; a picture ends with its one slice. */
static void end_pes(StreamReceiver *r)
{
	const StreamReceived received = {g_get_monotonic_time(), r->run->bytes};
	const guint8 *pes = r->pes->data;

	if (r->pes->len > 14 && pes[7] & 0x80) {
		g_byte_array_append(r->picture, pes + 9 + pes[8], r->pes->len - 9 - pes[8]);
		if (has_slice(r->picture)) {
			g_array_append_val(r->pictures, received);
			gst_app_src_push_buffer(GST_APP_SRC(r->appsrc),
						gst_buffer_new_memdup(r->picture->data,
								      r->picture->len));
			g_byte_array_set_size(r->picture, 0);
		}
	}
	g_byte_array_set_size(r->pes, 0);
	while (r->decoded < r->pictures->len) {
		g_autoptr(GstSample) sample =
			gst_app_sink_try_pull_sample(GST_APP_SINK(r->appsink), 100 * GST_MSECOND);

		if (!sample)
			break;
		take_decoded(r, sample);
	}
}

static void take_packet(StreamReceiver *r, const guint8 *packet)
{
	guint pid = (packet[1] & 0x1f) << 8 | packet[2];
	guint at = packet[3] & 0x20 ? 5 + packet[4] : 4;
	guint length;

	if (pid != 0x1011 || !(packet[3] & 0x10))
		return;
	if (packet[1] & 0x40)
		end_pes(r);
	g_byte_array_append(r->pes, packet + at, 188 - at);
	length = r->pes->len > 6 ? r->pes->data[4] << 8 | r->pes->data[5] : 0;
	if (length && r->pes->len >= length + 6)
		end_pes(r);
}

static void run_receiver(StreamRun *run, StreamScreen *s)
{
	StreamReceiver r = {.run = run, .screen = s, .compared = -1};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), buffer = 4 << 20;
	g_autoptr(GstElement) pipeline = NULL;
	guint8 datagram[2048];
	gssize n;

	gst_init(NULL, NULL);
	pipeline = gst_parse_launch("appsrc name=in format=time caps=video/x-h264,"
				    "stream-format=byte-stream,alignment=au,parsed=true "
				    "! avdec_h264 max-threads=1 ! video/x-raw,format=I420 "
				    "! appsink name=out sync=false",
				    NULL);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	r.appsrc = gst_bin_get_by_name(GST_BIN(pipeline), "in");
	r.appsink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
	r.pes = g_byte_array_new();
	r.picture = g_byte_array_new();
	r.pictures = g_array_new(FALSE, FALSE, sizeof(StreamReceived));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	g_assert_no_errno(bind(fd, (struct sockaddr *)&address, size));
	g_assert_no_errno(getsockname(fd, (struct sockaddr *)&address, &size));
	run->port = ntohs(address.sin_port);
	g_atomic_int_set(&run->ready, TRUE);
	while ((n = recv(fd, datagram, sizeof(datagram), 0)) > 0) {
		if (!run->bytes) {
			patience.tv_sec = 1;
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		}
		run->bytes += n;
		for (gssize at = 12; at + 188 <= n; at += 188)
			take_packet(&r, datagram + at);
	}
	_exit(0);
}

static StreamRun *run_once(StreamWay way, guint width, guint height, StreamContent content)
{
	StreamRun *run =
		mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	StreamScreen screen;
	pid_t receiver, sender;

	screen_init(&screen, width, height, content);
	receiver = fork();
	if (!receiver)
		run_receiver(run, &screen);
	while (!g_atomic_int_get(&run->ready))
		g_usleep(1000);
	sender = fork();
	if (!sender)
		run_sender(run, way, &screen);
	waitpid(sender, NULL, 0);
	waitpid(receiver, NULL, 0);
	g_free(screen.canvas);
	return run;
}

static gint compare_times(gconstpointer a, gconstpointer b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference < 0 ? -1 : difference > 0;
}

static double percentile(GArray *times, guint percent)
{
	if (!times->len)
		return NAN;
	g_array_sort(times, compare_times);
	return g_array_index(times, double, (times->len - 1) * percent / 100);
}

/* Two rounds of all ways, one after the other, of one content. */
static void measure(guint width, guint height, StreamContent content, StreamResults *results)
{
	GArray *received[STREAM_WAYS], *decoded[STREAM_WAYS];
	StreamFigures *figures = results->of[content];
	guint handed[STREAM_WAYS] = {};

	for (guint way = 0; way < STREAM_WAYS; way++) {
		received[way] = g_array_new(FALSE, FALSE, sizeof(double));
		decoded[way] = g_array_new(FALSE, FALSE, sizeof(double));
	}
	for (guint round = 0; round < ROUNDS; round++)
		for (guint way = 0; way < STREAM_WAYS; way++) {
			StreamRun *run = run_once(way, width, height, content);

			for (guint i = WARM_UP; i < PICTURES; i++) {
				double in = (run->received[i] - run->handed_over[i]) / 1000.0;
				double out = (run->decoded[i] - run->handed_over[i]) / 1000.0;

				handed[way] += run->handed_over[i] != 0;
				if (!run->handed_over[i] || !run->decoded[i])
					continue;
				g_array_append_val(received[way], in);
				g_array_append_val(decoded[way], out);
			}
			figures[way].cpu += run->cpu_us / 1000.0 / (PICTURES - WARM_UP) / ROUNDS;
			figures[way].psnr += run->psnr_sum / run->psnrs / ROUNDS;
			figures[way].kbytes += run->counted_bytes / 1000.0 / run->counted / ROUNDS;
			results->longest_send =
				MAX(results->longest_send, run->longest_send_us / 1000.0);
			munmap(run, sizeof(*run));
		}
	for (guint way = 0; way < STREAM_WAYS; way++) {
		figures[way].received = percentile(received[way], 50);
		figures[way].received_99 = percentile(received[way], 99);
		printf("| %s | %s | %.1f | %.1f | %.1f | %.1f | %u of %u | %.1f | %.1f | %.1f |\n",
		       contents[content], ways[way], figures[way].received,
		       figures[way].received_99, percentile(decoded[way], 50),
		       percentile(decoded[way], 99), decoded[way]->len, handed[way],
		       figures[way].cpu, figures[way].kbytes, figures[way].psnr);
		g_array_unref(received[way]);
		g_array_unref(decoded[way]);
	}
	fflush(stdout);
}

static void measure_still(guint width, guint height, StreamResults *results)
{
	for (guint way = 0; way < STREAM_WAYS; way++) {
		StreamRun *run = run_once(way, width, height, STREAM_STILL);
		double seconds = (STILL_MS - 1000) / 1000.0;

		results->still_cpu[way] = run->cpu_us / 1e6 / seconds;
		results->longest_send = MAX(results->longest_send, run->longest_send_us / 1000.0);
		if (way != STREAM_FLOOR)
			printf("| %s | %.1f | %.1f |\n", ways[way], results->still_cpu[way] * 100,
			       run->counted_bytes / 1000.0 / seconds);
		munmap(run, sizeof(*run));
	}
	fflush(stdout);
}

/* What 1080p30 takes of a core, as the default mode goes by it; in a process without threads. */
static double measure_share(void)
{
	StreamRun *run =
		mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	guint64 rate;
	pid_t child = fork();

	if (!child) {
		const MediaEncoder *encoder = media_encoder_find("x264enc");
		g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
		g_autofree char *path = g_build_filename(folder, "encoders", NULL);

		gst_init(NULL, NULL);
		media_encoders_measure(path);
		run->pixel_rate = media_encoder_pixel_rate(encoder);
		g_unlink(path);
		g_rmdir(folder);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	rate = run->pixel_rate;
	munmap(run, sizeof(*run));
	return 1920.0 * 1080 * FPS * MEDIA_ENCODER_SHARE / rate;
}

int main(void)
{
	static const guint heights[] = {720, 1080};
	StreamResults results[G_N_ELEMENTS(heights)] = {};

	for (guint i = 0; i < G_N_ELEMENTS(heights); i++) {
		guint height = heights[i], width = height * 16 / 9;

		printf("\n**%ux%u at %d Hz**\n\n", width, height, FPS);
		printf("| content | | received, ms: median | 99 %% | decoded, ms: median | 99 %% | "
		       "pictures | processor, ms a picture | kB a picture | PSNR, dB |\n"
		       "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
		for (guint content = 0; content < STREAM_STILL; content++)
			measure(width, height, content, &results[i]);
		printf("\n| still screen | %% of a core | kB/s |\n|---|---:|---:|\n");
		measure_still(width, height, &results[i]);
	}
	stream_goals_print(&results[0], &results[1], measure_share());
	return 0;
}
