/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One number over the last two minutes: its name, what it is now, and a line. */
#ifndef CONNECT_PLOT_H
#define CONNECT_PLOT_H

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CONNECT_TYPE_PLOT (connect_plot_get_type())
G_DECLARE_FINAL_TYPE(ConnectPlot, connect_plot, CONNECT, PLOT, GtkWidget)

/* Property "title". */

/* @value: not negative; a second after the last one. @text: the same for people. */
void connect_plot_add(ConnectPlot *self, double value, const char *text);
void connect_plot_clear(ConnectPlot *self);

G_END_DECLS

#endif /* CONNECT_PLOT_H */
