// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracastd and miracastctl as programs, on a bus of their own, with no adapter: what
 * they refuse, how they say so, and how they end.
 */
#include "bus.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#define UNKNOWN_ADAPTER "no-such-adapter"

struct stage {
	GTestDBus *bus;
	GDBusConnection *connection;
	GSubprocess *daemon;
	char *state;
};

static void wait_for_name(GDBusConnection *connection)
{
	for (;;) {
		g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
			connection, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
			"NameHasOwner", g_variant_new("(s)", "io.github.linux_miracast"), NULL, 0,
			-1, NULL, NULL);
		gboolean there;

		g_variant_get(answer, "(b)", &there);
		if (there)
			return;
		g_usleep(20 * 1000);
	}
}

static char *state_file(struct stage *stage, const char *name)
{
	return g_build_filename(stage->state, name, NULL);
}

static void remove_state(struct stage *stage)
{
	g_autofree char *sinks = state_file(stage, "sinks");
	g_autofree char *damaged = state_file(stage, "sinks.damaged");

	g_unlink(sinks);
	g_unlink(damaged);
	g_rmdir(stage->state);
	g_clear_pointer(&stage->state, g_free);
}

static void start_daemon(struct stage *stage)
{
	g_autoptr(GError) error = NULL;

	stage->daemon = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, &error, MIRACASTD, "--bus",
					 g_test_dbus_get_bus_address(stage->bus), "--driver",
					 DRIVER, "--session-program", MIRACAST_SESSION,
					 "--state-directory", stage->state, NULL);
	g_assert_no_error(error);
	wait_for_name(stage->connection);
}

static GDBusConnection *connect_to_bus(struct stage *stage)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(stage->bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);

	g_assert_no_error(error);
	return connection;
}

/* @sinks: the file of those that are known, or NULL. */
static void set_up(struct stage *stage, gconstpointer sinks)
{
	g_autoptr(GError) error = NULL;

	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->connection = connect_to_bus(stage);
	stage->state = g_dir_make_tmp("miracast-XXXXXX", &error);
	g_assert_no_error(error);
	if (sinks) {
		g_autofree char *path = state_file(stage, "sinks");

		g_file_set_contents(path, sinks, -1, &error);
		g_assert_no_error(error);
	}
	start_daemon(stage);
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
	remove_state(stage);
}

static GVariant *call(struct stage *stage, const char *path, const char *interface,
		      const char *method, GVariant *arguments, GError **error)
{
	return g_dbus_connection_call_sync(stage->connection, "io.github.linux_miracast", path,
					   interface, method, arguments, NULL, 0, -1, NULL, error);
}

