// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-p2p.h"

#include "sink-address.h"
#include "sink-supplicant.h"

#include <gio/gunixinputstream.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#define TYPING_S  120 /* a source waits no longer */
#define LISTEN_S  3000 /* wpa_supplicant listens for an hour at a time */
#define FORMING_S 60 /* from the yes to the group */

/* A primary sink, available, RTSP port 7236, 50 Mbit/s */
#define DEFAULT_ELEMENT "00000600111c440032"

/* Device password ids of WSC, in a request: what the source wants of us. */
#define PASSWORD_WE_SHOW 1
#define PASSWORD_BUTTON	 4
#define PASSWORD_WE_TYPE 5

typedef enum {
	STARTING,
	LISTENING,
	ASKED, /* somebody thinks about it */
	FORMING,
	GROUP, /* there is one; of an autonomous owner, perhaps nobody else in it */
	READY, /* the source's address was told */
	VANISHED,
} SinkP2pState;

struct SinkP2p {
	SinkP2pConfig config; /* borrowed strings */
	SinkP2pOps ops;
	gpointer user_data;

	char *directory;
	SinkSupplicant *supplicant;
	SinkAddress *address;
	SinkP2pState state;
	gint64 began_us;
	GArray *steps; /* SinkP2pStep */

	/* The source, and what it wants: */
	char *peer;
	SinkPairing pairing;
	char *pin;
	gboolean is_negotiating; /* it waits for an answer; else it will ask once it has the PIN */
	guint16 port;

	char *group; /* its interface */
	gboolean had_group;
	gboolean is_owner;
	gboolean has_client; /* as owner: the source is in it */

	GInputStream *standard_input;
	GDataInputStream *typed;
	GCancellable *cancellable;
	guint timer; /* of the state */
};

static const struct {
	const char *name, *method;
	SinkPairing pairing;
} pairings[] = {
	{"button", "virtual_push_button", SINK_PAIRING_BUTTON},
	{"show", "physical_display", SINK_PAIRING_SHOW},
	{"type", "keypad", SINK_PAIRING_TYPE},
};

SinkPairing sink_pairing_parse(const char *words, GError **error)
{
	g_auto(GStrv) list = g_strsplit(words, ",", -1);
	SinkPairing found = 0;

	for (char **word = list; *word; word++) {
		SinkPairing one = 0;

		for (guint i = 0; i < G_N_ELEMENTS(pairings); i++)
			if (!strcmp(*word, pairings[i].name))
				one = pairings[i].pairing;
		if (!one) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
				    "--pairing does not know \"%s\", but button, show and type",
				    *word);
			return 0;
		}
		found |= one;
	}
	return found;
}

static const char *pairing_name(SinkPairing pairing)
{
	for (guint i = 0; i < G_N_ELEMENTS(pairings); i++)
		if (pairings[i].pairing == pairing)
			return pairings[i].name;
	return "unknown";
}

/* WSC 2.0, 7.4.1: the last of eight digits makes the sum right. */
static guint checksum(guint seven)
{
	guint sum = 0;

	for (guint i = 0; i < 7; i++, seven /= 10)
		sum += seven % 10 * (i % 2 ? 1 : 3);
	return (10 - sum % 10) % 10;
}

static gboolean is_pin(const char *pin)
{
	gsize length = strlen(pin);

	if ((length != 4 && length != 8) || strspn(pin, "0123456789") != length)
		return FALSE;
	return length == 4 || checksum(atoi(pin) / 10) == (guint)(pin[7] - '0');
}

static char *pin_by_chance(void)
{
	guint seven = g_random_int_range(0, 10000000);

	return g_strdup_printf("%07u%u", seven, checksum(seven));
}

