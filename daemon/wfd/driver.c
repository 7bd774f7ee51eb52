// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wfd.so: the user-mode driver of miracast_display.ko that speaks Wi-Fi Display.
 *
 * Threads. The host calls create, start, stop and destroy one at a time. The conversation is a
 * source of the session's main context. start() runs that context on the caller's thread until the
 * sink has accepted a format, then a thread of its own, the session's, runs it until stop() has
 * joined it. The host calls
 * handle_kernel_mode_message() on several threads, between start and stop only. They share with
 * the session's thread: the media (which locks for itself), the framebuffers, the pointer's image and
 * the colours (fb_lock), and the session's main context, into which they post what concerns the conversation. On
 * a thread of its own the host also asks the media for pictures, between start and stop.
 *
 * The monitor is reported to the kernel when the sink plays, from the session's thread: never
 * inside start(), while which the kernel's messages are held.
 */
#include "media-aac.h"
#include "media-framebuffer.h"
#include "media-pipeline.h"
#include "media.h"
#include "miracast-driver.h"
#include "wfd-input.h"
#include "wfd-source.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <gio/gio.h>
#include <gst/gst.h>
#include <linux/miracast_display.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE	      16384
#define MAX_EXCHANGE_LINES    100
#define STATISTICS_INTERVAL_S 1
/* LPCM takes 1.7 Mbit/s: of less than this, for all that is sent, that is too large a part. */
#define LPCM_LEAST_KBIT 8000
#define MIN_KBIT	1000 /* for 1024x768, the least that a session must carry (DDI: Start) */

typedef struct _WfdDriver WfdDriver;

typedef struct {
	WfdDriver *driver;
	int socket; /* the host's; never closed here */
	gint64 begin; /* monotonic us */
	WfdSource *rtsp;
	Media *media;
	WfdInput *input; /* NULL: the sink may send none */
	guint kbit;
	gboolean fixed_rate;
	char *unoffered; /* the mode that was named, if the sink does not offer it */
	guint64 air_retried, air_failed; /* packets; of the thread that tells */
	guint64 reports; /* that the sink has sent by RTCP */
	gboolean configured; /* the sink has accepted a format */
	gboolean started; /* start() has returned, with success */
	gboolean arrived; /* the kernel knows of the monitor */
	gboolean stopping; /* by the host */
	gboolean over; /* a reason was told, or the host stops */
	GQueue exchange; /* lines for people: the latest messages */
	gboolean exchange_grew;

	GThread *thread;
	GMainContext *context;
	GMainLoop *loop;
	GSource *service; /* the socket, and the conversation's deadlines */
	gpointer service_tag;
} WfdSession;

/* What create_miracast_context() makes. */
struct _WfdDriver {
	MiracastDevice *device;
	const struct miracast_host_callbacks *callbacks;
	WfdSession *session; /* from start to stop */
	GMutex fb_lock;
	GHashTable *framebuffers; /* id -> MediaFramebuffer */
	MediaCursorImage *cursor_image; /* what the pointer looks like; NULL: not known */
	guint32 cursor_number; /* the kernel's of it */
	MediaColor *color; /* what is made of colours; NULL: nothing */
};

static void report_event(WfdSession *s, enum miracast_protocol_event event)
{
	struct miracast_statistic_data statistic = {
		.statistic_type = MIRACAST_STATISTIC_TYPE_EVENT,
		.protocol_event = event,
	};

	s->driver->callbacks->report_statistic(s->driver->device, &statistic);
}

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

static void set_reason(MiracastDevice *device, WfdReason reason, const WfdReasonDetail *detail)
{
	g_autofree char *sentence = wfd_reason_sentence(reason, detail);

	miracast_device_set_reason(device, wfd_reason_name(reason), sentence);
}

/* Tells why the session ends, once; after start() also that it does. */
static void end_session(WfdSession *s, WfdReason reason, const char *sentence, ntstatus_t status)
{
	media_set_playing(s->media, FALSE);
	if (s->over)
		return;
	s->over = TRUE;
	miracast_device_set_reason(s->driver->device, wfd_reason_name(reason), sentence);
	if (s->started)
		s->driver->callbacks->report_session_status(s->driver->device,
							    miracast_status_of(reason), status);
}

/* "0.012 > M1 OPTIONS": seconds since the start, direction, message. */
static void log_exchange(WfdSession *s, const char *text)
{
	double seconds = (g_get_monotonic_time() - s->begin) / (double)G_USEC_PER_SEC;

	g_queue_push_tail(&s->exchange, g_strdup_printf("%.3f %s", seconds, text));
	if (s->exchange.length > MAX_EXCHANGE_LINES)
		g_free(g_queue_pop_head(&s->exchange));
	s->exchange_grew = TRUE;
}

/* Once for all messages that came together: a sink may send hundreds at a time. */
static void show_exchange(WfdSession *s)
{
	g_autoptr(GString) all = NULL;

	if (!s->exchange_grew)
		return;
	s->exchange_grew = FALSE;
	all = g_string_new(NULL);
	for (GList *line = s->exchange.head; line; line = line->next)
		g_string_append_printf(all, "%s%s", all->len ? "\n" : "", (char *)line->data);
	miracast_device_set_statistic_text(s->driver->device, "rtsp-exchange", all->str);
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
	miracast_device_set_detail(s->driver->device, "input", uibc ? "on" : "off");
}

