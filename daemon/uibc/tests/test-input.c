// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic input as events: read back from pipes that stand for the devices. */
#include "uibc-input.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	UibcInput *input;
	int devices[UIBC_INPUT_N_KINDS]; /* what comes out */
} Fixture;

static void set_up_with(Fixture *fixture, gboolean touch)
{
	fixture->input = uibc_input_new(1280, 720);
	uibc_input_set_touch(fixture->input, touch);
	for (guint i = 0; i < UIBC_INPUT_N_KINDS; i++) {
		int ends[2];

		g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
		g_assert_true(g_unix_set_fd_nonblocking(ends[0], TRUE, NULL));
		fixture->devices[i] = ends[0];
		uibc_input_set_file(fixture->input, i, ends[1]);
	}
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	set_up_with(fixture, GPOINTER_TO_INT(data));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	g_clear_pointer(&fixture->input, uibc_input_free);
	for (guint i = 0; i < UIBC_INPUT_N_KINDS; i++)
		close(fixture->devices[i]);
}

/* "3:0=32793 ...", all that has come: type, code, value; "|" for each SYN_REPORT. */
static void assert_events(Fixture *fixture, UibcInputKind kind, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct input_event event;

	while (read(fixture->devices[kind], &event, sizeof(event)) == sizeof(event)) {
		if (event.type == EV_SYN)
			g_string_append(text, "|");
		else
			g_string_append_printf(text, "%u:%u=%d ", event.type, event.code,
					       event.value);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void send(Fixture *fixture, UibcGeneric event)
{
	g_assert_true(uibc_input_generic(fixture->input, &event, 1));
}

#define POINT(what, px, py) \
	((UibcGeneric){.type = what, .n_pointers = 1, .pointers = {{0, px, py}}})
#define KEY(what, code) ((UibcGeneric){.type = what, .codes = {code, 0}})

static void test_pointer(Fixture *fixture, gconstpointer data)
{
	send(fixture, POINT(UIBC_MOVE, 0, 0));
	send(fixture, POINT(UIBC_DOWN, 1279, 719));
	send(fixture, POINT(UIBC_DOWN, 640, 5000));
	send(fixture, POINT(UIBC_UP, 640, 360));
	send(fixture, POINT(UIBC_UP, 640, 360));
	assert_events(fixture, UIBC_INPUT_POINTER,
		      "3:0=0 3:1=0 |3:0=65535 3:1=65535 1:272=1 |3:0=32793 3:1=65535 |"
		      "3:0=32793 3:1=32813 1:272=0 |3:0=32793 3:1=32813 |");
	assert_events(fixture, UIBC_INPUT_TOUCH, "");
}

/* Corners of a picture of 4:3 in 16:9, and the black beside it. */
static void test_area(Fixture *fixture, gconstpointer data)
{
	uibc_input_set_area(fixture->input, 160, 0, 960, 720);
	send(fixture, POINT(UIBC_MOVE, 160, 0));
	send(fixture, POINT(UIBC_MOVE, 1119, 719));
	assert_events(fixture, UIBC_INPUT_POINTER, "3:0=0 3:1=0 |3:0=65535 3:1=65535 |");
	send(fixture, POINT(UIBC_MOVE, 0, 0));
	send(fixture, POINT(UIBC_MOVE, 1279, 719));
	assert_events(fixture, UIBC_INPUT_POINTER, "3:0=0 3:1=0 |3:0=65535 3:1=65535 |");
	uibc_input_set_area(fixture->input, 0, 0, 1280, 720);
	send(fixture, POINT(UIBC_MOVE, 640, 360));
	assert_events(fixture, UIBC_INPUT_POINTER, "3:0=32793 3:1=32813 |");
}

static void test_touch(Fixture *fixture, gconstpointer data)
{
	UibcGeneric two = {.type = UIBC_DOWN, .n_pointers = 2, .pointers = {{4, 0, 0}, {9, 1, 1}}};

	send(fixture, two);
	assert_events(fixture, UIBC_INPUT_TOUCH,
		      "3:47=0 3:57=0 3:53=0 3:54=0 3:47=1 3:57=1 3:53=51 3:54=91 1:330=1 |");
	send(fixture, (UibcGeneric){.type = UIBC_UP, .n_pointers = 1, .pointers = {{4, 0, 0}}});
	assert_events(fixture, UIBC_INPUT_TOUCH, "3:47=0 3:57=-1 |");
	/* A finger that never touched does not move. */
	send(fixture, (UibcGeneric){.type = UIBC_MOVE, .n_pointers = 1, .pointers = {{7, 5, 5}}});
	assert_events(fixture, UIBC_INPUT_TOUCH, "|");
	send(fixture, (UibcGeneric){.type = UIBC_UP, .n_pointers = 1, .pointers = {{9, 0, 0}}});
	assert_events(fixture, UIBC_INPUT_TOUCH, "3:47=1 3:57=-1 1:330=0 |");
	assert_events(fixture, UIBC_INPUT_POINTER, "");
}

static void test_eleven_fingers(Fixture *fixture, gconstpointer data)
{
	for (guint i = 0; i < 11; i++)
		send(fixture,
		     (UibcGeneric){.type = UIBC_DOWN, .n_pointers = 1, .pointers = {{i, 0, 0}}});
	uibc_input_release(fixture->input);
	for (guint i = 0; i < 10; i++)
		send(fixture,
		     (UibcGeneric){.type = UIBC_UP, .n_pointers = 1, .pointers = {{i, 0, 0}}});
	uibc_input_release(fixture->input);
}

static void test_keys(Fixture *fixture, gconstpointer data)
{
	send(fixture, KEY(UIBC_KEY_DOWN, 'a'));
	send(fixture, KEY(UIBC_KEY_DOWN, 'a'));
	send(fixture, KEY(UIBC_KEY_UP, 'a'));
	send(fixture, KEY(UIBC_KEY_UP, 'a'));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:30=1 |1:30=0 |");
	send(fixture, KEY(UIBC_KEY_DOWN, 'Q'));
	send(fixture, KEY(UIBC_KEY_DOWN, '?'));
	send(fixture, KEY(UIBC_KEY_UP, 'Q'));
	send(fixture, KEY(UIBC_KEY_UP, '?'));
	assert_events(fixture, UIBC_INPUT_KEYBOARD,
		      "1:42=1 1:16=1 |1:53=1 |1:16=0 |1:53=0 1:42=0 |");
	send(fixture, KEY(UIBC_KEY_DOWN, 0xe4));
	send(fixture, KEY(UIBC_KEY_DOWN, 0xffff));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "");
}

/* Shift goes up with the key that it was pressed for, whatever character the key's end has. */
static void test_shift_ends_first(Fixture *fixture, gconstpointer data)
{
	send(fixture, KEY(UIBC_KEY_DOWN, 'A'));
	send(fixture, KEY(UIBC_KEY_UP, 'a'));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:42=1 1:30=1 |1:30=0 1:42=0 |");
	send(fixture, KEY(UIBC_KEY_DOWN, '1'));
	send(fixture, KEY(UIBC_KEY_UP, '!'));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:2=1 |1:2=0 |");
}

/* On a German keyboard, whose user lets go of Shift before '.' and before sharp s. */
static void test_other_layout(Fixture *fixture, gconstpointer data)
{
	send(fixture, KEY(UIBC_KEY_DOWN, ':'));
	send(fixture, KEY(UIBC_KEY_UP, '.'));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:42=1 1:39=1 |1:39=0 |1:42=0 |");
	send(fixture, KEY(UIBC_KEY_DOWN, '?'));
	send(fixture, KEY(UIBC_KEY_UP, 0xdf));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:42=1 1:53=1 |1:42=0 |1:53=0 |");
}

/* A key has Shift if its own character does, whichever keys are still down. */
static void test_shift_rolls_over(Fixture *fixture, gconstpointer data)
{
	send(fixture, KEY(UIBC_KEY_DOWN, 'A'));
	send(fixture, KEY(UIBC_KEY_DOWN, 'b'));
	send(fixture, KEY(UIBC_KEY_DOWN, 'C'));
	assert_events(fixture, UIBC_INPUT_KEYBOARD,
		      "1:42=1 1:30=1 |1:42=0 1:48=1 |1:42=1 1:46=1 |");
	send(fixture, KEY(UIBC_KEY_UP, 'A'));
	send(fixture, KEY(UIBC_KEY_UP, 'b'));
	send(fixture, KEY(UIBC_KEY_UP, 'c'));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:30=0 |1:48=0 |1:46=0 1:42=0 |");
	send(fixture, KEY(UIBC_KEY_DOWN, 'A'));
	send(fixture, KEY(UIBC_KEY_DOWN, 'b'));
	uibc_input_release(fixture->input);
	assert_events(fixture, UIBC_INPUT_KEYBOARD,
		      "1:42=1 1:30=1 |1:42=0 1:48=1 |1:30=0 |1:48=0 |");
}

/* Two characters of one message: Shift changes once at most before each SYN_REPORT. */
static void test_shift_of_two(Fixture *fixture, gconstpointer data)
{
	send(fixture, (UibcGeneric){.type = UIBC_KEY_DOWN, .codes = {'A', 'b'}});
	send(fixture, (UibcGeneric){.type = UIBC_KEY_UP, .codes = {'a', 'b'}});
	assert_events(fixture, UIBC_INPUT_KEYBOARD,
		      "1:42=1 1:30=1 |1:42=0 1:48=1 |1:30=0 |1:48=0 |");
}

/* Every character of ASCII that can be printed has a key, and no two have the same. */
static void test_every_key(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint16 c = ' '; c < 0x7f; c++) {
		GString *text = g_string_new(NULL);
		struct input_event event;

		send(fixture, KEY(UIBC_KEY_DOWN, c));
		while (read(fixture->devices[UIBC_INPUT_KEYBOARD], &event, sizeof(event)) > 0)
			if (event.type == EV_KEY)
				g_string_append_printf(text, "%u ", event.code);
		g_assert_cmpuint(text->len, >, 0);
		g_assert_true(g_hash_table_add(seen, g_string_free(text, FALSE)));
		send(fixture, KEY(UIBC_KEY_UP, c));
		while (read(fixture->devices[UIBC_INPUT_KEYBOARD], &event, sizeof(event)) > 0)
			;
	}
}

