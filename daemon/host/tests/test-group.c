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
	TestGroup *other; /* of which the other one is the owner; or NULL */
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

static HostGroup *test_group_turn_round(HostGroup *group)
{
	TestGroup *other = TEST_GROUP(group)->other;

	return other ? g_object_ref(HOST_GROUP(other)) : NULL;
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
	group->turn_round = test_group_turn_round;
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
	stage->group->looks = 2;
	host_group_look_now(group, 1, count);
	g_assert_cmpuint(stage->group->looks, ==, 1);
	while (stage->group->looks)
		g_main_context_iteration(NULL, TRUE);
	stage->group->looks = 1;
	host_group_look_now(group, 1, count);
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

/*
 * The link over a group, on the loopback interface.
 */

#define LOCAL "127.0.0.1"
#define SINK  "127.0.0.2"

typedef struct {
	HostListener *listener;
	guint16 port;
	TestGroup *group;
	HostLink *link;
	GCancellable *cancellable;
	GString *steps; /* words */
	char *told; /* by the last one */
	gboolean is_over;
	int fd;
	GError *error;
} LinkStage;

static void on_step(HostLink *link, const char *word, const char *message, LinkStage *stage)
{
	g_string_append_printf(stage->steps, "%s ", word);
	g_free(stage->told);
	stage->told = g_strdup(message);
}

static void on_link_open(GObject *object, GAsyncResult *result, gpointer data)
{
	LinkStage *stage = data;

	stage->fd = host_link_open_finish(HOST_LINK(object), result, &stage->error);
	stage->is_over = TRUE;
}

static guint16 free_port(void)
{
	g_autoptr(GSocketListener) any = g_socket_listener_new();
	guint16 port = g_socket_listener_add_any_inet_port(any, NULL, NULL);

	g_socket_listener_close(any);
	return port;
}

static void begin_link(LinkStage *stage, guint wait_s)
{
	*stage = (LinkStage){
		.listener = host_listener_new(),
		.port = free_port(),
		.group = g_object_new(TEST_TYPE_GROUP, NULL),
		.cancellable = g_cancellable_new(),
		.steps = g_string_new(NULL),
	};
	stage->link = host_link_p2p_new(stage->listener, &stage->group->group, stage->port, wait_s);
	g_signal_connect(stage->link, "step", G_CALLBACK(on_step), stage);
	host_link_open_async(stage->link, stage->cancellable, on_link_open, stage);
}

static void open_group(TestGroup *group, gboolean is_owner)
{
	group->group.net = (HostGroupNet){
		.interface = g_strdup("lo"),
		.is_owner = is_owner,
		.local = g_inet_address_new_from_string(LOCAL),
		.peer = g_inet_address_new_from_string(SINK),
		.is_configured = TRUE,
	};
	host_group_succeed(&group->group);
}

static void wait_until_over(LinkStage *stage)
{
	while (!stage->is_over)
		g_main_context_iteration(NULL, TRUE);
}

static void end_link(LinkStage *stage)
{
	g_cancellable_cancel(stage->cancellable);
	wait_until_over(stage);
	if (stage->fd >= 0)
		close(stage->fd);
	host_link_close(stage->link);
	g_object_unref(stage->link);
	g_object_unref(stage->group);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(n_groups, ==, 0);
	host_listener_free(stage->listener);
	g_object_unref(stage->cancellable);
	g_string_free(stage->steps, TRUE);
	g_free(stage->told);
	g_clear_error(&stage->error);
}

/* NULL: it is refused. */
static GSocket *connect_sink(LinkStage *stage)
{
	g_autoptr(GSocket) sock = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
					       G_SOCKET_PROTOCOL_TCP, NULL);
	g_autoptr(GSocketAddress) from = g_inet_socket_address_new_from_string(SINK, 0);
	g_autoptr(GSocketAddress) to = g_inet_socket_address_new_from_string(LOCAL, stage->port);

	g_assert_true(g_socket_bind(sock, from, FALSE, NULL));
	return g_socket_connect(sock, to, NULL, NULL) ? g_steal_pointer(&sock) : NULL;
}

/* In a group the sink has as long to connect as Wi-Fi Display gives it, if nobody said how long. */
static void test_wait(void)
{
	LinkStage stage;

	begin_link(&stage, 0);
	open_group(stage.group, FALSE);
	while (!stage.told)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(g_str_has_prefix(stage.told, SINK " has 90 s to connect to "));
	end_link(&stage);
}

/* The group is lost while the sink's connection is on its way to the session. */
static void test_lost_late(void)
{
	g_autoptr(GSocket) first = NULL;
	g_autoptr(GSocket) second = NULL;
	LinkStage stage;

	begin_link(&stage, 60);
	open_group(stage.group, FALSE);
	while (!stage.told)
		g_main_context_iteration(NULL, TRUE);
	first = connect_sink(&stage);
	wait_until_over(&stage);
	g_assert_no_error(stage.error);
	close(stage.fd);
	/* It comes once more, and is let in. */
	second = connect_sink(&stage);
	for (gint64 until = g_get_monotonic_time() + G_TIME_SPAN_SECOND / 4;
	     g_get_monotonic_time() < until;)
		g_main_context_iteration(NULL, FALSE);
	stage.is_over = FALSE;
	host_link_open_async(stage.link, stage.cancellable, on_link_open, &stage);
	host_group_lose(&stage.group->group, HOST_REASON_LINK_LOST, "it has ended");
	wait_until_over(&stage);
	g_assert_cmpint(stage.fd, ==, -1);
	g_assert_error(stage.error, HOST_ERROR, (int)HOST_REASON_LINK_LOST);
	end_link(&stage);
}

