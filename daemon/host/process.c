// SPDX-License-Identifier: GPL-2.0-or-later
#include "process.h"

#include "control.h"
#include "input.h"
#include "miracast-device.h"
#include "picture.h"
#include "reason.h"
#include "rtp.h"
#include "wifi/air.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a step may take more than the driver may, before the process is killed. */
#define GRACE_S 5

/* In which a session that is to stop lets go what its sink holds pressed. */
#define INPUT_LIMIT_S 2

/* For something to be sealed. */
#define SEAL_LIMIT_S 10

/* A session that runs is asked for a word this often, and says one until it is asked again. */
#define ALIVE_S 15

/* For a picture to be shown. A machine that is busy is no reason to end the session. */
#define PICTURE_LIMIT_S 5

/* One that works sends a handful; each costs the daemon time, and those on the bus, too. */
#define MAX_MESSAGES_PER_S 1000

typedef enum {
	STEP_CREATE,
	STEP_START,
	STEP_STOP,
	STEP_DESTROY,
} ProcessStep;

/* What a step's message is answered with. */
static const SessionMessageKind answers[] = {
	[STEP_CREATE] = SESSION_CREATED,
	[STEP_START] = SESSION_STARTED,
	[STEP_STOP] = SESSION_STOPPED,
};

static const char *const step_names[] = {
	[STEP_CREATE] = "prepare",
	[STEP_START] = "start",
	[STEP_STOP] = "stop",
	[STEP_DESTROY] = "end",
};

struct _HostProcess {
	GObject parent_instance;

	guint number;
	const HostProcessConfig *config;
	char *adapter;
	GHashTable *options;
	char *input_name; /* NULL: the sink may send no input */

	GSubprocess *subprocess; /* until it is gone */
	int control;
	guint control_source;
	gint64 counted_since; /* monotonic us */
	guint n_messages; /* since then */
	guint alive_source; /* while the session runs */
	bool has_spoken; /* since it was asked for a word */
	char *death; /* how it died, once it has or is to */

	int rtsp_socket; /* for its addresses; -1 before start and once RTP is connected */
	HostRtp rtp; /* to connect it: once */
	HostInput *input; /* from start to the end of stop, if it is allowed */
	guint input_source; /* its limit, once the session is to stop */
	HostAir *air; /* from start to stop, if the link is Wi-Fi */

	GTask *task; /* of the step under way */
	ProcessStep step;
	guint limit_source;

	GQueue seals; /* GTask: what has been asked for, the oldest first */
	guint seal_source; /* its limit */

	int picture_file; /* from a request for a picture to the answer; else -1 */
	guint picture_max_width;
	GTask *picture; /* to be told of the answer; NULL: that has given up */
	guint picture_source; /* its limit */

	char *adapter_path;
	guint32 context_id, target_id;
	char *reason;
	char *message;
	bool streaming;
	GVariant *details;
	GVariant *statistics;
};

typedef struct {
	guint32 session_info;
	char **unknown_options;
} ProcessStarted;

enum {
	SIGNAL_STOP_REQUESTED,
	SIGNAL_STREAMING_CHANGED,
	SIGNAL_DETAILS_CHANGED,
	SIGNAL_STATISTICS,
	SIGNAL_DIED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void host_process_sealer_init(HostSealerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostProcess, host_process, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_SEALER, host_process_sealer_init))

static void process_started_free(gpointer data)
{
	ProcessStarted *started = data;

	g_strfreev(started->unknown_options);
	g_free(started);
}

/* The process ends soon, if it has not ended; @how counts if it is the first word. */
static void kill_process(HostProcess *self, const char *how)
{
	if (!self->death)
		self->death = g_strdup(how);
	if (self->subprocess)
		g_subprocess_force_exit(self->subprocess);
}

static void close_input(HostProcess *self)
{
	g_clear_handle_id(&self->input_source, g_source_remove);
	g_clear_pointer(&self->input, host_input_free);
}

static void close_air(HostProcess *self)
{
	g_clear_pointer(&self->air, host_air_free);
}

static gboolean on_input_limit(gpointer data)
{
	HostProcess *self = data;

	self->input_source = 0;
	close_input(self);
	return G_SOURCE_REMOVE;
}

/*
 * Steps.
 */

static GTask *end_step(HostProcess *self)
{
	g_clear_handle_id(&self->limit_source, g_source_remove);
	if (self->step == STEP_STOP)
		close_input(self);
	return g_steal_pointer(&self->task);
}

