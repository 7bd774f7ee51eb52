// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Avahi names a service once for each interface and family that it hears it on: those of one name are one
 * sink, which is there as long as one of them is. Each is resolved by itself to a host, whose addresses
 * are followed: they change while a search lasts. A sink is told of when it has an address, and again
 * whenever they are others.
 */
#include "finder-mice.h"

#include "device-name.h"
#include "links/link-mice.h"
#include "links/route.h"
#include "reason.h"

#include <stdbool.h>
#include <string.h>

#define SERVICE	       "_display._tcp"
#define AVAHI	       "org.freedesktop.Avahi"
#define BROWSER	       AVAHI ".ServiceBrowser"
#define RECORD_BROWSER AVAHI ".RecordBrowser"
#define ANY	       (-1) /* interface, as protocol */
#define NO_ADDRESS     8u /* a flag of lookups */
#define CLASS_IN       1 /* of records, as their types */
#define TYPE_A	       1
#define TYPE_AAAA      28

static const guint16 record_types[] = {TYPE_A, TYPE_AAAA};

/* A network full of them fills neither memory nor the 1024 objects that Avahi has for us: two a service. */
#define MAX_SERVICES  256
#define MAX_RECORDS   32 /* addresses of a sink, each as often as it is heard of */
#define MAX_ADDRESSES 8 /* of a sink, that a link tries */

/* What Avahi has no answer to is asked again after so many seconds, then after twice as many, and so on. */
#define RETRY_S	    2
#define MAX_RETRY_S 60

/* Addresses of mDNS come before those of the DNS, IPv4 before IPv6: a scope cannot be in a URL. */
typedef enum {
	RANK_MDNS_IPV4,
	RANK_MDNS_IPV6,
	RANK_DNS,
} MiceRank;

/* What a link needs of a sink. */
#define HOST_TYPE_MICE_ORIGIN (host_mice_origin_get_type())
G_DECLARE_FINAL_TYPE(HostMiceOrigin, host_mice_origin, HOST, MICE_ORIGIN, GObject)

struct _HostMiceOrigin {
	GObject parent_instance;
	GPtrArray *addresses; /* GInetSocketAddress */
};

G_DEFINE_FINAL_TYPE(HostMiceOrigin, host_mice_origin, G_TYPE_OBJECT)

static void host_mice_origin_init(HostMiceOrigin *self)
{
	self->addresses = g_ptr_array_new_with_free_func(g_object_unref);
}

static void host_mice_origin_finalize(GObject *object)
{
	g_ptr_array_unref(HOST_MICE_ORIGIN(object)->addresses);
	G_OBJECT_CLASS(host_mice_origin_parent_class)->finalize(object);
}

static void host_mice_origin_class_init(HostMiceOriginClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_mice_origin_finalize;
}

/* As a service was heard on @interface and by @protocol, which it goes with. */
typedef struct {
	GInetSocketAddress *address;
	MiceRank rank;
	gint32 interface, protocol;
} MiceAddress;

static void mice_address_free(gpointer data)
{
	MiceAddress *address = data;

	g_object_unref(address->address);
	g_free(address);
}

typedef struct _MiceSink MiceSink;

/* What a sink is heard as. */
typedef struct {
	HostFinderMice *finder; /* not a reference, as the sink */
	MiceSink *sink;
	gint32 interface, protocol;
	char *host; /* NULL: not resolved yet */
	guint16 port;
	GPtrArray *browsers; /* of the host's addresses: paths */
	bool lacks[G_N_ELEMENTS(record_types)]; /* the browser of those, which Avahi did not make */
	guint retry_source;
	guint retry_s; /* how long the next retry waits */
} MiceService;

static void mice_service_free(gpointer data)
{
	MiceService *service = data;

	g_clear_handle_id(&service->retry_source, g_source_remove);
	g_ptr_array_unref(service->browsers);
	g_free(service->host);
	g_free(service);
}

