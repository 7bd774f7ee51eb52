// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source's state machine: see wfd-source.h.
 *
 * One request of ours is open at a time. What to ask next is not queued but decided by
 * ask_next(), from the state and from what the caller wants, whenever nothing is open.
 */
#include "wfd-source.h"

#include "rtsp-framer.h"
#include "wfd-transport.h"

#include <string.h>

#define URI	"rtsp://localhost/wfd1.0"
#define WFD_1_0 "org.wfa.wfd1.0"
/* That a sink may ask for, beside OPTIONS. */
#define SINKS_METHODS "SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER"
#define MAX_OUTPUT    (256 * 1024) /* bytes that a sink may leave unread */
#define MAX_STRIKES   32 /* messages of no use in a row */

typedef enum {
	STATE_NEW,
	STATE_OPTIONS, /* M1 asked, M2 awaited */
	STATE_CAPABILITIES, /* M3 asked */
	STATE_FORMAT, /* M4 asked */
	STATE_SETUP, /* trigger SETUP asked, M6 awaited */
	STATE_READY, /* M7 awaited */
	STATE_PLAYING,
	STATE_PAUSED, /* by M9 */
	STATE_STANDBY, /* by M12, from either side */
	STATE_STOPPING, /* trigger TEARDOWN asked, M8 awaited */
	STATE_ENDED,
} WfdState;

typedef enum {
	REQUEST_NONE,
	REQUEST_M1,
	REQUEST_M3,
	REQUEST_M4,
	REQUEST_TRIGGER_SETUP,
	REQUEST_TRIGGER_PAUSE,
	REQUEST_TRIGGER_PLAY,
	REQUEST_TRIGGER_TEARDOWN,
	REQUEST_M12,
	REQUEST_M14,
	REQUEST_M15,
	REQUEST_M16,
	REQUEST_LATENCY,
} WfdRequest;

static const char *const request_names[] = {
	"",
	"M1 OPTIONS",
	"M3 GET_PARAMETER",
	"M4 SET_PARAMETER",
	"M5 SETUP",
	"M5 PAUSE",
	"M5 PLAY",
	"M5 TEARDOWN",
	"M12 wfd_standby",
	"M14 wfd_uibc_capability",
	"M15 wfd_uibc_setting",
	"M16 keep-alive",
	"SET_PARAMETER latency",
};

struct _WfdSource {
	char *local_host;
	guint16 rtp_port;
	char session_id[16];
	WfdPolicy policy;

	WfdState state;
	WfdReason reason;
	RtspFramer framer;
	GQueue output; /* of GByteArray: a message each, the first perhaps sent in part */
	gsize output_len; /* bytes, of all */
	GQueue events;

	GByteArray *m3_answers; /* bodies; the latest comes first and counts more */
	WfdSinkCaps caps;
	WfdChoice choice;
	WfdSound sound; /* that M4 names */
	gboolean format_refused; /* M4 once: what is asked now is the second choice */
	guint16 sink_rtp_port;
	guint16 sink_rtcp_port; /* 0: it has named none */

	guint16 uibc_port; /* 0: no input */
	WfdUibc uibc; /* the choice of what the sink offers */
	gboolean uibc_agreed; /* the sink knows of the choice and the port */
	gboolean uibc_refused; /* M4 with it: once more without */
	gboolean uibc_enabled; /* unless the sink has switched it off */
	WfdRequest uibc_due; /* M14 or M15; REQUEST_NONE */
	gboolean latency_due; /* the sink is to be told how late pictures may be shown */

	guint cseq; /* of our latest request */
	guint answered_cseq; /* of the latest that has an answer, in time or late */
	WfdRequest open; /* our request that waits for its answer */
	WfdRequest next; /* of the handshake, after the answer before it; REQUEST_NONE */
	gboolean m1_answered;
	gboolean m2_seen;
	gint64 quiet_until; /* nothing is asked: the sink is to have read our latest answer */
	guint m3_given_up; /* of the lists of parameters that need not be known: so many are not asked for */
	gboolean transport_refused; /* by us: the sink's latest SETUP */
	gboolean session_refused; /* by us: a request for another session */
	guint refused_code; /* by us: the sink's latest request; 0: not */
	const char *refused_request; /* what that was */
	guint strikes;
	gboolean keepalive_answered; /* one ever was */
	guint keepalive_misses;

	gboolean standby_wanted;
	gboolean standby_refused; /* M12 was tried in vain: trigger PAUSE instead */
	gboolean pause_tried;
	gboolean paused_by_us;
	gboolean play_triggered;

	/* Monotonic microseconds; G_MAXINT64: not waiting. */
	gint64 reply_deadline; /* for the answer to the open request */
	gint64 state_deadline; /* for the request of the sink that the state awaits */
	gint64 message_deadline; /* for the rest of a message */
	gint64 keepalive_at;
	gint64 pause_until; /* an M9 until then is what the trigger PAUSE asked for; 0: none is */
};

WfdSource *wfd_source_new(const WfdSourceConfig *config)
{
	WfdSource *s = g_new0(WfdSource, 1);

	s->local_host = g_strdup(config->local_host);
	s->rtp_port = config->rtp_port;
	s->uibc_port = config->uibc_port;
	/*
	 * Ten characters or fewer: LG's sinks show black otherwise. Digits, as others keep a number, of
	 * which the first is no zero: read as C reads numbers, it would be an octal one.
	 */
	g_snprintf(s->session_id, sizeof(s->session_id), "%u",
		   10000000 + config->session_id % 90000000);
	s->policy = config->policy;
	rtsp_framer_init(&s->framer);
	g_queue_init(&s->output);
	s->m3_answers = g_byte_array_new();
	g_queue_init(&s->events);
	s->reply_deadline = s->state_deadline = s->message_deadline = s->keepalive_at = G_MAXINT64;
	return s;
}