static void fail_step_dead(HostProcess *self)
{
	g_autoptr(GTask) task = end_step(self);

	g_task_return_error(task, host_reason_error(HOST_REASON_SESSION_DIED, self->death));
}

static gboolean on_limit(gpointer data)
{
	HostProcess *self = data;
	g_autoptr(GTask) task = NULL;
	g_autofree char *how = NULL;

	self->limit_source = 0;
	how = g_strdup_printf("it took too long to %s and was killed", step_names[self->step]);
	kill_process(self, how);
	if (self->step == STEP_DESTROY)
		return G_SOURCE_REMOVE; /* over when it is gone */
	task = end_step(self);
	g_task_return_new_error(task, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_HUNG, "%s", how);
	return G_SOURCE_REMOVE;
}

/* Whether there is a process to go on with; otherwise the step is over already. */
static bool begin_step(HostProcess *self, ProcessStep step, guint limit_s,
		       GAsyncReadyCallback callback, gpointer user_data)
{
	g_assert(!self->task);
	g_clear_handle_id(&self->alive_source, g_source_remove);
	self->task = g_task_new(self, NULL, callback, user_data);
	self->step = step;
	if (self->subprocess && (step == STEP_DESTROY || !self->death)) {
		self->limit_source = g_timeout_add_seconds(limit_s + GRACE_S, on_limit, self);
		return true;
	}
	if (step == STEP_STOP || step == STEP_DESTROY) {
		g_autoptr(GTask) task = end_step(self);

		g_task_return_boolean(task, TRUE);
	} else {
		fail_step_dead(self);
	}
	return false;
}

/* Consumes @body. One that does not read is not waited for. */
static void tell(HostProcess *self, SessionMessageKind kind, GVariant *body, const int *files,
		 guint n_files)
{
	g_autoptr(GError) error = NULL;

	if (!session_control_send(self->control, kind, body, files, n_files, &error))
		kill_process(self, error->message);
}

/*
 * Sealing.
 */

typedef struct {
	GBytes *bytes;
	gboolean done; /* the handshake is over */
} ProcessSealed;

static void process_sealed_free(gpointer data)
{
	ProcessSealed *sealed = data;

	g_bytes_unref(sealed->bytes);
	g_free(sealed);
}

static gboolean on_seal_limit(gpointer data)
{
	HostProcess *self = data;

	self->seal_source = 0;
	kill_process(self, "it took too long to encrypt and was killed");
	return G_SOURCE_REMOVE;
}

static void arm_seal_limit(HostProcess *self)
{
	g_clear_handle_id(&self->seal_source, g_source_remove);
	if (self->seals.length)
		self->seal_source = g_timeout_add_seconds(SEAL_LIMIT_S, on_seal_limit, self);
}

static void fail_seal(GTask *task)
{
	g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CLOSED,
				"the session's process is gone");
	g_object_unref(task);
}

static void fail_seals(HostProcess *self)
{
	GTask *task;

	g_clear_handle_id(&self->seal_source, g_source_remove);
	while ((task = g_queue_pop_head(&self->seals)))
		fail_seal(task);
}

/* Whether it makes sense. */
static bool on_sealed(HostProcess *self, const SessionMessage *message)
{
	g_autoptr(GTask) task = g_queue_pop_head(&self->seals);
	g_autoptr(GVariant) bytes = NULL;
	ProcessSealed *sealed;
	gboolean worked, done;
	const char *why;

	if (!task)
		return false;
	arm_seal_limit(self);
	g_variant_get(message->body, "(b@ayb&s)", &worked, &bytes, &done, &why);
	if (!worked) {
		g_autofree char *text = session_control_clean_text(why);

		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", text);
		return true;
	}
	if (g_variant_get_size(bytes) > SESSION_MAX_SEAL) {
		fail_seal(g_steal_pointer(&task));
		return false;
	}
	sealed = g_new0(ProcessSealed, 1);
	sealed->bytes = g_variant_get_data_as_bytes(bytes);
	sealed->done = done;
	g_task_return_pointer(task, sealed, process_sealed_free);
	return true;
}

/*
 * Pictures.
 */

typedef struct {
	int file;
	guint width, height; /* pixels */
} ProcessPicture;

