// SPDX-License-Identifier: GPL-2.0-or-later
#include "listener.h"

struct _HostListener {
	GPtrArray *ports;
};

typedef struct {
	HostListener *listener;
	GInetSocketAddress *address;
	GSocketService *service;
	GPtrArray *waits;
} HostPort;

struct _HostWait {
	HostPort *port;
	GInetAddress *peer;
	HostAccepted accepted;
	HostRefused refused;
	gpointer user_data;
};

static void wait_free(gpointer data)
{
	HostWait *wait = data;

	g_object_unref(wait->peer);
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

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
			    gpointer data)
{
	HostPort *port = data;
	g_autoptr(GSocketAddress) remote = g_socket_connection_get_remote_address(connection, NULL);
	g_autofree char *text = NULL;
	GInetAddress *address;

	if (!remote)
		return TRUE;
	address = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote));
	for (guint i = 0; i < port->waits->len; i++) {
		HostWait *wait = port->waits->pdata[i];

		if (!g_inet_address_equal(address, wait->peer))
			continue;
		wait->accepted(connection, wait->user_data);
		return TRUE;
	}

	text = g_inet_address_to_string(address);
	g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
	for (guint i = 0; i < port->waits->len; i++) {
		HostWait *wait = port->waits->pdata[i];

		wait->refused(text, wait->user_data);
	}
	return TRUE;
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

static HostPort *find_port(HostListener *listener, GInetSocketAddress *local, GError **error)
{
	g_autoptr(GSocketService) service = NULL;
	HostPort *port;

	for (guint i = 0; i < listener->ports->len; i++) {
		port = listener->ports->pdata[i];
		if (same_address(port->address, local))
			return port;
	}

	service = g_socket_service_new();
	if (!g_socket_listener_add_address(G_SOCKET_LISTENER(service), G_SOCKET_ADDRESS(local),
					   G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, NULL,
					   error))
		return NULL;
	port = g_new0(HostPort, 1);
	port->listener = listener;
	port->address = g_object_ref(local);
	port->service = g_steal_pointer(&service);
	port->waits = g_ptr_array_new_with_free_func(wait_free);
	g_signal_connect(port->service, "incoming", G_CALLBACK(on_incoming), port);
	g_ptr_array_add(listener->ports, port);
	return port;
}

HostWait *host_listener_wait(HostListener *listener, GSocketAddress *local, GInetAddress *peer,
			     HostAccepted accepted, HostRefused refused, gpointer user_data,
			     GError **error)
{
	HostPort *port = find_port(listener, G_INET_SOCKET_ADDRESS(local), error);
	HostWait *wait;

	if (!port)
		return NULL;
	wait = g_new0(HostWait, 1);
	wait->port = port;
	wait->peer = g_object_ref(peer);
	wait->accepted = accepted;
	wait->refused = refused;
	wait->user_data = user_data;
	g_ptr_array_add(port->waits, wait);
	return wait;
}

void host_listener_cancel(HostWait *wait)
{
	wait_remove(wait);
}
