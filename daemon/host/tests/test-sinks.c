// SPDX-License-Identifier: GPL-2.0-or-later
/* What finders find becomes sinks on the bus: merged, named, kept, forgotten, and not too many. */
#include "discovery/finder-address.h"
#include "fake.h"
#include "root.h"
#include "sinks.h"

#include <glib/gstdio.h>
#include <string.h>

#define KEEP_S 1

typedef struct {
	char *folder;
	char *file;
	FakeFinder *mice, *p2p;
	HostFinderAddress *typed;
	GPtrArray *finders;
	GDBusObjectManagerServer *server;
	HostSinks *sinks;
	guint n_added;
} Stage;

static void on_added(HostSink *sink, gpointer data)
{
	((Stage *)data)->n_added++;
}

static void make_sinks(Stage *stage)
{
	stage->server = g_dbus_object_manager_server_new(HOST_BUS_ROOT);
	stage->sinks =
		host_sinks_new(stage->file, stage->server, stage->finders, KEEP_S, on_added, stage);
}

static void drop_sinks(Stage *stage)
{
	host_sinks_free(stage->sinks);
	g_object_unref(stage->server);
}

static void set_up(Stage *stage, gconstpointer unused)
{
	stage->folder = g_dir_make_tmp("miracast-XXXXXX", NULL);
	stage->file = g_build_filename(stage->folder, "sub", "sinks", NULL);
	stage->finders = g_ptr_array_new_with_free_func(g_object_unref);
	stage->mice = fake_finder_new("mice");
	stage->p2p = fake_finder_new("p2p");
	g_ptr_array_add(stage->finders, stage->mice);
	stage->typed = host_finder_address_new(NULL);
	g_ptr_array_add(stage->finders, stage->p2p);
	g_ptr_array_add(stage->finders, stage->typed);
	make_sinks(stage);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_autofree char *sub = g_path_get_dirname(stage->file);

	drop_sinks(stage);
	g_ptr_array_unref(stage->finders);
	g_unlink(stage->file);
	g_rmdir(sub);
	g_rmdir(stage->folder);
	g_free(stage->file);
	g_free(stage->folder);
}

static guint count(Stage *stage)
{
	GList *objects = g_dbus_object_manager_get_objects(G_DBUS_OBJECT_MANAGER(stage->server));
	guint n = g_list_length(objects);

	g_list_free_full(objects, g_object_unref);
	return n;
}

/* The one that @finder has as @id; it is on the bus. */
static HostSink *sink_of(Stage *stage, FakeFinder *finder, const char *id)
{
	HostSink *sink = host_sinks_find(stage->sinks, HOST_FINDER(finder), id);
	g_autoptr(GDBusObject) object = NULL;

	g_assert_nonnull(sink);
	object = g_dbus_object_manager_get_object(G_DBUS_OBJECT_MANAGER(stage->server),
						  host_sink_get_path(sink));
	g_assert_nonnull(object);
	return sink;
}

static void assert_ways(HostSink *sink, const char *expected)
{
	g_autofree char *ways =
		g_strjoinv(" ", (char **)bus_sink1_get_ways(host_sink_get_bus(sink)));

	g_assert_cmpstr(ways, ==, expected);
}

static void test_one_device(Stage *stage, gconstpointer unused)
{
	HostSink *sink;

	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	sink = sink_of(stage, stage->p2p, "1");
	assert_ways(sink, "p2p");
	g_assert_cmpstr(bus_sink1_get_address(host_sink_get_bus(sink)), ==, "at 1");

	/* The same device by a way that is preferred: its name and address count now. */
	fake_finder_find(stage->mice, "m", "container:x p2p:aa", "Living room");
	g_assert_true(sink_of(stage, stage->mice, "m") == sink);
	g_assert_cmpuint(count(stage), ==, 1);
	assert_ways(sink, "mice p2p");
	g_assert_cmpstr(host_sink_get_name(sink), ==, "Living room");
	g_assert_cmpstr(bus_sink1_get_address(host_sink_get_bus(sink)), ==, "at m");

	host_finder_emit_lost(HOST_FINDER(stage->mice), "m");
	assert_ways(sink, "p2p");
	g_assert_cmpstr(host_sink_get_name(sink), ==, "Television");
	host_finder_emit_lost(HOST_FINDER(stage->p2p), "1");
	g_assert_cmpuint(count(stage), ==, 0);
	/* What is not there cannot go. */
	host_finder_emit_lost(HOST_FINDER(stage->p2p), "1");
	g_assert_cmpuint(stage->n_added, ==, 1);
}

