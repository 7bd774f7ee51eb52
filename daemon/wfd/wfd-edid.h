/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An EDID for a sink that has told none, so that a desktop calls it by its name, and knows it again. Of
 * sound it says nothing, and of its size in centimetres, which is not known.
 */
#ifndef WFD_EDID_H
#define WFD_EDID_H

#include "wfd-modes.h"

#define WFD_EDID_SIZE 128

/* @mode: the one to prefer. @name: the sink's, UTF-8; NULL: it has told none, either. */
void wfd_edid_make(const WfdMode *mode, const char *name, guint8 edid[WFD_EDID_SIZE]);

#endif
