/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Wi-Fi Direct group that iwd makes, where it manages the radio. The sink has to own it. */
#ifndef HOST_GROUP_IWD_H
#define HOST_GROUP_IWD_H

#include "group.h"
#include "wifi/iwd.h"

G_BEGIN_DECLS

#define HOST_TYPE_GROUP_IWD (host_group_iwd_get_type())
G_DECLARE_FINAL_TYPE(HostGroupIwd, host_group_iwd, HOST, GROUP_IWD, HostGroup)

/**
 * host_group_iwd_new:
 * @sink: P2P device address
 * @port: of RTSP, which the sink is told
 * @has_pin, @intent: what the person wished; it can do neither
 */
HostGroup *host_group_iwd_new(HostIwd *iwd, const char *sink, guint16 port, gboolean has_pin,
			      int intent);

G_END_DECLS

#endif /* HOST_GROUP_IWD_H */
