// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl-bus.h"

#include <gio/gunixfdlist.h>
#include <stdbool.h>
#include <stdlib.h>

#define CALL_FLAGS \
	(G_DBUS_CALL_FLAGS_NO_AUTO_START | G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)

CtlStatus ctl_bus_complain(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);
	g_autoptr(GError) copy = g_error_copy(error);

	g_dbus_error_strip_remote_error(copy);
	if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)) {
		ctl_complain("miracastd does not run: start it (systemctl start miracastd), or "
			     "check --bus");
		return CTL_NO_DAEMON;
	}
	/* GDBus's own limit, the bus's, and a bus that is gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
	    g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)) {
		ctl_complain("miracastd does not answer: see its log");
		return CTL_NO_DAEMON;
	}
	ctl_complain("%s", copy->message);
	return !g_strcmp0(name, "io.github.linux_miracast.Error.InvalidArgument") ? CTL_USAGE
										  : CTL_FAILED;
}

GDBusConnection *ctl_bus_open(const char *bus, GError **error)
{
	GDBusConnection *connection;

	if (!bus || !strcmp(bus, "system"))
		connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
	else if (!strcmp(bus, "session"))
		connection = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, error);
	else
		connection = g_dbus_connection_new_for_address_sync(
			bus,
			G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
				G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
			NULL, NULL, error);
	if (connection)
		g_dbus_connection_set_exit_on_close(connection, FALSE);
	return connection;
}

GDBusConnection *ctl_bus_connect(const Ctl *ctl)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection = ctl_bus_open(ctl->bus, &error);

	if (!connection)
		ctl_complain("there is no way to the bus: %s", error->message);
	return connection;
}

GVariant *ctl_bus_call(GDBusConnection *connection, const char *path, const char *interface,
		       const char *method, GVariant *arguments, const char *answer, int limit_ms,
		       GError **error)
{
	return g_dbus_connection_call_sync(connection, CTL_BUS_NAME, path, interface, method,
					   arguments, G_VARIANT_TYPE(answer), CALL_FLAGS, limit_ms,
					   NULL, error);
}

GVariant *ctl_bus_call_for_file(GDBusConnection *connection, const char *path,
				const char *interface, const char *method, GVariant *arguments,
				const char *answer, int *file, GError **error)
{
	g_autoptr(GUnixFDList) files = NULL;
	g_autoptr(GVariant) result = g_dbus_connection_call_with_unix_fd_list_sync(
		connection, CTL_BUS_NAME, path, interface, method, arguments,
		G_VARIANT_TYPE(answer), CALL_FLAGS, CTL_ASK_MS, NULL, &files, NULL, error);
	gint32 handle;

	if (!result)
		return NULL;
	g_variant_get_child(result, 0, "h", &handle);
	if (!files || handle < 0 || handle >= g_unix_fd_list_get_length(files)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "miracastd's answer has no file");
		return NULL;
	}
	*file = g_unix_fd_list_get(files, handle, error);
	return *file >= 0 ? g_steal_pointer(&result) : NULL;
}

gboolean ctl_bus_start_discovery(GDBusConnection *connection, CtlStatus *status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = ctl_bus_call(connection, CTL_MANAGER_PATH, CTL_MANAGER,
						  "StartDiscovery", NULL, "()", CTL_ASK_MS, &error);

	if (!answer)
		*status = ctl_bus_complain(error);
	return answer != NULL;
}

/*
 * Objects.
 */

static void object_free(gpointer data)
{
	CtlObject *object = data;

	g_free(object->path);
	g_variant_unref(object->properties);
	g_free(object);
}

static int compare_objects(gconstpointer a, gconstpointer b)
{
	guint first = (*(CtlObject *const *)a)->number;
	guint second = (*(CtlObject *const *)b)->number;

	return first < second ? -1 : first > second;
}

guint ctl_number_of(const char *path, const char *prefix)
{
	return g_str_has_prefix(path, prefix) ? strtoul(path + strlen(prefix), NULL, 10) : 0;
}

