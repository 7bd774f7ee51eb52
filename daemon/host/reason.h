/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a session ends, where the host knows it: a word that programs may rely on, and a
 * sentence that tells people what to do. A user-mode driver has reasons of its own.
 */
#ifndef HOST_REASON_H
#define HOST_REASON_H

#include <glib.h>
#include <linux/miracast.h>

typedef enum {
	HOST_REASON_STOPPED_BY_USER,
	HOST_REASON_DAEMON_SHUTDOWN,
	HOST_REASON_DECLINED_BY_USER,

	HOST_REASON_NO_LOCAL_ADDRESS,
	HOST_REASON_NO_ROUTE,
	HOST_REASON_ADDRESS_IN_USE,
	HOST_REASON_LISTEN_FAILED,
	HOST_REASON_SINK_DID_NOT_CONNECT,
	HOST_REASON_WRONG_PEER,
	HOST_REASON_LINK_LOST,

	HOST_REASON_NO_ADAPTER,
	HOST_REASON_UNKNOWN_ADAPTER,
	HOST_REASON_ADAPTER_BUSY,
	HOST_REASON_ADAPTER_ACCESS,
	HOST_REASON_ADAPTER_UNSUPPORTED,
	HOST_REASON_ADAPTER_FAILED,
	HOST_REASON_ADAPTER_GONE,
	HOST_REASON_CONTEXT_REFUSED,

	HOST_REASON_DRIVER_LOAD_FAILED,
	HOST_REASON_DRIVER_FAILED,
	HOST_REASON_DRIVER_HUNG,
	HOST_REASON_SESSION_DIED,
	HOST_REASON_START_TIMEOUT,

	HOST_REASON_SINK_SILENT,
	HOST_REASON_SINK_DISCONNECTED,
	HOST_REASON_INSUFFICIENT_BANDWIDTH,
	HOST_REASON_MODE_REFUSED,
	HOST_REASON_SUSPENDED,
	HOST_REASON_KERNEL_STOP,

	HOST_N_REASONS,
} HostReason;

/* Codes are HostReason; the message is host_reason_message(). */
#define HOST_ERROR (host_error_quark())
GQuark host_error_quark(void);

const char *host_reason_word(HostReason reason);

/* The sentence, with @detail (may be NULL) in parentheses. Transfer full. */
char *host_reason_message(HostReason reason, const char *detail);

/* Of an error of domain HOST_ERROR or MIRACAST_ERROR. */
HostReason host_reason_from_error(const GError *error);

/* Of a session that the driver or the kernel ended without a word of its own. */
HostReason host_reason_from_stop(enum miracast_stop_reason stop_reason);

/* What the kernel is told: the other way round. */
enum miracast_stop_reason host_reason_to_stop(HostReason reason);

#endif /* HOST_REASON_H */
