// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-choose.h"

#define MACROBLOCK 16 /* pixels of a side */
#define MASK_BITS  32 /* of one table's mask of modes */
#define SMOOTH_FPS 30
#define HD_LINES   720

/* Where a rank has what; of two ranks the first field that differs decides. */
#define RANK_SMOOTH 41
#define RANK_NATIVE 40
#define RANK_PIXELS 8 /* and the rate below */

G_DEFINE_QUARK(wfd_choose_error, wfd_choose_error)

/*
 * H.264 table A-1, in the order of the level bits of wfd_video_formats. Level 4.2 has 8704 macroblocks
 * there; WFD 2.1 (table 5-11) puts 1920x1200p30, which has 9000, at that level all the same.
 */
static const struct {
	const char *name;
	guint max_mb_rate; /* macroblocks per second */
	guint max_mb; /* macroblocks per frame */
	guint max_kbit; /* kbit/s */
} levels[] = {
	{"3.1", 108000, 3600, 14000}, {"3.2", 216000, 5120, 20000}, {"4", 245760, 8192, 20000},
	{"4.1", 245760, 8192, 50000}, {"4.2", 522240, 9000, 50000},
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
	guint columns = (mode->width + MACROBLOCK - 1) / MACROBLOCK;
	guint rows = (mode->height + MACROBLOCK - 1) / MACROBLOCK;
	guint mb = columns * rows;

	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		if (mb <= levels[i].max_mb && mb * mode->fps <= levels[i].max_mb_rate)
			return i;
	return -1;
}

/*
 * The highest level of a mask, as an index; a sink that names none has at least the lowest. Bits that
 * are reserved in the specification are levels 5 to 5.2 of sinks.
 */
static gint highest_level(guint8 mask)
{
	gint level = g_bit_nth_msf(mask, -1);

	return CLAMP(level, 0, (gint)G_N_ELEMENTS(levels) - 1);
}

static guint64 pixel_rate(const WfdMode *mode)
{
	return (guint64)mode->width * mode->height * mode->fps;
}

static gboolean policy_allows(const WfdPolicy *policy, const WfdMode *mode)
{
	if (policy->only.width)
		return mode->width == policy->only.width && mode->height == policy->only.height &&
		       (!policy->only.fps || mode->fps == policy->only.fps);
	return !policy->max_pixel_rate || pixel_rate(mode) <= policy->max_pixel_rate;
}

/* The table that holds the sink's native mode; one that there is not, if it says so. */
static guint native_table(const WfdVideoFormats *sink)
{
	return sink->native & 7u;
}

/* How good a mode is; 0: not to be chosen. */
typedef guint64 (*WfdRankFunc)(const WfdVideoFormats *sink, const WfdPolicy *policy,
			       WfdModeTable table, const WfdMode *mode);

/*
 * Smooth motion first (24 and 25 Hz only if nothing else fits), then a mode of at least 720 lines
 * from the table that holds the sink's native mode (a television gets 1280x720, not 1400x1050),
 * then size, then rate.
 */
static guint64 rank_best(const WfdVideoFormats *sink, const WfdPolicy *policy, WfdModeTable table,
			 const WfdMode *mode)
{
	gboolean native = table == native_table(sink) && mode->height >= HD_LINES;

	if (!policy_allows(policy, mode))
		return 0;
	return (guint64)(mode->fps >= SMOOTH_FPS) << RANK_SMOOTH | (guint64)native << RANK_NATIVE |
	       (guint64)mode->width * mode->height << RANK_PIXELS | mode->fps;
}

static guint64 rank_slowest(const WfdVideoFormats *sink, const WfdPolicy *policy,
			    WfdModeTable table, const WfdMode *mode)
{
	return policy->only.width ? 0 : G_MAXUINT64 - pixel_rate(mode);
}

/* Whether the codec decodes @mode; @level: the lowest level that carries it, as an index. */
static gboolean codec_decodes(const WfdVideoFormats *sink, const WfdH264Codec *codec,
			      const WfdMode *mode, gint *level)
{
	*level = level_for(mode);
	if (mode->interlaced || *level < 0 || *level > highest_level(codec->level))
		return FALSE;
	return !sink->preferred_display_mode ||
	       ((!codec->max_hres || mode->width <= codec->max_hres) &&
		(!codec->max_vres || mode->height <= codec->max_vres));
}

