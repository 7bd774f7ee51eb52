/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What wpa_supplicant says over its control interface, and the Wi-Fi Display element of a source,
 * read: pure. The sink's own reading, so that a mistake cannot hide in both ends.
 */
#pragma once

#include <glib.h>

typedef enum {
	SINK_DEVICE_SOURCE,
	SINK_DEVICE_PRIMARY_SINK,
	SINK_DEVICE_SECONDARY_SINK,
	SINK_DEVICE_DUAL,
} SinkDeviceType;

/* WFD 2.1, 5.1.2: the subelement WFD Device Information */
typedef struct {
	SinkDeviceType type;
	gboolean available;
	gboolean content_protection;
	guint16 port; /* of RTSP; 0 if none is named */
	guint16 throughput; /* Mbit/s */
} SinkElement;

/* Subelements (id, length of two bytes, body) in hexadecimal, as wpa_supplicant shows a peer's. */
gboolean sink_element_parse(const char *hex, SinkElement *element, GError **error);

/* One event: "IFNAME=p2p-wlan1-0 <3>AP-STA-CONNECTED 02:00:00:00:00:00 p2p_dev_addr=..." */
typedef struct {
	char *interface; /* NULL if it is of none */
	char *name;
	char **words; /* that follow; what is in quotes is one word with what stands before it */
} SinkEventLine;

void sink_event_line_clear(SinkEventLine *line);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SinkEventLine, sink_event_line_clear)

/* FALSE: it is none, but an answer or garbage. */
gboolean sink_event_line_parse(const char *text, SinkEventLine *line);
/* The value of the word KEY=VALUE, or NULL; and the word at @n that is none, or "". */
const char *sink_event_line_get(const SinkEventLine *line, const char *key);
const char *sink_event_line_word(const SinkEventLine *line, guint n);
/* The value of the line KEY=VALUE in an answer, or NULL; free with g_free. */
char *sink_answer_get(const char *answer, const char *key);
