/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The video modes of Wi-Fi Display (WFD 2.1, 5.3), one table for each mask of wfd_video_formats. They
 * are the one thing about the protocol that the sink in ../sink shares.
 */
#ifndef WFD_MODES_H
#define WFD_MODES_H

#include <glib.h>

typedef enum {
	WFD_CEA,
	WFD_VESA,
	WFD_HH,
	WFD_N_MODE_TABLES
} WfdModeTable;

typedef struct {
	guint width; /* pixels */
	guint height; /* pixels */
	guint fps; /* frames (for interlaced modes: fields) per second */
	gboolean interlaced;
} WfdMode;

const WfdMode *wfd_mode_get(WfdModeTable table, guint index);
char *wfd_mode_to_string(const WfdMode *mode);

#endif
