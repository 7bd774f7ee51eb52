// SPDX-License-Identifier: GPL-2.0-or-later
#include "mice-message.h"

#include <string.h>

#define VERSION 1

/* Fields ([MS-MICE], 2.2.7). There is no type 1. */
enum {
	FIELD_NAME = 0,
	FIELD_RTSP_PORT = 2,
	FIELD_ID = 3,
	FIELD_TOKEN = 4,
	FIELD_OPTIONS = 5,
	FIELD_HASH = 6,
	FIELD_REASON = 7,
};

#define FIELD_HEAD 3 /* type, length of the value in two bytes */

void mice_message_clear(MiceMessage *message)
{
	g_clear_pointer(&message->name, g_free);
	g_clear_pointer(&message->token, g_bytes_unref);
	*message = (MiceMessage){0};
}

static guint16 read_16(const guint8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* UTF-16, low byte first; what is none is replaced. NULL if nothing is left. */
static char *read_name(const guint8 *value, gsize size)
{
	gsize units = MIN(size, MICE_MAX_NAME) / 2;
	g_autoptr(GString) name = g_string_new(NULL);

	for (gsize i = 0; i < units; i++) {
		gunichar c = value[2 * i] | value[2 * i + 1] << 8;

		if (!c)
			break;
		if (c >= 0xd800 && c < 0xdc00 && i + 1 < units) {
			gunichar low = value[2 * i + 2] | value[2 * i + 3] << 8;

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i++;
			}
		}
		g_string_append_unichar(name, g_unichar_validate(c) ? c : 0xfffd);
	}
	return name->len ? g_string_free(g_steal_pointer(&name), FALSE) : NULL;
}

/* A field that is there twice counts once, one of a wrong length or an unknown type not at all. */
static void take_field(MiceMessage *message, guint8 type, const guint8 *value, gsize size)
{
	switch (type) {
	case FIELD_NAME:
		if (!message->name)
			message->name = read_name(value, size);
		break;
	case FIELD_RTSP_PORT:
		if (!message->rtsp_port && size == 2)
			message->rtsp_port = read_16(value);
		break;
	case FIELD_ID:
		if (!message->has_id && size == MICE_ID) {
			memcpy(message->id, value, MICE_ID);
			message->has_id = TRUE;
		}
		break;
	case FIELD_TOKEN:
		if (!message->token)
			message->token = g_bytes_new(value, size);
		break;
	case FIELD_OPTIONS:
		/* More bytes may follow in later versions. */
		if (!message->has_options && size) {
			message->options = value[0];
			message->has_options = TRUE;
		}
		break;
	case FIELD_HASH:
		if (!message->has_hash && size == MICE_HASH) {
			memcpy(message->hash, value, MICE_HASH);
			message->has_hash = TRUE;
		}
		break;
	case FIELD_REASON:
		if (!message->has_reason && size == 1) {
			message->reason = value[0];
			message->has_reason = TRUE;
		}
		break;
	}
}

/**
 * mice_message_parse() - what a message says
 * @message: set, to be cleared also if this fails
 * @command: as the framer gave it
 * @body: as the framer gave it, or unsealed
 *
 * Return: FALSE if a field is longer than what is left.
 */
gboolean mice_message_parse(MiceMessage *message, guint8 command, GBytes *body)
{
	gsize left;
	const guint8 *at = g_bytes_get_data(body, &left);

	*message = (MiceMessage){.command = command};
	while (left) {
		gsize size;

		if (left < FIELD_HEAD)
			return FALSE;
		size = read_16(at + 1);
		if (size > left - FIELD_HEAD)
			return FALSE;
		take_field(message, at[0], at + FIELD_HEAD, size);
		at += FIELD_HEAD + size;
		left -= FIELD_HEAD + size;
	}
	return TRUE;
}

static void add_field(GByteArray *body, guint8 type, const guint8 *value, gsize size)
{
	const guint8 head[FIELD_HEAD] = {type, size >> 8, size};

	g_byte_array_append(body, head, sizeof(head));
	g_byte_array_append(body, value, size);
}

