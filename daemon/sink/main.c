// SPDX-License-Identifier: GPL-2.0-or-later
/* miracast-sink: a headless Wi-Fi Display sink. Options, the socket, and what happens when. */
#include "sink-media.h"
#include "sink-p2p.h"
#include "sink-report.h"
#include "sink-server.h"
#include "sink-session.h"
#include "sink-uibc.h"

#include "mice-message.h"
#include "mice-pin.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_PORT	  7236 /* WFD 2.1, 4.5: the default control port */
#define TICK_MS		  20
#define RETRY_MS	  200
#define SAMPLE_MS	  100
#define DEFAULT_CONNECT_S 10
#define P2P_CONNECT_S	  90 /* WFD 2.1, 6.5.2: from the keys to the connection */
#define COALESCE_MS	  50
#define PAUSE_US	  G_USEC_PER_SEC
#define NO_PICTURE_US	  G_USEC_PER_SEC
#define FAREWELL_US	  G_USEC_PER_SEC /* for the source to go after STOP_PROJECTION */
#define READ_SIZE	  (16 * 1024)
/* With more than this unsent, nothing more is read: a source that does not listen cannot fill memory. */
#define MAX_UNSENT (2 * 1024 * 1024)

#define NOT_GIVEN (-G_MAXDOUBLE) /* seconds */

enum {
	EXIT_OK,
	EXIT_FAILED,
	EXIT_USAGE
};

typedef struct {
	char *source;
	gint64 frames;
	double timeout;
	double connect_timeout;
	double response_timeout;
	double session_timeout;
	char *png;
	char *json;
	char *samples;
	char *caps;
	char *video_formats;
	char *audio_codecs;
	char *edid;
	char *uibc;
	int viewer; /* a socket; -1: nobody looks */
	int rtp_port;
	gint64 idr_every;
	gint64 pause_after;
	gboolean no_standby;
	gboolean mice; /* sources connect to here: there is no @source */
	int mice_port;
	char *name;
	gboolean no_announce;
	SinkSecurity security;
	char *pin;
	SinkP2pConfig p2p; /* its interface: NULL without --p2p; else there is no @source */
	const SinkMisbehaviour *misbehaviour;
} SinkOptions;

typedef struct {
	SinkOptions options;
	GMainLoop *loop;
	GSocketConnectable
		*address; /* of the source; with --mice and --p2p, NULL until one is there */
	SinkServer *server; /* with --mice */
	SinkP2p *p2p; /* with --p2p */
	guint retry_timer;
	GSocketClient *client;
	GCancellable *cancellable;
	GSocketConnection *connection;
	GSocket *socket;
	GSource *read_source;
	GSource *write_source;
	GByteArray *unsent;
	guint flush_timer;
	gboolean reconnects; /* SINK_FAULT_RECONNECT: the first connection is closed */

	SinkCaps *caps;
	SinkSession *session;
	SinkMedia *media;
	SinkViewer *viewer; /* NULL: no --viewer */
	SinkUibc *uibc; /* NULL: no --uibc, and nobody looks */
	gboolean takes_input; /* the source: the viewer was told so */

	gint64 began_us;
	gint64 began_real_us;
	gint64 connecting_since_us; /* 0: no source is there to connect to */
	gboolean vanished; /* it does nothing more */
	char *connect_error;
	SinkReason last_reason; /* of a source that ended before RTSP */
	/* When there is no session to keep them, or it is not the session that ends: */
	SinkReason reason;
	char *sentence;
	gint64 farewell_end_us; /* STOP_PROJECTION was sent; 0: not yet */

	gint64 playing_since_us;
	gint64 pause_until_us;
	gboolean paused_once;
	guint64 damage_seen; /* discontinuities and corrupt pictures so far */
	guint64 idr_asked; /* by --idr-every */
	FILE *samples; /* NULL: no --samples */
	gboolean png_written;
	SinkPicture picture;
} SinkApp;

static void keep_reason(SinkApp *app, SinkReason reason, const char *sentence)
{
	if (app->reason != SINK_REASON_NONE)
		return;
	app->reason = reason;
	app->sentence = g_strdup(sentence);
}

/* STOP_PROJECTION, and some time for the source to end the session. FALSE: it had that. */
static gboolean say_farewell(SinkApp *app, SinkReason reason, const char *sentence)
{
	gint64 now = g_get_monotonic_time();

	if (app->farewell_end_us)
		return now < app->farewell_end_us;
	if (!sink_server_stop(app->server))
		return FALSE;
	keep_reason(app, reason, sentence);
	app->farewell_end_us = now + FAREWELL_US;
	return TRUE;
}

/*
 * Ends the run, whatever it is doing; by STOP_PROJECTION or TEARDOWN if there is a session and
 * @orderly.
 */
static void finish(SinkApp *app, gboolean orderly, SinkReason reason, const char *sentence)
{
	if (app->session) {
		if (!orderly || !app->server || !say_farewell(app, reason, sentence))
			sink_session_end(app->session, orderly, reason, sentence,
					 g_get_monotonic_time());
		return;
	}
	/* A source that is ready waits for us. */
	if (app->server)
		sink_server_stop(app->server);
	keep_reason(app, reason, sentence);
	g_cancellable_cancel(app->cancellable);
	g_main_loop_quit(app->loop);
}

static void tell_viewer(SinkApp *app, const char *word, const char *rest)
{
	if (app->viewer)
		sink_viewer_tell(app->viewer, word, rest);
}

