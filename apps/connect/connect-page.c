// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-page.h"

#include "connect-options.h"
#include "connect-plot.h"
#include "connect-reasons.h"
#include "connect-remedy.h"
#include "connect-thumbnail.h"
#include "connect-view.h"
#include "connect-words.h"

#include <gio/gdesktopappinfo.h>
#include <glib/gi18n.h>
#include <stdbool.h>

/* More steps than one way to a sink has. */
#define MAX_STEPS 12

/* A Connect that was not answered yet. */
typedef struct {
	ConnectPage *page;
	char *path; /* that was shown when it began */
	bool is_cancelled;
} Call;

struct _ConnectPage {
	AdwBin parent_instance;

	ConnectBus *bus;
	ConnectAgent *agent;
	char *path; /* of the sink; "" if it has no object yet; NULL: nothing is shown */
	char *name, *address; /* as they were when it was there last; NULL: it never was */
	GHashTable *
		sessions; /* path of a sink to that of its latest session, until that is dismissed */
	GHashTable *shown; /* paths of sessions that had a picture */
	ConnectOptions *options; /* NULL: it never was there */
	char **ways; /* of way_row, after "automatic" */
	bool is_loading; /* the options' widgets change, and not because of the person */
	GHashTable *calls; /* path of a sink to its latest Call */
	char *refusal; /* why there is no session, or NULL */

	/* Of the session whose steps are shown. */
	char *steps_of;
	char *step, *step_message, *state;
	GtkWidget *last_step;

	/* While a connected session is shown. */
	guint poll_source;
	GCancellable *polling; /* NULL: no answer is awaited */
	guint64 bytes, lost;
	bool is_counting; /* the two above are a second old */

	AdwWindowTitle *title;
	AdwToastOverlay *toasts;
	GtkScrolledWindow *scrolled;
	GtkStack *stack;
	GtkImage *icon;
	GtkLabel *idle_hint, *steps_title, *shown_pin, *question, *connected_title;
	GtkLabel *failed_title, *failed_message, *failed_detail, *failed_reason;
	GtkButton *connect_button, *cancel_button, *pin_button, *no_button, *disconnect_button;
	GtkButton *shown_pin_button, *arrange_button, *remedy_button, *again_button;
	GtkWidget *forget_row;
	GtkSwitch *sound_switch, *input_switch, *reconnect_switch;
	AdwComboRow *mode_row, *way_row;
	AdwActionRow *address_row, *signal_row;
	AdwActionRow *sent_mode_row, *sent_codec_row, *sent_sound_row, *sent_input_row;
	AdwActionRow *sent_way_row;
	GtkListBox *steps;
	GtkEntry *pin_entry;
	ConnectThumbnail *thumbnail;
	GtkWidget *plots; /* unless they are not this person's to see */
	ConnectPlot *bitrate_plot, *lost_plot, *jitter_plot;
};

G_DEFINE_FINAL_TYPE(ConnectPage, connect_page, ADW_TYPE_BIN)

static void update(ConnectPage *self);

static BusSink1 *get_sink(ConnectPage *self)
{
	return self->path ? connect_bus_find_sink(self->bus, self->path) : NULL;
}

/* The one to show: it runs, or has ended and was not dismissed. */
static BusSession1 *get_session(ConnectPage *self)
{
	const char *path = self->path ? g_hash_table_lookup(self->sessions, self->path) : NULL;

	return path ? connect_bus_find_session(self->bus, path) : NULL;
}

static const char *get_session_path(ConnectPage *self)
{
	BusSession1 *session = get_session(self);

	return session ? g_dbus_proxy_get_object_path(G_DBUS_PROXY(session)) : "";
}

/*
 * Options.
 */

static const char *const modes[] = {
	"", "1920x1080@60", "1920x1080@30", "1280x720@60", "1280x720@30", "640x480@60"};

static void fill_modes(ConnectPage *self)
{
	g_autoptr(GtkStringList) list = gtk_string_list_new(NULL);

	gtk_string_list_append(list, _("The best that both can"));
	for (gsize i = 1; i < G_N_ELEMENTS(modes); i++) {
		g_autofree char *text = connect_words_mode(modes[i]);

		gtk_string_list_append(list, text);
	}
	adw_combo_row_set_model(self->mode_row, G_LIST_MODEL(list));
}

/* Those of the sink, after "automatic"; and the chosen one, also while it is not there. */
static void fill_ways(ConnectPage *self, BusSink1 *sink)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	const char *chosen = self->options->way;
	bool is_there = !*chosen;
	g_auto(GStrv) ways = NULL;
	guint selected = 0;

	for (const char *const *way = bus_sink1_get_ways(sink); way && *way; way++) {
		g_strv_builder_add(builder, *way);
		is_there |= !strcmp(*way, chosen);
	}
	if (!is_there)
		g_strv_builder_add(builder, chosen);
	ways = g_strv_builder_end(builder);

	self->is_loading = true;
	if (!self->ways ||
	    !g_strv_equal((const char *const *)ways, (const char *const *)self->ways)) {
		g_autoptr(GtkStringList) list = gtk_string_list_new(NULL);

		gtk_string_list_append(list, _("Automatic"));
		for (guint i = 0; ways[i]; i++)
			gtk_string_list_append(list, connect_words_way(ways[i]));
		adw_combo_row_set_model(self->way_row, G_LIST_MODEL(list));
		g_strfreev(self->ways);
		self->ways = g_steal_pointer(&ways);
	}
	for (guint i = 0; self->ways[i]; i++)
		if (!strcmp(self->ways[i], chosen))
			selected = i + 1;
	adw_combo_row_set_selected(self->way_row, selected);
	self->is_loading = false;
}

