// SPDX-License-Identifier: GPL-2.0-or-later
/* What has changed of a picture is converted, and the result is that of a conversion of all of it. */
#include "card-encoder.h"
#include "media-canvas.h"
#include "media-rig.h"

#include <string.h>
#include <unistd.h>

#define STEPS	    400
#define MAX_CHANGES 5
#define POINTER	    24
#define GAP	    3 /* pixels behind each line of a framebuffer */
#define FULL_WIDTH  1920
#define FULL_HEIGHT 1080

typedef struct {
	GRand *random;
	guint width, height, stride; /* pixels */
	guint32 *pixels;
	guint64 sequence;
	MediaDamage damage; /* since what was drawn */
	MediaCanvas canvas;
	MediaColor *color;
	MediaCursor cursor;
} DamageScreen;

static guint below(DamageScreen *s, guint end)
{
	return g_rand_int_range(s->random, 0, end);
}

static MediaFrame frame_of(const DamageScreen *s, const MediaRect *damage, guint n)
{
	return (MediaFrame){
		.pixels = s->pixels,
		.stride = s->stride * 4,
		.width = s->width,
		.height = s->height,
		.color = s->color,
		.sequence = s->sequence,
		.damage = damage,
		.nr_damage = n,
	};
}

static DamageScreen *screen_new(guint width, guint height)
{
	const MediaFormat format = {.width = width, .height = height, .fps = 30};
	DamageScreen *s = g_new0(DamageScreen, 1);

	s->random = g_rand_new_with_seed(width * 7 + height);
	s->width = width;
	s->height = height;
	s->stride = width + GAP;
	s->pixels = g_new(guint32, s->stride * height);
	for (guint i = 0; i < s->stride * height; i++)
		s->pixels[i] = g_rand_int(s->random);
	media_canvas_init(&s->canvas, &format);
	gst_caps_unref(media_canvas_resize(&s->canvas, width, height));
	return s;
}

static void screen_free(DamageScreen *s)
{
	media_canvas_clear(&s->canvas);
	g_clear_pointer(&s->color, media_color_unref);
	g_clear_pointer(&s->cursor.image, media_cursor_image_unref);
	g_rand_free(s->random);
	g_free(s->pixels);
	g_free(s);
}

static gsize draw(DamageScreen *s)
{
	const MediaFrame frame = frame_of(s, NULL, 0);
	const MediaDamage damage = media_damage_take(&s->damage);

	return media_canvas_draw(&s->canvas, &frame, &damage, &s->cursor);
}

/* Other colours at some place, and a frame that says so; another one may follow before it is drawn. */
static void change(DamageScreen *s)
{
	MediaRect rects[MAX_CHANGES];
	guint n = 1 + below(s, MAX_CHANGES);
	MediaFrame frame;

	for (guint i = 0; i < n; i++) {
		MediaRect *r = &rects[i];

		r->x1 = below(s, s->width);
		r->y1 = below(s, s->height);
		r->x2 = r->x1 + 1 + below(s, MIN(s->width - r->x1, 1 + s->width / 4));
		r->y2 = r->y1 + 1 + below(s, MIN(s->height - r->y1, 1 + s->height / 4));
		for (guint y = r->y1; y < r->y2; y++)
			for (guint x = r->x1; x < r->x2; x++)
				s->pixels[y * s->stride + x] = g_rand_int(s->random);
		/* It is no more than the picture that counts. */
		if (r->x2 == s->width && below(s, 2))
			r->x2 = G_MAXUINT;
		if (r->y2 == s->height && below(s, 2))
			r->y2 = G_MAXUINT;
	}
	s->sequence++;
	frame = frame_of(s, rects, n);
	media_damage_add(&s->damage, &frame);
	g_assert_cmpuint(s->damage.n, <=, MEDIA_MAX_DAMAGE);
}

static void recolour(DamageScreen *s)
{
	guint64 matrix[9] = {0};
	const MediaColorSteps steps = {.matrix = matrix};

	g_clear_pointer(&s->color, media_color_unref);
	for (guint i = 0; i < 9; i++)
		matrix[i] = (guint64)g_rand_int(s->random) >> below(s, 3);
	if (below(s, 3))
		s->color = media_color_new(&steps);
}

