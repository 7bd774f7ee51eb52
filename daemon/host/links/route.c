// SPDX-License-Identifier: GPL-2.0-or-later
#include "route.h"

#include "reason.h"

#include <net/if.h>
#include <string.h>

/* Any port will do: to connect a UDP socket sends nothing. */
#define DISCARD 9

/* It means another machine on each link. */
static gboolean is_of_link(GInetAddress *address)
{
	return g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 &&
	       g_inet_address_get_is_link_local(address);
}

static GInetSocketAddress *with_scope(GInetAddress *address, guint16 port, guint scope)
{
	return g_object_new(G_TYPE_INET_SOCKET_ADDRESS, "address", address, "port", port,
			    "scope-id", scope, NULL);
}

/* By its name or its number; 0: there is none */
static guint find_interface(const char *text)
{
	char name[IF_NAMESIZE];
	guint64 number;

	if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT, &number, NULL))
		return if_indextoname((guint)number, name) ? (guint)number : 0;
	return if_nametoindex(text);
}

GInetSocketAddress *host_route_parse(const char *text, GError **error)
{
	const char *percent = strchr(text, '%');
	g_autofree char *host = g_strndup(text, percent ? (gsize)(percent - text) : strlen(text));
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
	guint scope = 0;

	if (!address || (percent && !is_of_link(address))) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "\"%s\" is not an IP address", text);
		return NULL;
	}
	if (!percent && is_of_link(address)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "\"%s\" is another machine on each network: name the interface behind "
			    "it, as in \"%s%%eth0\"",
			    text, text);
		return NULL;
	}
	if (percent)
		scope = find_interface(percent + 1);
	if (percent && !scope) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "there is no network interface \"%s\"", percent + 1);
		return NULL;
	}
	return with_scope(address, 0, scope);
}

char *host_route_to_text(GInetSocketAddress *address)
{
	GInetAddress *inet = g_inet_socket_address_get_address(address);
	g_autofree char *text = g_inet_address_to_string(inet);
	char name[IF_NAMESIZE];
	guint scope;

	if (!is_of_link(inet))
		return g_steal_pointer(&text);
	scope = g_inet_socket_address_get_scope_id(address);
	if (!scope)
		return g_steal_pointer(&text);
	return if_indextoname(scope, name) ? g_strdup_printf("%s%%%s", text, name)
					   : g_strdup_printf("%s%%%u", text, scope);
}

GSocketAddress *host_route_with_port(GInetSocketAddress *address, guint16 port)
{
	GInetAddress *host = g_inet_socket_address_get_address(address);

	/* A scope is IPv6's only. */
	if (g_inet_address_get_family(host) != G_SOCKET_FAMILY_IPV6)
		return g_inet_socket_address_new(host, port);
	return G_SOCKET_ADDRESS(
		with_scope(host, port, g_inet_socket_address_get_scope_id(address)));
}

GSocketAddress *host_route_get_local(GInetSocketAddress *peer, guint16 port, GError **error)
{
	g_autoptr(GSocketAddress) to = host_route_with_port(peer, DISCARD);
	g_autoptr(GSocketAddress) from = NULL;
	g_autoptr(GError) cause = NULL;
	g_autoptr(GSocket) socket = NULL;

	socket = g_socket_new(g_socket_address_get_family(to), G_SOCKET_TYPE_DATAGRAM,
			      G_SOCKET_PROTOCOL_UDP, &cause);
	if (socket && g_socket_connect(socket, to, NULL, &cause))
		from = g_socket_get_local_address(socket, &cause);
	if (!from) {
		g_autofree char *address = host_route_to_text(peer);
		g_autofree char *detail = g_strdup_printf("%s: %s", address, cause->message);

		g_propagate_error(error, host_reason_error(HOST_REASON_NO_ROUTE, detail));
		return NULL;
	}
	return host_route_with_port(G_INET_SOCKET_ADDRESS(from), port);
}
