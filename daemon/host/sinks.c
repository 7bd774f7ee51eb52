// SPDX-License-Identifier: GPL-2.0-or-later
#include "sinks.h"

#include "discovery/finder-address.h"

#include <stdbool.h>

struct _HostSinks {
	char *file;
	GDBusObjectManagerServer *server;
	GPtrArray *finders;
	HostSinkAdded added;
	gpointer user_data;

	GHashTable *sinks; /* HostSink to its identities in by_identity: char ** */
	GHashTable *by_identity; /* to HostSink */
	GHashTable *by_finding; /* finding_key() to HostSink */
	guint last_number;
	bool full; /* and the log says so */

	bool searching;
	GHashTable *heard; /* finding_key() of those that were told since this search began */
	guint keep_s;
	guint age_source;
};

static guint rank_of(HostSinks *self, HostFinder *finder)
{
	guint rank;

	if (!g_ptr_array_find(self->finders, finder, &rank))
		g_assert_not_reached();
	return rank;
}

static char *finding_key(guint rank, const char *id)
{
	return g_strdup_printf("%u %s", rank, id);
}

/*
 * Those that are known.
 */

/* (element-type HostSink) (transfer container): the one that was used last first */
static GPtrArray *list_known(HostSinks *self)
{
	GPtrArray *known = g_ptr_array_new();
	GHashTableIter iter;
	gpointer sink;

	g_hash_table_iter_init(&iter, self->sinks);
	while (g_hash_table_iter_next(&iter, &sink, NULL))
		if (host_sink_get_known(sink))
			g_ptr_array_add(known, sink);
	g_ptr_array_sort(known, host_sink_compare_use);
	return known;
}

static void save(HostSinks *self)
{
	g_autoptr(GPtrArray) sinks = list_known(self);
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < MIN(sinks->len, HOST_KNOWN_MAX); i++)
		g_ptr_array_add(all, (gpointer)host_sink_get_known(sinks->pdata[i]));
	if (!host_known_save(self->file, all, &error))
		g_warning("Known sinks cannot be kept: %s", error->message);
}

/*
 * The index: which sink an identity belongs to.
 */

static void unindex(HostSinks *self, HostSink *sink)
{
	char **identities = g_hash_table_lookup(self->sinks, sink);

	for (char **one = identities; one && *one; one++)
		if (g_hash_table_lookup(self->by_identity, *one) == sink)
			g_hash_table_remove(self->by_identity, *one);
}

static void reindex(HostSinks *self, HostSink *sink)
{
	char **identities = host_sink_get_identities(sink);

	unindex(self, sink);
	for (char **one = identities; *one; one++)
		if (!g_hash_table_contains(self->by_identity, *one))
			g_hash_table_insert(self->by_identity, g_strdup(*one), sink);
	g_hash_table_replace(self->sinks, g_object_ref(sink), identities);
}

/*
 * Sinks come and go.
 */

static HostSink *add_sink(HostSinks *self)
{
	g_autoptr(BusObjectSkeleton) object = NULL;
	HostSink *sink = host_sink_new(++self->last_number);

	g_hash_table_insert(self->sinks, sink, NULL);
	self->added(sink, self->user_data);
	object = bus_object_skeleton_new(host_sink_get_path(sink));
	bus_object_skeleton_set_sink1(object, host_sink_get_bus(sink));
	g_dbus_object_manager_server_export(self->server, G_DBUS_OBJECT_SKELETON(object));
	return sink;
}

static void remove_sink(HostSinks *self, HostSink *sink)
{
	g_dbus_object_manager_server_unexport(self->server, host_sink_get_path(sink));
	unindex(self, sink);
	g_hash_table_remove(self->sinks, sink);
	self->full = false;
}

/* After something of it has gone. */
static void review(HostSinks *self, HostSink *sink)
{
	if (host_sink_is_gone(sink))
		remove_sink(self, sink);
	else
		reindex(self, sink);
}