static void process_picture_free(gpointer data)
{
	ProcessPicture *picture = data;

	if (picture->file >= 0)
		close(picture->file);
	g_free(picture);
}

/* NULL: nobody waits for it. */
static GTask *end_picture(HostProcess *self)
{
	g_clear_handle_id(&self->picture_source, g_source_remove);
	return g_steal_pointer(&self->picture);
}

static void fail_picture(HostProcess *self, int code, const char *message)
{
	g_autoptr(GTask) task = end_picture(self);

	if (task)
		g_task_return_new_error(task, G_IO_ERROR, code, "%s", message);
}

static gboolean on_picture_limit(gpointer data)
{
	HostProcess *self = data;

	self->picture_source = 0;
	fail_picture(self, G_IO_ERROR_TIMED_OUT, "the session's process shows no picture in time");
	return G_SOURCE_REMOVE;
}

/* Whether it makes sense. */
static bool on_picture(HostProcess *self, const SessionMessage *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GTask) task = NULL;
	ProcessPicture *picture;
	guint32 width, height;

	if (self->picture_file < 0)
		return false;
	picture = g_new0(ProcessPicture, 1);
	picture->file = g_steal_fd(&self->picture_file);
	g_variant_get(message->body, "(uu)", &width, &height);
	if (!width && !height) {
		process_picture_free(picture);
		fail_picture(self, G_IO_ERROR_NOT_FOUND, "no picture is being sent");
		return true;
	}
	if (!host_picture_seal(picture->file, self->picture_max_width, width, height, &error)) {
		process_picture_free(picture);
		fail_picture(self, error->code, error->message);
		return false;
	}
	picture->width = width;
	picture->height = height;
	task = end_picture(self);
	if (task)
		g_task_return_pointer(task, picture, process_picture_free);
	else
		process_picture_free(picture);
	return true;
}

/*
 * What the process says.
 */

static void take_reason(HostProcess *self, const char *reason, const char *message)
{
	if (self->reason || !session_control_is_word(reason))
		return;
	self->reason = g_strdup(reason);
	self->message = session_control_clean_text(message);
}

static gboolean on_alive(gpointer data)
{
	HostProcess *self = data;

	if (!self->has_spoken) {
		self->alive_source = 0;
		kill_process(self, "it did not answer any more and was killed");
		return G_SOURCE_REMOVE;
	}
	self->has_spoken = false;
	host_process_ask_statistics(self);
	return G_SOURCE_CONTINUE;
}

static void on_answer(HostProcess *self, const SessionMessage *message)
{
	g_autoptr(GTask) task = end_step(self);
	ProcessStarted *started;

	if (message->kind == SESSION_CREATED) {
		g_autofree char *path = NULL;

		g_variant_get(message->body, "(suu)", &path, &self->context_id, &self->target_id);
		self->adapter_path = session_control_clean_text(path);
	} else if (message->kind == SESSION_STARTED) {
		started = g_new0(ProcessStarted, 1);
		g_variant_get(message->body, "(u^as)", &started->session_info,
			      &started->unknown_options);
		for (char **option = started->unknown_options; *option; option++) {
			g_autofree char *told = *option;

			*option = session_control_clean_text(told);
		}
		g_task_set_task_data(task, started, process_started_free);
		self->has_spoken = true;
		self->alive_source = g_timeout_add_seconds(ALIVE_S, on_alive, self);
	}
	g_task_return_boolean(task, TRUE);
}

static void on_failed(HostProcess *self, const SessionMessage *message)
{
	g_autoptr(GTask) task = NULL;
	g_autofree char *text = NULL;
	const char *error_message, *reason, *sentence;
	guint32 code;

	g_variant_get(message->body, "(u&s&s&s)", &code, &error_message, &reason, &sentence);
	take_reason(self, reason, sentence);
	if (code > MIRACAST_ERROR_DRIVER_HUNG)
		code = MIRACAST_ERROR_DRIVER_FAILED;
	text = session_control_clean_text(error_message);
	if (self->step == STEP_DESTROY) {
		/* It ends all the same. */
		g_warning("Session %u: %s", self->number, text);
		return;
	}
	task = end_step(self);
	g_task_return_new_error(task, MIRACAST_ERROR, (int)code, "%s", text);
}

static bool take_values(GVariant **values, const SessionMessage *message)
{
	g_autoptr(GVariant) dictionary = g_variant_get_child_value(message->body, 0);
	GVariant *checked = session_control_check_values(dictionary);

	if (!checked)
		return false;
	g_variant_unref(*values);
	*values = checked;
	return true;
}

