/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink's end of DTLS (RFC 6347): bytes in, bytes out. The handshake's come in messages of
 * Miracast over Infrastructure; afterwards each datagram of RTP is a record, and so are fields of
 * messages.
 *
 * OpenSSL, where the source has GnuTLS: neither can hide a mistake of the other.
 */
#pragma once

#include <gio/gio.h>

#define SINK_DTLS_RECORD_HEAD 13 /* bytes */

typedef struct SinkDtls SinkDtls;

/* With a certificate that was made for it. @cookie: ask for proof of the address first (4.2.1). */
SinkDtls *sink_dtls_new(gboolean cookie, GError **error);
SinkDtls *sink_dtls_ref(SinkDtls *dtls);
void sink_dtls_unref(SinkDtls *dtls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkDtls, sink_dtls_unref)

/* Takes bytes of the source's and adds the answer to @out. FALSE: the handshake has failed. */
gboolean sink_dtls_handshake(SinkDtls *dtls, const guint8 *data, gsize size, GByteArray *out,
			     GError **error);
gboolean sink_dtls_is_done(SinkDtls *dtls);

/* Any thread, once the handshake is done. One record; NULL if that cannot be. */
GBytes *sink_dtls_seal(SinkDtls *dtls, const guint8 *data, gsize size);
/* What is in a record; NULL if it is none of the source's, or came before. */
GBytes *sink_dtls_open(SinkDtls *dtls, const guint8 *record, gsize size);
