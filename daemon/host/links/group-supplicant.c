// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-supplicant.h"

#include "address.h"
#include "station.h"
#include "wifi/network-manager.h"
#include "wifi/p2p.h"

#include <net/if.h>
#include <string.h>

/*
 * What is waited for; each has a limit, because the supplicant says nothing of most of what does not
 * happen. What comes next is below, in this order.
 */
enum {
	STAGE_USE = HOST_GROUP_NEW + 1, /* the supplicant */
	STAGE_SEARCH, /* the sink, that has to be seen */
	STAGE_LOOK, /* the sink, seen a while ago: it may have begun or ended a group since */
	STAGE_STATION, /* the person: may the Wi-Fi network be left? */
	STAGE_INVITE, /* the sink, to a group from before */
	STAGE_PIN, /* the sink, to show a PIN */
	STAGE_TYPE, /* the person, to type it */
	STAGE_ASK, /* what the supplicant knows of the sink now */
	STAGE_ACCEPT, /* the sink's person */
	STAGE_FORM, /* keys */
	STAGE_READ, /* what the supplicant says of the group */
	STAGE_PEER, /* the sink, in the group that we own */
};

/* So old may be what is known of the sink, and so long is it looked at again otherwise. */
#define FRESH_S 5
#define LOOK_S	3

static const HostGroupLimit limits[] = {
	[STAGE_USE] = {25, HOST_REASON_SUPPLICANT_AWAY, NULL},
	[STAGE_SEARCH] = {60, HOST_REASON_SINK_NOT_FOUND, NULL},
	[STAGE_LOOK] = {LOOK_S, HOST_REASON_SINK_NOT_FOUND, NULL},
	[STAGE_INVITE] = {20, HOST_REASON_GROUP_FAILED, NULL},
	[STAGE_PIN] = {10, HOST_REASON_PAIRING_FAILED, NULL},
	[STAGE_ACCEPT] = {HOST_P2P_ACCEPT_S, HOST_REASON_NOT_ACCEPTED, NULL},
	[STAGE_FORM] = {60, HOST_REASON_GROUP_FAILED, "no keys were agreed upon"},
	[STAGE_READ] = {15, HOST_REASON_SUPPLICANT_REFUSED, NULL},
	[STAGE_PEER] = {20, HOST_REASON_GROUP_FAILED, "the sink did not come into the group"},
};

/* What a sink says that wants to pair in one way or the other (WSC device password ids). */
#define PASSWORD_USER_SPECIFIED	     1 /* it has been typed there */
#define PASSWORD_REGISTRAR_SPECIFIED 5 /* it is shown there */

/* A status of GO negotiation (Wi-Fi P2P). */
#define P2P_NO_ANSWER		-1
#define P2P_BOTH_WANT_TO_OWN	9
#define P2P_PAIRING_UNSUPPORTED 10
#define P2P_UNKNOWN_GROUP	8

#define MAX_REPEATS 2

struct _HostGroupSupplicant {
	HostGroup group;

	HostSupplicant *supplicant;
	HostP2pStore *store;
	char *sink;
	guint16 port;
	HostAgent *agent;
	char *pin; /* (nullable): the sink's, or once it was shown ours */
	int intent;

	GCancellable *asking; /* of questions to the agent */
	gboolean may_leave; /* the Wi-Fi network: the person has been asked */
	gboolean searching;
	guint calls; /* that put_back() waits for */

	HostP2pPairing pairing;
	gboolean chosen; /* @pairing is known: from what the sink can do, asked for, or left us */
	guint attempt; /* 1: the other way round */
	guint repeats; /* because frames were lost */
	gint64 asked_at; /* monotonic us: the sink */
	gboolean is_join;
	HostReason pairing_failure; /* of this attempt; HOST_N_REASONS: none yet */
	GError *first_failure; /* of the attempt before the other way round */
	gboolean is_removed; /* the group, by another program */
	char *forming; /* the interface that the supplicant has made last */
	char *stored; /* object of the stored group that the sink is invited to */
	GPtrArray *added; /* objects of stored groups that came about for us, @stored among them */

	char *path; /* of the group's interface */
	char *object; /* of the group */
	gboolean persistent;
	guint frequency; /* MHz */
};

G_DEFINE_FINAL_TYPE(HostGroupSupplicant, host_group_supplicant, HOST_TYPE_GROUP)

static void call(HostGroupSupplicant *self, const char *path, const char *interface,
		 const char *method, GVariant *parameters, const char *reply,
		 GAsyncReadyCallback callback)
{
	g_dbus_connection_call(host_supplicant_get_connection(self->supplicant),
			       HOST_SUPPLICANT_NAME, path, interface, method, parameters,
			       reply ? G_VARIANT_TYPE(reply) : NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, HOST_SUPPLICANT_CALL_MS, NULL,
			       callback, g_object_ref(self));
}

static GVariant *call_finish(HostGroupSupplicant *self, GAsyncResult *result, GError **error)
{
	return g_dbus_connection_call_finish(host_supplicant_get_connection(self->supplicant),
					     result, error);
}

/*
 * The end.
 */

static void stop_search(HostGroupSupplicant *self)
{
	if (self->searching)
		host_supplicant_stop_search(self->supplicant);
	self->searching = FALSE;
}