static void close_sockets(HostProcess *self)
{
	/* The process could have had it linger: the last one to close it would wait. */
	const struct linger off = {0};

	host_rtp_close(&self->rtp);
	if (self->rtsp_socket >= 0) {
		setsockopt(self->rtsp_socket, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
		close(self->rtsp_socket);
	}
	self->rtsp_socket = -1;
}

/* The sink's ports are for the sink to say; the host is the one that the session is with. */
static bool connect_rtp(HostProcess *self, const SessionMessage *message)
{
	g_autoptr(GError) error = NULL;
	gboolean connected;
	guint16 port, rtcp_port;

	g_variant_get(message->body, "(qq)", &port, &rtcp_port);
	if (self->rtsp_socket < 0 || !port)
		return false;
	connected = host_rtp_connect(&self->rtp, self->rtsp_socket, port, rtcp_port, &error);
	if (!connected)
		g_warning("Session %u: %s", self->number, error->message);
	close_sockets(self);
	tell(self, SESSION_RTP_CONNECTED, g_variant_new("(b)", connected), NULL, 0);
	return true;
}

/* Whether it makes sense. */
static bool handle_message(HostProcess *self, const SessionMessage *message)
{
	const char *reason, *sentence;
	guint32 stop_reason;
	gboolean streaming;

	switch (message->kind) {
	case SESSION_CREATED:
	case SESSION_STARTED:
	case SESSION_STOPPED:
		if (!self->task || self->step == STEP_DESTROY ||
		    answers[self->step] != message->kind)
			return false;
		on_answer(self, message);
		return true;
	case SESSION_FAILED:
		if (!self->task)
			return false;
		on_failed(self, message);
		return true;
	case SESSION_STOP_REQUESTED:
		g_variant_get(message->body, "(u&s&s)", &stop_reason, &reason, &sentence);
		take_reason(self, reason, sentence);
		g_signal_emit(self, signals[SIGNAL_STOP_REQUESTED], 0, stop_reason);
		return true;
	case SESSION_STREAMING:
		g_variant_get(message->body, "(b)", &streaming);
		self->streaming = streaming;
		g_signal_emit(self, signals[SIGNAL_STREAMING_CHANGED], 0);
		return true;
	case SESSION_DETAILS:
		if (!take_values(&self->details, message))
			return false;
		g_signal_emit(self, signals[SIGNAL_DETAILS_CHANGED], 0);
		return true;
	case SESSION_STATISTICS:
		if (!take_values(&self->statistics, message))
			return false;
		g_signal_emit(self, signals[SIGNAL_STATISTICS], 0);
		return true;
	case SESSION_CONNECT_RTP: return connect_rtp(self, message);
	case SESSION_SEALED: return on_sealed(self, message);
	case SESSION_PICTURE: return on_picture(self, message);
	default: return false;
	}
}

static bool is_flood(HostProcess *self)
{
	gint64 now = g_get_monotonic_time();

	if (now - self->counted_since > G_USEC_PER_SEC) {
		self->counted_since = now;
		self->n_messages = 0;
	}
	return ++self->n_messages > MAX_MESSAGES_PER_S;
}

/* FALSE: there is nothing to read; what nothing can be read of any more is not watched any more. */
static bool read_message(HostProcess *self)
{
	g_auto(SessionMessage) message = {0};
	g_autoptr(GError) error = NULL;

	if (!session_control_receive(self->control, FALSE, &message, &error)) {
		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
			return false;
		g_clear_handle_id(&self->control_source, g_source_remove);
		/* It may close its end before it dies, and alone that is no way to live on. */
		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
		    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)) {
			if (self->subprocess)
				g_subprocess_force_exit(self->subprocess);
		} else {
			kill_process(self, error->message);
		}
		return false;
	}
	self->has_spoken = true;
	if (is_flood(self))
		kill_process(self, "it sent too many messages");
	else if (handle_message(self, &message))
		return true;
	else
		kill_process(self, "it sent a message that makes no sense");
	g_clear_handle_id(&self->control_source, g_source_remove);
	return false;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	HostProcess *self = data;

	/* One at a time: other sessions have their turn, too. */
	read_message(self);
	return self->control_source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static char *describe_exit(GSubprocess *subprocess)
{
	if (g_subprocess_get_if_signaled(subprocess)) {
		int signal = g_subprocess_get_term_sig(subprocess);

		return g_strdup_printf("killed by signal %d, %s", signal, g_strsignal(signal));
	}
	return g_strdup_printf("ended with status %d", g_subprocess_get_exit_status(subprocess));
}

