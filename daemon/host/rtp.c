// SPDX-License-Identifier: GPL-2.0-or-later
#include "rtp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_TRIES 32

/* An address of either family, whose port can be set: it is at the same place in both. */
typedef union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} RtpAddress;

static gboolean fail(GError **error, const char *what)
{
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what,
		    g_strerror(errno));
	return FALSE;
}

static int bind_to(RtpAddress *address, guint16 port)
{
	int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	address->in.sin_port = htons(port);
	if (fd >= 0 && bind(fd, &address->any, sizeof(*address))) {
		int errnum = errno;

		close(fd);
		errno = errnum;
		return -1;
	}
	return fd;
}

void host_rtp_close(HostRtp *rtp)
{
	if (rtp->rtp >= 0)
		close(rtp->rtp);
	if (rtp->rtcp >= 0)
		close(rtp->rtcp);
	*rtp = (HostRtp){-1, -1};
}

gboolean host_rtp_open(HostRtp *rtp, int rtsp_socket, GError **error)
{
	RtpAddress local = {0};
	socklen_t size = sizeof(local);

	*rtp = (HostRtp){-1, -1};
	if (getsockname(rtsp_socket, &local.any, &size))
		return fail(error, "the RTSP connection");
	for (int i = 0; i < PORT_TRIES; i++) {
		RtpAddress bound;
		guint16 port;

		size = sizeof(bound);
		rtp->rtp = bind_to(&local, 0);
		if (rtp->rtp < 0 || getsockname(rtp->rtp, &bound.any, &size))
			break;
		port = ntohs(bound.in.sin_port);
		if (port % 2 == 0)
			rtp->rtcp = bind_to(&local, port + 1);
		if (rtp->rtcp >= 0)
			return TRUE;
		host_rtp_close(rtp);
	}
	fail(error, "no UDP port for RTP");
	host_rtp_close(rtp);
	return FALSE;
}

gboolean host_rtp_connect(const HostRtp *rtp, int rtsp_socket, guint16 port, guint16 rtcp_port,
			  GError **error)
{
	RtpAddress sink = {0};
	socklen_t size = sizeof(sink);

	if (getpeername(rtsp_socket, &sink.any, &size))
		return fail(error, "the RTSP connection");
	sink.in.sin_port = htons(port);
	if (connect(rtp->rtp, &sink.any, size))
		return fail(error, "RTP");
	/*
	 * In Linux, a datagram socket that is connected to port 0 takes what comes from any port of that address,
	 * and reaches none: the kernel sees to who is heard, so the session's process need not be trusted with it.
	 */
	sink.in.sin_port = htons(rtcp_port);
	return !connect(rtp->rtcp, &sink.any, size) || fail(error, "RTCP");
}
