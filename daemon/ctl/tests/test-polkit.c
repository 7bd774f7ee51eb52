// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may do what: miracastd on a bus with the policy of a system bus and its own, callers of another
 * user, and a polkit that gives every answer.
 */
#include "bus.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define NAME	"io.github.linux_miracast"
#define MANAGER "/io/github/linux_miracast/manager"
#define SESSION "/io/github/linux_miracast/session/1"
#define NOBODY	65534
#define OTHER	1

typedef enum {
	POLKIT_SAYS_YES,
	POLKIT_SAYS_NO,
	POLKIT_ASKS, /* a password, and there is nobody to type it */
	POLKIT_FAILS,
	POLKIT_IS_SILENT,
	POLKIT_IS_ABSENT,
} PolkitAnswer;

typedef struct {
	char *folder;
	char *address;
	GSubprocess *bus;
	GSubprocess *daemon;
	GDBusConnection *connection; /* of the test's own user */
	uid_t caller; /* who is not root, if we are */

	PolkitAnswer answer;
	char *action; /* that was asked about */
	const char *refused; /* the only action that is, if not NULL */
	guint flags;
	guint n_asked;
	guint n_cancelled;
	GDBusMethodInvocation *open; /* a question that is not answered */
} Stage;

/* As Debian's system.conf, but for where it listens and who may be polkit. */
static const char config[] =
	"<busconfig><type>system</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>"
	"<policy context='default'><allow user='*'/><deny own='*'/><deny send_type='method_call'/>"
	"<allow send_type='signal'/><allow send_requested_reply='true' send_type='method_return'/>"
	"<allow send_requested_reply='true' send_type='error'/>"
	"<allow receive_type='method_call'/><allow receive_type='method_return'/>"
	"<allow receive_type='error'/><allow receive_type='signal'/>"
	"<allow send_destination='org.freedesktop.DBus'/>"
	"<allow send_destination='org.freedesktop.PolicyKit1'/></policy>"
	"<policy user='%u'><allow own='org.freedesktop.PolicyKit1'/>%s</policy>"
	"<include>%s</include></busconfig>";

/* What the policy says for root holds for a developer who is not. */
static const char as_root[] = "<allow own='io.github.linux_miracast'/>"
			      "<allow send_interface='io.github.linux_miracast.Agent1'/>";

static const char polkit_xml[] =
	"<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
	"<method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/>"
	"<arg type='s' direction='in'/><arg type='a{ss}' direction='in'/>"
	"<arg type='u' direction='in'/><arg type='s' direction='in'/>"
	"<arg type='(bba{ss})' direction='out'/></method>"
	"<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
	"</interface></node>";

static void on_polkit_call(GDBusConnection *connection, const char *sender, const char *path,
			   const char *interface, const char *method, GVariant *arguments,
			   GDBusMethodInvocation *invocation, gpointer data)
{
	Stage *stage = data;
	g_autoptr(GVariant) subject = NULL;
	const char *kind, *name;

	if (!strcmp(method, "CancelCheckAuthorization")) {
		stage->n_cancelled++;
		g_dbus_method_invocation_return_value(invocation, NULL);
		return;
	}
	stage->n_asked++;
	g_free(stage->action);
	g_variant_get(arguments, "((&s@a{sv})sa{ss}us)", &kind, &subject, &stage->action, NULL,
		      &stage->flags, NULL);
	g_assert_cmpstr(kind, ==, "system-bus-name");
	g_assert_true(g_variant_lookup(subject, "name", "&s", &name));
	/* The caller, and not miracastd. */
	g_assert_true(g_dbus_is_unique_name(name));
	g_assert_cmpstr(name, !=, sender);
	switch (stage->answer) {
	case POLKIT_SAYS_YES:
	case POLKIT_SAYS_NO:
	case POLKIT_ASKS:
		if (stage->refused)
			stage->answer = strcmp(stage->action, stage->refused) ? POLKIT_SAYS_YES
									      : POLKIT_SAYS_NO;
		g_dbus_method_invocation_return_value(
			invocation, g_variant_new("((bba{ss}))", stage->answer == POLKIT_SAYS_YES,
						  stage->answer == POLKIT_ASKS, NULL));
		break;
	case POLKIT_FAILS:
		g_dbus_method_invocation_return_dbus_error(
			invocation, "org.freedesktop.PolicyKit1.Error.Failed", "out of order");
		break;
	case POLKIT_IS_SILENT:
	case POLKIT_IS_ABSENT: stage->open = invocation; break;
	}
}

