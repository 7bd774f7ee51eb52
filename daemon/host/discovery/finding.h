/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a finder knows of one sink: one way to one device. */
#ifndef HOST_FINDING_H
#define HOST_FINDING_H

#include <glib-object.h>

G_BEGIN_DECLS

#define HOST_TYPE_FINDING (host_finding_get_type())
G_DECLARE_FINAL_TYPE(HostFinding, host_finding, HOST, FINDING, GObject)

/* How an identity begins that is lent, and somebody else's tomorrow; all others last. */
#define HOST_IDENTITY_ADDRESS "address:"

/* @identities: (nullable): one of them is there that lasts. */
gboolean host_identities_last(char **identities);

/**
 * struct _HostFinding
 * @id: names it among all that its finder has found
 * @identities: what tells that two findings are one device, as "p2p:aa:bb:cc:dd:ee:ff" (P2P device
 *	address), "container:GUID", "address:192.168.1.7": two findings with one in common are
 *	one sink, unless that is an address and each has others that last
 * @name: for people: UTF-8 without control characters, never empty
 * @address: for people: P2P device address or IP address
 * @kind: "tv", "monitor", "projector", "computer", ...; "" if not known
 * @throughput: Mbit/s that it says it takes at most; 0: it does not say
 * @signal: 0 to 100, or -1 if not known
 * @available: takes a session now, as far as is known
 * @needs_pin: a PIN is the only way that it takes
 * @content_protection: has HDCP
 * @obstacle: (nullable): why this way cannot be used now, as far as is known: a session's reason, constant
 * @obstacle_message: (nullable): the same as a sentence for people
 * @origin: (nullable): the finder's own
 *
 * Filled in by its finder before it is shown, and not changed after.
 */
struct _HostFinding {
	GObject parent_instance;

	char *id;
	char **identities;
	char *name;
	char *address;
	char *kind;
	guint throughput;
	int signal;
	gboolean available;
	gboolean needs_pin;
	gboolean content_protection;
	const char *obstacle;
	char *obstacle_message;
	GObject *origin;
};

HostFinding *host_finding_new(const char *id);

G_END_DECLS

#endif /* HOST_FINDING_H */
