// SPDX-License-Identifier: GPL-2.0-or-later
#include "station.h"

#include "wifi/radio.h"

#include <string.h>

typedef struct {
	HostAgent *agent;
	int stage;
	void (*go_on)(HostGroup *group);
} Question;

static void question_free(gpointer data)
{
	Question *question = data;

	g_object_unref(question->agent);
	g_free(question);
}

static void on_answered(GObject *object, GAsyncResult *result, gpointer data)
{
	HostGroup *group = HOST_GROUP(object);
	const Question *question = g_task_get_task_data(G_TASK(result));
	GError *error = NULL;
	gboolean may = g_task_propagate_boolean(G_TASK(result), &error);

	if (group->stage != question->stage)
		g_clear_error(&error);
	else if (may)
		question->go_on(group);
	else
		host_group_put_back(group, error);
}

static void on_confirmed(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GError) error = NULL;
	HostReason reason;

	if (host_agent_confirm_finish(HOST_AGENT(object), result, &error)) {
		g_task_return_boolean(task, TRUE);
		return;
	}
	reason = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)
			 ? HOST_REASON_STATION_KEPT
			 : HOST_REASON_DECLINED_BY_USER;
	g_task_return_error(task, host_reason_error(reason, NULL));
}

static void on_state_read(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, NULL);
	g_autoptr(GVariant) state = NULL;
	const Question *question;

	if (answer)
		g_variant_get(answer, "(v)", &state);
	if (!state || !g_variant_is_of_type(state, G_VARIANT_TYPE_STRING) ||
	    strcmp(g_variant_get_string(state, NULL), "completed")) {
		g_task_return_boolean(task, TRUE);
		return;
	}
	question = g_task_get_task_data(task);
	host_agent_confirm_async(question->agent, "station-goes-away",
				 "This Wi-Fi device cannot be on its network and reach the sink at "
				 "once: the network will be left.",
				 g_task_get_cancellable(task), on_confirmed, g_object_ref(task));
}

void host_station_ask(HostGroup *group, HostSupplicant *supplicant, HostAgent *agent,
		      GCancellable *cancellable, void (*go_on)(HostGroup *group))
{
	g_autoptr(GTask) task = g_task_new(group, cancellable, on_answered, NULL);
	Question *question = g_new0(Question, 1);

	question->agent = g_object_ref(agent);
	question->stage = group->stage;
	question->go_on = go_on;
	g_task_set_check_cancellable(task, FALSE);
	g_task_set_task_data(task, question, question_free);
	/* Where both go together, the supplicant prefers the network's channel by itself. */
	if (host_radio_count_channels(host_supplicant_get_interface(supplicant))) {
		g_task_return_boolean(task, TRUE);
		return;
	}
	host_supplicant_bus_get(host_supplicant_get_connection(supplicant),
				host_supplicant_get_p2p(supplicant), HOST_SUPPLICANT_INTERFACE,
				"State", on_state_read, g_object_ref(task));
}
