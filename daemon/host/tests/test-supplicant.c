// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked of wpa_supplicant, by a made-up one on a bus of its own. */
#include "connect.h"
#include "discovery/finder-p2p.h"
#include "links/group-nm.h"
#include "links/group-supplicant.h"
#include "wifi/iwd-bus.h"
#include "wifi/network-manager.h"
#include "wifi/p2p.h"

#include <glib/gstdio.h>
#include <string.h>

#define INTERFACE      HOST_SUPPLICANT_ROOT "/Interfaces/1"
#define NEXT_INTERFACE HOST_SUPPLICANT_ROOT "/Interfaces/2"
#define PEER	       INTERFACE "/Peers/"
#define TV	       "02000000000a"
#define BEAMER	       "02000000000b"

/* There is no such radio: nothing is read of one that this machine may have. */
#define IFNAME "nothing0"

static const char xml[] =
	"<node><interface name='fi.w1.wpa_supplicant1'>"
	"<property name='WFDIEs' type='ay' access='readwrite'/>"
	"<property name='Interfaces' type='ao' access='read'/>"
	"<method name='CreateInterface'><arg type='a{sv}' direction='in'/>"
	"<arg type='o' direction='out'/></method>"
	"<method name='RemoveInterface'><arg type='o' direction='in'/></method></interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface'>"
	"<property name='Ifname' type='s' access='read'/>"
	"<property name='State' type='s' access='read'/>"
	"<property name='Capabilities' type='a{sv}' access='read'/></interface>"
	"<interface name='fi.w1.wpa_supplicant1.Interface.P2PDevice'>"
	"<method name='Find'><arg type='a{sv}' direction='in'/></method>"
	"<method name='StopFind'/><method name='Cancel'/><method name='Disconnect'/>"
	"<method name='Connect'><arg type='a{sv}' direction='in'/>"
	"<arg type='s' direction='out'/></method>"
	"<method name='ProvisionDiscoveryRequest'><arg type='o' direction='in'/>"
	"<arg type='s' direction='in'/></method>"
	"<property name='P2PDeviceConfig' type='a{sv}' access='readwrite'/></interface>"
	"<interface name='fi.w1.wpa_supplicant1.Peer'>"
	"<property name='config_method' type='q' access='read'/></interface>"
	"<interface name='fi.w1.wpa_supplicant1.Group'>"
	"<property name='SSID' type='ay' access='read'/>"
	"<property name='PSK' type='ay' access='read'/></interface>"
	"<interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>"
	"<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface>"
	"<interface name='" HOST_NM_NAME "'><method name='AddAndActivateConnection2'>"
	"<arg type='a{sa{sv}}' direction='in'/><arg type='o' direction='in'/>"
	"<arg type='o' direction='in'/><arg type='a{sv}' direction='in'/>"
	"<arg type='o' direction='out'/><arg type='o' direction='out'/>"
	"<arg type='a{sv}' direction='out'/></method>"
	"<method name='DeactivateConnection'><arg type='o' direction='in'/></method>"
	"</interface></node>";

/* NetworkManager's, which has a device for groups, and sees the television. */
#define NM_DEVICE HOST_NM_ROOT "/Devices/1"
#define NM_RADIO  HOST_NM_ROOT "/Devices/2"
#define NM_PEER	  HOST_NM_ROOT "/WifiP2PPeer/1"

static const char nm_objects[] =
	"({objectpath '" NM_DEVICE "': {'" HOST_NM_DEVICE "': {'Interface': <'p2p-dev-" IFNAME
	"'>, "
	"'State': <uint32 30>}, '" HOST_NM_P2P "': {'Peers': <[objectpath '" NM_PEER "']>}}, "
	"'" NM_RADIO "': {'" HOST_NM_DEVICE "': {'Interface': <'" IFNAME
	"'>, 'State': <uint32 100>}, "
	"'" HOST_NM_DEVICE ".Wireless': @a{sv} {}}, "
	"'" NM_PEER "': {'" HOST_NM_NAME ".WifiP2PPeer': {'HwAddress': <'02:00:00:00:00:0A'>}}},)";

/* iwd's, which has a radio. */
#define IWD_OBJECTS "/"

static const char iwd_objects[] = "({objectpath '" HOST_IWD_ROOT "/0': {'" HOST_IWD_P2P
				  "': {'Enabled': <false>}}},)";

#define TEST_TYPE_AGENT (test_agent_get_type())
G_DECLARE_FINAL_TYPE(TestAgent, test_agent, TEST, AGENT, GObject)

/* Of somebody who does not answer. */
struct _TestAgent {
	GObject parent_instance;

	gboolean is_there;
	char *shown;
	GTask *question; /* for the PIN that the sink shows */
};

static void test_agent_request_pin_async(HostAgent *agent, GCancellable *cancellable,
					 GAsyncReadyCallback callback, gpointer user_data)
{
	TEST_AGENT(agent)->question = g_task_new(agent, cancellable, callback, user_data);
}

