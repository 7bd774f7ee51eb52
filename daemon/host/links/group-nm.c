// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-nm.h"

#include "firewall.h"
#include "station.h"
#include "wifi/network-manager.h"
#include "wifi/p2p.h"
#include "wifi/wfd-ie.h"

#include <net/if.h>
#include <netlink/cache.h>
#include <netlink/route/neighbour.h>
#include <string.h>

#define NM_PEER	 HOST_NM_NAME ".WifiP2PPeer"
#define NM_IP4	 HOST_NM_NAME ".IP4Config"
#define NM_DHCP4 HOST_NM_NAME ".DHCP4Config"

/* Why a device has changed its state (NMDeviceStateReason). */
#define NM_SUPPLICANT_DISCONNECT 8
#define NM_SUPPLICANT_TIMEOUT	 11
#define NM_SLEEPING		 37
#define NM_USER_REQUESTED	 39
#define NM_PEER_NOT_FOUND	 67
#define NM_UNMANAGED_SLEEPING	 73 /* in SLEEPING's place, since 1.48 */
/* NM_SETTING_WIRELESS_SECURITY_WPS_METHOD_PBC */
#define NM_WPS_BUTTON 4

#define IN_USE "its Wi-Fi Direct device is in use"

#define CALL_MS	    25000
#define MAX_REPEATS 2
/* For the sink's person to accept. NetworkManager gives up after 45 s by itself. */
#define ACCEPT_S 120
#define JOIN_S	 45 /* then, for keys and this machine's address */
#define LEAVE_S	 10 /* for the device to be put back */
/* NetworkManager empties what is said over the air after its device is free and the group has gone. */
#define SETTLE_MS 1000
#define FIND_S	  30
/* So long it may take to show a sink that the supplicant sees. */
#define BLIND_US (5 * G_TIME_SPAN_SECOND)

enum {
	STAGE_USE = HOST_GROUP_NEW + 1, /* the supplicant */
	STAGE_SEARCH, /* the sink, seen by both */
	STAGE_STATION, /* the person: may the Wi-Fi network be left? */
	STAGE_ACTIVATE, /* NetworkManager, and the sink's person */
	STAGE_ADDRESS, /* the sink's, where the group is ours */
};

static const HostGroupLimit limits[] = {
	[STAGE_USE] = {25, HOST_REASON_SUPPLICANT_AWAY},
	[STAGE_SEARCH] = {60, HOST_REASON_SINK_NOT_FOUND},
	[STAGE_ACTIVATE] = {ACCEPT_S, HOST_REASON_NOT_ACCEPTED},
	[STAGE_ADDRESS] = {30, HOST_REASON_SINK_TOOK_NO_ADDRESS},
};

struct _HostGroupNm {
	HostGroup group;

	GDBusObjectManager *objects;
	HostSupplicant *supplicant;
	char *sink;
	guint16 port;
	HostAgent *agent;
	gboolean has_pin;
	int intent;

	GCancellable *asking; /* of questions to the agent */
	gboolean may_leave; /* the Wi-Fi network: the person has been asked */
	gint64 search_began; /* monotonic us */
	gboolean searching;
	gboolean reading, is_read; /* what the supplicant knows of the sink now */
	gint64 find_began; /* monotonic us: NetworkManager was told to look; 0: it was not */
	gboolean forgot; /* the supplicant, all sinks */
	guint repeats; /* because frames were lost, or nobody had accepted yet */

	char *device; /* NetworkManager's */
	guint state; /* of it */
	char *active; /* the connection in it */
	gboolean activating; /* the call is under way */
	gboolean has_activated; /* what is said over the air is emptied at its end */
	char *path; /* the supplicant's object of the group's interface */
	GInetAddress *owner; /* (nullable): the sink's address, as it came with the keys */
	gint64 asked_at; /* monotonic us: the sink */
	gint64 accept_until; /* monotonic us, of its person; 0: nobody was asked */
	HostReason failure; /* that the supplicant told of; HOST_N_REASONS: none */
	gboolean is_owner; /* as it told */
};

G_DEFINE_FINAL_TYPE(HostGroupNm, host_group_nm, HOST_TYPE_GROUP)