static gboolean choose_by(WfdRankFunc rank_of, const WfdVideoFormats *sink, const WfdPolicy *policy,
			  WfdChoice *choice)
{
	guint64 best = 0;

	for (guint i = 0; i < sink->n_codecs; i++) {
		const WfdH264Codec *codec = &sink->codecs[i];

		for (guint bit = 0; bit < WFD_N_MODE_TABLES * MASK_BITS; bit++) {
			const WfdMode *mode = wfd_mode_get(bit / MASK_BITS, bit % MASK_BITS);
			guint64 rank;
			gint level;

			if (!mode || !(codec->modes[bit / MASK_BITS] & 1u << bit % MASK_BITS) ||
			    !codec_decodes(sink, codec, mode, &level))
				continue;
			rank = rank_of(sink, policy, bit / MASK_BITS, mode);
			if (rank <= best)
				continue;
			best = rank;
			*choice = (WfdChoice){
				.table = bit / MASK_BITS,
				.index = bit % MASK_BITS,
				.mode = *mode,
				.fps = mode->fps,
				.profile = codec->profile & WFD_H264_CBP || !codec->profile
						   ? WFD_H264_CBP
						   : WFD_H264_CHP,
				.level = 1u << level,
				.max_kbit = levels[level].max_kbit,
				.may_skip = codec->frame_rate_control & WFD_FRC_SKIP,
				.skip_ms = WFD_FRC_LONGEST(codec->frame_rate_control) *
					   WFD_FRC_UNIT_MS,
			};
		}
	}
	return best > 0;
}

static char *offered_modes(const WfdVideoFormats *sink)
{
	GString *text = g_string_new(NULL);

	for (guint bit = 0; bit < WFD_N_MODE_TABLES * MASK_BITS; bit++) {
		const WfdMode *mode = wfd_mode_get(bit / MASK_BITS, bit % MASK_BITS);
		guint32 offered = 0;

		for (guint i = 0; i < sink->n_codecs; i++)
			offered |= sink->codecs[i].modes[bit / MASK_BITS];
		if (mode && offered & 1u << bit % MASK_BITS)
			g_string_append_printf(text, " %ux%u%c%u", mode->width, mode->height,
					       mode->interlaced ? 'i' : 'p', mode->fps);
	}
	return g_string_free(text, FALSE);
}

/* Of a mode that is too much for the encoder, as many frames as it does. */
static void limit_frames(const WfdPolicy *policy, WfdChoice *choice)
{
	guint64 pixels = (guint64)choice->mode.width * choice->mode.height;

	if (policy->max_pixel_rate)
		choice->fps = CLAMP(policy->max_pixel_rate / pixels, 1, choice->mode.fps);
}

/* The mode that was named, in spite of what the sink offers: some show more than they say. */
static gboolean choose_unoffered(const WfdVideoFormats *sink, const WfdPolicy *policy,
				 WfdChoice *choice)
{
	WfdVideoFormats all = {.n_codecs = MIN(sink->n_codecs, 1),
			       .codecs[0].level = WFD_H264_LEVEL_4_2};

	all.codecs[0].frame_rate_control = sink->codecs[0].frame_rate_control;
	for (guint i = 0; i < sink->n_codecs; i++)
		all.codecs[0].profile |= sink->codecs[i].profile;
	for (guint table = 0; table < WFD_N_MODE_TABLES; table++)
		all.codecs[0].modes[table] = G_MAXUINT32;
	if (!policy->only.width || !choose_by(rank_best, &all, policy, choice))
		return FALSE;
	choice->unoffered = TRUE;
	return TRUE;
}

/**
 * wfd_choose_format() - the best mode that the sink offers and the policy allows
 * @sink: what the sink said in M3
 * @policy: the limits of the source
 * @choice: what was chosen
 * @error: WFD_CHOOSE_ERROR_NO_COMMON_FORMAT, with the modes that the sink offers
 *
 * Interlaced modes are never chosen, nor modes beyond the sink's H.264 level or named by bits
 * that no table has. If the encoder is too slow for all of them, it is the one of the fewest pixels
 * per second, with fewer frames than that says. A mode that the policy names need not be offered,
 * nor be within the sink's level.
 */