void wfd_source_free(WfdSource *s)
{
	WfdSourceEvent event;

	while (wfd_source_next_event(s, &event))
		g_free(event.text);
	g_byte_array_unref(s->m3_answers);
	wfd_sink_caps_clear(&s->caps);
	rtsp_framer_clear(&s->framer);
	g_queue_clear_full(&s->output, (GDestroyNotify)g_byte_array_unref);
	g_free(s->local_host);
	g_free(s);
}

static void emit(WfdSource *s, WfdSourceEventType type, char *text)
{
	WfdSourceEvent *event = g_new(WfdSourceEvent, 1);

	*event = (WfdSourceEvent){.type = type, .text = text};
	g_queue_push_tail(&s->events, event);
}

/* What the session was waiting for, for sentences. */
static const char *awaited(const WfdSource *s)
{
	switch (s->state) {
	case STATE_OPTIONS: return s->m1_answered ? "OPTIONS (M2)" : "the answer to OPTIONS (M1)";
	case STATE_CAPABILITIES: return "the answer to GET_PARAMETER (M3)";
	case STATE_FORMAT: return "the answer to SET_PARAMETER (M4)";
	case STATE_SETUP: return s->open ? "the answer to the trigger SETUP (M5)" : "SETUP (M6)";
	case STATE_READY: return "PLAY (M7)";
	case STATE_PAUSED:
	case STATE_STANDBY:
		if (s->open == REQUEST_TRIGGER_PLAY)
			return "the answer to the trigger PLAY (M5)";
		if (s->play_triggered)
			return "PLAY (M7)";
		G_GNUC_FALLTHROUGH;
	default: return "the next message";
	}
}

/* Ends the session; of @detail what awaited() and the state tell need not be given. */
static void end_session_with(WfdSource *s, WfdReason reason, WfdReasonDetail detail)
{
	if (s->state == STATE_ENDED)
		return;
	detail.awaited = awaited(s);
	detail.playing = s->state >= STATE_PLAYING;
	emit(s, WFD_SOURCE_ENDED, wfd_reason_sentence(reason, &detail));
	s->state = STATE_ENDED;
	s->reason = reason;
	s->open = REQUEST_NONE;
	s->reply_deadline = s->state_deadline = s->message_deadline = s->keepalive_at = G_MAXINT64;
}

static void end_session(WfdSource *s, WfdReason reason)
{
	end_session_with(s, reason, (WfdReasonDetail){0});
}

static void send_message(WfdSource *s, const RtspMessage *message, char *label)
{
	emit(s, WFD_SOURCE_EXCHANGE, label);
	if (s->output_len > MAX_OUTPUT) {
		end_session(s, WFD_REASON_SINK_NOT_READING);
	} else {
		GByteArray *bytes = g_byte_array_new();

		rtsp_message_append_to(message, bytes);
		s->output_len += bytes->len;
		g_queue_push_tail(&s->output, bytes);
	}
}

/* Asks the sink; @body is text/parameters, or NULL. */
static void ask(WfdSource *s, WfdRequest request, GstRTSPMethod method, const char *body,
		gint64 now)
{
	g_autoptr(RtspMessage) message = NULL;
	g_autofree char *cseq = g_strdup_printf("%u", ++s->cseq);

	gst_rtsp_message_new_request(&message, method, method == GST_RTSP_OPTIONS ? "*" : URI);
	gst_rtsp_message_add_header(message, GST_RTSP_HDR_CSEQ, cseq);
	if (method == GST_RTSP_OPTIONS)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_REQUIRE, WFD_1_0);
	if (s->state >= STATE_READY)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_SESSION, s->session_id);
	if (body) {
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_CONTENT_TYPE, "text/parameters");
		gst_rtsp_message_set_body(message, (const guint8 *)body, strlen(body));
	}
	s->open = request;
	s->reply_deadline = now + WFD_REPLY_TIMEOUT;
	send_message(s, message, g_strdup_printf("> %s", request_names[request]));
}

static void trigger(WfdSource *s, WfdRequest request, WfdTrigger trigger, gint64 now)
{
	g_autofree char *body =
		g_strdup_printf("wfd_trigger_method: %s\r\n", wfd_trigger_to_string(trigger));

	ask(s, request, GST_RTSP_SET_PARAMETER, body, now);
}

/* Wanted here, offered by the sink, and not refused since. */
static gboolean input_is_due(const WfdSource *s)
{
	return s->uibc_port && !s->uibc_refused && !wfd_uibc_is_none(&s->uibc);
}

/* "" if there is to be no input. Transfer full. */
static char *uibc_line(const WfdSource *s)
{
	g_autofree char *value = NULL;

	if (!input_is_due(s))
		return g_strdup("");
	value = wfd_uibc_to_string(&s->uibc, s->uibc_port);
	return g_strdup_printf("wfd_uibc_capability: %s\r\n", value);
}

/*
 * "" if there is none (WFD 2.1, 6.4.4): "none" as the value has made televisions end the session.
 * Transfer full.
 */
static char *sound_line(const WfdSource *s)
{
	if (!s->sound.rate)
		return g_strdup("");
	return g_strdup_printf("wfd_audio_codecs: %s\r\n", wfd_sound_to_string(&s->sound));
}

static void ask_format(WfdSource *s, gint64 now)
{
	g_autofree char *video = NULL;
	g_autofree char *uibc = uibc_line(s);
	g_autofree char *sound = sound_line(s);
	g_autofree char *ports = wfd_client_rtp_ports_to_string(&s->caps.rtp_ports);
	g_autofree char *body = NULL;
	gboolean ipv6 = strchr(s->local_host, ':') != NULL;
	WfdVideoFormats formats;

	wfd_choice_to_formats(&s->choice, &formats);
	video = wfd_video_formats_to_string(&formats);
	body = g_strdup_printf("wfd_video_formats: %s\r\n%s"
			       "wfd_presentation_URL: rtsp://%s%s%s/wfd1.0/streamid=0 none\r\n"
			       "wfd_client_rtp_ports: %s\r\n%s",
			       video, sound, ipv6 ? "[" : "", s->local_host, ipv6 ? "]" : "", ports,
			       uibc);
	ask(s, REQUEST_M4, GST_RTSP_SET_PARAMETER, body, now);
}

