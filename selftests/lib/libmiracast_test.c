// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libmiracast's device on a real channel: a driver that does what each test
 * wants, on an adapter of miracast_test.ko. Numbers in names: see
 * selftests/contract_test.c.
 */
#include "miracast-device.h"
#include "miracast_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* What keeps a broken test from hanging; nothing is measured by it. */
#define PATIENCE_S 60

/*
 * The driver: records what is done to it.
 */

struct driver {
	MiracastDevice *device;
	const struct miracast_host_callbacks *callbacks;
	int rtsp_socket;

	/* What it does beside recording; each may be NULL. */
	ntstatus_t (*on_start)(struct driver *driver);
	void (*on_stop)(struct driver *driver);
	ntstatus_t (*on_message)(struct driver *driver, uint32_t input_size, const void *input,
				 uint32_t output_size, void *output, uint32_t *bytes_returned);
	void *data;

	gint n_creates, n_starts, n_stops, n_destroys;
	gint n_handled;
	gint in_handler;
	gint in_life;
	gint most_handlers;
	gint overlaps;

	GMutex lock;
	GCond cond;
	bool released;
};

/* The one of the running test: create has no other way to find it. */
static struct driver *the_driver;

static void wait_for_release(struct driver *driver)
{
	g_mutex_lock(&driver->lock);
	while (!driver->released)
		g_cond_wait(&driver->cond, &driver->lock);
	g_mutex_unlock(&driver->lock);
}

static void release(struct driver *driver)
{
	g_mutex_lock(&driver->lock);
	driver->released = true;
	g_cond_broadcast(&driver->cond);
	g_mutex_unlock(&driver->lock);
}

static void enter_life(struct driver *driver)
{
	if (g_atomic_int_add(&driver->in_life, 1) || g_atomic_int_get(&driver->in_handler))
		g_atomic_int_inc(&driver->overlaps);
}

static void leave_life(struct driver *driver)
{
	if (g_atomic_int_get(&driver->in_handler))
		g_atomic_int_inc(&driver->overlaps);
	g_atomic_int_add(&driver->in_life, -1);
}

static ntstatus_t driver_create(MiracastDevice *device,
				const struct miracast_host_callbacks *callbacks, void **context)
{
	struct driver *driver = the_driver;

	enter_life(driver);
	driver->device = device;
	driver->callbacks = callbacks;
	driver->n_creates++;
	*context = driver;
	leave_life(driver);
	return STATUS_SUCCESS;
}

static void driver_destroy(void *context)
{
	struct driver *driver = context;

	enter_life(driver);
	leave_life(driver);
	g_atomic_int_inc(&driver->n_destroys);
}

#define DRIVERS_INFO \
	(MIRACAST_SESSION_MONITOR_CONNECTED | MIRACAST_SESSION_REDUCED_MODE_LIST_DUE_TO_BANDWIDTH)

static ntstatus_t driver_start(void *context, int rtsp_socket,
			       const struct miracast_wfd_connection_stats *stats,
			       struct miracast_session_info *info)
{
	struct driver *driver = context;
	ntstatus_t status = STATUS_SUCCESS;

	enter_life(driver);
	driver->n_starts++;
	driver->rtsp_socket = rtsp_socket;
	info->value = DRIVERS_INFO;
	if (driver->on_start)
		status = driver->on_start(driver);
	leave_life(driver);
	return status;
}

static void driver_stop(void *context)
{
	struct driver *driver = context;

	enter_life(driver);
	if (driver->on_stop)
		driver->on_stop(driver);
	leave_life(driver);
	g_atomic_int_inc(&driver->n_stops);
}

static ntstatus_t driver_handle(void *context, uint32_t input_size, const void *input,
				uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	struct driver *driver = context;
	ntstatus_t status = STATUS_SUCCESS;
	gint n = g_atomic_int_add(&driver->in_handler, 1) + 1;

	if (g_atomic_int_get(&driver->in_life))
		g_atomic_int_inc(&driver->overlaps);
	g_mutex_lock(&driver->lock);
	driver->most_handlers = MAX(driver->most_handlers, n);
	g_mutex_unlock(&driver->lock);
	if (driver->on_message)
		status = driver->on_message(driver, input_size, input, output_size, output,
					    bytes_returned);
	g_atomic_int_inc(&driver->n_handled);
	g_atomic_int_add(&driver->in_handler, -1);
	return status;
}

static const struct miracast_driver_interface driver_interface = {
	.size = sizeof(driver_interface),
	.create_miracast_context = driver_create,
	.destroy_miracast_context = driver_destroy,
	.start_miracast_session = driver_start,
	.stop_miracast_session = driver_stop,
	.handle_kernel_mode_message = driver_handle,
};

/*
 * The stage: an adapter, a device on it, and calls that wait.
 */

struct stage {
	struct driver driver;
	int control;
	struct miracast_test_adapter adapter;
	char *path;
	MiracastDevice *device;
	int sink; /* the other end of the RTSP socket */
	guint n_stop_requests;
	guint stop_reason;
};

static void on_stop_requested(MiracastDevice *device, guint reason, struct stage *stage)
{
	stage->n_stop_requests++;
	stage->stop_reason = reason;
}

static void stage_set_up(struct stage *stage, gconstpointer unused)
{
	stage->control = open("/dev/miracast_test", O_RDWR | O_CLOEXEC);
	if (stage->control < 0)
		g_error("/dev/miracast_test: %s", g_strerror(errno));
	stage->adapter = (struct miracast_test_adapter){
		.max_contexts = 1,
		.max_slots = 64,
		.max_message = 4096,
		.max_io_control = 4096,
		.max_chunks = 4,
		.timeout_ms = 30000,
		.max_private = 64,
	};
	g_assert_no_errno(ioctl(stage->control, MIRACAST_TEST_ADD, &stage->adapter));
	stage->path = g_strdup_printf("/dev/miracast%u", stage->adapter.index);
	/* devtmpfs makes the node on a thread of its own. */
	for (int i = 0; i < 200 && access(stage->path, F_OK); i++)
		g_usleep(10 * 1000);
	stage->sink = -1;
	g_mutex_init(&stage->driver.lock);
	g_cond_init(&stage->driver.cond);
	the_driver = &stage->driver;
	stage->device = miracast_device_new_with_driver(stage->path, &driver_interface, NULL);
	g_signal_connect(stage->device, "stop-requested", G_CALLBACK(on_stop_requested), stage);
}

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

