// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-display.h"

#include "media-framebuffer.h"
#include "wfd-edid.h"

#include <drm_fourcc.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

struct _WfdDisplay {
	MiracastDevice *device;
	const struct miracast_host_callbacks *callbacks;
	gboolean connected; /* once; the kernel keeps the monitor until the context ends */
	GMutex lock; /* guards what follows */
	GHashTable *framebuffers; /* id -> MediaFramebuffer */
	MediaCursorImage *cursor_image; /* what the pointer looks like; NULL: not known */
	guint32 cursor_number; /* the kernel's of it */
	MediaColor *color; /* what is made of colours; NULL: nothing */
};

G_STATIC_ASSERT(MEDIA_COLOR_ENTRIES == MIRACAST_DISPLAY_LUT_SIZE);

WfdDisplay *wfd_display_new(MiracastDevice *device, const struct miracast_host_callbacks *callbacks)
{
	WfdDisplay *display = g_new0(WfdDisplay, 1);

	display->device = device;
	display->callbacks = callbacks;
	g_mutex_init(&display->lock);
	display->framebuffers =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)media_framebuffer_unref);
	return display;
}

void wfd_display_report_event(WfdDisplay *display, enum miracast_protocol_event event)
{
	struct miracast_statistic_data statistic = {
		.statistic_type = MIRACAST_STATISTIC_TYPE_EVENT,
		.protocol_event = event,
	};

	display->callbacks->report_statistic(display->device, &statistic);
}

void wfd_display_free(WfdDisplay *display)
{
	if (display->connected)
		wfd_display_report_event(display, MIRACAST_PROTOCOL_EVENT_MONITOR_DEPART);
	wfd_display_forget(display);
	g_hash_table_unref(display->framebuffers);
	g_mutex_clear(&display->lock);
	g_free(display);
}

void wfd_display_forget(WfdDisplay *display)
{
	g_mutex_lock(&display->lock);
	g_hash_table_remove_all(display->framebuffers);
	g_clear_pointer(&display->cursor_image, media_cursor_image_unref);
	g_clear_pointer(&display->color, media_color_unref);
	g_mutex_unlock(&display->lock);
}

/* With fewer flags, an older display driver takes it. */
static ntstatus_t send_sink(WfdDisplay *display, const WfdMode *mode, const void *edid,
			    gsize edid_size)
{
	static const guint32 flags[] = {MIRACAST_DISPLAY_SINK_CURSOR | MIRACAST_DISPLAY_SINK_COLOR,
					MIRACAST_DISPLAY_SINK_CURSOR, 0};
	g_autofree struct miracast_display_sink *sink = g_malloc0(sizeof(*sink) + edid_size);
	ntstatus_t status = STATUS_INVALID_PARAMETER;

	sink->header.code = MIRACAST_DISPLAY_CTL_SINK_ARRIVED;
	sink->header.size = sizeof(*sink) + edid_size;
	sink->width = mode->width;
	sink->height = mode->height;
	sink->refresh = mode->fps * 1000; /* mHz */
	sink->edid_size = edid_size;
	if (edid_size)
		memcpy(sink->edid, edid, edid_size);
	for (guint i = 0; i < G_N_ELEMENTS(flags) && status == STATUS_INVALID_PARAMETER; i++) {
		sink->flags = flags[i];
		status = display->callbacks->miracast_io_control(
			display->device, false, sink->header.size, sink, 0, NULL, NULL);
	}
	return status;
}

