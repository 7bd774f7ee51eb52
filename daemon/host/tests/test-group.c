// SPDX-License-Identifier: GPL-2.0-or-later
/* The life that groups of all makers have, by a maker that does nothing, and links on them. */
#include "links/link-p2p.h"

#include <unistd.h>

enum {
	STAGE_WAIT = HOST_GROUP_NEW + 1,
	STAGE_SHORT, /* it passes its limit */
};

static const HostGroupLimit limits[] = {
	[STAGE_WAIT] = {100, HOST_REASON_SINK_NOT_FOUND, NULL},
	[STAGE_SHORT] = {1, HOST_REASON_NOT_ACCEPTED, "nobody did"},
};

#define TEST_TYPE_GROUP (test_group_get_type())
G_DECLARE_FINAL_TYPE(TestGroup, test_group, TEST, GROUP, HostGroup)

struct _TestGroup {
	HostGroup group;

	gboolean is_slow; /* to be put back: somebody else ends that, or the limit does */
	guint n_let_go;
	int put_back_from;
	guint looks; /* left */
};

G_DEFINE_FINAL_TYPE(TestGroup, test_group, HOST_TYPE_GROUP)

static guint n_groups;

static void test_group_begin(HostGroup *group)
{
	host_group_set_stage(group, STAGE_WAIT);
}

static void test_group_put_back(HostGroup *group, int from)
{
	TestGroup *self = TEST_GROUP(group);

	self->put_back_from = from;
	if (!self->is_slow)
		host_group_finish(group);
}

static void test_group_let_go(HostGroup *group)
{
	TEST_GROUP(group)->n_let_go++;
}

static void test_group_init(TestGroup *self)
{
	n_groups++;
}

static void test_group_finalize(GObject *object)
{
	n_groups--;
	G_OBJECT_CLASS(test_group_parent_class)->finalize(object);
}

static void test_group_class_init(TestGroupClass *class)
{
	HostGroupClass *group = HOST_GROUP_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = test_group_finalize;
	group->maker = HOST_GROUP_MAKER_IWD;
	group->limits = limits;
	group->n_limits = G_N_ELEMENTS(limits);
	group->leave_s = 1;
	group->begin = test_group_begin;
	group->put_back = test_group_put_back;
	group->let_go = test_group_let_go;
}

typedef struct {
	TestGroup *group;
	GCancellable *cancellable;
	gboolean returned, opened;
	GError *error;
	int lost;
} Stage;

static void on_open(GObject *object, GAsyncResult *result, gpointer data)
{
	Stage *stage = data;

	stage->opened = host_group_open_finish(HOST_GROUP(object), result, &stage->error);
	stage->returned = TRUE;
}

static void on_lost(HostGroup *group, int reason, const char *detail, Stage *stage)
{
	stage->lost = reason;
}

static void set_up(Stage *stage, gconstpointer unused)
{
	stage->group = g_object_new(TEST_TYPE_GROUP, NULL);
	stage->cancellable = g_cancellable_new();
	stage->lost = HOST_N_REASONS;
	g_signal_connect(stage->group, "lost", G_CALLBACK(on_lost), stage);
	host_group_open_async(&stage->group->group, stage->cancellable, on_open, stage);
	g_main_context_iteration(NULL, FALSE);
	g_assert_false(stage->returned);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_clear_object(&stage->group);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(n_groups, ==, 0);
	g_clear_error(&stage->error);
	g_object_unref(stage->cancellable);
}

static void wait_until_returned(Stage *stage)
{
	while (!stage->returned)
		g_main_context_iteration(NULL, TRUE);
}

static gboolean count(HostGroup *group)
{
	return --TEST_GROUP(group)->looks > 0;
}

