/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wpa_supplicant's search for peers, and the claim to the radio that it waits for. A part of HostSupplicant. */
#ifndef HOST_SUPPLICANT_SEARCH_H
#define HOST_SUPPLICANT_SEARCH_H

#include "supplicant-announcement.h"
#include "supplicant-radio.h"

G_BEGIN_DECLS

typedef struct _HostSupplicantSearch HostSupplicantSearch;

/**
 * host_supplicant_search_new:
 * @owner: what this is a part of
 * @radio, @announcement: of it, too; without the one, or before the other is said, nothing is searched for
 */
HostSupplicantSearch *host_supplicant_search_new(GObject *owner, GDBusConnection *connection,
						 HostSupplicantRadio *radio,
						 HostSupplicantAnnouncement *announcement);
void host_supplicant_search_free(HostSupplicantSearch *search);

/* Until as many calls of stop. */
void host_supplicant_search_start(HostSupplicantSearch *search);
void host_supplicant_search_stop(HostSupplicantSearch *search);

/* Nothing is searched for while one @group has it; FALSE: another one has. */
gboolean host_supplicant_search_claim(HostSupplicantSearch *search, gconstpointer group);
void host_supplicant_search_give_back(HostSupplicantSearch *search, gconstpointer group);
gboolean host_supplicant_search_is_claimed(HostSupplicantSearch *search);

/* What it waited for may be there. */
void host_supplicant_search_go_on(HostSupplicantSearch *search);
/* The supplicant says that a round is over. */
void host_supplicant_search_end_round(HostSupplicantSearch *search);
/* The supplicant has gone. */
void host_supplicant_search_forget(HostSupplicantSearch *search);

G_END_DECLS

#endif /* HOST_SUPPLICANT_SEARCH_H */
