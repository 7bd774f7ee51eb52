// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In the place of miracast-session, without an adapter: says what a driver's options tell it, and
 * writes a letter for each thing that it is asked for to the file of the option "log":
 * c(reate), s(tart), x: stop, d(estroy). So its life can be read, and that of those before it.
 *
 *	fail-creates	" 2 3 ": these creates fail, counted over all processes of the log
 *	fail-starts	" 2 3 ": these starts fail, counted over all processes of the log
 *	loss-starts	" 1 ": after these, the session's end is asked for
 *	stop-reason	with this reason (enum miracast_stop_reason)
 *	misbehave	"start flood": instead of an answer to this (create, start, stop), or after
 *			the start (run), it does something that no session's process should: see
 *			misbehave()
 *	picture		how it answers when it is asked for one: see show_picture()
 */
#include "control.h"
#include "miracast-channel.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOSS_AFTER_MS 50

static GHashTable *options;
static const char *log_path;

static void note(char letter)
{
	int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, &letter, 1) != 1)
		_exit(10);
	close(fd);
}

static void tell(SessionMessageKind kind, GVariant *body)
{
	if (!session_control_send(SESSION_CONTROL_FD, kind, body, NULL, 0, NULL))
		_exit(11);
}

/* What comes over the socket is limited by the host, so larger than its limit and its buffer. */
#define OVERSIZED 100000

