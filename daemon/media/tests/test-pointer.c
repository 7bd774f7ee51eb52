// SPDX-License-Identifier: GPL-2.0-or-later
/* The pointer in the pictures of a stream; test-cursor.c has how it is drawn. */
#include "card-encoder.h"
#include "media-rig.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	gboolean found = FALSE;

	while (!found && g_get_monotonic_time() < end) {
		g_autoptr(GstSample) sample = rig_pull(rig);
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
	gint64 end = g_get_monotonic_time() + RIG_GUARD;
	gboolean found = FALSE;

	while (!found && g_get_monotonic_time() < end) {
		g_autoptr(GstSample) sample = rig_pull(rig);
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
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	MediaCursorImage *image = pointer_image();
	MediaStatistics before, after;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	/* There is nothing to draw it on, but it is known when there is. */
	g_assert_false(show_at(rig, image, 500, 400));
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
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
	rig_draw(rig, 200);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
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
	MediaRig *rig = rig_new(320, 240, &rig_vga);
	MediaCursorImage *image = pointer_image();
	MediaStatistics statistics;

	media_set_playing(rig->media, TRUE);
	rig_draw(rig, 0);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
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
	MediaRig *rig = rig_new(640, 480, &rig_vga);
	MediaCursorImage *image = pointer_image();
	g_autofree guint8 *taken = NULL;
	guint width, height;

	media_set_playing(rig->media, TRUE);
	for (guint i = 0; i < rig->width * rig->height; i++)
		memcpy(rig->pixels + 4 * i, &drawn, 4);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	g_assert_true(show_at(rig, image, 200, 100));
	expect_colours(rig, drawn, 200, 100, POINTER_COLOUR);

	rig->color = media_color_new(&steps);
	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
	g_clear_pointer(&rig->color, media_color_unref);
	expect_colours(rig, swapped, 200, 100, 0x40d030);
	taken = media_take_picture(rig->media, 0, &width, &height);
	g_assert_cmpint(ABS(taken[0] - 0xe0), <, 8);
	g_assert_cmpint(ABS(taken[2] - 0x20), <, 8);
	/* Moved, it is in the colours of the picture that it is over. */
	g_assert_true(show_at(rig, image, 300, 211));
	expect_colours(rig, swapped, 300, 211, 0x40d030);

	g_assert_cmpint(rig_push(rig), ==, MEDIA_ENCODED);
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
	const MediaConfig config = {.format = rig_hd, .kbit = 5000, .encoder = "x264enc"};
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

		media = media_paired(&config, context, rtp, rtcp);
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	card_encoder_register();
	g_test_add_func("/media/cursor", test_cursor);
	g_test_add_func("/media/coloured", test_coloured);
	g_test_add_func("/media/cursor-scaled", test_cursor_scaled);
	g_test_add_func("/media/cursor-costs", test_cursor_costs);
	return g_test_run();
}
