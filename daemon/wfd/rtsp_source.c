// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source's state machine: see rtsp_source.h.
 *
 * One request of ours is open at a time. What to ask next is not queued but decided by
 * ask_next(), from the phase and from what the caller wants, whenever nothing is open.
 */
#include "rtsp_source.h"

#include <string.h>

#include "rtsp_framer.h"

#define URI	    "rtsp://localhost/wfd1.0"
#define MAX_OUTPUT  (256 * 1024) /* bytes that a sink may leave unread */
#define MAX_STRIKES 32 /* messages of no use in a row */

enum phase {
	PHASE_NEW,
	PHASE_OPTIONS, /* M1 asked, M2 awaited */
	PHASE_CAPABILITIES, /* M3 asked */
	PHASE_FORMAT, /* M4 asked */
	PHASE_SETUP, /* trigger SETUP asked, M6 awaited */
	PHASE_READY, /* M7 awaited */
	PHASE_PLAYING,
	PHASE_PAUSED, /* by M9 */
	PHASE_STANDBY, /* by M12, from either side */
	PHASE_STOPPING, /* trigger TEARDOWN asked, M8 awaited */
	PHASE_ENDED,
};

enum request {
	REQUEST_NONE,
	REQUEST_M1,
	REQUEST_M3,
	REQUEST_M4,
	REQUEST_TRIGGER_SETUP,
	REQUEST_TRIGGER_PAUSE,
	REQUEST_TRIGGER_PLAY,
	REQUEST_TRIGGER_TEARDOWN,
	REQUEST_M12,
	REQUEST_M16,
};

static const char *const request_names[] = {
	"",	    "M1 OPTIONS", "M3 GET_PARAMETER", "M4 SET_PARAMETER", "M5 SETUP",
	"M5 PAUSE", "M5 PLAY",	  "M5 TEARDOWN",      "M12 wfd_standby",  "M16 keep-alive",
};

struct rtsp_source {
	char *local_host;
	guint16 rtp_port;
	char session_id[16];
	struct wfd_policy policy;

	enum phase phase;
	enum rtsp_reason reason;
	struct rtsp_framer framer;
	GByteArray *output;
	GQueue events;

	struct wfd_sink_caps caps;
	struct wfd_choice choice;
	gboolean format_refused; /* M4 once: what is asked now is the second choice */
	guint16 sink_rtp_port;

	guint cseq; /* of our latest request */
	enum request open; /* our request that waits for its answer */
	gboolean m1_answered;
	gboolean m2_seen;
	gboolean transport_refused;
	guint strikes;
	guint keepalive_misses;

	gboolean standby_wanted;
	gboolean standby_refused; /* M12 was tried in vain: trigger PAUSE instead */
	gboolean pause_tried;
	gboolean paused_by_us;
	gboolean play_triggered;

	/* Monotonic microseconds; G_MAXINT64: not waiting. */
	gint64 reply_deadline; /* for the answer to the open request */
	gint64 phase_deadline; /* for the request of the sink that the phase awaits */
	gint64 message_deadline; /* for the rest of a message */
	gint64 keepalive_at;
	gint64 pause_until; /* an M9 until then is what the trigger PAUSE asked for; 0: none is */
};

const char *rtsp_reason_name(enum rtsp_reason reason)
{
	static const char *const names[] = {
		[RTSP_REASON_NONE] = "none",
		[RTSP_REASON_STOPPED] = "stopped",
		[RTSP_REASON_SINK_SILENT_M1] = "sink-silent-m1",
		[RTSP_REASON_SINK_SILENT_M2] = "sink-silent-m2",
		[RTSP_REASON_SINK_SILENT_M3] = "sink-silent-m3",
		[RTSP_REASON_SINK_SILENT_M4] = "sink-silent-m4",
		[RTSP_REASON_SINK_SILENT_M5] = "sink-silent-m5",
		[RTSP_REASON_SINK_SILENT_M6] = "sink-silent-m6",
		[RTSP_REASON_SINK_SILENT_M7] = "sink-silent-m7",
		[RTSP_REASON_SINK_MESSAGE_INCOMPLETE] = "sink-message-incomplete",
		[RTSP_REASON_SINK_NOT_READING] = "sink-not-reading",
		[RTSP_REASON_SINK_CLOSED] = "sink-closed",
		[RTSP_REASON_LINK_LOST] = "link-lost",
		[RTSP_REASON_SINK_TEARDOWN] = "sink-teardown",
		[RTSP_REASON_GARBAGE] = "garbage",
		[RTSP_REASON_BAD_CONTENT_LENGTH] = "bad-content-length",
		[RTSP_REASON_TOO_MANY_ERRORS] = "too-many-errors",
		[RTSP_REASON_REFUSED_M1] = "refused-m1",
		[RTSP_REASON_REFUSED_M3] = "refused-m3",
		[RTSP_REASON_REFUSED_FORMAT] = "refused-format",
		[RTSP_REASON_REFUSED_M5] = "refused-m5",
		[RTSP_REASON_BAD_CAPABILITIES] = "bad-capabilities",
		[RTSP_REASON_NO_COMMON_FORMAT] = "no-common-format",
		[RTSP_REASON_UNSUPPORTED_TRANSPORT] = "unsupported-transport",
		[RTSP_REASON_KEEPALIVE_MISSED] = "keepalive-missed",
	};

	return names[reason];
}