/* The sink's sound card is plugged in; what is played there comes as messages. */
static void ask_for_sound(WfdSession *s)
{
	const struct miracast_display_sound sound = {
		.header = {MIRACAST_DISPLAY_CTL_SOUND, sizeof(sound)},
	};
	ntstatus_t status;

	if (!wfd_source_sound(s->rtsp)->rate)
		return;
	status = s->driver->callbacks->miracast_io_control(s->driver->device, false, sizeof(sound),
							   &sound, 0, NULL, NULL);
	/* A kernel without ALSA, or an older display driver: the sink hears silence. */
	if (!NT_SUCCESS(status))
		g_info("the display has no sound card: 0x%08x", MIRACAST_NTSTATUS_VALUE(status));
}

/* With fewer flags, an older display driver takes it; without an EDID, one that finds that damaged. */
static ntstatus_t send_sink(WfdSession *s, struct miracast_display_sink *sink, gsize edid_size)
{
	static const guint32 flags[] = {MIRACAST_DISPLAY_SINK_CURSOR | MIRACAST_DISPLAY_SINK_COLOR,
					MIRACAST_DISPLAY_SINK_CURSOR, 0};
	ntstatus_t status = STATUS_INVALID_PARAMETER;

	sink->header.size = sizeof(*sink) + edid_size;
	sink->edid_size = edid_size;
	for (guint i = 0; i < G_N_ELEMENTS(flags) && status == STATUS_INVALID_PARAMETER; i++) {
		sink->flags = flags[i];
		status = s->driver->callbacks->miracast_io_control(
			s->driver->device, false, sink->header.size, sink, 0, NULL, NULL);
	}
	return status;
}

