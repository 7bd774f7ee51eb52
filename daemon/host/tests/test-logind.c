// SPDX-License-Identifier: GPL-2.0-or-later
/* Sleep and logins, by what a made-up logind tells on a bus of its own. */
#include "logind.h"
#include "connect.h"
#include "fake.h"
#include "manager.h"

#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LOGIND "org.freedesktop.login1"
#define PATH   "/org/freedesktop/login1"

#define ANNA  1000u
#define BERTA 1001u

typedef struct {
	const char *id;
	guint uid;
	const char *seat, *class, *state;
	gboolean active;
	guint object;
} Login;

typedef struct {
	GTestDBus *bus;
	GDBusConnection *theirs, *ours;
	GDBusNodeInfo *node;
	Login logins[4];
	gsize n_logins;
	gboolean is_slow; /* it does not answer Inhibit for now */
	GDBusMethodInvocation *held;
	guint n_inhibits, n_lists;
	int inhibitor; /* our end of the last one; -1: none */
	HostLogind *logind;
	HostLogindWatch *watch;
	guint n_sleeps, n_left;
} Stage;

static const char description[] =
	"<node><interface name='org.freedesktop.login1.Manager'>"
	"<method name='ListSessions'><arg type='a(susso)' direction='out'/></method>"
	"<method name='Inhibit'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
	"<arg type='s' direction='in'/><arg type='s' direction='in'/>"
	"<arg type='h' direction='out'/></method></interface>"
	"<interface name='org.freedesktop.login1.Session'>"
	"<property name='User' type='(uo)' access='read'/>"
	"<property name='Seat' type='(so)' access='read'/>"
	"<property name='Class' type='s' access='read'/>"
	"<property name='State' type='s' access='read'/>"
	"<property name='Active' type='b' access='read'/></interface></node>";

/*
 * logind.
 */

static void hand_out(Stage *stage, GDBusMethodInvocation *invocation)
{
	g_autoptr(GUnixFDList) files = g_unix_fd_list_new();
	int ends[2];

	g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
	if (stage->inhibitor >= 0)
		close(stage->inhibitor);
	stage->inhibitor = ends[0];
	g_unix_fd_list_append(files, ends[1], NULL);
	close(ends[1]);
	g_dbus_method_invocation_return_value_with_unix_fd_list(invocation, g_variant_new("(h)", 0),
								files);
}

static char *path_of(const Login *login)
{
	return g_strconcat(PATH "/session/", login->id, NULL);
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
		    const char *interface, const char *method, GVariant *parameters,
		    GDBusMethodInvocation *invocation, gpointer data)
{
	Stage *stage = data;
	GVariantBuilder list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(susso)"));
	const char *what, *mode;

	if (!strcmp(method, "Inhibit")) {
		g_variant_get(parameters, "(&s&s&s&s)", &what, NULL, NULL, &mode);
		g_assert_cmpstr(what, ==, "sleep");
		g_assert_cmpstr(mode, ==, "delay");
		stage->n_inhibits++;
		if (stage->is_slow)
			stage->held = invocation;
		else
			hand_out(stage, invocation);
		g_variant_builder_clear(&list);
		return;
	}
	stage->n_lists++;
	for (gsize i = 0; i < stage->n_logins; i++) {
		g_autofree char *object = path_of(&stage->logins[i]);

		g_variant_builder_add(&list, "(susso)", stage->logins[i].id, stage->logins[i].uid,
				      "somebody", stage->logins[i].seat, object);
	}
	g_dbus_method_invocation_return_value(invocation, g_variant_new("(a(susso))", &list));
}

static GVariant *on_get(GDBusConnection *connection, const char *sender, const char *path,
			const char *interface, const char *name, GError **error, gpointer data)
{
	const Login *login = data;

	if (!strcmp(name, "User"))
		return g_variant_new("(uo)", login->uid, PATH "/user/x");
	if (!strcmp(name, "Seat"))
		return g_variant_new("(so)", login->seat, PATH "/seat/x");
	if (!strcmp(name, "Class"))
		return g_variant_new_string(login->class);
	if (!strcmp(name, "State"))
		return g_variant_new_string(login->state);
	return g_variant_new_boolean(login->active);
}

static void emit(Stage *stage, const char *path, const char *interface, const char *name,
		 GVariant *parameters)
{
	g_assert_true(g_dbus_connection_emit_signal(stage->theirs, NULL, path, interface, name,
						    parameters, NULL));
}

