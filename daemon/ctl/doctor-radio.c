// SPDX-License-Identifier: GPL-2.0-or-later
/* The radios: what their drivers say over nl80211 that they can do at once, and what forbids it. */
#include "doctor.h"

#include <linux/nl80211.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_S 5
/* More limits than any driver has in one combination. */
#define MAX_LIMITS 16

typedef struct {
	guint32 number;
	char *name;
	guint32 types; /* bit of each nl80211_iftype that it can be */
	/* At most so many channels at once with a station and a Wi-Fi Direct group; 0: not at once. */
	guint channels_as_client, channels_as_owner;
} CtlRadio;

static void free_radio(gpointer data)
{
	CtlRadio *radio = data;

	g_free(radio->name);
	g_free(radio);
}

typedef struct {
	guint32 types;
	guint32 left;
} CtlLimit;

/* Whether each of @types has room within @limits: those that are tried are given back. */
static gboolean fits(CtlLimit *limits, guint n_limits, const guint *types, guint n_types)
{
	if (!n_types)
		return TRUE;
	for (guint i = 0; i < n_limits; i++) {
		gboolean fit;

		if (!limits[i].left || !(limits[i].types & (1U << types[0])))
			continue;
		limits[i].left--;
		fit = fits(limits, n_limits, types + 1, n_types - 1);
		limits[i].left++;
		if (fit)
			return TRUE;
	}
	return FALSE;
}

/* The bits of a nest of flags, each named by an interface's type. */
static guint32 read_types(struct nlattr *nest)
{
	struct nlattr *attr;
	guint32 types = 0;
	int left;

	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) < 32)
			types |= 1U << nla_type(attr);
	return types;
}

/* A driver's Wi-Fi Direct device, where it has one, takes a place, too. */
static guint channels_with(const CtlRadio *radio, CtlLimit *limits, guint n_limits, guint32 most,
			   guint32 channels, enum nl80211_iftype group)
{
	guint types[] = {NL80211_IFTYPE_STATION, group, NL80211_IFTYPE_P2P_DEVICE};
	guint n = radio->types & (1U << NL80211_IFTYPE_P2P_DEVICE) ? 3 : 2;

	return most >= n && fits(limits, n_limits, types, n) ? channels : 0;
}

static void read_combination(CtlRadio *radio, struct nlattr *nest)
{
	static struct nla_policy policy[NUM_NL80211_IFACE_COMB] = {
		[NL80211_IFACE_COMB_LIMITS] = {.type = NLA_NESTED},
		[NL80211_IFACE_COMB_MAXNUM] = {.type = NLA_U32},
		[NL80211_IFACE_COMB_NUM_CHANNELS] = {.type = NLA_U32},
	};
	static struct nla_policy limit_policy[NUM_NL80211_IFACE_LIMIT] = {
		[NL80211_IFACE_LIMIT_TYPES] = {.type = NLA_NESTED},
		[NL80211_IFACE_LIMIT_MAX] = {.type = NLA_U32},
	};
	struct nlattr *comb[NUM_NL80211_IFACE_COMB];
	CtlLimit limits[MAX_LIMITS];
	guint32 most, channels;
	struct nlattr *attr;
	guint n = 0;
	int left;

	if (nla_parse_nested(comb, MAX_NL80211_IFACE_COMB, nest, policy) ||
	    !comb[NL80211_IFACE_COMB_LIMITS] || !comb[NL80211_IFACE_COMB_MAXNUM] ||
	    !comb[NL80211_IFACE_COMB_NUM_CHANNELS])
		return;
	most = nla_get_u32(comb[NL80211_IFACE_COMB_MAXNUM]);
	channels = nla_get_u32(comb[NL80211_IFACE_COMB_NUM_CHANNELS]);
	nla_for_each_nested(attr, comb[NL80211_IFACE_COMB_LIMITS], left) {
		struct nlattr *limit[NUM_NL80211_IFACE_LIMIT];

		if (n == MAX_LIMITS ||
		    nla_parse_nested(limit, MAX_NL80211_IFACE_LIMIT, attr, limit_policy) ||
		    !limit[NL80211_IFACE_LIMIT_TYPES] || !limit[NL80211_IFACE_LIMIT_MAX])
			continue;
		limits[n].types = read_types(limit[NL80211_IFACE_LIMIT_TYPES]);
		limits[n++].left = nla_get_u32(limit[NL80211_IFACE_LIMIT_MAX]);
	}
	radio->channels_as_client =
		MAX(radio->channels_as_client,
		    channels_with(radio, limits, n, most, channels, NL80211_IFTYPE_P2P_CLIENT));
	radio->channels_as_owner =
		MAX(radio->channels_as_owner,
		    channels_with(radio, limits, n, most, channels, NL80211_IFTYPE_P2P_GO));
}