static void call(HostGroupNm *self, const char *path, const char *interface, const char *method,
		 GVariant *parameters, GAsyncReadyCallback callback)
{
	g_dbus_connection_call(host_supplicant_get_connection(self->supplicant), HOST_NM_NAME, path,
			       interface, method, parameters, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
			       CALL_MS, NULL, callback, callback ? g_object_ref(self) : NULL);
}

/*
 * The end.
 */

static void stop_search(HostGroupNm *self)
{
	if (self->searching)
		host_supplicant_stop_search(self->supplicant);
	self->searching = FALSE;
}

static void host_group_nm_let_go(HostGroup *group)
{
	HostGroupNm *self = HOST_GROUP_NM(group);

	g_signal_handlers_disconnect_by_data(self->objects, self);
	g_signal_handlers_disconnect_by_data(self->supplicant, self);
	stop_search(self);
	host_supplicant_give_back(self->supplicant, self);
	if (self->has_activated)
		host_supplicant_announce_again(self->supplicant);
	self->has_activated = FALSE;
}

static gboolean on_settled(HostGroup *group)
{
	/* The group is still there; that is waited for, within the limit. */
	if (HOST_GROUP_NM(group)->path)
		return G_SOURCE_CONTINUE;
	host_group_finish(group);
	return G_SOURCE_REMOVE;
}

static void settle(HostGroupNm *self)
{
	host_group_look(&self->group, SETTLE_MS, on_settled);
}

static void deactivate(HostGroupNm *self)
{
	call(self, HOST_NM_ROOT, HOST_NM_NAME, "DeactivateConnection",
	     g_variant_new("(o)", self->active), NULL);
}

static void host_group_nm_put_back(HostGroup *group, int from)
{
	HostGroupNm *self = HOST_GROUP_NM(group);

	g_cancellable_cancel(self->asking);
	stop_search(self);
	/* The session may begin the next one now. */
	host_supplicant_give_back(self->supplicant, self);
	if (self->find_began)
		call(self, self->device, HOST_NM_P2P, "StopFind", NULL, NULL);
	self->find_began = 0;
	if (self->active)
		deactivate(self);
	if (self->activating || (self->active && self->state > HOST_NM_DISCONNECTED))
		return;
	if (self->has_activated)
		settle(self);
	else
		host_group_finish(group);
}

static void host_group_nm_on_limit(HostGroup *group)
{
	HostGroupNm *self = HOST_GROUP_NM(group);
	HostReason reason = limits[group->stage].reason;
	const char *detail = NULL;

	if (group->stage == STAGE_SEARCH && self->state != HOST_NM_DISCONNECTED) {
		reason = HOST_REASON_NM_REFUSED;
		detail = "its Wi-Fi Direct device is not ready";
	} else if (self->failure != HOST_N_REASONS) {
		reason = self->failure;
	} else if (group->stage == STAGE_SEARCH && self->accept_until) {
		reason = HOST_REASON_NOT_ACCEPTED;
	} else if (group->stage == STAGE_ACTIVATE && self->path) {
		reason = HOST_REASON_GROUP_FAILED;
	}
	host_group_fail(group, reason, detail);
}

/*
 * Addresses.
 */

/* The only neighbour there, once the kernel knows it. */
static GInetAddress *find_neighbour(const char *interface)
{
	unsigned int index = if_nametoindex(interface);
	struct nl_sock *socket = nl_socket_alloc();
	struct nl_cache *cache = NULL;
	GInetAddress *found = NULL;

	if (socket && index && nl_connect(socket, NETLINK_ROUTE) == 0 &&
	    rtnl_neigh_alloc_cache(socket, &cache) == 0) {
		for (struct nl_object *o = nl_cache_get_first(cache); o && !found;
		     o = nl_cache_get_next(o)) {
			struct rtnl_neigh *neighbour = (struct rtnl_neigh *)o;
			struct nl_addr *address = rtnl_neigh_get_dst(neighbour);

			if (rtnl_neigh_get_ifindex(neighbour) == (int)index && address &&
			    nl_addr_get_family(address) == AF_INET &&
			    rtnl_neigh_get_lladdr(neighbour) &&
			    !(rtnl_neigh_get_state(neighbour) & (NUD_NOARP | NUD_FAILED)))
				found = g_inet_address_new_from_bytes(
					nl_addr_get_binary_addr(address), G_SOCKET_FAMILY_IPV4);
		}
		nl_cache_free(cache);
	}
	nl_socket_free(socket);
	return found;
}