/* Something is in the way of a sink only if it is of all its ways. */
static void test_obstacle(Stage *stage, gconstpointer unused)
{
	g_autoptr(HostFinding) finding = host_finding_new("1");
	BusSink1 *bus;

	g_strfreev(finding->identities);
	finding->identities = g_strsplit("p2p:aa", " ", 0);
	finding->name = g_strdup("Television");
	finding->obstacle = "network-manager-unable";
	finding->obstacle_message = g_strdup("It joins none.");
	host_finder_emit_found(HOST_FINDER(stage->p2p), finding);
	bus = host_sink_get_bus(sink_of(stage, stage->p2p, "1"));
	g_assert_cmpstr(bus_sink1_get_obstacle(bus), ==, "network-manager-unable");
	g_assert_cmpstr(bus_sink1_get_obstacle_message(bus), ==, "It joins none.");

	fake_finder_find(stage->mice, "m", "container:x p2p:aa", "Living room");
	g_assert_cmpstr(bus_sink1_get_obstacle(bus), ==, "");
	g_assert_cmpstr(bus_sink1_get_obstacle_message(bus), ==, "");
	host_finder_emit_lost(HOST_FINDER(stage->mice), "m");
	g_assert_cmpstr(bus_sink1_get_obstacle(bus), ==, "network-manager-unable");
	/* It can be joined now. */
	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	g_assert_cmpstr(bus_sink1_get_obstacle(bus), ==, "");
}

/* One finding can tell that what looked like two or three devices is one. */
static void test_bridge(Stage *stage, gconstpointer unused)
{
	HostSink *first;

	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	fake_finder_find(stage->p2p, "2", "p2p:bb", "Television");
	fake_finder_find(stage->mice, "3", "container:cc", "Television");
	g_assert_cmpuint(count(stage), ==, 3);
	first = sink_of(stage, stage->p2p, "1");
	fake_finder_find(stage->mice, "3", "container:cc p2p:bb p2p:aa", "Television");
	g_assert_cmpuint(count(stage), ==, 1);
	/* The oldest stays: its path has been shown for longest. */
	g_assert_true(sink_of(stage, stage->mice, "3") == first);
	g_assert_true(sink_of(stage, stage->p2p, "2") == first);
	assert_ways(first, "mice p2p");
	host_finder_emit_lost(HOST_FINDER(stage->mice), "3");
	host_finder_emit_lost(HOST_FINDER(stage->p2p), "1");
	host_finder_emit_lost(HOST_FINDER(stage->p2p), "2");
	g_assert_cmpuint(count(stage), ==, 0);
	/* Nothing of it is left in an index. */
	fake_finder_find(stage->p2p, "4", "p2p:bb", "Television");
	g_assert_true(sink_of(stage, stage->p2p, "4") != NULL);
}

static void test_bridge_in_use(Stage *stage, gconstpointer unused)
{
	HostSink *second;

	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	fake_finder_find(stage->p2p, "2", "p2p:bb", "Television");
	second = sink_of(stage, stage->p2p, "2");
	host_sinks_set_session(stage->sinks, second, HOST_BUS_ROOT "/session/1");
	/* The one in use is the one that stays. */
	fake_finder_find(stage->mice, "3", "p2p:aa p2p:bb", "Television");
	g_assert_cmpuint(count(stage), ==, 1);
	g_assert_true(sink_of(stage, stage->p2p, "1") == second);

	/* Two in use stay two. */
	fake_finder_find(stage->p2p, "4", "p2p:dd", "Projector");
	host_sinks_set_session(stage->sinks, sink_of(stage, stage->p2p, "4"),
			       HOST_BUS_ROOT "/session/2");
	fake_finder_find(stage->mice, "5", "p2p:aa p2p:dd", "Both");
	g_assert_cmpuint(count(stage), ==, 2);
	host_sinks_set_session(stage->sinks, sink_of(stage, stage->p2p, "4"), NULL);
	host_sinks_set_session(stage->sinks, second, NULL);
	g_assert_cmpuint(count(stage), ==, 2);
}

