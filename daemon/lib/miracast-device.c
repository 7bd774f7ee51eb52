// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Threads of a device:
 *
 *	life		makes every call of the driver's life; one operation at a time
 *	message 1..n	between start and stop: fetch one message, call the handler,
 *			complete it with the call that fetches the next
 *	rate		tells the driver the link's data rate, when it has registered
 *	the host's	asks for operations, watches the channel's file, emits signals
 *
 * A thread fetches one message only: a handler may wait for another one to run,
 * and then that other must not lie in the same thread's hands.
 *
 * Lock order: rate_call_lock, lock; picture_lock is held with neither. The driver is called with lock
 * never held, with rate_call_lock held for the data rate only, and with picture_lock for a picture
 * only, so that unregistering waits for the call that runs.
 */
#include "miracast-device.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define DETAILS_INTERVAL_MS   200
#define STREAMING_INTERVAL_MS 200
/* The kernel bounds it again: more slots than messages in flight are of no use. */
#define SLOTS 256

typedef enum {
	OP_CREATE,
	OP_START,
	OP_STOP,
	OP_DESTROY,
} MiracastOpKind;

static const char *const op_names[] = {
	[OP_CREATE] = "be created",
	[OP_START] = "start",
	[OP_STOP] = "stop",
	[OP_DESTROY] = "be destroyed",
};

typedef struct {
	MiracastOpKind kind;
	GTask *task;
	guint limit_s;
	gint settled; /* whoever sets it first answers the task */
	gint timed_out; /* OP_START: it is over because of its limit */
	bool hung_up; /* OP_START: told to give up; under the device's lock */
	GSource *limit; /* under the device's lock */
	int rtsp_socket;
	struct miracast_wfd_connection_stats stats;
	enum miracast_stop_reason stop_reason;
} MiracastOp;

typedef struct {
	char *path;
	int fd;
} MiracastAdapterFile;

struct _MiracastDevice {
	GObject parent_instance;

	/* Set before the life thread runs, and then only read. */
	GMainContext *context;
	char *adapter;
	char *driver_path;
	GHashTable *options;

	/* The life thread's. */
	GArray *adapter_files; /* MiracastAdapterFile */
	void *module;
	struct miracast_driver_interface driver;
	void *driver_context;
	bool driver_created;
	bool session_started;
	GPtrArray *handlers;

	GThread *life;
	GAsyncQueue *ops;
	gint busy; /* an operation is under way */

	GMutex rate_call_lock;

	GMutex picture_lock; /* guards the next two */
	miracast_take_picture take_picture; /* NULL: the driver has none */
	void *take_picture_data;

	GMutex lock; /* guards all below */
	bool abandoned;
	GHashTable *asked_options; /* names */
	MiracastChannel *channel;
	GSource *watch;
	int rtsp_socket; /* from a start to its failure or the stop; else -1 */
	MiracastOp *starting; /* the OP_START under way, or NULL */
	bool in_start_or_stop;
	bool stop_requested;
	enum miracast_stop_reason stop_reason;
	char *reason;
	char *message;
	GHashTable *details; /* names to GVariant */
	GHashTable *statistics;
	bool details_dirty;
	bool streaming;
	bool streaming_told; /* the value that was told last */
	bool streaming_due; /* tell_streaming() is to run */
	int rtp, rtcp; /* until the driver takes them; else -1 */
	MiracastConnectRtp connect_rtp; /* NULL: it has been called */
	gpointer connect_rtp_data;
	MiracastSeal seal; /* NULL: the stream is in clear. Between start and stop, it stays */
	gpointer seal_data;
	GDestroyNotify seal_free;
	int input; /* until the driver takes it; -1: the sink may send none */
	guint16 input_port;

	bool has_data_rate;
	bool rate_over;
	bool rate_queued;
	bool rate_has_stats;
	struct miracast_datarate_stats rate_stats;
	miracast_datarate_notification rate_notify;
	void *rate_context;
	GThreadPool *rate_pool;
};

enum {
	SIGNAL_STOP_REQUESTED,
	SIGNAL_DETAILS_CHANGED,
	SIGNAL_STREAMING_CHANGED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(MiracastDevice, miracast_device, G_TYPE_OBJECT)

static void adapter_file_clear(gpointer data)
{
	MiracastAdapterFile *file = data;

	g_free(file->path);
	if (file->fd >= 0)
		close(file->fd);
}

static GHashTable *values_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				     (GDestroyNotify)g_variant_unref);
}

static void miracast_device_init(MiracastDevice *self)
{
	g_mutex_init(&self->lock);
	g_mutex_init(&self->rate_call_lock);
	g_mutex_init(&self->picture_lock);
	self->context = g_main_context_ref_thread_default();
	self->ops = g_async_queue_new();
	self->handlers = g_ptr_array_new();
	self->adapter_files = g_array_new(FALSE, FALSE, sizeof(MiracastAdapterFile));
	g_array_set_clear_func(self->adapter_files, adapter_file_clear);
	self->details = values_new();
	self->statistics = values_new();
	self->asked_options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->rtsp_socket = -1;
	self->rtp = self->rtcp = self->input = -1;
}

static void close_rtp_sockets(MiracastDevice *self)
{
	if (self->rtp >= 0)
		close(self->rtp);
	if (self->rtcp >= 0)
		close(self->rtcp);
	self->rtp = self->rtcp = -1;
}