static void host_group_supplicant_let_go(HostGroup *group)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);
	const char *interface = group->net.interface ? group->net.interface : self->forming;

	g_signal_handlers_disconnect_by_data(self->supplicant, self);
	g_signal_handlers_disconnect_by_data(self->agent, self);
	/* A supplicant that died has left it behind, or that somebody else told to let go of it. */
	if ((!host_supplicant_get_p2p(self->supplicant) || self->is_removed) && interface &&
	    g_str_has_prefix(interface, "p2p-") && if_nametoindex(interface))
		host_address_remove_interface(interface);
	stop_search(self);
	host_supplicant_give_back(self->supplicant, self);
}

static void on_put_back(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	/* Most of it need not have been there. */
	if (!answer)
		g_debug("Put back: %s", error->message);
	if (!--self->calls)
		host_group_finish(&self->group);
}

static void call_to_put_back(HostGroupSupplicant *self, const char *path, const char *method,
			     GVariant *parameters)
{
	self->calls++;
	call(self, path, HOST_SUPPLICANT_P2P, method, parameters, NULL, on_put_back);
}

static void host_group_supplicant_put_back(HostGroup *group, int from)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);
	const char *p2p = host_supplicant_get_p2p(self->supplicant);

	g_cancellable_cancel(self->asking);
	stop_search(self);
	self->calls = 1;
	if (p2p && (from == STAGE_INVITE || from == STAGE_ACCEPT || from == STAGE_FORM))
		call_to_put_back(self, p2p, "Cancel", NULL);
	if (p2p && self->path)
		call_to_put_back(self, self->path, "Disconnect", NULL);
	for (guint i = 0; p2p && i < self->added->len; i++)
		call_to_put_back(self, p2p, "RemovePersistentGroup",
				 g_variant_new("(o)", self->added->pdata[i]));
	g_ptr_array_set_size(self->added, 0);
	g_clear_pointer(&self->stored, g_free);
	/* The session may begin the next one now: what that asks for is heard after this. */
	host_supplicant_give_back(self->supplicant, self);
	if (!--self->calls)
		host_group_finish(group);
}

/* For what became of an attempt: the second one's failure often follows from the first one's. */
static void fail_attempt(HostGroupSupplicant *self, HostReason reason, const char *detail)
{
	if (self->first_failure)
		host_group_put_back(&self->group, g_steal_pointer(&self->first_failure));
	else
		host_group_fail(&self->group, reason, detail);
}

static void begin_pairing(HostGroupSupplicant *self);
static void ask_for_pin(HostGroupSupplicant *self);
static void end_look(HostGroupSupplicant *self);
static void refuse_second(HostGroupSupplicant *self);

static void host_group_supplicant_on_limit(HostGroup *group)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);
	const HostGroupLimit *limit = &limits[group->stage];

	if (group->stage == STAGE_LOOK) {
		end_look(self);
	} else if (group->stage == STAGE_SEARCH && host_supplicant_is_claimed(self->supplicant)) {
		/* So nothing was looked for. */
		refuse_second(self);
	} else if (group->stage == STAGE_INVITE) {
		begin_pairing(self);
	} else if (group->stage == STAGE_PIN) {
		/* Perhaps it shows one all the same. */
		ask_for_pin(self);
	} else if (group->stage == STAGE_ACCEPT || group->stage == STAGE_FORM) {
		if (self->pairing_failure != HOST_N_REASONS)
			fail_attempt(self, self->pairing_failure, NULL);
		else if (self->is_join)
			fail_attempt(self, HOST_REASON_JOIN_NOT_CONFIRMED, NULL);
		else
			fail_attempt(self, limit->reason, limit->detail);
	} else {
		host_group_fail(group, limit->reason, limit->detail);
	}
}

/*
 * The group is there.
 */

static void save_group(HostGroupSupplicant *self, GVariant *properties)
{
	g_autoptr(GVariant)
		ssid = g_variant_lookup_value(properties, "SSID", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GVariant)
		psk = g_variant_lookup_value(properties, "PSK", G_VARIANT_TYPE_BYTESTRING);
	HostStoredGroup group = {.is_owner = self->group.net.is_owner};

	if (!self->persistent || !ssid || !psk || g_variant_n_children(psk) != 32)
		return;
	group.owner = self->sink;
	group.ssid = g_variant_get_data_as_bytes(ssid);
	group.psk = g_variant_get_data_as_bytes(psk);
	host_p2p_store_save(self->store, self->sink, &group);
	g_bytes_unref(group.ssid);
	g_bytes_unref(group.psk);
}

static void on_group_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariant) properties = NULL;
	g_autoptr(GVariant) members = NULL;
	guint16 frequency;

	if (self->group.stage != STAGE_READ)
		return;
	/* The addresses and the sink's connection do not need what it says. */
	properties = answer ? g_variant_get_child_value(answer, 0)
			    : g_variant_ref_sink(g_variant_new("a{sv}", NULL));
	save_group(self, properties);
	if (g_variant_lookup(properties, "Frequency", "q", &frequency))
		self->frequency = frequency;
	members = g_variant_lookup_value(properties, "Members", G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
	if (!self->group.net.is_owner || (members && g_variant_n_children(members)))
		host_group_succeed(&self->group);
	else
		host_group_set_stage(&self->group, STAGE_PEER);
}

