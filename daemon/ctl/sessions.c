// SPDX-License-Identifier: GPL-2.0-or-later
/* What miracastd knows and does, over D-Bus. */
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>

#define BUS_NAME       "io.github.linux_miracast"
#define ROOT_PATH      "/io/github/linux_miracast"
#define MANAGER_PATH   ROOT_PATH "/manager"
#define MANAGER	       "io.github.linux_miracast.Manager1"
#define SESSION	       "io.github.linux_miracast.Session1"
#define SESSION_PREFIX ROOT_PATH "/session/"

/* Of connect. */
#define DEFAULT_PORT	7236
#define DEFAULT_SECONDS 30
#define MAX_SECONDS	3600
/* Of a mode: more than any display has. */
#define MAX_SIDE 16384
#define MAX_RATE 480

/* Longer than the longest end of a session that miracastd allows. */
#define CALL_TIMEOUT_MS (90 * 1000)

/* Says what is wrong itself. */
static enum ctl_exit complain_of_call(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);
	g_autoptr(GError) copy = g_error_copy(error);

	g_dbus_error_strip_remote_error(copy);
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)) {
		ctl_complain(
			"miracastd does not run: start it (systemctl start miracastd), or check --bus");
		return CTL_NO_DAEMON;
	}
	/* GDBus's own limit, the bus's, and a bus that is gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)) {
		ctl_complain("miracastd does not answer: see its log");
		return CTL_NO_DAEMON;
	}
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED)) {
		ctl_complain("the bus does not let you: become root or a member of \"netdev\"");
		return CTL_FAILED;
	}
	ctl_complain("%s", copy->message);
	return !g_strcmp0(name, "io.github.linux_miracast.Error.InvalidArgument") ? CTL_USAGE
										  : CTL_FAILED;
}

static GDBusConnection *connect_to_bus(const struct ctl *ctl)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection;

	if (!ctl->bus || !strcmp(ctl->bus, "system"))
		connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
	else if (!strcmp(ctl->bus, "session"))
		connection = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, &error);
	else
		connection = g_dbus_connection_new_for_address_sync(
			ctl->bus,
			G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
				G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
			NULL, NULL, &error);
	if (!connection)
		ctl_complain("there is no way to the bus: %s", error->message);
	return connection;
}

static GVariant *call(GDBusConnection *connection, const char *path, const char *interface,
		      const char *method, GVariant *arguments, const char *answer, GError **error)
{
	return g_dbus_connection_call_sync(connection, BUS_NAME, path, interface, method, arguments,
					   G_VARIANT_TYPE(answer), G_DBUS_CALL_FLAGS_NONE,
					   CALL_TIMEOUT_MS, NULL, error);
}

struct session {
	guint number;
	GVariant *properties; /* a{sv} */
	GVariant *statistics; /* a{sv}, or NULL */
};

static void session_clear(gpointer data)
{
	struct session *session = data;

	g_variant_unref(session->properties);
	g_clear_pointer(&session->statistics, g_variant_unref);
}

static int compare_sessions(gconstpointer a, gconstpointer b)
{
	guint first = ((const struct session *)a)->number;
	guint second = ((const struct session *)b)->number;

	return first < second ? -1 : first > second;
}

/* What GetManagedObjects of @connection says; NULL after having complained. */
static GArray *get_sessions(GDBusConnection *connection, GVariant **manager, enum ctl_exit *status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) objects = NULL;
	g_autoptr(GVariantIter) iter = NULL;
	GArray *sessions;
	const char *path;
	GVariant *interfaces;

	objects = call(connection, ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
		       "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", &error);
	if (!objects) {
		*status = complain_of_call(error);
		return NULL;
	}
	sessions = g_array_new(FALSE, FALSE, sizeof(struct session));
	g_array_set_clear_func(sessions, session_clear);
	g_variant_get(objects, "(a{oa{sa{sv}}})", &iter);
	while (g_variant_iter_next(iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		g_autoptr(GVariant) owned = interfaces;
		struct session session = {0};

		if (manager && !*manager)
			*manager =
				g_variant_lookup_value(interfaces, MANAGER, G_VARIANT_TYPE_VARDICT);
		session.properties =
			g_variant_lookup_value(interfaces, SESSION, G_VARIANT_TYPE_VARDICT);
		if (!session.properties)
			continue;
		session.number = strtoul(path + strlen(SESSION_PREFIX), NULL, 10);
		g_array_append_val(sessions, session);
	}
	g_array_sort(sessions, compare_sessions);
	return sessions;
}

