// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent.h"

G_DEFINE_INTERFACE(HostAgent, host_agent, G_TYPE_OBJECT)

static void host_agent_default_init(HostAgentInterface *iface)
{
	g_signal_new("gone", HOST_TYPE_AGENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
		     0);
}

void host_agent_request_pin_async(HostAgent *agent, GCancellable *cancellable,
				  GAsyncReadyCallback callback, gpointer user_data)
{
	HOST_AGENT_GET_IFACE(agent)->request_pin_async(agent, cancellable, callback, user_data);
}

char *host_agent_request_pin_finish(HostAgent *agent, GAsyncResult *result, GError **error)
{
	return HOST_AGENT_GET_IFACE(agent)->request_pin_finish(agent, result, error);
}

gboolean host_agent_display_pin(HostAgent *agent, const char *pin)
{
	return HOST_AGENT_GET_IFACE(agent)->display_pin(agent, pin);
}

void host_agent_confirm_async(HostAgent *agent, const char *word, const char *message,
			      GCancellable *cancellable, GAsyncReadyCallback callback,
			      gpointer user_data)
{
	HOST_AGENT_GET_IFACE(agent)->confirm_async(agent, word, message, cancellable, callback,
						   user_data);
}

gboolean host_agent_confirm_finish(HostAgent *agent, GAsyncResult *result, GError **error)
{
	return HOST_AGENT_GET_IFACE(agent)->confirm_finish(agent, result, error);
}
