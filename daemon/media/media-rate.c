// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-rate.h"

#define SECOND	    ((double)G_USEC_PER_SEC)
#define DOWN_PAUSE  (500 * 1000) /* us that a lower rate has to show its effect */
#define NOISE_MOST  0.05 /* more than this is always taken for a full way */
#define NOISE_ADOPT 0.5 /* of what is lost right after the rate went down */
#define LOSS_COUNTS 0.01 /* above the noise */
#define JITTER_FULL 15000 /* us above the lowest: packets wait in a queue that grows */
#define REQUESTS    3 /* keyframes, for a sink that reports nothing else */
#define DOWN_LEAST  0.85
#define DOWN_MOST   0.25
#define BELOW	    0.9 /* of what came through */
#define UP	    0.30 /* a second, up to NEAR of the rate at which the way was full */
#define NEAR	    0.9
#define CLIMB_FIRST 0.04 /* a second, from there on */
#define CLIMB_MOST  0.40
#define CLIMB_GROWS 0.6 /* a second, while nothing is lost */

void media_rate_init(MediaRate *rate, guint min, guint max)
{
	*rate = (MediaRate){.min = MIN(min, max),
			    .max = max,
			    .kbit = max,
			    .climb = CLIMB_FIRST,
			    .jitter_us = G_MAXUINT};
}

/* What part of the rate is to stay; 1: the way is not full. */
static double judge(MediaRate *rate, const MediaRateSigns *signs)
{
	double keep = 1;

	if (signs->reported) {
		double lost = signs->lost - rate->noise;

		if (lost > LOSS_COUNTS)
			keep = CLAMP((1 - lost) * BELOW, DOWN_MOST, DOWN_LEAST);
		if (signs->jitter_us > JITTER_FULL &&
		    signs->jitter_us - JITTER_FULL > rate->jitter_us)
			keep = MIN(keep, DOWN_LEAST);
	}
	if (signs->dropped || signs->keyframe_requests >= REQUESTS)
		keep = MIN(keep, DOWN_LEAST);
	return keep;
}

/* The air's own loss shows where a lower rate has changed nothing. */
static void learn_noise(MediaRate *rate, const MediaRateSigns *signs)
{
	if (!signs->reported)
		return;
	if (signs->lost < rate->noise)
		rate->noise = 0.8 * rate->noise + 0.2 * signs->lost;
	else if (signs->lost <= NOISE_MOST)
		rate->noise += NOISE_ADOPT * (signs->lost - rate->noise);
}

static void learn_jitter(MediaRate *rate, const MediaRateSigns *signs, double elapsed)
{
	if (!signs->reported)
		return;
	if (signs->jitter_us <= rate->jitter_us)
		rate->jitter_us = signs->jitter_us;
	else
		rate->jitter_us += MIN(elapsed * 0.01, 1) * (signs->jitter_us - rate->jitter_us);
}

static void go_up(MediaRate *rate, double elapsed)
{
	double seconds = MIN(elapsed, 1);

	if (rate->kbit < rate->full_at * NEAR) {
		rate->kbit = MIN(rate->kbit * (1 + seconds * UP), rate->full_at * NEAR);
	} else {
		rate->kbit *= 1 + seconds * rate->climb;
		rate->climb = MIN(rate->climb * (1 + seconds * CLIMB_GROWS), CLIMB_MOST);
	}
}

guint media_rate_update(MediaRate *rate, const MediaRateSigns *signs, gint64 now)
{
	double elapsed = rate->heard_at ? (now - rate->heard_at) / SECOND : 0;
	double keep = judge(rate, signs);

	rate->heard_at = now;
	learn_jitter(rate, signs, elapsed);
	if (keep < 1) {
		if (rate->down_at && now - rate->down_at < DOWN_PAUSE)
			return rate->kbit;
		/* The rate went down before, and as much is lost as then. */
		if (rate->down_at)
			learn_noise(rate, signs);
		rate->full_at = rate->kbit * (signs->reported ? 1 - signs->lost : 1);
		rate->kbit *= keep;
		rate->climb = CLIMB_FIRST;
		rate->down_at = now;
	} else {
		if (signs->lost < rate->noise)
			learn_noise(rate, signs);
		go_up(rate, elapsed);
	}
	rate->kbit = CLAMP(rate->kbit, rate->min, rate->max);
	return rate->kbit;
}
