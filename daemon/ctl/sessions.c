// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions: what is known of them, what they show, and their end. */
#include "commands.h"
#include "ctl-bus.h"
#include "watch.h"

#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print_status_json(GDBusConnection *connection, const CtlObjects *objects)
{
	g_auto(GVariantBuilder) top = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_auto(GVariantBuilder) list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
	g_autoptr(GVariant) all = NULL;

	for (guint i = 0; i < objects->sessions->len; i++) {
		const CtlObject *session = objects->sessions->pdata[i];
		gboolean withheld;
		g_autoptr(GVariant)
			statistics = ctl_object_get_statistics(connection, session, &withheld);

		g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
		g_variant_builder_add(&list, "{sv}", "session",
				      g_variant_new_uint32(session->number));
		ctl_add_properties(&list, session->properties);
		if (statistics)
			g_variant_builder_add(&list, "{sv}", "statistics", statistics);
		g_variant_builder_close(&list);
	}
	ctl_add_properties(&top, objects->manager);
	g_variant_builder_add(&top, "{sv}", "sessions", g_variant_builder_end(&list));
	all = g_variant_ref_sink(g_variant_builder_end(&top));
	ctl_print_json(all);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_value(const char *name, GVariant *value)
{
	g_autofree char *text = g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)
					? g_variant_dup_string(value, NULL)
					: g_variant_print(value, FALSE);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	bool several = lines[0] && lines[1];

	printf("  %s:%s", name, several ? "\n" : " ");
	for (char **line = lines; *line; line++) {
		g_autofree char *clean = ctl_clean(*line);

		printf("%s%s\n", several ? "    " : "", clean);
	}
	if (!lines[0])
		putchar('\n');
}

/* By their names: the bus has them in any order. */
static void print_values(GVariant *values)
{
	g_autoptr(GVariantDict) dict = g_variant_dict_new(values);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GVariantIter iter;
	const char *name;

	g_variant_iter_init(&iter, values);
	while (g_variant_iter_next(&iter, "{&sv}", &name, NULL))
		g_ptr_array_add(names, (gpointer)name);
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++) {
		g_autoptr(GVariant)
			value = g_variant_dict_lookup_value(dict, names->pdata[i], NULL);

		print_value(names->pdata[i], value);
	}
}

static void print_session(GDBusConnection *connection, const CtlObject *session)
{
	gboolean withheld;
	g_autoptr(GVariant) statistics = ctl_object_get_statistics(connection, session, &withheld);
	const char *state = ctl_object_get_text(session, "State");
	const char *reason = ctl_object_get_text(session, "Reason");
	const char *step = ctl_object_get_text(session, "StepMessage");
	const char *peer = ctl_object_get_text(session, "PeerAddress");
	const char *adapter = ctl_object_get_text(session, "Adapter");
	g_autoptr(GVariant) details = NULL;
	guint32 target = 0;
	guint16 port = 0;

	g_variant_lookup(session->properties, "Port", "q", &port);
	g_variant_lookup(session->properties, "TargetId", "u", &target);
	g_variant_lookup(session->properties, "Details", "@a{sv}", &details);

	printf("Session %u: %s\n", session->number, state);
	if (*reason) {
		g_autofree char *text =
			g_strdup_printf("%s: %s", reason, ctl_object_get_text(session, "Message"));

		ctl_print_labelled("reason", text);
	}
	ctl_print_labelled("sink", ctl_object_get_text(session, "SinkName"));
	if (*peer)
		printf("  link      %s, %s is connected to %s port %u\n",
		       ctl_object_get_text(session, "Link"), peer,
		       ctl_object_get_text(session, "LocalAddress"), port);
	if (!strcmp(state, "waiting") || !strcmp(state, "reconnecting"))
		ctl_print_labelled("step", step);
	if (*adapter)
		printf("  display   %s, connector %u\n", adapter, target);
	if (details)
		print_values(details);
	if (statistics)
		print_values(statistics);
	else if (withheld)
		ctl_print_labelled("statistics", CTL_WITHHELD);
}

