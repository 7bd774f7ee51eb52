// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-session.h"

#include "wfd-input.h"
#include "wfd-options.h"
#include "wfd-show.h"
#include "wfd-source.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define READ_SIZE	      16384 /* bytes of the RTSP socket at a time */
#define STATISTICS_INTERVAL_S 1
#define MIN_KBIT	      1000 /* for 1024x768, the least that a session must carry (DDI: Start) */

struct _WfdSession {
	MiracastDevice *device;
	const struct miracast_host_callbacks *callbacks;
	WfdDisplay *display;
	int socket; /* the host's; never closed here */
	WfdSource *rtsp;
	Media *media;
	WfdInput *input; /* NULL: the sink may send none */
	WfdOptions options;
	guint kbit; /* that the stream takes at most */
	char *unoffered; /* the mode that was named, if the sink does not offer it */
	guint64 air_retried, air_failed; /* packets; of the thread that tells */
	guint64 reports; /* that the sink has sent by RTCP */
	gboolean configured; /* the sink has accepted a format */
	gboolean started; /* wfd_session_start() has returned, with success */
	gboolean arrived; /* the kernel knows of the monitor */
	gboolean stopping; /* by the host */
	gboolean over; /* a reason was told, or the host stops */
	WfdExchange exchange;

	GThread *thread;
	GMainContext *context;
	GMainLoop *loop;
	GSource *service; /* the socket, and the conversation's deadlines */
	gpointer service_tag;
};

static enum miracast_status miracast_status_of(WfdReason reason)
{
	switch (reason) {
	case WFD_REASON_KEEPALIVE_MISSED: return MIRACAST_STATUS_MISSING_KEEPALIVE;
	case WFD_REASON_SINK_TEARDOWN:
	case WFD_REASON_SINK_CLOSED: return MIRACAST_STATUS_SINK_DISCONNECT_REQUEST;
	case WFD_REASON_REFUSED_FORMAT: return MIRACAST_STATUS_SINK_FAILED_STANDARD_MODE_CHANGE;
	default: return MIRACAST_STATUS_CRITICAL_ERROR;
	}
}

static ntstatus_t ntstatus_of(WfdReason reason)
{
	switch (reason) {
	case WFD_REASON_SINK_SILENT_M1:
	case WFD_REASON_SINK_SILENT_M2:
	case WFD_REASON_SINK_SILENT_M3:
	case WFD_REASON_SINK_SILENT_M4:
	case WFD_REASON_SINK_SILENT_M5:
	case WFD_REASON_SINK_SILENT_M6:
	case WFD_REASON_SINK_SILENT_M7:
	case WFD_REASON_SILENT_AFTER_REFUSAL:
	case WFD_REASON_SINK_MESSAGE_INCOMPLETE:
	case WFD_REASON_SINK_NOT_READING:
	case WFD_REASON_KEEPALIVE_MISSED: return STATUS_IO_TIMEOUT;
	case WFD_REASON_SINK_CLOSED:
	case WFD_REASON_SINK_TEARDOWN:
	case WFD_REASON_LINK_LOST: return STATUS_CONNECTION_DISCONNECTED;
	case WFD_REASON_NO_COMMON_FORMAT:
	case WFD_REASON_REFUSED_VIDEO_ONLY:
	case WFD_REASON_UNSUPPORTED_TRANSPORT: return STATUS_NOT_SUPPORTED;
	default: return STATUS_UNSUCCESSFUL;
	}
}

void wfd_session_set_reason(MiracastDevice *device, WfdReason reason, const char *text)
{
	const WfdReasonDetail detail = {.text = text};
	g_autofree char *sentence = wfd_reason_sentence(reason, &detail);

	miracast_device_set_reason(device, wfd_reason_name(reason), sentence);
}

/* Tells why the session ends, once; after start() also that it does. */
static void end_session(WfdSession *s, WfdReason reason, const char *sentence, ntstatus_t status)
{
	media_set_playing(s->media, FALSE);
	if (s->over)
		return;
	s->over = TRUE;
	miracast_device_set_reason(s->device, wfd_reason_name(reason), sentence);
	if (s->started)
		s->callbacks->report_session_status(s->device, miracast_status_of(reason), status);
}

