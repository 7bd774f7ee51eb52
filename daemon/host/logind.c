// SPDX-License-Identifier: GPL-2.0-or-later
#include "logind.h"

#include <gio/gunixfdlist.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define LOGIND	   "org.freedesktop.login1"
#define PATH	   "/org/freedesktop/login1"
#define MANAGER	   LOGIND ".Manager"
#define SEAT	   LOGIND ".Seat"
#define SESSION	   LOGIND ".Session"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define CALL_MS	   5000

/* A person's session at a seat. */
typedef struct {
	guint uid;
	char *seat;
	gboolean is_active; /* in the foreground */
} Login;

typedef enum {
	WATCH_NEW, /* where the person is is not known yet */
	WATCH_NONE, /* at no seat, or was said to have left */
	WATCH_SEAT,
} WatchState;

struct _HostLogindWatch {
	HostLogind *logind;
	guint uid;
	WatchState state;
	char *seat;
	void (*left)(gpointer user_data);
	gpointer user_data;
};

struct _HostLogind {
	GDBusConnection *connection;
	GCancellable *cancellable; /* of all calls */
	guint manager_signals, seat_signals;
	guint name_watch;
	char *owner; /* of its name; NULL: none */

	void (*sleeps)(gpointer user_data);
	gpointer user_data;
	bool busy;
	bool sleeping;
	bool inhibiting; /* the call is under way */
	int inhibitor; /* -1: none */
	guint sleep_source;

	GList *watches;
	GPtrArray *logins; /* as far as they are known in this look */
	bool looking;
	guint n_asked; /* sessions */
	bool look_failed;
	bool look_again; /* something has changed meanwhile */
	guint look_source;
};

static void call(HostLogind *self, const char *path, const char *interface, const char *method,
		 GVariant *parameters, const char *type, GAsyncReadyCallback callback)
{
	g_dbus_connection_call(self->connection, LOGIND, path, interface, method, parameters,
			       G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS,
			       self->cancellable, callback, self);
}

static bool is_absent(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

/*
 * Sleep.
 */

static void let_sleep(HostLogind *self)
{
	if (self->inhibitor >= 0)
		close(self->inhibitor);
	self->inhibitor = -1;
}

static void on_inhibited(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GUnixFDList) files = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(object), &files, result, &error);
	HostLogind *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	self->inhibiting = false;
	if (answer && files)
		self->inhibitor = g_unix_fd_list_get(files, 0, NULL);
	else if (error && !is_absent(error))
		g_message("The machine will not wait for sessions before it sleeps: %s",
			  error->message);
	if (!self->busy || self->sleeping)
		let_sleep(self);
}

/* Once the machine is about to sleep it is too late for that. */
static void inhibit(HostLogind *self)
{
	if (!self->busy || self->sleeping || self->inhibiting || self->inhibitor >= 0)
		return;
	self->inhibiting = true;
	g_dbus_connection_call_with_unix_fd_list(
		self->connection, LOGIND, PATH, MANAGER, "Inhibit",
		g_variant_new("(ssss)", "sleep", "miracastd", "Wireless displays are disconnected",
			      "delay"),
		G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, NULL,
		self->cancellable, on_inhibited, self);
}

void host_logind_set_busy(HostLogind *self, gboolean busy)
{
	self->busy = busy;
	if (busy)
		inhibit(self);
	else
		let_sleep(self);
}

static gboolean on_sleep_over(gpointer data)
{
	HostLogind *self = data;

	self->sleep_source = 0;
	let_sleep(self);
	return G_SOURCE_REMOVE;
}

static void prepare_for_sleep(HostLogind *self, gboolean sleeping)
{
	self->sleeping = sleeping;
	g_clear_handle_id(&self->sleep_source, g_source_remove);
	if (sleeping) {
		self->sleep_source =
			g_timeout_add_seconds(HOST_LOGIND_SLEEP_S, on_sleep_over, self);
		self->sleeps(self->user_data);
	} else {
		inhibit(self);
	}
}

gboolean host_logind_is_sleeping(HostLogind *self)
{
	return self->sleeping;
}

/*
 * Persons.
 */

static void login_free(gpointer data)
{
	Login *login = data;

	g_free(login->seat);
	g_free(login);
}

