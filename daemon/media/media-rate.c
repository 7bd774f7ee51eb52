// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-rate.h"

#include <math.h>

#define SECOND	    ((double)G_USEC_PER_SEC)
#define DOWN_PAUSE  (500 * 1000) /* us that a lower rate has to show its effect */
#define HOLD	    (1200 * 1000) /* us at the rate that is known to come through */
#define NOISE_MOST  0.05 /* more than this is always taken for a full way */
#define CALM	    0.2 /* of what is lost while nothing is full, and no more than usual */
#define ADOPT	    0.5 /* of what is no less after the rate went down */
#define NO_LESS	    0.6 /* of what was lost before: chance takes and gives some */
#define LOSS_COUNTS 0.01 /* above the noise */
#define LOSS_HEAVY  0.25
#define JITTER_FULL 15000 /* us above twice the usual: packets wait in a queue that grows */
#define JITTER_NEW \
	0.25 /* of a report, in what is usual: a narrow way has more, and a wide one less */
#define QUEUE_FULL  20000 /* us of a queue that never was empty, and does not get shorter */
#define REQUESTS    3 /* keyframes, for a sink that reports nothing else */
#define HALF	    0.5 /* of the rate: a link that stands still for a moment is not seen to be nothing */
#define DOWN	    0.85 /* of the rate */
#define BELOW	    0.9 /* of what came through */
#define BELOW_HEAVY 0.75 /* the same: the way became full while that was counted, and not before */
#define UP	    0.15 /* part of the rate, a second, up to NEAR of what came through */
#define NEAR	    0.85
#define CLIMB_FIRST 0.04 /* a second, from there on */
#define BEYOND	    1.10 /* of what came through: the way is wider by now */
#define CLIMB_GROWS 2.0 /* a second, from there on */
#define CLIMB_MOST  0.80

/* What other sources begin with: a weak link loses less than it would of the best rate. */
#define FIRST	    8000 /* kbit/s */
#define FIRST_SMALL 5000
#define SMALL	    (1280 * 720) /* pixels */

#define WORTH \
	0.05 /* bits per pixel of a picture: with less, half as many look better (docs/decisions.md) */
#define FEWEST 8 /* pictures a second: fewer are no movement any more */

guint media_rate_first(guint max, guint width, guint height)
{
	return MIN(max, width * height <= SMALL ? FIRST_SMALL : FIRST);
}

void media_rate_init(MediaRate *rate, guint min, guint first, guint max)
{
	*rate = (MediaRate){
		.min = MIN(min, max),
		.max = max,
		.kbit = CLAMP(first, MIN(min, max), max),
		.climb = CLIMB_FIRST,
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
	double lost = signs->lost - rate->noise;

	return lost > LOSS_COUNTS + chance ? lost : 0;
}

/* What was received in the time that it took to send it, some of it at the rate before. kbit/s. */
static double came_through(const MediaRate *rate, const MediaRateSigns *signs, double lost)
{
	double before = MIN(signs->packets_before, signs->packets);
	double packets = MAX(signs->packets, 1);

	if (!before)
		return (1 - lost) * rate->kbit;
	return (1 - lost) * packets / (before / rate->before + (packets - before) / rate->kbit);
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
		*full_at = MAX(1 - signs->held, HALF) * rate->kbit;
		kbit = MIN(*full_at * BELOW, rate->kbit * DOWN);
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

static void learn_jitter(MediaRate *rate, guint us)
{
	rate->jitter_us += (us - rate->jitter_us) * (rate->jitter_known ? JITTER_NEW : 1);
	rate->jitter_known = TRUE;
}

static void learn_noise(MediaRate *rate, const MediaRateSigns *signs)
{
	if (!signs->packets_before && loss_that_counts(rate, signs) <= 0)
		rate->noise += CALM * (MIN(signs->lost, NOISE_MOST) - rate->noise);
}

/* The way's own loss shows where a lower rate has changed nothing. */
static void adopt_noise(MediaRate *rate, const MediaRateSigns *signs)
{
	if (signs->lost <= NOISE_MOST && signs->lost > rate->noise)
		rate->noise += ADOPT * (signs->lost - rate->noise);
}

/* The report is about the rate that there is, for the most part. */
static gboolean is_of_now(const MediaRateSigns *signs)
{
	return signs->packets_before < signs->packets * HALF;
}

/* As much is lost after the rate went down. */
static gboolean was_no_use(const MediaRate *rate, const MediaRateSigns *signs)
{
	return rate->lost_down > 0 && is_of_now(signs) && signs->lost >= rate->lost_down * NO_LESS;
}

static void go_down(MediaRate *rate, double kbit, double full_at, gint64 now)
{
	rate->before = rate->kbit;
	rate->kbit = kbit;
	rate->full_at = full_at;
	rate->climb = CLIMB_FIRST;
	rate->down_at = now;
}

static void go_up(MediaRate *rate, double elapsed, gint64 now)
{
	double seconds = MIN(elapsed, 1);

	if (rate->down_at && now - rate->down_at < HOLD)
		return;
	rate->kbit *= 1 + seconds * (rate->kbit < rate->full_at * NEAR ? UP : rate->climb);
	if (rate->kbit > rate->full_at * BEYOND)
		rate->climb = MIN(rate->climb * (1 + seconds * CLIMB_GROWS), CLIMB_MOST);
}

guint media_rate_update(MediaRate *rate, const MediaRateSigns *signs, gint64 now)
{
	double elapsed = rate->heard_at ? (now - rate->heard_at) / SECOND : 0;
	gboolean adopts = signs->reported && was_no_use(rate, signs);
	double full_at, kbit;
	gboolean down;

	rate->heard_at = now;
	if (adopts)
		adopt_noise(rate, signs);
	kbit = judge(rate, signs, now, &full_at);
	down = kbit < rate->kbit;
	if (signs->reported) {
		if (!adopts)
			learn_noise(rate, signs);
		learn_jitter(rate, signs->jitter_us);
		if (down)
			rate->lost_down = signs->lost;
		else if (is_of_now(signs))
			rate->lost_down = 0;
	}
	if (down)
		go_down(rate, kbit, full_at, now);
	else
		go_up(rate, elapsed, now);
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
