/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for a picture of one session: each has a turn, once a second at most, however many ask.
 */
#ifndef HOST_PICTURES_H
#define HOST_PICTURES_H

#include "bus.h"
#include "process.h"

G_BEGIN_DECLS

typedef struct _HostPictures HostPictures;

/* @bus: the session's: it answers. */
HostPictures *host_pictures_new(BusSession1 *bus);

/* Whoever waits is refused. */
void host_pictures_free(HostPictures *pictures);

/* @process: the one that sends pictures now; NULL: none does, and whoever waits is refused. */
void host_pictures_set_process(HostPictures *pictures, HostProcess *process);

/* @invocation: (transfer full): GetPicture's, by one who may have it. */
void host_pictures_ask(HostPictures *pictures, GDBusMethodInvocation *invocation, guint max_width);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostPictures, host_pictures_free)

G_END_DECLS

#endif /* HOST_PICTURES_H */
