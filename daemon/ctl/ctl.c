// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdio.h>

/* "miracastctl", and the words that follow. Transfer full. */
static char *full_name(const char *name)
{
	return g_strjoin(" ", "miracastctl", name, NULL);
}

/* "Commands: ...", for --help. Transfer full. */
static char *describe(const CtlCommand *commands, gsize n_commands)
{
	GString *text = g_string_new("Commands:");

	for (gsize i = 0; i < n_commands; i++)
		g_string_append_printf(text, "\n  %-10s %s\n             %s", commands[i].name,
				       commands[i].synopsis, commands[i].what);
	return g_string_free(text, FALSE);
}

gboolean ctl_parse_group(const GOptionEntry *entries, const CtlCommand *commands, gsize n_commands,
			 const char *name, int *argc, char ***argv)
{
	g_autofree char *program = full_name(name);
	g_autofree char *summary = describe(commands, n_commands);
	g_autoptr(GOptionContext) context = g_option_context_new("COMMAND [...]");
	g_autoptr(GError) error = NULL;

	g_set_prgname(program);
	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	/* What follows the command is the command's. */
	g_option_context_set_strict_posix(context, TRUE);
	if (g_option_context_parse(context, argc, argv, &error))
		return TRUE;
	ctl_complain("%s; see %s --help", error->message, program);
	return FALSE;
}

CtlStatus ctl_run(const CtlCommand *commands, gsize n_commands, const Ctl *ctl, int argc,
		  char **argv)
{
	g_autofree char *program = full_name(ctl->name);
	g_autofree char *name = NULL;
	Ctl of_command = *ctl;

	if (argc < 2) {
		ctl_complain("a command is missing; see %s --help", program);
		return CTL_USAGE;
	}
	name = ctl->name ? g_strjoin(" ", ctl->name, argv[1], NULL) : g_strdup(argv[1]);
	of_command.name = name;
	for (gsize i = 0; i < n_commands; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		of_command.command = &commands[i];
		return commands[i].run(&of_command, argc - 1, argv + 1);
	}
	ctl_complain("there is no command \"%s\"; see %s --help", name, program);
	return CTL_USAGE;
}

gboolean ctl_parse(const Ctl *ctl, const GOptionEntry *entries, const char *operands, int least,
		   int most, int *argc, char ***argv)
{
	g_autofree char *program = full_name(ctl->name);
	g_autofree char *parameters = g_strdup_printf("%s%s- %s", operands ? operands : "",
						      operands ? " " : "", ctl->command->what);
	g_autoptr(GOptionContext) context = g_option_context_new(parameters);
	g_autoptr(GError) error = NULL;

	g_set_prgname(program);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		ctl_complain("%s; see %s --help", error->message, program);
		return FALSE;
	}
	/* GLib leaves it there if it stands before what looks like an option. */
	if (*argc > 1 && !strcmp((*argv)[1], "--")) {
		memmove(*argv + 1, *argv + 2, (size_t)(*argc - 1) * sizeof(**argv));
		(*argc)--;
	}
	if (*argc - 1 > most) {
		ctl_complain("\"%s\" is one argument too many; see %s --help", (*argv)[most + 1],
			     program);
		return FALSE;
	}
	if (*argc - 1 < least) {
		/* The last one is the one that has to be there. */
		const char *last = strrchr(operands, ' ');

		ctl_complain("%s is missing; see %s --help", last ? last + 1 : operands, program);
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

void ctl_print_labelled(const char *label, const char *text)
{
	printf("  %-9s ", label);
	ctl_print_column(text, 0);
	putchar('\n');
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
