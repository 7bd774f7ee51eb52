// SPDX-License-Identifier: GPL-2.0-or-later
#include "finder.h"

G_DEFINE_INTERFACE(HostFinder, host_finder, G_TYPE_OBJECT)

enum {
	SIGNAL_FOUND,
	SIGNAL_LOST,
	SIGNAL_CHANGED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void host_finder_default_init(HostFinderInterface *iface)
{
	signals[SIGNAL_FOUND] = g_signal_new("found", HOST_TYPE_FINDER, G_SIGNAL_RUN_LAST, 0, NULL,
					     NULL, NULL, G_TYPE_NONE, 1, HOST_TYPE_FINDING);
	signals[SIGNAL_LOST] = g_signal_new("lost", HOST_TYPE_FINDER, G_SIGNAL_RUN_LAST, 0, NULL,
					    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
	signals[SIGNAL_CHANGED] = g_signal_new("changed", HOST_TYPE_FINDER, G_SIGNAL_RUN_LAST, 0,
					       NULL, NULL, NULL, G_TYPE_NONE, 0);
}

const char *host_finder_get_way(HostFinder *finder)
{
	return HOST_FINDER_GET_IFACE(finder)->get_way(finder);
}

void host_finder_start(HostFinder *finder)
{
	HOST_FINDER_GET_IFACE(finder)->start(finder);
}

void host_finder_stop(HostFinder *finder)
{
	HOST_FINDER_GET_IFACE(finder)->stop(finder);
}

void host_finder_glance(HostFinder *finder)
{
	if (HOST_FINDER_GET_IFACE(finder)->glance)
		HOST_FINDER_GET_IFACE(finder)->glance(finder);
}

const char *host_finder_get_problem(HostFinder *finder, const char **message)
{
	return HOST_FINDER_GET_IFACE(finder)->get_problem(finder, message);
}

void host_finder_set_streams(HostFinder *finder, const char *const *interfaces)
{
	if (HOST_FINDER_GET_IFACE(finder)->set_streams)
		HOST_FINDER_GET_IFACE(finder)->set_streams(finder, interfaces);
}

const char *host_finder_get_maker(HostFinder *finder)
{
	HostFinderInterface *iface = HOST_FINDER_GET_IFACE(finder);

	return iface->get_maker ? iface->get_maker(finder) : NULL;
}

HostLink *host_finder_make_link(HostFinder *finder, HostFinding *finding, const HostLinkWish *wish,
				GError **error)
{
	return HOST_FINDER_GET_IFACE(finder)->make_link(finder, finding, wish, error);
}

void host_finder_forget(HostFinder *finder, HostFinding *finding)
{
	HOST_FINDER_GET_IFACE(finder)->forget(finder, finding);
}

void host_finder_emit_found(HostFinder *finder, HostFinding *finding)
{
	g_signal_emit(finder, signals[SIGNAL_FOUND], 0, finding);
}

void host_finder_emit_lost(HostFinder *finder, const char *id)
{
	g_signal_emit(finder, signals[SIGNAL_LOST], 0, id);
}

void host_finder_emit_changed(HostFinder *finder)
{
	g_signal_emit(finder, signals[SIGNAL_CHANGED], 0);
}
