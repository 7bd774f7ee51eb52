// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-session.h"

#include "sink-setting.h"

#include "rtsp-framer.h"

#include <string.h>

#define IDR_INTERVAL_US		   (G_USEC_PER_SEC / 2)
#define MAX_SESSION_ID		   64
#define DEFAULT_SESSION_TIMEOUT_US (60 * G_USEC_PER_SEC) /* RFC 2326, 12.37 */
#define MIN_SESSION_TIMEOUT_S	   10
#define MAX_SESSION_TIMEOUT_S	   86400
#define WFD_FEATURE		   "org.wfa.wfd1.0"
#define LOCAL_URI		   "rtsp://localhost/wfd1.0"
#define STRANGE_FEATURE		   "org.example.strange"

/* A request of ours that waits for its answer. */
typedef struct {
	guint cseq;
	guint8 m;
	gint64 deadline_us;
} SinkPending;

struct SinkSession {
	SinkSessionConfig config;
	SinkSessionOps ops;
	gpointer user_data;

	SinkState state;
	SinkReason reason;
	char *sentence;

	gint64 now_us; /* of the call in progress */
	gint64 began_us;
	gint64 heard_us;
	gint64 idr_us;
	gint64 standby_since_us;
	gint64 session_timeout_us;

	RtspFramer framer;
	guint cseq;
	GArray *pending; /* SinkPending */
	char *url;
	char *session_id;

	SinkVideoFormats offered;
	gboolean has_video;
	SinkVideoChoice video;
	gboolean has_audio;
	SinkAudioChoice audio;

	guint16 uibc_port; /* 0: the source has named none */
	gboolean uibc_off; /* by M15 */
	gboolean diagnoses; /* the source has asked whether it would be told why the session ends */

	SinkSessionStatistics stats;
	guint n_refused; /* by SINK_FAULT_REFUSE */
	GArray *exchanges; /* SinkExchange */
	SinkViolations *violations;
};

static const char *const state_names[] = {
	[SINK_WAIT_M1] = "wait-m1",	  [SINK_WAIT_M3] = "wait-m3",
	[SINK_WAIT_M4] = "wait-m4",	  [SINK_WAIT_M5] = "wait-m5",
	[SINK_SETTING_UP] = "setting-up", [SINK_STARTING] = "starting",
	[SINK_PLAYING] = "playing",	  [SINK_PAUSED] = "paused",
	[SINK_STANDBY] = "standby",	  [SINK_TEARDOWN] = "teardown",
	[SINK_ENDED] = "ended",
};

const char *sink_state_name(SinkState state)
{
	return state_names[state];
}

SinkSession *sink_session_new(const SinkSessionConfig *config, const SinkSessionOps *ops,
			      gpointer user_data, gint64 now_us)
{
	static const SinkMisbehaviour behaves;
	SinkSession *s = g_new0(SinkSession, 1);
	const char *formats = sink_caps_get(config->caps, "wfd_video_formats");

	s->config = *config;
	if (!config->misbehaviour)
		s->config.misbehaviour = &behaves;
	s->ops = *ops;
	s->user_data = user_data;
	s->began_us = now_us;
	s->heard_us = now_us;
	s->session_timeout_us = config->session_timeout_us ?: DEFAULT_SESSION_TIMEOUT_US;
	rtsp_framer_init(&s->framer);
	s->pending = g_array_new(FALSE, FALSE, sizeof(SinkPending));
	s->exchanges = g_array_new(FALSE, FALSE, sizeof(SinkExchange));
	s->violations = sink_violations_new();
	/* An offer that does not parse was given on purpose; no M4 can match it. */
	if (formats && !sink_video_formats_parse(formats, &s->offered, NULL))
		s->offered.n_codecs = 0;
	return s;
}

void sink_session_free(SinkSession *s)
{
	if (!s)
		return;
	rtsp_framer_clear(&s->framer);
	g_array_unref(s->pending);
	g_array_unref(s->exchanges);
	sink_violations_free(s->violations);
	g_free(s->sentence);
	g_free(s->url);
	g_free(s->session_id);
	g_free(s);
}

static void record(SinkSession *s, gboolean out, guint8 m, const char *method, int status)
{
	SinkExchange exchange = {
		.at_us = s->now_us - s->began_us, .out = out, .m = m, .status = status};

	if (out)
		s->stats.messages_out++;
	else
		s->stats.messages_in++;
	if (s->exchanges->len == SINK_MAX_EXCHANGES)
		return;
	g_strlcpy(exchange.method, method, sizeof(exchange.method));
	g_array_append_val(s->exchanges, exchange);
}

static gboolean event(SinkSession *s, SinkEvent what, GError **error)
{
	return s->ops.event(what, s->user_data, error);
}

