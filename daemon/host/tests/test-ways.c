// SPDX-License-Identifier: GPL-2.0-or-later
/* A link by the first of several ways that works. */
#include "discovery/link-ways.h"
#include "fake.h"
#include "reason.h"
#include "wish.h"

#include <unistd.h>

typedef struct {
	FakeFinder *mice, *p2p;
	GPtrArray *now; /* ways that are there by now */
	HostLinkWays *link;
	GString *steps;
	GAsyncResult *result;
	int lost;
} Stage;

static void on_step(HostLink *link, const char *word, const char *message, Stage *stage)
{
	g_string_append_printf(stage->steps, "%s;", word);
}

static void on_lost(HostLink *link, int reason, const char *detail, Stage *stage)
{
	stage->lost = reason;
}

static void add_way(GPtrArray *ways, FakeFinder *finder)
{
	g_autoptr(HostFinding) finding = host_finding_new("1");

	finding->name = g_strdup("Television");
	g_ptr_array_add(ways, host_way_new(HOST_FINDER(finder), ways->len, finding));
}

static GPtrArray *get_now(gpointer data)
{
	return g_ptr_array_ref(((Stage *)data)->now);
}

static GPtrArray *new_ways(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)host_way_unref);
}

static void set_up(Stage *stage, gconstpointer unused)
{
	GPtrArray *ways = new_ways();
	const HostLinkWish wish = {.port = 7236,
				   .wait_s = 3,
				   .pin = "1234",
				   .go_intent = -1,
				   .maker = HOST_N_GROUP_MAKERS};

	stage->steps = g_string_new(NULL);
	stage->lost = -1;
	stage->mice = fake_finder_new("mice");
	stage->p2p = fake_finder_new("p2p");
	add_way(ways, stage->mice);
	add_way(ways, stage->p2p);
	stage->now = g_ptr_array_ref(ways);
	stage->link = host_link_ways_new(ways, &wish, get_now, stage);
	g_signal_connect(stage->link, "step", G_CALLBACK(on_step), stage);
	g_signal_connect(stage->link, "lost", G_CALLBACK(on_lost), stage);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_ptr_array_unref(stage->now);
	g_object_unref(stage->link);
	g_object_unref(stage->mice);
	g_object_unref(stage->p2p);
	g_string_free(stage->steps, TRUE);
}

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

static void begin(Stage *stage, GCancellable *cancellable)
{
	host_link_open_async(HOST_LINK(stage->link), cancellable, keep_result, &stage->result);
}

static int finish(Stage *stage, GError **error)
{
	int fd;

	while (!stage->result)
		g_main_context_iteration(NULL, TRUE);
	fd = host_link_open_finish(HOST_LINK(stage->link), stage->result, error);
	g_clear_object(&stage->result);
	return fd;
}

