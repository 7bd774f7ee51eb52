// SPDX-License-Identifier: GPL-2.0-or-later
#include "supplicant.h"

#include "device-name.h"
#include "free-radio.h"
#include "p2p.h"
#include "radio.h"

#include <string.h>

/* A search on the social channels, one on all of them, and what lies between two rounds. */
#define SOCIAL_S 10
#define FULL_S	 20
#define PAUSE_S	 5
/* An end that was not told of is assumed so much later. */
#define LATE_S 5

/* A desktop computer, if nothing else was said (WSC: category 1). */
static const guint8 computer_type[] = {0, 1, 0x00, 0x50, 0xf2, 0x04, 0, 1};

typedef enum {
	SEARCH_NONE,
	SEARCH_SOCIAL,
	SEARCH_FULL,
	SEARCH_PAUSE,
} SearchPhase;

struct _HostSupplicant {
	GObject parent_instance;

	GDBusConnection *connection;
	guint name_watch;
	guint subscription; /* while it is there */
	HostRadioWatch *radios;
	HostFreeRadio *free_radio;

	/* What is known of it. */
	gboolean is_there;
	guint reading; /* the latest look at it; older answers do not count */
	guint reread_source;
	gboolean has_wfd; /* was built with Wi-Fi Display */
	gboolean has_devices; /* has an interface, of whatever abilities */
	GPtrArray *devices; /* their names */
	char *p2p;
	char *interface;
	char *added; /* an interface that we had it add: it is removed with the last use */
	gboolean choosing; /* a radio for that */
	gboolean none_free; /* the last time */
	gboolean adding;
	gboolean add_failed;

	HostPeers *peers;
	guint n_malformed;

	HostUses uses;
	gboolean announcing; /* calls are under way */
	gboolean announced; /* what is said over the air is ours */
	guint16 port; /* of that */
	char *sayer; /* @p2p when that was set: another one says nothing until it is set once more */
	GVariant *ours; /* what was set */
	GVariant *before; /* what others had set */
	gboolean named; /* the device's name and type are ours */
	GVariant *config_before; /* a{sv}: what they were */

	guint searches;
	gconstpointer group; /* that it is claimed for */
	SearchPhase phase;
	guint phase_source;
};

enum {
	SIGNAL_CHANGED,
	SIGNAL_EVENT,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(HostSupplicant, host_supplicant, G_TYPE_OBJECT)

static void call(HostSupplicant *self, const char *path, const char *interface, const char *method,
		 GVariant *parameters, const char *reply, GAsyncReadyCallback callback,
		 gpointer user_data)
{
	/* It is never started by what only asks. */
	g_dbus_connection_call(self->connection, HOST_SUPPLICANT_NAME, path, interface, method,
			       parameters, reply ? G_VARIANT_TYPE(reply) : NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, HOST_SUPPLICANT_CALL_MS, NULL,
			       callback, user_data);
}

static GVariant *call_finish(HostSupplicant *self, GAsyncResult *result, GError **error)
{
	GVariant *answer = g_dbus_connection_call_finish(self->connection, result, error);

	if (!answer)
		g_dbus_error_strip_remote_error(*error);
	return answer;
}

/*
 * Peers.
 */

/* Fixed arrays of bytes; NULL if it is not there. */
static const guint8 *lookup_bytes(GVariantDict *dict, const char *name, gsize *n, GVariant **holder)
{
	*n = 0;
	*holder = g_variant_dict_lookup_value(dict, name, G_VARIANT_TYPE_BYTESTRING);
	return *holder ? g_variant_get_fixed_array(*holder, n, 1) : NULL;
}

static void read_peer(HostSupplicant *self, HostPeer *peer, GVariant *properties)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(properties);
	g_autoptr(GVariant) address = NULL;
	g_autoptr(GVariant) type = NULL;
	g_autoptr(GVariant) elements = NULL;
	g_autoptr(GVariant) groups = NULL;
	const guint8 *bytes;
	const char *name;
	guint8 capability = 0;
	gsize n;