static void stop_source(GSource **source)
{
	if (*source)
		g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

static gboolean has_fault(const SinkApp *app, SinkFault fault)
{
	return app->options.misbehaviour && app->options.misbehaviour->fault == fault;
}

static void watch_socket(SinkApp *app);

/* Sends what the socket takes now. With --misbehave split-messages one byte to a call. */
static void flush(SinkApp *app)
{
	gsize piece = has_fault(app, SINK_FAULT_SPLIT_MESSAGES) ? 1 : app->unsent->len;
	gsize done = 0;

	while (!app->vanished && done < app->unsent->len) {
		g_autoptr(GError) error = NULL;
		gsize size = MIN(piece, app->unsent->len - done);
		gssize sent = g_socket_send(app->socket, (const char *)app->unsent->data + done,
					    size, NULL, &error);

		if (sent < 0) {
			/* What the source closed, the reading side finds out and tells. */
			if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
				done = app->unsent->len;
			break;
		}
		done += sent;
	}
	g_byte_array_remove_range(app->unsent, 0, done);
	watch_socket(app);
}

static gboolean on_flush_timer(gpointer user_data)
{
	SinkApp *app = user_data;

	app->flush_timer = 0;
	flush(app);
	return G_SOURCE_REMOVE;
}

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	SinkApp *app = user_data;

	flush(app);
	return app->write_source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	SinkApp *app = user_data;
	g_autoptr(GError) error = NULL;
	guint8 data[READ_SIZE];
	gssize got = g_socket_receive(socket, (char *)data, sizeof(data), NULL, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return G_SOURCE_CONTINUE;
	if (got > 0) {
		sink_session_feed(app->session, data, got, g_get_monotonic_time());
		return app->read_source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
	}
	{
		g_autofree char *sentence =
			g_strdup_printf("The source closed the connection%s%s in state %s.",
					error ? ": " : "", error ? error->message : "",
					sink_state_name(sink_session_state(app->session)));

		finish(app, FALSE, SINK_REASON_CONNECTION_CLOSED, sentence);
	}
	return G_SOURCE_REMOVE;
}

static GSource *watch(SinkApp *app, GIOCondition condition, GSocketSourceFunc callback)
{
	GSource *source = g_socket_create_source(app->socket, condition, NULL);

	g_source_set_callback(source, G_SOURCE_FUNC(callback), app, NULL);
	g_source_attach(source, NULL);
	return source;
}

static void watch_socket(SinkApp *app)
{
	if (app->vanished)
		return;
	if (app->unsent->len && !app->write_source && !app->flush_timer)
		app->write_source = watch(app, G_IO_OUT, on_writable);
	else if (!app->unsent->len)
		stop_source(&app->write_source);

	if (app->unsent->len <= MAX_UNSENT && !app->read_source)
		app->read_source = watch(app, G_IO_IN, on_readable);
	else if (app->unsent->len > MAX_UNSENT)
		stop_source(&app->read_source);
}

static void on_send(GBytes *bytes, gpointer user_data)
{
	SinkApp *app = user_data;
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);

	g_byte_array_append(app->unsent, data, size);
	if (!has_fault(app, SINK_FAULT_COALESCED_MESSAGES))
		flush(app);
	else if (!app->flush_timer)
		app->flush_timer = g_timeout_add(COALESCE_MS, on_flush_timer, app);
}

/* With --p2p: how far it has come; at one of the steps the sink may vanish. */
static void note_step(SinkApp *app, const char *step)
{
	if (!app->p2p || app->vanished || sink_p2p_step(app->p2p, step, NULL))
		return;
	app->vanished = TRUE;
	stop_source(&app->read_source);
	stop_source(&app->write_source);
}

static gboolean on_session_event(SinkEvent event, gpointer user_data, GError **error)
{
	SinkApp *app = user_data;

	switch (event) {
	case SINK_EVENT_SETUP: return sink_media_start(app->media, error);
	case SINK_EVENT_PLAYING:
		app->playing_since_us = g_get_monotonic_time();
		if (app->server)
			sink_mice_playing(sink_server_source(app->server));
		note_step(app, "playing");
		break;
	case SINK_EVENT_HALTED: app->playing_since_us = 0; break;
	case SINK_EVENT_ENDED:
		app->playing_since_us = 0;
		g_main_loop_quit(app->loop);
		break;
	}
	return TRUE;
}

static void on_viewer_gone(gpointer user_data)
{
	finish(user_data, TRUE, SINK_REASON_INTERRUPTED, "Whoever looked at it is gone.");
}

static void on_viewer_pin(const char *pin, gpointer user_data)
{
	SinkApp *app = user_data;

	if (app->p2p && !sink_p2p_type_pin(app->p2p, pin))
		tell_viewer(app, "pin-wanted", "again");
}

static void on_input(const char *what, gpointer user_data)
{
	SinkApp *app = user_data;

	if (app->takes_input)
		sink_uibc_do(app->uibc, what);
}

static void on_media_failed(const char *reason, gpointer user_data)
{
	SinkApp *app = user_data;
	g_autofree char *sentence = g_strdup_printf("The stream cannot be decoded: %s", reason);

	finish(app, TRUE, SINK_REASON_MEDIA_FAILED, sentence);
}

static gboolean load_caps(SinkApp *app, guint16 port, GError **error)
{
	const SinkOptions *o = &app->options;
	g_autofree char *text = NULL;
	gsize size;

	app->caps = sink_caps_new(port);
	if (o->no_standby)
		sink_caps_set(app->caps, "wfd_standby_resume_capability", "none");
	if (o->viewer >= 0)
		sink_caps_set(app->caps, "wfd_uibc_capability", SINK_UIBC_PERSON_CAPABILITY);
	if (o->uibc)
		sink_caps_set(app->caps, "wfd_uibc_capability", SINK_UIBC_CAPABILITY);
	if (o->misbehaviour)
		sink_misbehaviour_set_caps(o->misbehaviour, app->caps, port);
	if (o->edid) {
		if (!g_file_get_contents(o->edid, &text, &size, error) ||
		    !sink_caps_set_edid(app->caps, (const guint8 *)text, size, error)) {
			g_prefix_error(error, "--edid %s: ", o->edid);
			return FALSE;
		}
		g_clear_pointer(&text, g_free);
	}
	if (o->caps) {
		if (!g_file_get_contents(o->caps, &text, &size, error) ||
		    !sink_caps_load(app->caps, text, size, error)) {
			g_prefix_error(error, "--caps %s: ", o->caps);
			return FALSE;
		}
	}
	if (o->video_formats)
		sink_caps_set(app->caps, "wfd_video_formats", o->video_formats);
	if (o->audio_codecs)
		sink_caps_set(app->caps, "wfd_audio_codecs", o->audio_codecs);
	return TRUE;
}

