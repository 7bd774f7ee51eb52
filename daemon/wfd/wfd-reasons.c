// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-reasons.h"

/* The word for a reason; it never changes. */
const char *wfd_reason_name(WfdReason reason)
{
	static const char *const names[WFD_N_REASONS] = {
		[WFD_REASON_NONE] = "none",
		[WFD_REASON_STOPPED] = "stopped",
		[WFD_REASON_SINK_SILENT_M1] = "sink-silent-m1",
		[WFD_REASON_SINK_SILENT_M2] = "sink-silent-m2",
		[WFD_REASON_SINK_SILENT_M3] = "sink-silent-m3",
		[WFD_REASON_SINK_SILENT_M4] = "sink-silent-m4",
		[WFD_REASON_SINK_SILENT_M5] = "sink-silent-m5",
		[WFD_REASON_SINK_SILENT_M6] = "sink-silent-m6",
		[WFD_REASON_SINK_SILENT_M7] = "sink-silent-m7",
		[WFD_REASON_SILENT_AFTER_REFUSAL] = "silent-after-refusal",
		[WFD_REASON_SINK_MESSAGE_INCOMPLETE] = "sink-message-incomplete",
		[WFD_REASON_SINK_NOT_READING] = "sink-not-reading",
		[WFD_REASON_KEEPALIVE_MISSED] = "keepalive-missed",
		[WFD_REASON_SINK_CLOSED] = "sink-closed",
		[WFD_REASON_LINK_LOST] = "link-lost",
		[WFD_REASON_SINK_TEARDOWN] = "sink-teardown",
		[WFD_REASON_GARBAGE] = "garbage",
		[WFD_REASON_BAD_CONTENT_LENGTH] = "bad-content-length",
		[WFD_REASON_TOO_MANY_ERRORS] = "too-many-errors",
		[WFD_REASON_BAD_CAPABILITIES] = "bad-capabilities",
		[WFD_REASON_NO_COMMON_FORMAT] = "no-common-format",
		[WFD_REASON_UNSUPPORTED_TRANSPORT] = "unsupported-transport",
		[WFD_REASON_FOREIGN_SESSION] = "foreign-session",
		[WFD_REASON_REFUSED_M1] = "refused-m1",
		[WFD_REASON_REFUSED_M3] = "refused-m3",
		[WFD_REASON_REFUSED_FORMAT] = "refused-format",
		[WFD_REASON_REFUSED_VIDEO_ONLY] = "refused-video-only",
		[WFD_REASON_REFUSED_M5] = "refused-m5",
		[WFD_REASON_BAD_OPTION] = "bad-option",
		[WFD_REASON_SOCKET_FAILED] = "socket-failed",
		[WFD_REASON_OUT_OF_MEMORY] = "out-of-memory",
		[WFD_REASON_GSTREAMER_FAILED] = "gstreamer-failed",
		[WFD_REASON_LINK_TOO_SLOW] = "link-too-slow",
		[WFD_REASON_ENCODER_FAILED] = "encoder-failed",
		[WFD_REASON_STREAM_BROKEN] = "stream-broken",
		[WFD_REASON_DISPLAY_REFUSED] = "display-refused",
	};

	return names[reason];
}

