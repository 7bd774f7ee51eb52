// SPDX-License-Identifier: GPL-2.0-or-later
#include "supplicant-search.h"

#include "supplicant-bus.h"

/* A search on the social channels, one on all of them, and what lies between two rounds. */
#define SOCIAL_S 10
#define FULL_S	 20
#define PAUSE_S	 5
/* An end that was not told of is assumed so much later. */
#define LATE_S 5

typedef enum {
	SEARCH_NONE,
	SEARCH_SOCIAL,
	SEARCH_FULL,
	SEARCH_PAUSE,
} SearchPhase;

struct _HostSupplicantSearch {
	GObject *owner;
	GDBusConnection *connection;
	HostSupplicantRadio *radio;
	HostSupplicantAnnouncement *announcement;

	guint searches; /* that were started */
	gconstpointer group; /* that it is claimed for */
	SearchPhase phase;
	guint phase_source;
};

static void search(HostSupplicantSearch *self);

static gboolean on_phase_over(gpointer data)
{
	static const SearchPhase next[] = {
		[SEARCH_SOCIAL] = SEARCH_FULL,
		[SEARCH_FULL] = SEARCH_PAUSE,
		[SEARCH_PAUSE] = SEARCH_SOCIAL,
	};
	HostSupplicantSearch *self = data;

	self->phase_source = 0;
	self->phase = next[self->phase];
	search(self);
	return G_SOURCE_REMOVE;
}

static void set_phase(HostSupplicantSearch *self, SearchPhase phase, guint limit_s)
{
	g_clear_handle_id(&self->phase_source, g_source_remove);
	self->phase = phase;
	if (limit_s)
		self->phase_source = g_timeout_add_seconds(limit_s, on_phase_over, self);
}

static void on_find_called(GObject *object, GAsyncResult *result, gpointer data)
{
	HostSupplicantSearch *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = host_supplicant_bus_finish(object, result, &error);

	if (answer || (self->phase != SEARCH_SOCIAL && self->phase != SEARCH_FULL))
		return;
	g_debug("Find: %s", error->message);
	/* Perhaps the radio is being switched off or on. */
	set_phase(self, SEARCH_PAUSE, PAUSE_S);
}

/* Begins with the phase that it is in. */
static void search(HostSupplicantSearch *self)
{
	GVariantBuilder options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	const char *p2p = host_supplicant_radio_get_p2p(self->radio);
	guint limit;

	if (!self->searches || self->group ||
	    !host_supplicant_announcement_is_ours(self->announcement) || !p2p) {
		set_phase(self, SEARCH_NONE, 0);
		return;
	}
	if (self->phase == SEARCH_PAUSE) {
		set_phase(self, SEARCH_PAUSE, PAUSE_S);
		return;
	}
	if (self->phase == SEARCH_NONE)
		self->phase = SEARCH_SOCIAL;
	limit = self->phase == SEARCH_SOCIAL ? SOCIAL_S : FULL_S;
	g_variant_builder_add(
		&options, "{sv}", "DiscoveryType",
		g_variant_new_string(self->phase == SEARCH_SOCIAL ? "social" : "start_with_full"));
	g_variant_builder_add(&options, "{sv}", "Timeout", g_variant_new_int32(limit));
	g_object_ref(self->owner);
	host_supplicant_bus_call(self->connection, p2p, HOST_SUPPLICANT_P2P, "Find",
				 g_variant_new("(@a{sv})", g_variant_builder_end(&options)), NULL,
				 on_find_called, self);
	set_phase(self, self->phase, limit + LATE_S);
}

static void end_search(HostSupplicantSearch *self)
{
	const char *p2p = host_supplicant_radio_get_p2p(self->radio);

	if (self->phase != SEARCH_NONE && p2p)
		host_supplicant_bus_call(self->connection, p2p, HOST_SUPPLICANT_P2P, "StopFind",
					 NULL, NULL, NULL, NULL);
	set_phase(self, SEARCH_NONE, 0);
}

void host_supplicant_search_end_round(HostSupplicantSearch *self)
{
	if (self->phase != SEARCH_SOCIAL && self->phase != SEARCH_FULL)
		return;
	g_clear_handle_id(&self->phase_source, g_source_remove);
	on_phase_over(self);
}

void host_supplicant_search_start(HostSupplicantSearch *self)
{
	/* A pause between two rounds is not for somebody who has waited for none. */
	if (!self->searches++ || self->phase == SEARCH_PAUSE) {
		self->phase = SEARCH_NONE;
		search(self);
	}
}

void host_supplicant_search_stop(HostSupplicantSearch *self)
{
	if (!--self->searches)
		end_search(self);
}

gboolean host_supplicant_search_claim(HostSupplicantSearch *self, gconstpointer group)
{
	if (self->group)
		return self->group == group;
	self->group = group;
	end_search(self);
	return TRUE;
}

void host_supplicant_search_give_back(HostSupplicantSearch *self, gconstpointer group)
{
	if (self->group != group)
		return;
	self->group = NULL;
	search(self);
}

gboolean host_supplicant_search_is_claimed(HostSupplicantSearch *self)
{
	return self->group != NULL;
}

void host_supplicant_search_go_on(HostSupplicantSearch *self)
{
	search(self);
}

void host_supplicant_search_forget(HostSupplicantSearch *self)
{
	set_phase(self, SEARCH_NONE, 0);
}

HostSupplicantSearch *host_supplicant_search_new(GObject *owner, GDBusConnection *connection,
						 HostSupplicantRadio *radio,
						 HostSupplicantAnnouncement *announcement)
{
	HostSupplicantSearch *self = g_new0(HostSupplicantSearch, 1);

	self->owner = owner;
	self->connection = g_object_ref(connection);
	self->radio = radio;
	self->announcement = announcement;
	return self;
}

void host_supplicant_search_free(HostSupplicantSearch *self)
{
	g_clear_handle_id(&self->phase_source, g_source_remove);
	g_object_unref(self->connection);
	g_free(self);
}
