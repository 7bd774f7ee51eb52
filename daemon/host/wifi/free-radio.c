// SPDX-License-Identifier: GPL-2.0-or-later
#include "free-radio.h"

#include "iwd-bus.h"
#include "network-manager.h"

#include <string.h>

/* So long NetworkManager is waited for, which has more to do than to answer. */
#define NM_MS 5000

/* Whether a program is on the bus. */
typedef enum {
	NOT_KNOWN,
	ABSENT,
	PRESENT,
} Presence;

struct _HostFreeRadio {
	GDBusConnection *connection;
	HostFreeRadioFound found;
	gpointer user_data;

	guint iwd_watch, nm_watch;
	Presence iwd, nm;
	char **interfaces; /* while one of them is looked for */
	gboolean is_first;
	gboolean is_given; /* it has the one already */
	GCancellable *cancellable; /* of what NetworkManager is asked */
};

static void tell(HostFreeRadio *self, const char *interface)
{
	g_auto(GStrv) interfaces = g_steal_pointer(&self->interfaces);

	self->found(interface, self->user_data);
}

static gboolean is_false(GVariant *properties, const char *name)
{
	gboolean value;

	return g_variant_lookup(properties, name, "b", &value) && !value;
}

/* (transfer full) (nullable): an object's properties */
static GVariant *find_interface(GVariant *interfaces, const char *name)
{
	return g_variant_lookup_value(interfaces, name, G_VARIANT_TYPE_VARDICT);
}

/* While NetworkManager starts it has not decided yet, and asleep it manages nothing that it will manage again. */
static gboolean has_decided(GVariant *objects)
{
	g_autoptr(GVariant) root = g_variant_lookup_value(objects, HOST_NM_ROOT, NULL);
	g_autoptr(GVariant) manager = root ? find_interface(root, HOST_NM_NAME) : NULL;
	guint state;

	return manager && is_false(manager, "Startup") &&
	       g_variant_lookup(manager, "State", "u", &state) && state > HOST_NM_ASLEEP;
}

/* It knows the device, and leaves it alone. */
static gboolean is_left_alone(GVariant *objects, const char *interface)
{
	for (gsize i = 0; i < g_variant_n_children(objects); i++) {
		g_autoptr(GVariant) interfaces = NULL;
		g_autoptr(GVariant) device = NULL;
		const char *name;

		g_variant_get_child(objects, i, "{&o@a{sa{sv}}}", NULL, &interfaces);
		device = find_interface(interfaces, HOST_NM_DEVICE);
		if (device && g_variant_lookup(device, "Interface", "&s", &name) &&
		    !strcmp(name, interface))
			return is_false(device, "Managed");
	}
	return FALSE;
}

static void on_nm_asked(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autoptr(GVariant) objects = NULL;
	HostFreeRadio *self = data;
	const char *found = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (answer)
		objects = g_variant_get_child_value(answer, 0);
	else
		g_debug("NetworkManager: %s", error->message);
	if (objects && (self->is_given || has_decided(objects)))
		for (char **one = self->interfaces; *one && !found; one++)
			if (is_left_alone(objects, *one))
				found = *one;
	tell(self, found);
}

/* Once it is known who is there. */
static void look(HostFreeRadio *self)
{
	if (!self->interfaces || self->iwd == NOT_KNOWN || self->nm == NOT_KNOWN)
		return;
	if (!*self->interfaces || self->iwd == PRESENT || (self->nm == ABSENT && !self->is_first))
		tell(self, NULL);
	else if (self->nm == ABSENT)
		tell(self, *self->interfaces);
	else
		g_dbus_connection_call(self->connection, HOST_NM_NAME, HOST_NM_OBJECTS,
				       "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
				       NULL, G_VARIANT_TYPE("(a{oa{sa{sv}}})"),
				       G_DBUS_CALL_FLAGS_NO_AUTO_START, NM_MS, self->cancellable,
				       on_nm_asked, self);
}

static void begin(HostFreeRadio *self, const char *const *interfaces, gboolean is_first,
		  gboolean is_given)
{
	g_return_if_fail(!self->interfaces);
	self->interfaces = g_strdupv((char **)interfaces);
	self->is_first = is_first;
	self->is_given = is_given;
	look(self);
}

void host_free_radio_find(HostFreeRadio *self, const char *const *interfaces, gboolean is_first)
{
	begin(self, interfaces, is_first, FALSE);
}

void host_free_radio_check(HostFreeRadio *self, const char *interface)
{
	const char *const interfaces[] = {interface, NULL};

	begin(self, interfaces, TRUE, TRUE);
}

static void note(HostFreeRadio *self, const char *name, Presence presence)
{
	gboolean was_known = self->iwd != NOT_KNOWN && self->nm != NOT_KNOWN;

	*(strcmp(name, HOST_IWD_NAME) ? &self->nm : &self->iwd) = presence;
	if (!was_known)
		look(self);
}

static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
			gpointer data)
{
	note(data, name, PRESENT);
}

static void on_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	note(data, name, ABSENT);
}

HostFreeRadio *host_free_radio_new(GDBusConnection *connection, HostFreeRadioFound found,
				   gpointer user_data)
{
	HostFreeRadio *self = g_new0(HostFreeRadio, 1);

	self->connection = g_object_ref(connection);
	self->found = found;
	self->user_data = user_data;
	self->cancellable = g_cancellable_new();
	self->iwd_watch = g_bus_watch_name_on_connection(connection, HOST_IWD_NAME,
							 G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
							 on_vanished, self, NULL);
	self->nm_watch = g_bus_watch_name_on_connection(connection, HOST_NM_NAME,
							G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
							on_vanished, self, NULL);
	return self;
}

void host_free_radio_free(HostFreeRadio *self)
{
	g_bus_unwatch_name(self->iwd_watch);
	g_bus_unwatch_name(self->nm_watch);
	g_cancellable_cancel(self->cancellable);
	g_object_unref(self->cancellable);
	g_object_unref(self->connection);
	g_strfreev(self->interfaces);
	g_free(self);
}
