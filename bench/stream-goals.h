/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bench-stream has measured, and what became of its goals. */
#ifndef STREAM_GOALS_H
#define STREAM_GOALS_H

typedef enum {
	STREAM_OURS,
	STREAM_FLOOR,
	STREAM_OTHER, /* gnome-network-displays' elements and settings, as shipped */
	STREAM_OTHER_AT_ONCE, /* without its 500 ms */
	STREAM_WAYS,
} StreamWay;

typedef enum {
	STREAM_LONE,
	STREAM_TYPING,
	STREAM_SCROLLING,
	STREAM_MOTION,
	STREAM_STILL,
	STREAM_CONTENTS,
} StreamContent;

/* Of one content in one way. */
typedef struct {
	double received, received_99; /* ms: median, and 99 % */
	double cpu; /* ms a picture */
	double kbytes; /* a picture */
	double psnr; /* dB */
} StreamFigures;

/* Of one size. */
typedef struct {
	StreamFigures of[STREAM_STILL][STREAM_WAYS];
	double still_cpu[STREAM_WAYS]; /* of a core */
	double longest_send; /* ms, ours: from the encoder to the network */
} StreamResults;

/* @share: what 1080p30 takes of a core, as it is measured for the default mode */
void stream_goals_print(const StreamResults *p720, const StreamResults *p1080, double share);

#endif
