// SPDX-License-Identifier: GPL-2.0-or-later
#include "finder-p2p.h"

#include "links/group-iwd.h"
#include "links/group-nm.h"
#include "links/group-supplicant.h"
#include "links/link-p2p.h"
#include "links/p2p-store.h"
#include "wifi/free-radio.h"
#include "wifi/iwd.h"
#include "wifi/network-manager.h"
#include "wifi/p2p.h"
#include "wifi/radio.h"
#include "wifi/supplicant.h"
#include "wifi/wfd-ie.h"

#include <string.h>

#define IDENTITY "p2p:"

/* So long is looked for those who begin while pictures go over the radio: longer than miracastctl's scan. */
#define GLANCE_S 12

struct _HostFinderP2p {
	GObject parent_instance;

	HostListener *listener;
	HostSupplicant *supplicant;
	HostP2pStore *store;
	GCancellable *cancellable;
	GDBusObjectManager *network_manager; /* NULL: it has not told yet, or cannot be asked */
	gboolean asking; /* it */
	HostIwd *iwd;
	gboolean looking;
	HostUse *use; /* while it looks, by the one or the other */
	HostUse *iwd_use;
	gboolean searching; /* in the air, for that use */
	char **streams; /* interfaces that pictures go over */
	guint glance_source; /* until then all the same */
	GHashTable *found; /* ids that were told */
	char *problem; /* as it was told last: the message */
	HostGroupMaker maker; /* as peers were told last */
	HostGroupMaker keeper; /* NetworkManager or iwd: has the radio, or had it a moment ago */
	gboolean keeper_left; /* the bus, since: it may be restarted */
	guint keeper_source; /* until then it is remembered */
};

static void host_finder_p2p_iface_init(HostFinderInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostFinderP2p, host_finder_p2p, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_FINDER, host_finder_p2p_iface_init))

/* iwd has a radio, and no supplicant does. */
static gboolean is_iwds(HostFinderP2p *self)
{
	return host_iwd_get_device(self->iwd) && !host_supplicant_get_p2p(self->supplicant);
}

static gboolean is_nms(HostFinderP2p *self)
{
	const char *interface = host_supplicant_get_interface(self->supplicant);

	return self->network_manager && interface &&
	       host_nm_manages(self->network_manager, interface);
}

/* NetworkManager removes every group on its radio that it has not made. HOST_N_GROUP_MAKERS: not known. */
static HostGroupMaker choose_maker(HostFinderP2p *self)
{
	if (is_iwds(self))
		return HOST_GROUP_MAKER_IWD;
	if (self->asking || !host_iwd_is_known(self->iwd))
		return HOST_N_GROUP_MAKERS;
	if (is_nms(self))
		return HOST_GROUP_MAKER_NM;
	return self->keeper_left ? HOST_N_GROUP_MAKERS : HOST_GROUP_MAKER_SUPPLICANT;
}

static void lose(HostFinderP2p *self, const char *id)
{
	if (g_hash_table_remove(self->found, id))
		host_finder_emit_lost(HOST_FINDER(self), id);
}

static void on_peer_lost(HostSupplicant *supplicant, HostPeer *peer, HostFinderP2p *self)
{
	lose(self, peer->address);
}

static HostFinding *make_finding(const char *address, const char *name, const char *kind)
{
	HostFinding *finding = host_finding_new(address);

	g_strfreev(finding->identities);
	finding->identities = g_new0(char *, 2);
	finding->identities[0] = g_strconcat(IDENTITY, address, NULL);
	finding->name = g_strdup(name ? name : address);
	finding->address = g_strdup(address);
	g_free(finding->kind);
	finding->kind = g_strdup(kind);
	return finding;
}

static void tell(HostFinderP2p *self, HostFinding *finding)
{
	g_hash_table_add(self->found, g_strdup(finding->id));
	host_finder_emit_found(HOST_FINDER(self), finding);
}

static HostFinding *make_supplicants_finding(HostFinderP2p *self, const HostPeer *peer)
{
	const char *obstacle = host_group_nm_get_obstacle(peer);
	HostFinding *finding = make_finding(peer->address, peer->name, peer->kind);

	finding->signal = host_p2p_signal(peer->dbm);
	finding->throughput = peer->wfd.throughput;
	finding->available = peer->wfd.available;
	finding->needs_pin = host_p2p_needs_pin(peer->methods);
	finding->content_protection = peer->wfd.content_protection;
	if (obstacle && choose_maker(self) == HOST_GROUP_MAKER_NM) {
		finding->obstacle = host_reason_word(HOST_REASON_NM_UNABLE);
		finding->obstacle_message = host_reason_message(HOST_REASON_NM_UNABLE, obstacle);
	}
	return finding;
}