static void finish_open(HostGroupNm *self)
{
	self->group.net.is_configured = TRUE;
	host_group_succeed(&self->group);
}

static gboolean on_look_for_address(HostGroup *group)
{
	HostGroupNm *self = HOST_GROUP_NM(group);

	self->group.net.peer = find_neighbour(self->group.net.interface);
	if (!self->group.net.peer)
		return G_SOURCE_CONTINUE;
	finish_open(self);
	return G_SOURCE_REMOVE;
}

/* The value of @name in the dictionaries of @list, the first of which counts. */
static char *first_string(GVariant *list, const char *name)
{
	g_autoptr(GVariant) first =
		list && g_variant_n_children(list) ? g_variant_get_child_value(list, 0) : NULL;
	char *value = NULL;

	if (first)
		g_variant_lookup(first, name, "s", &value);
	return value;
}

/* Who gave this machine's address: the owner of the group. */
static char *find_server(HostGroupNm *self, const char *ip4)
{
	g_autoptr(GVariant)
		path = host_nm_get(self->objects, self->device, HOST_NM_DEVICE, "Dhcp4Config", "o");
	g_autoptr(GVariant) options = NULL;
	g_autoptr(GVariant) gateway = host_nm_get(self->objects, ip4, NM_IP4, "Gateway", "s");
	char *server = NULL;

	if (path)
		options = host_nm_get(self->objects, g_variant_get_string(path, NULL), NM_DHCP4,
				      "Options", "a{sv}");
	if (options)
		g_variant_lookup(options, "dhcp_server_identifier", "s", &server);
	if (!server && gateway && *g_variant_get_string(gateway, NULL))
		server = g_variant_dup_string(gateway, NULL);
	return server;
}

/* FALSE: what it says of addresses is not there yet. */
static gboolean read_addresses(HostGroupNm *self)
{
	g_autoptr(GVariant) interface =
		host_nm_get(self->objects, self->device, HOST_NM_DEVICE, "IpInterface", "s");
	g_autoptr(GVariant)
		path = host_nm_get(self->objects, self->device, HOST_NM_DEVICE, "Ip4Config", "o");
	const char *ip4 = path ? g_variant_get_string(path, NULL) : NULL;
	g_autoptr(GVariant) list = host_nm_get(self->objects, ip4, NM_IP4, "AddressData", "aa{sv}");
	g_autofree char *local = first_string(list, "address");
	g_autofree char *server = NULL;

	if (!interface || !*g_variant_get_string(interface, NULL) || !local)
		return FALSE;
	host_group_net_clear(&self->group.net);
	self->group.net.interface = g_variant_dup_string(interface, NULL);
	self->group.net.local = g_inet_address_new_from_string(local);
	self->group.net.is_owner = self->is_owner;
	server = self->is_owner || self->owner ? NULL : find_server(self, ip4);
	if (server)
		self->group.net.peer = g_inet_address_new_from_string(server);
	else if (!self->is_owner && self->owner)
		self->group.net.peer = g_object_ref(self->owner);
	return self->group.net.local != NULL;
}

static gboolean on_look_after_activation(HostGroup *group)
{
	HostGroupNm *self = HOST_GROUP_NM(group);

	if (!read_addresses(self))
		return G_SOURCE_CONTINUE;
	if (self->group.net.peer) {
		finish_open(self);
		return G_SOURCE_REMOVE;
	}
	host_group_emit_step(&self->group, "address",
			     "The group is there, the sink gets an address");
	host_group_look_now(&self->group, HOST_GROUP_LOOK_OFTEN_MS, on_look_for_address);
	return G_SOURCE_REMOVE;
}

/*
 * Activation.
 */

static void search(HostGroupNm *self);

HostReason host_group_nm_why_lost(guint reason)
{
	switch (reason) {
	case NM_SUPPLICANT_DISCONNECT:
	case NM_PEER_NOT_FOUND: return HOST_REASON_LINK_LOST;
	case NM_SLEEPING:
	case NM_UNMANAGED_SLEEPING: return HOST_REASON_SUSPENDED;
	case NM_USER_REQUESTED: return HOST_REASON_STOPPED_BY_USER;
	default: return HOST_REASON_GROUP_REMOVED;
	}
}

