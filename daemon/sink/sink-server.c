// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-server.h"

#include "sink-announce.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define READ_SIZE   4096
#define COALESCE_MS 50
#define MAX_UNSENT  (64 * 1024) /* bytes; a source that reads nothing is not served */

struct SinkServer {
	SinkServerConfig config;
	SinkServerOps ops;
	gpointer user_data;
	guint16 port;
	SinkAnnouncement *announcement;
	GSocketService *service;

	SinkMice *mice; /* stays when its connection is gone */
	GSocketConnection *connection;
	GSocket *socket; /* NULL: no source is there */
	GSource *source;
	GByteArray *unsent;
	guint flush_timer;
};

static gboolean has_fault(const SinkServer *server, SinkFault fault)
{
	return server->config.misbehaviour && server->config.misbehaviour->fault == fault;
}

static void close_connection(SinkServer *server)
{
	if (server->source)
		g_source_destroy(server->source);
	g_clear_pointer(&server->source, g_source_unref);
	g_clear_handle_id(&server->flush_timer, g_source_remove);
	g_byte_array_set_size(server->unsent, 0);
	g_clear_object(&server->socket);
	if (server->connection)
		g_io_stream_close(G_IO_STREAM(server->connection), NULL, NULL);
	g_clear_object(&server->connection);
}

static void on_ended(SinkReason reason, const char *sentence, gpointer user_data)
{
	SinkServer *server = user_data;

	close_connection(server);
	server->ops.ended(reason, sentence, server->user_data);
}

static gboolean on_condition(GSocket *socket, GIOCondition condition, gpointer user_data);

static void watch(SinkServer *server)
{
	GIOCondition condition = G_IO_IN;

	if (server->source)
		g_source_destroy(server->source);
	g_clear_pointer(&server->source, g_source_unref);
	if (server->unsent->len && !server->flush_timer)
		condition |= G_IO_OUT;
	server->source = g_socket_create_source(server->socket, condition, NULL);
	g_source_set_callback(server->source, G_SOURCE_FUNC(on_condition), server, NULL);
	g_source_attach(server->source, NULL);
}

/* What cannot be sent because the source has gone shows when it is read. */
static void flush(SinkServer *server)
{
	gsize piece = has_fault(server, SINK_FAULT_MICE_SPLIT) ? 1 : server->unsent->len;
	gsize done = 0;

	while (done < server->unsent->len) {
		gsize size = MIN(piece, server->unsent->len - done);
		gssize sent = g_socket_send(server->socket,
					    (const char *)server->unsent->data + done, size, NULL,
					    NULL);

		if (sent < 0)
			break;
		done += sent;
	}
	g_byte_array_remove_range(server->unsent, 0, done);
	watch(server);
}

static gboolean on_flush_timer(gpointer user_data)
{
	SinkServer *server = user_data;

	server->flush_timer = 0;
	flush(server);
	return G_SOURCE_REMOVE;
}

static void on_send(GBytes *bytes, gpointer user_data)
{
	SinkServer *server = user_data;
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);

	if (!server->socket || server->unsent->len > MAX_UNSENT)
		return;
	g_byte_array_append(server->unsent, data, size);
	if (!has_fault(server, SINK_FAULT_MICE_MERGED))
		flush(server);
	else if (!server->flush_timer)
		server->flush_timer = g_timeout_add(COALESCE_MS, on_flush_timer, server);
}

static void on_show_pin(const char *pin, gpointer user_data)
{
	SinkServer *server = user_data;

	g_printerr("miracast-sink: the PIN is %s\n", pin);
	server->ops.show_pin(pin, server->user_data);
}

static void on_ready(guint16 port, gpointer user_data)
{
	SinkServer *server = user_data;
	g_autoptr(GSocketAddress)
		remote = g_socket_connection_get_remote_address(server->connection, NULL);
	g_autoptr(GSocketAddress) address = NULL;
	GInetSocketAddress *peer;
	GInetAddress *host;

	if (!remote)
		return; /* that it is gone shows when it is read */
	peer = G_INET_SOCKET_ADDRESS(remote);
	host = g_inet_socket_address_get_address(peer);
	if (g_inet_address_get_family(host) == G_SOCKET_FAMILY_IPV6)
		address = g_object_new(G_TYPE_INET_SOCKET_ADDRESS, "address", host, "port", port,
				       "scope-id", g_inet_socket_address_get_scope_id(peer), NULL);
	else
		address = g_inet_socket_address_new(host, port);
	server->ops.ready(address, server->user_data);
}