static gboolean lose_patience(gpointer what)
{
	g_error("%s: not within %d s", (const char *)what, PATIENCE_S);
	return G_SOURCE_REMOVE;
}

/* What other threads change is looked at now and then. */
static gboolean keep_ticking(gpointer unused)
{
	return G_SOURCE_CONTINUE;
}

/* Runs the loop until @condition. */
#define RUN_UNTIL(condition)                                                                    \
	do {                                                                                    \
		guint run_guard = g_timeout_add_seconds(PATIENCE_S, lose_patience, #condition); \
		guint run_tick = g_timeout_add(10, keep_ticking, NULL);                         \
		while (!(condition))                                                            \
			g_main_context_iteration(NULL, TRUE);                                   \
		g_source_remove(run_guard);                                                     \
		g_source_remove(run_tick);                                                      \
	} while (0)

static gboolean create(struct stage *stage, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	miracast_device_create_async(stage->device, keep_result, &result);
	RUN_UNTIL(result);
	return miracast_device_create_finish(stage->device, result, error);
}

/* The result comes in *@result. */
static void begin_start(struct stage *stage, guint timeout_s, GAsyncResult **result)
{
	int ends[2];

	if (stage->sink >= 0)
		close(stage->sink);
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	stage->sink = ends[1];
	miracast_device_start_async(stage->device, ends[0], NULL, timeout_s, keep_result, result);
}

static gboolean start(struct stage *stage, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;
	struct miracast_session_info info;

	begin_start(stage, PATIENCE_S, &result);
	RUN_UNTIL(result);
	if (!miracast_device_start_finish(stage->device, result, &info, error))
		return FALSE;
	g_assert_cmpuint(info.value, ==, DRIVERS_INFO);
	return TRUE;
}

static void start_again(struct stage *stage)
{
	g_autoptr(GError) error = NULL;

	start(stage, &error);
	g_assert_no_error(error);
}

static void create_and_start(struct stage *stage)
{
	g_autoptr(GError) error = NULL;

	create(stage, &error);
	g_assert_no_error(error);
	start_again(stage);
}

static gboolean stop(struct stage *stage, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	miracast_device_stop_async(stage->device, MIRACAST_STOP_USER_REQUEST, keep_result, &result);
	RUN_UNTIL(result);
	return miracast_device_stop_finish(stage->device, result, error);
}

static gboolean destroy(struct stage *stage, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	miracast_device_destroy_async(stage->device, keep_result, &result);
	RUN_UNTIL(result);
	return miracast_device_destroy_finish(stage->device, result, error);
}

static void stage_tear_down(struct stage *stage, gconstpointer unused)
{
	struct miracast_test_counters counters = {.index = stage->adapter.index};

	g_assert_true(destroy(stage, NULL) || stage->driver.n_destroys);
	g_assert_cmpint(stage->driver.n_destroys, ==, stage->driver.n_creates);
	g_assert_cmpint(stage->driver.overlaps, ==, 0);
	/* After a cut off the kernel's half may be a moment later than the driver's. */
	RUN_UNTIL(ioctl(stage->control, MIRACAST_TEST_COUNTERS, &counters) ||
		  counters.creates == counters.destroys);
	if (!ioctl(stage->control, MIRACAST_TEST_COUNTERS, &counters)) {
		g_assert_cmpuint(counters.overlaps, ==, 0);
		g_assert_cmpuint(counters.io_controls_after_destroy, ==, 0);
		g_assert_cmpuint(counters.callbacks_after_destroy, ==, 0);
		g_assert_cmpuint(counters.callbacks, ==, counters.accepted);
	}
	g_object_unref(stage->device);
	close(stage->control);
	if (stage->sink >= 0)
		close(stage->sink);
	g_free(stage->path);
}

static guint64 send_bytes(struct stage *stage, const void *input, uint32_t input_size,
			  uint32_t output_size)
{
	struct miracast_test_send send = {
		.index = stage->adapter.index,
		.input = (uintptr_t)input,
		.input_size = input_size,
		.output_size = output_size,
	};

	g_assert_no_errno(ioctl(stage->control, MIRACAST_TEST_SEND, &send));
	g_assert_cmphex(send.status, ==, STATUS_PENDING);
	return send.cookie;
}

static struct miracast_test_result get_result(struct stage *stage, guint64 cookie, void *output,
					      uint32_t output_size)
{
	struct miracast_test_result result = {
		.cookie = cookie,
		.timeout_ms = PATIENCE_S * 1000,
		.output = (uintptr_t)output,
		.output_size = output_size,
	};

	g_assert_no_errno(ioctl(stage->control, MIRACAST_TEST_RESULT, &result));
	g_assert_cmpuint(result.callbacks, ==, 1);
	g_assert_true(result.guard_ok);
	g_assert_true(result.context_ok);
	g_assert_false(result.atomic);
	return result;
}

static ntstatus_t control(struct driver *driver, uint32_t code, uint32_t value)
{
	const struct miracast_test_control input = {.code = code, .value = value};

	return driver->callbacks->miracast_io_control(driver->device, false, sizeof(input), &input,
						      0, NULL, NULL);
}

/*
 * Messages.
 */

static ntstatus_t invert(struct driver *driver, uint32_t input_size, const void *input,
			 uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	const uint8_t *from = input;
	uint8_t *to = output;

	*bytes_returned = MIN(input_size, output_size);
	for (uint32_t i = 0; i < *bytes_returned; i++)
		to[i] = ~from[i];
	return STATUS_SUCCESS;
}

static void s06_s12_bytes_go_both_ways(struct stage *stage, gconstpointer unused)
{
	uint8_t input[4096], output[4096];
	struct miracast_test_result result;

	stage->driver.on_message = invert;
	create_and_start(stage);
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = g_test_rand_int();
	for (uint32_t size = 0; size <= sizeof(input); size = size * 2 + 1) {
		result = get_result(stage, send_bytes(stage, input, size, size), output, size);
		g_assert_cmphex(result.status, ==, STATUS_SUCCESS);
		g_assert_cmpuint(result.information, ==, size);
		for (uint32_t i = 0; i < size; i++)
			g_assert_cmphex(output[i], ==, (uint8_t)~input[i]);
	}
}

static ntstatus_t wait_for_another(struct driver *driver, uint32_t input_size, const void *input,
				   uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	if (!input_size) {
		wait_for_release(driver);
		return STATUS_SUCCESS;
	}
	/* It may be the first to get here. */
	for (int i = 0; i < 1000 && g_atomic_int_get(&driver->in_handler) < MIRACAST_DEVICE_THREADS;
	     i++)
		g_usleep(10 * 1000);
	release(driver);
	return STATUS_SUCCESS;
}

static void s25_a_handler_may_wait_for_another(struct stage *stage, gconstpointer unused)
{
	guint64 cookies[MIRACAST_DEVICE_THREADS];

	stage->driver.on_message = wait_for_another;
	create_and_start(stage);
	for (size_t i = 0; i < G_N_ELEMENTS(cookies); i++)
		cookies[i] = send_bytes(stage, "x", i == G_N_ELEMENTS(cookies) - 1, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(cookies); i++)
		g_assert_cmphex(get_result(stage, cookies[i], NULL, 0).status, ==, STATUS_SUCCESS);
	g_assert_cmpint(stage->driver.most_handlers, ==, MIRACAST_DEVICE_THREADS);
}

static ntstatus_t claim_too_much(struct driver *driver, uint32_t input_size, const void *input,
				 uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	*bytes_returned = output_size + 1;
	return STATUS_SUCCESS;
}

static ntstatus_t say_pending(struct driver *driver, uint32_t input_size, const void *input,
			      uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	return STATUS_PENDING;
}

static void s13_a_bad_handler_is_an_internal_error(struct stage *stage, gconstpointer unused)
{
	struct miracast_test_result result;
	uint8_t output[8];

	stage->driver.on_message = claim_too_much;
	create_and_start(stage);
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*claims 9 of 8 bytes*");
	result = get_result(stage, send_bytes(stage, "x", 1, sizeof(output)), output,
			    sizeof(output));
	g_test_assert_expected_messages();
	g_assert_cmphex(result.status, ==, STATUS_INTERNAL_ERROR);
	g_assert_cmpuint(result.information, ==, 0);
	for (size_t i = 0; i < sizeof(output); i++)
		g_assert_cmphex(output[i], ==, MIRACAST_TEST_POISON);

	stage->driver.on_message = say_pending;
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*status 0x00000103*");
	result = get_result(stage, send_bytes(stage, "x", 1, 0), NULL, 0);
	g_test_assert_expected_messages();
	g_assert_cmphex(result.status, ==, STATUS_INTERNAL_ERROR);
}

/* Stops this process and lets it go on, as a debugger or a frozen control group does. */
static void stop_and_continue(void)
{
	pid_t child = fork();

	if (!child) {
		kill(getppid(), SIGSTOP);
		usleep(50 * 1000);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
}

static void a_session_survives_being_stopped(struct stage *stage, gconstpointer unused)
{
	guint64 cookie;

	create_and_start(stage);
	for (int i = 0; i < 3; i++) {
		/* Until its threads wait. */
		g_usleep(100 * 1000);
		stop_and_continue();
	}
	cookie = send_bytes(stage, "x", 1, 0);
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_SUCCESS);
	g_assert_cmpuint(stage->n_stop_requests, ==, 0);
}

static void on_alarm(int number)
{
}

static void a_signal_does_not_end_an_exchange(struct stage *stage, gconstpointer unused)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval often = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
	g_autoptr(MiracastChannel) channel = miracast_channel_open(stage->path, 0, NULL);
	g_autoptr(GError) error = NULL;
	struct miracast_message message;
	struct miracast_exchange exchange = {
		.messages = (uintptr_t)&message,
		.nr_messages = 1,
		.timeout_ns = 300 * 1000 * 1000,
	};
	gint64 begin = g_get_monotonic_time();

	g_assert_true(miracast_channel_create_context(channel, 8, 0, NULL));
	g_assert_no_errno(sigaction(SIGALRM, &action, NULL));
	g_assert_no_errno(setitimer(ITIMER_REAL, &often, NULL));
	miracast_channel_exchange(channel, &exchange, &error);
	g_assert_no_errno(setitimer(ITIMER_REAL, &(struct itimerval){}, NULL));
	g_assert_no_error(error);
	g_assert_cmpuint(exchange.nr_messages, ==, 0);
	g_assert_cmpint(g_get_monotonic_time() - begin, >=, 300 * 1000);
}