static void set_state(SinkSession *s, SinkState state)
{
	if (s->state == SINK_STANDBY && state != SINK_STANDBY)
		s->stats.standby_us += s->now_us - s->standby_since_us;
	if (state == SINK_STANDBY && s->state != SINK_STANDBY) {
		s->stats.standby_periods++;
		s->standby_since_us = s->now_us;
	}
	s->state = state;
}

static void ended(SinkSession *s)
{
	if (s->state == SINK_ENDED)
		return;
	s->stats.ended_in = s->state;
	set_state(s, SINK_ENDED);
	event(s, SINK_EVENT_ENDED, NULL);
}

static G_GNUC_PRINTF(3, 4) void fail(SinkSession *s, SinkReason reason, const char *format, ...)
{
	va_list args;

	if (s->reason == SINK_REASON_NONE) {
		va_start(args, format);
		s->reason = reason;
		s->sentence = g_strdup_vprintf(format, args);
		va_end(args);
	}
	ended(s);
}

static SinkFault fault(const SinkSession *s)
{
	return s->config.misbehaviour->fault;
}

static void send_raw(SinkSession *s, GString *text)
{
	g_autoptr(GBytes) bytes = g_string_free_to_bytes(text);

	s->ops.send(bytes, s->user_data);
}

static void send_message(SinkSession *s, const RtspMessage *message)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	GString *text;

	rtsp_message_append_to(message, bytes);
	text = g_string_new_len((const char *)bytes->data, bytes->len);
	if (s->config.misbehaviour->message)
		s->config.misbehaviour->message(text);
	send_raw(s, text);
}

static void set_body(const SinkSession *s, RtspMessage *message, const char *body)
{
	g_autoptr(GString) text = g_string_new(body);

	if (s->config.misbehaviour->params)
		s->config.misbehaviour->params(text);
	gst_rtsp_message_add_header(message, GST_RTSP_HDR_CONTENT_TYPE, "text/parameters");
	gst_rtsp_message_set_body(message, (const guint8 *)text->str, text->len);
}

static void expect_answer(SinkSession *s, guint8 m)
{
	SinkPending pending = {
		.cseq = s->cseq,
		.m = m,
		.deadline_us = s->now_us + s->config.response_timeout_us,
	};

	g_array_append_val(s->pending, pending);
}

static gboolean gone_silent(const SinkSession *s)
{
	return fault(s) == SINK_FAULT_SILENT_IN_PLAY && s->stats.keepalives > 1;
}

/* Sends a request of ours; @transport and @body may be NULL. */
static void request(SinkSession *s, guint8 m, GstRTSPMethod method, const char *uri,
		    const char *transport, const char *body)
{
	RtspMessage message = {0};
	g_autofree char *cseq = NULL;

	/* The end of a session is the last thing that it says. */
	if (gone_silent(s) && m != 8)
		return;
	cseq = g_strdup_printf("%u", ++s->cseq);
	gst_rtsp_message_init_request(&message, method, uri);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_CSEQ, cseq);
	if (m == 2)
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_REQUIRE,
					    fault(s) == SINK_FAULT_STRANGE_REQUIRE ? STRANGE_FEATURE
										   : WFD_FEATURE);
	if (s->session_id)
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SESSION, s->session_id);
	if (transport)
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_TRANSPORT, transport);
	if (body)
		set_body(s, &message, body);
	expect_answer(s, m);
	record(s, TRUE, m, gst_rtsp_method_as_text(method), 0);
	send_message(s, &message);
	gst_rtsp_message_unset(&message);
}

/* The answer that the misbehaviour has instead of 200 to a message of number @m, or NULL. */
static const SinkMisbehaviour *refusal(SinkSession *s, guint8 m)
{
	const SinkMisbehaviour *misbehaviour = s->config.misbehaviour;

	if (fault(s) != SINK_FAULT_REFUSE || m != misbehaviour->m ||
	    (misbehaviour->times && s->n_refused == misbehaviour->times))
		return NULL;
	s->n_refused++;
	return misbehaviour;
}

static void respond(SinkSession *s, guint8 m, const RtspMessage *to, GstRTSPStatusCode code,
		    GstRTSPHeaderField field, const char *value, const char *body)
{
	RtspMessage message = {0};

	if (gone_silent(s) || (fault(s) == SINK_FAULT_SILENT && m == s->config.misbehaviour->m))
		return;
	gst_rtsp_message_init_response(&message, code, gst_rtsp_status_as_text(code), to);
	if (value)
		gst_rtsp_message_add_header(&message, field, value);
	if (body && *body)
		set_body(s, &message, body);
	record(s, TRUE, m, "", code);
	send_message(s, &message);
	gst_rtsp_message_unset(&message);
}

static void respond_plain(SinkSession *s, guint8 m, const RtspMessage *to, GstRTSPStatusCode code)
{
	respond(s, m, to, code, GST_RTSP_HDR_INVALID, NULL, NULL);
}

