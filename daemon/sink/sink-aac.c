// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink-aac.h"

#include <gst/gst.h>

/* Silence stays silence. */
#define DESCRIPTION                                             \
	"aacparse ! avdec_aac ! audioconvert dithering=none ! " \
	"capsfilter caps=audio/x-raw,format=S16BE,channels=2,layout=interleaved"

struct SinkAac {
	GstElement *bin;
	GstPad *in; /* ours: frames leave by it */
	GstPad *out; /* ours: samples come by it */
	GByteArray *samples; /* where they go; of the caller */
};

static GstFlowReturn on_samples(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	SinkAac *aac = pad->chaindata;
	GstMapInfo map;

	if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
		g_byte_array_append(aac->samples, map.data, map.size);
		gst_buffer_unmap(buffer, &map);
	}
	gst_buffer_unref(buffer);
	return GST_FLOW_OK;
}

static gboolean start(SinkAac *aac)
{
	g_autoptr(GstPad) first = gst_element_get_static_pad(aac->bin, "sink");
	g_autoptr(GstPad) last = gst_element_get_static_pad(aac->bin, "src");
	g_autoptr(GstCaps) caps = gst_caps_from_string("audio/mpeg,mpegversion=2,"
						       "stream-format=adts,framed=true");
	GstSegment segment;

	aac->in = gst_pad_new("frames", GST_PAD_SRC);
	aac->out = gst_pad_new("samples", GST_PAD_SINK);
	gst_pad_set_chain_function(aac->out, on_samples);
	aac->out->chaindata = aac;
	if (gst_pad_link(aac->in, first) != GST_PAD_LINK_OK ||
	    gst_pad_link(last, aac->out) != GST_PAD_LINK_OK ||
	    !gst_pad_set_active(aac->out, TRUE) || !gst_pad_set_active(aac->in, TRUE) ||
	    gst_element_set_state(aac->bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
		return FALSE;
	gst_segment_init(&segment, GST_FORMAT_TIME);
	gst_pad_push_event(aac->in, gst_event_new_stream_start("sound"));
	gst_pad_push_event(aac->in, gst_event_new_caps(caps));
	gst_pad_push_event(aac->in, gst_event_new_segment(&segment));
	return TRUE;
}

SinkAac *sink_aac_new(GError **error)
{
	SinkAac *aac = g_new0(SinkAac, 1);

	aac->bin = gst_parse_bin_from_description(DESCRIPTION, TRUE, error);
	if (!aac->bin) {
		sink_aac_free(aac);
		return NULL;
	}
	gst_object_ref_sink(aac->bin);
	if (!start(aac)) {
		g_set_error_literal(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
				    "avdec_aac does not start");
		sink_aac_free(aac);
		return NULL;
	}
	return aac;
}

void sink_aac_free(SinkAac *aac)
{
	if (!aac)
		return;
	if (aac->in)
		gst_pad_set_active(aac->in, FALSE);
	if (aac->bin)
		gst_element_set_state(aac->bin, GST_STATE_NULL);
	if (aac->out)
		gst_pad_set_active(aac->out, FALSE);
	gst_clear_object(&aac->bin);
	gst_clear_object(&aac->in);
	gst_clear_object(&aac->out);
	g_free(aac);
}

/*
 * Appends what a whole frame with ADTS comes to, of 16 bits, big endian, two channels. FALSE: it
 * cannot be decoded.
 */
gboolean sink_aac_decode(SinkAac *aac, const guint8 *frame, gsize size, GByteArray *samples)
{
	aac->samples = samples;
	return gst_pad_push(aac->in, gst_buffer_new_memdup(frame, size)) == GST_FLOW_OK;
}
