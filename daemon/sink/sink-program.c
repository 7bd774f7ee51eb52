// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-program.h"

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_S	5
#define POLL_US (10 * G_TIME_SPAN_MILLISECOND)

struct SinkProgram {
	char *name;
	GPid pid; /* 0: it has ended */
	guint watch;
	GCancellable *cancellable;
	GDataInputStream *output;
	SinkProgramLine line;
	SinkProgramEnded ended;
	gpointer user_data;
};

static char *find(const char *name)
{
	static const char *const folders[] = {"/usr/sbin", "/sbin"};
	char *path = g_find_program_in_path(name);

	/* Those of root are not in everybody's PATH. */
	for (guint i = 0; !path && i < G_N_ELEMENTS(folders); i++) {
		path = g_build_filename(folders[i], name, NULL);
		if (!g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
			g_clear_pointer(&path, g_free);
	}
	return path;
}

/* In the child: it goes with its parent, even if that is killed. */
static void prepare(gpointer user_data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void on_ended(GPid pid, int status, gpointer user_data)
{
	SinkProgram *self = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	self->watch = 0;
	self->pid = 0;
	if (g_spawn_check_wait_status(status, &error))
		sentence = g_strdup_printf("%s has ended.", self->name);
	else
		sentence = g_strdup_printf("%s has ended: %s.", self->name, error->message);
	self->ended(sentence, self->user_data);
}

static void on_line(GObject *object, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *line = g_data_input_stream_read_line_finish_utf8(
		G_DATA_INPUT_STREAM(object), result, NULL, &error);
	SinkProgram *self = user_data;

	/* Cancelled, it may be freed already. */
	if (!line)
		return;
	g_data_input_stream_read_line_async(self->output, G_PRIORITY_DEFAULT, self->cancellable,
					    on_line, self);
	self->line(line, self->user_data);
}

SinkProgram *sink_program_new(const char *const *argv, SinkProgramLine line, SinkProgramEnded ended,
			      gpointer user_data, GError **error)
{
	g_autofree char *path = find(argv[0]);
	g_auto(GStrv) copy = g_strdupv((char **)argv);
	SinkProgram *self;
	GPid pid;
	int output = -1;

	if (!path) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "the program %s is not there: is it installed?", argv[0]);
		return NULL;
	}
	g_free(copy[0]);
	copy[0] = g_strdup(path);
	if (!g_spawn_async_with_pipes(NULL, copy, NULL,
				      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL |
					      (line ? 0 : G_SPAWN_STDOUT_TO_DEV_NULL),
				      prepare, NULL, &pid, NULL, line ? &output : NULL, NULL,
				      error))
		return NULL;
	self = g_new0(SinkProgram, 1);
	self->name = g_strdup(argv[0]);
	self->pid = pid;
	self->watch = g_child_watch_add(pid, on_ended, self);
	self->line = line;
	self->ended = ended;
	self->user_data = user_data;
	if (line) {
		g_autoptr(GInputStream) stream = g_unix_input_stream_new(output, TRUE);

		self->cancellable = g_cancellable_new();
		self->output = g_data_input_stream_new(stream);
		g_data_input_stream_read_line_async(self->output, G_PRIORITY_DEFAULT,
						    self->cancellable, on_line, self);
	}
	return self;
}

void sink_program_freeze(SinkProgram *self)
{
	if (self->pid)
		kill(self->pid, SIGSTOP);
}

static gboolean ends_within(GPid pid, guint seconds)
{
	gint64 limit = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;

	while (g_get_monotonic_time() < limit) {
		if (waitpid(pid, NULL, WNOHANG))
			return TRUE;
		g_usleep(POLL_US);
	}
	return FALSE;
}

void sink_program_free(SinkProgram *self)
{
	if (!self)
		return;
	g_clear_handle_id(&self->watch, g_source_remove);
	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	if (self->pid) {
		kill(self->pid, SIGTERM);
		kill(self->pid, SIGCONT);
		if (!ends_within(self->pid, END_S)) {
			kill(self->pid, SIGKILL);
			waitpid(self->pid, NULL, 0);
		}
	}
	g_clear_object(&self->output);
	g_clear_object(&self->cancellable);
	g_free(self->name);
	g_free(self);
}