static void look(HostLogind *self);

static gboolean on_look(gpointer data)
{
	HostLogind *self = data;

	self->look_source = 0;
	look(self);
	return G_SOURCE_REMOVE;
}

static void look_later(HostLogind *self)
{
	if (!self->look_source)
		self->look_source = g_timeout_add_seconds(HOST_LOGIND_LOOK_S, on_look, self);
}

/* The person's, in the foreground first. */
static const Login *find_login(HostLogind *self, guint uid)
{
	const Login *found = NULL;

	for (guint i = 0; i < self->logins->len; i++) {
		const Login *login = self->logins->pdata[i];

		if (login->uid == uid && (!found || login->is_active))
			found = login;
	}
	return found;
}

static bool is_another_at(HostLogind *self, const HostLogindWatch *watch)
{
	for (guint i = 0; i < self->logins->len; i++) {
		const Login *login = self->logins->pdata[i];

		if (login->is_active && login->uid != watch->uid &&
		    !strcmp(login->seat, watch->seat))
			return true;
	}
	return false;
}

/* The last thing: it may free the watch. */
static void judge(HostLogind *self, HostLogindWatch *watch)
{
	const Login *login = find_login(self, watch->uid);

	if (watch->state == WATCH_NEW && login && login->is_active) {
		watch->state = WATCH_SEAT;
		watch->seat = g_strdup(login->seat);
	} else if (watch->state == WATCH_NEW) {
		watch->state = WATCH_NONE;
	}
	if (watch->state != WATCH_SEAT)
		return;
	if (login && !login->is_active)
		look_later(self);
	if (!login || is_another_at(self, watch)) {
		watch->state = WATCH_NONE;
		watch->left(watch->user_data);
	}
}

static void end_look(HostLogind *self)
{
	self->looking = false;
	if (self->look_again) {
		look(self);
		return;
	}
	if (self->look_failed) {
		look_later(self);
		return;
	}
	for (GList *item = self->watches; item;) {
		GList *next = item->next;

		judge(self, item->data);
		item = next;
	}
}

/* Greeters and what runs in the background are nobody; a session that closes may do so for hours. */
static void add_login(HostLogind *self, GVariant *properties)
{
	const char *class = "", *state = "", *seat = "";
	gboolean is_active = FALSE;
	Login *login;
	guint uid;

	g_variant_lookup(properties, "Class", "&s", &class);
	g_variant_lookup(properties, "State", "&s", &state);
	g_variant_lookup(properties, "Active", "b", &is_active);
	g_variant_lookup(properties, "Seat", "(&s&o)", &seat, NULL);
	if (!g_str_has_prefix(class, "user") || !strcmp(state, "closing") || !*seat ||
	    !g_variant_lookup(properties, "User", "(u&o)", &uid, NULL))
		return;
	login = g_new0(Login, 1);
	login->uid = uid;
	login->seat = g_strdup(seat);
	login->is_active = is_active;
	g_ptr_array_add(self->logins, login);
}

static void on_session(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	HostLogind *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (answer) {
		g_autoptr(GVariant) properties = g_variant_get_child_value(answer, 0);

		add_login(self, properties);
	} else if (!g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)) {
		/* Else it has ended meanwhile. */
		self->look_failed = true;
	}
	if (!--self->n_asked)
		end_look(self);
}

static void on_sessions(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autoptr(GVariantIter) sessions = NULL;
	const char *seat, *path;
	HostLogind *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (is_absent(error)) {
		self->looking = false;
		return;
	}
	if (answer)
		g_variant_get(answer, "(a(susso))", &sessions);
	else
		self->look_failed = true;
	while (sessions &&
	       g_variant_iter_next(sessions, "(&su&s&s&o)", NULL, NULL, NULL, &seat, &path)) {
		if (!*seat)
			continue;
		self->n_asked++;
		call(self, path, PROPERTIES, "GetAll", g_variant_new("(s)", SESSION), "(a{sv})",
		     on_session);
	}
	if (!self->n_asked)
		end_look(self);
}

static void look(HostLogind *self)
{
	self->look_again = self->looking;
	if (self->looking || !self->watches)
		return;
	g_clear_handle_id(&self->look_source, g_source_remove);
	self->looking = true;
	self->look_failed = false;
	g_ptr_array_set_size(self->logins, 0);
	call(self, PATH, MANAGER, "ListSessions", NULL, "(a(susso))", on_sessions);
}

