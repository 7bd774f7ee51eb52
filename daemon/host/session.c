// SPDX-License-Identifier: GPL-2.0-or-later
#include "session.h"

#include <unistd.h>

/* What is under way; on_... below continues when it is over. */
enum step {
	STEP_CREATE,
	STEP_OPEN,
	STEP_START,
	STEP_RUN,
	STEP_LEAVE,
	STEP_ENDED,
};

#define N_STEPS (STEP_ENDED + 1)

static const char *const state_names[] = {
	[STEP_CREATE] = "preparing", [STEP_OPEN] = "waiting",	[STEP_START] = "starting",
	[STEP_RUN] = "started",	     [STEP_LEAVE] = "stopping", [STEP_ENDED] = "ended",
};

struct _HostSession {
	GObject parent_instance;

	guint number;
	guint start_timeout_s;
	HostLink *link;
	MiracastDevice *device;
	BusSession1 *bus;
	GCancellable *cancellable;
	GPtrArray *disconnects; /* D-Bus calls to answer at the end */

	enum step step;
	gint64 step_began;
	gint64 step_took[N_STEPS]; /* microseconds */
	bool ending;
	enum miracast_stop_reason stop_reason;
};

enum {
	SIGNAL_ENDED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(HostSession, host_session, G_TYPE_OBJECT)

static void update_facts(HostSession *self)
{
	g_autoptr(GVariant) facts = miracast_device_get_facts(self->device);
	g_autoptr(GVariant) all = NULL;
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{ss}"));
	g_auto(GVariantDict) dict;
	GVariantIter iter;
	const char *key, *text;
	GVariant *value;

	g_variant_dict_init(&dict, NULL);
	host_link_add_facts(self->link, &dict);
	all = g_variant_ref_sink(g_variant_dict_end(&dict));
	g_variant_iter_init(&iter, all);
	while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
		g_variant_builder_add(&builder, "{ss}", key, g_variant_get_string(value, NULL));
	g_variant_iter_init(&iter, facts);
	while (g_variant_iter_loop(&iter, "{&s&s}", &key, &text))
		g_variant_builder_add(&builder, "{ss}", key, text);
	for (enum step step = STEP_CREATE; step < STEP_ENDED; step++) {
		g_autofree char *name = g_strdup_printf("%s-ms", state_names[step]);
		g_autofree char *took =
			g_strdup_printf("%" G_GINT64_FORMAT, self->step_took[step] / 1000);

		if (self->step_took[step])
			g_variant_builder_add(&builder, "{ss}", name, took);
	}
	bus_session1_set_facts(self->bus, g_variant_builder_end(&builder));
}

/* Not yet told to anybody. */
static void note_step(HostSession *self, enum step step)
{
	gint64 now = g_get_monotonic_time();

	if (self->step_began)
		self->step_took[self->step] = now - self->step_began;
	self->step_began = now;
	self->step = step;
}

static void set_step(HostSession *self, enum step step)
{
	note_step(self, step);
	update_facts(self);
	bus_session1_set_state(self->bus, state_names[step]);
}

static void on_destroyed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	if (!miracast_device_destroy_finish(self->device, result, &error))
		g_warning("Session %u: %s", self->number, error->message);
	host_link_close(self->link);
	set_step(self, STEP_ENDED);
	g_message("Session %u: ended (%s). %s", self->number, bus_session1_get_reason(self->bus),
		  bus_session1_get_message(self->bus));
	/* Whoever asked for the end sees it in the properties when the answer comes. */
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(self->bus));
	for (guint i = 0; i < self->disconnects->len; i++)
		bus_session1_complete_disconnect(self->bus, self->disconnects->pdata[i]);
	g_ptr_array_set_size(self->disconnects, 0);
	g_signal_emit(self, signals[SIGNAL_ENDED], 0);
}

static void destroy(HostSession *self)
{
	miracast_device_destroy_async(self->device, on_destroyed, g_object_ref(self));
}

