/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink's input (UIBC), as far as it needs rights: the port that the sink connects to, and the
 * input devices. The session's process reads what the sink sends, and has of a device its file
 * only, which makes events of it and nothing else. The devices are there for as long as
 * the session.
 */
#ifndef HOST_INPUT_H
#define HOST_INPUT_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where a sink connects to; the zone of firewalld lets it come there. Any port if none is free. */
#define HOST_INPUT_FIRST_PORT 7240
#define HOST_INPUT_LAST_PORT  7247

typedef struct _HostInput HostInput;

/**
 * host_input_new:
 * @rtsp_socket: connected to the sink: its addresses are those of the input's connection
 * @name: the sink's: begins the names of the devices
 */
HostInput *host_input_new(int rtsp_socket, const char *name, GError **error);
void host_input_free(HostInput *input);

/* What the session's process is given: the other end of the conversation that
 * miracast_device_take_input() tells of. To be closed here once it has been handed over.
 */
int host_input_get_session_end(HostInput *input);
void host_input_close_session_end(HostInput *input);

guint16 host_input_get_port(HostInput *input);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostInput, host_input_free)

G_END_DECLS

#endif /* HOST_INPUT_H */
