// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * miracast-session: the process of one session. miracastd starts it, hands it the adapter's nodes,
 * the RTSP connection and the sockets for RTP, and asks for each step of the session over the
 * socket pair of control.h. It hosts the user-mode driver, which reads what the sink sends.
 *
 * It ends when miracastd asks for it or is gone.
 */
#include "control.h"
#include "dtls.h"
#include "lockdown.h"
#include "miracast-device.h"

#include <dlfcn.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef struct {
	MiracastDevice *device;
	const char *number;
	bool verbose;
	bool in_journal;
	SessionDtls *dtls; /* of the link; NULL: it has none */

	/* Of the driver's thread that waits for RTP to be connected. */
	GMutex lock;
	GCond cond;
	bool rtp_answered;
	bool rtp_connected;
} SessionProcess;

/* miracastd answers at once, or does not live. */
#define CONNECT_RTP_LIMIT (5 * G_TIME_SPAN_SECOND)

/* One line each: the journal's own protocol takes a socket that is not there to be opened. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				  gpointer data)
{
	const SessionProcess *process = data;
	const char *message = "";
	bool warning = level <= G_LOG_LEVEL_WARNING;

	if (level >= G_LOG_LEVEL_INFO && !process->verbose)
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n_fields; i++)
		if (!strcmp(fields[i].key, "MESSAGE"))
			message = fields[i].value;
	/* sd-daemon(3): the number is the priority. */
	fprintf(stderr, "%smiracast-session %s: %s%s\n",
		process->in_journal ? (warning ? "<4>" : "<6>") : "", process->number,
		warning ? "warning: " : "", message);
	return G_LOG_WRITER_HANDLED;
}

/* Nothing is left to do for whom the host does not hear, and nobody may wait for us. */
static void leave(int status) G_GNUC_NORETURN;

static void leave(int status)
{
	/* Closes what we hold, which ends the kernel's half, too. */
	_exit(status);
}

static void send_to_host(SessionMessageKind kind, GVariant *body)
{
	g_autoptr(GError) error = NULL;

	if (session_control_send(SESSION_CONTROL_FD, kind, body, NULL, 0, &error))
		return;
	g_warning("miracastd cannot be told: %s", error->message);
	leave(EXIT_FAILURE);
}

static void send_values(SessionMessageKind kind, GVariant *values)
{
	g_autoptr(GVariant) owned = values;
	g_autoptr(GVariant) checked = session_control_check_values(values);

	if (checked)
		send_to_host(kind, g_variant_new("(@a{sv})", checked));
	else
		g_warning("the user-mode driver shows what cannot be shown");
}

static void send_statistics(SessionProcess *process)
{
	send_values(SESSION_STATISTICS, miracast_device_get_statistics(process->device));
}

static void send_failure(SessionProcess *process, const GError *error)
{
	g_autofree char *reason = NULL;
	g_autofree char *message = NULL;

	miracast_device_get_reason(process->device, &reason, &message);
	send_statistics(process);
	send_to_host(SESSION_FAILED, g_variant_new("(usss)", (guint32)error->code, error->message,
						   reason ? reason : "", message ? message : ""));
}

static void on_stop_requested(MiracastDevice *device, guint stop_reason, SessionProcess *process)
{
	g_autofree char *reason = NULL;
	g_autofree char *message = NULL;

	miracast_device_get_reason(device, &reason, &message);
	send_to_host(SESSION_STOP_REQUESTED,
		     g_variant_new("(uss)", (guint32)stop_reason, reason ? reason : "",
				   message ? message : ""));
}

static void on_streaming_changed(MiracastDevice *device, SessionProcess *process)
{
	send_to_host(SESSION_STREAMING,
		     g_variant_new("(b)", miracast_device_get_streaming(device)));
}

static void on_details_changed(MiracastDevice *device, SessionProcess *process)
{
	send_values(SESSION_DETAILS, miracast_device_get_details(device));
}

