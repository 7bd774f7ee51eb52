/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairing: the sink is asked, a PIN is asked for or shown, keys are agreed upon; and once more, or the
 * other way round, where that may help. A part of HostGroupSupplicant.
 */
#ifndef HOST_GROUP_SUPPLICANT_PAIRING_H
#define HOST_GROUP_SUPPLICANT_PAIRING_H

#include "group-supplicant-state.h"

G_BEGIN_DECLS

void host_group_supplicant_pairing_begin(HostGroupSupplicant *self);
/* The person, for the one that the sink shows. */
void host_group_supplicant_pairing_ask_for_pin(HostGroupSupplicant *self);

/* For what became of an attempt: the second one's failure often follows from the first one's. */
void host_group_supplicant_fail_attempt(HostGroupSupplicant *self, HostReason reason,
					const char *detail);

/* The sink's person was faster. @parameters: of GONegotiationRequest */
void host_group_supplicant_pairing_on_request(HostGroupSupplicant *self, GVariant *parameters);
/* Nobody sees the PIN any more. */
void host_group_supplicant_pairing_on_agent_gone(HostGroupSupplicant *self);
/* What the supplicant says of the end of an attempt. */
void host_group_supplicant_pairing_on_negotiation_failed(HostGroupSupplicant *self, int status);
void host_group_supplicant_pairing_on_formation_failed(HostGroupSupplicant *self,
						       const char *detail);
void host_group_supplicant_pairing_on_wps_failed(HostGroupSupplicant *self, GVariant *details);

G_END_DECLS

#endif /* HOST_GROUP_SUPPLICANT_PAIRING_H */