/* Somebody has removed the group who is not we, nor the sink. */
static void on_network_manager_asked(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GVariant) answer = call_finish(self, result, NULL);
	gboolean is_there = FALSE;

	if (answer)
		g_variant_get(answer, "(b)", &is_there);
	if (self->group.stage < STAGE_READ || self->group.stage >= HOST_GROUP_LEAVING)
		return;
	host_group_lose(&self->group,
			is_there ? HOST_REASON_GROUP_REMOVED_BY_NM : HOST_REASON_GROUP_REMOVED,
			NULL);
}

static void ask_who_removed(HostGroupSupplicant *self)
{
	self->is_removed = TRUE;
	g_dbus_connection_call(host_supplicant_get_connection(self->supplicant),
			       "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "NameHasOwner",
			       g_variant_new("(s)", HOST_NM_NAME), G_VARIANT_TYPE("(b)"),
			       G_DBUS_CALL_FLAGS_NONE, HOST_SUPPLICANT_CALL_MS, NULL,
			       on_network_manager_asked, g_object_ref(self));
}

static void on_interface_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariant) name = NULL;

	if (self->group.stage != STAGE_READ)
		return;
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)) {
		ask_who_removed(self);
		return;
	}
	if (answer)
		g_variant_get(answer, "(v)", &name);
	if (!name || !g_variant_is_of_type(name, G_VARIANT_TYPE_STRING)) {
		if (error)
			g_dbus_error_strip_remote_error(error);
		host_group_fail(&self->group, HOST_REASON_SUPPLICANT_REFUSED,
				error ? error->message : "Ifname");
		return;
	}
	self->group.net.interface = g_variant_dup_string(name, NULL);
	host_group_emit_interface(&self->group, self->group.net.interface);
	call(self, self->object, HOST_SUPPLICANT_PROPERTIES, "GetAll",
	     g_variant_new("(s)", HOST_SUPPLICANT_GROUP), "(a{sv})", on_group_read);
}

static void on_group_started(HostGroupSupplicant *self, GVariant *properties)
{
	const char *path, *object, *role;
	gboolean persistent = FALSE;

	if (!g_variant_lookup(properties, "interface_object", "&o", &path) ||
	    !g_variant_lookup(properties, "group_object", "&o", &object) ||
	    !g_variant_lookup(properties, "role", "&s", &role))
		return;
	if (self->group.stage >= HOST_GROUP_LEAVING) {
		/* It came about while it was called off. */
		call_to_put_back(self, path, "Disconnect", NULL);
		return;
	}
	if (self->group.stage != STAGE_INVITE && self->group.stage != STAGE_ACCEPT &&
	    self->group.stage != STAGE_FORM)
		return;
	g_variant_lookup(properties, "persistent", "b", &persistent);
	/* What was invited to is stored already. */
	self->persistent = persistent && self->group.stage != STAGE_INVITE;
	self->path = g_strdup(path);
	self->object = g_strdup(object);
	self->group.net.is_owner = !strcmp(role, "GO");
	if (!self->group.net.is_owner) {
		self->group.net.local = host_group_lookup_address(properties, "IpAddr");
		self->group.net.peer = host_group_lookup_address(properties, "IpAddrGo");
		if (!self->group.net.local || !self->group.net.peer) {
			g_clear_object(&self->group.net.local);
			g_clear_object(&self->group.net.peer);
		}
	}
	host_group_set_stage(&self->group, STAGE_READ);
	call(self, path, HOST_SUPPLICANT_PROPERTIES, "Get",
	     g_variant_new("(ss)", HOST_SUPPLICANT_INTERFACE, "Ifname"), "(v)", on_interface_read);
}

/*
 * Pairing.
 */

static const HostPeer *find_peer(HostGroupSupplicant *self)
{
	return host_peers_find(host_supplicant_get_peers(self->supplicant), self->sink);
}

static HostReason reason_of_connect(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	if (g_str_has_suffix(name ? name : "", ".ConnectChannelUnavailable"))
		return HOST_REASON_CHANNEL_CONFLICT;
	if (g_str_has_suffix(name ? name : "", ".ConnectChannelUnsupported"))
		return HOST_REASON_NO_COMMON_CHANNEL;
	return HOST_REASON_SUPPLICANT_REFUSED;
}

static void on_agent_gone(HostAgent *agent, HostGroupSupplicant *self)
{
	g_autoptr(HostGroupSupplicant) kept = g_object_ref(self);

	if (self->group.stage == STAGE_ACCEPT && self->pairing == HOST_P2P_WE_SHOW_PIN)
		host_group_fail(&self->group, HOST_REASON_NO_PIN,
				"it is to be typed at the sink, and there is nobody to show it to");
}

static void on_connect_called(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	const char *pin;

	/* What came of it may have been said before. */
	if (self->group.stage != STAGE_ACCEPT)
		return;
	if (!answer) {
		HostReason reason = reason_of_connect(error);

		g_dbus_error_strip_remote_error(error);
		host_group_fail(&self->group, reason, error->message);
		return;
	}
	if (self->pairing != HOST_P2P_WE_SHOW_PIN)
		return;
	g_variant_get(answer, "(&s)", &pin);
	/* It stays the same if the sink has to be asked again. */
	g_free(self->pin);
	self->pin = g_strdup(pin);
	if (host_agent_display_pin(self->agent, pin))
		host_group_emit_step(&self->group, "pin", "The PIN has to be typed at the sink");
	else
		on_agent_gone(self->agent, self);
}

