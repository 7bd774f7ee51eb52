/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An encoder of a graphics card, named as one: x264enc with the properties and the faults of that
 * one. It writes times as the one of GStreamer 1.22 does, counting frames of the mode's rate.
 */
#ifndef CARD_ENCODER_H
#define CARD_ENCODER_H

#include <gst/gst.h>

typedef enum {
	CARD_WORKS,
	CARD_DOES_NOT_PLAY, /* has a device, and no context can be made */
	CARD_KILLS, /* as above, and takes its process along */
	CARD_FAILS_AT_PICTURE,
} CardFault;

typedef struct {
	gboolean broken; /* has no device */
	CardFault fault;
	gint blocked; /* takes a picture and does not come back */
	gint taken; /* pictures, one that it does not come back with included */
	gint cpb_size;
	guint kbit, n_told; /* the rate, and how often it was set */
	guint64 frames;
	GstClockTime first;
} CardEncoder;

/* The one card. It is broken at first. */
extern CardEncoder card;

GType card_encoder_get_type(void);
/* As vah264enc and v4l2h264enc, in place of this machine's own. */
void card_encoder_register(void);

#endif /* CARD_ENCODER_H */