gboolean wfd_choose_format(const WfdVideoFormats *sink, const WfdPolicy *policy, WfdChoice *choice,
			   GError **error)
{
	g_autofree char *asked = wfd_mode_to_string(&policy->only);
	g_autofree char *offered = NULL;

	if (choose_by(rank_best, sink, policy, choice))
		return TRUE;
	if (choose_by(rank_slowest, sink, policy, choice)) {
		limit_frames(policy, choice);
		return TRUE;
	}
	if (choose_unoffered(sink, policy, choice))
		return TRUE;
	offered = offered_modes(sink);
	if (!*offered)
		g_set_error_literal(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT,
				    "the sink offers no video mode: is its display switched on?");
	else if (policy->only.width)
		g_set_error(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT,
			    "Wi-Fi Display has no mode %s; the sink offers%s", asked, offered);
	else
		g_set_error(error, WFD_CHOOSE_ERROR, WFD_CHOOSE_ERROR_NO_COMMON_FORMAT,
			    "none of the sink's modes is one that this source sends; it offers%s",
			    offered);
	return FALSE;
}

/**
 * wfd_choose_second() - what to try when the sink refuses a mode
 * @sink: what the sink said in M3
 * @policy: the limits of the source
 * @first: what it refused
 * @choice: what was chosen
 *
 * A mode with at most two thirds of the pixels per second, from the table of the sink's native
 * mode; if there is none, 640x480p60, which every sink must have, with as many frames as the encoder
 * does. After a mode that it had not offered, the best that it has.
 *
 * Return: FALSE if there is no other, or the policy allows no other.
 */
gboolean wfd_choose_second(const WfdVideoFormats *sink, const WfdPolicy *policy,
			   const WfdChoice *first, WfdChoice *choice)
{
	const guint64 rate = pixel_rate(&first->mode) * 2 / 3;
	WfdVideoFormats offered = *sink;
	WfdPolicy limit = *policy;

	if (first->unoffered) {
		limit.only = (WfdMode){0};
		return wfd_choose_format(sink, &limit, choice, NULL);
	}
	if (policy->only.width)
		return FALSE;
	limit.max_pixel_rate = policy->max_pixel_rate ? MIN(policy->max_pixel_rate, rate) : rate;
	for (guint i = 0; i < offered.n_codecs; i++)
		for (guint table = 0; table < WFD_N_MODE_TABLES; table++)
			if (table != native_table(sink))
				offered.codecs[i].modes[table] = 0;
	if (choose_by(rank_best, &offered, &limit, choice))
		return TRUE;
	limit.only = *wfd_mode_get(WFD_CEA, 0);
	if ((first->table == WFD_CEA && first->index == 0) ||
	    !choose_by(rank_best, sink, &limit, choice))
		return FALSE;
	limit_frames(policy, choice);
	return TRUE;
}

static guint32 audio_modes(const WfdAudioCodecs *sink, WfdAudioFormat format)
{
	guint32 modes = 0;

	for (guint i = 0; i < sink->n_codecs; i++)
		if (sink->codecs[i].format == format)
			modes |= sink->codecs[i].modes;
	return modes;
}

/* What of the sink's (WFD 2.1, tables 5-21 and 5-22) is sent; LPCM rather at 48000 than at 44100. */
WfdSound wfd_choose_sound(const WfdAudioCodecs *sink, WfdSoundPolicy policy)
{
	guint32 lpcm = audio_modes(sink, WFD_LPCM) & (WFD_LPCM_44100 | WFD_LPCM_48000);
	gboolean aac = policy > WFD_SOUND_LPCM && audio_modes(sink, WFD_AAC) & WFD_AAC_STEREO;

	if (policy == WFD_SOUND_OFF)
		return (WfdSound){0};
	if (aac && (!lpcm || policy == WFD_SOUND_RATHER_AAC))
		return (WfdSound){48000, WFD_AAC};
	return (WfdSound){lpcm & WFD_LPCM_48000 ? 48000 : lpcm ? 44100 : 0, WFD_LPCM};
}

/* The value of wfd_audio_codecs in M4. */
const char *wfd_sound_to_string(const WfdSound *sound)
{
	if (!sound->rate)
		return "none";
	if (sound->format == WFD_AAC)
		return "AAC 00000001 00";
	return sound->rate == 48000 ? "LPCM 00000002 00" : "LPCM 00000001 00";
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