static void request_connection(HostGroupSupplicant *self, const HostPeer *peer)
{
	static const char *const methods[] = {
		[HOST_P2P_PUSH_BUTTON] = "pbc",
		[HOST_P2P_SINK_SHOWS_PIN] = "keypad",
		[HOST_P2P_WE_SHOW_PIN] = "display",
	};
	GVariantBuilder options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	self->is_join = peer->is_owner;
	self->pairing_failure = HOST_N_REASONS;
	g_variant_builder_add(&options, "{sv}", "peer", g_variant_new_object_path(peer->path));
	g_variant_builder_add(&options, "{sv}", "wps_method",
			      g_variant_new_string(methods[self->pairing]));
	if (self->pairing != HOST_P2P_PUSH_BUTTON && self->pin)
		g_variant_builder_add(&options, "{sv}", "pin", g_variant_new_string(self->pin));
	g_variant_builder_add(&options, "{sv}", "persistent", g_variant_new_boolean(TRUE));
	if (self->is_join)
		g_variant_builder_add(&options, "{sv}", "join", g_variant_new_boolean(TRUE));
	else
		g_variant_builder_add(
			&options, "{sv}", "go_intent",
			g_variant_new_int32(host_p2p_choose_intent(self->intent, self->attempt)));
	self->asked_at = g_get_monotonic_time();
	host_group_set_stage(&self->group, STAGE_ACCEPT);
	if (self->is_join)
		host_group_set_limit(&self->group, HOST_P2P_JOIN_S);
	host_group_emit_step(&self->group, "pairing",
			     self->is_join
				     ? "The sink's group is being joined"
				     : "The sink is asked, and may have to be told to accept");
	call(self, host_supplicant_get_p2p(self->supplicant), HOST_SUPPLICANT_P2P, "Connect",
	     g_variant_new("(@a{sv})", g_variant_builder_end(&options)), "(s)", on_connect_called);
}

static void on_pin(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *typed = host_agent_request_pin_finish(HOST_AGENT(object), result, &error);

	if (self->group.stage != STAGE_TYPE)
		return;
	if (!typed) {
		host_group_fail(&self->group,
				g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
					? HOST_REASON_DECLINED_BY_USER
					: HOST_REASON_NO_PIN,
				error->message);
		return;
	}
	self->pin = host_p2p_clean_pin(typed);
	if (!self->pin)
		host_group_fail(&self->group, HOST_REASON_BAD_PIN, NULL);
	else
		begin_pairing(self);
}

static void ask_for_pin(HostGroupSupplicant *self)
{
	/* The agent has a limit of its own. */
	host_group_set_stage(&self->group, STAGE_TYPE);
	host_group_emit_step(&self->group, "pin",
			     "The sink shows a PIN, which is to be typed here");
	host_agent_request_pin_async(self->agent, self->asking, on_pin, g_object_ref(self));
}

static void on_discovery_asked(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	if (self->group.stage != STAGE_PIN || answer)
		return;
	g_dbus_error_strip_remote_error(error);
	host_group_fail(&self->group, HOST_REASON_SUPPLICANT_REFUSED, error->message);
}

static void request_pin(HostGroupSupplicant *self, const HostPeer *peer)
{
	host_group_set_stage(&self->group, STAGE_PIN);
	host_group_emit_step(&self->group, "pairing", "The sink is asked to show a PIN");
	call(self, host_supplicant_get_p2p(self->supplicant), HOST_SUPPLICANT_P2P,
	     "ProvisionDiscoveryRequest", g_variant_new("(os)", peer->path, "display"), NULL,
	     on_discovery_asked);
}

static void on_asked(gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	const HostPeer *peer = find_peer(self);

	if (self->group.stage != STAGE_ASK)
		return;
	if (!peer) {
		host_group_fail(&self->group, HOST_REASON_SINK_NOT_FOUND, NULL);
		return;
	}
	/* Once: the PIN that there is later may be the one that we show. */
	if (!self->chosen)
		self->pairing = host_p2p_choose_pairing(peer->methods, self->pin != NULL);
	self->chosen = TRUE;
	if (self->pairing == HOST_P2P_SINK_SHOWS_PIN && !self->pin)
		request_pin(self, peer);
	else
		request_connection(self, peer);
}

/*
 * Whether the sink owns a group, and how it lets others in, is not told of when it changes: it is
 * read each time.
 */
static void begin_pairing(HostGroupSupplicant *self)
{
	const HostPeer *peer = find_peer(self);

	if (!peer) {
		host_group_fail(&self->group, HOST_REASON_SINK_NOT_FOUND, NULL);
		return;
	}
	host_group_set_stage(&self->group, STAGE_ASK);
	host_supplicant_read_peer(self->supplicant, peer, on_asked, g_object_ref(self));
}

