/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sinks that iwd sees. A part of HostIwd. */
#ifndef HOST_IWD_PEERS_H
#define HOST_IWD_PEERS_H

#include "iwd-radio.h"
#include "peers.h"

G_BEGIN_DECLS

typedef struct _HostIwdPeers HostIwdPeers;

/**
 * host_iwd_peers_new:
 * @owner: what this is a part of; it has the signals peer-found and peer-lost
 * @radio: of it, too
 */
HostIwdPeers *host_iwd_peers_new(GObject *owner, GDBusConnection *connection,
				 const HostIwdRadio *radio);
void host_iwd_peers_free(HostIwdPeers *peers);

HostPeers *host_iwd_peers_get_table(HostIwdPeers *peers);

/* @object is there, perhaps not any more as a sink of the radio's. */
void host_iwd_peers_look_at(HostIwdPeers *peers, GDBusObject *object);

/* How strong they are iwd is asked for again and again, until it is stopped; it tells of none by itself. */
void host_iwd_peers_watch_levels(HostIwdPeers *peers);
void host_iwd_peers_stop_levels(HostIwdPeers *peers);

G_END_DECLS

#endif /* HOST_IWD_PEERS_H */