static void test_names(Stage *stage, gconstpointer unused)
{
	HostSink *sink;

	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	fake_finder_find(stage->p2p, "2", "p2p:bb", "Television");
	g_assert_cmpuint(count(stage), ==, 2);
	sink = sink_of(stage, stage->p2p, "1");
	g_assert_true(sink != sink_of(stage, stage->p2p, "2"));

	fake_finder_find(stage->p2p, "1", "p2p:aa", "Renamed");
	g_assert_true(sink == sink_of(stage, stage->p2p, "1"));
	g_assert_cmpstr(host_sink_get_name(sink), ==, "Renamed");

	/* Without a name it has its address, and bytes that are no text do not reach the bus. */
	fake_finder_find(stage->p2p, "1", "p2p:aa", NULL);
	g_assert_cmpstr(host_sink_get_name(sink), ==, "at 1");
	fake_finder_find(stage->p2p, "1", "p2p:aa", "");
	g_assert_cmpstr(host_sink_get_name(sink), ==, "at 1");
	fake_finder_find(stage->p2p, "1", "p2p:aa", "\xff\xfe");
	g_assert_cmpstr(host_sink_get_name(sink), ==, "at 1");
	/* A device may have no identity, too. */
	fake_finder_find(stage->p2p, "3", "", "Nameless");
	fake_finder_find(stage->p2p, "4", "", "Nameless");
	g_assert_cmpuint(count(stage), ==, 4);
}

static void test_identity_moves(Stage *stage, gconstpointer unused)
{
	HostSink *sink;

	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	sink = sink_of(stage, stage->p2p, "1");
	/* It has another one now: the old one is anybody's. */
	fake_finder_find(stage->p2p, "1", "p2p:cc", "Television");
	g_assert_true(sink == sink_of(stage, stage->p2p, "1"));
	fake_finder_find(stage->mice, "2", "p2p:aa", "Other");
	g_assert_cmpuint(count(stage), ==, 2);
	fake_finder_find(stage->mice, "3", "p2p:cc", "Television");
	g_assert_true(sink == sink_of(stage, stage->mice, "3"));
}

static void test_many(Stage *stage, gconstpointer unused)
{
	g_autoptr(GTimer) timer = g_timer_new();

	/* Once, however many there are. */
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "More than * sinks*");
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 500; i++) {
			g_autofree char *id = g_strdup_printf("%d", i);
			g_autofree char *identity = g_strdup_printf("p2p:%d", i);

			fake_finder_find(stage->p2p, id, identity, "Television");
		}
		g_assert_cmpuint(count(stage), ==, HOST_SINKS_MAX);
	}
	g_test_assert_expected_messages();
	/* One goes, and one that was too many is found again. */
	host_finder_emit_lost(HOST_FINDER(stage->p2p), "7");
	g_assert_cmpuint(count(stage), ==, HOST_SINKS_MAX - 1);
	fake_finder_find(stage->p2p, "499", "p2p:499", "Television");
	g_assert_cmpuint(count(stage), ==, HOST_SINKS_MAX);
	/* Another way to a sink that is there is none too many. */
	fake_finder_find(stage->mice, "m", "p2p:499", "Television");
	assert_ways(sink_of(stage, stage->p2p, "499"), "mice p2p");
	for (int i = 0; i < 500; i++) {
		g_autofree char *id = g_strdup_printf("%d", i);

		host_finder_emit_lost(HOST_FINDER(stage->p2p), id);
	}
	g_assert_cmpuint(count(stage), ==, 1);

	/* 500 that all claim to be the same, each in several ways; and to be the one that is there. */
	for (int i = 0; i < 500; i++) {
		g_autofree char *id = g_strdup_printf("%d", i);
		g_autofree char *identities = g_strdup_printf("p2p:same p2p:%d p2p:%d", i, i + 1);

		fake_finder_find(stage->p2p, id, identities, "Television");
	}
	g_assert_cmpuint(count(stage), ==, 1);
	for (int i = 0; i < 500; i++) {
		g_autofree char *id = g_strdup_printf("%d", i);

		host_finder_emit_lost(HOST_FINDER(stage->p2p), id);
	}
	g_assert_cmpuint(count(stage), ==, 1);
	/* Seconds under sanitizers on a busy machine, minutes if it were cubic. */
	g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, 60);
}

