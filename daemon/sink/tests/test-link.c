// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's link of Miracast over Infrastructure against miracast-sink --mice, on the loopback
 * interface: how each of the sink's ways ends. The link's sealer is the one of sessions' processes,
 * without the process.
 */
#include "dtls.h"
#include "link-mice.h"
#include "mice-message.h"
#include "reason.h"
#include "sink-misbehaviour.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIN   "12345678"
#define GUARD 60 /* seconds; nothing here takes as long */

static const char *sink_program;

/* A sealer without a process. */

#define TEST_TYPE_SEALER (test_sealer_get_type())
G_DECLARE_FINAL_TYPE(TestSealer, test_sealer, TEST, SEALER, GObject)

struct _TestSealer {
	GObject parent_instance;
	SessionDtls *dtls;
	gboolean done;
	guint forgotten;
	gboolean broken; /* says nothing but errors */
};

static void test_sealer_iface_init(HostSealerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(TestSealer, test_sealer, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_SEALER, test_sealer_iface_init))

static GBytes *run(TestSealer *self, HostSealerTask task, const guint8 *data, gsize size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	guint8 buffer[2 * MICE_MAX_MESSAGE];

	switch (task) {
	case HOST_SEALER_HANDSHAKE:
		if (!size) {
			g_clear_pointer(&self->dtls, session_dtls_unref);
			self->dtls = session_dtls_new(NULL);
		}
		if (!session_dtls_handshake(self->dtls, data, size, out, &self->done, NULL))
			return NULL;
		return g_byte_array_free_to_bytes(g_steal_pointer(&out));
	case HOST_SEALER_SEAL:
		size = session_dtls_seal(self->dtls, data, size, buffer, sizeof(buffer));
		break;
	case HOST_SEALER_UNSEAL:
		size = session_dtls_open(self->dtls, data, size, buffer, sizeof(buffer));
		break;
	case HOST_SEALER_FORGET:
		g_clear_pointer(&self->dtls, session_dtls_unref);
		self->forgotten++;
		return g_bytes_new(NULL, 0);
	}
	return size ? g_bytes_new(buffer, size) : NULL;
}

static void test_sealer_run_async(HostSealer *sealer, HostSealerTask task, GBytes *bytes,
				  GAsyncReadyCallback callback, gpointer user_data)
{
	TestSealer *self = TEST_SEALER(sealer);
	g_autoptr(GTask) result = g_task_new(sealer, NULL, callback, user_data);
	gsize size = 0;
	const guint8 *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;
	GBytes *out = self->broken ? NULL : run(self, task, data, size);

	if (out)
		g_task_return_pointer(result, out, (GDestroyNotify)g_bytes_unref);
	else
		g_task_return_new_error(result, G_IO_ERROR, G_IO_ERROR_FAILED, "no");
}

static GBytes *test_sealer_run_finish(HostSealer *sealer, GAsyncResult *result, gboolean *done,
				      GError **error)
{
	*done = TEST_SEALER(sealer)->done;
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void test_sealer_iface_init(HostSealerInterface *iface)
{
	iface->run_async = test_sealer_run_async;
	iface->run_finish = test_sealer_run_finish;
}

static void test_sealer_init(TestSealer *self)
{
}

static void test_sealer_finalize(GObject *object)
{
	g_clear_pointer(&TEST_SEALER(object)->dtls, session_dtls_unref);
	G_OBJECT_CLASS(test_sealer_parent_class)->finalize(object);
}

static void test_sealer_class_init(TestSealerClass *class)
{
	G_OBJECT_CLASS(class)->finalize = test_sealer_finalize;
}

/* A person. */

#define TEST_TYPE_AGENT (test_agent_get_type())
G_DECLARE_FINAL_TYPE(TestAgent, test_agent, TEST, AGENT, GObject)

struct _TestAgent {
	GObject parent_instance;
	const char *const *pins; /* typed one after the other; NULL at the end: wants no more */
	guint asked;
};

static void test_agent_iface_init(HostAgentInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(TestAgent, test_agent, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_AGENT, test_agent_iface_init))

static void test_agent_request_pin_async(HostAgent *agent, GCancellable *cancellable,
					 GAsyncReadyCallback callback, gpointer user_data)
{
	TestAgent *self = TEST_AGENT(agent);
	g_autoptr(GTask) task = g_task_new(agent, cancellable, callback, user_data);

	self->asked++;
	if (!self->pins)
		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "nobody");
	else if (!*self->pins)
		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "no more");
	else
		g_task_return_pointer(task, g_strdup(*self->pins++), g_free);
}