	bytes = lookup_bytes(&dict, "DeviceAddress", &n, &address);
	if (n == 6) {
		g_free(peer->address);
		peer->address = host_p2p_address(bytes);
	}
	if (g_variant_dict_lookup(&dict, "DeviceName", "&s", &name)) {
		g_free(peer->name);
		peer->name = host_device_name_clean(name, strlen(name));
	}
	bytes = lookup_bytes(&dict, "PrimaryDeviceType", &n, &type);
	if (bytes)
		peer->kind = host_p2p_kind(bytes, n);
	g_variant_dict_lookup(&dict, "config_method", "q", &peer->methods);
	g_variant_dict_lookup(&dict, "level", "i", &peer->dbm);
	groups = g_variant_dict_lookup_value(&dict, "Groups", G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
	if (g_variant_dict_lookup(&dict, "groupcapability", "y", &capability) || groups)
		peer->is_owner = capability & 1 || (groups && g_variant_n_children(groups));
	bytes = lookup_bytes(&dict, "IEs", &n, &elements);
	if (elements) {
		peer->is_display = host_wfd_ie_read(bytes, n, &peer->wfd);
		/* Most devices have none. */
		if (n && !peer->is_display)
			self->n_malformed++;
	}
}

static void on_peer_found(HostSupplicant *self, GVariant *parameters)
{
	g_autoptr(GVariant) properties = NULL;
	HostPeer *peer;
	const char *path;

	g_variant_get(parameters, "(&o@a{sv})", &path, &properties);
	peer = host_peers_lookup(self->peers, path);
	if (!peer)
		peer = host_peers_add(self->peers, path);
	if (!peer)
		return;
	read_peer(self, peer, properties);
	peer->found_at = g_get_monotonic_time();
	host_peers_tell(self->peers, peer);
}

typedef struct {
	HostSupplicant *self;
	char *path;
	HostSupplicantRead ready;
	gpointer user_data;
} PeerRead;

static void on_peer_read(GObject *object, GAsyncResult *result, gpointer data)
{
	PeerRead *reading = data;
	HostSupplicant *self = reading->self;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	HostPeer *peer = host_peers_lookup(self->peers, reading->path);

	if (answer && peer) {
		g_autoptr(GVariant) properties = g_variant_get_child_value(answer, 0);

		read_peer(self, peer, properties);
		host_peers_tell(self->peers, peer);
	} else if (!answer) {
		g_debug("Peer: %s", error->message);
	}
	reading->ready(reading->user_data);
	g_object_unref(self);
	g_free(reading->path);
	g_free(reading);
}

void host_supplicant_read_peer(HostSupplicant *self, const HostPeer *peer, HostSupplicantRead ready,
			       gpointer user_data)
{
	PeerRead *reading = g_new0(PeerRead, 1);

	reading->self = g_object_ref(self);
	reading->path = g_strdup(peer->path);
	reading->ready = ready;
	reading->user_data = user_data;
	call(self, peer->path, HOST_SUPPLICANT_PROPERTIES, "GetAll",
	     g_variant_new("(s)", HOST_SUPPLICANT_PEER), "(a{sv})", on_peer_read, reading);
}

HostPeers *host_supplicant_get_peers(HostSupplicant *self)
{
	return self->peers;
}

guint host_supplicant_count_malformed(HostSupplicant *self)
{
	return self->n_malformed;
}

/*
 * Searching.
 */

static void search(HostSupplicant *self);

static void set_phase(HostSupplicant *self, SearchPhase phase, guint limit_s);

static gboolean on_phase_over(gpointer data)
{
	static const SearchPhase next[] = {
		[SEARCH_SOCIAL] = SEARCH_FULL,
		[SEARCH_FULL] = SEARCH_PAUSE,
		[SEARCH_PAUSE] = SEARCH_SOCIAL,
	};
	HostSupplicant *self = data;

	self->phase_source = 0;
	self->phase = next[self->phase];
	search(self);
	return G_SOURCE_REMOVE;
}

static void set_phase(HostSupplicant *self, SearchPhase phase, guint limit_s)
{
	g_clear_handle_id(&self->phase_source, g_source_remove);
	self->phase = phase;
	if (limit_s)
		self->phase_source = g_timeout_add_seconds(limit_s, on_phase_over, self);
}

static void on_find_called(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	if (answer || (self->phase != SEARCH_SOCIAL && self->phase != SEARCH_FULL))
		return;
	g_debug("Find: %s", error->message);
	/* Perhaps the radio is being switched off or on. */
	set_phase(self, SEARCH_PAUSE, PAUSE_S);
}

/* Begins with the phase that it is in. */
static void search(HostSupplicant *self)
{
	GVariantBuilder options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	guint limit;

	if (!self->searches || self->group || !self->announced || !self->p2p) {
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
	call(self, self->p2p, HOST_SUPPLICANT_P2P, "Find",
	     g_variant_new("(@a{sv})", g_variant_builder_end(&options)), NULL, on_find_called,
	     g_object_ref(self));
	set_phase(self, self->phase, limit + LATE_S);
}

static void end_search(HostSupplicant *self)
{
	if (self->phase != SEARCH_NONE && self->p2p)
		call(self, self->p2p, HOST_SUPPLICANT_P2P, "StopFind", NULL, NULL, NULL, NULL);
	set_phase(self, SEARCH_NONE, 0);
}

static void on_find_stopped(HostSupplicant *self)
{
	if (self->phase != SEARCH_SOCIAL && self->phase != SEARCH_FULL)
		return;
	g_clear_handle_id(&self->phase_source, g_source_remove);
	on_phase_over(self);
}

void host_supplicant_start_search(HostSupplicant *self)
{
	/* A pause between two rounds is not for somebody who has waited for none. */
	if (!self->searches++ || self->phase == SEARCH_PAUSE) {
		self->phase = SEARCH_NONE;
		search(self);
	}
}

void host_supplicant_stop_search(HostSupplicant *self)
{
	if (!--self->searches)
		end_search(self);
}

gboolean host_supplicant_claim(HostSupplicant *self, gconstpointer group)
{
	if (self->group)
		return self->group == group;
	self->group = group;
	end_search(self);
	return TRUE;
}

void host_supplicant_give_back(HostSupplicant *self, gconstpointer group)
{
	if (self->group != group)
		return;
	self->group = NULL;
	search(self);
}

gboolean host_supplicant_is_claimed(HostSupplicant *self)
{
	return self->group != NULL;
}

/*
 * What is said over the air.
 */

static void set_property(HostSupplicant *self, const char *path, const char *interface,
			 const char *name, GVariant *value, GAsyncReadyCallback callback,
			 gpointer user_data)
{
	call(self, path, HOST_SUPPLICANT_PROPERTIES, "Set",
	     g_variant_new("(ssv)", interface, name, value), NULL, callback, user_data);
}

static void get_property(HostSupplicant *self, const char *path, const char *interface,
			 const char *name, GAsyncReadyCallback callback, gpointer user_data)
{
	call(self, path, HOST_SUPPLICANT_PROPERTIES, "Get", g_variant_new("(ss)", interface, name),
	     "(v)", callback, user_data);
}

static void announce(HostSupplicant *self);

static void fail_announcing(HostSupplicant *self, const GError *error)
{
	self->announcing = FALSE;
	host_uses_fail(&self->uses, HOST_REASON_SUPPLICANT_REFUSED, error->message);
	if (!self->uses.list)
		announce(self);
}

static void on_named(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	/* A sink that shows no name can be connected to, too. */
	if (!answer)
		g_debug("P2PDeviceConfig: %s", error->message);
}

/* A machine without a name asks the sink's person to let nobody in. */
static void on_config_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariant) config = NULL;
	g_autoptr(GVariant) type = NULL;
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	GVariantBuilder change = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	GVariantBuilder before = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	const char *name = "";

