// SPDX-License-Identifier: GPL-2.0-or-later
/* Links by address, over the loopback interface: each 127.0.0.N is a machine of its own. */
#include "discovery/finder-address.h"
#include "links/link-direct.h"
#include "reason.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCAL	   "127.0.0.1"
#define SINK	   "127.0.0.2"
#define OTHER_SINK "127.0.0.3"
#define STRANGER   "127.0.0.4"

/* A port that nobody has, for as long as nobody else asks for one. */
static guint16 free_port(void)
{
	g_autoptr(GSocket) sock = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
					       G_SOCKET_PROTOCOL_TCP, NULL);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string(LOCAL, 0);
	g_autoptr(GSocketAddress) bound = NULL;

	g_assert_true(g_socket_bind(sock, any, FALSE, NULL));
	bound = g_socket_get_local_address(sock, NULL);
	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
}

static HostLink *link_new(HostListener *listener, const char *local, guint16 port, const char *peer,
			  guint wait_s)
{
	g_autoptr(GSocketAddress)
		local_address = g_inet_socket_address_new_from_string(local, port);
	g_autoptr(GInetAddress) peer_address = g_inet_address_new_from_string(peer);

	return host_link_direct_new(listener, local_address, peer_address, wait_s);
}

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

static int finish(HostLink *link, GAsyncResult **result, GError **error)
{
	int fd;

	while (!*result)
		g_main_context_iteration(NULL, TRUE);
	fd = host_link_open_finish(link, *result, error);
	g_clear_object(result);
	return fd;
}

static int open_link(HostLink *link, GError **error)
{
	GAsyncResult *result = NULL;

	host_link_open_async(link, NULL, keep_result, &result);
	return finish(link, &result, error);
}

/* Connects as @address; the kernel answers for a listener that has not looked yet. */
static GSocket *connect_as(const char *address, guint16 port)
{
	GSocket *sock = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
				     G_SOCKET_PROTOCOL_TCP, NULL);
	g_autoptr(GSocketAddress) from = g_inet_socket_address_new_from_string(address, 0);
	g_autoptr(GSocketAddress) to = g_inet_socket_address_new_from_string(LOCAL, port);

	g_assert_true(g_socket_bind(sock, from, FALSE, NULL));
	if (!g_socket_connect(sock, to, NULL, NULL))
		g_clear_object(&sock);
	return sock;
}

static char *get_interface(HostLink *link)
{
	g_auto(GVariantDict) details = G_VARIANT_DICT_INIT(NULL);
	char *value = NULL;

	host_link_add_details(link, &details);
	g_variant_dict_lookup(&details, "link-interface", "s", &value);
	return value;
}

static guint64 count_refused(HostLink *link)
{
	g_auto(GVariantDict) statistics = G_VARIANT_DICT_INIT(NULL);
	guint64 n = G_MAXUINT64;

	host_link_add_statistics(link, &statistics);
	g_variant_dict_lookup(&statistics, "link-connections-refused", "t", &n);
	return n;
}

static guint n_frequencies;

/* In the place of what asks the kernel: the linker is told so. */
guint __wrap_host_radio_get_frequency(const char *interface);

guint __wrap_host_radio_get_frequency(const char *interface)
{
	g_assert_cmpstr(interface, ==, "lo");
	return 5180 + n_frequencies++;
}

static void assert_frequency(HostLink *link, guint64 expected)
{
	g_auto(GVariantDict) statistics = G_VARIANT_DICT_INIT(NULL);
	guint64 frequency = 0;

	host_link_add_statistics(link, &statistics);
	g_variant_dict_lookup(&statistics, "link-frequency", "t", &frequency);
	g_assert_cmpuint(frequency, ==, expected);
}

