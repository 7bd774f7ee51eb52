// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-remedy.h"

#include <glib/gi18n.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define RTSP_PORT "7236"
/* From a package, and from source. */
#define ZONE_FILE	"/usr/lib/firewalld/zones/miracast.xml"
#define ZONE_FILE_LOCAL "/etc/firewalld/zones/miracast.xml"
#define FIREWALLD	"org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH	"/org/fedoraproject/FirewallD1"
/* Longer than polkit asks a person for. */
#define CALL_TIMEOUT_MS (150 * 1000)

typedef struct {
	const char *fix;
	const char *label;
	bool (*apply)(GDBusConnection *bus, const char *what, const char *address, GError **error);
	const char *what; /* systemd's unit, or firewalld's service that is let in, too */
} Remedy;

typedef struct {
	const Remedy *remedy;
	char *address;
} Job;

static void job_free(gpointer data)
{
	Job *job = data;

	g_free(job->address);
	g_free(job);
}

static GVariant *call(GDBusConnection *bus, const char *name, const char *path,
		      const char *interface, const char *method, GVariant *arguments,
		      const char *answer, GError **error)
{
	return g_dbus_connection_call_sync(
		bus, name, path, interface, method, arguments,
		answer ? G_VARIANT_TYPE(answer) : NULL,
		G_DBUS_CALL_FLAGS_NO_AUTO_START | G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
		CALL_TIMEOUT_MS, NULL, error);
}

/* With a sentence for people in @error, if whoever was called is not there. */
G_GNUC_PRINTF(2, 3)
static void explain_absence(GError **error, const char *format, ...)
{
	va_list args;

	if (!g_error_matches(*error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) &&
	    !g_error_matches(*error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
		return;
	g_clear_error(error);
	va_start(args, format);
	*error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_NOT_FOUND, format, args);
	va_end(args);
}

static bool systemd(GDBusConnection *bus, const char *method, const char *unit, GVariant *arguments,
		    GError **error)
{
	g_autoptr(GVariant)
		answer = call(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			      "org.freedesktop.systemd1.Manager", method, arguments, NULL, error);

	if (!answer)
		explain_absence(error, _("There is no systemd here to start %s."), unit);
	return answer != NULL;
}

static bool restart_unit(GDBusConnection *bus, const char *unit, const char *address,
			 GError **error)
{
	return systemd(bus, "RestartUnit", unit, g_variant_new("(ss)", unit, "replace"), error);
}

/* Now, and at each start of the machine. */
static bool enable_unit(GDBusConnection *bus, const char *unit, const char *address, GError **error)
{
	const char *const units[] = {unit, NULL};

	return systemd(bus, "EnableUnitFiles", unit, g_variant_new("(^asbb)", units, FALSE, FALSE),
		       error) &&
	       systemd(bus, "StartUnit", unit, g_variant_new("(ss)", unit, "replace"), error);
}

/* NULL if there is no interface with that address (any more). Transfer full. */
static char *find_interface(const char *address)
{
	g_autoptr(GInetAddress) wanted = address ? g_inet_address_new_from_string(address) : NULL;
	struct ifaddrs *all = NULL;
	char *name = NULL;

	if (!wanted || getifaddrs(&all))
		return NULL;
	for (struct ifaddrs *one = all; one && !name; one = one->ifa_next) {
		g_autoptr(GSocketAddress)
			its = one->ifa_addr ? g_socket_address_new_from_native(
						      one->ifa_addr, sizeof(struct sockaddr_in6))
					    : NULL;

		if (G_IS_INET_SOCKET_ADDRESS(its) &&
		    g_inet_address_equal(
			    g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(its)), wanted))
			name = g_strdup(one->ifa_name);
	}
	freeifaddrs(all);
	return name;
}

/* One text that firewalld knows. Transfer full. */
static char *ask_firewalld(GDBusConnection *bus, const char *interface, const char *method,
			   GVariant *arguments, GError **error)
{
	g_autoptr(GVariant) answer =
		call(bus, FIREWALLD, FIREWALLD_PATH, interface, method, arguments, "(s)", error);
	char *text = NULL;

	if (answer)
		g_variant_get(answer, "(s)", &text);
	return text;
}

/* That in which the interface with @address is, or the default one. Transfer full. */
static char *find_zone(GDBusConnection *bus, const char *address, GError **error)
{
	g_autofree char *interface = find_interface(address);
	g_autofree char *zone = interface ? ask_firewalld(bus, FIREWALLD ".zone",
							  "getZoneOfInterface",
							  g_variant_new("(s)", interface), error)
					  : g_strdup("");

	if (zone && !*zone)
		return ask_firewalld(bus, FIREWALLD, "getDefaultZone", NULL, error);
	return g_steal_pointer(&zone);
}

/* TRUE also if it is so already. */
static bool tell_firewalld(GDBusConnection *bus, const char *path, const char *interface,
			   const char *method, GVariant *arguments, GError **error)
{
	g_autoptr(GError) refusal = NULL;
	g_autoptr(GVariant)
		answer = call(bus, FIREWALLD, path, interface, method, arguments, NULL, &refusal);

	if (answer || strstr(refusal->message, "ALREADY_ENABLED"))
		return true;
	g_propagate_error(error, g_steal_pointer(&refusal));
	return false;
}

