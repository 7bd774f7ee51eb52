// SPDX-License-Identifier: GPL-2.0-or-later
#include "group-supplicant-stored.h"

#include "group-supplicant-pairing.h"

/* A status of an invitation (Wi-Fi P2P). */
#define P2P_UNKNOWN_GROUP 8

static void on_stored_removed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, NULL);

	(void)answer;
}

void host_group_supplicant_stored_note(HostGroupSupplicant *self, const char *path)
{
	if (!g_ptr_array_find_with_equal_func(self->added, path, g_str_equal, NULL))
		g_ptr_array_add(self->added, g_strdup(path));
}

void host_group_supplicant_stored_put_back(HostGroupSupplicant *self)
{
	const char *p2p = host_supplicant_get_p2p(self->supplicant);

	for (guint i = 0; p2p && i < self->added->len; i++)
		host_group_supplicant_call_to_put_back(self, p2p, "RemovePersistentGroup",
						       g_variant_new("(o)", self->added->pdata[i]));
	g_ptr_array_set_size(self->added, 0);
	g_clear_pointer(&self->stored, g_free);
}

static void drop_added(HostGroupSupplicant *self, const char *path)
{
	guint i;

	if (path && g_ptr_array_find_with_equal_func(self->added, path, g_str_equal, &i))
		g_ptr_array_remove_index(self->added, i);
}

void host_group_supplicant_stored_give_up(HostGroupSupplicant *self, gboolean drop)
{
	if (drop)
		host_p2p_store_drop(self->store, self->sink);
	if (self->stored)
		host_group_supplicant_call(self, host_supplicant_get_p2p(self->supplicant),
					   HOST_SUPPLICANT_P2P, "RemovePersistentGroup",
					   g_variant_new("(o)", self->stored), NULL,
					   on_stored_removed);
	drop_added(self, self->stored);
	g_clear_pointer(&self->stored, g_free);
	host_group_supplicant_pairing_begin(self);
}

static void on_invited(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	if (self->group.stage != STAGE_INVITE || answer)
		return;
	g_debug("Invite: %s", error->message);
	host_group_supplicant_stored_give_up(self, FALSE);
}

static void on_stored_added(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostGroupSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	const HostPeer *peer = host_group_supplicant_find_peer(self);
	GVariantBuilder options;

	if (answer)
		g_variant_get(answer, "(o)", &self->stored);
	if (self->group.stage >= HOST_GROUP_LEAVING && self->stored) {
		host_group_supplicant_call_to_put_back(self,
						       host_supplicant_get_p2p(self->supplicant),
						       "RemovePersistentGroup",
						       g_variant_new("(o)", self->stored));
		g_clear_pointer(&self->stored, g_free);
	}
	if (self->group.stage != STAGE_INVITE)
		return;
	if (self->stored)
		host_group_supplicant_stored_note(self, self->stored);
	if (!self->stored || !peer) {
		g_debug("AddPersistentGroup: %s", error ? error->message : "the sink has gone");
		host_group_supplicant_stored_give_up(self, FALSE);
		return;
	}
	g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&options, "{sv}", "peer", g_variant_new_object_path(peer->path));
	g_variant_builder_add(&options, "{sv}", "persistent_group_object",
			      g_variant_new_object_path(self->stored));
	host_group_supplicant_call(self, host_supplicant_get_p2p(self->supplicant),
				   HOST_SUPPLICANT_P2P, "Invite",
				   g_variant_new("(@a{sv})", g_variant_builder_end(&options)), NULL,
				   on_invited);
}

static GVariant *bytes_to_variant(GBytes *bytes)
{
	return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

void host_group_supplicant_stored_invite(HostGroupSupplicant *self, const HostStoredGroup *group)
{
	GVariantBuilder options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	g_variant_builder_add(&options, "{sv}", "bssid", g_variant_new_string(group->owner));
	g_variant_builder_add(&options, "{sv}", "ssid", bytes_to_variant(group->ssid));
	g_variant_builder_add(&options, "{sv}", "psk", bytes_to_variant(group->psk));
	/* As a text it would be put in quotes, and is then no number. */
	g_variant_builder_add(&options, "{sv}", "mode",
			      g_variant_new_int32(group->is_owner ? 3 : 0));
	host_group_set_stage(&self->group, STAGE_INVITE);
	host_group_emit_step(&self->group, "inviting",
			     "The sink is invited to the group from an earlier time");
	host_group_supplicant_call(self, host_supplicant_get_p2p(self->supplicant),
				   HOST_SUPPLICANT_P2P, "AddPersistentGroup",
				   g_variant_new("(@a{sv})", g_variant_builder_end(&options)),
				   "(o)", on_stored_added);
}

void host_group_supplicant_stored_on_result(HostGroupSupplicant *self, GVariant *properties)
{
	gint32 status = -1;

	g_variant_lookup(properties, "status", "i", &status);
	if (!status)
		return; /* the group follows, or its failure */
	g_message("The sink did not come into the group from before (status %d)", status);
	host_group_supplicant_stored_give_up(self, status == P2P_UNKNOWN_GROUP);
}

void host_group_supplicant_stored_read(HostGroupSupplicant *self, GVariant *properties)
{
	g_autoptr(GVariant)
		ssid = g_variant_lookup_value(properties, "SSID", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GVariant)
		psk = g_variant_lookup_value(properties, "PSK", G_VARIANT_TYPE_BYTESTRING);

	if (!self->persistent || !ssid || !psk || g_variant_n_children(psk) != 32)
		return;
	self->fresh = g_new0(HostStoredGroup, 1);
	self->fresh->is_owner = self->group.net.is_owner;
	self->fresh->owner = g_strdup(self->sink);
	self->fresh->ssid = g_variant_get_data_as_bytes(ssid);
	self->fresh->psk = g_variant_get_data_as_bytes(psk);
}

void host_group_supplicant_stored_save(HostGroupSupplicant *self)
{
	if (self->fresh)
		host_p2p_store_save(self->store, self->sink, self->fresh);
	g_clear_pointer(&self->fresh, host_stored_group_free);
}