static bool is_preferred(HostSink *a, HostSink *b)
{
	if (host_sink_has_session(a) != host_sink_has_session(b))
		return host_sink_has_session(a);
	if (!host_sink_get_known(a) != !host_sink_get_known(b))
		return host_sink_get_known(a) != NULL;
	/* The older one: its path is shorter, or smaller. */
	return strlen(host_sink_get_path(a)) == strlen(host_sink_get_path(b))
		       ? strcmp(host_sink_get_path(a), host_sink_get_path(b)) < 0
		       : strlen(host_sink_get_path(a)) < strlen(host_sink_get_path(b));
}

/* (transfer full): of two that are one; @known: (nullable) */
static HostKnown *join_known(const HostKnown *known, const HostKnown *other)
{
	HostKnown *joined = host_known_copy(known ? known : other);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	if (!known)
		return joined;
	g_strv_builder_addv(builder, (const char **)known->identities);
	for (char **one = other->identities; *one; one++)
		if (!g_strv_contains((const char *const *)known->identities, *one))
			g_strv_builder_add(builder, *one);
	g_strfreev(joined->identities);
	joined->identities = g_strv_builder_end(builder);
	joined->last_used = MAX(known->last_used, other->last_used);
	return joined;
}

/* All of @from goes to @to. */
static void take_over(HostSinks *self, HostSink *to, HostSink *from)
{
	g_autoptr(GPtrArray) ways = host_sink_get_ways(from, NULL);
	bool known = host_sink_get_known(from);

	for (guint i = 0; i < ways->len; i++) {
		HostWay *way = ways->pdata[i];

		host_sink_set_way(to, way);
		g_hash_table_replace(self->by_finding, finding_key(way->rank, way->finding->id),
				     to);
	}
	/* What only looks like one as long as both are there is not kept as one: a session says what is. */
	if (known)
		host_sink_set_known(to,
				    join_known(host_sink_get_known(to), host_sink_get_known(from)));
	remove_sink(self, from);
	if (known)
		save(self);
}

/* An address is lent: who has it now need not be who had it. @sink: (nullable): that @finding is of */
static bool may_share_address(HostSinks *self, HostSink *sink, const HostFinding *finding,
			      HostSink *other)
{
	bool lasts = host_identities_last(finding->identities) ||
		     (sink && host_identities_last(g_hash_table_lookup(self->sinks, sink)));

	if (lasts && host_identities_last(g_hash_table_lookup(self->sinks, other)))
		return false;
	return !sink || !host_sink_get_known(sink) || !host_sink_get_known(other);
}

/* By those of @finding's identities that last, or by its addresses. */
static HostSink *merge_by(HostSinks *self, HostSink *sink, const HostFinding *finding,
			  bool by_address)
{
	for (char **one = finding->identities; one && *one; one++) {
		HostSink *other = g_hash_table_lookup(self->by_identity, *one);

		if (g_str_has_prefix(*one, HOST_IDENTITY_ADDRESS) != by_address || !other ||
		    other == sink || (by_address && !may_share_address(self, sink, finding, other)))
			continue;
		if (!sink) {
			sink = other;
			continue;
		}
		if (host_sink_has_session(sink) && host_sink_has_session(other))
			continue;
		if (is_preferred(other, sink)) {
			take_over(self, other, sink);
			sink = other;
		} else {
			take_over(self, sink, other);
		}
	}
	return sink;
}

/* The sink that @finding is one of, and @sink, which may be NULL; all that turn out to be one. */
static HostSink *merge(HostSinks *self, HostSink *sink, const HostFinding *finding)
{
	return merge_by(self, merge_by(self, sink, finding, false), finding, true);
}

static void on_found(HostFinder *finder, HostFinding *finding, HostSinks *self)
{
	guint rank = rank_of(self, finder);
	g_autofree char *key = finding_key(rank, finding->id);
	g_autoptr(HostWay) way = host_way_new(finder, rank, finding);
	HostSink *sink = merge(self, g_hash_table_lookup(self->by_finding, key), finding);

	if (!sink && g_hash_table_size(self->sinks) >= HOST_SINKS_MAX &&
	    !HOST_IS_FINDER_ADDRESS(finder)) {
		if (!self->full)
			g_warning("More than %u sinks: \"%s\" and others are not shown",
				  HOST_SINKS_MAX, finding->name);
		self->full = true;
		return;
	}
	if (!sink)
		sink = add_sink(self);
	host_sink_set_way(sink, way);
	if (self->searching)
		g_hash_table_add(self->heard, g_strdup(key));
	g_hash_table_replace(self->by_finding, g_steal_pointer(&key), sink);
	reindex(self, sink);
}

