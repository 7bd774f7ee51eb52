// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pipeline: see media.h.
 *
 *	appsrc ! videoscale ! videoconvert ! encoder ! h264parse ! mpegtsmux ! rtpmp2tpay ! udpsink
 *
 * Three kinds of threads meet here: those that push (any number), GStreamer's own, and the one
 * of the context given to media_start(), whose timer repeats the last picture. The encoder is
 * used by whoever has set "busy"; the lock is never held while GStreamer moves pictures.
 *
 * A picture's way: push() waits for busy, sets it, hands the pixels to appsrc. The probe in
 * front of the encoder keeps the converted picture for repeats (and, while paused, lets it go
 * no further); the probe behind it marks the picture as encoded and wakes push().
 */
#include "media.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

/* WFD 2.1, 4.10.2: what Android's sinks look for. */
#define PMT_PID	  0x0100u
#define VIDEO_PID 0x1011u

#define FIRST_PORT_TRIES      32
#define PUSH_TIMEOUT	      (2 * G_TIME_SPAN_SECOND)
#define STUCK_AFTER	      (10 * G_TIME_SPAN_SECOND)
#define TICK_MS		      250
#define REPEAT_AFTER	      (500 * G_TIME_SPAN_MILLISECOND)
#define REPEAT_KEYFRAME_AFTER (5 * G_TIME_SPAN_SECOND)
#define KEYFRAME_SECONDS      5 /* between keyframes of a moving picture */

struct media {
	GSocket *rtp_socket;
	GSocket *rtcp_socket; /* bound, so that a sink's reports find a port; never read */
	guint16 port;

	GstElement *pipeline;
	GstElement *appsrc;
	GstElement *encoder;
	GstPad *encoder_sink;
	GSource *tick;
	GSource *bus_watch;
	char *encoder_name;
	guint fps;
	media_error_func on_error;
	gpointer user_data;

	GMutex lock;
	GCond cond;
	gboolean started; /* what is above does not change any more */
	gboolean playing;
	gboolean failed;
	gboolean busy; /* a picture is on its way to the encoder's output */
	gboolean passed; /* it got there */
	gboolean held_back; /* it was stopped before the encoder: paused */
	guint64 newest; /* ticket of the push that waits, or of the last one that did */
	gint64 newest_time; /* its picture's, nanoseconds */
	gint64 missing_since; /* monotonic us: a picture went in and none came out; 0: all well */
	GstBuffer *last; /* the last picture as the encoder saw it */
	GstClockTime last_pts;
	GstVideoInfo info; /* what appsrc's caps say; belongs to whoever has set busy */
	gboolean keyframe_wanted;
	gint64 last_time; /* monotonic us of the last picture encoded */
	gint64 keyframe_time; /* of the last keyframe */
	struct media_figures figures;
};

/* How each encoder is told: two numbers, kbit/s and frames between keyframes. */
static const struct {
	const char *name;
	const char *settings;
	gboolean hardware;
} encoders[] = {
	{"vah264enc", "bitrate=%u key-int-max=%u b-frames=0 ref-frames=1 rate-control=cbr", TRUE},
	{"vaapih264enc", "bitrate=%u keyframe-period=%u max-bframes=0 refs=1 rate-control=cbr",
	 TRUE},
	{"v4l2h264enc",
	 "extra-controls=\"c,video_bitrate=%u000,h264_i_frame_period=%u,repeat_sequence_header=1\"",
	 TRUE},
	{"x264enc",
	 "bitrate=%u key-int-max=%u tune=zerolatency speed-preset=ultrafast bframes=0 "
	 "byte-stream=true vbv-buf-capacity=300",
	 FALSE},
};

