// SPDX-License-Identifier: GPL-2.0-or-later
#include "link.h"

G_DEFINE_INTERFACE(HostLink, host_link, G_TYPE_OBJECT)

static void host_link_default_init(HostLinkInterface *iface)
{
	g_signal_new("lost", HOST_TYPE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
		     G_TYPE_INT, G_TYPE_STRING);
	g_signal_new("step", HOST_TYPE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
		     G_TYPE_STRING, G_TYPE_STRING);
}

void host_link_set_sealer(HostLink *link, HostSealer *sealer)
{
	if (HOST_LINK_GET_IFACE(link)->set_sealer)
		HOST_LINK_GET_IFACE(link)->set_sealer(link, sealer);
}

void host_link_open_async(HostLink *link, GCancellable *cancellable, GAsyncReadyCallback callback,
			  gpointer user_data)
{
	HOST_LINK_GET_IFACE(link)->open_async(link, cancellable, callback, user_data);
}

int host_link_open_finish(HostLink *link, GAsyncResult *result, GError **error)
{
	return HOST_LINK_GET_IFACE(link)->open_finish(link, result, error);
}

void host_link_get_addresses(HostLink *link, GSocketAddress **local, GInetAddress **peer)
{
	HOST_LINK_GET_IFACE(link)->get_addresses(link, local, peer);
}

void host_link_settle(HostLink *link)
{
	HOST_LINK_GET_IFACE(link)->settle(link);
}

void host_link_leave(HostLink *link)
{
	if (HOST_LINK_GET_IFACE(link)->leave)
		HOST_LINK_GET_IFACE(link)->leave(link);
}

void host_link_close(HostLink *link)
{
	HOST_LINK_GET_IFACE(link)->close(link);
}

void host_link_add_details(HostLink *link, GVariantDict *details)
{
	if (HOST_LINK_GET_IFACE(link)->add_details)
		HOST_LINK_GET_IFACE(link)->add_details(link, details);
}

void host_link_add_statistics(HostLink *link, GVariantDict *statistics)
{
	if (HOST_LINK_GET_IFACE(link)->add_statistics)
		HOST_LINK_GET_IFACE(link)->add_statistics(link, statistics);
}

void host_link_emit_lost(HostLink *link, HostReason reason, const char *detail)
{
	g_signal_emit_by_name(link, "lost", (int)reason, detail);
}

void host_link_emit_step(HostLink *link, const char *word, const char *message)
{
	g_signal_emit_by_name(link, "step", word, message);
}
