// SPDX-License-Identifier: GPL-2.0-or-later
#include "link-direct.h"

#include "firewall.h"
#include "link-watch.h"
#include "liveness.h"
#include "reason.h"
#include "wifi/radio.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

struct _HostLinkDirect {
	GObject parent_instance;

	HostListener *listener;
	GSocketAddress *local;
	GInetAddress *peer;
	guint wait_s;

	HostLinkWatch *watch;
	guint frequency; /* MHz of its interface, as the kernel said last; 0: none */
	gint64 frequency_at; /* monotonic us: when; 0: it was not asked */
	guint n_refused;
	char *last_refused;
	GPtrArray *logged; /* addresses that were refused and named in the log */

	HostWait *wait; /* from the first open until it is settled */
	gint64 deadline; /* monotonic us, of that wait */
	GCancellable *looking; /* at the firewall */
	char *obstacle; /* (nullable): what it may be that keeps the sink out */
	int next_socket; /* the sink's, if it came again meanwhile; else -1 */

	/* While it opens. */
	GTask *task;
	guint timeout_source;
};

static void host_link_direct_iface_init(HostLinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostLinkDirect, host_link_direct, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_LINK, host_link_direct_iface_init))

/* So many addresses are named in the log while one sink is waited for. */
#define MAX_LOGGED 4

static void stop_waiting(HostLinkDirect *self)
{
	g_cancellable_cancel(self->looking);
	if (self->wait)
		host_listener_cancel(self->wait);
	self->wait = NULL;
	if (self->next_socket >= 0)
		close(self->next_socket);
	self->next_socket = -1;
	g_clear_handle_id(&self->timeout_source, g_source_remove);
}

static void finish_open(HostLinkDirect *self, int fd)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	g_clear_handle_id(&self->timeout_source, g_source_remove);
	g_task_return_int(task, fd);
}

G_GNUC_PRINTF(3, 4)
static void fail_open(HostLinkDirect *self, HostReason reason, const char *format, ...)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);
	g_autofree char *detail = NULL;
	va_list args;

	va_start(args, format);
	detail = g_strdup_vprintf(format, args);
	va_end(args);
	stop_waiting(self);
	g_clear_pointer(&self->watch, host_link_watch_free);
	g_task_return_error(task, host_reason_error(reason, detail));
}

static int take_socket(GSocketConnection *connection, GError **error)
{
	GSocket *socket = g_socket_connection_get_socket(connection);
	int fd;

	if (!host_liveness_set(socket, error))
		return -1;
	/* GSocket will close its own and has made both non-blocking. */
	fd = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 3);
	if (fd < 0 || fcntl(fd, F_SETFL, 0)) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s",
			    g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static void on_accepted(GSocketConnection *connection, gpointer data)
{
	HostLinkDirect *self = data;
	g_autoptr(GError) error = NULL;
	int fd;

	fd = take_socket(connection, &error);
	/* Without a wait it was there before, and is taken once that has begun. */
	if (self->task && self->wait && fd < 0) {
		fail_open(self, HOST_REASON_LISTEN_FAILED, "%s", error->message);
	} else if (self->task && self->wait) {
		finish_open(self, fd);
	} else if (fd >= 0) {
		/* The latest one counts, should the one that is in use fail. */
		if (self->next_socket >= 0)
			close(self->next_socket);
		self->next_socket = fd;
	}
}

static void on_refused(const char *address, gpointer data)
{
	HostLinkDirect *self = data;

	self->n_refused++;
	g_free(self->last_refused);
	self->last_refused = g_strdup(address);
	/* Neighbours that try again and again do not fill the log. */
	if (self->logged->len == MAX_LOGGED ||
	    g_ptr_array_find_with_equal_func(self->logged, address, g_str_equal, NULL))
		return;
	g_ptr_array_add(self->logged, g_strdup(address));
	g_message("%s connected and was refused: it is not the sink that is waited for", address);
}

static gboolean on_timeout(gpointer data)
{
	HostLinkDirect *self = data;
	g_autofree char *peer = g_inet_address_to_string(self->peer);

	self->timeout_source = 0;
	if (self->n_refused)
		fail_open(self, HOST_REASON_WRONG_PEER, "%s within %u s; refused: %u, last %s",
			  peer, self->wait_s, self->n_refused, self->last_refused);
	else
		fail_open(self, HOST_REASON_SINK_DID_NOT_CONNECT, "%s within %u s%s%s", peer,
			  self->wait_s, self->obstacle ? "; " : "",
			  self->obstacle ? self->obstacle : "");
	return G_SOURCE_REMOVE;
}

