/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of hosts, which IPv6 may have of one link only, and how they are reached. */
#ifndef HOST_ROUTE_H
#define HOST_ROUTE_H

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * host_route_parse:
 * @text: as persons type an address: "192.168.1.7", "fe80::1%eth0", "fe80::1%2"
 *
 * Returns: (transfer full): without a port, and with an interface if it is of a link; NULL with
 * G_IO_ERROR_INVALID_ARGUMENT and a sentence
 */
GInetSocketAddress *host_route_parse(const char *text, GError **error);

/* "192.168.1.7", "fe80::1%eth0": without the port (transfer full) */
char *host_route_to_text(GInetSocketAddress *address);

/* The same host, at another port (transfer full) */
GSocketAddress *host_route_with_port(GInetSocketAddress *address, guint16 port);

/**
 * host_route_get_local:
 *
 * Returns: (transfer full): this machine's address that @peer is reached from, with @port; NULL with
 * HOST_REASON_NO_ROUTE
 */
GSocketAddress *host_route_get_local(GInetSocketAddress *peer, guint16 port, GError **error);

G_END_DECLS

#endif /* HOST_ROUTE_H */
