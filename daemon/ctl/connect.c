// SPDX-License-Identifier: GPL-2.0-or-later
/* connect: finds the sink, begins the session, and shows its steps until pictures are on their way. */
#include "ctl-agent.h"
#include "commands.h"
#include "ctl-bus.h"

#include <glib-unix.h>
#include <stdbool.h>
#include <stdio.h>

#define DEFAULT_PORT		7236
#define DEFAULT_START_TIMEOUT_S 30
#define DEFAULT_SEARCH_S	30
#define MAX_SECONDS		3600
/* After a sink of the name was found: another one of that name would be found, too. */
#define SETTLE_MS 1500
#define LOOK_MS	  250
/* Of a mode: more than any display has. */
#define MAX_SIDE  16384
#define MAX_RATE  480
#define NOT_GIVEN G_MININT

/* What the command line says. */
typedef struct {
	const char *sink;
	char *local, *way, *maker, *encryption, *pin, *mode, *adapter;
	char **driver_options;
	int port, start_timeout_s, search_s;
	int wait_s, intent; /* or NOT_GIVEN */
	gboolean no_reconnect, no_wait, input;
} CtlWish;

static void wish_clear(CtlWish *wish)
{
	g_free(wish->local);
	g_free(wish->way);
	g_free(wish->maker);
	g_free(wish->encryption);
	g_free(wish->pin);
	g_free(wish->mode);
	g_free(wish->adapter);
	g_strfreev(wish->driver_options);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CtlWish, wish_clear)

/*
 * The command line.
 */

static bool check_range(const char *option, int value, int most)
{
	if (value >= 1 && value <= most)
		return true;
	ctl_complain("%s has to be 1 to %d", option, most);
	return false;
}

