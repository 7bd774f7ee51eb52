// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-window.h"

#include "connect-doctor.h"
#include "connect-page.h"
#include "connect-reasons.h"
#include "connect-remedy.h"
#include "connect-row.h"
#include "connect-view.h"
#include "connect-words.h"

#include <glib/gi18n.h>
#include <stdbool.h>

struct _ConnectWindow {
	AdwApplicationWindow parent_instance;

	ConnectBus *bus;
	ConnectAgent *agent;
	ConnectPage *page;
	GtkFilter *near_filter, *known_filter;
	GtkSorter *near_sorter, *known_sorter;
	GPtrArray *findings; /* the doctor's, or NULL: it was not asked, or did not answer */
	GCancellable *asking; /* the doctor; or NULL */
	char *focused; /* the sink whose row had the keyboard, while the lists change; or NULL */
	bool is_told; /* what the doctor says is waited for by somebody */

	GtkStack *views;
	GtkWidget *front;
	AdwToastOverlay *toasts;
	GtkStack *stack;
	GtkLabel *setup_hint;
	AdwPreferencesGroup *setup_group, *setup_others;
	AdwPreferencesGroup *failures_group, *problems_group, *advice_group;
	GtkListBox *near, *known;
	GtkWidget *near_group, *known_group, *empty;
	GtkEditable *address_entry;
	GPtrArray *missing; /* Missing, what is shown in the five groups */
};

G_DEFINE_FINAL_TYPE(ConnectWindow, connect_window, ADW_TYPE_APPLICATION_WINDOW)

/*
 * What is missing.
 */

static void ask_doctor(ConnectWindow *self);

/* One row below a heading. */
typedef struct {
	AdwPreferencesGroup *group;
	char *title, *text;
	char *fix; /* what its button does, or NULL */
	char *remedy; /* a text to copy, or NULL */
	GtkWidget *row, *button; /* NULL until it is shown; the button also if there is none */
} Missing;

static void missing_free(gpointer data)
{
	Missing *missing = data;

	g_free(missing->title);
	g_free(missing->text);
	g_free(missing->fix);
	g_free(missing->remedy);
	g_free(missing);
}

static bool is_same(const Missing *a, const Missing *b)
{
	return a->group == b->group && !strcmp(a->title, b->title) && !strcmp(a->text, b->text) &&
	       !g_strcmp0(a->fix, b->fix) && !g_strcmp0(a->remedy, b->remedy);
}

typedef struct {
	ConnectWindow *window;
	GtkWidget *button;
} Mending;

static void on_mended(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autofree Mending *mending = data;
	g_autoptr(ConnectWindow) self = mending->window;
	g_autoptr(GtkWidget) button = mending->button;
	g_autoptr(GError) error = NULL;

	gtk_widget_set_sensitive(button, TRUE);
	if (!connect_remedy_apply_finish(result, &error))
		connect_view_say(self->toasts, error->message);
	ask_doctor(self);
}

static void on_remedy(GtkButton *button, ConnectWindow *self)
{
	Mending *mending = g_new0(Mending, 1);

	*mending =
		(Mending){.window = g_object_ref(self), .button = g_object_ref(GTK_WIDGET(button))};
	gtk_widget_set_sensitive(GTK_WIDGET(button), FALSE);
	connect_remedy_apply_async(g_object_get_data(G_OBJECT(button), "fix"), NULL, on_mended,
				   mending);
}

static void on_copy(GtkButton *button, ConnectWindow *self)
{
	gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)),
			       g_object_get_data(G_OBJECT(button), "text"));
	connect_view_say(self->toasts, _("Copied"));
}

/* Says what a button does to those who do not see what it stands beside. */
static void name_button(GtkWidget *button, const char *what, const char *title)
{
	g_autofree char *name = g_strdup_printf("%s: %s", title, what);

	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
				       -1);
}

