/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives up what a session's process does not need once its driver is loaded. */
#ifndef SESSION_LOCKDOWN_H
#define SESSION_LOCKDOWN_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * session_lockdown:
 *
 * From then on the process keeps the files and sockets that it has. It can open nothing but the
 * encoder's device and libraries, if this machine has such a device, and see the names of devices. It
 * may share one page with other sessions' processes, which a driver asks for, unless it is in the host's
 * IPC namespace. It makes no sockets, runs no programs, makes no processes, touches no other process,
 * and sends only where its sockets are connected to. Call it while there is one thread only: with more, nothing at all can be opened.
 */
gboolean session_lockdown(GError **error);

G_END_DECLS

#endif /* SESSION_LOCKDOWN_H */
