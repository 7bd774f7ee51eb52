/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wpa_supplicant on the system bus: whether it is there and can do Wi-Fi Direct, the peers that it
 * sees, and what all of its users share: what the machine says of itself over the air.
 */
#ifndef HOST_SUPPLICANT_H
#define HOST_SUPPLICANT_H

#include "reason.h"
#include "supplicant-bus.h"
#include "supplicant-peers.h"
#include "uses.h"

G_BEGIN_DECLS

#define HOST_TYPE_SUPPLICANT (host_supplicant_get_type())
G_DECLARE_FINAL_TYPE(HostSupplicant, host_supplicant, HOST, SUPPLICANT, GObject)

/**
 * HostSupplicant::changed:
 *
 * What get_problem() and get_p2p() say.
 */
/**
 * HostSupplicant::peer-found:
 * @peer: a HostPeer, new or changed
 */
/**
 * HostSupplicant::peer-lost:
 * @peer: a HostPeer, for the last time
 */
/**
 * HostSupplicant::event:
 * @path: of the object
 * @signal: "GroupStarted", ...
 * @parameters: a GVariant
 *
 * What it says of groups, as it comes.
 */

HostSupplicant *host_supplicant_new(GDBusConnection *connection);

/* Why Wi-Fi Direct is not to be had; HOST_N_REASONS: it is. @detail: of it, or NULL */
HostReason host_supplicant_get_problem(HostSupplicant *supplicant, const char **detail);

/* The object with the interface P2PDevice, and the network interface that it is of; or NULL. */
const char *host_supplicant_get_p2p(HostSupplicant *supplicant);
const char *host_supplicant_get_interface(HostSupplicant *supplicant);

GDBusConnection *host_supplicant_get_connection(HostSupplicant *supplicant);

/* Of Wi-Fi Direct devices, sinks among them. */
HostPeers *host_supplicant_get_peers(HostSupplicant *supplicant);

/* Asks for what the supplicant knows of @peer now; see host_supplicant_peers_read(). */
void host_supplicant_read_peer(HostSupplicant *supplicant, const HostPeer *peer,
			       HostSupplicantRead ready, gpointer user_data);

/* Elements that could not be read, since the start. */
guint host_supplicant_count_malformed(HostSupplicant *supplicant);

/*
 * While somebody uses it, the machine says that it is a source with RTSP on the latest use's @port; with
 * the last one what was said before is put back. @ready: it is said; never before the call returns.
 */
HostUse *host_supplicant_use(HostSupplicant *supplicant, guint16 port, HostUseReady ready,
			     gpointer user_data);

/* NetworkManager has emptied it; it is said once more, or what was before is put back with the last use. */
void host_supplicant_announce_again(HostSupplicant *supplicant);

/* At the program's end: what was said before is put back, or some seconds have passed. */
void host_supplicant_wait_put_back(HostSupplicant *supplicant);

/* Looks for peers, social channels first, until as many calls of stop. Needs a use. */
void host_supplicant_start_search(HostSupplicant *supplicant);
void host_supplicant_stop_search(HostSupplicant *supplicant);

/*
 * One @group at a time: much of what the supplicant says of groups names no peer, and it has one Cancel for
 * all. Until it is given back nothing is searched for: that would end the forming, and later take the
 * radio from what the group carries. FALSE: another one has it.
 */
gboolean host_supplicant_claim(HostSupplicant *supplicant, gconstpointer group);
/* Nothing, if @group does not have it. */
void host_supplicant_give_back(HostSupplicant *supplicant, gconstpointer group);
gboolean host_supplicant_is_claimed(HostSupplicant *supplicant);

G_END_DECLS

#endif /* HOST_SUPPLICANT_H */
