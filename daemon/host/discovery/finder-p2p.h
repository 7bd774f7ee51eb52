/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sinks in the air: Wi-Fi Direct, by wpa_supplicant, or by iwd where that has the radio. */
#ifndef HOST_FINDER_P2P_H
#define HOST_FINDER_P2P_H

#include "finder.h"
#include "links/listener.h"

G_BEGIN_DECLS

#define HOST_WAY_P2P "p2p"

#define HOST_TYPE_FINDER_P2P (host_finder_p2p_get_type())
G_DECLARE_FINAL_TYPE(HostFinderP2p, host_finder_p2p, HOST, FINDER_P2P, GObject)

/**
 * host_finder_p2p_new:
 * @connection: to the bus that wpa_supplicant, NetworkManager and iwd are on
 * @listener: outlives it and its links
 * @state_directory: for what is kept of sinks
 */
HostFinder *host_finder_p2p_new(GDBusConnection *connection, HostListener *listener,
				const char *state_directory);

G_END_DECLS

#endif /* HOST_FINDER_P2P_H */
