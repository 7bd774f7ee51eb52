// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-iwd.h"

#include "radio.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#define PROPERTIES "org.freedesktop.DBus.Properties"

#define LOOK_MS	     500
#define MAX_REPEATS  1
#define LEAVE_S	     10 /* for iwd to end the group */
#define MAX_ACCEPT_S 110 /* iwd gives up after 120, and says no more than that it failed */
/*
 * iwd keeps a sink that has gone for a while, with the channel that it listened on; one that was
 * switched on again listens on another. It is found there within that time.
 */
#define FRESH_MS 3000

typedef enum {
	STAGE_NEW,
	STAGE_USE, /* iwd */
	STAGE_SEARCH, /* the sink */
	STAGE_CONNECT, /* the sink's person */
	STAGE_JOIN, /* keys, and what iwd does for addresses */
	STAGE_ADDRESS, /* this machine's, to be seen */
	STAGE_OPEN,
	STAGE_LEAVING,
	STAGE_CLOSED,
} Stage;

static const struct {
	guint limit_s;
	HostReason reason; /* of passing it */
} limits[] = {
	[STAGE_USE] = {30, HOST_REASON_IWD_REFUSED},
	[STAGE_SEARCH] = {60, HOST_REASON_SINK_NOT_FOUND},
	[STAGE_CONNECT] = {MAX_ACCEPT_S, HOST_REASON_NOT_ACCEPTED},
	[STAGE_JOIN] = {60, HOST_REASON_GROUP_FAILED},
	[STAGE_ADDRESS] = {10, HOST_REASON_NO_ADDRESS},
	[STAGE_LEAVING] = {LEAVE_S, HOST_N_REASONS},
};

struct _HostGroupIwd {
	GObject parent_instance;

	HostIwd *iwd;
	char *sink;
	guint16 port;
	gboolean has_pin;
	int intent;

	GTask *task; /* while it opens */
	Stage stage;
	guint limit_source;
	guint look_source; /* what is looked at again and again */
	HostUse *use;
	gboolean searching;
	char *interface; /* the radio's own */
	char *peer; /* iwd's object of the sink, once it is connected to */
	gboolean connecting; /* the call is under way */
	gboolean disconnecting; /* so is that */
	guint repeats; /* because frames were lost, or the like */
	gboolean is_kept; /* by itself, until it is put back */
	GError *error; /* why it is put back */
	HostGroupNet net;
};

static void host_group_iwd_iface_init(HostGroupInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostGroupIwd, host_group_iwd, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_GROUP, host_group_iwd_iface_init))

static void call_peer(HostGroupIwd *self, const char *interface, const char *method,
		      GVariant *parameters, const char *reply, int limit_ms,
		      GAsyncReadyCallback callback)
{
	g_dbus_connection_call(host_iwd_get_connection(self->iwd), HOST_IWD_NAME, self->peer,
			       interface, method, parameters, reply ? G_VARIANT_TYPE(reply) : NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, limit_ms, NULL, callback,
			       g_object_ref(self));
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

static void finish_put_back(HostGroupIwd *self)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	self->stage = STAGE_CLOSED;
	g_clear_handle_id(&self->limit_source, g_source_remove);
	g_clear_handle_id(&self->look_source, g_source_remove);
	g_signal_handlers_disconnect_by_data(self->iwd, self);
	g_clear_pointer(&self->use, host_use_end);
	if (task)
		g_task_return_error(task, g_steal_pointer(&self->error));
	if (self->is_kept)
		g_object_unref(self);
}

static gboolean on_limit(gpointer data);

static void set_stage(HostGroupIwd *self, Stage stage)
{
	self->stage = stage;
	g_clear_handle_id(&self->limit_source, g_source_remove);
	g_clear_handle_id(&self->look_source, g_source_remove);
	if (stage < G_N_ELEMENTS(limits) && limits[stage].limit_s)
		self->limit_source = g_timeout_add_seconds(limits[stage].limit_s, on_limit, self);
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
	if (self->stage == STAGE_LEAVING && !self->connecting)
		finish_put_back(self);
}

static void disconnect(HostGroupIwd *self)
{
	self->disconnecting = TRUE;
	call_peer(self, HOST_IWD_PEER, "Disconnect", NULL, NULL, LEAVE_S * 1000, on_disconnected);
}

/* Takes @error. */
static void put_back(HostGroupIwd *self, GError *error)
{
	gboolean is_connected = self->stage == STAGE_ADDRESS || self->stage == STAGE_OPEN;

	if (self->stage >= STAGE_LEAVING) {
		g_clear_error(&error);
		return;
	}
	g_clear_error(&self->error);
	self->error = error;
	set_stage(self, STAGE_LEAVING);
	stop_search(self);
	if (host_iwd_is_there(self->iwd) && (self->connecting || is_connected))
		disconnect(self);
	else
		finish_put_back(self);
}

