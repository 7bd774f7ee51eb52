/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of AAC to samples, by GStreamer, in the thread of whoever asks. */
#pragma once

#include <glib.h>

typedef struct SinkAac SinkAac;

SinkAac *sink_aac_new(GError **error);
void sink_aac_free(SinkAac *aac);
gboolean sink_aac_decode(SinkAac *aac, const guint8 *frame, gsize size, GByteArray *samples);
