// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session's life, above a process and links that do what they are told: how it reconnects, and
 * what becomes of it when its process misbehaves.
 */
#include "fake.h"
#include "root.h"
#include "session.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So that a test takes seconds, and the monitor does not go on a machine that is busy; */
static const HostSessionLimits limits = {.hold_s = 60, .reconnect_s = 5, .stable_s = 30};
/* or does. */
static const HostSessionLimits short_hold = {.hold_s = 2, .reconnect_s = 5, .stable_s = 30};

static const HostProcessConfig config = {.program = FAKE_SESSION, .driver = "none"};
static const HostProcessConfig no_program = {.program = "/nowhere/miracast-session"};

#define OWNER 1000

typedef struct {
	GTestDBus *bus;
	GDBusConnection *connection;
	char *folder;
	char *log;
	FakeFinder *finder;
	HostSink *sink;
	const HostSessionLimits *limits;
	const HostProcessConfig *config;
	HostSession *session;
	GString *states; /* those that differ from the one before */
	guint n_started, n_lost, n_ended;
} Stage;

static void count_signal(HostSession *session, guint *n)
{
	(*n)++;
}

static void on_state(GObject *bus, GParamSpec *spec, Stage *stage)
{
	g_string_append_printf(stage->states, "%s ", bus_session1_get_state(BUS_SESSION1(bus)));
}

static void set_up(Stage *stage, gconstpointer unused)
{
	g_autoptr(HostFinding) finding = host_finding_new("1");
	g_autoptr(HostWay) way = NULL;

	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->connection = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(stage->bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, NULL);
	stage->folder = g_dir_make_tmp("miracast-XXXXXX", NULL);
	stage->log = g_build_filename(stage->folder, "log", NULL);
	stage->finder = fake_finder_new("p2p");
	stage->sink = host_sink_new(1);
	finding->name = g_strdup("Television");
	finding->throughput = 40;
	way = host_way_new(HOST_FINDER(stage->finder), 0, finding);
	host_sink_set_way(stage->sink, way);
	stage->states = g_string_new(NULL);
	stage->limits = &limits;
	stage->config = &config;
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_object_unref(stage->session);
	g_object_unref(stage->sink);
	g_object_unref(stage->finder);
	g_dbus_connection_close_sync(stage->connection, NULL, NULL);
	g_object_unref(stage->connection);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
	g_unlink(stage->log);
	g_rmdir(stage->folder);
	g_free(stage->log);
	g_free(stage->folder);
	g_string_free(stage->states, TRUE);
}

/* @options: the fake process's, name and value in turn; "reconnect" "no" is the session's. */
static void begin(Stage *stage, const char *const *options)
{
	g_autoptr(GVariant) arguments = NULL;
	g_autoptr(HostWish) wish = NULL;
	g_autoptr(HostBusAgent) agent = NULL;
	g_autoptr(GPtrArray) ways = host_sink_get_ways(stage->sink, NULL);
	g_autoptr(GError) error = NULL;
	GVariantBuilder driver = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{ss}"));
	gboolean reconnect = TRUE;

	g_variant_builder_add(&driver, "{ss}", "log", stage->log);
	for (; *options; options += 2) {
		if (!strcmp(options[0], "reconnect"))
			reconnect = FALSE;
		else
			g_variant_builder_add(&driver, "{ss}", options[0], options[1]);
	}
	arguments = g_variant_ref_sink(g_variant_new_parsed(
		"{'reconnect': <%b>, 'start-timeout': <uint32 5>, 'options': <%@a{ss}>}", reconnect,
		g_variant_builder_end(&driver)));
	wish = host_wish_parse(arguments, FALSE, &error);
	g_assert_no_error(error);
	/* The bus would not let this through; the process does not look at it. */
	wish->adapter = g_strdup("/dev/null");
	agent = host_bus_agent_new(stage->connection, ":1.99", NULL, HOST_BUS_ROOT "/session/1");
	stage->session = host_session_new(1, stage->config, stage->limits, stage->sink, ways, wish,
					  agent, OWNER);
	g_signal_connect(stage->session, "started", G_CALLBACK(count_signal), &stage->n_started);
	g_signal_connect(stage->session, "lost", G_CALLBACK(count_signal), &stage->n_lost);
	g_signal_connect(stage->session, "ended", G_CALLBACK(count_signal), &stage->n_ended);
	g_signal_connect(host_session_get_bus(stage->session), "notify::state",
			 G_CALLBACK(on_state), stage);
	host_session_run(stage->session);
}

#define BEGIN(stage, ...) begin(stage, (const char *const[]){__VA_ARGS__, NULL})

static const char *get_state(Stage *stage)
{
	return bus_session1_get_state(host_session_get_bus(stage->session));
}

static const char *get_reason(Stage *stage)
{
	return bus_session1_get_reason(host_session_get_bus(stage->session));
}

static void wait_for_state(Stage *stage, const char *state)
{
	while (strcmp(get_state(stage), state))
		g_main_context_iteration(NULL, TRUE);
}

