/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why something failed, in the person's language: by the word that stays the same. */
#ifndef CONNECT_REASONS_H
#define CONNECT_REASONS_H

#include <glib.h>

G_BEGIN_DECLS

/*
 * @word: a session's Reason, a sink's Obstacle, or one of Manager1.Problems; @message: its sentence
 * *@detail: what the service says beside that, in its own language, or NULL; may be NULL. Transfer full
 *
 * Returns: (transfer full)
 */
char *connect_reasons_describe(const char *word, const char *message, char **detail);

/* The same in one text: the detail is below. Transfer full. */
char *connect_reasons_describe_all(const char *word, const char *message);

gboolean connect_reasons_has(const char *word);

/* What happened, without what to do about it. Transfer full. */
char *connect_reasons_shorten(const char *sentence);

/* Of a call that was refused: @name is the error's, @message what the service says. Transfer full. */
char *connect_reasons_of_refusal(const char *name, const char *message);

G_END_DECLS

#endif /* CONNECT_REASONS_H */
