// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-canvas.h"

#define SD_HEIGHT 576 /* lines: the most of a picture in ITU-R BT.601's colours */

void media_canvas_init(MediaCanvas *canvas, const MediaFormat *format)
{
	canvas->fps = format->fps;
	/* What decoders take for granted where the stream does not say. */
	gst_video_colorimetry_from_string(&canvas->colorimetry,
					  format->height > SD_HEIGHT ? GST_VIDEO_COLORIMETRY_BT709
								     : GST_VIDEO_COLORIMETRY_BT601);
}

void media_canvas_clear(MediaCanvas *canvas)
{
	gst_clear_buffer(&canvas->picture);
	media_cursor_patch_clear(&canvas->covered);
	g_clear_pointer(&canvas->color, media_color_unref);
}

GstCaps *media_canvas_resize(MediaCanvas *canvas, guint width, guint height)
{
	GstVideoInfo *info = &canvas->info;

	if (info->width == (gint)width && info->height == (gint)height)
		return NULL;
	gst_clear_buffer(&canvas->picture);
	gst_video_info_set_format(info, GST_VIDEO_FORMAT_I420, width, height);
	info->fps_n = canvas->fps;
	info->fps_d = 1;
	info->colorimetry = canvas->colorimetry;
	info->chroma_site = GST_VIDEO_CHROMA_SITE_MPEG2;
	return gst_video_info_to_caps(info);
}

/* Many parts are no less work than the whole, which needs nothing of the picture before. */
static gboolean is_most(const MediaDamage *damage, const MediaFrame *frame)
{
	guint64 changed = 0;

	for (guint i = 0; i < damage->n; i++) {
		const MediaRect *rect = &damage->rects[i];

		changed += (guint64)(rect->x2 - rect->x1) * (rect->y2 - rect->y1);
	}
	return 2 * changed >= (guint64)frame->width * frame->height;
}

static gboolean has_to_begin_anew(const MediaCanvas *canvas, const MediaFrame *frame,
				  const MediaDamage *damage)
{
	return !canvas->picture || frame->color != canvas->color || damage->whole ||
	       is_most(damage, frame);
}

static void begin_anew(MediaCanvas *canvas, MediaColor *color)
{
	gst_clear_buffer(&canvas->picture);
	canvas->picture = gst_buffer_new_allocate(NULL, canvas->info.size, NULL);
	canvas->covered.width = 0;
	g_clear_pointer(&canvas->color, media_color_unref);
	canvas->color = color ? media_color_ref(color) : NULL;
}

gsize media_canvas_draw(MediaCanvas *canvas, const MediaFrame *frame, const MediaDamage *damage,
			const MediaCursor *cursor)
{
	gboolean anew = frame && has_to_begin_anew(canvas, frame, damage);
	const GstVideoInfo *info = &canvas->info;
	const MediaRect all = {.x2 = info->width, .y2 = info->height};
	const MediaRect *parts = anew ? &all : damage->rects;
	guint n = anew ? 1 : damage->n;
	MediaI420Picture out;
	GstMapInfo map;
	double kr, kb;
	gsize bytes;

	if (anew)
		begin_anew(canvas, frame->color);
	gst_video_color_matrix_get_Kr_Kb(info->colorimetry.matrix, &kr, &kb);
	/* If the encoder has still got the last one, this is a copy of it. */
	gst_buffer_map(canvas->picture, &map, GST_MAP_READWRITE);
	for (guint i = 0; i < G_N_ELEMENTS(out.planes); i++) {
		out.planes[i] = map.data + info->offset[i];
		out.strides[i] = info->stride[i];
	}
	bytes = media_cursor_erase(&canvas->covered, &out);
	for (guint i = 0; frame && i < n; i++)
		bytes += media_convert_part(frame->pixels, frame->stride, frame->width,
					    frame->height, &parts[i], canvas->color, kr, kb, &out);
	bytes += media_cursor_draw(cursor, &out, info->width, info->height, canvas->color, kr, kb,
				   &canvas->covered);
	gst_buffer_unmap(canvas->picture, &map);
	return bytes;
}
