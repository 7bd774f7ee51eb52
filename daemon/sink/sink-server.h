/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port that sources of Miracast over Infrastructure connect to: one at a time, the next one when that
 * is gone. What is said there is sink-mice.h's.
 */
#pragma once

#include "sink-mice.h"

typedef struct {
	const char *name; /* for people; NULL: not announced */
	guint16 port; /* 0: any free one */
	SinkSecurity security;
	const char *pin; /* NULL: by chance */
	gint64 message_timeout_us;
	const SinkMisbehaviour *misbehaviour; /* NULL: behaves */
} SinkServerConfig;

typedef struct {
	/* A source listens for RTSP there. */
	void (*ready)(GSocketAddress *source, gpointer user_data);
	/* The person is to type it at the source. */
	void (*show_pin)(const char *pin, gpointer user_data);
	/* What it can be found by, or NULL and why it cannot: see SinkAnnounced. */
	void (*announced)(const char *name, const char *problem, gpointer user_data);
	/* That source is gone, or one that was not ready yet. */
	void (*ended)(SinkReason reason, const char *sentence, gpointer user_data);
} SinkServerOps;

typedef struct SinkServer SinkServer;

SinkServer *sink_server_new(const SinkServerConfig *config, const SinkServerOps *ops,
			    gpointer user_data, GError **error);
void sink_server_free(SinkServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkServer, sink_server_free)

guint16 sink_server_port(const SinkServer *server);
void sink_server_tick(SinkServer *server, gint64 now_us);
/* The source that is there, or that was the last one; NULL: none has come. */
SinkMice *sink_server_source(SinkServer *server);
/* Tells the source that this is the end. FALSE: there is none. */
gboolean sink_server_stop(SinkServer *server);
