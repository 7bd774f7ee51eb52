// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sink of Miracast over Infrastructure, whose source is the test: it has the source's own DTLS, of
 * another library than the sink's.
 */
#include "dtls.h"
#include "mice-message.h"
#include "mice-pin.h"
#include "sink-mice.h"

#include <string.h>

#define PIN "12345678"

typedef struct {
	SinkMice *sink;
	SessionDtls *dtls;
	gboolean sealed; /* fields are */
	gboolean handshake_done;
	GInetAddress *local, *remote; /* as the sink sees them */
	gint64 now;
	guint8 id[MICE_ID];

	/* What the sink did. */
	MiceFramer framer;
	GQueue messages; /* MiceMessage */
	guint n_handshake; /* messages of it */
	char *pin;
	guint16 ready;
	gboolean ended;
	SinkReason reason;
} Source;

static void free_message(gpointer data)
{
	mice_message_clear(data);
	g_free(data);
}

static GBytes *open_body(Source *s, GBytes *body)
{
	guint8 fields[MICE_MAX_MESSAGE];
	gsize size;
	const guint8 *record = g_bytes_get_data(body, &size);

	g_assert_cmpint(mice_body_is_sealed(body), ==, s->sealed);
	if (!s->sealed)
		return g_bytes_ref(body);
	size = session_dtls_open(s->dtls, record, size, fields, sizeof(fields));
	g_assert_cmpuint(size, >, 0);
	return g_bytes_new(fields, size);
}

static void on_send(GBytes *bytes, gpointer data)
{
	Source *s = data;
	guint8 command;
	GBytes *body;

	mice_framer_push(&s->framer, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	while (mice_framer_pull(&s->framer, &command, &body) == MICE_FRAMER_MESSAGE) {
		g_autoptr(GBytes) owned = body;
		g_autoptr(GBytes) fields = open_body(s, body);
		MiceMessage *message = g_new0(MiceMessage, 1);

		g_assert_true(mice_message_parse(message, command, fields));
		g_queue_push_tail(&s->messages, message);
	}
}

static void on_show_pin(const char *pin, gpointer data)
{
	((Source *)data)->pin = g_strdup(pin);
}

static void on_ready(guint16 port, gpointer data)
{
	((Source *)data)->ready = port;
}

static void on_ended(SinkReason reason, const char *sentence, gpointer data)
{
	Source *s = data;

	g_assert_false(s->ended);
	g_assert_cmpstr(sentence, !=, "");
	s->ended = TRUE;
	s->reason = reason;
}

static void begin(Source *s, SinkSecurity security, const char *misbehaviour)
{
	static const SinkMiceOps ops = {
		.send = on_send, .show_pin = on_show_pin, .ready = on_ready, .ended = on_ended};
	SinkMiceConfig config = {
		.security = security,
		.message_timeout_us = G_USEC_PER_SEC,
	};

	*s = (Source){.now = 1, .id = "0123456789abcdef"};
	s->local = g_inet_address_new_from_string("192.0.2.200");
	s->remote = g_inet_address_new_from_string("192.0.2.100");
	config.local = s->local;
	config.remote = s->remote;
	if (misbehaviour) {
		config.misbehaviour = sink_misbehaviour_find(misbehaviour);
		g_assert_nonnull(config.misbehaviour);
	}
	mice_framer_init(&s->framer);
	s->sink = sink_mice_new(&config, &ops, s, s->now);
}

static void finish(Source *s)
{
	sink_mice_free(s->sink);
	g_clear_pointer(&s->dtls, session_dtls_unref);
	mice_framer_clear(&s->framer);
	g_queue_clear_full(&s->messages, free_message);
	g_object_unref(s->local);
	g_object_unref(s->remote);
	g_free(s->pin);
}

static void assert_violations(Source *s, const char *first)
{
	g_assert_cmpstr(sink_mice_violations(s->sink)[0], ==, first);
}

static void send_bytes(Source *s, GBytes *bytes)
{
	sink_mice_feed(s->sink, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), s->now);
}