static void miracast_device_finalize(GObject *object)
{
	MiracastDevice *self = MIRACAST_DEVICE(object);

	/* The life thread holds a reference until it has taken everything down. */
	g_assert(!self->channel && !self->watch && !self->rate_pool);
	g_free(self->adapter);
	g_free(self->driver_path);
	g_hash_table_unref(self->options);
	g_array_unref(self->adapter_files);
	close_rtp_sockets(self);
	miracast_device_set_seal(self, NULL, NULL, NULL);
	if (self->input >= 0)
		close(self->input);
	g_hash_table_unref(self->details);
	g_hash_table_unref(self->statistics);
	g_hash_table_unref(self->asked_options);
	g_ptr_array_unref(self->handlers);
	g_async_queue_unref(self->ops);
	g_main_context_unref(self->context);
	g_free(self->reason);
	g_free(self->message);
	g_mutex_clear(&self->lock);
	g_mutex_clear(&self->rate_call_lock);
	g_mutex_clear(&self->picture_lock);
	G_OBJECT_CLASS(miracast_device_parent_class)->finalize(object);
}

static void miracast_device_class_init(MiracastDeviceClass *class)
{
	G_OBJECT_CLASS(class)->finalize = miracast_device_finalize;

	signals[SIGNAL_STOP_REQUESTED] = g_signal_new("stop-requested", MIRACAST_TYPE_DEVICE,
						      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
						      G_TYPE_NONE, 1, G_TYPE_UINT);
	signals[SIGNAL_DETAILS_CHANGED] = g_signal_new("details-changed", MIRACAST_TYPE_DEVICE,
						       G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
						       G_TYPE_NONE, 0);
	signals[SIGNAL_STREAMING_CHANGED] = g_signal_new("streaming-changed", MIRACAST_TYPE_DEVICE,
							 G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
							 G_TYPE_NONE, 0);
}

static MiracastDevice *device_new(const char *adapter, GHashTable *options)
{
	MiracastDevice *self = g_object_new(MIRACAST_TYPE_DEVICE, NULL);
	GHashTableIter iter;
	gpointer name, value;

	self->adapter = g_strdup(adapter);
	self->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (options) {
		g_hash_table_iter_init(&iter, options);
		while (g_hash_table_iter_next(&iter, &name, &value))
			g_hash_table_insert(self->options, g_strdup(name), g_strdup(value));
	}
	return self;
}

MiracastDevice *miracast_device_new(const char *adapter, const char *driver_path,
				    GHashTable *options)
{
	MiracastDevice *self = device_new(adapter, options);

	self->driver_path = g_strdup(driver_path);
	return self;
}

MiracastDevice *miracast_device_new_with_driver(const char *adapter,
						const struct miracast_driver_interface *driver,
						GHashTable *options)
{
	MiracastDevice *self = device_new(adapter, options);

	self->driver = *driver;
	return self;
}

void miracast_device_add_adapter_file(MiracastDevice *self, const char *path, int fd)
{
	const MiracastAdapterFile file = {.path = g_strdup(path), .fd = fd};

	g_array_append_val(self->adapter_files, file);
}

void miracast_device_set_has_data_rate(MiracastDevice *self, gboolean has_data_rate)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	self->has_data_rate = has_data_rate;
}

MiracastChannel *miracast_device_ref_channel(MiracastDevice *self)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	return self->channel ? miracast_channel_ref(self->channel) : NULL;
}

/* In the host's main context; once @function has run @self is let go of. */
static void call_host(MiracastDevice *self, guint delay_ms, GSourceFunc function)
{
	g_autoptr(GSource) source = delay_ms ? g_timeout_source_new(delay_ms) : g_idle_source_new();

	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, function, g_object_ref(self), g_object_unref);
	g_source_attach(source, self->context);
}

static gboolean emit_stop_requested(gpointer data)
{
	MiracastDevice *self = data;
	guint stop_reason;

	g_mutex_lock(&self->lock);
	stop_reason = self->stop_reason;
	g_mutex_unlock(&self->lock);
	g_signal_emit(self, signals[SIGNAL_STOP_REQUESTED], 0, stop_reason);
	return G_SOURCE_REMOVE;
}

static void request_stop(MiracastDevice *self, enum miracast_stop_reason reason)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (self->stop_requested)
		return;
	self->stop_requested = true;
	self->stop_reason = reason;
	call_host(self, 0, emit_stop_requested);
}

/*
 * What the driver may call.
 */

static void report_session_status(MiracastDevice *self, enum miracast_status miracast_status,
				  ntstatus_t status)
{
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);
	g_autofree char *text = miracast_status_to_string(status);
	g_autoptr(GError) error = NULL;

	g_debug("the driver ends the session: status %u, %s", miracast_status, text);
	if (channel &&
	    !miracast_channel_report_session_status(channel, miracast_status, status, &error))
		g_debug("%s", error->message);
	/* MIRACAST_STATUS and the reasons for a stop count alike, one apart. */
	request_stop(self, miracast_status <= MIRACAST_STATUS_SINK_FAILED_STANDARD_MODE_CHANGE
				   ? (enum miracast_stop_reason)(miracast_status + 1)
				   : MIRACAST_STOP_CRITICAL_ERROR);
}

