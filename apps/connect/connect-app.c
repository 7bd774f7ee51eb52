// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-app.h"

#include "connect-reasons.h"
#include "connect-window.h"

#include <glib/gi18n.h>
#include <stdbool.h>
#include <unistd.h>

struct _ConnectApp {
	AdwApplication parent_instance;

	ConnectBus *bus;
	ConnectAgent *agent;
	ConnectWindow *window; /* NULL until it is wanted */
	GHashTable *
		running; /* paths of this person's sessions that have not ended to their sinks' names */
};

G_DEFINE_FINAL_TYPE(ConnectApp, connect_app, ADW_TYPE_APPLICATION)

/* Whoever looks at that sink in the window sees it there. */
static void notify(ConnectApp *self, BusSession1 *session, const char *title, const char *body)
{
	const char *path = g_dbus_proxy_get_object_path(G_DBUS_PROXY(session));
	g_autoptr(GNotification) notification = NULL;

	if (self->window && connect_window_shows_sink(self->window, bus_session1_get_sink(session)))
		return;
	notification = g_notification_new(title);
	g_notification_set_body(notification, body);
	g_notification_set_default_action_and_target(notification, "app.show-sink", "s",
						     bus_session1_get_sink(session));
	g_application_send_notification(G_APPLICATION(self), path, notification);
}

/* Translators: the name of a display */
static char *make_title(const char *sink)
{
	return g_strdup_printf(_("%s: the connection has ended"), sink);
}

static void on_ended(ConnectApp *self, BusSession1 *session)
{
	g_autofree char *message = connect_reasons_describe(
		bus_session1_get_reason(session), bus_session1_get_message(session), NULL);
	g_autofree char *title = make_title(bus_session1_get_sink_name(session));

	if (strcmp(bus_session1_get_reason(session), "stopped-by-user") != 0)
		notify(self, session, title, message);
}

/* With the window closed, the program stays for its sessions only. */
static void leave_if_done(ConnectApp *self)
{
	if (self->window && !gtk_widget_get_visible(GTK_WIDGET(self->window)) &&
	    !g_hash_table_size(self->running))
		gtk_window_destroy(GTK_WINDOW(self->window));
}

static void note_session(ConnectApp *self, BusSession1 *session)
{
	const char *path = g_dbus_proxy_get_object_path(G_DBUS_PROXY(session));
	const char *state = bus_session1_get_state(session);

	/* Another person's is shown as what a display is in use for, and no more. */
	if (!state || bus_session1_get_owner(session) != getuid())
		return;
	if (strcmp(state, "ended") != 0)
		g_hash_table_replace(self->running, g_strdup(path),
				     g_strdup(bus_session1_get_sink_name(session)));
	else if (g_hash_table_remove(self->running, path))
		on_ended(self, session);
	leave_if_done(self);
}

static void on_changed(ConnectBus *bus, GDBusProxy *proxy, ConnectApp *self)
{
	if (BUS_IS_SESSION1(proxy))
		note_session(self, BUS_SESSION1(proxy));
}

/* Without the service its sessions are over, and nothing is asked any more. */
static void on_presence(ConnectApp *self)
{
	GHashTableIter iter;
	gpointer path, name;

	if (connect_bus_get_manager(self->bus))
		return;
	g_hash_table_iter_init(&iter, self->running);
	while (g_hash_table_iter_next(&iter, &path, &name)) {
		g_autofree char *title = make_title(name);
		g_autoptr(GNotification) notification = g_notification_new(title);

		/* In the place of a question that there may be. */
		g_notification_set_body(notification, _("The service has stopped."));
		g_notification_set_default_action(notification, "app.show");
		g_application_send_notification(G_APPLICATION(self), path, notification);
	}
	g_hash_table_remove_all(self->running);
	leave_if_done(self);
}

static void on_items(GListModel *sessions, guint position, guint removed, guint added,
		     ConnectApp *self)
{
	for (guint i = position; i < position + added; i++) {
		g_autoptr(BusSession1) session = g_list_model_get_item(sessions, i);

		note_session(self, session);
	}
}

