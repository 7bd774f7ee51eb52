// SPDX-License-Identifier: GPL-2.0-or-later
#include "wfd-input.h"

#include "miracast-driver.h"
#include "uibc-input.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_HID_DEVICES 8
#define TOUCHES		(1u << WFD_UIBC_SINGLE_TOUCH | 1u << WFD_UIBC_MULTI_TOUCH)

G_STATIC_ASSERT(UIBC_INPUT_AXIS_MAX == MIRACAST_INPUT_AXIS_MAX);
G_STATIC_ASSERT(UIBC_INPUT_POINTER == (int)MIRACAST_INPUT_POINTER);
G_STATIC_ASSERT(UIBC_INPUT_TOUCH == (int)MIRACAST_INPUT_TOUCH);
G_STATIC_ASSERT(UIBC_INPUT_KEYBOARD == (int)MIRACAST_INPUT_KEYBOARD);

/* A HID device of the sink's, by what its reports name. */
typedef struct {
	guint8 path, type;
	int fd; /* -1: there is none, or not yet */
	GBytes *descriptor;
	UibcHidHeld held;
} WfdHidDevice;

struct _WfdInput {
	GMainContext *context;
	Media *media;
	int host;
	GSource *host_source;
	int connection; /* -1: the sink is not connected */
	GSource *connection_source;
	GByteArray *unread;
	guint n_awaited; /* devices; until they are here nothing is read of the sink */

	bool allowed;
	WfdUibc uibc;
	UibcInput *devices; /* NULL: nothing was ever allowed */
	guint asked; /* bit n: UibcInputKind n */
	WfdHidDevice hid[MAX_HID_DEVICES];
	guint n_hid;
	WfdInputStatistics statistics;
};

static gboolean on_sink(int fd, GIOCondition condition, gpointer data);

static void update_connection_source(WfdInput *input)
{
	bool wanted = input->connection >= 0 && !input->n_awaited;

	if (wanted == !!input->connection_source)
		return;
	if (!wanted) {
		g_source_destroy(input->connection_source);
		g_clear_pointer(&input->connection_source, g_source_unref);
		return;
	}
	input->connection_source = g_unix_fd_source_new(input->connection, G_IO_IN);
	g_source_set_callback(input->connection_source, G_SOURCE_FUNC(on_sink), input, NULL);
	g_source_attach(input->connection_source, input->context);
}

static void release(WfdInput *input)
{
	if (input->devices)
		uibc_input_release(input->devices);
	for (guint i = 0; i < input->n_hid; i++)
		uibc_input_hid_release(input->hid[i].fd, &input->hid[i].held);
}

/* Of what is pressed nothing stays so. */
static void hang_up(WfdInput *input)
{
	if (input->connection < 0)
		return;
	if (input->connection_source)
		g_source_destroy(input->connection_source);
	g_clear_pointer(&input->connection_source, g_source_unref);
	close(input->connection);
	input->connection = -1;
	g_byte_array_set_size(input->unread, 0);
	release(input);
}