RtspSource *rtsp_source_new(const struct rtsp_source_config *config)
{
	RtspSource *s = g_new0(RtspSource, 1);

	s->local_host = g_strdup(config->local_host);
	s->rtp_port = config->rtp_port;
	/* Ten characters or fewer: LG's sinks show black otherwise. Digits, as others keep a number. */
	g_snprintf(s->session_id, sizeof(s->session_id), "%08u", config->session_id % 100000000);
	s->policy = config->policy;
	s->caps.connector_type = -1;
	rtsp_framer_init(&s->framer);
	s->output = g_byte_array_new();
	g_queue_init(&s->events);
	s->reply_deadline = s->phase_deadline = s->message_deadline = s->keepalive_at = G_MAXINT64;
	return s;
}

void rtsp_source_free(RtspSource *s)
{
	struct rtsp_source_event event;

	while (rtsp_source_next_event(s, &event))
		g_free(event.text);
	wfd_sink_caps_clear(&s->caps);
	rtsp_framer_clear(&s->framer);
	g_byte_array_unref(s->output);
	g_free(s->local_host);
	g_free(s);
}

static void emit(RtspSource *s, enum rtsp_source_event_type type, char *text)
{
	struct rtsp_source_event *event = g_new(struct rtsp_source_event, 1);

	*event = (struct rtsp_source_event){.type = type, .text = text};
	g_queue_push_tail(&s->events, event);
}

static void end_session(RtspSource *s, enum rtsp_reason reason, char *sentence)
{
	if (s->phase == PHASE_ENDED) {
		g_free(sentence);
		return;
	}
	s->phase = PHASE_ENDED;
	s->reason = reason;
	s->open = REQUEST_NONE;
	s->reply_deadline = s->phase_deadline = s->message_deadline = s->keepalive_at = G_MAXINT64;
	emit(s, RTSP_SOURCE_ENDED, sentence);
}

/* What the session was waiting for, for sentences. */
static const char *awaited(const RtspSource *s)
{
	switch (s->phase) {
	case PHASE_OPTIONS: return s->m1_answered ? "OPTIONS (M2)" : "the answer to OPTIONS (M1)";
	case PHASE_CAPABILITIES: return "the answer to GET_PARAMETER (M3)";
	case PHASE_FORMAT: return "the answer to SET_PARAMETER (M4)";
	case PHASE_SETUP: return s->open ? "the answer to the trigger SETUP (M5)" : "SETUP (M6)";
	case PHASE_READY: return "PLAY (M7)";
	case PHASE_PAUSED:
	case PHASE_STANDBY:
		if (s->open == REQUEST_TRIGGER_PLAY)
			return "the answer to the trigger PLAY (M5)";
		if (s->play_triggered)
			return "PLAY (M7)";
		G_GNUC_FALLTHROUGH;
	default: return "the next message";
	}
}

static void send_message(RtspSource *s, const RtspMessage *message, char *label)
{
	emit(s, RTSP_SOURCE_EXCHANGE, label);
	if (s->output->len > MAX_OUTPUT)
		end_session(s, RTSP_REASON_SINK_NOT_READING,
			    g_strdup("the sink sends but does not read: switch it off and on"));
	else
		rtsp_message_append_to(message, s->output);
}

/* Asks the sink; @body is text/parameters, or NULL. */
static void ask(RtspSource *s, enum request request, GstRTSPMethod method, const char *body,
		gint64 now)
{
	g_autoptr(RtspMessage) message = NULL;
	g_autofree char *cseq = g_strdup_printf("%u", ++s->cseq);

	gst_rtsp_message_new_request(&message, method, method == GST_RTSP_OPTIONS ? "*" : URI);
	gst_rtsp_message_add_header(message, GST_RTSP_HDR_CSEQ, cseq);
	if (method == GST_RTSP_OPTIONS)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_REQUIRE, "org.wfa.wfd1.0");
	if (s->phase >= PHASE_READY)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_SESSION, s->session_id);
	if (body) {
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_CONTENT_TYPE, "text/parameters");
		gst_rtsp_message_set_body(message, (const guint8 *)body, strlen(body));
	}
	s->open = request;
	s->reply_deadline = now + RTSP_REPLY_TIMEOUT;
	send_message(s, message, g_strdup_printf("> %s", request_names[request]));
}

static void trigger(RtspSource *s, enum request request, enum wfd_trigger trigger, gint64 now)
{
	g_autofree char *body =
		g_strdup_printf("wfd_trigger_method: %s\r\n", wfd_trigger_to_string(trigger));

	ask(s, request, GST_RTSP_SET_PARAMETER, body, now);
}

