/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups from before, which the supplicant has only while one is used. A part of HostGroupSupplicant.
 */
#ifndef HOST_GROUP_SUPPLICANT_STORED_H
#define HOST_GROUP_SUPPLICANT_STORED_H

#include "group-supplicant-state.h"

G_BEGIN_DECLS

/* The sink is invited to @group; if that comes to nothing, it is paired with. */
void host_group_supplicant_stored_invite(HostGroupSupplicant *self, const HostStoredGroup *group);
/* What came of it. @properties: of InvitationResult */
void host_group_supplicant_stored_on_result(HostGroupSupplicant *self, GVariant *properties);
/* Nothing did. @drop: nor will it another time */
void host_group_supplicant_stored_give_up(HostGroupSupplicant *self, gboolean drop);

/* The supplicant has made an object of one that may come again: it is removed in the end. */
void host_group_supplicant_stored_note(HostGroupSupplicant *self, const char *path);
/* Removes all such. */
void host_group_supplicant_stored_put_back(HostGroupSupplicant *self);

/* The keys of the group that there is now, if it may come again. @properties: of its object */
void host_group_supplicant_stored_read(HostGroupSupplicant *self, GVariant *properties);
/*
 * Keeps them for another time, once the session has started: whoever forgets sinks, and with them their
 * groups, knows only those that one has started with.
 */
void host_group_supplicant_stored_save(HostGroupSupplicant *self);

G_END_DECLS

#endif /* HOST_GROUP_SUPPLICANT_STORED_H */
