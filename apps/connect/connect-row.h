/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sink in a list: its name, what it is, how well it is heard, what is on it. */
#ifndef CONNECT_ROW_H
#define CONNECT_ROW_H

#include "connect-agent.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define CONNECT_TYPE_ROW (connect_row_get_type())
G_DECLARE_FINAL_TYPE(ConnectRow, connect_row, CONNECT, ROW, AdwActionRow)

GtkWidget *connect_row_new(BusSink1 *sink, ConnectAgent *agent);
BusSink1 *connect_row_get_sink(ConnectRow *self);

G_END_DECLS

#endif /* CONNECT_ROW_H */
