/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The message channel from user space: typed calls over one open file of
 * /dev/miracastN. See <linux/miracast.h> for what each does in the kernel.
 *
 * Every call may be made from any thread, except where the kernel asks for one
 * (the session's steps). Errors are of the domain MIRACAST_ERROR.
 */
#ifndef MIRACAST_CHANNEL_H
#define MIRACAST_CHANNEL_H

#include "miracast-status.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct _MiracastChannel MiracastChannel;

/**
 * miracast_channel_list_adapters:
 *
 * Returns: (transfer full): paths of the adapters' nodes in order of their
 * numbers, NULL-terminated, perhaps none
 */
char **miracast_channel_list_adapters(void);

/**
 * miracast_channel_open:
 * @path: "/dev/miracast0"
 * @features: MIRACAST_FEATURE_* bits that the caller will use
 *
 * Opens the node and shakes hands. Errors: NO_ADAPTER, ACCESS, UNSUPPORTED.
 */
MiracastChannel *miracast_channel_open(const char *path, uint64_t features, GError **error);

/* The same with a node that is open already. @fd: (transfer full): closed on error, too. */
MiracastChannel *miracast_channel_new_for_fd(int fd, const char *path, uint64_t features,
					     GError **error);

MiracastChannel *miracast_channel_ref(MiracastChannel *channel);

/* The last one unmaps the arena and closes the file, which ends the context. */
void miracast_channel_unref(MiracastChannel *channel);

/* The open file: to poll() for what <linux/miracast.h> says, never to close. */
int miracast_channel_get_fd(MiracastChannel *channel);

const char *miracast_channel_get_path(MiracastChannel *channel);
const struct miracast_handshake *miracast_channel_get_handshake(MiracastChannel *channel);

/**
 * miracast_channel_create_context:
 * @slots: message slots, 1 to the handshake's max_slots
 * @flags: MIRACAST_CONTEXT_RECOVER or 0
 *
 * Also maps the arena. Errors: BUSY, REFUSED (the message names the display
 * driver's status), GONE, INVALID. Once in a channel's life.
 */
gboolean miracast_channel_create_context(MiracastChannel *channel, uint32_t slots, uint32_t flags,
					 GError **error);

/**
 * miracast_channel_recover:
 * @fd: (transfer full): the file of a daemon that crashed, kept open elsewhere (systemd's
 *	descriptor store), whose context was made with MIRACAST_CONTEXT_RECOVER; closed on error
 *
 * Takes over its context; what the daemon had not answered is handed out again. The
 * handshake was the other daemon's: miracast_channel_get_handshake() is all zero.
 * Errors: ACCESS (made without the flag), INVALID (no context), GONE, UNSUPPORTED.
 */
MiracastChannel *miracast_channel_recover(int fd, GError **error);

/* Every message ends; what other threads wait for in this channel fails with GONE. */
gboolean miracast_channel_destroy_context(MiracastChannel *channel, GError **error);

/* As miracast_channel_create_context() or _recover() left it. */
const struct miracast_context_info *miracast_channel_get_context(MiracastChannel *channel);

/* A fetched message's buffers, in the arena; valid until its completion is submitted. */
const void *miracast_channel_get_input(MiracastChannel *channel,
				       const struct miracast_message *message);
void *miracast_channel_get_output(MiracastChannel *channel, const struct miracast_message *message);

/**
 * miracast_channel_exchange:
 * @exchange: all but its size, which is set here; written as the kernel says
 *
 * A signal does not end it: SIGCONT wakes even threads that have all signals blocked.
 * Errors: INVALID for a bad completion (nr_completions tells which), GONE.
 */
gboolean miracast_channel_exchange(MiracastChannel *channel, struct miracast_exchange *exchange,
				   GError **error);

/**
 * miracast_channel_io_control:
 * @flags: MIRACAST_IO_CONTROL_HARDWARE_ACCESS or 0
 * @bytes_returned: (out) (optional)
 *
 * Returns: the display driver's status, or miracast_status_from_errno() when
 * it was not asked
 */
ntstatus_t miracast_channel_io_control(MiracastChannel *channel, uint32_t flags,
				       uint32_t input_size, const void *input, uint32_t output_size,
				       void *output, uint32_t *bytes_returned);

/**
 * miracast_channel_session_step:
 * @status: of START_END, else STATUS_SUCCESS
 * @reason: of STOP_BEGIN, else 0
 *
 * Errors: INVALID (not from this state), ACCESS (not this thread's to end),
 * TIMED_OUT (STOP_BEGIN: handlers still run, the context was cut off), GONE.
 */
gboolean miracast_channel_session_step(MiracastChannel *channel, enum miracast_session_op op,
				       ntstatus_t status, enum miracast_stop_reason reason,
				       GError **error);

/* Reads the state, which takes back EPOLLPRI. Errors: INVALID, GONE. */
gboolean miracast_channel_get_state(MiracastChannel *channel, struct miracast_state *state,
				    GError **error);

/**
 * miracast_channel_get_chunks:
 * @timeout_ns: 0: do not wait, MIRACAST_NO_TIMEOUT: until one comes
 * @buffer_size: (inout): room at @buffer; bytes written, or with STATUS_BUFFER_TOO_SMALL
 *	the bytes that the next chunk needs
 * @outstanding: (out) (optional): chunks left; advisory
 *
 * Returns: as struct miracast_get_chunks says; STATUS_INSTANCE_NOT_AVAILABLE
 * once the context is gone
 */
ntstatus_t miracast_channel_get_chunks(MiracastChannel *channel, uint64_t timeout_ns,
				       uint32_t *buffer_size, struct miracast_chunk_data *buffer,
				       uint32_t *outstanding);

gboolean miracast_channel_report_session_status(MiracastChannel *channel,
						enum miracast_status miracast_status,
						ntstatus_t status, GError **error);
gboolean miracast_channel_report_statistic(MiracastChannel *channel,
					   const struct miracast_statistic_data *statistic,
					   GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MiracastChannel, miracast_channel_unref)

G_END_DECLS

#endif /* MIRACAST_CHANNEL_H */
