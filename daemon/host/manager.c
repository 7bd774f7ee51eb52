// SPDX-License-Identifier: GPL-2.0-or-later
#include "manager.h"

#include "bus.h"
#include "links/link-direct.h"
#include "links/listener.h"
#include "session.h"

/* So many sessions that have ended stay on the bus, for their reasons to be read. */
#define MAX_ENDED		8
#define DEFAULT_WAIT_S		30
#define DEFAULT_START_TIMEOUT_S 30
#define MAX_SECONDS		3600

struct _HostManager {
	GDBusObjectManagerServer *server;
	BusManager1 *bus;
	HostListener *listener;
	HostProcessConfig process_config;
	GQueue sessions; /* the oldest first */
	guint last_number;
	void (*shut_down_done)(gpointer user_data);
	gpointer shut_down_data;
};

/* The arguments of Connect. */
typedef struct {
	GSocketAddress *local;
	GInetAddress *peer;
	guint32 wait_s;
	guint32 start_timeout_s;
	char *adapter;
	GHashTable *driver_options;
} HostWish;

static void host_wish_clear(HostWish *wish)
{
	g_clear_object(&wish->local);
	g_clear_object(&wish->peer);
	g_clear_pointer(&wish->adapter, g_free);
	g_clear_pointer(&wish->driver_options, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostWish, host_wish_clear)

G_GNUC_PRINTF(2, 3)
static gboolean refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_clear_error(error);
	*error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format, args);
	va_end(args);
	return FALSE;
}

static gboolean check_keys(GVariant *options, GError **error)
{
	static const struct {
		const char *key, *type;
	} keys[] = {
		{"local-address", "s"}, {"peer-address", "s"}, {"port", "q"},	     {"wait", "u"},
		{"start-timeout", "u"}, {"adapter", "s"},      {"options", "a{ss}"},
	};
	GVariantIter iter;
	const char *key;
	GVariant *value;

	g_variant_iter_init(&iter, options);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &value)) {
		g_autoptr(GVariant) owned = value;
		size_t i;

		for (i = 0; i < G_N_ELEMENTS(keys) && strcmp(key, keys[i].key); i++)
			;
		if (i == G_N_ELEMENTS(keys))
			return refuse(error, "there is no option \"%s\"", key);
		if (strcmp(g_variant_get_type_string(value), keys[i].type))
			return refuse(error, "\"%s\" is of type %s, not %s", key, keys[i].type,
				      g_variant_get_type_string(value));
	}
	return TRUE;
}

