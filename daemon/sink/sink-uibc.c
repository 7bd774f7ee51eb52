// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-uibc.h"

#include "uibc-packet.h"

#include <string.h>

#define MAX_PAUSE_S 3600
#define MAX_REPEATS 1000000
#define MAX_UNSENT  65536 /* bytes of what a person does: some thousand events */

typedef struct {
	guint pause_ms; /* before it */
	guint times;
	GByteArray *packet;
} SinkUibcStep;

struct _SinkUibc {
	GPtrArray *steps;
	guint next;
	GSocketConnection *connection;
	GCancellable *cancellable;
	gboolean started;
	guint timer;
	GByteArray *unsent; /* of what a person does */
	GSource *room; /* waits until it can be sent; or NULL */
	SinkUibcStatistics statistics;
};

static const struct {
	const char *word;
	UibcGenericType type;
} generic_words[] = {
	{"down", UIBC_DOWN},
	{"up", UIBC_UP},
	{"move", UIBC_MOVE},
	{"key-down", UIBC_KEY_DOWN},
	{"key-up", UIBC_KEY_UP},
	{"zoom", UIBC_ZOOM},
	{"scroll", UIBC_VERTICAL_SCROLL},
	{"scroll-pixels", UIBC_VERTICAL_SCROLL},
	{"hscroll", UIBC_HORIZONTAL_SCROLL},
	{"hscroll-pixels", UIBC_HORIZONTAL_SCROLL},
	{"rotate", UIBC_ROTATE},
};

static gboolean number(const char *text, gint64 min, gint64 max, gint64 *value)
{
	char *end;

	if (!text || !*text)
		return FALSE;
	*value = g_ascii_strtoll(text, &end, 0);
	return !*end && *value >= min && *value <= max;
}

static gboolean numbers(char **words, guint n, gint64 min, gint64 max, gint64 *values)
{
	if (g_strv_length(words) != n)
		return FALSE;
	for (guint i = 0; i < n; i++)
		if (!number(words[i], min, max, &values[i]))
			return FALSE;
	return TRUE;
}

/* "ID X Y", as often as there are fingers. */
static gboolean read_pointers(char **words, UibcGeneric *input)
{
	guint n = g_strv_length(words);

	if (!n || n % 3 || n / 3 > UIBC_MAX_POINTERS)
		return FALSE;
	for (guint i = 0; i < n / 3; i++) {
		gint64 id, x, y;

		if (!number(words[3 * i], 0, G_MAXUINT8, &id) ||
		    !number(words[3 * i + 1], 0, G_MAXUINT16, &x) ||
		    !number(words[3 * i + 2], 0, G_MAXUINT16, &y))
			return FALSE;
		input->pointers[i] = (UibcPointer){id, x, y};
	}
	input->n_pointers = n / 3;
	return TRUE;
}

static gboolean read_generic(const char *word, char **words, UibcGeneric *input)
{
	gint64 v[3];

	switch (input->type) {
	case UIBC_DOWN:
	case UIBC_UP:
	case UIBC_MOVE: return read_pointers(words, input);
	case UIBC_KEY_DOWN:
	case UIBC_KEY_UP:
		if (g_strv_length(words) != 1)
			return FALSE;
		if (strlen(words[0]) == 1)
			v[0] = words[0][0];
		else if (!number(words[0], 0, G_MAXUINT16, &v[0]))
			return FALSE;
		input->codes[0] = v[0];
		return TRUE;
	case UIBC_ZOOM:
		if (!numbers(words, 3, 0, G_MAXUINT16, v))
			return FALSE;
		input->n_pointers = 1;
		input->pointers[0] = (UibcPointer){0, v[0], v[1]};
		input->amount = v[2];
		return TRUE;
	case UIBC_VERTICAL_SCROLL:
	case UIBC_HORIZONTAL_SCROLL:
		input->notches = !g_str_has_suffix(word, "-pixels");
		G_GNUC_FALLTHROUGH;
	case UIBC_ROTATE:
		if (!numbers(words, 1, G_MININT16, G_MAXINT16, v))
			return FALSE;
		input->amount = v[0];
		return TRUE;
	}
	return FALSE;
}

