// SPDX-License-Identifier: GPL-2.0-or-later
#include "liveness.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

gboolean host_liveness_set(GSocket *socket, GError **error)
{
	const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 4},
		{IPPROTO_TCP, TCP_KEEPINTVL, 2},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, HOST_LIVENESS_SILENCE * 1000},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
		if (!g_socket_set_option(socket, options[i].level, options[i].name,
					 options[i].value, error))
			return FALSE;
	return TRUE;
}
