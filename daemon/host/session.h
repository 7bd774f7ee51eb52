/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: one link, one process that hosts the user-mode driver on an adapter's context, from
 * "preparing" to "ended". Windows' order: kernel context, driver, link, RTSP
 * connection, start; and the way back.
 */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include "bus.h"
#include "links/link.h"
#include "process.h"
#include "reason.h"

G_BEGIN_DECLS

#define HOST_TYPE_SESSION (host_session_get_type())
G_DECLARE_FINAL_TYPE(HostSession, host_session, HOST, SESSION, GObject)

/**
 * HostSession::ended:
 *
 * Everything that the session held has been given back. Once.
 */

/**
 * host_session_new:
 * @number: names it in the log
 * @start_timeout_s: for the start, from the sink's connection on
 */
HostSession *host_session_new(guint number, HostLink *link, HostProcess *process,
			      guint start_timeout_s);

/* Its D-Bus interface, for the caller to fill in what it knows and to export. */
BusSession1 *host_session_get_bus(HostSession *session);

void host_session_run(HostSession *session);

/* Begins to end it, if nothing else has; "ended" follows in bounded time. */
void host_session_end(HostSession *session, HostReason reason, const char *detail);

gboolean host_session_has_ended(HostSession *session);
guint host_session_get_number(HostSession *session);

G_END_DECLS

#endif /* HOST_SESSION_H */