/* @options: the text of an a{sv}; the session's path, or NULL with *@error_name. */
static char *connect_with(struct stage *stage, const char *options, char **error_name,
			  char **message)
{
	GVariant *dict = g_variant_new_parsed(options);
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	char *path;

	answer = call(stage, "/io/github/linux_miracast/manager",
		      "io.github.linux_miracast.Manager1", "Connect",
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
	g_autoptr(GVariant) answer =
		call(stage, path, "org.freedesktop.DBus.Properties", "Get",
		     g_variant_new("(ss)", "io.github.linux_miracast.Session1", property), NULL);

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
		{"@a{sv} {}", "\"peer-address\" is missing"},
		{"{'local-address': <'127.0.0.1'>}", "\"peer-address\" is missing"},
		{"{'local-address': <'here'>, 'peer-address': <'127.0.0.2'>}", "\"here\""},
		{"{'local-address': <'127.0.0.1'>, 'peer-address': <'there'>}", "\"there\""},
		{"{'local-address': <'0.0.0.0'>, 'peer-address': <'127.0.0.2'>}", "one machine"},
		{"{'local-address': <'127.0.0.1'>, 'peer-address': <'::1'>}", "one family"},
		{"{'local-address': <'127.0.0.1'>, 'peer-address': <'224.0.0.1'>}", "one machine"},
		{"{'peer-address': <'fe80::1'>}", "name the interface"},
		{"{'peer-address': <'fe80::1%nothing9'>}", "no network interface \"nothing9\""},
		{"{'peer-address': <'fe80::1%'>}", "no network interface"},
		{"{'peer-address': <'127.0.0.2%lo'>}", "not an IP address"},
		{"{'peer-address': <'2001:db8::1%lo'>}", "not an IP address"},
		{"{'local-address': <1>, 'peer-address': <'127.0.0.2'>}", "of type s"},
		{"{" GOOD ", 'port': <uint16 0>}", "1 to 65535"},
		{"{" GOOD ", 'port': <7236>}", "of type q"},
		{"{" GOOD ", 'wait': <uint32 0>}", "seconds"},
		{"{" GOOD ", 'start-timeout': <uint32 100000>}", "seconds"},
		{"{" GOOD ", 'way': <'mice'>}", "no option \"way\""},
		{"{" GOOD ", 'pin': <'12345'>}", "4 or 8 digits"},
		{"{" GOOD ", 'pin': <'12345678\\n'>}", "4 or 8 digits"},
		{"{" GOOD ", 'go-intent': <uint32 16>}", "0 to 15"},
		{"{" GOOD ", 'maker': <'nobody'>}", "auto, supplicant, network-manager or iwd"},
		{"{" GOOD ", 'agent': <'/agent'>}", "of type o"},
		{"{" GOOD ", 'adapter': <'/etc/passwd'>}", "/dev/miracastN"},
		{"{" GOOD ", 'adapter': <'/dev/miracast0/../null'>}", "/dev/miracastN"},
		{"{" GOOD ", 'adapter': <'/dev/miracast0\\n'>}", "/dev/miracastN"},
		{"{" GOOD ", 'mode': <'1280x720'>}", "no option \"mode\""},
		{"{" GOOD ", 'options': <{'mode': <1>}>}", "of type a{ss}"},
		{"{" GOOD ", 'input': <false>, 'input': <true>}", "given twice"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = NULL;
		g_autofree char *message = NULL;
		g_autofree char *path = connect_with(stage, cases[i].options, &name, &message);

		g_test_message("%s", cases[i].options);
		g_assert_null(path);
		g_assert_cmpstr(name, ==, "io.github.linux_miracast.Error.InvalidArgument");
		if (!strstr(message, cases[i].part_of_message))
			g_error("\"%s\" does not say \"%s\"", message, cases[i].part_of_message);
	}
}

static void test_unknown_adapter(struct stage *stage, gconstpointer unused)
{
	g_autofree char *path =
		connect_with(stage, "{" GOOD ", 'adapter': <'" UNKNOWN_ADAPTER "'>}", NULL, NULL);
	g_autofree char *reason = NULL;
	g_autofree char *message = NULL;
	g_autofree char *name = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(path, ==, "/io/github/linux_miracast/session/1");
	wait_until_ended(stage, path);
	reason = get_property(stage, path, "Reason");
	message = get_property(stage, path, "Message");
	g_assert_cmpstr(reason, ==, "unknown-adapter");
	g_assert_nonnull(strstr(message, UNKNOWN_ADAPTER));

	answer = call(stage, path, "io.github.linux_miracast.Session1", "Disconnect", NULL, &error);
	g_assert_null(answer);
	name = g_dbus_error_get_remote_error(error);
	g_assert_cmpstr(name, ==, "io.github.linux_miracast.Error.NotConnected");
}

static void test_old_sessions_go(struct stage *stage, gconstpointer unused)
{
	for (int i = 1; i <= 10; i++) {
		g_autofree char *path = connect_with(
			stage, "{" GOOD ", 'adapter': <'" UNKNOWN_ADAPTER "'>}", NULL, NULL);

		wait_until_ended(stage, path);
	}
	for (int i = 1; i <= 10; i++) {
		g_autofree char *path = g_strdup_printf("/io/github/linux_miracast/session/%d", i);
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
	remove_state(&stage);
}

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

/* Exit status of miracastctl; its output in *@output and *@errors, to be freed. */
static int ctl(struct stage *stage, char **output, char **errors, const char *const *arguments)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GAsyncResult) result = NULL;
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
	g_subprocess_communicate_utf8_async(process, NULL, NULL, keep_result, &result);
	/* What this program itself has on the bus is served meanwhile. */
	while (!result)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(
		g_subprocess_communicate_utf8_finish(process, result, output, errors, &error));
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
#define CONNECT "connect", "127.0.0.2"
	static const char *const bad[][10] = {
		{"frobnicate"},
		{"status", "--yaml"},
		{"status", "all"},
		{"connect"},
		{CONNECT, "another"},
		{CONNECT, "--local", "there"},
		{CONNECT, "--pin", "123"},
		{CONNECT, "--encryption", "perhaps"},
		{CONNECT, "--way", "wifi"},
		{CONNECT, "--intent", "16"},
		{CONNECT, "--intent", "-1"},
		{CONNECT, "--search", "0"},
		{CONNECT, "--port", "0"},
		{CONNECT, "--port", "65536"},
		{CONNECT, "--option", "mode"},
		{CONNECT, "--option", "=1"},
		{CONNECT, "--option", "a=1", "--option", "a=2"},
		{CONNECT, "--mode", "640x480", "--option", "mode=640x480"},
		{CONNECT, "--option", "mode=large"},
		{CONNECT, "--sink-timeout", "0"},
		/* A mode's form, */
		{CONNECT, "--mode", "large"},
		{CONNECT, "--mode", ""},
		{CONNECT, "--mode", "1280"},
		{CONNECT, "--mode", "1280x"},
		{CONNECT, "--mode", "1280x720@"},
		{CONNECT, "--mode", "1280x720@60Hz"},
		{CONNECT, "--mode", "1280x720i60"},
		{CONNECT, "--mode", "-1280x720"},
		{CONNECT, "--mode", "1280x720@59.94"},
		{CONNECT, "--mode", "1280x720@60\n"},
		/* and sense. */
		{CONNECT, "--mode", "0x0"},
		{CONNECT, "--mode", "1280x0@60"},
		{CONNECT, "--mode", "1280x720@0"},
		{CONNECT, "--mode", "99999x720@60"},
		{CONNECT, "--mode", "1280x720@999"},
		{"disconnect", "1", "2"},
		{"screenshot"},
		{"screenshot", "1", "a.png", "b.png"},
		{"screenshot", "1"},
		{"screenshot", "--width", "-1", "a.png"},
		{"screenshot", "--width", "wide", "a.png"},
		{"scan", "--seconds", "0"},
		{"list", "--json", "--names"},
		{"show"},
		{"forget"},
		{"channel"},
		{"channel", "status"},
		{"channel", "--json"},
		/* What it was called once. */
		{"adapters"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_cmpint(ctl(stage, &output, &errors, bad[i]), ==, 2);
		g_assert_cmpstr(output, ==, "");
		g_assert_true(g_str_has_prefix(errors, "miracastctl: "));
		FREE_OUTPUT();
	}
}

/*
 * Sinks. Names that the air brought come from a file here, and so does one of an address.
 */

static const char known_sinks[] = "[Sink 1]\nName=Living room\nKind=tv\n"
				  "Identities=p2p:02:00:00:00:00:01;\nLastUsed=4000\n"
				  "[Sink 2]\nName=Living room\nKind=tv\n"
				  "Identities=p2p:02:00:00:00:00:02;\nLastUsed=3000\n"
				  "[Sink 3]\nName=K\xc3\xbc"
				  "che\nKind=\n"
				  "Identities=address:127.0.0.2;\nAddress=127.0.0.2\n"
				  "LastUsed=2000\n"
				  "[Sink 4]\nName=\xe2\x80\xaetsuop\x1b[2J\nKind=tv\n"
				  "Identities=p2p:02:00:00:00:00:04;\nLastUsed=1000\n";

static char *read_state(struct stage *stage, const char *name)
{
	g_autofree char *path = state_file(stage, name);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static void test_known_sinks(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;
	g_autofree char *after = NULL;

	g_assert_cmpint(CTL("list"), ==, 0);
	g_assert_nonnull(strstr(output, "Living room"));
	g_assert_nonnull(strstr(output, "not there, known"));
	/* One that has an address is there as far as is known. */
	g_assert_nonnull(strstr(output, " there, known"));
	/* Nothing that a terminal obeys. */
	g_assert_nonnull(strstr(output, "tsuop"));
	g_assert_null(strchr(output, '\x1b'));
	g_assert_null(strstr(output, "\xe2\x80\xae"));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("list", "--json"), ==, 0);
	g_assert_nonnull(strstr(output, "\"ways\":[\"address\"]"));
	g_assert_nonnull(strstr(output, "\"known\":true"));
	FREE_OUTPUT();

	/* Names alone, for a shell to complete. */
	g_assert_cmpint(CTL("list", "--names"), ==, 0);
	g_assert_true(g_str_has_prefix(output, "Living room\nLiving room\nK\xc3\xbc"
					       "che\n"));
	g_assert_null(strchr(output, '\x1b'));
	FREE_OUTPUT();

	/* In any case of letters. */
	g_assert_cmpint(CTL("show", "k\xc3\x9c"
				    "CHE"),
			==, 0);
	g_assert_nonnull(strstr(output, "127.0.0.2"));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("show", "127.0.0.2", "--json"), ==, 0);
	g_assert_true(g_str_has_prefix(output, "{\"sink\":3,"));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("show", "Living room"), ==, 1);
	g_assert_nonnull(strstr(errors, "2 sinks are called \"Living room\""));
	g_assert_nonnull(strstr(errors, "sink/1"));
	g_assert_nonnull(strstr(errors, "sink/2"));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("forget", "sink/2"), ==, 0);
	FREE_OUTPUT();
	g_assert_cmpint(CTL("show", "Living room"), ==, 0);
	g_assert_true(g_str_has_prefix(output, "Living room (sink/1)\n"));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("forget", "sink/2"), ==, 1);
	g_assert_nonnull(strstr(errors, "there is no sink"));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("forget", "127.0.0.2"), ==, 0);
	FREE_OUTPUT();

	after = read_state(stage, "sinks");
	g_assert_nonnull(strstr(after, "02:00:00:00:00:01"));
	g_assert_null(strstr(after, "02:00:00:00:00:02"));
	g_assert_null(strstr(after, "127.0.0.2"));
}

