// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch.h"

#include "ctl-bus.h"

#include <glib-unix.h>
#include <stdbool.h>
#include <stdio.h>

/* Seconds of bitrate that a line shows. */
#define N_HISTORY 24

typedef struct {
	guint64 bytes, lost;
	bool is_counting; /* the two above are a second old */
	bool withheld; /* they are not this person's to see */
	double history[N_HISTORY]; /* Mbit/s, the oldest first */
	guint n_history;
} Rates;

typedef struct {
	GDBusConnection *connection;
	GMainLoop *loop;
	GHashTable *rates; /* a session's path to Rates */
	CtlStatus status;
} CtlWatch;

static void print_line(guint session, const char *word, const char *text)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *time = g_date_time_format(now, "%H:%M:%S");

	printf("%s  %u  ", time, session);
	ctl_print_column(word, *text ? 12 : 0);
	if (*text) {
		putchar(' ');
		ctl_print_column(text, 0);
	}
	putchar('\n');
	fflush(stdout);
}

static void print_changes(guint session, GVariant *properties)
{
	const char *state = "", *step = "", *text = "", *reason = "";

	g_variant_lookup(properties, "StepMessage", "&s", &text);
	g_variant_lookup(properties, "Step", "&s", &step);
	if (*step || *text)
		print_line(session, *step ? step : "...", text);
	if (!g_variant_lookup(properties, "State", "&s", &state))
		return;
	text = "";
	if (!strcmp(state, "ended")) {
		g_variant_lookup(properties, "Reason", "&s", &reason);
		g_variant_lookup(properties, "Message", "&s", &text);
	}
	print_line(session, *reason ? reason : state, text);
}

/* One that has just come, or that was there before. */
static void print_session(guint session, GVariant *properties)
{
	const char *state = "", *sink = "";

	g_variant_lookup(properties, "State", "&s", &state);
	g_variant_lookup(properties, "SinkName", "&s", &sink);
	print_line(session, state, sink);
	/* One that ended before it began: nothing more comes of it. */
	if (!strcmp(state, "ended"))
		print_changes(session, properties);
}

static void on_changed(GDBusConnection *connection, const char *sender, const char *path,
		       const char *interface, const char *signal, GVariant *arguments,
		       gpointer data)
{
	g_autoptr(GVariant) changed = NULL;

	g_variant_get(arguments, "(&s@a{sv}as)", NULL, &changed, NULL);
	print_changes(ctl_number_of(path, CTL_SESSION_PREFIX), changed);
}

static void on_added(GDBusConnection *connection, const char *sender, const char *path,
		     const char *interface, const char *signal, GVariant *arguments, gpointer data)
{
	g_autoptr(GVariant) interfaces = NULL;
	g_autoptr(GVariant) properties = NULL;
	const char *object;

	g_variant_get(arguments, "(&o@a{sa{sv}})", &object, &interfaces);
	properties = g_variant_lookup_value(interfaces, CTL_SESSION, G_VARIANT_TYPE_VARDICT);
	if (properties)
		print_session(ctl_number_of(object, CTL_SESSION_PREFIX), properties);
}

/* The history as bars, the highest of which is the highest rate. Transfer full. */
static char *draw(const Rates *rates)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	GString *line = g_string_new(NULL);
	double most = 0;

	for (guint i = 0; i < rates->n_history; i++)
		most = MAX(most, rates->history[i]);
	for (guint i = 0; i < rates->n_history; i++)
		g_string_append(line, bars[most > 0 ? (int)(rates->history[i] / most * 7) : 0]);
	return g_string_free(line, FALSE);
}