static void add_object(GPtrArray *objects, const char *path, const char *prefix,
		       GVariant *interfaces, const char *interface)
{
	GVariant *properties =
		g_variant_lookup_value(interfaces, interface, G_VARIANT_TYPE_VARDICT);
	CtlObject *object;

	if (!properties)
		return;
	/* Texts that are looked up lie in it then, and not in children that may go before it. */
	g_variant_get_data(properties);
	object = g_new0(CtlObject, 1);
	object->number = ctl_number_of(path, prefix);
	object->path = g_strdup(path);
	object->properties = properties;
	g_ptr_array_add(objects, object);
}

CtlObjects *ctl_objects_get(GDBusConnection *connection, CtlStatus *status)
{
	g_autoptr(CtlObjects) objects = g_new0(CtlObjects, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GVariantIter) iter = NULL;
	const char *path;
	GVariant *interfaces;

	objects->sinks = g_ptr_array_new_with_free_func(object_free);
	objects->sessions = g_ptr_array_new_with_free_func(object_free);
	answer = ctl_bus_call(connection, CTL_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
			      "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", CTL_READ_MS, &error);
	if (!answer) {
		*status = ctl_bus_complain(error);
		return NULL;
	}
	g_variant_get(answer, "(a{oa{sa{sv}}})", &iter);
	while (g_variant_iter_next(iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		g_autoptr(GVariant) owned = interfaces;

		if (!objects->manager)
			objects->manager = g_variant_lookup_value(interfaces, CTL_MANAGER,
								  G_VARIANT_TYPE_VARDICT);
		add_object(objects->sinks, path, CTL_SINK_PREFIX, interfaces, CTL_SINK);
		add_object(objects->sessions, path, CTL_SESSION_PREFIX, interfaces, CTL_SESSION);
	}
	g_ptr_array_sort(objects->sinks, compare_objects);
	g_ptr_array_sort(objects->sessions, compare_objects);
	return g_steal_pointer(&objects);
}

CtlObjects *ctl_objects_open(const Ctl *ctl, GDBusConnection **connection, CtlStatus *status)
{
	*connection = ctl_bus_connect(ctl);
	if (*connection)
		return ctl_objects_get(*connection, status);
	*status = CTL_NO_DAEMON;
	return NULL;
}

void ctl_objects_free(CtlObjects *objects)
{
	g_clear_pointer(&objects->manager, g_variant_unref);
	g_ptr_array_unref(objects->sinks);
	g_ptr_array_unref(objects->sessions);
	g_free(objects);
}

GVariant *ctl_object_get_statistics(GDBusConnection *connection, const CtlObject *session,
				    gboolean *withheld)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
		connection, CTL_BUS_NAME, session->path, CTL_SESSION, "GetStatistics", NULL,
		G_VARIANT_TYPE("(a{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START, CTL_READ_MS, NULL,
		&error);

	*withheld = FALSE;
	if (answer)
		return g_variant_get_child_value(answer, 0);
	name = g_dbus_error_get_remote_error(error);
	*withheld = !g_strcmp0(name, CTL_BUS_NAME ".Error.NotAuthorized");
	return NULL;
}

const char *ctl_object_get_text(const CtlObject *object, const char *property)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(object->properties, property, NULL);

	/* The dictionary holds it. */
	if (value && (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) ||
		      g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH)))
		return g_variant_get_string(value, NULL);
	return "";
}

gboolean ctl_object_get_flag(const CtlObject *object, const char *property)
{
	gboolean flag = FALSE;

	g_variant_lookup(object->properties, property, "b", &flag);
	return flag;
}

char *ctl_object_join(const CtlObject *object, const char *property, const char *separator)
{
	g_autofree const char **texts = NULL;

	if (!g_variant_lookup(object->properties, property, "^a&s", &texts))
		return g_strdup("");
	return g_strjoinv(separator, (char **)texts);
}

/*
 * Names of sinks.
 */

static bool is_alike(const char *a, const char *b)
{
	g_autofree char *first = g_utf8_casefold(a, -1);
	g_autofree char *second = g_utf8_casefold(b, -1);

	return !strcmp(first, second);
}