/* An attempt has come to nothing, for @reason. */
static void try_again_or_fail(HostGroupSupplicant *self, HostReason reason, const char *detail)
{
	if (self->attempt || self->is_join || !host_p2p_may_turn_round(self->pairing, reason)) {
		fail_attempt(self, reason, detail);
		return;
	}
	g_message("No group came about (%s): once more, the other way round",
		  host_reason_word(reason));
	/* That both wanted to own is settled by turning round. */
	if (reason != HOST_REASON_BOTH_WANT_TO_OWN)
		self->first_failure = host_reason_error(reason, detail);
	self->attempt++;
	begin_pairing(self);
}

static void on_negotiation_failed(HostGroupSupplicant *self, int status)
{
	const HostPeer *peer = find_peer(self);
	int waited_s = (g_get_monotonic_time() - self->asked_at) / G_TIME_SPAN_SECOND;

	if (status == P2P_NO_ANSWER && self->repeats < MAX_REPEATS && waited_s < HOST_P2P_SOON_S) {
		self->repeats++;
		g_message("An answer of the sink was lost, it is asked once more");
		begin_pairing(self);
	} else if (status == P2P_BOTH_WANT_TO_OWN) {
		try_again_or_fail(self, HOST_REASON_BOTH_WANT_TO_OWN, NULL);
	} else if (status == P2P_PAIRING_UNSUPPORTED && self->pairing == HOST_P2P_PUSH_BUTTON &&
		   peer && peer->methods & (HOST_P2P_METHOD_DISPLAY | HOST_P2P_METHOD_KEYPAD)) {
		self->chosen = TRUE;
		self->pairing = peer->methods & HOST_P2P_METHOD_DISPLAY ? HOST_P2P_SINK_SHOWS_PIN
									: HOST_P2P_WE_SHOW_PIN;
		begin_pairing(self);
	} else {
		fail_attempt(self, host_p2p_reason(status, waited_s), NULL);
	}
}

static void on_formation_failed(HostGroupSupplicant *self, const char *detail)
{
	if (self->pairing_failure != HOST_N_REASONS)
		fail_attempt(self, self->pairing_failure, NULL);
	else if (!strcmp(detail, "FREQ_CONFLICT"))
		fail_attempt(self, HOST_REASON_CHANNEL_CONFLICT, NULL);
	else
		try_again_or_fail(self, HOST_REASON_GROUP_FAILED, *detail ? detail : NULL);
}

static void on_wps_failed(HostGroupSupplicant *self, GVariant *details)
{
	gint16 error = 0;

	g_variant_lookup(details, "config_error", "n", &error);
	self->pairing_failure = host_p2p_wps_reason(error, self->pairing);
	/* That no group comes about is said next. */
	host_group_set_limit(&self->group, 10);
}

/*
 * A group from before.
 */

static void on_stored_removed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GVariant) answer = call_finish(self, result, NULL);

	(void)answer;
}

static void drop_added(HostGroupSupplicant *self, const char *path)
{
	guint i;

	if (path && g_ptr_array_find_with_equal_func(self->added, path, g_str_equal, &i))
		g_ptr_array_remove_index(self->added, i);
}

static void give_up_stored(HostGroupSupplicant *self, gboolean drop)
{
	if (drop)
		host_p2p_store_drop(self->store, self->sink);
	if (self->stored)
		call(self, host_supplicant_get_p2p(self->supplicant), HOST_SUPPLICANT_P2P,
		     "RemovePersistentGroup", g_variant_new("(o)", self->stored), NULL,
		     on_stored_removed);
	drop_added(self, self->stored);
	g_clear_pointer(&self->stored, g_free);
	begin_pairing(self);
}

static void on_invited(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	if (self->group.stage != STAGE_INVITE || answer)
		return;
	g_debug("Invite: %s", error->message);
	give_up_stored(self, FALSE);
}

static void on_stored_added(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	const HostPeer *peer = find_peer(self);
	GVariantBuilder options;

	if (answer)
		g_variant_get(answer, "(o)", &self->stored);
	if (self->group.stage >= HOST_GROUP_LEAVING && self->stored) {
		call_to_put_back(self, host_supplicant_get_p2p(self->supplicant),
				 "RemovePersistentGroup", g_variant_new("(o)", self->stored));
		g_clear_pointer(&self->stored, g_free);
	}
	if (self->group.stage != STAGE_INVITE)
		return;
	if (self->stored &&
	    !g_ptr_array_find_with_equal_func(self->added, self->stored, g_str_equal, NULL))
		g_ptr_array_add(self->added, g_strdup(self->stored));
	if (!self->stored || !peer) {
		g_debug("AddPersistentGroup: %s", error ? error->message : "the sink has gone");
		give_up_stored(self, FALSE);
		return;
	}
	g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&options, "{sv}", "peer", g_variant_new_object_path(peer->path));
	g_variant_builder_add(&options, "{sv}", "persistent_group_object",
			      g_variant_new_object_path(self->stored));
	call(self, host_supplicant_get_p2p(self->supplicant), HOST_SUPPLICANT_P2P, "Invite",
	     g_variant_new("(@a{sv})", g_variant_builder_end(&options)), NULL, on_invited);
}

