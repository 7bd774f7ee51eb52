// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-agent.h"

#include "connect-words.h"

#define CANCELLED "io.github.linux_miracast.Error.Cancelled"

struct _ConnectAgent {
	GObject parent_instance;

	ConnectBus *bus;
	BusAgent1 *skeleton;
	GHashTable *requests; /* the session's path to Request */
};

G_DEFINE_FINAL_TYPE(ConnectAgent, connect_agent, G_TYPE_OBJECT)

static guint changed_signal;

typedef struct {
	ConnectAsks what;
	char *text;
	GDBusMethodInvocation *question; /* NULL if nothing is to be answered */
} Request;

static void request_free(gpointer data)
{
	Request *request = data;

	/* It makes way for another one, or nobody is there to answer. */
	if (request->question)
		g_dbus_method_invocation_return_dbus_error(request->question, CANCELLED,
							   "nobody has answered");
	g_free(request->text);
	g_free(request);
}

/* Takes @question. */
static void put(ConnectAgent *self, const char *session, ConnectAsks what, const char *text,
		GDBusMethodInvocation *question)
{
	Request *request = g_new0(Request, 1);

	*request = (Request){.what = what, .text = g_strdup(text), .question = question};
	g_hash_table_replace(self->requests, g_strdup(session), request);
	g_signal_emit(self, changed_signal, 0, session);
}

static void drop(ConnectAgent *self, const char *session)
{
	g_autofree char *path = g_strdup(session);

	if (g_hash_table_remove(self->requests, path))
		g_signal_emit(self, changed_signal, 0, path);
}

static gboolean on_request_pin(BusAgent1 *skeleton, GDBusMethodInvocation *invocation,
			       const char *session, ConnectAgent *self)
{
	put(self, session, CONNECT_ASKS_PIN, "", invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_display_pin(BusAgent1 *skeleton, GDBusMethodInvocation *invocation,
			       const char *session, const char *pin, ConnectAgent *self)
{
	put(self, session, CONNECT_SHOWS_PIN, pin, NULL);
	bus_agent1_complete_display_pin(skeleton, invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_confirm(BusAgent1 *skeleton, GDBusMethodInvocation *invocation,
			   const char *session, const char *word, const char *message,
			   ConnectAgent *self)
{
	put(self, session, CONNECT_ASKS_WHETHER, connect_words_question(word, message), invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_release(BusAgent1 *skeleton, GDBusMethodInvocation *invocation,
			   const char *session, ConnectAgent *self)
{
	drop(self, session);
	bus_agent1_complete_release(skeleton, invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_authorize(GDBusInterfaceSkeleton *skeleton, GDBusMethodInvocation *invocation,
			     ConnectAgent *self)
{
	g_autofree char *owner = connect_bus_get_owner(self->bus);

	if (owner && !g_strcmp0(g_dbus_method_invocation_get_sender(invocation), owner))
		return TRUE;
	g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
					      "this is miracastd's to call");
	return FALSE;
}

gboolean connect_agent_export(ConnectAgent *self, GError **error)
{
	GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON(self->skeleton);
	GDBusConnection *connection = connect_bus_get_connection(self->bus);

	if (g_dbus_interface_skeleton_get_connection(skeleton))
		return TRUE;
	return connection &&
	       g_dbus_interface_skeleton_export(skeleton, connection, CONNECT_AGENT_PATH, error);
}

ConnectAsks connect_agent_get(ConnectAgent *self, const char *session, const char **text)
{
	Request *request = g_hash_table_lookup(self->requests, session);

	*text = request ? request->text : "";
	return request ? request->what : CONNECT_ASKS_NOTHING;
}

/* The question of kind @what that is open. Transfer full, or NULL. */
static GDBusMethodInvocation *take_question(ConnectAgent *self, const char *session,
					    ConnectAsks what)
{
	Request *request = g_hash_table_lookup(self->requests, session);

	return request && request->what == what ? g_steal_pointer(&request->question) : NULL;
}

void connect_agent_answer_pin(ConnectAgent *self, const char *session, const char *pin)
{
	GDBusMethodInvocation *question = take_question(self, session, CONNECT_ASKS_PIN);

	if (question && pin)
		bus_agent1_complete_request_pin(self->skeleton, question, pin);
	else if (question)
		g_dbus_method_invocation_return_dbus_error(question, CANCELLED,
							   "the person wants no more");
	drop(self, session);
}

void connect_agent_answer(ConnectAgent *self, const char *session, gboolean yes)
{
	GDBusMethodInvocation *question = take_question(self, session, CONNECT_ASKS_WHETHER);

	if (question)
		bus_agent1_complete_confirm(self->skeleton, question, yes);
	drop(self, session);
}

/* Who asked is gone, and so are the sessions. */
static void on_presence(ConnectAgent *self)
{
	if (!connect_bus_get_manager(self->bus))
		g_hash_table_remove_all(self->requests);
}

static void connect_agent_init(ConnectAgent *self)
{
	self->skeleton = bus_agent1_skeleton_new();
	self->requests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, request_free);
	g_signal_connect(self->skeleton, "g-authorize-method", G_CALLBACK(on_authorize), self);
	g_signal_connect(self->skeleton, "handle-request-pin", G_CALLBACK(on_request_pin), self);
	g_signal_connect(self->skeleton, "handle-display-pin", G_CALLBACK(on_display_pin), self);
	g_signal_connect(self->skeleton, "handle-confirm", G_CALLBACK(on_confirm), self);
	g_signal_connect(self->skeleton, "handle-release", G_CALLBACK(on_release), self);
}

static void connect_agent_finalize(GObject *object)
{
	ConnectAgent *self = CONNECT_AGENT(object);
	GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON(self->skeleton);

	g_hash_table_unref(self->requests);
	g_signal_handlers_disconnect_by_data(skeleton, self);
	if (g_dbus_interface_skeleton_get_connection(skeleton))
		g_dbus_interface_skeleton_unexport(skeleton);
	g_object_unref(skeleton);
	g_object_unref(self->bus);
	G_OBJECT_CLASS(connect_agent_parent_class)->finalize(object);
}

static void connect_agent_class_init(ConnectAgentClass *class)
{
	G_OBJECT_CLASS(class)->finalize = connect_agent_finalize;
	changed_signal = g_signal_new("changed", CONNECT_TYPE_AGENT, G_SIGNAL_RUN_LAST, 0, NULL,
				      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

ConnectAgent *connect_agent_new(ConnectBus *bus)
{
	ConnectAgent *self = g_object_new(CONNECT_TYPE_AGENT, NULL);

	self->bus = g_object_ref(bus);
	g_signal_connect_object(bus, "presence-changed", G_CALLBACK(on_presence), self,
				G_CONNECT_SWAPPED);
	return self;
}
