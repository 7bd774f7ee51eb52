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
#define CHUNK	   128 /* chroma samples that are made at once */

/* The loader chooses what the processor has. Others than x86-64 have their vectors in the least of them. */
#if defined(__x86_64__) && defined(__GLIBC__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

/* Of red, green, blue; green is what the others leave, so that greys come out exact. */
typedef struct {
	gint r, g, b;
} MediaWeights;

typedef struct {
	MediaWeights y, u, v;
} MediaMatrix;

/* Sums of pixels of two rows, of the even columns and of the odd ones, of which one is before them. */
typedef struct {
	guint32 even_rb[CHUNK], even_g[CHUNK];
	guint32 odd_rb[CHUNK + 1], odd_g[CHUNK + 1];
} MediaColumns;

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

CLONES static void luma_row(const MediaPixel *pixels, guint width, const MediaWeights *y,
			    guint8 *out)
{
	gint r = y->r, g = y->g, b = y->b;

	for (guint x = 0; x < width; x++) {
		gint sum = (gint)(pixels[x] >> 16 & 0xff) * r + (gint)(pixels[x] >> 8 & 0xff) * g +
			   (gint)(pixels[x] & 0xff) * b;

		out[x] = (sum + (16 << BITS) + HALF(BITS)) >> BITS;
	}
}

/* Sums of @n pairs of columns in two rows; red and blue in one word, which has room for both. */
CLONES static void sum_rows(const MediaPixel *upper, const MediaPixel *lower, guint n,
			    MediaColumns *columns)
{
	for (guint i = 0; i < n; i++) {
		guint32 u = upper[2 * i], l = lower[2 * i];

		columns->even_rb[i] = (u & RED_BLUE) + (l & RED_BLUE);
		columns->even_g[i] = (u >> 8 & 0xff) + (l >> 8 & 0xff);
		u = upper[2 * i + 1];
		l = lower[2 * i + 1];
		columns->odd_rb[i + 1] = (u & RED_BLUE) + (l & RED_BLUE);
		columns->odd_g[i + 1] = (u >> 8 & 0xff) + (l >> 8 & 0xff);
	}
}

/* Weights 1 2 1 across. */
CLONES static void chroma_samples(const MediaColumns *columns, guint n, const MediaMatrix *m,
				  guint8 *restrict u, guint8 *restrict v)
{
	const MediaWeights wu = m->u, wv = m->v;
	const gint grey = (128 << (BITS + SUM_BITS)) + HALF(BITS + SUM_BITS);

	for (guint i = 0; i < n; i++) {
		guint32 rb = columns->odd_rb[i] + columns->odd_rb[i + 1] + 2 * columns->even_rb[i];
		gint g = columns->odd_g[i] + columns->odd_g[i + 1] + 2 * columns->even_g[i];
		gint r = rb >> 16, b = rb & 0xffff;

		u[i] = (r * wu.r + g * wu.g + b * wu.b + grey) >> (BITS + SUM_BITS);
		v[i] = (r * wv.r + g * wv.g + b * wv.b + grey) >> (BITS + SUM_BITS);
	}
}

/*
 * What has no column beside it at an edge has its own colour there. @before: there is a column before the
 * first.
 */
static void chroma_row(const MediaPixel *upper, const MediaPixel *lower, guint width,
		       gboolean before, const MediaMatrix *m, guint8 *u, guint8 *v)
{
	MediaColumns columns;

	if (before) {
		columns.odd_rb[0] = (upper[-1] & RED_BLUE) + (lower[-1] & RED_BLUE);
		columns.odd_g[0] = (upper[-1] >> 8 & 0xff) + (lower[-1] >> 8 & 0xff);
	}
	for (guint x = 0; x < width; x += 2 * CHUNK) {
		guint pairs = MIN((width - x) / 2, CHUNK), n = pairs;

		sum_rows(upper + x, lower + x, pairs, &columns);
		if (pairs < CHUNK && width % 2) {
			guint32 a = upper[width - 1], b = lower[width - 1];

			columns.even_rb[n] = (a & RED_BLUE) + (b & RED_BLUE);
			columns.even_g[n] = (a >> 8 & 0xff) + (b >> 8 & 0xff);
			columns.odd_rb[n + 1] = columns.even_rb[n];
			columns.odd_g[n + 1] = columns.even_g[n];
			n++;
		}
		if (x == 0 && !before) {
			columns.odd_rb[0] = columns.even_rb[0];
			columns.odd_g[0] = columns.even_g[0];
		}
		chroma_samples(&columns, n, m, u + x / 2, v + x / 2);
		columns.odd_rb[0] = columns.odd_rb[n];
		columns.odd_g[0] = columns.odd_g[n];
	}
}

/* A row and @before pixels before it, with their colours as they are to be, which may take room for them. */
static const MediaPixel *coloured(const MediaColor *color, const guint8 *row, guint before,
				  guint width, guint32 *room)
{
	if (!color)
		return (const MediaPixel *)row;
	media_color_apply(color, (const MediaPixel *)row - before, before + width, room);
	return (const MediaPixel *)room + before;
}

/* Samples of both kinds that a part has a share in: a pixel in an odd column is in the chroma on both sides. */
static MediaRect samples_of(const MediaRect *part, guint width, guint height)
{
	return (MediaRect){
		.x1 = part->x1 & ~1U,
		.y1 = part->y1 & ~1U,
		.x2 = MIN((part->x2 | 1U) + 1, width),
		.y2 = MIN((part->y2 + 1) & ~1U, height),
	};
}

gsize media_convert_part(const void *pixels, gsize stride, guint width, guint height,
			 const MediaRect *part, const MediaColor *color, double kr, double kb,
			 const MediaI420Picture *out)
{
	MediaRect p = samples_of(part, width, height);
	guint before = p.x1 ? 1 : 0;
	g_autofree guint32 *room = NULL;
	MediaMatrix m = matrix_of(kr, kb);
	const guint8 *row = (const guint8 *)pixels + p.y1 * stride + p.x1 * sizeof(guint32);

	width = p.x2 - p.x1;
	if (color)
		room = g_new(guint32, 2 * (gsize)(before + width));
	for (guint y = p.y1; y < p.y2; y += 2, row += 2 * stride) {
		guint8 *luma = out->planes[0] + y * out->strides[0] + p.x1;
		guint8 *u = out->planes[1] + y / 2 * out->strides[1] + p.x1 / 2;
		guint8 *v = out->planes[2] + y / 2 * out->strides[2] + p.x1 / 2;
		const MediaPixel *upper = coloured(color, row, before, width, room);
		const MediaPixel *lower = upper;

		luma_row(upper, width, &m.y, luma);
		if (y + 1 < p.y2) {
			lower = coloured(color, row + stride, before, width, room + before + width);
			luma_row(lower, width, &m.y, luma + out->strides[0]);
		}
		chroma_row(upper, lower, width, before, &m, u, v);
	}
	return (gsize)width * (p.y2 - p.y1) * sizeof(guint32);
}

void media_convert_to_i420(const void *pixels, gsize stride, guint width, guint height,
			   const MediaColor *color, double kr, double kb,
			   const MediaI420Picture *out)
{
	const MediaRect all = {.x2 = width, .y2 = height};

	media_convert_part(pixels, stride, width, height, &all, color, kr, kb, out);
}
