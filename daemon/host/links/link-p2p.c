// SPDX-License-Identifier: GPL-2.0-or-later
#include "link-p2p.h"

#include "address.h"
#include "firewall.h"
#include "link-direct.h"
#include "reason.h"

#include <unistd.h>

struct _HostLinkP2p {
	GObject parent_instance;

	HostListener *listener;
	HostGroup *group; /* NULL once it was closed */
	HostGroup *other; /* (nullable): to be tried if nothing comes of this one, that is open */
	GError *first_failure; /* of the group before this one */
	guint16 port;
	guint wait_s;

	gboolean has_net; /* the group is open */
	HostWait *expected; /* the sink, until its address is known */
	HostAddress *address;
	GCancellable *looking; /* at the firewall */
	char *obstacle; /* (nullable): what it may be that keeps the sink from an address */
	HostLink *direct; /* on the group's addresses */

	GTask *task; /* while it opens */
	GCancellable *opening; /* the group, or the direct link */
	HostReason lost_reason; /* why @opening was cancelled, if not by the caller */
	char *lost_detail;
};

static void host_link_p2p_iface_init(HostLinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostLinkP2p, host_link_p2p, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_LINK, host_link_p2p_iface_init))

static void stop_expecting(HostLinkP2p *self)
{
	if (self->expected)
		host_listener_cancel(self->expected);
	self->expected = NULL;
}

static void put_back(HostLinkP2p *self)
{
	g_cancellable_cancel(self->looking);
	stop_expecting(self);
	if (self->direct) {
		g_signal_handlers_disconnect_by_data(self->direct, self);
		host_link_close(self->direct);
	}
	g_clear_object(&self->direct);
	/* The group goes first: what serves its addresses then waits for its interface to go. */
	if (self->group) {
		g_signal_handlers_disconnect_by_data(self->group, self);
		host_group_close(self->group);
	}
	g_clear_object(&self->group);
	g_clear_object(&self->other);
	g_clear_pointer(&self->address, host_address_free);
}

/* Takes @error; that of a second group often follows from the first one's. */
static void fail_open(HostLinkP2p *self, GError *error)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	if (self->first_failure && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_message("The other way round nothing came of it either: %s", error->message);
		g_error_free(error);
		error = g_steal_pointer(&self->first_failure);
	}
	put_back(self);
	g_task_return_error(task, error);
}

/* Takes @error; what was lost meanwhile is nearer to the cause. */
static void fail_step(HostLinkP2p *self, GError *error)
{
	if (self->lost_detail && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
	    !g_cancellable_is_cancelled(g_task_get_cancellable(self->task))) {
		g_clear_error(&error);
		error = g_error_new_literal(HOST_ERROR, self->lost_reason, self->lost_detail);
	}
	fail_open(self, error);
}

/* The way is gone: while it opens and after. */
static void lose(HostLinkP2p *self, HostReason reason, const char *detail)
{
	if (self->task && self->direct) {
		if (!self->lost_detail)
			self->lost_detail = host_reason_message(reason, detail);
		self->lost_reason = reason;
		g_cancellable_cancel(self->opening);
	} else if (self->task) {
		fail_open(self, host_reason_error(reason, detail));
	} else {
		host_link_emit_lost(HOST_LINK(self), reason, detail);
	}
}

static void take_group(HostLinkP2p *self, HostGroup *group);
static void open_group(HostLinkP2p *self);

/* Takes @error: nothing came of the group that is there. */
static void turn_round_or_fail(HostLinkP2p *self, GError *error)
{
	g_autoptr(HostGroup) other = g_steal_pointer(&self->other);

	if (!other) {
		fail_open(self, error);
		return;
	}
	g_message("Nothing came of the group (%s): once more, the other way round", error->message);
	host_link_emit_step(
		HOST_LINK(self), "turning-round",
		host_group_get_net(self->group)->is_owner
			? "The sink may want to own the group: it is asked to"
			: "The sink may not be able to own the group: this machine does");
	self->first_failure = error;
	put_back(self);
	g_clear_object(&self->looking);
	self->looking = g_cancellable_new();
	g_clear_pointer(&self->obstacle, g_free);
	self->has_net = FALSE;
	take_group(self, other);
	open_group(self);
}

/* Takes @error, that the sink did not connect; what is known of the group is nearer to the cause. */
static GError *explain_absence(HostLinkP2p *self, GError *error)
{
	const HostGroupNet *net = self->group ? host_group_get_net(self->group) : NULL;
	GError *nearer = NULL;

	if (!net || !net->is_owner)
		return error;
	/* By NetworkManager's it has an address, or it would not have been waited for. */
	if (host_group_get_maker(self->group) == HOST_GROUP_MAKER_NM)
		nearer = host_reason_error(
			HOST_REASON_NM_OWNS,
			host_link_direct_get_obstacle(HOST_LINK_DIRECT(self->direct)));
	else if (self->address && !net->local && !host_address_is_leased(self->address))
		nearer = host_reason_error(HOST_REASON_SINK_TOOK_NO_ADDRESS, self->obstacle);
	if (!nearer)
		return error;
	g_error_free(error);
	return nearer;
}

