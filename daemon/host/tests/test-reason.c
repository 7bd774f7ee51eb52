// SPDX-License-Identifier: GPL-2.0-or-later
#include "reason.h"

#include "miracast-status.h"

static void test_words_are_words(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (HostReason reason = 0; reason < HOST_N_REASONS; reason++) {
		const char *word = host_reason_word(reason);

		g_assert_nonnull(word);
		g_assert_true(
			g_regex_match_simple("^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$", word, 0, 0));
		if (!g_hash_table_add(seen, (gpointer)word))
			g_error("\"%s\" is there twice", word);
	}
}

static void test_sentences_are_sentences(void)
{
	for (HostReason reason = 0; reason < HOST_N_REASONS; reason++) {
		g_autofree char *plain = host_reason_message(reason, NULL);
		g_autofree char *detailed = host_reason_message(reason, "eth0");

		g_assert_true(g_str_has_suffix(plain, "."));
		g_assert_true(g_str_has_prefix(detailed, plain));
		g_assert_true(g_str_has_suffix(detailed, " (eth0)"));
	}
}

/* One of its own, unless it says nothing to a user. */
static void test_every_error_has_a_reason(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (int code = 0; code <= MIRACAST_ERROR_DRIVER_HUNG; code++) {
		g_autoptr(GError) error = g_error_new_literal(MIRACAST_ERROR, code, "x");
		HostReason reason = host_reason_from_error(error);

		if (code == MIRACAST_ERROR_FAILED || code == MIRACAST_ERROR_INVALID) {
			g_assert_cmpint(reason, ==, HOST_REASON_ADAPTER_FAILED);
		} else {
			g_assert_cmpint(reason, !=, HOST_REASON_ADAPTER_FAILED);
			g_assert_true(g_hash_table_add(seen, GINT_TO_POINTER(reason)));
		}
	}
	for (HostReason reason = 0; reason < HOST_N_REASONS; reason++) {
		g_autoptr(GError) error = g_error_new_literal(HOST_ERROR, reason, "x");

		g_assert_cmpint(host_reason_from_error(error), ==, reason);
	}
}

static void test_busy_is_not_missing(void)
{
	g_autoptr(GError) busy = g_error_new_literal(MIRACAST_ERROR, MIRACAST_ERROR_BUSY, "x");
	g_autoptr(GError)
		none = g_error_new_literal(MIRACAST_ERROR, MIRACAST_ERROR_NO_ADAPTER, "x");

	g_assert_cmpstr(host_reason_word(host_reason_from_error(busy)), ==, "adapter-busy");
	g_assert_cmpstr(host_reason_word(host_reason_from_error(none)), ==, "no-adapter");
}

static void test_stop_reasons(void)
{
	g_assert_cmpint(host_reason_to_stop(HOST_REASON_LINK_LOST), ==,
			MIRACAST_STOP_L2_DISCONNECTED);
	g_assert_cmpint(host_reason_to_stop(HOST_REASON_NM_AWAY), ==,
			MIRACAST_STOP_L2_DISCONNECTED);
	g_assert_cmpint(host_reason_from_stop(MIRACAST_STOP_L2_DISCONNECTED), ==,
			HOST_REASON_LINK_LOST);
	g_assert_cmpint(host_reason_to_stop(HOST_REASON_STOPPED_BY_USER), ==,
			MIRACAST_STOP_USER_REQUEST);
	g_assert_cmpint(host_reason_to_stop(HOST_REASON_NO_ADAPTER), ==, MIRACAST_STOP_UNKNOWN);
	g_assert_cmpint(host_reason_from_stop(MIRACAST_STOP_SUSPEND), ==, HOST_REASON_SUSPENDED);
	g_assert_cmpint(host_reason_from_stop(MIRACAST_STOP_REMOVE_DEVICE), ==,
			HOST_REASON_ADAPTER_GONE);
	g_assert_cmpint(host_reason_from_stop(0x7f), ==, HOST_REASON_KERNEL_STOP);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reason/words-are-words", test_words_are_words);
	g_test_add_func("/reason/sentences-are-sentences", test_sentences_are_sentences);
	g_test_add_func("/reason/every-error-has-a-reason", test_every_error_has_a_reason);
	g_test_add_func("/reason/busy-is-not-missing", test_busy_is_not_missing);
	g_test_add_func("/reason/stop-reasons", test_stop_reasons);
	return g_test_run();
}