static void print_rates(guint session, Rates *rates, GVariant *statistics)
{
	guint64 bytes = 0, dropped = 0, lost = 0, jitter_us = 0;
	g_autofree char *bars = NULL;
	g_autofree char *jitter = NULL;
	g_autofree char *word = NULL;
	g_autofree char *text = NULL;
	double mbit;

	g_variant_lookup(statistics, "encoded-bytes", "t", &bytes);
	g_variant_lookup(statistics, "rtp-packets-dropped", "t", &dropped);
	g_variant_lookup(statistics, "sink-rtp-lost", "t", &lost);
	lost += dropped;
	if (g_variant_lookup(statistics, "sink-jitter-us", "t", &jitter_us))
		jitter = g_strdup_printf("jitter %.1f ms  ", (double)jitter_us / 1000);
	/* A session that was started anew counts from the beginning. */
	if (rates->is_counting && bytes >= rates->bytes && lost >= rates->lost) {
		mbit = (double)(bytes - rates->bytes) * 8 / 1e6;
		if (rates->n_history == N_HISTORY)
			memmove(rates->history, rates->history + 1,
				--rates->n_history * sizeof(*rates->history));
		rates->history[rates->n_history++] = mbit;
		bars = draw(rates);
		word = g_strdup_printf("%.1f Mbit/s", mbit);
		text = g_strdup_printf("%" G_GUINT64_FORMAT " lost  %s%s", lost - rates->lost,
				       jitter ? jitter : "", bars);
		print_line(session, word, text);
	}
	rates->bytes = bytes;
	rates->lost = lost;
	rates->is_counting = true;
}

static gboolean on_second(gpointer data)
{
	CtlWatch *watch = data;
	g_autoptr(CtlObjects) objects = ctl_objects_get(watch->connection, &watch->status);

	if (!objects) {
		g_main_loop_quit(watch->loop);
		return G_SOURCE_CONTINUE;
	}
	for (guint i = 0; i < objects->sessions->len; i++) {
		const CtlObject *session = objects->sessions->pdata[i];
		g_autoptr(GVariant) statistics = NULL;
		gboolean withheld;
		Rates *rates;

		if (strcmp(ctl_object_get_text(session, "State"), "streaming") != 0)
			continue;
		rates = g_hash_table_lookup(watch->rates, session->path);
		if (!rates) {
			rates = g_new0(Rates, 1);
			g_hash_table_insert(watch->rates, g_strdup(session->path), rates);
		}
		if (rates->withheld)
			continue;
		statistics = ctl_object_get_statistics(watch->connection, session, &withheld);
		if (statistics)
			print_rates(session->number, rates, statistics);
		else if (withheld)
			print_line(session->number, "statistics", CTL_WITHHELD);
		rates->withheld = withheld;
	}
	return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer data)
{
	CtlWatch *watch = data;

	g_main_loop_quit(watch->loop);
	return G_SOURCE_CONTINUE;
}

CtlStatus ctl_watch(GDBusConnection *connection)
{
	g_autoptr(CtlObjects) objects = NULL;
	CtlWatch watch = {.connection = connection};
	guint changes, additions, seconds, interrupt;

	changes = g_dbus_connection_signal_subscribe(
		connection, CTL_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
		NULL, CTL_SESSION, G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &watch, NULL);
	additions = g_dbus_connection_signal_subscribe(
		connection, CTL_BUS_NAME, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
		NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_added, &watch, NULL);
	watch.loop = g_main_loop_new(NULL, FALSE);
	watch.rates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	objects = ctl_objects_get(connection, &watch.status);
	for (guint i = 0; objects && i < objects->sessions->len; i++) {
		const CtlObject *session = objects->sessions->pdata[i];

		if (strcmp(ctl_object_get_text(session, "State"), "ended") != 0)
			print_session(session->number, session->properties);
	}
	interrupt = g_unix_signal_add(SIGINT, on_interrupt, &watch);
	seconds = g_timeout_add_seconds(1, on_second, &watch);
	if (objects)
		g_main_loop_run(watch.loop);
	g_source_remove(seconds);
	g_source_remove(interrupt);
	g_dbus_connection_signal_unsubscribe(connection, changes);
	g_dbus_connection_signal_unsubscribe(connection, additions);
	g_hash_table_unref(watch.rates);
	g_main_loop_unref(watch.loop);
	return watch.status;
}
