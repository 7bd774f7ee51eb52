// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures through the encoder (media-pipeline.h), one at a time, and out: see media.h.
 *
 * Five kinds of threads meet here: those that push (any number), GStreamer's own, the media's
 * own, which repeats the last picture, the sound's, and the one of the context given to
 * media_start(), which never waits for an encoder and so can tell that it is stuck. The encoder is used by whoever
 * has set "busy"; the lock is never held while GStreamer moves pictures.
 *
 * A picture's way: push() notes what has changed in it, waits for busy, sets it, converts what has
 * changed since the last one that came so far (videoconvert has nothing to do but to interleave the
 * chroma for an encoder that wants NV12), hands the picture to appsrc. The
 * probe in front of the encoder keeps the picture for repeats (and, while paused, lets it go no
 * further); the probe behind it marks the picture as encoded and wakes push(). appsink's callback
 * then makes packets of it and sends them, before it returns to the encoder.
 *
 * Pictures have turns (media-pace.h), as many a second as the stream has pictures: more would be more
 * bits than the encoder shares out, and more of its time than there is.
 *
 * A pointer's way: media_show_cursor() notes it, and the next picture has it. If none comes, the
 * media's own thread takes the last one, puts back what the pointer covered and draws it in its
 * new place.
 *
 * Pictures come when the screen changes, not at the mode's rate, and some encoders count frames
 * instead of reading the time of each. So the probe behind the encoder stamps what comes out with
 * the time of what went in: one comes out for one that went in.
 */
#include "media.h"

#include "media-aac.h"
#include "media-canvas.h"
#include "media-damage.h"
#include "media-feedback.h"
#include "media-h264.h"
#include "media-pace.h"
#include "media-packetizer.h"
#include "media-picture.h"
#include "media-pipeline.h"
#include "media-sound.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#define PUSH_TIMEOUT	     (2 * G_TIME_SPAN_SECOND) /* that anybody waits for the encoder */
#define TAKE_TIMEOUT	     (100 * G_TIME_SPAN_MILLISECOND) /* for a picture that is being drawn */
#define STUCK_AFTER	     (10 * G_TIME_SPAN_SECOND) /* without a picture: it hangs */
#define TICK_MS		     250 /* see media_feedback_judge() */
#define REPEAT_AFTER	     (80 * G_TIME_SPAN_MILLISECOND) /* without another picture */
#define REPEATS_TO_SETTLE    8 /* then a picture is as good as it gets, and out of any decoder */
#define REPEAT_SETTLED_AFTER (500 * G_TIME_SPAN_MILLISECOND)
#define GAP_MARGIN	     (100 * G_TIME_SPAN_MILLISECOND) /* a picture may come late */
#define KEYFRAME_EVERY	     (5 * G_TIME_SPAN_SECOND) /* a sink may have lost a packet and not ask */
#define KEYFRAME_LIMIT	     (500 * G_TIME_SPAN_MILLISECOND) /* between two that were asked for */
#define CLOCK_INTERVAL	     (MEDIA_CLOCK_INTERVAL_NS / 1000)
#define SMALLEST_STEP	     32 /* the encoder is told if the rate changes by one part of so many */
/* If a keyframe comes of it, of a rise less often: of one part of so many, or of less. */
#define RISE_STEP	    4
#define RISE_INTERVAL	    (2 * G_TIME_SPAN_SECOND)
#define SMALL_RISE_INTERVAL (10 * G_TIME_SPAN_SECOND)
#define BLACK_AFTER	    G_TIME_SPAN_SECOND /* of PLAY; sinks give up on an empty stream */

struct _Media {
	GMutex sending; /* guards the packetiser and the sender */
	MediaPacketizer *packetizer;
	MediaSender *sender;
	gboolean sender_reports;

	/* Of the context's thread: */
	MediaFeedback feedback;
	guint kbit; /* what pictures take at most since the encoder was told last; 0: it keeps its rate */
	gint64 told_at; /* monotonic us: when that was */
	gint64 warning_time; /* monotonic us of the last warning logged */

	GstElement *pipeline;
	GstElement *encoder;
	GstElement *appsrc;
	GstPad *encoder_sink;
	GstPad *encoder_src;
	GSource *tick;
	GSource *bus_watch;
	GThread *repeater;
	MediaSound *sound; /* NULL: none */
	const MediaEncoder *kind; /* of encoder */
	guint width, height, fps; /* of the mode */
	guint gap; /* us from one picture to the next at most; 0: no limit */
	gboolean high_profile;
	MediaErrorFunc on_error;
	gpointer user_data;

	GMutex lock;
	GCond cond;
	gboolean started; /* what is above does not change any more */
	gboolean playing;
	gboolean failed;
	gboolean ending; /* the repeater's thread is to return */
	guint waiting; /* pushes that wait for the encoder */
	gboolean busy; /* a picture is on its way to the encoder's output */
	gboolean passed; /* it got there */
	gboolean held_back; /* it was stopped before the encoder: paused */
	guint64 newest; /* ticket of the push that waits, or of the last one that did */
	gint64 newest_time; /* its picture's, nanoseconds */
	gint64 missing_since; /* monotonic us: a picture went in and none came out; 0: all well */
	GstBuffer *last; /* the last picture as the encoder saw it */
	GstClockTime last_pts;
	GstClockTime in_pts; /* of the picture that went into the encoder last */
	GstClockTimeDiff pts_shift; /* what encoders add to it; NONE before the first picture */
	MediaCanvas canvas; /* of whoever has set busy */
	MediaDamage damage; /* since what the canvas was drawn of */