static void on_exit_of(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(HostProcess) self = data;
	g_autofree char *exit = NULL;
	bool failed;

	g_subprocess_wait_finish(self->subprocess, result, NULL);
	/* What it said before. */
	while (self->control_source && !self->death && read_message(self))
		;
	g_clear_handle_id(&self->control_source, g_source_remove);
	g_clear_handle_id(&self->alive_source, g_source_remove);
	/* Its session may stay on the bus for its reason, and takes no file for that. */
	close(g_steal_fd(&self->control));
	exit = describe_exit(self->subprocess);
	failed = self->death || !g_subprocess_get_successful(self->subprocess);
	if (!self->death)
		self->death = g_steal_pointer(&exit);
	g_clear_object(&self->subprocess);
	fail_seals(self);
	fail_picture(self, G_IO_ERROR_CLOSED, "the session's process is gone");
	close_input(self);
	close_air(self);
	if (!self->task) {
		g_signal_emit(self, signals[SIGNAL_DIED], 0, self->death);
	} else if (self->step == STEP_DESTROY && !failed) {
		g_autoptr(GTask) task = end_step(self);

		g_task_return_boolean(task, TRUE);
	} else {
		fail_step_dead(self);
	}
}

/*
 * What the host asks for.
 */

/* Nodes to try, opened; errors as miracast_channel_open() has them. */
static GStrv open_nodes(HostProcess *self, int *files, guint *n_files, GError **error)
{
	g_autoptr(GStrvBuilder) opened = g_strv_builder_new();
	g_auto(GStrv) nodes = NULL;
	const char *failed = NULL;
	MiracastError code;
	int errnum = 0;

	*n_files = 0;
	if (self->adapter && strchr(self->adapter, '/')) {
		nodes = g_new0(char *, 2);
		nodes[0] = g_strdup(self->adapter);
	} else {
		nodes = miracast_channel_list_adapters();
	}
	for (char **node = nodes; *node && *n_files < SESSION_MAX_FILES; node++) {
		int fd = open(*node, O_RDWR | O_CLOEXEC);

		if (fd < 0) {
			errnum = errno;
			failed = *node;
			continue;
		}
		g_strv_builder_add(opened, *node);
		files[(*n_files)++] = fd;
	}
	if (*n_files)
		return g_strv_builder_end(opened);
	code = failed ? miracast_error_from_errno(errnum) : MIRACAST_ERROR_NO_ADAPTER;
	if (self->adapter && code == MIRACAST_ERROR_NO_ADAPTER)
		g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_UNKNOWN_ADAPTER,
			    "there is no adapter \"%s\"", self->adapter);
	else if (failed)
		g_set_error(error, MIRACAST_ERROR, code, "%s cannot be opened: %s", failed,
			    g_strerror(errnum));
	else
		g_set_error_literal(error, MIRACAST_ERROR, MIRACAST_ERROR_NO_ADAPTER,
				    "there is no /dev/miracastN");
	return NULL;
}

static bool spawn(HostProcess *self, GError **error)
{
	g_autoptr(GSubprocessLauncher)
		launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	g_autofree char *number = g_strdup_printf("%u", self->number);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "a socket pair: %s",
			    g_strerror(errno));
		return false;
	}
	/* The other end is one that waits: the process has time to. */
	g_unix_set_fd_nonblocking(ends[0], TRUE, NULL);
	g_subprocess_launcher_take_fd(launcher, ends[1], SESSION_CONTROL_FD);
	g_subprocess_launcher_unsetenv(launcher, "DBUS_SYSTEM_BUS_ADDRESS");
	g_subprocess_launcher_unsetenv(launcher, "DBUS_SESSION_BUS_ADDRESS");
	g_subprocess_launcher_unsetenv(launcher, "NOTIFY_SOCKET");
	self->subprocess =
		g_subprocess_launcher_spawn(launcher, error, self->config->program, number,
					    self->config->verbose ? "--verbose" : NULL, NULL);
	if (!self->subprocess) {
		close(ends[0]);
		return false;
	}
	self->control = ends[0];
	self->control_source = g_unix_fd_add(self->control, G_IO_IN, on_readable, self);
	g_subprocess_wait_async(self->subprocess, NULL, on_exit_of, g_object_ref(self));
	return true;
}

