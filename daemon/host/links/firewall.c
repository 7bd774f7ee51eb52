// SPDX-License-Identifier: GPL-2.0-or-later
#include "firewall.h"

#include <string.h>

#define FIREWALLD      "org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH "/org/fedoraproject/FirewallD1"
#define ANSWER_MS      5000

/* What ufw is switched on by, and what Debian's nftables.service loads. */
#define UFW_CONFIG	"/etc/ufw/ufw.conf"
#define NFTABLES_CONFIG "/etc/nftables.conf"
#define NFTABLES_MODULE "/sys/module/nf_tables"

typedef struct {
	char *interface;
	guint16 port;
	const char *protocol;
	char *zone;
	gboolean is_sure;
} Look;

static void look_free(gpointer data)
{
	Look *look = data;

	g_free(look->interface);
	g_free(look->zone);
	g_free(look);
}

gboolean host_firewall_has_zone(void)
{
	static const char *const directories[] = {"/usr/lib/firewalld/zones",
						  "/etc/firewalld/zones"};
	gboolean found = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(directories) && !found; i++) {
		g_autofree char *path =
			g_build_filename(directories[i], HOST_FIREWALL_ZONE ".xml", NULL);

		found = g_file_test(path, G_FILE_TEST_EXISTS);
	}
	return found;
}

/* An interface as zones name it: a + at its end stands for any end. */
static gboolean is_named(const char *pattern, const char *interface)
{
	gsize n = strlen(pattern);

	if (n && pattern[n - 1] == '+')
		return !strncmp(pattern, interface, n - 1);
	return !strcmp(pattern, interface);
}

const char *host_firewall_find_zone(GVariant *active, const char *interface)
{
	const char *found = NULL;
	gboolean is_exact = FALSE;
	GVariantIter zones;
	const char *zone;
	GVariant *members;

	g_variant_iter_init(&zones, active);
	while (g_variant_iter_next(&zones, "{&s@a{sas}}", &zone, &members)) {
		g_autoptr(GVariant) owned = members;
		g_autofree const char **names = NULL;

		g_variant_lookup(members, "interfaces", "^a&s", &names);
		for (gsize i = 0; names && names[i] && !is_exact; i++) {
			is_exact = !strcmp(names[i], interface);
			if (is_exact || (!found && is_named(names[i], interface)))
				found = zone;
		}
	}
	return found;
}

/* "7236", or "7000-8000" */
static gboolean has_port(const char *text, guint16 port)
{
	char *end;
	guint64 first = g_ascii_strtoull(text, &end, 10);
	guint64 last = *end == '-' ? g_ascii_strtoull(end + 1, NULL, 10) : first;

	return first <= port && port <= last;
}

gboolean host_firewall_lets_in(GVariant *settings, guint16 port, const char *protocol)
{
	g_autoptr(GVariantIter) ports = NULL;
	g_autofree const char **services = NULL;
	g_autofree const char **rules = NULL;
	const char *target = "", *text, *its_protocol;

	g_variant_lookup(settings, "target", "&s", &target);
	g_variant_lookup(settings, "rules_str", "^a&s", &rules);
	if (!strcmp(target, "ACCEPT") && (!rules || !*rules))
		return TRUE;
	g_variant_lookup(settings, "services", "^a&s", &services);
	if (port == HOST_FIREWALL_DHCP_PORT && services && g_strv_contains(services, "dhcp"))
		return TRUE;
	g_variant_lookup(settings, "ports", "a(ss)", &ports);
	while (ports && g_variant_iter_next(ports, "(&s&s)", &text, &its_protocol))
		if (has_port(text, port) && !strcmp(its_protocol, protocol))
			return TRUE;
	return FALSE;
}

/*
 * The look: firewalld's zones, the default one if the interface is in none, and the zone's settings.
 */

static void call(GTask *task, GDBusConnection *bus, const char *interface, const char *method,
		 GVariant *arguments, const char *answer, GAsyncReadyCallback callback)
{
	g_dbus_connection_call(bus, FIREWALLD, FIREWALLD_PATH, interface, method, arguments,
			       G_VARIANT_TYPE(answer), G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS,
			       g_task_get_cancellable(task), callback, g_object_ref(task));
}

static GVariant *call_finish(GObject *bus, GAsyncResult *result)
{
	return g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, NULL);
}