static char *test_agent_request_pin_finish(HostAgent *agent, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

static gboolean test_agent_display_pin(HostAgent *agent, const char *pin)
{
	TestAgent *self = TEST_AGENT(agent);

	self->shown = g_strdup(pin);
	return self->is_there;
}

static void test_agent_iface_init(HostAgentInterface *iface)
{
	iface->request_pin_async = test_agent_request_pin_async;
	iface->request_pin_finish = test_agent_request_pin_finish;
	iface->display_pin = test_agent_display_pin;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(TestAgent, test_agent, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_AGENT, test_agent_iface_init))

static void test_agent_init(TestAgent *self)
{
}

static void test_agent_class_init(TestAgentClass *class)
{
}

typedef struct {
	GTestDBus *bus;
	GDBusConnection *theirs, *ours;
	GArray *registrations; /* of the objects */
	GVariant *elements; /* WFDIEs */
	const char *interface; /* that it has, or NULL */
	const char *other_interface; /* a newer one, or NULL */
	guint16 methods; /* of pairing, of peers */
	gboolean has_no_name; /* its interface, any more */
	const char *nm_objects; /* in the place of those above, or NULL */
	gboolean nm_is_silent;
	GDBusMethodInvocation *question; /* that NetworkManager does not answer */
	GString *asked;
	GDBusObjectManager *objects; /* NetworkManager's, if it is there */
	GVariant *connection; /* that it was asked for last, or NULL */
	gint32 intent; /* that the sink was asked with last */
	HostSupplicant *supplicant;
	HostP2pStore *store;
	TestAgent *agent;
} Stage;

/* In the place of this machine's: the linker is told so. */
static const char *const *radios;

static gboolean radio_in_use;

char **__wrap_host_radio_list(void);
gboolean __wrap_host_radio_is_in_use(const char *interface);

char **__wrap_host_radio_list(void)
{
	return radios ? g_strdupv((char **)radios) : g_new0(char *, 1);
}

gboolean __wrap_host_radio_is_in_use(const char *interface)
{
	return radio_in_use;
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
		    const char *interface, const char *method, GVariant *parameters,
		    GDBusMethodInvocation *invocation, gpointer data)
{
	Stage *stage = data;

	if (!strcmp(method, "GetManagedObjects") && stage->nm_is_silent) {
		stage->question = invocation;
		return;
	}
	if (!strcmp(method, "GetManagedObjects") && !strcmp(path, IWD_OBJECTS)) {
		g_dbus_method_invocation_return_value(invocation,
						      g_variant_new_parsed(iwd_objects));
		return;
	}
	if (!strcmp(method, "GetManagedObjects")) {
		g_dbus_method_invocation_return_value(
			invocation,
			g_variant_new_parsed(stage->nm_objects ? stage->nm_objects : nm_objects));
		return;
	}
	g_string_append_printf(stage->asked, "%s ", method);
	if (!strcmp(method, "Connect")) {
		g_autoptr(GVariant) options = g_variant_get_child_value(parameters, 0);

		g_variant_lookup(options, "go_intent", "i", &stage->intent);
	}
	if (!strcmp(method, "AddAndActivateConnection2")) {
		g_clear_pointer(&stage->connection, g_variant_unref);
		stage->connection = g_variant_get_child_value(parameters, 0);
		g_dbus_method_invocation_return_value(
			invocation, g_variant_new_parsed("(objectpath '/connection', "
							 "objectpath '/active', @a{sv} {})"));
		return;
	}
	if (!strcmp(method, "CreateInterface")) {
		stage->interface = NEXT_INTERFACE;
		g_dbus_method_invocation_return_value(invocation,
						      g_variant_new("(o)", NEXT_INTERFACE));
		return;
	}
	if (!strcmp(method, "RemoveInterface"))
		stage->interface = NULL;
	g_dbus_method_invocation_return_value(
		invocation, strcmp(method, "Connect") ? NULL : g_variant_new("(s)", "12345670"));
}

static GVariant *new_paths(const char *first, const char *second)
{
	const char *paths[2];
	gsize n = 0;

	if (first)
		paths[n++] = first;
	if (second)
		paths[n++] = second;
	return g_variant_new_objv(paths, n);
}

static GVariant *on_get(GDBusConnection *connection, const char *sender, const char *path,
			const char *interface, const char *name, GError **error, gpointer data)
{
	Stage *stage = data;

	if (!strcmp(name, "WFDIEs") && !stage->interface)
		return g_variant_new_parsed("@ay []");
	if (!strcmp(name, "WFDIEs"))
		return g_variant_ref(stage->elements);
	if (!strcmp(name, "Interfaces"))
		return new_paths(stage->other_interface, stage->interface);
	if (!strcmp(name, "Ifname") && stage->has_no_name) {
		g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "out of names");
		return NULL;
	}
	if (!strcmp(name, "Ifname"))
		return g_variant_new_string(IFNAME);
	if (!strcmp(name, "State"))
		return g_variant_new_string("disconnected");
	if (!strcmp(name, "Capabilities"))
		return g_variant_new_parsed("{'Modes': <['infrastructure', 'p2p']>}");
	if (!strcmp(name, "P2PDeviceConfig"))
		return g_variant_new_parsed("{'DeviceName': <'here'>}");
	if (!strcmp(name, "SSID"))
		return g_variant_new_from_data(G_VARIANT_TYPE_BYTESTRING, "DIRECT-ab", 9, TRUE,
					       NULL, NULL);
	if (!strcmp(name, "PSK"))
		return g_variant_new_from_data(G_VARIANT_TYPE_BYTESTRING,
					       "0123456789abcdef0123456789abcdef", 32, TRUE, NULL,
					       NULL);
	g_assert_cmpstr(name, ==, "config_method");
	return g_variant_new_uint16(stage->methods);
}

static gboolean on_set(GDBusConnection *connection, const char *sender, const char *path,
		       const char *interface, const char *name, GVariant *value, GError **error,
		       gpointer data)
{
	Stage *stage = data;

	if (!strcmp(name, "WFDIEs")) {
		g_variant_unref(stage->elements);
		stage->elements = g_variant_ref(value);
	}
	return TRUE;
}

static void emit(Stage *stage, const char *interface, const char *name, GVariant *parameters)
{
	g_autoptr(GError) error = NULL;

	g_dbus_connection_emit_signal(
		stage->theirs, NULL,
		strcmp(interface, HOST_SUPPLICANT_NAME) ? INTERFACE : HOST_SUPPLICANT_ROOT,
		interface, name, parameters, &error);
	g_assert_no_error(error);
}

static void show_peer(Stage *stage, const char *path, guint8 last)
{
	emit(stage, HOST_SUPPLICANT_P2P, "DeviceFoundProperties",
	     g_variant_new_parsed("(%o, {'DeviceAddress': <[byte 2, 0, 0, 0, 0, %y]>})", path,
				  last));
}

static GVariant *said_before(void)
{
	return g_variant_ref_sink(g_variant_new_parsed("[byte 0, 0, 6, 0, 17, 28, 68, 0, 200]"));
}

static void set_up(Stage *stage, gconstpointer unused)
{
	static const GDBusInterfaceVTable vtable = {on_call, on_get, on_set, {NULL}};
	static const struct {
		const char *path;
		guint interface;
	} objects[] = {
		{HOST_SUPPLICANT_ROOT, 0},
		{INTERFACE, 1},
		{INTERFACE, 2},
		{NEXT_INTERFACE, 1},
		{NEXT_INTERFACE, 2},
		{PEER TV, 3},
		{PEER BEAMER, 3},
		{INTERFACE "/Groups/ab", 4},
		{HOST_NM_OBJECTS, 5},
		{HOST_NM_ROOT, 6},
		{IWD_OBJECTS, 5},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, &error);

	g_assert_no_error(error);
	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->theirs = connect_to(stage->bus);
	stage->ours = connect_to(stage->bus);
	stage->asked = g_string_new(NULL);
	stage->registrations = g_array_new(FALSE, FALSE, sizeof(guint));
	stage->elements = said_before();
	stage->interface = INTERFACE;
	stage->methods = HOST_P2P_METHOD_PUSH_BUTTON;
	stage->store = host_p2p_store_new("/nowhere/groups");
	stage->agent = g_object_new(TEST_TYPE_AGENT, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
		guint id = g_dbus_connection_register_object(stage->theirs, objects[i].path,
							     node->interfaces[objects[i].interface],
							     &vtable, stage, NULL, &error);

		g_assert_no_error(error);
		g_array_append_val(stage->registrations, id);
	}
	own_name(stage->theirs, HOST_SUPPLICANT_NAME);
	stage->supplicant = host_supplicant_new(stage->ours);
	while (!host_supplicant_get_p2p(stage->supplicant))
		g_main_context_iteration(NULL, TRUE);
}

