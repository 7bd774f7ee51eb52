/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a Wi-Fi link does: what nl80211 says of the station at its other end, which is the sink, the
 * owner of its group, or the network's access point. No rights are needed.
 */
#ifndef HOST_AIR_H
#define HOST_AIR_H

#include "miracast-driver.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Counts are of packets, since the station came. */
typedef struct {
	guint64 bit_rate; /* bit/s that its packets are sent at; 0: not known */
	guint32 sent, retried, failed;
} HostAirStation;

/**
 * host_air_read_station:
 * @attributes: of a NL80211_CMD_NEW_STATION, of which nothing is believed
 * @size: of them, bytes
 *
 * FALSE: it has no such figures.
 */
gboolean host_air_read_station(const void *attributes, gsize size, HostAirStation *station);

/**
 * host_air_compare:
 * @before: (nullable): NULL: there was none
 *
 * What has happened from @before to @now, and what an encoder should use: half of the rate that
 * is left when what has to be sent again is; 0 if too little was sent to know.
 */
struct miracast_datarate_stats host_air_compare(const HostAirStation *before,
						const HostAirStation *now);

typedef struct _HostAir HostAir;

/* @stats: NULL: the link has no figures any more; no further calls come. */
typedef void (*HostAirFunc)(const struct miracast_datarate_stats *stats, gpointer user_data);

/**
 * host_air_new:
 * @interface: of the link
 *
 * @changed is called twice a second from now on. NULL: it is no Wi-Fi device, or has no figures.
 */
HostAir *host_air_new(const char *interface, HostAirFunc changed, gpointer user_data);
void host_air_free(HostAir *air);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostAir, host_air_free)

/* Of the interface with the local address of @socket; transfer full; NULL: none. */
char *host_air_interface_of(int socket);

G_END_DECLS

#endif /* HOST_AIR_H */