static void load_options(ConnectPage *self)
{
	g_clear_pointer(&self->options, connect_options_free);
	self->options = connect_options_load(self->name, self->address);
	self->is_loading = true;
	for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
		if (!strcmp(modes[i], self->options->mode))
			adw_combo_row_set_selected(self->mode_row, i);
	if (!*self->options->mode)
		adw_combo_row_set_selected(self->mode_row, 0);
	gtk_switch_set_active(self->sound_switch, self->options->sound);
	gtk_switch_set_active(self->input_switch, self->options->input);
	gtk_switch_set_active(self->reconnect_switch, self->options->reconnect);
	self->is_loading = false;
}

static void on_option(ConnectPage *self)
{
	g_autoptr(GError) error = NULL;
	guint way = adw_combo_row_get_selected(self->way_row);

	if (self->is_loading || !self->options)
		return;
	g_free(self->options->mode);
	self->options->mode = g_strdup(modes[adw_combo_row_get_selected(self->mode_row)]);
	/* By its address alone there is one way. */
	if (gtk_widget_get_visible(GTK_WIDGET(self->way_row))) {
		g_free(self->options->way);
		self->options->way = g_strdup(way ? self->ways[way - 1] : "");
	}
	self->options->sound = gtk_switch_get_active(self->sound_switch);
	self->options->input = gtk_switch_get_active(self->input_switch);
	self->options->reconnect = gtk_switch_get_active(self->reconnect_switch);
	if (!connect_options_save(self->options, self->name, self->address, &error))
		connect_view_say(self->toasts, error->message);
}

/*
 * Steps of connecting.
 */

static GtkWidget *make_step_label(const char *text)
{
	return g_object_new(GTK_TYPE_LABEL, "label", text, "wrap", TRUE, "wrap-mode",
			    PANGO_WRAP_WORD_CHAR, "xalign", 0.0, NULL);
}

static void describe_step(GtkWidget *row, const char *text)
{
	gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
				       text, -1);
}

static void finish_step(GtkWidget *row, bool is_done)
{
	const char *icon = is_done ? "object-select-symbolic" : "dialog-warning-symbolic";
	GtkWidget *box = gtk_list_box_row_get_child(GTK_LIST_BOX_ROW(row));
	GtkWidget *image = g_object_new(GTK_TYPE_IMAGE, "icon-name", icon, "accessible-role",
					GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

	gtk_box_remove(GTK_BOX(box), gtk_widget_get_first_child(box));
	gtk_box_prepend(GTK_BOX(box), image);
	describe_step(row, is_done ? _("done") : _("in vain"));
}

/* @detail: below it, or NULL */
static void add_step(ConnectPage *self, const char *text, const char *detail)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	GtkWidget *row = gtk_list_box_row_new();
	GtkWidget *spinner = gtk_spinner_new();
	GtkWidget *label = make_step_label(text);
	GtkWidget *labels = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

	if (self->last_step)
		finish_step(self->last_step, true);
	gtk_spinner_start(GTK_SPINNER(spinner));
	gtk_widget_set_hexpand(labels, TRUE);
	gtk_box_append(GTK_BOX(box), spinner);
	gtk_box_append(GTK_BOX(box), labels);
	gtk_box_append(GTK_BOX(labels), label);
	if (detail) {
		label = make_step_label(detail);
		gtk_widget_add_css_class(label, "dim-label");
		gtk_box_append(GTK_BOX(labels), label);
	}
	gtk_widget_set_margin_start(box, 12);
	gtk_widget_set_margin_end(box, 12);
	gtk_widget_set_margin_top(box, 12);
	gtk_widget_set_margin_bottom(box, 12);
	gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
	gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, text,
				       -1);
	describe_step(row, _("in progress"));
	gtk_list_box_append(self->steps, row);
	self->last_step = row;
	if (gtk_list_box_get_row_at_index(self->steps, MAX_STEPS))
		gtk_list_box_remove(self->steps,
				    GTK_WIDGET(gtk_list_box_get_row_at_index(self->steps, 0)));
}

static void clear_steps(ConnectPage *self)
{
	GtkListBoxRow *row;

	while ((row = gtk_list_box_get_row_at_index(self->steps, 0)))
		gtk_list_box_remove(self->steps, GTK_WIDGET(row));
	self->last_step = NULL;
	g_clear_pointer(&self->steps_of, g_free);
	g_clear_pointer(&self->step, g_free);
	g_clear_pointer(&self->step_message, g_free);
	g_clear_pointer(&self->state, g_free);
}

