// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An open is one attempt after the other, with more security each time that the sink hangs up at
 * once; and an attempt goes
 *
 *	connect -> [request -> handshake -> [PIN]] -> ready -> RTSP is connected
 *
 * All that the sink says comes in messages of mice-message.h. One is handled at a time: while
 * somebody is asked (the sealer) nothing more is read.
 */
#include "link-mice.h"

#include "link-direct.h"
#include "liveness.h"
#include "mice-message.h"
#include "mice-pin.h"
#include "route.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE   4096
#define MOST_SEALED (MICE_MAX_MESSAGE - MICE_HEAD)
/* A message has other fields, too. */
#define MOST_TOKEN (MOST_SEALED - 256)
/* Between the first tries of two addresses. */
#define STAGGER_MS 250
/* Nobody answers a question at the sink as fast: it is the sink that does not take it like this. */
#define AT_ONCE (2 * G_TIME_SPAN_SECOND)

typedef enum {
	LEVEL_PLAIN,
	LEVEL_ENCRYPTED,
	LEVEL_PIN,
} MiceLevel;

typedef enum {
	STATE_IDLE,
	STATE_CONNECT,
	STATE_HANDSHAKE,
	STATE_ASK, /* the person is asked for the PIN */
	STATE_CHALLENGE, /* the sink is to say whether it is right */
	STATE_READY, /* RTSP is waited for */
	STATE_OPEN,
} MiceState;

struct _HostLinkMice {
	GObject parent_instance;

	HostListener *listener;
	HostSealer *sealer; /* or NULL */
	char *name;
	GPtrArray *addresses;
	guint16 port;
	guint wait_s;
	HostAgent *agent;
	char *known_pin; /* or NULL: not known, or tried */
	HostEncryption encryption;

	GTask *task; /* of the open under way */
	MiceState state;
	MiceLevel level;
	guint8 id[MICE_ID];

	/* Of an attempt; each has a cancellable of its own. */
	GCancellable *attempt;
	guint n_tried, n_pending; /* addresses */
	char *connect_error;
	guint stagger_source;
	guint limit_source;
	GSocketConnection *control;
	GSource *control_source;
	MiceFramer framer;
	bool busy; /* with a message of the sink's */
	bool handshake_begun;
	bool encrypted; /* the handshake is over */
	char *pin;
	guint pin_tries;
	gint64 last_sent; /* monotonic us */
	HostLink *rtsp;
	GSocketAddress *local; /* of RTSP */
	GInetAddress *peer;
};

static void host_link_mice_iface_init(HostLinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostLinkMice, host_link_mice, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_LINK, host_link_mice_iface_init))

/* What is asked of others is asked for one attempt: when that is over, nobody wants the answer. */
typedef struct {
	HostLinkMice *self;
	GCancellable *attempt;
	guint8 command; /* of what is to be sealed or was unsealed */
	GSocketConnection *control; /* for the last word only */
} MiceQuestion;

static MiceQuestion *question_new(HostLinkMice *self, guint8 command)
{
	MiceQuestion *question = g_new0(MiceQuestion, 1);

	question->self = g_object_ref(self);
	question->attempt = g_object_ref(self->attempt);
	question->command = command;
	return question;
}

static void question_free(MiceQuestion *question)
{
	g_object_unref(question->self);
	g_object_unref(question->attempt);
	g_clear_object(&question->control);
	g_free(question);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MiceQuestion, question_free)

static bool is_wanted(const MiceQuestion *question)
{
	return !g_cancellable_is_cancelled(question->attempt);
}

static void step(HostLinkMice *self, const char *word, const char *message)
{
	host_link_emit_step(HOST_LINK(self), word, message);
}

/*
 * The end of an attempt.
 */

static void stop_reading(HostLinkMice *self)
{
	if (self->control_source)
		g_source_destroy(self->control_source);
	g_clear_pointer(&self->control_source, g_source_unref);
}

static void on_rtsp_lost(HostLink *link, int reason, const char *detail, HostLinkMice *self)
{
	host_link_emit_lost(HOST_LINK(self), reason, detail);
}