static void ask_format(RtspSource *s, gint64 now)
{
	g_autofree char *video = NULL;
	g_autofree char *ports = wfd_client_rtp_ports_to_string(&s->caps.rtp_ports);
	g_autofree char *body = NULL;
	gboolean ipv6 = strchr(s->local_host, ':') != NULL;
	struct wfd_video_formats formats;

	wfd_choice_to_formats(&s->choice, &formats);
	video = wfd_video_formats_to_string(&formats);
	body = g_strdup_printf("wfd_video_formats: %s\r\n"
			       "wfd_presentation_URL: rtsp://%s%s%s/wfd1.0/streamid=0 none\r\n"
			       "wfd_client_rtp_ports: %s\r\n",
			       video, ipv6 ? "[" : "", s->local_host, ipv6 ? "]" : "", ports);
	ask(s, REQUEST_M4, GST_RTSP_SET_PARAMETER, body, now);
}

/* Asks what is due, if nothing is open. */
static void ask_next(RtspSource *s, gint64 now)
{
	if (s->open)
		return;
	switch (s->phase) {
	case PHASE_OPTIONS:
		if (!s->m1_answered || !s->m2_seen)
			break;
		s->phase = PHASE_CAPABILITIES;
		s->phase_deadline = G_MAXINT64;
		ask(s, REQUEST_M3, GST_RTSP_GET_PARAMETER,
		    "wfd_video_formats\r\n"
		    "wfd_audio_codecs\r\n"
		    "wfd_client_rtp_ports\r\n"
		    "wfd_display_edid\r\n"
		    "wfd_content_protection\r\n"
		    "wfd_connector_type\r\n"
		    "wfd_standby_resume_capability\r\n"
		    "wfd_uibc_capability\r\n",
		    now);
		break;
	case PHASE_PLAYING:
		if (s->standby_wanted && s->caps.standby_resume && !s->standby_refused) {
			ask(s, REQUEST_M12, GST_RTSP_SET_PARAMETER, "wfd_standby\r\n", now);
			break;
		}
		if (s->standby_wanted && !s->pause_tried) {
			s->pause_tried = TRUE;
			s->pause_until = now + RTSP_REQUEST_TIMEOUT;
			trigger(s, REQUEST_TRIGGER_PAUSE, WFD_TRIGGER_PAUSE, now);
			break;
		}
		G_GNUC_FALLTHROUGH;
	case PHASE_PAUSED:
	case PHASE_STANDBY:
		if (s->phase != PHASE_PLAYING && !s->standby_wanted && s->paused_by_us &&
		    !s->play_triggered) {
			s->play_triggered = TRUE;
			s->phase_deadline = now + RTSP_REQUEST_TIMEOUT;
			trigger(s, REQUEST_TRIGGER_PLAY, WFD_TRIGGER_PLAY, now);
		} else if (now >= s->keepalive_at) {
			s->keepalive_at = now + RTSP_KEEPALIVE_INTERVAL;
			ask(s, REQUEST_M16, GST_RTSP_GET_PARAMETER, NULL, now);
		}
		break;
	default: break;
	}
}

static void pause_stream(RtspSource *s, enum phase phase)
{
	if (s->phase == PHASE_PLAYING)
		emit(s, RTSP_SOURCE_PAUSE, NULL);
	s->phase = phase;
}

static void got_capabilities(RtspSource *s, const RtspMessage *message, gint64 now)
{
	g_autoptr(GError) error = NULL;
	guint8 *body = NULL;
	guint len = 0;

	gst_rtsp_message_get_body(message, &body, &len);
	wfd_sink_caps_clear(&s->caps);
	if (!wfd_sink_caps_parse((const char *)body, len, &s->caps, &error)) {
		end_session(s, RTSP_REASON_BAD_CAPABILITIES,
			    g_strdup_printf("%s: update the sink's software", error->message));
		return;
	}
	if (!s->caps.rtp_ports.port0)
		s->caps.rtp_ports.port0 = WFD_DEFAULT_RTP_PORT;
	s->caps.rtp_ports.tcp = FALSE;
	if (!wfd_choose_format(&s->caps.video, &s->policy, &s->choice, &error)) {
		end_session(s, RTSP_REASON_NO_COMMON_FORMAT, g_strdup(error->message));
		return;
	}
	emit(s, RTSP_SOURCE_CAPABILITIES, NULL);
	s->phase = PHASE_FORMAT;
	ask_format(s, now);
}

/* What a refusal of @request means; REASON_NONE: nothing. */
static enum rtsp_reason refusal_reason(enum request request)
{
	switch (request) {
	case REQUEST_M1: return RTSP_REASON_REFUSED_M1;
	case REQUEST_M3: return RTSP_REASON_REFUSED_M3;
	case REQUEST_M4: return RTSP_REASON_REFUSED_FORMAT;
	case REQUEST_TRIGGER_SETUP: return RTSP_REASON_REFUSED_M5;
	default: return RTSP_REASON_NONE;
	}
}

