// SPDX-License-Identifier: GPL-2.0-or-later
#include "manager.h"

#include "authority.h"
#include "bus.h"
#include "discovery/finder-address.h"
#include "logind.h"
#include "root.h"
#include "session.h"
#include "sinks.h"

#include <gio/gunixfdlist.h>
#include <stdbool.h>

/* So many sessions that have ended stay on the bus, for their reasons to be read. */
#define MAX_ENDED 8

struct _HostManager {
	GDBusConnection *connection;
	GDBusObjectManagerServer *server;
	BusManager1 *bus;
	HostAuthority *authority;
	HostFinderAddress *addresses;
	GPtrArray *finders; /* HostFinder, the preferred ones first, @addresses among them */
	HostSinks *sinks;
	GHashTable *searchers; /* D-Bus clients to what watches them: char * to guint */
	GHashTable *lost; /* sessions that reconnect: their sinks are looked for */
	HostLogind *logind; /* NULL: there is no bus that it could be on */
	GHashTable *owners; /* sessions to the HostLogindWatch of who began them */
	HostProcessConfig process_config;
	GQueue sessions; /* the oldest first */
	guint last_number;
	void (*shut_down_done)(gpointer user_data);
	gpointer shut_down_data;
};

static void refuse(GDBusMethodInvocation *invocation, const char *error, const char *message)
{
	g_autofree char *name = g_strconcat(HOST_BUS_ERROR, error, NULL);

	g_dbus_method_invocation_return_dbus_error(invocation, name, message);
}

/* Whether nothing is begun any more; the caller has been told. */
static bool refuse_when_shutting_down(HostManager *self, GDBusMethodInvocation *invocation)
{
	if (self->shut_down_done)
		refuse(invocation, "ShuttingDown", "miracastd is shutting down");
	return self->shut_down_done;
}

/*
 * Searching: for as long as one of those who asked for it is there.
 */

static void update_search(HostManager *self)
{
	bool wanted = g_hash_table_size(self->searchers) || g_hash_table_size(self->lost);

	host_sinks_set_searching(self->sinks, wanted);
	bus_manager1_set_discovering(self->bus, wanted);
}

/* For one more: where others have searched for long, finders that disturb nothing any more look again. */
static void begin_to_search(HostManager *self)
{
	update_search(self);
	host_sinks_glance(self->sinks);
}

static void on_searcher_gone(GDBusConnection *connection, const char *name, gpointer data)
{
	HostManager *self = data;

	g_hash_table_remove(self->searchers, name);
	update_search(self);
}

static void unwatch(gpointer watch)
{
	g_bus_unwatch_name(GPOINTER_TO_UINT(watch));
}

static void start_discovery(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	HostManager *self = data;
	const char *sender = g_dbus_method_invocation_get_sender(invocation);

	if (refuse_when_shutting_down(self, invocation))
		return;
	if (!g_hash_table_contains(self->searchers, sender)) {
		guint watch = g_bus_watch_name_on_connection(self->connection, sender, 0, NULL,
							     on_searcher_gone, self, NULL);

		g_hash_table_insert(self->searchers, g_strdup(sender), GUINT_TO_POINTER(watch));
		begin_to_search(self);
	}
	bus_manager1_complete_start_discovery(self->bus, invocation);
}

