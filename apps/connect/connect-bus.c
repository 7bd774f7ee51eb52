// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-bus.h"

#include "connect-reasons.h"

#include <glib/gi18n.h>
#include <stdbool.h>

#define NAME "io.github.linux_miracast"
#define ROOT "/io/github/linux_miracast"
/* Longer than polkit asks a person for, and than the longest end of a session. */
#define CALL_TIMEOUT_MS (150 * 1000)

struct _ConnectBus {
	GObject parent_instance;

	guint watch; /* of the service's name */
	GCancellable *asking; /* for its objects; NULL: not now */
	GDBusObjectManager *objects; /* NULL: it is not there */
	BusManager1 *manager;
	GListStore *sinks, *sessions;
	bool is_asked;
	bool searching; /* it is wanted */
	bool is_told; /* so that the service looks for sinks */
	guint n_told; /* so often it was told to, or not to */
	char *refusal;
};

G_DEFINE_FINAL_TYPE(ConnectBus, connect_bus, G_TYPE_OBJECT)

enum {
	SIGNAL_PRESENCE_CHANGED,
	SIGNAL_CHANGED,
	N_SIGNALS
};
static guint signals[N_SIGNALS];

gboolean connect_bus_is_asked(ConnectBus *self)
{
	return self->is_asked;
}

char *connect_bus_get_owner(ConnectBus *self)
{
	return self->objects ? g_dbus_object_manager_client_get_name_owner(
				       G_DBUS_OBJECT_MANAGER_CLIENT(self->objects))
			     : NULL;
}

GDBusConnection *connect_bus_get_connection(ConnectBus *self)
{
	return self->objects ? g_dbus_object_manager_client_get_connection(
				       G_DBUS_OBJECT_MANAGER_CLIENT(self->objects))
			     : NULL;
}

BusManager1 *connect_bus_get_manager(ConnectBus *self)
{
	return self->manager;
}

GListModel *connect_bus_get_sinks(ConnectBus *self)
{
	return G_LIST_MODEL(self->sinks);
}

GListModel *connect_bus_get_sessions(ConnectBus *self)
{
	return G_LIST_MODEL(self->sessions);
}

/* The store's item at @path; it holds it. */
static gpointer find(GListStore *store, const char *path, guint *position)
{
	for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(store)); i++) {
		g_autoptr(GDBusProxy) proxy = g_list_model_get_item(G_LIST_MODEL(store), i);

		if (strcmp(g_dbus_proxy_get_object_path(proxy), path))
			continue;
		if (position)
			*position = i;
		return proxy;
	}
	return NULL;
}

BusSink1 *connect_bus_find_sink(ConnectBus *self, const char *path)
{
	return find(self->sinks, path, NULL);
}

BusSession1 *connect_bus_find_session(ConnectBus *self, const char *path)
{
	return find(self->sessions, path, NULL);
}

/*
 * Calls.
 */

void connect_bus_call(ConnectBus *self, gpointer proxy, const char *method, GVariant *arguments,
		      GAsyncReadyCallback callback, gpointer user_data)
{
	g_dbus_proxy_call(G_DBUS_PROXY(proxy), method, arguments,
			  G_DBUS_CALL_FLAGS_NO_AUTO_START |
				  G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
			  CALL_TIMEOUT_MS, NULL, callback, user_data);
}

GVariant *connect_bus_call_finish(GObject *proxy, GAsyncResult *result, GError **error)
{
	GVariant *answer = g_dbus_proxy_call_finish(G_DBUS_PROXY(proxy), result, error);
	g_autofree char *name = NULL;
	char *message;

	if (answer)
		return answer;
	if (g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
	    g_error_matches(*error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)) {
		g_clear_error(error);
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
				    _("The service does not answer: see its log."));
	}
	name = g_dbus_error_get_remote_error(*error);
	g_dbus_error_strip_remote_error(*error);
	message = connect_reasons_of_refusal(name, (*error)->message);
	g_free((*error)->message);
	(*error)->message = message;
	return NULL;
}

void connect_bus_disconnect(ConnectBus *self, const char *session)
{
	GDBusConnection *connection = connect_bus_get_connection(self);

	if (connection)
		g_dbus_connection_call(connection, NAME, session, NAME ".Session1", "Disconnect",
				       NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL,
				       NULL);
}

typedef struct {
	ConnectBus *bus;
	guint number;
} Telling;

static void on_told(GObject *proxy, GAsyncResult *result, gpointer data)
{
	g_autofree Telling *telling = data;
	g_autoptr(ConnectBus) self = telling->bus;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = connect_bus_call_finish(proxy, result, &error);

	/* One that was called off is refused, too: what was told last counts. */
	if (answer || telling->number != self->n_told || G_OBJECT(self->manager) != proxy)
		return;
	g_free(self->refusal);
	self->refusal = g_strdup(error->message);
	g_signal_emit(self, signals[SIGNAL_CHANGED], 0, self->manager);
}

/* The service stops looking by itself when this program leaves the bus. */
static void tell(ConnectBus *self)
{
	Telling *telling;

	if (!self->manager || self->is_told == self->searching)
		return;
	self->is_told = self->searching;
	g_clear_pointer(&self->refusal, g_free);
	telling = g_new0(Telling, 1);
	*telling = (Telling){.bus = g_object_ref(self), .number = ++self->n_told};
	connect_bus_call(self, self->manager, self->searching ? "StartDiscovery" : "StopDiscovery",
			 NULL, on_told, telling);
}

void connect_bus_set_searching(ConnectBus *self, gboolean searching)
{
	self->searching = searching;
	tell(self);
}

