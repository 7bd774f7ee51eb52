// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-supplicant-pairing.h"

#include <string.h>

/* What a sink says that wants to pair in one way or the other (WSC device password ids). */
#define PASSWORD_USER_SPECIFIED	     1 /* it has been typed there */
#define PASSWORD_REGISTRAR_SPECIFIED 5 /* it is shown there */

/* A status of GO negotiation (Wi-Fi P2P). */
#define P2P_NO_ANSWER		-1
#define P2P_BOTH_WANT_TO_OWN	9
#define P2P_PAIRING_UNSUPPORTED 10

void host_group_supplicant_fail_attempt(HostGroupSupplicant *self, HostReason reason,
					const char *detail)
{
	if (self->first_failure)
		host_group_put_back(&self->group, g_steal_pointer(&self->first_failure));
	else
		host_group_fail(&self->group, reason, detail);
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

void host_group_supplicant_pairing_on_agent_gone(HostGroupSupplicant *self)
{
	if (self->group.stage == STAGE_ACCEPT && self->pairing == HOST_P2P_WE_SHOW_PIN)
		host_group_fail(&self->group, HOST_REASON_NO_PIN,
				"it is to be typed at the sink, and there is nobody to show it to");
}

static void on_connect_called(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
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
		host_group_supplicant_pairing_on_agent_gone(self);
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
	host_group_supplicant_call(self, host_supplicant_get_p2p(self->supplicant),
				   HOST_SUPPLICANT_P2P, "Connect",
				   g_variant_new("(@a{sv})", g_variant_builder_end(&options)),
				   "(s)", on_connect_called);
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
		host_group_supplicant_pairing_begin(self);
}

void host_group_supplicant_pairing_ask_for_pin(HostGroupSupplicant *self)
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
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	if (self->group.stage != STAGE_PIN || answer)
		return;
	g_dbus_error_strip_remote_error(error);
	host_group_fail(&self->group, HOST_REASON_SUPPLICANT_REFUSED, error->message);
}

static void request_pin(HostGroupSupplicant *self, const HostPeer *peer)
{
	host_group_set_stage(&self->group, STAGE_PIN);
	host_group_emit_step(&self->group, "pairing", "The sink is asked to show a PIN");
	host_group_supplicant_call(self, host_supplicant_get_p2p(self->supplicant),
				   HOST_SUPPLICANT_P2P, "ProvisionDiscoveryRequest",
				   g_variant_new("(os)", peer->path, "display"), NULL,
				   on_discovery_asked);
}

static void on_asked(gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	const HostPeer *peer = host_group_supplicant_find_peer(self);

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
void host_group_supplicant_pairing_begin(HostGroupSupplicant *self)
{
	const HostPeer *peer = host_group_supplicant_find_peer(self);

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
		host_group_supplicant_fail_attempt(self, reason, detail);
		return;
	}
	g_message("No group came about (%s): once more, the other way round",
		  host_reason_word(reason));
	/* That both wanted to own is settled by turning round. */
	if (reason != HOST_REASON_BOTH_WANT_TO_OWN)
		self->first_failure = host_reason_error(reason, detail);
	self->attempt++;
	host_group_supplicant_pairing_begin(self);
}

void host_group_supplicant_pairing_on_negotiation_failed(HostGroupSupplicant *self, int status)
{
	const HostPeer *peer = host_group_supplicant_find_peer(self);
	int waited_s = (g_get_monotonic_time() - self->asked_at) / G_TIME_SPAN_SECOND;

	if (status == P2P_NO_ANSWER && self->repeats < MAX_REPEATS && waited_s < HOST_P2P_SOON_S) {
		self->repeats++;
		g_message("An answer of the sink was lost, it is asked once more");
		host_group_supplicant_pairing_begin(self);
	} else if (status == P2P_BOTH_WANT_TO_OWN) {
		try_again_or_fail(self, HOST_REASON_BOTH_WANT_TO_OWN, NULL);
	} else if (status == P2P_PAIRING_UNSUPPORTED && self->pairing == HOST_P2P_PUSH_BUTTON &&
		   peer && peer->methods & (HOST_P2P_METHOD_DISPLAY | HOST_P2P_METHOD_KEYPAD)) {
		self->chosen = TRUE;
		self->pairing = peer->methods & HOST_P2P_METHOD_DISPLAY ? HOST_P2P_SINK_SHOWS_PIN
									: HOST_P2P_WE_SHOW_PIN;
		host_group_supplicant_pairing_begin(self);
	} else {
		host_group_supplicant_fail_attempt(self, host_p2p_reason(status, waited_s), NULL);
	}
}

void host_group_supplicant_pairing_on_formation_failed(HostGroupSupplicant *self,
						       const char *detail)
{
	if (self->pairing_failure != HOST_N_REASONS)
		host_group_supplicant_fail_attempt(self, self->pairing_failure, NULL);
	else if (!strcmp(detail, "FREQ_CONFLICT"))
		host_group_supplicant_fail_attempt(self, HOST_REASON_CHANNEL_CONFLICT, NULL);
	else
		try_again_or_fail(self, HOST_REASON_GROUP_FAILED, *detail ? detail : NULL);
}

void host_group_supplicant_pairing_on_wps_failed(HostGroupSupplicant *self, GVariant *details)
{
	gint16 error = 0;

	g_variant_lookup(details, "config_error", "n", &error);
	self->pairing_failure = host_p2p_wps_reason(error, self->pairing);
	/* That no group comes about is said next. */
	host_group_set_limit(&self->group, 10);
}

void host_group_supplicant_pairing_on_request(HostGroupSupplicant *self, GVariant *parameters)
{
	const HostPeer *peer = host_group_supplicant_find_peer(self);
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
	host_group_supplicant_pairing_begin(self);
}
