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

typedef struct Ctl Ctl;

typedef struct {
	const char *name, *synopsis, *what;
	/* @argv: its own arguments, its name first. */
	CtlStatus (*run)(const Ctl *ctl, int argc, char **argv);
} CtlCommand;

struct Ctl {
	const char *bus; /* that the user typed in front of the command; or NULL */
	const char *name; /* of the command, with what it is a command of: "channel stats" */
	const CtlCommand *command; /* NULL: none runs yet */
};

/**
 * ctl_parse_group:
 * @entries: what may stand before the command, which is left in @argv from 1 on
 * @name: of what the commands are: "channel", or NULL
 *
 * Returns: FALSE after having said what is wrong
 */
gboolean ctl_parse_group(const GOptionEntry *entries, const CtlCommand *commands, gsize n_commands,
			 const char *name, int *argc, char ***argv);

/* Runs the one that @argv[1] names. @ctl: its name is that of the group, or NULL */
CtlStatus ctl_run(const CtlCommand *commands, gsize n_commands, const Ctl *ctl, int argc,
		  char **argv);

/**
 * ctl_parse:
 * @ctl: of the command that runs
 * @operands: for --help: "SESSION|all", or NULL if there are none
 * @least: how many there have to be, and @most may be; they are left in @argv from 1 on
 *
 * Returns: FALSE after having said what is wrong
 */
gboolean ctl_parse(const Ctl *ctl, const GOptionEntry *entries, const char *operands, int least,
		   int most, int *argc, char ***argv);

void ctl_print_json(GVariant *value);

/* One line. Transfer full: @text without what a terminal would obey. */
char *ctl_clean(const char *text);

/* @text, cleaned, and spaces up to @width columns. */
void ctl_print_column(const char *text, int width);

/* A line of what is said of one thing. */
void ctl_print_labelled(const char *label, const char *text);

G_GNUC_PRINTF(1, 2)
void ctl_complain(const char *format, ...);

G_END_DECLS

#endif /* CTL_H */