static const char *stream_uri(const SinkSession *s)
{
	return s->url ? s->url : LOCAL_URI;
}

static void send_play(SinkSession *s)
{
	if (!s->stats.play_sent_us)
		s->stats.play_sent_us = s->now_us;
	request(s, 7, GST_RTSP_PLAY, stream_uri(s), NULL, NULL);
}

static void send_setup(SinkSession *s)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *transport =
		g_strdup_printf("RTP/AVP/%s;unicast;client_port=%u-%u",
				fault(s) == SINK_FAULT_TCP_ONLY ? "TCP" : "UDP",
				(guint)s->config.rtp_port, s->config.rtp_port + 1u);

	if (fault(s) == SINK_FAULT_NO_M6)
		return;
	set_state(s, SINK_SETTING_UP);
	if (!event(s, SINK_EVENT_SETUP, &error)) {
		fail(s, SINK_REASON_MEDIA_FAILED, "The receiver did not start: %s", error->message);
		return;
	}
	request(s, 6, GST_RTSP_SETUP, s->url, transport, NULL);
}

/* Why, for a source that has asked whether it would be told (MS-WFDPE); (nullable) */
static char *teardown_body(const SinkSession *s)
{
	const char *code = s->reason == SINK_REASON_MEDIA_FAILED    ? "C00D36CB"
			   : s->reason == SINK_REASON_SOURCE_SILENT ? "C00D4278"
								    : NULL;
	g_autofree char *sentence = g_strdup(s->sentence ? s->sentence : "");

	if (!code || !s->diagnoses)
		return NULL;
	g_strdelimit(sentence, "\r\n", ' ');
	return g_strdup_printf("microsoft_teardown_reason: %s %.100s\r\n", code, sentence);
}

static void send_teardown(SinkSession *s)
{
	g_autofree char *body = teardown_body(s);

	if (s->state == SINK_TEARDOWN)
		return;
	if (!s->session_id) {
		ended(s);
		return;
	}
	set_state(s, SINK_TEARDOWN);
	request(s, 8, GST_RTSP_TEARDOWN, stream_uri(s), NULL, body);
}

void sink_session_end(SinkSession *s, gboolean orderly, SinkReason reason, const char *sentence,
		      gint64 now_us)
{
	s->now_us = now_us;
	if (s->state == SINK_ENDED)
		return;
	if (s->reason == SINK_REASON_NONE) {
		s->reason = reason;
		s->sentence = g_strdup(sentence);
	}
	if (orderly)
		send_teardown(s);
	else
		ended(s);
}

/* Sends a request that begins with @line, and expects an answer that is a refusal. */
static void request_wrongly(SinkSession *s, const char *line)
{
	GString *text = g_string_new(line);

	g_string_append_printf(text, "\r\nCSeq: %u\r\n\r\n", ++s->cseq);
	expect_answer(s, 0);
	record(s, TRUE, 0, "?", 0);
	send_raw(s, text);
}

/* M1: OPTIONS from the source. */
static void on_options(SinkSession *s, const RtspMessage *message)
{
	char *require = NULL;

	if (fault(s) == SINK_FAULT_SILENT && s->config.misbehaviour->m == 1)
		return;
	if (gst_rtsp_message_get_header(message, GST_RTSP_HDR_REQUIRE, &require, 0) !=
	    GST_RTSP_OK) {
		if (s->state == SINK_WAIT_M1)
			sink_violations_note(s->violations, "M1 has no Require: " WFD_FEATURE);
	} else if (strcmp(require, WFD_FEATURE)) {
		respond(s, 1, message, GST_RTSP_STS_OPTION_NOT_SUPPORTED, GST_RTSP_HDR_UNSUPPORTED,
			require, NULL);
		return;
	}
	respond(s, 1, message, GST_RTSP_STS_OK, GST_RTSP_HDR_PUBLIC,
		WFD_FEATURE ", GET_PARAMETER, SET_PARAMETER", NULL);
	if (s->state == SINK_WAIT_M1) {
		set_state(s, SINK_WAIT_M3);
		if (fault(s) == SINK_FAULT_BROKEN_REQUEST)
			request_wrongly(s, "GET_PARAMETER " LOCAL_URI);
		request(s, 2, GST_RTSP_OPTIONS, "*", NULL, NULL);
	}
}

static char *get_cseq(const RtspMessage *message)
{
	char *value = NULL;

	gst_rtsp_message_get_header(message, GST_RTSP_HDR_CSEQ, &value, 0);
	return value;
}