/* What is asked of sinks, each list less often understood than the one before. */
static const char *const m3_lists[] = {
	"wfd_video_formats\r\n"
	"wfd_audio_codecs\r\n"
	"wfd_client_rtp_ports\r\n",

	"wfd_display_edid\r\n"
	"wfd_standby_resume_capability\r\n"
	"wfd_uibc_capability\r\n",

	"intel_friendly_name\r\n"
	"intel_sink_manufacturer_name\r\n"
	"intel_sink_model_name\r\n"
	"microsoft_latency_management_capability\r\n"
	"microsoft_diagnostics_capability\r\n"
	"microsoft_rtcp_capability\r\n"
	"microsoft_max_bitrate\r\n",
};

static void ask_capabilities(WfdSource *s, gint64 now)
{
	g_autoptr(GString) body = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(m3_lists) - s->m3_given_up; i++)
		g_string_append(body, m3_lists[i]);
	ask(s, REQUEST_M3, GST_RTSP_GET_PARAMETER, body->str, now);
}

/* Some sinks refuse all for one parameter that they do not know. */
static gboolean ask_for_less(WfdSource *s)
{
	if (s->m3_given_up == G_N_ELEMENTS(m3_lists) - 1)
		return FALSE;
	s->m3_given_up++;
	s->next = REQUEST_M3;
	return TRUE;
}

static void ask_uibc(WfdSource *s, gint64 now)
{
	WfdRequest request = s->uibc_due;
	g_autofree char *capability = uibc_line(s);

	s->uibc_due = REQUEST_NONE;
	ask(s, request, GST_RTSP_SET_PARAMETER,
	    request == REQUEST_M14 ? capability : "wfd_uibc_setting: enable\r\n", now);
}

/* What is to be asked, but for the keep-alive; REQUEST_NONE: nothing. */
static WfdRequest due(const WfdSource *s)
{
	switch (s->state) {
	case STATE_OPTIONS: return s->m1_answered && s->m2_seen ? REQUEST_M3 : REQUEST_NONE;
	case STATE_CAPABILITIES:
	case STATE_FORMAT:
	case STATE_SETUP: return s->next;
	case STATE_PLAYING:
		if (s->uibc_due)
			return s->uibc_due;
		if (s->latency_due)
			return REQUEST_LATENCY;
		if (s->standby_wanted && s->caps.standby_resume && !s->standby_refused)
			return REQUEST_M12;
		return s->standby_wanted && !s->pause_tried ? REQUEST_TRIGGER_PAUSE : REQUEST_NONE;
	case STATE_PAUSED:
	case STATE_STANDBY:
		return !s->standby_wanted && s->paused_by_us && !s->play_triggered
			       ? REQUEST_TRIGGER_PLAY
			       : REQUEST_NONE;
	default: return REQUEST_NONE;
	}
}

/* Asks what is due, if nothing is open. */
static void ask_next(WfdSource *s, gint64 now)
{
	WfdRequest request = due(s);

	if (s->open || now < s->quiet_until)
		return;
	if (!request && now >= s->keepalive_at)
		request = REQUEST_M16;
	s->next = REQUEST_NONE;
	switch (request) {
	case REQUEST_M3:
		s->state = STATE_CAPABILITIES;
		ask_capabilities(s, now);
		break;
	case REQUEST_M4: ask_format(s, now); break;
	case REQUEST_TRIGGER_SETUP: trigger(s, request, WFD_TRIGGER_SETUP, now); break;
	case REQUEST_M14:
	case REQUEST_M15: ask_uibc(s, now); break;
	case REQUEST_LATENCY:
		s->latency_due = FALSE;
		ask(s, request, GST_RTSP_SET_PARAMETER,
		    "microsoft_latency_management_capability: low\r\n", now);
		break;
	case REQUEST_M12: ask(s, request, GST_RTSP_SET_PARAMETER, "wfd_standby\r\n", now); break;
	case REQUEST_TRIGGER_PAUSE:
		s->pause_tried = TRUE;
		s->pause_until = now + WFD_REQUEST_TIMEOUT;
		trigger(s, request, WFD_TRIGGER_PAUSE, now);
		break;
	case REQUEST_TRIGGER_PLAY:
		s->play_triggered = TRUE;
		s->state_deadline = now + WFD_REQUEST_TIMEOUT;
		trigger(s, request, WFD_TRIGGER_PLAY, now);
		break;
	case REQUEST_M16:
		s->keepalive_at = now + WFD_KEEPALIVE_INTERVAL;
		ask(s, request, GST_RTSP_GET_PARAMETER, NULL, now);
		break;
	default: break;
	}
}

static void pause_stream(WfdSource *s, WfdState state)
{
	if (s->state == STATE_PLAYING)
		emit(s, WFD_SOURCE_PAUSE, NULL);
	s->state = state;
}

static void keep_capabilities(WfdSource *s, const RtspMessage *message)
{
	guint8 *body = NULL;
	guint len = 0;

	gst_rtsp_message_get_body(message, &body, &len);
	g_byte_array_prepend(s->m3_answers, (const guint8 *)"\r\n", 2);
	g_byte_array_prepend(s->m3_answers, body, len);
}

static void got_capabilities(WfdSource *s, const RtspMessage *message)
{
	g_autoptr(GError) error = NULL;

	keep_capabilities(s, message);
	wfd_sink_caps_clear(&s->caps);
	if (!wfd_sink_caps_parse((const char *)s->m3_answers->data, s->m3_answers->len, &s->caps,
				 &error)) {
		if (ask_for_less(s))
			return;
		end_session_with(s, WFD_REASON_BAD_CAPABILITIES,
				 (WfdReasonDetail){.text = error->message});
		return;
	}
	s->caps.rtp_ports.tcp = FALSE;
	if (!wfd_choose_format(&s->caps.video, &s->policy, &s->choice, &error)) {
		end_session_with(s, WFD_REASON_NO_COMMON_FORMAT,
				 (WfdReasonDetail){.text = error->message});
		return;
	}
	wfd_uibc_choose(&s->caps.uibc, &s->uibc);
	s->sound = wfd_choose_sound(&s->caps.audio, s->policy.sound);
	emit(s, WFD_SOURCE_CAPABILITIES, NULL);
	s->state = STATE_FORMAT;
	s->next = REQUEST_M4;
}