/* Why one failed; NULL: it is another step. What to do about it is not said: something else is tried. */
static char *describe_failed_step(const char *step, const char *message)
{
	g_autofree char *sentence = NULL;

	if (!strcmp(step, "way-failed") || !strcmp(step, "try-failed"))
		sentence = connect_words_sentence(message);
	else if (connect_reasons_has(step))
		sentence = connect_reasons_describe(step, message, NULL);
	return sentence ? connect_reasons_shorten(sentence) : NULL;
}

static void add_session_step(ConnectPage *self, const char *step, const char *message)
{
	const char *text = connect_words_step(step, NULL);
	g_autofree char *failure = text ? NULL : describe_failed_step(step, message);
	bool is_obstacle = !strcmp(step, "firewall");

	add_step(self, failure ? failure : text ? text : message, is_obstacle ? message : NULL);
	if (!failure && !is_obstacle)
		return;
	finish_step(self->last_step, false);
	self->last_step = NULL;
}

static void update_steps(ConnectPage *self, BusSession1 *session)
{
	const char *path = g_dbus_proxy_get_object_path(G_DBUS_PROXY(session));
	const char *step = bus_session1_get_step(session);
	const char *message = bus_session1_get_step_message(session);
	const char *state = bus_session1_get_state(session);

	if (g_strcmp0(path, self->steps_of)) {
		clear_steps(self);
		self->steps_of = g_strdup(path);
	}
	if (*step && (g_strcmp0(step, self->step) || g_strcmp0(message, self->step_message))) {
		add_session_step(self, step, message);
		g_free(self->step);
		self->step = g_strdup(step);
		g_free(self->step_message);
		self->step_message = g_strdup(message);
	}
	if (g_strcmp0(state, self->state)) {
		if (!strcmp(state, "starting") || !strcmp(state, "started"))
			add_step(self, connect_words_step(state, state), NULL);
		g_free(self->state);
		self->state = g_strdup(state);
	}
	if (!self->last_step && !gtk_list_box_get_row_at_index(self->steps, 0))
		add_step(self, _("Beginning"), NULL);
}

/*
 * What is sent.
 */

static void plot_counts(ConnectPage *self, GVariant *statistics)
{
	guint64 bytes = 0, dropped = 0, lost = 0, jitter_us;
	g_autofree char *text = NULL;
	double mbit;

	g_variant_lookup(statistics, "encoded-bytes", "t", &bytes);
	g_variant_lookup(statistics, "rtp-packets-dropped", "t", &dropped);
	g_variant_lookup(statistics, "sink-rtp-lost", "t", &lost);
	lost += dropped;
	/* A session that was started anew counts from the beginning. */
	if (self->is_counting && bytes >= self->bytes && lost >= self->lost) {
		g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, lost - self->lost);

		mbit = (double)(bytes - self->bytes) * 8 / 1e6;
		/* Translators: a rate of data */
		text = g_strdup_printf(_("%.1f Mbit/s"), mbit);
		connect_plot_add(self->bitrate_plot, mbit, text);
		connect_plot_add(self->lost_plot, lost - self->lost, count);
	}
	self->bytes = bytes;
	self->lost = lost;
	self->is_counting = true;
	if (g_variant_lookup(statistics, "sink-jitter-us", "t", &jitter_us)) {
		double ms = (double)jitter_us / 1000;
		g_autofree char *jitter = g_strdup_printf(_("%.1f ms"), ms);

		gtk_widget_set_visible(GTK_WIDGET(self->jitter_plot), TRUE);
		connect_plot_add(self->jitter_plot, ms, jitter);
	}
}

static bool is_withheld(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return !g_strcmp0(name, "io.github.linux_miracast.Error.NotAuthorized");
}

static void on_statistics(GObject *proxy, GAsyncResult *result, gpointer data)
{
	g_autoptr(GVariant) statistics = NULL;
	g_autoptr(GError) error = NULL;
	ConnectPage *self = data;

	if (bus_session1_call_get_statistics_finish(BUS_SESSION1(proxy), &statistics, result,
						    &error))
		plot_counts(self, statistics);
	else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	else if (is_withheld(error))
		gtk_widget_set_visible(self->plots, FALSE);
	g_clear_object(&self->polling);
}

static gboolean is_seen(ConnectPage *self)
{
	GtkNative *native = gtk_widget_get_native(GTK_WIDGET(self));
	GdkSurface *surface = native ? gtk_native_get_surface(native) : NULL;

	return gtk_widget_get_mapped(GTK_WIDGET(self)) && surface &&
	       !(gdk_toplevel_get_state(GDK_TOPLEVEL(surface)) & GDK_TOPLEVEL_STATE_MINIMIZED);
}

static gboolean on_poll(gpointer data)
{
	ConnectPage *self = data;
	BusSession1 *session = get_session(self);

	if (!session || !is_seen(self)) {
		self->is_counting = false;
		return G_SOURCE_CONTINUE;
	}
	connect_thumbnail_update(self->thumbnail, session);
	if (self->polling || !gtk_widget_get_visible(self->plots))
		return G_SOURCE_CONTINUE;
	self->polling = g_cancellable_new();
	bus_session1_call_get_statistics(session, self->polling, on_statistics, self);
	return G_SOURCE_CONTINUE;
}

