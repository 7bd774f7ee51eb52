// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-picture.h"

#include <gst/video/video.h>

/* Of @width and @height, in rows without gaps, where GStreamer would have each begin at a word. */
static void describe_rgb(GstVideoInfo *info, const GstVideoInfo *from, guint width, guint height)
{
	gst_video_info_set_format(info, GST_VIDEO_FORMAT_RGB, width, height);
	/* Or the converter takes it for another stream. */
	info->fps_n = from->fps_n;
	info->fps_d = from->fps_d;
	info->stride[0] = width * 3;
	info->size = (gsize)width * 3 * height;
}

static gboolean convert(const GstVideoInfo *from, GstBuffer *picture, const GstVideoInfo *to,
			GstBuffer *out)
{
	GstVideoConverter *converter = gst_video_converter_new(from, to, NULL);
	GstVideoFrame in_frame, out_frame;
	gboolean converted = FALSE;

	if (!converter)
		return FALSE;
	if (gst_video_frame_map(&in_frame, from, picture, GST_MAP_READ)) {
		if (gst_video_frame_map(&out_frame, to, out, GST_MAP_WRITE)) {
			gst_video_converter_frame(converter, &in_frame, &out_frame);
			gst_video_frame_unmap(&out_frame);
			converted = TRUE;
		}
		gst_video_frame_unmap(&in_frame);
	}
	gst_video_converter_free(converter);
	return converted;
}

guint8 *media_picture_to_rgb(GstBuffer *picture, const GstCaps *caps, guint max_width, guint *width,
			     guint *height)
{
	g_autoptr(GstBuffer) out = NULL;
	g_autofree guint8 *pixels = NULL;
	GstVideoInfo from, to;

	if (!gst_video_info_from_caps(&from, caps))
		return NULL;
	*width = max_width ? MIN((guint)from.width, max_width) : (guint)from.width;
	*height = MAX(gst_util_uint64_scale_round(from.height, *width, from.width), 1);
	describe_rgb(&to, &from, *width, *height);
	pixels = g_malloc(to.size);
	out = gst_buffer_new_wrapped_full(0, pixels, to.size, 0, to.size, NULL, NULL);
	return convert(&from, picture, &to, out) ? g_steal_pointer(&pixels) : NULL;
}