/* Binds a pair of UDP sockets, RTP on an even port and RTCP above it (RFC 3550, 11). */
static gboolean bind_pair(Media *m, GInetAddress *address, GError **error)
{
	GSocketFamily family = g_inet_address_get_family(address);

	for (guint i = 0; i < FIRST_PORT_TRIES; i++) {
		g_autoptr(GSocketAddress) any = g_inet_socket_address_new(address, 0);
		g_autoptr(GSocketAddress) bound = NULL;
		g_autoptr(GSocketAddress) above = NULL;
		g_autoptr(GSocket) rtp = NULL;
		g_autoptr(GSocket) rtcp = NULL;
		guint16 port;

		g_clear_error(error);
		rtp = g_socket_new(family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
		if (!rtp || !g_socket_bind(rtp, any, FALSE, error))
			return FALSE;
		rtcp = g_socket_new(family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
		if (!rtcp)
			return FALSE;
		bound = g_socket_get_local_address(rtp, error);
		if (!bound)
			return FALSE;
		port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
		if (port & 1)
			continue;
		above = g_inet_socket_address_new(address, port + 1);
		if (!g_socket_bind(rtcp, above, FALSE, error))
			continue;
		m->rtp_socket = g_steal_pointer(&rtp);
		m->rtcp_socket = g_steal_pointer(&rtcp);
		m->port = port;
		return TRUE;
	}
	if (error && !*error)
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
				    "no even UDP port is free");
	return FALSE;
}

/* Only opens the sockets, so that the port is known; @local_address: of the link. */
Media *media_new(GInetAddress *local_address, GError **error)
{
	g_autoptr(Media) m = g_new0(Media, 1);

	g_mutex_init(&m->lock);
	g_cond_init(&m->cond);
	m->last_pts = GST_CLOCK_TIME_NONE;
	if (!bind_pair(m, local_address, error))
		return NULL;
	return g_steal_pointer(&m);
}

/* Ends the stream. No push may be running; waits for GStreamer's threads. */
void media_free(Media *m)
{
	if (m->tick)
		g_source_destroy(m->tick);
	g_clear_pointer(&m->tick, g_source_unref);
	if (m->bus_watch)
		g_source_destroy(m->bus_watch);
	g_clear_pointer(&m->bus_watch, g_source_unref);
	if (m->pipeline)
		gst_element_set_state(m->pipeline, GST_STATE_NULL);
	gst_clear_buffer(&m->last);
	gst_clear_object(&m->encoder_sink);
	gst_clear_object(&m->encoder);
	gst_clear_object(&m->appsrc);
	gst_clear_object(&m->pipeline);
	g_clear_object(&m->rtp_socket);
	g_clear_object(&m->rtcp_socket);
	g_free(m->encoder_name);
	g_mutex_clear(&m->lock);
	g_cond_clear(&m->cond);
	g_free(m);
}

guint16 media_local_port(const Media *m)
{
	return m->port;
}

/* A fifth of a bit per pixel, 1 to 20 Mbit/s. */
guint media_default_kbit(const struct wfd_mode *mode)
{
	guint64 rate = (guint64)mode->width * mode->height * mode->fps;

	return CLAMP(rate / 5000, 1000, 20000);
}

static gboolean encoder_exists(const char *name)
{
	g_autoptr(GstElementFactory) factory = gst_element_factory_find(name);

	return factory != NULL;
}

/**
 * media_max_pixel_rate() - what this machine encodes in time
 * @encoder: the encoder that was asked for, or NULL
 *
 * Return: pixels per second; 0: no limit (hardware). In software 720p30 for every processor,
 * which leaves them half free for the compositor.
 */
guint64 media_max_pixel_rate(const char *encoder)
{
	for (guint i = 0; i < G_N_ELEMENTS(encoders); i++)
		if (encoders[i].hardware && encoder_exists(encoders[i].name) &&
		    (!encoder || g_str_equal(encoder, encoders[i].name)))
			return 0;
	return (guint64)1280 * 720 * 30 * g_get_num_processors();
}

static GstPadProbeReturn before_encoder(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	Media *m = user_data;
	GstPadProbeReturn ret = GST_PAD_PROBE_OK;

	g_mutex_lock(&m->lock);
	gst_buffer_replace(&m->last, GST_PAD_PROBE_INFO_BUFFER(info));
	if (!m->playing) {
		m->held_back = TRUE;
		g_cond_broadcast(&m->cond);
		ret = GST_PAD_PROBE_DROP;
	}
	g_mutex_unlock(&m->lock);
	return ret;
}

static GstPadProbeReturn behind_encoder(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
	Media *m = user_data;

	g_mutex_lock(&m->lock);
	m->figures.encoded_bytes += gst_buffer_get_size(buffer);
	m->last_time = g_get_monotonic_time();
	if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
		m->figures.keyframes++;
		m->keyframe_time = m->last_time;
	}
	m->passed = TRUE;
	m->missing_since = 0;
	g_cond_broadcast(&m->cond);
	g_mutex_unlock(&m->lock);
	return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn before_network(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	Media *m = user_data;
	guint n = 1;

	if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
		n = gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
	g_mutex_lock(&m->lock);
	m->figures.packets += n;
	g_mutex_unlock(&m->lock);
	return GST_PAD_PROBE_OK;
}

/* Tells that the stream broke, once; on the context's thread. */
static void fail(Media *m, const char *message)
{
	gboolean first;

	g_mutex_lock(&m->lock);
	first = !m->failed;
	m->failed = TRUE;
	g_cond_broadcast(&m->cond);
	g_mutex_unlock(&m->lock);
	if (first)
		m->on_error(message, m->user_data);
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *details = NULL;
	g_autofree char *text = NULL;
	Media *m = user_data;

	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
		gst_message_parse_warning(message, &error, &details);
		g_info("%s: %s (%s)", GST_MESSAGE_SRC_NAME(message), error->message,
		       details ?: "no details");
		return G_SOURCE_CONTINUE;
	}
	if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
		return G_SOURCE_CONTINUE;
	gst_message_parse_error(message, &error, &details);
	text = g_strdup_printf("the stream broke in %s: %s (%s); try another encoder or mode",
			       GST_MESSAGE_SRC_NAME(message), error->message,
			       details ?: "no details");
	fail(m, text);
	return G_SOURCE_REMOVE;
}

