// SPDX-License-Identifier: GPL-2.0-or-later
#include "viewer-window.h"

#include "connect-view.h"
#include "viewer-input.h"

#include <glib/gi18n.h>
#include <stdbool.h>

/* A sink that cannot be offered is tried again, and one whose session ended soon. */
#define AGAIN_S	      5
#define AGAIN_SOON_MS 300

struct _ViewerWindow {
	AdwApplicationWindow parent_instance;

	ViewerSink *sink;
	ViewerInput *input;
	GStrv arguments;
	guint again_source;
	bool is_closing;
	bool was_reached; /* by a source, since the sink was started */
	char *reason; /* why the session ended; or NULL */
	guint tick; /* while a picture is to be drawn */
	guint inhibitor; /* of the screen saver, while pictures are shown; 0: there is none */

	AdwWindowTitle *title;
	GtkWidget *bar;
	GtkStack *stack;
	GtkLabel *name, *announced, *ended, *pin, *again, *trouble;
	GtkEditable *typed;
	GtkPicture *picture;
};

G_DEFINE_FINAL_TYPE(ViewerWindow, viewer_window, ADW_TYPE_APPLICATION_WINDOW)

/* Nobody types while a film is shown. */
static void keep_awake(ViewerWindow *self, bool awake)
{
	GtkApplication *app = gtk_window_get_application(GTK_WINDOW(self));

	if (awake && !self->inhibitor) {
		self->inhibitor = gtk_application_inhibit(app, GTK_WINDOW(self),
							  GTK_APPLICATION_INHIBIT_IDLE,
							  _("Another device shows its screen"));
	} else if (!awake && self->inhibitor) {
		gtk_application_uninhibit(app, self->inhibitor);
		self->inhibitor = 0;
	}
}

static void show_page(ViewerWindow *self, const char *page)
{
	keep_awake(self, !strcmp(page, "picture"));
	connect_view_show(self->stack, gtk_stack_get_child_by_name(self->stack, page));
}

static void show_waiting(ViewerWindow *self)
{
	adw_window_title_set_subtitle(self->title, "");
	gtk_picture_set_paintable(self->picture, NULL);
	show_page(self, "waiting");
}

/*
 * The sink.
 */

/* Words of why a session ends that need no telling. */
static bool is_usual(const char *reason)
{
	static const char *const usual[] = {"source-teardown", "source-stopped",
					    "connection-closed", "interrupted", NULL};

	return g_strv_contains(usual, reason);
}

/* Why a session ended, by the word that stays the same; what is said with it is in English. */
static char *describe_reason(const char *word, const char *sentence)
{
	static const struct {
		const char *word, *text;
		bool is_detailed; /* the sentence says what exactly is in the way */
	} reasons[] = {
		{"connect-failed", N_("The other device cannot be reached."), false},
		{"rtsp-malformed", N_("The other device says what is not understood."), false},
		{"rtsp-oversize", N_("The other device says what is not understood."), false},
		{"bad-response", N_("The other device says what is not understood."), false},
		{"mice-invalid", N_("The other device says what is not understood."), false},
		{"response-timeout", N_("The other device did not answer in time."), false},
		{"source-silent", N_("The other device said nothing any more."), false},
		{"request-refused", N_("The other device refused to send a picture."), false},
		{"control-lost", N_("The connection to the other device was lost."), false},
		{"link-lost", N_("The connection to the other device was lost."), false},
		{"media-failed", N_("What the other device sends cannot be shown."), true},
		{"not-listening", N_("No device can connect over the network."), true},
		{"p2p-failed", N_("No device can connect by Wi-Fi Direct."), true},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (strcmp(word, reasons[i].word) != 0)
			continue;
		return reasons[i].is_detailed
			       ? g_strdup_printf("%s\n%s", _(reasons[i].text), sentence)
			       : g_strdup(_(reasons[i].text));
	}
	return g_strdup(*sentence ? sentence : word);
}

static void take_reason(ViewerWindow *self, const char *rest)
{
	g_auto(GStrv) parts = g_strsplit(rest, " ", 2);

	if (!parts[0] || is_usual(parts[0]))
		return;
	g_free(self->reason);
	self->reason = describe_reason(parts[0], parts[1] ? parts[1] : "");
}

static void show_name(ViewerWindow *self, const char *name)
{
	gtk_label_set_text(self->name, name);
	adw_window_title_set_title(self->title, name);
	gtk_window_set_title(GTK_WINDOW(self), name);
}

