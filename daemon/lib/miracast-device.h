/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MiracastDevice: one user-mode driver that runs on one context of the channel.
 *
 * The four calls of a driver's life - create, start, stop, destroy - are made on
 * one thread of the device, so they never overlap; the kernel's session gate keeps
 * the driver's message handler from running beside them. The host asks for each with
 * an asynchronous call and may ask for one at a time:
 *
 *	create -> start -> stop [-> start -> stop ...] -> destroy
 *
 * Results and signals come in the thread-default main context of the thread that
 * made the device. No call waits without a bound: a driver that does not return is
 * cut off from the kernel (its context is destroyed), the call fails with
 * MIRACAST_ERROR_DRIVER_HUNG, and what the driver holds is released when it
 * returns after all. The device is then of no more use.
 */
#ifndef MIRACAST_DEVICE_H
#define MIRACAST_DEVICE_H

#include "miracast-channel.h"
#include "miracast-driver.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define MIRACAST_TYPE_DEVICE (miracast_device_get_type())
G_DECLARE_FINAL_TYPE(MiracastDevice, miracast_device, MIRACAST, DEVICE, GObject)

/* The longest that each call takes before the driver counts as hung, in seconds. */
#define MIRACAST_DEVICE_CREATE_LIMIT  30
#define MIRACAST_DEVICE_STOP_LIMIT    10
#define MIRACAST_DEVICE_DESTROY_LIMIT 10
/* After a start has been told to give up: see miracast_device_start_async(). */
#define MIRACAST_DEVICE_START_GRACE 5

/* So many messages may be with the driver at once. */
#define MIRACAST_DEVICE_THREADS 4

/**
 * MiracastDevice::stop-requested:
 * @stop_reason: enum miracast_stop_reason
 *
 * The session has to end, because the driver reported so, the kernel asks for it, or
 * the context is gone. At most once between a start and the next. The host calls
 * miracast_device_stop_async(). miracast_device_get_reason() may say more.
 */
/**
 * MiracastDevice::details-changed:
 *
 * The driver set details: at most five times a second.
 */
/**
 * MiracastDevice::streaming-changed:
 *
 * See miracast_device_get_streaming(): at once, then at most five times a second.
 */

/**
 * miracast_device_new:
 * @adapter: a node's path, an adapter's name ("miracast_display"), or NULL for
 *	any adapter that has a context to give
 * @driver_path: the user-mode driver's shared object
 * @options: (element-type utf8 utf8) (nullable): what the driver may ask for with
 *	miracast_device_get_option(); copied
 */
MiracastDevice *miracast_device_new(const char *adapter, const char *driver_path,
				    GHashTable *options);

/* As above with a driver that is linked into the host. @driver is copied. */
MiracastDevice *miracast_device_new_with_driver(const char *adapter,
						const struct miracast_driver_interface *driver,
						GHashTable *options);

/**
 * miracast_device_add_adapter_file:
 * @path: of the node, for messages
 * @fd: (transfer full): the node, opened for reading and writing
 *
 * Before create: nodes are not opened by the device then, but the files that were added are tried
 * in their order.
 */
void miracast_device_add_adapter_file(MiracastDevice *device, const char *path, int fd);

/* What miracast_device_connect_rtp() does; may wait. On a thread of the driver's. */
typedef gboolean (*MiracastConnectRtp)(guint16 port, guint16 rtcp_port, gpointer user_data);

/* What miracast_device_take_input() hands out; before start. @socket: (transfer full). */
void miracast_device_set_input(MiracastDevice *device, int socket, guint16 port);

/* Seals datagrams, as miracast_device_seal() has it. Any thread. */
typedef gsize (*MiracastSeal)(const void *datagram, gsize size, void *out, gsize out_size,
			      gpointer user_data);

/* Before start: the stream is sealed, or, with NULL, it is not. @free_data: for @user_data. */
void miracast_device_set_seal(MiracastDevice *device, MiracastSeal seal, gpointer user_data,
			      GDestroyNotify free_data);

/* What miracast_device_take_rtp_sockets() hands out; before start. The sockets: (transfer full). */
void miracast_device_set_rtp_sockets(MiracastDevice *device, int rtp, int rtcp,
				     MiracastConnectRtp connect, gpointer user_data);

/* Whether the link measures its data rate; before start. FALSE at first. */
void miracast_device_set_has_data_rate(MiracastDevice *device, gboolean has_data_rate);

