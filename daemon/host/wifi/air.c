// SPDX-License-Identifier: GPL-2.0-or-later
#include "air.h"

#include <glib-unix.h>
#include <ifaddrs.h>
#include <linux/nl80211.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define INTERVAL_MS 500
#define RATES	    3 /* of which the highest counts: single frames of no stream are sent at the lowest */
#define UNIT	    100000 /* bit/s that nl80211 counts in */
/* Fewer packets say little of the rate: heads and handshakes go at the lowest one. */
#define MIN_PACKETS 20
/* Of what packets are sent at, for what they carry: the rest is heads, waiting, and others' turns. */
#define SHARE 2

struct _HostAir {
	struct nl_sock *socket;
	int family;
	guint interface;
	guint timer;
	guint source;
	gboolean asked; /* and not answered so far */
	gboolean known; /* @before holds */
	gboolean found; /* in this answer */
	HostAirStation before, now;
	guint64 rates[RATES]; /* the latest, bit/s */
	guint n_rates;
	HostAirFunc changed;
	gpointer user_data;
};

static guint64 read_bit_rate(const struct nlattr *rate)
{
	const struct nlattr *wide =
		nla_find(nla_data(rate), nla_len(rate), NL80211_RATE_INFO_BITRATE32);
	const struct nlattr *narrow =
		nla_find(nla_data(rate), nla_len(rate), NL80211_RATE_INFO_BITRATE);

	if (wide && nla_len(wide) >= (int)sizeof(guint32))
		return (guint64)nla_get_u32(wide) * UNIT;
	if (narrow && nla_len(narrow) >= (int)sizeof(guint16))
		return (guint64)nla_get_u16(narrow) * UNIT;
	return 0;
}

static guint32 read_count(const struct nlattr *info, int attribute)
{
	const struct nlattr *count = nla_find(nla_data(info), nla_len(info), attribute);

	return count && nla_len(count) >= (int)sizeof(guint32) ? nla_get_u32(count) : 0;
}

gboolean host_air_read_station(const void *attributes, gsize size, HostAirStation *station)
{
	const struct nlattr *info = nla_find(attributes, size, NL80211_ATTR_STA_INFO);
	const struct nlattr *rate =
		info ? nla_find(nla_data(info), nla_len(info), NL80211_STA_INFO_TX_BITRATE) : NULL;

	*station = (HostAirStation){0};
	if (!info)
		return FALSE;
	if (rate)
		station->bit_rate = read_bit_rate(rate);
	station->sent = read_count(info, NL80211_STA_INFO_TX_PACKETS);
	station->retried = read_count(info, NL80211_STA_INFO_TX_RETRIES);
	station->failed = read_count(info, NL80211_STA_INFO_TX_FAILED);
	return station->bit_rate || station->sent;
}

struct miracast_datarate_stats host_air_compare(const HostAirStation *before,
						const HostAirStation *now)
{
	static const HostAirStation none;
	struct miracast_datarate_stats stats = {.current_max_tx_data_rate = now->bit_rate};
	guint64 attempts;

	/* Another station, or the same one come again, counts from the beginning. */
	if (!before || now->sent < before->sent || now->retried < before->retried ||
	    now->failed < before->failed)
		before = before ? &none : now;
	stats.transmitted_frame_count = now->sent - before->sent;
	stats.retried_frame_count = now->retried - before->retried;
	stats.failed_frame_count = now->failed - before->failed;
	attempts = stats.transmitted_frame_count + stats.retried_frame_count;
	if (stats.transmitted_frame_count >= MIN_PACKETS)
		stats.encoder_bit_rate =
			now->bit_rate / SHARE * stats.transmitted_frame_count / attempts;
	return stats;
}

/* Of several in a group, the one that most was sent to: nothing else sends a picture. */
static int on_station(struct nl_msg *message, void *data)
{
	const struct genlmsghdr *head = nlmsg_data(nlmsg_hdr(message));
	HostAirStation station;
	HostAir *air = data;

	if (host_air_read_station(genlmsg_attrdata(head, 0), genlmsg_attrlen(head, 0), &station) &&
	    (!air->found || station.sent > air->now.sent)) {
		air->now = station;
		air->found = TRUE;
	}
	return NL_OK;
}