static gboolean open_samples(SinkApp *app, GError **error)
{
	app->samples = fopen(app->options.samples, "we");
	if (!app->samples)
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "--samples %s: %s",
			    app->options.samples, g_strerror(errno));
	return app->samples != NULL;
}

static gboolean load_uibc(SinkApp *app, GError **error)
{
	g_autofree char *script = NULL;

	if (g_file_get_contents(app->options.uibc, &script, NULL, error))
		app->uibc = sink_uibc_new(script, error);
	if (!app->uibc)
		g_prefix_error(error, "--uibc %s: ", app->options.uibc);
	return app->uibc != NULL;
}

/* Whether what a person does arrives anywhere. */
static void tell_of_input(SinkApp *app, guint16 port)
{
	const SinkUibcStatistics *statistics = sink_uibc_statistics(app->uibc);
	gboolean takes_input = port && statistics->connected && !statistics->closed;

	if (takes_input == app->takes_input)
		return;
	app->takes_input = takes_input;
	tell_viewer(app, "input", takes_input ? "on" : "off");
}

/* By its name, or where it is. */
static void tell_who_is_there(SinkApp *app, GInetAddress *address)
{
	SinkMice *mice = app->server ? sink_server_source(app->server) : NULL;
	const char *name = mice ? sink_mice_statistics(mice)->source_name : NULL;
	g_autofree char *text = g_inet_address_to_string(address);

	tell_viewer(app, "source", name && *name ? name : text);
}

/* The TCP connection stands: everything else stands on its two addresses. */
static gboolean begin_session(SinkApp *app, GError **error)
{
	static const SinkSessionOps ops = {.send = on_send, .event = on_session_event};
	const SinkOptions *o = &app->options;
	g_autoptr(GSocketAddress)
		local = g_socket_connection_get_local_address(app->connection, error);
	g_autoptr(GSocketAddress) remote =
		local ? g_socket_connection_get_remote_address(app->connection, error) : NULL;
	SinkSessionConfig config = {
		.response_timeout_us = o->response_timeout * G_USEC_PER_SEC,
		.session_timeout_us = o->session_timeout * G_USEC_PER_SEC,
		.misbehaviour = o->misbehaviour,
	};

	if (!remote)
		return FALSE;
	app->media = sink_media_new(
		g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(local)), o->rtp_port,
		g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote)), on_media_failed,
		app, error);
	if (!app->media)
		return FALSE;
	app->socket = g_object_ref(g_socket_connection_get_socket(app->connection));
	g_socket_set_blocking(app->socket, FALSE);
	g_socket_set_option(app->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	config.rtp_port = sink_media_port(app->media);
	if (app->server) {
		SinkMice *mice = sink_server_source(app->server);

		sink_mice_connected(mice);
		if (sink_mice_dtls(mice))
			sink_media_set_dtls(app->media, sink_mice_dtls(mice));
	}
	sink_media_set_viewer(app->media, app->viewer);
	if (!load_caps(app, config.rtp_port, error))
		return FALSE;
	tell_who_is_there(app, g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote)));
	config.caps = app->caps;
	app->session = sink_session_new(&config, &ops, app, g_get_monotonic_time());
	note_step(app, "connected");
	watch_socket(app);
	return TRUE;
}

static gboolean try_connect(gpointer user_data);

static void retry(SinkApp *app)
{
	app->retry_timer = g_timeout_add(RETRY_MS, try_connect, app);
}

static void on_connected(GObject *object, GAsyncResult *result, gpointer user_data)
{
	SinkApp *app = user_data;
	g_autoptr(GError) error = NULL;

	app->connection = g_socket_client_connect_finish(G_SOCKET_CLIENT(object), result, &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!app->connection) {
		g_free(app->connect_error);
		app->connect_error = g_strdup(error->message);
		if (!has_fault(app, SINK_FAULT_CONNECT_ONCE))
			retry(app);
		return;
	}
	if (has_fault(app, SINK_FAULT_RECONNECT) && !app->reconnects) {
		app->reconnects = TRUE;
		g_io_stream_close(G_IO_STREAM(app->connection), NULL, NULL);
		g_clear_object(&app->connection);
		retry(app);
		return;
	}
	if (!begin_session(app, &error)) {
		g_autofree char *sentence =
			g_strdup_printf("The sink cannot begin: %s", error->message);

		finish(app, FALSE, SINK_REASON_MEDIA_FAILED, sentence);
	}
}

static gboolean try_connect(gpointer user_data)
{
	SinkApp *app = user_data;

	app->retry_timer = 0;
	if (!g_cancellable_is_cancelled(app->cancellable))
		g_socket_client_connect_async(app->client, app->address, app->cancellable,
					      on_connected, app);
	return G_SOURCE_REMOVE;
}

static void begin_to_connect(SinkApp *app)
{
	app->connecting_since_us = g_get_monotonic_time();
	try_connect(app);
}

/* A source of Miracast over Infrastructure, or one that came by Wi-Fi Direct, listens. */
static void on_source_ready(GSocketAddress *source, gpointer user_data)
{
	SinkApp *app = user_data;

	app->address = G_SOCKET_CONNECTABLE(g_object_ref(source));
	begin_to_connect(app);
}

