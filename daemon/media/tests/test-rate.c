// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rate against a way that is simulated: so many kbit/s go through it, what is more waits in a
 * queue of 100 ms, what finds no place there is lost; and the air loses a part of its own. No clock
 * and no network, so the figures are always the same.
 */
#include "media-rate.h"

#define STEP_MS	    10
#define TICK_MS	    250
#define QUEUE_MS    100
#define MIN_KBIT    1600
#define MAX_KBIT    16000
#define PACKET_KBIT 10.6

typedef struct {
	MediaRate rate;
	GRand *random;
	guint kbit; /* of the encoder */
	double capacity; /* kbit/s */
	double noise; /* part lost at any rate */
	guint air_jitter_us;
	gboolean local; /* the queue is this side's own, and seen */
	guint report_ms; /* 0: it reports nothing */
	guint phase_ms;
	double queue; /* kbit */
	double lowest; /* of it, since it was asked */
	double queue_before; /* when it was asked */
	double sent_here; /* kbit, since then */
	double sent, lost; /* packets, since the last report */
	double before; /* of those sent: before the rate went down */
	gboolean reported;
	double lost_reported, packets_reported, before_reported;
	double all_sent, all_lost;
	gint64 ms;
} Way;

static void way_init(Way *way, double capacity, guint report_ms, guint phase_ms)
{
	*way = (Way){
		.kbit = MAX_KBIT,
		.capacity = capacity,
		.report_ms = report_ms,
		.phase_ms = phase_ms,
		.random = g_rand_new_with_seed(7),
	};
	media_rate_init(&way->rate, MIN_KBIT, MAX_KBIT, MAX_KBIT);
}

static void way_clear(Way *way)
{
	g_rand_free(way->random);
}

/* As many as a link that loses each for itself would. */
static double lost_by_chance(Way *way, double packets)
{
	double lost = 0;

	for (guint i = 0; i < packets; i++)
		lost += g_rand_double(way->random) < way->noise;
	return lost;
}

static double jitter_us(const Way *way)
{
	return way->air_jitter_us * g_rand_double_range(way->random, 0.4, 1.6) + 2000;
}

/* The sink's, which is read when the rate is judged next. */
static void report(Way *way)
{
	way->reported = way->sent > 0;
	way->lost_reported = way->reported ? way->lost / way->sent : 0;
	way->packets_reported = way->sent;
	way->before_reported = way->before;
	way->sent = way->lost = way->before = 0;
}

static void update(Way *way)
{
	MediaRateSigns signs = {
		.reported = way->reported,
		.lost = way->lost_reported,
		.packets = way->packets_reported,
		.packets_before = way->before_reported,
		.jitter_us = jitter_us(way),
	};
	guint kbit;

	if (way->local) {
		if (way->queue >= way->queue_before)
			signs.queued_us = way->lowest * G_USEC_PER_SEC / way->kbit;
		if (way->queue > way->queue_before)
			signs.held = (way->queue - way->queue_before) / way->sent_here;
	}
	way->reported = FALSE;
	way->sent_here = 0;
	way->queue_before = way->queue;
	way->lowest = way->queue;
	kbit = media_rate_update(&way->rate, &signs, (way->ms + 1) * 1000);
	if (kbit < way->kbit)
		way->before = way->sent;
	way->kbit = kbit;
}

static double step(Way *way)
{
	double in = way->kbit * STEP_MS / 1000.0;
	double place = way->capacity * QUEUE_MS / 1000;
	double lost = lost_by_chance(way, in / PACKET_KBIT);

	way->lowest = MIN(way->lowest, way->queue);
	way->queue = MAX(way->queue + in - way->capacity * STEP_MS / 1000, 0);
	if (way->queue > place) {
		lost += (way->queue - place) / PACKET_KBIT;
		way->queue = place;
	}
	way->sent += in / PACKET_KBIT;
	way->lost += lost;
	way->all_sent += in;
	way->sent_here += in;
	way->all_lost += lost * PACKET_KBIT;
	return lost;
}

/* The packets lost in the last @judged_ms of @ms. */
static double run(Way *way, gint64 ms, gint64 judged_ms)
{
	gint64 end = way->ms + ms;
	double judged = 0;

	for (; way->ms < end; way->ms += STEP_MS) {
		double lost = step(way);

		if (way->ms >= end - judged_ms)
			judged += lost;
		if (way->report_ms && (way->ms + way->phase_ms) % way->report_ms == 0)
			report(way);
		if (way->ms % TICK_MS == 0)
			update(way);
	}
	return judged;
}

/* How long it takes to 80 % of the best rate, ms. */
static gint64 time_to_best(Way *way)
{
	gint64 before = way->ms;

	while (way->kbit < MAX_KBIT * 8 / 10 && way->ms - before < 100000)
		run(way, 100, 0);
	return way->ms - before;
}