static void wait_until_said(Stage *stage, GVariant *expected)
{
	while (!g_variant_equal(stage->elements, expected))
		g_main_context_iteration(NULL, TRUE);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_autoptr(GVariant) before = said_before();

	host_supplicant_wait_put_back(stage->supplicant);
	wait_until_said(stage, before);
	g_object_unref(stage->supplicant);
	g_object_unref(stage->agent);
	host_p2p_store_free(stage->store);
	/* What is asked still is not asked of a stage that is gone. */
	for (guint i = 0; i < stage->registrations->len; i++)
		g_dbus_connection_unregister_object(stage->theirs,
						    g_array_index(stage->registrations, guint, i));
	g_array_unref(stage->registrations);
	radios = NULL;
	radio_in_use = FALSE;
	g_clear_object(&stage->question);
	g_clear_object(&stage->objects);
	g_clear_pointer(&stage->connection, g_variant_unref);
	g_variant_unref(stage->elements);
	g_string_free(stage->asked, TRUE);
	g_object_unref(stage->ours);
	g_object_unref(stage->theirs);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
}

static void wait_until_asked(Stage *stage, const char *expected)
{
	while (strlen(stage->asked->str) < strlen(expected))
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(stage->asked->str, ==, expected);
	g_string_truncate(stage->asked, 0);
}

static void on_ready(const GError *error, gpointer data)
{
	g_assert_no_error(error);
	*(gboolean *)data = TRUE;
}

static HostUse *use(Stage *stage)
{
	gboolean is_ready = FALSE;
	HostUse *it = host_supplicant_use(stage->supplicant, 7236, on_ready, &is_ready);

	while (!is_ready)
		g_main_context_iteration(NULL, TRUE);
	return it;
}

/* The radio is switched off, and its interface removed; back on it has another one. */
static void switch_radio(Stage *stage, gboolean on)
{
	stage->interface = on ? NEXT_INTERFACE : NULL;
	emit(stage, HOST_SUPPLICANT_NAME, on ? "InterfaceAdded" : "InterfaceRemoved",
	     on ? g_variant_new_parsed("(objectpath '" NEXT_INTERFACE "', @a{sv} {})")
		: g_variant_new("(o)", INTERFACE));
	while (g_strcmp0(host_supplicant_get_p2p(stage->supplicant), stage->interface))
		g_main_context_iteration(NULL, TRUE);
}

/* What was said before is put back without a radio, too, and at once. */
static void test_radio_off(Stage *stage, gconstpointer unused)
{
	g_autoptr(GVariant) ours = g_variant_ref_sink(host_wfd_ie_source(7236));
	g_autoptr(GVariant) before = said_before();
	gint64 began = g_get_monotonic_time();
	HostUse *it = use(stage);

	wait_until_said(stage, ours);
	switch_radio(stage, FALSE);
	host_use_end(it);
	host_supplicant_wait_put_back(stage->supplicant);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 4 * G_TIME_SPAN_SECOND);
	wait_until_said(stage, before);
}

/* A radio that comes back says nothing by itself. */
static void test_radio_back(Stage *stage, gconstpointer unused)
{
	g_autoptr(GVariant) ours = g_variant_ref_sink(host_wfd_ie_source(7236));
	HostUse *it = use(stage);

	switch_radio(stage, FALSE);
	g_variant_unref(stage->elements);
	stage->elements = said_before();
	switch_radio(stage, TRUE);
	wait_until_said(stage, ours);
	host_use_end(it);
}

static const char *const free_radio[] = {"nothing1", NULL};

/* A radio that nobody has is the supplicant's for as long as somebody uses it. */
static void test_free_radio(Stage *stage, gconstpointer unused)
{
	HostUse *it;

	switch_radio(stage, FALSE);
	radios = free_radio;
	it = use(stage);
	wait_until_asked(stage, "CreateInterface ");
	g_assert_cmpstr(host_supplicant_get_p2p(stage->supplicant), ==, NEXT_INTERFACE);
	host_use_end(it);
	wait_until_asked(stage, "RemoveInterface ");
}

#define NM_HAS(state, managed)                                                                    \
	"({objectpath '" HOST_NM_ROOT "': {'" HOST_NM_NAME                                        \
	"': {'Startup': <false>, 'State': <uint32 " state ">}}, "                                 \
	"'" NM_RADIO "': {'" HOST_NM_DEVICE "': {'Interface': <'nothing1'>, 'Managed': <" managed \
	">}}},)"

static void on_answered(GObject *object, GAsyncResult *result, gpointer data)
{
	*(gboolean *)data = TRUE;
}

/* All that was asked of the supplicant has come to it. */
static void wait_until_answered(Stage *stage)
{
	gboolean is_answered = FALSE;

	host_supplicant_bus_get(stage->ours, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME,
				"Interfaces", on_answered, &is_answered);
	while (!is_answered)
		g_main_context_iteration(NULL, TRUE);
}

/* What it was given is taken back only if nobody else manages it by then. */
static void end_free_radio(Stage *stage, const char *name, const char *told, const char *expected)
{
	HostUse *it;

	switch_radio(stage, FALSE);
	radios = free_radio;
	it = use(stage);
	wait_until_asked(stage, "CreateInterface ");
	stage->nm_objects = told;
	own_name(stage->theirs, name);
	host_use_end(it);
	host_supplicant_wait_put_back(stage->supplicant);
	wait_until_answered(stage);
	wait_until_asked(stage, expected);
}

static void test_adopted_radio(Stage *stage, gconstpointer unused)
{
	end_free_radio(stage, HOST_NM_NAME, NM_HAS("70", "true"), "");
}

static void test_radio_of_iwd(Stage *stage, gconstpointer unused)
{
	end_free_radio(stage, HOST_IWD_NAME, NULL, "");
}

static void test_radio_left_alone(Stage *stage, gconstpointer unused)
{
	end_free_radio(stage, HOST_NM_NAME, NM_HAS("70", "false"), "RemoveInterface ");
}

/* It goes to sleep, with all that it manages. */
static void test_radio_in_sleep(Stage *stage, gconstpointer unused)
{
	end_free_radio(stage, HOST_NM_NAME, NM_HAS("10", "false"), "RemoveInterface ");
}

/* A NetworkManager that hangs: whose radio it is is not known, and all else goes on meanwhile. */
static void test_silent_network_manager(Stage *stage, gconstpointer unused)
{
	gboolean is_ready = FALSE;
	HostUse *it;

	switch_radio(stage, FALSE);
	own_name(stage->theirs, HOST_NM_NAME);
	stage->nm_is_silent = TRUE;
	radios = free_radio;
	it = host_supplicant_use(stage->supplicant, 7236, on_ready, &is_ready);
	while (!stage->question && !is_ready)
		g_main_context_iteration(NULL, TRUE);
	g_assert_nonnull(stage->question);
	/* Somebody plugs one in, which does without it. */
	switch_radio(stage, TRUE);
	show_peer(stage, PEER TV, 10);
	while (!host_peers_find(host_supplicant_get_peers(stage->supplicant), "02:00:00:00:00:0a"))
		g_main_context_iteration(NULL, TRUE);
	while (!is_ready)
		g_main_context_iteration(NULL, TRUE);
	host_use_end(it);
	g_assert_cmpstr(stage->asked->str, ==, "");
}