static void show_missing(ConnectWindow *self, Missing *missing)
{
	const char *label = connect_remedy_label(missing->fix);
	GtkWidget *button = NULL;

	missing->row = g_object_new(ADW_TYPE_ACTION_ROW, "title", missing->title, "subtitle",
				    missing->text, "use-markup", FALSE, NULL);
	if (label) {
		button = gtk_button_new_with_label(label);
		g_object_set_data_full(G_OBJECT(button), "fix", g_strdup(missing->fix), g_free);
		g_signal_connect(button, "clicked", G_CALLBACK(on_remedy), self);
		name_button(button, label, missing->title);
	} else if (missing->remedy) {
		button = gtk_button_new_from_icon_name("edit-copy-symbolic");
		gtk_widget_set_tooltip_text(button, _("Copy what to do"));
		gtk_widget_add_css_class(button, "flat");
		g_object_set_data_full(G_OBJECT(button), "text", g_strdup(missing->remedy), g_free);
		g_signal_connect(button, "clicked", G_CALLBACK(on_copy), self);
		name_button(button, _("Copy what to do"), missing->title);
	}
	if (button)
		adw_action_row_add_suffix(ADW_ACTION_ROW(missing->row), button);
	missing->button = button;
	adw_preferences_group_add(missing->group, missing->row);
	gtk_widget_set_visible(GTK_WIDGET(missing->group), TRUE);
}

/* All that may be NULL but @meaning and @title: @fix, @remedy and what it costs. */
static void add_missing(GPtrArray *list, AdwPreferencesGroup *group, const char *title,
			const char *meaning, const char *fix, const char *remedy, const char *cost)
{
	Missing *missing = g_new0(Missing, 1);

	*missing = (Missing){
		.group = group,
		.title = g_strdup(title),
		/* What is NULL ends it: there is no cost without a remedy. */
		.text = g_strjoin("\n", meaning, remedy, cost, NULL),
		.fix = g_strdup(connect_remedy_label(fix) ? fix : NULL),
		.remedy = g_strdup(remedy),
	};
	g_ptr_array_add(list, missing);
}

static void add_finding(GPtrArray *list, AdwPreferencesGroup *group, const char *title,
			const ConnectFinding *finding)
{
	add_missing(list, group, title, finding->meaning, finding->fix, finding->remedy,
		    finding->cost);
}

/* The doctor's findings; what has failed is numbered. */
static void add_findings(ConnectWindow *self, GPtrArray *list)
{
	int n = 0;

	for (guint i = 0; self->findings && i < self->findings->len; i++) {
		const ConnectFinding *finding = self->findings->pdata[i];
		const char *title = connect_doctor_title(finding->check);
		g_autofree char *numbered = g_strdup_printf("%d. %s", n + 1, title);

		n += finding->failed;
		add_finding(list, finding->failed ? self->setup_group : self->setup_others,
			    finding->failed ? numbered : title, finding);
	}
	/* Who examines this computer comes with the service. */
	if (!self->findings && !self->asking)
		add_missing(
			list, self->setup_group, connect_doctor_title("service"),
			_("The service for wireless displays does not run, or is not installed."),
			NULL, _("apt install ./miracastd_*.deb, or from source make install"),
			_("It takes an administrator's password and a download."));
}

/* What the doctor has found of the same thing, with what to do about it; or NULL. */
static const ConnectFinding *find_finding(ConnectWindow *self, const char *word)
{
	static const struct {
		const char *word, *check;
	} checks[] = {
		{"avahi-away", "avahi"},
		{"avahi-failed", "avahi"},
		{"supplicant-away", "supplicant"},
		{"no-wifi-device", "wifi"},
		{"no-p2p", "wifi"},
		{"radio-blocked", "wifi"},
	};
	const char *fix = connect_remedy_for(word), *check = NULL;
	const ConnectFinding *first = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
		if (!strcmp(checks[i].word, word))
			check = checks[i].check;
	for (guint i = 0; self->findings && check && i < self->findings->len; i++) {
		const ConnectFinding *finding = self->findings->pdata[i];

		if (strcmp(finding->check, check) != 0)
			continue;
		if (!g_strcmp0(finding->fix, fix))
			return finding;
		if (!first)
			first = finding;
	}
	return first;
}

