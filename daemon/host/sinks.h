/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All sinks: what the finders find, merged to devices, and what is known from before. Puts them on
 * the bus and takes them away.
 */
#ifndef HOST_SINKS_H
#define HOST_SINKS_H

#include "sink.h"

G_BEGIN_DECLS

/* So many are on the bus at once, besides those of addresses that persons have typed. */
#define HOST_SINKS_MAX 256

/*
 * After the last search has ended, what was found stays so long; and a quarter of it in the next search,
 * unless that finds it again.
 */
#define HOST_SINKS_KEEP_S 60

typedef struct _HostSinks HostSinks;

/* @sink is new: its methods have no handlers yet. */
typedef void (*HostSinkAdded)(HostSink *sink, gpointer user_data);

/**
 * host_sinks_new:
 * @file: where known ones are kept
 * @server: where they are exported
 * @finders: (element-type HostFinder): the preferred ones first
 * @keep_s: HOST_SINKS_KEEP_S
 * @added: called for each sink before it is on the bus
 */
HostSinks *host_sinks_new(const char *file, GDBusObjectManagerServer *server, GPtrArray *finders,
			  guint keep_s, HostSinkAdded added, gpointer user_data);
void host_sinks_free(HostSinks *sinks);

/* Has the finders look for sinks, or not any more. */
void host_sinks_set_searching(HostSinks *sinks, gboolean searching);

/* Somebody else begins to look, too. */
void host_sinks_glance(HostSinks *sinks);

/* The one that @finder has found as @id: (transfer none) (nullable) */
HostSink *host_sinks_find(HostSinks *sinks, HostFinder *finder, const char *id);

/* (transfer none) (nullable) */
HostSink *host_sinks_find_by_path(HostSinks *sinks, const char *path);

/* @session: path of the one that has not ended, or NULL: then @sink may go. */
void host_sinks_set_session(HostSinks *sinks, HostSink *sink, const char *session);

/* A session with it has started: it is kept from now on. */
void host_sinks_remember(HostSinks *sinks, HostSink *sink);
void host_sinks_forget(HostSinks *sinks, HostSink *sink);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostSinks, host_sinks_free)

G_END_DECLS

#endif /* HOST_SINKS_H */