struct _MiceSink {
	char *id; /* name and domain */
	char *announced, *domain; /* the same, one by one */
	char *name; /* the service's, for people */
	GHashTable *services; /* MiceService that it is heard as, by service_key() */
	GPtrArray *addresses; /* MiceAddress, the preferred ones first */
	char *container; /* identities; NULL: not known */
	char *p2p_address;
	bool told;
};

static void mice_sink_free(gpointer data)
{
	MiceSink *sink = data;

	g_hash_table_unref(sink->services);
	g_ptr_array_unref(sink->addresses);
	g_free(sink->id);
	g_free(sink->announced);
	g_free(sink->domain);
	g_free(sink->name);
	g_free(sink->container);
	g_free(sink->p2p_address);
	g_free(sink);
}

struct _HostFinderMice {
	GObject parent_instance;

	GDBusConnection *connection;
	HostListener *listener;
	guint watch;
	bool searching;
	bool is_there; /* Avahi */
	char *failure; /* why it does not look; NULL: it does, or is not to */
	char *problem; /* as it was told last */

	/* While it looks. */
	GCancellable *cancellable;
	guint signals;
	guint record_signals;
	char *browser; /* NULL: not known yet */
	bool browser_asked_for; /* and the answer has not come */
	char *last_browser; /* of the search before */
	guint n_services;
	GHashTable *sinks; /* by id */
};

static void host_finder_mice_iface_init(HostFinderInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostFinderMice, host_finder_mice, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_FINDER, host_finder_mice_iface_init))

static char *service_key(gint32 interface, gint32 protocol)
{
	return g_strdup_printf("%d %d", interface, protocol);
}

/* (nullable) */
static MiceService *find_service(MiceSink *sink, gint32 interface, gint32 protocol)
{
	g_autofree char *key = service_key(interface, protocol);

	return g_hash_table_lookup(sink->services, key);
}

/* What is asked about a service, or its host. */
typedef struct {
	HostFinderMice *self;
	GCancellable *cancellable; /* cancelled: nobody wants to know */
	char *id;
	gint32 interface, protocol;
	gsize record; /* in record_types, if it is about those */
} MiceQuestion;

static MiceQuestion *question_new(const MiceService *service)
{
	MiceQuestion *question = g_new0(MiceQuestion, 1);

	question->self = g_object_ref(service->finder);
	question->cancellable = g_object_ref(service->finder->cancellable);
	question->id = g_strdup(service->sink->id);
	question->interface = service->interface;
	question->protocol = service->protocol;
	return question;
}

static void question_free(MiceQuestion *question)
{
	g_object_unref(question->self);
	g_object_unref(question->cancellable);
	g_free(question->id);
	g_free(question);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MiceQuestion, question_free)

/* The service that was asked about, and its sink, if it is still wanted and there. */
static MiceService *question_service(const MiceQuestion *question, MiceSink **sink)
{
	if (g_cancellable_is_cancelled(question->cancellable))
		return NULL;
	*sink = g_hash_table_lookup(question->self->sinks, question->id);
	return *sink ? find_service(*sink, question->interface, question->protocol) : NULL;
}

static void call(HostFinderMice *self, const char *path, const char *interface, const char *method,
		 GVariant *arguments, const char *reply, GAsyncReadyCallback callback,
		 gpointer user_data)
{
	/* Whoever has stopped Avahi does not want it started. */
	g_dbus_connection_call(self->connection, AVAHI, path, interface, method, arguments,
			       reply ? G_VARIANT_TYPE(reply) : NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable, callback,
			       user_data);
}

/*
 * Telling of sinks.
 */

static bool is_same(GInetSocketAddress *a, GInetSocketAddress *b)
{
	GInetAddress *first = g_inet_socket_address_get_address(a);

	/* A scope is IPv6's only. */
	return g_inet_address_equal(first, g_inet_socket_address_get_address(b)) &&
	       (g_inet_address_get_family(first) != G_SOCKET_FAMILY_IPV6 ||
		g_inet_socket_address_get_scope_id(a) == g_inet_socket_address_get_scope_id(b));
}