/* A second one would not help: all Wi-Fi Direct goes by the first. */
static void test_second_radio(Stage *stage, gconstpointer unused)
{
	HostUse *it;

	radios = free_radio;
	it = use(stage);
	wait_s(1);
	host_use_end(it);
	g_assert_cmpstr(stage->asked->str, ==, "");
}

/* Of several that can, the oldest is the one, and the list begins with the newest. */
static void test_oldest_radio(Stage *stage, gconstpointer unused)
{
	stage->other_interface = NEXT_INTERFACE;
	emit(stage, HOST_SUPPLICANT_NAME, "InterfaceAdded",
	     g_variant_new_parsed("(objectpath '" NEXT_INTERFACE "', @a{sv} {})"));
	wait_s(1);
	g_assert_cmpstr(host_supplicant_get_p2p(stage->supplicant), ==, INTERFACE);
}

static void on_refused(const GError *error, gpointer data)
{
	*(char **)data = g_strdup(error->message);
}

/* Another wpa_supplicant is on a network with it, which it would be thrown out of. */
static void test_radio_in_use(Stage *stage, gconstpointer unused)
{
	g_autofree char *refusal = NULL;
	const char *detail;
	HostUse *it;

	switch_radio(stage, FALSE);
	radios = free_radio;
	radio_in_use = TRUE;
	it = host_supplicant_use(stage->supplicant, 7236, on_refused, &refusal);
	while (!refusal)
		g_main_context_iteration(NULL, TRUE);
	/* Not that it could not do Wi-Fi Direct. */
	g_assert_true(g_str_has_prefix(refusal, "Another program is on a network"));
	host_use_end(it);
	g_assert_cmpstr(stage->asked->str, ==, "");
	/* The next one does not hear of what may be so no more. */
	radio_in_use = FALSE;
	g_clear_pointer(&refusal, g_free);
	it = host_supplicant_use(stage->supplicant, 7236, on_refused, &refusal);
	g_assert_cmpint(host_supplicant_get_problem(stage->supplicant, &detail), ==,
			HOST_N_REASONS);
	host_use_end(it);
	g_assert_null(refusal);
}

/*
 * Groups.
 */

typedef struct {
	HostGroup *group;
	GCancellable *cancellable;
	GString *steps;
	gboolean returned;
	GError *error;
} Opening;

static void on_open(GObject *object, GAsyncResult *result, gpointer data)
{
	Opening *opening = data;

	host_group_open_finish(HOST_GROUP(object), result, &opening->error);
	opening->returned = TRUE;
}

static void on_objects(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;

	*(GDBusObjectManager **)data = g_dbus_object_manager_client_new_finish(result, &error);
	g_assert_no_error(error);
}

static void on_step(HostGroup *group, const char *word, const char *message, Opening *opening)
{
	g_string_append_printf(opening->steps, "%s ", word);
}

/* Takes @group. */
static void begin(Opening *opening, HostGroup *group)
{
	*opening = (Opening){.group = group, .steps = g_string_new(NULL)};
	opening->cancellable = g_cancellable_new();
	g_signal_connect(group, "step", G_CALLBACK(on_step), opening);
	host_group_open_async(opening->group, opening->cancellable, on_open, opening);
}

static void begin_to_open(Stage *stage, Opening *opening, const char *sink)
{
	begin(opening, host_group_supplicant_new(stage->supplicant, stage->store, sink, 7236,
						 HOST_AGENT(stage->agent), NULL, -1));
}

static void wait_until_returned(Opening *opening)
{
	while (!opening->returned)
		g_main_context_iteration(NULL, TRUE);
}

static void end_opening(Opening *opening)
{
	g_cancellable_cancel(opening->cancellable);
	wait_until_returned(opening);
	host_group_close(opening->group);
	g_signal_handlers_disconnect_by_data(opening->group, opening);
	g_string_free(opening->steps, TRUE);
	g_object_unref(opening->group);
	g_object_unref(opening->cancellable);
	g_clear_error(&opening->error);
}

static void expect_refused(Stage *stage, const char *sink)
{
	Opening opening;

	begin_to_open(stage, &opening, sink);
	wait_until_returned(&opening);
	g_assert_error(opening.error, HOST_ERROR, (int)HOST_REASON_SUPPLICANT_REFUSED);
	g_assert_nonnull(strstr(opening.error->message, "end that session first"));
	end_opening(&opening);
}

/* On the interface at @path */
static void start_group_at(Stage *stage, const char *path, const char *role)
{
	emit(stage, HOST_SUPPLICANT_P2P, "GroupStarted",
	     g_variant_new_parsed("({'interface_object': <%o>, "
				  "'group_object': <objectpath '" INTERFACE "/Groups/ab'>, "
				  "'role': <%s>},)",
				  path, role));
}

static void start_group(Stage *stage)
{
	start_group_at(stage, INTERFACE, "client");
}

static void on_interface(HostGroup *group, const char *name, char **told)
{
	g_assert_null(*told);
	*told = g_strdup(name);
}

/* What one session is told of its group is not another one's, and nothing is taken from it. */
static void test_one_at_a_time(Stage *stage, gconstpointer unused)
{
	Opening tv, beamer;

	show_peer(stage, PEER TV, 10);
	show_peer(stage, PEER BEAMER, 11);
	begin_to_open(stage, &tv, "02:00:00:00:00:0a");
	wait_until_asked(stage, "Connect ");
	expect_refused(stage, "02:00:00:00:00:0b");
	expect_refused(stage, "02:00:00:00:00:0c");
	start_group(stage);
	wait_until_returned(&tv);
	g_assert_no_error(tv.error);
	g_assert_cmpstr(host_group_get_net(tv.group)->interface, ==, IFNAME);
	expect_refused(stage, "02:00:00:00:00:0b");
	g_assert_cmpstr(stage->asked->str, ==, "");
	/* While one is put back the next may begin. */
	end_opening(&tv);
	begin_to_open(stage, &beamer, "02:00:00:00:00:0b");
	wait_until_asked(stage, "Disconnect Connect ");
	end_opening(&beamer);
	wait_until_asked(stage, "Cancel ");
}

/* A display that is ready, and its group's owner if @capability has bit 0. */
static void show_display(Stage *stage, guint16 methods, guint8 capability)
{
	emit(stage, HOST_SUPPLICANT_P2P, "DeviceFoundProperties",
	     g_variant_new_parsed("(%o, {'DeviceAddress': <[byte 2, 0, 0, 0, 0, 10]>, "
				  "'config_method': <%q>, 'groupcapability': <%y>, "
				  "'IEs': <[byte 0, 0, 6, 0, 0x11, 28, 68, 0, 200]>})",
				  PEER TV, methods, capability));
}

