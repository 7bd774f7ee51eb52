// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-server.h"

#include "sink-announce.h"
#include "sink-stream.h"

struct SinkServer {
	SinkServerConfig config;
	SinkServerOps ops;
	gpointer user_data;
	guint16 port;
	SinkAnnouncement *announcement;
	GSocketService *service;

	SinkMice *mice; /* stays when its connection is gone */
	SinkStream *stream; /* NULL: no source is there */
	GSocketAddress *remote; /* of it */
};

static void drop_source(SinkServer *server)
{
	g_clear_pointer(&server->stream, sink_stream_free);
	g_clear_object(&server->remote);
}

static void on_ended(SinkReason reason, const char *sentence, gpointer user_data)
{
	SinkServer *server = user_data;

	drop_source(server);
	server->ops.ended(reason, sentence, server->user_data);
}

static void on_send(GBytes *bytes, gpointer user_data)
{
	SinkServer *server = user_data;

	if (server->stream)
		sink_stream_send(server->stream, bytes);
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
	GInetSocketAddress *peer = G_INET_SOCKET_ADDRESS(server->remote);
	GInetAddress *host = g_inet_socket_address_get_address(peer);
	g_autoptr(GSocketAddress) address = NULL;

	if (g_inet_address_get_family(host) == G_SOCKET_FAMILY_IPV6)
		address = g_object_new(G_TYPE_INET_SOCKET_ADDRESS, "address", host, "port", port,
				       "scope-id", g_inet_socket_address_get_scope_id(peer), NULL);
	else
		address = g_inet_socket_address_new(host, port);
	server->ops.ready(address, server->user_data);
}

static void on_received(const guint8 *data, gsize size, gpointer user_data)
{
	SinkServer *server = user_data;

	sink_mice_feed(server->mice, data, size, g_get_monotonic_time());
}

static void on_closed(const GError *error, gpointer user_data)
{
	on_ended(SINK_REASON_CONTROL_LOST, "The source closed the connection to port 7250.",
		 user_data);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *object,
			    gpointer user_data)
{
	static const SinkMiceOps ops = {
		.send = on_send, .show_pin = on_show_pin, .ready = on_ready, .ended = on_ended};
	static const SinkStreamOps stream_ops = {.received = on_received, .closed = on_closed};
	SinkServer *server = user_data;
	const SinkMisbehaviour *misbehaviour = server->config.misbehaviour;
	const SinkStreamConfig stream_config = {
		.splits = sink_misbehaves(misbehaviour, SINK_FAULT_MICE_SPLIT),
		.merges = sink_misbehaves(misbehaviour, SINK_FAULT_MICE_MERGED),
	};
	g_autoptr(GSocketAddress) local = NULL;
	g_autoptr(GSocketAddress) remote = NULL;
	SinkMiceConfig config = {
		.security = server->config.security,
		.pin = server->config.pin,
		.message_timeout_us = server->config.message_timeout_us,
		.misbehaviour = misbehaviour,
	};

	/* One at a time; the one that is there is not disturbed. */
	local = g_socket_connection_get_local_address(connection, NULL);
	remote = g_socket_connection_get_remote_address(connection, NULL);
	if (server->stream || !local || !remote) {
		g_printerr("miracast-sink: a second source was refused\n");
		g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
		return TRUE;
	}
	config.local = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(local));
	config.remote = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote));
	g_socket_set_keepalive(g_socket_connection_get_socket(connection), TRUE);
	server->stream = sink_stream_new(connection, &stream_config, &stream_ops, server);
	server->remote = g_object_ref(remote);
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
		server->announcement =
			sink_announce(config->name, server->port, ops->announced, user_data);
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
	drop_source(server);
	sink_mice_free(server->mice);
	g_free(server);
}

guint16 sink_server_port(const SinkServer *server)
{
	return server->port;
}

void sink_server_tick(SinkServer *server, gint64 now_us)
{
	if (server->stream)
		sink_mice_tick(server->mice, now_us);
}

SinkMice *sink_server_source(SinkServer *server)
{
	return server->mice;
}

gboolean sink_server_stop(SinkServer *server)
{
	if (server->stream)
		sink_mice_stop(server->mice);
	return server->stream != NULL;
}
