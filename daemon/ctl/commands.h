/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands: see miracastctl(1). */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl.h"

G_BEGIN_DECLS

/* sinks.c */
CtlStatus ctl_scan(const Ctl *ctl, int argc, char **argv);
CtlStatus ctl_list(const Ctl *ctl, int argc, char **argv);
CtlStatus ctl_show(const Ctl *ctl, int argc, char **argv);
CtlStatus ctl_forget(const Ctl *ctl, int argc, char **argv);

/* connect.c */
CtlStatus ctl_connect(const Ctl *ctl, int argc, char **argv);

/* sessions.c */
CtlStatus ctl_status(const Ctl *ctl, int argc, char **argv);
CtlStatus ctl_disconnect(const Ctl *ctl, int argc, char **argv);
CtlStatus ctl_screenshot(const Ctl *ctl, int argc, char **argv);

/* doctor.c */
CtlStatus ctl_doctor(const Ctl *ctl, int argc, char **argv);

/* monitor.c */
CtlStatus ctl_monitor(const Ctl *ctl, int argc, char **argv);

/* channel.c */
CtlStatus ctl_channel(const Ctl *ctl, int argc, char **argv);

G_END_DECLS

#endif /* CTL_COMMANDS_H */
