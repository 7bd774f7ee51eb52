/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sessions of this machine, and the D-Bus object that begins them. */
#ifndef HOST_MANAGER_H
#define HOST_MANAGER_H

#include "process.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_BUS_NAME	  "io.github.linux_miracast"
#define HOST_BUS_ROOT	  "/io/github/linux_miracast"
#define HOST_DEFAULT_PORT 7236

typedef struct _HostManager HostManager;

/* Exports its objects on @connection. What @process_config points to outlives the manager. */
HostManager *host_manager_new(GDBusConnection *connection, const HostProcessConfig *process_config);

/* Ends all sessions; @done is called, in bounded time, when none is left. */
void host_manager_shut_down(HostManager *manager, void (*done)(gpointer user_data),
			    gpointer user_data);
void host_manager_free(HostManager *manager);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostManager, host_manager_free)

G_END_DECLS

#endif /* HOST_MANAGER_H */
