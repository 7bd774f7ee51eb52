/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a session could not start or ended: a stable word for machines, a sentence for people. */
#ifndef WFD_REASONS_H
#define WFD_REASONS_H

#include "wfd-modes.h"

#include <glib.h>

typedef enum {
	WFD_REASON_NONE,
	WFD_REASON_STOPPED,
	/* The sink did not say what was due. */
	WFD_REASON_SINK_SILENT_M1,
	WFD_REASON_SINK_SILENT_M2,
	WFD_REASON_SINK_SILENT_M3,
	WFD_REASON_SINK_SILENT_M4,
	WFD_REASON_SINK_SILENT_M5,
	WFD_REASON_SINK_SILENT_M6,
	WFD_REASON_SINK_SILENT_M7,
	WFD_REASON_SILENT_AFTER_REFUSAL,
	WFD_REASON_SINK_MESSAGE_INCOMPLETE,
	WFD_REASON_SINK_NOT_READING,
	WFD_REASON_KEEPALIVE_MISSED,
	/* The connection is over. */
	WFD_REASON_SINK_CLOSED,
	WFD_REASON_LINK_LOST,
	WFD_REASON_SINK_TEARDOWN,
	/* What the sink said is of no use. */
	WFD_REASON_GARBAGE,
	WFD_REASON_BAD_CONTENT_LENGTH,
	WFD_REASON_TOO_MANY_ERRORS,
	WFD_REASON_BAD_CAPABILITIES,
	WFD_REASON_NO_COMMON_FORMAT,
	WFD_REASON_UNSUPPORTED_TRANSPORT,
	WFD_REASON_FOREIGN_SESSION,
	/* The sink refused. */
	WFD_REASON_REFUSED_M1,
	WFD_REASON_REFUSED_M3,
	WFD_REASON_REFUSED_FORMAT,
	WFD_REASON_REFUSED_VIDEO_ONLY,
	WFD_REASON_REFUSED_M5,
	/* This side cannot. */
	WFD_REASON_BAD_OPTION,
	WFD_REASON_SOCKET_FAILED,
	WFD_REASON_OUT_OF_MEMORY,
	WFD_REASON_GSTREAMER_FAILED,
	WFD_REASON_LINK_TOO_SLOW,
	WFD_REASON_ENCODER_FAILED,
	WFD_REASON_STREAM_BROKEN,
	WFD_REASON_DISPLAY_REFUSED,
	WFD_N_REASONS
} WfdReason;

/* What a sentence tells besides its reason; each reason uses some of it. */
typedef struct {
	const char *awaited; /* what was due, such as "SETUP (M6)" */
	const char *request; /* what @code answers, such as "M3 GET_PARAMETER" */
	guint code; /* of the sink's answer or of ours, or a status of the display driver's */
	guint seconds; /* waited */
	gboolean playing; /* the sink had begun to */
	WfdMode mode;
	const char *text; /* another part's own words */
} WfdReasonDetail;

const char *wfd_reason_name(WfdReason reason);
char *wfd_reason_sentence(WfdReason reason, const WfdReasonDetail *detail);

#endif