/* The M3 answers that are wrong on purpose. TRUE if one was sent. */
static gboolean misbehave_m3(SinkSession *s, const RtspMessage *message, const char *body)
{
	g_autoptr(GRand) random = NULL;
	guint32 length = strlen(body);
	guint64 cseq = g_ascii_strtoull(get_cseq(message), NULL, 10);
	GString *text;

	switch (fault(s)) {
	case SINK_FAULT_GARBAGE:
		text = g_string_sized_new(SINK_GARBAGE_BYTES);
		random = g_rand_new_with_seed(1);
		for (gsize i = 0; i < SINK_GARBAGE_BYTES; i++)
			g_string_append_c(text, g_rand_int(random));
		send_raw(s, text);
		return TRUE;
	case SINK_FAULT_BAD_CONTENT_LENGTH: length += 64; break;
	case SINK_FAULT_HUGE_CONTENT_LENGTH: length = G_MAXUINT32; break;
	case SINK_FAULT_WRONG_CSEQ: cseq += 1000; break;
	default: return FALSE;
	}
	text = g_string_new(NULL);
	g_string_printf(text,
			"RTSP/1.0 200 OK\r\nCSeq: %" G_GUINT64_FORMAT
			"\r\nContent-Type: text/parameters\r\nContent-Length: %u\r\n\r\n%s",
			cseq, length, body);
	record(s, TRUE, 3, "", 200);
	send_raw(s, text);
	return TRUE;
}

/* Adds "name: 451" for every parameter but those that an M3 has to ask for (WFD 2.1, 6.4.3). */
static void optional_line(const char *name, const char *value, gpointer user_data)
{
	static const char *const needed[] = {"wfd_video_formats", "wfd_audio_codecs",
					     "wfd_client_rtp_ports", NULL};

	if (!g_strv_contains(needed, name))
		g_string_append_printf(user_data, "%s: %d\r\n", name, SINK_PARAMS_ERROR_UNKNOWN);
}

/* M3: GET_PARAMETER with names; M16: GET_PARAMETER without. */
static void on_get_parameter(SinkSession *s, const RtspMessage *message, const char *body,
			     guint size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) errors = g_string_new(NULL);
	g_autofree char *answer = NULL;
	const SinkMisbehaviour *refused;
	static const char needed[] =
		"wfd_video_formats\r\nwfd_audio_codecs\r\nwfd_client_rtp_ports\r\n";

	if (!size) {
		refused = refusal(s, 16);
		s->stats.keepalives++;
		if (gone_silent(s))
			event(s, SINK_EVENT_SILENT, NULL);
		respond_plain(s, 16, message, refused ? refused->status : GST_RTSP_STS_OK);
		return;
	}
	if (s->state < SINK_WAIT_M3) {
		sink_violations_note(s->violations, "M3 before M1");
		respond_plain(s, 3, message, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE);
		return;
	}
	answer = sink_caps_answer(s->config.caps, body, size, &error);
	if (!answer) {
		sink_violations_note(s->violations, "M3: %s", error->message);
		respond_plain(s, 3, message, GST_RTSP_STS_BAD_REQUEST);
		return;
	}
	sink_params_foreach(body, size, optional_line, errors, NULL);
	if (fault(s) == SINK_FAULT_REFUSE_OPTIONAL && errors->len) {
		guint status = s->config.misbehaviour->status;

		respond(s, 3, message, status, GST_RTSP_HDR_INVALID, NULL,
			status == GST_RTSP_STS_SEE_OTHER ? errors->str : NULL);
		return;
	}
	s->diagnoses |= strstr(answer, "microsoft_diagnostics_capability: supported") != NULL;
	if (s->state == SINK_WAIT_M3)
		set_state(s, SINK_WAIT_M4);
	if (fault(s) == SINK_FAULT_ERRORS_IN_M3) {
		g_free(answer);
		answer = sink_caps_answer(s->config.caps, needed, strlen(needed), NULL);
		g_string_prepend(errors, answer);
		respond(s, 3, message, GST_RTSP_STS_OK, GST_RTSP_HDR_INVALID, NULL, errors->str);
	} else if (!misbehave_m3(s, message, answer)) {
		respond(s, 3, message, GST_RTSP_STS_OK, GST_RTSP_HDR_INVALID, NULL, answer);
	}
}

/* M5: what the source triggers is a request that the sink then sends. */
static void on_trigger(SinkSession *s, const RtspMessage *message, SinkTrigger trigger)
{
	static const guint valid_in[] = {
		[SINK_TRIGGER_SETUP] = 1 << SINK_WAIT_M5,
		[SINK_TRIGGER_PAUSE] = 1 << SINK_PLAYING,
		[SINK_TRIGGER_PLAY] = 1 << SINK_PAUSED | 1 << SINK_STANDBY,
		[SINK_TRIGGER_TEARDOWN] = ~0u,
	};

	if (!(valid_in[trigger] & 1u << s->state) ||
	    (trigger == SINK_TRIGGER_SETUP && (!s->has_video || !s->url))) {
		sink_violations_note(s->violations, "trigger %s in state %s",
				     sink_trigger_name(trigger), sink_state_name(s->state));
		respond_plain(s, 5, message, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE);
		return;
	}
	respond_plain(s, 5, message, GST_RTSP_STS_OK);
	if (gone_silent(s))
		return;
	switch (trigger) {
	case SINK_TRIGGER_SETUP: send_setup(s); break;
	case SINK_TRIGGER_PLAY: send_play(s); break;
	case SINK_TRIGGER_PAUSE: request(s, 9, GST_RTSP_PAUSE, stream_uri(s), NULL, NULL); break;
	case SINK_TRIGGER_TEARDOWN:
		sink_session_end(s, TRUE, SINK_REASON_SOURCE_TEARDOWN,
				 "The source ended the session.", s->now_us);
		break;
	case SINK_TRIGGER_NONE: break;
	}
}

