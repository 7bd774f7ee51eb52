/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A wpa_supplicant of the sink's own for one Wi-Fi device, told what to do over its control interface
 * (the D-Bus one would have to share a bus with the source's).
 */
#pragma once

#include "sink-element.h"

typedef struct SinkSupplicant SinkSupplicant;

typedef struct {
	const char *interface;
	const char *directory; /* for its sockets and configuration; private to the sink */
	const char *settings; /* lines of wpa_supplicant.conf */
	const char *store; /* keeps the groups that it knows, from run to run; NULL: nothing does */
	const char *log; /* NULL: none */
} SinkSupplicantConfig;

typedef struct {
	void (*up)(gpointer user_data); /* once: it answers */
	void (*event)(const SinkEventLine *event, gpointer user_data);
	void (*gone)(const char *sentence, gpointer user_data);
} SinkSupplicantOps;

SinkSupplicant *sink_supplicant_new(const SinkSupplicantConfig *config,
				    const SinkSupplicantOps *ops, gpointer user_data,
				    GError **error);
/* Removes its groups and ends it. */
void sink_supplicant_free(SinkSupplicant *supplicant);
/* Its answer without the last newline; "FAIL" and silence are errors. Free with g_free. */
char *sink_supplicant_ask(SinkSupplicant *supplicant, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* The same where the answer is but OK. */
gboolean sink_supplicant_do(SinkSupplicant *supplicant, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
void sink_supplicant_freeze(SinkSupplicant *supplicant);
