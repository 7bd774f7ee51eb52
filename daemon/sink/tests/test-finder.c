// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's finder of Miracast over Infrastructure, with a real Avahi on a bus of the test's, in a
 * network of its own: what miracast-sink announces, and what else may be announced.
 */
#include "finder-mice.h"
#include "link-mice.h"
#include "reason.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADDRESS "10.9.0.1"
#define GUARD	60 /* seconds */

static const char *sink_program;

typedef struct {
	char *folder;
	GSubprocess *bus_daemon, *avahi;
	GDBusConnection *bus;
	HostListener *listener;
	HostFinder *finder;
	GHashTable *found; /* HostFinding by id */
	guint changes;
} FinderRig;

static void run(const char *command)
{
	if (system(command))
		g_error("%s failed", command);
}

static void die_with_parent(gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *start(const char *const *argv)
{
	g_autoptr(GSubprocessLauncher)
		launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
	g_autoptr(GError) error = NULL;
	GSubprocess *process;

	g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
	process = g_subprocess_launcher_spawnv(launcher, argv, &error);
	g_assert_no_error(error);
	return process;
}

static void stop(GSubprocess **process, int signal)
{
	g_subprocess_send_signal(*process, signal);
	g_subprocess_wait(*process, NULL, NULL);
	g_clear_object(process);
}

static gboolean on_guard(gpointer data)
{
	g_error("it takes too long: %s", (const char *)data);
	return G_SOURCE_REMOVE;
}

#define wait_until(condition)                                                             \
	do {                                                                              \
		guint guard = g_timeout_add_seconds(GUARD, on_guard, (char *)#condition); \
		while (!(condition))                                                      \
			g_main_context_iteration(NULL, TRUE);                             \
		g_source_remove(guard);                                                   \
	} while (0)

static void on_found(HostFinder *finder, HostFinding *finding, FinderRig *rig)
{
	g_assert_true(g_utf8_validate(finding->name, -1, NULL));
	g_assert_cmpstr(finding->name, !=, "");
	g_assert_nonnull(finding->address);
	g_hash_table_replace(rig->found, g_strdup(finding->id), g_object_ref(finding));
}

static void on_lost(HostFinder *finder, const char *id, FinderRig *rig)
{
	g_assert_true(g_hash_table_remove(rig->found, id));
}

static void on_changed(HostFinder *finder, FinderRig *rig)
{
	rig->changes++;
}

static HostFinding *find(FinderRig *rig, const char *name)
{
	GHashTableIter iter;
	gpointer finding;

	g_hash_table_iter_init(&iter, rig->found);
	while (g_hash_table_iter_next(&iter, NULL, &finding))
		if (!strcmp(((HostFinding *)finding)->name, name))
			return finding;
	return NULL;
}

static const char *problem(FinderRig *rig)
{
	const char *message = NULL;
	const char *word = host_finder_get_problem(rig->finder, &message);

	if (word)
		g_assert_cmpstr(message, !=, "");
	return word ? word : "";
}

/* @server: lines about it */
static void configure_avahi(FinderRig *rig, const char *server)
{
	g_autofree char *file = g_build_filename(rig->folder, "avahi.conf", NULL);
	g_autofree char *text =
		g_strdup_printf("[server]\nhost-name=tester\n%sdisallow-other-stacks=no\n"
				"[publish]\npublish-hinfo=no\npublish-workstation=no\n",
				server);

	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void start_avahi(FinderRig *rig)
{
	g_autofree char *config = g_build_filename(rig->folder, "avahi.conf", NULL);
	const char *const argv[] = {"avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits",
				    "-f",	    config,	      NULL};

	/* One that was killed leaves it behind. */
	g_unlink("/run/avahi-daemon/pid");
	rig->avahi = start(argv);
}

static void rig_init(FinderRig *rig)
{
	g_autofree char *bus_config = NULL;
	g_autofree char *bus_socket = NULL;
	g_autofree char *bus_address = NULL;
	g_autofree char *bus_text = NULL;
	g_autofree char *config_file = NULL;
	g_autoptr(GError) error = NULL;

	*rig = (FinderRig){0};
	run("ip link set lo up && ip link add lan type veth peer name far && ip link set far up && ip addr add " ADDRESS
	    "/24 dev lan && ip link set lan up multicast on && ip route add 224.0.0.0/4 dev lan");
	rig->folder = g_dir_make_tmp("finder-XXXXXX", NULL);
	bus_config = g_build_filename(rig->folder, "bus.conf", NULL);
	bus_socket = g_build_filename(rig->folder, "bus", NULL);
	bus_address = g_strdup_printf("unix:path=%s", bus_socket);
	bus_text = g_strdup_printf(
		"<busconfig><type>test</type><listen>%s</listen>"
		"<policy context=\"default\"><allow user=\"*\"/>"
		"<allow own=\"*\"/><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>"
		"</policy></busconfig>",
		bus_address);
	g_assert_true(g_file_set_contents(bus_config, bus_text, -1, NULL));
	config_file = g_strdup_printf("--config-file=%s", bus_config);
	{
		const char *const argv[] = {"dbus-daemon", config_file, "--nofork", NULL};

		rig->bus_daemon = start(argv);
	}
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", bus_address, TRUE);
	for (guint i = 0; i < 1000 && !g_file_test(bus_socket, G_FILE_TEST_EXISTS); i++)
		g_usleep(10000);
	configure_avahi(rig, "use-ipv6=yes\n");
	rig->bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
	g_assert_no_error(error);
	g_dbus_connection_set_exit_on_close(rig->bus, FALSE);
	rig->listener = host_listener_new();
	rig->found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	rig->finder = host_finder_mice_new(rig->bus, rig->listener);
	g_signal_connect(rig->finder, "found", G_CALLBACK(on_found), rig);
	g_signal_connect(rig->finder, "lost", G_CALLBACK(on_lost), rig);
	g_signal_connect(rig->finder, "changed", G_CALLBACK(on_changed), rig);
}

static void rig_clear(FinderRig *rig)
{
	g_autofree char *command = g_strdup_printf("rm -r '%s'", rig->folder);

	g_signal_handlers_disconnect_by_data(rig->finder, rig);
	g_clear_object(&rig->finder);
	host_listener_free(rig->listener);
	g_hash_table_unref(rig->found);
	g_clear_object(&rig->bus);
	if (rig->avahi)
		stop(&rig->avahi, SIGTERM);
	stop(&rig->bus_daemon, SIGTERM);
	run(command);
	g_free(rig->folder);
}

static GSubprocess *start_sink(const char *name, guint port)
{
	g_autofree char *name_option = g_strdup_printf("--name=%s", name);
	g_autofree char *port_option = g_strdup_printf("--mice-port=%u", port);
	const char *const argv[] = {sink_program, "--mice", name_option, port_option, NULL};

	return start(argv);
}

/* As a window has it; @viewer: what it is told. */
static GSubprocess *start_viewed_sink(const char *name, guint port, int *viewer)
{
	g_autoptr(GSubprocessLauncher)
		launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	g_autofree char *name_option = g_strdup_printf("--name=%s", name);
	g_autofree char *port_option = g_strdup_printf("--mice-port=%u", port);
	g_autoptr(GError) error = NULL;
	GSubprocess *process;
	int fds[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
	g_subprocess_launcher_take_fd(launcher, fds[1], 3);
	process = g_subprocess_launcher_spawn(launcher, &error, sink_program, "--mice",
					      "--viewer=3", name_option, port_option, NULL);
	g_assert_no_error(error);
	*viewer = fds[0];
	return process;
}

/* The next one of that word. */
static void assert_told(int viewer, const char *expected)
{
	g_autofree char *word = g_strndup(expected, strcspn(expected, " "));
	struct timeval guard = {.tv_sec = GUARD};
	char text[512];

	g_assert_no_errno(setsockopt(viewer, SOL_SOCKET, SO_RCVTIMEO, &guard, sizeof(guard)));
	do {
		ssize_t size = recv(viewer, text, sizeof(text) - 1, 0);

		g_assert_cmpint(size, >, 0);
		text[size] = '\0';
	} while (!g_str_has_prefix(text, word));
	g_assert_cmpstr(text, ==, expected);
}

static gboolean has_identity(const HostFinding *finding, const char *identity)
{
	return g_strv_contains((const char *const *)finding->identities, identity);
}

static void on_open(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

/* What was found can be reached. */
static void reach(FinderRig *rig, HostFinding *finding)
{
	g_autoptr(GObject) agent = g_object_new(G_TYPE_OBJECT, NULL); /* is not asked */
	const HostLinkWish wish = {.port = 7300, .wait_s = 20, .agent = (HostAgent *)agent};
	g_autoptr(GError) error = NULL;
	g_autoptr(HostLink) link = host_finder_make_link(rig->finder, finding, &wish, &error);
	g_autoptr(GAsyncResult) result = NULL;
	int fd;

	g_assert_no_error(error);
	host_link_open_async(link, NULL, on_open, &result);
	wait_until(result);
	fd = host_link_open_finish(link, result, &error);
	g_assert_no_error(error);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	host_link_leave(link);
	host_link_close(link);
}

static void test_sinks(void)
{
	GSubprocess *sink, *second;
	int viewer;
	FinderRig rig;
	HostFinding *finding;

	rig_init(&rig);
	g_assert_cmpstr(host_finder_get_way(rig.finder), ==, "mice");
	host_finder_start(rig.finder);
	wait_until(rig.changes);
	g_assert_cmpstr(problem(&rig), ==, "avahi-away");

	/* It comes later, and with it the sink, which waited for it, too. */
	sink = start_viewed_sink("Living room", 7250, &viewer);
	assert_told(viewer, "not-announced Avahi does not run");
	start_avahi(&rig);
	assert_told(viewer, "announced Living room");
	/* Another one may be there before. */
	wait_until((finding = find(&rig, "Living room")) && !strcmp(finding->address, ADDRESS));
	g_assert_cmpstr(problem(&rig), ==, "");
	g_assert_true(has_identity(finding, "address:" ADDRESS));
	g_assert_true(g_str_has_prefix(finding->identities[0], "container:"));
	g_assert_null(strpbrk(finding->identities[0], "{}ABCDEF"));
	reach(&rig, finding);
	/* It has had its session. */
	stop(&sink, SIGKILL);
	close(viewer);
	wait_until(!g_hash_table_size(rig.found));
	sink = start_sink("Living room", 7250);
	wait_until(find(&rig, "Living room"));

	/* One of the same name has another one then, and knows it. */
	second = start_viewed_sink("Living room", 7251, &viewer);
	wait_until(find(&rig, "Living room #2"));
	assert_told(viewer, "announced Living room #2");
	stop(&second, SIGKILL);
	close(viewer);
	wait_until(!find(&rig, "Living room #2"));
	g_assert_nonnull(find(&rig, "Living room"));

	/* Who looks again is told again. */
	host_finder_stop(rig.finder);
	g_hash_table_remove_all(rig.found);
	host_finder_start(rig.finder);
	wait_until(find(&rig, "Living room"));

	/* Avahi dies and comes back. */
	stop(&rig.avahi, SIGKILL);
	wait_until(!strcmp(problem(&rig), "avahi-away"));
	g_assert_cmpuint(g_hash_table_size(rig.found), ==, 0);
	start_avahi(&rig);
	wait_until(find(&rig, "Living room"));
	g_assert_cmpstr(problem(&rig), ==, "");
	stop(&sink, SIGKILL);
	wait_until(!g_hash_table_size(rig.found));
	rig_clear(&rig);
}

static GVariant *call_avahi(FinderRig *rig, const char *path, const char *interface,
			    const char *method, GVariant *arguments, GError **error)
{
	g_autofree char *full = g_strconcat("org.freedesktop.Avahi.", interface, NULL);

	return g_dbus_connection_call_sync(rig->bus, "org.freedesktop.Avahi", path, full, method,
					   arguments, NULL, 0, -1, NULL, error);
}

/* (transfer full) (nullable): one of the objects that Avahi has for this connection, the finder's included */
static char *make_group(FinderRig *rig)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = call_avahi(rig, "/", "Server", "EntryGroupNew", NULL, &error);
	char *path;

	if (!reply) {
		g_autofree char *name = g_dbus_error_get_remote_error(error);

		g_assert_cmpstr(name, ==, "org.freedesktop.Avahi.TooManyObjectsError");
		return NULL;
	}
	g_variant_get(reply, "(o)", &path);
	return path;
}

static void call_group(FinderRig *rig, const char *group, const char *method, GVariant *arguments)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = call_avahi(rig, group, "EntryGroup", method, arguments, &error);

	g_assert_no_error(error);
}

/* Announces what the test likes. */
static void announce(FinderRig *rig, const char *name, guint16 port, const char *const *txt)
{
	g_autofree char *group = make_group(rig);
	GVariantBuilder list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aay"));

	g_assert_nonnull(group);
	for (; *txt; txt++)
		g_variant_builder_add_value(&list,
					    g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, *txt,
								      strlen(*txt), 1));
	call_group(rig, group, "AddService",
		   g_variant_new("(iiussssqaay)", -1, -1, 0u, name, "_display._tcp", "", "", port,
				 &list));
	call_group(rig, group, "Commit", NULL);
}

static gboolean is_reached_at(FinderRig *rig, const char *name, const char *address)
{
	g_autofree char *identity = g_strconcat("address:", address, NULL);
	HostFinding *finding = find(rig, name);

	return finding && has_identity(finding, identity);
}

static void test_announcements(void)
{
	static const struct {
		const char *name, *shown;
		const char *txt[4];
		const char *identity; /* NULL: none but the address */
	} cases[] = {
		{"bare", "bare", {NULL}, NULL},
		{"braces",
		 "braces",
		 {"container_id={B1F6A0E2-0000-4000-8000-00000000AB01}", NULL},
		 "container:b1f6a0e2-0000-4000-8000-00000000ab01"},
		{"no braces",
		 "no braces",
		 {"Container_ID=b1f6a0e2-0000-4000-8000-00000000ab02", NULL},
		 "container:b1f6a0e2-0000-4000-8000-00000000ab02"},
		{"air", "air", {"p2pMAC=AA:BB:CC:00:11:22", NULL}, "p2p:aa:bb:cc:00:11:22"},
		{"dashes", "dashes", {"p2pmac=aa-bb-cc-00-11-33", NULL}, "p2p:aa:bb:cc:00:11:33"},
		{"nonsense", "nonsense", {"container_id=../../etc", "p2pMAC=zz", "=", NULL}, NULL},
		{"\342\200\256moor\033[31m", "moor[31m", {"container_id", NULL}, NULL},
	};
	FinderRig rig;

	rig_init(&rig);
	start_avahi(&rig);
	wait_until(!strcmp(problem(&rig), ""));
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		announce(&rig, cases[i].name, 7000 + i, cases[i].txt);
	/* Without a port it cannot be connected. */
	announce(&rig, "no port", 0, cases[0].txt);
	host_finder_start(rig.finder);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		HostFinding *finding;

		/* Its addresses come one by one. */
		wait_until(is_reached_at(&rig, cases[i].shown, ADDRESS));
		finding = find(&rig, cases[i].shown);
		if (cases[i].identity)
			g_assert_true(has_identity(finding, cases[i].identity));
		for (char **one = finding->identities; *one; one++)
			if (!cases[i].identity)
				g_assert_true(g_str_has_prefix(*one, "address:"));
	}
	g_assert_null(find(&rig, "no port"));
	rig_clear(&rig);
}

/* Addresses come and go while somebody looks: with a lease, and with an interface. */
static void test_addresses(void)
{
	static const char *const none[] = {NULL};
	FinderRig rig;

	rig_init(&rig);
	/* Those that the kernel makes itself would be too many. */
	run("ip link add more type veth peer name less && ip link set more addrgenmode none && "
	    "ip link set less addrgenmode none && ip link set less up && "
	    "ip link set more up multicast on && ip addr flush dev far && "
	    "ip -6 addr flush dev lan && ip addr add fe80::99/64 dev lan nodad && "
	    "ip addr add fe80::99/64 dev more nodad");
	start_avahi(&rig);
	wait_until(!strcmp(problem(&rig), ""));
	announce(&rig, "tv", 7250, none);
	host_finder_start(rig.finder);
	wait_until(is_reached_at(&rig, "tv", ADDRESS));
	g_assert_cmpstr(find(&rig, "tv")->address, ==, ADDRESS);

	run("ip addr add 10.9.1.2/24 dev lan && ip addr del " ADDRESS "/24 dev lan");
	wait_until(is_reached_at(&rig, "tv", "10.9.1.2") && !is_reached_at(&rig, "tv", ADDRESS));
	g_assert_cmpstr(find(&rig, "tv")->address, ==, "10.9.1.2");

	/* One that is of a link is another one on each. */
	wait_until(is_reached_at(&rig, "tv", "fe80::99%lan") &&
		   is_reached_at(&rig, "tv", "fe80::99%more"));
	run("ip link del more");
	wait_until(g_strv_length(find(&rig, "tv")->identities) == 2);
	g_assert_true(is_reached_at(&rig, "tv", "fe80::99%lan"));
	host_finder_stop(rig.finder);
	rig_clear(&rig);
}

static void on_item(GDBusConnection *connection, const char *sender, const char *path,
		    const char *interface, const char *signal, GVariant *arguments, gpointer seen)
{
	*(gboolean *)seen = TRUE;
}

/* The rest of what Avahi has for this connection: (element-type utf8) */
static GPtrArray *take_all_groups(FinderRig *rig)
{
	GPtrArray *groups = g_ptr_array_new_with_free_func(g_free);

	for (char *group; (group = make_group(rig));)
		g_ptr_array_add(groups, group);
	return groups;
}

static void handle_all(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

/* What the finder asks once it has heard of the service is answered before what the test asks then. */
static void wait_for_refusal(FinderRig *rig, gboolean *seen)
{
	wait_until(*seen);
	*seen = FALSE;
	handle_all();
	g_assert_null(make_group(rig));
	handle_all();
}

/* What Avahi refuses, for a service and for the addresses of its host, is asked for again. */
static void test_refusals(void)
{
	static const char *const addresses[] = {"10.9.0.7", "fd00::7"};
	g_autoptr(GPtrArray) groups = NULL;
	g_autofree char *group = NULL;
	gboolean seen = FALSE;
	FinderRig rig;
	guint watch;

	rig_init(&rig);
	/* The service is heard once, and few objects are soon all in use. */
	configure_avahi(&rig, "use-ipv6=no\nallow-interfaces=lan\nobjects-per-client-max=8\n");
	start_avahi(&rig);
	wait_until(!strcmp(problem(&rig), ""));
	watch = g_dbus_connection_signal_subscribe(rig.bus, "org.freedesktop.Avahi",
						   "org.freedesktop.Avahi.ServiceBrowser",
						   "ItemNew", NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
						   on_item, &seen, NULL);
	group = make_group(&rig);
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
		call_group(&rig, group, "AddAddress",
			   g_variant_new("(iiuss)", -1, -1, 16u /* no reverse */, "tv.local",
					 addresses[i]));
	call_group(&rig, group, "AddService",
		   g_variant_new("(iiussssqaay)", -1, -1, 0u, "tv", "_display._tcp", "", "tv.local",
				 7250, NULL));
	host_finder_start(rig.finder);
	groups = take_all_groups(&rig);
	call_group(&rig, group, "Commit", NULL);
	wait_for_refusal(&rig, &seen);
	/* One that has stopped does not ask again. */
	host_finder_stop(rig.finder);
	host_finder_start(rig.finder);
	wait_for_refusal(&rig, &seen);

	/* There is one for the addresses of one kind now. */
	call_group(&rig, groups->pdata[0], "Free", NULL);
	wait_until(is_reached_at(&rig, "tv", addresses[0]));
	for (guint i = 1; i < groups->len; i++)
		call_group(&rig, groups->pdata[i], "Free", NULL);
	wait_until(is_reached_at(&rig, "tv", addresses[1]));
	g_dbus_connection_signal_unsubscribe(rig.bus, watch);
	rig_clear(&rig);
}

/* Runs the test once more, in a subprocess with a network of its own. */
static void in_own_network(gconstpointer data)
{
	g_autofree char *avahi = g_find_program_in_path("avahi-daemon");
	void (*test)(void) = (void (*)(void))data;
	int status;
	pid_t child;

	if (g_test_subprocess()) {
		g_assert_no_errno(unshare(CLONE_NEWNET));
		test();
		return;
	}
	child = fork();
	if (!child)
		_exit(geteuid() != 0 || unshare(CLONE_NEWNET));
	if (!avahi || waitpid(child, &status, 0) != child || status != 0) {
		g_test_skip("this takes root, Avahi, and a network of its own");
		return;
	}
	g_test_trap_subprocess(NULL, 0,
			       G_TEST_SUBPROCESS_INHERIT_STDERR | G_TEST_SUBPROCESS_INHERIT_STDOUT);
	g_test_trap_assert_passed();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* The subprocess has no arguments of its own. */
	sink_program = g_getenv("SINK_PROGRAM");
	g_assert_nonnull(sink_program);
	g_test_add_data_func("/sink/finder/sinks", (gconstpointer)test_sinks, in_own_network);
	g_test_add_data_func("/sink/finder/announcements", (gconstpointer)test_announcements,
			     in_own_network);
	g_test_add_data_func("/sink/finder/addresses", (gconstpointer)test_addresses,
			     in_own_network);
	g_test_add_data_func("/sink/finder/refusals", (gconstpointer)test_refusals, in_own_network);
	return g_test_run();
}
