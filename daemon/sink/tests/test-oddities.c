// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source's state machine against this sink, with each of its misbehaviours: in one process and
 * in time that the test turns; and, where real segments matter, against the program over loopback.
 * The path of the program is the argument.
 */
#include "sink-session.h"
#include "sink-uibc.h"
#include "wfd-source.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define PORT	24030 /* not what a source takes for a port that it cannot read */
#define TICK_US (10 * G_TIME_SPAN_MILLISECOND)
#define GUARD_S 60 /* a hang guard, no measure */

static const char *program;

typedef struct {
	WfdSource *source;
	SinkCaps *caps;
	SinkSession *sink;
	GByteArray *to_source; /* not yet delivered */
	gsize piece; /* bytes to the source at once */
	gboolean sink_ended;
	gboolean source_ended;
	gboolean plays; /* by the source's events */
	guint n_choices;
	WfdChoice first; /* mode; the last is wfd_source_choice() */
	GString *exchange; /* the source's messages, a line each */
	gint64 now;
} SinkPair;

static void on_send(GBytes *bytes, gpointer user_data)
{
	SinkPair *p = user_data;
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);

	g_byte_array_append(p->to_source, data, size);
}

static gboolean on_event(SinkEvent event, gpointer user_data, GError **error)
{
	SinkPair *p = user_data;

	if (event == SINK_EVENT_ENDED)
		p->sink_ended = TRUE;
	return TRUE;
}

static void take_events(SinkPair *p)
{
	WfdSourceEvent event;

	while (wfd_source_next_event(p->source, &event)) {
		switch (event.type) {
		case WFD_SOURCE_CAPABILITIES:
			if (!p->n_choices++)
				p->first = *wfd_source_choice(p->source);
			break;
		case WFD_SOURCE_PLAY: p->plays = TRUE; break;
		case WFD_SOURCE_PAUSE: p->plays = FALSE; break;
		case WFD_SOURCE_ENDED: p->source_ended = TRUE; break;
		case WFD_SOURCE_EXCHANGE:
			if (p->exchange)
				g_string_append_printf(p->exchange, "%s\n", event.text);
			break;
		default: break;
		}
		g_free(event.text);
	}
}

/* All that the source writes at one moment comes to the sink in one read: the worst that can be. */
static gboolean deliver_to_sink(SinkPair *p)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	const GByteArray *output;

	while ((output = wfd_source_output(p->source))) {
		g_byte_array_append(bytes, output->data, output->len);
		wfd_source_output_sent(p->source, output->len);
	}
	if (bytes->len)
		sink_session_feed(p->sink, bytes->data, bytes->len, p->now);
	return bytes->len > 0;
}

static gboolean deliver_to_source(SinkPair *p)
{
	g_autoptr(GByteArray) bytes = p->to_source;
	gsize piece = p->piece ? p->piece : bytes->len;

	p->to_source = g_byte_array_new();
	for (gsize at = 0; at < bytes->len; at += piece)
		wfd_source_feed(p->source, bytes->data + at, MIN(piece, bytes->len - at), p->now);
	return bytes->len > 0;
}

static void exchange(SinkPair *p)
{
	gboolean any;

	do {
		any = deliver_to_sink(p);
		any |= deliver_to_source(p);
		take_events(p);
	} while (any);
	if (p->sink_ended)
		wfd_source_eof(p->source, NULL);
	take_events(p);
}

static void run_for(SinkPair *p, guint seconds)
{
	gint64 end = p->now + seconds * G_TIME_SPAN_SECOND;

	for (; p->now < end && !p->source_ended; p->now += TICK_US) {
		if (p->now >= wfd_source_next_deadline(p->source))
			wfd_source_on_time(p->source, p->now);
		sink_session_tick(p->sink, p->now);
		exchange(p);
	}
}

