/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a source left the specification without the session ending for it: the first ones. */
#pragma once

#include <glib.h>

#define SINK_MAX_VIOLATIONS 32

typedef struct SinkViolations SinkViolations;

SinkViolations *sink_violations_new(void);
void sink_violations_free(SinkViolations *violations);

G_GNUC_PRINTF(2, 3)
void sink_violations_note(SinkViolations *violations, const char *format, ...);
/* NULL-terminated. */
const char *const *sink_violations_get(const SinkViolations *violations);
