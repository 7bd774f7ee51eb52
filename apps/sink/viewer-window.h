/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine as a wireless display: its name, the PIN, the picture of whoever is connected. */
#ifndef VIEWER_WINDOW_H
#define VIEWER_WINDOW_H

#include <adwaita.h>

G_BEGIN_DECLS

#define VIEWER_TYPE_WINDOW (viewer_window_get_type())
G_DECLARE_FINAL_TYPE(ViewerWindow, viewer_window, VIEWER, WINDOW, AdwApplicationWindow)

/* @arguments: of miracast-sink */
ViewerWindow *viewer_window_new(GtkApplication *app, const char *const *arguments);

G_END_DECLS

#endif /* VIEWER_WINDOW_H */
