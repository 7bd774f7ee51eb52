// SPDX-License-Identifier: GPL-2.0-or-later
#include "supplicant.h"

#include "supplicant-announcement.h"
#include "supplicant-radio.h"
#include "supplicant-search.h"

#include <string.h>

struct _HostSupplicant {
	GObject parent_instance;

	GDBusConnection *connection;
	guint name_watch;
	guint subscription; /* while it is there */
	HostUses uses;

	/* Each knows those before it. */
	HostSupplicantPeers *peers;
	HostSupplicantRadio *radio;
	HostSupplicantAnnouncement *announcement;
	HostSupplicantSearch *search;
};

enum {
	SIGNAL_CHANGED,
	SIGNAL_EVENT,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(HostSupplicant, host_supplicant, G_TYPE_OBJECT)

/*
 * Its users.
 */

/* A machine whose Wi-Fi nobody has touched yet may have no supplicant running. */
static void on_start_asked(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(self->connection, result, &error);

	if (!answer && !host_supplicant_radio_is_there(self->radio))
		host_uses_fail(&self->uses, HOST_REASON_SUPPLICANT_AWAY, NULL);
}

HostUse *host_supplicant_use(HostSupplicant *self, guint16 port, HostUseReady ready,
			     gpointer user_data)
{
	HostUse *use = host_uses_add(&self->uses, port, ready, user_data);

	host_supplicant_radio_look_again(self->radio);
	if (!host_supplicant_radio_is_there(self->radio))
		g_dbus_connection_call(self->connection, "org.freedesktop.DBus",
				       "/org/freedesktop/DBus", "org.freedesktop.DBus",
				       "StartServiceByName",
				       g_variant_new("(su)", HOST_SUPPLICANT_NAME, 0), NULL,
				       G_DBUS_CALL_FLAGS_NONE, HOST_SUPPLICANT_CALL_MS, NULL,
				       on_start_asked, g_object_ref(self));
	return use;
}

static void on_use_ended(gpointer data)
{
	host_supplicant_announcement_settle(HOST_SUPPLICANT(data)->announcement);
}

static gboolean is_changed(gpointer data)
{
	HostSupplicant *self = data;

	return host_supplicant_announcement_is_changing(self->announcement) ||
	       host_supplicant_announcement_is_ours(self->announcement) ||
	       host_supplicant_radio_is_given(self->radio);
}

void host_supplicant_wait_put_back(HostSupplicant *self)
{
	host_uses_wait(&self->uses, is_changed);
	g_dbus_connection_flush_sync(self->connection, NULL, NULL);
}

/* Those who wait are told why in vain, or something is said for them. */
static void check_waiting(HostSupplicant *self)
{
	const char *detail;
	HostReason problem = host_supplicant_get_problem(self, &detail);

	if (!self->uses.list || host_supplicant_radio_is_looking(self->radio))
		return;
	if (problem == HOST_N_REASONS)
		host_supplicant_announcement_settle(self->announcement);
	else
		host_uses_fail(&self->uses, problem, detail);
}

static void on_radio_changed(GObject *owner, gboolean looked)
{
	HostSupplicant *self = HOST_SUPPLICANT(owner);

	if (looked && !self->uses.list)
		host_supplicant_announcement_settle(self->announcement);
	g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
	check_waiting(self);
}

static void on_said(GObject *owner)
{
	host_supplicant_search_go_on(HOST_SUPPLICANT(owner)->search);
}

/*
 * What its users see of the parts.
 */

HostPeers *host_supplicant_get_peers(HostSupplicant *self)
{
	return host_supplicant_peers_get_table(self->peers);
}

void host_supplicant_read_peer(HostSupplicant *self, const HostPeer *peer, HostSupplicantRead ready,
			       gpointer user_data)
{
	host_supplicant_peers_read(self->peers, peer, ready, user_data);
}

guint host_supplicant_count_malformed(HostSupplicant *self)
{
	return host_supplicant_peers_count_malformed(self->peers);
}

HostReason host_supplicant_get_problem(HostSupplicant *self, const char **detail)
{
	return host_supplicant_radio_get_problem(self->radio, detail);
}

const char *host_supplicant_get_p2p(HostSupplicant *self)
{
	return host_supplicant_radio_get_p2p(self->radio);
}

const char *host_supplicant_get_interface(HostSupplicant *self)
{
	return host_supplicant_radio_get_interface(self->radio);
}

void host_supplicant_announce_again(HostSupplicant *self)
{
	host_supplicant_announcement_say_again(self->announcement);
}

void host_supplicant_start_search(HostSupplicant *self)
{
	host_supplicant_search_start(self->search);
}

void host_supplicant_stop_search(HostSupplicant *self)
{
	host_supplicant_search_stop(self->search);
}

gboolean host_supplicant_claim(HostSupplicant *self, gconstpointer group)
{
	return host_supplicant_search_claim(self->search, group);
}

void host_supplicant_give_back(HostSupplicant *self, gconstpointer group)
{
	host_supplicant_search_give_back(self->search, group);
}

gboolean host_supplicant_is_claimed(HostSupplicant *self)
{
	return host_supplicant_search_is_claimed(self->search);
}

GDBusConnection *host_supplicant_get_connection(HostSupplicant *self)
{
	return self->connection;
}

/*
 * The bus.
 */

static void on_signal(GDBusConnection *connection, const char *sender, const char *path,
		      const char *interface, const char *name, GVariant *parameters, gpointer data)
{
	HostSupplicant *self = data;

	if (!strcmp(name, "DeviceFoundProperties") &&
	    g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oa{sv})"))) {
		host_supplicant_peers_find(self->peers, parameters);
	} else if (!strcmp(name, "DeviceLost") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(o)"))) {
		const char *peer;

		g_variant_get(parameters, "(&o)", &peer);
		host_peers_lose(host_supplicant_get_peers(self), peer);
	} else if (!strcmp(name, "FindStopped")) {
		host_supplicant_search_end_round(self->search);
	} else if (!strcmp(name, "InterfaceAdded") || !strcmp(name, "InterfaceRemoved")) {
		host_supplicant_radio_look_soon(self->radio);
	}
	g_signal_emit(self, signals[SIGNAL_EVENT], 0, path, name, parameters);
}