static void test_scroll_and_zoom(Fixture *fixture, gconstpointer data)
{
	send(fixture, (UibcGeneric){.type = UIBC_VERTICAL_SCROLL, .amount = 3, .notches = TRUE});
	send(fixture, (UibcGeneric){.type = UIBC_HORIZONTAL_SCROLL, .amount = -7});
	assert_events(fixture, UIBC_INPUT_POINTER, "2:8=3 2:11=360 |2:12=-7 |");
	send(fixture,
	     (UibcGeneric){
		     .type = UIBC_ZOOM, .n_pointers = 1, .pointers = {{0, 0, 719}}, .amount = 384});
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:29=1 |1:29=0 |");
	assert_events(fixture, UIBC_INPUT_POINTER, "3:0=0 3:1=65535 2:8=1 2:11=120 |");
	send(fixture, (UibcGeneric){.type = UIBC_ROTATE, .amount = 100});
	assert_events(fixture, UIBC_INPUT_POINTER, "");
}

static void test_release(Fixture *fixture, gconstpointer data)
{
	send(fixture, KEY(UIBC_KEY_DOWN, 'A'));
	send(fixture, POINT(UIBC_DOWN, 0, 0));
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:42=1 1:30=1 |");
	assert_events(fixture, UIBC_INPUT_POINTER, "3:0=0 3:1=0 1:272=1 |");
	uibc_input_release(fixture->input);
	uibc_input_release(fixture->input);
	assert_events(fixture, UIBC_INPUT_KEYBOARD, "1:30=0 |1:42=0 |");
	assert_events(fixture, UIBC_INPUT_POINTER, "1:272=0 |");
}

