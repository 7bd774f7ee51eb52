/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wpa_supplicant's names on the system bus, and calls to it. */
#ifndef HOST_SUPPLICANT_BUS_H
#define HOST_SUPPLICANT_BUS_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_SUPPLICANT_NAME	   "fi.w1.wpa_supplicant1"
#define HOST_SUPPLICANT_ROOT	   "/fi/w1/wpa_supplicant1"
#define HOST_SUPPLICANT_INTERFACE  HOST_SUPPLICANT_NAME ".Interface"
#define HOST_SUPPLICANT_P2P	   HOST_SUPPLICANT_INTERFACE ".P2PDevice"
#define HOST_SUPPLICANT_GROUP	   HOST_SUPPLICANT_NAME ".Group"
#define HOST_SUPPLICANT_PEER	   HOST_SUPPLICANT_NAME ".Peer"
#define HOST_SUPPLICANT_PROPERTIES "org.freedesktop.DBus.Properties"

/* No answer to a call takes longer than that. */
#define HOST_SUPPLICANT_CALL_MS 10000

/* @parameters, @callback: (nullable); @reply: (nullable): the answer's type. It is not started by this. */
void host_supplicant_bus_call(GDBusConnection *connection, const char *path, const char *interface,
			      const char *method, GVariant *parameters, const char *reply,
			      GAsyncReadyCallback callback, gpointer user_data);

/* The answer is of type (v). */
void host_supplicant_bus_get(GDBusConnection *connection, const char *path, const char *interface,
			     const char *name, GAsyncReadyCallback callback, gpointer user_data);
/* The answer is of type (a{sv}). */
void host_supplicant_bus_get_all(GDBusConnection *connection, const char *path,
				 const char *interface, GAsyncReadyCallback callback,
				 gpointer user_data);
void host_supplicant_bus_set(GDBusConnection *connection, const char *path, const char *interface,
			     const char *name, GVariant *value, GAsyncReadyCallback callback,
			     gpointer user_data);

/* @connection: as the callback has it. NULL with an @error whose message is for people. */
GVariant *host_supplicant_bus_finish(GObject *connection, GAsyncResult *result, GError **error);

G_END_DECLS

#endif /* HOST_SUPPLICANT_BUS_H */