static void send_force_keyframe(Media *m)
{
	gst_element_send_event(m->encoder, gst_video_event_new_upstream_force_key_unit(
						   GST_CLOCK_TIME_NONE, TRUE, 0));
}

/* The running time of @time_ns, after that of every picture before; the lock is held. */
static GstClockTime next_pts(Media *m, gint64 time_ns)
{
	gint64 pts = MAX(time_ns - (gint64)gst_element_get_base_time(m->pipeline), 0);

	if (GST_CLOCK_TIME_IS_VALID(m->last_pts) && (GstClockTime)pts <= m->last_pts)
		pts = m->last_pts + GST_MSECOND;
	m->last_pts = pts;
	return pts;
}

/* Encodes the last picture once more, if nobody else is at it. */
static void repeat_last(Media *m)
{
	GstBuffer *copy = NULL;
	gboolean keyframe = FALSE;

	g_mutex_lock(&m->lock);
	if (!m->busy && m->playing && !m->failed && m->last) {
		gint64 now = g_get_monotonic_time();

		m->busy = TRUE;
		copy = gst_buffer_copy(m->last);
		GST_BUFFER_PTS(copy) = next_pts(m, now * 1000);
		GST_BUFFER_DTS(copy) = GST_CLOCK_TIME_NONE;
		keyframe = m->keyframe_wanted || now - m->keyframe_time >= REPEAT_KEYFRAME_AFTER;
		m->keyframe_wanted = FALSE;
		m->figures.frames_repeated++;
	}
	g_mutex_unlock(&m->lock);
	if (!copy)
		return;
	if (keyframe)
		send_force_keyframe(m);
	gst_pad_chain(m->encoder_sink, copy);
	g_mutex_lock(&m->lock);
	m->busy = FALSE;
	g_cond_broadcast(&m->cond);
	g_mutex_unlock(&m->lock);
}