/*
 * The session's gate.
 */

static ntstatus_t send_in_start(struct driver *driver)
{
	g_assert_cmphex(control(driver, MIRACAST_TEST_CTL_SEND, 3), ==, STATUS_SUCCESS);
	/* Were it delivered, it would be so at any moment: give it some. */
	g_usleep(100 * 1000);
	return g_atomic_int_get(&driver->n_handled) ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

static void s17_s18_messages_are_held_until_started(struct stage *stage, gconstpointer unused)
{
	guint64 cookie;

	stage->driver.on_start = send_in_start;
	g_assert_true(create(stage, NULL));
	cookie = send_bytes(stage, "x", 1, 0);
	start_again(stage);
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_SUCCESS);
	RUN_UNTIL(g_atomic_int_get(&stage->driver.n_handled) == 4);
}

static ntstatus_t refuse_start(struct driver *driver)
{
	miracast_device_set_reason(driver->device, "sink-refused", "Ask it nicely.");
	return STATUS_DEVICE_INSUFFICIENT_RESOURCES;
}

static void s23_a_failed_start_cancels_and_may_be_repeated(struct stage *stage,
							   gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *reason = NULL;
	g_autofree char *message = NULL;
	guint64 cookie;

	stage->driver.on_start = refuse_start;
	g_assert_true(create(stage, NULL));
	cookie = send_bytes(stage, "x", 1, 0);
	g_assert_false(start(stage, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED);
	g_assert_nonnull(strstr(error->message, "STATUS_DEVICE_INSUFFICIENT_RESOURCES"));
	g_assert_true(miracast_device_get_reason(stage->device, &reason, &message));
	g_assert_cmpstr(reason, ==, "sink-refused");
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_CANCELLED);
	/* s38: the host's socket, closed by the host. */
	g_assert_cmpint(read(stage->sink, &(char){0}, 1), ==, 0);
	g_assert_cmpint(stage->driver.n_stops, ==, 0);

	stage->driver.on_start = NULL;
	start_again(stage);
	cookie = send_bytes(stage, "x", 1, 0);
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_SUCCESS);
}

