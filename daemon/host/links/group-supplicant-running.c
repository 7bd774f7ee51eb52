// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-supplicant-running.h"

#include "group-supplicant-stored.h"
#include "wifi/network-manager.h"

#include <string.h>

static void on_group_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autoptr(GVariant) properties = NULL;
	g_autoptr(GVariant) members = NULL;

	if (self->group.stage != STAGE_READ)
		return;
	/* The addresses and the sink's connection do not need what it says. */
	properties = answer ? g_variant_get_child_value(answer, 0)
			    : g_variant_ref_sink(g_variant_new("a{sv}", NULL));
	host_group_supplicant_stored_read(self, properties);
	members = g_variant_lookup_value(properties, "Members", G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
	if (!self->group.net.is_owner || (members && g_variant_n_children(members)))
		host_group_succeed(&self->group);
	else
		host_group_set_stage(&self->group, STAGE_PEER);
}

/* Somebody has removed the group who is not we, nor the sink. */
static void on_network_manager_asked(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, NULL);
	gboolean is_there = FALSE;

	if (answer)
		g_variant_get(answer, "(b)", &is_there);
	if (self->group.stage < STAGE_READ || self->group.stage >= HOST_GROUP_LEAVING)
		return;
	host_group_lose(&self->group,
			is_there ? HOST_REASON_GROUP_REMOVED_BY_NM : HOST_REASON_GROUP_REMOVED,
			NULL);
}

void host_group_supplicant_running_ask_who_removed(HostGroupSupplicant *self)
{
	self->is_removed = TRUE;
	g_dbus_connection_call(host_supplicant_get_connection(self->supplicant),
			       "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "NameHasOwner",
			       g_variant_new("(s)", HOST_NM_NAME), G_VARIANT_TYPE("(b)"),
			       G_DBUS_CALL_FLAGS_NONE, HOST_SUPPLICANT_CALL_MS, NULL,
			       on_network_manager_asked, g_object_ref(self));
}

static void on_interface_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autoptr(GVariant) name = NULL;

	if (self->group.stage != STAGE_READ)
		return;
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)) {
		host_group_supplicant_running_ask_who_removed(self);
		return;
	}
	if (answer)
		g_variant_get(answer, "(v)", &name);
	if (!name || !g_variant_is_of_type(name, G_VARIANT_TYPE_STRING)) {
		if (error)
			g_dbus_error_strip_remote_error(error);
		host_group_fail(&self->group, HOST_REASON_SUPPLICANT_REFUSED,
				error ? error->message : "Ifname");
		return;
	}
	self->group.net.interface = g_variant_dup_string(name, NULL);
	host_group_emit_interface(&self->group, self->group.net.interface);
	host_group_supplicant_call(self, self->object, HOST_SUPPLICANT_PROPERTIES, "GetAll",
				   g_variant_new("(s)", HOST_SUPPLICANT_GROUP), "(a{sv})",
				   on_group_read);
}

void host_group_supplicant_running_on_started(HostGroupSupplicant *self, GVariant *properties)
{
	const char *path, *object, *role;
	gboolean persistent = FALSE;

	if (!g_variant_lookup(properties, "interface_object", "&o", &path) ||
	    !g_variant_lookup(properties, "group_object", "&o", &object) ||
	    !g_variant_lookup(properties, "role", "&s", &role))
		return;
	if (self->group.stage >= HOST_GROUP_LEAVING) {
		/* It came about while it was called off. */
		host_group_supplicant_call_to_put_back(self, path, "Disconnect", NULL);
		return;
	}
	if (self->group.stage != STAGE_INVITE && self->group.stage != STAGE_ACCEPT &&
	    self->group.stage != STAGE_FORM)
		return;
	g_variant_lookup(properties, "persistent", "b", &persistent);
	/* What was invited to is stored already. */
	self->persistent = persistent && self->group.stage != STAGE_INVITE;
	self->path = g_strdup(path);
	self->object = g_strdup(object);
	self->group.net.is_owner = !strcmp(role, "GO");
	if (!self->group.net.is_owner) {
		self->group.net.local = host_group_lookup_address(properties, "IpAddr");
		self->group.net.peer = host_group_lookup_address(properties, "IpAddrGo");
		if (!self->group.net.local || !self->group.net.peer) {
			g_clear_object(&self->group.net.local);
			g_clear_object(&self->group.net.peer);
		}
	}
	host_group_set_stage(&self->group, STAGE_READ);
	host_group_supplicant_call(self, path, HOST_SUPPLICANT_PROPERTIES, "Get",
				   g_variant_new("(ss)", HOST_SUPPLICANT_INTERFACE, "Ifname"),
				   "(v)", on_interface_read);
}