static void return_zone(GTask *task, gboolean is_sure)
{
	Look *look = g_task_get_task_data(task);

	look->is_sure = is_sure;
	g_task_return_pointer(
		task,
		g_strdup_printf("firewalld's zone %s, which %s is in, %s let the sink come to "
				"%u/%s: 'firewall-cmd --zone=%s --add-port=%u/%s', and with "
				"--permanent for good",
				look->zone, look->interface, is_sure ? "does not" : "may not",
				look->port, look->protocol, look->zone, look->port, look->protocol),
		g_free);
}

static void on_settings(GObject *bus, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	Look *look = g_task_get_task_data(task);
	g_autoptr(GVariant) answer = call_finish(bus, result);
	g_autoptr(GVariant) settings = answer ? g_variant_get_child_value(answer, 0) : NULL;

	if (settings && host_firewall_lets_in(settings, look->port, look->protocol))
		g_task_return_pointer(task, NULL, NULL);
	else
		return_zone(task, settings != NULL);
}

static void ask_for_settings(GTask *task, GObject *bus, const char *zone)
{
	Look *look = g_task_get_task_data(task);

	look->zone = g_strdup(zone);
	call(task, G_DBUS_CONNECTION(bus), FIREWALLD ".zone", "getZoneSettings2",
	     g_variant_new("(s)", zone), "(a{sv})", on_settings);
}

static void on_default_zone(GObject *bus, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GVariant) answer = call_finish(bus, result);
	const char *zone;

	if (!answer) {
		g_task_return_pointer(task, NULL, NULL);
		return;
	}
	g_variant_get(answer, "(&s)", &zone);
	ask_for_settings(task, bus, zone);
}

static gboolean ufw_is_on(void)
{
	g_autofree char *text = NULL;

	return g_file_get_contents(UFW_CONFIG, &text, NULL, NULL) &&
	       g_regex_match_simple("^\\s*ENABLED=yes\\s*$", text,
				    G_REGEX_MULTILINE | G_REGEX_CASELESS, 0);
}

/* Rules of the others are root's to read. */
static void look_at_others(GTask *task)
{
	const Look *look = g_task_get_task_data(task);
	char *message = NULL;

	if (ufw_is_on())
		message = g_strdup_printf("ufw is on, and may not let the sink come to %u/%s: 'ufw "
					  "allow in on %s to any port %u proto %s'",
					  look->port, look->protocol, look->interface, look->port,
					  look->protocol);
	else if (g_file_test(NFTABLES_MODULE, G_FILE_TEST_EXISTS) &&
		 g_file_test(NFTABLES_CONFIG, G_FILE_TEST_EXISTS))
		message = g_strdup_printf(
			"nftables may not let the sink come to %u/%s: see 'nft list ruleset', and "
			"put 'iifname \"%s\" %s dport %u accept' into its input chain",
			look->port, look->protocol, look->interface, look->protocol, look->port);
	g_task_return_pointer(task, message, g_free);
}

static void on_zones(GObject *bus, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	Look *look = g_task_get_task_data(task);
	g_autoptr(GVariant) answer = call_finish(bus, result);
	g_autoptr(GVariant) active = answer ? g_variant_get_child_value(answer, 0) : NULL;
	const char *zone = active ? host_firewall_find_zone(active, look->interface) : NULL;

	if (!active)
		look_at_others(task);
	else if (zone)
		ask_for_settings(task, bus, zone);
	else
		call(task, G_DBUS_CONNECTION(bus), FIREWALLD, "getDefaultZone", NULL, "(s)",
		     on_default_zone);
}

static void on_bus(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, NULL);

	if (bus)
		call(task, bus, FIREWALLD ".zone", "getActiveZones", NULL, "(a{sa{sas}})",
		     on_zones);
	else
		look_at_others(task);
}

void host_firewall_look_async(const char *interface, guint16 port, const char *protocol,
			      GCancellable *cancellable, GAsyncReadyCallback callback,
			      gpointer user_data)
{
	GTask *task = g_task_new(NULL, cancellable, callback, user_data);
	Look *look = g_new0(Look, 1);

	look->interface = g_strdup(interface);
	look->port = port;
	look->protocol = protocol;
	g_task_set_task_data(task, look, look_free);
	g_bus_get(G_BUS_TYPE_SYSTEM, cancellable, on_bus, task);
}

gboolean host_firewall_look_finish(GAsyncResult *result, char **obstacle, gboolean *is_sure)
{
	Look *look = g_task_get_task_data(G_TASK(result));
	g_autoptr(GError) error = NULL;

	*is_sure = look->is_sure;
	*obstacle = g_task_propagate_pointer(G_TASK(result), &error);
	return !error;
}
