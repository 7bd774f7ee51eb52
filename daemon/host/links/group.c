// SPDX-License-Identifier: GPL-2.0-or-later
#include "group.h"

G_DEFINE_INTERFACE(HostGroup, host_group, G_TYPE_OBJECT)

static void host_group_default_init(HostGroupInterface *iface)
{
	g_signal_new("lost", HOST_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
		     2, G_TYPE_INT, G_TYPE_STRING);
	g_signal_new("step", HOST_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
		     2, G_TYPE_STRING, G_TYPE_STRING);
}

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

/* Not in the handler: the cancellable must not be let go of while it calls us. */
static gboolean on_cancelled_idle(gpointer data)
{
	HostGroup *group = data;

	HOST_GROUP_GET_IFACE(group)->cancel(group);
	return G_SOURCE_REMOVE;
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	g_idle_add_full(G_PRIORITY_DEFAULT, on_cancelled_idle, g_object_ref(data), g_object_unref);
}

void host_group_open_async(HostGroup *group, GCancellable *cancellable,
			   GAsyncReadyCallback callback, gpointer user_data)
{
	g_autoptr(GTask) task = g_task_new(group, cancellable, callback, user_data);

	/* What had been begun is put back first. */
	g_task_set_check_cancellable(task, FALSE);
	if (cancellable)
		g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(on_cancelled), group,
					0);
	HOST_GROUP_GET_IFACE(group)->open(group, g_steal_pointer(&task));
}

gboolean host_group_open_finish(HostGroup *group, GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}

const HostGroupNet *host_group_get_net(HostGroup *group)
{
	return HOST_GROUP_GET_IFACE(group)->get_net(group);
}

void host_group_close(HostGroup *group)
{
	HOST_GROUP_GET_IFACE(group)->close(group);
}

void host_group_add_details(HostGroup *group, GVariantDict *details)
{
	if (HOST_GROUP_GET_IFACE(group)->add_details)
		HOST_GROUP_GET_IFACE(group)->add_details(group, details);
}

void host_group_emit_lost(HostGroup *group, int reason, const char *detail)
{
	g_signal_emit_by_name(group, "lost", reason, detail);
}

void host_group_emit_step(HostGroup *group, const char *word, const char *message)
{
	g_signal_emit_by_name(group, "step", word, message);
}

GInetAddress *host_group_lookup_address(GVariant *properties, const char *name)
{
	g_autoptr(GVariant)
		value = g_variant_lookup_value(properties, name, G_VARIANT_TYPE_BYTESTRING);
	gsize n = 0;
	const guint8 *bytes = value ? g_variant_get_fixed_array(value, &n, 1) : NULL;

	return n == 4 ? g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV4) : NULL;
}
