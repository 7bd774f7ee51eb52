// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-row.h"

#include "connect-words.h"

#include <glib/gi18n.h>

struct _ConnectRow {
	AdwActionRow parent_instance;

	BusSink1 *sink;
	ConnectAgent *agent;
	GtkWidget *kind, *strength;
};

G_DEFINE_FINAL_TYPE(ConnectRow, connect_row, ADW_TYPE_ACTION_ROW)

BusSink1 *connect_row_get_sink(ConnectRow *self)
{
	return self->sink;
}

/* What a session does: it may wait for somebody here. */
static const char *describe_session(ConnectRow *self, const char *session)
{
	const char *text;

	switch (connect_agent_get(self->agent, session, &text)) {
	case CONNECT_ASKS_PIN: return _("Asks for a PIN");
	case CONNECT_ASKS_WHETHER: return _("Asks whether to go on");
	case CONNECT_SHOWS_PIN: return _("A PIN is to be typed at the display.");
	case CONNECT_ASKS_NOTHING: break;
	}
	return _("In use by this computer");
}

static void update(ConnectRow *self)
{
	const char *session = bus_sink1_get_session(self->sink);
	int strength = bus_sink1_get_signal_strength(self->sink);
	const char *name = bus_sink1_get_name(self->sink);
	const char *heard = connect_words_signal(strength);
	g_autofree char *words = connect_words_sink(self->sink);
	const char *line = session && strcmp(session, "/") != 0 ? describe_session(self, session)
								: words;
	g_autofree char *description = g_strjoin(", ", line, heard, NULL);

	/* The proxy has lost its properties when its object goes. */
	if (!name)
		return;
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), name);
	adw_action_row_set_subtitle(ADW_ACTION_ROW(self), line);
	gtk_image_set_from_icon_name(GTK_IMAGE(self->kind),
				     connect_words_kind_icon(bus_sink1_get_kind(self->sink)));
	gtk_widget_set_visible(self->strength, heard != NULL);
	gtk_widget_set_tooltip_text(self->strength, heard);
	if (heard)
		gtk_image_set_from_icon_name(GTK_IMAGE(self->strength),
					     connect_words_signal_icon(strength));
	/* Its name is its title. */
	gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
				       description, -1);
}

/* The row's description says it all. */
static GtkWidget *make_image(const char *icon)
{
	return g_object_new(GTK_TYPE_IMAGE, "icon-name", icon, "accessible-role",
			    GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
}

static void connect_row_init(ConnectRow *self)
{
	self->kind = make_image(NULL);
	self->strength = make_image(NULL);
	gtk_image_set_pixel_size(GTK_IMAGE(self->kind), 24);
	adw_action_row_add_prefix(ADW_ACTION_ROW(self), self->kind);
	adw_action_row_add_suffix(ADW_ACTION_ROW(self), self->strength);
	adw_action_row_add_suffix(ADW_ACTION_ROW(self), make_image("go-next-symbolic"));
	/* Names come from the air. */
	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(self), FALSE);
	adw_action_row_set_title_lines(ADW_ACTION_ROW(self), 1);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(self), TRUE);
}

static void connect_row_dispose(GObject *object)
{
	g_clear_object(&CONNECT_ROW(object)->sink);
	g_clear_object(&CONNECT_ROW(object)->agent);
	G_OBJECT_CLASS(connect_row_parent_class)->dispose(object);
}

static void connect_row_class_init(ConnectRowClass *class)
{
	G_OBJECT_CLASS(class)->dispose = connect_row_dispose;
}

GtkWidget *connect_row_new(BusSink1 *sink, ConnectAgent *agent)
{
	ConnectRow *self = g_object_new(CONNECT_TYPE_ROW, NULL);

	self->sink = g_object_ref(sink);
	self->agent = g_object_ref(agent);
	/* The proxy drops the lists of before by a handler of its own. */
	g_signal_connect_object(sink, "g-properties-changed", G_CALLBACK(update), self,
				G_CONNECT_SWAPPED | G_CONNECT_AFTER);
	g_signal_connect_object(agent, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
	update(self);
	return GTK_WIDGET(self);
}
