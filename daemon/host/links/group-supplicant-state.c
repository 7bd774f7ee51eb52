// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-supplicant-state.h"

void host_group_supplicant_call(HostGroupSupplicant *self, const char *path, const char *interface,
				const char *method, GVariant *parameters, const char *reply,
				GAsyncReadyCallback callback)
{
	host_supplicant_bus_call(host_supplicant_get_connection(self->supplicant), path, interface,
				 method, parameters, reply, callback, g_object_ref(self));
}

static void on_put_back(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	/* Most of it need not have been there. */
	if (!answer)
		g_debug("Put back: %s", error->message);
	if (!--self->calls)
		host_group_finish(&self->group);
}

void host_group_supplicant_call_to_put_back(HostGroupSupplicant *self, const char *path,
					    const char *method, GVariant *parameters)
{
	self->calls++;
	host_group_supplicant_call(self, path, HOST_SUPPLICANT_P2P, method, parameters, NULL,
				   on_put_back);
}

const HostPeer *host_group_supplicant_find_peer(HostGroupSupplicant *self)
{
	return host_peers_find(host_supplicant_get_peers(self->supplicant), self->sink);
}
