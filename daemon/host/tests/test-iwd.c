// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked of iwd, and what its answers mean, by a made-up one on a bus of its own. */
#include "connect.h"
#include "links/group-iwd.h"
#include "wifi/iwd.h"

#include <string.h>

#define RADIO  "/net/connman/iwd/0"
#define DEVICE "'net.connman.iwd.p2p.Device': {'Enabled': <false>, 'Name': <'here'>}"
#define STATION                                                                              \
	"'" RADIO                                                                            \
	"/1': {'net.connman.iwd.Device': {'Name': <'wlan0'>, 'Adapter': <objectpath '" RADIO \
	"'>}, 'net.connman.iwd.Station': {'State': <'connected'>}}"
#define IDLE_STATION                                                                         \
	"'" RADIO                                                                            \
	"/1': {'net.connman.iwd.Device': {'Name': <'wlan0'>, 'Adapter': <objectpath '" RADIO \
	"'>}, 'net.connman.iwd.Station': {'State': <'disconnected'>}}"
#define SINK_PATH RADIO "/p2p_peers/1"
#define PEER(number, name, kind, role)                                                             \
	"'" RADIO "/p2p_peers/" number "': {'net.connman.iwd.p2p.Peer': {'Name': <'" name          \
	"'>, 'Address': <'AA:BB:CC:DD:EE:0" number "'>, 'Device': <objectpath '" RADIO "'>, " kind \
	", 'Connected': <false>}, 'net.connman.iwd.SimpleConfiguration': @a{sv} {}" role "}"
#define TV	"'DeviceCategory': <'display'>, 'DeviceSubcategory': <'television'>"
#define SPEAKER "'DeviceCategory': <'audio-device'>, 'DeviceSubcategory': <'speakers'>"
#define SINK                                                                                            \
	", 'net.connman.iwd.p2p.Display': {'Sink': <true>, 'Source': <false>, 'HasContentProtection': " \
	"<true>}"
#define SOURCE ", 'net.connman.iwd.p2p.Display': {'Sink': <false>, 'Source': <true>}"

static const char xml[] =
	"<node><interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>"
	"<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface>"
	"<interface name='net.connman.iwd.Daemon'><method name='GetInfo'>"
	"<arg type='a{sv}' direction='out'/></method></interface>"
	"<interface name='net.connman.iwd.p2p.ServiceManager'><method name='RegisterDisplayService'>"
	"<arg type='a{sv}' direction='in'/></method><method name='UnregisterDisplayService'/>"
	"</interface>"
	"<interface name='net.connman.iwd.p2p.Device'><method name='RequestDiscovery'/>"
	"<method name='ReleaseDiscovery'/><method name='GetPeers'>"
	"<arg type='a(on)' direction='out'/></method>"
	"<property name='Enabled' type='b' access='readwrite'/></interface>"
	"<interface name='net.connman.iwd.SimpleConfiguration'><method name='PushButton'/></interface>"
	"<interface name='net.connman.iwd.p2p.Peer'><method name='Disconnect'/>"
	"<property name='Connected' type='b' access='read'/>"
	"<property name='ConnectedInterface' type='s' access='read'/>"
	"<property name='ConnectedIP' type='s' access='read'/></interface></node>";

typedef struct {
	GTestDBus *bus;
	GDBusConnection *theirs, *ours;
	const char *objects; /* a{oa{sa{sv}}}; NULL: it refuses to tell */
	const char *info; /* a{sv} */
	const char *levels; /* a(on) */
	gboolean taken; /* another program's service is registered */
	GString *asked;
	gboolean asks_person; /* the button is not answered by itself */
	GDBusMethodInvocation *button;
	HostIwd *iwd;
	guint n_found, n_lost;
	GError *told; /* to the use */
	gboolean is_told;
} Stage;

