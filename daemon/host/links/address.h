/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses on a Wi-Fi Direct group. To set them takes rights that miracastd does not have: another
 * program does it (daemon/address), behind a socket, for as long as the connection to it lasts.
 */
#ifndef HOST_ADDRESS_H
#define HOST_ADDRESS_H

#include "group.h"

G_BEGIN_DECLS

#define HOST_ADDRESS_SOCKET "/run/miracast-address.socket"

/* DHCP of a sink that owns the group has so long to answer (seconds). */
#define HOST_ADDRESS_LIMIT_S 30

typedef struct _HostAddress HostAddress;

/*
 * Once: @local is set, and @peer is or will be the sink's; or both are NULL with an @error of
 * domain HOST_ERROR.
 */
typedef void (*HostAddressReady)(GInetAddress *local, GInetAddress *peer, const GError *error,
				 gpointer user_data);
/* After that: the address is gone. */
typedef void (*HostAddressLost)(const char *detail, gpointer user_data);

/* The group is there; what it has of addresses is set, what it lacks is asked for or given. */
HostAddress *host_address_new(const HostGroupNet *net, HostAddressReady ready, HostAddressLost lost,
			      gpointer user_data);

/* The address goes, and some seconds later what is left of the group's interface. */
void host_address_free(HostAddress *address);

/* The sink has asked for its address and got it. */
gboolean host_address_is_leased(HostAddress *address);

/* What a supplicant that died has left behind: the interface of a group, which goes away. */
void host_address_remove_interface(const char *interface);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostAddress, host_address_free)

G_END_DECLS

#endif /* HOST_ADDRESS_H */