static GVariant *options_to_variant(GHashTable *options)
{
	GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{ss}"));
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, options);
	while (g_hash_table_iter_next(&iter, &name, &value))
		g_variant_builder_add(&builder, "{ss}", name, value);
	return g_variant_builder_end(&builder);
}

void host_process_create_async(HostProcess *self, GAsyncReadyCallback callback, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) nodes = NULL;
	int files[SESSION_MAX_FILES];
	guint n_files = 0;

	nodes = open_nodes(self, files, &n_files, &error);
	if (!nodes) {
		g_task_report_error(self, callback, user_data, NULL, g_steal_pointer(&error));
		return;
	}
	if (!spawn(self, &error)) {
		self->death = g_strdup(error->message);
		begin_step(self, STEP_CREATE, 0, callback, user_data);
	} else if (begin_step(self, STEP_CREATE, MIRACAST_DEVICE_CREATE_LIMIT, callback,
			      user_data)) {
		tell(self, SESSION_CREATE,
		     g_variant_new("(ss@a{ss}^as)", self->adapter ? self->adapter : "",
				   self->config->driver, options_to_variant(self->options), nodes),
		     files, n_files);
	}
	/* Whoever holds the file holds the context. */
	for (guint i = 0; i < n_files; i++)
		close(files[i]);
}

/* A process that does not read now is told the next time. */
static void on_air(const struct miracast_datarate_stats *stats, gpointer data)
{
	static const struct miracast_datarate_stats none;
	const struct miracast_datarate_stats *told = stats ? stats : &none;
	HostProcess *self = data;
	g_autoptr(GError) error = NULL;

	if (self->subprocess && !self->death &&
	    !session_control_send(self->control, SESSION_DATA_RATE,
				  g_variant_new("(btttttt)", stats != NULL, told->encoder_bit_rate,
						told->current_max_tx_data_rate,
						told->transmitted_frame_count,
						told->failed_frame_count, told->retried_frame_count,
						told->multiple_retry_frame_count),
				  NULL, 0, &error))
		g_debug("Session %u: it was not told of the air: %s", self->number, error->message);
}

void host_process_start_async(HostProcess *self, int rtsp_socket, guint timeout_s, guint throughput,
			      GAsyncReadyCallback callback, gpointer user_data)
{
	g_autofree char *interface = host_air_interface_of(rtsp_socket);
	g_autoptr(GError) error = NULL;
	HostRtp rtp;
	int files[4];
	guint n_files = 3;
	guint16 input_port = 0;

	if (!host_rtp_open(&rtp, rtsp_socket, &error)) {
		close(rtsp_socket);
		g_task_report_error(self, callback, user_data, NULL, g_steal_pointer(&error));
		return;
	}
	close_sockets(self);
	close_input(self);
	close_air(self);
	g_clear_pointer(&self->reason, g_free);
	g_clear_pointer(&self->message, g_free);
	self->streaming = false;
	self->rtsp_socket = rtsp_socket;
	self->rtp = rtp;
	files[0] = rtsp_socket;
	files[1] = self->rtp.rtp;
	files[2] = self->rtp.rtcp;
	if (self->input_name) {
		self->input = host_input_new(rtsp_socket, self->input_name, &error);
		if (!self->input)
			g_warning("Session %u: no input: %s", self->number, error->message);
	}
	if (self->input) {
		files[n_files++] = host_input_get_session_end(self->input);
		input_port = host_input_get_port(self->input);
	}
	if (interface)
		self->air = host_air_new(interface, on_air, self);
	if (begin_step(self, STEP_START, timeout_s + MIRACAST_DEVICE_START_GRACE, callback,
		       user_data))
		tell(self, SESSION_START,
		     g_variant_new("(uqbu)", timeout_s, input_port, self->air != NULL, throughput),
		     files, n_files);
	if (self->input)
		host_input_close_session_end(self->input);
}

void host_process_allow_input(HostProcess *self, const char *sink)
{
	g_free(self->input_name);
	self->input_name = g_strdup(sink);
}

