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

void host_finder_address_add(HostFinderAddress *self, const char *address)
{
	HostFinding *finding = host_finding_new(address);

	g_strfreev(finding->identities);
	finding->identities = g_new0(char *, 2);
	finding->identities[0] = g_strconcat(HOST_IDENTITY_ADDRESS, address, NULL);
	finding->name = g_strdup(address);
	finding->address = g_strdup(address);
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
	g_autoptr(GInetSocketAddress) peer = NULL;
	g_autoptr(GSocketAddress) listen_at = NULL;
	g_autoptr(GError) cause = NULL;

	if (wish->encryption == HOST_ENCRYPTION_REQUIRED) {
		g_propagate_error(error, host_reason_error(HOST_REASON_ENCRYPTION_FAILED,
							   "what goes to an address is in clear"));
		return NULL;
	}
	/* Its interface need not be there now. */
	peer = host_route_parse(finding->id, &cause);
	if (!peer) {
		g_propagate_error(error, host_reason_error(HOST_REASON_NO_ROUTE, cause->message));
		return NULL;
	}
	listen_at = wish->local ? host_route_with_port(wish->local, wish->port)
				: host_route_get_local(peer, wish->port, error);
	if (!listen_at)
		return NULL;
	return host_link_direct_new(self->listener, listen_at,
				    g_inet_socket_address_get_address(peer), wish->wait_s);
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