static ntstatus_t io_control(MiracastDevice *self, bool hardware_access, uint32_t input_size,
			     const void *input, uint32_t output_size, void *output,
			     uint32_t *bytes_returned)
{
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);

	if (!channel) {
		if (bytes_returned)
			*bytes_returned = 0;
		return STATUS_INVALID_DEVICE_STATE;
	}
	return miracast_channel_io_control(
		channel, hardware_access ? MIRACAST_IO_CONTROL_HARDWARE_ACCESS : 0, input_size,
		input, output_size, output, bytes_returned);
}

static void report_statistic(MiracastDevice *self, const struct miracast_statistic_data *statistic)
{
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);
	g_autoptr(GError) error = NULL;

	if (channel && !miracast_channel_report_statistic(channel, statistic, &error))
		g_debug("%s", error->message);
}

/* Events come before chunks: who wants a thread to stop must not wait for a lull. */
static ntstatus_t get_next_chunk_data(MiracastDevice *self, uint32_t timeout_ms,
				      uint32_t n_event_fds, const int *event_fds,
				      uint32_t *buffer_size, struct miracast_chunk_data *buffer,
				      uint32_t *outstanding)
{
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);
	struct pollfd fds[1 + MIRACAST_MAX_ADDITIONAL_EVENTS];
	gint64 deadline = g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;
	uint32_t room;

	if (outstanding)
		*outstanding = 0;
	if (!buffer_size || n_event_fds > MIRACAST_MAX_ADDITIONAL_EVENTS ||
	    (n_event_fds && !event_fds) || (*buffer_size && !buffer))
		return STATUS_INVALID_PARAMETER;
	room = *buffer_size;
	*buffer_size = 0;
	if (!channel)
		return STATUS_INSTANCE_NOT_AVAILABLE;

	fds[0] = (struct pollfd){.fd = miracast_channel_get_fd(channel), .events = POLLRDBAND};
	for (uint32_t i = 0; i < n_event_fds; i++)
		fds[1 + i] = (struct pollfd){.fd = event_fds[i], .events = POLLIN};

	for (;;) {
		int wait_ms = -1;
		ntstatus_t status;

		if (timeout_ms != MIRACAST_INFINITE) {
			gint64 left = deadline - g_get_monotonic_time();

			wait_ms = left > 0 ? MIN((left + 999) / G_TIME_SPAN_MILLISECOND, G_MAXINT)
					   : 0;
		}
		if (poll(fds, 1 + n_event_fds, wait_ms) < 0) {
			if (errno == EINTR)
				continue;
			return miracast_status_from_errno(errno);
		}
		for (uint32_t i = 0; i < n_event_fds; i++) {
			if (fds[1 + i].revents & POLLNVAL)
				return STATUS_INVALID_HANDLE;
			if (fds[1 + i].revents)
				return MIRACAST_NTSTATUS(i);
		}
		*buffer_size = room;
		status = miracast_channel_get_chunks(channel, 0, buffer_size, buffer, outstanding);
		if (status != STATUS_TIMEOUT || wait_ms == 0)
			return status;
	}
}

static ntstatus_t rate_unregister(MiracastDevice *self)
{
	g_autoptr(GMutexLocker) call_locker = g_mutex_locker_new(&self->rate_call_lock);
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (!self->rate_notify)
		return STATUS_INVALID_PARAMETER;
	self->rate_notify = NULL;
	return STATUS_SUCCESS;
}

static void rate_worker(gpointer unused, gpointer data)
{
	MiracastDevice *self = data;
	g_autoptr(GMutexLocker) call_locker = g_mutex_locker_new(&self->rate_call_lock);
	struct miracast_datarate_stats stats;
	miracast_datarate_notification notify;
	void *context;
	bool has_stats;

	g_mutex_lock(&self->lock);
	self->rate_queued = false;
	stats = self->rate_stats;
	has_stats = self->rate_has_stats;
	notify = self->rate_notify;
	context = self->rate_context;
	g_mutex_unlock(&self->lock);

	if (notify)
		notify(context, has_stats ? &stats : NULL);
}

static ntstatus_t register_for_data_rate_notifications(MiracastDevice *self, void *context,
						       miracast_datarate_notification notify)
{
	{
		g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

		if (g_thread_self() != self->life || !self->in_start_or_stop ||
		    !self->has_data_rate)
			return STATUS_NOT_SUPPORTED;
		if (notify) {
			if (self->rate_notify)
				return STATUS_INVALID_PARAMETER;
			self->rate_notify = notify;
			self->rate_context = context;
			self->rate_over = false;
			if (!self->rate_pool)
				self->rate_pool =
					g_thread_pool_new(rate_worker, self, 1, FALSE, NULL);
			return STATUS_SUCCESS;
		}
	}
	return rate_unregister(self);
}

void miracast_device_notify_data_rate(MiracastDevice *self,
				      const struct miracast_datarate_stats *stats)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
	struct miracast_datarate_stats *sum = &self->rate_stats;

	if (!self->rate_notify || self->rate_over)
		return;
	self->rate_has_stats = stats != NULL;
	self->rate_over = !stats;
	if (stats) {
		struct miracast_datarate_stats before = *sum;

		*sum = *stats;
		if (self->rate_queued) {
			sum->transmitted_frame_count += before.transmitted_frame_count;
			sum->failed_frame_count += before.failed_frame_count;
			sum->retried_frame_count += before.retried_frame_count;
			sum->multiple_retry_frame_count += before.multiple_retry_frame_count;
		}
	}
	if (!self->rate_queued) {
		self->rate_queued = true;
		g_thread_pool_push(self->rate_pool, self, NULL);
	}
}