static void on_stopped(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	if (!miracast_device_stop_finish(self->device, result, &error))
		g_warning("Session %u: %s", self->number, error->message);
	destroy(self);
}

/* From any step that is not waited for. */
static void leave(HostSession *self)
{
	bool started = self->step == STEP_RUN;

	set_step(self, STEP_LEAVE);
	if (started)
		miracast_device_stop_async(self->device, self->stop_reason, on_stopped,
					   g_object_ref(self));
	else
		destroy(self);
}

/* The first word counts. */
static void end_with(HostSession *self, enum miracast_stop_reason stop_reason, const char *word,
		     const char *message)
{
	if (self->ending || self->step >= STEP_LEAVE)
		return;
	self->ending = true;
	self->stop_reason = stop_reason;
	bus_session1_set_reason(self->bus, word);
	bus_session1_set_message(self->bus, message);

	switch (self->step) {
	case STEP_CREATE: break;
	case STEP_OPEN: g_cancellable_cancel(self->cancellable); break;
	case STEP_START: miracast_device_hang_up(self->device); break;
	case STEP_RUN: leave(self); break;
	case STEP_LEAVE:
	case STEP_ENDED: break;
	}
}

void host_session_end(HostSession *self, HostReason reason, const char *detail)
{
	g_autofree char *message = host_reason_message(reason, detail);

	end_with(self, host_reason_to_stop(reason), host_reason_word(reason), message);
}

/* What the driver said is nearest to the cause, unless it is the host that hung up. */
static void end_by_driver(HostSession *self, enum miracast_stop_reason stop_reason,
			  HostReason reason, const char *detail)
{
	g_autofree char *word = NULL;
	g_autofree char *message = NULL;

	if (miracast_device_get_reason(self->device, &word, &message))
		end_with(self, stop_reason, word, message);
	else
		host_session_end(self, reason, detail);
}

static void fail(HostSession *self, const GError *error)
{
	HostReason reason = host_reason_from_error(error);

	if (error->domain == HOST_ERROR)
		end_with(self, host_reason_to_stop(reason), host_reason_word(reason),
			 error->message);
	else if (error->code == MIRACAST_ERROR_DRIVER_FAILED)
		end_by_driver(self, MIRACAST_STOP_CRITICAL_ERROR, reason, error->message);
	else
		host_session_end(self, reason, error->message);
}

static void on_stop_requested(MiracastDevice *device, guint stop_reason, HostSession *self)
{
	end_by_driver(self, stop_reason, host_reason_from_stop(stop_reason), NULL);
}

static void on_link_lost(HostLink *link, const char *detail, HostSession *self)
{
	host_session_end(self, HOST_REASON_LINK_LOST, detail);
}

static void on_started(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;
	struct miracast_session_info info;
	g_auto(GStrv) unknown = NULL;

	if (!miracast_device_start_finish(self->device, result, &info, &error)) {
		fail(self, error);
		leave(self);
		return;
	}
	note_step(self, STEP_RUN);
	if (self->ending) {
		leave(self);
		return;
	}
	set_step(self, STEP_RUN);
	unknown = miracast_device_get_unused_options(self->device);
	if (*unknown) {
		g_autofree char *names = g_strjoinv(" ", unknown);

		g_warning("Session %u: the user-mode driver knows no option %s", self->number,
			  names);
		miracast_device_set_fact(self->device, "options-unknown", names);
	}
	g_message("Session %u: started%s", self->number,
		  info.value & MIRACAST_SESSION_MONITOR_CONNECTED
			  ? ""
			  : "; the sink has no monitor attached yet");
}

static void on_link_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;
	int rtsp_socket = host_link_open_finish(self->link, result, &error);

	if (rtsp_socket < 0) {
		if (!self->ending)
			fail(self, error);
		leave(self);
		return;
	}
	if (self->ending) {
		close(rtsp_socket);
		leave(self);
		return;
	}
	set_step(self, STEP_START);
	g_message("Session %u: the sink is connected, capabilities are exchanged", self->number);
	miracast_device_start_async(self->device, rtsp_socket, NULL, self->start_timeout_s,
				    on_started, g_object_ref(self));
}

