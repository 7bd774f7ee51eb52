/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Wi-Fi Display sink does with RTP: receive, demultiplex, decode, count, keep the last
 * picture. One UDP port on one local address; RTP from any host but the source is dropped.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

struct sink_media_stats {
	guint64 rtp_packets;
	guint64 rtp_bytes;
	guint64 rtp_foreign; /* dropped: not from the source */
	guint64 rtp_malformed; /* dropped: not RTP */
	guint64 rtp_lost; /* never came, by sequence number */
	guint64 rtp_duplicates;
	guint64 rtp_late;
	guint64 ts_packets;
	guint64 ts_sync_errors;
	guint64 ts_continuity_errors;
	guint64 audio_buffers;
	guint64 audio_bytes;
	guint64 frames;
	guint64 frames_corrupt; /* of frames: decoded with errors */
	guint64 keyframes;
	guint width; /* of the last picture; 0 before the first */
	guint height;
	gint64 first_frame_us; /* g_get_monotonic_time(); 0 before the first */
	gint64 last_frame_us;
};

typedef struct sink_media sink_media;
typedef void (*sink_media_failed_func)(const char *sentence, gpointer user_data);

/*
 * Loads the plugins: so that no source has to wait for that between M5 and M6, and a missing one is
 * told before anything else.
 */
gboolean sink_media_preload(GError **error);

/* Binds @port of @local, an even free one if 0. @failed is called in the default main context. */
sink_media *sink_media_new(GInetAddress *local, guint16 port, GInetAddress *peer,
			   sink_media_failed_func failed, gpointer user_data, GError **error);
void sink_media_free(sink_media *media);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sink_media, sink_media_free)

guint16 sink_media_port(const sink_media *media);
gboolean sink_media_start(sink_media *media, GError **error);
void sink_media_stats(sink_media *media, struct sink_media_stats *stats);

/* The last picture that was decoded. */
struct sink_picture {
	gint64 real_us; /* g_get_real_time() when it was decoded */
	guint64 frame; /* its number, from 1 */
	guint width;
	guint height;
};

/* Writes it to @path, whole or not at all. */
gboolean sink_media_save_png(sink_media *media, const char *path, struct sink_picture *picture,
			     GError **error);
