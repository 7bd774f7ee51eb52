/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of Miracast over Infrastructure ([MS-MICE], 2.2): out of a stream of bytes that come in
 * any pieces, and into bytes. No sockets and no cryptography.
 *
 * A message is a head of four bytes and a body of fields; the body may be sealed, which is to be
 * undone before it is parsed.
 */
#ifndef MICE_MESSAGE_H
#define MICE_MESSAGE_H

#include <glib.h>

#define MICE_PORT	 7250 /* TCP, of the sink */
#define MICE_HEAD	 4 /* bytes */
#define MICE_MAX_MESSAGE (16 * 1024) /* bytes; a whole flight of a handshake fits */
#define MICE_MAX_NAME	 520 /* bytes of UTF-16 */
#define MICE_ID		 16 /* bytes */
#define MICE_HASH	 32 /* bytes */

typedef enum {
	MICE_SOURCE_READY = 1,
	MICE_STOP_PROJECTION,
	MICE_SECURITY_HANDSHAKE,
	MICE_SESSION_REQUEST,
	MICE_PIN_CHALLENGE,
	MICE_PIN_RESPONSE,
} MiceCommand;

/* Bits of the security options. */
#define MICE_OPTION_ENCRYPT (1 << 0)
#define MICE_OPTION_PIN	    (1 << 1) /* the sink shows it; with MICE_OPTION_ENCRYPT only */

typedef enum {
	MICE_PIN_ACCEPTED,
	MICE_PIN_WRONG,
	MICE_PIN_INVALID_MESSAGE,
} MicePinReason;

/**
 * struct MiceMessage - what a message says; what it lacks is zero
 * @command: MiceCommand, or another number
 * @name: (nullable): friendly name of the source, UTF-8
 * @rtsp_port: 0: none
 * @token: (nullable): bytes of a DTLS handshake
 * @options: MICE_OPTION_*
 * @reason: MicePinReason, or another number
 */
typedef struct {
	guint8 command;
	char *name;
	guint16 rtsp_port;
	gboolean has_id;
	guint8 id[MICE_ID];
	GBytes *token;
	gboolean has_options;
	guint8 options;
	gboolean has_hash;
	guint8 hash[MICE_HASH];
	gboolean has_reason;
	guint8 reason;
} MiceMessage;

void mice_message_clear(MiceMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MiceMessage, mice_message_clear)

gboolean mice_message_parse(MiceMessage *message, guint8 command, GBytes *body);
GBytes *mice_message_body(const MiceMessage *message);
GBytes *mice_message_frame(guint8 command, GBytes *body);
gboolean mice_body_is_sealed(GBytes *body);

typedef enum {
	MICE_FRAMER_MESSAGE,
	MICE_FRAMER_MORE, /* not yet */
	/* There is no way to go on after these. */
	MICE_FRAMER_GARBAGE, /* a size or a version that cannot be */
	MICE_FRAMER_TOO_LONG, /* longer than MICE_MAX_MESSAGE */
} MiceFramerResult;

typedef struct {
	GByteArray *bytes; /* not yet taken */
} MiceFramer;

void mice_framer_init(MiceFramer *framer);
void mice_framer_clear(MiceFramer *framer);
void mice_framer_push(MiceFramer *framer, const guint8 *data, gsize size);
MiceFramerResult mice_framer_pull(MiceFramer *framer, guint8 *command, GBytes **body);

#endif