static void send_message(Source *s, MiceMessage *message)
{
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GBytes) frame = NULL;

	message->has_id = TRUE;
	memcpy(message->id, s->id, MICE_ID);
	body = mice_message_body(message);
	if (s->sealed) {
		guint8 record[MICE_MAX_MESSAGE];
		gsize size = session_dtls_seal(s->dtls, g_bytes_get_data(body, NULL),
					       g_bytes_get_size(body), record, sizeof(record));

		g_assert_cmpuint(size, >, g_bytes_get_size(body));
		g_bytes_unref(body);
		body = g_bytes_new(record, size);
	}
	frame = mice_message_frame(message->command, body);
	send_bytes(s, frame);
}

static void send_ready(Source *s)
{
	MiceMessage message = {
		.command = MICE_SOURCE_READY, .rtsp_port = 7300, .name = s->sealed ? NULL : "me"};

	send_message(s, &message);
}

static void request_session(Source *s, guint8 options)
{
	MiceMessage message = {
		.command = MICE_SESSION_REQUEST,
		.name = "me",
		.has_options = TRUE,
		.options = options,
	};

	send_message(s, &message);
}

static MiceMessage *take_message(Source *s)
{
	return g_queue_pop_head(&s->messages);
}

/* FALSE: it failed here. */
static gboolean send_token(Source *s, const guint8 *data, gsize size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	g_auto(MiceMessage) message = {.command = MICE_SECURITY_HANDSHAKE};

	if (!session_dtls_handshake(s->dtls, data, size, out, &s->handshake_done, &error))
		return FALSE;
	if (out->len) {
		message.token = g_bytes_new(out->data, out->len);
		send_message(s, &message);
	}
	return TRUE;
}

/* Until nobody has more to say, or it fails here. */
static void shake_hands(Source *s)
{
	MiceMessage *answer;
	gboolean ok;

	s->dtls = session_dtls_new(NULL);
	g_assert_nonnull(s->dtls);
	ok = send_token(s, NULL, 0);
	while (ok && (answer = take_message(s))) {
		gsize size;
		const guint8 *token;

		g_assert_cmpint(answer->command, ==, MICE_SECURITY_HANDSHAKE);
		s->n_handshake++;
		token = g_bytes_get_data(answer->token, &size);
		ok = send_token(s, token, size);
		free_message(answer);
	}
}

/* Something like RTP: the sink reads each datagram once. */
static void stream(Source *s)
{
	guint8 packet[1328], record[sizeof(packet) + SESSION_DTLS_OVERHEAD];
	SinkDtls *dtls = sink_mice_dtls(s->sink);

	g_assert_nonnull(dtls);
	for (guint i = 0; i < 200; i++) {
		gsize size;
		GBytes *bytes;

		memset(packet, i, sizeof(packet));
		size = session_dtls_seal(s->dtls, packet, sizeof(packet), record, sizeof(record));
		g_assert_cmpuint(size, >, sizeof(packet));
		g_assert_cmpint(record[0], ==, 23);
		bytes = sink_dtls_open(dtls, record, size);
		g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), packet,
				sizeof(packet));
		g_bytes_unref(bytes);
		/* Once more, and then broken. */
		g_assert_null(sink_dtls_open(dtls, record, size));
		size = session_dtls_seal(s->dtls, packet, sizeof(packet), record, sizeof(record));
		record[size / 2] ^= 1;
		g_assert_null(sink_dtls_open(dtls, record, size));
	}
	g_assert_cmpuint(session_dtls_seal(s->dtls, packet, sizeof(packet), record, 1328), ==, 0);
	g_assert_null(sink_dtls_open(dtls, packet, sizeof(packet)));
	g_assert_null(sink_dtls_open(dtls, NULL, 0));
}

