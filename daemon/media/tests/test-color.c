// SPDX-License-Identifier: GPL-2.0-or-later
/* What media-color.c makes of colours against DRM's definition of it, done step by step for each pixel. */
#include "media-color.h"

#include <math.h>

#define ROUNDS 20
#define PIXELS 500
#define ONE    G_GUINT64_CONSTANT(0x100000000)
#define MINUS  G_GUINT64_CONSTANT(0x8000000000000000)

static guint level(guint32 pixel, guint channel)
{
	return pixel >> (16 - 8 * channel) & 0xff;
}

static guint32 apply(const MediaColorSteps *steps, guint32 pixel)
{
	MediaColor *color = media_color_new(steps);

	g_assert_nonnull(color);
	media_color_apply(color, &pixel, 1, &pixel);
	media_color_unref(color);
	return pixel;
}

/* @value, 0 to 1, looked up between the entries. */
static double look_up(const guint16 *table, double value)
{
	double place = value * 255;
	guint entry = MIN((guint)place, 254);

	return ((1 - (place - entry)) * table[entry] + (place - entry) * table[entry + 1]) / 65535;
}

static double clamped(double value)
{
	return value < 0 ? 0 : value > 1 ? 1 : value;
}

static double real(guint64 value)
{
	double amount = (value & ~MINUS) / (double)ONE;

	return value & MINUS ? -amount : amount;
}

static void exact(const MediaColorSteps *steps, guint32 pixel, double out[3])
{
	double in[3];

	for (guint c = 0; c < 3; c++)
		in[c] = steps->degamma ? steps->degamma[c][level(pixel, c)] / 65535.0
				       : level(pixel, c) / 255.0;
	for (guint c = 0; c < 3; c++) {
		out[c] = in[c];
		if (steps->matrix)
			out[c] = clamped(in[0] * real(steps->matrix[3 * c]) +
					 in[1] * real(steps->matrix[3 * c + 1]) +
					 in[2] * real(steps->matrix[3 * c + 2]));
		if (steps->gamma)
			out[c] = look_up(steps->gamma[c], out[c]);
	}
}

/* Rising from black to white, more or less steep on the way. */
static void fill_curve(MediaColorTable *tables, double power)
{
	for (guint c = 0; c < 3; c++)
		for (guint i = 0; i < MEDIA_COLOR_ENTRIES; i++)
			tables[c][i] = lrint(65535 * pow(i / 255.0, power + c / 10.0));
}

static guint64 s31_32(double value)
{
	return (value < 0 ? MINUS : 0) | (guint64)(fabs(value) * ONE);
}

/* Each of the steps there or not, with a matrix that mixes and with one that does not. */
static void test_definition(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(11);
	MediaColorTable degamma[3], gamma[3];
	guint64 matrix[9];

	for (guint round = 0; round < ROUNDS * 12; round++) {
		const MediaColorSteps steps = {
			.degamma = round & 1 ? degamma : NULL,
			.gamma = round & 2 ? gamma : NULL,
			.matrix = round / 4 % 3 ? matrix : NULL,
		};
		MediaColor *color;

		fill_curve(degamma, g_rand_double_range(random, 0.4, 2.6));
		fill_curve(gamma, g_rand_double_range(random, 0.4, 2.6));
		for (guint i = 0; i < 9; i++)
			matrix[i] = i % 4 && round / 4 % 3 == 1
					    ? 0
					    : s31_32(g_rand_double_range(random, -0.6, 1.4));
		color = media_color_new(&steps);
		g_assert_cmpint(color == NULL, ==, round % 12 == 0);
		for (guint i = 0; color && i < PIXELS; i++) {
			guint32 pixel = g_rand_int(random), becomes;
			double wanted[3];

			media_color_apply(color, &pixel, 1, &becomes);
			exact(&steps, pixel, wanted);
			for (guint c = 0; c < 3; c++)
				g_assert_cmpfloat_with_epsilon(level(becomes, c), 255 * wanted[c],
							       0.6);
		}
		g_clear_pointer(&color, media_color_unref);
	}
}

static void test_nothing(void)
{
	guint64 matrix[9] = {ONE, 0, MINUS, 0, ONE, 0, 0, 0, ONE};
	MediaColorSteps steps = {0};
	MediaColorTable straight[3];

	g_assert_null(media_color_new(&steps));
	for (guint c = 0; c < 3; c++)
		for (guint i = 0; i < MEDIA_COLOR_ENTRIES; i++)
			straight[c][i] = i * 257;
	steps.gamma = straight;
	g_assert_null(media_color_new(&steps));
	steps.degamma = straight;
	g_assert_null(media_color_new(&steps));
	steps.matrix = matrix;
	g_assert_null(media_color_new(&steps));
	/* One entry of one table is something. */
	straight[2][7] += 257;
	g_assert_cmphex(apply(&(const MediaColorSteps){.gamma = straight}, 0x010607), ==, 0x010608);
}

