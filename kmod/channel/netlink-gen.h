/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	docs/netlink/miracast.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: scripts/netlink-gen */

#ifndef _LINUX_MIRACAST_GEN_H
#define _LINUX_MIRACAST_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/miracast_netlink.h>
#include <kmod/compat-genl.h>

int miracast_nl_adapter_dump_start(struct netlink_callback *cb);
int miracast_nl_context_dump_start(struct netlink_callback *cb);
int miracast_nl_dump_done(struct netlink_callback *cb);

int miracast_nl_adapter_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int miracast_nl_context_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);

enum {
	MIRACAST_NLGRP_EVENTS,
};

extern struct genl_family miracast_nl_family;

#endif /* _LINUX_MIRACAST_GEN_H */
