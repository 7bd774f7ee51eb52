/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bus says, for people: in their language, and as pictures. */
#ifndef CONNECT_WORDS_H
#define CONNECT_WORDS_H

#include "bus.h"

G_BEGIN_DECLS

/* "Television"; "Display" if the kind is not known. */
const char *connect_words_kind(const char *kind);
const char *connect_words_kind_icon(const char *kind);

/* "Wi-Fi Direct" */
const char *connect_words_way(const char *way);

/* Under a sink's name: "Television, Wi-Fi Direct, asks for a PIN". Transfer full. */
char *connect_words_sink(BusSink1 *sink);

/* "Signal: good", or NULL if it is not known. */
const char *connect_words_signal(int strength);
const char *connect_words_signal_icon(int strength);

/* What a session does, in a word or two. */
const char *connect_words_state(const char *state);

/* A step of connecting as a sentence; @message is what the service says, for one that is not known. */
const char *connect_words_step(const char *word, const char *message);

/* What the person is asked; @message is what the service says. */
const char *connect_words_question(const char *word, const char *message);

/* A sentence of the service, which may have a detail in parentheses behind it. Transfer full. */
char *connect_words_sentence(const char *sentence);

/* @text with what @sentence has at the places of @pattern, a format of texts; NULL: it is not of that. Transfer full. */
char *connect_words_match(const char *pattern, const char *text, const char *sentence);

/* @sentence, which was made of @pattern, a format of texts and numbers. Transfer full. */
char *connect_words_filled(const char *pattern, const char *sentence);

/* "1920x1080@60" as "1920 × 1080, 60 Hz". Transfer full. */
char *connect_words_mode(const char *mode);

G_END_DECLS

#endif /* CONNECT_WORDS_H */
