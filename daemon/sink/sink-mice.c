// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-mice.h"

#include "sink-violations.h"

#include "mice-message.h"
#include "mice-pin.h"

#include <string.h>

/* [MS-MICE], 3.1.1, as far as it is a state of one connection. */
typedef enum {
	STATE_CONNECTED,
	STATE_SESSION_REQUESTED, /* waits for the handshake */
	STATE_HANDSHAKE,
	STATE_SECURE, /* the handshake is done */
	STATE_PIN_SHOWN, /* the same, and the PIN is waited for */
	STATE_PIN_PROVEN,
	STATE_READY, /* the source is */
	STATE_ENDED,
} MiceState;

struct SinkMice {
	SinkMiceConfig config;
	SinkMiceOps ops;
	gpointer user_data;

	MiceState state;
	MiceFramer framer;
	SinkDtls *dtls; /* from the first token on */
	gboolean session_requested;
	gboolean pin_asked;
	char *pin;
	gboolean has_id;
	guint8 id[MICE_ID];
	gboolean rtsp_connected;
	gint64 establish_end_us;
	gint64 message_end_us; /* 0: none is due */
	SinkMiceStatistics stats;
	SinkViolations *violations;
};

static void end(SinkMice *mice, SinkReason reason, const char *sentence)
{
	if (mice->state == STATE_ENDED)
		return;
	mice->state = STATE_ENDED;
	mice->ops.ended(reason, sentence, mice->user_data);
}

/* Whether the sink closes the connection in this step. */
static gboolean closes(SinkMice *mice, SinkFault fault)
{
	if (!sink_misbehaves(mice->config.misbehaviour, fault))
		return FALSE;
	end(mice, SINK_REASON_MISBEHAVED, "The connection was closed on purpose.");
	return TRUE;
}

/* Fields are sealed once a session was requested and the handshake is done (3.1.5.5). */
static gboolean seals(const SinkMice *mice)
{
	return mice->session_requested && mice->state >= STATE_SECURE;
}

static void send_frame(SinkMice *mice, guint8 command, GBytes *body)
{
	g_autoptr(GBytes) frame = mice_message_frame(command, body);

	mice->stats.messages_out++;
	mice->ops.send(frame, mice->user_data);
}

static void send_message(SinkMice *mice, MiceMessage *message)
{
	g_autoptr(GBytes) body = NULL;

	message->has_id = mice->has_id;
	memcpy(message->id, mice->id, MICE_ID);
	body = mice_message_body(message);
	if (seals(mice)) {
		gsize size;
		const guint8 *data = g_bytes_get_data(body, &size);
		g_autoptr(GBytes) sealed = sink_dtls_seal(mice->dtls, data, size);

		if (!sealed) {
			end(mice, SINK_REASON_SECURITY_FAILED, "A message cannot be encrypted.");
			return;
		}
		g_clear_pointer(&body, g_bytes_unref);
		body = g_steal_pointer(&sealed);
	}
	send_frame(mice, message->command, body);
}

static void send_token(SinkMice *mice, const guint8 *data, gsize size)
{
	g_auto(MiceMessage) message = {
		.command = MICE_SECURITY_HANDSHAKE,
		.token = g_bytes_new(data, size),
	};
	g_autoptr(GBytes) body = mice_message_body(&message);

	send_frame(mice, message.command, body);
}

/* How many bytes of what is left go into one message. */
static gsize token_size(const SinkMice *mice, const guint8 *data, gsize left)
{
	if (sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_CUT_TOKENS))
		return MIN(left, 50);
	if (sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_MERGED) &&
	    left > SINK_DTLS_RECORD_HEAD)
		return MIN(left, SINK_DTLS_RECORD_HEAD + (gsize)(data[11] << 8 | data[12]));
	return left;
}

static void answer_handshake(SinkMice *mice, const GByteArray *out)
{
	for (gsize at = 0, n; at < out->len; at += n) {
		n = token_size(mice, out->data + at, out->len - at);
		send_token(mice, out->data + at, n);
	}
}

static void show_pin(SinkMice *mice)
{
	if (mice->config.pin)
		mice->pin = g_strdup(mice->config.pin);
	else
		mice->pin = g_strdup_printf("%08d", g_random_int_range(0, 100000000));
	mice->ops.show_pin(mice->pin, mice->user_data);
}