static char *test_agent_request_pin_finish(HostAgent *agent, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void test_agent_iface_init(HostAgentInterface *iface)
{
	iface->request_pin_async = test_agent_request_pin_async;
	iface->request_pin_finish = test_agent_request_pin_finish;
}

static void test_agent_init(TestAgent *self)
{
}

static void test_agent_class_init(TestAgentClass *class)
{
}

/* A sink, a link, and what became of it. */

typedef struct {
	GSubprocess *sink;
	GDataInputStream *says; /* its standard error */
	guint16 mice_port, rtsp_port;
	HostListener *listener;
	TestSealer *sealer;
	TestAgent *agent;
	HostLink *link;
	GMainLoop *loop;
	GString *steps;
	int fd;
	guint wait_s;
	GError *error;
	HostReason lost;
	gboolean is_lost;
	const char *keys_gone_at; /* the step; NULL: never */
} LinkRig;

/* Reads what the sink says up to a line with @what in it. */
static char *sink_expect(LinkRig *rig, const char *what)
{
	for (;;) {
		g_autoptr(GError) error = NULL;
		g_autofree char *line =
			g_data_input_stream_read_line(rig->says, NULL, NULL, &error);

		g_assert_no_error(error);
		if (!line)
			g_error("the sink never says \"%s\"", what);
		if (strstr(line, what))
			return g_steal_pointer(&line);
	}
}

static guint16 free_port(void)
{
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
						 G_SOCKET_PROTOCOL_TCP, NULL);

	g_assert_true(g_socket_bind(socket, any, FALSE, NULL));
	bound = g_socket_get_local_address(socket, NULL);
	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
}

static void die_with_parent(gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void start_sink(LinkRig *rig, const char *security, const char *misbehaviour)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GSubprocessLauncher) launcher = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *line = NULL;

	rig->mice_port = free_port();
	g_ptr_array_add(argv, g_strdup(sink_program));
	g_ptr_array_add(argv, g_strdup("--mice"));
	g_ptr_array_add(argv, g_strdup("--no-announce"));
	g_ptr_array_add(argv, g_strdup_printf("--mice-port=%u", rig->mice_port));
	g_ptr_array_add(argv, g_strdup("--pin=" PIN));
	g_ptr_array_add(argv, g_strdup_printf("--security=%s", security));
	if (misbehaviour)
		g_ptr_array_add(argv, g_strdup_printf("--misbehave=%s", misbehaviour));
	g_ptr_array_add(argv, NULL);
	launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_PIPE);
	/* Not longer than the test, however that ends. */
	g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
	rig->sink =
		g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, &error);
	g_assert_no_error(error);
	rig->says = g_data_input_stream_new(g_subprocess_get_stderr_pipe(rig->sink));
	line = sink_expect(rig, "waiting for a source");
}

static void on_step(HostLink *link, const char *word, const char *message, LinkRig *rig)
{
	g_assert_cmpstr(message, !=, "");
	g_assert_true(rig->wait_s || strcmp(word, "waiting") ||
		      strstr(message, " has 35 s to connect "));
	g_string_append_printf(rig->steps, "%s ", word);
	if (rig->keys_gone_at && !strcmp(word, rig->keys_gone_at))
		host_link_set_sealer(link, NULL);
}

static void on_lost(HostLink *link, int reason, const char *detail, LinkRig *rig)
{
	g_assert_false(rig->is_lost);
	g_assert_cmpstr(detail, !=, "");
	rig->is_lost = TRUE;
	rig->lost = reason;
	g_main_loop_quit(rig->loop);
}

