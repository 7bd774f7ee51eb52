/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all makers of Wi-Fi Direct groups share: words, numbers and choices; no input or output. */
#ifndef HOST_P2P_H
#define HOST_P2P_H

#include "reason.h"

#include <glib.h>

G_BEGIN_DECLS

/* How a device lets others in (WPS configuration methods, bits). */
#define HOST_P2P_METHOD_DISPLAY	    0x0008
#define HOST_P2P_METHOD_PUSH_BUTTON 0x0080
#define HOST_P2P_METHOD_KEYPAD	    0x0100

/* So long a person at the sink has to accept, and so long a join may take (seconds). */
#define HOST_P2P_ACCEPT_S 120
#define HOST_P2P_JOIN_S	  60

/*
 * Frames of a negotiation that are lost end it before that (seconds); a sink that has answered that
 * its person is to be waited for, or that has gone, is given up later.
 */
#define HOST_P2P_SOON_S 30

typedef enum {
	HOST_P2P_PUSH_BUTTON, /* the sink's person accepts */
	HOST_P2P_SINK_SHOWS_PIN, /* it is asked for here */
	HOST_P2P_WE_SHOW_PIN, /* it is typed at the sink */
} HostP2pPairing;

/**
 * host_p2p_choose_pairing:
 * @methods: the sink's HOST_P2P_METHOD_...; 0 if not known
 * @has_pin: the person named the sink's PIN beforehand
 */
HostP2pPairing host_p2p_choose_pairing(guint16 methods, gboolean has_pin);

/* A PIN is the only way that it takes. */
gboolean host_p2p_needs_pin(guint16 methods);

/**
 * host_p2p_clean_pin:
 * @typed: may have spaces and dashes between
 *
 * Returns: (transfer full): 4 digits, or 8 of which the last is the right checksum; else NULL
 */
char *host_p2p_clean_pin(const char *typed);

/**
 * host_p2p_choose_intent:
 * @wished: 0 to 15, or -1
 * @attempt: 0, or 1 for the other way round
 */
int host_p2p_choose_intent(int wished, guint attempt);

/**
 * host_p2p_may_turn_round:
 * @reason: why no group came about
 *
 * Whether it is worth an attempt with the roles exchanged. A PIN that keys were exchanged with is
 * not used again: the exchange may have failed because it is wrong, and each one that fails tells
 * the other side a half of it (WSC: the device password is proven by halves).
 */
gboolean host_p2p_may_turn_round(HostP2pPairing pairing, HostReason reason);

/* Of a primary device type (8 bytes): "tv", "monitor", "projector", "computer", ...; or "". */
const char *host_p2p_kind(const guint8 *type, gsize n);

/* 0 to 100 */
int host_p2p_signal(int dbm);

/* "aa:bb:cc:dd:ee:ff" (transfer full) of 6 bytes */
char *host_p2p_address(const guint8 *bytes);

/*
 * What a status of GO negotiation or of an invitation means (Wi-Fi P2P; -1: no answer came) that was
 * said @waited_s seconds after the sink was asked.
 */
HostReason host_p2p_reason(int status, int waited_s);

/* What a configuration error of WSC means that has ended the exchange of keys. */
HostReason host_p2p_wps_reason(int config_error, HostP2pPairing pairing);

G_END_DECLS

#endif /* HOST_P2P_H */
