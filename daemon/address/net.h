/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What miracast-address does over netlink: one interface, one address. */
#ifndef ADDRESS_NET_H
#define ADDRESS_NET_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Net Net;

typedef struct {
	char name[IFNAMSIZ];
	unsigned int index;
} NetInterface;

/* @prefix: 32: nothing is reached over the interface but @peer */
typedef struct {
	struct in_addr local;
	struct in_addr peer;
	unsigned int prefix;
} NetAddress;

/* NULL: there is no netlink. */
Net *net_new(void);
void net_free(Net *net);

/* FALSE with @problem: there is none of this name that is a Wi-Fi Direct group's. */
bool net_find_group(Net *net, const char *name, NetInterface *interface, char *problem,
		    size_t size);
bool net_is_there(const NetInterface *interface);

/*
 * Addresses in 192.168.0.0/16 for a group of ours, that no network of this machine overlaps. A route of the
 * main table to all of a private range is no network's.
 */
bool net_find_free(Net *net, NetAddress *address);

/*
 * Whether what a stranger gave may be set: private addresses, and neither of them in a network, as above,
 * that is reached over another interface.
 */
bool net_may_take(Net *net, const NetInterface *interface, const NetAddress *address, char *problem,
		  size_t size);

bool net_add_address(Net *net, const NetInterface *interface, const NetAddress *address,
		     char *problem, size_t size);
void net_remove_address(Net *net, const NetInterface *interface, const NetAddress *address);

/* Takes it down; one that a supplicant made for a group is deleted, too. */
void net_remove_interface(Net *net, const NetInterface *interface);

#endif /* ADDRESS_NET_H */
