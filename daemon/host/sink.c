// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink.h"

#include "discovery/finder-address.h"
#include "root.h"

#define MAX_IDENTITIES 32

struct _HostSink {
	GObject parent_instance;

	char *path;
	BusSink1 *bus;
	GPtrArray *ways; /* HostWay, the preferred ones first */
	HostKnown *known;
};

G_DEFINE_FINAL_TYPE(HostSink, host_sink, G_TYPE_OBJECT)

/* What a finder forgot to say must not make the bus close the connection. */
static const char *or_empty(const char *text)
{
	return text && g_utf8_validate(text, -1, NULL) ? text : "";
}

static const char *choose_name(HostSink *self)
{
	for (guint i = 0; i < self->ways->len; i++) {
		const HostWay *way = self->ways->pdata[i];

		/* An address that was typed is named by it. */
		if (*or_empty(way->finding->name) &&
		    g_strcmp0(way->finding->name, way->finding->address))
			return way->finding->name;
	}
	if (self->known)
		return self->known->name;
	for (guint i = 0; i < self->ways->len; i++) {
		const HostWay *way = self->ways->pdata[i];

		if (*or_empty(way->finding->address))
			return way->finding->address;
	}
	return "?";
}

static void show_ways(HostSink *self)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) names = NULL;
	const char *last = NULL;

	for (guint i = 0; i < self->ways->len; i++) {
		const HostWay *way = self->ways->pdata[i];
		const char *name = host_way_get_name(way);

		if (g_strcmp0(name, last))
			g_strv_builder_add(builder, name);
		last = name;
	}
	names = g_strv_builder_end(builder);
	bus_sink1_set_ways(self->bus, (const char *const *)names);
}

/* Of several ways, the preferred one that knows counts. */
static void show(HostSink *self)
{
	const char *address = "", *kind = self->known ? self->known->kind : "";
	gboolean available = FALSE, needs_pin = FALSE, content_protection = FALSE;
	const char *obstacle = NULL, *obstacle_message = NULL;
	gboolean is_free = FALSE;
	int signal = -1;

	for (guint i = self->ways->len; i > 0; i--) {
		const HostWay *way = self->ways->pdata[i - 1];
		const HostFinding *finding = way->finding;

		if (*or_empty(finding->address))
			address = finding->address;
		if (*or_empty(finding->kind))
			kind = finding->kind;
		if (finding->signal >= 0)
			signal = MIN(finding->signal, 100);
		if (finding->available)
			needs_pin = finding->needs_pin;
		available |= finding->available;
		content_protection |= finding->content_protection;
		obstacle = finding->obstacle;
		obstacle_message = finding->obstacle_message;
		is_free |= !finding->obstacle;
	}
	if (!self->ways->len && self->known && self->known->address)
		address = self->known->address;
	show_ways(self);
	bus_sink1_set_name(self->bus, choose_name(self));
	bus_sink1_set_address(self->bus, address);
	bus_sink1_set_kind(self->bus, kind);
	bus_sink1_set_signal_strength(self->bus, signal);
	bus_sink1_set_known(self->bus, self->known != NULL);
	bus_sink1_set_available(self->bus, available);
	bus_sink1_set_needs_pin(self->bus, needs_pin);
	bus_sink1_set_content_protection(self->bus, content_protection);
	/* Nothing is in the way as long as one way is free. */
	bus_sink1_set_obstacle(self->bus, is_free ? "" : or_empty(obstacle));
	bus_sink1_set_obstacle_message(self->bus, is_free ? "" : or_empty(obstacle_message));
}

static gboolean is_same(const HostWay *way, HostFinder *finder, const char *id)
{
	return way->finder == finder && !strcmp(way->finding->id, id);
}

static void remove_way(HostSink *self, HostFinder *finder, const char *id)
{
	for (guint i = 0; i < self->ways->len; i++) {
		if (!is_same(self->ways->pdata[i], finder, id))
			continue;
		g_ptr_array_remove_index(self->ways, i);
		return;
	}
}

void host_sink_set_way(HostSink *self, HostWay *way)
{
	guint i = 0;

	for (guint old = 0; old < self->ways->len; old++) {
		HostWay *other = self->ways->pdata[old];

		if (!is_same(other, way->finder, way->finding->id))
			continue;
		self->ways->pdata[old] = host_way_ref(way);
		host_way_unref(other);
		show(self);
		return;
	}
	while (i < self->ways->len && ((HostWay *)self->ways->pdata[i])->rank <= way->rank)
		i++;
	g_ptr_array_insert(self->ways, (int)i, host_way_ref(way));
	show(self);
}

