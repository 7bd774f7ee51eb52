// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pointer drawn over a converted picture, against the same pointer drawn into the picture before
 * it is converted.
 */
#include "media-cursor.h"

#include <math.h>
#include <string.h>

#define MAX_SIZE 64
#define CHROMA	 (MAX_SIZE / 2)
#define KR	 0.2126
#define KB	 0.0722

typedef struct {
	guint8 y[MAX_SIZE * MAX_SIZE];
	guint8 u[CHROMA * CHROMA];
	guint8 v[CHROMA * CHROMA];
} CursorPlanes;

static MediaI420Picture picture_of(CursorPlanes *planes)
{
	return (MediaI420Picture){
		.planes = {planes->y, planes->u, planes->v},
		.strides = {MAX_SIZE, CHROMA, CHROMA},
	};
}

static void convert(const guint32 *pixels, guint width, guint height, const MediaColor *color,
		    CursorPlanes *out)
{
	MediaI420Picture picture = picture_of(out);

	media_convert_to_i420(pixels, width * 4, width, height, color, KR, KB, &picture);
}

/* A picture without edges, as beneath most pointers. */
static void draw_background(guint32 *pixels, guint width, guint height)
{
	for (guint y = 0; y < height; y++)
		for (guint x = 0; x < width; x++)
			pixels[y * width + x] = (40 + 3 * x) << 16 | (200 - 2 * y) << 8 |
						(60 + x + y);
}

static guint32 premultiplied(guint alpha, guint r, guint g, guint b)
{
	return alpha << 24 | (r * alpha / 255) << 16 | (g * alpha / 255) << 8 | b * alpha / 255;
}

/* Over one pixel of RGB, as a compositor does it. */
static guint32 over(guint32 pointer, guint32 pixel)
{
	guint alpha = pointer >> 24;
	guint32 out = 0;

	for (guint shift = 0; shift < 24; shift += 8)
		out |= MIN((pointer >> shift & 0xff) +
				   ((pixel >> shift & 0xff) * (255 - alpha) + 127) / 255,
			   255)
		       << shift;
	return out;
}

/* The largest difference in luma and in chroma from what it should be with @image at @x, @y. */
static void compare(MediaCursorImage *image, gint x, gint y, guint width, guint height,
		    const MediaColor *color, gint *luma, gint *chroma)
{
	g_autofree guint32 *pixels = g_new(guint32, width * height);
	g_autofree CursorPlanes *clean = g_new0(CursorPlanes, 1);
	g_autofree CursorPlanes *drawn = g_new(CursorPlanes, 1);
	g_autofree CursorPlanes *exact = g_new0(CursorPlanes, 1);
	MediaI420Picture picture = picture_of(drawn);
	MediaCursorPatch covered = {0};
	/* As the display says it: what is seen of it. */
	const MediaCursor cursor = {
		.image = image,
		.source_x = MAX(-x, 0),
		.source_y = MAX(-y, 0),
		.x = MAX(x, 0),
		.y = MAX(y, 0),
		.width = MAX((gint)image->width - MAX(-x, 0), 0),
		.height = MAX((gint)image->height - MAX(-y, 0), 0),
	};
	gsize bytes;

	draw_background(pixels, width, height);
	convert(pixels, width, height, color, clean);
	for (gint row = 0; row < (gint)image->height; row++)
		for (gint column = 0; column < (gint)image->width; column++)
			if (x + column >= 0 && x + column < (gint)width && y + row >= 0 &&
			    y + row < (gint)height) {
				guint32 *pixel = &pixels[(y + row) * width + x + column];

				*pixel = over(image->pixels[row * image->width + column], *pixel);
			}
	convert(pixels, width, height, color, exact);

	memcpy(drawn, clean, sizeof(*drawn));
	bytes = media_cursor_draw(&cursor, &picture, width, height, color, KR, KB, &covered);
	g_assert_cmpuint(bytes, <=, (image->width + 6) * (image->height + 2) * 4);
	*luma = *chroma = 0;
	for (guint i = 0; i < sizeof(drawn->y); i++)
		*luma = MAX(*luma, ABS(drawn->y[i] - exact->y[i]));
	for (guint i = 0; i < sizeof(drawn->u); i++)
		*chroma = MAX(*chroma,
			      MAX(ABS(drawn->u[i] - exact->u[i]), ABS(drawn->v[i] - exact->v[i])));

	media_cursor_erase(&covered, &picture);
	g_assert_cmpmem(drawn, sizeof(*drawn), clean, sizeof(*clean));
	/* Once is enough. */
	memset(drawn, 0, sizeof(*drawn));
	g_assert_cmpuint(media_cursor_erase(&covered, &picture), ==, 0);
	media_cursor_patch_clear(&covered);
}

static void compare_everywhere(MediaCursorImage *image, const MediaColor *color, gint most_luma,
			       gint most_chroma)
{
	static const guint sizes[][2] = {{64, 64}, {63, 61}, {40, 33}, {17, 16}, {2, 2}, {1, 1}};

	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
		for (gint y = -20; y < 66; y += y < 0 || y > 50 ? 1 : 7)
			for (gint x = -20; x < 66; x += x < 0 || x > 50 ? 1 : 5) {
				gint luma, chroma;

				compare(image, x, y, sizes[i][0], sizes[i][1], color, &luma,
					&chroma);
				g_assert_cmpint(luma, <=, most_luma);
				g_assert_cmpint(chroma, <=, most_chroma);
			}
}

