/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP connection to the source that RTSP is spoken on: it comes about, and takes bytes either way. */
#pragma once

#include "sink-misbehaviour.h"

#include <gio/gio.h>

typedef struct SinkConnection SinkConnection;

typedef struct {
	/* It did not come about, this time. */
	void (*failed)(const char *sentence, gpointer user_data);
	/* It stands. FALSE: it is of no use, and nothing is read. */
	gboolean (*connected)(gpointer user_data);
	void (*received)(const guint8 *data, gsize size, gpointer user_data);
	/* By the source. @error: NULL: in order */
	void (*closed)(const GError *error, gpointer user_data);
} SinkConnectionOps;

/* @misbehaviour: NULL: behaves */
SinkConnection *sink_connection_new(const SinkMisbehaviour *misbehaviour,
				    const SinkConnectionOps *ops, gpointer user_data);
void sink_connection_free(SinkConnection *connection);

/* Tries to connect, again and again. */
void sink_connection_begin(SinkConnection *connection, GSocketConnectable *source);
/* Ends that; nothing happens to a connection that stands. */
void sink_connection_stop(SinkConnection *connection);

/* Once it stands. Transfer none; NULL if the kernel does not tell any more. */
GInetAddress *sink_connection_local(SinkConnection *connection, GError **error);
GInetAddress *sink_connection_remote(SinkConnection *connection, GError **error);

void sink_connection_send(SinkConnection *connection, GBytes *bytes);
/* Nothing goes either way any more, for good. */
void sink_connection_freeze(SinkConnection *connection);
/* Sends what the socket takes at once, and tells the source that this is all. */
void sink_connection_end(SinkConnection *connection);