static void on_created(GObject *object, GAsyncResult *result, gpointer data)
{
	SessionProcess *process = data;
	g_autoptr(MiracastChannel) channel = NULL;
	g_autoptr(GError) error = NULL;
	const struct miracast_context_info *context;

	if (!miracast_device_create_finish(process->device, result, &error)) {
		send_failure(process, error);
		return;
	}
	channel = miracast_device_ref_channel(process->device);
	context = miracast_channel_get_context(channel);
	send_to_host(SESSION_CREATED, g_variant_new("(suu)", miracast_channel_get_path(channel),
						    context->context_id, context->target_id));
}

static void on_started(GObject *object, GAsyncResult *result, gpointer data)
{
	SessionProcess *process = data;
	struct miracast_session_info info;
	g_auto(GStrv) unused = NULL;
	g_autoptr(GError) error = NULL;

	if (!miracast_device_start_finish(process->device, result, &info, &error)) {
		send_failure(process, error);
		return;
	}
	unused = miracast_device_get_unused_options(process->device);
	send_to_host(SESSION_STARTED, g_variant_new("(u^as)", info.value, unused));
}

static void on_stopped(GObject *object, GAsyncResult *result, gpointer data)
{
	SessionProcess *process = data;
	g_autoptr(GError) error = NULL;

	if (!miracast_device_stop_finish(process->device, result, &error)) {
		send_failure(process, error);
		return;
	}
	send_statistics(process);
	send_to_host(SESSION_STOPPED, NULL);
}

static void on_destroyed(GObject *object, GAsyncResult *result, gpointer data)
{
	SessionProcess *process = data;
	g_autoptr(GError) error = NULL;

	if (!miracast_device_destroy_finish(process->device, result, &error)) {
		send_failure(process, error);
		leave(EXIT_FAILURE);
	}
	leave(EXIT_SUCCESS);
}

/* On a thread of the driver's. */
static gboolean connect_rtp(guint16 port, guint16 rtcp_port, gpointer data)
{
	SessionProcess *process = data;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&process->lock);
	gint64 limit = g_get_monotonic_time() + CONNECT_RTP_LIMIT;

	send_to_host(SESSION_CONNECT_RTP, g_variant_new("(qq)", port, rtcp_port));
	while (!process->rtp_answered)
		if (!g_cond_wait_until(&process->cond, &process->lock, limit))
			return FALSE;
	return process->rtp_connected;
}

static void on_rtp_connected(SessionProcess *process, SessionMessage *message)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&process->lock);
	gboolean connected;

	g_variant_get(message->body, "(b)", &connected);
	process->rtp_connected = connected;
	process->rtp_answered = true;
	g_cond_signal(&process->cond);
}

/*
 * DTLS: the host carries the bytes.
 */

static void send_sealed(GByteArray *bytes, gboolean done)
{
	send_to_host(SESSION_SEALED,
		     g_variant_new("(b@aybs)", TRUE,
				   g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes->data,
							     bytes->len, 1),
				   done, ""));
}

static void send_not_sealed(const char *why)
{
	send_to_host(SESSION_SEALED,
		     g_variant_new("(b@aybs)", FALSE,
				   g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, NULL, 0, 1),
				   FALSE, why));
}

static void shake_hands(SessionProcess *process, const guint8 *data, gsize size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	gboolean done;

	if (!size)
		g_clear_pointer(&process->dtls, session_dtls_unref);
	if (!process->dtls)
		process->dtls = session_dtls_new(&error);
	if (process->dtls && session_dtls_handshake(process->dtls, data, size, out, &done, &error))
		send_sealed(out, done);
	else
		send_not_sealed(error->message);
}

static void seal(SessionProcess *process, SessionMessage *message)
{
	g_autoptr(GVariant) bytes = NULL;
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 *data;
	gsize size;
	guint32 task;

	g_variant_get(message->body, "(u@ay)", &task, &bytes);
	data = g_variant_get_fixed_array(bytes, &size, 1);
	if (size > SESSION_MAX_SEAL)
		leave(EXIT_FAILURE);
	g_byte_array_set_size(out, size + SESSION_DTLS_OVERHEAD);
	switch ((SessionSealTask)task) {
	case SESSION_SEAL_HANDSHAKE: shake_hands(process, data, size); return;
	case SESSION_SEAL_SEAL:
		size = process->dtls
			       ? session_dtls_seal(process->dtls, data, size, out->data, out->len)
			       : 0;
		break;
	case SESSION_SEAL_UNSEAL:
		size = process->dtls
			       ? session_dtls_open(process->dtls, data, size, out->data, out->len)
			       : 0;
		break;
	case SESSION_SEAL_FORGET:
		g_clear_pointer(&process->dtls, session_dtls_unref);
		g_byte_array_set_size(out, 0);
		send_sealed(out, FALSE);
		return;
	default: leave(EXIT_FAILURE);
	}
	g_byte_array_set_size(out, size);
	if (size)
		send_sealed(out, FALSE);
	else
		send_not_sealed("it cannot be sealed or unsealed");
}

