// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-cursor.h"

#include <string.h>

#define OPAQUE	   255
#define CHROMA_SUM 8 /* weights of a chroma sample: 1 2 1 across, over two rows */

/**
 * media_cursor_image_new() - copies a pointer's pixels
 * @pixels: ARGB8888, colours multiplied by alpha, each aligned to four bytes
 * @stride: bytes from one line to the next
 * @width: pixels
 * @height: pixels
 *
 * Return: an image with one reference.
 */
MediaCursorImage *media_cursor_image_new(const void *pixels, gsize stride, guint width,
					 guint height)
{
	MediaCursorImage *image =
		g_malloc(sizeof(*image) + sizeof(image->pixels[0]) * width * height);

	*image = (MediaCursorImage){
		.refs = 1, .width = width, .height = height, .left = width, .top = height};
	for (guint y = 0; y < height; y++) {
		guint32 *row = image->pixels + (gsize)y * width;

		memcpy(row, (const guint8 *)pixels + y * stride, sizeof(*row) * width);
		for (guint x = 0; x < width; x++) {
			if (!row[x])
				continue;
			image->left = MIN(image->left, x);
			image->right = MAX(image->right, x + 1);
			image->top = MIN(image->top, y);
			image->bottom = y + 1;
		}
	}
	return image;
}

MediaCursorImage *media_cursor_image_ref(MediaCursorImage *image)
{
	g_atomic_int_inc(&image->refs);
	return image;
}

void media_cursor_image_unref(MediaCursorImage *image)
{
	if (g_atomic_int_dec_and_test(&image->refs))
		g_free(image);
}

/* Along one axis: the part that is not transparent, inside the image and inside the picture. */
static gboolean clip(guint *source, guint *place, guint *size, guint first, guint end,
		     guint picture_size)
{
	guint skip = *source < first ? first - *source : 0;

	if (skip >= *size || *source >= end || *place >= picture_size ||
	    skip >= picture_size - *place)
		return FALSE;
	*source += skip;
	*place += skip;
	*size = MIN(*size - skip, MIN(end - *source, picture_size - *place));
	return TRUE;
}

static gsize chroma_size(guint size)
{
	return (size + 1) / 2;
}

/* The planes of a patch in bytes of its own. */
static MediaI420Picture planes_of(guint8 *bytes, guint width, guint height)
{
	gsize luma = (gsize)width * height, chroma = chroma_size(width) * chroma_size(height);

	return (MediaI420Picture){
		.planes = {bytes, bytes + luma, bytes + luma + chroma},
		.strides = {width, chroma_size(width), chroma_size(width)},
	};
}

static gsize planes_size(guint width, guint height)
{
	return (gsize)width * height + 2 * chroma_size(width) * chroma_size(height);
}

/* The same place in the picture. */
static MediaI420Picture part_of(const MediaI420Picture *picture, guint x, guint y)
{
	MediaI420Picture part = *picture;

	part.planes[0] += y * part.strides[0] + x;
	for (guint i = 1; i < G_N_ELEMENTS(part.planes); i++)
		part.planes[i] += y / 2 * part.strides[i] + x / 2;
	return part;
}

static void copy_planes(const MediaI420Picture *from, const MediaI420Picture *to, guint width,
			guint height)
{
	for (guint i = 0; i < G_N_ELEMENTS(from->planes); i++) {
		gsize row = i ? chroma_size(width) : width, rows = i ? chroma_size(height) : height;

		for (gsize y = 0; y < rows; y++)
			memcpy(to->planes[i] + y * to->strides[i],
			       from->planes[i] + y * from->strides[i], row);
	}
}

/* @over: with the weight of what is beneath it, of @whole, and the value that stands for nothing. */
static guint8 blend(gint over, gint under, gint weight, gint whole, gint nothing)
{
	gint rest = (under - nothing) * weight;

	rest = (rest + (rest < 0 ? -whole : whole) / 2) / whole;
	return CLAMP(over + rest, 0, 255);
}

/* How much of what is beneath is seen in two columns of two rows and the one before them, times 8. */
static gint chroma_weight(const guint32 *upper, const guint32 *lower, guint column, guint width)
{
	guint before = column ? column - 1 : column, behind = MIN(column + 1, width - 1);
	gint alpha = 2 * (gint)((upper[column] >> 24) + (lower[column] >> 24)) +
		     (gint)((upper[before] >> 24) + (lower[before] >> 24)) +
		     (gint)((upper[behind] >> 24) + (lower[behind] >> 24));

	return CHROMA_SUM * OPAQUE - alpha;
}

