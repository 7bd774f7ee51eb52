// SPDX-License-Identifier: GPL-2.0-or-later
/* The person's answers from an object on the bus, and what does not count as one. */
#include "bus.h"
#include "bus-agent.h"
#include "connect.h"

#include <string.h>

#define SESSION "/io/github/linux_miracast/session/1"

typedef struct {
	GTestDBus *bus;
	GDBusConnection *ours, *clients;
	BusAgent1 *object;
	HostBusAgent *agent;
	GAsyncResult *result;

	/* What the client says: a PIN, or NULL: that it wants no more. */
	const char *pin;
	gboolean yes;
	gboolean silent;
	char *shown;
	guint n_released;
	GDBusMethodInvocation *open;
} Stage;

static gboolean on_request_pin(BusAgent1 *object, GDBusMethodInvocation *invocation,
			       const char *session, Stage *stage)
{
	g_assert_cmpstr(session, ==, SESSION);
	if (stage->silent)
		stage->open = invocation;
	else if (stage->pin)
		bus_agent1_complete_request_pin(object, invocation, stage->pin);
	else
		g_dbus_method_invocation_return_dbus_error(
			invocation, "io.github.linux_miracast.Error.Cancelled", "no");
	return TRUE;
}

static gboolean on_display_pin(BusAgent1 *object, GDBusMethodInvocation *invocation,
			       const char *session, const char *pin, Stage *stage)
{
	stage->shown = g_strdup(pin);
	bus_agent1_complete_display_pin(object, invocation);
	return TRUE;
}

static gboolean on_confirm(BusAgent1 *object, GDBusMethodInvocation *invocation,
			   const char *session, const char *word, const char *message, Stage *stage)
{
	g_assert_cmpstr(word, ==, "station-goes-away");
	g_assert_cmpstr(message, ==, "Go on?");
	bus_agent1_complete_confirm(object, invocation, stage->yes);
	return TRUE;
}

static gboolean on_release(BusAgent1 *object, GDBusMethodInvocation *invocation,
			   const char *session, Stage *stage)
{
	stage->n_released++;
	bus_agent1_complete_release(object, invocation);
	return TRUE;
}

static void set_up(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	stage->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(stage->bus);
	stage->ours = connect_to(stage->bus);
	stage->clients = connect_to(stage->bus);
	stage->object = bus_agent1_skeleton_new();
	g_signal_connect(stage->object, "handle-request-pin", G_CALLBACK(on_request_pin), stage);
	g_signal_connect(stage->object, "handle-display-pin", G_CALLBACK(on_display_pin), stage);
	g_signal_connect(stage->object, "handle-confirm", G_CALLBACK(on_confirm), stage);
	g_signal_connect(stage->object, "handle-release", G_CALLBACK(on_release), stage);
	g_assert_true(g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(stage->object),
						       stage->clients, "/agent", &error));
	stage->agent = host_bus_agent_new(
		stage->ours, g_dbus_connection_get_unique_name(stage->clients), "/agent", SESSION);
}

static void tear_down(Stage *stage, gconstpointer unused)
{
	g_object_unref(stage->agent);
	g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(stage->object));
	g_object_unref(stage->object);
	g_clear_object(&stage->open);
	if (!g_dbus_connection_is_closed(stage->clients))
		g_dbus_connection_close_sync(stage->clients, NULL, NULL);
	g_object_unref(stage->clients);
	g_dbus_connection_close_sync(stage->ours, NULL, NULL);
	g_object_unref(stage->ours);
	g_test_dbus_down(stage->bus);
	g_object_unref(stage->bus);
	g_free(stage->shown);
}

static void keep_result(GObject *object, GAsyncResult *result, gpointer data)
{
	*(GAsyncResult **)data = g_object_ref(result);
}

static char *finish_pin(Stage *stage, GError **error)
{
	char *pin;

	while (!stage->result)
		g_main_context_iteration(NULL, TRUE);
	pin = host_agent_request_pin_finish(HOST_AGENT(stage->agent), stage->result, error);
	g_clear_object(&stage->result);
	return pin;
}

static char *request_pin(Stage *stage, GError **error)
{
	host_agent_request_pin_async(HOST_AGENT(stage->agent), NULL, keep_result, &stage->result);
	return finish_pin(stage, error);
}

/* Whether it is a PIN depends on the sink: that is for who asks to say, and to ask again. */
static void test_pin(Stage *stage, gconstpointer unused)
{
	static const char *const typed[] = {"12345670", "1234 5670 ", "1234567", ""};

	for (size_t i = 0; i < G_N_ELEMENTS(typed); i++) {
		g_autofree char *pin = NULL;

		stage->pin = typed[i];
		pin = request_pin(stage, NULL);
		g_assert_cmpstr(pin, ==, typed[i]);
	}
}

