/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As compat.h, for generic netlink: what the generator writes is for kernels with split
 * operations. Before them an operation that is a dump and nothing else had the same members.
 */
#ifndef _MIRACAST_COMPAT_GENL_H
#define _MIRACAST_COMPAT_GENL_H

#include <net/genetlink.h>

#ifndef MIRACAST_HAVE_GENL_SPLIT_OPS
#define genl_split_ops genl_ops
#define split_ops      ops
#define n_split_ops    n_ops
#endif

#endif /* _MIRACAST_COMPAT_GENL_H */
