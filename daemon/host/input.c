// SPDX-License-Identifier: GPL-2.0-or-later
#include "input.h"

#include "device-name.h"
#include "miracast-driver.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <libevdev/libevdev-uinput.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* In a session's whole life: a sink that asks for more is none that people hold in their hands. */
#define MAX_DEVICES 12
#define MAX_FINGERS 10

typedef union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} InputAddress;

struct _HostInput {
	char *name;
	InputAddress peer; /* the one that may connect */
	int listener;
	guint16 port;
	int host_end, session_end;
	guint listener_source, session_source;
	GPtrArray *devices; /* of struct libevdev_uinput */
	GPtrArray *hid_devices;
	guint n_asked; /* devices that the session's process has asked for */
};

typedef struct {
	int fd;
	guint source;
} InputHid;

static bool fail(GError **error, const char *what)
{
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what,
		    g_strerror(errno));
	return false;
}

/* @file: -1: none. What the process does not read is lost to it alone. */
static void answer(HostInput *input, const struct miracast_input_message *message, int file)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec data = {.iov_base = (void *)message, .iov_len = sizeof(*message)};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};

	if (file >= 0) {
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
	}
	if (sendmsg(input->host_end, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		g_info("input: the session's process cannot be told: %s", g_strerror(errno));
}

static void enable_axis(struct libevdev *device, unsigned int code, int maximum)
{
	const struct input_absinfo axis = {.maximum = maximum};

	libevdev_enable_event_code(device, EV_ABS, code, &axis);
}

static void describe_pointer(struct libevdev *device)
{
	libevdev_enable_event_code(device, EV_KEY, BTN_LEFT, NULL);
	/* Without a second button it would be taken for a tablet. */
	libevdev_enable_event_code(device, EV_KEY, BTN_RIGHT, NULL);
	enable_axis(device, ABS_X, MIRACAST_INPUT_AXIS_MAX);
	enable_axis(device, ABS_Y, MIRACAST_INPUT_AXIS_MAX);
	libevdev_enable_event_code(device, EV_REL, REL_WHEEL, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_WHEEL_HI_RES, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_HWHEEL, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_HWHEEL_HI_RES, NULL);
}

static void describe_touch(struct libevdev *device)
{
	libevdev_enable_property(device, INPUT_PROP_DIRECT);
	libevdev_enable_event_code(device, EV_KEY, BTN_TOUCH, NULL);
	enable_axis(device, ABS_X, MIRACAST_INPUT_AXIS_MAX);
	enable_axis(device, ABS_Y, MIRACAST_INPUT_AXIS_MAX);
	enable_axis(device, ABS_MT_SLOT, MAX_FINGERS - 1);
	enable_axis(device, ABS_MT_TRACKING_ID, MIRACAST_INPUT_AXIS_MAX);
	enable_axis(device, ABS_MT_POSITION_X, MIRACAST_INPUT_AXIS_MAX);
	enable_axis(device, ABS_MT_POSITION_Y, MIRACAST_INPUT_AXIS_MAX);
}

/* The keys of a keyboard, and not those that switch machines off. */
static void describe_keyboard(struct libevdev *device)
{
	for (unsigned int key = KEY_ESC; key <= KEY_F12; key++)
		if (key != KEY_SYSRQ)
			libevdev_enable_event_code(device, EV_KEY, key, NULL);
	libevdev_enable_event_code(device, EV_KEY, KEY_DELETE, NULL);
}

/* @own: the service's name of the node, which only a packaged service needs and has. */
static int open_node(const char *own, const char *usual)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK;
	int fd = open(own, flags);

	return fd < 0 && errno == ENOENT ? open(usual, flags) : fd;
}

static void device_free(gpointer data)
{
	int fd = libevdev_uinput_get_fd(data);

	libevdev_uinput_destroy(data);
	close(fd);
}

