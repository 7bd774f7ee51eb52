/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sink: how it is connected to, what a session with it does, and why one has ended. */
#ifndef CONNECT_PAGE_H
#define CONNECT_PAGE_H

#include "connect-agent.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define CONNECT_TYPE_PAGE (connect_page_get_type())
G_DECLARE_FINAL_TYPE(ConnectPage, connect_page, CONNECT, PAGE, AdwBin)

ConnectPage *connect_page_new(ConnectBus *bus, ConnectAgent *agent);

/* @path: of the sink's object */
void connect_page_show(ConnectPage *self, const char *path);

/* Of the sink that is shown; "" if it has no object, or none is shown. */
const char *connect_page_get_path(ConnectPage *self);

/* Begins a session with the sink at @address, and shows it. */
void connect_page_connect(ConnectPage *self, const char *address);

G_END_DECLS

#endif /* CONNECT_PAGE_H */
