/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coded pictures and sound to RTP datagrams: one programme of an MPEG transport stream (ISO/IEC
 * 13818-1, with what Wi-Fi Display 2.1 says in annex B and D.4.2) in RTP (RFC 2250). Pure: no I/O
 * and no clock, times are given. All that belongs to a picture comes out with it.
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
/*
 * Sound as AAC is heard this much later than the picture of its time. A frame leaves 64 ms after the
 * first sound in it was played, or 94 ms where nobody plays; sinks drop what comes when it is over.
 * The Wi-Fi Alliance's tests let sound be 125 ms late.
 */
#define MEDIA_AAC_LATE_NS 60000000

/* The largest unit of sound: a PES packet of it has its length in 16 bits. */
#define MEDIA_MAX_SOUND_UNIT 8192 /* bytes */
/* A unit of LPCM: six access units (WFD 2.1, table 106), which at 48 kHz are 10 ms. */
#define MEDIA_LPCM_FRAMES 480
#define MEDIA_LPCM_UNIT	  (MEDIA_LPCM_FRAMES * 4) /* bytes */

/* Between pictures media_packetizer_clock() is to be called this often. */
#define MEDIA_CLOCK_INTERVAL_NS 35000000

typedef enum {
	MEDIA_NO_SOUND,
	MEDIA_LPCM, /* two channels of 16 bits */
	MEDIA_AAC, /* AAC-LC of two channels, in frames with ADTS */
} MediaSoundFormat;

typedef struct _MediaPacketizer MediaPacketizer;

MediaPacketizer *media_packetizer_new(guint32 ssrc, guint16 sequence, gint64 begin_ns);
void media_packetizer_free(MediaPacketizer *packetizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MediaPacketizer, media_packetizer_free)

void media_packetizer_set_sound(MediaPacketizer *packetizer, MediaSoundFormat format, guint rate);
const GByteArray *media_packetizer_picture(MediaPacketizer *packetizer, const guint8 *picture,
					   gsize size, gint64 drawn_ns, gint64 now_ns);
const GByteArray *media_packetizer_sound(MediaPacketizer *packetizer, const guint8 *unit,
					 gsize size, gint64 played_ns, gint64 now_ns);
guint32 media_packetizer_rtp_time(const MediaPacketizer *packetizer, gint64 now_ns);
const GByteArray *media_packetizer_clock(MediaPacketizer *packetizer, gint64 now_ns);

#endif