	if (answer)
		g_variant_get(answer, "(v)", &config);
	if (!config || !g_variant_is_of_type(config, G_VARIANT_TYPE_VARDICT) || self->named ||
	    !self->p2p) {
		g_variant_builder_clear(&change);
		g_variant_builder_clear(&before);
		return;
	}
	g_variant_dict_clear(&dict);
	g_variant_dict_init(&dict, config);
	g_variant_dict_lookup(&dict, "DeviceName", "&s", &name);
	if (!*name) {
		/* It takes 32 bytes. */
		g_autofree char *host = host_device_name_cut(g_get_host_name(), 32);

		g_variant_builder_add(&change, "{sv}", "DeviceName", g_variant_new_string(host));
		g_variant_builder_add(&before, "{sv}", "DeviceName", g_variant_new_string(name));
	}
	type = g_variant_dict_lookup_value(&dict, "PrimaryDeviceType", G_VARIANT_TYPE_BYTESTRING);
	if (type && g_variant_n_children(type) == sizeof(computer_type)) {
		gsize n;
		const guint8 *bytes = g_variant_get_fixed_array(type, &n, 1);

		if (!bytes[0] && !bytes[1]) {
			g_variant_builder_add(&change, "{sv}", "PrimaryDeviceType",
					      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE,
									computer_type,
									sizeof(computer_type), 1));
			g_variant_builder_add(&before, "{sv}", "PrimaryDeviceType", type);
		}
	}
	self->config_before = g_variant_ref_sink(g_variant_builder_end(&before));
	self->named = TRUE;
	set_property(self, self->p2p, HOST_SUPPLICANT_P2P, "P2PDeviceConfig",
		     g_variant_builder_end(&change), on_named, g_object_ref(self));
}