/* On threads of the driver's. */
static gsize seal_datagram(const void *datagram, gsize size, void *out, gsize out_size,
			   gpointer user_data)
{
	return session_dtls_seal(user_data, datagram, size, out, out_size);
}

static void set_seal(SessionProcess *process)
{
	if (process->dtls && session_dtls_is_done(process->dtls))
		miracast_device_set_seal(process->device, seal_datagram,
					 session_dtls_ref(process->dtls),
					 (GDestroyNotify)session_dtls_unref);
	else
		miracast_device_set_seal(process->device, NULL, NULL, NULL);
}

/*
 * Pictures.
 */

static bool write_all(int fd, const guint8 *bytes, gsize size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n <= 0)
			return false;
		bytes += n;
		size -= n;
	}
	return true;
}

static void take_picture(SessionProcess *process, SessionMessage *message)
{
	struct miracast_picture picture = {0};
	guint32 max_width;
	bool taken;

	g_variant_get(message->body, "(u)", &max_width);
	if (message->n_files != 1)
		leave(EXIT_FAILURE);
	taken = miracast_device_take_picture(process->device, max_width, &picture) &&
		write_all(message->files[0], picture.pixels,
			  (gsize)picture.width * picture.height * SESSION_PICTURE_PIXEL);
	free(picture.pixels);
	send_to_host(SESSION_PICTURE, taken ? g_variant_new("(uu)", picture.width, picture.height)
					    : g_variant_new("(uu)", 0u, 0u));
}

static void start(SessionProcess *process, SessionMessage *message)
{
	struct miracast_wfd_connection_stats stats = {0};
	guint32 timeout_s, throughput;
	guint16 input_port;
	gboolean has_data_rate;

	g_variant_get(message->body, "(uqbu)", &timeout_s, &input_port, &has_data_rate,
		      &throughput);
	if (message->n_files != (input_port ? 4 : 3))
		leave(EXIT_FAILURE);
	if (input_port)
		miracast_device_set_input(process->device, g_steal_fd(&message->files[3]),
					  input_port);
	set_seal(process);
	miracast_device_set_has_data_rate(process->device, has_data_rate);
	g_mutex_lock(&process->lock);
	process->rtp_answered = false;
	g_mutex_unlock(&process->lock);
	miracast_device_set_rtp_sockets(process->device, g_steal_fd(&message->files[1]),
					g_steal_fd(&message->files[2]), connect_rtp, process);
	stats.remote_max_bit_rate = throughput * 1000000ull;
	miracast_device_start_async(process->device, g_steal_fd(&message->files[0]), &stats,
				    timeout_s, on_started, process);
}

static void tell_data_rate(SessionProcess *process, SessionMessage *message)
{
	struct miracast_datarate_stats stats;
	gboolean known;

	g_variant_get(message->body, "(btttttt)", &known, &stats.encoder_bit_rate,
		      &stats.current_max_tx_data_rate, &stats.transmitted_frame_count,
		      &stats.failed_frame_count, &stats.retried_frame_count,
		      &stats.multiple_retry_frame_count);
	miracast_device_notify_data_rate(process->device, known ? &stats : NULL);
}

static void stop(SessionProcess *process, SessionMessage *message)
{
	guint32 reason;

	g_variant_get(message->body, "(u)", &reason);
	miracast_device_stop_async(process->device, reason, on_stopped, process);
}