/* What happened and what to do; to be freed. */
char *wfd_reason_sentence(WfdReason reason, const WfdReasonDetail *detail)
{
	switch (reason) {
	case WFD_REASON_STOPPED: return g_strdup("the session was stopped");
	case WFD_REASON_SINK_SILENT_M1:
	case WFD_REASON_SINK_SILENT_M2:
	case WFD_REASON_SINK_SILENT_M3:
	case WFD_REASON_SINK_SILENT_M4:
	case WFD_REASON_SINK_SILENT_M5:
	case WFD_REASON_SINK_SILENT_M6:
	case WFD_REASON_SINK_SILENT_M7:
		return g_strdup_printf(
			"the sink was silent for %u s when %s was due: switch it off "
			"and on, and see that no firewall stops RTSP",
			detail->seconds, detail->awaited);
	case WFD_REASON_SILENT_AFTER_REFUSAL:
		return g_strdup_printf(
			"the sink was silent for %u s after its %s was answered with "
			"%u: update the sink's software",
			detail->seconds, detail->request, detail->code);
	case WFD_REASON_SINK_MESSAGE_INCOMPLETE:
		return g_strdup("the sink began a message and did not end it: its Content-Length "
				"is wrong or the link is bad");
	case WFD_REASON_SINK_NOT_READING:
		return g_strdup("the sink sends but does not read: switch it off and on");
	case WFD_REASON_KEEPALIVE_MISSED:
		return g_strdup("the sink stopped answering keep-alives: it is out of reach or "
				"switched off");
	case WFD_REASON_SINK_CLOSED:
		if (detail->playing)
			return g_strdup("the sink closed the connection without TEARDOWN: it was "
					"switched off or has failed; connect again to go on");
		return g_strdup_printf("the sink closed the connection while %s was awaited: is it "
				       "busy with another source, or switched off?",
				       detail->awaited);
	case WFD_REASON_LINK_LOST:
		return g_strdup_printf("the link to the sink broke (%s): bring the sink nearer and "
				       "connect again",
				       detail->text);
	case WFD_REASON_SINK_TEARDOWN:
		if (detail->text)
			return g_strdup_printf("the sink ended the session and says why: %s; "
					       "connect again to go on",
					       detail->text);
		return g_strdup("the sink ended the session: connect again to go on");
	case WFD_REASON_GARBAGE:
		return g_strdup_printf(
			"the sink sent what is not RTSP instead of %s: is the peer a "
			"Wi-Fi Display sink?",
			detail->awaited);
	case WFD_REASON_BAD_CONTENT_LENGTH:
		return g_strdup("the sink sent a message whose Content-Length is wrong: update the "
				"sink's software");
	case WFD_REASON_TOO_MANY_ERRORS:
		return g_strdup("the sink sends one useless message after the other: switch it off "
				"and on");
	case WFD_REASON_BAD_CAPABILITIES:
		return g_strdup_printf("%s: update the sink's software", detail->text);
	case WFD_REASON_UNSUPPORTED_TRANSPORT:
		return g_strdup("the sink takes RTP over TCP only, which is not supported: see if "
				"it can be set to UDP");
	case WFD_REASON_FOREIGN_SESSION:
		return g_strdup(
			"the sink asked for another session than the one it was given: switch "
			"it off and on");
	case WFD_REASON_REFUSED_M1:
	case WFD_REASON_REFUSED_M3:
	case WFD_REASON_REFUSED_M5:
		if (detail->playing)
			return g_strdup_printf("the sink answered %u to %s, as it was to go on: "
					       "switch it off and on",
					       detail->code, detail->request);
		return g_strdup_printf(
			"the sink answered %u to %s: is it a Wi-Fi Display sink, and "
			"free?",
			detail->code, detail->request);
	case WFD_REASON_REFUSED_FORMAT:
		return g_strdup_printf(
			"the sink answered %u to the video mode %ux%u@%u: choose another mode",
			detail->code, detail->mode.width, detail->mode.height, detail->mode.fps);
	case WFD_REASON_REFUSED_VIDEO_ONLY:
		return g_strdup_printf(
			"the sink answered %u to a stream without sound, and names no sound that can "
			"be sent: connect with sound, if it was switched off",
			detail->code);
	case WFD_REASON_LINK_TOO_SLOW:
		return g_strdup("the link carries less than 1 Mbit/s: bring the sink nearer");
	case WFD_REASON_DISPLAY_REFUSED:
		return g_strdup_printf(
			"the display driver refused the sink's monitor (0x%08x): see "
			"the kernel's log",
			detail->code);
	/* These parts say it themselves. */
	case WFD_REASON_NO_COMMON_FORMAT:
	case WFD_REASON_BAD_OPTION:
	case WFD_REASON_SOCKET_FAILED:
	case WFD_REASON_OUT_OF_MEMORY:
	case WFD_REASON_GSTREAMER_FAILED:
	case WFD_REASON_ENCODER_FAILED:
	case WFD_REASON_STREAM_BROKEN: return g_strdup(detail->text);
	case WFD_REASON_NONE:
	case WFD_N_REASONS: break;
	}
	g_return_val_if_reached(NULL);
}