static void wait_for_links(Stage *stage, guint n)
{
	while (stage->finder->links->len < n || !fake_finder_get_link(stage->finder)->task)
		g_main_context_iteration(NULL, TRUE);
}

static void succeed(Stage *stage, guint n)
{
	wait_for_links(stage, n);
	close(fake_link_succeed(fake_finder_get_link(stage->finder)));
}

static void assert_log(Stage *stage, const char *expected)
{
	g_autofree char *text = NULL;

	g_file_get_contents(stage->log, &text, NULL, NULL);
	g_assert_cmpstr(text, ==, expected);
}

static void wait_for_log(Stage *stage, const char *expected)
{
	g_autofree char *text = NULL;

	while (g_strcmp0(text, expected)) {
		g_main_context_iteration(NULL, TRUE);
		g_free(text);
		g_file_get_contents(stage->log, &text, NULL, NULL);
	}
}

static void end(Stage *stage)
{
	host_session_end(stage->session, HOST_REASON_STOPPED_BY_USER, NULL);
	wait_for_state(stage, "ended");
	g_assert_cmpuint(stage->n_ended, ==, 1);
}

/* MIRACAST_STOP_MISSING_KEEPALIVE */
#define KEEPALIVE "2"

G_STATIC_ASSERT(MIRACAST_STOP_MISSING_KEEPALIVE == 2);

static void test_life(Stage *stage, gconstpointer unused)
{
	guint64 throughput;
	BusSession1 *bus;

	BEGIN(stage, NULL);
	bus = host_session_get_bus(stage->session);
	succeed(stage, 1);
	wait_for_state(stage, "streaming");
	g_assert_cmpstr(bus_session1_get_link(bus), ==, "p2p");
	g_assert_cmpstr(bus_session1_get_peer_address(bus), ==, "127.0.0.2");
	g_assert_cmpuint(bus_session1_get_port(bus), ==, 7236);
	g_assert_cmpuint(bus_session1_get_owner(bus), ==, OWNER);
	g_assert_cmpuint(bus_session1_get_target_id(bus), ==, 3);
	g_assert_true(
		g_variant_lookup(bus_session1_get_details(bus), "throughput", "t", &throughput));
	g_assert_cmpuint(throughput, ==, 40);
	g_assert_cmpuint(fake_finder_get_link(stage->finder)->n_settled, ==, 1);
	end(stage);
	g_assert_cmpstr(stage->states->str, ==,
			"preparing waiting starting started streaming stopping ended ");
	assert_log(stage, "csxd");
	g_assert_cmpuint(fake_finder_get_link(stage->finder)->n_left, ==, 1);
	g_assert_cmpuint(fake_finder_get_link(stage->finder)->n_closed, ==, 1);
	g_assert_cmpuint(stage->n_started, ==, 1);
	g_assert_cmpuint(stage->n_lost, ==, 0);
}

/* The context is the old one: the monitor has not gone. */
static void test_reconnect(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_state(stage, "reconnecting");
	g_assert_cmpuint(stage->n_lost, ==, 1);
	g_assert_cmpstr(bus_session1_get_step(host_session_get_bus(stage->session)), ==,
			"sink-silent");
	succeed(stage, 2);
	wait_for_state(stage, "streaming");
	g_assert_cmpuint(stage->n_started, ==, 2);
	g_assert_cmpstr(get_reason(stage), ==, "");
	/* The first link has been given back, without a farewell: there was nobody to hear it. */
	g_assert_cmpuint(((FakeLink *)stage->finder->links->pdata[0])->n_closed, ==, 1);
	g_assert_cmpuint(((FakeLink *)stage->finder->links->pdata[0])->n_left, ==, 0);
	assert_log(stage, "csxs");
	end(stage);
	assert_log(stage, "csxsxd");
}

/* The same when it is the link that is lost, and its finder has lost sight of the sink. */
static void test_link_lost(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, NULL);
	succeed(stage, 1);
	wait_for_state(stage, "streaming");
	host_sink_remove_way(stage->sink, HOST_FINDER(stage->finder), "1");
	host_link_emit_lost(HOST_LINK(fake_finder_get_link(stage->finder)), HOST_REASON_LINK_LOST,
			    "pulled");
	g_assert_cmpstr(get_state(stage), ==, "reconnecting");
	succeed(stage, 2);
	wait_for_state(stage, "streaming");
	end(stage);
	assert_log(stage, "csxsxd");
}

static void lose_link(Stage *stage, HostReason reason)
{
	BEGIN(stage, NULL);
	succeed(stage, 1);
	wait_for_state(stage, "streaming");
	host_link_emit_lost(HOST_LINK(fake_finder_get_link(stage->finder)), reason, NULL);
}

/* Who made the group, or gave its addresses, is started anew: so is the session. */
static void test_maker_restarts(Stage *stage, gconstpointer reason)
{
	lose_link(stage, GPOINTER_TO_UINT(reason));
	g_assert_cmpstr(get_state(stage), ==, "reconnecting");
	g_assert_cmpstr(bus_session1_get_step(host_session_get_bus(stage->session)), ==,
			host_reason_word(GPOINTER_TO_UINT(reason)));
	succeed(stage, 2);
	wait_for_state(stage, "streaming");
	end(stage);
	assert_log(stage, "csxsxd");
}

