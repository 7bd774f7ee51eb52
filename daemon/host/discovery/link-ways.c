// SPDX-License-Identifier: GPL-2.0-or-later
#include "link-ways.h"

#include "reason.h"

#include <stdbool.h>

struct _HostLinkWays {
	GObject parent_instance;

	GPtrArray *ways;
	HostLinkWaysNow now;
	gpointer user_data; /* of it */
	HostLinkWish wish;
	guint next; /* of the ways */
	HostWay *way; /* of the link */
	HostLink *link; /* that opens or is open */
	HostSealer *sealer; /* or NULL */
	bool opened; /* the sink has been here by this way: there is no other */
	GError *no_pin; /* (nullable): of a way that a person with the sink's PIN would have opened */
	GTask *task; /* of the open under way */
};

static void host_link_ways_iface_init(HostLinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostLinkWays, host_link_ways, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_LINK, host_link_ways_iface_init))

static void on_lost(HostLink *link, int reason, const char *detail, HostLinkWays *self)
{
	host_link_emit_lost(HOST_LINK(self), reason, detail);
}

static void on_step(HostLink *link, const char *word, const char *message, HostLinkWays *self)
{
	host_link_emit_step(HOST_LINK(self), word, message);
}

static void drop_link(HostLinkWays *self)
{
	if (!self->link)
		return;
	g_signal_handlers_disconnect_by_data(self->link, self);
	host_link_close(self->link);
	g_clear_object(&self->link);
}

/* Nothing more is to be tried after that. */
static bool is_final(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
	       g_error_matches(error, HOST_ERROR, HOST_REASON_DECLINED_BY_USER);
}

static void on_open(GObject *object, GAsyncResult *result, gpointer data);

static bool has_way_of(HostLinkWays *self, guint rank)
{
	for (guint i = 0; i < self->ways->len; i++)
		if (((HostWay *)self->ways->pdata[i])->rank == rank)
			return true;
	return false;
}

/* Those that were found meanwhile. */
static void add_new_ways(HostLinkWays *self)
{
	g_autoptr(GPtrArray) now = self->now(self->user_data);

	for (guint i = 0; i < now->len; i++) {
		HostWay *way = now->pdata[i];

		if (!has_way_of(self, way->rank))
			g_ptr_array_add(self->ways, host_way_ref(way));
	}
}

/* The next way that a link can be made for; @error: (transfer full): of the one before, or NULL. */
static void try_next(HostLinkWays *self, GError *error)
{
	GCancellable *cancellable = g_task_get_cancellable(self->task);
	g_autoptr(GTask) task = NULL;

	drop_link(self);
	if (!self->no_pin && g_error_matches(error, HOST_ERROR, HOST_REASON_NO_PIN))
		self->no_pin = g_error_copy(error);
	if (self->next == self->ways->len)
		add_new_ways(self);
	while (self->next < self->ways->len && !(error && is_final(error)) &&
	       !g_cancellable_is_cancelled(cancellable)) {
		const char *name;

		if (error)
			host_link_emit_step(HOST_LINK(self), "way-failed", error->message);
		g_clear_error(&error);
		self->way = self->ways->pdata[self->next++];
		name = host_way_get_name(self->way);
		host_link_emit_step(HOST_LINK(self), name, self->way->finding->name);
		self->link = host_finder_make_link(self->way->finder, self->way->finding,
						   &self->wish, &error);
		if (!self->link)
			continue;
		g_signal_connect(self->link, "lost", G_CALLBACK(on_lost), self);
		g_signal_connect(self->link, "step", G_CALLBACK(on_step), self);
		host_link_set_sealer(self->link, self->sealer);
		host_link_open_async(self->link, cancellable, on_open, g_object_ref(self));
		return;
	}
	task = g_steal_pointer(&self->task);
	/* Whoever tries again would have the sink show another PIN. */
	if (self->no_pin && !is_final(error)) {
		g_error_free(error);
		error = g_steal_pointer(&self->no_pin);
	}
	if (g_task_return_error_if_cancelled(task))
		g_clear_error(&error);
	else
		g_task_return_error(task, error);
}

