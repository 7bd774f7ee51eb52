// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-options.h"

#include "media-aac.h"
#include "media-pipeline.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

/* LPCM takes 1.7 Mbit/s: of less than this, for all that is sent, that is too large a part. */
#define LPCM_LEAST_KBIT 8000
/* What may be asked for, kbit/s. */
#define LEAST_BITRATE 100
#define MOST_BITRATE  50000

/* "1280x720", "1280x720@60" or "1280x720p60". */
static gboolean parse_mode(const char *text, WfdMode *mode)
{
	char end;
	int n = sscanf(text, "%5ux%5u%*1[@p]%3u%c", &mode->width, &mode->height, &mode->fps, &end);

	return (n == 3 || (n == 2 && strspn(text, "0123456789x") == strlen(text))) && mode->width;
}

/* @kbit: what picture and sound have together; 0: not known. */
static gboolean parse_sound(MiracastDevice *device, guint64 kbit, WfdSoundPolicy *policy,
			    GError **error)
{
	const char *sound = miracast_device_get_option(device, "sound");
	gboolean narrow = kbit && kbit < LPCM_LEAST_KBIT;

	if (!sound || !strcmp(sound, "auto"))
		*policy = narrow ? WFD_SOUND_RATHER_AAC : WFD_SOUND_RATHER_LPCM;
	else if (!strcmp(sound, "aac"))
		*policy = WFD_SOUND_RATHER_AAC;
	else if (!strcmp(sound, "lpcm"))
		*policy = WFD_SOUND_LPCM;
	else if (!strcmp(sound, "off"))
		*policy = WFD_SOUND_OFF;
	else {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "the option sound is \"%s\" but should be auto, lpcm, aac or off",
			    sound);
		return FALSE;
	}
	if (*policy > WFD_SOUND_LPCM && !media_aac_works())
		*policy = WFD_SOUND_LPCM;
	return TRUE;
}

static gboolean parse_rate(MiracastDevice *device, gboolean *fixed, GError **error)
{
	const char *rate = miracast_device_get_option(device, "rate");

	*fixed = rate && !strcmp(rate, "fixed");
	if (!rate || *fixed || !strcmp(rate, "auto"))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "the option rate is \"%s\" but should be auto or fixed", rate);
	return FALSE;
}

static gboolean parse_bitrate(MiracastDevice *device, guint *kbit, GError **error)
{
	const char *bitrate = miracast_device_get_option(device, "bitrate");
	guint64 value = 0;

	if (bitrate &&
	    !g_ascii_string_to_unsigned(bitrate, 10, LEAST_BITRATE, MOST_BITRATE, &value, NULL)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "the option bitrate is \"%s\" but should be %d to %d (kbit/s)", bitrate,
			    LEAST_BITRATE, MOST_BITRATE);
		return FALSE;
	}
	*kbit = value;
	return TRUE;
}

gboolean wfd_options_read(MiracastDevice *device, guint64 kbit_of_link, WfdOptions *options,
			  GError **error)
{
	const char *mode = miracast_device_get_option(device, "mode");
	const char *encoder = miracast_device_get_option(device, "encoder");
	WfdPolicy *policy = &options->policy;

	policy->max_pixel_rate = media_pipeline_pixel_rate(encoder);
	if (mode && !parse_mode(mode, &policy->only)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "the option mode is \"%s\" but should look like 1280x720@60", mode);
		return FALSE;
	}
	return parse_bitrate(device, &options->kbit, error) &&
	       parse_sound(device, options->kbit ?: kbit_of_link, &policy->sound, error) &&
	       parse_rate(device, &options->fixed_rate, error);
}