static void stop_polling(ConnectPage *self)
{
	g_clear_handle_id(&self->poll_source, g_source_remove);
	if (self->polling)
		g_cancellable_cancel(self->polling);
	g_clear_object(&self->polling);
	if (self->thumbnail)
		connect_thumbnail_clear(self->thumbnail);
}

static void update_polling(ConnectPage *self)
{
	bool wanted = gtk_widget_get_mapped(GTK_WIDGET(self)) &&
		      !g_strcmp0(gtk_stack_get_visible_child_name(self->stack), "connected");

	if (!wanted) {
		stop_polling(self);
		return;
	}
	if (self->poll_source)
		return;
	self->is_counting = false;
	gtk_widget_set_visible(self->plots, TRUE);
	connect_plot_clear(self->bitrate_plot);
	connect_plot_clear(self->lost_plot);
	connect_plot_clear(self->jitter_plot);
	gtk_widget_set_visible(GTK_WIDGET(self->jitter_plot), FALSE);
	self->poll_source = g_timeout_add_seconds(1, on_poll, self);
	on_poll(self);
}

/* The desktops' own settings: there is one of them at most. */
static GDesktopAppInfo *find_arranger(void)
{
	static const char *const programs[] = {"gnome-display-panel.desktop",
					       "kcm_kscreen.desktop",
					       "xfce-display-settings.desktop",
					       "cinnamon-display-panel.desktop",
					       "mate-display-properties.desktop",
					       "lxqt-config-monitor.desktop",
					       "network.cycles.wdisplays.desktop",
					       "wdisplays.desktop",
					       "arandr.desktop"};

	for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
		GDesktopAppInfo *program = g_desktop_app_info_new(programs[i]);

		if (program)
			return program;
	}
	return NULL;
}

static void on_arrange(ConnectPage *self)
{
	g_autoptr(GDesktopAppInfo) program = find_arranger();
	g_autoptr(GdkAppLaunchContext) context =
		gdk_display_get_app_launch_context(gtk_widget_get_display(GTK_WIDGET(self)));
	g_autoptr(GError) error = NULL;

	if (program &&
	    !g_app_info_launch(G_APP_INFO(program), NULL, G_APP_LAUNCH_CONTEXT(context), &error))
		connect_view_say(self->toasts, error->message);
}

static const char *get_detail(GVariant *details, const char *name)
{
	const char *text;

	return details && g_variant_lookup(details, name, "&s", &text) ? text : "";
}

static void set_subtitle(AdwActionRow *row, const char *text)
{
	gtk_widget_set_visible(GTK_WIDGET(row), *text != '\0');
	adw_action_row_set_subtitle(row, text);
}

/* Or has had one: it is paused. There is no encoder before the first picture. */
static bool has_picture(BusSession1 *session)
{
	const char *state = bus_session1_get_state(session);

	return !g_strcmp0(state, "streaming") ||
	       (!g_strcmp0(state, "started") &&
		*get_detail(bus_session1_get_details(session), "encoder"));
}

static void update_connected(ConnectPage *self, BusSession1 *session)
{
	GVariant *details = bus_session1_get_details(session);
	g_autofree char *mode = connect_words_mode(get_detail(details, "mode"));
	const char *encoder = get_detail(details, "encoder"), *sound, *input;
	const char *level = get_detail(details, "h264-level");
	g_autofree char *codec = NULL;

	gtk_label_set_text(self->connected_title,
			   connect_words_state(bus_session1_get_state(session)));
	set_subtitle(self->sent_mode_row, mode);
	if (*level && *encoder)
		/* Translators: a level of H.264, and the program that encodes */
		codec = g_strdup_printf(_("H.264, level %s, by %s"), level, encoder);
	set_subtitle(self->sent_codec_row, codec ? codec : encoder);
	sound = get_detail(details, "sound");
	set_subtitle(self->sent_sound_row, !strcmp(sound, "none") ? _("None") : sound);
	input = get_detail(details, "input");
	set_subtitle(self->sent_input_row, !*input		  ? ""
					   : !strcmp(input, "on") ? _("Allowed")
								  : _("Not allowed"));
	set_subtitle(self->sent_way_row, connect_words_way(bus_session1_get_link(session)));
}

/*
 * What is shown.
 */

/* What @sink is called by: it is only an address, or was one and is gone. NULL: it is more, or cannot be. */
static const char *get_peer(ConnectPage *self, BusSink1 *sink)
{
	if (sink && (*bus_sink1_get_ways(sink) || !g_hostname_is_ip_address(self->name)))
		return NULL;
	return self->address && g_hostname_is_ip_address(self->address) ? self->address : NULL;
}