static void on_direct_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostLinkP2p) self = data;
	g_autoptr(GTask) task = NULL;
	GError *error = NULL;
	int fd = host_link_open_finish(HOST_LINK(object), result, &error);

	if (fd >= 0 && !self->lost_detail) {
		/* Who has been here needs no other group. */
		g_clear_object(&self->other);
		g_clear_error(&self->first_failure);
		task = g_steal_pointer(&self->task);
		g_task_return_int(task, fd);
		return;
	}
	/* It was on its way already when the way was lost. */
	if (fd >= 0) {
		close(fd);
		error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
	}
	if (self->lost_detail ||
	    !g_error_matches(error, HOST_ERROR, HOST_REASON_SINK_DID_NOT_CONNECT)) {
		fail_step(self, error);
		return;
	}
	error = explain_absence(self, error);
	turn_round_or_fail(self, error);
}

static void open_direct(HostLinkP2p *self)
{
	host_link_open_async(self->direct, self->opening, on_direct_open, g_object_ref(self));
}

static void on_direct_lost(HostLink *direct, int reason, const char *detail, HostLinkP2p *self)
{
	lose(self, reason, detail);
}

static void on_step(GObject *maker, const char *word, const char *message, HostLinkP2p *self)
{
	host_link_emit_step(HOST_LINK(self), word, message);
}

static void begin_to_wait(HostLinkP2p *self, GInetAddress *local, GInetAddress *peer)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(local, self->port);
	guint wait_s = self->other ? MIN(self->wait_s, HOST_LINK_P2P_TURN_S) : self->wait_s;

	self->direct = host_link_direct_new(self->listener, address, peer, wait_s);
	g_signal_connect(self->direct, "lost", G_CALLBACK(on_direct_lost), self);
	g_signal_connect(self->direct, "step", G_CALLBACK(on_step), self);
	open_direct(self);
	/* The port stays open for the one that it waits for. */
	stop_expecting(self);
}

static void on_address_ready(GInetAddress *local, GInetAddress *peer, const GError *error,
			     gpointer data)
{
	HostLinkP2p *self = data;

	if (g_error_matches(error, HOST_ERROR, HOST_REASON_NO_ADDRESS))
		turn_round_or_fail(self, g_error_copy(error));
	else if (error)
		fail_open(self, g_error_copy(error));
	else
		begin_to_wait(self, local, peer);
}

static void on_address_lost(const char *detail, gpointer data)
{
	lose(data, HOST_REASON_NO_ADDRESS, detail);
}

static void on_group_lost(HostGroup *group, int reason, const char *detail, HostLinkP2p *self)
{
	lose(self, reason, detail);
}

/*
 * Sinks connect as soon as they have an address, which may be before this machine knows it, and some do so
 * only once.
 */
static void on_interface(HostGroup *group, const char *name, HostLinkP2p *self)
{
	g_autoptr(GError) error = NULL;

	stop_expecting(self);
	self->expected = host_listener_expect(self->listener, name, self->port, &error);
	/* Why, and whether it matters, is seen when there are addresses. */
	if (!self->expected)
		g_message("The port is not open yet: %s", error->message);
}

static void on_firewall_looked_at(GObject *object, GAsyncResult *result, gpointer data)
{
	HostLinkP2p *self = data;
	g_autofree char *obstacle = NULL;
	gboolean is_sure;

	if (!host_firewall_look_finish(result, &obstacle, &is_sure))
		return;
	if (!self->task || !obstacle)
		return;
	if (is_sure)
		host_link_emit_step(HOST_LINK(self), "firewall", obstacle);
	self->obstacle = g_steal_pointer(&obstacle);
}

static void on_group_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostLinkP2p) self = data;
	const HostGroupNet *net;
	GError *error = NULL;

	if (!host_group_open_finish(HOST_GROUP(object), result, &error)) {
		fail_open(self, error);
		return;
	}
	self->has_net = TRUE;
	if (g_cancellable_set_error_if_cancelled(self->opening, &error)) {
		fail_open(self, error);
		return;
	}
	self->other = host_group_turn_round(self->group);
	net = host_group_get_net(self->group);
	g_message("The group is on %s, and the sink is its %s", net->interface,
		  net->is_owner ? "client" : "owner");
	if (net->local && net->is_configured) {
		begin_to_wait(self, net->local, net->peer);
		return;
	}
	host_link_emit_step(HOST_LINK(self), "address",
			    net->is_owner ? "The group is there, the sink gets an address"
					  : "The group is there, the sink is asked for an address");
	self->address = host_address_new(net, on_address_ready, on_address_lost, self);
	if (net->is_owner)
		host_firewall_look_async(net->interface, HOST_FIREWALL_DHCP_PORT, "udp",
					 self->looking, on_firewall_looked_at, self);
}

