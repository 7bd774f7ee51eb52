/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The peers that wpa_supplicant tells of, and what it says of each. A part of HostSupplicant. */
#ifndef HOST_SUPPLICANT_PEERS_H
#define HOST_SUPPLICANT_PEERS_H

#include "peers.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HostSupplicantPeers HostSupplicantPeers;

/* @owner: what this is a part of; it has the signals peer-found and peer-lost. */
HostSupplicantPeers *host_supplicant_peers_new(GObject *owner, GDBusConnection *connection);
void host_supplicant_peers_free(HostSupplicantPeers *peers);

HostPeers *host_supplicant_peers_get_table(HostSupplicantPeers *peers);

/* Wi-Fi Display elements that could not be read, since the start. */
guint host_supplicant_peers_count_malformed(HostSupplicantPeers *peers);

/* @parameters: of the signal DeviceFoundProperties */
void host_supplicant_peers_find(HostSupplicantPeers *peers, GVariant *parameters);

/*
 * Asks the supplicant what it knows of @peer now; peer-found and peer-lost tell, then @ready is called,
 * once, in bounded time.
 */
typedef void (*HostSupplicantRead)(gpointer user_data);

void host_supplicant_peers_read(HostSupplicantPeers *peers, const HostPeer *peer,
				HostSupplicantRead ready, gpointer user_data);

G_END_DECLS

#endif /* HOST_SUPPLICANT_PEERS_H */