/* Somebody wants no more. */
static void test_link_ended(Stage *stage, gconstpointer reason)
{
	lose_link(stage, GPOINTER_TO_UINT(reason));
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, host_reason_word(GPOINTER_TO_UINT(reason)));
	g_assert_cmpuint(stage->n_lost, ==, 0);
	assert_log(stage, "csxd");
}

/* Nobody waits for a sink to come back over a link that is gone. */
static void test_link_lost_again(Stage *stage, gconstpointer unused)
{
	int other;

	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE, "hung-up-starts", " 2 ",
	      "fail-starts", " 2 ");
	succeed(stage, 1);
	wait_for_links(stage, 2);
	other = fake_link_succeed(fake_finder_get_link(stage->finder));
	wait_for_state(stage, "starting");
	host_link_emit_lost(HOST_LINK(fake_finder_get_link(stage->finder)), HOST_REASON_LINK_LOST,
			    "pulled again");
	close(other);
	succeed(stage, 3);
	wait_for_state(stage, "streaming");
	end(stage);
	assert_log(stage, "csxssxd");
}

/* Somebody wants no more while the sink, which has come back, is started. */
static void test_ended_in_a_start(Stage *stage, gconstpointer reason)
{
	int other;

	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE, "hung-up-starts", " 2 ",
	      "fail-starts", " 2 ");
	succeed(stage, 1);
	wait_for_links(stage, 2);
	other = fake_link_succeed(fake_finder_get_link(stage->finder));
	wait_for_state(stage, "starting");
	host_link_emit_lost(HOST_LINK(fake_finder_get_link(stage->finder)),
			    GPOINTER_TO_UINT(reason), NULL);
	close(other);
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, host_reason_word(GPOINTER_TO_UINT(reason)));
	g_assert_cmpuint(stage->finder->links->len, ==, 2);
	assert_log(stage, "csxsd");
}

/* After a while the monitor goes, and the sink is tried on. */
static void test_hold(Stage *stage, gconstpointer unused)
{
	stage->limits = &short_hold;
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_links(stage, 2);
	assert_log(stage, "csx");
	wait_for_log(stage, "csxd");
	g_assert_cmpstr(get_state(stage), ==, "reconnecting");
	/* It comes after all: with a context that is made anew. */
	succeed(stage, 2);
	wait_for_state(stage, "streaming");
	assert_log(stage, "csxdcs");
	end(stage);
	assert_log(stage, "csxdcsxd");
}

/* A context that cannot be made anew is no context: the next try makes another one. */
static void test_create_fails(Stage *stage, gconstpointer unused)
{
	stage->limits = &short_hold;
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE, "fail-creates", " 2 ");
	succeed(stage, 1);
	wait_for_links(stage, 2);
	wait_for_log(stage, "csxd");
	fake_link_fail(fake_finder_get_link(stage->finder), HOST_REASON_SINK_DID_NOT_CONNECT);
	succeed(stage, 3);
	wait_for_state(stage, "streaming");
	assert_log(stage, "csxdcdcs");
	end(stage);
}

/* The same, and its finder has lost sight of the sink: the way by which it was there last is tried on. */
static void test_create_fails_out_of_sight(Stage *stage, gconstpointer unused)
{
	stage->limits = &short_hold;
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE, "fail-creates", " 2 ");
	succeed(stage, 1);
	wait_for_links(stage, 2);
	wait_for_log(stage, "csxd");
	host_sink_remove_way(stage->sink, HOST_FINDER(stage->finder), "1");
	fake_link_fail(fake_finder_get_link(stage->finder), HOST_REASON_SINK_DID_NOT_CONNECT);
	succeed(stage, 3);
	wait_for_state(stage, "streaming");
	assert_log(stage, "csxdcdcs");
	end(stage);
}

/* A start that fails while it reconnects is not the end. */
static void test_start_fails(Stage *stage, gconstpointer unused)
{
	int other;

	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE, "fail-starts", " 2 ");
	succeed(stage, 1);
	wait_for_links(stage, 2);
	/* It stays there: one that had left could come back by itself. */
	other = fake_link_succeed(fake_finder_get_link(stage->finder));
	succeed(stage, 3);
	wait_for_state(stage, "streaming");
	assert_log(stage, "csxss");
	close(other);
	end(stage);
}

/* The sink does not come: the end has the first reason, and tells of the tries. */
static void test_give_up(Stage *stage, gconstpointer unused)
{
	gint64 began;

	stage->limits = &short_hold;
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_state(stage, "reconnecting");
	began = g_get_monotonic_time();
	stage->finder->fail_at_once = HOST_REASON_SINK_DID_NOT_CONNECT;
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "sink-silent");
	g_assert_nonnull(strstr(bus_session1_get_message(host_session_get_bus(stage->session)),
				"sink-did-not-connect"));
	/* 5 s, and the delay of a try that had begun before. */
	g_assert_cmpint(g_get_monotonic_time() - began, >, 4 * G_USEC_PER_SEC);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 20 * G_USEC_PER_SEC);
	/* The context went after the hold, and was made anew for the next try. */
	assert_log(stage, "csxdcd");
	g_assert_cmpuint(stage->finder->links->len, >=, 4);
	g_assert_cmpuint(stage->n_ended, ==, 1);
}

