/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RTSP session of a Wi-Fi Display sink: bytes in, bytes and events out (WFD 2.1, 6.4).
 * It knows neither sockets nor media, and is told what time it is; so a test can drive it.
 */
#pragma once

#include "sink-misbehaviour.h"
#include "sink-reason.h"

typedef enum {
	SINK_WAIT_M1, /* connected */
	SINK_WAIT_M3, /* M1 answered, M2 sent */
	SINK_WAIT_M4, /* capabilities told */
	SINK_WAIT_M5, /* format settled, waiting for the trigger SETUP */
	SINK_SETTING_UP, /* M6 sent */
	SINK_STARTING, /* M7 sent */
	SINK_PLAYING,
	SINK_PAUSED,
	SINK_STANDBY,
	SINK_TEARDOWN, /* M8 sent */
	SINK_ENDED,
} SinkState;

typedef struct {
	SinkCaps *caps; /* borrowed */
	guint16 rtp_port;
	gint64 response_timeout_us; /* for an answer from the source; WFD 2.1, 6.5 says 6 s */
	gint64 session_timeout_us; /* silence of the source; 0: as its Session header says */
	const SinkMisbehaviour *misbehaviour; /* NULL: behaves */
} SinkSessionConfig;

typedef enum {
	SINK_EVENT_SETUP, /* M6 is about to be sent: be ready to receive RTP */
	SINK_EVENT_PLAYING,
	SINK_EVENT_HALTED, /* paused or in standby */
	SINK_EVENT_SILENT, /* by its misbehaviour: it says nothing any more, nor may anything else */
	SINK_EVENT_ENDED,
} SinkEvent;

typedef struct {
	void (*send)(GBytes *bytes, gpointer user_data);
	/* Only for SINK_EVENT_SETUP does the result count: FALSE ends the session, media-failed. */
	gboolean (*event)(SinkEvent event, gpointer user_data, GError **error);
} SinkSessionOps;

/* One RTSP message of the session's record. */
typedef struct {
	gint64 at_us; /* since the session began */
	gboolean out;
	guint8 m; /* 1 to 16, or 0 for a message that is none of them */
	int status; /* 0 for a request */
	char method[16];
} SinkExchange;

#define SINK_MAX_EXCHANGES 512

typedef struct {
	guint64 messages_in;
	guint64 messages_out;
	guint64 keepalives;
	guint64 idr_requests;
	guint64 idr_refused;
	guint64 standby_periods;
	gint64 play_sent_us; /* 0 before the first M7 */
	gint64 standby_us; /* time spent in standby, ended periods only */
	gboolean teardown_answered;
	SinkState ended_in; /* the last state before SINK_ENDED */
} SinkSessionStatistics;

typedef struct SinkSession SinkSession;

SinkSession *sink_session_new(const SinkSessionConfig *config, const SinkSessionOps *ops,
			      gpointer user_data, gint64 now_us);
void sink_session_free(SinkSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkSession, sink_session_free)

/* Takes bytes of the source, in whatever pieces they come. */
void sink_session_feed(SinkSession *session, const guint8 *data, gsize size, gint64 now_us);
/* Call often (every 100 ms will do): ends the session when the source does not answer. */
void sink_session_tick(SinkSession *session, gint64 now_us);
/* M13; does nothing unless playing, or if one was sent in the last half second. */
void sink_session_request_idr(SinkSession *session, gint64 now_us);
/* M9 and M7 from the sink's own will. */
void sink_session_pause(SinkSession *session, gint64 now_us);
void sink_session_resume(SinkSession *session, gint64 now_us);
/*
 * Ends the session with @reason: by M8 if there is one to tear down and @orderly, else at once.
 * The first reason given is the one that stays.
 */
void sink_session_end(SinkSession *session, gboolean orderly, SinkReason reason,
		      const char *sentence, gint64 now_us);

SinkState sink_session_state(const SinkSession *session);
SinkReason sink_session_reason(const SinkSession *session);
const char *sink_session_sentence(const SinkSession *session);
const SinkSessionStatistics *sink_session_statistics(const SinkSession *session);
/* Where the source takes input, as M4 or M14 says; 0: nowhere, or M15 has switched it off. */
guint16 sink_session_uibc_port(const SinkSession *session);
/* What M4 settled on; NULL before. */
const SinkVideoChoice *sink_session_video(const SinkSession *session);
const SinkAudioChoice *sink_session_audio(const SinkSession *session);
const SinkExchange *sink_session_exchanges(const SinkSession *session, guint *n);
/* Where the source left the specification without the session ending for it; NULL-terminated. */
const char *const *sink_session_violations(const SinkSession *session);
/* One that was seen elsewhere. */
void sink_session_note_violation(SinkSession *session, const char *violation);

const char *sink_state_name(SinkState state);