/* However often statistics are asked for, the kernel is not. */
static void test_frequency(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, free_port(), SINK, 60);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;
	GAsyncResult *result = NULL;
	gint64 began;

	assert_frequency(link, 0);
	host_link_open_async(link, cancellable, keep_result, &result);
	began = g_get_monotonic_time();
	n_frequencies = 0;
	for (guint i = 0; i < 1000; i++)
		count_refused(link);
	g_assert_cmpuint(n_frequencies, <=,
			 (g_get_monotonic_time() - began) / G_TIME_SPAN_SECOND + 1);
	n_frequencies = 10;
	g_usleep(G_TIME_SPAN_SECOND + G_TIME_SPAN_SECOND / 10);
	assert_frequency(link, 5190);
	g_cancellable_cancel(cancellable);
	g_assert_cmpint(finish(link, &result, &error), ==, -1);
	host_link_close(link);
}

static void test_the_sink_is_let_in(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GSocket) sink = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *interface = NULL;
	GAsyncResult *result = NULL;
	char byte;
	int fd;

	host_link_open_async(link, NULL, keep_result, &result);
	sink = connect_as(SINK, port);
	g_assert_nonnull(sink);
	fd = finish(link, &result, &error);
	g_assert_no_error(error);

	/* A plain, blocking socket; the port is closed again. */
	g_assert_cmpint(fcntl(fd, F_GETFL) & O_NONBLOCK, ==, 0);
	g_assert_cmpint(g_socket_send(sink, "x", 1, NULL, NULL), ==, 1);
	g_assert_cmpint(read(fd, &byte, 1), ==, 1);
	host_link_settle(link);
	g_assert_null(connect_as(SINK, port));
	interface = get_interface(link);
	g_assert_cmpstr(interface, ==, "lo");
	close(fd);
	host_link_close(link);
}

static void test_a_stranger_is_refused(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GSocket) stranger = NULL;
	g_autoptr(GSocket) again = NULL;
	g_autoptr(GSocket) sink = NULL;
	g_autoptr(GError) error = NULL;
	GAsyncResult *result = NULL;
	char byte;
	int fd;

	host_link_open_async(link, NULL, keep_result, &result);
	stranger = connect_as(STRANGER, port);
	again = connect_as(STRANGER, port);
	sink = connect_as(SINK, port);
	fd = finish(link, &result, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_socket_receive(stranger, &byte, 1, NULL, NULL), <=, 0);
	g_assert_cmpint(g_socket_receive(again, &byte, 1, NULL, NULL), <=, 0);
	g_assert_cmpuint(count_refused(link), ==, 2);
	close(fd);
}

static void test_a_sink_comes_back(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GSocket) second = NULL;
	g_autoptr(GSocket) third = NULL;
	g_autoptr(GSocket) late = NULL;
	GSocket *first;
	GAsyncResult *result = NULL;
	char byte;
	int fd;

	host_link_open_async(link, NULL, keep_result, &result);
	first = connect_as(SINK, port);
	fd = finish(link, &result, NULL);
	g_assert_cmpint(fd, >=, 0);
	g_object_unref(first);
	g_assert_cmpint(read(fd, &byte, 1), ==, 0);
	close(fd);

	/* Before it is waited for again, and after. */
	second = connect_as(SINK, port);
	g_assert_nonnull(second);
	while (g_main_context_iteration(NULL, FALSE))
		;
	host_link_open_async(link, NULL, keep_result, &result);
	fd = finish(link, &result, NULL);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(g_socket_send(second, "2", 1, NULL, NULL), ==, 1);
	g_assert_cmpint(read(fd, &byte, 1), ==, 1);
	close(fd);
	host_link_open_async(link, NULL, keep_result, &result);
	third = connect_as(SINK, port);
	fd = finish(link, &result, NULL);
	g_assert_cmpint(fd, >=, 0);
	close(fd);

	host_link_settle(link);
	late = connect_as(SINK, port);
	g_assert_null(late);
}

static void count_log(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
	++*(guint *)data;
}

static void test_neighbours_do_not_fill_the_log(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GSocket) sink = NULL;
	GAsyncResult *result = NULL;
	guint n_logged = 0;

	g_log_set_default_handler(count_log, &n_logged);
	host_link_open_async(link, NULL, keep_result, &result);
	for (guint i = 0; i < 20; i++) {
		g_autoptr(GSocket) one = connect_as(STRANGER, port);
		g_autoptr(GSocket) other = connect_as(OTHER_SINK, port);

		while (count_refused(link) < 2 * i + 2)
			g_main_context_iteration(NULL, TRUE);
	}
	sink = connect_as(SINK, port);
	close(finish(link, &result, NULL));
	g_log_set_default_handler(g_log_default_handler, NULL);
	g_assert_cmpuint(n_logged, ==, 2);
}