static ntstatus_t pend_start(struct driver *driver)
{
	return STATUS_PENDING;
}

static void a_start_does_not_pend(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	guint64 cookie;

	stage->driver.on_start = pend_start;
	g_assert_true(create(stage, NULL));
	cookie = send_bytes(stage, "x", 1, 0);
	g_assert_false(start(stage, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED);
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_CANCELLED);
	g_assert_cmpint(stage->driver.n_stops, ==, 0);
}

static ntstatus_t dawdle(struct driver *driver, uint32_t input_size, const void *input,
			 uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	g_usleep(200);
	return STATUS_SUCCESS;
}

static void send_without_end(struct stage *stage, gint *going)
{
	while (g_atomic_int_get(going)) {
		struct miracast_test_send send = {
			.index = stage->adapter.index,
			.flags = MIRACAST_TEST_NO_CALLBACK,
			.input = (uintptr_t) "x",
			.input_size = 1,
		};

		ioctl(stage->control, MIRACAST_TEST_SEND, &send);
	}
}

struct sender {
	struct stage *stage;
	gint going;
};

static gpointer sender_thread(gpointer data)
{
	struct sender *sender = data;

	send_without_end(sender->stage, &sender->going);
	return NULL;
}

static void s19_s27_nothing_overlaps_a_start_or_stop(struct stage *stage, gconstpointer unused)
{
	struct sender sender = {.stage = stage, .going = TRUE};
	g_autoptr(GError) error = NULL;
	GThread *thread;

	stage->driver.on_message = dawdle;
	create_and_start(stage);
	thread = g_thread_new("sender", sender_thread, &sender);
	for (int i = 0; i < 30; i++) {
		gint before = g_atomic_int_get(&stage->driver.n_handled);

		RUN_UNTIL(g_atomic_int_get(&stage->driver.n_handled) > before);
		stop(stage, &error);
		g_assert_no_error(error);
		g_assert_cmpint(stage->driver.in_handler, ==, 0);
		start(stage, &error);
		g_assert_no_error(error);
	}
	g_atomic_int_set(&sender.going, FALSE);
	g_thread_join(thread);
	g_assert_cmpint(stage->driver.overlaps, ==, 0);
	g_assert_cmpint(stage->driver.n_starts, ==, 31);
}

static ntstatus_t hold(struct driver *driver, uint32_t input_size, const void *input,
		       uint32_t output_size, void *output, uint32_t *bytes_returned)
{
	wait_for_release(driver);
	return STATUS_SUCCESS;
}

static gboolean release_later(gpointer data)
{
	release(data);
	return G_SOURCE_REMOVE;
}

static void s20_s22_stop_waits_for_handlers_and_cancels_the_rest(struct stage *stage,
								 gconstpointer unused)
{
	guint64 cookies[MIRACAST_DEVICE_THREADS + 6];
	guint n_success = 0, n_cancelled = 0;

	stage->driver.on_message = hold;
	create_and_start(stage);
	for (size_t i = 0; i < G_N_ELEMENTS(cookies); i++)
		cookies[i] = send_bytes(stage, "x", 1, 0);
	RUN_UNTIL(g_atomic_int_get(&stage->driver.in_handler) == MIRACAST_DEVICE_THREADS);
	g_timeout_add(200, release_later, &stage->driver);
	g_assert_true(stop(stage, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cookies); i++) {
		ntstatus_t status = get_result(stage, cookies[i], NULL, 0).status;

		n_success += status == STATUS_SUCCESS;
		n_cancelled += status == STATUS_CANCELLED;
	}
	g_assert_cmpuint(n_success, ==, MIRACAST_DEVICE_THREADS);
	g_assert_cmpuint(n_cancelled, ==, 6);
	g_assert_cmpint(read(stage->sink, &(char){0}, 1), ==, 0);
}

/*
 * io_control: who is served when.
 */

struct other {
	struct driver *driver;
	gint done;
	ntstatus_t status;
};

static gpointer other_thread(gpointer data)
{
	struct other *other = data;

	other->status = control(other->driver, MIRACAST_TEST_CTL_STATUS, STATUS_BUFFER_OVERFLOW);
	g_atomic_int_set(&other->done, TRUE);
	return NULL;
}