static void on_session_request(SinkMice *mice, const MiceMessage *message)
{
	gboolean encrypt = message->options & MICE_OPTION_ENCRYPT;
	gboolean pin = encrypt && (message->options & MICE_OPTION_PIN);

	if (mice->state != STATE_CONNECTED) {
		end(mice, SINK_REASON_MICE_INVALID, "The source requested a session too late.");
		return;
	}
	if (!message->name)
		sink_violations_note(mice->violations, "SESSION_REQUEST without a name");
	if (!message->has_options)
		sink_violations_note(mice->violations, "SESSION_REQUEST without security options");
	if ((message->options & MICE_OPTION_PIN) && !encrypt)
		sink_violations_note(mice->violations, "a PIN is asked for without encryption");
	if (encrypt && mice->config.security == SINK_SECURITY_NONE) {
		end(mice, SINK_REASON_SECURITY_REFUSED, "The source wants encryption.");
		return;
	}
	mice->session_requested = TRUE;
	mice->state = encrypt ? STATE_SESSION_REQUESTED : STATE_CONNECTED;
	mice->pin_asked = pin;
	if (pin) {
		mice->establish_end_us += SINK_MICE_ESTABLISH_PIN_US - SINK_MICE_ESTABLISH_US;
		show_pin(mice);
	}
}

static void on_handshake(SinkMice *mice, const MiceMessage *message, gint64 now_us)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	const guint8 *token;
	gsize size;

	if (mice->state > STATE_HANDSHAKE || !message->token ||
	    mice->config.security == SINK_SECURITY_NONE) {
		end(mice, SINK_REASON_MICE_INVALID, "The source began a handshake out of place.");
		return;
	}
	if (closes(mice, SINK_FAULT_MICE_CLOSE_IN_HANDSHAKE) ||
	    sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_SILENT_HANDSHAKE))
		return;
	mice->state = STATE_HANDSHAKE;
	if (sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_DTLS_GARBAGE)) {
		guint8 garbage[600];

		for (gsize i = 0; i < sizeof(garbage); i++)
			garbage[i] = g_random_int();
		send_token(mice, garbage, sizeof(garbage));
		return;
	}
	if (!mice->dtls)
		mice->dtls = sink_dtls_new(
			sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_COOKIE), &error);
	token = g_bytes_get_data(message->token, &size);
	if (!mice->dtls || !sink_dtls_handshake(mice->dtls, token, size, out, &error)) {
		g_autofree char *sentence =
			g_strdup_printf("Encryption cannot begin: %s.", error->message);

		end(mice, SINK_REASON_SECURITY_FAILED, sentence);
		return;
	}
	answer_handshake(mice, out);
	mice->message_end_us = now_us + mice->config.message_timeout_us;
	if (sink_dtls_is_done(mice->dtls)) {
		mice->stats.encrypted = TRUE;
		mice->message_end_us = 0;
		mice->state = mice->pin_asked ? STATE_PIN_SHOWN : STATE_SECURE;
	}
}

static void hash_for(const char *pin, GInetAddress *address, guint8 *hash)
{
	mice_pin_hash(pin, g_inet_address_to_bytes(address),
		      g_inet_address_get_native_size(address), hash);
}

static void on_pin_challenge(SinkMice *mice, const MiceMessage *message)
{
	MiceMessage answer = {.command = MICE_PIN_RESPONSE, .has_reason = TRUE};
	guint8 expected[MICE_HASH];

	if (mice->state != STATE_PIN_SHOWN) {
		end(mice, SINK_REASON_MICE_INVALID, "The source answers a PIN that is not shown.");
		return;
	}
	if (closes(mice, SINK_FAULT_MICE_CLOSE_AT_PIN) ||
	    sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_SILENT_PIN))
		return;
	mice->stats.pin_tries++;
	/* Of who sent it: so the example of [MS-MICE], 4, against 3.1.5.6. */
	hash_for(mice->pin, mice->config.remote, expected);
	if (!message->has_hash) {
		answer.reason = MICE_PIN_INVALID_MESSAGE;
	} else if (memcmp(message->hash, expected, MICE_HASH) ||
		   sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_REFUSE_PIN)) {
		answer.reason = MICE_PIN_WRONG;
	} else {
		answer.reason = MICE_PIN_ACCEPTED;
		answer.has_hash = TRUE;
		hash_for(mice->pin, mice->config.local, answer.hash);
		if (sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_ECHO_HASH))
			memcpy(answer.hash, message->hash, MICE_HASH);
		if (sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_FALSE_HASH))
			memset(answer.hash, 0x55, MICE_HASH);
	}
	send_message(mice, &answer);
	if (answer.reason == MICE_PIN_ACCEPTED) {
		mice->state = STATE_PIN_PROVEN;
		mice->stats.pin = TRUE;
	} else if (mice->stats.pin_tries >= SINK_MICE_PIN_TRIES) {
		end(mice, SINK_REASON_WRONG_PIN, "The source does not know the PIN.");
	}
}

