/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The faults and oddities that a sink shows a source on purpose: a table of what --misbehave takes.
 * Most of it is data: an answer, a value in M3, a change of what is written. What takes place at a
 * time of its own is a SinkFault, which the session or the program looks at.
 */
#pragma once

#include "sink-params.h"

typedef enum {
	SINK_FAULT_NONE,
	/* Of the session: */
	SINK_FAULT_SILENT, /* no answer to a message of number m */
	SINK_FAULT_REFUSE, /* status and body in answer to the first @times messages of number m */
	SINK_FAULT_REFUSE_OPTIONAL, /* status in answer to an M3 that asks for more than it must */
	SINK_FAULT_ERRORS_IN_M3, /* an error's number as the value of each optional parameter */
	SINK_FAULT_GARBAGE,
	SINK_FAULT_BAD_CONTENT_LENGTH,
	SINK_FAULT_HUGE_CONTENT_LENGTH,
	SINK_FAULT_WRONG_CSEQ,
	SINK_FAULT_BROKEN_REQUEST,
	SINK_FAULT_STRANGE_REQUIRE,
	SINK_FAULT_CLOSE_AFTER_M4,
	SINK_FAULT_NO_M6,
	SINK_FAULT_TCP_ONLY,
	SINK_FAULT_TEARDOWN_NOW,
	SINK_FAULT_CLOSE_IN_PLAY,
	SINK_FAULT_SILENT_IN_PLAY,
	SINK_FAULT_UNKNOWN_METHOD,
	SINK_FAULT_FLOOD_IDR,
	SINK_FAULT_FREQUENT_IDR,
	SINK_FAULT_READ_ONCE,
	/* Of the program, which has the socket: */
	SINK_FAULT_SPLIT_MESSAGES,
	SINK_FAULT_COALESCED_MESSAGES,
	SINK_FAULT_RECONNECT,
	SINK_FAULT_CONNECT_ONCE,
	/* With --mice, before RTSP: */
	SINK_FAULT_MICE_SPLIT,
	SINK_FAULT_MICE_MERGED,
	SINK_FAULT_MICE_CUT_TOKENS,
	SINK_FAULT_MICE_COOKIE,
	SINK_FAULT_MICE_ECHO_HASH,
	SINK_FAULT_MICE_FALSE_HASH,
	SINK_FAULT_MICE_REFUSE_PIN,
	SINK_FAULT_MICE_GARBAGE,
	SINK_FAULT_MICE_OVERSIZED,
	SINK_FAULT_MICE_BROKEN,
	SINK_FAULT_MICE_UNKNOWN,
	SINK_FAULT_MICE_DTLS_GARBAGE,
	SINK_FAULT_MICE_SILENT,
	SINK_FAULT_MICE_SILENT_HANDSHAKE,
	SINK_FAULT_MICE_SILENT_PIN,
	SINK_FAULT_MICE_STOP_AT_READY,
	SINK_FAULT_MICE_STOP_IN_PLAY,
	SINK_FAULT_MICE_CLOSE_AT_ONCE,
	SINK_FAULT_MICE_CLOSE_IN_HANDSHAKE,
	SINK_FAULT_MICE_CLOSE_AT_PIN,
	SINK_FAULT_MICE_CLOSE_AT_READY,
	SINK_FAULT_MICE_CLOSE_IN_PLAY,
	/* With --p2p, before RTSP: */
	SINK_FAULT_P2P_DECLINE,
	SINK_FAULT_P2P_NEVER_ACCEPT,
	SINK_FAULT_P2P_WRONG_PIN,
	SINK_FAULT_P2P_NO_ADDRESS,
	SINK_FAULT_P2P_NO_CONNECT,
	SINK_FAULT_P2P_CONNECT_OWNER,
	SINK_FAULT_P2P_CONNECT_CLIENT,
	SINK_FAULT_P2P_VANISH, /* at @step */
} SinkFault;

#define SINK_GARBAGE_BYTES	 (1024 * 1024)
#define SINK_FLOOD_REQUESTS	 1000
#define SINK_FREQUENT_IDR_US	 (50 * G_TIME_SPAN_MILLISECOND)
#define SINK_EDID_MAX_EXTENSIONS 5

/* An EDID that is not what it says. */
typedef struct {
	const char *count; /* the number of blocks as wfd_display_edid has it */
	guint8 n_claimed; /* extension blocks, as the base block has it */
	guint8 n_sent; /* extension blocks that are there, at most SINK_EDID_MAX_EXTENSIONS */
	gboolean bad_sum; /* of the last extension block */
	gboolean all_ff; /* the last extension block is nothing but FF */
	gboolean half_byte; /* one hex digit more at the end */
} SinkEdidFault;

typedef void (*SinkRewriteFunc)(GString *text);

typedef struct {
	const char *name;
	const char *description;
	SinkFault fault;
	guint8 m;
	guint times; /* 0: always */
	guint status;
	const char *body;
	const char *param; /* a parameter of M3, with its value; PORT and NEXT stand for ports */
	const char *value;
	const SinkEdidFault *edid;
	const char *step; /* of those of sink-p2p.h */
	SinkRewriteFunc session_id; /* how the session's id is echoed */
	SinkRewriteFunc params; /* how a body is written */
	SinkRewriteFunc message; /* how a whole message is written */
} SinkMisbehaviour;

/* Whether it is this fault. @misbehaviour: NULL: none is */
gboolean sink_misbehaves(const SinkMisbehaviour *misbehaviour, SinkFault fault);
/* NULL if there is none of this name. */
const SinkMisbehaviour *sink_misbehaviour_find(const char *name);
const SinkMisbehaviour *sink_misbehaviour_table(guint *n);
/* Sets what the misbehaviour changes in M3's answer. */
void sink_misbehaviour_set_caps(const SinkMisbehaviour *misbehaviour, SinkCaps *caps, guint16 port);
