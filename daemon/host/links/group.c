// SPDX-License-Identifier: GPL-2.0-or-later
#include "group.h"

G_DEFINE_ABSTRACT_TYPE(HostGroup, host_group, G_TYPE_OBJECT)

const char *host_group_maker_word(HostGroupMaker maker)
{
	static const char *const words[] = {
		[HOST_GROUP_MAKER_SUPPLICANT] = "supplicant",
		[HOST_GROUP_MAKER_NM] = "network-manager",
		[HOST_GROUP_MAKER_IWD] = "iwd",
	};

	return words[maker];
}

void host_group_net_clear(HostGroupNet *net)
{
	g_clear_pointer(&net->interface, g_free);
	g_clear_object(&net->local);
	g_clear_object(&net->peer);
}

/*
 * Stages.
 */

static gboolean on_limit(gpointer data)
{
	HostGroup *self = data;
	HostGroupClass *class = HOST_GROUP_GET_CLASS(self);

	self->limit_source = 0;
	if (self->stage == HOST_GROUP_LEAVING)
		host_group_finish(self);
	else if (class->on_limit)
		class->on_limit(self);
	else
		host_group_fail(self, class->limits[self->stage].reason,
				class->limits[self->stage].detail);
	return G_SOURCE_REMOVE;
}

void host_group_set_limit(HostGroup *self, guint limit_s)
{
	g_clear_handle_id(&self->limit_source, g_source_remove);
	if (limit_s)
		self->limit_source = g_timeout_add_seconds(limit_s, on_limit, self);
}

void host_group_set_stage(HostGroup *self, int stage)
{
	HostGroupClass *class = HOST_GROUP_GET_CLASS(self);

	self->stage = stage;
	g_clear_handle_id(&self->look_source, g_source_remove);
	if (stage == HOST_GROUP_LEAVING)
		host_group_set_limit(self, class->leave_s);
	else
		host_group_set_limit(
			self, (guint)stage < class->n_limits ? class->limits[stage].limit_s : 0);
}

static gboolean on_look(gpointer data)
{
	g_autoptr(HostGroup) self = g_object_ref(data);
	guint source = self->look_source;

	if (self->look(self))
		return G_SOURCE_CONTINUE;
	/* It may look at something else by now. */
	if (self->look_source == source)
		self->look_source = 0;
	return G_SOURCE_REMOVE;
}

void host_group_look(HostGroup *self, guint interval_ms, HostGroupLook look)
{
	g_clear_handle_id(&self->look_source, g_source_remove);
	self->look = look;
	self->look_source = g_timeout_add(interval_ms, on_look, self);
}

void host_group_look_now(HostGroup *self, guint interval_ms, HostGroupLook look)
{
	if (look(self))
		host_group_look(self, interval_ms, look);
}

/*
 * The end.
 */

void host_group_finish(HostGroup *self)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	host_group_set_stage(self, HOST_GROUP_CLOSED);
	HOST_GROUP_GET_CLASS(self)->let_go(self);
	g_clear_pointer(&self->use, host_use_end);
	if (task)
		g_task_return_error(task, g_steal_pointer(&self->error));
	if (self->is_kept) {
		self->is_kept = FALSE;
		g_object_unref(self);
	}
}

void host_group_put_back(HostGroup *self, GError *error)
{
	int from = self->stage;

	if (from >= HOST_GROUP_LEAVING) {
		g_clear_error(&error);
		return;
	}
	self->error = error;
	host_group_set_stage(self, HOST_GROUP_LEAVING);
	HOST_GROUP_GET_CLASS(self)->put_back(self, from);
}

void host_group_fail(HostGroup *self, HostReason reason, const char *detail)
{
	host_group_put_back(self, host_reason_error(reason, detail));
}

void host_group_lose(HostGroup *self, HostReason reason, const char *detail)
{
	if (self->stage == HOST_GROUP_OPEN)
		g_signal_emit_by_name(self, "lost", reason, detail);
	else
		host_group_fail(self, reason, detail);
}

/*
 * As whoever wants a group sees it.
 */