static void test_nobody_comes(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 1);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(open_link(link, &error), <, 0);
	g_assert_error(error, HOST_ERROR, HOST_REASON_SINK_DID_NOT_CONNECT);
	g_assert_null(connect_as(SINK, port));
}

static void on_step(HostLink *link, const char *word, const char *message, char **told)
{
	g_free(*told);
	*told = g_strdup(message);
}

static void test_as_long_as_suits(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, free_port(), SINK, 0);
	g_autoptr(GError) error = NULL;
	g_autofree char *told = NULL;
	GAsyncResult *result = NULL;

	g_signal_connect(link, "step", G_CALLBACK(on_step), &told);
	host_link_open_async(link, cancellable, keep_result, &result);
	g_assert_true(g_str_has_prefix(told, SINK " has 30 s to connect to "));
	g_cancellable_cancel(cancellable);
	g_assert_cmpint(finish(link, &result, &error), <, 0);
}

static void test_only_a_stranger_comes(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 1);
	g_autoptr(GSocket) stranger = NULL;
	g_autoptr(GError) error = NULL;
	GAsyncResult *result = NULL;

	host_link_open_async(link, NULL, keep_result, &result);
	stranger = connect_as(STRANGER, port);
	g_assert_cmpint(finish(link, &result, &error), <, 0);
	g_assert_error(error, HOST_ERROR, HOST_REASON_WRONG_PEER);
	g_assert_nonnull(strstr(error->message, STRANGER));
}

static void test_the_port_is_taken(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(GSocketListener) other = g_socket_listener_new();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(LOCAL, port);
	g_autoptr(GError) error = NULL;

	g_assert_true(g_socket_listener_add_address(other, address, G_SOCKET_TYPE_STREAM,
						    G_SOCKET_PROTOCOL_TCP, NULL, NULL, NULL));
	g_assert_cmpint(open_link(link, &error), <, 0);
	g_assert_error(error, HOST_ERROR, HOST_REASON_ADDRESS_IN_USE);
}

static void test_the_address_is_not_ours(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostLink) link = link_new(listener, "192.0.2.1", 7236, SINK, 60);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(open_link(link, &error), <, 0);
	g_assert_error(error, HOST_ERROR, HOST_REASON_NO_LOCAL_ADDRESS);
}

static void test_it_is_cancelled(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;
	GAsyncResult *result = NULL;

	host_link_open_async(link, cancellable, keep_result, &result);
	g_cancellable_cancel(cancellable);
	g_assert_cmpint(finish(link, &result, &error), <, 0);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_null(connect_as(SINK, port));
}

/* (transfer full): of @address, and a listener has seen it. */
static GSocket *come_early(const char *address, guint16 port)
{
	GSocket *sock = connect_as(address, port);

	g_assert_nonnull(sock);
	while (g_main_context_iteration(NULL, FALSE))
		;
	return sock;
}

static gboolean is_closed(GSocket *sock)
{
	g_autoptr(GError) error = NULL;
	char byte;

	g_socket_set_timeout(sock, 1);
	return g_socket_receive(sock, &byte, 1, NULL, &error) <= 0 &&
	       !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* It connects before anybody knows its address, or this machine's: it is kept, and a stranger is not. */
static void test_a_sink_is_early(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GSocket) first = NULL;
	g_autoptr(GSocket) stranger = NULL;
	g_autoptr(GSocket) sink = NULL;
	g_autoptr(GSocket) late = NULL;
	g_autoptr(GError) error = NULL;
	HostWait *expected = host_listener_expect(listener, "lo", port, &error);
	GAsyncResult *result = NULL;
	char byte;
	int fd;

	g_assert_no_error(error);
	first = come_early(SINK, port);
	stranger = come_early(STRANGER, port);
	sink = come_early(SINK, port);
	g_assert_true(is_closed(first));
	host_link_open_async(link, NULL, keep_result, &result);
	host_listener_cancel(expected);
	fd = finish(link, &result, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_socket_send(sink, "x", 1, NULL, NULL), ==, 1);
	g_assert_cmpint(read(fd, &byte, 1), ==, 1);
	g_assert_true(is_closed(stranger));
	g_assert_cmpuint(count_refused(link), ==, 1);
	/* From now on it is as if nobody had been expected. */
	late = connect_as(STRANGER, port);
	while (count_refused(link) < 2)
		g_main_context_iteration(NULL, TRUE);
	host_link_settle(link);
	g_assert_null(connect_as(SINK, port));
	close(fd);
	host_link_close(link);
}

