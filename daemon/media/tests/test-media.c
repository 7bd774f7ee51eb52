// SPDX-License-Identifier: GPL-2.0-or-later
/* What a stream sends is what was pushed into it, and stops and goes on when it is to. */
#include "card-encoder.h"
#include "media-rig.h"
#include "ts-checker.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

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
		MediaFormat format = rig_vga;
		MediaRig *rig;
		guint profile;

		format.high_profile = i % 2;
		rig = rig_new_with(640, 480, &format, encoders[i / 2]);
		media_set_playing(rig->media, TRUE);
		rig_draw(rig, 100);
		for (guint n = 0; n < 10; n++)
			g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
		for (best = 0; best < 30;) {
			g_autoptr(GstSample) sample = rig_pull(rig);
			double likeness = rig_psnr(rig, sample);

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
	MediaRig *rig = rig_new(1280, 720, &rig_hd);
	MediaStatistics statistics;
	double best = 0;

	media_set_playing(rig->media, TRUE);
	for (guint i = 0; i < 30; i++) {
		rig_draw(rig, i * 30);
		g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	}
	for (gint64 end = g_get_monotonic_time() + RIG_GUARD;
	     best < 30 && g_get_monotonic_time() < end;) {
		g_autoptr(GstSample) sample = rig_pull(rig);
		double likeness = rig_psnr(rig, sample);

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
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	gint64 drawn = g_get_monotonic_time() * 1000;
	g_autoptr(GstSample) sample = NULL;
	MediaStatistics statistics;

	media_set_playing(rig->media, TRUE);
	memset(rig->pixels, 0, rig->width * rig->height * 4);
	sample = rig_pull(rig);
	g_assert_cmpfloat(rig_psnr(rig, sample), >=, 50);
	rig_draw(rig, 100);
	g_assert_cmpint(rig_push_at(rig, drawn), ==, MEDIA_ENCODED);
	do {
		gst_sample_unref(sample);
		sample = rig_pull(rig);
	} while (rig_psnr(rig, sample) < 30);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.frames_in, ==, 1);
	g_assert_cmpuint(statistics.frames_encoded, ==, 1);
	rig_free(rig);
}

/* Greys stay grey, and as bright as they were. */
static void test_greys(void)
{
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	g_autoptr(GstSample) sample = NULL;
	GstVideoFrame frame;
	double bgr[3];

	media_set_playing(rig->media, TRUE);
	/* Sixteen bars, black to white. */
	for (guint i = 0; i < rig->width * rig->height; i++)
		memset(rig->pixels + i * 4, i % rig->width / 40 * 17, 4);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	sample = rig_pull(rig);
	map_sample(sample, &frame);
	for (guint bar = 0; bar < 16; bar++) {
		decoded_pixel(&frame, bar * 40 + 20, rig->height / 2, bgr);
		for (guint i = 0; i < 3; i++)
			g_assert_cmpfloat_with_epsilon(bgr[i], bar * 17, 2);
	}
	gst_video_frame_unmap(&frame);
	rig_free(rig);
}

static void test_keyframe(void)
{
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	guint64 before;

	media_set_playing(rig->media, TRUE);
	for (guint i = 0; i < 5; i++) {
		rig_draw(rig, i);
		g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	}
	before = rig_keyframes(rig);
	g_usleep(G_USEC_PER_SEC / 2);
	media_force_keyframe(rig->media);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	g_assert_cmpuint(rig_keyframes(rig), ==, before + 1);
	/* And without a new picture: the last one is sent again. */
	media_force_keyframe(rig->media);
	rig_wait_for_keyframes(rig, before + 2);
	rig_free(rig);
}

/* Asked for every 50 ms: at most one in half a second, and the newest is not lost. */
static void test_keyframe_limit(void)
{
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	gint64 begin = g_get_monotonic_time();
	guint64 before;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	for (guint i = 0; i < 30; i++) {
		rig_push(rig);
		media_force_keyframe(rig->media);
		g_usleep(50000);
	}
	before = rig_keyframes(rig);
	g_assert_cmpuint(before, <=, 1 + (g_get_monotonic_time() - begin) / 500000);
	g_assert_cmpuint(before, >=, 2);
	media_force_keyframe(rig->media);
	rig_wait_for_keyframes(rig, before + 1);
	rig_free(rig);
}

