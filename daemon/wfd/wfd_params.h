/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameters of Wi-Fi Display ("wfd_video_formats: ..."), as C values (WFD 2.1, 6.1), and the
 * choice of one video format out of what a sink offers. No sockets, no media, no threads.
 *
 * Everything parsed here was written by the sink, so nothing is believed: numbers are bounded,
 * odd case, white space and trailing junk are accepted, and whatever is not understood is "none".
 */
#ifndef WFD_PARAMS_H
#define WFD_PARAMS_H

#include <glib.h>

/* The port of sinks that name none (an old LG dongle; the example port of WFD 2.1, 4.10.1). */
#define WFD_DEFAULT_RTP_PORT 19000

enum wfd_mode_table {
	WFD_CEA,
	WFD_VESA,
	WFD_HH,
	WFD_N_MODE_TABLES
};

struct wfd_mode {
	guint width; /* pixels */
	guint height; /* pixels */
	guint fps; /* frames (for interlaced modes: fields) per second */
	gboolean interlaced;
};

/* Bits of the profile and level fields of wfd_video_formats. */
#define WFD_H264_CBP	   0x01
#define WFD_H264_CHP	   0x02
#define WFD_H264_LEVEL_3_1 0x01
#define WFD_H264_LEVEL_3_2 0x02
#define WFD_H264_LEVEL_4   0x04
#define WFD_H264_LEVEL_4_1 0x08
#define WFD_H264_LEVEL_4_2 0x10

#define WFD_MAX_CODECS 8

struct wfd_h264_codec {
	guint8 profile; /* WFD_H264_CBP, WFD_H264_CHP */
	guint8 level; /* the highest bit set is the highest level that the sink decodes */
	guint32 modes[WFD_N_MODE_TABLES]; /* bit n: entry n of the table */
	guint8 latency; /* units of 5 ms; 0 unknown */
	guint16 min_slice_size; /* macroblocks; 0: no slices */
	guint16 slice_enc_params;
	guint8 frame_rate_control;
	guint16 max_hres; /* pixels; 0 none */
	guint16 max_vres; /* pixels; 0 none */
};

struct wfd_video_formats {
	guint8 native; /* bits 0-2 table, bits 3-7 entry */
	guint8 preferred_display_mode;
	guint n_codecs; /* 0: "none" */
	struct wfd_h264_codec codecs[WFD_MAX_CODECS];
};

enum wfd_audio_format {
	WFD_LPCM,
	WFD_AAC,
	WFD_AC3
};

struct wfd_audio_codec {
	enum wfd_audio_format format;
	guint32 modes; /* bits of WFD 2.1, tables 5-21 to 5-23 */
	guint8 latency; /* units of 5 ms; 0 unknown */
};

struct wfd_audio_codecs {
	guint n_codecs; /* 0: "none" */
	struct wfd_audio_codec codecs[WFD_MAX_CODECS];
};

struct wfd_client_rtp_ports {
	gboolean tcp;
	guint16 port0; /* 0: none named */
	guint16 port1; /* 0: no second stream */
};

struct wfd_content_protection {
	guint version; /* 0 none, 20 HDCP 2.0, 21 HDCP 2.1, ... */
	guint16 port; /* TCP port of the key exchange */
};

/* What a sink says of itself in M3. */
struct wfd_sink_caps {
	struct wfd_video_formats video;
	struct wfd_audio_codecs audio;
	struct wfd_client_rtp_ports rtp_ports;
	struct wfd_content_protection protection;
	GBytes *edid; /* whole blocks as the sink sent them, or NULL */
	gint connector_type; /* WFD 2.1, 6.1.13: 0 VGA, 5 HDMI, ...; -1 none */
	gboolean standby_resume;
	gboolean uibc;
};

enum wfd_trigger {
	WFD_TRIGGER_SETUP,
	WFD_TRIGGER_PAUSE,
	WFD_TRIGGER_TEARDOWN,
	WFD_TRIGGER_PLAY
};

/* Limits of the source on the choice of a mode; a 0 is no limit. */
struct wfd_policy {
	guint64 max_pixel_rate; /* pixels per second that the encoder keeps up with */
	struct wfd_mode only; /* width not 0: this mode and no other (fps 0: at any rate) */
};

struct wfd_choice {
	enum wfd_mode_table table;
	guint index;
	struct wfd_mode mode;
	guint8 profile; /* one bit */
	guint8 level; /* one bit: the lowest that carries the mode */
	guint max_kbit; /* most kbit/s that the level allows */
};

#define WFD_PARAMS_ERROR (wfd_params_error_quark())
GQuark wfd_params_error_quark(void);
enum wfd_params_error {
	WFD_PARAMS_ERROR_SYNTAX,
	WFD_PARAMS_ERROR_NO_COMMON_FORMAT
};

const struct wfd_mode *wfd_mode_get(enum wfd_mode_table table, guint index);
const char *wfd_level_name(guint8 level_bit);

/* A body of text/parameters: name (lower case) -> value (trimmed, printable ASCII; "" if none). */
GHashTable *wfd_params_parse(const char *body, gsize len);

gboolean wfd_video_formats_parse(const char *text, struct wfd_video_formats *out, GError **error);
char *wfd_video_formats_to_string(const struct wfd_video_formats *formats);
gboolean wfd_audio_codecs_parse(const char *text, struct wfd_audio_codecs *out, GError **error);
gboolean wfd_client_rtp_ports_parse(const char *text, struct wfd_client_rtp_ports *out,
				    GError **error);
char *wfd_client_rtp_ports_to_string(const struct wfd_client_rtp_ports *ports);
GBytes *wfd_display_edid_parse(const char *text, GError **error);
gboolean wfd_content_protection_parse(const char *text, struct wfd_content_protection *out,
				      GError **error);
const char *wfd_trigger_to_string(enum wfd_trigger trigger);

gboolean wfd_sink_caps_parse(const char *body, gsize len, struct wfd_sink_caps *caps,
			     GError **error);
void wfd_sink_caps_clear(struct wfd_sink_caps *caps);

gboolean wfd_choose_format(const struct wfd_video_formats *sink, const struct wfd_policy *policy,
			   struct wfd_choice *choice, GError **error);
void wfd_choice_to_formats(const struct wfd_choice *choice, struct wfd_video_formats *formats);

#endif