static void on_peer_found(HostSupplicant *supplicant, HostPeer *peer, HostFinderP2p *self)
{
	g_autoptr(HostFinding) finding = NULL;

	if (!peer->is_display || !host_wfd_info_is_sink(&peer->wfd)) {
		lose(self, peer->address);
		return;
	}
	if (!self->use)
		return;
	finding = make_supplicants_finding(self, peer);
	tell(self, finding);
}

static void on_iwd_peer_found(HostIwd *iwd, HostPeer *peer, HostFinderP2p *self)
{
	g_autoptr(HostFinding) finding = NULL;

	if (!self->iwd_use)
		return;
	/* Which PINs it takes iwd does not tell. */
	finding = make_finding(peer->address, peer->name, peer->kind);
	if (peer->dbm)
		finding->signal = host_p2p_signal(peer->dbm);
	finding->content_protection = peer->wfd.content_protection;
	tell(self, finding);
}

static void on_iwd_peer_lost(HostIwd *iwd, HostPeer *peer, HostFinderP2p *self)
{
	/* What was found by the supplicant is not iwd's to lose. */
	if (!self->use)
		lose(self, peer->address);
}

static const char *host_finder_p2p_get_way(HostFinder *finder)
{
	return HOST_WAY_P2P;
}

static void on_ready(const GError *error, gpointer data)
{
	HostFinderP2p *self = data;

	/* The search begins by itself once it can; what is in the way is a problem of the finder. */
	if (error)
		g_message("Wi-Fi Direct: %s", error->message);
	host_finder_emit_changed(HOST_FINDER(self));
}

static void tell_peers(HostFinderP2p *self)
{
	g_autoptr(GList) peers = host_peers_list(host_supplicant_get_peers(self->supplicant));

	for (GList *item = peers; item; item = item->next) {
		HostPeer *peer = item->data;

		if (peer->address)
			on_peer_found(self->supplicant, peer, self);
	}
}

static gboolean is_disturbing(HostFinderP2p *self)
{
	g_autofree char *interface =
		is_iwds(self) ? host_iwd_get_interface(self->iwd)
			      : g_strdup(host_supplicant_get_interface(self->supplicant));

	for (char **one = self->streams; interface && *one; one++)
		if (host_radio_is_same(interface, *one))
			return TRUE;
	return FALSE;
}

/*
 * A radio that searches is on other channels most of the time: what streams over it would stutter. With a
 * group of ours the supplicant does not search even for a moment.
 */
static void update_search(HostFinderP2p *self)
{
	gboolean may_glance = self->glance_source && !host_supplicant_is_claimed(self->supplicant);
	gboolean wanted = (self->use || self->iwd_use) && (may_glance || !is_disturbing(self));

	if (wanted == self->searching)
		return;
	self->searching = wanted;
	if (self->use && wanted)
		host_supplicant_start_search(self->supplicant);
	else if (self->use)
		host_supplicant_stop_search(self->supplicant);
	else if (wanted)
		host_iwd_start_search(self->iwd);
	else
		host_iwd_stop_search(self->iwd);
}

static gboolean on_glanced(gpointer data)
{
	HostFinderP2p *self = data;

	self->glance_source = 0;
	update_search(self);
	host_finder_emit_changed(HOST_FINDER(self));
	return G_SOURCE_REMOVE;
}

static void begin_glance(HostFinderP2p *self)
{
	g_clear_handle_id(&self->glance_source, g_source_remove);
	if (*self->streams)
		self->glance_source = g_timeout_add_seconds(GLANCE_S, on_glanced, self);
}

static void host_finder_p2p_glance(HostFinder *finder)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);

	if (!self->looking)
		return;
	begin_glance(self);
	update_search(self);
	host_finder_emit_changed(finder);
}

static void host_finder_p2p_set_streams(HostFinder *finder, const char *const *interfaces)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);

	if (g_strv_equal((const char *const *)self->streams, interfaces))
		return;
	g_strfreev(self->streams);
	self->streams = g_strdupv((char **)interfaces);
	update_search(self);
	host_finder_emit_changed(finder);
}

static void look_by_supplicant(HostFinderP2p *self)
{
	self->use = host_supplicant_use(self->supplicant, HOST_WFD_PORT, on_ready, self);
	update_search(self);
	tell_peers(self);
}

