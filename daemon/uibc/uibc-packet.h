/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets of the User Input Back Channel (WFD 2.1, 4.11): bytes into input and back. Pure: no
 * sockets, no devices. All numbers on the wire are big endian.
 *
 * What is read here was written by the sink: lengths are checked, and what is not understood is
 * passed over.
 */
#ifndef UIBC_PACKET_H
#define UIBC_PACKET_H

#include <glib.h>

/* Bytes; the longest that is known is a descriptor of 634. */
#define UIBC_MAX_PACKET	  4096
#define UIBC_MAX_POINTERS 10

typedef enum {
	UIBC_GENERIC = 0,
	UIBC_HIDC = 1,
} UibcCategory;

typedef struct {
	UibcCategory category;
	const guint8 *body; /* one or more messages, padded to an even length */
	gsize length;
} UibcPacket;

/* WFD 2.1, table 15. */
typedef enum {
	UIBC_DOWN = 0, /* left mouse button, or touch */
	UIBC_UP = 1,
	UIBC_MOVE = 2,
	UIBC_KEY_DOWN = 3,
	UIBC_KEY_UP = 4,
	UIBC_ZOOM = 5,
	UIBC_VERTICAL_SCROLL = 6,
	UIBC_HORIZONTAL_SCROLL = 7,
	UIBC_ROTATE = 8,
} UibcGenericType;

#define UIBC_ONE 256 /* of ZOOM, as large as before; of ROTATE, a radian */

/* Pixels of the negotiated mode, from the top left corner. */
typedef struct {
	guint8 id;
	guint16 x, y;
} UibcPointer;

typedef struct {
	UibcGenericType type;
	guint n_pointers; /* DOWN, UP, MOVE; 1 for ZOOM: its centre */
	UibcPointer pointers[UIBC_MAX_POINTERS];
	guint16 codes[2]; /* KEY_DOWN, KEY_UP: ASCII; 0: none */
	gint amount; /* SCROLL: up or right is positive; ZOOM, ROTATE: in parts of UIBC_ONE */
	gboolean notches; /* SCROLL: of a wheel; else pixels */
} UibcGeneric;

/* WFD 2.1, table 23: those of the types that are told apart here. */
enum {
	UIBC_HID_KEYBOARD = 0,
	UIBC_HID_MOUSE = 1,
};

/* WFD 2.1, tables 22 to 24. */
typedef struct {
	guint8 path; /* 1 USB, 2 Bluetooth, ... */
	guint8 type; /* UIBC_HID_KEYBOARD, UIBC_HID_MOUSE, or another */
	gboolean is_descriptor; /* else an input report */
	const guint8 *value;
	gsize length;
} UibcHid;

/**
 * uibc_packet_read:
 * @data: what came on the connection and was not read yet
 * @packet: points into @data
 *
 * Returns: the bytes of the packet; 0: the rest of it is awaited; -1: this is no UIBC, and nothing
 * after it can be told apart
 */
gssize uibc_packet_read(const guint8 *data, gsize length, UibcPacket *packet);

/* The next message of a body, of which it is taken; FALSE when there is none that can be read. */
gboolean uibc_generic_next(UibcPacket *packet, UibcGeneric *input);
gboolean uibc_hid_next(UibcPacket *packet, UibcHid *input);

/* A packet with this one message, without timestamp. */
void uibc_generic_append(GByteArray *to, const UibcGeneric *input);
void uibc_hid_append(GByteArray *to, const UibcHid *input);

#endif /* UIBC_PACKET_H */
