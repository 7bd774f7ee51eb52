// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of UIBC against vectors, and against bytes that are none. */
#include "uibc-packet.h"

#include <string.h>

static GByteArray *from_hex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; *hex; hex++) {
		guint8 byte;

		if (*hex == ' ')
			continue;
		byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);
		g_byte_array_append(bytes, &byte, 1);
		hex++;
	}
	return bytes;
}

static void assert_hex(const GByteArray *bytes, const char *hex)
{
	g_autoptr(GByteArray) expected = from_hex(hex);

	g_assert_cmpmem(bytes->data, bytes->len, expected->data, expected->len);
}

typedef struct {
	const char *hex;
	UibcGeneric input;
} GenericVector;

static const GenericVector generic_vectors[] = {
	{"0000000e 00 0006 01 00 03c0 021c 00",
	 {.type = UIBC_DOWN, .n_pointers = 1, .pointers = {{0, 960, 540}}}},
	{"0000000e 01 0006 01 00 03c0 021c 00",
	 {.type = UIBC_UP, .n_pointers = 1, .pointers = {{0, 960, 540}}}},
	{"00000012 02 000b 02 00 0064 00c8 01 012c 0190",
	 {.type = UIBC_MOVE, .n_pointers = 2, .pointers = {{0, 100, 200}, {1, 300, 400}}}},
	{"0000000c 03 0005 00 0061 0000", {.type = UIBC_KEY_DOWN, .codes = {'a', 0}}},
	{"0000000c 04 0005 00 0061 0000", {.type = UIBC_KEY_UP, .codes = {'a', 0}}},
	{"0000000e 05 0006 03c0 021c 01 80 00",
	 {.type = UIBC_ZOOM, .n_pointers = 1, .pointers = {{0, 960, 540}}, .amount = 384}},
	{"0000000a 06 0002 6003 00", {.type = UIBC_VERTICAL_SCROLL, .amount = 3, .notches = TRUE}},
	{"0000000a 07 0002 000a 00", {.type = UIBC_HORIZONTAL_SCROLL, .amount = 10}},
	{"0000000a 08 0002 ff 80 00", {.type = UIBC_ROTATE, .amount = -128}},
};

static void assert_generic(const UibcGeneric *input, const UibcGeneric *expected)
{
	g_assert_cmpint(input->type, ==, expected->type);
	g_assert_cmpuint(input->n_pointers, ==, expected->n_pointers);
	for (guint i = 0; i < input->n_pointers; i++) {
		g_assert_cmpuint(input->pointers[i].id, ==, expected->pointers[i].id);
		g_assert_cmpuint(input->pointers[i].x, ==, expected->pointers[i].x);
		g_assert_cmpuint(input->pointers[i].y, ==, expected->pointers[i].y);
	}
	g_assert_cmpuint(input->codes[0], ==, expected->codes[0]);
	g_assert_cmpuint(input->codes[1], ==, expected->codes[1]);
	g_assert_cmpint(input->amount, ==, expected->amount);
	g_assert_cmpint(input->notches, ==, expected->notches);
}

static void test_generic(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(generic_vectors); i++) {
		const GenericVector *vector = &generic_vectors[i];
		g_autoptr(GByteArray) bytes = from_hex(vector->hex);
		g_autoptr(GByteArray) again = g_byte_array_new();
		UibcPacket packet;
		UibcGeneric input;

		for (guint cut = 0; cut < bytes->len; cut++)
			g_assert_cmpint(uibc_packet_read(bytes->data, cut, &packet), ==, 0);
		g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), ==, bytes->len);
		g_assert_cmpint(packet.category, ==, UIBC_GENERIC);
		g_assert_true(uibc_generic_next(&packet, &input));
		assert_generic(&input, &vector->input);
		g_assert_false(uibc_generic_next(&packet, &input));

		uibc_generic_append(again, &vector->input);
		g_assert_cmpmem(again->data, again->len, bytes->data, bytes->len);
	}
}

static void test_timestamp(void)
{
	g_autoptr(GByteArray) bytes = from_hex("10000010 1234 00 0006 01 00 0001 0002 00");
	UibcPacket packet;
	UibcGeneric input;

	g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), ==, 16);
	g_assert_true(uibc_generic_next(&packet, &input));
	g_assert_cmpint(input.type, ==, UIBC_DOWN);
	g_assert_cmpuint(input.pointers[0].x, ==, 1);
	g_assert_cmpuint(input.pointers[0].y, ==, 2);
}

/* Several in one packet; a type that is not known between them. */
static void test_several(void)
{
	g_autoptr(GByteArray) bytes = from_hex("0000001a 03 0005 00 0041 0000 7f 0002 abcd 04 0005 "
					       "00 0041 0000 00");
	UibcPacket packet;
	UibcGeneric input;

	g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), ==, 26);
	g_assert_true(uibc_generic_next(&packet, &input));
	g_assert_cmpint(input.type, ==, UIBC_KEY_DOWN);
	g_assert_true(uibc_generic_next(&packet, &input));
	g_assert_cmpint(input.type, ==, UIBC_KEY_UP);
	g_assert_cmpuint(input.codes[0], ==, 'A');
	g_assert_false(uibc_generic_next(&packet, &input));
}

/* A sink that is known to count more than there is. */
static void test_counts_the_head(void)
{
	g_autoptr(GByteArray) bytes = from_hex("0000000e 00 000a 01 00 03c0 021c 00");
	UibcPacket packet;
	UibcGeneric input;

	g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), ==, 14);
	g_assert_true(uibc_generic_next(&packet, &input));
	g_assert_cmpuint(input.pointers[0].x, ==, 960);
	g_assert_cmpuint(input.pointers[0].y, ==, 540);
}

