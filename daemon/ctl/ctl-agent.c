// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl-agent.h"

#include "bus.h"
#include "ctl.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define CANCELLED "io.github.linux_miracast.Error.Cancelled"
#define MAX_LINE  64

struct _CtlAgent {
	BusAgent1 *bus;
	char *owner;

	/* The question that is open, if there is one. */
	GDBusMethodInvocation *question;
	bool is_pin; /* else it is yes or no */
	GString *line;
	guint input_source;
};

static void end_question(CtlAgent *self)
{
	g_clear_handle_id(&self->input_source, g_source_remove);
	g_string_truncate(self->line, 0);
	self->question = NULL;
}

static void cancel_question(CtlAgent *self)
{
	if (!self->question)
		return;
	putchar('\n');
	g_dbus_method_invocation_return_dbus_error(self->question, CANCELLED,
						   "nobody has answered");
	end_question(self);
}

static void ask_again(const CtlAgent *self)
{
	fputs(self->is_pin ? "PIN: " : "Go on? [y/n] ", stdout);
	fflush(stdout);
}

/* Whether it was one. */
static bool take_answer(CtlAgent *self)
{
	char *answer = g_strstrip(self->line->str);

	if (self->is_pin) {
		if (!*answer)
			return false;
		bus_agent1_complete_request_pin(self->bus, self->question, answer);
		return true;
	}
	if (g_ascii_tolower(*answer) != 'y' && g_ascii_tolower(*answer) != 'n')
		return false;
	bus_agent1_complete_confirm(self->bus, self->question, g_ascii_tolower(*answer) == 'y');
	return true;
}

static gboolean on_input(int fd, GIOCondition condition, gpointer data)
{
	CtlAgent *self = data;
	char c;
	ssize_t n = read(fd, &c, 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		self->input_source = 0;
		cancel_question(self);
		return G_SOURCE_REMOVE;
	}
	if (c != '\n') {
		if (self->line->len < MAX_LINE)
			g_string_append_c(self->line, c);
		return G_SOURCE_CONTINUE;
	}
	/* Only what is UTF-8 may go over the bus. */
	if (g_utf8_validate(self->line->str, -1, NULL) && take_answer(self)) {
		self->input_source = 0;
		end_question(self);
		return G_SOURCE_REMOVE;
	}
	g_string_truncate(self->line, 0);
	ask_again(self);
	return G_SOURCE_CONTINUE;
}

/* Takes @invocation. */
static void ask(CtlAgent *self, GDBusMethodInvocation *invocation, bool is_pin, const char *message)
{
	g_autofree char *clean = ctl_clean(message);

	cancel_question(self);
	self->question = invocation;
	self->is_pin = is_pin;
	puts(clean);
	ask_again(self);
	self->input_source =
		g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, self);
}

static gboolean on_request_pin(BusAgent1 *bus, GDBusMethodInvocation *invocation,
			       const char *session, CtlAgent *self)
{
	ask(self, invocation, true, "Type the PIN that the sink shows.");
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_confirm(BusAgent1 *bus, GDBusMethodInvocation *invocation, const char *session,
			   const char *word, const char *message, CtlAgent *self)
{
	ask(self, invocation, false, message);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* So that it is read from where the sink is. Five lines of seven columns for each digit. */
static void print_large(const char *digits)
{
	static const char *const shapes[10][5] = {
		{"#####", "#   #", "#   #", "#   #", "#####"},
		{"  #  ", " ##  ", "  #  ", "  #  ", " ### "},
		{"#####", "    #", "#####", "#    ", "#####"},
		{"#####", "    #", " ####", "    #", "#####"},
		{"#   #", "#   #", "#####", "    #", "    #"},
		{"#####", "#    ", "#####", "    #", "#####"},
		{"#####", "#    ", "#####", "#   #", "#####"},
		{"#####", "    #", "   # ", "  #  ", "  #  "},
		{"#####", "#   #", "#####", "#   #", "#####"},
		{"#####", "#   #", "#####", "    #", "#####"},
	};

	for (int line = 0; line < 5; line++) {
		fputs("  ", stdout);
		for (const char *c = digits; *c; c++)
			if (g_ascii_isdigit(*c))
				printf("  %s", shapes[g_ascii_digit_value(*c)][line]);
		putchar('\n');
	}
}

static gboolean on_display_pin(BusAgent1 *bus, GDBusMethodInvocation *invocation,
			       const char *session, const char *pin, CtlAgent *self)
{
	g_autofree char *clean = ctl_clean(pin);

	printf("Type this PIN at the sink: %s\n\n", clean);
	print_large(pin);
	putchar('\n');
	fflush(stdout);
	bus_agent1_complete_display_pin(bus, invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_release(BusAgent1 *bus, GDBusMethodInvocation *invocation, const char *session,
			   CtlAgent *self)
{
	cancel_question(self);
	bus_agent1_complete_release(bus, invocation);
	return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean on_authorize(GDBusInterfaceSkeleton *bus, GDBusMethodInvocation *invocation,
			     CtlAgent *self)
{
	if (!g_strcmp0(g_dbus_method_invocation_get_sender(invocation), self->owner))
		return TRUE;
	g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
					      "this is miracastd's to call");
	return FALSE;
}

CtlAgent *ctl_agent_new(GDBusConnection *connection, const char *name, GError **error)
{
	g_autoptr(CtlAgent) self = g_new0(CtlAgent, 1);
	g_autoptr(GVariant) owner = NULL;

	self->line = g_string_new(NULL);
	self->bus = bus_agent1_skeleton_new();
	owner = g_dbus_connection_call_sync(connection, "org.freedesktop.DBus",
					    "/org/freedesktop/DBus", "org.freedesktop.DBus",
					    "GetNameOwner", g_variant_new("(s)", name),
					    G_VARIANT_TYPE("(s)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
					    error);
	if (!owner)
		return NULL;
	g_variant_get(owner, "(s)", &self->owner);
	g_signal_connect(self->bus, "g-authorize-method", G_CALLBACK(on_authorize), self);
	g_signal_connect(self->bus, "handle-request-pin", G_CALLBACK(on_request_pin), self);
	g_signal_connect(self->bus, "handle-display-pin", G_CALLBACK(on_display_pin), self);
	g_signal_connect(self->bus, "handle-confirm", G_CALLBACK(on_confirm), self);
	g_signal_connect(self->bus, "handle-release", G_CALLBACK(on_release), self);
	if (!g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(self->bus), connection,
					      CTL_AGENT_PATH, error))
		return NULL;
	return g_steal_pointer(&self);
}

void ctl_agent_free(CtlAgent *self)
{
	cancel_question(self);
	g_signal_handlers_disconnect_by_data(self->bus, self);
	if (g_dbus_interface_skeleton_get_connection(G_DBUS_INTERFACE_SKELETON(self->bus)))
		g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(self->bus));
	g_object_unref(self->bus);
	g_string_free(self->line, TRUE);
	g_free(self->owner);
	g_free(self);
}