static int on_end(struct nl_msg *message, void *data)
{
	struct miracast_datarate_stats stats;
	HostAir *air = data;

	air->asked = FALSE;
	if (!air->found)
		return NL_OK;
	air->rates[air->n_rates++ % RATES] = air->now.bit_rate;
	for (guint i = 0; i < RATES; i++)
		air->now.bit_rate = MAX(air->now.bit_rate, air->rates[i]);
	stats = host_air_compare(air->known ? &air->before : NULL, &air->now);
	air->before = air->now;
	air->known = TRUE;
	air->changed(&stats, air->user_data);
	return NL_OK;
}

/* The device is gone, or cannot tell. */
static void give_up(HostAir *air)
{
	g_clear_handle_id(&air->timer, g_source_remove);
	air->changed(NULL, air->user_data);
}

static gboolean ask(HostAir *air)
{
	struct nl_msg *message = nlmsg_alloc();
	gboolean sent;

	genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, air->family, 0, NLM_F_DUMP,
		    NL80211_CMD_GET_STATION, 0);
	nla_put_u32(message, NL80211_ATTR_IFINDEX, air->interface);
	air->found = FALSE;
	sent = nl_send_auto(air->socket, message) >= 0;
	nlmsg_free(message);
	air->asked = sent;
	return sent;
}

static gboolean on_answer(int fd, GIOCondition condition, gpointer data)
{
	HostAir *air = data;

	int result = nl_recvmsgs_default(air->socket);

	/* The rest comes later, or is asked for anew. */
	if (!result || result == -NLE_AGAIN)
		return G_SOURCE_CONTINUE;
	if (result == -NLE_DUMP_INTR) {
		air->asked = FALSE;
		return G_SOURCE_CONTINUE;
	}
	air->source = 0;
	give_up(air);
	return G_SOURCE_REMOVE;
}

/* A driver that takes its time is asked again when it has answered. */
static gboolean on_timer(gpointer data)
{
	HostAir *air = data;

	if (air->asked || ask(air))
		return G_SOURCE_CONTINUE;
	air->timer = 0;
	air->changed(NULL, air->user_data);
	return G_SOURCE_REMOVE;
}

HostAir *host_air_new(const char *interface, HostAirFunc changed, gpointer user_data)
{
	g_autofree char *phy = g_build_filename("/sys/class/net", interface, "phy80211", NULL);
	g_autoptr(HostAir) air = NULL;

	if (!g_file_test(phy, G_FILE_TEST_EXISTS))
		return NULL;
	air = g_new0(HostAir, 1);
	air->changed = changed;
	air->user_data = user_data;
	air->interface = if_nametoindex(interface);
	air->socket = nl_socket_alloc();
	if (genl_connect(air->socket) ||
	    (air->family = genl_ctrl_resolve(air->socket, NL80211_GENL_NAME)) < 0 ||
	    nl_socket_set_nonblocking(air->socket))
		return NULL;
	nl_socket_disable_seq_check(air->socket);
	nl_socket_modify_cb(air->socket, NL_CB_VALID, NL_CB_CUSTOM, on_station, air);
	nl_socket_modify_cb(air->socket, NL_CB_FINISH, NL_CB_CUSTOM, on_end, air);
	air->source = g_unix_fd_add(nl_socket_get_fd(air->socket), G_IO_IN, on_answer, air);
	air->timer = g_timeout_add(INTERVAL_MS, on_timer, air);
	return g_steal_pointer(&air);
}

void host_air_free(HostAir *air)
{
	g_clear_handle_id(&air->timer, g_source_remove);
	g_clear_handle_id(&air->source, g_source_remove);
	nl_socket_free(air->socket);
	g_free(air);
}

static gboolean same_address(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	if (!a || a->sa_family != b->ss_family)
		return FALSE;
	if (a->sa_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)a)->sin_addr,
			       &((const struct sockaddr_in *)b)->sin_addr, sizeof(struct in_addr));
	if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *one = (const struct sockaddr_in6 *)a;
		const struct sockaddr_in6 *other = (const struct sockaddr_in6 *)b;

		return one->sin6_scope_id == other->sin6_scope_id &&
		       !memcmp(&one->sin6_addr, &other->sin6_addr, sizeof(struct in6_addr));
	}
	return FALSE;
}

char *host_air_interface_of(int socket)
{
	struct sockaddr_storage local;
	socklen_t size = sizeof(local);
	struct ifaddrs *addresses;
	char *name = NULL;

	if (getsockname(socket, (struct sockaddr *)&local, &size) || getifaddrs(&addresses))
		return NULL;
	for (struct ifaddrs *at = addresses; at && !name; at = at->ifa_next)
		if (same_address(at->ifa_addr, &local))
			name = g_strdup(at->ifa_name);
	freeifaddrs(addresses);
	return name;
}