static gboolean parse_wish(GVariant *options, HostWish *wish, GError **error)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(options);
	g_autoptr(GVariant) driver_options = NULL;
	const char *local = NULL, *peer = NULL, *key, *value;
	guint16 port = HOST_DEFAULT_PORT;
	GInetAddress *address;
	GVariantIter iter;

	if (!check_keys(options, error))
		return FALSE;

	g_variant_dict_lookup(&dict, "port", "q", &port);
	if (!port)
		return refuse(error, "\"port\" has to be 1 to 65535");
	if (!g_variant_dict_lookup(&dict, "local-address", "&s", &local))
		return refuse(error, "\"local-address\" is missing");
	wish->local = g_inet_socket_address_new_from_string(local, port);
	if (!wish->local)
		return refuse(error, "\"%s\" is not an IP address", local);
	address = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(wish->local));
	if (g_inet_address_get_is_any(address) || g_inet_address_get_is_multicast(address))
		return refuse(error, "\"local-address\" has to be one address of this machine");

	if (!g_variant_dict_lookup(&dict, "peer-address", "&s", &peer))
		return refuse(error, "\"peer-address\" is missing");
	wish->peer = g_inet_address_new_from_string(peer);
	if (!wish->peer)
		return refuse(error, "\"%s\" is not an IP address", peer);
	if (g_inet_address_get_is_any(wish->peer) || g_inet_address_get_is_multicast(wish->peer))
		return refuse(error, "\"peer-address\" has to be the address of one sink");
	if (g_inet_address_get_family(wish->peer) != g_inet_address_get_family(address))
		return refuse(error, "the two addresses are not of one family");

	wish->wait_s = DEFAULT_WAIT_S;
	g_variant_dict_lookup(&dict, "wait", "u", &wish->wait_s);
	wish->start_timeout_s = DEFAULT_START_TIMEOUT_S;
	g_variant_dict_lookup(&dict, "start-timeout", "u", &wish->start_timeout_s);
	if (!wish->wait_s || wish->wait_s > MAX_SECONDS || !wish->start_timeout_s ||
	    wish->start_timeout_s > MAX_SECONDS)
		return refuse(error, "\"wait\" and \"start-timeout\" have to be 1 to %u seconds",
			      MAX_SECONDS);

	g_variant_dict_lookup(&dict, "adapter", "s", &wish->adapter);
	/* It is opened with our rights, so no other file may be named. */
	if (wish->adapter && !g_regex_match_simple("^(/dev/miracast[0-9]+|[^/]+)$", wish->adapter,
						   G_REGEX_DOLLAR_ENDONLY, 0))
		return refuse(error,
			      "\"adapter\" is an adapter's name or /dev/miracastN, not "
			      "\"%s\"",
			      wish->adapter);
	wish->driver_options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (g_variant_dict_lookup(&dict, "options", "@a{ss}", &driver_options)) {
		g_variant_iter_init(&iter, driver_options);
		while (g_variant_iter_next(&iter, "{&s&s}", &key, &value))
			g_hash_table_insert(wish->driver_options, g_strdup(key), g_strdup(value));
	}
	return TRUE;
}

static guint count_ended(HostManager *self)
{
	guint n = 0;

	for (GList *item = self->sessions.head; item; item = item->next)
		n += host_session_has_ended(item->data);
	return n;
}

static void check_shut_down(HostManager *self)
{
	if (self->shut_down_done && count_ended(self) == self->sessions.length)
		self->shut_down_done(self->shut_down_data);
}

/* Those that ended last are kept: the queue's front has ended before its back. */
static void on_ended(HostSession *session, HostManager *self)
{
	if (g_queue_remove(&self->sessions, session))
		g_queue_push_tail(&self->sessions, session);
	for (GList *item = self->sessions.head; item && count_ended(self) > MAX_ENDED;) {
		GList *next = item->next;

		if (host_session_has_ended(item->data)) {
			GDBusInterface *bus = G_DBUS_INTERFACE(host_session_get_bus(item->data));
			g_autoptr(GDBusObject) object = g_dbus_interface_dup_object(bus);

			g_dbus_object_manager_server_unexport(
				self->server, g_dbus_object_get_object_path(object));
			g_object_unref(item->data);
			g_queue_delete_link(&self->sessions, item);
		}
		item = next;
	}
	check_shut_down(self);
}

/* A live session with this sink: its number, else 0. */
static guint find_session_with(HostManager *self, const char *peer)
{
	for (GList *item = self->sessions.head; item; item = item->next) {
		BusSession1 *bus = host_session_get_bus(item->data);

		if (host_session_has_ended(item->data) ||
		    strcmp(bus_session1_get_peer_address(bus), peer))
			continue;
		return host_session_get_number(item->data);
	}
	return 0;
}