static void test_plain(void)
{
	MiceMessage stop = {.command = MICE_STOP_PROJECTION, .name = "me"};
	Source s;

	begin(&s, SINK_SECURITY_OFFERED, NULL);
	send_ready(&s);
	g_assert_cmpint(s.ready, ==, 7300);
	g_assert_cmpstr(sink_mice_statistics(s.sink)->source_name, ==, "me");
	sink_mice_connected(s.sink);
	sink_mice_tick(s.sink, 1000 * G_USEC_PER_SEC);
	g_assert_false(s.ended);
	sink_mice_stop(s.sink);
	{
		MiceMessage *message = take_message(&s);

		g_assert_cmpint(message->command, ==, MICE_STOP_PROJECTION);
		g_assert_cmpmem(message->id, MICE_ID, s.id, MICE_ID);
		free_message(message);
	}
	send_message(&s, &stop);
	g_assert_true(s.ended);
	g_assert_cmpint(s.reason, ==, SINK_REASON_SOURCE_STOPPED);
	g_assert_null(sink_mice_dtls(s.sink));
	assert_violations(&s, NULL);
	finish(&s);
}

static void test_encrypted(void)
{
	Source s;

	begin(&s, SINK_SECURITY_ENCRYPTED, NULL);
	shake_hands(&s);
	g_assert_true(s.handshake_done);
	send_ready(&s);
	g_assert_cmpint(s.ready, ==, 7300);
	g_assert_true(sink_mice_statistics(s.sink)->encrypted);
	stream(&s);
	assert_violations(&s, NULL);
	finish(&s);
}

/* Answers with the hash of @pin; returns the sink's message. */
static MiceMessage *challenge(Source *s, const char *pin)
{
	MiceMessage message = {.command = MICE_PIN_CHALLENGE, .has_hash = TRUE};

	mice_pin_hash(pin, g_inet_address_to_bytes(s->remote), 4, message.hash);
	send_message(s, &message);
	return take_message(s);
}

static void begin_with_pin(Source *s, SinkSecurity security, const char *misbehaviour)
{
	begin(s, security, misbehaviour);
	request_session(s, MICE_OPTION_ENCRYPT | MICE_OPTION_PIN);
	g_assert_nonnull(s->pin);
	g_assert_cmpuint(strspn(s->pin, "0123456789"), ==, MICE_PIN_DIGITS);
	shake_hands(s);
	g_assert_true(s->handshake_done);
	s->sealed = TRUE;
}

static void test_pin(void)
{
	guint8 hash[MICE_HASH];
	MiceMessage *answer;
	Source s;

	begin_with_pin(&s, SINK_SECURITY_PIN, NULL);
	/* There are more than one. */
	answer = challenge(&s, strcmp(s.pin, PIN) ? PIN : "87654321");
	g_assert_cmpint(answer->reason, ==, MICE_PIN_WRONG);
	g_assert_false(answer->has_hash);
	free_message(answer);
	answer = challenge(&s, s.pin);
	g_assert_cmpint(answer->reason, ==, MICE_PIN_ACCEPTED);
	mice_pin_hash(s.pin, g_inet_address_to_bytes(s.local), 4, hash);
	g_assert_cmpmem(answer->hash, MICE_HASH, hash, MICE_HASH);
	free_message(answer);
	send_ready(&s);
	g_assert_cmpint(s.ready, ==, 7300);
	g_assert_true(sink_mice_statistics(s.sink)->pin);
	g_assert_cmpint(sink_mice_statistics(s.sink)->pin_tries, ==, 2);
	stream(&s);
	assert_violations(&s, NULL);
	finish(&s);
}

static void test_wrong_pin(void)
{
	Source s;

	begin_with_pin(&s, SINK_SECURITY_PIN, "mice-refuse-pin");
	for (guint i = 0; i < SINK_MICE_PIN_TRIES; i++) {
		MiceMessage *answer;

		g_assert_false(s.ended);
		answer = challenge(&s, s.pin);
		g_assert_cmpint(answer->reason, ==, MICE_PIN_WRONG);
		free_message(answer);
	}
	g_assert_true(s.ended);
	g_assert_cmpint(s.reason, ==, SINK_REASON_WRONG_PIN);
	finish(&s);
}

