/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Wi-Fi Direct group that wpa_supplicant makes for us, where nobody else manages the radio. */
#ifndef HOST_GROUP_SUPPLICANT_H
#define HOST_GROUP_SUPPLICANT_H

#include "agent.h"
#include "group.h"
#include "p2p-store.h"
#include "wifi/supplicant.h"

G_BEGIN_DECLS

/**
 * host_group_supplicant_new:
 * @store: outlives the group
 * @sink: P2P device address
 * @port: of RTSP, which the sink is told
 * @agent: asks the person
 * @pin: (nullable): what the sink shows, known beforehand
 * @intent: 0 to 15, or -1
 */
HostGroup *host_group_supplicant_new(HostSupplicant *supplicant, HostP2pStore *store,
				     const char *sink, guint16 port, HostAgent *agent,
				     const char *pin, int intent);

G_END_DECLS

#endif /* HOST_GROUP_SUPPLICANT_H */