static gboolean is_same_at(gconstpointer a, gconstpointer b)
{
	GInetSocketAddress *first = G_INET_SOCKET_ADDRESS((gpointer)a);
	GInetSocketAddress *second = G_INET_SOCKET_ADDRESS((gpointer)b);

	return is_same(first, second) &&
	       g_inet_socket_address_get_port(first) == g_inet_socket_address_get_port(second);
}

static void tell(HostFinderMice *self, MiceSink *sink)
{
	g_autoptr(HostFinding) finding = host_finding_new(sink->id);
	g_autoptr(GStrvBuilder) identities = g_strv_builder_new();
	HostMiceOrigin *origin = g_object_new(HOST_TYPE_MICE_ORIGIN, NULL);

	if (sink->container)
		g_strv_builder_add(identities, sink->container);
	if (sink->p2p_address)
		g_strv_builder_add(identities, sink->p2p_address);
	for (guint i = 0; i < sink->addresses->len && origin->addresses->len < MAX_ADDRESSES; i++) {
		const MiceAddress *one = sink->addresses->pdata[i];
		g_autofree char *text = host_route_to_text(one->address);
		g_autofree char *identity = g_strconcat(HOST_IDENTITY_ADDRESS, text, NULL);

		/* It is heard of by IPv4 and IPv6, and by all interfaces of one network. */
		if (g_ptr_array_find_with_equal_func(origin->addresses, one->address, is_same_at,
						     NULL))
			continue;
		g_ptr_array_add(origin->addresses, g_object_ref(one->address));
		if (!i)
			finding->address = g_strdup(text);
		/* What the DNS says of such a name may be another machine. */
		if (one->rank != RANK_DNS)
			g_strv_builder_add(identities, identity);
	}
	g_strfreev(finding->identities);
	finding->identities = g_strv_builder_end(identities);
	finding->name = g_strdup(sink->name);
	finding->origin = G_OBJECT(origin);
	sink->told = true;
	host_finder_emit_found(HOST_FINDER(self), finding);
}

/* After an address has gone. */
static void tell_rest(HostFinderMice *self, MiceSink *sink)
{
	if (sink->addresses->len) {
		tell(self, sink);
	} else if (sink->told) {
		sink->told = false;
		host_finder_emit_lost(HOST_FINDER(self), sink->id);
	}
}

/* One that a sink on the network can have. */
static bool is_usable(GInetAddress *address)
{
	return !g_inet_address_get_is_any(address) && !g_inet_address_get_is_multicast(address) &&
	       !g_inet_address_get_is_loopback(address);
}

/* That of a link is one on its interface only. */
static GInetSocketAddress *with_scope(GInetAddress *address, gint32 interface, guint16 port)
{
	guint scope = g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 &&
				      g_inet_address_get_is_link_local(address)
			      ? (guint)MAX(interface, 0)
			      : 0;

	return g_object_new(G_TYPE_INET_SOCKET_ADDRESS, "address", address, "port", port,
			    "scope-id", scope, NULL);
}

static void add_address(HostFinderMice *self, MiceSink *sink, GInetAddress *address,
			gint32 interface, gint32 protocol, MiceRank rank)
{
	const MiceService *service = find_service(sink, interface, protocol);
	g_autoptr(GInetSocketAddress) at = with_scope(address, interface, service->port);
	guint place = 0;
	MiceAddress *one;

	if (!is_usable(address) || sink->addresses->len >= MAX_RECORDS)
		return;
	for (guint i = 0; i < sink->addresses->len; i++) {
		one = sink->addresses->pdata[i];
		if (one->interface == interface && one->protocol == protocol &&
		    (one->rank == RANK_DNS) == (rank == RANK_DNS) && is_same(one->address, at))
			return;
		if (one->rank <= rank)
			place = i + 1;
	}
	one = g_new0(MiceAddress, 1);
	one->rank = rank;
	one->interface = interface;
	one->protocol = protocol;
	one->address = g_steal_pointer(&at);
	g_ptr_array_insert(sink->addresses, (gint)place, one);
	tell(self, sink);
}

