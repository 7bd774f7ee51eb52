/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window: the sinks that there are, or what keeps this computer from having any; and one sink's page. */
#ifndef CONNECT_WINDOW_H
#define CONNECT_WINDOW_H

#include "connect-agent.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define CONNECT_TYPE_WINDOW (connect_window_get_type())
G_DECLARE_FINAL_TYPE(ConnectWindow, connect_window, CONNECT, WINDOW, AdwApplicationWindow)

ConnectWindow *connect_window_new(AdwApplication *application, ConnectBus *bus,
				  ConnectAgent *agent);

/* @path: of the sink's object */
void connect_window_show_sink(ConnectWindow *self, const char *path);

/* Whether the person has that before their eyes. */
gboolean connect_window_shows_sink(ConnectWindow *self, const char *path);

G_END_DECLS

#endif /* CONNECT_WINDOW_H */