/* A group's keys are kept once a session has started in it: of no other sink does anybody forget them. */
static void test_kept_group(Stage *stage, gconstpointer unused)
{
	g_autofree char *folder = g_dir_make_tmp("miracast-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(folder, "groups", NULL);
	g_autoptr(HostStoredGroup) stored = NULL;
	Opening opening;

	host_p2p_store_free(stage->store);
	stage->store = host_p2p_store_new(file);
	show_peer(stage, PEER TV, 10);
	begin_to_open(stage, &opening, "02:00:00:00:00:0a");
	wait_until_asked(stage, "Connect ");
	emit(stage, HOST_SUPPLICANT_P2P, "GroupStarted",
	     g_variant_new_parsed("({'interface_object': <objectpath '" INTERFACE "'>, "
				  "'group_object': <objectpath '" INTERFACE "/Groups/ab'>, "
				  "'role': <'client'>, 'persistent': <true>},)"));
	wait_until_returned(&opening);
	g_assert_no_error(opening.error);
	g_assert_null(host_p2p_store_lookup(stage->store, "02:00:00:00:00:0a"));
	g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
	host_group_settle(opening.group);
	stored = host_p2p_store_lookup(stage->store, "02:00:00:00:00:0a");
	g_assert_nonnull(stored);
	g_assert_cmpuint(g_bytes_get_size(stored->ssid), ==, 9);
	g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
	end_opening(&opening);
	wait_until_asked(stage, "Disconnect ");
	g_unlink(file);
	g_rmdir(folder);
}

/* The other way round is tried once, and not where somebody has chosen. */
static void test_turn_round(Stage *stage, gconstpointer unused)
{
	g_autoptr(HostGroup) other = NULL;
	g_autofree char *interface = NULL;
	Opening first, second, chosen;

	show_peer(stage, PEER TV, 10);
	begin_to_open(stage, &first, "02:00:00:00:00:0a");
	g_signal_connect(first.group, "interface", G_CALLBACK(on_interface), &interface);
	wait_until_asked(stage, "Connect ");
	g_assert_cmpint(stage->intent, ==, 0);
	start_group(stage);
	wait_until_returned(&first);
	g_assert_no_error(first.error);
	g_assert_cmpstr(interface, ==, IFNAME);
	other = host_group_turn_round(first.group);
	g_assert_nonnull(other);
	end_opening(&first);
	/* It ends its own group in the middle of being looked for. */
	show_display(stage, HOST_P2P_METHOD_PUSH_BUTTON, 1);
	begin(&second, g_steal_pointer(&other));
	wait_until_asked(stage, "Disconnect Find ");
	wait_s(4);
	g_assert_cmpstr(stage->asked->str, ==, "");
	show_display(stage, HOST_P2P_METHOD_PUSH_BUTTON, 0);
	wait_until_asked(stage, "StopFind Connect ");
	g_assert_cmpint(stage->intent, ==, 15);
	start_group(stage);
	wait_until_returned(&second);
	g_assert_no_error(second.error);
	g_assert_null(host_group_turn_round(second.group));
	end_opening(&second);
	begin(&chosen,
	      host_group_supplicant_new(stage->supplicant, stage->store, "02:00:00:00:00:0a", 7236,
					HOST_AGENT(stage->agent), NULL, 3));
	wait_until_asked(stage, "Disconnect Connect ");
	g_assert_cmpint(stage->intent, ==, 3);
	start_group(stage);
	wait_until_returned(&chosen);
	g_assert_null(host_group_turn_round(chosen.group));
	end_opening(&chosen);
	wait_until_asked(stage, "Disconnect ");
}

/* A sink may be known for longer than the radio over which it was found. */
static void test_radio_gone_while_looked_at(Stage *stage, gconstpointer unused)
{
	Opening opening;

	show_peer(stage, PEER TV, 10);
	wait_s(6);
	begin_to_open(stage, &opening, "02:00:00:00:00:0a");
	wait_until_asked(stage, "Find ");
	switch_radio(stage, FALSE);
	wait_until_returned(&opening);
	g_assert_nonnull(opening.error);
	g_test_message("%s", opening.error->message);
	end_opening(&opening);
}

/* What is turned round is who owns the group, not what was asked for. */
static void test_turn_round_as_owner(Stage *stage, gconstpointer unused)
{
	Opening first, second;
	HostGroup *other;

	show_peer(stage, PEER TV, 10);
	begin_to_open(stage, &first, "02:00:00:00:00:0a");
	wait_until_asked(stage, "Connect ");
	start_group_at(stage, INTERFACE, "GO");
	/* When it waits for the sink is not seen. */
	while (!first.returned) {
		g_dbus_connection_emit_signal(stage->theirs, NULL, INTERFACE "/Groups/ab",
					      HOST_SUPPLICANT_GROUP, "PeerJoined",
					      g_variant_new("(o)", PEER TV), NULL);
		g_main_context_iteration(NULL, TRUE);
	}
	g_assert_no_error(first.error);
	other = host_group_turn_round(first.group);
	end_opening(&first);
	begin(&second, other);
	wait_until_asked(stage, "Disconnect Find StopFind Connect ");
	g_assert_cmpint(stage->intent, ==, 0);
	end_opening(&second);
	wait_until_asked(stage, "Cancel ");
}

/* Who began to look for another sink before is told, too. */
static void test_found_too_late(Stage *stage, gconstpointer unused)
{
	Opening tv, beamer;

	begin_to_open(stage, &beamer, "02:00:00:00:00:0b");
	wait_until_asked(stage, "Find ");
	begin_to_open(stage, &tv, "02:00:00:00:00:0a");
	show_peer(stage, PEER TV, 10);
	wait_until_asked(stage, "StopFind Connect ");
	show_peer(stage, PEER BEAMER, 11);
	wait_until_returned(&beamer);
	g_assert_error(beamer.error, HOST_ERROR, (int)HOST_REASON_SUPPLICANT_REFUSED);
	g_assert_cmpstr(stage->asked->str, ==, "");
	end_opening(&beamer);
	end_opening(&tv);
	wait_until_asked(stage, "Cancel ");
}

/* A PIN that nobody can see, or sees any more, is not waited for. */
static void test_shown_pin(Stage *stage, gconstpointer unused)
{
	stage->methods = HOST_P2P_METHOD_KEYPAD;
	show_peer(stage, PEER TV, 10);
	for (stage->agent->is_there = FALSE; stage->agent->is_there <= TRUE;
	     stage->agent->is_there++) {
		Opening opening;

		begin_to_open(stage, &opening, "02:00:00:00:00:0a");
		while (!stage->agent->shown)
			g_main_context_iteration(NULL, TRUE);
		g_assert_cmpstr(stage->agent->shown, ==, "12345670");
		g_clear_pointer(&stage->agent->shown, g_free);
		if (stage->agent->is_there)
			g_signal_emit_by_name(stage->agent, "gone");
		wait_until_returned(&opening);
		g_assert_error(opening.error, HOST_ERROR, (int)HOST_REASON_NO_PIN);
		end_opening(&opening);
		wait_until_asked(stage, "Connect Cancel ");
	}
}

/* A sink that wants its button pressed instead shows none: nobody is to look for it. */
static void test_pin_not_needed(Stage *stage, gconstpointer unused)
{
	g_autoptr(GTask) question = NULL;
	Opening opening;

	stage->methods = HOST_P2P_METHOD_DISPLAY;
	show_peer(stage, PEER TV, 10);
	begin_to_open(stage, &opening, "02:00:00:00:00:0a");
	wait_until_asked(stage, "ProvisionDiscoveryRequest ");
	emit(stage, HOST_SUPPLICANT_P2P, "ProvisionDiscoveryResponseEnterPin",
	     g_variant_new("(o)", PEER TV));
	while (!stage->agent->question)
		g_main_context_iteration(NULL, TRUE);
	question = g_steal_pointer(&stage->agent->question);
	/* Device Password ID: 4, push button. */
	emit(stage, HOST_SUPPLICANT_P2P, "GONegotiationRequest",
	     g_variant_new("(oqy)", PEER TV, 4, 0));
	wait_until_asked(stage, "Connect ");
	g_assert_true(g_task_return_error_if_cancelled(question));
	start_group(stage);
	wait_until_returned(&opening);
	g_assert_no_error(opening.error);
	end_opening(&opening);
	wait_until_asked(stage, "Disconnect ");
}

/* What another program says is shown to people, and not what D-Bus puts before it. */
static void test_refusal_is_readable(Stage *stage, gconstpointer unused)
{
	Opening opening;

	show_peer(stage, PEER TV, 10);
	begin_to_open(stage, &opening, "02:00:00:00:00:0a");
	wait_until_asked(stage, "Connect ");
	stage->has_no_name = TRUE;
	start_group(stage);
	wait_until_returned(&opening);
	g_assert_error(opening.error, HOST_ERROR, (int)HOST_REASON_SUPPLICANT_REFUSED);
	g_assert_true(g_str_has_suffix(opening.error->message, "(out of names)"));
	end_opening(&opening);
	wait_until_asked(stage, "Disconnect ");
}

static void begin_at_network_manager(Stage *stage, Opening *opening)
{
	own_name(stage->theirs, HOST_NM_NAME);
	g_dbus_object_manager_client_new(stage->ours,
					 G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
					 HOST_NM_NAME, HOST_NM_OBJECTS, NULL, NULL, NULL, NULL,
					 on_objects, &stage->objects);
	while (!stage->objects)
		g_main_context_iteration(NULL, TRUE);
	begin(opening, host_group_nm_new(stage->objects, stage->supplicant, "02:00:00:00:00:0a",
					 7236, HOST_AGENT(stage->agent), FALSE, -1));
}

/* What its device has come to, and why. */
static void tell_state(Stage *stage, guint state, guint reason)
{
	g_autoptr(GError) error = NULL;

	g_dbus_connection_emit_signal(stage->theirs, NULL, NM_DEVICE, HOST_NM_DEVICE,
				      "StateChanged", g_variant_new("(uuu)", state, 0, reason),
				      &error);
	g_assert_no_error(error);
}

/* Once the sink has been looked for. */
static void wait_until_activated(Stage *stage)
{
	while (!g_str_has_suffix(stage->asked->str, "StopFind AddAndActivateConnection2 "))
		g_main_context_iteration(NULL, TRUE);
	g_string_truncate(stage->asked, 0);
}

/* NetworkManager activates, and has given up after 45 s: NM_DEVICE_STATE_REASON_SUPPLICANT_TIMEOUT. */
static void ask_in_vain(Stage *stage)
{
	wait_until_activated(stage);
	tell_state(stage, 50, 0);
	tell_state(stage, 120, 11);
}

/* The sink's person has longer than NetworkManager waits, and not for ever. */
static void test_asked_again(Stage *stage, gconstpointer unused)
{
	Opening opening;

	show_peer(stage, PEER TV, 10);
	begin_at_network_manager(stage, &opening);
	for (guint i = 0; i < 2; i++) {
		ask_in_vain(stage);
		tell_state(stage, 30, 0);
	}
	ask_in_vain(stage);
	wait_until_asked(stage, "DeactivateConnection ");
	tell_state(stage, 30, 0);
	wait_until_returned(&opening);
	g_assert_error(opening.error, HOST_ERROR, (int)HOST_REASON_NOT_ACCEPTED);
	g_assert_cmpstr(opening.steps->str, ==, "searching pairing asking-again asking-again ");
	end_opening(&opening);
}

/* A sink that gives addresses gives neither name servers nor search domains, nor routes to elsewhere. */
static void test_only_addresses(Stage *stage, gconstpointer unused)
{
	static const char *const refused[] = {"never-default", "ignore-auto-dns",
					      "ignore-auto-routes"};
	g_autoptr(GVariant) ipv4 = NULL;
	g_autoptr(GVariant) ipv6 = NULL;
	const char *method;
	Opening opening;

	show_peer(stage, PEER TV, 10);
	begin_at_network_manager(stage, &opening);
	wait_until_activated(stage);
	ipv4 = g_variant_lookup_value(stage->connection, "ipv4", G_VARIANT_TYPE_VARDICT);
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		gboolean is_refused = FALSE;

		g_assert_true(g_variant_lookup(ipv4, refused[i], "b", &is_refused));
		g_assert_true(is_refused);
	}
	ipv6 = g_variant_lookup_value(stage->connection, "ipv6", G_VARIANT_TYPE_VARDICT);
	g_assert_true(g_variant_lookup(ipv6, "method", "&s", &method));
	g_assert_cmpstr(method, ==, "disabled");
	g_cancellable_cancel(opening.cancellable);
	wait_until_asked(stage, "DeactivateConnection ");
	tell_state(stage, 30, 0);
	end_opening(&opening);
}