/* Not in the handler: the cancellable must not be let go of while it calls us. */
static gboolean on_cancelled_idle(gpointer data)
{
	HostGroup *self = data;

	if (self->task)
		host_group_put_back(self, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED,
							      "Cancelled"));
	return G_SOURCE_REMOVE;
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	g_idle_add_full(G_PRIORITY_DEFAULT, on_cancelled_idle, g_object_ref(data), g_object_unref);
}

void host_group_open_async(HostGroup *self, GCancellable *cancellable, GAsyncReadyCallback callback,
			   gpointer user_data)
{
	g_return_if_fail(self->stage == HOST_GROUP_NEW);
	self->task = g_task_new(self, cancellable, callback, user_data);
	/* What had been begun is put back first. */
	g_task_set_check_cancellable(self->task, FALSE);
	if (cancellable)
		g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(on_cancelled), self,
					0);
	HOST_GROUP_GET_CLASS(self)->begin(self);
}

void host_group_succeed(HostGroup *self)
{
	g_autoptr(GTask) task = g_steal_pointer(&self->task);

	host_group_set_stage(self, HOST_GROUP_OPEN);
	g_task_return_boolean(task, TRUE);
}

gboolean host_group_open_finish(HostGroup *self, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

HostGroupMaker host_group_get_maker(HostGroup *self)
{
	return HOST_GROUP_GET_CLASS(self)->maker;
}

const HostGroupNet *host_group_get_net(HostGroup *self)
{
	return &self->net;
}

void host_group_close(HostGroup *self)
{
	if (self->stage == HOST_GROUP_NEW || self->stage >= HOST_GROUP_LEAVING)
		return;
	self->is_kept = TRUE;
	g_object_ref(self);
	host_group_put_back(self, NULL);
}

void host_group_settle(HostGroup *self)
{
	if (HOST_GROUP_GET_CLASS(self)->settle)
		HOST_GROUP_GET_CLASS(self)->settle(self);
}

void host_group_add_details(HostGroup *self, GVariantDict *details)
{
	g_variant_dict_insert(details, "link-maker", "s",
			      host_group_maker_word(host_group_get_maker(self)));
}

void host_group_emit_step(HostGroup *self, const char *word, const char *message)
{
	g_signal_emit_by_name(self, "step", word, message);
}

void host_group_emit_interface(HostGroup *self, const char *name)
{
	g_signal_emit_by_name(self, "interface", name);
}

HostGroup *host_group_turn_round(HostGroup *self)
{
	HostGroupClass *class = HOST_GROUP_GET_CLASS(self);

	return class->turn_round ? class->turn_round(self) : NULL;
}

static void host_group_init(HostGroup *self)
{
}

static void host_group_finalize(GObject *object)
{
	HostGroup *self = HOST_GROUP(object);

	g_clear_handle_id(&self->limit_source, g_source_remove);
	g_clear_handle_id(&self->look_source, g_source_remove);
	g_clear_pointer(&self->use, host_use_end);
	g_clear_error(&self->error);
	host_group_net_clear(&self->net);
	G_OBJECT_CLASS(host_group_parent_class)->finalize(object);
}

static void host_group_class_init(HostGroupClass *class)
{
	G_OBJECT_CLASS(class)->finalize = host_group_finalize;
	g_signal_new("lost", HOST_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
		     2, G_TYPE_INT, G_TYPE_STRING);
	g_signal_new("interface", HOST_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
		     G_TYPE_NONE, 1, G_TYPE_STRING);
	g_signal_new("step", HOST_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
		     2, G_TYPE_STRING, G_TYPE_STRING);
}

/*
 * What several makers need.
 */

gboolean host_group_is_gone(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

GInetAddress *host_group_lookup_address(GVariant *properties, const char *name)
{
	g_autoptr(GVariant)
		value = g_variant_lookup_value(properties, name, G_VARIANT_TYPE_BYTESTRING);
	gsize n = 0;
	const guint8 *bytes = value ? g_variant_get_fixed_array(value, &n, 1) : NULL;

	return n == 4 ? g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV4) : NULL;
}