/* All that was of the one before is gone; what was said over the air, too. */
static void on_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	HostSupplicant *self = data;

	if (self->subscription)
		g_dbus_connection_signal_unsubscribe(self->connection, self->subscription);
	self->subscription = 0;
	host_supplicant_radio_vanish(self->radio);
	host_supplicant_announcement_forget(self->announcement);
	host_supplicant_search_forget(self->search);
	host_peers_lose_all(host_supplicant_get_peers(self));
	on_radio_changed(G_OBJECT(self), FALSE);
}

static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
			gpointer data)
{
	HostSupplicant *self = data;

	if (host_supplicant_radio_is_there(self->radio))
		on_vanished(connection, name, self);
	self->subscription =
		g_dbus_connection_signal_subscribe(self->connection, owner, NULL, NULL, NULL, NULL,
						   G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
	host_supplicant_radio_appear(self->radio);
}

static void host_supplicant_init(HostSupplicant *self)
{
	self->uses = (HostUses){.object = G_OBJECT(self), .ended = on_use_ended};
}

static void host_supplicant_finalize(GObject *object)
{
	HostSupplicant *self = HOST_SUPPLICANT(object);

	g_bus_unwatch_name(self->name_watch);
	if (self->subscription)
		g_dbus_connection_signal_unsubscribe(self->connection, self->subscription);
	host_supplicant_search_free(self->search);
	host_supplicant_announcement_free(self->announcement);
	host_supplicant_radio_free(self->radio);
	host_supplicant_peers_free(self->peers);
	g_object_unref(self->connection);
	G_OBJECT_CLASS(host_supplicant_parent_class)->finalize(object);
}

static void host_supplicant_class_init(HostSupplicantClass *class)
{
	GType type = HOST_TYPE_SUPPLICANT;

	G_OBJECT_CLASS(class)->finalize = host_supplicant_finalize;
	signals[SIGNAL_CHANGED] = g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
					       NULL, G_TYPE_NONE, 0);
	g_signal_new("peer-found", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	g_signal_new("peer-lost", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	signals[SIGNAL_EVENT] = g_signal_new("event", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					     G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING,
					     G_TYPE_VARIANT);
}

HostSupplicant *host_supplicant_new(GDBusConnection *connection)
{
	HostSupplicant *self = g_object_new(HOST_TYPE_SUPPLICANT, NULL);
	GObject *owner = G_OBJECT(self);

	self->connection = g_object_ref(connection);
	self->peers = host_supplicant_peers_new(owner, connection);
	self->radio = host_supplicant_radio_new(owner, connection, &self->uses, on_radio_changed);
	self->announcement = host_supplicant_announcement_new(owner, connection, self->radio,
							      &self->uses, on_said);
	self->search =
		host_supplicant_search_new(owner, connection, self->radio, self->announcement);
	self->name_watch = g_bus_watch_name_on_connection(connection, HOST_SUPPLICANT_NAME,
							  G_BUS_NAME_WATCHER_FLAGS_NONE,
							  on_appeared, on_vanished, self, NULL);
	return self;
}