/* What is looked at is, until it is seen or the stage changes. */
static void test_open(Stage *stage, gconstpointer unused)
{
	g_auto(GVariantDict) details = G_VARIANT_DICT_INIT(NULL);
	HostGroup *group = &stage->group->group;
	const char *maker;

	stage->group->looks = 3;
	host_group_look(group, 1, count);
	while (stage->group->looks)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(group->look_source, ==, 0);
	host_group_look(group, 1, count);
	host_group_succeed(group);
	g_assert_cmpuint(group->look_source, ==, 0);
	wait_until_returned(stage);
	g_assert_true(stage->opened);
	host_group_add_details(group, &details);
	g_assert_true(g_variant_dict_lookup(&details, "link-maker", "&s", &maker));
	g_assert_cmpstr(maker, ==, "iwd");
	/* Too late. */
	g_cancellable_cancel(stage->cancellable);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpint(group->stage, ==, HOST_GROUP_OPEN);
	host_group_lose(group, HOST_REASON_LINK_LOST, NULL);
	g_assert_cmpint(stage->lost, ==, HOST_REASON_LINK_LOST);
	host_group_close(group);
	g_assert_cmpint(stage->group->put_back_from, ==, HOST_GROUP_OPEN);
	g_assert_cmpuint(stage->group->n_let_go, ==, 1);
	host_group_close(group);
	g_assert_cmpuint(stage->group->n_let_go, ==, 1);
}

static void test_limit(Stage *stage, gconstpointer unused)
{
	host_group_set_stage(&stage->group->group, STAGE_SHORT);
	wait_until_returned(stage);
	g_assert_error(stage->error, HOST_ERROR, (int)HOST_REASON_NOT_ACCEPTED);
	g_assert_true(g_str_has_suffix(stage->error->message, "(nobody did)"));
	g_assert_cmpint(stage->group->put_back_from, ==, STAGE_SHORT);
	g_assert_cmpint(stage->group->group.stage, ==, HOST_GROUP_CLOSED);
}

/* The open returns once all is put back, which has its limit, too; the first reason counts. */
static void test_cancel(Stage *stage, gconstpointer unused)
{
	HostGroup *group = &stage->group->group;

	stage->group->is_slow = TRUE;
	g_cancellable_cancel(stage->cancellable);
	while (group->stage != HOST_GROUP_LEAVING)
		g_main_context_iteration(NULL, TRUE);
	host_group_fail(group, HOST_REASON_LINK_LOST, NULL);
	g_assert_false(stage->returned);
	wait_until_returned(stage);
	g_assert_error(stage->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_cmpint(stage->lost, ==, HOST_N_REASONS);
}

/* Nobody else needs to have it while it is put back. */
static void test_close(Stage *stage, gconstpointer unused)
{
	HostGroup *group = &stage->group->group;

	stage->group->is_slow = TRUE;
	host_group_succeed(group);
	wait_until_returned(stage);
	host_group_close(group);
	g_clear_object(&stage->group);
	g_assert_cmpuint(n_groups, ==, 1);
	while (n_groups)
		g_main_context_iteration(NULL, TRUE);
}

/* One that is finished twice, by answers that come late, is let go of twice and returns once. */
static void test_finish_twice(Stage *stage, gconstpointer unused)
{
	HostGroup *group = &stage->group->group;

	host_group_fail(group, HOST_REASON_SINK_NOT_FOUND, NULL);
	host_group_finish(group);
	wait_until_returned(stage);
	g_assert_error(stage->error, HOST_ERROR, (int)HOST_REASON_SINK_NOT_FOUND);
	g_assert_cmpuint(stage->group->n_let_go, ==, 2);
}

#define ADD(name, test) g_test_add("/group/" name, Stage, NULL, set_up, test, tear_down)

#define LOCAL "127.0.0.1"
#define SINK  "127.0.0.2"

static void on_step(HostLink *link, const char *word, const char *message, char **told)
{
	g_free(*told);
	*told = g_strdup(message);
}

static void on_link_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(host_link_open_finish(HOST_LINK(object), result, &error), <, 0);
	*(gboolean *)data = TRUE;
}

static void succeed_on_loopback(HostGroup *group)
{
	group->net = (HostGroupNet){
		.interface = g_strdup("lo"),
		.local = g_inet_address_new_from_string(LOCAL),
		.peer = g_inet_address_new_from_string(SINK),
		.is_configured = TRUE,
	};
	host_group_succeed(group);
}