static GByteArray *read_hex(char **words)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	for (; *words; words++) {
		gsize length = strlen(*words);

		if (length % 2)
			return NULL;
		for (gsize i = 0; i < length; i += 2) {
			int high = g_ascii_xdigit_value((*words)[i]);
			int low = g_ascii_xdigit_value((*words)[i + 1]);
			guint8 byte;

			if (high < 0 || low < 0)
				return NULL;
			byte = high << 4 | low;
			g_byte_array_append(bytes, &byte, 1);
		}
	}
	return g_steal_pointer(&bytes);
}

/* "PATH TYPE HEX..." */
static GByteArray *read_hid(gboolean is_descriptor, char **words)
{
	g_autoptr(GByteArray) value = NULL;
	GByteArray *packet;
	gint64 path, type;

	if (g_strv_length(words) < 3 || !number(words[0], 0, G_MAXUINT8, &path) ||
	    !number(words[1], 0, G_MAXUINT8, &type))
		return NULL;
	value = read_hex(words + 2);
	if (!value)
		return NULL;
	packet = g_byte_array_new();
	uibc_hid_append(packet, &(UibcHid){.path = path,
					   .type = type,
					   .is_descriptor = is_descriptor,
					   .value = value->data,
					   .length = value->len});
	return packet;
}

/* NULL: it makes no sense. */
static GByteArray *read_packet(const char *word, char **words)
{
	if (!strcmp(word, "hid") || !strcmp(word, "hid-descriptor"))
		return read_hid(!strcmp(word, "hid-descriptor"), words);
	if (!strcmp(word, "raw"))
		return read_hex(words);
	for (guint i = 0; i < G_N_ELEMENTS(generic_words); i++) {
		UibcGeneric input = {.type = generic_words[i].type};
		GByteArray *packet;

		if (strcmp(word, generic_words[i].word))
			continue;
		if (!read_generic(word, words, &input))
			return NULL;
		packet = g_byte_array_new();
		uibc_generic_append(packet, &input);
		return packet;
	}
	return NULL;
}

static void step_free(gpointer data)
{
	SinkUibcStep *step = data;

	g_byte_array_unref(step->packet);
	g_free(step);
}

/* "SECONDS [N x] WHAT ARGUMENT..." */
static SinkUibcStep *read_step(const char *line)
{
	g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) used = NULL;
	SinkUibcStep *step;
	GByteArray *packet;
	gint64 times = 1;
	double pause;
	char **rest;
	char *end;

	for (guint i = 0; words[i]; i++)
		if (*words[i])
			g_strv_builder_add(builder, words[i]);
	used = g_strv_builder_end(builder);
	if (g_strv_length(used) < 2)
		return NULL;
	pause = g_ascii_strtod(used[0], &end);
	if (*end || !(pause >= 0 && pause <= MAX_PAUSE_S))
		return NULL;
	rest = used + 1;
	if (g_strv_length(rest) > 2 && !strcmp(rest[1], "x")) {
		if (!number(rest[0], 1, MAX_REPEATS, &times))
			return NULL;
		rest += 2;
	}
	packet = read_packet(rest[0], rest + 1);
	if (!packet)
		return NULL;
	step = g_new0(SinkUibcStep, 1);
	step->pause_ms = pause * 1000;
	step->times = times;
	step->packet = packet;
	return step;
}

SinkUibc *sink_uibc_new(const char *script, GError **error)
{
	g_autoptr(SinkUibc) uibc = g_new0(SinkUibc, 1);
	g_auto(GStrv) lines = g_strsplit(script, "\n", -1);

	uibc->cancellable = g_cancellable_new();
	uibc->unsent = g_byte_array_new();
	uibc->steps = g_ptr_array_new_with_free_func(step_free);
	for (guint i = 0; lines[i]; i++) {
		SinkUibcStep *step;

		g_strstrip(lines[i]);
		if (!*lines[i] || *lines[i] == '#')
			continue;
		step = read_step(lines[i]);
		if (!step) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "line %u makes no sense: \"%.60s\"", i + 1, lines[i]);
			return NULL;
		}
		g_ptr_array_add(uibc->steps, step);
	}
	return g_steal_pointer(&uibc);
}