/* Reports the sink to the display driver: the connector becomes connected. */
static void report_monitor(WfdSession *s)
{
	const WfdSinkCaps *caps = wfd_source_caps(s->rtsp);
	const WfdMode *mode = &wfd_source_choice(s->rtsp)->mode;
	gsize edid_size = caps->edid ? g_bytes_get_size(caps->edid) : 0;
	g_autofree struct miracast_display_sink *sink = NULL;
	ntstatus_t status;

	if (edid_size > MIRACAST_DISPLAY_MAX_EDID)
		edid_size = MIRACAST_DISPLAY_MAX_EDID;
	sink = g_malloc0(sizeof(*sink) + edid_size);
	sink->header.code = MIRACAST_DISPLAY_CTL_SINK_ARRIVED;
	sink->width = mode->width;
	sink->height = mode->height;
	sink->refresh = mode->fps * 1000;
	if (edid_size)
		memcpy(sink->edid, g_bytes_get_data(caps->edid, NULL), edid_size);
	status = send_sink(s, sink, edid_size);
	if (status == STATUS_INVALID_PARAMETER && edid_size) {
		g_info("the display driver refused the sink's EDID: going on without");
		status = send_sink(s, sink, 0);
	}
	if (NT_SUCCESS(status)) {
		s->arrived = TRUE;
		ask_for_sound(s);
		report_event(s, MIRACAST_PROTOCOL_EVENT_MONITOR_ARRIVE);
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
G_STATIC_ASSERT(MEDIA_COLOR_ENTRIES == MIRACAST_DISPLAY_LUT_SIZE);

static gsize seal(const guint8 *datagram, gsize size, guint8 *out, gsize out_size,
		  gpointer user_data)
{
	return miracast_device_seal(user_data, datagram, size, out, out_size);
}

/* M7: the sink plays. The first time, the pipeline is built and the monitor arrives. */
static void play(WfdSession *s)
{
	if (s->over)
		return;
	if (!media_encoder(s->media)) {
		g_autoptr(GError) error = NULL;
		const WfdChoice *choice = wfd_source_choice(s->rtsp);
		const WfdSound *sound = wfd_source_sound(s->rtsp);
		MediaConfig config = {
			.format = {.width = choice->mode.width,
				   .height = choice->mode.height,
				   .fps = choice->fps,
				   .high_profile = choice->profile != WFD_H264_CBP,
				   .level = wfd_level_name(choice->level)},
			.kbit = s->kbit,
			.fixed_rate = s->fixed_rate,
			.mode_asked = miracast_device_get_option(s->driver->device, "mode") &&
				      (!s->unoffered || choice->unoffered),
			.encoder = miracast_device_get_option(s->driver->device, "encoder"),
			.sender_reports = wfd_source_sink_has_rtcp(s->rtsp),
			.sound_rate = sound->rate,
			.aac = sound->format == WFD_AAC,
			.seal = miracast_device_seals(s->driver->device) ? seal : NULL,
			.seal_data = s->driver->device,
		};
		guint16 port = wfd_source_sink_rtp_port(s->rtsp);

		if (!miracast_device_connect_rtp(s->driver->device, port)) {
			end_session(s, WFD_REASON_SOCKET_FAILED,
				    "the RTP socket cannot be connected to the sink's port: see "
				    "miracastd's log",
				    STATUS_UNSUCCESSFUL);
			return;
		}
		if (!media_start(s->media, &config, s->context, on_media_error, s, &error)) {
			end_session(s, WFD_REASON_ENCODER_FAILED, error->message,
				    STATUS_DEVICE_INSUFFICIENT_RESOURCES);
			return;
		}
		miracast_device_set_detail(s->driver->device, "encoder", media_encoder(s->media));
		miracast_device_set_detail_number(s->driver->device, "sink-rtp-port", port);
	}
	media_set_playing(s->media, TRUE);
	miracast_device_set_streaming(s->driver->device, true);
	if (!s->arrived)
		report_monitor(s);
}

static const char *sound_name(const WfdSound *sound)
{
	return !sound->rate ? "none" : sound->format == WFD_AAC ? "AAC" : "LPCM";
}

/* For people: what came of a mode that was named, and that the sink does not offer. */
static void show_unoffered(WfdSession *s, const char *mode)
{
	g_autofree char *refused = NULL;

	if (wfd_source_choice(s->rtsp)->unoffered) {
		g_free(s->unoffered);
		s->unoffered = g_strdup(mode);
		miracast_device_set_detail(s->driver->device, "mode-note",
					   "it was asked for, and the sink does not offer it");
	} else if (s->unoffered) {
		refused = g_strdup_printf(
			"%s was asked for, which the sink does not offer and has refused",
			s->unoffered);
		miracast_device_set_detail(s->driver->device, "mode-note", refused);
	}
}

static void show_capabilities(WfdSession *s)
{
	const WfdSinkCaps *caps = wfd_source_caps(s->rtsp);
	const WfdChoice *choice = wfd_source_choice(s->rtsp);
	MiracastDevice *device = s->driver->device;
	g_autofree char *mode = g_strdup_printf("%ux%u@%u", choice->mode.width, choice->mode.height,
						choice->mode.fps);

	miracast_device_set_detail(device, "mode", mode);
	show_unoffered(s, mode);
	miracast_device_set_detail(device, "sound", sound_name(wfd_source_sound(s->rtsp)));
	miracast_device_set_detail(device, "h264-level", wfd_level_name(choice->level));
	miracast_device_set_detail_number(device, "sink-edid-bytes",
					  caps->edid ? g_bytes_get_size(caps->edid) : 0);
	if (caps->defaults)
		miracast_device_set_detail(device, "sink-defaults", caps->defaults);
	miracast_device_set_detail(device, "sink-standby",
				   caps->standby_resume ? "supported" : "unsupported");
	if (caps->name)
		miracast_device_set_detail(device, "sink-name", caps->name);
	if (caps->model)
		miracast_device_set_detail(device, "sink-model", caps->model);
	if (caps->max_kbit)
		miracast_device_set_detail_number(device, "sink-max-kbit", caps->max_kbit);
}

/*
 * What happens after the sink has accepted a format waits until start() has returned: a sink may
 * send M6 and M7 in one piece with its answer to M4.
 */
static void handle_events(WfdSession *s)
{
	WfdSourceEvent event;

	while ((s->started || !s->configured) && wfd_source_next_event(s->rtsp, &event)) {
		g_autofree char *text = event.text;
		WfdReason reason;

		switch (event.type) {
		case WFD_SOURCE_EXCHANGE: log_exchange(s, text); break;
		case WFD_SOURCE_CAPABILITIES: show_capabilities(s); break;
		case WFD_SOURCE_CONFIGURED: s->configured = TRUE; break;
		case WFD_SOURCE_PLAY: play(s); break;
		case WFD_SOURCE_PAUSE:
			media_set_playing(s->media, FALSE);
			miracast_device_set_streaming(s->driver->device, false);
			break;
		case WFD_SOURCE_IDR_REQUEST:
			media_force_keyframe(s->media);
			report_event(s, MIRACAST_PROTOCOL_EVENT_IFRAME_RQ);
			break;
		case WFD_SOURCE_UIBC: allow_input(s); break;
		case WFD_SOURCE_ENDED:
			reason = wfd_source_reason(s->rtsp);
			end_session(s, reason, text, ntstatus_of(reason));
			break;
		}
	}
	show_exchange(s);
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

/* Session's thread, below. */

static void show_statistics(WfdSession *s)
{
	MiracastDevice *device = s->driver->device;
	MediaStatistics statistics;

	media_get_statistics(s->media, &statistics);
	miracast_device_set_statistic(device, "frames-in", statistics.frames_in);
	miracast_device_set_statistic(device, "frames-encoded", statistics.frames_encoded);
	miracast_device_set_statistic(device, "frames-dropped", statistics.frames_dropped);
	miracast_device_set_statistic(device, "frames-repeated", statistics.frames_repeated);
	miracast_device_set_statistic(device, "cursor-pictures", statistics.cursor_pictures);
	miracast_device_set_statistic(device, "converted-bytes", statistics.converted_bytes);
	miracast_device_set_statistic(device, "keyframes", statistics.keyframes);
	miracast_device_set_statistic(device, "encoded-bytes", statistics.encoded_bytes);
	miracast_device_set_statistic(device, "rtp-packets", statistics.packets);
	miracast_device_set_statistic(device, "rtp-packets-dropped", statistics.packets_dropped);
	miracast_device_set_statistic(device, "encoder-kbit", statistics.kbit);
	miracast_device_set_statistic(device, "encoder-fps", statistics.fps);
	if (statistics.reports) {
		miracast_device_set_statistic(device, "sink-rtp-lost", statistics.packets_lost);
		miracast_device_set_statistic(device, "sink-jitter-us", statistics.jitter_us);
	}
	if (s->input) {
		WfdInputStatistics input;

		wfd_input_get_statistics(s->input, &input);
		miracast_device_set_statistic(device, "input-messages", input.messages);
		miracast_device_set_statistic(device, "input-lost", input.lost);
	}
	if (wfd_source_sound(s->rtsp)->rate) {
		miracast_device_set_statistic(device, "sound-frames", statistics.sound.played);
		miracast_device_set_statistic(device, "sound-frames-lost", statistics.sound.lost);
	}
	if (statistics.frames_encoded)
		miracast_device_set_statistic(device, "encode-us",
					      statistics.encode_ns / 1000 /
						      statistics.frames_encoded);
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
	MiracastDevice *device = s->driver->device;

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

/* Runs @func on the session's thread, soon. */
static void post(WfdSession *s, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
	g_autoptr(GSource) source = g_idle_source_new();

	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, func, data, notify);
	g_source_attach(source, s->context);
}

/* Start, below. */

static void session_free(WfdSession *s)
{
	char *line;

	if (s->service)
		g_source_destroy(s->service);
	g_clear_pointer(&s->service, g_source_unref);
	g_clear_pointer(&s->media, media_free);
	g_clear_pointer(&s->input, wfd_input_free);
	g_clear_pointer(&s->rtsp, wfd_source_free);
	g_clear_pointer(&s->loop, g_main_loop_unref);
	g_clear_pointer(&s->context, g_main_context_unref);
	while ((line = g_queue_pop_head(&s->exchange)))
		g_free(line);
	g_free(s->unoffered);
	g_free(s);
}

/* "1280x720", "1280x720@60" or "1280x720p60". */
static gboolean parse_mode(const char *text, WfdMode *mode)
{
	char end;
	int n = sscanf(text, "%5ux%5u%*1[@p]%3u%c", &mode->width, &mode->height, &mode->fps, &end);

	return (n == 3 || (n == 2 && strspn(text, "0123456789x") == strlen(text))) && mode->width;
}

/* @kbit: what picture and sound have together; 0: not known. */
static gboolean parse_sound(MiracastDevice *device, guint64 kbit, WfdSoundPolicy *policy,
			    GError **error)
{
	const char *sound = miracast_device_get_option(device, "sound");
	gboolean narrow = kbit && kbit < LPCM_LEAST_KBIT;

	if (!sound || !strcmp(sound, "auto"))
		*policy = narrow ? WFD_SOUND_RATHER_AAC : WFD_SOUND_RATHER_LPCM;
	else if (!strcmp(sound, "aac"))
		*policy = WFD_SOUND_RATHER_AAC;
	else if (!strcmp(sound, "lpcm"))
		*policy = WFD_SOUND_LPCM;
	else if (!strcmp(sound, "off"))
		*policy = WFD_SOUND_OFF;
	else {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "the option sound is \"%s\" but should be auto, lpcm, aac or off",
			    sound);
		return FALSE;
	}
	if (*policy > WFD_SOUND_LPCM && !media_aac_works())
		*policy = WFD_SOUND_LPCM;
	return TRUE;
}

static gboolean parse_rate(MiracastDevice *device, gboolean *fixed, GError **error)
{
	const char *rate = miracast_device_get_option(device, "rate");

	*fixed = rate && !strcmp(rate, "fixed");
	if (!rate || *fixed || !strcmp(rate, "auto"))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "the option rate is \"%s\" but should be auto or fixed", rate);
	return FALSE;
}

/* @kbit_of_link: 0: not known. */
static gboolean parse_options(MiracastDevice *device, guint64 kbit_of_link, WfdPolicy *policy,
			      guint *kbit, GError **error)
{
	const char *mode = miracast_device_get_option(device, "mode");
	const char *bitrate = miracast_device_get_option(device, "bitrate");
	guint64 value;

	*kbit = 0;
	policy->max_pixel_rate =
		media_pipeline_pixel_rate(miracast_device_get_option(device, "encoder"));
	if (mode && !parse_mode(mode, &policy->only)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "the option mode is \"%s\" but should look like 1280x720@60", mode);
		return FALSE;
	}
	if (bitrate) {
		if (!g_ascii_string_to_unsigned(bitrate, 10, 100, 50000, &value, NULL)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
				    "the option bitrate is \"%s\" but should be 100 to 50000 "
				    "(kbit/s)",
				    bitrate);
			return FALSE;
		}
		*kbit = value;
	}
	return parse_sound(device, *kbit ?: kbit_of_link, &policy->sound, error);
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
	if (!sink ||
	    !parse_options(s->driver->device, least_kbit(stats), &config.policy, &s->kbit, error) ||
	    !parse_rate(s->driver->device, &s->fixed_rate, error))
		return FALSE;
	if (!miracast_device_take_rtp_sockets(s->driver->device, &rtp, &rtcp)) {
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
	if (miracast_device_take_input(s->driver->device, &input, &config.uibc_port))
		s->input = wfd_input_new(input, s->context);
	s->rtsp = wfd_source_new(&config);
	return TRUE;
}

