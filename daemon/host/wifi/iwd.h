/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iwd on the system bus: whether it has a radio that can do Wi-Fi Direct, the sinks that it sees
 * there, and what all of its users share: that this machine is said to be a source, and the search.
 */
#ifndef HOST_IWD_H
#define HOST_IWD_H

#include "iwd-bus.h"
#include "peers.h"
#include "reason.h"
#include "uses.h"

G_BEGIN_DECLS

#define HOST_TYPE_IWD (host_iwd_get_type())
G_DECLARE_FINAL_TYPE(HostIwd, host_iwd, HOST, IWD, GObject)

/**
 * HostIwd::changed:
 *
 * What is_known(), get_device() and get_problem() say.
 */
/**
 * HostIwd::peer-found:
 * @peer: a HostPeer, new or changed
 */
/**
 * HostIwd::peer-lost:
 * @peer: a HostPeer, for the last time
 */
/**
 * HostIwd::peer-changed:
 * @path: of its object
 * @changed: a GVariant of type a{sv}: of its interface HOST_IWD_PEER
 */

HostIwd *host_iwd_new(GDBusConnection *connection);

/* FALSE: it is still being asked. */
gboolean host_iwd_is_known(HostIwd *iwd);

/* It is on the bus, with or without a radio. */
gboolean host_iwd_is_there(HostIwd *iwd);

/* The object of its first radio that can do Wi-Fi Direct; (nullable) */
const char *host_iwd_get_device(HostIwd *iwd);

/* That radio's network interface, "wlan0"; (transfer full) (nullable) */
char *host_iwd_get_interface(HostIwd *iwd);

/* That one is on a network. */
gboolean host_iwd_is_on_network(HostIwd *iwd);

/* Why Wi-Fi Direct is not to be had from it; HOST_N_REASONS: it is. @detail: of it, or NULL */
HostReason host_iwd_get_problem(HostIwd *iwd, const char **detail);

GDBusConnection *host_iwd_get_connection(HostIwd *iwd);

/* Of sinks only. */
HostPeers *host_iwd_get_peers(HostIwd *iwd);

/*
 * While somebody uses it, its Wi-Fi Direct device is enabled, and the machine says that it is a source
 * with RTSP on @port (0: whatever is said already); with the last use this is put back. @ready: it is so.
 */
HostUse *host_iwd_use(HostIwd *iwd, guint16 port, HostUseReady ready, gpointer user_data);

/* At the program's end: all is put back, or some seconds have passed. */
void host_iwd_wait_put_back(HostIwd *iwd);

/* Looks for sinks, until as many calls of stop. Needs a use. */
void host_iwd_start_search(HostIwd *iwd);
void host_iwd_stop_search(HostIwd *iwd);

/* Since when it looks, monotonic us; 0: it does not. */
gint64 host_iwd_get_search_began(HostIwd *iwd);

G_END_DECLS

#endif /* HOST_IWD_H */
