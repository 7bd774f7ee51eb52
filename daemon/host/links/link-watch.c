// SPDX-License-Identifier: GPL-2.0-or-later
#include "link-watch.h"

#include "reason.h"
#include "route.h"

#include <errno.h>
#include <glib-unix.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

struct _HostLinkWatch {
	GInetSocketAddress *local;
	char *interface;
	struct nl_sock *socket;
	guint socket_source;
	guint grace_source;
	HostLinkLost lost;
	gpointer user_data;
};

/* Interfaces may share one that is of a link, as a bridge does with what is in it. */
static gboolean is_same(GInetSocketAddress *address, GInetSocketAddress *local)
{
	GInetAddress *host = g_inet_socket_address_get_address(local);
	guint scope = g_inet_address_get_family(host) == G_SOCKET_FAMILY_IPV6
			      ? g_inet_socket_address_get_scope_id(local)
			      : 0;

	return g_inet_address_equal(g_inet_socket_address_get_address(address), host) &&
	       (!scope || scope == g_inet_socket_address_get_scope_id(address));
}

/*
 * The interface that has @local: its name (transfer full) or NULL, and flags. FALSE: there is no
 * telling, and errno says why.
 */
static gboolean find_interface(GInetSocketAddress *local, char **name, unsigned int *flags)
{
	struct ifaddrs *all;

	*name = NULL;
	if (getifaddrs(&all))
		return FALSE;
	for (struct ifaddrs *one = all; one && !*name; one = one->ifa_next) {
		g_autoptr(GSocketAddress) address = NULL;

		if (!one->ifa_addr ||
		    (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
			continue;
		address = g_socket_address_new_from_native(one->ifa_addr,
							   one->ifa_addr->sa_family == AF_INET
								   ? sizeof(struct sockaddr_in)
								   : sizeof(struct sockaddr_in6));
		if (!is_same(G_INET_SOCKET_ADDRESS(address), local))
			continue;
		*name = g_strdup(one->ifa_name);
		*flags = one->ifa_flags;
	}
	freeifaddrs(all);
	return TRUE;
}

/* The last thing that a watch does: its owner may free it in the call. */
static void tell_lost(HostLinkWatch *watch, const char *what)
{
	g_autofree char *address = host_route_to_text(watch->local);
	g_autofree char *detail = g_strdup_printf("%s on %s %s", address, watch->interface, what);

	g_clear_handle_id(&watch->socket_source, g_source_remove);
	g_clear_handle_id(&watch->grace_source, g_source_remove);
	watch->lost(detail, watch->user_data);
}

static gboolean on_grace_over(gpointer data)
{
	HostLinkWatch *watch = data;

	watch->grace_source = 0;
	tell_lost(watch, "has no carrier");
	return G_SOURCE_REMOVE;
}

/* FALSE: the link is lost, and the watch perhaps freed. */
static gboolean check(HostLinkWatch *watch)
{
	unsigned int flags = 0;
	g_autofree char *interface = NULL;

	/* What is not known is looked at again with the next message. */
	if (!find_interface(watch->local, &interface, &flags))
		return TRUE;
	if (!interface || strcmp(interface, watch->interface)) {
		tell_lost(watch, "was removed");
		return FALSE;
	}
	if ((flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING)) {
		g_clear_handle_id(&watch->grace_source, g_source_remove);
	} else if (!watch->grace_source) {
		watch->grace_source = g_timeout_add(HOST_LINK_WATCH_GRACE_MS, on_grace_over, watch);
	}
	return TRUE;
}

/* Which message it was does not matter, nor if some were lost: the state is read anew. */
static gboolean on_netlink(int fd, GIOCondition condition, gpointer data)
{
	HostLinkWatch *watch = data;

	nl_recvmsgs_default(watch->socket);
	return check(watch) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

HostLinkWatch *host_link_watch_new(GInetSocketAddress *local, HostLinkLost lost, gpointer user_data,
				   GError **error)
{
	g_autoptr(HostLinkWatch) watch = g_new0(HostLinkWatch, 1);
	unsigned int flags;
	int result;

	watch->local = g_object_ref(local);
	watch->lost = lost;
	watch->user_data = user_data;
	watch->socket = nl_socket_alloc();
	nl_socket_disable_seq_check(watch->socket);

	/* First listen, then look: nothing is missed between. */
	result = nl_connect(watch->socket, NETLINK_ROUTE);
	if (!result)
		result = nl_socket_add_memberships(watch->socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
						   RTNLGRP_IPV6_IFADDR, 0);
	if (!result)
		result = nl_socket_set_nonblocking(watch->socket);
	if (result) {
		g_autofree char *detail = g_strdup_printf("rtnetlink: %s", nl_geterror(result));

		g_propagate_error(error, host_reason_error(HOST_REASON_LISTEN_FAILED, detail));
		return NULL;
	}
	if (!find_interface(local, &watch->interface, &flags)) {
		g_autofree char *detail = g_strdup_printf("addresses: %s", g_strerror(errno));

		g_propagate_error(error, host_reason_error(HOST_REASON_LISTEN_FAILED, detail));
		return NULL;
	}
	if (!watch->interface) {
		g_autofree char *address = host_route_to_text(local);

		g_propagate_error(error, host_reason_error(HOST_REASON_NO_LOCAL_ADDRESS, address));
		return NULL;
	}
	watch->socket_source =
		g_unix_fd_add(nl_socket_get_fd(watch->socket), G_IO_IN, on_netlink, watch);
	return g_steal_pointer(&watch);
}

void host_link_watch_free(HostLinkWatch *watch)
{
	g_clear_handle_id(&watch->socket_source, g_source_remove);
	g_clear_handle_id(&watch->grace_source, g_source_remove);
	nl_socket_free(watch->socket);
	g_object_unref(watch->local);
	g_free(watch->interface);
	g_free(watch);
}

const char *host_link_watch_get_interface(HostLinkWatch *watch)
{
	return watch->interface;
}