static void test_known_sinks_stay(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;

	g_assert_cmpint(CTL("forget", "sink/2"), ==, 0);
	FREE_OUTPUT();
	g_subprocess_send_signal(stage->daemon, SIGTERM);
	g_subprocess_wait(stage->daemon, NULL, NULL);
	g_clear_object(&stage->daemon);
	start_daemon(stage);
	g_assert_cmpint(CTL("show", "Living room"), ==, 0);
	FREE_OUTPUT();
	g_assert_cmpint(CTL("show", "K\xc3\xbc"
				    "che"),
			==, 0);
	FREE_OUTPUT();
}

static void test_damaged_sinks(struct stage *stage, gconstpointer text)
{
	char *output = NULL, *errors = NULL;
	g_autofree char *aside = read_state(stage, "sinks.damaged");

	g_assert_cmpstr(aside, ==, text);
	g_assert_cmpint(CTL("list"), ==, 0);
	g_assert_nonnull(strstr(output, "There is no sink"));
	FREE_OUTPUT();
}

static void test_typed_address(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;
	g_autofree char *state = NULL;

	g_assert_cmpint(CTL(CONNECT, "--adapter", UNKNOWN_ADAPTER), ==, 1);
	FREE_OUTPUT();
	/* It has led to nothing, and leaves nothing behind. */
	g_assert_cmpint(CTL("list"), ==, 0);
	g_assert_nonnull(strstr(output, "There is no sink"));
	FREE_OUTPUT();
	state = read_state(stage, "sinks");
	g_assert_null(state);
}

