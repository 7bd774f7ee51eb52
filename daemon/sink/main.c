// SPDX-License-Identifier: GPL-2.0-or-later
/* miracast-sink: a headless Wi-Fi Display sink. One run of it: what happens when, and what comes out. */
#include "sink-connector.h"
#include "sink-media.h"
#include "sink-options.h"
#include "sink-report.h"
#include "sink-server.h"
#include "sink-session.h"
#include "sink-stream.h"
#include "sink-uibc.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TICK_MS	      20
#define SAMPLE_MS     100
#define PAUSE_US      G_USEC_PER_SEC
#define NO_PICTURE_US G_USEC_PER_SEC
#define FAREWELL_US   G_USEC_PER_SEC /* for the source to go after STOP_PROJECTION */

enum {
	EXIT_OK,
	EXIT_FAILED,
	EXIT_USAGE
};

typedef struct {
	SinkOptions options;
	GMainLoop *loop;
	/* Of the source; with --mice and --p2p, NULL until one is there. */
	GSocketConnectable *address;
	SinkServer *server; /* with --mice */
	SinkP2p *p2p; /* with --p2p */
	SinkConnector *connector;
	SinkStream *stream; /* NULL: not connected yet */

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

/*
 * How it ends.
 */

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
	sink_connector_stop(app->connector);
	g_main_loop_quit(app->loop);
}

static void tell_viewer(SinkApp *app, const char *word, const char *rest)
{
	if (app->viewer)
		sink_viewer_tell(app->viewer, word, rest);
}

/*
 * The session: what it says, and how it comes about.
 */

/* With --p2p: how far it has come; at one of the steps the sink may vanish. */
static void note_step(SinkApp *app, const char *step)
{
	if (!app->p2p || app->vanished || sink_p2p_step(app->p2p, step, NULL))
		return;
	app->vanished = TRUE;
	sink_stream_freeze(app->stream);
}

static void on_send(GBytes *bytes, gpointer user_data)
{
	SinkApp *app = user_data;

	sink_stream_send(app->stream, bytes);
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
	case SINK_EVENT_SILENT: sink_media_stop_reports(app->media); break;
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
	GInetAddress *local = sink_stream_local(app->stream, error);
	GInetAddress *remote = local ? sink_stream_remote(app->stream, error) : NULL;
	SinkSessionConfig config = {
		.response_timeout_us = o->response_timeout * G_USEC_PER_SEC,
		.session_timeout_us = o->session_timeout * G_USEC_PER_SEC,
		.misbehaviour = o->misbehaviour,
	};

	if (!remote)
		return FALSE;
	app->media = sink_media_new(local, o->rtp_port, remote, on_media_failed, app, error);
	if (!app->media)
		return FALSE;
	config.rtp_port = sink_media_port(app->media);
	if (app->server) {
		SinkMice *mice = sink_server_source(app->server);

		sink_mice_connected(mice);
		if (sink_mice_dtls(mice))
			sink_media_set_dtls(app->media, sink_mice_dtls(mice));
	}
	sink_media_set_viewer(app->media, app->viewer);
	if (o->flashes)
		sink_media_look_for_flashes(app->media);
	app->caps = sink_options_make_caps(o, config.rtp_port, error);
	if (!app->caps)
		return FALSE;
	tell_who_is_there(app, remote);
	config.caps = app->caps;
	app->session = sink_session_new(&config, &ops, app, g_get_monotonic_time());
	note_step(app, "connected");
	return TRUE;
}

static void note_no_connection(const char *sentence, gpointer user_data)
{
	SinkApp *app = user_data;

	g_free(app->connect_error);
	app->connect_error = g_strdup(sentence);
}

static void on_received(const guint8 *data, gsize size, gpointer user_data)
{
	SinkApp *app = user_data;

	sink_session_feed(app->session, data, size, g_get_monotonic_time());
}

static void on_closed(const GError *error, gpointer user_data)
{
	SinkApp *app = user_data;
	g_autofree char *sentence = g_strdup_printf(
		"The source closed the connection%s%s in state %s.", error ? ": " : "",
		error ? error->message : "", sink_state_name(sink_session_state(app->session)));

	finish(app, FALSE, SINK_REASON_CONNECTION_CLOSED, sentence);
}

