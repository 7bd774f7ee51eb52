// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-iwd.h"

#include "wifi/radio.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#define MAX_REPEATS  1
#define LEAVE_S	     10 /* for iwd to end the group */
#define MAX_ACCEPT_S 110 /* iwd gives up after 120, and says no more than that it failed */
enum {
	STAGE_USE = HOST_GROUP_NEW + 1, /* iwd */
	STAGE_SEARCH, /* the sink */
	STAGE_CONNECT, /* the sink's person */
	STAGE_JOIN, /* keys, and what iwd does for addresses */
	STAGE_ADDRESS, /* this machine's, to be seen */
};

static const HostGroupLimit limits[] = {
	[STAGE_USE] = {30, HOST_REASON_IWD_REFUSED},
	[STAGE_SEARCH] = {60, HOST_REASON_SINK_NOT_FOUND},
	[STAGE_CONNECT] = {MAX_ACCEPT_S, HOST_REASON_NOT_ACCEPTED},
	[STAGE_JOIN] = {60, HOST_REASON_GROUP_FAILED},
	[STAGE_ADDRESS] = {10, HOST_REASON_NO_ADDRESS},
};

struct _HostGroupIwd {
	HostGroup group;

	HostIwd *iwd;
	char *sink;
	guint16 port;
	gboolean has_pin;
	int intent;

	gboolean searching;
	char *interface; /* the radio's own */
	char *peer; /* iwd's object of the sink, once it is connected to */
	gboolean connecting; /* the call is under way */
	gboolean disconnecting; /* so is that */
	guint repeats; /* because frames were lost, or the like */
};

G_DEFINE_FINAL_TYPE(HostGroupIwd, host_group_iwd, HOST_TYPE_GROUP)

static void call_peer(HostGroupIwd *self, const char *interface, const char *method,
		      GVariant *parameters, const char *reply, int limit_ms,
		      GAsyncReadyCallback callback)
{
	host_iwd_bus_call(host_iwd_get_connection(self->iwd), self->peer, interface, method,
			  parameters, reply, limit_ms, callback, g_object_ref(self));
}

/*
 * The end.
 */

static void stop_search(HostGroupIwd *self)
{
	if (self->searching)
		host_iwd_stop_search(self->iwd);
	self->searching = FALSE;
}

static void host_group_iwd_let_go(HostGroup *group)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);

	g_signal_handlers_disconnect_by_data(self->iwd, self);
	stop_search(self);
}

/* Of cancelling, or of leaving: iwd has one connection, and either ends it. */
static void on_disconnected(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	if (!answer)
		g_debug("Disconnect: %s", error->message);
	self->disconnecting = FALSE;
	if (self->group.stage == HOST_GROUP_LEAVING && !self->connecting)
		host_group_finish(&self->group);
}

static void disconnect(HostGroupIwd *self)
{
	self->disconnecting = TRUE;
	call_peer(self, HOST_IWD_PEER, "Disconnect", NULL, NULL, LEAVE_S * 1000, on_disconnected);
}

static void host_group_iwd_put_back(HostGroup *group, int from)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);
	gboolean is_connected = from == STAGE_ADDRESS || from == HOST_GROUP_OPEN;

	stop_search(self);
	if (host_iwd_is_there(self->iwd) && (self->connecting || is_connected))
		disconnect(self);
	else
		host_group_finish(group);
}

/*
 * Addresses: iwd has set this machine's, and tells the sink's.
 */

static GInetAddress *find_local(const char *interface)
{
	struct ifaddrs *all = NULL;
	GInetAddress *found = NULL;

	if (getifaddrs(&all))
		return NULL;
	for (struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)one->ifa_addr;

		if (in && in->sin_family == AF_INET && !strcmp(one->ifa_name, interface))
			found = g_inet_address_new_from_bytes((const guint8 *)&in->sin_addr,
							      G_SOCKET_FAMILY_IPV4);
	}
	freeifaddrs(all);
	return found;
}

/* FALSE: not yet. */
static gboolean read_net(HostGroupIwd *self, GVariant *properties)
{
	const char *interface, *peer;
	gboolean connected = FALSE;

	g_variant_lookup(properties, "Connected", "b", &connected);
	if (!connected || !g_variant_lookup(properties, "ConnectedInterface", "&s", &interface) ||
	    !g_variant_lookup(properties, "ConnectedIP", "&s", &peer))
		return FALSE;
	host_group_net_clear(&self->group.net);
	self->group.net.interface = g_strdup(interface);
	self->group.net.is_owner = host_radio_is_iwd_owner(interface);
	self->group.net.peer = g_inet_address_new_from_string(peer);
	self->group.net.local = find_local(interface);
	self->group.net.is_configured = TRUE;
	return self->group.net.peer && self->group.net.local;
}