static void start_polkit(Stage *stage)
{
	static const GDBusInterfaceVTable vtable = {.method_call = on_polkit_call};
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(polkit_xml, NULL);
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;

	g_dbus_connection_register_object(stage->connection,
					  "/org/freedesktop/PolicyKit1/Authority",
					  node->interfaces[0], &vtable, stage, NULL, &error);
	g_assert_no_error(error);
	answer = g_dbus_connection_call_sync(
		stage->connection, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
		"RequestName", g_variant_new("(su)", "org.freedesktop.PolicyKit1", 0u), NULL, 0, -1,
		NULL, &error);
	g_assert_no_error(error);
}

static void wait_for_name(GDBusConnection *connection)
{
	for (;;) {
		g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
			connection, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
			"NameHasOwner", g_variant_new("(s)", NAME), NULL, 0, -1, NULL, NULL);
		gboolean there;

		g_variant_get(answer, "(b)", &there);
		if (there)
			return;
		g_usleep(20 * 1000);
	}
}

static void start_bus(Stage *stage)
{
	g_autofree char *path = g_build_filename(stage->folder, "bus.conf", NULL);
	g_autofree char *text = g_strdup_printf(config, getuid(), getuid() ? as_root : "", POLICY);
	g_autofree char *option = g_strconcat("--config-file=", path, NULL);
	g_autoptr(GDataInputStream) output = NULL;
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
	stage->bus = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "dbus-daemon", option,
				      "--nofork", "--print-address", NULL);
	g_assert_no_error(error);
	output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(stage->bus));
	stage->address = g_data_input_stream_read_line(output, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(stage->address);
}

static void set_up(Stage *stage, gconstpointer answer)
{
	g_autofree char *state = NULL;
	g_autoptr(GError) error = NULL;

	stage->answer = (PolkitAnswer)GPOINTER_TO_INT(answer);
	stage->caller = getuid() ? getuid() : NOBODY;
	stage->folder = g_dir_make_tmp("miracast-XXXXXX", &error);
	g_assert_no_error(error);
	start_bus(stage);
	stage->connection = g_dbus_connection_new_for_address_sync(
		stage->address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);
	g_assert_no_error(error);
	if (stage->answer != POLKIT_IS_ABSENT)
		start_polkit(stage);
	state = g_build_filename(stage->folder, "state", NULL);
	stage->daemon = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, &error, MIRACASTD, "--bus",
					 stage->address, "--driver", DRIVER, "--session-program",
					 MIRACAST_SESSION, "--state-directory", state, NULL);
	g_assert_no_error(error);
	wait_for_name(stage->connection);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_subprocess_send_signal(stage->daemon, SIGTERM);
	g_subprocess_wait(stage->daemon, NULL, NULL);
	g_assert_true(g_subprocess_get_if_exited(stage->daemon));
	g_assert_cmpint(g_subprocess_get_exit_status(stage->daemon), ==, 0);
	g_object_unref(stage->daemon);
	g_clear_object(&stage->open);
	g_dbus_connection_close_sync(stage->connection, NULL, NULL);
	g_object_unref(stage->connection);
	g_subprocess_force_exit(stage->bus);
	g_subprocess_wait(stage->bus, NULL, NULL);
	g_object_unref(stage->bus);
	g_free(stage->action);
	g_free(stage->address);
	g_free(stage->folder);
}

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

static void become(gpointer data)
{
	uid_t uid = *(const uid_t *)data;

	if (getuid() != uid && (setgid(uid) || setuid(uid)))
		_exit(99);
}