	gboolean has_picture;
	guint picture_width, picture_height; /* of the last one that came; 0: none has */
	MediaCursor cursor;
	guint64 cursor_newest; /* how often it has changed */
	guint64 cursor_shown; /* that change, or a later one, was encoded */
	gint64 cursor_at; /* monotonic us: no picture for its sake before */
	MediaPace pace; /* of new pictures */
	gboolean keyframe_wanted;
	MediaHeard heard; /* since the rate was judged last */
	gint64 black_at; /* monotonic us: a black picture is sent if there is none to repeat */
	gint64 last_time; /* monotonic us of the last picture encoded */
	gint64 given_time; /* of the first one that has not been sent; 0: there is none */
	gint64 repeat_at; /* monotonic us: not before */
	guint repeats; /* of the last picture since it, or a keyframe, came */
	gint64 clock_at; /* monotonic us: the clock is sent if no picture was */
	gint64 keyframe_time; /* of the last keyframe, or of the last time that one was asked for; 0: not since PLAY */
	gint64 request_time; /* of the sink's last request for one that counted; 0: none did */
	MediaSent sent; /* so far */
	MediaStatistics statistics;
};

/*
 * @rtp_socket, @rtcp_socket: (transfer full): UDP, bound, and connected to the sink before
 * media_start()
 */
Media *media_new(int rtp_socket, int rtcp_socket, GError **error)
{
	g_autoptr(Media) m = g_new0(Media, 1);
	guint16 first_packet;
	guint32 ssrc;

	g_mutex_init(&m->lock);
	g_mutex_init(&m->sending);
	g_cond_init(&m->cond);
	m->last_pts = GST_CLOCK_TIME_NONE;
	m->pts_shift = GST_CLOCK_STIME_NONE;
	m->sender = media_sender_new(rtp_socket, rtcp_socket, error);
	if (!m->sender)
		return NULL;
	ssrc = g_random_int();
	first_packet = g_random_int();
	m->packetizer = media_packetizer_new(ssrc, first_packet, g_get_monotonic_time() * 1000);
	media_feedback_init(&m->feedback, m->sender, ssrc, first_packet);
	return g_steal_pointer(&m);
}

static void end_source(GSource **source)
{
	if (*source)
		g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

/* Ends the stream. No push may be running; waits for GStreamer's threads. */
void media_free(Media *m)
{
	end_source(&m->tick);
	end_source(&m->bus_watch);
	g_mutex_lock(&m->lock);
	m->ending = TRUE;
	g_cond_broadcast(&m->cond);
	g_mutex_unlock(&m->lock);
	if (m->pipeline)
		gst_element_set_state(m->pipeline, GST_STATE_NULL);
	g_clear_pointer(&m->repeater, g_thread_join);
	g_clear_pointer(&m->sound, media_sound_free);
	gst_clear_buffer(&m->last);
	media_canvas_clear(&m->canvas);
	g_clear_pointer(&m->cursor.image, media_cursor_image_unref);
	gst_clear_object(&m->encoder_sink);
	gst_clear_object(&m->encoder_src);
	gst_clear_object(&m->encoder);
	gst_clear_object(&m->appsrc);
	gst_clear_object(&m->pipeline);
	g_clear_pointer(&m->packetizer, media_packetizer_free);
	g_clear_pointer(&m->sender, media_sender_free);
	g_mutex_clear(&m->sending);
	g_mutex_clear(&m->lock);
	g_cond_clear(&m->cond);
	g_free(m);
}

/**
 * media_prepare() - loads everything that a stream may need
 * @cache: folder for what is measured here, once; NULL: nothing is
 *
 * For a process that may not open files later. What works then only shows when it has to.
 */
void media_prepare(const char *cache)
{
	if (!gst_init_check(NULL, NULL, NULL))
		return;
	media_pipeline_prepare(cache);
	media_aac_prepare();
}

guint16 media_local_port(const Media *m)
{
	return media_sender_port(m->sender);
}

/* A fifth of a bit per pixel, 1 to 20 Mbit/s. */
guint media_default_kbit(guint width, guint height, guint fps)
{
	guint64 rate = (guint64)width * height * fps;

	return CLAMP(rate / 5000, 1000, 20000);
}

static GstPadProbeReturn before_encoder(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	Media *m = user_data;
	GstPadProbeReturn ret = GST_PAD_PROBE_OK;

	g_mutex_lock(&m->lock);
	gst_buffer_replace(&m->last, GST_PAD_PROBE_INFO_BUFFER(info));
	m->in_pts = GST_BUFFER_PTS(m->last);
	/* Nor one that set out while paused, and so is no keyframe: it is repeated as one. */
	if (!m->playing || !m->keyframe_time) {
		m->held_back = TRUE;
		m->missing_since = 0;
		g_cond_broadcast(&m->cond);
		ret = GST_PAD_PROBE_DROP;
	}
	g_mutex_unlock(&m->lock);
	return ret;
}

/* us from a picture to its repeat, if no other comes; the lock is held. */
static gint64 repeat_after(const Media *m)
{
	gint64 after = m->repeats < REPEATS_TO_SETTLE ? REPEAT_AFTER : REPEAT_SETTLED_AFTER;
	gint64 frame = G_USEC_PER_SEC / m->fps;

	/* Of each picture: one that comes in time is not to meet the repeat of the one before. */
	if (m->gap && m->gap <= frame)
		return m->repeats ? frame : frame * 3 / 2;
	/* Nor is one that is waited for because pictures are few. */
	after = MAX(after, 2 * m->pace.interval);
	return m->gap ? MIN(after, m->gap - GAP_MARGIN) : after;
}

static GstPadProbeReturn behind_encoder(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
	Media *m = user_data;

	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	g_mutex_lock(&m->lock);
	if (!GST_CLOCK_STIME_IS_VALID(m->pts_shift))
		m->pts_shift = GST_CLOCK_DIFF(m->in_pts, GST_BUFFER_PTS(buffer));
	GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = m->in_pts + m->pts_shift;
	m->statistics.encoded_bytes += gst_buffer_get_size(buffer);
	m->last_time = g_get_monotonic_time();
	m->given_time = m->given_time ?: m->last_time;
	m->repeat_at = m->last_time + repeat_after(m);
	if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
		m->statistics.keyframes++;
		m->keyframe_time = m->last_time;
		m->repeats = 0;
	}
	m->passed = TRUE;
	m->missing_since = 0;
	g_cond_broadcast(&m->cond);
	g_mutex_unlock(&m->lock);
	return GST_PAD_PROBE_OK;
}

