/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iwd's names on the system bus, calls to it, and what its objects say. */
#ifndef HOST_IWD_BUS_H
#define HOST_IWD_BUS_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_IWD_NAME	    "net.connman.iwd"
#define HOST_IWD_ROOT	    "/net/connman/iwd"
#define HOST_IWD_DAEMON	    HOST_IWD_NAME ".Daemon"
#define HOST_IWD_DEVICE	    HOST_IWD_NAME ".Device"
#define HOST_IWD_STATION    HOST_IWD_NAME ".Station"
#define HOST_IWD_P2P	    HOST_IWD_NAME ".p2p.Device"
#define HOST_IWD_PEER	    HOST_IWD_NAME ".p2p.Peer"
#define HOST_IWD_DISPLAY    HOST_IWD_NAME ".p2p.Display"
#define HOST_IWD_SERVICE    HOST_IWD_NAME ".p2p.ServiceManager"
#define HOST_IWD_PAIRING    HOST_IWD_NAME ".SimpleConfiguration"
#define HOST_IWD_PROPERTIES "org.freedesktop.DBus.Properties"

/* No answer to a call takes longer than that, but to one that asks the sink. */
#define HOST_IWD_CALL_MS 10000

/* @parameters: (nullable); @reply: (nullable): the answer's type. It is not started by this. */
void host_iwd_bus_call(GDBusConnection *connection, const char *path, const char *interface,
		       const char *method, GVariant *parameters, const char *reply, int limit_ms,
		       GAsyncReadyCallback callback, gpointer user_data);

/* iwd's own name of the error is @name. */
gboolean host_iwd_bus_is_error(const GError *error, const char *name);

/* A property of an object that is told of; NULL if there is none of that type. Transfer full. */
GVariant *host_iwd_bus_get(GDBusObject *object, const char *interface, const char *name,
			   const char *type);
gboolean host_iwd_bus_is_true(GDBusObject *object, const char *interface, const char *name);
gboolean host_iwd_bus_is_path(GDBusObject *object, const char *interface, const char *name,
			      const char *path);

G_END_DECLS

#endif /* HOST_IWD_BUS_H */
