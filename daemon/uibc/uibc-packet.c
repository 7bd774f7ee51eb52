// SPDX-License-Identifier: GPL-2.0-or-later
#include "uibc-packet.h"

#define VERSION_MASK	 0xe0
#define HAS_TIMESTAMP	 0x10
#define CATEGORY_MASK	 0x0f
#define HEADER_SIZE	 4
#define TIMESTAMP_SIZE	 2
#define GENERIC_HEAD	 3 /* type, length */
#define HID_HEAD	 5 /* path, type, usage, length */
#define POINTER_SIZE	 5
#define KEY_SIZE	 5
#define ZOOM_SIZE	 6
#define SCROLL_SIZE	 2
#define ROTATE_SIZE	 2
#define SCROLL_NOTCHES	 0x4000
#define SCROLL_DIRECTION 0x2000
#define SCROLL_AMOUNT	 0x1fff

static guint16 read_u16(const guint8 *at)
{
	return (guint16)at[0] << 8 | at[1];
}

static void append_u16(GByteArray *to, guint16 value)
{
	const guint8 bytes[] = {value >> 8, value & 0xff};

	g_byte_array_append(to, bytes, sizeof(bytes));
}

static void append_u8(GByteArray *to, guint8 value)
{
	g_byte_array_append(to, &value, 1);
}

gssize uibc_packet_read(const guint8 *data, gsize length, UibcPacket *packet)
{
	gsize head = HEADER_SIZE;
	gsize size;

	if (length < HEADER_SIZE)
		return length && (data[0] & VERSION_MASK) ? -1 : 0;
	size = read_u16(data + 2);
	if (data[0] & HAS_TIMESTAMP)
		head += TIMESTAMP_SIZE;
	if ((data[0] & VERSION_MASK) || size < head || size > UIBC_MAX_PACKET)
		return -1;
	if (length < size)
		return 0;
	packet->category = data[1] & CATEGORY_MASK;
	packet->body = data + head;
	packet->length = size - head;
	return size;
}

/* What the type and its own counts say; 0: the type is not known. */
static gsize natural_length(guint8 type, const guint8 *describe, gsize left)
{
	switch (type) {
	case UIBC_DOWN:
	case UIBC_UP:
	case UIBC_MOVE: return left ? 1 + (gsize)describe[0] * POINTER_SIZE : 1;
	case UIBC_KEY_DOWN:
	case UIBC_KEY_UP: return KEY_SIZE;
	case UIBC_ZOOM: return ZOOM_SIZE;
	case UIBC_VERTICAL_SCROLL:
	case UIBC_HORIZONTAL_SCROLL: return SCROLL_SIZE;
	case UIBC_ROTATE: return ROTATE_SIZE;
	default: return 0;
	}
}

static void read_pointers(const guint8 *describe, UibcGeneric *input)
{
	guint n = MIN(describe[0], UIBC_MAX_POINTERS);

	for (guint i = 0; i < n; i++) {
		const guint8 *at = describe + 1 + i * POINTER_SIZE;

		input->pointers[i] = (UibcPointer){at[0], read_u16(at + 1), read_u16(at + 3)};
	}
	input->n_pointers = n;
}

static void read_scroll(guint16 value, gboolean set_is_positive, UibcGeneric *input)
{
	gboolean set = !!(value & SCROLL_DIRECTION);

	input->notches = !!(value & SCROLL_NOTCHES);
	input->amount = value & SCROLL_AMOUNT;
	if (set != set_is_positive)
		input->amount = -input->amount;
}

static void read_describe(guint8 type, const guint8 *describe, UibcGeneric *input)
{
	*input = (UibcGeneric){.type = type};
	switch (input->type) {
	case UIBC_DOWN:
	case UIBC_UP:
	case UIBC_MOVE: read_pointers(describe, input); break;
	case UIBC_KEY_DOWN:
	case UIBC_KEY_UP:
		input->codes[0] = read_u16(describe + 1);
		input->codes[1] = read_u16(describe + 3);
		break;
	case UIBC_ZOOM:
		input->n_pointers = 1;
		input->pointers[0] = (UibcPointer){0, read_u16(describe), read_u16(describe + 2)};
		input->amount = read_u16(describe + 4);
		break;
	case UIBC_VERTICAL_SCROLL: read_scroll(read_u16(describe), TRUE, input); break;
	case UIBC_HORIZONTAL_SCROLL: read_scroll(read_u16(describe), FALSE, input); break;
	case UIBC_ROTATE: input->amount = (gint8)describe[0] * UIBC_ONE + describe[1]; break;
	}
}