static void answer(GDBusMethodInvocation *invocation, const char *type, const char *text)
{
	g_autoptr(GError) error = NULL;
	GVariant *value = g_variant_parse(G_VARIANT_TYPE(type), text, NULL, NULL, &error);

	g_assert_no_error(error);
	g_dbus_method_invocation_return_value(invocation, g_variant_new_tuple(&value, 1));
	g_variant_unref(value);
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
		    const char *interface, const char *method, GVariant *parameters,
		    GDBusMethodInvocation *invocation, gpointer data)
{
	Stage *stage = data;

	if (!strcmp(method, "GetManagedObjects") && stage->objects) {
		answer(invocation, "a{oa{sa{sv}}}", stage->objects);
	} else if (!strcmp(method, "GetManagedObjects")) {
		g_dbus_method_invocation_return_dbus_error(
			invocation, "org.freedesktop.DBus.Error.AccessDenied", "not for you");
	} else if (!strcmp(method, "GetInfo")) {
		answer(invocation, "a{sv}", stage->info);
	} else if (!strcmp(method, "GetPeers")) {
		answer(invocation, "a(on)", stage->levels);
	} else {
		g_string_append_printf(stage->asked, "%s ", method);
		if (!strcmp(method, "PushButton") && stage->asks_person)
			stage->button = invocation;
		else if (stage->taken)
			g_dbus_method_invocation_return_dbus_error(
				invocation, "net.connman.iwd.AlreadyExists", "no");
		else
			g_dbus_method_invocation_return_value(invocation, NULL);
	}
}

static GVariant *on_get(GDBusConnection *connection, const char *sender, const char *path,
			const char *interface, const char *name, GError **error, gpointer data)
{
	/* As if the loopback were a group. */
	if (!strcmp(name, "ConnectedInterface"))
		return g_variant_new_string("lo");
	if (!strcmp(name, "ConnectedIP"))
		return g_variant_new_string("127.0.0.1");
	return g_variant_new_boolean(!strcmp(name, "Connected"));
}

static gboolean on_set(GDBusConnection *connection, const char *sender, const char *path,
		       const char *interface, const char *name, GVariant *value, GError **error,
		       gpointer data)
{
	Stage *stage = data;

	g_string_append(stage->asked, g_variant_get_boolean(value) ? "enable " : "disable ");
	return TRUE;
}

static void set_up(Stage *stage, gconstpointer unused)
{
	static const GDBusInterfaceVTable vtable = {on_call, on_get, on_set, {NULL}};
	static const char *const paths[] = {"/",   "/net/connman/iwd", "/net/connman/iwd",
					    RADIO, SINK_PATH,	       SINK_PATH};
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, &error);

	g_assert_no_error(error);
	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->theirs = connect_to(stage->bus);
	stage->ours = connect_to(stage->bus);
	stage->asked = g_string_new(NULL);
	stage->info = "{'NetworkConfigurationEnabled': <true>, 'Version': <'2.3'>}";
	stage->levels = "[]";
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_dbus_connection_register_object(stage->theirs, paths[i], node->interfaces[i],
						  &vtable, stage, NULL, &error);
		g_assert_no_error(error);
	}
	own_name(stage->theirs, HOST_IWD_NAME);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_clear_object(&stage->iwd);
	g_clear_error(&stage->told);
	g_string_free(stage->asked, TRUE);
	g_object_unref(stage->ours);
	g_object_unref(stage->theirs);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
}

static void on_found(HostIwd *iwd, HostPeer *peer, Stage *stage)
{
	stage->n_found++;
}

static void on_lost(HostIwd *iwd, HostPeer *peer, Stage *stage)
{
	stage->n_lost++;
}

static void look(Stage *stage, const char *objects)
{
	stage->objects = objects;
	stage->iwd = host_iwd_new(stage->ours);
	g_signal_connect(stage->iwd, "peer-found", G_CALLBACK(on_found), stage);
	g_signal_connect(stage->iwd, "peer-lost", G_CALLBACK(on_lost), stage);
	while (!host_iwd_is_known(stage->iwd))
		g_main_context_iteration(NULL, TRUE);
}

static void on_ready(const GError *error, gpointer data)
{
	Stage *stage = data;

	stage->told = error ? g_error_copy(error) : NULL;
	stage->is_told = TRUE;
}

static HostUse *use(Stage *stage, guint16 port)
{
	HostUse *it = host_iwd_use(stage->iwd, port, on_ready, stage);

	g_assert_false(stage->is_told);
	while (!stage->is_told)
		g_main_context_iteration(NULL, TRUE);
	return it;
}