/* Many may come early: the sink has its place, and they have not all of them. */
static void test_many_are_early(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(GPtrArray) strangers = g_ptr_array_new_with_free_func(g_object_unref);
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	HostWait *expected = host_listener_expect(listener, "lo", port, NULL);
	g_autoptr(GSocket) sink = come_early(SINK, port);
	GAsyncResult *result = NULL;
	int fd;

	for (guint i = 1; i <= 20; i++) {
		g_autofree char *address = g_strdup_printf("127.0.1.%u", i);

		g_ptr_array_add(strangers, come_early(address, port));
	}
	g_assert_true(is_closed(strangers->pdata[19]));
	host_link_open_async(link, NULL, keep_result, &result);
	host_listener_cancel(expected);
	fd = finish(link, &result, NULL);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpuint(count_refused(link), ==, 7);
	close(fd);
}

/* Nobody comes, and the port is closed with whoever expected them. */
static void test_nobody_is_early(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	HostWait *expected = host_listener_expect(listener, "lo", port, NULL);
	g_autoptr(GSocket) stranger = come_early(STRANGER, port);
	g_autoptr(GError) error = NULL;

	host_listener_cancel(expected);
	g_assert_true(is_closed(stranger));
	g_assert_null(connect_as(SINK, port));
	g_assert_null(host_listener_expect(listener, "nothing0", port, &error));
	g_assert_nonnull(error);
}

/* A port at an address, another session's, and one on an interface are not in each other's way. */
static void test_another_is_waited_for(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) link = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(GSocket) sink = NULL;
	g_autoptr(GError) error = NULL;
	GAsyncResult *result = NULL;
	int fd;

	host_link_open_async(link, NULL, keep_result, &result);
	host_listener_expect(listener, "lo", port, &error);
	g_assert_no_error(error);
	sink = connect_as(SINK, port);
	fd = finish(link, &result, &error);
	g_assert_no_error(error);
	close(fd);
}

static void test_two_sinks_share_a_port(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	guint16 port = free_port();
	g_autoptr(HostLink) first = link_new(listener, LOCAL, port, SINK, 60);
	g_autoptr(HostLink) second = link_new(listener, LOCAL, port, OTHER_SINK, 60);
	g_autoptr(GSocket) sink = NULL;
	g_autoptr(GSocket) other_sink = NULL;
	GAsyncResult *first_result = NULL, *second_result = NULL;
	int first_fd, second_fd;
	char byte;

	host_link_open_async(first, NULL, keep_result, &first_result);
	host_link_open_async(second, NULL, keep_result, &second_result);
	other_sink = connect_as(OTHER_SINK, port);
	second_fd = finish(second, &second_result, NULL);
	g_assert_cmpint(second_fd, >=, 0);
	g_assert_null(first_result);
	sink = connect_as(SINK, port);
	first_fd = finish(first, &first_result, NULL);
	g_assert_cmpint(first_fd, >=, 0);

	g_assert_cmpint(g_socket_send(sink, "1", 1, NULL, NULL), ==, 1);
	g_assert_cmpint(g_socket_send(other_sink, "2", 1, NULL, NULL), ==, 1);
	g_assert_cmpint(read(first_fd, &byte, 1), ==, 1);
	g_assert_cmpint(byte, ==, '1');
	g_assert_cmpint(read(second_fd, &byte, 1), ==, 1);
	g_assert_cmpint(byte, ==, '2');
	close(first_fd);
	close(second_fd);
}