/* Losses that follow each other are one: they do not go on for ever. */
static void test_flapping(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, "loss-starts", " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 ",
	      "stop-reason", KEEPALIVE);
	stage->finder->succeed_at_once = TRUE;
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "sink-silent");
	g_assert_cmpuint(stage->n_lost, >=, 2);
	g_assert_cmpuint(stage->n_lost, <, 10);
}

/* What takes a person who is not there is not tried on: a sink would show a PIN each time. */
static void test_nobody_to_ask(Stage *stage, gconstpointer reason)
{
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_links(stage, 2);
	fake_link_fail(fake_finder_get_link(stage->finder), GPOINTER_TO_UINT(reason));
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "sink-silent");
	g_assert_nonnull(strstr(bus_session1_get_message(host_session_get_bus(stage->session)),
				host_reason_word(GPOINTER_TO_UINT(reason))));
	g_assert_cmpuint(stage->finder->links->len, ==, 2);
}

/* Where one way would take the Wi-Fi network away, or has no radio, the sink may come back by another one. */
static void test_another_way(Stage *stage, gconstpointer reason)
{
	g_autoptr(FakeFinder) other = fake_finder_new("mice");
	g_autoptr(HostFinding) finding = host_finding_new("1");
	g_autoptr(HostWay) way = host_way_new(HOST_FINDER(other), 1, finding);

	host_sink_set_way(stage->sink, way);
	other->fail_at_once = GPOINTER_TO_UINT(reason);
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_links(stage, 2);
	fake_link_fail(fake_finder_get_link(stage->finder), HOST_REASON_SINK_UNREACHABLE);
	succeed(stage, 3);
	g_assert_cmpuint(other->links->len, ==, 1);
	wait_for_state(stage, "streaming");
	end(stage);
	host_sink_remove_way(stage->sink, HOST_FINDER(other), "1");
}

/* A radio that is switched off ends what goes over it, but the sink may be reached otherwise. */
static void test_radio_off_with_another_way(Stage *stage, gconstpointer unused)
{
	g_autoptr(FakeFinder) other = fake_finder_new("mice");
	g_autoptr(HostFinding) finding = host_finding_new("1");
	g_autoptr(HostWay) way = host_way_new(HOST_FINDER(other), 1, finding);

	host_sink_set_way(stage->sink, way);
	lose_link(stage, HOST_REASON_RADIO_BLOCKED);
	wait_for_state(stage, "reconnecting");
	end(stage);
	host_sink_remove_way(stage->sink, HOST_FINDER(other), "1");
}

static void test_not_wanted(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE, "reconnect", "no");
	succeed(stage, 1);
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "sink-silent");
	assert_log(stage, "csxd");
	g_assert_cmpuint(stage->n_lost, ==, 0);
}

/* In each moment of a reconnect the person may want no more. */
static void test_end_while_pausing(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_state(stage, "reconnecting");
	end(stage);
	g_assert_cmpstr(get_reason(stage), ==, "stopped-by-user");
	assert_log(stage, "csxd");
}

static void test_end_while_opening(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_links(stage, 2);
	end(stage);
	assert_log(stage, "csxd");
	g_assert_null(fake_finder_get_link(stage->finder)->task);
}

static void test_end_while_waiting(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, "loss-starts", " 1 ", "stop-reason", KEEPALIVE);
	succeed(stage, 1);
	wait_for_links(stage, 2);
	fake_link_fail(fake_finder_get_link(stage->finder), HOST_REASON_NO_ROUTE);
	while (strcmp(bus_session1_get_step(host_session_get_bus(stage->session)), "try-failed"))
		g_main_context_iteration(NULL, TRUE);
	end(stage);
	assert_log(stage, "csxd");
	g_assert_cmpuint(stage->finder->links->len, ==, 2);
}

/* What a sink that is not remembered was given for the next time is not kept. */
static void test_end_while_starting(Stage *stage, gconstpointer unused)
{
	int other;

	BEGIN(stage, "hung-up-starts", " 1 ");
	wait_for_links(stage, 1);
	other = fake_link_succeed(fake_finder_get_link(stage->finder));
	wait_for_state(stage, "starting");
	host_session_end(stage->session, HOST_REASON_STOPPED_BY_USER, NULL);
	close(other);
	wait_for_state(stage, "ended");
	assert_log(stage, "csxd");
	g_assert_cmpuint(stage->n_started, ==, 0);
	g_assert_cmpuint(fake_finder_get_link(stage->finder)->n_settled, ==, 0);
}

/* The first time there is no second time. */
static void test_first_fails(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, NULL);
	wait_for_links(stage, 1);
	fake_link_fail(fake_finder_get_link(stage->finder), HOST_REASON_SINK_DID_NOT_CONNECT);
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "sink-did-not-connect");
	assert_log(stage, "cd");
	g_assert_cmpuint(stage->finder->links->len, ==, 1);
}

