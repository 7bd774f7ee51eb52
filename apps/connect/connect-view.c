// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-view.h"

#define READING_S 10 /* of a sentence or two */

void connect_view_show(GtkStack *stack, GtkWidget *child)
{
	gtk_widget_set_visible(child, TRUE);
	gtk_stack_set_visible_child(stack, child);
	for (GtkWidget *other = gtk_widget_get_first_child(GTK_WIDGET(stack)); other;
	     other = gtk_widget_get_next_sibling(other))
		gtk_widget_set_visible(other, other == child);
}

void connect_view_say(AdwToastOverlay *toasts, const char *message)
{
	g_autofree char *escaped = g_markup_escape_text(message, -1);
	AdwToast *toast = adw_toast_new(escaped);

	adw_toast_set_timeout(toast, READING_S);
	adw_toast_overlay_add_toast(toasts, toast);
}
