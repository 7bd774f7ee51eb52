// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-media.h"

#include "sink-png.h"
#include "sink-rtcp.h"

#include <gst/app/gstappsink.h>
#include <gst/net/gstnetaddressmeta.h>
#include <gst/video/video.h>
#include <string.h>
#include <sys/socket.h>

#define JITTER_MS	100
#define RECEIVE_BUFFER	(2 * 1024 * 1024)
#define TS_PACKET	188
#define TS_PIDS		8192
#define TS_NULL_PID	0x1fff
#define NO_COUNTER	0xff
#define REPORT_INTERVAL 1000 /* ms */
#define RTCP_BYTES	1500
#define DECODING	16 /* pictures with the decoder, at most */
#define EVERY		8 /* pixel is looked at, of each so manieth row */

struct SinkMedia {
	GSocket *socket;
	GSocket *rtcp; /* the port above */
	GSource *rtcp_watch;
	GSocketAddress *rtcp_peer; /* where sender reports come from; NULL: none has come */
	SinkSenderReport sender_report; /* the last */
	gint64 sender_report_at;
	guint32 own_ssrc;
	guint report_timer;
	GInetAddress *peer;
	SinkDtls *dtls; /* NULL: RTP comes in clear */
	guint16 port;
	GstElement *pipeline;
	GstElement *jitterbuffer;
	GstPad *video_pad; /* where the H.264 stream goes in */
	guint bus_watch;
	SinkViewer *viewer; /* NULL: nobody looks */
	SinkMediaFailedFunc failed;
	gpointer user_data;

	GMutex lock; /* guards what follows; the streaming threads write it */
	SinkMediaStatistics stats;
	SinkRtpSequence sequence;
	SinkSound *sound;
	SinkSkew *skew;
	SinkFlash *flash; /* NULL: flashes are not looked for */
	/* What the pipeline calls the times of the last pictures, and what the stream does: */
	struct {
		GstClockTime time;
		gint64 pts;
	} times[DECODING];
	guint n_times; /* so far */
	GstSample *sample;
	SinkPicture picture;

	/* Of the one streaming thread behind the jitter buffer: */
	guint32 ts_ssrc;
	guint8 counters[TS_PIDS];
	gboolean damaged; /* something was lost, and no keyframe has come since */
};

static void on_sound(const guint8 *samples, guint frames, guint rate, gint64 pts,
		     gpointer user_data)
{
	SinkMedia *media = user_data;

	if (media->flash)
		sink_flash_sound(media->flash, pts, samples, frames, rate);
	if (media->viewer)
		sink_viewer_play(media->viewer, samples, frames, rate);
}

static const char *caps_name(const GstCaps *caps)
{
	return gst_structure_get_name(gst_caps_get_structure(caps, 0));
}

static GSocket *bind_port(GInetAddress *local, guint16 port, GError **error)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(local, port);
	g_autoptr(GSocket)
		socket = g_socket_new(g_inet_address_get_family(local), G_SOCKET_TYPE_DATAGRAM,
				      G_SOCKET_PROTOCOL_UDP, error);

	if (!socket || !g_socket_bind(socket, address, FALSE, error))
		return NULL;
	/* The kernel caps this at net.core.rmem_max; less only means more loss. */
	g_socket_set_option(socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, NULL);
	return g_steal_pointer(&socket);
}

/* RTP's port, even if it is ours to choose, and RTCP's above it (RFC 3550, 11). */
static gboolean bind_ports(SinkMedia *media, GInetAddress *local, guint16 port, GError **error)
{
	for (guint tries = 0; tries < 32; tries++) {
		g_autoptr(GSocket) rtp = bind_port(local, port, error);
		g_autoptr(GSocketAddress) address = NULL;
		g_autoptr(GSocket) rtcp = NULL;
		guint16 bound;

		address = rtp ? g_socket_get_local_address(rtp, error) : NULL;
		if (!address)
			return FALSE;
		bound = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
		if (!port && bound % 2)
			continue;
		rtcp = bind_port(local, bound + 1, port ? error : NULL);
		if (rtcp) {
			media->port = bound;
			media->socket = g_steal_pointer(&rtp);
			media->rtcp = g_steal_pointer(&rtcp);
			return TRUE;
		}
		if (port)
			return FALSE;
	}
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
			    "no even port and the one above are free");
	return FALSE;
}

