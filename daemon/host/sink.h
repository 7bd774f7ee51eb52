/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sink: one device, however many ways lead to it; its D-Bus object. */
#ifndef HOST_SINK_H
#define HOST_SINK_H

#include "bus.h"
#include "discovery/way.h"
#include "known.h"

G_BEGIN_DECLS

#define HOST_TYPE_SINK (host_sink_get_type())
G_DECLARE_FINAL_TYPE(HostSink, host_sink, HOST, SINK, GObject)

HostSink *host_sink_new(guint number);

const char *host_sink_get_path(HostSink *sink);
BusSink1 *host_sink_get_bus(HostSink *sink);
const char *host_sink_get_name(HostSink *sink);

/* Takes the place of the way that has the same finder and the same finding's id, if there is one. */
void host_sink_set_way(HostSink *sink, HostWay *way);
void host_sink_remove_way(HostSink *sink, HostFinder *finder, const char *id);

/* (element-type HostWay) (transfer full): the preferred ones first; @only: of that name. */
GPtrArray *host_sink_get_ways(HostSink *sink, const char *only);

/* (transfer full): of all that is known of it */
char **host_sink_get_identities(HostSink *sink);

/* @known: (transfer full) (nullable): NULL: it is forgotten */
void host_sink_set_known(HostSink *sink, HostKnown *known);
/* (transfer none) (nullable) */
const HostKnown *host_sink_get_known(HostSink *sink);
/* (transfer full) (nullable): what is to be kept of it as it is now; NULL: it could not be told from others again */
HostKnown *host_sink_make_known(HostSink *sink);

/* A GCompareFunc of HostSink *: the known one that was used last comes first. */
int host_sink_compare_use(gconstpointer a, gconstpointer b);

/* @session: path of the one that has not ended, or NULL */
void host_sink_set_session(HostSink *sink, const char *session);
gboolean host_sink_has_session(HostSink *sink);

/* Nobody would miss it: there is no way to it, it is not known and not in use. */
gboolean host_sink_is_gone(HostSink *sink);

G_END_DECLS

#endif /* HOST_SINK_H */