static void test_absent_sinks(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;

	g_assert_cmpint(CTL("connect", "Kitchen", "--search", "1"), ==, 1);
	g_assert_nonnull(strstr(output, "Kitchen is looked for"));
	g_assert_nonnull(strstr(errors, "\"Kitchen\" was not found within 1 s"));
	FREE_OUTPUT();
	/* Known, and not there. */
	g_assert_cmpint(CTL("connect", "sink/1", "--search", "1"), ==, 1);
	g_assert_nonnull(strstr(errors, "was not found"));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("connect", "Living room", "--search", "1"), ==, 1);
	g_assert_nonnull(strstr(errors, "2 sinks"));
	FREE_OUTPUT();
	/* There, but not so. */
	g_assert_cmpint(CTL("connect", "sink/3", "--way", "p2p", "--search", "1"), ==, 1);
	g_assert_nonnull(strstr(errors, "was not found by p2p within 1 s"));
	FREE_OUTPUT();
}

static bool is_discovering(struct stage *stage)
{
	g_autoptr(GVariant) value = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
		stage->connection, "io.github.linux_miracast", "/io/github/linux_miracast/manager",
		"org.freedesktop.DBus.Properties", "Get",
		g_variant_new("(ss)", "io.github.linux_miracast.Manager1", "Discovering"), NULL, 0,
		-1, NULL, NULL);

	g_variant_get(answer, "(v)", &value);
	return g_variant_get_boolean(value);
}

