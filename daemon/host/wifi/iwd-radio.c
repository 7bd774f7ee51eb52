// SPDX-License-Identifier: GPL-2.0-or-later
#include "iwd-radio.h"

#include "iwd-bus.h"
#include "radio.h"

#include <string.h>

void host_iwd_radio_clear(HostIwdRadio *self)
{
	g_clear_object(&self->objects);
	g_clear_pointer(&self->denied, g_free);
	g_clear_pointer(&self->device, g_free);
}

GDBusObject *host_iwd_radio_find_device(const HostIwdRadio *self)
{
	GList *list = self->is_there ? g_dbus_object_manager_get_objects(self->objects) : NULL;
	GDBusObject *found = NULL;

	for (GList *item = list; item; item = item->next) {
		const char *path = g_dbus_object_get_object_path(item->data);
		g_autoptr(GDBusInterface)
			p2p = g_dbus_object_get_interface(item->data, HOST_IWD_P2P);

		if (!p2p)
			continue;
		if (!g_strcmp0(path, self->device)) {
			found = item->data;
			break;
		}
		if (!found || strcmp(path, g_dbus_object_get_object_path(found)) < 0)
			found = item->data;
	}
	if (found)
		g_object_ref(found);
	g_list_free_full(list, g_object_unref);
	return found;
}

/* The object of the radio's network interface; (transfer full) (nullable) */
static GDBusObject *find_station(const HostIwdRadio *self)
{
	GList *list = self->objects ? g_dbus_object_manager_get_objects(self->objects) : NULL;
	GDBusObject *found = NULL;

	for (GList *item = list; item && !found; item = item->next)
		if (host_iwd_bus_is_path(item->data, HOST_IWD_DEVICE, "Adapter", self->device))
			found = g_object_ref(item->data);
	g_list_free_full(list, g_object_unref);
	return found;
}

char *host_iwd_radio_get_interface(const HostIwdRadio *self)
{
	g_autoptr(GDBusObject) station = find_station(self);
	g_autoptr(GVariant) name = station ? host_iwd_bus_get(station, HOST_IWD_DEVICE, "Name", "s")
					   : NULL;

	return name ? g_variant_dup_string(name, NULL) : NULL;
}

gboolean host_iwd_radio_is_on_network(const HostIwdRadio *self)
{
	g_autoptr(GDBusObject) station = find_station(self);
	g_autoptr(GVariant)
		state = station ? host_iwd_bus_get(station, HOST_IWD_STATION, "State", "s") : NULL;

	return state && strcmp(g_variant_get_string(state, NULL), "disconnected");
}

HostReason host_iwd_radio_find_obstacle(const HostIwdRadio *self, const char **detail)
{
	g_autofree char *interface = NULL;

	*detail = NULL;
	if (self->denied) {
		*detail = self->denied;
		return HOST_REASON_IWD_REFUSED;
	}
	if (!self->is_there)
		return HOST_REASON_IWD_AWAY;
	if (!self->device) {
		*detail = "iwd has no Wi-Fi Direct device";
		return HOST_REASON_NO_P2P;
	}
	interface = host_iwd_radio_get_interface(self);
	if (interface && host_radio_is_blocked(interface))
		return HOST_REASON_RADIO_BLOCKED;
	if (self->is_stuck) {
		*detail = "its Wi-Fi Direct device went with the radio when that was switched off: "
			  "run 'systemctl restart iwd'";
		return HOST_REASON_IWD_UNABLE;
	}
	if (self->leaves_addresses) {
		*detail =
			"it sets no addresses and falls over when a group ends: set "
			"EnableNetworkConfiguration=true below [General] in /etc/iwd/main.conf and "
			"restart it";
		return HOST_REASON_IWD_UNABLE;
	}
	return HOST_N_REASONS;
}