HostLogindWatch *host_logind_watch(HostLogind *self, guint uid, void (*left)(gpointer user_data),
				   gpointer user_data)
{
	HostLogindWatch *watch = g_new0(HostLogindWatch, 1);

	watch->logind = self;
	watch->uid = uid;
	watch->state = uid ? WATCH_NEW : WATCH_NONE;
	watch->left = left;
	watch->user_data = user_data;
	self->watches = g_list_prepend(self->watches, watch);
	look(self);
	return watch;
}

void host_logind_unwatch(HostLogindWatch *watch)
{
	HostLogind *self = watch->logind;

	self->watches = g_list_remove(self->watches, watch);
	if (!self->watches)
		g_clear_handle_id(&self->look_source, g_source_remove);
	g_free(watch->seat);
	g_free(watch);
}

/*
 * The bus.
 */

static void on_manager_signal(GDBusConnection *connection, const char *sender, const char *path,
			      const char *interface, const char *name, GVariant *parameters,
			      gpointer data)
{
	HostLogind *self = data;
	gboolean sleeping;

	if (!strcmp(name, "PrepareForSleep") &&
	    g_variant_is_of_type(parameters, G_VARIANT_TYPE("(b)"))) {
		g_variant_get(parameters, "(b)", &sleeping);
		prepare_for_sleep(self, sleeping);
	} else if (!strcmp(name, "SessionNew") || !strcmp(name, "SessionRemoved")) {
		look(self);
	}
}

/* Another session is in its foreground. */
static void on_seat_changed(GDBusConnection *connection, const char *sender, const char *path,
			    const char *interface, const char *name, GVariant *parameters,
			    gpointer data)
{
	look(data);
}

/* What the one before said last is nothing that this one takes back. */
static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
			gpointer data)
{
	HostLogind *self = data;

	if (self->owner && strcmp(self->owner, owner) != 0)
		prepare_for_sleep(self, FALSE);
	else
		inhibit(self);
	g_free(self->owner);
	self->owner = g_strdup(owner);
}

static void on_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	HostLogind *self = data;

	if (self->owner)
		prepare_for_sleep(self, FALSE);
	g_clear_pointer(&self->owner, g_free);
}

HostLogind *host_logind_new(GDBusConnection *connection, void (*sleeps)(gpointer user_data),
			    gpointer user_data)
{
	HostLogind *self = g_new0(HostLogind, 1);

	self->connection = g_object_ref(connection);
	self->cancellable = g_cancellable_new();
	self->sleeps = sleeps;
	self->user_data = user_data;
	self->inhibitor = -1;
	self->logins = g_ptr_array_new_with_free_func(login_free);
	self->manager_signals = g_dbus_connection_signal_subscribe(connection, LOGIND, MANAGER,
								   NULL, PATH, NULL,
								   G_DBUS_SIGNAL_FLAGS_NONE,
								   on_manager_signal, self, NULL);
	self->seat_signals = g_dbus_connection_signal_subscribe(connection, LOGIND, PROPERTIES,
								"PropertiesChanged", NULL, SEAT,
								G_DBUS_SIGNAL_FLAGS_NONE,
								on_seat_changed, self, NULL);
	self->name_watch = g_bus_watch_name_on_connection(connection, LOGIND,
							  G_BUS_NAME_WATCHER_FLAGS_NONE,
							  on_appeared, on_vanished, self, NULL);
	return self;
}

void host_logind_free(HostLogind *self)
{
	g_dbus_connection_signal_unsubscribe(self->connection, self->manager_signals);
	g_dbus_connection_signal_unsubscribe(self->connection, self->seat_signals);
	g_bus_unwatch_name(self->name_watch);
	g_cancellable_cancel(self->cancellable);
	g_clear_handle_id(&self->sleep_source, g_source_remove);
	g_clear_handle_id(&self->look_source, g_source_remove);
	let_sleep(self);
	g_ptr_array_unref(self->logins);
	g_object_unref(self->cancellable);
	g_object_unref(self->connection);
	g_free(self->owner);
	g_free(self);
}
