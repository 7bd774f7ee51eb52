/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "miracastctl doctor" says of this machine. */
#ifndef CONNECT_DOCTOR_H
#define CONNECT_DOCTOR_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
	char *check; /* "service": a word for machines */
	gboolean failed; /* no session can work; else something is worth knowing */
	char *meaning; /* a sentence in the person's language */
	char *remedy; /* a command, or the same, or NULL */
	char *cost; /* what that takes of the person, or NULL */
	char *fix; /* of connect-remedy.h, or "" */
} ConnectFinding;

/* In the doctor's order, without what is well: element-type ConnectFinding. Transfer full. */
void connect_doctor_ask_async(GCancellable *cancellable, GAsyncReadyCallback callback,
			      gpointer user_data);
GPtrArray *connect_doctor_ask_finish(GAsyncResult *result, GError **error);

/* "Display driver": what it looked at. */
const char *connect_doctor_title(const char *check);

G_END_DECLS

#endif /* CONNECT_DOCTOR_H */
