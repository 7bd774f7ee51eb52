/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coded pictures to RTP datagrams: one programme of an MPEG transport stream (ISO/IEC 13818-1,
 * with what Wi-Fi Display 2.1 says in annex B and D.4.2) in RTP (RFC 2250). Pure: no I/O and no
 * clock, times are given. All that belongs to a picture comes out with it.
 */
#ifndef MEDIA_PACKETIZER_H
#define MEDIA_PACKETIZER_H

#include <glib.h>

#define MEDIA_TS_PACKET 188 /* bytes */
#define MEDIA_RTP_HEAD	12 /* bytes */
#define MEDIA_DATAGRAM	(MEDIA_RTP_HEAD + 7 * MEDIA_TS_PACKET) /* the largest, bytes */

/*
 * A picture is to be shown this long after it was drawn: one frame of 30 Hz to convert, encode and
 * send it, as much again for the network and the decoder. However late it is sent, the decoder
 * keeps its half.
 */
#define MEDIA_LEAD_NS	    60000000
#define MEDIA_LEAST_LEAD_NS 30000000

/* Between pictures media_packetizer_clock() is to be called this often. */
#define MEDIA_CLOCK_INTERVAL_NS 35000000

typedef struct _MediaPacketizer MediaPacketizer;

MediaPacketizer *media_packetizer_new(guint32 ssrc, guint16 sequence);
void media_packetizer_free(MediaPacketizer *packetizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MediaPacketizer, media_packetizer_free)

const GByteArray *media_packetizer_picture(MediaPacketizer *packetizer, const guint8 *picture,
					   gsize size, gint64 drawn_ns, gint64 now_ns);
guint32 media_packetizer_rtp_time(gint64 now_ns);
const GByteArray *media_packetizer_clock(MediaPacketizer *packetizer, gint64 now_ns);

#endif