static GVariant *bytes_to_variant(GBytes *bytes)
{
	return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

static void invite(HostGroupSupplicant *self, const HostStoredGroup *group)
{
	GVariantBuilder options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	g_variant_builder_add(&options, "{sv}", "bssid", g_variant_new_string(group->owner));
	g_variant_builder_add(&options, "{sv}", "ssid", bytes_to_variant(group->ssid));
	g_variant_builder_add(&options, "{sv}", "psk", bytes_to_variant(group->psk));
	/* As a text it would be put in quotes, and is then no number. */
	g_variant_builder_add(&options, "{sv}", "mode",
			      g_variant_new_int32(group->is_owner ? 3 : 0));
	host_group_set_stage(&self->group, STAGE_INVITE);
	host_group_emit_step(&self->group, "inviting",
			     "The sink is invited to the group from an earlier time");
	call(self, host_supplicant_get_p2p(self->supplicant), HOST_SUPPLICANT_P2P,
	     "AddPersistentGroup", g_variant_new("(@a{sv})", g_variant_builder_end(&options)),
	     "(o)", on_stored_added);
}

static void on_invitation_result(HostGroupSupplicant *self, GVariant *properties)
{
	gint32 status = -1;

	g_variant_lookup(properties, "status", "i", &status);
	if (!status)
		return; /* the group follows, or its failure */
	g_message("The sink did not come into the group from before (status %d)", status);
	give_up_stored(self, status == P2P_UNKNOWN_GROUP);
}

/*
 * The sink is seen.
 */

static void begin_to_connect(HostGroupSupplicant *self)
{
	const HostPeer *peer = find_peer(self);
	g_autoptr(HostStoredGroup) stored = host_p2p_store_lookup(self->store, self->sink);

	/*
	 * A group that runs is joined; a PIN that was named is meant; who owns one from before is settled, and
	 * may be what is to be turned round.
	 */
	if (stored && peer && !peer->is_owner && !self->pin && !self->chosen && !self->attempt)
		invite(self, stored);
	else
		begin_pairing(self);
}

static void search(HostGroupSupplicant *self, int stage)
{
	host_group_set_stage(&self->group, stage);
	self->searching = TRUE;
	host_group_emit_step(&self->group, "searching", "The sink is looked for");
	host_supplicant_start_search(self->supplicant);
}

/* The Wi-Fi network may be left; the sink may have gone while that was asked. */
static void go_on(HostGroup *group)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);

	self->may_leave = TRUE;
	if (find_peer(self) || self->repeats >= MAX_REPEATS) {
		begin_to_connect(self);
		return;
	}
	self->repeats++;
	host_supplicant_give_back(self->supplicant, self);
	search(self, STAGE_SEARCH);
}

static void refuse_second(HostGroupSupplicant *self)
{
	host_group_fail(&self->group, HOST_REASON_SUPPLICANT_REFUSED,
			"the radio is in another group: end that session first");
}

static void on_seen(HostGroupSupplicant *self)
{
	if (!host_supplicant_claim(self->supplicant, self)) {
		refuse_second(self);
		return;
	}
	stop_search(self);
	if (self->may_leave) {
		go_on(&self->group);
		return;
	}
	host_group_set_stage(&self->group, STAGE_STATION);
	host_station_ask(&self->group, self->supplicant, self->agent, self->asking, go_on);
}

static void on_looked(gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	const HostPeer *peer = find_peer(self);

	if (self->group.stage != STAGE_LOOK)
		return;
	if (!peer) {
		host_group_set_stage(&self->group, STAGE_SEARCH);
	} else if (!peer->is_owner || !self->attempt ||
		   !host_p2p_choose_intent(self->intent, self->attempt)) {
		on_seen(self);
	} else if (self->repeats < MAX_REPEATS) {
		/* Its own group is to end, the other way round; sinks see to that when nobody is left in it. */
		self->repeats++;
		host_group_set_stage(&self->group, STAGE_LOOK);
	} else {
		host_group_fail(&self->group, HOST_REASON_GROUP_FAILED,
				"the sink does not end its own group");
	}
}

static void end_look(HostGroupSupplicant *self)
{
	const HostPeer *peer = find_peer(self);

	if (peer)
		host_supplicant_read_peer(self->supplicant, peer, on_looked, g_object_ref(self));
	else
		host_group_set_stage(&self->group, STAGE_SEARCH);
}

static void on_peer_found(HostSupplicant *supplicant, HostPeer *peer, HostGroupSupplicant *self)
{
	/* While it is looked at, what is told may be what the supplicant knew before. */
	if (self->group.stage == STAGE_SEARCH && !g_strcmp0(peer->address, self->sink))
		on_seen(self);
}

static void on_ready(const GError *error, gpointer data)
{
	HostGroupSupplicant *self = data;
	const HostPeer *peer = find_peer(self);

	if (self->group.stage != STAGE_USE)
		return;
	if (error) {
		host_group_put_back(&self->group, g_error_copy(error));
		return;
	}
	if (host_supplicant_is_claimed(self->supplicant)) {
		refuse_second(self);
		return;
	}
	/* The other way round, what is known of it may be from the group before. */
	if (peer && !self->attempt &&
	    g_get_monotonic_time() - peer->found_at < FRESH_S * G_TIME_SPAN_SECOND) {
		on_seen(self);
		return;
	}
	search(self, peer ? STAGE_LOOK : STAGE_SEARCH);
}

