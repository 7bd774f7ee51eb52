// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-connector.h"

#define RETRY_MS 200

struct SinkConnector {
	const SinkMisbehaviour *misbehaviour;
	SinkConnectorOps ops;
	gpointer user_data;

	GSocketClient *client;
	GSocketConnectable *source; /* NULL: there is nobody to connect to */
	GCancellable *cancellable;
	guint retry_timer;
	gboolean had_first; /* SINK_FAULT_RECONNECT: that one was closed */
};

static gboolean try_connect(gpointer user_data);

static void retry(SinkConnector *c)
{
	c->retry_timer = g_timeout_add(RETRY_MS, try_connect, c);
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocketConnection) connection =
		g_socket_client_connect_finish(G_SOCKET_CLIENT(object), result, &error);
	SinkConnector *c = user_data;

	/* It may be freed already. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!connection) {
		c->ops.failed(error->message, c->user_data);
		if (!sink_misbehaves(c->misbehaviour, SINK_FAULT_CONNECT_ONCE))
			retry(c);
		return;
	}
	if (sink_misbehaves(c->misbehaviour, SINK_FAULT_RECONNECT) && !c->had_first) {
		c->had_first = TRUE;
		g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
		retry(c);
		return;
	}
	c->ops.connected(connection, c->user_data);
}

static gboolean try_connect(gpointer user_data)
{
	SinkConnector *c = user_data;

	c->retry_timer = 0;
	g_socket_client_connect_async(c->client, c->source, c->cancellable, on_connected, c);
	return G_SOURCE_REMOVE;
}

void sink_connector_begin(SinkConnector *c, GSocketConnectable *source)
{
	sink_connector_stop(c);
	c->source = g_object_ref(source);
	c->cancellable = g_cancellable_new();
	try_connect(c);
}

void sink_connector_stop(SinkConnector *c)
{
	g_clear_handle_id(&c->retry_timer, g_source_remove);
	g_cancellable_cancel(c->cancellable);
	g_clear_object(&c->cancellable);
	g_clear_object(&c->source);
}

SinkConnector *sink_connector_new(const SinkMisbehaviour *misbehaviour, const SinkConnectorOps *ops,
				  gpointer user_data)
{
	SinkConnector *c = g_new0(SinkConnector, 1);

	c->misbehaviour = misbehaviour;
	c->ops = *ops;
	c->user_data = user_data;
	c->client = g_socket_client_new();
	/* A proxy would stand between the addresses that RTP needs. */
	g_socket_client_set_enable_proxy(c->client, FALSE);
	return c;
}

void sink_connector_free(SinkConnector *c)
{
	if (!c)
		return;
	sink_connector_stop(c);
	g_object_unref(c->client);
	g_free(c);
}