static void test_rate(Fixture *fixture, gconstpointer data)
{
	const UibcGeneric event = {.type = UIBC_ROTATE};
	gint64 now = 1;
	guint taken = 0;

	/* A hundred thousand in ten seconds. */
	for (guint i = 0; i < 100000; i++, now += 100)
		taken += uibc_input_generic(fixture->input, &event, now);
	g_assert_cmpuint(taken, >=, 10 * UIBC_INPUT_RATE);
	g_assert_cmpuint(taken, <=, 11 * UIBC_INPUT_RATE);
}

static void test_hid(Fixture *fixture, gconstpointer data)
{
	const UibcHid report = {.value = (const guint8 *)"\x01\x05\xfb\x00", .length = 4};
	g_autofree guint8 *zeros = g_malloc0(UHID_DATA_MAX + 1);
	const UibcHid too_long = {.value = zeros, .length = UHID_DATA_MAX + 1};
	struct uhid_event event = {0};
	UibcHidHeld held;
	gsize length;
	int ends[2];

	uibc_hid_held_init(&held, NULL, 0);
	g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
	g_assert_true(uibc_input_hid_report(fixture->input, ends[1], &held, &report, 1));
	g_assert_cmpint(read(ends[0], &event, sizeof(event)), >, 0);
	g_assert_cmpuint(event.type, ==, UHID_INPUT2);
	g_assert_cmpmem(event.u.input2.data, event.u.input2.size, report.value, report.length);
	g_assert_false(uibc_input_hid_report(fixture->input, ends[1], &held, &too_long, 1));
	uibc_hid_held_clear(&held);
	close(ends[0]);
	close(ends[1]);

	g_assert_nonnull(uibc_input_default_descriptor(0, &length));
	g_assert_cmpuint(length, ==, 63);
	g_assert_nonnull(uibc_input_default_descriptor(1, &length));
	g_assert_cmpuint(length, ==, 50);
	g_assert_null(uibc_input_default_descriptor(2, &length));
}

