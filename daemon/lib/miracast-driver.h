/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interface between a host process (miracastd) and a Miracast user-mode
 * driver: a shared object with one export, miracast_query_driver_interface().
 * DDI: netdispumdddi.h.
 */
#ifndef MIRACAST_DRIVER_H
#define MIRACAST_DRIVER_H

#include <linux/miracast.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * MiracastDevice:
 *
 * What a host hands to its driver as the device handle: one adapter context and
 * its session. Opaque to the driver. DDI: hMiracastDeviceHandle.
 */
typedef struct _MiracastDevice MiracastDevice;

#define MIRACAST_DRIVER_INTERFACE_VERSION_1 1u

/* At most this many extra events in get_next_chunk_data (DDI: MAX_ADDITIONAL_EVENTS). */
#define MIRACAST_MAX_ADDITIONAL_EVENTS 4u
#define MIRACAST_INFINITE	       UINT32_MAX

/**
 * struct miracast_wfd_connection_stats - the link when a session starts
 * @current_bit_rate: bit/s that the link carries now; 0: not known
 * @local_max_bit_rate: bit/s, most of this side; 0: not known
 * @remote_max_bit_rate: bit/s, most of the sink's side; 0: not known
 *
 * DDI: MIRACAST_WFD_CONNECTION_STATS.
 */
struct miracast_wfd_connection_stats {
	uint64_t current_bit_rate;
	uint64_t local_max_bit_rate;
	uint64_t remote_max_bit_rate;
};

#define MIRACAST_SESSION_MONITOR_CONNECTED		    (1u << 0)
#define MIRACAST_SESSION_REDUCED_MODE_LIST_DUE_TO_BANDWIDTH (1u << 1)

/**
 * struct miracast_session_info - what start_miracast_session() found
 * @value: MIRACAST_SESSION_* bits
 *
 * DDI: MIRACAST_SESSION_INFO.
 */
struct miracast_session_info {
	uint32_t value;
};

/**
 * struct miracast_datarate_stats - the link, twice a second
 * @encoder_bit_rate: bit/s recommended for the encoder
 * @current_max_tx_data_rate: bit/s
 * @transmitted_frame_count: since the last notification, as are the next three
 * @failed_frame_count: frames given up
 * @retried_frame_count: frames sent again once
 * @multiple_retry_frame_count: frames sent again more than once
 *
 * DDI: MIRACAST_DATARATE_STATS.
 */
struct miracast_datarate_stats {
	uint64_t encoder_bit_rate;
	uint64_t current_max_tx_data_rate;
	uint64_t transmitted_frame_count;
	uint64_t failed_frame_count;
	uint64_t retried_frame_count;
	uint64_t multiple_retry_frame_count;
};

/* @stats NULL: the link's quality is no longer known, no further calls come. */
typedef void (*miracast_datarate_notification)(void *notification_context,
					       const struct miracast_datarate_stats *stats);

/**
 * struct miracast_host_callbacks - what a driver may call while its context lives
 * @report_session_status: the session must end; any value tears it down
 * @miracast_io_control: a synchronous request to the display driver in the kernel.
 *	While the session starts, only the starting thread is served and others wait;
 *	while it stops, only the stopping thread is served and others fail.
 *	@bytes_returned may be NULL.
 * @report_statistic: for the log
 * @get_next_chunk_data: wait for encode chunks; see MIRACAST_IOC_GET_CHUNKS. @event_fds:
 *	up to MIRACAST_MAX_ADDITIONAL_EVENTS eventfds; when number n becomes
 *	readable first the result is n with *@buffer_size 0.
 * @register_for_data_rate_notifications: @notify NULL unregisters. Only on the thread
 *	that runs start or stop; STATUS_NOT_SUPPORTED otherwise and when the link
 *	has no such figures
 *
 * DDI: MIRACAST_CALLBACKS.
 */