/* The sink's person was faster. */
static void on_request(HostGroupSupplicant *self, GVariant *parameters)
{
	const HostPeer *peer = find_peer(self);
	const char *path;
	guint16 password;
	guint8 intent;

	g_variant_get(parameters, "(&oqy)", &path, &password, &intent);
	if (!peer || strcmp(peer->path, path))
		return;
	self->chosen = TRUE;
	self->pairing = password == PASSWORD_REGISTRAR_SPECIFIED ? HOST_P2P_SINK_SHOWS_PIN
			: password == PASSWORD_USER_SPECIFIED	 ? HOST_P2P_WE_SHOW_PIN
								 : HOST_P2P_PUSH_BUTTON;
	if ((self->group.stage != STAGE_PIN && self->group.stage != STAGE_TYPE) ||
	    self->pairing == HOST_P2P_SINK_SHOWS_PIN)
		return;
	/* The person looks for a PIN that the sink does not show any more. */
	g_cancellable_cancel(self->asking);
	g_object_unref(self->asking);
	self->asking = g_cancellable_new();
	begin_pairing(self);
}

/*
 * What the supplicant says.
 */

static gboolean is_ours(GVariant *properties, const char *name, const char *path)
{
	const char *value;

	return path && g_variant_lookup(properties, name, "&o", &value) && !strcmp(value, path);
}

static gboolean is_about_sink(HostGroupSupplicant *self, GVariant *properties)
{
	const HostPeer *peer = find_peer(self);

	return !peer || is_ours(properties, "peer_object", peer->path);
}

static gboolean is_forming(HostGroupSupplicant *self)
{
	return self->group.stage == STAGE_ACCEPT || self->group.stage == STAGE_FORM;
}

/* Signals with a dictionary. */
static void on_dictionary(HostGroupSupplicant *self, const char *name, GVariant *properties)
{
	if (!strcmp(name, "GroupStarted")) {
		on_group_started(self, properties);
	} else if (!strcmp(name, "GroupFinished")) {
		if (is_ours(properties, "interface_object", self->path) &&
		    self->group.stage >= STAGE_READ && self->group.stage < HOST_GROUP_LEAVING)
			host_group_lose(&self->group, HOST_REASON_LINK_LOST,
					"the Wi-Fi Direct group has ended");
	} else if (!strcmp(name, "GONegotiationSuccess")) {
		if (self->group.stage == STAGE_ACCEPT && is_about_sink(self, properties)) {
			host_group_set_stage(&self->group, STAGE_FORM);
			host_group_emit_step(&self->group, "joining",
					     "The sink has accepted, keys are exchanged");
		}
	} else if (!strcmp(name, "GONegotiationFailure")) {
		gint32 status = 0;

		g_variant_lookup(properties, "status", "i", &status);
		if (is_forming(self) && is_about_sink(self, properties))
			on_negotiation_failed(self, status);
	} else if (!strcmp(name, "InvitationResult")) {
		if (self->group.stage == STAGE_INVITE)
			on_invitation_result(self, properties);
	}
}

static void on_object(HostGroupSupplicant *self, const char *path, const char *name,
		      const char *object)
{
	const HostPeer *peer = find_peer(self);

	if (!strcmp(name, "InterfaceRemoved")) {
		if (!g_strcmp0(object, self->path) && self->group.stage >= STAGE_READ)
			ask_who_removed(self);
	} else if (!strcmp(name, "PeerJoined")) {
		if (self->group.stage == STAGE_PEER && !g_strcmp0(path, self->object))
			host_group_succeed(&self->group);
	} else if (!strcmp(name, "PeerDisconnected")) {
		if (self->group.stage == HOST_GROUP_OPEN && !g_strcmp0(path, self->object))
			host_group_lose(&self->group, HOST_REASON_LINK_LOST,
					"the sink has left the group");
	} else if (!strcmp(name, "ProvisionDiscoveryResponseEnterPin")) {
		if (self->group.stage == STAGE_PIN && peer && !strcmp(object, peer->path))
			ask_for_pin(self);
	}
}

static void on_event(HostSupplicant *supplicant, const char *path, const char *name,
		     GVariant *parameters, HostGroupSupplicant *self)
{
	g_autoptr(HostGroupSupplicant) kept = g_object_ref(self);
	g_autoptr(GVariant) properties = NULL;
	const char *text;

	if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(a{sv})"))) {
		properties = g_variant_get_child_value(parameters, 0);
		on_dictionary(self, name, properties);
	} else if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(o)"))) {
		g_variant_get(parameters, "(&o)", &text);
		on_object(self, path, name, text);
	} else if (!strcmp(name, "InterfaceAdded") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oa{sv})"))) {
		properties = g_variant_get_child_value(parameters, 1);
		if ((is_forming(self) || self->group.stage == STAGE_INVITE) &&
		    g_variant_lookup(properties, "Ifname", "&s", &text)) {
			g_free(self->forming);
			self->forming = g_strdup(text);
		}
	} else if (!strcmp(name, "PersistentGroupAdded") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oa{sv})"))) {
		/* It makes one of each group that may come again; the copy that counts is ours. */
		g_variant_get(parameters, "(&oa{sv})", &text, NULL);
		if (self->group.stage >= STAGE_INVITE && self->group.stage < HOST_GROUP_LEAVING &&
		    !g_ptr_array_find_with_equal_func(self->added, text, g_str_equal, NULL))
			g_ptr_array_add(self->added, g_strdup(text));
	} else if (!strcmp(name, "GroupFormationFailure") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(s)"))) {
		g_variant_get(parameters, "(&s)", &text);
		if (is_forming(self))
			on_formation_failed(self, text);
		else if (self->group.stage == STAGE_INVITE)
			give_up_stored(self, TRUE);
		else if (self->group.stage == STAGE_READ || self->group.stage == STAGE_PEER)
			ask_who_removed(self);
	} else if (!strcmp(name, "WpsFailed") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sa{sv})"))) {
		properties = g_variant_get_child_value(parameters, 1);
		if (is_forming(self))
			on_wps_failed(self, properties);
	} else if (!strcmp(name, "GONegotiationRequest") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oqy)"))) {
		if (self->group.stage < STAGE_ACCEPT)
			on_request(self, parameters);
	} else if (!strcmp(name, "ProvisionDiscoveryFailure") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oi)"))) {
		if (self->group.stage == STAGE_PIN)
			host_group_fail(&self->group, HOST_REASON_PAIRING_UNSUPPORTED, NULL);
	}
}