void connect_bus_search_again(ConnectBus *self)
{
	if (!self->refusal || !self->searching || !self->manager)
		return;
	self->is_told = false;
	tell(self);
	g_signal_emit(self, signals[SIGNAL_CHANGED], 0, self->manager);
}

const char *connect_bus_get_refusal(ConnectBus *self)
{
	return self->refusal;
}

/*
 * Objects.
 */

static void add_object(ConnectBus *self, GDBusObject *object)
{
	BusManager1 *manager = bus_object_peek_manager1(BUS_OBJECT(object));
	BusSink1 *sink = bus_object_peek_sink1(BUS_OBJECT(object));
	BusSession1 *session = bus_object_peek_session1(BUS_OBJECT(object));

	if (manager && !self->manager) {
		self->manager = g_object_ref(manager);
		self->is_told = false;
		tell(self);
		g_signal_emit(self, signals[SIGNAL_PRESENCE_CHANGED], 0);
	}
	if (sink)
		g_list_store_append(self->sinks, sink);
	if (session)
		g_list_store_append(self->sessions, session);
}

static void on_object_added(GDBusObjectManager *objects, GDBusObject *object, ConnectBus *self)
{
	add_object(self, object);
}

static void on_object_removed(GDBusObjectManager *objects, GDBusObject *object, ConnectBus *self)
{
	const char *path = g_dbus_object_get_object_path(object);
	guint position;

	if (find(self->sinks, path, &position))
		g_list_store_remove(self->sinks, position);
	if (find(self->sessions, path, &position))
		g_list_store_remove(self->sessions, position);
}

static void on_properties(GDBusObjectManagerClient *objects, GDBusObjectProxy *object,
			  GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
			  ConnectBus *self)
{
	g_signal_emit(self, signals[SIGNAL_CHANGED], 0, proxy);
}

static void on_objects(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	GDBusObjectManager *objects = bus_object_manager_client_new_finish(result, &error);
	ConnectBus *self = data;
	g_autolist(GDBusObject) all = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	g_clear_object(&self->asking);
	self->is_asked = true;
	if (!objects) {
		g_info("%s", error->message);
		g_signal_emit(self, signals[SIGNAL_PRESENCE_CHANGED], 0);
		return;
	}
	self->objects = objects;
	g_signal_connect_object(objects, "object-added", G_CALLBACK(on_object_added), self, 0);
	g_signal_connect_object(objects, "object-removed", G_CALLBACK(on_object_removed), self, 0);
	g_signal_connect_object(objects, "interface-proxy-properties-changed",
				G_CALLBACK(on_properties), self, 0);
	all = g_dbus_object_manager_get_objects(objects);
	for (GList *item = all; item; item = item->next)
		add_object(self, item->data);
	if (!self->manager)
		g_signal_emit(self, signals[SIGNAL_PRESENCE_CHANGED], 0);
}

static void stop_asking(ConnectBus *self)
{
	if (self->asking)
		g_cancellable_cancel(self->asking);
	g_clear_object(&self->asking);
}

static void drop_objects(ConnectBus *self)
{
	if (self->objects)
		g_signal_handlers_disconnect_by_data(self->objects, self);
	g_clear_object(&self->objects);
	g_clear_object(&self->manager);
}

/*
 * Its objects are asked for anew each time that it comes: one client of them that stays would ask for
 * them by itself, and the window would stand still until it has the answer.
 */
static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
			gpointer data)
{
	ConnectBus *self = data;

	g_dbus_connection_set_exit_on_close(connection, FALSE);
	stop_asking(self);
	self->asking = g_cancellable_new();
	bus_object_manager_client_new(connection,
				      G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, NAME,
				      ROOT, self->asking, on_objects, self);
}

/* Or there is no bus. */
static void on_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	ConnectBus *self = data;

	if (connection)
		g_dbus_connection_set_exit_on_close(connection, FALSE);
	self->is_asked = true;
	stop_asking(self);
	drop_objects(self);
	g_list_store_remove_all(self->sinks);
	g_list_store_remove_all(self->sessions);
	g_signal_emit(self, signals[SIGNAL_PRESENCE_CHANGED], 0);
}

static void connect_bus_init(ConnectBus *self)
{
	self->sinks = g_list_store_new(BUS_TYPE_SINK1);
	self->sessions = g_list_store_new(BUS_TYPE_SESSION1);
	self->watch = g_bus_watch_name(G_BUS_TYPE_SYSTEM, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
				       on_appeared, on_vanished, self, NULL);
}

static void connect_bus_dispose(GObject *object)
{
	ConnectBus *self = CONNECT_BUS(object);

	g_clear_handle_id(&self->watch, g_bus_unwatch_name);
	stop_asking(self);
	drop_objects(self);
	G_OBJECT_CLASS(connect_bus_parent_class)->dispose(object);
}

static void connect_bus_finalize(GObject *object)
{
	ConnectBus *self = CONNECT_BUS(object);

	g_object_unref(self->sinks);
	g_object_unref(self->sessions);
	g_free(self->refusal);
	G_OBJECT_CLASS(connect_bus_parent_class)->finalize(object);
}

static void connect_bus_class_init(ConnectBusClass *class)
{
	G_OBJECT_CLASS(class)->dispose = connect_bus_dispose;
	G_OBJECT_CLASS(class)->finalize = connect_bus_finalize;
	signals[SIGNAL_PRESENCE_CHANGED] = g_signal_new("presence-changed", CONNECT_TYPE_BUS,
							G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
							G_TYPE_NONE, 0);
	signals[SIGNAL_CHANGED] = g_signal_new("changed", CONNECT_TYPE_BUS, G_SIGNAL_RUN_LAST, 0,
					       NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DBUS_PROXY);
}

ConnectBus *connect_bus_new(void)
{
	return g_object_new(CONNECT_TYPE_BUS, NULL);
}