static void apply(SinkSession *s, SinkSetting *set)
{
	if (set->has_video) {
		s->has_video = TRUE;
		s->video = set->video;
	}
	if (set->has_audio) {
		s->has_audio = TRUE;
		s->audio = set->audio;
	}
	if (set->url) {
		g_free(s->url);
		s->url = g_steal_pointer(&set->url);
	}
	if (set->uibc_port)
		s->uibc_port = set->uibc_port;
	if (set->input)
		s->uibc_off = set->input == SINK_INPUT_OFF;
	if (s->state == SINK_WAIT_M4 && s->has_video && s->url)
		set_state(s, SINK_WAIT_M5);
}

/* M12: the source goes to standby; M5 with PLAY, or M7 of ours, ends it. */
static void on_standby(SinkSession *s)
{
	if (s->state != SINK_PLAYING && s->state != SINK_PAUSED) {
		if (s->state != SINK_STANDBY)
			sink_violations_note(s->violations, "M12 in state %s",
					     sink_state_name(s->state));
		return;
	}
	set_state(s, SINK_STANDBY);
	event(s, SINK_EVENT_HALTED, NULL);
}

/* M4, M5, M10, M11, M12, M14, M15: @m */
static void on_set_parameter(SinkSession *s, guint8 m, const RtspMessage *message, const char *body,
			     guint size)
{
	const SinkOffer offer = {
		.caps = s->config.caps,
		.video = &s->offered,
		.rtp_port = s->config.rtp_port,
		.uibc_port = s->uibc_port,
	};
	g_autoptr(GError) error = NULL;
	g_auto(SinkSetting) set = {0};
	const SinkMisbehaviour *refused;

	if (s->state < SINK_WAIT_M4) {
		sink_violations_note(s->violations, "SET_PARAMETER in state %s",
				     sink_state_name(s->state));
		respond_plain(s, m, message, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE);
		return;
	}
	if (!sink_setting_read(&set, &offer, body, size, s->violations, &error) || !size) {
		sink_violations_note(s->violations, "SET_PARAMETER: %s",
				     error ? error->message : "no body");
		respond_plain(s, m, message, GST_RTSP_STS_BAD_REQUEST);
		return;
	}
	refused = refusal(s, m);
	if (refused) {
		respond(s, m, message, refused->status, GST_RTSP_HDR_INVALID, NULL, refused->body);
		return;
	}
	if (set.errors->len) {
		respond(s, m, message, GST_RTSP_STS_SEE_OTHER, GST_RTSP_HDR_INVALID, NULL,
			set.errors->str);
		return;
	}
	apply(s, &set);
	if (set.trigger) {
		on_trigger(s, message, set.trigger);
		return;
	}
	respond_plain(s, m, message, GST_RTSP_STS_OK);
	if (set.standby)
		on_standby(s);
	else if (m == 4 && fault(s) == SINK_FAULT_CLOSE_AFTER_M4)
		fail(s, SINK_REASON_MISBEHAVED,
		     "The sink closed the connection after M4, as told.");
}

static guint8 request_number(GstRTSPMethod method, const char *body, guint size)
{
	switch (method) {
	case GST_RTSP_OPTIONS: return 1;
	case GST_RTSP_GET_PARAMETER: return size ? 3 : 16;
	case GST_RTSP_SET_PARAMETER: return sink_setting_number(body, size);
	default: return 0;
	}
}

