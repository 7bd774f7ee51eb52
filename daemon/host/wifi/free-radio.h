/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which radio wpa_supplicant may be given: one that neither NetworkManager nor iwd manages. */
#ifndef HOST_FREE_RADIO_H
#define HOST_FREE_RADIO_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whoever has left the bus may be restarted, and has its radios again: for so long nobody takes its place. */
#define HOST_FREE_RADIO_RESTART_S 10

typedef struct _HostFreeRadio HostFreeRadio;

/* @interface: (nullable): there is none */
typedef void (*HostFreeRadioFound)(const char *interface, gpointer user_data);

HostFreeRadio *host_free_radio_new(GDBusConnection *connection, HostFreeRadioFound found,
				   gpointer user_data);
void host_free_radio_free(HostFreeRadio *self);

/**
 * host_free_radio_find:
 * @interfaces: to choose from; the first that is free is taken
 * @is_first: wpa_supplicant has none: where there is no NetworkManager, the radio is nobody's. Else
 *	somebody has decided what it has, and only what NetworkManager leaves alone is free
 *
 * The answer comes once, in bounded time, perhaps before this returns; not before it has come may
 * another one be asked for.
 */
void host_free_radio_find(HostFreeRadio *self, const char *const *interfaces, gboolean is_first);

/**
 * host_free_radio_check:
 * @interface: that wpa_supplicant was given
 *
 * The answer, which comes as that of host_free_radio_find(), is NULL if somebody manages it by now, or may.
 */
void host_free_radio_check(HostFreeRadio *self, const char *interface);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostFreeRadio, host_free_radio_free)

G_END_DECLS

#endif /* HOST_FREE_RADIO_H */