static void log_in(Stage *stage, const char *id, guint uid, const char *seat, const char *class)
{
	static const GDBusInterfaceVTable vtable = {.get_property = on_get};
	Login *login = &stage->logins[stage->n_logins++];
	g_autofree char *path = NULL;

	*login = (Login){id, uid, seat, class, "online", FALSE, 0};
	path = path_of(login);
	login->object = g_dbus_connection_register_object(
		stage->theirs, path, stage->node->interfaces[1], &vtable, login, NULL, NULL);
	g_assert_cmpuint(login->object, !=, 0);
	emit(stage, PATH, LOGIND ".Manager", "SessionNew", g_variant_new("(so)", id, path));
}

static void show_seat(Stage *stage)
{
	emit(stage, PATH "/seat/seat0", "org.freedesktop.DBus.Properties", "PropertiesChanged",
	     g_variant_new_parsed("('org.freedesktop.login1.Seat', "
				  "{'ActiveSession': <('', objectpath '/')>}, @as [])"));
}

/* The session of that number is in the foreground of its seat, and no other one is; -1: none. */
static void activate(Stage *stage, int number)
{
	for (gsize i = 0; i < stage->n_logins; i++)
		stage->logins[i].active = (int)i == number;
	show_seat(stage);
}

/* The last one that has come. */
static void log_out(Stage *stage)
{
	Login *login = &stage->logins[--stage->n_logins];
	g_autofree char *path = path_of(login);

	g_dbus_connection_unregister_object(stage->theirs, login->object);
	emit(stage, PATH, LOGIND ".Manager", "SessionRemoved",
	     g_variant_new("(so)", login->id, path));
}

static void prepare_for_sleep(Stage *stage, gboolean sleeps)
{
	emit(stage, PATH, LOGIND ".Manager", "PrepareForSleep", g_variant_new("(b)", sleeps));
}

/*
 * The test.
 */

static void on_sleeps(gpointer data)
{
	((Stage *)data)->n_sleeps++;
}

static void on_left(gpointer data)
{
	Stage *stage = data;

	stage->n_left++;
	g_clear_pointer(&stage->watch, host_logind_unwatch);
}

static void call_bus(GDBusConnection *connection, const char *method, GVariant *parameters)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
		connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		method, parameters, NULL, 0, -1, NULL, &error);

	g_assert_no_error(error);
}

/* What we have asked the bus to be told of, we are from here on: signals come by another connection. */
static void wait_for_subscriptions(Stage *stage)
{
	call_bus(stage->ours, "GetId", NULL);
}

static void set_up(Stage *stage, gconstpointer with_logind)
{
	static const GDBusInterfaceVTable vtable = {.method_call = on_call};
	g_autoptr(GError) error = NULL;

	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->theirs = connect_to(stage->bus);
	stage->ours = connect_to(stage->bus);
	stage->inhibitor = -1;
	stage->node = g_dbus_node_info_new_for_xml(description, &error);
	g_assert_no_error(error);
	if (with_logind) {
		g_dbus_connection_register_object(stage->theirs, PATH, stage->node->interfaces[0],
						  &vtable, stage, NULL, &error);
		g_assert_no_error(error);
		own_name(stage->theirs, LOGIND);
	}
	stage->logind = host_logind_new(stage->ours, on_sleeps, stage);
	wait_for_subscriptions(stage);
}

static void tear_down(Stage *stage, gconstpointer with_logind)
{
	g_clear_pointer(&stage->watch, host_logind_unwatch);
	g_clear_pointer(&stage->logind, host_logind_free);
	if (stage->inhibitor >= 0)
		close(stage->inhibitor);
	g_dbus_node_info_unref(stage->node);
	g_object_unref(stage->ours);
	g_object_unref(stage->theirs);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
}

static gboolean on_time(gpointer over)
{
	*(gboolean *)over = TRUE;
	return G_SOURCE_REMOVE;
}

/* What is under way comes to its end. */
static void wait_ms(guint ms)
{
	gboolean over = FALSE;

	g_timeout_add(ms, on_time, &over);
	while (!over)
		g_main_context_iteration(NULL, TRUE);
}

static void wait_for(const guint *count, guint n)
{
	while (*count < n)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(*count, ==, n);
}

/* Nobody keeps the machine awake. */
static gboolean may_sleep(Stage *stage)
{
	struct pollfd inhibitor = {.fd = stage->inhibitor};

	return stage->inhibitor < 0 || (poll(&inhibitor, 1, 0) == 1 && inhibitor.revents & POLLHUP);
}

