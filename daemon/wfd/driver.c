// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wfd.so: the user-mode driver of miracast_display.ko that speaks Wi-Fi Display.
 *
 * Threads. The host calls create, start, stop and destroy one at a time. It calls
 * handle_kernel_mode_message() on several threads, between start and stop only. They share with the
 * session's thread (wfd-session.h): the media, which locks for itself, as the display does; and the
 * session's main context, into which they post what concerns the conversation. On a thread of its own the
 * host also asks the media for pictures, between start and stop.
 */
#include "wfd-session.h"

#include <gst/gst.h>
#include <string.h>

/* What create_miracast_context() makes. */
typedef struct {
	MiracastDevice *device;
	const struct miracast_host_callbacks *callbacks;
	WfdDisplay *display;
	WfdSession *session; /* from start to stop */
} WfdDriver;

static ntstatus_t create_context(MiracastDevice *device,
				 const struct miracast_host_callbacks *callbacks,
				 void **miracast_context)
{
	g_autoptr(GError) error = NULL;
	WfdDriver *driver;

	if (!gst_init_check(NULL, NULL, &error)) {
		wfd_session_set_reason(device, WFD_REASON_GSTREAMER_FAILED, error->message);
		return STATUS_UNSUCCESSFUL;
	}
	driver = g_new0(WfdDriver, 1);
	driver->device = device;
	driver->callbacks = callbacks;
	driver->display = wfd_display_new(device, callbacks);
	*miracast_context = driver;
	return STATUS_SUCCESS;
}

static ntstatus_t start_session(void *miracast_context, int rtsp_socket,
				const struct miracast_wfd_connection_stats *stats,
				struct miracast_session_info *session_info)
{
	WfdDriver *driver = miracast_context;
	ntstatus_t status;

	driver->session = wfd_session_start(driver->device, driver->callbacks, driver->display,
					    rtsp_socket, stats, &status);
	if (driver->session)
		session_info->value = MIRACAST_SESSION_MONITOR_CONNECTED;
	return status;
}

static void stop_session(void *miracast_context)
{
	WfdDriver *driver = miracast_context;

	if (!driver->session)
		return;
	g_clear_pointer(&driver->session, wfd_session_stop);
	wfd_display_forget(driver->display);
}

static void destroy_context(void *miracast_context)
{
	WfdDriver *driver = miracast_context;

	stop_session(driver);
	wfd_display_free(driver->display);
	g_free(driver);
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
				.encode_rate = wfd_session_kbit(driver->session),
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
	struct miracast_display_frame_result result;
	ntstatus_t status;

	if (output_size < sizeof(result))
		return STATUS_BUFFER_TOO_SMALL;
	status = wfd_display_frame(driver->display, wfd_session_media(driver->session), message,
				   &result);
	if (!NT_SUCCESS(status))
		return status;
	if (result.outcome == MIRACAST_DISPLAY_FRAME_ENCODED)
		report_encoded(driver, result.sequence, result.encode_ns);
	memcpy(output, &result, sizeof(result));
	*bytes_returned = sizeof(result);
	return STATUS_SUCCESS;
}

static ntstatus_t handle_sound(WfdDriver *driver, const struct miracast_display_sound_data *message,
			       uint32_t size)
{
	if (message->frames > MIRACAST_DISPLAY_MAX_SOUND_FRAMES ||
	    size != sizeof(*message) + message->frames * MEDIA_FRAME)
		return STATUS_INVALID_BUFFER_SIZE;
	media_push_sound(wfd_session_media(driver->session), message->position, message->time_ns,
			 (const gint16 *)message->samples, message->frames);
	return STATUS_SUCCESS;
}

/* Bytes that a message has at least; 0: it is not known. */
static gsize least_size(guint32 code)
{
	switch (code) {
	case MIRACAST_DISPLAY_MSG_FRAME: return sizeof(struct miracast_display_frame);
	case MIRACAST_DISPLAY_MSG_CURSOR: return sizeof(struct miracast_display_cursor);
	case MIRACAST_DISPLAY_MSG_COLOR: return sizeof(struct miracast_display_color);
	case MIRACAST_DISPLAY_MSG_POWER: return sizeof(struct miracast_display_power);
	case MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE:
		return sizeof(struct miracast_display_framebuffer);
	case MIRACAST_DISPLAY_MSG_SOUND_START: return sizeof(struct miracast_display_sound_start);
	case MIRACAST_DISPLAY_MSG_SOUND_DATA: return sizeof(struct miracast_display_sound_data);
	case MIRACAST_DISPLAY_MSG_SOUND_STOP: return sizeof(struct miracast_display_header);
	default: return 0;
	}
}

static ntstatus_t handle_message(void *miracast_context, uint32_t input_size, const void *input,
				 uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	WfdDriver *driver = miracast_context;
	Media *media = wfd_session_media(driver->session);
	/* Of those that are short: @input need not be aligned. */
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
	if (message.header.size != input_size || input_size < least_size(message.header.code))
		return STATUS_INVALID_BUFFER_SIZE;
	switch (message.header.code) {
	case MIRACAST_DISPLAY_MSG_FRAME:
		return handle_frame(driver, &message.frame, output_size, output, bytes_returned);
	case MIRACAST_DISPLAY_MSG_CURSOR:
		return wfd_display_cursor(driver->display, media, &message.cursor);
	case MIRACAST_DISPLAY_MSG_COLOR:
		wfd_display_color(driver->display, input);
		return STATUS_SUCCESS;
	case MIRACAST_DISPLAY_MSG_POWER:
		wfd_session_set_power(driver->session, message.power.on != 0);
		return STATUS_SUCCESS;
	case MIRACAST_DISPLAY_MSG_FRAMEBUFFER_GONE:
		wfd_display_framebuffer_gone(driver->display, &message.framebuffer);
		return STATUS_SUCCESS;
	case MIRACAST_DISPLAY_MSG_SOUND_START:
		media_start_sound(media, message.sound_start.rate);
		return STATUS_SUCCESS;
	case MIRACAST_DISPLAY_MSG_SOUND_DATA: return handle_sound(driver, input, input_size);
	case MIRACAST_DISPLAY_MSG_SOUND_STOP: media_stop_sound(media); return STATUS_SUCCESS;
	default: return STATUS_NOT_SUPPORTED;
	}
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
