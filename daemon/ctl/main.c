// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <json-glib/json-glib.h>
#include <locale.h>
#include <stdio.h>

static const struct {
	const char *name, *synopsis, *what;
	ctl_command run;
} commands[] = {
	{"status", "[--json]", "sessions and what is known of them", ctl_status},
	{"connect", "--local ADDRESS --peer ADDRESS [--wait] ...", "begin a session with a sink",
	 ctl_connect},
	{"disconnect", "SESSION|all", "end a session", ctl_disconnect},
	{"adapters", "[--json]", "display adapters of this machine", ctl_adapters},
	{"stats", "[--watch] [--json]", "messages of each context, by what became of them",
	 ctl_stats},
	{"doctor", "[--json]", "look for what keeps sessions from working", ctl_doctor},
	{"monitor", "[--json]", "events of the channel, as they come", ctl_monitor},
};

void ctl_complain(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	fprintf(stderr, "miracastctl: %s\n", text);
}

void ctl_print_json(GVariant *value)
{
	g_autofree char *text = json_gvariant_serialize_data(value, NULL);

	puts(text);
	fflush(stdout);
}

gboolean ctl_parse(const GOptionEntry *entries, const char *what, const char *operands,
		   int n_operands, int *argc, char ***argv)
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
	if (*argc - 1 > n_operands) {
		ctl_complain("\"%s\" is one argument too many; see miracastctl %s --help",
			     (*argv)[n_operands + 1], command);
		return FALSE;
	}
	if (*argc - 1 < n_operands) {
		ctl_complain("%s is missing; see miracastctl %s --help", operands, command);
		return FALSE;
	}
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autofree char *bus = NULL;
	gboolean version = FALSE;
	const GOptionEntry entries[] = {
		{"bus", 0, 0, G_OPTION_ARG_STRING, &bus,
		 "miracastd's bus: \"system\" (default), \"session\", or an address", "BUS"},
		{"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) options = g_option_context_new("COMMAND [...]");
	g_autoptr(GString) summary = g_string_new("Commands:");
	g_autoptr(GError) error = NULL;
	struct ctl ctl = {0};

	setlocale(LC_ALL, "");
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		g_string_append_printf(summary, "\n  %-10s %s\n             %s", commands[i].name,
				       commands[i].synopsis, commands[i].what);
	g_option_context_set_summary(options, summary->str);
	g_option_context_add_main_entries(options, entries, NULL);
	/* What follows the command is the command's. */
	g_option_context_set_strict_posix(options, TRUE);
	if (!g_option_context_parse(options, &argc, &argv, &error)) {
		ctl_complain("%s; see miracastctl --help", error->message);
		return CTL_USAGE;
	}
	if (version) {
		printf("miracastctl %s\n", VERSION);
		return CTL_OK;
	}
	if (argc < 2) {
		ctl_complain("a command is missing; see miracastctl --help");
		return CTL_USAGE;
	}
	ctl.bus = bus;
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(&ctl, argc - 1, argv + 1);
	ctl_complain("there is no command \"%s\"; see miracastctl --help", argv[1]);
	return CTL_USAGE;
}
