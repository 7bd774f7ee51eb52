/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What logind tells: that the machine is about to sleep, and that whoever began a session is no
 * longer the one at the screen. Where it is not on the bus nobody is told anything.
 */
#ifndef HOST_LOGIND_H
#define HOST_LOGIND_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* So long the machine stays awake for what is going on; logind lets it be 5 s. */
#define HOST_LOGIND_SLEEP_S 2

/* While a person is not in front of their screen: logind does not say when a session begins to close. */
#define HOST_LOGIND_LOOK_S 10

typedef struct _HostLogind HostLogind;

/* @sleeps: the machine is about to; it stays awake while it is busy, for HOST_LOGIND_SLEEP_S at most. */
HostLogind *host_logind_new(GDBusConnection *connection, void (*sleeps)(gpointer user_data),
			    gpointer user_data);

/* Whether something goes on that takes a moment to be ended before the machine sleeps. */
void host_logind_set_busy(HostLogind *logind, gboolean busy);

/* It is about to sleep, or has not said yet that it is awake again. */
gboolean host_logind_is_sleeping(HostLogind *logind);

/* There is no watch left. */
void host_logind_free(HostLogind *logind);

typedef struct _HostLogindWatch HostLogindWatch;

/**
 * host_logind_watch:
 * @left: the person with @uid has no login session on a seat any more, or another person's is in the
 *	foreground where theirs was; once. It may free this watch, and no other one.
 *
 * Whoever is in the foreground of no seat now (ssh, services, root) is never said to have left.
 * Text consoles without a login and greeters are nobody: a screen that is locked stays its person's.
 */
HostLogindWatch *host_logind_watch(HostLogind *logind, guint uid, void (*left)(gpointer user_data),
				   gpointer user_data);
void host_logind_unwatch(HostLogindWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostLogind, host_logind_free)

G_END_DECLS

#endif /* HOST_LOGIND_H */
