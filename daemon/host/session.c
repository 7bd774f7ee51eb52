// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three things are asynchronous, each under way once at most:
 *
 *	the process	creates, starts, stops, is destroyed: busy
 *	the link	opens: opening
 *	the next try	is waited for: retry_source
 *
 * When one of them is over, go_on() does what is next.
 */
#include "session.h"

#include "discovery/link-ways.h"
#include "miracast-driver.h"
#include "miracast-status.h"
#include "pictures.h"
#include "root.h"

#include <stdbool.h>
#include <time.h>
#include <unistd.h>

typedef enum {
	STATE_CREATE,
	STATE_OPEN,
	STATE_START,
	STATE_RUN,
	STATE_STREAM, /* runs, too: pictures are on their way */
	STATE_RECONNECT,
	STATE_LEAVE,
	STATE_ENDED,
} SessionState;

#define N_STATES (STATE_ENDED + 1)

#define MAX_DELAY_S 16u

static const char *const state_names[] = {
	[STATE_CREATE] = "preparing", [STATE_OPEN] = "waiting",
	[STATE_START] = "starting",   [STATE_RUN] = "started",
	[STATE_STREAM] = "streaming", [STATE_RECONNECT] = "reconnecting",
	[STATE_LEAVE] = "stopping",   [STATE_ENDED] = "ended",
};

const HostSessionLimits host_session_limits = {
	.hold_s = 10,
	.reconnect_s = 120,
	.stable_s = 30,
};

struct _HostSession {
	GObject parent_instance;

	guint number;
	guint owner;
	const HostProcessConfig *config;
	const HostSessionLimits *limits;
	HostSink *sink;
	HostWish *wish;
	HostBusAgent *agent;
	BusSession1 *bus;
	GCancellable *cancellable;
	GPtrArray *disconnects; /* D-Bus calls to answer at the end */
	GPtrArray *questions; /* D-Bus calls that wait for statistics */
	guint answer_source; /* they are answered then, with what there is */
	gint64 asked_at; /* monotonic us: its process, for statistics */
	HostPictures *pictures;
	char *unknown_options;

	HostProcess *process; /* from its create on; NULL: there is no context */
	bool busy;
	HostLinkWays *link;
	HostWay *last_way; /* of the links before that one; or NULL */
	bool opening;
	bool link_lost; /* it is not opened again */
	int rtsp_socket; /* of a link that has opened, for the start; else -1 */
	GError *left; /* why the start failed with a sink that left and may come back; or NULL */

	/* Why it reconnects, if it does. */
	enum miracast_stop_reason lost_stop_reason;
	char *lost_reason;
	char *lost_message;
	gint64 lost_at; /* us that go on in sleep, as the next one */
	gint64 started_at;
	guint tries; /* since it was lost */
	guint losses;
	guint retry_source;
	guint hold_source; /* until then the monitor stays */
	bool unplug; /* it is to go */

	SessionState state;
	gint64 state_began;
	gint64 state_took[N_STATES]; /* microseconds, all times together */
	bool ending;
	enum miracast_stop_reason stop_reason;
};

enum {
	SIGNAL_STARTED,
	SIGNAL_LOST,
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

	if (self->process)
		add_all(&dict, host_process_get_details(self->process));
	host_link_add_details(HOST_LINK(self->link), &dict);
	if (self->unknown_options)
		g_variant_dict_insert(&dict, "options-unknown", "s", self->unknown_options);
	bus_session1_set_details(self->bus, g_variant_dict_end(&dict));
}

/* Transfer full, not floating. */
static GVariant *get_statistics(HostSession *self)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	if (self->process)
		add_all(&dict, host_process_get_statistics(self->process));
	host_link_add_statistics(HOST_LINK(self->link), &dict);
	if (self->losses)
		g_variant_dict_insert(&dict, "link-losses", "t", (guint64)self->losses);
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
	host_pictures_set_process(self->pictures, state == STATE_STREAM ? self->process : NULL);
	update_details(self);
	bus_session1_set_state(self->bus, state_names[state]);
}

