/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The choice of one video format out of what a sink offers. No sockets, no media, no threads. */
#ifndef WFD_CHOOSE_H
#define WFD_CHOOSE_H

#include "wfd-params.h"

typedef enum {
	WFD_SOUND_OFF,
	WFD_SOUND_LPCM, /* nothing else */
	WFD_SOUND_RATHER_LPCM,
	WFD_SOUND_RATHER_AAC,
} WfdSoundPolicy;

typedef struct {
	guint rate; /* frames a second; 0: none */
	WfdAudioFormat format;
} WfdSound;

/* Limits of the source on the choice of a mode; a 0 is no limit. */
typedef struct {
	guint64 max_pixel_rate; /* pixels per second that the encoder keeps up with */
	WfdSoundPolicy sound; /* what is sent of what the sink takes */
	WfdMode only; /* width not 0: this mode and no other (fps 0: at any rate) */
} WfdPolicy;

typedef struct {
	WfdModeTable table;
	guint index;
	WfdMode mode;
	guint fps; /* frames per second to be sent: the mode's, or fewer */
	guint8 profile; /* one bit */
	guint8 level; /* one bit: the lowest that carries the mode */
	guint max_kbit; /* most kbit/s that the level allows */
	gboolean may_skip; /* pictures may be left out */
	guint skip_ms; /* for so long at most; 0: for ever */
	gboolean unoffered; /* it was named (WfdPolicy's only); the sink does not offer it */
} WfdChoice;

#define WFD_CHOOSE_ERROR (wfd_choose_error_quark())
GQuark wfd_choose_error_quark(void);
typedef enum {
	WFD_CHOOSE_ERROR_NO_COMMON_FORMAT
} WfdChooseError;

const char *wfd_level_name(guint8 level_bit);
gboolean wfd_choose_format(const WfdVideoFormats *sink, const WfdPolicy *policy, WfdChoice *choice,
			   GError **error);
gboolean wfd_choose_second(const WfdVideoFormats *sink, const WfdPolicy *policy,
			   const WfdChoice *first, WfdChoice *choice);
WfdSound wfd_choose_sound(const WfdAudioCodecs *sink, WfdSoundPolicy policy);
const char *wfd_sound_to_string(const WfdSound *sound);
void wfd_choice_to_formats(const WfdChoice *choice, WfdVideoFormats *formats);

#endif