static const struct miracast_host_callbacks host_callbacks = {
	.report_session_status = report_session_status,
	.miracast_io_control = io_control,
	.report_statistic = report_statistic,
	.get_next_chunk_data = get_next_chunk_data,
	.register_for_data_rate_notifications = register_for_data_rate_notifications,
};

const char *miracast_device_get_option(MiracastDevice *self, const char *name)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	g_hash_table_add(self->asked_options, g_strdup(name));
	return g_hash_table_lookup(self->options, name);
}

char **miracast_device_get_unused_options(MiracastDevice *self)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
	g_autoptr(GStrvBuilder) unused = g_strv_builder_new();
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, self->options);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (!g_hash_table_contains(self->asked_options, name))
			g_strv_builder_add(unused, name);
	return g_strv_builder_end(unused);
}

void miracast_device_set_reason(MiracastDevice *self, const char *reason, const char *message)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (self->reason)
		return;
	self->reason = g_strdup(reason);
	self->message = g_strdup(message);
}

gboolean miracast_device_get_reason(MiracastDevice *self, char **reason, char **message)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (!self->reason)
		return FALSE;
	*reason = g_strdup(self->reason);
	*message = g_strdup(self->message);
	return TRUE;
}

static gboolean emit_details_changed(gpointer data)
{
	MiracastDevice *self = data;

	g_mutex_lock(&self->lock);
	self->details_dirty = false;
	g_mutex_unlock(&self->lock);
	g_signal_emit(self, signals[SIGNAL_DETAILS_CHANGED], 0);
	return G_SOURCE_REMOVE;
}

/* Takes @value. */
static void set_detail(MiracastDevice *self, const char *name, GVariant *value)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	g_hash_table_replace(self->details, g_strdup(name), g_variant_ref_sink(value));
	if (self->details_dirty)
		return;
	self->details_dirty = true;
	call_host(self, DETAILS_INTERVAL_MS, emit_details_changed);
}

void miracast_device_set_detail(MiracastDevice *self, const char *name, const char *text)
{
	set_detail(self, name, g_variant_new_string(text));
}

void miracast_device_set_detail_number(MiracastDevice *self, const char *name, uint64_t number)
{
	set_detail(self, name, g_variant_new_uint64(number));
}

static void set_statistic(MiracastDevice *self, const char *name, GVariant *value)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	g_hash_table_replace(self->statistics, g_strdup(name), g_variant_ref_sink(value));
}

void miracast_device_set_statistic(MiracastDevice *self, const char *name, uint64_t number)
{
	set_statistic(self, name, g_variant_new_uint64(number));
}

void miracast_device_set_statistic_text(MiracastDevice *self, const char *name, const char *text)
{
	set_statistic(self, name, g_variant_new_string(text));
}

static GVariant *get_values(MiracastDevice *self, GHashTable *values)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
	g_autoptr(GList) names = g_hash_table_get_keys(values);
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	names = g_list_sort(names, (GCompareFunc)g_strcmp0);
	for (GList *name = names; name; name = name->next)
		g_variant_builder_add(&builder, "{sv}", name->data,
				      g_hash_table_lookup(values, name->data));
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}

GVariant *miracast_device_get_details(MiracastDevice *self)
{
	return get_values(self, self->details);
}

GVariant *miracast_device_get_statistics(MiracastDevice *self)
{
	return get_values(self, self->statistics);
}

/* A sink may pause and play as often as it likes: what it does within the interval is told as one. */
static gboolean tell_streaming(gpointer data)
{
	MiracastDevice *self = data;
	bool changed;

	g_mutex_lock(&self->lock);
	changed = self->streaming != self->streaming_told;
	self->streaming_told = self->streaming;
	self->streaming_due = changed;
	if (changed)
		call_host(self, STREAMING_INTERVAL_MS, tell_streaming);
	g_mutex_unlock(&self->lock);
	if (changed)
		g_signal_emit(self, signals[SIGNAL_STREAMING_CHANGED], 0);
	return G_SOURCE_REMOVE;
}

void miracast_device_set_rtp_sockets(MiracastDevice *self, int rtp, int rtcp,
				     MiracastConnectRtp connect, gpointer user_data)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	close_rtp_sockets(self);
	self->rtp = rtp;
	self->rtcp = rtcp;
	self->connect_rtp = connect;
	self->connect_rtp_data = user_data;
}

void miracast_device_set_seal(MiracastDevice *self, MiracastSeal seal, gpointer user_data,
			      GDestroyNotify free_data)
{
	if (self->seal_free)
		self->seal_free(self->seal_data);
	self->seal = seal;
	self->seal_data = user_data;
	self->seal_free = free_data;
}

bool miracast_device_seals(MiracastDevice *self)
{
	return self->seal != NULL;
}

size_t miracast_device_seal(MiracastDevice *self, const void *datagram, size_t size, void *out,
			    size_t out_size)
{
	return self->seal(datagram, size, out, out_size, self->seal_data);
}

bool miracast_device_take_rtp_sockets(MiracastDevice *self, int *rtp, int *rtcp)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	*rtp = g_steal_fd(&self->rtp);
	*rtcp = g_steal_fd(&self->rtcp);
	return *rtp >= 0;
}

void miracast_device_set_input(MiracastDevice *self, int socket, guint16 port)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (self->input >= 0)
		close(self->input);
	self->input = socket;
	self->input_port = port;
}

