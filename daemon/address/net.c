// SPDX-License-Identifier: GPL-2.0-or-later
#include "net.h"

#include <arpa/inet.h>
#include <linux/nl80211.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What supplicants name the interfaces that they make for groups: p2p-wlan0-0. */
#define GROUP_PREFIX "p2p-"

struct Net {
	struct nl_sock *route;
	struct nl_sock *generic;
	int nl80211;
};

Net *net_new(void)
{
	Net *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	net->route = nl_socket_alloc();
	net->generic = nl_socket_alloc();
	if (!net->route || !net->generic || nl_connect(net->route, NETLINK_ROUTE) ||
	    genl_connect(net->generic)) {
		net_free(net);
		return NULL;
	}
	/* Without Wi-Fi there is none, and no group. */
	net->nl80211 = genl_ctrl_resolve(net->generic, NL80211_GENL_NAME);
	return net;
}

void net_free(Net *net)
{
	nl_socket_free(net->route);
	nl_socket_free(net->generic);
	free(net);
}

static int read_type(struct nl_msg *message, void *data)
{
	struct nlattr *type = nlmsg_find_attr(nlmsg_hdr(message), GENL_HDRLEN, NL80211_ATTR_IFTYPE);

	*(enum nl80211_iftype *)data = type ? nla_get_u32(type) : NL80211_IFTYPE_UNSPECIFIED;
	return NL_OK;
}

static int read_acknowledgement(struct nl_msg *message, void *data)
{
	*(bool *)data = true;
	return NL_STOP;
}

/* Sends a command about an interface; @read may be NULL. */
static bool ask_nl80211(Net *net, uint8_t command, unsigned int index, nl_recvmsg_msg_cb_t read,
			void *data)
{
	struct nl_msg *message = nlmsg_alloc();
	bool done, acknowledged = false;

	if (!message)
		return false;
	genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, net->nl80211, 0, 0, command, 0);
	nla_put_u32(message, NL80211_ATTR_IFINDEX, index);
	if (read)
		nl_socket_modify_cb(net->generic, NL_CB_VALID, NL_CB_CUSTOM, read, data);
	nl_socket_modify_cb(net->generic, NL_CB_ACK, NL_CB_CUSTOM, read_acknowledgement,
			    &acknowledged);
	done = nl_send_auto(net->generic, message) >= 0;
	nlmsg_free(message);
	/*
	 * The answer, if there is one, and the acknowledgement: each comes for itself, and what is left
	 * would be taken for that of the next command.
	 */
	while (done && !acknowledged)
		done = nl_recvmsgs_default(net->generic) >= 0;
	return done;
}

static bool is_group(Net *net, const NetInterface *interface)
{
	enum nl80211_iftype type = NL80211_IFTYPE_UNSPECIFIED;

	if (net->nl80211 < 0 ||
	    !ask_nl80211(net, NL80211_CMD_GET_INTERFACE, interface->index, read_type, &type))
		return false;
	return type == NL80211_IFTYPE_P2P_CLIENT || type == NL80211_IFTYPE_P2P_GO;
}

bool net_find_group(Net *net, const char *name, NetInterface *interface, char *problem, size_t size)
{
	snprintf(interface->name, sizeof(interface->name), "%s", name);
	interface->index = if_nametoindex(name);
	if (!interface->index) {
		snprintf(problem, size, "there is no interface %s", interface->name);
		return false;
	}
	if (!is_group(net, interface)) {
		snprintf(problem, size, "%s is no Wi-Fi Direct group's", interface->name);
		return false;
	}
	return true;
}

bool net_is_there(const NetInterface *interface)
{
	return if_nametoindex(interface->name) == interface->index;
}

/*
 * Networks of this machine.
 */
typedef struct {
	uint32_t address, mask; /* in the host's order */
	unsigned int except; /* an interface that does not count; 0: none */
	bool found;
} Overlap;

static void check_overlap(Overlap *overlap, uint32_t address, unsigned int prefix)
{
	uint32_t mask = prefix ? ~0U << (32 - prefix) : 0;
	uint32_t common = mask & overlap->mask;

	if ((address & common) == (overlap->address & common))
		overlap->found = true;
}

static void check_address(struct nl_object *object, void *data)
{
	struct rtnl_addr *address = (struct rtnl_addr *)object;
	struct nl_addr *local = rtnl_addr_get_local(address);
	Overlap *overlap = data;
	struct in_addr bytes;

	if (rtnl_addr_get_family(address) != AF_INET || !local ||
	    (unsigned int)rtnl_addr_get_ifindex(address) == overlap->except)
		return;
	memcpy(&bytes, nl_addr_get_binary_addr(local), sizeof(bytes));
	check_overlap(overlap, ntohl(bytes.s_addr), rtnl_addr_get_prefixlen(address));
}

static void check_hop(struct rtnl_nexthop *hop, void *data)
{
	struct nl_addr *gateway = rtnl_route_nh_get_gateway(hop);
	Overlap *overlap = data;
	struct in_addr bytes;

	if (!gateway || nl_addr_get_family(gateway) != AF_INET ||
	    (unsigned int)rtnl_route_nh_get_ifindex(hop) == overlap->except)
		return;
	memcpy(&bytes, nl_addr_get_binary_addr(gateway), sizeof(bytes));
	check_overlap(overlap, ntohl(bytes.s_addr), 32);
}

/*
 * One that leads everywhere is in nobody's way, nor are the halves that VPNs make of it. In the main table
 * neither is one to all of a private range, as VPNs have it: that of a group is longer and goes before it,
 * and takes of the range what nobody there is likely to have. Rules may have the other tables looked at before
 * the main one, and then the shorter route wins.
 */
