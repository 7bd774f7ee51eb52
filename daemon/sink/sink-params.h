/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wi-Fi Display parameters as a sink reads and writes them: text in, text out.
 *
 * Source of every grammar here: Wi-Fi Display Technical Specification 2.1, sections 6.1 (parameters)
 * and 6.2 (errors). The resolution tables are ../wfd's. No sockets, no media.
 */
#pragma once

#include "wfd-modes.h"

#include <glib.h>

#define SINK_RTSP_PORT 7236 /* WFD 2.1, 4.5: the default control port */

#define SINK_PARAMS_ERROR (sink_params_error_quark())
GQuark sink_params_error_quark(void);

/* The numbers are the RTSP codes that a 303 answer names for the parameter (WFD 2.1, 6.2.1). */
typedef enum {
	SINK_PARAMS_ERROR_MALFORMED = 400,
	SINK_PARAMS_ERROR_UNSUPPORTED = 415,
	SINK_PARAMS_ERROR_UNKNOWN = 451,
} SinkParamsError;

#define SINK_PROFILE_CBP 0x01
#define SINK_PROFILE_CHP 0x02

/* One H.264-codec group of wfd_video_formats. level is a bit: 0 is 3.1, 1 3.2, 2 4, 3 4.1, 4 4.2. */
typedef struct {
	guint8 profile;
	guint8 level;
	guint32 modes[WFD_N_MODE_TABLES];
	guint8 latency;
	guint16 min_slice_size;
	guint16 slice_enc_params;
	guint8 frame_rate_control;
	guint16 max_hres; /* 0 is "none" */
	guint16 max_vres; /* 0 is "none" */
} SinkH264Codec;

#define SINK_MAX_CODECS 8

typedef struct {
	guint8 native; /* bits 2:0 table, 7:3 index */
	guint8 preferred_display_mode;
	guint n_codecs; /* 0 is "none" */
	SinkH264Codec codecs[SINK_MAX_CODECS];
} SinkVideoFormats;

/* What M4 settled on. */
typedef struct {
	WfdMode mode;
	guint8 profile;
	guint8 level;
	WfdModeTable table;
	guint index;
} SinkVideoChoice;

typedef struct {
	char format[8]; /* "LPCM", "AAC", "AC3"; "" if no audio */
	guint32 mode;
} SinkAudioChoice;

const char *sink_table_name(WfdModeTable table);
const char *sink_profile_name(guint8 profile);
const char *sink_level_name(guint8 level);

gboolean sink_video_formats_parse(const char *text, SinkVideoFormats *formats, GError **error);

/*
 * Checks the wfd_video_formats of an M4 against what the sink offered: one codec group, one profile
 * and one level that were offered, exactly one resolution of exactly one table, offered too, and
 * within what H.264 allows at that level.
 */
gboolean sink_video_choice_parse(const char *text, const SinkVideoFormats *offered,
				 SinkVideoChoice *choice, GError **error);

/* Checks the wfd_audio_codecs of an M4 against the text of the sink's own wfd_audio_codecs. */
gboolean sink_audio_choice_parse(const char *text, const char *offered, SinkAudioChoice *choice,
				 GError **error);

/* The RTSP URL for SETUP (streamid=0) out of a wfd_presentation_URL; the caller frees it. */
char *sink_presentation_url_parse(const char *text, GError **error);

/* wfd_client_rtp_ports: @ports gets rtp-port0 and rtp-port1. */
gboolean sink_client_rtp_ports_parse(const char *text, guint16 ports[2], GError **error);

/*
 * Calls @each for every line of a text/parameters body with its name and value; the value is NULL
 * on a line without a colon (a parameter asked for in GET_PARAMETER, or wfd_idr_request). FALSE if
 * the body is not text/parameters: a NUL or control byte, no name, or more than 64 lines.
 */
typedef void (*SinkParamFunc)(const char *name, const char *value, gpointer user_data);
gboolean sink_params_foreach(const char *body, gsize size, SinkParamFunc each, gpointer user_data,
			     GError **error);

/*
 * The sink's capabilities: what it answers for each parameter name in M3. Values are verbatim, so a
 * test can offer anything. Names are compared without case.
 */
typedef struct SinkCaps SinkCaps;
SinkCaps *sink_caps_new(guint16 rtp_port);
void sink_caps_free(SinkCaps *caps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkCaps, sink_caps_free)
void sink_caps_set(SinkCaps *caps, const char *name, const char *value);
const char *sink_caps_get(const SinkCaps *caps, const char *name);
/* Lines "name: value" override or add, a line with only a name removes, '#' begins a comment. */
gboolean sink_caps_load(SinkCaps *caps, const char *text, gsize size, GError **error);
gboolean sink_caps_set_edid(SinkCaps *caps, const guint8 *edid, gsize size, GError **error);
/* The M3 answer: the asked parameters that the sink knows, in the order asked. */
char *sink_caps_answer(const SinkCaps *caps, const char *body, gsize size, GError **error);

#define SINK_EDID_BLOCK 128
/* A valid EDID 1.4 block of a display that prefers 1280x720 at 60 Hz and knows 1920x1080 at 30 Hz. */
void sink_edid_default(guint8 edid[SINK_EDID_BLOCK]);
gboolean sink_edid_check(const guint8 *edid, gsize size, GError **error);