gboolean sink_p2p_config_check(const SinkP2pConfig *config, GError **error)
{
	const char *wrong = NULL;
	SinkElement element;

	if (strlen(config->interface) == 0 || strlen(config->interface) >= IFNAMSIZ ||
	    strpbrk(config->interface, "/ "))
		wrong = "--p2p takes the name of a network interface";
	else if (strlen(config->name) == 0 || strlen(config->name) > SINK_P2P_MAX_NAME)
		wrong = "--name takes 1 to 32 bytes";
	else if (strpbrk(config->name, "\n\r\t"))
		wrong = "--name takes one line";
	/* In wpa_supplicant's configuration the rest would be a comment; it knows no quoting there. */
	else if (strchr(config->name, '#'))
		wrong = "--name takes no # with --p2p";
	else if (g_str_has_suffix(config->name, " "))
		wrong = "--name takes no space at its end with --p2p";
	else if (config->pin && !is_pin(config->pin))
		wrong = "--pin takes 4 digits, or 8 with the right check digit at the end";
	else if (config->intent < 0 || config->intent > 15)
		wrong = "--intent takes 0 to 15";
	if (wrong) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, wrong);
		return FALSE;
	}
	if (config->element && !sink_element_parse(config->element, &element, error)) {
		g_prefix_error(error, "--wfd-element: ");
		return FALSE;
	}
	return TRUE;
}

static void clear_step(gpointer data)
{
	SinkP2pStep *step = data;

	g_free(step->detail);
}

static void add_step(SinkP2p *self, const char *name, const char *detail)
{
	SinkP2pStep step = {
		.name = name,
		.detail = g_strdup(detail),
		.at_us = g_get_monotonic_time() - self->began_us,
	};

	g_array_append_val(self->steps, step);
	self->ops.step(name, detail, self->user_data);
}

static void set_state(SinkP2p *self, SinkP2pState state)
{
	g_clear_handle_id(&self->timer, g_source_remove);
	self->state = state;
}

/* A sink that has hung itself up: its radio is there, and nothing answers any more. */
static void vanish(SinkP2p *self)
{
	set_state(self, VANISHED);
	sink_supplicant_freeze(self->supplicant);
	if (self->address)
		sink_address_freeze(self->address);
	add_step(self, "vanished", NULL);
}

/* FALSE: it has vanished at it. */
G_GNUC_PRINTF(3, 4)
static gboolean step(SinkP2p *self, const char *name, const char *format, ...)
{
	g_autofree char *detail = NULL;
	va_list args;

	va_start(args, format);
	detail = format ? g_strdup_vprintf(format, args) : NULL;
	va_end(args);
	add_step(self, name, detail);
	if (sink_misbehaves(self->config.misbehaviour, SINK_FAULT_P2P_VANISH) &&
	    !strcmp(name, self->config.misbehaviour->step)) {
		vanish(self);
		return FALSE;
	}
	return TRUE;
}

gboolean sink_p2p_step(SinkP2p *self, const char *name, const char *detail)
{
	return self->state != VANISHED && step(self, name, detail ? "%s" : NULL, detail);
}

static void fail(SinkP2p *self, const char *sentence)
{
	set_state(self, VANISHED);
	self->ops.failed(sentence, self->user_data);
}

/* The last words that wpa_supplicant wrote of itself are in its log. */
static void fail_with(SinkP2p *self, const char *what, const GError *error)
{
	g_autofree char *sentence = g_strdup_printf("%s: %s.", what, error->message);

	fail(self, sentence);
}

