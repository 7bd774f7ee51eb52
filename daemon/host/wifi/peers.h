/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Wi-Fi Direct devices in reach, as the program that manages the radio tells of them. */
#ifndef HOST_PEERS_H
#define HOST_PEERS_H

#include "wfd-ie.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * HostPeer: one of them
 * @path: its object
 * @address: P2P device address, "aa:bb:cc:dd:ee:ff"; (nullable): it was not told yet
 * @name: (nullable): as it may be shown
 * @kind: "tv", ...; "" if not known
 * @dbm: signal; 0 if not known
 * @is_display: what it says as one is known: @wfd
 * @methods: HOST_P2P_METHOD_...; 0 if not known
 * @is_owner: of a group that is running, as far as is known
 * @found_at: when it was told of last, monotonic us; of what changes later nothing may be said
 */
typedef struct {
	char *path;
	char *address;
	char *name;
	const char *kind;
	int dbm;
	gboolean is_display;
	HostWfdInfo wfd;
	guint16 methods;
	gboolean is_owner;
	gint64 found_at;
} HostPeer;

/* All of one object, which these are a part of, and which has the signals peer-found and peer-lost. */
typedef struct _HostPeers HostPeers;

HostPeers *host_peers_new(gpointer object);
void host_peers_free(HostPeers *peers);

/* NULL: it is not in reach. */
const HostPeer *host_peers_find(HostPeers *peers, const char *address);
/* Of HostPeer; to be freed by g_list_free(). */
GList *host_peers_list(HostPeers *peers);

/* For the object that these are of. */

/* By the path; (nullable) */
HostPeer *host_peers_lookup(HostPeers *peers, const char *path);
/* A new one; NULL: there are too many. */
HostPeer *host_peers_add(HostPeers *peers, const char *path);
/* It is new or has changed. */
void host_peers_tell(HostPeers *peers, HostPeer *peer);
/* Nothing, if there is none. */
void host_peers_lose(HostPeers *peers, const char *path);
void host_peers_lose_all(HostPeers *peers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostPeers, host_peers_free)

G_END_DECLS

#endif /* HOST_PEERS_H */