/* What it says now is compared, because it takes broken elements and forgets them. */
static void on_read_back(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariant) now = NULL;

	if (!answer) {
		fail_announcing(self, error);
		return;
	}
	g_variant_get(answer, "(v)", &now);
	self->announcing = FALSE;
	if (!self->ours || !g_variant_is_of_type(now, G_VARIANT_TYPE_BYTESTRING) ||
	    !host_wfd_ie_equal(now, self->ours)) {
		host_uses_fail(&self->uses, HOST_REASON_SUPPLICANT_REFUSED,
			       "WFDIEs did not keep what was set");
		if (!self->uses.list)
			announce(self);
		return;
	}
	self->announced = TRUE;
	/* The radio may be gone by now. */
	if (self->p2p)
		get_property(self, self->p2p, HOST_SUPPLICANT_P2P, "P2PDeviceConfig",
			     on_config_read, g_object_ref(self));
	search(self);
	host_uses_tell(&self->uses, NULL);
	/* In the meantime nobody may want it any more, or with another port. */
	announce(self);
}

static void on_set(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	if (!answer) {
		fail_announcing(self, error);
		return;
	}
	get_property(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME, "WFDIEs", on_read_back,
		     g_object_ref(self));
}

/* Who has come last has the say; (nullable) */
static const HostUse *find_latest(HostSupplicant *self)
{
	GList *last = g_list_last(self->uses.list);

	return last ? last->data : NULL;
}

static void set_ours(HostSupplicant *self)
{
	self->port = find_latest(self)->port;
	g_free(self->sayer);
	self->sayer = g_strdup(self->p2p);
	g_clear_pointer(&self->ours, g_variant_unref);
	self->ours = g_variant_ref_sink(host_wfd_ie_source(self->port));
	set_property(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME, "WFDIEs", self->ours, on_set,
		     g_object_ref(self));
}

static void on_before_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	if (!answer) {
		fail_announcing(self, error);
		return;
	}
	g_clear_pointer(&self->before, g_variant_unref);
	g_variant_get(answer, "(v)", &self->before);
	if (!self->uses.list) {
		self->announcing = FALSE;
		announce(self);
		return;
	}
	set_ours(self);
}

static void remove_added(HostSupplicant *self)
{
	if (self->added)
		call(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME, "RemoveInterface",
		     g_variant_new("(o)", self->added), NULL, NULL, NULL);
	g_clear_pointer(&self->added, g_free);
}

