// SPDX-License-Identifier: GPL-2.0-or-later
#include "session.h"

#include "miracast-driver.h"
#include "miracast-status.h"

#include <stdbool.h>
#include <unistd.h>

/* What is under way; on_... below continues when it is over. */
typedef enum {
	STATE_CREATE,
	STATE_OPEN,
	STATE_START,
	STATE_RUN,
	STATE_STREAM, /* runs, too: pictures are on their way */
	STATE_LEAVE,
	STATE_ENDED,
} SessionState;

#define N_STATES (STATE_ENDED + 1)

static const char *const state_names[] = {
	[STATE_CREATE] = "preparing", [STATE_OPEN] = "waiting",	    [STATE_START] = "starting",
	[STATE_RUN] = "started",      [STATE_STREAM] = "streaming", [STATE_LEAVE] = "stopping",
	[STATE_ENDED] = "ended",
};

struct _HostSession {
	GObject parent_instance;

	guint number;
	guint start_timeout_s;
	HostLink *link;
	HostProcess *process;
	BusSession1 *bus;
	GCancellable *cancellable;
	GPtrArray *disconnects; /* D-Bus calls to answer at the end */
	GPtrArray *questions; /* D-Bus calls that wait for statistics */
	guint answer_source; /* they are answered then, with what there is */
	char *unknown_options;
	GError *left; /* why the start failed with a sink that left and may come back; or NULL */

	SessionState state;
	gint64 state_began;
	gint64 state_took[N_STATES]; /* microseconds, all times together */
	bool ending;
	enum miracast_stop_reason stop_reason;
};

enum {
	SIGNAL_ENDED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(HostSession, host_session, G_TYPE_OBJECT)

static void add_all(GVariantDict *dict, GVariant *values)
{
	GVariantIter iter;
	const char *name;
	GVariant *value;

	g_variant_iter_init(&iter, values);
	while (g_variant_iter_loop(&iter, "{&sv}", &name, &value))
		g_variant_dict_insert_value(dict, name, value);
}

static void update_details(HostSession *self)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	add_all(&dict, host_process_get_details(self->process));
	host_link_add_details(self->link, &dict);
	if (self->unknown_options)
		g_variant_dict_insert(&dict, "options-unknown", "s", self->unknown_options);
	bus_session1_set_details(self->bus, g_variant_dict_end(&dict));
}

/* Transfer full, not floating. */
static GVariant *get_statistics(HostSession *self)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	add_all(&dict, host_process_get_statistics(self->process));
	host_link_add_statistics(self->link, &dict);
	for (SessionState state = STATE_CREATE; state < STATE_ENDED; state++) {
		g_autofree char *name = g_strdup_printf("%s-ms", state_names[state]);

		if (self->state_took[state])
			g_variant_dict_insert(&dict, name, "t",
					      (guint64)self->state_took[state] / 1000);
	}
	return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static void answer_questions(HostSession *self)
{
	g_autoptr(GVariant) statistics = NULL;

	g_clear_handle_id(&self->answer_source, g_source_remove);
	if (!self->questions->len)
		return;
	statistics = get_statistics(self);
	for (guint i = 0; i < self->questions->len; i++)
		bus_session1_complete_get_statistics(self->bus, self->questions->pdata[i],
						     statistics);
	g_ptr_array_set_size(self->questions, 0);
}

static void set_state(HostSession *self, SessionState state)
{
	gint64 now = g_get_monotonic_time();

	if (self->state_began)
		self->state_took[self->state] += now - self->state_began;
	self->state_began = now;
	self->state = state;
	update_details(self);
	bus_session1_set_state(self->bus, state_names[state]);
}

static bool is_running(HostSession *self)
{
	return self->state == STATE_RUN || self->state == STATE_STREAM;
}

static void on_destroyed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	if (!host_process_destroy_finish(self->process, result, &error))
		g_warning("Session %u: %s", self->number, error->message);
	answer_questions(self);
	set_state(self, STATE_ENDED);
	host_link_close(self->link);
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
	host_link_leave(self->link);
	host_process_destroy_async(self->process, on_destroyed, g_object_ref(self));
}

static void on_stopped(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	if (!host_process_stop_finish(self->process, result, &error))
		g_warning("Session %u: %s", self->number, error->message);
	destroy(self);
}

