/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTSP messages from bytes and to bytes (RFC 2326). The messages are GStreamer's; its connection is
 * not used, because that wants an Internet socket of its own, reads it byte by byte until it is
 * empty, and so lets a source that sends fast keep it busy, and growing, for ever.
 */
#pragma once

#include <gst/rtsp/rtsp.h>

/* The largest head and body that are accepted, in bytes. An EDID of 256 blocks fits a body. */
#define SINK_RTSP_MAX_HEAD    (16 * 1024)
#define SINK_RTSP_MAX_BODY    (128 * 1024)
#define SINK_RTSP_MAX_HEADERS 64

#define SINK_RTSP_ERROR (sink_rtsp_error_quark())
GQuark sink_rtsp_error_quark(void);

typedef enum {
	SINK_RTSP_ERROR_MALFORMED,
	SINK_RTSP_ERROR_OVERSIZE,
} SinkRtspError;

typedef struct SinkRtspReader SinkRtspReader;
typedef void (*SinkRtspMessageFunc)(GstRTSPMessage *message, gpointer user_data);

/* @each is called from sink_rtsp_reader_feed() for every message as soon as it is whole. */
SinkRtspReader *sink_rtsp_reader_new(SinkRtspMessageFunc each, gpointer user_data);
void sink_rtsp_reader_free(SinkRtspReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SinkRtspReader, sink_rtsp_reader_free)

/* Takes any number of bytes, in any pieces. After FALSE the reader takes no more. */
gboolean sink_rtsp_reader_feed(SinkRtspReader *reader, const guint8 *data, gsize size,
			       GError **error);

/* A message as bytes, with its Content-Length. */
GBytes *sink_rtsp_serialize(const GstRTSPMessage *message);
