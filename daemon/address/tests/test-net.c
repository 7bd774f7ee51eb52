// SPDX-License-Identifier: GPL-2.0-or-later
/* Which networks of this machine are in a group's way, in a network of the test's own. */
#include "net.h"

#include <arpa/inet.h>
#include <glib.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Of the group: it has neither addresses nor routes yet. */
static const NetInterface group = {.name = "p2p-wlan0-0", .index = 1000};

typedef struct {
	Net *net;
} Stage;

static void run(const char *command)
{
	if (system(command))
		g_error("%s failed", command);
}

static void set_up(Stage *stage, gconstpointer unused)
{
	g_assert_no_errno(unshare(CLONE_NEWNET));
	run("ip link set lo up");
	stage->net = net_new();
	g_assert_nonnull(stage->net);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	net_free(stage->net);
}

static void expect_free(Stage *stage, const char *local)
{
	char text[INET_ADDRSTRLEN];
	NetAddress address;

	g_assert_true(net_find_free(stage->net, &address));
	g_assert_cmpstr(inet_ntop(AF_INET, &address.local, text, sizeof(text)), ==, local);
	g_assert_cmpuint(address.prefix, ==, 24);
}

/* @problem: NULL: there is none */
static void expect_taken(Stage *stage, const char *local, const char *peer, const char *problem)
{
	NetAddress address = {.prefix = 32};
	char told[128] = "";

	g_assert_cmpint(inet_pton(AF_INET, local, &address.local), ==, 1);
	g_assert_cmpint(inet_pton(AF_INET, peer, &address.peer), ==, 1);
	g_assert_cmpint(net_may_take(stage->net, &group, &address, told, sizeof(told)), ==,
			!problem);
	g_assert_cmpstr(told, ==, problem ? problem : "");
}

/* Networks that this machine is in, and those that only a route leads to. */
static void test_networks(Stage *stage, gconstpointer unused)
{
	expect_free(stage, "192.168.173.1");
	run("ip address add 192.168.173.7/24 dev lo");
	run("ip route add 192.168.174.0/24 dev lo");
	run("ip route add 192.168.128.0/17 dev lo table 100");
	expect_free(stage, "192.168.0.1");
	run("ip route add 192.168.0.0/17 dev lo");
	expect_taken(stage, "192.168.49.10", "192.168.49.1", "another network has 192.168.49.10");
	expect_taken(stage, "10.0.0.10", "10.0.0.1", NULL);
	expect_taken(stage, "10.0.0.10", "10.0.0.10", "the sink gave its own address");
	expect_taken(stage, "10.0.0.10", "8.8.8.8", "the sink gave 8.8.8.8, which is not private");
}

/* What VPNs have: all of the private ranges, or of everything. A group's route is longer. */
static void test_wide_routes(Stage *stage, gconstpointer unused)
{
	run("ip route add default dev lo");
	run("ip route add 0.0.0.0/1 dev lo");
	run("ip route add 128.0.0.0/1 dev lo");
	run("ip route add 10.0.0.0/8 dev lo");
	run("ip route add 172.16.0.0/12 dev lo");
	run("ip route add 192.168.0.0/16 dev lo");
	expect_free(stage, "192.168.173.1");
	expect_taken(stage, "192.168.49.10", "192.168.49.1", NULL);
	expect_taken(stage, "172.16.5.10", "172.16.5.1", NULL);
	/* The VPN's own network is as any other. */
	run("ip address add 10.8.0.2/24 dev lo");
	expect_taken(stage, "10.8.0.77", "10.8.0.78", "another network has 10.8.0.77");
	expect_taken(stage, "10.9.0.77", "10.8.0.1", "another network has 10.8.0.1");
}

/* A network that is wide, and this machine is in it: whoever is there is not to be cut off. */
static void test_wide_network(Stage *stage, gconstpointer unused)
{
	NetAddress address;

	run("ip address add 192.168.1.7/16 dev lo");
	g_assert_false(net_find_free(stage->net, &address));
	expect_taken(stage, "192.168.49.10", "192.168.49.1", "another network has 192.168.49.10");
}

/* Rules may have another table looked at before the main one, and so before a group's route. */
static void test_other_tables(Stage *stage, gconstpointer unused)
{
	NetAddress address;

	run("ip route add default dev lo table 52");
	run("ip route add 192.168.0.0/16 dev lo table 52");
	g_assert_false(net_find_free(stage->net, &address));
	expect_taken(stage, "192.168.49.10", "192.168.49.1", "another network has 192.168.49.10");
	expect_taken(stage, "172.16.5.10", "172.16.5.1", NULL);
}

static void skip(void)
{
	g_test_skip("this process may not have a network of its own");
}

int main(int argc, char **argv)
{
	gboolean may = !unshare(CLONE_NEWNET) && !system("ip link set lo up");

	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Stage, NULL, set_up, function, tear_down)
	if (may) {
		ADD("/address/net/networks", test_networks);
		ADD("/address/net/wide-routes", test_wide_routes);
		ADD("/address/net/wide-network", test_wide_network);
		ADD("/address/net/other-tables", test_other_tables);
	} else {
		g_test_add_func("/address/net", skip);
	}
	return g_test_run();
}