static void on_lost(HostFinder *finder, const char *id, HostSinks *self)
{
	g_autofree char *key = finding_key(rank_of(self, finder), id);
	HostSink *sink = g_hash_table_lookup(self->by_finding, key);

	if (!sink)
		return;
	g_hash_table_remove(self->heard, key);
	g_hash_table_remove(self->by_finding, key);
	host_sink_remove_way(sink, finder, id);
	review(self, sink);
}

/*
 * Searching.
 */

/* Nobody looks any more, or whoever looks has not found it again: nobody can say that it is still there. */
static void drop_ways(HostSinks *self, HostSink *sink)
{
	g_autoptr(GPtrArray) ways = host_sink_get_ways(sink, NULL);

	for (guint i = 0; i < ways->len; i++) {
		HostWay *way = ways->pdata[i];
		g_autofree char *key = finding_key(way->rank, way->finding->id);

		if (HOST_IS_FINDER_ADDRESS(way->finder) || g_hash_table_contains(self->heard, key))
			continue;
		g_hash_table_remove(self->by_finding, key);
		host_sink_remove_way(sink, way->finder, way->finding->id);
	}
	review(self, sink);
}

static gboolean on_aged(gpointer data)
{
	HostSinks *self = data;
	g_autoptr(GList) sinks = g_hash_table_get_keys(self->sinks);

	self->age_source = 0;
	for (GList *item = sinks; item; item = item->next)
		if (!host_sink_has_session(item->data))
			drop_ways(self, item->data);
	return G_SOURCE_REMOVE;
}

static void begin_to_age(HostSinks *self)
{
	/* Of what went between two searches no finder tells. */
	guint ms = self->keep_s * 1000 / (self->searching ? 4 : 1);

	if (!self->age_source)
		self->age_source = g_timeout_add(ms, on_aged, self);
}

void host_sinks_set_searching(HostSinks *self, gboolean searching)
{
	if (self->searching == searching)
		return;
	self->searching = searching;
	g_hash_table_remove_all(self->heard);
	g_clear_handle_id(&self->age_source, g_source_remove);
	for (guint i = 0; i < self->finders->len; i++) {
		if (searching)
			host_finder_start(self->finders->pdata[i]);
		else
			host_finder_stop(self->finders->pdata[i]);
	}
	begin_to_age(self);
}

void host_sinks_glance(HostSinks *self)
{
	for (guint i = 0; i < self->finders->len; i++)
		host_finder_glance(self->finders->pdata[i]);
}

HostSink *host_sinks_find(HostSinks *self, HostFinder *finder, const char *id)
{
	g_autofree char *key = finding_key(rank_of(self, finder), id);

	return g_hash_table_lookup(self->by_finding, key);
}

HostSink *host_sinks_find_by_path(HostSinks *self, const char *path)
{
	GHashTableIter iter;
	gpointer sink;

	g_hash_table_iter_init(&iter, self->sinks);
	while (g_hash_table_iter_next(&iter, &sink, NULL))
		if (!strcmp(host_sink_get_path(sink), path))
			return sink;
	return NULL;
}

/*
 * What sessions do to sinks.
 */

/* An address that never led to a sink is no sink's, and one that can be told without it does not keep it. */
static void drop_address(HostSink *sink)
{
	g_autoptr(GPtrArray) ways = host_sink_get_ways(sink, HOST_WAY_ADDRESS);

	for (guint i = 0; i < ways->len; i++) {
		HostWay *way = ways->pdata[i];

		host_finder_forget(way->finder, way->finding);
	}
}

