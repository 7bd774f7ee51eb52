/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One picture of a stream, to be looked at: as RGB, and smaller if it is wanted so. */
#ifndef MEDIA_PICTURE_H
#define MEDIA_PICTURE_H

#include <gst/gst.h>

/*
 * @picture, of @caps, not wider than @max_width (0: as wide as it is): red, green and blue, three bytes
 * a pixel, in rows without gaps, for g_free(). NULL: there is no way to convert it.
 */
guint8 *media_picture_to_rgb(GstBuffer *picture, const GstCaps *caps, guint max_width, guint *width,
			     guint *height);

#endif
