// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-dtls.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <string.h>

#define CERTIFICATE_DAYS 30
#define MTU		 1400 /* bytes */
#define COOKIE		 16 /* bytes */
/* More than a record takes beside what is in it, with whatever cipher was agreed upon. */
#define MAX_OVERHEAD 256

struct SinkDtls {
	gatomicrefcount references;
	GMutex lock; /* guards the rest: records come on two ways */
	SSL_CTX *context;
	SSL *ssl;
	BIO *in; /* the SSL's, as the next one */
	BIO *out;
	guint8 cookie[COOKIE];
};

static gboolean fail(GError **error, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s%s%s", what, reason ? ": " : "",
		    reason ? reason : "");
	ERR_clear_error();
	return FALSE;
}

static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned int *size)
{
	const SinkDtls *dtls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	memcpy(cookie, dtls->cookie, COOKIE);
	*size = COOKIE;
	return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned int size)
{
	const SinkDtls *dtls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	return size == COOKIE && !memcmp(cookie, dtls->cookie, COOKIE);
}

/* Signed by itself: nobody checks more than that the key is its own. */
static gboolean set_certificate(SSL_CTX *context)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
	gboolean ok =
		key && name && X509_set_version(certificate, X509_VERSION_3) &&
		ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate),
					(guint64)g_random_int() + 1) &&
		X509_gmtime_adj(X509_getm_notBefore(certificate), -24 * 3600) &&
		X509_time_adj_ex(X509_getm_notAfter(certificate), CERTIFICATE_DAYS, 0, NULL) &&
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					   (const guint8 *)"miracast-sink", -1, -1, 0) &&
		X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
		X509_sign(certificate, key, EVP_sha256()) &&
		SSL_CTX_use_certificate(context, certificate) &&
		SSL_CTX_use_PrivateKey(context, key);

	X509_free(certificate);
	EVP_PKEY_free(key);
	return ok;
}

SinkDtls *sink_dtls_new(gboolean cookie, GError **error)
{
	g_autoptr(SinkDtls) dtls = g_new0(SinkDtls, 1);

	g_atomic_ref_count_init(&dtls->references);
	g_mutex_init(&dtls->lock);
	dtls->context = SSL_CTX_new(DTLS_server_method());
	if (!dtls->context || !set_certificate(dtls->context) ||
	    !SSL_CTX_set_min_proto_version(dtls->context, DTLS1_2_VERSION) ||
	    RAND_bytes(dtls->cookie, COOKIE) != 1) {
		fail(error, "DTLS cannot be set up");
		return NULL;
	}
	SSL_CTX_set_app_data(dtls->context, dtls);
	SSL_CTX_set_cookie_generate_cb(dtls->context, make_cookie);
	SSL_CTX_set_cookie_verify_cb(dtls->context, check_cookie);
	SSL_CTX_set_options(dtls->context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION |
						   (cookie ? SSL_OP_COOKIE_EXCHANGE : 0));
	dtls->ssl = SSL_new(dtls->context);
	dtls->in = BIO_new(BIO_s_mem());
	dtls->out = BIO_new(BIO_s_mem());
	if (!dtls->ssl || !dtls->in || !dtls->out) {
		BIO_free(dtls->in);
		BIO_free(dtls->out);
		fail(error, "DTLS cannot be set up");
		return NULL;
	}
	/* That nothing is there now is not the end. */
	BIO_set_mem_eof_return(dtls->in, -1);
	BIO_set_mem_eof_return(dtls->out, -1);
	SSL_set_bio(dtls->ssl, dtls->in, dtls->out);
	SSL_set_mtu(dtls->ssl, MTU);
	SSL_set_accept_state(dtls->ssl);
	return g_steal_pointer(&dtls);
}

SinkDtls *sink_dtls_ref(SinkDtls *dtls)
{
	g_atomic_ref_count_inc(&dtls->references);
	return dtls;
}

void sink_dtls_unref(SinkDtls *dtls)
{
	if (!g_atomic_ref_count_dec(&dtls->references))
		return;
	SSL_free(dtls->ssl);
	SSL_CTX_free(dtls->context);
	g_mutex_clear(&dtls->lock);
	g_free(dtls);
}

static void take_output(SinkDtls *dtls, GByteArray *out)
{
	guint8 buffer[2048];
	int n;

	while ((n = BIO_read(dtls->out, buffer, sizeof(buffer))) > 0)
		g_byte_array_append(out, buffer, n);
}

gboolean sink_dtls_handshake(SinkDtls *dtls, const guint8 *data, gsize size, GByteArray *out,
			     GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);
	int result;

	ERR_clear_error();
	if (size && BIO_write(dtls->in, data, size) != (int)size)
		return fail(error, "no memory");
	/* It reads one flight at a time, and passes over what is none. */
	do
		result = SSL_do_handshake(dtls->ssl);
	while (result <= 0 && SSL_get_error(dtls->ssl, result) == SSL_ERROR_WANT_READ &&
	       BIO_pending(dtls->in));
	take_output(dtls, out);
	if (result <= 0 && SSL_get_error(dtls->ssl, result) != SSL_ERROR_WANT_READ)
		return fail(error, "the DTLS handshake failed");
	return TRUE;
}

gboolean sink_dtls_is_done(SinkDtls *dtls)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);

	return SSL_is_init_finished(dtls->ssl);
}

GBytes *sink_dtls_seal(SinkDtls *dtls, const guint8 *data, gsize size)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);
	g_autoptr(GByteArray) out = g_byte_array_new();

	if (SSL_write(dtls->ssl, data, size) != (int)size)
		return NULL;
	take_output(dtls, out);
	return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

GBytes *sink_dtls_open(SinkDtls *dtls, const guint8 *record, gsize size)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&dtls->lock);
	g_autofree guint8 *data = g_malloc(size + MAX_OVERHEAD);
	int n;

	/* Before that, it would be taken for a part of the handshake. */
	if (!SSL_is_init_finished(dtls->ssl))
		return NULL;
	if (size > G_MAXINT || BIO_write(dtls->in, record, size) != (int)size)
		return NULL;
	n = SSL_read(dtls->ssl, data, size + MAX_OVERHEAD);
	/* What is behind a record is none of it. */
	BIO_reset(dtls->in);
	ERR_clear_error();
	return n > 0 ? g_bytes_new_take(g_steal_pointer(&data), n) : NULL;
}
