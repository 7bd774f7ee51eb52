// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages, mutated: whatever comes, nothing crashes or (under the sanitizers) touches
 * what is not its own, memory stays bounded, the pieces that bytes come in make no difference, and
 * what was read is written and read again as the same. The seed is fixed, so a failure comes
 * again; give another with --seed.
 */
#include "mice-message.h"
#include "mice-pin.h"
#include "vectors.h"

#include <string.h>

#define ROUNDS 20000
#define PIECE  1000 /* bytes at most */

static const char *const seeds[] = {
	SOURCE_READY,
	STOP_PROJECTION,
	SESSION_REQUEST,
	PIN_CHALLENGE,
	PIN_ACCEPTED,
	PIN_REFUSED,
	"00170103"
	"04001016fefd0000000000000000000301010000",
	"00110106"
	"17fefd00010000000000010000",
};

static void mutate(GByteArray *bytes)
{
	guint where = bytes->len ? g_test_rand_int_range(0, bytes->len) : 0;
	guint n = g_test_rand_int_range(1, 20);
	static const guint8 numbers[] = {0x00, 0x01, 0x03, 0x04, 0x7f, 0x80, 0xd8, 0xff};

	if (!bytes->len)
		return;
	n = MIN(n, bytes->len - where);
	switch (g_test_rand_int_range(0, 7)) {
	case 0: bytes->data[where] = g_test_rand_int_range(0, 256); break;
	case 1: bytes->data[where] ^= 1 << g_test_rand_int_range(0, 8); break;
	case 2:
		bytes->data[where] = numbers[g_test_rand_int_range(0, G_N_ELEMENTS(numbers))];
		break;
	case 3: g_byte_array_remove_range(bytes, where, n); break;
	case 4: g_byte_array_set_size(bytes, where); break;
	case 5: {
		g_autofree guint8 *copy = g_memdup2(bytes->data + where, n);

		g_byte_array_append(bytes, copy, n);
		break;
	}
	case 6: {
		/* A size that fits, so that what is behind it is looked at, too. */
		guint size = MIN(bytes->len, MICE_MAX_MESSAGE);

		if (size >= MICE_HEAD) {
			bytes->data[0] = size >> 8;
			bytes->data[1] = size;
			bytes->data[2] = 1;
		}
		break;
	}
	}
}

static void assert_same(const MiceMessage *a, const MiceMessage *b)
{
	g_assert_cmpstr(a->name, ==, b->name);
	g_assert_cmpint(a->rtsp_port, ==, b->rtsp_port);
	g_assert_cmpint(a->has_id, ==, b->has_id);
	g_assert_cmpmem(a->id, MICE_ID, b->id, MICE_ID);
	g_assert_cmpint(a->token != NULL, ==, b->token != NULL);
	if (a->token)
		g_assert_true(g_bytes_equal(a->token, b->token));
	g_assert_cmpint(a->has_options, ==, b->has_options);
	g_assert_cmpint(a->options, ==, b->options);
	g_assert_cmpint(a->has_hash, ==, b->has_hash);
	g_assert_cmpmem(a->hash, MICE_HASH, b->hash, MICE_HASH);
	g_assert_cmpint(a->has_reason, ==, b->has_reason);
	g_assert_cmpint(a->reason, ==, b->reason);
}

static void check_body(guint8 command, GBytes *body)
{
	g_auto(MiceMessage) message = {0};

	if (mice_message_parse(&message, command, body)) {
		g_autoptr(GBytes) again = mice_message_body(&message);
		g_auto(MiceMessage) same = {0};

		g_assert_false(mice_body_is_sealed(body));
		g_assert_cmpuint(g_bytes_get_size(again), <=, MICE_MAX_MESSAGE - MICE_HEAD);
		g_assert_true(mice_message_parse(&same, command, again));
		assert_same(&message, &same);
	}
	g_assert_true(!message.name || g_utf8_validate(message.name, -1, NULL));
}

/* What came out of the bytes, one message behind the other, and how it ended. */
static GByteArray *frame_all(const GByteArray *bytes, gboolean in_pieces, MiceFramerResult *result)
{
	GByteArray *all = g_byte_array_new();
	MiceFramer framer;
	gsize at = 0;

	mice_framer_init(&framer);
	*result = MICE_FRAMER_MORE;
	while (at < bytes->len && *result == MICE_FRAMER_MORE) {
		gsize n = in_pieces ? (gsize)g_test_rand_int_range(1, PIECE) : bytes->len;
		guint8 command;
		GBytes *body;

		n = MIN(n, bytes->len - at);
		mice_framer_push(&framer, bytes->data + at, n);
		at += n;
		while ((*result = mice_framer_pull(&framer, &command, &body)) ==
		       MICE_FRAMER_MESSAGE) {
			g_autoptr(GBytes) owned = body;

			g_byte_array_append(all, &command, 1);
			g_byte_array_append(all, g_bytes_get_data(body, NULL),
					    g_bytes_get_size(body));
			check_body(command, body);
		}
		if (*result == MICE_FRAMER_MORE)
			g_assert_cmpuint(framer.bytes->len, <, MICE_MAX_MESSAGE);
	}
	mice_framer_clear(&framer);
	return all;
}

static void test_messages(void)
{
	for (guint round = 0; round < ROUNDS; round++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		g_autoptr(GByteArray) whole = NULL;
		g_autoptr(GByteArray) pieces = NULL;
		MiceFramerResult result, result_in_pieces;

		for (guint n = g_test_rand_int_range(1, 5); n; n--) {
			g_autoptr(GByteArray) one =
				from_hex(seeds[g_test_rand_int_range(0, G_N_ELEMENTS(seeds))]);

			for (guint m = g_test_rand_int_range(0, 6); m; m--)
				mutate(one);
			g_byte_array_append(bytes, one->data, one->len);
		}
		whole = frame_all(bytes, FALSE, &result);
		pieces = frame_all(bytes, TRUE, &result_in_pieces);
		g_assert_cmpint(result, ==, result_in_pieces);
		g_assert_cmpmem(whole->data, whole->len, pieces->data, pieces->len);
	}
}

static void test_pins(void)
{
	for (guint round = 0; round < ROUNDS; round++) {
		char typed[24] = {0};
		g_autofree char *pin = NULL;

		for (guint i = g_test_rand_int_range(0, sizeof(typed)); i; i--)
			typed[i - 1] = "0123456789 -x\xff"[g_test_rand_int_range(0, 14)];
		pin = mice_pin_clean(typed);
		g_assert_true(!pin || (strlen(pin) == MICE_PIN_DIGITS &&
				       strspn(pin, "0123456789") == MICE_PIN_DIGITS));
	}
}

int main(int argc, char **argv)
{
	char *args[4] = {argv[0], "--seed", "R02S4d697261636173744c696e7578000001", NULL};

	/* The seed is fixed unless one is given. */
	if (argc == 1) {
		char **fixed = args;
		int n = 3;

		g_test_init(&n, &fixed, NULL);
	} else {
		g_test_init(&argc, &argv, NULL);
	}
	g_test_add_func("/mice/fuzz/messages", test_messages);
	g_test_add_func("/mice/fuzz/pins", test_pins);
	return g_test_run();
}