static gboolean on_start_discovery(BusManager1 *bus, GDBusMethodInvocation *invocation,
				   HostManager *self)
{
	host_authority_check(self->authority, invocation, HOST_ACTION_DISCOVER, HOST_NO_UID,
			     start_discovery, self);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_stop_discovery(BusManager1 *bus, GDBusMethodInvocation *invocation,
				  HostManager *self)
{
	const char *sender = g_dbus_method_invocation_get_sender(invocation);

	/* It must not be overtaken by a StartDiscovery that polkit is being asked about. */
	host_authority_call_off(self->authority, HOST_ACTION_DISCOVER, sender);
	g_hash_table_remove(self->searchers, sender);
	update_search(self);
	bus_manager1_complete_stop_discovery(bus, invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void show_problems(HostManager *self)
{
	GVariantBuilder problems = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{s(ss)}"));

	for (guint i = 0; i < self->finders->len; i++) {
		HostFinder *finder = self->finders->pdata[i];
		const char *message = "";
		const char *word = host_finder_get_problem(finder, &message);

		if (word)
			g_variant_builder_add(&problems, "{s(ss)}", host_finder_get_way(finder),
					      word, message);
	}
	bus_manager1_set_problems(self->bus, g_variant_builder_end(&problems));
}

static void show_makers(HostManager *self)
{
	GVariantBuilder makers = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{ss}"));

	for (guint i = 0; i < self->finders->len; i++) {
		HostFinder *finder = self->finders->pdata[i];
		const char *maker = host_finder_get_maker(finder);

		if (maker)
			g_variant_builder_add(&makers, "{ss}", host_finder_get_way(finder), maker);
	}
	bus_manager1_set_makers(self->bus, g_variant_builder_end(&makers));
}

static void on_finder_changed(HostManager *self)
{
	show_problems(self);
	show_makers(self);
}

static void show_ways(HostManager *self)
{
	g_autoptr(GPtrArray) ways = g_ptr_array_new();

	for (guint i = 0; i < self->finders->len; i++)
		if (!HOST_IS_FINDER_ADDRESS(self->finders->pdata[i]))
			g_ptr_array_add(ways, (char *)host_finder_get_way(self->finders->pdata[i]));
	g_ptr_array_add(ways, NULL);
	bus_manager1_set_ways(self->bus, (const char *const *)ways->pdata);
}

/*
 * Sessions.
 */

static guint count_ended(HostManager *self)
{
	guint n = 0;

	for (GList *item = self->sessions.head; item; item = item->next)
		n += host_session_has_ended(item->data);
	return n;
}

/* The machine stays awake for their ends. */
static void update_busy(HostManager *self)
{
	if (self->logind)
		host_logind_set_busy(self->logind, count_ended(self) < self->sessions.length);
}

static void check_shut_down(HostManager *self)
{
	if (self->shut_down_done && count_ended(self) == self->sessions.length)
		self->shut_down_done(self->shut_down_data);
}

static void on_started(HostSession *session, HostManager *self)
{
	g_hash_table_remove(self->lost, session);
	update_search(self);
	host_sinks_remember(self->sinks, host_session_get_sink(session));
}

/* What sessions stream over now: who looks for sinks by the same radio leaves it alone meanwhile. */
static void show_streams(HostManager *self)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) interfaces = NULL;

	for (GList *item = self->sessions.head; item; item = item->next) {
		BusSession1 *bus = host_session_get_bus(item->data);
		const char *interface;

		if (!strcmp(bus_session1_get_state(bus), "streaming") &&
		    g_variant_lookup(bus_session1_get_details(bus), "link-interface", "&s",
				     &interface))
			g_strv_builder_add(builder, interface);
	}
	interfaces = g_strv_builder_end(builder);
	for (guint i = 0; i < self->finders->len; i++)
		host_finder_set_streams(self->finders->pdata[i], (const char *const *)interfaces);
}

static void on_lost(HostSession *session, HostManager *self)
{
	g_hash_table_add(self->lost, session);
	begin_to_search(self);
}

/* Those that ended last are kept: the queue's front has ended before its back. */
static void on_ended(HostSession *session, HostManager *self)
{
	g_hash_table_remove(self->lost, session);
	g_hash_table_remove(self->owners, session);
	update_search(self);
	update_busy(self);
	host_sinks_set_session(self->sinks, host_session_get_sink(session), NULL);
	if (g_queue_remove(&self->sessions, session))
		g_queue_push_tail(&self->sessions, session);
	for (GList *item = self->sessions.head; item && count_ended(self) > MAX_ENDED;) {
		GList *next = item->next;

		if (host_session_has_ended(item->data)) {
			g_autofree char *path =
				host_session_make_path(host_session_get_number(item->data));

			g_dbus_object_manager_server_unexport(self->server, path);
			g_object_unref(item->data);
			g_queue_delete_link(&self->sessions, item);
		}
		item = next;
	}
	check_shut_down(self);
}

static HostSession *find_session(HostManager *self, const char *path)
{
	for (GList *item = self->sessions.head; item; item = item->next) {
		g_autofree char *its_path =
			host_session_make_path(host_session_get_number(item->data));

		if (!strcmp(its_path, path))
			return item->data;
	}
	return NULL;
}

/* Whoever has begun the session may. */
static void check_session(HostManager *self, GDBusMethodInvocation *invocation, HostAction action,
			  HostAllowed allowed)
{
	HostSession *session =
		find_session(self, g_dbus_method_invocation_get_object_path(invocation));

	host_authority_check(self->authority, invocation, action,
			     session ? host_session_get_owner(session) : HOST_NO_UID, allowed,
			     self);
}

static void disconnect(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	HostSession *session =
		find_session(data, g_dbus_method_invocation_get_object_path(invocation));

	if (!session || host_session_has_ended(session))
		refuse(invocation, "NotConnected", "the session has ended already");
	else
		host_session_disconnect(session, invocation);
}

static gboolean on_disconnect(BusSession1 *bus, GDBusMethodInvocation *invocation,
			      HostManager *self)
{
	check_session(self, invocation, HOST_ACTION_MANAGE, disconnect);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void take_picture(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	HostSession *session =
		find_session(data, g_dbus_method_invocation_get_object_path(invocation));

	if (!session || host_session_has_ended(session))
		refuse(invocation, "NotConnected", "the session has ended already");
	else
		host_session_take_picture(session, invocation);
}

static gboolean on_get_picture(BusSession1 *bus, GDBusMethodInvocation *invocation,
			       GUnixFDList *files, guint max_width, HostManager *self)
{
	check_session(self, invocation, HOST_ACTION_WATCH, take_picture);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* Of one that has ended, too. */
static void take_statistics(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	HostSession *session =
		find_session(data, g_dbus_method_invocation_get_object_path(invocation));

	if (session)
		host_session_take_statistics(session, invocation);
	else
		refuse(invocation, "NotConnected", "the session has ended already");
}

/* Counts of pictures tell when the screen changes, and so when somebody types. */
static gboolean on_get_statistics(BusSession1 *bus, GDBusMethodInvocation *invocation,
				  HostManager *self)
{
	check_session(self, invocation, HOST_ACTION_WATCH, take_statistics);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void on_owner_left(gpointer session)
{
	host_session_end(session, HOST_REASON_OWNER_LEFT, NULL);
}

/* Answers the caller, whose user is @uid, with the new session's path, or why there is none. */
static void begin_session(HostManager *self, GDBusMethodInvocation *invocation, guint uid,
			  HostSink *sink, HostWish *wish)
{
	g_autoptr(GPtrArray) ways = host_sink_get_ways(sink, wish->way);
	const char *sender = g_dbus_method_invocation_get_sender(invocation);
	g_autoptr(BusObjectSkeleton) object = NULL;
	g_autoptr(HostBusAgent) agent = NULL;
	g_autofree char *path = NULL;
	HostSession *session;
	BusSession1 *bus;

	if (host_sink_has_session(sink)) {
		g_autofree char *message =
			g_strdup_printf("there is a session with \"%s\": disconnect it first",
					host_sink_get_name(sink));

		refuse(invocation, "AlreadyConnected", message);
		return;
	}
	if (!ways->len) {
		g_autofree char *message =
			g_strdup_printf("\"%s\" is not there%s%s: switch it on and look for it",
					host_sink_get_name(sink), wish->way ? " by " : "",
					wish->way ? wish->way : "");

		refuse(invocation, "NotAvailable", message);
		return;
	}

	path = host_session_make_path(++self->last_number);
	agent = host_bus_agent_new(self->connection, sender, wish->agent, path);
	session = host_session_new(self->last_number, &self->process_config, &host_session_limits,
				   sink, ways, wish, agent, uid);
	g_queue_push_tail(&self->sessions, session);
	g_signal_connect(session, "started", G_CALLBACK(on_started), self);
	g_signal_connect(session, "lost", G_CALLBACK(on_lost), self);
	g_signal_connect(session, "ended", G_CALLBACK(on_ended), self);
	bus = host_session_get_bus(session);
	g_signal_connect(bus, "handle-disconnect", G_CALLBACK(on_disconnect), self);
	g_signal_connect(bus, "handle-get-picture", G_CALLBACK(on_get_picture), self);
	g_signal_connect(bus, "handle-get-statistics", G_CALLBACK(on_get_statistics), self);
	g_signal_connect_swapped(bus, "notify::state", G_CALLBACK(show_streams), self);
	host_sinks_set_session(self->sinks, sink, path);
	if (self->logind)
		g_hash_table_insert(self->owners, session,
				    host_logind_watch(self->logind, uid, on_owner_left, session));
	update_busy(self);
	/* Nobody would hold the machine up for its end. */
	if (self->logind && host_logind_is_sleeping(self->logind))
		host_session_end(session, HOST_REASON_SUSPENDED, NULL);
	host_session_run(session);

	object = bus_object_skeleton_new(path);
	bus_object_skeleton_set_session1(object, bus);
	g_dbus_object_manager_server_export(self->server, G_DBUS_OBJECT_SKELETON(object));
	g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", path));
}

/* NULL: the caller has been told why. */
static HostWish *parse_wish(GDBusMethodInvocation *invocation, bool by_address)
{
	g_autoptr(GVariant) options =
		g_variant_get_child_value(g_dbus_method_invocation_get_parameters(invocation), 0);
	g_autoptr(GError) error = NULL;
	HostWish *wish = host_wish_parse(options, by_address, &error);

	if (!wish)
		refuse(invocation, "InvalidArgument", error->message);
	return wish;
}

/* The caller may connect; whether a sink may type here is asked for itself. */
static void check_input(HostManager *self, GDBusMethodInvocation *invocation, guint uid,
			HostAllowed allowed)
{
	g_autoptr(GVariant) options =
		g_variant_get_child_value(g_dbus_method_invocation_get_parameters(invocation), 0);
	gboolean input = FALSE;

	g_variant_lookup(options, "input", "b", &input);
	if (input)
		host_authority_check(self->authority, invocation, HOST_ACTION_INPUT, HOST_NO_UID,
				     allowed, self);
	else
		allowed(invocation, uid, self);
}

static void connect_address(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	HostManager *self = data;
	g_autoptr(HostWish) wish = NULL;

	if (refuse_when_shutting_down(self, invocation))
		return;
	wish = parse_wish(invocation, true);
	if (!wish)
		return;
	host_finder_address_add(self->addresses, wish->peer);
	begin_session(self, invocation, uid,
		      host_sinks_find(self->sinks, HOST_FINDER(self->addresses), wish->peer), wish);
}

static void may_connect_address(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	check_input(data, invocation, uid, connect_address);
}

static gboolean on_connect_address(BusManager1 *bus, GDBusMethodInvocation *invocation,
				   GVariant *options, HostManager *self)
{
	host_authority_check(self->authority, invocation, HOST_ACTION_CONNECT, HOST_NO_UID,
			     may_connect_address, self);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/*
 * Sinks.
 */

/* NULL: it has gone since, and the caller has been told. */
static HostSink *find_sink(HostManager *self, GDBusMethodInvocation *invocation)
{
	HostSink *sink = host_sinks_find_by_path(
		self->sinks, g_dbus_method_invocation_get_object_path(invocation));

	if (!sink)
		refuse(invocation, "NotAvailable", "the sink is not there any more");
	return sink;
}

static void connect_sink(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	HostManager *self = data;
	g_autoptr(HostWish) wish = NULL;
	HostSink *sink;

	if (refuse_when_shutting_down(self, invocation))
		return;
	wish = parse_wish(invocation, false);
	if (!wish)
		return;
	sink = find_sink(self, invocation);
	if (sink)
		begin_session(self, invocation, uid, sink, wish);
}

static void may_connect_sink(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	check_input(data, invocation, uid, connect_sink);
}

static gboolean on_connect_sink(BusSink1 *bus, GDBusMethodInvocation *invocation, GVariant *options,
				HostManager *self)
{
	host_authority_check(self->authority, invocation, HOST_ACTION_CONNECT, HOST_NO_UID,
			     may_connect_sink, self);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void forget(GDBusMethodInvocation *invocation, guint uid, gpointer data)
{
	HostManager *self = data;
	HostSink *sink = find_sink(self, invocation);

	if (!sink)
		return;
	host_sinks_forget(self->sinks, sink);
	g_dbus_method_invocation_return_value(invocation, NULL);
}

static gboolean on_forget(BusSink1 *bus, GDBusMethodInvocation *invocation, HostManager *self)
{
	host_authority_check(self->authority, invocation, HOST_ACTION_CONNECT, HOST_NO_UID, forget,
			     self);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void on_sink_added(HostSink *sink, gpointer data)
{
	BusSink1 *bus = host_sink_get_bus(sink);

	g_signal_connect(bus, "handle-connect", G_CALLBACK(on_connect_sink), data);
	g_signal_connect(bus, "handle-forget", G_CALLBACK(on_forget), data);
}

static void end_sessions(HostManager *self, HostReason reason)
{
	/* One that ends at once moves in the queue, or leaves it. */
	GList *sessions = g_list_copy_deep(self->sessions.head,
					   (GCopyFunc)(void (*)(void))g_object_ref, NULL);

	for (GList *item = sessions; item; item = item->next)
		host_session_end(item->data, reason, NULL);
	g_list_free_full(sessions, g_object_unref);
}

/* Before networks go, and without one that looks for its sink again the next morning. */
static void on_sleep(gpointer data)
{
	end_sessions(data, HOST_REASON_SUSPENDED);
}

void host_manager_shut_down(HostManager *self, void (*done)(gpointer user_data), gpointer user_data)
{
	self->shut_down_done = done;
	self->shut_down_data = user_data;
	g_hash_table_remove_all(self->searchers);
	update_search(self);
	end_sessions(self, HOST_REASON_DAEMON_SHUTDOWN);
	check_shut_down(self);
}

HostManager *host_manager_new(GDBusConnection *connection, GDBusConnection *system,
			      HostListener *listener, GPtrArray *finders,
			      const char *state_directory, const HostProcessConfig *process_config)
{
	HostManager *self = g_new0(HostManager, 1);
	g_autofree char *known = g_build_filename(state_directory, "sinks", NULL);
	g_autoptr(BusObjectSkeleton) object = bus_object_skeleton_new(HOST_BUS_ROOT "/manager");

	self->connection = g_object_ref(connection);
	self->authority = host_authority_new(connection);
	self->process_config = *process_config;
	self->searchers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unwatch);
	self->lost = g_hash_table_new(NULL, NULL);
	if (system)
		self->logind = host_logind_new(system, on_sleep, self);
	self->owners = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)host_logind_unwatch);
	g_queue_init(&self->sessions);
	self->finders = g_ptr_array_new_with_free_func(g_object_unref);
	for (guint i = 0; i < finders->len; i++)
		g_ptr_array_add(self->finders, g_object_ref(finders->pdata[i]));
	self->addresses = host_finder_address_new(listener);
	g_ptr_array_add(self->finders, g_object_ref(self->addresses));

	self->bus = bus_manager1_skeleton_new();
	bus_manager1_set_version(self->bus, VERSION);
	bus_manager1_set_driver(self->bus, process_config->driver);
	g_signal_connect(self->bus, "handle-connect", G_CALLBACK(on_connect_address), self);
	g_signal_connect(self->bus, "handle-start-discovery", G_CALLBACK(on_start_discovery), self);
	g_signal_connect(self->bus, "handle-stop-discovery", G_CALLBACK(on_stop_discovery), self);
	bus_object_skeleton_set_manager1(object, self->bus);
	show_ways(self);
	on_finder_changed(self);
	for (guint i = 0; i < self->finders->len; i++)
		g_signal_connect_swapped(self->finders->pdata[i], "changed",
					 G_CALLBACK(on_finder_changed), self);

	self->server = g_dbus_object_manager_server_new(HOST_BUS_ROOT);
	g_dbus_object_manager_server_export(self->server, G_DBUS_OBJECT_SKELETON(object));
	self->sinks = host_sinks_new(known, self->server, self->finders, HOST_SINKS_KEEP_S,
				     on_sink_added, self);
	g_dbus_object_manager_server_set_connection(self->server, connection);
	return self;
}

void host_manager_free(HostManager *self)
{
	host_authority_free(self->authority);
	for (GList *item = self->sessions.head; item; item = item->next) {
		g_signal_handlers_disconnect_by_data(item->data, self);
		g_signal_handlers_disconnect_by_data(host_session_get_bus(item->data), self);
	}
	g_hash_table_unref(self->owners);
	g_clear_pointer(&self->logind, host_logind_free);
	g_queue_clear_full(&self->sessions, g_object_unref);
	host_sinks_free(self->sinks);
	for (guint i = 0; i < self->finders->len; i++)
		g_signal_handlers_disconnect_by_data(self->finders->pdata[i], self);
	g_ptr_array_unref(self->finders);
	g_object_unref(self->addresses);
	g_hash_table_unref(self->searchers);
	g_hash_table_unref(self->lost);
	g_object_unref(self->server);
	g_signal_handlers_disconnect_by_data(self->bus, self);
	g_object_unref(self->bus);
	g_object_unref(self->connection);
	g_free(self);
}
