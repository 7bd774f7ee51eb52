// SPDX-License-Identifier: GPL-2.0-or-later
/* Which radio is free, by a NetworkManager that tests make up, or that does not answer. */
#include "connect.h"
#include "wifi/free-radio.h"
#include "wifi/iwd-bus.h"
#include "wifi/network-manager.h"

#include <string.h>

#define NONE "nothing"

static const char xml[] =
	"<node><interface name='org.freedesktop.DBus.ObjectManager'>"
	"<method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' direction='out'/></method>"
	"</interface></node>";

static const char *const radios[] = {"radio0", "radio1", NULL};

typedef struct {
	GTestDBus *bus;
	GDBusConnection *theirs, *ours;
	HostFreeRadio *free_radio;
	const char *objects; /* of NetworkManager; NULL: it does not tell */
	GDBusMethodInvocation *question; /* that it does not answer */
	char *found; /* or NONE, or NULL */
} Stage;

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
		    const char *interface, const char *method, GVariant *parameters,
		    GDBusMethodInvocation *invocation, gpointer data)
{
	Stage *stage = data;

	if (stage->objects)
		g_dbus_method_invocation_return_value(invocation,
						      g_variant_new_parsed(stage->objects));
	else
		stage->question = invocation;
}

static void on_found(const char *interface, gpointer data)
{
	Stage *stage = data;

	g_assert_null(stage->found);
	stage->found = g_strdup(interface ? interface : NONE);
}

static void set_up(Stage *stage, gconstpointer unused)
{
	static const GDBusInterfaceVTable vtable = {.method_call = on_call};
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, &error);

	g_assert_no_error(error);
	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->theirs = connect_to(stage->bus);
	stage->ours = connect_to(stage->bus);
	g_dbus_connection_register_object(stage->theirs, HOST_NM_OBJECTS, node->interfaces[0],
					  &vtable, stage, NULL, &error);
	g_assert_no_error(error);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_clear_pointer(&stage->free_radio, host_free_radio_free);
	g_clear_object(&stage->question);
	g_free(stage->found);
	g_object_unref(stage->ours);
	g_object_unref(stage->theirs);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
}

static void find(Stage *stage, const char *const *among, gboolean is_first, const char *expected)
{
	if (!stage->free_radio)
		stage->free_radio = host_free_radio_new(stage->ours, on_found, stage);
	host_free_radio_find(stage->free_radio, among, is_first);
	while (!stage->found)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(stage->found, ==, expected);
	g_clear_pointer(&stage->found, g_free);
}

/* Who nobody manages is the supplicant's, unless somebody has chosen for it. */
static void test_alone(Stage *stage, gconstpointer unused)
{
	find(stage, radios, TRUE, "radio0");
	find(stage, radios, FALSE, NONE);
	find(stage, radios + 2, TRUE, NONE);
}

static void test_iwd(Stage *stage, gconstpointer unused)
{
	own_name(stage->theirs, HOST_IWD_NAME);
	find(stage, radios, TRUE, NONE);
}

#define DEVICE(path, name, managed)                                                  \
	"objectpath '" path "': {'" HOST_NM_DEVICE "': {'Interface': <'" name "'>, " \
	"'Managed': <" managed ">}}"
#define OBJECTS_IN(state, startup, ...)                                               \
	"({objectpath '" HOST_NM_ROOT "': {'" HOST_NM_NAME "': {'Startup': <" startup \
	">, 'State': <uint32 " state ">}}, " __VA_ARGS__ "},)"
#define OBJECTS(startup, ...) OBJECTS_IN("20", startup, __VA_ARGS__)

static void test_network_manager(Stage *stage, gconstpointer unused)
{
	own_name(stage->theirs, HOST_NM_NAME);
	stage->objects = OBJECTS("false", DEVICE("/1", "radio0", "true") ", " DEVICE("/2", "radio1",
										     "false"));
	find(stage, radios, TRUE, "radio1");
	find(stage, radios, FALSE, "radio1");
	/* It has not decided yet; */
	stage->objects = OBJECTS("true", DEVICE("/2", "radio1", "false"));
	find(stage, radios, FALSE, NONE);
	/* wants both; does not know them. */
	stage->objects = OBJECTS("false", DEVICE("/1", "radio0", "true") ", " DEVICE("/2", "radio1",
										     "true"));
	find(stage, radios, TRUE, NONE);
	stage->objects = OBJECTS("false", DEVICE("/3", "eth0", "false"));
	find(stage, radios, TRUE, NONE);
}