/* Its interface is told of before NetworkManager has set addresses there. */
static void test_interface_at_network_manager(Stage *stage, gconstpointer unused)
{
	g_autofree char *interface = NULL;
	Opening opening;

	show_peer(stage, PEER TV, 10);
	begin_at_network_manager(stage, &opening);
	g_signal_connect(opening.group, "interface", G_CALLBACK(on_interface), &interface);
	wait_until_activated(stage);
	tell_state(stage, 50, 0);
	start_group_at(stage, NEXT_INTERFACE, "client");
	while (!interface)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(interface, ==, IFNAME);
	g_cancellable_cancel(opening.cancellable);
	wait_until_asked(stage, "DeactivateConnection ");
	tell_state(stage, 30, 0);
	emit(stage, HOST_SUPPLICANT_NAME, "InterfaceRemoved", g_variant_new("(o)", NEXT_INTERFACE));
	end_opening(&opening);
}

/* Who has declined is not asked again. */
static void test_declined_at_network_manager(Stage *stage, gconstpointer unused)
{
	Opening opening;

	show_peer(stage, PEER TV, 10);
	begin_at_network_manager(stage, &opening);
	wait_until_activated(stage);
	emit(stage, HOST_SUPPLICANT_P2P, "GONegotiationFailure",
	     g_variant_new_parsed("({'status': <11>},)"));
	tell_state(stage, 120, 11);
	tell_state(stage, 30, 0);
	wait_until_returned(&opening);
	g_assert_error(opening.error, HOST_ERROR, (int)HOST_REASON_DECLINED);
	end_opening(&opening);
}

