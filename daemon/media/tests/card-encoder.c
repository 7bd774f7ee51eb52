// SPDX-License-Identifier: GPL-2.0-or-later
#include "card-encoder.h"

#include <signal.h>

CardEncoder card = {.broken = TRUE};

typedef struct {
	GstBin parent;
} MediaCardEncoder;
typedef GstBinClass MediaCardEncoderClass;

G_DEFINE_TYPE(MediaCardEncoder, card_encoder, GST_TYPE_BIN)

static GstPadProbeReturn card_take(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	g_atomic_int_inc(&card.taken);
	while (g_atomic_int_get(&card.blocked))
		g_usleep(1000);
	if (card.fault != CARD_FAILS_AT_PICTURE)
		return GST_PAD_PROBE_OK;
	GST_ELEMENT_ERROR(GST_PAD_PARENT(pad), LIBRARY, ENCODE, ("no surface"), (NULL));
	gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
	GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_ERROR;
	return GST_PAD_PROBE_HANDLED;
}

static GstPadProbeReturn card_give(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));

	if (!card.frames)
		card.first = GST_BUFFER_PTS(buffer);
	GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) =
		card.first + card.frames++ * GST_SECOND / 60;
	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	return GST_PAD_PROBE_OK;
}

static void card_encoder_init(MediaCardEncoder *self)
{
	GstElement *inner = gst_element_factory_make("x264enc", "inner");
	g_autoptr(GstPad) sink = gst_element_get_static_pad(inner, "sink");
	g_autoptr(GstPad) src = gst_element_get_static_pad(inner, "src");

	gst_util_set_object_arg(G_OBJECT(inner), "tune", "zerolatency");
	gst_util_set_object_arg(G_OBJECT(inner), "speed-preset", "ultrafast");
	gst_bin_add(GST_BIN(self), inner);
	gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, card_take, NULL, NULL);
	gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER, card_give, NULL, NULL);
	gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new("sink", sink));
	gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new("src", src));
}

static void card_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	if (g_str_equal(spec->name, "cpb-size"))
		card.cpb_size = g_value_get_uint(value);
	if (g_str_equal(spec->name, "bitrate")) {
		card.kbit = g_value_get_uint(value);
		card.n_told++;
	}
}

static GstStateChangeReturn card_change_state(GstElement *element, GstStateChange change)
{
	if (card.broken && change == GST_STATE_CHANGE_NULL_TO_READY)
		return GST_STATE_CHANGE_FAILURE;
	if (change == GST_STATE_CHANGE_READY_TO_PAUSED)
		card.frames = 0;
	if (card.fault == CARD_KILLS && change == GST_STATE_CHANGE_READY_TO_PAUSED)
		raise(SIGKILL);
	if (card.fault == CARD_DOES_NOT_PLAY && change == GST_STATE_CHANGE_READY_TO_PAUSED)
		return GST_STATE_CHANGE_FAILURE;
	return GST_ELEMENT_CLASS(card_encoder_parent_class)->change_state(element, change);
}

static void card_encoder_class_init(MediaCardEncoderClass *class)
{
	static const char *const numbers[] = {"bitrate",  "key-int-max", "cpb-size",
					      "b-frames", "ref-frames",	 "min-qp"};
	GObjectClass *object_class = G_OBJECT_CLASS(class);
	guint id = 1;

	object_class->set_property = card_set_property;
	GST_ELEMENT_CLASS(class)->change_state = card_change_state;
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
		g_object_class_install_property(
			object_class, id++,
			g_param_spec_uint(numbers[i], NULL, NULL, 0, G_MAXUINT, 0,
					  i ? G_PARAM_WRITABLE
					    : G_PARAM_WRITABLE | GST_PARAM_MUTABLE_PLAYING));
	g_object_class_install_property(object_class, id++,
					g_param_spec_boolean("cabac", NULL, NULL, TRUE,
							     G_PARAM_WRITABLE));
	g_object_class_install_property(object_class, id++,
					g_param_spec_string("rate-control", NULL, NULL, NULL,
							    G_PARAM_WRITABLE));
	g_object_class_install_property(object_class, id++,
					g_param_spec_string("extra-controls", NULL, NULL, NULL,
							    G_PARAM_WRITABLE));
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "card", "Codec/Encoder",
					      "stands in for hardware", "the test");
}

void card_encoder_register(void)
{
	gst_element_register(NULL, "vah264enc", GST_RANK_NONE, card_encoder_get_type());
	gst_element_register(NULL, "v4l2h264enc", GST_RANK_NONE, card_encoder_get_type());
}
