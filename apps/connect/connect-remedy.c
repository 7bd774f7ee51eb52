// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-remedy.h"

#include <glib/gi18n.h>
#include <string.h>

#define RTSP_PORT "7236"
/* From a package, and from source. */
#define ZONE_FILE	"/usr/lib/firewalld/zones/miracast.xml"
#define ZONE_FILE_LOCAL "/etc/firewalld/zones/miracast.xml"
/* Longer than polkit asks a person for. */
#define CALL_TIMEOUT_MS (150 * 1000)

typedef struct _Remedy Remedy;

struct _Remedy {
	const char *word;
	const char *label;
	void (*apply)(GTask *task, const Remedy *remedy);
	const char *what; /* systemd's unit, or firewalld's service that is let in, too */
};

/* Takes @task, and answers it with what the call comes to. */
static void call(GTask *task, const char *name, const char *path, const char *interface,
		 const char *method, GVariant *arguments, GAsyncReadyCallback callback)
{
	g_autoptr(GError) error = NULL;
	/* The bus is there already, or is known not to be. */
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);

	if (bus) {
		g_dbus_connection_call(bus, name, path, interface, method, arguments, NULL,
				       G_DBUS_CALL_FLAGS_NO_AUTO_START |
					       G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
				       CALL_TIMEOUT_MS, g_task_get_cancellable(task), callback,
				       task);
		return;
	}
	if (arguments)
		g_variant_unref(g_variant_ref_sink(arguments));
	g_task_return_error(task, g_steal_pointer(&error));
	g_object_unref(task);
}

static void on_done(GObject *bus, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &error);

	if (answer) {
		g_task_return_boolean(task, TRUE);
		return;
	}
	g_dbus_error_strip_remote_error(error);
	g_task_return_error(task, g_steal_pointer(&error));
}

static void systemd(GTask *task, const char *method, GVariant *arguments,
		    GAsyncReadyCallback callback)
{
	call(task, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
	     "org.freedesktop.systemd1.Manager", method, arguments, callback);
}

static void start_unit(GTask *task, const Remedy *remedy)
{
	systemd(task, "StartUnit", g_variant_new("(ss)", remedy->what, "replace"), on_done);
}

static void restart_unit(GTask *task, const Remedy *remedy)
{
	systemd(task, "RestartUnit", g_variant_new("(ss)", remedy->what, "replace"), on_done);
}

static void on_enabled(GObject *bus, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &error);
	GTask *task = data;

	if (answer) {
		start_unit(task, g_task_get_task_data(task));
		return;
	}
	g_dbus_error_strip_remote_error(error);
	g_task_return_error(task, g_steal_pointer(&error));
	g_object_unref(task);
}

/* Now, and at each start of the machine. */
static void enable_unit(GTask *task, const Remedy *remedy)
{
	const char *const units[] = {remedy->what, NULL};

	systemd(task, "EnableUnitFiles", g_variant_new("(^asbb)", units, FALSE, FALSE), on_enabled);
}

static void on_opened(GObject *bus, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &error);
	g_autofree char *name = error ? g_dbus_error_get_remote_error(error) : NULL;
	g_autoptr(GTask) task = data;

	if (answer || (error && strstr(error->message, "ALREADY_ENABLED"))) {
		g_task_return_boolean(task, TRUE);
	} else if (!g_strcmp0(name, "org.freedesktop.DBus.Error.ServiceUnknown")) {
		g_task_return_new_error(
			task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			_("There is no firewalld here. If there is another firewall, let TCP "
			  "port %s in."),
			RTSP_PORT);
	} else {
		g_dbus_error_strip_remote_error(error);
		g_task_return_error(task, g_steal_pointer(&error));
	}
}

static void firewalld(GTask *task, const char *interface, const char *method, GVariant *arguments,
		      GAsyncReadyCallback callback)
{
	call(task, "org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1", interface,
	     method, arguments, callback);
}