/* "1280x720" or "1280x720@60": what a display could be, and the "p" that modes have in the trade. */
static bool check_mode(const char *mode)
{
	g_autoptr(GRegex) form = g_regex_new("^(\\d{1,5})x(\\d{1,5})(?:[@p](\\d{1,3}))?$",
					     G_REGEX_DOLLAR_ENDONLY, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	static const int most[] = {MAX_SIDE, MAX_SIDE, MAX_RATE};

	if (!g_regex_match(form, mode, 0, &match)) {
		ctl_complain("--mode takes WxH or WxH@R, as 1280x720@60, not \"%s\"", mode);
		return false;
	}
	for (int i = 1; i < g_match_info_get_match_count(match); i++) {
		g_autofree char *number = g_match_info_fetch(match, i);

		if (!g_ascii_string_to_unsigned(number, 10, 1, most[i - 1], NULL, NULL)) {
			ctl_complain("--mode \"%s\" is no display's: width and height have to be 1 "
				     "to %d, the rate 1 to %d",
				     mode, MAX_SIDE, MAX_RATE);
			return false;
		}
	}
	return true;
}

static bool check_option(const char *option, GHashTable *seen)
{
	const char *equals = strchr(option, '=');
	g_autofree char *name = equals ? g_strndup(option, equals - option) : NULL;

	if (!name || !*name) {
		ctl_complain("--option takes NAME=VALUE, not \"%s\"", option);
		return false;
	}
	if (!strcmp(name, "mode") && !check_mode(equals + 1))
		return false;
	if (!g_hash_table_add(seen, g_steal_pointer(&name))) {
		ctl_complain("the option of \"%s\" is given twice", option);
		return false;
	}
	return true;
}

static bool check_wish(const CtlWish *wish)
{
	static const char *const ways[] = {"mice", "p2p", "address", NULL};
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (!check_range("--port", wish->port, G_MAXUINT16) ||
	    !check_range("--search", wish->search_s, MAX_SECONDS) ||
	    (wish->wait_s != NOT_GIVEN &&
	     !check_range("--sink-timeout", wish->wait_s, MAX_SECONDS)) ||
	    !check_range("--start-timeout", wish->start_timeout_s, MAX_SECONDS))
		return false;
	/* One that there is not would be waited for. */
	if (wish->way && !g_strv_contains(ways, wish->way)) {
		ctl_complain("--way takes mice, p2p or address, not \"%s\"", wish->way);
		return false;
	}
	if (wish->local && !g_hostname_is_ip_address(wish->local)) {
		ctl_complain("--local takes an IP address, not \"%s\"", wish->local);
		return false;
	}
	if (wish->mode) {
		if (!check_mode(wish->mode))
			return false;
		g_hash_table_add(seen, g_strdup("mode"));
	}
	for (char **option = wish->driver_options; option && *option; option++)
		if (!check_option(*option, seen))
			return false;
	return true;
}

/* @peer: (nullable): the sink's address, for Manager1.Connect. The a{sv} of Connect, floating. */
static GVariant *make_options(const CtlWish *wish, const char *peer, bool agent)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	GVariantBuilder options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{ss}"));

	if (wish->mode)
		g_variant_builder_add(&options, "{ss}", "mode", wish->mode);
	for (char **option = wish->driver_options; option && *option; option++) {
		const char *equals = strchr(*option, '=');
		g_autofree char *name = g_strndup(*option, equals - *option);

		g_variant_builder_add(&options, "{ss}", name, equals + 1);
	}
	if (peer)
		g_variant_dict_insert(&dict, "peer-address", "s", peer);
	else if (wish->way)
		g_variant_dict_insert(&dict, "way", "s", wish->way);
	if (wish->maker)
		g_variant_dict_insert(&dict, "maker", "s", wish->maker);
	if (wish->encryption)
		g_variant_dict_insert(&dict, "encryption", "s", wish->encryption);
	if (wish->intent != NOT_GIVEN)
		g_variant_dict_insert(&dict, "go-intent", "u", (guint32)wish->intent);
	if (wish->local)
		g_variant_dict_insert(&dict, "local-address", "s", wish->local);
	if (wish->pin)
		g_variant_dict_insert(&dict, "pin", "s", wish->pin);
	if (wish->adapter)
		g_variant_dict_insert(&dict, "adapter", "s", wish->adapter);
	if (agent)
		g_variant_dict_insert(&dict, "agent", "o", CTL_AGENT_PATH);
	g_variant_dict_insert(&dict, "port", "q", (guint16)wish->port);
	if (wish->wait_s != NOT_GIVEN)
		g_variant_dict_insert(&dict, "wait", "u", (guint32)wish->wait_s);
	g_variant_dict_insert(&dict, "start-timeout", "u", (guint32)wish->start_timeout_s);
	g_variant_dict_insert(&dict, "reconnect", "b", !wish->no_reconnect);
	g_variant_dict_insert(&dict, "input", "b", wish->input);
	g_variant_dict_insert_value(&dict, "options", g_variant_builder_end(&options));
	return g_variant_dict_end(&dict);
}

/*
 * The sink.
 */

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static void wait_ms(guint ms)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

	g_timeout_add(ms, quit, loop);
	g_main_loop_run(loop);
}

/* @way: NULL: any */
static bool has_way(const CtlObject *sink, const char *way)
{
	g_autofree char *joined = ctl_object_join(sink, "Ways", " ");
	g_auto(GStrv) ways = g_strsplit(joined, " ", -1);

	return way ? g_strv_contains((const char *const *)ways, way) : *joined;
}

/* Looks once more. @n_found as of ctl_objects_find_sink(); the path of a sink that can be reached. */
static char *look(GDBusConnection *connection, const CtlWish *wish, guint *n_found,
		  CtlStatus *status)
{
	g_autoptr(CtlObjects) objects = ctl_objects_get(connection, status);
	const CtlObject *sink;

	*n_found = 0;
	if (!objects)
		return NULL;
	sink = ctl_objects_find_sink(objects, wish->sink, n_found);
	return *n_found == 1 && has_way(sink, wish->way) ? g_strdup(sink->path) : NULL;
}

static void complain_of_absence(GDBusConnection *connection, const CtlWish *wish)
{
	CtlStatus status = CTL_OK;
	g_autoptr(CtlObjects) objects = ctl_objects_get(connection, &status);

	if (!objects)
		return;
	ctl_complain(
		"\"%s\" was not found%s%s within %d s: is it on, and ready for wireless displays?",
		wish->sink, wish->way ? " by " : "", wish->way ? wish->way : "", wish->search_s);
	ctl_objects_complain_of_problems(objects);
}

