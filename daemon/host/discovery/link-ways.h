/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link by the first of several ways that brings the sink here. Each is tried after the one before
 * has failed, with its own limits; once one has brought it, that is the link.
 */
#ifndef HOST_LINK_WAYS_H
#define HOST_LINK_WAYS_H

#include "way.h"

G_BEGIN_DECLS

#define HOST_TYPE_LINK_WAYS (host_link_ways_get_type())
G_DECLARE_FINAL_TYPE(HostLinkWays, host_link_ways, HOST, LINK_WAYS, GObject)

/* The ways to the sink that are known by now; transfer full, (element-type HostWay) */
typedef GPtrArray *(*HostLinkWaysNow)(gpointer user_data);

/**
 * host_link_ways_new:
 * @ways: (transfer full) (element-type HostWay): at least one
 * @wish: what it points to outlives the link
 * @now: asked once all of @ways have failed: a sink is found by one way sooner than by another
 */
HostLinkWays *host_link_ways_new(GPtrArray *ways, const HostLinkWish *wish, HostLinkWaysNow now,
				 gpointer user_data);

gboolean host_link_ways_has_several(HostLinkWays *link);

/* The one that is used or tried; (nullable): none yet. */
HostWay *host_link_ways_get_way(HostLinkWays *link);

G_END_DECLS

#endif /* HOST_LINK_WAYS_H */
