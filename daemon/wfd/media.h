/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures in, RTP out: convert, scale, H.264, MPEG-TS, RTP over UDP (WFD 2.1, 4.10), by
 * GStreamer. One picture at a time is with the encoder and at most one waits for it: a newer one
 * replaces the one that waits, so that nothing queues up and a late picture is never shown.
 *
 * While no pictures come the last one is sent again, so that the stream's clock goes on, with a
 * keyframe now and then: a sink that lost a packet gets its picture back.
 */
#ifndef WFD_MEDIA_H
#define WFD_MEDIA_H

#include <gio/gio.h>

#include "wfd_params.h"

enum media_outcome {
	MEDIA_ENCODED,
	MEDIA_DROPPED, /* a newer picture took its place, or the encoder gave none back */
	MEDIA_NOT_STREAMING, /* paused, not started or failed */
};

struct media_config {
	struct wfd_choice format;
	guint kbit; /* kbit/s */
	gboolean mode_asked; /* by a person: media_max_pixel_rate() does not count */
	const char *encoder; /* name of an element to use; NULL: the best that works */
	GInetAddress *sink_address;
	guint16 sink_port;
};

struct media_frame {
	const void *pixels; /* XRGB8888, the first pixel of the picture */
	guint stride; /* bytes */
	guint width; /* pixels */
	guint height; /* pixels */
	gint64 time_ns; /* CLOCK_MONOTONIC, nanoseconds */
	/* Called once, when the pixels are no longer read; from any thread. */
	GDestroyNotify release;
	gpointer release_data;
};

/* Counts since media_new(). */
struct media_figures {
	guint64 frames_in; /* pictures pushed */
	guint64 frames_encoded; /* of those */
	guint64 frames_dropped; /* of those */
	guint64 frames_repeated; /* the last picture sent again */
	guint64 keyframes;
	guint64 encoded_bytes;
	guint64 packets; /* RTP packets handed to the socket */
	guint64 packets_dropped; /* RTP packets that the network did not take */
	guint64 encode_ns; /* with the encoder, all pictures together */
};

/* The stream broke: @message says what to do. In the context given to media_start(), once. */
typedef void (*media_error_func)(const char *message, gpointer user_data);

typedef struct media Media;

Media *media_new(GInetSocketAddress *local, GError **error);
void media_free(Media *media);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Media, media_free)

guint16 media_local_port(const Media *media);
guint media_default_kbit(const struct wfd_mode *mode);
guint64 media_max_pixel_rate(const char *encoder);

gboolean media_start(Media *media, const struct media_config *config, GMainContext *context,
		     media_error_func on_error, gpointer user_data, GError **error);
const char *media_encoder(const Media *media);
void media_set_playing(Media *media, gboolean playing);
void media_force_keyframe(Media *media);
enum media_outcome media_push(Media *media, const struct media_frame *frame, guint64 *encode_ns);
void media_get_figures(Media *media, struct media_figures *figures);

#endif