/* @address: (nullable): NULL: all of that service */
static void remove_addresses(HostFinderMice *self, MiceSink *sink, GInetAddress *address,
			     gint32 interface, gint32 protocol)
{
	guint before = sink->addresses->len;

	for (guint i = before; i-- > 0;) {
		const MiceAddress *one = sink->addresses->pdata[i];

		if (one->interface == interface && one->protocol == protocol &&
		    (!address ||
		     (one->rank != RANK_DNS &&
		      g_inet_address_equal(g_inet_socket_address_get_address(one->address),
					   address))))
			g_ptr_array_remove_index(sink->addresses, i);
	}
	if (sink->addresses->len != before)
		tell_rest(self, sink);
}

/*
 * From a service to a host, and from a host to addresses.
 */

static gboolean on_retry(gpointer data);

static void try_again_later(MiceService *service)
{
	if (service->retry_source)
		return;
	service->retry_source = g_timeout_add_seconds(service->retry_s, on_retry, service);
	service->retry_s = MIN(service->retry_s * 2, MAX_RETRY_S);
}

static void free_browser(HostFinderMice *self, const char *interface, const char *path)
{
	call(self, path, interface, "Free", NULL, NULL, NULL, NULL);
}

static void free_browsers(HostFinderMice *self, const MiceService *service)
{
	for (guint i = 0; i < service->browsers->len; i++)
		free_browser(self, RECORD_BROWSER, service->browsers->pdata[i]);
}

static void on_record_browser(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	MiceService *service;
	const char *path;
	MiceSink *sink;

	service = question_service(question, &sink);
	if (!reply) {
		g_info("Miracast over Infrastructure: %s", error->message);
		if (service) {
			service->lacks[question->record] = true;
			try_again_later(service);
		}
		return;
	}
	g_variant_get(reply, "(&o)", &path);
	if (service)
		g_ptr_array_add(service->browsers, g_strdup(path));
	else
		free_browser(question->self, RECORD_BROWSER, path);
}

/* Two services may have one host. Avahi may tell before it has answered, so the browser does not tell which it is. */
static void on_record(GDBusConnection *connection, const char *sender, const char *path,
		      const char *interface_name, const char *signal, GVariant *arguments,
		      gpointer data)
{
	HostFinderMice *self = data;
	g_autoptr(GInetAddress) address = NULL;
	g_autoptr(GVariant) bytes = NULL;
	g_autoptr(GList) sinks = NULL;
	gint32 interface, protocol;
	const char *name;
	guint16 type;

	if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(iisqqayu)")))
		return;
	g_variant_get(arguments, "(ii&sqq@ayu)", &interface, &protocol, &name, NULL, &type, &bytes,
		      NULL);
	if ((type != TYPE_A && type != TYPE_AAAA) ||
	    g_variant_n_children(bytes) != (type == TYPE_A ? 4 : 16))
		return;
	address = g_inet_address_new_from_bytes(g_variant_get_data(bytes),
						type == TYPE_A ? G_SOCKET_FAMILY_IPV4
							       : G_SOCKET_FAMILY_IPV6);
	sinks = g_hash_table_get_values(self->sinks);
	for (GList *item = sinks; item; item = item->next) {
		const MiceService *service = find_service(item->data, interface, protocol);

		if (!service || !service->port || g_ascii_strcasecmp(service->host, name))
			continue;
		if (!strcmp(signal, "ItemNew"))
			add_address(self, item->data, address, interface, protocol,
				    type == TYPE_A ? RANK_MDNS_IPV4 : RANK_MDNS_IPV6);
		else if (!strcmp(signal, "ItemRemove"))
			remove_addresses(self, item->data, address, interface, protocol);
	}
}