/* Between two times, too, it can be called off. */
static void test_asked_no_more(Stage *stage, gconstpointer unused)
{
	Opening opening;

	show_peer(stage, PEER TV, 10);
	begin_at_network_manager(stage, &opening);
	ask_in_vain(stage);
	tell_state(stage, 30, 0);
	wait_until_asked(stage, "Find ");
	g_cancellable_cancel(opening.cancellable);
	wait_until_returned(&opening);
	g_assert_error(opening.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	end_opening(&opening);
}

/* What NetworkManager says nothing of is told at once, and not that the sink was not found. */
static void test_radio_off_at_network_manager(Stage *stage, gconstpointer unused)
{
	Opening opening;

	begin_at_network_manager(stage, &opening);
	wait_until_asked(stage, "Find ");
	switch_radio(stage, FALSE);
	wait_until_returned(&opening);
	g_assert_error(opening.error, HOST_ERROR, (int)HOST_REASON_NO_WIFI_DEVICE);
	end_opening(&opening);
}

/*
 * Before anybody chooses it.
 */

static void on_found(HostFinder *finder, HostFinding *finding, HostFinding **found)
{
	g_set_object(found, finding);
}

static void wait_for_obstacle(HostFinding **found, const char *detail)
{
	while (!*found)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr((*found)->obstacle, ==, detail ? "network-manager-unable" : NULL);
	g_assert_true(detail ? strstr((*found)->obstacle_message, detail) != NULL
			     : !(*found)->obstacle_message);
	g_clear_object(found);
}

/* What NetworkManager cannot do is said of a sink that is found, while it manages the radio. */
static void test_obstacle(Stage *stage, gconstpointer unused)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostFinder) finder = host_finder_p2p_new(stage->ours, listener, "/nowhere");
	g_autoptr(HostFinding) found = NULL;

	g_signal_connect(finder, "found", G_CALLBACK(on_found), &found);
	host_finder_start(finder);
	wait_until_asked(stage, "Find ");
	show_display(stage, HOST_P2P_METHOD_PUSH_BUTTON, 1);
	wait_for_obstacle(&found, NULL);
	/* What was told before is told again. */
	own_name(stage->theirs, HOST_NM_NAME);
	wait_for_obstacle(&found, "owns a group already");
	show_display(stage, HOST_P2P_METHOD_PUSH_BUTTON, 0);
	wait_for_obstacle(&found, NULL);
	show_display(stage, HOST_P2P_METHOD_DISPLAY, 0);
	wait_for_obstacle(&found, "a PIN is wanted");
	/* It is to leave the radio alone. */
	g_dbus_connection_emit_signal(
		stage->theirs, NULL, NM_RADIO, HOST_SUPPLICANT_PROPERTIES, "PropertiesChanged",
		g_variant_new_parsed("('" HOST_NM_DEVICE "', {'State': <uint32 10>}, @as [])"),
		NULL);
	wait_for_obstacle(&found, NULL);
	host_finder_stop(finder);
}

static void expect_problem(HostFinder *finder, const char *expected)
{
	const char *message = NULL;

	g_assert_cmpstr(host_finder_get_problem(finder, &message), ==, expected);
}

static void on_changed(HostFinder *finder, guint *n)
{
	++*n;
}

/* What streams over the radio is not disturbed; one that begins to look then may do so for a moment. */
static void test_streams(Stage *stage, gconstpointer unused)
{
	static const char *const none[] = {NULL};
	static const char *const elsewhere[] = {"nothing1", NULL};
	static const char *const here[] = {"nothing1", IFNAME, NULL};
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostFinder) finder = host_finder_p2p_new(stage->ours, listener, "/nowhere");
	guint n_changed = 0;
	gint64 began;

	host_finder_start(finder);
	wait_until_asked(stage, "Find ");
	host_finder_set_streams(finder, elsewhere);
	expect_problem(finder, NULL);
	host_finder_set_streams(finder, here);
	wait_until_asked(stage, "StopFind ");
	expect_problem(finder, "radio-in-use");
	host_finder_set_streams(finder, none);
	wait_until_asked(stage, "Find ");
	expect_problem(finder, NULL);
	host_finder_set_streams(finder, here);
	host_finder_stop(finder);
	wait_until_asked(stage, "StopFind ");
	expect_problem(finder, NULL);

	host_finder_start(finder);
	wait_until_asked(stage, "Find ");
	expect_problem(finder, NULL);
	wait_until_asked(stage, "StopFind ");
	expect_problem(finder, "radio-in-use");
	/* So may whoever joins in. */
	host_finder_glance(finder);
	expect_problem(finder, NULL);
	wait_until_asked(stage, "Find ");
	began = g_get_monotonic_time();
	wait_until_asked(stage, "StopFind ");
	expect_problem(finder, "radio-in-use");
	/* miracastctl's scan is over before. */
	g_assert_cmpint(g_get_monotonic_time() - began, >, 11 * G_TIME_SPAN_SECOND);
	/* Nobody is told of it for longer than somebody looks. */
	g_signal_connect(finder, "changed", G_CALLBACK(on_changed), &n_changed);
	host_finder_stop(finder);
	g_assert_cmpuint(n_changed, ==, 1);
	expect_problem(finder, NULL);
	g_signal_handlers_disconnect_by_data(finder, &n_changed);
	host_finder_glance(finder);
	g_assert_cmpstr(stage->asked->str, ==, "");
	expect_problem(finder, NULL);
}

static void on_link_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(host_link_open_finish(HOST_LINK(object), result, &error), ==, -1);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	*(gboolean *)data = TRUE;
}

/* Where the group is ours the supplicant searches for nobody, and that is told at once. */
static void test_streams_in_group(Stage *stage, gconstpointer unused)
{
	static const char *const none[] = {NULL};
	static const char *const here[] = {IFNAME, NULL};
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostFinder) finder = host_finder_p2p_new(stage->ours, listener, "/nowhere");
	g_autoptr(HostFinding) finding = host_finding_new("02:00:00:00:00:0a");
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	const HostLinkWish wish = {
		.port = 7236,
		.agent = HOST_AGENT(stage->agent),
		.go_intent = -1,
		.maker = HOST_N_GROUP_MAKERS,
	};
	g_autoptr(HostLink) link = NULL;
	gboolean is_over = FALSE;

	while (!host_finder_get_maker(finder))
		g_main_context_iteration(NULL, TRUE);
	show_peer(stage, PEER TV, 10);
	link = host_finder_make_link(finder, finding, &wish, NULL);
	g_assert_nonnull(link);
	host_link_open_async(link, cancellable, on_link_open, &is_over);
	wait_until_asked(stage, "Connect ");
	host_finder_set_streams(finder, here);
	host_finder_start(finder);
	expect_problem(finder, "radio-in-use");
	host_finder_glance(finder);
	expect_problem(finder, "radio-in-use");
	g_cancellable_cancel(cancellable);
	while (!is_over)
		g_main_context_iteration(NULL, TRUE);
	host_link_close(link);
	wait_until_asked(stage, "Cancel ");
	host_finder_set_streams(finder, none);
	wait_until_asked(stage, "Find ");
	expect_problem(finder, NULL);
	host_finder_stop(finder);
}