/* Exit status of a program run as @uid, and all that it said. polkit answers meanwhile. */
static int run(Stage *stage, uid_t uid, char **output, const char *const *argv)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;

	g_subprocess_launcher_set_child_setup(launcher, become, &uid, NULL);
	process = g_subprocess_launcher_spawnv(launcher, argv, &error);
	g_assert_no_error(error);
	g_subprocess_communicate_utf8_async(process, NULL, NULL, keep_result, &result);
	while (!result)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(g_subprocess_communicate_utf8_finish(process, result, output, NULL, &error));
	g_assert_no_error(error);
	g_assert_true(g_subprocess_get_if_exited(process));
	return g_subprocess_get_exit_status(process);
}

/* A call without the flag that lets polkit ask a person. Whether it was answered without error. */
static bool send_as(Stage *stage, uid_t uid, char **output, const char *path, const char *method,
		    const char *argument)
{
	g_autofree char *bus = g_strconcat("--bus=", stage->address, NULL);
	const char *const argv[] = {"dbus-send",
				    bus,
				    "--print-reply",
				    "--reply-timeout=30000",
				    "--dest=" NAME,
				    path,
				    method,
				    argument,
				    NULL};

	return !run(stage, uid, output, argv);
}

static int ctl_as(Stage *stage, uid_t uid, char **output, const char *a, const char *b,
		  const char *c)
{
	const char *const argv[] = {MIRACASTCTL, "--bus", stage->address, a, b, c, NULL};

	return run(stage, uid, output, argv);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		g_error("no \"%s\" in \"%s\"", part, text);
}

#define START NAME ".Manager1.StartDiscovery"

static void test_yes(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;

	g_assert_true(send_as(stage, stage->caller, &output, MANAGER, START, NULL));
	g_assert_cmpstr(stage->action, ==, NAME ".discover");
	/* dbus-send did not say that a person may be asked. */
	g_assert_cmpuint(stage->flags, ==, 0);
	g_clear_pointer(&output, g_free);

	/* The session fails for want of an adapter, which is what was to be reached. */
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "connect", "127.0.0.2",
			       "--adapter=no-such-adapter"),
			==, 1);
	assert_has(output, "unknown-adapter: ");
	g_assert_cmpstr(stage->action, ==, NAME ".connect");
	g_assert_cmpuint(stage->flags, ==, 1);
	g_assert_cmpuint(stage->n_asked, ==, 2);
}

/* To be typed at takes leave of its own. */
static void test_input(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;

	stage->refused = NAME ".input";
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "connect", "127.0.0.2",
			       "--adapter=no-such-adapter"),
			==, 1);
	assert_has(output, "unknown-adapter: ");
	g_assert_cmpuint(stage->n_asked, ==, 1);
	g_clear_pointer(&output, g_free);
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "connect", "127.0.0.3", "--input"),
			==, 1);
	assert_has(output, "polkit does not allow it");
	g_assert_cmpstr(stage->action, ==, NAME ".input");
	g_assert_cmpuint(stage->n_asked, ==, 3);
	g_clear_pointer(&output, g_free);

	/* It does not stand in for the leave to connect. */
	stage->refused = NAME ".connect";
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "connect", "127.0.0.3", "--input"),
			==, 1);
	assert_has(output, "polkit does not allow it");
	g_assert_cmpstr(stage->action, ==, NAME ".connect");
}

static void test_not_allowed(Stage *stage, gconstpointer unused)
{
	static const char *const words[] = {
		[POLKIT_SAYS_NO] = "polkit does not allow it",
		[POLKIT_ASKS] = "an administrator has to allow it",
		[POLKIT_FAILS] = "out of order",
	};
	static const char *const commands[][2] = {
		{"scan", "--seconds=1"}, {"connect", "127.0.0.2"}, {"connect", "nobody"}};
	g_autofree char *output = NULL;

	g_assert_false(send_as(stage, stage->caller, &output, MANAGER, START, NULL));
	assert_has(output, NAME ".Error.NotAuthorized");
	assert_has(output, words[stage->answer]);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_clear_pointer(&output, g_free);
		g_assert_cmpint(ctl_as(stage, stage->caller, &output, commands[i][0],
				       commands[i][1], NULL),
				==, 1);
		assert_has(output, words[stage->answer]);
	}
}