/* Each is told, however fast they follow each other. */
static void show_step(HostSession *self, const char *word, const char *message)
{
	HostWay *way = host_link_ways_get_way(self->link);

	bus_session1_set_link(self->bus, way ? host_way_get_name(way) : "");
	bus_session1_set_step(self->bus, word);
	bus_session1_set_step_message(self->bus, message);
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(self->bus));
	g_message("Session %u: %s: %s", self->number, word, message);
}

static bool is_running(HostSession *self)
{
	return self->state == STATE_RUN || self->state == STATE_STREAM;
}

static void set_state_to_prepare(HostSession *self, SessionState state)
{
	set_state(self, self->lost_at ? STATE_RECONNECT : state);
}

/*
 * The end.
 */

static void drop_link(HostSession *self)
{
	g_signal_handlers_disconnect_by_data(self->link, self);
	host_link_close(HOST_LINK(self->link));
}

static void drop_process(HostSession *self)
{
	host_link_set_sealer(HOST_LINK(self->link), NULL);
	g_signal_handlers_disconnect_by_data(self->process, self);
	g_clear_object(&self->process);
}

static void finish(HostSession *self)
{
	answer_questions(self);
	set_state(self, STATE_ENDED);
	drop_link(self);
	host_bus_agent_release(self->agent);
	g_message("Session %u: ended (%s). %s", self->number, bus_session1_get_reason(self->bus),
		  bus_session1_get_message(self->bus));
	/* Whoever asked for the end sees it in the properties when the answer comes. */
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(self->bus));
	for (guint i = 0; i < self->disconnects->len; i++)
		bus_session1_complete_disconnect(self->bus, self->disconnects->pdata[i]);
	g_ptr_array_set_size(self->disconnects, 0);
	g_signal_emit(self, signals[SIGNAL_ENDED], 0);
}

static void on_destroyed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	if (!host_process_destroy_finish(self->process, result, &error))
		g_warning("Session %u: %s", self->number, error->message);
	finish(self);
}

