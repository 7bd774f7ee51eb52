// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-element.h"

#include <gio/gio.h>
#include <string.h>

#define DEVICE_INFORMATION	0
#define DEVICE_INFORMATION_SIZE 6

#define INFO_TYPE	  0x0003
#define INFO_AVAILABILITY 0x0030
#define INFO_AVAILABLE	  0x0010
#define INFO_HDCP	  0x0100

static GByteArray *from_hex(const char *hex)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	for (; *hex; hex += 2) {
		guint8 byte;

		if (!g_ascii_isxdigit(hex[0]) || !g_ascii_isxdigit(hex[1]))
			return NULL;
		byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);
		g_byte_array_append(bytes, &byte, 1);
	}
	return g_steal_pointer(&bytes);
}

static guint16 number(const guint8 *two)
{
	return two[0] << 8 | two[1];
}

static void read_information(const guint8 *body, SinkElement *element)
{
	guint16 info = number(body);

	element->type = info & INFO_TYPE;
	element->available = (info & INFO_AVAILABILITY) == INFO_AVAILABLE;
	element->content_protection = !!(info & INFO_HDCP);
	element->port = number(body + 2);
	element->throughput = number(body + 4);
}

gboolean sink_element_parse(const char *hex, SinkElement *element, GError **error)
{
	g_autoptr(GByteArray) bytes = from_hex(hex);
	gboolean found = FALSE;

	if (!bytes) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "the Wi-Fi Display element is not hexadecimal");
		return FALSE;
	}
	for (gsize at = 0; at < bytes->len;) {
		gsize left = bytes->len - at;
		gsize length = left < 3 ? 0 : number(bytes->data + at + 1);

		if (left < 3 || left - 3 < length) {
			g_set_error(
				error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				"the Wi-Fi Display element ends within the subelement at %" G_GSIZE_FORMAT,
				at);
			return FALSE;
		}
		if (bytes->data[at] == DEVICE_INFORMATION && !found) {
			if (length < DEVICE_INFORMATION_SIZE) {
				g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
					    "the WFD Device Information has %" G_GSIZE_FORMAT
					    " bytes instead of 6",
					    length);
				return FALSE;
			}
			read_information(bytes->data + at + 3, element);
			found = TRUE;
		}
		at += 3 + length;
	}
	if (!found)
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
				    "the Wi-Fi Display element has no WFD Device Information");
	return found;
}

void sink_event_line_clear(SinkEventLine *line)
{
	g_clear_pointer(&line->interface, g_free);
	g_clear_pointer(&line->name, g_free);
	g_clear_pointer(&line->words, g_strfreev);
}

/* Where the word at @text ends. */
static const char *word_end(const char *text)
{
	gboolean quoted = FALSE;

	for (; *text && (quoted || *text != ' '); text++) {
		if (*text == '"')
			quoted = !quoted;
		else if (*text == '\\' && text[1])
			text++;
	}
	return text;
}

gboolean sink_event_line_parse(const char *text, SinkEventLine *line)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *interface = NULL;

	if (g_str_has_prefix(text, "IFNAME=")) {
		const char *space = strchr(text, ' ');

		if (!space)
			return FALSE;
		text += strlen("IFNAME=");
		interface = g_strndup(text, space - text);
		text = space + 1;
	}
	/* The priority, as in the kernel's log. */
	if (text[0] != '<' || !g_ascii_isdigit(text[1]) || text[2] != '>')
		return FALSE;
	text += 3;
	while (*text) {
		const char *end = word_end(text);

		if (end > text)
			g_ptr_array_add(words, g_strndup(text, end - text));
		text = *end ? end + 1 : end;
	}
	if (!words->len)
		return FALSE;
	line->interface = g_steal_pointer(&interface);
	line->name = g_ptr_array_steal_index(words, 0);
	g_ptr_array_add(words, NULL);
	line->words = (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
	return TRUE;
}

/* What follows KEY= in @word, or NULL. */
static const char *value_of(const char *word, const char *key)
{
	gsize length = strlen(key);

	return !strncmp(word, key, length) && word[length] == '=' ? word + length + 1 : NULL;
}

const char *sink_event_line_get(const SinkEventLine *line, const char *key)
{
	for (char **word = line->words; *word; word++) {
		const char *value = value_of(*word, key);

		if (value)
			return value;
	}
	return NULL;
}

const char *sink_event_line_word(const SinkEventLine *line, guint n)
{
	for (char **word = line->words; *word; word++)
		if (!n--)
			return strchr(*word, '=') ? "" : *word;
	return "";
}

char *sink_answer_get(const char *answer, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(answer, "\n", -1);

	for (char **line = lines; *line; line++) {
		const char *value = value_of(*line, key);

		if (value)
			return g_strdup(value);
	}
	return NULL;
}
