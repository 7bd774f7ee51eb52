// SPDX-License-Identifier: GPL-2.0-or-later
#include "finder-address.h"

#include "links/link-direct.h"
#include "links/route.h"

struct _HostFinderAddress {
	GObject parent_instance;

	HostListener *listener;
	GHashTable *findings; /* by id */
};

static void host_finder_address_iface_init(HostFinderInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostFinderAddress, host_finder_address, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_FINDER,
						    host_finder_address_iface_init))

void host_finder_address_add(HostFinderAddress *self, GInetAddress *address)
{
	g_autofree char *id = g_inet_address_to_string(address);
	HostFinding *finding = host_finding_new(id);

	g_strfreev(finding->identities);
	finding->identities = g_new0(char *, 2);
	finding->identities[0] = g_strconcat(HOST_IDENTITY_ADDRESS, id, NULL);
	finding->name = g_strdup(id);
	finding->address = g_strdup(id);
	g_hash_table_replace(self->findings, finding->id, finding);
	host_finder_emit_found(HOST_FINDER(self), finding);
}

static const char *host_finder_address_get_way(HostFinder *finder)
{
	return HOST_WAY_ADDRESS;
}

static void host_finder_address_start(HostFinder *finder)
{
	HostFinderAddress *self = HOST_FINDER_ADDRESS(finder);
	g_autoptr(GList) findings = g_hash_table_get_values(self->findings);

	for (GList *item = findings; item; item = item->next)
		host_finder_emit_found(finder, item->data);
}

static void host_finder_address_stop(HostFinder *finder)
{
}

static const char *host_finder_address_get_problem(HostFinder *finder, const char **message)
{
	return NULL;
}

static HostLink *host_finder_address_make_link(HostFinder *finder, HostFinding *finding,
					       const HostLinkWish *wish, GError **error)
{
	HostFinderAddress *self = HOST_FINDER_ADDRESS(finder);
	g_autoptr(GInetAddress) peer = g_inet_address_new_from_string(finding->id);
	g_autoptr(GSocketAddress) listen_at = NULL;
	g_autoptr(GInetAddress) local = NULL;

	if (wish->encryption == HOST_ENCRYPTION_REQUIRED) {
		g_propagate_error(error, host_reason_error(HOST_REASON_ENCRYPTION_FAILED,
							   "what goes to an address is in clear"));
		return NULL;
	}
	local = wish->local ? g_object_ref(wish->local) : host_route_get_local(peer, error);
	if (!local)
		return NULL;
	listen_at = g_inet_socket_address_new(local, wish->port);
	return host_link_direct_new(self->listener, listen_at, peer, wish->wait_s);
}

static void host_finder_address_forget(HostFinder *finder, HostFinding *finding)
{
	HostFinderAddress *self = HOST_FINDER_ADDRESS(finder);
	g_autofree char *id = g_strdup(finding->id);

	if (g_hash_table_remove(self->findings, id))
		host_finder_emit_lost(finder, id);
}

static void host_finder_address_iface_init(HostFinderInterface *iface)
{
	iface->get_way = host_finder_address_get_way;
	iface->start = host_finder_address_start;
	iface->stop = host_finder_address_stop;
	iface->get_problem = host_finder_address_get_problem;
	iface->make_link = host_finder_address_make_link;
	iface->forget = host_finder_address_forget;
}

static void host_finder_address_init(HostFinderAddress *self)
{
	self->findings = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
}

static void host_finder_address_finalize(GObject *object)
{
	g_hash_table_unref(HOST_FINDER_ADDRESS(object)->findings);
	G_OBJECT_CLASS(host_finder_address_parent_class)->finalize(object);
}

static void host_finder_address_class_init(HostFinderAddressClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_finder_address_finalize;
}

HostFinderAddress *host_finder_address_new(HostListener *listener)
{
	HostFinderAddress *self = g_object_new(HOST_TYPE_FINDER_ADDRESS, NULL);

	self->listener = listener;
	return self;
}
