// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"

#include <locale.h>
#include <stdio.h>

static const CtlCommand commands[] = {
	{"scan", "[--seconds N] [--json]", "look for sinks", ctl_scan},
	{"list", "[--json|--names]", "sinks that were found or are known", ctl_list},
	{"connect", "SINK [--no-wait] ...", "begin a session with a sink", ctl_connect},
	{"disconnect", "[SINK|SESSION|all]", "end a session; returns when it has ended",
	 ctl_disconnect},
	{"status", "[--json|--watch]", "sessions and what is known of them", ctl_status},
	{"screenshot", "[SINK|SESSION] FILE.png [--width PIXELS]",
	 "keep what a sink is being sent as a picture", ctl_screenshot},
	{"show", "SINK [--json]", "all that is known of a sink", ctl_show},
	{"forget", "SINK", "keep nothing of a sink", ctl_forget},
	{"monitor", "[--json]", "what sinks and sessions do, as it happens", ctl_monitor},
	{"channel", "adapters|stats|monitor ...", "what the kernel says of its Miracast channel",
	 ctl_channel},
	{"doctor", "[--json] [--root DIRECTORY]", "look for what keeps sessions from working",
	 ctl_doctor},
};

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
	Ctl ctl = {0};

	setlocale(LC_ALL, "");
	if (!ctl_parse_group(entries, commands, G_N_ELEMENTS(commands), NULL, &argc, &argv))
		return CTL_USAGE;
	if (version) {
		printf("miracastctl %s\n", VERSION);
		return CTL_OK;
	}
	ctl.bus = bus;
	return ctl_run(commands, G_N_ELEMENTS(commands), &ctl, argc, argv);
}
