// SPDX-License-Identifier: GPL-2.0-or-later
#include "mice-pin.h"

#include <string.h>

/**
 * mice_pin_clean() - a PIN as a person types it
 * @typed: anything; spaces and dashes between digits are passed over
 *
 * Return: (transfer full): the digits; NULL if they are not MICE_PIN_DIGITS, or not all digits.
 */
char *mice_pin_clean(const char *typed)
{
	g_autoptr(GString) pin = g_string_new(NULL);

	for (; *typed && pin->len <= MICE_PIN_DIGITS; typed++) {
		if (g_ascii_isdigit(*typed))
			g_string_append_c(pin, *typed);
		else if (*typed != '-' && !g_ascii_isspace(*typed))
			return NULL;
	}
	if (pin->len != MICE_PIN_DIGITS)
		return NULL;
	return g_string_free(g_steal_pointer(&pin), FALSE);
}

/**
 * mice_pin_hash() - what is sent in place of a PIN
 * @pin: digits
 * @address: binary IP address of the side that sends the hash. The text of [MS-MICE] says once
 *	that it is the receiver's; its worked example is right.
 * @size: 4 or 16 bytes
 * @hash: set
 */
void mice_pin_hash(const char *pin, const guint8 *address, gsize size, guint8 hash[MICE_HASH])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize length = MICE_HASH;

	g_checksum_update(checksum, (const guchar *)pin, strlen(pin));
	g_checksum_update(checksum, address, size);
	g_checksum_get_digest(checksum, hash, &length);
}
