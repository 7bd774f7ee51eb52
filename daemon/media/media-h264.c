// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-h264.h"

#define TYPE_MASK	 0x1f
#define PROFILE_HIGH	 100
#define CONSTRAINTS_HIGH 0x0c /* 4 and 5 */
#define CONSTRAIN_WITHIN 64 /* bytes of a picture: only a delimiter is before its parameters */

/* Whether a NAL unit begins three bytes behind @at. */
static gboolean is_start_code(const guint8 *at)
{
	return !at[0] && !at[1] && at[2] == 1;
}

MediaH264Picture media_h264_look(const guint8 *picture, gsize size)
{
	MediaH264Picture info = {.delimited = FALSE};
	gboolean first = TRUE;

	for (gsize i = 0; i + 3 < size; i++) {
		guint type;

		if (!is_start_code(picture + i))
			continue;
		type = picture[i + 3] & TYPE_MASK;
		info.delimited |= first && type == MEDIA_NAL_DELIMITER;
		first = FALSE;
		if (type == MEDIA_NAL_PARAMETERS && i + 4 + MEDIA_H264_PROFILE <= size)
			info.profile = picture + i + 4;
		info.keyframe = type == MEDIA_NAL_IDR;
		if (type >= MEDIA_NAL_SLICE && type <= MEDIA_NAL_IDR)
			break;
		i += 3;
	}
	return info;
}

void media_h264_constrain(guint8 *picture, gsize size)
{
	for (gsize i = 0; i + 5 < MIN(size, CONSTRAIN_WITHIN); i++)
		if (is_start_code(picture + i) &&
		    (picture[i + 3] & TYPE_MASK) == MEDIA_NAL_PARAMETERS &&
		    picture[i + 4] == PROFILE_HIGH)
			picture[i + 5] |= CONSTRAINTS_HIGH;
}
