/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of a session's stream: opened here, so that its process needs no right to. */
#ifndef HOST_RTP_H
#define HOST_RTP_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* -1 where there is none. */
typedef struct {
	int rtp, rtcp;
} HostRtp;

/**
 * host_rtp_open:
 * @rtsp_socket: connected to the sink: its address of this side is the stream's, too
 *
 * Binds RTP to an even port and RTCP to the one above (RFC 3550, 11).
 */
gboolean host_rtp_open(HostRtp *rtp, int rtsp_socket, GError **error);

/**
 * host_rtp_connect:
 * @rtsp_socket: connected to the sink: nobody else is reached or heard
 * @port: the sink's for RTP
 * @rtcp_port: the sink's for RTCP; 0: it has named none, and may report from any port
 */
gboolean host_rtp_connect(const HostRtp *rtp, int rtsp_socket, guint16 port, guint16 rtcp_port,
			  GError **error);

void host_rtp_close(HostRtp *rtp);

G_END_DECLS

#endif /* HOST_RTP_H */
