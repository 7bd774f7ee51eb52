// SPDX-License-Identifier: GPL-2.0-or-later
/* What is read out of firewalld's answers, and a made-up firewalld that is asked. */
#include "connect.h"
#include "links/firewall.h"

#include <string.h>

#define FIREWALLD "org.fedoraproject.FirewallD1"

static void expect_zone(const char *active, const char *interface, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		zones = g_variant_parse(G_VARIANT_TYPE("a{sa{sas}}"), active, NULL, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(host_firewall_find_zone(zones, interface), ==, expected);
}

static void test_zone(void)
{
	expect_zone(
		"{'home': {'interfaces': ['eth0', 'wlan0']}, 'work': {'sources': ['10.0.0.0/8']}}",
		"wlan0", "home");
	expect_zone("{'home': {'interfaces': ['eth0']}}", "p2p-wlan0-0", NULL);
	expect_zone("{'miracast': {'interfaces': ['p2p-+']}}", "p2p-wlan0-0", "miracast");
	expect_zone("{'miracast': {'interfaces': ['p2p-+']}}", "p2p", NULL);
	/* NetworkManager names the interface itself, which counts for more. */
	expect_zone("{'miracast': {'interfaces': ['p2p-+']}, 'nm-shared': {'interfaces': "
		    "['p2p-wlan0-0']}}",
		    "p2p-wlan0-0", "nm-shared");
	expect_zone(
		"{'nm-shared': {'interfaces': ['p2p-wlan0-0']}, 'zone': {'interfaces': ['p2p-+']}}",
		"p2p-wlan0-0", "nm-shared");
	expect_zone("@a{sa{sas}} {}", "eth0", NULL);
	expect_zone("{'odd': {'interfaces': ['']}}", "eth0", NULL);
}

/* firewalld's answer if our zone is all that it has. */
static char *read_zone(void)
{
	g_autofree char *xml = NULL;
	g_autoptr(GRegex) regex = g_regex_new("<interface name=\"([^\"]*)\"/>", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(GError) error = NULL;
	GString *active = g_string_new("{'miracast': {'interfaces': ['none'");

	g_file_get_contents(ZONE, &xml, NULL, &error);
	g_assert_no_error(error);
	g_regex_match(regex, xml, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *name = g_match_info_fetch(match, 1);

		g_string_append_printf(active, ", '%s'", name);
	}
	g_string_append(active, "]}}");
	return g_string_free(active, FALSE);
}

/* As wpa_supplicant and iwd name them. */
static void test_our_zone(void)
{
	g_autofree char *active = read_zone();

	expect_zone(active, "p2p-wlan0-0", "miracast");
	expect_zone(active, "p2p-wlp0s20f3-12", "miracast");
	expect_zone(active, "wlan0-p2p-cl0", "miracast");
	expect_zone(active, "wlan9-p2p-cl17", "miracast");
	expect_zone(active, "wlan0", NULL);
	expect_zone(active, "eth0", NULL);
}

static gboolean lets_in(const char *settings, guint16 port, const char *protocol)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		parsed = g_variant_parse(G_VARIANT_TYPE_VARDICT, settings, NULL, NULL, &error);

	g_assert_no_error(error);
	return host_firewall_lets_in(parsed, port, protocol);
}

static void test_settings(void)
{
	g_assert_false(lets_in("@a{sv} {}", 7236, "tcp"));
	g_assert_true(lets_in("{'ports': <[('7236', 'tcp')]>}", 7236, "tcp"));
	g_assert_false(lets_in("{'ports': <[('7236', 'udp')]>}", 7236, "tcp"));
	g_assert_false(lets_in("{'ports': <[('7235', 'tcp')]>}", 7236, "tcp"));
	g_assert_true(lets_in("{'ports': <[('22', 'tcp'), ('7000-8000', 'tcp')]>}", 7236, "tcp"));
	g_assert_false(lets_in("{'ports': <[('7000-7235', 'tcp')]>}", 7236, "tcp"));
	g_assert_true(lets_in("{'services': <['ssh', 'dhcp']>}", 67, "udp"));
	g_assert_false(lets_in("{'services': <['ssh', 'dhcp']>}", 7236, "tcp"));
	g_assert_false(lets_in("{'services': <['dhcpv6-client']>}", 67, "udp"));
	g_assert_true(lets_in("{'target': <'ACCEPT'>}", 7236, "tcp"));
	/* As nm-shared has it. */
	g_assert_false(lets_in("{'target': <'ACCEPT'>, 'rules_str': <['rule priority=\"32767\" "
			       "reject']>}",
			       7236, "tcp"));
	g_assert_false(lets_in("{'target': <'default'>, 'ports': <7>, 'services': <'dhcp'>}", 7236,
			       "tcp"));
}

/* A firewalld. */
typedef struct {
	GTestDBus *bus;
	GDBusConnection *connection;
	const char *settings; /* a{sv}; NULL: not for this user */
	gboolean done, is_sure;
	char *obstacle;
} Stage;

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
		    const char *interface, const char *method, GVariant *parameters,
		    GDBusMethodInvocation *invocation, gpointer data)
{
	const Stage *stage = data;

	if (!strcmp(method, "getActiveZones"))
		g_dbus_method_invocation_return_value(
			invocation,
			g_variant_new_parsed("({'miracast': {'interfaces': ['p2p-+']}},)"));
	else if (!strcmp(method, "getDefaultZone"))
		g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", "public"));
	else if (stage->settings)
		g_dbus_method_invocation_return_value(
			invocation,
			g_variant_new("(@a{sv})", g_variant_new_parsed(stage->settings)));
	else
		g_dbus_method_invocation_return_dbus_error(
			invocation, FIREWALLD ".NotAuthorizedException", "no");
}