static void on_rtsp_step(HostLink *link, const char *word, const char *message, HostLinkMice *self);

static void drop_attempt(HostLinkMice *self)
{
	if (self->attempt)
		g_cancellable_cancel(self->attempt);
	g_clear_object(&self->attempt);
	g_clear_handle_id(&self->stagger_source, g_source_remove);
	g_clear_handle_id(&self->limit_source, g_source_remove);
	stop_reading(self);
	/* Closed with its last reference: the last word may be under way. */
	g_clear_object(&self->control);
	mice_framer_clear(&self->framer);
	g_clear_pointer(&self->connect_error, g_free);
	if (self->rtsp) {
		g_signal_handlers_disconnect_by_data(self->rtsp, self);
		host_link_close(self->rtsp);
	}
	g_clear_object(&self->rtsp);
	if (self->sealer && self->handshake_begun)
		host_sealer_run_async(self->sealer, HOST_SEALER_FORGET, NULL, NULL, NULL);
	self->handshake_begun = false;
	self->encrypted = false;
	self->busy = false;
	self->state = STATE_IDLE;
}

static void say_stop(HostLinkMice *self);

G_GNUC_PRINTF(3, 4)
static void fail(HostLinkMice *self, HostReason reason, const char *format, ...)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);
	g_autofree char *detail = NULL;
	va_list args;

	va_start(args, format);
	detail = g_strdup_vprintf(format, args);
	va_end(args);
	say_stop(self);
	drop_attempt(self);
	if (task)
		g_task_return_error(task, host_reason_error(reason, detail));
	else
		host_link_emit_lost(HOST_LINK(self), reason, detail);
}

static void begin_attempt(HostLinkMice *self);

/* The sink has closed the connection. */
static void on_hang_up(HostLinkMice *self, const char *how)
{
	bool at_once = self->last_sent && g_get_monotonic_time() - self->last_sent < AT_ONCE;

	g_clear_object(&self->control);
	if (self->state == STATE_OPEN) {
		fail(self, HOST_REASON_CONTROL_LOST, "%s", how);
	} else if (at_once && self->sealer && self->level < LEVEL_PIN &&
		   self->encryption != HOST_ENCRYPTION_NEVER && self->state != STATE_CHALLENGE) {
		self->level++;
		step(self, "more-security",
		     self->level == LEVEL_PIN ? "the sink hung up: again, with a PIN"
					      : "the sink hung up: again, encrypted");
		drop_attempt(self);
		begin_attempt(self);
	} else {
		fail(self, HOST_REASON_SINK_HUNG_UP, "%s", how);
	}
}

/*
 * Sending.
 */

static void write_frame(HostLinkMice *self, GSocketConnection *control, guint8 command,
			GBytes *body)
{
	g_autoptr(GBytes) frame = mice_message_frame(command, body);
	gsize size;
	const char *data = g_bytes_get_data(frame, &size);

	/* Few and small: a sink that does not read them is gone, which is noticed where it is read. */
	if (g_socket_send(g_socket_connection_get_socket(control), data, size, NULL, NULL) !=
	    (gssize)size)
		g_debug("a message of kind %u was not sent", command);
	self->last_sent = g_get_monotonic_time();
}

static void on_sealed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	HostLinkMice *self = question->self;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes)
		record = host_sealer_run_finish(HOST_SEALER(object), result, NULL, &error);

	/* The session's process says how long it is. */
	if (record && g_bytes_get_size(record) > MOST_SEALED) {
		g_clear_pointer(&record, g_bytes_unref);
		g_set_error_literal(&error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "a record that is too long");
	}
	if (question->control) {
		if (record)
			write_frame(self, question->control, question->command, record);
	} else if (is_wanted(question)) {
		if (record)
			write_frame(self, self->control, question->command, record);
		else
			fail(self, HOST_REASON_ENCRYPTION_FAILED, "%s", error->message);
	}
}

/* Fields are sealed once a session was requested and the handshake is over ([MS-MICE], 3.1.5.5). */
static bool seals(HostLinkMice *self)
{
	return self->level == LEVEL_PIN && self->encrypted;
}