static void receive(WfdSession *s)
{
	guint8 buffer[READ_SIZE];
	ssize_t n = recv(s->socket, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n > 0)
		wfd_source_feed(s->rtsp, buffer, n, g_get_monotonic_time());
	else if (n == 0 || errno == ECONNRESET || errno == EPIPE)
		wfd_source_eof(s->rtsp, NULL);
	else if (errno != EAGAIN && errno != EINTR)
		wfd_source_eof(s->rtsp, g_strerror(errno));
}

/*
 * One segment for each message. What cannot be written now stays; a broken connection shows when it
 * is read.
 */
static void flush(WfdSession *s)
{
	const GByteArray *output;

	while ((output = wfd_source_output(s->rtsp))) {
		ssize_t n = send(s->socket, output->data, output->len,
				 MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		wfd_source_output_sent(s->rtsp, n);
	}
}

/* M4, M14 or M15: what input may come. */
static void allow_input(WfdSession *s)
{
	const WfdUibc *uibc = wfd_source_uibc(s->rtsp);
	const WfdMode *mode = &wfd_source_choice(s->rtsp)->mode;

	if (!s->input)
		return; /* the host stops */
	wfd_input_allow(s->input, uibc, mode->width, mode->height);
	miracast_device_set_detail(s->device, "input", uibc ? "on" : "off");
}

/* The first time that the sink plays: the connector becomes connected. */
static void report_monitor(WfdSession *s)
{
	const WfdSinkCaps *caps = wfd_source_caps(s->rtsp);
	ntstatus_t status = wfd_display_connect(s->display, &wfd_source_choice(s->rtsp)->mode,
						caps->edid, caps->name);

	if (NT_SUCCESS(status)) {
		s->arrived = TRUE;
		if (wfd_source_sound(s->rtsp)->rate)
			wfd_display_connect_sound(s->display, caps->name ?: caps->model);
	} else {
		const WfdReasonDetail detail = {.code = MIRACAST_NTSTATUS_VALUE(status)};
		g_autofree char *sentence =
			wfd_reason_sentence(WFD_REASON_DISPLAY_REFUSED, &detail);

		end_session(s, WFD_REASON_DISPLAY_REFUSED, sentence, status);
	}
}

static void on_media_error(const char *message, gpointer user_data)
{
	end_session(user_data, WFD_REASON_STREAM_BROKEN, message, STATUS_UNSUCCESSFUL);
}

G_STATIC_ASSERT(MEDIA_SEAL_OVERHEAD >= MIRACAST_SEAL_OVERHEAD);

static gsize seal(const guint8 *datagram, gsize size, guint8 *out, gsize out_size,
		  gpointer user_data)
{
	return miracast_device_seal(user_data, datagram, size, out, out_size);
}

/* us from one picture to the next at most; 0: no limit. */
static guint longest_gap(const WfdChoice *choice)
{
	return choice->may_skip ? choice->skip_ms * 1000 : G_USEC_PER_SEC / choice->fps;
}

/* Builds the pipeline, for what the sink has accepted; FALSE: the session has ended. */
static gboolean start_media(WfdSession *s)
{
	const WfdChoice *choice = wfd_source_choice(s->rtsp);
	const WfdSound *sound = wfd_source_sound(s->rtsp);
	const MediaConfig config = {
		.format = {.width = choice->mode.width,
			   .height = choice->mode.height,
			   .fps = choice->fps,
			   .high_profile = choice->profile != WFD_H264_CBP,
			   .level = wfd_level_name(choice->level)},
		.kbit = s->kbit,
		.fixed_rate = s->options.fixed_rate,
		.mode_asked = s->options.policy.only.width && (!s->unoffered || choice->unoffered),
		.gap_us = longest_gap(choice),
		.encoder = miracast_device_get_option(s->device, "encoder"),
		.sender_reports = wfd_source_sink_rtcp_port(s->rtsp) != 0,
		.sound_rate = sound->rate,
		.aac = sound->format == WFD_AAC,
		.seal = miracast_device_seals(s->device) ? seal : NULL,
		.seal_data = s->device,
	};
	guint16 port = wfd_source_sink_rtp_port(s->rtsp);
	guint16 rtcp_port = wfd_source_sink_rtcp_port(s->rtsp);
	g_autoptr(GError) error = NULL;

	if (!miracast_device_connect_rtp(s->device, port, rtcp_port)) {
		end_session(s, WFD_REASON_SOCKET_FAILED,
			    "the RTP socket cannot be connected to the sink's port: see "
			    "miracastd's log",
			    STATUS_UNSUCCESSFUL);
		return FALSE;
	}
	if (!media_start(s->media, &config, s->context, on_media_error, s, &error)) {
		end_session(s, WFD_REASON_ENCODER_FAILED, error->message,
			    STATUS_DEVICE_INSUFFICIENT_RESOURCES);
		return FALSE;
	}
	miracast_device_set_detail(s->device, "encoder", media_encoder(s->media));
	miracast_device_set_detail_number(s->device, "sink-rtp-port", port);
	return TRUE;
}

static void show_statistics(WfdSession *s)
{
	wfd_show_statistics(s->device, s->media, s->input, wfd_source_sound(s->rtsp)->rate);
}

/* M7: the sink plays. The first time, the pipeline is built and the monitor arrives. */
static void play(WfdSession *s)
{
	if (s->over || (!media_encoder(s->media) && !start_media(s)))
		return;
	media_set_playing(s->media, TRUE);
	/* Who learns that it streams may ask for them at once. */
	show_statistics(s);
	if (!s->arrived)
		report_monitor(s);
	if (!s->over)
		miracast_device_set_streaming(s->device, true);
}

/* For people: what came of a mode that was named, and that the sink does not offer. */
static void note_unoffered(WfdSession *s)
{
	if (wfd_source_choice(s->rtsp)->unoffered) {
		g_free(s->unoffered);
		s->unoffered = wfd_mode_to_string(&wfd_source_choice(s->rtsp)->mode);
		miracast_device_set_detail(s->device, "mode-note",
					   "it was asked for, and the sink does not offer it");
	} else if (s->unoffered) {
		g_autofree char *refused = g_strdup_printf(
			"%s was asked for, which the sink does not offer and has refused",
			s->unoffered);

		miracast_device_set_detail(s->device, "mode-note", refused);
	}
}

/*
 * What happens after the sink has accepted a format waits until wfd_session_start() has returned: a sink may
 * send M6 and M7 in one piece with its answer to M4.
 */
static void handle_events(WfdSession *s)
{
	WfdSourceEvent event;

	while ((s->started || !s->configured) && wfd_source_next_event(s->rtsp, &event)) {
		g_autofree char *text = event.text;
		WfdReason reason;

		switch (event.type) {
		case WFD_SOURCE_EXCHANGE: wfd_exchange_add(&s->exchange, text); break;
		case WFD_SOURCE_CAPABILITIES:
			wfd_show_capabilities(s->device, s->rtsp);
			note_unoffered(s);
			break;
		case WFD_SOURCE_CONFIGURED: s->configured = TRUE; break;
		case WFD_SOURCE_PLAY: play(s); break;
		case WFD_SOURCE_PAUSE:
			media_set_playing(s->media, FALSE);
			miracast_device_set_streaming(s->device, false);
			break;
		case WFD_SOURCE_IDR_REQUEST:
			media_force_keyframe(s->media);
			wfd_display_report_event(s->display, MIRACAST_PROTOCOL_EVENT_IFRAME_RQ);
			break;
		case WFD_SOURCE_UIBC: allow_input(s); break;
		case WFD_SOURCE_ENDED:
			reason = wfd_source_reason(s->rtsp);
			end_session(s, reason, text, ntstatus_of(reason));
			break;
		}
	}
	wfd_exchange_show(&s->exchange, s->device);
}

/* Arms the service source with what the conversation waits for. */
static void arm(WfdSession *s)
{
	gint64 deadline = wfd_source_next_deadline(s->rtsp);
	GIOCondition condition = G_IO_IN;

	if (wfd_source_reason(s->rtsp) != WFD_REASON_NONE) {
		g_source_destroy(s->service);
		if (s->stopping)
			g_main_loop_quit(s->loop);
		return;
	}
	if (wfd_source_output(s->rtsp))
		condition |= G_IO_OUT;
	g_source_modify_unix_fd(s->service, s->service_tag, condition);
	g_source_set_ready_time(s->service, deadline == G_MAXINT64 ? -1 : deadline);
}

static void converse(WfdSession *s)
{
	flush(s);
	handle_events(s);
	arm(s);
}

static gboolean service(GSource *source, GSourceFunc callback, gpointer user_data)
{
	WfdSession *s = user_data;

	if (g_source_query_unix_fd(source, s->service_tag) & ~G_IO_OUT)
		receive(s);
	wfd_source_on_time(s->rtsp, g_get_monotonic_time());
	converse(s);
	return G_SOURCE_CONTINUE;
}

/*
 * Talks to the sink until it has accepted a format (M4) or the session has ended. Bounded by the
 * conversation's own deadlines.
 */
static gboolean shake_hands(WfdSession *s)
{
	static GSourceFuncs funcs = {.dispatch = service};

	s->service = g_source_new(&funcs, sizeof(GSource));
	g_source_set_callback(s->service, NULL, s, NULL);
	s->service_tag = g_source_add_unix_fd(s->service, s->socket, G_IO_IN);
	g_source_attach(s->service, s->context);
	wfd_source_start(s->rtsp, g_get_monotonic_time());
	converse(s);
	while (!s->configured && !s->over)
		g_main_context_iteration(s->context, TRUE);
	return s->configured;
}

/* On a thread of the host's. */
static bool take_picture(void *user_data, uint32_t max_width, struct miracast_picture *picture)
{
	picture->pixels =
		media_take_picture(user_data, max_width, &picture->width, &picture->height);
	return picture->pixels != NULL;
}

/* Who reports what it receives is there, whether or not it answers M16. */
static void heed_reports(WfdSession *s)
{
	MediaStatistics statistics;

	media_get_statistics(s->media, &statistics);
	if (statistics.reports != s->reports)
		wfd_source_heard(s->rtsp);
	s->reports = statistics.reports;
}

static gboolean on_statistics(gpointer user_data)
{
	heed_reports(user_data);
	show_statistics(user_data);
	return G_SOURCE_CONTINUE;
}

/* Twice a second, on a thread of the host's. */
static void on_air(void *notification_context, const struct miracast_datarate_stats *stats)
{
	WfdSession *s = notification_context;
	MiracastDevice *device = s->device;

	if (!stats) {
		media_set_air(s->media, 0, 0, 0);
		return;
	}
	media_set_air(s->media, MIN(stats->encoder_bit_rate / 1000, G_MAXUINT),
		      stats->transmitted_frame_count, stats->failed_frame_count);
	s->air_retried += stats->retried_frame_count;
	s->air_failed += stats->failed_frame_count;
	miracast_device_set_statistic(device, "air-kbit", stats->current_max_tx_data_rate / 1000);
	miracast_device_set_statistic(device, "air-retries", s->air_retried);
	miracast_device_set_statistic(device, "air-failed", s->air_failed);
}

static gpointer session_thread(gpointer user_data)
{
	WfdSession *s = user_data;
	g_autoptr(GSource) statistics = g_timeout_source_new_seconds(STATISTICS_INTERVAL_S);

	g_main_context_push_thread_default(s->context);
	g_source_set_callback(statistics, on_statistics, s, NULL);
	g_source_attach(statistics, s->context);
	converse(s);
	g_main_loop_run(s->loop);
	g_source_destroy(statistics);
	g_main_context_pop_thread_default(s->context);
	return NULL;
}

static gboolean on_stop(gpointer user_data)
{
	WfdSession *s = user_data;

	s->stopping = TRUE;
	s->over = TRUE;
	/* First, while the devices are there to let go what is pressed. */
	g_clear_pointer(&s->input, wfd_input_free);
	wfd_source_stop(s->rtsp, g_get_monotonic_time());
	if (!g_source_is_destroyed(s->service))
		converse(s);
	else
		g_main_loop_quit(s->loop);
	return G_SOURCE_REMOVE;
}

/* Runs @func on the session's thread, soon. */
static void post(WfdSession *s, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
	g_autoptr(GSource) source = g_idle_source_new();

	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, func, data, notify);
	g_source_attach(source, s->context);
}

