/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all commands share: their command line, and what they print. */
#ifndef CTL_H
#define CTL_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
	CTL_OK = 0,
	CTL_FAILED = 1, /* the answer is no: a session failed, there is no such sink */
	CTL_USAGE = 2, /* the command line makes no sense */
	CTL_NO_DAEMON = 3, /* miracastd or the bus cannot be reached */
	CTL_NO_CHANNEL = 4, /* the kernel has no Miracast channel */
} CtlStatus;

/* What the user typed in front of the command. */
typedef struct {
	const char *bus;
} Ctl;

/* @argv: its own arguments, its name first. */
typedef struct {
	const char *name, *synopsis, *what;
	CtlStatus (*run)(const Ctl *ctl, int argc, char **argv);
} CtlCommand;

/* Runs the one that @argv[1] names. @group: of what the commands are: "channel ", or "". */
CtlStatus ctl_run(const CtlCommand *commands, gsize n_commands, const char *group, const Ctl *ctl,
		  int argc, char **argv);

/* "Commands: ...", for --help. Transfer full. */
char *ctl_describe(const CtlCommand *commands, gsize n_commands);

/**
 * ctl_parse:
 * @what: for --help: what the command does
 * @operands: for --help: "SESSION|all", or NULL if there are none
 * @least: how many there have to be, and @most may be; they are left in @argv from 1 on
 *
 * Returns: FALSE after having said what is wrong
 */
gboolean ctl_parse(const GOptionEntry *entries, const char *what, const char *operands, int least,
		   int most, int *argc, char ***argv);

void ctl_print_json(GVariant *value);

/* One line. Transfer full: @text without what a terminal would obey. */
char *ctl_clean(const char *text);

/* @text, cleaned, and spaces up to @width columns. */
void ctl_print_column(const char *text, int width);

G_GNUC_PRINTF(1, 2)
void ctl_complain(const char *format, ...);

G_END_DECLS

#endif /* CTL_H */
