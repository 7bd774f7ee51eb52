// SPDX-License-Identifier: GPL-2.0-or-later
#include "media-packetizer.h"

#include "media-bytes.h"
#include "media-h264.h"

#include <string.h>

#define PAT_PID	  0x0000u
#define PMT_PID	  0x0100u
#define PCR_PID	  0x1000u
#define VIDEO_PID 0x1011u
#define SOUND_PID 0x1100u

#define PAYLOAD_TYPE 33
#define MARKER	     0x80

#define TS_HEAD		  4
#define UNIT_START	  0x40
#define HAS_PAYLOAD	  0x10
#define HAS_ADAPTATION	  0x20
#define RANDOM_ACCESS	  0x40
#define HAS_PCR		  0x10
#define PES_HEAD	  14 /* bytes, with a PTS */
#define SOUND_HEAD	  16 /* bytes, of a PES packet of sound */
#define LPCM_HEAD	  4 /* bytes, behind it */
#define PES_UNCOUNTED	  6 /* of them: what a PES packet's length does not count */
#define CRC_POLYNOMIAL	  0x04c11db7
#define TABLE_INTERVAL_NS 50000000 /* and the clock's: under the 100 ms that are demanded */
#define SOUND_CLOCK_NS	  20000000 /* with sound the clock need not come by itself */
#define BEFORE_BEGIN_NS	  1000000000 /* so old may be what a stream begins with */
#define PCR_TICK_NS	  38 /* 27 MHz, rounded up */

/* The PIDs with payload, each of which counts its packets. */
typedef enum {
	MEDIA_PAT,
	MEDIA_PMT,
	MEDIA_VIDEO,
	MEDIA_SOUND,
	MEDIA_N_STREAMS,
} MediaStream;

struct _MediaPacketizer {
	guint32 ssrc;
	guint16 sequence; /* of the next datagram */
	guint8 counters[MEDIA_N_STREAMS]; /* of the next packets */
	guint8 profile[MEDIA_H264_PROFILE]; /* all 0: none known yet */
	guint8 pmt_version;
	gint64 epoch_ns; /* where the stream's clocks are 0 */
	gint64 now_ns; /* of the datagrams being made */
	gint64 tables_ns; /* when the last PAT and PMT were made */
	gint64 clock_ns; /* when the last PCR was */
	gint64 pts; /* the last picture's, in 1/90000 s */
	MediaSoundFormat sound;
	guint sound_rate; /* frames a second */
	GByteArray *out; /* datagrams, one behind the other: all of MEDIA_DATAGRAM but the last */
};

/*
 * @ssrc and @sequence: where the RTP stream begins, random in general. @begin_ns: when it does, by the clock
 * of all other times: the clocks of the stream begin with it, so that none of them comes round for
 * 13 hours, at which cheap sinks stumble.
 */
MediaPacketizer *media_packetizer_new(guint32 ssrc, guint16 sequence, gint64 begin_ns)
{
	MediaPacketizer *p = g_new0(MediaPacketizer, 1);

	p->ssrc = ssrc;
	p->sequence = sequence;
	p->epoch_ns = begin_ns - BEFORE_BEGIN_NS;
	p->now_ns = p->epoch_ns;
	p->pts = -1;
	p->out = g_byte_array_new();
	return p;
}

void media_packetizer_free(MediaPacketizer *p)
{
	g_byte_array_unref(p->out);
	g_free(p);
}

static gint64 ticks_of(const MediaPacketizer *p, gint64 ns)
{
	gint64 since = ns - p->epoch_ns;

	return since / 100000 * 9 + since % 100000 * 9 / 100000;
}

/* What RTP says of a moment. */
guint32 media_packetizer_rtp_time(const MediaPacketizer *p, gint64 now_ns)
{
	return ticks_of(p, now_ns);
}

/* Begins a picture's datagrams. The stream's clock does not go back, nor stand: some take the same PCR for a turn. */
static void begin(MediaPacketizer *p, gint64 now_ns)
{
	p->now_ns = MAX(now_ns, p->now_ns + PCR_TICK_NS);
	g_byte_array_set_size(p->out, 0);
}

/* Room for a packet, in the last datagram or in one more. */
static guint8 *next_packet(MediaPacketizer *p, guint pid, guint8 flags)
{
	guint8 *at;

	if (p->out->len % MEDIA_DATAGRAM == 0) {
		g_byte_array_set_size(p->out, p->out->len + MEDIA_RTP_HEAD);
		at = p->out->data + p->out->len - MEDIA_RTP_HEAD;
		at[0] = 0x80;
		at[1] = PAYLOAD_TYPE;
		put16(at + 2, p->sequence++);
		put32(at + 4, media_packetizer_rtp_time(p, p->now_ns));
		put32(at + 8, p->ssrc);
	}
	g_byte_array_set_size(p->out, p->out->len + MEDIA_TS_PACKET);
	at = p->out->data + p->out->len - MEDIA_TS_PACKET;
	at[0] = 0x47;
	put16(at + 1, pid);
	at[1] |= flags;
	return at;
}

