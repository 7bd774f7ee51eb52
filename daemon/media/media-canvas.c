// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-canvas.h"

#define SD_HEIGHT	576 /* lines: the most of a picture in ITU-R BT.601's colours */
#define BYTES_PER_PIXEL 4 /* of a frame */

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
	gst_video_info_set_format(info, GST_VIDEO_FORMAT_I420, width, height);
	info->fps_n = canvas->fps;
	info->fps_d = 1;
	info->colorimetry = canvas->colorimetry;
	info->chroma_site = GST_VIDEO_CHROMA_SITE_MPEG2;
	return gst_video_info_to_caps(info);
}

gsize media_canvas_draw(MediaCanvas *canvas, const MediaFrame *frame, const MediaCursor *cursor)
{
	const GstVideoInfo *info = &canvas->info;
	MediaI420Picture out;
	gsize bytes = 0;
	double kr, kb;
	GstMapInfo map;

	if (frame) {
		gst_clear_buffer(&canvas->picture);
		canvas->picture = gst_buffer_new_allocate(NULL, info->size, NULL);
		canvas->covered.width = 0;
		g_clear_pointer(&canvas->color, media_color_unref);
		canvas->color = frame->color ? media_color_ref(frame->color) : NULL;
	}
	gst_video_color_matrix_get_Kr_Kb(info->colorimetry.matrix, &kr, &kb);
	/* If the encoder has still got the last one, this is a copy of it. */
	gst_buffer_map(canvas->picture, &map, GST_MAP_READWRITE);
	for (guint i = 0; i < G_N_ELEMENTS(out.planes); i++) {
		out.planes[i] = map.data + info->offset[i];
		out.strides[i] = info->stride[i];
	}
	if (frame) {
		media_convert_to_i420(frame->pixels, frame->stride, frame->width, frame->height,
				      canvas->color, kr, kb, &out);
		bytes = (gsize)frame->width * frame->height * BYTES_PER_PIXEL;
	}
	bytes += media_cursor_erase(&canvas->covered, &out);
	bytes += media_cursor_draw(cursor, &out, info->width, info->height, canvas->color, kr, kb,
				   &canvas->covered);
	gst_buffer_unmap(canvas->picture, &map);
	return bytes;
}