/* "LocalAddress" is "local-address" in JSON. */
static char *json_name(const char *property)
{
	GString *name = g_string_new(NULL);

	for (const char *c = property; *c; c++) {
		if (g_ascii_isupper(*c) && c != property)
			g_string_append_c(name, '-');
		g_string_append_c(name, g_ascii_tolower(*c));
	}
	return g_string_free(name, FALSE);
}

static void add_properties(GVariantBuilder *builder, GVariant *properties)
{
	GVariantIter iter;
	const char *property;
	GVariant *value;

	if (!properties)
		return;
	g_variant_iter_init(&iter, properties);
	while (g_variant_iter_loop(&iter, "{&sv}", &property, &value)) {
		g_autofree char *name = json_name(property);

		g_variant_builder_add(builder, "{sv}", name, value);
	}
}

/* A session that has gone since stays without. */
static void get_statistics(GDBusConnection *connection, GArray *sessions)
{
	for (guint i = 0; i < sessions->len; i++) {
		struct session *session = &g_array_index(sessions, struct session, i);
		g_autofree char *path = g_strdup_printf(SESSION_PREFIX "%u", session->number);
		g_autoptr(GVariant) answer =
			call(connection, path, SESSION, "GetStatistics", NULL, "(a{sv})", NULL);

		if (answer)
			session->statistics = g_variant_get_child_value(answer, 0);
	}
}

static void print_status_json(GVariant *manager, GArray *sessions)
{
	g_auto(GVariantBuilder) top = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_auto(GVariantBuilder) list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
	g_autoptr(GVariant) all = NULL;

	for (guint i = 0; i < sessions->len; i++) {
		const struct session *session = &g_array_index(sessions, struct session, i);

		g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
		g_variant_builder_add(&list, "{sv}", "session",
				      g_variant_new_uint32(session->number));
		add_properties(&list, session->properties);
		if (session->statistics)
			g_variant_builder_add(&list, "{sv}", "statistics", session->statistics);
		g_variant_builder_close(&list);
	}
	add_properties(&top, manager);
	g_variant_builder_add(&top, "{sv}", "sessions", g_variant_builder_end(&list));
	all = g_variant_ref_sink(g_variant_builder_end(&top));
	ctl_print_json(all);
}

static void print_values(GVariant *values)
{
	GVariantIter iter;
	const char *name;
	GVariant *value;

	g_variant_iter_init(&iter, values);
	while (g_variant_iter_loop(&iter, "{&sv}", &name, &value)) {
		g_autofree char *text = g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)
						? g_variant_dup_string(value, NULL)
						: g_variant_print(value, FALSE);
		g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

		if (lines[0] && lines[1]) {
			printf("  %s:\n", name);
			for (char **line = lines; *line; line++)
				printf("    %s\n", *line);
		} else {
			printf("  %s: %s\n", name, text);
		}
	}
}

static void print_session(const struct session *session)
{
	const char *state = "", *reason = "", *message = "", *name = "", *adapter = "";
	const char *local = "", *peer = "", *link = "";
	g_autoptr(GVariant) details = NULL;
	guint32 target = 0;
	guint16 port = 0;

	g_variant_lookup(session->properties, "State", "&s", &state);
	g_variant_lookup(session->properties, "Reason", "&s", &reason);
	g_variant_lookup(session->properties, "Message", "&s", &message);
	g_variant_lookup(session->properties, "SinkName", "&s", &name);
	g_variant_lookup(session->properties, "Link", "&s", &link);
	g_variant_lookup(session->properties, "LocalAddress", "&s", &local);
	g_variant_lookup(session->properties, "PeerAddress", "&s", &peer);
	g_variant_lookup(session->properties, "Port", "q", &port);
	g_variant_lookup(session->properties, "Adapter", "&s", &adapter);
	g_variant_lookup(session->properties, "TargetId", "u", &target);
	g_variant_lookup(session->properties, "Details", "@a{sv}", &details);

	printf("Session %u: %s\n", session->number, state);
	if (*reason)
		printf("  reason    %s: %s\n", reason, message);
	printf("  sink      %s\n", name);
	if (*peer)
		printf("  link      %s: %s is connected to %s port %u\n", link, peer, local, port);
	if (*adapter)
		printf("  display   %s, connector %u\n", adapter, target);
	if (details)
		print_values(details);
	if (session->statistics)
		print_values(session->statistics);
}

