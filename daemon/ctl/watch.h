/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions as they go on: each step when it comes, and each second what is sent. */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include "ctl.h"

G_BEGIN_DECLS

/* Until a ^C, or until miracastd has gone, which it says. */
CtlStatus ctl_watch(GDBusConnection *connection);

G_END_DECLS

#endif /* CTL_WATCH_H */
