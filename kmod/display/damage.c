// SPDX-License-Identifier: GPL-2.0
/*
 * Damage: at most MIRACAST_DISPLAY_MAX_DAMAGE rectangles that cover what
 * changed. What does not fit makes one of them larger.
 */
#include "display.h"

static bool mdisplay_rect_covers(const struct drm_rect *a, const struct drm_rect *b)
{
	return a->x1 <= b->x1 && a->y1 <= b->y1 && a->x2 >= b->x2 && a->y2 >= b->y2;
}

static struct drm_rect mdisplay_rect_union(const struct drm_rect *a, const struct drm_rect *b)
{
	return (struct drm_rect){
		.x1 = min(a->x1, b->x1),
		.y1 = min(a->y1, b->y1),
		.x2 = max(a->x2, b->x2),
		.y2 = max(a->y2, b->y2),
	};
}

static u64 mdisplay_rect_area(const struct drm_rect *rect)
{
	return (u64)drm_rect_width(rect) * drm_rect_height(rect);
}

/* The entry that covering @rect as well makes grow least. */
static unsigned int mdisplay_damage_nearest(const struct mdisplay_damage *damage,
					    const struct drm_rect *rect)
{
	u64 best_growth = U64_MAX;
	unsigned int i, best = 0;

	for (i = 0; i < damage->count; i++) {
		struct drm_rect both = mdisplay_rect_union(&damage->rects[i], rect);
		u64 growth = mdisplay_rect_area(&both) - mdisplay_rect_area(&damage->rects[i]);

		if (growth < best_growth) {
			best_growth = growth;
			best = i;
		}
	}

	return best;
}

/**
 * mdisplay_damage_add() - one more rectangle changed
 * @damage: what changed so far
 * @rect: the rectangle; an empty one changes nothing
 */
void mdisplay_damage_add(struct mdisplay_damage *damage, const struct drm_rect *rect)
{
	struct drm_rect added = *rect;
	unsigned int i = 0;

	if (damage->full || !drm_rect_visible(rect))
		return;

	while (i < damage->count) {
		if (mdisplay_rect_covers(&damage->rects[i], &added))
			return;

		if (mdisplay_rect_covers(&added, &damage->rects[i])) {
			damage->rects[i] = damage->rects[--damage->count];
		} else if (++i == ARRAY_SIZE(damage->rects)) {
			/* No room: merge with one, which may cover others now. */
			i = mdisplay_damage_nearest(damage, &added);
			added = mdisplay_rect_union(&damage->rects[i], &added);
			damage->rects[i] = damage->rects[--damage->count];
			i = 0;
		}
	}

	damage->rects[damage->count++] = added;
}

/**
 * mdisplay_damage_merge() - what changed over two frames
 * @damage: of the one; of both when done
 * @other: of the other
 */
void mdisplay_damage_merge(struct mdisplay_damage *damage, const struct mdisplay_damage *other)
{
	unsigned int i;

	damage->full |= other->full;
	for (i = 0; i < other->count; i++)
		mdisplay_damage_add(damage, &other->rects[i]);
}
