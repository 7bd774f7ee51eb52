// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define RETRY_MS    200
#define COALESCE_MS 50
#define READ_SIZE   (16 * 1024)
/* With more than this unsent, nothing more is read: a source that does not listen cannot fill memory. */
#define MAX_UNSENT (2 * 1024 * 1024)

struct SinkConnection {
	const SinkMisbehaviour *misbehaviour;
	SinkConnectionOps ops;
	gpointer user_data;

	/* While it comes about: */
	GSocketClient *client;
	GSocketConnectable *source; /* NULL: there is nobody to connect to */
	GCancellable *cancellable;
	guint retry_timer;
	gboolean had_first; /* SINK_FAULT_RECONNECT: that one was closed */

	/* From then on: */
	GSocketConnection *stream;
	GSocketAddress *local;
	GSocketAddress *remote;
	GSocket *socket; /* borrowed of @stream */
	GSource *read_source;
	GSource *write_source;
	GByteArray *unsent;
	guint flush_timer;
	gboolean frozen;
};

static gboolean has_fault(const SinkConnection *c, SinkFault fault)
{
	return c->misbehaviour && c->misbehaviour->fault == fault;
}

/*
 * Bytes.
 */

static void watch(SinkConnection *c);

static void stop_source(GSource **source)
{
	if (*source)
		g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

/* Sends what the socket takes now; SINK_FAULT_SPLIT_MESSAGES: one byte to a call. */
static void flush(SinkConnection *c)
{
	gsize piece = has_fault(c, SINK_FAULT_SPLIT_MESSAGES) ? 1 : c->unsent->len;
	gsize done = 0;

	while (!c->frozen && done < c->unsent->len) {
		g_autoptr(GError) error = NULL;
		gsize size = MIN(piece, c->unsent->len - done);
		gssize sent = g_socket_send(c->socket, (const char *)c->unsent->data + done, size,
					    NULL, &error);

		if (sent < 0) {
			/* What the source closed, the reading side finds out and tells. */
			if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
				done = c->unsent->len;
			break;
		}
		done += sent;
	}
	g_byte_array_remove_range(c->unsent, 0, done);
	watch(c);
}

static gboolean on_flush_timer(gpointer user_data)
{
	SinkConnection *c = user_data;

	c->flush_timer = 0;
	flush(c);
	return G_SOURCE_REMOVE;
}

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	SinkConnection *c = user_data;

	flush(c);
	return c->write_source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	SinkConnection *c = user_data;
	g_autoptr(GError) error = NULL;
	guint8 data[READ_SIZE];
	gssize got = g_socket_receive(socket, (char *)data, sizeof(data), NULL, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return G_SOURCE_CONTINUE;
	if (got > 0) {
		c->ops.received(data, got, c->user_data);
		return c->read_source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
	}
	c->ops.closed(error, c->user_data);
	return G_SOURCE_REMOVE;
}

static GSource *watch_for(SinkConnection *c, GIOCondition condition, GSocketSourceFunc callback)
{
	GSource *source = g_socket_create_source(c->socket, condition, NULL);

	g_source_set_callback(source, G_SOURCE_FUNC(callback), c, NULL);
	g_source_attach(source, NULL);
	return source;
}

static void watch(SinkConnection *c)
{
	if (c->frozen)
		return;
	if (c->unsent->len && !c->write_source && !c->flush_timer)
		c->write_source = watch_for(c, G_IO_OUT, on_writable);
	else if (!c->unsent->len)
		stop_source(&c->write_source);

	if (c->unsent->len <= MAX_UNSENT && !c->read_source)
		c->read_source = watch_for(c, G_IO_IN, on_readable);
	else if (c->unsent->len > MAX_UNSENT)
		stop_source(&c->read_source);
}

void sink_connection_send(SinkConnection *c, GBytes *bytes)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);

	g_byte_array_append(c->unsent, data, size);
	if (!has_fault(c, SINK_FAULT_COALESCED_MESSAGES))
		flush(c);
	else if (!c->flush_timer)
		c->flush_timer = g_timeout_add(COALESCE_MS, on_flush_timer, c);
}

