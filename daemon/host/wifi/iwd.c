// SPDX-License-Identifier: GPL-2.0-or-later
#include "iwd.h"

#include "iwd-bus.h"
#include "iwd-peers.h"
#include "iwd-radio.h"
#include "iwd-service.h"
#include "radio.h"

#include <string.h>

struct _HostIwd {
	GObject parent_instance;

	GDBusConnection *connection;
	GCancellable *cancellable;
	gboolean asking; /* for its objects */
	gboolean asking_info;
	HostRadioWatch *radios;
	HostUses uses;

	/* Each knows those before it. */
	HostIwdRadio radio;
	HostIwdPeers *peers;
	HostIwdService *service;
};

enum {
	SIGNAL_CHANGED,
	SIGNAL_PEER_CHANGED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(HostIwd, host_iwd, G_TYPE_OBJECT)

static void changed(GObject *owner)
{
	g_signal_emit(owner, signals[SIGNAL_CHANGED], 0);
}

HostReason host_iwd_get_problem(HostIwd *self, const char **detail)
{
	HostReason obstacle = host_iwd_radio_find_obstacle(&self->radio, detail);

	return obstacle != HOST_N_REASONS ? obstacle
					  : host_iwd_service_get_failure(self->service, detail);
}

/*
 * Its users.
 */

/* A use waits for no more than its answer, or the reason why there is none. */
static void settle(HostIwd *self)
{
	const char *detail;
	HostReason problem = host_iwd_get_problem(self, &detail);

	if (host_iwd_is_known(self) && problem != HOST_N_REASONS)
		host_uses_fail(&self->uses, problem, detail);
	host_iwd_service_settle(self->service);
}

static gboolean on_use_begins(gpointer data)
{
	settle(data);
	return G_SOURCE_REMOVE;
}

HostUse *host_iwd_use(HostIwd *self, guint16 port, HostUseReady ready, gpointer user_data)
{
	host_iwd_service_forget_failure(self->service);
	/* Not before the call returns. */
	g_idle_add_full(G_PRIORITY_DEFAULT, on_use_begins, g_object_ref(self), g_object_unref);
	return host_uses_add(&self->uses, port, ready, user_data);
}

static void on_use_ended(gpointer data)
{
	HostIwd *self = data;
	const char *detail;

	/* What was refused to them may be granted to the next. */
	if (!self->uses.list &&
	    host_iwd_service_get_failure(self->service, &detail) != HOST_N_REASONS) {
		host_iwd_service_forget_failure(self->service);
		changed(G_OBJECT(self));
	}
	host_iwd_service_settle(self->service);
}

static gboolean is_calling(gpointer data)
{
	return host_iwd_service_is_calling(HOST_IWD(data)->service);
}

void host_iwd_wait_put_back(HostIwd *self)
{
	host_uses_wait(&self->uses, is_calling);
}

/*
 * What its users see of the parts.
 */

gboolean host_iwd_is_known(HostIwd *self)
{
	return !self->asking && !self->asking_info;
}

gboolean host_iwd_is_there(HostIwd *self)
{
	return self->radio.is_there || self->radio.denied;
}

const char *host_iwd_get_device(HostIwd *self)
{
	return self->radio.device;
}

GDBusConnection *host_iwd_get_connection(HostIwd *self)
{
	return self->connection;
}

HostPeers *host_iwd_get_peers(HostIwd *self)
{
	return host_iwd_peers_get_table(self->peers);
}

char *host_iwd_get_interface(HostIwd *self)
{
	return host_iwd_radio_get_interface(&self->radio);
}

gboolean host_iwd_is_on_network(HostIwd *self)
{
	return host_iwd_radio_is_on_network(&self->radio);
}

void host_iwd_start_search(HostIwd *self)
{
	host_iwd_service_start_search(self->service);
}

void host_iwd_stop_search(HostIwd *self)
{
	host_iwd_service_stop_search(self->service);
}

gint64 host_iwd_get_search_began(HostIwd *self)
{
	return host_iwd_service_get_search_began(self->service);
}

/*
 * The bus.
 */

/* What was of its device is gone with it. */
static void forget_device(HostIwd *self)
{
	host_peers_lose_all(host_iwd_get_peers(self));
	host_iwd_service_forget_device(self->service);
	self->radio.is_stuck = FALSE;
	g_clear_pointer(&self->radio.device, g_free);
}

static void choose_device(HostIwd *self)
{
	g_autoptr(GDBusObject) device = host_iwd_radio_find_device(&self->radio);
	const char *path = device ? g_dbus_object_get_object_path(device) : NULL;
	GList *list;

	if (!g_strcmp0(path, self->radio.device))
		return;
	forget_device(self);
	if (!device)
		return;
	self->radio.device = g_strdup(path);
	host_iwd_service_set_on(self->service,
				host_iwd_bus_is_true(device, HOST_IWD_P2P, "Enabled"));
	list = g_dbus_object_manager_get_objects(self->radio.objects);
	for (GList *item = list; item; item = item->next)
		host_iwd_peers_look_at(self->peers, item->data);
	g_list_free_full(list, g_object_unref);
}

static void look(HostIwd *self)
{
	choose_device(self);
	changed(G_OBJECT(self));
	settle(self);
}

static void on_info(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autoptr(GVariant) info = NULL;
	gboolean configures = TRUE;

	self->asking_info = FALSE;
	if (answer) {
		info = g_variant_get_child_value(answer, 0);
		g_variant_lookup(info, "NetworkConfigurationEnabled", "b", &configures);
	}
	self->radio.leaves_addresses = !configures;
	look(self);
}

/* It has come, or gone with all that was of it. */
static void on_owner_changed(HostIwd *self)
{
	g_autofree char *owner = g_dbus_object_manager_client_get_name_owner(
		G_DBUS_OBJECT_MANAGER_CLIENT(self->radio.objects));

	if (self->radio.is_there && owner)
		return;
	self->radio.is_there = owner != NULL;
	host_iwd_service_forget_source(self->service);
	self->radio.leaves_addresses = FALSE;
	forget_device(self);
	if (!owner || self->asking_info) {
		look(self);
		return;
	}
	self->asking_info = TRUE;
	host_iwd_bus_call(self->connection, HOST_IWD_ROOT, HOST_IWD_DAEMON, "GetInfo", NULL,
			  "(a{sv})", HOST_IWD_CALL_MS, on_info, g_object_ref(self));
}

static gboolean has(GDBusObject *object, const char *interface)
{
	g_autoptr(GDBusInterface) found = g_dbus_object_get_interface(object, interface);

	return found != NULL;
}

static void on_object_changed(GDBusObjectManager *objects, GDBusObject *object, HostIwd *self)
{
	host_iwd_peers_look_at(self->peers, object);
	/* There may be hundreds of peers. */
	if (!has(object, HOST_IWD_PEER))
		look(self);
}

static void on_object_removed(GDBusObjectManager *objects, GDBusObject *object, HostIwd *self)
{
	host_peers_lose(host_iwd_get_peers(self), g_dbus_object_get_object_path(object));
	if (!has(object, HOST_IWD_PEER))
		look(self);
}

static void on_interface_changed(GDBusObjectManager *objects, GDBusObject *object,
				 GDBusInterface *interface, HostIwd *self)
{
	on_object_changed(objects, object, self);
}

static void on_properties_changed(GDBusObjectManagerClient *objects, GDBusObjectProxy *object,
				  GDBusProxy *proxy, GVariant *properties,
				  const char *const *invalidated, HostIwd *self)
{
	const char *interface = g_dbus_proxy_get_interface_name(proxy);
	const char *path = g_dbus_proxy_get_object_path(proxy);
	gboolean is_on;

	if (!strcmp(interface, HOST_IWD_PEER))
		g_signal_emit(self, signals[SIGNAL_PEER_CHANGED], 0, path, properties);
	if (!strcmp(interface, HOST_IWD_PEER) || !strcmp(interface, HOST_IWD_DISPLAY))
		host_iwd_peers_look_at(self->peers, G_DBUS_OBJECT(object));
	if (!strcmp(interface, HOST_IWD_P2P) && !g_strcmp0(path, self->radio.device) &&
	    g_variant_lookup(properties, "Enabled", "b", &is_on)) {
		host_iwd_service_set_on(self->service, is_on);
		if (!is_on)
			host_iwd_service_settle(self->service);
	}
}

static void on_objects(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusObjectManager)
		objects = g_dbus_object_manager_client_new_finish(result, &error);
	HostIwd *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	self->asking = FALSE;
	if (!objects) {
		g_dbus_error_strip_remote_error(error);
		self->radio.denied = g_strdup(error->message);
		look(self);
		return;
	}
	self->radio.objects = g_steal_pointer(&objects);
	g_signal_connect(self->radio.objects, "object-added", G_CALLBACK(on_object_changed), self);
	g_signal_connect(self->radio.objects, "object-removed", G_CALLBACK(on_object_removed),
			 self);
	g_signal_connect(self->radio.objects, "interface-added", G_CALLBACK(on_interface_changed),
			 self);
	g_signal_connect(self->radio.objects, "interface-removed", G_CALLBACK(on_interface_changed),
			 self);
	g_signal_connect(self->radio.objects, "interface-proxy-properties-changed",
			 G_CALLBACK(on_properties_changed), self);
	g_signal_connect_swapped(self->radio.objects, "notify::name-owner",
				 G_CALLBACK(on_owner_changed), self);
	on_owner_changed(self);
}

