/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that is reached by Wi-Fi Direct: it can be found, lets a source in as a person would, has
 * addresses, and says where the source is. From there on all is as over a cable.
 */
#pragma once

#include "sink-misbehaviour.h"

#include <gio/gio.h>

/* How a source may be let in; what is not offered is refused. */
typedef enum {
	SINK_PAIRING_BUTTON = 1 << 0, /* somebody says yes */
	SINK_PAIRING_SHOW = 1 << 1, /* a PIN is shown here */
	SINK_PAIRING_TYPE = 1 << 2, /* the PIN that the source shows is typed here */
} SinkPairing;

/* "button,show,type"; 0 and an error if there is another word in it. */
SinkPairing sink_pairing_parse(const char *words, GError **error);

#define SINK_P2P_MAX_NAME 32 /* bytes; WSC 2.0, 12: Device Name */

typedef struct {
	const char *interface;
	const char *name; /* up to SINK_P2P_MAX_NAME */
	SinkPairing offered;
	const char *pin; /* to show, or typed; NULL: by chance, and from standard input */
	gboolean is_told_pin; /* by sink_p2p_type_pin(), instead of from standard input */
	int intent; /* to own the group: 0 to 15 */
	gboolean autonomous; /* owns a group from the start */
	gboolean gives_addresses; /* as owner, with the keys (EAPOL), beside DHCP */
	double accept_after; /* seconds */
	const char *store; /* keeps the groups that it knows; NULL: it forgets */
	const char
		*element; /* subelements in hexadecimal; NULL: a primary sink that is available */
	const char *log; /* of wpa_supplicant; NULL: none */
	const SinkMisbehaviour *misbehaviour; /* NULL: behaves */
} SinkP2pConfig;

/* Names and PINs that wpa_supplicant would not take as they are meant. */
gboolean sink_p2p_config_check(const SinkP2pConfig *config, GError **error);

typedef struct {
	void (*step)(const char *step, const char *detail, gpointer user_data);
	/* The source listens at @address, or will soon. */
	void (*ready)(GSocketAddress *address, gpointer user_data);
	/* After that: the group is gone. */
	void (*lost)(const char *sentence, gpointer user_data);
	/* There will be no source any more. */
	void (*failed)(const char *sentence, gpointer user_data);
} SinkP2pOps;

/* One step, in the order of time. miracast-sink(1) lists them. */
typedef struct {
	const char *name;
	char *detail;
	gint64 at_us; /* since the beginning */
} SinkP2pStep;

typedef struct SinkP2p SinkP2p;

SinkP2p *sink_p2p_new(const SinkP2pConfig *config, const SinkP2pOps *ops, gpointer user_data,
		      GError **error);
/* Leaves the group, and puts the interface back. */
void sink_p2p_free(SinkP2p *p2p);

/*
 * What came to pass above: "connected", "playing". FALSE: the sink has vanished at this step, and
 * does nothing more.
 */
gboolean sink_p2p_step(SinkP2p *p2p, const char *step, const char *detail);

/* What a person typed. FALSE: it is no PIN, and another is waited for. Where none is, it is of no use. */
gboolean sink_p2p_type_pin(SinkP2p *p2p, const char *pin);

const SinkP2pStep *sink_p2p_steps(const SinkP2p *p2p, guint *n);
/* Of the group; NULL if there was none. */
const char *sink_p2p_role(const SinkP2p *p2p);
