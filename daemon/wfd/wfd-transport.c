// SPDX-License-Identifier: GPL-2.0-or-later
/* By hand: GStreamer's parser logs a warning for every oddity. */
#include "wfd-transport.h"

#include <string.h>

#define CLIENT_PORT "client_port="

/* 0: it is none. */
static guint16 port_of(const char *text)
{
	guint64 port;

	return text && g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &port, NULL) ? port : 0;
}

/* "client_port=5000-5001" */
static void client_ports(const char *field, guint16 *rtp, guint16 *rtcp)
{
	g_auto(GStrv) ports = NULL;

	if (g_ascii_strncasecmp(field, CLIENT_PORT, strlen(CLIENT_PORT)))
		return;
	ports = g_strsplit(field + strlen(CLIENT_PORT), "-", 2);
	*rtp = port_of(ports[0]);
	*rtcp = *rtp ? port_of(ports[1]) : 0;
}

gboolean wfd_transport_parse(const char *header, guint16 *rtp, guint16 *rtcp)
{
	g_auto(GStrv) transports = g_strsplit(header, ",", -1);

	*rtp = *rtcp = 0;
	for (guint i = 0; transports[i]; i++) {
		g_autofree char *upper = g_ascii_strup(transports[i], -1);
		g_auto(GStrv) fields = g_strsplit(transports[i], ";", -1);

		if (strstr(upper, "TCP") || strstr(upper, "INTERLEAVED"))
			continue;
		for (guint n = 0; fields[n]; n++)
			client_ports(g_strstrip(fields[n]), rtp, rtcp);
		return TRUE;
	}
	return !transports[0];
}

static char *port_pair(guint16 rtp, guint16 rtcp)
{
	return rtcp ? g_strdup_printf("%u-%u", rtp, rtcp) : g_strdup_printf("%u", rtp);
}

char *wfd_transport_to_string(guint16 client_rtp, guint16 client_rtcp, guint16 server_rtp,
			      guint16 server_rtcp)
{
	g_autofree char *client = port_pair(client_rtp, client_rtcp);
	g_autofree char *server = port_pair(server_rtp, server_rtcp);

	return g_strdup_printf("RTP/AVP/UDP;unicast;client_port=%s;server_port=%s", client, server);
}