typedef struct {
	WfdSession *session;
	gboolean on;
} WfdPowerChange;

static gboolean on_power(gpointer user_data)
{
	WfdPowerChange *change = user_data;
	WfdSession *s = change->session;

	wfd_source_set_standby(s->rtsp, !change->on, g_get_monotonic_time());
	if (!g_source_is_destroyed(s->service))
		converse(s);
	return G_SOURCE_REMOVE;
}

void wfd_session_set_power(WfdSession *s, gboolean on)
{
	WfdPowerChange *change = g_new(WfdPowerChange, 1);

	*change = (WfdPowerChange){s, on};
	post(s, on_power, change, g_free);
}

static void session_free(WfdSession *s)
{
	if (s->service)
		g_source_destroy(s->service);
	g_clear_pointer(&s->service, g_source_unref);
	g_clear_pointer(&s->input, wfd_input_free);
	g_clear_pointer(&s->media, media_free);
	g_clear_pointer(&s->rtsp, wfd_source_free);
	g_clear_pointer(&s->loop, g_main_loop_unref);
	g_clear_pointer(&s->context, g_main_context_unref);
	wfd_exchange_clear(&s->exchange);
	g_free(s->unoffered);
	g_free(s);
}

static GInetSocketAddress *address_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *),
				      GError **error)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	g_autoptr(GSocketAddress) address = NULL;

	if (get(fd, (struct sockaddr *)&storage, &len) < 0) {
		if (errno == ENOTCONN)
			g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
					    "the sink closed the connection at once: is it busy "
					    "with another source, or switched off?");
		else
			g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
				    "the RTSP socket has no address: %s", g_strerror(errno));
		return NULL;
	}
	address = g_socket_address_new_from_native(&storage, len);
	if (!G_IS_INET_SOCKET_ADDRESS(address)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
				    "the RTSP socket is not one of TCP/IP");
		return NULL;
	}
	return G_INET_SOCKET_ADDRESS(g_steal_pointer(&address));
}

