/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source's end of DTLS (RFC 6347): bytes in, bytes out. The handshake's are carried by the host,
 * in messages of Miracast over Infrastructure; the stream, and what the host asks for, is sealed
 * with what was agreed upon. The sink's certificate is its own and is not checked ([MS-MICE],
 * 3.2.5.4).
 */
#ifndef SESSION_DTLS_H
#define SESSION_DTLS_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* A record is at most so many bytes longer than what is in it. */
#define SESSION_DTLS_OVERHEAD 128

typedef struct _SessionDtls SessionDtls;

SessionDtls *session_dtls_new(GError **error);
SessionDtls *session_dtls_ref(SessionDtls *dtls);
void session_dtls_unref(SessionDtls *dtls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SessionDtls, session_dtls_unref)

/**
 * session_dtls_handshake:
 * @data: of the sink, in any pieces; none at first
 * @out: what is for the sink is added
 * @done: (out): whether it is over
 *
 * Returns: FALSE with an error of domain G_IO_ERROR: there is no way to go on
 */
gboolean session_dtls_handshake(SessionDtls *dtls, const guint8 *data, gsize size, GByteArray *out,
				gboolean *done, GError **error);

gboolean session_dtls_is_done(SessionDtls *dtls);

/*
 * Once it is over; any thread. One record, in @out_size bytes at @out: its size; 0: it does not fit, or
 * cannot be.
 */
gsize session_dtls_seal(SessionDtls *dtls, const guint8 *data, gsize size, guint8 *out,
			gsize out_size);

/* The same the other way round: what is in a record; 0: it is none of the sink's, or came before. */
gsize session_dtls_open(SessionDtls *dtls, const guint8 *record, gsize size, guint8 *out,
			gsize out_size);

G_END_DECLS

#endif /* SESSION_DTLS_H */
