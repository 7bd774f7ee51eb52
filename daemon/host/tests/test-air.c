// SPDX-License-Identifier: GPL-2.0-or-later
/* What nl80211 says of a station, and what it never should. */
#include "wifi/air.h"
#include "wifi/radio.h"

#include <linux/nl80211.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

typedef struct {
	struct nl_msg *message;
	const void *attributes;
	gsize size;
} Answer;

static void add_count(struct nl_msg *message, int attribute, guint32 count)
{
	if (count)
		g_assert_cmpint(nla_put_u32(message, attribute, count), ==, 0);
}

static void answer_init(Answer *answer, guint16 narrow, guint32 wide, guint32 sent, guint32 retried,
			guint32 failed)
{
	static const guint8 mac[6] = {2, 0, 0, 0, 1, 0};
	struct nlattr *info, *rate;
	struct nl_msg *message = nlmsg_alloc();

	g_assert_nonnull(nlmsg_put(message, 0, 0, 0, 0, 0));
	nla_put_u32(message, NL80211_ATTR_IFINDEX, 7);
	nla_put(message, NL80211_ATTR_MAC, sizeof(mac), mac);
	info = nla_nest_start(message, NL80211_ATTR_STA_INFO);
	nla_put_u32(message, NL80211_STA_INFO_INACTIVE_TIME, 12);
	rate = nla_nest_start(message, NL80211_STA_INFO_TX_BITRATE);
	if (narrow)
		nla_put_u16(message, NL80211_RATE_INFO_BITRATE, narrow);
	if (wide)
		nla_put_u32(message, NL80211_RATE_INFO_BITRATE32, wide);
	nla_put_u8(message, NL80211_RATE_INFO_MCS, 7);
	nla_nest_end(message, rate);
	add_count(message, NL80211_STA_INFO_TX_PACKETS, sent);
	add_count(message, NL80211_STA_INFO_TX_RETRIES, retried);
	add_count(message, NL80211_STA_INFO_TX_FAILED, failed);
	nla_nest_end(message, info);
	answer->message = message;
	answer->attributes = nlmsg_data(nlmsg_hdr(message));
	answer->size = nlmsg_datalen(nlmsg_hdr(message));
}

static void test_station(void)
{
	HostAirStation station;
	Answer answer;

	answer_init(&answer, 650, 650, 1000, 20, 3);
	g_assert_true(host_air_read_station(answer.attributes, answer.size, &station));
	nlmsg_free(answer.message);
	g_assert_cmpuint(station.bit_rate, ==, 65000000);
	g_assert_cmpuint(station.sent, ==, 1000);
	g_assert_cmpuint(station.retried, ==, 20);
	g_assert_cmpuint(station.failed, ==, 3);

	/* More than 16 bits hold: the narrow one is not there. */
	answer_init(&answer, 0, 92000, 1, 0, 0);
	g_assert_true(host_air_read_station(answer.attributes, answer.size, &station));
	nlmsg_free(answer.message);
	g_assert_cmpuint(station.bit_rate, ==, 9200000000);

	/* Drivers that know nothing. */
	answer_init(&answer, 0, 0, 0, 0, 0);
	g_assert_false(host_air_read_station(answer.attributes, answer.size, &station));
	nlmsg_free(answer.message);
	g_assert_false(host_air_read_station(NULL, 0, &station));
}

static void test_compare(void)
{
	const HostAirStation before = {
		.bit_rate = 65000000, .sent = 1000, .retried = 20, .failed = 3};
	const HostAirStation well = {
		.bit_rate = 65000000, .sent = 1500, .retried = 20, .failed = 3};
	const HostAirStation badly = {
		.bit_rate = 13000000, .sent = 1100, .retried = 320, .failed = 8};
	const HostAirStation other = {.bit_rate = 6500000, .sent = 4, .retried = 0, .failed = 0};
	const HostAirStation wrapped = {.bit_rate = 0, .sent = 1100, .retried = 2, .failed = 3};
	struct miracast_datarate_stats stats;

	/* The first says nothing of what happened. */
	stats = host_air_compare(NULL, &before);
	g_assert_cmpuint(stats.transmitted_frame_count, ==, 0);
	g_assert_cmpuint(stats.encoder_bit_rate, ==, 0);
	stats = host_air_compare(&before, &well);
	g_assert_cmpuint(stats.transmitted_frame_count, ==, 500);
	g_assert_cmpuint(stats.failed_frame_count, ==, 0);
	g_assert_cmpuint(stats.encoder_bit_rate, ==, 32500000);
	stats = host_air_compare(&before, &badly);
	g_assert_cmpuint(stats.retried_frame_count, ==, 300);
	g_assert_cmpuint(stats.failed_frame_count, ==, 5);
	g_assert_cmpuint(stats.current_max_tx_data_rate, ==, 13000000);
	/* Each was sent four times. */
	g_assert_cmpuint(stats.encoder_bit_rate, ==, 1625000);
	stats = host_air_compare(&badly, &other);
	g_assert_cmpuint(stats.transmitted_frame_count, ==, 4);
	/* Of a handshake. */
	g_assert_cmpuint(stats.encoder_bit_rate, ==, 0);
	stats = host_air_compare(&badly, &wrapped);
	g_assert_cmpuint(stats.retried_frame_count, ==, 2);
	g_assert_cmpuint(stats.encoder_bit_rate, ==, 0);
}

/* Cut short and broken anywhere; in memory of its size, so that a sanitizer sees what is read. */
static void test_hostile(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(5);
	HostAirStation station;
	Answer answer;

	answer_init(&answer, 650, 650, 1000, 20, 3);
	for (gsize size = 1; size < answer.size; size++) {
		g_autofree guint8 *bytes = g_memdup2(answer.attributes, size);

		host_air_read_station(bytes, size, &station);
	}
	for (guint i = 0; i < 100000; i++) {
		gsize size = g_rand_int_range(random, 1, answer.size + 1);
		g_autofree guint8 *bytes = g_memdup2(answer.attributes, size);

		for (guint n = g_rand_int_range(random, 1, 6); n; n--)
			bytes[g_rand_int_range(random, 0, size)] = g_rand_int(random);
		host_air_read_station(bytes, size, &station);
	}
	nlmsg_free(answer.message);
}

/* What is no Wi-Fi device has no figures, and no channel. */
static void test_no_wifi(void)
{
	g_assert_null(host_air_new("lo", NULL, NULL));
	g_assert_null(host_air_new("../lo", NULL, NULL));
	g_assert_cmpuint(host_radio_get_frequency("lo"), ==, 0);
	g_assert_cmpuint(host_radio_get_frequency("nothing9"), ==, 0);
}

static void test_interface(void)
{
	g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
						 G_SOCKET_PROTOCOL_UDP, NULL);
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(loopback, 0);
	g_autofree char *name = NULL;

	g_assert_true(g_socket_bind(socket, address, FALSE, NULL));
	name = host_air_interface_of(g_socket_get_fd(socket));
	g_assert_cmpstr(name, ==, "lo");
	g_assert_null(host_air_interface_of(-1));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host/air/station", test_station);
	g_test_add_func("/host/air/compare", test_compare);
	g_test_add_func("/host/air/hostile", test_hostile);
	g_test_add_func("/host/air/no-wifi", test_no_wifi);
	g_test_add_func("/host/air/interface", test_interface);
	return g_test_run();
}