static gboolean may_be_ready(const SinkMice *mice)
{
	switch (mice->config.security) {
	case SINK_SECURITY_NONE:
	case SINK_SECURITY_OFFERED:
		return mice->state == STATE_CONNECTED || mice->state == STATE_SESSION_REQUESTED ||
		       mice->state == STATE_SECURE || mice->state == STATE_PIN_PROVEN;
	case SINK_SECURITY_ENCRYPTED:
		return mice->state == STATE_SECURE || mice->state == STATE_PIN_PROVEN;
	case SINK_SECURITY_PIN: return mice->state == STATE_PIN_PROVEN;
	}
	return FALSE;
}

static void on_source_ready(SinkMice *mice, const MiceMessage *message)
{
	if (mice->state == STATE_HANDSHAKE || mice->state == STATE_PIN_SHOWN ||
	    mice->state == STATE_READY || !message->rtsp_port) {
		end(mice, SINK_REASON_MICE_INVALID, "The source is ready out of place.");
		return;
	}
	if (!may_be_ready(mice)) {
		end(mice, SINK_REASON_SECURITY_REFUSED,
		    mice->config.security == SINK_SECURITY_PIN
			    ? "The source has to know the PIN, and did not ask for it."
			    : "The source has to encrypt, and does not.");
		return;
	}
	if (!message->has_id)
		sink_violations_note(mice->violations, "SOURCE_READY without a source id");
	if (!message->name && !mice->session_requested)
		sink_violations_note(mice->violations, "SOURCE_READY without a name");
	if (closes(mice, SINK_FAULT_MICE_CLOSE_AT_READY))
		return;
	mice->state = STATE_READY;
	if (sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_STOP_AT_READY)) {
		sink_mice_stop(mice);
		return;
	}
	if (!sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_SILENT))
		mice->ops.ready(message->rtsp_port, mice->user_data);
}

static void take_id_and_name(SinkMice *mice, MiceMessage *message)
{
	if (message->has_id && mice->has_id && memcmp(message->id, mice->id, MICE_ID))
		sink_violations_note(mice->violations, "the source id changes");
	if (message->has_id && !mice->has_id) {
		memcpy(mice->id, message->id, MICE_ID);
		mice->has_id = TRUE;
	}
	if (message->name && !mice->stats.source_name)
		mice->stats.source_name = g_strdup(message->name);
}

/* NULL: it cannot be undone, and the connection has ended. */
static GBytes *unseal(SinkMice *mice, guint8 command, GBytes *body)
{
	gsize size;
	const guint8 *record = g_bytes_get_data(body, &size);
	GBytes *fields;

	if (!mice_body_is_sealed(body)) {
		if (seals(mice))
			sink_violations_note(
				mice->violations,
				"fields in clear after a session request and handshake");
		return g_bytes_ref(body);
	}
	if (!seals(mice))
		sink_violations_note(mice->violations,
				     "encrypted fields without a session request");
	fields = mice->dtls ? sink_dtls_open(mice->dtls, record, size) : NULL;
	if (!fields)
		end(mice, SINK_REASON_MICE_INVALID, "A message cannot be decrypted.");
	return fields;
}

static void on_message(SinkMice *mice, guint8 command, GBytes *body, gint64 now_us)
{
	g_autoptr(GBytes) fields = unseal(mice, command, body);
	g_auto(MiceMessage) message = {0};

	if (!fields)
		return;
	if (!mice_message_parse(&message, command, fields)) {
		end(mice, SINK_REASON_MICE_INVALID, "The source sent a message that is broken.");
		return;
	}
	take_id_and_name(mice, &message);
	switch (command) {
	case MICE_SOURCE_READY: on_source_ready(mice, &message); break;
	case MICE_STOP_PROJECTION:
		end(mice, SINK_REASON_SOURCE_STOPPED, "The source stopped the projection.");
		break;
	case MICE_SECURITY_HANDSHAKE: on_handshake(mice, &message, now_us); break;
	case MICE_SESSION_REQUEST: on_session_request(mice, &message); break;
	case MICE_PIN_CHALLENGE: on_pin_challenge(mice, &message); break;
	default: end(mice, SINK_REASON_MICE_INVALID, "The source sent an unknown message."); break;
	}
}