static void on_supplicant_changed(HostSupplicant *supplicant, HostGroupSupplicant *self)
{
	g_autoptr(HostGroupSupplicant) kept = g_object_ref(self);
	const char *detail;
	HostReason problem = host_supplicant_get_problem(supplicant, &detail);

	/* Before, it says itself when it is ready. */
	if (problem == HOST_N_REASONS || self->group.stage <= STAGE_USE ||
	    self->group.stage >= HOST_GROUP_LEAVING)
		return;
	host_group_lose(&self->group, problem, detail);
}

/*
 * As a group.
 */

static void host_group_supplicant_begin(HostGroup *group)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);

	g_signal_connect(self->supplicant, "event", G_CALLBACK(on_event), self);
	g_signal_connect(self->supplicant, "peer-found", G_CALLBACK(on_peer_found), self);
	g_signal_connect(self->supplicant, "changed", G_CALLBACK(on_supplicant_changed), self);
	g_signal_connect(self->agent, "gone", G_CALLBACK(on_agent_gone), self);
	host_group_set_stage(&self->group, STAGE_USE);
	self->group.use = host_supplicant_use(self->supplicant, self->port, on_ready, self);
}

static void host_group_supplicant_add_details(HostGroup *group, GVariantDict *details)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);

	if (self->frequency)
		g_variant_dict_insert(details, "link-frequency", "t", (guint64)self->frequency);
}

static HostGroup *host_group_supplicant_turn_round(HostGroup *group)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);
	HostGroupSupplicant *other;

	/* Who has chosen who owns it meant that; one that was joined has its owner; no PIN is used twice. */
	if (self->intent >= 0 || self->attempt || self->is_join || self->pin ||
	    self->pairing != HOST_P2P_PUSH_BUTTON)
		return NULL;
	/* What it came to, by the sink's intent or in a group from before, may not be what was asked for. */
	other = HOST_GROUP_SUPPLICANT(
		host_group_supplicant_new(self->supplicant, self->store, self->sink, self->port,
					  self->agent, NULL, group->net.is_owner ? 15 : 0));
	other->attempt = 1;
	other->may_leave = self->may_leave;
	return HOST_GROUP(other);
}

static void host_group_supplicant_init(HostGroupSupplicant *self)
{
	self->asking = g_cancellable_new();
	self->added = g_ptr_array_new_with_free_func(g_free);
	self->pairing_failure = HOST_N_REASONS;
}

static void host_group_supplicant_finalize(GObject *object)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(object);

	host_group_supplicant_let_go(&self->group);
	g_clear_error(&self->first_failure);
	g_free(self->path);
	g_free(self->object);
	g_free(self->forming);
	g_free(self->stored);
	g_ptr_array_unref(self->added);
	g_free(self->sink);
	g_free(self->pin);
	g_object_unref(self->asking);
	g_object_unref(self->agent);
	g_object_unref(self->supplicant);
	G_OBJECT_CLASS(host_group_supplicant_parent_class)->finalize(object);
}

static void host_group_supplicant_class_init(HostGroupSupplicantClass *class)
{
	HostGroupClass *group = HOST_GROUP_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = host_group_supplicant_finalize;
	group->maker = HOST_GROUP_MAKER_SUPPLICANT;
	group->limits = limits;
	group->n_limits = G_N_ELEMENTS(limits);
	group->begin = host_group_supplicant_begin;
	group->put_back = host_group_supplicant_put_back;
	group->let_go = host_group_supplicant_let_go;
	group->on_limit = host_group_supplicant_on_limit;
	group->add_details = host_group_supplicant_add_details;
	group->turn_round = host_group_supplicant_turn_round;
}

HostGroup *host_group_supplicant_new(HostSupplicant *supplicant, HostP2pStore *store,
				     const char *sink, guint16 port, HostAgent *agent,
				     const char *pin, int intent)
{
	HostGroupSupplicant *self = g_object_new(HOST_TYPE_GROUP_SUPPLICANT, NULL);

	self->supplicant = g_object_ref(supplicant);
	self->store = store;
	self->sink = g_strdup(sink);
	self->port = port;
	self->agent = g_object_ref(agent);
	self->pin = g_strdup(pin);
	self->intent = intent;
	return HOST_GROUP(self);
}