enum ctl_exit ctl_status(const struct ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(GVariant) manager = NULL;
	g_autoptr(GArray) sessions = NULL;
	enum ctl_exit status = CTL_OK;

	if (!ctl_parse(entries, "sessions and what is known of them", NULL, 0, &argc, &argv))
		return CTL_USAGE;
	connection = connect_to_bus(ctl);
	if (!connection)
		return CTL_NO_DAEMON;
	sessions = get_sessions(connection, &manager, &status);
	if (!sessions)
		return status;
	get_statistics(connection, sessions);
	if (json) {
		print_status_json(manager, sessions);
		return CTL_OK;
	}
	if (!sessions->len)
		puts("There is no session: begin one with 'miracastctl connect'.");
	for (guint i = 0; i < sessions->len; i++)
		print_session(&g_array_index(sessions, struct session, i));
	return CTL_OK;
}

/*
 * Waiting for a session's pictures to be on their way, or for its end.
 */

struct waiting {
	GMainLoop *loop;
	GDBusProxy *session;
	char *last_state;
	enum ctl_exit status;
};

static char *get_string(GDBusProxy *session, const char *property)
{
	g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property(session, property);

	return value ? g_variant_dup_string(value, NULL) : g_strdup("");
}

/* The session runs without what the user-mode driver did not know. */
static void tell_unknown_options(GDBusProxy *session)
{
	g_autoptr(GVariant) details = g_dbus_proxy_get_cached_property(session, "Details");
	const char *unknown;

	if (details && g_variant_lookup(details, "options-unknown", "&s", &unknown))
		ctl_complain("the user-mode driver knows no option \"%s\"", unknown);
}

static void look_at_session(struct waiting *waiting)
{
	g_autofree char *state = get_string(waiting->session, "State");
	g_autofree char *reason = get_string(waiting->session, "Reason");
	g_autofree char *message = get_string(waiting->session, "Message");
	g_autofree char *owner = g_dbus_proxy_get_name_owner(waiting->session);

	if (!owner) {
		ctl_complain("miracastd is gone: see its log");
		waiting->status = CTL_NO_DAEMON;
		g_main_loop_quit(waiting->loop);
		return;
	}
	if (g_strcmp0(state, waiting->last_state))
		printf("%s\n", state);
	fflush(stdout);
	g_free(waiting->last_state);
	waiting->last_state = g_steal_pointer(&state);
	if (!strcmp(waiting->last_state, "streaming")) {
		tell_unknown_options(waiting->session);
		waiting->status = CTL_OK;
		g_main_loop_quit(waiting->loop);
	} else if (!strcmp(waiting->last_state, "ended")) {
		ctl_complain("%s: %s", reason, message);
		waiting->status = CTL_FAILED;
		g_main_loop_quit(waiting->loop);
	}
}

static enum ctl_exit wait_for_session(GDBusConnection *connection, const char *path)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GDBusProxy) session = NULL;
	g_autoptr(GError) error = NULL;
	struct waiting waiting = {.loop = loop, .status = -1};

	/* Subscribes first and reads the properties then, so no change is missed. */
	session = g_dbus_proxy_new_sync(connection, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, NULL,
					BUS_NAME, path, SESSION, NULL, &error);
	if (!session)
		return complain_of_call(error);
	waiting.session = session;
	g_signal_connect_swapped(session, "g-properties-changed", G_CALLBACK(look_at_session),
				 &waiting);
	g_signal_connect_swapped(session, "notify::g-name-owner", G_CALLBACK(look_at_session),
				 &waiting);
	look_at_session(&waiting);
	if (waiting.status == (enum ctl_exit) - 1)
		g_main_loop_run(loop);
	g_free(waiting.last_state);
	return waiting.status;
}

