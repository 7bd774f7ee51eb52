// SPDX-License-Identifier: GPL-2.0-or-later
#include "device-name.h"

#include <string.h>

static gboolean may_be_shown(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT: /* among them all that change the direction of text */
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_UNASSIGNED: return FALSE;
	default: return TRUE;
	}
}

char *host_device_name_clean(const char *bytes, gsize length)
{
	/* Names come in fields of 32 bytes, which may end within a character or with zeros. */
	g_autofree char *valid = g_utf8_make_valid(bytes, strnlen(bytes, length));
	g_autoptr(GString) name = g_string_new(NULL);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		if (may_be_shown(character))
			g_string_append_unichar(name, character);
	}
	g_strstrip(name->str);
	if (!*name->str)
		return NULL;
	return g_string_free(g_steal_pointer(&name), FALSE);
}

char *host_device_name_cut(const char *name, gsize size)
{
	g_autofree char *valid = g_utf8_make_valid(name, -1);

	if (strlen(valid) > size)
		*g_utf8_find_prev_char(valid, valid + size + 1) = '\0';
	return g_steal_pointer(&valid);
}