static void on_open(GObject *object, GAsyncResult *result, gpointer data)
{
	LinkRig *rig = data;

	rig->fd = host_link_open_finish(HOST_LINK(object), result, &rig->error);
	g_main_loop_quit(rig->loop);
}

static void rig_init(LinkRig *rig, const char *security, const char *misbehaviour)
{
	*rig = (LinkRig){.fd = -1, .wait_s = 2};
	start_sink(rig, security, misbehaviour);
	rig->rtsp_port = free_port();
	rig->listener = host_listener_new();
	rig->sealer = g_object_new(TEST_TYPE_SEALER, NULL);
	rig->agent = g_object_new(TEST_TYPE_AGENT, NULL);
	rig->loop = g_main_loop_new(NULL, FALSE);
	rig->steps = g_string_new(NULL);
}

static void make_link(LinkRig *rig, HostEncryption encryption, const char *pin)
{
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
	const HostMiceSink sink = {.name = "the sink", .addresses = addresses};
	const HostLinkWish wish = {
		.port = rig->rtsp_port,
		.wait_s = rig->wait_s,
		.agent = HOST_AGENT(rig->agent),
		.pin = pin,
		.encryption = encryption,
	};

	/* One that is not there first. */
	g_ptr_array_add(addresses, g_inet_socket_address_new(loopback, free_port()));
	g_ptr_array_add(addresses, g_inet_socket_address_new(loopback, rig->mice_port));
	rig->link = host_link_mice_new(rig->listener, &sink, &wish);
	g_signal_connect(rig->link, "step", G_CALLBACK(on_step), rig);
	g_signal_connect(rig->link, "lost", G_CALLBACK(on_lost), rig);
	host_link_set_sealer(rig->link, HOST_SEALER(rig->sealer));
}

static gboolean on_guard(gpointer data)
{
	g_error("it takes too long");
	return G_SOURCE_REMOVE;
}

static void run_loop(LinkRig *rig)
{
	guint guard = g_timeout_add_seconds(GUARD, on_guard, NULL);

	g_main_loop_run(rig->loop);
	g_source_remove(guard);
}

static void open_link(LinkRig *rig)
{
	host_link_open_async(rig->link, NULL, on_open, rig);
	run_loop(rig);
}

/* Everything is let go of, by the sink as well. */
static void rig_clear(LinkRig *rig)
{
	g_autoptr(GError) error = NULL;

	host_link_close(rig->link);
	if (rig->fd >= 0)
		close(rig->fd);
	g_subprocess_send_signal(rig->sink, SIGTERM);
	g_assert_true(g_subprocess_wait(rig->sink, NULL, &error));
	g_assert_true(g_subprocess_get_if_exited(rig->sink));
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_object_add_weak_pointer(G_OBJECT(rig->link), (gpointer *)&rig->link);
	g_object_unref(rig->link);
	g_assert_null(rig->link);
	g_object_unref(rig->says);
	g_object_unref(rig->sink);
	host_listener_free(rig->listener);
	g_object_unref(rig->sealer);
	g_object_unref(rig->agent);
	g_main_loop_unref(rig->loop);
	g_string_free(rig->steps, TRUE);
	g_clear_error(&rig->error);
}

static void assert_open(LinkRig *rig, const char *encryption)
{
	g_auto(GVariantDict) details = G_VARIANT_DICT_INIT(NULL);
	g_autoptr(GSocketAddress) local = NULL;
	g_autoptr(GInetAddress) peer = NULL;
	const char *value;

	g_assert_no_error(rig->error);
	g_assert_cmpint(rig->fd, >=, 0);
	host_link_get_addresses(rig->link, &local, &peer);
	g_assert_cmpint(g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local)), ==,
			rig->rtsp_port);
	g_assert_true(g_inet_address_get_is_loopback(peer));
	host_link_settle(rig->link);
	host_link_add_details(rig->link, &details);
	g_assert_true(g_variant_dict_lookup(&details, "link-encryption", "&s", &value));
	g_assert_cmpstr(value, ==, encryption);
}

