/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a picture has changed since it was converted, over all frames that came since; those that were not
 * drawn included. Not locked.
 */
#ifndef MEDIA_DAMAGE_H
#define MEDIA_DAMAGE_H

#include "media-types.h"

#define MEDIA_MAX_DAMAGE 32

/* Zeroes: nothing has changed, and no frame has come. */
typedef struct {
	gboolean whole; /* all of it has changed */
	guint n;
	MediaRect rects[MEDIA_MAX_DAMAGE]; /* otherwise; not empty, inside the picture */
	guint width, height; /* of the picture, pixels */
	guint64 sequence; /* of the last frame; 0: not known */
} MediaDamage;

/*
 * @frame's, too. All has changed if it is not the one after the last, which then was not seen here, or is yet
 * to come.
 */
void media_damage_add(MediaDamage *damage, const MediaFrame *frame);

/* What has changed, which then has not any more. */
MediaDamage media_damage_take(MediaDamage *damage);

#endif
