// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-address.h"

#include "sink-program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct SinkAddress {
	char *interface;
	char *directory;
	SinkAddressOps ops;
	gpointer user_data;
	SinkProgram *program;
	gboolean is_set;
	guint idle;
	char *own;
	char *source;
};

/* What udhcpc runs: its answer goes to the sink, which sets the address itself. */
#define CLIENT_SCRIPT "#!/bin/sh\n[ \"$1\" = bound ] && echo \"$ip $subnet $serverid\"\nexit 0\n"

static gboolean set_ioctl(int fd, unsigned long request, const char *interface, const char *dotted,
			  GError **error)
{
	struct ifreq ifr = {0};
	struct sockaddr_in *address = (struct sockaddr_in *)&ifr.ifr_addr;

	g_strlcpy(ifr.ifr_name, interface, sizeof(ifr.ifr_name));
	address->sin_family = AF_INET;
	if (inet_pton(AF_INET, dotted, &address->sin_addr) != 1) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "\"%s\" is no IPv4 address",
			    dotted);
		return FALSE;
	}
	if (ioctl(fd, request, &ifr)) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
			    "%s does not take the address %s: %s", interface, dotted,
			    g_strerror(errno));
		return FALSE;
	}
	return TRUE;
}

static gboolean set_address(SinkAddress *self, const char *own, const char *mask, GError **error)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	gboolean done = fd >= 0 && set_ioctl(fd, SIOCSIFADDR, self->interface, own, error) &&
			set_ioctl(fd, SIOCSIFNETMASK, self->interface, mask, error);

	if (fd < 0)
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "socket: %s",
			    g_strerror(errno));
	else
		close(fd);
	return done;
}

static gboolean is_address(const char *dotted)
{
	struct in_addr address;

	return inet_pton(AF_INET, dotted, &address) == 1;
}

static gboolean on_idle(gpointer user_data)
{
	SinkAddress *self = user_data;

	self->idle = 0;
	self->ops.ready(self->own, self->source, self->user_data);
	return G_SOURCE_REMOVE;
}

/* Not from within the call that made it. */
static void ready_soon(SinkAddress *self, const char *own, const char *source)
{
	self->is_set = TRUE;
	self->own = g_strdup(own);
	self->source = g_strdup(source);
	self->idle = g_idle_add(on_idle, self);
}

/* "192.168.49.20 255.255.255.0 192.168.49.1", at the first lease and at each that follows it */
static void on_lease(const char *line, gpointer user_data)
{
	SinkAddress *self = user_data;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) words = g_strsplit(line, " ", -1);

	if (g_strv_length(words) != 3 || !is_address(words[0]) || !is_address(words[1]) ||
	    !is_address(words[2]) || self->is_set)
		return;
	if (set_address(self, words[0], words[1], &error))
		ready_soon(self, words[0], words[2]);
	else
		self->ops.failed(error->message, self->user_data);
}

static void on_ended(const char *sentence, gpointer user_data)
{
	SinkAddress *self = user_data;

	self->ops.failed(sentence, self->user_data);
}

static SinkAddress *address_new(const char *interface, const char *directory,
				const SinkAddressOps *ops, gpointer user_data)
{
	SinkAddress *self = g_new0(SinkAddress, 1);

	self->interface = g_strdup(interface);
	self->directory = g_strdup(directory);
	self->ops = *ops;
	self->user_data = user_data;
	return self;
}

static char *write_file(SinkAddress *self, const char *name, const char *text, int mode,
			GError **error)
{
	g_autofree char *path = g_build_filename(self->directory, name, NULL);

	if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, error))
		return NULL;
	return g_steal_pointer(&path);
}

static gboolean start_server(SinkAddress *self, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"interface %s\nstart %s\nend %s\nmax_leases 1\nlease_file %s/leases\n"
		"pidfile %s/udhcpd.pid\noption subnet %s\noption lease 3600\n",
		self->interface, SINK_ADDRESS_CLIENT, SINK_ADDRESS_CLIENT, self->directory,
		self->directory, SINK_ADDRESS_MASK);
	g_autofree char *path = write_file(self, "udhcpd.conf", text, 0600, error);
	/* Nobody else has the address: a tenth of a second is enough to look whether somebody has. */
	const char *const argv[] = {"busybox", "udhcpd", "-f", "-a", "100", path, NULL};

	if (!path || !set_address(self, SINK_ADDRESS_OWNER, SINK_ADDRESS_MASK, error))
		return FALSE;
	self->program = sink_program_new(argv, NULL, on_ended, self, error);
	return self->program != NULL;
}

SinkAddress *sink_address_new_server(const char *interface, const char *directory,
				     const SinkAddressOps *ops, gpointer user_data, GError **error)
{
	SinkAddress *self = address_new(interface, directory, ops, user_data);

	if (!start_server(self, error)) {
		sink_address_free(self);
		return NULL;
	}
	ready_soon(self, SINK_ADDRESS_OWNER, SINK_ADDRESS_CLIENT);
	return self;
}

static gboolean start_client(SinkAddress *self, GError **error)
{
	g_autofree char *path = write_file(self, "lease", CLIENT_SCRIPT, 0700, error);
	const char *const argv[] = {"busybox", "udhcpc", "-f", "-i", self->interface,
				    "-t",      "20",	 "-T", "1",  "-A",
				    "1",       "-s",	 path, NULL};

	if (!path)
		return FALSE;
	self->program = sink_program_new(argv, on_lease, on_ended, self, error);
	return self->program != NULL;
}

SinkAddress *sink_address_new_client(const char *interface, const char *directory,
				     const SinkAddressOps *ops, gpointer user_data, GError **error)
{
	SinkAddress *self = address_new(interface, directory, ops, user_data);

	if (!start_client(self, error)) {
		sink_address_free(self);
		return NULL;
	}
	return self;
}

SinkAddress *sink_address_new_given(const char *interface, const char *own, const char *mask,
				    const char *source, const SinkAddressOps *ops,
				    gpointer user_data, GError **error)
{
	SinkAddress *self = address_new(interface, NULL, ops, user_data);

	if (!set_address(self, own, mask, error)) {
		sink_address_free(self);
		return NULL;
	}
	ready_soon(self, own, source);
	return self;
}

void sink_address_freeze(SinkAddress *self)
{
	if (self->program)
		sink_program_freeze(self->program);
}

void sink_address_free(SinkAddress *self)
{
	static const char *const files[] = {"udhcpd.conf", "udhcpd.pid", "leases", "lease"};

	if (!self)
		return;
	g_clear_handle_id(&self->idle, g_source_remove);
	sink_program_free(self->program);
	for (guint i = 0; self->directory && i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(self->directory, files[i], NULL);

		g_unlink(path);
	}
	g_free(self->own);
	g_free(self->source);
	g_free(self->directory);
	g_free(self->interface);
	g_free(self);
}