static void fail(HostGroupIwd *self, HostReason reason, const char *detail)
{
	g_autofree char *message = host_reason_message(reason, detail);

	put_back(self, g_error_new_literal(HOST_ERROR, reason, message));
}

static gboolean on_limit(gpointer data)
{
	HostGroupIwd *self = data;

	self->limit_source = 0;
	if (self->stage == STAGE_LEAVING)
		finish_put_back(self);
	else
		fail(self, limits[self->stage].reason, NULL);
	return G_SOURCE_REMOVE;
}

/* The way is gone: while it opens and after. */
static void lose(HostGroupIwd *self, HostReason reason, const char *detail)
{
	if (self->stage == STAGE_OPEN)
		host_group_emit_lost(HOST_GROUP(self), reason, detail);
	else
		fail(self, reason, detail);
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
	host_group_net_clear(&self->net);
	self->net.interface = g_strdup(interface);
	self->net.is_owner = host_radio_is_iwd_owner(interface);
	self->net.peer = g_inet_address_new_from_string(peer);
	self->net.local = find_local(interface);
	self->net.is_configured = TRUE;
	return self->net.peer && self->net.local;
}

static void read_peer(HostGroupIwd *self);

static gboolean on_look_for_address(gpointer data)
{
	HostGroupIwd *self = data;

	self->look_source = 0;
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
	g_autoptr(GTask) task = NULL;

	if (self->stage != STAGE_ADDRESS)
		return;
	if (!properties || !read_net(self, properties)) {
		self->look_source = g_timeout_add(LOOK_MS, on_look_for_address, self);
		return;
	}
	task = g_steal_pointer(&self->task);
	set_stage(self, STAGE_OPEN);
	g_task_return_boolean(task, TRUE);
}

static void read_peer(HostGroupIwd *self)
{
	call_peer(self, PROPERTIES, "GetAll", g_variant_new("(s)", HOST_IWD_PEER), "(a{sv})",
		  HOST_IWD_CALL_MS, on_peer_read);
}

/*
 * The connection.
 */

/* That the sink has accepted is seen by the group's interface only. */
static gboolean on_look_for_group(gpointer data)
{
	HostGroupIwd *self = data;
	g_autofree char *group = host_radio_find_group(self->interface);

	if (!group)
		return G_SOURCE_CONTINUE;
	self->look_source = 0;
	set_stage(self, STAGE_JOIN);
	self->net.is_owner = host_radio_is_iwd_owner(group);
	host_group_emit_step(HOST_GROUP(self), "joining",
			     "The sink has accepted, keys are exchanged");
	return G_SOURCE_REMOVE;
}

