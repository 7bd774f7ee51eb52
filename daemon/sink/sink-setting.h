/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one SET_PARAMETER of the source asks (M4, M5, M10 to M15), held against what the sink has offered. */
#pragma once

#include "sink-params.h"
#include "sink-violations.h"

typedef enum {
	SINK_TRIGGER_NONE,
	SINK_TRIGGER_SETUP,
	SINK_TRIGGER_PAUSE,
	SINK_TRIGGER_TEARDOWN,
	SINK_TRIGGER_PLAY,
} SinkTrigger;

/* As the source writes it; NULL: none. */
const char *sink_trigger_name(SinkTrigger trigger);

typedef enum {
	SINK_INPUT_UNSAID,
	SINK_INPUT_ON,
	SINK_INPUT_OFF,
} SinkInputSetting;

typedef struct {
	const SinkCaps *caps;
	const SinkVideoFormats *video; /* of them */
	guint16 rtp_port;
	guint16 uibc_port; /* that the source has named before; 0: none */
} SinkOffer;

typedef struct {
	gboolean has_video, has_audio, standby;
	SinkVideoChoice video;
	SinkAudioChoice audio;
	char *url;
	SinkTrigger trigger;
	guint16 uibc_port; /* 0: none is named */
	SinkInputSetting input;
	GString *errors; /* body of a 303 answer, WFD 2.1, 6.2.1; "": what it asks can be done */
} SinkSetting;

/* FALSE with @error: @body is none. What is wrong in it is noted in @violations. */
gboolean sink_setting_read(SinkSetting *setting, const SinkOffer *offer, const char *body,
			   gsize size, SinkViolations *violations, GError **error);
void sink_setting_clear(SinkSetting *setting);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SinkSetting, sink_setting_clear)

/* The number of such a message: of what comes last in it; 0: it has none. */
guint8 sink_setting_number(const char *body, gsize size);
