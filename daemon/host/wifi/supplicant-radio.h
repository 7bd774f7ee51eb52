/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The radio that wpa_supplicant can do Wi-Fi Direct with: one that it has, or a free one that it is given
 * for as long as somebody uses it. A part of HostSupplicant.
 */
#ifndef HOST_SUPPLICANT_RADIO_H
#define HOST_SUPPLICANT_RADIO_H

#include "reason.h"
#include "uses.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HostSupplicantRadio HostSupplicantRadio;

/**
 * HostSupplicantRadioFunc:
 * @looked: all that the supplicant has was looked at just now
 *
 * What this knows may be something else.
 */
typedef void (*HostSupplicantRadioFunc)(GObject *owner, gboolean looked);

/**
 * host_supplicant_radio_new:
 * @owner: what this is a part of
 * @uses: of it, too
 */
HostSupplicantRadio *host_supplicant_radio_new(GObject *owner, GDBusConnection *connection,
					       const HostUses *uses,
					       HostSupplicantRadioFunc changed);
void host_supplicant_radio_free(HostSupplicantRadio *radio);

/* The supplicant has come: it is looked at. */
void host_supplicant_radio_appear(HostSupplicantRadio *radio);
/* It has gone, with all that was of it. */
void host_supplicant_radio_vanish(HostSupplicantRadio *radio);
/* Something of it has changed; changes come in bursts, and some before their effect. */
void host_supplicant_radio_look_soon(HostSupplicantRadio *radio);
/* There is a new use: what was tried in vain is tried again. */
void host_supplicant_radio_look_again(HostSupplicantRadio *radio);
/* Takes back what it was given, once it is known that nobody else manages it by now. */
void host_supplicant_radio_take_back(HostSupplicantRadio *radio);

/* The supplicant is on the bus. */
gboolean host_supplicant_radio_is_there(HostSupplicantRadio *radio);
/* It is being found out. */
gboolean host_supplicant_radio_is_looking(HostSupplicantRadio *radio);
/* It was given one, or is about to be. */
gboolean host_supplicant_radio_is_given(HostSupplicantRadio *radio);

/* The object with the interface P2PDevice, and the network interface that it is of; or NULL. */
const char *host_supplicant_radio_get_p2p(HostSupplicantRadio *radio);
const char *host_supplicant_radio_get_interface(HostSupplicantRadio *radio);

/* Why Wi-Fi Direct is not to be had; HOST_N_REASONS: it is. @detail: of it, or NULL */
HostReason host_supplicant_radio_get_problem(HostSupplicantRadio *radio, const char **detail);

G_END_DECLS

#endif /* HOST_SUPPLICANT_RADIO_H */
