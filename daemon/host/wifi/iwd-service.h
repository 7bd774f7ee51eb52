/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What iwd does for its users: its Wi-Fi Direct device is enabled, it says that this machine is a source,
 * and looks for sinks. A part of HostIwd.
 */
#ifndef HOST_IWD_SERVICE_H
#define HOST_IWD_SERVICE_H

#include "iwd-peers.h"
#include "iwd-radio.h"
#include "uses.h"

G_BEGIN_DECLS

typedef struct _HostIwdService HostIwdService;

/**
 * host_iwd_service_new:
 * @owner: what this is a part of
 * @radio, @peers, @uses: of it, too; the uses are told once it is so
 * @changed: called when iwd has refused something, or its radio is stuck
 */
HostIwdService *host_iwd_service_new(GObject *owner, GDBusConnection *connection,
				     HostIwdRadio *radio, HostIwdPeers *peers, HostUses *uses,
				     void (*changed)(GObject *owner));
void host_iwd_service_free(HostIwdService *service);

/* Brings it in line with the uses and searches that there are. */
void host_iwd_service_settle(HostIwdService *service);
/* A call for that is under way. */
gboolean host_iwd_service_is_calling(HostIwdService *service);

/* What iwd has refused, after which nothing is tried again; HOST_N_REASONS: nothing. @detail: of it, or NULL */
HostReason host_iwd_service_get_failure(HostIwdService *service, const char **detail);
void host_iwd_service_forget_failure(HostIwdService *service);

/* Until as many calls of stop. */
void host_iwd_service_start_search(HostIwdService *service);
void host_iwd_service_stop_search(HostIwdService *service);
/* Since when it looks, monotonic us; 0: it does not. */
gint64 host_iwd_service_get_search_began(HostIwdService *service);

/* What iwd says of its device. */
void host_iwd_service_set_on(HostIwdService *service, gboolean is_on);
/* The device has gone, with all that was of it. */
void host_iwd_service_forget_device(HostIwdService *service);
/* iwd has come or gone: it does not say any more that this machine is a source. */
void host_iwd_service_forget_source(HostIwdService *service);

G_END_DECLS

#endif /* HOST_IWD_SERVICE_H */
