/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far apart the stream's times put what was one instant: a picture that turns from black to white, and a
 * click. A source whose times are wrong by as much shows and plays them so. Pure: no I/O and no clock.
 */
#pragma once

#include <glib.h>

/* How early sound may be heard, and how late: of the Wi-Fi Alliance's tests. */
#define SINK_SOUND_EARLY_US 45000
#define SINK_SOUND_LATE_US  125000

/* How long before the flash the click is heard; negative: after it. */
typedef struct {
	guint flashes;
	guint clicks;
	guint pairs; /* of the two, with a click within half a second of the flash */
	gint64 median_us;
	gint64 least_us;
	gint64 most_us;
} SinkFlashStatistics;

typedef struct SinkFlash SinkFlash;

SinkFlash *sink_flash_new(void);
void sink_flash_free(SinkFlash *flash);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkFlash, sink_flash_free)

/* @pts: of the stream, 33 bits of 1/90000 s; @brightness: the mean of its pixels' Y */
void sink_flash_picture(SinkFlash *flash, gint64 pts, guint brightness);
/* @samples: of 16 bits, big endian, two channels; @pts: of the first */
void sink_flash_sound(SinkFlash *flash, gint64 pts, const guint8 *samples, guint frames,
		      guint rate);
void sink_flash_statistics(const SinkFlash *flash, SinkFlashStatistics *statistics);