static void ask_host(WfdInput *input, guint32 kind, guint32 number, GBytes *descriptor)
{
	const struct miracast_input_message message = {.kind = kind, .number = number};
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)&message, sizeof(message));
	if (descriptor)
		g_byte_array_append(bytes, g_bytes_get_data(descriptor, NULL),
				    g_bytes_get_size(descriptor));
	if (send(input->host, bytes->data, bytes->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		g_warning("the host cannot be asked for an input device: %s", g_strerror(errno));
	else
		input->n_awaited++;
}

static void ask_for_device(WfdInput *input, UibcInputKind kind)
{
	if (input->asked & 1u << kind)
		return;
	input->asked |= 1u << kind;
	ask_host(input, kind, 0, NULL);
}

static WfdHidDevice *find_hid_device(WfdInput *input, const UibcHid *hid)
{
	for (guint i = 0; i < input->n_hid; i++)
		if (input->hid[i].path == hid->path && input->hid[i].type == hid->type)
			return &input->hid[i];
	return NULL;
}

static WfdHidDevice *add_hid_device(WfdInput *input, const UibcHid *hid, GBytes *descriptor)
{
	WfdHidDevice *device;

	if (input->n_hid == MAX_HID_DEVICES)
		return NULL;
	device = &input->hid[input->n_hid];
	*device = (WfdHidDevice){
		.path = hid->path,
		.type = hid->type,
		.fd = -1,
		.descriptor = g_bytes_ref(descriptor),
	};
	uibc_hid_held_init(&device->held, g_bytes_get_data(descriptor, NULL),
			   g_bytes_get_size(descriptor));
	ask_host(input, MIRACAST_INPUT_HID, input->n_hid, descriptor);
	input->n_hid++;
	return device;
}

/* A sink may say again what it is; what it was first it stays. */
static bool take_descriptor(WfdInput *input, const UibcHid *hid)
{
	g_autoptr(GBytes) descriptor = NULL;
	WfdHidDevice *device = find_hid_device(input, hid);

	if (!hid->length || hid->length > MIRACAST_INPUT_MAX_DESCRIPTOR)
		return false;
	descriptor = g_bytes_new(hid->value, hid->length);
	if (device)
		return g_bytes_equal(device->descriptor, descriptor);
	return add_hid_device(input, hid, descriptor) != NULL;
}

/* The first report of a sink that sends no descriptor is lost: its device is being made. */
static bool take_report(WfdInput *input, const UibcHid *hid, gint64 now)
{
	WfdHidDevice *device = find_hid_device(input, hid);

	if (!device) {
		g_autoptr(GBytes) descriptor = NULL;
		const guint8 *bytes;
		gsize length;

		bytes = uibc_input_default_descriptor(hid->type, &length);
		if (!bytes)
			return false;
		descriptor = g_bytes_new_static(bytes, length);
		add_hid_device(input, hid, descriptor);
		return false;
	}
	return device->fd >= 0 &&
	       uibc_input_hid_report(input->devices, device->fd, &device->held, hid, now);
}

static bool take_hid(WfdInput *input, const UibcHid *hid, gint64 now)
{
	if (hid->type >= WFD_UIBC_N_TYPES || !input->uibc.hidc[hid->type])
		return false;
	return hid->is_descriptor ? take_descriptor(input, hid) : take_report(input, hid, now);
}

static bool is_agreed(const WfdInput *input, const UibcGeneric *generic)
{
	switch (generic->type) {
	case UIBC_KEY_DOWN:
	case UIBC_KEY_UP: return input->uibc.generic & 1u << WFD_UIBC_KEYBOARD;
	default: return input->uibc.generic & ~(1u << WFD_UIBC_KEYBOARD);
	}
}

static void count(WfdInput *input, bool taken)
{
	if (taken)
		input->statistics.messages++;
	else
		input->statistics.lost++;
}

/* A compositor may have set a mode of another shape than the negotiated one. */
static void take_generic(WfdInput *input, UibcPacket *packet, gint64 now)
{
	UibcGeneric generic;
	MediaArea area;

	if (media_get_area(input->media, &area))
		uibc_input_set_area(input->devices, area.x, area.y, area.width, area.height);
	while (uibc_generic_next(packet, &generic))
		count(input, is_agreed(input, &generic) &&
				     uibc_input_generic(input->devices, &generic, now));
}

static void take_packet(WfdInput *input, UibcPacket *packet)
{
	gint64 now = g_get_monotonic_time();
	UibcHid hid;

	if (!input->allowed) {
		count(input, false);
		return;
	}
	if (packet->category == UIBC_GENERIC)
		take_generic(input, packet, now);
	else if (packet->category == UIBC_HIDC)
		while (uibc_hid_next(packet, &hid))
			count(input, take_hid(input, &hid, now));
}

/* Packets, until a device is awaited. */
static void take_unread(WfdInput *input)
{
	UibcPacket packet;
	gssize used;

	while (!input->n_awaited &&
	       (used = uibc_packet_read(input->unread->data, input->unread->len, &packet))) {
		if (used < 0) {
			g_info("the sink's input cannot be read: its connection is closed");
			hang_up(input);
			return;
		}
		take_packet(input, &packet);
		g_byte_array_remove_range(input->unread, 0, used);
	}
}

static gboolean on_sink(int fd, GIOCondition condition, gpointer data)
{
	WfdInput *input = data;
	guint8 bytes[UIBC_MAX_PACKET];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		hang_up(input);
		return G_SOURCE_CONTINUE;
	}
	g_byte_array_append(input->unread, bytes, n);
	take_unread(input);
	update_connection_source(input);
	return G_SOURCE_CONTINUE;
}