/* What it means that the sink has answered @request with an error; REASON_NONE: nothing. */
static WfdReason refusal_reason(const WfdSource *s, WfdRequest request)
{
	switch (request) {
	case REQUEST_M1: return WFD_REASON_REFUSED_M1;
	case REQUEST_M3: return WFD_REASON_REFUSED_M3;
	case REQUEST_M4: return WFD_REASON_REFUSED_FORMAT;
	/* One that has done what it was asked has not refused. */
	case REQUEST_TRIGGER_SETUP:
		return s->state == STATE_SETUP ? WFD_REASON_REFUSED_M5 : WFD_REASON_NONE;
	case REQUEST_TRIGGER_PLAY:
		return s->state == STATE_PLAYING ? WFD_REASON_NONE : WFD_REASON_REFUSED_M5;
	default: return WFD_REASON_NONE;
	}
}

/* Some sinks refuse what they offer, and what was named need not be offered: one other is tried. */
static gboolean ask_other_format(WfdSource *s)
{
	WfdChoice other;

	if (s->format_refused)
		return FALSE;
	s->format_refused = TRUE;
	if (!wfd_choose_second(&s->caps.video, &s->policy, &s->choice, &other))
		return FALSE;
	s->choice = other;
	emit(s, WFD_SOURCE_CAPABILITIES, NULL);
	s->next = REQUEST_M4;
	return TRUE;
}

/* Input is worth less than a picture. */
static gboolean ask_without_input(WfdSource *s)
{
	if (!input_is_due(s))
		return FALSE;
	s->uibc_refused = TRUE;
	s->next = REQUEST_M4;
	return TRUE;
}

/* The sink knows where to connect to, and what may come. */
static void agree_on_input(WfdSource *s)
{
	s->uibc_agreed = TRUE;
	s->uibc_enabled = TRUE;
	emit(s, WFD_SOURCE_UIBC, NULL);
}

/* The parameters in a message's body. */
static GHashTable *params_of(const RtspMessage *message)
{
	guint8 *body = NULL;
	guint len = 0;

	gst_rtsp_message_get_body(message, &body, &len);
	return wfd_params_parse((const char *)body, len);
}

/* Whether the answer to M4 (WFD 2.1, 6.2.1) blames the sound, and only that. */
static gboolean blames_sound(const RtspMessage *message)
{
	g_autoptr(GHashTable) params = params_of(message);

	return g_hash_table_contains(params, "wfd_audio_codecs") &&
	       !g_hash_table_contains(params, "wfd_video_formats");
}

/* The sink plays, by M7 or because it never did otherwise. */
static void begin_playing(WfdSource *s)
{
	s->state = STATE_PLAYING;
	s->state_deadline = G_MAXINT64;
	s->paused_by_us = FALSE;
	s->play_triggered = FALSE;
	emit(s, WFD_SOURCE_PLAY, NULL);
}

static void refused(WfdSource *s, WfdRequest request, const RtspMessage *message)
{
	guint code = message->type_data.response.code;
	WfdReason reason = refusal_reason(s, request);

	if (request == REQUEST_M12)
		s->standby_refused = TRUE;
	else if (request == REQUEST_TRIGGER_PAUSE)
		s->pause_until = 0;
	else if (request == REQUEST_TRIGGER_PLAY && reason && code == GST_RTSP_STS_NOT_ACCEPTABLE) {
		/* It plays, so it sends no M7, and what M12 asked for it has not done. */
		s->standby_refused = TRUE;
		begin_playing(s);
	} else if (request == REQUEST_M3 && ask_for_less(s))
		keep_capabilities(s, message);
	else if (request == REQUEST_M4 && blames_sound(message) && s->sound.rate) {
		/* It offered what it refuses now. */
		s->sound = wfd_choose_sound(&s->caps.audio, s->sound.format == WFD_AAC
								    ? WFD_SOUND_LPCM
								    : WFD_SOUND_OFF);
		emit(s, WFD_SOURCE_CAPABILITIES, NULL);
		s->next = REQUEST_M4;
	} else if (request == REQUEST_M4 && blames_sound(message))
		end_session_with(s, WFD_REASON_REFUSED_VIDEO_ONLY, (WfdReasonDetail){.code = code});
	else if (request == REQUEST_M4 && (ask_without_input(s) || ask_other_format(s)))
		return;
	else if (reason)
		end_session_with(s, reason,
				 (WfdReasonDetail){.code = code,
						   .request = request_names[request],
						   .mode = s->choice.mode});
}

static void answered(WfdSource *s, WfdRequest request, const RtspMessage *message, gint64 now)
{
	switch (request) {
	case REQUEST_M1:
		s->m1_answered = TRUE;
		if (!s->m2_seen)
			s->state_deadline = now + WFD_REPLY_TIMEOUT;
		break;
	case REQUEST_M3: got_capabilities(s, message); break;
	case REQUEST_M4:
		emit(s, WFD_SOURCE_CONFIGURED, NULL);
		if (input_is_due(s)) {
			agree_on_input(s);
			s->uibc_due = REQUEST_M15;
		}
		s->state = STATE_SETUP;
		s->next = REQUEST_TRIGGER_SETUP;
		break;
	case REQUEST_TRIGGER_SETUP:
		if (s->state == STATE_SETUP)
			s->state_deadline = now + WFD_REQUEST_TIMEOUT;
		break;
	case REQUEST_M12:
		s->paused_by_us = TRUE;
		pause_stream(s, STATE_STANDBY);
		break;
	case REQUEST_M14:
		agree_on_input(s);
		s->uibc_due = REQUEST_M15;
		break;
	default: break;
	}
}

