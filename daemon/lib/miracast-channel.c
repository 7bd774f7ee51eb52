// SPDX-License-Identifier: LGPL-2.1-or-later
#include "miracast-channel.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NODE_FOLDER "/dev"
#define NODE_PREFIX "miracast"

struct _MiracastChannel {
	int fd;
	char *path;
	void *arena;
	struct miracast_handshake handshake;
	struct miracast_context_info context;
};

G_GNUC_PRINTF(3, 4)
static gboolean fail(GError **error, int errnum, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, MIRACAST_ERROR, miracast_error_from_errno(errnum), "%s: %s", what,
		    g_strerror(errnum));
	return FALSE;
}

/* "miracast12" is 12; anything else, "miracast_sim" for one, is -1. */
static gint64 node_number(const char *name)
{
	guint64 number;

	if (!g_str_has_prefix(name, NODE_PREFIX) ||
	    !g_ascii_string_to_unsigned(name + strlen(NODE_PREFIX), 10, 0, G_MAXINT32, &number,
					NULL))
		return -1;
	return number;
}

static int compare_nodes(gconstpointer a, gconstpointer b)
{
	gint64 first = node_number(*(const char *const *)a);
	gint64 second = node_number(*(const char *const *)b);

	return first < second ? -1 : first > second;
}

char **miracast_channel_list_adapters(void)
{
	g_autoptr(GDir) folder = g_dir_open(NODE_FOLDER, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (folder && (name = g_dir_read_name(folder)))
		if (node_number(name) >= 0)
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_nodes);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *bare = names->pdata[i];

		names->pdata[i] = g_build_filename(NODE_FOLDER, bare, NULL);
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static void channel_clear(gpointer data)
{
	MiracastChannel *channel = data;

	if (channel->arena)
		munmap(channel->arena, channel->context.arena_size);
	if (channel->fd >= 0)
		close(channel->fd);
	g_free(channel->path);
}

MiracastChannel *miracast_channel_new_for_fd(int fd, const char *path, uint64_t features,
					     GError **error)
{
	g_autoptr(MiracastChannel) channel = g_atomic_rc_box_new0(MiracastChannel);

	channel->path = g_strdup(path);
	channel->fd = fd;
	channel->handshake.size = sizeof(channel->handshake);
	channel->handshake.features = features;
	if (ioctl(channel->fd, MIRACAST_IOC_HANDSHAKE, &channel->handshake)) {
		fail(error, errno, "%s does not shake hands", path);
		return NULL;
	}
	return g_steal_pointer(&channel);
}

MiracastChannel *miracast_channel_open(const char *path, uint64_t features, GError **error)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fail(error, errno, "%s cannot be opened", path);
		return NULL;
	}
	return miracast_channel_new_for_fd(fd, path, features, error);
}

MiracastChannel *miracast_channel_ref(MiracastChannel *channel)
{
	return g_atomic_rc_box_acquire(channel);
}

void miracast_channel_unref(MiracastChannel *channel)
{
	g_atomic_rc_box_release_full(channel, channel_clear);
}

int miracast_channel_get_fd(MiracastChannel *channel)
{
	return channel->fd;
}

const char *miracast_channel_get_path(MiracastChannel *channel)
{
	return channel->path;
}

const struct miracast_handshake *miracast_channel_get_handshake(MiracastChannel *channel)
{
	return &channel->handshake;
}

const struct miracast_context_info *miracast_channel_get_context(MiracastChannel *channel)
{
	return &channel->context;
}

static gboolean map_arena(MiracastChannel *channel, GError **error)
{
	void *arena = mmap(NULL, channel->context.arena_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   channel->fd, 0);
	int errnum = errno;

	if (arena == MAP_FAILED) {
		/* One context in a file's life: what cannot be used must not stay. */
		miracast_channel_destroy_context(channel, NULL);
		return fail(error, errnum, "%s: the arena cannot be mapped", channel->path);
	}
	channel->arena = arena;
	return TRUE;
}

gboolean miracast_channel_create_context(MiracastChannel *channel, uint32_t slots, uint32_t flags,
					 GError **error)
{
	struct miracast_context_info info = {
		.size = sizeof(info),
		.flags = flags,
		.slots = slots,
	};

	if (ioctl(channel->fd, MIRACAST_IOC_CREATE_CONTEXT, &info)) {
		int errnum = errno;

		if (NT_ERROR(info.status) && errnum != EBUSY) {
			g_autofree char *status = miracast_status_to_string(info.status);

			g_set_error(error, MIRACAST_ERROR, MIRACAST_ERROR_REFUSED,
				    "%s: the display driver refused a context: %s", channel->path,
				    status);
			return FALSE;
		}
		return fail(error, errnum, "%s: no context", channel->path);
	}
	channel->context = info;
	return map_arena(channel, error);
}

MiracastChannel *miracast_channel_recover(int fd, GError **error)
{
	g_autoptr(MiracastChannel) channel = g_atomic_rc_box_new0(MiracastChannel);
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
	struct miracast_context_info info = {.size = sizeof(info)};

	channel->fd = fd;
	channel->path = g_file_read_link(link, NULL);
	if (!channel->path)
		channel->path = g_steal_pointer(&link);
	if (ioctl(fd, MIRACAST_IOC_RECOVER, &info)) {
		fail(error, errno, "%s: nothing to recover", channel->path);
		return NULL;
	}
	channel->context = info;
	return map_arena(channel, error) ? g_steal_pointer(&channel) : NULL;
}