static guint count_sockets(void)
{
	g_autoptr(GDir) files = g_dir_open("/proc/self/fd", 0, NULL);
	const char *name;
	guint n = 0;

	while ((name = g_dir_read_name(files))) {
		g_autofree char *path = g_build_filename("/proc/self/fd", name, NULL);
		g_autofree char *target = g_file_read_link(path, NULL);

		n += target && g_str_has_prefix(target, "socket:");
	}
	return n;
}

/* It may be shown for long after, and takes no file for that. */
static void test_no_program(Stage *stage, gconstpointer unused)
{
	guint before = count_sockets();

	stage->config = &no_program;
	BEGIN(stage, NULL);
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "session-died");
	g_assert_cmpuint(count_sockets(), ==, before);
}

static void test_first_start_fails(Stage *stage, gconstpointer unused)
{
	BEGIN(stage, "fail-starts", " 1 ");
	wait_for_links(stage, 1);
	{
		int other = fake_link_succeed(fake_finder_get_link(stage->finder));

		wait_for_state(stage, "ended");
		close(other);
	}
	g_assert_cmpstr(get_reason(stage), ==, "sink-silent-m1");
	assert_log(stage, "csd");
}

/*
 * The session's process reads what a sink sends, and may be in its hands. Whatever it does, the
 * session ends with a reason, and so does the next one begin.
 */

typedef struct {
	const char *option;
	const char *reason;
	const char *message; /* a part of it */
} Misbehaviour;

/* Until the limit of the step, and what a busy machine needs. */
#define MISBEHAVIOUR_LIMIT_S 60

static void drop_session(Stage *stage)
{
	/* The process may be waited for yet. */
	g_object_add_weak_pointer(G_OBJECT(stage->session), (gpointer *)&stage->session);
	g_object_unref(stage->session);
	while (stage->session)
		g_main_context_iteration(NULL, TRUE);
}

/* A process that has to be killed is worth a warning, and here no failure. */
static void set_up_warned(Stage *stage, gconstpointer unused)
{
	set_up(stage, unused);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
}

static void tear_down_warned(Stage *stage, gconstpointer unused)
{
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
	tear_down(stage, unused);
}

static void assert_next_works(Stage *stage)
{
	guint n_links = stage->finder->links->len;

	drop_session(stage);
	stage->n_ended = 0;
	g_unlink(stage->log);
	BEGIN(stage, NULL);
	succeed(stage, n_links + 1);
	wait_for_state(stage, "streaming");
	end(stage);
	assert_log(stage, "csxd");
}

/* Ends by itself. */
static void test_misbehaves(Stage *stage, gconstpointer data)
{
	const Misbehaviour *misbehaviour = data;
	gint64 began = g_get_monotonic_time();

	stage->finder->succeed_at_once = TRUE;
	BEGIN(stage, "misbehave", misbehaviour->option);
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, misbehaviour->reason);
	g_assert_nonnull(strstr(bus_session1_get_message(host_session_get_bus(stage->session)),
				misbehaviour->message));
	g_assert_cmpuint(stage->n_ended, ==, 1);
	g_assert_cmpuint(stage->n_lost, ==, 0);
	g_assert_cmpint(g_get_monotonic_time() - began, <, MISBEHAVIOUR_LIMIT_S * G_USEC_PER_SEC);
	stage->finder->succeed_at_once = FALSE;
	assert_next_works(stage);
}

/* Does not end by itself, but when the person wants it to, in bounded time. */
static void test_does_not_stop(Stage *stage, gconstpointer data)
{
	gint64 began;

	BEGIN(stage, "misbehave", data);
	succeed(stage, 1);
	wait_for_state(stage, "streaming");
	began = g_get_monotonic_time();
	host_session_end(stage->session, HOST_REASON_STOPPED_BY_USER, NULL);
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "stopped-by-user");
	g_assert_cmpint(g_get_monotonic_time() - began, <, MISBEHAVIOUR_LIMIT_S * G_USEC_PER_SEC);
	assert_next_works(stage);
}

/*
 * Pictures, asked for on the bus.
 */

typedef struct {
	gboolean done;
	int file; /* -1: it was refused */
	guint width, height;
	GError *error;
	gint64 came_at; /* monotonic us */
} Picture;

static void picture_clear(Picture *picture)
{
	if (picture->done && picture->file >= 0)
		close(picture->file);
	g_clear_error(&picture->error);
	picture->done = FALSE;
}