static void send_bytes(const void *bytes, size_t size)
{
	if (send(SESSION_CONTROL_FD, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		_exit(13);
}

static void misbehave(const char *how)
{
	if (!strcmp(how, "garbage")) {
		send_bytes("STARTED\nOK\n", 11);
	} else if (!strcmp(how, "oversized")) {
		g_autofree char *bytes = g_malloc0(OVERSIZED);

		send_bytes(bytes, OVERSIZED);
	} else if (!strcmp(how, "not-asked")) {
		tell(SESSION_SEALED, g_variant_new_parsed("(true, [byte 1], true, '')"));
	} else if (!strcmp(how, "picture-not-asked")) {
		tell(SESSION_PICTURE, g_variant_new("(uu)", 8u, 6u));
	} else if (!strcmp(how, "not-its-own")) {
		tell(SESSION_STOP, g_variant_new("(u)", 0u));
	} else if (!strcmp(how, "flood")) {
		for (;;)
			tell(SESSION_STREAMING, g_variant_new("(b)", TRUE));
	} else if (!strcmp(how, "hang-up")) {
		close(SESSION_CONTROL_FD);
	} else if (!strcmp(how, "killed")) {
		raise(SIGKILL);
	} else if (!strcmp(how, "frozen")) {
		raise(SIGSTOP);
	} else {
		exit(0);
	}
	for (;;)
		pause();
}

/* If this is the moment for it, it does not return. */
static void misbehave_at(const char *moment)
{
	const char *option = g_hash_table_lookup(options, "misbehave");
	size_t length = strlen(moment);

	if (option && g_str_has_prefix(option, moment) && option[length] == ' ')
		misbehave(option + length + 1);
}

static guint count(char letter)
{
	g_autofree char *text = NULL;
	guint n = 0;

	g_file_get_contents(log_path, &text, NULL, NULL);
	for (const char *c = text; c && *c; c++)
		n += *c == letter;
	return n;
}

static gboolean is_one_of(const char *option, guint number)
{
	const char *list = g_hash_table_lookup(options, option);
	g_autofree char *word = g_strdup_printf(" %u ", number);

	return list && strstr(list, word);
}

static void create(const SessionMessage *message)
{
	g_autoptr(GVariantIter) iter = NULL;
	const char *name, *value;

	options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_variant_get(message->body, "(&s&sa{ss}as)", NULL, NULL, &iter, NULL);
	while (g_variant_iter_next(iter, "{&s&s}", &name, &value))
		g_hash_table_insert(options, g_strdup(name), g_strdup(value));
	log_path = g_hash_table_lookup(options, "log");
	note('c');
	misbehave_at("create");
	if (is_one_of("fail-creates", count('c')))
		tell(SESSION_FAILED,
		     g_variant_new("(usss)", MIRACAST_ERROR_DRIVER_FAILED, "told to fail", "", ""));
	else
		tell(SESSION_CREATED, g_variant_new("(suu)", "/dev/fake", 7, 3));
}

/* Whether the end is to be asked for. */
static gboolean start(const SessionMessage *message)
{
	const char *none[] = {NULL};
	guint32 throughput;
	guint number;

	note('s');
	misbehave_at("start");
	number = count('s');
	if (is_one_of("hung-up-starts", number)) {
		struct pollfd rtsp = {.fd = message->files[0], .events = POLLRDHUP};

		poll(&rtsp, 1, -1);
	}
	if (is_one_of("fail-starts", number)) {
		tell(SESSION_FAILED,
		     g_variant_new("(usss)", MIRACAST_ERROR_DRIVER_FAILED, "told to fail",
				   "sink-silent-m1", "It is mute."));
		return FALSE;
	}
	tell(SESSION_STARTED, g_variant_new("(u^as)", 1u, none));
	g_variant_get_child(message->body, 3, "u", &throughput);
	tell(SESSION_DETAILS, g_variant_new_parsed("({'throughput': <%t>},)", (guint64)throughput));
	tell(SESSION_STREAMING, g_variant_new("(b)", TRUE));
	misbehave_at("run");
	return is_one_of("loss-starts", number);
}

/* What an honest one writes: each byte is the low part of its place. */
static void write_picture(int file, gsize size)
{
	g_autofree guint8 *pixels = g_malloc(size);

	for (gsize i = 0; i < size; i++)
		pixels[i] = i;
	if (write(file, pixels, size) != (ssize_t)size)
		_exit(14);
}

static void show_picture(const SessionMessage *message)
{
	const char *how = g_hash_table_lookup(options, "picture");
	guint32 width, height = 6;
	int file = dup(message->files[0]);

	if (message->n_files != 1)
		_exit(15);
	g_variant_get(message->body, "(u)", &width);
	width = MIN(width, 40);
	if (!how) {
		write_picture(file, width * height * SESSION_PICTURE_PIXEL);
		close(file);
	} else if (!strcmp(how, "none")) {
		width = height = 0;
	} else if (!strcmp(how, "silent")) {
		return;
	} else if (!strcmp(how, "late")) {
		/* After the host has given up, and before it asks again. */
		sleep(6);
	} else if (!strcmp(how, "wide")) {
		width++;
	} else if (!strcmp(how, "huge")) {
		width = height = G_MAXUINT32;
	} else if (!strcmp(how, "high")) {
		height = SESSION_MAX_PICTURE_HEIGHT + 1;
	} else if (!strcmp(how, "flat")) {
		height = 0;
	} else if (!strcmp(how, "mapped")) {
		if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED)
			_exit(16);
	} else if (!strcmp(how, "sealed")) {
		if (fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL))
			_exit(17);
	} else if (!strcmp(how, "grown")) {
		/* It cannot be. */
		if (!ftruncate(file, (off_t)1 << 32) || pwrite(file, "x", 1, (off_t)1 << 30) == 1)
			_exit(18);
		write_picture(file, width * height * SESSION_PICTURE_PIXEL);
	} else if (!strcmp(how, "twice")) {
		tell(SESSION_PICTURE, g_variant_new("(uu)", width, height));
	} else {
		raise(SIGKILL);
	}
	tell(SESSION_PICTURE, g_variant_new("(uu)", width, height));
}

int main(int argc, char **argv)
{
	int timeout = -1;

	for (;;) {
		struct pollfd pollfd = {.fd = SESSION_CONTROL_FD, .events = POLLIN};
		g_auto(SessionMessage) message = {0};

		if (!poll(&pollfd, 1, timeout)) {
			const char *reason = g_hash_table_lookup(options, "stop-reason");

			tell(SESSION_STOP_REQUESTED,
			     g_variant_new("(uss)", (guint32)atoi(reason), "", ""));
			timeout = -1;
			continue;
		}
		if (!session_control_receive(SESSION_CONTROL_FD, TRUE, &message, NULL))
			return 12;
		switch (message.kind) {
		case SESSION_CREATE: create(&message); break;
		case SESSION_START: timeout = start(&message) ? LOSS_AFTER_MS : -1; break;
		case SESSION_STOP:
			note('x');
			misbehave_at("stop");
			timeout = -1;
			tell(SESSION_STOPPED, NULL);
			break;
		case SESSION_GET_STATISTICS:
			note('g');
			tell(SESSION_STATISTICS, g_variant_new("(a{sv})", NULL));
			break;
		case SESSION_TAKE_PICTURE: show_picture(&message); break;
		case SESSION_DESTROY: note('d'); return 0;
		default: break;
		}
	}
}