static guint64 link_kbit(const struct miracast_wfd_connection_stats *stats)
{
	return stats ? stats->current_bit_rate / 1000 : 0;
}

/* What the sink says that it takes at most; what carries no picture cannot be meant. 0: not known. */
static guint64 sink_kbit(const struct miracast_wfd_connection_stats *stats)
{
	guint64 kbit = stats ? stats->remote_max_bit_rate / 1000 : 0;

	return kbit >= MIN_KBIT ? kbit : 0;
}

/* 0: not known. */
static guint64 least_kbit(const struct miracast_wfd_connection_stats *stats)
{
	guint64 link = link_kbit(stats), sink = sink_kbit(stats);

	return link && sink ? MIN(link, sink) : link + sink;
}

static gboolean prepare(WfdSession *s, const struct miracast_wfd_connection_stats *stats,
			GError **error)
{
	g_autoptr(GInetSocketAddress) local = address_of(s->socket, getsockname, error);
	g_autoptr(GInetSocketAddress) sink = NULL;
	WfdSourceConfig config = {.session_id = g_random_int()};
	g_autofree char *host = NULL;
	const int on = 1;
	int rtp, rtcp, input;

	if (!local)
		return FALSE;
	/* Or the kernel would send what we write in a row as one segment. */
	setsockopt(s->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sink = address_of(s->socket, getpeername, error);
	if (!sink || !wfd_options_read(s->device, least_kbit(stats), &s->options, error))
		return FALSE;
	if (!miracast_device_take_rtp_sockets(s->device, &rtp, &rtcp)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
				    "the host has no sockets for RTP");
		return FALSE;
	}
	s->media = media_new(rtp, rtcp, error);
	if (!s->media)
		return FALSE;
	host = g_inet_address_to_string(g_inet_socket_address_get_address(local));
	config.local_host = host;
	config.rtp_port = media_local_port(s->media);
	config.policy = s->options.policy;
	if (miracast_device_take_input(s->device, &input, &config.uibc_port))
		s->input = wfd_input_new(input, s->context, s->media);
	s->rtsp = wfd_source_new(&config);
	return TRUE;
}