static gboolean check_range(const char *option, int value, int most)
{
	if (value >= 1 && value <= most)
		return TRUE;
	ctl_complain("%s has to be 1 to %d", option, most);
	return FALSE;
}

/* "1280x720" or "1280x720@60": what a display could be, and the "p" that modes have in the trade. */
static gboolean check_mode(const char *mode)
{
	g_autoptr(GRegex) form = g_regex_new("^(\\d{1,5})x(\\d{1,5})(?:[@p](\\d{1,3}))?$",
					     G_REGEX_DOLLAR_ENDONLY, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	static const int most[] = {MAX_SIDE, MAX_SIDE, MAX_RATE};

	if (!g_regex_match(form, mode, 0, &match)) {
		ctl_complain("--mode takes WxH or WxH@R, as 1280x720@60, not \"%s\"", mode);
		return FALSE;
	}
	for (int i = 1; i < g_match_info_get_match_count(match); i++) {
		g_autofree char *number = g_match_info_fetch(match, i);

		if (!g_ascii_string_to_unsigned(number, 10, 1, most[i - 1], NULL, NULL)) {
			ctl_complain("--mode \"%s\" is no display's: width and height have to be 1 "
				     "to %d, the rate 1 to %d",
				     mode, MAX_SIDE, MAX_RATE);
			return FALSE;
		}
	}
	return TRUE;
}

/* Into the a{ss} of @builder; FALSE after having complained. */
static gboolean add_driver_options(GVariantBuilder *builder, const char *mode, char **options)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (mode) {
		if (!check_mode(mode))
			return FALSE;
		g_variant_builder_add(builder, "{ss}", "mode", mode);
		g_hash_table_add(seen, g_strdup("mode"));
	}
	for (char **option = options; option && *option; option++) {
		const char *equals = strchr(*option, '=');
		g_autofree char *name = equals ? g_strndup(*option, equals - *option) : NULL;

		if (!name || !*name) {
			ctl_complain("--option takes NAME=VALUE, not \"%s\"", *option);
			return FALSE;
		}
		if (!strcmp(name, "mode") && !check_mode(equals + 1))
			return FALSE;
		g_variant_builder_add(builder, "{ss}", name, equals + 1);
		if (!g_hash_table_add(seen, g_steal_pointer(&name))) {
			ctl_complain("the option of \"%s\" is given twice", *option);
			return FALSE;
		}
	}
	return TRUE;
}

