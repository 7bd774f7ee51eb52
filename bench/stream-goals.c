// SPDX-License-Identifier: GPL-2.0-or-later
#include "stream-goals.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>

#define DESKTOP STREAM_MOTION /* the contents before it are a desktop's */

/* The goals that are not the same for every size. */
typedef struct {
	const char *name;
	double desktop, motion; /* ms, at most */
	double other, other_at_once; /* times as fast on a desktop, at least; 0: no goal */
} StreamSize;

static void print_goal(const char *size, const char *goal, double figure, double limit,
		       gboolean at_least)
{
	gboolean met = at_least ? figure >= limit : figure <= limit;

	printf("| %s: %s | %.2f | %s %.2f | %s |\n", size, goal, figure,
	       at_least ? "at least" : "at most", limit, met ? "met" : "missed");
}

static void at_most(const StreamSize *size, const char *goal, double figure, double limit)
{
	print_goal(size->name, goal, figure, limit, FALSE);
}

static void at_least(const StreamSize *size, const char *goal, double figure, double limit)
{
	print_goal(size->name, goal, figure, limit, TRUE);
}

/* Another way's median by ours: of the contents before @end the least. */
static double times_as_fast(const StreamResults *r, StreamWay way, guint end)
{
	double least = INFINITY;

	for (guint i = 0; i < end; i++)
		least = fmin(least, r->of[i][way].received / r->of[i][STREAM_OURS].received);
	return least;
}

static double longest_median(const StreamResults *r, guint begin, guint end)
{
	double longest = 0;

	for (guint i = begin; i < end; i++)
		longest = fmax(longest, r->of[i][STREAM_OURS].received);
	return longest;
}

static double largest_spread(const StreamResults *r)
{
	double largest = 0;

	for (guint i = 0; i < STREAM_STILL; i++)
		largest = fmax(largest,
			       r->of[i][STREAM_OURS].received_99 / r->of[i][STREAM_OURS].received);
	return largest;
}

static void print_text(const StreamSize *size, const char *what, const StreamFigures *of)
{
	const StreamFigures *ours = &of[STREAM_OURS], *other = &of[STREAM_OTHER];
	g_autofree char *bytes = g_strdup_printf("%s, bytes, of gnome-network-displays'", what);
	g_autofree char *psnr = g_strdup_printf("%s, PSNR above its, dB", what);

	at_most(size, bytes, ours->kbytes / other->kbytes, 0.6);
	at_least(size, psnr, ours->psnr - other->psnr, 0);
}

static void print_size(const StreamSize *size, const StreamResults *r)
{
	const StreamFigures(*of)[STREAM_WAYS] = r->of;

	at_most(size, "received, median, of the floor's, worst content",
		1 / times_as_fast(r, STREAM_FLOOR, STREAM_STILL), 1.2);
	at_most(size, "received, median, ms, a desktop's worst content",
		longest_median(r, 0, DESKTOP), size->desktop);
	at_most(size, "received, median, ms, full motion",
		longest_median(r, STREAM_MOTION, STREAM_STILL), size->motion);
	at_most(size, "received, 99 %, of the median, worst content", largest_spread(r), 2);
	at_least(size, "times as fast as gnome-network-displays, worst content",
		 times_as_fast(r, STREAM_OTHER, STREAM_STILL), 30);
	at_least(size, "times as fast as the same without 500 ms, worst content",
		 times_as_fast(r, STREAM_OTHER_AT_ONCE, STREAM_STILL), 5);
	if (size->other) {
		at_least(size, "times as fast as gnome-network-displays, a desktop's worst content",
			 times_as_fast(r, STREAM_OTHER, DESKTOP), size->other);
		at_least(size,
			 "times as fast as the same without 500 ms, a desktop's worst content",
			 times_as_fast(r, STREAM_OTHER_AT_ONCE, DESKTOP), size->other_at_once);
	}
	at_most(size, "a picture's way from the encoder to the network, longest, ms",
		r->longest_send, 2);
	at_most(size, "still screen, processor time, of gnome-network-displays'",
		r->still_cpu[STREAM_OURS] / r->still_cpu[STREAM_OTHER], 1 / 3.0);
	at_most(size, "lone change, processor time, of the same without 500 ms",
		of[STREAM_LONE][STREAM_OURS].cpu / of[STREAM_LONE][STREAM_OTHER_AT_ONCE].cpu, 0.5);
	at_most(size, "typing, processor time, of the same without 500 ms",
		of[STREAM_TYPING][STREAM_OURS].cpu / of[STREAM_TYPING][STREAM_OTHER_AT_ONCE].cpu,
		0.5);
	print_text(size, "typing", of[STREAM_TYPING]);
	print_text(size, "scrolling", of[STREAM_SCROLLING]);
}

void stream_goals_print(const StreamResults *p720, const StreamResults *p1080, double share)
{
	static const StreamSize hd = {"720p30", 6, 8, 60, 15}, full_hd = {"1080p30", 12, 17, 0, 0};

	printf("\n**Goals**\n\n| goal | figure | limit | |\n|---|---:|---:|---|\n");
	print_size(&hd, p720);
	print_size(&full_hd, p1080);
	at_most(&full_hd, "conversion and encoding as measured for the default mode, of a core",
		share, 0.6);
}
