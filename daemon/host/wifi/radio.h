/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of Wi-Fi devices: sysfs, rfkill and nl80211; no rights are needed. */
#ifndef HOST_RADIO_H
#define HOST_RADIO_H

#include <glib.h>

G_BEGIN_DECLS

struct nlattr;

/* Names of network interfaces that are Wi-Fi devices; transfer full, perhaps empty. */
char **host_radio_list(void);

/* Both network interfaces are of one radio. */
gboolean host_radio_is_same(const char *interface, const char *other);

/* The network interface of a group on the radio of @interface; (transfer full) (nullable) */
char *host_radio_find_group(const char *interface);

/* Whether iwd owns a group, by the name that it gives its network interface. */
gboolean host_radio_is_iwd_owner(const char *group);

/* Its radio is switched off, by a switch or by somebody. */
gboolean host_radio_is_blocked(const char *interface);

/* Somebody is on a network with it, or has made it an access point. */
gboolean host_radio_is_in_use(const char *interface);

/*
 * On how many channels at once its radio can be on a network and in a Wi-Fi Direct group: 0: it
 * cannot be both; 1: both on one channel. Of what is not known, 1.
 */
guint host_radio_count_channels(const char *interface);

/* MHz of the channel that @interface is on now; 0: none, or not known */
guint host_radio_get_frequency(const char *interface);

/* The same of nl80211's NL80211_ATTR_INTERFACE_COMBINATIONS. */
guint host_radio_count_channels_of(struct nlattr *combinations);

typedef struct _HostRadioWatch HostRadioWatch;

/* @changed: something was plugged in, pulled out, switched on or off. */
HostRadioWatch *host_radio_watch_new(void (*changed)(gpointer user_data), gpointer user_data);
void host_radio_watch_free(HostRadioWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostRadioWatch, host_radio_watch_free)

G_END_DECLS

#endif /* HOST_RADIO_H */
