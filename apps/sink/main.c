// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracast-sink-window: this machine as a wireless display, in a window. miracast-sink does the work, as a
 * process of its own: see viewer-sink.h.
 */
#include "viewer-window.h"

#include <glib/gi18n.h>
#include <locale.h>

/* With the name of this machine, for sources on the network, is what there is without arguments. */
static GStrv get_arguments(GVariantDict *options)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	const char *name;
	g_autofree const char **rest = NULL;

	if (g_variant_dict_lookup(options, "name", "&s", &name))
		g_strv_builder_add_many(builder, "--name", name, NULL);
	if (g_variant_dict_lookup(options, G_OPTION_REMAINING, "^a&s", &rest))
		g_strv_builder_addv(builder, rest);
	else
		g_strv_builder_add(builder, "--mice");
	return g_strv_builder_end(builder);
}

static int on_command_line(GApplication *app, GApplicationCommandLine *command)
{
	GVariantDict *options = g_application_command_line_get_options_dict(command);
	g_auto(GStrv) arguments = get_arguments(options);
	ViewerWindow *window =
		viewer_window_new(GTK_APPLICATION(app), (const char *const *)arguments);

	gtk_window_present(GTK_WINDOW(window));
	return 0;
}

int main(int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{"name", 0, 0, G_OPTION_ARG_STRING, NULL,
		 N_("Show this name (default: this machine's)"), N_("NAME")},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, NULL, NULL,
		 N_("[-- ARGUMENT OF MIRACAST-SINK…]")},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(AdwApplication) app = NULL;

	setlocale(LC_ALL, "");
	bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
	bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
	textdomain(GETTEXT_PACKAGE);
	g_set_application_name(_("This Computer as a Display"));
	/* Each has a sink of its own, and the second one finds its port taken, and says so. */
	app = adw_application_new("io.github.linux_miracast.Sink",
				  G_APPLICATION_HANDLES_COMMAND_LINE | G_APPLICATION_NON_UNIQUE);
	g_application_add_main_option_entries(G_APPLICATION(app), entries);
	g_signal_connect(app, "command-line", G_CALLBACK(on_command_line), NULL);
	return g_application_run(G_APPLICATION(app), argc, argv);
}