static void pair_init(SinkPair *p, const SinkMisbehaviour *misbehaviour)
{
	static const SinkSessionOps ops = {.send = on_send, .event = on_event};
	const WfdSourceConfig source = {
		.local_host = "10.0.0.1",
		.rtp_port = 16384,
		.uibc_port = 7239,
		.session_id = 0xbeef,
	};
	SinkSessionConfig sink = {
		.rtp_port = PORT,
		.response_timeout_us = 6 * G_TIME_SPAN_SECOND,
		.misbehaviour = misbehaviour,
	};

	*p = (SinkPair){
		.now = 1000 * G_TIME_SPAN_SECOND,
		.to_source = g_byte_array_new(),
		.exchange = g_string_new(NULL),
	};
	if (misbehaviour->fault == SINK_FAULT_SPLIT_MESSAGES)
		p->piece = 1;
	p->caps = sink.caps = sink_caps_new(PORT);
	sink_misbehaviour_set_caps(misbehaviour, p->caps, PORT);
	p->sink = sink_session_new(&sink, &ops, p, p->now);
	p->source = wfd_source_new(&source);
	wfd_source_start(p->source, p->now);
}

static void pair_clear(SinkPair *p)
{
	wfd_source_free(p->source);
	sink_session_free(p->sink);
	sink_caps_free(p->caps);
	g_byte_array_unref(p->to_source);
	g_string_free(p->exchange, TRUE);
}

/* What the source makes of each. A reason: the session ends with it; NULL: it streams. */
static const struct {
	const char *name;
	const char *reason;
	guint blocks; /* of the EDID that the source passes on; 0: one */
} cases[] = {
	{"silent-m1", "sink-silent-m1", 0},
	{"silent-m3", "sink-silent-m3", 0},
	{"garbage", "garbage", 0},
	{"bad-content-length", "sink-message-incomplete", 0},
	{"huge-content-length", "bad-content-length", 0},
	{"wrong-cseq", "sink-silent-m3", 0},
	{"refuse-m3", NULL, 0},
	{"m3-not-understood", NULL, 0},
	{"errors-in-m3", NULL, 0},
	{"refuse-m4", "refused-format", 0},
	{"refuse-m4-once", NULL, 0},
	{"refuse-video-only", "refused-video-only", 0},
	{"close-after-m4", "sink-closed", 0},
	{"no-m6", "sink-silent-m6", 0},
	{"tcp-only", "unsupported-transport", 0},
	{"teardown-now", "sink-teardown", 0},
	{"close-in-play", "sink-closed", 0},
	{"silent-in-play", "keepalive-missed", 0},
	{"ignore-m16", NULL, 0},
	{"unknown-method", NULL, 0},
	{"flood-idr", NULL, 0},
	{"frequent-idr", NULL, 0},
	{"refuse-session", NULL, 0},
	{"broken-request", NULL, 0},
	{"strange-require", "silent-after-refusal", 0},
	{"split-messages", NULL, 0},
	{"coalesced-messages", NULL, 0},
	{"read-once", NULL, 0},
	{"reconnect", NULL, 0},
	{"connect-once", NULL, 0},
	{"number-session-id", NULL, 0},
	{"quoted-session-id", NULL, 0},
	{"spaced-session-id", NULL, 0},
	{"foreign-session-id", "foreign-session", 0},
	{"joined-params", NULL, 0},
	{"hex-prefix", NULL, 0},
	{"space-before-colon", NULL, 0},
	{"nul-after-message", NULL, 0},
	{"spaced-ports", NULL, 0},
	{"port-range", NULL, 0},
	{"no-audio", NULL, 0},
	{"edid-bad-sum", NULL, 2},
	{"edid-missing", NULL, 1},
	{"edid-all-ff", NULL, 2},
	{"edid-six-blocks", NULL, 6},
	{"edid-48-extensions", NULL, 2},
	{"edid-count-small", NULL, 2},
	{"edid-count-odd", NULL, 2},
	{"edid-count-zero", NULL, 2},
	{"edid-count-bytes", NULL, 2},
	{"edid-count-decimal", NULL, 2},
	{"edid-half-byte", NULL, 2},
};

/* The bytes are those that the sink wrote, in whole blocks. */
static void check_edid(const SinkPair *p, guint blocks)
{
	const char *hex = sink_caps_get(p->caps, "wfd_display_edid") + 5;
	GBytes *edid = wfd_source_caps(p->source)->edid;
	gsize size;
	const guint8 *data;

	g_assert_nonnull(edid);
	data = g_bytes_get_data(edid, &size);
	g_assert_cmpuint(size, ==, blocks * SINK_EDID_BLOCK);
	for (gsize i = 0; i < size; i++)
		g_assert_cmphex(data[i], ==,
				g_ascii_xdigit_value(hex[2 * i]) << 4 |
					g_ascii_xdigit_value(hex[2 * i + 1]));
}