/* The sink may have been quick to connect: then the link is lost at once. */
static void assert_failed(LinkRig *rig, HostReason reason)
{
	if (rig->fd >= 0) {
		if (!rig->is_lost)
			run_loop(rig);
		g_assert_cmpstr(host_reason_word(rig->lost), ==, host_reason_word(reason));
		return;
	}
	g_assert_cmpint(rig->fd, ==, -1);
	g_assert_nonnull(rig->error);
	if (!g_error_matches(rig->error, HOST_ERROR, reason))
		g_error("%s instead of %s", rig->error->message, host_reason_word(reason));
}

/* Nobody has said how long the sink has: its person may have to be asked. */
static void test_as_long_as_suits(void)
{
	LinkRig rig;

	rig_init(&rig, "offered", NULL);
	rig.wait_s = 0;
	make_link(&rig, HOST_ENCRYPTION_AUTO, NULL);
	open_link(&rig);
	assert_open(&rig, "none");
	g_assert_cmpstr(rig.steps->str, ==, "connecting waiting ");
	rig_clear(&rig);
}

/* How it is agreed upon what the stream is encrypted with, if it is. */
static void test_levels(void)
{
	static const struct {
		const char *security;
		HostEncryption wish;
		const char *pin; /* known beforehand */
		const char *encryption; /* NULL: there is none that both take */
		const char *steps;
		guint asked;
	} cases[] = {
		{"offered", HOST_ENCRYPTION_AUTO, NULL, "none", "connecting waiting ", 0},
		{"offered", HOST_ENCRYPTION_NEVER, PIN, "none", "connecting waiting ", 0},
		{"offered", HOST_ENCRYPTION_REQUIRED, NULL, "DTLS", "connecting securing waiting ",
		 0},
		{"offered", HOST_ENCRYPTION_AUTO, PIN, "DTLS, PIN", "connecting securing waiting ",
		 0},
		{"offered", HOST_ENCRYPTION_AUTO, "1234", "none", "connecting waiting ", 0},
		{"none", HOST_ENCRYPTION_AUTO, NULL, "none", "connecting waiting ", 0},
		{"none", HOST_ENCRYPTION_REQUIRED, NULL, NULL,
		 "connecting securing more-security connecting securing ", 0},
		{"encrypted", HOST_ENCRYPTION_AUTO, NULL, "DTLS",
		 "connecting waiting more-security connecting securing waiting ", 0},
		{"encrypted", HOST_ENCRYPTION_NEVER, NULL, NULL, "connecting waiting ", 0},
		{"pin", HOST_ENCRYPTION_AUTO, NULL, "DTLS, PIN",
		 "connecting waiting more-security connecting securing waiting more-security "
		 "connecting securing pin waiting ",
		 1},
		{"pin", HOST_ENCRYPTION_REQUIRED, PIN, "DTLS, PIN", "connecting securing waiting ",
		 0},
	};
	static const char *const pins[] = {PIN, NULL};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		LinkRig rig;

		rig_init(&rig, cases[i].security, NULL);
		rig.agent->pins = pins;
		make_link(&rig, cases[i].wish, cases[i].pin);
		open_link(&rig);
		if (cases[i].encryption)
			assert_open(&rig, cases[i].encryption);
		else
			assert_failed(&rig, HOST_REASON_SINK_HUNG_UP);
		g_assert_cmpstr(rig.steps->str, ==, cases[i].steps);
		g_assert_cmpuint(rig.agent->asked, ==, cases[i].asked);
		rig_clear(&rig);
		/* Nothing is sealed for the next one. */
		g_assert_null(rig.link);
	}
}

