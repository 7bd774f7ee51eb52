// SPDX-License-Identifier: GPL-2.0-or-later
#include "free-radio.h"

#include "iwd-bus.h"
#include "network-manager.h"

#include <string.h>

/* So long NetworkManager is waited for, which has more to do than to answer. */
#define NM_MS 5000

typedef enum {
	NOT_KNOWN,
	ABSENT,
	PRESENT,
} Presence;

/**
 * Program: whether it is on the bus
 * @restart_source: it was, and may be restarted: until then it is not known
 */
typedef struct {
	HostFreeRadio *owner;
	guint watch;
	Presence presence;
	guint restart_source;
} Program;

struct _HostFreeRadio {
	GDBusConnection *connection;
	HostFreeRadioFound found;
	gpointer user_data;

	Program iwd, nm;
	char **interfaces; /* while one of them is looked for */
	gboolean is_first;
	gboolean is_given; /* it has the one already */
	gboolean asking; /* NetworkManager */
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

static void look(HostFreeRadio *self);

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
	self->asking = FALSE;
	if (answer)
		objects = g_variant_get_child_value(answer, 0);
	else
		g_debug("NetworkManager: %s", error->message);
	/* Whether it comes back is waited for. */
	if (!objects && self->nm.presence != PRESENT) {
		look(self);
		return;
	}
	if (objects && (self->is_given || has_decided(objects)))
		for (char **one = self->interfaces; *one && !found; one++)
			if (is_left_alone(objects, *one))
				found = *one;
	tell(self, found);
}

/* Once it is known who is there. */
static void look(HostFreeRadio *self)
{
	if (!self->interfaces || self->asking)
		return;
	if (!*self->interfaces || self->iwd.presence == PRESENT) {
		tell(self, NULL);
	} else if (self->iwd.presence == ABSENT && self->nm.presence == ABSENT) {
		tell(self, self->is_first ? *self->interfaces : NULL);
	} else if (self->iwd.presence == ABSENT && self->nm.presence == PRESENT) {
		self->asking = TRUE;
		g_dbus_connection_call(self->connection, HOST_NM_NAME, HOST_NM_OBJECTS,
				       "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
				       NULL, G_VARIANT_TYPE("(a{oa{sa{sv}}})"),
				       G_DBUS_CALL_FLAGS_NO_AUTO_START, NM_MS, self->cancellable,
				       on_nm_asked, self);
	}
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

static gboolean on_not_restarted(gpointer data)
{
	Program *program = data;

	program->restart_source = 0;
	program->presence = ABSENT;
	look(program->owner);
	return G_SOURCE_REMOVE;
}

static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
			gpointer data)
{
	Program *program = data;

	g_clear_handle_id(&program->restart_source, g_source_remove);
	program->presence = PRESENT;
	look(program->owner);
}

static void on_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	Program *program = data;

	if (program->presence == PRESENT) {
		program->presence = NOT_KNOWN;
		program->restart_source =
			g_timeout_add_seconds(HOST_FREE_RADIO_RESTART_S, on_not_restarted, program);
	} else {
		program->presence = ABSENT;
		look(program->owner);
	}
}

static void watch(HostFreeRadio *self, Program *program, const char *name)
{
	program->owner = self;
	program->watch = g_bus_watch_name_on_connection(self->connection, name,
							G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
							on_vanished, program, NULL);
}

static void unwatch(Program *program)
{
	g_bus_unwatch_name(program->watch);
	g_clear_handle_id(&program->restart_source, g_source_remove);
}

HostFreeRadio *host_free_radio_new(GDBusConnection *connection, HostFreeRadioFound found,
				   gpointer user_data)
{
	HostFreeRadio *self = g_new0(HostFreeRadio, 1);

	self->connection = g_object_ref(connection);
	self->found = found;
	self->user_data = user_data;
	self->cancellable = g_cancellable_new();
	watch(self, &self->iwd, HOST_IWD_NAME);
	watch(self, &self->nm, HOST_NM_NAME);
	return self;
}

void host_free_radio_free(HostFreeRadio *self)
{
	unwatch(&self->iwd);
	unwatch(&self->nm);
	g_cancellable_cancel(self->cancellable);
	g_object_unref(self->cancellable);
	g_object_unref(self->connection);
	g_strfreev(self->interfaces);
	g_free(self);
}