static gboolean on_tick(gpointer user_data)
{
	gint64 now = g_get_monotonic_time();
	Media *m = user_data;
	gboolean due, stuck;

	g_mutex_lock(&m->lock);
	due = m->keyframe_wanted || now - m->last_time >= REPEAT_AFTER;
	stuck = m->missing_since && now - m->missing_since >= STUCK_AFTER;
	g_mutex_unlock(&m->lock);
	if (stuck)
		fail(m, "the encoder takes pictures and gives none: try another encoder");
	else if (due)
		repeat_last(m);
	return G_SOURCE_CONTINUE;
}

static GstElement *build_pipeline(const struct media_config *config, guint encoder, GError **error)
{
	const struct wfd_mode *mode = &config->format.mode;
	g_autofree char *settings = g_strdup_printf(encoders[encoder].settings, config->kbit,
						    mode->fps * KEYFRAME_SECONDS);
	g_autofree char *host = g_inet_address_to_string(config->sink_address);
	g_autofree char *text = g_strdup_printf(
		"appsrc name=src is-live=true format=time max-buffers=1 "
		"! videoscale add-borders=true ! videoconvert n-threads=%u "
		"! video/x-raw,format=(string){I420,NV12},width=%u,height=%u,framerate=%u/1,"
		"pixel-aspect-ratio=1/1 "
		"! %s name=encoder %s "
		"! video/x-h264,profile=(string){%s},level=(string)%s "
		"! h264parse config-interval=-1 ! mux.sink_%u "
		"mpegtsmux name=mux alignment=0 prog-map=\"program_map,sink_%u=1,PMT_1=(uint)%u\" "
		"! rtpmp2tpay pt=33 mtu=1400 "
		"! udpsink name=sink host=%s port=%u sync=false async=false qos=false "
		"close-socket=false",
		MIN(g_get_num_processors(), 4), mode->width, mode->height, mode->fps,
		encoders[encoder].name, settings,
		config->format.profile == WFD_H264_CBP ? "constrained-baseline,baseline"
						       : "constrained-high,high",
		wfd_level_name(config->format.level), VIDEO_PID, VIDEO_PID, PMT_PID, host,
		config->sink_port);
	g_autoptr(GstElement) pipeline = NULL;

	pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
	if (!pipeline)
		return NULL;
	gst_object_ref_sink(pipeline);
	if (gst_element_set_state(pipeline, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
			    "%s does not work here", encoders[encoder].name);
		gst_element_set_state(pipeline, GST_STATE_NULL);
		return NULL;
	}
	return g_steal_pointer(&pipeline);
}

static gboolean choose_pipeline(Media *m, const struct media_config *config, GError **error)
{
	gboolean known = FALSE;

	for (guint i = 0; i < G_N_ELEMENTS(encoders) && !m->pipeline; i++) {
		const char *name = encoders[i].name;

		if (config->encoder && !g_str_equal(config->encoder, name))
			continue;
		known = TRUE;
		if (!encoder_exists(name))
			continue;
		g_clear_error(error);
		m->pipeline = build_pipeline(config, i, error);
		if (m->pipeline)
			m->encoder_name = g_strdup(name);
		else if (error)
			g_info("%s: %s", name, (*error)->message);
	}
	if (m->pipeline)
		g_clear_error(error);
	else if (!known)
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
			    "the encoder %s is not known: use vah264enc, vaapih264enc, "
			    "v4l2h264enc or x264enc",
			    config->encoder);
	else if (error && !*error)
		g_set_error_literal(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
				    "no H.264 encoder is installed: install "
				    "gstreamer1.0-plugins-ugly");
	return m->pipeline != NULL;
}

static void add_probe(GstElement *element, const char *pad_name, GstPadProbeType type,
		      GstPadProbeCallback callback, Media *m)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(element, pad_name);

	gst_pad_add_probe(pad, type, callback, m, NULL);
}

