/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink of Miracast over Infrastructure ([MS-MICE], 3.1): what is said on the connection to its port
 * 7250, until the source is ready and this side connects for RTSP, and after that. Bytes in, bytes and
 * events out; no sockets.
 */
#pragma once

#include "sink-dtls.h"
#include "sink-misbehaviour.h"
#include "sink-reason.h"

#define SINK_MICE_ESTABLISH_US	   (30 * G_TIME_SPAN_SECOND) /* from here to RTSP */
#define SINK_MICE_ESTABLISH_PIN_US (120 * G_TIME_SPAN_SECOND) /* the same, if a PIN is typed */
#define SINK_MICE_PIN_TRIES	   3

/* What the source has to do, and what it may. */
typedef enum {
	SINK_SECURITY_NONE, /* encryption is refused */
	SINK_SECURITY_OFFERED, /* as the source likes */
	SINK_SECURITY_ENCRYPTED, /* at least encryption */
	SINK_SECURITY_PIN, /* encryption, and the PIN */
} SinkSecurity;

typedef struct {
	SinkSecurity security;
	const char *pin; /* 8 digits; NULL: by chance */
	GInetAddress *local; /* of the connection, as the next one */
	GInetAddress *remote;
	gint64 message_timeout_us; /* for the source's next message of a handshake */
	const SinkMisbehaviour *misbehaviour; /* NULL: behaves */
} SinkMiceConfig;

/* After ended() nothing is called any more. */
typedef struct {
	void (*send)(GBytes *bytes, gpointer user_data);
	void (*show_pin)(const char *pin, gpointer user_data);
	/* The source listens for RTSP on this port. */
	void (*ready)(guint16 port, gpointer user_data);
	void (*ended)(SinkReason reason, const char *sentence, gpointer user_data);
} SinkMiceOps;

typedef struct {
	guint64 messages_in;
	guint64 messages_out;
	guint pin_tries;
	gboolean encrypted;
	gboolean pin; /* the source knew it */
	char *source_name;
} SinkMiceStatistics;

typedef struct SinkMice SinkMice;

SinkMice *sink_mice_new(const SinkMiceConfig *config, const SinkMiceOps *ops, gpointer user_data,
			gint64 now_us);
void sink_mice_free(SinkMice *mice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkMice, sink_mice_free)

/* Takes bytes of the source, in whatever pieces they come. */
void sink_mice_feed(SinkMice *mice, const guint8 *data, gsize size, gint64 now_us);
void sink_mice_tick(SinkMice *mice, gint64 now_us);
/* RTSP is connected: the source was quick enough. */
void sink_mice_connected(SinkMice *mice);
/* The source plays. */
void sink_mice_playing(SinkMice *mice);
/* STOP_PROJECTION, if there is a source to tell. */
void sink_mice_stop(SinkMice *mice);

/* What the stream is sealed with, borrowed; NULL: it is not. */
SinkDtls *sink_mice_dtls(SinkMice *mice);
const SinkMiceStatistics *sink_mice_statistics(const SinkMice *mice);
/* Where the source left the specification without being refused for it; NULL-terminated. */
const char *const *sink_mice_violations(const SinkMice *mice);