/* In the zone that is the default, until the firewall is started anew. */
static void open_port(GTask *task)
{
	firewalld(task, "org.fedoraproject.FirewallD1.zone", "addPort",
		  g_variant_new("(sssi)", "", RTSP_PORT, "tcp", 0), on_opened);
}

/* What keeps a step from being done keeps the next from it, which says so. */
static void on_let_in(GObject *bus, GAsyncResult *result, gpointer task)
{
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, NULL);

	open_port(task);
}

static void let_in(GTask *task)
{
	const Remedy *remedy = g_task_get_task_data(task);

	if (remedy->what)
		firewalld(task, "org.fedoraproject.FirewallD1.zone", "addService",
			  g_variant_new("(ssi)", "", remedy->what, 0), on_let_in);
	else
		open_port(task);
}

static void on_reloaded(GObject *bus, GAsyncResult *result, gpointer task)
{
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, NULL);

	let_in(task);
}

/* Sinks in Wi-Fi Direct groups have a zone of their own, which comes with the service. */
static void on_zones(GObject *bus, GAsyncResult *result, gpointer task)
{
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, NULL);
	g_autofree const char **zones = NULL;

	if (answer && g_variant_is_of_type(answer, G_VARIANT_TYPE("(as)")))
		g_variant_get(answer, "(^a&s)", &zones);
	if (zones && !g_strv_contains(zones, "miracast") &&
	    (g_file_test(ZONE_FILE, G_FILE_TEST_EXISTS) ||
	     g_file_test(ZONE_FILE_LOCAL, G_FILE_TEST_EXISTS)))
		firewalld(task, "org.fedoraproject.FirewallD1", "reload", NULL, on_reloaded);
	else
		let_in(task);
}

static void open_firewall(GTask *task, const Remedy *remedy)
{
	firewalld(task, "org.fedoraproject.FirewallD1.zone", "getZones", NULL, on_zones);
}

static void switch_wifi_on(GTask *task, const Remedy *remedy)
{
	call(task, "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
	     "org.freedesktop.DBus.Properties", "Set",
	     g_variant_new("(ssv)", "org.freedesktop.NetworkManager", "WirelessEnabled",
			   g_variant_new_boolean(TRUE)),
	     on_done);
}

static const Remedy remedies[] = {
	{"service", N_("Start the service"), enable_unit, "miracastd.service"},
	/* It has the driver loaded as it starts, and may open only what was there by then. */
	{"no-adapter", N_("Load the driver"), restart_unit, "miracastd.service"},
	{"adapter-gone", N_("Load the driver"), restart_unit, "miracastd.service"},
	{"avahi", N_("Start Avahi"), start_unit, "avahi-daemon.service"},
	{"avahi-away", N_("Start Avahi"), start_unit, "avahi-daemon.service"},
	{"supplicant-away", N_("Start wpa_supplicant"), start_unit, "wpa_supplicant.service"},
	{"address-service-away", N_("Start the address service"), start_unit,
	 "miracast-address.socket"},
	{"firewall", N_("Open the firewall"), open_firewall, "mdns"},
	{"sink-did-not-connect", N_("Open the firewall"), open_firewall, NULL},
	{"network-manager-owns", N_("Open the firewall"), open_firewall, NULL},
	{"radio-blocked", N_("Switch Wi-Fi on"), switch_wifi_on, NULL},
};

static const Remedy *find(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (!strcmp(remedies[i].word, word))
			return &remedies[i];
	return NULL;
}

const char *connect_remedy_label(const char *word)
{
	const Remedy *remedy = find(word);

	return remedy ? _(remedy->label) : NULL;
}

void connect_remedy_apply_async(const char *word, GCancellable *cancellable,
				GAsyncReadyCallback callback, gpointer user_data)
{
	const Remedy *remedy = find(word);
	GTask *task = g_task_new(NULL, cancellable, callback, user_data);

	g_task_set_task_data(task, (gpointer)remedy, NULL);
	remedy->apply(task, remedy);
}

gboolean connect_remedy_apply_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}