enum ctl_exit ctl_connect(const struct ctl *ctl, int argc, char **argv)
{
	g_autofree char *local = NULL;
	g_autofree char *peer = NULL;
	g_autofree char *mode = NULL;
	g_autofree char *adapter = NULL;
	g_auto(GStrv) driver_options = NULL;
	int port = DEFAULT_PORT, wait_s = DEFAULT_SECONDS, start_timeout_s = DEFAULT_SECONDS;
	gboolean wait = FALSE, no_reconnect = FALSE, input = FALSE;
	const GOptionEntry entries[] = {
		{"local", 0, 0, G_OPTION_ARG_STRING, &local,
		 "This machine's address, that the sink connects to", "ADDRESS"},
		{"peer", 0, 0, G_OPTION_ARG_STRING, &peer, "The sink's address", "ADDRESS"},
		{"port", 0, 0, G_OPTION_ARG_INT, &port, "RTSP port to listen on (7236)", "PORT"},
		{"mode", 0, 0, G_OPTION_ARG_STRING, &mode,
		 "Display mode instead of the best that both sides can", "WxH[@R]"},
		{"option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &driver_options,
		 "An option of the user-mode driver; may be repeated", "NAME=VALUE"},
		{"adapter", 0, 0, G_OPTION_ARG_STRING, &adapter,
		 "Display adapter: its node or its name (any that is free)", "ADAPTER"},
		{"sink-timeout", 0, 0, G_OPTION_ARG_INT, &wait_s,
		 "Seconds that the sink has to connect (30)", "SECONDS"},
		{"start-timeout", 0, 0, G_OPTION_ARG_INT, &start_timeout_s,
		 "Seconds that the start may take then (30)", "SECONDS"},
		{"input", 0, 0, G_OPTION_ARG_NONE, &input,
		 "Let the sink's mouse, touch screen and keys work here", NULL},
		{"no-reconnect", 0, 0, G_OPTION_ARG_NONE, &no_reconnect,
		 "End the session when the link is lost", NULL},
		{"wait", 0, 0, G_OPTION_ARG_NONE, &wait,
		 "Return when pictures are on their way, or the session has failed", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{ss}"));
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	const char *path;

	if (!ctl_parse(entries, "begin a session with a sink", NULL, 0, &argc, &argv))
		return CTL_USAGE;
	if (!local || !peer) {
		ctl_complain("%s is missing; see miracastctl connect --help",
			     local ? "--peer" : "--local");
		return CTL_USAGE;
	}
	if (!check_range("--port", port, G_MAXUINT16) ||
	    !check_range("--sink-timeout", wait_s, MAX_SECONDS) ||
	    !check_range("--start-timeout", start_timeout_s, MAX_SECONDS))
		return CTL_USAGE;
	if (!add_driver_options(&builder, mode, driver_options))
		return CTL_USAGE;
	g_variant_dict_insert(&dict, "local-address", "s", local);
	g_variant_dict_insert(&dict, "peer-address", "s", peer);
	g_variant_dict_insert(&dict, "port", "q", (guint16)port);
	g_variant_dict_insert(&dict, "wait", "u", (guint32)wait_s);
	g_variant_dict_insert(&dict, "start-timeout", "u", (guint32)start_timeout_s);
	g_variant_dict_insert(&dict, "reconnect", "b", !no_reconnect);
	g_variant_dict_insert(&dict, "input", "b", input);
	if (adapter)
		g_variant_dict_insert(&dict, "adapter", "s", adapter);
	g_variant_dict_insert_value(&dict, "options", g_variant_builder_end(&builder));

	connection = connect_to_bus(ctl);
	if (!connection)
		return CTL_NO_DAEMON;
	answer = call(connection, MANAGER_PATH, MANAGER, "Connect",
		      g_variant_new("(@a{sv})", g_variant_dict_end(&dict)), "(o)", &error);
	if (!answer)
		return complain_of_call(error);
	g_variant_get(answer, "(&o)", &path);
	printf("Session %s\n", path + strlen(SESSION_PREFIX));
	fflush(stdout);
	return wait ? wait_for_session(connection, path) : CTL_OK;
}

static enum ctl_exit disconnect_one(GDBusConnection *connection, guint number)
{
	g_autofree char *path = g_strdup_printf(SESSION_PREFIX "%u", number);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = call(connection, path, SESSION, "Disconnect", NULL, "()", &error);

	if (answer)
		return CTL_OK;
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)) {
		ctl_complain("there is no session %u; see miracastctl status", number);
		return CTL_FAILED;
	}
	return complain_of_call(error);
}

static enum ctl_exit disconnect_all(GDBusConnection *connection)
{
	enum ctl_exit status = CTL_OK;
	g_autoptr(GArray) sessions = get_sessions(connection, NULL, &status);

	for (guint i = 0; sessions && i < sessions->len; i++) {
		const struct session *session = &g_array_index(sessions, struct session, i);
		const char *state = "";

		g_variant_lookup(session->properties, "State", "&s", &state);
		if (strcmp(state, "ended") && disconnect_one(connection, session->number))
			status = CTL_FAILED;
	}
	return status;
}

enum ctl_exit ctl_disconnect(const struct ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
	g_autoptr(GDBusConnection) connection = NULL;
	guint64 number = 0;

	if (!ctl_parse(entries, "end a session; returns when it has ended", "SESSION|all", 1, &argc,
		       &argv))
		return CTL_USAGE;
	if (strcmp(argv[1], "all") &&
	    !g_ascii_string_to_unsigned(argv[1], 10, 1, G_MAXUINT32, &number, NULL)) {
		ctl_complain("\"%s\" is not a session's number", argv[1]);
		return CTL_USAGE;
	}
	connection = connect_to_bus(ctl);
	if (!connection)
		return CTL_NO_DAEMON;
	return number ? disconnect_one(connection, number) : disconnect_all(connection);
}
