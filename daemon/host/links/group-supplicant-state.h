/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all parts of HostGroupSupplicant know: what it waits for, what it knows, and its calls. The parts,
 * each of which knows those before it: pairing, stored, running, and group-supplicant.c.
 */
#ifndef HOST_GROUP_SUPPLICANT_STATE_H
#define HOST_GROUP_SUPPLICANT_STATE_H

#include "agent.h"
#include "group.h"
#include "p2p-store.h"
#include "wifi/p2p.h"
#include "wifi/supplicant.h"

G_BEGIN_DECLS

/*
 * What is waited for; each has a limit, because the supplicant says nothing of most of what does not
 * happen.
 */
enum {
	STAGE_USE = HOST_GROUP_NEW + 1, /* the supplicant */
	STAGE_SEARCH, /* the sink, that has to be seen */
	STAGE_LOOK, /* the sink, seen a while ago: it may have begun or ended a group since */
	STAGE_STATION, /* the person: may the Wi-Fi network be left? */
	STAGE_INVITE, /* the sink, to a group from before */
	STAGE_PIN, /* the sink, to show a PIN */
	STAGE_TYPE, /* the person, to type it */
	STAGE_ASK, /* what the supplicant knows of the sink now */
	STAGE_ACCEPT, /* the sink's person */
	STAGE_FORM, /* keys */
	STAGE_READ, /* what the supplicant says of the group */
	STAGE_PEER, /* the sink, in the group that we own */
};

/* So often the sink is asked, looked at or looked for once more. */
#define MAX_REPEATS 2

#define HOST_TYPE_GROUP_SUPPLICANT (host_group_supplicant_get_type())
G_DECLARE_FINAL_TYPE(HostGroupSupplicant, host_group_supplicant, HOST, GROUP_SUPPLICANT, HostGroup)

struct _HostGroupSupplicant {
	HostGroup group;

	HostSupplicant *supplicant;
	HostP2pStore *store;
	char *sink;
	guint16 port;
	HostAgent *agent;
	char *pin; /* (nullable): the sink's, or once it was shown ours */
	int intent;

	GCancellable *asking; /* of questions to the agent */
	gboolean may_leave; /* the Wi-Fi network: the person has been asked */
	gboolean searching;
	guint calls; /* that put_back() waits for */

	HostP2pPairing pairing;
	gboolean chosen; /* @pairing is known: from what the sink can do, asked for, or left us */
	guint attempt; /* 1: the other way round */
	guint repeats; /* because frames were lost */
	gint64 asked_at; /* monotonic us: the sink */
	gboolean is_join;
	HostReason pairing_failure; /* of this attempt; HOST_N_REASONS: none yet */
	GError *first_failure; /* of the attempt before the other way round */
	gboolean is_removed; /* the group, by another program */
	char *forming; /* the interface that the supplicant has made last */
	char *stored; /* object of the stored group that the sink is invited to */
	GPtrArray *added; /* objects of stored groups that came about for us, @stored among them */

	char *path; /* of the group's interface */
	char *object; /* of the group */
	gboolean persistent;
	HostStoredGroup *fresh; /* (nullable): to be stored, once the session has started */
};

/* A call to the supplicant; @callback's user data is a reference to @self. */
void host_group_supplicant_call(HostGroupSupplicant *self, const char *path, const char *interface,
				const char *method, GVariant *parameters, const char *reply,
				GAsyncReadyCallback callback);

/* One that the end of putting back waits for. */
void host_group_supplicant_call_to_put_back(HostGroupSupplicant *self, const char *path,
					    const char *method, GVariant *parameters);

/* The sink; NULL: it is not in reach. */
const HostPeer *host_group_supplicant_find_peer(HostGroupSupplicant *self);

G_END_DECLS

#endif /* HOST_GROUP_SUPPLICANT_STATE_H */