/* Some sinks offer modes that they then refuse: one other is tried. */
static gboolean ask_other_format(RtspSource *s, gint64 now)
{
	struct wfd_choice other;

	if (s->format_refused)
		return FALSE;
	s->format_refused = TRUE;
	for (guint i = 0; i < s->caps.video.n_codecs; i++)
		s->caps.video.codecs[i].modes[s->choice.table] &= ~(1u << s->choice.index);
	if (!wfd_choose_format(&s->caps.video, &s->policy, &other, NULL))
		return FALSE;
	s->choice = other;
	emit(s, RTSP_SOURCE_CAPABILITIES, NULL);
	ask_format(s, now);
	return TRUE;
}

static void refused(RtspSource *s, enum request request, guint code, gint64 now)
{
	enum rtsp_reason reason = refusal_reason(request);

	if (request == REQUEST_M12)
		s->standby_refused = TRUE;
	else if (request == REQUEST_TRIGGER_PAUSE)
		s->pause_until = 0;
	else if (request == REQUEST_M4 && ask_other_format(s, now))
		return;
	else if (reason == RTSP_REASON_REFUSED_FORMAT)
		end_session(
			s, reason,
			g_strdup_printf("the sink answered %u to the video mode %ux%u@%u that it "
					"had offered: choose another mode",
					code, s->choice.mode.width, s->choice.mode.height,
					s->choice.mode.fps));
	else if (reason)
		end_session(
			s, reason,
			g_strdup_printf("the sink answered %u to %s: is it a Wi-Fi Display sink, "
					"and free?",
					code, request_names[request]));
}

static void answered(RtspSource *s, enum request request, const RtspMessage *message, gint64 now)
{
	switch (request) {
	case REQUEST_M1:
		s->m1_answered = TRUE;
		s->phase_deadline = now + RTSP_REPLY_TIMEOUT;
		break;
	case REQUEST_M3: got_capabilities(s, message, now); break;
	case REQUEST_M4:
		emit(s, RTSP_SOURCE_CONFIGURED, NULL);
		s->phase = PHASE_SETUP;
		trigger(s, REQUEST_TRIGGER_SETUP, WFD_TRIGGER_SETUP, now);
		break;
	case REQUEST_TRIGGER_SETUP:
		if (s->phase == PHASE_SETUP)
			s->phase_deadline = now + RTSP_REQUEST_TIMEOUT;
		break;
	case REQUEST_M12:
		s->paused_by_us = TRUE;
		pause_stream(s, PHASE_STANDBY);
		break;
	default: break;
	}
}

/* A message that moves nothing; too many in a row are an attack or a broken sink. */
static void strike(RtspSource *s)
{
	if (++s->strikes >= MAX_STRIKES)
		end_session(s, RTSP_REASON_TOO_MANY_ERRORS,
			    g_strdup(
				    "the sink sends one useless message after the other: switch it "
				    "off and on"));
}

static gboolean header_number(const RtspMessage *message, GstRTSPHeaderField field, guint64 *out)
{
	char *text;

	return gst_rtsp_message_get_header(message, field, &text, 0) == GST_RTSP_OK &&
	       g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, out, NULL);
}

static void handle_response(RtspSource *s, const RtspMessage *message, gint64 now)
{
	enum request request = s->open;
	guint code = message->type_data.response.code;
	guint64 cseq;

	/* The answer to an older question (a keep-alive given up), or to none. */
	if (!request || !header_number(message, GST_RTSP_HDR_CSEQ, &cseq) || cseq != s->cseq) {
		emit(s, RTSP_SOURCE_EXCHANGE, g_strdup_printf("< %u to an unknown request", code));
		strike(s);
		return;
	}
	emit(s, RTSP_SOURCE_EXCHANGE, g_strdup_printf("< %s %u", request_names[request], code));
	s->open = REQUEST_NONE;
	s->reply_deadline = G_MAXINT64;
	s->strikes = 0;
	/* What the answer to M16 says does not matter (WFD 2.1, 6.4.16), only that it came. */
	if (code == GST_RTSP_STS_OK)
		answered(s, request, message, now);
	else
		refused(s, request, code, now);
}

/* Answers @request; @transport: the Transport header or NULL. */
static void reply(RtspSource *s, const RtspMessage *request, GstRTSPStatusCode code,
		  const char *label, const char *transport)
{
	g_autoptr(RtspMessage) message = NULL;
	GstRTSPMethod method = request->type_data.request.method;
	char *text;

	gst_rtsp_message_new_response(&message, code, NULL, NULL);
	if (gst_rtsp_message_get_header(request, GST_RTSP_HDR_CSEQ, &text, 0) == GST_RTSP_OK)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_CSEQ, text);
	if (code == GST_RTSP_STS_OK && method == GST_RTSP_OPTIONS)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_PUBLIC,
					    "org.wfa.wfd1.0, SETUP, TEARDOWN, PLAY, PAUSE, "
					    "GET_PARAMETER, SET_PARAMETER");
	if (code == GST_RTSP_STS_METHOD_NOT_ALLOWED)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_ALLOW,
					    "OPTIONS, SETUP, TEARDOWN, PLAY, PAUSE, "
					    "GET_PARAMETER, SET_PARAMETER");
	if (code == GST_RTSP_STS_OPTION_NOT_SUPPORTED &&
	    gst_rtsp_message_get_header(request, GST_RTSP_HDR_REQUIRE, &text, 0) == GST_RTSP_OK)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_UNSUPPORTED, text);
	if (code == GST_RTSP_STS_OK &&
	    (method == GST_RTSP_SETUP || method == GST_RTSP_PLAY || method == GST_RTSP_PAUSE)) {
		g_autofree char *session =
			g_strdup_printf("%s;timeout=%u", s->session_id, RTSP_SESSION_TIMEOUT);

		gst_rtsp_message_add_header(message, GST_RTSP_HDR_SESSION, session);
	}
	if (transport)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_TRANSPORT, transport);
	gst_rtsp_message_add_header(message, GST_RTSP_HDR_SERVER, "linux-miracast");
	send_message(s, message, g_strdup_printf("> %s %u", label, code));
	/* Parameters of a sink's maker, which may come at any rate, do no harm. */
	if (code == GST_RTSP_STS_OK)
		s->strikes = 0;
	else if (code != GST_RTSP_STS_PARAMETER_NOT_UNDERSTOOD)
		strike(s);
}