static void on_connected(GSocketConnection *connection, gpointer user_data)
{
	static const SinkStreamOps ops = {.received = on_received, .closed = on_closed};
	SinkApp *app = user_data;
	const SinkMisbehaviour *misbehaviour = app->options.misbehaviour;
	const SinkStreamConfig config = {
		.splits = sink_misbehaves(misbehaviour, SINK_FAULT_SPLIT_MESSAGES),
		.merges = sink_misbehaves(misbehaviour, SINK_FAULT_COALESCED_MESSAGES),
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	app->stream = sink_stream_new(connection, &config, &ops, app);
	if (begin_session(app, &error))
		return;
	sentence = g_strdup_printf("The sink cannot begin: %s", error->message);
	finish(app, FALSE, SINK_REASON_MEDIA_FAILED, sentence);
}

static void begin_to_connect(SinkApp *app)
{
	app->connecting_since_us = g_get_monotonic_time();
	sink_connector_begin(app->connector, app->address);
}

/*
 * Sources that come by themselves, over the network or by Wi-Fi Direct.
 */

/* It listens now. */
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
	note_no_connection(sentence, app);
	app->last_reason = reason;
	sink_connector_stop(app->connector);
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

static void on_announced(const char *name, const char *problem, gpointer user_data)
{
	if (name)
		g_printerr("miracast-sink: announced as \"%s\"\n", name);
	else
		g_printerr("miracast-sink: not announced: %s\n", problem);
	tell_viewer(user_data, name ? "announced" : "not-announced", name ? name : problem);
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

/*
 * What happens as time goes by, and at signals.
 */

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

	if (!app->uibc)
		return;
	tell_of_input(app, port);
	if (port && app->playing_since_us)
		sink_uibc_start(app->uibc, sink_stream_remote(app->stream, NULL), port);
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

/*
 * What comes out.
 */

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

/* With --flashes. One alone may be of a picture that a busy source was late with. */
static void judge_skew(SinkApp *app, const SinkFlashStatistics *flash)
{
	g_autofree char *text = NULL;

	if (!app->session || !flash->pairs ||
	    (flash->median_us <= SINK_SOUND_EARLY_US && flash->median_us >= -SINK_SOUND_LATE_US))
		return;
	text = g_strdup_printf("sound is %.1f ms %s the picture of its instant",
			       ABS(flash->median_us) / 1e3,
			       flash->median_us > 0 ? "before" : "behind");
	sink_session_note_violation(app->session, text);
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
		judge_skew(app, &r.media.flash);
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

/*
 * The run.
 */

static void app_clear(SinkApp *app)
{
	sink_session_free(app->session);
	sink_media_free(app->media);
	sink_viewer_free(app->viewer);
	sink_uibc_free(app->uibc);
	sink_server_free(app->server);
	sink_p2p_free(app->p2p);
	sink_caps_free(app->caps);
	sink_stream_free(app->stream);
	sink_connector_free(app->connector);
	g_clear_object(&app->address);
	g_clear_pointer(&app->loop, g_main_loop_unref);
	g_free(app->connect_error);
	g_free(app->sentence);
	g_clear_pointer(&app->samples, fclose);
	sink_options_clear(&app->options);
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

	app->p2p = sink_p2p_new(&app->options.p2p, &ops, app, error);
	return app->p2p != NULL;
}

/* Begins to be reached, or to reach the source. */
static gboolean begin(SinkApp *app, GError **error)
{
	static const SinkServerOps ops = {
		.ready = on_source_ready,
		.show_pin = on_show_pin,
		.announced = on_announced,
		.ended = on_source_ended,
	};
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
	static const SinkConnectorOps connector_ops = {
		.failed = note_no_connection,
		.connected = on_connected,
	};
	static const SinkViewerOps viewer_ops = {
		.gone = on_viewer_gone, .pin = on_viewer_pin, .input = on_input};
	g_autoptr(GError) error = NULL;
	int status;

	app->began_real_us = g_get_real_time();
	app->began_us = g_get_monotonic_time();
	app->loop = g_main_loop_new(NULL, FALSE);
	app->connector = sink_connector_new(app->options.misbehaviour, &connector_ops, app);
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

	if (app->stream)
		sink_stream_end(app->stream);
	status = report(app);
	app_clear(app);
	return status;
}

/* Reads the files that the options name: what is wrong with them is wrong usage, and no failed session. */
static gboolean prepare(SinkApp *app, GError **error)
{
	const SinkOptions *o = &app->options;
	g_autoptr(SinkCaps) caps = sink_options_make_caps(o, 0, error);

	if (!caps)
		return FALSE;
	if (o->source) {
		app->address = g_network_address_parse(o->source, SINK_RTSP_PORT, error);
		if (!app->address)
			return FALSE;
	}
	if (o->uibc && !load_uibc(app, error))
		return FALSE;
	if (o->viewer >= 0 && !app->uibc)
		app->uibc = sink_uibc_new("", NULL);
	return !o->samples || open_samples(app, error);
}

int main(int argc, char **argv)
{
	SinkApp app = {0};
	g_autoptr(GError) error = NULL;

	/* Names are printed as they are; numbers are for scripts, and stay as in C. */
	setlocale(LC_CTYPE, "");
	if (!sink_options_parse(&app.options, argc, argv, &error) ||
	    (!app.options.version && !prepare(&app, &error))) {
		g_printerr("miracast-sink: %s. See miracast-sink --help.\n", error->message);
		app_clear(&app);
		return EXIT_USAGE;
	}
	if (app.options.version) {
		puts("miracast-sink " SINK_VERSION);
		app_clear(&app);
		return EXIT_OK;
	}
	gst_init(NULL, NULL);
	return run(&app);
}