static void test_in_use(Stage *stage, gconstpointer unused)
{
	HostSink *sink;

	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	sink = sink_of(stage, stage->p2p, "1");
	host_sinks_set_session(stage->sinks, sink, HOST_BUS_ROOT "/session/1");
	host_finder_emit_lost(HOST_FINDER(stage->p2p), "1");
	g_assert_cmpuint(count(stage), ==, 1);
	g_assert_false(bus_sink1_get_available(host_sink_get_bus(sink)));
	assert_ways(sink, "");
	host_sinks_set_session(stage->sinks, sink, NULL);
	g_assert_cmpuint(count(stage), ==, 0);
}

static void test_known(Stage *stage, gconstpointer unused)
{
	HostSink *sink;
	GStatBuf status;

	fake_finder_find(stage->p2p, "1", "p2p:aa container:x", "Television");
	sink = sink_of(stage, stage->p2p, "1");
	host_sinks_set_session(stage->sinks, sink, HOST_BUS_ROOT "/session/1");
	g_assert_false(bus_sink1_get_known(host_sink_get_bus(sink)));
	host_sinks_remember(stage->sinks, sink);
	g_assert_true(bus_sink1_get_known(host_sink_get_bus(sink)));
	host_sinks_set_session(stage->sinks, sink, NULL);
	host_finder_emit_lost(HOST_FINDER(stage->p2p), "1");
	g_assert_cmpuint(count(stage), ==, 1);
	g_assert_cmpstr(host_sink_get_name(sink), ==, "Television");

	/* It is for us alone to read. */
	g_assert_cmpint(g_stat(stage->file, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);

	/* The next time it is there, and is recognised by either identity. */
	drop_sinks(stage);
	make_sinks(stage);
	g_assert_cmpuint(count(stage), ==, 1);
	fake_finder_find(stage->mice, "m", "container:x", "Living room");
	g_assert_cmpuint(count(stage), ==, 1);
	sink = sink_of(stage, stage->mice, "m");
	g_assert_true(bus_sink1_get_known(host_sink_get_bus(sink)));
	g_assert_true(bus_sink1_get_available(host_sink_get_bus(sink)));

	/* Forgotten, by those, too, who do not see it now. */
	host_sinks_forget(stage->sinks, sink);
	g_assert_cmpuint(count(stage), ==, 1);
	g_assert_cmpuint(stage->mice->forgotten->len, ==, 1);
	g_assert_cmpstr(stage->mice->forgotten->pdata[0], ==, "m");
	g_assert_cmpuint(stage->p2p->forgotten->len, ==, 1);
	host_finder_emit_lost(HOST_FINDER(stage->mice), "m");
	g_assert_cmpuint(count(stage), ==, 0);
	drop_sinks(stage);
	make_sinks(stage);
	g_assert_cmpuint(count(stage), ==, 0);
}

/* What a sink does not say cannot be recognised; the others are, all the same. */
static void test_known_without_identity(Stage *stage, gconstpointer unused)
{
	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	host_sinks_remember(stage->sinks, sink_of(stage, stage->p2p, "1"));
	fake_finder_find(stage->mice, "2", "", "Nobody");
	host_sinks_remember(stage->sinks, sink_of(stage, stage->mice, "2"));
	drop_sinks(stage);
	make_sinks(stage);
	g_assert_cmpuint(count(stage), ==, 1);
}

static void type(Stage *stage, const char *text)
{
	host_finder_address_add(stage->typed, text);
}

/* The one of a typed address; it is on the bus. */
static HostSink *typed_sink(Stage *stage, const char *text)
{
	return sink_of(stage, (FakeFinder *)stage->typed, text);
}

/* A session with it, which has started. */
static void use_once(Stage *stage, HostSink *sink)
{
	host_sinks_set_session(stage->sinks, sink, HOST_BUS_ROOT "/session/1");
	host_sinks_remember(stage->sinks, sink);
	host_sinks_set_session(stage->sinks, sink, NULL);
}

/* The next time that the program runs nobody has been found yet. */
static void restart(Stage *stage)
{
	drop_sinks(stage);
	g_ptr_array_remove(stage->finders, stage->typed);
	stage->typed = host_finder_address_new(NULL);
	g_ptr_array_add(stage->finders, stage->typed);
	make_sinks(stage);
}

/* A sink's address is another one's tomorrow: neither is taken for the other, now or the next time. */
static void test_lent_address(Stage *stage, gconstpointer unused)
{
	g_autofree char *kept = NULL;
	HostSink *first;

	fake_finder_find(stage->mice, "a", "container:x address:192.168.1.20", "Bedroom");
	first = sink_of(stage, stage->mice, "a");
	fake_finder_find(stage->mice, "b", "container:y address:192.168.1.20", "Kitchen");
	g_assert_cmpuint(count(stage), ==, 2);
	host_finder_emit_lost(HOST_FINDER(stage->mice), "b");
	use_once(stage, first);
	g_assert_true(g_file_get_contents(stage->file, &kept, NULL, NULL));
	g_assert_null(strstr(kept, "192.168"));

	restart(stage);
	fake_finder_find(stage->mice, "b", "container:y address:192.168.1.20", "Kitchen");
	fake_finder_find(stage->mice, "c", "address:192.168.1.20", "Printer");
	g_assert_false(bus_sink1_get_known(host_sink_get_bus(sink_of(stage, stage->mice, "b"))));
	fake_finder_find(stage->mice, "a", "container:x address:192.168.1.35", "Bedroom");
	g_assert_true(bus_sink1_get_known(host_sink_get_bus(sink_of(stage, stage->mice, "a"))));
	assert_ways(sink_of(stage, stage->mice, "a"), "mice");
	/* One that has nothing but its address is nobody the next time. */
	fake_finder_find(stage->mice, "d", "address:192.168.1.40", "Nobody");
	use_once(stage, sink_of(stage, stage->mice, "d"));
	restart(stage);
	g_assert_cmpuint(count(stage), ==, 1);
}

/* What was typed is one with what has that address for as long as it has it. */
static void test_typed_address(Stage *stage, gconstpointer unused)
{
	HostSink *sink;

	type(stage, "192.168.1.20");
	sink = typed_sink(stage, "192.168.1.20");
	use_once(stage, sink);
	restart(stage);
	sink = typed_sink(stage, "192.168.1.20");
	assert_ways(sink, "address");
	fake_finder_find(stage->mice, "b", "container:y address:192.168.1.20", "Office");
	g_assert_true(sink_of(stage, stage->mice, "b") == sink);
	assert_ways(sink, "mice address");
	g_assert_cmpstr(host_sink_get_name(sink), ==, "Office");
	host_finder_emit_lost(HOST_FINDER(stage->mice), "b");
	g_assert_cmpstr(host_sink_get_name(sink), ==, "192.168.1.20");

	/* Found first, too; nothing of that is kept without a session. */
	fake_finder_find(stage->mice, "c", "container:z address:192.168.1.30", "Hall");
	type(stage, "192.168.1.30");
	g_assert_true(typed_sink(stage, "192.168.1.30") == sink_of(stage, stage->mice, "c"));
	restart(stage);
	g_assert_cmpuint(count(stage), ==, 1);

	/* Once it can be told by more, the address is not what it is known by. */
	sink = typed_sink(stage, "192.168.1.20");
	fake_finder_find(stage->mice, "b", "container:y address:192.168.1.20", "Office");
	use_once(stage, sink);
	assert_ways(sink, "mice");
	restart(stage);
	fake_finder_find(stage->mice, "d", "address:192.168.1.20", "Other");
	g_assert_cmpuint(count(stage), ==, 2);
	/* Two that are known stay two. */
	type(stage, "192.168.1.50");
	use_once(stage, typed_sink(stage, "192.168.1.50"));
	fake_finder_find(stage->mice, "b", "container:y address:192.168.1.50", "Office");
	g_assert_true(typed_sink(stage, "192.168.1.50") != sink_of(stage, stage->mice, "b"));
}

/* Older versions kept every address that a sink ever had. */
static void test_old_file(Stage *stage, gconstpointer unused)
{
	static const char old[] =
		"[Sink 1]\nName=Bedroom\nKind=tv\nLastUsed=3\n"
		"Identities=address:192.168.1.20;container:x;address:192.168.1.21;\n"
		"Address=192.168.1.21\n"
		"[Sink 2]\nName=Bare\nKind=\nLastUsed=2\nIdentities=address:192.168.1.22;\n"
		"[Sink 3]\nName=192.168.1.23\nKind=\nLastUsed=1\n"
		"Identities=address:192.168.1.23;\nAddress=192.168.1.23\n";
	g_autofree char *folder = g_path_get_dirname(stage->file);

	g_mkdir(folder, 0700);
	g_assert_true(g_file_set_contents(stage->file, old, -1, NULL));
	restart(stage);
	g_assert_cmpuint(count(stage), ==, 2);
	assert_ways(typed_sink(stage, "192.168.1.23"), "address");
	for (guint i = 20; i < 23; i++) {
		g_autofree char *identity = g_strdup_printf("address:192.168.1.%u", i);
		g_autofree char *id = g_strdup_printf("%u", i);

		fake_finder_find(stage->mice, id, identity, "Other");
	}
	g_assert_cmpuint(count(stage), ==, 5);
}

/* One of a link is kept with its interface, which need not be there the next time. */
static void test_address_of_link(Stage *stage, gconstpointer unused)
{
	type(stage, "fe80::1%nothing9");
	use_once(stage, typed_sink(stage, "fe80::1%nothing9"));
	restart(stage);
	assert_ways(typed_sink(stage, "fe80::1%nothing9"), "address");
	fake_finder_find(stage->mice, "a", "address:fe80::1%nothing8", "Other");
	g_assert_cmpuint(count(stage), ==, 2);
	fake_finder_find(stage->mice, "b", "address:fe80::1%nothing9", "Kitchen");
	g_assert_cmpuint(count(stage), ==, 2);
}

static void test_too_many_known(Stage *stage, gconstpointer unused)
{
	for (int i = 0; i < HOST_KNOWN_MAX + 10; i++) {
		g_autofree char *id = g_strdup_printf("%d", i);
		g_autofree char *identity = g_strdup_printf("p2p:%d", i);

		fake_finder_find(stage->p2p, id, identity, "Television");
		host_sinks_remember(stage->sinks, sink_of(stage, stage->p2p, id));
		host_finder_emit_lost(HOST_FINDER(stage->p2p), id);
	}
	g_assert_cmpuint(count(stage), ==, HOST_KNOWN_MAX);
	/* What finders have kept for those that are not known any more goes, too. */
	g_assert_cmpuint(stage->p2p->forgotten->len, ==, 10);
	g_assert_cmpuint(stage->mice->forgotten->len, ==, 10);
	drop_sinks(stage);
	make_sinks(stage);
	g_assert_cmpuint(count(stage), ==, HOST_KNOWN_MAX);
}

/* A disk that takes nothing costs a warning, and nothing else. */
static void test_cannot_be_kept(Stage *stage, gconstpointer unused)
{
	g_autofree char *sub = g_path_get_dirname(stage->file);

	g_assert_true(g_file_set_contents(sub, "a file, not a folder", -1, NULL));
	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Known sinks cannot be kept*");
	host_sinks_remember(stage->sinks, sink_of(stage, stage->p2p, "1"));
	g_test_assert_expected_messages();
	g_assert_true(bus_sink1_get_known(host_sink_get_bus(sink_of(stage, stage->p2p, "1"))));
	g_unlink(sub);
}

static void wait_ms(guint ms)
{
	gint64 until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;

	while (g_get_monotonic_time() < until) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(5000);
	}
}