static HostReason reason_of(HostGroupNm *self, guint reason)
{
	if (reason == NM_SUPPLICANT_TIMEOUT && !self->path)
		return HOST_REASON_NOT_ACCEPTED;
	if (reason == NM_USER_REQUESTED || reason == NM_SLEEPING || reason == NM_UNMANAGED_SLEEPING)
		return host_group_nm_why_lost(reason);
	/* Of a sink that was let in and did not come it says the same. */
	if (reason == NM_PEER_NOT_FOUND && !self->path)
		return HOST_REASON_SINK_NOT_FOUND;
	return HOST_REASON_GROUP_FAILED;
}

static void repeat(HostGroupNm *self)
{
	self->repeats++;
	self->failure = HOST_N_REASONS;
	g_clear_pointer(&self->active, g_free);
	host_supplicant_announce_again(self->supplicant);
	search(self);
}

/* The activation has failed, for its @reason. */
static void fail_activation(HostGroupNm *self, guint reason)
{
	g_autofree char *detail = g_strdup_printf("NetworkManager's reason %u", reason);
	gboolean is_told = self->failure != HOST_N_REASONS;
	/* The supplicant knows better. */
	HostReason known = is_told ? self->failure : reason_of(self, reason);

	if (self->repeats < MAX_REPEATS && known == HOST_REASON_NOT_ACCEPTED &&
	    reason == NM_SUPPLICANT_TIMEOUT) {
		host_group_emit_step(&self->group, "asking-again",
				     "Nobody has accepted at the sink yet: it is asked again");
		repeat(self);
	} else if (self->repeats < MAX_REPEATS && known == HOST_REASON_GROUP_FAILED && !is_told) {
		g_message("No group came about (%s): once more", detail);
		/* Who has accepted is asked anew. */
		self->accept_until = 0;
		repeat(self);
	} else {
		host_group_fail(&self->group, known, detail);
	}
}

/* So does the group, for its @reason. */
static void lose_activation(HostGroupNm *self, guint reason)
{
	g_autofree char *detail = g_strdup_printf("by NetworkManager, for its reason %u", reason);
	const char *unused;

	/* Of a radio that is switched off it gives no reason. */
	if (host_supplicant_get_problem(self->supplicant, &unused) == HOST_REASON_RADIO_BLOCKED)
		host_group_lose(&self->group, HOST_REASON_RADIO_BLOCKED, NULL);
	else if (reason == NM_SUPPLICANT_DISCONNECT)
		host_group_lose(&self->group, HOST_REASON_LINK_LOST,
				"the Wi-Fi Direct group has ended");
	else if (reason == NM_PEER_NOT_FOUND)
		host_group_lose(&self->group, HOST_REASON_LINK_LOST, "the sink has left the group");
	else
		host_group_lose(&self->group, host_group_nm_why_lost(reason), detail);
}

/* Each change of state is told of; what the properties say may have passed over some. */
static void on_signal(GDBusObjectManagerClient *objects, GDBusObjectProxy *object,
		      GDBusProxy *proxy, const char *sender, const char *name, GVariant *parameters,
		      HostGroupNm *self)
{
	g_autoptr(HostGroupNm) kept = g_object_ref(self);
	guint state, reason;

	if (strcmp(name, "StateChanged") ||
	    g_strcmp0(g_dbus_proxy_get_object_path(proxy), self->device) ||
	    !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(uuu)")))
		return;
	g_variant_get(parameters, "(uuu)", &state, NULL, &reason);
	self->state = state;
	if (self->group.stage == HOST_GROUP_LEAVING && state <= HOST_NM_DISCONNECTED) {
		settle(self);
	} else if (self->group.stage == STAGE_ACTIVATE && state == HOST_NM_ACTIVATED) {
		host_group_set_stage(&self->group, STAGE_ADDRESS);
		host_group_look_now(&self->group, HOST_GROUP_LOOK_OFTEN_MS,
				    on_look_after_activation);
	} else if (self->group.stage == STAGE_ACTIVATE && self->active &&
		   (state <= HOST_NM_DISCONNECTED || state > HOST_NM_DEACTIVATING)) {
		fail_activation(self, reason);
	} else if (self->group.stage == STAGE_ADDRESS && state != HOST_NM_ACTIVATED) {
		fail_activation(self, reason);
	} else if (self->group.stage == HOST_GROUP_OPEN && state != HOST_NM_ACTIVATED) {
		lose_activation(self, reason);
	}
}

static void call_supplicant(HostGroupNm *self, const char *path, const char *method)
{
	g_dbus_connection_call(host_supplicant_get_connection(self->supplicant),
			       HOST_SUPPLICANT_NAME, path, HOST_SUPPLICANT_P2P, method, NULL, NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, NULL, NULL, NULL);
}

static void on_owner_changed(GObject *objects, GParamSpec *pspec, HostGroupNm *self)
{
	g_autoptr(HostGroupNm) kept = g_object_ref(self);
	g_autofree char *owner =
		g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(objects));

	if (owner)
		return;
	self->state = 0;
	/* It may have had no time to end the group, or to take back what it asked the sink. */
	if (self->path)
		call_supplicant(self, self->path, "Disconnect");
	else if (self->group.stage == STAGE_ACTIVATE && host_supplicant_get_p2p(self->supplicant))
		call_supplicant(self, host_supplicant_get_p2p(self->supplicant), "Cancel");
	g_clear_pointer(&self->active, g_free);
	if (self->group.stage == HOST_GROUP_LEAVING)
		host_group_finish(&self->group);
	else if (self->group.stage > HOST_GROUP_NEW && self->group.stage < HOST_GROUP_LEAVING)
		host_group_lose(&self->group, HOST_REASON_NM_AWAY, NULL);
}