CtlStatus ctl_status(const Ctl *ctl, int argc, char **argv)
{
	gboolean json = FALSE, watch = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
		{"watch", 0, 0, G_OPTION_ARG_NONE, &watch,
		 "Each step as it comes, and each second what is sent, until ^C", NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(CtlObjects) objects = NULL;
	CtlStatus status = CTL_OK;

	if (!ctl_parse(ctl, entries, NULL, 0, 0, &argc, &argv))
		return CTL_USAGE;
	if (json && watch) {
		ctl_complain(
			"--json and --watch exclude each other; for programs there is monitor");
		return CTL_USAGE;
	}
	if (watch) {
		connection = ctl_bus_connect(ctl);
		return connection ? ctl_watch(connection) : CTL_NO_DAEMON;
	}
	objects = ctl_objects_open(ctl, &connection, &status);
	if (!objects)
		return status;
	if (json) {
		print_status_json(connection, objects);
		return CTL_OK;
	}
	if (!objects->sessions->len)
		puts("There is no session: begin one with 'miracastctl connect'.");
	for (guint i = 0; i < objects->sessions->len; i++)
		print_session(connection, objects->sessions->pdata[i]);
	return CTL_OK;
}

static CtlStatus disconnect(GDBusConnection *connection, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = ctl_bus_call(connection, path, CTL_SESSION, "Disconnect", NULL,
						  "()", CTL_ASK_MS, &error);

	return answer ? CTL_OK : ctl_bus_complain(error);
}

static bool has_ended(const CtlObject *session)
{
	return !strcmp(ctl_object_get_text(session, "State"), "ended");
}

static CtlStatus disconnect_all(GDBusConnection *connection, const CtlObjects *objects)
{
	CtlStatus status = CTL_OK;

	for (guint i = 0; i < objects->sessions->len; i++) {
		const CtlObject *session = objects->sessions->pdata[i];

		if (!has_ended(session) && disconnect(connection, session->path))
			status = CTL_FAILED;
	}
	return status;
}

/* The only one, if no name was given. NULL after having complained. */
static const CtlObject *find_the_session(const CtlObjects *objects)
{
	const CtlObject *only = NULL;

	for (guint i = 0; i < objects->sessions->len; i++) {
		const CtlObject *session = objects->sessions->pdata[i];

		if (has_ended(session))
			continue;
		if (only) {
			ctl_complain("there is more than one session: name its sink or its number, "
				     "or \"all\"; see miracastctl status");
			return NULL;
		}
		only = session;
	}
	if (!only)
		ctl_complain("there is no session");
	return only;
}

static const CtlObject *find_session(const CtlObjects *objects, const char *name)
{
	const CtlObject *sink = NULL;
	guint64 number = 0;
	const char *path;
	guint n_found;

	g_ascii_string_to_unsigned(name, 10, 1, G_MAXUINT32, &number, NULL);
	for (guint i = 0; i < objects->sessions->len && number; i++)
		if (((CtlObject *)objects->sessions->pdata[i])->number == number)
			return objects->sessions->pdata[i];
	sink = ctl_objects_find_sink(objects, name, &n_found);
	if (n_found > 1)
		return NULL;
	path = sink ? ctl_object_get_text(sink, "Session") : "";
	for (guint i = 0; i < objects->sessions->len; i++)
		if (!strcmp(((CtlObject *)objects->sessions->pdata[i])->path, path))
			return objects->sessions->pdata[i];
	ctl_complain(number ? "there is no session %s; see miracastctl status"
			    : "there is no session with \"%s\"; see miracastctl status",
		     name);
	return NULL;
}

CtlStatus ctl_disconnect(const Ctl *ctl, int argc, char **argv)
{
	const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(CtlObjects) objects = NULL;
	const CtlObject *session;
	CtlStatus status = CTL_OK;

	if (!ctl_parse(ctl, entries, "[SINK|SESSION|all]", 0, 1, &argc, &argv))
		return CTL_USAGE;
	objects = ctl_objects_open(ctl, &connection, &status);
	if (!objects)
		return status;
	if (argc == 2 && !strcmp(argv[1], "all"))
		return disconnect_all(connection, objects);
	session = argc == 2 ? find_session(objects, argv[1]) : find_the_session(objects);
	return session ? disconnect(connection, session->path) : CTL_FAILED;
}

/* @pixels: RGB, rows without gaps. */
static gboolean save_png(const char *path, gconstpointer pixels, guint32 width, guint32 height,
			 GError **error)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = width,
		.height = height,
		.format = PNG_FORMAT_RGB,
	};
	char *data = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&data, &size);
	bool written = stream && png_image_write_to_stdio(&image, stream, 0, pixels, 0, NULL);
	gboolean saved = FALSE;

	if (stream && fclose(stream))
		written = false;
	if (written)
		saved = g_file_set_contents(path, data, size, error);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the picture cannot be made: %s",
			    *image.message ? image.message : "out of memory");
	free(data);
	return saved;
}