static gboolean on_listen_timer(gpointer user_data)
{
	SinkP2p *self = user_data;
	g_autoptr(GError) error = NULL;

	if (!sink_supplicant_do(self->supplicant, &error, "P2P_LISTEN")) {
		self->timer = 0;
		fail_with(self, "The Wi-Fi device cannot be found as a sink", error);
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

/* Open to be found and asked, as a television is; a group of its own is that by itself. */
static void listen_again(SinkP2p *self)
{
	g_clear_pointer(&self->peer, g_free);
	g_clear_pointer(&self->pin, g_free);
	self->is_negotiating = FALSE;
	set_state(self, self->group ? GROUP : LISTENING);
	if (!self->group && on_listen_timer(self))
		self->timer = g_timeout_add_seconds(LISTEN_S, on_listen_timer, self);
}

/* WHAT went wrong with the source that asks; the next one may come, or the same again. */
G_GNUC_PRINTF(2, 3)
static void give_up(SinkP2p *self, const char *format, ...)
{
	g_autofree char *detail = NULL;
	va_list args;

	va_start(args, format);
	detail = g_strdup_vprintf(format, args);
	va_end(args);
	if (step(self, "failed", "%s", detail))
		listen_again(self);
}

/* --- Letting a source in */

static gboolean on_forming_timer(gpointer user_data)
{
	SinkP2p *self = user_data;

	self->timer = 0;
	sink_supplicant_do(self->supplicant, NULL, "P2P_CANCEL");
	give_up(self, "no group came about within %d s", FORMING_S);
	return G_SOURCE_REMOVE;
}

static const char *other_pin(const char *pin)
{
	return strcmp(pin, "12345670") ? "12345670" : "00000000";
}

static gboolean authorise(SinkP2p *self, GError **error)
{
	const char *pin = self->pin;

	if (pin && sink_misbehaves(self->config.misbehaviour, SINK_FAULT_P2P_WRONG_PIN))
		pin = other_pin(pin);
	if (self->group && self->pairing == SINK_PAIRING_BUTTON)
		return sink_supplicant_do(self->supplicant, error, "IFNAME=%s WPS_PBC",
					  self->group);
	if (self->group)
		return sink_supplicant_do(self->supplicant, error, "IFNAME=%s WPS_PIN any %s",
					  self->group, pin);
	return sink_supplicant_do(self->supplicant, error, "P2P_CONNECT %s %s%s%s go_intent=%d%s",
				  self->peer, self->pairing == SINK_PAIRING_BUTTON ? "pbc" : pin,
				  self->pairing == SINK_PAIRING_SHOW   ? " display"
				  : self->pairing == SINK_PAIRING_TYPE ? " keypad"
								       : "",
				  self->is_negotiating ? "" : " auth", self->config.intent,
				  self->config.store ? " persistent" : "");
}

static gboolean on_yes(gpointer user_data)
{
	SinkP2p *self = user_data;
	g_autoptr(GError) error = NULL;

	self->timer = 0;
	if (sink_misbehaves(self->config.misbehaviour, SINK_FAULT_P2P_DECLINE)) {
		sink_supplicant_do(self->supplicant, NULL, "P2P_REJECT %s", self->peer);
		give_up(self, "%s is declined", self->peer);
	} else if (!authorise(self, &error)) {
		give_up(self, "%s", error->message);
	} else if (step(self, "accepted", "%s", self->peer)) {
		/* A group of its own goes on whether somebody comes in or not. */
		if (self->group) {
			listen_again(self);
			return G_SOURCE_REMOVE;
		}
		set_state(self, FORMING);
		self->timer = g_timeout_add_seconds(FORMING_S, on_forming_timer, self);
	}
	return G_SOURCE_REMOVE;
}

static gboolean on_not_typed(gpointer user_data)
{
	SinkP2p *self = user_data;

	self->timer = 0;
	give_up(self, "no PIN was typed within %d s", TYPING_S);
	return G_SOURCE_REMOVE;
}

static void think_about_it(SinkP2p *self)
{
	g_clear_handle_id(&self->timer, g_source_remove);
	if (!sink_misbehaves(self->config.misbehaviour, SINK_FAULT_P2P_NEVER_ACCEPT))
		self->timer = g_timeout_add(self->config.accept_after * 1000, on_yes, self);
}

gboolean sink_p2p_type_pin(SinkP2p *self, const char *pin)
{
	/* Whoever asked may have left meanwhile. */
	if (self->state != ASKED || self->pairing != SINK_PAIRING_TYPE || self->pin)
		return TRUE;
	if (!is_pin(pin))
		return FALSE;
	self->pin = g_strdup(pin);
	think_about_it(self);
	return TRUE;
}

static void on_typed(GObject *object, GAsyncResult *result, gpointer user_data)
{
	SinkP2p *self = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *line = g_data_input_stream_read_line_finish_utf8(
		G_DATA_INPUT_STREAM(object), result, NULL, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	g_clear_object(&self->typed);
	if (self->state != ASKED || self->pairing != SINK_PAIRING_TYPE)
		return;
	if (!line || !sink_p2p_type_pin(self, g_strstrip(line)))
		give_up(self, "what was typed is no PIN");
}

static void read_pin(SinkP2p *self)
{
	if (self->typed)
		return;
	if (!self->standard_input)
		self->standard_input = g_unix_input_stream_new(STDIN_FILENO, FALSE);
	self->typed = g_data_input_stream_new(self->standard_input);
	g_filter_input_stream_set_close_base_stream(G_FILTER_INPUT_STREAM(self->typed), FALSE);
	g_data_input_stream_read_line_async(self->typed, G_PRIORITY_DEFAULT, self->cancellable,
					    on_typed, self);
}

/* Of the device that is named so; what it says of Wi-Fi Display may not be there. */
static gboolean read_peer(SinkP2p *self, const char *peer, SinkElement *element)
{
	g_autofree char *answer = sink_supplicant_ask(self->supplicant, NULL, "P2P_PEER %s", peer);
	g_autofree char *hex = answer ? sink_answer_get(answer, "wfd_subelems") : NULL;
	g_autoptr(GError) error = NULL;

	if (!hex)
		return FALSE;
	if (sink_element_parse(hex, element, &error))
		return TRUE;
	g_printerr("miracast-sink: %s: %s\n", peer, error->message);
	return FALSE;
}

static void note_port(SinkP2p *self, const char *peer)
{
	SinkElement element;

	if (read_peer(self, peer, &element) && element.port)
		self->port = element.port;
}

/*
 * @peer asks. @pin: that wpa_supplicant has made for us to show, or NULL. @is_negotiating: it asks
 * for the group itself, not only whether we would show or type a PIN.
 */
static void on_asked(SinkP2p *self, const char *peer, SinkPairing pairing, const char *pin,
		     gboolean is_negotiating)
{
	SinkElement element;

	if (self->state == ASKED && !g_strcmp0(self->peer, peer) && self->pairing == pairing) {
		/* It does so until it is answered. */
		self->is_negotiating |= is_negotiating;
		return;
	}
	if (self->state != LISTENING && !(self->state == GROUP && self->config.autonomous))
		return;
	set_state(self, ASKED);
	g_free(self->peer);
	self->peer = g_strdup(peer);
	self->pairing = pairing;
	self->is_negotiating = is_negotiating;
	g_clear_pointer(&self->pin, g_free);
	if (!step(self, "asked", "%s: %s", peer, pairing_name(pairing)))
		return;
	if (read_peer(self, peer, &element) && (element.type == SINK_DEVICE_PRIMARY_SINK ||
						element.type == SINK_DEVICE_SECONDARY_SINK)) {
		sink_supplicant_do(self->supplicant, NULL, "P2P_REJECT %s", peer);
		give_up(self, "%s is a sink itself", peer);
		return;
	}
	if (!(self->config.offered & pairing)) {
		sink_supplicant_do(self->supplicant, NULL, "P2P_REJECT %s", peer);
		give_up(self, "%s is not offered", pairing_name(pairing));
		return;
	}
	if (pairing == SINK_PAIRING_SHOW) {
		self->pin = pin		       ? g_strdup(pin)
			    : self->config.pin ? g_strdup(self->config.pin)
					       : pin_by_chance();
		if (!step(self, "pin", "%s", self->pin))
			return;
	} else if (pairing == SINK_PAIRING_TYPE) {
		if (!step(self, "pin-wanted", "that %s shows", peer))
			return;
		if (!self->config.pin) {
			self->timer = g_timeout_add_seconds(TYPING_S, on_not_typed, self);
			if (!self->config.is_told_pin)
				read_pin(self);
			return;
		}
		self->pin = g_strdup(self->config.pin);
	}
	think_about_it(self);
}

/* --- The group */

/* Whatever the source does, nobody goes there. */
static gboolean stays_away(SinkP2p *self)
{
	return sink_misbehaves(self->config.misbehaviour, SINK_FAULT_P2P_NO_CONNECT) ||
	       sink_misbehaves(self->config.misbehaviour, self->is_owner
								  ? SINK_FAULT_P2P_CONNECT_CLIENT
								  : SINK_FAULT_P2P_CONNECT_OWNER);
}

static void on_address_ready(const char *own, const char *source, gpointer user_data)
{
	SinkP2p *self = user_data;
	g_autoptr(GSocketAddress)
		address = g_inet_socket_address_new_from_string(source, self->port);

	if (!step(self, "addressed", "%s; the source has %s", own, source))
		return;
	if (stays_away(self))
		return;
	set_state(self, READY);
	self->ops.ready(address, self->user_data);
}

static void on_address_failed(const char *sentence, gpointer user_data)
{
	fail(user_data, sentence);
}

static const SinkAddressOps address_ops = {
	.ready = on_address_ready,
	.failed = on_address_failed,
};

/* As owner, once the source is in: before, it would be told of an address that nobody has. */
static void serve_addresses(SinkP2p *self)
{
	g_autoptr(GError) error = NULL;

	if (sink_misbehaves(self->config.misbehaviour, SINK_FAULT_P2P_NO_ADDRESS))
		return;
	self->address =
		sink_address_new_server(self->group, self->directory, &address_ops, self, &error);
	if (!self->address)
		fail_with(self, "The group has no addresses", error);
}

static void ask_for_address(SinkP2p *self, const SinkEventLine *event)
{
	const char *own = sink_event_line_get(event, "ip_addr");
	const char *mask = sink_event_line_get(event, "ip_mask");
	const char *source = sink_event_line_get(event, "go_ip_addr");
	g_autoptr(GError) error = NULL;

	if (sink_misbehaves(self->config.misbehaviour, SINK_FAULT_P2P_NO_ADDRESS))
		return;
	if (own && mask && source)
		self->address = sink_address_new_given(self->group, own, mask, source, &address_ops,
						       self, &error);
	else
		self->address = sink_address_new_client(self->group, self->directory, &address_ops,
							self, &error);
	if (!self->address)
		fail_with(self, "The group has no addresses", error);
}

/* "P2P-GROUP-STARTED p2p-wlan1-0 client ssid=... freq=2412 go_dev_addr=02:..." */
static void on_group_started(SinkP2p *self, const SinkEventLine *event)
{
	const char *freq = sink_event_line_get(event, "freq");
	const char *owner = sink_event_line_get(event, "go_dev_addr");

	if (self->group)
		return;
	set_state(self, GROUP);
	self->group = g_strdup(sink_event_line_word(event, 0));
	self->had_group = TRUE;
	self->is_owner = !strcmp(sink_event_line_word(event, 1), "GO");
	self->has_client = FALSE;
	if (!step(self, "started", "%s as %s at %s MHz", self->group,
		  self->is_owner ? "owner" : "client", freq ? freq : "?"))
		return;
	if (self->is_owner)
		return;
	if (owner)
		note_port(self, owner);
	ask_for_address(self, event);
}

static void on_client_joined(SinkP2p *self, const SinkEventLine *event)
{
	const char *device = sink_event_line_get(event, "p2p_dev_addr");

	if (!self->group || !self->is_owner || self->has_client ||
	    g_strcmp0(event->interface, self->group))
		return;
	self->has_client = TRUE;
	if (!step(self, "joined", "%s", device ? device : sink_event_line_word(event, 0)))
		return;
	if (device)
		note_port(self, device);
	serve_addresses(self);
}

static void group_is_over(SinkP2p *self, const char *detail)
{
	gboolean was_ready = self->state == READY;
	g_autofree char *sentence = g_strdup_printf("The Wi-Fi Direct group is gone: %s.", detail);

	g_clear_pointer(&self->address, sink_address_free);
	if (!step(self, "removed", "%s", detail))
		return;
	if (was_ready)
		self->ops.lost(sentence, self->user_data);
	else
		listen_again(self);
}

static void on_group_removed(SinkP2p *self, const SinkEventLine *event)
{
	const char *reason = sink_event_line_get(event, "reason");

	if (g_strcmp0(sink_event_line_word(event, 0), self->group))
		return;
	g_clear_pointer(&self->group, g_free);
	group_is_over(self, reason ? reason : "no reason given");
}

static void on_client_left(SinkP2p *self, const SinkEventLine *event)
{
	if (!self->has_client || g_strcmp0(event->interface, self->group))
		return;
	self->has_client = FALSE;
	/* A group that was made for it alone goes, too. */
	if (!self->config.autonomous)
		sink_supplicant_do(self->supplicant, NULL, "P2P_GROUP_REMOVE %s", self->group);
	else
		group_is_over(self, "the source has left it");
}

/* --- wpa_supplicant */

static const char *status_of(const SinkEventLine *event)
{
	const char *status = sink_event_line_get(event, "status");

	return status ? status : "?";
}

static void on_negotiation_request(SinkP2p *self, const SinkEventLine *event)
{
	const char *peer = sink_event_line_word(event, 0);
	const char *id = sink_event_line_get(event, "dev_passwd_id");

	switch (id ? atoi(id) : 0) {
	case PASSWORD_BUTTON: on_asked(self, peer, SINK_PAIRING_BUTTON, NULL, TRUE); break;
	case PASSWORD_WE_SHOW: on_asked(self, peer, SINK_PAIRING_SHOW, NULL, TRUE); break;
	case PASSWORD_WE_TYPE: on_asked(self, peer, SINK_PAIRING_TYPE, NULL, TRUE); break;
	default: step(self, "failed", "%s wants device password %s", peer, id ? id : "none"); break;
	}
}

static void on_event(const SinkEventLine *event, gpointer user_data)
{
	SinkP2p *self = user_data;
	const char *name = event->name;
	const char *first = sink_event_line_word(event, 0);

	if (self->state == VANISHED)
		return;
	if (!strcmp(name, "P2P-GO-NEG-REQUEST")) {
		on_negotiation_request(self, event);
	} else if (!strcmp(name, "P2P-PROV-DISC-PBC-REQ")) {
		/* Without a group of our own the negotiation's request follows. */
		if (self->group)
			on_asked(self, first, SINK_PAIRING_BUTTON, NULL, TRUE);
	} else if (!strcmp(name, "P2P-PROV-DISC-SHOW-PIN")) {
		on_asked(self, first, SINK_PAIRING_SHOW, sink_event_line_word(event, 1), FALSE);
	} else if (!strcmp(name, "P2P-PROV-DISC-ENTER-PIN")) {
		on_asked(self, first, SINK_PAIRING_TYPE, NULL, FALSE);
	} else if (!strcmp(name, "P2P-GO-NEG-SUCCESS")) {
		step(self, "negotiated", NULL);
	} else if (!strcmp(name, "P2P-GO-NEG-FAILURE")) {
		give_up(self, "the negotiation, with status %s", status_of(event));
	} else if (!strcmp(name, "P2P-GROUP-FORMATION-FAILURE")) {
		give_up(self, "the forming of the group");
	} else if (!strcmp(name, "WPS-FAIL")) {
		step(self, "wps-failed", NULL);
	} else if (!strcmp(name, "P2P-INVITATION-ACCEPTED")) {
		step(self, "invited", NULL);
	} else if (!strcmp(name, "P2P-GROUP-STARTED")) {
		on_group_started(self, event);
	} else if (!strcmp(name, "P2P-GROUP-REMOVED")) {
		on_group_removed(self, event);
	} else if (!strcmp(name, "AP-STA-CONNECTED")) {
		on_client_joined(self, event);
	} else if (!strcmp(name, "AP-STA-DISCONNECTED")) {
		on_client_left(self, event);
	}
}

static void on_up(gpointer user_data)
{
	SinkP2p *self = user_data;
	const char *element = self->config.element ? self->config.element : DEFAULT_ELEMENT;
	g_autoptr(GError) error = NULL;
	g_autofree char *status = NULL;
	g_autofree char *address = NULL;

	/* Its configuration file does not take these two. */
	if (!sink_supplicant_do(self->supplicant, &error, "SET wifi_display 1") ||
	    !sink_supplicant_do(self->supplicant, &error, "WFD_SUBELEM_SET all %s", element) ||
	    !(status = sink_supplicant_ask(self->supplicant, &error, "IFNAME=%s STATUS",
					   self->config.interface))) {
		g_prefix_error(&error, "%s: ", self->config.interface);
		fail_with(self, "The Wi-Fi device cannot be a sink", error);
		return;
	}
	address = sink_answer_get(status, "p2p_device_address");
	if (!step(self, "up", "%s", address ? address : "?"))
		return;
	listen_again(self);
	if (self->state == LISTENING && self->config.autonomous &&
	    !sink_supplicant_do(self->supplicant, &error, "P2P_GROUP_ADD%s",
				self->config.store ? " persistent" : ""))
		fail_with(self, "There is no group of its own", error);
}

static void on_supplicant_gone(const char *sentence, gpointer user_data)
{
	SinkP2p *self = user_data;

	if (self->state != VANISHED)
		fail(self, sentence);
}

static char *make_settings(const SinkP2pConfig *config)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_append_printf(text,
			       "update_config=1\ndevice_name=%s\nmanufacturer=linux-miracast\n"
			       "model_name=miracast-sink\ndevice_type=7-0050F204-1\n"
			       "p2p_no_group_iface=0\np2p_go_intent=%d\nconfig_methods=",
			       config->name, config->intent);
	for (guint i = 0; i < G_N_ELEMENTS(pairings); i++)
		if (config->offered & pairings[i].pairing)
			g_string_append_printf(text, "%s ", pairings[i].method);
	g_string_append(text, "\n");
	if (config->store)
		g_string_append(text, "persistent_reconnect=1\n");
	if (config->gives_addresses)
		g_string_append(text,
				"ip_addr_go=" SINK_ADDRESS_OWNER "\nip_addr_mask=" SINK_ADDRESS_MASK
				"\nip_addr_start=" SINK_ADDRESS_CLIENT
				"\nip_addr_end=" SINK_ADDRESS_CLIENT "\n");
	return g_string_free(g_steal_pointer(&text), FALSE);
}

SinkP2p *sink_p2p_new(const SinkP2pConfig *config, const SinkP2pOps *ops, gpointer user_data,
		      GError **error)
{
	static const SinkSupplicantOps supplicant_ops = {
		.up = on_up,
		.event = on_event,
		.gone = on_supplicant_gone,
	};
	g_autofree char *settings = make_settings(config);
	SinkSupplicantConfig supplicant = {
		.interface = config->interface,
		.settings = settings,
		.store = config->store,
		.log = config->log,
	};
	SinkP2p *self = g_new0(SinkP2p, 1);

	self->config = *config;
	self->ops = *ops;
	self->user_data = user_data;
	self->port = SINK_RTSP_PORT;
	self->began_us = g_get_monotonic_time();
	self->cancellable = g_cancellable_new();
	self->steps = g_array_new(FALSE, FALSE, sizeof(SinkP2pStep));
	g_array_set_clear_func(self->steps, clear_step);
	self->directory = g_dir_make_tmp("miracast-sink-XXXXXX", error);
	if (self->directory) {
		supplicant.directory = self->directory;
		self->supplicant = sink_supplicant_new(&supplicant, &supplicant_ops, self, error);
	}
	if (!self->supplicant) {
		sink_p2p_free(self);
		return NULL;
	}
	return self;
}

void sink_p2p_free(SinkP2p *self)
{
	if (!self)
		return;
	g_clear_handle_id(&self->timer, g_source_remove);
	g_cancellable_cancel(self->cancellable);
	sink_address_free(self->address);
	sink_supplicant_free(self->supplicant);
	if (self->directory)
		g_rmdir(self->directory);
	g_clear_object(&self->typed);
	g_clear_object(&self->standard_input);
	g_object_unref(self->cancellable);
	g_array_unref(self->steps);
	g_free(self->peer);
	g_free(self->pin);
	g_free(self->group);
	g_free(self->directory);
	g_free(self);
}

const SinkP2pStep *sink_p2p_steps(const SinkP2p *self, guint *n)
{
	*n = self->steps->len;
	return (const SinkP2pStep *)self->steps->data;
}

const char *sink_p2p_role(const SinkP2p *self)
{
	return !self->had_group ? NULL : self->is_owner ? "owner" : "client";
}
