// SPDX-License-Identifier: GPL-2.0-or-later
#include "peers.h"

/* So many are kept; the air has no bound of its own. */
#define MAX_PEERS 512

struct _HostPeers {
	gpointer object;
	GHashTable *by_path;
};

static void peer_free(gpointer data)
{
	HostPeer *peer = data;

	g_free(peer->path);
	g_free(peer->address);
	g_free(peer->name);
	g_free(peer);
}

HostPeers *host_peers_new(gpointer object)
{
	HostPeers *self = g_new0(HostPeers, 1);

	self->object = object;
	self->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, peer_free);
	return self;
}

void host_peers_free(HostPeers *self)
{
	g_hash_table_unref(self->by_path);
	g_free(self);
}

const HostPeer *host_peers_find(HostPeers *self, const char *address)
{
	GHashTableIter iter;
	gpointer peer;

	g_hash_table_iter_init(&iter, self->by_path);
	while (g_hash_table_iter_next(&iter, NULL, &peer))
		if (!g_strcmp0(((HostPeer *)peer)->address, address))
			return peer;
	return NULL;
}

GList *host_peers_list(HostPeers *self)
{
	return g_hash_table_get_values(self->by_path);
}

HostPeer *host_peers_lookup(HostPeers *self, const char *path)
{
	return g_hash_table_lookup(self->by_path, path);
}

HostPeer *host_peers_add(HostPeers *self, const char *path)
{
	HostPeer *peer;

	if (g_hash_table_size(self->by_path) >= MAX_PEERS)
		return NULL;
	peer = g_new0(HostPeer, 1);
	peer->path = g_strdup(path);
	peer->kind = "";
	g_hash_table_insert(self->by_path, peer->path, peer);
	return peer;
}

void host_peers_tell(HostPeers *self, HostPeer *peer)
{
	if (peer->address)
		g_signal_emit_by_name(self->object, "peer-found", peer);
}

void host_peers_lose(HostPeers *self, const char *path)
{
	HostPeer *peer = host_peers_lookup(self, path);

	if (!peer)
		return;
	g_hash_table_steal(self->by_path, path);
	if (peer->address)
		g_signal_emit_by_name(self->object, "peer-lost", peer);
	peer_free(peer);
}

void host_peers_lose_all(HostPeers *self)
{
	g_autoptr(GList) paths = g_hash_table_get_keys(self->by_path);

	for (GList *item = paths; item; item = item->next)
		host_peers_lose(self, item->data);
}