static void send_message(HostLinkMice *self, MiceMessage *message)
{
	g_autoptr(GBytes) body = NULL;

	message->has_id = TRUE;
	memcpy(message->id, self->id, MICE_ID);
	body = mice_message_body(message);
	if (!seals(self))
		write_frame(self, self->control, message->command, body);
	else if (self->sealer)
		host_sealer_run_async(self->sealer, HOST_SEALER_SEAL, body, on_sealed,
				      question_new(self, message->command));
	/* Else on_keys_gone() ends the attempt. */
}

/* STOP_PROJECTION, to a sink that was told that we are ready; nothing waits for it. */
static void say_stop(HostLinkMice *self)
{
	MiceMessage message = {
		.command = MICE_STOP_PROJECTION,
		.name = (char *)g_get_host_name(),
		.has_id = TRUE,
	};
	g_autoptr(GBytes) body = NULL;
	MiceQuestion *question;

	if (self->state < STATE_READY || !self->control)
		return;
	memcpy(message.id, self->id, MICE_ID);
	body = mice_message_body(&message);
	if (!seals(self)) {
		write_frame(self, self->control, message.command, body);
	} else if (self->sealer) {
		question = question_new(self, message.command);
		question->control = g_object_ref(self->control);
		host_sealer_run_async(self->sealer, HOST_SEALER_SEAL, body, on_sealed, question);
	}
}

/*
 * Waiting.
 */

static const char *const state_texts[] = {
	[STATE_HANDSHAKE] = "the encryption to be agreed upon",
	[STATE_CHALLENGE] = "the answer to the PIN",
};

static gboolean on_no_answer(gpointer data)
{
	HostLinkMice *self = data;

	self->limit_source = 0;
	fail(self, HOST_REASON_CONTROL_SILENT, "%d s for %s", HOST_LINK_MICE_ANSWER_S,
	     state_texts[self->state]);
	return G_SOURCE_REMOVE;
}

static void expect_answer(HostLinkMice *self, MiceState state)
{
	self->state = state;
	g_clear_handle_id(&self->limit_source, g_source_remove);
	self->limit_source = g_timeout_add_seconds(HOST_LINK_MICE_ANSWER_S, on_no_answer, self);
}

/*
 * Ready: RTSP is waited for, and then the sink is told.
 */

static void on_rtsp_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	HostLinkMice *self = question->self;
	g_autoptr(GError) error = NULL;
	int fd = host_link_open_finish(HOST_LINK(object), result, &error);
	g_autoptr(GTask) task = NULL;

	if (!is_wanted(question)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	task = g_steal_pointer(&self->task);
	if (fd >= 0) {
		self->state = STATE_OPEN;
		g_task_return_int(task, fd);
	} else {
		say_stop(self);
		drop_attempt(self);
		g_task_return_error(task, g_steal_pointer(&error));
	}
}

static void open_rtsp(HostLinkMice *self)
{
	host_link_open_async(self->rtsp, self->attempt, on_rtsp_open, question_new(self, 0));
}

static void on_rtsp_step(HostLink *link, const char *word, const char *message, HostLinkMice *self)
{
	MiceMessage ready = {.command = MICE_SOURCE_READY, .rtsp_port = self->port};

	/* After a session request the sink knows the name. */
	if (self->level != LEVEL_PIN)
		ready.name = (char *)g_get_host_name();
	/* The port is open. What else there is to say is not the sink's: it is told once. */
	if (self->state == STATE_READY && !strcmp(word, "waiting"))
		send_message(self, &ready);
	step(self, word, message);
}