static void update_idle(ConnectPage *self, BusSink1 *sink)
{
	bool is_there = sink && *bus_sink1_get_ways(sink);
	const char *peer = get_peer(self, sink);
	const char *strength = sink ? connect_words_signal(bus_sink1_get_signal_strength(sink))
				    : NULL;
	g_autofree char *words = sink ? connect_words_sink(sink) : NULL;
	const char *word = sink ? bus_sink1_get_obstacle(sink) : NULL;
	g_autofree char *obstacle =
		word && *word
			? connect_reasons_describe_all(word, bus_sink1_get_obstacle_message(sink))
			: NULL;

	gtk_image_set_from_icon_name(self->icon,
				     connect_words_kind_icon(sink ? bus_sink1_get_kind(sink) : ""));
	gtk_label_set_text(self->idle_hint,
			   peer	       ? connect_words_way("address")
			   : !is_there ? _("It is not in reach. Switch it on, and open its screen "
					   "mirroring or wireless display.")
			   : !bus_sink1_get_available(sink)
				   ? _("It is busy, as far as can be told.")
			   : obstacle ? obstacle
				      : words);
	gtk_widget_set_sensitive(GTK_WIDGET(self->connect_button), is_there || peer);
	gtk_widget_set_visible(GTK_WIDGET(self->way_row), !peer);
	set_subtitle(self->address_row, self->address ? self->address : "");
	gtk_widget_set_visible(GTK_WIDGET(self->signal_row), strength != NULL);
	if (strength)
		adw_action_row_set_subtitle(self->signal_row, strength);
	gtk_widget_set_visible(self->forget_row, sink && bus_sink1_get_known(sink));
}

static void update_failed(ConnectPage *self, BusSession1 *session)
{
	const char *reason = session ? bus_session1_get_reason(session) : "";
	const char *remedy = connect_remedy_label(connect_remedy_for(reason));
	g_autofree char *detail = NULL;
	g_autofree char *message =
		session ? connect_reasons_describe(reason, bus_session1_get_message(session),
						   &detail)
			: NULL;
	bool was_shown = session && g_hash_table_contains(self->shown, get_session_path(self));

	gtk_label_set_text(self->failed_title, was_shown ? _("The connection has ended")
							 : _("It could not be connected"));
	gtk_label_set_text(self->failed_message, session ? message : self->refusal);
	gtk_label_set_text(self->failed_detail, detail ? detail : "");
	gtk_widget_set_visible(GTK_WIDGET(self->failed_detail), detail != NULL);
	gtk_label_set_text(self->failed_reason, reason);
	gtk_widget_set_visible(GTK_WIDGET(self->failed_reason), *reason != '\0');
	gtk_widget_set_visible(GTK_WIDGET(self->remedy_button), remedy != NULL);
	if (remedy)
		gtk_button_set_label(self->remedy_button, remedy);
}

/* NULL: nothing is awaited. */
static Call *get_call(ConnectPage *self)
{
	return self->path ? g_hash_table_lookup(self->calls, self->path) : NULL;
}

/* The name of the stack's page for what the session does, with its widgets filled. */
static const char *choose_view(ConnectPage *self, BusSession1 *session)
{
	const char *state = session ? bus_session1_get_state(session) : NULL;
	const Call *call = get_call(self);
	const char *text;

	if (call) {
		gtk_label_set_text(self->steps_title,
				   connect_words_state(call->is_cancelled ? "stopping"
									  : "preparing"));
		gtk_widget_set_sensitive(GTK_WIDGET(self->cancel_button), !call->is_cancelled);
		return "steps";
	}
	if (self->refusal) {
		update_failed(self, NULL);
		return "failed";
	}
	if (!session || !state)
		return "idle";
	if (!strcmp(state, "ended")) {
		if (!g_strcmp0(bus_session1_get_reason(session), "stopped-by-user"))
			return "idle";
		update_failed(self, session);
		return "failed";
	}
	update_steps(self, session);
	switch (connect_agent_get(self->agent, get_session_path(self), &text)) {
	case CONNECT_ASKS_NOTHING: break;
	case CONNECT_ASKS_PIN: return "pin";
	case CONNECT_ASKS_WHETHER: gtk_label_set_text(self->question, text); return "question";
	case CONNECT_SHOWS_PIN: gtk_label_set_text(self->shown_pin, text); return "show-pin";
	}
	if (has_picture(session)) {
		update_connected(self, session);
		return "connected";
	}
	/* Without a picture yet it is not paused. */
	gtk_label_set_text(self->steps_title,
			   connect_words_state(strcmp(state, "started") ? state : "starting"));
	gtk_widget_set_sensitive(GTK_WIDGET(self->cancel_button), strcmp(state, "stopping") != 0);
	return "steps";
}

/* Where the keyboard is when a view comes. */
static GtkWidget *get_first(ConnectPage *self, const char *view)
{
	const struct {
		const char *view;
		gpointer widget;
	} firsts[] = {
		{"idle", self->connect_button},
		{"steps", self->cancel_button},
		{"pin", self->pin_entry},
		{"question", self->no_button},
		{"show-pin", self->shown_pin_button},
		{"connected", self->disconnect_button},
		{"failed", self->again_button},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++)
		if (!strcmp(firsts[i].view, view))
			return firsts[i].widget;
	g_return_val_if_reached(NULL);
}

/* A sink that was named by its address gets its object with the session. */
static void adopt_sink(ConnectPage *self)
{
	BusSession1 *session = get_session(self);
	const char *path = session ? bus_session1_get_sink(session) : NULL;

	if (!path || !strcmp(path, self->path))
		return;
	g_hash_table_replace(self->sessions, g_strdup(path),
			     g_strdup(g_dbus_proxy_get_object_path(G_DBUS_PROXY(session))));
	g_free(self->path);
	self->path = g_strdup(path);
}