static void on_activated(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupNm) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	char *active = NULL;

	self->activating = FALSE;
	if (answer && g_variant_is_of_type(answer, G_VARIANT_TYPE("(ooa{sv})")))
		g_variant_get(answer, "(ooa{sv})", NULL, &active, NULL);
	g_free(self->active);
	self->active = active;
	self->has_activated = active != NULL;
	if (self->group.stage != STAGE_ACTIVATE) {
		/* It was called off meanwhile. */
		if (active)
			deactivate(self);
		else if (self->group.stage == HOST_GROUP_LEAVING)
			host_group_finish(&self->group);
		return;
	}
	if (!active && host_group_is_gone(error)) {
		host_group_fail(&self->group, HOST_REASON_NM_AWAY, NULL);
	} else if (!active) {
		if (error)
			g_dbus_error_strip_remote_error(error);
		host_group_fail(&self->group, HOST_REASON_NM_REFUSED,
				error ? error->message : NULL);
	}
}

static GVariant *make_connection(HostGroupNm *self)
{
	g_autofree char *name = g_strdup_printf("Wireless display %s", self->sink);
	g_autofree char *peer = g_ascii_strup(self->sink, -1);
	g_auto(GVariantDict) connection = G_VARIANT_DICT_INIT(NULL);

	g_variant_dict_insert(&connection, "type", "s", "wifi-p2p");
	g_variant_dict_insert(&connection, "id", "s", name);
	g_variant_dict_insert(&connection, "autoconnect", "b", FALSE);
	/* The one that it takes by itself where it owns the group lets nobody come to us. */
	if (host_firewall_has_zone())
		g_variant_dict_insert(&connection, "zone", "s", HOST_FIREWALL_ZONE);
	/* The display's network leads nowhere else, and names nothing, whatever its DHCP says. */
	return g_variant_new_parsed(
		"{'connection': %@a{sv}, "
		"'wifi-p2p': {'peer': <%s>, 'wps-method': <%u>, 'wfd-ies': <%*>}, "
		"'ipv4': {'method': <'auto'>, 'never-default': <true>, "
		"'ignore-auto-dns': <true>, 'ignore-auto-routes': <true>}, "
		"'ipv6': {'method': <'disabled'>}}",
		g_variant_dict_end(&connection), peer, (guint)NM_WPS_BUTTON,
		host_wfd_ie_source(self->port));
}

/* NetworkManager's object of the sink; transfer full, or NULL. */
static char *find_peer(HostGroupNm *self)
{
	g_autoptr(GVariant)
		peers = host_nm_get(self->objects, self->device, HOST_NM_P2P, "Peers", "ao");
	GVariantIter iter;
	const char *path;

	if (!peers)
		return NULL;
	g_variant_iter_init(&iter, peers);
	while (g_variant_iter_next(&iter, "&o", &path)) {
		g_autoptr(GVariant)
			address = host_nm_get(self->objects, path, NM_PEER, "HwAddress", "s");

		if (address && !g_ascii_strcasecmp(g_variant_get_string(address, NULL), self->sink))
			return g_strdup(path);
	}
	return NULL;
}

