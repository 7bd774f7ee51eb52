/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What miracastd wants to know of the person while it connects, and shows them: Agent1. */
#ifndef CONNECT_AGENT_H
#define CONNECT_AGENT_H

#include "connect-bus.h"

G_BEGIN_DECLS

#define CONNECT_AGENT_PATH "/io/github/linux_miracast/agent"

#define CONNECT_TYPE_AGENT (connect_agent_get_type())
G_DECLARE_FINAL_TYPE(ConnectAgent, connect_agent, CONNECT, AGENT, GObject)

typedef enum {
	CONNECT_ASKS_NOTHING,
	CONNECT_ASKS_PIN,
	CONNECT_ASKS_WHETHER, /* to go on; the text is the question */
	CONNECT_SHOWS_PIN, /* the text is the PIN */
} ConnectAsks;

/* Signal "changed" (the session's path): it asks something else, or nothing any more. */
ConnectAgent *connect_agent_new(ConnectBus *bus);

/* On the bus from now on, for miracastd's owner alone. FALSE: there is no bus. */
gboolean connect_agent_export(ConnectAgent *self, GError **error);

/* *@text: the agent's, until it changes. */
ConnectAsks connect_agent_get(ConnectAgent *self, const char *session, const char **text);

/* The PIN that the sink shows, or NULL: the person wants no more. */
void connect_agent_answer_pin(ConnectAgent *self, const char *session, const char *pin);
void connect_agent_answer(ConnectAgent *self, const char *session, gboolean yes);

G_END_DECLS

#endif /* CONNECT_AGENT_H */
