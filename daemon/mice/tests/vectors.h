/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of [MS-MICE], 4, with their printing errors mended: sizes and hashes recomputed. */
#pragma once

#include <glib.h>

#define NAME_FIELD "00001e440075006d006d00790031002d004b006100620079006c0061006b006500"
#define ID_FIELD   "03001091f4abe9eff5464aaee269722aed11b5"

#define SOURCE_READY	"003d0101" NAME_FIELD "0200021c44" ID_FIELD
#define STOP_PROJECTION "00380102" NAME_FIELD ID_FIELD
#define SESSION_REQUEST \
	"003c0104"      \
	"05000103" NAME_FIELD ID_FIELD
#define PIN_CHALLENGE \
	"003a0105"    \
	"060020605409f832308ad0b893a7f91be42b264c7372b36e9077506e1b4cc183de79da" ID_FIELD
#define PIN_ACCEPTED                                                             \
	"003e0106" ID_FIELD                                                      \
	"06002018d8d8afdbd02b0c0d5d27ed058f8df3afd860a45ef137ed257915a8bb2df74e" \
	"07000100"
#define PIN_REFUSED "001b0106" ID_FIELD "07000101"

static inline GByteArray *from_hex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; *hex; hex += 2) {
		guint8 byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);

		g_byte_array_append(bytes, &byte, 1);
	}
	return bytes;
}