bool miracast_device_take_input(MiracastDevice *self, int *socket, uint16_t *port)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	*socket = g_steal_fd(&self->input);
	*port = self->input_port;
	return *socket >= 0;
}

bool miracast_device_connect_rtp(MiracastDevice *self, uint16_t port, uint16_t rtcp_port)
{
	MiracastConnectRtp connect;

	g_mutex_lock(&self->lock);
	connect = g_steal_pointer(&self->connect_rtp);
	g_mutex_unlock(&self->lock);
	return connect && connect(port, rtcp_port, self->connect_rtp_data);
}

void miracast_device_set_streaming(MiracastDevice *self, bool streaming)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	self->streaming = streaming;
	if (self->streaming_due || streaming == self->streaming_told)
		return;
	self->streaming_due = true;
	call_host(self, 0, tell_streaming);
}

gboolean miracast_device_get_streaming(MiracastDevice *self)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	return self->streaming;
}

void miracast_device_set_take_picture(MiracastDevice *self, miracast_take_picture take,
				      void *user_data)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->picture_lock);

	self->take_picture = take;
	self->take_picture_data = user_data;
}

gboolean miracast_device_take_picture(MiracastDevice *self, guint max_width,
				      struct miracast_picture *picture)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->picture_lock);

	return self->take_picture &&
	       self->take_picture(self->take_picture_data, max_width, picture);
}

/*
 * The life thread: create, start, stop, destroy.
 */

static gboolean on_channel_event(int fd, GIOCondition condition, gpointer data)
{
	MiracastDevice *self = data;
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);
	struct miracast_state state;

	if (!channel)
		return G_SOURCE_REMOVE;
	if (miracast_channel_get_state(channel, &state, NULL)) {
		if (state.flags & MIRACAST_STATE_STOP_REQUESTED)
			request_stop(self, state.stop_reason);
	}
	if (condition & (G_IO_HUP | G_IO_ERR)) {
		request_stop(self, MIRACAST_STOP_REMOVE_DEVICE);
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

static void find_nodes(MiracastDevice *self, bool by_name)
{
	g_auto(GStrv) paths = NULL;

	if (self->adapter && !by_name) {
		miracast_device_add_adapter_file(self, self->adapter, -1);
		return;
	}
	paths = miracast_channel_list_adapters();
	for (char **path = paths; *path; path++)
		miracast_device_add_adapter_file(self, *path, -1);
}

/* Transfer full: a channel with a context, of the first adapter that gives one. */
static MiracastChannel *open_adapter(MiracastDevice *self, GError **error)
{
	bool by_name = self->adapter && !strchr(self->adapter, '/');
	g_autoptr(GError) last_error = NULL;

	if (!self->adapter_files->len)
		find_nodes(self, by_name);
	for (guint i = 0; i < self->adapter_files->len; i++) {
		MiracastAdapterFile *file =
			&g_array_index(self->adapter_files, MiracastAdapterFile, i);
		g_autoptr(MiracastChannel) channel = NULL;
		g_autoptr(GError) this_error = NULL;
		const struct miracast_handshake *handshake;

		if (file->fd >= 0)
			channel = miracast_channel_new_for_fd(g_steal_fd(&file->fd), file->path, 0,
							      &this_error);
		else
			channel = miracast_channel_open(file->path, 0, &this_error);
		if (channel) {
			handshake = miracast_channel_get_handshake(channel);
			/* What another adapter said before stays. */
			if (by_name &&
			    strncmp(handshake->name, self->adapter, sizeof(handshake->name)))
				continue;
			if (miracast_channel_create_context(
				    channel, MIN(SLOTS, handshake->max_slots), 0, &this_error))
				return g_steal_pointer(&channel);
		}
		g_debug("%s", this_error->message);
		g_clear_error(&last_error);
		last_error = g_steal_pointer(&this_error);
	}

	if (self->adapter &&
	    (!last_error || g_error_matches(last_error, MIRACAST_ERROR, MIRACAST_ERROR_NO_ADAPTER)))
		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_UNKNOWN_ADAPTER,
			    "there is no adapter \"%s\"", self->adapter);
	else if (last_error)
		g_propagate_error(error, g_steal_pointer(&last_error));
	else
		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_NO_ADAPTER,
			    "there is no /dev/miracastN");
	return NULL;
}

static gboolean load_driver(MiracastDevice *self, GError **error)
{
	miracast_query_driver_interface_fn query;
	ntstatus_t status;

	/*
	 * A driver's code stays in memory: GObject types that it, or a library
	 * only it uses, has registered cannot be taken back.
	 */
	self->module = dlopen(self->driver_path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!self->module) {
		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_LOAD,
			    "the user-mode driver cannot be loaded: %s", dlerror());
		return FALSE;
	}
	query = (miracast_query_driver_interface_fn)dlsym(self->module,
							  "miracast_query_driver_interface");
	if (!query) {
		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_LOAD,
			    "%s is no user-mode driver: it does not export "
			    "miracast_query_driver_interface",
			    self->driver_path);
		return FALSE;
	}
	status = query(MIRACAST_DRIVER_INTERFACE_VERSION_1, sizeof(self->driver), &self->driver);
	if (NT_ERROR(status)) {
		g_autofree char *text = miracast_status_to_string(status);

		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_LOAD,
			    "%s does not speak version %u of the driver interface: %s",
			    self->driver_path, MIRACAST_DRIVER_INTERFACE_VERSION_1, text);
		return FALSE;
	}
	return TRUE;
}

