// SPDX-License-Identifier: GPL-2.0-or-later
#include "wifi/p2p.h"

static void test_pairing(void)
{
	g_assert_cmpint(host_p2p_choose_pairing(0, FALSE), ==, HOST_P2P_PUSH_BUTTON);
	g_assert_cmpint(host_p2p_choose_pairing(0x0188, FALSE), ==, HOST_P2P_PUSH_BUTTON);
	g_assert_cmpint(host_p2p_choose_pairing(0x0108, FALSE), ==, HOST_P2P_SINK_SHOWS_PIN);
	g_assert_cmpint(host_p2p_choose_pairing(0x0008, FALSE), ==, HOST_P2P_SINK_SHOWS_PIN);
	g_assert_cmpint(host_p2p_choose_pairing(0x0100, FALSE), ==, HOST_P2P_WE_SHOW_PIN);
	g_assert_cmpint(host_p2p_choose_pairing(0x0080, TRUE), ==, HOST_P2P_SINK_SHOWS_PIN);
	g_assert_cmpint(host_p2p_choose_pairing(0x1000, FALSE), ==, HOST_P2P_PUSH_BUTTON);
	g_assert_true(host_p2p_needs_pin(0x0008));
	g_assert_false(host_p2p_needs_pin(0x0080));
	g_assert_false(host_p2p_needs_pin(0));
}

static void check_pin(const char *typed, const char *expected)
{
	g_autofree char *pin = host_p2p_clean_pin(typed);

	g_assert_cmpstr(pin, ==, expected);
}

static void test_pin(void)
{
	check_pin("12345670", "12345670");
	check_pin("1234-5670", "12345670");
	check_pin(" 1234 5670 ", "12345670");
	check_pin("00000000", "00000000");
	check_pin("1234", "1234");
	check_pin("12345678", NULL);
	check_pin("123456701", NULL);
	check_pin("123", NULL);
	check_pin("12345", NULL);
	check_pin("", NULL);
	check_pin(" ", NULL);
	check_pin("abcdefgh", NULL);
	check_pin("1234567a", NULL);
	check_pin("0x12", NULL);
	check_pin("12345670; reboot", NULL);
	/* Digits, but not these. */
	check_pin("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4", NULL);
	check_pin("1234567\xd9\xa0", NULL);
	check_pin("12345670\n", NULL);
	check_pin("1234\n", NULL);
}

/* Whatever an agent answers: what comes of it is nothing or digits that a WPS registrar takes. */
static void test_pin_random(void)
{
	static const char likely[] = "0123456789 -";

	for (guint round = 0; round < 20000; round++) {
		guint length = g_test_rand_int_range(0, 16);
		g_autofree char *typed = g_malloc0(length + 1);
		g_autofree char *pin = NULL;
		g_autofree char *again = NULL;

		for (guint i = 0; i < length; i++)
			typed[i] = g_test_rand_int_range(0, 16)
					   ? likely[g_test_rand_int_range(0, sizeof(likely) - 1)]
					   : (char)g_test_rand_int_range(1, 256);
		pin = host_p2p_clean_pin(typed);
		if (!pin)
			continue;
		g_assert_true(strlen(pin) == 4 || strlen(pin) == 8);
		g_assert_cmpuint(strspn(pin, "0123456789"), ==, strlen(pin));
		again = host_p2p_clean_pin(pin);
		g_assert_cmpstr(again, ==, pin);
	}
}

static void test_intent(void)
{
	g_assert_cmpint(host_p2p_choose_intent(-1, 0), ==, 0);
	g_assert_cmpint(host_p2p_choose_intent(-1, 1), ==, 15);
	g_assert_cmpint(host_p2p_choose_intent(15, 0), ==, 15);
	g_assert_cmpint(host_p2p_choose_intent(15, 1), ==, 0);
	g_assert_cmpint(host_p2p_choose_intent(7, 0), ==, 7);
	g_assert_cmpint(host_p2p_choose_intent(7, 1), ==, 15);
}

static void check_kind(guint category, guint subcategory, const char *expected)
{
	const guint8 type[] = {0, category, 0x00, 0x50, 0xf2, 0x04, 0, subcategory};

	g_assert_cmpstr(host_p2p_kind(type, sizeof(type)), ==, expected);
}

