// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-damage.h"

static gboolean covers(const MediaRect *rect, const MediaRect *other)
{
	return rect->x1 <= other->x1 && rect->y1 <= other->y1 && rect->x2 >= other->x2 &&
	       rect->y2 >= other->y2;
}

static void extend(MediaRect *rect, const MediaRect *other)
{
	rect->x1 = MIN(rect->x1, other->x1);
	rect->y1 = MIN(rect->y1, other->y1);
	rect->x2 = MAX(rect->x2, other->x2);
	rect->y2 = MAX(rect->y2, other->y2);
}

static void add_rect(MediaDamage *damage, const MediaRect *rect)
{
	const MediaRect inside = {
		.x1 = rect->x1,
		.y1 = rect->y1,
		.x2 = MIN(rect->x2, damage->width),
		.y2 = MIN(rect->y2, damage->height),
	};

	if (inside.x1 >= inside.x2 || inside.y1 >= inside.y2)
		return;
	for (guint i = 0; i < damage->n; i++)
		if (covers(&damage->rects[i], &inside))
			return;
	if (damage->n == MEDIA_MAX_DAMAGE) {
		for (guint i = 1; i < damage->n; i++)
			extend(&damage->rects[0], &damage->rects[i]);
		extend(&damage->rects[0], &inside);
		damage->n = 1;
	} else {
		damage->rects[damage->n++] = inside;
	}
}

void media_damage_add(MediaDamage *damage, const MediaFrame *frame)
{
	gboolean follows = damage->sequence && frame->sequence == damage->sequence + 1 &&
			   frame->width == damage->width && frame->height == damage->height;

	damage->sequence = frame->sequence;
	damage->width = frame->width;
	damage->height = frame->height;
	if (!follows || !frame->nr_damage)
		damage->whole = TRUE;
	for (guint i = 0; i < frame->nr_damage && !damage->whole; i++)
		add_rect(damage, &frame->damage[i]);
}

MediaDamage media_damage_take(MediaDamage *damage)
{
	MediaDamage taken = *damage;

	damage->whole = FALSE;
	damage->n = 0;
	return taken;
}