static void look_by_iwd(HostFinderP2p *self)
{
	g_autoptr(GList) peers = host_peers_list(host_iwd_get_peers(self->iwd));

	self->iwd_use = host_iwd_use(self->iwd, 0, on_ready, self);
	update_search(self);
	for (GList *item = peers; item; item = item->next)
		on_iwd_peer_found(self->iwd, item->data, self);
}

static void look_no_more(HostFinderP2p *self)
{
	if (self->searching && self->use)
		host_supplicant_stop_search(self->supplicant);
	else if (self->searching)
		host_iwd_stop_search(self->iwd);
	self->searching = FALSE;
	g_clear_pointer(&self->use, host_use_end);
	g_clear_pointer(&self->iwd_use, host_use_end);
}

/* By whoever has the radio now; the supplicant is started where nobody has one. */
static void look(HostFinderP2p *self)
{
	gboolean iwds = is_iwds(self);
	g_autoptr(GList) found = NULL;

	if (!self->looking || (iwds ? self->iwd_use != NULL : self->use != NULL) ||
	    (!iwds && (!host_iwd_is_known(self->iwd) || self->keeper == HOST_GROUP_MAKER_IWD)))
		return;
	look_no_more(self);
	found = g_hash_table_get_keys(self->found);
	for (GList *item = found; item; item = item->next) {
		g_autofree char *id = g_strdup(item->data);

		lose(self, id);
	}
	if (iwds)
		look_by_iwd(self);
	else
		look_by_supplicant(self);
}

static void on_changed(HostFinderP2p *self);

static gboolean on_keeper_forgotten(gpointer data)
{
	HostFinderP2p *self = data;

	self->keeper_source = 0;
	self->keeper = HOST_N_GROUP_MAKERS;
	self->keeper_left = FALSE;
	on_changed(self);
	return G_SOURCE_REMOVE;
}

static gboolean is_keeper_there(HostFinderP2p *self)
{
	g_autofree char *owner = NULL;

	if (self->keeper == HOST_GROUP_MAKER_IWD)
		return host_iwd_is_there(self->iwd);
	owner = g_dbus_object_manager_client_get_name_owner(
		G_DBUS_OBJECT_MANAGER_CLIENT(self->network_manager));
	return owner != NULL;
}

/* As they end they give up their radios before they leave the bus. */
static void note_keeper(HostFinderP2p *self)
{
	HostGroupMaker keeper = is_iwds(self)  ? HOST_GROUP_MAKER_IWD
				: is_nms(self) ? HOST_GROUP_MAKER_NM
					       : HOST_N_GROUP_MAKERS;
	gboolean is_supplicants = self->keeper == HOST_GROUP_MAKER_IWD &&
				  host_supplicant_get_p2p(self->supplicant);

	if (keeper != HOST_N_GROUP_MAKERS || is_supplicants) {
		g_clear_handle_id(&self->keeper_source, g_source_remove);
		self->keeper = keeper;
		self->keeper_left = FALSE;
		return;
	}
	if (self->keeper == HOST_N_GROUP_MAKERS)
		return;
	if (!self->keeper_left && !is_keeper_there(self)) {
		g_clear_handle_id(&self->keeper_source, g_source_remove);
		self->keeper_left = TRUE;
	}
	if (!self->keeper_source)
		self->keeper_source =
			g_timeout_add_seconds(HOST_FREE_RADIO_RESTART_S, on_keeper_forgotten, self);
}

/* The supplicant, iwd or NetworkManager. */
static void on_changed(HostFinderP2p *self)
{
	HostGroupMaker maker;

	note_keeper(self);
	maker = choose_maker(self);
	look(self);
	update_search(self);
	/* What is in the way of a sink depends on who would make its group. */
	if (self->use && maker != self->maker)
		tell_peers(self);
	self->maker = maker;
	host_finder_emit_changed(HOST_FINDER(self));
}

static void host_finder_p2p_start(HostFinder *finder)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);

	self->looking = TRUE;
	begin_glance(self);
	look(self);
}

static void host_finder_p2p_stop(HostFinder *finder)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);

	if (host_supplicant_count_malformed(self->supplicant))
		g_message("Wi-Fi Display elements that could not be read: %u",
			  host_supplicant_count_malformed(self->supplicant));
	self->looking = FALSE;
	g_clear_handle_id(&self->glance_source, g_source_remove);
	look_no_more(self);
	/* What was in the way of the search only is no problem any more. */
	host_finder_emit_changed(finder);
}

