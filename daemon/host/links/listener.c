// SPDX-License-Identifier: GPL-2.0-or-later
#include "listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* So many are kept, one of an address, until it is known who may connect. */
#define MAX_KEPT 8

struct _HostListener {
	GPtrArray *ports;
};

typedef struct {
	HostListener *listener;
	GInetSocketAddress *address;
	char *interface; /* (nullable): the port is open there, at whatever address */
	GSocketService *service;
	GPtrArray *waits;
	GPtrArray *kept; /* connections */
} HostPort;

struct _HostWait {
	HostPort *port;
	GInetAddress *peer; /* (nullable): not known yet */
	HostAccepted accepted;
	HostRefused refused;
	gpointer user_data;
};

static void wait_free(gpointer data)
{
	HostWait *wait = data;

	g_clear_object(&wait->peer);
	g_free(wait);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
			    gpointer data);

static void port_free(gpointer data)
{
	HostPort *port = data;

	g_signal_handlers_disconnect_by_func(port->service, on_incoming, port);
	g_socket_service_stop(port->service);
	g_socket_listener_close(G_SOCKET_LISTENER(port->service));
	g_object_unref(port->service);
	g_object_unref(port->address);
	g_free(port->interface);
	g_ptr_array_unref(port->kept);
	g_ptr_array_unref(port->waits);
	g_free(port);
}

HostListener *host_listener_new(void)
{
	HostListener *listener = g_new0(HostListener, 1);

	listener->ports = g_ptr_array_new_with_free_func(port_free);
	return listener;
}

void host_listener_free(HostListener *listener)
{
	g_ptr_array_unref(listener->ports);
	g_free(listener);
}

/* The port closes with its last wait. */
static void wait_remove(HostWait *wait)
{
	HostPort *port = wait->port;

	g_ptr_array_remove(port->waits, wait);
	if (!port->waits->len)
		g_ptr_array_remove(port->listener->ports, port);
}

/* (transfer full) (nullable): the other end has gone. */
static GInetAddress *get_remote(GSocketConnection *connection)
{
	g_autoptr(GSocketAddress) remote = g_socket_connection_get_remote_address(connection, NULL);

	return remote ? g_object_ref(
				g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote)))
		      : NULL;
}

/* The latest one of an address counts, so that nobody takes all the places. */
static void keep(HostPort *port, GSocketConnection *connection, GInetAddress *address)
{
	for (guint i = port->kept->len; i-- > 0;) {
		g_autoptr(GInetAddress) other = get_remote(port->kept->pdata[i]);

		if (!other || g_inet_address_equal(other, address))
			g_ptr_array_remove_index(port->kept, i);
	}
	if (port->kept->len < MAX_KEPT)
		g_ptr_array_add(port->kept, g_object_ref(connection));
}

static void refuse(HostWait *wait, GInetAddress *address)
{
	g_autofree char *text = g_inet_address_to_string(address);

	wait->refused(text, wait->user_data);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
			    gpointer data)
{
	HostPort *port = data;
	g_autoptr(GInetAddress) address = get_remote(connection);
	gboolean is_open = FALSE;

	if (!address)
		return TRUE;
	for (guint i = 0; i < port->waits->len; i++) {
		HostWait *wait = port->waits->pdata[i];

		if (!wait->peer) {
			is_open = TRUE;
		} else if (g_inet_address_equal(address, wait->peer)) {
			wait->accepted(connection, wait->user_data);
			return TRUE;
		}
	}
	if (is_open) {
		keep(port, connection, address);
		return TRUE;
	}

	g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
	for (guint i = 0; i < port->waits->len; i++)
		refuse(port->waits->pdata[i], address);
	return TRUE;
}

/* Who came before it was known who may. */
static void take_kept(HostWait *wait)
{
	GPtrArray *kept = wait->port->kept;

	while (kept->len) {
		g_autoptr(GSocketConnection) connection = g_ptr_array_steal_index(kept, 0);
		g_autoptr(GInetAddress) address = get_remote(connection);

		if (address && g_inet_address_equal(address, wait->peer)) {
			wait->accepted(connection, wait->user_data);
		} else {
			g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
			if (address)
				refuse(wait, address);
		}
	}
}