static gboolean on_get_picture(BusSession1 *bus, GDBusMethodInvocation *invocation,
			       GUnixFDList *files, guint max_width, Stage *stage)
{
	host_session_take_picture(stage->session, invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_get_statistics(BusSession1 *bus, GDBusMethodInvocation *invocation, Stage *stage)
{
	host_session_take_statistics(stage->session, invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void export(Stage *stage)
{
	BusSession1 *bus = host_session_get_bus(stage->session);
	g_autoptr(GError) error = NULL;

	g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(bus), stage->connection,
					 HOST_BUS_ROOT "/session/1", &error);
	g_assert_no_error(error);
	g_signal_connect(bus, "handle-get-picture", G_CALLBACK(on_get_picture), stage);
	g_signal_connect(bus, "handle-get-statistics", G_CALLBACK(on_get_statistics), stage);
}

static void on_picture(GObject *connection, GAsyncResult *result, gpointer data)
{
	g_autoptr(GUnixFDList) files = NULL;
	Picture *picture = data;
	g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(connection), &files, result, &picture->error);

	picture->file = -1;
	if (answer) {
		g_variant_get(answer, "(huu)", NULL, &picture->width, &picture->height);
		picture->file = g_unix_fd_list_get(files, 0, NULL);
	}
	picture->came_at = g_get_monotonic_time();
	picture->done = TRUE;
}

static void ask(Stage *stage, guint max_width, Picture *picture)
{
	g_dbus_connection_call_with_unix_fd_list(
		stage->connection, g_dbus_connection_get_unique_name(stage->connection),
		HOST_BUS_ROOT "/session/1", "io.github.linux_miracast.Session1", "GetPicture",
		g_variant_new("(u)", max_width), G_VARIANT_TYPE("(huu)"), 0, -1, NULL, NULL,
		on_picture, picture);
}

static void wait_for_picture(Picture *picture)
{
	while (!picture->done)
		g_main_context_iteration(NULL, TRUE);
}

/* What fake-session.c's write_picture() has written, and as it should be handed over. */
static void assert_picture(const Picture *picture, guint width)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	gsize size = width * 6 * 3;
	g_autofree guint8 *pixels = g_malloc(size);
	struct stat status;

	g_assert_no_error(picture->error);
	g_assert_cmpuint(picture->width, ==, width);
	g_assert_cmpuint(picture->height, ==, 6);
	g_assert_cmpint(fstat(picture->file, &status), ==, 0);
	g_assert_cmpint(status.st_size, ==, size);
	g_assert_cmpint(fcntl(picture->file, F_GET_SEALS), ==, seals);
	g_assert_cmpint(pread(picture->file, pixels, size, 0), ==, size);
	for (gsize i = 0; i < size; i++)
		g_assert_cmpuint(pixels[i], ==, i % 256);
}

static void on_statistics(GObject *connection, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, &error);

	g_assert_no_error(error);
	++*(guint *)data;
}

/* Whoever asks without a pause does not have the process end for talking too much. */
static void test_statistics(Stage *stage, gconstpointer unused)
{
	const guint n = 200;
	g_autofree char *log = NULL;
	guint asked = 0, answered = 0;
	gint64 began;

	BEGIN(stage, NULL);
	export(stage);
	succeed(stage, 1);
	wait_for_state(stage, "streaming");
	began = g_get_monotonic_time();
	while (answered < n) {
		guint before = answered;

		g_dbus_connection_call(stage->connection,
				       g_dbus_connection_get_unique_name(stage->connection),
				       HOST_BUS_ROOT "/session/1",
				       "io.github.linux_miracast.Session1", "GetStatistics", NULL,
				       G_VARIANT_TYPE("(a{sv})"), 0, -1, NULL, on_statistics,
				       &answered);
		while (answered == before)
			g_main_context_iteration(NULL, TRUE);
	}
	g_assert_true(g_file_get_contents(stage->log, &log, NULL, NULL));
	for (const char *c = log; *c; c++)
		asked += *c == 'g';
	g_assert_cmpuint(asked, >, 0);
	g_assert_cmpuint(asked, <=, (g_get_monotonic_time() - began) / (G_USEC_PER_SEC / 10) + 1);
	end(stage);
}

static void assert_refused(const Picture *picture, const char *message)
{
	g_autofree char *name = NULL;

	g_assert_nonnull(picture->error);
	name = g_dbus_error_get_remote_error(picture->error);
	g_assert_cmpstr(name, ==, HOST_BUS_ERROR "NotAvailable");
	if (!strstr(picture->error->message, message))
		g_error("\"%s\" is not about \"%s\"", picture->error->message, message);
}

static void begin_to_stream(Stage *stage, const char *how)
{
	if (how)
		BEGIN(stage, "picture", how);
	else
		BEGIN(stage, NULL);
	export(stage);
	succeed(stage, 1);
	wait_for_state(stage, "streaming");
}

static void test_picture(Stage *stage, gconstpointer unused)
{
	Picture first = {0}, second = {0};

	begin_to_stream(stage, NULL);
	ask(stage, 0, &first);
	ask(stage, 7, &second);
	wait_for_picture(&first);
	assert_picture(&first, 40);
	g_assert_false(second.done);
	wait_for_picture(&second);
	assert_picture(&second, 7);
	g_assert_cmpint(second.came_at - first.came_at, >, G_USEC_PER_SEC / 2);
	picture_clear(&first);
	picture_clear(&second);
	end(stage);
	ask(stage, 0, &first);
	wait_for_picture(&first);
	assert_refused(&first, "no picture");
	picture_clear(&first);
}

