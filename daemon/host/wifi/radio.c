// SPDX-License-Identifier: GPL-2.0-or-later
#include "radio.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <linux/nl80211.h>
#include <linux/rfkill.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define NET_DIRECTORY	 "/sys/class/net"
#define RFKILL_DIRECTORY "/sys/class/rfkill"

/* wpa_supplicant calls it p2p-wlan0-0, iwd wlan0-p2p-cl0, or -go0 if it owns the group. */
static gboolean is_group(const char *name)
{
	return g_str_has_prefix(name, "p2p-") || strstr(name, "-p2p-");
}

char **host_radio_list(void)
{
	g_autoptr(GDir) directory = g_dir_open(NET_DIRECTORY, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *phy = g_build_filename(NET_DIRECTORY, name, "phy80211", NULL);

		/* A group's interface is no device. */
		if (g_file_test(phy, G_FILE_TEST_EXISTS) && !is_group(name))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, (GCompareFunc)(void (*)(void))g_strcmp0);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* The first line of a file of sysfs (transfer full), or NULL. */
static char *read_line(const char *directory, const char *name, const char *file)
{
	g_autofree char *path = g_build_filename(directory, name, file, NULL);
	char *content = NULL;

	if (!g_file_get_contents(path, &content, NULL, NULL))
		return NULL;
	return g_strchomp(content);
}

gboolean host_radio_is_same(const char *interface, const char *other)
{
	g_autofree char *phy = read_line(NET_DIRECTORY, interface, "phy80211/name");
	g_autofree char *of = read_line(NET_DIRECTORY, other, "phy80211/name");

	return !strcmp(interface, other) || (phy && !g_strcmp0(phy, of));
}

char *host_radio_find_group(const char *interface)
{
	g_autofree char *phy = read_line(NET_DIRECTORY, interface, "phy80211/name");
	g_autoptr(GDir) directory = g_dir_open(NET_DIRECTORY, 0, NULL);
	const char *name;

	while (phy && directory && (name = g_dir_read_name(directory))) {
		g_autofree char *of = read_line(NET_DIRECTORY, name, "phy80211/name");

		if (is_group(name) && !g_strcmp0(of, phy))
			return g_strdup(name);
	}
	return NULL;
}

gboolean host_radio_is_iwd_owner(const char *group)
{
	return strstr(group, "-p2p-go") != NULL;
}

gboolean host_radio_is_blocked(const char *interface)
{
	g_autofree char *phy = read_line(NET_DIRECTORY, interface, "phy80211/name");
	g_autoptr(GDir) directory = g_dir_open(RFKILL_DIRECTORY, 0, NULL);
	const char *name;

	while (phy && directory && (name = g_dir_read_name(directory))) {
		g_autofree char *of = read_line(RFKILL_DIRECTORY, name, "name");
		g_autofree char *soft = read_line(RFKILL_DIRECTORY, name, "soft");
		g_autofree char *hard = read_line(RFKILL_DIRECTORY, name, "hard");

		if (!g_strcmp0(of, phy) && (!g_strcmp0(soft, "1") || !g_strcmp0(hard, "1")))
			return TRUE;
	}
	return FALSE;
}

/* How many interfaces of @type a limit of a combination allows. */
static guint limit_of(struct nlattr *limit, enum nl80211_iftype type)
{
	struct nlattr *max = nla_find(nla_data(limit), nla_len(limit), NL80211_IFACE_LIMIT_MAX);
	struct nlattr *types = nla_find(nla_data(limit), nla_len(limit), NL80211_IFACE_LIMIT_TYPES);

	if (!max || !types || nla_len(max) < (int)sizeof(guint32) ||
	    !nla_find(nla_data(types), nla_len(types), type))
		return 0;
	return nla_get_u32(max);
}

/* A combination has room for a station and a group's interface. */
static gboolean has_both(struct nlattr *limits)
{
	struct nlattr *first, *second;
	int n_first, n_second;

	nla_for_each_nested(first, limits, n_first) {
		guint n_station = limit_of(first, NL80211_IFTYPE_STATION);

		nla_for_each_nested(second, limits, n_second) {
			guint n_group = MAX(limit_of(second, NL80211_IFTYPE_P2P_CLIENT),
					    limit_of(second, NL80211_IFTYPE_P2P_GO));

			if (n_station && n_group && (first != second || n_group >= 2))
				return TRUE;
		}
	}
	return FALSE;
}

guint host_radio_count_channels_of(struct nlattr *combinations)
{
	struct nlattr *combination;
	guint n = 0;
	int left;

	nla_for_each_nested(combination, combinations, left) {
		struct nlattr *limits = nla_find(nla_data(combination), nla_len(combination),
						 NL80211_IFACE_COMB_LIMITS);
		struct nlattr *max = nla_find(nla_data(combination), nla_len(combination),
					      NL80211_IFACE_COMB_MAXNUM);
		struct nlattr *channels = nla_find(nla_data(combination), nla_len(combination),
						   NL80211_IFACE_COMB_NUM_CHANNELS);

		if (!limits || !max || nla_len(max) < (int)sizeof(guint32) ||
		    nla_get_u32(max) < 2 || !has_both(limits))
			continue;
		if (channels && nla_len(channels) >= (int)sizeof(guint32))
			n = MAX(n, nla_get_u32(channels));
		else
			n = MAX(n, 1);
	}
	return n;
}

typedef struct {
	gboolean seen;
	guint n_channels;
} RadioAnswer;

static int read_wiphy(struct nl_msg *message, void *data)
{
	struct nlattr *combinations = nlmsg_find_attr(nlmsg_hdr(message), GENL_HDRLEN,
						      NL80211_ATTR_INTERFACE_COMBINATIONS);
	RadioAnswer *answer = data;

	/* The answer comes in parts, one of which has it. */
	if (combinations) {
		answer->seen = TRUE;
		answer->n_channels = host_radio_count_channels_of(combinations);
	}
	return NL_OK;
}

/* The kernel answers at once; who asks for a session's statistics, or at the start, waits no longer. */
#define ANSWER_MS 200

static void limit_answers(struct nl_sock *socket)
{
	const struct timeval limit = {.tv_usec = ANSWER_MS * 1000};

	setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* Asks nl80211 of @interface; @read_answer is called with each message of the answer. */
static void ask(const char *interface, guint8 command, int flags, nl_recvmsg_msg_cb_t read_answer,
		void *answer)
{
	struct nl_sock *socket = nl_socket_alloc();
	struct nl_msg *message = nlmsg_alloc();
	int family;

	if (genl_connect(socket))
		goto out;
	limit_answers(socket);
	if ((family = genl_ctrl_resolve(socket, NL80211_GENL_NAME)) < 0)
		goto out;
	genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, command, 0);
	if (flags & NLM_F_DUMP)
		nla_put_flag(message, NL80211_ATTR_SPLIT_WIPHY_DUMP);
	nla_put_u32(message, NL80211_ATTR_IFINDEX, if_nametoindex(interface));
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, read_answer, answer);
	if (nl_send_auto(socket, message) >= 0)
		nl_recvmsgs_default(socket);
out:
	nlmsg_free(message);
	nl_socket_free(socket);
}