/* Without an EDID, one that finds the sink's damaged takes it. */
ntstatus_t wfd_display_connect(WfdDisplay *display, const WfdMode *mode, GBytes *edid,
			       const char *name)
{
	guint8 made[WFD_EDID_SIZE];
	ntstatus_t status = STATUS_INVALID_PARAMETER;

	if (edid) {
		gsize size = MIN(g_bytes_get_size(edid), MIRACAST_DISPLAY_MAX_EDID);

		status = send_sink(display, mode, g_bytes_get_data(edid, NULL), size);
		if (status == STATUS_INVALID_PARAMETER)
			g_info("the display driver refused the sink's EDID: going on without");
	}
	if (status == STATUS_INVALID_PARAMETER) {
		wfd_edid_make(mode, name, made);
		status = send_sink(display, mode, made, sizeof(made));
	}
	if (NT_SUCCESS(status)) {
		display->connected = TRUE;
		wfd_display_report_event(display, MIRACAST_PROTOCOL_EVENT_MONITOR_ARRIVE);
	}
	return status;
}

void wfd_display_connect_sound(WfdDisplay *display, const char *name)
{
	struct miracast_display_sound sound = {
		.header = {MIRACAST_DISPLAY_CTL_SOUND, sizeof(sound)},
	};
	gsize size = name ? strlen(name) : 0;
	ntstatus_t status;

	/* As much of it as there is room for, in whole characters. */
	if (size > sizeof(sound.name))
		size = g_utf8_find_prev_char(name, name + sizeof(sound.name) + 1) - name;
	if (size)
		memcpy(sound.name, name, size);
	status = display->callbacks->miracast_io_control(display->device, false, sizeof(sound),
							 &sound, 0, NULL, NULL);

	/* A kernel without ALSA, or an older display driver: the sink hears silence. */
	if (!NT_SUCCESS(status))
		g_info("the display has no sound card: 0x%08x", MIRACAST_NTSTATUS_VALUE(status));
}

