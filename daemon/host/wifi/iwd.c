// SPDX-License-Identifier: GPL-2.0-or-later
#include "iwd.h"

#include "device-name.h"
#include "p2p.h"
#include "radio.h"
#include "wfd-ie.h"

#include <string.h>

#define IWD_ROOT    "/net/connman/iwd"
#define IWD_DAEMON  HOST_IWD_NAME ".Daemon"
#define IWD_DEVICE  HOST_IWD_NAME ".Device"
#define IWD_STATION HOST_IWD_NAME ".Station"
#define IWD_P2P	    HOST_IWD_NAME ".p2p.Device"
#define IWD_DISPLAY HOST_IWD_NAME ".p2p.Display"
#define IWD_SERVICE HOST_IWD_NAME ".p2p.ServiceManager"
#define PROPERTIES  "org.freedesktop.DBus.Properties"

/* How often it is asked for signals; it tells of none by itself. */
#define LEVELS_S 3
/* A signal is in dBm or in hundredths of that, by its version. */
#define MIN_DBM -120

struct _HostIwd {
	GObject parent_instance;

	GDBusConnection *connection;
	GCancellable *cancellable;
	GDBusObjectManager
		*objects; /* NULL: it has not told yet, or does not let itself be asked */
	gboolean asking;
	char *denied; /* why it does not */
	HostRadioWatch *radios;

	/* What is known of it. */
	gboolean is_there;
	gboolean asking_info;
	gboolean leaves_addresses; /* it sets none, and falls over when a group ends */
	char *device;
	HostPeers *peers;

	HostUses uses;
	gboolean calling; /* one of the calls that bring it in line with the uses is under way */
	gboolean registered; /* as a source, with RTSP on @port */
	guint16 port;
	gboolean is_on; /* its device is enabled */
	gboolean enabled; /* that was by us */
	gboolean is_stuck; /* its device went with the radio, and it does not notice */
	HostReason failure; /* of such a call; HOST_N_REASONS: none */
	char *failure_detail;

	guint searches;
	gboolean searching; /* it was asked to */
	gint64 search_began;
	gboolean asking_levels;
	guint levels_source;
};

