/* SPDX-License-Identifier: GPL-2.0 */
/* The generic-netlink family: see <uapi/linux/miracast_netlink.h>. */
#ifndef MIRACAST_NETLINK_H
#define MIRACAST_NETLINK_H

#include <uapi/linux/miracast_netlink.h>

struct miracast_adapter;
struct miracast_context;

int miracast_nl_init(void);
void miracast_nl_exit(void);
void miracast_nl_adapter_event(enum miracast_nl_event event, struct miracast_adapter *adapter);
void miracast_nl_context_event(enum miracast_nl_event event, struct miracast_context *context,
			       u32 count);

#endif /* MIRACAST_NETLINK_H */