void sink_connection_freeze(SinkConnection *c)
{
	c->frozen = TRUE;
	stop_source(&c->read_source);
	stop_source(&c->write_source);
}

/*
 * How it comes about.
 */

static gboolean try_connect(gpointer user_data);

static void retry(SinkConnection *c)
{
	c->retry_timer = g_timeout_add(RETRY_MS, try_connect, c);
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocketConnection)
		stream = g_socket_client_connect_finish(G_SOCKET_CLIENT(object), result, &error);
	SinkConnection *c = user_data;

	/* It may be freed already. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!stream) {
		c->ops.failed(error->message, c->user_data);
		if (!has_fault(c, SINK_FAULT_CONNECT_ONCE))
			retry(c);
		return;
	}
	if (has_fault(c, SINK_FAULT_RECONNECT) && !c->had_first) {
		c->had_first = TRUE;
		g_io_stream_close(G_IO_STREAM(stream), NULL, NULL);
		retry(c);
		return;
	}
	c->stream = g_steal_pointer(&stream);
	c->socket = g_socket_connection_get_socket(c->stream);
	g_socket_set_blocking(c->socket, FALSE);
	g_socket_set_option(c->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	if (c->ops.connected(c->user_data))
		watch(c);
}

static gboolean try_connect(gpointer user_data)
{
	SinkConnection *c = user_data;

	c->retry_timer = 0;
	g_socket_client_connect_async(c->client, c->source, c->cancellable, on_connected, c);
	return G_SOURCE_REMOVE;
}

void sink_connection_begin(SinkConnection *c, GSocketConnectable *source)
{
	sink_connection_stop(c);
	c->source = g_object_ref(source);
	c->cancellable = g_cancellable_new();
	try_connect(c);
}

void sink_connection_stop(SinkConnection *c)
{
	g_clear_handle_id(&c->retry_timer, g_source_remove);
	g_cancellable_cancel(c->cancellable);
	g_clear_object(&c->cancellable);
	g_clear_object(&c->source);
}

static GInetAddress *inet_address(GSocketAddress *address)
{
	return address ? g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)) : NULL;
}

GInetAddress *sink_connection_local(SinkConnection *c, GError **error)
{
	if (!c->local)
		c->local = g_socket_connection_get_local_address(c->stream, error);
	return inet_address(c->local);
}

GInetAddress *sink_connection_remote(SinkConnection *c, GError **error)
{
	if (!c->remote)
		c->remote = g_socket_connection_get_remote_address(c->stream, error);
	return inet_address(c->remote);
}

void sink_connection_end(SinkConnection *c)
{
	if (!c->socket)
		return;
	flush(c);
	/* Not closed yet: with bytes unread that would be a reset, and not an end. */
	g_socket_shutdown(c->socket, FALSE, TRUE, NULL);
}

SinkConnection *sink_connection_new(const SinkMisbehaviour *misbehaviour,
				    const SinkConnectionOps *ops, gpointer user_data)
{
	SinkConnection *c = g_new0(SinkConnection, 1);

	c->misbehaviour = misbehaviour;
	c->ops = *ops;
	c->user_data = user_data;
	c->client = g_socket_client_new();
	/* A proxy would stand between the addresses that RTP needs. */
	g_socket_client_set_enable_proxy(c->client, FALSE);
	c->unsent = g_byte_array_new();
	return c;
}

void sink_connection_free(SinkConnection *c)
{
	if (!c)
		return;
	sink_connection_stop(c);
	g_clear_handle_id(&c->flush_timer, g_source_remove);
	sink_connection_freeze(c);
	g_byte_array_unref(c->unsent);
	g_clear_object(&c->local);
	g_clear_object(&c->remote);
	g_clear_object(&c->stream);
	g_object_unref(c->client);
	g_free(c);
}
