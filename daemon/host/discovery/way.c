// SPDX-License-Identifier: GPL-2.0-or-later
#include "way.h"

HostWay *host_way_new(HostFinder *finder, guint rank, HostFinding *finding)
{
	HostWay *way = g_rc_box_new(HostWay);

	way->finder = g_object_ref(finder);
	way->rank = rank;
	way->finding = g_object_ref(finding);
	return way;
}

HostWay *host_way_ref(HostWay *way)
{
	return g_rc_box_acquire(way);
}

static void way_clear(gpointer data)
{
	HostWay *way = data;

	g_object_unref(way->finder);
	g_object_unref(way->finding);
}

void host_way_unref(HostWay *way)
{
	g_rc_box_release_full(way, way_clear);
}

const char *host_way_get_name(const HostWay *way)
{
	return host_finder_get_way(way->finder);
}