/* Of the time that the sink's person has. */
static void limit_acceptance(HostGroupNm *self)
{
	gint64 left = self->accept_until - g_get_monotonic_time();

	host_group_set_limit(&self->group, (guint)MAX(left / G_TIME_SPAN_SECOND, 1));
}

static void activate(HostGroupNm *self, const char *peer)
{
	self->asked_at = g_get_monotonic_time();
	host_group_set_stage(&self->group, STAGE_ACTIVATE);
	stop_search(self);
	if (!self->accept_until) {
		self->accept_until = self->asked_at + ACCEPT_S * G_TIME_SPAN_SECOND;
		host_group_emit_step(&self->group, "pairing",
				     "The sink is asked, and may have to be told to accept");
	}
	limit_acceptance(self);
	self->activating = TRUE;
	/* It goes when miracastd does. */
	call(self, HOST_NM_ROOT, HOST_NM_NAME, "AddAndActivateConnection2",
	     g_variant_new("(@a{sa{sv}}oo@a{sv})", make_connection(self), self->device, peer,
			   g_variant_new_parsed("{'persist': <'volatile'>, "
						"'bind-activation': <'dbus-client'>}")),
	     on_activated);
}

#define NO_PIN "a PIN is wanted, and it has the push button only"

const char *host_group_nm_get_obstacle(const HostPeer *peer)
{
	if (peer->is_owner)
		return "the sink owns a group already, and it joins none";
	return host_p2p_needs_pin(peer->methods) ? NO_PIN : NULL;
}

/* FALSE: it has failed. */
static gboolean check_sink(HostGroupNm *self, const HostPeer *peer)
{
	const char *missing = host_group_nm_get_obstacle(peer);

	if (!missing && self->has_pin)
		missing = NO_PIN;
	if (!missing && self->intent >= 0)
		missing = "it lets nobody choose the intent";
	if (missing)
		host_group_fail(&self->group, HOST_REASON_NM_UNABLE, missing);
	return !missing;
}

static void on_sink_read(gpointer data)
{
	g_autoptr(HostGroupNm) self = data;

	self->is_read = TRUE;
}

/* The Wi-Fi network may be left; the sink may have gone while that was asked. */
static void go_on(HostGroup *group)
{
	HostGroupNm *self = HOST_GROUP_NM(group);
	g_autofree char *peer = find_peer(self);

	self->may_leave = TRUE;
	if (peer) {
		activate(self, peer);
	} else if (self->repeats < MAX_REPEATS) {
		self->repeats++;
		search(self);
	} else {
		host_group_fail(&self->group, HOST_REASON_SINK_NOT_FOUND, NULL);
	}
}

/*
 * NetworkManager is told of the sinks that the supplicant finds, not of those that it knew when
 * NetworkManager was started.
 */
static void find_anew(HostGroupNm *self)
{
	/* A group that is formed, or about to be, needs its sink. */
	if (!host_supplicant_claim(self->supplicant, self))
		return;
	g_message("NetworkManager does not know the sink: the supplicant has to find it anew");
	call_supplicant(self, host_supplicant_get_p2p(self->supplicant), "Flush");
	host_supplicant_give_back(self->supplicant, self);
	self->forgot = TRUE;
	self->find_began = 0;
	self->reading = FALSE;
	self->is_read = FALSE;
}

/* FALSE: not yet. */
static gboolean is_seen(HostGroupNm *self)
{
	const HostPeer *seen =
		host_peers_find(host_supplicant_get_peers(self->supplicant), self->sink);
	g_autofree char *peer = NULL;

	if (!seen || g_get_monotonic_time() - self->search_began < HOST_GROUP_FRESH_MS * 1000 ||
	    self->state != HOST_NM_DISCONNECTED)
		return FALSE;
	if (!self->reading)
		host_supplicant_read_peer(self->supplicant, seen, on_sink_read, g_object_ref(self));
	self->reading = TRUE;
	if (!self->is_read || !check_sink(self, seen))
		return FALSE;
	peer = find_peer(self);
	if (peer)
		return TRUE;
	if (!self->find_began) {
		call(self, self->device, HOST_NM_P2P, "StartFind",
		     g_variant_new_parsed("({'timeout': <%i>},)", FIND_S), NULL);
		self->find_began = g_get_monotonic_time();
	} else if (!self->forgot && g_get_monotonic_time() - self->find_began > BLIND_US) {
		find_anew(self);
	}
	return FALSE;
}

