// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-options.h"

#include <string.h>

static char *make_path(void)
{
	return g_build_filename(g_get_user_config_dir(), "miracast-connect", "displays", NULL);
}

/* A group's name may not have brackets, and no control characters. */
static char *make_group(const char *name, const char *address)
{
	g_autofree char *both = g_strdup_printf("%s %s", address, name);

	return g_uri_escape_string(g_strstrip(both), " :", TRUE);
}

static GKeyFile *load(void)
{
	GKeyFile *file = g_key_file_new();
	g_autofree char *path = make_path();
	g_autoptr(GError) error = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_COMMENTS, &error) &&
	    !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_info("%s: %s", path, error->message);
	return file;
}

static gboolean save(GKeyFile *file, GError **error)
{
	g_autofree char *path = make_path();
	g_autofree char *folder = g_path_get_dirname(path);

	/* That it cannot be made is seen in the next step. */
	g_mkdir_with_parents(folder, 0700);
	return g_key_file_save_to_file(file, path, error);
}

static char *get_text(GKeyFile *file, const char *group, const char *key)
{
	char *text = g_key_file_get_string(file, group, key, NULL);

	if (!text)
		text = g_strdup("");
	return text;
}

static gboolean get_flag(GKeyFile *file, const char *group, const char *key, gboolean otherwise)
{
	return g_key_file_has_key(file, group, key, NULL)
		       ? g_key_file_get_boolean(file, group, key, NULL)
		       : otherwise;
}

ConnectOptions *connect_options_load(const char *name, const char *address)
{
	g_autoptr(GKeyFile) file = load();
	g_autofree char *group = make_group(name, address);
	ConnectOptions *options = g_new0(ConnectOptions, 1);

	options->mode = get_text(file, group, "Mode");
	options->way = get_text(file, group, "Way");
	options->sound = get_flag(file, group, "Sound", TRUE);
	options->input = get_flag(file, group, "Input", FALSE);
	options->reconnect = get_flag(file, group, "Reconnect", TRUE);
	return options;
}

gboolean connect_options_save(const ConnectOptions *options, const char *name, const char *address,
			      GError **error)
{
	g_autoptr(GKeyFile) file = load();
	g_autofree char *group = make_group(name, address);

	g_key_file_set_string(file, group, "Mode", options->mode);
	g_key_file_set_string(file, group, "Way", options->way);
	g_key_file_set_boolean(file, group, "Sound", options->sound);
	g_key_file_set_boolean(file, group, "Input", options->input);
	g_key_file_set_boolean(file, group, "Reconnect", options->reconnect);
	return save(file, error);
}

void connect_options_forget(const char *name, const char *address)
{
	g_autoptr(GKeyFile) file = load();
	g_autofree char *group = make_group(name, address);

	if (g_key_file_remove_group(file, group, NULL))
		save(file, NULL);
}

void connect_options_free(ConnectOptions *options)
{
	g_free(options->mode);
	g_free(options->way);
	g_free(options);
}

GVariant *connect_options_to_bus(const ConnectOptions *options, const char *peer, const char *agent)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	GVariantBuilder driver = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{ss}"));

	if (*options->mode)
		g_variant_builder_add(&driver, "{ss}", "mode", options->mode);
	if (!options->sound)
		g_variant_builder_add(&driver, "{ss}", "sound", "off");
	if (peer)
		g_variant_dict_insert(&dict, "peer-address", "s", peer);
	else if (*options->way)
		g_variant_dict_insert(&dict, "way", "s", options->way);
	g_variant_dict_insert(&dict, "agent", "o", agent);
	g_variant_dict_insert(&dict, "input", "b", options->input);
	g_variant_dict_insert(&dict, "reconnect", "b", options->reconnect);
	g_variant_dict_insert_value(&dict, "options", g_variant_builder_end(&driver));
	return g_variant_dict_end(&dict);
}
