// SPDX-License-Identifier: GPL-2.0-or-later
#include "address.h"

#include "reason.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>

/* Longer than any line that has a meaning. */
#define MAX_LINE 256

struct _HostAddress {
	GCancellable *cancellable; /* of all that is under way */
	GSocketConnection *connection;
	GDataInputStream *input;
	char *line; /* to be sent */
	guint limit_source;
	HostAddressReady ready; /* NULL once it was called */
	HostAddressLost lost;
	gpointer user_data;
	gboolean leased;
};

G_GNUC_PRINTF(3, 4)
static void fail(HostAddress *self, HostReason reason, const char *format, ...)
{
	g_autofree char *detail = NULL;
	va_list args;

	va_start(args, format);
	detail = g_strdup_vprintf(format, args);
	va_end(args);
	g_clear_handle_id(&self->limit_source, g_source_remove);
	/* The last thing in either case: the owner may free us in the call. */
	if (self->ready) {
		HostAddressReady ready = g_steal_pointer(&self->ready);
		g_autoptr(GError) error = host_reason_error(reason, detail);

		ready(NULL, NULL, error, self->user_data);
	} else if (self->lost) {
		HostAddressLost lost = g_steal_pointer(&self->lost);

		lost(detail, self->user_data);
	}
}

static HostReason reason_of(const char *word)
{
	if (!strcmp(word, "conflict"))
		return HOST_REASON_ADDRESS_CONFLICT;
	if (!strcmp(word, "no-group"))
		return HOST_REASON_GROUP_REMOVED;
	return HOST_REASON_NO_ADDRESS;
}

/* FALSE: nothing more is read. In either case it may have been freed. */
static gboolean on_address(HostAddress *self, const char *local_text, const char *peer_text)
{
	g_autoptr(GInetAddress) local = g_inet_address_new_from_string(local_text);
	g_autoptr(GInetAddress) peer = g_inet_address_new_from_string(peer_text);
	HostAddressReady ready;

	if (!local || !peer || !self->ready) {
		fail(self, HOST_REASON_NO_ADDRESS, "%s, %s", local_text, peer_text);
		return FALSE;
	}
	g_clear_handle_id(&self->limit_source, g_source_remove);
	ready = g_steal_pointer(&self->ready);
	ready(local, peer, NULL, self->user_data);
	return TRUE;
}

static gboolean take_line(HostAddress *self, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	guint n = g_strv_length(words);

	if (n == 3 && !strcmp(words[0], "address"))
		return on_address(self, words[1], words[2]);
	if (n == 3 && !strcmp(words[0], "failed")) {
		fail(self, reason_of(words[1]), "%s", words[2]);
		return FALSE;
	}
	if (n == 1 && !strcmp(words[0], "leased"))
		self->leased = TRUE;
	return TRUE;
}

static void read_line(HostAddress *self);

static void on_line(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *line = NULL;
	g_autofree char *valid = NULL;
	g_autoptr(GCancellable) cancellable = NULL;
	HostAddress *self;

	line = g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(object), result, NULL,
						    &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	self = data;
	if (!line) {
		fail(self, HOST_REASON_NO_ADDRESS, "the service that sets it has ended%s%s",
		     error ? ": " : "", error ? error->message : "");
		return;
	}
	/* Freed in the call, it has cancelled this. */
	cancellable = g_object_ref(self->cancellable);
	valid = g_utf8_make_valid(line, strnlen(line, MAX_LINE));
	if (take_line(self, valid) && !g_cancellable_is_cancelled(cancellable))
		read_line(self);
}

static void read_line(HostAddress *self)
{
	g_data_input_stream_read_line_async(self->input, G_PRIORITY_DEFAULT, self->cancellable,
					    on_line, self);
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	GSocketConnection *connection =
		g_socket_client_connect_finish(G_SOCKET_CLIENT(object), result, &error);
	HostAddress *self;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	self = data;
	if (!connection) {
		fail(self, HOST_REASON_ADDRESS_SERVICE_AWAY, "%s", error->message);
		return;
	}
	self->connection = connection;
	self->input =
		g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
	/* It fits into the buffer of a socket that is new. */
	if (!g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)),
				       self->line, strlen(self->line), NULL, NULL, &error)) {
		fail(self, HOST_REASON_ADDRESS_SERVICE_AWAY, "%s", error->message);
		return;
	}
	read_line(self);
}

static gboolean on_limit(gpointer data)
{
	HostAddress *self = data;

	self->limit_source = 0;
	fail(self, HOST_REASON_NO_ADDRESS, "nothing within %u s", HOST_ADDRESS_LIMIT_S);
	return G_SOURCE_REMOVE;
}

static HostAddress *start(char *line, HostAddressReady ready, HostAddressLost lost,
			  gpointer user_data)
{
	HostAddress *self = g_new0(HostAddress, 1);
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) socket = g_unix_socket_address_new(HOST_ADDRESS_SOCKET);

	self->cancellable = g_cancellable_new();
	self->line = line;
	self->ready = ready;
	self->lost = lost;
	self->user_data = user_data;
	self->limit_source = g_timeout_add_seconds(HOST_ADDRESS_LIMIT_S, on_limit, self);
	g_socket_client_connect_async(client, G_SOCKET_CONNECTABLE(socket), self->cancellable,
				      on_connected, self);
	return self;
}

HostAddress *host_address_new(const HostGroupNet *net, HostAddressReady ready, HostAddressLost lost,
			      gpointer user_data)
{
	char *line;

	if (net->local) {
		g_autofree char *local = g_inet_address_to_string(net->local);
		g_autofree char *peer = g_inet_address_to_string(net->peer);

		line = g_strdup_printf("set %s %s %s\n", net->interface, local, peer);
	} else {
		line = g_strdup_printf("%s %s\n", net->is_owner ? "serve" : "ask", net->interface);
	}
	return start(line, ready, lost, user_data);
}

void host_address_free(HostAddress *self)
{
	g_cancellable_cancel(self->cancellable);
	g_clear_handle_id(&self->limit_source, g_source_remove);
	/* While a call of its stream has not come back, closing it would fail. */
	if (self->connection)
		g_socket_close(g_socket_connection_get_socket(self->connection), NULL);
	g_clear_object(&self->input);
	g_clear_object(&self->connection);
	g_object_unref(self->cancellable);
	g_free(self->line);
	g_free(self);
}

gboolean host_address_is_leased(HostAddress *self)
{
	return self->leased;
}

static void on_removed(GInetAddress *local, GInetAddress *peer, const GError *error, gpointer data)
{
	HostAddress **holder = data;

	/* That the service has ended is what is waited for. */
	g_debug("An interface was left behind: %s", error ? error->message : "");
	host_address_free(*holder);
	g_free(holder);
}

void host_address_remove_interface(const char *interface)
{
	HostAddress **holder = g_new0(HostAddress *, 1);

	*holder = start(g_strdup_printf("remove %s\n", interface), on_removed, NULL, holder);
}
