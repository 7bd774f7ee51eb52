// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracastd and miracastctl as programs, on a bus of their own, with no adapter: what
 * they refuse, how they say so, and how they end.
 */
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define NO_ADAPTER "no-such-adapter"

struct stage {
	GTestDBus *bus;
	GDBusConnection *connection;
	GSubprocess *daemon;
};

static void wait_for_name(GDBusConnection *connection)
{
	for (;;) {
		g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
			connection, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
			"NameHasOwner", g_variant_new("(s)", "net.miracast"), NULL, 0, -1, NULL,
			NULL);
		gboolean there;

		g_variant_get(answer, "(b)", &there);
		if (there)
			return;
		g_usleep(20 * 1000);
	}
}

static void set_up(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->connection = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(stage->bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);
	g_assert_no_error(error);
	stage->daemon = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, &error, MIRACASTD, "--bus",
					 g_test_dbus_get_bus_address(stage->bus), "--driver",
					 DRIVER, "--session-program", MIRACAST_SESSION, NULL);
	g_assert_no_error(error);
	wait_for_name(stage->connection);
}

static void tear_down(struct stage *stage, gconstpointer unused)
{
	g_subprocess_send_signal(stage->daemon, SIGTERM);
	g_subprocess_wait(stage->daemon, NULL, NULL);
	g_assert_true(g_subprocess_get_if_exited(stage->daemon));
	g_assert_cmpint(g_subprocess_get_exit_status(stage->daemon), ==, 0);
	g_object_unref(stage->daemon);
	g_object_unref(stage->connection);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
}

static GVariant *call(struct stage *stage, const char *path, const char *interface,
		      const char *method, GVariant *arguments, GError **error)
{
	return g_dbus_connection_call_sync(stage->connection, "net.miracast", path, interface,
					   method, arguments, NULL, 0, -1, NULL, error);
}

/* @options: the text of an a{sv}; the session's path, or NULL with *@error_name. */
static char *connect_with(struct stage *stage, const char *options, char **error_name,
			  char **message)
{
	GVariant *dict = g_variant_new_parsed(options);
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	char *path;

	answer = call(stage, "/net/miracast/manager", "net.miracast.Manager1", "Connect",
		      g_variant_new("(@a{sv})", dict), &error);
	if (!answer) {
		*error_name = g_dbus_error_get_remote_error(error);
		g_dbus_error_strip_remote_error(error);
		*message = g_strdup(error->message);
		return NULL;
	}
	g_variant_get(answer, "(o)", &path);
	return path;
}

static char *get_property(struct stage *stage, const char *path, const char *property)
{
	g_autoptr(GVariant) value = NULL;
	g_autoptr(GVariant)
		answer = call(stage, path, "org.freedesktop.DBus.Properties", "Get",
			      g_variant_new("(ss)", "net.miracast.Session1", property), NULL);

	if (!answer)
		return NULL;
	g_variant_get(answer, "(v)", &value);
	return g_variant_dup_string(value, NULL);
}

static void wait_until_ended(struct stage *stage, const char *path)
{
	for (;;) {
		g_autofree char *state = get_property(stage, path, "State");

		if (!g_strcmp0(state, "ended"))
			return;
		g_usleep(20 * 1000);
	}
}

#define GOOD "'local-address': <'127.0.0.1'>, 'peer-address': <'127.0.0.2'>"