/* Who connects as soon as the group has an interface, and only once, is let in when it is open. */
static void test_early(void)
{
	g_autoptr(GSocket) sink = NULL;
	LinkStage stage;

	begin_link(&stage, 0);
	sink = connect_sink(&stage);
	g_assert_null(sink);
	host_group_emit_interface(&stage.group->group, "nothing0");
	host_group_emit_interface(&stage.group->group, "lo");
	sink = connect_sink(&stage);
	g_assert_nonnull(sink);
	open_group(stage.group, TRUE);
	wait_until_over(&stage);
	g_assert_no_error(stage.error);
	g_assert_cmpint(stage.fd, >=, 0);
	host_link_settle(stage.link);
	g_clear_object(&sink);
	sink = connect_sink(&stage);
	g_assert_null(sink);
	end_link(&stage);
}

/* What fails while the port is open closes it. */
static void test_early_in_vain(void)
{
	g_autoptr(GSocket) sink = NULL;
	LinkStage stage;

	begin_link(&stage, 0);
	host_group_emit_interface(&stage.group->group, "lo");
	host_group_fail(&stage.group->group, HOST_REASON_GROUP_FAILED, NULL);
	wait_until_over(&stage);
	g_assert_error(stage.error, HOST_ERROR, (int)HOST_REASON_GROUP_FAILED);
	sink = connect_sink(&stage);
	g_assert_null(sink);
	end_link(&stage);
}

static TestGroup *add_other(LinkStage *stage)
{
	stage->group->other = g_object_new(TEST_TYPE_GROUP, NULL);
	return stage->group->other;
}

static void wait_until_turned(TestGroup *other)
{
	while (other->group.stage != STAGE_WAIT)
		g_main_context_iteration(NULL, TRUE);
}

/* A sink that does not connect in one role is tried in the other, and has the usual time there. */
static void test_turned_round(void)
{
	g_autoptr(GSocket) sink = NULL;
	g_autoptr(TestGroup) other = NULL;
	LinkStage stage;

	begin_link(&stage, 1);
	other = add_other(&stage);
	open_group(stage.group, FALSE);
	wait_until_turned(other);
	g_assert_false(stage.is_over);
	g_assert_cmpstr(stage.steps->str, ==, "waiting turning-round ");
	g_assert_cmpint(stage.group->group.stage, ==, HOST_GROUP_CLOSED);
	host_group_emit_interface(&other->group, "lo");
	sink = connect_sink(&stage);
	g_assert_nonnull(sink);
	open_group(other, TRUE);
	wait_until_over(&stage);
	g_assert_no_error(stage.error);
	g_assert_cmpint(stage.fd, >=, 0);
	g_clear_object(&other);
	end_link(&stage);
}

/* Once; what came of the first one is why it has failed. */
static void test_turned_round_in_vain(void)
{
	g_autoptr(TestGroup) other = NULL;
	LinkStage stage;

	begin_link(&stage, 1);
	other = add_other(&stage);
	open_group(stage.group, FALSE);
	wait_until_turned(other);
	host_group_fail(&other->group, HOST_REASON_NOT_ACCEPTED, NULL);
	wait_until_over(&stage);
	g_assert_error(stage.error, HOST_ERROR, (int)HOST_REASON_SINK_DID_NOT_CONNECT);
	g_clear_object(&other);
	end_link(&stage);
}

static void test_cancelled_when_turned_round(void)
{
	g_autoptr(TestGroup) other = NULL;
	LinkStage stage;

	begin_link(&stage, 1);
	other = add_other(&stage);
	open_group(stage.group, FALSE);
	wait_until_turned(other);
	g_cancellable_cancel(stage.cancellable);
	wait_until_over(&stage);
	g_assert_error(stage.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_cmpint(other->group.stage, ==, HOST_GROUP_CLOSED);
	g_clear_object(&other);
	end_link(&stage);
}

/* Where there is another group to try the sink has less time. */
static void test_wait_before_turning_round(void)
{
	LinkStage stage;

	begin_link(&stage, 0);
	add_other(&stage);
	open_group(stage.group, FALSE);
	while (!stage.told)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(g_str_has_prefix(stage.told, SINK " has 30 s to connect to "));
	g_object_unref(stage.group->other);
	end_link(&stage);
}

/* A sink that has an address and stays away may want to own the group, which NetworkManager keeps. */
static void test_network_manager_owns(void)
{
	for (guint is_owner = 0; is_owner <= 1; is_owner++) {
		LinkStage stage;

		begin_link(&stage, 1);
		HOST_GROUP_GET_CLASS(stage.group)->maker = HOST_GROUP_MAKER_NM;
		open_group(stage.group, is_owner);
		wait_until_over(&stage);
		HOST_GROUP_GET_CLASS(stage.group)->maker = HOST_GROUP_MAKER_IWD;
		g_assert_error(stage.error, HOST_ERROR,
			       (int)(is_owner ? HOST_REASON_NM_OWNS
					      : HOST_REASON_SINK_DID_NOT_CONNECT));
		end_link(&stage);
	}
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
	g_test_add_func("/group/early", test_early);
	g_test_add_func("/group/early-in-vain", test_early_in_vain);
	g_test_add_func("/group/turned-round", test_turned_round);
	g_test_add_func("/group/turned-round-in-vain", test_turned_round_in_vain);
	g_test_add_func("/group/cancelled-when-turned-round", test_cancelled_when_turned_round);
	g_test_add_func("/group/wait-before-turning-round", test_wait_before_turning_round);
	g_test_add_func("/group/network-manager-owns", test_network_manager_owns);
	return g_test_run();
}
