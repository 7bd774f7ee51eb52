/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who answers for the person while a link is made: PINs and choices. Makers: bus-agent.h (an
 * object of the D-Bus client that asked for the connection).
 */
#ifndef HOST_AGENT_H
#define HOST_AGENT_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_TYPE_AGENT (host_agent_get_type())
G_DECLARE_INTERFACE(HostAgent, host_agent, HOST, AGENT, GObject)

/**
 * HostAgent::gone:
 *
 * Nobody sees any more what was shown.
 */

/**
 * struct _HostAgentInterface - what a maker implements
 * @request_pin_async: ask for the PIN that the sink shows
 * @request_pin_finish: (transfer full): what was typed, not checked; NULL with
 *	G_IO_ERROR_CANCELLED if the person wants no more, G_IO_ERROR_NOT_SUPPORTED if there is
 *	nobody to ask
 * @display_pin: show @pin, which is to be typed at the sink; until the link is open or has failed.
 *	FALSE: there is nobody to show it to
 * @confirm_async: ask whether to go on; @word for machines ("station-goes-away"), @message
 *	for people
 * @confirm_finish: TRUE to go on
 *
 * Answers come in bounded time, or when the cancellable is cancelled.
 */
struct _HostAgentInterface {
	GTypeInterface parent;

	void (*request_pin_async)(HostAgent *agent, GCancellable *cancellable,
				  GAsyncReadyCallback callback, gpointer user_data);
	char *(*request_pin_finish)(HostAgent *agent, GAsyncResult *result, GError **error);
	gboolean (*display_pin)(HostAgent *agent, const char *pin);
	void (*confirm_async)(HostAgent *agent, const char *word, const char *message,
			      GCancellable *cancellable, GAsyncReadyCallback callback,
			      gpointer user_data);
	gboolean (*confirm_finish)(HostAgent *agent, GAsyncResult *result, GError **error);
};

void host_agent_request_pin_async(HostAgent *agent, GCancellable *cancellable,
				  GAsyncReadyCallback callback, gpointer user_data);
char *host_agent_request_pin_finish(HostAgent *agent, GAsyncResult *result, GError **error);
gboolean host_agent_display_pin(HostAgent *agent, const char *pin);
void host_agent_confirm_async(HostAgent *agent, const char *word, const char *message,
			      GCancellable *cancellable, GAsyncReadyCallback callback,
			      gpointer user_data);
gboolean host_agent_confirm_finish(HostAgent *agent, GAsyncResult *result, GError **error);

G_END_DECLS

#endif /* HOST_AGENT_H */