static void test_picture_too_early(Stage *stage, gconstpointer unused)
{
	Picture picture = {0};

	BEGIN(stage, NULL);
	export(stage);
	wait_for_links(stage, 1);
	ask(stage, 0, &picture);
	wait_for_picture(&picture);
	assert_refused(&picture, "no picture");
	picture_clear(&picture);
	end(stage);
}

/* Those that do not wait are refused, and those that do when the session ends, the first one apart. */
static void test_pictures_too_many(Stage *stage, gconstpointer unused)
{
	Picture pictures[20] = {0};
	guint n_refused = 0;

	begin_to_stream(stage, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++)
		ask(stage, 0, &pictures[i]);
	wait_for_picture(&pictures[0]);
	wait_for_picture(&pictures[G_N_ELEMENTS(pictures) - 1]);
	assert_picture(&pictures[0], 40);
	for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++) {
		if (!pictures[i].done || !pictures[i].error)
			continue;
		assert_refused(&pictures[i], "too many");
		n_refused++;
	}
	g_assert_cmpuint(n_refused, ==, G_N_ELEMENTS(pictures) - 9);
	end(stage);
	for (gsize i = 1; i < G_N_ELEMENTS(pictures); i++) {
		wait_for_picture(&pictures[i]);
		g_assert_nonnull(pictures[i].error);
		picture_clear(&pictures[i]);
	}
	picture_clear(&pictures[0]);
}

static gboolean on_time(gpointer over)
{
	*(gboolean *)over = TRUE;
	return G_SOURCE_REMOVE;
}

static void wait_for_s(guint seconds)
{
	gboolean over = FALSE;

	g_timeout_add_seconds(seconds, on_time, &over);
	while (!over)
		g_main_context_iteration(NULL, TRUE);
}

/* The session goes on. */
static void test_no_picture(Stage *stage, gconstpointer how)
{
	Picture first = {0}, second = {0};

	begin_to_stream(stage, how);
	ask(stage, 0, &first);
	wait_for_picture(&first);
	assert_refused(&first, strcmp(how, "none") ? "in time" : "no picture");
	if (!strcmp(how, "late"))
		wait_for_s(3);
	ask(stage, 0, &second);
	wait_for_picture(&second);
	assert_refused(&second, !strcmp(how, "none")   ? "no picture"
				: !strcmp(how, "late") ? "in time"
						       : "not shown the last one");
	picture_clear(&first);
	picture_clear(&second);
	g_assert_cmpstr(get_state(stage), ==, "streaming");
	end(stage);
	assert_log(stage, "csxd");
}

/* It is tried, and fails. */
static void test_picture_grown(Stage *stage, gconstpointer unused)
{
	Picture picture = {0};

	begin_to_stream(stage, "grown");
	ask(stage, 11, &picture);
	wait_for_picture(&picture);
	assert_picture(&picture, 11);
	picture_clear(&picture);
	end(stage);
}

/* The session's process is not to be trusted any more. */
static void test_picture_misbehaves(Stage *stage, gconstpointer how)
{
	Picture picture = {0};

	begin_to_stream(stage, how);
	ask(stage, 20, &picture);
	wait_for_picture(&picture);
	if (strcmp(how, "twice"))
		g_assert_nonnull(picture.error);
	picture_clear(&picture);
	wait_for_state(stage, "ended");
	g_assert_cmpstr(get_reason(stage), ==, "session-died");
	assert_next_works(stage);
}

static const Misbehaviour misbehaviours[] = {
	{"create garbage", "session-died", "no message"},
	{"create oversized", "session-died", "no message"},
	{"create exit", "session-died", "ended with status 0"},
	{"create killed", "session-died", "signal 9"},
	{"create flood", "session-died", "too many messages"},
	{"start garbage", "session-died", "no message"},
	{"start oversized", "session-died", "no message"},
	{"start not-asked", "session-died", "makes no sense"},
	{"start not-its-own", "session-died", "no message"},
	{"start exit", "session-died", "ended with status 0"},
	{"start killed", "session-died", "signal 9"},
	{"start hang-up", "session-died", "signal 9"},
	{"start flood", "session-died", "too many messages"},
	{"start frozen", "driver-hung", "took too long to start"},
	{"run garbage", "session-died", "no message"},
	{"run oversized", "session-died", "no message"},
	{"run not-asked", "session-died", "makes no sense"},
	{"run not-its-own", "session-died", "no message"},
	{"run picture-not-asked", "session-died", "makes no sense"},
	{"run exit", "session-died", "ended with status 0"},
	{"run killed", "session-died", "signal 9"},
	{"run hang-up", "session-died", "signal 9"},
	{"run flood", "session-died", "too many messages"},
	{"run frozen", "session-died", "did not answer any more"},
};

static const HostReason nobody_to_ask[] = {
	HOST_REASON_NO_PIN,	      HOST_REASON_STATION_KEPT,	   HOST_REASON_RADIO_BLOCKED,
	HOST_REASON_DECLINED_BY_USER, HOST_REASON_STOPPED_BY_USER,
};