/* Each of them ends the open, or does not. */
static void test_misbehaviours(void)
{
	static const struct {
		const char *name;
		gboolean with_pin;
		gboolean opens;
		HostReason reason;
	} cases[] = {
		{"mice-split", TRUE, TRUE, 0},
		{"mice-merged", TRUE, TRUE, 0},
		{"mice-cut-tokens", TRUE, TRUE, 0},
		{"mice-cookie", TRUE, TRUE, 0},
		{"mice-echo-hash", TRUE, TRUE, 0},
		{"mice-false-hash", TRUE, FALSE, HOST_REASON_PIN_NOT_PROVEN},
		{"mice-refuse-pin", TRUE, FALSE, HOST_REASON_WRONG_PIN},
		{"mice-garbage", FALSE, FALSE, HOST_REASON_CONTROL_INVALID},
		{"mice-oversized", FALSE, FALSE, HOST_REASON_CONTROL_INVALID},
		{"mice-broken", FALSE, FALSE, HOST_REASON_CONTROL_INVALID},
		{"mice-unknown", FALSE, FALSE, HOST_REASON_CONTROL_INVALID},
		{"mice-dtls-garbage", TRUE, FALSE, HOST_REASON_ENCRYPTION_FAILED},
		{"mice-silent", FALSE, FALSE, HOST_REASON_SINK_DID_NOT_CONNECT},
		{"mice-silent-handshake", TRUE, FALSE, HOST_REASON_CONTROL_SILENT},
		{"mice-silent-pin", TRUE, FALSE, HOST_REASON_CONTROL_SILENT},
		{"mice-stop-at-ready", FALSE, FALSE, HOST_REASON_SINK_STOPPED},
		{"mice-stop-in-play", FALSE, TRUE, 0},
		{"mice-close-at-once", FALSE, FALSE, HOST_REASON_SINK_HUNG_UP},
		{"mice-close-in-handshake", TRUE, FALSE, HOST_REASON_SINK_HUNG_UP},
		{"mice-close-at-pin", TRUE, FALSE, HOST_REASON_SINK_HUNG_UP},
		{"mice-close-at-ready", FALSE, FALSE, HOST_REASON_SINK_HUNG_UP},
		{"mice-close-in-play", FALSE, TRUE, 0},
	};
	static const char *const pins[] = {"12345678", "1234 5678", "1234-5678", NULL};
	guint n, tried = 0;
	const SinkMisbehaviour *table = sink_misbehaviour_table(&n);

	for (guint i = 0; i < n; i++)
		if (g_str_has_prefix(table[i].name, "mice-"))
			g_assert_cmpstr(table[i].name, ==, cases[tried++].name);
	g_assert_cmpuint(tried, ==, G_N_ELEMENTS(cases));

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		LinkRig rig;

		g_test_message("%s", cases[i].name);
		rig_init(&rig, "offered", cases[i].name);
		rig.agent->pins = pins;
		make_link(&rig, HOST_ENCRYPTION_AUTO, cases[i].with_pin ? PIN : NULL);
		open_link(&rig);
		/* By chance, random bytes look like a record of which more is to come. */
		if (!cases[i].opens && cases[i].reason == HOST_REASON_ENCRYPTION_FAILED &&
		    g_error_matches(rig.error, HOST_ERROR, HOST_REASON_CONTROL_SILENT))
			g_test_message("it was waited for more");
		else if (cases[i].opens)
			assert_open(&rig, cases[i].with_pin ? "DTLS, PIN" : "none");
		else
			assert_failed(&rig, cases[i].reason);
		rig_clear(&rig);
	}
}

/* What persons type, and that they may type it again. */
static void test_pins(void)
{
	static const char *const second[] = {"87654321", "1234 5678", NULL};
	static const char *const nonsense[] = {"", "PIN", "1234567", NULL};
	static const char *const wrong[] = {"00000000", "1", "00000001", PIN, NULL};
	static const char *const no_more[] = {NULL};
	static const struct {
		const char *const *pins;
		guint asked;
		gboolean opens;
		HostReason reason;
	} cases[] = {
		{second, 2, TRUE, 0},
		{nonsense, 3, FALSE, HOST_REASON_WRONG_PIN},
		{wrong, 3, FALSE, HOST_REASON_WRONG_PIN},
		{no_more, 1, FALSE, HOST_REASON_DECLINED_BY_USER},
		{NULL, 1, FALSE, HOST_REASON_NO_PIN},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		LinkRig rig;

		rig_init(&rig, "pin", NULL);
		rig.agent->pins = cases[i].pins;
		make_link(&rig, HOST_ENCRYPTION_AUTO, NULL);
		open_link(&rig);
		if (cases[i].opens)
			assert_open(&rig, "DTLS, PIN");
		else
			assert_failed(&rig, cases[i].reason);
		g_assert_cmpuint(rig.agent->asked, ==, cases[i].asked);
		/* What was agreed upon is forgotten with the attempt. */
		if (!cases[i].opens)
			g_assert_null(rig.sealer->dtls);
		rig_clear(&rig);
	}
}