static void on_put_back_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariant) now = NULL;

	self->announcing = FALSE;
	if (answer)
		g_variant_get(answer, "(v)", &now);
	if (self->uses.list) {
		announce(self);
		return;
	}
	/* Somebody else has set another one since: it is theirs. Without a radio it reads as empty. */
	if (now && self->ours && self->before &&
	    g_variant_is_of_type(now, G_VARIANT_TYPE_BYTESTRING) &&
	    (host_wfd_ie_equal(now, self->ours) || (!self->p2p && !g_variant_n_children(now))))
		set_property(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME, "WFDIEs",
			     self->before, NULL, NULL);
	self->announced = FALSE;
	if (self->named && self->p2p)
		set_property(self, self->p2p, HOST_SUPPLICANT_P2P, "P2PDeviceConfig",
			     self->config_before, NULL, NULL);
	self->named = FALSE;
	g_clear_pointer(&self->config_before, g_variant_unref);
	remove_added(self);
}

/* Brings what is said over the air in line with the uses that there are. */
static void announce(HostSupplicant *self)
{
	const HostUse *latest = find_latest(self);

	/* Without a radio it is only put back. */
	if (self->announcing || (latest && !self->p2p))
		return;
	if (!latest && self->announced) {
		self->announcing = TRUE;
		get_property(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME, "WFDIEs",
			     on_put_back_read, g_object_ref(self));
	} else if (!latest) {
		remove_added(self);
	} else if (!self->announced) {
		self->announcing = TRUE;
		get_property(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME, "WFDIEs",
			     on_before_read, g_object_ref(self));
	} else if (self->port != latest->port || g_strcmp0(self->sayer, self->p2p)) {
		self->announcing = TRUE;
		set_ours(self);
	} else {
		host_uses_tell(&self->uses, NULL);
	}
}

void host_supplicant_announce_again(HostSupplicant *self)
{
	/* No user's. */
	self->port = 0;
	announce(self);
}

static void look(HostSupplicant *self);

/* A machine whose Wi-Fi nobody has touched yet may have no supplicant running. */
static void on_start_asked(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(self->connection, result, &error);

	if (!answer && !self->is_there)
		host_uses_fail(&self->uses, HOST_REASON_SUPPLICANT_AWAY, NULL);
}

static void check_waiting(HostSupplicant *self)
{
	const char *detail;
	HostReason problem = host_supplicant_get_problem(self, &detail);

	/* It is being found out. */
	if (!self->uses.list || self->choosing || self->adding || self->reread_source)
		return;
	if (problem == HOST_N_REASONS)
		announce(self);
	else
		host_uses_fail(&self->uses, problem, detail);
}

HostUse *host_supplicant_use(HostSupplicant *self, guint16 port, HostUseReady ready,
			     gpointer user_data)
{
	HostUse *use = host_uses_add(&self->uses, port, ready, user_data);

	self->add_failed = FALSE;
	self->none_free = FALSE;
	if (self->is_there)
		look(self);
	else
		g_dbus_connection_call(self->connection, "org.freedesktop.DBus",
				       "/org/freedesktop/DBus", "org.freedesktop.DBus",
				       "StartServiceByName",
				       g_variant_new("(su)", HOST_SUPPLICANT_NAME, 0), NULL,
				       G_DBUS_CALL_FLAGS_NONE, HOST_SUPPLICANT_CALL_MS, NULL,
				       on_start_asked, g_object_ref(self));
	return use;
}

static void on_use_ended(gpointer data)
{
	announce(data);
}

static gboolean is_changed(gpointer data)
{
	HostSupplicant *self = data;

	return self->announcing || self->announced || self->adding || self->added;
}

void host_supplicant_wait_put_back(HostSupplicant *self)
{
	host_uses_wait(&self->uses, is_changed);
	g_dbus_connection_flush_sync(self->connection, NULL, NULL);
}

/*
 * What is known of it.
 */

static gboolean has_p2p(GVariantDict *properties)
{
	g_autoptr(GVariant) capabilities =
		g_variant_dict_lookup_value(properties, "Capabilities", G_VARIANT_TYPE_VARDICT);
	g_autofree const char **modes = NULL;

	return capabilities && g_variant_lookup(capabilities, "Modes", "^a&s", &modes) &&
	       g_strv_contains(modes, "p2p");
}

static void tell_changed(HostSupplicant *self)
{
	g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
	check_waiting(self);
}

static void choose_radio(HostSupplicant *self);

