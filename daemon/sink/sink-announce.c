// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-announce.h"

#include <string.h>

#define SERVICE	    "_display._tcp"
#define AVAHI	    "org.freedesktop.Avahi"
#define ANY	    (-1) /* interface, as protocol */
#define ESTABLISHED 2 /* states of an entry group */
#define COLLISION   3
#define FAILURE	    4

struct SinkAnnouncement {
	char *name;
	char *txt;
	guint16 port;
	SinkAnnounced announced;
	gpointer user_data;
	guint watch;
	GCancellable *cancellable; /* of what is asked of the Avahi that is there */
	GDBusConnection *bus;
	guint signal;
	char *group; /* NULL: there is none yet */
};

static void commit(SinkAnnouncement *a);

/* The same for each run under this name on this machine, and otherwise like no other. */
static char *container_id(const char *name)
{
	g_autofree char *machine = NULL;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 id[32];
	gsize size = sizeof(id);

	g_file_get_contents("/etc/machine-id", &machine, NULL, NULL);
	g_checksum_update(checksum, (const guchar *)"miracast-sink", -1);
	g_checksum_update(checksum, (const guchar *)(machine ? machine : ""), -1);
	g_checksum_update(checksum, (const guchar *)name, -1);
	g_checksum_get_digest(checksum, id, &size);
	/* RFC 4122, 4.1.1 and 4.1.3, as if it were by chance. */
	return g_strdup_printf(
		"%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", id[0],
		id[1], id[2], id[3], id[4], id[5], (id[6] & 0x0f) | 0x40, id[7],
		(id[8] & 0x3f) | 0x80, id[9], id[10], id[11], id[12], id[13], id[14], id[15]);
}

/* NULL: told already, or it was cancelled and @a may be gone. */
static GVariant *finish_call(SinkAnnouncement *a, GObject *object, GAsyncResult *result)
{
	g_autoptr(GError) error = NULL;
	GVariant *reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	if (!reply && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		a->announced(NULL, error->message, a->user_data);
	return reply;
}

static void call(SinkAnnouncement *a, const char *path, const char *interface, const char *method,
		 GVariant *arguments, const char *reply, GAsyncReadyCallback callback)
{
	g_dbus_connection_call(a->bus, AVAHI, path, interface, method, arguments,
			       G_VARIANT_TYPE(reply), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
			       a->cancellable, callback, a);
}

static void on_nothing(GObject *object, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GVariant) reply = finish_call(user_data, object, result);
}

static void on_alternative(GObject *object, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GVariant) reply = finish_call(user_data, object, result);
	SinkAnnouncement *a = user_data;

	if (!reply)
		return;
	g_free(a->name);
	g_variant_get(reply, "(s)", &a->name);
	commit(a);
}

static void on_added(GObject *object, GAsyncResult *result, gpointer user_data)
{
	SinkAnnouncement *a = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autofree char *remote = error ? g_dbus_error_get_remote_error(error) : NULL;

	if (reply)
		call(a, a->group, AVAHI ".EntryGroup", "Commit", NULL, "()", on_nothing);
	else if (!g_strcmp0(remote, AVAHI ".CollisionError"))
		/* With one on this machine; one elsewhere shows as a state. */
		call(a, "/", AVAHI ".Server", "GetAlternativeServiceName",
		     g_variant_new("(s)", a->name), "(s)", on_alternative);
	else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		a->announced(NULL, error->message, a->user_data);
}

static void commit(SinkAnnouncement *a)
{
	GVariantBuilder txt = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aay"));

	g_variant_builder_add_value(&txt, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, a->txt,
								    strlen(a->txt), 1));
	call(a, a->group, AVAHI ".EntryGroup", "AddService",
	     g_variant_new("(iiussssqaay)", ANY, ANY, 0u, a->name, SERVICE, "", "", a->port, &txt),
	     "()", on_added);
}

static void on_state(GDBusConnection *bus, const char *sender, const char *path,
		     const char *interface, const char *signal, GVariant *arguments,
		     gpointer user_data)
{
	SinkAnnouncement *a = user_data;
	const char *error;
	gint32 state;

	if (g_strcmp0(path, a->group) || !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(is)")))
		return;
	g_variant_get(arguments, "(i&s)", &state, &error);
	if (state == ESTABLISHED) {
		a->announced(a->name, NULL, a->user_data);
	} else if (state == COLLISION) {
		call(a, a->group, AVAHI ".EntryGroup", "Reset", NULL, "()", on_nothing);
		call(a, "/", AVAHI ".Server", "GetAlternativeServiceName",
		     g_variant_new("(s)", a->name), "(s)", on_alternative);
	} else if (state == FAILURE) {
		a->announced(NULL, error, a->user_data);
	}
}

static void on_group(GObject *object, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GVariant) reply = finish_call(user_data, object, result);
	SinkAnnouncement *a = user_data;

	if (!reply)
		return;
	g_variant_get(reply, "(o)", &a->group);
	commit(a);
}

static void forget(SinkAnnouncement *a)
{
	if (a->cancellable)
		g_cancellable_cancel(a->cancellable);
	g_clear_object(&a->cancellable);
	if (a->signal)
		g_dbus_connection_signal_unsubscribe(a->bus, a->signal);
	a->signal = 0;
	g_clear_object(&a->bus);
	g_clear_pointer(&a->group, g_free);
}

static void on_appeared(GDBusConnection *bus, const char *name, const char *owner,
			gpointer user_data)
{
	SinkAnnouncement *a = user_data;

	forget(a);
	a->bus = g_object_ref(bus);
	a->cancellable = g_cancellable_new();
	/* Before there is a group: its first state is not to be missed. */
	a->signal = g_dbus_connection_signal_subscribe(bus, owner, AVAHI ".EntryGroup",
						       "StateChanged", NULL, NULL,
						       G_DBUS_SIGNAL_FLAGS_NONE, on_state, a, NULL);
	call(a, "/", AVAHI ".Server", "EntryGroupNew", NULL, "(o)", on_group);
}

static void on_vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	SinkAnnouncement *a = user_data;

	forget(a);
	a->announced(NULL, "Avahi does not run", a->user_data);
}

SinkAnnouncement *sink_announce(const char *name, guint16 port, SinkAnnounced announced,
				gpointer user_data)
{
	SinkAnnouncement *a = g_new0(SinkAnnouncement, 1);
	g_autofree char *id = container_id(name);

	a->name = g_strdup(name);
	a->txt = g_strdup_printf("container_id={%s}", id);
	a->port = port;
	a->announced = announced;
	a->user_data = user_data;
	a->watch = g_bus_watch_name(G_BUS_TYPE_SYSTEM, AVAHI, G_BUS_NAME_WATCHER_FLAGS_NONE,
				    on_appeared, on_vanished, a, NULL);
	return a;
}

void sink_announcement_free(SinkAnnouncement *a)
{
	if (!a)
		return;
	g_bus_unwatch_name(a->watch);
	/* Avahi frees what it has for us when we leave the bus; this says goodbye at once. */
	if (a->group)
		g_dbus_connection_call_sync(a->bus, AVAHI, a->group, AVAHI ".EntryGroup", "Free",
					    NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, 1000, NULL,
					    NULL);
	forget(a);
	g_free(a->name);
	g_free(a->txt);
	g_free(a);
}
