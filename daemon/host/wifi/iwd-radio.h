/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iwd's radio for Wi-Fi Direct: what is known of it, and what is in its way. A part of HostIwd. */
#ifndef HOST_IWD_RADIO_H
#define HOST_IWD_RADIO_H

#include "reason.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * HostIwdRadio: as iwd.c and iwd-service.c have learned of it
 * @objects: (nullable): iwd's; NULL: it has not told yet, or does not let itself be asked
 * @denied: (nullable): why it does not
 * @is_there: it is on the bus
 * @leaves_addresses: it sets none, and falls over when a group ends
 * @device: (nullable): object of its first radio that can do Wi-Fi Direct
 * @is_stuck: that went with the radio, and iwd does not notice
 */
typedef struct {
	GDBusObjectManager *objects;
	char *denied;
	gboolean is_there;
	gboolean leaves_addresses;
	char *device;
	gboolean is_stuck;
} HostIwdRadio;

void host_iwd_radio_clear(HostIwdRadio *radio);

/* The device that there is now: @device, or else the first by its path; (transfer full) (nullable) */
GDBusObject *host_iwd_radio_find_device(const HostIwdRadio *radio);

/* The radio's network interface, "wlan0"; (transfer full) (nullable) */
char *host_iwd_radio_get_interface(const HostIwdRadio *radio);
/* That one is on a network. */
gboolean host_iwd_radio_is_on_network(const HostIwdRadio *radio);

/* What is in the way, whatever iwd would answer; HOST_N_REASONS: nothing. @detail: of it, or NULL */
HostReason host_iwd_radio_find_obstacle(const HostIwdRadio *radio, const char **detail);

G_END_DECLS

#endif /* HOST_IWD_RADIO_H */
