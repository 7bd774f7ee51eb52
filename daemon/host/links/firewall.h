/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a packet filter of this machine keeps sinks out; nothing is changed. */
#ifndef HOST_FIREWALL_H
#define HOST_FIREWALL_H

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * host_firewall_look_async:
 * @interface: where the sink is, "p2p-wlan0-0"
 * @protocol: "tcp" or "udp"; constant
 *
 * Asks firewalld, if that is on the system bus, whether it lets the sink come to the port.
 */
void host_firewall_look_async(const char *interface, guint16 port, const char *protocol,
			      GCancellable *cancellable, GAsyncReadyCallback callback,
			      gpointer user_data);

/**
 * host_firewall_look_finish:
 * @obstacle: (transfer full) (nullable): what is in the way and what opens it, for people; NULL: nothing
 *	that is known
 * @is_sure: FALSE: it may have a rule that lets the sink in, which is not told to us
 *
 * Returns: FALSE: it was cancelled, and whoever asked may be gone
 */
gboolean host_firewall_look_finish(GAsyncResult *result, char **obstacle, gboolean *is_sure);

/* Of UDP, where a DHCP server is asked; firewalld's rules may have it as the service "dhcp". */
#define HOST_FIREWALL_DHCP_PORT 67

/* firewalld's zone for groups, which is installed beside miracastd, if it is. */
#define HOST_FIREWALL_ZONE "miracast"
gboolean host_firewall_has_zone(void);

/* Of firewalld's answers; for the tests. */

/* @active: a{sa{sas}} of getActiveZones; (nullable): the interface is in none, so the default one counts. */
const char *host_firewall_find_zone(GVariant *active, const char *interface);

/* @settings: a{sv} of getZoneSettings2 */
gboolean host_firewall_lets_in(GVariant *settings, guint16 port, const char *protocol);

G_END_DECLS

#endif /* HOST_FIREWALL_H */