/* One that has ended does not tell. */
static void note_shown(ConnectPage *self)
{
	GListModel *sessions = connect_bus_get_sessions(self->bus);

	for (guint i = 0; i < g_list_model_get_n_items(sessions); i++) {
		g_autoptr(BusSession1) session = g_list_model_get_item(sessions, i);

		if (has_picture(session))
			g_hash_table_add(self->shown, g_strdup(g_dbus_proxy_get_object_path(
							      G_DBUS_PROXY(session))));
	}
}

static void update(ConnectPage *self)
{
	BusSink1 *sink;
	const char *view;

	note_shown(self);
	if (!self->path)
		return;
	adopt_sink(self);
	sink = get_sink(self);
	if (sink) {
		g_free(self->name);
		self->name = g_strdup(bus_sink1_get_name(sink));
		g_free(self->address);
		self->address = g_strdup(bus_sink1_get_address(sink));
		adw_window_title_set_subtitle(self->title,
					      connect_words_kind(bus_sink1_get_kind(sink)));
		if (!self->options)
			load_options(self);
		fill_ways(self, sink);
	}
	adw_window_title_set_title(self->title, self->name ? self->name : "");
	update_idle(self, sink);
	view = choose_view(self, get_session(self));
	if (g_strcmp0(view, gtk_stack_get_visible_child_name(self->stack))) {
		connect_view_show(self->stack, gtk_stack_get_child_by_name(self->stack, view));
		gtk_adjustment_set_value(gtk_scrolled_window_get_vadjustment(self->scrolled), 0);
		/* Else another page has the keyboard. */
		if (gtk_widget_get_visible(GTK_WIDGET(self)))
			gtk_widget_grab_focus(get_first(self, view));
	}
	update_polling(self);
}

/* What one sink's latest session is. */
static void note_session(ConnectPage *self, BusSink1 *sink)
{
	const char *session = bus_sink1_get_session(sink);

	if (session && strcmp(session, "/") != 0)
		g_hash_table_replace(self->sessions,
				     g_strdup(g_dbus_proxy_get_object_path(G_DBUS_PROXY(sink))),
				     g_strdup(session));
}

static void on_changed(ConnectBus *bus, GDBusProxy *proxy, ConnectPage *self)
{
	if (BUS_IS_SINK1(proxy))
		note_session(self, BUS_SINK1(proxy));
	update(self);
}

/* Another service numbers its sinks and sessions anew. */
static void on_presence(ConnectPage *self)
{
	if (connect_bus_get_manager(self->bus))
		return;
	g_hash_table_remove_all(self->sessions);
	g_hash_table_remove_all(self->shown);
	g_clear_pointer(&self->path, g_free);
	g_hash_table_remove_all(self->calls);
	g_clear_pointer(&self->refusal, g_free);
	clear_steps(self);
	stop_polling(self);
}

static void on_items(GListModel *sinks, guint position, guint removed, guint added,
		     ConnectPage *self)
{
	for (guint i = position; i < position + added; i++) {
		g_autoptr(BusSink1) sink = g_list_model_get_item(sinks, i);

		note_session(self, sink);
	}
	update(self);
}

static void on_agent(ConnectAgent *agent, const char *session, ConnectPage *self)
{
	if (!strcmp(session, get_session_path(self)))
		gtk_editable_set_text(GTK_EDITABLE(self->pin_entry), "");
	update(self);
}

static void begin(ConnectPage *self, const char *path)
{
	g_free(self->path);
	self->path = g_strdup(path);
	g_clear_pointer(&self->name, g_free);
	g_clear_pointer(&self->address, g_free);
	g_clear_pointer(&self->options, connect_options_free);
	g_clear_pointer(&self->refusal, g_free);
	clear_steps(self);
	stop_polling(self);
}

const char *connect_page_get_path(ConnectPage *self)
{
	return self->path ? self->path : "";
}

void connect_page_show(ConnectPage *self, const char *path)
{
	if (g_strcmp0(path, self->path))
		begin(self, path);
	update(self);
	gtk_widget_grab_focus(get_first(self, gtk_stack_get_visible_child_name(self->stack)));
}

/*
 * What the person does.
 */

/* Meanwhile the person may have gone to another sink. */
static void on_connected(GObject *proxy, GAsyncResult *result, gpointer data)
{
	g_autofree Call *call = data;
	g_autoptr(ConnectPage) self = call->page;
	g_autofree char *path = call->path;
	bool is_latest = g_hash_table_lookup(self->calls, path) == call;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = connect_bus_call_finish(proxy, result, &error);
	const char *session;

	if (is_latest)
		g_hash_table_remove(self->calls, path);
	if (answer)
		g_variant_get(answer, "(&o)", &session);
	if (answer && call->is_cancelled)
		connect_bus_disconnect(self->bus, session);
	/* What has no object yet has the same path as another one before it. */
	if (!is_latest || g_strcmp0(self->path, path))
		return;
	if (answer) {
		g_hash_table_replace(self->sessions, g_steal_pointer(&path), g_strdup(session));
	} else {
		self->refusal = g_strdup(error->message);
	}
	update(self);
}