static void on_lost(const char *detail, gpointer data)
{
	HostLinkDirect *self = data;

	if (self->task) {
		fail_open(self, HOST_REASON_LINK_LOST, "%s", detail);
	} else {
		g_autofree char *copy = g_strdup(detail);

		g_clear_pointer(&self->watch, host_link_watch_free);
		host_link_emit_lost(HOST_LINK(self), HOST_REASON_LINK_LOST, copy);
	}
}

/* Not in the handler: the cancellable must not be let go of while it calls us. */
static gboolean on_cancelled_idle(gpointer data)
{
	HostLinkDirect *self = data;
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	if (!task)
		return G_SOURCE_REMOVE;
	stop_waiting(self);
	g_clear_pointer(&self->watch, host_link_watch_free);
	g_task_return_error_if_cancelled(task);
	return G_SOURCE_REMOVE;
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	g_idle_add_full(G_PRIORITY_DEFAULT, on_cancelled_idle, g_object_ref(data), g_object_unref);
}

static void tell_of_waiting(HostLinkDirect *self)
{
	GInetSocketAddress *at = G_INET_SOCKET_ADDRESS(self->local);
	g_autofree char *local = g_inet_address_to_string(g_inet_socket_address_get_address(at));
	g_autofree char *peer = g_inet_address_to_string(self->peer);
	g_autofree char *message = g_strdup_printf("%s has %u s to connect to %s port %u", peer,
						   self->wait_s, local,
						   g_inet_socket_address_get_port(at));

	host_link_emit_step(HOST_LINK(self), "waiting", message);
}

static void on_firewall_looked_at(GObject *object, GAsyncResult *result, gpointer data)
{
	HostLinkDirect *self = data;
	g_autofree char *obstacle = NULL;
	gboolean is_sure;

	if (!host_firewall_look_finish(result, &obstacle, &is_sure))
		return;
	/* The sink has come meanwhile, or is not waited for any more. */
	if (!self->task || !self->wait || !obstacle)
		return;
	if (is_sure)
		host_link_emit_step(HOST_LINK(self), "firewall", obstacle);
	g_free(self->obstacle);
	self->obstacle = g_steal_pointer(&obstacle);
}

/* FALSE: the open has failed. */
static gboolean begin_to_wait(HostLinkDirect *self)
{
	guint16 port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(self->local));
	g_autoptr(GError) error = NULL;

	self->watch =
		host_link_watch_new(G_INET_SOCKET_ADDRESS(self->local), on_lost, self, &error);
	if (!self->watch) {
		g_autoptr(GTask) task = g_steal_pointer(&self->task);

		g_task_return_error(task, g_steal_pointer(&error));
		return FALSE;
	}
	self->wait = host_listener_wait(self->listener, host_link_watch_get_interface(self->watch),
					self->local, self->peer, on_accepted, on_refused, self,
					&error);
	if (!self->wait) {
		fail_open(self,
			  g_error_matches(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
				  ? HOST_REASON_ADDRESS_IN_USE
				  : HOST_REASON_LISTEN_FAILED,
			  "port %u: %s", port, error->message);
		return FALSE;
	}
	self->deadline = g_get_monotonic_time() + self->wait_s * G_TIME_SPAN_SECOND;
	tell_of_waiting(self);
	host_firewall_look_async(host_link_watch_get_interface(self->watch), port, "tcp",
				 self->looking, on_firewall_looked_at, self);
	return TRUE;
}

static void host_link_direct_open_async(HostLink *link, GCancellable *cancellable,
					GAsyncReadyCallback callback, gpointer user_data)
{
	HostLinkDirect *self = HOST_LINK_DIRECT(link);
	gint64 left;

	g_return_if_fail(!self->task);
	self->task = g_task_new(self, cancellable, callback, user_data);
	/* A socket that was accepted must reach the caller, who closes it. */
	g_task_set_check_cancellable(self->task, FALSE);
	if (!self->wait && !begin_to_wait(self))
		return;
	if (self->next_socket >= 0) {
		finish_open(self, g_steal_fd(&self->next_socket));
		return;
	}
	left = self->deadline - g_get_monotonic_time();
	self->timeout_source = g_timeout_add(MAX(left, 0) / 1000, on_timeout, self);
	if (cancellable)
		g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(on_cancelled), self,
					0);
}

