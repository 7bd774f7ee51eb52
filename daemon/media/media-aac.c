// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-aac.h"

#include "media-line.h"

#include <gst/gst.h>

#define BITS_PER_S 160000
#define NS_PER_S   1000000000
#define ADTS_HEAD  7 /* bytes */
#define ADTS_MPEG2 0x08 /* in its second byte */
/* Blocks that an encoder may keep back before it gives a frame: more is a fault of it. */
#define MAX_WAITING 8

/* The best first, with how many frames of sound each puts before those that it is given. */
static const struct {
	const char *name;
	guint delay;
} encoders[] = {
	{"fdkaacenc", 2048},
	{"avenc_aac", 1024},
	{"voaacenc", 1600},
};

struct _MediaAac {
	MediaAacFunc on_frame;
	gpointer user_data;
	gint64 delay_ns;
	GstElement *bin;
	GstPad *in; /* ours: blocks leave by it */
	GstPad *out; /* ours: frames come by it */
	guint64 blocks;
	gint64 times[MAX_WAITING]; /* of the blocks whose frame has not come, by their number */
	guint64 frames;
};

static int find_encoder(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(encoders); i++) {
		g_autoptr(GstElementFactory) factory = gst_element_factory_find(encoders[i].name);

		if (factory)
			return i;
	}
	return -1;
}

/* Whether this machine has an encoder. GStreamer has been initialised. */
gboolean media_aac_works(void)
{
	return find_encoder() >= 0;
}

/* Loads what media_aac_new() needs, for a process that may not open files later. */
void media_aac_prepare(void)
{
	g_autoptr(MediaAac) aac = media_aac_new(NULL, NULL, NULL);
}

/* An encoder gives frames in the order of its blocks, whatever it says of their times. */
static GstFlowReturn on_buffer(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	MediaAac *aac = pad->chaindata;
	GstMapInfo map;

	buffer = gst_buffer_make_writable(buffer);
	if (aac->frames == aac->blocks || gst_buffer_get_size(buffer) <= ADTS_HEAD ||
	    !gst_buffer_map(buffer, &map, GST_MAP_READWRITE)) {
		gst_buffer_unref(buffer);
		return GST_FLOW_ERROR;
	}
	/* GStreamer calls it MPEG-4; the tables of the stream say MPEG-2. */
	map.data[1] |= ADTS_MPEG2;
	aac->on_frame(map.data, map.size, aac->times[aac->frames++ % MAX_WAITING] - aac->delay_ns,
		      aac->user_data);
	gst_buffer_unmap(buffer, &map);
	gst_buffer_unref(buffer);
	return GST_FLOW_OK;
}

static gboolean link_pads(MediaAac *aac)
{
	g_autoptr(GstPad) first = gst_element_get_static_pad(aac->bin, "sink");
	g_autoptr(GstPad) last = gst_element_get_static_pad(aac->bin, "src");

	aac->in = gst_pad_new("blocks", GST_PAD_SRC);
	aac->out = gst_pad_new("frames", GST_PAD_SINK);
	gst_pad_set_chain_function(aac->out, on_buffer);
	aac->out->chaindata = aac;
	return gst_pad_link(aac->in, first) == GST_PAD_LINK_OK &&
	       gst_pad_link(last, aac->out) == GST_PAD_LINK_OK &&
	       gst_pad_set_active(aac->out, TRUE) && gst_pad_set_active(aac->in, TRUE);
}

static void say_format(MediaAac *aac)
{
	g_autoptr(GstCaps) caps =
		gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING,
				    G_BYTE_ORDER == G_LITTLE_ENDIAN ? "S16LE" : "S16BE", "layout",
				    G_TYPE_STRING, "interleaved", "rate", G_TYPE_INT,
				    MEDIA_AAC_RATE, "channels", G_TYPE_INT, MEDIA_CHANNELS, NULL);
	GstSegment segment;

	gst_segment_init(&segment, GST_FORMAT_TIME);
	gst_pad_push_event(aac->in, gst_event_new_stream_start("sound"));
	gst_pad_push_event(aac->in, gst_event_new_caps(caps));
	gst_pad_push_event(aac->in, gst_event_new_segment(&segment));
}

/* @on_frame: called by media_aac_push() */
MediaAac *media_aac_new(MediaAacFunc on_frame, gpointer user_data, GError **error)
{
	g_autoptr(MediaAac) aac = g_new0(MediaAac, 1);
	g_autofree char *description = NULL;
	int encoder = find_encoder();

	if (encoder < 0) {
		g_set_error_literal(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
				    "there is no encoder for AAC");
		return NULL;
	}
	aac->on_frame = on_frame;
	aac->user_data = user_data;
	aac->delay_ns = gst_util_uint64_scale(encoders[encoder].delay, NS_PER_S, MEDIA_AAC_RATE);
	description = g_strdup_printf("audioconvert ! %s bitrate=%u ! aacparse ! "
				      "capsfilter caps=audio/mpeg,stream-format=adts",
				      encoders[encoder].name, BITS_PER_S);
	aac->bin = gst_parse_bin_from_description(description, TRUE, error);
	if (!aac->bin)
		return NULL;
	gst_object_ref_sink(aac->bin);
	if (!link_pads(aac) ||
	    gst_element_set_state(aac->bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE, "%s does not start",
			    encoders[encoder].name);
		return NULL;
	}
	say_format(aac);
	return g_steal_pointer(&aac);
}

void media_aac_free(MediaAac *aac)
{
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

/**
 * media_aac_push() - encodes a block
 * @aac: the encoder
 * @block: MEDIA_AAC_FRAMES frames of MEDIA_CHANNELS samples, in the host's order
 * @played_ns: when the first one was played
 *
 * Return: FALSE if the encoder has failed and nothing comes of it any more.
 */
gboolean media_aac_push(MediaAac *aac, const gint16 *block, gint64 played_ns)
{
	GstBuffer *buffer;

	if (aac->blocks - aac->frames == MAX_WAITING)
		return FALSE;
	buffer = gst_buffer_new_memdup(block, MEDIA_AAC_FRAMES * MEDIA_FRAME);
	GST_BUFFER_PTS(buffer) =
		gst_util_uint64_scale(aac->blocks * MEDIA_AAC_FRAMES, NS_PER_S, MEDIA_AAC_RATE);
	GST_BUFFER_DURATION(buffer) =
		gst_util_uint64_scale(MEDIA_AAC_FRAMES, NS_PER_S, MEDIA_AAC_RATE);
	aac->times[aac->blocks++ % MAX_WAITING] = played_ns;
	return gst_pad_push(aac->in, buffer) == GST_FLOW_OK;
}