static gboolean same_address(GInetSocketAddress *a, GInetSocketAddress *b)
{
	GInetAddress *first = g_inet_socket_address_get_address(a);

	/* A scope is IPv6's only. */
	return g_inet_socket_address_get_port(a) == g_inet_socket_address_get_port(b) &&
	       g_inet_address_equal(first, g_inet_socket_address_get_address(b)) &&
	       (g_inet_address_get_family(first) != G_SOCKET_FAMILY_IPV6 ||
		g_inet_socket_address_get_scope_id(a) == g_inet_socket_address_get_scope_id(b));
}

/*
 * @interface: (nullable): nobody comes by another one. A port at an address and one on an interface exclude
 * each other unless both have SO_REUSEPORT, which g_socket_bind() takes away.
 */
static gboolean bind_to(GSocket *sock, GInetSocketAddress *address, const char *interface,
			GError **error)
{
	GSocketAddress *generic = G_SOCKET_ADDRESS(address);
	int fd = g_socket_get_fd(sock), on = 1;
	struct sockaddr_storage native;

	if (!g_socket_address_to_native(generic, &native, sizeof(native), error))
		return FALSE;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ||
	    (interface &&
	     setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface))) ||
	    bind(fd, (struct sockaddr *)&native, g_socket_address_get_native_size(generic))) {
		g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno),
				    g_strerror(errno));
		return FALSE;
	}
	return TRUE;
}

static GSocket *listen_at(GInetSocketAddress *address, const char *interface, GError **error)
{
	GInetAddress *inet = g_inet_socket_address_get_address(address);
	g_autoptr(GSocket) sock = g_socket_new(g_inet_address_get_family(inet),
					       G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

	if (!sock || !bind_to(sock, address, interface, error) || !g_socket_listen(sock, error))
		return NULL;
	return g_steal_pointer(&sock);
}

static HostPort *open_port(HostListener *listener, GInetSocketAddress *address,
			   const char *interface, GError **error)
{
	g_autoptr(GSocket) sock = listen_at(address, interface, error);
	g_autoptr(GSocketService) service = g_socket_service_new();
	HostPort *port;

	if (!sock || !g_socket_listener_add_socket(G_SOCKET_LISTENER(service), sock, NULL, error))
		return NULL;
	port = g_new0(HostPort, 1);
	port->listener = listener;
	port->address = g_object_ref(address);
	port->interface = g_strdup(interface);
	port->service = g_steal_pointer(&service);
	port->waits = g_ptr_array_new_with_free_func(wait_free);
	port->kept = g_ptr_array_new_with_free_func(g_object_unref);
	g_signal_connect(port->service, "incoming", G_CALLBACK(on_incoming), port);
	g_ptr_array_add(listener->ports, port);
	return port;
}

/* That is open for whoever comes to @local, which @interface has. */
static HostPort *find_port(HostListener *listener, const char *interface, GInetSocketAddress *local)
{
	for (guint i = 0; i < listener->ports->len; i++) {
		HostPort *port = listener->ports->pdata[i];

		if (port->interface ? !strcmp(port->interface, interface) &&
					      g_inet_socket_address_get_port(port->address) ==
						      g_inet_socket_address_get_port(local)
				    : same_address(port->address, local))
			return port;
	}
	return NULL;
}

static HostWait *wait_new(HostPort *port)
{
	HostWait *wait = g_new0(HostWait, 1);

	wait->port = port;
	g_ptr_array_add(port->waits, wait);
	return wait;
}

HostWait *host_listener_expect(HostListener *listener, const char *interface, guint16 port,
			       GError **error)
{
	g_autoptr(GInetAddress) any = g_inet_address_new_any(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(any, port);
	HostPort *opened = open_port(listener, G_INET_SOCKET_ADDRESS(address), interface, error);

	return opened ? wait_new(opened) : NULL;
}

HostWait *host_listener_wait(HostListener *listener, const char *interface, GSocketAddress *local,
			     GInetAddress *peer, HostAccepted accepted, HostRefused refused,
			     gpointer user_data, GError **error)
{
	GInetSocketAddress *address = G_INET_SOCKET_ADDRESS(local);
	HostPort *port = find_port(listener, interface, address);
	HostWait *wait;

	if (!port)
		port = open_port(listener, address, NULL, error);
	if (!port)
		return NULL;
	wait = wait_new(port);
	wait->peer = g_object_ref(peer);
	wait->accepted = accepted;
	wait->refused = refused;
	wait->user_data = user_data;
	take_kept(wait);
	return wait;
}

void host_listener_cancel(HostWait *wait)
{
	wait_remove(wait);
}