static gboolean device_create(MiracastDevice *self, GError **error)
{
	const struct miracast_driver_interface *driver = &self->driver;
	g_autoptr(MiracastChannel) channel = NULL;
	g_autoptr(GSource) watch = NULL;
	ntstatus_t status;

	if (self->driver_path && !load_driver(self, error))
		return FALSE;
	if (driver->size < sizeof(*driver) || !driver->create_miracast_context ||
	    !driver->destroy_miracast_context || !driver->start_miracast_session ||
	    !driver->stop_miracast_session || !driver->handle_kernel_mode_message) {
		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_LOAD,
			    "the user-mode driver's interface is not complete");
		return FALSE;
	}

	channel = open_adapter(self, error);
	/* Those that were not taken are of no use any more. */
	g_array_set_size(self->adapter_files, 0);
	if (!channel)
		return FALSE;
	watch = g_unix_fd_source_new(miracast_channel_get_fd(channel),
				     G_IO_PRI | G_IO_HUP | G_IO_ERR);
	g_source_set_callback(watch, G_SOURCE_FUNC(on_channel_event), g_object_ref(self),
			      g_object_unref);
	g_mutex_lock(&self->lock);
	self->channel = g_steal_pointer(&channel);
	self->watch = g_source_ref(watch);
	g_mutex_unlock(&self->lock);
	g_source_attach(watch, self->context);

	status = driver->create_miracast_context(self, &host_callbacks, &self->driver_context);
	if (NT_ERROR(status)) {
		g_autofree char *text = miracast_status_to_string(status);

		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED,
			    "the user-mode driver could not prepare a session: %s", text);
		return FALSE;
	}
	self->driver_created = true;
	return TRUE;
}

static void handle_message(MiracastDevice *self, MiracastChannel *channel,
			   const struct miracast_message *message,
			   struct miracast_completion *completion)
{
	uint32_t bytes_returned = 0;
	ntstatus_t status = self->driver.handle_kernel_mode_message(
		self->driver_context, message->input_size,
		miracast_channel_get_input(channel, message), message->output_size,
		miracast_channel_get_output(channel, message), &bytes_returned);

	if (bytes_returned > message->output_size || status == STATUS_PENDING) {
		g_warning("the user-mode driver claims %u of %u bytes of output, status 0x%08X",
			  bytes_returned, message->output_size, MIRACAST_NTSTATUS_VALUE(status));
		status = STATUS_INTERNAL_ERROR;
	}
	*completion = (struct miracast_completion){
		.id = message->id,
		.status = status,
		.information = NT_ERROR(status) ? 0 : bytes_returned,
	};
}

static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* From start to stop. Signals are blocked, by inheritance: handlers run on the host's threads. */
static gpointer message_thread(gpointer data)
{
	g_autoptr(MiracastDevice) self = data;
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);
	struct miracast_exchange exchange = {.flags = MIRACAST_EXCHANGE_MESSAGE};
	g_autoptr(GError) error = NULL;

	while (channel) {
		exchange.nr_completions = 0;
		exchange.nr_messages = 0;
		exchange.timeout_ns = MIRACAST_NO_TIMEOUT;
		if (!miracast_channel_exchange(channel, &exchange, &error))
			break;
		exchange.completion.id = 0;
		if (exchange.nr_messages) {
			handle_message(self, channel, &exchange.message, &exchange.completion);
		} else if (exchange.state != MIRACAST_STARTED) {
			break;
		}
	}
	if (error && error->code != MIRACAST_ERROR_GONE) {
		g_warning("%s", error->message);
		request_stop(self, MIRACAST_STOP_CRITICAL_ERROR);
	}
	return NULL;
}

static void set_in_start_or_stop(MiracastDevice *self, bool in_start_or_stop)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	self->in_start_or_stop = in_start_or_stop;
}

static void close_rtsp_socket(MiracastDevice *self)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (self->rtsp_socket >= 0)
		close(self->rtsp_socket);
	self->rtsp_socket = -1;
}

static void stop_driver(MiracastDevice *self)
{
	set_in_start_or_stop(self, true);
	self->driver.stop_miracast_session(self->driver_context);
	/* A driver need not unregister; what it registered must not be called any more. */
	rate_unregister(self);
	set_in_start_or_stop(self, false);
}

static gboolean device_start(MiracastDevice *self, MiracastOp *op, GError **error)
{
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);
	g_autoptr(GError) step_error = NULL;
	struct miracast_session_info *info = g_new0(struct miracast_session_info, 1);
	ntstatus_t status;
	gboolean ok;

	g_task_set_task_data(op->task, info, g_free);
	if (!self->driver_created || self->session_started) {
		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_INVALID,
			    "a session starts once, after create or stop");
		return FALSE;
	}
	if (!miracast_channel_session_step(channel, MIRACAST_SESSION_START_BEGIN, STATUS_SUCCESS, 0,
					   &step_error)) {
		/* The channel is this device's: nobody else can have begun. */
		if (g_error_matches(step_error, MIRACAST_ERROR, MIRACAST_ERROR_BUSY))
			g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_STOPPING,
				    "the machine goes to sleep");
		else
			g_propagate_error(error, g_steal_pointer(&step_error));
		return FALSE;
	}
	set_in_start_or_stop(self, true);
	status = self->driver.start_miracast_session(self->driver_context, self->rtsp_socket,
						     &op->stats, info);
	set_in_start_or_stop(self, false);
	if (status == STATUS_PENDING)
		status = STATUS_INTERNAL_ERROR;
	ok = miracast_channel_session_step(channel, MIRACAST_SESSION_START_END, status, 0,
					   NT_ERROR(status) ? NULL : error);

	if (NT_ERROR(status)) {
		g_autofree char *text = miracast_status_to_string(status);

		rate_unregister(self);
		if (g_atomic_int_get(&op->timed_out))
			g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_TIMED_OUT,
				    "the session did not start within %u s", op->limit_s);
		else
			g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED,
				    "the user-mode driver could not start the session: %s", text);
		return FALSE;
	}
	if (!ok) {
		stop_driver(self);
		return FALSE;
	}

	self->session_started = true;
	for (guint i = 0; i < MIRACAST_DEVICE_THREADS; i++) {
		g_autofree char *name = g_strdup_printf("message %u", i + 1);

		g_ptr_array_add(self->handlers,
				g_thread_new(name, message_thread, g_object_ref(self)));
	}
	return TRUE;
}