static unsigned int shortest_in_the_way(struct rtnl_route *route)
{
	return rtnl_route_get_table(route) == RT_TABLE_MAIN ? 17 : 8;
}

static void check_route(struct nl_object *object, void *data)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct nl_addr *destination = rtnl_route_get_dst(route);
	Overlap *overlap = data;
	struct in_addr bytes;

	if (rtnl_route_get_family(route) != AF_INET)
		return;
	rtnl_route_foreach_nexthop(route, check_hop, overlap);
	if (!destination || nl_addr_get_prefixlen(destination) < shortest_in_the_way(route) ||
	    nl_addr_get_len(destination) != sizeof(bytes))
		return;
	if (rtnl_route_get_nnexthops(route) == 1 &&
	    (unsigned int)rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0)) ==
		    overlap->except)
		return;
	memcpy(&bytes, nl_addr_get_binary_addr(destination), sizeof(bytes));
	check_overlap(overlap, ntohl(bytes.s_addr), nl_addr_get_prefixlen(destination));
}

/* Whether a network of this machine has part in @address/@prefix. */
static bool overlaps(Net *net, struct in_addr address, unsigned int prefix, unsigned int except)
{
	Overlap overlap = {
		.address = ntohl(address.s_addr),
		.mask = ~0U << (32 - prefix),
		.except = except,
	};
	struct nl_cache *addresses = NULL, *routes = NULL;

	/* What cannot be looked at is not taken for free. */
	if (rtnl_addr_alloc_cache(net->route, &addresses) ||
	    rtnl_route_alloc_cache(net->route, AF_INET, 0, &routes)) {
		overlap.found = true;
	} else {
		nl_cache_foreach(addresses, check_address, &overlap);
		nl_cache_foreach(routes, check_route, &overlap);
	}
	nl_cache_free(addresses);
	nl_cache_free(routes);
	return overlap.found;
}

bool net_find_free(Net *net, NetAddress *address)
{
	/* Few routers begin here; all of the range is looked through. */
	for (unsigned int i = 0; i < 256; i++) {
		uint32_t network = 0xc0a80000 | ((173 + i) % 256) << 8;

		address->local.s_addr = htonl(network | 1);
		address->peer.s_addr = htonl(network | 2);
		address->prefix = 24;
		if (!overlaps(net, address->local, 24, 0))
			return true;
	}
	return false;
}

static bool is_private(struct in_addr address)
{
	static const struct {
		uint32_t network;
		unsigned int prefix;
	} ranges[] = {
		{0x0a000000, 8},
		{0xac100000, 12},
		{0xc0a80000, 16},
		{0xa9fe0000, 16},
	};
	uint32_t value = ntohl(address.s_addr);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (value >> (32 - ranges[i].prefix) ==
		    ranges[i].network >> (32 - ranges[i].prefix))
			return true;
	return false;
}

bool net_may_take(Net *net, const NetInterface *interface, const NetAddress *address, char *problem,
		  size_t size)
{
	struct in_addr both[] = {address->local, address->peer};

	if (both[0].s_addr == both[1].s_addr) {
		snprintf(problem, size, "the sink gave its own address");
		return false;
	}
	for (size_t i = 0; i < 2; i++) {
		char text[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &both[i], text, sizeof(text));
		if (!is_private(both[i])) {
			snprintf(problem, size, "the sink gave %s, which is not private", text);
			return false;
		}
		if (overlaps(net, both[i], 32, interface->index)) {
			snprintf(problem, size, "another network has %s", text);
			return false;
		}
	}
	return true;
}

static struct rtnl_addr *make_address(const NetInterface *interface, const NetAddress *address)
{
	struct rtnl_addr *made = rtnl_addr_alloc();
	struct nl_addr *local, *peer;

	if (!made)
		return NULL;
	local = nl_addr_build(AF_INET, &address->local, sizeof(address->local));
	peer = nl_addr_build(AF_INET, &address->peer, sizeof(address->peer));
	rtnl_addr_set_ifindex(made, interface->index);
	rtnl_addr_set_local(made, local);
	if (address->prefix == 32)
		rtnl_addr_set_peer(made, peer);
	rtnl_addr_set_prefixlen(made, address->prefix);
	nl_addr_put(local);
	nl_addr_put(peer);
	return made;
}

bool net_add_address(Net *net, const NetInterface *interface, const NetAddress *address,
		     char *problem, size_t size)
{
	struct rtnl_addr *made = make_address(interface, address);
	int result = made ? rtnl_addr_add(net->route, made, 0) : -NLE_NOMEM;

	rtnl_addr_put(made);
	if (result)
		snprintf(problem, size, "the address cannot be set: %s", nl_geterror(result));
	return !result;
}

void net_remove_address(Net *net, const NetInterface *interface, const NetAddress *address)
{
	struct rtnl_addr *made = make_address(interface, address);

	if (made)
		rtnl_addr_delete(net->route, made, 0);
	rtnl_addr_put(made);
}

void net_remove_interface(Net *net, const NetInterface *interface)
{
	struct rtnl_link *link, *change;

	/* In the meantime it may have become another's. */
	if (!net_is_there(interface) || !is_group(net, interface))
		return;
	link = rtnl_link_alloc();
	change = rtnl_link_alloc();
	if (link && change) {
		rtnl_link_set_ifindex(link, interface->index);
		rtnl_link_set_ifindex(change, interface->index);
		rtnl_link_unset_flags(change, IFF_UP);
		rtnl_link_change(net->route, link, change, 0);
	}
	rtnl_link_put(link);
	rtnl_link_put(change);
	if (!strncmp(interface->name, GROUP_PREFIX, strlen(GROUP_PREFIX)))
		ask_nl80211(net, NL80211_CMD_DEL_INTERFACE, interface->index, NULL, NULL);
}