static void test_bad_arguments(struct stage *stage, gconstpointer unused)
{
	static const struct {
		const char *options, *part_of_message;
	} cases[] = {
		{"@a{sv} {}", "\"local-address\" is missing"},
		{"{'local-address': <'127.0.0.1'>}", "\"peer-address\" is missing"},
		{"{'local-address': <'here'>, 'peer-address': <'127.0.0.2'>}", "\"here\""},
		{"{'local-address': <'127.0.0.1'>, 'peer-address': <'there'>}", "\"there\""},
		{"{'local-address': <'0.0.0.0'>, 'peer-address': <'127.0.0.2'>}", "one address"},
		{"{'local-address': <'127.0.0.1'>, 'peer-address': <'::1'>}", "one family"},
		{"{'local-address': <'127.0.0.1'>, 'peer-address': <'224.0.0.1'>}", "one sink"},
		{"{'local-address': <1>, 'peer-address': <'127.0.0.2'>}", "of type s"},
		{"{" GOOD ", 'port': <uint16 0>}", "1 to 65535"},
		{"{" GOOD ", 'port': <7236>}", "of type q"},
		{"{" GOOD ", 'wait': <uint32 0>}", "seconds"},
		{"{" GOOD ", 'start-timeout': <uint32 100000>}", "seconds"},
		{"{" GOOD ", 'adapter': <'/etc/passwd'>}", "/dev/miracastN"},
		{"{" GOOD ", 'adapter': <'/dev/miracast0/../null'>}", "/dev/miracastN"},
		{"{" GOOD ", 'adapter': <'/dev/miracast0\\n'>}", "/dev/miracastN"},
		{"{" GOOD ", 'mode': <'1280x720'>}", "no option \"mode\""},
		{"{" GOOD ", 'options': <{'mode': <1>}>}", "of type a{ss}"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = NULL;
		g_autofree char *message = NULL;
		g_autofree char *path = connect_with(stage, cases[i].options, &name, &message);

		g_test_message("%s", cases[i].options);
		g_assert_null(path);
		g_assert_cmpstr(name, ==, "net.miracast.Error.InvalidArgument");
		if (!strstr(message, cases[i].part_of_message))
			g_error("\"%s\" does not say \"%s\"", message, cases[i].part_of_message);
	}
}

static void test_no_adapter(struct stage *stage, gconstpointer unused)
{
	g_autofree char *path =
		connect_with(stage, "{" GOOD ", 'adapter': <'" NO_ADAPTER "'>}", NULL, NULL);
	g_autofree char *reason = NULL;
	g_autofree char *message = NULL;
	g_autofree char *name = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(path, ==, "/net/miracast/session/1");
	wait_until_ended(stage, path);
	reason = get_property(stage, path, "Reason");
	message = get_property(stage, path, "Message");
	g_assert_cmpstr(reason, ==, "no-adapter");
	g_assert_nonnull(strstr(message, NO_ADAPTER));

	answer = call(stage, path, "net.miracast.Session1", "Disconnect", NULL, &error);
	g_assert_null(answer);
	name = g_dbus_error_get_remote_error(error);
	g_assert_cmpstr(name, ==, "net.miracast.Error.NotConnected");
}

static void test_old_sessions_go(struct stage *stage, gconstpointer unused)
{
	for (int i = 1; i <= 10; i++) {
		g_autofree char *path = connect_with(
			stage, "{" GOOD ", 'adapter': <'" NO_ADAPTER "'>}", NULL, NULL);

		wait_until_ended(stage, path);
	}
	for (int i = 1; i <= 10; i++) {
		g_autofree char *path = g_strdup_printf("/net/miracast/session/%d", i);
		g_autofree char *state = get_property(stage, path, "State");

		g_assert_cmpstr(state, ==, i <= 2 ? NULL : "ended");
	}
}

static void test_a_second_daemon_gives_way(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GSubprocess) second = NULL;
	g_autoptr(GError) error = NULL;
	char *errors = NULL;

	second = g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, MIRACASTD, "--bus",
				  g_test_dbus_get_bus_address(stage->bus), NULL);
	g_assert_no_error(error);
	g_assert_true(g_subprocess_communicate_utf8(second, NULL, NULL, NULL, &errors, NULL));
	g_assert_cmpint(g_subprocess_get_exit_status(second), ==, 1);
	g_assert_nonnull(strstr(errors, "another miracastd"));
	g_free(errors);
}

static void test_a_bus_that_dies(void)
{
	struct stage stage;

	set_up(&stage, NULL);
	g_object_unref(stage.connection);
	g_test_dbus_down(stage.bus);
	g_subprocess_wait(stage.daemon, NULL, NULL);
	g_assert_true(g_subprocess_get_if_exited(stage.daemon));
	g_assert_cmpint(g_subprocess_get_exit_status(stage.daemon), ==, 1);
	g_object_unref(stage.daemon);
	g_object_unref(stage.bus);
}