static void call_manager(GDBusConnection *connection, const char *method)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
		connection, "io.github.linux_miracast", "/io/github/linux_miracast/manager",
		"io.github.linux_miracast.Manager1", method, NULL, NULL, 0, -1, NULL, &error);

	g_assert_no_error(error);
}

static void test_discovery_has_owners(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GDBusConnection) first = connect_to_bus(stage);
	g_autoptr(GDBusConnection) second = connect_to_bus(stage);

	g_assert_false(is_discovering(stage));
	call_manager(first, "StartDiscovery");
	call_manager(first, "StartDiscovery");
	call_manager(second, "StartDiscovery");
	g_assert_true(is_discovering(stage));
	/* One's own only, and however often it was begun. */
	call_manager(first, "StopDiscovery");
	call_manager(first, "StopDiscovery");
	g_assert_true(is_discovering(stage));
	/* Who leaves the bus does not look any more. */
	g_dbus_connection_close_sync(second, NULL, NULL);
	while (is_discovering(stage))
		g_usleep(20 * 1000);
	g_dbus_connection_close_sync(first, NULL, NULL);
}

static void test_ctl_tells_the_reason(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;

	g_assert_cmpint(CTL("status"), ==, 0);
	g_assert_nonnull(strstr(output, "no session"));
	FREE_OUTPUT();

	g_assert_cmpint(CTL(CONNECT, "--adapter", UNKNOWN_ADAPTER), ==, 1);
	g_assert_true(g_str_has_prefix(output, "Session 1\n"));
	g_assert_true(g_str_has_prefix(errors, "miracastctl: unknown-adapter: "));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("status"), ==, 0);
	g_assert_nonnull(strstr(output, "Session 1: ended"));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("status", "--json"), ==, 0);
	g_assert_nonnull(strstr(output, "\"reason\":\"unknown-adapter\""));
	g_assert_nonnull(strstr(output, "\"sink-name\":\"127.0.0.2\""));
	FREE_OUTPUT();

	g_assert_cmpint(CTL("disconnect", "1"), ==, 1);
	FREE_OUTPUT();
	g_assert_cmpint(CTL("disconnect"), ==, 1);
	FREE_OUTPUT();
	g_assert_cmpint(CTL("disconnect", "Living room"), ==, 1);
	g_assert_nonnull(strstr(errors, "no session with \"Living room\""));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("disconnect", "99"), ==, 1);
	g_assert_nonnull(strstr(errors, "no session 99"));
	FREE_OUTPUT();
	g_assert_cmpint(CTL("disconnect", "all"), ==, 0);
	FREE_OUTPUT();
}