static void device_stop(MiracastDevice *self, enum miracast_stop_reason reason)
{
	g_autoptr(MiracastChannel) channel = miracast_device_ref_channel(self);
	g_autoptr(GError) error = NULL;

	if (!self->session_started)
		return;
	/* Whatever becomes of the kernel's side, the driver's is stopped in order. */
	if (!miracast_channel_session_step(channel, MIRACAST_SESSION_STOP_BEGIN, STATUS_SUCCESS,
					   reason, &error))
		g_debug("%s", error->message);
	for (guint i = 0; i < self->handlers->len; i++)
		g_thread_join(self->handlers->pdata[i]);
	g_ptr_array_set_size(self->handlers, 0);

	stop_driver(self);
	if (!error && !miracast_channel_session_step(channel, MIRACAST_SESSION_STOP_END,
						     STATUS_SUCCESS, 0, &error))
		g_debug("%s", error->message);
	self->session_started = false;
	close_rtsp_socket(self);
}

static void device_destroy(MiracastDevice *self)
{
	g_autoptr(MiracastChannel) channel = NULL;
	GThreadPool *rate_pool;

	device_stop(self, MIRACAST_STOP_UNKNOWN);
	if (self->driver_created)
		self->driver.destroy_miracast_context(self->driver_context);
	self->driver_created = false;
	if (self->module)
		dlclose(self->module);
	self->module = NULL;

	g_mutex_lock(&self->lock);
	if (self->watch)
		g_source_destroy(self->watch);
	g_clear_pointer(&self->watch, g_source_unref);
	channel = g_steal_pointer(&self->channel);
	rate_pool = g_steal_pointer(&self->rate_pool);
	g_mutex_unlock(&self->lock);

	if (rate_pool)
		g_thread_pool_free(rate_pool, TRUE, TRUE);
	/* Others may still hold the channel; the context must not wait for them. */
	if (channel)
		miracast_channel_destroy_context(channel, NULL);
	close_rtsp_socket(self);
}

static void op_clear(gpointer data)
{
	MiracastOp *op = data;

	if (op->rtsp_socket >= 0)
		close(op->rtsp_socket);
	g_object_unref(op->task);
}

static void op_unref(gpointer op)
{
	g_atomic_rc_box_release_full(op, op_clear);
}

static bool op_settle(MiracastDevice *self, MiracastOp *op)
{
	if (!g_atomic_int_compare_and_exchange(&op->settled, FALSE, TRUE))
		return false;
	g_mutex_lock(&self->lock);
	g_source_destroy(op->limit);
	g_clear_pointer(&op->limit, g_source_unref);
	if (self->starting == op)
		self->starting = NULL;
	g_mutex_unlock(&self->lock);
	g_atomic_int_set(&self->busy, FALSE);
	return true;
}

static bool op_run(MiracastDevice *self, MiracastOp *op)
{
	GError *error = NULL;

	switch (op->kind) {
	case OP_CREATE: device_create(self, &error); break;
	case OP_START:
		if (!device_start(self, op, &error))
			close_rtsp_socket(self);
		break;
	case OP_STOP: device_stop(self, op->stop_reason); break;
	case OP_DESTROY: device_destroy(self); break;
	}

	if (!op_settle(self, op)) {
		g_clear_error(&error);
		device_destroy(self);
		return false;
	}
	if (error)
		g_task_return_error(op->task, error);
	else
		g_task_return_boolean(op->task, TRUE);
	return op->kind != OP_DESTROY;
}

static gpointer life_thread(gpointer data)
{
	g_autoptr(MiracastDevice) self = data;
	bool more;

	block_signals();
	do {
		MiracastOp *op = g_async_queue_pop(self->ops);

		more = op_run(self, op);
		op_unref(op);
	} while (more);
	return NULL;
}

/*
 * The host's side of an operation.
 */

static gpointer cut_off(gpointer data)
{
	g_autoptr(MiracastChannel) channel = data;

	miracast_channel_destroy_context(channel, NULL);
	return NULL;
}

static gboolean on_op_limit(gpointer data);

/* With the lock held. */
static void op_arm(MiracastDevice *self, MiracastOp *op, guint seconds)
{
	if (op->limit)
		g_source_destroy(op->limit);
	g_clear_pointer(&op->limit, g_source_unref);
	op->limit = g_timeout_source_new_seconds(seconds);
	g_source_set_callback(op->limit, on_op_limit, g_atomic_rc_box_acquire(op), op_unref);
	g_source_attach(op->limit, self->context);
}

