// SPDX-License-Identifier: GPL-2.0-or-later
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_MESSAGE 65536
#define MAX_VALUES  64
#define MAX_WORD    40
#define MAX_TEXT    16384

static const char *const types[SESSION_N_MESSAGES] = {
	[SESSION_CREATE] = "(ssa{ss}as)",  [SESSION_START] = "(uqbu)",
	[SESSION_HANG_UP] = "()",	   [SESSION_STOP] = "(u)",
	[SESSION_DESTROY] = "()",	   [SESSION_GET_STATISTICS] = "()",
	[SESSION_RTP_CONNECTED] = "(b)",   [SESSION_CREATED] = "(suu)",
	[SESSION_STARTED] = "(uas)",	   [SESSION_STOPPED] = "()",
	[SESSION_FAILED] = "(usss)",	   [SESSION_STOP_REQUESTED] = "(uss)",
	[SESSION_STREAMING] = "(b)",	   [SESSION_DETAILS] = "(a{sv})",
	[SESSION_STATISTICS] = "(a{sv})",  [SESSION_CONNECT_RTP] = "(qq)",
	[SESSION_DATA_RATE] = "(btttttt)", [SESSION_SEAL] = "(uay)",
	[SESSION_SEALED] = "(baybs)",	   [SESSION_TAKE_PICTURE] = "(u)",
	[SESSION_PICTURE] = "(uu)",
};

void session_message_clear(SessionMessage *message)
{
	for (guint i = 0; i < message->n_files; i++)
		if (message->files[i] >= 0)
			close(message->files[i]);
	message->n_files = 0;
	g_clear_pointer(&message->body, g_variant_unref);
}

static gboolean fail(GError **error, int code, const char *message)
{
	g_set_error_literal(error, G_IO_ERROR, code, message);
	return FALSE;
}

static gboolean fail_errno(GError **error)
{
	int errnum = errno;

	return fail(error, g_io_error_from_errno(errnum), g_strerror(errnum));
}

gboolean session_control_send(int fd, SessionMessageKind kind, GVariant *body, const int *files,
			      guint n_files, GError **error)
{
	g_autoptr(GVariant) message = g_variant_ref_sink(
		g_variant_new("(uv)", (guint32)kind, body ? body : g_variant_new("()")));
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(SESSION_MAX_FILES * sizeof(int))];
	} control = {0};
	struct iovec data = {
		.iov_base = (void *)g_variant_get_data(message),
		.iov_len = g_variant_get_size(message),
	};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
	ssize_t n;

	g_assert(n_files <= SESSION_MAX_FILES);
	if (data.iov_len > MAX_MESSAGE)
		return fail(error, G_IO_ERROR_MESSAGE_TOO_LARGE, "the message is too large");
	if (n_files) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(n_files * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n_files * sizeof(int));
		memcpy(CMSG_DATA(&control.header), files, n_files * sizeof(int));
	}
	do
		n = n_files ? sendmsg(fd, &header, MSG_NOSIGNAL)
			    : send(fd, data.iov_base, data.iov_len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? fail_errno(error) : TRUE;
}

static void take_files(struct msghdr *header, SessionMessage *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		message->n_files = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->files, CMSG_DATA(part), message->n_files * sizeof(int));
	}
}

gboolean session_control_receive(int fd, gboolean from_host, SessionMessage *message,
				 GError **error)
{
	g_autofree char *buffer = g_malloc(MAX_MESSAGE);
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(SESSION_MAX_FILES * sizeof(int))];
	} control;
	struct iovec data = {.iov_base = buffer, .iov_len = MAX_MESSAGE};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
	g_autoptr(GVariant) whole = NULL;
	g_autoptr(GVariant) body = NULL;
	guint32 kind;
	ssize_t n;

	*message = (SessionMessage){0};
	/* Without room for them, files that are sent do not arrive. */
	if (from_host) {
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
	}
	do
		n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_errno(error);
	if (from_host)
		take_files(&header, message);
	if (n == 0)
		return fail(error, G_IO_ERROR_CLOSED, "the other side is gone");

	whole = g_variant_new_from_data(G_VARIANT_TYPE("(uv)"), g_steal_pointer(&buffer), n, FALSE,
					g_free, data.iov_base);
	g_variant_ref_sink(whole);
	if ((header.msg_flags & MSG_TRUNC) || !g_variant_is_normal_form(whole))
		goto invalid;
	g_variant_get(whole, "(uv)", &kind, &body);
	if (kind >= SESSION_N_MESSAGES || (kind < SESSION_CREATED) != from_host ||
	    !g_variant_is_of_type(body, G_VARIANT_TYPE(types[kind])))
		goto invalid;
	message->kind = kind;
	message->body = g_steal_pointer(&body);
	return TRUE;

invalid:
	session_message_clear(message);
	return fail(error, G_IO_ERROR_INVALID_DATA, "it sent what is no message");
}

gboolean session_control_is_word(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length && length <= MAX_WORD && !text[length];
}

char *session_control_clean_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, strnlen(text, MAX_TEXT));
	GString *clean = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		g_string_append_unichar(clean, g_unichar_isprint(c) || c == '\n' ? c : '?');
	}
	return g_string_free(clean, FALSE);
}

GVariant *session_control_check_values(GVariant *values)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	GVariantIter iter;
	const char *name;
	GVariant *value;

	if (g_variant_n_children(values) > MAX_VALUES)
		return NULL;
	g_variant_iter_init(&iter, values);
	while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
		g_autoptr(GVariant) owned = value;

		if (!session_control_is_word(name))
			return NULL;
		if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
			g_autofree char *text =
				session_control_clean_text(g_variant_get_string(value, NULL));

			g_variant_builder_add(&builder, "{sv}", name, g_variant_new_string(text));
		} else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64)) {
			g_variant_builder_add(&builder, "{sv}", name, value);
		} else {
			return NULL;
		}
	}
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}
