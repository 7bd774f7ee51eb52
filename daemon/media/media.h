/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures in, RTP out: converted, scaled, encoded as H.264 by GStreamer; MPEG-TS and RTP over UDP
 * are our own, so that a picture is on the wire as soon as the encoder gave it. One picture at a
 * time is with the encoder and at most one waits for it: a newer one replaces the one that waits,
 * so that nothing queues up and a late picture is never shown.
 *
 * Of a picture that says what has changed in it no more than that is converted, and what changed in those that
 * were replaced.
 *
 * A pointer is drawn over the pictures, in the colours of the one that it is over. When it alone
 * has moved, the last picture is sent with the pointer in its new place, and nothing else of it is
 * converted.
 *
 * While no pictures come the last one is sent again, less often once it cannot get better, or as often as
 * the sink has to have one (MediaConfig.gap_us), and the stream's clock goes on. A keyframe now and then
 * gives a sink that lost a packet its picture back.
 */
#ifndef MEDIA_H
#define MEDIA_H

#include "media-cursor.h"
#include "media-line.h"
#include "media-types.h"

typedef enum {
	MEDIA_ENCODED,
	MEDIA_DROPPED, /* a newer picture took its place, or the encoder gave none back */
	MEDIA_NOT_STREAMING, /* paused, not started or failed */
} MediaOutcome;

/* Counts since media_new(). */
typedef struct {
	guint64 frames_in; /* pictures pushed */
	guint64 frames_encoded; /* of those */
	guint64 frames_dropped; /* of those */
	guint64 frames_repeated; /* the last picture sent again */
	guint64 cursor_pictures; /* the last picture sent with the pointer elsewhere */
	guint64 converted_bytes; /* of pixels, and of what a pointer had covered */
	guint64 keyframes;
	guint64 encoded_bytes;
	guint64 packets; /* RTP packets handed to the socket */
	guint64 packets_dropped; /* RTP packets that the network did not take */
	guint64 reports; /* by the sink, of what it received */
	guint64 packets_lost; /* as the last of them says */
	guint64 jitter_us; /* as well: of the packets' way, microseconds */
	guint64 kbit; /* kbit/s that pictures take at most now */
	guint64 fps; /* new pictures a second, at most, for that rate */
	guint64 encode_ns; /* with the encoder, all pictures together */
	guint64 longest_send_us; /* from when the encoder gave a picture until all of it was with the network */
	MediaLineStatistics sound;
} MediaStatistics;

/* Of a picture that has not the mode's shape: where it is in the mode's, pixels. The rest is black. */
typedef struct {
	guint x, y;
	guint width, height;
} MediaArea;

/* The stream broke: @message says what to do. In the context given to media_start(), once. */
typedef void (*MediaErrorFunc)(const char *message, gpointer user_data);

typedef struct _Media Media;

Media *media_new(int rtp_socket, int rtcp_socket, GError **error);
void media_prepare(const char *cache);
void media_free(Media *media);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Media, media_free)

guint16 media_local_port(const Media *media);
guint media_default_kbit(guint width, guint height, guint fps);

gboolean media_start(Media *media, const MediaConfig *config, GMainContext *context,
		     MediaErrorFunc on_error, gpointer user_data, GError **error);
const char *media_encoder(const Media *media);
void media_set_playing(Media *media, gboolean playing);
void media_force_keyframe(Media *media);
MediaOutcome media_push(Media *media, const MediaFrame *frame, guint64 *encode_ns);
gboolean media_show_cursor(Media *media, const MediaCursor *cursor);
void media_set_air(Media *media, guint kbit, guint64 packets, guint64 failed);
void media_start_sound(Media *media, guint rate);
void media_push_sound(Media *media, guint64 position, gint64 time_ns, const gint16 *samples,
		      guint frames);
void media_stop_sound(Media *media);
void media_get_statistics(Media *media, MediaStatistics *statistics);
gboolean media_get_area(Media *media, MediaArea *area);
guint8 *media_take_picture(Media *media, guint max_width, guint *width, guint *height);

#endif