/* A sink that lost a packet and does not ask has its picture again in time, however few pictures there are. */
static void test_keyframe_of_few(void)
{
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	gint64 begin;
	guint64 before;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	before = rig_keyframes(rig);
	begin = g_get_monotonic_time();
	/* Too few for the encoder's own count of them, and too many for a repeat. */
	for (guint i = 0; g_get_monotonic_time() < begin + 5500 * G_TIME_SPAN_MILLISECOND; i++) {
		g_usleep(60 * G_TIME_SPAN_MILLISECOND);
		rig_draw(rig, i);
		rig_push(rig);
	}
	g_assert_cmpuint(rig_keyframes(rig), >, before);
	rig_free(rig);
}

/* While paused nothing is sent; play begins with the picture that came last. */
static void test_pause(void)
{
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	g_autoptr(GstSample) sample = NULL;
	MediaStatistics statistics;

	rig_draw(rig, 0);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_NOT_STREAMING);
	rig_draw(rig, 300);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_NOT_STREAMING);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.packets, ==, 0);
	media_set_playing(rig->media, TRUE);
	sample = rig_pull(rig);
	g_assert_cmpfloat(rig_psnr(rig, sample), >=, 25);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.keyframes, >=, 1);
	g_assert_cmpuint(statistics.frames_encoded, ==, 0);
	media_set_playing(rig->media, FALSE);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_NOT_STREAMING);
	rig_free(rig);
}

static gpointer push_one(gpointer rig)
{
	return GINT_TO_POINTER(rig_push(rig));
}

/* PLAY comes while a picture is being converted that was pushed before: the stream begins with a keyframe. */
static void test_play_meanwhile(void)
{
	MediaRig *rig = rig_new(2560, 1440, &rig_vga);
	MediaStatistics statistics = {0};
	GThread *thread;
	guint64 before;

	rig_draw(rig, 0);
	media_set_playing(rig->media, TRUE);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	media_set_playing(rig->media, FALSE);
	before = rig_keyframes(rig);
	thread = g_thread_new("push", push_one, rig);
	while (statistics.frames_in < 2)
		media_get_statistics(rig->media, &statistics);
	media_set_playing(rig->media, TRUE);
	g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, MEDIA_NOT_STREAMING);
	rig_wait_for_keyframes(rig, before + 1);
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
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	guint width, height;

	rig_draw(rig, 100);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_NOT_STREAMING);
	g_assert_null(media_take_picture(rig->media, 0, &width, &height));
	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 300);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	assert_taken(rig, 0, 640, 480);
	assert_taken(rig, 2000, 640, 480);
	assert_taken(rig, 320, 320, 240);
	rig_draw(rig, 20);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	assert_taken(rig, 213, 213, 160);
	media_set_playing(rig->media, FALSE);
	g_assert_null(media_take_picture(rig->media, 0, &width, &height));
	rig_free(rig);
}

/* A picture of another size than the mode's is scaled to it. */
static void test_scale(void)
{
	MediaRig *rig = rig_new(800, 600, &rig_vga);
	g_autoptr(GstSample) sample = NULL;
	gint width = 0, height = 0;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	sample = rig_pull(rig);
	gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "width",
			      &width);
	gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "height",
			      &height);
	g_assert_cmpint(width, ==, 640);
	g_assert_cmpint(height, ==, 480);
	rig_free(rig);
}

/* Whether the sink sees something there. */
static gboolean is_lit(const GstVideoFrame *frame, guint x, guint y)
{
	double bgr[3];

	decoded_pixel(frame, x, y, bgr);
	return bgr[0] + bgr[1] + bgr[2] > 60;
}