static gboolean on_look_for_sink(HostGroup *group)
{
	HostGroupNm *self = HOST_GROUP_NM(group);

	/* Failing and the next stage remove this source. */
	if (!is_seen(self))
		return G_SOURCE_CONTINUE;
	if (!host_supplicant_claim(self->supplicant, self)) {
		host_group_fail(group, HOST_REASON_NM_REFUSED, IN_USE);
		return G_SOURCE_CONTINUE;
	}
	if (self->may_leave) {
		go_on(&self->group);
		return G_SOURCE_CONTINUE;
	}
	host_group_set_stage(&self->group, STAGE_STATION);
	host_station_ask(&self->group, self->supplicant, self->agent, self->asking, go_on);
	return G_SOURCE_CONTINUE;
}

static void search(HostGroupNm *self)
{
	host_supplicant_give_back(self->supplicant, self);
	self->reading = FALSE;
	self->is_read = FALSE;
	self->find_began = 0;
	g_clear_pointer(&self->path, g_free);
	host_group_set_stage(&self->group, STAGE_SEARCH);
	if (self->accept_until)
		limit_acceptance(self);
	else
		host_group_emit_step(&self->group, "searching", "The sink is looked for");
	host_supplicant_start_search(self->supplicant);
	self->searching = TRUE;
	self->search_began = g_get_monotonic_time();
	host_group_look(&self->group, HOST_GROUP_LOOK_MS, on_look_for_sink);
}

static void on_ready(const GError *error, gpointer data)
{
	HostGroupNm *self = data;
	const char *interface = host_supplicant_get_interface(self->supplicant);

	if (self->group.stage != STAGE_USE)
		return;
	if (error) {
		host_group_put_back(&self->group, g_error_copy(error));
		return;
	}
	self->device = interface ? host_nm_find_p2p_device(self->objects, interface) : NULL;
	if (!self->device) {
		host_group_fail(&self->group, HOST_REASON_NM_UNABLE,
				"it has no Wi-Fi Direct device there");
		return;
	}
	self->state = host_nm_get_state(self->objects, self->device);
	/* Else it is about to be free. */
	if (self->state > HOST_NM_DISCONNECTED && self->state <= HOST_NM_ACTIVATED) {
		host_group_fail(&self->group, HOST_REASON_NM_REFUSED, IN_USE);
		return;
	}
	search(self);
}

/*
 * What the supplicant says, and NetworkManager does not.
 */

static void on_interface_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupNm) self = data;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, NULL);
	g_autoptr(GVariant) name = NULL;

	if (answer)
		g_variant_get(answer, "(v)", &name);
	if (name && g_variant_is_of_type(name, G_VARIANT_TYPE_STRING) &&
	    (self->group.stage == STAGE_ACTIVATE || self->group.stage == STAGE_ADDRESS))
		host_group_emit_interface(&self->group, g_variant_get_string(name, NULL));
}

/* NetworkManager says it once all is done, and the sink may have come before that. */
static void read_interface(HostGroupNm *self)
{
	g_dbus_connection_call(host_supplicant_get_connection(self->supplicant),
			       HOST_SUPPLICANT_NAME, self->path, HOST_SUPPLICANT_PROPERTIES, "Get",
			       g_variant_new("(ss)", HOST_SUPPLICANT_INTERFACE, "Ifname"),
			       G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS,
			       NULL, on_interface_read, g_object_ref(self));
}

