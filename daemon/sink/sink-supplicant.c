// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-supplicant.h"

#include "sink-program.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#define ANSWER_S     5
#define START_S	     15
#define START_POLL   50 /* ms */
#define MESSAGE_SIZE 8192

struct SinkSupplicant {
	SinkSupplicantOps ops;
	gpointer user_data;
	char *directory;
	char *configuration;
	char *store;

	SinkProgram *program;
	GSocket *commands;
	GSocket *events;
	GSource *event_source;
	guint start_timer;
	gint64 start_limit;
	gboolean frozen;
};

static char *own_path(SinkSupplicant *self, const char *name)
{
	return g_build_filename(self->directory, name, NULL);
}

/* A socket with a name of its own, so that it can be answered. */
static GSocket *connect_socket(SinkSupplicant *self, const char *name, GError **error)
{
	g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
						 G_SOCKET_PROTOCOL_DEFAULT, error);
	g_autofree char *own = own_path(self, name);
	g_autofree char *its = own_path(self, "control");
	g_autoptr(GSocketAddress) own_address = g_unix_socket_address_new(own);
	g_autoptr(GSocketAddress) its_address = g_unix_socket_address_new(its);

	if (!socket)
		return NULL;
	g_unlink(own);
	g_socket_set_timeout(socket, ANSWER_S);
	if (!g_socket_bind(socket, own_address, FALSE, error) ||
	    !g_socket_connect(socket, its_address, NULL, error))
		return NULL;
	return g_steal_pointer(&socket);
}

static char *exchange(GSocket *socket, const char *command, GError **error)
{
	char answer[MESSAGE_SIZE + 1];
	gssize size;

	if (g_socket_send(socket, command, strlen(command), NULL, error) < 0)
		return NULL;
	size = g_socket_receive(socket, answer, MESSAGE_SIZE, NULL, error);
	if (size < 0)
		return NULL;
	answer[size] = '\0';
	g_strchomp(answer);
	if (!strcmp(answer, "UNKNOWN COMMAND") || g_str_has_prefix(answer, "FAIL")) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			    "wpa_supplicant answers \"%s\" to \"%s\"", answer, command);
		return NULL;
	}
	return g_strdup(answer);
}

static char *ask(SinkSupplicant *self, const char *command, GError **error)
{
	if (!self->commands || self->frozen) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CLOSED,
				    "wpa_supplicant is not there");
		return NULL;
	}
	return exchange(self->commands, command, error);
}

char *sink_supplicant_ask(SinkSupplicant *self, GError **error, const char *format, ...)
{
	g_autofree char *command = NULL;
	va_list args;

	va_start(args, format);
	command = g_strdup_vprintf(format, args);
	va_end(args);
	return ask(self, command, error);
}

gboolean sink_supplicant_do(SinkSupplicant *self, GError **error, const char *format, ...)
{
	g_autofree char *command = NULL;
	g_autofree char *answer = NULL;
	va_list args;

	va_start(args, format);
	command = g_strdup_vprintf(format, args);
	va_end(args);
	answer = ask(self, command, error);
	return answer != NULL;
}

static gboolean on_event(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	SinkSupplicant *self = user_data;
	char text[MESSAGE_SIZE + 1];
	g_autofree char *valid = NULL;
	g_auto(SinkEventLine) line = {0};
	gssize size = g_socket_receive(socket, text, MESSAGE_SIZE, NULL, NULL);

	/* That it has ended is told by its process. */
	if (size < 0)
		return G_SOURCE_REMOVE;
	valid = g_utf8_make_valid(text, size);
	if (sink_event_line_parse(valid, &line))
		self->ops.event(&line, self->user_data);
	return G_SOURCE_CONTINUE;
}

static void gone(SinkSupplicant *self, const char *sentence)
{
	g_clear_handle_id(&self->start_timer, g_source_remove);
	self->ops.gone(sentence, self->user_data);
}

static void on_program_ended(const char *sentence, gpointer user_data)
{
	gone(user_data, sentence);
}

