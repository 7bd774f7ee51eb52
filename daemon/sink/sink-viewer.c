// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-viewer.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPEAKERS                                                                         \
	"appsrc name=src format=time is-live=true do-timestamp=true max-time=500000000 " \
	"leaky-type=downstream ! audioconvert ! audioresample ! volume name=volume ! autoaudiosink"
/* Sound is to be heard with its picture: GStreamer's own choice is 200 ms. */
#define SPEAKERS_BUFFER_US 60000
#define FRAME		   4 /* bytes of sound */
#define MAX_TEXT	   4096

struct SinkViewer {
	int fd;
	guint watch; /* 0: it is gone */
	const SinkViewerOps *ops;
	gpointer user_data;

	/* Of the one thread that reads sound: */
	GstElement *speakers, *sound; /* speakers NULL: none yet, or it failed */
	gboolean has_no_speakers;
	guint rate; /* that sound's caps say; 0: none yet */
	gint percent; /* volume; of any thread */
	gint has_failed; /* and that was said; of any thread */

	GMutex lock; /* of what follows */
	GstVideoConverter *converter;
	GstVideoInfo from, to; /* that it is for */
	gboolean is_drawing; /* the other side has one that it has not drawn */
	GstSample *next; /* the newest that came meanwhile; or NULL */
	guint64 shown;
};

static gboolean send_text(SinkViewer *v, const char *text, int file)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec data = {.iov_base = (void *)text, .iov_len = strlen(text)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (file >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &file, sizeof(int));
	}
	return sendmsg(v->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

void sink_viewer_tell(SinkViewer *v, const char *word, const char *rest)
{
	g_autofree char *text = rest ? g_strconcat(word, " ", rest, NULL) : g_strdup(word);

	send_text(v, g_strdelimit(text, "\n\r", ' '), -1);
}

/*
 * Pictures; under the lock.
 */

static gboolean describe(SinkViewer *v, GstSample *picture)
{
	GstVideoInfo from;

	if (!gst_video_info_from_caps(&from, gst_sample_get_caps(picture)))
		return FALSE;
	if (v->converter && gst_video_info_is_equal(&from, &v->from))
		return TRUE;
	g_clear_pointer(&v->converter, gst_video_converter_free);
	v->from = from;
	gst_video_info_set_format(&v->to, GST_VIDEO_FORMAT_BGRA, from.width, from.height);
	v->to.fps_n = from.fps_n;
	v->to.fps_d = from.fps_d;
	v->converter = gst_video_converter_new(&v->from, &v->to, NULL);
	return v->converter != NULL;
}

static gboolean convert(SinkViewer *v, GstSample *picture, guint8 *pixels)
{
	g_autoptr(GstBuffer)
		out = gst_buffer_new_wrapped_full(0, pixels, v->to.size, 0, v->to.size, NULL, NULL);
	GstVideoFrame in_frame, out_frame;

	if (!gst_video_frame_map(&in_frame, &v->from, gst_sample_get_buffer(picture), GST_MAP_READ))
		return FALSE;
	gst_video_frame_map(&out_frame, &v->to, out, GST_MAP_WRITE);
	gst_video_converter_frame(v->converter, &in_frame, &out_frame);
	gst_video_frame_unmap(&out_frame);
	gst_video_frame_unmap(&in_frame);
	return TRUE;
}

/* A sealed file of the picture; -1: there can be none. */
static int make_file(SinkViewer *v, GstSample *picture)
{
	int file = memfd_create("miracast-sink-picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	gboolean done = FALSE;
	guint8 *pixels;

	if (file < 0 || ftruncate(file, v->to.size)) {
		if (file >= 0)
			close(file);
		return -1;
	}
	pixels = mmap(NULL, v->to.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (pixels != MAP_FAILED) {
		done = convert(v, picture, pixels);
		munmap(pixels, v->to.size);
	}
	if (done &&
	    !fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return file;
	close(file);
	return -1;
}

static void send_picture(SinkViewer *v, GstSample *picture)
{
	g_autofree char *text = NULL;
	int file;

	if (!describe(v, picture))
		return;
	file = make_file(v, picture);
	if (file < 0)
		return;
	text = g_strdup_printf("picture %d %d", v->to.width, v->to.height);
	v->is_drawing = send_text(v, text, file);
	close(file);
}

void sink_viewer_show(SinkViewer *v, GstSample *picture)
{
	g_mutex_lock(&v->lock);
	if (v->is_drawing) {
		g_clear_pointer(&v->next, gst_sample_unref);
		v->next = gst_sample_ref(picture);
	} else {
		send_picture(v, picture);
	}
	g_mutex_unlock(&v->lock);
}

static void on_drawn(SinkViewer *v)
{
	g_autoptr(GstSample) next = NULL;

	g_mutex_lock(&v->lock);
	if (v->is_drawing)
		v->shown++;
	v->is_drawing = FALSE;
	next = g_steal_pointer(&v->next);
	if (next)
		send_picture(v, next);
	g_mutex_unlock(&v->lock);
}

guint64 sink_viewer_shown(SinkViewer *v)
{
	guint64 shown;

	g_mutex_lock(&v->lock);
	shown = v->shown;
	g_mutex_unlock(&v->lock);
	return shown;
}

/*
 * Sound.
 */

static void on_element(GstBin *bin, GstBin *inner, GstElement *element, gpointer user_data)
{
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "buffer-time"))
		g_object_set(element, "buffer-time", (gint64)SPEAKERS_BUFFER_US, NULL);
}

/* Of any thread. What follows the first error follows from it. */
static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) warning = NULL;
	SinkViewer *v = user_data;

	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
		gst_message_parse_error(message, &error, NULL);
	/* Where there is no device at all autoaudiosink warns, and goes on. */
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
		gst_message_parse_warning(message, &warning, NULL);
	if (g_error_matches(warning, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND))
		error = g_steal_pointer(&warning);
	if (error && g_atomic_int_compare_and_exchange(&v->has_failed, FALSE, TRUE))
		g_printerr("miracast-sink: nothing is heard: %s\n", error->message);
	gst_message_unref(message);
	return GST_BUS_DROP;
}