/* The file of a new device, still ours; -1 if there can be none. */
static int make_device(HostInput *input, guint32 kind, GError **error)
{
	static const struct {
		const char *what;
		void (*describe)(struct libevdev *device);
	} kinds[] = {
		[MIRACAST_INPUT_POINTER] = {"pointer", describe_pointer},
		[MIRACAST_INPUT_TOUCH] = {"touch screen", describe_touch},
		[MIRACAST_INPUT_KEYBOARD] = {"keyboard", describe_keyboard},
	};
	struct libevdev *device;
	struct libevdev_uinput *made = NULL;
	g_autofree char *name = g_strdup_printf("%s %s", input->name, kinds[kind].what);
	int fd = open_node("/dev/miracast-uinput", "/dev/uinput");
	int result;

	if (fd < 0) {
		fail(error, "/dev/uinput");
		return -1;
	}
	device = libevdev_new();
	libevdev_set_name(device, name);
	libevdev_set_id_bustype(device, BUS_VIRTUAL);
	kinds[kind].describe(device);
	result = libevdev_uinput_create_from_device(device, fd, &made);
	libevdev_free(device);
	if (result) {
		errno = -result;
		fail(error, "/dev/uinput");
		close(fd);
		return -1;
	}
	g_ptr_array_add(input->devices, made);
	return libevdev_uinput_get_fd(made);
}

static void hid_device_free(gpointer data)
{
	const struct uhid_event event = {.type = UHID_DESTROY};
	InputHid *hid = data;

	g_source_remove(hid->source);
	/* The session's process may have its copy still. */
	if (write(hid->fd, &event, sizeof(event)) < 0)
		g_info("/dev/uhid: %s", g_strerror(errno));
	close(hid->fd);
	g_free(hid);
}

/* The kernel asks for reports that no sink can give: it would wait 5 s for each. */
static gboolean on_hid_event(int fd, GIOCondition condition, gpointer data)
{
	struct uhid_event event, reply = {0};

	if (read(fd, &event, sizeof(event)) <= 0)
		return G_SOURCE_CONTINUE;
	if (event.type == UHID_GET_REPORT) {
		reply.type = UHID_GET_REPORT_REPLY;
		reply.u.get_report_reply.id = event.u.get_report.id;
		reply.u.get_report_reply.err = EIO;
	} else if (event.type == UHID_SET_REPORT) {
		reply.type = UHID_SET_REPORT_REPLY;
		reply.u.set_report_reply.id = event.u.set_report.id;
		reply.u.set_report_reply.err = EIO;
	} else {
		return G_SOURCE_CONTINUE;
	}
	if (write(fd, &reply, sizeof(reply)) < 0)
		g_info("/dev/uhid: %s", g_strerror(errno));
	return G_SOURCE_CONTINUE;
}

/* The same by a report descriptor: the kernel reads it. */
static int make_hid_device(HostInput *input, const struct miracast_input_message *message,
			   gsize length, GError **error)
{
	struct uhid_event event = {.type = UHID_CREATE2};
	InputHid *hid;
	int fd;

	if (!length || length > MIRACAST_INPUT_MAX_DESCRIPTOR ||
	    length > sizeof(event.u.create2.rd_data)) {
		errno = EMSGSIZE;
		fail(error, "a HID descriptor");
		return -1;
	}
	fd = open_node("/dev/miracast-uhid", "/dev/uhid");
	if (fd < 0) {
		fail(error, "/dev/uhid");
		return -1;
	}
	g_snprintf((char *)event.u.create2.name, sizeof(event.u.create2.name), "%s HID %u",
		   input->name, message->number);
	event.u.create2.bus = BUS_VIRTUAL;
	event.u.create2.rd_size = length;
	memcpy(event.u.create2.rd_data, message->descriptor, length);
	if (write(fd, &event, sizeof(event)) != (ssize_t)sizeof(event)) {
		fail(error, "/dev/uhid");
		close(fd);
		return -1;
	}
	hid = g_new(InputHid, 1);
	hid->fd = fd;
	hid->source = g_unix_fd_add(fd, G_IO_IN, on_hid_event, NULL);
	g_ptr_array_add(input->hid_devices, hid);
	return fd;
}

static void make(HostInput *input, const struct miracast_input_message *message, gsize length)
{
	g_autoptr(GError) error = NULL;
	int file = -1;

	if (++input->n_asked > MAX_DEVICES)
		g_set_error_literal(&error, G_IO_ERROR, G_IO_ERROR_FAILED,
				    "the sink asks for too many devices");
	else if (message->kind < MIRACAST_INPUT_HID)
		file = make_device(input, message->kind, &error);
	else
		file = make_hid_device(input, message, length, &error);
	if (file < 0)
		g_warning("No input device: %s", error->message);
	answer(input, message, file);
}

