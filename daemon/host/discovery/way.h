/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A way to a sink: what one finder has found of it. Reference-counted; does not change. */
#ifndef HOST_WAY_H
#define HOST_WAY_H

#include "finder.h"

G_BEGIN_DECLS

typedef struct {
	HostFinder *finder;
	guint rank; /* of the finder: the lowest is preferred */
	HostFinding *finding;
} HostWay;

HostWay *host_way_new(HostFinder *finder, guint rank, HostFinding *finding);
HostWay *host_way_ref(HostWay *way);
void host_way_unref(HostWay *way);

/* "mice", "p2p", "address" */
const char *host_way_get_name(const HostWay *way);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostWay, host_way_unref)

G_END_DECLS

#endif /* HOST_WAY_H */