/* What a device is let go with, in hex, a report after the other. */
static char *released(Fixture *fixture, const guint8 *descriptor, gsize length,
		      const char *const *reports, gsize size)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct uhid_event event;
	UibcHidHeld held;
	int ends[2];

	uibc_hid_held_init(&held, descriptor, length);
	g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
	g_assert_true(g_unix_set_fd_nonblocking(ends[0], TRUE, NULL));
	for (guint i = 0; reports[i]; i++) {
		const UibcHid report = {.value = (const guint8 *)reports[i], .length = size};

		g_assert_true(uibc_input_hid_report(fixture->input, ends[1], &held, &report, 1));
		g_assert_cmpint(read(ends[0], &event, sizeof(event)), >, 0);
	}
	uibc_input_hid_release(ends[1], &held);
	uibc_input_hid_release(ends[1], &held);
	while (read(ends[0], &event, G_STRUCT_OFFSET(struct uhid_event, u.input2.data) + size) >
	       0) {
		for (guint i = 0; i < event.u.input2.size; i++)
			g_string_append_printf(text, "%02x", event.u.input2.data[i]);
		g_string_append_c(text, ' ');
	}
	uibc_hid_held_clear(&held);
	close(ends[0]);
	close(ends[1]);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_hid_release(Fixture *fixture, gconstpointer data)
{
	/* A usage of two bytes that look like a report id; a report id; a long item with one. */
	static const guint8 plain[] = {0x06, 0x85, 0x01, 0xa1, 0x01, 0xc0};
	static const guint8 with_ids[] = {0x05, 0x01, 0xa1, 0x01, 0x85, 0x28, 0xc0};
	static const guint8 long_item[] = {0xfe, 0x02, 0x10, 0x85, 0x01, 0xc0};
	static const char *const keys[] = {"\x02\0\x04\0", "\0\0\x52\0", NULL};
	static const char *const let_go[] = {"\x02\0\x04\0", "\0\0\0\0", NULL};
	static const char *const reports[] = {"\x28\x01\0\0", "\x29\x01\0\0", "\x29\0\0\0",
					      "\x30\0\0\x01", NULL};
	const struct {
		const guint8 *descriptor;
		gsize length;
		const char *const *reports;
		const char *expected;
	} cases[] = {
		{plain, sizeof(plain), keys, "00000000 "},
		{plain, sizeof(plain), let_go, ""},
		{with_ids, sizeof(with_ids), reports, "28000000 30000000 "},
		{with_ids, sizeof(with_ids) - 2, reports, "28000000 30000000 "},
		{long_item, sizeof(long_item), keys, "00000000 "},
		{long_item, 1, keys, "00000000 "},
		{uibc_input_default_descriptor(0, &(gsize){0}), 63, keys, "00000000 "},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = released(fixture, cases[i].descriptor, cases[i].length,
						 cases[i].reports, 4);

		g_assert_cmpstr(text, ==, cases[i].expected);
	}
}