/* 20, 3, and again 20 Mbit/s. */
static void check_steps(Way *way)
{
	double lost, low_sent, low_lost;
	gint64 up;

	lost = run(way, 10000, 10000);
	g_assert_cmpfloat(lost, ==, 0);
	g_assert_cmpuint(way->kbit, ==, MAX_KBIT);

	/* Down: loss-free again within 2 s. */
	way->capacity = 3000;
	lost = run(way, 3200, 1150);
	g_assert_cmpfloat(lost, ==, 0);
	g_assert_cmpuint(way->kbit, <=, 3300);
	/* And it stays near what there is; two in a hundred is what to try for more may cost. */
	way->all_sent = way->all_lost = 0;
	run(way, 60000, 0);
	low_sent = way->all_sent / 60;
	low_lost = way->all_lost / way->all_sent;

	/* Up: 80 % within 10 s. */
	way->capacity = 20000;
	up = time_to_best(way);
	g_test_message("a report in %u ms%s: %.2f %% lost at %.0f kbit/s; 80 %% after %d ms",
		       way->report_ms, way->local ? ", own queue" : "", 100 * low_lost, low_sent,
		       (int)up);
	g_assert_cmpfloat(low_lost, <, 0.02);
	g_assert_cmpfloat(low_sent, >, 2200);
	g_assert_cmpint(up, <=, 10000);
}

static void test_steps(void)
{
	static const guint intervals[] = {250, 500, 1000};

	for (guint i = 0; i < G_N_ELEMENTS(intervals); i++)
		for (guint phase = 0; phase < 1000; phase += 90)
			for (guint kind = 0; kind < 2; kind++) {
				Way way;

				way_init(&way, 20000, intervals[i], phase);
				way.local = kind;
				check_steps(&way);
				way_clear(&way);
			}
}

/* It begins with less than the best rate, and has 80 % of that within 3 s where nothing is lost. */
static void test_begin(void)
{
	static const struct {
		guint max, width, height, first;
	} cases[] = {
		{20000, 1920, 1080, 8000}, {12441, 1920, 1080, 8000}, {11059, 1280, 720, 5000},
		{5529, 1280, 720, 5000},   {3000, 1920, 1080, 3000},  {1843, 640, 480, 1843},
		{9216, 1280, 800, 8000},
	};
	static const guint intervals[] = {0, 250, 500, 1000};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint n = 0; n < G_N_ELEMENTS(intervals); n++) {
			guint max = cases[i].max;
			guint first = media_rate_first(max, cases[i].width, cases[i].height);
			Way way;

			g_assert_cmpuint(first, ==, cases[i].first);
			way_init(&way, 2 * max, intervals[n], 0);
			way.kbit = first;
			media_rate_init(&way.rate, max / 10, first, max);
			while (way.kbit < max * 8 / 10 && way.ms < 100000)
				run(&way, 100, 0);
			g_test_message("%u to %u kbit/s, a report in %u ms: 80 %% after %d ms",
				       first, max, intervals[n], (int)way.ms);
			g_assert_cmpint(way.ms, <=, 3000);
			run(&way, 2000, 0);
			g_assert_cmpuint(way.kbit, ==, max);
			way_clear(&way);
		}
}

/* So much lost at any rate: to send less would help nobody. */
static void check_noise(double noise, guint report_ms, guint phase_ms)
{
	Way way;

	way_init(&way, 20000, report_ms, phase_ms);
	run(&way, 10000, 0);
	way.noise = noise;
	run(&way, 10000, 0);
	way.all_sent = 0;
	run(&way, 60000, 0);
	g_test_message("%.0f %% lost, a report in %u ms: %.0f kbit/s", 100 * noise, report_ms,
		       way.all_sent / 60);
	g_assert_cmpfloat(way.all_sent, >=, 60.0 * MAX_KBIT * 8 / 10);
	/* A way that becomes full is still seen. */
	way.capacity = 3000;
	run(&way, 10 * report_ms, 0);
	g_assert_cmpuint(way.kbit, <=, 4000);
	way_clear(&way);
}

/* Sinks report whenever they like, so a report is seldom about one rate alone. */
static void test_noise(void)
{
	static const guint intervals[] = {250, 500, 1000, 2000};

	for (guint i = 0; i < G_N_ELEMENTS(intervals); i++)
		for (guint phase = 0; phase < intervals[i]; phase += 30) {
			check_noise(0.02, intervals[i], phase);
			check_noise(0.04, intervals[i], phase);
		}
}