/* A name that is too long loses whole characters at its end. */
static void add_name(GByteArray *body, const char *name)
{
	guint8 value[MICE_MAX_NAME];
	gsize size = 0;

	for (const char *at = name; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		gunichar units[2] = {c, 0};
		guint n = 1;

		if (c >= 0x10000) {
			units[0] = 0xd800 + ((c - 0x10000) >> 10);
			units[1] = 0xdc00 + ((c - 0x10000) & 0x3ff);
			n = 2;
		}
		if (size + 2 * n > sizeof(value))
			break;
		for (guint i = 0; i < n; i++) {
			value[size++] = units[i];
			value[size++] = units[i] >> 8;
		}
	}
	if (size)
		add_field(body, FIELD_NAME, value, size);
}

/**
 * mice_message_body() - the fields of a message that are set
 * @message: a name is valid UTF-8; all together has to fit MICE_MAX_MESSAGE
 *
 * The order is that of the examples in [MS-MICE], 4, as far as it is the same in all of them; any
 * is right.
 */
GBytes *mice_message_body(const MiceMessage *message)
{
	GByteArray *body = g_byte_array_new();

	if (message->has_options)
		add_field(body, FIELD_OPTIONS, &message->options, 1);
	if (message->name)
		add_name(body, message->name);
	if (message->rtsp_port) {
		const guint8 port[2] = {message->rtsp_port >> 8, message->rtsp_port};

		add_field(body, FIELD_RTSP_PORT, port, sizeof(port));
	}
	if (message->has_hash)
		add_field(body, FIELD_HASH, message->hash, MICE_HASH);
	if (message->has_id)
		add_field(body, FIELD_ID, message->id, MICE_ID);
	if (message->token) {
		gsize size;
		const guint8 *token = g_bytes_get_data(message->token, &size);

		add_field(body, FIELD_TOKEN, token, size);
	}
	if (message->has_reason)
		add_field(body, FIELD_REASON, &message->reason, 1);
	return g_byte_array_free_to_bytes(body);
}

/* A message as it goes over the wire. @body: perhaps sealed. */
GBytes *mice_message_frame(guint8 command, GBytes *body)
{
	gsize size = g_bytes_get_size(body);
	const guint8 head[MICE_HEAD] = {(size + MICE_HEAD) >> 8, size + MICE_HEAD, VERSION,
					command};
	GByteArray *frame = g_byte_array_sized_new(MICE_HEAD + size);

	g_assert(size <= MICE_MAX_MESSAGE - MICE_HEAD);
	g_byte_array_append(frame, head, sizeof(head));
	g_byte_array_append(frame, g_bytes_get_data(body, NULL), size);
	return g_byte_array_free_to_bytes(frame);
}

/*
 * Whether a body is a DTLS record (RFC 6347, 4.1: application data of version 1.x) and not fields:
 * as fields, it would be longer than any message.
 */
gboolean mice_body_is_sealed(GBytes *body)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(body, &size);

	return size > 2 && bytes[0] == 23 && bytes[1] == 0xfe;
}

void mice_framer_init(MiceFramer *framer)
{
	*framer = (MiceFramer){.bytes = g_byte_array_new()};
}

void mice_framer_clear(MiceFramer *framer)
{
	g_clear_pointer(&framer->bytes, g_byte_array_unref);
}

void mice_framer_push(MiceFramer *framer, const guint8 *data, gsize size)
{
	g_byte_array_append(framer->bytes, data, size);
}

/**
 * mice_framer_pull() - the next message
 * @framer: the framer
 * @command: set with MICE_FRAMER_MESSAGE: MiceCommand, or another number
 * @body: set with MICE_FRAMER_MESSAGE, to be freed
 *
 * A caller that pulls until there is no more before it pushes again has MICE_MAX_MESSAGE bytes and
 * what it pushes at once in memory, at most.
 */
MiceFramerResult mice_framer_pull(MiceFramer *framer, guint8 *command, GBytes **body)
{
	const guint8 *bytes = framer->bytes->data;
	gsize size;

	if (framer->bytes->len < MICE_HEAD - 1)
		return MICE_FRAMER_MORE;
	size = read_16(bytes);
	if (size < MICE_HEAD || bytes[2] != VERSION)
		return MICE_FRAMER_GARBAGE;
	if (size > MICE_MAX_MESSAGE)
		return MICE_FRAMER_TOO_LONG;
	if (framer->bytes->len < size)
		return MICE_FRAMER_MORE;
	*command = bytes[3];
	*body = g_bytes_new(bytes + MICE_HEAD, size - MICE_HEAD);
	g_byte_array_remove_range(framer->bytes, 0, size);
	return MICE_FRAMER_MESSAGE;
}
