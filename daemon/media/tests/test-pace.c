// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-pace.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

/* How many of pictures that come at @hz go in @seconds, each as soon as it may, and none waits for another. */
static guint n_go(guint fps, guint hz, guint seconds)
{
	gint64 begin = 5 * SECOND;
	MediaPace pace = {0};
	guint n = 0;

	media_pace_set(&pace, fps);
	for (guint i = 0; i < hz * seconds; i++) {
		gint64 now = begin + i * SECOND / hz;

		if (now < media_pace_due(&pace))
			continue;
		media_pace_take(&pace, now);
		n++;
	}
	return n;
}

static void test_most(void)
{
	g_assert_cmpuint(n_go(10, 60, 2), <=, 22);
	g_assert_cmpuint(n_go(10, 60, 2), >=, 19);
	g_assert_cmpuint(n_go(30, 60, 10), <=, 305);
	g_assert_cmpuint(n_go(30, 60, 10), >=, 299);
	g_assert_cmpuint(n_go(30, 144, 10), <=, 305);
	g_assert_cmpuint(n_go(30, 144, 10), >=, 290);
	g_assert_cmpuint(n_go(1, 60, 10), <=, 12);
}

/* What comes as often as it may never waits, however unevenly. */
static void test_uneven(void)
{
	static const guint rates[] = {10, 25, 30, 60};

	for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
		gint64 interval = SECOND / rates[i];
		g_autoptr(GRand) random = g_rand_new_with_seed(i);
		MediaPace pace = {0};

		media_pace_set(&pace, rates[i]);
		for (guint n = 1; n <= 10000; n++) {
			/* A mode may be a five hundredth faster than it says. */
			gint64 even = n * interval * 499 / 500;
			gint64 now = even + g_rand_int_range(random, 0, interval / 2);

			g_assert_cmpint(media_pace_due(&pace), <=, now);
			media_pace_take(&pace, now);
			g_assert_cmpint(media_pace_ready(&pace), <=, now + interval * 3 / 4);
		}
	}
}

/* After a pause a picture goes at once, and the next one soon; then there are no more than turns. */
static void test_lone(void)
{
	MediaPace pace = {0};
	gint64 now = SECOND;

	media_pace_set(&pace, 10);
	for (guint n = 0; n < 100; n++) {
		now += SECOND;
		g_assert_cmpint(media_pace_due(&pace), <=, now);
		media_pace_take(&pace, now);
		g_assert_cmpint(media_pace_due(&pace), <=, now + SECOND / 20);
		media_pace_take(&pace, media_pace_due(&pace));
		g_assert_cmpint(media_pace_due(&pace), >=, now + SECOND / 10);
		g_assert_cmpint(media_pace_ready(&pace), <, media_pace_due(&pace));
	}
}

/* Another rate is at once what is kept. */
static void test_change(void)
{
	MediaPace pace = {0};

	media_pace_set(&pace, 1);
	media_pace_take(&pace, SECOND);
	media_pace_set(&pace, 60);
	g_assert_cmpint(media_pace_due(&pace), <=, 2 * SECOND);
	media_pace_take(&pace, 2 * SECOND);
	g_assert_cmpint(media_pace_due(&pace), <=, 2 * SECOND + SECOND / 60);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pace/most", test_most);
	g_test_add_func("/pace/uneven", test_uneven);
	g_test_add_func("/pace/lone", test_lone);
	g_test_add_func("/pace/change", test_change);
	return g_test_run();
}