static void wait_until_asked(Stage *stage, const char *expected)
{
	while (strlen(stage->asked->str) < strlen(expected))
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(stage->asked->str, ==, expected);
	g_string_truncate(stage->asked, 0);
}

static void expect_problem(Stage *stage, HostReason expected, const char *word)
{
	const char *detail;

	g_assert_cmpint(host_iwd_get_problem(stage->iwd, &detail), ==, expected);
	if (word)
		g_assert_nonnull(strstr(detail, word));
}

static void test_radio(Stage *stage, gconstpointer unused)
{
	g_autofree char *interface = NULL;

	look(stage, "{objectpath '" RADIO "': {" DEVICE "}, " STATION "}");
	interface = host_iwd_get_interface(stage->iwd);
	g_assert_cmpstr(host_iwd_get_device(stage->iwd), ==, RADIO);
	g_assert_cmpstr(interface, ==, "wlan0");
	g_assert_true(host_iwd_is_on_network(stage->iwd));
	expect_problem(stage, HOST_N_REASONS, NULL);
}

static void test_no_radio(Stage *stage, gconstpointer unused)
{
	look(stage, "{objectpath '" RADIO "': {'net.connman.iwd.Adapter': @a{sv} {}}}");
	g_assert_true(host_iwd_is_there(stage->iwd));
	g_assert_null(host_iwd_get_device(stage->iwd));
	expect_problem(stage, HOST_REASON_NO_P2P, NULL);
}

static void test_denied(Stage *stage, gconstpointer unused)
{
	look(stage, NULL);
	g_assert_true(host_iwd_is_there(stage->iwd));
	expect_problem(stage, HOST_REASON_IWD_REFUSED, "not for you");
}

static void test_sets_no_addresses(Stage *stage, gconstpointer unused)
{
	HostUse *it;

	stage->info = "{'NetworkConfigurationEnabled': <false>}";
	look(stage, "{objectpath '" RADIO "': {" DEVICE "}, " STATION "}");
	expect_problem(stage, HOST_REASON_IWD_UNABLE, "EnableNetworkConfiguration=true");
	it = use(stage, 7236);
	g_assert_error(stage->told, HOST_ERROR, (int)HOST_REASON_IWD_UNABLE);
	host_use_end(it);
	g_assert_cmpstr(stage->asked->str, ==, "");
}

static void test_peers(Stage *stage, gconstpointer unused)
{
	const HostPeer *peer;

	stage->levels = "[(objectpath '" RADIO "/p2p_peers/1', -5000), ('" RADIO
			"/p2p_peers/2', -61)]";
	look(stage, "{objectpath '" RADIO "': {" DEVICE "}, " STATION
		    ", " PEER("1", "Living room", TV, SINK) ", " PEER(
			    "2", "Kitchen\\u202e", SPEAKER,
			    SINK) ", " PEER("3", "A telephone", TV, "") ", " PEER("4", "A laptop",
										  TV, SOURCE) "}");
	peer = host_peers_find(host_iwd_get_peers(stage->iwd), "aa:bb:cc:dd:ee:01");
	g_assert_nonnull(peer);
	while (!peer->dbm)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(peer->name, ==, "Living room");
	g_assert_cmpstr(peer->kind, ==, "tv");
	g_assert_cmpint(peer->dbm, ==, -50);
	g_assert_true(peer->wfd.content_protection);
	peer = host_peers_find(host_iwd_get_peers(stage->iwd), "aa:bb:cc:dd:ee:02");
	g_assert_nonnull(peer);
	g_assert_cmpstr(peer->name, ==, "Kitchen");
	g_assert_cmpstr(peer->kind, ==, "audio");
	g_assert_cmpint(peer->dbm, ==, -61);
	/* No display, and one that shows nothing. */
	g_assert_null(host_peers_find(host_iwd_get_peers(stage->iwd), "aa:bb:cc:dd:ee:03"));
	g_assert_null(host_peers_find(host_iwd_get_peers(stage->iwd), "aa:bb:cc:dd:ee:04"));
	g_assert_cmpuint(stage->n_found, ==, 4); /* again with their signals */
	g_assert_cmpuint(stage->n_lost, ==, 0);
}