/* One radio comes in several messages; its types come before its combinations. */
static int on_radio(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[NL80211_ATTR_MAX + 1];
	GPtrArray *radios = data;
	CtlRadio *radio;
	struct nlattr *attr;
	guint32 number;
	int left;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs, NL80211_ATTR_MAX, NULL) ||
	    !attrs[NL80211_ATTR_WIPHY])
		return NL_OK;
	number = nla_get_u32(attrs[NL80211_ATTR_WIPHY]);
	radio = radios->len ? g_ptr_array_index(radios, radios->len - 1) : NULL;
	if (!radio || radio->number != number) {
		radio = g_new0(CtlRadio, 1);
		radio->number = number;
		g_ptr_array_add(radios, radio);
	}
	if (!radio->name && attrs[NL80211_ATTR_WIPHY_NAME])
		radio->name = g_strdup(nla_get_string(attrs[NL80211_ATTR_WIPHY_NAME]));
	if (attrs[NL80211_ATTR_SUPPORTED_IFTYPES])
		radio->types = read_types(attrs[NL80211_ATTR_SUPPORTED_IFTYPES]);
	if (attrs[NL80211_ATTR_INTERFACE_COMBINATIONS])
		nla_for_each_nested(attr, attrs[NL80211_ATTR_INTERFACE_COMBINATIONS], left)
			read_combination(radio, attr);
	return NL_OK;
}

static int on_regulation(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[NL80211_ATTR_MAX + 1];
	char **country = data;

	if (!genlmsg_parse(nlmsg_hdr(msg), 0, attrs, NL80211_ATTR_MAX, NULL) &&
	    attrs[NL80211_ATTR_REG_ALPHA2] && !*country)
		*country = g_strndup(nla_data(attrs[NL80211_ATTR_REG_ALPHA2]),
				     MIN(nla_len(attrs[NL80211_ATTR_REG_ALPHA2]), 2));
	return NL_OK;
}

/* Asks nl80211; FALSE if this kernel has no Wi-Fi at all, or does not answer. */
static gboolean ask(enum nl80211_commands command, int flags, nl_recvmsg_msg_cb_t on_answer,
		    gpointer data)
{
	const struct timeval limit = {.tv_sec = ANSWER_S};
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc();
	gboolean answered = FALSE;
	int family;

	if (!sock || !msg || genl_connect(sock) ||
	    setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		goto out;
	family = genl_ctrl_resolve(sock, NL80211_GENL_NAME);
	if (family < 0 ||
	    !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, command, 0) ||
	    (flags & NLM_F_DUMP && nla_put_flag(msg, NL80211_ATTR_SPLIT_WIPHY_DUMP)))
		goto out;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_answer, data);
	answered = nl_send_auto(sock, msg) >= 0 &&
		   (flags & NLM_F_DUMP ? nl_recvmsgs_default(sock) : nl_wait_for_ack(sock)) >= 0;
out:
	nlmsg_free(msg);
	nl_socket_free(sock);
	return answered;
}

