/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets that a host hands in, for tests: on the loopback interface. */
#ifndef RTP_PAIR_H
#define RTP_PAIR_H

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void rtp_pair_open(int *rtp, int *rtcp)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);

	for (;;) {
		address.sin_port = 0;
		*rtp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		*rtcp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		g_assert_no_errno(bind(*rtp, (struct sockaddr *)&address, size));
		g_assert_no_errno(getsockname(*rtp, (struct sockaddr *)&address, &size));
		address.sin_port = htons(ntohs(address.sin_port) + 1);
		if (ntohs(address.sin_port) % 2 && !bind(*rtcp, (struct sockaddr *)&address, size))
			return;
		close(*rtp);
		close(*rtcp);
	}
}

static inline void rtp_pair_connect(int rtp, guint16 port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	g_assert_no_errno(connect(rtp, (struct sockaddr *)&address, sizeof(address)));
}

#endif /* RTP_PAIR_H */