/* One packet with @size bytes of payload at its end, what is before them an adaptation field. */
static guint8 *next_payload(MediaPacketizer *p, MediaStream stream, guint pid, guint8 flags,
			    gsize size, gboolean random_access)
{
	guint8 *at = next_packet(p, pid, flags);
	gsize adaptation = MEDIA_TS_PACKET - TS_HEAD - size;

	at[3] = HAS_PAYLOAD | (adaptation ? HAS_ADAPTATION : 0) | p->counters[stream];
	p->counters[stream] = (p->counters[stream] + 1) % 16;
	if (adaptation)
		at[TS_HEAD] = adaptation - 1;
	if (adaptation > 1) {
		at[TS_HEAD + 1] = random_access ? RANDOM_ACCESS : 0;
		memset(at + TS_HEAD + 2, 0xff, adaptation - 2);
	}
	return at + TS_HEAD + adaptation;
}

static guint32 crc_of(const guint8 *bytes, gsize size)
{
	guint32 crc = 0xffffffff;

	for (gsize i = 0; i < size; i++) {
		crc ^= (guint32)bytes[i] << 24;
		for (guint bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? CRC_POLYNOMIAL : 0);
	}
	return crc;
}

/* A table in a packet of its own: pointer, section, CRC, and bytes that are no section. */
static void put_table(MediaPacketizer *p, MediaStream stream, guint pid, const guint8 *section,
		      gsize size)
{
	guint8 *at = next_payload(p, stream, pid, UNIT_START, MEDIA_TS_PACKET - TS_HEAD, FALSE);

	memset(at, 0xff, MEDIA_TS_PACKET - TS_HEAD);
	at[0] = 0;
	memcpy(at + 1, section, size);
	put32(at + 1 + size, crc_of(section, size));
}

/* The PMT's entry of the sound; the bytes that it takes. */
static gsize sound_entry(const MediaPacketizer *p, guint8 *at)
{
	const guint8 lpcm[] = {0x83, 0xe0 | SOUND_PID >> 8, SOUND_PID & 0xff, 0xf0, 0x04,
			       /* WFD 2.1, table 107: rate, 16 bits; two channels, nothing more */
			       0x83, 0x02, (p->sound_rate == 48000 ? 2 : 1) << 5 | 3 << 1,
			       1 << 5 | 0x0f};
	static const guint8 aac[] = {0x0f, 0xe0 | SOUND_PID >> 8, SOUND_PID & 0xff, 0xf0, 0x05,
				     /* MPEG-2 AAC: low complexity, two channels, nothing more */
				     0x2b, 0x03, 0x01, 0x02, 0x00};

	switch (p->sound) {
	case MEDIA_LPCM: memcpy(at, lpcm, sizeof(lpcm)); return sizeof(lpcm);
	case MEDIA_AAC: memcpy(at, aac, sizeof(aac)); return sizeof(aac);
	default: return 0;
	}
}

static void put_tables(MediaPacketizer *p)
{
	static const guint8 pat[] = {
		0x00,		0xb0, 0x0d, /* PAT, bytes that follow */
		0x00,		0x01, 0xc3,
		0x00,		0x00, /* stream 1, version 1, valid now, the only section */
		0x00,		0x01, 0xe0 | PMT_PID >> 8,
		PMT_PID & 0xff, /* program 1 */
	};
	const guint8 pmt[] = {
		0x02, 0xb0, 0x00, /* PMT, bytes that follow */
		0x00, 0x01, 0xc1 | p->pmt_version << 1, 0x00, 0x00, /* program 1, valid now */
		0xe0 | PCR_PID >> 8, PCR_PID & 0xff, 0xf0, 0x00, /* no descriptors of the program */
		0x1b, 0xe0 | VIDEO_PID >> 8, VIDEO_PID & 0xff, 0xf0, 0x0a, /* H.264 */
		/* AVC video: no still pictures, none of 24 hours, frame packing is not told */
		0x28, 0x04, p->profile[0], p->profile[1], p->profile[2], 0x3f,
		/* AVC timing and HRD: as Android writes it, which every sink has met */
		0x2a, 0x02, 0x7e, 0x1f};
	guint8 whole[sizeof(pmt) + 16];
	gsize size = sizeof(pmt);

	memcpy(whole, pmt, size);
	size += sound_entry(p, whole + size);
	whole[2] = size - 3 + 4; /* and the CRC */
	put_table(p, MEDIA_PAT, PAT_PID, pat, sizeof(pat));
	put_table(p, MEDIA_PMT, PMT_PID, whole, size);
	p->tables_ns = p->now_ns;
}

