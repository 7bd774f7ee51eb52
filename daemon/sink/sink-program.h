/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that the sink starts, and that ends with it whatever happens. */
#pragma once

#include <glib.h>

typedef struct SinkProgram SinkProgram;

/* @sentence: that it has ended by itself, and how */
typedef void (*SinkProgramEnded)(const char *sentence, gpointer user_data);
/* A line of its output, without the newline. */
typedef void (*SinkProgramLine)(const char *line, gpointer user_data);

/**
 * sink_program_new:
 * @argv: NULL-terminated; the program is looked for in PATH, /usr/sbin and /sbin
 * @line: NULL: what it writes is dropped
 */
SinkProgram *sink_program_new(const char *const *argv, SinkProgramLine line, SinkProgramEnded ended,
			      gpointer user_data, GError **error);
/* SIGTERM, and SIGKILL if it takes more than some seconds; returns when it is gone. */
void sink_program_free(SinkProgram *program);
/* Nothing more of it, for good. */
void sink_program_freeze(SinkProgram *program);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkProgram, sink_program_free)