static void on_connect_clicked(ConnectPage *self)
{
	BusManager1 *manager = connect_bus_get_manager(self->bus);
	BusSink1 *sink = get_sink(self);
	g_autoptr(GError) error = NULL;
	const char *peer = get_peer(self, sink);
	GDBusProxy *proxy = peer ? (GDBusProxy *)manager : sink ? G_DBUS_PROXY(sink) : NULL;
	Call *call;

	if (!proxy || !self->options) {
		connect_view_say(self->toasts, _("It is not in reach any more."));
		return;
	}
	if (!connect_agent_export(self->agent, &error)) {
		connect_view_say(self->toasts,
				 error ? error->message : _("There is no way to the service."));
		return;
	}
	g_clear_pointer(&self->refusal, g_free);
	g_hash_table_remove(self->sessions, self->path);
	clear_steps(self);
	add_step(self, _("Beginning"), NULL);
	call = g_new0(Call, 1);
	*call = (Call){.page = g_object_ref(self), .path = g_strdup(self->path)};
	g_hash_table_replace(self->calls, g_strdup(self->path), call);
	connect_bus_call(self->bus, proxy, "Connect",
			 g_variant_new("(@a{sv})", connect_options_to_bus(self->options, peer,
									  CONNECT_AGENT_PATH)),
			 on_connected, call);
	update(self);
}

void connect_page_connect(ConnectPage *self, const char *address)
{
	begin(self, "");
	self->name = g_strdup(address);
	self->address = g_strdup(address);
	load_options(self);
	adw_window_title_set_subtitle(self->title, connect_words_kind(""));
	on_connect_clicked(self);
}

/* Of a call that shows by itself if it worked. */
static void on_answer(GObject *proxy, GAsyncResult *result, gpointer data)
{
	g_autoptr(ConnectPage) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = connect_bus_call_finish(proxy, result, &error);

	if (!answer)
		connect_view_say(self->toasts, error->message);
}

static void on_disconnect_clicked(ConnectPage *self)
{
	BusSession1 *session = get_session(self);
	Call *call = get_call(self);

	if (call) {
		call->is_cancelled = true;
		update(self);
	} else if (session) {
		connect_bus_call(self->bus, session, "Disconnect", NULL, on_answer,
				 g_object_ref(self));
	}
}

/* The service knows what a PIN is; here only so much that the button makes sense. */
static void on_pin_changed(ConnectPage *self)
{
	const char *pin = gtk_editable_get_text(GTK_EDITABLE(self->pin_entry));

	gtk_widget_set_sensitive(GTK_WIDGET(self->pin_button),
				 g_regex_match_simple("^([0-9] ?){4}$|^([0-9] ?){8}$", pin, 0, 0));
}

static void on_pin_done(ConnectPage *self)
{
	g_autofree char *pin = g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->pin_entry)));

	if (gtk_widget_get_sensitive(GTK_WIDGET(self->pin_button)))
		connect_agent_answer_pin(self->agent, get_session_path(self), pin);
}

static void on_pin_cancelled(ConnectPage *self)
{
	connect_agent_answer_pin(self->agent, get_session_path(self), NULL);
}

static void on_yes(ConnectPage *self)
{
	connect_agent_answer(self->agent, get_session_path(self), TRUE);
}

static void on_no(ConnectPage *self)
{
	connect_agent_answer(self->agent, get_session_path(self), FALSE);
}

static void on_dismiss(ConnectPage *self)
{
	g_clear_pointer(&self->refusal, g_free);
	g_hash_table_remove(self->sessions, self->path);
	update(self);
}

static void on_mended(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(ConnectPage) self = data;
	g_autoptr(GError) error = NULL;

	gtk_widget_set_sensitive(GTK_WIDGET(self->remedy_button), TRUE);
	if (connect_remedy_apply_finish(result, &error))
		connect_view_say(self->toasts, _("Done: try again."));
	else
		connect_view_say(self->toasts, error->message);
}

static void on_remedy(ConnectPage *self)
{
	BusSession1 *session = get_session(self);

	if (!session)
		return;
	gtk_widget_set_sensitive(GTK_WIDGET(self->remedy_button), FALSE);
	connect_remedy_apply_async(connect_remedy_for(bus_session1_get_reason(session)),
				   bus_session1_get_local_address(session), on_mended,
				   g_object_ref(self));
}

typedef struct {
	ConnectPage *page;
	char *name, *address;
} Forgetting;

static void on_forgotten(GObject *proxy, GAsyncResult *result, gpointer data)
{
	g_autofree Forgetting *forgetting = data;
	g_autoptr(ConnectPage) self = forgetting->page;
	g_autofree char *name = forgetting->name;
	g_autofree char *address = forgetting->address;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = connect_bus_call_finish(proxy, result, &error);

	if (!answer) {
		connect_view_say(self->toasts, error->message);
		return;
	}
	connect_options_forget(name, address);
	if (g_strcmp0(self->path, g_dbus_proxy_get_object_path(G_DBUS_PROXY(proxy))))
		return;
	g_clear_pointer(&self->options, connect_options_free);
	update(self);
}

static void on_forget_clicked(ConnectPage *self)
{
	BusSink1 *sink = get_sink(self);
	Forgetting *forgetting;

	if (!sink)
		return;
	forgetting = g_new0(Forgetting, 1);
	*forgetting = (Forgetting){.page = g_object_ref(self),
				   .name = g_strdup(self->name),
				   .address = g_strdup(self->address)};
	connect_bus_call(self->bus, sink, "Forget", NULL, on_forgotten, forgetting);
}

