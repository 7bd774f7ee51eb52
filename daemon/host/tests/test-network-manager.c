// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose the radio is, by what a made-up NetworkManager tells on a bus of its own. */
#include "connect.h"
#include "links/group-nm.h"
#include "wifi/network-manager.h"

#define DEVICE(name, kind, state)                                                                \
	"{'org.freedesktop.NetworkManager.Device': {'Interface': <'" name "'>, 'State': <" state \
	">}, 'org.freedesktop.NetworkManager.Device." kind "': @a{sv} {}}"
#define STATION(name, state) DEVICE(name, "Wireless", state)
#define P2P(name, state)     DEVICE(name, "WifiP2P", state)
#define MANAGED		     "uint32 30"
#define UNMANAGED	     "uint32 10"

typedef struct {
	GTestDBus *bus;
	GDBusConnection *theirs, *ours;
	const char *told; /* a{oa{sa{sv}}} */
	GDBusObjectManager *objects;
} Stage;

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
		    const char *interface, const char *method, GVariant *parameters,
		    GDBusMethodInvocation *invocation, gpointer data)
{
	const Stage *stage = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) told =
		g_variant_parse(G_VARIANT_TYPE("a{oa{sa{sv}}}"), stage->told, NULL, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(method, ==, "GetManagedObjects");
	g_dbus_method_invocation_return_value(invocation, g_variant_new("(@a{oa{sa{sv}}})", told));
}

static void set_up(Stage *stage, gconstpointer unused)
{
	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->theirs = connect_to(stage->bus);
	stage->ours = connect_to(stage->bus);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_clear_object(&stage->objects);
	g_object_unref(stage->ours);
	g_object_unref(stage->theirs);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
}

static void on_objects(GObject *object, GAsyncResult *result, gpointer data)
{
	Stage *stage = data;
	g_autoptr(GError) error = NULL;

	stage->objects = g_dbus_object_manager_client_new_finish(result, &error);
	g_assert_no_error(error);
}

/* NetworkManager comes, and tells this. */
static void tell(Stage *stage, const char *told)
{
	static const GDBusInterfaceVTable vtable = {.method_call = on_call};
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(
		"<node><interface name='org.freedesktop.DBus.ObjectManager'>"
		"<method name='GetManagedObjects'>"
		"<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface></node>",
		NULL);
	g_autoptr(GError) error = NULL;

	stage->told = told;
	g_dbus_connection_register_object(stage->theirs, HOST_NM_OBJECTS, node->interfaces[0],
					  &vtable, stage, NULL, &error);
	g_assert_no_error(error);
	own_name(stage->theirs, HOST_NM_NAME);
}

static void look(Stage *stage)
{
	g_dbus_object_manager_client_new(stage->ours,
					 G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
					 HOST_NM_NAME, HOST_NM_OBJECTS, NULL, NULL, NULL, NULL,
					 on_objects, stage);
	while (!stage->objects)
		g_main_context_iteration(NULL, TRUE);
}

static void expect_p2p(Stage *stage, const char *interface, const char *expected)
{
	g_autofree char *path = host_nm_find_p2p_device(stage->objects, interface);

	g_assert_cmpstr(path, ==, expected);
}

static void test_managed(Stage *stage, gconstpointer unused)
{
	tell(stage, "{objectpath '/1': " STATION("wlan0", MANAGED) ", '/2': " P2P(
			    "p2p-dev-wlan0",
			    MANAGED) ", '/3': " STATION("wlp0s20f3",
							MANAGED) ", '/4': " P2P("p2p-dev-wlp0s20f3",
										MANAGED) "}");
	look(stage);
	g_assert_true(host_nm_manages(stage->objects, "wlan0"));
	g_assert_true(host_nm_manages(stage->objects, "wlp0s20f3"));
	/* Of another radio, and of none that there is. */
	g_assert_false(host_nm_manages(stage->objects, "wlan1"));
	g_assert_false(host_nm_manages(stage->objects, "lan0"));
	g_assert_false(host_nm_manages(stage->objects, ""));
	expect_p2p(stage, "wlan0", "/2");
	expect_p2p(stage, "wlp0s20f3", "/4");
	expect_p2p(stage, "lan0", NULL);
	g_assert_cmpuint(host_nm_get_state(stage->objects, "/2"), ==, HOST_NM_DISCONNECTED);
	g_assert_cmpuint(host_nm_get_state(stage->objects, "/9"), ==, 0);
	g_assert_cmpuint(host_nm_get_state(stage->objects, NULL), ==, 0);
}