/* Has miracastd look for it. Transfer full: its path; NULL after having complained. */
static char *search(GDBusConnection *connection, const CtlWish *wish, CtlStatus *status)
{
	gint64 limit = g_get_monotonic_time() + wish->search_s * G_TIME_SPAN_SECOND;
	g_autofree char *path = NULL;
	guint n_found;

	if (!ctl_bus_start_discovery(connection, status))
		return NULL;
	printf("searching    ");
	ctl_print_column(wish->sink, 0);
	printf(" is looked for, %d s at most\n", wish->search_s);
	fflush(stdout);
	do {
		wait_ms(LOOK_MS);
		path = look(connection, wish, &n_found, status);
		if (*status || n_found > 1)
			return NULL;
	} while (!path && g_get_monotonic_time() < limit);
	if (!path) {
		complain_of_absence(connection, wish);
		*status = CTL_FAILED;
		return NULL;
	}
	wait_ms(SETTLE_MS);
	g_free(path);
	path = look(connection, wish, &n_found, status);
	if (!path && !*status && n_found <= 1)
		ctl_complain("\"%s\" was there and has gone again", wish->sink);
	return g_steal_pointer(&path);
}

/* The path of what to call Connect of, and *@peer to name there, if need be. */
static char *find_sink(GDBusConnection *connection, const CtlWish *wish, const char **peer,
		       CtlStatus *status)
{
	bool is_address = g_hostname_is_ip_address(wish->sink);
	g_autofree char *path = NULL;
	guint n_found;

	path = look(connection, wish, &n_found, status);
	if (*status || n_found > 1 || (path && !(is_address && !g_strcmp0(wish->way, "address"))))
		return g_steal_pointer(&path);
	if (!is_address || (wish->way && strcmp(wish->way, "address")))
		return search(connection, wish, status);
	*peer = wish->sink;
	return g_strdup(CTL_MANAGER_PATH);
}

/*
 * The session, until pictures are on their way or it has ended.
 */

typedef struct {
	GDBusConnection *connection;
	GMainLoop *loop;
	char *path;
	bool interrupted;
	bool over;
	CtlStatus status;
} CtlWaiting;

static void finish(CtlWaiting *waiting, CtlStatus status)
{
	waiting->over = true;
	waiting->status = status;
	g_main_loop_quit(waiting->loop);
}

static GVariant *get_property(CtlWaiting *waiting, const char *property)
{
	g_autoptr(GVariant) answer = ctl_bus_call(waiting->connection, waiting->path,
						  "org.freedesktop.DBus.Properties", "Get",
						  g_variant_new("(ss)", CTL_SESSION, property),
						  "(v)", CTL_READ_MS, NULL);
	GVariant *value = NULL;

	if (answer)
		g_variant_get(answer, "(v)", &value);
	return value;
}

static char *get_text(CtlWaiting *waiting, const char *property)
{
	g_autoptr(GVariant) value = get_property(waiting, property);

	return value ? g_variant_dup_string(value, NULL) : g_strdup("");
}

/* The session runs without what the user-mode driver did not know. */
static void tell_unknown_options(CtlWaiting *waiting)
{
	g_autoptr(GVariant) details = get_property(waiting, "Details");
	const char *unknown;

	if (details && g_variant_lookup(details, "options-unknown", "&s", &unknown))
		ctl_complain("the user-mode driver knows no option \"%s\"", unknown);
}

static void print_step(const char *word, const char *message)
{
	ctl_print_column(word, 12);
	putchar(' ');
	ctl_print_column(message, 0);
	putchar('\n');
	fflush(stdout);
}

