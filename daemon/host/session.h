/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: a link to a sink, and a process that hosts the user-mode driver on an adapter's context,
 * from "preparing" to "ended". Windows' order: kernel context, driver, link, RTSP
 * connection, start; and the way back.
 *
 * The ways of the sink are tried in their order until one has brought the sink here. When the link
 * of a session that runs is lost, it is stopped, and the ways are tried again; the context, and
 * with it the monitor, stays for a while.
 */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include "bus-agent.h"
#include "process.h"
#include "reason.h"
#include "sink.h"
#include "wish.h"

G_BEGIN_DECLS

/* After the link was lost, in seconds. */
typedef struct {
	guint hold_s; /* so long the monitor stays, */
	guint reconnect_s; /* so long the sink is tried again, */
	guint stable_s; /* and so long it has to run then for the next loss to count as a new one */
} HostSessionLimits;

extern const HostSessionLimits host_session_limits;

#define HOST_TYPE_SESSION (host_session_get_type())
G_DECLARE_FINAL_TYPE(HostSession, host_session, HOST, SESSION, GObject)

/**
 * HostSession::started:
 *
 * A display mode was agreed upon. Again after each reconnect.
 */
/**
 * HostSession::lost:
 *
 * It reconnects: until "started" or "ended" somebody should look for its sink.
 */
/**
 * HostSession::ended:
 *
 * Everything that the session held has been given back. Once.
 */

/**
 * host_session_new:
 * @number: names it in the log and on the bus
 * @config: outlives the session, as do the limits
 * @ways: (element-type HostWay): at least one; the preferred ones first
 * @owner: the user who began it
 */
HostSession *host_session_new(guint number, const HostProcessConfig *config,
			      const HostSessionLimits *limits, HostSink *sink, GPtrArray *ways,
			      HostWish *wish, HostBusAgent *agent, guint owner);

/* Its D-Bus interface, to export. */
BusSession1 *host_session_get_bus(HostSession *session);
HostSink *host_session_get_sink(HostSession *session);

void host_session_run(HostSession *session);

/* Begins to end it, if nothing else has; "ended" follows in bounded time. */
void host_session_end(HostSession *session, HostReason reason, const char *detail);

/* The same; @invocation is Disconnect's and is answered when it has ended. */
void host_session_disconnect(HostSession *session, GDBusMethodInvocation *invocation);

/* @invocation is GetPicture's, of one who may see what is shown. */
void host_session_take_picture(HostSession *session, GDBusMethodInvocation *invocation);

/* The same of GetStatistics; what it ended with, if it has ended. */
void host_session_take_statistics(HostSession *session, GDBusMethodInvocation *invocation);

gboolean host_session_has_ended(HostSession *session);
guint host_session_get_number(HostSession *session);
guint host_session_get_owner(HostSession *session);
char *host_session_make_path(guint number);

G_END_DECLS

#endif /* HOST_SESSION_H */
