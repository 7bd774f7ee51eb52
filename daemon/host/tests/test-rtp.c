// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is heard on the sockets of a stream, and who can be reached by them. */
#include "rtp.h"

#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#define OTHER_HOST "127.0.0.2"
#define WAIT_US	   (100 * G_TIME_SPAN_MILLISECOND) /* for what is not to come */
#define GUARD_US   (30 * G_TIME_SPAN_SECOND)

typedef struct {
	GSocket *listener, *rtsp; /* of the sink, of ours */
	HostRtp host;
	GSocket *rtcp; /* ours, of @host */
} Pair;

static GSocket *try_socket_at(const char *host, GSocketType type, GError **error)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(host, 0);
	g_autoptr(GSocket)
		socket = g_socket_new(g_socket_address_get_family(address), type, 0, error);

	return socket && g_socket_bind(socket, address, FALSE, error) ? g_steal_pointer(&socket)
								      : NULL;
}

static GSocket *socket_at(const char *host, GSocketType type)
{
	g_autoptr(GError) error = NULL;
	GSocket *socket = try_socket_at(host, type, &error);

	g_assert_no_error(error);
	return socket;
}

static guint16 port_of(GSocket *socket)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(socket, NULL);

	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
}

/* The sink is at @host, and so are we. */
static void pair_open(Pair *pair, const char *host)
{
	g_autoptr(GSocketAddress) address = NULL;
	g_autoptr(GError) error = NULL;

	pair->listener = socket_at(host, G_SOCKET_TYPE_STREAM);
	g_socket_listen(pair->listener, NULL);
	address = g_socket_get_local_address(pair->listener, NULL);
	pair->rtsp = socket_at(host, G_SOCKET_TYPE_STREAM);
	g_socket_connect(pair->rtsp, address, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(host_rtp_open(&pair->host, g_socket_get_fd(pair->rtsp), &error));
	g_assert_no_error(error);
	pair->rtcp = g_socket_new_from_fd(dup(pair->host.rtcp), NULL);
}

static void pair_connect(Pair *pair, guint16 rtp_port, guint16 rtcp_port)
{
	g_autoptr(GError) error = NULL;

	host_rtp_connect(&pair->host, g_socket_get_fd(pair->rtsp), rtp_port, rtcp_port, &error);
	g_assert_no_error(error);
}

static void pair_close(Pair *pair)
{
	host_rtp_close(&pair->host);
	g_object_unref(pair->rtcp);
	g_object_unref(pair->rtsp);
	g_object_unref(pair->listener);
}

static void assert_received(GSocket *socket, gboolean expected)
{
	char byte;

	g_assert_true(g_socket_condition_timed_wait(socket, G_IO_IN, expected ? GUARD_US : WAIT_US,
						    NULL, NULL) == expected);
	if (expected)
		g_assert_cmpint(g_socket_receive(socket, &byte, 1, NULL, NULL), ==, 1);
}

static void assert_heard(Pair *pair, GSocket *from, gboolean expected)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(pair->rtcp, NULL);

	g_socket_send_to(from, address, "x", 1, NULL, NULL);
	assert_received(pair->rtcp, expected);
}

/* Reports go to the port that the sink has named, and come from there. */
static void test_named_port(gconstpointer host)
{
	g_autoptr(GSocket) rtp = socket_at(host, G_SOCKET_TYPE_DATAGRAM);
	g_autoptr(GSocket) rtcp = socket_at(host, G_SOCKET_TYPE_DATAGRAM);
	Pair pair;

	pair_open(&pair, host);
	pair_connect(&pair, port_of(rtp), port_of(rtcp));
	assert_heard(&pair, rtcp, TRUE);
	assert_heard(&pair, rtp, FALSE);
	g_assert_cmpint(send(pair.host.rtcp, "x", 1, 0), ==, 1);
	assert_received(rtcp, TRUE);
	g_assert_cmpint(send(pair.host.rtp, "x", 1, 0), ==, 1);
	assert_received(rtp, TRUE);
	pair_close(&pair);
}

/* A sink that has named none may report from any port; nobody else may. */
static void test_no_named_port(gconstpointer host)
{
	g_autoptr(GSocket) rtp = socket_at(host, G_SOCKET_TYPE_DATAGRAM);
	g_autoptr(GSocket) rtcp = socket_at(host, G_SOCKET_TYPE_DATAGRAM);
	g_autoptr(GSocket) other = socket_at(OTHER_HOST, G_SOCKET_TYPE_DATAGRAM);
	Pair pair;

	pair_open(&pair, host);
	pair_connect(&pair, port_of(rtp), 0);
	assert_heard(&pair, rtcp, TRUE);
	assert_heard(&pair, rtp, TRUE);
	if (g_socket_get_family(rtp) == G_SOCKET_FAMILY_IPV4)
		assert_heard(&pair, other, FALSE);
	send(pair.host.rtcp, "x", 1, 0);
	assert_received(rtcp, FALSE);
	assert_received(rtp, FALSE);
	pair_close(&pair);
}

int main(int argc, char **argv)
{
	g_autoptr(GSocket) ipv6 = NULL;

	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/rtp/named-port/ipv4", "127.0.0.1", test_named_port);
	g_test_add_data_func("/rtp/no-named-port/ipv4", "127.0.0.1", test_no_named_port);
	/* Where there is IPv6. */
	ipv6 = try_socket_at("::1", G_SOCKET_TYPE_DATAGRAM, NULL);
	if (ipv6) {
		g_test_add_data_func("/rtp/named-port/ipv6", "::1", test_named_port);
		g_test_add_data_func("/rtp/no-named-port/ipv6", "::1", test_no_named_port);
	}
	return g_test_run();
}
