// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages and PINs against the examples of [MS-MICE], and against what is none. */
#include "mice-message.h"
#include "mice-pin.h"
#include "vectors.h"

#include <string.h>

#define NAME "Dummy1-Kabylake"

static const guint8 id[MICE_ID] = {0x91, 0xf4, 0xab, 0xe9, 0xef, 0xf5, 0x46, 0x4a,
				   0xae, 0xe2, 0x69, 0x72, 0x2a, 0xed, 0x11, 0xb5};
static const guint8 challenge_address[] = {192, 0, 2, 100};
static const guint8 response_address[] = {192, 0, 2, 200};

static void push_hex(MiceFramer *framer, const char *hex)
{
	g_autoptr(GByteArray) bytes = from_hex(hex);

	mice_framer_push(framer, bytes->data, bytes->len);
}

/* One message that is whole. */
static void read_one(MiceMessage *message, const char *hex)
{
	g_autoptr(GBytes) body = NULL;
	MiceFramer framer;
	guint8 command;

	mice_framer_init(&framer);
	push_hex(&framer, hex);
	g_assert_cmpint(mice_framer_pull(&framer, &command, &body), ==, MICE_FRAMER_MESSAGE);
	g_assert_false(mice_body_is_sealed(body));
	g_assert_true(mice_message_parse(message, command, body));
	g_clear_pointer(&body, g_bytes_unref);
	g_assert_cmpint(mice_framer_pull(&framer, &command, &body), ==, MICE_FRAMER_MORE);
	mice_framer_clear(&framer);
}

static void assert_written(const MiceMessage *message, const char *hex)
{
	g_autoptr(GByteArray) expected = from_hex(hex);
	g_autoptr(GBytes) body = mice_message_body(message);
	g_autoptr(GBytes) frame = mice_message_frame(message->command, body);

	g_assert_cmpmem(g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), expected->data,
			expected->len);
}

static void test_vectors(void)
{
	static const struct {
		const char *hex;
		MiceCommand command;
		gboolean name;
		guint16 port;
		gint options, reason; /* -1: none */
		const guint8 *hash_of;
		gboolean written; /* in the same order by us */
	} vectors[] = {
		{SOURCE_READY, MICE_SOURCE_READY, TRUE, 7236, -1, -1, NULL, TRUE},
		{STOP_PROJECTION, MICE_STOP_PROJECTION, TRUE, 0, -1, -1, NULL, TRUE},
		{SESSION_REQUEST, MICE_SESSION_REQUEST, TRUE, 0,
		 MICE_OPTION_ENCRYPT | MICE_OPTION_PIN, -1, NULL, TRUE},
		{PIN_CHALLENGE, MICE_PIN_CHALLENGE, FALSE, 0, -1, -1, challenge_address, TRUE},
		{PIN_ACCEPTED, MICE_PIN_RESPONSE, FALSE, 0, -1, MICE_PIN_ACCEPTED, response_address,
		 FALSE},
		{PIN_REFUSED, MICE_PIN_RESPONSE, FALSE, 0, -1, MICE_PIN_WRONG, NULL, TRUE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_auto(MiceMessage) message = {0};

		read_one(&message, vectors[i].hex);
		g_assert_cmpint(message.command, ==, vectors[i].command);
		g_assert_cmpstr(message.name, ==, vectors[i].name ? NAME : NULL);
		g_assert_cmpint(message.rtsp_port, ==, vectors[i].port);
		g_assert_true(message.has_id);
		g_assert_cmpmem(message.id, MICE_ID, id, MICE_ID);
		g_assert_null(message.token);
		g_assert_cmpint(message.has_options ? message.options : -1, ==, vectors[i].options);
		g_assert_cmpint(message.has_reason ? message.reason : -1, ==, vectors[i].reason);
		g_assert_cmpint(message.has_hash, ==, vectors[i].hash_of != NULL);
		if (vectors[i].hash_of) {
			guint8 hash[MICE_HASH];

			mice_pin_hash("12345678", vectors[i].hash_of, 4, hash);
			g_assert_cmpmem(message.hash, MICE_HASH, hash, MICE_HASH);
		}
		if (vectors[i].written)
			assert_written(&message, vectors[i].hex);
	}
}

static const char *const together[] = {SOURCE_READY, PIN_ACCEPTED, STOP_PROJECTION};

/* All three in pieces of @step bytes: the same three come out. */
static void feed_in_pieces(gsize step)
{
	g_autofree char *hex = g_strconcat(together[0], together[1], together[2], NULL);
	g_autoptr(GByteArray) bytes = from_hex(hex);
	MiceFramer framer;
	guint n = 0;

	mice_framer_init(&framer);
	for (gsize at = 0; at < bytes->len; at += step) {
		MiceFramerResult result;
		guint8 command;
		GBytes *body;

		mice_framer_push(&framer, bytes->data + at, MIN(step, bytes->len - at));
		while ((result = mice_framer_pull(&framer, &command, &body)) ==
		       MICE_FRAMER_MESSAGE) {
			g_autoptr(GByteArray) expected = from_hex(together[n++]);
			g_autoptr(GBytes) owned = body;
			g_autoptr(GBytes) frame = mice_message_frame(command, body);

			g_assert_cmpmem(g_bytes_get_data(frame, NULL), g_bytes_get_size(frame),
					expected->data, expected->len);
		}
		g_assert_cmpint(result, ==, MICE_FRAMER_MORE);
	}
	g_assert_cmpuint(n, ==, G_N_ELEMENTS(together));
	mice_framer_clear(&framer);
}

static void test_pieces(void)
{
	/* The last step is larger than all: they are merged. */
	for (gsize step = 1; step < 200; step++)
		feed_in_pieces(step);
}

static void test_frames_that_are_none(void)
{
	static const struct {
		const char *hex;
		MiceFramerResult result;
	} cases[] = {
		{"", MICE_FRAMER_MORE},
		{"00", MICE_FRAMER_MORE},
		{"0004", MICE_FRAMER_MORE},
		{"000401", MICE_FRAMER_MORE},
		{"00040102", MICE_FRAMER_MESSAGE},
		{"000501ff", MICE_FRAMER_MORE},
		{"000501ff00", MICE_FRAMER_MESSAGE},
		{"000301", MICE_FRAMER_GARBAGE},
		{"00000100", MICE_FRAMER_GARBAGE},
		{"00040001", MICE_FRAMER_GARBAGE},
		{"00040201", MICE_FRAMER_GARBAGE},
		{"474554202f20485454502f312e31", MICE_FRAMER_GARBAGE},
		{"400001", MICE_FRAMER_MORE},
		{"400101", MICE_FRAMER_TOO_LONG},
		{"ffff0101", MICE_FRAMER_TOO_LONG},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) body = NULL;
		MiceFramer framer;
		guint8 command;

		mice_framer_init(&framer);
		push_hex(&framer, cases[i].hex);
		g_assert_cmpint(mice_framer_pull(&framer, &command, &body), ==, cases[i].result);
		mice_framer_clear(&framer);
	}
}

