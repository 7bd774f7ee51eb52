// SPDX-License-Identifier: GPL-2.0-or-later
#include "dtls.h"

#include <errno.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <string.h>

#define RECORD_HEAD 13 /* bytes (RFC 6347, 4.1) */
#define MAX_LENGTH  (16384 + 2048) /* as it is in the head */
#define MAX_RECORD  (RECORD_HEAD + MAX_LENGTH)
#define MTU	    1452 /* bytes: a record in UDP over IPv6 on Ethernet */
/* Nothing is lost on the way, so nothing is sent again; the host has limits of its own. */
#define NEVER_MS (3600 * 1000)

struct _SessionDtls {
	gatomicrefcount references;
	GMutex lock; /* guards the rest */
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	gboolean done;
	GByteArray *in; /* of the sink, not yet read */
	/* Where what is sent goes: at most one of them. */
	GByteArray *out;
	guint8 *record;
	gsize record_size, record_room;
};

static gboolean fail(GError **error, const char *what, int result)
{
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", what, gnutls_strerror(result));
	return FALSE;
}

static ssize_t push(gnutls_transport_ptr_t data, const void *bytes, size_t size)
{
	SessionDtls *dtls = data;

	if (dtls->out) {
		g_byte_array_append(dtls->out, bytes, size);
	} else if (size <= dtls->record_room) {
		memcpy(dtls->record, bytes, size);
		dtls->record_size = size;
	}
	return size;
}

/* As the first record of what has come says, if that is there. */
static gsize first_length(const SessionDtls *dtls)
{
	const guint8 *data = dtls->in->data;

	return dtls->in->len < RECORD_HEAD ? 0 : data[11] << 8 | data[12];
}

/* The size of the first record of what has come; 0: it is not whole. */
static gsize first_record(const SessionDtls *dtls)
{
	gsize size = RECORD_HEAD + first_length(dtls);

	return size <= dtls->in->len ? size : 0;
}

/* Whether what has come may become a record: kinds 20 to 23, versions 1.x. */
static gboolean may_be_record(const SessionDtls *dtls)
{
	const guint8 *data = dtls->in->data;
	gsize size = dtls->in->len;

	return (size < 1 || (data[0] >= 20 && data[0] <= 23)) && (size < 2 || data[1] == 0xfe) &&
	       first_length(dtls) <= MAX_LENGTH;
}

/* One record at a time, as a datagram would bring it, however the sink cut them. */
static ssize_t pull(gnutls_transport_ptr_t data, void *bytes, size_t room)
{
	SessionDtls *dtls = data;
	gsize size = first_record(dtls);

	if (!size) {
		gnutls_transport_set_errno(dtls->session, EAGAIN);
		return -1;
	}
	memcpy(bytes, dtls->in->data, MIN(size, room));
	g_byte_array_remove_range(dtls->in, 0, size);
	return MIN(size, room);
}

static int pull_timeout(gnutls_transport_ptr_t data, unsigned int ms)
{
	return first_record(data) ? 1 : 0;
}

SessionDtls *session_dtls_new(GError **error)
{
	g_autoptr(SessionDtls) dtls = g_new0(SessionDtls, 1);
	int result;

	g_atomic_ref_count_init(&dtls->references);
	g_mutex_init(&dtls->lock);
	dtls->in = g_byte_array_new();
	result = gnutls_certificate_allocate_credentials(&dtls->credentials);
	if (!result)
		result = gnutls_init(&dtls->session,
				     GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK);
	if (!result)
		result = gnutls_priority_set_direct(
			dtls->session, "NORMAL:-VERS-ALL:+VERS-DTLS1.2:%NO_TICKETS", NULL);
	if (!result)
		result = gnutls_credentials_set(dtls->session, GNUTLS_CRD_CERTIFICATE,
						dtls->credentials);
	if (result) {
		fail(error, "DTLS cannot be set up", result);
		return NULL;
	}
	gnutls_dtls_set_mtu(dtls->session, MTU);
	gnutls_dtls_set_timeouts(dtls->session, NEVER_MS, NEVER_MS);
	gnutls_transport_set_ptr(dtls->session, dtls);
	gnutls_transport_set_push_function(dtls->session, push);
	gnutls_transport_set_pull_function(dtls->session, pull);
	gnutls_transport_set_pull_timeout_function(dtls->session, pull_timeout);
	return g_steal_pointer(&dtls);
}

SessionDtls *session_dtls_ref(SessionDtls *dtls)
{
	g_atomic_ref_count_inc(&dtls->references);
	return dtls;
}

void session_dtls_unref(SessionDtls *dtls)
{
	if (!g_atomic_ref_count_dec(&dtls->references))
		return;
	if (dtls->session)
		gnutls_deinit(dtls->session);
	if (dtls->credentials)
		gnutls_certificate_free_credentials(dtls->credentials);
	g_byte_array_unref(dtls->in);
	g_mutex_clear(&dtls->lock);
	g_free(dtls);
}

gboolean session_dtls_handshake(SessionDtls *dtls, const guint8 *data, gsize size, GByteArray *out,
				gboolean *done, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);
	int result;

	*done = dtls->done;
	/* What a sink sends once more. */
	if (dtls->done)
		return TRUE;
	if (size > MAX_RECORD || dtls->in->len > MAX_RECORD)
		return fail(error, "the sink sends too much", GNUTLS_E_UNEXPECTED_PACKET_LENGTH);
	g_byte_array_append(dtls->in, data, size);
	dtls->out = out;
	do
		result = gnutls_handshake(dtls->session);
	while (result < 0 && result != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(result));
	dtls->out = NULL;
	if (result == GNUTLS_E_SUCCESS) {
		*done = dtls->done = TRUE;
		g_byte_array_set_size(dtls->in, 0);
	} else if (result != GNUTLS_E_AGAIN) {
		return fail(error, "the DTLS handshake failed", result);
	} else if (!may_be_record(dtls)) {
		return fail(error, "the sink sends what is no DTLS", GNUTLS_E_UNEXPECTED_PACKET);
	}
	return TRUE;
}

gboolean session_dtls_is_done(SessionDtls *dtls)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);

	return dtls->done;
}

gsize session_dtls_seal(SessionDtls *dtls, const guint8 *data, gsize size, guint8 *out,
			gsize out_size)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);
	ssize_t sent;

	if (!dtls->done)
		return 0;
	dtls->record = out;
	dtls->record_room = out_size;
	dtls->record_size = 0;
	sent = gnutls_record_send(dtls->session, data, size);
	dtls->record_room = 0;
	return sent == (ssize_t)size ? dtls->record_size : 0;
}

gsize session_dtls_open(SessionDtls *dtls, const guint8 *record, gsize size, guint8 *out,
			gsize out_size)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);
	ssize_t got;

	if (!dtls->done || size > MAX_RECORD)
		return 0;
	/* What is left of the handshake, sent again, has been read. */
	g_byte_array_set_size(dtls->in, 0);
	g_byte_array_append(dtls->in, record, size);
	got = gnutls_record_recv(dtls->session, out, out_size);
	g_byte_array_set_size(dtls->in, 0);
	return MAX(got, 0);
}
