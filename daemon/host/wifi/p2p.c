// SPDX-License-Identifier: GPL-2.0-or-later
#include "p2p.h"

#include <string.h>

/* WSC configuration error: the device password was wrong. */
#define WPS_WRONG_PASSWORD 18

gboolean host_p2p_needs_pin(guint16 methods)
{
	/* A device that names none is not asked for more than its person's consent. */
	return !(methods & HOST_P2P_METHOD_PUSH_BUTTON) &&
	       methods & (HOST_P2P_METHOD_DISPLAY | HOST_P2P_METHOD_KEYPAD);
}

HostP2pPairing host_p2p_choose_pairing(guint16 methods, gboolean has_pin)
{
	if (has_pin)
		return HOST_P2P_SINK_SHOWS_PIN;
	if (!host_p2p_needs_pin(methods))
		return HOST_P2P_PUSH_BUTTON;
	/* What has a screen shows it; a remote control is no good keypad. */
	return methods & HOST_P2P_METHOD_DISPLAY ? HOST_P2P_SINK_SHOWS_PIN : HOST_P2P_WE_SHOW_PIN;
}

char *host_p2p_clean_pin(const char *typed)
{
	g_autoptr(GString) pin = g_string_new(NULL);
	guint sum = 0;

	for (; *typed && pin->len <= 8; typed++) {
		if (g_ascii_isdigit(*typed))
			g_string_append_c(pin, *typed);
		else if (*typed != ' ' && *typed != '-')
			return NULL;
	}
	if (pin->len != 4 && pin->len != 8)
		return NULL;
	/* WSC: the digits at odd places count three times; all together end with 0. */
	for (gsize i = 0; i < pin->len; i++)
		sum += (pin->str[i] - '0') * (i % 2 ? 1 : 3);
	if (pin->len == 8 && sum % 10)
		return NULL;
	return g_string_free(g_steal_pointer(&pin), FALSE);
}

int host_p2p_choose_intent(int wished, guint attempt)
{
	/*
	 * As client we notice in seconds that the sink has gone, and it chooses a channel that it
	 * can do; but some sinks cannot own a group.
	 */
	int first = wished < 0 ? 0 : wished;

	if (!attempt)
		return first;
	return first < 8 ? 15 : 0;
}

gboolean host_p2p_may_turn_round(HostP2pPairing pairing, HostReason reason)
{
	/* That both want to own comes out before there are keys. */
	return pairing == HOST_P2P_PUSH_BUTTON || reason == HOST_REASON_BOTH_WANT_TO_OWN;
}

const char *host_p2p_kind(const guint8 *type, gsize n)
{
	static const guint8 wifi_alliance[] = {0x00, 0x50, 0xf2, 0x04};
	static const char *const categories[] = {
		[1] = "computer", [2] = "input",   [3] = "printer", [4] = "camera",
		[5] = "storage",  [6] = "network", [7] = "display", [8] = "multimedia",
		[9] = "game",	  [10] = "phone",  [11] = "audio",
	};
	static const char *const displays[] = {
		[1] = "tv",
		[2] = "picture-frame",
		[3] = "projector",
		[4] = "monitor",
	};
	guint category, subcategory;

	if (n != 8 || memcmp(type + 2, wifi_alliance, sizeof(wifi_alliance)))
		return "";
	category = type[0] << 8 | type[1];
	subcategory = type[6] << 8 | type[7];
	if (category == 7 && subcategory < G_N_ELEMENTS(displays) && displays[subcategory])
		return displays[subcategory];
	if (category >= G_N_ELEMENTS(categories) || !categories[category])
		return "";
	return categories[category];
}

int host_p2p_signal(int dbm)
{
	/* As NetworkManager shows it. */
	return CLAMP(2 * (dbm + 100), 0, 100);
}

char *host_p2p_address(const guint8 *bytes)
{
	return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
			       bytes[3], bytes[4], bytes[5]);
}

HostReason host_p2p_reason(int status, int waited_s)
{
	static const HostReason reasons[] = {
		[1] = HOST_REASON_NOT_ACCEPTED,	     [2] = HOST_REASON_P2P_INCOMPATIBLE,
		[3] = HOST_REASON_SINK_FULL,	     [4] = HOST_REASON_P2P_INVALID,
		[5] = HOST_REASON_SINK_BUSY,	     [6] = HOST_REASON_P2P_DISRUPTED,
		[7] = HOST_REASON_NO_COMMON_CHANNEL, [8] = HOST_REASON_UNKNOWN_GROUP,
		[9] = HOST_REASON_BOTH_WANT_TO_OWN,  [10] = HOST_REASON_PAIRING_UNSUPPORTED,
		[11] = HOST_REASON_DECLINED,	     [12] = HOST_REASON_NOT_ACCEPTED,
		[13] = HOST_REASON_SINK_BUSY,
	};

	/* It was found a moment before it was asked: what is silent for so long is its person. */
	if (status == -1)
		return waited_s < HOST_P2P_SOON_S ? HOST_REASON_SINK_NOT_ANSWERING
						  : HOST_REASON_NOT_ACCEPTED;
	if (status < 1 || status >= (int)G_N_ELEMENTS(reasons))
		return HOST_REASON_GROUP_FAILED;
	return reasons[status];
}

HostReason host_p2p_wps_reason(int config_error, HostP2pPairing pairing)
{
	return config_error == WPS_WRONG_PASSWORD && pairing != HOST_P2P_PUSH_BUTTON
		       ? HOST_REASON_WRONG_PIN
		       : HOST_REASON_PAIRING_FAILED;
}
