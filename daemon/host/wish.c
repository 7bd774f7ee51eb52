// SPDX-License-Identifier: GPL-2.0-or-later
#include "wish.h"

#include "discovery/finder-address.h"
#include "links/route.h"
#include "wifi/wfd-ie.h"

#include <stdbool.h>
#include <string.h>

#define DEFAULT_START_TIMEOUT_S 30
#define MAX_SECONDS		3600
#define MAX_GO_INTENT		15

static void wish_clear(gpointer data)
{
	HostWish *wish = data;

	g_free(wish->peer);
	g_clear_object(&wish->local);
	g_clear_pointer(&wish->driver_options, g_hash_table_unref);
	g_free(wish->way);
	g_free(wish->pin);
	g_free(wish->agent);
	g_free(wish->adapter);
}

HostWish *host_wish_ref(HostWish *wish)
{
	return g_rc_box_acquire(wish);
}

void host_wish_unref(HostWish *wish)
{
	g_rc_box_release_full(wish, wish_clear);
}

G_GNUC_PRINTF(2, 3)
static bool refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_clear_error(error);
	*error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format, args);
	va_end(args);
	return false;
}

static bool check_keys(GVariant *options, gboolean by_address, GError **error)
{
	static const struct {
		const char *key, *type;
	} keys[] = {
		/* Which of the first two there is depends on the object. */
		{"peer-address", "s"}, {"way", "s"},	    {"local-address", "s"},
		{"port", "q"},	       {"wait", "u"},	    {"start-timeout", "u"},
		{"reconnect", "b"},    {"pin", "s"},	    {"go-intent", "u"},
		{"input", "b"},	       {"agent", "o"},	    {"adapter", "s"},
		{"options", "a{ss}"},  {"encryption", "s"}, {"maker", "s"},
	};
	bool seen[G_N_ELEMENTS(keys)] = {false};
	GVariantIter iter;
	const char *key;
	GVariant *value;

	g_variant_iter_init(&iter, options);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &value)) {
		g_autoptr(GVariant) owned = value;
		size_t i;

		for (i = 0; i < G_N_ELEMENTS(keys) && strcmp(key, keys[i].key); i++)
			;
		if (i == G_N_ELEMENTS(keys) || i == (by_address ? 1 : 0))
			return refuse(error, "there is no option \"%s\"", key);
		/* Who asks for one of them elsewhere might get the other. */
		if (seen[i])
			return refuse(error, "\"%s\" is given twice", key);
		seen[i] = true;
		if (strcmp(g_variant_get_type_string(value), keys[i].type))
			return refuse(error, "\"%s\" is of type %s, not %s", key, keys[i].type,
				      g_variant_get_type_string(value));
	}
	return true;
}

static bool parse_encryption(HostWish *wish, GVariantDict *dict, GError **error)
{
	static const char *const words[] = {
		[HOST_ENCRYPTION_AUTO] = "auto",
		[HOST_ENCRYPTION_REQUIRED] = "required",
		[HOST_ENCRYPTION_NEVER] = "never",
	};
	const char *word = words[HOST_ENCRYPTION_AUTO];

	g_variant_dict_lookup(dict, "encryption", "&s", &word);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(word, words[i]))
			continue;
		wish->encryption = i;
		return true;
	}
	return refuse(error, "\"encryption\" has to be auto, required or never");
}

static bool parse_maker(HostWish *wish, GVariantDict *dict, GError **error)
{
	const char *word;

	wish->maker = HOST_N_GROUP_MAKERS;
	if (!g_variant_dict_lookup(dict, "maker", "&s", &word) || !strcmp(word, "auto"))
		return true;
	for (HostGroupMaker maker = 0; maker < HOST_N_GROUP_MAKERS; maker++)
		if (!strcmp(word, host_group_maker_word(maker)))
			wish->maker = maker;
	return wish->maker != HOST_N_GROUP_MAKERS ||
	       refuse(error, "\"maker\" has to be auto, supplicant, network-manager or iwd");
}

/* One host's address, as the option @key has it; without that *@address stays. */
static bool parse_address(GVariantDict *dict, const char *key, GInetSocketAddress **address,
			  GError **error)
{
	GInetAddress *host;
	const char *text;

	if (!g_variant_dict_lookup(dict, key, "&s", &text))
		return true;
	*address = host_route_parse(text, error);
	if (!*address)
		return false;
	host = g_inet_socket_address_get_address(*address);
	if (g_inet_address_get_is_any(host) || g_inet_address_get_is_multicast(host))
		return refuse(error, "\"%s\" has to be the address of one machine", key);
	return true;
}