static void on_dns_addresses(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	GList *addresses = g_resolver_lookup_by_name_finish(G_RESOLVER(object), result, NULL);
	MiceSink *sink;

	/* One that is of a link has no interface there. */
	for (GList *item = addresses; item && question_service(question, &sink); item = item->next)
		if (!g_inet_address_get_is_link_local(item->data))
			add_address(question->self, sink, item->data, question->interface,
				    question->protocol, RANK_DNS);
	g_resolver_free_addresses(addresses);
}

/* The first label, if it is one of a host's. */
static char *label_of(const char *host)
{
	gsize length = strcspn(host, ".");

	if (!length || length > 63 ||
	    length != strspn(host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-"))
		return NULL;
	return g_strndup(host, length);
}

/* @record: in record_types */
static void follow(MiceService *service, gsize record)
{
	MiceQuestion *question = question_new(service);

	question->record = record;
	service->lacks[record] = false;
	/* Not to be cancelled, as the browser of services. */
	g_dbus_connection_call(service->finder->connection, AVAHI, "/", AVAHI ".Server",
			       "RecordBrowserNew",
			       g_variant_new("(iisqqu)", service->interface, service->protocol,
					     service->host, CLASS_IN, record_types[record], 0u),
			       G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
			       on_record_browser, question);
}

static void look_up_host(MiceService *service)
{
	g_autofree char *label = label_of(service->host);
	g_autoptr(GResolver) resolver = g_resolver_get_default();

	for (gsize i = 0; i < G_N_ELEMENTS(record_types); i++)
		follow(service, i);
	if (label)
		g_resolver_lookup_by_name_async(resolver, label, service->finder->cancellable,
						on_dns_addresses, question_new(service));
}

/* "{B1F6...}" and "b1f6...", as sinks have it. */
static char *container_identity(const char *value)
{
	g_autofree char *guid = g_ascii_strdown(value, -1);
	gsize length;

	g_strdelimit(guid, "{}", ' ');
	g_strstrip(guid);
	length = strlen(guid);
	if (length < 16 || length > 40 || strspn(guid, "0123456789abcdef-") != length)
		return NULL;
	return g_strconcat("container:", guid, NULL);
}

static char *p2p_identity(const char *value)
{
	g_autofree char *mac = g_ascii_strdown(value, -1);

	g_strdelimit(mac, "-", ':');
	if (!g_regex_match_simple("^([0-9a-f]{2}:){5}[0-9a-f]{2}$", mac, G_REGEX_DOLLAR_ENDONLY, 0))
		return NULL;
	return g_strconcat("p2p:", mac, NULL);
}

/* One "key=value" of the TXT record; keys may be written in any case (RFC 6763, 6.4). */
static void take_txt(MiceSink *sink, GVariant *entry)
{
	gsize size;
	const char *bytes = g_variant_get_fixed_array(entry, &size, 1);
	g_autofree char *text = g_strndup(bytes, size);
	char *value = strchr(text, '=');

	if (!value || !g_utf8_validate(text, -1, NULL))
		return;
	*value++ = '\0';
	if (!g_ascii_strcasecmp(text, "container_id") && !sink->container)
		sink->container = container_identity(value);
	else if (!g_ascii_strcasecmp(text, "p2pmac") && !sink->p2p_address)
		sink->p2p_address = p2p_identity(value);
}

static void on_service(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(MiceQuestion) question = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	MiceSink *sink = NULL;
	MiceService *service = question_service(question, &sink);
	g_autoptr(GVariant) txt = NULL;

	/* It is resolved once. */
	if (!service || service->host)
		return;
	if (!reply) {
		g_info("Miracast over Infrastructure: \"%s\": %s", sink->name, error->message);
		try_again_later(service);
		return;
	}
	g_clear_handle_id(&service->retry_source, g_source_remove);
	service->retry_s = RETRY_S;
	g_variant_get_child(reply, 5, "s", &service->host);
	g_variant_get_child(reply, 8, "q", &service->port);
	txt = g_variant_get_child_value(reply, 9);
	for (gsize i = 0; i < g_variant_n_children(txt); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(txt, i);

		take_txt(sink, entry);
	}
	if (service->port)
		look_up_host(service);
}

static void resolve(MiceService *service)
{
	const MiceSink *sink = service->sink;

	call(service->finder, "/", AVAHI ".Server", "ResolveService",
	     g_variant_new("(iisssiu)", service->interface, service->protocol, sink->announced,
			   SERVICE, sink->domain, service->protocol, NO_ADDRESS),
	     "(iissssisqaayu)", on_service, question_new(service));
}

static gboolean on_retry(gpointer data)
{
	MiceService *service = data;

	service->retry_source = 0;
	if (!service->host)
		resolve(service);
	else
		for (gsize i = 0; i < G_N_ELEMENTS(record_types); i++)
			if (service->lacks[i])
				follow(service, i);
	return G_SOURCE_REMOVE;
}

/*
 * What Avahi hears.
 */

static char *sink_id(const char *name, const char *domain)
{
	return g_strdup_printf("%s\t%s", name, domain);
}

static void on_item_new(HostFinderMice *self, gint32 interface, gint32 protocol, const char *name,
			const char *domain)
{
	g_autofree char *id = sink_id(name, domain);
	MiceSink *sink = g_hash_table_lookup(self->sinks, id);
	MiceService *service;

	if (self->n_services >= MAX_SERVICES || (sink && find_service(sink, interface, protocol)))
		return;
	if (!sink) {
		sink = g_new0(MiceSink, 1);
		sink->id = g_strdup(id);
		sink->announced = g_strdup(name);
		sink->domain = g_strdup(domain);
		sink->name = host_device_name_clean(name, strlen(name));
		if (!sink->name)
			sink->name = g_strdup("?");
		sink->services =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, mice_service_free);
		sink->addresses = g_ptr_array_new_with_free_func(mice_address_free);
		g_hash_table_insert(self->sinks, sink->id, sink);
	}
	service = g_new0(MiceService, 1);
	service->finder = self;
	service->sink = sink;
	service->interface = interface;
	service->protocol = protocol;
	service->retry_s = RETRY_S;
	service->browsers = g_ptr_array_new_with_free_func(g_free);
	g_hash_table_insert(sink->services, service_key(interface, protocol), service);
	self->n_services++;
	resolve(service);
}

static void on_item_remove(HostFinderMice *self, gint32 interface, gint32 protocol,
			   const char *name, const char *domain)
{
	g_autofree char *id = sink_id(name, domain);
	g_autofree char *key = service_key(interface, protocol);
	MiceSink *sink = g_hash_table_lookup(self->sinks, id);
	MiceService *service = sink ? g_hash_table_lookup(sink->services, key) : NULL;
	bool told;

	if (!service)
		return;
	free_browsers(self, service);
	g_hash_table_remove(sink->services, key);
	self->n_services--;
	if (g_hash_table_size(sink->services)) {
		remove_addresses(self, sink, NULL, interface, protocol);
		return;
	}
	told = sink->told;
	g_hash_table_remove(self->sinks, id);
	if (told)
		host_finder_emit_lost(HOST_FINDER(self), id);
}

static void fail(HostFinderMice *self, const char *why);

static void on_signal(GDBusConnection *connection, const char *sender, const char *path,
		      const char *interface_name, const char *signal, GVariant *arguments,
		      gpointer data)
{
	HostFinderMice *self = data;
	const char *name, *domain;
	gint32 interface, protocol;
	guint32 flags;

	/* Avahi may tell of what it knows before it says which browser that is of. */
	if (self->browser ? strcmp(path, self->browser) : !g_strcmp0(path, self->last_browser))
		return;
	if (!strcmp(signal, "Failure")) {
		if (g_variant_is_of_type(arguments, G_VARIANT_TYPE("(s)"))) {
			g_variant_get(arguments, "(&s)", &name);
			fail(self, name);
		}
		return;
	}
	if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(iisssu)")))
		return;
	g_variant_get(arguments, "(ii&s&s&su)", &interface, &protocol, &name, NULL, &domain,
		      &flags);
	if (!strcmp(signal, "ItemNew"))
		on_item_new(self, interface, protocol, name, domain);
	else if (!strcmp(signal, "ItemRemove"))
		on_item_remove(self, interface, protocol, name, domain);
}

/*
 * Looking, as long as it is wanted and Avahi is there.
 */

static void lose_all(HostFinderMice *self)
{
	g_autoptr(GHashTable) sinks = self->sinks;
	GHashTableIter iter;
	gpointer sink;

	self->sinks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, mice_sink_free);
	self->n_services = 0;
	g_hash_table_iter_init(&iter, sinks);
	while (g_hash_table_iter_next(&iter, NULL, &sink))
		if (((MiceSink *)sink)->told)
			host_finder_emit_lost(HOST_FINDER(self), ((MiceSink *)sink)->id);
}

