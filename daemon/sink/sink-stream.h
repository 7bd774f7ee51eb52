/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes both ways over a TCP connection that stands. */
#pragma once

#include <gio/gio.h>

typedef struct {
	/* Faults: a byte to a call; what is sent within a moment, as one piece. */
	gboolean splits, merges;
} SinkStreamConfig;

/* Either may free the stream. */
typedef struct {
	void (*received)(const guint8 *data, gsize size, gpointer user_data);
	/* By the other side, the last of all. @error: NULL: in order */
	void (*closed)(const GError *error, gpointer user_data);
} SinkStreamOps;

typedef struct SinkStream SinkStream;

/* It reads from now on. */
SinkStream *sink_stream_new(GSocketConnection *connection, const SinkStreamConfig *config,
			    const SinkStreamOps *ops, gpointer user_data);
void sink_stream_free(SinkStream *stream);

/* Transfer none; NULL if the kernel does not tell any more. */
GInetAddress *sink_stream_local(SinkStream *stream, GError **error);
GInetAddress *sink_stream_remote(SinkStream *stream, GError **error);

void sink_stream_send(SinkStream *stream, GBytes *bytes);
/* Nothing goes either way any more, for good; the connection stays. */
void sink_stream_freeze(SinkStream *stream);
/* Sends what the socket takes at once, and tells the other side that this is all. */
void sink_stream_end(SinkStream *stream);