static guint64 pixel_rate(const WfdMode *mode)
{
	return (guint64)mode->width * mode->height * mode->fps;
}

/* Both sides play the same mode, to the sink's port, and the sink saw nothing wrong. */
static void check_streams(const SinkPair *p, const char *name)
{
	const WfdMode *mode = &wfd_source_choice(p->source)->mode;
	const SinkVideoChoice *video = sink_session_video(p->sink);
	const char *const *violations = sink_session_violations(p->sink);

	g_assert_false(p->source_ended);
	g_assert_true(p->plays);
	g_assert_cmpstr(sink_state_name(sink_session_state(p->sink)), ==, "playing");
	g_assert_cmpuint(video->mode.width, ==, mode->width);
	g_assert_cmpuint(video->mode.height, ==, mode->height);
	g_assert_cmpuint(video->mode.fps, ==, mode->fps);
	g_assert_cmpuint(p->first.mode.width, ==, 1920);
	g_assert_cmpuint(p->first.mode.fps, ==, 30);
	if (!strcmp(name, "refuse-m4-once")) {
		g_assert_cmpuint(p->n_choices, ==, 2);
		g_assert_cmpuint(pixel_rate(mode) * 3, <=, pixel_rate(&p->first.mode) * 2);
	} else {
		g_assert_cmpuint(p->n_choices, ==, 1);
	}
	g_assert_cmpuint(wfd_source_sink_rtp_port(p->source), ==, PORT);
	g_assert_cmpuint(wfd_source_caps(p->source)->rtp_ports.port0, ==, PORT);
	g_assert_cmpuint(wfd_source_caps(p->source)->audio.n_codecs, ==,
			 strcmp(name, "no-audio") ? 2 : 0);
	if (violations[0])
		g_error("%s: %s", name, violations[0]);
}

static void test_case(gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	const SinkMisbehaviour *misbehaviour = sink_misbehaviour_find(cases[i].name);
	SinkPair p;

	g_assert_nonnull(misbehaviour);
	pair_init(&p, misbehaviour);
	run_for(&p, 120);
	if (cases[i].reason) {
		g_assert_true(p.source_ended);
		g_assert_cmpstr(wfd_reason_name(wfd_source_reason(p.source)), ==, cases[i].reason);
	} else {
		check_streams(&p, cases[i].name);
		if (cases[i].blocks)
			check_edid(&p, cases[i].blocks);
		wfd_source_stop(p.source, p.now);
		run_for(&p, 10);
		g_assert_cmpstr(wfd_reason_name(wfd_source_reason(p.source)), ==, "stopped");
	}
	pair_clear(&p);
}

/* What is asked of it once it plays is not lost behind the answer to PLAY. */
static void test_read_once_asked(void)
{
	static const char *const answered[] = {
		"< M15 wfd_uibc_setting 200\n",
		"< SET_PARAMETER latency 200\n",
		"< M12 wfd_standby 200\n",
	};
	SinkPair p;

	pair_init(&p, sink_misbehaviour_find("read-once"));
	sink_caps_set(p.caps, "wfd_uibc_capability", SINK_UIBC_CAPABILITY);
	wfd_source_set_standby(p.source, TRUE, p.now);
	run_for(&p, 60);
	g_assert_false(p.source_ended);
	g_assert_cmpuint(sink_session_uibc_port(p.sink), ==, 7239);
	for (guint i = 0; i < G_N_ELEMENTS(answered); i++)
		g_assert_nonnull(strstr(p.exchange->str, answered[i]));
	pair_clear(&p);
}

static void test_none_left_out(void)
{
	guint n, tried = 0;
	const SinkMisbehaviour *table = sink_misbehaviour_table(&n);

	for (guint i = 0; i < n; i++) {
		/* Before RTSP: against the link of the host, or in the VM. */
		if (g_str_has_prefix(table[i].name, "mice-") ||
		    g_str_has_prefix(table[i].name, "p2p-"))
			continue;
		g_assert_cmpuint(tried, <, G_N_ELEMENTS(cases));
		g_assert_cmpstr(table[i].name, ==, cases[tried++].name);
	}
	g_assert_cmpuint(tried, ==, G_N_ELEMENTS(cases));
}

