/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as they are on the wire: the highest byte first, anywhere. */
#ifndef MEDIA_BYTES_H
#define MEDIA_BYTES_H

#include <glib.h>
#include <string.h>

static inline void put16(guint8 *at, guint16 value)
{
	value = GUINT16_TO_BE(value);
	memcpy(at, &value, sizeof(value));
}

static inline void put32(guint8 *at, guint32 value)
{
	value = GUINT32_TO_BE(value);
	memcpy(at, &value, sizeof(value));
}

static inline guint32 get32(const guint8 *at)
{
	guint32 value;

	memcpy(&value, at, sizeof(value));
	return GUINT32_FROM_BE(value);
}

#endif