gboolean host_process_sink_has_left(HostProcess *self)
{
	struct pollfd pollfd = {.fd = self->rtsp_socket, .events = POLLRDHUP};

	return self->rtsp_socket >= 0 && poll(&pollfd, 1, 0) > 0;
}

void host_process_hang_up(HostProcess *self)
{
	if (!self->subprocess || self->death)
		return;
	tell(self, SESSION_HANG_UP, NULL, NULL, 0);
	if (self->task && self->step == STEP_START) {
		g_clear_handle_id(&self->limit_source, g_source_remove);
		self->limit_source = g_timeout_add_seconds(MIRACAST_DEVICE_START_GRACE + GRACE_S,
							   on_limit, self);
	}
}

void host_process_stop_async(HostProcess *self, enum miracast_stop_reason reason,
			     GAsyncReadyCallback callback, gpointer user_data)
{
	close_sockets(self);
	close_air(self);
	if (!begin_step(self, STEP_STOP, MIRACAST_DEVICE_STOP_LIMIT, callback, user_data))
		return;
	if (self->input)
		self->input_source = g_timeout_add_seconds(INPUT_LIMIT_S, on_input_limit, self);
	tell(self, SESSION_STOP, g_variant_new("(u)", (guint32)reason), NULL, 0);
}

void host_process_destroy_async(HostProcess *self, GAsyncReadyCallback callback, gpointer user_data)
{
	close_sockets(self);
	close_input(self);
	close_air(self);
	if (begin_step(self, STEP_DESTROY, MIRACAST_DEVICE_DESTROY_LIMIT, callback, user_data) &&
	    !self->death)
		tell(self, SESSION_DESTROY, NULL, NULL, 0);
}

void host_process_ask_statistics(HostProcess *self)
{
	if (self->subprocess && !self->death)
		tell(self, SESSION_GET_STATISTICS, NULL, NULL, 0);
}

void host_process_take_picture_async(HostProcess *self, guint max_width,
				     GAsyncReadyCallback callback, gpointer user_data)
{
	g_autoptr(GTask) task = g_task_new(self, NULL, callback, user_data);
	g_autoptr(GError) error = NULL;

	if (!self->subprocess || self->death) {
		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CLOSED,
					"the session's process is gone");
		return;
	}
	if (self->picture_file >= 0) {
		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_BUSY,
					"the session's process has not shown the last one yet");
		return;
	}
	self->picture_file = host_picture_open(&error);
	if (self->picture_file < 0) {
		g_task_return_error(task, g_steal_pointer(&error));
		return;
	}
	self->picture_max_width = max_width;
	self->picture = g_steal_pointer(&task);
	self->picture_source = g_timeout_add_seconds(PICTURE_LIMIT_S, on_picture_limit, self);
	tell(self, SESSION_TAKE_PICTURE,
	     g_variant_new("(u)", max_width ? MIN(max_width, SESSION_MAX_PICTURE_WIDTH)
					    : SESSION_MAX_PICTURE_WIDTH),
	     &self->picture_file, 1);
}

int host_process_take_picture_finish(HostProcess *self, GAsyncResult *result, guint *width,
				     guint *height, GError **error)
{
	ProcessPicture *picture = g_task_propagate_pointer(G_TASK(result), error);
	int file;

	if (!picture)
		return -1;
	file = g_steal_fd(&picture->file);
	*width = picture->width;
	*height = picture->height;
	process_picture_free(picture);
	return file;
}

static void host_process_run_async(HostSealer *sealer, HostSealerTask task, GBytes *bytes,
				   GAsyncReadyCallback callback, gpointer user_data)
{
	static const SessionSealTask tasks[] = {
		[HOST_SEALER_HANDSHAKE] = SESSION_SEAL_HANDSHAKE,
		[HOST_SEALER_SEAL] = SESSION_SEAL_SEAL,
		[HOST_SEALER_UNSEAL] = SESSION_SEAL_UNSEAL,
		[HOST_SEALER_FORGET] = SESSION_SEAL_FORGET,
	};
	HostProcess *self = HOST_PROCESS(sealer);
	GTask *seal = g_task_new(self, NULL, callback, user_data);
	gsize size = 0;
	const void *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

	if (!self->subprocess || self->death || size > SESSION_MAX_SEAL) {
		fail_seal(seal);
		return;
	}
	g_queue_push_tail(&self->seals, seal);
	if (self->seals.length == 1)
		arm_seal_limit(self);
	tell(self, SESSION_SEAL,
	     g_variant_new("(u@ay)", (guint32)tasks[task],
			   g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, size, 1)),
	     NULL, 0);
}