/* All that it has was looked at. */
static void end_look(HostSupplicant *self)
{
	if (self->uses.list)
		choose_radio(self);
	else
		announce(self);
	tell_changed(self);
}

static void take_p2p(HostSupplicant *self, const char *path, const char *interface)
{
	g_free(self->p2p);
	self->p2p = g_strdup(path);
	g_free(self->interface);
	self->interface = g_strdup(interface);
}

typedef struct {
	HostSupplicant *self;
	guint reading;
	guint left;
	gboolean found;
} LookAll;

typedef struct {
	LookAll *all;
	char *path;
} LookOne;

static void on_interface_read(GObject *object, GAsyncResult *result, gpointer data)
{
	LookOne *one = data;
	LookAll *all = one->all;
	HostSupplicant *self = all->self;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	all->left--;
	if (answer && all->reading == self->reading) {
		g_autoptr(GVariant) properties = g_variant_get_child_value(answer, 0);
		g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(properties);
		const char *interface;

		if (g_variant_dict_lookup(&dict, "Ifname", "&s", &interface) &&
		    !g_str_has_prefix(interface, "p2p-")) {
			self->has_devices = TRUE;
			g_ptr_array_add(self->devices, g_strdup(interface));
			/* Ours is preferred: NetworkManager has its hands on the others. */
			if ((!all->found || !g_strcmp0(one->path, self->added)) && has_p2p(&dict)) {
				all->found = TRUE;
				take_p2p(self, one->path, interface);
			}
		}
	}
	g_free(one->path);
	g_free(one);
	if (all->left)
		return;
	if (all->reading == self->reading) {
		if (!all->found) {
			g_clear_pointer(&self->p2p, g_free);
			g_clear_pointer(&self->interface, g_free);
		}
		end_look(self);
	}
	g_object_unref(self);
	g_free(all);
}

static void on_root_read(GObject *object, GAsyncResult *result, gpointer data)
{
	LookAll *all = data;
	HostSupplicant *self = all->self;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariant) properties = NULL;
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	g_autofree const char **paths = NULL;
	g_autoptr(GVariant) elements = NULL;

	if (!answer || all->reading != self->reading) {
		g_object_unref(self);
		g_free(all);
		return;
	}
	properties = g_variant_get_child_value(answer, 0);
	g_variant_dict_clear(&dict);
	g_variant_dict_init(&dict, properties);
	elements = g_variant_dict_lookup_value(&dict, "WFDIEs", G_VARIANT_TYPE_BYTESTRING);
	self->has_wfd = !!elements;
	self->has_devices = FALSE;
	g_ptr_array_set_size(self->devices, 0);
	g_variant_dict_lookup(&dict, "Interfaces", "^a&o", &paths);
	if (self->added && !(paths && g_strv_contains(paths, self->added))) {
		/* Somebody has removed it: the next use may have it added again. */
		g_clear_pointer(&self->added, g_free);
		self->add_failed = TRUE;
	}
	for (guint i = 0; paths && paths[i]; i++) {
		LookOne *one = g_new0(LookOne, 1);

		one->all = all;
		one->path = g_strdup(paths[i]);
		all->left++;
		call(self, paths[i], HOST_SUPPLICANT_PROPERTIES, "GetAll",
		     g_variant_new("(s)", HOST_SUPPLICANT_INTERFACE), "(a{sv})", on_interface_read,
		     one);
	}
	if (all->left)
		return;
	g_clear_pointer(&self->p2p, g_free);
	g_clear_pointer(&self->interface, g_free);
	end_look(self);
	g_object_unref(self);
	g_free(all);
}

static void look(HostSupplicant *self)
{
	LookAll *all = g_new0(LookAll, 1);

	all->self = g_object_ref(self);
	all->reading = ++self->reading;
	call(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_PROPERTIES, "GetAll",
	     g_variant_new("(s)", HOST_SUPPLICANT_NAME), "(a{sv})", on_root_read, all);
}

static void on_interface_added(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSupplicant) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);

	self->adding = FALSE;
	if (answer) {
		g_free(self->added);
		g_variant_get(answer, "(o)", &self->added);
	} else {
		self->add_failed = TRUE;
		g_debug("CreateInterface: %s", error->message);
	}
	look(self);
}