static void open_group(HostLinkP2p *self)
{
	host_group_open_async(self->group, self->opening, on_group_open, g_object_ref(self));
}

static void take_group(HostLinkP2p *self, HostGroup *group)
{
	self->group = g_object_ref(group);
	g_signal_connect(group, "interface", G_CALLBACK(on_interface), self);
	g_signal_connect(group, "lost", G_CALLBACK(on_group_lost), self);
	g_signal_connect(group, "step", G_CALLBACK(on_step), self);
}

/* Not in the handler: the cancellable must not be let go of while it calls us. */
static gboolean on_cancelled_idle(gpointer data)
{
	HostLinkP2p *self = data;

	if (!self->task || !g_cancellable_is_cancelled(g_task_get_cancellable(self->task)))
		return G_SOURCE_REMOVE;
	g_cancellable_cancel(self->opening);
	/* Between the two nothing else would notice. */
	if (self->has_net && !self->direct)
		fail_open(self, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled"));
	return G_SOURCE_REMOVE;
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	g_idle_add_full(G_PRIORITY_DEFAULT, on_cancelled_idle, g_object_ref(data), g_object_unref);
}

static void host_link_p2p_open_async(HostLink *link, GCancellable *cancellable,
				     GAsyncReadyCallback callback, gpointer user_data)
{
	HostLinkP2p *self = HOST_LINK_P2P(link);

	g_return_if_fail(!self->task);
	self->task = g_task_new(self, cancellable, callback, user_data);
	/* A socket that was accepted must reach the caller, who closes it. */
	g_task_set_check_cancellable(self->task, FALSE);
	if (!self->group) {
		fail_open(self, host_reason_error(HOST_REASON_GROUP_REMOVED, NULL));
		return;
	}
	g_clear_object(&self->opening);
	self->opening = g_cancellable_new();
	if (cancellable)
		g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(on_cancelled), self,
					0);
	if (self->direct)
		open_direct(self); /* the sink left before it was settled, and may come again */
	else
		open_group(self);
}

static int host_link_p2p_open_finish(HostLink *link, GAsyncResult *result, GError **error)
{
	return g_task_propagate_int(G_TASK(result), error);
}

static void host_link_p2p_get_addresses(HostLink *link, GSocketAddress **local, GInetAddress **peer)
{
	host_link_get_addresses(HOST_LINK_P2P(link)->direct, local, peer);
}

static void host_link_p2p_settle(HostLink *link)
{
	HostLinkP2p *self = HOST_LINK_P2P(link);

	if (!self->direct)
		return;
	host_link_settle(self->direct);
	host_group_settle(self->group);
}

static void host_link_p2p_close(HostLink *link)
{
	put_back(HOST_LINK_P2P(link));
}

static void host_link_p2p_add_details(HostLink *link, GVariantDict *details)
{
	HostLinkP2p *self = HOST_LINK_P2P(link);

	if (self->group)
		host_group_add_details(self->group, details);
	if (self->group && self->has_net)
		g_variant_dict_insert(details, "link-role", "s",
				      host_group_get_net(self->group)->is_owner ? "owner"
										: "client");
	if (self->direct)
		host_link_add_details(self->direct, details);
}

static void host_link_p2p_add_statistics(HostLink *link, GVariantDict *statistics)
{
	if (HOST_LINK_P2P(link)->direct)
		host_link_add_statistics(HOST_LINK_P2P(link)->direct, statistics);
}

static void host_link_p2p_iface_init(HostLinkInterface *iface)
{
	iface->open_async = host_link_p2p_open_async;
	iface->open_finish = host_link_p2p_open_finish;
	iface->get_addresses = host_link_p2p_get_addresses;
	iface->settle = host_link_p2p_settle;
	iface->close = host_link_p2p_close;
	iface->add_details = host_link_p2p_add_details;
	iface->add_statistics = host_link_p2p_add_statistics;
}

static void host_link_p2p_init(HostLinkP2p *self)
{
	self->looking = g_cancellable_new();
}

static void host_link_p2p_finalize(GObject *object)
{
	HostLinkP2p *self = HOST_LINK_P2P(object);

	put_back(self);
	g_clear_object(&self->opening);
	g_clear_error(&self->first_failure);
	g_free(self->lost_detail);
	g_free(self->obstacle);
	g_object_unref(self->looking);
	G_OBJECT_CLASS(host_link_p2p_parent_class)->finalize(object);
}

static void host_link_p2p_class_init(HostLinkP2pClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_link_p2p_finalize;
}

HostLink *host_link_p2p_new(HostListener *listener, HostGroup *group, guint16 port, guint wait_s)
{
	HostLinkP2p *self = g_object_new(HOST_TYPE_LINK_P2P, NULL);

	self->listener = listener;
	self->port = port;
	self->wait_s = wait_s ?: HOST_LINK_P2P_WAIT_S;
	take_group(self, group);
	return HOST_LINK(self);
}