static void take_file(WfdInput *input, const struct miracast_input_message *message, int fd)
{
	if (message->kind == MIRACAST_INPUT_CONNECTION) {
		hang_up(input);
		input->connection = fd;
		return;
	}
	if (input->n_awaited)
		input->n_awaited--;
	if (message->kind == MIRACAST_INPUT_HID && message->number < input->n_hid)
		input->hid[message->number].fd = fd;
	else if (message->kind < MIRACAST_INPUT_HID && fd >= 0)
		uibc_input_set_file(input->devices, (UibcInputKind)message->kind, fd);
}

static int file_of(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int fd = -1;

	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

static gboolean on_host(int fd, GIOCondition condition, gpointer data)
{
	WfdInput *input = data;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct miracast_input_message message = {0};
	struct iovec iov = {.iov_base = &message, .iov_len = sizeof(message)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n < (ssize_t)sizeof(message))
		return G_SOURCE_REMOVE;
	take_file(input, &message, file_of(&header));
	take_unread(input);
	update_connection_source(input);
	return G_SOURCE_CONTINUE;
}

WfdInput *wfd_input_new(int socket, GMainContext *context, Media *media)
{
	WfdInput *input = g_new0(WfdInput, 1);

	input->context = g_main_context_ref(context);
	input->media = media;
	input->host = socket;
	input->connection = -1;
	input->unread = g_byte_array_new();
	input->host_source = g_unix_fd_source_new(socket, G_IO_IN);
	g_source_set_callback(input->host_source, G_SOURCE_FUNC(on_host), input, NULL);
	g_source_attach(input->host_source, context);
	return input;
}

void wfd_input_free(WfdInput *input)
{
	hang_up(input);
	g_source_destroy(input->host_source);
	g_source_unref(input->host_source);
	close(input->host);
	for (guint i = 0; i < input->n_hid; i++) {
		if (input->hid[i].fd >= 0)
			close(input->hid[i].fd);
		g_bytes_unref(input->hid[i].descriptor);
		uibc_hid_held_clear(&input->hid[i].held);
	}
	g_clear_pointer(&input->devices, uibc_input_free);
	g_byte_array_unref(input->unread);
	g_main_context_unref(input->context);
	g_free(input);
}

/* A sink with a mouse and one finger is taken for one with a mouse: the events are the same. */
static bool has_touch_screen(const WfdUibc *uibc)
{
	return uibc->generic & 1u << WFD_UIBC_MULTI_TOUCH ||
	       ((uibc->generic & TOUCHES) && !(uibc->generic & 1u << WFD_UIBC_MOUSE));
}

void wfd_input_allow(WfdInput *input, const WfdUibc *uibc, guint width, guint height)
{
	input->allowed = uibc != NULL;
	if (!uibc) {
		release(input);
		return;
	}
	input->uibc = *uibc;
	if (!input->devices)
		input->devices = uibc_input_new(width, height);
	uibc_input_set_touch(input->devices, has_touch_screen(uibc));
	if (has_touch_screen(uibc))
		ask_for_device(input, UIBC_INPUT_TOUCH);
	if (uibc->generic & (1u << WFD_UIBC_MOUSE | 1u << WFD_UIBC_GESTURE))
		ask_for_device(input, UIBC_INPUT_POINTER);
	if (uibc->generic & (1u << WFD_UIBC_KEYBOARD | 1u << WFD_UIBC_GESTURE))
		ask_for_device(input, UIBC_INPUT_KEYBOARD);
	update_connection_source(input);
}

void wfd_input_get_statistics(const WfdInput *input, WfdInputStatistics *statistics)
{
	*statistics = input->statistics;
}