static void test_looking_is_free(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;

	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "list", NULL, NULL), ==, 0);
	g_clear_pointer(&output, g_free);
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "status", NULL, NULL), ==, 0);
	g_assert_cmpuint(stage->n_asked, ==, 0);
}

static void test_root(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;

	if (getuid()) {
		g_test_skip("takes root");
		return;
	}
	g_assert_true(send_as(stage, 0, &output, MANAGER, START, NULL));
	g_assert_cmpuint(stage->n_asked, ==, 0);
}

static void test_absent(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;

	/* A developer's miracastd is the developer's own. */
	if (stage->caller == getuid()) {
		g_assert_true(send_as(stage, stage->caller, &output, MANAGER, START, NULL));
		return;
	}
	g_assert_false(send_as(stage, stage->caller, &output, MANAGER, START, NULL));
	assert_has(output, NAME ".Error.NotAuthorized");
	assert_has(output, "polkit is not there");
	g_clear_pointer(&output, g_free);
	g_assert_true(send_as(stage, 0, &output, MANAGER, START, NULL));
}

/* Whoever stops at once has not begun to search by the time that it was decided. */
static void test_called_off(Stage *stage, gconstpointer unused)
{
	g_autoptr(GAsyncResult) started = NULL;
	g_autoptr(GAsyncResult) stopped = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GVariant) discovering = NULL;
	g_autoptr(GError) error = NULL;

	g_dbus_connection_call(stage->connection, NAME, MANAGER, NAME ".Manager1", "StartDiscovery",
			       NULL, NULL, 0, -1, NULL, keep_result, &started);
	g_dbus_connection_call(stage->connection, NAME, MANAGER, NAME ".Manager1", "StopDiscovery",
			       NULL, NULL, 0, -1, NULL, keep_result, &stopped);
	while (!started || !stopped)
		g_main_context_iteration(NULL, TRUE);
	g_assert_null(g_dbus_connection_call_finish(stage->connection, started, &error));
	assert_has(error->message, "called off");
	g_clear_error(&error);
	answer = g_dbus_connection_call_finish(stage->connection, stopped, &error);
	g_assert_no_error(error);
	g_clear_pointer(&answer, g_variant_unref);
	answer = g_dbus_connection_call_sync(stage->connection, NAME, MANAGER,
					     "org.freedesktop.DBus.Properties", "Get",
					     g_variant_new("(ss)", NAME ".Manager1", "Discovering"),
					     G_VARIANT_TYPE("(v)"), 0, -1, NULL, &error);
	g_assert_no_error(error);
	g_variant_get(answer, "(v)", &discovering);
	g_assert_false(g_variant_get_boolean(discovering));
}

static void test_silent(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;
	gint64 began = g_get_monotonic_time();

	g_assert_false(send_as(stage, stage->caller, &output, MANAGER, START, NULL));
	assert_has(output, "polkit does not answer");
	g_assert_cmpint(g_get_monotonic_time() - began, >, 9 * G_USEC_PER_SEC);
	while (!stage->n_cancelled)
		g_main_context_iteration(NULL, TRUE);
}

/* A session that lives as long as its sink is waited for needs an adapter; one that has ended has an
 * owner, too, and tells so before it tells that it has ended. */
