/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statistics of a run as one line of JSON, for scripts and tests. miracast-sink(1) lists the keys. */
#pragma once

#include "sink-media.h"
#include "sink-mice.h"
#include "sink-p2p.h"
#include "sink-session.h"
#include "sink-uibc.h"

typedef struct {
	gboolean ok;
	SinkReason reason;
	const char *sentence;
	const char *source; /* as given on the command line, or who came; NULL: nobody */
	gint64 began_real_us;
	gint64 duration_us;
	guint16 rtp_port; /* 0 if it never came to that */
	const SinkMisbehaviour *misbehaviour; /* NULL: none */
	const SinkMice *mice; /* NULL if not reached by Miracast over Infrastructure */
	const SinkP2p *p2p; /* NULL if not reached by Wi-Fi Direct */
	const SinkSession *session; /* NULL if never connected */
	SinkMediaStatistics media;
	const SinkUibcStatistics *uibc; /* NULL: no --uibc */
	const char *png; /* NULL if no picture was written */
	SinkPicture picture;
} SinkReport;

/* One line, with its newline; the caller frees it. */
char *sink_report_json(const SinkReport *report);
/* The same of what has come until @real_us. */
char *sink_report_sample(const SinkMediaStatistics *media, gint64 real_us);