/* The encoder's rate: what was asked for or fits the mode, within the level, the sink and the link. */
static gboolean choose_rate(WfdSession *s, const struct miracast_wfd_connection_stats *stats)
{
	const WfdChoice *choice = wfd_source_choice(s->rtsp);
	guint64 kbit = link_kbit(stats), throughput = sink_kbit(stats);

	s->kbit = s->options.kbit
			  ?: media_default_kbit(choice->mode.width, choice->mode.height,
						choice->mode.fps);
	s->kbit = MIN(s->kbit, choice->max_kbit);
	if (wfd_source_caps(s->rtsp)->max_kbit)
		s->kbit = MIN(s->kbit, wfd_source_caps(s->rtsp)->max_kbit);
	if (throughput) {
		s->kbit = MIN(s->kbit, throughput);
		miracast_device_set_detail_number(s->device, "sink-throughput-kbit", throughput);
	}
	/* A quarter is left for what the air takes. */
	if (kbit)
		s->kbit = MIN(s->kbit, kbit * 3 / 4);
	miracast_device_set_detail_number(s->device, "bitrate-kbit", s->kbit);
	return !kbit || kbit >= MIN_KBIT;
}

/* Tells why; what becomes of the start. */
static ntstatus_t fail_prepare(WfdSession *s, const GError *error)
{
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED)) {
		miracast_device_set_reason(s->device, wfd_reason_name(WFD_REASON_SINK_CLOSED),
					   error->message);
		return STATUS_CONNECTION_DISCONNECTED;
	}
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT)) {
		wfd_session_set_reason(s->device, WFD_REASON_BAD_OPTION, error->message);
		return STATUS_INVALID_PARAMETER;
	}
	wfd_session_set_reason(s->device, WFD_REASON_SOCKET_FAILED, error->message);
	return STATUS_UNSUCCESSFUL;
}

