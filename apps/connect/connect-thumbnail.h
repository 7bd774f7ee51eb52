/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session sends, as a small picture; hidden while there is none. */
#ifndef CONNECT_THUMBNAIL_H
#define CONNECT_THUMBNAIL_H

#include "bus.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define CONNECT_TYPE_THUMBNAIL (connect_thumbnail_get_type())
G_DECLARE_FINAL_TYPE(ConnectThumbnail, connect_thumbnail, CONNECT, THUMBNAIL, AdwBin)

/*
 * Asks @session for a picture and shows it; does nothing while the last answer is awaited, or while
 * what came with it has not been drawn: nobody looks.
 */
void connect_thumbnail_update(ConnectThumbnail *self, BusSession1 *session);

/* Shows nothing, and waits for nothing. */
void connect_thumbnail_clear(ConnectThumbnail *self);

G_END_DECLS

#endif /* CONNECT_THUMBNAIL_H */