static void open_with(LinkRig *rig, const char *pin)
{
	rig_init(rig, "offered", NULL);
	make_link(rig, HOST_ENCRYPTION_AUTO, pin);
	open_link(rig);
	assert_open(rig, pin ? "DTLS, PIN" : "none");
}

/* STOP_PROJECTION from either side, and a connection that is lost; in clear and sealed. */
static void test_ends(void)
{
	static const char *const pins[] = {NULL, PIN};

	for (gsize i = 0; i < G_N_ELEMENTS(pins); i++) {
		LinkRig rig;
		g_autofree char *line = NULL;

		open_with(&rig, pins[i]);
		g_subprocess_send_signal(rig.sink, SIGTERM);
		run_loop(&rig);
		g_assert_true(rig.is_lost);
		g_assert_cmpint(rig.lost, ==, HOST_REASON_SINK_STOPPED);
		rig_clear(&rig);

		open_with(&rig, pins[i]);
		g_subprocess_send_signal(rig.sink, SIGKILL);
		run_loop(&rig);
		g_assert_true(rig.is_lost);
		g_assert_cmpint(rig.lost, ==, HOST_REASON_CONTROL_LOST);
		g_subprocess_wait(rig.sink, NULL, NULL);
		g_clear_object(&rig.sink);
		g_clear_object(&rig.says);
		start_sink(&rig, "offered", NULL);
		rig_clear(&rig);

		open_with(&rig, pins[i]);
		host_link_leave(rig.link);
		host_link_close(rig.link);
		while (g_main_context_iteration(NULL, FALSE))
			;
		line = sink_expect(&rig, "source-stopped");
		g_assert_false(rig.is_lost);
		/* One that had not begun its session yet waits for the next source. */
		g_subprocess_send_signal(rig.sink, SIGTERM);
		g_assert_true(g_subprocess_wait(rig.sink, NULL, NULL));
		g_clear_object(&rig.sink);
		g_clear_object(&rig.says);
		start_sink(&rig, "offered", NULL);
		rig_clear(&rig);
	}
}

static gboolean cancel(gpointer data)
{
	g_cancellable_cancel(data);
	return G_SOURCE_REMOVE;
}

