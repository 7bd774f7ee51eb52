/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the person at the terminal what miracastd has to know while it connects: Agent1. */
#ifndef CTL_AGENT_H
#define CTL_AGENT_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define CTL_AGENT_PATH "/io/github/linux_miracast/agent"

typedef struct _CtlAgent CtlAgent;

/* On the bus as CTL_AGENT_PATH, for the owner of @name alone. It asks in the main loop. */
CtlAgent *ctl_agent_new(GDBusConnection *connection, const char *name, GError **error);
void ctl_agent_free(CtlAgent *agent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlAgent, ctl_agent_free)

G_END_DECLS

#endif /* CTL_AGENT_H */
