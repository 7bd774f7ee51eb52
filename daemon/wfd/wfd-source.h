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
 *	M15 -> once, if input was agreed upon in M4, <- M14, M15 (event UIBC);
 *	<- M9 PAUSE (event PAUSE); M5 trigger TEARDOWN ->, <- M8 TEARDOWN (event ENDED).
 *
 * Every wait has an end, after which the session ends with a reason of its own:
 *
 *	answer to M1, M3, M4, M5		6 s	sink-silent-m1, -m3, -m4, -m5
 *	M2, once M1 is answered			6 s	sink-silent-m2
 *	M6, once M5 is answered			10 s	sink-silent-m6
 *	M7, once M6 or trigger PLAY is answered	10 s	sink-silent-m7
 *	answer to M16				6 s, three times in a row: keepalive-missed,
 *						unless none was ever answered
 *	rest of a message that has begun	6 s	sink-message-incomplete
 *	M8 after trigger TEARDOWN		1 s	stopped
 */
#ifndef WFD_SOURCE_H
#define WFD_SOURCE_H

#include "wfd-choose.h"
#include "wfd-reasons.h"

#define WFD_REPLY_TIMEOUT    (6 * G_USEC_PER_SEC) /* WFD 2.1, 6.5: 5 s, and one for the air */
#define WFD_REQUEST_TIMEOUT  (10 * G_USEC_PER_SEC)
#define WFD_TEARDOWN_TIMEOUT (1 * G_USEC_PER_SEC)
/* From an answer of ours to our next request: some sinks read once and take what came for one message. */
#define WFD_REQUEST_PAUSE (70 * G_USEC_PER_SEC / 1000)

/* The session timeout told to the sink, in seconds (DDI: between 10 s and 120 s). */
#define WFD_SESSION_TIMEOUT 30u
/* LG's sinks drop the session after less than their own timeout: be early. */
#define WFD_KEEPALIVE_INTERVAL ((WFD_SESSION_TIMEOUT - 5) * G_USEC_PER_SEC)
#define WFD_KEEPALIVE_MISSES   3

typedef enum {
	WFD_SOURCE_CAPABILITIES, /* the sink's capabilities are known, a format is chosen; or more is known */
	WFD_SOURCE_CONFIGURED, /* the sink has accepted the format */
	WFD_SOURCE_PLAY, /* stream, beginning with a keyframe */
	WFD_SOURCE_PAUSE, /* stop streaming; the session lives on */
	WFD_SOURCE_IDR_REQUEST, /* the sink wants a keyframe */
	WFD_SOURCE_UIBC, /* the sink may send input, or may no longer: see wfd_source_uibc() */
	WFD_SOURCE_EXCHANGE, /* text: one message of the exchange, for the log */
	WFD_SOURCE_ENDED, /* text: a sentence; flush the output, then stop */
} WfdSourceEventType;

typedef struct {
	WfdSourceEventType type;
	char *text; /* or NULL */
} WfdSourceEvent;

typedef struct {
	const char *local_host; /* this side's address, for the presentation URL */
	guint16 rtp_port; /* this side's RTP port; RTCP is the one above */
	guint16 uibc_port; /* this side's, for the sink's input; 0: it may not send any */
	guint32 session_id;
	WfdPolicy policy;
} WfdSourceConfig;

typedef struct _WfdSource WfdSource;

WfdSource *wfd_source_new(const WfdSourceConfig *config);
void wfd_source_free(WfdSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WfdSource, wfd_source_free)

void wfd_source_start(WfdSource *source, gint64 now);
void wfd_source_feed(WfdSource *source, const guint8 *data, gsize len, gint64 now);
void wfd_source_eof(WfdSource *source, const char *link_error);
gint64 wfd_source_next_deadline(const WfdSource *source);
void wfd_source_on_time(WfdSource *source, gint64 now);
void wfd_source_heard(WfdSource *source);
void wfd_source_set_standby(WfdSource *source, gboolean standby, gint64 now);
void wfd_source_stop(WfdSource *source, gint64 now);

const GByteArray *wfd_source_output(const WfdSource *source);
void wfd_source_output_sent(WfdSource *source, gsize len);
gboolean wfd_source_next_event(WfdSource *source, WfdSourceEvent *event);

const WfdSinkCaps *wfd_source_caps(const WfdSource *source);
const WfdChoice *wfd_source_choice(const WfdSource *source);
/* What M4 named. */
const WfdSound *wfd_source_sound(const WfdSource *source);
guint16 wfd_source_sink_rtp_port(const WfdSource *source);
guint16 wfd_source_sink_rtcp_port(const WfdSource *source);
const WfdUibc *wfd_source_uibc(const WfdSource *source);
WfdReason wfd_source_reason(const WfdSource *source);

#endif
