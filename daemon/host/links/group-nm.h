/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Wi-Fi Direct group that NetworkManager makes with its own device, where it manages the radio. */
#ifndef HOST_GROUP_NM_H
#define HOST_GROUP_NM_H

#include "agent.h"
#include "group.h"
#include "wifi/supplicant.h"

G_BEGIN_DECLS

#define HOST_TYPE_GROUP_NM (host_group_nm_get_type())
G_DECLARE_FINAL_TYPE(HostGroupNm, host_group_nm, HOST, GROUP_NM, HostGroup)

/* What it is about @peer that NetworkManager cannot do: for people, constant; NULL: nothing that is known. */
const char *host_group_nm_get_obstacle(const HostPeer *peer);

/**
 * host_group_nm_new:
 * @objects: NetworkManager's
 * @supplicant: whom it has work; looked at only, for what it does not tell
 * @sink: P2P device address
 * @port: of RTSP, which the sink is told
 * @agent: asks the person whether the Wi-Fi network may be left
 * @has_pin, @intent: what the person wished; it can do neither
 */
HostGroup *host_group_nm_new(GDBusObjectManager *objects, HostSupplicant *supplicant,
			     const char *sink, guint16 port, HostAgent *agent, gboolean has_pin,
			     int intent);

/* Why a group that was open has gone, for NetworkManager's @reason (NMDeviceStateReason). */
HostReason host_group_nm_why_lost(guint reason);

G_END_DECLS

#endif /* HOST_GROUP_NM_H */