/* A message that moves nothing; too many in a row are an attack or a broken sink. */
static void strike(WfdSource *s)
{
	if (++s->strikes >= MAX_STRIKES)
		end_session(s, WFD_REASON_TOO_MANY_ERRORS);
}

static gboolean header_number(const RtspMessage *message, GstRTSPHeaderField field, guint64 *out)
{
	const char *text = rtsp_message_header(message, field);

	return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, out, NULL);
}

static void handle_response(WfdSource *s, const RtspMessage *message, gint64 now)
{
	WfdRequest request = s->open;
	guint code = message->type_data.response.code;
	guint64 cseq = 0;
	gboolean first;

	header_number(message, GST_RTSP_HDR_CSEQ, &cseq);
	first = cseq > s->answered_cseq && cseq <= s->cseq;
	if (first)
		s->answered_cseq = cseq;
	/* The answer to an older question (a keep-alive given up), or to none. */
	if (!request || cseq != s->cseq) {
		emit(s, WFD_SOURCE_EXCHANGE,
		     g_strdup_printf("< %u to an %s request", code, first ? "earlier" : "unknown"));
		/* A sink may be slow each time, but answers each request once. */
		if (!first)
			strike(s);
		return;
	}
	emit(s, WFD_SOURCE_EXCHANGE, g_strdup_printf("< %s %u", request_names[request], code));
	s->open = REQUEST_NONE;
	s->reply_deadline = G_MAXINT64;
	s->strikes = 0;
	/* What the answer to M16 says does not matter (WFD 2.1, 6.4.16), only that it came. */
	s->keepalive_answered |= request == REQUEST_M16;
	if (code == GST_RTSP_STS_OK)
		answered(s, request, message, now);
	else
		refused(s, request, message);
}

/* Answers @request; @transport: the Transport header or NULL. */
static void reply(WfdSource *s, const RtspMessage *request, GstRTSPStatusCode code,
		  const char *label, const char *transport)
{
	g_autoptr(RtspMessage) message = NULL;
	GstRTSPMethod method = request->type_data.request.method;
	const char *cseq = rtsp_message_header(request, GST_RTSP_HDR_CSEQ);
	const char *required = rtsp_message_header(request, GST_RTSP_HDR_REQUIRE);

	gst_rtsp_message_new_response(&message, code, NULL, NULL);
	if (cseq)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_CSEQ, cseq);
	if (code == GST_RTSP_STS_OK && method == GST_RTSP_OPTIONS)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_PUBLIC,
					    WFD_1_0 ", " SINKS_METHODS);
	if (code == GST_RTSP_STS_METHOD_NOT_ALLOWED)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_ALLOW, "OPTIONS, " SINKS_METHODS);
	if (code == GST_RTSP_STS_OPTION_NOT_SUPPORTED && required)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_UNSUPPORTED, required);
	if (code == GST_RTSP_STS_OK &&
	    (method == GST_RTSP_SETUP || method == GST_RTSP_PLAY || method == GST_RTSP_PAUSE)) {
		g_autofree char *session =
			g_strdup_printf("%s;timeout=%u", s->session_id, WFD_SESSION_TIMEOUT);

		gst_rtsp_message_add_header(message, GST_RTSP_HDR_SESSION, session);
	}
	if (transport)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_TRANSPORT, transport);
	gst_rtsp_message_add_header(message, GST_RTSP_HDR_SERVER, "linux-miracast");
	send_message(s, message, g_strdup_printf("> %s %u", label, code));
	if (code == GST_RTSP_STS_OK) {
		s->strikes = s->refused_code = 0;
		return;
	}
	s->refused_code = code;
	s->refused_request = label;
	strike(s);
}

/*
 * Whether the sink would begin, change or end another session than ours; to name none is common. There is
 * one session on a connection: so quotes, blanks and leading zeros that a sink adds do not matter, and in
 * other requests nothing does.
 */
static gboolean wrong_session(const WfdSource *s, const RtspMessage *request)
{
	GstRTSPMethod method = request->type_data.request.method;
	const char *text = rtsp_message_header(request, GST_RTSP_HDR_SESSION);
	g_autofree char *id = NULL;
	guint64 number;

	if (!(method & (GST_RTSP_SETUP | GST_RTSP_PLAY | GST_RTSP_PAUSE | GST_RTSP_TEARDOWN)))
		return FALSE;
	if (!text)
		return FALSE;
	text += strspn(text, " \t\"");
	id = g_strndup(text, strcspn(text, " \t\";"));
	return !g_ascii_string_to_unsigned(id, 10, 0, G_MAXUINT64, &number, NULL) ||
	       number != g_ascii_strtoull(s->session_id, NULL, 10);
}

static void handle_options(WfdSource *s, const RtspMessage *request)
{
	const char *required = rtsp_message_header(request, GST_RTSP_HDR_REQUIRE);

	if (required && !strstr(required, "org.wfa.wfd")) {
		reply(s, request, GST_RTSP_STS_OPTION_NOT_SUPPORTED, "M2 OPTIONS", NULL);
		return;
	}
	s->m2_seen = TRUE;
	if (s->state == STATE_OPTIONS)
		s->state_deadline = G_MAXINT64;
	reply(s, request, GST_RTSP_STS_OK, "M2 OPTIONS", NULL);
}

/* M3's port stands for the one that M6 should name. */
static guint16 default_rtp_port(WfdSource *s, const char *transport)
{
	g_autofree char *shown = g_strescape(transport ?: "", NULL);
	g_autofree char *taken = g_strdup_printf("%u", s->caps.rtp_ports.port0);
	g_autofree char *problem = g_strdup_printf(
		"no port can be read from the sink's Transport in M6: \"%.80s\"", shown);

	if (s->state == STATE_SETUP) {
		wfd_sink_caps_note(&s->caps, problem, taken);
		emit(s, WFD_SOURCE_CAPABILITIES, NULL);
	}
	return s->caps.rtp_ports.port0;
}

