// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-flash.h"

#include <stdlib.h>

#define PTS_TURN ((gint64)1 << 33)
#define DARK	 64 /* Y */
#define BRIGHT	 160
#define LOUD	 8192 /* of 32768 */
#define APART	 45000 /* 1/90000 s: half a second, of a flash and its click, and of two clicks */

struct SinkFlash {
	gboolean dark; /* the last picture was */
	gint64 flash; /* PTS of the last one, until its click has come; -1: none waits */
	gint64 click; /* the same the other way round */
	gint64 loud; /* PTS of the last click; -1: none has come */
	GArray *ahead_us; /* gint64, of each pair */
	guint flashes;
	guint clicks;
};

SinkFlash *sink_flash_new(void)
{
	SinkFlash *flash = g_new0(SinkFlash, 1);

	flash->flash = flash->click = flash->loud = -1;
	flash->ahead_us = g_array_new(FALSE, FALSE, sizeof(gint64));
	return flash;
}

void sink_flash_free(SinkFlash *flash)
{
	g_array_unref(flash->ahead_us);
	g_free(flash);
}

static gint64 difference(gint64 pts, gint64 earlier)
{
	gint64 ticks = (pts - earlier + 2 * PTS_TURN) % PTS_TURN;

	return ticks < PTS_TURN / 2 ? ticks : ticks - PTS_TURN;
}

/* Whichever of the two comes last. */
static void pair(SinkFlash *flash)
{
	gint64 ticks, us;

	if (flash->flash < 0 || flash->click < 0)
		return;
	ticks = difference(flash->flash, flash->click);
	if (ABS(ticks) >= APART)
		return;
	us = ticks * 100 / 9;
	g_array_append_val(flash->ahead_us, us);
	flash->flash = flash->click = -1;
}

void sink_flash_picture(SinkFlash *flash, gint64 pts, guint brightness)
{
	if (flash->dark && brightness >= BRIGHT) {
		flash->flashes++;
		flash->flash = pts;
		pair(flash);
	}
	if (brightness >= BRIGHT || brightness < DARK)
		flash->dark = brightness < DARK;
}

void sink_flash_sound(SinkFlash *flash, gint64 pts, const guint8 *samples, guint frames, guint rate)
{
	for (guint i = 0; i < frames; i++) {
		gint16 left = samples[4 * i] << 8 | samples[4 * i + 1];
		gint64 at = (pts + i * (gint64)90000 / rate) % PTS_TURN;

		if (abs(left) < LOUD)
			continue;
		/* The same click goes on. */
		if (flash->loud >= 0 && ABS(difference(at, flash->loud)) < APART)
			continue;
		flash->loud = at;
		flash->clicks++;
		flash->click = at;
		pair(flash);
	}
}

static int compare(gconstpointer a, gconstpointer b)
{
	gint64 one = *(const gint64 *)a, other = *(const gint64 *)b;

	return (one > other) - (one < other);
}

void sink_flash_statistics(const SinkFlash *flash, SinkFlashStatistics *statistics)
{
	g_autoptr(GArray) sorted = g_array_copy(flash->ahead_us);

	*statistics = (SinkFlashStatistics){
		.flashes = flash->flashes, .clicks = flash->clicks, .pairs = sorted->len};
	if (!sorted->len)
		return;
	g_array_sort(sorted, compare);
	statistics->least_us = g_array_index(sorted, gint64, 0);
	statistics->median_us = g_array_index(sorted, gint64, sorted->len / 2);
	statistics->most_us = g_array_index(sorted, gint64, sorted->len - 1);
}