static void get_ready(HostLinkMice *self)
{
	g_autoptr(GSocketAddress) at = g_socket_connection_get_local_address(self->control, NULL);
	g_autoptr(GSocketAddress)
		remote = g_socket_connection_get_remote_address(self->control, NULL);
	GInetSocketAddress *address;

	g_clear_handle_id(&self->limit_source, g_source_remove);
	if (!at || !remote) {
		on_hang_up(self, "when it was to be told");
		return;
	}
	g_clear_object(&self->local);
	self->local = host_route_with_port(G_INET_SOCKET_ADDRESS(at), self->port);
	address = G_INET_SOCKET_ADDRESS(remote);
	g_set_object(&self->peer, g_inet_socket_address_get_address(address));
	self->state = STATE_READY;
	self->rtsp = host_link_direct_new(self->listener, self->local, self->peer, self->wait_s);
	g_signal_connect(self->rtsp, "step", G_CALLBACK(on_rtsp_step), self);
	g_signal_connect(self->rtsp, "lost", G_CALLBACK(on_rtsp_lost), self);
	open_rtsp(self);
}

/*
 * The PIN.
 */

static void ask_for_pin(HostLinkMice *self);

static void hash_with(GSocketAddress *address, const char *pin, guint8 *hash)
{
	GInetAddress *inet = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address));

	mice_pin_hash(pin, g_inet_address_to_bytes(inet), g_inet_address_get_native_size(inet),
		      hash);
}

static void send_challenge(HostLinkMice *self)
{
	g_autoptr(GSocketAddress)
		local = g_socket_connection_get_local_address(self->control, NULL);
	MiceMessage challenge = {.command = MICE_PIN_CHALLENGE, .has_hash = TRUE};

	if (!local) {
		on_hang_up(self, "before the PIN");
		return;
	}
	hash_with(local, self->pin, challenge.hash);
	self->pin_tries++;
	expect_answer(self, STATE_CHALLENGE);
	send_message(self, &challenge);
}

static void try_pin_again(HostLinkMice *self, const char *why)
{
	if (self->pin_tries >= HOST_LINK_MICE_PIN_TRIES) {
		fail(self, HOST_REASON_WRONG_PIN, "tried %u times", self->pin_tries);
		return;
	}
	step(self, "wrong-pin", why);
	ask_for_pin(self);
}

static void take_pin(HostLinkMice *self, const char *typed)
{
	g_free(self->pin);
	self->pin = mice_pin_clean(typed);
	if (self->pin) {
		send_challenge(self);
		return;
	}
	self->pin_tries++;
	try_pin_again(self, "the PIN has 8 digits");
}

static void on_pin(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	HostLinkMice *self = question->self;
	g_autoptr(GError) error = NULL;
	g_autofree char *typed = host_agent_request_pin_finish(HOST_AGENT(object), result, &error);

	if (!is_wanted(question))
		return;
	if (typed)
		take_pin(self, typed);
	else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		fail(self, HOST_REASON_DECLINED_BY_USER, "the PIN");
	else
		fail(self, HOST_REASON_NO_PIN, "%s", error->message);
}

static void ask_for_pin(HostLinkMice *self)
{
	g_autofree char *known = g_steal_pointer(&self->known_pin);

	g_clear_handle_id(&self->limit_source, g_source_remove);
	self->state = STATE_ASK;
	if (known) {
		take_pin(self, known);
		return;
	}
	step(self, "pin", "the sink shows a PIN");
	host_agent_request_pin_async(self->agent, self->attempt, on_pin, question_new(self, 0));
}

/* Whether the sink knows the PIN: by its address, or, as some have it, by ours. */
static bool is_proven(HostLinkMice *self, const MiceMessage *message)
{
	g_autoptr(GSocketAddress)
		local = g_socket_connection_get_local_address(self->control, NULL);
	g_autoptr(GSocketAddress)
		remote = g_socket_connection_get_remote_address(self->control, NULL);
	guint8 own[MICE_HASH], theirs[MICE_HASH];

	if (!message->has_hash || !local || !remote)
		return false;
	hash_with(local, self->pin, own);
	hash_with(remote, self->pin, theirs);
	return !memcmp(message->hash, own, MICE_HASH) || !memcmp(message->hash, theirs, MICE_HASH);
}