/* Before RTSP is connected, the next source may come. */
static void on_source_ended(SinkReason reason, const char *sentence, gpointer user_data)
{
	SinkApp *app = user_data;

	if (app->session) {
		finish(app, FALSE, reason, sentence);
		return;
	}
	g_printerr("miracast-sink: %s: %s\n", sink_reason_name(reason), sentence);
	tell_viewer(app, "left", NULL);
	g_free(app->connect_error);
	app->connect_error = g_strdup(sentence);
	app->last_reason = reason;
	g_clear_handle_id(&app->retry_timer, g_source_remove);
	g_cancellable_cancel(app->cancellable);
	g_object_unref(app->cancellable);
	app->cancellable = g_cancellable_new();
	g_clear_object(&app->address);
}

static void on_p2p_step(const char *step, const char *detail, gpointer user_data)
{
	g_printerr("miracast-sink: %s%s%s\n", step, detail ? ": " : "", detail ? detail : "");
	if (!strcmp(step, "pin"))
		tell_viewer(user_data, "pin", detail);
	else if (!strcmp(step, "pin-wanted"))
		tell_viewer(user_data, "pin-wanted", NULL);
	else if (!strcmp(step, "failed"))
		tell_viewer(user_data, "left", NULL);
}

static void on_show_pin(const char *pin, gpointer user_data)
{
	tell_viewer(user_data, "pin", pin);
}

static void on_p2p_lost(const char *sentence, gpointer user_data)
{
	finish(user_data, FALSE, SINK_REASON_LINK_LOST, sentence);
}

static void on_p2p_failed(const char *sentence, gpointer user_data)
{
	finish(user_data, FALSE, SINK_REASON_P2P_FAILED, sentence);
}

static gboolean save_png(SinkApp *app, GError **error)
{
	if (!app->media) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
				    "no picture has been decoded");
		return FALSE;
	}
	if (!sink_media_save_png(app->media, app->options.png, &app->picture, error))
		return FALSE;
	app->png_written = TRUE;
	return TRUE;
}

/* M13 when the picture is damaged, when none comes, and as often as --idr-every says. */
static void ask_for_keyframes(SinkApp *app, const SinkMediaStatistics *stats, gint64 now)
{
	/* Lost packets show as discontinuities, once it is clear that they are not only late. */
	guint64 damage = stats->ts_continuity_errors + stats->frames_corrupt;
	gint64 every = app->options.idr_every;

	if (damage > app->damage_seen ||
	    (!stats->frames && stats->rtp_packets && now - app->playing_since_us > NO_PICTURE_US))
		sink_session_request_idr(app->session, now);
	app->damage_seen = damage;
	if (every && stats->frames / every > app->idr_asked) {
		app->idr_asked = stats->frames / every;
		sink_session_request_idr(app->session, now);
	}
}

/* As soon as the source has named its port: not all say "enable" (Windows does not). */
static void send_input(SinkApp *app)
{
	guint16 port = sink_session_uibc_port(app->session);
	g_autoptr(GSocketAddress) source = NULL;

	if (!app->uibc)
		return;
	tell_of_input(app, port);
	if (!port || !app->playing_since_us)
		return;
	source = g_socket_connection_get_remote_address(app->connection, NULL);
	if (source)
		sink_uibc_start(app->uibc,
				g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(source)),
				port);
}

static void pause_and_resume(SinkApp *app, const SinkMediaStatistics *stats, gint64 now)
{
	gint64 after = app->options.pause_after;

	if (after && !app->paused_once && stats->frames >= (guint64)after) {
		app->paused_once = TRUE;
		sink_session_pause(app->session, now);
	}
	if (sink_session_state(app->session) != SINK_PAUSED || !app->paused_once)
		return;
	if (!app->pause_until_us) {
		app->pause_until_us = now + PAUSE_US;
	} else if (app->pause_until_us > 0 && now >= app->pause_until_us) {
		app->pause_until_us = -1; /* done */
		sink_session_resume(app->session, now);
	}
}

static void check_progress(SinkApp *app, gint64 now)
{
	SinkMediaStatistics stats;
	g_autofree char *sentence = NULL;

	sink_media_statistics(app->media, &stats);
	if (app->options.frames && stats.frames >= (guint64)app->options.frames) {
		sentence =
			g_strdup_printf("%" G_GUINT64_FORMAT " frames were decoded.", stats.frames);
		finish(app, TRUE, SINK_REASON_FRAMES_REACHED, sentence);
	}
	if (app->playing_since_us)
		ask_for_keyframes(app, &stats, now);
	pause_and_resume(app, &stats, now);
	send_input(app);
	sink_session_tick(app->session, now);
}

/* As it was named, or where it is; NULL: none has come. */
static char *name_of_source(const SinkApp *app)
{
	if (app->options.source)
		return g_strdup(app->options.source);
	return app->address ? g_socket_connectable_to_string(app->address) : NULL;
}

static gboolean on_tick(gpointer user_data)
{
	SinkApp *app = user_data;
	const SinkOptions *o = &app->options;
	gint64 now = g_get_monotonic_time();
	double elapsed = (now - app->began_us) / 1e6;
	double connecting = app->connecting_since_us ? (now - app->connecting_since_us) / 1e6 : 0;
	g_autofree char *sentence = NULL;

	if (app->server)
		sink_server_tick(app->server, now);
	if (!app->session && app->server && o->connect_timeout > 0 &&
	    elapsed > o->connect_timeout) {
		sentence = g_strdup_printf("No session within %.1f s: %s", o->connect_timeout,
					   app->connect_error ? app->connect_error
							      : "no source came.");
		finish(app, FALSE, app->last_reason ? app->last_reason : SINK_REASON_CONNECT_FAILED,
		       sentence);
	} else if (!app->session && !app->server && connecting > o->connect_timeout) {
		g_autofree char *source = name_of_source(app);

		sentence = g_strdup_printf("No connection to %s within %.1f s: %s. Is the source "
					   "listening on that address and port?",
					   source, o->connect_timeout,
					   app->connect_error ? app->connect_error : "no answer");
		finish(app, FALSE, SINK_REASON_CONNECT_FAILED, sentence);
	} else if (o->timeout > 0 && elapsed > o->timeout) {
		sentence = g_strdup_printf(
			"%.1f s are over (state %s).", o->timeout,
			app->session   ? sink_state_name(sink_session_state(app->session))
			: app->address ? "connecting"
				       : "waiting for a source");
		finish(app, !app->vanished, SINK_REASON_TIMEOUT, sentence);
	} else if (app->farewell_end_us) {
		finish(app, TRUE, app->reason, app->sentence);
	}
	if (app->session && !app->vanished)
		check_progress(app, now);
	return G_SOURCE_CONTINUE;
}