static GBytes *host_process_run_finish(HostSealer *sealer, GAsyncResult *result, gboolean *done,
				       GError **error)
{
	ProcessSealed *sealed = g_task_propagate_pointer(G_TASK(result), error);
	GBytes *bytes;

	if (!sealed)
		return NULL;
	*done = sealed->done;
	bytes = g_bytes_ref(sealed->bytes);
	process_sealed_free(sealed);
	return bytes;
}

static void host_process_sealer_init(HostSealerInterface *iface)
{
	iface->run_async = host_process_run_async;
	iface->run_finish = host_process_run_finish;
}

gboolean host_process_create_finish(HostProcess *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

gboolean host_process_start_finish(HostProcess *self, GAsyncResult *result, guint32 *session_info,
				   char ***unknown_options, GError **error)
{
	ProcessStarted *started = g_task_get_task_data(G_TASK(result));

	if (!g_task_propagate_boolean(G_TASK(result), error))
		return FALSE;
	*session_info = started->session_info;
	*unknown_options = g_steal_pointer(&started->unknown_options);
	return TRUE;
}

gboolean host_process_stop_finish(HostProcess *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

gboolean host_process_destroy_finish(HostProcess *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

const char *host_process_get_adapter(HostProcess *self)
{
	return self->adapter_path;
}

guint32 host_process_get_context_id(HostProcess *self)
{
	return self->context_id;
}

guint32 host_process_get_target_id(HostProcess *self)
{
	return self->target_id;
}

gboolean host_process_get_reason(HostProcess *self, const char **reason, const char **message)
{
	*reason = self->reason;
	*message = self->message;
	return self->reason != NULL;
}

gboolean host_process_get_streaming(HostProcess *self)
{
	return self->streaming;
}

GVariant *host_process_get_details(HostProcess *self)
{
	return self->details;
}

GVariant *host_process_get_statistics(HostProcess *self)
{
	return self->statistics;
}

static void host_process_init(HostProcess *self)
{
	self->control = -1;
	self->rtsp_socket = -1;
	self->picture_file = -1;
	self->rtp = (HostRtp){-1, -1};
	self->details = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
	self->statistics = g_variant_ref(self->details);
}

static void host_process_finalize(GObject *object)
{
	HostProcess *self = HOST_PROCESS(object);

	/* The wait for its end holds a reference. */
	g_assert(!self->subprocess && !self->task && !self->seals.length && !self->picture);
	if (self->picture_file >= 0)
		close(self->picture_file);
	close_sockets(self);
	close_input(self);
	close_air(self);
	if (self->control >= 0)
		close(self->control);
	g_free(self->adapter);
	g_free(self->input_name);
	g_hash_table_unref(self->options);
	g_free(self->death);
	g_free(self->adapter_path);
	g_free(self->reason);
	g_free(self->message);
	g_variant_unref(self->details);
	g_variant_unref(self->statistics);
	G_OBJECT_CLASS(host_process_parent_class)->finalize(object);
}

static void host_process_class_init(HostProcessClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_process_finalize;

	signals[SIGNAL_STOP_REQUESTED] = g_signal_new("stop-requested", HOST_TYPE_PROCESS,
						      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
						      G_TYPE_NONE, 1, G_TYPE_UINT);
	signals[SIGNAL_STREAMING_CHANGED] = g_signal_new("streaming-changed", HOST_TYPE_PROCESS,
							 G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
							 G_TYPE_NONE, 0);
	signals[SIGNAL_DETAILS_CHANGED] = g_signal_new("details-changed", HOST_TYPE_PROCESS,
						       G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
						       G_TYPE_NONE, 0);
	signals[SIGNAL_STATISTICS] = g_signal_new("statistics", HOST_TYPE_PROCESS,
						  G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
						  G_TYPE_NONE, 0);
	signals[SIGNAL_DIED] = g_signal_new("died", HOST_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL,
					    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

HostProcess *host_process_new(guint number, const HostProcessConfig *config, const char *adapter,
			      GHashTable *options)
{
	HostProcess *self = g_object_new(HOST_TYPE_PROCESS, NULL);

	self->number = number;
	self->config = config;
	self->adapter = g_strdup(adapter);
	self->options = g_hash_table_ref(options);
	return self;
}