static void move_pointer(DamageScreen *s)
{
	guint32 pixels[POINTER * POINTER];

	g_clear_pointer(&s->cursor.image, media_cursor_image_unref);
	if (!below(s, 4))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = 0x80000000U | (g_rand_int(s->random) & 0x7f7f7f);
	s->cursor = (MediaCursor){
		.image = media_cursor_image_new(pixels, POINTER * 4, POINTER, POINTER),
		.x = below(s, s->width),
		.y = below(s, s->height),
		.width = POINTER,
		.height = POINTER,
	};
}

static void assert_alike(const GstVideoInfo *info, GstBuffer *one, GstBuffer *other)
{
	GstVideoFrame a, b;

	g_assert_true(gst_video_frame_map(&a, info, one, GST_MAP_READ));
	g_assert_true(gst_video_frame_map(&b, info, other, GST_MAP_READ));
	for (guint plane = 0; plane < 3; plane++)
		for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(&a, plane); y++) {
			gsize at = y * GST_VIDEO_FRAME_PLANE_STRIDE(&a, plane);
			gsize size = GST_VIDEO_FRAME_COMP_WIDTH(&a, plane);

			g_assert_cmpmem((guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&a, plane) + at, size,
					(guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&b, plane) + at, size);
		}
	gst_video_frame_unmap(&a);
	gst_video_frame_unmap(&b);
}

/* Against a canvas on which nothing was. */
static void assert_drawn(DamageScreen *s)
{
	const MediaFormat format = {.width = s->width, .height = s->height, .fps = 30};
	const MediaFrame frame = frame_of(s, NULL, 0);
	const MediaDamage everything = {.whole = TRUE};
	MediaCanvas fresh = {0};

	media_canvas_init(&fresh, &format);
	gst_caps_unref(media_canvas_resize(&fresh, s->width, s->height));
	media_canvas_draw(&fresh, &frame, &everything, &s->cursor);
	assert_alike(&fresh.info, s->canvas.picture, fresh.picture);
	media_canvas_clear(&fresh);
}

/* Changes, frames that are not drawn, pointers, colours; an encoder that keeps some pictures finds them as they were. */
static void test_random(void)
{
	static const guint sizes[][2] = {{320, 90}, {64, 48}, {63, 61}, {62, 33}, {300, 7},
					 {17, 16},  {5, 90},  {2, 2},	{3, 1},	  {1, 1}};

	for (guint size = 0; size < G_N_ELEMENTS(sizes); size++) {
		DamageScreen *s = screen_new(sizes[size][0], sizes[size][1]);

		for (guint step = 0; step < STEPS; step++) {
			g_autoptr(GstBuffer) kept = NULL, copy = NULL;

			for (guint n = below(s, step % 50 ? 4 : 20); n; n--)
				change(s);
			if (!below(s, 10))
				recolour(s);
			if (!below(s, 3))
				move_pointer(s);
			if (step && !below(s, 3)) {
				kept = gst_buffer_copy(s->canvas.picture);
				copy = gst_buffer_copy_deep(s->canvas.picture);
			}
			draw(s);
			assert_drawn(s);
			if (kept)
				assert_alike(&s->canvas.info, kept, copy);
		}
		screen_free(s);
	}
}

static gsize draw_change(DamageScreen *s, const MediaRect *rects, guint n)
{
	MediaFrame frame;

	s->sequence++;
	frame = frame_of(s, rects, n);
	media_damage_add(&s->damage, &frame);
	return draw(s);
}

/* A twentieth of the picture takes no more than a tenth of the work. */
static void test_costs(void)
{
	const MediaRect one[] = {{1001, 333, 1481, 549}};
	const MediaRect line[] = {{1, 501, 1919, 555}};
	const MediaRect letter[] = {{701, 301, 709, 317}};
	const MediaRect most[] = {{0, 0, FULL_WIDTH, FULL_HEIGHT - 1}};
	const MediaRect none[] = {{5, 5, 5, 9}, {9, 9, 2, 12}, {G_MAXUINT, 0, G_MAXUINT, 9}};
	const gsize all = FULL_WIDTH * FULL_HEIGHT * 4;
	MediaRect many[16];
	const struct {
		const MediaRect *rects;
		guint n;
		gsize least, most; /* bytes */
	} changes[] = {
		{one, 1, all, all}, /* the first one */
		{one, 1, 1, all / 10},
		{line, 1, 1, all / 10},
		{many, G_N_ELEMENTS(many), 1, all / 10},
		{letter, 1, 1, all / 5000},
		{none, G_N_ELEMENTS(none), 0, 0},
		{most, 1, all, all},
		{NULL, 0, all, all},
	};
	DamageScreen *s = screen_new(FULL_WIDTH, FULL_HEIGHT);

	for (guint i = 0; i < G_N_ELEMENTS(many); i++)
		many[i] = (MediaRect){i * 119 + 1, i * 60 + 1, i * 119 + 109, i * 60 + 61};
	for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
		gsize drawn = draw_change(s, changes[i].rects, changes[i].n);

		g_assert_cmpuint(drawn, >=, changes[i].least);
		g_assert_cmpuint(drawn, <=, changes[i].most);
	}
	screen_free(s);
}

