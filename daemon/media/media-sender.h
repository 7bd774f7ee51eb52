/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of a stream, which are handed in: a process that may make none uses them. */
#ifndef MEDIA_SENDER_H
#define MEDIA_SENDER_H

#include "media-types.h"

typedef struct _MediaSender MediaSender;

MediaSender *media_sender_new(int rtp, int rtcp, GError **error);
void media_sender_free(MediaSender *sender);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MediaSender, media_sender_free)

void media_sender_set_seal(MediaSender *sender, MediaSeal seal, gpointer user_data);
guint16 media_sender_port(const MediaSender *sender);
void media_sender_send_report(MediaSender *sender, const guint8 *report, gsize size);
gsize media_sender_receive_report(MediaSender *sender, guint8 *report, gsize size);
void media_sender_take_queue(MediaSender *sender, guint *lowest, guint *latest);
guint media_sender_send(MediaSender *sender, const guint8 *datagrams, gsize size);

#endif
