// SPDX-License-Identifier: GPL-2.0-or-later
/* Coded pictures in, datagrams out, read by the checker and compared with bytes that are known. */
#include "media-packetizer.h"
#include "ts-checker.h"

#include <string.h>

#define MS (gint64)1000000 /* ns */
#define HZ 27000000

static const guint8 keyframe_head[] = {
	0, 0, 0, 1,    0x67, 0x42, 0xc0, 0x1f, 0x95, /* SPS: baseline, level 3.1 */
	0, 0, 0, 1,    0x68, 0xce, 0x3c, 0x80, /* PPS */
	0, 0, 1, 0x65, 0x88, /* IDR */
};
static const guint8 delta_head[] = {0, 0, 0, 1, 0x41, 0x9a};
static const guint8 delimiter[] = {0, 0, 0, 1, 9, 0xf0};

typedef struct {
	MediaPacketizer *packetizer;
	TsChecker *checker;
	guint datagrams;
} PacketizerRig;

static void rig_begin(PacketizerRig *rig)
{
	/* Its clocks are then as the times that are given. */
	rig->packetizer = media_packetizer_new(0xdeadbeef, 0xfffe, 1000 * MS);
	rig->checker = ts_checker_new();
	rig->datagrams = 0;
}

static void rig_end(PacketizerRig *rig)
{
	media_packetizer_free(rig->packetizer);
	ts_checker_free(rig->checker);
}

static void check(PacketizerRig *rig, const GByteArray *out)
{
	for (guint at = 0; at < out->len; at += MEDIA_DATAGRAM) {
		ts_checker_datagram(rig->checker, out->data + at,
				    MIN(out->len - at, MEDIA_DATAGRAM));
		rig->datagrams++;
	}
}

/* A picture of @size bytes that looks like one of H.264. */
static GByteArray *picture_new(gboolean keyframe, gsize size)
{
	const guint8 *head = keyframe ? keyframe_head : delta_head;
	gsize head_size = keyframe ? sizeof(keyframe_head) : sizeof(delta_head);
	GByteArray *picture = g_byte_array_sized_new(size);

	g_byte_array_append(picture, head, head_size);
	g_byte_array_set_size(picture, MAX(size, head_size));
	for (gsize i = head_size; i < picture->len; i++)
		picture->data[i] = i % 251 + 1;
	return picture;
}

/* Sends one and asserts that it is whole at once, as it was put in. */
static void send(PacketizerRig *rig, const GByteArray *picture, gint64 drawn_ns, gint64 now_ns)
{
	TsChecker *c = rig->checker;
	guint pictures = c->pictures, markers = c->markers;

	check(rig, media_packetizer_picture(rig->packetizer, picture->data, picture->len, drawn_ns,
					    now_ns));
	g_assert_cmpuint(c->pictures, ==, pictures + 1);
	g_assert_cmpuint(c->markers, ==, markers + 1);
	g_assert_true(c->complete);
	g_assert_cmpuint(c->picture->len, ==, sizeof(delimiter) + picture->len);
	g_assert_cmpmem(c->picture->data, sizeof(delimiter), delimiter, sizeof(delimiter));
	g_assert_cmpmem(c->picture->data + sizeof(delimiter), picture->len, picture->data,
			picture->len);
}