static void add_interface(HostSupplicant *self, const char *name)
{
	GVariantBuilder options;

	self->adding = TRUE;
	g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&options, "{sv}", "Ifname", g_variant_new_string(name));
	g_variant_builder_add(&options, "{sv}", "Driver", g_variant_new_string("nl80211"));
	call(self, HOST_SUPPLICANT_ROOT, HOST_SUPPLICANT_NAME, "CreateInterface",
	     g_variant_new("(@a{sv})", g_variant_builder_end(&options)), "(o)", on_interface_added,
	     g_object_ref(self));
}

static void on_free_radio(const char *name, gpointer data)
{
	HostSupplicant *self = data;

	self->choosing = FALSE;
	self->none_free = !name;
	/* It may be wanted no more, or by a supplicant that has gone. */
	if (name && self->uses.list && self->is_there && !self->added)
		add_interface(self, name);
	tell_changed(self);
}

/* One that it does not have, to be had as ours. */
static void choose_radio(HostSupplicant *self)
{
	g_autoptr(GPtrArray) candidates = g_ptr_array_new();
	g_auto(GStrv) names = NULL;

	if (self->choosing || self->adding || self->added || self->add_failed)
		return;
	names = host_radio_list();
	for (char **name = names; *name; name++)
		if (!host_radio_is_blocked(*name) &&
		    !g_ptr_array_find_with_equal_func(self->devices, *name, g_str_equal, NULL))
			g_ptr_array_add(candidates, *name);
	g_ptr_array_add(candidates, NULL);
	self->choosing = TRUE;
	host_free_radio_find(self->free_radio, (const char *const *)candidates->pdata,
			     !self->has_devices);
}

static gboolean on_reread(gpointer data)
{
	HostSupplicant *self = data;

	self->reread_source = 0;
	if (self->is_there)
		look(self);
	else
		tell_changed(self);
	return G_SOURCE_REMOVE;
}

/* Changes come in bursts, and some before their effect. */
static void look_soon(HostSupplicant *self)
{
	if (!self->reread_source)
		self->reread_source = g_timeout_add(200, on_reread, self);
}

HostReason host_supplicant_get_problem(HostSupplicant *self, const char **detail)
{
	g_auto(GStrv) names = NULL;
	gboolean blocked = FALSE;

	*detail = NULL;
	if (self->interface) {
		blocked = host_radio_is_blocked(self->interface);
	} else {
		names = host_radio_list();
		if (!*names)
			return HOST_REASON_NO_WIFI_DEVICE;
		blocked = host_radio_is_blocked(*names);
	}
	if (blocked)
		return HOST_REASON_RADIO_BLOCKED;
	if (!self->is_there)
		return HOST_REASON_SUPPLICANT_AWAY;
	if (!self->has_wfd) {
		*detail = "wpa_supplicant was built without Wi-Fi Display";
		return HOST_REASON_NO_P2P;
	}
	/* Until somebody uses it, an interface that it may be given is not there. */
	if (!self->p2p &&
	    (self->has_devices || (self->uses.list && (self->none_free || self->add_failed))))
		return HOST_REASON_NO_P2P;
	return HOST_N_REASONS;
}

const char *host_supplicant_get_p2p(HostSupplicant *self)
{
	return self->p2p;
}

const char *host_supplicant_get_interface(HostSupplicant *self)
{
	return self->interface;
}

GDBusConnection *host_supplicant_get_connection(HostSupplicant *self)
{
	return self->connection;
}

/*
 * The bus.
 */

static void on_signal(GDBusConnection *connection, const char *sender, const char *path,
		      const char *interface, const char *name, GVariant *parameters, gpointer data)
{
	HostSupplicant *self = data;

	if (!strcmp(name, "DeviceFoundProperties") &&
	    g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oa{sv})"))) {
		on_peer_found(self, parameters);
	} else if (!strcmp(name, "DeviceLost") &&
		   g_variant_is_of_type(parameters, G_VARIANT_TYPE("(o)"))) {
		const char *peer;

		g_variant_get(parameters, "(&o)", &peer);
		host_peers_lose(self->peers, peer);
	} else if (!strcmp(name, "FindStopped")) {
		on_find_stopped(self);
	} else if (!strcmp(name, "InterfaceAdded") || !strcmp(name, "InterfaceRemoved")) {
		look_soon(self);
	}
	g_signal_emit(self, signals[SIGNAL_EVENT], 0, path, name, parameters);
}