SinkMedia *sink_media_new(GInetAddress *local, guint16 port, GInetAddress *peer,
			  SinkMediaFailedFunc failed, gpointer user_data, GError **error)
{
	g_autoptr(SinkMedia) media = g_new0(SinkMedia, 1);

	g_mutex_init(&media->lock);
	if (!bind_ports(media, local, port, error)) {
		g_prefix_error(error, "No UDP ports for RTP and RTCP: ");
		return NULL;
	}
	media->peer = g_object_ref(peer);
	media->own_ssrc = g_random_int();
	media->failed = failed;
	media->user_data = user_data;
	memset(media->counters, NO_COUNTER, sizeof(media->counters));
	media->skew = sink_skew_new();
	media->sound = sink_sound_new(on_sound, media);
	return g_steal_pointer(&media);
}

void sink_media_stop_reports(SinkMedia *media)
{
	g_clear_handle_id(&media->report_timer, g_source_remove);
}

void sink_media_free(SinkMedia *media)
{
	if (!media)
		return;
	if (media->bus_watch)
		g_source_remove(media->bus_watch);
	sink_media_stop_reports(media);
	if (media->rtcp_watch)
		g_source_destroy(media->rtcp_watch);
	g_clear_pointer(&media->rtcp_watch, g_source_unref);
	g_clear_object(&media->rtcp_peer);
	g_clear_object(&media->rtcp);
	if (media->pipeline)
		gst_element_set_state(media->pipeline, GST_STATE_NULL);
	g_clear_object(&media->jitterbuffer);
	g_clear_object(&media->video_pad);
	g_clear_object(&media->pipeline);
	g_clear_pointer(&media->sample, gst_sample_unref);
	g_clear_pointer(&media->sound, sink_sound_free);
	g_clear_pointer(&media->skew, sink_skew_free);
	g_clear_pointer(&media->flash, sink_flash_free);
	g_mutex_clear(&media->lock);
	g_clear_pointer(&media->dtls, sink_dtls_unref);
	g_clear_object(&media->peer);
	g_clear_object(&media->socket);
	g_free(media);
}

void sink_media_set_dtls(SinkMedia *media, SinkDtls *dtls)
{
	media->dtls = sink_dtls_ref(dtls);
}

void sink_media_set_viewer(SinkMedia *media, SinkViewer *viewer)
{
	media->viewer = viewer;
}

void sink_media_look_for_flashes(SinkMedia *media)
{
	media->flash = sink_flash_new();
}

guint16 sink_media_port(const SinkMedia *media)
{
	return media->port;
}

static gboolean from_peer(const SinkMedia *media, GstBuffer *buffer)
{
	GstNetAddressMeta *meta = gst_buffer_get_net_address_meta(buffer);

	return meta && G_IS_INET_SOCKET_ADDRESS(meta->addr) &&
	       g_inet_address_equal(
		       g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(meta->addr)),
		       media->peer);
}

/* What was in the record; NULL: it is none. */
static GstBuffer *unseal(SinkMedia *media, GstBuffer *buffer)
{
	GBytes *bytes = NULL;
	GstBuffer *plain;
	GstMapInfo map;

	if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
		bytes = sink_dtls_open(media->dtls, map.data, map.size);
		gst_buffer_unmap(buffer, &map);
	}
	if (!bytes)
		return NULL;
	plain = gst_buffer_new_wrapped_bytes(bytes);
	g_bytes_unref(bytes);
	gst_buffer_copy_into(plain, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
	return plain;
}

