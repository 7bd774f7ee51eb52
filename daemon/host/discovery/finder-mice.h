/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sinks on the local network: Miracast over Infrastructure, by Avahi ([MS-MICE], 3.1.3). The name of a
 * sink's host is asked for over mDNS and in the DNS at once; what mDNS says is preferred, and followed.
 */
#ifndef HOST_FINDER_MICE_H
#define HOST_FINDER_MICE_H

#include "finder.h"
#include "links/listener.h"

G_BEGIN_DECLS

#define HOST_WAY_MICE "mice"

#define HOST_TYPE_FINDER_MICE (host_finder_mice_get_type())
G_DECLARE_FINAL_TYPE(HostFinderMice, host_finder_mice, HOST, FINDER_MICE, GObject)

/**
 * host_finder_mice_new:
 * @connection: to the bus that Avahi is on
 * @listener: outlives it and its links
 */
HostFinder *host_finder_mice_new(GDBusConnection *connection, HostListener *listener);

G_END_DECLS

#endif /* HOST_FINDER_MICE_H */