/* In sleep it manages nothing, and leaves nothing to others; nor where it cannot tell. */
static void test_asleep(Stage *stage, gconstpointer unused)
{
	own_name(stage->theirs, HOST_NM_NAME);
	stage->objects = OBJECTS_IN("10", "false", DEVICE("/1", "radio0", "false"));
	find(stage, radios, TRUE, NONE);
	stage->objects = OBJECTS_IN("0", "false", DEVICE("/1", "radio0", "false"));
	find(stage, radios, TRUE, NONE);
}

/* @name is there, and has the radios; then it leaves the bus. */
static void leave(Stage *stage, const char *name)
{
	stage->objects = OBJECTS("false", DEVICE("/1", "radio0", "true") ", " DEVICE("/2", "radio1",
										     "true"));
	own_name(stage->theirs, name);
	find(stage, radios, TRUE, NONE);
	release_name(stage->theirs, name);
	wait_s(1);
}

/* Who is restarted has its radios again: nobody takes them meanwhile. */
static void test_restarted(Stage *stage, gconstpointer name)
{
	leave(stage, name);
	host_free_radio_find(stage->free_radio, radios, TRUE);
	wait_s(2);
	g_assert_null(stage->found);
	own_name(stage->theirs, name);
	while (!stage->found)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(stage->found, ==, NONE);
}

/* Who does not come back is not waited for. */
static void test_gone(Stage *stage, gconstpointer name)
{
	gint64 began = g_get_monotonic_time();

	leave(stage, name);
	find(stage, radios + 2, TRUE, NONE);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 5 * G_TIME_SPAN_SECOND);
	find(stage, radios, TRUE, "radio0");
	g_assert_cmpint(g_get_monotonic_time() - began, >, 9 * G_TIME_SPAN_SECOND);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 60 * G_TIME_SPAN_SECOND);
	find(stage, radios, TRUE, "radio0");
}

static gboolean on_tick(gpointer data)
{
	++*(guint *)data;
	return G_SOURCE_CONTINUE;
}

/* It is waited for, but nothing else waits: the main loop goes on. */
static void test_silent(Stage *stage, gconstpointer unused)
{
	gint64 began = g_get_monotonic_time();
	guint n = 0, ticks = g_timeout_add(100, on_tick, &n);

	own_name(stage->theirs, HOST_NM_NAME);
	find(stage, radios, TRUE, NONE);
	g_assert_nonnull(stage->question);
	g_source_remove(ticks);
	g_assert_cmpuint(n, >, 5);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 60 * G_TIME_SPAN_SECOND);
}

/* It leaves the bus before it has answered. */
static void test_gone_while_asked(Stage *stage, gconstpointer unused)
{
	own_name(stage->theirs, HOST_NM_NAME);
	stage->free_radio = host_free_radio_new(stage->ours, on_found, stage);
	host_free_radio_find(stage->free_radio, radios, TRUE);
	while (!stage->question)
		g_main_context_iteration(NULL, TRUE);
	release_name(stage->theirs, HOST_NM_NAME);
	wait_s(1);
	g_dbus_method_invocation_return_dbus_error(stage->question,
						   "org.freedesktop.DBus.Error.NoReply", "gone");
	stage->question = NULL;
	while (!stage->found)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(stage->found, ==, "radio0");
}

/* Who does not want to know any more is not told. */
static void test_freed(Stage *stage, gconstpointer unused)
{
	own_name(stage->theirs, HOST_NM_NAME);
	stage->free_radio = host_free_radio_new(stage->ours, on_found, stage);
	host_free_radio_find(stage->free_radio, radios, TRUE);
	while (!stage->question)
		g_main_context_iteration(NULL, TRUE);
	g_clear_pointer(&stage->free_radio, host_free_radio_free);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_null(stage->found);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add(path, Stage, NULL, set_up, function, tear_down)
	ADD("/free-radio/alone", test_alone);
	ADD("/free-radio/iwd", test_iwd);
	ADD("/free-radio/network-manager", test_network_manager);
	ADD("/free-radio/asleep", test_asleep);
#define ADD_FOR(path, function, name) g_test_add(path, Stage, name, set_up, function, tear_down)
	ADD_FOR("/free-radio/network-manager/restarted", test_restarted, HOST_NM_NAME);
	ADD_FOR("/free-radio/network-manager/gone", test_gone, HOST_NM_NAME);
	ADD_FOR("/free-radio/iwd/restarted", test_restarted, HOST_IWD_NAME);
	ADD_FOR("/free-radio/iwd/gone", test_gone, HOST_IWD_NAME);
	ADD("/free-radio/silent", test_silent);
	ADD("/free-radio/gone-while-asked", test_gone_while_asked);
	ADD("/free-radio/freed", test_freed);
	return g_test_run();
}