static GstPadProbeReturn on_sealed(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	SinkMedia *media = user_data;
	GstBuffer *sealed = GST_PAD_PROBE_INFO_BUFFER(info);
	GstBuffer *plain;

	/* Whose it is comes first: nobody else makes work. on_rtp() drops and counts it. */
	if (!from_peer(media, sealed))
		return GST_PAD_PROBE_OK;
	plain = unseal(media, sealed);
	if (!plain) {
		g_mutex_lock(&media->lock);
		media->stats.rtp_unsealed++;
		g_mutex_unlock(&media->lock);
		return GST_PAD_PROBE_DROP;
	}
	gst_buffer_unref(sealed);
	GST_PAD_PROBE_INFO_DATA(info) = plain;
	return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn on_rtp(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	SinkMedia *media = user_data;
	GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
	gboolean accepted = FALSE;
	guint8 head[SINK_RTP_HEAD];

	g_mutex_lock(&media->lock);
	if (!from_peer(media, buffer)) {
		media->stats.rtp_foreign++;
	} else if (gst_buffer_extract(buffer, 0, head, sizeof(head)) < sizeof(head) ||
		   head[0] >> 6 != 2) {
		media->stats.rtp_malformed++;
	} else {
		accepted = TRUE;
		media->stats.rtp_packets++;
		media->stats.rtp_bytes += gst_buffer_get_size(buffer);
		sink_rtp_sequence_count(&media->sequence, head, g_get_monotonic_time());
		media->stats.rtp_lost = sink_rtp_sequence_lost(&media->sequence);
	}
	g_mutex_unlock(&media->lock);
	return accepted ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* A new RTP stream brings a new transport stream, whose counters owe nothing to the old one. */
static GstPadProbeReturn on_ordered_rtp(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	SinkMedia *media = user_data;
	guint8 head[SINK_RTP_HEAD];
	guint32 ssrc;

	gst_buffer_extract(GST_PAD_PROBE_INFO_BUFFER(info), 0, head, sizeof(head));
	ssrc = GST_READ_UINT32_BE(head + 8);
	if (ssrc != media->ts_ssrc)
		memset(media->counters, NO_COUNTER, sizeof(media->counters));
	media->ts_ssrc = ssrc;
	return GST_PAD_PROBE_OK;
}

/* ISO/IEC 13818-1, 2.4.3: the counter goes up by one with every packet of a PID that has payload. */
static void check_ts_packet(SinkMedia *media, const guint8 *packet)
{
	guint pid = (packet[1] & 0x1f) << 8 | packet[2];
	gboolean payload = packet[3] & 0x10;
	gboolean jump = packet[3] & 0x20 && packet[4] && packet[5] & 0x80;
	guint8 counter = packet[3] & 0x0f;
	guint8 last = media->counters[pid];

	media->stats.ts_packets++;
	if (packet[0] != 0x47) {
		media->stats.ts_sync_errors++;
		return;
	}
	if (pid == TS_NULL_PID)
		return;
	/* The same counter again is a packet sent twice, which is legal. */
	if (payload && !jump && last != NO_COUNTER && counter != last &&
	    counter != ((last + 1) & 0x0f)) {
		media->stats.ts_continuity_errors++;
		media->damaged = TRUE;
	}
	media->counters[pid] = counter;
}

static GstPadProbeReturn on_ts(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	gint64 now = g_get_monotonic_time();
	SinkMedia *media = user_data;
	GstMapInfo map;

	if (!gst_buffer_map(GST_PAD_PROBE_INFO_BUFFER(info), &map, GST_MAP_READ))
		return GST_PAD_PROBE_OK;
	g_mutex_lock(&media->lock);
	for (gsize at = 0; at + TS_PACKET <= map.size; at += TS_PACKET) {
		check_ts_packet(media, map.data + at);
		sink_sound_packet(media->sound, map.data + at);
		sink_skew_packet(media->skew, map.data + at, now);
	}
	g_mutex_unlock(&media->lock);
	gst_buffer_unmap(GST_PAD_PROBE_INFO_BUFFER(info), &map);
	return GST_PAD_PROBE_OK;
}

/* Streams that are not shown end here: counted if audio, dropped, and no error for the demultiplexer. */
static GstPadProbeReturn on_unshown(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	SinkMedia *media = user_data;
	g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);

	if (caps && g_str_has_prefix(caps_name(caps), "audio/")) {
		g_mutex_lock(&media->lock);
		media->stats.audio_buffers++;
		media->stats.audio_bytes += gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info));
		g_mutex_unlock(&media->lock);
	}
	return GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn on_coded(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	SinkMedia *media = user_data;

	if (!GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_DELTA_UNIT)) {
		g_mutex_lock(&media->lock);
		media->stats.keyframes++;
		media->damaged = FALSE;
		g_mutex_unlock(&media->lock);
	}
	return GST_PAD_PROBE_OK;
}

/* A picture leaves the demultiplexer as soon as it is whole. */
static GstPadProbeReturn on_whole(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	SinkMedia *media = user_data;
	guint at;

	g_mutex_lock(&media->lock);
	at = media->n_times++ % DECODING;
	media->times[at].time = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
	media->times[at].pts = sink_skew_picture(media->skew);
	g_mutex_unlock(&media->lock);
	return GST_PAD_PROBE_OK;
}

