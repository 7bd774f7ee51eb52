// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdio.h>

CtlStatus ctl_run(const CtlCommand *commands, gsize n_commands, const char *group, const Ctl *ctl,
		  int argc, char **argv)
{
	if (argc < 2) {
		ctl_complain("a command is missing; see miracastctl %s--help", group);
		return CTL_USAGE;
	}
	for (gsize i = 0; i < n_commands; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(ctl, argc - 1, argv + 1);
	ctl_complain("there is no command \"%s%s\"; see miracastctl %s--help", group, argv[1],
		     group);
	return CTL_USAGE;
}

char *ctl_describe(const CtlCommand *commands, gsize n_commands)
{
	GString *text = g_string_new("Commands:");

	for (gsize i = 0; i < n_commands; i++)
		g_string_append_printf(text, "\n  %-10s %s\n             %s", commands[i].name,
				       commands[i].synopsis, commands[i].what);
	return g_string_free(text, FALSE);
}

gboolean ctl_parse(const GOptionEntry *entries, const char *what, const char *operands, int least,
		   int most, int *argc, char ***argv)
{
	const char *command = (*argv)[0];
	g_autofree char *name = g_strdup_printf("miracastctl %s", command);
	g_autofree char *parameters =
		g_strdup_printf("%s%s- %s", operands ? operands : "", operands ? " " : "", what);
	g_autoptr(GOptionContext) context = g_option_context_new(parameters);
	g_autoptr(GError) error = NULL;

	g_set_prgname(name);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		ctl_complain("%s; see miracastctl %s --help", error->message, command);
		return FALSE;
	}
	/* GLib leaves it there if it stands before what looks like an option. */
	if (*argc > 1 && !strcmp((*argv)[1], "--")) {
		memmove(*argv + 1, *argv + 2, (size_t)(*argc - 1) * sizeof(**argv));
		(*argc)--;
	}
	if (*argc - 1 > most) {
		ctl_complain("\"%s\" is one argument too many; see miracastctl %s --help",
			     (*argv)[most + 1], command);
		return FALSE;
	}
	if (*argc - 1 < least) {
		ctl_complain("%s is missing; see miracastctl %s --help", operands, command);
		return FALSE;
	}
	return TRUE;
}

void ctl_print_json(GVariant *value)
{
	g_autofree char *text = json_gvariant_serialize_data(value, NULL);

	puts(text);
	fflush(stdout);
}

/* Names come from the air: nothing that moves the cursor, or turns the text that follows. */
static bool is_printable(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_UNASSIGNED: return false;
	default: return true;
	}
}

char *ctl_clean(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_new(NULL);

	for (const char *c = valid; *c; c = g_utf8_next_char(c))
		g_string_append_unichar(clean, is_printable(g_utf8_get_char(c)) ? g_utf8_get_char(c)
										: ' ');
	return g_string_free(clean, FALSE);
}

static int columns_of(const char *text)
{
	int columns = 0;

	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		if (!g_unichar_iszerowidth(character))
			columns += g_unichar_iswide(character) ? 2 : 1;
	}
	return columns;
}

void ctl_print_column(const char *text, int width)
{
	g_autofree char *clean = ctl_clean(text);

	printf("%s%*s", clean, MAX(width - columns_of(clean), 0), "");
}

void ctl_complain(const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *clean = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	clean = ctl_clean(text);
	fflush(stdout);
	fprintf(stderr, "miracastctl: %s\n", clean);
}
