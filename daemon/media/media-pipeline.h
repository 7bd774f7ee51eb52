/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures through GStreamer, from an appsrc to an appsink, and which encoder is between them. */
#ifndef MEDIA_PIPELINE_H
#define MEDIA_PIPELINE_H

#include "media-encoders.h"

/**
 * media_pipeline_prepare() - loads every element that a pipeline may need
 * @cache: folder for what is measured here, once; NULL: nothing is
 *
 * GStreamer has been initialised.
 */
void media_pipeline_prepare(const char *cache);

/**
 * media_pipeline_pixel_rate() - what this machine encodes in time
 * @asked: the encoder that was asked for, or NULL
 *
 * Return: pixels per second of the encoder that media_pipeline_new() will use; 0: no limit.
 */
guint64 media_pipeline_pixel_rate(const char *asked);

/**
 * media_pipeline_new() - builds a pipeline with the best encoder that works
 * @config: what is sent, and how
 * @chosen: out: that encoder
 * @error: GST_CORE_ERROR: an element is missing or does not work
 *
 * Return: a pipeline in the state READY. Its ends are named "src" and "sink", its encoder "encoder".
 */
GstElement *media_pipeline_new(const MediaConfig *config, const MediaEncoder **chosen,
			       GError **error);

#endif