/* Two fingers of a touch screen, which are let go by their numbers; what is beside them is zero. */
static void test_hid_release_touch(Fixture *fixture, gconstpointer data)
{
#define FINGER                                                                               \
	0x09, 0x22, 0xa1, 0x02, /* finger */                                                 \
		0x09, 0x42, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x81, 0x02, /* tip switch */ \
		0x95, 0x07, 0x81, 0x03, /* padding */                                        \
		0x09, 0x51, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x01, 0x81, 0x02, /* number */     \
		0x05, 0x01, 0x26, 0xff, 0x7f, 0x75, 0x10, 0x95, 0x02, /* x and y */          \
		0x09, 0x30, 0x09, 0x31, 0x81, 0x02, 0x05, 0x0d, 0xc0
	static const guint8 descriptor[] = {
		0x05, 0x0d, 0x09, 0x04, 0xa1, 0x01, 0x85, 0x01, 0x15, 0x00, FINGER, FINGER,
		0x09, 0x54, 0x25, 0x02, 0x75, 0x08, 0x95, 0x01, 0x81, 0x02, 0xc0,
	};
	static const char *const reports[] = {
		"\x01\xff\x05\xe8\x03\xd0\x07\x01\x06\xb8\x0b\xa0\x0f\x02", NULL};
	/* Shorter than the descriptor has it; a size beyond all reports. */
	static const guint8 large[] = {0x05, 0x0d, 0x77, 0xff, 0xff, 0xff, 0xff, 0x97,
				       0xff, 0xff, 0xff, 0xff, 0x81, 0x02, 0x81, 0x02};
	g_autofree char *text = released(fixture, descriptor, sizeof(descriptor), reports, 14);
	g_autofree char *shorter = released(fixture, descriptor, sizeof(descriptor), reports, 4);
	g_autofree char *all = released(fixture, large, sizeof(large), reports, 4);

	g_assert_cmpstr(text, ==, "010005e803d0070006b80ba00f02 ");
	g_assert_cmpstr(shorter, ==, "010005e8 ");
	g_assert_cmpstr(all, ==, "01ff05e8 ");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		gboolean touch;
		void (*run)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{"pointer", FALSE, test_pointer},
		{"area", FALSE, test_area},
		{"touch", TRUE, test_touch},
		{"eleven-fingers", TRUE, test_eleven_fingers},
		{"keys", FALSE, test_keys},
		{"shift-ends-first", FALSE, test_shift_ends_first},
		{"other-layout", FALSE, test_other_layout},
		{"shift-rolls-over", FALSE, test_shift_rolls_over},
		{"shift-of-two", FALSE, test_shift_of_two},
		{"every-key", FALSE, test_every_key},
		{"scroll-and-zoom", FALSE, test_scroll_and_zoom},
		{"release", FALSE, test_release},
		{"rate", FALSE, test_rate},
		{"hid", FALSE, test_hid},
		{"hid-release", FALSE, test_hid_release},
		{"hid-release-touch", FALSE, test_hid_release_touch},
	};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strdup_printf("/uibc/input/%s", tests[i].name);

		g_test_add(path, Fixture, GINT_TO_POINTER(tests[i].touch), set_up, tests[i].run,
			   tear_down);
	}
	return g_test_run();
}