/* From any state whose end is not waited for. */
static void leave(HostSession *self)
{
	bool running = is_running(self);

	set_state(self, STATE_LEAVE);
	if (running)
		host_process_stop_async(self->process, self->stop_reason, on_stopped,
					g_object_ref(self));
	else
		destroy(self);
}

/* The first word counts. */
static void end_with(HostSession *self, enum miracast_stop_reason stop_reason, const char *word,
		     const char *message)
{
	if (self->ending || self->state >= STATE_LEAVE)
		return;
	self->ending = true;
	self->stop_reason = stop_reason;
	bus_session1_set_reason(self->bus, word);
	bus_session1_set_message(self->bus, message);

	switch (self->state) {
	case STATE_CREATE: break;
	case STATE_OPEN: g_cancellable_cancel(self->cancellable); break;
	case STATE_START: host_process_hang_up(self->process); break;
	case STATE_RUN:
	case STATE_STREAM: leave(self); break;
	case STATE_LEAVE:
	case STATE_ENDED: break;
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
	const char *word, *message;

	if (host_process_get_reason(self->process, &word, &message))
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

static void on_stop_requested(HostProcess *process, guint stop_reason, HostSession *self)
{
	end_by_driver(self, stop_reason, host_reason_from_stop(stop_reason), NULL);
}

static void on_died(HostProcess *process, const char *how, HostSession *self)
{
	host_session_end(self, HOST_REASON_SESSION_DIED, how);
}

static void show_streaming(HostSession *self)
{
	SessionState state = host_process_get_streaming(self->process) ? STATE_STREAM : STATE_RUN;

	if (!is_running(self) || self->state == state)
		return;
	set_state(self, state);
	g_message("Session %u: %s", self->number, state_names[state]);
}

static void on_link_lost(HostLink *link, int reason, const char *detail, HostSession *self)
{
	host_session_end(self, reason, detail);
}

static void give_up(HostSession *self, const GError *error)
{
	fail(self, error);
	leave(self);
}

static void on_link_open(GObject *object, GAsyncResult *result, gpointer data);

/* Sinks try whether the port is open before they connect in earnest. */
static bool may_come_back(HostSession *self, const GError *error)
{
	return !self->ending && host_process_sink_has_left(self->process) &&
	       g_error_matches(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED);
}

/* Takes @error: what there is to say if it does not come. */
static void wait_again(HostSession *self, GError *error)
{
	g_clear_error(&self->left);
	self->left = error;
	set_state(self, STATE_OPEN);
	g_message("Session %u: the sink closed the connection, waiting for it to come back",
		  self->number);
	host_link_open_async(self->link, self->cancellable, on_link_open, g_object_ref(self));
}

static void on_started(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) unknown = NULL;
	guint32 session_info;

	if (!host_process_start_finish(self->process, result, &session_info, &unknown, &error)) {
		if (may_come_back(self, error))
			wait_again(self, g_steal_pointer(&error));
		else
			give_up(self, error);
		return;
	}
	host_link_settle(self->link);
	if (*unknown) {
		self->unknown_options = g_strjoinv(" ", unknown);
		g_warning("Session %u: the user-mode driver knows no option %s", self->number,
			  self->unknown_options);
	}
	set_state(self, STATE_RUN);
	if (self->ending) {
		leave(self);
		return;
	}
	g_message("Session %u: started%s", self->number,
		  session_info & MIRACAST_SESSION_MONITOR_CONNECTED
			  ? ""
			  : "; the sink has no monitor attached yet");
	show_streaming(self);
}

static void on_link_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;
	int rtsp_socket = host_link_open_finish(self->link, result, &error);

	if (rtsp_socket < 0) {
		if (self->ending)
			leave(self);
		else
			give_up(self, self->left ? self->left : error);
		return;
	}
	if (self->ending) {
		close(rtsp_socket);
		leave(self);
		return;
	}
	set_state(self, STATE_START);
	g_message("Session %u: the sink is connected, capabilities are exchanged", self->number);
	host_process_start_async(self->process, rtsp_socket, self->start_timeout_s, on_started,
				 g_object_ref(self));
}