static void blend_planes(const guint32 *box, guint width, guint height,
			 const MediaI420Picture *over, const MediaI420Picture *out)
{
	for (guint y = 0; y < height; y++) {
		const guint32 *row = box + (gsize)y * width;
		const guint32 *lower = y + 1 < height ? row + width : row;
		guint8 *luma = out->planes[0] + y * out->strides[0];
		gsize chroma = y / 2 * out->strides[1];

		for (guint x = 0; x < width; x++)
			luma[x] = blend(over->planes[0][y * over->strides[0] + x], luma[x],
					OPAQUE - (gint)(row[x] >> 24), OPAQUE, 16);
		for (guint x = 0; y % 2 == 0 && x < width; x += 2) {
			gint weight = chroma_weight(row, lower, x, width);
			gsize from = y / 2 * over->strides[1] + x / 2;
			guint8 *u = out->planes[1] + chroma + x / 2;
			guint8 *v = out->planes[2] + y / 2 * out->strides[2] + x / 2;

			*u = blend(over->planes[1][from], *u, weight, CHROMA_SUM * OPAQUE, 128);
			*v = blend(over->planes[2][from], *v, weight, CHROMA_SUM * OPAQUE, 128);
		}
	}
}

/**
 * media_cursor_draw() - draws a pointer
 * @cursor: what and where; what is outside the picture is left out
 * @picture: what to draw it on, as media_convert_to_i420() makes it
 * @width: of the picture, in pixels
 * @height: of the picture, in pixels
 * @color: as the picture's
 * @kr: as the picture's
 * @kb: as the picture's
 * @covered: covers nothing; out: what it covers now
 *
 * Return: how many bytes of pixels were converted.
 */
gsize media_cursor_draw(const MediaCursor *cursor, const MediaI420Picture *picture, guint width,
			guint height, const MediaColor *color, double kr, double kb,
			MediaCursorPatch *covered)
{
	MediaCursor c = *cursor;
	g_autofree guint32 *box = NULL;
	g_autofree guint8 *bytes = NULL;
	MediaI420Picture place, over, under;
	guint right, bottom;

	if (!c.image || !clip(&c.source_x, &c.x, &c.width, c.image->left, c.image->right, width) ||
	    !clip(&c.source_y, &c.y, &c.height, c.image->top, c.image->bottom, height))
		return 0;
	/* A pixel in an odd column is in the chroma on both sides; and nothing is beside those at the edges. */
	covered->x = c.x / 2 >= 1 ? c.x / 2 * 2 - 2 : 0;
	covered->y = c.y / 2 * 2;
	right = MIN((c.x + c.width + 1) / 2 * 2 + 2, width);
	bottom = MIN((c.y + c.height + 1) / 2 * 2, height);
	covered->width = right - covered->x;
	covered->height = bottom - covered->y;

	box = g_new0(guint32, (gsize)covered->width * covered->height);
	for (guint y = 0; y < c.height; y++)
		memcpy(box + (gsize)(c.y - covered->y + y) * covered->width + (c.x - covered->x),
		       c.image->pixels + (gsize)(c.source_y + y) * c.image->width + c.source_x,
		       sizeof(*box) * c.width);
	if (color)
		media_color_apply_to_pointer(color, box, (gsize)covered->width * covered->height);
	bytes = g_malloc(planes_size(covered->width, covered->height));
	over = planes_of(bytes, covered->width, covered->height);
	media_convert_to_i420(box, sizeof(*box) * covered->width, covered->width, covered->height,
			      NULL, kr, kb, &over);

	if (!covered->pixels)
		covered->pixels = g_byte_array_new();
	g_byte_array_set_size(covered->pixels, planes_size(covered->width, covered->height));
	under = planes_of(covered->pixels->data, covered->width, covered->height);
	place = part_of(picture, covered->x, covered->y);
	copy_planes(&place, &under, covered->width, covered->height);
	blend_planes(box, covered->width, covered->height, &over, &place);
	return sizeof(*box) * covered->width * covered->height;
}

/**
 * media_cursor_erase() - puts back what a pointer covers
 * @covered: by media_cursor_draw(); out: nothing
 * @picture: the one that was drawn on
 *
 * Return: how many bytes were put back.
 */
gsize media_cursor_erase(MediaCursorPatch *covered, const MediaI420Picture *picture)
{
	MediaI420Picture place, under;

	if (!covered->width)
		return 0;
	under = planes_of(covered->pixels->data, covered->width, covered->height);
	place = part_of(picture, covered->x, covered->y);
	copy_planes(&under, &place, covered->width, covered->height);
	covered->width = 0;
	return covered->pixels->len;
}

/* It covers nothing, and has no memory. */
void media_cursor_patch_clear(MediaCursorPatch *covered)
{
	g_clear_pointer(&covered->pixels, g_byte_array_unref);
	covered->width = 0;
}