guint host_radio_count_channels(const char *interface)
{
	RadioAnswer answer = {.seen = FALSE};

	ask(interface, NL80211_CMD_GET_WIPHY, NLM_F_DUMP, read_wiphy, &answer);
	return answer.seen ? answer.n_channels : 1;
}

static int read_frequency(struct nl_msg *message, void *data)
{
	struct nlattr *frequency =
		nlmsg_find_attr(nlmsg_hdr(message), GENL_HDRLEN, NL80211_ATTR_WIPHY_FREQ);

	if (frequency && nla_len(frequency) >= (int)sizeof(guint32))
		*(guint *)data = nla_get_u32(frequency);
	return NL_OK;
}

guint host_radio_get_frequency(const char *interface)
{
	guint frequency = 0;

	ask(interface, NL80211_CMD_GET_INTERFACE, 0, read_frequency, &frequency);
	return frequency;
}

static int read_use(struct nl_msg *message, void *data)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *type = nlmsg_find_attr(header, GENL_HDRLEN, NL80211_ATTR_IFTYPE);

	*(gboolean *)data = (type && nla_len(type) >= (int)sizeof(guint32) &&
			     nla_get_u32(type) != NL80211_IFTYPE_STATION) ||
			    nlmsg_find_attr(header, GENL_HDRLEN, NL80211_ATTR_SSID);
	return NL_OK;
}

gboolean host_radio_is_in_use(const char *interface)
{
	gboolean in_use = FALSE;

	ask(interface, NL80211_CMD_GET_INTERFACE, 0, read_use, &in_use);
	return in_use;
}

/*
 * Changes.
 */
struct _HostRadioWatch {
	int rfkill;
	guint rfkill_source;
	struct nl_sock *links;
	guint links_source;
	void (*changed)(gpointer user_data);
	gpointer user_data;
};

static gboolean on_rfkill(int fd, GIOCondition condition, gpointer data)
{
	HostRadioWatch *watch = data;
	struct rfkill_event event;
	gboolean any = FALSE;

	while (read(fd, &event, sizeof(event)) > 0)
		any = TRUE;
	if (!any) {
		watch->rfkill_source = 0;
		return G_SOURCE_REMOVE;
	}
	watch->changed(watch->user_data);
	return G_SOURCE_CONTINUE;
}

static gboolean on_links(int fd, GIOCondition condition, gpointer data)
{
	HostRadioWatch *watch = data;

	nl_recvmsgs_default(watch->links);
	watch->changed(watch->user_data);
	return G_SOURCE_CONTINUE;
}

HostRadioWatch *host_radio_watch_new(void (*changed)(gpointer user_data), gpointer user_data)
{
	HostRadioWatch *watch = g_new0(HostRadioWatch, 1);

	watch->changed = changed;
	watch->user_data = user_data;
	/* Where it may not be read, a switch is noticed when something else happens. */
	watch->rfkill = open("/dev/rfkill", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (watch->rfkill >= 0)
		watch->rfkill_source = g_unix_fd_add(watch->rfkill, G_IO_IN, on_rfkill, watch);
	watch->links = nl_socket_alloc();
	nl_socket_disable_seq_check(watch->links);
	if (!nl_connect(watch->links, NETLINK_ROUTE) &&
	    !nl_socket_add_memberships(watch->links, RTNLGRP_LINK, 0) &&
	    !nl_socket_set_nonblocking(watch->links))
		watch->links_source =
			g_unix_fd_add(nl_socket_get_fd(watch->links), G_IO_IN, on_links, watch);
	return watch;
}

void host_radio_watch_free(HostRadioWatch *watch)
{
	g_clear_handle_id(&watch->rfkill_source, g_source_remove);
	g_clear_handle_id(&watch->links_source, g_source_remove);
	if (watch->rfkill >= 0)
		close(watch->rfkill);
	nl_socket_free(watch->links);
	g_free(watch);
}
