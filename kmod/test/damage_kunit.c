// SPDX-License-Identifier: GPL-2.0
/*
 * Damage: whatever is added stays covered, and nothing gets too large a list.
 */
#include <kunit/test.h>

/* The code itself: miracast_display.ko exports nothing. */
#include "../display/damage.c"

static bool covered(const struct mdisplay_damage *damage, const struct drm_rect *rect)
{
	unsigned int i;

	for (i = 0; i < damage->count; i++) {
		const struct drm_rect *have = &damage->rects[i];

		if (have->x1 <= rect->x1 && have->y1 <= rect->y1 && have->x2 >= rect->x2 &&
		    have->y2 >= rect->y2)
			return true;
	}

	return damage->full;
}

static void damage_empty_rect_adds_nothing(struct kunit *test)
{
	const struct drm_rect flat = { 5, 5, 5, 9 }, inside_out = { 9, 9, 5, 5 };
	struct mdisplay_damage damage = {};

	mdisplay_damage_add(&damage, &flat);
	mdisplay_damage_add(&damage, &inside_out);
	KUNIT_EXPECT_EQ(test, damage.count, 0u);
}

static void damage_covered_rects_are_one(struct kunit *test)
{
	const struct drm_rect small = { 10, 10, 20, 20 }, other = { 30, 30, 40, 40 };
	const struct drm_rect large = { 0, 0, 50, 50 };
	struct mdisplay_damage damage = {};

	mdisplay_damage_add(&damage, &small);
	mdisplay_damage_add(&damage, &other);
	mdisplay_damage_add(&damage, &small);
	KUNIT_EXPECT_EQ(test, damage.count, 2u);
	mdisplay_damage_add(&damage, &large);
	KUNIT_EXPECT_EQ(test, damage.count, 1u);
	mdisplay_damage_add(&damage, &other);
	KUNIT_EXPECT_EQ(test, damage.count, 1u);
	KUNIT_EXPECT_TRUE(test, drm_rect_equals(&damage.rects[0], &large));
}

/* The limit, one more, and many more: each that was added is covered still. */
static void damage_without_room_covers_all(struct kunit *test)
{
	struct mdisplay_damage damage = {};
	struct drm_rect *added;
	unsigned int i, n;

	added = kunit_kcalloc(test, 100, sizeof(*added), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, added);
	for (n = 0; n < 100; n++) {
		int x = n * 7919 % 1900, y = n * 104729 % 1000;

		added[n] = (struct drm_rect){ x, y, x + 1 + n % 13, y + 1 + n % 7 };
		mdisplay_damage_add(&damage, &added[n]);
		KUNIT_ASSERT_LE(test, damage.count, (unsigned int)MIRACAST_DISPLAY_MAX_DAMAGE);
		for (i = 0; i <= n; i++)
			KUNIT_ASSERT_TRUE(test, covered(&damage, &added[i]));
	}
	KUNIT_EXPECT_FALSE(test, damage.full);
}

static void damage_nearest_rect_grows(struct kunit *test)
{
	const struct drm_rect near = { 6, 0, 8, 2 };
	struct mdisplay_damage damage = {};
	unsigned int i;

	for (i = 0; i < MIRACAST_DISPLAY_MAX_DAMAGE; i++) {
		const struct drm_rect rect = { 100 * i, 0, 100 * i + 2, 2 };

		mdisplay_damage_add(&damage, &rect);
	}
	KUNIT_EXPECT_EQ(test, damage.count, (unsigned int)MIRACAST_DISPLAY_MAX_DAMAGE);
	mdisplay_damage_add(&damage, &near);
	KUNIT_EXPECT_EQ(test, damage.count, (unsigned int)MIRACAST_DISPLAY_MAX_DAMAGE);
	for (i = 0; i < damage.count; i++)
		KUNIT_EXPECT_LE(test, drm_rect_width(&damage.rects[i]), 8);
}

static void damage_full_stays_full(struct kunit *test)
{
	struct mdisplay_damage damage = { .full = true }, part = {};
	const struct drm_rect rect = { 1, 2, 3, 4 };

	mdisplay_damage_add(&part, &rect);
	mdisplay_damage_merge(&damage, &part);
	KUNIT_EXPECT_TRUE(test, damage.full);
	mdisplay_damage_merge(&part, &damage);
	KUNIT_EXPECT_TRUE(test, part.full);
}

static struct kunit_case mdisplay_damage_cases[] = {
	KUNIT_CASE(damage_empty_rect_adds_nothing), KUNIT_CASE(damage_covered_rects_are_one),
	KUNIT_CASE(damage_without_room_covers_all), KUNIT_CASE(damage_nearest_rect_grows),
	KUNIT_CASE(damage_full_stays_full),	    {}
};

static struct kunit_suite mdisplay_damage_suite = {
	.name = "miracast_display_damage",
	.test_cases = mdisplay_damage_cases,
};

kunit_test_suite(mdisplay_damage_suite);
