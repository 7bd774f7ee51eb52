// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-rate.h"

#include <math.h>

#define SECOND	    ((double)G_USEC_PER_SEC)
#define DOWN_PAUSE  (500 * 1000) /* us that a lower rate has to show its effect */
#define HOLD	    (1200 * 1000) /* us at the rate that is known to come through */
#define STEADY	    (1000 * 1000) /* us after which an encoder has followed */
#define UNREPORTED  (1200 * 1000) /* us: a sink that reports would have done so */
#define NOISE_MOST  0.05 /* more than this is always taken for a full way */
#define CALM	    0.2 /* of what is lost while nothing is full, and no more than usual */
#define ADOPT	    0.5 /* of what is no less after the rate went down */
#define LOSS_COUNTS 0.01 /* above the noise */
#define LOSS_TRIED  0.002 /* the same, where more is tried than is known to come through */
#define LOSS_HEAVY  0.25
#define JITTER_FULL 15000 /* us above twice the usual: packets wait in a queue that grows */
#define APART_KBIT \
	21.0 /* two packets: the jitter of as much as comes through, one after the other */
#define APART_LEAST 0.5 /* of that */
#define APART_MOST  2.5
#define WIDER	    0.4 /* of the usual jitter */
#define JITTER_NEW \
	0.25 /* of a report, in what is usual: a narrow way has more, and a wide one less */
#define QUEUE_FULL  20000 /* us of a queue that never was empty, and does not get shorter */
#define REQUESTS    3 /* keyframes, for a sink that reports nothing else */
#define HALF	    0.5 /* of the rate: a link that stands still for a moment is not seen to be nothing */
#define DOWN	    0.85 /* of the rate */
#define BELOW	    0.80 /* of what came through: a queue has to get empty, too */
#define BELOW_HEAVY 0.75 /* the same: the way became full while that was counted, and not before */
#define UP	    0.15 /* part of the rate, a second, up to NEAR of what came through */
#define NEAR	    0.90
#define CLIMB_FIRST 0.036 /* a second, from there on */
#define CLIMB_APART 0.01 /* the same, where it will be seen that the way has got wider */
#define BEYOND	    1.05 /* of what came through: the way is wider by now */
#define CLIMB_GROWS 4.0 /* a second, from there on */
#define CLIMB_MOST  0.80
#define SHOWN	    0.8 /* of what pictures usually take of the rate */
#define TAKES_NEW   0.1 /* of a tick, in that */

#define WORTH \
	0.05 /* bits per pixel of a picture: with less, half as many look better (docs/decisions.md) */
#define FEWEST 8 /* pictures a second: fewer are no movement any more */

void media_rate_init(MediaRate *rate, guint min, guint max)
{
	*rate = (MediaRate){
		.min = MIN(min, max),
		.max = max,
		.kbit = max,
		.climb = CLIMB_FIRST,
		.takes = 1,
	};
}

static gboolean jitter_is_high(const MediaRate *rate, const MediaRateSigns *signs)
{
	return rate->jitter_known && signs->jitter_us > 2 * rate->jitter_us + JITTER_FULL;
}

/* How much more than the noise: less than chance makes of few packets does not count. */
static double loss_that_counts(const MediaRate *rate, const MediaRateSigns *signs)
{
	double chance = 2 * sqrt(rate->noise / MAX(signs->packets, 1));
	double least = rate->kbit > rate->full_at * NEAR && rate->full_at ? LOSS_TRIED
									  : LOSS_COUNTS;
	double lost = signs->lost - rate->noise;

	return lost > least + chance ? lost : 0;
}

/*
 * The rate of which as much came through, kbit/s. Pictures of which little changes take less than the
 * rate, and what is lost of them does not tell how much more would have been.
 */
static double came_through(const MediaRate *rate, const MediaRateSigns *signs, double lost)
{
	double sent = signs->sent_kbit ? signs->sent_kbit / rate->takes : rate->kbit;

	return (1 - lost) * MAX(sent, rate->kbit * HALF);
}

/* An encoder makes a little less than it may. Where it makes much less, little has changed. */
static void learn_takes(MediaRate *rate, const MediaRateSigns *signs, gint64 now)
{
	double takes = signs->encoded_kbit / rate->kbit;

	if (takes > HALF && now - rate->down_at > STEADY && rate->climb <= CLIMB_FIRST)
		rate->takes += TAKES_NEW * (MIN(takes, 1) - rate->takes);
}

/*
 * What the rate should be; as it is, or more: the way is not full. @full_at: what came through, if it
 * is.
 */
static double judge(const MediaRate *rate, const MediaRateSigns *signs, gint64 now, double *full_at)
{
	gboolean pause = rate->down_at && now - rate->down_at < DOWN_PAUSE;
	double lost = signs->reported ? loss_that_counts(rate, signs) : 0;
	double kbit = rate->kbit;

	*full_at = rate->kbit;
	if (!pause && (signs->keyframe_requests >= REQUESTS ||
		       (signs->reported && jitter_is_high(rate, signs))))
		kbit = rate->kbit * DOWN;
	/* This is seen at once. */
	if (signs->dropped || signs->queued_us > QUEUE_FULL) {
		*full_at = MIN(*full_at, MAX(1 - signs->held, HALF) * rate->kbit);
		kbit = MIN(kbit, MIN(*full_at * BELOW, rate->kbit * DOWN));
	}
	if (signs->air_kbit && signs->air_kbit < kbit) {
		kbit = signs->air_kbit;
		*full_at = MIN(*full_at, kbit);
	}
	if (lost > 0) {
		double through = came_through(rate, signs, lost);

		/* Else it was lost before the rate went down. */
		if (through < rate->kbit) {
			*full_at = MIN(*full_at, through);
			kbit = MIN(kbit, through * (lost > LOSS_HEAVY ? BELOW_HEAVY : BELOW));
		}
	}
	return kbit;
}