static void wait_for_maker(HostFinder *finder, const char *expected)
{
	while (g_strcmp0(host_finder_get_maker(finder), expected))
		g_main_context_iteration(NULL, TRUE);
}

static void wait_for_problem(HostFinder *finder, const char *expected)
{
	const char *message;

	while (g_strcmp0(host_finder_get_problem(finder, &message), expected))
		g_main_context_iteration(NULL, TRUE);
}

/* In another thread. */
static GDBusMessage *on_message(GDBusConnection *connection, GDBusMessage *message,
				gboolean incoming, gpointer data)
{
	if (!incoming && !g_strcmp0(g_dbus_message_get_member(message), "StartServiceByName"))
		g_atomic_int_inc((int *)data);
	return message;
}

/* While iwd is restarted no supplicant is started in its place. */
static void test_iwd_restarted(Stage *stage, gconstpointer unused)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostFinder) finder = NULL;
	int n_started = 0;
	guint filter = g_dbus_connection_add_filter(stage->ours, on_message, &n_started, NULL);
	gint64 left;

	switch_radio(stage, FALSE);
	radios = free_radio;
	release_name(stage->theirs, HOST_SUPPLICANT_NAME);
	own_name(stage->theirs, HOST_IWD_NAME);
	finder = host_finder_p2p_new(stage->ours, listener, "/nowhere");
	wait_for_maker(finder, "iwd");
	host_finder_start(finder);
	/* It does not do what it is asked for. */
	wait_for_problem(finder, "iwd-refused");
	release_name(stage->theirs, HOST_IWD_NAME);
	wait_s(2);
	expect_problem(finder, "iwd-away");
	own_name(stage->theirs, HOST_IWD_NAME);
	wait_for_problem(finder, "iwd-refused");
	g_assert_cmpint(g_atomic_int_get(&n_started), ==, 0);

	release_name(stage->theirs, HOST_IWD_NAME);
	left = g_get_monotonic_time();
	wait_for_problem(finder, "supplicant-away");
	g_assert_cmpint(g_get_monotonic_time() - left, >, 9 * G_TIME_SPAN_SECOND);
	while (!g_atomic_int_get(&n_started))
		g_main_context_iteration(NULL, TRUE);
	host_finder_stop(finder);
	g_dbus_connection_remove_filter(stage->ours, filter);
}

static void expect_no_link(Stage *stage, HostFinder *finder, HostReason expected)
{
	g_autoptr(HostFinding) finding = host_finding_new("02:00:00:00:00:0a");
	g_autoptr(GError) error = NULL;
	const HostLinkWish wish = {
		.port = 7236,
		.agent = HOST_AGENT(stage->agent),
		.go_intent = -1,
		.maker = HOST_N_GROUP_MAKERS,
	};

	g_assert_null(host_finder_make_link(finder, finding, &wish, &error));
	g_assert_error(error, HOST_ERROR, (int)expected);
}

/* While NetworkManager is restarted nobody makes a group in its place, which it would remove. */
static void test_network_manager_restarted(Stage *stage, gconstpointer unused)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostFinder) finder = host_finder_p2p_new(stage->ours, listener, "/nowhere");
	gint64 left;

	own_name(stage->theirs, HOST_NM_NAME);
	wait_for_maker(finder, "network-manager");
	release_name(stage->theirs, HOST_NM_NAME);
	wait_s(2);
	g_assert_cmpstr(host_finder_get_maker(finder), ==, NULL);
	expect_no_link(stage, finder, HOST_REASON_NM_AWAY);
	own_name(stage->theirs, HOST_NM_NAME);
	wait_for_maker(finder, "network-manager");
	/* As it ends it leaves its devices alone before it leaves the bus. */
	g_dbus_connection_emit_signal(
		stage->theirs, NULL, NM_RADIO, HOST_SUPPLICANT_PROPERTIES, "PropertiesChanged",
		g_variant_new_parsed("('" HOST_NM_DEVICE "', {'State': <uint32 10>}, @as [])"),
		NULL);
	wait_for_maker(finder, "supplicant");
	release_name(stage->theirs, HOST_NM_NAME);
	left = g_get_monotonic_time();
	wait_for_maker(finder, NULL);
	wait_for_maker(finder, "supplicant");
	g_assert_cmpint(g_get_monotonic_time() - left, >, 9 * G_TIME_SPAN_SECOND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add(path, Stage, NULL, set_up, function, tear_down)
	ADD("/supplicant/radio-off", test_radio_off);
	ADD("/supplicant/radio-back", test_radio_back);
	ADD("/supplicant/free-radio", test_free_radio);
	ADD("/supplicant/second-radio", test_second_radio);
	ADD("/supplicant/oldest-radio", test_oldest_radio);
	ADD("/supplicant/radio-in-use", test_radio_in_use);
	ADD("/supplicant/adopted-radio", test_adopted_radio);
	ADD("/supplicant/radio-of-iwd", test_radio_of_iwd);
	ADD("/supplicant/radio-left-alone", test_radio_left_alone);
	ADD("/supplicant/radio-in-sleep", test_radio_in_sleep);
	ADD("/supplicant/silent-network-manager", test_silent_network_manager);
	ADD("/supplicant/radio-off-at-network-manager", test_radio_off_at_network_manager);
	ADD("/supplicant/obstacle", test_obstacle);
	ADD("/supplicant/streams", test_streams);
	ADD("/supplicant/streams/in-group", test_streams_in_group);
	ADD("/supplicant/iwd-restarted", test_iwd_restarted);
	ADD("/supplicant/network-manager-restarted", test_network_manager_restarted);
	ADD("/supplicant/only-addresses", test_only_addresses);
	ADD("/supplicant/asked-again", test_asked_again);
	ADD("/supplicant/asked-no-more", test_asked_no_more);
	ADD("/supplicant/declined-at-network-manager", test_declined_at_network_manager);
	ADD("/supplicant/shown-pin", test_shown_pin);
	ADD("/supplicant/pin-not-needed", test_pin_not_needed);
	ADD("/supplicant/refusal-is-readable", test_refusal_is_readable);
	ADD("/supplicant/one-at-a-time", test_one_at_a_time);
	ADD("/supplicant/found-too-late", test_found_too_late);
	ADD("/supplicant/kept-group", test_kept_group);
	ADD("/supplicant/turn-round", test_turn_round);
	ADD("/supplicant/turn-round-as-owner", test_turn_round_as_owner);
	ADD("/supplicant/radio-gone-while-looked-at", test_radio_gone_while_looked_at);
	ADD("/supplicant/interface-at-network-manager", test_interface_at_network_manager);
	return g_test_run();
}
