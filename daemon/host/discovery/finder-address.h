/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sinks whose addresses persons have typed: nothing is looked for. */
#ifndef HOST_FINDER_ADDRESS_H
#define HOST_FINDER_ADDRESS_H

#include "finder.h"
#include "links/listener.h"

G_BEGIN_DECLS

#define HOST_WAY_ADDRESS "address"

#define HOST_TYPE_FINDER_ADDRESS (host_finder_address_get_type())
G_DECLARE_FINAL_TYPE(HostFinderAddress, host_finder_address, HOST, FINDER_ADDRESS, GObject)

/* @listener: outlives it and its links */
HostFinderAddress *host_finder_address_new(HostListener *listener);

/* Found, until it is forgotten. @address: as of host_route_to_text(); the finding's id */
void host_finder_address_add(HostFinderAddress *finder, const char *address);

G_END_DECLS

#endif /* HOST_FINDER_ADDRESS_H */