/* The encoder's rate: what was asked for or fits the mode, within the level, the sink and the link. */
static gboolean choose_rate(WfdSession *s, const struct miracast_wfd_connection_stats *stats)
{
	const WfdChoice *choice = wfd_source_choice(s->rtsp);
	guint64 kbit = link_kbit(stats), throughput = sink_kbit(stats);

	if (!s->kbit)
		s->kbit = media_default_kbit(choice->mode.width, choice->mode.height,
					     choice->mode.fps);
	s->kbit = MIN(s->kbit, choice->max_kbit);
	if (wfd_source_caps(s->rtsp)->max_kbit)
		s->kbit = MIN(s->kbit, wfd_source_caps(s->rtsp)->max_kbit);
	if (throughput) {
		s->kbit = MIN(s->kbit, throughput);
		miracast_device_set_detail_number(s->driver->device, "sink-throughput-kbit",
						  throughput);
	}
	/* A quarter is left for what the air takes. */
	if (kbit)
		s->kbit = MIN(s->kbit, kbit * 3 / 4);
	miracast_device_set_detail_number(s->driver->device, "bitrate-kbit", s->kbit);
	return !kbit || kbit >= MIN_KBIT;
}

static ntstatus_t fail_start(WfdSession *s, WfdReason reason, const char *text, ntstatus_t status)
{
	if (reason)
		set_reason(s->driver->device, reason, &(WfdReasonDetail){.text = text});
	s->driver->session = NULL;
	session_free(s);
	return status;
}

