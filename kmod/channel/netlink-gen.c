// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	docs/netlink/miracast.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: scripts/netlink-gen */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/miracast_netlink.h>
#include <kmod/compat-genl.h>

/* MIRACAST_NL_CMD_ADAPTER_GET - dump */
static const struct nla_policy miracast_adapter_get_nl_policy[MIRACAST_NL_ADAPTER_DEVICE + 1] = {
	[MIRACAST_NL_ADAPTER_DEVICE] = { .type = NLA_U32, },
};

/* MIRACAST_NL_CMD_CONTEXT_GET - dump */
static const struct nla_policy miracast_context_get_nl_policy[MIRACAST_NL_CONTEXT_DEVICE + 1] = {
	[MIRACAST_NL_CONTEXT_DEVICE] = { .type = NLA_U32, },
};

/* Ops table for miracast */
static const struct genl_split_ops miracast_nl_ops[] = {
	{
		.cmd		= MIRACAST_NL_CMD_ADAPTER_GET,
		.start		= miracast_nl_adapter_dump_start,
		.dumpit		= miracast_nl_adapter_get_dumpit,
		.done		= miracast_nl_dump_done,
		.policy		= miracast_adapter_get_nl_policy,
		.maxattr	= MIRACAST_NL_ADAPTER_DEVICE,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= MIRACAST_NL_CMD_CONTEXT_GET,
		.start		= miracast_nl_context_dump_start,
		.dumpit		= miracast_nl_context_get_dumpit,
		.done		= miracast_nl_dump_done,
		.policy		= miracast_context_get_nl_policy,
		.maxattr	= MIRACAST_NL_CONTEXT_DEVICE,
		.flags		= GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group miracast_nl_mcgrps[] = {
	[MIRACAST_NLGRP_EVENTS] = { "events", },
};

struct genl_family miracast_nl_family __ro_after_init = {
	.name		= MIRACAST_FAMILY_NAME,
	.version	= MIRACAST_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= miracast_nl_ops,
	.n_split_ops	= ARRAY_SIZE(miracast_nl_ops),
	.mcgrps		= miracast_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(miracast_nl_mcgrps),
};