/* Whether others find it by its name; @note: (transfer full): what a person has to know of that. */
static void show_announced(ViewerWindow *self, char *note)
{
	gtk_label_set_text(self->announced, note);
	gtk_widget_set_visible(GTK_WIDGET(self->announced), *note);
	g_free(note);
}

static void take_announced(ViewerWindow *self, const char *name)
{
	const char *wanted = gtk_label_get_text(self->name);

	if (!strcmp(name, wanted)) {
		show_announced(self, g_strdup(""));
		return;
	}
	show_announced(self, g_strdup_printf(_("Another display is called “%s” already."), wanted));
	show_name(self, name);
}

static void ask_for_pin(ViewerWindow *self, bool again)
{
	gtk_label_set_text(self->again, again ? _("That is no PIN: look again.") : "");
	gtk_editable_set_text(self->typed, "");
	show_page(self, "typing");
	gtk_widget_grab_focus(GTK_WIDGET(self->typed));
}

static void on_told(ViewerSink *sink, const char *word, const char *rest, ViewerWindow *self)
{
	if (!strcmp(word, "waiting")) {
		show_name(self, rest);
		show_announced(self, g_strdup(""));
		show_waiting(self);
	} else if (!strcmp(word, "announced")) {
		take_announced(self, rest);
	} else if (!strcmp(word, "not-announced")) {
		show_announced(self,
			       g_strdup_printf("%s\n%s",
					       _("Other devices cannot find this display."), rest));
	} else if (!strcmp(word, "pin")) {
		gtk_label_set_text(self->pin, rest);
		show_page(self, "pin");
	} else if (!strcmp(word, "pin-wanted")) {
		ask_for_pin(self, *rest);
	} else if (!strcmp(word, "source")) {
		g_autofree char *text = g_strdup_printf(_("Shows %s"), rest);

		self->was_reached = true;
		gtk_label_set_text(self->ended, "");
		adw_window_title_set_subtitle(self->title, text);
		show_page(self, "connecting");
	} else if (!strcmp(word, "left")) {
		show_waiting(self);
	} else if (!strcmp(word, "input")) {
		viewer_input_set_enabled(self->input, !strcmp(rest, "on"));
		gtk_widget_grab_focus(GTK_WIDGET(self->picture));
	} else if (!strcmp(word, "ended")) {
		take_reason(self, rest);
	}
}

/* A frame later: whoever does not look gets no more pictures. */
static gboolean on_tick(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
	ViewerWindow *self = VIEWER_WINDOW(widget);

	self->tick = 0;
	viewer_sink_drawn(self->sink);
	return G_SOURCE_REMOVE;
}

static void on_picture(ViewerSink *sink, GdkTexture *texture, ViewerWindow *self)
{
	gtk_picture_set_paintable(self->picture, GDK_PAINTABLE(texture));
	show_page(self, "picture");
	if (!self->tick)
		self->tick = gtk_widget_add_tick_callback(GTK_WIDGET(self), on_tick, NULL, NULL);
}

static void start(ViewerWindow *self);

static gboolean on_again(gpointer data)
{
	ViewerWindow *self = data;

	self->again_source = 0;
	start(self);
	return G_SOURCE_REMOVE;
}

/* The next source may come. Where none came, something is in the way. */
static void on_ended(ViewerSink *sink, ViewerWindow *self)
{
	const char *reason = self->reason ? self->reason : "";

	if (self->is_closing) {
		gtk_window_destroy(GTK_WINDOW(self));
		return;
	}
	viewer_input_set_enabled(self->input, FALSE);
	show_waiting(self);
	if (self->was_reached) {
		gtk_label_set_text(self->ended, reason);
		self->again_source = g_timeout_add(AGAIN_SOON_MS, on_again, self);
	} else {
		gtk_label_set_text(self->trouble,
				   *reason ? reason
					   : _("miracast-sink ended at once: see its log."));
		show_page(self, "trouble");
		self->again_source = g_timeout_add_seconds(AGAIN_S, on_again, self);
	}
}

static void start(ViewerWindow *self)
{
	g_autoptr(GError) error = NULL;

	self->was_reached = false;
	g_clear_pointer(&self->reason, g_free);
	if (viewer_sink_start(self->sink, (const char *const *)self->arguments, &error))
		return;
	gtk_label_set_text(self->trouble, error->message);
	show_page(self, "trouble");
	self->again_source = g_timeout_add_seconds(AGAIN_S, on_again, self);
}

/*
 * What the person does.
 */

static void toggle_fullscreen(GtkWidget *widget, const char *action, GVariant *unused)
{
	GtkWindow *window = GTK_WINDOW(widget);

	if (gtk_window_is_fullscreen(window))
		gtk_window_unfullscreen(window);
	else
		gtk_window_fullscreen(window);
}

