// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-choose.h"

G_DEFINE_QUARK(wfd_choose_error, wfd_choose_error)

/* H.264 table A-1, in the order of the level bits of wfd_video_formats. */
static const struct {
	const char *name;
	guint max_mb_rate; /* macroblocks per second */
	guint max_mb; /* macroblocks per frame */
	guint max_kbit; /* kbit/s */
} levels[] = {
	{"3.1", 108000, 3600, 14000}, {"3.2", 216000, 5120, 20000}, {"4", 245760, 8192, 20000},
	{"4.1", 245760, 8192, 50000}, {"4.2", 522240, 8704, 50000},
};

/* The name of a level bit as H.264 and GStreamer caps write it ("3.1"). */
const char *wfd_level_name(guint8 level_bit)
{
	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		if (level_bit == 1u << i)
			return levels[i].name;
	return NULL;
}

/* The lowest level that carries @mode, as an index of levels[]; -1 if none does. */
static gint level_for(const WfdMode *mode)
{
	guint mb = (mode->width + 15) / 16 * ((mode->height + 15) / 16);

	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		if (mb <= levels[i].max_mb && mb * mode->fps <= levels[i].max_mb_rate)
			return i;
	return -1;
}

/* The highest level of a mask, as an index; a sink that names none has at least the lowest. */
static gint highest_level(guint8 mask)
{
	gint level = g_bit_nth_msf(mask & ((1u << G_N_ELEMENTS(levels)) - 1), -1);

	return MAX(level, 0);
}

static gboolean policy_allows(const WfdPolicy *policy, const WfdMode *mode)
{
	if (policy->only.width)
		return mode->width == policy->only.width && mode->height == policy->only.height &&
		       (!policy->only.fps || mode->fps == policy->only.fps);
	return !policy->max_pixel_rate ||
	       (guint64)mode->width * mode->height * mode->fps <= policy->max_pixel_rate;
}

/*
 * More is better. Smooth motion first (24 and 25 Hz only if nothing else fits), then a mode of at
 * least 720 lines from the table that holds the sink's native mode (a television gets 1280x720,
 * not 1400x1050), then size, then rate.
 */
static guint64 mode_rank(const WfdVideoFormats *sink, WfdModeTable table, const WfdMode *mode)
{
	gboolean native = table == (sink->native & 7u) && mode->height >= 720;

	return (guint64)(mode->fps >= 30) << 41 | (guint64)native << 40 |
	       (guint64)mode->width * mode->height << 8 | mode->fps;
}

/**
 * wfd_choose_format() - the best mode that the sink offers and the policy allows
 * @sink: what the sink said in M3
 * @policy: the limits of the source
 * @choice: what was chosen
 * @error: WFD_CHOOSE_ERROR_NO_COMMON_FORMAT, with the modes that the sink offers
 *
 * Interlaced modes are never chosen, nor modes beyond the sink's H.264 level or named by bits
 * that no table has.
 */
gboolean wfd_choose_format(const WfdVideoFormats *sink, const WfdPolicy *policy, WfdChoice *choice,
			   GError **error)
{
	g_autoptr(GString) offered = g_string_new(NULL);
	guint64 best = 0;

	for (guint i = 0; i < sink->n_codecs; i++) {
		const WfdH264Codec *codec = &sink->codecs[i];
		gint max_level = highest_level(codec->level);

		for (guint bit = 0; bit < WFD_N_MODE_TABLES * 32; bit++) {
			const WfdMode *mode = wfd_mode_get(bit / 32, bit % 32);
			guint64 rank;
			gint level;

			if (!mode || !(codec->modes[bit / 32] & 1u << bit % 32))
				continue;
			g_string_append_printf(offered, " %ux%u%c%u", mode->width, mode->height,
					       mode->interlaced ? 'i' : 'p', mode->fps);
			level = level_for(mode);
			if (mode->interlaced || level < 0 || level > max_level ||
			    !policy_allows(policy, mode))
				continue;
			if (sink->preferred_display_mode &&
			    ((codec->max_hres && mode->width > codec->max_hres) ||
			     (codec->max_vres && mode->height > codec->max_vres)))
				continue;
			rank = mode_rank(sink, bit / 32, mode);
			if (rank <= best)
				continue;
			best = rank;
			*choice = (WfdChoice){
				.table = bit / 32,
				.index = bit % 32,
				.mode = *mode,
				.profile = codec->profile & WFD_H264_CBP || !codec->profile
						   ? WFD_H264_CBP
						   : WFD_H264_CHP,
				.level = 1u << level,
				.max_kbit = levels[level].max_kbit,
			};
		}
	}
	if (best)
		return TRUE;
	if (!offered->len)
		g_set_error_literal(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT,
				    "the sink offers no video mode: is its display switched on?");
	else if (policy->only.width)
		g_set_error(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT,
			    "the sink cannot show the chosen mode %ux%u@%u; it offers%s",
			    policy->only.width, policy->only.height, policy->only.fps,
			    offered->str);
	else
		g_set_error(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT,
			    "none of the sink's modes is within this source's limits; it offers%s",
			    offered->str);
	return FALSE;
}

/* The value of wfd_video_formats that tells the sink of a choice in M4. */
void wfd_choice_to_formats(const WfdChoice *choice, WfdVideoFormats *formats)
{
	*formats = (WfdVideoFormats){
		.n_codecs = 1,
		.codecs[0] = {.profile = choice->profile, .level = choice->level},
	};
	formats->codecs[0].modes[choice->table] = 1u << choice->index;
}