/* A picture of another shape than the mode's is where media_get_area() says, and nowhere else. */
static void test_area(void)
{
	static const struct {
		guint width, height;
		const MediaFormat *format;
		MediaArea area;
	} cases[] = {
		{1024, 768, &rig_hd, {160, 0, 960, 720}},
		{1280, 720, &rig_vga, {0, 60, 640, 360}},
		{1280, 720, &rig_hd, {0, 0, 1280, 720}},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		MediaRig *rig = rig_new(cases[i].width, cases[i].height, cases[i].format);
		const MediaArea *expected = &cases[i].area;
		guint right, bottom;
		GstSample *sample;
		GstVideoFrame frame;
		MediaArea area;

		g_assert_false(media_get_area(rig->media, &area));
		media_set_playing(rig->media, TRUE);
		rig_draw(rig, 0);
		g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
		g_assert_true(media_get_area(rig->media, &area));
		g_assert_cmpmem(&area, sizeof(area), expected, sizeof(*expected));
		right = area.x + area.width - 1;
		bottom = area.y + area.height - 1;
		sample = rig_pull(rig);
		map_sample(sample, &frame);
		g_assert_true(is_lit(&frame, area.x + 4, area.y + 4));
		g_assert_true(is_lit(&frame, right - 4, bottom - 4));
		if (area.x) {
			g_assert_false(is_lit(&frame, area.x - 4, area.y + 4));
			g_assert_false(is_lit(&frame, right + 4, bottom - 4));
		}
		if (area.y) {
			g_assert_false(is_lit(&frame, area.x + 4, area.y - 4));
			g_assert_false(is_lit(&frame, right - 4, bottom + 4));
		}
		gst_video_frame_unmap(&frame);
		gst_sample_unref(sample);
		rig_free(rig);
	}
}

/* Lines longer than the picture is wide, the last one ending with the picture. */
static void test_stride(void)
{
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	gsize stride = 640 * 4 + 52;
	g_autofree guint8 *pixels = g_malloc(stride * 479 + 640 * 4);
	g_autoptr(GstSample) sample = NULL;
	MediaFrame frame = {
		.pixels = pixels,
		.stride = stride,
		.width = 640,
		.height = 480,
		.time_ns = g_get_monotonic_time() * 1000,
		.release = rig_on_release,
		.release_data = rig,
	};
	guint64 encode_ns;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 100);
	for (guint row = 0; row < 480; row++)
		memcpy(pixels + row * stride, rig->pixels + row * 640 * 4, 640 * 4);
	g_assert_cmpint(media_push(rig->media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	sample = rig_pull(rig);
	g_assert_cmpfloat(rig_psnr(rig, sample), >=, 25);
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
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	MediaRig *rig;
	gint counted = 0;

	card.broken = FALSE;
	rig = rig_new_with(640, 480, &rig_vga, "vah264enc");
	rig->errors_expected = TRUE;
	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	g_atomic_int_set(&card.blocked, TRUE);
	media_force_keyframe(rig->media);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_DROPPED);
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
		.release = rig_on_release,
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
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	MediaStatistics statistics;
	GThread *threads[4];

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("push", push_many, rig);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	media_get_statistics(rig->media, &statistics);
	g_assert_cmpuint(statistics.frames_in, ==, 200);
	g_assert_cmpuint(statistics.frames_encoded + statistics.frames_dropped, ==, 200);
	g_assert_cmpuint(statistics.frames_encoded, >=, 4);
	g_assert_cmpint(rig->releases, ==, 200);
	rig_free(rig);
}

/* A compositor of 60 Hz, by way of the kernel: the next is drawn when the one before the last is answered. */
typedef struct {
	MediaRig *rig;
	GMutex lock;
	GCond cond;
	guint drawn;
	gint64 drawn_at, end; /* monotonic us */
} Compositor;

/* Waits for its turn; FALSE: it is over. */
static gboolean may_draw(Compositor *compositor, guint parity)
{
	g_mutex_lock(&compositor->lock);
	while (compositor->drawn % 2 != parity)
		g_cond_wait(&compositor->cond, &compositor->lock);
	while (g_get_monotonic_time() < compositor->drawn_at + G_USEC_PER_SEC / 60)
		g_usleep(1000);
	compositor->drawn_at = g_get_monotonic_time();
	compositor->drawn++;
	g_cond_broadcast(&compositor->cond);
	g_mutex_unlock(&compositor->lock);
	return compositor->drawn_at < compositor->end;
}