void host_sinks_set_session(HostSinks *self, HostSink *sink, const char *session)
{
	g_autoptr(HostSink) kept = g_object_ref(sink);
	const HostKnown *known = host_sink_get_known(sink);

	host_sink_set_session(sink, session);
	if (session)
		return;
	if (!known || !known->address)
		drop_address(sink);
	if (g_hash_table_contains(self->sinks, sink))
		review(self, sink);
	begin_to_age(self);
}

/* What its finders keep for it, keys and addresses, they keep no more. */
static void forget(HostSinks *self, HostSink *sink)
{
	g_autoptr(HostSink) kept = g_object_ref(sink);
	g_autoptr(GPtrArray) ways = host_sink_get_ways(sink, NULL);
	g_autoptr(HostFinding) known = host_finding_new("");

	g_strfreev(known->identities);
	known->identities = host_sink_get_identities(sink);
	known->name = g_strdup(host_sink_get_name(sink));
	known->address = g_strdup("");
	host_sink_set_known(sink, NULL);
	for (guint rank = 0; rank < self->finders->len; rank++) {
		HostFinding *finding = known;

		for (guint i = 0; i < ways->len; i++)
			if (((HostWay *)ways->pdata[i])->rank == rank)
				finding = ((HostWay *)ways->pdata[i])->finding;
		host_finder_forget(self->finders->pdata[rank], finding);
	}
	if (g_hash_table_contains(self->sinks, sink))
		review(self, sink);
}

void host_sinks_remember(HostSinks *self, HostSink *sink)
{
	HostKnown *now = host_sink_make_known(sink);
	g_autoptr(GPtrArray) known = NULL;

	if (!now)
		return;
	host_sink_set_known(sink, now);
	reindex(self, sink);
	known = list_known(self);
	for (guint i = HOST_KNOWN_MAX; i < known->len; i++)
		forget(self, known->pdata[i]);
	save(self);
}

void host_sinks_forget(HostSinks *self, HostSink *sink)
{
	forget(self, sink);
	save(self);
}

static void add_address(HostSinks *self, const char *text)
{
	for (guint i = 0; i < self->finders->len; i++)
		if (HOST_IS_FINDER_ADDRESS(self->finders->pdata[i]))
			host_finder_address_add(self->finders->pdata[i], text);
}

static void load(HostSinks *self)
{
	g_autoptr(GPtrArray) all = host_known_load(self->file);

	while (all->len) {
		HostKnown *known = g_ptr_array_steal_index(all, 0);
		HostSink *sink = add_sink(self);

		host_sink_set_known(sink, known);
		reindex(self, sink);
		if (known->address)
			add_address(self, known->address);
	}
}

HostSinks *host_sinks_new(const char *file, GDBusObjectManagerServer *server, GPtrArray *finders,
			  guint keep_s, HostSinkAdded added, gpointer user_data)
{
	HostSinks *self = g_new0(HostSinks, 1);

	self->file = g_strdup(file);
	self->server = g_object_ref(server);
	self->finders = g_ptr_array_ref(finders);
	self->keep_s = keep_s;
	self->added = added;
	self->user_data = user_data;
	self->sinks = g_hash_table_new_full(NULL, NULL, g_object_unref, (GDestroyNotify)g_strfreev);
	self->by_identity = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->by_finding = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < finders->len; i++) {
		g_signal_connect(finders->pdata[i], "found", G_CALLBACK(on_found), self);
		g_signal_connect(finders->pdata[i], "lost", G_CALLBACK(on_lost), self);
	}
	load(self);
	return self;
}

void host_sinks_free(HostSinks *self)
{
	host_sinks_set_searching(self, FALSE);
	g_clear_handle_id(&self->age_source, g_source_remove);
	for (guint i = 0; i < self->finders->len; i++)
		g_signal_handlers_disconnect_by_data(self->finders->pdata[i], self);
	g_hash_table_unref(self->heard);
	g_hash_table_unref(self->by_finding);
	g_hash_table_unref(self->by_identity);
	g_hash_table_unref(self->sinks);
	g_ptr_array_unref(self->finders);
	g_object_unref(self->server);
	g_free(self->file);
	g_free(self);
}