/* The mean of Y. */
static guint brightness_of(GstSample *sample, const GstVideoInfo *info)
{
	guint64 sum = 0, n = 0;
	GstVideoFrame frame;

	if (!gst_video_frame_map(&frame, info, gst_sample_get_buffer(sample), GST_MAP_READ))
		return 0;
	for (int y = 0; y < GST_VIDEO_FRAME_HEIGHT(&frame); y += EVERY)
		for (int x = 0; x < GST_VIDEO_FRAME_WIDTH(&frame); x += EVERY, n++)
			sum += *((guint8 *)GST_VIDEO_FRAME_COMP_DATA(&frame, 0) +
				 y * GST_VIDEO_FRAME_COMP_STRIDE(&frame, 0) +
				 x * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, 0));
	gst_video_frame_unmap(&frame);
	return sum / MAX(n, 1);
}

static void look_for_flash(SinkMedia *media, GstSample *sample, const GstVideoInfo *info)
{
	GstClockTime time = GST_BUFFER_PTS(gst_sample_get_buffer(sample));
	guint brightness = brightness_of(sample, info);

	if (!GST_CLOCK_TIME_IS_VALID(time))
		return;
	g_mutex_lock(&media->lock);
	for (guint i = 0; i < MIN(media->n_times, DECODING); i++)
		if (media->times[i].time == time && media->times[i].pts >= 0)
			sink_flash_picture(media->flash, media->times[i].pts, brightness);
	g_mutex_unlock(&media->lock);
}

static GstFlowReturn on_picture(GstAppSink *sink, gpointer user_data)
{
	SinkMedia *media = user_data;
	g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);
	SinkMediaStatistics *stats = &media->stats;
	GstVideoInfo info;
	gboolean corrupt;

	if (!sample || !gst_video_info_from_caps(&info, gst_sample_get_caps(sample)))
		return GST_FLOW_OK;
	corrupt = GST_BUFFER_FLAG_IS_SET(gst_sample_get_buffer(sample), GST_BUFFER_FLAG_CORRUPTED);
	if (media->viewer)
		sink_viewer_show(media->viewer, sample);
	if (media->flash)
		look_for_flash(media, sample, &info);

	g_mutex_lock(&media->lock);
	stats->frames++;
	stats->frames_corrupt += corrupt;
	/* A keyframe may be what was lost. */
	media->damaged |= corrupt;
	stats->frames_damaged += media->damaged;
	stats->width = info.width;
	stats->height = info.height;
	stats->last_frame_us = g_get_monotonic_time();
	if (!stats->first_frame_us)
		stats->first_frame_us = stats->last_frame_us;
	if (!corrupt || !media->sample) {
		media->picture = (SinkPicture){
			.real_us = g_get_real_time(),
			.frame = stats->frames,
			.width = info.width,
			.height = info.height,
		};
		/* The old one is freed after the lock is. */
		GstSample *old = media->sample;

		media->sample = g_steal_pointer(&sample);
		sample = old;
	}
	g_mutex_unlock(&media->lock);
	return GST_FLOW_OK;
}

static void add_probe(GstElement *element, const char *pad_name, GstPadProbeType type,
		      GstPadProbeCallback callback, SinkMedia *media)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(element, pad_name);

	gst_pad_add_probe(pad, type, callback, media, NULL);
}

/* The first that is installed; if none is, the one to ask for. */
static const char *decoder_name(void)
{
	static const char *const names[] = {"avdec_h264", "openh264dec"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GstElementFactory) factory = gst_element_factory_find(names[i]);

		if (factory)
			return names[i];
	}
	return names[0];
}

static GstElement *make(const char *name, GError **error)
{
	GstElement *element = gst_element_factory_make(name, NULL);

	if (!element)
		g_set_error(
			error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
			"GStreamer has no element %s; install gstreamer1.0-plugins-base, -good, "
			"-bad and gstreamer1.0-libav",
			name);
	return element;
}

gboolean sink_media_preload(GError **error)
{
	const char *const names[] = {"udpsrc",	  "rtpjitterbuffer", "rtpmp2tdepay", "tsdemux",
				     "h264parse", decoder_name(),    "appsink"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		GstElement *element = make(names[i], error);

		if (!element)
			return FALSE;
		gst_object_unref(gst_object_ref_sink(element));
	}
	return TRUE;
}