static ntstatus_t start(WfdSession *s, const struct miracast_wfd_connection_stats *stats)
{
	g_autoptr(GError) error = NULL;

	if (!prepare(s, stats, &error))
		return fail_prepare(s, error);
	if (!shake_hands(s))
		return ntstatus_of(wfd_source_reason(s->rtsp));
	if (!choose_rate(s, stats)) {
		wfd_session_set_reason(s->device, WFD_REASON_LINK_TOO_SLOW, NULL);
		return STATUS_DEVICE_INSUFFICIENT_RESOURCES;
	}
	s->started = TRUE;
	s->thread = g_thread_try_new("wfd-session", session_thread, s, &error);
	if (!s->thread) {
		wfd_session_set_reason(s->device, WFD_REASON_OUT_OF_MEMORY, error->message);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	return STATUS_SUCCESS;
}

WfdSession *wfd_session_start(MiracastDevice *device,
			      const struct miracast_host_callbacks *callbacks, WfdDisplay *display,
			      int rtsp_socket, const struct miracast_wfd_connection_stats *stats,
			      ntstatus_t *status)
{
	WfdSession *s = g_new0(WfdSession, 1);

	s->device = device;
	s->callbacks = callbacks;
	s->display = display;
	s->socket = rtsp_socket;
	s->exchange.begin = g_get_monotonic_time();
	s->context = g_main_context_new();
	s->loop = g_main_loop_new(s->context, FALSE);
	*status = start(s, stats);
	if (!NT_SUCCESS(*status)) {
		session_free(s);
		return NULL;
	}
	miracast_device_set_take_picture(device, take_picture, s->media);
	/* A link that is no Wi-Fi has no such figures. */
	callbacks->register_for_data_rate_notifications(device, s, on_air);
	return s;
}

void wfd_session_stop(WfdSession *s)
{
	miracast_device_set_take_picture(s->device, NULL, NULL);
	s->callbacks->register_for_data_rate_notifications(s->device, NULL, NULL);
	post(s, on_stop, s, NULL);
	g_thread_join(s->thread);
	show_statistics(s);
	session_free(s);
}

Media *wfd_session_media(const WfdSession *s)
{
	return s->media;
}

guint wfd_session_kbit(const WfdSession *s)
{
	return s->kbit;
}