static ntstatus_t control_in_start(struct driver *driver)
{
	struct other *other = driver->data;

	g_thread_unref(g_thread_new("other", other_thread, other));
	if (control(driver, MIRACAST_TEST_CTL_STATUS, STATUS_BUFFER_OVERFLOW) !=
	    STATUS_BUFFER_OVERFLOW)
		return STATUS_UNSUCCESSFUL;
	g_usleep(100 * 1000);
	return g_atomic_int_get(&other->done) ? STATUS_INTERNAL_ERROR : STATUS_SUCCESS;
}

static void control_in_stop(struct driver *driver)
{
	struct other *other = driver->data;
	g_autoptr(GThread) thread = g_thread_new("other", other_thread, other);

	g_assert_cmphex(control(driver, MIRACAST_TEST_CTL_STATUS, STATUS_BUFFER_OVERFLOW), ==,
			STATUS_BUFFER_OVERFLOW);
	g_thread_join(g_steal_pointer(&thread));
	g_assert_cmphex(other->status, ==, STATUS_INVALID_DEVICE_STATE);
}

static void s30_s31_s32_io_control_in_each_phase(struct stage *stage, gconstpointer unused)
{
	struct other in_start = {.driver = &stage->driver};
	struct other in_stop = {.driver = &stage->driver};
	struct {
		struct miracast_test_control control;
		uint8_t bytes[16];
	} input = {.control.code = MIRACAST_TEST_CTL_ECHO}, output;
	uint32_t bytes_returned;

	stage->driver.on_start = control_in_start;
	stage->driver.data = &in_start;
	create_and_start(stage);
	RUN_UNTIL(g_atomic_int_get(&in_start.done));
	g_assert_cmphex(in_start.status, ==, STATUS_BUFFER_OVERFLOW);

	memset(input.bytes, 0x5a, sizeof(input.bytes));
	g_assert_cmphex(stage->driver.callbacks->miracast_io_control(
				stage->device, false, sizeof(input), &input, sizeof(output),
				&output, &bytes_returned),
			==, STATUS_SUCCESS);
	g_assert_cmpuint(bytes_returned, ==, sizeof(output));
	g_assert_cmphex(output.bytes[7], ==, (uint8_t)~0x5a);

	stage->driver.on_stop = control_in_stop;
	stage->driver.data = &in_stop;
	g_assert_true(stop(stage, NULL));
}

/*
 * The ways a session ends by itself.
 */

static void s39_a_report_ends_the_session(struct stage *stage, gconstpointer unused)
{
	static const guint expected[] = {
		MIRACAST_STOP_CRITICAL_ERROR,
		MIRACAST_STOP_MISSING_KEEPALIVE,
		MIRACAST_STOP_SINK_DISCONNECT,
		MIRACAST_STOP_INSUFFICIENT_BANDWIDTH,
		MIRACAST_STOP_FAILED_STANDARD_MODE_CHANGE,
		MIRACAST_STOP_CRITICAL_ERROR,
	};

	create_and_start(stage);
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		stage->n_stop_requests = 0;
		stage->driver.callbacks->report_session_status(stage->device, i,
							       STATUS_UNSUCCESSFUL);
		/* Once, and not again because the kernel says so, too. */
		stage->driver.callbacks->report_session_status(stage->device, 0,
							       STATUS_UNSUCCESSFUL);
		RUN_UNTIL(stage->n_stop_requests);
		g_assert_cmpuint(stage->stop_reason, ==, expected[i]);
		g_assert_true(stop(stage, NULL));
		start_again(stage);
		g_assert_cmpuint(stage->n_stop_requests, ==, 1);
	}
}

static void d04_a_removed_adapter_ends_the_session(struct stage *stage, gconstpointer unused)
{
	guint64 cookie;

	stage->driver.on_message = hold;
	create_and_start(stage);
	cookie = send_bytes(stage, "x", 1, 0);
	RUN_UNTIL(g_atomic_int_get(&stage->driver.in_handler) == 1);
	g_assert_no_errno(ioctl(stage->control, MIRACAST_TEST_REMOVE, &stage->adapter.index));
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_DEVICE_REMOVED);
	RUN_UNTIL(stage->n_stop_requests);
	g_assert_cmpuint(stage->stop_reason, ==, MIRACAST_STOP_REMOVE_DEVICE);
	g_assert_true(NT_ERROR(control(&stage->driver, MIRACAST_TEST_CTL_STATUS, 0)));
	release(&stage->driver);
	g_assert_true(stop(stage, NULL));
	g_assert_cmpint(stage->driver.n_stops, ==, 1);
}

static void second_device_finds_the_adapter_busy(struct stage *stage, gconstpointer unused)
{
	g_autoptr(MiracastDevice)
		second = miracast_device_new_with_driver(stage->path, &driver_interface, NULL);
	g_autoptr(GAsyncResult) created = NULL;
	g_autoptr(GAsyncResult) destroyed = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(create(stage, NULL));
	miracast_device_create_async(second, keep_result, &created);
	RUN_UNTIL(created);
	g_assert_false(miracast_device_create_finish(second, created, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_BUSY);
	miracast_device_destroy_async(second, keep_result, &destroyed);
	RUN_UNTIL(destroyed);
}

static void create_by_name(MiracastDevice *device, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	miracast_device_create_async(device, keep_result, &result);
	RUN_UNTIL(result);
	miracast_device_create_finish(device, result, error);
}

/* The display's adapter has the lower number, so that of the test is looked at after it. */
static void a_busy_adapter_is_not_a_missing_one(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(GError) error = NULL;

	while (!error) {
		MiracastDevice *device = miracast_device_new_with_driver("miracast_display",
									 &driver_interface, NULL);

		g_ptr_array_add(devices, device);
		create_by_name(device, &error);
	}
	if (devices->len == 1)
		g_test_skip("miracast_display.ko is not loaded");
	else
		g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_BUSY);
	for (guint i = 0; i < devices->len; i++) {
		g_autoptr(GAsyncResult) result = NULL;

		miracast_device_destroy_async(devices->pdata[i], keep_result, &result);
		RUN_UNTIL(result);
	}
}

/*
 * Drivers that do not come back.
 */

