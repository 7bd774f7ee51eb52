// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect.h"

GDBusConnection *connect_to(GTestDBus *bus)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);

	g_assert_no_error(error);
	return connection;
}

void own_name(GDBusConnection *connection, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		owned = g_dbus_connection_call_sync(connection, "org.freedesktop.DBus",
						    "/org/freedesktop/DBus", "org.freedesktop.DBus",
						    "RequestName", g_variant_new("(su)", name, 0),
						    NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

	g_assert_no_error(error);
}

void release_name(GDBusConnection *connection, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) released = g_dbus_connection_call_sync(
		connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		"ReleaseName", g_variant_new("(s)", name), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
		&error);

	g_assert_no_error(error);
}

static gboolean on_timeout(gpointer data)
{
	*(gboolean *)data = TRUE;
	return G_SOURCE_REMOVE;
}

void wait_s(guint seconds)
{
	gboolean is_over = FALSE;

	g_timeout_add_seconds(seconds, on_timeout, &is_over);
	while (!is_over)
		g_main_context_iteration(NULL, TRUE);
}