#define OVER "miracast-over"

static void begin_to_play(GstElement *speakers, gpointer user_data)
{
	GST_STATE_LOCK(speakers);
	if (!g_object_get_data(G_OBJECT(speakers), OVER))
		gst_element_set_state(speakers, GST_STATE_PLAYING);
	GST_STATE_UNLOCK(speakers);
}

/* Who is still to start them does not any more. */
static void stop_speakers(GstElement *speakers)
{
	GST_STATE_LOCK(speakers);
	g_object_set_data(G_OBJECT(speakers), OVER, speakers);
	gst_element_set_state(speakers, GST_STATE_NULL);
	GST_STATE_UNLOCK(speakers);
}

/* They are looked for by a thread of their own: that may take long. */
static void start_speakers(SinkViewer *v)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GstBus) bus = NULL;

	v->speakers = gst_parse_launch_full(SPEAKERS, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
	if (!v->speakers) {
		g_printerr("miracast-sink: nothing is heard: %s\n", error->message);
		v->has_no_speakers = TRUE;
		return;
	}
	gst_object_ref_sink(v->speakers);
	v->sound = gst_bin_get_by_name(GST_BIN(v->speakers), "src");
	g_signal_connect(v->speakers, "deep-element-added", G_CALLBACK(on_element), NULL);
	bus = gst_element_get_bus(v->speakers);
	gst_bus_set_sync_handler(bus, on_message, v, NULL);
	gst_element_call_async(v->speakers, begin_to_play, NULL, NULL);
}

static void set_rate(SinkViewer *v, guint rate)
{
	g_autoptr(GstCaps)
		caps = gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, "S16BE",
					   "layout", G_TYPE_STRING, "interleaved", "rate",
					   G_TYPE_INT, rate, "channels", G_TYPE_INT, 2, NULL);

	gst_app_src_set_caps(GST_APP_SRC(v->sound), caps);
	v->rate = rate;
}

void sink_viewer_play(SinkViewer *v, const guint8 *samples, guint frames, guint rate)
{
	g_autoptr(GstElement) volume = NULL;
	double part = g_atomic_int_get(&v->percent) / 100.0;

	if (!v->speakers && !v->has_no_speakers)
		start_speakers(v);
	if (!v->speakers)
		return;
	if (v->rate != rate)
		set_rate(v, rate);
	volume = gst_bin_get_by_name(GST_BIN(v->speakers), "volume");
	/* As loud as it is heard: ears know ratios. */
	g_object_set(volume, "volume", part * part * part, NULL);
	gst_app_src_push_buffer(GST_APP_SRC(v->sound),
				gst_buffer_new_memdup(samples, frames * FRAME));
}

/*
 * What the other side says.
 */

static gboolean on_text(int fd, GIOCondition condition, gpointer user_data)
{
	char text[MAX_TEXT];
	SinkViewer *v = user_data;
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	int percent;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		v->watch = 0;
		v->ops->gone(v->user_data);
		return G_SOURCE_REMOVE;
	}
	text[n] = '\0';
	if (!strcmp(text, "drawn"))
		on_drawn(v);
	else if (sscanf(text, "volume %3d", &percent) == 1)
		g_atomic_int_set(&v->percent, CLAMP(percent, 0, 100));
	else if (g_str_has_prefix(text, "pin "))
		v->ops->pin(text + strlen("pin "), v->user_data);
	else if (g_str_has_prefix(text, "input "))
		v->ops->input(text + strlen("input "), v->user_data);
	return G_SOURCE_CONTINUE;
}

SinkViewer *sink_viewer_new(int fd, const SinkViewerOps *ops, gpointer user_data)
{
	SinkViewer *v = g_new0(SinkViewer, 1);

	g_mutex_init(&v->lock);
	v->fd = fd;
	v->percent = 100;
	v->ops = ops;
	v->user_data = user_data;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	v->watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_text, v);
	return v;
}

void sink_viewer_free(SinkViewer *v)
{
	if (!v)
		return;
	g_clear_handle_id(&v->watch, g_source_remove);
	if (v->speakers)
		stop_speakers(v->speakers);
	gst_clear_object(&v->sound);
	gst_clear_object(&v->speakers);
	g_clear_pointer(&v->converter, gst_video_converter_free);
	g_clear_pointer(&v->next, gst_sample_unref);
	g_mutex_clear(&v->lock);
	close(v->fd);
	g_free(v);
}
