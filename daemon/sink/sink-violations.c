// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-violations.h"

struct SinkViolations {
	guint n;
	char *texts[SINK_MAX_VIOLATIONS + 1]; /* always NULL-terminated */
};

SinkViolations *sink_violations_new(void)
{
	return g_new0(SinkViolations, 1);
}

void sink_violations_free(SinkViolations *violations)
{
	for (guint i = 0; i < violations->n; i++)
		g_free(violations->texts[i]);
	g_free(violations);
}

void sink_violations_note(SinkViolations *violations, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	if (violations->n == SINK_MAX_VIOLATIONS)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	/* It may have the source's own words. */
	violations->texts[violations->n++] = g_utf8_make_valid(text, -1);
}

const char *const *sink_violations_get(const SinkViolations *violations)
{
	return (const char *const *)violations->texts;
}