static MediaFramebuffer *export_framebuffer(WfdDisplay *display, guint32 id, guint32 format,
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

	status = display->callbacks->miracast_io_control(display->device, false, sizeof(in), &in,
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

static MediaFramebuffer *get_framebuffer(WfdDisplay *display, guint32 id, guint32 format,
					 GError **error)
{
	MediaFramebuffer *framebuffer;

	g_mutex_lock(&display->lock);
	framebuffer = g_hash_table_lookup(display->framebuffers, GUINT_TO_POINTER(id));
	if (!framebuffer) {
		framebuffer = export_framebuffer(display, id, format, error);
		if (framebuffer)
			g_hash_table_insert(display->framebuffers, GUINT_TO_POINTER(id),
					    framebuffer);
	}
	if (framebuffer)
		media_framebuffer_ref(framebuffer);
	g_mutex_unlock(&display->lock);
	return framebuffer;
}

static void release_framebuffer(gpointer user_data)
{
	media_framebuffer_unref(user_data);
}

static void show_error(WfdDisplay *display, const GError *error)
{
	miracast_device_set_statistic_text(display->device, "framebuffer-error", error->message);
}

/* @rects: room for them. A message that has too many says that all has changed. */
static void set_damage(MediaFrame *frame, const struct miracast_display_frame *message,
		       MediaRect *rects)
{
	frame->sequence = message->sequence;
	frame->damage = rects;
	if (message->nr_damage <= MIRACAST_DISPLAY_MAX_DAMAGE)
		frame->nr_damage = message->nr_damage;
	for (guint i = 0; i < frame->nr_damage; i++) {
		const struct miracast_display_rect *rect = &message->damage[i];

		rects[i] = (MediaRect){rect->x1, rect->y1, rect->x2, rect->y2};
	}
}

ntstatus_t wfd_display_frame(WfdDisplay *display, Media *media,
			     const struct miracast_display_frame *message,
			     struct miracast_display_frame_result *result)
{
	static const enum miracast_display_frame_outcome outcomes[] = {
		[MEDIA_ENCODED] = MIRACAST_DISPLAY_FRAME_ENCODED,
		[MEDIA_DROPPED] = MIRACAST_DISPLAY_FRAME_DROPPED,
		[MEDIA_NOT_STREAMING] = MIRACAST_DISPLAY_FRAME_NOT_STREAMING,
	};
	MediaFrame frame = {.release = release_framebuffer};
	MediaRect damage[MIRACAST_DISPLAY_MAX_DAMAGE];
	MediaFramebuffer *framebuffer;
	g_autoptr(GError) error = NULL;
	MediaOutcome outcome;
	guint64 encode_ns;

	framebuffer =
		get_framebuffer(display, message->framebuffer_id, DRM_FORMAT_XRGB8888, &error);
	if (!framebuffer) {
		g_info("frame %llu: %s", (unsigned long long)message->sequence, error->message);
		show_error(display, error);
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
	set_damage(&frame, message, damage);
	g_mutex_lock(&display->lock);
	frame.color = display->color ? media_color_ref(display->color) : NULL;
	g_mutex_unlock(&display->lock);
	media_framebuffer_begin_read(framebuffer);
	outcome = media_push(media, &frame, &encode_ns);
	media_framebuffer_end_read(framebuffer);
	media_framebuffer_unref(framebuffer);
	g_clear_pointer(&frame.color, media_color_unref);
	*result = (struct miracast_display_frame_result){
		.sequence = message->sequence,
		.outcome = outcomes[outcome],
		.encode_ns = encode_ns,
	};
	return STATUS_SUCCESS;
}

/* Copies what the pointer looks like: its framebuffer may be drawn into later. */
static MediaCursorImage *read_cursor(WfdDisplay *display, guint32 id, GError **error)
{
	MediaFramebuffer *framebuffer = get_framebuffer(display, id, DRM_FORMAT_ARGB8888, error);
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
static MediaCursorImage *get_cursor_image(WfdDisplay *display,
					  const struct miracast_display_cursor *message,
					  GError **error)
{
	MediaCursorImage *image = NULL;

	g_mutex_lock(&display->lock);
	if (display->cursor_image && display->cursor_number == message->image)
		image = media_cursor_image_ref(display->cursor_image);
	g_mutex_unlock(&display->lock);
	if (image)
		return image;

	image = read_cursor(display, message->framebuffer_id, error);
	if (!image)
		return NULL;
	g_mutex_lock(&display->lock);
	g_clear_pointer(&display->cursor_image, media_cursor_image_unref);
	display->cursor_image = media_cursor_image_ref(image);
	display->cursor_number = message->image;
	g_mutex_unlock(&display->lock);
	return image;
}

ntstatus_t wfd_display_cursor(WfdDisplay *display, Media *media,
			      const struct miracast_display_cursor *message)
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
		cursor.image = get_cursor_image(display, message, &error);
		if (!cursor.image) {
			g_info("pointer: %s", error->message);
			show_error(display, error);
			return STATUS_UNSUCCESSFUL;
		}
	}
	media_show_cursor(media, &cursor);
	g_clear_pointer(&cursor.image, media_cursor_image_unref);
	return STATUS_SUCCESS;
}

void wfd_display_color(WfdDisplay *display, const struct miracast_display_color *message)
{
	MediaColorSteps steps = {0};
	MediaColor *color;

	if (message->steps & MIRACAST_DISPLAY_COLOR_DEGAMMA)
		steps.degamma = message->degamma;
	if (message->steps & MIRACAST_DISPLAY_COLOR_CTM)
		steps.matrix = (const guint64 *)message->ctm;
	if (message->steps & MIRACAST_DISPLAY_COLOR_GAMMA)
		steps.gamma = message->gamma;
	color = media_color_new(&steps);
	g_mutex_lock(&display->lock);
	g_clear_pointer(&display->color, media_color_unref);
	display->color = color;
	g_mutex_unlock(&display->lock);
}

void wfd_display_framebuffer_gone(WfdDisplay *display,
				  const struct miracast_display_framebuffer *message)
{
	g_mutex_lock(&display->lock);
	g_hash_table_remove(display->framebuffers, GUINT_TO_POINTER(message->framebuffer_id));
	g_mutex_unlock(&display->lock);
}