/* All is put back, in the other order. */
static void test_use(Stage *stage, gconstpointer unused)
{
	HostUse *it;

	look(stage, "{objectpath '" RADIO "': {" DEVICE "}, " STATION "}");
	it = use(stage, 7236);
	g_assert_no_error(stage->told);
	wait_until_asked(stage, "RegisterDisplayService enable ");
	g_assert_cmpint(host_iwd_get_search_began(stage->iwd), ==, 0);
	host_iwd_start_search(stage->iwd);
	host_iwd_start_search(stage->iwd);
	wait_until_asked(stage, "RequestDiscovery ");
	host_iwd_stop_search(stage->iwd);
	host_iwd_stop_search(stage->iwd);
	host_use_end(it);
	host_iwd_wait_put_back(stage->iwd);
	wait_until_asked(stage, "ReleaseDiscovery UnregisterDisplayService disable ");
}

/* A use that has no port of its own is content with what there is. */
static void test_ports(Stage *stage, gconstpointer unused)
{
	HostUse *first, *second;

	look(stage, "{objectpath '" RADIO "': {" DEVICE "}, " STATION "}");
	first = use(stage, 0);
	wait_until_asked(stage, "RegisterDisplayService enable ");
	stage->is_told = FALSE;
	second = use(stage, 7236);
	g_assert_cmpstr(stage->asked->str, ==, "");
	host_use_end(second);
	stage->is_told = FALSE;
	second = use(stage, 7300);
	wait_until_asked(stage, "UnregisterDisplayService RegisterDisplayService ");
	host_use_end(second);
	host_use_end(first);
	host_iwd_wait_put_back(stage->iwd);
	wait_until_asked(stage, "UnregisterDisplayService disable ");
}

static void test_taken(Stage *stage, gconstpointer unused)
{
	HostUse *it;

	stage->taken = TRUE;
	look(stage, "{objectpath '" RADIO "': {" DEVICE "}, " STATION "}");
	it = use(stage, 7236);
	g_assert_error(stage->told, HOST_ERROR, (int)HOST_REASON_IWD_REFUSED);
	expect_problem(stage, HOST_REASON_IWD_REFUSED, "another program");
	/* It is not asked again and again, and nothing is taken from the other. */
	host_use_end(it);
	host_iwd_wait_put_back(stage->iwd);
	g_assert_cmpstr(stage->asked->str, ==, "RegisterDisplayService ");
	expect_problem(stage, HOST_N_REASONS, NULL);
}

static void test_away(Stage *stage, gconstpointer unused)
{
	HostUse *it;

	g_assert_true(g_dbus_connection_close_sync(stage->theirs, NULL, NULL));
	look(stage, "{}");
	g_assert_false(host_iwd_is_there(stage->iwd));
	expect_problem(stage, HOST_REASON_IWD_AWAY, NULL);
	it = use(stage, 7236);
	g_assert_error(stage->told, HOST_ERROR, (int)HOST_REASON_IWD_AWAY);
	host_use_end(it);
}

/*
 * A group: it looks for the sink for some seconds, whatever was seen before.
 */

#define READY	 "RegisterDisplayService enable RequestDiscovery "
#define PUT_BACK "UnregisterDisplayService disable "

typedef struct {
	GCancellable *cancellable;
	GError *error;
	gboolean returned;
	int lost;
} Opening;

static void on_open(GObject *object, GAsyncResult *result, gpointer data)
{
	Opening *opening = data;

	host_group_open_finish(HOST_GROUP(object), result, &opening->error);
	opening->returned = TRUE;
}

static void on_group_lost(HostGroup *group, int reason, const char *detail, Opening *opening)
{
	opening->lost = reason;
}

static HostGroup *open_group(Stage *stage, Opening *opening)
{
	HostGroup *group;

	look(stage, "{objectpath '" RADIO "': {" DEVICE "}, " IDLE_STATION
		    ", " PEER("1", "Living room", TV, SINK) "}");
	*opening = (Opening){.cancellable = g_cancellable_new(), .lost = HOST_N_REASONS};
	group = host_group_iwd_new(stage->iwd, "aa:bb:cc:dd:ee:01", 7236, FALSE, -1);
	g_signal_connect(group, "lost", G_CALLBACK(on_group_lost), opening);
	host_group_open_async(group, opening->cancellable, on_open, opening);
	wait_until_asked(stage, READY);
	return group;
}

