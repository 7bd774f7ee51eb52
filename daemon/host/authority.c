// SPDX-License-Identifier: GPL-2.0-or-later
#include "authority.h"

#include <stdbool.h>
#include <unistd.h>

#define POLKIT	     "org.freedesktop.PolicyKit1"
#define POLKIT_PATH  "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_CALLS "org.freedesktop.PolicyKit1.Authority"

/* Flag of CheckAuthorization. */
#define ALLOW_USER_INTERACTION 1u

static const char *const actions[] = {
	[HOST_ACTION_DISCOVER] = "io.github.linux_miracast.discover",
	[HOST_ACTION_CONNECT] = "io.github.linux_miracast.connect",
	[HOST_ACTION_INPUT] = "io.github.linux_miracast.input",
	[HOST_ACTION_MANAGE] = "io.github.linux_miracast.manage",
	[HOST_ACTION_WATCH] = "io.github.linux_miracast.watch",
};

struct _HostAuthority {
	GDBusConnection *connection;
	GCancellable *cancellable;
	guint last_check;
	GList *checks; /* AuthorityCheck, not decided yet */
};

typedef struct {
	HostAuthority *authority;
	GCancellable *cancellable; /* cancelled: the authority is gone */
	GDBusMethodInvocation *invocation; /* NULL: answered */
	HostAction action;
	guint owner;
	guint uid; /* the caller's */
	bool is_called_off;
	char *id; /* of the question to polkit */
	HostAllowed allowed;
	gpointer user_data;
} AuthorityCheck;

static void check_free(AuthorityCheck *check)
{
	if (!g_cancellable_is_cancelled(check->cancellable))
		check->authority->checks = g_list_remove(check->authority->checks, check);
	g_object_unref(check->cancellable);
	g_free(check->id);
	g_free(check);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuthorityCheck, check_free)

G_GNUC_PRINTF(2, 3)
static void refuse(AuthorityCheck *check, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_dbus_method_invocation_return_dbus_error(g_steal_pointer(&check->invocation),
						   "io.github.linux_miracast.Error.NotAuthorized",
						   message);
}

static void allow(AuthorityCheck *check)
{
	if (check->is_called_off)
		refuse(check, "it was called off before it was decided");
	else
		check->allowed(g_steal_pointer(&check->invocation), check->uid, check->user_data);
}

static bool is_absent(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

static bool is_silence(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
}

/* polkit's dialog, should one be open, goes away. */
static void take_back(AuthorityCheck *check)
{
	g_dbus_connection_call(check->authority->connection, POLKIT, POLKIT_PATH, POLKIT_CALLS,
			       "CancelCheckAuthorization", g_variant_new("(s)", check->id), NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
}

static void on_no_decision(AuthorityCheck *check, const GError *error)
{
	if (is_absent(error) && check->uid == geteuid()) {
		allow(check);
	} else if (is_absent(error)) {
		refuse(check, "only root may, because polkit is not there to ask who else may: "
			      "install it (polkitd)");
	} else if (is_silence(error)) {
		take_back(check);
		refuse(check, "polkit does not answer: see the log of polkit.service");
	} else {
		refuse(check, "polkit: %s", error->message);
	}
}

static void on_decision(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(AuthorityCheck) check = data;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	gboolean is_authorized, is_challenge;

	answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	if (g_cancellable_is_cancelled(check->cancellable)) {
		refuse(check, "miracastd is shutting down");
		return;
	}
	if (!answer) {
		g_dbus_error_strip_remote_error(error);
		on_no_decision(check, error);
		return;
	}
	g_variant_get(answer, "((bba{ss}))", &is_authorized, &is_challenge, NULL);
	if (is_authorized)
		allow(check);
	else if (is_challenge)
		refuse(check, "an administrator has to allow it, and there was nobody to ask for a "
			      "password: do it as root, or at the machine itself");
	else
		refuse(check, "polkit does not allow it (action %s)", actions[check->action]);
}

static void ask(AuthorityCheck *check)
{
	const char *sender = g_dbus_method_invocation_get_sender(check->invocation);
	GDBusMessage *message = g_dbus_method_invocation_get_message(check->invocation);
	bool person = g_dbus_message_get_flags(message) &
		      G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;
	GVariantBuilder details = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{sv}"));
	int wait_s = person ? HOST_AUTHORITY_PERSON_WAIT_S : HOST_AUTHORITY_WAIT_S;

	check->id = g_strdup_printf("miracastd-%u", ++check->authority->last_check);
	g_variant_builder_add(&details, "{sv}", "name", g_variant_new_string(sender));
	g_dbus_connection_call(check->authority->connection, POLKIT, POLKIT_PATH, POLKIT_CALLS,
			       "CheckAuthorization",
			       g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &details,
					     actions[check->action], NULL,
					     person ? ALLOW_USER_INTERACTION : 0u, check->id),
			       G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, wait_s * 1000,
			       check->cancellable, on_decision, check);
}

static void on_uid(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(AuthorityCheck) check = data;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;

	answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
	if (g_cancellable_is_cancelled(check->cancellable)) {
		refuse(check, "miracastd is shutting down");
		return;
	}
	/* It has left the bus meanwhile. */
	if (!answer) {
		refuse(check, "who asks is not known: %s", error->message);
		return;
	}
	g_variant_get(answer, "(u)", &check->uid);
	if (!check->uid || check->uid == check->owner)
		allow(check);
	else
		ask(g_steal_pointer(&check));
}

void host_authority_check(HostAuthority *self, GDBusMethodInvocation *invocation, HostAction action,
			  guint owner, HostAllowed allowed, gpointer user_data)
{
	AuthorityCheck *check = g_new0(AuthorityCheck, 1);

	check->authority = self;
	check->cancellable = g_object_ref(self->cancellable);
	check->invocation = invocation;
	check->action = action;
	check->owner = owner;
	check->allowed = allowed;
	check->user_data = user_data;
	self->checks = g_list_prepend(self->checks, check);
	g_dbus_connection_call(self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "GetConnectionUnixUser",
			       g_variant_new("(s)",
					     g_dbus_method_invocation_get_sender(invocation)),
			       G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable,
			       on_uid, check);
}

void host_authority_call_off(HostAuthority *self, HostAction action, const char *sender)
{
	for (GList *item = self->checks; item; item = item->next) {
		AuthorityCheck *check = item->data;

		if (check->action == action && check->invocation &&
		    !strcmp(g_dbus_method_invocation_get_sender(check->invocation), sender))
			check->is_called_off = true;
	}
}

HostAuthority *host_authority_new(GDBusConnection *connection)
{
	HostAuthority *self = g_new0(HostAuthority, 1);

	self->connection = g_object_ref(connection);
	self->cancellable = g_cancellable_new();
	return self;
}

void host_authority_free(HostAuthority *self)
{
	g_cancellable_cancel(self->cancellable);
	g_object_unref(self->cancellable);
	g_object_unref(self->connection);
	/* Each ends by itself, and looks here no more. */
	g_list_free(self->checks);
	g_free(self);
}
