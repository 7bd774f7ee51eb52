/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link: what brings a sink's RTSP connection here, and knows when the way to it is gone. Makers:
 * link-direct.h (an address), link-p2p.h (a Wi-Fi Direct group), link-mice.h (MICE on the local network)
 * and discovery/link-ways.h (one of these after the other).
 */
#ifndef HOST_LINK_H
#define HOST_LINK_H

#include "reason.h"
#include "sealer.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_TYPE_LINK (host_link_get_type())
G_DECLARE_INTERFACE(HostLink, host_link, HOST, LINK, GObject)

/**
 * struct _HostLinkInterface - what a maker implements
 * @set_sealer: optional: before open: who seals, should that be wanted; NULL: nobody any more
 * @open_async: bring the sink here, in bounded time; again if it has gone before settle
 * @open_finish: the connected RTSP socket (blocking, the caller's to close), or -1 with
 *	an error of domain HOST_ERROR, or G_IO_ERROR_CANCELLED
 * @get_addresses: after a successful open: (transfer full): this side's address with the port
 *	of RTSP, and the sink's
 * @settle: the session goes on with the sink's connection: no other one is wanted
 * @leave: optional: the session ends: say so to the sink; the sealer goes after that, and close follows
 * @close: release the way; no signal after this
 * @add_details: optional: add to what is shown of the session
 * @add_statistics: optional: the same for what changes all the time
 */
struct _HostLinkInterface {
	GTypeInterface parent;

	void (*set_sealer)(HostLink *link, HostSealer *sealer);
	void (*open_async)(HostLink *link, GCancellable *cancellable, GAsyncReadyCallback callback,
			   gpointer user_data);
	int (*open_finish)(HostLink *link, GAsyncResult *result, GError **error);
	void (*get_addresses)(HostLink *link, GSocketAddress **local, GInetAddress **peer);
	void (*settle)(HostLink *link);
	void (*leave)(HostLink *link);
	void (*close)(HostLink *link);
	void (*add_details)(HostLink *link, GVariantDict *details);
	void (*add_statistics)(HostLink *link, GVariantDict *statistics);
};

/**
 * HostLink::lost:
 * @reason: a HostReason
 * @detail: (nullable): what happened, for people
 *
 * After a successful open: the way to the sink is gone, or the sink wants no more.
 */

/**
 * HostLink::step:
 * @word: for machines, what the open has come to: "pairing", "address", ...
 * @message: for people
 */

void host_link_set_sealer(HostLink *link, HostSealer *sealer);
void host_link_open_async(HostLink *link, GCancellable *cancellable, GAsyncReadyCallback callback,
			  gpointer user_data);
int host_link_open_finish(HostLink *link, GAsyncResult *result, GError **error);
void host_link_get_addresses(HostLink *link, GSocketAddress **local, GInetAddress **peer);
void host_link_settle(HostLink *link);
void host_link_leave(HostLink *link);
void host_link_close(HostLink *link);
void host_link_add_details(HostLink *link, GVariantDict *details);
void host_link_add_statistics(HostLink *link, GVariantDict *statistics);

/* For makers. */
void host_link_emit_lost(HostLink *link, HostReason reason, const char *detail);
void host_link_emit_step(HostLink *link, const char *word, const char *message);

G_END_DECLS

#endif /* HOST_LINK_H */
