/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CTL_H
#define CTL_H

#include <gio/gio.h>

enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1, /* the answer is no: a session failed, there is no such session */
	CTL_USAGE = 2, /* the command line makes no sense */
	CTL_NO_DAEMON = 3, /* miracastd or the bus cannot be reached */
	CTL_NO_CHANNEL = 4 /* the kernel has no Miracast channel */
};

/* What the user typed in front of the command. */
struct ctl {
	const char *bus;
};

/* A command's own arguments, its name first. */
typedef enum ctl_exit (*ctl_command)(const struct ctl *ctl, int argc, char **argv);

enum ctl_exit ctl_status(const struct ctl *ctl, int argc, char **argv);
enum ctl_exit ctl_connect(const struct ctl *ctl, int argc, char **argv);
enum ctl_exit ctl_disconnect(const struct ctl *ctl, int argc, char **argv);

enum ctl_exit ctl_doctor(const struct ctl *ctl, int argc, char **argv);

enum ctl_exit ctl_adapters(const struct ctl *ctl, int argc, char **argv);
enum ctl_exit ctl_stats(const struct ctl *ctl, int argc, char **argv);
enum ctl_exit ctl_monitor(const struct ctl *ctl, int argc, char **argv);

/**
 * ctl_parse:
 * @what: for --help: what the command does
 * @operands: for --help: "SESSION|all", or NULL if there are none
 * @n_operands: how many there have to be; they are left in @argv from 1 on
 *
 * Returns: FALSE after having said what is wrong
 */
gboolean ctl_parse(const GOptionEntry *entries, const char *what, const char *operands,
		   int n_operands, int *argc, char ***argv);

void ctl_print_json(GVariant *value);

G_GNUC_PRINTF(1, 2)
void ctl_complain(const char *format, ...);

#endif /* CTL_H */
