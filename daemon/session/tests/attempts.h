/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session's process tries that is in a sink's hands. */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stddef.h>

typedef struct {
	const char *what;
	int (*make)(void); /* 0 if it worked, else an errno */
} Attempt;

extern const Attempt attempts[];
extern const size_t n_attempts;

#endif /* ATTEMPTS_H */