/* Sinks in Wi-Fi Direct groups have a zone of their own, which comes with the service. */
static bool see_to_own_zone(GDBusConnection *bus, GError **error)
{
	g_autoptr(GVariant) answer = call(bus, FIREWALLD, FIREWALLD_PATH, FIREWALLD ".zone",
					  "getZones", NULL, "(as)", error);
	g_autofree const char **zones = NULL;

	if (!answer)
		return false;
	g_variant_get(answer, "(^a&s)", &zones);
	if (g_strv_contains(zones, "miracast") ||
	    (!g_file_test(ZONE_FILE, G_FILE_TEST_EXISTS) &&
	     !g_file_test(ZONE_FILE_LOCAL, G_FILE_TEST_EXISTS)))
		return true;
	return tell_firewalld(bus, FIREWALLD_PATH, FIREWALLD, "reload", NULL, error);
}

/* For good, and now: firewalld keeps the two apart. */
static bool let_in(GDBusConnection *bus, const char *zone, const char *service, GError **error)
{
	g_autoptr(GVariant)
		answer = call(bus, FIREWALLD, FIREWALLD_PATH "/config", FIREWALLD ".config",
			      "getZoneByName", g_variant_new("(s)", zone), "(o)", error);
	const char *path;

	if (!answer)
		return false;
	g_variant_get(answer, "(&o)", &path);
	if (service && (!tell_firewalld(bus, path, FIREWALLD ".config.zone", "addService",
					g_variant_new("(s)", service), error) ||
			!tell_firewalld(bus, FIREWALLD_PATH, FIREWALLD ".zone", "addService",
					g_variant_new("(ssi)", zone, service, 0), error)))
		return false;
	return tell_firewalld(bus, path, FIREWALLD ".config.zone", "addPort",
			      g_variant_new("(ss)", RTSP_PORT, "tcp"), error) &&
	       tell_firewalld(bus, FIREWALLD_PATH, FIREWALLD ".zone", "addPort",
			      g_variant_new("(sssi)", zone, RTSP_PORT, "tcp", 0), error);
}

static bool open_firewall(GDBusConnection *bus, const char *service, const char *address,
			  GError **error)
{
	g_autofree char *zone = NULL;

	if (!see_to_own_zone(bus, error)) {
		explain_absence(error,
				_("There is no firewalld here. If there is another firewall, let "
				  "TCP port %s in."),
				RTSP_PORT);
		return false;
	}
	zone = find_zone(bus, address, error);
	return zone && let_in(bus, zone, service, error);
}

static bool switch_wifi_on(GDBusConnection *bus, const char *what, const char *address,
			   GError **error)
{
	g_autoptr(GVariant) answer =
		call(bus, "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
		     "org.freedesktop.DBus.Properties", "Set",
		     g_variant_new("(ssv)", "org.freedesktop.NetworkManager", "WirelessEnabled",
				   g_variant_new_boolean(TRUE)),
		     NULL, error);

	if (!answer)
		explain_absence(error, _("There is no NetworkManager here: run '%s'."),
				"rfkill unblock wlan");
	return answer != NULL;
}

static const Remedy remedies[] = {
	{"enable-service", N_("Start the service"), enable_unit, "miracastd.service"},
	{"restart-service", N_("Restart the service"), restart_unit, "miracastd.service"},
	/* It has the driver loaded as it starts, and may open only what was there by then. */
	{"load-driver", N_("Load the driver"), restart_unit, "miracastd.service"},
	{"enable-avahi", N_("Start Avahi"), enable_unit, "avahi-daemon.service"},
	{"enable-supplicant", N_("Start wpa_supplicant"), enable_unit, "wpa_supplicant.service"},
	{"enable-address-service", N_("Start the address service"), enable_unit,
	 "miracast-address.socket"},
	{"open-firewall", N_("Open the firewall"), open_firewall, "mdns"},
	{"open-port", N_("Open the firewall"), open_firewall, NULL},
	{"switch-wifi-on", N_("Switch Wi-Fi on"), switch_wifi_on, NULL},
};

const char *connect_remedy_for(const char *word)
{
	static const struct {
		const char *word, *fix;
	} fixes[] = {
		{"no-adapter", "load-driver"},
		{"adapter-gone", "load-driver"},
		{"avahi-away", "enable-avahi"},
		{"supplicant-away", "enable-supplicant"},
		{"address-service-away", "enable-address-service"},
		{"sink-did-not-connect", "open-port"},
		{"network-manager-owns", "open-port"},
		{"radio-blocked", "switch-wifi-on"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(fixes); i++)
		if (!strcmp(fixes[i].word, word))
			return fixes[i].fix;
	return NULL;
}

static const Remedy *find(const char *fix)
{
	for (gsize i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (!g_strcmp0(remedies[i].fix, fix))
			return &remedies[i];
	return NULL;
}

const char *connect_remedy_label(const char *fix)
{
	const Remedy *remedy = find(fix);

	return remedy ? _(remedy->label) : NULL;
}

/* In a thread: one call after the other, each of which may wait for a person; the first refusal is the last. */
static void apply(GTask *task, gpointer object, gpointer data, GCancellable *cancellable)
{
	const Job *job = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);

	if (bus && job->remedy->apply(bus, job->remedy->what, job->address, &error)) {
		g_task_return_boolean(task, TRUE);
		return;
	}
	g_dbus_error_strip_remote_error(error);
	g_task_return_error(task, g_steal_pointer(&error));
}

void connect_remedy_apply_async(const char *fix, const char *address, GAsyncReadyCallback callback,
				gpointer user_data)
{
	g_autoptr(GTask) task = g_task_new(NULL, NULL, callback, user_data);
	Job *job = g_new0(Job, 1);

	*job = (Job){.remedy = find(fix), .address = g_strdup(address)};
	g_task_set_task_data(task, job, job_free);
	g_task_run_in_thread(task, apply);
}

gboolean connect_remedy_apply_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}
