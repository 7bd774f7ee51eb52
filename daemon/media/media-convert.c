// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-convert.h"

#include <math.h>

#define BITS	   15
#define ONE	   (1 << BITS)
#define LUMA	   (219 / 255.0 * ONE) /* white's Y above black's */
#define CHROMA	   (112 / 255.0 * ONE) /* the largest U and V above grey's */
#define RED_BLUE   0x00ff00ffu /* of a pixel */
#define SUM_BITS   3 /* chroma is summed over eight pixels */
#define HALF(bits) (1 << ((bits)-1))

/* Framebuffers begin where they like. */
typedef guint32 __attribute__((aligned(1), may_alias)) MediaPixel;

/* Of red, green, blue; green is what the others leave, so that greys come out exact. */
typedef struct {
	gint r, g, b;
} MediaWeights;

typedef struct {
	MediaWeights y, u, v;
} MediaMatrix;

static MediaMatrix matrix_of(double kr, double kb)
{
	MediaMatrix m = {
		.y = {.r = lrint(LUMA * kr), .b = lrint(LUMA * kb)},
		.u = {.r = -lrint(CHROMA * kr / (1 - kb)), .b = lrint(CHROMA)},
		.v = {.r = lrint(CHROMA), .b = -lrint(CHROMA * kb / (1 - kr))},
	};

	m.y.g = lrint(LUMA) - m.y.r - m.y.b;
	m.u.g = -m.u.r - m.u.b;
	m.v.g = -m.v.r - m.v.b;
	return m;
}

static void luma_row(const MediaPixel *pixels, guint width, const MediaWeights *y, guint8 *out)
{
	gint r = y->r, g = y->g, b = y->b;

	for (guint x = 0; x < width; x++) {
		gint sum = (gint)(pixels[x] >> 16 & 0xff) * r + (gint)(pixels[x] >> 8 & 0xff) * g +
			   (gint)(pixels[x] & 0xff) * b;

		out[x] = (sum + (16 << BITS) + HALF(BITS)) >> BITS;
	}
}

/* Weights 1 2 1 across, 1 1 down; red and blue are summed in one word, which has room for both. */
static void chroma_row(const MediaPixel *upper, const MediaPixel *lower, guint width,
		       const MediaMatrix *m, guint8 *u, guint8 *v)
{
	guint32 left_rb = (upper[0] & RED_BLUE) + (lower[0] & RED_BLUE);
	guint32 left_g = (upper[0] >> 8 & 0xff) + (lower[0] >> 8 & 0xff);

	for (guint x = 0; x < width; x += 2) {
		guint next = MIN(x + 1, width - 1);
		guint32 right_rb = (upper[next] & RED_BLUE) + (lower[next] & RED_BLUE);
		guint32 right_g = (upper[next] >> 8 & 0xff) + (lower[next] >> 8 & 0xff);
		guint32 rb =
			left_rb + right_rb + 2 * ((upper[x] & RED_BLUE) + (lower[x] & RED_BLUE));
		gint g = left_g + right_g + 2 * ((upper[x] >> 8 & 0xff) + (lower[x] >> 8 & 0xff));
		gint r = rb >> 16, b = rb & 0xffff;
		gint grey = (128 << (BITS + SUM_BITS)) + HALF(BITS + SUM_BITS);

		*u++ = (r * m->u.r + g * m->u.g + b * m->u.b + grey) >> (BITS + SUM_BITS);
		*v++ = (r * m->v.r + g * m->v.g + b * m->v.b + grey) >> (BITS + SUM_BITS);
		left_rb = right_rb;
		left_g = right_g;
	}
}

void media_convert_to_i420(const void *pixels, gsize stride, guint width, guint height, double kr,
			   double kb, const MediaI420Picture *out)
{
	MediaMatrix m = matrix_of(kr, kb);
	const guint8 *row = pixels;

	for (guint y = 0; y < height; y++, row += stride) {
		const void *lower = y + 1 < height ? row + stride : row;

		luma_row((const void *)row, width, &m.y, out->planes[0] + y * out->strides[0]);
		if (y % 2 == 0)
			chroma_row((const void *)row, lower, width, &m,
				   out->planes[1] + y / 2 * out->strides[1],
				   out->planes[2] + y / 2 * out->strides[2]);
	}
}