static gboolean on_op_limit(gpointer data)
{
	MiracastOp *op = data;
	MiracastDevice *self = g_task_get_source_object(op->task);
	MiracastChannel *channel;
	bool to_hang_up;

	if (g_atomic_int_get(&op->settled))
		return G_SOURCE_REMOVE;
	g_mutex_lock(&self->lock);
	to_hang_up = self->starting == op && !op->hung_up;
	g_mutex_unlock(&self->lock);
	if (to_hang_up) {
		g_atomic_int_set(&op->timed_out, TRUE);
		miracast_device_hang_up(self);
		return G_SOURCE_REMOVE;
	}
	if (!op_settle(self, op))
		return G_SOURCE_REMOVE;

	g_mutex_lock(&self->lock);
	self->abandoned = true;
	g_mutex_unlock(&self->lock);
	miracast_device_hang_up(self);
	/* On a thread of its own: the kernel may have to wait for an io_control. */
	channel = miracast_device_ref_channel(self);
	if (channel)
		g_thread_unref(g_thread_new("cut off", cut_off, channel));
	g_task_return_new_error(op->task, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_HUNG,
				"the user-mode driver took too long to %s and was cut off",
				op_names[op->kind]);
	return G_SOURCE_REMOVE;
}

static MiracastOp *op_new(MiracastDevice *self, MiracastOpKind kind, guint limit_s,
			  GAsyncReadyCallback callback, gpointer user_data)
{
	MiracastOp *op = g_atomic_rc_box_new0(MiracastOp);

	op->kind = kind;
	op->limit_s = limit_s;
	op->task = g_task_new(self, NULL, callback, user_data);
	op->rtsp_socket = -1;
	return op;
}

/* Takes @op, and answers it at once if the device cannot work on it. */
static void op_push(MiracastDevice *self, MiracastOp *op)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (self->abandoned) {
		g_task_return_new_error(op->task, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_HUNG,
					"the user-mode driver hangs and was cut off");
	} else if (op->kind == OP_START && self->rtsp_socket >= 0) {
		g_task_return_new_error(op->task, MIRACAST_ERROR, MIRACAST_ERROR_INVALID,
					"the device has a session");
	} else if (!g_atomic_int_compare_and_exchange(&self->busy, FALSE, TRUE)) {
		g_task_return_new_error(op->task, MIRACAST_ERROR, MIRACAST_ERROR_INVALID,
					"the device is busy with another call");
	} else {
		if (op->kind == OP_START) {
			self->stop_requested = false;
			self->streaming = self->streaming_told = false;
			g_clear_pointer(&self->reason, g_free);
			g_clear_pointer(&self->message, g_free);
			self->rtsp_socket = op->rtsp_socket;
			self->starting = op;
			op->rtsp_socket = -1;
		}
		if (!self->life) {
			self->life = g_thread_new("life", life_thread, g_object_ref(self));
			g_thread_unref(self->life);
		}
		op_arm(self, op, op->limit_s);
		g_async_queue_push(self->ops, op);
		return;
	}
	op_unref(op);
}

void miracast_device_create_async(MiracastDevice *self, GAsyncReadyCallback callback,
				  gpointer user_data)
{
	op_push(self, op_new(self, OP_CREATE, MIRACAST_DEVICE_CREATE_LIMIT, callback, user_data));
}

void miracast_device_start_async(MiracastDevice *self, int rtsp_socket,
				 const struct miracast_wfd_connection_stats *stats, guint timeout_s,
				 GAsyncReadyCallback callback, gpointer user_data)
{
	MiracastOp *op = op_new(self, OP_START, timeout_s, callback, user_data);

	op->rtsp_socket = rtsp_socket;
	if (stats)
		op->stats = *stats;
	op_push(self, op);
}

void miracast_device_hang_up(MiracastDevice *self)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

	if (self->rtsp_socket >= 0)
		shutdown(self->rtsp_socket, SHUT_RDWR);
	if (self->starting && !self->starting->hung_up) {
		self->starting->hung_up = true;
		op_arm(self, self->starting, MIRACAST_DEVICE_START_GRACE);
	}
}

void miracast_device_stop_async(MiracastDevice *self, enum miracast_stop_reason reason,
				GAsyncReadyCallback callback, gpointer user_data)
{
	MiracastOp *op = op_new(self, OP_STOP, MIRACAST_DEVICE_STOP_LIMIT, callback, user_data);

	op->stop_reason = reason;
	op_push(self, op);
}

void miracast_device_destroy_async(MiracastDevice *self, GAsyncReadyCallback callback,
				   gpointer user_data)
{
	op_push(self, op_new(self, OP_DESTROY, MIRACAST_DEVICE_DESTROY_LIMIT, callback, user_data));
}

gboolean miracast_device_create_finish(MiracastDevice *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

gboolean miracast_device_start_finish(MiracastDevice *self, GAsyncResult *result,
				      struct miracast_session_info *session_info, GError **error)
{
	const struct miracast_session_info *info = g_task_get_task_data(G_TASK(result));

	if (!g_task_propagate_boolean(G_TASK(result), error))
		return FALSE;
	if (session_info)
		*session_info = *info;
	return TRUE;
}

gboolean miracast_device_stop_finish(MiracastDevice *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

gboolean miracast_device_destroy_finish(MiracastDevice *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}