static void on_state(CtlWaiting *waiting, const char *state)
{
	static const struct {
		const char *state, *message;
	} messages[] = {
		{"starting", "the sink is connected and is asked what it can"},
		{"started", "a display mode is agreed upon"},
		{"streaming", "pictures are on their way"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(messages); i++)
		if (!strcmp(state, messages[i].state))
			print_step(state, messages[i].message);
	if (!strcmp(state, "streaming")) {
		tell_unknown_options(waiting);
		finish(waiting, CTL_OK);
	} else if (!strcmp(state, "ended")) {
		g_autofree char *reason = get_text(waiting, "Reason");
		g_autofree char *message = get_text(waiting, "Message");

		ctl_complain("%s: %s", reason, message);
		finish(waiting, CTL_FAILED);
	}
}

static void on_changed(GDBusConnection *connection, const char *sender, const char *path,
		       const char *interface, const char *signal, GVariant *arguments,
		       gpointer data)
{
	CtlWaiting *waiting = data;
	g_autoptr(GVariant) changed = NULL;
	const char *step, *message = NULL, *state;

	if (waiting->over || g_strcmp0(path, waiting->path))
		return;
	g_variant_get(arguments, "(&s@a{sv}as)", NULL, &changed, NULL);
	/* The word stays the same when there is only more to say. */
	if (g_variant_lookup(changed, "StepMessage", "&s", &message) ||
	    g_variant_lookup(changed, "Step", "&s", &step)) {
		g_autofree char *word = NULL;

		if (!g_variant_lookup(changed, "Step", "s", &word))
			word = get_text(waiting, "Step");
		print_step(word, message ? message : "");
	}
	if (g_variant_lookup(changed, "State", "&s", &state))
		on_state(waiting, state);
}

static void on_daemon_gone(GDBusConnection *connection, const char *name, gpointer data)
{
	ctl_complain("miracastd is gone: see its log");
	finish(data, CTL_NO_DAEMON);
}

/* The session is the person's, who wants no more; a second ^C does not wait. */
static gboolean on_interrupt(gpointer data)
{
	CtlWaiting *waiting = data;

	if (waiting->interrupted) {
		finish(waiting, CTL_FAILED);
		return G_SOURCE_CONTINUE;
	}
	waiting->interrupted = true;
	g_dbus_connection_call(waiting->connection, CTL_BUS_NAME, waiting->path, CTL_SESSION,
			       "Disconnect", NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
			       NULL, NULL);
	return G_SOURCE_CONTINUE;
}

static CtlStatus wait_for_session(CtlWaiting *waiting)
{
	guint watch = g_bus_watch_name_on_connection(waiting->connection, CTL_BUS_NAME,
						     G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
						     on_daemon_gone, waiting, NULL);
	guint interrupt = g_unix_signal_add(SIGINT, on_interrupt, waiting);
	g_autofree char *state = get_text(waiting, "State");

	/* Else what is to come is told. */
	if (!strcmp(state, "streaming") || !strcmp(state, "ended"))
		on_state(waiting, state);
	if (!waiting->over)
		g_main_loop_run(waiting->loop);
	g_source_remove(interrupt);
	g_bus_unwatch_name(watch);
	return waiting->status;
}

/* Calls Connect of @path, and shows what comes of it. */
static CtlStatus begin_session(GDBusConnection *connection, const CtlWish *wish, const char *path,
			       const char *peer)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	CtlWaiting waiting = {.connection = connection, .loop = loop};
	g_autoptr(CtlAgent) agent = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	CtlStatus status = CTL_OK;
	guint subscription;

	if (!wish->no_wait) {
		agent = ctl_agent_new(connection, CTL_BUS_NAME, &error);
		if (!agent)
			return ctl_bus_complain(error);
	}
	/* Before, so that no step is missed: what comes meanwhile is looked at in the main loop. */
	subscription = g_dbus_connection_signal_subscribe(
		connection, CTL_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
		NULL, CTL_SESSION, G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &waiting, NULL);
	answer = ctl_bus_call(connection, path, peer ? CTL_MANAGER : CTL_SINK, "Connect",
			      g_variant_new("(@a{sv})", make_options(wish, peer, agent != NULL)),
			      "(o)", CTL_ASK_MS, &error);
	if (answer) {
		g_variant_get(answer, "(o)", &waiting.path);
		printf("Session %u\n", ctl_number_of(waiting.path, CTL_SESSION_PREFIX));
		fflush(stdout);
		if (!wish->no_wait)
			status = wait_for_session(&waiting);
	} else {
		status = ctl_bus_complain(error);
	}
	g_dbus_connection_signal_unsubscribe(connection, subscription);
	g_free(waiting.path);
	return status;
}

