// SPDX-License-Identifier: GPL-2.0-or-later
/* Sinks that miracastd knows, and the search for others. */
#include "commands.h"
#include "ctl-bus.h"

#include <glib-unix.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SCAN_S 10
#define MAX_SCAN_S     3600

/* Of the session's own group nobody wants to know that it cannot be joined. @property: "Obstacle..." */
static const char *get_obstacle(const CtlObject *sink, const char *property)
{
	bool in_use = ctl_number_of(ctl_object_get_text(sink, "Session"), CTL_SESSION_PREFIX);

	return in_use ? "" : ctl_object_get_text(sink, property);
}

/* What a person wants to know first. Transfer full. */
static char *describe_state(const CtlObject *sink)
{
	guint session = ctl_number_of(ctl_object_get_text(sink, "Session"), CTL_SESSION_PREFIX);
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	if (session)
		g_ptr_array_add(words, g_strdup_printf("in session %u", session));
	else if (ctl_object_get_flag(sink, "Available"))
		g_ptr_array_add(words, g_strdup("there"));
	else
		g_ptr_array_add(words, g_strdup("not there"));
	if (ctl_object_get_flag(sink, "Known"))
		g_ptr_array_add(words, g_strdup("known"));
	else if (ctl_object_get_flag(sink, "NeedsPin"))
		g_ptr_array_add(words, g_strdup("needs a PIN"));
	if (*get_obstacle(sink, "Obstacle"))
		g_ptr_array_add(words, g_strdup(get_obstacle(sink, "Obstacle")));
	g_ptr_array_add(words, NULL);
	return g_strjoinv(", ", (char **)words->pdata);
}

static char *describe_signal(const CtlObject *sink)
{
	gint32 strength = -1;

	g_variant_lookup(sink->properties, "SignalStrength", "i", &strength);
	return strength < 0 ? g_strdup("-") : g_strdup_printf("%d %%", strength);
}

static void print_row(const char *name, const char *address, const char *ways, const char *strength,
		      const char *kind, const char *state)
{
	ctl_print_column(name, 28);
	putchar(' ');
	ctl_print_column(address, 18);
	putchar(' ');
	ctl_print_column(ways, 12);
	putchar(' ');
	ctl_print_column(strength, 6);
	putchar(' ');
	ctl_print_column(kind, 10);
	putchar(' ');
	ctl_print_column(state, 0);
	putchar('\n');
}

static void print_table(const CtlObjects *objects)
{
	if (!objects->sinks->len) {
		puts("There is no sink: look for one with 'miracastctl scan'.");
		return;
	}
	print_row("NAME", "ADDRESS", "WAYS", "SIGNAL", "KIND", "STATE");
	for (guint i = 0; i < objects->sinks->len; i++) {
		const CtlObject *sink = objects->sinks->pdata[i];
		g_autofree char *ways = ctl_object_join(sink, "Ways", " ");
		g_autofree char *strength = describe_signal(sink);
		g_autofree char *state = describe_state(sink);

		print_row(ctl_object_get_text(sink, "Name"), ctl_object_get_text(sink, "Address"),
			  *ways ? ways : "-", strength, ctl_object_get_text(sink, "Kind"), state);
	}
}