static gboolean on_condition(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	SinkServer *server = user_data;
	g_autoptr(GError) error = NULL;
	guint8 data[READ_SIZE];
	gssize got;

	if (condition & G_IO_OUT) {
		flush(server);
		return G_SOURCE_REMOVE; /* another one watches */
	}
	got = g_socket_receive(socket, (char *)data, sizeof(data), NULL, &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return G_SOURCE_CONTINUE;
	if (got > 0)
		sink_mice_feed(server->mice, data, got, g_get_monotonic_time());
	else
		on_ended(SINK_REASON_CONTROL_LOST, "The source closed the connection to port 7250.",
			 server);
	/* It may have been replaced or closed meanwhile. */
	return G_SOURCE_CONTINUE;
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *object,
			    gpointer user_data)
{
	static const SinkMiceOps ops = {
		.send = on_send, .show_pin = on_show_pin, .ready = on_ready, .ended = on_ended};
	SinkServer *server = user_data;
	g_autoptr(GSocketAddress) local = NULL;
	g_autoptr(GSocketAddress) remote = NULL;
	SinkMiceConfig config = {
		.security = server->config.security,
		.pin = server->config.pin,
		.message_timeout_us = server->config.message_timeout_us,
		.misbehaviour = server->config.misbehaviour,
	};

	/* One at a time; the one that is there is not disturbed. */
	local = g_socket_connection_get_local_address(connection, NULL);
	remote = g_socket_connection_get_remote_address(connection, NULL);
	if (server->socket || !local || !remote) {
		g_printerr("miracast-sink: a second source was refused\n");
		g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
		return TRUE;
	}
	config.local = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(local));
	config.remote = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote));
	server->connection = g_object_ref(connection);
	server->socket = g_object_ref(g_socket_connection_get_socket(connection));
	g_socket_set_blocking(server->socket, FALSE);
	g_socket_set_keepalive(server->socket, TRUE);
	g_socket_set_option(server->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	watch(server);
	g_clear_pointer(&server->mice, sink_mice_free);
	server->mice = sink_mice_new(&config, &ops, server, g_get_monotonic_time());
	return TRUE;
}

SinkServer *sink_server_new(const SinkServerConfig *config, const SinkServerOps *ops,
			    gpointer user_data, GError **error)
{
	g_autoptr(SinkServer) server = g_new0(SinkServer, 1);

	server->config = *config;
	server->ops = *ops;
	server->user_data = user_data;
	server->port = config->port;
	server->unsent = g_byte_array_new();
	server->service = g_socket_service_new();
	if (config->port) {
		if (!g_socket_listener_add_inet_port(G_SOCKET_LISTENER(server->service),
						     config->port, NULL, error))
			return NULL;
	} else {
		server->port = g_socket_listener_add_any_inet_port(
			G_SOCKET_LISTENER(server->service), NULL, error);
		if (!server->port)
			return NULL;
	}
	g_signal_connect(server->service, "incoming", G_CALLBACK(on_incoming), server);
	if (config->name)
		server->announcement = sink_announce(config->name, server->port);
	return g_steal_pointer(&server);
}

void sink_server_free(SinkServer *server)
{
	if (!server)
		return;
	sink_announcement_free(server->announcement);
	g_signal_handlers_disconnect_by_data(server->service, server);
	g_socket_service_stop(server->service);
	g_socket_listener_close(G_SOCKET_LISTENER(server->service));
	g_object_unref(server->service);
	close_connection(server);
	sink_mice_free(server->mice);
	g_byte_array_unref(server->unsent);
	g_free(server);
}

guint16 sink_server_port(const SinkServer *server)
{
	return server->port;
}

void sink_server_tick(SinkServer *server, gint64 now_us)
{
	if (server->socket)
		sink_mice_tick(server->mice, now_us);
}

SinkMice *sink_server_source(SinkServer *server)
{
	return server->mice;
}

gboolean sink_server_stop(SinkServer *server)
{
	if (server->socket)
		sink_mice_stop(server->mice);
	return server->socket != NULL;
}
