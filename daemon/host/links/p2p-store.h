/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wi-Fi Direct groups that sinks will know again, so that nobody has to accept or type a second time:
 * kept in a file of ours, because the supplicant forgets them when it has no file of its own.
 */
#ifndef HOST_P2P_STORE_H
#define HOST_P2P_STORE_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * HostStoredGroup:
 * @is_owner: this machine owned it
 * @owner: address of the group's owner, "aa:bb:cc:dd:ee:ff"
 * @ssid: ay
 * @psk: ay, 32 bytes
 */
typedef struct {
	gboolean is_owner;
	char *owner;
	GBytes *ssid;
	GBytes *psk;
} HostStoredGroup;

void host_stored_group_free(HostStoredGroup *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostStoredGroup, host_stored_group_free)

typedef struct _HostP2pStore HostP2pStore;

/* @path: of a file that need not be there */
HostP2pStore *host_p2p_store_new(const char *path);
void host_p2p_store_free(HostP2pStore *store);

/* @sink: its P2P device address. (transfer full) (nullable) */
HostStoredGroup *host_p2p_store_lookup(HostP2pStore *store, const char *sink);
void host_p2p_store_save(HostP2pStore *store, const char *sink, const HostStoredGroup *group);
void host_p2p_store_drop(HostP2pStore *store, const char *sink);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostP2pStore, host_p2p_store_free)

G_END_DECLS

#endif /* HOST_P2P_STORE_H */