static ntstatus_t fail_prepare(WfdSession *s, const GError *error)
{
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED)) {
		miracast_device_set_reason(s->driver->device,
					   wfd_reason_name(WFD_REASON_SINK_CLOSED), error->message);
		return fail_start(s, WFD_REASON_NONE, NULL, STATUS_CONNECTION_DISCONNECTED);
	}
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
		return fail_start(s, WFD_REASON_BAD_OPTION, error->message,
				  STATUS_INVALID_PARAMETER);
	return fail_start(s, WFD_REASON_SOCKET_FAILED, error->message, STATUS_UNSUCCESSFUL);
}

static ntstatus_t start_session(void *miracast_context, int rtsp_socket,
				const struct miracast_wfd_connection_stats *stats,
				struct miracast_session_info *session_info)
{
	WfdDriver *driver = miracast_context;
	WfdSession *s = g_new0(WfdSession, 1);
	g_autoptr(GError) error = NULL;

	s->driver = driver;
	s->socket = rtsp_socket;
	s->begin = g_get_monotonic_time();
	driver->session = s;
	s->context = g_main_context_new();
	s->loop = g_main_loop_new(s->context, FALSE);
	if (!prepare(s, stats, &error))
		return fail_prepare(s, error);
	if (!shake_hands(s))
		return fail_start(s, WFD_REASON_NONE, NULL,
				  ntstatus_of(wfd_source_reason(s->rtsp)));
	if (!choose_rate(s, stats))
		return fail_start(s, WFD_REASON_LINK_TOO_SLOW, NULL,
				  STATUS_DEVICE_INSUFFICIENT_RESOURCES);
	s->started = TRUE;
	s->thread = g_thread_try_new("wfd-session", session_thread, s, &error);
	if (!s->thread)
		return fail_start(s, WFD_REASON_OUT_OF_MEMORY, error->message,
				  STATUS_INSUFFICIENT_RESOURCES);
	miracast_device_set_take_picture(driver->device, take_picture, s->media);
	/* A link that is no Wi-Fi has no such figures. */
	driver->callbacks->register_for_data_rate_notifications(driver->device, s, on_air);
	session_info->value = MIRACAST_SESSION_MONITOR_CONNECTED;
	return STATUS_SUCCESS;
}

static void drop_framebuffers(WfdDriver *driver)
{
	g_mutex_lock(&driver->fb_lock);
	g_hash_table_remove_all(driver->framebuffers);
	g_clear_pointer(&driver->cursor_image, media_cursor_image_unref);
	g_clear_pointer(&driver->color, media_color_unref);
	g_mutex_unlock(&driver->fb_lock);
}

/* Bounded: one second for the sink's TEARDOWN, and the picture that is being encoded. */
static void stop_session(void *miracast_context)
{
	WfdDriver *driver = miracast_context;
	WfdSession *s = driver->session;

	if (!s)
		return;
	miracast_device_set_take_picture(driver->device, NULL, NULL);
	driver->callbacks->register_for_data_rate_notifications(driver->device, NULL, NULL);
	post(s, on_stop, s, NULL);
	g_thread_join(s->thread);
	show_statistics(s);
	driver->session = NULL;
	session_free(s);
	drop_framebuffers(driver);
}