static void add_sink(GVariantBuilder *list, const CtlObject *sink)
{
	g_variant_builder_open(list, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(list, "{sv}", "sink", g_variant_new_uint32(sink->number));
	ctl_add_properties(list, sink->properties);
	g_variant_builder_close(list);
}

static void print_json(const CtlObjects *objects)
{
	g_auto(GVariantBuilder) list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
	g_autoptr(GVariant) all = NULL;

	for (guint i = 0; i < objects->sinks->len; i++)
		add_sink(&list, objects->sinks->pdata[i]);
	all = g_variant_ref_sink(g_variant_builder_end(&list));
	ctl_print_json(all);
}

/* For the completion of command lines: what a person would type. */
static void print_names(const CtlObjects *objects)
{
	for (guint i = 0; i < objects->sinks->len; i++) {
		ctl_print_column(ctl_object_get_text(objects->sinks->pdata[i], "Name"), 0);
		putchar('\n');
	}
}

/* Why sinks that are there cannot be connected now. */
static void complain_of_obstacles(const CtlObjects *objects)
{
	for (guint i = 0; i < objects->sinks->len; i++) {
		const CtlObject *sink = objects->sinks->pdata[i];
		const char *message = get_obstacle(sink, "ObstacleMessage");

		if (*message)
			ctl_complain("%s: %s", ctl_object_get_text(sink, "Name"), message);
	}
}

static CtlStatus print_sinks(GDBusConnection *connection, bool problems,
			     void (*print)(const CtlObjects *objects))
{
	CtlStatus status = CTL_OK;
	g_autoptr(CtlObjects) objects = ctl_objects_get(connection, &status);

	if (!objects)
		return status;
	if (problems) {
		ctl_objects_complain_of_problems(objects);
		complain_of_obstacles(objects);
	}
	print(objects);
	return CTL_OK;
}

CtlStatus ctl_list(const Ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE, names = FALSE;
	const GOptionEntry entries[] = {
		{"names", 0, 0, G_OPTION_ARG_NONE, &names, "Print the names only", NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	if (json && names) {
		ctl_complain("--json and --names exclude each other");
		return CTL_USAGE;
	}
	connection = ctl_bus_connect(ctl);
	if (!connection)
		return CTL_NO_DAEMON;
	return print_sinks(connection, false,
			   names  ? print_names
			   : json ? print_json
				  : print_table);
}

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* A ^C only ends it early. */
static void wait_seconds(guint seconds)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	guint timeout = g_timeout_add_seconds(seconds, quit, loop);
	guint interrupt = g_unix_signal_add(SIGINT, quit, loop);

	g_main_loop_run(loop);
	g_source_remove(timeout);
	g_source_remove(interrupt);
}

CtlStatus ctl_scan(const Ctl *ctl, int argc, char **argv)
{
	int seconds = DEFAULT_SCAN_S;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How long to look (10)", "N"},
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;
	CtlStatus status = CTL_OK;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	if (seconds < 1 || seconds > MAX_SCAN_S) {
		ctl_complain("--seconds has to be 1 to %d", MAX_SCAN_S);
		return CTL_USAGE;
	}
	connection = ctl_bus_connect(ctl);
	if (!connection)
		return CTL_NO_DAEMON;
	if (!ctl_bus_start_discovery(connection, &status))
		return status;
	if (!json && isatty(STDOUT_FILENO)) {
		printf("Looking for %d s ...\n", seconds);
		fflush(stdout);
	}
	wait_seconds(seconds);
	/* It ends with this program's place on the bus. */
	return print_sinks(connection, true, json ? print_json : print_table);
}

static void print_sink(const CtlObjects *objects, const CtlObject *sink)
{
	const char *maker = ctl_objects_get_maker(objects, "p2p");
	const char *obstacle = get_obstacle(sink, "ObstacleMessage");
	g_autofree char *ways = ctl_object_join(sink, "Ways", ", then ");
	g_autofree char *strength = describe_signal(sink);
	g_autofree char *state = describe_state(sink);
	const char *values[][2] = {
		{"address", ctl_object_get_text(sink, "Address")},
		{"ways", ways},
		/* Of Wi-Fi Direct. */
		{"maker", strstr(ways, "p2p") ? maker : ""},
		{"signal", strength},
		{"kind", ctl_object_get_text(sink, "Kind")},
		{"state", state},
		{"HDCP", ctl_object_get_flag(sink, "ContentProtection") ? "yes" : "no"},
	};

	ctl_print_column(ctl_object_get_text(sink, "Name"), 0);
	printf(" (sink/%u)\n", sink->number);
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
		ctl_print_labelled(values[i][0], *values[i][1] ? values[i][1] : "-");
	if (*obstacle)
		ctl_print_labelled("obstacle", obstacle);
}

CtlStatus ctl_show(const Ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(CtlObjects) objects = NULL;
	const CtlObject *sink;
	CtlStatus status = CTL_OK;

	if (!ctl_parse(ctl, entries, "SINK", 1, 1, &argc, &argv))
		return CTL_USAGE;
	objects = ctl_objects_open(ctl, &connection, &status);
	if (!objects)
		return status;
	sink = ctl_objects_need_sink(objects, argv[1]);
	if (!sink)
		return CTL_FAILED;
	if (json) {
		g_auto(GVariantBuilder) list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
		g_autoptr(GVariant) all = NULL;
		g_autoptr(GVariant) one = NULL;

		add_sink(&list, sink);
		all = g_variant_ref_sink(g_variant_builder_end(&list));
		one = g_variant_get_child_value(all, 0);
		ctl_print_json(one);
	} else {
		print_sink(objects, sink);
	}
	return CTL_OK;
}

CtlStatus ctl_forget(const Ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(CtlObjects) objects = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	const CtlObject *sink;
	CtlStatus status = CTL_OK;

	if (!ctl_parse(ctl, entries, "SINK", 1, 1, &argc, &argv))
		return CTL_USAGE;
	objects = ctl_objects_open(ctl, &connection, &status);
	if (!objects)
		return status;
	sink = ctl_objects_need_sink(objects, argv[1]);
	if (!sink)
		return CTL_FAILED;
	answer = ctl_bus_call(connection, sink->path, CTL_SINK, "Forget", NULL, "()", CTL_ASK_MS,
			      &error);
	return answer ? CTL_OK : ctl_bus_complain(error);
}
