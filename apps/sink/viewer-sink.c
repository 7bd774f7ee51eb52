// SPDX-License-Identifier: GPL-2.0-or-later
#include "viewer-sink.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM	   "miracast-sink"
#define CHILD_FD   3
#define STOP_MS	   5000 /* it tells the source, and waits a second for its answer */
#define MAX_TEXT   4096
#define PIXEL	   4 /* bytes */
#define MAX_LENGTH 8192 /* of a picture's sides, pixels */

struct _ViewerSink {
	GObject parent_instance;

	GSubprocess *process; /* NULL: none runs */
	int socket;
	guint watch;
	guint stop_source;
	guint percent;
};

G_DEFINE_FINAL_TYPE(ViewerSink, viewer_sink, G_TYPE_OBJECT)

enum {
	SIGNAL_TOLD,
	SIGNAL_PICTURE,
	SIGNAL_ENDED,
	N_SIGNALS
};
static guint signals[N_SIGNALS];

static void say(ViewerSink *self, const char *text)
{
	/* To one that is gone nothing needs to be said. */
	if (self->socket >= 0)
		send(self->socket, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void hang_up(ViewerSink *self)
{
	g_clear_handle_id(&self->watch, g_source_remove);
	if (self->socket >= 0)
		close(self->socket);
	self->socket = -1;
}

/* What it does, if it is a picture of this size that nobody can change any more. */
static GdkTexture *make_texture(int file, guint width, guint height)
{
	const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
	g_autoptr(GMappedFile) map = NULL;
	g_autoptr(GBytes) pixels = NULL;
	int seals = fcntl(file, F_GET_SEALS);

	if (seals < 0 || (seals & needed) != needed || !width || !height || width > MAX_LENGTH ||
	    height > MAX_LENGTH)
		return NULL;
	map = g_mapped_file_new_from_fd(file, FALSE, NULL);
	if (!map || g_mapped_file_get_length(map) < (gsize)width * height * PIXEL)
		return NULL;
	pixels = g_mapped_file_get_bytes(map);
	return gdk_memory_texture_new(width, height, GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, pixels,
				      (gsize)width * PIXEL);
}

static void on_picture(ViewerSink *self, const char *rest, int file)
{
	g_autoptr(GdkTexture) texture = NULL;
	guint width, height;

	if (sscanf(rest, "%5u %5u", &width, &height) == 2 && file >= 0)
		texture = make_texture(file, width, height);
	if (texture)
		g_signal_emit(self, signals[SIGNAL_PICTURE], 0, texture);
	else
		viewer_sink_drawn(self);
}

static void on_text(ViewerSink *self, char *text, int file)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	char *rest = strchr(valid, ' ');

	if (rest)
		*rest++ = '\0';
	if (!strcmp(valid, "picture"))
		on_picture(self, rest ? rest : "", file);
	else
		g_signal_emit(self, signals[SIGNAL_TOLD], 0, valid, rest ? rest : "");
}

/* The one file of a message, or -1; others are closed. */
static int take_file(struct msghdr *message)
{
	int file = -1;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			if (file >= 0)
				close(file);
			memcpy(&file, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
		}
	}
	return file;
}

/* FALSE: there is nothing to read. */
static bool read_message(ViewerSink *self)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char text[MAX_TEXT];
	struct iovec part = {.iov_base = text, .iov_len = sizeof(text) - 1};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(self->socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int file;

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			hang_up(self);
		return false;
	}
	text[n] = '\0';
	file = take_file(&message);
	on_text(self, text, file);
	if (file >= 0)
		close(file);
	return true;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	g_autoptr(ViewerSink) self = g_object_ref(data);

	read_message(self);
	/* Where the other side hung up, the source is gone already. */
	return G_SOURCE_CONTINUE;
}