static void destroy(HostSession *self)
{
	host_link_leave(HOST_LINK(self->link));
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

/* When nothing is under way whose end is waited for. */
static void leave(HostSession *self)
{
	bool running = is_running(self);

	g_clear_handle_id(&self->hold_source, g_source_remove);
	if (self->rtsp_socket >= 0)
		close(g_steal_fd(&self->rtsp_socket));
	set_state(self, STATE_LEAVE);
	if (running)
		host_process_stop_async(self->process, self->stop_reason, on_stopped,
					g_object_ref(self));
	else if (self->process)
		destroy(self);
	else
		finish(self);
}

static void go_on(HostSession *self);

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
	g_clear_handle_id(&self->retry_source, g_source_remove);

	switch (self->state) {
	case STATE_CREATE:
	case STATE_OPEN:
	case STATE_RECONNECT:
		g_cancellable_cancel(self->cancellable);
		go_on(self);
		break;
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

/*
 * The link of a session that runs is lost: it is stopped, and tried again.
 */

static void on_paused(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	self->busy = false;
	if (!host_process_stop_finish(self->process, result, &error)) {
		g_warning("Session %u: %s", self->number, error->message);
		self->unplug = true;
	}
	go_on(self);
}

static gboolean on_hold_over(gpointer data)
{
	HostSession *self = data;

	self->hold_source = 0;
	self->unplug = true;
	/* A start under way has its chance. */
	if (self->state == STATE_RECONNECT)
		go_on(self);
	return G_SOURCE_REMOVE;
}

static void on_link_lost(HostLink *link, int reason, const char *detail, HostSession *self);
static void on_link_step(HostLink *link, const char *word, const char *message, HostSession *self);

static GPtrArray *get_ways_now(gpointer data)
{
	HostSession *self = data;

	return host_sink_get_ways(self->sink, self->wish->way);
}

/* @ways: transfer full */
static void make_link(HostSession *self, GPtrArray *ways)
{
	const HostLinkWish wish = {
		.port = self->wish->port,
		.wait_s = self->wish->wait_s,
		.agent = HOST_AGENT(self->agent),
		.pin = self->wish->pin,
		.local = self->wish->local,
		.encryption = self->wish->encryption,
		.go_intent = self->wish->go_intent,
		.maker = self->wish->maker,
	};

	self->link = host_link_ways_new(ways, &wish, get_ways_now, self);
	self->link_lost = false;
	g_signal_connect(self->link, "lost", G_CALLBACK(on_link_lost), self);
	g_signal_connect(self->link, "step", G_CALLBACK(on_link_step), self);
}

/* By the ways that there are now, and the one that it had, should its finder have lost sight of it. */
static void renew_link(HostSession *self)
{
	g_autoptr(GPtrArray) ways = get_ways_now(self);
	HostWay *way = host_link_ways_get_way(self->link);
	bool there = false;

	/* One that was not opened, because the process failed, had none. */
	if (way) {
		g_clear_pointer(&self->last_way, host_way_unref);
		self->last_way = host_way_ref(way);
	}
	for (guint i = 0; i < ways->len; i++)
		there |= ((HostWay *)ways->pdata[i])->rank == self->last_way->rank;
	if (!there)
		g_ptr_array_add(ways, host_way_ref(self->last_way));
	drop_link(self);
	g_clear_object(&self->link);
	make_link(self, g_steal_pointer(&ways));
}

static gboolean on_retry(gpointer data)
{
	HostSession *self = data;

	self->retry_source = 0;
	g_clear_error(&self->left);
	renew_link(self);
	go_on(self);
	return G_SOURCE_REMOVE;
}

/* The second time at once, then after a second, two, four, ... */
static void try_again(HostSession *self)
{
	guint delay_s = self->tries ? MIN(1u << MIN(self->tries - 1, 8u), MAX_DELAY_S) : 0;

	self->tries++;
	set_state(self, STATE_RECONNECT);
	self->retry_source = g_timeout_add_seconds(delay_s, on_retry, self);
	go_on(self);
}

/* Of a loss before the machine slept nothing is left to try when it wakes. */
static gint64 get_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * G_TIME_SPAN_SECOND + now.tv_nsec / 1000;
}

/* Since it was lost; one that comes back and is lost again soon has not been found. */
static bool has_time_left(HostSession *self)
{
	return get_time() <= self->lost_at + self->limits->reconnect_s * G_TIME_SPAN_SECOND;
}

static bool is_first_loss(HostSession *self)
{
	return !self->lost_at ||
	       get_time() - self->started_at > self->limits->stable_s * G_TIME_SPAN_SECOND;
}

static bool is_loss(HostSession *self, enum miracast_stop_reason stop_reason, const char *word)
{
	/* Without its radio the sink may be reached by another way. */
	if (!strcmp(word, host_reason_word(HOST_REASON_RADIO_BLOCKED)))
		return host_link_ways_has_several(self->link);
	return stop_reason == MIRACAST_STOP_L2_DISCONNECTED ||
	       stop_reason == MIRACAST_STOP_MISSING_KEEPALIVE ||
	       !strcmp(word, host_reason_word(HOST_REASON_LINK_LOST));
}

static void begin_to_reconnect(HostSession *self, enum miracast_stop_reason stop_reason,
			       const char *word, const char *message)
{
	self->losses++;
	if (is_first_loss(self)) {
		self->lost_at = get_time();
		self->tries = 0;
	}
	self->lost_stop_reason = stop_reason;
	g_free(self->lost_reason);
	self->lost_reason = g_strdup(word);
	g_free(self->lost_message);
	self->lost_message = g_strdup(message);
	self->unplug = false;
	self->hold_source = g_timeout_add_seconds(self->limits->hold_s, on_hold_over, self);
	self->busy = true;
	host_process_stop_async(self->process, stop_reason, on_paused, g_object_ref(self));
	show_step(self, word, message);
	g_signal_emit(self, signals[SIGNAL_LOST], 0);
	try_again(self);
}

/* A session that runs has lost its sink, or has to end for another reason. */
static void end_or_reconnect(HostSession *self, enum miracast_stop_reason stop_reason,
			     const char *word, const char *message)
{
	if (is_running(self) && !self->ending && self->wish->reconnect &&
	    is_loss(self, stop_reason, word) && (is_first_loss(self) || has_time_left(self)))
		begin_to_reconnect(self, stop_reason, word, message);
	else
		end_with(self, stop_reason, word, message);
}

/* What the driver said is nearest to the cause, unless it is the host that hung up. */
static void end_by_driver(HostSession *self, enum miracast_stop_reason stop_reason,
			  HostReason reason, const char *detail)
{
	g_autofree char *own_message = host_reason_message(reason, detail);
	const char *word, *message;

	if (host_process_get_reason(self->process, &word, &message))
		end_or_reconnect(self, stop_reason, word, message);
	else
		end_or_reconnect(self, stop_reason, host_reason_word(reason), own_message);
}

/* What is not tried again: it takes a person, whom each try would bother, or one wants no more. */
static bool is_final(HostSession *self, HostReason reason)
{
	switch (reason) {
	case HOST_REASON_STOPPED_BY_USER:
	case HOST_REASON_DECLINED_BY_USER:
	case HOST_REASON_NO_PIN:
	case HOST_REASON_SUSPENDED:
	case HOST_REASON_SESSION_DIED: return true;
	/* Over the network that was kept the sink may come back, and over a cable. */
	case HOST_REASON_STATION_KEPT:
	case HOST_REASON_RADIO_BLOCKED: return !host_link_ways_has_several(self->link);
	default: return false;
	}
}

static void on_link_lost(HostLink *link, int reason, const char *detail, HostSession *self)
{
	g_autofree char *message = host_reason_message(reason, detail);

	self->link_lost = true;
	if (self->lost_at && self->state == STATE_START && !self->ending && !is_final(self, reason))
		host_process_hang_up(self->process); /* this try fails, and there is another one */
	else if (self->state != STATE_RECONNECT)
		end_or_reconnect(self, host_reason_to_stop(reason), host_reason_word(reason),
				 message);
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

static bool may_try_again(HostSession *self, const GError *error)
{
	if (!self->lost_at || self->ending || !has_time_left(self))
		return false;
	if (error->domain == HOST_ERROR)
		return !is_final(self, error->code);
	return g_error_matches(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED) ||
	       g_error_matches(error, MIRACAST_ERROR, MIRACAST_ERROR_TIMED_OUT);
}

/* A try has failed: the first one is the only one, unless the link was lost. */
static void give_up(HostSession *self, const GError *error)
{
	if (may_try_again(self, error)) {
		show_step(self, "try-failed", error->message);
		try_again(self);
		return;
	}
	if (self->lost_at && !self->ending) {
		g_autofree char *message =
			g_strdup_printf("%s It was tried again %u times; the last time: %s",
					self->lost_message, self->tries, error->message);

		end_with(self, self->lost_stop_reason, self->lost_reason, message);
	} else {
		fail(self, error);
	}
}

/*
 * The process: what it reports.
 */

static void on_stop_requested(HostProcess *process, guint stop_reason, HostSession *self)
{
	/* It is stopped already; a loss is seen from several sides. */
	if (self->state == STATE_RECONNECT && stop_reason != MIRACAST_STOP_REMOVE_DEVICE)
		return;
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

/*
 * What is done, one after the other: context, link, start.
 */

static void on_created(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	self->busy = false;
	if (!host_process_create_finish(self->process, result, &error)) {
		/* It has no context: another try needs another one. */
		self->unplug = true;
		give_up(self, error);
		go_on(self);
		return;
	}
	bus_session1_set_adapter(self->bus, host_process_get_adapter(self->process));
	bus_session1_set_context_id(self->bus, host_process_get_context_id(self->process));
	bus_session1_set_target_id(self->bus, host_process_get_target_id(self->process));
	g_message("Session %u: %s is ready", self->number, host_process_get_adapter(self->process));
	go_on(self);
}

static void create_process(HostSession *self)
{
	set_state_to_prepare(self, STATE_CREATE);
	self->unplug = false;
	self->process = host_process_new(self->number, self->config, self->wish->adapter,
					 self->wish->driver_options);
	if (self->wish->input)
		host_process_allow_input(self->process, host_sink_get_name(self->sink));
	g_signal_connect(self->process, "stop-requested", G_CALLBACK(on_stop_requested), self);
	g_signal_connect_swapped(self->process, "streaming-changed", G_CALLBACK(show_streaming),
				 self);
	g_signal_connect_swapped(self->process, "details-changed", G_CALLBACK(update_details),
				 self);
	g_signal_connect_swapped(self->process, "statistics", G_CALLBACK(answer_questions), self);
	g_signal_connect(self->process, "died", G_CALLBACK(on_died), self);
	self->busy = true;
	host_process_create_async(self->process, on_created, g_object_ref(self));
}

static void on_unplugged(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	self->busy = false;
	if (!host_process_destroy_finish(self->process, result, &error))
		g_warning("Session %u: %s", self->number, error->message);
	drop_process(self);
	go_on(self);
}

static void on_link_step(HostLink *link, const char *word, const char *message, HostSession *self)
{
	show_step(self, word, message);
}

static void show_addresses(HostSession *self)
{
	g_autoptr(GSocketAddress) local = NULL;
	g_autoptr(GInetAddress) peer = NULL;
	g_autofree char *local_text = NULL;
	g_autofree char *peer_text = NULL;
	GInetSocketAddress *at;

	host_link_get_addresses(HOST_LINK(self->link), &local, &peer);
	at = G_INET_SOCKET_ADDRESS(local);
	local_text = g_inet_address_to_string(g_inet_socket_address_get_address(at));
	peer_text = g_inet_address_to_string(peer);
	bus_session1_set_local_address(self->bus, local_text);
	bus_session1_set_port(self->bus, g_inet_socket_address_get_port(at));
	bus_session1_set_peer_address(self->bus, peer_text);
}

static void on_link_open(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;

	self->opening = false;
	self->rtsp_socket = host_link_open_finish(HOST_LINK(object), result, &error);
	if (self->rtsp_socket >= 0)
		show_addresses(self);
	else if (!self->ending)
		give_up(self, self->left ? self->left : error);
	go_on(self);
}

static void open_link(HostSession *self)
{
	set_state_to_prepare(self, STATE_OPEN);
	self->opening = true;
	host_link_set_sealer(HOST_LINK(self->link), HOST_SEALER(self->process));
	host_link_open_async(HOST_LINK(self->link), self->cancellable, on_link_open,
			     g_object_ref(self));
}

/* Sinks try whether the port is open before they connect in earnest. */
static bool may_come_back(HostSession *self, const GError *error)
{
	return !self->ending && !self->link_lost && host_process_sink_has_left(self->process) &&
	       g_error_matches(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED);
}

/* Takes @error: what there is to say if it does not come. */
static void wait_again(HostSession *self, GError *error)
{
	g_clear_error(&self->left);
	self->left = error;
	g_message("Session %u: the sink closed the connection, waiting for it to come back",
		  self->number);
	open_link(self);
}

static void tell_unknown_options(HostSession *self, char **unknown)
{
	if (!*unknown || self->unknown_options)
		return;
	self->unknown_options = g_strjoinv(" ", unknown);
	g_warning("Session %u: the user-mode driver knows no option %s", self->number,
		  self->unknown_options);
}

static void on_started(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostSession) self = data;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) unknown = NULL;
	guint32 session_info;

	self->busy = false;
	if (!host_process_start_finish(self->process, result, &session_info, &unknown, &error)) {
		if (may_come_back(self, error)) {
			wait_again(self, g_steal_pointer(&error));
			return;
		}
		set_state_to_prepare(self, STATE_OPEN);
		if (!self->ending)
			give_up(self, error);
		go_on(self);
		return;
	}
	/* What it was given for the next time is kept of a sink that is remembered. */
	if (!self->ending)
		host_link_settle(HOST_LINK(self->link));
	g_clear_error(&self->left);
	g_clear_handle_id(&self->hold_source, g_source_remove);
	self->unplug = false;
	self->started_at = get_time();
	tell_unknown_options(self, unknown);
	set_state(self, STATE_RUN);
	if (self->ending) {
		leave(self);
		return;
	}
	g_message("Session %u: started%s", self->number,
		  session_info & MIRACAST_SESSION_MONITOR_CONNECTED
			  ? ""
			  : "; the sink has no monitor attached yet");
	host_bus_agent_release(self->agent);
	g_signal_emit(self, signals[SIGNAL_STARTED], 0);
	show_streaming(self);
}

static void start(HostSession *self)
{
	const HostFinding *finding = host_link_ways_get_way(self->link)->finding;

	set_state(self, STATE_START);
	g_message("Session %u: the sink is connected, capabilities are exchanged", self->number);
	self->busy = true;
	host_process_start_async(self->process, g_steal_fd(&self->rtsp_socket),
				 self->wish->start_timeout_s, finding->throughput, on_started,
				 g_object_ref(self));
}

static void go_on(HostSession *self)
{
	if (self->busy || self->state >= STATE_LEAVE)
		return;
	if (self->unplug && self->process) {
		self->busy = true;
		host_process_destroy_async(self->process, on_unplugged, g_object_ref(self));
		return;
	}
	if (self->opening)
		return;
	if (self->ending)
		leave(self);
	else if (self->retry_source)
		return;
	else if (!self->process)
		create_process(self);
	else if (self->rtsp_socket < 0)
		open_link(self);
	else
		start(self);
}

void host_session_run(HostSession *self)
{
	go_on(self);
}

gboolean host_session_has_ended(HostSession *self)
{
	return self->state == STATE_ENDED;
}

guint host_session_get_number(HostSession *self)
{
	return self->number;
}

guint host_session_get_owner(HostSession *self)
{
	return self->owner;
}

char *host_session_make_path(guint number)
{
	return g_strdup_printf(HOST_BUS_ROOT "/session/%u", number);
}

BusSession1 *host_session_get_bus(HostSession *self)
{
	return self->bus;
}

HostSink *host_session_get_sink(HostSession *self)
{
	return self->sink;
}

void host_session_disconnect(HostSession *self, GDBusMethodInvocation *invocation)
{
	g_ptr_array_add(self->disconnects, invocation);
	host_session_end(self, HOST_REASON_STOPPED_BY_USER, NULL);
}

void host_session_take_picture(HostSession *self, GDBusMethodInvocation *invocation)
{
	guint max_width;

	g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(u)", &max_width);
	host_pictures_ask(self->pictures, invocation, max_width);
}

/* So long is waited for the session's process, before what it said last counts. */
#define STATISTICS_WAIT_MS 1000

/* More often it is not asked, and what it said last counts. */
#define STATISTICS_AGE_US (G_USEC_PER_SEC / 10)

static gboolean on_no_statistics(gpointer data)
{
	HostSession *self = data;

	self->answer_source = 0;
	answer_questions(self);
	return G_SOURCE_REMOVE;
}

void host_session_take_statistics(HostSession *self, GDBusMethodInvocation *invocation)
{
	gint64 now = g_get_monotonic_time();

	g_ptr_array_add(self->questions, invocation);
	if (self->answer_source)
		return;
	if (!is_running(self) || now - self->asked_at < STATISTICS_AGE_US) {
		answer_questions(self);
	} else {
		self->asked_at = now;
		self->answer_source = g_timeout_add(STATISTICS_WAIT_MS, on_no_statistics, self);
		host_process_ask_statistics(self->process);
	}
}

static void host_session_init(HostSession *self)
{
	self->bus = bus_session1_skeleton_new();
	self->cancellable = g_cancellable_new();
	self->disconnects = g_ptr_array_new();
	self->questions = g_ptr_array_new();
	self->pictures = host_pictures_new(self->bus);
	self->rtsp_socket = -1;
}

static void host_session_finalize(GObject *object)
{
	HostSession *self = HOST_SESSION(object);

	g_clear_handle_id(&self->hold_source, g_source_remove);
	g_clear_handle_id(&self->retry_source, g_source_remove);
	g_clear_handle_id(&self->answer_source, g_source_remove);
	g_ptr_array_unref(self->disconnects);
	g_ptr_array_unref(self->questions);
	host_pictures_free(self->pictures);
	g_free(self->unknown_options);
	g_free(self->lost_reason);
	g_free(self->lost_message);
	g_clear_error(&self->left);
	g_object_unref(self->cancellable);
	g_signal_handlers_disconnect_by_data(self->link, self);
	if (self->process)
		drop_process(self);
	g_object_unref(self->link);
	g_clear_pointer(&self->last_way, host_way_unref);
	host_wish_unref(self->wish);
	g_object_unref(self->agent);
	g_object_unref(self->sink);
	g_object_unref(self->bus);
	G_OBJECT_CLASS(host_session_parent_class)->finalize(object);
}

static void host_session_class_init(HostSessionClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_session_finalize;
	signals[SIGNAL_STARTED] = g_signal_new("started", HOST_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0,
					       NULL, NULL, NULL, G_TYPE_NONE, 0);
	signals[SIGNAL_LOST] = g_signal_new("lost", HOST_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL,
					    NULL, NULL, G_TYPE_NONE, 0);
	signals[SIGNAL_ENDED] = g_signal_new("ended", HOST_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL,
					     NULL, NULL, G_TYPE_NONE, 0);
}

HostSession *host_session_new(guint number, const HostProcessConfig *config,
			      const HostSessionLimits *limits, HostSink *sink, GPtrArray *ways,
			      HostWish *wish, HostBusAgent *agent, guint owner)
{
	HostSession *self = g_object_new(HOST_TYPE_SESSION, NULL);

	self->number = number;
	self->owner = owner;
	self->config = config;
	self->limits = limits;
	self->sink = g_object_ref(sink);
	self->wish = host_wish_ref(wish);
	self->agent = g_object_ref(agent);
	make_link(self, g_ptr_array_ref(ways));
	bus_session1_set_sink(self->bus, host_sink_get_path(sink));
	bus_session1_set_sink_name(self->bus, host_sink_get_name(sink));
	bus_session1_set_owner(self->bus, owner);
	bus_session1_set_details(self->bus, g_variant_new("a{sv}", NULL));
	bus_session1_set_reason(self->bus, "");
	bus_session1_set_message(self->bus, "");
	bus_session1_set_step(self->bus, "");
	bus_session1_set_step_message(self->bus, "");
	bus_session1_set_link(self->bus, "");
	bus_session1_set_local_address(self->bus, "");
	bus_session1_set_peer_address(self->bus, "");
	bus_session1_set_adapter(self->bus, "");
	return self;
}
