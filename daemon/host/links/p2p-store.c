// SPDX-License-Identifier: GPL-2.0-or-later
#include "p2p-store.h"

#include <glib/gstdio.h>
#include <string.h>

#define MAX_SSID 32
#define PSK_SIZE 32

struct _HostP2pStore {
	char *path;
	GKeyFile *file; /* a group of keys for each sink */
};

void host_stored_group_free(HostStoredGroup *group)
{
	g_free(group->owner);
	g_bytes_unref(group->ssid);
	g_bytes_unref(group->psk);
	g_free(group);
}

HostP2pStore *host_p2p_store_new(const char *path)
{
	HostP2pStore *store = g_new0(HostP2pStore, 1);
	g_autoptr(GError) error = NULL;

	store->path = g_strdup(path);
	store->file = g_key_file_new();
	if (!g_key_file_load_from_file(store->file, path, G_KEY_FILE_NONE, &error) &&
	    !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_warning("Stored groups are not known: %s: %s", path, error->message);
	return store;
}

void host_p2p_store_free(HostP2pStore *store)
{
	g_free(store->path);
	g_key_file_unref(store->file);
	g_free(store);
}

static void write_file(HostP2pStore *store)
{
	g_autofree char *directory = g_path_get_dirname(store->path);
	g_autofree char *content = NULL;
	g_autoptr(GError) error = NULL;
	gsize n;

	content = g_key_file_to_data(store->file, &n, NULL);
	/* Who has the key can join the group. */
	if (g_mkdir_with_parents(directory, 0700) ||
	    !g_file_set_contents_full(store->path, content, n, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
				      &error))
		g_warning("Stored groups are not kept: %s: %s", store->path,
			  error ? error->message : directory);
}

static char *to_hex(GBytes *bytes)
{
	GString *hex = g_string_new(NULL);
	gsize n;
	const guint8 *data = g_bytes_get_data(bytes, &n);

	for (gsize i = 0; i < n; i++)
		g_string_append_printf(hex, "%02x", data[i]);
	return g_string_free(hex, FALSE);
}

/* NULL if it is none, or has not @min to @max bytes. */
static GBytes *from_hex(const char *hex, gsize min, gsize max)
{
	gsize n = hex ? strlen(hex) : 0;
	guint8 bytes[64];

	if (n % 2 || n / 2 < min || n / 2 > max || (hex && strspn(hex, "0123456789abcdef") != n))
		return NULL;
	for (gsize i = 0; i < n / 2; i++)
		bytes[i] = g_ascii_xdigit_value(hex[2 * i]) << 4 |
			   g_ascii_xdigit_value(hex[2 * i + 1]);
	return g_bytes_new(bytes, n / 2);
}

HostStoredGroup *host_p2p_store_lookup(HostP2pStore *store, const char *sink)
{
	g_autofree char *owner = g_key_file_get_string(store->file, sink, "owner", NULL);
	g_autofree char *ssid_hex = g_key_file_get_string(store->file, sink, "ssid", NULL);
	g_autofree char *psk_hex = g_key_file_get_string(store->file, sink, "psk", NULL);
	g_autoptr(GBytes) ssid = from_hex(ssid_hex, 1, MAX_SSID);
	g_autoptr(GBytes) psk = from_hex(psk_hex, PSK_SIZE, PSK_SIZE);
	HostStoredGroup *group;

	if (!owner || !ssid || !psk)
		return NULL;
	group = g_new0(HostStoredGroup, 1);
	group->is_owner = g_key_file_get_boolean(store->file, sink, "is-owner", NULL);
	group->owner = g_steal_pointer(&owner);
	group->ssid = g_steal_pointer(&ssid);
	group->psk = g_steal_pointer(&psk);
	return group;
}

void host_p2p_store_save(HostP2pStore *store, const char *sink, const HostStoredGroup *group)
{
	g_autofree char *ssid = to_hex(group->ssid);
	g_autofree char *psk = to_hex(group->psk);

	g_key_file_set_boolean(store->file, sink, "is-owner", group->is_owner);
	g_key_file_set_string(store->file, sink, "owner", group->owner);
	g_key_file_set_string(store->file, sink, "ssid", ssid);
	g_key_file_set_string(store->file, sink, "psk", psk);
	write_file(store);
}

void host_p2p_store_drop(HostP2pStore *store, const char *sink)
{
	if (g_key_file_remove_group(store->file, sink, NULL))
		write_file(store);
}
