// SPDX-License-Identifier: GPL-2.0-or-later
#include "iwd-bus.h"

void host_iwd_bus_call(GDBusConnection *connection, const char *path, const char *interface,
		       const char *method, GVariant *parameters, const char *reply, int limit_ms,
		       GAsyncReadyCallback callback, gpointer user_data)
{
	g_dbus_connection_call(connection, HOST_IWD_NAME, path, interface, method, parameters,
			       reply ? G_VARIANT_TYPE(reply) : NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, limit_ms, NULL, callback,
			       user_data);
}

gboolean host_iwd_bus_is_error(const GError *error, const char *name)
{
	g_autofree char *theirs = g_dbus_error_get_remote_error(error);

	return !g_strcmp0(theirs, name);
}

GVariant *host_iwd_bus_get(GDBusObject *object, const char *interface, const char *name,
			   const char *type)
{
	g_autoptr(GDBusInterface) proxy = g_dbus_object_get_interface(object, interface);
	g_autoptr(GVariant) value = NULL;

	value = proxy ? g_dbus_proxy_get_cached_property(G_DBUS_PROXY(proxy), name) : NULL;
	if (!value || !g_variant_is_of_type(value, G_VARIANT_TYPE(type)))
		return NULL;
	return g_steal_pointer(&value);
}

gboolean host_iwd_bus_is_true(GDBusObject *object, const char *interface, const char *name)
{
	g_autoptr(GVariant) value = host_iwd_bus_get(object, interface, name, "b");

	return value && g_variant_get_boolean(value);
}

gboolean host_iwd_bus_is_path(GDBusObject *object, const char *interface, const char *name,
			      const char *path)
{
	g_autoptr(GVariant) value = host_iwd_bus_get(object, interface, name, "o");

	return value && !g_strcmp0(g_variant_get_string(value, NULL), path);
}