struct miracast_host_callbacks {
	void (*report_session_status)(MiracastDevice *device, enum miracast_status miracast_status,
				      ntstatus_t status);
	ntstatus_t (*miracast_io_control)(MiracastDevice *device, bool hardware_access,
					  uint32_t input_size, const void *input,
					  uint32_t output_size, void *output,
					  uint32_t *bytes_returned);
	void (*report_statistic)(MiracastDevice *device,
				 const struct miracast_statistic_data *statistic);
	ntstatus_t (*get_next_chunk_data)(MiracastDevice *device, uint32_t timeout_ms,
					  uint32_t n_event_fds, const int *event_fds,
					  uint32_t *buffer_size, struct miracast_chunk_data *buffer,
					  uint32_t *outstanding);
	ntstatus_t (*register_for_data_rate_notifications)(MiracastDevice *device,
							   void *notification_context,
							   miracast_datarate_notification notify);
};

/**
 * struct miracast_driver_interface - a user-mode driver's entry points
 * @size: sizeof(struct miracast_driver_interface)
 * @create_miracast_context: allocate everything a session needs. @callbacks is valid until
 *	destroy; may be kept by reference.
 * @destroy_miracast_context: release it all within 3 seconds; no thread may remain
 * @start_miracast_session: talk to the sink on @rtsp_socket (connected, owned by the host, never
 *	closed by the driver) until its capabilities are known. Return before asking the kernel
 *	for the monitor: messages are held while this runs.
 * @stop_miracast_session: end the conversation and all own sockets within 3 seconds
 * @handle_kernel_mode_message: a message of the display driver; several may run at once, none
 *	while one of the four above runs. *@bytes_returned: bytes written to @output.
 *
 * Create, start, stop and destroy never overlap. DDI: MIRACAST_DRIVER_INTERFACE.
 */
struct miracast_driver_interface {
	uint32_t size;
	ntstatus_t (*create_miracast_context)(MiracastDevice *device,
					      const struct miracast_host_callbacks *callbacks,
					      void **miracast_context);
	void (*destroy_miracast_context)(void *miracast_context);
	ntstatus_t (*start_miracast_session)(void *miracast_context, int rtsp_socket,
					     const struct miracast_wfd_connection_stats *stats,
					     struct miracast_session_info *session_info);
	void (*stop_miracast_session)(void *miracast_context);
	ntstatus_t (*handle_kernel_mode_message)(void *miracast_context, uint32_t input_size,
						 const void *input, uint32_t output_size,
						 void *output, uint32_t *bytes_returned);
};

/**
 * miracast_query_driver_interface:
 * @version: MIRACAST_DRIVER_INTERFACE_VERSION_1, else STATUS_REVISION_MISMATCH
 * @size: bytes at @driver_interface
 * @driver_interface: filled
 *
 * The one export of a user-mode driver. DDI: QueryMiracastDriverInterface.
 */
ntstatus_t miracast_query_driver_interface(uint32_t version, uint32_t size,
					   struct miracast_driver_interface *driver_interface);
typedef ntstatus_t (*miracast_query_driver_interface_fn)(
	uint32_t version, uint32_t size, struct miracast_driver_interface *driver_interface);

/**
 * miracast_prepare_driver:
 *
 * An optional second export. Called once in the process's life, before it gives up the right to open
 * files and while it has one thread: what may be needed later has to be loaded now, and no thread
 * may be left. Beyond the DDI.
 */
void miracast_prepare_driver(void);
typedef void (*miracast_prepare_driver_fn)(void);

/*
 * Beyond the DDI, exported by libmiracast to drivers.
 */

/* An option of this session ("mode", "encoder", ...) as the user gave it, or NULL. */
const char *miracast_device_get_option(MiracastDevice *device, const char *name);

/*
 * Why the session ends or could not start: @reason is a stable word for machines
 * ("sink-silent-m3"), @message a sentence for people that says what to do. The first one of a
 * session counts. Call it before report_session_status() or before failing a start.
 */
void miracast_device_set_reason(MiracastDevice *device, const char *reason, const char *message);

/*
 * What the host shows of the session, by its name ("mode", "encoder"); replaces what was there. Users
 * are told of each change, so this is for what seldom changes. Any thread.
 */
void miracast_device_set_detail(MiracastDevice *device, const char *name, const char *text);
void miracast_device_set_detail_number(MiracastDevice *device, const char *name, uint64_t number);