/* Makes the elements of a NULL-terminated list of names, adds them to the pipeline, links them. */
static gboolean add_chain(SinkMedia *media, GstElement **made, const char *const *names,
			  GError **error)
{
	for (guint i = 0; names[i]; i++) {
		made[i] = make(names[i], error);
		if (!made[i])
			return FALSE;
		gst_bin_add(GST_BIN(media->pipeline), made[i]);
		if (i && !gst_element_link(made[i - 1], made[i])) {
			g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_PAD,
				    "%s does not link to %s", names[i - 1], names[i]);
			return FALSE;
		}
	}
	return TRUE;
}

/* A source may end its stream and begin another; the decoder goes on with that one. */
static GstPadProbeReturn on_video_event(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	return GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS ? GST_PAD_PROBE_DROP
									       : GST_PAD_PROBE_OK;
}

static gboolean add_video(SinkMedia *media, GError **error)
{
	GstAppSinkCallbacks callbacks = {.new_sample = on_picture};
	const char *names[] = {"h264parse", decoder_name(), "appsink", NULL};
	GstElement *made[3];

	if (!add_chain(media, made, names, error))
		return FALSE;
	/* Frame threads would hold back the last pictures of a stream that pauses. */
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(made[1]), "thread-type"))
		gst_util_set_object_arg(G_OBJECT(made[1]), "thread-type", "slice");
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(made[1]), "output-corrupt"))
		g_object_set(made[1], "output-corrupt", TRUE, NULL);
	g_object_set(made[2], "sync", FALSE, "async", FALSE, "max-buffers", 1, "drop", TRUE, NULL);
	gst_app_sink_set_callbacks(GST_APP_SINK(made[2]), &callbacks, media, NULL);
	add_probe(made[0], "src", GST_PAD_PROBE_TYPE_BUFFER, on_coded, media);
	add_probe(made[0], "sink", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_video_event, media);
	if (media->flash)
		add_probe(made[0], "sink", GST_PAD_PROBE_TYPE_BUFFER, on_whole, media);
	media->video_pad = gst_element_get_static_pad(made[0], "sink");
	return TRUE;
}

static void on_stream(GstElement *demux, GstPad *pad, gpointer user_data)
{
	SinkMedia *media = user_data;
	g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);

	if (caps && !strcmp(caps_name(caps), "video/x-h264") &&
	    !gst_pad_is_linked(media->video_pad) &&
	    gst_pad_link(pad, media->video_pad) == GST_PAD_LINK_OK)
		return;
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_unshown, media, NULL);
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user_data)
{
	SinkMedia *media = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
		return G_SOURCE_CONTINUE;
	gst_message_parse_error(message, &error, NULL);
	sentence = g_strdup_printf("%s: %s", GST_MESSAGE_SRC_NAME(message), error->message);
	media->failed(sentence, media->user_data);
	return G_SOURCE_CONTINUE;
}

/*
 * RTCP: the source is told what arrives, from when it has said where it listens.
 */