/* 50 ms, as it was from the beginning and as it begins later. */
static void test_jitter(void)
{
	for (guint i = 0; i < 2; i++) {
		Way way;

		way_init(&way, 20000, 1000, 0);
		if (i)
			run(&way, 10000, 0);
		way.air_jitter_us = 50000;
		run(&way, 10000, 0);
		way.all_sent = 0;
		run(&way, 60000, 0);
		g_test_message("%.0f kbit/s", way.all_sent / 60);
		g_assert_cmpfloat(way.all_sent, >=, 60.0 * MAX_KBIT * 8 / 10);
		way_clear(&way);
	}
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
	media_rate_init(&rate, MIN_KBIT, MAX_KBIT, MAX_KBIT);
	kbit = media_rate_update(&rate, &calm, now);
	g_assert_cmpuint(kbit, ==, MAX_KBIT);
	for (guint i = 0; i < 100; i++)
		kbit = media_rate_update(&rate, i % 2 ? &dropped : &asking, now += 600000);
	g_assert_cmpuint(kbit, ==, MIN_KBIT);
	for (guint i = 0; i < 200; i++)
		kbit = media_rate_update(&rate, &calm, now += 250000);
	g_assert_cmpuint(kbit, ==, MAX_KBIT);
}

/* A radio that gets slower says so before anything is lost, and does not hold up what comes after. */
static void test_air(void)
{
	MediaRateSigns signs = {.air_kbit = 40000};
	gint64 now = G_USEC_PER_SEC;
	MediaRate rate;
	guint kbit;

	media_rate_init(&rate, MIN_KBIT, MAX_KBIT, MAX_KBIT);
	kbit = media_rate_update(&rate, &signs, now);
	g_assert_cmpuint(kbit, ==, MAX_KBIT);
	signs.air_kbit = 3000;
	kbit = media_rate_update(&rate, &signs, now += 250000);
	g_assert_cmpuint(kbit, ==, 3000);
	for (guint i = 0; i < 40; i++)
		kbit = media_rate_update(&rate, &signs, now += 250000);
	g_assert_cmpuint(kbit, ==, 3000);
	signs.air_kbit = 40000;
	for (guint i = 0; i < 40; i++)
		kbit = media_rate_update(&rate, &signs, now += 250000);
	g_assert_cmpuint(kbit, >=, MAX_KBIT * 8 / 10);
	signs.air_kbit = 1;
	kbit = media_rate_update(&rate, &signs, now += 250000);
	g_assert_cmpuint(kbit, ==, MIN_KBIT);
}

/* Whatever a sink reports, the rate stays within its bounds. */
static void test_nonsense(void)
{
	MediaRateSigns dropped = {0};
	gint64 now = 1;
	MediaRate rate;
	guint kbit;

	media_rate_init(&rate, MIN_KBIT, MAX_KBIT, MAX_KBIT);
	for (guint i = 0; i < 100000; i++) {
		const MediaRateSigns signs = {
			.reported = g_test_rand_int_range(0, 2),
			.lost = g_test_rand_double_range(0, 1),
			.jitter_us = g_test_rand_int(),
			.packets = g_test_rand_int_range(0, 1000),
			.packets_before = g_test_rand_int_range(0, 1000),
			.queued_us = g_test_rand_int_range(0, 40000),
			.dropped = g_test_rand_int_range(0, 50) == 0,
			.held = g_test_rand_double_range(0, 1),
			.keyframe_requests = g_test_rand_int_range(0, 5),
			.air_kbit = g_test_rand_int_range(0, 40000),
		};

		kbit = media_rate_update(&rate, &signs, now += g_test_rand_int_range(0, 1000000));
		g_assert_cmpuint(kbit, >=, MIN_KBIT);
		g_assert_cmpuint(kbit, <=, MAX_KBIT);
	}
	/* A best rate below the least one is the only one. */
	media_rate_init(&rate, 300, 200, 100);
	dropped.dropped = TRUE;
	kbit = media_rate_update(&rate, &dropped, now);
	g_assert_cmpuint(kbit, ==, 100);
}

/* Pictures are fewer only where each would have too little, and never too few for movement. */
static void test_fps(void)
{
	static const struct {
		guint kbit, width, height, fps, expected;
	} cases[] = {
		{5530, 1280, 720, 30, 30},     {1500, 1280, 720, 30, 30},
		{1383, 1280, 720, 30, 30},     {1000, 1280, 720, 30, 21},
		{553, 1280, 720, 30, 12},      {100, 1280, 720, 30, 8},
		{0, 1280, 720, 30, 8},	       {2500, 1920, 1080, 60, 24},
		{20000, 1920, 1080, 60, 60},   {50, 1280, 720, 5, 5},
		{G_MAXUINT, 640, 480, 60, 60},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(media_rate_fps(cases[i].kbit, cases[i].width, cases[i].height,
						cases[i].fps),
				 ==, cases[i].expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rate/steps", test_steps);
	g_test_add_func("/rate/begin", test_begin);
	g_test_add_func("/rate/noise", test_noise);
	g_test_add_func("/rate/jitter", test_jitter);
	g_test_add_func("/rate/without-reports", test_without_reports);
	g_test_add_func("/rate/air", test_air);
	g_test_add_func("/rate/nonsense", test_nonsense);
	g_test_add_func("/rate/fps", test_fps);
	return g_test_run();
}
