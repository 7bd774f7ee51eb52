/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source's side of a Wi-Fi Display RTSP session (WFD 2.1, 6): bytes in, bytes and events out.
 * No sockets, no clock, no media, no threads: the caller brings the bytes and the time.
 *
 * The order of a session:
 *
 *	M1 OPTIONS ->, <- M2 OPTIONS, M3 GET_PARAMETER -> (event CAPABILITIES),
 *	M4 SET_PARAMETER ->, once more with another mode if that is refused (CAPABILITIES again),
 *	(event CONFIGURED), M5 trigger SETUP ->, <- M6 SETUP,
 *	<- M7 PLAY (event PLAY), then M16 keep-alive -> for ever; <- M13 (event IDR_REQUEST);
 *	M12 standby -> or <- (event PAUSE), M5 trigger PLAY ->, <- M7 PLAY (event PLAY);
 *	<- M9 PAUSE (event PAUSE); M5 trigger TEARDOWN ->, <- M8 TEARDOWN (event ENDED).
 *
 * Every wait has an end, after which the session ends with a reason of its own:
 *
 *	answer to M1, M3, M4, M5		6 s	sink-silent-m1, -m3, -m4, -m5
 *	M2, once M1 is answered			6 s	sink-silent-m2
 *	M6, once M5 is answered			10 s	sink-silent-m6
 *	M7, once M6 or trigger PLAY is answered	10 s	sink-silent-m7
 *	answer to M16				6 s, three times in a row: keepalive-missed
 *	rest of a message that has begun	6 s	sink-message-incomplete
 *	M8 after trigger TEARDOWN		1 s	stopped
 */
#ifndef RTSP_SOURCE_H
#define RTSP_SOURCE_H

#include "wfd_params.h"

#define RTSP_REPLY_TIMEOUT    (6 * G_USEC_PER_SEC) /* WFD 2.1, 6.5: 5 s, and one for the air */
#define RTSP_REQUEST_TIMEOUT  (10 * G_USEC_PER_SEC)
#define RTSP_TEARDOWN_TIMEOUT (1 * G_USEC_PER_SEC)

/* The session timeout told to the sink, in seconds (DDI: between 10 s and 120 s). */
#define RTSP_SESSION_TIMEOUT 30u
/* LG's sinks drop the session after less than their own timeout: be early. */
#define RTSP_KEEPALIVE_INTERVAL ((RTSP_SESSION_TIMEOUT - 5) * G_USEC_PER_SEC)
#define RTSP_KEEPALIVE_MISSES	3

/* Why a session ended; the names of rtsp_reason_name() are stable. */
enum rtsp_reason {
	RTSP_REASON_NONE,
	RTSP_REASON_STOPPED,
	RTSP_REASON_SINK_SILENT_M1,
	RTSP_REASON_SINK_SILENT_M2,
	RTSP_REASON_SINK_SILENT_M3,
	RTSP_REASON_SINK_SILENT_M4,
	RTSP_REASON_SINK_SILENT_M5,
	RTSP_REASON_SINK_SILENT_M6,
	RTSP_REASON_SINK_SILENT_M7,
	RTSP_REASON_SINK_MESSAGE_INCOMPLETE,
	RTSP_REASON_SINK_NOT_READING,
	RTSP_REASON_SINK_CLOSED,
	RTSP_REASON_LINK_LOST,
	RTSP_REASON_SINK_TEARDOWN,
	RTSP_REASON_GARBAGE,
	RTSP_REASON_BAD_CONTENT_LENGTH,
	RTSP_REASON_TOO_MANY_ERRORS,
	RTSP_REASON_REFUSED_M1,
	RTSP_REASON_REFUSED_M3,
	RTSP_REASON_REFUSED_FORMAT,
	RTSP_REASON_REFUSED_M5,
	RTSP_REASON_BAD_CAPABILITIES,
	RTSP_REASON_NO_COMMON_FORMAT,
	RTSP_REASON_UNSUPPORTED_TRANSPORT,
	RTSP_REASON_KEEPALIVE_MISSED,
};

enum rtsp_source_event_type {
	RTSP_SOURCE_CAPABILITIES, /* the sink's capabilities are known, a format is chosen */
	RTSP_SOURCE_CONFIGURED, /* the sink has accepted the format */
	RTSP_SOURCE_PLAY, /* stream, beginning with a keyframe */
	RTSP_SOURCE_PAUSE, /* stop streaming; the session lives on */
	RTSP_SOURCE_IDR_REQUEST, /* the sink wants a keyframe */
	RTSP_SOURCE_EXCHANGE, /* text: one message of the exchange, for the log */
	RTSP_SOURCE_ENDED, /* text: a sentence; flush the output, then stop */
};

struct rtsp_source_event {
	enum rtsp_source_event_type type;
	char *text; /* or NULL */
};

struct rtsp_source_config {
	const char *local_host; /* this side's address, for the presentation URL */
	guint16 rtp_port; /* this side's RTP port; RTCP is the one above */
	guint32 session_id;
	struct wfd_policy policy;
};

typedef struct rtsp_source RtspSource;

RtspSource *rtsp_source_new(const struct rtsp_source_config *config);
void rtsp_source_free(RtspSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RtspSource, rtsp_source_free)

void rtsp_source_start(RtspSource *source, gint64 now);
void rtsp_source_feed(RtspSource *source, const guint8 *data, gsize len, gint64 now);
void rtsp_source_eof(RtspSource *source, const char *link_error);
gint64 rtsp_source_next_deadline(const RtspSource *source);
void rtsp_source_on_time(RtspSource *source, gint64 now);
void rtsp_source_set_standby(RtspSource *source, gboolean standby, gint64 now);
void rtsp_source_stop(RtspSource *source, gint64 now);

GByteArray *rtsp_source_output(RtspSource *source);
gboolean rtsp_source_next_event(RtspSource *source, struct rtsp_source_event *event);

const struct wfd_sink_caps *rtsp_source_caps(const RtspSource *source);
const struct wfd_choice *rtsp_source_choice(const RtspSource *source);
guint16 rtsp_source_sink_rtp_port(const RtspSource *source);
enum rtsp_reason rtsp_source_reason(const RtspSource *source);
const char *rtsp_reason_name(enum rtsp_reason reason);

#endif
