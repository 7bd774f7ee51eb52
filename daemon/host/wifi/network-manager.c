// SPDX-License-Identifier: GPL-2.0-or-later
#include "network-manager.h"

#include <string.h>

GVariant *host_nm_get(GDBusObjectManager *objects, const char *path, const char *interface,
		      const char *name, const char *type)
{
	g_autoptr(GDBusInterface) proxy = NULL;
	g_autoptr(GVariant) value = NULL;

	proxy = path ? g_dbus_object_manager_get_interface(objects, path, interface) : NULL;
	value = proxy ? g_dbus_proxy_get_cached_property(G_DBUS_PROXY(proxy), name) : NULL;
	if (!value || !g_variant_is_of_type(value, G_VARIANT_TYPE(type)))
		return NULL;
	return g_steal_pointer(&value);
}

guint host_nm_get_state(GDBusObjectManager *objects, const char *device)
{
	g_autoptr(GVariant) state = host_nm_get(objects, device, HOST_NM_DEVICE, "State", "u");

	return state ? g_variant_get_uint32(state) : 0;
}

/* The device of that name that is managed, and has @kind; transfer full, or NULL. */
static char *find_managed(GDBusObjectManager *objects, const char *name, const char *kind)
{
	GList *list = g_dbus_object_manager_get_objects(objects);
	char *found = NULL;

	for (GList *item = list; item && !found; item = item->next) {
		const char *path = g_dbus_object_get_object_path(item->data);
		g_autoptr(GDBusInterface) of_kind = g_dbus_object_get_interface(item->data, kind);
		g_autoptr(GVariant)
			its_name = host_nm_get(objects, path, HOST_NM_DEVICE, "Interface", "s");

		if (of_kind && its_name && !strcmp(g_variant_get_string(its_name, NULL), name) &&
		    host_nm_get_state(objects, path) > HOST_NM_UNMANAGED)
			found = g_strdup(path);
	}
	g_list_free_full(list, g_object_unref);
	return found;
}

gboolean host_nm_manages(GDBusObjectManager *objects, const char *interface)
{
	g_autofree char *device = find_managed(objects, interface, HOST_NM_DEVICE ".Wireless");

	return device != NULL;
}

char *host_nm_find_p2p_device(GDBusObjectManager *objects, const char *interface)
{
	/* As NetworkManager names it; that may be longer than a network interface's name. */
	g_autofree char *name = g_strconcat("p2p-dev-", interface, NULL);

	return find_managed(objects, name, HOST_NM_P2P);
}
