/* SPDX-License-Identifier: GPL-2.0-or-later */
/* miracastd on the system bus, as long as it is there: its sinks, its sessions, and the search. */
#ifndef CONNECT_BUS_H
#define CONNECT_BUS_H

#include "bus.h"

G_BEGIN_DECLS

#define CONNECT_TYPE_BUS (connect_bus_get_type())
G_DECLARE_FINAL_TYPE(ConnectBus, connect_bus, CONNECT, BUS, GObject)

/*
 * Signals:
 *   "presence-changed": the service has come or gone, or it is known now that it is not there
 *   "changed" (BusManager1, BusSink1 or BusSession1): a property of it
 */
ConnectBus *connect_bus_new(void);

/* Whether it is known if the service is there. */
gboolean connect_bus_is_asked(ConnectBus *self);

/* The service's own name on the bus; NULL: it is not there. Transfer full. */
char *connect_bus_get_owner(ConnectBus *self);

/* NULL if it is not there. */
GDBusConnection *connect_bus_get_connection(ConnectBus *self);
BusManager1 *connect_bus_get_manager(ConnectBus *self);

/* element-type BusSink1, BusSession1; in order of their coming. Transfer none. */
GListModel *connect_bus_get_sinks(ConnectBus *self);
GListModel *connect_bus_get_sessions(ConnectBus *self);

/* NULL if there is none. Transfer none. */
BusSink1 *connect_bus_find_sink(ConnectBus *self, const char *path);
BusSession1 *connect_bus_find_session(ConnectBus *self, const char *path);

/* Whether sinks are to be looked for: as long as this is so, and the service is there. */
void connect_bus_set_searching(ConnectBus *self, gboolean searching);

/* If that was refused. */
void connect_bus_search_again(ConnectBus *self);

/* Why they are not looked for, or NULL. */
const char *connect_bus_get_refusal(ConnectBus *self);

/* Calls @method of @proxy; a person may be asked for a password meanwhile. */
void connect_bus_call(ConnectBus *self, gpointer proxy, const char *method, GVariant *arguments,
		      GAsyncReadyCallback callback, gpointer user_data);

/* Ends the session at that path, which may have no object here yet. */
void connect_bus_disconnect(ConnectBus *self, const char *session);

/* NULL with a sentence for people in @error. Transfer full. */
GVariant *connect_bus_call_finish(GObject *proxy, GAsyncResult *result, GError **error);

G_END_DECLS

#endif /* CONNECT_BUS_H */
