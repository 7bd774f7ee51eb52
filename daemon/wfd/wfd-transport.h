/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Transport header of M6 (RFC 2326, 12.39). A port that is 0 is not named. */
#ifndef WFD_TRANSPORT_H
#define WFD_TRANSPORT_H

#include <glib.h>

/* The ports of the first transport over UDP; FALSE: the sink takes only others. */
gboolean wfd_transport_parse(const char *header, guint16 *rtp, guint16 *rtcp);

/* Transfer full. */
char *wfd_transport_to_string(guint16 client_rtp, guint16 client_rtcp, guint16 server_rtp,
			      guint16 server_rtcp);

#endif