enum {
	SIGNAL_CHANGED,
	SIGNAL_PEER_CHANGED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(HostIwd, host_iwd, G_TYPE_OBJECT)

static void call(HostIwd *self, const char *path, const char *interface, const char *method,
		 GVariant *parameters, const char *reply, GAsyncReadyCallback callback)
{
	g_dbus_connection_call(self->connection, HOST_IWD_NAME, path, interface, method, parameters,
			       reply ? G_VARIANT_TYPE(reply) : NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, HOST_IWD_CALL_MS, NULL, callback,
			       g_object_ref(self));
}

static GVariant *call_finish(HostIwd *self, GAsyncResult *result, GError **error)
{
	GVariant *answer = g_dbus_connection_call_finish(self->connection, result, error);

	if (!answer)
		g_dbus_error_strip_remote_error(*error);
	return answer;
}

/* A property of an object that is told of; NULL if there is none of that type. Transfer full. */
static GVariant *get(GDBusObject *object, const char *interface, const char *name, const char *type)
{
	g_autoptr(GDBusInterface) proxy = g_dbus_object_get_interface(object, interface);
	g_autoptr(GVariant) value = NULL;

	value = proxy ? g_dbus_proxy_get_cached_property(G_DBUS_PROXY(proxy), name) : NULL;
	if (!value || !g_variant_is_of_type(value, G_VARIANT_TYPE(type)))
		return NULL;
	return g_steal_pointer(&value);
}

static gboolean is_true(GDBusObject *object, const char *interface, const char *name)
{
	g_autoptr(GVariant) value = get(object, interface, name, "b");

	return value && g_variant_get_boolean(value);
}

static gboolean is_path(GDBusObject *object, const char *interface, const char *name,
			const char *path)
{
	g_autoptr(GVariant) value = get(object, interface, name, "o");

	return value && !g_strcmp0(g_variant_get_string(value, NULL), path);
}

/*
 * Peers.
 */

static const char *kind_of(const char *category, const char *subcategory)
{
	static const struct {
		const char *theirs, *ours;
	} kinds[] = {
		{"television", "tv"},		{"electronic-picture-frame", "picture-frame"},
		{"projector", "projector"},	{"monitor", "monitor"},
		{"computer", "computer"},	{"input-device", "input"},
		{"printer-scanner", "printer"}, {"camera", "camera"},
		{"storage", "storage"},		{"network-infrastructure", "network"},
		{"display", "display"},		{"multimedia-device", "multimedia"},
		{"gaming-device", "game"},	{"telephone", "phone"},
		{"audio-device", "audio"},
	};
	const gboolean is_display = !g_strcmp0(category, "display");

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if ((is_display && !g_strcmp0(kinds[i].theirs, subcategory)) ||
		    !g_strcmp0(kinds[i].theirs, category))
			return kinds[i].ours;
	return "";
}

static void ask_levels(HostIwd *self);

/* Of what is in the air iwd shows the displays that are free; of them the sinks are ours. */
static void look_at(HostIwd *self, GDBusObject *object)
{
	const char *path = g_dbus_object_get_object_path(object);
	g_autoptr(GVariant) address = get(object, HOST_IWD_PEER, "Address", "s");
	g_autoptr(GVariant) name = get(object, HOST_IWD_PEER, "Name", "s");
	g_autoptr(GVariant) category = get(object, HOST_IWD_PEER, "DeviceCategory", "s");
	g_autoptr(GVariant) subcategory = get(object, HOST_IWD_PEER, "DeviceSubcategory", "s");
	HostPeer *peer = host_peers_lookup(self->peers, path);

	if (!address || !is_path(object, HOST_IWD_PEER, "Device", self->device) ||
	    !is_true(object, IWD_DISPLAY, "Sink")) {
		host_peers_lose(self->peers, path);
		return;
	}
	if (!peer) {
		peer = host_peers_add(self->peers, path);
		if (!peer)
			return;
		ask_levels(self);
	}
	g_free(peer->address);
	peer->address = g_ascii_strdown(g_variant_get_string(address, NULL), -1);
	g_free(peer->name);
	peer->name = name ? host_device_name_clean(g_variant_get_string(name, NULL),
						   g_variant_get_size(name))
			  : NULL;
	peer->kind = kind_of(category ? g_variant_get_string(category, NULL) : NULL,
			     subcategory ? g_variant_get_string(subcategory, NULL) : NULL);
	peer->is_display = TRUE;
	peer->wfd = (HostWfdInfo){
		.type = HOST_WFD_PRIMARY_SINK,
		.available = TRUE,
		.content_protection = is_true(object, IWD_DISPLAY, "HasContentProtection"),
	};
	host_peers_tell(self->peers, peer);
}

HostPeers *host_iwd_get_peers(HostIwd *self)
{
	return self->peers;
}

static void on_levels(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariantIter) levels = NULL;
	const char *path;
	gint16 level;

	self->asking_levels = FALSE;
	if (!answer) {
		g_debug("GetPeers: %s", error->message);
		return;
	}
	g_variant_get(answer, "(a(on))", &levels);
	while (g_variant_iter_next(levels, "(&on)", &path, &level)) {
		HostPeer *peer = host_peers_lookup(self->peers, path);
		int dbm = level < MIN_DBM ? level / 100 : level;

		if (!peer || peer->dbm == dbm)
			continue;
		peer->dbm = dbm;
		host_peers_tell(self->peers, peer);
	}
}

static void ask_levels(HostIwd *self)
{
	if (self->asking_levels || !self->device)
		return;
	self->asking_levels = TRUE;
	call(self, self->device, IWD_P2P, "GetPeers", NULL, "(a(on))", on_levels);
}

static gboolean on_levels_wanted(gpointer data)
{
	ask_levels(data);
	return G_SOURCE_CONTINUE;
}

/*
 * What its users want of it. The calls are made one after the other, each for the difference between
 * what is wanted and what is so.
 */

static void settle(HostIwd *self);