/* What asks nobody's leave does not wait for as long as a person may take. */
static void test_ctl_of_a_daemon_that_hangs(struct stage *stage, gconstpointer unused)
{
	char *output = NULL, *errors = NULL;
	gint64 began = g_get_monotonic_time();

	g_subprocess_send_signal(stage->daemon, SIGSTOP);
	g_assert_cmpint(CTL("status", "--watch"), ==, 3);
	g_subprocess_send_signal(stage->daemon, SIGCONT);
	g_assert_nonnull(strstr(errors, "does not answer"));
	g_assert_cmpint(g_get_monotonic_time() - began, <, 60 * G_TIME_SPAN_SECOND);
	FREE_OUTPUT();
}

/* A miracastd that knows one session, which has started. */
struct fake {
	GTestDBus *bus;
	GDBusConnection *connection;
	GDBusObjectManagerServer *objects;
	BusManager1 *manager;
	BusSession1 *session;
};

static gboolean fake_connect(struct fake *fake, GDBusMethodInvocation *invocation)
{
	bus_manager1_complete_connect(fake->manager, invocation,
				      "/io/github/linux_miracast/session/7");
	return TRUE;
}

static gboolean fake_get_statistics(struct fake *fake, GDBusMethodInvocation *invocation)
{
	bus_session1_complete_get_statistics(
		fake->session, invocation,
		g_variant_new_parsed("{'frames-in': <uint64 9000000000>}"));
	return TRUE;
}

static void fake_set_up(struct fake *fake, const char *details)
{
	g_autoptr(BusObjectSkeleton)
		manager = bus_object_skeleton_new("/io/github/linux_miracast/manager");
	g_autoptr(BusObjectSkeleton)
		session = bus_object_skeleton_new("/io/github/linux_miracast/session/7");
	g_autoptr(GError) error = NULL;

	fake->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(fake->bus);
	fake->connection = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(fake->bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);
	g_assert_no_error(error);
	fake->objects = g_dbus_object_manager_server_new("/io/github/linux_miracast");
	fake->manager = bus_manager1_skeleton_new();
	g_signal_connect_swapped(fake->manager, "handle-connect", G_CALLBACK(fake_connect), fake);
	bus_object_skeleton_set_manager1(manager, fake->manager);
	fake->session = bus_session1_skeleton_new();
	g_signal_connect_swapped(fake->session, "handle-get-statistics",
				 G_CALLBACK(fake_get_statistics), fake);
	bus_session1_set_state(fake->session, "streaming");
	bus_session1_set_details(fake->session, g_variant_new_parsed(details));
	bus_object_skeleton_set_session1(session, fake->session);
	g_dbus_object_manager_server_export(fake->objects, G_DBUS_OBJECT_SKELETON(manager));
	g_dbus_object_manager_server_export(fake->objects, G_DBUS_OBJECT_SKELETON(session));
	g_dbus_object_manager_server_set_connection(fake->objects, fake->connection);
	g_bus_own_name_on_connection(fake->connection, "io.github.linux_miracast", 0, NULL, NULL,
				     NULL, NULL);
}

static void fake_tear_down(struct fake *fake)
{
	g_clear_object(&fake->objects);
	g_clear_object(&fake->manager);
	g_clear_object(&fake->session);
	g_dbus_connection_close_sync(fake->connection, NULL, NULL);
	g_clear_object(&fake->connection);
	g_test_dbus_down(fake->bus);
	g_clear_object(&fake->bus);
}