static void on_radios_changed(gpointer data)
{
	HostIwd *self = data;

	/* A refusal may have been for the radio's sake. */
	host_iwd_service_forget_failure(self->service);
	look(self);
}

static void host_iwd_init(HostIwd *self)
{
	self->uses = (HostUses){.object = G_OBJECT(self), .ended = on_use_ended};
	self->cancellable = g_cancellable_new();
	self->radios = host_radio_watch_new(on_radios_changed, self);
}

static void host_iwd_finalize(GObject *object)
{
	HostIwd *self = HOST_IWD(object);

	g_cancellable_cancel(self->cancellable);
	g_object_unref(self->cancellable);
	if (self->radio.objects)
		g_signal_handlers_disconnect_by_data(self->radio.objects, self);
	host_radio_watch_free(self->radios);
	host_iwd_service_free(self->service);
	host_iwd_peers_free(self->peers);
	host_iwd_radio_clear(&self->radio);
	g_object_unref(self->connection);
	G_OBJECT_CLASS(host_iwd_parent_class)->finalize(object);
}

static void host_iwd_class_init(HostIwdClass *class)
{
	GType type = HOST_TYPE_IWD;

	G_OBJECT_CLASS(class)->finalize = host_iwd_finalize;
	signals[SIGNAL_CHANGED] = g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
					       NULL, G_TYPE_NONE, 0);
	g_signal_new("peer-found", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	g_signal_new("peer-lost", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	signals[SIGNAL_PEER_CHANGED] = g_signal_new("peer-changed", type, G_SIGNAL_RUN_LAST, 0,
						    NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
						    G_TYPE_VARIANT);
}

HostIwd *host_iwd_new(GDBusConnection *connection)
{
	HostIwd *self = g_object_new(HOST_TYPE_IWD, NULL);

	self->connection = g_object_ref(connection);
	self->peers = host_iwd_peers_new(G_OBJECT(self), connection, &self->radio);
	self->service = host_iwd_service_new(G_OBJECT(self), connection, &self->radio, self->peers,
					     &self->uses, changed);
	/* Whether it is there or not, now or later. */
	self->asking = TRUE;
	g_dbus_object_manager_client_new(connection,
					 G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
					 HOST_IWD_NAME, "/", NULL, NULL, NULL, self->cancellable,
					 on_objects, self);
	return self;
}