static int host_link_direct_open_finish(HostLink *link, GAsyncResult *result, GError **error)
{
	return g_task_propagate_int(G_TASK(result), error);
}

static void host_link_direct_get_addresses(HostLink *link, GSocketAddress **local,
					   GInetAddress **peer)
{
	*local = g_object_ref(HOST_LINK_DIRECT(link)->local);
	*peer = g_object_ref(HOST_LINK_DIRECT(link)->peer);
}

static void host_link_direct_settle(HostLink *link)
{
	stop_waiting(HOST_LINK_DIRECT(link));
}

static void host_link_direct_close(HostLink *link)
{
	stop_waiting(HOST_LINK_DIRECT(link));
	g_clear_pointer(&HOST_LINK_DIRECT(link)->watch, host_link_watch_free);
}

static void host_link_direct_add_details(HostLink *link, GVariantDict *details)
{
	HostLinkDirect *self = HOST_LINK_DIRECT(link);

	if (self->watch)
		g_variant_dict_insert(details, "link-interface", "s",
				      host_link_watch_get_interface(self->watch));
}

/* The kernel is asked, and waited for: more often it is not, whoever asks for statistics. */
#define FREQUENCY_AGE_US G_TIME_SPAN_SECOND

static guint get_frequency(HostLinkDirect *self)
{
	gint64 now = g_get_monotonic_time();

	if (!self->watch)
		return 0;
	if (!self->frequency_at || now - self->frequency_at >= FREQUENCY_AGE_US) {
		self->frequency =
			host_radio_get_frequency(host_link_watch_get_interface(self->watch));
		self->frequency_at = now;
	}
	return self->frequency;
}

static void host_link_direct_add_statistics(HostLink *link, GVariantDict *statistics)
{
	HostLinkDirect *self = HOST_LINK_DIRECT(link);
	guint frequency = get_frequency(self);

	g_variant_dict_insert(statistics, "link-connections-refused", "t",
			      (guint64)self->n_refused);
	/* Where the network or the group is moved to another channel, this one changes. */
	if (frequency)
		g_variant_dict_insert(statistics, "link-frequency", "t", (guint64)frequency);
}

static void host_link_direct_iface_init(HostLinkInterface *iface)
{
	iface->open_async = host_link_direct_open_async;
	iface->open_finish = host_link_direct_open_finish;
	iface->get_addresses = host_link_direct_get_addresses;
	iface->settle = host_link_direct_settle;
	iface->close = host_link_direct_close;
	iface->add_details = host_link_direct_add_details;
	iface->add_statistics = host_link_direct_add_statistics;
}

static void host_link_direct_init(HostLinkDirect *self)
{
	self->next_socket = -1;
	self->looking = g_cancellable_new();
	self->logged = g_ptr_array_new_with_free_func(g_free);
}

static void host_link_direct_finalize(GObject *object)
{
	HostLinkDirect *self = HOST_LINK_DIRECT(object);

	stop_waiting(self);
	g_clear_pointer(&self->watch, host_link_watch_free);
	g_ptr_array_unref(self->logged);
	g_object_unref(self->local);
	g_object_unref(self->peer);
	g_free(self->last_refused);
	g_free(self->obstacle);
	g_object_unref(self->looking);
	G_OBJECT_CLASS(host_link_direct_parent_class)->finalize(object);
}

static void host_link_direct_class_init(HostLinkDirectClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_link_direct_finalize;
}

const char *host_link_direct_get_obstacle(HostLinkDirect *self)
{
	return self->obstacle;
}

HostLink *host_link_direct_new(HostListener *listener, GSocketAddress *local, GInetAddress *peer,
			       guint wait_s)
{
	HostLinkDirect *self = g_object_new(HOST_TYPE_LINK_DIRECT, NULL);

	self->listener = listener;
	self->local = g_object_ref(local);
	self->peer = g_object_ref(peer);
	self->wait_s = wait_s ?: HOST_LINK_DIRECT_WAIT_S;
	return HOST_LINK(self);
}