static gboolean on_session(int fd, GIOCondition condition, gpointer data)
{
	HostInput *input = data;
	union {
		struct miracast_input_message message;
		char bytes[sizeof(struct miracast_input_message) + MIRACAST_INPUT_MAX_DESCRIPTOR];
	} in = {0};
	ssize_t n = recv(fd, &in, sizeof(in), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	/* What is none of ours is not answered: the process may be in the sink's hands. */
	if (n < (ssize_t)sizeof(in.message) || n > (ssize_t)sizeof(in) ||
	    in.message.kind > MIRACAST_INPUT_HID) {
		input->session_source = 0;
		return G_SOURCE_REMOVE;
	}
	make(input, &in.message, n - sizeof(in.message));
	if (input->n_asked <= MAX_DEVICES)
		return G_SOURCE_CONTINUE;
	/* It was told so once. */
	input->session_source = 0;
	return G_SOURCE_REMOVE;
}

static bool is_peer(const HostInput *input, const InputAddress *address)
{
	if (address->any.sa_family != input->peer.any.sa_family)
		return false;
	if (address->any.sa_family == AF_INET)
		return address->in.sin_addr.s_addr == input->peer.in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&address->in6.sin6_addr, &input->peer.in6.sin6_addr);
}

static gboolean on_connection(int listener, GIOCondition condition, gpointer data)
{
	HostInput *input = data;
	const struct miracast_input_message message = {.kind = MIRACAST_INPUT_CONNECTION};
	const int on = 1;
	InputAddress address = {0};
	socklen_t size = sizeof(address);
	int fd = accept4(listener, &address.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return G_SOURCE_CONTINUE;
	if (is_peer(input, &address)) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		answer(input, &message, fd);
	}
	close(fd);
	return G_SOURCE_CONTINUE;
}

static bool listen_at(HostInput *input, int rtsp_socket, GError **error)
{
	const int on = 1;
	InputAddress local = {0};
	socklen_t size = sizeof(local);
	guint16 port = HOST_INPUT_FIRST_PORT;

	if (getsockname(rtsp_socket, &local.any, &size))
		return fail(error, "the RTSP connection");
	input->listener =
		socket(local.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (input->listener < 0)
		return fail(error, "a socket");
	/* The port of a session that has ended a moment ago may be had. */
	setsockopt(input->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	do {
		local.in.sin_port = htons(port);
		if (!bind(input->listener, &local.any, size) && !listen(input->listener, 4))
			break;
		if (errno != EADDRINUSE || port == 0)
			return fail(error, "a port for input");
		port = port < HOST_INPUT_LAST_PORT ? port + 1 : 0;
	} while (true);
	if (getsockname(input->listener, &local.any, &size))
		return fail(error, "a port for input");
	input->port = ntohs(local.in.sin_port);
	size = sizeof(input->peer);
	if (getpeername(rtsp_socket, &input->peer.any, &size))
		return fail(error, "the RTSP connection");
	return true;
}

HostInput *host_input_new(int rtsp_socket, const char *name, GError **error)
{
	g_autoptr(HostInput) input = g_new0(HostInput, 1);
	int ends[2];

	/* Devices' names have 80 bytes, and say what they are behind that. */
	input->name = host_device_name_cut(name, 60);
	input->listener = input->host_end = input->session_end = -1;
	input->devices = g_ptr_array_new_with_free_func(device_free);
	input->hid_devices = g_ptr_array_new_with_free_func(hid_device_free);
	if (!listen_at(input, rtsp_socket, error))
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		fail(error, "a socket");
		return NULL;
	}
	input->host_end = ends[0];
	input->session_end = ends[1];
	input->session_source = g_unix_fd_add(input->host_end, G_IO_IN, on_session, input);
	input->listener_source = g_unix_fd_add(input->listener, G_IO_IN, on_connection, input);
	return g_steal_pointer(&input);
}

void host_input_close_session_end(HostInput *input)
{
	if (input->session_end >= 0)
		close(input->session_end);
	input->session_end = -1;
}

void host_input_free(HostInput *input)
{
	g_clear_handle_id(&input->session_source, g_source_remove);
	g_clear_handle_id(&input->listener_source, g_source_remove);
	host_input_close_session_end(input);
	if (input->host_end >= 0)
		close(input->host_end);
	if (input->listener >= 0)
		close(input->listener);
	g_ptr_array_unref(input->devices);
	g_ptr_array_unref(input->hid_devices);
	g_free(input->name);
	g_free(input);
}

int host_input_get_session_end(HostInput *input)
{
	return input->session_end;
}

guint16 host_input_get_port(HostInput *input)
{
	return input->port;
}
