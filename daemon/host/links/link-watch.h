/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches a local address and the carrier of its interface, over rtnetlink.
 *
 * The address or the interface is removed: lost at once. The carrier is gone, or the interface is
 * down: lost after HOST_LINK_WATCH_GRACE_MS without it, so that a moment's flap is survived. The
 * kernel tells of a carrier at most once a second, so it may be a second more after the event.
 */
#ifndef HOST_LINK_WATCH_H
#define HOST_LINK_WATCH_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_LINK_WATCH_GRACE_MS 3000

typedef struct _HostLinkWatch HostLinkWatch;

/* Called once at most. @detail: what happened, for people. */
typedef void (*HostLinkLost)(const char *detail, gpointer user_data);

/* NULL with an error if there is no such local address (HOST_REASON_NO_LOCAL_ADDRESS). */
HostLinkWatch *host_link_watch_new(GInetSocketAddress *local, HostLinkLost lost, gpointer user_data,
				   GError **error);
void host_link_watch_free(HostLinkWatch *watch);

/* "eth0" */
const char *host_link_watch_get_interface(HostLinkWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostLinkWatch, host_link_watch_free)

G_END_DECLS

#endif /* HOST_LINK_WATCH_H */