static void test_sessions_of_others(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;

	if (getuid()) {
		g_test_skip("takes root, to be two users");
		return;
	}
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "connect", "127.0.0.2",
			       "--adapter=no-such-adapter"),
			==, 1);
	g_clear_pointer(&output, g_free);
	stage->answer = POLKIT_SAYS_NO;
	/* One's own. */
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "disconnect", "1", NULL), ==, 1);
	assert_has(output, "has ended already");
	g_clear_pointer(&output, g_free);
	/* Somebody else's. */
	g_assert_cmpint(ctl_as(stage, OTHER, &output, "disconnect", "1", NULL), ==, 1);
	assert_has(output, "polkit does not allow it");
	g_assert_cmpstr(stage->action, ==, NAME ".manage");
	g_clear_pointer(&output, g_free);
	/* So is what is on it. */
	g_assert_cmpint(ctl_as(stage, OTHER, &output, "screenshot", "1", "/nowhere/a.png"), ==, 1);
	assert_has(output, "polkit does not allow it");
	g_assert_cmpstr(stage->action, ==, NAME ".watch");
	g_clear_pointer(&output, g_free);
	g_assert_cmpint(ctl_as(stage, stage->caller, &output, "screenshot", "1", "/nowhere/a.png"),
			==, 1);
	assert_has(output, "has ended already");
	g_clear_pointer(&output, g_free);
	/* And how it is sent, which tells when the screen changes; nobody is asked for a password. */
	g_clear_pointer(&stage->action, g_free);
	g_assert_false(
		send_as(stage, OTHER, &output, SESSION, NAME ".Session1.GetStatistics", NULL));
	assert_has(output, NAME ".Error.NotAuthorized");
	g_assert_cmpstr(stage->action, ==, NAME ".watch");
	g_clear_pointer(&output, g_free);
	stage->flags = 1;
	g_assert_cmpint(ctl_as(stage, OTHER, &output, "status", NULL, NULL), ==, 0);
	assert_has(output, "Session 1: ended");
	assert_has(output, "only root and who has begun the session");
	g_assert_cmpuint(stage->flags, ==, 0);
	g_clear_pointer(&output, g_free);
	g_assert_true(send_as(stage, stage->caller, &output, SESSION,
			      NAME ".Session1.GetStatistics", NULL));
	assert_has(output, "preparing-ms");
	g_clear_pointer(&output, g_free);
	g_assert_true(send_as(stage, 0, &output, SESSION, NAME ".Session1.GetStatistics", NULL));
	g_clear_pointer(&output, g_free);
	/* Root's is everybody's. */
	g_assert_cmpint(ctl_as(stage, 0, &output, "disconnect", "1", NULL), ==, 1);
	assert_has(output, "has ended already");
}

/* Whoever may not own the name may not, and nothing starts the service. */
static void test_name(Stage *stage, gconstpointer unused)
{
	g_autofree char *output = NULL;
	const char *const argv[] = {MIRACASTD,		 "--bus",	stage->address,
				    "--state-directory", stage->folder, NULL};

	if (getuid()) {
		g_test_skip("takes root, to be somebody else");
		return;
	}
	g_subprocess_send_signal(stage->daemon, SIGTERM);
	g_subprocess_wait(stage->daemon, NULL, NULL);
	g_assert_cmpint(run(stage, NOBODY, &output, argv), ==, 1);
	assert_has(output, "the bus's policy forbids it");
	g_clear_pointer(&output, g_free);
	g_assert_cmpint(ctl_as(stage, 0, &output, "list", NULL, NULL), ==, 3);
	assert_has(output, "does not run");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, answer, function) \
	g_test_add(name, Stage, GINT_TO_POINTER(answer), set_up, function, tear_down)
	ADD("/polkit/yes", POLKIT_SAYS_YES, test_yes);
	ADD("/polkit/input", POLKIT_SAYS_YES, test_input);
	ADD("/polkit/no", POLKIT_SAYS_NO, test_not_allowed);
	ADD("/polkit/challenge", POLKIT_ASKS, test_not_allowed);
	ADD("/polkit/fails", POLKIT_FAILS, test_not_allowed);
	ADD("/polkit/called-off", POLKIT_SAYS_YES, test_called_off);
	ADD("/polkit/silent", POLKIT_IS_SILENT, test_silent);
	ADD("/polkit/absent", POLKIT_IS_ABSENT, test_absent);
	ADD("/polkit/looking-is-free", POLKIT_SAYS_NO, test_looking_is_free);
	ADD("/polkit/root-is-not-asked-about", POLKIT_SAYS_NO, test_root);
	ADD("/polkit/sessions-of-others", POLKIT_SAYS_YES, test_sessions_of_others);
	ADD("/polkit/the-name-is-not-everybodys", POLKIT_SAYS_NO, test_name);
	return g_test_run();
}