static void free_all_browsers(HostFinderMice *self)
{
	GHashTableIter sinks, services;
	gpointer sink, service;

	g_hash_table_iter_init(&sinks, self->sinks);
	while (g_hash_table_iter_next(&sinks, NULL, &sink)) {
		g_hash_table_iter_init(&services, ((MiceSink *)sink)->services);
		while (g_hash_table_iter_next(&services, NULL, &service))
			free_browsers(self, service);
	}
	if (self->browser)
		free_browser(self, BROWSER, self->browser);
}

/* Those that were found are to go, too. */
static void stop_browsing(HostFinderMice *self)
{
	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	if (self->signals)
		g_dbus_connection_signal_unsubscribe(self->connection, self->signals);
	self->signals = 0;
	if (self->record_signals)
		g_dbus_connection_signal_unsubscribe(self->connection, self->record_signals);
	self->record_signals = 0;
	if (self->is_there)
		free_all_browsers(self);
	if (self->browser) {
		g_free(self->last_browser);
		self->last_browser = g_steal_pointer(&self->browser);
	}
}

static void fail(HostFinderMice *self, const char *why)
{
	stop_browsing(self);
	lose_all(self);
	g_free(self->failure);
	self->failure = g_strdup(why);
	host_finder_emit_changed(HOST_FINDER(self));
}

