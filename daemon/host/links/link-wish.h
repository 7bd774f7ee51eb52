/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a link to a sink is wanted: the person's choice, or what was chosen for them. */
#ifndef HOST_LINK_WISH_H
#define HOST_LINK_WISH_H

#include "agent.h"
#include "group.h"

G_BEGIN_DECLS

typedef enum {
	HOST_ENCRYPTION_AUTO, /* if the sink asks for it */
	HOST_ENCRYPTION_REQUIRED, /* by ways that the air or the group does not encrypt */
	HOST_ENCRYPTION_NEVER,
} HostEncryption;

typedef struct {
	guint16 port; /* of RTSP */
	guint wait_s; /* that the sink has to connect, once the way is there; 0: as long as suits the way */
	HostAgent *agent; /* asks the person; not NULL */
	const char *pin; /* (nullable): what the sink shows, known beforehand */
	GInetSocketAddress *
		local; /* (nullable): for a way by address, without a port; NULL: what the route says */
	HostEncryption encryption;
	int go_intent; /* 0 to 15, or -1: the maker chooses */
	HostGroupMaker maker; /* of a group; HOST_N_GROUP_MAKERS: whoever can on this machine */
} HostLinkWish;

G_END_DECLS

#endif /* HOST_LINK_WISH_H */