/* With --samples, while packets come. */
static gboolean on_sample(gpointer user_data)
{
	g_autofree char *line = NULL;
	SinkApp *app = user_data;
	SinkMediaStatistics stats;

	if (!app->media)
		return G_SOURCE_CONTINUE;
	sink_media_statistics(app->media, &stats);
	line = sink_report_sample(&stats, g_get_real_time());
	if (fputs(line, app->samples) < 0 || fflush(app->samples)) {
		g_printerr("miracast-sink: --samples %s: %s\n", app->options.samples,
			   g_strerror(errno));
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer user_data)
{
	SinkApp *app = user_data;
	/* The second signal does not wait for the source's answer to TEARDOWN. */
	gboolean again = app->session && sink_session_state(app->session) == SINK_TEARDOWN;

	finish(app, !again && !app->vanished, SINK_REASON_INTERRUPTED, "Ended by a signal.");
	return G_SOURCE_CONTINUE;
}

static gboolean on_usr1(gpointer user_data)
{
	SinkApp *app = user_data;
	g_autoptr(GError) error = NULL;

	if (!app->options.png)
		g_printerr("miracast-sink: SIGUSR1 without --png FILE: no picture written\n");
	else if (!save_png(app, &error))
		g_printerr("miracast-sink: no picture written: %s\n", error->message);
	return G_SOURCE_CONTINUE;
}

static gboolean write_json(const char *path, const char *line, GError **error)
{
	if (strcmp(path, "-"))
		return g_file_set_contents(path, line, -1, error);
	if (fputs(line, stdout) >= 0 && fflush(stdout) == 0)
		return TRUE;
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "standard output: %s",
		    g_strerror(errno));
	return FALSE;
}

static gboolean succeeded(const SinkApp *app, SinkReason reason, guint64 frames)
{
	if (app->options.frames)
		return reason == SINK_REASON_FRAMES_REACHED;
	return frames &&
	       (reason == SINK_REASON_SOURCE_TEARDOWN || reason == SINK_REASON_SOURCE_STOPPED ||
		reason == SINK_REASON_INTERRUPTED || reason == SINK_REASON_TIMEOUT);
}

static int report(SinkApp *app)
{
	g_autofree char *source = name_of_source(app);
	SinkReport r = {
		.source = source,
		.began_real_us = app->began_real_us,
		.duration_us = g_get_monotonic_time() - app->began_us,
		.misbehaviour = app->options.misbehaviour,
		.mice = app->server ? sink_server_source(app->server) : NULL,
		.p2p = app->p2p,
		.session = app->session,
		.reason = app->reason,
		.sentence = app->sentence,
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *failure = NULL;
	g_autofree char *line = NULL;

	if (r.reason == SINK_REASON_NONE) {
		r.reason = sink_session_reason(app->session);
		r.sentence = sink_session_sentence(app->session);
	}
	if (app->media) {
		sink_media_statistics(app->media, &r.media);
		r.rtp_port = sink_media_port(app->media);
	}
	if (app->uibc)
		r.uibc = sink_uibc_statistics(app->uibc);
	r.ok = succeeded(app, r.reason, r.media.frames);
	if (app->options.png && !save_png(app, &error) && r.ok) {
		failure =
			g_strdup_printf("%s was not written: %s", app->options.png, error->message);
		r.ok = FALSE;
		r.reason = SINK_REASON_OUTPUT_FAILED;
		r.sentence = failure;
	}
	g_clear_error(&error);
	if (app->png_written) {
		r.png = app->options.png;
		r.picture = app->picture;
	}
	if (app->viewer) {
		g_autofree char *end =
			g_strdup_printf("%s %s", sink_reason_name(r.reason), r.sentence);

		tell_viewer(app, "ended", end);
	}
	line = sink_report_json(&r);
	if (app->options.json && !write_json(app->options.json, line, &error)) {
		g_printerr("miracast-sink: %s\n", error->message);
		return EXIT_FAILED;
	}
	g_printerr("miracast-sink: %s: %s\n", sink_reason_name(r.reason), r.sentence);
	return r.ok ? EXIT_OK : EXIT_FAILED;
}

static char *misbehaviour_help(void)
{
	guint n;
	const SinkMisbehaviour *table = sink_misbehaviour_table(&n);
	GString *text = g_string_new("Faults for --misbehave, to see how a source takes them:\n");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "  %-20s %s\n", table[i].name, table[i].description);
	return g_string_free(text, FALSE);
}

static gboolean check_security(SinkOptions *o, const char *security, GError **error)
{
	static const char *const names[] = {
		[SINK_SECURITY_NONE] = "none",
		[SINK_SECURITY_OFFERED] = "offered",
		[SINK_SECURITY_ENCRYPTED] = "encrypted",
		[SINK_SECURITY_PIN] = "pin",
	};

	o->security = SINK_SECURITY_OFFERED;
	for (guint i = 0; security && i < G_N_ELEMENTS(names); i++) {
		if (strcmp(security, names[i]))
			continue;
		o->security = i;
		return TRUE;
	}
	if (!security)
		return TRUE;
	g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		    "--security does not know \"%s\", but none, offered, encrypted and pin",
		    security);
	return FALSE;
}