static void browse(HostFinderMice *self);

static void on_browser(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostFinderMice) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	const char *path;

	self->browser_asked_for = false;
	if (!self->cancellable) {
		/* It is not wanted any more, or not by what was looked for then. */
		if (reply) {
			g_variant_get(reply, "(&o)", &path);
			free_browser(self, BROWSER, path);
		}
		browse(self);
	} else if (reply) {
		g_variant_get(reply, "(o)", &self->browser);
	} else {
		fail(self, error->message);
	}
}

static void browse(HostFinderMice *self)
{
	if (!self->searching || !self->is_there || self->cancellable || self->browser_asked_for)
		return;
	self->cancellable = g_cancellable_new();
	g_clear_pointer(&self->failure, g_free);
	/* Before there is a browser, whose first signals are not to be missed. */
	self->signals = g_dbus_connection_signal_subscribe(self->connection, AVAHI, BROWSER, NULL,
							   NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
							   on_signal, self, NULL);
	self->record_signals = g_dbus_connection_signal_subscribe(self->connection, AVAHI,
								  RECORD_BROWSER, NULL, NULL, NULL,
								  G_DBUS_SIGNAL_FLAGS_NONE,
								  on_record, self, NULL);
	/* Not to be cancelled: who does not hear of a browser cannot free it. */
	self->browser_asked_for = true;
	g_dbus_connection_call(self->connection, AVAHI, "/", AVAHI ".Server", "ServiceBrowserNew",
			       g_variant_new("(iissu)", ANY, ANY, SERVICE, "", 0u),
			       G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
			       on_browser, g_object_ref(self));
}

