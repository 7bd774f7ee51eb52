/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkManager's objects on the system bus, as a GDBusObjectManager has them; nothing is asked. */
#ifndef HOST_NETWORK_MANAGER_H
#define HOST_NETWORK_MANAGER_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_NM_NAME	"org.freedesktop.NetworkManager"
#define HOST_NM_OBJECTS "/org/freedesktop"
#define HOST_NM_ROOT	"/org/freedesktop/NetworkManager"
#define HOST_NM_DEVICE	HOST_NM_NAME ".Device"
#define HOST_NM_P2P	HOST_NM_DEVICE ".WifiP2P"

/* Its own state (NMState) with networking off, or while the machine sleeps; below that it does not know. */
#define HOST_NM_ASLEEP 10

/* States of a device (NMDeviceState). */
#define HOST_NM_UNMANAGED    10
#define HOST_NM_DISCONNECTED 30
#define HOST_NM_ACTIVATED    100
#define HOST_NM_DEACTIVATING 110

/* A property; NULL if there is none of that type. Transfer full. @path: (nullable) */
GVariant *host_nm_get(GDBusObjectManager *objects, const char *path, const char *interface,
		      const char *name, const char *type);

/* Of a device; 0 if there is none. */
guint host_nm_get_state(GDBusObjectManager *objects, const char *device);

/* It manages the radio of @interface ("wlan0"), and removes every group there that it has not made. */
gboolean host_nm_manages(GDBusObjectManager *objects, const char *interface);

/* Its Wi-Fi Direct device on that radio; (transfer full) (nullable): it has none, or leaves it alone. */
char *host_nm_find_p2p_device(GDBusObjectManager *objects, const char *interface);

G_END_DECLS

#endif /* HOST_NETWORK_MANAGER_H */
