/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the caller of Connect asked for. */
#ifndef HOST_WISH_H
#define HOST_WISH_H

#include "discovery/finder.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reference-counted; nothing of it changes once it is made. */
typedef struct {
	char *peer; /* address of a sink that is named by it, as of host_route_to_text(); else NULL */
	GInetSocketAddress *local; /* or NULL: what the route to the sink says */
	char *way; /* the only one to try, or NULL: all */
	guint16 port;
	guint32 wait_s; /* 0: as long as suits the way */
	guint32 start_timeout_s;
	gboolean reconnect;
	gboolean input; /* the sink may send input */
	char *pin; /* or NULL */
	HostEncryption encryption;
	int go_intent; /* or -1 */
	HostGroupMaker maker; /* or HOST_N_GROUP_MAKERS */
	char *agent; /* path of the caller's object, or NULL */
	char *adapter; /* or NULL */
	GHashTable *driver_options; /* element-type utf8 utf8 */
} HostWish;

/**
 * host_wish_parse:
 * @options: the a{sv} of Connect
 * @by_address: whether "peer-address" has to be there, or else may not be
 *
 * Returns: (transfer full): NULL with G_IO_ERROR_INVALID_ARGUMENT
 */
HostWish *host_wish_parse(GVariant *options, gboolean by_address, GError **error);

HostWish *host_wish_ref(HostWish *wish);
void host_wish_unref(HostWish *wish);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostWish, host_wish_unref)

G_END_DECLS

#endif /* HOST_WISH_H */
