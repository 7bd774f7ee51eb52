// SPDX-License-Identifier: GPL-2.0-or-later
/* The colours of media-convert.c against the formula of ITU-R BT.601 and BT.709, and its edges. */
#include "media-convert.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define MAX_SIZE 16
#define CANARY	 0xa5

static const struct {
	double kr, kb;
} matrices[] = {{0.2126, 0.0722}, {0.299, 0.114}};

typedef struct {
	guint8 y[MAX_SIZE * MAX_SIZE];
	guint8 u[MAX_SIZE * MAX_SIZE];
	guint8 v[MAX_SIZE * MAX_SIZE];
} MediaPlanes;

static void convert_coloured(const guint32 *pixels, guint width, guint height,
			     const MediaColor *color, guint matrix, MediaPlanes *out)
{
	MediaI420Picture picture = {
		.planes = {out->y, out->u, out->v},
		.strides = {MAX_SIZE, MAX_SIZE, MAX_SIZE},
	};

	memset(out, CANARY, sizeof(*out));
	media_convert_to_i420(pixels, width * 4, width, height, color, matrices[matrix].kr,
			      matrices[matrix].kb, &picture);
}

static void convert(const guint32 *pixels, guint width, guint height, guint matrix,
		    MediaPlanes *out)
{
	convert_coloured(pixels, width, height, NULL, matrix, out);
}

static void fill(guint32 *pixels, guint width, guint height, guint32 colour)
{
	for (guint i = 0; i < width * height; i++)
		pixels[i] = colour;
}

static void test_greys(void)
{
	guint32 pixels[8 * 4];
	MediaPlanes out;

	for (guint matrix = 0; matrix < G_N_ELEMENTS(matrices); matrix++)
		for (guint grey = 0; grey < 256; grey++) {
			/* What is in the fourth byte does not matter. */
			fill(pixels, 8, 4, 0x5a000000 | grey * 0x010101);
			convert(pixels, 8, 4, matrix, &out);
			for (guint i = 0; i < 8; i++) {
				g_assert_cmpint(out.y[i], ==, lrint(16 + 219 / 255.0 * grey));
				g_assert_cmpint(out.u[i / 2], ==, 128);
				g_assert_cmpint(out.v[i / 2], ==, 128);
			}
		}
}

static void assert_near(guint8 value, double exact)
{
	g_assert_cmpfloat_with_epsilon(value, exact, 0.6);
}

static void test_colours(void)
{
	static const guint8 steps[] = {0, 1, 37, 128, 200, 254, 255};
	guint n = G_N_ELEMENTS(steps);
	guint32 pixels[4];
	MediaPlanes out;

	for (guint i = 0; i < n * n * n * G_N_ELEMENTS(matrices); i++) {
		guint r = steps[i % n], g = steps[i / n % n], b = steps[i / n / n % n];
		guint matrix = i / n / n / n;
		double kr = matrices[matrix].kr, kb = matrices[matrix].kb;
		double y = kr * r + (1 - kr - kb) * g + kb * b;

		fill(pixels, 2, 2, r << 16 | g << 8 | b);
		convert(pixels, 2, 2, matrix, &out);
		assert_near(out.y[0], 16 + 219 / 255.0 * y);
		assert_near(out.u[0], 128 + 112 / 255.0 * (b - y) / (1 - kb));
		assert_near(out.v[0], 128 + 112 / 255.0 * (r - y) / (1 - kr));
	}
}

/* Odd sizes: every sample of the planes is written, and none beside them. */
static void test_sizes(void)
{
	guint32 pixels[MAX_SIZE * MAX_SIZE];
	MediaPlanes out;

	fill(pixels, MAX_SIZE, MAX_SIZE, 0xffffff);
	for (guint height = 1; height < MAX_SIZE; height++)
		for (guint width = 1; width < MAX_SIZE; width++) {
			convert(pixels, width, height, 0, &out);
			for (guint i = 0; i < MAX_SIZE * MAX_SIZE; i++) {
				guint x = i % MAX_SIZE, y = i / MAX_SIZE;
				gboolean chroma = x < (width + 1) / 2 && y < (height + 1) / 2;

				g_assert_cmpint(out.y[i], ==,
						x < width && y < height ? 235 : CANARY);
				g_assert_cmpint(out.u[i], ==, chroma ? 128 : CANARY);
				g_assert_cmpint(out.v[i], ==, chroma ? 128 : CANARY);
			}
		}
}

/* A chroma sample lies on its even column: the columns beside it count alike. */
static void test_siting(void)
{
	guint32 pixels[6 * 2] = {0};
	MediaPlanes left, right;

	pixels[1] = pixels[7] = 0xff;
	convert(pixels, 6, 2, 0, &left);
	pixels[1] = pixels[7] = 0;
	pixels[3] = pixels[9] = 0xff;
	convert(pixels, 6, 2, 0, &right);
	g_assert_cmpint(left.u[1], ==, 128 + 112 / 4);
	g_assert_cmpint(right.u[1], ==, left.u[1]);
	g_assert_cmpint(left.u[2], ==, 128);
	g_assert_cmpint(right.u[0], ==, 128);
}

/* Of column @x, or of the one at the edge, in two rows: @shift 16 is red, 8 green, 0 blue. */
static double column(const guint32 *pixels, guint width, gint x, guint shift)
{
	x = CLAMP(x, 0, (gint)width - 1);
	return ((pixels[x] >> shift & 0xff) + (pixels[width + x] >> shift & 0xff)) / 2.0;
}

