/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has the keys that a link and its stream are encrypted with, where a sink asks for that (DTLS,
 * RFC 6347): the session's process, which is where a sink's bytes are read. The link carries the
 * handshake, and hands over what else is to be sealed; the stream is sealed once the handshake is
 * over. Maker: process.h.
 */
#ifndef HOST_SEALER_H
#define HOST_SEALER_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_TYPE_SEALER (host_sealer_get_type())
G_DECLARE_INTERFACE(HostSealer, host_sealer, HOST, SEALER, GObject)

typedef enum {
	HOST_SEALER_HANDSHAKE, /* bytes of the sink's; none: begin anew */
	HOST_SEALER_SEAL,
	HOST_SEALER_UNSEAL,
	HOST_SEALER_FORGET, /* the stream will not be sealed */
} HostSealerTask;

/**
 * struct _HostSealerInterface - what a maker implements
 * @run_async: one task after the other, in the order of the calls, each in bounded time
 * @run_finish: (transfer full): for the sink with HANDSHAKE (perhaps no bytes) and SEAL; what it
 *	means with UNSEAL; no bytes with FORGET. NULL with an error of domain G_IO_ERROR: the
 *	handshake has failed, or this is no record of the sink's. @done: (out): with HANDSHAKE:
 *	whether it is over
 */
struct _HostSealerInterface {
	GTypeInterface parent;

	void (*run_async)(HostSealer *sealer, HostSealerTask task, GBytes *bytes,
			  GAsyncReadyCallback callback, gpointer user_data);
	GBytes *(*run_finish)(HostSealer *sealer, GAsyncResult *result, gboolean *done,
			      GError **error);
};

/* @bytes: (nullable) */
void host_sealer_run_async(HostSealer *sealer, HostSealerTask task, GBytes *bytes,
			   GAsyncReadyCallback callback, gpointer user_data);
/* @done: (nullable) */
GBytes *host_sealer_run_finish(HostSealer *sealer, GAsyncResult *result, gboolean *done,
			       GError **error);

G_END_DECLS

#endif /* HOST_SEALER_H */