static void on_request(SinkSession *s, RtspMessage *message)
{
	GstRTSPMethod method = GST_RTSP_INVALID;
	guint8 *data = NULL;
	guint size = 0;
	guint8 m;
	const char *body, *text;

	gst_rtsp_message_parse_request(message, &method, NULL, NULL);
	gst_rtsp_message_get_body(message, &data, &size);
	body = (const char *)data;
	m = request_number(method, body, size);
	text = gst_rtsp_method_as_text(method);
	record(s, FALSE, m, text ? text : "?", 0);

	if (!get_cseq(message)) {
		sink_violations_note(s->violations, "a request has no CSeq");
		respond_plain(s, m, message, GST_RTSP_STS_BAD_REQUEST);
		return;
	}
	switch (method) {
	case GST_RTSP_OPTIONS: on_options(s, message); break;
	case GST_RTSP_GET_PARAMETER: on_get_parameter(s, message, body, size); break;
	case GST_RTSP_SET_PARAMETER: on_set_parameter(s, m, message, body, size); break;
	case GST_RTSP_INVALID: respond_plain(s, m, message, GST_RTSP_STS_NOT_IMPLEMENTED); break;
	default:
		respond(s, m, message, GST_RTSP_STS_METHOD_NOT_ALLOWED, GST_RTSP_HDR_ALLOW,
			"OPTIONS, GET_PARAMETER, SET_PARAMETER", NULL);
		break;
	}
}

static void on_bad_request(SinkSession *s, const RtspMessage *message)
{
	record(s, FALSE, 0, "?", 0);
	sink_violations_note(s->violations, "a request line is broken");
	respond_plain(s, 0, message, GST_RTSP_STS_BAD_REQUEST);
}

static void check_public(SinkSession *s, const RtspMessage *message)
{
	static const char *const needed[] = {WFD_FEATURE, "SETUP",	   "TEARDOWN",	   "PLAY",
					     "PAUSE",	  "GET_PARAMETER", "SET_PARAMETER"};
	char *list = NULL;

	if (gst_rtsp_message_get_header(message, GST_RTSP_HDR_PUBLIC, &list, 0) != GST_RTSP_OK) {
		sink_violations_note(s->violations, "the M2 answer has no Public header");
		return;
	}
	g_auto(GStrv) words = g_strsplit_set(list, ", ", -1);
	for (guint i = 0; i < G_N_ELEMENTS(needed); i++) {
		if (!g_strv_contains((const char *const *)words, needed[i]))
			sink_violations_note(s->violations,
					     "the M2 answer's Public header lacks %s", needed[i]);
	}
}

/* "1234;timeout=30" (RFC 2326, 12.37); the timeout is in seconds. */
static gboolean read_session(SinkSession *s, const char *value)
{
	static const char key[] = "timeout=";
	g_auto(GStrv) parts = g_strsplit(value, ";", 0);
	const char *id = parts[0] ? g_strstrip(parts[0]) : "";
	GString *echoed;
	guint64 seconds;

	if (!*id || strlen(id) > MAX_SESSION_ID)
		return FALSE;
	for (const char *c = id; *c; c++) {
		if (!g_ascii_isgraph(*c))
			return FALSE;
	}
	for (guint i = 1; parts[i]; i++) {
		const char *part = g_strstrip(parts[i]);

		if (!g_str_has_prefix(part, key))
			continue;
		if (!g_ascii_string_to_unsigned(part + strlen(key), 10, 1, MAX_SESSION_TIMEOUT_S,
						&seconds, NULL)) {
			sink_violations_note(
				s->violations,
				"the timeout of the Session header is not a number of seconds");
			continue;
		}
		if (seconds < MIN_SESSION_TIMEOUT_S)
			sink_violations_note(s->violations, "the session timeout is below %d s",
					     MIN_SESSION_TIMEOUT_S);
		if (!s->config.session_timeout_us)
			s->session_timeout_us = (gint64)seconds * G_USEC_PER_SEC;
	}
	echoed = g_string_new(id);
	if (s->config.misbehaviour->session_id)
		s->config.misbehaviour->session_id(echoed);
	g_free(s->session_id);
	s->session_id = g_string_free(echoed, FALSE);
	return TRUE;
}

/* The port that a Transport header names as @key (RFC 2326, 12.39); 0 if it does not. */
static guint transport_port(const char *transport, const char *key)
{
	g_auto(GStrv) fields = g_strsplit(transport, ";", 0);

	for (guint i = 0; fields[i]; i++) {
		const char *field = g_strstrip(fields[i]);

		if (g_str_has_prefix(field, key))
			return g_ascii_strtoull(field + strlen(key), NULL, 10);
	}
	return 0;
}

static void check_transport(SinkSession *s, const RtspMessage *message)
{
	char *value = NULL;

	if (gst_rtsp_message_get_header(message, GST_RTSP_HDR_TRANSPORT, &value, 0) != GST_RTSP_OK)
		sink_violations_note(s->violations, "the M6 answer has no Transport header");
	else if (transport_port(value, "client_port=") != s->config.rtp_port)
		sink_violations_note(s->violations,
				     "the M6 answer's client_port is not the one asked for");
	else if (!transport_port(value, "server_port="))
		sink_violations_note(s->violations, "the M6 answer has no server_port");
}

