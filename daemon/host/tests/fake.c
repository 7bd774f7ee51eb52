// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fake_finder_iface_init(HostFinderInterface *iface);
static void fake_link_iface_init(HostLinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(FakeFinder, fake_finder, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_FINDER, fake_finder_iface_init))
G_DEFINE_FINAL_TYPE_WITH_CODE(FakeLink, fake_link, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_LINK, fake_link_iface_init))

/*
 * The link.
 */

/* Over the loopback interface; @ends: the one that has connected, and the other one. */
static void connect_pair(int ends[2])
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(listen(listener, 1), ==, 0);
	g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &size), ==, 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(connect(ends[0], (struct sockaddr *)&address, size), ==, 0);
	ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(ends[1], >=, 0);
	close(listener);
}

int fake_link_succeed(FakeLink *self)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);
	int ends[2];

	g_assert_nonnull(task);
	connect_pair(ends);
	g_task_return_int(task, ends[1]);
	return ends[0];
}

void fake_link_fail(FakeLink *self, HostReason reason)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	g_assert_nonnull(task);
	g_task_return_new_error(task, HOST_ERROR, (int)reason, "%s", host_reason_word(reason));
}

static gboolean on_cancelled_idle(gpointer data)
{
	FakeLink *self = data;
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	if (task)
		g_task_return_error_if_cancelled(task);
	return G_SOURCE_REMOVE;
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	g_idle_add_full(G_PRIORITY_DEFAULT, on_cancelled_idle, g_object_ref(data), g_object_unref);
}

static void fake_link_open_async(HostLink *link, GCancellable *cancellable,
				 GAsyncReadyCallback callback, gpointer user_data)
{
	FakeLink *self = FAKE_LINK(link);

	g_assert_null(self->task);
	g_assert_cmpuint(self->n_closed, ==, 0);
	self->n_opens++;
	self->task = g_task_new(self, cancellable, callback, user_data);
	g_task_set_check_cancellable(self->task, FALSE);
	if (cancellable)
		g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(on_cancelled), self,
					0);
	host_link_emit_step(link, "opening", self->finder->way);
	if (self->finder->fail_at_once != HOST_N_REASONS)
		fake_link_fail(self, self->finder->fail_at_once);
	else if (self->finder->succeed_at_once)
		close(fake_link_succeed(self));
}

static int fake_link_open_finish(HostLink *link, GAsyncResult *result, GError **error)
{
	return (int)g_task_propagate_int(G_TASK(result), error);
}

static void fake_link_get_addresses(HostLink *link, GSocketAddress **local, GInetAddress **peer)
{
	*local = g_inet_socket_address_new_from_string("127.0.0.1", 7236);
	*peer = g_inet_address_new_from_string("127.0.0.2");
}

static void fake_link_settle(HostLink *link)
{
	FAKE_LINK(link)->n_settled++;
}

static void fake_link_leave(HostLink *link)
{
	FAKE_LINK(link)->n_left++;
}

static void fake_link_close(HostLink *link)
{
	FAKE_LINK(link)->n_closed++;
}

static void fake_link_add_details(HostLink *link, GVariantDict *details)
{
	g_variant_dict_insert(details, "fake-way", "s", FAKE_LINK(link)->finder->way);
}

static void fake_link_iface_init(HostLinkInterface *iface)
{
	iface->open_async = fake_link_open_async;
	iface->open_finish = fake_link_open_finish;
	iface->get_addresses = fake_link_get_addresses;
	iface->settle = fake_link_settle;
	iface->leave = fake_link_leave;
	iface->close = fake_link_close;
	iface->add_details = fake_link_add_details;
}

static void fake_link_init(FakeLink *self)
{
}

static void fake_link_class_init(FakeLinkClass *class)
{
}

/*
 * The finder.
 */

static const char *fake_finder_get_way(HostFinder *finder)
{
	return FAKE_FINDER(finder)->way;
}

static void fake_finder_start(HostFinder *finder)
{
	FAKE_FINDER(finder)->started = TRUE;
}

static void fake_finder_stop(HostFinder *finder)
{
	FAKE_FINDER(finder)->started = FALSE;
}

static void fake_finder_glance(HostFinder *finder)
{
	FAKE_FINDER(finder)->n_glances++;
}

static const char *fake_finder_get_problem(HostFinder *finder, const char **message)
{
	return NULL;
}

static HostLink *fake_finder_make_link(HostFinder *finder, HostFinding *finding,
				       const HostLinkWish *wish, GError **error)
{
	FakeFinder *self = FAKE_FINDER(finder);
	FakeLink *link;

	self->wish = *wish;
	if (self->refuse != HOST_N_REASONS) {
		g_set_error(error, HOST_ERROR, self->refuse, "%s", host_reason_word(self->refuse));
		return NULL;
	}
	link = g_object_new(FAKE_TYPE_LINK, NULL);
	link->finder = self;
	g_ptr_array_add(self->links, g_object_ref(link));
	return HOST_LINK(link);
}

static void fake_finder_forget(HostFinder *finder, HostFinding *finding)
{
	g_ptr_array_add(FAKE_FINDER(finder)->forgotten,
			g_strdup(*finding->id ? finding->id : finding->identities[0]));
}

static void fake_finder_iface_init(HostFinderInterface *iface)
{
	iface->get_way = fake_finder_get_way;
	iface->start = fake_finder_start;
	iface->stop = fake_finder_stop;
	iface->glance = fake_finder_glance;
	iface->get_problem = fake_finder_get_problem;
	iface->make_link = fake_finder_make_link;
	iface->forget = fake_finder_forget;
}

static void fake_finder_init(FakeFinder *self)
{
	self->forgotten = g_ptr_array_new_with_free_func(g_free);
	self->links = g_ptr_array_new_with_free_func(g_object_unref);
	self->refuse = HOST_N_REASONS;
	self->fail_at_once = HOST_N_REASONS;
}

static void fake_finder_finalize(GObject *object)
{
	g_ptr_array_unref(FAKE_FINDER(object)->forgotten);
	g_ptr_array_unref(FAKE_FINDER(object)->links);
	G_OBJECT_CLASS(fake_finder_parent_class)->finalize(object);
}

static void fake_finder_class_init(FakeFinderClass *class)
{
	G_OBJECT_CLASS(class)->finalize = fake_finder_finalize;
}

FakeFinder *fake_finder_new(const char *way)
{
	FakeFinder *self = g_object_new(FAKE_TYPE_FINDER, NULL);

	self->way = way;
	return self;
}

void fake_finder_find(FakeFinder *self, const char *id, const char *identities, const char *name)
{
	g_autoptr(HostFinding) finding = host_finding_new(id);

	g_strfreev(finding->identities);
	finding->identities = g_strsplit(identities, " ", -1);
	finding->name = g_strdup(name);
	finding->address = g_strconcat("at ", id, NULL);
	host_finder_emit_found(HOST_FINDER(self), finding);
}

FakeLink *fake_finder_get_link(FakeFinder *self)
{
	g_assert_cmpuint(self->links->len, >, 0);
	return self->links->pdata[self->links->len - 1];
}