/* A frame that is not the next one, or of another size, may have any changes before it. */
static void test_order(void)
{
	const MediaRect rect = {1, 1, 4, 4};
	MediaDamage damage = {0}, taken;
	MediaFrame frame = {.width = 64, .height = 64, .damage = &rect, .nr_damage = 1};
	static const struct {
		guint64 sequence;
		guint width;
		gboolean whole;
	} frames[] = {{7, 64, TRUE},   {8, 64, FALSE}, {9, 64, FALSE},
		      {11, 64, TRUE},  {10, 64, TRUE}, {12, 64, TRUE},
		      {13, 64, FALSE}, {14, 32, TRUE}, {15, 32, FALSE}};

	for (guint i = 0; i < G_N_ELEMENTS(frames); i++) {
		frame.sequence = frames[i].sequence;
		frame.width = frames[i].width;
		media_damage_add(&damage, &frame);
		taken = media_damage_take(&damage);
		g_assert_cmpint(taken.whole, ==, frames[i].whole);
		g_assert_true(taken.whole || taken.n == 1);
	}
	frame.sequence = 0;
	for (guint i = 0; i < 3; i++) {
		media_damage_add(&damage, &frame);
		g_assert_true(media_damage_take(&damage).whole);
	}
}

/* Three frames, each of another colour at a place of its own, with an encoder that takes its time. */

#define PLACE 40

typedef struct {
	Media *media;
	MediaFrame frame;
	MediaRect rect;
	MediaOutcome outcome;
} DamagePush;

static void fill(guint32 *pixels, const MediaRect *rect, guint32 colour)
{
	for (guint y = rect->y1; y < rect->y2; y++)
		for (guint x = rect->x1; x < rect->x2; x++)
			pixels[y * 640 + x] = colour;
}

static gpointer run_push(gpointer user_data)
{
	DamagePush *push = user_data;
	guint64 encode_ns;

	push->frame.time_ns = g_get_monotonic_time() * 1000;
	push->outcome = media_push(push->media, &push->frame, &encode_ns);
	return NULL;
}

static void wait_for_frames_in(Media *media, guint n)
{
	MediaStatistics statistics = {0};
	gint64 end = g_get_monotonic_time() + RIG_GUARD;

	while (statistics.frames_in < n && g_get_monotonic_time() < end) {
		g_usleep(1000);
		media_get_statistics(media, &statistics);
	}
	g_assert_cmpuint(statistics.frames_in, ==, n);
}

static void wait_for_taken(gint n)
{
	gint64 end = g_get_monotonic_time() + RIG_GUARD;

	while (g_atomic_int_get(&card.taken) < n && g_get_monotonic_time() < end)
		g_usleep(1000);
	g_assert_cmpint(g_atomic_int_get(&card.taken), ==, n);
}

static void assert_place(Media *media, const MediaRect *rect, guint32 colour)
{
	guint width, height;
	g_autofree guint8 *taken = media_take_picture(media, 0, &width, &height);
	const guint8 *pixel;

	g_assert_nonnull(taken);
	pixel = taken + ((rect->y1 + PLACE / 2) * width + rect->x1 + PLACE / 2) * 3;
	for (guint i = 0; i < 3; i++)
		g_assert_cmpint(ABS(pixel[i] - (gint)(colour >> (16 - 8 * i) & 0xff)), <, 8);
}