static gboolean on_message(int fd, GIOCondition condition, gpointer data)
{
	SessionProcess *process = data;
	g_auto(SessionMessage) message = {0};
	g_autoptr(GError) error = NULL;

	if (!session_control_receive(fd, TRUE, &message, &error)) {
		if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED))
			g_warning("miracastd: %s", error->message);
		leave(EXIT_FAILURE);
	}
	switch (message.kind) {
	case SESSION_START: start(process, &message); break;
	case SESSION_HANG_UP: miracast_device_hang_up(process->device); break;
	case SESSION_STOP: stop(process, &message); break;
	case SESSION_DESTROY:
		miracast_device_destroy_async(process->device, on_destroyed, process);
		break;
	case SESSION_RTP_CONNECTED: on_rtp_connected(process, &message); break;
	case SESSION_GET_STATISTICS: send_statistics(process); break;
	case SESSION_DATA_RATE: tell_data_rate(process, &message); break;
	case SESSION_SEAL: seal(process, &message); break;
	case SESSION_TAKE_PICTURE: take_picture(process, &message); break;
	default: break;
	}
	return G_SOURCE_CONTINUE;
}

/* If it has anything to prepare. What is wrong with a driver shows when it is created. */
static void prepare_driver(const SessionMessage *message)
{
	miracast_prepare_driver_fn prepare;
	const char *driver;
	void *module;

	g_variant_get_child(message->body, 1, "&s", &driver);
	module = dlopen(driver, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!module)
		return;
	prepare = (miracast_prepare_driver_fn)dlsym(module, "miracast_prepare_driver");
	if (prepare)
		prepare();
}

/* Of the first message, the one that makes the device. */
static MiracastDevice *device_new(SessionMessage *message)
{
	g_autoptr(GHashTable)
		table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GVariantIter) options = NULL;
	g_autoptr(GVariantIter) paths = NULL;
	const char *adapter, *driver, *name, *value, *path;
	MiracastDevice *device;
	guint i = 0;

	g_variant_get(message->body, "(&s&sa{ss}as)", &adapter, &driver, &options, &paths);
	while (g_variant_iter_next(options, "{&s&s}", &name, &value))
		g_hash_table_insert(table, g_strdup(name), g_strdup(value));
	device = miracast_device_new(*adapter ? adapter : NULL, driver, table);
	while (i < message->n_files && g_variant_iter_next(paths, "&s", &path))
		miracast_device_add_adapter_file(device, path, g_steal_fd(&message->files[i++]));
	return device;
}

int main(int argc, char **argv)
{
	g_autoptr(GMainLoop) loop = NULL;
	g_auto(SessionMessage) message = {0};
	g_autoptr(GError) error = NULL;
	SessionProcess process = {0};

	if (argc < 2) {
		fprintf(stderr, "miracast-session is started by miracastd\n");
		return 2;
	}
	/* With miracastd; and a ^C is for it to act on. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	g_mutex_init(&process.lock);
	g_cond_init(&process.cond);
	process.number = argv[1];
	process.verbose = argc > 2;
	process.in_journal = g_log_writer_is_journald(STDERR_FILENO);
	g_log_set_writer_func(write_log, &process, NULL);

	if (!session_control_receive(SESSION_CONTROL_FD, TRUE, &message, &error)) {
		g_warning("miracastd: %s", error->message);
		return EXIT_FAILURE;
	}
	if (message.kind != SESSION_CREATE) {
		g_warning("miracastd begins with something else than a session");
		return EXIT_FAILURE;
	}
	prepare_driver(&message);
	/* Before the first byte of the sink, and before there is a second thread. */
	if (!session_lockdown(&error)) {
		g_warning("The rights cannot be given up: %s", error->message);
		return EXIT_FAILURE;
	}
	process.device = device_new(&message);
	session_message_clear(&message);
	g_signal_connect(process.device, "stop-requested", G_CALLBACK(on_stop_requested), &process);
	g_signal_connect(process.device, "streaming-changed", G_CALLBACK(on_streaming_changed),
			 &process);
	g_signal_connect(process.device, "details-changed", G_CALLBACK(on_details_changed),
			 &process);
	g_unix_fd_add(SESSION_CONTROL_FD, G_IO_IN, on_message, &process);
	miracast_device_create_async(process.device, on_created, &process);

	loop = g_main_loop_new(NULL, FALSE);
	g_main_loop_run(loop);
	return EXIT_SUCCESS;
}