/* Exit status of miracastctl; its output in *@output and *@errors, to be freed. */
static int ctl(struct stage *stage, char **output, char **errors, const char *const *arguments)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(argv, (char *)MIRACASTCTL);
	if (stage) {
		g_ptr_array_add(argv, (char *)"--bus");
		g_ptr_array_add(argv, (char *)g_test_dbus_get_bus_address(stage->bus));
	}
	while (*arguments)
		g_ptr_array_add(argv, (char *)*arguments++);
	g_ptr_array_add(argv, NULL);
	process = g_subprocess_newv((const char *const *)argv->pdata,
				    G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
				    &error);
	g_assert_no_error(error);
	g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, output, errors, &error));
	g_assert_no_error(error);
	return g_subprocess_get_exit_status(process);
}

#define CTL(...) ctl(stage, &output, &errors, (const char *const[]){__VA_ARGS__, NULL})
#define FREE_OUTPUT()                             \
	do {                                      \
		g_clear_pointer(&output, g_free); \
		g_clear_pointer(&errors, g_free); \
	} while (0)

static void test_ctl_usage(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;
	static const char *const bad[][8] = {
		{"frobnicate"},
		{"status", "--yaml"},
		{"status", "all"},
		{"connect"},
		{"connect", "--local", "127.0.0.1"},
		{"connect", "--local", "127.0.0.1", "--peer", "there"},
		{"connect", "--local", "127.0.0.1", "--peer", "127.0.0.2", "--port", "0"},
		{"connect", "--local", "127.0.0.1", "--peer", "127.0.0.2", "--port", "65536"},
		{"connect", "--local", "127.0.0.1", "--peer", "127.0.0.2", "--option", "mode"},
		{"connect", "--local", "127.0.0.1", "--peer", "127.0.0.2", "--sink-timeout", "0"},
		{"disconnect"},
		{"disconnect", "one"},
		{"disconnect", "1", "2"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_cmpint(ctl(stage, &output, &errors, bad[i]), ==, 2);
		g_assert_cmpstr(output, ==, "");
		g_assert_true(g_str_has_prefix(errors, "miracastctl: "));
		FREE_OUTPUT();
	}
}

static void test_ctl_tells_the_reason(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;

	g_assert_cmpint(CTL("status"), ==, 0);
	g_assert_nonnull(strstr(output, "no session"));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("connect", "--local", "127.0.0.1", "--peer", "127.0.0.2", "--adapter",
			    NO_ADAPTER, "--wait"),
			==, 1);
	g_assert_true(g_str_has_prefix(output, "Session 1\n"));
	g_assert_true(g_str_has_prefix(errors, "miracastctl: no-adapter: "));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("status"), ==, 0);
	g_assert_nonnull(strstr(output, "Session 1: ended"));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("status", "--json"), ==, 0);
	g_assert_nonnull(strstr(output, "\"reason\":\"no-adapter\""));
	g_assert_nonnull(strstr(output, "\"peer-address\":\"127.0.0.2\""));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("disconnect", "1"), ==, 1);
	FREE_OUTPUT();
	g_assert_cmpint(CTL("disconnect", "99"), ==, 1);
	g_assert_nonnull(strstr(errors, "no session 99"));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("disconnect", "all"), ==, 0);
	FREE_OUTPUT();
}

static void test_ctl_without_a_daemon(void)
{
	g_autoptr(GTestDBus) bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	struct stage empty = {.bus = bus};
	struct stage *stage = &empty;
	char *output = NULL, *errors = NULL;

	g_test_dbus_up(bus);
	g_assert_cmpint(CTL("status"), ==, 3);
	g_assert_nonnull(strstr(errors, "does not run"));
	FREE_OUTPUT();
	g_test_dbus_down(bus);

	stage = NULL;
	g_assert_cmpint(CTL("--bus", "unix:path=/nonexistent", "status"), ==, 3);
	FREE_OUTPUT();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, struct stage, NULL, set_up, function, tear_down)
	ADD("/daemon/bad-arguments", test_bad_arguments);
	ADD("/daemon/no-adapter", test_no_adapter);
	ADD("/daemon/old-sessions-go", test_old_sessions_go);
	ADD("/daemon/a-second-daemon-gives-way", test_a_second_daemon_gives_way);
	g_test_add_func("/daemon/a-bus-that-dies", test_a_bus_that_dies);
	ADD("/ctl/usage", test_ctl_usage);
	ADD("/ctl/tells-the-reason", test_ctl_tells_the_reason);
	g_test_add_func("/ctl/without-a-daemon", test_ctl_without_a_daemon);
	return g_test_run();
}