static void on_pin_response(HostLinkMice *self, const MiceMessage *message)
{
	if (self->state != STATE_CHALLENGE || !message->has_reason)
		fail(self, HOST_REASON_CONTROL_INVALID, "an answer to a PIN out of place");
	else if (message->reason == MICE_PIN_WRONG)
		try_pin_again(self, "the sink says that the PIN is wrong");
	else if (message->reason != MICE_PIN_ACCEPTED)
		fail(self, HOST_REASON_ENCRYPTION_FAILED, "the sink did not understand the PIN");
	else if (!is_proven(self, message))
		fail(self, HOST_REASON_PIN_NOT_PROVEN, "the hash is another one");
	else
		get_ready(self);
}

/*
 * The handshake.
 */

static void go_on(HostLinkMice *self);

static void on_handshake_over(HostLinkMice *self)
{
	self->encrypted = true;
	if (self->level == LEVEL_PIN)
		ask_for_pin(self);
	else
		get_ready(self);
}

static void on_handshake(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	HostLinkMice *self = question->self;
	g_autoptr(GError) error = NULL;
	gboolean done = FALSE;
	g_autoptr(GBytes)
		token = host_sealer_run_finish(HOST_SEALER(object), result, &done, &error);

	if (!is_wanted(question))
		return;
	if (!token) {
		fail(self, HOST_REASON_ENCRYPTION_FAILED, "%s", error->message);
		return;
	}
	if (g_bytes_get_size(token) > MOST_TOKEN) {
		fail(self, HOST_REASON_ENCRYPTION_FAILED, "a flight that is too long");
		return;
	}
	if (g_bytes_get_size(token)) {
		MiceMessage message = {.command = MICE_SECURITY_HANDSHAKE, .token = token};

		send_message(self, &message);
	}
	if (done)
		on_handshake_over(self);
	else if (self->state != STATE_HANDSHAKE)
		expect_answer(self, STATE_HANDSHAKE);
	if (is_wanted(question))
		go_on(self);
}

static void shake_hands(HostLinkMice *self, GBytes *token)
{
	/* Else on_keys_gone() ends the attempt. */
	if (!self->sealer)
		return;
	self->handshake_begun = true;
	self->busy = true;
	host_sealer_run_async(self->sealer, HOST_SEALER_HANDSHAKE, token, on_handshake,
			      question_new(self, 0));
}

static void on_token(HostLinkMice *self, const MiceMessage *message)
{
	/* An empty one would begin anew. */
	if (self->state == STATE_HANDSHAKE && message->token && g_bytes_get_size(message->token))
		shake_hands(self, message->token);
	else if (!self->encrypted)
		fail(self, HOST_REASON_CONTROL_INVALID, "a handshake out of place");
	/* Else it is what the sink said before, once more. */
}

/*
 * Reading.
 */

static void on_message(HostLinkMice *self, guint8 command, GBytes *fields)
{
	g_auto(MiceMessage) message = {0};

	if (!mice_message_parse(&message, command, fields)) {
		fail(self, HOST_REASON_CONTROL_INVALID, "a message whose fields are broken");
		return;
	}
	switch (command) {
	case MICE_STOP_PROJECTION:
		/* It need not be told. */
		g_clear_object(&self->control);
		fail(self, HOST_REASON_SINK_STOPPED,
		     self->state == STATE_OPEN ? "while it showed the picture" : "before RTSP");
		break;
	case MICE_SECURITY_HANDSHAKE: on_token(self, &message); break;
	case MICE_PIN_RESPONSE: on_pin_response(self, &message); break;
	default: fail(self, HOST_REASON_CONTROL_INVALID, "a message of kind %u", command); break;
	}
}

static void on_unsealed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	HostLinkMice *self = question->self;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes)
		fields = host_sealer_run_finish(HOST_SEALER(object), result, NULL, &error);

	if (!is_wanted(question))
		return;
	self->busy = false;
	if (!fields) {
		fail(self, HOST_REASON_CONTROL_INVALID, "a message that cannot be decrypted");
		return;
	}
	on_message(self, question->command, fields);
	if (is_wanted(question))
		go_on(self);
}

static void read_more(HostLinkMice *self);