CtlStatus ctl_connect(const Ctl *ctl, int argc, char **argv)
{
	g_auto(CtlWish) wish = {
		.port = DEFAULT_PORT,
		.wait_s = NOT_GIVEN,
		.start_timeout_s = DEFAULT_START_TIMEOUT_S,
		.search_s = DEFAULT_SEARCH_S,
		.intent = NOT_GIVEN,
	};
	const GOptionEntry entries[] = {
		{"way", 0, 0, G_OPTION_ARG_STRING, &wish.way,
		 "The only way to try: \"mice\", \"p2p\" or \"address\"", "WAY"},
		{"maker", 0, 0, G_OPTION_ARG_STRING, &wish.maker,
		 "Who makes the Wi-Fi Direct group: \"auto\", \"supplicant\", "
		 "\"network-manager\" or \"iwd\"",
		 "MAKER"},
		{"intent", 0, 0, G_OPTION_ARG_INT, &wish.intent,
		 "How much this machine wants to own the Wi-Fi Direct group: 0 to 15", "NUMBER"},
		{"encryption", 0, 0, G_OPTION_ARG_STRING, &wish.encryption,
		 "Over the local network: \"auto\", \"required\" or \"never\"", "HOW"},
		{"pin", 0, 0, G_OPTION_ARG_STRING, &wish.pin, "The PIN that the sink shows", "PIN"},
		{"mode", 0, 0, G_OPTION_ARG_STRING, &wish.mode,
		 "Display mode instead of the best that both sides can", "WxH[@R]"},
		{"option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wish.driver_options,
		 "An option of the user-mode driver; may be repeated", "NAME=VALUE"},
		{"adapter", 0, 0, G_OPTION_ARG_STRING, &wish.adapter,
		 "Display adapter: its node or its name (any that is free)", "ADAPTER"},
		{"no-wait", 0, 0, G_OPTION_ARG_NONE, &wish.no_wait,
		 "Return at once: nobody can be asked for a PIN then", NULL},
		{"input", 0, 0, G_OPTION_ARG_NONE, &wish.input,
		 "Let the sink's mouse, touch screen and keys work here", NULL},
		{"no-reconnect", 0, 0, G_OPTION_ARG_NONE, &wish.no_reconnect,
		 "End the session when the link is lost", NULL},
		{"search", 0, 0, G_OPTION_ARG_INT, &wish.search_s,
		 "How long to look for a sink that is not there (30)", "SECONDS"},
		{"sink-timeout", 0, 0, G_OPTION_ARG_INT, &wish.wait_s,
		 "How long the sink may take to connect, once the way is there (30 to 90)",
		 "SECONDS"},
		{"start-timeout", 0, 0, G_OPTION_ARG_INT, &wish.start_timeout_s,
		 "How long the start may take then (30)", "SECONDS"},
		{"local", 0, 0, G_OPTION_ARG_STRING, &wish.local,
		 "This machine's address, for a sink that is named by its own", "ADDRESS"},
		{"port", 0, 0, G_OPTION_ARG_INT, &wish.port, "RTSP port to listen on (7236)",
		 "PORT"},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autofree char *path = NULL;
	const char *peer = NULL;
	CtlStatus status = CTL_OK;

	if (!ctl_parse(ctl, entries, "SINK", 1, 1, &argc, &argv))
		return CTL_USAGE;
	wish.sink = argv[1];
	if (!check_wish(&wish))
		return CTL_USAGE;
	connection = ctl_bus_connect(ctl);
	if (!connection)
		return CTL_NO_DAEMON;
	path = find_sink(connection, &wish, &peer, &status);
	if (!path)
		return status ? status : CTL_FAILED;
	return begin_session(connection, &wish, path, peer);
}
