// SPDX-License-Identifier: GPL-2.0-or-later
/* Wi-Fi Display elements, as devices were seen to send them, and as none should. */
#include "wifi/wfd-ie.h"

#include <string.h>

static gsize from_hex(const char *hex, guint8 *bytes)
{
	gsize n = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		bytes[n++] = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);
		hex++;
	}
	return n;
}

static gboolean read_hex(const char *hex, HostWfdInfo *info)
{
	guint8 bytes[512];
	gsize n = from_hex(hex, bytes);
	g_autofree guint8 *exact = g_memdup2(bytes, n); /* ASan sees a byte too far */

	return host_wfd_ie_read(exact, n, info);
}

static GVariant *variant(const char *hex)
{
	guint8 bytes[512];
	gsize n = from_hex(hex, bytes);

	return g_variant_ref_sink(g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, n, 1));
}

static void test_seen(void)
{
	static const struct {
		const char *hex;
		HostWfdInfo info;
	} seen[] = {
		/* MiracleCast and LazyCast */
		{"000006 0011 1C44 00C8",
		 {.type = HOST_WFD_PRIMARY_SINK, .available = TRUE, .throughput = 200}},
		/* GNOME Network Displays: prefers TDLS */
		{"000006 0090 1C44 00C8",
		 {.type = HOST_WFD_SOURCE, .available = TRUE, .throughput = 200}},
		/* sigma-dut */
		{"000006 0010 1C44 0036",
		 {.type = HOST_WFD_SOURCE, .available = TRUE, .throughput = 54}},
		{"000006 0151 1C44 0036",
		 {.type = HOST_WFD_PRIMARY_SINK,
		  .available = TRUE,
		  .content_protection = TRUE,
		  .throughput = 54}},
		{"000006 0011 1C44 0032 0B 0002 0001",
		 {.type = HOST_WFD_PRIMARY_SINK, .available = TRUE, .throughput = 50}},
		/* another port, 300 Mbit/s */
		{"000006 0111 022A 012C",
		 {.type = HOST_WFD_PRIMARY_SINK,
		  .available = TRUE,
		  .content_protection = TRUE,
		  .throughput = 300}},
		/* hwsim's tests: availability 0 */
		{"000006 0041 1C44 0028", {.type = HOST_WFD_PRIMARY_SINK, .throughput = 40}},
		{"000006 0113 1C44 0000",
		 {.type = HOST_WFD_DUAL, .available = TRUE, .content_protection = TRUE}},
		{"000006 0402 0000 0000", {.type = HOST_WFD_SECONDARY_SINK}},
		/* reserved availability is none */
		{"000006 0031 1C44 0000", {.type = HOST_WFD_PRIMARY_SINK}},
		/* after others */
		{"01 0006 020304050607 07 0002 0000 06 0007 01 020304050607 000006 0011 1C44 0032",
		 {.type = HOST_WFD_PRIMARY_SINK, .available = TRUE, .throughput = 50}},
		{"000006 0011 1C44 0032 06 0007 00 000000000000 09 0000 05 0001 00",
		 {.type = HOST_WFD_PRIMARY_SINK, .available = TRUE, .throughput = 50}},
		/* a longer one, a second one, an unknown one, one that is cut off */
		{"000008 0011 1C44 0032 ffff 000006 0010 1C44 0001 fe 0001 00 06 0007 01",
		 {.type = HOST_WFD_PRIMARY_SINK, .available = TRUE, .throughput = 50}},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(seen); i++) {
		const HostWfdInfo *want = &seen[i].info;
		HostWfdInfo info;

		g_test_message("%s", seen[i].hex);
		g_assert_true(read_hex(seen[i].hex, &info));
		g_assert_cmpint(info.type, ==, want->type);
		g_assert_cmpint(info.available, ==, want->available);
		g_assert_cmpint(info.content_protection, ==, want->content_protection);
		g_assert_cmpint(info.throughput, ==, want->throughput);
	}
}