/* Handles what has been read until somebody has to be asked, and then reads on. */
static void go_on(HostLinkMice *self)
{
	g_autoptr(GCancellable) attempt = g_object_ref(self->attempt);
	MiceFramerResult result = MICE_FRAMER_MORE;

	self->busy = false;
	while (!self->busy && !g_cancellable_is_cancelled(attempt)) {
		GBytes *body = NULL;
		guint8 command;

		result = mice_framer_pull(&self->framer, &command, &body);
		if (result != MICE_FRAMER_MESSAGE)
			break;
		if (self->encrypted && self->sealer && mice_body_is_sealed(body)) {
			self->busy = true;
			host_sealer_run_async(self->sealer, HOST_SEALER_UNSEAL, body, on_unsealed,
					      question_new(self, command));
		} else {
			on_message(self, command, body);
		}
		g_bytes_unref(body);
	}
	if (self->busy || g_cancellable_is_cancelled(attempt))
		return;
	if (result == MICE_FRAMER_MORE)
		read_more(self);
	else
		fail(self, HOST_REASON_CONTROL_INVALID,
		     result == MICE_FRAMER_TOO_LONG ? "a message that is too long"
						    : "what is no message");
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer data)
{
	HostLinkMice *self = data;
	g_autoptr(GError) error = NULL;
	guint8 bytes[READ_SIZE];
	gssize got = g_socket_receive(socket, (char *)bytes, sizeof(bytes), NULL, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return G_SOURCE_CONTINUE;
	stop_reading(self);
	if (got > 0) {
		mice_framer_push(&self->framer, bytes, got);
		go_on(self);
	} else {
		on_hang_up(self, error ? error->message : "it closed the connection");
	}
	return G_SOURCE_REMOVE;
}

static void read_more(HostLinkMice *self)
{
	GSocket *socket = g_socket_connection_get_socket(self->control);

	stop_reading(self);
	self->control_source = g_socket_create_source(socket, G_IO_IN, NULL);
	g_source_set_callback(self->control_source, G_SOURCE_FUNC(on_readable), self, NULL);
	g_source_attach(self->control_source, NULL);
}

/*
 * Connecting: each address gets its chance, the first that is connected is the one.
 */

static void on_connected_to_sink(HostLinkMice *self)
{
	MiceMessage request = {
		.command = MICE_SESSION_REQUEST,
		.has_options = TRUE,
		.options = MICE_OPTION_ENCRYPT | MICE_OPTION_PIN,
		.name = (char *)g_get_host_name(),
	};
	g_autoptr(GCancellable) attempt = g_object_ref(self->attempt);

	mice_framer_init(&self->framer);
	if (self->level == LEVEL_PIN)
		send_message(self, &request);
	if (self->level == LEVEL_PLAIN) {
		get_ready(self);
	} else {
		step(self, "securing", "encryption is agreed upon");
		expect_answer(self, STATE_HANDSHAKE);
		shake_hands(self, NULL);
	}
	if (!g_cancellable_is_cancelled(attempt) && !self->busy)
		read_more(self);
}

static void try_next_address(HostLinkMice *self);

static void fail_to_connect(HostLinkMice *self)
{
	g_autofree char *why = g_steal_pointer(&self->connect_error);

	fail(self, HOST_REASON_SINK_UNREACHABLE, "%s", why ? why : "it does not answer");
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	HostLinkMice *self = question->self;
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocketConnection) connection =
		g_socket_client_connect_finish(G_SOCKET_CLIENT(object), result, &error);

	/* Another address may have been quicker. */
	if (!is_wanted(question) || self->state != STATE_CONNECT)
		return;
	self->n_pending--;
	if (connection && !host_liveness_set(g_socket_connection_get_socket(connection), &error))
		g_clear_object(&connection);
	if (!connection) {
		g_free(self->connect_error);
		self->connect_error = g_strdup(error->message);
		if (self->n_tried < self->addresses->len)
			try_next_address(self);
		else if (!self->n_pending)
			fail_to_connect(self);
		return;
	}
	g_clear_handle_id(&self->stagger_source, g_source_remove);
	g_clear_handle_id(&self->limit_source, g_source_remove);
	self->control = g_steal_pointer(&connection);
	g_socket_set_blocking(g_socket_connection_get_socket(self->control), FALSE);
	on_connected_to_sink(self);
}

