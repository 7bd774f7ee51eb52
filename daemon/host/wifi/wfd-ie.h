/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Wi-Fi Display information element of beacons, probes and P2P frames: bytes only. Here it is
 * what wpa_supplicant and NetworkManager hand around: subelements, without the element's header.
 */
#ifndef HOST_WFD_IE_H
#define HOST_WFD_IE_H

#include <glib.h>

G_BEGIN_DECLS

/* Of RTSP, where a source has no reason for another one (WFD 2.1, 4.5). */
#define HOST_WFD_PORT 7236

typedef enum {
	HOST_WFD_SOURCE,
	HOST_WFD_PRIMARY_SINK,
	HOST_WFD_SECONDARY_SINK,
	HOST_WFD_DUAL,
} HostWfdType;

/**
 * HostWfdInfo: what counts of that which a device says of itself (WFD 2.1, 5.1)
 * @type: its role
 * @available: takes a session now
 * @content_protection: has HDCP 2.x
 * @throughput: Mbit/s at most; 0 says nothing
 */
typedef struct {
	HostWfdType type;
	gboolean available;
	gboolean content_protection;
	guint16 throughput;
} HostWfdInfo;

/**
 * host_wfd_ie_read:
 *
 * Reads what there is: unknown subelements are skipped, of equal ones the first counts, and one
 * that is cut off ends the reading.
 *
 * Returns: FALSE if the one that is mandatory (device information) is missing or too short
 */
gboolean host_wfd_ie_read(const guint8 *bytes, gsize n, HostWfdInfo *info);

/* A sink that we can be the source of: primary or dual, and not taken. */
gboolean host_wfd_info_is_sink(const HostWfdInfo *info);

/* What this machine says as a source that listens on @port: a variant of type ay, floating. */
GVariant *host_wfd_ie_source(guint16 port);

/* The same subelements; their order is the supplicant's to change. Both of type ay. */
gboolean host_wfd_ie_equal(GVariant *a, GVariant *b);

G_END_DECLS

#endif /* HOST_WFD_IE_H */
