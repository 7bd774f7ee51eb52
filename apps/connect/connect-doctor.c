// SPDX-License-Identifier: GPL-2.0-or-later
#include "connect-doctor.h"

#include "connect-words.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

static void finding_free(gpointer data)
{
	ConnectFinding *finding = data;

	g_free(finding->check);
	g_free(finding->meaning);
	g_free(finding->remedy);
	g_free(finding->cost);
	g_free(finding->fix);
	g_free(finding);
}

const char *connect_doctor_title(const char *check)
{
	static const struct {
		const char *check, *title;
	} titles[] = {
		{"kernel-modules", N_("Display driver")},
		{"secure-boot", N_("Secure Boot")},
		{"service", N_("Service")},
		{"encoders", N_("Video encoder")},
		{"polkit", N_("Permissions")},
		{"wifi", N_("Wi-Fi")},
		{"regulatory-domain", N_("Radio rules")},
		{"supplicant", N_("Wi-Fi Direct")},
		{"network-manager", N_("Network manager")},
		{"avahi", N_("Search on the local network")},
		{"firewall", N_("Firewall")},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(titles); i++)
		if (!strcmp(titles[i].check, check))
			return _(titles[i].title);
	return check;
}

static const char *get_text(JsonObject *object, const char *member)
{
	return json_object_get_string_member_with_default(object, member, "");
}

static void add_finding(JsonArray *array, guint i, JsonNode *node, gpointer data)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	GPtrArray *findings = data;
	ConnectFinding *finding;
	const char *state, *remedy, *cost;

	if (!object)
		return;
	state = get_text(object, "state");
	if (strcmp(state, "failed") != 0 && strcmp(state, "warning") != 0)
		return;
	remedy = get_text(object, "remedy");
	cost = get_text(object, "cost");
	finding = g_new0(ConnectFinding, 1);
	finding->check = g_strdup(get_text(object, "check"));
	finding->failed = !strcmp(state, "failed");
	finding->meaning =
		connect_words_filled(get_text(object, "pattern"), get_text(object, "meaning"));
	if (*remedy)
		finding->remedy = connect_words_filled(get_text(object, "remedy-pattern"), remedy);
	finding->cost = *cost ? g_strdup(_(cost)) : NULL;
	finding->fix = g_strdup(get_text(object, "fix"));
	g_ptr_array_add(findings, finding);
}

static GPtrArray *parse(const char *text, GError **error)
{
	g_autoptr(JsonNode) root = json_from_string(text, error);
	JsonNode *findings =
		root && JSON_NODE_HOLDS_OBJECT(root)
			? json_object_get_member(json_node_get_object(root), "findings")
			: NULL;
	GPtrArray *all;

	if (!findings || !JSON_NODE_HOLDS_ARRAY(findings)) {
		if (error && !*error)
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no findings");
		return NULL;
	}
	all = g_ptr_array_new_with_free_func(finding_free);
	json_array_foreach_element(json_node_get_array(findings), add_finding, all);
	return all;
}

static void on_answer(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	GPtrArray *findings = NULL;

	if (g_subprocess_communicate_utf8_finish(G_SUBPROCESS(object), result, &text, NULL, &error))
		findings = parse(text ? text : "", &error);
	else
		g_subprocess_force_exit(G_SUBPROCESS(object));
	if (findings)
		g_task_return_pointer(task, findings, (GDestroyNotify)g_ptr_array_unref);
	else
		g_task_return_error(task, g_steal_pointer(&error));
}

void connect_doctor_ask_async(GCancellable *cancellable, GAsyncReadyCallback callback,
			      gpointer user_data)
{
	GTask *task = g_task_new(NULL, cancellable, callback, user_data);
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) doctor =
		g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
				 &error, "miracastctl", "doctor", "--json", NULL);

	if (doctor) {
		g_subprocess_communicate_utf8_async(doctor, NULL, cancellable, on_answer, task);
		return;
	}
	g_task_return_error(task, g_steal_pointer(&error));
	g_object_unref(task);
}

GPtrArray *connect_doctor_ask_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}