static gboolean attach(SinkSupplicant *self, GError **error)
{
	g_autofree char *answer = NULL;

	self->commands = connect_socket(self, "commands", error);
	if (!self->commands)
		return FALSE;
	g_clear_object(&self->events);
	self->events = connect_socket(self, "events", error);
	answer = self->events ? exchange(self->events, "ATTACH", error) : NULL;
	if (!answer) {
		g_clear_object(&self->commands);
		return FALSE;
	}
	/* Events come when they come. */
	g_socket_set_timeout(self->events, 0);
	self->event_source = g_socket_create_source(self->events, G_IO_IN, NULL);
	g_source_set_callback(self->event_source, G_SOURCE_FUNC(on_event), self, NULL);
	g_source_attach(self->event_source, NULL);
	return TRUE;
}

static gboolean on_start_timer(gpointer user_data)
{
	SinkSupplicant *self = user_data;
	g_autoptr(GError) error = NULL;

	if (attach(self, &error)) {
		self->start_timer = 0;
		self->ops.up(self->user_data);
		return G_SOURCE_REMOVE;
	}
	if (g_get_monotonic_time() > self->start_limit) {
		g_autofree char *sentence = g_strdup_printf(
			"wpa_supplicant does not answer after %d s: %s.", START_S, error->message);

		self->start_timer = 0;
		gone(self, sentence);
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

/* The settings of this run, and the groups of earlier ones. */
static gboolean write_configuration(SinkSupplicant *self, const SinkSupplicantConfig *config,
				    GError **error)
{
	g_autoptr(GString) text = g_string_new(config->settings);
	g_autofree char *stored = NULL;

	if (config->store && g_file_get_contents(config->store, &stored, NULL, NULL)) {
		const char *networks = strstr(stored, "network={");

		g_string_append_printf(text, "\n%s", networks ? networks : "");
	}
	return g_file_set_contents_full(self->configuration, text->str, text->len,
					G_FILE_SET_CONTENTS_NONE, 0600, error);
}

SinkSupplicant *sink_supplicant_new(const SinkSupplicantConfig *config,
				    const SinkSupplicantOps *ops, gpointer user_data,
				    GError **error)
{
	SinkSupplicant *self = g_new0(SinkSupplicant, 1);
	g_autofree char *control = NULL;

	self->ops = *ops;
	self->user_data = user_data;
	self->directory = g_strdup(config->directory);
	self->configuration = own_path(self, "wpa_supplicant.conf");
	self->store = g_strdup(config->store);
	control = own_path(self, "control");
	if (write_configuration(self, config, error)) {
		/* -d and a file to write to only where somebody wants to read it. */
		const char *const argv[] = {
			"wpa_supplicant",
			"-D",
			"nl80211",
			"-i",
			config->interface,
			"-c",
			self->configuration,
			"-g",
			control,
			config->log ? "-dtf" : NULL,
			config->log,
			NULL,
		};

		self->program = sink_program_new(argv, NULL, on_program_ended, self, error);
	}
	if (!self->program) {
		sink_supplicant_free(self);
		return NULL;
	}
	self->start_limit = g_get_monotonic_time() + START_S * G_TIME_SPAN_SECOND;
	self->start_timer = g_timeout_add(START_POLL, on_start_timer, self);
	return self;
}

void sink_supplicant_freeze(SinkSupplicant *self)
{
	self->frozen = TRUE;
	sink_program_freeze(self->program);
}

static void keep_store(SinkSupplicant *self)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;

	if (g_file_get_contents(self->configuration, &text, &size, &error))
		g_file_set_contents_full(self->store, text, size, G_FILE_SET_CONTENTS_CONSISTENT,
					 0600, &error);
	if (error)
		g_printerr("miracast-sink: groups are not kept: %s\n", error->message);
}

void sink_supplicant_free(SinkSupplicant *self)
{
	static const char *const files[] = {"commands", "events", "control"};

	if (!self)
		return;
	g_clear_handle_id(&self->start_timer, g_source_remove);
	if (self->event_source)
		g_source_destroy(self->event_source);
	g_clear_pointer(&self->event_source, g_source_unref);
	/* It removes what it has made when it ends. */
	sink_program_free(self->program);
	if (self->store && self->commands)
		keep_store(self);
	g_clear_object(&self->commands);
	g_clear_object(&self->events);
	g_unlink(self->configuration);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *file = own_path(self, files[i]);

		g_unlink(file);
	}
	g_free(self->store);
	g_free(self->configuration);
	g_free(self->directory);
	g_free(self);
}
