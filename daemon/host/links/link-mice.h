/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link by Miracast over Infrastructure ([MS-MICE], 3.2): the sink's port 7250 is connected and told
 * where to come for RTSP; that connection stands until the session ends. Where the sink or the
 * person wants it, a DTLS handshake takes place on it, and a PIN that the sink shows is asked for.
 */
#ifndef HOST_LINK_MICE_H
#define HOST_LINK_MICE_H

#include "link.h"
#include "link-wish.h"
#include "listener.h"

G_BEGIN_DECLS

/* For one of the sink's addresses to be connected, all together; [MS-MICE], appendix A. */
#define HOST_LINK_MICE_CONNECT_S 5
/* For the sink's next message. [MS-MICE] has 1 s, others have minutes. */
#define HOST_LINK_MICE_ANSWER_S	 10
#define HOST_LINK_MICE_PIN_TRIES 3
/* For RTSP, if nothing else is wanted: a sink gives itself 30 s for that, and a PIN is typed before.
 * Another way may be tried then. [MS-MICE], appendix A. */
#define HOST_LINK_MICE_WAIT_S 35

#define HOST_TYPE_LINK_MICE (host_link_mice_get_type())
G_DECLARE_FINAL_TYPE(HostLinkMice, host_link_mice, HOST, LINK_MICE, GObject)

/* What is known of the sink beforehand. */
typedef struct {
	const char *name; /* for people */
	GPtrArray *addresses; /* GInetSocketAddress of its port 7250, the preferred ones first */
} HostMiceSink;

/* @listener: outlives the link */
HostLink *host_link_mice_new(HostListener *listener, const HostMiceSink *sink,
			     const HostLinkWish *wish);

G_END_DECLS

#endif /* HOST_LINK_MICE_H */
