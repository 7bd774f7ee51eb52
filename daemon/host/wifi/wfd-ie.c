// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-ie.h"

#include <string.h>

/* Subelements: id (1), length (2), body; numbers are big-endian. */
#define HEADER 3

#define ID_DEVICE_INFO	 0
#define DEVICE_INFO_SIZE 6

/* Of the device information. */
#define INFO_TYPE		0x0003
#define INFO_AVAILABILITY	0x0030
#define INFO_AVAILABLE		0x0010
#define INFO_CONTENT_PROTECTION 0x0100

/* What a picture may need, with room for what is sent again. */
#define SOURCE_THROUGHPUT 50

static guint16 read_number(const guint8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* The body of the first subelement @id, with @length bytes; or NULL. */
static const guint8 *find(const guint8 *bytes, gsize n, guint8 id, gsize *length)
{
	while (n >= HEADER) {
		*length = read_number(bytes + 1);
		if (*length > n - HEADER)
			return NULL;
		if (*bytes == id)
			return bytes + HEADER;
		n -= HEADER + *length;
		bytes += HEADER + *length;
	}
	return NULL;
}

gboolean host_wfd_ie_read(const guint8 *bytes, gsize n, HostWfdInfo *info)
{
	gsize length;
	const guint8 *body = find(bytes, n, ID_DEVICE_INFO, &length);
	guint16 bits;

	/* Longer is a newer version, whose beginning is the same. */
	if (!body || length < DEVICE_INFO_SIZE)
		return FALSE;
	bits = read_number(body);
	*info = (HostWfdInfo){
		.type = bits & INFO_TYPE,
		.available = (bits & INFO_AVAILABILITY) == INFO_AVAILABLE,
		.content_protection = !!(bits & INFO_CONTENT_PROTECTION),
		.throughput = read_number(body + 4),
	};
	return TRUE;
}

gboolean host_wfd_info_is_sink(const HostWfdInfo *info)
{
	return info->type == HOST_WFD_PRIMARY_SINK || info->type == HOST_WFD_DUAL;
}

GVariant *host_wfd_ie_source(guint16 port)
{
	/* Without the bit of content protection: some sinks then wait for HDCP for ever. */
	const guint16 bits = HOST_WFD_SOURCE | INFO_AVAILABLE;
	const guint8 bytes[] = {
		ID_DEVICE_INFO, 0, DEVICE_INFO_SIZE,	     bits >> 8, bits & 0xff, port >> 8,
		port & 0xff,	0, SOURCE_THROUGHPUT & 0xff,
	};

	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, sizeof(bytes), 1);
}

/* Whether each subelement of @a is in @b. */
static gboolean is_within(const guint8 *a, gsize n_a, const guint8 *b, gsize n_b)
{
	while (n_a >= HEADER) {
		gsize length = read_number(a + 1), other_length;
		const guint8 *other = find(b, n_b, *a, &other_length);

		if (length > n_a - HEADER || !other || other_length != length ||
		    memcmp(other, a + HEADER, length))
			return FALSE;
		n_a -= HEADER + length;
		a += HEADER + length;
	}
	return !n_a;
}

gboolean host_wfd_ie_equal(GVariant *a, GVariant *b)
{
	gsize n_a, n_b;
	const guint8 *bytes_a = g_variant_get_fixed_array(a, &n_a, 1);
	const guint8 *bytes_b = g_variant_get_fixed_array(b, &n_b, 1);

	return n_a == n_b && is_within(bytes_a, n_a, bytes_b, n_b) &&
	       is_within(bytes_b, n_b, bytes_a, n_a);
}