/*
 * The widget.
 */

static void connect_page_map(GtkWidget *widget)
{
	GTK_WIDGET_CLASS(connect_page_parent_class)->map(widget);
	update_polling(CONNECT_PAGE(widget));
}

static void connect_page_unmap(GtkWidget *widget)
{
	stop_polling(CONNECT_PAGE(widget));
	GTK_WIDGET_CLASS(connect_page_parent_class)->unmap(widget);
}

static void connect_page_init(ConnectPage *self)
{
	g_autoptr(GDesktopAppInfo) arranger = find_arranger();

	g_type_ensure(CONNECT_TYPE_PLOT);
	g_type_ensure(CONNECT_TYPE_THUMBNAIL);
	gtk_widget_init_template(GTK_WIDGET(self));
	self->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	self->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->calls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->is_loading = true;
	fill_modes(self);
	self->is_loading = false;
	gtk_widget_set_visible(GTK_WIDGET(self->arrange_button), arranger != NULL);
	connect_view_show(self->stack, gtk_stack_get_child_by_name(self->stack, "idle"));
	on_pin_changed(self);
}

static void connect_page_dispose(GObject *object)
{
	ConnectPage *self = CONNECT_PAGE(object);

	stop_polling(self);
	G_OBJECT_CLASS(connect_page_parent_class)->dispose(object);
}

static void connect_page_finalize(GObject *object)
{
	ConnectPage *self = CONNECT_PAGE(object);

	g_clear_object(&self->bus);
	g_clear_object(&self->agent);
	g_clear_pointer(&self->options, connect_options_free);
	g_strfreev(self->ways);
	g_hash_table_unref(self->sessions);
	g_hash_table_unref(self->shown);
	g_hash_table_unref(self->calls);
	g_free(self->path);
	g_free(self->name);
	g_free(self->address);
	g_free(self->refusal);
	g_free(self->steps_of);
	g_free(self->step);
	g_free(self->step_message);
	g_free(self->state);
	G_OBJECT_CLASS(connect_page_parent_class)->finalize(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, ConnectPage, name)
#define CALL(name) gtk_widget_class_bind_template_callback(widget_class, name)

static void connect_page_class_init(ConnectPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = connect_page_dispose;
	G_OBJECT_CLASS(class)->finalize = connect_page_finalize;
	widget_class->map = connect_page_map;
	widget_class->unmap = connect_page_unmap;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/io/github/linux_miracast/Connect/connect-page.ui");
	BIND(title);
	BIND(toasts);
	BIND(scrolled);
	BIND(stack);
	BIND(icon);
	BIND(idle_hint);
	BIND(steps_title);
	BIND(shown_pin);
	BIND(question);
	BIND(connected_title);
	BIND(failed_title);
	BIND(failed_message);
	BIND(failed_detail);
	BIND(failed_reason);
	BIND(connect_button);
	BIND(cancel_button);
	BIND(pin_button);
	BIND(no_button);
	BIND(disconnect_button);
	BIND(shown_pin_button);
	BIND(arrange_button);
	BIND(remedy_button);
	BIND(again_button);
	BIND(forget_row);
	BIND(sound_switch);
	BIND(input_switch);
	BIND(reconnect_switch);
	BIND(mode_row);
	BIND(way_row);
	BIND(address_row);
	BIND(signal_row);
	BIND(sent_mode_row);
	BIND(sent_codec_row);
	BIND(sent_sound_row);
	BIND(sent_input_row);
	BIND(sent_way_row);
	BIND(steps);
	BIND(pin_entry);
	BIND(thumbnail);
	BIND(plots);
	BIND(bitrate_plot);
	BIND(lost_plot);
	BIND(jitter_plot);
	CALL(on_option);
	CALL(on_connect_clicked);
	CALL(on_disconnect_clicked);
	CALL(on_pin_changed);
	CALL(on_pin_done);
	CALL(on_pin_cancelled);
	CALL(on_yes);
	CALL(on_no);
	CALL(on_dismiss);
	CALL(on_remedy);
	CALL(on_forget_clicked);
	CALL(on_arrange);
}

ConnectPage *connect_page_new(ConnectBus *bus, ConnectAgent *agent)
{
	ConnectPage *self = g_object_new(CONNECT_TYPE_PAGE, NULL);
	GListModel *sinks = connect_bus_get_sinks(bus);

	self->bus = g_object_ref(bus);
	self->agent = g_object_ref(agent);
	g_signal_connect_object(bus, "changed", G_CALLBACK(on_changed), self, 0);
	g_signal_connect_object(bus, "presence-changed", G_CALLBACK(on_presence), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(sinks, "items-changed", G_CALLBACK(on_items), self, 0);
	g_signal_connect_object(connect_bus_get_sessions(bus), "items-changed", G_CALLBACK(update),
				self, G_CONNECT_SWAPPED);
	g_signal_connect_object(agent, "changed", G_CALLBACK(on_agent), self, 0);
	on_items(sinks, 0, 0, g_list_model_get_n_items(sinks), self);
	return self;
}
