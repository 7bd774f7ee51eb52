/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coded pictures of H.264 (ITU-T H.264, annex B): NAL units, each behind a start code. Pure. */
#ifndef MEDIA_H264_H
#define MEDIA_H264_H

#include <glib.h>

/* Types of NAL units (table 7-1). */
typedef enum {
	MEDIA_NAL_SLICE = 1, /* the first of those with a picture's data */
	MEDIA_NAL_IDR = 5, /* the last of them: of a keyframe */
	MEDIA_NAL_PARAMETERS = 7, /* the sequence's */
	MEDIA_NAL_DELIMITER = 9, /* between access units */
	MEDIA_NAL_FILLER = 12, /* nothing, which decoders skip */
} MediaNal;

/* Bytes at the beginning of a sequence parameter set: the profile, its constraints, the level. */
#define MEDIA_H264_PROFILE 3

/* What is to be known of a coded picture. */
typedef struct {
	gboolean delimited; /* begins with an access unit delimiter */
	gboolean keyframe;
	const guint8 *profile; /* MEDIA_H264_PROFILE bytes in it; NULL: it has none */
} MediaH264Picture;

/* Looks at the NAL units as far as the first slice. */
MediaH264Picture media_h264_look(const guint8 *picture, gsize size);

/*
 * The picture says of its stream that it is of Constrained High (A.2.4.2) if it says High: it has no fields
 * and no B slices, which not all encoders say.
 */
void media_h264_constrain(guint8 *picture, gsize size);

#endif
