// SPDX-License-Identifier: GPL-2.0-or-later
/* VESA Enhanced EDID 1.4, one block. */
#include "wfd-edid.h"

#include <string.h>

#define VENDOR	    (('L' - '@') << 10 | ('N' - '@') << 5 | ('X' - '@')) /* as the kernel's own */
#define PRODUCT	    1
#define YEAR	    2026 /* of these lines: there has to be one */
#define SERIAL	    12
#define TIMINGS	    35
#define DETAILED    54
#define DESCRIPTOR  18 /* bytes of each of four, the first of which is the detailed timing */
#define TEXT	    13
#define NAME_TAG    0xfc
#define NOTHING_TAG 0x10

/*
 * Blanking is about CEA-861's; no cable carries it. The display driver in the kernel takes the same for a
 * mode without a timing.
 */
static void put_timing(const WfdMode *mode, guint8 *to)
{
	guint wide = mode->width / 4, high = mode->height / 20 + 12;
	guint front = mode->width / 16, front_lines = 3, sync_lines = 5;
	guint clock = (guint64)(mode->width + wide) * (mode->height + high) * mode->fps / 10000;

	to[0] = clock;
	to[1] = clock >> 8;
	to[2] = mode->width;
	to[3] = wide;
	to[4] = mode->width >> 8 << 4 | wide >> 8;
	to[5] = mode->height;
	to[6] = high;
	to[7] = mode->height >> 8 << 4 | high >> 8;
	to[8] = front;
	to[9] = front; /* and the pulse is as long */
	to[10] = front_lines << 4 | sync_lines;
	to[11] = front >> 8 << 6 | front >> 8 << 4;
	to[17] = 0x18; /* synchronisation apart from the picture */
}

static void put_descriptor(guint8 tag, const char *text, guint8 *to)
{
	gsize length = MIN(strlen(text), TEXT);

	to[3] = tag;
	if (!length)
		return;
	memset(to + 5, ' ', TEXT);
	memcpy(to + 5, text, length);
	if (length < TEXT)
		to[5 + length] = '\n';
}

/* What can be said in ASCII of it; of some names nothing can. */
static char *plain_name(const char *name)
{
	GString *plain = g_string_new(NULL);

	for (const char *c = name ?: ""; *c; c = g_utf8_next_char(c)) {
		g_autofree char *one = g_strndup(c, g_utf8_next_char(c) - c);
		g_autofree char *letters = g_str_to_ascii(one, "C");

		/* Which is what GLib makes of the others. */
		if (g_str_equal(letters, "?") && *c != '?')
			continue;
		for (const char *letter = letters; *letter; letter++)
			if (g_ascii_isprint(*letter))
				g_string_append_c(plain, *letter);
	}
	return g_strstrip(g_string_free(plain, FALSE));
}

void wfd_edid_make(const WfdMode *mode, const char *name, guint8 edid[WFD_EDID_SIZE])
{
	g_autofree char *plain = plain_name(name);
	guint32 serial = g_str_hash(name ?: "");
	guint8 sum = 0;

	memset(edid, 0, WFD_EDID_SIZE);
	memcpy(edid, "\0\xff\xff\xff\xff\xff\xff", 8);
	edid[8] = VENDOR >> 8;
	edid[9] = VENDOR & 0xff;
	edid[10] = PRODUCT;
	/* By this, the vendor and the product desktops remember where a monitor was. */
	for (guint i = 0; i < 4; i++)
		edid[SERIAL + i] = serial >> 8 * i;
	edid[16] = 0xff; /* what follows is a model's year */
	edid[17] = YEAR - 1990;
	edid[18] = 1; /* 1.4 */
	edid[19] = 4;
	edid[20] = 0xa0; /* digital, 8 bits a colour */
	edid[23] = 0x78; /* gamma of 2.2 */
	edid[24] = 0x06; /* sRGB; the first timing is the best */
	memcpy(edid + 25, "\xee\x91\xa3\x54\x4c\x99\x26\x0f\x50\x54", 10); /* sRGB's */
	edid[TIMINGS] = 0x20; /* 640x480 at 60 Hz, which each sink has */
	memset(edid + TIMINGS + 3, 1, DETAILED - TIMINGS - 3); /* no others */
	put_timing(mode, edid + DETAILED);
	put_descriptor(NAME_TAG, *plain ? plain : "Miracast", edid + DETAILED + DESCRIPTOR);
	put_descriptor(NOTHING_TAG, "", edid + DETAILED + 2 * DESCRIPTOR);
	put_descriptor(NOTHING_TAG, "", edid + DETAILED + 3 * DESCRIPTOR);
	for (guint i = 0; i < WFD_EDID_SIZE - 1; i++)
		sum += edid[i];
	edid[WFD_EDID_SIZE - 1] = -sum;
}
