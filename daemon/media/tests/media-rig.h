/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream and, over loopback, an independent GStreamer pipeline that receives it: what is drawn and pushed
 * at one end is decoded at the other. For tests; limits of time are guards against hanging, not measures.
 */
#ifndef MEDIA_RIG_H
#define MEDIA_RIG_H

#include "media.h"

#include <gst/gst.h>
#include <gst/video/video.h>

#define RIG_GUARD (30 * G_TIME_SPAN_SECOND)

extern const MediaFormat rig_vga;
extern const MediaFormat rig_hd;

typedef struct {
	Media *media;
	GstElement *receiver;
	GstElement *sink; /* decoded pictures */
	GMainLoop *loop;
	GThread *thread;
	guint width, height;
	guint8 *pixels;
	MediaColor *color; /* of the pictures that are pushed */
	GPtrArray *datagrams; /* as received; probe's thread only until rig_listen_off() */
	gint releases;
	gint errors; /* told; none is expected unless errors_expected */
	gboolean errors_expected;
} MediaRig;

MediaRig *rig_new(guint width, guint height, const MediaFormat *format);
/* @encoder: NULL for the best that works. */
MediaRig *rig_new_with(guint width, guint height, const MediaFormat *format, const char *encoder);
void rig_free(MediaRig *rig);

/* A MediaErrorFunc. @user_data: NULL or a rig: unless that expects errors, there must be none. */
void rig_on_error(const char *message, gpointer user_data);

/* A smooth picture with a bright bar at @x. */
void rig_draw(MediaRig *rig, guint x);
MediaOutcome rig_push(MediaRig *rig);
MediaOutcome rig_push_at(MediaRig *rig, gint64 time_ns);
/* For MediaFrame's release, with the rig: it is counted. */
void rig_on_release(gpointer user_data);

/* The next decoded picture. */
GstSample *rig_pull(MediaRig *rig);
/* Of a decoded picture against what was last drawn, in decibels. */
double rig_psnr(MediaRig *rig, GstSample *sample);
/* From here on rig->datagrams does not change. */
void rig_listen_off(MediaRig *rig);

guint64 rig_keyframes(MediaRig *rig);
void rig_wait_for_keyframes(MediaRig *rig, guint64 n);

void map_sample(GstSample *sample, GstVideoFrame *frame);
/* The decoded pixel at @x, @y as blue, green, red; by the formula, as GStreamer's is not exact. */
void decoded_pixel(const GstVideoFrame *frame, guint x, guint y, double *bgr);

/* Without a receiver: one that goes nowhere, and one that plays to the other ends of pairs of sockets. */
Media *media_unconnected(void);
Media *media_paired(const MediaConfig *config, GMainContext *context, int rtp[2], int rtcp[2]);

#endif /* MEDIA_RIG_H */