static void leave_fullscreen(GtkWidget *widget, const char *action, GVariant *unused)
{
	gtk_window_unfullscreen(GTK_WINDOW(widget));
}

static void on_fullscreened(ViewerWindow *self)
{
	gtk_widget_set_visible(self->bar, !gtk_window_is_fullscreen(GTK_WINDOW(self)));
}

static void on_pressed(GtkGestureClick *gesture, int n, double x, double y, ViewerWindow *self)
{
	/* It may be meant for what is shown. */
	if (n == 2 && !viewer_input_get_enabled(self->input))
		toggle_fullscreen(GTK_WIDGET(self), NULL, NULL);
}

static void on_typed(ViewerWindow *self)
{
	const char *pin = gtk_editable_get_text(self->typed);

	if (!*pin)
		return;
	viewer_sink_type_pin(self->sink, pin);
	show_page(self, "connecting");
}

static void on_volume(GtkAdjustment *adjustment, ViewerWindow *self)
{
	viewer_sink_set_volume(self->sink, gtk_adjustment_get_value(adjustment) + 0.5);
}

/* The source is told first. */
static gboolean viewer_window_close_request(GtkWindow *window)
{
	ViewerWindow *self = VIEWER_WINDOW(window);

	if (!viewer_sink_is_running(self->sink))
		return GTK_WINDOW_CLASS(viewer_window_parent_class)->close_request(window);
	self->is_closing = true;
	gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
	viewer_sink_stop(self->sink);
	return TRUE;
}

/*
 * The widget.
 */

static void viewer_window_init(ViewerWindow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	show_page(self, "waiting");
	self->sink = viewer_sink_new();
	self->input = viewer_input_new(self->picture, self->sink);
	g_signal_connect_object(self->sink, "told", G_CALLBACK(on_told), self, 0);
	g_signal_connect_object(self->sink, "picture", G_CALLBACK(on_picture), self, 0);
	g_signal_connect_object(self->sink, "ended", G_CALLBACK(on_ended), self, 0);
	g_signal_connect(self, "notify::fullscreened", G_CALLBACK(on_fullscreened), NULL);
}

static void viewer_window_dispose(GObject *object)
{
	ViewerWindow *self = VIEWER_WINDOW(object);

	g_clear_handle_id(&self->again_source, g_source_remove);
	if (self->tick)
		gtk_widget_remove_tick_callback(GTK_WIDGET(self), self->tick);
	self->tick = 0;
	g_clear_object(&self->sink);
	G_OBJECT_CLASS(viewer_window_parent_class)->dispose(object);
}

static void viewer_window_finalize(GObject *object)
{
	ViewerWindow *self = VIEWER_WINDOW(object);

	viewer_input_free(self->input);
	g_strfreev(self->arguments);
	g_free(self->reason);
	G_OBJECT_CLASS(viewer_window_parent_class)->finalize(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, ViewerWindow, name)
#define CALL(name) gtk_widget_class_bind_template_callback(widget_class, name)

static void viewer_window_class_init(ViewerWindowClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = viewer_window_dispose;
	G_OBJECT_CLASS(class)->finalize = viewer_window_finalize;
	GTK_WINDOW_CLASS(class)->close_request = viewer_window_close_request;
	gtk_widget_class_install_action(widget_class, "viewer.fullscreen", NULL, toggle_fullscreen);
	gtk_widget_class_install_action(widget_class, "viewer.leave-fullscreen", NULL,
					leave_fullscreen);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_F11, 0, "viewer.fullscreen",
					    NULL);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0,
					    "viewer.leave-fullscreen", NULL);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_q, GDK_CONTROL_MASK,
					    "window.close", NULL);
	gtk_widget_class_set_template_from_resource(
		widget_class, "/io/github/linux_miracast/Sink/viewer-window.ui");
	BIND(title);
	BIND(bar);
	BIND(stack);
	BIND(name);
	BIND(announced);
	BIND(ended);
	BIND(pin);
	BIND(typed);
	BIND(again);
	BIND(trouble);
	BIND(picture);
	CALL(on_pressed);
	CALL(on_typed);
	CALL(on_volume);
}

ViewerWindow *viewer_window_new(GtkApplication *app, const char *const *arguments)
{
	ViewerWindow *self = g_object_new(VIEWER_TYPE_WINDOW, "application", app, NULL);

	self->arguments = g_strdupv((char **)arguments);
	start(self);
	return self;
}