static void test_broken(void)
{
	static const char *const packets[] = {
		"20000008 00000000", /* version */
		"00000003 00000000", /* shorter than its header */
		"10000005 00000000", /* no room for the timestamp */
		"00001002 00000000", /* longer than any */
		"ff", /* known from the first byte on */
	};
	static const char *const bodies[] = {
		"00000008 00 0006 01", /* pointers that are not there */
		"0000000a 00 0001 02 0000", /* more of them than the length has */
		"0000000a 03 0002 0000 00", /* a key without its codes */
		"00000006 00 00", /* half a head */
		"00000004", /* nothing */
		"00000008 00 0000 00", /* no describe at all */
	};
	UibcPacket packet;
	UibcGeneric input;
	UibcHid hid;

	for (guint i = 0; i < G_N_ELEMENTS(packets); i++) {
		g_autoptr(GByteArray) bytes = from_hex(packets[i]);

		g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), ==, -1);
	}
	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GByteArray) bytes = from_hex(bodies[i]);

		g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), >, 0);
		g_assert_false(uibc_generic_next(&packet, &input));
		g_assert_false(uibc_generic_next(&packet, &input));
	}
	{
		g_autoptr(GByteArray) bytes = from_hex("0001000a 01 01 00 00ff 05");

		g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), ==, 10);
		g_assert_false(uibc_hid_next(&packet, &hid));
	}
}

/* Eleven fingers of a sink that has as many are ten. */
static void test_many_pointers(void)
{
	g_autoptr(GByteArray) bytes = from_hex("00000508 02 04fc ff");
	UibcPacket packet;
	UibcGeneric input;

	g_byte_array_set_size(bytes, 0x508);
	memset(bytes->data + 8, 7, 0x508 - 8);
	g_assert_cmpint(uibc_packet_read(bytes->data, bytes->len, &packet), ==, 0x508);
	g_assert_true(uibc_generic_next(&packet, &input));
	g_assert_cmpuint(input.n_pointers, ==, UIBC_MAX_POINTERS);
	g_assert_cmpuint(input.pointers[9].id, ==, 7);
}

static void test_hid(void)
{
	g_autoptr(GByteArray) mouse = from_hex("0001000e 01 01 00 0004 01 05 fb 00 00");
	g_autoptr(GByteArray) descriptor = from_hex(
		"1001003e3ab6 0101010033 05010902a10185280901a1000509190129081500250195087501810205"
		"010930093109380a38021581257f750895048106c0c0");
	g_autoptr(GByteArray) again = g_byte_array_new();
	UibcPacket packet;
	UibcHid input;

	g_assert_cmpint(uibc_packet_read(mouse->data, mouse->len, &packet), ==, 14);
	g_assert_cmpint(packet.category, ==, UIBC_HIDC);
	g_assert_true(uibc_hid_next(&packet, &input));
	g_assert_cmpuint(input.path, ==, 1);
	g_assert_cmpuint(input.type, ==, 1);
	g_assert_false(input.is_descriptor);
	g_assert_cmpmem(input.value, input.length, "\x01\x05\xfb\x00", 4);
	uibc_hid_append(again, &input);
	assert_hex(again, "0001000e 01 01 00 0004 01 05 fb 00 00");
	g_assert_false(uibc_hid_next(&packet, &input));

	g_assert_cmpint(uibc_packet_read(descriptor->data, descriptor->len, &packet), ==, 62);
	g_assert_true(uibc_hid_next(&packet, &input));
	g_assert_true(input.is_descriptor);
	g_assert_cmpuint(input.length, ==, 51);
	g_assert_cmpuint(input.value[0], ==, 5);
}

/* Nothing is read that is not there: the sanitizers see it, because each body has its own memory. */
static void test_random(void)
{
	for (guint round = 0; round < 50000; round++) {
		gsize length = g_test_rand_int_range(0, 64);
		g_autofree guint8 *bytes = g_malloc(length);
		UibcPacket packet;
		UibcGeneric input;
		UibcHid hid;
		guint n = 0;

		for (gsize i = 0; i < length; i++)
			bytes[i] = g_test_rand_int_range(0, round % 2 ? 256 : 12);
		if (length > 3) {
			bytes[0] &= 0x1f;
			bytes[2] = 0;
			bytes[3] = length;
		}
		if (uibc_packet_read(bytes, length, &packet) <= 0)
			continue;
		g_assert_cmpuint(packet.length, <=, length);
		for (UibcPacket p = packet; uibc_generic_next(&p, &input); n++)
			g_assert_cmpuint(input.n_pointers, <=, UIBC_MAX_POINTERS);
		for (UibcPacket p = packet; uibc_hid_next(&p, &hid); n++)
			g_assert_true(hid.length <= packet.length);
		g_assert_cmpuint(n, <=, length);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/uibc/generic", test_generic);
	g_test_add_func("/uibc/timestamp", test_timestamp);
	g_test_add_func("/uibc/several-in-a-packet", test_several);
	g_test_add_func("/uibc/sink-counts-the-head", test_counts_the_head);
	g_test_add_func("/uibc/broken", test_broken);
	g_test_add_func("/uibc/many-pointers", test_many_pointers);
	g_test_add_func("/uibc/hid", test_hid);
	g_test_add_func("/uibc/random", test_random);
	return g_test_run();
}
