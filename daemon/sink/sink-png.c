// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-png.h"

#include <gio/gio.h>
#include <gst/video/video.h>
#include <math.h>

#define TIMEOUT (20 * GST_SECOND)

/*
 * Red, green and blue of one pixel, by table: sums of 16.16 fixed point, rounded once. GStreamer's
 * own way is up to three too dark.
 */
typedef struct {
	gint y[256], u_to_g[256], u_to_b[256], v_to_r[256], v_to_g[256];
} SinkRgbTables;

static void fill_tables(const GstVideoInfo *info, SinkRgbTables *tables)
{
	gint offset[GST_VIDEO_MAX_COMPONENTS], scale[GST_VIDEO_MAX_COMPONENTS];
	GstVideoColorMatrix matrix = info->colorimetry.matrix;
	double kr, kb;

	/* A stream that does not say: what is usual for its size. */
	if (!gst_video_color_matrix_get_Kr_Kb(matrix, &kr, &kb))
		gst_video_color_matrix_get_Kr_Kb(info->height > 576 ? GST_VIDEO_COLOR_MATRIX_BT709
								    : GST_VIDEO_COLOR_MATRIX_BT601,
						 &kr, &kb);
	gst_video_color_range_offsets(info->colorimetry.range, info->finfo, offset, scale);
	for (gint i = 0; i < 256; i++) {
		double u = 65536.0 * 2 * (1 - kb) * (i - offset[1]) * 255 / scale[1];
		double v = 65536.0 * 2 * (1 - kr) * (i - offset[2]) * 255 / scale[2];

		tables->y[i] = lrint(65536.0 * (i - offset[0]) * 255 / scale[0]) + 32768;
		tables->u_to_b[i] = lrint(u);
		tables->v_to_r[i] = lrint(v);
		tables->u_to_g[i] = -lrint(u * kb / (1 - kr - kb));
		tables->v_to_g[i] = -lrint(v * kr / (1 - kr - kb));
	}
}

static guint8 rounded(gint sum)
{
	return CLAMP(sum >> 16, 0, 255);
}

/* One row of AYUV, which has the colour of every pixel, to RGB. */
static void row_to_rgb(const SinkRgbTables *tables, const guint8 *ayuv, guint width, guint8 *rgb)
{
	for (guint x = 0; x < width; x++, ayuv += 4) {
		*rgb++ = rounded(tables->y[ayuv[1]] + tables->v_to_r[ayuv[3]]);
		*rgb++ = rounded(tables->y[ayuv[1]] + tables->u_to_g[ayuv[2]] +
				 tables->v_to_g[ayuv[3]]);
		*rgb++ = rounded(tables->y[ayuv[1]] + tables->u_to_b[ayuv[2]]);
	}
}

/* A decoded picture as RGB; NULL if it is no YUV of 8 bits that can be read. */
static GstSample *sample_to_rgb(GstSample *sample)
{
	GstVideoInfo info, rgb_info;
	GstVideoFrame frame, rgb;
	SinkRgbTables tables;
	g_autoptr(GstBuffer) buffer = NULL;
	g_autoptr(GstCaps) caps = NULL;
	g_autofree guint8 *row = NULL;

	if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
	    !GST_VIDEO_FORMAT_INFO_IS_YUV(info.finfo) ||
	    info.finfo->unpack_format != GST_VIDEO_FORMAT_AYUV ||
	    !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
		return NULL;
	gst_video_info_set_format(&rgb_info, GST_VIDEO_FORMAT_RGB, info.width, info.height);
	buffer = gst_buffer_new_allocate(NULL, rgb_info.size, NULL);
	gst_video_frame_map(&rgb, &rgb_info, buffer, GST_MAP_WRITE);
	fill_tables(&info, &tables);
	row = g_malloc((gsize)info.width * 4);
	for (gint y = 0; y < info.height; y++) {
		info.finfo->unpack_func(info.finfo, GST_VIDEO_PACK_FLAG_NONE, row, frame.data,
					frame.info.stride, 0, y, info.width);
		row_to_rgb(&tables, row, info.width,
			   (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&rgb, 0) +
				   y * GST_VIDEO_FRAME_PLANE_STRIDE(&rgb, 0));
	}
	gst_video_frame_unmap(&rgb);
	gst_video_frame_unmap(&frame);
	rgb_info.fps_n = 1;
	caps = gst_video_info_to_caps(&rgb_info);
	return gst_sample_new(buffer, caps, NULL, NULL);
}

gboolean sink_png_save(GstSample *picture, const char *path, GError **error)
{
	g_autoptr(GstCaps) caps = gst_caps_new_empty_simple("image/png");
	g_autoptr(GstSample) rgb = sample_to_rgb(picture);
	g_autoptr(GstSample)
		png = gst_video_convert_sample(rgb ? rgb : picture, caps, TIMEOUT, error);
	GstMapInfo map;
	gboolean ok;

	if (!png)
		return FALSE;
	if (!gst_buffer_map(gst_sample_get_buffer(png), &map, GST_MAP_READ)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the PNG cannot be read");
		return FALSE;
	}
	ok = g_file_set_contents(path, (const char *)map.data, map.size, error);
	gst_buffer_unmap(gst_sample_get_buffer(png), &map);
	return ok;
}