/* Of the ways to displays; what the doctor says of the same is @told. */
static void add_problems(ConnectWindow *self, GPtrArray *list, BusManager1 *manager,
			 GPtrArray *told)
{
	GVariant *problems = bus_manager1_get_problems(manager);
	const char *way, *word, *message;
	GVariantIter iter;

	if (!problems)
		return;
	g_variant_iter_init(&iter, problems);
	while (g_variant_iter_loop(&iter, "{&s(&s&s)}", &way, &word, &message)) {
		g_autofree char *sentence = connect_reasons_describe_all(word, message);
		const ConnectFinding *finding = find_finding(self, word);

		add_missing(list, self->problems_group, connect_words_way(way), sentence,
			    finding ? finding->fix : connect_remedy_for(word),
			    finding ? finding->remedy : NULL, finding ? finding->cost : NULL);
		g_ptr_array_add(told, (gpointer)finding);
	}
}

/* With the service there: what keeps every session from working, the ways, and what could be better. */
static void add_troubles(ConnectWindow *self, GPtrArray *list, BusManager1 *manager)
{
	const char *refusal = connect_bus_get_refusal(self->bus);
	g_autoptr(GPtrArray) told = g_ptr_array_new();

	if (refusal)
		add_missing(list, self->failures_group, _("Nobody looks for displays"), refusal,
			    NULL, NULL, NULL);
	add_problems(self, list, manager, told);
	for (guint i = 0; self->findings && i < self->findings->len; i++) {
		const ConnectFinding *finding = self->findings->pdata[i];

		/* It was asked before the service came. */
		if (finding->failed && !strcmp(finding->check, "service"))
			continue;
		if (!g_ptr_array_find(told, finding, NULL))
			add_finding(list,
				    finding->failed ? self->failures_group : self->advice_group,
				    connect_doctor_title(finding->check), finding);
	}
}

static bool is_shown(ConnectWindow *self, GPtrArray *list)
{
	bool same = list->len == self->missing->len;

	for (guint i = 0; same && i < list->len; i++)
		same = is_same(list->pdata[i], self->missing->pdata[i]);
	return same;
}

/* The keyboard stays at the row with the same heading, if there is one. */
static void replace_missing(ConnectWindow *self, GPtrArray *list)
{
	AdwPreferencesGroup *const groups[] = {self->setup_group, self->setup_others,
					       self->failures_group, self->problems_group,
					       self->advice_group};
	GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(self));
	g_autofree char *title = NULL;

	for (guint i = 0; i < self->missing->len; i++) {
		Missing *missing = self->missing->pdata[i];

		if (focus && missing->button == focus)
			title = g_strdup(missing->title);
		adw_preferences_group_remove(missing->group, missing->row);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
		gtk_widget_set_visible(GTK_WIDGET(groups[i]), FALSE);
	g_ptr_array_unref(self->missing);
	self->missing = g_ptr_array_ref(list);
	for (guint i = 0; i < list->len; i++) {
		Missing *missing = list->pdata[i];

		show_missing(self, missing);
		if (missing->button && !g_strcmp0(missing->title, title))
			gtk_widget_grab_focus(missing->button);
	}
}

static void update_missing(ConnectWindow *self)
{
	BusManager1 *manager = connect_bus_get_manager(self->bus);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(missing_free);

	if (manager)
		add_troubles(self, list, manager);
	else
		add_findings(self, list);
	if (!is_shown(self, list))
		replace_missing(self, list);
	gtk_label_set_text(self->setup_hint,
			   self->asking
				   ? _("This computer is looked at …")
				   : _("This computer cannot show its screen on wireless displays "
				       "yet."));
}

static void on_findings(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *findings = connect_doctor_ask_finish(result, &error);
	ConnectWindow *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (error)
		g_info("miracastctl doctor: %s", error->message);
	g_clear_object(&self->asking);
	g_clear_pointer(&self->findings, g_ptr_array_unref);
	self->findings = findings;
	update_missing(self);
	if (self->is_told && !findings)
		connect_view_say(self->toasts, _("This computer could not be examined: run "
						 "'miracastctl doctor'."));
	else if (self->is_told && connect_bus_get_manager(self->bus))
		connect_view_say(self->toasts, self->missing->len
						       ? _("Checked: see what is missing.")
						       : _("Checked: nothing is missing."));
	self->is_told = false;
}