static void read_peer(HostGroupIwd *self);

static gboolean on_look_for_address(HostGroup *group)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);

	read_peer(self);
	return G_SOURCE_REMOVE;
}

static void on_peer_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autoptr(GVariant) properties = answer ? g_variant_get_child_value(answer, 0) : NULL;

	if (self->group.stage != STAGE_ADDRESS)
		return;
	if (properties && read_net(self, properties))
		host_group_succeed(&self->group);
	else
		host_group_look(&self->group, HOST_GROUP_LOOK_OFTEN_MS, on_look_for_address);
}

static void read_peer(HostGroupIwd *self)
{
	call_peer(self, HOST_IWD_PROPERTIES, "GetAll", g_variant_new("(s)", HOST_IWD_PEER),
		  "(a{sv})", HOST_IWD_CALL_MS, on_peer_read);
}

/*
 * The connection.
 */

/* That the sink has accepted is seen by the group's interface only. */
static gboolean on_look_for_group(HostGroup *group)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);
	g_autofree char *interface = host_radio_find_group(self->interface);

	if (!interface)
		return G_SOURCE_CONTINUE;
	host_group_set_stage(&self->group, STAGE_JOIN);
	self->group.net.is_owner = host_radio_is_iwd_owner(interface);
	host_group_emit_interface(&self->group, interface);
	host_group_emit_step(&self->group, "joining", "The sink has accepted, keys are exchanged");
	return G_SOURCE_REMOVE;
}

static void search(HostGroupIwd *self);

/* Of what went wrong it says next to nothing. */
static void fail_connecting(HostGroupIwd *self, GError *error)
{
	if (host_group_is_gone(error)) {
		host_group_fail(&self->group, HOST_REASON_IWD_AWAY, NULL);
		return;
	}
	if (host_iwd_bus_is_error(error, HOST_IWD_NAME ".NotSupported")) {
		host_group_fail(&self->group, HOST_REASON_IWD_UNABLE,
				"the sink takes no push button, or wants a group that is stored");
	} else if (host_iwd_bus_is_error(error, HOST_IWD_NAME ".Busy") ||
		   host_iwd_bus_is_error(error, HOST_IWD_NAME ".InProgress")) {
		host_group_fail(&self->group, HOST_REASON_IWD_REFUSED,
				"it makes one connection at a time");
	} else if (self->group.stage == STAGE_JOIN && self->group.net.is_owner) {
		host_group_fail(&self->group, HOST_REASON_IWD_UNABLE,
				"the sink did not want to own the group");
	} else if (self->group.stage == STAGE_JOIN && host_iwd_is_on_network(self->iwd) &&
		   host_radio_count_channels(self->interface) < 2) {
		host_group_fail(&self->group, HOST_REASON_CHANNEL_CONFLICT, NULL);
	} else if (self->repeats < MAX_REPEATS) {
		g_message("No group came about: once more");
		self->repeats++;
		search(self);
	} else {
		g_dbus_error_strip_remote_error(error);
		host_group_fail(&self->group, HOST_REASON_GROUP_FAILED, error->message);
	}
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	self->connecting = FALSE;
	if (self->group.stage == STAGE_CONNECT || self->group.stage == STAGE_JOIN) {
		if (answer) {
			host_group_set_stage(&self->group, STAGE_ADDRESS);
			read_peer(self);
		} else {
			fail_connecting(self, error);
		}
	} else if (self->group.stage == HOST_GROUP_LEAVING && answer) {
		/* It came about while it was called off. */
		disconnect(self);
	} else if (self->group.stage == HOST_GROUP_LEAVING && !self->disconnecting) {
		host_group_finish(&self->group);
	}
}

static void connect_peer(HostGroupIwd *self, const HostPeer *peer)
{
	g_free(self->peer);
	self->peer = g_strdup(peer->path);
	stop_search(self);
	host_group_set_stage(&self->group, STAGE_CONNECT);
	host_group_look(&self->group, HOST_GROUP_LOOK_OFTEN_MS, on_look_for_group);
	host_group_emit_step(&self->group, "pairing",
			     "The sink is asked, and may have to be told to accept");
	self->connecting = TRUE;
	/* The stages' limits are shorter. */
	call_peer(self, HOST_IWD_PAIRING, "PushButton", NULL, NULL, G_MAXINT, on_connected);
}

/* FALSE: it has failed. */
static gboolean check_wishes(HostGroupIwd *self)
{
	const char *missing = NULL;

	if (self->has_pin)
		missing = "a PIN is wanted, and it has the push button only";
	else if (self->intent >= 0)
		missing = "it lets nobody choose the intent";
	if (missing)
		host_group_fail(&self->group, HOST_REASON_IWD_UNABLE, missing);
	return !missing;
}