/* M6. A sink that names no port here has named it in M3; RTCP's port is taken as it comes. */
static void handle_setup(WfdSource *s, const RtspMessage *request, gint64 now)
{
	const char *header = rtsp_message_header(request, GST_RTSP_HDR_TRANSPORT);
	g_autofree char *transport = NULL;
	guint16 rtp = 0, rtcp = 0;

	if (s->state != STATE_SETUP && s->state != STATE_READY) {
		reply(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, "M6 SETUP", NULL);
		return;
	}
	if (header && !wfd_transport_parse(header, &rtp, &rtcp)) {
		s->transport_refused = TRUE;
		reply(s, request, GST_RTSP_STS_UNSUPPORTED_TRANSPORT, "M6 SETUP", NULL);
		return;
	}
	if (!rtp)
		rtp = default_rtp_port(s, header);
	/* MS-WFDPE, 2.8: a sink that reports finds the port here, whatever it names itself. */
	transport = wfd_transport_to_string(rtp, rtcp, s->rtp_port,
					    rtcp || s->caps.reports ? s->rtp_port + 1 : 0);
	s->transport_refused = s->session_refused = FALSE;
	s->sink_rtp_port = rtp;
	/* A sink that names one port for both may take reports for the stream: none are sent. */
	s->sink_rtcp_port = rtcp != rtp ? rtcp : 0;
	if (s->state == STATE_SETUP)
		s->state_deadline = now + WFD_REQUEST_TIMEOUT;
	s->state = STATE_READY;
	reply(s, request, GST_RTSP_STS_OK, "M6 SETUP", transport);
}

static void handle_play(WfdSource *s, const RtspMessage *request, gint64 now)
{
	if (s->state < STATE_READY || s->state > STATE_STANDBY) {
		reply(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, "M7 PLAY", NULL);
		return;
	}
	reply(s, request, GST_RTSP_STS_OK, "M7 PLAY", NULL);
	if (s->state == STATE_PLAYING || s->state == STATE_ENDED)
		return;
	if (s->state == STATE_READY) {
		s->keepalive_at = now + WFD_KEEPALIVE_INTERVAL;
		s->latency_due = s->caps.latency_management;
	}
	/* A sink that wakes up by itself would be sent back to sleep for ever. */
	if (s->standby_wanted && s->paused_by_us && !s->play_triggered) {
		s->standby_refused = s->standby_refused || s->state == STATE_STANDBY;
		s->pause_tried = TRUE;
	} else {
		s->pause_tried = FALSE;
	}
	begin_playing(s);
}

/* M9: by the trigger PAUSE, which the trigger PLAY undoes, or by the sink's user, who does it. */
static void handle_pause(WfdSource *s, const RtspMessage *request, gint64 now)
{
	if (s->state < STATE_PLAYING || s->state > STATE_STANDBY) {
		reply(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, "M9 PAUSE", NULL);
		return;
	}
	reply(s, request, GST_RTSP_STS_OK, "M9 PAUSE", NULL);
	if (s->state == STATE_ENDED)
		return;
	if (now < s->pause_until)
		s->paused_by_us = TRUE;
	s->pause_until = 0;
	pause_stream(s, STATE_PAUSED);
}

/* Why a sink that does not go on does not, if that is something we refused. */
static WfdReason cause_of(const WfdSource *s, WfdReason otherwise)
{
	if (s->state >= STATE_PLAYING)
		return otherwise;
	if (s->transport_refused)
		return WFD_REASON_UNSUPPORTED_TRANSPORT;
	return s->session_refused ? WFD_REASON_FOREIGN_SESSION : otherwise;
}

static void handle_teardown(WfdSource *s, const RtspMessage *request)
{
	gboolean asked = s->state == STATE_STOPPING;
	g_autoptr(GHashTable) params = params_of(request);
	g_autofree char *said = NULL;

	said = wfd_teardown_reason(g_hash_table_lookup(params, "microsoft_teardown_reason"));
	reply(s, request, GST_RTSP_STS_OK, "M8 TEARDOWN", NULL);
	if (asked)
		end_session(s, WFD_REASON_STOPPED);
	else
		end_session_with(s, cause_of(s, WFD_REASON_SINK_TEARDOWN),
				 (WfdReasonDetail){.text = said});
}

/* M14 from the sink: what it can send is another. */
static void new_uibc_capability(WfdSource *s, const char *value)
{
	wfd_uibc_parse(value, &s->caps.uibc);
	wfd_uibc_choose(&s->caps.uibc, &s->uibc);
	if (!s->uibc_port)
		return;
	if (s->uibc_agreed) {
		emit(s, WFD_SOURCE_UIBC, NULL);
	} else if (wfd_uibc_is_none(&s->uibc)) {
		s->uibc_due = REQUEST_NONE;
	} else {
		s->uibc_refused = FALSE;
		s->uibc_due = REQUEST_M14;
	}
}

/* M15 from the sink. */
static void new_uibc_setting(WfdSource *s, const char *value)
{
	gboolean enabled = !g_ascii_strcasecmp(value, "enable");

	if (!s->uibc_agreed || enabled == s->uibc_enabled)
		return;
	s->uibc_enabled = enabled;
	emit(s, WFD_SOURCE_UIBC, NULL);
}

static void note_unknown(GHashTable *params)
{
	g_autofree char **names = (char **)g_hash_table_get_keys_as_array(params, NULL);
	g_autofree char *all = g_strjoinv(" ", names);

	g_debug("the sink names parameters that are not known: %.200s", all);
}

/*
 * M10 to M15 from the sink: what is understood is done. The rest may come at any rate, and other
 * sources take it: to a sink, a refusal may be the end.
 */
