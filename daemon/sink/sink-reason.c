// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-reason.h"

static const char *const reason_names[] = {
	[SINK_REASON_NONE] = "none",
	[SINK_REASON_FRAMES_REACHED] = "frames-reached",
	[SINK_REASON_SOURCE_TEARDOWN] = "source-teardown",
	[SINK_REASON_INTERRUPTED] = "interrupted",
	[SINK_REASON_TIMEOUT] = "timeout",
	[SINK_REASON_CONNECT_FAILED] = "connect-failed",
	[SINK_REASON_CONNECTION_CLOSED] = "connection-closed",
	[SINK_REASON_RTSP_MALFORMED] = "rtsp-malformed",
	[SINK_REASON_RTSP_OVERSIZE] = "rtsp-oversize",
	[SINK_REASON_RESPONSE_TIMEOUT] = "response-timeout",
	[SINK_REASON_REQUEST_REFUSED] = "request-refused",
	[SINK_REASON_BAD_RESPONSE] = "bad-response",
	[SINK_REASON_SOURCE_SILENT] = "source-silent",
	[SINK_REASON_MEDIA_FAILED] = "media-failed",
	[SINK_REASON_OUTPUT_FAILED] = "output-failed",
	[SINK_REASON_MISBEHAVED] = "misbehaved",
	[SINK_REASON_SOURCE_STOPPED] = "source-stopped",
	[SINK_REASON_CONTROL_LOST] = "control-lost",
	[SINK_REASON_MICE_INVALID] = "mice-invalid",
	[SINK_REASON_MICE_TIMEOUT] = "mice-timeout",
	[SINK_REASON_SECURITY_REFUSED] = "security-refused",
	[SINK_REASON_SECURITY_FAILED] = "security-failed",
	[SINK_REASON_WRONG_PIN] = "wrong-pin",
	[SINK_REASON_NOT_LISTENING] = "not-listening",
	[SINK_REASON_P2P_FAILED] = "p2p-failed",
	[SINK_REASON_LINK_LOST] = "link-lost",
};

const char *sink_reason_name(SinkReason reason)
{
	return reason_names[reason];
}
