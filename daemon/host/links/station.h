/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Wi-Fi network that this machine is on, which some radios have to leave for a group. */
#ifndef HOST_STATION_H
#define HOST_STATION_H

#include "agent.h"
#include "wifi/supplicant.h"

G_BEGIN_DECLS

/**
 * host_station_ask_async:
 * @cancellable: ends the question
 *
 * Where the radio cannot be on its network and in a group at once, and is on one, the person is asked
 * whether it may be left.
 */
void host_station_ask_async(HostSupplicant *supplicant, HostAgent *agent, GCancellable *cancellable,
			    GAsyncReadyCallback callback, gpointer user_data);

/* TRUE: go on. FALSE with an error of domain HOST_ERROR: it is kept. */
gboolean host_station_ask_finish(GAsyncResult *result, GError **error);

G_END_DECLS

#endif /* HOST_STATION_H */