static void iterate(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void test_first(Stage *stage, gconstpointer unused)
{
	g_autoptr(GSocketAddress) local = NULL;
	g_autoptr(GInetAddress) peer = NULL;
	g_autoptr(GError) error = NULL;
	int fd, other;

	begin(stage, NULL);
	other = fake_link_succeed(fake_finder_get_link(stage->mice));
	fd = finish(stage, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(stage->steps->str, ==, "mice;opening;");
	g_assert_cmpstr(host_way_get_name(host_link_ways_get_way(stage->link)), ==, "mice");
	g_assert_cmpstr(stage->mice->wish.pin, ==, "1234");
	g_assert_cmpuint(stage->p2p->links->len, ==, 0);
	host_link_get_addresses(HOST_LINK(stage->link), &local, &peer);
	g_assert_nonnull(local);
	close(fd);
	close(other);

	/* It may come again, the same way. */
	begin(stage, NULL);
	other = fake_link_succeed(fake_finder_get_link(stage->mice));
	fd = finish(stage, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(stage->mice->links->len, ==, 1);
	host_link_settle(HOST_LINK(stage->link));
	g_assert_cmpuint(fake_finder_get_link(stage->mice)->n_settled, ==, 1);
	close(fd);
	close(other);

	host_link_emit_lost(HOST_LINK(fake_finder_get_link(stage->mice)),
			    HOST_REASON_SINK_DISCONNECTED, "gone");
	g_assert_cmpint(stage->lost, ==, HOST_REASON_SINK_DISCONNECTED);
	host_link_leave(HOST_LINK(stage->link));
	host_link_close(HOST_LINK(stage->link));
	g_assert_cmpuint(fake_finder_get_link(stage->mice)->n_left, ==, 1);
	g_assert_cmpuint(fake_finder_get_link(stage->mice)->n_closed, ==, 1);
}

static void test_second(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int fd, other;

	begin(stage, NULL);
	fake_link_fail(fake_finder_get_link(stage->mice), HOST_REASON_SINK_DID_NOT_CONNECT);
	iterate();
	/* The first way has been released before the second one is tried. */
	g_assert_cmpuint(fake_finder_get_link(stage->mice)->n_closed, ==, 1);
	other = fake_link_succeed(fake_finder_get_link(stage->p2p));
	fd = finish(stage, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(stage->steps->str, ==, "mice;opening;way-failed;p2p;opening;");
	g_assert_cmpstr(host_way_get_name(host_link_ways_get_way(stage->link)), ==, "p2p");
	close(fd);
	close(other);

	/* The sink has been here: there is no other way to it now. */
	begin(stage, NULL);
	fake_link_fail(fake_finder_get_link(stage->p2p), HOST_REASON_SINK_DID_NOT_CONNECT);
	g_assert_cmpint(finish(stage, &error), ==, -1);
	g_assert_error(error, HOST_ERROR, HOST_REASON_SINK_DID_NOT_CONNECT);
	g_assert_cmpuint(stage->mice->links->len + stage->p2p->links->len, ==, 2);
}

/* Wi-Fi Direct takes longer to find a sink than the network does. */
static void test_found_later(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	FakeFinder *late = fake_finder_new("address");
	int fd, other;

	begin(stage, NULL);
	fake_link_fail(fake_finder_get_link(stage->mice), HOST_REASON_SINK_DID_NOT_CONNECT);
	iterate();
	g_ptr_array_unref(stage->now);
	stage->now = new_ways();
	add_way(stage->now, stage->mice);
	add_way(stage->now, stage->p2p);
	add_way(stage->now, late);
	fake_link_fail(fake_finder_get_link(stage->p2p), HOST_REASON_SINK_DID_NOT_CONNECT);
	iterate();
	other = fake_link_succeed(fake_finder_get_link(late));
	fd = finish(stage, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(host_way_get_name(host_link_ways_get_way(stage->link)), ==, "address");
	/* Those that have failed are not tried once more. */
	g_assert_cmpuint(stage->mice->links->len, ==, 1);
	close(fd);
	close(other);
	g_object_unref(late);
}

static void test_no_link(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int fd;

	stage->mice->refuse = HOST_REASON_NO_ROUTE;
	stage->p2p->succeed_at_once = TRUE;
	begin(stage, NULL);
	fd = finish(stage, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(stage->steps->str, ==, "mice;way-failed;p2p;opening;");
	close(fd);
}

static void test_none(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	stage->mice->fail_at_once = HOST_REASON_SINK_DID_NOT_CONNECT;
	stage->p2p->refuse = HOST_REASON_NO_ROUTE;
	begin(stage, NULL);
	g_assert_cmpint(finish(stage, &error), ==, -1);
	/* The last word, of the last way. */
	g_assert_error(error, HOST_ERROR, HOST_REASON_NO_ROUTE);
	/* Close is harmless then. */
	host_link_close(HOST_LINK(stage->link));
}

/* What only its person could give is said, whatever came of the ways after that. */
static void test_no_pin(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	begin(stage, NULL);
	fake_link_fail(fake_finder_get_link(stage->mice), HOST_REASON_NO_PIN);
	iterate();
	fake_link_fail(fake_finder_get_link(stage->p2p), HOST_REASON_SINK_NOT_FOUND);
	g_assert_cmpint(finish(stage, &error), ==, -1);
	g_assert_error(error, HOST_ERROR, HOST_REASON_NO_PIN);
}

static void test_declined(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	begin(stage, NULL);
	fake_link_fail(fake_finder_get_link(stage->mice), HOST_REASON_DECLINED_BY_USER);
	g_assert_cmpint(finish(stage, &error), ==, -1);
	g_assert_error(error, HOST_ERROR, HOST_REASON_DECLINED_BY_USER);
	g_assert_cmpuint(stage->p2p->links->len, ==, 0);
}

static void test_cancelled(Stage *stage, gconstpointer unused)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	begin(stage, cancellable);
	g_cancellable_cancel(cancellable);
	g_assert_cmpint(finish(stage, &error), ==, -1);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_cmpuint(stage->p2p->links->len, ==, 0);
}

/* Only who has said how long the sink has keeps a way from having its own limit. */
static void test_wait(void)
{
	static const struct {
		const char *options;
		int wait_s; /* -1: it is refused */
	} cases[] = {
		{"@a{sv} {}", 0},
		{"{'wait': <uint32 7>}", 7},
		{"{'wait': <uint32 0>}", -1},
		{"{'wait': <uint32 3601>}", -1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GVariant)
			options = g_variant_ref_sink(g_variant_new_parsed(cases[i].options));
		g_autoptr(GError) error = NULL;
		g_autoptr(HostWish) wish = host_wish_parse(options, FALSE, &error);

		if (cases[i].wait_s < 0) {
			g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpint(wish->wait_s, ==, cases[i].wait_s);
	}
}

/* As it is typed, and as it is kept. */
static void test_address(void)
{
	static const struct {
		const char *typed;
		const char *kept; /* NULL: it is refused */
	} cases[] = {
		{"192.168.1.7", "192.168.1.7"},
		{"2001:DB8::0:7", "2001:db8::7"},
		{"fe80::1%lo", "fe80::1%lo"},
		{"FE80::1%1", "fe80::1%lo"},
		{"fe80::1", NULL},
		{"fe80::1%", NULL},
		{"fe80::1%nothing9", NULL},
		{"fe80::1%4000000", NULL},
		{"192.168.1.7%lo", NULL},
		{"2001:db8::7%lo", NULL},
		{"ff02::1%lo", NULL},
		{"%lo", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GVariant) options = g_variant_ref_sink(
			g_variant_new_parsed("{'peer-address': <%s>}", cases[i].typed));
		g_autoptr(GError) error = NULL;
		g_autoptr(HostWish) wish = host_wish_parse(options, TRUE, &error);

		if (!cases[i].kept) {
			g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpstr(wish->peer, ==, cases[i].kept);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Stage, NULL, set_up, function, tear_down)
	ADD("/ways/first", test_first);
	ADD("/ways/second", test_second);
	ADD("/ways/found-later", test_found_later);
	ADD("/ways/no-link", test_no_link);
	ADD("/ways/none", test_none);
	ADD("/ways/no-pin", test_no_pin);
	ADD("/ways/declined", test_declined);
	ADD("/ways/cancelled", test_cancelled);
	g_test_add_func("/ways/wait", test_wait);
	g_test_add_func("/ways/address", test_address);
	return g_test_run();
}
