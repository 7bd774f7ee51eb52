/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program that shows a person the stream is told, over a SOCK_SEQPACKET socket: texts of one
 * line, "WORD" or "WORD REST". Sound is played here, by what GStreamer finds.
 *
 *	picture WIDTH HEIGHT	with a file: BGRA, rows without gaps, sealed. The next one comes when
 *				it was answered with "drawn"; what came meanwhile but the newest is dropped
 *	WORD [REST]		whatever else happens: see miracast-sink(1)
 *
 * The other side says "drawn", "volume PERCENT", "pin DIGITS" after "pin-wanted", and "input WHAT ARGUMENT...". It
 * is gone when it closes its end.
 */
#pragma once

#include <gst/gst.h>

typedef struct SinkViewer SinkViewer;

/* In the default main context. */
typedef struct {
	void (*gone)(gpointer user_data); /* once */
	void (*pin)(const char *pin, gpointer user_data); /* that a person has typed */
	void (*input)(const char *what, gpointer user_data); /* as in a script of --uibc */
} SinkViewerOps;

/* @fd: (transfer full) */
SinkViewer *sink_viewer_new(int fd, const SinkViewerOps *ops, gpointer user_data);
void sink_viewer_free(SinkViewer *viewer);

/* @rest: NULL: nothing */
void sink_viewer_tell(SinkViewer *viewer, const char *word, const char *rest);

/* From any thread; neither waits. @samples: of 16 bits, big endian, two channels */
void sink_viewer_show(SinkViewer *viewer, GstSample *picture);
void sink_viewer_play(SinkViewer *viewer, const guint8 *samples, guint frames, guint rate);

guint64 sink_viewer_shown(SinkViewer *viewer); /* pictures that the other side has drawn */