/* What makes sense with --mice only, and without it. */
static gboolean check_mice(SinkOptions *o, const char *security, GError **error)
{
	g_autofree char *pin = o->pin ? mice_pin_clean(o->pin) : NULL;

	if (!o->mice) {
		if (o->mice_port || o->no_announce || security) {
			g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
					    "--mice-port, --no-announce and --security go with "
					    "--mice");
			return FALSE;
		}
		if (o->p2p.interface || (!o->name && !o->pin))
			return TRUE;
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				    "--name and --pin go with --mice or --p2p");
		return FALSE;
	}
	if (o->pin && !pin) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "--pin takes %d digits", MICE_PIN_DIGITS);
		return FALSE;
	}
	if (o->mice_port < 0 || o->mice_port > 65535) {
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				    "--mice-port takes a TCP port");
		return FALSE;
	}
	if (!o->mice_port)
		o->mice_port = MICE_PORT;
	if (!o->name)
		o->name = g_strdup(g_get_host_name());
	return check_security(o, security, error);
}

static gboolean check_viewer(const SinkOptions *o, GError **error)
{
	socklen_t size = sizeof(int);
	int type;

	if (o->viewer < 0 ||
	    (!getsockopt(o->viewer, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_SEQPACKET))
		return TRUE;
	g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		    "--viewer takes a SOCK_SEQPACKET socket, and %d is none", o->viewer);
	return FALSE;
}

static gboolean check_options(SinkOptions *o, const char *misbehave, gboolean standby,
			      GError **error)
{
	const struct {
		const char *name;
		double value;
	} seconds[] = {{"--timeout", o->timeout},
		       {"--connect-timeout", o->connect_timeout},
		       {"--response-timeout", o->response_timeout},
		       {"--session-timeout", o->session_timeout}};
	const struct {
		const char *name;
		gint64 value;
	} counts[] = {{"--frames", o->frames},
		      {"--idr-every", o->idr_every},
		      {"--pause-after", o->pause_after}};

	for (guint i = 0; i < G_N_ELEMENTS(seconds); i++) {
		if (seconds[i].value >= 0 && seconds[i].value <= 86400)
			continue;
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "%s takes seconds from 0 to 86400", seconds[i].name);
		return FALSE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		if (counts[i].value >= 0)
			continue;
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "%s takes a number that is not negative", counts[i].name);
		return FALSE;
	}
	if (o->rtp_port < 0 || o->rtp_port > 65534) {
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				    "--rtp-port takes a UDP port below 65535, or 0 for any");
		return FALSE;
	}
	if (standby && o->no_standby) {
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				    "--standby and --no-standby exclude each other");
		return FALSE;
	}
	if (misbehave && !(o->misbehaviour = sink_misbehaviour_find(misbehave))) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "--misbehave does not know \"%s\"; --help lists what it knows",
			    misbehave);
		return FALSE;
	}
	return TRUE;
}

/* What fits into the 32 bytes that a Wi-Fi Direct device has, whole characters only. */
static char *name_of_host(void)
{
	g_autofree char *name = g_utf8_make_valid(g_get_host_name(), -1);

	if (strlen(name) > 32)
		*g_utf8_find_prev_char(name, name + 33) = '\0';
	return g_steal_pointer(&name);
}

/* What makes sense with --p2p only, and without it. */
static gboolean check_p2p(SinkOptions *o, const char *pairing, GError **error)
{
	if (!o->p2p.interface)
		return TRUE;
	if (!o->name)
		o->name = name_of_host();
	o->p2p.name = o->name;
	o->p2p.pin = o->pin;
	o->p2p.is_told_pin = o->viewer >= 0;
	o->p2p.offered = sink_pairing_parse(pairing ? pairing : "button,show,type", error);
	return o->p2p.offered && sink_p2p_config_check(&o->p2p, error);
}

/* Where the source is, or how it comes. */
static gboolean check_way(SinkOptions *o, char **rest, GError **error)
{
	guint n_sources = rest ? g_strv_length(rest) : 0;

	if (o->mice && o->p2p.interface) {
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				    "--mice and --p2p exclude each other");
		return FALSE;
	}
	if (o->mice || o->p2p.interface) {
		if (!n_sources)
			return TRUE;
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				    "with --mice and --p2p the source comes by itself: name none");
		return FALSE;
	}
	if (n_sources == 1) {
		o->source = g_strdup(rest[0]);
		return TRUE;
	}
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			    "name one source, as ADDRESS or ADDRESS:PORT; or --mice, or --p2p");
	return FALSE;
}

