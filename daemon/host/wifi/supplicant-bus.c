// SPDX-License-Identifier: GPL-2.0-or-later
#include "supplicant-bus.h"

void host_supplicant_bus_call(GDBusConnection *connection, const char *path, const char *interface,
			      const char *method, GVariant *parameters, const char *reply,
			      GAsyncReadyCallback callback, gpointer user_data)
{
	g_dbus_connection_call(connection, HOST_SUPPLICANT_NAME, path, interface, method,
			       parameters, reply ? G_VARIANT_TYPE(reply) : NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, HOST_SUPPLICANT_CALL_MS, NULL,
			       callback, user_data);
}

void host_supplicant_bus_get(GDBusConnection *connection, const char *path, const char *interface,
			     const char *name, GAsyncReadyCallback callback, gpointer user_data)
{
	host_supplicant_bus_call(connection, path, HOST_SUPPLICANT_PROPERTIES, "Get",
				 g_variant_new("(ss)", interface, name), "(v)", callback,
				 user_data);
}

void host_supplicant_bus_get_all(GDBusConnection *connection, const char *path,
				 const char *interface, GAsyncReadyCallback callback,
				 gpointer user_data)
{
	host_supplicant_bus_call(connection, path, HOST_SUPPLICANT_PROPERTIES, "GetAll",
				 g_variant_new("(s)", interface), "(a{sv})", callback, user_data);
}

void host_supplicant_bus_set(GDBusConnection *connection, const char *path, const char *interface,
			     const char *name, GVariant *value, GAsyncReadyCallback callback,
			     gpointer user_data)
{
	host_supplicant_bus_call(connection, path, HOST_SUPPLICANT_PROPERTIES, "Set",
				 g_variant_new("(ssv)", interface, name, value), NULL, callback,
				 user_data);
}

GVariant *host_supplicant_bus_finish(GObject *connection, GAsyncResult *result, GError **error)
{
	GVariant *answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, error);

	if (!answer && error)
		g_dbus_error_strip_remote_error(*error);
	return answer;
}