/* At any time: all is let go of, and the next one works. */
static void test_cancel(void)
{
	static const guint times_ms[] = {0, 1, 5, 10, 20, 30, 50, 70, 100, 150, 200, 400, 800};

	for (gsize i = 0; i < G_N_ELEMENTS(times_ms); i++) {
		g_autoptr(GCancellable) cancellable = g_cancellable_new();
		LinkRig rig;

		rig_init(&rig, "offered", i % 2 ? "mice-silent" : NULL);
		make_link(&rig, HOST_ENCRYPTION_AUTO, PIN);
		g_timeout_add(times_ms[i], cancel, cancellable);
		host_link_open_async(rig.link, cancellable, on_open, &rig);
		run_loop(&rig);
		if (rig.error)
			g_assert_error(rig.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
		while (!g_cancellable_is_cancelled(cancellable))
			g_main_context_iteration(NULL, TRUE);
		rig_clear(&rig);
	}
}

static void test_nobody(void)
{
	LinkRig rig;
	gint64 begin;

	/* A port that nobody listens on. */
	rig_init(&rig, "offered", NULL);
	rig.mice_port = free_port();
	make_link(&rig, HOST_ENCRYPTION_AUTO, NULL);
	open_link(&rig);
	assert_failed(&rig, HOST_REASON_SINK_UNREACHABLE);
	rig_clear(&rig);

	/* The port of RTSP is taken: the sink is not told to connect there. */
	rig_init(&rig, "offered", NULL);
	{
		g_autoptr(GSocketListener) other = g_socket_listener_new();

		rig.rtsp_port = g_socket_listener_add_any_inet_port(other, NULL, NULL);
		make_link(&rig, HOST_ENCRYPTION_AUTO, NULL);
		open_link(&rig);
	}
	assert_failed(&rig, HOST_REASON_ADDRESS_IN_USE);
	g_assert_cmpstr(rig.steps->str, ==, "connecting ");
	rig_clear(&rig);

	/* A host that answers nothing. */
	begin = g_get_monotonic_time();
	rig_init(&rig, "offered", NULL);
	{
		g_autoptr(GInetAddress) nowhere = g_inet_address_new_from_string("192.0.2.1");
		g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
		const HostMiceSink sink = {.name = "nobody", .addresses = addresses};
		const HostLinkWish wish = {
			.port = rig.rtsp_port, .wait_s = 2, .agent = HOST_AGENT(rig.agent)};

		g_ptr_array_add(addresses, g_inet_socket_address_new(nowhere, MICE_PORT));
		rig.link = host_link_mice_new(rig.listener, &sink, &wish);
		open_link(&rig);
	}
	assert_failed(&rig, HOST_REASON_SINK_UNREACHABLE);
	g_assert_cmpint(g_get_monotonic_time() - begin, <,
			(HOST_LINK_MICE_CONNECT_S + 15) * G_TIME_SPAN_SECOND);
	rig_clear(&rig);
}

static void test_broken_sealer(void)
{
	LinkRig rig;

	rig_init(&rig, "offered", NULL);
	rig.sealer->broken = TRUE;
	make_link(&rig, HOST_ENCRYPTION_REQUIRED, NULL);
	open_link(&rig);
	assert_failed(&rig, HOST_REASON_ENCRYPTION_FAILED);
	rig_clear(&rig);

	rig_init(&rig, "offered", NULL);
	make_link(&rig, HOST_ENCRYPTION_REQUIRED, NULL);
	host_link_set_sealer(rig.link, NULL);
	open_link(&rig);
	assert_failed(&rig, HOST_REASON_ENCRYPTION_FAILED);
	rig_clear(&rig);
}

/* The process that shook hands has gone: no other can seal, and what is not sealed is in clear. */
static void test_keys_gone(void)
{
	static const char *const pins[] = {PIN, NULL};
	LinkRig rig;

	rig_init(&rig, "pin", NULL);
	rig.agent->pins = pins;
	rig.keys_gone_at = "pin";
	make_link(&rig, HOST_ENCRYPTION_REQUIRED, NULL);
	open_link(&rig);
	assert_failed(&rig, HOST_REASON_ENCRYPTION_FAILED);
	rig_clear(&rig);

	rig_init(&rig, "offered", NULL);
	rig.keys_gone_at = "waiting";
	make_link(&rig, HOST_ENCRYPTION_REQUIRED, NULL);
	open_link(&rig);
	assert_failed(&rig, HOST_REASON_ENCRYPTION_FAILED);
	rig_clear(&rig);
}

/* A second source is refused, and the first one does not notice. */
static void test_second_source(void)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) second = NULL;
	g_autoptr(GError) error = NULL;
	LinkRig rig;
	char byte;

	open_with(&rig, NULL);
	second = g_socket_client_connect_to_host(client, "127.0.0.1", rig.mice_port, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_input_stream_read(g_io_stream_get_input_stream(G_IO_STREAM(second)),
					    &byte, 1, NULL, NULL),
			<=, 0);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_false(rig.is_lost);
	rig_clear(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(argc, ==, 2);
	sink_program = argv[1];
	g_test_add_func("/sink/link/as-long-as-suits", test_as_long_as_suits);
	g_test_add_func("/sink/link/levels", test_levels);
	g_test_add_func("/sink/link/misbehaviours", test_misbehaviours);
	g_test_add_func("/sink/link/pins", test_pins);
	g_test_add_func("/sink/link/ends", test_ends);
	g_test_add_func("/sink/link/cancel", test_cancel);
	g_test_add_func("/sink/link/nobody", test_nobody);
	g_test_add_func("/sink/link/broken-sealer", test_broken_sealer);
	g_test_add_func("/sink/link/keys-gone", test_keys_gone);
	g_test_add_func("/sink/link/second-source", test_second_source);
	return g_test_run();
}