/* It has left the bus before it has answered. */
static gboolean is_gone(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

static void search(HostGroupIwd *self);

/* Of what went wrong it says next to nothing. */
static void fail_connecting(HostGroupIwd *self, GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	if (is_gone(error)) {
		fail(self, HOST_REASON_IWD_AWAY, NULL);
		return;
	}
	if (!g_strcmp0(name, HOST_IWD_NAME ".NotSupported")) {
		fail(self, HOST_REASON_IWD_UNABLE,
		     "the sink takes no push button, or wants a group that is stored");
	} else if (!g_strcmp0(name, HOST_IWD_NAME ".Busy") ||
		   !g_strcmp0(name, HOST_IWD_NAME ".InProgress")) {
		fail(self, HOST_REASON_IWD_REFUSED, "it makes one connection at a time");
	} else if (self->stage == STAGE_JOIN && self->net.is_owner) {
		fail(self, HOST_REASON_IWD_UNABLE, "the sink did not want to own the group");
	} else if (self->stage == STAGE_JOIN && host_iwd_is_on_network(self->iwd) &&
		   host_radio_count_channels(self->interface) < 2) {
		fail(self, HOST_REASON_CHANNEL_CONFLICT, NULL);
	} else if (self->repeats < MAX_REPEATS) {
		g_message("No group came about: once more");
		self->repeats++;
		search(self);
	} else {
		g_dbus_error_strip_remote_error(error);
		fail(self, HOST_REASON_GROUP_FAILED, error->message);
	}
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	self->connecting = FALSE;
	if (self->stage == STAGE_CONNECT || self->stage == STAGE_JOIN) {
		if (answer) {
			set_stage(self, STAGE_ADDRESS);
			read_peer(self);
		} else {
			fail_connecting(self, error);
		}
	} else if (self->stage == STAGE_LEAVING && answer) {
		/* It came about while it was called off. */
		disconnect(self);
	} else if (self->stage == STAGE_LEAVING && !self->disconnecting) {
		finish_put_back(self);
	}
}

static void connect_peer(HostGroupIwd *self, const HostIwdPeer *peer)
{
	g_free(self->peer);
	self->peer = g_strdup(peer->path);
	stop_search(self);
	set_stage(self, STAGE_CONNECT);
	self->look_source = g_timeout_add(LOOK_MS, on_look_for_group, self);
	host_group_emit_step(HOST_GROUP(self), "pairing",
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
		fail(self, HOST_REASON_IWD_UNABLE, missing);
	return !missing;
}

static gboolean on_look_for_sink(gpointer data)
{
	HostGroupIwd *self = data;
	const HostIwdPeer *peer = host_iwd_find_peer(self->iwd, self->sink);
	gint64 began = host_iwd_get_search_began(self->iwd);

	/* Failing and the next stage remove this source. */
	if (peer && began && g_get_monotonic_time() - began >= FRESH_MS * 1000)
		connect_peer(self, peer);
	return G_SOURCE_CONTINUE;
}

static void search(HostGroupIwd *self)
{
	set_stage(self, STAGE_SEARCH);
	host_group_emit_step(HOST_GROUP(self), "searching", "The sink is looked for");
	host_iwd_start_search(self->iwd);
	self->searching = TRUE;
	self->look_source = g_timeout_add(LOOK_MS, on_look_for_sink, self);
}

static void on_ready(const GError *error, gpointer data)
{
	HostGroupIwd *self = data;

	if (self->stage != STAGE_USE)
		return;
	if (error) {
		put_back(self, g_error_copy(error));
		return;
	}
	self->interface = host_iwd_get_interface(self->iwd);
	if (!self->interface) {
		fail(self, HOST_REASON_IWD_UNABLE, "its radio has no network interface");
		return;
	}
	/* It leaves no network for a group, and its interface is in the way even without one. */
	if (host_iwd_is_on_network(self->iwd) && !host_radio_count_channels(self->interface)) {
		fail(self, HOST_REASON_STATION_KEPT, NULL);
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
	if (self->stage == STAGE_LEAVING)
		finish_put_back(self);
	else if (self->stage > STAGE_USE && self->stage < STAGE_LEAVING)
		lose(self, host_iwd_is_there(iwd) ? HOST_REASON_LINK_LOST : HOST_REASON_IWD_AWAY,
		     NULL);
}

static void on_peer_changed(HostIwd *iwd, const char *path, GVariant *changed, HostGroupIwd *self)
{
	gboolean connected = TRUE;

	g_variant_lookup(changed, "Connected", "b", &connected);
	if (self->stage == STAGE_OPEN && !connected && !g_strcmp0(path, self->peer))
		lose(self, HOST_REASON_LINK_LOST, "the Wi-Fi Direct group has ended");
}

/*
 * As a group.
 */

static void host_group_iwd_open(HostGroup *group, GTask *task)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);

	g_return_if_fail(self->stage == STAGE_NEW);
	self->task = task;
	if (!check_wishes(self))
		return;
	g_signal_connect(self->iwd, "changed", G_CALLBACK(on_changed), self);
	g_signal_connect(self->iwd, "peer-changed", G_CALLBACK(on_peer_changed), self);
	set_stage(self, STAGE_USE);
	self->use = host_iwd_use(self->iwd, self->port, on_ready, self);
}

static void host_group_iwd_cancel(HostGroup *group)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);

	if (self->task)
		put_back(self, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled"));
}

static const HostGroupNet *host_group_iwd_get_net(HostGroup *group)
{
	return &HOST_GROUP_IWD(group)->net;
}

static void host_group_iwd_close(HostGroup *group)
{
	HostGroupIwd *self = HOST_GROUP_IWD(group);

	/* It stays until iwd is done. */
	if (self->stage != STAGE_NEW && self->stage < STAGE_LEAVING) {
		g_object_ref(self);
		put_back(self, NULL);
		if (self->stage == STAGE_CLOSED)
			g_object_unref(self);
		else
			self->is_kept = TRUE;
	}
}

static void host_group_iwd_add_details(HostGroup *group, GVariantDict *details)
{
	g_variant_dict_insert(details, "link-maker", "s",
			      host_group_maker_word(HOST_GROUP_MAKER_IWD));
}

static void host_group_iwd_iface_init(HostGroupInterface *iface)
{
	iface->open = host_group_iwd_open;
	iface->cancel = host_group_iwd_cancel;
	iface->get_net = host_group_iwd_get_net;
	iface->close = host_group_iwd_close;
	iface->add_details = host_group_iwd_add_details;
}

static void host_group_iwd_init(HostGroupIwd *self)
{
}

static void host_group_iwd_finalize(GObject *object)
{
	HostGroupIwd *self = HOST_GROUP_IWD(object);

	g_clear_handle_id(&self->limit_source, g_source_remove);
	g_clear_handle_id(&self->look_source, g_source_remove);
	g_signal_handlers_disconnect_by_data(self->iwd, self);
	stop_search(self);
	g_clear_pointer(&self->use, host_use_end);
	g_clear_error(&self->error);
	host_group_net_clear(&self->net);
	g_free(self->sink);
	g_free(self->interface);
	g_free(self->peer);
	g_object_unref(self->iwd);
	G_OBJECT_CLASS(host_group_iwd_parent_class)->finalize(object);
}

static void host_group_iwd_class_init(HostGroupIwdClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_group_iwd_finalize;
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