/* What a sink refuses, and what it notes. */
static void test_refusals(void)
{
	MiceMessage unknown = {.command = 99};
	MiceMessage no_port = {.command = MICE_SOURCE_READY};
	Source s;

	begin(&s, SINK_SECURITY_ENCRYPTED, NULL);
	send_ready(&s);
	g_assert_cmpint(s.reason, ==, SINK_REASON_SECURITY_REFUSED);
	finish(&s);

	begin(&s, SINK_SECURITY_PIN, NULL);
	shake_hands(&s);
	g_assert_true(s.handshake_done);
	send_ready(&s);
	g_assert_cmpint(s.reason, ==, SINK_REASON_SECURITY_REFUSED);
	finish(&s);

	begin(&s, SINK_SECURITY_NONE, NULL);
	request_session(&s, MICE_OPTION_ENCRYPT);
	g_assert_cmpint(s.reason, ==, SINK_REASON_SECURITY_REFUSED);
	finish(&s);

	/* Before it has proved that it knows the PIN. */
	begin_with_pin(&s, SINK_SECURITY_OFFERED, NULL);
	send_ready(&s);
	g_assert_cmpint(s.reason, ==, SINK_REASON_MICE_INVALID);
	finish(&s);

	begin(&s, SINK_SECURITY_OFFERED, NULL);
	send_message(&s, &unknown);
	g_assert_cmpint(s.reason, ==, SINK_REASON_MICE_INVALID);
	finish(&s);

	begin(&s, SINK_SECURITY_OFFERED, NULL);
	send_message(&s, &no_port);
	g_assert_cmpint(s.reason, ==, SINK_REASON_MICE_INVALID);
	finish(&s);

	begin(&s, SINK_SECURITY_OFFERED, NULL);
	sink_mice_feed(s.sink, (const guint8 *)"GET / HTTP/1.1\r\n", 16, s.now);
	g_assert_cmpint(s.reason, ==, SINK_REASON_MICE_INVALID);
	finish(&s);

	/* In clear, where it should not be. */
	begin_with_pin(&s, SINK_SECURITY_OFFERED, NULL);
	s.sealed = FALSE;
	send_ready(&s);
	assert_violations(&s, "fields in clear after a session request and handshake");
	finish(&s);

	begin(&s, SINK_SECURITY_OFFERED, NULL);
	shake_hands(&s);
	g_assert_true(s.handshake_done);
	s.sealed = TRUE;
	send_ready(&s);
	assert_violations(&s, "encrypted fields without a session request");
	finish(&s);
}

static void test_times(void)
{
	Source s;

	begin(&s, SINK_SECURITY_OFFERED, NULL);
	sink_mice_tick(s.sink, SINK_MICE_ESTABLISH_US);
	g_assert_false(s.ended);
	sink_mice_tick(s.sink, s.now + SINK_MICE_ESTABLISH_US);
	g_assert_cmpint(s.reason, ==, SINK_REASON_MICE_TIMEOUT);
	finish(&s);

	begin_with_pin(&s, SINK_SECURITY_OFFERED, NULL);
	sink_mice_tick(s.sink, SINK_MICE_ESTABLISH_PIN_US);
	g_assert_false(s.ended);
	sink_mice_tick(s.sink, s.now + SINK_MICE_ESTABLISH_PIN_US);
	g_assert_cmpint(s.reason, ==, SINK_REASON_MICE_TIMEOUT);
	finish(&s);

	/* A source that does not go on with the handshake. */
	begin(&s, SINK_SECURITY_OFFERED, NULL);
	s.dtls = session_dtls_new(NULL);
	g_assert_true(send_token(&s, NULL, 0));
	sink_mice_tick(s.sink, G_USEC_PER_SEC);
	g_assert_false(s.ended);
	sink_mice_tick(s.sink, s.now + G_USEC_PER_SEC);
	g_assert_cmpint(s.reason, ==, SINK_REASON_MICE_TIMEOUT);
	finish(&s);
}