/* To the byte: RTP, PAT, PMT with its descriptors, PCR, the beginning of the picture. */
static void test_bytes(void)
{
	static const guint8 rtp[] = {0x80, 0xa1, 0xff, 0xfe, 0x00, 0x01,
				     0x5f, 0x90, 0xde, 0xad, 0xbe, 0xef};
	static const guint8 pat[] = {0x47, 0x40, 0x00, 0x10, 0x00, 0x00, 0xb0,
				     0x0d, 0x00, 0x01, 0xc3, 0x00, 0x00, 0x00,
				     0x01, 0xe1, 0x00, 0x76, 0x57, 0x8e, 0x5f};
	static const guint8 pmt[] = {0x47, 0x41, 0x00, 0x10, 0x00, 0x02, 0xb0, 0x1c,
				     0x00, 0x01, 0xc3, 0x00, 0x00, 0xf0, 0x00, 0xf0,
				     0x00, 0x1b, 0xf0, 0x11, 0xf0, 0x0a, 0x28, 0x04,
				     0x42, 0xc0, 0x1f, 0x3f, 0x2a, 0x02, 0x7e, 0x1f};
	/* One second: 90000 << 1 above the reserved bits. */
	static const guint8 pcr[] = {0x47, 0x10, 0x00, 0x20, 0xb7, 0x10,
				     0x00, 0x00, 0xaf, 0xc8, 0x7e, 0x00};
	/* Shown 60 ms after it was drawn: 95400. */
	static const guint8 pes[] = {0x00, 0x00, 0x01, 0xe0, 0x00, 0x24, 0x84,
				     0x80, 0x05, 0x21, 0x00, 0x05, 0xe9, 0x51};
	g_autoptr(GByteArray) picture = picture_new(TRUE, 0);
	const GByteArray *out;
	PacketizerRig rig;

	rig_begin(&rig);
	out = media_packetizer_picture(rig.packetizer, picture->data, picture->len, 1000 * MS,
				       1000 * MS);
	g_assert_cmpuint(out->len, ==, 12 + 4 * 188);
	g_assert_cmpmem(out->data, sizeof(rtp), rtp, sizeof(rtp));
	g_assert_cmpmem(out->data + 12, sizeof(pat), pat, sizeof(pat));
	g_assert_cmpmem(out->data + 200, sizeof(pmt), pmt, sizeof(pmt));
	g_assert_cmpmem(out->data + 388, sizeof(pcr), pcr, sizeof(pcr));
	g_assert_cmpmem(out->data + 576, 3, "\x47\x50\x11", 3);
	g_assert_cmpmem(out->data + out->len - picture->len - 20, sizeof(pes), pes, sizeof(pes));
	check(&rig, out);
	rig_end(&rig);
}

/* As the capture of another multiplexer has it: 0.95 s. */
static void test_clock_bytes(void)
{
	static const guint8 pcr[] = {0xb7, 0x10, 0x00, 0x00, 0xa6, 0xfe, 0x7e, 0x00};
	g_autoptr(GByteArray) picture = picture_new(TRUE, 0);
	const GByteArray *out;
	PacketizerRig rig;

	rig_begin(&rig);
	media_packetizer_picture(rig.packetizer, picture->data, picture->len, 920 * MS, 920 * MS);
	out = media_packetizer_clock(rig.packetizer, 950 * MS);
	g_assert_cmpuint(out->len, ==, 12 + 188);
	g_assert_cmphex(out->data[1], ==, 33);
	g_assert_cmpmem(out->data + 16, sizeof(pcr), pcr, sizeof(pcr));
	rig_end(&rig);
}

/* Every way in which a picture can fill its packets, and those around the length's limit. */
static void test_sizes(void)
{
	gint64 now = 5000 * MS;
	PacketizerRig rig;

	rig_begin(&rig);
	for (gsize size = 1; size < 1600; size++) {
		g_autoptr(GByteArray) picture = picture_new(size == 1 || size % 7 == 0, size);

		send(&rig, picture, now, now);
		g_assert_true(rig.checker->random_access == (size == 1 || size % 7 == 0));
		now += 33 * MS;
	}
	g_assert_cmpuint(rig.checker->fillers, ==, 0);
	for (gsize size = 65500; size < 65560; size++) {
		g_autoptr(GByteArray) picture = picture_new(size % 2, size);
		guint fillers = rig.checker->fillers;

		send(&rig, picture, now, now);
		/* Eight bytes of head and the delimiter count too. */
		g_assert_cmpuint(rig.checker->fillers - fillers, ==, size + 8 + 6 > 65535);
		now += 33 * MS;
	}
	rig_end(&rig);
}