static void wait_until_returned(Opening *opening)
{
	while (!opening->returned)
		g_main_context_iteration(NULL, TRUE);
}

static void end_opening(Stage *stage, Opening *opening, const char *asked)
{
	host_iwd_wait_put_back(stage->iwd);
	wait_until_asked(stage, asked);
	g_clear_error(&opening->error);
	g_object_unref(opening->cancellable);
}

static void test_group(Stage *stage, gconstpointer unused)
{
	Opening opening;
	g_autoptr(HostGroup) group = open_group(stage, &opening);
	g_autofree char *peer = NULL;
	const HostGroupNet *net;

	wait_until_asked(stage, "ReleaseDiscovery PushButton ");
	wait_until_returned(&opening);
	g_assert_no_error(opening.error);
	net = host_group_get_net(group);
	peer = g_inet_address_to_string(net->peer);
	g_assert_cmpstr(net->interface, ==, "lo");
	g_assert_cmpstr(peer, ==, "127.0.0.1");
	g_assert_true(net->is_configured);
	g_dbus_connection_emit_signal(
		stage->theirs, NULL, SINK_PATH, "org.freedesktop.DBus.Properties",
		"PropertiesChanged",
		g_variant_new_parsed(
			"('net.connman.iwd.p2p.Peer', {'Connected': <false>}, @as [])"),
		NULL);
	while (opening.lost == HOST_N_REASONS)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(opening.lost, ==, HOST_REASON_LINK_LOST);
	/* It stays until it is put back. */
	host_group_close(group);
	g_clear_object(&group);
	wait_until_asked(stage, "Disconnect ");
	end_opening(stage, &opening, PUT_BACK);
}

static void test_group_not_searched_for(Stage *stage, gconstpointer unused)
{
	Opening opening;
	g_autoptr(HostGroup) group = open_group(stage, &opening);

	g_cancellable_cancel(opening.cancellable);
	wait_until_returned(&opening);
	g_assert_error(opening.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	end_opening(stage, &opening, "ReleaseDiscovery " PUT_BACK);
}

/* What was asked of the sink is called off first, and only then is it over. */
static void test_group_called_off(Stage *stage, gconstpointer unused)
{
	Opening opening;
	g_autoptr(HostGroup) group = NULL;

	stage->asks_person = TRUE;
	group = open_group(stage, &opening);
	wait_until_asked(stage, "ReleaseDiscovery PushButton ");
	g_cancellable_cancel(opening.cancellable);
	wait_until_asked(stage, "Disconnect ");
	g_assert_false(opening.returned);
	g_dbus_method_invocation_return_dbus_error(stage->button, "net.connman.iwd.Aborted", "off");
	wait_until_returned(&opening);
	g_assert_error(opening.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	end_opening(stage, &opening, PUT_BACK);
}

static void test_group_refused(Stage *stage, gconstpointer unused)
{
	Opening opening;
	g_autoptr(HostGroup) group = NULL;

	stage->asks_person = TRUE;
	group = open_group(stage, &opening);
	wait_until_asked(stage, "ReleaseDiscovery PushButton ");
	g_dbus_method_invocation_return_dbus_error(stage->button, "net.connman.iwd.NotSupported",
						   "no");
	wait_until_returned(&opening);
	g_assert_error(opening.error, HOST_ERROR, (int)HOST_REASON_IWD_UNABLE);
	end_opening(stage, &opening, PUT_BACK);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add(path, Stage, NULL, set_up, function, tear_down)
	ADD("/iwd/radio", test_radio);
	ADD("/iwd/no-radio", test_no_radio);
	ADD("/iwd/denied", test_denied);
	ADD("/iwd/sets-no-addresses", test_sets_no_addresses);
	ADD("/iwd/peers", test_peers);
	ADD("/iwd/use", test_use);
	ADD("/iwd/ports", test_ports);
	ADD("/iwd/taken", test_taken);
	ADD("/iwd/away", test_away);
	ADD("/iwd/group", test_group);
	ADD("/iwd/group/not-searched-for", test_group_not_searched_for);
	ADD("/iwd/group/called-off", test_group_called_off);
	ADD("/iwd/group/refused", test_group_refused);
	return g_test_run();
}