static void changed(HostIwd *self)
{
	g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

static void forget_failure(HostIwd *self)
{
	self->failure = HOST_N_REASONS;
	g_clear_pointer(&self->failure_detail, g_free);
}

static gboolean is_named(const GError *error, const char *name)
{
	g_autofree char *theirs = g_dbus_error_get_remote_error(error);

	return !g_strcmp0(theirs, name);
}

/* The end of a call; (nullable) what was answered. */
static GVariant *end_call(HostIwd *self, GAsyncResult *result, GError **error)
{
	self->calling = FALSE;
	return g_dbus_connection_call_finish(self->connection, result, error);
}

/* It refuses what is needed; nothing is tried again before something has changed. */
static void refuse(HostIwd *self, GError *error, const char *sentence)
{
	g_dbus_error_strip_remote_error(error);
	/* Without it there is nothing to be in line with. */
	if (self->is_there) {
		self->failure = HOST_REASON_IWD_REFUSED;
		g_free(self->failure_detail);
		self->failure_detail = g_strdup(sentence ? sentence : error->message);
		host_uses_fail(&self->uses, self->failure, self->failure_detail);
		changed(self);
	}
	settle(self);
}

static void on_registered(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (answer) {
		self->registered = TRUE;
		settle(self);
	} else {
		refuse(self, error,
		       is_named(error, HOST_IWD_NAME ".AlreadyExists")
			       ? "another program is its source or sink already"
			       : NULL);
	}
}

static void on_unregistered(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (!answer)
		g_debug("UnregisterDisplayService: %s", error->message);
	settle(self);
}

static void on_enabled(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (answer) {
		self->enabled = TRUE;
		self->is_on = TRUE;
		settle(self);
	} else {
		refuse(self, error, NULL);
	}
}

static void on_disabled(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (answer) {
		self->is_on = FALSE;
	} else if (is_named(error, HOST_IWD_NAME ".Failed")) {
		/* What is off for the kernel it cannot switch off, and will not switch on. */
		self->is_stuck = TRUE;
		changed(self);
	}
	settle(self);
}

static void on_search_requested(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (!answer && !is_named(error, HOST_IWD_NAME ".AlreadyExists")) {
		refuse(self, error, NULL);
		return;
	}
	self->searching = TRUE;
	self->search_began = g_get_monotonic_time();
	g_clear_handle_id(&self->levels_source, g_source_remove);
	self->levels_source = g_timeout_add_seconds(LEVELS_S, on_levels_wanted, self);
	settle(self);
}

static void forget_search(HostIwd *self)
{
	self->searching = FALSE;
	self->search_began = 0;
	g_clear_handle_id(&self->levels_source, g_source_remove);
}

static void on_search_released(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (!answer)
		g_debug("ReleaseDiscovery: %s", error->message);
	settle(self);
}

static void settle_by(HostIwd *self, const char *path, const char *interface, const char *method,
		      GVariant *parameters, GAsyncReadyCallback callback)
{
	self->calling = TRUE;
	call(self, path, interface, method, parameters, NULL, callback);
}

static void set_enabled(HostIwd *self, gboolean enabled, GAsyncReadyCallback callback)
{
	settle_by(self, self->device, PROPERTIES, "Set",
		  g_variant_new("(ssv)", IWD_P2P, "Enabled", g_variant_new_boolean(enabled)),
		  callback);
}

/* 0: any */
static guint16 wanted_port(HostIwd *self)
{
	for (GList *item = self->uses.list; item; item = item->next) {
		const HostUse *use = item->data;

		if (use->port)
			return use->port;
	}
	return 0;
}

static HostReason find_obstacle(HostIwd *self, const char **detail);

static void settle(HostIwd *self)
{
	const char *detail;
	gboolean wanted = self->uses.list && find_obstacle(self, &detail) == HOST_N_REASONS;
	guint16 port = wanted_port(self);

	if (self->calling || !self->device)
		return;
	if (self->searching && !(wanted && self->searches)) {
		forget_search(self);
		settle_by(self, self->device, IWD_P2P, "ReleaseDiscovery", NULL,
			  on_search_released);
	} else if (self->registered && (!wanted || (port && port != self->port))) {
		self->registered = FALSE;
		settle_by(self, IWD_ROOT, IWD_SERVICE, "UnregisterDisplayService", NULL,
			  on_unregistered);
	} else if (self->enabled && !wanted) {
		self->enabled = FALSE;
		set_enabled(self, FALSE, on_disabled);
	} else if (!wanted || self->failure != HOST_N_REASONS) {
		return;
	} else if (!self->registered) {
		self->port = port ? port : HOST_WFD_PORT;
		settle_by(self, IWD_ROOT, IWD_SERVICE, "RegisterDisplayService",
			  g_variant_new_parsed("({'Source': <true>, 'Port': <%q>},)", self->port),
			  on_registered);
	} else if (!self->is_on) {
		set_enabled(self, TRUE, on_enabled);
	} else if (self->searches && !self->searching) {
		settle_by(self, self->device, IWD_P2P, "RequestDiscovery", NULL,
			  on_search_requested);
	} else {
		host_uses_tell(&self->uses, NULL);
	}
}

static gboolean on_use_begins(gpointer data)
{
	HostIwd *self = data;
	const char *detail;
	HostReason problem = host_iwd_get_problem(self, &detail);

	if (host_iwd_is_known(self) && problem != HOST_N_REASONS)
		host_uses_fail(&self->uses, problem, detail);
	settle(self);
	return G_SOURCE_REMOVE;
}

HostUse *host_iwd_use(HostIwd *self, guint16 port, HostUseReady ready, gpointer user_data)
{
	forget_failure(self);
	/* Not before the call returns. */
	g_idle_add_full(G_PRIORITY_DEFAULT, on_use_begins, g_object_ref(self), g_object_unref);
	return host_uses_add(&self->uses, port, ready, user_data);
}

static void on_use_ended(gpointer data)
{
	HostIwd *self = data;

	/* What was refused to them may be granted to the next. */
	if (!self->uses.list && self->failure != HOST_N_REASONS) {
		forget_failure(self);
		changed(self);
	}
	settle(self);
}

void host_iwd_start_search(HostIwd *self)
{
	if (!self->searches++)
		settle(self);
}

void host_iwd_stop_search(HostIwd *self)
{
	if (!--self->searches)
		settle(self);
}

gint64 host_iwd_get_search_began(HostIwd *self)
{
	return self->search_began;
}

static gboolean is_calling(gpointer data)
{
	return HOST_IWD(data)->calling;
}

void host_iwd_wait_put_back(HostIwd *self)
{
	host_uses_wait(&self->uses, is_calling);
}

/*
 * What is known of it.
 */

gboolean host_iwd_is_known(HostIwd *self)
{
	return !self->asking && !self->asking_info;
}

gboolean host_iwd_is_there(HostIwd *self)
{
	return self->is_there || self->denied;
}

const char *host_iwd_get_device(HostIwd *self)
{
	return self->device;
}

GDBusConnection *host_iwd_get_connection(HostIwd *self)
{
	return self->connection;
}

/* The object of the radio's network interface; (transfer full) (nullable) */
static GDBusObject *find_station(HostIwd *self)
{
	GList *list = self->objects ? g_dbus_object_manager_get_objects(self->objects) : NULL;
	GDBusObject *found = NULL;

	for (GList *item = list; item && !found; item = item->next)
		if (is_path(item->data, IWD_DEVICE, "Adapter", self->device))
			found = g_object_ref(item->data);
	g_list_free_full(list, g_object_unref);
	return found;
}

char *host_iwd_get_interface(HostIwd *self)
{
	g_autoptr(GDBusObject) station = find_station(self);
	g_autoptr(GVariant) name = station ? get(station, IWD_DEVICE, "Name", "s") : NULL;

	return name ? g_variant_dup_string(name, NULL) : NULL;
}

gboolean host_iwd_is_on_network(HostIwd *self)
{
	g_autoptr(GDBusObject) station = find_station(self);
	g_autoptr(GVariant) state = station ? get(station, IWD_STATION, "State", "s") : NULL;

	return state && strcmp(g_variant_get_string(state, NULL), "disconnected");
}

/* What is in the way, whatever it would answer. */
static HostReason find_obstacle(HostIwd *self, const char **detail)
{
	g_autofree char *interface = NULL;

	*detail = NULL;
	if (self->denied) {
		*detail = self->denied;
		return HOST_REASON_IWD_REFUSED;
	}
	if (!self->is_there)
		return HOST_REASON_IWD_AWAY;
	if (!self->device) {
		*detail = "iwd has no Wi-Fi Direct device";
		return HOST_REASON_NO_P2P;
	}
	interface = host_iwd_get_interface(self);
	if (interface && host_radio_is_blocked(interface))
		return HOST_REASON_RADIO_BLOCKED;
	if (self->is_stuck) {
		*detail = "its Wi-Fi Direct device went with the radio when that was switched off: "
			  "run 'systemctl restart iwd'";
		return HOST_REASON_IWD_UNABLE;
	}
	if (self->leaves_addresses) {
		*detail =
			"it sets no addresses and falls over when a group ends: set "
			"EnableNetworkConfiguration=true below [General] in /etc/iwd/main.conf and "
			"restart it";
		return HOST_REASON_IWD_UNABLE;
	}
	return HOST_N_REASONS;
}

HostReason host_iwd_get_problem(HostIwd *self, const char **detail)
{
	HostReason obstacle = find_obstacle(self, detail);

	if (obstacle != HOST_N_REASONS)
		return obstacle;
	*detail = self->failure_detail;
	return self->failure;
}

/* What was of its device is gone with it. */
static void forget_device(HostIwd *self)
{
	host_peers_lose_all(self->peers);
	forget_search(self);
	forget_failure(self);
	self->enabled = FALSE;
	self->is_on = FALSE;
	self->is_stuck = FALSE;
	g_clear_pointer(&self->device, g_free);
}

/* The one that there was, else the first by its path; (nullable) */
static GDBusObject *find_device(HostIwd *self, GList *objects)
{
	GDBusObject *found = NULL;

	for (GList *item = objects; item; item = item->next) {
		const char *path = g_dbus_object_get_object_path(item->data);
		g_autoptr(GDBusInterface) p2p = g_dbus_object_get_interface(item->data, IWD_P2P);

		if (!p2p)
			continue;
		if (!g_strcmp0(path, self->device))
			return item->data;
		if (!found || strcmp(path, g_dbus_object_get_object_path(found)) < 0)
			found = item->data;
	}
	return found;
}

static void choose_device(HostIwd *self)
{
	GList *list = self->is_there ? g_dbus_object_manager_get_objects(self->objects) : NULL;
	GDBusObject *device = find_device(self, list);
	const char *path = device ? g_dbus_object_get_object_path(device) : NULL;

	if (g_strcmp0(path, self->device)) {
		forget_device(self);
		self->device = g_strdup(path);
		self->is_on = device && is_true(device, IWD_P2P, "Enabled");
		for (GList *item = list; item && device; item = item->next)
			look_at(self, item->data);
	}
	g_list_free_full(list, g_object_unref);
}

static void look(HostIwd *self)
{
	const char *detail;
	HostReason problem;

	choose_device(self);
	changed(self);
	problem = host_iwd_get_problem(self, &detail);
	/* A use waits for no more than its answer, or the reason why there is none. */
	if (host_iwd_is_known(self) && problem != HOST_N_REASONS)
		host_uses_fail(&self->uses, problem, detail);
	settle(self);
}

static void on_info(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostIwd) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = call_finish(self, result, &error);
	g_autoptr(GVariant) info = NULL;
	gboolean configures = TRUE;

	self->asking_info = FALSE;
	if (answer) {
		info = g_variant_get_child_value(answer, 0);
		g_variant_lookup(info, "NetworkConfigurationEnabled", "b", &configures);
	}
	self->leaves_addresses = !configures;
	look(self);
}

