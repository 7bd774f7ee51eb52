/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file in which a session's process hands over a picture. What is in it is never looked at here;
 * whoever gets it may rely on its size, and on that nobody changes it any more.
 */
#ifndef HOST_PICTURE_H
#define HOST_PICTURE_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* One with room for the largest picture, which takes memory as it is written. -1 and @error. */
int host_picture_open(GError **error);

/**
 * host_picture_seal:
 * @max_width: what was asked for: pixels, or 0
 *
 * Cuts the file to a picture of @width and @height, and seals it. Errors: G_IO_ERROR_INVALID_DATA if no
 * such picture was asked for, or the session's process has made a map of the file or sealed it.
 */
gboolean host_picture_seal(int file, guint max_width, guint32 width, guint32 height,
			   GError **error);

G_END_DECLS

#endif /* HOST_PICTURE_H */
