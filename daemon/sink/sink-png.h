/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A decoded picture as a file. */
#pragma once

#include <gst/gst.h>

/* Writes it to @path, whole or not at all. */
gboolean sink_png_save(GstSample *picture, const char *path, GError **error);