static void on_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostLinkWays) self = data;
	GError *error = NULL;
	int fd = host_link_open_finish(HOST_LINK(object), result, &error);
	g_autoptr(GTask) task = NULL;

	if (fd < 0 && !self->opened) {
		try_next(self, error);
		return;
	}
	task = g_steal_pointer(&self->task);
	if (fd < 0) {
		g_task_return_error(task, error);
		return;
	}
	self->opened = true;
	g_task_return_int(task, fd);
}

static void host_link_ways_set_sealer(HostLink *link, HostSealer *sealer)
{
	HostLinkWays *self = HOST_LINK_WAYS(link);

	g_set_object(&self->sealer, sealer);
	if (self->link)
		host_link_set_sealer(self->link, sealer);
}

static void host_link_ways_open_async(HostLink *link, GCancellable *cancellable,
				      GAsyncReadyCallback callback, gpointer user_data)
{
	HostLinkWays *self = HOST_LINK_WAYS(link);

	g_return_if_fail(!self->task);
	self->task = g_task_new(self, cancellable, callback, user_data);
	/* A socket that was accepted must reach the caller, who closes it. */
	g_task_set_check_cancellable(self->task, FALSE);
	if (self->opened)
		host_link_open_async(self->link, cancellable, on_open, g_object_ref(self));
	else
		try_next(self, NULL);
}

static int host_link_ways_open_finish(HostLink *link, GAsyncResult *result, GError **error)
{
	return (int)g_task_propagate_int(G_TASK(result), error);
}

static void host_link_ways_get_addresses(HostLink *link, GSocketAddress **local,
					 GInetAddress **peer)
{
	host_link_get_addresses(HOST_LINK_WAYS(link)->link, local, peer);
}

static void host_link_ways_settle(HostLink *link)
{
	host_link_settle(HOST_LINK_WAYS(link)->link);
}

static void host_link_ways_leave(HostLink *link)
{
	if (HOST_LINK_WAYS(link)->link)
		host_link_leave(HOST_LINK_WAYS(link)->link);
}

static void host_link_ways_close(HostLink *link)
{
	drop_link(HOST_LINK_WAYS(link));
}

static void host_link_ways_add_details(HostLink *link, GVariantDict *details)
{
	if (HOST_LINK_WAYS(link)->link)
		host_link_add_details(HOST_LINK_WAYS(link)->link, details);
}

static void host_link_ways_add_statistics(HostLink *link, GVariantDict *statistics)
{
	if (HOST_LINK_WAYS(link)->link)
		host_link_add_statistics(HOST_LINK_WAYS(link)->link, statistics);
}

gboolean host_link_ways_has_several(HostLinkWays *self)
{
	return self->ways->len > 1;
}

HostWay *host_link_ways_get_way(HostLinkWays *self)
{
	return self->way;
}

static void host_link_ways_iface_init(HostLinkInterface *iface)
{
	iface->set_sealer = host_link_ways_set_sealer;
	iface->open_async = host_link_ways_open_async;
	iface->open_finish = host_link_ways_open_finish;
	iface->get_addresses = host_link_ways_get_addresses;
	iface->settle = host_link_ways_settle;
	iface->leave = host_link_ways_leave;
	iface->close = host_link_ways_close;
	iface->add_details = host_link_ways_add_details;
	iface->add_statistics = host_link_ways_add_statistics;
}

static void host_link_ways_init(HostLinkWays *self)
{
}

static void host_link_ways_finalize(GObject *object)
{
	HostLinkWays *self = HOST_LINK_WAYS(object);

	drop_link(self);
	g_clear_object(&self->sealer);
	g_clear_error(&self->no_pin);
	g_ptr_array_unref(self->ways);
	G_OBJECT_CLASS(host_link_ways_parent_class)->finalize(object);
}

static void host_link_ways_class_init(HostLinkWaysClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_link_ways_finalize;
}

HostLinkWays *host_link_ways_new(GPtrArray *ways, const HostLinkWish *wish, HostLinkWaysNow now,
				 gpointer user_data)
{
	HostLinkWays *self = g_object_new(HOST_TYPE_LINK_WAYS, NULL);

	self->ways = ways;
	self->wish = *wish;
	self->now = now;
	self->user_data = user_data;
	return self;
}