/* Whether pictures take what they may: an encoder takes its time to follow, and a still screen needs less. */
static gboolean is_shown(const MediaRate *rate, const MediaRateSigns *signs)
{
	return signs->encoded_kbit > rate->kbit * rate->takes * SHOWN;
}

/*
 * Whether the packets of a picture, which are sent at once, come as far apart as a way puts them that is
 * full at what it was full at. If so, it shows in the jitter when the way gets wider.
 */
static gboolean come_apart(const MediaRate *rate)
{
	double us = APART_KBIT / rate->full_at * SECOND;

	return rate->jitter_known && rate->full_at && rate->jitter_us > us * APART_LEAST &&
	       rate->jitter_us < us * APART_MOST;
}

static gboolean way_is_wider(const MediaRate *rate, const MediaRateSigns *signs)
{
	return come_apart(rate) && signs->jitter_us < rate->jitter_us * WIDER &&
	       is_shown(rate, signs) && loss_that_counts(rate, signs) <= 0;
}

static void never_was_full(MediaRate *rate)
{
	rate->full_at = 0;
	rate->climb = CLIMB_MOST;
}

static void learn_jitter(MediaRate *rate, guint us)
{
	rate->jitter_us += (us - rate->jitter_us) * (rate->jitter_known ? JITTER_NEW : 1);
	rate->jitter_known = TRUE;
}

static void learn_noise(MediaRate *rate, const MediaRateSigns *signs)
{
	if (!signs->sent_before && loss_that_counts(rate, signs) <= 0)
		rate->noise += CALM * (MIN(signs->lost, NOISE_MOST) - rate->noise);
}

/* The way's own loss shows where a lower rate has changed nothing. */
static void adopt_noise(MediaRate *rate, const MediaRateSigns *signs)
{
	if (signs->lost <= NOISE_MOST && signs->lost > rate->noise)
		rate->noise += ADOPT * (signs->lost - rate->noise);
}

static void go_down(MediaRate *rate, double kbit, double full_at, gint64 now)
{
	rate->kbit = kbit;
	rate->full_at = full_at;
	rate->climb = come_apart(rate) ? CLIMB_APART : CLIMB_FIRST;
	rate->down_at = now;
}

/* The longer more than what came through goes well, the faster it goes on. */
static void hasten(MediaRate *rate, gint64 now)
{
	double seconds = (now - rate->judged_at) / SECOND;

	rate->judged_at = now;
	rate->climb = MIN(rate->climb * (1 + seconds * CLIMB_GROWS), CLIMB_MOST);
}

static void go_up(MediaRate *rate, const MediaRateSigns *signs, double elapsed, gint64 now)
{
	/* What is not sent proves nothing. */
	gboolean shown = is_shown(rate, signs);
	double seconds = MIN(elapsed, 1);

	if (rate->down_at && now - rate->down_at < HOLD)
		return;
	if (rate->kbit < rate->full_at * NEAR)
		rate->kbit *= 1 + seconds * UP;
	else
		rate->kbit *= 1 + seconds * (shown ? rate->climb : MIN(rate->climb, CLIMB_FIRST));
	if (!shown || rate->kbit <= rate->full_at * BEYOND)
		rate->judged_at = now;
	else if (signs->reported || now - rate->judged_at >= UNREPORTED)
		hasten(rate, now);
}

guint media_rate_update(MediaRate *rate, const MediaRateSigns *signs, gint64 now)
{
	double elapsed = rate->heard_at ? (now - rate->heard_at) / SECOND : 0;
	double full_at;
	double kbit = judge(rate, signs, now, &full_at);
	gboolean down = kbit < rate->kbit;

	rate->heard_at = now;
	learn_takes(rate, signs, now);
	if (signs->reported) {
		if (down && rate->down_was_no_use && !signs->sent_before)
			adopt_noise(rate, signs);
		else
			learn_noise(rate, signs);
		if (way_is_wider(rate, signs))
			never_was_full(rate);
		learn_jitter(rate, signs->jitter_us);
		rate->down_was_no_use = down || (rate->down_was_no_use && signs->sent_before);
	}
	if (down)
		go_down(rate, kbit, full_at, now);
	else
		go_up(rate, signs, elapsed, now);
	if (signs->air_kbit)
		rate->kbit = MIN(rate->kbit, signs->air_kbit);
	rate->kbit = CLAMP(rate->kbit, rate->min, rate->max);
	return rate->kbit;
}

guint media_rate_fps(guint kbit, guint width, guint height, guint fps)
{
	double worth = kbit * 1000.0 / (WORTH * width * height);

	return CLAMP(worth, MIN(FEWEST, fps), fps);
}