static void on_created(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(MiracastChannel) channel = NULL;

	if (!miracast_device_create_finish(self->device, result, &error))
		fail(self, error);
	if (self->ending) {
		leave(self);
		return;
	}
	channel = miracast_device_ref_channel(self->device);
	bus_session1_set_adapter(self->bus, miracast_channel_get_path(channel));
	bus_session1_set_context_id(self->bus, miracast_channel_get_context(channel)->context_id);
	bus_session1_set_target_id(self->bus, miracast_channel_get_context(channel)->target_id);

	set_step(self, STEP_OPEN);
	g_message("Session %u: %s is ready, waiting for %s to connect to %s port %u", self->number,
		  miracast_channel_get_path(channel), bus_session1_get_peer_address(self->bus),
		  bus_session1_get_local_address(self->bus), bus_session1_get_port(self->bus));
	host_link_open_async(self->link, self->cancellable, on_link_open, g_object_ref(self));
}

void host_session_run(HostSession *self)
{
	set_step(self, STEP_CREATE);
	miracast_device_create_async(self->device, on_created, g_object_ref(self));
}

gboolean host_session_has_ended(HostSession *self)
{
	return self->step == STEP_ENDED;
}

guint host_session_get_number(HostSession *self)
{
	return self->number;
}

BusSession1 *host_session_get_bus(HostSession *self)
{
	return self->bus;
}

static gboolean on_disconnect(BusSession1 *bus, GDBusMethodInvocation *invocation,
			      HostSession *self)
{
	if (self->step == STEP_ENDED) {
		g_dbus_method_invocation_return_dbus_error(invocation,
							   "net.miracast.Error.NotConnected",
							   "the session has ended already");
		return G_DBUS_METHOD_INVOCATION_HANDLED;
	}
	g_ptr_array_add(self->disconnects, invocation);
	host_session_end(self, HOST_REASON_STOPPED_BY_USER, NULL);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void host_session_init(HostSession *self)
{
	self->bus = bus_session1_skeleton_new();
	self->cancellable = g_cancellable_new();
	self->disconnects = g_ptr_array_new();
}

static void host_session_finalize(GObject *object)
{
	HostSession *self = HOST_SESSION(object);

	g_ptr_array_unref(self->disconnects);
	g_object_unref(self->cancellable);
	g_object_unref(self->link);
	g_object_unref(self->device);
	g_object_unref(self->bus);
	G_OBJECT_CLASS(host_session_parent_class)->finalize(object);
}

static void host_session_class_init(HostSessionClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_session_finalize;
	signals[SIGNAL_ENDED] = g_signal_new("ended", HOST_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL,
					     NULL, NULL, G_TYPE_NONE, 0);
}

HostSession *host_session_new(guint number, HostLink *link, MiracastDevice *device,
			      guint start_timeout_s)
{
	HostSession *self = g_object_new(HOST_TYPE_SESSION, NULL);

	self->number = number;
	self->start_timeout_s = start_timeout_s;
	self->link = g_object_ref(link);
	self->device = g_object_ref(device);
	bus_session1_set_facts(self->bus, g_variant_new("a{ss}", NULL));
	bus_session1_set_reason(self->bus, "");
	bus_session1_set_message(self->bus, "");
	bus_session1_set_adapter(self->bus, "");
	g_signal_connect_object(self->bus, "handle-disconnect", G_CALLBACK(on_disconnect), self, 0);
	g_signal_connect_object(device, "stop-requested", G_CALLBACK(on_stop_requested), self, 0);
	g_signal_connect_object(device, "facts-changed", G_CALLBACK(update_facts), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(link, "lost", G_CALLBACK(on_link_lost), self, 0);
	return self;
}
