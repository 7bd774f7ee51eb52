/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the window can mend by itself, for good, after an administrator's consent, which polkit asks for. */
#ifndef CONNECT_REMEDY_H
#define CONNECT_REMEDY_H

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * @word: a session's Reason, or one of Manager1.Problems
 *
 * Returns: what mends it, as the doctor's findings name it ("open-firewall"); NULL: nothing here does
 */
const char *connect_remedy_for(const char *word);

/* The button's text; NULL: it is none of this window's. */
const char *connect_remedy_label(const char *fix);

/* @address: this computer's that a display did not reach, or NULL */
void connect_remedy_apply_async(const char *fix, const char *address, GAsyncReadyCallback callback,
				gpointer user_data);
gboolean connect_remedy_apply_finish(GAsyncResult *result, GError **error);

G_END_DECLS

#endif /* CONNECT_REMEDY_H */