/* Night light: less green, and less blue still. */
static void test_warm(void)
{
	const MediaColorTable nothing[3] = {{0}};
	MediaColorTable warm[3];

	for (guint i = 0; i < MEDIA_COLOR_ENTRIES; i++) {
		warm[0][i] = i * 257;
		warm[1][i] = i * 200;
		warm[2][i] = i * 100;
	}
	g_assert_cmphex(apply(&(const MediaColorSteps){.gamma = warm}, 0xffffffff), ==,
			0xff0000 | (255 * 200 + 128) / 257 << 8 | (255 * 100 + 128) / 257);
	g_assert_cmphex(apply(&(const MediaColorSteps){.degamma = warm}, 0x5a804020), ==,
			0x800000 | (0x40 * 200 + 128) / 257 << 8 | (0x20 * 100 + 128) / 257);
	/* A table of nothing is black. */
	g_assert_cmphex(apply(&(const MediaColorSteps){.gamma = nothing}, 0xffffff), ==, 0);
}

static void test_swap(void)
{
	const guint64 matrix[9] = {0, 0, ONE, 0, ONE, 0, ONE, 0, 0};
	const MediaColorSteps steps = {.matrix = matrix};

	for (guint32 i = 0; i < 256; i++) {
		guint32 other = 255 - i, third = i ^ 0x55;

		g_assert_cmphex(apply(&steps, i << 16 | other << 8 | third), ==,
				third << 16 | other << 8 | i);
	}
}

/* What is too bright or too dark is so no more when the last table is asked. */
static void test_limits(void)
{
	static const guint64 most = ~MINUS;
	const guint64 far[9] = {most, MINUS | most, 0, 2 * ONE, 0, 0, MINUS | ONE, 0, 0};
	MediaColorTable inverse[3];

	for (guint c = 0; c < 3; c++)
		for (guint i = 0; i < MEDIA_COLOR_ENTRIES; i++)
			inverse[c][i] = 65535 - i * 257;
	g_assert_cmphex(apply(&(const MediaColorSteps){.matrix = far}, 0x900000), ==, 0xffff00);
	g_assert_cmphex(apply(&(const MediaColorSteps){.matrix = far}, 0x00ffff), ==, 0);
	g_assert_cmphex(apply(&(const MediaColorSteps){.matrix = far, .gamma = inverse}, 0x900000),
			==, 0x0000ff);
}

/* To light and back: what is not nearly black comes back as it was. */
static void test_back(void)
{
	MediaColorTable light[3], back[3];
	const MediaColorSteps steps = {.degamma = light, .gamma = back};

	for (guint c = 0; c < 3; c++)
		for (guint i = 0; i < MEDIA_COLOR_ENTRIES; i++) {
			light[c][i] = lrint(65535 * pow(i / 255.0, 2.2));
			back[c][i] = lrint(65535 * pow(i / 255.0, 1 / 2.2));
		}
	for (guint i = 48; i < 256; i++)
		g_assert_cmpint(ABS((gint)(apply(&steps, i << 8) >> 8) - (gint)i), <=, 1);
}

/* Over white, over black, between them; and light that belongs to no pointer stays as it is. */
static void test_pointer(void)
{
	guint32 pixels[] = {0xff808080, 0x80404040, 0, 0x00102030, 0x01010101};
	const guint32 wanted[] = {0xff804000, 0x80402000, 0, 0x00102030, 0x01010100};
	const guint64 matrix[9] = {ONE, 0, 0, 0, ONE / 2, 0, 0, 0, 0};
	const MediaColorSteps steps = {.matrix = matrix};
	MediaColor *color = media_color_new(&steps);

	media_color_apply_to_pointer(color, pixels, G_N_ELEMENTS(pixels));
	for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
		for (guint shift = 0; shift < 32; shift += 8)
			g_assert_cmpint(ABS((gint)(pixels[i] >> shift & 0xff) -
					    (gint)(wanted[i] >> shift & 0xff)),
					<=, 1);
	g_assert_cmphex(pixels[3], ==, wanted[3]);
	media_color_unref(media_color_ref(color));
	media_color_unref(color);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/media-color/definition", test_definition);
	g_test_add_func("/media-color/nothing", test_nothing);
	g_test_add_func("/media-color/warm", test_warm);
	g_test_add_func("/media-color/swap", test_swap);
	g_test_add_func("/media-color/limits", test_limits);
	g_test_add_func("/media-color/back", test_back);
	g_test_add_func("/media-color/pointer", test_pointer);
	return g_test_run();
}