/* Anew, if it is asked already: what it has seen may not be so any more. */
static void ask_doctor(ConnectWindow *self)
{
	if (self->asking)
		g_cancellable_cancel(self->asking);
	g_clear_object(&self->asking);
	self->asking = g_cancellable_new();
	connect_doctor_ask_async(self->asking, on_findings, self);
	update_missing(self);
}

/*
 * The sinks.
 */

static gboolean is_near(gpointer item, gpointer data)
{
	const char *const *ways = bus_sink1_get_ways(item);

	return ways && *ways;
}

static gboolean is_remembered(gpointer item, gpointer data)
{
	return !is_near(item, NULL) && bus_sink1_get_known(item);
}

/* FALSE: @list has no row of it. */
static bool focus_sink(GtkListBox *list, const char *path)
{
	GtkListBoxRow *row;

	for (int i = 0; (row = gtk_list_box_get_row_at_index(list, i)); i++) {
		BusSink1 *sink = connect_row_get_sink(CONNECT_ROW(row));

		if (!strcmp(g_dbus_proxy_get_object_path(G_DBUS_PROXY(sink)), path))
			return gtk_widget_grab_focus(GTK_WIDGET(row));
	}
	return false;
}

/* Before the lists change: GTK loses the keyboard with a row that has it. */
static void save_focus(ConnectWindow *self)
{
	GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(self));
	GtkWidget *row = focus ? gtk_widget_get_ancestor(focus, CONNECT_TYPE_ROW) : NULL;
	BusSink1 *sink = row ? connect_row_get_sink(CONNECT_ROW(row)) : NULL;
	const char *path = sink ? g_dbus_proxy_get_object_path(G_DBUS_PROXY(sink)) : NULL;

	/* It stays. */
	if (!sink ||
	    (connect_bus_find_sink(self->bus, path) == sink &&
	     (gtk_widget_get_parent(row) == GTK_WIDGET(self->near) ? is_near(sink, NULL)
								   : is_remembered(sink, NULL))))
		return;
	g_free(self->focused);
	self->focused = g_strdup(path);
	gtk_window_set_focus(GTK_WINDOW(self), NULL);
}

/* To the same sink's row, or where one comes to by the tabulator. */
static void restore_focus(ConnectWindow *self)
{
	g_autofree char *path = g_steal_pointer(&self->focused);

	if (path && !focus_sink(self->near, path) && !focus_sink(self->known, path))
		gtk_widget_child_focus(self->front, GTK_DIR_TAB_FORWARD);
}

static void update_lists(ConnectWindow *self)
{
	bool has_near = gtk_list_box_get_row_at_index(self->near, 0) != NULL;
	bool is_refused = connect_bus_get_refusal(self->bus) != NULL;

	gtk_widget_set_visible(GTK_WIDGET(self->near), has_near);
	gtk_widget_set_visible(self->empty, !has_near && !is_refused);
	gtk_widget_set_visible(self->near_group, has_near || !is_refused);
	gtk_widget_set_visible(self->known_group,
			       gtk_list_box_get_row_at_index(self->known, 0) != NULL);
	restore_focus(self);
}

static void on_changed(ConnectBus *bus, GDBusProxy *proxy, ConnectWindow *self)
{
	if (BUS_IS_MANAGER1(proxy))
		update_missing(self);
	if (BUS_IS_SINK1(proxy)) {
		save_focus(self);
		gtk_filter_changed(self->near_filter, GTK_FILTER_CHANGE_DIFFERENT);
		gtk_filter_changed(self->known_filter, GTK_FILTER_CHANGE_DIFFERENT);
	}
	update_lists(self);
}

static void update_presence(ConnectWindow *self)
{
	const char *view = connect_bus_get_manager(self->bus) ? "displays"
			   : connect_bus_is_asked(self->bus)  ? "setup"
							      : "opening";

	connect_view_show(self->stack, gtk_stack_get_child_by_name(self->stack, view));
	if (!strcmp(view, "setup"))
		connect_view_show(self->views, self->front);
	if (strcmp(view, "opening") != 0)
		ask_doctor(self);
}