/* It has come, or gone with all that was of it. */
static void on_owner_changed(HostIwd *self)
{
	g_autofree char *owner = g_dbus_object_manager_client_get_name_owner(
		G_DBUS_OBJECT_MANAGER_CLIENT(self->objects));

	if (self->is_there && owner)
		return;
	self->is_there = owner != NULL;
	self->registered = FALSE;
	self->leaves_addresses = FALSE;
	forget_device(self);
	if (!owner || self->asking_info) {
		look(self);
		return;
	}
	self->asking_info = TRUE;
	call(self, IWD_ROOT, IWD_DAEMON, "GetInfo", NULL, "(a{sv})", on_info);
}

static gboolean has(GDBusObject *object, const char *interface)
{
	g_autoptr(GDBusInterface) found = g_dbus_object_get_interface(object, interface);

	return found != NULL;
}

static void on_object_changed(GDBusObjectManager *objects, GDBusObject *object, HostIwd *self)
{
	look_at(self, object);
	/* There may be hundreds of peers. */
	if (!has(object, HOST_IWD_PEER))
		look(self);
}

static void on_object_removed(GDBusObjectManager *objects, GDBusObject *object, HostIwd *self)
{
	host_peers_lose(self->peers, g_dbus_object_get_object_path(object));
	if (!has(object, HOST_IWD_PEER))
		look(self);
}

