/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The group is there: what has to be known of it, and who has removed it. A part of HostGroupSupplicant.
 */
#ifndef HOST_GROUP_SUPPLICANT_RUNNING_H
#define HOST_GROUP_SUPPLICANT_RUNNING_H

#include "group-supplicant-state.h"

G_BEGIN_DECLS

/* @properties: of GroupStarted. Ends in host_group_succeed(), or in a stage of its own until the sink is in. */
void host_group_supplicant_running_on_started(HostGroupSupplicant *self, GVariant *properties);

/* The group was removed by another program, after which it is lost. */
void host_group_supplicant_running_ask_who_removed(HostGroupSupplicant *self);

G_END_DECLS

#endif /* HOST_GROUP_SUPPLICANT_RUNNING_H */