/**
 * miracast_device_create_async:
 *
 * Loads the driver, opens an adapter, creates its context and calls
 * create_miracast_context(). Errors: those of miracast_channel_open() and
 * _create_context(), DRIVER_LOAD, DRIVER_FAILED, DRIVER_HUNG. After an error
 * only miracast_device_destroy_async() is possible.
 */
void miracast_device_create_async(MiracastDevice *device, GAsyncReadyCallback callback,
				  gpointer user_data);
gboolean miracast_device_create_finish(MiracastDevice *device, GAsyncResult *result,
				       GError **error);

/**
 * miracast_device_start_async:
 * @rtsp_socket: (transfer full): connected; the device closes it once the session has
 *	stopped, or its start has failed
 * @stats: (nullable): the link; NULL: nothing is known
 * @timeout_s: after so many seconds the socket is shut down, and that long plus
 *	MIRACAST_DEVICE_START_GRACE after the call a driver that has not returned is hung
 *
 * Calls start_miracast_session() and, if that succeeds, begins to serve messages.
 * Errors: TIMED_OUT, DRIVER_FAILED (miracast_device_get_reason() may say more),
 * DRIVER_HUNG, GONE, INVALID (also if a session is started already).
 */
void miracast_device_start_async(MiracastDevice *device, int rtsp_socket,
				 const struct miracast_wfd_connection_stats *stats, guint timeout_s,
				 GAsyncReadyCallback callback, gpointer user_data);
gboolean miracast_device_start_finish(MiracastDevice *device, GAsyncResult *result,
				      struct miracast_session_info *session_info, GError **error);

/*
 * Shuts the RTSP socket down, so that a start under way ends early: one that has not returned
 * MIRACAST_DEVICE_START_GRACE later is hung.
 */
void miracast_device_hang_up(MiracastDevice *device);

/**
 * miracast_device_stop_async:
 *
 * Waits for the handlers that run, then calls stop_miracast_session().
 * Errors: DRIVER_HUNG. Everything else that can go wrong leaves a stopped session.
 */
void miracast_device_stop_async(MiracastDevice *device, enum miracast_stop_reason reason,
				GAsyncReadyCallback callback, gpointer user_data);
gboolean miracast_device_stop_finish(MiracastDevice *device, GAsyncResult *result, GError **error);

/**
 * miracast_device_destroy_async:
 *
 * Stops what still runs, calls destroy_miracast_context(), unloads the driver and gives the
 * kernel's context back. Must be the last call, also after a failed create. Errors: DRIVER_HUNG.
 */
void miracast_device_destroy_async(MiracastDevice *device, GAsyncReadyCallback callback,
				   gpointer user_data);
gboolean miracast_device_destroy_finish(MiracastDevice *device, GAsyncResult *result,
					GError **error);

/* The channel, from create to destroy; else NULL. Transfer full. */
MiracastChannel *miracast_device_ref_channel(MiracastDevice *device);

/* What the driver said with miracast_device_set_reason(): FALSE if nothing. Transfer full. */
gboolean miracast_device_get_reason(MiracastDevice *device, char **reason, char **message);

/* Names of options that the driver has not asked for so far. Transfer full. */
char **miracast_device_get_unused_options(MiracastDevice *device);

/* What the driver set: a{sv} in order of the names; texts and uint64. Transfer full, not floating. */
GVariant *miracast_device_get_details(MiracastDevice *device);
GVariant *miracast_device_get_statistics(MiracastDevice *device);

/* Whether the driver says that pictures are on their way to the sink. */
gboolean miracast_device_get_streaming(MiracastDevice *device);

/**
 * miracast_device_take_picture:
 * @max_width: pixels: a wider picture is made smaller; 0: it stays as wide as it is
 * @picture: filled; its pixels are for free()
 *
 * What the sink is being sent. Takes the time of the driver's conversion. Any thread. Returns: FALSE: nothing is being sent, or
 * the driver has no pictures to show.
 */
gboolean miracast_device_take_picture(MiracastDevice *device, guint max_width,
				      struct miracast_picture *picture);

/**
 * miracast_device_notify_data_rate:
 * @stats: counts are since the last call; NULL: the link is not measured any more
 *
 * To be called twice a second. The driver, if it has registered, is told on a thread of its
 * own; while it is slow the counts add up.
 */
void miracast_device_notify_data_rate(MiracastDevice *device,
				      const struct miracast_datarate_stats *stats);

G_END_DECLS

#endif /* MIRACAST_DEVICE_H */
