/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announces a sink on the local network ([MS-MICE], 3.1.3), by Avahi. An Avahi that comes later is told
 * then; a name that is taken is changed as Avahi proposes.
 */
#pragma once

#include <gio/gio.h>

typedef struct SinkAnnouncement SinkAnnouncement;

/*
 * In the default main context. @name: what it can be found by now; NULL: it cannot, and @problem says why,
 * in a sentence without an end.
 */
typedef void (*SinkAnnounced)(const char *name, const char *problem, gpointer user_data);

SinkAnnouncement *sink_announce(const char *name, guint16 port, SinkAnnounced announced,
				gpointer user_data);
void sink_announcement_free(SinkAnnouncement *announcement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkAnnouncement, sink_announcement_free)
