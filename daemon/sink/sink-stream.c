// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define MERGE_MS  50
#define READ_SIZE (16 * 1024)
/* With more than this unsent, nothing more is read: a source that does not listen cannot fill memory. */
#define MAX_UNSENT (2 * 1024 * 1024)

struct SinkStream {
	SinkStreamConfig config;
	SinkStreamOps ops;
	gpointer user_data;

	GSocketConnection *connection;
	GSocket *socket; /* borrowed of it */
	GSocketAddress *local;
	GSocketAddress *remote;
	GSource *read_source;
	GSource *write_source;
	GByteArray *unsent;
	guint merge_timer;
	gboolean frozen;
};

static void stop_source(GSource **source)
{
	if (*source)
		g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	SinkStream *s = user_data;
	g_autoptr(GError) error = NULL;
	guint8 data[READ_SIZE];
	gssize got = g_socket_receive(socket, (char *)data, sizeof(data), NULL, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return G_SOURCE_CONTINUE;
	if (got > 0) {
		s->ops.received(data, got, s->user_data);
		return G_SOURCE_CONTINUE;
	}
	s->ops.closed(error, s->user_data);
	return G_SOURCE_REMOVE;
}

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer user_data);

static GSource *watch_for(SinkStream *s, GIOCondition condition, GSocketSourceFunc callback)
{
	GSource *source = g_socket_create_source(s->socket, condition, NULL);

	g_source_set_callback(source, G_SOURCE_FUNC(callback), s, NULL);
	g_source_attach(source, NULL);
	return source;
}

static void watch(SinkStream *s)
{
	if (s->frozen)
		return;
	if (s->unsent->len && !s->write_source && !s->merge_timer)
		s->write_source = watch_for(s, G_IO_OUT, on_writable);
	else if (!s->unsent->len)
		stop_source(&s->write_source);

	if (s->unsent->len <= MAX_UNSENT && !s->read_source)
		s->read_source = watch_for(s, G_IO_IN, on_readable);
	else if (s->unsent->len > MAX_UNSENT)
		stop_source(&s->read_source);
}

/* Sends what the socket takes now. */
static void flush(SinkStream *s)
{
	gsize piece = s->config.splits ? 1 : s->unsent->len;
	gsize done = 0;

	while (!s->frozen && done < s->unsent->len) {
		g_autoptr(GError) error = NULL;
		gsize size = MIN(piece, s->unsent->len - done);
		gssize sent = g_socket_send(s->socket, (const char *)s->unsent->data + done, size,
					    NULL, &error);

		if (sent < 0) {
			/* What the other side closed, the reading side finds out and tells. */
			if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
				done = s->unsent->len;
			break;
		}
		done += sent;
	}
	g_byte_array_remove_range(s->unsent, 0, done);
	watch(s);
}

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	flush(user_data);
	return G_SOURCE_CONTINUE;
}

static gboolean on_merged(gpointer user_data)
{
	SinkStream *s = user_data;

	s->merge_timer = 0;
	flush(s);
	return G_SOURCE_REMOVE;
}

void sink_stream_send(SinkStream *s, GBytes *bytes)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);

	g_byte_array_append(s->unsent, data, size);
	if (!s->config.merges)
		flush(s);
	else if (!s->merge_timer)
		s->merge_timer = g_timeout_add(MERGE_MS, on_merged, s);
}

void sink_stream_freeze(SinkStream *s)
{
	s->frozen = TRUE;
	stop_source(&s->read_source);
	stop_source(&s->write_source);
}

void sink_stream_end(SinkStream *s)
{
	flush(s);
	/* Not closed yet: with bytes unread that would be a reset, and not an end. */
	g_socket_shutdown(s->socket, FALSE, TRUE, NULL);
}

static GInetAddress *inet_address(GSocketAddress *address)
{
	return address ? g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)) : NULL;
}

GInetAddress *sink_stream_local(SinkStream *s, GError **error)
{
	if (!s->local)
		s->local = g_socket_connection_get_local_address(s->connection, error);
	return inet_address(s->local);
}

GInetAddress *sink_stream_remote(SinkStream *s, GError **error)
{
	if (!s->remote)
		s->remote = g_socket_connection_get_remote_address(s->connection, error);
	return inet_address(s->remote);
}

SinkStream *sink_stream_new(GSocketConnection *connection, const SinkStreamConfig *config,
			    const SinkStreamOps *ops, gpointer user_data)
{
	SinkStream *s = g_new0(SinkStream, 1);

	s->config = *config;
	s->ops = *ops;
	s->user_data = user_data;
	s->unsent = g_byte_array_new();
	s->connection = g_object_ref(connection);
	s->socket = g_socket_connection_get_socket(connection);
	g_socket_set_blocking(s->socket, FALSE);
	g_socket_set_option(s->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	watch(s);
	return s;
}

void sink_stream_free(SinkStream *s)
{
	if (!s)
		return;
	sink_stream_freeze(s);
	g_clear_handle_id(&s->merge_timer, g_source_remove);
	g_byte_array_unref(s->unsent);
	g_clear_object(&s->local);
	g_clear_object(&s->remote);
	g_io_stream_close(G_IO_STREAM(s->connection), NULL, NULL);
	g_object_unref(s->connection);
	g_free(s);
}
