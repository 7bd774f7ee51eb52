/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink's end of the User Input Back Channel: what a script says, sent when it says, and what a
 * person does.
 */
#ifndef SINK_UIBC_H
#define SINK_UIBC_H

#include <gio/gio.h>

/* What the sink offers in M3 when it has a script. */
#define SINK_UIBC_CAPABILITY                                                                \
	"input_category_list=GENERIC, HIDC;generic_cap_list=Keyboard, Mouse, SingleTouch, " \
	"MultiTouch, Gesture;hidc_cap_list=Keyboard/USB, Mouse/USB, MultiTouch/USB;port=none"

/* The same when there is a person: what miracast-sink-window makes of a mouse and a keyboard. */
#define SINK_UIBC_PERSON_CAPABILITY \
	"input_category_list=GENERIC;generic_cap_list=Keyboard, Mouse;hidc_cap_list=none;port=none"

typedef struct _SinkUibc SinkUibc;

typedef struct {
	gboolean connected; /* ever */
	gboolean closed; /* by the source */
	guint64 packets;
} SinkUibcStatistics;

/**
 * sink_uibc_new:
 * @script: lines of "SECONDS WHAT ARGUMENT..."; see miracast-sink(1)
 *
 * Returns: NULL with an error of domain G_IO_ERROR that names the line
 */
SinkUibc *sink_uibc_new(const char *script, GError **error);
void sink_uibc_free(SinkUibc *uibc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkUibc, sink_uibc_free)

/* Connects and begins, once; further calls do nothing. */
void sink_uibc_start(SinkUibc *uibc, GInetAddress *source, guint16 port);

/* "WHAT ARGUMENT...", as in a script. Lost if the source does not read, or it makes no sense. */
void sink_uibc_do(SinkUibc *uibc, const char *what);

const SinkUibcStatistics *sink_uibc_statistics(const SinkUibc *uibc);

#endif /* SINK_UIBC_H */