/* What changed in a frame that was not drawn is seen with the next one. */
static void test_dropped(void)
{
	static const guint32 colours[] = {0x202020, 0xe02020, 0x20e020, 0x2020e0};
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autofree guint32 *pixels = g_new0(guint32, 640 * 480);
	const MediaConfig config = {.format = rig_vga, .kbit = 5000, .encoder = "vah264enc"};
	DamagePush pushes[G_N_ELEMENTS(colours)];
	GThread *threads[G_N_ELEMENTS(colours)];
	g_autoptr(Media) media = NULL;
	MediaStatistics before, after;
	int rtp[2], rtcp[2];
	gint taken;

	card.broken = FALSE;
	media = media_paired(&config, context, rtp, rtcp);
	for (guint i = 0; i < G_N_ELEMENTS(pushes); i++)
		pushes[i] = (DamagePush){
			.media = media,
			.rect = {101 * i + 1, 31 * i + 1, 101 * i + 1 + PLACE, 31 * i + 1 + PLACE},
			.frame = {.pixels = pixels,
				  .stride = 640 * 4,
				  .width = 640,
				  .height = 480,
				  .sequence = i + 1,
				  .damage = &pushes[i].rect,
				  .nr_damage = 1},
		};
	run_push(&pushes[0]);
	g_assert_cmpint(pushes[0].outcome, ==, MEDIA_ENCODED);
	media_get_statistics(media, &before);
	g_assert_cmpuint(before.converted_bytes, ==, 640 * 480 * 4);

	/* The first is with the encoder, once its turn has come; the second waits, and the third takes its place. */
	taken = g_atomic_int_get(&card.taken);
	g_atomic_int_set(&card.blocked, TRUE);
	for (guint i = 1; i < G_N_ELEMENTS(pushes); i++) {
		fill(pixels, &pushes[i].rect, colours[i]);
		threads[i] = g_thread_new("push", run_push, &pushes[i]);
		wait_for_frames_in(media, before.frames_in + i);
		wait_for_taken(taken + 1);
	}
	g_atomic_int_set(&card.blocked, FALSE);
	for (guint i = 1; i < G_N_ELEMENTS(pushes); i++)
		g_thread_join(threads[i]);
	g_assert_cmpint(pushes[1].outcome, ==, MEDIA_ENCODED);
	g_assert_cmpint(pushes[2].outcome, ==, MEDIA_DROPPED);
	g_assert_cmpint(pushes[3].outcome, ==, MEDIA_ENCODED);
	for (guint i = 1; i < G_N_ELEMENTS(pushes); i++)
		assert_place(media, &pushes[i].rect, colours[i]);
	media_get_statistics(media, &after);
	g_assert_cmpuint(after.converted_bytes - before.converted_bytes, <=,
			 3 * (PLACE + 3) * (PLACE + 2) * 4);
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
	card.broken = TRUE;
}

/* A frame that comes behind its successor is never drawn: that one had to be drawn whole. */
static void test_late(void)
{
	const MediaRect place = {301, 101, 301 + PLACE, 101 + PLACE}, other = {9, 9, 19, 19};
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autofree guint32 *pixels = g_new0(guint32, 640 * 480);
	const MediaConfig config = {.format = rig_vga, .kbit = 5000, .encoder = "x264enc"};
	const gint64 now = g_get_monotonic_time() * 1000;
	MediaFrame frame = {.pixels = pixels,
			    .stride = 640 * 4,
			    .width = 640,
			    .height = 480,
			    .sequence = 1,
			    .time_ns = now};
	g_autoptr(Media) media = NULL;
	guint64 encode_ns;
	int rtp[2], rtcp[2];

	media = media_paired(&config, context, rtp, rtcp);
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	fill(pixels, &place, 0xe02020);
	frame.sequence = 3;
	frame.time_ns = now + 2 * GST_MSECOND;
	frame.damage = &other;
	frame.nr_damage = 1;
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_ENCODED);
	frame.sequence = 2;
	frame.time_ns = now + GST_MSECOND;
	frame.damage = &place;
	g_assert_cmpint(media_push(media, &frame, &encode_ns), ==, MEDIA_DROPPED);
	assert_place(media, &place, 0xe02020);
	g_clear_pointer(&media, media_free);
	close(rtp[1]);
	close(rtcp[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	card_encoder_register();
	g_test_add_func("/media/damage/random", test_random);
	g_test_add_func("/media/damage/costs", test_costs);
	g_test_add_func("/media/damage/order", test_order);
	g_test_add_func("/media/damage/dropped", test_dropped);
	g_test_add_func("/media/damage/late", test_late);
	return g_test_run();
}