/* Nobody looks any more: after a while nobody knows what is there. */
static void test_ageing(Stage *stage, gconstpointer unused)
{
	HostSink *used;

	host_sinks_set_searching(stage->sinks, TRUE);
	g_assert_true(stage->mice->started && stage->p2p->started);
	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	fake_finder_find(stage->p2p, "2", "p2p:bb", "Projector");
	used = sink_of(stage, stage->p2p, "2");
	host_sinks_set_session(stage->sinks, used, HOST_BUS_ROOT "/session/1");
	host_sinks_set_searching(stage->sinks, FALSE);
	g_assert_false(stage->mice->started || stage->p2p->started);
	g_assert_cmpuint(count(stage), ==, 2);
	/* Who looks again in time, and finds it, keeps it. */
	host_sinks_set_searching(stage->sinks, TRUE);
	fake_finder_find(stage->p2p, "1", "p2p:aa", "Television");
	wait_ms(KEEP_S * 2000);
	g_assert_cmpuint(count(stage), ==, 2);
	host_sinks_set_searching(stage->sinks, FALSE);
	wait_ms(KEEP_S * 2000);
	g_assert_cmpuint(count(stage), ==, 1);
	assert_ways(used, "p2p");
	/* Its time begins when it is not in use any more. */
	host_sinks_set_session(stage->sinks, used, NULL);
	g_assert_cmpuint(count(stage), ==, 1);
	wait_ms(KEEP_S * 2000);
	g_assert_cmpuint(count(stage), ==, 0);
}