static void test_kind(void)
{
	const guint8 other_vendor[] = {0, 7, 0x00, 0x50, 0xf2, 0x05, 0, 1};

	check_kind(7, 1, "tv");
	check_kind(7, 3, "projector");
	check_kind(7, 4, "monitor");
	check_kind(7, 0, "display");
	check_kind(7, 99, "display");
	check_kind(1, 1, "computer");
	check_kind(0, 1, "");
	check_kind(12, 1, "");
	g_assert_cmpstr(host_p2p_kind(other_vendor, sizeof(other_vendor)), ==, "");
	g_assert_cmpstr(host_p2p_kind(other_vendor, 7), ==, "");
	g_assert_cmpstr(host_p2p_kind(NULL, 0), ==, "");
}

static void test_signal(void)
{
	g_assert_cmpint(host_p2p_signal(-30), ==, 100);
	g_assert_cmpint(host_p2p_signal(-75), ==, 50);
	g_assert_cmpint(host_p2p_signal(-120), ==, 0);
	g_assert_cmpint(host_p2p_signal(0), ==, 100);
}

/* Each status that is a failure has a reason that says more than that there is no group. */
static void test_status(void)
{
	for (int status = -1; status <= 13; status++) {
		if (status == 0)
			continue;
		g_assert_cmpint(host_p2p_reason(status, 1), !=, HOST_REASON_GROUP_FAILED);
		g_assert_cmpint(host_p2p_reason(status, 1), !=, 0);
	}
	g_assert_cmpstr(host_reason_word(host_p2p_reason(11, 1)), ==, "declined");
	g_assert_cmpstr(host_reason_word(host_p2p_reason(9, 1)), ==, "both-want-to-own");
	g_assert_cmpint(host_p2p_reason(-1, 1), ==, HOST_REASON_SINK_NOT_ANSWERING);
	g_assert_cmpint(host_p2p_reason(-1, 119), ==, HOST_REASON_NOT_ACCEPTED);
	g_assert_cmpint(host_p2p_reason(0, 1), ==, HOST_REASON_GROUP_FAILED);
	g_assert_cmpint(host_p2p_reason(14, 1), ==, HOST_REASON_GROUP_FAILED);
	g_assert_cmpint(host_p2p_reason(-2, 1), ==, HOST_REASON_GROUP_FAILED);
}

static void test_wps(void)
{
	g_assert_cmpint(host_p2p_wps_reason(18, HOST_P2P_SINK_SHOWS_PIN), ==,
			HOST_REASON_WRONG_PIN);
	g_assert_cmpint(host_p2p_wps_reason(18, HOST_P2P_WE_SHOW_PIN), ==, HOST_REASON_WRONG_PIN);
	g_assert_cmpint(host_p2p_wps_reason(18, HOST_P2P_PUSH_BUTTON), ==,
			HOST_REASON_PAIRING_FAILED);
	g_assert_cmpint(host_p2p_wps_reason(0, HOST_P2P_SINK_SHOWS_PIN), ==,
			HOST_REASON_PAIRING_FAILED);
	g_assert_cmpint(host_p2p_wps_reason(16, HOST_P2P_WE_SHOW_PIN), ==,
			HOST_REASON_PAIRING_FAILED);
}

/* A PIN is for one exchange of keys. */
static void test_turning_round(void)
{
	g_assert_true(host_p2p_may_turn_round(HOST_P2P_PUSH_BUTTON, HOST_REASON_GROUP_FAILED));
	g_assert_true(host_p2p_may_turn_round(HOST_P2P_PUSH_BUTTON, HOST_REASON_BOTH_WANT_TO_OWN));
	g_assert_false(host_p2p_may_turn_round(HOST_P2P_SINK_SHOWS_PIN, HOST_REASON_GROUP_FAILED));
	g_assert_false(host_p2p_may_turn_round(HOST_P2P_WE_SHOW_PIN, HOST_REASON_GROUP_FAILED));
	g_assert_true(
		host_p2p_may_turn_round(HOST_P2P_SINK_SHOWS_PIN, HOST_REASON_BOTH_WANT_TO_OWN));
	g_assert_true(host_p2p_may_turn_round(HOST_P2P_WE_SHOW_PIN, HOST_REASON_BOTH_WANT_TO_OWN));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/p2p/pairing", test_pairing);
	g_test_add_func("/p2p/pin", test_pin);
	g_test_add_func("/p2p/pin-random", test_pin_random);
	g_test_add_func("/p2p/intent", test_intent);
	g_test_add_func("/p2p/kind", test_kind);
	g_test_add_func("/p2p/signal", test_signal);
	g_test_add_func("/p2p/status", test_status);
	g_test_add_func("/p2p/wps", test_wps);
	g_test_add_func("/p2p/turning-round", test_turning_round);
	return g_test_run();
}