/* Messages of the display driver, below. */

static MediaFramebuffer *export_framebuffer(WfdDriver *driver, guint32 id, guint32 format,
					    GError **error)
{
	struct miracast_display_framebuffer in = {
		.header = {MIRACAST_DISPLAY_CTL_EXPORT_FRAMEBUFFER, sizeof(in)},
		.framebuffer_id = id,
	};
	struct miracast_display_framebuffer out = {.fd = -1};
	MediaFramebuffer *framebuffer = NULL;
	uint32_t returned = 0;
	ntstatus_t status;

	status = driver->callbacks->miracast_io_control(driver->device, false, sizeof(in), &in,
							sizeof(out), &out, &returned);
	if (!NT_SUCCESS(status) || returned < sizeof(out) || out.fd < 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			    "the display driver did not hand it out: 0x%08x",
			    MIRACAST_NTSTATUS_VALUE(status));
	} else if (out.format != format) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "it has the format 0x%08x",
			    out.format);
		close(out.fd);
	} else {
		const MediaLayout layout = {
			.width = out.width,
			.height = out.height,
			.pitch = out.pitch,
			.offset = out.offset,
			.size = out.buffer_size,
		};

		framebuffer = media_framebuffer_new(out.fd, &layout, error);
	}
	if (!framebuffer)
		g_prefix_error(error, "framebuffer %u: ", id);
	return framebuffer;
}

static MediaFramebuffer *get_framebuffer(WfdDriver *driver, guint32 id, guint32 format,
					 GError **error)
{
	MediaFramebuffer *framebuffer;

	g_mutex_lock(&driver->fb_lock);
	framebuffer = g_hash_table_lookup(driver->framebuffers, GUINT_TO_POINTER(id));
	if (!framebuffer) {
		framebuffer = export_framebuffer(driver, id, format, error);
		if (framebuffer)
			g_hash_table_insert(driver->framebuffers, GUINT_TO_POINTER(id),
					    framebuffer);
	}
	if (framebuffer)
		media_framebuffer_ref(framebuffer);
	g_mutex_unlock(&driver->fb_lock);
	return framebuffer;
}

static void release_framebuffer(gpointer user_data)
{
	media_framebuffer_unref(user_data);
}

static void report_encoded(WfdDriver *driver, guint64 sequence, guint64 encode_ns)
{
	struct miracast_statistic_data statistic = {
		.statistic_type = MIRACAST_STATISTIC_TYPE_CHUNK_PROCESSING_COMPLETE,
		.encode_complete =
			{
				.chunk_type = MIRACAST_CHUNK_TYPE_ENCODE_COMPLETE,
				.chunk_id = MIRACAST_CHUNK_ID(sequence, 0),
				.processing_time = encode_ns / 1000,
				.encode_rate = driver->session->kbit,
			},
	};

	driver->callbacks->report_statistic(driver->device, &statistic);
	statistic = (struct miracast_statistic_data){
		.statistic_type = MIRACAST_STATISTIC_TYPE_CHUNK_SENT,
		.chunk_sent = MIRACAST_CHUNK_ID(sequence, 0),
	};
	driver->callbacks->report_statistic(driver->device, &statistic);
}

static ntstatus_t handle_frame(WfdDriver *driver, const struct miracast_display_frame *message,
			       uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	static const enum miracast_display_frame_outcome outcomes[] = {
		[MEDIA_ENCODED] = MIRACAST_DISPLAY_FRAME_ENCODED,
		[MEDIA_DROPPED] = MIRACAST_DISPLAY_FRAME_DROPPED,
		[MEDIA_NOT_STREAMING] = MIRACAST_DISPLAY_FRAME_NOT_STREAMING,
	};
	struct miracast_display_frame_result result = {.sequence = message->sequence};
	MediaFrame frame = {.release = release_framebuffer};
	MediaFramebuffer *framebuffer;
	g_autoptr(GError) error = NULL;
	MediaOutcome outcome;
	guint64 encode_ns;

	if (output_size < sizeof(result))
		return STATUS_BUFFER_TOO_SMALL;
	framebuffer = get_framebuffer(driver, message->framebuffer_id, DRM_FORMAT_XRGB8888, &error);
	if (!framebuffer) {
		g_info("frame %llu: %s", (unsigned long long)message->sequence, error->message);
		miracast_device_set_statistic_text(driver->device, "framebuffer-error",
						   error->message);
		return STATUS_UNSUCCESSFUL;
	}
	frame.pixels = media_framebuffer_pixels(framebuffer, message->x, message->y, message->width,
						message->height);
	if (!frame.pixels) {
		media_framebuffer_unref(framebuffer);
		return STATUS_INVALID_PARAMETER;
	}
	frame.stride = framebuffer->layout.pitch;
	frame.width = message->width;
	frame.height = message->height;
	frame.time_ns = message->time_ns;
	frame.release_data = media_framebuffer_ref(framebuffer);
	g_mutex_lock(&driver->fb_lock);
	frame.color = driver->color ? media_color_ref(driver->color) : NULL;
	g_mutex_unlock(&driver->fb_lock);
	media_framebuffer_begin_read(framebuffer);
	outcome = media_push(driver->session->media, &frame, &encode_ns);
	media_framebuffer_end_read(framebuffer);
	media_framebuffer_unref(framebuffer);
	g_clear_pointer(&frame.color, media_color_unref);
	if (outcome == MEDIA_ENCODED)
		report_encoded(driver, message->sequence, encode_ns);
	result.outcome = outcomes[outcome];
	result.encode_ns = encode_ns;
	memcpy(output, &result, sizeof(result));
	*bytes_returned = sizeof(result);
	return STATUS_SUCCESS;
}