static gboolean on_connect(BusManager1 *bus, GDBusMethodInvocation *invocation, GVariant *options,
			   HostManager *self)
{
	g_auto(HostWish) wish = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(HostLink) link = NULL;
	g_autoptr(HostProcess) process = NULL;
	g_autoptr(BusObjectSkeleton) object = NULL;
	g_autofree char *local = NULL;
	g_autofree char *peer = NULL;
	g_autofree char *path = NULL;
	GInetSocketAddress *local_address;
	HostSession *session;
	BusSession1 *session_bus;
	guint other;

	if (self->shut_down_done) {
		g_dbus_method_invocation_return_dbus_error(
			invocation, "io.github.linux_miracast.Error.ShuttingDown",
			"miracastd is shutting down");
		return G_DBUS_METHOD_INVOCATION_HANDLED;
	}
	if (!parse_wish(options, &wish, &error)) {
		g_dbus_method_invocation_return_dbus_error(
			invocation, "io.github.linux_miracast.Error.InvalidArgument",
			error->message);
		return G_DBUS_METHOD_INVOCATION_HANDLED;
	}
	peer = g_inet_address_to_string(wish.peer);
	other = find_session_with(self, peer);
	if (other) {
		g_autofree char *message = g_strdup_printf(
			"session %u with %s is there already: disconnect it first", other, peer);

		g_dbus_method_invocation_return_dbus_error(
			invocation, "io.github.linux_miracast.Error.AlreadyConnected", message);
		return G_DBUS_METHOD_INVOCATION_HANDLED;
	}

	link = host_link_direct_new(self->listener, wish.local, wish.peer, wish.wait_s);
	process = host_process_new(++self->last_number, &self->process_config, wish.adapter,
				   wish.driver_options);
	session = host_session_new(self->last_number, link, process, wish.start_timeout_s);
	g_queue_push_tail(&self->sessions, session);
	g_signal_connect(session, "ended", G_CALLBACK(on_ended), self);

	local_address = G_INET_SOCKET_ADDRESS(wish.local);
	local = g_inet_address_to_string(g_inet_socket_address_get_address(local_address));
	path = g_strdup_printf(HOST_BUS_ROOT "/session/%u", self->last_number);
	session_bus = host_session_get_bus(session);
	bus_session1_set_link(session_bus, "direct");
	bus_session1_set_local_address(session_bus, local);
	bus_session1_set_peer_address(session_bus, peer);
	bus_session1_set_port(session_bus, g_inet_socket_address_get_port(local_address));
	host_session_run(session);

	object = bus_object_skeleton_new(path);
	bus_object_skeleton_set_session1(object, session_bus);
	g_dbus_object_manager_server_export(self->server, G_DBUS_OBJECT_SKELETON(object));
	bus_manager1_complete_connect(bus, invocation, path);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void host_manager_shut_down(HostManager *self, void (*done)(gpointer user_data), gpointer user_data)
{
	self->shut_down_done = done;
	self->shut_down_data = user_data;
	for (GList *item = self->sessions.head; item; item = item->next)
		host_session_end(item->data, HOST_REASON_DAEMON_SHUTDOWN, NULL);
	check_shut_down(self);
}

HostManager *host_manager_new(GDBusConnection *connection, const HostProcessConfig *process_config)
{
	HostManager *self = g_new0(HostManager, 1);
	g_autoptr(BusObjectSkeleton) object = bus_object_skeleton_new(HOST_BUS_ROOT "/manager");

	self->process_config = *process_config;
	self->listener = host_listener_new();
	g_queue_init(&self->sessions);
	self->bus = bus_manager1_skeleton_new();
	bus_manager1_set_version(self->bus, VERSION);
	bus_manager1_set_driver(self->bus, process_config->driver);
	g_signal_connect(self->bus, "handle-connect", G_CALLBACK(on_connect), self);
	bus_object_skeleton_set_manager1(object, self->bus);

	self->server = g_dbus_object_manager_server_new(HOST_BUS_ROOT);
	g_dbus_object_manager_server_export(self->server, G_DBUS_OBJECT_SKELETON(object));
	g_dbus_object_manager_server_set_connection(self->server, connection);
	return self;
}

void host_manager_free(HostManager *self)
{
	g_object_unref(self->server);
	g_signal_handlers_disconnect_by_data(self->bus, self);
	g_object_unref(self->bus);
	for (GList *item = self->sessions.head; item; item = item->next)
		g_signal_handlers_disconnect_by_data(item->data, self);
	g_queue_clear_full(&self->sessions, g_object_unref);
	host_listener_free(self->listener);
	g_free(self);
}
