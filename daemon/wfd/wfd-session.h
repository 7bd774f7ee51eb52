/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session with a sink, from the connected RTSP socket to its end: the conversation (wfd-source.h),
 * the stream (media.h), the sink's input (wfd-input.h).
 *
 * The conversation is a source of the session's main context. wfd_session_start() runs that context on
 * the caller's thread until the sink has accepted a format, then a thread of its own, the session's,
 * runs it until wfd_session_stop() has joined it.
 *
 * The monitor is reported to the kernel when the sink plays, from the session's thread. That is never inside
 * wfd_session_start(): until it has returned the kernel's messages are held.
 */
#ifndef WFD_SESSION_H
#define WFD_SESSION_H

#include "wfd-display.h"
#include "wfd-reasons.h"

typedef struct _WfdSession WfdSession;

/* Tells the host why a session cannot start, in the reason's own sentence. */
void wfd_session_set_reason(MiracastDevice *device, WfdReason reason, const char *text);

/**
 * wfd_session_start:
 * @callbacks: of the host; valid as long as the session
 * @display: stays the caller's
 * @rtsp_socket: the host's; never closed here
 * @stats: the link; NULL: nothing is known
 * @status: out: why there is none
 *
 * Bounded by the conversation's own deadlines. Returns: NULL: it could not start, and the host was told the
 * reason.
 */
WfdSession *wfd_session_start(MiracastDevice *device,
			      const struct miracast_host_callbacks *callbacks, WfdDisplay *display,
			      int rtsp_socket, const struct miracast_wfd_connection_stats *stats,
			      ntstatus_t *status);

/* Ends it and frees it. Bounded: one second for the sink's TEARDOWN, and the picture that is being encoded. */
void wfd_session_stop(WfdSession *session);

/* Any thread: the monitor goes on or off. */
void wfd_session_set_power(WfdSession *session, gboolean on);

Media *wfd_session_media(const WfdSession *session);
/* kbit/s that the stream takes at most. */
guint wfd_session_kbit(const WfdSession *session);

#endif
