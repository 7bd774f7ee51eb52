/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of a run as one line of JSON, for scripts and tests. miracast-sink(1) lists the keys. */
#pragma once

#include "sink_media.h"
#include "sink_session.h"

struct sink_report {
	gboolean ok;
	enum sink_reason reason;
	const char *sentence;
	const char *source; /* as given on the command line */
	gint64 began_real_us;
	gint64 duration_us;
	guint16 rtp_port; /* 0 if it never came to that */
	enum sink_misbehaviour misbehaviour;
	const sink_session *session; /* NULL if never connected */
	struct sink_media_stats media;
	const char *png; /* NULL if no picture was written */
	struct sink_picture picture;
};

/* One line, with its newline; the caller frees it. */
char *sink_report_json(const struct sink_report *report);