static void on_lost(HostLink *link, int reason, const char *detail, gpointer data)
{
	g_assert_cmpint(reason, ==, HOST_REASON_LINK_LOST);
	*(char **)data = g_strdup(detail);
}

static void run(const char *command)
{
	if (system(command))
		g_error("%s failed", command);
}

/* Runs the test once more, in a subprocess with a network of its own. */
static void in_own_network(void)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET));
	if (waitpid(child, &status, 0) != child || status != 0) {
		g_test_skip("this process may not have a network of its own");
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
	g_test_trap_assert_passed();
}

/* There, where the loopback interface is the cable. */
static void lose_link(const char *command, const char *expected)
{
	g_autoptr(HostListener) listener = NULL;
	g_autoptr(HostLink) link = NULL;
	g_autoptr(GSocket) sink = NULL;
	g_autofree char *detail = NULL;
	GAsyncResult *result = NULL;
	int fd;

	run("ip link set lo up");
	listener = host_listener_new();
	link = link_new(listener, LOCAL, 7236, SINK, 60);
	g_signal_connect(link, "lost", G_CALLBACK(on_lost), &detail);
	host_link_open_async(link, NULL, keep_result, &result);
	sink = connect_as(SINK, 7236);
	fd = finish(link, &result, NULL);
	g_assert_cmpint(fd, >=, 0);

	run(command);
	while (!detail)
		g_main_context_iteration(NULL, TRUE);
	g_assert_nonnull(strstr(detail, expected));
	close(fd);
	host_link_close(link);
}

static void test_the_address_is_removed(void)
{
	if (g_test_subprocess()) {
		lose_link("ip addr del 127.0.0.1/8 dev lo", "was removed");
		return;
	}
	in_own_network();
}

static void test_the_interface_goes_down(void)
{
	if (g_test_subprocess()) {
		lose_link("ip link set lo down", "has no carrier");
		return;
	}
	in_own_network();
}

static void test_a_moment_without_carrier_is_borne(void)
{
	if (g_test_subprocess()) {
		/* Lost for the second reason, and not for the first. */
		lose_link("ip link set lo down && ip link set lo up && "
			  "{ (sleep 4; ip addr del 127.0.0.1/8 dev lo) & }",
			  "was removed");
		return;
	}
	in_own_network();
}

/* A cable with both of its ends here: its interfaces have one address. */
static void reach_of_link(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostFinderAddress) finder = host_finder_address_new(listener);
	g_autoptr(HostFinding) finding = host_finding_new("fe80::2%here");
	const HostLinkWish wish = {.port = 7236, .wait_s = 30};
	g_autoptr(GSocketAddress) from = NULL;
	g_autoptr(GSocketAddress) to = NULL;
	g_autoptr(GVariant) details = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(HostLink) link = NULL;
	g_autoptr(GSocket) sink = NULL;
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	GAsyncResult *result = NULL;
	const char *interface;
	int fd;

	run("ip link set lo up && ip link add aside type veth peer name unused && "
	    "ip link set unused up && ip link set aside up && "
	    "ip link add here type veth peer name there && ip link set here up && "
	    "ip link set there up && ip addr add fe80::1/64 dev aside nodad && "
	    "ip addr add fe80::1/64 dev here nodad && ip addr add fe80::2/64 dev there nodad");
	link = host_finder_make_link(HOST_FINDER(finder), finding, &wish, &error);
	g_assert_no_error(error);
	host_link_open_async(link, NULL, keep_result, &result);
	from = g_inet_socket_address_new_from_string("fe80::2%there", 0);
	to = g_inet_socket_address_new_from_string("fe80::1%there", 7236);
	sink = g_socket_new(G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
			    &error);
	g_assert_no_error(error);
	g_socket_bind(sink, from, FALSE, &error);
	g_assert_no_error(error);
	g_socket_connect(sink, to, NULL, &error);
	g_assert_no_error(error);
	fd = finish(link, &result, &error);
	g_assert_no_error(error);
	g_assert_cmpint(fd, >=, 0);
	host_link_add_details(link, &dict);
	details = g_variant_ref_sink(g_variant_dict_end(&dict));
	g_assert_true(g_variant_lookup(details, "link-interface", "&s", &interface));
	g_assert_cmpstr(interface, ==, "here");
	close(fd);
	host_link_close(link);
}

