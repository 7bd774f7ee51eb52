/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameters of Wi-Fi Display ("wfd_video_formats: ..."), as C values (WFD 2.1, 6.1). No
 * sockets, no media, no threads.
 *
 * Everything parsed here was written by the sink, so nothing is believed: numbers are bounded,
 * odd case, white space and trailing junk are accepted, and whatever is not understood is "none".
 */
#ifndef WFD_PARAMS_H
#define WFD_PARAMS_H

#include "wfd-modes.h"
#include "wfd-uibc.h"

#include <glib.h>

/* The port of sinks that name none (an old LG dongle; the example port of WFD 2.1, 4.10.1). */
#define WFD_DEFAULT_RTP_PORT 19000

/* Bits of the profile and level fields of wfd_video_formats. */
#define WFD_H264_CBP	   0x01
#define WFD_H264_CHP	   0x02
#define WFD_H264_LEVEL_3_1 0x01
#define WFD_H264_LEVEL_3_2 0x02
#define WFD_H264_LEVEL_4   0x04
#define WFD_H264_LEVEL_4_1 0x08
#define WFD_H264_LEVEL_4_2 0x10

/* The frame rate control field of wfd_video_formats. */
#define WFD_FRC_SKIP	   0x01 /* pictures may be left out */
#define WFD_FRC_LONGEST(f) ((f) >> 1 & 7u) /* for so many WFD_FRC_UNIT_MS; 0: for ever */
#define WFD_FRC_UNIT_MS	   500

/* Modes of LPCM: two channels of 16 bits. */
#define WFD_LPCM_44100 0x01
#define WFD_LPCM_48000 0x02

/* Modes of AAC: low complexity at 48 kHz; two channels of 16 bits. */
#define WFD_AAC_STEREO 0x01

#define WFD_MAX_CODECS 8

typedef struct {
	guint8 profile; /* WFD_H264_CBP, WFD_H264_CHP */
	guint8 level; /* the highest bit set is the highest level that the sink decodes */
	guint32 modes[WFD_N_MODE_TABLES]; /* bit n: entry n of the table */
	guint8 latency; /* units of 5 ms; 0 unknown */
	guint16 min_slice_size; /* macroblocks; 0: no slices */
	guint16 slice_enc_params;
	guint8 frame_rate_control;
	guint16 max_hres; /* pixels; 0 none */
	guint16 max_vres; /* pixels; 0 none */
} WfdH264Codec;

typedef struct {
	guint8 native; /* bits 0-2 table, bits 3-7 entry */
	guint8 preferred_display_mode;
	gboolean partly; /* some of it could not be read, and is 0 or left out */
	guint n_codecs; /* 0: "none" */
	WfdH264Codec codecs[WFD_MAX_CODECS];
} WfdVideoFormats;

typedef enum {
	WFD_LPCM,
	WFD_AAC,
	WFD_AC3
} WfdAudioFormat;

typedef struct {
	WfdAudioFormat format;
	guint32 modes; /* bits of WFD 2.1, tables 5-21 to 5-23 */
	guint8 latency; /* units of 5 ms; 0 unknown */
} WfdAudioCodec;

typedef struct {
	gboolean partly; /* as above */
	guint n_codecs; /* 0: "none" */
	WfdAudioCodec codecs[WFD_MAX_CODECS];
} WfdAudioCodecs;

typedef struct {
	gboolean tcp;
	guint16 port0; /* 0: none named */
	guint16 port1; /* 0: no second stream */
} WfdClientRtpPorts;

/* What a sink says of itself in M3. */
typedef struct {
	WfdVideoFormats video;
	WfdAudioCodecs audio;
	WfdClientRtpPorts rtp_ports;
	GBytes *edid; /* whole blocks as the sink sent them, or NULL */
	gboolean standby_resume;
	WfdUibc uibc;
	/* Of Intel and Microsoft. */
	char *name, *model; /* UTF-8, for people; NULL: none */
	guint max_kbit; /* of pictures, that it takes; 0: not said */
	gboolean latency_management; /* it can be told how late pictures may be shown */
	gboolean reports; /* it sends receiver reports to the second of two server ports */
	char *defaults; /* for people: what could not be read, and what it was taken as; NULL: nothing */
} WfdSinkCaps;

typedef enum {
	WFD_TRIGGER_SETUP,
	WFD_TRIGGER_PAUSE,
	WFD_TRIGGER_TEARDOWN,
	WFD_TRIGGER_PLAY
} WfdTrigger;

#define WFD_PARAMS_ERROR (wfd_params_error_quark())
GQuark wfd_params_error_quark(void);
typedef enum {
	WFD_PARAMS_ERROR_SYNTAX
} WfdParamsError;

/* A body of text/parameters: name (lower case) -> value (trimmed, printable ASCII; "" if none). */
GHashTable *wfd_params_parse(const char *body, gsize len);

gboolean wfd_video_formats_parse(const char *text, WfdVideoFormats *out, GError **error);
char *wfd_video_formats_to_string(const WfdVideoFormats *formats);
gboolean wfd_audio_codecs_parse(const char *text, WfdAudioCodecs *out, GError **error);
gboolean wfd_client_rtp_ports_parse(const char *text, WfdClientRtpPorts *out, GError **error);
char *wfd_client_rtp_ports_to_string(const WfdClientRtpPorts *ports);
GBytes *wfd_display_edid_parse(const char *text, GError **error);
const char *wfd_trigger_to_string(WfdTrigger trigger);

/*
 * microsoft_teardown_reason, "C00D36CB words", for people, to be freed; NULL: it was not said (@text NULL),
 * or says that all is well.
 */
char *wfd_teardown_reason(const char *text);

gboolean wfd_sink_caps_parse(const char *body, gsize len, WfdSinkCaps *caps, GError **error);
void wfd_sink_caps_clear(WfdSinkCaps *caps);
/* Takes note of a @problem with what the sink says, for people, and what was @taken instead. */
void wfd_sink_caps_note(WfdSinkCaps *caps, const char *problem, const char *taken);

#endif