/* An hour of moving and still pictures, with times that jump: what a sink's clock lives on. */
static void test_hour(void)
{
	g_autoptr(GByteArray) keyframe = picture_new(TRUE, 90000);
	g_autoptr(GByteArray) delta = picture_new(FALSE, 3000);
	g_autoptr(GRand) random = g_rand_new_with_seed(8);
	gint64 now = 26 * 3600 * 1000 * MS; /* 33 bits last for 26.5 hours */
	PacketizerRig rig;

	rig_begin(&rig);
	send(&rig, keyframe, now, now);
	for (guint i = 0; i < 3600 * 30; i++) {
		now += g_rand_int_range(random, 1, MEDIA_CLOCK_INTERVAL_NS);
		if (i % 300 == 0)
			send(&rig, keyframe, now - g_rand_int_range(random, 0, 100) * MS, now);
		else if (i % 500 < 250)
			send(&rig, delta, now - g_rand_int_range(random, 0, 100) * MS, now);
		else
			check(&rig, media_packetizer_clock(rig.packetizer, now));
	}
	/* From drawing to showing 60 ms; what is sent late has still 30 ms. */
	g_assert_cmpint(rig.checker->least_lead, >=, HZ / 1000 * 30 - 300);
	g_assert_cmpint(rig.checker->least_lead, <, HZ / 1000 * 32);
	g_assert_cmpint(rig.checker->most_lead, >, HZ / 1000 * 58);
	g_assert_cmpint(rig.checker->most_lead, <=, HZ / 1000 * 100);
	g_assert_cmpint(rig.checker->longest_pcr, <=, HZ / 1000 * 40);
	g_assert_cmpint(rig.checker->longest_table, <=, HZ / 1000 * 90);
	rig_end(&rig);
}

/* What comes at one time, or from a thread that is late, has clocks of its own. */
static void test_clock_goes_on(void)
{
	g_autoptr(GByteArray) keyframe = picture_new(TRUE, 100);
	PacketizerRig rig;

	rig_begin(&rig);
	send(&rig, keyframe, 1000 * MS, 1000 * MS);
	for (guint i = 0; i < 1000; i++) {
		check(&rig, media_packetizer_clock(rig.packetizer, 1000 * MS));
		send(&rig, keyframe, 990 * MS, 990 * MS);
	}
	g_assert_cmpint(rig.checker->pcr, <=, HZ + HZ / 1000);
	rig_end(&rig);
}

/* The stream's clocks are its own, however long this machine has been up. */
static void test_clocks_begin(void)
{
	static const gint64 begins[] = {0, 7 * MS, 26 * 3600 * 1000 * MS,
					24 * 3600 * 1000 * MS * 1000};
	g_autoptr(GByteArray) keyframe = picture_new(TRUE, 100);

	for (guint i = 0; i < G_N_ELEMENTS(begins); i++) {
		gint64 begin = begins[i];
		PacketizerRig rig;

		rig_begin(&rig);
		media_packetizer_free(rig.packetizer);
		rig.packetizer = media_packetizer_new(0xdeadbeef, 0xfffe, begin);
		send(&rig, keyframe, begin, begin);
		g_assert_cmpint(rig.checker->pcr, ==, HZ);
		g_assert_cmpint(rig.checker->pts, ==, HZ / 300 + MEDIA_LEAD_NS / 100000 * 9);
		g_assert_cmpuint(media_packetizer_rtp_time(rig.packetizer, begin), ==, HZ / 300);
		rig_end(&rig);
	}
}