/* M6 answered: the session exists. */
static void on_setup_done(SinkSession *s, const RtspMessage *message)
{
	char *value = NULL;

	if (s->state != SINK_SETTING_UP)
		return;
	if (gst_rtsp_message_get_header(message, GST_RTSP_HDR_SESSION, &value, 0) != GST_RTSP_OK ||
	    !read_session(s, value)) {
		fail(s, SINK_REASON_BAD_RESPONSE,
		     "The source's answer to SETUP (M6) has no usable Session header.");
		return;
	}
	check_transport(s, message);
	set_state(s, SINK_STARTING);
	send_play(s);
}

static void send_idr_request(SinkSession *s)
{
	s->idr_us = s->now_us;
	s->stats.idr_requests++;
	request(s, 13, GST_RTSP_SET_PARAMETER, stream_uri(s), NULL, "wfd_idr_request\r\n");
}

static void misbehave_in_play(SinkSession *s)
{
	switch (fault(s)) {
	case SINK_FAULT_TEARDOWN_NOW:
		sink_session_end(s, TRUE, SINK_REASON_MISBEHAVED,
				 "The sink ended the session right after PLAY, as told.",
				 s->now_us);
		break;
	case SINK_FAULT_CLOSE_IN_PLAY:
		fail(s, SINK_REASON_MISBEHAVED,
		     "The sink closed the connection right after PLAY, as told.");
		break;
	case SINK_FAULT_FLOOD_IDR:
		for (guint i = 0; i < SINK_FLOOD_REQUESTS; i++)
			send_idr_request(s);
		break;
	case SINK_FAULT_UNKNOWN_METHOD:
		request_wrongly(s, "FROBNICATE " LOCAL_URI " RTSP/1.0");
		break;
	default: break;
	}
}

static void on_play_done(SinkSession *s)
{
	gboolean first = s->state == SINK_STARTING;

	if (s->state != SINK_STARTING && s->state != SINK_PAUSED && s->state != SINK_STANDBY)
		return;
	set_state(s, SINK_PLAYING);
	event(s, SINK_EVENT_PLAYING, NULL);
	if (first)
		misbehave_in_play(s);
}

static void on_pause_done(SinkSession *s)
{
	if (s->state != SINK_PLAYING)
		return;
	set_state(s, SINK_PAUSED);
	event(s, SINK_EVENT_HALTED, NULL);
}

static gboolean take_pending(SinkSession *s, guint cseq, guint8 *m)
{
	for (guint i = 0; i < s->pending->len; i++) {
		SinkPending *pending = &g_array_index(s->pending, SinkPending, i);

		if (pending->cseq == cseq) {
			*m = pending->m;
			g_array_remove_index(s->pending, i);
			return TRUE;
		}
	}
	return FALSE;
}

static void on_response(SinkSession *s, RtspMessage *message)
{
	GstRTSPStatusCode code = GST_RTSP_STS_INVALID;
	const char *cseq = get_cseq(message);
	guint64 number;
	guint8 m = 0;

	gst_rtsp_message_parse_response(message, &code, NULL, NULL);
	if (!cseq || !g_ascii_string_to_unsigned(cseq, 10, 0, G_MAXUINT, &number, NULL) ||
	    !take_pending(s, number, &m)) {
		record(s, FALSE, 0, "", code);
		sink_violations_note(s->violations, "an answer %d to nothing that was asked", code);
		return;
	}
	record(s, FALSE, m, "", code);

	if (m == 13) {
		if (code != GST_RTSP_STS_OK)
			s->stats.idr_refused++;
		return;
	}
	if (m == 8) {
		s->stats.teardown_answered = code == GST_RTSP_STS_OK;
		ended(s);
		return;
	}
	if (m == 0) {
		if (code < 400)
			sink_violations_note(s->violations,
					     "a request that makes no sense was answered %d", code);
		return;
	}
	if (m == 2 && fault(s) == SINK_FAULT_STRANGE_REQUIRE)
		return;
	if (code != GST_RTSP_STS_OK) {
		fail(s, SINK_REASON_REQUEST_REFUSED, "The source answered M%u with %d.", m, code);
		return;
	}
	switch (m) {
	case 2: check_public(s, message); break;
	case 6: on_setup_done(s, message); break;
	case 7: on_play_done(s); break;
	case 9: on_pause_done(s); break;
	}
}

/* Ends the session if what came is not RTSP any more. */
static void judge_framing(SinkSession *s, RtspFramerResult result)
{
	switch (result) {
	case RTSP_FRAMER_GARBAGE:
		fail(s, SINK_REASON_RTSP_MALFORMED, "What the source sent is not RTSP.");
		break;
	case RTSP_FRAMER_BAD_LENGTH:
		fail(s, SINK_REASON_RTSP_MALFORMED,
		     "The source sent a message whose Content-Length is wrong.");
		break;
	case RTSP_FRAMER_HEADER_TOO_LONG:
		fail(s, SINK_REASON_RTSP_OVERSIZE, "The source sent a head of more than %d bytes.",
		     RTSP_MAX_HEADER);
		break;
	case RTSP_FRAMER_BODY_TOO_LONG:
		fail(s, SINK_REASON_RTSP_OVERSIZE, "The source sent a body of more than %d bytes.",
		     RTSP_MAX_BODY);
		break;
	default: break;
	}
}

