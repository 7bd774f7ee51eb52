/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sink says over the air of its way over the LAN: a vendor extension of the WSC element
 * ([MS-MICE], 2.2.8).
 */
#ifndef MICE_BEACON_H
#define MICE_BEACON_H

#include <glib.h>

/**
 * struct MiceBeacon
 * @encrypts: takes MICE_OPTION_ENCRYPT
 * @pin: takes MICE_OPTION_PIN
 * @host: its name, to be resolved; one label of letters, digits and dashes
 * @addresses: IP addresses as text, perhaps none
 */
typedef struct {
	gboolean encrypts;
	gboolean pin;
	char *host;
	char **addresses;
} MiceBeacon;

void mice_beacon_clear(MiceBeacon *beacon);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MiceBeacon, mice_beacon_clear)

gboolean mice_beacon_parse(MiceBeacon *beacon, const guint8 *bytes, gsize size);

#endif