/* The time at which this is sent, in a packet of its own. */
static void put_clock(MediaPacketizer *p)
{
	guint8 *at = next_packet(p, PCR_PID, 0);
	gint64 base = ticks_of(p, p->now_ns);
	/* What is left in 27 MHz; 300 of them are one of 90 kHz. */
	guint extension = (p->now_ns - p->epoch_ns) % 1000000000 * 27 / 1000 % 300;

	p->clock_ns = p->now_ns;
	at[3] = HAS_ADAPTATION;
	at[4] = MEDIA_TS_PACKET - TS_HEAD - 1;
	at[5] = HAS_PCR;
	put32(at + 6, base >> 1);
	put16(at + 10, (base & 1) << 15 | 0x7e00 | extension);
	memset(at + 12, 0xff, MEDIA_TS_PACKET - 12);
}

/* A PES packet: head and body go into as many packets as it takes. */
static void put_pes(MediaPacketizer *p, MediaStream stream, guint pid, const guint8 *head,
		    gsize head_size, const guint8 *body, gsize body_size, gboolean random_access)
{
	guint8 flags = UNIT_START;

	while (head_size + body_size) {
		/* Two bytes for the flag that a decoder can begin here. */
		gsize room = MEDIA_TS_PACKET - TS_HEAD - (random_access ? 2 : 0);
		gsize size = MIN(head_size + body_size, room);
		gsize from_head = MIN(head_size, size);
		guint8 *at = next_payload(p, stream, pid, flags, size, random_access);

		memcpy(at, head, from_head);
		memcpy(at + from_head, body, size - from_head);
		head += from_head;
		head_size -= from_head;
		body += size - from_head;
		body_size -= size - from_head;
		random_access = FALSE;
		flags = 0;
	}
}

/* The PTS of a picture: see MEDIA_LEAD_NS; later than the one before. */
static gint64 pts_of(MediaPacketizer *p, gint64 drawn_ns)
{
	gint64 shown_ns =
		MAX(MIN(drawn_ns, p->now_ns) + MEDIA_LEAD_NS, p->now_ns + MEDIA_LEAST_LEAD_NS);

	p->pts = MAX(ticks_of(p, shown_ns), p->pts + 1);
	return p->pts;
}

static void put_pts(guint8 *at, gint64 pts)
{
	at[0] = 0x21 | (pts >> 29 & 0x0e);
	at[1] = pts >> 22;
	at[2] = pts >> 14 | 1;
	at[3] = pts >> 7;
	at[4] = pts << 1 | 1;
}

/*
 * One picture is one PES packet, with its length, so that a sink knows its end. A length ends at
 * 64 KiB; a larger picture has none and would end, for a sink, where the next one begins. So it
 * is followed at once by a packet of filler data, which decoders skip.
 */
static void put_picture(MediaPacketizer *p, const guint8 *picture, gsize size,
			const MediaH264Picture *info, gint64 drawn_ns)
{
	static const guint8 delimiter[] = {0, 0, 0, 1, MEDIA_NAL_DELIMITER, 0xf0};
	static const guint8 filler[] = {
		0, 0, 1, 0xe0, 0, 9, 0x80, 0, 0, 0, 0, 1, MEDIA_NAL_FILLER, 0xff, 0x80};
	gint64 pts = pts_of(p, drawn_ns);
	guint8 head[PES_HEAD + sizeof(delimiter)] = {
		0,    0, 1, 0xe0, 0, 0, 0x84, /* video, the length, begins with a picture */
		0x80, 5, /* PTS */
	};
	gsize head_size = PES_HEAD;
	gsize length;

	put_pts(head + 9, pts);
	if (!info->delimited) {
		memcpy(head + head_size, delimiter, sizeof(delimiter));
		head_size = sizeof(head);
	}
	length = head_size - PES_UNCOUNTED + size;
	if (length <= G_MAXUINT16)
		put16(head + 4, length);
	put_pes(p, MEDIA_VIDEO, VIDEO_PID, head, head_size, picture, size, info->keyframe);
	if (length > G_MAXUINT16)
		put_pes(p, MEDIA_VIDEO, VIDEO_PID, filler, sizeof(filler), filler, 0, FALSE);
}

/*
 * One unit of sound is one PES packet (WFD 2.1, annex B.2). Two bytes of stuffing are where they
 * would be with content protection, which needs the room.
 */