static void on_exit_of(GObject *process, GAsyncResult *result, gpointer data)
{
	g_autoptr(ViewerSink) self = data;

	g_subprocess_wait_finish(G_SUBPROCESS(process), result, NULL);
	/* What it said last. */
	while (self->socket >= 0 && read_message(self))
		;
	hang_up(self);
	g_clear_handle_id(&self->stop_source, g_source_remove);
	g_clear_object(&self->process);
	g_signal_emit(self, signals[SIGNAL_ENDED], 0);
}

gboolean viewer_sink_start(ViewerSink *self, const char *const *arguments, GError **error)
{
	g_autoptr(GSubprocessLauncher)
		launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) argv = NULL;
	int ends[2];

	g_return_val_if_fail(!self->process, FALSE);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno),
				    g_strerror(errno));
		return FALSE;
	}
	self->socket = ends[0];
	g_subprocess_launcher_take_fd(launcher, ends[1], CHILD_FD);
	g_strv_builder_add_many(builder, PROGRAM, "--viewer=" G_STRINGIFY(CHILD_FD), NULL);
	g_strv_builder_addv(builder, (const char **)arguments);
	argv = g_strv_builder_end(builder);
	self->process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, error);
	if (!self->process) {
		hang_up(self);
		return FALSE;
	}
	self->watch = g_unix_fd_add(self->socket, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
	viewer_sink_set_volume(self, self->percent);
	g_subprocess_wait_async(self->process, NULL, on_exit_of, g_object_ref(self));
	return TRUE;
}

static gboolean on_stop_limit(gpointer data)
{
	ViewerSink *self = data;

	self->stop_source = 0;
	g_subprocess_force_exit(self->process);
	return G_SOURCE_REMOVE;
}

void viewer_sink_stop(ViewerSink *self)
{
	hang_up(self);
	if (self->process && !self->stop_source)
		self->stop_source = g_timeout_add(STOP_MS, on_stop_limit, self);
}

gboolean viewer_sink_is_running(ViewerSink *self)
{
	return self->process != NULL;
}

void viewer_sink_drawn(ViewerSink *self)
{
	say(self, "drawn");
}

void viewer_sink_type_pin(ViewerSink *self, const char *pin)
{
	g_autofree char *text = g_strconcat("pin ", pin, NULL);

	say(self, text);
}

void viewer_sink_do(ViewerSink *self, const char *what)
{
	g_autofree char *text = g_strconcat("input ", what, NULL);

	say(self, text);
}

void viewer_sink_set_volume(ViewerSink *self, guint percent)
{
	g_autofree char *text = g_strdup_printf("volume %u", percent);

	self->percent = percent;
	say(self, text);
}

static void viewer_sink_init(ViewerSink *self)
{
	self->socket = -1;
	self->percent = 100;
}

static void viewer_sink_finalize(GObject *object)
{
	ViewerSink *self = VIEWER_SINK(object);

	/* The wait for its end holds a reference. */
	g_assert(!self->process);
	hang_up(self);
	G_OBJECT_CLASS(viewer_sink_parent_class)->finalize(object);
}

static void viewer_sink_class_init(ViewerSinkClass *class)
{
	G_OBJECT_CLASS(class)->finalize = viewer_sink_finalize;
	signals[SIGNAL_TOLD] = g_signal_new("told", VIEWER_TYPE_SINK, G_SIGNAL_RUN_LAST, 0, NULL,
					    NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
					    G_TYPE_STRING);
	signals[SIGNAL_PICTURE] = g_signal_new("picture", VIEWER_TYPE_SINK, G_SIGNAL_RUN_LAST, 0,
					       NULL, NULL, NULL, G_TYPE_NONE, 1, GDK_TYPE_TEXTURE);
	signals[SIGNAL_ENDED] = g_signal_new("ended", VIEWER_TYPE_SINK, G_SIGNAL_RUN_LAST, 0, NULL,
					     NULL, NULL, G_TYPE_NONE, 0);
}

ViewerSink *viewer_sink_new(void)
{
	return g_object_new(VIEWER_TYPE_SINK, NULL);
}
