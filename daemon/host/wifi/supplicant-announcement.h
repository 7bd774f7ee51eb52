/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine says of itself over the air by wpa_supplicant while somebody uses it: that it is a
 * source of Wi-Fi Display, and its name. A part of HostSupplicant.
 */
#ifndef HOST_SUPPLICANT_ANNOUNCEMENT_H
#define HOST_SUPPLICANT_ANNOUNCEMENT_H

#include "supplicant-radio.h"
#include "uses.h"

G_BEGIN_DECLS

typedef struct _HostSupplicantAnnouncement HostSupplicantAnnouncement;

/**
 * host_supplicant_announcement_new:
 * @owner: what this is a part of
 * @radio, @uses: of it, too; the uses are told once it is said
 * @said: called each time that it has been said
 */
HostSupplicantAnnouncement *host_supplicant_announcement_new(GObject *owner,
							     GDBusConnection *connection,
							     HostSupplicantRadio *radio,
							     HostUses *uses,
							     void (*said)(GObject *owner));
void host_supplicant_announcement_free(HostSupplicantAnnouncement *announcement);

/*
 * Brings it in line with the uses that there are: the latest one has the say of the port, and with the
 * last one what was before is put back, and the radio taken back.
 */
void host_supplicant_announcement_settle(HostSupplicantAnnouncement *announcement);
/* Somebody else has emptied it: it is said once more, or what was before is put back with the last use. */
void host_supplicant_announcement_say_again(HostSupplicantAnnouncement *announcement);
/* The supplicant has gone, and with it what was said. */
void host_supplicant_announcement_forget(HostSupplicantAnnouncement *announcement);

/* What is said over the air is ours. */
gboolean host_supplicant_announcement_is_ours(HostSupplicantAnnouncement *announcement);
/* It is about to be said, or put back. */
gboolean host_supplicant_announcement_is_changing(HostSupplicantAnnouncement *announcement);

G_END_DECLS

#endif /* HOST_SUPPLICANT_ANNOUNCEMENT_H */