/* All that was of the one before is gone; what was said over the air, too. */
static void on_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
	HostSupplicant *self = data;

	if (self->subscription)
		g_dbus_connection_signal_unsubscribe(self->connection, self->subscription);
	self->subscription = 0;
	self->is_there = FALSE;
	self->reading++;
	self->has_devices = FALSE;
	self->announced = FALSE;
	self->announcing = FALSE;
	self->named = FALSE;
	g_clear_pointer(&self->p2p, g_free);
	g_clear_pointer(&self->interface, g_free);
	g_clear_pointer(&self->added, g_free);
	g_clear_pointer(&self->before, g_variant_unref);
	g_clear_pointer(&self->config_before, g_variant_unref);
	set_phase(self, SEARCH_NONE, 0);
	host_peers_lose_all(self->peers);
	tell_changed(self);
}

static void on_appeared(GDBusConnection *connection, const char *name, const char *owner,
			gpointer data)
{
	HostSupplicant *self = data;

	if (self->is_there)
		on_vanished(connection, name, self);
	self->is_there = TRUE;
	self->subscription =
		g_dbus_connection_signal_subscribe(self->connection, owner, NULL, NULL, NULL, NULL,
						   G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
	look(self);
}

static void on_radios_changed(gpointer data)
{
	look_soon(data);
}

static void host_supplicant_init(HostSupplicant *self)
{
	self->uses = (HostUses){.object = G_OBJECT(self), .ended = on_use_ended};
	self->devices = g_ptr_array_new_with_free_func(g_free);
	self->peers = host_peers_new(self);
	self->radios = host_radio_watch_new(on_radios_changed, self);
}

static void host_supplicant_finalize(GObject *object)
{
	HostSupplicant *self = HOST_SUPPLICANT(object);

	g_bus_unwatch_name(self->name_watch);
	if (self->subscription)
		g_dbus_connection_signal_unsubscribe(self->connection, self->subscription);
	g_clear_handle_id(&self->reread_source, g_source_remove);
	g_clear_handle_id(&self->phase_source, g_source_remove);
	host_radio_watch_free(self->radios);
	host_free_radio_free(self->free_radio);
	host_peers_free(self->peers);
	g_free(self->p2p);
	g_free(self->interface);
	g_free(self->sayer);
	g_free(self->added);
	g_ptr_array_unref(self->devices);
	g_clear_pointer(&self->ours, g_variant_unref);
	g_clear_pointer(&self->before, g_variant_unref);
	g_clear_pointer(&self->config_before, g_variant_unref);
	g_object_unref(self->connection);
	G_OBJECT_CLASS(host_supplicant_parent_class)->finalize(object);
}

static void host_supplicant_class_init(HostSupplicantClass *class)
{
	GType type = HOST_TYPE_SUPPLICANT;

	G_OBJECT_CLASS(class)->finalize = host_supplicant_finalize;
	signals[SIGNAL_CHANGED] = g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
					       NULL, G_TYPE_NONE, 0);
	g_signal_new("peer-found", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	g_signal_new("peer-lost", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	signals[SIGNAL_EVENT] = g_signal_new("event", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					     G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING,
					     G_TYPE_VARIANT);
}

HostSupplicant *host_supplicant_new(GDBusConnection *connection)
{
	HostSupplicant *self = g_object_new(HOST_TYPE_SUPPLICANT, NULL);

	self->connection = g_object_ref(connection);
	self->name_watch = g_bus_watch_name_on_connection(connection, HOST_SUPPLICANT_NAME,
							  G_BUS_NAME_WATCHER_FLAGS_NONE,
							  on_appeared, on_vanished, self, NULL);
	self->free_radio = host_free_radio_new(connection, on_free_radio, self);
	return self;
}
