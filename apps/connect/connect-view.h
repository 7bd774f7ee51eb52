/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNECT_VIEW_H
#define CONNECT_VIEW_H

#include <adwaita.h>

G_BEGIN_DECLS

/*
 * @child of @stack alone is seen. GTK tells a screen reader that the others are there, too, unless
 * they are hidden.
 */
void connect_view_show(GtkStack *stack, GtkWidget *child);

/* For a moment, over all the rest. What comes from elsewhere is no markup. */
void connect_view_say(AdwToastOverlay *toasts, const char *message);

G_END_DECLS

#endif /* CONNECT_VIEW_H */