static void handle_set_parameter(WfdSource *s, const RtspMessage *request)
{
	g_autoptr(GHashTable) params = params_of(request);
	const char *label = "SET_PARAMETER";
	gboolean known = FALSE;
	const char *value;

	if (g_hash_table_contains(params, "wfd_connector_type")) {
		label = "M11 wfd_connector_type";
		known = TRUE;
	}
	if (g_hash_table_contains(params, "wfd_standby")) {
		label = "M12 wfd_standby";
		known = TRUE;
		if (s->state == STATE_PLAYING || s->state == STATE_PAUSED)
			pause_stream(s, STATE_STANDBY);
	}
	if (g_hash_table_contains(params, "wfd_idr_request")) {
		label = "M13 wfd_idr_request";
		known = TRUE;
		if (s->state == STATE_PLAYING)
			emit(s, WFD_SOURCE_IDR_REQUEST, NULL);
	}
	value = g_hash_table_lookup(params, "wfd_uibc_capability");
	if (value) {
		label = "M14 wfd_uibc_capability";
		known = TRUE;
		new_uibc_capability(s, value);
	}
	value = g_hash_table_lookup(params, "wfd_uibc_setting");
	if (value) {
		label = "M15 wfd_uibc_setting";
		known = TRUE;
		new_uibc_setting(s, value);
	}
	if (!known && g_hash_table_size(params))
		note_unknown(params);
	reply(s, request, GST_RTSP_STS_OK, label, NULL);
}

/* With a body it asks for parameters of ours, of which we have none. */
static void handle_get_parameter(WfdSource *s, const RtspMessage *request)
{
	g_autoptr(GHashTable) params = params_of(request);

	if (g_hash_table_size(params))
		note_unknown(params);
	reply(s, request, GST_RTSP_STS_OK, "GET_PARAMETER", NULL);
}

static void handle_request(WfdSource *s, const RtspMessage *request, gint64 now)
{
	GstRTSPMethod method = request->type_data.request.method;
	const char *name = method == GST_RTSP_INVALID ? "unknown method"
						      : gst_rtsp_method_as_text(method);
	guint64 cseq;

	emit(s, WFD_SOURCE_EXCHANGE, g_strdup_printf("< %s", name));
	if (request->type_data.request.version != GST_RTSP_VERSION_1_0) {
		reply(s, request, GST_RTSP_STS_RTSP_VERSION_NOT_SUPPORTED, name, NULL);
		return;
	}
	if (!header_number(request, GST_RTSP_HDR_CSEQ, &cseq)) {
		reply(s, request, GST_RTSP_STS_BAD_REQUEST, name, NULL);
		return;
	}
	if (wrong_session(s, request)) {
		s->session_refused = TRUE;
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
	case GST_RTSP_GET_PARAMETER: handle_get_parameter(s, request); break;
	case GST_RTSP_INVALID: reply(s, request, GST_RTSP_STS_NOT_IMPLEMENTED, name, NULL); break;
	default: reply(s, request, GST_RTSP_STS_METHOD_NOT_ALLOWED, name, NULL); break;
	}
}

/* Sends M1. */
void wfd_source_start(WfdSource *s, gint64 now)
{
	g_return_if_fail(s->state == STATE_NEW);
	s->state = STATE_OPTIONS;
	ask(s, REQUEST_M1, GST_RTSP_OPTIONS, NULL, now);
}

/* Takes bytes of the sink, in whatever pieces they come. */
void wfd_source_feed(WfdSource *s, const guint8 *data, gsize len, gint64 now)
{
	RtspFramerResult result = RTSP_FRAMER_MORE;
	gboolean any = FALSE;

	/* What was due before is not put off by what comes now. */
	ask_next(s, now);
	rtsp_framer_push(&s->framer, data, len);
	while (s->state != STATE_ENDED) {
		g_autoptr(RtspMessage) message = NULL;

		result = rtsp_framer_pull(&s->framer, &message);
		if (result != RTSP_FRAMER_MESSAGE && result != RTSP_FRAMER_BAD_REQUEST)
			break;
		any = TRUE;
		s->keepalive_misses = 0;
		if (result == RTSP_FRAMER_MESSAGE && message->type == GST_RTSP_MESSAGE_RESPONSE) {
			handle_response(s, message, now);
		} else {
			if (result == RTSP_FRAMER_BAD_REQUEST)
				reply(s, message, GST_RTSP_STS_BAD_REQUEST, "a broken request",
				      NULL);
			else
				handle_request(s, message, now);
			if (now >= s->quiet_until)
				s->quiet_until = now + WFD_REQUEST_PAUSE;
		}
		ask_next(s, now);
	}
	if (s->state == STATE_ENDED)
		return;
	if (result == RTSP_FRAMER_GARBAGE || result == RTSP_FRAMER_HEADER_TOO_LONG)
		end_session(s, WFD_REASON_GARBAGE);
	else if (result == RTSP_FRAMER_BAD_LENGTH || result == RTSP_FRAMER_BODY_TOO_LONG)
		end_session(s, WFD_REASON_BAD_CONTENT_LENGTH);
	else if (rtsp_framer_is_idle(&s->framer))
		s->message_deadline = G_MAXINT64;
	else if (any || s->message_deadline == G_MAXINT64)
		s->message_deadline = now + WFD_REPLY_TIMEOUT;
}

/* The connection is over: the sink has closed it, or it broke by @link_error. */
void wfd_source_eof(WfdSource *s, const char *link_error)
{
	if (s->state == STATE_STOPPING)
		end_session(s, WFD_REASON_STOPPED);
	else if (link_error)
		end_session_with(s, WFD_REASON_LINK_LOST, (WfdReasonDetail){.text = link_error});
	else
		end_session(s, cause_of(s, WFD_REASON_SINK_CLOSED));
}

/* When wfd_source_on_time() is due, in monotonic microseconds; G_MAXINT64: never. */
gint64 wfd_source_next_deadline(const WfdSource *s)
{
	gint64 next = MIN(MIN(s->reply_deadline, s->state_deadline), s->message_deadline);

	/* What is to be asked waits for the answer to the open request, and for the pause. */
	if (s->open)
		return next;
	return MIN(next, MAX(s->quiet_until, due(s) ? 0 : s->keepalive_at));
}