/* Of the one that has the radio, or would have; HOST_N_REASONS: none. */
static HostReason find_problem(HostFinderP2p *self, const char **detail)
{
	HostReason problem;

	if (is_iwds(self) || (self->keeper_left && self->keeper == HOST_GROUP_MAKER_IWD))
		return host_iwd_get_problem(self->iwd, detail);
	problem = host_supplicant_get_problem(self->supplicant, detail);
	/* Where iwd is, nobody misses the other. */
	if (problem == HOST_REASON_SUPPLICANT_AWAY && host_iwd_is_there(self->iwd))
		return host_iwd_get_problem(self->iwd, detail);
	return problem;
}

static const char *host_finder_p2p_get_problem(HostFinder *finder, const char **message)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);
	const char *detail;
	HostReason problem = find_problem(self, &detail);

	if (problem == HOST_N_REASONS && (self->use || self->iwd_use) && !self->searching)
		problem = HOST_REASON_RADIO_IN_USE;
	if (problem == HOST_N_REASONS)
		return NULL;
	g_free(self->problem);
	self->problem = host_reason_message(problem, detail);
	if (message)
		*message = self->problem;
	return host_reason_word(problem);
}

static const char *host_finder_p2p_get_maker(HostFinder *finder)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);
	HostGroupMaker maker = choose_maker(self);
	const char *detail;

	if (maker == HOST_N_GROUP_MAKERS || find_problem(self, &detail) != HOST_N_REASONS)
		return NULL;
	return host_group_maker_word(maker);
}

/* (transfer full); NULL with the reason: the maker that is wished for does not have the radio. */
static HostGroup *make_group(HostFinderP2p *self, const char *sink, const HostLinkWish *wish,
			     const char *pin, GError **error)
{
	HostGroupMaker able = choose_maker(self);
	HostGroupMaker maker = wish->maker == HOST_N_GROUP_MAKERS ? able : wish->maker;
	HostReason reason;

	if (maker == HOST_GROUP_MAKER_SUPPLICANT)
		return host_group_supplicant_new(self->supplicant, self->store, sink, wish->port,
						 wish->agent, pin, wish->go_intent);
	if (maker == HOST_GROUP_MAKER_NM && able == maker)
		return host_group_nm_new(self->network_manager, self->supplicant, sink, wish->port,
					 wish->agent, pin != NULL, wish->go_intent);
	if (maker == HOST_GROUP_MAKER_IWD && able == maker)
		return host_group_iwd_new(self->iwd, sink, wish->port, pin != NULL,
					  wish->go_intent);
	if (self->keeper_left && (maker == HOST_N_GROUP_MAKERS || maker == self->keeper))
		reason = self->keeper == HOST_GROUP_MAKER_IWD ? HOST_REASON_IWD_AWAY
							      : HOST_REASON_NM_AWAY;
	else
		reason = maker == HOST_GROUP_MAKER_IWD ? HOST_REASON_IWD_ABSENT
						       : HOST_REASON_NM_ABSENT;
	g_propagate_error(error, host_reason_error(reason, NULL));
	return NULL;
}

static HostLink *host_finder_p2p_make_link(HostFinder *finder, HostFinding *finding,
					   const HostLinkWish *wish, GError **error)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);
	g_autoptr(HostGroup) group = NULL;
	g_autofree char *pin = wish->pin ? host_p2p_clean_pin(wish->pin) : NULL;

	if (wish->pin && !pin) {
		g_propagate_error(error, host_reason_error(HOST_REASON_BAD_PIN, NULL));
		return NULL;
	}
	group = make_group(self, finding->id, wish, pin, error);
	if (!group)
		return NULL;
	return host_link_p2p_new(self->listener, group, wish->port, wish->wait_s);
}

static void host_finder_p2p_forget(HostFinder *finder, HostFinding *finding)
{
	HostFinderP2p *self = HOST_FINDER_P2P(finder);

	for (char **one = finding->identities; *one; one++)
		if (g_str_has_prefix(*one, IDENTITY))
			host_p2p_store_drop(self->store, *one + strlen(IDENTITY));
}

