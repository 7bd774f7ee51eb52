// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-uibc.h"

#include <string.h>

static const char *const type_names[WFD_UIBC_N_TYPES] = {
	"Keyboard", "Mouse",  "SingleTouch", "MultiTouch",
	"Joystick", "Camera", "Gesture",     "RemoteControl",
};

static const char *const path_names[] = {"Infrared", "USB", "BT", "Zigbee", "Wi-Fi", "No-SP"};

static int find_name(const char *const *names, guint n, const char *name)
{
	for (guint i = 0; i < n; i++)
		if (!g_ascii_strcasecmp(names[i], name))
			return i;
	return -1;
}

/* "Mouse" or "Mouse/USB"; FALSE: it cannot be read. */
static gboolean add_input(char *text, gboolean generic, WfdUibc *uibc)
{
	g_auto(GStrv) parts = g_strsplit(g_strstrip(text), "/", 2);
	int type, path;

	if (!*text || !g_ascii_strcasecmp(text, "none"))
		return TRUE;
	type = find_name(type_names, WFD_UIBC_N_TYPES, g_strstrip(parts[0]));
	if (type < 0)
		return FALSE;
	if (generic) {
		uibc->generic |= 1u << type;
		return TRUE;
	}
	path = parts[1] ? find_name(path_names, G_N_ELEMENTS(path_names), g_strstrip(parts[1]))
			: -1;
	if (path >= 0)
		uibc->hidc[type] |= 1u << path;
	return path >= 0;
}

gboolean wfd_uibc_parse(const char *text, WfdUibc *uibc)
{
	g_auto(GStrv) fields = g_strsplit(text, ";", -1);
	gboolean any = FALSE, all = TRUE;

	*uibc = (WfdUibc){0};
	for (guint i = 0; fields[i]; i++) {
		g_auto(GStrv) pair = g_strsplit(fields[i], "=", 2);
		g_auto(GStrv) values = NULL;
		gboolean generic;

		if (!pair[0] || !pair[1])
			continue;
		generic = !g_ascii_strcasecmp(g_strstrip(pair[0]), "generic_cap_list");
		if (!generic && g_ascii_strcasecmp(pair[0], "hidc_cap_list"))
			continue;
		any = TRUE;
		values = g_strsplit(pair[1], ",", -1);
		for (guint n = 0; values[n]; n++)
			all &= add_input(values[n], generic, uibc);
	}
	return any && all;
}

static void append_item(GString *list, const char *type, const char *path)
{
	g_string_append_printf(list, "%s%s%s%s", list->len ? ", " : "", type, path ? "/" : "",
			       path ?: "");
}

char *wfd_uibc_to_string(const WfdUibc *uibc, guint16 port)
{
	g_autoptr(GString) categories = g_string_new(NULL);
	g_autoptr(GString) generic = g_string_new(NULL);
	g_autoptr(GString) hidc = g_string_new(NULL);

	if (wfd_uibc_is_none(uibc))
		return g_strdup("none");
	for (guint type = 0; type < WFD_UIBC_N_TYPES; type++) {
		if (uibc->generic & 1u << type)
			append_item(generic, type_names[type], NULL);
		for (guint path = 0; path < G_N_ELEMENTS(path_names); path++)
			if (uibc->hidc[type] & 1u << path)
				append_item(hidc, type_names[type], path_names[path]);
	}
	if (generic->len)
		append_item(categories, "GENERIC", NULL);
	if (hidc->len)
		append_item(categories, "HIDC", NULL);
	return g_strdup_printf("input_category_list=%s;generic_cap_list=%s;hidc_cap_list=%s;"
			       "port=%u",
			       categories->str, generic->len ? generic->str : "none",
			       hidc->len ? hidc->str : "none", port);
}

void wfd_uibc_choose(const WfdUibc *sink, WfdUibc *choice)
{
	*choice = *sink;
	choice->generic &= ~(1u << WFD_UIBC_CAMERA);
	choice->hidc[WFD_UIBC_CAMERA] = 0;
	for (guint type = 0; type < WFD_UIBC_N_TYPES; type++) {
		if (!choice->hidc[type] || !(choice->generic & 1u << type))
			continue;
		if (type == WFD_UIBC_KEYBOARD)
			choice->generic &= ~(1u << type);
		else
			choice->hidc[type] = 0;
	}
}

gboolean wfd_uibc_is_none(const WfdUibc *uibc)
{
	static const WfdUibc none;

	return uibc->generic == 0 && !memcmp(uibc->hidc, none.hidc, sizeof(none.hidc));
}