/* What went between two searches was told by nobody, and goes once the second one does not find it. */
static void test_gone_between_searches(Stage *stage, gconstpointer unused)
{
	HostSink *known, *used;

	host_sinks_set_searching(stage->sinks, TRUE);
	fake_finder_find(stage->mice, "stays", "container:s", "Bedroom");
	fake_finder_find(stage->mice, "goes", "container:g", "Kitchen");
	fake_finder_find(stage->mice, "known", "container:k", "Hall");
	fake_finder_find(stage->mice, "used", "container:u", "Office");
	fake_finder_find(stage->mice, "moves", "container:m", "Attic");
	fake_finder_find(stage->p2p, "moves", "container:m", "Attic");
	type(stage, "192.168.1.20");
	known = sink_of(stage, stage->mice, "known");
	use_once(stage, known);
	used = sink_of(stage, stage->mice, "used");
	host_sinks_set_session(stage->sinks, used, HOST_BUS_ROOT "/session/2");
	host_sinks_set_searching(stage->sinks, FALSE);
	host_sinks_set_searching(stage->sinks, TRUE);
	g_assert_cmpuint(count(stage), ==, 6);
	fake_finder_find(stage->mice, "stays", "container:s", "Bedroom");
	fake_finder_find(stage->p2p, "moves", "container:m", "Attic");
	wait_ms(KEEP_S * 2000);
	g_assert_null(host_sinks_find(stage->sinks, HOST_FINDER(stage->mice), "goes"));
	g_assert_cmpuint(count(stage), ==, 5);
	assert_ways(sink_of(stage, stage->mice, "stays"), "mice");
	assert_ways(sink_of(stage, stage->p2p, "moves"), "p2p");
	assert_ways(typed_sink(stage, "192.168.1.20"), "address");
	assert_ways(used, "mice");
	assert_ways(known, "");
	g_assert_true(bus_sink1_get_known(host_sink_get_bus(known)));
	g_assert_false(bus_sink1_get_available(host_sink_get_bus(known)));

	/* The one in use has its time after its session. */
	host_sinks_set_session(stage->sinks, used, NULL);
	assert_ways(used, "mice");
	wait_ms(KEEP_S * 2000);
	g_assert_null(host_sinks_find(stage->sinks, HOST_FINDER(stage->mice), "used"));
	g_assert_cmpuint(count(stage), ==, 4);
	/* Whoever comes late is there again. */
	fake_finder_find(stage->mice, "known", "container:k", "Hall");
	g_assert_true(sink_of(stage, stage->mice, "known") == known);
	wait_ms(KEEP_S * 2000);
	assert_ways(known, "mice");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Stage, NULL, set_up, function, tear_down)
	ADD("/sinks/one-device", test_one_device);
	ADD("/sinks/obstacle", test_obstacle);
	ADD("/sinks/bridge", test_bridge);
	ADD("/sinks/bridge-in-use", test_bridge_in_use);
	ADD("/sinks/names", test_names);
	ADD("/sinks/identity-moves", test_identity_moves);
	ADD("/sinks/many", test_many);
	ADD("/sinks/in-use", test_in_use);
	ADD("/sinks/known", test_known);
	ADD("/sinks/known-without-identity", test_known_without_identity);
	ADD("/sinks/lent-address", test_lent_address);
	ADD("/sinks/typed-address", test_typed_address);
	ADD("/sinks/old-file", test_old_file);
	ADD("/sinks/address-of-link", test_address_of_link);
	ADD("/sinks/too-many-known", test_too_many_known);
	ADD("/sinks/cannot-be-kept", test_cannot_be_kept);
	ADD("/sinks/ageing", test_ageing);
	ADD("/sinks/gone-between-searches", test_gone_between_searches);
	return g_test_run();
}