/* Its Wi-Fi Direct device alone may be left alone, too: groups are removed all the same. */
static void test_left_alone(Stage *stage, gconstpointer unused)
{
	tell(stage,
	     "{objectpath '/1': " STATION("wlan0", UNMANAGED) ", '/2': " P2P(
		     "p2p-dev-wlan0",
		     UNMANAGED) ", '/3': " STATION("wlan1", MANAGED) ", '/4': " P2P("p2p-dev-wlan1",
										    UNMANAGED) "}");
	look(stage);
	g_assert_false(host_nm_manages(stage->objects, "wlan0"));
	g_assert_true(host_nm_manages(stage->objects, "wlan1"));
	expect_p2p(stage, "wlan0", NULL);
	expect_p2p(stage, "wlan1", NULL);
}

/* What has another type than it should is not there. */
static void test_malformed(Stage *stage, gconstpointer unused)
{
	tell(stage,
	     "{objectpath '/1': " STATION(
		     "wlan0",
		     "'30'") ", '/2': "
			     "{'org.freedesktop.NetworkManager.Device': {'Interface': <7>, 'State': <uint32 "
			     "30>}, 'org.freedesktop.NetworkManager.Device.Wireless': {}}, '/3': "
			     "{'org.freedesktop.NetworkManager.Device.Wireless': {}}}");
	look(stage);
	g_assert_false(host_nm_manages(stage->objects, "wlan0"));
	g_assert_null(host_nm_get(stage->objects, "/1", HOST_NM_DEVICE, "State", "u"));
	g_assert_null(host_nm_get(stage->objects, "/1", HOST_NM_DEVICE, "Nothing", "u"));
	g_assert_null(host_nm_get(stage->objects, "/1", HOST_NM_P2P, "State", "u"));
}

static void test_absent(Stage *stage, gconstpointer unused)
{
	look(stage);
	g_assert_false(host_nm_manages(stage->objects, "wlan0"));
	expect_p2p(stage, "wlan0", NULL);
}

/* What is not tried again afterwards has a reason of its own. */
static void test_why_lost(void)
{
	/* The supplicant's end of it, the peer's, and what it was restarted for. */
	g_assert_cmpint(host_group_nm_why_lost(8), ==, HOST_REASON_LINK_LOST);
	g_assert_cmpint(host_group_nm_why_lost(67), ==, HOST_REASON_LINK_LOST);
	g_assert_cmpint(host_group_nm_why_lost(36), ==, HOST_REASON_GROUP_REMOVED);
	g_assert_cmpint(host_group_nm_why_lost(0), ==, HOST_REASON_GROUP_REMOVED);
	/* The machine goes to sleep, as older and newer ones say it; somebody has ended it there. */
	g_assert_cmpint(host_group_nm_why_lost(37), ==, HOST_REASON_SUSPENDED);
	g_assert_cmpint(host_group_nm_why_lost(73), ==, HOST_REASON_SUSPENDED);
	g_assert_cmpint(host_group_nm_why_lost(39), ==, HOST_REASON_STOPPED_BY_USER);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/network-manager/managed", Stage, NULL, set_up, test_managed, tear_down);
	g_test_add("/network-manager/left-alone", Stage, NULL, set_up, test_left_alone, tear_down);
	g_test_add("/network-manager/malformed", Stage, NULL, set_up, test_malformed, tear_down);
	g_test_add("/network-manager/absent", Stage, NULL, set_up, test_absent, tear_down);
	g_test_add_func("/network-manager/why-lost", test_why_lost);
	return g_test_run();
}