/* Nobody can begin without parameter sets; an encoder's own delimiter stays the only one. */
static void test_begin(void)
{
	g_autoptr(GByteArray) delta = picture_new(FALSE, 100);
	g_autoptr(GByteArray) keyframe = picture_new(TRUE, 100);
	PacketizerRig rig;

	rig_begin(&rig);
	g_assert_cmpuint(media_packetizer_clock(rig.packetizer, MS)->len, ==, 0);
	g_assert_cmpuint(
		media_packetizer_picture(rig.packetizer, delta->data, delta->len, MS, MS)->len, ==,
		0);
	g_byte_array_prepend(keyframe, delimiter, sizeof(delimiter));
	check(&rig,
	      media_packetizer_picture(rig.packetizer, keyframe->data, keyframe->len, MS, MS));
	g_assert_cmpuint(rig.checker->pats, ==, 1);
	g_assert_cmpmem(rig.checker->picture->data, rig.checker->picture->len, keyframe->data,
			keyframe->len);
	/* Bytes that are no picture do no harm. */
	for (gsize size = 0; size < keyframe->len; size++)
		check(&rig, media_packetizer_picture(rig.packetizer, keyframe->data, size, MS, MS));
	rig_end(&rig);
}

/* Another profile is told by another version of the PMT, before its first picture. */
static void test_profile(void)
{
	g_autoptr(GByteArray) baseline = picture_new(TRUE, 100);
	g_autoptr(GByteArray) high = picture_new(TRUE, 100);
	PacketizerRig rig;

	high->data[5] = 0x64;
	rig_begin(&rig);
	for (guint i = 0; i < 70; i++) {
		send(&rig, i % 2 ? high : baseline, i * MS, i * MS);
		g_assert_cmphex(rig.checker->pmt->data[5], ==, 0xc1 | (i + 1) % 32 << 1);
		g_assert_cmphex(rig.checker->pmt->data[19], ==, i % 2 ? 0x64 : 0x42);
	}
	rig_end(&rig);
}

/* The sound's PMT and a unit of it, to the byte; what was drawn and played at one time is shown so, but for AAC. */
static void test_sound_bytes(void)
{
	static const struct {
		MediaSoundFormat format;
		guint rate;
		gsize unit;
		guint8 pmt[12], head[24];
		gsize pmt_size, head_size;
	} cases[] = {
		{MEDIA_LPCM,
		 48000,
		 1920,
		 {0x83, 0xf1, 0x00, 0xf0, 0x04, 0x83, 0x02, 0x46, 0x2f},
		 {0x47, 0x51, 0x00, 0x10, 0x00, 0x00, 0x01, 0xbd, 0x07, 0x8e, 0x80, 0x80,
		  0x07, 0x21, 0x00, 0x05, 0xe9, 0x51, 0xff, 0xff, 0xa0, 0x06, 0x00, 0x11},
		 9,
		 24},
		{MEDIA_LPCM,
		 44100,
		 1920,
		 {0x83, 0xf1, 0x00, 0xf0, 0x04, 0x83, 0x02, 0x26, 0x2f},
		 {0x47, 0x51, 0x00, 0x10, 0x00, 0x00, 0x01, 0xbd, 0x07, 0x8e, 0x80, 0x80,
		  0x07, 0x21, 0x00, 0x05, 0xe9, 0x51, 0xff, 0xff, 0xa0, 0x06, 0x00, 0x09},
		 9,
		 24},
		{MEDIA_AAC,
		 48000,
		 300,
		 {0x0f, 0xf1, 0x00, 0xf0, 0x05, 0x2b, 0x03, 0x01, 0x02, 0x00},
		 {0x47, 0x51, 0x00, 0x10, 0x00, 0x00, 0x01, 0xc0, 0x01, 0x36,
		  0x80, 0x80, 0x07, 0x21, 0x00, 0x07, 0x13, 0x81, 0xff, 0xff},
		 10,
		 20},
	};
	/* A frame with ADTS: MPEG-4, no CRC, low complexity, 48 kHz, stereo, 300 bytes. */
	static const guint8 adts[] = {0xff, 0xf1, 0x4c, 0x80, 0x25, 0x9f, 0xfc};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) picture = picture_new(TRUE, 0);
		g_autofree guint8 *unit = g_malloc(cases[i].unit);
		const GByteArray *out;
		PacketizerRig rig;

		rig_begin(&rig);
		for (gsize at = 0; at < cases[i].unit; at++)
			unit[at] = at % 251;
		if (cases[i].format == MEDIA_AAC)
			memcpy(unit, adts, sizeof(adts));
		media_packetizer_set_sound(rig.packetizer, cases[i].format, cases[i].rate);
		g_assert_cmpuint(media_packetizer_sound(rig.packetizer, unit, cases[i].unit,
							1000 * MS, 1000 * MS)
					 ->len,
				 ==, 0);
		send(&rig, picture, 1000 * MS, 1000 * MS);
		g_assert_cmpmem(rig.checker->pmt->data + 27, rig.checker->pmt->len - 27,
				cases[i].pmt, cases[i].pmt_size);
		out = media_packetizer_sound(rig.packetizer, unit, cases[i].unit, 1000 * MS,
					     1010 * MS);
		g_assert_cmpmem(out->data + 12, cases[i].head_size, cases[i].head,
				cases[i].head_size);
		check(&rig, out);
		g_assert_cmpuint(rig.checker->sounds, ==, 1);
		g_assert_cmpint(rig.checker->sound_pts - rig.checker->pts, ==,
				cases[i].format == MEDIA_AAC ? 90 * 60 : 0);
		g_assert_cmpuint(rig.checker->sound->len, ==, cases[i].unit);
		for (gsize at = 0; at < cases[i].unit; at++)
			/* LPCM is big endian, and so is nobody who runs this. */
			g_assert_cmphex(
				rig.checker->sound
					->data[cases[i].format == MEDIA_LPCM &&
							       G_BYTE_ORDER == G_LITTLE_ENDIAN
						       ? at ^ 1
						       : at],
				==, unit[at]);
		rig_end(&rig);
	}
}

