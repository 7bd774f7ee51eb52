// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-modes.h"

#define P(w, h, r)             \
	{                      \
		w, h, r, FALSE \
	}
#define I(w, h, r)            \
	{                     \
		w, h, r, TRUE \
	}

/* WFD 2.1, 5.3: the mode tables. Bit n of a mask is entry n; bits past the end mean nothing. */
static const WfdMode cea_modes[] = {
	P(640, 480, 60),   P(720, 480, 60),   I(720, 480, 60),	 P(720, 576, 50),
	I(720, 576, 50),   P(1280, 720, 30),  P(1280, 720, 60),	 P(1920, 1080, 30),
	P(1920, 1080, 60), I(1920, 1080, 60), P(1280, 720, 25),	 P(1280, 720, 50),
	P(1920, 1080, 25), P(1920, 1080, 50), I(1920, 1080, 50), P(1280, 720, 24),
	P(1920, 1080, 24),
};

static const WfdMode vesa_modes[] = {
	P(800, 600, 30),   P(800, 600, 60),   P(1024, 768, 30),	 P(1024, 768, 60),
	P(1152, 864, 30),  P(1152, 864, 60),  P(1280, 768, 30),	 P(1280, 768, 60),
	P(1280, 800, 30),  P(1280, 800, 60),  P(1360, 768, 30),	 P(1360, 768, 60),
	P(1366, 768, 30),  P(1366, 768, 60),  P(1280, 1024, 30), P(1280, 1024, 60),
	P(1400, 1050, 30), P(1400, 1050, 60), P(1440, 900, 30),	 P(1440, 900, 60),
	P(1600, 900, 30),  P(1600, 900, 60),  P(1600, 1200, 30), P(1600, 1200, 60),
	P(1680, 1024, 30), P(1680, 1024, 60), P(1680, 1050, 30), P(1680, 1050, 60),
	P(1920, 1200, 30),
};

static const WfdMode hh_modes[] = {
	P(800, 480, 30), P(800, 480, 60), P(854, 480, 30), P(854, 480, 60),
	P(864, 480, 30), P(864, 480, 60), P(640, 360, 30), P(640, 360, 60),
	P(960, 540, 30), P(960, 540, 60), P(848, 480, 30), P(848, 480, 60),
};

#undef P
#undef I

/**
 * wfd_mode_get() - an entry of a mode table
 *
 * Return: the mode, or NULL past the end of the table.
 */
const WfdMode *wfd_mode_get(WfdModeTable table, guint index)
{
	switch (table) {
	case WFD_CEA: return index < G_N_ELEMENTS(cea_modes) ? &cea_modes[index] : NULL;
	case WFD_VESA: return index < G_N_ELEMENTS(vesa_modes) ? &vesa_modes[index] : NULL;
	case WFD_HH: return index < G_N_ELEMENTS(hh_modes) ? &hh_modes[index] : NULL;
	default: return NULL;
	}
}

/* "1280x720@60"; of no certain rate: "1280x720". Transfer full. */
char *wfd_mode_to_string(const WfdMode *mode)
{
	return mode->fps ? g_strdup_printf("%ux%u@%u", mode->width, mode->height, mode->fps)
			 : g_strdup_printf("%ux%u", mode->width, mode->height);
}