/* What a sink may say before it was asked anything, and no source expects. */
static void misbehave_at_once(SinkMice *mice)
{
	static const guint8 garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const guint8 oversized[] = {0xff, 0xff, 0x01, MICE_SECURITY_HANDSHAKE};
	static const guint8 broken[] = {0x00, 0x08, 0x01, MICE_PIN_RESPONSE, 0x07, 0xff, 0xff, 0};
	static const guint8 unknown[] = {0x00, 0x04, 0x01, 0x7f};
	const struct {
		SinkFault fault;
		const guint8 *data;
		gsize size;
	} faults[] = {
		{SINK_FAULT_MICE_GARBAGE, garbage, sizeof(garbage) - 1},
		{SINK_FAULT_MICE_OVERSIZED, oversized, sizeof(oversized)},
		{SINK_FAULT_MICE_BROKEN, broken, sizeof(broken)},
		{SINK_FAULT_MICE_UNKNOWN, unknown, sizeof(unknown)},
	};

	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new_static(faults[i].data, faults[i].size);

		if (sink_misbehaves(mice->config.misbehaviour, faults[i].fault))
			mice->ops.send(bytes, mice->user_data);
	}
}

void sink_mice_feed(SinkMice *mice, const guint8 *data, gsize size, gint64 now_us)
{
	MiceFramerResult result = MICE_FRAMER_MORE;

	if (mice->state == STATE_ENDED)
		return;
	mice_framer_push(&mice->framer, data, size);
	while (mice->state != STATE_ENDED) {
		guint8 command;
		GBytes *body;

		result = mice_framer_pull(&mice->framer, &command, &body);
		if (result != MICE_FRAMER_MESSAGE)
			break;
		mice->stats.messages_in++;
		on_message(mice, command, body, now_us);
		g_bytes_unref(body);
	}
	if (result == MICE_FRAMER_GARBAGE || result == MICE_FRAMER_TOO_LONG)
		end(mice, SINK_REASON_MICE_INVALID, "The source sent what is no message.");
}

void sink_mice_tick(SinkMice *mice, gint64 now_us)
{
	if (mice->message_end_us && now_us >= mice->message_end_us)
		end(mice, SINK_REASON_MICE_TIMEOUT,
		    "The source does not go on with the handshake.");
	else if (!mice->rtsp_connected && now_us >= mice->establish_end_us)
		end(mice, SINK_REASON_MICE_TIMEOUT, "The source was not ready in time.");
}

void sink_mice_connected(SinkMice *mice)
{
	mice->rtsp_connected = TRUE;
}

void sink_mice_playing(SinkMice *mice)
{
	if (sink_misbehaves(mice->config.misbehaviour, SINK_FAULT_MICE_STOP_IN_PLAY))
		sink_mice_stop(mice);
	closes(mice, SINK_FAULT_MICE_CLOSE_IN_PLAY);
}

void sink_mice_stop(SinkMice *mice)
{
	MiceMessage message = {.command = MICE_STOP_PROJECTION, .name = mice->stats.source_name};

	if (mice->state == STATE_READY)
		send_message(mice, &message);
}

SinkDtls *sink_mice_dtls(SinkMice *mice)
{
	return mice->stats.encrypted ? mice->dtls : NULL;
}

const SinkMiceStatistics *sink_mice_statistics(const SinkMice *mice)
{
	return &mice->stats;
}

const char *const *sink_mice_violations(const SinkMice *mice)
{
	return sink_violations_get(mice->violations);
}

SinkMice *sink_mice_new(const SinkMiceConfig *config, const SinkMiceOps *ops, gpointer user_data,
			gint64 now_us)
{
	SinkMice *mice = g_new0(SinkMice, 1);

	mice->config = *config;
	g_object_ref(mice->config.local);
	g_object_ref(mice->config.remote);
	mice->ops = *ops;
	mice->user_data = user_data;
	mice->establish_end_us = now_us + SINK_MICE_ESTABLISH_US;
	mice->violations = sink_violations_new();
	mice_framer_init(&mice->framer);
	if (!closes(mice, SINK_FAULT_MICE_CLOSE_AT_ONCE))
		misbehave_at_once(mice);
	return mice;
}

void sink_mice_free(SinkMice *mice)
{
	if (!mice)
		return;
	mice_framer_clear(&mice->framer);
	g_clear_pointer(&mice->dtls, sink_dtls_unref);
	sink_violations_free(mice->violations);
	g_object_unref(mice->config.local);
	g_object_unref(mice->config.remote);
	g_free(mice->stats.source_name);
	g_free(mice->pin);
	g_free(mice);
}