static const HostReason another_way[] = {
	HOST_REASON_STATION_KEPT,
	HOST_REASON_RADIO_BLOCKED,
};

static const HostReason ended_in_a_start[] = {
	HOST_REASON_STOPPED_BY_USER,
	HOST_REASON_SUSPENDED,
	HOST_REASON_RADIO_BLOCKED,
};

static const HostReason maker_restarts[] = {
	HOST_REASON_SUPPLICANT_AWAY,
	HOST_REASON_NM_AWAY,
	HOST_REASON_IWD_AWAY,
	HOST_REASON_GROUP_REMOVED,
	HOST_REASON_GROUP_REMOVED_BY_NM,
	HOST_REASON_NO_ADDRESS,
};

static const HostReason link_ended[] = {
	HOST_REASON_RADIO_BLOCKED,
	HOST_REASON_STOPPED_BY_USER,
	HOST_REASON_SUSPENDED,
	HOST_REASON_SINK_DISCONNECTED,
};

static const char *const when_stopped[] = {
	"stop garbage", "stop exit", "stop killed", "stop flood", "run frozen",
};

static const char *const bad_pictures[] = {
	"wide", "huge", "high", "flat", "mapped", "sealed", "twice", "killed",
};

/* A test for each of @reasons, which it is told. */
static void add_reasons(const char *folder, const HostReason *reasons, size_t n,
			void (*test)(Stage *, gconstpointer))
{
	for (size_t i = 0; i < n; i++) {
		g_autofree char *name =
			g_strdup_printf("/session/%s/%s", folder, host_reason_word(reasons[i]));

		g_test_add(name, Stage, GUINT_TO_POINTER(reasons[i]), set_up, test, tear_down);
	}
}

static void add_pictures(void)
{
#define ADD(name, data, function) g_test_add(name, Stage, data, set_up, function, tear_down)
	ADD("/session/picture", NULL, test_picture);
	ADD("/session/picture/too-early", NULL, test_picture_too_early);
	ADD("/session/picture/too-many", NULL, test_pictures_too_many);
	ADD("/session/picture/none", "none", test_no_picture);
	ADD("/session/picture/silent", "silent", test_no_picture);
	ADD("/session/picture/late", "late", test_no_picture);
	ADD("/session/picture/grown", NULL, test_picture_grown);
#undef ADD
	for (size_t i = 0; i < G_N_ELEMENTS(bad_pictures); i++) {
		g_autofree char *name = g_strdup_printf("/session/picture/%s", bad_pictures[i]);

		g_test_add(name, Stage, bad_pictures[i], set_up_warned, test_picture_misbehaves,
			   tear_down_warned);
	}
}

static void add_misbehaviours(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(misbehaviours); i++) {
		g_autofree char *name =
			g_strdup_printf("/session/misbehaves/%s", misbehaviours[i].option);

		g_test_add(name, Stage, &misbehaviours[i], set_up_warned, test_misbehaves,
			   tear_down_warned);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(when_stopped); i++) {
		g_autofree char *name =
			g_strdup_printf("/session/does-not-stop/%s", when_stopped[i]);

		g_test_add(name, Stage, when_stopped[i], set_up_warned, test_does_not_stop,
			   tear_down_warned);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Stage, NULL, set_up, function, tear_down)
	ADD("/session/life", test_life);
	ADD("/session/reconnect", test_reconnect);
	ADD("/session/link-lost", test_link_lost);
	ADD("/session/link-lost-again", test_link_lost_again);
	ADD("/session/hold", test_hold);
	ADD("/session/create-fails", test_create_fails);
	ADD("/session/create-fails-out-of-sight", test_create_fails_out_of_sight);
	ADD("/session/start-fails", test_start_fails);
	ADD("/session/statistics", test_statistics);
	ADD("/session/give-up", test_give_up);
	ADD("/session/flapping", test_flapping);
	ADD("/session/radio-off-with-another-way", test_radio_off_with_another_way);
	ADD("/session/not-wanted", test_not_wanted);
	ADD("/session/end-while-pausing", test_end_while_pausing);
	ADD("/session/end-while-opening", test_end_while_opening);
	ADD("/session/end-while-waiting", test_end_while_waiting);
	ADD("/session/end-while-starting", test_end_while_starting);
	ADD("/session/first-fails", test_first_fails);
	ADD("/session/first-start-fails", test_first_start_fails);
	ADD("/session/no-program", test_no_program);
	add_reasons("nobody-to-ask", nobody_to_ask, G_N_ELEMENTS(nobody_to_ask),
		    test_nobody_to_ask);
	add_reasons("another-way", another_way, G_N_ELEMENTS(another_way), test_another_way);
	add_reasons("ended-in-a-start", ended_in_a_start, G_N_ELEMENTS(ended_in_a_start),
		    test_ended_in_a_start);
	add_reasons("maker-restarts", maker_restarts, G_N_ELEMENTS(maker_restarts),
		    test_maker_restarts);
	add_reasons("link-ended", link_ended, G_N_ELEMENTS(link_ended), test_link_ended);
	add_pictures();
	add_misbehaviours();
	return g_test_run();
}