static void on_agent(ConnectAgent *agent, const char *path, ConnectApp *self)
{
	BusSession1 *session = connect_bus_find_session(self->bus, path);
	const char *text;

	if (!session)
		return;
	switch (connect_agent_get(agent, path, &text)) {
	case CONNECT_ASKS_NOTHING:
		g_application_withdraw_notification(G_APPLICATION(self), path);
		break;
	case CONNECT_ASKS_PIN:
		notify(self, session, bus_session1_get_sink_name(session),
		       _("The display shows a PIN, which is to be typed here."));
		break;
	case CONNECT_ASKS_WHETHER:
		notify(self, session, bus_session1_get_sink_name(session), text);
		break;
	case CONNECT_SHOWS_PIN:
		notify(self, session, bus_session1_get_sink_name(session),
		       _("A PIN is to be typed at the display."));
		break;
	}
}

static gboolean on_close(GtkWindow *window, ConnectApp *self)
{
	if (!g_hash_table_size(self->running))
		return GDK_EVENT_PROPAGATE;
	gtk_widget_set_visible(GTK_WIDGET(window), FALSE);
	return GDK_EVENT_STOP;
}

static void connect_app_activate(GApplication *application)
{
	ConnectApp *self = CONNECT_APP(application);

	if (!self->window) {
		self->window = connect_window_new(ADW_APPLICATION(self), self->bus, self->agent);
		g_object_add_weak_pointer(G_OBJECT(self->window), (gpointer *)&self->window);
		g_signal_connect_object(self->window, "close-request", G_CALLBACK(on_close), self,
					0);
	}
	gtk_window_present(GTK_WINDOW(self->window));
}

static void show(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	connect_app_activate(data);
}

static void show_sink(GSimpleAction *action, GVariant *path, gpointer data)
{
	ConnectApp *self = data;

	connect_app_activate(data);
	connect_window_show_sink(self->window, g_variant_get_string(path, NULL));
}

static void show_about(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	ConnectApp *self = data;

	adw_show_about_window(GTK_WINDOW(self->window), "application-name", _("Wireless Displays"),
			      "application-icon", "io.github.linux_miracast.Connect", "version",
			      VERSION, "developer-name", "linux-miracast", "license-type",
			      GTK_LICENSE_GPL_2_0, "translator-credits", _("translator-credits"),
			      NULL);
}

static void quit(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	ConnectApp *self = data;

	if (self->window)
		gtk_window_close(GTK_WINDOW(self->window));
}

static void connect_app_startup(GApplication *application)
{
	static const GActionEntry actions[] = {
		{.name = "about", .activate = show_about},
		{.name = "quit", .activate = quit},
		{.name = "show", .activate = show},
		{.name = "show-sink", .activate = show_sink, .parameter_type = "s"},
	};
	const char *const quit_keys[] = {"<Control>q", "<Control>w", NULL};
	ConnectApp *self = CONNECT_APP(application);

	G_APPLICATION_CLASS(connect_app_parent_class)->startup(application);
	g_action_map_add_action_entries(G_ACTION_MAP(self), actions, G_N_ELEMENTS(actions), self);
	gtk_application_set_accels_for_action(GTK_APPLICATION(self), "app.quit", quit_keys);
	gtk_window_set_default_icon_name("io.github.linux_miracast.Connect");
	self->bus = connect_bus_new();
	self->agent = connect_agent_new(self->bus);
	/* After the window, which may go then. */
	g_signal_connect_object(self->bus, "presence-changed", G_CALLBACK(on_presence), self,
				G_CONNECT_SWAPPED | G_CONNECT_AFTER);
	g_signal_connect_object(self->bus, "changed", G_CALLBACK(on_changed), self, 0);
	g_signal_connect_object(connect_bus_get_sessions(self->bus), "items-changed",
				G_CALLBACK(on_items), self, 0);
	g_signal_connect_object(self->agent, "changed", G_CALLBACK(on_agent), self, 0);
}

static void connect_app_init(ConnectApp *self)
{
	self->running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void connect_app_finalize(GObject *object)
{
	ConnectApp *self = CONNECT_APP(object);

	g_clear_weak_pointer(&self->window);
	g_clear_object(&self->agent);
	g_clear_object(&self->bus);
	g_hash_table_unref(self->running);
	G_OBJECT_CLASS(connect_app_parent_class)->finalize(object);
}

static void connect_app_class_init(ConnectAppClass *class)
{
	G_OBJECT_CLASS(class)->finalize = connect_app_finalize;
	G_APPLICATION_CLASS(class)->startup = connect_app_startup;
	G_APPLICATION_CLASS(class)->activate = connect_app_activate;
}

ConnectApp *connect_app_new(void)
{
	return g_object_new(CONNECT_TYPE_APP, "application-id", "io.github.linux_miracast.Connect",
			    NULL);
}