static void put_sound(MediaPacketizer *p, const guint8 *unit, gsize size, gint64 played_ns)
{
	guint8 head[SOUND_HEAD + LPCM_HEAD] = {
		0,    0, 1, p->sound == MEDIA_LPCM ? 0xbd : 0xc0, 0, 0, 0x80 /* not scrambled */,
		0x80, 7 /* PTS, and stuffing */};
	/* Private; six access units; no emphasis; 16 bits, the rate, two channels. */
	const guint8 lpcm[LPCM_HEAD] = {0xa0, MEDIA_LPCM_FRAMES / 80, 0x00,
					(p->sound_rate == 48000 ? 2 : 1) << 3 | 1};
	gint64 late_ns = p->sound == MEDIA_AAC ? MEDIA_AAC_LATE_NS : 0;
	gsize head_size = SOUND_HEAD;

	put_pts(head + 9, ticks_of(p, played_ns + MEDIA_LEAD_NS + late_ns));
	memset(head + 14, 0xff, 2);
	if (p->sound == MEDIA_LPCM) {
		memcpy(head + head_size, lpcm, sizeof(lpcm));
		head_size += sizeof(lpcm);
	}
	put16(head + 4, head_size - PES_UNCOUNTED + size);
	put_pes(p, MEDIA_SOUND, SOUND_PID, head, head_size, unit, size, FALSE);
}

/* What media_packetizer_sound() will be given, and its frames a second; before any picture. */
void media_packetizer_set_sound(MediaPacketizer *p, MediaSoundFormat format, guint rate)
{
	p->sound = format;
	p->sound_rate = rate;
}

/**
 * media_packetizer_picture() - the datagrams of a picture
 * @p: the packetiser
 * @picture: an access unit of H.264 in Annex B's form; a keyframe has its parameter sets
 * @size: bytes
 * @drawn_ns: when it was drawn
 * @now_ns: when it is sent, by the same clock
 *
 * Return: datagrams, one behind the other, all of MEDIA_DATAGRAM bytes but the last, until the
 * next call. None before the first picture with parameter sets: no sink can begin with it.
 */
const GByteArray *media_packetizer_picture(MediaPacketizer *p, const guint8 *picture, gsize size,
					   gint64 drawn_ns, gint64 now_ns)
{
	MediaH264Picture info = media_h264_look(picture, size);
	guint last;

	begin(p, now_ns);
	if (info.profile && memcmp(p->profile, info.profile, sizeof(p->profile))) {
		/* As the PAT the first has version 1: with 0, some take it for one that they have. */
		p->pmt_version = (p->pmt_version + 1) % 32;
		memcpy(p->profile, info.profile, sizeof(p->profile));
	}
	if (!p->profile[0])
		return p->out;
	if (info.keyframe || p->now_ns - p->tables_ns >= TABLE_INTERVAL_NS)
		put_tables(p);
	put_clock(p);
	put_picture(p, picture, size, &info, drawn_ns);
	/* Windows' sinks, for example, decode when they see it. */
	last = (p->out->len - 1) / MEDIA_DATAGRAM * MEDIA_DATAGRAM;
	p->out->data[last + 1] |= MARKER;
	return p->out;
}

/**
 * media_packetizer_sound() - the datagrams of a unit of sound
 * @p: the packetiser, with a format of sound
 * @unit: LPCM: MEDIA_LPCM_UNIT bytes, samples of 16 bits in the host's order; AAC: one frame
 * @size: bytes, at most MEDIA_MAX_SOUND_UNIT
 * @played_ns: when its first frame was played
 * @now_ns: when it is sent, by the same clock
 *
 * A picture that was drawn when it was played is shown when it is heard.
 *
 * Return: as media_packetizer_picture(); none before the first picture.
 */
const GByteArray *media_packetizer_sound(MediaPacketizer *p, const guint8 *unit, gsize size,
					 gint64 played_ns, gint64 now_ns)
{
	guint16 samples[MEDIA_LPCM_UNIT / 2];

	begin(p, now_ns);
	if (!p->profile[0])
		return p->out;
	if (p->sound == MEDIA_LPCM) {
		memcpy(samples, unit, sizeof(samples));
		for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
			samples[i] = GUINT16_TO_BE(samples[i]);
		unit = (const guint8 *)samples;
		size = sizeof(samples);
	}
	if (p->now_ns - p->tables_ns >= TABLE_INTERVAL_NS)
		put_tables(p);
	if (p->now_ns - p->clock_ns >= SOUND_CLOCK_NS)
		put_clock(p);
	put_sound(p, unit, size, played_ns);
	return p->out;
}

/* The datagram that keeps a sink's clock and its tables while no picture is sent, in the same form. */
const GByteArray *media_packetizer_clock(MediaPacketizer *p, gint64 now_ns)
{
	begin(p, now_ns);
	if (!p->profile[0])
		return p->out;
	if (p->now_ns - p->tables_ns >= TABLE_INTERVAL_NS)
		put_tables(p);
	put_clock(p);
	return p->out;
}