gboolean uibc_generic_next(UibcPacket *packet, UibcGeneric *input)
{
	while (packet->length >= GENERIC_HEAD) {
		const guint8 *describe = packet->body + GENERIC_HEAD;
		guint8 type = packet->body[0];
		gsize length = read_u16(packet->body + 1);
		gsize left = packet->length - GENERIC_HEAD;
		gsize natural = natural_length(type, describe, left);

		/* Some sinks count the head as well. */
		if (length > left)
			length = natural;
		if (length > left || (natural && natural > length)) {
			packet->length = 0;
			return FALSE;
		}
		packet->body = describe + length;
		packet->length = left - length;
		if (!natural)
			continue;
		read_describe(type, describe, input);
		return TRUE;
	}
	return FALSE;
}

gboolean uibc_hid_next(UibcPacket *packet, UibcHid *input)
{
	gsize length;

	if (packet->length < HID_HEAD)
		return FALSE;
	length = read_u16(packet->body + 3);
	if (length > packet->length - HID_HEAD) {
		packet->length = 0;
		return FALSE;
	}
	*input = (UibcHid){
		.path = packet->body[0],
		.type = packet->body[1],
		.is_descriptor = packet->body[2] == 1,
		.value = packet->body + HID_HEAD,
		.length = length,
	};
	packet->body += HID_HEAD + length;
	packet->length -= HID_HEAD + length;
	return TRUE;
}

/* Begins a packet; returns where. */
static guint append_header(GByteArray *to, UibcCategory category)
{
	guint start = to->len;

	append_u16(to, category);
	append_u16(to, 0);
	return start;
}

static void finish_packet(GByteArray *to, guint start)
{
	gsize size;

	if ((to->len - start) % 2)
		append_u8(to, 0);
	size = to->len - start;
	to->data[start + 2] = size >> 8;
	to->data[start + 3] = size & 0xff;
}

static void append_describe(GByteArray *to, const UibcGeneric *input)
{
	guint16 scroll = ABS(input->amount) & SCROLL_AMOUNT;

	if (input->notches)
		scroll |= SCROLL_NOTCHES;
	switch (input->type) {
	case UIBC_DOWN:
	case UIBC_UP:
	case UIBC_MOVE:
		append_u8(to, input->n_pointers);
		for (guint i = 0; i < input->n_pointers; i++) {
			append_u8(to, input->pointers[i].id);
			append_u16(to, input->pointers[i].x);
			append_u16(to, input->pointers[i].y);
		}
		break;
	case UIBC_KEY_DOWN:
	case UIBC_KEY_UP:
		append_u8(to, 0);
		append_u16(to, input->codes[0]);
		append_u16(to, input->codes[1]);
		break;
	case UIBC_ZOOM:
		append_u16(to, input->pointers[0].x);
		append_u16(to, input->pointers[0].y);
		append_u16(to, input->amount);
		break;
	case UIBC_VERTICAL_SCROLL:
		append_u16(to, scroll | (input->amount > 0 ? SCROLL_DIRECTION : 0));
		break;
	case UIBC_HORIZONTAL_SCROLL:
		append_u16(to, scroll | (input->amount < 0 ? SCROLL_DIRECTION : 0));
		break;
	case UIBC_ROTATE: append_u16(to, input->amount); break;
	}
}

void uibc_generic_append(GByteArray *to, const UibcGeneric *input)
{
	guint start = append_header(to, UIBC_GENERIC);
	guint describe;

	append_u8(to, input->type);
	append_u16(to, 0);
	describe = to->len;
	append_describe(to, input);
	to->data[describe - 2] = (to->len - describe) >> 8;
	to->data[describe - 1] = (to->len - describe) & 0xff;
	finish_packet(to, start);
}

void uibc_hid_append(GByteArray *to, const UibcHid *input)
{
	guint start = append_header(to, UIBC_HIDC);

	append_u8(to, input->path);
	append_u8(to, input->type);
	append_u8(to, input->is_descriptor);
	append_u16(to, input->length);
	g_byte_array_append(to, input->value, input->length);
	finish_packet(to, start);
}