static gboolean on_stagger(gpointer data)
{
	HostLinkMice *self = data;

	self->stagger_source = 0;
	try_next_address(self);
	return G_SOURCE_REMOVE;
}

static void try_next_address(HostLinkMice *self)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	GSocketConnectable *address = self->addresses->pdata[self->n_tried++];

	g_clear_handle_id(&self->stagger_source, g_source_remove);
	if (self->n_tried < self->addresses->len)
		self->stagger_source = g_timeout_add(STAGGER_MS, on_stagger, self);
	/* A proxy would have other addresses than the two that RTSP needs. */
	g_socket_client_set_enable_proxy(client, FALSE);
	self->n_pending++;
	g_socket_client_connect_async(client, address, self->attempt, on_connected,
				      question_new(self, 0));
}

static gboolean on_connect_limit(gpointer data)
{
	HostLinkMice *self = data;

	self->limit_source = 0;
	fail_to_connect(self);
	return G_SOURCE_REMOVE;
}

static void begin_attempt(HostLinkMice *self)
{
	g_autofree char *message = g_strdup_printf("\"%s\" on port %d", self->name, MICE_PORT);

	self->attempt = g_cancellable_new();
	self->n_tried = 0;
	self->n_pending = 0;
	self->pin_tries = 0;
	self->last_sent = 0;
	self->state = STATE_CONNECT;
	self->limit_source =
		g_timeout_add_seconds(HOST_LINK_MICE_CONNECT_S, on_connect_limit, self);
	step(self, "connecting", message);
	try_next_address(self);
}

/*
 * The link.
 */

static gboolean on_keys_gone(gpointer data)
{
	HostLinkMice *self = data;

	if (self->task && self->handshake_begun)
		fail(self, HOST_REASON_ENCRYPTION_FAILED, "the process that has the keys is gone");
	return G_SOURCE_REMOVE;
}

/* The keys are the process's: what was agreed upon with one is nothing to the next. */
static void host_link_mice_set_sealer(HostLink *link, HostSealer *sealer)
{
	HostLinkMice *self = HOST_LINK_MICE(link);

	if (g_set_object(&self->sealer, sealer) && self->task && self->handshake_begun)
		g_idle_add_full(G_PRIORITY_HIGH, on_keys_gone, g_object_ref(self), g_object_unref);
}

/* Not in the handler: the cancellable must not be let go of while it calls us. */
static gboolean on_cancelled_idle(gpointer data)
{
	HostLinkMice *self = data;
	g_autoptr(GTask) task = NULL;

	if (!self->task)
		return G_SOURCE_REMOVE;
	task = g_steal_pointer(&self->task);
	say_stop(self);
	drop_attempt(self);
	g_task_return_error_if_cancelled(task);
	return G_SOURCE_REMOVE;
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	g_idle_add_full(G_PRIORITY_DEFAULT, on_cancelled_idle, g_object_ref(data), g_object_unref);
}

static void host_link_mice_open_async(HostLink *link, GCancellable *cancellable,
				      GAsyncReadyCallback callback, gpointer user_data)
{
	HostLinkMice *self = HOST_LINK_MICE(link);

	g_return_if_fail(!self->task);
	self->task = g_task_new(self, cancellable, callback, user_data);
	/* A socket that was accepted must reach the caller, who closes it. */
	g_task_set_check_cancellable(self->task, FALSE);
	if (cancellable)
		g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(on_cancelled), self,
					0);
	if (self->state == STATE_OPEN) {
		/* It has gone, and the port is still open for it. */
		open_rtsp(self);
		return;
	}
	if (self->level > LEVEL_PLAIN && !self->sealer) {
		fail(self, HOST_REASON_ENCRYPTION_FAILED, "there is no way to encrypt");
		return;
	}
	begin_attempt(self);
}