static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
			gpointer data)
{
	HostFinderMice *self = data;

	self->is_there = true;
	browse(self);
	host_finder_emit_changed(HOST_FINDER(self));
}

static void on_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	HostFinderMice *self = data;

	self->is_there = false;
	g_clear_pointer(&self->failure, g_free);
	stop_browsing(self);
	lose_all(self);
	host_finder_emit_changed(HOST_FINDER(self));
}

/*
 * The finder.
 */

static const char *host_finder_mice_get_way(HostFinder *finder)
{
	return HOST_WAY_MICE;
}

static void host_finder_mice_start(HostFinder *finder)
{
	HostFinderMice *self = HOST_FINDER_MICE(finder);

	self->searching = true;
	browse(self);
}

/* Who looks again is told of all again. */
static void host_finder_mice_stop(HostFinder *finder)
{
	HostFinderMice *self = HOST_FINDER_MICE(finder);

	self->searching = false;
	stop_browsing(self);
	g_hash_table_remove_all(self->sinks);
	self->n_services = 0;
}

static const char *host_finder_mice_get_problem(HostFinder *finder, const char **message)
{
	HostFinderMice *self = HOST_FINDER_MICE(finder);
	HostReason reason = self->is_there ? HOST_REASON_AVAHI_FAILED : HOST_REASON_AVAHI_AWAY;

	if (self->is_there && !self->failure)
		return NULL;
	g_free(self->problem);
	self->problem = host_reason_message(reason, self->failure);
	if (message)
		*message = self->problem;
	return host_reason_word(reason);
}

static HostLink *host_finder_mice_make_link(HostFinder *finder, HostFinding *finding,
					    const HostLinkWish *wish, GError **error)
{
	const HostMiceSink sink = {
		.name = finding->name,
		.addresses = HOST_MICE_ORIGIN(finding->origin)->addresses,
	};

	return host_link_mice_new(HOST_FINDER_MICE(finder)->listener, &sink, wish);
}

/* Nothing is kept. */
static void host_finder_mice_forget(HostFinder *finder, HostFinding *finding)
{
}

static void host_finder_mice_iface_init(HostFinderInterface *iface)
{
	iface->get_way = host_finder_mice_get_way;
	iface->start = host_finder_mice_start;
	iface->stop = host_finder_mice_stop;
	iface->get_problem = host_finder_mice_get_problem;
	iface->make_link = host_finder_mice_make_link;
	iface->forget = host_finder_mice_forget;
}

static void host_finder_mice_init(HostFinderMice *self)
{
	self->sinks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, mice_sink_free);
}

static void host_finder_mice_finalize(GObject *object)
{
	HostFinderMice *self = HOST_FINDER_MICE(object);

	g_bus_unwatch_name(self->watch);
	stop_browsing(self);
	g_hash_table_unref(self->sinks);
	g_object_unref(self->connection);
	g_free(self->last_browser);
	g_free(self->failure);
	g_free(self->problem);
	G_OBJECT_CLASS(host_finder_mice_parent_class)->finalize(object);
}

static void host_finder_mice_class_init(HostFinderMiceClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_finder_mice_finalize;
}

HostFinder *host_finder_mice_new(GDBusConnection *connection, HostListener *listener)
{
	HostFinderMice *self = g_object_new(HOST_TYPE_FINDER_MICE, NULL);

	self->connection = g_object_ref(connection);
	self->listener = listener;
	self->watch = g_bus_watch_name_on_connection(connection, AVAHI,
						     G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
						     on_vanished, self, NULL);
	return HOST_FINDER(self);
}
