// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rate against a way that is simulated: so many kbit/s go through it, what is more waits in a
 * queue of 100 ms, what finds no place there is lost; and the air loses a part of its own. The sink
 * reports twice a second. No clock and no network, so the figures are always the same.
 */
#include "media-rate.h"

#define STEP_MS	  50
#define REPORT_MS 500
#define QUEUE_MS  100
#define MIN_KBIT  300
#define MAX_KBIT  16000

typedef struct {
	MediaRate rate;
	guint kbit; /* of the encoder */
	double capacity; /* kbit/s */
	double noise; /* part lost at any rate */
	guint air_jitter_us;
	double queue; /* kbit */
	double sent, lost; /* kbit, since the last report */
	double all_sent, all_lost;
	double delay_ms; /* most, since then */
	gint64 ms;
} Way;

static void way_init(Way *way, double capacity)
{
	*way = (Way){.kbit = MAX_KBIT, .capacity = capacity};
	media_rate_init(&way->rate, MIN_KBIT, MAX_KBIT);
}

/* Returns the part that was lost in the last report. */
static double report(Way *way)
{
	MediaRateSigns signs = {
		.reported = TRUE,
		.lost = way->lost / way->sent,
		.jitter_us = way->air_jitter_us + way->delay_ms * 1000 / 4,
	};

	way->kbit = media_rate_update(&way->rate, &signs, (way->ms + 1) * 1000);
	way->all_sent += way->sent;
	way->all_lost += way->lost;
	way->sent = way->lost = way->delay_ms = 0;
	return signs.lost;
}

/* The largest loss that a report told of in the last @judged_ms of @ms. */
static double run(Way *way, gint64 ms, gint64 judged_ms)
{
	gint64 end = way->ms + ms;
	double worst = 0;

	for (; way->ms < end; way->ms += STEP_MS) {
		double in = way->kbit * STEP_MS / 1000.0;
		double place = way->capacity * QUEUE_MS / 1000;

		way->sent += in;
		way->lost += in * way->noise;
		way->queue += in * (1 - way->noise);
		way->queue = MAX(way->queue - way->capacity * STEP_MS / 1000, 0);
		if (way->queue > place) {
			way->lost += way->queue - place;
			way->queue = place;
		}
		way->delay_ms = MAX(way->delay_ms, way->queue / way->capacity * 1000);
		if (way->ms % REPORT_MS == 0 && way->ms) {
			double lost = report(way);

			if (way->ms >= end - judged_ms)
				worst = MAX(worst, lost);
		}
	}
	return worst;
}

static void test_steps(void)
{
	double worst;
	gint64 before;
	Way way;

	way_init(&way, 20000);
	worst = run(&way, 5000, 5000);
	g_assert_cmpfloat(worst, ==, 0);
	g_assert_cmpuint(way.kbit, ==, MAX_KBIT);

	/* Down: loss-free again within 2 s. */
	way.capacity = 3000;
	worst = run(&way, 4000, 1500);
	g_assert_cmpfloat(worst, ==, 0);
	g_assert_cmpuint(way.kbit, <=, 3100);
	g_assert_cmpuint(way.kbit, >=, 1000);
	/* And it stays near what there is; one in a hundred is what to try for more may cost. */
	way.all_sent = way.all_lost = 0;
	run(&way, 60000, 0);
	g_test_message("%.2f %% lost at %.0f kbit/s", 100 * way.all_lost / way.all_sent,
		       way.all_sent / 60);
	g_assert_cmpfloat(way.all_lost, <, way.all_sent * 0.01);
	g_assert_cmpfloat(way.all_sent, >, 60 * 2200);

	/* Up: 80 % within 10 s. */
	way.capacity = 20000;
	before = way.ms;
	while (way.kbit < MAX_KBIT * 8 / 10)
		run(&way, REPORT_MS, 0);
	g_test_message("80 %% after %d ms", (int)(way.ms - before));
	g_assert_cmpint(way.ms - before, <=, 10000);
}

/* Two of a hundred lost at any rate: to send less would help nobody. */
static void test_noise(void)
{
	Way way;

	way_init(&way, 20000);
	way.noise = 0.02;
	run(&way, 60000, 0);
	g_assert_cmpuint(way.kbit, >=, MAX_KBIT * 7 / 10);
	/* A way that becomes full is still seen. */
	way.capacity = 3000;
	run(&way, 10000, 0);
	g_assert_cmpuint(way.kbit, <=, 4000);
}

static void test_jitter(void)
{
	Way way;

	way_init(&way, 20000);
	way.air_jitter_us = 50000;
	run(&way, 30000, 0);
	g_assert_cmpuint(way.kbit, >=, MAX_KBIT * 8 / 10);
}

/* A sink that reports nothing: what this side's network drops, and how often a keyframe is asked for. */
static void test_without_reports(void)
{
	MediaRateSigns calm = {0}, dropped = {0}, asking = {0};
	gint64 now = G_USEC_PER_SEC;
	MediaRate rate;
	guint kbit;

	dropped.dropped = TRUE;
	asking.keyframe_requests = 5;
	media_rate_init(&rate, MIN_KBIT, MAX_KBIT);
	kbit = media_rate_update(&rate, &calm, now);
	g_assert_cmpuint(kbit, ==, MAX_KBIT);
	for (guint i = 0; i < 100; i++)
		kbit = media_rate_update(&rate, i % 2 ? &dropped : &asking, now += 600000);
	g_assert_cmpuint(kbit, ==, MIN_KBIT);
	for (guint i = 0; i < 200; i++)
		kbit = media_rate_update(&rate, &calm, now += 250000);
	g_assert_cmpuint(kbit, ==, MAX_KBIT);
}

/* Whatever a sink reports, the rate stays within its bounds. */
static void test_nonsense(void)
{
	MediaRateSigns dropped = {0};
	gint64 now = 1;
	MediaRate rate;
	guint kbit;

	media_rate_init(&rate, MIN_KBIT, MAX_KBIT);
	for (guint i = 0; i < 100000; i++) {
		const MediaRateSigns signs = {
			.reported = g_test_rand_int_range(0, 2),
			.lost = g_test_rand_double_range(0, 1),
			.jitter_us = g_test_rand_int(),
			.dropped = g_test_rand_int_range(0, 50) == 0,
			.keyframe_requests = g_test_rand_int_range(0, 5),
		};

		kbit = media_rate_update(&rate, &signs, now += g_test_rand_int_range(0, 1000000));
		g_assert_cmpuint(kbit, >=, MIN_KBIT);
		g_assert_cmpuint(kbit, <=, MAX_KBIT);
	}
	/* A best rate below the least one is the only one. */
	media_rate_init(&rate, 300, 100);
	dropped.dropped = TRUE;
	kbit = media_rate_update(&rate, &dropped, now);
	g_assert_cmpuint(kbit, ==, 100);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rate/steps", test_steps);
	g_test_add_func("/rate/noise", test_noise);
	g_test_add_func("/rate/jitter", test_jitter);
	g_test_add_func("/rate/without-reports", test_without_reports);
	g_test_add_func("/rate/nonsense", test_nonsense);
	return g_test_run();
}