static void say_of_radio(CtlPatient *patient, const CtlRadio *radio)
{
	const guint32 both = 1U << NL80211_IFTYPE_P2P_CLIENT | 1U << NL80211_IFTYPE_P2P_GO;
	const char *name = radio->name ? radio->name : "a radio";
	guint channels = MIN(radio->channels_as_client, radio->channels_as_owner);

	if (!(radio->types & both)) {
		ctl_patient_say(patient, CTL_HEALTH_WARNING,
				N_("%s: its driver has no Wi-Fi Direct."), name);
		ctl_patient_advise(
			patient, CTL_COST_ADAPTER, NULL,
			N_("use an adapter whose driver has Wi-Fi Direct, or sinks on the LAN"));
	} else if ((radio->types & both) != both) {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("%s: its driver can be only %s of a Wi-Fi Direct group: some sinks "
			   "will not connect."),
			name,
			radio->types & 1U << NL80211_IFTYPE_P2P_GO ? N_("owner") : N_("client"));
	} else if (!radio->channels_as_client && !radio->channels_as_owner) {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("%s: Wi-Fi Direct, but not beside a connection to an access point."),
			name);
		ctl_patient_advise(
			patient, CTL_COST_ADAPTER, NULL,
			N_("use a second adapter, if that connection is needed meanwhile"));
	} else if (!channels) {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("%s: Wi-Fi Direct; beside a connection to an access point only as "
			   "the group's %s."),
			name, radio->channels_as_owner ? N_("owner") : N_("client"));
	} else {
		ctl_patient_say(patient, CTL_HEALTH_OK,
				"%s: Wi-Fi Direct beside a connection to an access point, %s.",
				name, channels > 1 ? "on channels of their own" : "on its channel");
	}
}

static void say_of_switches(CtlPatient *patient)
{
	g_auto(GStrv) switches = ctl_patient_list(patient, "/sys/class/rfkill");

	for (char **name = switches; *name; name++) {
		g_autofree char *type_path = g_strdup_printf("/sys/class/rfkill/%s/type", *name);
		g_autofree char *soft_path = g_strdup_printf("/sys/class/rfkill/%s/soft", *name);
		g_autofree char *hard_path = g_strdup_printf("/sys/class/rfkill/%s/hard", *name);
		g_autofree char *type = ctl_patient_read(patient, type_path);
		g_autofree char *soft = ctl_patient_read(patient, soft_path);
		g_autofree char *hard = ctl_patient_read(patient, hard_path);

		if (g_strcmp0(type, "wlan"))
			continue;
		if (!g_strcmp0(hard, "1")) {
			ctl_patient_say(patient, CTL_HEALTH_WARNING,
					N_("%s: a switch of the machine keeps Wi-Fi off."), *name);
			ctl_patient_advise(patient, CTL_COST_NOTHING, NULL,
					   N_("use the machine's switch or key"));
		} else if (!g_strcmp0(soft, "1")) {
			ctl_patient_say(patient, CTL_HEALTH_WARNING,
					N_("%s: Wi-Fi is switched off."), *name);
			ctl_patient_advise(patient, CTL_COST_PASSWORD, "switch-wifi-on",
					   "rfkill unblock wlan");
		}
	}
}

void ctl_look_at_radios(CtlPatient *patient)
{
	g_autoptr(GPtrArray) radios = g_ptr_array_new_with_free_func(free_radio);

	/* Without a root of its own it is this kernel that is asked. */
	if (!ask(NL80211_CMD_GET_WIPHY, NLM_F_DUMP, on_radio, radios) || !radios->len) {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("There is no Wi-Fi adapter: no sink is reached by Wi-Fi Direct."));
		ctl_patient_advise(patient, CTL_COST_ADAPTER, NULL,
				   N_("plug in an adapter; sinks on the LAN are reached without"));
	}
	/* Before what the radios can do: nothing else counts while one is off. */
	say_of_switches(patient);
	for (guint i = 0; i < radios->len; i++)
		say_of_radio(patient, g_ptr_array_index(radios, i));
}

void ctl_look_at_regulation(CtlPatient *patient)
{
	g_autofree char *country = NULL;

	if (!ask(NL80211_CMD_GET_REG, 0, on_regulation, &country) || !country) {
		ctl_patient_say(patient, CTL_HEALTH_UNKNOWN,
				"There is no Wi-Fi adapter to ask for the country's rules.");
	} else if (!strcmp(country, "00")) {
		ctl_patient_say(
			patient, CTL_HEALTH_WARNING,
			N_("No country is set: only 2.4 GHz is sure to be allowed for a group "
			   "of our own."));
		ctl_patient_advise(patient, CTL_COST_DOWNLOAD, NULL,
				   N_("iw reg set XX, with your country's letters (apt install "
				      "wireless-regdb iw)"));
	} else {
		ctl_patient_say(patient, CTL_HEALTH_OK, "The rules of \"%s\" hold.", country);
	}
}