static void on_looked(GObject *object, GAsyncResult *result, gpointer data)
{
	Stage *stage = data;

	g_assert_true(host_firewall_look_finish(result, &stage->obstacle, &stage->is_sure));
	stage->done = TRUE;
}

static void look(Stage *stage, const char *interface)
{
	g_clear_pointer(&stage->obstacle, g_free);
	stage->done = FALSE;
	host_firewall_look_async(interface, 7236, "tcp", NULL, on_looked, stage);
	while (!stage->done)
		g_main_context_iteration(NULL, TRUE);
}

static void test_asked(void)
{
	static const GDBusInterfaceVTable vtable = {.method_call = on_call};
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(
		"<node><interface name='" FIREWALLD "'><method name='getDefaultZone'>"
		"<arg type='s' direction='out'/></method></interface>"
		"<interface name='" FIREWALLD ".zone'><method name='getActiveZones'>"
		"<arg type='a{sa{sas}}' direction='out'/></method><method name='getZoneSettings2'>"
		"<arg type='s' direction='in'/><arg type='a{sv}' direction='out'/></method>"
		"</interface></node>",
		NULL);
	Stage stage = {.bus = g_test_dbus_new(G_TEST_DBUS_NONE)};
	g_autoptr(GError) error = NULL;

	g_test_dbus_up(stage.bus);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address(stage.bus), TRUE);
	stage.connection = connect_to(stage.bus);
	for (gsize i = 0; node->interfaces[i]; i++) {
		g_dbus_connection_register_object(stage.connection, "/org/fedoraproject/FirewallD1",
						  node->interfaces[i], &vtable, &stage, NULL,
						  &error);
		g_assert_no_error(error);
	}
	own_name(stage.connection, FIREWALLD);

	stage.settings = "{'ports': <[('7236', 'tcp')]>}";
	look(&stage, "p2p-wlan0-0");
	g_assert_cmpstr(stage.obstacle, ==, NULL);

	stage.settings = "{'services': <['ssh']>}";
	look(&stage, "eth0");
	g_assert_true(stage.is_sure);
	g_assert_nonnull(strstr(stage.obstacle, "zone public"));
	g_assert_nonnull(strstr(stage.obstacle, "firewall-cmd --zone=public --add-port=7236/tcp"));

	stage.settings = NULL;
	look(&stage, "p2p-wlan0-0");
	g_assert_false(stage.is_sure);
	g_assert_nonnull(strstr(stage.obstacle, "zone miracast"));

	g_free(stage.obstacle);
	g_object_unref(stage.connection);
	g_test_dbus_down(stage.bus);
	g_object_unref(stage.bus);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/firewall/zone", test_zone);
	g_test_add_func("/firewall/our-zone", test_our_zone);
	g_test_add_func("/firewall/settings", test_settings);
	g_test_add_func("/firewall/asked", test_asked);
	return g_test_run();
}
