/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of miracast-sink, and the capabilities that it asks for. miracast-sink(1) explains it. */
#pragma once

#include "sink-mice.h"
#include "sink-p2p.h"

typedef struct {
	gboolean version; /* nothing else is asked for */
	char *source; /* ADDRESS or ADDRESS:PORT; NULL: with @mice, or with an interface in @p2p */
	gboolean mice;
	SinkP2pConfig p2p; /* its interface: NULL without --p2p; its texts are owned */
	/* Seconds: */
	double timeout; /* 0: never */
	double connect_timeout; /* 0, with @mice only: for ever */
	double response_timeout;
	double session_timeout; /* 0: as the source says */
	gint64 frames; /* 0: no number of them is waited for */
	char *png;
	char *json; /* "-": standard output */
	char *samples;
	int viewer; /* a socket; -1: nobody looks */
	int rtp_port; /* 0: any */
	char *name;
	char *pin;
	/* With @mice: */
	int mice_port;
	gboolean no_announce;
	SinkSecurity security;
	/* What it is as a sink: */
	char *caps;
	char *video_formats;
	char *audio_codecs;
	char *edid;
	gboolean no_standby;
	gboolean flashes; /* the source shows them, with clicks */
	/* What it does of its own accord: */
	char *uibc;
	gint64 idr_every; /* 0: when it has to */
	gint64 pause_after; /* 0: never */
	const SinkMisbehaviour *misbehaviour; /* NULL: behaves */
} SinkOptions;

/* After a failure, too, @options is to be cleared. Files that they name are not looked at yet. */
gboolean sink_options_parse(SinkOptions *options, int argc, char **argv, GError **error);
void sink_options_clear(SinkOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SinkOptions, sink_options_clear)

/* What the sink answers in M3 when it receives on @rtp_port. Transfer full; an error: of a file. */
SinkCaps *sink_options_make_caps(const SinkOptions *options, guint16 rtp_port, GError **error);
