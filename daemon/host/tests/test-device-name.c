// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of sinks come from the air: nothing of them may harm a terminal or the bus. */
#include "device-name.h"

#include <string.h>

static void check(const char *bytes, gsize length, const char *expected)
{
	g_autofree char *name = host_device_name_clean(bytes, length);

	g_assert_cmpstr(name, ==, expected);
	g_assert_true(!name || g_utf8_validate(name, -1, NULL));
}

static void test_clean(void)
{
	const char *cut = "Wohnzimmer-Fernseher ABCDEFGHIJ\xc3\xa9";

	check("Living room", 11, "Living room");
	check("Living room", 6, "Living");
	check("TV\0junk", 7, "TV");
	check("  TV \n", 6, "TV");
	check("\x1b[31mred\x07", 9, "[31mred");
	check("a\xe2\x80\xae"
	      "b\xe2\x81\xa6"
	      "c",
	      9, "abc");
	check("\xff\xfeTV", 4, "\xef\xbf\xbd\xef\xbf\xbdTV");
	check(cut, 32, "Wohnzimmer-Fernseher ABCDEFGHIJ\xef\xbf\xbd");
	check(cut, 33, cut);
	check("", 0, NULL);
	check("\x01\x02 \xe2\x80\xae", 6, NULL);
}

static void check_cut(const char *name, gsize size, const char *expected)
{
	g_autofree char *cut = host_device_name_cut(name, size);

	g_assert_cmpstr(cut, ==, expected);
}

static void test_cut(void)
{
	check_cut("Living room", 11, "Living room");
	check_cut("Living room", 6, "Living");
	check_cut("K\xc3\xbc"
		  "che",
		  2, "K");
	check_cut("K\xc3\xbc"
		  "che",
		  3, "K\xc3\xbc");
	check_cut("\xe2\x82\xac", 2, "");
	check_cut("\xff", 3, "\xef\xbf\xbd");
	check_cut("\xff", 2, "");
	check_cut("", 0, "");
}

static void test_random_bytes(void)
{
	for (guint i = 0; i < 20000; i++) {
		guint8 bytes[32];
		g_autofree char *name = NULL;

		for (gsize j = 0; j < sizeof(bytes); j++)
			bytes[j] = g_test_rand_int_range(0, 256);
		name = host_device_name_clean((const char *)bytes,
					      g_test_rand_int_range(0, sizeof(bytes) + 1));
		if (!name)
			continue;
		g_assert_true(g_utf8_validate(name, -1, NULL));
		for (const char *c = name; *c; c = g_utf8_next_char(c))
			g_assert_false(g_unichar_iscntrl(g_utf8_get_char(c)));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device-name/clean", test_clean);
	g_test_add_func("/device-name/cut", test_cut);
	g_test_add_func("/device-name/random-bytes", test_random_bytes);
	return g_test_run();
}