static void on_created(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	if (!host_process_create_finish(self->process, result, &error))
		fail(self, error);
	if (self->ending) {
		leave(self);
		return;
	}
	bus_session1_set_adapter(self->bus, host_process_get_adapter(self->process));
	bus_session1_set_context_id(self->bus, host_process_get_context_id(self->process));
	bus_session1_set_target_id(self->bus, host_process_get_target_id(self->process));

	set_state(self, STATE_OPEN);
	g_message("Session %u: %s is ready, waiting for %s to connect to %s port %u", self->number,
		  host_process_get_adapter(self->process), bus_session1_get_peer_address(self->bus),
		  bus_session1_get_local_address(self->bus), bus_session1_get_port(self->bus));
	host_link_open_async(self->link, self->cancellable, on_link_open, g_object_ref(self));
}

void host_session_run(HostSession *self)
{
	set_state(self, STATE_CREATE);
	host_process_create_async(self->process, on_created, g_object_ref(self));
}

gboolean host_session_has_ended(HostSession *self)
{
	return self->state == STATE_ENDED;
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
	if (self->state == STATE_ENDED) {
		g_dbus_method_invocation_return_dbus_error(
			invocation, "io.github.linux_miracast.Error.NotConnected",
			"the session has ended already");
		return G_DBUS_METHOD_INVOCATION_HANDLED;
	}
	g_ptr_array_add(self->disconnects, invocation);
	host_session_end(self, HOST_REASON_STOPPED_BY_USER, NULL);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* So long is waited for the session's process, before what it said last counts. */
#define STATISTICS_WAIT_MS 1000

static gboolean on_no_statistics(gpointer data)
{
	HostSession *self = data;

	self->answer_source = 0;
	answer_questions(self);
	return G_SOURCE_REMOVE;
}

static gboolean on_get_statistics(BusSession1 *bus, GDBusMethodInvocation *invocation,
				  HostSession *self)
{
	g_ptr_array_add(self->questions, invocation);
	if (!is_running(self)) {
		answer_questions(self);
	} else if (!self->answer_source) {
		self->answer_source = g_timeout_add(STATISTICS_WAIT_MS, on_no_statistics, self);
		host_process_ask_statistics(self->process);
	}
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void host_session_init(HostSession *self)
{
	self->bus = bus_session1_skeleton_new();
	self->cancellable = g_cancellable_new();
	self->disconnects = g_ptr_array_new();
	self->questions = g_ptr_array_new();
}

static void host_session_finalize(GObject *object)
{
	HostSession *self = HOST_SESSION(object);

	g_ptr_array_unref(self->disconnects);
	g_ptr_array_unref(self->questions);
	g_free(self->unknown_options);
	g_clear_error(&self->left);
	g_object_unref(self->cancellable);
	g_object_unref(self->link);
	g_object_unref(self->process);
	g_object_unref(self->bus);
	G_OBJECT_CLASS(host_session_parent_class)->finalize(object);
}

static void host_session_class_init(HostSessionClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_session_finalize;
	signals[SIGNAL_ENDED] = g_signal_new("ended", HOST_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL,
					     NULL, NULL, G_TYPE_NONE, 0);
}

HostSession *host_session_new(guint number, HostLink *link, HostProcess *process,
			      guint start_timeout_s)
{
	HostSession *self = g_object_new(HOST_TYPE_SESSION, NULL);

	self->number = number;
	self->start_timeout_s = start_timeout_s;
	self->link = g_object_ref(link);
	self->process = g_object_ref(process);
	bus_session1_set_details(self->bus, g_variant_new("a{sv}", NULL));
	bus_session1_set_reason(self->bus, "");
	bus_session1_set_message(self->bus, "");
	bus_session1_set_adapter(self->bus, "");
	g_signal_connect_object(self->bus, "handle-disconnect", G_CALLBACK(on_disconnect), self, 0);
	g_signal_connect_object(self->bus, "handle-get-statistics", G_CALLBACK(on_get_statistics),
				self, 0);
	g_signal_connect_object(process, "stop-requested", G_CALLBACK(on_stop_requested), self, 0);
	g_signal_connect_object(process, "streaming-changed", G_CALLBACK(show_streaming), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(process, "details-changed", G_CALLBACK(update_details), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(process, "statistics", G_CALLBACK(answer_questions), self,
				G_CONNECT_SWAPPED);
	g_signal_connect_object(process, "died", G_CALLBACK(on_died), self, 0);
	g_signal_connect_object(link, "lost", G_CALLBACK(on_link_lost), self, 0);
	return self;
}
