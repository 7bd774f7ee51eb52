/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of a session's process (miracast-session): starts it, hands it what it works
 * with, asks for the steps of a session as miracast-device.h has them, and kills it when a step
 * takes too long. Nothing that it says is taken without a check. It is the sealer of links, from
 * create to destroy.
 *
 *	create -> start -> stop -> destroy
 *
 * One at a time. A process that dies fails the step under way, and emits "died" if there is
 * none; from then on stop and destroy succeed at once.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "links/sealer.h"

#include <gio/gio.h>
#include <linux/miracast.h>

G_BEGIN_DECLS

#define HOST_TYPE_PROCESS (host_process_get_type())
G_DECLARE_FINAL_TYPE(HostProcess, host_process, HOST, PROCESS, GObject)

/**
 * HostProcess::stop-requested:
 * @stop_reason: enum miracast_stop_reason
 *
 * As MiracastDevice::stop-requested.
 */
/**
 * HostProcess::streaming-changed:
 */
/**
 * HostProcess::details-changed:
 */
/**
 * HostProcess::statistics:
 *
 * What host_process_ask_statistics() asked for has come.
 */
/**
 * HostProcess::died:
 * @how: for people
 */

/* The same for all sessions. */
typedef struct {
	const char *program; /* miracast-session */
	const char *driver; /* the user-mode driver that it loads */
	gboolean verbose;
} HostProcessConfig;

/**
 * host_process_new:
 * @number: names the session in its log
 * @config: outlives the process
 * @adapter: (nullable): as of miracast_device_new()
 * @options: (element-type utf8 utf8): the driver's
 */
HostProcess *host_process_new(guint number, const HostProcessConfig *config, const char *adapter,
			      GHashTable *options);

/**
 * host_process_allow_input:
 * @sink: its name: the input devices are named after it
 *
 * The person lets the sink send input. Before start.
 */
void host_process_allow_input(HostProcess *process, const char *sink);

/* Errors of all these: those of MiracastDevice's, and HOST_REASON_SESSION_DIED. */
void host_process_create_async(HostProcess *process, GAsyncReadyCallback callback,
			       gpointer user_data);
gboolean host_process_create_finish(HostProcess *process, GAsyncResult *result, GError **error);

/*
 * @rtsp_socket: (transfer full): shut down after @timeout_s
 * @throughput: Mbit/s that the sink says it takes at most; 0: it does not say
 */
void host_process_start_async(HostProcess *process, int rtsp_socket, guint timeout_s,
			      guint throughput, GAsyncReadyCallback callback, gpointer user_data);
/* @unknown_options: (transfer full): names that the driver did not ask for. */
gboolean host_process_start_finish(HostProcess *process, GAsyncResult *result,
				   guint32 *session_info, char ***unknown_options, GError **error);

/* After a start that failed: whether the sink has closed its connection. */
gboolean host_process_sink_has_left(HostProcess *process);

/* So that a start under way ends early. */
void host_process_hang_up(HostProcess *process);

void host_process_stop_async(HostProcess *process, enum miracast_stop_reason reason,
			     GAsyncReadyCallback callback, gpointer user_data);
gboolean host_process_stop_finish(HostProcess *process, GAsyncResult *result, GError **error);

/* The last call. When it is over the process is gone. */
void host_process_destroy_async(HostProcess *process, GAsyncReadyCallback callback,
				gpointer user_data);
gboolean host_process_destroy_finish(HostProcess *process, GAsyncResult *result, GError **error);

/* Asks; "statistics" follows, unless the process is gone. */
void host_process_ask_statistics(HostProcess *process);

/**
 * host_process_take_picture_async:
 * @max_width: pixels: a wider picture is made smaller; 0: it stays as wide as it is
 *
 * What the sink is being sent. One at a time. Errors: G_IO_ERROR_NOT_FOUND if nothing is being sent,
 * _TIMED_OUT if no answer came in time, _BUSY if one is still to come, _CLOSED if the process is gone,
 * those of host_picture_open(). A process that answers with nonsense is killed.
 */
void host_process_take_picture_async(HostProcess *process, guint max_width,
				     GAsyncReadyCallback callback, gpointer user_data);

/* A file as host_picture_seal() makes it, and what it holds; -1 and @error. */
int host_process_take_picture_finish(HostProcess *process, GAsyncResult *result, guint *width,
				     guint *height, GError **error);

/* Once create has succeeded. */
const char *host_process_get_adapter(HostProcess *process);
guint32 host_process_get_context_id(HostProcess *process);
guint32 host_process_get_target_id(HostProcess *process);

/* What the driver said of the session's end: FALSE if nothing. Transfer none. */
gboolean host_process_get_reason(HostProcess *process, const char **reason, const char **message);

gboolean host_process_get_streaming(HostProcess *process);

/* a{sv} of texts and uint64, as they came last. Transfer none. */
GVariant *host_process_get_details(HostProcess *process);
GVariant *host_process_get_statistics(HostProcess *process);

G_END_DECLS

#endif /* HOST_PROCESS_H */
