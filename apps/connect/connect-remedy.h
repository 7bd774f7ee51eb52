/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the window can mend by itself, after an administrator's consent, which polkit asks for. */
#ifndef CONNECT_REMEDY_H
#define CONNECT_REMEDY_H

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * @word: a session's Reason, a word of Manager1.Problems, or a check of the doctor
 *
 * Returns: the button's text; NULL: there is no remedy of this kind
 */
const char *connect_remedy_label(const char *word);

void connect_remedy_apply_async(const char *word, GCancellable *cancellable,
				GAsyncReadyCallback callback, gpointer user_data);
gboolean connect_remedy_apply_finish(GAsyncResult *result, GError **error);

G_END_DECLS

#endif /* CONNECT_REMEDY_H */