/* Copies what the pointer looks like: its framebuffer may be drawn into later. */
static MediaCursorImage *read_cursor(WfdDriver *driver, guint32 id, GError **error)
{
	MediaFramebuffer *framebuffer = get_framebuffer(driver, id, DRM_FORMAT_ARGB8888, error);
	const MediaLayout *layout;
	MediaCursorImage *image = NULL;

	if (!framebuffer)
		return NULL;
	layout = &framebuffer->layout;
	if (layout->width > MIRACAST_DISPLAY_MAX_CURSOR ||
	    layout->height > MIRACAST_DISPLAY_MAX_CURSOR) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "framebuffer %u: a pointer of %ux%u pixels", id, layout->width,
			    layout->height);
	} else {
		media_framebuffer_begin_read(framebuffer);
		image = media_cursor_image_new(
			media_framebuffer_pixels(framebuffer, 0, 0, layout->width, layout->height),
			layout->pitch, layout->width, layout->height);
		media_framebuffer_end_read(framebuffer);
	}
	media_framebuffer_unref(framebuffer);
	return image;
}

/* The pointer's image of the message, with a reference, read if it is another one. */
static MediaCursorImage *get_cursor_image(WfdDriver *driver,
					  const struct miracast_display_cursor *message,
					  GError **error)
{
	MediaCursorImage *image = NULL;

	g_mutex_lock(&driver->fb_lock);
	if (driver->cursor_image && driver->cursor_number == message->image)
		image = media_cursor_image_ref(driver->cursor_image);
	g_mutex_unlock(&driver->fb_lock);
	if (image)
		return image;

	image = read_cursor(driver, message->framebuffer_id, error);
	if (!image)
		return NULL;
	g_mutex_lock(&driver->fb_lock);
	g_clear_pointer(&driver->cursor_image, media_cursor_image_unref);
	driver->cursor_image = media_cursor_image_ref(image);
	driver->cursor_number = message->image;
	g_mutex_unlock(&driver->fb_lock);
	return image;
}

/* Returns when the pointer is in a picture: the kernel sends the next place of it then. */
static ntstatus_t handle_cursor(WfdDriver *driver, const struct miracast_display_cursor *message)
{
	g_autoptr(GError) error = NULL;
	MediaCursor cursor = {
		.source_x = message->source_x,
		.source_y = message->source_y,
		.x = message->x,
		.y = message->y,
		.width = message->width,
		.height = message->height,
	};

	if (message->framebuffer_id) {
		cursor.image = get_cursor_image(driver, message, &error);
		if (!cursor.image) {
			g_info("pointer: %s", error->message);
			miracast_device_set_statistic_text(driver->device, "framebuffer-error",
							   error->message);
			return STATUS_UNSUCCESSFUL;
		}
	}
	media_show_cursor(driver->session->media, &cursor);
	g_clear_pointer(&cursor.image, media_cursor_image_unref);
	return STATUS_SUCCESS;
}

/* The kernel sends the next frame when this has returned, and that has the colours. */
static ntstatus_t handle_color(WfdDriver *driver, const struct miracast_display_color *message,
			       uint32_t size)
{
	MediaColorSteps steps = {0};
	MediaColor *color;

	if (size < sizeof(*message))
		return STATUS_INVALID_BUFFER_SIZE;
	if (message->steps & MIRACAST_DISPLAY_COLOR_DEGAMMA)
		steps.degamma = message->degamma;
	if (message->steps & MIRACAST_DISPLAY_COLOR_CTM)
		steps.matrix = (const guint64 *)message->ctm;
	if (message->steps & MIRACAST_DISPLAY_COLOR_GAMMA)
		steps.gamma = message->gamma;
	color = media_color_new(&steps);
	g_mutex_lock(&driver->fb_lock);
	g_clear_pointer(&driver->color, media_color_unref);
	driver->color = color;
	g_mutex_unlock(&driver->fb_lock);
	return STATUS_SUCCESS;
}

static void handle_power(WfdDriver *driver, const struct miracast_display_power *message)
{
	WfdPowerChange *change = g_new(WfdPowerChange, 1);

	*change = (WfdPowerChange){driver->session, message->on != 0};
	post(driver->session, on_power, change, g_free);
}

static void handle_framebuffer_gone(WfdDriver *driver,
				    const struct miracast_display_framebuffer *message)
{
	g_mutex_lock(&driver->fb_lock);
	g_hash_table_remove(driver->framebuffers, GUINT_TO_POINTER(message->framebuffer_id));
	g_mutex_unlock(&driver->fb_lock);
}