static gboolean parse_body(MiceMessage *message, const char *hex)
{
	g_autoptr(GBytes) body = g_byte_array_free_to_bytes(from_hex(hex));

	return mice_message_parse(message, MICE_SOURCE_READY, body);
}

static void test_truncated(void)
{
	static const char fields[] = "0200021c44" ID_FIELD;
	/* Where a field ends. */
	static const gsize ends[] = {0, 5, 5 + 3 + MICE_ID};

	for (gsize length = 0, end = 0; length <= strlen(fields) / 2; length++) {
		g_autofree char *part = g_strndup(fields, 2 * length);
		g_auto(MiceMessage) message = {0};
		gboolean whole = length == ends[end];

		g_assert_cmpint(parse_body(&message, part), ==, whole);
		end += whole;
	}
}

/* What cannot be used is as if it were not there, and nothing else is lost. */
static void test_tolerance(void)
{
	static const char *const useless[] = {
		"010000", /* a type that is not defined */
		"01000100",
		"ff000411223344",
		"000000", /* an empty name */
		"0000020000", /* nothing but a zero */
		"000001aa", /* half a character */
		"020000",
		"0200011c",
		"0200020000", /* port 0 */
		"0200031c4400",
		"03000f91f4abe9eff5464aaee269722aed11",
		"030000",
		"050000",
		"06001f605409f832308ad0b893a7f91be42b264c7372b36e9077506e1b4cc183de79",
		"070000",
		"0700020000",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(useless); i++) {
		g_autofree char *hex = g_strconcat(useless[i], SOURCE_READY + 8, NULL);
		g_auto(MiceMessage) message = {0};

		g_assert_true(parse_body(&message, hex));
		g_assert_cmpint(message.rtsp_port, ==, 7236);
		g_assert_true(message.has_id);
		g_assert_false(message.has_options);
		g_assert_false(message.has_hash);
		g_assert_false(message.has_reason);
		g_assert_cmpstr(message.name, ==, NAME);
	}
	{
		g_auto(MiceMessage) message = {0};

		/* More than one byte of options, twice. */
		g_assert_true(parse_body(&message, "05000301020305000102"));
		g_assert_cmpint(message.options, ==, 1);
	}
}