gboolean miracast_channel_destroy_context(MiracastChannel *channel, GError **error)
{
	if (ioctl(channel->fd, MIRACAST_IOC_DESTROY_CONTEXT))
		return fail(error, errno, "%s: the context cannot be destroyed", channel->path);
	return TRUE;
}

const void *miracast_channel_get_input(MiracastChannel *channel,
				       const struct miracast_message *message)
{
	return (const char *)channel->arena + message->input_offset;
}

void *miracast_channel_get_output(MiracastChannel *channel, const struct miracast_message *message)
{
	return (char *)channel->arena + message->output_offset;
}

gboolean miracast_channel_exchange(MiracastChannel *channel, struct miracast_exchange *exchange,
				   GError **error)
{
	gint64 begin = g_get_monotonic_time();
	guint64 timeout_ns = exchange->timeout_ns;
	guint32 nr_messages = exchange->nr_messages;
	guint64 waited_ns;

	exchange->size = sizeof(*exchange);
	while (ioctl(channel->fd, MIRACAST_IOC_EXCHANGE, exchange)) {
		if (errno != EINTR)
			return fail(error, errno, "%s: exchange", channel->path);
		/* Nothing was submitted or fetched. */
		exchange->nr_messages = nr_messages;
		if (timeout_ns == MIRACAST_NO_TIMEOUT)
			continue;
		waited_ns = (g_get_monotonic_time() - begin) * 1000;
		exchange->timeout_ns = timeout_ns - MIN(timeout_ns, waited_ns);
	}
	return TRUE;
}

ntstatus_t miracast_channel_io_control(MiracastChannel *channel, uint32_t flags,
				       uint32_t input_size, const void *input, uint32_t output_size,
				       void *output, uint32_t *bytes_returned)
{
	struct miracast_io_control control = {
		.size = sizeof(control),
		.flags = flags,
		.input = (uintptr_t)input,
		.output = (uintptr_t)output,
		.input_size = input_size,
		.output_size = output_size,
	};

	if (bytes_returned)
		*bytes_returned = 0;
	if (ioctl(channel->fd, MIRACAST_IOC_IO_CONTROL, &control))
		return miracast_status_from_errno(errno);
	if (bytes_returned)
		*bytes_returned = control.bytes_returned;
	return control.status;
}

gboolean miracast_channel_session_step(MiracastChannel *channel, enum miracast_session_op op,
				       ntstatus_t status, enum miracast_stop_reason reason,
				       GError **error)
{
	static const char *const names[] = {
		[MIRACAST_SESSION_START_BEGIN] = "start begin",
		[MIRACAST_SESSION_START_END] = "start end",
		[MIRACAST_SESSION_STOP_BEGIN] = "stop begin",
		[MIRACAST_SESSION_STOP_END] = "stop end",
	};
	struct miracast_session session = {
		.size = sizeof(session),
		.op = op,
		.status = status,
		.reason = reason,
	};

	if (ioctl(channel->fd, MIRACAST_IOC_SESSION, &session))
		return fail(error, errno, "%s: session %s", channel->path, names[op]);
	return TRUE;
}

gboolean miracast_channel_get_state(MiracastChannel *channel, struct miracast_state *state,
				    GError **error)
{
	*state = (struct miracast_state){.size = sizeof(*state)};
	if (ioctl(channel->fd, MIRACAST_IOC_GET_STATE, state))
		return fail(error, errno, "%s: state", channel->path);
	return TRUE;
}

ntstatus_t miracast_channel_get_chunks(MiracastChannel *channel, uint64_t timeout_ns,
				       uint32_t *buffer_size, struct miracast_chunk_data *buffer,
				       uint32_t *outstanding)
{
	struct miracast_get_chunks chunks = {
		.size = sizeof(chunks),
		.buffer_size = *buffer_size,
		.buffer = (uintptr_t)buffer,
		.timeout_ns = timeout_ns,
	};

	*buffer_size = 0;
	if (ioctl(channel->fd, MIRACAST_IOC_GET_CHUNKS, &chunks)) {
		int errnum = errno;

		if (miracast_error_from_errno(errnum) == MIRACAST_ERROR_GONE)
			return STATUS_INSTANCE_NOT_AVAILABLE;
		return miracast_status_from_errno(errnum);
	}
	*buffer_size = chunks.status == STATUS_BUFFER_TOO_SMALL ? chunks.required
								: chunks.buffer_size;
	if (outstanding)
		*outstanding = chunks.outstanding;
	return chunks.status;
}

gboolean miracast_channel_report_session_status(MiracastChannel *channel,
						enum miracast_status miracast_status,
						ntstatus_t status, GError **error)
{
	struct miracast_report_status report = {
		.size = sizeof(report),
		.miracast_status = miracast_status,
		.status = status,
	};

	if (ioctl(channel->fd, MIRACAST_IOC_REPORT_SESSION_STATUS, &report))
		return fail(error, errno, "%s: report of the session's status", channel->path);
	return TRUE;
}

gboolean miracast_channel_report_statistic(MiracastChannel *channel,
					   const struct miracast_statistic_data *statistic,
					   GError **error)
{
	struct miracast_report_statistic report = {
		.size = sizeof(report),
		.data = *statistic,
	};

	if (ioctl(channel->fd, MIRACAST_IOC_REPORT_STATISTIC, &report))
		return fail(error, errno, "%s: report of a statistic", channel->path);
	return TRUE;
}