static void test_ctl_tells_unknown_options(void)
{
	struct fake fake;
	struct stage empty, *stage = &empty;
	char *output = NULL, *errors = NULL;

	fake_set_up(&fake, "{'options-unknown': <'colour'>}");
	empty = (struct stage){.bus = fake.bus};
	g_assert_cmpint(CTL(CONNECT, "--option", "colour=red"), ==, 0);
	g_assert_cmpstr(errors, ==,
			"miracastctl: the user-mode driver knows no option \"colour\"\n");
	FREE_OUTPUT();
	fake_tear_down(&fake);
}

static void test_ctl_json_has_numbers(void)
{
	static const char *const parts[] = {
		"\"session\":7",
		"\"sink-rtp-port\":19000",
		"\"mode\":\"1280x720@60\"",
		"\"frames-in\":9000000000",
	};
	struct fake fake;
	struct stage empty, *stage = &empty;
	char *output = NULL, *errors = NULL;

	fake_set_up(&fake, "{'sink-rtp-port': <uint64 19000>, 'mode': <'1280x720@60'>}");
	empty = (struct stage){.bus = fake.bus};
	g_assert_cmpint(CTL("status", "--json"), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		if (!strstr(output, parts[i]))
			g_error("no %s in %s", parts[i], output);
	FREE_OUTPUT();
	fake_tear_down(&fake);
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

static const char *const damaged_sinks[] = {
	"not a key file",
	"[Sink 1]\nName=TV\n",
	"[Sink 1]\nName=\nKind=\nIdentities=a;\nLastUsed=1\n",
	"[Sink 1]\nName=TV\nKind=\nIdentities=;\nLastUsed=0\n",
	"[Sink 1]\nName=TV\nKind=\nIdentities=a;\nLastUsed=1\nAddress=here\n",
	"[Sink 1]\nName=\xff\xfe\nKind=\nIdentities=a;\nLastUsed=1\n",
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, struct stage, NULL, set_up, function, tear_down)
	ADD("/daemon/bad-arguments", test_bad_arguments);
	ADD("/daemon/unknown-adapter", test_unknown_adapter);
	ADD("/daemon/old-sessions-go", test_old_sessions_go);
	ADD("/daemon/a-second-daemon-gives-way", test_a_second_daemon_gives_way);
	g_test_add_func("/daemon/a-bus-that-dies", test_a_bus_that_dies);
	ADD("/daemon/discovery-has-owners", test_discovery_has_owners);
	ADD("/daemon/typed-address", test_typed_address);
#define ADD_WITH(name, sinks, function) \
	g_test_add(name, struct stage, sinks, set_up, function, tear_down)
	ADD_WITH("/daemon/known-sinks", known_sinks, test_known_sinks);
	ADD_WITH("/daemon/known-sinks-stay", known_sinks, test_known_sinks_stay);
	ADD_WITH("/daemon/absent-sinks", known_sinks, test_absent_sinks);
	for (size_t i = 0; i < G_N_ELEMENTS(damaged_sinks); i++) {
		g_autofree char *name = g_strdup_printf("/daemon/damaged-sinks/%zu", i);

		ADD_WITH(name, damaged_sinks[i], test_damaged_sinks);
	}
	ADD("/ctl/usage", test_ctl_usage);
	ADD("/ctl/tells-the-reason", test_ctl_tells_the_reason);
	ADD("/ctl/of-a-daemon-that-hangs", test_ctl_of_a_daemon_that_hangs);
	g_test_add_func("/ctl/tells-unknown-options", test_ctl_tells_unknown_options);
	g_test_add_func("/ctl/json-has-numbers", test_ctl_json_has_numbers);
	g_test_add_func("/ctl/without-a-daemon", test_ctl_without_a_daemon);
	return g_test_run();
}
