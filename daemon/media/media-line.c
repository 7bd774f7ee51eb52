// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-line.h"

#include <gst/audio/audio.h>
#include <string.h>

#define NS_PER_S 1000000000
/* Nobody who is further away from now than this is waited for, or filled up to. */
#define FAR_NS NS_PER_S
#define MOST_S 2 /* that wait to be taken off */

struct _MediaLine {
	guint rate; /* frames a second */
	guint block; /* frames */
	gint64 begin_ns; /* when frame 0 of the line has its turn */
	guint64 next; /* the first frame that was not taken off */
	GByteArray *waiting; /* frames from there on, with the silence between streams */
	GByteArray *real; /* for each of them, 1 if a stream played it, 0 if it is silence */

	gboolean running; /* a stream is */
	guint stream_rate; /* frames a second */
	gboolean placed; /* the stream's place in the line is known */
	guint64 stream_next; /* the position in the stream that should come next */
	guint64 at; /* the place in the line of what comes next */
	GstAudioConverter *converter; /* NULL: the stream has the line's rate */
	GByteArray *converted;

	MediaLineStatistics statistics;
};

/* @rate: frames a second of the line; @block: frames that are taken off at a time. */
MediaLine *media_line_new(guint rate, guint block)
{
	MediaLine *l = g_new0(MediaLine, 1);

	l->rate = rate;
	l->block = block;
	l->waiting = g_byte_array_new();
	l->real = g_byte_array_new();
	l->converted = g_byte_array_new();
	return l;
}

void media_line_free(MediaLine *l)
{
	g_clear_pointer(&l->converter, gst_audio_converter_free);
	g_byte_array_unref(l->waiting);
	g_byte_array_unref(l->real);
	g_byte_array_unref(l->converted);
	g_free(l);
}

static gint64 time_of(const MediaLine *l, guint64 frame)
{
	return l->begin_ns + gst_util_uint64_scale(frame, NS_PER_S, l->rate);
}

static guint64 frames_of(const MediaLine *l, gint64 ns)
{
	return gst_util_uint64_scale_round(MAX(ns, 0), l->rate, NS_PER_S);
}

static guint64 end_of(const MediaLine *l)
{
	return l->next + l->real->len;
}

/* A line of its own begins at @now_ns. Streams go on. */
void media_line_begin(MediaLine *l, gint64 now_ns)
{
	l->begin_ns = now_ns;
	l->next = 0;
	g_byte_array_set_size(l->waiting, 0);
	g_byte_array_set_size(l->real, 0);
	l->placed = FALSE;
}

/* A stream begins at @rate, 44100 or 48000 frames a second; one that ran before has ended. */
void media_line_start_stream(MediaLine *l, guint rate)
{
	g_clear_pointer(&l->converter, gst_audio_converter_free);
	if (rate != l->rate) {
		GstAudioInfo in, out;

		gst_audio_info_set_format(&in, GST_AUDIO_FORMAT_S16, rate, MEDIA_CHANNELS, NULL);
		gst_audio_info_set_format(&out, GST_AUDIO_FORMAT_S16, l->rate, MEDIA_CHANNELS,
					  NULL);
		l->converter =
			gst_audio_converter_new(GST_AUDIO_CONVERTER_FLAG_NONE, &in, &out, NULL);
	}
	l->running = TRUE;
	l->stream_rate = rate;
	l->placed = FALSE;
}

/* Appends frames to what waits; @samples NULL: silence. */
static void append(MediaLine *l, const gint16 *samples, guint frames)
{
	guint at = l->real->len;

	if (!frames)
		return;
	g_byte_array_set_size(l->waiting, (at + frames) * MEDIA_FRAME);
	g_byte_array_set_size(l->real, at + frames);
	memset(l->real->data + at, samples != NULL, frames);
	if (samples)
		memcpy(l->waiting->data + at * MEDIA_FRAME, samples, frames * MEDIA_FRAME);
	else
		memset(l->waiting->data + at * MEDIA_FRAME, 0, frames * MEDIA_FRAME);
}

/* Frames of the line's rate have their place at @at, which goes on behind them. */
static void place(MediaLine *l, const gint16 *samples, guint frames)
{
	guint64 end = end_of(l);
	guint late = end > l->at ? MIN(end - l->at, frames) : 0;

	l->statistics.lost += late;
	l->at += late;
	samples += late * MEDIA_CHANNELS;
	frames -= late;
	if (!frames)
		return;
	if (l->at + frames > l->next + MOST_S * l->rate) {
		l->statistics.lost += frames;
	} else {
		append(l, NULL, l->at - end);
		append(l, samples, frames);
	}
	l->at += frames;
}