/* An arrow with a soft edge, and nothing around it. */
static void test_arrow(void)
{
	guint32 pixels[24 * 24] = {0};
	MediaCursorImage *image;

	for (guint y = 3; y < 20; y++)
		for (guint x = 4; x <= y; x++)
			pixels[y * 24 + x] = x == y ? premultiplied(128, 255, 255, 255)
						    : premultiplied(255, 20, 20, 20);
	image = media_cursor_image_new(pixels, 24 * 4, 24, 24);
	g_assert_cmpuint(image->left, ==, 4);
	g_assert_cmpuint(image->right, ==, 20);
	g_assert_cmpuint(image->top, ==, 4);
	g_assert_cmpuint(image->bottom, ==, 20);
	compare_everywhere(image, NULL, 1, 3);
	media_cursor_image_unref(image);
}

static void test_opaque(void)
{
	guint32 pixels[16 * 16];
	MediaCursorImage *image;

	for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = premultiplied(255, 90, 160, 30);
	image = media_cursor_image_new(pixels, 16 * 4, 16, 16);
	compare_everywhere(image, NULL, 1, 3);
	media_cursor_image_unref(image);
}

static void test_glass(void)
{
	guint32 pixels[15 * 13];
	MediaCursorImage *image;

	for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = premultiplied(100, 255, 200, 10);
	image = media_cursor_image_new(pixels, 15 * 4, 15, 13);
	compare_everywhere(image, NULL, 1, 3);
	media_cursor_image_unref(image);
}

/* In the colours of the picture: night light's, and a matrix that mixes channels. */
static void test_coloured(void)
{
	const guint64 one = G_GUINT64_CONSTANT(1) << 32;
	const guint64 warm[9] = {one, 0, 0, 0, one / 4 * 3, 0, 0, 0, one / 2};
	const guint64 mix[9] = {one / 2, one / 2, 0, 0, one, 0, one / 4, 0, one / 4 * 3};
	const guint64 *const ways[] = {warm, mix};
	guint32 pixels[24 * 24] = {0};
	MediaCursorImage *image;

	for (guint y = 3; y < 20; y++)
		for (guint x = 4; x <= y; x++)
			pixels[y * 24 + x] = x == y ? premultiplied(128, 250, 255, 245)
						    : premultiplied(255, 220, 240, 250);
	image = media_cursor_image_new(pixels, 24 * 4, 24, 24);
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		const MediaColorSteps steps = {.matrix = ways[i]};
		MediaColor *color = media_color_new(&steps);

		compare_everywhere(image, color, 2, 3);
		media_color_unref(color);
	}
	media_cursor_image_unref(image);
}

/* Wholly transparent, it costs nothing. */
static void test_nothing(void)
{
	const guint32 pixels[8 * 8] = {0};
	g_autofree CursorPlanes *planes = g_new0(CursorPlanes, 1);
	MediaI420Picture picture = picture_of(planes);
	MediaCursorPatch covered = {0};
	MediaCursor cursor = {.width = 8, .height = 8};

	g_assert_cmpuint(media_cursor_draw(&cursor, &picture, 64, 64, NULL, KR, KB, &covered), ==,
			 0);
	cursor.image = media_cursor_image_new(pixels, 8 * 4, 8, 8);
	g_assert_cmpuint(media_cursor_draw(&cursor, &picture, 64, 64, NULL, KR, KB, &covered), ==,
			 0);
	g_assert_cmpuint(covered.width, ==, 0);
	media_cursor_image_unref(cursor.image);
}

/* Whatever a message says, nothing outside the picture and the image is touched. */
static void test_anywhere(void)
{
	static const guint numbers[] = {0, 1, 7, 15, 16, 17, 63, 64, 65, G_MAXINT, G_MAXUINT};
	guint32 pixels[16 * 16];
	g_autofree CursorPlanes *planes = g_new0(CursorPlanes, 1);
	MediaI420Picture picture = picture_of(planes);
	MediaCursorPatch covered = {0};
	MediaCursor cursor = {0};

	/* More colour than alpha: no compositor's, and no overflow. */
	memset(pixels, 0x7f, sizeof(pixels));
	cursor.image = media_cursor_image_new(pixels, 16 * 4, 16, 16);
	for (guint n = 0; n < 100000; n++) {
		guint *const fields[] = {&cursor.source_x, &cursor.source_y, &cursor.x,
					 &cursor.y,	   &cursor.width,    &cursor.height};

		for (guint f = 0; f < G_N_ELEMENTS(fields); f++)
			*fields[f] = numbers[g_random_int_range(0, G_N_ELEMENTS(numbers))];
		media_cursor_draw(&cursor, &picture, 64, 64, NULL, KR, KB, &covered);
		g_assert_cmpuint(covered.x + covered.width, <=, 64);
		media_cursor_erase(&covered, &picture);
	}
	for (guint i = 0; i < sizeof(*planes); i++)
		g_assert_cmpuint(((guint8 *)planes)[i], ==, 0);
	media_cursor_patch_clear(&covered);
	media_cursor_image_unref(cursor.image);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/media-cursor/arrow", test_arrow);
	g_test_add_func("/media-cursor/opaque", test_opaque);
	g_test_add_func("/media-cursor/glass", test_glass);
	g_test_add_func("/media-cursor/coloured", test_coloured);
	g_test_add_func("/media-cursor/nothing", test_nothing);
	g_test_add_func("/media-cursor/anywhere", test_anywhere);
	return g_test_run();
}