void sink_session_feed(SinkSession *s, const guint8 *data, gsize size, gint64 now_us)
{
	RtspFramerResult result = RTSP_FRAMER_MORE;

	s->now_us = now_us;
	if (s->state == SINK_ENDED)
		return;
	rtsp_framer_push(&s->framer, data, size);
	while (s->state != SINK_ENDED) {
		g_autoptr(RtspMessage) message = NULL;

		result = rtsp_framer_pull(&s->framer, &message);
		if (result != RTSP_FRAMER_MESSAGE && result != RTSP_FRAMER_BAD_REQUEST)
			break;
		s->heard_us = now_us;
		if (result == RTSP_FRAMER_BAD_REQUEST)
			on_bad_request(s, message);
		else if (message->type == GST_RTSP_MESSAGE_RESPONSE)
			on_response(s, message);
		else
			on_request(s, message);
		if (fault(s) == SINK_FAULT_READ_ONCE) {
			rtsp_framer_clear(&s->framer);
			rtsp_framer_init(&s->framer);
		}
	}
	if (s->state != SINK_ENDED)
		judge_framing(s, result);
}

void sink_session_tick(SinkSession *s, gint64 now_us)
{
	s->now_us = now_us;
	for (guint i = 0; i < s->pending->len && s->state != SINK_ENDED;) {
		SinkPending pending = g_array_index(s->pending, SinkPending, i);

		if (now_us < pending.deadline_us) {
			i++;
			continue;
		}
		g_array_remove_index(s->pending, i);
		if (pending.m == 8)
			ended(s);
		else if (pending.m == 13 || pending.m == 0)
			sink_violations_note(s->violations, "no answer to %s within %.1f s",
					     pending.m ? "M13" : "a request that makes no sense",
					     s->config.response_timeout_us / 1e6);
		else
			fail(s, SINK_REASON_RESPONSE_TIMEOUT,
			     "The source did not answer M%u within %.1f s.", pending.m,
			     s->config.response_timeout_us / 1e6);
	}
	if (s->state == SINK_PLAYING && fault(s) == SINK_FAULT_FREQUENT_IDR &&
	    now_us - s->idr_us >= SINK_FREQUENT_IDR_US)
		send_idr_request(s);
	if (s->state < SINK_TEARDOWN && now_us - s->heard_us > s->session_timeout_us)
		fail(s, SINK_REASON_SOURCE_SILENT,
		     "The source sent no RTSP message for %.1f s (state %s).",
		     s->session_timeout_us / 1e6, sink_state_name(s->state));
}

void sink_session_request_idr(SinkSession *s, gint64 now_us)
{
	s->now_us = now_us;
	if (s->state != SINK_PLAYING || (s->idr_us && now_us - s->idr_us < IDR_INTERVAL_US))
		return;
	send_idr_request(s);
}

void sink_session_pause(SinkSession *s, gint64 now_us)
{
	s->now_us = now_us;
	if (s->state == SINK_PLAYING)
		request(s, 9, GST_RTSP_PAUSE, stream_uri(s), NULL, NULL);
}

void sink_session_resume(SinkSession *s, gint64 now_us)
{
	s->now_us = now_us;
	if (s->state == SINK_PAUSED || s->state == SINK_STANDBY)
		send_play(s);
}

SinkState sink_session_state(const SinkSession *s)
{
	return s->state;
}

SinkReason sink_session_reason(const SinkSession *s)
{
	return s->reason;
}

const char *sink_session_sentence(const SinkSession *s)
{
	return s->sentence ? s->sentence : "";
}

const SinkSessionStatistics *sink_session_statistics(const SinkSession *s)
{
	return &s->stats;
}

guint16 sink_session_uibc_port(const SinkSession *s)
{
	return s->uibc_off ? 0 : s->uibc_port;
}

const SinkVideoChoice *sink_session_video(const SinkSession *s)
{
	return s->has_video ? &s->video : NULL;
}

const SinkAudioChoice *sink_session_audio(const SinkSession *s)
{
	return s->has_audio ? &s->audio : NULL;
}

const SinkExchange *sink_session_exchanges(const SinkSession *s, guint *n)
{
	*n = s->exchanges->len;
	return (const SinkExchange *)s->exchanges->data;
}

void sink_session_note_violation(SinkSession *s, const char *violation)
{
	sink_violations_note(s->violations, "%s", violation);
}

const char *const *sink_session_violations(const SinkSession *s)
{
	return sink_violations_get(s->violations);
}