void sink_uibc_free(SinkUibc *uibc)
{
	if (!uibc)
		return;
	if (uibc->timer)
		g_source_remove(uibc->timer);
	if (uibc->room)
		g_source_destroy(uibc->room);
	g_clear_pointer(&uibc->room, g_source_unref);
	g_byte_array_unref(uibc->unsent);
	g_cancellable_cancel(uibc->cancellable);
	g_object_unref(uibc->cancellable);
	g_clear_object(&uibc->connection);
	g_ptr_array_unref(uibc->steps);
	g_free(uibc);
}

static void schedule(SinkUibc *uibc);

/* Waits for room: a source that does not read slows the script down. */
static gboolean on_step(gpointer user_data)
{
	SinkUibc *uibc = user_data;
	SinkUibcStep *step = uibc->steps->pdata[uibc->next++];
	GOutputStream *stream = g_io_stream_get_output_stream(G_IO_STREAM(uibc->connection));

	uibc->timer = 0;
	for (guint i = 0; i < step->times; i++) {
		if (!g_output_stream_write_all(stream, step->packet->data, step->packet->len, NULL,
					       NULL, NULL)) {
			uibc->statistics.closed = TRUE;
			return G_SOURCE_REMOVE;
		}
		uibc->statistics.packets++;
	}
	schedule(uibc);
	return G_SOURCE_REMOVE;
}

static void schedule(SinkUibc *uibc)
{
	if (uibc->next < uibc->steps->len) {
		SinkUibcStep *step = uibc->steps->pdata[uibc->next];

		uibc->timer = g_timeout_add(step->pause_ms, on_step, uibc);
	}
}

static void send_what_fits(SinkUibc *uibc);

static gboolean on_room(GObject *stream, gpointer user_data)
{
	SinkUibc *uibc = user_data;

	g_clear_pointer(&uibc->room, g_source_unref);
	send_what_fits(uibc);
	return G_SOURCE_REMOVE;
}

static void send_what_fits(SinkUibc *uibc)
{
	GPollableOutputStream *stream = G_POLLABLE_OUTPUT_STREAM(
		g_io_stream_get_output_stream(G_IO_STREAM(uibc->connection)));
	g_autoptr(GError) error = NULL;
	gssize sent = g_pollable_output_stream_write_nonblocking(stream, uibc->unsent->data,
								 uibc->unsent->len, NULL, &error);

	if (sent > 0) {
		g_byte_array_remove_range(uibc->unsent, 0, sent);
	} else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
		uibc->statistics.closed = TRUE;
		g_byte_array_set_size(uibc->unsent, 0);
	}
	if (!uibc->unsent->len || uibc->room)
		return;
	uibc->room = g_pollable_output_stream_create_source(stream, NULL);
	g_source_set_callback(uibc->room, G_SOURCE_FUNC(on_room), uibc, NULL);
	g_source_attach(uibc->room, NULL);
}

void sink_uibc_do(SinkUibc *uibc, const char *what)
{
	g_auto(GStrv) words = g_strsplit(what, " ", -1);
	g_autoptr(GByteArray) packet = words[0] ? read_packet(words[0], words + 1) : NULL;

	if (!packet || !uibc->connection || uibc->statistics.closed ||
	    uibc->unsent->len > MAX_UNSENT)
		return;
	uibc->statistics.packets++;
	g_byte_array_append(uibc->unsent, packet->data, packet->len);
	if (!uibc->room)
		send_what_fits(uibc);
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	GSocketConnection *connection =
		g_socket_client_connect_finish(G_SOCKET_CLIENT(object), result, &error);
	SinkUibc *uibc = user_data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!connection) {
		g_printerr("miracast-sink: no connection for input: %s\n", error->message);
		return;
	}
	uibc->connection = connection;
	uibc->statistics.connected = TRUE;
	schedule(uibc);
}

void sink_uibc_start(SinkUibc *uibc, GInetAddress *source, guint16 port)
{
	g_autoptr(GSocketClient) client = NULL;
	g_autoptr(GSocketAddress) address = NULL;

	if (uibc->started)
		return;
	uibc->started = TRUE;
	client = g_socket_client_new();
	g_socket_client_set_enable_proxy(client, FALSE);
	address = g_inet_socket_address_new(source, port);
	g_socket_client_connect_async(client, G_SOCKET_CONNECTABLE(address), uibc->cancellable,
				      on_connected, uibc);
}

const SinkUibcStatistics *sink_uibc_statistics(const SinkUibc *uibc)
{
	return &uibc->statistics;
}