static gboolean on_report_due(gpointer user_data)
{
	guint8 bytes[SINK_RECEIVER_REPORT];
	SinkMedia *media = user_data;
	SinkReceiverReport report;
	gboolean any;

	g_mutex_lock(&media->lock);
	any = media->sequence.received && media->rtcp_peer;
	if (any) {
		report = sink_rtp_sequence_report(&media->sequence, &media->sender_report,
						  g_get_monotonic_time() - media->sender_report_at);
		report.own_ssrc = media->own_ssrc;
		media->stats.rtcp_sent++;
	}
	g_mutex_unlock(&media->lock);
	if (any) {
		sink_rtcp_write(&report, bytes);
		/* The next one says what this one did, should it be lost. */
		g_socket_send_to(media->rtcp, media->rtcp_peer, (const char *)bytes, sizeof(bytes),
				 NULL, NULL);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean on_rtcp(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	g_autoptr(GSocketAddress) from = NULL;
	SinkMedia *media = user_data;
	guint8 bytes[RTCP_BYTES];
	SinkSenderReport report;
	gssize size =
		g_socket_receive_from(socket, &from, (char *)bytes, sizeof(bytes), NULL, NULL);

	if (size < 0 || !G_IS_INET_SOCKET_ADDRESS(from) ||
	    !g_inet_address_equal(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(from)),
				  media->peer) ||
	    !sink_rtcp_read(bytes, size, &report))
		return G_SOURCE_CONTINUE;
	g_mutex_lock(&media->lock);
	media->stats.rtcp_received++;
	media->sender_report = report;
	media->sender_report_at = g_get_monotonic_time();
	g_set_object(&media->rtcp_peer, from);
	g_mutex_unlock(&media->lock);
	return G_SOURCE_CONTINUE;
}

static void start_reports(SinkMedia *media)
{
	g_socket_set_blocking(media->rtcp, FALSE);
	media->rtcp_watch = g_socket_create_source(media->rtcp, G_IO_IN, NULL);
	g_source_set_callback(media->rtcp_watch, G_SOURCE_FUNC(on_rtcp), media, NULL);
	g_source_attach(media->rtcp_watch, NULL);
	media->report_timer = g_timeout_add(REPORT_INTERVAL, on_report_due, media);
}

gboolean sink_media_start(SinkMedia *media, GError **error)
{
	static const char *const names[] = {"udpsrc", "rtpjitterbuffer", "rtpmp2tdepay", "tsdemux",
					    NULL};
	g_autoptr(GstCaps)
		caps = gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "video",
					   "clock-rate", G_TYPE_INT, 90000, "encoding-name",
					   G_TYPE_STRING, "MP2T", "payload", G_TYPE_INT, 33, NULL);
	g_autoptr(GstBus) bus = NULL;
	GstElement *made[4];

	if (media->pipeline)
		return TRUE;
	media->pipeline = gst_object_ref_sink(gst_pipeline_new("sink"));
	if (!add_chain(media, made, names, error) || !add_video(media, error))
		return FALSE;
	g_object_set(made[0], "socket", media->socket, "close-socket", FALSE, "caps", caps, NULL);
	g_object_set(made[1], "latency", JITTER_MS, NULL);
	media->jitterbuffer = gst_object_ref(made[1]);
	if (media->dtls)
		add_probe(made[0], "src", GST_PAD_PROBE_TYPE_BUFFER, on_sealed, media);
	add_probe(made[0], "src", GST_PAD_PROBE_TYPE_BUFFER, on_rtp, media);
	add_probe(made[2], "sink", GST_PAD_PROBE_TYPE_BUFFER, on_ordered_rtp, media);
	add_probe(made[2], "src", GST_PAD_PROBE_TYPE_BUFFER, on_ts, media);
	g_signal_connect(made[3], "pad-added", G_CALLBACK(on_stream), media);

	bus = gst_element_get_bus(media->pipeline);
	media->bus_watch = gst_bus_add_watch(bus, on_bus, media);
	if (gst_element_set_state(media->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		g_set_error_literal(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
				    "the GStreamer pipeline did not start");
		return FALSE;
	}
	start_reports(media);
	return TRUE;
}

void sink_media_statistics(SinkMedia *media, SinkMediaStatistics *stats)
{
	g_autoptr(GstStructure) jitter = NULL;

	g_mutex_lock(&media->lock);
	*stats = media->stats;
	sink_sound_statistics(media->sound, &stats->sound);
	sink_skew_statistics(media->skew, &stats->skew);
	if (media->flash)
		sink_flash_statistics(media->flash, &stats->flash);
	stats->frames_shown = media->viewer ? sink_viewer_shown(media->viewer) : 0;
	g_mutex_unlock(&media->lock);
	if (!media->jitterbuffer)
		return;
	g_object_get(media->jitterbuffer, "stats", &jitter, NULL);
	gst_structure_get_uint64(jitter, "num-duplicates", &stats->rtp_duplicates);
	gst_structure_get_uint64(jitter, "num-late", &stats->rtp_late);
}

gboolean sink_media_save_png(SinkMedia *media, const char *path, SinkPicture *picture,
			     GError **error)
{
	g_autoptr(GstSample) sample = NULL;

	g_mutex_lock(&media->lock);
	if (media->sample)
		sample = gst_sample_ref(media->sample);
	*picture = media->picture;
	g_mutex_unlock(&media->lock);
	if (sample)
		return sink_png_save(sample, path, error);
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no picture has been decoded");
	return FALSE;
}