/* Whether the sink names another session than ours; to name none is common. */
static gboolean wrong_session(const RtspSource *s, const RtspMessage *request)
{
	gsize len = strlen(s->session_id);
	char *text;

	if (gst_rtsp_message_get_header(request, GST_RTSP_HDR_SESSION, &text, 0) != GST_RTSP_OK)
		return FALSE;
	return g_ascii_strncasecmp(text, s->session_id, len) || g_ascii_isalnum(text[len]);
}

static void handle_options(RtspSource *s, const RtspMessage *request)
{
	char *text;

	if (gst_rtsp_message_get_header(request, GST_RTSP_HDR_REQUIRE, &text, 0) == GST_RTSP_OK &&
	    !strstr(text, "org.wfa.wfd")) {
		reply(s, request, GST_RTSP_STS_OPTION_NOT_SUPPORTED, "M2 OPTIONS", NULL);
		return;
	}
	s->m2_seen = TRUE;
	reply(s, request, GST_RTSP_STS_OK, "M2 OPTIONS", NULL);
}

/* "client_port=5000-5001"; 0 for a port that is not named or is none. */
static void client_ports(const char *field, guint64 *rtp, guint64 *rtcp)
{
	g_auto(GStrv) ports = NULL;

	if (g_ascii_strncasecmp(field, "client_port=", 12))
		return;
	ports = g_strsplit(field + 12, "-", 2);
	if (!g_ascii_string_to_unsigned(ports[0] ?: "", 10, 1, G_MAXUINT16, rtp, NULL))
		*rtp = 0;
	if (!*rtp || !ports[1] ||
	    !g_ascii_string_to_unsigned(ports[1], 10, 1, G_MAXUINT16, rtcp, NULL))
		*rtcp = 0;
}

/*
 * The ports of the first transport over UDP in a Transport header, 0 where none is named; FALSE if
 * the sink takes only others. By hand: GStreamer's parser logs a warning for every oddity.
 */
static gboolean transport_ports(const char *header, guint64 *rtp, guint64 *rtcp)
{
	g_auto(GStrv) transports = g_strsplit(header, ",", -1);

	for (guint i = 0; transports[i]; i++) {
		g_autofree char *upper = g_ascii_strup(transports[i], -1);
		g_auto(GStrv) fields = g_strsplit(transports[i], ";", -1);

		if (strstr(upper, "TCP") || strstr(upper, "INTERLEAVED"))
			continue;
		for (guint n = 0; fields[n]; n++)
			client_ports(g_strstrip(fields[n]), rtp, rtcp);
		return TRUE;
	}
	return !transports[0];
}

/* M6. A sink that names no port here has named it in M3; RTCP's port is taken as it comes. */
static void handle_setup(RtspSource *s, const RtspMessage *request, gint64 now)
{
	g_autofree char *transport = NULL;
	guint64 rtp = 0, rtcp = 0;
	char *text;

	if (s->phase != PHASE_SETUP && s->phase != PHASE_READY) {
		reply(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, "M6 SETUP", NULL);
		return;
	}
	if (gst_rtsp_message_get_header(request, GST_RTSP_HDR_TRANSPORT, &text, 0) == GST_RTSP_OK &&
	    !transport_ports(text, &rtp, &rtcp)) {
		s->transport_refused = TRUE;
		reply(s, request, GST_RTSP_STS_UNSUPPORTED_TRANSPORT, "M6 SETUP", NULL);
		return;
	}
	if (!rtp)
		rtp = s->caps.rtp_ports.port0;
	if (rtcp)
		transport = g_strdup_printf("RTP/AVP/UDP;unicast;client_port=%u-%u;"
					    "server_port=%u-%u",
					    (guint)rtp, (guint)rtcp, s->rtp_port, s->rtp_port + 1u);
	else
		transport = g_strdup_printf("RTP/AVP/UDP;unicast;client_port=%u;server_port=%u",
					    (guint)rtp, s->rtp_port);
	s->sink_rtp_port = rtp;
	s->phase = PHASE_READY;
	s->phase_deadline = now + RTSP_REQUEST_TIMEOUT;
	reply(s, request, GST_RTSP_STS_OK, "M6 SETUP", transport);
}

