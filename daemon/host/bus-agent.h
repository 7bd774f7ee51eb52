/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The person's answers come from an object of a D-Bus client: Agent1. */
#ifndef HOST_BUS_AGENT_H
#define HOST_BUS_AGENT_H

#include "links/agent.h"

G_BEGIN_DECLS

/* A person has so long to answer. */
#define HOST_BUS_AGENT_WAIT_S 60

#define HOST_TYPE_BUS_AGENT (host_bus_agent_get_type())
G_DECLARE_FINAL_TYPE(HostBusAgent, host_bus_agent, HOST, BUS_AGENT, GObject)

/**
 * host_bus_agent_new:
 * @owner: the client's unique name
 * @path: (nullable): of its object; NULL: there is nobody to ask
 * @session: path of the session's object, which the client is told
 */
HostBusAgent *host_bus_agent_new(GDBusConnection *connection, const char *owner, const char *path,
				 const char *session);

/* Tells the client, once, that it will not be asked any more. */
void host_bus_agent_release(HostBusAgent *agent);

G_END_DECLS

#endif /* HOST_BUS_AGENT_H */