/* The next picture, or repeat, that may be a keyframe becomes one; the lock is held. */
static void want_keyframe(Media *m)
{
	gint64 at = MAX(m->last_time + REPEAT_AFTER, m->keyframe_time + KEYFRAME_LIMIT);

	m->keyframe_wanted = TRUE;
	m->repeat_at = MIN(m->repeat_at, at);
	g_cond_broadcast(&m->cond);
}

/* Has datagrams sent; @sending is held. */
static void send_datagrams(Media *m, const GByteArray *datagrams)
{
	guint n = (datagrams->len + MEDIA_DATAGRAM - 1) / MEDIA_DATAGRAM;
	guint sent = media_sender_send(m->sender, datagrams->data, datagrams->len);

	g_mutex_lock(&m->lock);
	m->sent.packets += sent;
	m->sent.bytes += MIN(datagrams->len, sent * MEDIA_DATAGRAM) - sent * MEDIA_RTP_HEAD;
	m->sent.packets_dropped += n - sent;
	/* What follows a loss cannot be decoded. */
	if (sent < n)
		want_keyframe(m);
	m->clock_at = g_get_monotonic_time() + CLOCK_INTERVAL;
	g_mutex_unlock(&m->lock);
}

/* The lock is held, but not while the network has it; a picture that is being sent is clock enough. */
static void send_clock(Media *m)
{
	m->clock_at = g_get_monotonic_time() + CLOCK_INTERVAL;
	g_mutex_unlock(&m->lock);
	if (g_mutex_trylock(&m->sending)) {
		send_datagrams(m, media_packetizer_clock(m->packetizer,
							 g_get_monotonic_time() * 1000));
		g_mutex_unlock(&m->sending);
	}
	g_mutex_lock(&m->lock);
}

static void picture_sent(Media *m)
{
	guint64 took;

	g_mutex_lock(&m->lock);
	/* A parser may give two pictures at once. */
	took = m->given_time ? g_get_monotonic_time() - m->given_time : 0;
	m->statistics.longest_send_us = MAX(m->statistics.longest_send_us, took);
	m->given_time = 0;
	g_mutex_unlock(&m->lock);
}

/* A coded picture: sent before this returns. */
static GstFlowReturn on_picture(GstAppSink *sink, gpointer user_data)
{
	g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);
	g_autofree guint8 *constrained = NULL;
	Media *m = user_data;
	GstBuffer *buffer;
	GstMapInfo map;
	gint64 drawn;

	if (!sample)
		return GST_FLOW_EOS;
	buffer = gst_sample_get_buffer(sample);
	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return GST_FLOW_ERROR;
	if (m->high_profile && !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
		constrained = g_memdup2(map.data, map.size);
		media_h264_constrain(constrained, map.size);
	}
	g_mutex_lock(&m->lock);
	drawn = GST_BUFFER_PTS(buffer) - m->pts_shift + gst_element_get_base_time(m->pipeline);
	g_mutex_unlock(&m->lock);
	g_mutex_lock(&m->sending);
	send_datagrams(m, media_packetizer_picture(m->packetizer, constrained ?: map.data, map.size,
						   drawn, g_get_monotonic_time() * 1000));
	g_mutex_unlock(&m->sending);
	picture_sent(m);
	gst_buffer_unmap(buffer, &map);
	return GST_FLOW_OK;
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
	if (!first)
		return;
	if (m->sound)
		media_sound_set_playing(m->sound, FALSE);
	m->on_error(message, m->user_data);
}

/* An encoder may warn of every picture: once a second is enough for the log. */
static void log_warning(Media *m, GstMessage *message)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *details = NULL;
	gint64 now = g_get_monotonic_time();

	if (now - m->warning_time < G_TIME_SPAN_SECOND)
		return;
	m->warning_time = now;
	gst_message_parse_warning(message, &error, &details);
	g_info("%s: %s (%s)", GST_MESSAGE_SRC_NAME(message), error->message,
	       details ?: "no details");
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *details = NULL;
	g_autofree char *text = NULL;
	Media *m = user_data;

	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
		log_warning(m, message);
	if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
		return G_SOURCE_CONTINUE;
	gst_message_parse_error(message, &error, &details);
	text = g_strdup_printf("the stream broke in %s: %s (%s); try another encoder or mode",
			       GST_MESSAGE_SRC_NAME(message), error->message,
			       details ?: "no details");
	fail(m, text);
	return G_SOURCE_REMOVE;
}