void host_sink_remove_way(HostSink *self, HostFinder *finder, const char *id)
{
	remove_way(self, finder, id);
	show(self);
}

GPtrArray *host_sink_get_ways(HostSink *self, const char *only)
{
	GPtrArray *ways = g_ptr_array_new_with_free_func((GDestroyNotify)host_way_unref);

	for (guint i = 0; i < self->ways->len; i++) {
		HostWay *way = self->ways->pdata[i];

		if (!only || !strcmp(host_way_get_name(way), only))
			g_ptr_array_add(ways, host_way_ref(way));
	}
	return ways;
}

static void add_identities(GHashTable *all, char **identities)
{
	for (char **one = identities; one && *one; one++)
		if (g_hash_table_size(all) < MAX_IDENTITIES && *or_empty(*one) &&
		    !g_hash_table_contains(all, *one))
			g_hash_table_add(all, g_strdup(*one));
}

char **host_sink_get_identities(HostSink *self)
{
	g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);

	if (self->known)
		add_identities(all, self->known->identities);
	for (guint i = 0; i < self->ways->len; i++)
		add_identities(all, ((HostWay *)self->ways->pdata[i])->finding->identities);
	return (char **)g_hash_table_get_keys_as_array(all, NULL);
}

void host_sink_set_known(HostSink *self, HostKnown *known)
{
	g_clear_pointer(&self->known, host_known_free);
	self->known = known;
	show(self);
}

const HostKnown *host_sink_get_known(HostSink *self)
{
	return self->known;
}

HostKnown *host_sink_make_known(HostSink *self)
{
	g_autoptr(HostKnown) known = g_new0(HostKnown, 1);

	known->name = g_strdup(bus_sink1_get_name(self->bus));
	known->kind = g_strdup(bus_sink1_get_kind(self->bus));
	known->identities = host_sink_get_identities(self);
	for (guint i = 0; i < self->ways->len && !known->address; i++) {
		const HostWay *way = self->ways->pdata[i];

		if (!strcmp(host_way_get_name(way), HOST_WAY_ADDRESS))
			known->address = g_strdup(way->finding->id);
	}
	known->last_used = g_get_real_time() / G_USEC_PER_SEC;
	return host_known_settle(known) ? g_steal_pointer(&known) : NULL;
}

int host_sink_compare_use(gconstpointer a, gconstpointer b)
{
	const HostSink *first = *(HostSink *const *)a;
	const HostSink *second = *(HostSink *const *)b;

	return first->known->last_used > second->known->last_used
		       ? -1
		       : first->known->last_used < second->known->last_used;
}

void host_sink_set_session(HostSink *self, const char *session)
{
	bus_sink1_set_session(self->bus, session ? session : "/");
}

gboolean host_sink_has_session(HostSink *self)
{
	return strcmp(bus_sink1_get_session(self->bus), "/") != 0;
}

gboolean host_sink_is_gone(HostSink *self)
{
	return !self->ways->len && !self->known && !host_sink_has_session(self);
}

const char *host_sink_get_path(HostSink *self)
{
	return self->path;
}

BusSink1 *host_sink_get_bus(HostSink *self)
{
	return self->bus;
}

const char *host_sink_get_name(HostSink *self)
{
	return bus_sink1_get_name(self->bus);
}

static void host_sink_init(HostSink *self)
{
	self->bus = bus_sink1_skeleton_new();
	self->ways = g_ptr_array_new_with_free_func((GDestroyNotify)host_way_unref);
}

static void host_sink_finalize(GObject *object)
{
	HostSink *self = HOST_SINK(object);

	g_free(self->path);
	g_object_unref(self->bus);
	g_ptr_array_unref(self->ways);
	g_clear_pointer(&self->known, host_known_free);
	G_OBJECT_CLASS(host_sink_parent_class)->finalize(object);
}

static void host_sink_class_init(HostSinkClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_sink_finalize;
}

HostSink *host_sink_new(guint number)
{
	HostSink *self = g_object_new(HOST_TYPE_SINK, NULL);

	self->path = g_strdup_printf(HOST_BUS_ROOT "/sink/%u", number);
	bus_sink1_set_session(self->bus, "/");
	show(self);
	return self;
}
