// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic netlink: the kernel module sends a request to a daemon, which sends it back;
 * what one would build with what the kernel has. One system call for each message
 * in each direction, as libnl does.
 */

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../kmod/bench/miracast_bench.h"
#include "bench.h"

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	struct nlattr attribute;
	char value[32];
};

static void send_to_kernel(int fd, const void *message, unsigned int length)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (sendto(fd, message, length, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) !=
	    (ssize_t)length)
		die("sending over netlink");
}

static int open_netlink(void)
{
	static const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int room = 64 * (2 * MAX_SIZE + 4096);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		die("netlink socket");
	/* 64 of the largest messages have to fit. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		die("socket buffer");
	return fd;
}

static unsigned int resolve_family(int fd, char *buffer, unsigned int size)
{
	struct request request = {
		.header =
			{
				.nlmsg_len = sizeof(request),
				.nlmsg_type = GENL_ID_CTRL,
				.nlmsg_flags = NLM_F_REQUEST,
			},
		.genl = {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
		.attribute =
			{
				.nla_len = NLA_HDRLEN + sizeof(MIRACAST_BENCH_FAMILY),
				.nla_type = CTRL_ATTR_FAMILY_NAME,
			},
		.value = MIRACAST_BENCH_FAMILY,
	};
	const struct nlmsghdr *header = (const void *)buffer;
	const struct nlattr *attribute;
	unsigned int at;

	request.header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(request.attribute.nla_len);
	send_to_kernel(fd, &request, request.header.nlmsg_len);
	if (recv(fd, buffer, size, 0) < (ssize_t)NLMSG_LENGTH(GENL_HDRLEN))
		die("netlink family");
	for (at = NLMSG_LENGTH(GENL_HDRLEN); at + NLA_HDRLEN <= header->nlmsg_len;
	     at += NLA_ALIGN(attribute->nla_len)) {
		attribute = (const void *)(buffer + at);
		if (attribute->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(const uint16_t *)(attribute + 1);
	}
	fprintf(stderr, "bench: the kernel has no family " MIRACAST_BENCH_FAMILY "\n");
	exit(1);
}

static void serve_netlink(void *data, int ready)
{
	static char buffer[MAX_SIZE + 4096];
	struct nlmsghdr *header = (void *)buffer;
	struct request hello = {
		.header =
			{
				.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
				.nlmsg_flags = NLM_F_REQUEST,
			},
		.genl = {.cmd = MIRACAST_BENCH_CMD_HELLO, .version = 1},
	};
	int fd = open_netlink();

	hello.header.nlmsg_type = resolve_family(fd, buffer, sizeof(buffer));
	send_to_kernel(fd, &hello, hello.header.nlmsg_len);
	peer_is_ready(ready);
	for (;;) {
		if (recv(fd, buffer, sizeof(buffer), 0) < (ssize_t)sizeof(*header))
			die("receiving over netlink");
		header->nlmsg_flags = NLM_F_REQUEST;
		header->nlmsg_pid = 0;
		send_to_kernel(fd, buffer, header->nlmsg_len);
	}
}

struct sender {
	const struct bench *bench;
	struct miracast_bench_run run;
};

static void run_netlink(void *data, unsigned int count)
{
	struct sender *sender = data;

	sender->run.count = count;
	if (ioctl(sender->bench->kernel, MIRACAST_BENCH_NETLINK, &sender->run))
		die("sending over netlink in the kernel");
	if (sender->run.failed) {
		fprintf(stderr, "bench: %llu netlink messages failed\n",
			(unsigned long long)sender->run.failed);
		exit(1);
	}
}

void bench_netlink(const struct bench *bench)
{
	struct sender sender = {.bench = bench};
	pid_t peer = start_peer(serve_netlink, NULL);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bench_sizes); i++) {
		sender.run = (struct miracast_bench_run){
			.mode = MIRACAST_BENCH_SYNC,
			.size = bench_sizes[i],
		};
		report("generic netlink", "round trip", bench_sizes[i], 1,
		       measure(bench, run_netlink, &sender, bench->rounds));
		sender.run.mode = MIRACAST_BENCH_CHAIN;
		sender.run.in_flight = 64;
		report("generic netlink", "in flight", bench_sizes[i], 64,
		       measure(bench, run_netlink, &sender, 64 * (bench->rounds / 64 + 1)));
	}
	stop_peer(peer);
}
