/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link by address: the sink connects to us over a network that is there already. */
#ifndef HOST_LINK_DIRECT_H
#define HOST_LINK_DIRECT_H

#include "link.h"
#include "listener.h"

G_BEGIN_DECLS

/* The sink has so long to connect, if nothing else is wanted: whoever types an address starts it, too. */
#define HOST_LINK_DIRECT_WAIT_S 30

#define HOST_TYPE_LINK_DIRECT (host_link_direct_get_type())
G_DECLARE_FINAL_TYPE(HostLinkDirect, host_link_direct, HOST, LINK_DIRECT, GObject)

/**
 * host_link_direct_new:
 * @listener: outlives the link
 * @local: an address of this machine, and the port to listen on
 * @peer: the sink's address: nobody else is let in
 * @wait_s: seconds that it has to connect; 0: HOST_LINK_DIRECT_WAIT_S
 */
HostLink *host_link_direct_new(HostListener *listener, GSocketAddress *local, GInetAddress *peer,
			       guint wait_s);

/* (nullable): what it may be that keeps the sink out, for people */
const char *host_link_direct_get_obstacle(HostLinkDirect *self);

G_END_DECLS

#endif /* HOST_LINK_DIRECT_H */
