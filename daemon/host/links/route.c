// SPDX-License-Identifier: GPL-2.0-or-later
#include "route.h"

#include "reason.h"

#include <net/if.h>

/* Any port will do: to connect a UDP socket sends nothing. */
#define DISCARD 9

GInetAddress *host_route_get_local(GInetAddress *peer, GError **error)
{
	g_autoptr(GSocketAddress) to = g_inet_socket_address_new(peer, DISCARD);
	g_autoptr(GSocketAddress) from = NULL;
	g_autoptr(GError) cause = NULL;
	g_autoptr(GSocket) socket = NULL;

	socket = g_socket_new(g_inet_address_get_family(peer), G_SOCKET_TYPE_DATAGRAM,
			      G_SOCKET_PROTOCOL_UDP, &cause);
	if (socket && g_socket_connect(socket, to, NULL, &cause))
		from = g_socket_get_local_address(socket, &cause);
	if (!from) {
		g_autofree char *address = g_inet_address_to_string(peer);
		g_autofree char *detail = g_strdup_printf("%s: %s", address, cause->message);

		g_propagate_error(error, host_reason_error(HOST_REASON_NO_ROUTE, detail));
		return NULL;
	}
	return g_object_ref(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(from)));
}

char *host_route_to_text(GInetSocketAddress *address)
{
	GInetAddress *inet = g_inet_socket_address_get_address(address);
	g_autofree char *text = g_inet_address_to_string(inet);
	char name[IF_NAMESIZE];
	guint scope;

	/* Of others it means nothing. */
	if (g_inet_address_get_family(inet) != G_SOCKET_FAMILY_IPV6 ||
	    !g_inet_address_get_is_link_local(inet))
		return g_steal_pointer(&text);
	scope = g_inet_socket_address_get_scope_id(address);
	if (!scope)
		return g_steal_pointer(&text);
	return if_indextoname(scope, name) ? g_strdup_printf("%s%%%s", text, name)
					   : g_strdup_printf("%s%%%u", text, scope);
}