/* In a group the sink has as long to connect as Wi-Fi Display gives it, if nobody said how long. */
static void test_wait(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(TestGroup) group = g_object_new(TEST_TYPE_GROUP, NULL);
	g_autoptr(HostLink) link = host_link_p2p_new(listener, &group->group, 0, 0);
	g_autofree char *told = NULL;
	gboolean is_over = FALSE;

	g_signal_connect(link, "step", G_CALLBACK(on_step), &told);
	host_link_open_async(link, cancellable, on_link_open, &is_over);
	succeed_on_loopback(&group->group);
	while (!told)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(g_str_has_prefix(told, SINK " has 90 s to connect to "));
	g_cancellable_cancel(cancellable);
	while (!is_over)
		g_main_context_iteration(NULL, TRUE);
	while (g_main_context_iteration(NULL, FALSE))
		;
}

/* A port that nobody has, for as long as nobody else asks for one. */
static guint16 free_port(void)
{
	g_autoptr(GSocket) sock = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
					       G_SOCKET_PROTOCOL_TCP, NULL);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string(LOCAL, 0);
	g_autoptr(GSocketAddress) bound = NULL;

	g_assert_true(g_socket_bind(sock, any, FALSE, NULL));
	bound = g_socket_get_local_address(sock, NULL);
	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
}

static GSocket *connect_sink(guint16 port)
{
	g_autoptr(GSocketAddress) from = g_inet_socket_address_new_from_string(SINK, 0);
	g_autoptr(GSocketAddress) to = g_inet_socket_address_new_from_string(LOCAL, port);
	GSocket *sock = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
				     G_SOCKET_PROTOCOL_TCP, NULL);

	g_assert_true(g_socket_bind(sock, from, FALSE, NULL));
	g_assert_true(g_socket_connect(sock, to, NULL, NULL));
	return sock;
}

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

static int finish_link(HostLink *link, GAsyncResult **result, GError **error)
{
	int fd;

	while (!*result)
		g_main_context_iteration(NULL, TRUE);
	fd = host_link_open_finish(link, *result, error);
	g_clear_object(result);
	return fd;
}

/* The group is lost while the sink's connection is on its way to the session. */
static void test_lost_late(void)
{
	g_autoptr(HostListener) listener = host_listener_new();
	g_autoptr(HostGroup) group = g_object_new(TEST_TYPE_GROUP, NULL);
	guint16 port = free_port();
	g_autoptr(HostLink) link = host_link_p2p_new(listener, group, port, 60);
	g_autoptr(GSocket) first = NULL;
	g_autoptr(GSocket) second = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *told = NULL;
	GAsyncResult *result = NULL;

	g_signal_connect(link, "step", G_CALLBACK(on_step), &told);
	host_link_open_async(link, NULL, keep_result, &result);
	succeed_on_loopback(group);
	while (!told)
		g_main_context_iteration(NULL, TRUE);
	first = connect_sink(port);
	close(finish_link(link, &result, &error));
	g_assert_no_error(error);
	/* It comes once more, and is let in. */
	second = connect_sink(port);
	for (gint64 until = g_get_monotonic_time() + G_TIME_SPAN_SECOND / 4;
	     g_get_monotonic_time() < until;)
		g_main_context_iteration(NULL, FALSE);
	host_link_open_async(link, NULL, keep_result, &result);
	host_group_lose(group, HOST_REASON_LINK_LOST, "it has ended");
	g_assert_cmpint(finish_link(link, &result, &error), ==, -1);
	g_assert_error(error, HOST_ERROR, (int)HOST_REASON_LINK_LOST);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("open", test_open);
	ADD("limit", test_limit);
	ADD("cancel", test_cancel);
	ADD("close", test_close);
	ADD("finish-twice", test_finish_twice);
	g_test_add_func("/group/wait", test_wait);
	g_test_add_func("/group/lost-late", test_lost_late);
	return g_test_run();
}
