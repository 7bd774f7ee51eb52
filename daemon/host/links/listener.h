/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTSP ports, shared: several sinks may connect to one address and port, each to
 * its own session, told apart by their addresses. A port is open only while
 * somebody waits on it. On an interface it may be open before there are addresses.
 */
#ifndef HOST_LISTENER_H
#define HOST_LISTENER_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HostListener HostListener;
typedef struct _HostWait HostWait;

/* @connection: from the named peer, who may come again until host_listener_cancel(). */
typedef void (*HostAccepted)(GSocketConnection *connection, gpointer user_data);
/* Somebody else, at @address, connected and was refused. */
typedef void (*HostRefused)(const char *address, gpointer user_data);

HostListener *host_listener_new(void);
void host_listener_free(HostListener *listener);

/**
 * host_listener_expect:
 * @interface: by which somebody will come, "p2p-wlan0-0"
 *
 * Whoever connects is kept until host_listener_wait() says who it is that may.
 *
 * Returns: (transfer none): until host_listener_cancel(); NULL with an error of domain
 * G_IO_ERROR
 */
HostWait *host_listener_expect(HostListener *listener, const char *interface, guint16 port,
			       GError **error);

/**
 * host_listener_wait:
 * @interface: that has @local; where somebody is expected there, no other port is opened
 * @local: address and port to listen on
 * @peer: who may connect; @accepted is called in this call already if they have
 *
 * Returns: (transfer none): until host_listener_cancel(); NULL with an error of domain
 * G_IO_ERROR
 */
HostWait *host_listener_wait(HostListener *listener, const char *interface, GSocketAddress *local,
			     GInetAddress *peer, HostAccepted accepted, HostRefused refused,
			     gpointer user_data, GError **error);
void host_listener_cancel(HostWait *wait);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostListener, host_listener_free)

G_END_DECLS

#endif /* HOST_LISTENER_H */
