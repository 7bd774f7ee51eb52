/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what: polkit decides, asked on the bus that the caller is on. */
#ifndef HOST_AUTHORITY_H
#define HOST_AUTHORITY_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* polkit has so long to answer, and with a person to be asked so long. */
#define HOST_AUTHORITY_WAIT_S	     10
#define HOST_AUTHORITY_PERSON_WAIT_S 120

typedef enum {
	HOST_ACTION_DISCOVER,
	HOST_ACTION_CONNECT,
	HOST_ACTION_INPUT, /* be typed at by a sink */
	HOST_ACTION_MANAGE, /* what others have begun */
	HOST_ACTION_WATCH, /* see what others show */
} HostAction;

typedef struct _HostAuthority HostAuthority;

HostAuthority *host_authority_new(GDBusConnection *connection);

/* Nobody is called any more. */
void host_authority_free(HostAuthority *authority);

/* The caller of @invocation, whose user is @uid, may. @invocation is to be answered. */
typedef void (*HostAllowed)(GDBusMethodInvocation *invocation, guint uid, gpointer user_data);

/* Nobody's. */
#define HOST_NO_UID G_MAXUINT

/**
 * host_authority_check:
 * @invocation: (transfer full): answered with an error if the caller may not
 * @owner: this user may in any case; HOST_NO_UID: none. So may root.
 *
 * Without polkit on the bus it is root and the user of this process who may.
 */
void host_authority_check(HostAuthority *authority, GDBusMethodInvocation *invocation,
			  HostAction action, guint owner, HostAllowed allowed, gpointer user_data);

/* What @sender has asked to do, and is not decided yet, is refused. */
void host_authority_call_off(HostAuthority *authority, HostAction action, const char *sender);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostAuthority, host_authority_free)

G_END_DECLS

#endif /* HOST_AUTHORITY_H */