static void on_interface_changed(GDBusObjectManager *objects, GDBusObject *object,
				 GDBusInterface *interface, HostIwd *self)
{
	on_object_changed(objects, object, self);
}

static void on_properties_changed(GDBusObjectManagerClient *objects, GDBusObjectProxy *object,
				  GDBusProxy *proxy, GVariant *properties,
				  const char *const *invalidated, HostIwd *self)
{
	const char *interface = g_dbus_proxy_get_interface_name(proxy);
	const char *path = g_dbus_proxy_get_object_path(proxy);

	if (!strcmp(interface, HOST_IWD_PEER))
		g_signal_emit(self, signals[SIGNAL_PEER_CHANGED], 0, path, properties);
	if (!strcmp(interface, HOST_IWD_PEER) || !strcmp(interface, IWD_DISPLAY))
		look_at(self, G_DBUS_OBJECT(object));
	if (!strcmp(interface, IWD_P2P) && !g_strcmp0(path, self->device) &&
	    g_variant_lookup(properties, "Enabled", "b", &self->is_on) && !self->is_on) {
		/* Not by us. */
		self->enabled = FALSE;
		settle(self);
	}
}

static void on_objects(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusObjectManager)
		objects = g_dbus_object_manager_client_new_finish(result, &error);
	HostIwd *self = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	self->asking = FALSE;
	if (!objects) {
		g_dbus_error_strip_remote_error(error);
		self->denied = g_strdup(error->message);
		look(self);
		return;
	}
	self->objects = g_steal_pointer(&objects);
	g_signal_connect(self->objects, "object-added", G_CALLBACK(on_object_changed), self);
	g_signal_connect(self->objects, "object-removed", G_CALLBACK(on_object_removed), self);
	g_signal_connect(self->objects, "interface-added", G_CALLBACK(on_interface_changed), self);
	g_signal_connect(self->objects, "interface-removed", G_CALLBACK(on_interface_changed),
			 self);
	g_signal_connect(self->objects, "interface-proxy-properties-changed",
			 G_CALLBACK(on_properties_changed), self);
	g_signal_connect_swapped(self->objects, "notify::name-owner", G_CALLBACK(on_owner_changed),
				 self);
	on_owner_changed(self);
}