static ntstatus_t handle_sound(WfdDriver *driver, const struct miracast_display_sound_data *message,
			       uint32_t size)
{
	if (size < sizeof(*message) || message->frames > MIRACAST_DISPLAY_MAX_SOUND_FRAMES ||
	    size != sizeof(*message) + message->frames * MEDIA_FRAME)
		return STATUS_INVALID_BUFFER_SIZE;
	media_push_sound(driver->session->media, message->position, message->time_ns,
			 (const gint16 *)message->samples, message->frames);
	return STATUS_SUCCESS;
}

static ntstatus_t handle_message(void *miracast_context, uint32_t input_size, const void *input,
				 uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	WfdDriver *driver = miracast_context;
	union {
		struct miracast_display_header header;
		struct miracast_display_frame frame;
		struct miracast_display_power power;
		struct miracast_display_framebuffer framebuffer;
		struct miracast_display_cursor cursor;
		struct miracast_display_sound_start sound_start;
	} message = {0};

	*bytes_returned = 0;
	if (input_size < sizeof(message.header))
		return STATUS_INVALID_BUFFER_SIZE;
	memcpy(&message, input, MIN(input_size, sizeof(message)));
	if (message.header.size != input_size)
		return STATUS_INVALID_BUFFER_SIZE;
	switch (message.header.code) {
	case MIRACAST_DISPLAY_MSG_FRAME:
		if (input_size < sizeof(message.frame))
			return STATUS_INVALID_BUFFER_SIZE;
		return handle_frame(driver, &message.frame, output_size, output, bytes_returned);
	case MIRACAST_DISPLAY_MSG_CURSOR:
		if (input_size < sizeof(message.cursor))
			return STATUS_INVALID_BUFFER_SIZE;
		return handle_cursor(driver, &message.cursor);
	case MIRACAST_DISPLAY_MSG_COLOR: return handle_color(driver, input, input_size);
	case MIRACAST_DISPLAY_MSG_POWER:
		if (input_size < sizeof(message.power))
			return STATUS_INVALID_BUFFER_SIZE;
		handle_power(driver, &message.power);
		return STATUS_SUCCESS;
	case MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE:
		if (input_size < sizeof(message.framebuffer))
			return STATUS_INVALID_BUFFER_SIZE;
		handle_framebuffer_gone(driver, &message.framebuffer);
		return STATUS_SUCCESS;
	case MIRACAST_DISPLAY_MSG_SOUND_START:
		if (input_size < sizeof(message.sound_start))
			return STATUS_INVALID_BUFFER_SIZE;
		media_start_sound(driver->session->media, message.sound_start.rate);
		return STATUS_SUCCESS;
	case MIRACAST_DISPLAY_MSG_SOUND_DATA: return handle_sound(driver, input, input_size);
	case MIRACAST_DISPLAY_MSG_SOUND_STOP:
		media_stop_sound(driver->session->media);
		return STATUS_SUCCESS;
	default: return STATUS_NOT_SUPPORTED;
	}
}

/* Create and destroy, below. */

static ntstatus_t create_context(MiracastDevice *device,
				 const struct miracast_host_callbacks *callbacks,
				 void **miracast_context)
{
	g_autoptr(GError) error = NULL;
	WfdDriver *driver;

	if (!gst_init_check(NULL, NULL, &error)) {
		set_reason(device, WFD_REASON_GSTREAMER_FAILED,
			   &(WfdReasonDetail){.text = error->message});
		return STATUS_UNSUCCESSFUL;
	}
	driver = g_new0(WfdDriver, 1);
	driver->device = device;
	driver->callbacks = callbacks;
	g_mutex_init(&driver->fb_lock);
	driver->framebuffers =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)media_framebuffer_unref);
	*miracast_context = driver;
	return STATUS_SUCCESS;
}

static void destroy_context(void *miracast_context)
{
	WfdDriver *driver = miracast_context;

	stop_session(driver);
	g_hash_table_unref(driver->framebuffers);
	g_mutex_clear(&driver->fb_lock);
	g_free(driver);
}

void miracast_prepare_driver(void)
{
	/* systemd's, for what does not have to be found out again. */
	media_prepare(g_getenv("CACHE_DIRECTORY"));
}

ntstatus_t miracast_query_driver_interface(uint32_t version, uint32_t size,
					   struct miracast_driver_interface *driver_interface)
{
	if (version != MIRACAST_DRIVER_INTERFACE_VERSION_1)
		return STATUS_REVISION_MISMATCH;
	if (size < sizeof(*driver_interface))
		return STATUS_BUFFER_TOO_SMALL;
	*driver_interface = (struct miracast_driver_interface){
		.size = sizeof(*driver_interface),
		.create_miracast_context = create_context,
		.destroy_miracast_context = destroy_context,
		.start_miracast_session = start_session,
		.stop_miracast_session = stop_session,
		.handle_kernel_mode_message = handle_message,
	};
	return STATUS_SUCCESS;
}