static void handle_play(RtspSource *s, const RtspMessage *request, gint64 now)
{
	if (s->phase < PHASE_READY || s->phase > PHASE_STANDBY) {
		reply(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, "M7 PLAY", NULL);
		return;
	}
	reply(s, request, GST_RTSP_STS_OK, "M7 PLAY", NULL);
	if (s->phase == PHASE_PLAYING || s->phase == PHASE_ENDED)
		return;
	if (s->phase == PHASE_READY)
		s->keepalive_at = now + RTSP_KEEPALIVE_INTERVAL;
	/* A sink that wakes up by itself would be sent back to sleep for ever. */
	if (s->standby_wanted && s->paused_by_us && !s->play_triggered) {
		s->standby_refused = s->standby_refused || s->phase == PHASE_STANDBY;
		s->pause_tried = TRUE;
	} else {
		s->pause_tried = FALSE;
	}
	s->phase = PHASE_PLAYING;
	s->phase_deadline = G_MAXINT64;
	s->paused_by_us = FALSE;
	s->play_triggered = FALSE;
	emit(s, RTSP_SOURCE_PLAY, NULL);
}

/* M9: by the trigger PAUSE, which the trigger PLAY undoes, or by the sink's user, who does it. */
static void handle_pause(RtspSource *s, const RtspMessage *request, gint64 now)
{
	if (s->phase < PHASE_PLAYING || s->phase > PHASE_STANDBY) {
		reply(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, "M9 PAUSE", NULL);
		return;
	}
	reply(s, request, GST_RTSP_STS_OK, "M9 PAUSE", NULL);
	if (s->phase == PHASE_ENDED)
		return;
	if (now < s->pause_until)
		s->paused_by_us = TRUE;
	s->pause_until = 0;
	pause_stream(s, PHASE_PAUSED);
}

static void handle_teardown(RtspSource *s, const RtspMessage *request)
{
	gboolean asked = s->phase == PHASE_STOPPING;

	reply(s, request, GST_RTSP_STS_OK, "M8 TEARDOWN", NULL);
	if (asked)
		end_session(s, RTSP_REASON_STOPPED, g_strdup("the session was stopped"));
	else
		end_session(s, RTSP_REASON_SINK_TEARDOWN,
			    g_strdup("the sink ended the session: connect again to go on"));
}

/* M10 to M15 from the sink: what is understood is done, a body without any of it is 451. */
static void handle_set_parameter(RtspSource *s, const RtspMessage *request)
{
	g_autoptr(GHashTable) params = NULL;
	const char *label = "SET_PARAMETER";
	guint8 *body = NULL;
	gboolean known = FALSE;
	guint len = 0;

	gst_rtsp_message_get_body(request, &body, &len);
	params = wfd_params_parse((const char *)body, len);
	if (g_hash_table_contains(params, "wfd_connector_type")) {
		label = "M11 wfd_connector_type";
		known = TRUE;
	}
	if (g_hash_table_contains(params, "wfd_standby")) {
		label = "M12 wfd_standby";
		known = TRUE;
		if (s->phase == PHASE_PLAYING || s->phase == PHASE_PAUSED)
			pause_stream(s, PHASE_STANDBY);
	}
	if (g_hash_table_contains(params, "wfd_idr_request")) {
		label = "M13 wfd_idr_request";
		known = TRUE;
		if (s->phase == PHASE_PLAYING)
			emit(s, RTSP_SOURCE_IDR_REQUEST, NULL);
	}
	reply(s, request,
	      known || !g_hash_table_size(params) ? GST_RTSP_STS_OK
						  : GST_RTSP_STS_PARAMETER_NOT_UNDERSTOOD,
	      label, NULL);
}

static void handle_request(RtspSource *s, const RtspMessage *request, gint64 now)
{
	GstRTSPMethod method = request->type_data.request.method;
	const char *name = method == GST_RTSP_INVALID ? "unknown method"
						      : gst_rtsp_method_as_text(method);
	guint64 cseq;

	emit(s, RTSP_SOURCE_EXCHANGE, g_strdup_printf("< %s", name));
	if (request->type_data.request.version != GST_RTSP_VERSION_1_0) {
		reply(s, request, GST_RTSP_STS_RTSP_VERSION_NOT_SUPPORTED, name, NULL);
		return;
	}
	if (!header_number(request, GST_RTSP_HDR_CSEQ, &cseq)) {
		reply(s, request, GST_RTSP_STS_BAD_REQUEST, name, NULL);
		return;
	}
	if (wrong_session(s, request)) {
		reply(s, request, GST_RTSP_STS_SESSION_NOT_FOUND, name, NULL);
		return;
	}
	switch (method) {
	case GST_RTSP_OPTIONS: handle_options(s, request); break;
	case GST_RTSP_SETUP: handle_setup(s, request, now); break;
	case GST_RTSP_PLAY: handle_play(s, request, now); break;
	case GST_RTSP_PAUSE: handle_pause(s, request, now); break;
	case GST_RTSP_TEARDOWN: handle_teardown(s, request); break;
	case GST_RTSP_SET_PARAMETER: handle_set_parameter(s, request); break;
	case GST_RTSP_GET_PARAMETER:
		/* With a body it would ask for parameters of ours, and we have none. */
		reply(s, request,
		      request->body_size ? GST_RTSP_STS_PARAMETER_NOT_UNDERSTOOD : GST_RTSP_STS_OK,
		      name, NULL);
		break;
	case GST_RTSP_INVALID: reply(s, request, GST_RTSP_STS_NOT_IMPLEMENTED, name, NULL); break;
	default: reply(s, request, GST_RTSP_STS_METHOD_NOT_ALLOWED, name, NULL); break;
	}
}