static gboolean on_look_for_sink(HostGroup *group)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);
	const HostPeer *peer = host_peers_find(host_iwd_get_peers(self->iwd), self->sink);
	gint64 began = host_iwd_get_search_began(self->iwd);

	/* Failing and the next stage remove this source. */
	if (peer && began && g_get_monotonic_time() - began >= HOST_GROUP_FRESH_MS * 1000)
		connect_peer(self, peer);
	return G_SOURCE_CONTINUE;
}

static void search(HostGroupIwd *self)
{
	host_group_set_stage(&self->group, STAGE_SEARCH);
	host_group_emit_step(&self->group, "searching", "The sink is looked for");
	host_iwd_start_search(self->iwd);
	self->searching = TRUE;
	host_group_look(&self->group, HOST_GROUP_LOOK_MS, on_look_for_sink);
}

static void on_ready(const GError *error, gpointer data)
{
	HostGroupIwd *self = data;

	if (self->group.stage != STAGE_USE)
		return;
	if (error) {
		host_group_put_back(&self->group, g_error_copy(error));
		return;
	}
	self->interface = host_iwd_get_interface(self->iwd);
	if (!self->interface) {
		host_group_fail(&self->group, HOST_REASON_IWD_UNABLE,
				"its radio has no network interface");
		return;
	}
	/* It leaves no network for a group, and its interface is in the way even without one. */
	if (host_iwd_is_on_network(self->iwd) && !host_radio_count_channels(self->interface)) {
		host_group_fail(&self->group, HOST_REASON_STATION_KEPT, NULL);
		return;
	}
	search(self);
}

/* It, or its radio, may have gone. */
static void on_changed(HostIwd *iwd, HostGroupIwd *self)
{
	g_autoptr(HostGroupIwd) kept = g_object_ref(self);

	if (host_iwd_get_device(iwd))
		return;
	if (self->group.stage == HOST_GROUP_LEAVING)
		host_group_finish(&self->group);
	else if (self->group.stage > STAGE_USE && self->group.stage < HOST_GROUP_LEAVING)
		host_group_lose(&self->group,
				host_iwd_is_there(iwd) ? HOST_REASON_LINK_LOST
						       : HOST_REASON_IWD_AWAY,
				NULL);
}

static void on_peer_changed(HostIwd *iwd, const char *path, GVariant *changed, HostGroupIwd *self)
{
	gboolean connected = TRUE;

	g_variant_lookup(changed, "Connected", "b", &connected);
	if (self->group.stage == HOST_GROUP_OPEN && !connected && !g_strcmp0(path, self->peer))
		host_group_lose(&self->group, HOST_REASON_LINK_LOST,
				"the Wi-Fi Direct group has ended");
}

/*
 * As a group.
 */

static void host_group_iwd_begin(HostGroup *group)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);

	if (!check_wishes(self))
		return;
	g_signal_connect(self->iwd, "changed", G_CALLBACK(on_changed), self);
	g_signal_connect(self->iwd, "peer-changed", G_CALLBACK(on_peer_changed), self);
	host_group_set_stage(&self->group, STAGE_USE);
	self->group.use = host_iwd_use(self->iwd, self->port, on_ready, self);
}

static void host_group_iwd_init(HostGroupIwd *self)
{
}

static void host_group_iwd_finalize(GObject *object)
{
	HostGroupIwd *self = HOST_GROUP_IWD(object);

	host_group_iwd_let_go(&self->group);
	g_free(self->sink);
	g_free(self->interface);
	g_free(self->peer);
	g_object_unref(self->iwd);
	G_OBJECT_CLASS(host_group_iwd_parent_class)->finalize(object);
}

static void host_group_iwd_class_init(HostGroupIwdClass *class)
{
	HostGroupClass *group = HOST_GROUP_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = host_group_iwd_finalize;
	group->maker = HOST_GROUP_MAKER_IWD;
	group->limits = limits;
	group->n_limits = G_N_ELEMENTS(limits);
	group->leave_s = LEAVE_S;
	group->begin = host_group_iwd_begin;
	group->put_back = host_group_iwd_put_back;
	group->let_go = host_group_iwd_let_go;
}

HostGroup *host_group_iwd_new(HostIwd *iwd, const char *sink, guint16 port, gboolean has_pin,
			      int intent)
{
	HostGroupIwd *self = g_object_new(HOST_TYPE_GROUP_IWD, NULL);

	self->iwd = g_object_ref(iwd);
	self->sink = g_strdup(sink);
	self->port = port;
	self->has_pin = has_pin;
	self->intent = intent;
	return HOST_GROUP(self);
}