static void test_wants_no_more(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(request_pin(stage, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void test_confirm(Stage *stage, gconstpointer unused)
{
	for (stage->yes = FALSE; stage->yes <= TRUE; stage->yes++) {
		g_autoptr(GError) error = NULL;
		gboolean yes;

		host_agent_confirm_async(HOST_AGENT(stage->agent), "station-goes-away", "Go on?",
					 NULL, keep_result, &stage->result);
		while (!stage->result)
			g_main_context_iteration(NULL, TRUE);
		yes = host_agent_confirm_finish(HOST_AGENT(stage->agent), stage->result, &error);
		g_clear_object(&stage->result);
		g_assert_cmpint(yes, ==, stage->yes);
		if (stage->yes)
			g_assert_no_error(error);
		else
			g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	}
}

static void test_display(Stage *stage, gconstpointer unused)
{
	g_assert_true(host_agent_display_pin(HOST_AGENT(stage->agent), "12345670"));
	while (!stage->shown)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(stage->shown, ==, "12345670");
	host_bus_agent_release(stage->agent);
	host_bus_agent_release(stage->agent);
	while (!stage->n_released)
		g_main_context_iteration(NULL, TRUE);
	/* Another call of the same connection comes after a second Release would have. */
	stage->pin = "1234";
	g_free(request_pin(stage, NULL));
	g_assert_cmpuint(stage->n_released, ==, 1);
}

static void assert_nobody(Stage *stage)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(request_pin(stage, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

static void test_nobody(Stage *stage, gconstpointer unused)
{
	g_autoptr(HostBusAgent) with = g_steal_pointer(&stage->agent);
	const char *client = g_dbus_connection_get_unique_name(stage->clients);

	/* No agent, no object at its path, no client. */
	stage->agent = host_bus_agent_new(stage->ours, client, NULL, SESSION);
	assert_nobody(stage);
	g_assert_false(host_agent_display_pin(HOST_AGENT(stage->agent), "12345670"));
	host_bus_agent_release(stage->agent);
	g_object_unref(stage->agent);
	stage->agent = host_bus_agent_new(stage->ours, client, "/nothing", SESSION);
	assert_nobody(stage);
	g_object_unref(stage->agent);
	stage->agent = host_bus_agent_new(stage->ours, ":9.9", "/agent", SESSION);
	assert_nobody(stage);
	g_object_unref(stage->agent);
	stage->agent = g_steal_pointer(&with);
}

static void test_client_goes(Stage *stage, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	stage->silent = TRUE;
	host_agent_request_pin_async(HOST_AGENT(stage->agent), NULL, keep_result, &stage->result);
	while (!stage->open)
		g_main_context_iteration(NULL, TRUE);
	g_dbus_connection_close_sync(stage->clients, NULL, NULL);
	g_assert_null(finish_pin(stage, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
	/* It did not have the time to think about it. */
	g_assert_null(strstr(error->message, "60 s"));
}

static void on_gone(HostAgent *agent, gboolean *gone)
{
	*gone = TRUE;
}

static void test_client_goes_with_pin(Stage *stage, gconstpointer unused)
{
	gboolean gone = FALSE;

	g_signal_connect(stage->agent, "gone", G_CALLBACK(on_gone), &gone);
	g_assert_true(host_agent_display_pin(HOST_AGENT(stage->agent), "12345670"));
	while (!stage->shown)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(gone);
	g_dbus_connection_close_sync(stage->clients, NULL, NULL);
	while (!gone)
		g_main_context_iteration(NULL, TRUE);
}

static void test_cancelled(Stage *stage, gconstpointer unused)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	stage->silent = TRUE;
	host_agent_request_pin_async(HOST_AGENT(stage->agent), cancellable, keep_result,
				     &stage->result);
	while (!stage->open)
		g_main_context_iteration(NULL, TRUE);
	g_cancellable_cancel(cancellable);
	g_assert_null(finish_pin(stage, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Stage, NULL, set_up, function, tear_down)
	ADD("/agent/pin", test_pin);
	ADD("/agent/wants-no-more", test_wants_no_more);
	ADD("/agent/confirm", test_confirm);
	ADD("/agent/display", test_display);
	ADD("/agent/nobody", test_nobody);
	ADD("/agent/client-goes", test_client_goes);
	ADD("/agent/client-goes-with-pin", test_client_goes_with_pin);
	ADD("/agent/cancelled", test_cancelled);
	return g_test_run();
}