static void begin_to_be_busy(Stage *stage)
{
	host_logind_set_busy(stage->logind, TRUE);
	wait_for(&stage->n_inhibits, 1);
	wait_ms(100);
	g_assert_false(may_sleep(stage));
}

/* The machine waits until all has ended, and no longer. */
static void test_sleep(Stage *stage, gconstpointer unused)
{
	begin_to_be_busy(stage);
	host_logind_set_busy(stage->logind, TRUE);
	prepare_for_sleep(stage, TRUE);
	wait_for(&stage->n_sleeps, 1);
	g_assert_false(may_sleep(stage));
	host_logind_set_busy(stage->logind, FALSE);
	g_assert_true(may_sleep(stage));
	prepare_for_sleep(stage, FALSE);
	wait_ms(200);
	g_assert_cmpuint(stage->n_sleeps, ==, 1);
	g_assert_cmpuint(stage->n_inhibits, ==, 1);
}

/* What does not end does not keep the machine awake. */
static void test_sleep_limit(Stage *stage, gconstpointer unused)
{
	gint64 began;

	begin_to_be_busy(stage);
	prepare_for_sleep(stage, TRUE);
	wait_for(&stage->n_sleeps, 1);
	began = g_get_monotonic_time();
	while (!may_sleep(stage))
		wait_ms(50);
	g_assert_cmpint(g_get_monotonic_time() - began, >, G_TIME_SPAN_SECOND / 2);
	/* Nor does what begins when the machine is about to sleep. */
	host_logind_set_busy(stage->logind, TRUE);
	wait_ms(200);
	g_assert_cmpuint(stage->n_inhibits, ==, 1);
	prepare_for_sleep(stage, FALSE);
	wait_for(&stage->n_inhibits, 2);
	wait_ms(100);
	g_assert_false(may_sleep(stage));
}

/* The end comes before logind's answer. */
static void test_sleep_slow(Stage *stage, gconstpointer unused)
{
	stage->is_slow = TRUE;
	host_logind_set_busy(stage->logind, TRUE);
	wait_for(&stage->n_inhibits, 1);
	host_logind_set_busy(stage->logind, FALSE);
	hand_out(stage, stage->held);
	while (!may_sleep(stage))
		g_main_context_iteration(NULL, TRUE);
}

static void test_sleep_idle(Stage *stage, gconstpointer unused)
{
	prepare_for_sleep(stage, TRUE);
	wait_for(&stage->n_sleeps, 1);
	prepare_for_sleep(stage, FALSE);
	wait_ms(200);
	g_assert_cmpuint(stage->n_inhibits, ==, 0);
}

static void test_absent(Stage *stage, gconstpointer unused)
{
	host_logind_set_busy(stage->logind, TRUE);
	stage->watch = host_logind_watch(stage->logind, ANNA, on_left, stage);
	wait_ms(300);
	host_logind_set_busy(stage->logind, FALSE);
	g_assert_cmpuint(stage->n_left, ==, 0);
}

static void watch(Stage *stage, guint uid)
{
	guint n = stage->n_lists;

	stage->watch = host_logind_watch(stage->logind, uid, on_left, stage);
	if (uid)
		wait_for(&stage->n_lists, n + 1);
	wait_ms(200);
	g_assert_cmpuint(stage->n_left, ==, 0);
}

static void assert_stays(Stage *stage)
{
	wait_ms(300);
	g_assert_cmpuint(stage->n_left, ==, 0);
}

static void anna_connects(Stage *stage)
{
	log_in(stage, "c1", 110, "seat0", "greeter");
	log_in(stage, "1", ANNA, "seat0", "user");
	activate(stage, 1);
	watch(stage, ANNA);
}

static void test_logout(Stage *stage, gconstpointer unused)
{
	anna_connects(stage);
	log_out(stage);
	wait_for(&stage->n_left, 1);
}

/* What she has left running keeps her session, and her login by ssh is at no seat. */
static void test_logout_slow(Stage *stage, gconstpointer unused)
{
	anna_connects(stage);
	log_in(stage, "2", ANNA, "", "user");
	assert_stays(stage);
	stage->logins[1].state = "closing";
	activate(stage, 0);
	wait_for(&stage->n_left, 1);
}

/* logind does not say that a session begins to close. */
static void test_logout_silent(Stage *stage, gconstpointer unused)
{
	anna_connects(stage);
	activate(stage, 0);
	assert_stays(stage);
	stage->logins[1].state = "closing";
	wait_for(&stage->n_left, 1);
}