static int host_link_mice_open_finish(HostLink *link, GAsyncResult *result, GError **error)
{
	return (int)g_task_propagate_int(G_TASK(result), error);
}

static void host_link_mice_get_addresses(HostLink *link, GSocketAddress **local,
					 GInetAddress **peer)
{
	*local = g_object_ref(HOST_LINK_MICE(link)->local);
	*peer = g_object_ref(HOST_LINK_MICE(link)->peer);
}

static void host_link_mice_settle(HostLink *link)
{
	/* It may be lost since. */
	if (HOST_LINK_MICE(link)->rtsp)
		host_link_settle(HOST_LINK_MICE(link)->rtsp);
}

static void host_link_mice_leave(HostLink *link)
{
	say_stop(HOST_LINK_MICE(link));
}

static void host_link_mice_close(HostLink *link)
{
	drop_attempt(HOST_LINK_MICE(link));
}

static void host_link_mice_add_details(HostLink *link, GVariantDict *details)
{
	HostLinkMice *self = HOST_LINK_MICE(link);

	g_variant_dict_insert(details, "link-encryption", "s",
			      !self->encrypted		 ? "none"
			      : self->level == LEVEL_PIN ? "DTLS, PIN"
							 : "DTLS");
	if (self->rtsp)
		host_link_add_details(self->rtsp, details);
}

static void host_link_mice_add_statistics(HostLink *link, GVariantDict *statistics)
{
	if (HOST_LINK_MICE(link)->rtsp)
		host_link_add_statistics(HOST_LINK_MICE(link)->rtsp, statistics);
}

static void host_link_mice_iface_init(HostLinkInterface *iface)
{
	iface->set_sealer = host_link_mice_set_sealer;
	iface->open_async = host_link_mice_open_async;
	iface->open_finish = host_link_mice_open_finish;
	iface->get_addresses = host_link_mice_get_addresses;
	iface->settle = host_link_mice_settle;
	iface->leave = host_link_mice_leave;
	iface->close = host_link_mice_close;
	iface->add_details = host_link_mice_add_details;
	iface->add_statistics = host_link_mice_add_statistics;
}

static void host_link_mice_init(HostLinkMice *self)
{
	for (guint i = 0; i < MICE_ID; i += sizeof(guint32)) {
		guint32 random = g_random_int();

		memcpy(self->id + i, &random, sizeof(random));
	}
}

static void host_link_mice_finalize(GObject *object)
{
	HostLinkMice *self = HOST_LINK_MICE(object);

	drop_attempt(self);
	g_clear_object(&self->sealer);
	g_clear_object(&self->local);
	g_clear_object(&self->peer);
	g_ptr_array_unref(self->addresses);
	g_object_unref(self->agent);
	g_free(self->name);
	g_free(self->known_pin);
	g_free(self->pin);
	G_OBJECT_CLASS(host_link_mice_parent_class)->finalize(object);
}

static void host_link_mice_class_init(HostLinkMiceClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_link_mice_finalize;
}

HostLink *host_link_mice_new(HostListener *listener, const HostMiceSink *sink,
			     const HostLinkWish *wish)
{
	HostLinkMice *self = g_object_new(HOST_TYPE_LINK_MICE, NULL);

	g_assert(sink->addresses->len);
	self->listener = listener;
	self->name = g_strdup(sink->name);
	self->addresses = g_ptr_array_ref(sink->addresses);
	self->port = wish->port;
	self->wait_s = wish->wait_s ?: HOST_LINK_MICE_WAIT_S;
	self->agent = g_object_ref(wish->agent);
	/* One of Wi-Fi Direct may have 4 digits. */
	self->known_pin = wish->pin ? mice_pin_clean(wish->pin) : NULL;
	self->encryption = wish->encryption;
	if (self->known_pin && wish->encryption != HOST_ENCRYPTION_NEVER)
		self->level = LEVEL_PIN;
	else if (wish->encryption == HOST_ENCRYPTION_REQUIRED)
		self->level = LEVEL_ENCRYPTED;
	return HOST_LINK(self);
}