static void on_event(HostSupplicant *supplicant, const char *path, const char *name,
		     GVariant *parameters, HostGroupNm *self)
{
	g_autoptr(GVariant) properties = NULL;
	const char *role, *group;
	int status;

	if (!strcmp(name, "InterfaceRemoved") &&
	    g_variant_is_of_type(parameters, G_VARIANT_TYPE("(o)"))) {
		g_variant_get(parameters, "(&o)", &group);
		if (!g_strcmp0(group, self->path)) {
			g_clear_pointer(&self->path, g_free);
			if (self->group.stage == HOST_GROUP_LEAVING && self->group.look_source)
				settle(self);
		}
	}
	if (self->group.stage != STAGE_ACTIVATE)
		return;
	if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(a{sv})")))
		properties = g_variant_get_child_value(parameters, 0);
	if (!properties)
		return;
	if (!strcmp(name, "GroupStarted") && g_variant_lookup(properties, "role", "&s", &role) &&
	    g_variant_lookup(properties, "interface_object", "&o", &group)) {
		self->is_owner = !strcmp(role, "GO");
		g_free(self->path);
		self->path = g_strdup(group);
		g_clear_object(&self->owner);
		self->owner = host_group_lookup_address(properties, "IpAddrGo");
		host_group_set_limit(&self->group, JOIN_S);
		read_interface(self);
		host_group_emit_step(&self->group, "joining",
				     "The sink has accepted, keys are exchanged");
	} else if (!strcmp(name, "GONegotiationFailure") &&
		   g_variant_lookup(properties, "status", "i", &status)) {
		self->failure = host_p2p_reason(status, (g_get_monotonic_time() - self->asked_at) /
								G_TIME_SPAN_SECOND);
	}
}

/* While the sink is looked for, NetworkManager has nothing to tell of. */
static void on_supplicant_changed(HostSupplicant *supplicant, HostGroupNm *self)
{
	g_autoptr(HostGroupNm) kept = g_object_ref(self);
	const char *detail;
	HostReason problem = host_supplicant_get_problem(supplicant, &detail);

	if (problem != HOST_N_REASONS &&
	    (self->group.stage == STAGE_SEARCH || self->group.stage == STAGE_STATION))
		host_group_fail(&self->group, problem, detail);
}

/*
 * As a group.
 */

static void host_group_nm_begin(HostGroup *group)
{
	HostGroupNm *self = HOST_GROUP_NM(group);

	g_signal_connect(self->supplicant, "event", G_CALLBACK(on_event), self);
	g_signal_connect(self->supplicant, "changed", G_CALLBACK(on_supplicant_changed), self);
	g_signal_connect(self->objects, "interface-proxy-signal", G_CALLBACK(on_signal), self);
	g_signal_connect(self->objects, "notify::name-owner", G_CALLBACK(on_owner_changed), self);
	host_group_set_stage(&self->group, STAGE_USE);
	self->group.use = host_supplicant_use(self->supplicant, self->port, on_ready, self);
}

static void host_group_nm_init(HostGroupNm *self)
{
	self->failure = HOST_N_REASONS;
	self->asking = g_cancellable_new();
}

static void host_group_nm_finalize(GObject *object)
{
	HostGroupNm *self = HOST_GROUP_NM(object);

	host_group_nm_let_go(&self->group);
	g_free(self->sink);
	g_free(self->device);
	g_free(self->active);
	g_free(self->path);
	g_clear_object(&self->owner);
	g_object_unref(self->asking);
	g_object_unref(self->agent);
	g_object_unref(self->objects);
	g_object_unref(self->supplicant);
	G_OBJECT_CLASS(host_group_nm_parent_class)->finalize(object);
}

static void host_group_nm_class_init(HostGroupNmClass *class)
{
	HostGroupClass *group = HOST_GROUP_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = host_group_nm_finalize;
	group->maker = HOST_GROUP_MAKER_NM;
	group->limits = limits;
	group->n_limits = G_N_ELEMENTS(limits);
	group->leave_s = LEAVE_S;
	group->begin = host_group_nm_begin;
	group->put_back = host_group_nm_put_back;
	group->let_go = host_group_nm_let_go;
	group->on_limit = host_group_nm_on_limit;
}

HostGroup *host_group_nm_new(GDBusObjectManager *objects, HostSupplicant *supplicant,
			     const char *sink, guint16 port, HostAgent *agent, gboolean has_pin,
			     int intent)
{
	HostGroupNm *self = g_object_new(HOST_TYPE_GROUP_NM, NULL);

	self->objects = g_object_ref(objects);
	self->supplicant = g_object_ref(supplicant);
	self->sink = g_strdup(sink);
	self->port = port;
	self->agent = g_object_ref(agent);
	self->has_pin = has_pin;
	self->intent = intent;
	return HOST_GROUP(self);
}