/* Handshakes that come in other forms are done all the same. */
static void test_forms_of_handshake(void)
{
	static const struct {
		const char *misbehaviour;
		guint n_least;
	} forms[] = {{"mice-merged", 4}, {"mice-cut-tokens", 10}, {"mice-cookie", 3}};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		Source s;

		begin(&s, SINK_SECURITY_OFFERED, forms[i].misbehaviour);
		shake_hands(&s);
		g_assert_true(s.handshake_done);
		g_assert_cmpuint(s.n_handshake, >=, forms[i].n_least);
		stream(&s);
		assert_violations(&s, NULL);
		finish(&s);
	}
}

static void test_handshake_of_garbage(void)
{
	static const guint8 pieces[][4] = {
		{22}, {22, 0xfe}, {99}, {22, 3}, {22, 0xfe, 0xfd, 0},
	};
	Source s;

	/* By chance it may look like the head of a record, and more would be waited for. */
	begin(&s, SINK_SECURITY_OFFERED, "mice-dtls-garbage");
	shake_hands(&s);
	g_assert_false(s.handshake_done);
	finish(&s);

	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(SessionDtls) dtls = session_dtls_new(NULL);
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_autoptr(GError) error = NULL;
		gboolean done;
		/* The third and fourth cannot become a record. */
		gsize size = i == 0 || i == 2 ? 1 : i == 4 ? 4 : 2;
		gboolean expected = i != 2 && i != 3;

		g_assert_true(session_dtls_handshake(dtls, NULL, 0, out, &done, NULL));
		g_assert_cmpuint(out->len, >, 0);
		g_assert_cmpint(session_dtls_handshake(dtls, pieces[i], size, out, &done, &error),
				==, expected);
		g_assert_false(done);
	}
}

/* Any byte of the source's flights changed: the sink refuses or goes on, and nothing else happens. */
static void test_mutations(void)
{
	for (guint round = 0; round < 300; round++) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		gboolean done;
		Source s;

		begin(&s, SINK_SECURITY_OFFERED, NULL);
		s.dtls = session_dtls_new(NULL);
		session_dtls_handshake(s.dtls, NULL, 0, out, &done, NULL);
		for (guint flight = 0; flight < 3 && out->len && !s.ended; flight++) {
			g_auto(MiceMessage) message = {.command = MICE_SECURITY_HANDSHAKE};
			MiceMessage *answer;

			if (g_test_rand_bit())
				out->data[g_test_rand_int_range(0, out->len)] ^=
					1 << g_test_rand_int_range(0, 8);
			message.token = g_bytes_new(out->data, out->len);
			send_message(&s, &message);
			g_byte_array_set_size(out, 0);
			while ((answer = take_message(&s))) {
				gsize size;
				const guint8 *token = g_bytes_get_data(answer->token, &size);
				g_autofree guint8 *copy = g_memdup2(token, size);

				if (!g_test_rand_int_range(0, 4))
					copy[g_test_rand_int_range(0, size)] ^= 0x10;
				session_dtls_handshake(s.dtls, copy, size, out, &done, NULL);
				free_message(answer);
			}
		}
		finish(&s);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sink/mice/plain", test_plain);
	g_test_add_func("/sink/mice/encrypted", test_encrypted);
	g_test_add_func("/sink/mice/pin", test_pin);
	g_test_add_func("/sink/mice/wrong-pin", test_wrong_pin);
	g_test_add_func("/sink/mice/refusals", test_refusals);
	g_test_add_func("/sink/mice/times", test_times);
	g_test_add_func("/sink/mice/forms-of-handshake", test_forms_of_handshake);
	g_test_add_func("/sink/mice/handshake-of-garbage", test_handshake_of_garbage);
	g_test_add_func("/sink/mice/mutations", test_mutations);
	return g_test_run();
}