static void push_noise(MediaRig *rig)
{
	g_autofree guint32 *pixels = g_malloc_n(rig->width * rig->height, 4);
	const MediaFrame frame = {
		.pixels = pixels,
		.stride = rig->width * 4,
		.width = rig->width,
		.height = rig->height,
		.time_ns = g_get_monotonic_time() * 1000,
	};
	guint64 encode_ns;

	for (gsize i = 0; i < rig->width * rig->height; i++)
		pixels[i] = g_random_int();
	media_push(rig->media, &frame, &encode_ns);
}

static gpointer draw_even(gpointer user_data)
{
	Compositor *compositor = user_data;

	while (may_draw(compositor, 0))
		push_noise(compositor->rig);
	return NULL;
}

static gpointer draw_odd(gpointer user_data)
{
	Compositor *compositor = user_data;

	while (may_draw(compositor, 1))
		push_noise(compositor->rig);
	return NULL;
}

/*
 * A stream of few pictures has no more, however many are drawn, and they take no more than its rate; nor are
 * many more drawn.
 */
static void test_few_of_many(void)
{
	/* Small, so that this machine would manage them all. */
	const MediaFormat format = {.width = 160, .height = 128, .fps = 10, .level = "3.1"};
	MediaRig *rig = rig_new(160, 128, &format);
	Compositor compositor = {.rig = rig};
	MediaStatistics before, after;
	GThread *even, *odd;
	gint64 begin;
	double kbit;

	media_set_playing(rig->media, TRUE);
	/* What an encoder has in store when it begins. */
	for (guint i = 0; i < 10; i++)
		push_noise(rig);
	media_get_statistics(rig->media, &before);
	begin = g_get_monotonic_time();
	compositor.end = begin + 2 * G_USEC_PER_SEC;
	even = g_thread_new("even", draw_even, &compositor);
	odd = g_thread_new("odd", draw_odd, &compositor);
	g_thread_join(even);
	g_thread_join(odd);
	media_get_statistics(rig->media, &after);
	after.frames_in -= before.frames_in;
	after.frames_encoded -= before.frames_encoded;
	kbit = (after.encoded_bytes - before.encoded_bytes) * 8000.0 /
	       (g_get_monotonic_time() - begin);
	g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
		       " pictures in two seconds, %.0f kbit/s of %" G_GUINT64_FORMAT,
		       after.frames_encoded, after.frames_in, kbit, after.kbit);
	g_assert_cmpuint(after.frames_encoded, <=, 22);
	g_assert_cmpuint(after.frames_in * 2, <=, 9 * after.frames_encoded);
	g_assert_cmpfloat(kbit, <=, after.kbit * 1.2);
	rig_free(rig);
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
	card_encoder_register();
	g_test_add_func("/media/stream", test_stream);
	g_test_add_func("/media/profiles", test_profiles);
	g_test_add_func("/media/black", test_black);
	g_test_add_func("/media/greys", test_greys);
	g_test_add_func("/media/stuck", test_stuck);
	g_test_add_func("/media/keyframe", test_keyframe);
	g_test_add_func("/media/keyframe-limit", test_keyframe_limit);
	g_test_add_func("/media/keyframe-of-few", test_keyframe_of_few);
	g_test_add_func("/media/pause", test_pause);
	g_test_add_func("/media/play-meanwhile", test_play_meanwhile);
	g_test_add_func("/media/picture", test_picture);
	g_test_add_func("/media/scale", test_scale);
	g_test_add_func("/media/area", test_area);
	g_test_add_func("/media/stride", test_stride);
	g_test_add_func("/media/crowd", test_crowd);
	g_test_add_func("/media/few-of-many", test_few_of_many);
	g_test_add_func("/media/no-socket", test_no_socket);
	return g_test_run();
}