static ntstatus_t wait_for_hang_up(struct driver *driver)
{
	g_assert_cmpint(read(driver->rtsp_socket, &(char){0}, 1), ==, 0);
	return STATUS_IO_TIMEOUT;
}

static void start_is_told_to_give_up(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;

	stage->driver.on_start = wait_for_hang_up;
	g_assert_true(create(stage, NULL));
	begin_start(stage, 1, &result);
	RUN_UNTIL(result);
	g_assert_false(miracast_device_start_finish(stage->device, result, NULL, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_TIMED_OUT);
}

static void host_hangs_up_during_start(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;

	stage->driver.on_start = wait_for_hang_up;
	g_assert_true(create(stage, NULL));
	begin_start(stage, PATIENCE_S, &result);
	miracast_device_hang_up(stage->device);
	RUN_UNTIL(result);
	g_assert_false(miracast_device_start_finish(stage->device, result, NULL, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_FAILED);
}

static void a_start_is_refused_beside_a_session(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	int sink;
	guint64 cookie;

	create_and_start(stage);
	sink = stage->sink;
	stage->sink = -1;
	begin_start(stage, PATIENCE_S, &result);
	RUN_UNTIL(result);
	g_assert_false(miracast_device_start_finish(stage->device, result, NULL, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_INVALID);
	g_assert_cmpint(read(stage->sink, &(char){0}, 1), ==, 0);

	cookie = send_bytes(stage, "x", 1, 0);
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_SUCCESS);
	g_assert_true(stop(stage, NULL));
	/* s38: the first socket is not lost over it. */
	g_assert_cmpint(recv(sink, &(char){0}, 1, MSG_DONTWAIT), ==, 0);
	close(sink);
}

static ntstatus_t hang(struct driver *driver)
{
	wait_for_release(driver);
	return STATUS_SUCCESS;
}

static void a_start_that_hangs_is_cut_off(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	guint64 cookie;

	stage->driver.on_start = hang;
	g_assert_true(create(stage, NULL));
	cookie = send_bytes(stage, "x", 1, 0);
	begin_start(stage, 1, &result);
	RUN_UNTIL(result);
	g_assert_false(miracast_device_start_finish(stage->device, result, NULL, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_HUNG);
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_CANCELLED);
	g_clear_error(&error);
	g_assert_false(stop(stage, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_HUNG);

	/* It comes back after all, and everything is taken down. */
	release(&stage->driver);
	RUN_UNTIL(g_atomic_int_get(&stage->driver.n_destroys));
	g_assert_cmpint(stage->driver.n_stops, ==, 1);
	g_assert_cmpint(stage->driver.n_handled, ==, 0);
}

static void a_start_that_ignores_the_host_is_cut_off(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;

	stage->driver.on_start = hang;
	g_assert_true(create(stage, NULL));
	begin_start(stage, 100 * PATIENCE_S, &result);
	miracast_device_hang_up(stage->device);
	miracast_device_hang_up(stage->device);
	RUN_UNTIL(result);
	g_assert_false(miracast_device_start_finish(stage->device, result, NULL, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_HUNG);
	release(&stage->driver);
	RUN_UNTIL(g_atomic_int_get(&stage->driver.n_destroys));
}

static void d15_s35_a_handler_that_hangs_is_cut_off(struct stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	guint64 cookie;

	stage->driver.on_message = hold;
	create_and_start(stage);
	cookie = send_bytes(stage, "x", 1, 0);
	RUN_UNTIL(g_atomic_int_get(&stage->driver.in_handler) == 1);
	g_assert_false(stop(stage, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_DRIVER_HUNG);
	g_assert_cmphex(get_result(stage, cookie, NULL, 0).status, ==, STATUS_CANCELLED);
	/* Stop is not called beside the handler, not even now. */
	g_assert_cmpint(stage->driver.n_stops, ==, 0);
	g_assert_true(NT_ERROR(control(&stage->driver, MIRACAST_TEST_CTL_STATUS, 0)));

	release(&stage->driver);
	RUN_UNTIL(g_atomic_int_get(&stage->driver.n_destroys));
	g_assert_cmpint(stage->driver.n_stops, ==, 1);
}

/*
 * A daemon that crashes: its file outlives it.
 */

static void d18_a_context_is_recovered(struct stage *stage, gconstpointer unused)
{
	MiracastChannel *crashed;
	g_autoptr(MiracastChannel) channel = NULL;
	g_autoptr(GError) error = NULL;
	struct miracast_message message = {};
	struct miracast_completion completion;
	struct miracast_exchange exchange = {
		.messages = (uintptr_t)&message,
		.nr_messages = 1,
		.timeout_ns = MIRACAST_NO_TIMEOUT,
	};
	struct miracast_test_result result;
	char output[2];
	guint64 cookie;
	int kept;

	crashed = miracast_channel_open(stage->path, MIRACAST_FEATURE_RECOVER, &error);
	g_assert_no_error(error);
	g_assert_true(miracast_channel_create_context(crashed, 8, MIRACAST_CONTEXT_RECOVER, NULL));
	g_assert_true(
		miracast_channel_session_step(crashed, MIRACAST_SESSION_START_BEGIN, 0, 0, NULL));
	g_assert_true(
		miracast_channel_session_step(crashed, MIRACAST_SESSION_START_END, 0, 0, NULL));
	cookie = send_bytes(stage, "hi", 2, 2);
	g_assert_true(miracast_channel_exchange(crashed, &exchange, NULL));
	g_assert_cmpuint(exchange.nr_messages, ==, 1);
	kept = dup(miracast_channel_get_fd(crashed));
	miracast_channel_unref(crashed);

	channel = miracast_channel_recover(kept, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(miracast_channel_get_path(channel), ==, stage->path);
	g_assert_cmpuint(miracast_channel_get_context(channel)->generation, ==, 2);
	g_assert_true(
		miracast_channel_session_step(channel, MIRACAST_SESSION_START_BEGIN, 0, 0, NULL));
	g_assert_true(
		miracast_channel_session_step(channel, MIRACAST_SESSION_START_END, 0, 0, NULL));
	exchange.nr_messages = 1;
	g_assert_true(miracast_channel_exchange(channel, &exchange, NULL));
	g_assert_cmpuint(exchange.nr_messages, ==, 1);
	g_assert_cmphex(message.flags, ==, MIRACAST_MESSAGE_REDELIVERED);
	g_assert_cmpmem(miracast_channel_get_input(channel, &message), message.input_size, "hi", 2);
	memcpy(miracast_channel_get_output(channel, &message), "ho", 2);
	completion = (struct miracast_completion){.id = message.id, .information = 2};
	exchange.completions = (uintptr_t)&completion;
	exchange.nr_completions = 1;
	exchange.nr_messages = 0;
	g_assert_true(miracast_channel_exchange(channel, &exchange, NULL));
	result = get_result(stage, cookie, output, sizeof(output));
	g_assert_cmphex(result.status, ==, STATUS_SUCCESS);
	g_assert_cmpmem(output, sizeof(output), "ho", 2);
}

static void a_context_without_the_flag_is_not_recovered(struct stage *stage, gconstpointer unused)
{
	MiracastChannel *crashed = miracast_channel_open(stage->path, 0, NULL);
	g_autoptr(GError) error = NULL;
	int kept = dup(miracast_channel_get_fd(crashed));

	g_assert_null(miracast_channel_recover(dup(kept), &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_true(miracast_channel_create_context(crashed, 8, 0, NULL));
	miracast_channel_unref(crashed);
	g_assert_null(miracast_channel_recover(kept, &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_ACCESS);
	g_assert_cmpint(fcntl(kept, F_GETFD), ==, -1);
	g_clear_error(&error);
	g_assert_null(miracast_channel_recover(open("/dev/null", O_RDWR | O_CLOEXEC), &error));
	g_assert_error(error, MIRACAST_ERROR, MIRACAST_ERROR_UNSUPPORTED);
}

/*
 * Chunks.
 */

static void complete_chunk(struct stage *stage, uint64_t id, uint32_t private_size,
			   const void *private_data, ntstatus_t expected)
{
	struct miracast_test_chunk chunk = {
		.index = stage->adapter.index,
		.hardirq = 1,
		.private_size = private_size,
		.private_data = (uintptr_t)private_data,
		.info = {.chunk_type = MIRACAST_CHUNK_TYPE_ENCODE_COMPLETE, .chunk_id = id},
	};

	g_assert_no_errno(ioctl(stage->control, MIRACAST_TEST_CHUNK, &chunk));
	g_assert_cmphex(chunk.status, ==, expected);
}

static void s43_chunks_and_events(struct stage *stage, gconstpointer unused)
{
	const struct miracast_host_callbacks *callbacks;
	int events[] = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
	_Alignas(struct miracast_chunk_data) uint8_t buffer[256];
	struct miracast_chunk_data *data = (struct miracast_chunk_data *)buffer;
	struct miracast_chunk_data second;
	uint32_t size, outstanding;

#define GET(timeout)                                                                          \
	(size = sizeof(buffer),                                                               \
	 callbacks->get_next_chunk_data(stage->device, timeout, G_N_ELEMENTS(events), events, \
					&size, data, &outstanding))

	create_and_start(stage);
	callbacks = stage->driver.callbacks;
	g_assert_cmphex(GET(0), ==, STATUS_TIMEOUT);
	g_assert_cmphex(GET(20), ==, STATUS_TIMEOUT);

	complete_chunk(stage, MIRACAST_CHUNK_ID(101, 1), 5, "abcd", STATUS_SUCCESS);
	complete_chunk(stage, MIRACAST_CHUNK_ID(101, 0), 0, NULL, STATUS_SUCCESS);
	g_assert_cmphex(GET(MIRACAST_INFINITE), ==, STATUS_SUCCESS);
	g_assert_cmpuint(size, ==, 2 * MIRACAST_CHUNK_DATA_HEADER_SIZE + 5);
	g_assert_cmpuint(outstanding, ==, 0);
	g_assert_cmphex(data->chunk_info.chunk_id, ==, 0x10000000065);
	g_assert_cmpstr((char *)data->private_driver_data, ==, "abcd");
	memcpy(&second, buffer + MIRACAST_CHUNK_DATA_HEADER_SIZE + 5,
	       MIRACAST_CHUNK_DATA_HEADER_SIZE);
	g_assert_cmphex(second.chunk_info.chunk_id, ==, 101);

	/* WAIT_0 is SUCCESS, but for the size. */
	g_assert_cmpint(eventfd_write(events[0], 1), ==, 0);
	g_assert_cmphex(GET(MIRACAST_INFINITE), ==, MIRACAST_NTSTATUS(0));
	g_assert_cmpuint(size, ==, 0);
	g_assert_cmpint(eventfd_read(events[0], &(eventfd_t){0}), ==, 0);
	g_assert_cmpint(eventfd_write(events[1], 1), ==, 0);
	g_assert_cmphex(GET(MIRACAST_INFINITE), ==, MIRACAST_NTSTATUS(1));
	g_assert_cmpint(eventfd_read(events[1], &(eventfd_t){0}), ==, 0);

	/* s41 */
	for (int i = 0; i < 4; i++)
		complete_chunk(stage, i, 0, NULL, STATUS_SUCCESS);
	complete_chunk(stage, 4, 0, NULL, STATUS_NO_MEMORY);
	g_assert_cmphex(GET(MIRACAST_INFINITE), ==, STATUS_CONNECTION_RESET);
	g_assert_cmphex(GET(0), ==, STATUS_TIMEOUT);

	complete_chunk(stage, 5, 0, NULL, STATUS_SUCCESS);
	size = 8;
	g_assert_cmphex(callbacks->get_next_chunk_data(stage->device, 0, 0, NULL, &size, data,
						       NULL),
			==, STATUS_BUFFER_TOO_SMALL);
	g_assert_cmpuint(size, ==, MIRACAST_CHUNK_DATA_HEADER_SIZE);
	g_assert_cmphex(callbacks->get_next_chunk_data(stage->device, 0, 5, events, &size, data,
						       NULL),
			==, STATUS_INVALID_PARAMETER);
	g_assert_true(stop(stage, NULL));
	g_assert_cmphex(GET(0), ==, STATUS_INSTANCE_NOT_AVAILABLE);
	close(events[0]);
	close(events[1]);
}

/*
 * The data rate.
 */

struct rate {
	GMutex lock;
	guint n_calls;
	bool over;
	struct miracast_datarate_stats sum;
	ntstatus_t first, second;
};

static void on_rate(void *context, const struct miracast_datarate_stats *stats)
{
	struct rate *rate = context;

	g_mutex_lock(&rate->lock);
	rate->n_calls++;
	rate->over = !stats;
	if (stats) {
		rate->sum.encoder_bit_rate = stats->encoder_bit_rate;
		rate->sum.transmitted_frame_count += stats->transmitted_frame_count;
	}
	g_mutex_unlock(&rate->lock);
}

static ntstatus_t register_twice(struct driver *driver)
{
	struct rate *rate = driver->data;

	rate->first = driver->callbacks->register_for_data_rate_notifications(driver->device, rate,
									      on_rate);
	rate->second = driver->callbacks->register_for_data_rate_notifications(driver->device, rate,
									       on_rate);
	return STATUS_SUCCESS;
}

static void unregister_twice(struct driver *driver)
{
	struct rate *rate = driver->data;

	rate->first =
		driver->callbacks->register_for_data_rate_notifications(driver->device, NULL, NULL);
	rate->second =
		driver->callbacks->register_for_data_rate_notifications(driver->device, NULL, NULL);
}

static void data_rate_notifications(struct stage *stage, gconstpointer unused)
{
	const struct miracast_datarate_stats stats = {
		.encoder_bit_rate = 8000000,
		.transmitted_frame_count = 10,
	};
	struct rate rate = {0};
	guint n_calls;

	g_mutex_init(&rate.lock);
	stage->driver.data = &rate;
	stage->driver.on_start = register_twice;
	g_assert_true(create(stage, NULL));
	start_again(stage);
	g_assert_cmphex(rate.first, ==, STATUS_NOT_SUPPORTED);
	g_assert_true(stop(stage, NULL));

	miracast_device_set_has_data_rate(stage->device, TRUE);
	start_again(stage);
	g_assert_cmphex(rate.first, ==, STATUS_SUCCESS);
	g_assert_cmphex(rate.second, ==, STATUS_INVALID_PARAMETER);
	/* Not from here. */
	g_assert_cmphex(stage->driver.callbacks->register_for_data_rate_notifications(stage->device,
										      NULL, NULL),
			==, STATUS_NOT_SUPPORTED);

	for (int i = 0; i < 100; i++)
		miracast_device_notify_data_rate(stage->device, &stats);
	/* However few the calls, the counts add up. */
	RUN_UNTIL(rate.sum.transmitted_frame_count >= 1000);
	g_assert_cmpuint(rate.sum.transmitted_frame_count, ==, 1000);
	g_assert_cmpuint(rate.sum.encoder_bit_rate, ==, 8000000);
	n_calls = rate.n_calls;
	g_assert_cmpuint(n_calls, <=, 100);

	miracast_device_notify_data_rate(stage->device, NULL);
	miracast_device_notify_data_rate(stage->device, &stats);
	RUN_UNTIL(rate.over);
	g_assert_cmpuint(rate.n_calls, ==, n_calls + 1);

	stage->driver.on_stop = unregister_twice;
	g_assert_true(stop(stage, NULL));
	g_assert_cmphex(rate.first, ==, STATUS_SUCCESS);
	g_assert_cmphex(rate.second, ==, STATUS_INVALID_PARAMETER);
	miracast_device_notify_data_rate(stage->device, &stats);
	g_mutex_clear(&rate.lock);
}

static void add(const char *name, void (*test)(struct stage *, gconstpointer))
{
	g_autofree char *path = g_strdup_printf("/libmiracast/%s", name);

	g_test_add(path, struct stage, NULL, stage_set_up, test, stage_tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) add(#test, test)
	ADD(s06_s12_bytes_go_both_ways);
	ADD(s25_a_handler_may_wait_for_another);
	ADD(s13_a_bad_handler_is_an_internal_error);
	ADD(a_session_survives_being_stopped);
	ADD(a_signal_does_not_end_an_exchange);
	ADD(s17_s18_messages_are_held_until_started);
	ADD(s23_a_failed_start_cancels_and_may_be_repeated);
	ADD(a_start_does_not_pend);
	ADD(s19_s27_nothing_overlaps_a_start_or_stop);
	ADD(s20_s22_stop_waits_for_handlers_and_cancels_the_rest);
	ADD(s30_s31_s32_io_control_in_each_phase);
	ADD(s39_a_report_ends_the_session);
	ADD(d04_a_removed_adapter_ends_the_session);
	ADD(second_device_finds_the_adapter_busy);
	ADD(a_busy_adapter_is_not_a_missing_one);
	ADD(start_is_told_to_give_up);
	ADD(host_hangs_up_during_start);
	ADD(a_start_is_refused_beside_a_session);
	ADD(a_start_that_hangs_is_cut_off);
	ADD(a_start_that_ignores_the_host_is_cut_off);
	ADD(d15_s35_a_handler_that_hangs_is_cut_off);
	ADD(d18_a_context_is_recovered);
	ADD(a_context_without_the_flag_is_not_recovered);
	ADD(s43_chunks_and_events);
	ADD(data_rate_notifications);
	return g_test_run();
}