/* Locked, at a text console, and back. */
static void test_lock(Stage *stage, gconstpointer unused)
{
	anna_connects(stage);
	for (int number = -1; number <= 1; number++) {
		activate(stage, number);
		assert_stays(stage);
	}
	log_in(stage, "3", BERTA, "seat0", "user");
	activate(stage, 0);
	assert_stays(stage);
	activate(stage, 2);
	wait_for(&stage->n_left, 1);
}

/* Who is at another seat, or nowhere, is in nobody's way. */
static void test_others(Stage *stage, gconstpointer unused)
{
	anna_connects(stage);
	log_in(stage, "3", BERTA, "seat1", "user");
	log_in(stage, "4", BERTA, "", "user");
	stage->logins[2].active = TRUE;
	stage->logins[3].active = TRUE;
	show_seat(stage);
	assert_stays(stage);
	/* She has another one, of which she logs out. */
	log_out(stage);
	log_in(stage, "5", ANNA, "seat0", "user");
	log_out(stage);
	assert_stays(stage);
	log_out(stage);
	assert_stays(stage);
	log_out(stage);
	wait_for(&stage->n_left, 1);
}

/* Root, somebody by ssh, and somebody in the background have no screen to leave. */
static void test_not_at_a_seat(Stage *stage, gconstpointer unused)
{
	static const guint uids[] = {0, BERTA, 1002, 1003};

	for (gsize i = 0; i < G_N_ELEMENTS(uids); i++) {
		log_in(stage, "1", ANNA, "seat0", "user");
		log_in(stage, "2", BERTA, "", "user");
		log_in(stage, "3", 1002, "seat0", "user");
		activate(stage, 0);
		stage->logins[1].active = TRUE;
		wait_ms(100);
		watch(stage, uids[i]);
		activate(stage, 2);
		assert_stays(stage);
		activate(stage, 0);
		log_out(stage);
		log_out(stage);
		assert_stays(stage);
		log_out(stage);
		assert_stays(stage);
		g_clear_pointer(&stage->watch, host_logind_unwatch);
	}
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;

	*(GVariant **)data =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_assert_no_error(error);
}

/* (transfer full): what miracastd answers. */
static GVariant *ask_as(GDBusConnection *who, Stage *stage, const char *path, const char *interface,
			const char *method, GVariant *parameters)
{
	GVariant *answer = NULL;

	g_dbus_connection_call(who, g_dbus_connection_get_unique_name(stage->ours), path, interface,
			       method, parameters, NULL, 0, -1, NULL, on_connected, &answer);
	while (!answer)
		g_main_context_iteration(NULL, TRUE);
	return answer;
}

static GVariant *ask(Stage *stage, const char *path, const char *interface, const char *method,
		     GVariant *parameters)
{
	return ask_as(stage->theirs, stage, path, interface, method, parameters);
}

/* The session's path. */
static char *ask_to_connect(Stage *stage)
{
	g_autoptr(GVariant) answer =
		ask(stage, "/io/github/linux_miracast/manager", "io.github.linux_miracast.Manager1",
		    "Connect", g_variant_new_parsed("({'peer-address': <'127.0.0.2'>},)"));
	char *path;

	g_variant_get(answer, "(o)", &path);
	return path;
}

/* Why a session that is begun now has ended; (transfer full). */
static char *connect_and_end(Stage *stage)
{
	g_autofree char *path = ask_to_connect(stage);
	char *reason = NULL;

	while (!reason || !*reason) {
		g_autoptr(GVariant) answer =
			ask(stage, path, "org.freedesktop.DBus.Properties", "Get",
			    g_variant_new("(ss)", "io.github.linux_miracast.Session1", "Reason"));
		g_autoptr(GVariant) value = NULL;

		g_free(reason);
		g_variant_get(answer, "(v)", &value);
		reason = g_variant_dup_string(value, NULL);
	}
	return reason;
}

/* @finder: (nullable) */
static HostManager *make_manager(Stage *stage, HostListener *listener, const char *folder,
				 FakeFinder *finder)
{
	static const HostProcessConfig config = {.program = "/nowhere/miracast-session"};
	g_autoptr(GPtrArray) finders = g_ptr_array_new();
	HostManager *manager;

	if (finder)
		g_ptr_array_add(finders, finder);
	manager = host_manager_new(stage->ours, stage->ours, listener, finders, folder, &config);
	wait_for_subscriptions(stage);
	return manager;
}