static void assert_name(const char *hex, const char *name)
{
	g_auto(MiceMessage) message = {0};

	g_assert_true(parse_body(&message, hex));
	g_assert_cmpstr(message.name, ==, name);
}

static void test_names(void)
{
	g_autoptr(GString) hex = g_string_new("000262"); /* 610 bytes */
	g_autoptr(GString) text = g_string_new(NULL);
	g_auto(MiceMessage) message = {.command = MICE_STOP_PROJECTION};
	g_autoptr(GBytes) body = NULL;

	assert_name("000004e4006500", "äe");
	assert_name("0000043dd800de", "\360\237\230\200");
	/* Halves of characters, and one byte too many. */
	assert_name("0000043dd86100", "\357\277\275a");
	assert_name("0000023dd8", "\357\277\275");
	assert_name("00000200de", "\357\277\275");
	assert_name("000003610062", "a");
	assert_name("00000a61000000620000000000", "a");

	for (guint i = 0; i < 305; i++) {
		g_string_append(hex, "6100");
		if (i < MICE_MAX_NAME / 2)
			g_string_append_c(text, 'a');
	}
	assert_name(hex->str, text->str);

	/* One that is too long loses whole characters. */
	g_string_truncate(text, MICE_MAX_NAME / 2 - 1);
	message.name = g_strconcat(text->str, "\360\237\230\200", NULL);
	body = mice_message_body(&message);
	g_assert_cmpuint(g_bytes_get_size(body), ==, 3 + MICE_MAX_NAME - 2);
}

static void test_sealed(void)
{
	static const struct {
		const char *hex;
		gboolean sealed;
	} cases[] = {
		{"17fefd0001000000000001001d", TRUE},
		{"17feff0001000000000001001d", TRUE},
		{"16fefd0001000000000001001d", FALSE},
		{"17fe", FALSE},
		{"", FALSE},
		{"0200021c44", FALSE},
		{"17000100", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) body = g_byte_array_free_to_bytes(from_hex(cases[i].hex));
		g_auto(MiceMessage) message = {0};

		g_assert_cmpint(mice_body_is_sealed(body), ==, cases[i].sealed);
		/* It cannot be taken for fields. */
		if (cases[i].sealed)
			g_assert_false(mice_message_parse(&message, MICE_SOURCE_READY, body));
	}
}

static void test_pin_hash(void)
{
	static const guint8 ipv6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x1f, 0,    0,
				      0,    0,	  0,	0,    0, 0,    0x42, 0x42};
	static const struct {
		const char *pin;
		const guint8 *address;
		gsize size;
		const char *hash;
	} cases[] = {
		{"12345678", challenge_address, 4,
		 "605409f832308ad0b893a7f91be42b264c7372b36e9077506e1b4cc183de79da"},
		{"12345678", response_address, 4,
		 "18d8d8afdbd02b0c0d5d27ed058f8df3afd860a45ef137ed257915a8bb2df74e"},
		{"98765432", ipv6, 16,
		 "b3452b2c46c83d28d8d464b6697a81d1af3f356107e1d0731ea9bb183803f9c7"},
		{"1234578", response_address, 4,
		 "1f133e99d98162fa52226ab00cfacedf3fb3548218f1d010f3d4d905a4ee6197"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) expected = from_hex(cases[i].hash);
		guint8 hash[MICE_HASH];

		mice_pin_hash(cases[i].pin, cases[i].address, cases[i].size, hash);
		g_assert_cmpmem(hash, sizeof(hash), expected->data, expected->len);
	}
}

static void test_pin_typed(void)
{
	static const struct {
		const char *typed, *pin;
	} cases[] = {
		{"12345678", "12345678"},
		{" 1234 5678\n", "12345678"},
		{"1234-5678", "12345678"},
		{"", NULL},
		{"1234567", NULL},
		{"123456789", NULL},
		{"1234567a", NULL},
		{"１２３４５６７８", NULL},
		{"-", NULL},
		{"12345678\n9", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *pin = mice_pin_clean(cases[i].typed);

		g_assert_cmpstr(pin, ==, cases[i].pin);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mice/message/vectors", test_vectors);
	g_test_add_func("/mice/message/pieces", test_pieces);
	g_test_add_func("/mice/message/frames-that-are-none", test_frames_that_are_none);
	g_test_add_func("/mice/message/truncated", test_truncated);
	g_test_add_func("/mice/message/tolerance", test_tolerance);
	g_test_add_func("/mice/message/names", test_names);
	g_test_add_func("/mice/message/sealed", test_sealed);
	g_test_add_func("/mice/pin/hash", test_pin_hash);
	g_test_add_func("/mice/pin/typed", test_pin_typed);
	return g_test_run();
}