static void silent(WfdSource *s, WfdReason reason, gint64 timeout)
{
	const WfdReasonDetail detail = {
		.seconds = timeout / G_USEC_PER_SEC,
		.code = s->refused_code,
		.request = s->refused_request,
	};

	/* It did say something, perhaps just this. */
	if (s->message_deadline != G_MAXINT64)
		reason = WFD_REASON_SINK_MESSAGE_INCOMPLETE;
	else
		reason = cause_of(s, s->refused_code ? WFD_REASON_SILENT_AFTER_REFUSAL : reason);
	end_session_with(s, reason, detail);
}

static void reply_missing(WfdSource *s)
{
	WfdRequest request = s->open;

	switch (request) {
	case REQUEST_M1: silent(s, WFD_REASON_SINK_SILENT_M1, WFD_REPLY_TIMEOUT); return;
	case REQUEST_M3: silent(s, WFD_REASON_SINK_SILENT_M3, WFD_REPLY_TIMEOUT); return;
	case REQUEST_M4: silent(s, WFD_REASON_SINK_SILENT_M4, WFD_REPLY_TIMEOUT); return;
	/* A sink that has done what it was asked need not say so. */
	case REQUEST_TRIGGER_SETUP:
		if (s->state != STATE_SETUP)
			break;
		silent(s, WFD_REASON_SINK_SILENT_M5, WFD_REPLY_TIMEOUT);
		return;
	case REQUEST_TRIGGER_PLAY:
		if (s->state == STATE_PLAYING)
			break;
		silent(s, WFD_REASON_SINK_SILENT_M7, WFD_REPLY_TIMEOUT);
		return;
	case REQUEST_M16:
		/* Some never answer; of those the connection tells whether they are there. */
		if (!s->keepalive_answered)
			break;
		if (++s->keepalive_misses >= WFD_KEEPALIVE_MISSES) {
			end_session(s, WFD_REASON_KEEPALIVE_MISSED);
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

static void state_overdue(WfdSource *s)
{
	switch (s->state) {
	case STATE_OPTIONS: silent(s, WFD_REASON_SINK_SILENT_M2, WFD_REPLY_TIMEOUT); break;
	case STATE_SETUP: silent(s, WFD_REASON_SINK_SILENT_M6, WFD_REQUEST_TIMEOUT); break;
	case STATE_STOPPING: end_session(s, WFD_REASON_STOPPED); break;
	default: silent(s, WFD_REASON_SINK_SILENT_M7, WFD_REQUEST_TIMEOUT); break;
	}
}

/* Does what is due at @now. */
void wfd_source_on_time(WfdSource *s, gint64 now)
{
	if (now >= s->message_deadline)
		end_session(s, WFD_REASON_SINK_MESSAGE_INCOMPLETE);
	if (now >= s->state_deadline)
		state_overdue(s);
	if (now >= s->reply_deadline)
		reply_missing(s);
	ask_next(s, now);
}

/* The sink has given another sign of life than a message. */
void wfd_source_heard(WfdSource *s)
{
	s->keepalive_misses = 0;
}

/**
 * wfd_source_set_standby() - the monitor goes off or on
 * @s: the session
 * @standby: TRUE off
 * @now: monotonic microseconds
 *
 * Off: M12 if the sink can, else the trigger PAUSE; on: the trigger PLAY. Before the sink plays
 * the wish is remembered. The session lives on either way.
 */
void wfd_source_set_standby(WfdSource *s, gboolean standby, gint64 now)
{
	s->standby_wanted = standby;
	if (!standby)
		s->pause_tried = FALSE;
	ask_next(s, now);
}

/* Ends the session from this side: the trigger TEARDOWN if the sink has set up a stream. */
void wfd_source_stop(WfdSource *s, gint64 now)
{
	if (s->state == STATE_STOPPING)
		return;
	if (s->state < STATE_READY) {
		end_session(s, WFD_REASON_STOPPED);
		return;
	}
	if (s->state == STATE_ENDED)
		return;
	trigger(s, REQUEST_TRIGGER_TEARDOWN, WFD_TRIGGER_TEARDOWN, now);
	if (s->state == STATE_ENDED)
		return;
	s->state = STATE_STOPPING;
	s->state_deadline = now + WFD_TEARDOWN_TIMEOUT;
	s->keepalive_at = G_MAXINT64;
}

/*
 * The oldest message for the sink, or what is left of it; NULL if there is none. Each is to be
 * written by itself: some sinks read once for each message.
 */
const GByteArray *wfd_source_output(const WfdSource *s)
{
	return g_queue_peek_head((GQueue *)&s->output);
}

/* @len bytes of the oldest message were written. */
void wfd_source_output_sent(WfdSource *s, gsize len)
{
	GByteArray *bytes = g_queue_peek_head(&s->output);

	s->output_len -= len;
	g_byte_array_remove_range(bytes, 0, len);
	if (!bytes->len)
		g_byte_array_unref(g_queue_pop_head(&s->output));
}

/* The next event, oldest first; its text is the caller's to free. */
gboolean wfd_source_next_event(WfdSource *s, WfdSourceEvent *event)
{
	g_autofree WfdSourceEvent *next = g_queue_pop_head(&s->events);

	if (next)
		*event = *next;
	return next != NULL;
}

const WfdSinkCaps *wfd_source_caps(const WfdSource *s)
{
	return &s->caps;
}

const WfdSound *wfd_source_sound(const WfdSource *s)
{
	return &s->sound;
}

const WfdChoice *wfd_source_choice(const WfdSource *s)
{
	return &s->choice;
}

/* Where the sink wants RTP; 0 before M6. */
guint16 wfd_source_sink_rtp_port(const WfdSource *s)
{
	return s->sink_rtp_port;
}

/* Where it wants sender reports; 0: nowhere. */
guint16 wfd_source_sink_rtcp_port(const WfdSource *s)
{
	return s->sink_rtcp_port;
}

/* What the sink may send as input now; NULL: nothing. */
const WfdUibc *wfd_source_uibc(const WfdSource *s)
{
	return s->uibc_agreed && s->uibc_enabled && !wfd_uibc_is_none(&s->uibc) ? &s->uibc : NULL;
}

WfdReason wfd_source_reason(const WfdSource *s)
{
	return s->reason;
}