static int compare(gconstpointer a, gconstpointer b, gpointer data)
{
	return g_utf8_collate(bus_sink1_get_name((BusSink1 *)a), bus_sink1_get_name((BusSink1 *)b));
}

static void on_name(ConnectWindow *self)
{
	gtk_sorter_changed(self->near_sorter, GTK_SORTER_CHANGE_DIFFERENT);
	gtk_sorter_changed(self->known_sorter, GTK_SORTER_CHANGE_DIFFERENT);
}

static GtkWidget *make_row(gpointer item, gpointer data)
{
	ConnectWindow *self = data;

	/* There is one row of a sink at a time. */
	g_signal_handlers_disconnect_by_func(item, on_name, self);
	g_signal_connect_object(item, "notify::name", G_CALLBACK(on_name), self, G_CONNECT_SWAPPED);
	return connect_row_new(item, self->agent);
}

/* The filter, the sorter: (transfer none): they live as long as @list is bound. */
static void bind(ConnectWindow *self, GtkListBox *list, GtkCustomFilterFunc match,
		 GtkFilter **filter, GtkSorter **sorter)
{
	GtkFilterListModel *filtered;
	g_autoptr(GtkSortListModel) sorted = NULL;

	*filter = GTK_FILTER(gtk_custom_filter_new(match, NULL, NULL));
	*sorter = GTK_SORTER(gtk_custom_sorter_new(compare, NULL, NULL));
	filtered =
		gtk_filter_list_model_new(g_object_ref(connect_bus_get_sinks(self->bus)), *filter);
	sorted = gtk_sort_list_model_new(G_LIST_MODEL(filtered), *sorter);
	gtk_list_box_bind_model(list, G_LIST_MODEL(sorted), make_row, self, NULL);
}

static void on_row(ConnectWindow *self, GtkListBoxRow *row)
{
	BusSink1 *sink = connect_row_get_sink(CONNECT_ROW(row));

	connect_window_show_sink(self, g_dbus_proxy_get_object_path(G_DBUS_PROXY(sink)));
}

static void on_address(ConnectWindow *self)
{
	g_autofree char *address = g_strstrip(g_strdup(gtk_editable_get_text(self->address_entry)));

	if (!g_hostname_is_ip_address(address)) {
		connect_view_say(self->toasts, _("That is not an address, such as 192.168.1.20."));
		return;
	}
	gtk_editable_set_text(self->address_entry, "");
	connect_view_show(self->views, GTK_WIDGET(self->page));
	connect_page_connect(self->page, address);
}

void connect_window_show_sink(ConnectWindow *self, const char *path)
{
	connect_view_show(self->views, GTK_WIDGET(self->page));
	connect_page_show(self->page, path);
}

gboolean connect_window_shows_sink(ConnectWindow *self, const char *path)
{
	return gtk_widget_get_visible(GTK_WIDGET(self)) && gtk_window_is_active(GTK_WINDOW(self)) &&
	       gtk_stack_get_visible_child(self->views) == GTK_WIDGET(self->page) &&
	       !strcmp(connect_page_get_path(self->page), path);
}

/*
 * The widget.
 */

static void on_visible_child(ConnectWindow *self)
{
	gtk_widget_action_set_enabled(GTK_WIDGET(self), "win.back",
				      gtk_stack_get_visible_child(self->views) != self->front);
}

static void go_back(GtkWidget *widget, const char *action, GVariant *parameter)
{
	ConnectWindow *self = CONNECT_WINDOW(widget);

	connect_view_show(self->views, self->front);
	if (!focus_sink(self->near, connect_page_get_path(self->page)) &&
	    !focus_sink(self->known, connect_page_get_path(self->page)))
		gtk_widget_child_focus(self->front, GTK_DIR_TAB_FORWARD);
}

