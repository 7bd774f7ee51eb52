// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus-agent.h"

#include <stdbool.h>

#define INTERFACE "io.github.linux_miracast.Agent1"
#define CANCELLED "io.github.linux_miracast.Error.Cancelled"

struct _HostBusAgent {
	GObject parent_instance;

	GDBusConnection *connection;
	char *owner;
	char *path;
	char *session;
	bool asked; /* so that there is something to release */
	guint watch; /* over the client, while a PIN is shown */
};

static void host_bus_agent_iface_init(HostAgentInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(HostBusAgent, host_bus_agent, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(HOST_TYPE_AGENT, host_bus_agent_iface_init))

/* What the maker of a link is told, whatever the client said. */
static GError *translate(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);
	g_autoptr(GError) copy = g_error_copy(error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || !g_strcmp0(name, CANCELLED))
		return g_error_new(G_IO_ERROR, G_IO_ERROR_CANCELLED, "the person wants no more");
	/* The bus's own NO_REPLY says that the client has gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		return g_error_new(G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
				   "nobody has answered within %u s", HOST_BUS_AGENT_WAIT_S);
	g_dbus_error_strip_remote_error(copy);
	return g_error_new(G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "there is nobody to ask: %s",
			   copy->message);
}

static void on_answer(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GError) error = NULL;
	GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

	if (answer)
		g_task_return_pointer(task, answer, (GDestroyNotify)g_variant_unref);
	else
		g_task_return_error(task, translate(error));
}

/* The task of @callback gets the answer, a GVariant of @type. Consumes @arguments. */
static void ask(HostBusAgent *self, const char *method, GVariant *arguments,
		const GVariantType *type, GCancellable *cancellable, GAsyncReadyCallback callback,
		gpointer user_data)
{
	g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
	g_autoptr(GVariant) owned = g_variant_ref_sink(arguments);

	if (!self->path) {
		g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
					"there is nobody to ask: the client gave no agent");
		return;
	}
	self->asked = true;
	g_dbus_connection_call(self->connection, self->owner, self->path, INTERFACE, method, owned,
			       type, G_DBUS_CALL_FLAGS_NO_AUTO_START, HOST_BUS_AGENT_WAIT_S * 1000,
			       cancellable, on_answer, g_steal_pointer(&task));
}

/* Nobody waits for an answer. Consumes @arguments. */
static void tell(HostBusAgent *self, const char *method, GVariant *arguments)
{
	g_dbus_connection_call(self->connection, self->owner, self->path, INTERFACE, method,
			       arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL,
			       NULL);
}

static void host_bus_agent_request_pin_async(HostAgent *agent, GCancellable *cancellable,
					     GAsyncReadyCallback callback, gpointer user_data)
{
	HostBusAgent *self = HOST_BUS_AGENT(agent);

	ask(self, "RequestPin", g_variant_new("(o)", self->session), G_VARIANT_TYPE("(s)"),
	    cancellable, callback, user_data);
}

static char *host_bus_agent_request_pin_finish(HostAgent *agent, GAsyncResult *result,
					       GError **error)
{
	g_autoptr(GVariant) answer = g_task_propagate_pointer(G_TASK(result), error);
	char *typed = NULL;

	if (answer)
		g_variant_get(answer, "(s)", &typed);
	return typed;
}

static void on_client_gone(GDBusConnection *connection, const char *name, gpointer data)
{
	g_signal_emit_by_name(data, "gone");
}

static gboolean host_bus_agent_display_pin(HostAgent *agent, const char *pin)
{
	HostBusAgent *self = HOST_BUS_AGENT(agent);

	if (!self->path)
		return FALSE;
	self->asked = true;
	tell(self, "DisplayPin", g_variant_new("(os)", self->session, pin));
	if (!self->watch)
		self->watch = g_bus_watch_name_on_connection(self->connection, self->owner,
							     G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
							     on_client_gone, self, NULL);
	return TRUE;
}

static void host_bus_agent_confirm_async(HostAgent *agent, const char *word, const char *message,
					 GCancellable *cancellable, GAsyncReadyCallback callback,
					 gpointer user_data)
{
	HostBusAgent *self = HOST_BUS_AGENT(agent);

	ask(self, "Confirm", g_variant_new("(oss)", self->session, word, message),
	    G_VARIANT_TYPE("(b)"), cancellable, callback, user_data);
}

static gboolean host_bus_agent_confirm_finish(HostAgent *agent, GAsyncResult *result,
					      GError **error)
{
	g_autoptr(GVariant) answer = g_task_propagate_pointer(G_TASK(result), error);
	gboolean yes = FALSE;

	if (answer)
		g_variant_get(answer, "(b)", &yes);
	if (answer && !yes)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the person said no");
	return yes;
}

void host_bus_agent_release(HostBusAgent *self)
{
	if (self->asked)
		tell(self, "Release", g_variant_new("(o)", self->session));
	self->asked = false;
	g_clear_handle_id(&self->watch, g_bus_unwatch_name);
}

static void host_bus_agent_iface_init(HostAgentInterface *iface)
{
	iface->request_pin_async = host_bus_agent_request_pin_async;
	iface->request_pin_finish = host_bus_agent_request_pin_finish;
	iface->display_pin = host_bus_agent_display_pin;
	iface->confirm_async = host_bus_agent_confirm_async;
	iface->confirm_finish = host_bus_agent_confirm_finish;
}

static void host_bus_agent_init(HostBusAgent *self)
{
}

static void host_bus_agent_finalize(GObject *object)
{
	HostBusAgent *self = HOST_BUS_AGENT(object);

	g_clear_handle_id(&self->watch, g_bus_unwatch_name);
	g_object_unref(self->connection);
	g_free(self->owner);
	g_free(self->path);
	g_free(self->session);
	G_OBJECT_CLASS(host_bus_agent_parent_class)->finalize(object);
}

static void host_bus_agent_class_init(HostBusAgentClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_bus_agent_finalize;
}

HostBusAgent *host_bus_agent_new(GDBusConnection *connection, const char *owner, const char *path,
				 const char *session)
{
	HostBusAgent *self = g_object_new(HOST_TYPE_BUS_AGENT, NULL);

	self->connection = g_object_ref(connection);
	self->owner = g_strdup(owner);
	self->path = g_strdup(path);
	self->session = g_strdup(session);
	return self;
}
