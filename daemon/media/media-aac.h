/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sound to AAC-LC by GStreamer: blocks in, frames with ADTS out (ISO/IEC 13818-7), in the thread of
 * whoever pushes. No clock.
 */
#ifndef MEDIA_AAC_H
#define MEDIA_AAC_H

#include <glib.h>

/* Frames of sound in a block, and in what becomes of it. */
#define MEDIA_AAC_FRAMES 1024
/* Frames of sound a second: the one rate that Wi-Fi Display has for AAC (WFD 2.1, table 5-22). */
#define MEDIA_AAC_RATE 48000

/* @played_ns: when the first frame of sound in it was played */
typedef void (*MediaAacFunc)(const guint8 *frame, gsize size, gint64 played_ns, gpointer user_data);

typedef struct _MediaAac MediaAac;

void media_aac_prepare(void);
gboolean media_aac_works(void);
MediaAac *media_aac_new(MediaAacFunc on_frame, gpointer user_data, GError **error);
void media_aac_free(MediaAac *aac);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MediaAac, media_aac_free)

gboolean media_aac_push(MediaAac *aac, const gint16 *block, gint64 played_ns);

#endif
