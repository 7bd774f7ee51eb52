// SPDX-License-Identifier: GPL-2.0-or-later
#include "iwd-peers.h"

#include "device-name.h"
#include "iwd-bus.h"

/* How often it is asked for signals; it tells of none by itself. */
#define LEVELS_S 3
/* A signal is in dBm or in hundredths of that, by its version. */
#define MIN_DBM -120

struct _HostIwdPeers {
	GObject *owner;
	GDBusConnection *connection;
	const HostIwdRadio *radio;

	HostPeers *table;
	gboolean asking_levels;
	guint levels_source;
};

static void on_levels(GObject *object, GAsyncResult *result, gpointer data)
{
	HostIwdPeers *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	g_autoptr(GVariantIter) levels = NULL;
	const char *path;
	gint16 level;

	self->asking_levels = FALSE;
	if (!answer) {
		g_debug("GetPeers: %s", error->message);
		return;
	}
	g_variant_get(answer, "(a(on))", &levels);
	while (g_variant_iter_next(levels, "(&on)", &path, &level)) {
		HostPeer *peer = host_peers_lookup(self->table, path);
		int dbm = level < MIN_DBM ? level / 100 : level;

		if (!peer || peer->dbm == dbm)
			continue;
		peer->dbm = dbm;
		host_peers_tell(self->table, peer);
	}
}

static void ask_levels(HostIwdPeers *self)
{
	if (self->asking_levels || !self->radio->device)
		return;
	self->asking_levels = TRUE;
	g_object_ref(self->owner);
	host_iwd_bus_call(self->connection, self->radio->device, HOST_IWD_P2P, "GetPeers", NULL,
			  "(a(on))", HOST_IWD_CALL_MS, on_levels, self);
}

static gboolean on_levels_wanted(gpointer data)
{
	ask_levels(data);
	return G_SOURCE_CONTINUE;
}

void host_iwd_peers_watch_levels(HostIwdPeers *self)
{
	host_iwd_peers_stop_levels(self);
	self->levels_source = g_timeout_add_seconds(LEVELS_S, on_levels_wanted, self);
}

void host_iwd_peers_stop_levels(HostIwdPeers *self)
{
	g_clear_handle_id(&self->levels_source, g_source_remove);
}

static const char *kind_of(const char *category, const char *subcategory)
{
	static const struct {
		const char *theirs, *ours;
	} kinds[] = {
		{"television", "tv"},		{"electronic-picture-frame", "picture-frame"},
		{"projector", "projector"},	{"monitor", "monitor"},
		{"computer", "computer"},	{"input-device", "input"},
		{"printer-scanner", "printer"}, {"camera", "camera"},
		{"storage", "storage"},		{"network-infrastructure", "network"},
		{"display", "display"},		{"multimedia-device", "multimedia"},
		{"gaming-device", "game"},	{"telephone", "phone"},
		{"audio-device", "audio"},
	};
	const gboolean is_display = !g_strcmp0(category, "display");

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if ((is_display && !g_strcmp0(kinds[i].theirs, subcategory)) ||
		    !g_strcmp0(kinds[i].theirs, category))
			return kinds[i].ours;
	return "";
}

/* Of what is in the air iwd shows the displays that are free; of them the sinks are ours. */
void host_iwd_peers_look_at(HostIwdPeers *self, GDBusObject *object)
{
	const char *path = g_dbus_object_get_object_path(object);
	g_autoptr(GVariant) address = host_iwd_bus_get(object, HOST_IWD_PEER, "Address", "s");
	g_autoptr(GVariant) name = host_iwd_bus_get(object, HOST_IWD_PEER, "Name", "s");
	g_autoptr(GVariant)
		category = host_iwd_bus_get(object, HOST_IWD_PEER, "DeviceCategory", "s");
	g_autoptr(GVariant)
		subcategory = host_iwd_bus_get(object, HOST_IWD_PEER, "DeviceSubcategory", "s");
	HostPeer *peer = host_peers_lookup(self->table, path);

	if (!address ||
	    !host_iwd_bus_is_path(object, HOST_IWD_PEER, "Device", self->radio->device) ||
	    !host_iwd_bus_is_true(object, HOST_IWD_DISPLAY, "Sink")) {
		host_peers_lose(self->table, path);
		return;
	}
	if (!peer) {
		peer = host_peers_add(self->table, path);
		if (!peer)
			return;
		ask_levels(self);
	}
	g_free(peer->address);
	peer->address = g_ascii_strdown(g_variant_get_string(address, NULL), -1);
	g_free(peer->name);
	peer->name = name ? host_device_name_clean(g_variant_get_string(name, NULL),
						   g_variant_get_size(name))
			  : NULL;
	peer->kind = kind_of(category ? g_variant_get_string(category, NULL) : NULL,
			     subcategory ? g_variant_get_string(subcategory, NULL) : NULL);
	peer->is_display = TRUE;
	peer->wfd = (HostWfdInfo){
		.type = HOST_WFD_PRIMARY_SINK,
		.available = TRUE,
		.content_protection =
			host_iwd_bus_is_true(object, HOST_IWD_DISPLAY, "HasContentProtection"),
	};
	host_peers_tell(self->table, peer);
}

HostPeers *host_iwd_peers_get_table(HostIwdPeers *self)
{
	return self->table;
}

HostIwdPeers *host_iwd_peers_new(GObject *owner, GDBusConnection *connection,
				 const HostIwdRadio *radio)
{
	HostIwdPeers *self = g_new0(HostIwdPeers, 1);

	self->owner = owner;
	self->connection = g_object_ref(connection);
	self->radio = radio;
	self->table = host_peers_new(owner);
	return self;
}

void host_iwd_peers_free(HostIwdPeers *self)
{
	host_iwd_peers_stop_levels(self);
	host_peers_free(self->table);
	g_object_unref(self->connection);
	g_free(self);
}