/* Wide pictures of any colours, of all widths around those at which the work is divided. */
static void test_wide(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(5);
	double kr = matrices[0].kr, kb = matrices[0].kb;
	guint32 pixels[600 * 2];
	guint8 y[600 * 2], u[301], v[301];
	MediaI420Picture out = {.planes = {y, u, v}, .strides = {600, 301, 301}};

	for (guint width = 1; width < 600; width++) {
		for (guint i = 0; i < width * 2; i++)
			pixels[i] = g_rand_int(random);
		memset(u, CANARY, sizeof(u));
		media_convert_to_i420(pixels, width * 4, width, 2, NULL, kr, kb, &out);
		for (gint x = 0; x < (gint)width; x += 2) {
			double rgb[3], luma;

			for (guint i = 0; i < 3; i++)
				rgb[i] = (column(pixels, width, x - 1, 16 - 8 * i) +
					  2 * column(pixels, width, x, 16 - 8 * i) +
					  column(pixels, width, x + 1, 16 - 8 * i)) /
					 4;
			luma = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2];
			assert_near(u[x / 2], 128 + 112 / 255.0 * (rgb[2] - luma) / (1 - kb));
			assert_near(v[x / 2], 128 + 112 / 255.0 * (rgb[0] - luma) / (1 - kr));
		}
		for (guint x = 0; x < width; x++) {
			guint32 pixel = pixels[x];

			assert_near(y[x], 16 + 219 / 255.0 *
							  (kr * (pixel >> 16 & 0xff) +
							   (1 - kr - kb) * (pixel >> 8 & 0xff) +
							   kb * (pixel & 0xff)));
		}
		g_assert_cmphex(u[(width + 1) / 2], ==, CANARY);
	}
}

/* The same as if the colours had been in the picture, to the byte; and what is read stays as it is. */
static void test_coloured(void)
{
	const guint64 one = G_GUINT64_CONSTANT(1) << 32;
	const guint64 curves[9] = {one, 0, 0, 0, one / 2, 0, 0, 0, one / 3};
	const guint64 mix[9] = {0, one, 0, 0, 0, one, one, 0, 0};
	const guint64 *const ways[] = {curves, mix};
	g_autoptr(GRand) random = g_rand_new_with_seed(7);
	guint32 pixels[MAX_SIZE * MAX_SIZE], before[MAX_SIZE * MAX_SIZE];
	guint32 others[MAX_SIZE * MAX_SIZE];
	MediaPlanes out, wanted;

	for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = g_rand_int(random);
	memcpy(before, pixels, sizeof(pixels));
	for (guint way = 0; way < G_N_ELEMENTS(ways); way++) {
		const MediaColorSteps steps = {.matrix = ways[way]};
		MediaColor *color = media_color_new(&steps);

		media_color_apply(color, pixels, G_N_ELEMENTS(pixels), others);
		for (guint height = 1; height < MAX_SIZE; height++)
			for (guint width = 1; width < MAX_SIZE; width++) {
				convert_coloured(pixels, width, height, color, 0, &out);
				convert(others, width, height, 0, &wanted);
				g_assert_cmpmem(&out, sizeof(out), &wanted, sizeof(wanted));
			}
		g_assert_cmpmem(pixels, sizeof(pixels), before, sizeof(before));
		media_color_unref(color);
	}
}

#define PICTURES 10 /* of 1920x1080 */

/* What a picture costs, or a twentieth of it; for docs/performance.md. */
static void test_costs(gconstpointer data)
{
	const guint64 one = G_GUINT64_CONSTANT(1) << 32;
	const guint64 warm[9] = {one, 0, 0, 0, one / 5 * 4, 0, 0, 0, one / 2};
	const guint64 grey[9] = {one / 4, one / 2, one / 4, one / 4, one / 2,
				 one / 4, one / 4, one / 2, one / 4};
	const char *way = data;
	const MediaColorSteps steps = {.matrix = g_str_equal(way, "curves") ? warm : grey};
	g_autofree guint32 *pixels = g_new(guint32, 1920 * 1080);
	g_autofree guint8 *planes = g_malloc(1920 * 1080 * 3 / 2);
	const MediaI420Picture out = {
		.planes = {planes, planes + 1920 * 1080, planes + 1920 * 1080 * 5 / 4},
		.strides = {1920, 960, 960},
	};
	const MediaRect all = {0, 0, 1920, 1080}, twentieth = {1001, 333, 1481, 549};
	gboolean is_part = g_str_equal(way, "part");
	MediaColor *color = is_part || g_str_equal(way, "none") ? NULL : media_color_new(&steps);
	clock_t begin;

	for (guint i = 0; i < 1920 * 1080; i++)
		pixels[i] = i * 2654435761u;
	begin = clock();
	for (guint i = 0; i < PICTURES; i++)
		media_convert_part(pixels, 1920 * 4, 1920, 1080, is_part ? &twentieth : &all, color,
				   matrices[0].kr, matrices[0].kb, &out);
	g_test_message("%s of 1920x1080, colours changed by %s: %.2f ms CPU",
		       is_part ? "a twentieth" : "a picture", is_part ? "none" : way,
		       (clock() - begin) * 1e3 / CLOCKS_PER_SEC / PICTURES);
	g_clear_pointer(&color, media_color_unref);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/media/convert/greys", test_greys);
	g_test_add_func("/media/convert/colours", test_colours);
	g_test_add_func("/media/convert/sizes", test_sizes);
	g_test_add_func("/media/convert/siting", test_siting);
	g_test_add_func("/media/convert/wide", test_wide);
	g_test_add_func("/media/convert/coloured", test_coloured);
	g_test_add_data_func("/media/convert/costs/none", "none", test_costs);
	g_test_add_data_func("/media/convert/costs/part", "part", test_costs);
	g_test_add_data_func("/media/convert/costs/curves", "curves", test_costs);
	g_test_add_data_func("/media/convert/costs/matrix", "a matrix", test_costs);
	return g_test_run();
}
