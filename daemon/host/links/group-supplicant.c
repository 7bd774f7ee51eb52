// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-supplicant.h"

#include "address.h"
#include "group-supplicant-pairing.h"
#include "group-supplicant-running.h"
#include "group-supplicant-stored.h"
#include "station.h"

#include <net/if.h>
#include <string.h>

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

G_DEFINE_FINAL_TYPE(HostGroupSupplicant, host_group_supplicant, HOST_TYPE_GROUP)

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

static void host_group_supplicant_put_back(HostGroup *group, int from)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);
	const char *p2p = host_supplicant_get_p2p(self->supplicant);

	g_cancellable_cancel(self->asking);
	stop_search(self);
	self->calls = 1;
	if (p2p && (from == STAGE_INVITE || from == STAGE_ACCEPT || from == STAGE_FORM))
		host_group_supplicant_call_to_put_back(self, p2p, "Cancel", NULL);
	if (p2p && self->path)
		host_group_supplicant_call_to_put_back(self, self->path, "Disconnect", NULL);
	host_group_supplicant_stored_put_back(self);
	/* The session may begin the next one now: what that asks for is heard after this. */
	host_supplicant_give_back(self->supplicant, self);
	if (!--self->calls)
		host_group_finish(group);
}

/*
 * The sink is seen.
 */

static void begin_to_connect(HostGroupSupplicant *self)
{
	const HostPeer *peer = host_group_supplicant_find_peer(self);
	g_autoptr(HostStoredGroup) stored = host_p2p_store_lookup(self->store, self->sink);

	/*
	 * A group that runs is joined; a PIN that was named is meant; who owns one from before is settled, and
	 * may be what is to be turned round.
	 */
	if (stored && peer && !peer->is_owner && !self->pin && !self->chosen && !self->attempt)
		host_group_supplicant_stored_invite(self, stored);
	else
		host_group_supplicant_pairing_begin(self);
}

static void search(HostGroupSupplicant *self, int stage)
{
	host_group_set_stage(&self->group, stage);
	self->searching = TRUE;
	host_group_emit_step(&self->group, "searching", "The sink is looked for");
	host_supplicant_start_search(self->supplicant);
}

/* The radio may be gone, and what is known of the sink not yet. */
static gboolean fail_without_radio(HostGroupSupplicant *self)
{
	if (host_supplicant_get_p2p(self->supplicant))
		return FALSE;
	host_group_fail(&self->group, HOST_REASON_SUPPLICANT_AWAY, "the Wi-Fi device is gone");
	return TRUE;
}

/* The Wi-Fi network may be left; the sink may have gone while that was asked. */
static void go_on(HostGroup *group)
{
	HostGroupSupplicant *self = HOST_GROUP_SUPPLICANT(group);

	self->may_leave = TRUE;
	if (fail_without_radio(self))
		return;
	if (host_group_supplicant_find_peer(self) || self->repeats >= MAX_REPEATS) {
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
	if (fail_without_radio(self))
		return;
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
	const HostPeer *peer = host_group_supplicant_find_peer(self);

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
	const HostPeer *peer = host_group_supplicant_find_peer(self);

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
	const HostPeer *peer = host_group_supplicant_find_peer(self);

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
	const HostPeer *peer = host_group_supplicant_find_peer(self);

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
		host_group_supplicant_running_on_started(self, properties);
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
			host_group_supplicant_pairing_on_negotiation_failed(self, status);
	} else if (!strcmp(name, "InvitationResult")) {
		if (self->group.stage == STAGE_INVITE)
			host_group_supplicant_stored_on_result(self, properties);
	}
}

static void on_object(HostGroupSupplicant *self, const char *path, const char *name,
		      const char *object)
{
	const HostPeer *peer = host_group_supplicant_find_peer(self);

	if (!strcmp(name, "InterfaceRemoved")) {
		if (!g_strcmp0(object, self->path) && self->group.stage >= STAGE_READ)
			host_group_supplicant_running_ask_who_removed(self);
	} else if (!strcmp(name, "PeerJoined")) {
		if (self->group.stage == STAGE_PEER && !g_strcmp0(path, self->object))
			host_group_succeed(&self->group);
	} else if (!strcmp(name, "PeerDisconnected")) {
		if (self->group.stage == HOST_GROUP_OPEN && !g_strcmp0(path, self->object))
			host_group_lose(&self->group, HOST_REASON_LINK_LOST,
					"the sink has left the group");
	} else if (!strcmp(name, "ProvisionDiscoveryResponseEnterPin")) {
		if (self->group.stage == STAGE_PIN && peer && !strcmp(object, peer->path))
			host_group_supplicant_pairing_ask_for_pin(self);
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
		if (self->group.stage >= STAGE_INVITE && self->group.stage < HOST_GROUP_LEAVING)
			host_group_supplicant_stored_note(self, text);
	} else if (!strcmp(name, "GroupFormationFailure") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(s)"))) {
		g_variant_get(parameters, "(&s)", &text);
		if (is_forming(self))
			host_group_supplicant_pairing_on_formation_failed(self, text);
		else if (self->group.stage == STAGE_INVITE)
			host_group_supplicant_stored_give_up(self, TRUE);
		else if (self->group.stage == STAGE_READ || self->group.stage == STAGE_PEER)
			host_group_supplicant_running_ask_who_removed(self);
	} else if (!strcmp(name, "WpsFailed") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sa{sv})"))) {
		properties = g_variant_get_child_value(parameters, 1);
		if (is_forming(self))
			host_group_supplicant_pairing_on_wps_failed(self, properties);
	} else if (!strcmp(name, "GONegotiationRequest") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oqy)"))) {
		if (self->group.stage < STAGE_ACCEPT)
			host_group_supplicant_pairing_on_request(self, parameters);
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

static void on_agent_gone(HostAgent *agent, HostGroupSupplicant *self)
{
	g_autoptr(HostGroupSupplicant) kept = g_object_ref(self);

	host_group_supplicant_pairing_on_agent_gone(self);
}

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
		host_group_supplicant_pairing_begin(self);
	} else if (group->stage == STAGE_PIN) {
		/* Perhaps it shows one all the same. */
		host_group_supplicant_pairing_ask_for_pin(self);
	} else if (group->stage == STAGE_ACCEPT || group->stage == STAGE_FORM) {
		if (self->pairing_failure != HOST_N_REASONS)
			host_group_supplicant_fail_attempt(self, self->pairing_failure, NULL);
		else if (self->is_join)
			host_group_supplicant_fail_attempt(self, HOST_REASON_JOIN_NOT_CONFIRMED,
							   NULL);
		else
			host_group_supplicant_fail_attempt(self, limit->reason, limit->detail);
	} else {
		host_group_fail(group, limit->reason, limit->detail);
	}
}

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

static void host_group_supplicant_settle(HostGroup *group)
{
	host_group_supplicant_stored_save(HOST_GROUP_SUPPLICANT(group));
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
	g_clear_pointer(&self->fresh, host_stored_group_free);
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
	group->settle = host_group_supplicant_settle;
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