static void check(GtkWidget *widget, const char *action, GVariant *parameter)
{
	ConnectWindow *self = CONNECT_WINDOW(widget);

	self->is_told = true;
	connect_bus_search_again(self->bus);
	ask_doctor(self);
}

/* Sinks are looked for as long as somebody may look at them. */
static void connect_window_map(GtkWidget *widget)
{
	GTK_WIDGET_CLASS(connect_window_parent_class)->map(widget);
	connect_bus_set_searching(CONNECT_WINDOW(widget)->bus, TRUE);
}

static void connect_window_unmap(GtkWidget *widget)
{
	connect_bus_set_searching(CONNECT_WINDOW(widget)->bus, FALSE);
	GTK_WIDGET_CLASS(connect_window_parent_class)->unmap(widget);
}

static void connect_window_init(ConnectWindow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	self->missing = g_ptr_array_new_with_free_func(missing_free);
	on_visible_child(self);
}

static void connect_window_dispose(GObject *object)
{
	ConnectWindow *self = CONNECT_WINDOW(object);

	if (self->asking)
		g_cancellable_cancel(self->asking);
	g_clear_object(&self->asking);
	G_OBJECT_CLASS(connect_window_parent_class)->dispose(object);
}

static void connect_window_finalize(GObject *object)
{
	ConnectWindow *self = CONNECT_WINDOW(object);

	g_clear_object(&self->bus);
	g_clear_object(&self->agent);
	g_clear_pointer(&self->findings, g_ptr_array_unref);
	g_ptr_array_unref(self->missing);
	g_free(self->focused);
	G_OBJECT_CLASS(connect_window_parent_class)->finalize(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, ConnectWindow, name)
#define CALL(name) gtk_widget_class_bind_template_callback(widget_class, name)

static void connect_window_class_init(ConnectWindowClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = connect_window_dispose;
	G_OBJECT_CLASS(class)->finalize = connect_window_finalize;
	widget_class->map = connect_window_map;
	widget_class->unmap = connect_window_unmap;
	gtk_widget_class_set_template_from_resource(
		widget_class, "/io/github/linux_miracast/Connect/connect-window.ui");
	BIND(views);
	BIND(front);
	BIND(toasts);
	BIND(stack);
	BIND(setup_hint);
	BIND(setup_group);
	BIND(setup_others);
	BIND(failures_group);
	BIND(problems_group);
	BIND(advice_group);
	BIND(near);
	BIND(known);
	BIND(near_group);
	BIND(known_group);
	BIND(empty);
	BIND(address_entry);
	CALL(on_row);
	CALL(on_address);
	CALL(on_visible_child);
	gtk_widget_class_install_action(widget_class, "win.back", NULL, go_back);
	gtk_widget_class_install_action(widget_class, "win.check", NULL, check);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "win.back", NULL);
	gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Left, GDK_ALT_MASK, "win.back",
					    NULL);
}

ConnectWindow *connect_window_new(AdwApplication *application, ConnectBus *bus, ConnectAgent *agent)
{
	ConnectWindow *self = g_object_new(CONNECT_TYPE_WINDOW, "application", application, NULL);

	self->bus = g_object_ref(bus);
	self->agent = g_object_ref(agent);
	self->page = connect_page_new(bus, agent);
	gtk_stack_add_child(self->views, GTK_WIDGET(self->page));
	connect_view_show(self->views, self->front);
	/* Before the lists have it. */
	g_signal_connect_object(connect_bus_get_sinks(bus), "items-changed", G_CALLBACK(save_focus),
				self, G_CONNECT_SWAPPED);
	bind(self, self->near, is_near, &self->near_filter, &self->near_sorter);
	bind(self, self->known, is_remembered, &self->known_filter, &self->known_sorter);
	g_signal_connect_object(bus, "presence-changed", G_CALLBACK(update_presence), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(bus, "changed", G_CALLBACK(on_changed), self, 0);
	g_signal_connect_object(connect_bus_get_sinks(bus), "items-changed",
				G_CALLBACK(update_lists), self,
				G_CONNECT_SWAPPED | G_CONNECT_AFTER);
	update_lists(self);
	update_presence(self);
	return self;
}