static void test_an_address_of_one_link(void)
{
	if (g_test_subprocess()) {
		reach_of_link();
		return;
	}
	in_own_network();
}

static void limit_files(rlim_t soft)
{
	struct rlimit limit;

	g_assert_no_errno(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = MIN(soft, limit.rlim_max);
	g_assert_no_errno(setrlimit(RLIMIT_NOFILE, &limit));
}

static gboolean unlimit_files(gpointer data)
{
	limit_files(RLIM_INFINITY);
	*(bool *)data = false;
	return G_SOURCE_REMOVE;
}

/* While no file can be opened there is no telling which addresses there are. */
static void test_what_is_not_known_is_not_lost(void)
{
	if (g_test_subprocess()) {
		g_autoptr(HostListener) listener = NULL;
		g_autoptr(HostLink) link = NULL;
		g_autoptr(GSocket) sink = NULL;
		g_autofree char *detail = NULL;
		GAsyncResult *result = NULL;
		bool limited = true;
		int fd, next;

		run("ip link set lo up");
		listener = host_listener_new();
		link = link_new(listener, LOCAL, 7236, SINK, 60);
		g_signal_connect(link, "lost", G_CALLBACK(on_lost), &detail);
		host_link_open_async(link, NULL, keep_result, &result);
		sink = connect_as(SINK, 7236);
		fd = finish(link, &result, NULL);
		g_assert_cmpint(fd, >=, 0);

		run("ip addr add 127.1.0.1/16 dev lo");
		next = dup(fd);
		close(next);
		limit_files(next);
		g_timeout_add(500, unlimit_files, &limited);
		while (limited)
			g_main_context_iteration(NULL, TRUE);
		g_assert_null(detail);
		run("ip addr del 127.0.0.1/8 dev lo");
		while (!detail)
			g_main_context_iteration(NULL, TRUE);
		g_assert_nonnull(strstr(detail, "was removed"));
		close(fd);
		host_link_close(link);
		return;
	}
	in_own_network();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	if (g_test_subprocess() && unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return EXIT_FAILURE;

	g_test_add_func("/link/frequency", test_frequency);
	g_test_add_func("/link/the-sink-is-let-in", test_the_sink_is_let_in);
	g_test_add_func("/link/a-stranger-is-refused", test_a_stranger_is_refused);
	g_test_add_func("/link/a-sink-comes-back", test_a_sink_comes_back);
	g_test_add_func("/link/neighbours-do-not-fill-the-log",
			test_neighbours_do_not_fill_the_log);
	g_test_add_func("/link/nobody-comes", test_nobody_comes);
	g_test_add_func("/link/as-long-as-suits", test_as_long_as_suits);
	g_test_add_func("/link/only-a-stranger-comes", test_only_a_stranger_comes);
	g_test_add_func("/link/the-port-is-taken", test_the_port_is_taken);
	g_test_add_func("/link/the-address-is-not-ours", test_the_address_is_not_ours);
	g_test_add_func("/link/it-is-cancelled", test_it_is_cancelled);
	g_test_add_func("/link/two-sinks-share-a-port", test_two_sinks_share_a_port);
	g_test_add_func("/link/a-sink-is-early", test_a_sink_is_early);
	g_test_add_func("/link/many-are-early", test_many_are_early);
	g_test_add_func("/link/nobody-is-early", test_nobody_is_early);
	g_test_add_func("/link/another-is-waited-for", test_another_is_waited_for);
	g_test_add_func("/link/an-address-of-one-link", test_an_address_of_one_link);
	g_test_add_func("/link/the-address-is-removed", test_the_address_is_removed);
	g_test_add_func("/link/the-interface-goes-down", test_the_interface_goes_down);
	g_test_add_func("/link/a-moment-without-carrier-is-borne",
			test_a_moment_without_carrier_is_borne);
	g_test_add_func("/link/what-is-not-known-is-not-lost", test_what_is_not_known_is_not_lost);
	return g_test_run();
}
