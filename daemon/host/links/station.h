/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Wi-Fi network that this machine is on, which some radios have to leave for a group. */
#ifndef HOST_STATION_H
#define HOST_STATION_H

#include "agent.h"
#include "group.h"
#include "wifi/supplicant.h"

G_BEGIN_DECLS

/**
 * host_station_ask:
 * @group: in the stage that this is for
 * @cancellable: ends the question
 * @go_on: called later, if the network may be left and the stage is still the same
 *
 * Where the radio cannot be on its network and in a group at once, and is on one, the person is asked
 * whether it may be left. If it is kept, @group is put back.
 */
void host_station_ask(HostGroup *group, HostSupplicant *supplicant, HostAgent *agent,
		      GCancellable *cancellable, void (*go_on)(HostGroup *group));

G_END_DECLS

#endif /* HOST_STATION_H */
