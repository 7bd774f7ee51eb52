/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's errors, and NTSTATUS for people and for errno. */
#ifndef MIRACAST_STATUS_H
#define MIRACAST_STATUS_H

#include <glib.h>
#include <linux/miracast.h>

G_BEGIN_DECLS

#define MIRACAST_ERROR (miracast_error_quark())

/**
 * MiracastError:
 * @MIRACAST_ERROR_FAILED: anything else; the message names the system's error
 * @MIRACAST_ERROR_NO_ADAPTER: there is no adapter
 * @MIRACAST_ERROR_UNKNOWN_ADAPTER: not the one that was named
 * @MIRACAST_ERROR_ACCESS: the node may not be opened
 * @MIRACAST_ERROR_UNSUPPORTED: not a miracast node, or a feature that it lacks
 * @MIRACAST_ERROR_BUSY: the adapter has as many contexts as it can
 * @MIRACAST_ERROR_REFUSED: the display driver refused the context
 * @MIRACAST_ERROR_GONE: the context or the adapter is gone
 * @MIRACAST_ERROR_INVALID: not possible in the present state, or a bad argument
 * @MIRACAST_ERROR_TIMED_OUT: the kernel's watchdog expired
 * @MIRACAST_ERROR_STOPPING: refused because the session stops, or the machine goes to sleep
 * @MIRACAST_ERROR_DRIVER_LOAD: the user-mode driver cannot be loaded
 * @MIRACAST_ERROR_DRIVER_FAILED: the user-mode driver returned an error
 * @MIRACAST_ERROR_DRIVER_HUNG: the user-mode driver did not return in time and was cut off
 */
typedef enum {
	MIRACAST_ERROR_FAILED,
	MIRACAST_ERROR_NO_ADAPTER,
	MIRACAST_ERROR_UNKNOWN_ADAPTER,
	MIRACAST_ERROR_ACCESS,
	MIRACAST_ERROR_UNSUPPORTED,
	MIRACAST_ERROR_BUSY,
	MIRACAST_ERROR_REFUSED,
	MIRACAST_ERROR_GONE,
	MIRACAST_ERROR_INVALID,
	MIRACAST_ERROR_TIMED_OUT,
	MIRACAST_ERROR_STOPPING,
	MIRACAST_ERROR_DRIVER_LOAD,
	MIRACAST_ERROR_DRIVER_FAILED,
	MIRACAST_ERROR_DRIVER_HUNG,
} MiracastError;

GQuark miracast_error_quark(void);

/* The code of @errnum, an errno of one of the channel's system calls. */
MiracastError miracast_error_from_errno(int errnum);

/* What a driver is told instead of @errnum. */
ntstatus_t miracast_status_from_errno(int errnum);

/* "STATUS_CANCELLED", or NULL for a number that <linux/miracast.h> does not name. */
const char *miracast_status_name(ntstatus_t status);

/* "STATUS_CANCELLED (0xC0000120)"; transfer full. */
char *miracast_status_to_string(ntstatus_t status);

G_END_DECLS

#endif /* MIRACAST_STATUS_H */