/* Sends M1. */
void rtsp_source_start(RtspSource *s, gint64 now)
{
	g_return_if_fail(s->phase == PHASE_NEW);
	s->phase = PHASE_OPTIONS;
	ask(s, REQUEST_M1, GST_RTSP_OPTIONS, NULL, now);
}

/* Takes bytes of the sink, in whatever pieces they come. */
void rtsp_source_feed(RtspSource *s, const guint8 *data, gsize len, gint64 now)
{
	enum rtsp_framer_result result = RTSP_FRAMER_MORE;
	gboolean any = FALSE;

	rtsp_framer_push(&s->framer, data, len);
	while (s->phase != PHASE_ENDED) {
		g_autoptr(RtspMessage) message = NULL;

		result = rtsp_framer_pull(&s->framer, &message);
		if (result != RTSP_FRAMER_MESSAGE)
			break;
		any = TRUE;
		s->keepalive_misses = 0;
		if (message->type == GST_RTSP_MESSAGE_RESPONSE)
			handle_response(s, message, now);
		else
			handle_request(s, message, now);
		ask_next(s, now);
	}
	if (s->phase == PHASE_ENDED)
		return;
	if (result == RTSP_FRAMER_GARBAGE)
		end_session(s, RTSP_REASON_GARBAGE,
			    g_strdup_printf("the sink sent what is not RTSP instead of %s: is the "
					    "peer a Wi-Fi Display sink?",
					    awaited(s)));
	else if (result == RTSP_FRAMER_BAD_LENGTH)
		end_session(s, RTSP_REASON_BAD_CONTENT_LENGTH,
			    g_strdup(
				    "the sink sent a message whose Content-Length is wrong: update "
				    "the sink's software"));
	else if (rtsp_framer_is_idle(&s->framer))
		s->message_deadline = G_MAXINT64;
	else if (any || s->message_deadline == G_MAXINT64)
		s->message_deadline = now + RTSP_REPLY_TIMEOUT;
}

/* The connection is over: the sink has closed it, or it broke by @link_error. */
void rtsp_source_eof(RtspSource *s, const char *link_error)
{
	if (s->phase == PHASE_STOPPING)
		end_session(s, RTSP_REASON_STOPPED, g_strdup("the session was stopped"));
	else if (link_error)
		end_session(
			s, RTSP_REASON_LINK_LOST,
			g_strdup_printf("the link to the sink broke (%s): bring the sink nearer "
					"and connect again",
					link_error));
	else if (s->phase >= PHASE_PLAYING)
		end_session(s, RTSP_REASON_SINK_CLOSED,
			    g_strdup("the sink closed the connection without TEARDOWN: it was "
				     "switched off or has failed; connect again to go on"));
	else
		end_session(s, RTSP_REASON_SINK_CLOSED,
			    g_strdup_printf("the sink closed the connection while %s was awaited: "
					    "is it busy with another source, or switched off?",
					    awaited(s)));
}

/* When rtsp_source_on_time() is due, in monotonic microseconds; G_MAXINT64: never. */
gint64 rtsp_source_next_deadline(const RtspSource *s)
{
	gint64 next = MIN(MIN(s->reply_deadline, s->phase_deadline), s->message_deadline);

	/* A keep-alive waits for the open request. */
	return s->open ? next : MIN(next, s->keepalive_at);
}

static void message_incomplete(RtspSource *s)
{
	end_session(s, RTSP_REASON_SINK_MESSAGE_INCOMPLETE,
		    g_strdup("the sink began a message and did not end it: its "
			     "Content-Length is wrong or the link is bad"));
}

static void silent(RtspSource *s, enum rtsp_reason reason, gint64 timeout)
{
	/* It did say something, perhaps just this. */
	if (s->message_deadline != G_MAXINT64) {
		message_incomplete(s);
		return;
	}
	end_session(
		s, reason,
		g_strdup_printf("the sink was silent for %d s when %s was due: switch it off and "
				"on, and see that no firewall stops RTSP",
				(int)(timeout / G_USEC_PER_SEC), awaited(s)));
}