static gboolean save_picture(const char *path, int file, guint32 width, guint32 height,
			     GError **error)
{
	g_autoptr(GMappedFile) map = g_mapped_file_new_from_fd(file, FALSE, error);

	if (!map)
		return FALSE;
	if (!width ||
	    g_mapped_file_get_length(map) / PNG_IMAGE_SAMPLE_SIZE(PNG_FORMAT_RGB) / width <
		    height) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "miracastd's picture is incomplete");
		return FALSE;
	}
	return save_png(path, g_mapped_file_get_contents(map), width, height, error);
}

static CtlStatus screenshot(GDBusConnection *connection, const char *session, guint max_width,
			    const char *path)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	guint32 width, height;
	gboolean saved;
	int file;

	answer = ctl_bus_call_for_file(connection, session, CTL_SESSION, "GetPicture",
				       g_variant_new("(u)", max_width), "(huu)", &file, &error);
	if (!answer)
		return ctl_bus_complain(error);
	g_variant_get(answer, "(huu)", NULL, &width, &height);
	saved = save_picture(path, file, width, height, &error);
	close(file);
	if (saved)
		return CTL_OK;
	ctl_complain("%s", error->message);
	return CTL_FAILED;
}

CtlStatus ctl_screenshot(const Ctl *ctl, int argc, char **argv)
{
	int max_width = 0;
	const GOptionEntry entries[] = {
		{"width", 0, 0, G_OPTION_ARG_INT, &max_width,
		 "Make a wider picture so many pixels wide", "PIXELS"},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GDBusConnection) connection = NULL;
	g_autoptr(CtlObjects) objects = NULL;
	const CtlObject *session;
	CtlStatus status = CTL_OK;

	if (!ctl_parse(ctl, entries, "[SINK|SESSION] FILE.png", 1, 2, &argc, &argv))
		return CTL_USAGE;
	if (max_width < 0) {
		ctl_complain("--width is %d, but should be a number of pixels", max_width);
		return CTL_USAGE;
	}
	/* A session's name without a file's would be taken for one. */
	if (!g_str_has_suffix(argv[argc - 1], ".png")) {
		g_autofree char *clean = ctl_clean(argv[argc - 1]);

		ctl_complain("the picture is a PNG, and \"%s\" does not end in .png", clean);
		return CTL_USAGE;
	}
	objects = ctl_objects_open(ctl, &connection, &status);
	if (!objects)
		return status;
	session = argc == 3 ? find_session(objects, argv[1]) : find_the_session(objects);
	return session ? screenshot(connection, session->path, max_width, argv[argc - 1])
		       : CTL_FAILED;
}
