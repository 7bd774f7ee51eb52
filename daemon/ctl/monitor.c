// SPDX-License-Identifier: GPL-2.0-or-later
/* What sinks and sessions on the bus do, one event a line. */
#include "commands.h"
#include "ctl-bus.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct {
	bool json;
	GMainLoop *loop;
} CtlMonitor;

/* "sink" or "session"; NULL: neither. */
static const char *kind_of(const char *path, guint *number)
{
	*number = ctl_number_of(path, CTL_SINK_PREFIX);
	if (*number)
		return "sink";
	*number = ctl_number_of(path, CTL_SESSION_PREFIX);
	return *number ? "session" : NULL;
}

/* @properties: an a{sv}, or NULL */
static void print_event(CtlMonitor *monitor, const char *path, const char *what,
			GVariant *properties)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_autofree char *event = NULL;
	g_autoptr(GVariant) dict = NULL;
	GVariantIter iter;
	const char *key;
	GVariant *value;
	guint number;
	const char *kind = kind_of(path, &number);

	if (!kind)
		return;
	event = g_strdup_printf("%s-%s", kind, what);
	g_variant_builder_add(&builder, "{sv}", "event", g_variant_new_string(event));
	g_variant_builder_add(&builder, "{sv}", kind, g_variant_new_uint32(number));
	ctl_add_properties(&builder, properties);
	dict = g_variant_ref_sink(g_variant_builder_end(&builder));
	if (monitor->json) {
		ctl_print_json(dict);
		return;
	}
	printf("%s", event);
	g_variant_iter_init(&iter, dict);
	while (g_variant_iter_loop(&iter, "{&sv}", &key, &value)) {
		g_autofree char *text = NULL;

		if (!strcmp(key, "event"))
			continue;
		/* A text in quotes: it may have spaces. */
		text = g_variant_print(value, FALSE);
		printf(" %s=", key);
		ctl_print_column(text, 0);
	}
	putchar('\n');
	fflush(stdout);
}

static void on_signal(GDBusConnection *connection, const char *sender, const char *path,
		      const char *interface, const char *signal, GVariant *arguments, gpointer data)
{
	CtlMonitor *monitor = data;
	g_autoptr(GVariant) properties = NULL;
	g_autoptr(GVariant) interfaces = NULL;
	const char *object;

	if (!strcmp(signal, "PropertiesChanged")) {
		g_variant_get(arguments, "(&s@a{sv}as)", NULL, &properties, NULL);
		print_event(monitor, path, "changed", properties);
	} else if (!strcmp(signal, "InterfacesAdded")) {
		g_variant_get(arguments, "(&o@a{sa{sv}})", &object, &interfaces);
		properties = g_variant_lookup_value(interfaces, CTL_SINK, G_VARIANT_TYPE_VARDICT);
		if (!properties)
			properties = g_variant_lookup_value(interfaces, CTL_SESSION,
							    G_VARIANT_TYPE_VARDICT);
		print_event(monitor, object, "added", properties);
	} else if (!strcmp(signal, "InterfacesRemoved")) {
		g_variant_get(arguments, "(&oas)", &object, NULL);
		print_event(monitor, object, "removed", NULL);
	}
}

static void on_daemon_gone(GDBusConnection *connection, const char *name, gpointer data)
{
	CtlMonitor *monitor = data;

	g_main_loop_quit(monitor->loop);
}

CtlStatus ctl_monitor(const Ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON, an event a line", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(GMainLoop) loop = NULL;
	CtlMonitor monitor;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	connection = ctl_bus_connect(ctl);
	if (!connection)
		return CTL_NO_DAEMON;
	loop = g_main_loop_new(NULL, FALSE);
	monitor = (CtlMonitor){.json = json, .loop = loop};
	g_dbus_connection_signal_subscribe(connection, CTL_BUS_NAME, NULL, NULL, NULL, NULL,
					   G_DBUS_SIGNAL_FLAGS_NONE, on_signal, &monitor, NULL);
	g_bus_watch_name_on_connection(connection, CTL_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
				       NULL, on_daemon_gone, &monitor, NULL);
	g_main_loop_run(loop);
	ctl_complain("miracastd does not run, or not any more");
	return CTL_NO_DAEMON;
}
