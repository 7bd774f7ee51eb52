// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The calls are made one after the other, each for the difference between what is wanted and what is so.
 */
#include "iwd-service.h"

#include "iwd-bus.h"
#include "wfd-ie.h"

struct _HostIwdService {
	GObject *owner;
	GDBusConnection *connection;
	HostIwdRadio *radio;
	HostIwdPeers *peers;
	HostUses *uses;
	void (*changed)(GObject *owner);

	gboolean calling; /* one of the calls that bring it in line with the uses is under way */
	gboolean registered; /* as a source, with RTSP on @port */
	guint16 port;
	gboolean is_on; /* its device is enabled */
	gboolean enabled; /* that was by us */
	HostReason failure; /* of such a call; HOST_N_REASONS: none */
	char *failure_detail;

	guint searches;
	gboolean searching; /* it was asked to */
	gint64 search_began;
};

void host_iwd_service_forget_failure(HostIwdService *self)
{
	self->failure = HOST_N_REASONS;
	g_clear_pointer(&self->failure_detail, g_free);
}

/* The end of a call; (nullable) what was answered. */
static GVariant *end_call(HostIwdService *self, GAsyncResult *result, GError **error)
{
	self->calling = FALSE;
	return g_dbus_connection_call_finish(self->connection, result, error);
}

/* It refuses what is needed; nothing is tried again before something has changed. */
static void refuse(HostIwdService *self, GError *error, const char *sentence)
{
	g_dbus_error_strip_remote_error(error);
	/* Without it there is nothing to be in line with. */
	if (self->radio->is_there) {
		self->failure = HOST_REASON_IWD_REFUSED;
		g_free(self->failure_detail);
		self->failure_detail = g_strdup(sentence ? sentence : error->message);
		host_uses_fail(self->uses, self->failure, self->failure_detail);
		self->changed(self->owner);
	}
	host_iwd_service_settle(self);
}

static void on_registered(GObject *object, GAsyncResult *result, gpointer data)
{
	HostIwdService *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (answer) {
		self->registered = TRUE;
		host_iwd_service_settle(self);
	} else {
		refuse(self, error,
		       host_iwd_bus_is_error(error, HOST_IWD_NAME ".AlreadyExists")
			       ? "another program is its source or sink already"
			       : NULL);
	}
}

static void on_unregistered(GObject *object, GAsyncResult *result, gpointer data)
{
	HostIwdService *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (!answer)
		g_debug("UnregisterDisplayService: %s", error->message);
	host_iwd_service_settle(self);
}

static void on_enabled(GObject *object, GAsyncResult *result, gpointer data)
{
	HostIwdService *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (answer) {
		self->enabled = TRUE;
		self->is_on = TRUE;
		host_iwd_service_settle(self);
	} else {
		refuse(self, error, NULL);
	}
}

static void on_disabled(GObject *object, GAsyncResult *result, gpointer data)
{
	HostIwdService *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (answer) {
		self->is_on = FALSE;
	} else if (host_iwd_bus_is_error(error, HOST_IWD_NAME ".Failed")) {
		/* What is off for the kernel it cannot switch off, and will not switch on. */
		self->radio->is_stuck = TRUE;
		self->changed(self->owner);
	}
	host_iwd_service_settle(self);
}

static void on_search_requested(GObject *object, GAsyncResult *result, gpointer data)
{
	HostIwdService *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (!answer && !host_iwd_bus_is_error(error, HOST_IWD_NAME ".AlreadyExists")) {
		refuse(self, error, NULL);
		return;
	}
	self->searching = TRUE;
	self->search_began = g_get_monotonic_time();
	host_iwd_peers_watch_levels(self->peers);
	host_iwd_service_settle(self);
}

static void forget_search(HostIwdService *self)
{
	self->searching = FALSE;
	self->search_began = 0;
	host_iwd_peers_stop_levels(self->peers);
}

static void on_search_released(GObject *object, GAsyncResult *result, gpointer data)
{
	HostIwdService *self = data;
	g_autoptr(GObject) owner = self->owner;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = end_call(self, result, &error);

	if (!answer)
		g_debug("ReleaseDiscovery: %s", error->message);
	host_iwd_service_settle(self);
}

