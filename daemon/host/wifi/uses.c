// SPDX-License-Identifier: GPL-2.0-or-later
#include "uses.h"

#define WAIT_S 5

HostUse *host_uses_add(HostUses *uses, guint16 port, HostUseReady ready, gpointer user_data)
{
	HostUse *use = g_new0(HostUse, 1);

	use->uses = uses;
	use->port = port;
	use->ready = ready;
	use->user_data = user_data;
	uses->list = g_list_append(uses->list, use);
	g_object_ref(uses->object);
	return use;
}

void host_use_end(HostUse *use)
{
	HostUses *uses = use->uses;

	uses->list = g_list_remove(uses->list, use);
	g_free(use);
	uses->ended(uses->object);
	g_object_unref(uses->object);
}

/* One at a time, as any of them may end others. */
void host_uses_tell(HostUses *uses, const GError *error)
{
	g_autoptr(GObject) kept = g_object_ref(uses->object);
	gboolean again = TRUE;

	while (again) {
		again = FALSE;
		for (GList *item = uses->list; item && !again; item = item->next) {
			HostUse *use = item->data;

			if (!use->ready)
				continue;
			again = TRUE;
			((HostUseReady)g_steal_pointer(&use->ready))(error, use->user_data);
		}
	}
}

void host_uses_fail(HostUses *uses, HostReason reason, const char *detail)
{
	g_autoptr(GError) error = host_reason_error(reason, detail);

	host_uses_tell(uses, error);
}

static gboolean on_waited(gpointer data)
{
	*(gboolean *)data = TRUE;
	return G_SOURCE_REMOVE;
}

void host_uses_wait(HostUses *uses, gboolean (*busy)(gpointer object))
{
	gboolean over = FALSE;
	guint limit = g_timeout_add_seconds(WAIT_S, on_waited, &over);

	while (!over && (uses->list || busy(uses->object)))
		g_main_context_iteration(NULL, TRUE);
	if (!over)
		g_source_remove(limit);
}
