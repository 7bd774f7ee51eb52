// SPDX-License-Identifier: GPL-2.0-or-later
#include "discovery/finder-mice.h"
#include "discovery/finder-p2p.h"
#include "manager.h"
#include "root.h"

#include <glib-unix.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STATE_DIRECTORY "/var/lib/miracast"

enum {
	EXIT_USAGE = 2,
};

typedef struct {
	GMainLoop *loop;
	HostManager *manager;
	bool verbose;
	bool in_journal;
	bool shutting_down;
	int status;
} HostDaemon;

/* The journal gets all fields; a terminal or a file gets one plain line. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				  gpointer data)
{
	const HostDaemon *daemon = data;
	const char *message = "";

	if (level >= G_LOG_LEVEL_INFO && !daemon->verbose)
		return G_LOG_WRITER_HANDLED;
	if (daemon->in_journal)
		return g_log_writer_journald(level, fields, n_fields, NULL);
	for (gsize i = 0; i < n_fields; i++)
		if (!strcmp(fields[i].key, "MESSAGE"))
			message = fields[i].value;
	fprintf(stderr, "miracastd: %s%s\n", level <= G_LOG_LEVEL_WARNING ? "warning: " : "",
		message);
	return G_LOG_WRITER_HANDLED;
}

static void quit(gpointer data)
{
	g_main_loop_quit(((HostDaemon *)data)->loop);
}

static void shut_down(HostDaemon *daemon)
{
	/* Asked twice, it does not wait for sessions to end. */
	if (daemon->shutting_down || !daemon->manager) {
		quit(daemon);
		return;
	}
	daemon->shutting_down = true;
	host_manager_shut_down(daemon->manager, quit, daemon);
}

static gboolean on_signal(gpointer data)
{
	shut_down(data);
	return G_SOURCE_CONTINUE;
}

static void on_name_acquired(GDBusConnection *connection, const char *name, gpointer data)
{
	g_message("Ready: %s is on the bus", name);
}

static void on_name_lost(GDBusConnection *connection, const char *name, gpointer data)
{
	HostDaemon *daemon = data;

	/* Nobody has asked a second time: sessions still end in order. */
	if (daemon->shutting_down)
		return;
	daemon->status = EXIT_FAILURE;
	/* NULL when it is the connection that was lost. */
	if (!connection)
		g_warning("The connection to the bus is gone, sessions are ended");
	else
		g_warning("%s belongs to another miracastd, or the bus's policy forbids it: end "
			  "the other one, or install io.github.linux_miracast.conf",
			  name);
	shut_down(daemon);
}

static GDBusConnection *connect_to_bus(const char *bus, GError **error)
{
	GDBusConnection *connection;

	if (!bus || !strcmp(bus, "system"))
		connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
	else if (!strcmp(bus, "session"))
		connection = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, error);
	else
		connection = g_dbus_connection_new_for_address_sync(
			bus,
			G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
				G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
			NULL, NULL, error);
	/* Sessions have to be ended first. */
	if (connection)
		g_dbus_connection_set_exit_on_close(connection, FALSE);
	return connection;
}

/* What manages networks and logins is there, wherever this daemon is; NULL: nothing is. */
static GDBusConnection *connect_to_system(void)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *system = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);

	if (system)
		g_dbus_connection_set_exit_on_close(system, FALSE);
	else
		g_message("No sink is looked for: %s", error->message);
	return system;
}

static void add_finders(GPtrArray *finders, GDBusConnection *system, HostListener *listener,
			const char *state_directory)
{
	g_ptr_array_add(finders, host_finder_mice_new(system, listener));
	g_ptr_array_add(finders, host_finder_p2p_new(system, listener, state_directory));
}

int main(int argc, char **argv)
{
	g_autofree char *bus = NULL;
	g_autofree char *driver = NULL;
	g_autofree char *session_program = NULL;
	g_autofree char *state_directory = NULL;
	gboolean verbose = FALSE;
	gboolean version = FALSE;
	const GOptionEntry entries[] = {
		{"bus", 0, 0, G_OPTION_ARG_STRING, &bus,
		 "D-Bus to be on: \"system\" (default), \"session\", or an address", "BUS"},
		{"driver", 0, 0, G_OPTION_ARG_FILENAME, &driver,
		 "User-mode driver to load (default: " DRIVER_PATH ")", "PATH"},
		{"session-program", 0, 0, G_OPTION_ARG_FILENAME, &session_program,
		 "Program of a session's process (default: " SESSION_PATH ")", "PATH"},
		{"state-directory", 0, 0, G_OPTION_ARG_FILENAME, &state_directory,
		 "Where known sinks are kept (default: $STATE_DIRECTORY, or " STATE_DIRECTORY ")",
		 "PATH"},
		{"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "Log every step", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) options =
		g_option_context_new("- streams this machine's wireless displays to their sinks");
	g_autoptr(GMainLoop) loop = NULL;
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(GDBusConnection) system = NULL;
	g_autoptr(HostListener) listener = NULL;
	g_autoptr(GPtrArray) finders = NULL;
	g_autoptr(HostManager) manager = NULL;
	g_autoptr(GError) error = NULL;
	HostProcessConfig process_config;
	HostDaemon daemon = {0};
	guint name_owner, sigterm, sigint;

	setlocale(LC_ALL, "");
	g_option_context_add_main_entries(options, entries, NULL);
	if (!g_option_context_parse(options, &argc, &argv, &error)) {
		fprintf(stderr, "miracastd: %s; see miracastd --help\n", error->message);
		return EXIT_USAGE;
	}
	if (argc > 1) {
		fprintf(stderr,
			"miracastd: \"%s\" is one argument too many; see miracastd --help\n",
			argv[1]);
		return EXIT_USAGE;
	}
	if (version) {
		printf("miracastd %s\n", VERSION);
		return EXIT_SUCCESS;
	}
	daemon.verbose = verbose;
	daemon.in_journal = g_log_writer_is_journald(STDERR_FILENO);
	g_log_set_writer_func(write_log, &daemon, NULL);

	connection = connect_to_bus(bus, &error);
	if (!connection) {
		g_warning("There is no way to the bus: %s", error->message);
		return EXIT_FAILURE;
	}
	loop = g_main_loop_new(NULL, FALSE);
	process_config = (HostProcessConfig){
		.program = session_program ? session_program : SESSION_PATH,
		.driver = driver ? driver : DRIVER_PATH,
		.verbose = verbose,
	};
	listener = host_listener_new();
	/* The preferred ones first. */
	finders = g_ptr_array_new_with_free_func(g_object_unref);
	if (!state_directory)
		state_directory = g_strdup(g_getenv("STATE_DIRECTORY"));
	if (!state_directory)
		state_directory = g_strdup(STATE_DIRECTORY);
	system = connect_to_system();
	if (system)
		add_finders(finders, system, listener, state_directory);
	manager = host_manager_new(connection, system, listener, finders, state_directory,
				   &process_config);
	daemon.loop = loop;
	daemon.manager = manager;
	name_owner = g_bus_own_name_on_connection(connection, HOST_BUS_NAME,
						  G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
						  on_name_acquired, on_name_lost, &daemon, NULL);
	sigterm = g_unix_signal_add(SIGTERM, on_signal, &daemon);
	sigint = g_unix_signal_add(SIGINT, on_signal, &daemon);

	g_main_loop_run(loop);

	g_source_remove(sigint);
	g_source_remove(sigterm);
	g_bus_unown_name(name_owner);
	/* What clients still have to be told. */
	g_dbus_connection_flush_sync(connection, NULL, NULL);
	return daemon.status;
}