static void on_radios_changed(gpointer data)
{
	HostIwd *self = data;

	/* A refusal may have been for the radio's sake. */
	forget_failure(self);
	look(self);
}

static void host_iwd_init(HostIwd *self)
{
	self->uses = (HostUses){.object = G_OBJECT(self), .ended = on_use_ended};
	self->failure = HOST_N_REASONS;
	self->cancellable = g_cancellable_new();
	self->peers = host_peers_new(self);
	self->radios = host_radio_watch_new(on_radios_changed, self);
}

static void host_iwd_finalize(GObject *object)
{
	HostIwd *self = HOST_IWD(object);

	g_cancellable_cancel(self->cancellable);
	g_object_unref(self->cancellable);
	if (self->objects)
		g_signal_handlers_disconnect_by_data(self->objects, self);
	g_clear_object(&self->objects);
	g_clear_handle_id(&self->levels_source, g_source_remove);
	host_radio_watch_free(self->radios);
	host_peers_free(self->peers);
	g_free(self->denied);
	g_free(self->device);
	g_free(self->failure_detail);
	g_object_unref(self->connection);
	G_OBJECT_CLASS(host_iwd_parent_class)->finalize(object);
}

static void host_iwd_class_init(HostIwdClass *class)
{
	GType type = HOST_TYPE_IWD;

	G_OBJECT_CLASS(class)->finalize = host_iwd_finalize;
	signals[SIGNAL_CHANGED] = g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
					       NULL, G_TYPE_NONE, 0);
	g_signal_new("peer-found", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	g_signal_new("peer-lost", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
		     G_TYPE_POINTER);
	signals[SIGNAL_PEER_CHANGED] = g_signal_new("peer-changed", type, G_SIGNAL_RUN_LAST, 0,
						    NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
						    G_TYPE_VARIANT);
}

HostIwd *host_iwd_new(GDBusConnection *connection)
{
	HostIwd *self = g_object_new(HOST_TYPE_IWD, NULL);

	self->connection = g_object_ref(connection);
	/* Whether it is there or not, now or later. */
	self->asking = TRUE;
	g_dbus_object_manager_client_new(connection,
					 G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
					 HOST_IWD_NAME, "/", NULL, NULL, NULL, self->cancellable,
					 on_objects, self);
	return self;
}
