/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bus of a test. */
#ifndef CONNECT_H
#define CONNECT_H

#include <gio/gio.h>

/* A client of its own, with a name. */
GDBusConnection *connect_to(GTestDBus *bus);

/* Has @connection own @name. */
void own_name(GDBusConnection *connection, const char *name);
void release_name(GDBusConnection *connection, const char *name);

/* The main loop goes on meanwhile. */
void wait_s(guint seconds);

#endif /* CONNECT_H */