/**
 * media_start() - builds the pipeline and makes it ready for pictures
 * @m: the media, not started before
 * @config: format, rate and address of the sink
 * @context: where errors are told and pictures repeated; its thread must run it
 * @on_error: told once if the stream breaks
 * @user_data: for @on_error
 * @error: GST_CORE_ERROR: an element is missing or does not work
 *
 * Nothing is sent before media_set_playing().
 */
gboolean media_start(Media *m, const struct media_config *config, GMainContext *context,
		     media_error_func on_error, gpointer user_data, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	g_autoptr(GstElement) sink = NULL;
	g_autoptr(GstBus) bus = NULL;

	g_return_val_if_fail(!m->pipeline, FALSE);
	if (!choose_pipeline(m, config, &local_error)) {
		g_propagate_error(error, g_steal_pointer(&local_error));
		return FALSE;
	}
	m->fps = config->format.mode.fps;
	m->on_error = on_error;
	m->user_data = user_data;
	m->appsrc = gst_bin_get_by_name(GST_BIN(m->pipeline), "src");
	m->encoder = gst_bin_get_by_name(GST_BIN(m->pipeline), "encoder");
	m->encoder_sink = gst_element_get_static_pad(m->encoder, "sink");
	sink = gst_bin_get_by_name(GST_BIN(m->pipeline), "sink");
	/* The socket is taken at READY. */
	gst_element_set_state(sink, GST_STATE_NULL);
	g_object_set(sink, "socket", m->rtp_socket, NULL);
	add_probe(m->encoder, "sink", GST_PAD_PROBE_TYPE_BUFFER, before_encoder, m);
	add_probe(m->encoder, "src", GST_PAD_PROBE_TYPE_BUFFER, behind_encoder, m);
	add_probe(sink, "sink", GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
		  before_network, m);
	bus = gst_element_get_bus(m->pipeline);
	m->bus_watch = gst_bus_create_watch(bus);
	g_source_set_callback(m->bus_watch, G_SOURCE_FUNC(on_bus), m, NULL);
	g_source_attach(m->bus_watch, context);
	m->tick = g_timeout_source_new(TICK_MS);
	g_source_set_callback(m->tick, on_tick, m, NULL);
	g_source_attach(m->tick, context);
	if (gst_element_set_state(m->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
			    "%s does not start: try another encoder", m->encoder_name);
		return FALSE;
	}
	g_mutex_lock(&m->lock);
	m->started = TRUE;
	g_mutex_unlock(&m->lock);
	return TRUE;
}

/* The encoder in use; NULL before media_start(). */
const char *media_encoder(const Media *m)
{
	return m->encoder_name;
}

/* Whether the sink plays. It begins with a keyframe, of the last picture if there is one. */
void media_set_playing(Media *m, gboolean playing)
{
	g_mutex_lock(&m->lock);
	m->keyframe_wanted = playing;
	m->playing = playing;
	g_mutex_unlock(&m->lock);
	if (playing)
		repeat_last(m);
}

/* The next picture, which is the last one again if no other comes soon, becomes a keyframe. */
void media_force_keyframe(Media *m)
{
	g_mutex_lock(&m->lock);
	m->keyframe_wanted = TRUE;
	g_mutex_unlock(&m->lock);
}

static void set_caps(Media *m, const struct media_frame *frame)
{
	g_autoptr(GstCaps) caps = NULL;

	if (m->info.width == (gint)frame->width && m->info.height == (gint)frame->height)
		return;
	gst_video_info_set_format(&m->info, GST_VIDEO_FORMAT_BGRx, frame->width, frame->height);
	m->info.fps_n = m->fps;
	m->info.fps_d = 1;
	caps = gst_video_info_to_caps(&m->info);
	gst_app_src_set_caps(GST_APP_SRC(m->appsrc), caps);
}