static bool is_named(const CtlObject *sink, const char *name)
{
	return !strcmp(ctl_object_get_text(sink, "Name"), name);
}

static bool is_named_alike(const CtlObject *sink, const char *name)
{
	return is_alike(ctl_object_get_text(sink, "Name"), name);
}

static bool has_address(const CtlObject *sink, const char *name)
{
	return is_alike(ctl_object_get_text(sink, "Address"), name);
}

static bool has_path(const CtlObject *sink, const char *name)
{
	return !strcmp(sink->path + strlen(CTL_ROOT_PATH "/"), name);
}

static void complain_of_several(GPtrArray *found, const char *name)
{
	g_autoptr(GString) all = g_string_new(NULL);

	for (guint i = 0; i < found->len; i++) {
		const CtlObject *sink = found->pdata[i];
		g_autofree char *ways = ctl_object_join(sink, "Ways", " ");

		g_string_append_printf(all, "%s%s (%s), sink/%u", i ? "; " : "",
				       ctl_object_get_text(sink, "Address"),
				       *ways ? ways : "not there", sink->number);
	}
	ctl_complain("%u sinks are called \"%s\": name one by its address or number: %s",
		     found->len, name, all->str);
}

const CtlObject *ctl_objects_find_sink(const CtlObjects *objects, const char *name, guint *n_found)
{
	/* The first one that finds any decides. */
	static bool (*const matches[])(const CtlObject *sink, const char *name) = {
		is_named, has_address, has_path, is_named_alike};
	g_autoptr(GPtrArray) found = g_ptr_array_new();

	for (gsize i = 0; i < G_N_ELEMENTS(matches) && !found->len; i++)
		for (guint n = 0; n < objects->sinks->len; n++)
			if (matches[i](objects->sinks->pdata[n], name))
				g_ptr_array_add(found, objects->sinks->pdata[n]);
	if (found->len > 1)
		complain_of_several(found, name);
	*n_found = found->len;
	return found->len ? found->pdata[0] : NULL;
}

const CtlObject *ctl_objects_need_sink(const CtlObjects *objects, const char *name)
{
	guint n_found;
	const CtlObject *sink = ctl_objects_find_sink(objects, name, &n_found);

	if (!n_found)
		ctl_complain("there is no sink \"%s\"; see miracastctl list, or look for it: "
			     "miracastctl scan",
			     name);
	return n_found == 1 ? sink : NULL;
}

void ctl_objects_complain_of_problems(const CtlObjects *objects)
{
	g_autoptr(GVariantIter) problems = NULL;
	const char *way, *message;

	if (!objects->manager ||
	    !g_variant_lookup(objects->manager, "Problems", "a{s(ss)}", &problems))
		return;
	while (g_variant_iter_loop(problems, "{&s(&s&s)}", &way, NULL, &message))
		ctl_complain("%s: %s", way, message);
}

static char *json_name(const char *property)
{
	GString *name = g_string_new(NULL);

	for (const char *c = property; *c; c++) {
		if (g_ascii_isupper(*c) && c != property)
			g_string_append_c(name, '-');
		g_string_append_c(name, g_ascii_tolower(*c));
	}
	return g_string_free(name, FALSE);
}

void ctl_add_properties(GVariantBuilder *builder, GVariant *properties)
{
	GVariantIter iter;
	const char *property;
	GVariant *value;

	if (!properties)
		return;
	g_variant_iter_init(&iter, properties);
	while (g_variant_iter_loop(&iter, "{&sv}", &property, &value)) {
		g_autofree char *name = json_name(property);

		g_variant_builder_add(builder, "{sv}", name, value);
	}
}

const char *ctl_objects_get_maker(const CtlObjects *objects, const char *way)
{
	g_autoptr(GVariant) makers = NULL;
	const char *maker = "";

	if (objects->manager)
		makers =
			g_variant_lookup_value(objects->manager, "Makers", G_VARIANT_TYPE("a{ss}"));
	if (makers)
		g_variant_lookup(makers, way, "&s", &maker);
	return maker;
}
