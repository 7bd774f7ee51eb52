/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link over a Wi-Fi Direct group: the group, then addresses on it, then the sink's connection. */
#ifndef HOST_LINK_P2P_H
#define HOST_LINK_P2P_H

#include "group.h"
#include "link.h"
#include "listener.h"

G_BEGIN_DECLS

/* The sink has so long to connect once there are addresses, if nothing else is wanted (WFD 2.1, 6.5.2). */
#define HOST_LINK_P2P_WAIT_S 90

/*
 * And so long where there is another group to try, in which the other of the two is the owner. Android
 * ends a group after that (RTSP_TIMEOUT_SECONDS of its WifiDisplayController), so sinks are faster.
 */
#define HOST_LINK_P2P_TURN_S 30

#define HOST_TYPE_LINK_P2P (host_link_p2p_get_type())
G_DECLARE_FINAL_TYPE(HostLinkP2p, host_link_p2p, HOST, LINK_P2P, GObject)

/*
 * The sink can connect as soon as the group has an interface. Without addresses in the group, or if the
 * sink does not connect, the roles may be what it cannot do: once, they are exchanged.
 */

/**
 * host_link_p2p_new:
 * @listener: outlives the link
 * @group: not opened yet; the link's from now on
 * @port: of RTSP, as the sink was told over the air
 * @wait_s: seconds that the sink has to connect, once there are addresses; 0: HOST_LINK_P2P_WAIT_S
 */
HostLink *host_link_p2p_new(HostListener *listener, HostGroup *group, guint16 port, guint wait_s);

G_END_DECLS

#endif /* HOST_LINK_P2P_H */