static bool parse_addresses(HostWish *wish, GVariantDict *dict, gboolean by_address, GError **error)
{
	g_autoptr(GInetSocketAddress) peer = NULL;

	if (!parse_address(dict, "peer-address", &peer, error) ||
	    !parse_address(dict, "local-address", &wish->local, error))
		return false;
	if (by_address && !peer)
		return refuse(error, "\"peer-address\" is missing");
	if (peer && wish->local &&
	    g_socket_address_get_family(G_SOCKET_ADDRESS(peer)) !=
		    g_socket_address_get_family(G_SOCKET_ADDRESS(wish->local)))
		return refuse(error, "the two addresses are not of one family");
	wish->peer = peer ? host_route_to_text(peer) : NULL;
	return true;
}

static bool parse_link(HostWish *wish, GVariantDict *dict, GError **error)
{
	guint32 go_intent;

	if (wish->peer)
		wish->way = g_strdup(HOST_WAY_ADDRESS);
	else
		g_variant_dict_lookup(dict, "way", "s", &wish->way);
	wish->port = HOST_WFD_PORT;
	g_variant_dict_lookup(dict, "port", "q", &wish->port);
	if (!wish->port)
		return refuse(error, "\"port\" has to be 1 to 65535");
	wish->go_intent = -1;
	if (g_variant_dict_lookup(dict, "go-intent", "u", &go_intent)) {
		if (go_intent > MAX_GO_INTENT)
			return refuse(error, "\"go-intent\" has to be 0 to %d", MAX_GO_INTENT);
		wish->go_intent = (int)go_intent;
	}
	/* WPS has 4 or 8 digits, Miracast over Infrastructure 8. */
	if (g_variant_dict_lookup(dict, "pin", "s", &wish->pin) &&
	    !g_regex_match_simple("^([0-9]{4}|[0-9]{8})$", wish->pin, G_REGEX_DOLLAR_ENDONLY, 0))
		return refuse(error, "\"pin\" has to be 4 or 8 digits");
	g_variant_dict_lookup(dict, "input", "b", &wish->input);
	g_variant_dict_lookup(dict, "agent", "o", &wish->agent);
	return parse_encryption(wish, dict, error) && parse_maker(wish, dict, error);
}

static bool parse_limits(HostWish *wish, GVariantDict *dict, GError **error)
{
	gboolean has_wait = g_variant_dict_lookup(dict, "wait", "u", &wish->wait_s);

	wish->start_timeout_s = DEFAULT_START_TIMEOUT_S;
	g_variant_dict_lookup(dict, "start-timeout", "u", &wish->start_timeout_s);
	if ((has_wait && !wish->wait_s) || wish->wait_s > MAX_SECONDS || !wish->start_timeout_s ||
	    wish->start_timeout_s > MAX_SECONDS)
		return refuse(error, "\"wait\" and \"start-timeout\" have to be 1 to %u seconds",
			      MAX_SECONDS);
	wish->reconnect = TRUE;
	g_variant_dict_lookup(dict, "reconnect", "b", &wish->reconnect);
	return true;
}

static bool parse_display(HostWish *wish, GVariantDict *dict, GError **error)
{
	g_autoptr(GVariant) driver_options = NULL;
	const char *key, *value;
	GVariantIter iter;

	g_variant_dict_lookup(dict, "adapter", "s", &wish->adapter);
	/* It is opened with our rights, so no other file may be named. */
	if (wish->adapter && !g_regex_match_simple("^(/dev/miracast[0-9]+|[^/]+)$", wish->adapter,
						   G_REGEX_DOLLAR_ENDONLY, 0))
		return refuse(error,
			      "\"adapter\" is an adapter's name or /dev/miracastN, not \"%s\"",
			      wish->adapter);
	wish->driver_options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (g_variant_dict_lookup(dict, "options", "@a{ss}", &driver_options)) {
		g_variant_iter_init(&iter, driver_options);
		while (g_variant_iter_next(&iter, "{&s&s}", &key, &value))
			g_hash_table_insert(wish->driver_options, g_strdup(key), g_strdup(value));
	}
	return true;
}

HostWish *host_wish_parse(GVariant *options, gboolean by_address, GError **error)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(options);
	g_autoptr(HostWish) wish = g_rc_box_new0(HostWish);

	if (!check_keys(options, by_address, error) ||
	    !parse_addresses(wish, &dict, by_address, error) || !parse_link(wish, &dict, error) ||
	    !parse_limits(wish, &dict, error) || !parse_display(wish, &dict, error))
		return NULL;
	return g_steal_pointer(&wish);
}
