/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * miracast-sink as a process of its own: it reads what a source sends, and only pictures and words come
 * from it to the window. Nothing of them is taken without a check.
 */
#ifndef VIEWER_SINK_H
#define VIEWER_SINK_H

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VIEWER_TYPE_SINK (viewer_sink_get_type())
G_DECLARE_FINAL_TYPE(ViewerSink, viewer_sink, VIEWER, SINK, GObject)

/*
 * Signals:
 *   "told" (char *word, char *rest): see daemon/sink/sink-viewer.h
 *   "picture" (GdkTexture): answer with viewer_sink_drawn()
 *   "ended": the process is gone
 */
ViewerSink *viewer_sink_new(void);

/* @arguments: of miracast-sink. Not while one runs. */
gboolean viewer_sink_start(ViewerSink *self, const char *const *arguments, GError **error);

/* It ends its session and goes; "ended" follows in bounded time. */
void viewer_sink_stop(ViewerSink *self);
gboolean viewer_sink_is_running(ViewerSink *self);

/* The next picture may come. */
void viewer_sink_drawn(ViewerSink *self);

/* What the person typed, after the word "pin-wanted". */
void viewer_sink_type_pin(ViewerSink *self, const char *pin);

/* "WHAT ARGUMENT...", as miracast-sink(1) has it for scripts. */
void viewer_sink_do(ViewerSink *self, const char *what);

/* @percent: 0 to 100 */
void viewer_sink_set_volume(ViewerSink *self, guint percent);

G_END_DECLS

#endif /* VIEWER_SINK_H */
