/* SPDX-License-Identifier: GPL-2.0-or-later */
/* That a dead peer of a TCP connection is noticed without traffic of ours and with it. */
#ifndef HOST_LIVENESS_H
#define HOST_LIVENESS_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* Nothing acknowledged for so many seconds, and the connection is dead. */
#define HOST_LIVENESS_SILENCE 10

/* Also: each message is sent at once. */
gboolean host_liveness_set(GSocket *socket, GError **error);

G_END_DECLS

#endif /* HOST_LIVENESS_H */
