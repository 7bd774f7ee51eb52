// SPDX-License-Identifier: GPL-2.0-or-later
#include "mice-beacon.h"

#include <string.h>

enum {
	ATTRIBUTE_CAPABILITY = 0x2001,
	ATTRIBUTE_HOST = 0x2002,
	ATTRIBUTE_ADDRESS = 0x2005,
};

#define CAPABILITY_MICE	   (1 << 0)
#define CAPABILITY_ENCRYPT (1 << 1)
#define CAPABILITY_VERSION 0x1c
#define CAPABILITY_PIN	   (1 << 5)

#define MAX_HOST      63 /* bytes of a label (RFC 1035, 2.3.4) */
#define MAX_ADDRESS   45 /* characters of IPv6 */
#define MAX_ADDRESSES 8

static const guint8 microsoft[] = {0x00, 0x01, 0x37};

void mice_beacon_clear(MiceBeacon *beacon)
{
	g_clear_pointer(&beacon->host, g_free);
	g_clear_pointer(&beacon->addresses, g_strfreev);
	*beacon = (MiceBeacon){0};
}

static guint16 read_16(const guint8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* NULL if it has other characters than those of @allowed. */
static char *read_text(const guint8 *value, gsize size, gsize max, const char *allowed)
{
	g_autofree char *text = g_strndup((const char *)value, size);

	/* Some end it with a zero. */
	if (!*text || strlen(text) > max || text[strspn(text, allowed)])
		return NULL;
	return g_steal_pointer(&text);
}

static void take_attribute(MiceBeacon *beacon, guint16 id, const guint8 *value, gsize size,
			   guint8 *capability, GStrvBuilder *addresses, guint *n_addresses)
{
	g_autofree char *text = NULL;

	switch (id) {
	case ATTRIBUTE_CAPABILITY:
		if (size)
			*capability = value[0];
		break;
	case ATTRIBUTE_HOST:
		/* A name with dots must not be used. */
		if (!beacon->host)
			beacon->host = read_text(value, size, MAX_HOST,
						 G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_");
		break;
	case ATTRIBUTE_ADDRESS:
		text = read_text(value, size, MAX_ADDRESS, G_CSET_DIGITS "abcdefABCDEF.:");
		if (text && *n_addresses < MAX_ADDRESSES) {
			g_strv_builder_add(addresses, text);
			++*n_addresses;
		}
		break;
	}
}

/**
 * mice_beacon_parse() - reads a WSC vendor extension
 * @beacon: set, to be cleared also if this fails
 * @bytes: the attribute's value, which begins with the vendor's id; or the whole attribute
 * @size: bytes
 *
 * Return: FALSE if it is another vendor's, is broken, or offers no Miracast over Infrastructure.
 */
gboolean mice_beacon_parse(MiceBeacon *beacon, const guint8 *bytes, gsize size)
{
	g_autoptr(GStrvBuilder) addresses = g_strv_builder_new();
	guint n_addresses = 0;
	guint8 capability = 0;

	*beacon = (MiceBeacon){0};
	if (size >= 4 && read_16(bytes) == 0x1049) {
		if (read_16(bytes + 2) != size - 4)
			return FALSE;
		bytes += 4;
		size -= 4;
	}
	if (size < sizeof(microsoft) || memcmp(bytes, microsoft, sizeof(microsoft)))
		return FALSE;
	bytes += sizeof(microsoft);
	size -= sizeof(microsoft);
	while (size) {
		gsize length;

		if (size < 4)
			return FALSE;
		length = read_16(bytes + 2);
		if (length > size - 4)
			return FALSE;
		take_attribute(beacon, read_16(bytes), bytes + 4, length, &capability, addresses,
			       &n_addresses);
		bytes += 4 + length;
		size -= 4 + length;
	}
	beacon->addresses = g_strv_builder_end(addresses);
	beacon->encrypts = (capability & CAPABILITY_ENCRYPT) != 0;
	beacon->pin = beacon->encrypts && (capability & CAPABILITY_PIN);
	return beacon->host && (capability & CAPABILITY_MICE) && (capability & CAPABILITY_VERSION);
}