/* miracastd is busy as long as there is a session; here it has no process, and ends at once. */
static void test_manager(Stage *stage, gconstpointer unused)
{
	g_autofree char *folder = g_dir_make_tmp("miracast-XXXXXX", NULL);
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostManager) manager = make_manager(stage, listener, folder, NULL);
	g_autofree char *path = NULL;

	stage->is_slow = TRUE;
	path = ask_to_connect(stage);
	wait_for(&stage->n_inhibits, 1);
	hand_out(stage, stage->held);
	while (!may_sleep(stage))
		g_main_context_iteration(NULL, TRUE);
	prepare_for_sleep(stage, TRUE);
	wait_for(&stage->n_sleeps, 1);
	g_rmdir(folder);
}

/* Nothing begins any more before the machine sleeps, and all does again after that. */
static void test_manager_sleeps(Stage *stage, gconstpointer unused)
{
	g_autofree char *folder = g_dir_make_tmp("miracast-XXXXXX", NULL);
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostManager) manager = make_manager(stage, listener, folder, NULL);
	g_autofree char *asleep = NULL;
	g_autofree char *awake = NULL;

	prepare_for_sleep(stage, TRUE);
	wait_for(&stage->n_sleeps, 1);
	asleep = connect_and_end(stage);
	g_assert_cmpstr(asleep, ==, "suspended");
	g_assert_cmpuint(stage->n_inhibits, ==, 0);
	prepare_for_sleep(stage, FALSE);
	awake = connect_and_end(stage);
	/* For want of an adapter, or of a program. */
	g_assert_cmpstr(awake, !=, "suspended");
	g_rmdir(folder);
}

static void ask_to_search(GDBusConnection *who, Stage *stage, const char *method)
{
	g_variant_unref(ask_as(who, stage, "/io/github/linux_miracast/manager",
			       "io.github.linux_miracast.Manager1", method, NULL));
}

/* Whoever joins in has as much of a search as the first one, and once. */
static void test_manager_searchers(Stage *stage, gconstpointer unused)
{
	g_autofree char *folder = g_dir_make_tmp("miracast-XXXXXX", NULL);
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(FakeFinder) finder = fake_finder_new("p2p");
	g_autoptr(HostManager) manager = make_manager(stage, listener, folder, finder);
	g_autoptr(GDBusConnection) other = connect_to(stage->bus);

	ask_to_search(stage->theirs, stage, "StartDiscovery");
	g_assert_true(finder->started);
	g_assert_cmpuint(finder->n_glances, ==, 1);
	ask_to_search(stage->theirs, stage, "StartDiscovery");
	g_assert_cmpuint(finder->n_glances, ==, 1);
	ask_to_search(other, stage, "StartDiscovery");
	g_assert_cmpuint(finder->n_glances, ==, 2);
	ask_to_search(stage->theirs, stage, "StopDiscovery");
	g_assert_true(finder->started);
	ask_to_search(other, stage, "StopDiscovery");
	g_assert_false(finder->started);
	g_rmdir(folder);
}

/* One that is started anew does not say that the machine is awake: it has not slept. */
static void test_restart(Stage *stage, gconstpointer unused)
{
	begin_to_be_busy(stage);
	prepare_for_sleep(stage, TRUE);
	wait_for(&stage->n_sleeps, 1);
	g_assert_true(host_logind_is_sleeping(stage->logind));
	while (!may_sleep(stage))
		g_main_context_iteration(NULL, TRUE);
	call_bus(stage->theirs, "ReleaseName", g_variant_new("(s)", LOGIND));
	while (host_logind_is_sleeping(stage->logind))
		g_main_context_iteration(NULL, TRUE);
	call_bus(stage->theirs, "RequestName", g_variant_new("(su)", LOGIND, 0));
	wait_for(&stage->n_inhibits, 2);
	wait_ms(100);
	g_assert_false(may_sleep(stage));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/logind/" name, Stage, "logind", set_up, function, tear_down)
	ADD("sleep", test_sleep);
	ADD("sleep/limit", test_sleep_limit);
	ADD("sleep/slow", test_sleep_slow);
	ADD("sleep/idle", test_sleep_idle);
	g_test_add("/logind/absent", Stage, NULL, set_up, test_absent, tear_down);
	ADD("logout", test_logout);
	ADD("logout/slow", test_logout_slow);
	ADD("logout/silent", test_logout_silent);
	ADD("lock", test_lock);
	ADD("others", test_others);
	ADD("not-at-a-seat", test_not_at_a_seat);
	ADD("restart", test_restart);
	ADD("manager", test_manager);
	ADD("manager/sleeps", test_manager_sleeps);
	ADD("manager/searchers", test_manager_searchers);
	return g_test_run();
}
