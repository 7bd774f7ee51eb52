/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_ROUTE_H
#define HOST_ROUTE_H

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * host_route_get_local:
 *
 * Returns: (transfer full): this machine's address that @peer is reached from; NULL with
 * HOST_REASON_NO_ROUTE
 */
GInetAddress *host_route_get_local(GInetAddress *peer, GError **error);

/* "192.168.1.7", "fe80::1%eth0": without the port (transfer full) */
char *host_route_to_text(GInetSocketAddress *address);

G_END_DECLS

#endif /* HOST_ROUTE_H */
