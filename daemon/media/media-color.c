// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-color.h"

#include <math.h>

#define CHANNELS    3 /* red, green, blue */
#define WHITE	    65535
#define STEP	    257 /* from one value of a pixel's channel to the next */
#define SIGN	    (G_GUINT64_CONSTANT(1) << 63)
#define ONE	    4294967296.0 /* of the matrix */
#define SHIFT(c)    (16 - 8 * (c)) /* of a channel in a pixel */
#define LEVEL(p, c) ((p) >> SHIFT(c) & 0xff)
#define OPAQUE	    255

/* A matrix that mixes channels. */
typedef struct {
	float parts[CHANNELS][MEDIA_COLOR_ENTRIES][CHANNELS]; /* of a value: what it adds to each */
	guint8 levels[CHANNELS][WHITE + 1]; /* of what they add up to */
} MediaColorMix;

struct _MediaColor {
	gint refs;
	guint32 curves[CHANNELS][MEDIA_COLOR_ENTRIES]; /* where they are in a pixel */
	MediaColorMix *mix; /* NULL: the curves are all there is */
};

static double factor_of(const MediaColorSteps *steps, guint row, guint column)
{
	guint64 value;

	if (!steps->matrix)
		return row == column;
	value = steps->matrix[row * CHANNELS + column];
	return (value & SIGN ? -1 : 1) * ((value & ~SIGN) / ONE);
}

static gboolean mixes(const MediaColorSteps *steps)
{
	for (guint i = 0; i < CHANNELS * CHANNELS; i++)
		if (i % (CHANNELS + 1) && factor_of(steps, i / CHANNELS, i % CHANNELS) != 0)
			return TRUE;
	return FALSE;
}

/* The value, 0 to WHITE, of a level of a pixel. */
static double value_of(const MediaColorSteps *steps, guint channel, guint level)
{
	return steps->degamma ? steps->degamma[channel][level] : level * STEP;
}

/* The level of a pixel for a value that the matrix has made. */
static guint8 level_of(const MediaColorSteps *steps, guint channel, double value)
{
	value = CLAMP(value, 0, WHITE);
	if (steps->gamma) {
		const guint16 *table = steps->gamma[channel];
		double place = value * (MEDIA_COLOR_ENTRIES - 1) / WHITE;
		guint entry = MIN((guint)place, MEDIA_COLOR_ENTRIES - 2);

		value = table[entry] + (table[entry + 1] - table[entry]) * (place - entry);
	}
	return lrint(value / STEP);
}

static MediaColorMix *mix_new(const MediaColorSteps *steps)
{
	MediaColorMix *mix = g_new(MediaColorMix, 1);

	for (guint c = 0; c < CHANNELS; c++) {
		for (guint level = 0; level < MEDIA_COLOR_ENTRIES; level++)
			for (guint to = 0; to < CHANNELS; to++)
				mix->parts[c][level][to] =
					value_of(steps, c, level) * factor_of(steps, to, c);
		for (guint value = 0; value <= WHITE; value++)
			mix->levels[c][value] = level_of(steps, c, value);
	}
	return mix;
}

/**
 * media_color_new() - what is to be made of colours
 * @steps: are not needed any more after this
 *
 * Return: with one reference; NULL: nothing: every colour stays what it is.
 */
MediaColor *media_color_new(const MediaColorSteps *steps)
{
	MediaColor *color = g_new0(MediaColor, 1);
	gboolean changes = FALSE;

	color->refs = 1;
	if (mixes(steps)) {
		color->mix = mix_new(steps);
		return color;
	}
	for (guint c = 0; c < CHANNELS; c++)
		for (guint level = 0; level < MEDIA_COLOR_ENTRIES; level++) {
			double value = value_of(steps, c, level) * factor_of(steps, c, c);
			guint8 becomes = level_of(steps, c, value);

			changes |= becomes != level;
			color->curves[c][level] = (guint32)becomes << SHIFT(c);
		}
	if (!changes)
		g_clear_pointer(&color, media_color_unref);
	return color;
}

MediaColor *media_color_ref(MediaColor *color)
{
	g_atomic_int_inc(&color->refs);
	return color;
}

void media_color_unref(MediaColor *color)
{
	if (!g_atomic_int_dec_and_test(&color->refs))
		return;
	g_free(color->mix);
	g_free(color);
}

static void apply_mix(const MediaColorMix *mix, const MediaPixel *pixels, guint n, guint32 *out)
{
	for (guint i = 0; i < n; i++) {
		const float *r = mix->parts[0][LEVEL(pixels[i], 0)];
		const float *g = mix->parts[1][LEVEL(pixels[i], 1)];
		const float *b = mix->parts[2][LEVEL(pixels[i], 2)];
		guint32 pixel = 0;

		for (guint c = 0; c < CHANNELS; c++) {
			float sum = r[c] + g[c] + b[c];

			sum = CLAMP(sum, 0, WHITE);
			pixel |= (guint32)mix->levels[c][(guint)(sum + 0.5F)] << SHIFT(c);
		}
		out[i] = pixel;
	}
}

/**
 * media_color_apply() - makes of colours what is to be made of them
 * @color: what that is
 * @pixels: XRGB8888
 * @n: how many
 * @out: XRGB8888; may be @pixels
 */
void media_color_apply(const MediaColor *color, const void *pixels, guint n, guint32 *out)
{
	const guint32(*curves)[MEDIA_COLOR_ENTRIES] = color->curves;
	const MediaPixel *in = pixels;

	if (color->mix) {
		apply_mix(color->mix, in, n, out);
		return;
	}
	for (guint i = 0; i < n; i++)
		out[i] = curves[0][LEVEL(in[i], 0)] | curves[1][LEVEL(in[i], 1)] |
			 curves[2][LEVEL(in[i], 2)];
}

/**
 * media_color_apply_to_pointer() - the same for pixels that lie over others
 * @color: what is to be made of colours
 * @pixels: ARGB8888, colours multiplied by alpha
 * @n: how many
 *
 * DRM blends first. This comes out the same where a pixel is opaque, or not there, or what is made of colours
 * is no curve.
 */
void media_color_apply_to_pointer(const MediaColor *color, guint32 *pixels, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		guint32 alpha = pixels[i] >> 24, whole = 0, becomes = 0;

		/* Light without a pointer that it is of has no colour of its own. */
		if (!alpha)
			continue;
		for (guint c = 0; c < CHANNELS; c++)
			whole |= MIN((LEVEL(pixels[i], c) * OPAQUE + alpha / 2) / alpha, OPAQUE)
				 << SHIFT(c);
		media_color_apply(color, &whole, 1, &whole);
		for (guint c = 0; c < CHANNELS; c++)
			becomes |= (LEVEL(whole, c) * alpha + OPAQUE / 2) / OPAQUE << SHIFT(c);
		pixels[i] = alpha << 24 | becomes;
	}
}
