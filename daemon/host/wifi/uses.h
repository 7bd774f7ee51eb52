/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Those who use a program that manages the radio, and have each to be told once when it is ready for
 * them, or that it will not be.
 */
#ifndef HOST_USES_H
#define HOST_USES_H

#include "reason.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * HostUseReady: told once
 * @error: NULL: it is ready; or what went wrong, of domain HOST_ERROR
 *
 * A user that has let go is not called.
 */
typedef void (*HostUseReady)(const GError *error, gpointer user_data);

/**
 * HostUse: of one user
 * @port: of RTSP, which sinks are told; 0: any
 *
 * It holds the object that is used.
 */
typedef struct _HostUse HostUse;
struct _HostUse {
	guint16 port;

	/* uses.c only */
	struct _HostUses *uses;
	HostUseReady ready; /* NULL once it was called */
	gpointer user_data;
};

void host_use_end(HostUse *use);

/**
 * HostUses: all of one object
 * @object: what is used, which these are a part of
 * @list: of HostUse, the oldest first
 * @ended: called after each end
 */
typedef struct _HostUses HostUses;
struct _HostUses {
	GObject *object;
	GList *list;
	void (*ended)(gpointer object);
};

HostUse *host_uses_add(HostUses *uses, guint16 port, HostUseReady ready, gpointer user_data);

/* Those that were not told yet. Any of them may end. */
void host_uses_tell(HostUses *uses, const GError *error);
void host_uses_fail(HostUses *uses, HostReason reason, const char *detail);

/* At the program's end: until there are none and the object is not @busy, or some seconds have passed. */
void host_uses_wait(HostUses *uses, gboolean (*busy)(gpointer object));

G_END_DECLS

#endif /* HOST_USES_H */