static void host_finder_p2p_iface_init(HostFinderInterface *iface)
{
	iface->get_way = host_finder_p2p_get_way;
	iface->start = host_finder_p2p_start;
	iface->stop = host_finder_p2p_stop;
	iface->glance = host_finder_p2p_glance;
	iface->get_problem = host_finder_p2p_get_problem;
	iface->set_streams = host_finder_p2p_set_streams;
	iface->get_maker = host_finder_p2p_get_maker;
	iface->make_link = host_finder_p2p_make_link;
	iface->forget = host_finder_p2p_forget;
}

/* Devices of a radio come and go, and change their state when they are to be managed or not. */
static void on_device_changed(GDBusObjectManagerClient *objects, GDBusObjectProxy *object,
			      GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
			      HostFinderP2p *self)
{
	if (g_variant_lookup(changed, "State", "u", NULL))
		on_changed(self);
}

static void on_network_manager(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusObjectManager)
		objects = g_dbus_object_manager_client_new_finish(result, &error);
	HostFinderP2p *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	self->asking = FALSE;
	if (objects) {
		g_signal_connect(objects, "interface-proxy-properties-changed",
				 G_CALLBACK(on_device_changed), self);
		g_signal_connect_swapped(objects, "object-added", G_CALLBACK(on_changed), self);
		g_signal_connect_swapped(objects, "object-removed", G_CALLBACK(on_changed), self);
		g_signal_connect_swapped(objects, "notify::name-owner", G_CALLBACK(on_changed),
					 self);
		self->network_manager = g_steal_pointer(&objects);
	} else {
		g_message("NetworkManager is not asked for Wi-Fi Direct: %s", error->message);
	}
	on_changed(self);
}

static void host_finder_p2p_init(HostFinderP2p *self)
{
	self->cancellable = g_cancellable_new();
	self->maker = HOST_N_GROUP_MAKERS;
	self->keeper = HOST_N_GROUP_MAKERS;
	self->streams = g_new0(char *, 1);
	self->found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void host_finder_p2p_finalize(GObject *object)
{
	HostFinderP2p *self = HOST_FINDER_P2P(object);

	g_cancellable_cancel(self->cancellable);
	g_object_unref(self->cancellable);
	if (self->network_manager)
		g_signal_handlers_disconnect_by_data(self->network_manager, self);
	g_clear_object(&self->network_manager);
	g_signal_handlers_disconnect_by_data(self->supplicant, self);
	g_signal_handlers_disconnect_by_data(self->iwd, self);
	g_clear_handle_id(&self->glance_source, g_source_remove);
	g_clear_handle_id(&self->keeper_source, g_source_remove);
	g_clear_pointer(&self->use, host_use_end);
	g_clear_pointer(&self->iwd_use, host_use_end);
	host_supplicant_wait_put_back(self->supplicant);
	host_iwd_wait_put_back(self->iwd);
	g_object_unref(self->supplicant);
	g_object_unref(self->iwd);
	host_p2p_store_free(self->store);
	g_hash_table_unref(self->found);
	g_strfreev(self->streams);
	g_free(self->problem);
	G_OBJECT_CLASS(host_finder_p2p_parent_class)->finalize(object);
}

static void host_finder_p2p_class_init(HostFinderP2pClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_finder_p2p_finalize;
}

HostFinder *host_finder_p2p_new(GDBusConnection *connection, HostListener *listener,
				const char *state_directory)
{
	HostFinderP2p *self = g_object_new(HOST_TYPE_FINDER_P2P, NULL);
	g_autofree char *groups = g_build_filename(state_directory, "p2p-groups", NULL);

	self->listener = listener;
	self->store = host_p2p_store_new(groups);
	self->supplicant = host_supplicant_new(connection);
	g_signal_connect(self->supplicant, "peer-found", G_CALLBACK(on_peer_found), self);
	g_signal_connect(self->supplicant, "peer-lost", G_CALLBACK(on_peer_lost), self);
	g_signal_connect_swapped(self->supplicant, "changed", G_CALLBACK(on_changed), self);
	self->iwd = host_iwd_new(connection);
	g_signal_connect(self->iwd, "peer-found", G_CALLBACK(on_iwd_peer_found), self);
	g_signal_connect(self->iwd, "peer-lost", G_CALLBACK(on_iwd_peer_lost), self);
	g_signal_connect_swapped(self->iwd, "changed", G_CALLBACK(on_changed), self);
	/* Whether it is there or not, now or later. */
	self->asking = TRUE;
	g_dbus_object_manager_client_new(connection,
					 G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
					 HOST_NM_NAME, HOST_NM_OBJECTS, NULL, NULL, NULL,
					 self->cancellable, on_network_manager, self);
	return HOST_FINDER(self);
}