/* The same for what changes all the time ("frames-encoded"): users have to ask for it. */
void miracast_device_set_statistic(MiracastDevice *device, const char *name, uint64_t number);
void miracast_device_set_statistic_text(MiracastDevice *device, const char *name, const char *text);

/*
 * UDP sockets for the stream, bound to an even port of the connection's local address and the one
 * above it; the driver's to close. Once in a session. FALSE: the host has none.
 */
bool miracast_device_take_rtp_sockets(MiracastDevice *device, int *rtp, int *rtcp);

/*
 * Connects the two to @port and @rtcp_port of the sink. If it has named no port for RTCP (0), reports are let
 * in from any of its ports, and none can be sent to it. Once in a session, from any thread; waits for the
 * host. A driver need not be able to do that itself.
 */
bool miracast_device_connect_rtp(MiracastDevice *device, uint16_t port, uint16_t rtcp_port);

/* What struct miracast_input_message is about. */
enum miracast_input_kind {
	MIRACAST_INPUT_POINTER, /* absolute, with one button and wheels */
	MIRACAST_INPUT_TOUCH, /* a touch screen of ten fingers */
	MIRACAST_INPUT_KEYBOARD,
	MIRACAST_INPUT_HID, /* of uhid, made from a report descriptor */
	MIRACAST_INPUT_CONNECTION, /* the sink's */
};

#define MIRACAST_INPUT_AXIS_MAX	      65535 /* absolute axes go from 0 to this */
#define MIRACAST_INPUT_MAX_DESCRIPTOR 4096 /* bytes */

/**
 * struct miracast_input_message - what a driver and its host say over the socket for input
 * @kind: enum miracast_input_kind
 * @number: of the driver's choice; the answer has the same
 * @descriptor: with MIRACAST_INPUT_HID: the rest of the message
 *
 * The driver asks for a device; the answer has its file, or none if there can be no such device. By
 * itself the host sends MIRACAST_INPUT_CONNECTION, with the sink's connection: the latest counts.
 */
struct miracast_input_message {
	uint32_t kind;
	uint32_t number;
	uint8_t descriptor[];
};

/**
 * miracast_device_take_input:
 * @socket: (transfer full): SOCK_SEQPACKET, of struct miracast_input_message
 * @port: TCP port of the host's for the sink's input
 *
 * While a session starts; once. Returns: false if the person has not allowed the sink to send
 * input.
 */
bool miracast_device_take_input(MiracastDevice *device, int *socket, uint16_t *port);

/*
 * Whether the stream goes to the sink encrypted; before play. Then each datagram of RTP is to be sealed:
 * what is sent is the result.
 */
bool miracast_device_seals(MiracastDevice *device);

/*
 * Seals one datagram; any thread. @out has room for @out_size bytes, MIRACAST_SEAL_OVERHEAD more than
 * @size will do. Returns the result's size; 0: it cannot be sealed, and must not be sent.
 */
#define MIRACAST_SEAL_OVERHEAD 128u
size_t miracast_device_seal(MiracastDevice *device, const void *datagram, size_t size, void *out,
			    size_t out_size);

/**
 * struct miracast_picture - what the sink is being sent, to be looked at here
 * @width: pixels
 * @height: pixels
 * @pixels: red, green and blue, three bytes a pixel, in rows without gaps; malloc()ed, the host's to free
 */
struct miracast_picture {
	uint32_t width;
	uint32_t height;
	uint8_t *pixels;
};

/* @max_width: pixels; 0: as wide as it is. False: nothing is being sent. Any thread, one call at a time. */
typedef bool (*miracast_take_picture)(void *user_data, uint32_t max_width,
				      struct miracast_picture *picture);

/*
 * The host may have pictures of @take from now on, until it is NULL; a call that is under way is
 * waited for then. Not from within @take.
 */
void miracast_device_set_take_picture(MiracastDevice *device, miracast_take_picture take,
				      void *user_data);

/* Whether pictures are on their way to the sink; not so at first. Between start and stop. */
void miracast_device_set_streaming(MiracastDevice *device, bool streaming);

#endif /* MIRACAST_DRIVER_H */