/* A minute of sound beside pictures, and without: clock and tables come with it. */
static void test_sound_minute(void)
{
	g_autoptr(GByteArray) keyframe = picture_new(TRUE, 90000);
	g_autoptr(GByteArray) delta = picture_new(FALSE, 3000);
	g_autofree guint8 *unit = g_malloc0(MEDIA_LPCM_UNIT);
	gint64 now = 95443 * 1000 * MS; /* where 33 bits end */
	PacketizerRig rig;

	rig_begin(&rig);
	media_packetizer_set_sound(rig.packetizer, MEDIA_LPCM, 48000);
	send(&rig, keyframe, now, now);
	for (guint i = 1; i <= 6000; i++) {
		now += 10 * MS;
		if (i < 3000 && i % 3 == 0)
			send(&rig, delta, now, now);
		check(&rig, media_packetizer_sound(rig.packetizer, unit, MEDIA_LPCM_UNIT,
						   now - 12 * MS, now));
		g_assert_cmpuint(rig.checker->lpcm_rate, ==, 48000);
	}
	g_assert_cmpuint(rig.checker->sounds, ==, 6000);
	g_assert_cmpint(rig.checker->least_sound_lead, >=, HZ / 1000 * 48 - 300);
	g_assert_cmpint(rig.checker->longest_pcr, <=, HZ / 1000 * 40);
	g_assert_cmpint(rig.checker->longest_table, <=, HZ / 1000 * 90);
	rig_end(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/packetizer/bytes", test_bytes);
	g_test_add_func("/packetizer/clock-bytes", test_clock_bytes);
	g_test_add_func("/packetizer/sizes", test_sizes);
	g_test_add_func("/packetizer/clocks-begin", test_clocks_begin);
	g_test_add_func("/packetizer/clock-goes-on", test_clock_goes_on);
	g_test_add_func("/packetizer/hour", test_hour);
	g_test_add_func("/packetizer/begin", test_begin);
	g_test_add_func("/packetizer/profile", test_profile);
	g_test_add_func("/packetizer/sound-bytes", test_sound_bytes);
	g_test_add_func("/packetizer/sound-minute", test_sound_minute);
	return g_test_run();
}
