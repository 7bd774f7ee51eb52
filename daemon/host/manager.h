/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sinks and sessions of this machine, and the D-Bus objects that begin and end them. */
#ifndef HOST_MANAGER_H
#define HOST_MANAGER_H

#include "links/listener.h"
#include "process.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HostManager HostManager;

/**
 * host_manager_new:
 * @connection: where its objects are exported
 * @system: (nullable): where logind is
 * @listener: outlives the manager
 * @finders: (element-type HostFinder): the preferred ones first; addresses that persons type come
 *	by themselves
 * @state_directory: for what is kept from one time to the next
 * @process_config: what it points to outlives the manager
 */
HostManager *host_manager_new(GDBusConnection *connection, GDBusConnection *system,
			      HostListener *listener, GPtrArray *finders,
			      const char *state_directory, const HostProcessConfig *process_config);

/* Ends all sessions; @done is called, in bounded time, when none is left. */
void host_manager_shut_down(HostManager *manager, void (*done)(gpointer user_data),
			    gpointer user_data);
void host_manager_free(HostManager *manager);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostManager, host_manager_free)

G_END_DECLS

#endif /* HOST_MANAGER_H */