static void reply_missing(RtspSource *s)
{
	enum request request = s->open;

	switch (request) {
	case REQUEST_M1: silent(s, RTSP_REASON_SINK_SILENT_M1, RTSP_REPLY_TIMEOUT); return;
	case REQUEST_M3: silent(s, RTSP_REASON_SINK_SILENT_M3, RTSP_REPLY_TIMEOUT); return;
	case REQUEST_M4: silent(s, RTSP_REASON_SINK_SILENT_M4, RTSP_REPLY_TIMEOUT); return;
	/* A sink that has done what it was asked need not say so. */
	case REQUEST_TRIGGER_SETUP:
		if (s->phase != PHASE_SETUP)
			break;
		silent(s, RTSP_REASON_SINK_SILENT_M5, RTSP_REPLY_TIMEOUT);
		return;
	case REQUEST_TRIGGER_PLAY:
		if (s->phase == PHASE_PLAYING)
			break;
		silent(s, RTSP_REASON_SINK_SILENT_M7, RTSP_REPLY_TIMEOUT);
		return;
	case REQUEST_M16:
		if (++s->keepalive_misses >= RTSP_KEEPALIVE_MISSES) {
			end_session(s, RTSP_REASON_KEEPALIVE_MISSED,
				    g_strdup("the sink stopped answering keep-alives: it is out of "
					     "reach or switched off"));
			return;
		}
		s->keepalive_at = 0;
		break;
	case REQUEST_M12: s->standby_refused = TRUE; break;
	default: break;
	}
	s->open = REQUEST_NONE;
	s->reply_deadline = G_MAXINT64;
}

static void phase_overdue(RtspSource *s)
{
	switch (s->phase) {
	case PHASE_OPTIONS: silent(s, RTSP_REASON_SINK_SILENT_M2, RTSP_REPLY_TIMEOUT); break;
	case PHASE_SETUP:
		if (s->transport_refused)
			end_session(s, RTSP_REASON_UNSUPPORTED_TRANSPORT,
				    g_strdup("the sink takes RTP over TCP only, which is not "
					     "supported: see if it can be set to UDP"));
		else
			silent(s, RTSP_REASON_SINK_SILENT_M6, RTSP_REQUEST_TIMEOUT);
		break;
	case PHASE_STOPPING:
		end_session(s, RTSP_REASON_STOPPED, g_strdup("the session was stopped"));
		break;
	default: silent(s, RTSP_REASON_SINK_SILENT_M7, RTSP_REQUEST_TIMEOUT); break;
	}
}

/* Does what is due at @now. */
void rtsp_source_on_time(RtspSource *s, gint64 now)
{
	if (now >= s->message_deadline)
		message_incomplete(s);
	if (now >= s->phase_deadline)
		phase_overdue(s);
	if (now >= s->reply_deadline)
		reply_missing(s);
	ask_next(s, now);
}

/**
 * rtsp_source_set_standby() - the monitor goes off or on
 * @source: the session
 * @standby: TRUE off
 * @now: monotonic microseconds
 *
 * Off: M12 if the sink can, else the trigger PAUSE; on: the trigger PLAY. Before the sink plays
 * the wish is remembered. The session lives on either way.
 */
void rtsp_source_set_standby(RtspSource *s, gboolean standby, gint64 now)
{
	s->standby_wanted = standby;
	if (!standby)
		s->pause_tried = FALSE;
	ask_next(s, now);
}

/* Ends the session from this side: the trigger TEARDOWN if the sink has set up a stream. */
void rtsp_source_stop(RtspSource *s, gint64 now)
{
	if (s->phase == PHASE_STOPPING)
		return;
	if (s->phase < PHASE_READY) {
		end_session(s, RTSP_REASON_STOPPED, g_strdup("the session was stopped"));
		return;
	}
	if (s->phase == PHASE_ENDED)
		return;
	trigger(s, REQUEST_TRIGGER_TEARDOWN, WFD_TRIGGER_TEARDOWN, now);
	if (s->phase == PHASE_ENDED)
		return;
	s->phase = PHASE_STOPPING;
	s->phase_deadline = now + RTSP_TEARDOWN_TIMEOUT;
	s->keepalive_at = G_MAXINT64;
}

/* Bytes for the sink; the caller removes from the front what it has written. */
GByteArray *rtsp_source_output(RtspSource *s)
{
	return s->output;
}

/* The next event, oldest first; its text is the caller's to free. */
gboolean rtsp_source_next_event(RtspSource *s, struct rtsp_source_event *event)
{
	g_autofree struct rtsp_source_event *next = g_queue_pop_head(&s->events);

	if (next)
		*event = *next;
	return next != NULL;
}

const struct wfd_sink_caps *rtsp_source_caps(const RtspSource *s)
{
	return &s->caps;
}

const struct wfd_choice *rtsp_source_choice(const RtspSource *s)
{
	return &s->choice;
}

/* Where the sink wants RTP; 0 before M6. */
guint16 rtsp_source_sink_rtp_port(const RtspSource *s)
{
	return s->sink_rtp_port;
}

enum rtsp_reason rtsp_source_reason(const RtspSource *s)
{
	return s->reason;
}