static GSocket *accept_program(GSocket *listener)
{
	g_autoptr(GError) error = NULL;
	GSocket *connection = g_socket_accept(listener, NULL, &error);

	g_assert_no_error(error);
	g_socket_set_option(connection, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	return connection;
}

/* One write for each message, as the driver does it. */
static void write_output(WfdSource *source, GSocket *connection)
{
	const GByteArray *output;

	while ((output = wfd_source_output(source))) {
		gssize sent = g_socket_send(connection, (const char *)output->data, output->len,
					    NULL, NULL);

		wfd_source_output_sent(source, sent < 0 ? output->len : (gsize)sent);
	}
}

/* Plays the source on @connection; the session is stopped once the sink plays. */
static void play_source(SinkPair *p, GSocket *connection)
{
	gint64 guard = g_get_monotonic_time() + GUARD_S * G_TIME_SPAN_SECOND;

	wfd_source_start(p->source, g_get_monotonic_time());
	while (!p->source_ended) {
		gint64 now = g_get_monotonic_time();
		guint8 data[4096];
		gssize got;

		g_assert_cmpint(now, <, guard);
		if (now >= wfd_source_next_deadline(p->source))
			wfd_source_on_time(p->source, now);
		write_output(p->source, connection);
		if (g_socket_condition_timed_wait(connection, G_IO_IN, TICK_US, NULL, NULL)) {
			got = g_socket_receive(connection, (char *)data, sizeof(data), NULL, NULL);
			now = g_get_monotonic_time();
			if (got > 0)
				wfd_source_feed(p->source, data, got, now);
			else
				wfd_source_eof(p->source, NULL);
		}
		take_events(p);
		if (p->plays && !p->source_ended) {
			write_output(p->source, connection);
			wfd_source_stop(p->source, now);
			take_events(p);
		}
	}
	write_output(p->source, connection);
}

static void test_program(gconstpointer data)
{
	const char *name = data;
	const WfdSourceConfig config = {
		.local_host = "127.0.0.1", .rtp_port = 16384, .session_id = 0xbeef};
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocket)
		listener = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
	g_autoptr(GSocketAddress) local = NULL;
	g_autoptr(GSocket) connection = NULL;
	g_autoptr(GSubprocess) sink = NULL;
	g_autofree char *address = NULL;
	g_autoptr(GError) error = NULL;
	SinkPair p = {.source = wfd_source_new(&config)};

	g_socket_bind(listener, any, TRUE, &error);
	g_assert_no_error(error);
	g_socket_set_timeout(listener, GUARD_S);
	g_socket_listen(listener, &error);
	g_assert_no_error(error);
	local = g_socket_get_local_address(listener, NULL);
	address = g_strdup_printf("127.0.0.1:%u",
				  g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local)));
	sink = g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, program, "--misbehave",
				name, "--timeout", "60", address, NULL);
	g_assert_no_error(error);
	connection = accept_program(listener);
	if (!strcmp(name, "reconnect")) {
		char byte;

		g_assert_cmpint(g_socket_receive(connection, &byte, 1, NULL, NULL), ==, 0);
		g_object_unref(connection);
		connection = accept_program(listener);
	}
	play_source(&p, connection);
	g_assert_cmpstr(wfd_reason_name(wfd_source_reason(p.source)), ==, "stopped");
	g_assert_true(p.plays);
	g_assert_cmpuint(wfd_source_choice(p.source)->mode.width, ==, 1920);
	g_socket_close(connection, NULL);
	g_subprocess_wait(sink, NULL, NULL);
	g_assert_true(g_subprocess_get_if_exited(sink));
	wfd_source_free(p.source);
}

int main(int argc, char **argv)
{
	static const char *const segments[] = {"read-once", "split-messages", "coalesced-messages",
					       "reconnect", "connect-once",   "nul-after-message"};

	g_test_init(&argc, &argv, NULL);
	program = argv[1];
	g_test_add_func("/sink/oddities/none-left-out", test_none_left_out);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/sink/oddities/%s", cases[i].name);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
	}
	g_test_add_func("/sink/oddities/read-once-asked", test_read_once_asked);
	for (guint i = 0; i < G_N_ELEMENTS(segments); i++) {
		g_autofree char *path = g_strdup_printf("/sink/oddities/program/%s", segments[i]);

		g_test_add_data_func(path, segments[i], test_program);
	}
	return g_test_run();
}