static GstBuffer *wrap(const struct media_frame *frame)
{
	GstBuffer *buffer = gst_buffer_new();
	gsize offsets[GST_VIDEO_MAX_PLANES] = {0};
	gint strides[GST_VIDEO_MAX_PLANES] = {frame->stride};

	gst_buffer_append_memory(
		buffer, gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, (gpointer)frame->pixels,
					       frame->size, 0, frame->size, frame->release_data,
					       frame->release));
	gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGRx,
				       frame->width, frame->height, 1, offsets, strides);
	return buffer;
}

/* Waits until the encoder is free, and takes it; FALSE if a newer picture came first or it takes too long. */
static gboolean take_encoder(Media *m, gint64 end)
{
	guint64 ticket = ++m->newest;

	g_cond_broadcast(&m->cond);
	while (m->busy && ticket == m->newest && !m->failed)
		if (!g_cond_wait_until(&m->cond, &m->lock, end))
			return FALSE;
	if (ticket != m->newest || m->failed)
		return FALSE;
	m->busy = TRUE;
	m->passed = FALSE;
	m->held_back = FALSE;
	return TRUE;
}

/**
 * media_push() - has one picture encoded and sent
 * @m: the media; several threads may push at once
 * @frame: the picture; release is called in every case
 * @encode_ns: how long it was with the encoder, in nanoseconds; 0 if it was not encoded
 *
 * Returns when the picture is encoded or will not be, at the latest after two seconds.
 */
enum media_outcome media_push(Media *m, const struct media_frame *frame, guint64 *encode_ns)
{
	gint64 end = g_get_monotonic_time() + PUSH_TIMEOUT;
	enum media_outcome outcome = MEDIA_DROPPED;
	GstBuffer *buffer = wrap(frame);
	gboolean keyframe;
	gint64 begin;

	*encode_ns = 0;
	g_mutex_lock(&m->lock);
	m->figures.frames_in++;
	if (!m->started || m->failed) {
		outcome = MEDIA_NOT_STREAMING;
		goto out;
	}
	/* Two threads may have brought two pictures in the wrong order. */
	if (frame->time_ns < m->newest_time)
		goto out;
	m->newest_time = frame->time_ns;
	if (!take_encoder(m, end))
		goto out;
	/* One that was given up is still there: do not pile up behind it. */
	if (gst_app_src_get_current_level_buffers(GST_APP_SRC(m->appsrc))) {
		m->busy = FALSE;
		goto out;
	}
	begin = g_get_monotonic_time();
	GST_BUFFER_PTS(buffer) = next_pts(m, frame->time_ns);
	GST_BUFFER_DURATION(buffer) = GST_SECOND / m->fps;
	keyframe = m->keyframe_wanted && m->playing;
	m->keyframe_wanted = m->keyframe_wanted && !keyframe;
	g_mutex_unlock(&m->lock);

	set_caps(m, frame);
	if (keyframe)
		send_force_keyframe(m);
	gst_app_src_push_buffer(GST_APP_SRC(m->appsrc), g_steal_pointer(&buffer));

	g_mutex_lock(&m->lock);
	while (!m->passed && !m->held_back && !m->failed)
		if (!g_cond_wait_until(&m->cond, &m->lock, end))
			break;
	if (m->passed) {
		outcome = MEDIA_ENCODED;
		*encode_ns = (m->last_time - begin) * 1000;
		m->figures.encode_ns += *encode_ns;
	} else if (m->held_back || m->failed) {
		outcome = MEDIA_NOT_STREAMING;
	} else if (!m->missing_since) {
		m->missing_since = begin;
	}
	m->busy = FALSE;
	g_cond_broadcast(&m->cond);
out:
	m->figures.frames_encoded += outcome == MEDIA_ENCODED;
	m->figures.frames_dropped += outcome == MEDIA_DROPPED;
	g_mutex_unlock(&m->lock);
	gst_clear_buffer(&buffer);
	return outcome;
}

void media_get_figures(Media *m, struct media_figures *figures)
{
	g_mutex_lock(&m->lock);
	*figures = m->figures;
	g_mutex_unlock(&m->lock);
}