static void settle_by(HostIwdService *self, const char *path, const char *interface,
		      const char *method, GVariant *parameters, GAsyncReadyCallback callback)
{
	self->calling = TRUE;
	g_object_ref(self->owner);
	host_iwd_bus_call(self->connection, path, interface, method, parameters, NULL,
			  HOST_IWD_CALL_MS, callback, self);
}

static void set_enabled(HostIwdService *self, gboolean enabled, GAsyncReadyCallback callback)
{
	settle_by(self, self->radio->device, HOST_IWD_PROPERTIES, "Set",
		  g_variant_new("(ssv)", HOST_IWD_P2P, "Enabled", g_variant_new_boolean(enabled)),
		  callback);
}

/* 0: any */
static guint16 wanted_port(HostIwdService *self)
{
	for (GList *item = self->uses->list; item; item = item->next) {
		const HostUse *use = item->data;

		if (use->port)
			return use->port;
	}
	return 0;
}

void host_iwd_service_settle(HostIwdService *self)
{
	const char *detail;
	gboolean wanted = self->uses->list &&
			  host_iwd_radio_find_obstacle(self->radio, &detail) == HOST_N_REASONS;
	guint16 port = wanted_port(self);

	if (self->calling || !self->radio->device)
		return;
	if (self->searching && !(wanted && self->searches)) {
		forget_search(self);
		settle_by(self, self->radio->device, HOST_IWD_P2P, "ReleaseDiscovery", NULL,
			  on_search_released);
	} else if (self->registered && (!wanted || (port && port != self->port))) {
		self->registered = FALSE;
		settle_by(self, HOST_IWD_ROOT, HOST_IWD_SERVICE, "UnregisterDisplayService", NULL,
			  on_unregistered);
	} else if (self->enabled && !wanted) {
		self->enabled = FALSE;
		set_enabled(self, FALSE, on_disabled);
	} else if (!wanted || self->failure != HOST_N_REASONS) {
		return;
	} else if (!self->registered) {
		self->port = port ? port : HOST_WFD_PORT;
		settle_by(self, HOST_IWD_ROOT, HOST_IWD_SERVICE, "RegisterDisplayService",
			  g_variant_new_parsed("({'Source': <true>, 'Port': <%q>},)", self->port),
			  on_registered);
	} else if (!self->is_on) {
		set_enabled(self, TRUE, on_enabled);
	} else if (self->searches && !self->searching) {
		settle_by(self, self->radio->device, HOST_IWD_P2P, "RequestDiscovery", NULL,
			  on_search_requested);
	} else {
		host_uses_tell(self->uses, NULL);
	}
}

gboolean host_iwd_service_is_calling(HostIwdService *self)
{
	return self->calling;
}

HostReason host_iwd_service_get_failure(HostIwdService *self, const char **detail)
{
	*detail = self->failure_detail;
	return self->failure;
}

void host_iwd_service_start_search(HostIwdService *self)
{
	if (!self->searches++)
		host_iwd_service_settle(self);
}

void host_iwd_service_stop_search(HostIwdService *self)
{
	if (!--self->searches)
		host_iwd_service_settle(self);
}

gint64 host_iwd_service_get_search_began(HostIwdService *self)
{
	return self->search_began;
}

void host_iwd_service_set_on(HostIwdService *self, gboolean is_on)
{
	self->is_on = is_on;
	/* Not by us. */
	if (!is_on)
		self->enabled = FALSE;
}

void host_iwd_service_forget_device(HostIwdService *self)
{
	forget_search(self);
	host_iwd_service_forget_failure(self);
	self->enabled = FALSE;
	self->is_on = FALSE;
}

void host_iwd_service_forget_source(HostIwdService *self)
{
	self->registered = FALSE;
}

HostIwdService *host_iwd_service_new(GObject *owner, GDBusConnection *connection,
				     HostIwdRadio *radio, HostIwdPeers *peers, HostUses *uses,
				     void (*changed)(GObject *owner))
{
	HostIwdService *self = g_new0(HostIwdService, 1);

	self->owner = owner;
	self->connection = g_object_ref(connection);
	self->radio = radio;
	self->peers = peers;
	self->uses = uses;
	self->changed = changed;
	self->failure = HOST_N_REASONS;
	return self;
}

void host_iwd_service_free(HostIwdService *self)
{
	g_free(self->failure_detail);
	g_object_unref(self->connection);
	g_free(self);
}