static void test_malformed(void)
{
	static const char *const malformed[] = {
		"",
		"00",
		"0000",
		"000006",
		"000006 0011 1C44 00",
		"000005 0011 1C44 00",
		"000000",
		"0006 0151 001C 4432", /* its id is missing */
		"DD0D 506F9A 0A 000006 0010 1C44 0032", /* with the element's header */
		"00FFFF 0011 1C44 0032",
		"01 0006 0203040506 000006 0011 1C44 0032",
		"010006020304050608",
		"0B 0002 0001",
	};
	HostWfdInfo info;

	for (gsize i = 0; i < G_N_ELEMENTS(malformed); i++) {
		g_test_message("%s", malformed[i]);
		g_assert_false(read_hex(malformed[i], &info));
	}
}

static void test_who_is_a_sink(void)
{
	HostWfdInfo info = {.type = HOST_WFD_SOURCE};

	g_assert_false(host_wfd_info_is_sink(&info));
	info.type = HOST_WFD_SECONDARY_SINK;
	g_assert_false(host_wfd_info_is_sink(&info));
	info.type = HOST_WFD_PRIMARY_SINK;
	g_assert_true(host_wfd_info_is_sink(&info));
	info.type = HOST_WFD_DUAL;
	g_assert_true(host_wfd_info_is_sink(&info));
}

static void test_source(void)
{
	g_autoptr(GVariant) ours = g_variant_ref_sink(host_wfd_ie_source(7236));
	g_autoptr(GVariant) other_port = g_variant_ref_sink(host_wfd_ie_source(49152));
	g_autoptr(GVariant) want = variant("000006 0010 1C44 0032");
	g_autoptr(GVariant) want_port = variant("000006 0010 C000 0032");

	g_assert_true(g_variant_equal(ours, want));
	g_assert_true(g_variant_equal(other_port, want_port));
}

static void check_equal(const char *a, const char *b, gboolean expected)
{
	g_autoptr(GVariant) first = variant(a);
	g_autoptr(GVariant) second = variant(b);

	g_assert_cmpint(host_wfd_ie_equal(first, second), ==, expected);
	g_assert_cmpint(host_wfd_ie_equal(second, first), ==, expected);
}

static void test_equal(void)
{
	check_equal("", "", TRUE);
	check_equal("000006 0010 1C44 0032", "000006 0010 1C44 0032", TRUE);
	check_equal("000006 0010 1C44 0032 07 0002 0000", "07 0002 0000 000006 0010 1C44 0032",
		    TRUE);
	check_equal("000006 0010 1C44 0032", "000006 0011 1C44 0032", FALSE);
	check_equal("000006 0010 1C44 0032", "", FALSE);
	check_equal("07 0002 0000 0B 0002 0000", "07 0002 0000 07 0002 0000", FALSE);
	check_equal("07 0002 0000 07", "07 0002 0000 0B", FALSE);
}

/* Whatever comes, nothing but it is read. */
static void test_fuzz(void)
{
	for (guint i = 0; i < 200000; i++) {
		guint8 bytes[64];
		gsize n = from_hex("000006 0011 1C44 0032 06 0007 01 020304050607 0B 0002 0001",
				   bytes);
		g_autofree guint8 *exact = NULL;
		g_autoptr(GVariant) element = NULL;
		HostWfdInfo info;

		for (guint j = g_test_rand_int_range(0, 6); j; j--) {
			gsize at = g_test_rand_int_range(0, n);

			if (g_test_rand_bit())
				bytes[at] = g_test_rand_int_range(0, 256);
			else
				bytes[at] ^= 1 << g_test_rand_int_range(0, 8);
		}
		if (g_test_rand_bit())
			n = g_test_rand_int_range(0, n + 1);
		exact = g_memdup2(bytes, n);
		if (host_wfd_ie_read(exact, n, &info)) {
			g_assert_cmpint(info.type, <=, HOST_WFD_DUAL);
			g_assert_cmpuint(n, >=, 9);
		}
		element = g_variant_ref_sink(
			g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, exact, n, 1));
		host_wfd_ie_equal(element, element);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd-ie/seen", test_seen);
	g_test_add_func("/wfd-ie/malformed", test_malformed);
	g_test_add_func("/wfd-ie/who-is-a-sink", test_who_is_a_sink);
	g_test_add_func("/wfd-ie/source", test_source);
	g_test_add_func("/wfd-ie/equal", test_equal);
	g_test_add_func("/wfd-ie/fuzz", test_fuzz);
	return g_test_run();
}