/* Frames of the stream's rate; @samples NULL: silence. */
static void convert(MediaLine *l, const gint16 *samples, guint frames)
{
	g_autofree gint16 *silence = NULL;
	gpointer in[1], out[1];
	gsize made;

	if (!samples)
		samples = silence = g_new0(gint16, frames * MEDIA_CHANNELS);
	if (!l->converter) {
		place(l, samples, frames);
		return;
	}
	made = gst_audio_converter_get_out_frames(l->converter, frames);
	g_byte_array_set_size(l->converted, made * MEDIA_FRAME);
	in[0] = (gpointer)samples;
	out[0] = l->converted->data;
	gst_audio_converter_samples(l->converter, GST_AUDIO_CONVERTER_FLAG_NONE, in, frames, out,
				    made);
	place(l, (const gint16 *)(gconstpointer)l->converted->data, made);
}

/**
 * media_line_push() - frames that the stream has played
 * @l: the line, with a stream
 * @position: the first one's number in the stream: gaps are lost
 * @time_ns: when it was played
 * @samples: of all channels, one frame after the other
 * @frames: how many
 */
void media_line_push(MediaLine *l, guint64 position, gint64 time_ns, const gint16 *samples,
		     guint frames)
{
	guint64 gap = position - l->stream_next;

	if (!l->running)
		return;
	if (l->placed && gap > l->stream_rate) {
		/* So much is missing that nothing is left of what was before. */
		l->statistics.lost += gst_util_uint64_scale(gap, l->rate, l->stream_rate);
		l->placed = FALSE;
	}
	if (!l->placed) {
		guint64 at = frames_of(l, time_ns - l->begin_ns);

		/* It is from another time, or a time that does not come so soon. */
		if (time_ns < l->begin_ns || at > end_of(l) + MOST_S * l->rate)
			return;
		l->at = at;
		l->placed = TRUE;
	} else if (gap) {
		l->statistics.lost += gst_util_uint64_scale(gap, l->rate, l->stream_rate);
		convert(l, NULL, gap);
	}
	l->stream_next = position + frames;
	convert(l, samples, frames);
}

/* The stream has ended. */
void media_line_stop_stream(MediaLine *l)
{
	/* What the converter still has. */
	if (l->converter && l->placed)
		convert(l, NULL, gst_audio_converter_get_max_latency(l->converter));
	l->running = FALSE;
	g_clear_pointer(&l->converter, gst_audio_converter_free);
}

/* When media_line_take() will have a block if nothing comes before, in nanoseconds; it may be past. */
gint64 media_line_due(const MediaLine *l)
{
	if (l->real->len >= l->block)
		return 0;
	return time_of(l, l->next + l->block) +
	       (l->running ? MEDIA_LINE_PATIENCE_NS : MEDIA_LINE_QUIET_NS);
}

/**
 * media_line_take() - the next block, if it is ready
 * @l: the line
 * @now_ns: the time
 * @block: out: its frames
 * @time_ns: out: when the first one has its turn
 */
gboolean media_line_take(MediaLine *l, gint64 now_ns, gint16 *block, gint64 *time_ns)
{
	gint64 behind = now_ns - time_of(l, l->next);
	guint n = MIN(l->real->len, l->block);

	if (now_ns < media_line_due(l))
		return FALSE;
	/* Nobody has taken blocks for a while. */
	if (behind > FAR_NS && n < l->block) {
		l->next += frames_of(l, behind);
		n = 0;
		g_byte_array_set_size(l->waiting, 0);
		g_byte_array_set_size(l->real, 0);
	}
	for (guint i = 0; i < n; i++)
		l->statistics.played += l->real->data[i];
	if (n)
		memcpy(block, l->waiting->data, n * MEDIA_FRAME);
	memset(block + n * MEDIA_CHANNELS, 0, (l->block - n) * MEDIA_FRAME);
	if (n) {
		g_byte_array_remove_range(l->waiting, 0, n * MEDIA_FRAME);
		g_byte_array_remove_range(l->real, 0, n);
	}
	*time_ns = time_of(l, l->next);
	l->next += l->block;
	return TRUE;
}

void media_line_get_statistics(const MediaLine *l, MediaLineStatistics *statistics)
{
	*statistics = l->statistics;
}
