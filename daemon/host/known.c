// SPDX-License-Identifier: GPL-2.0-or-later
#include "known.h"

#include "discovery/finding.h"

#include <errno.h>
#include <glib/gstdio.h>

#define GROUP_PREFIX "Sink "

void host_known_free(HostKnown *known)
{
	g_free(known->name);
	g_free(known->kind);
	g_strfreev(known->identities);
	g_free(known->address);
	g_free(known);
}

HostKnown *host_known_copy(const HostKnown *known)
{
	HostKnown *copy = g_new0(HostKnown, 1);

	copy->name = g_strdup(known->name);
	copy->kind = g_strdup(known->kind);
	copy->identities = g_strdupv(known->identities);
	copy->address = g_strdup(known->address);
	copy->last_used = known->last_used;
	return copy;
}

gboolean host_known_settle(HostKnown *known)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_autofree char *typed =
		known->address ? g_strconcat(HOST_IDENTITY_ADDRESS, known->address, NULL) : NULL;

	for (char **one = known->identities; one && *one; one++)
		if (!g_str_has_prefix(*one, HOST_IDENTITY_ADDRESS))
			g_strv_builder_add(builder, *one);
	if (host_identities_last(known->identities))
		g_clear_pointer(&known->address, g_free);
	else if (typed)
		g_strv_builder_add(builder, typed);
	g_strfreev(known->identities);
	known->identities = g_strv_builder_end(builder);
	return *known->identities != NULL;
}

static GPtrArray *array_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)host_known_free);
}

/* NULL: the group is not what host_known_save() writes. GKeyFile's texts are UTF-8. */
static HostKnown *read_one(GKeyFile *file, const char *group, GError **error)
{
	g_autoptr(HostKnown) known = g_new0(HostKnown, 1);

	known->name = g_key_file_get_string(file, group, "Name", NULL);
	known->kind = g_key_file_get_string(file, group, "Kind", NULL);
	known->identities = g_key_file_get_string_list(file, group, "Identities", NULL, NULL);
	known->last_used = g_key_file_get_int64(file, group, "LastUsed", NULL);
	known->address = g_key_file_get_string(file, group, "Address", NULL);
	if (!known->name || !*known->name || !known->kind || !known->identities ||
	    !*known->identities || !known->last_used ||
	    (known->address && !g_hostname_is_ip_address(known->address))) {
		g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
			    "[%s] makes no sense", group);
		return NULL;
	}
	return g_steal_pointer(&known);
}

static GPtrArray *read_all(const char *path, GError **error)
{
	g_autoptr(GPtrArray) all = array_new();
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) groups = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error))
		return NULL;
	groups = g_key_file_get_groups(file, NULL);
	for (char **group = groups; *group && all->len < HOST_KNOWN_MAX; group++) {
		HostKnown *known = read_one(file, *group, error);

		if (!known)
			return NULL;
		/* Older versions took any address for an identity. */
		if (host_known_settle(known))
			g_ptr_array_add(all, known);
		else
			host_known_free(known);
	}
	return g_steal_pointer(&all);
}

static void put_aside(const char *path, const GError *error)
{
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);

	if (g_rename(path, aside))
		g_warning("Known sinks: %s cannot be read (%s), nor put aside (%s)", path,
			  error->message, g_strerror(errno));
	else
		g_warning("Known sinks: %s is damaged (%s): it is %s now, and none is known", path,
			  error->message, aside);
}

GPtrArray *host_known_load(const char *path)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *all = read_all(path, &error);

	if (all)
		return all;
	if (error->domain == G_KEY_FILE_ERROR)
		put_aside(path, error);
	else if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_warning("Known sinks: %s", error->message);
	return array_new();
}

gboolean host_known_save(const char *path, GPtrArray *all, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *data = NULL;
	gsize length;

	for (guint i = 0; i < all->len; i++) {
		const HostKnown *known = all->pdata[i];
		g_autofree char *group = g_strdup_printf(GROUP_PREFIX "%u", i + 1);

		g_key_file_set_string(file, group, "Name", known->name);
		g_key_file_set_string(file, group, "Kind", known->kind);
		g_key_file_set_string_list(file, group, "Identities",
					   (const char *const *)known->identities,
					   g_strv_length(known->identities));
		g_key_file_set_int64(file, group, "LastUsed", known->last_used);
		if (known->address)
			g_key_file_set_string(file, group, "Address", known->address);
	}
	data = g_key_file_to_data(file, &length, NULL);
	/* That it is there already, or cannot be made, is seen in the next step. */
	g_mkdir_with_parents(folder, 0700);
	return g_file_set_contents_full(
		path, data, (gssize)length,
		G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}