/*
 * To the pad, because the element would take its state's lock, with which media_free() waits. The lock
 * is held: an encoder that has been stopped would never let go of the event.
 */
static void send_force_keyframe(Media *m)
{
	if (m->ending)
		return;
	gst_pad_send_event(m->encoder_src, gst_video_event_new_upstream_force_key_unit(
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

/*
 * The next picture is to be a keyframe: TRUE if it is time to ask for it; the lock is held. A sink
 * that asks for more than it may have gets the newest when its time has come.
 */
static gboolean keyframe_is_due(Media *m, gboolean is_repeat, gint64 now)
{
	gint64 after = m->keyframe_wanted ? KEYFRAME_LIMIT : KEYFRAME_EVERY;
	/* Of moving pictures it is large, on a narrow link above all: a sink that asks needs no others. */
	gboolean may_be = m->keyframe_wanted || is_repeat || !m->request_time;

	if (!m->playing || !may_be || now - m->keyframe_time < after)
		return FALSE;
	m->keyframe_wanted = FALSE;
	m->keyframe_time = now;
	return TRUE;
}

/* Takes note of what the picture that went in at @begin has cost; the lock is held. */
static void picture_passed(Media *m, gint64 begin)
{
	/* A repeat is to take no more than a third of the encoder's time from new pictures. */
	m->repeat_at = begin + MAX(repeat_after(m), 3 * (m->last_time - begin));
	if (m->keyframe_wanted)
		want_keyframe(m);
}

/*
 * Encodes the last picture once more; the lock is held, but not while GStreamer has the picture.
 * An encoder that has not given back an earlier picture holds its pad's lock: it is left alone.
 */
static void repeat_last(Media *m)
{
	gint64 begin = g_get_monotonic_time();
	guint64 newest = m->newest;
	GstBuffer *copy;
	gboolean keyframe;

	m->repeat_at = begin + REPEAT_AFTER;
	if (!GST_PAD_STREAM_TRYLOCK(m->encoder_sink))
		return;
	m->busy = TRUE;
	m->passed = FALSE;
	m->held_back = FALSE;
	m->missing_since = m->missing_since ?: begin;
	copy = gst_buffer_copy(m->last);
	GST_BUFFER_PTS(copy) = next_pts(m, begin * 1000);
	GST_BUFFER_DTS(copy) = GST_CLOCK_TIME_NONE;
	keyframe = keyframe_is_due(m, TRUE, begin);
	m->statistics.frames_repeated++;
	m->repeats++;
	if (keyframe)
		send_force_keyframe(m);
	g_mutex_unlock(&m->lock);

	gst_pad_chain(m->encoder_sink, copy);
	GST_PAD_STREAM_UNLOCK(m->encoder_sink);

	g_mutex_lock(&m->lock);
	/* An encoder with threads of its own; a new picture does not wait for it. */
	while (!m->passed && !m->held_back && !m->failed && !m->ending && m->newest == newest)
		if (!g_cond_wait_until(&m->cond, &m->lock, begin + PUSH_TIMEOUT))
			break;
	if (m->passed)
		picture_passed(m, begin);
	m->busy = FALSE;
	g_cond_broadcast(&m->cond);
}

/* As media_canvas_draw(); appsrc knows of what size it is. */
static gsize draw_picture(Media *m, const MediaFrame *frame, const MediaDamage *damage,
			  const MediaCursor *cursor)
{
	g_autoptr(GstCaps)
		caps = frame ? media_canvas_resize(&m->canvas, frame->width, frame->height) : NULL;

	if (caps)
		gst_app_src_set_caps(GST_APP_SRC(m->appsrc), caps);
	return media_canvas_draw(&m->canvas, frame, damage, cursor);
}

/*
 * Waits until the encoder is free and it is a picture's turn, and takes both; FALSE if a newer picture
 * came first or it takes too long.
 */
static gboolean take_encoder(Media *m, gint64 end)
{
	gint64 now = g_get_monotonic_time();
	guint64 ticket = ++m->newest;

	g_cond_broadcast(&m->cond);
	m->waiting++;
	while (ticket == m->newest && !m->failed && now < end &&
	       (m->busy || now < media_pace_due(&m->pace))) {
		g_cond_wait_until(&m->cond, &m->lock,
				  m->busy ? end : MIN(media_pace_due(&m->pace), end));
		now = g_get_monotonic_time();
	}
	m->waiting--;
	if (m->busy || ticket != m->newest || m->failed) {
		g_cond_broadcast(&m->cond);
		return FALSE;
	}
	media_pace_take(&m->pace, now);
	m->busy = TRUE;
	m->passed = FALSE;
	m->held_back = FALSE;
	return TRUE;
}

/*
 * Returns when the next picture's turn is near, which is what whoever draws them waits for: no more are
 * drawn than are sent, as while the encoder is busy. The lock is held, but not meanwhile.
 */
static void slow_down(Media *m)
{
	gint64 ready = media_pace_ready(&m->pace);

	while (m->playing && !m->failed && !m->ending && g_get_monotonic_time() < ready)
		g_cond_wait_until(&m->cond, &m->lock, ready);
}

/*
 * Has @frame encoded, or, if that is NULL, the last picture with the pointer in its new place. The
 * lock is held, but not while GStreamer has the picture.
 */
static MediaOutcome push_picture(Media *m, const MediaFrame *frame, guint64 *encode_ns)
{
	gint64 begin = g_get_monotonic_time(), end = begin + PUSH_TIMEOUT;
	MediaOutcome outcome = MEDIA_DROPPED;
	MediaDamage damage = {0};
	guint64 cursor_number;
	MediaCursor cursor;
	GstBuffer *buffer;
	GstClockTime pts;
	gboolean keyframe;
	gsize converted;

	if (!take_encoder(m, end))
		return MEDIA_DROPPED;
	m->cursor_at = begin + REPEAT_AFTER;
	/* One that was given up is still there: do not pile up behind it. */
	if (gst_app_src_get_current_level_buffers(GST_APP_SRC(m->appsrc))) {
		m->busy = FALSE;
		return MEDIA_DROPPED;
	}
	begin = g_get_monotonic_time();
	pts = next_pts(m, frame ? frame->time_ns : begin * 1000);
	keyframe = keyframe_is_due(m, FALSE, begin);
	cursor = m->cursor;
	if (cursor.image)
		media_cursor_image_ref(cursor.image);
	cursor_number = m->cursor_newest;
	m->has_picture = TRUE;
	if (frame) {
		damage = media_damage_take(&m->damage);
		m->picture_width = frame->width;
		m->picture_height = frame->height;
	}
	/* It has the picture's memory, which is to be drawn on. */
	gst_clear_buffer(&m->last);
	g_mutex_unlock(&m->lock);

	converted = draw_picture(m, frame, &damage, &cursor);
	g_clear_pointer(&cursor.image, media_cursor_image_unref);
	buffer = gst_buffer_copy(m->canvas.picture);
	GST_BUFFER_PTS(buffer) = pts;
	GST_BUFFER_DURATION(buffer) = GST_SECOND / m->fps;
	if (keyframe) {
		g_mutex_lock(&m->lock);
		send_force_keyframe(m);
		g_mutex_unlock(&m->lock);
	}
	gst_app_src_push_buffer(GST_APP_SRC(m->appsrc), buffer);

	g_mutex_lock(&m->lock);
	m->statistics.converted_bytes += converted;
	while (!m->passed && !m->held_back && !m->failed && !m->ending)
		if (!g_cond_wait_until(&m->cond, &m->lock, end))
			break;
	if (m->passed) {
		outcome = MEDIA_ENCODED;
		m->repeats = 0;
		picture_passed(m, begin);
		m->cursor_shown = cursor_number;
		m->cursor_at = begin + m->pace.interval;
		*encode_ns = (m->last_time - begin) * 1000;
	} else if (m->held_back || m->failed) {
		outcome = MEDIA_NOT_STREAMING;
	} else if (!m->missing_since) {
		m->missing_since = begin;
	}
	m->busy = FALSE;
	g_cond_broadcast(&m->cond);
	return outcome;
}

/* Before there is a picture of a compositor's; the lock is held. */
static void push_black(Media *m)
{
	g_autofree guint8 *pixels = g_malloc0_n(m->width * m->height, 4);
	gint64 now = g_get_monotonic_time();
	const MediaFrame black = {
		.pixels = pixels,
		.stride = m->width * 4,
		.width = m->width,
		.height = m->height,
		.time_ns = now * 1000,
	};
	guint64 encode_ns;

	m->black_at = now + BLACK_AFTER;
	if (push_picture(m, &black, &encode_ns) == MEDIA_ENCODED)
		m->statistics.frames_repeated++;
	m->damage.whole = TRUE;
}

/* The pointer is elsewhere, and no picture has come; the lock is held. */
static void push_cursor(Media *m)
{
	guint64 encode_ns;

	if (push_picture(m, NULL, &encode_ns) == MEDIA_ENCODED)
		m->statistics.cursor_pictures++;
}

/* The lock is held. */
static gboolean cursor_is_new(const Media *m)
{
	return m->has_picture && m->cursor_shown != m->cursor_newest;
}

/* When the last picture, or a black one before there is any, or a moved pointer is due; the lock is held. */
static gint64 next_repeat(Media *m)
{
	gint64 cursor_at = cursor_is_new(m) ? m->cursor_at : G_MAXINT64;

	if (m->busy || m->waiting)
		return G_MAXINT64;
	if (!m->has_picture)
		return m->black_at;
	return m->last ? MIN(m->repeat_at, cursor_at) : cursor_at;
}

/*
 * Repeats the last picture when nothing else came for long enough or the pointer moved, lets new
 * ones go first, and sends the stream's clock between pictures.
 */
static gpointer repeat_pictures(gpointer user_data)
{
	Media *m = user_data;

	g_mutex_lock(&m->lock);
	while (!m->ending) {
		gint64 now = g_get_monotonic_time();
		gint64 at = next_repeat(m);

		if (m->failed || !m->playing || !m->started)
			g_cond_wait(&m->cond, &m->lock);
		else if (now >= m->clock_at)
			send_clock(m);
		else if (now < at)
			g_cond_wait_until(&m->cond, &m->lock, MIN(at, m->clock_at));
		else if (!m->has_picture)
			push_black(m);
		else if (cursor_is_new(m) && now >= m->cursor_at)
			push_cursor(m);
		else
			repeat_last(m);
	}
	g_mutex_unlock(&m->lock);
	return NULL;
}

/*
 * From now on pictures take @kbit at most. They may have to be fewer; an encoder, which counts on all of
 * the mode's, is told of the rate that it would have with these.
 */
static void set_rate(Media *m, guint kbit, gint64 now)
{
	guint least = m->gap ? MIN(G_USEC_PER_SEC / m->gap, m->fps) : 1;
	guint fps = MAX(media_rate_fps(kbit, m->width, m->height, m->fps), least);
	guint64 told = (guint64)kbit * m->fps / fps;

	g_mutex_lock(&m->lock);
	media_pace_set(&m->pace, fps);
	m->statistics.fps = fps;
	g_mutex_unlock(&m->lock);
	m->kbit = kbit;
	m->told_at = now;
	g_object_set(m->encoder, "bitrate", (guint)(told * (1000 / m->kind->rate_unit)), NULL);
}

/* To be told of each small step would cost the encoder more than the step is worth. */
static gboolean is_worth_telling(const Media *m, guint kbit, gint64 now)
{
	guint step = ABS((gint)kbit - (gint)m->kbit);
	gint64 interval = step * RISE_STEP >= m->kbit ? RISE_INTERVAL : SMALL_RISE_INTERVAL;

	if (m->kind->rate_restarts && kbit > m->kbit && now - m->told_at < interval)
		return FALSE;
	return step * SMALLEST_STEP >= m->kbit;
}

/* @report: NULL: the sink has sent none since this was called before */
static void adapt_rate(Media *m, const MediaReceiverReport *report, gint64 now)
{
	guint lowest, latest, kbit;
	MediaHeard heard;
	MediaSent sent;

	if (!m->kbit)
		return;
	g_mutex_lock(&m->sending);
	media_sender_take_queue(m->sender, &lowest, &latest);
	g_mutex_unlock(&m->sending);
	g_mutex_lock(&m->lock);
	sent = m->sent;
	heard = m->heard;
	m->heard = (MediaHeard){.air_kbit = heard.air_kbit};
	g_mutex_unlock(&m->lock);
	heard.queue_lowest = lowest;
	heard.queue_latest = latest;
	kbit = media_feedback_judge(&m->feedback, report, &sent, &heard, m->kbit, now);
	g_mutex_lock(&m->lock);
	m->statistics.kbit = kbit;
	g_mutex_unlock(&m->lock);
	if (is_worth_telling(m, kbit, now))
		set_rate(m, kbit, now);
}

static void receive_reports(Media *m, gint64 now)
{
	MediaReceiverReport report;
	guint count = media_feedback_receive_reports(&m->feedback, &report, now);

	if (count) {
		g_mutex_lock(&m->lock);
		m->statistics.reports += count;
		m->statistics.packets_lost = MAX(report.lost, 0);
		m->statistics.jitter_us = media_rtcp_jitter_us(&report);
		g_mutex_unlock(&m->lock);
	}
	adapt_rate(m, count ? &report : NULL, now);
}

static gboolean on_tick(gpointer user_data)
{
	gint64 now = g_get_monotonic_time();
	gboolean stuck, sending;
	Media *m = user_data;
	MediaSent sent;

	g_mutex_lock(&m->lock);
	stuck = m->missing_since && now - m->missing_since >= STUCK_AFTER;
	sent = m->sent;
	sending = m->playing && sent.packets;
	g_mutex_unlock(&m->lock);
	if (m->sender_reports)
		media_feedback_send_report(&m->feedback, sending ? &sent : NULL,
					   media_packetizer_rtp_time(m->packetizer, now * 1000),
					   now);
	receive_reports(m, now);
	if (stuck)
		fail(m, "the encoder takes pictures and gives none: try another encoder");
	return G_SOURCE_CONTINUE;
}

/* FALSE: the encoder's rate stays what it is. */
static gboolean rate_can_change(GstElement *encoder)
{
	GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(encoder), "bitrate");

	return spec && spec->flags & GST_PARAM_MUTABLE_PLAYING;
}

static void on_sound(const guint8 *unit, gsize size, gint64 played_ns, gpointer user_data)
{
	Media *m = user_data;

	g_mutex_lock(&m->sending);
	send_datagrams(m, media_packetizer_sound(m->packetizer, unit, size, played_ns,
						 g_get_monotonic_time() * 1000));
	g_mutex_unlock(&m->sending);
}

static void on_sound_failed(gpointer user_data)
{
	Media *m = user_data;

	GST_ELEMENT_ERROR(m->pipeline, STREAM, ENCODE, ("the encoder for AAC failed"), (NULL));
}

static gboolean start_sound(Media *m, const MediaConfig *config, GError **error)
{
	media_packetizer_set_sound(m->packetizer, config->aac ? MEDIA_AAC : MEDIA_LPCM,
				   config->sound_rate);
	m->sound = media_sound_new(config->sound_rate, config->aac, on_sound, on_sound_failed, m,
				   error);
	return m->sound != NULL;
}

/* Pictures go in by appsrc, and come by the encoder's ends and then out of appsink. */
static void connect_pipeline(Media *m)
{
	g_autoptr(GstElement) sink = gst_bin_get_by_name(GST_BIN(m->pipeline), "sink");
	GstAppSinkCallbacks callbacks = {.new_sample = on_picture};

	m->appsrc = gst_bin_get_by_name(GST_BIN(m->pipeline), "src");
	m->encoder = gst_bin_get_by_name(GST_BIN(m->pipeline), "encoder");
	m->encoder_sink = gst_element_get_static_pad(m->encoder, "sink");
	m->encoder_src = gst_element_get_static_pad(m->encoder, "src");
	gst_pad_add_probe(m->encoder_sink, GST_PAD_PROBE_TYPE_BUFFER, before_encoder, m, NULL);
	gst_pad_add_probe(m->encoder_src, GST_PAD_PROBE_TYPE_BUFFER, behind_encoder, m, NULL);
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, m, NULL);
}

/* Errors, and what is due from time to time, come on the context's thread. */
static void watch_pipeline(Media *m, GMainContext *context)
{
	g_autoptr(GstBus) bus = gst_element_get_bus(m->pipeline);

	m->bus_watch = gst_bus_create_watch(bus);
	g_source_set_callback(m->bus_watch, G_SOURCE_FUNC(on_bus), m, NULL);
	g_source_attach(m->bus_watch, context);
	m->tick = g_timeout_source_new(TICK_MS);
	g_source_set_callback(m->tick, on_tick, m, NULL);
	g_source_attach(m->tick, context);
}

/**
 * media_start() - builds the pipeline and makes it ready for pictures
 * @m: the media, not started before
 * @config: what is sent, and how
 * @context: where errors are told; its thread must run it
 * @on_error: told once if the stream breaks
 * @user_data: for @on_error
 * @error: GST_CORE_ERROR: an element is missing or does not work
 *
 * Nothing is sent before media_set_playing().
 */
gboolean media_start(Media *m, const MediaConfig *config, GMainContext *context,
		     MediaErrorFunc on_error, gpointer user_data, GError **error)
{
	g_return_val_if_fail(!m->pipeline, FALSE);
	m->pipeline = media_pipeline_new(config, &m->kind, error);
	if (!m->pipeline)
		return FALSE;
	m->width = config->format.width;
	m->height = config->format.height;
	m->fps = config->format.fps;
	m->gap = config->gap_us;
	m->high_profile = config->format.high_profile;
	media_canvas_init(&m->canvas, &config->format);
	m->sender_reports = config->sender_reports;
	media_sender_set_seal(m->sender, config->seal, config->seal_data);
	m->on_error = on_error;
	m->user_data = user_data;
	connect_pipeline(m);
	m->statistics.kbit = config->kbit;
	m->statistics.fps = m->fps;
	media_pace_set(&m->pace, m->fps);
	if (rate_can_change(m->encoder) && !config->fixed_rate) {
		m->statistics.kbit =
			media_feedback_begin(&m->feedback, config->kbit, m->width, m->height);
		set_rate(m, m->statistics.kbit, g_get_monotonic_time());
	}
	watch_pipeline(m, context);
	if (gst_element_set_state(m->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
			    "%s does not start: try another encoder", m->kind->name);
		return FALSE;
	}
	m->repeater = g_thread_try_new("media-repeat", repeat_pictures, m, error);
	if (!m->repeater)
		return FALSE;
	if (config->sound_rate && !start_sound(m, config, error))
		return FALSE;
	g_mutex_lock(&m->lock);
	m->started = TRUE;
	g_mutex_unlock(&m->lock);
	return TRUE;
}

/* The encoder in use; NULL before media_start(). */
const char *media_encoder(const Media *m)
{
	return m->kind ? m->kind->name : NULL;
}

/* Whether the sink plays. It begins with a keyframe, of the last picture if there is one. */
void media_set_playing(Media *m, gboolean playing)
{
	g_mutex_lock(&m->lock);
	m->keyframe_wanted = playing;
	m->keyframe_time = 0;
	m->playing = playing;
	m->repeat_at = 0;
	m->black_at = g_get_monotonic_time() + BLACK_AFTER;
	g_cond_broadcast(&m->cond);
	playing = playing && !m->failed;
	g_mutex_unlock(&m->lock);
	if (m->sound)
		media_sound_set_playing(m->sound, playing);
}

/*
 * The next picture, which is the last one again if no other comes soon, becomes a keyframe; if the
 * last keyframe is not half a second old, the one that comes then.
 */
void media_force_keyframe(Media *m)
{
	gint64 now = g_get_monotonic_time();

	g_mutex_lock(&m->lock);
	if (now - m->request_time >= KEYFRAME_LIMIT) {
		m->request_time = now;
		m->heard.keyframes++;
	}
	want_keyframe(m);
	g_mutex_unlock(&m->lock);
}

/**
 * media_push() - has one picture encoded and sent
 * @m: the media; several threads may push at once
 * @frame: the picture; release is called in every case
 * @encode_ns: how long it was with the encoder, in nanoseconds; 0 if it was not encoded
 *
 * Returns when the picture is encoded or will not be, at the latest after two seconds; one that came
 * before its turn a little later, see slow_down().
 */
MediaOutcome media_push(Media *m, const MediaFrame *frame, guint64 *encode_ns)
{
	MediaOutcome outcome = MEDIA_DROPPED;
	gboolean early;

	*encode_ns = 0;
	g_mutex_lock(&m->lock);
	early = g_get_monotonic_time() < media_pace_due(&m->pace);
	m->statistics.frames_in++;
	if (!m->started || m->failed) {
		outcome = MEDIA_NOT_STREAMING;
	} else if (frame->time_ns >= m->newest_time) {
		/* Two threads may have brought two pictures in the wrong order. */
		m->newest_time = frame->time_ns;
		media_damage_add(&m->damage, frame);
		outcome = push_picture(m, frame, encode_ns);
		m->statistics.encode_ns += *encode_ns;
	}
	m->statistics.frames_encoded += outcome == MEDIA_ENCODED;
	m->statistics.frames_dropped += outcome == MEDIA_DROPPED;
	if (early && outcome == MEDIA_ENCODED)
		slow_down(m);
	g_mutex_unlock(&m->lock);
	if (frame->release)
		frame->release(frame->release_data);
	return outcome;
}

/**
 * media_show_cursor() - the pointer has moved, or looks different, or has gone
 * @m: the media
 * @cursor: the pointer; its image's reference stays with the caller
 *
 * Every picture from now on has it. Returns when the first one is encoded, so that who moves it
 * does not move it more often than that is seen; at the latest after two seconds.
 *
 * Return: FALSE: nothing was encoded: no picture has come yet, or the sink does not play, or the
 * encoder is behind.
 */
gboolean media_show_cursor(Media *m, const MediaCursor *cursor)
{
	gint64 end = g_get_monotonic_time() + PUSH_TIMEOUT;
	guint64 number;
	gboolean shown;

	g_mutex_lock(&m->lock);
	g_clear_pointer(&m->cursor.image, media_cursor_image_unref);
	m->cursor = *cursor;
	if (m->cursor.image)
		media_cursor_image_ref(m->cursor.image);
	number = ++m->cursor_newest;
	g_cond_broadcast(&m->cond);
	while (m->started && m->playing && m->has_picture && m->cursor_shown < number &&
	       !m->failed && !m->ending)
		if (!g_cond_wait_until(&m->cond, &m->lock, end))
			break;
	shown = m->cursor_shown >= number;
	g_mutex_unlock(&m->lock);
	return shown;
}

/**
 * media_set_air() - what the radio says of the way to the sink, from any thread
 * @m: the media
 * @kbit: what it carries of a stream, kbit/s; 0: that is no longer known
 * @packets: that it sent since this was called before
 * @failed: of them: given up
 */
void media_set_air(Media *m, guint kbit, guint64 packets, guint64 failed)
{
	g_mutex_lock(&m->lock);
	m->heard.air_kbit = kbit;
	m->heard.air_packets += packets;
	m->heard.air_failed += failed;
	g_mutex_unlock(&m->lock);
}

/* Of a stream without, and before it has started: NULL. */
static MediaSound *sound_of(Media *m)
{
	gboolean started;

	g_mutex_lock(&m->lock);
	started = m->started;
	g_mutex_unlock(&m->lock);
	return started ? m->sound : NULL;
}

/* An application begins to play, at @rate frames a second. */
void media_start_sound(Media *m, guint rate)
{
	MediaSound *sound = sound_of(m);

	if (sound)
		media_sound_start_stream(sound, rate);
}

/* What it has played: see media_line_push(). The line begins anew when the sink plays again. */
void media_push_sound(Media *m, guint64 position, gint64 time_ns, const gint16 *samples,
		      guint frames)
{
	MediaSound *sound = sound_of(m);

	if (sound)
		media_sound_push(sound, position, time_ns, samples, frames);
}

void media_stop_sound(Media *m)
{
	MediaSound *sound = sound_of(m);

	if (sound)
		media_sound_stop_stream(sound);
}

void media_get_statistics(Media *m, MediaStatistics *statistics)
{
	MediaSound *sound;

	g_mutex_lock(&m->lock);
	*statistics = m->statistics;
	statistics->packets = m->sent.packets;
	statistics->packets_dropped = m->sent.packets_dropped;
	g_mutex_unlock(&m->lock);
	sound = sound_of(m);
	if (sound)
		media_sound_get_statistics(sound, &statistics->sound);
}

/* Where the sink sees the last picture; FALSE: none has come. videoscale's add-borders has the same sums. */
gboolean media_get_area(Media *m, MediaArea *area)
{
	guint64 width, height, fitting_height;

	g_mutex_lock(&m->lock);
	width = m->picture_width;
	height = m->picture_height;
	g_mutex_unlock(&m->lock);
	if (!width)
		return FALSE;
	*area = (MediaArea){.width = m->width, .height = m->height};
	fitting_height = m->width * height / width;
	if (fitting_height <= m->height)
		area->height = fitting_height;
	else
		area->width = m->height * width / height;
	area->x = (m->width - area->width) / 2;
	area->y = (m->height - area->height) / 2;
	return TRUE;
}

/**
 * media_take_picture() - what the sink is being sent
 * @m: the media
 * @max_width: pixels: a wider picture is made smaller; 0: it stays as wide as it is
 * @width: of the result, pixels
 * @height: of the result, pixels
 *
 * Any thread. Nothing waits for it, and it costs nothing but when it is called. While a picture is drawn
 * it waits for that, a tenth of a second at most.
 *
 * Return: red, green and blue, three bytes a pixel, in rows without gaps, for g_free(); NULL: nothing
 * is being sent.
 */
guint8 *media_take_picture(Media *m, guint max_width, guint *width, guint *height)
{
	g_autoptr(GstBuffer) picture = NULL;
	gint64 end = g_get_monotonic_time() + TAKE_TIMEOUT;
	g_autoptr(GstCaps) caps = NULL;

	g_mutex_lock(&m->lock);
	while (m->busy && !m->last && g_cond_wait_until(&m->cond, &m->lock, end))
		;
	if (m->started && m->playing && !m->failed && m->last)
		picture = gst_buffer_ref(m->last);
	g_mutex_unlock(&m->lock);
	if (!picture)
		return NULL;
	caps = gst_pad_get_current_caps(m->encoder_sink);
	return caps ? media_picture_to_rgb(picture, caps, max_width, width, height) : NULL;
}
