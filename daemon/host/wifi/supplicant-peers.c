// SPDX-License-Identifier: GPL-2.0-or-later
#include "supplicant-peers.h"

#include "device-name.h"
#include "p2p.h"
#include "supplicant-bus.h"

#include <string.h>

struct _HostSupplicantPeers {
	GObject *owner;
	GDBusConnection *connection;
	HostPeers *table;
	guint n_malformed;
};

/* Fixed arrays of bytes; NULL if it is not there. */
static const guint8 *lookup_bytes(GVariantDict *dict, const char *name, gsize *n, GVariant **holder)
{
	*n = 0;
	*holder = g_variant_dict_lookup_value(dict, name, G_VARIANT_TYPE_BYTESTRING);
	return *holder ? g_variant_get_fixed_array(*holder, n, 1) : NULL;
}

static void read_peer(HostSupplicantPeers *self, HostPeer *peer, GVariant *properties)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(properties);
	g_autoptr(GVariant) address = NULL;
	g_autoptr(GVariant) type = NULL;
	g_autoptr(GVariant) elements = NULL;
	g_autoptr(GVariant) groups = NULL;
	const guint8 *bytes;
	const char *name;
	guint8 capability = 0;
	gsize n;

	bytes = lookup_bytes(&dict, "DeviceAddress", &n, &address);
	if (n == 6) {
		g_free(peer->address);
		peer->address = host_p2p_address(bytes);
	}
	if (g_variant_dict_lookup(&dict, "DeviceName", "&s", &name)) {
		g_free(peer->name);
		peer->name = host_device_name_clean(name, strlen(name));
	}
	bytes = lookup_bytes(&dict, "PrimaryDeviceType", &n, &type);
	if (bytes)
		peer->kind = host_p2p_kind(bytes, n);
	g_variant_dict_lookup(&dict, "config_method", "q", &peer->methods);
	g_variant_dict_lookup(&dict, "level", "i", &peer->dbm);
	groups = g_variant_dict_lookup_value(&dict, "Groups", G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
	if (g_variant_dict_lookup(&dict, "groupcapability", "y", &capability) || groups)
		peer->is_owner = capability & 1 || (groups && g_variant_n_children(groups));
	bytes = lookup_bytes(&dict, "IEs", &n, &elements);
	if (elements) {
		peer->is_display = host_wfd_ie_read(bytes, n, &peer->wfd);
		/* Most devices have none. */
		if (n && !peer->is_display)
			self->n_malformed++;
	}
}

void host_supplicant_peers_find(HostSupplicantPeers *self, GVariant *parameters)
{
	g_autoptr(GVariant) properties = NULL;
	HostPeer *peer;
	const char *path;

	g_variant_get(parameters, "(&o@a{sv})", &path, &properties);
	peer = host_peers_lookup(self->table, path);
	if (!peer)
		peer = host_peers_add(self->table, path);
	if (!peer)
		return;
	read_peer(self, peer, properties);
	peer->found_at = g_get_monotonic_time();
	host_peers_tell(self->table, peer);
}

typedef struct {
	HostSupplicantPeers *self;
	char *path;
	HostSupplicantRead ready;
	gpointer user_data;
} PeerRead;

static void on_peer_read(GObject *object, GAsyncResult *result, gpointer data)
{
	PeerRead *reading = data;
	HostSupplicantPeers *self = reading->self;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);
	HostPeer *peer = host_peers_lookup(self->table, reading->path);

	if (answer && peer) {
		g_autoptr(GVariant) properties = g_variant_get_child_value(answer, 0);

		read_peer(self, peer, properties);
		host_peers_tell(self->table, peer);
	} else if (!answer) {
		g_debug("Peer: %s", error->message);
	}
	reading->ready(reading->user_data);
	g_free(reading->path);
	g_free(reading);
}

void host_supplicant_peers_read(HostSupplicantPeers *self, const HostPeer *peer,
				HostSupplicantRead ready, gpointer user_data)
{
	PeerRead *reading = g_new0(PeerRead, 1);

	g_object_ref(self->owner);
	reading->self = self;
	reading->path = g_strdup(peer->path);
	reading->ready = ready;
	reading->user_data = user_data;
	host_supplicant_bus_get_all(self->connection, peer->path, HOST_SUPPLICANT_PEER,
				    on_peer_read, reading);
}

HostPeers *host_supplicant_peers_get_table(HostSupplicantPeers *self)
{
	return self->table;
}

guint host_supplicant_peers_count_malformed(HostSupplicantPeers *self)
{
	return self->n_malformed;
}

HostSupplicantPeers *host_supplicant_peers_new(GObject *owner, GDBusConnection *connection)
{
	HostSupplicantPeers *self = g_new0(HostSupplicantPeers, 1);

	self->owner = owner;
	self->connection = g_object_ref(connection);
	self->table = host_peers_new(owner);
	return self;
}

void host_supplicant_peers_free(HostSupplicantPeers *self)
{
	host_peers_free(self->table);
	g_object_unref(self->connection);
	g_free(self);
}