/* TRUE with @leave set: --version has said all there is to say. */
static gboolean parse_options(SinkOptions *o, int argc, char **argv, gboolean *leave,
			      GError **error)
{
	gboolean version = FALSE, standby = FALSE;
	g_autofree char *misbehave = NULL;
	g_autofree char *security = NULL;
	g_autofree char *pairing = NULL;
	g_auto(GStrv) rest = NULL;
	const GOptionEntry entries[] = {
		{"frames", 'n', 0, G_OPTION_ARG_INT64, &o->frames, "Succeed after N decoded frames",
		 "N"},
		{"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &o->timeout,
		 "End after S seconds; a failure if --frames are not reached (default: never)",
		 "S"},
		{"connect-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &o->connect_timeout,
		 "Try to connect for S seconds (default 10, with --p2p 90); with --mice, wait for "
		 "a session (default: for ever)",
		 "S"},
		{"response-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &o->response_timeout,
		 "Wait S seconds for an answer of the source (default 6)", "S"},
		{"session-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &o->session_timeout,
		 "Bear S seconds of silence (default: as long as the source says, 60 before it does)",
		 "S"},
		{"png", 0, 0, G_OPTION_ARG_FILENAME, &o->png,
		 "Write the last picture there at the end, and at SIGUSR1", "FILE"},
		{"json", 0, 0, G_OPTION_ARG_FILENAME, &o->json,
		 "Write one line of statistics there at the end; - is standard output", "FILE"},
		{"samples", 0, 0, G_OPTION_ARG_FILENAME, &o->samples,
		 "Write a line of what has come so far there ten times a second", "FILE"},
		{"caps", 0, 0, G_OPTION_ARG_FILENAME, &o->caps,
		 "Capabilities: lines 'wfd_parameter: value', as M3 shall answer them", "FILE"},
		{"video-formats", 0, 0, G_OPTION_ARG_STRING, &o->video_formats,
		 "The value of wfd_video_formats, unchecked", "VALUE"},
		{"audio-codecs", 0, 0, G_OPTION_ARG_STRING, &o->audio_codecs,
		 "The value of wfd_audio_codecs, unchecked", "VALUE"},
		{"edid", 0, 0, G_OPTION_ARG_FILENAME, &o->edid, "The EDID to show", "FILE"},
		{"viewer", 0, 0, G_OPTION_ARG_INT, &o->viewer,
		 "Give pictures to the program at the other end of this socket", "FD"},
		{"uibc", 0, 0, G_OPTION_ARG_FILENAME, &o->uibc,
		 "Offer input (UIBC), and send what this script says", "FILE"},
		{"rtp-port", 0, 0, G_OPTION_ARG_INT, &o->rtp_port,
		 "Receive RTP on this UDP port, and RTCP on the next (default: free ones)", "PORT"},
		{"standby", 0, 0, G_OPTION_ARG_NONE, &standby, "Offer standby and resume (default)",
		 NULL},
		{"no-standby", 0, 0, G_OPTION_ARG_NONE, &o->no_standby,
		 "Do not offer standby and resume", NULL},
		{"idr-every", 0, 0, G_OPTION_ARG_INT64, &o->idr_every,
		 "Ask for a keyframe (M13) every N decoded frames", "N"},
		{"pause-after", 0, 0, G_OPTION_ARG_INT64, &o->pause_after,
		 "Pause (M9) for a second after N decoded frames", "N"},
		{"mice", 0, 0, G_OPTION_ARG_NONE, &o->mice,
		 "Wait for a source that comes over the network (Miracast over Infrastructure)",
		 NULL},
		{"name", 0, 0, G_OPTION_ARG_STRING, &o->name,
		 "Show this name (default: the host's)", "NAME"},
		{"no-announce", 0, 0, G_OPTION_ARG_NONE, &o->no_announce,
		 "Do not announce the sink on the network", NULL},
		{"mice-port", 0, 0, G_OPTION_ARG_INT, &o->mice_port,
		 "Listen on this TCP port (default 7250)", "PORT"},
		{"security", 0, 0, G_OPTION_ARG_STRING, &security,
		 "What sources may and must: none, offered (default), encrypted, pin", "HOW"},
		{"p2p", 0, 0, G_OPTION_ARG_STRING, &o->p2p.interface,
		 "Wait for a source that comes by Wi-Fi Direct to this Wi-Fi device", "INTERFACE"},
		{"pairing", 0, 0, G_OPTION_ARG_STRING, &pairing,
		 "How to let it in, of button (say yes), show (a PIN), type (its PIN) (default: as "
		 "it likes)",
		 "HOW[,HOW]"},
		{"pin", 0, 0, G_OPTION_ARG_STRING, &o->pin,
		 "The PIN to show (default: by chance) or to type (default: from standard input)",
		 "PIN"},
		{"accept-after", 0, 0, G_OPTION_ARG_DOUBLE, &o->p2p.accept_after,
		 "Say yes after S seconds (default 0)", "S"},
		{"intent", 0, 0, G_OPTION_ARG_INT, &o->p2p.intent,
		 "How much to own the group: 0 (default) to 15", "N"},
		{"autonomous", 0, 0, G_OPTION_ARG_NONE, &o->p2p.autonomous,
		 "Own a group from the start, which sources join", NULL},
		{"give-addresses", 0, 0, G_OPTION_ARG_NONE, &o->p2p.gives_addresses,
		 "As owner, give the address with the keys, beside DHCP", NULL},
		{"store", 0, 0, G_OPTION_ARG_FILENAME, &o->p2p.store,
		 "Remember groups there, so that a source comes back without asking", "FILE"},
		{"wfd-element", 0, 0, G_OPTION_ARG_STRING, &o->p2p.element,
		 "The subelements to show, in hexadecimal", "HEX"},
		{"supplicant-log", 0, 0, G_OPTION_ARG_FILENAME, &o->p2p.log,
		 "Write what wpa_supplicant does there", "FILE"},
		{"misbehave", 0, 0, G_OPTION_ARG_STRING, &misbehave, "Show the source a fault",
		 "WHAT"},
		{"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL, NULL},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GOptionContext)
		context = g_option_context_new("SOURCE[:PORT] | --mice | --p2p INTERFACE");
	g_autofree char *help = misbehaviour_help();

	g_option_context_set_summary(context,
				     "A headless Wi-Fi Display (Miracast) sink: connects to "
				     "a source, receives, decodes, counts.");
	g_option_context_set_description(context, help);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return FALSE;
	if (version) {
		puts("miracast-sink " SINK_VERSION);
		*leave = TRUE;
		return TRUE;
	}
	if (o->connect_timeout == NOT_GIVEN)
		o->connect_timeout = o->mice		? 0
				     : o->p2p.interface ? P2P_CONNECT_S
							: DEFAULT_CONNECT_S;
	return check_way(o, rest, error) && check_mice(o, security, error) &&
	       check_p2p(o, pairing, error) && check_viewer(o, error) &&
	       check_options(o, misbehave, standby, error);
}

static void options_clear(SinkOptions *o)
{
	g_free(o->source);
	g_free(o->name);
	g_free(o->pin);
	g_free((char *)o->p2p.interface);
	g_free((char *)o->p2p.store);
	g_free((char *)o->p2p.element);
	g_free((char *)o->p2p.log);
	g_free(o->png);
	g_free(o->json);
	g_free(o->samples);
	g_free(o->caps);
	g_free(o->video_formats);
	g_free(o->audio_codecs);
	g_free(o->edid);
	g_free(o->uibc);
}

static void app_clear(SinkApp *app)
{
	if (app->flush_timer)
		g_source_remove(app->flush_timer);
	g_clear_handle_id(&app->retry_timer, g_source_remove);
	stop_source(&app->read_source);
	stop_source(&app->write_source);
	sink_session_free(app->session);
	sink_media_free(app->media);
	sink_viewer_free(app->viewer);
	sink_uibc_free(app->uibc);
	sink_server_free(app->server);
	sink_p2p_free(app->p2p);
	sink_caps_free(app->caps);
	g_byte_array_unref(app->unsent);
	g_clear_object(&app->socket);
	g_clear_object(&app->connection);
	g_clear_object(&app->client);
	g_clear_object(&app->address);
	g_clear_object(&app->cancellable);
	g_main_loop_unref(app->loop);
	g_free(app->connect_error);
	g_free(app->sentence);
	g_clear_pointer(&app->samples, fclose);
	options_clear(&app->options);
}

/* Begins to be found by sources that come by Wi-Fi Direct. */
static gboolean begin_p2p(SinkApp *app, GError **error)
{
	static const SinkP2pOps ops = {
		.step = on_p2p_step,
		.ready = on_source_ready,
		.lost = on_p2p_lost,
		.failed = on_p2p_failed,
	};

	app->options.p2p.misbehaviour = app->options.misbehaviour;
	app->p2p = sink_p2p_new(&app->options.p2p, &ops, app, error);
	return app->p2p != NULL;
}

/* Begins to be reached, or to reach the source. */
static gboolean begin(SinkApp *app, GError **error)
{
	static const SinkServerOps ops = {
		.ready = on_source_ready, .show_pin = on_show_pin, .ended = on_source_ended};
	const SinkOptions *o = &app->options;
	const SinkServerConfig config = {
		.name = o->no_announce ? NULL : o->name,
		.port = o->mice_port,
		.security = o->security,
		.pin = o->pin,
		.message_timeout_us = o->response_timeout * G_USEC_PER_SEC,
		.misbehaviour = o->misbehaviour,
	};

	app->began_us = g_get_monotonic_time();
	tell_viewer(app, "waiting", o->name ? o->name : o->source);
	if (o->p2p.interface)
		return begin_p2p(app, error);
	if (!o->mice) {
		begin_to_connect(app);
		return TRUE;
	}
	app->server = sink_server_new(&config, &ops, app, error);
	if (app->server)
		g_printerr("miracast-sink: waiting for a source on port %u\n",
			   sink_server_port(app->server));
	return app->server != NULL;
}

static int run(SinkApp *app)
{
	static const SinkViewerOps viewer_ops = {
		.gone = on_viewer_gone, .pin = on_viewer_pin, .input = on_input};
	g_autoptr(GError) error = NULL;
	int status;

	app->began_real_us = g_get_real_time();
	app->began_us = g_get_monotonic_time();
	app->loop = g_main_loop_new(NULL, FALSE);
	app->client = g_socket_client_new();
	app->cancellable = g_cancellable_new();
	app->unsent = g_byte_array_new();
	/* A proxy would stand between the addresses that RTP needs. */
	g_socket_client_set_enable_proxy(app->client, FALSE);
	g_unix_signal_add(SIGINT, on_interrupt, app);
	g_unix_signal_add(SIGTERM, on_interrupt, app);
	g_unix_signal_add(SIGUSR1, on_usr1, app);
	g_timeout_add(TICK_MS, on_tick, app);
	if (app->samples)
		g_timeout_add(SAMPLE_MS, on_sample, app);
	if (app->options.viewer >= 0)
		app->viewer = sink_viewer_new(app->options.viewer, &viewer_ops, app);
	if (!sink_media_preload(&error))
		finish(app, FALSE, SINK_REASON_MEDIA_FAILED, error->message);
	else if (!begin(app, &error))
		finish(app, FALSE,
		       app->options.mice ? SINK_REASON_NOT_LISTENING : SINK_REASON_P2P_FAILED,
		       error->message);
	else
		g_main_loop_run(app->loop);

	if (app->socket) {
		flush(app);
		/* Not closed yet: with bytes unread that would be a reset, and not an end. */
		g_socket_shutdown(app->socket, FALSE, TRUE, NULL);
	}
	status = report(app);
	app_clear(app);
	return status;
}

int main(int argc, char **argv)
{
	SinkApp app = {
		.options = {.connect_timeout = NOT_GIVEN, .response_timeout = 6, .viewer = -1},
	};
	g_autoptr(GError) error = NULL;
	gboolean leave = FALSE;

	if (parse_options(&app.options, argc, argv, &leave, &error) && leave) {
		options_clear(&app.options);
		return EXIT_OK;
	}
	if (!error && app.options.source)
		app.address = g_network_address_parse(app.options.source, DEFAULT_PORT, &error);
	/* Capabilities are checked now, so that a wrong file is a usage error and no failed session. */
	if (!error && load_caps(&app, 0, &error))
		g_clear_pointer(&app.caps, sink_caps_free);
	if (!error && app.options.uibc)
		load_uibc(&app, &error);
	if (!error && app.options.viewer >= 0 && !app.uibc)
		app.uibc = sink_uibc_new("", NULL);
	if (!error && app.options.samples)
		open_samples(&app, &error);
	if (error) {
		g_printerr("miracast-sink: %s. See miracast-sink --help.\n", error->message);
		sink_caps_free(app.caps);
		sink_uibc_free(app.uibc);
		g_clear_object(&app.address);
		options_clear(&app.options);
		return EXIT_USAGE;
	}
	gst_init(NULL, NULL);
	return run(&app);
}
