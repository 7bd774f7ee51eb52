/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Wi-Fi Display sink does with RTP: receive, demultiplex, decode, count, keep the last
 * picture, and report on it. Two UDP ports on one local address, RTP's and RTCP's above it; what
 * comes from any host but the source is dropped.
 */
#pragma once

#include "sink-dtls.h"

#include "sink-flash.h"
#include "sink-skew.h"
#include "sink-sound.h"
#include "sink-viewer.h"

#include <gio/gio.h>
#include <gst/gst.h>

typedef struct {
	guint64 rtp_packets;
	guint64 rtp_bytes;
	guint64 rtp_foreign; /* dropped: not from the source */
	guint64 rtp_malformed; /* dropped: not RTP */
	guint64 rtp_unsealed; /* dropped: not encrypted as it should be, or sent again */
	guint64 rtp_lost; /* never came, by sequence number */
	guint64 rtp_duplicates;
	guint64 rtp_late;
	guint64 rtcp_received; /* sender reports */
	guint64 rtcp_sent; /* receiver reports */
	guint64 ts_packets;
	guint64 ts_sync_errors;
	guint64 ts_continuity_errors;
	guint64 audio_buffers;
	guint64 audio_bytes;
	SinkSoundStatistics sound;
	SinkSkewStatistics skew;
	SinkFlashStatistics flash; /* all 0 unless they are looked for */
	guint64 frames;
	guint64 frames_shown; /* to a person */
	guint64 frames_corrupt; /* of frames: decoded with errors */
	guint64 frames_damaged; /* of frames: from where something was lost to the next keyframe */
	guint64 keyframes;
	guint width; /* of the last picture; 0 before the first */
	guint height;
	gint64 first_frame_us; /* g_get_monotonic_time(); 0 before the first */
	gint64 last_frame_us;
} SinkMediaStatistics;

typedef struct SinkMedia SinkMedia;
typedef void (*SinkMediaFailedFunc)(const char *sentence, gpointer user_data);

/*
 * Loads the plugins: so that no source has to wait for that between M5 and M6, and a missing one is
 * told before anything else.
 */
gboolean sink_media_preload(GError **error);

/* Binds @port of @local and the one above; if 0, free ones, of which the first is even. @failed is called in the default main context. */
SinkMedia *sink_media_new(GInetAddress *local, guint16 port, GInetAddress *peer,
			  SinkMediaFailedFunc failed, gpointer user_data, GError **error);
void sink_media_free(SinkMedia *media);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkMedia, sink_media_free)

/* Before the start: each datagram is a record of @dtls. */
void sink_media_set_dtls(SinkMedia *media, SinkDtls *dtls);
/* Before the start: a person sees and hears it. Not owned; NULL: nobody does. */
void sink_media_set_viewer(SinkMedia *media, SinkViewer *viewer);
/* Before the start: looks for flashes and clicks of one instant. */
void sink_media_look_for_flashes(SinkMedia *media);
guint16 sink_media_port(const SinkMedia *media); /* RTP's */
gboolean sink_media_start(SinkMedia *media, GError **error);
/* No receiver report leaves from here on. */
void sink_media_stop_reports(SinkMedia *media);
void sink_media_statistics(SinkMedia *media, SinkMediaStatistics *stats);

/* The last picture that was decoded. */
typedef struct {
	gint64 real_us; /* g_get_real_time() when it was decoded */
	guint64 frame; /* its number, from 1 */
	guint width;
	guint height;
} SinkPicture;

/* Writes it to @path, whole or not at all. */
gboolean sink_media_save_png(SinkMedia *media, const char *path, SinkPicture *picture,
			     GError **error);
