// SPDX-License-Identifier: GPL-2.0-or-later
#include "uibc-input.h"

#include <linux/input.h>
#include <linux/uhid.h>
#include <string.h>
#include <unistd.h>

#define MAX_KEY	   256
#define WHEEL_STEP 120 /* of the high resolution axes, for one notch */
#define NO_FINGER  -1

#define MAX_REPORT_BITS (UHID_DATA_MAX * 8u)

#define ASCII_ESC 0x1b
#define ASCII_DEL 0x7f
#define ASCII_END 0x80

/* Items of a report descriptor (HID 1.11, 6.2.2), with their sizes in the two lowest bits. */
#define HID_INPUT	 0x80
#define HID_REPORT_SIZE	 0x74 /* bits of a field */
#define HID_REPORT_ID	 0x84
#define HID_REPORT_COUNT 0x94 /* fields of an input */
#define HID_ITEM_SIZE	 0x03 /* 3 is four bytes */
#define HID_LONG_ITEM	 0xfe /* a byte of size, one of tag, and that many */

/* Of an input. */
#define HID_CONSTANT 0x01
#define HID_VARIABLE 0x02 /* and not an array of what is pressed */
#define HID_RELATIVE 0x04

/* Bits of a report that say where or which something is, and not whether it is pressed. */
typedef struct {
	guint8 id;
	guint first, n;
} UibcHidPlace;

struct _UibcInput {
	int files[UIBC_INPUT_N_KINDS]; /* -1: none */
	guint x, y, width, height; /* of the picture, in the mode's pixels */
	gboolean touch;

	gboolean button_down;
	int fingers[UIBC_MAX_POINTERS]; /* the sink's id in each slot, NO_FINGER: free */
	int next_tracking_id;
	gboolean keys_down[MAX_KEY];
	guint16 shifted; /* the key that Shift is down for; 0: it is up */

	gint64 allowance; /* us: one message costs a second divided by the rate */
	gint64 filled_at;
};

UibcInput *uibc_input_new(guint width, guint height)
{
	UibcInput *input = g_new0(UibcInput, 1);

	for (guint i = 0; i < UIBC_INPUT_N_KINDS; i++)
		input->files[i] = -1;
	for (guint i = 0; i < UIBC_MAX_POINTERS; i++)
		input->fingers[i] = NO_FINGER;
	input->width = width;
	input->height = height;
	input->allowance = G_USEC_PER_SEC;
	return input;
}

void uibc_input_set_area(UibcInput *input, guint x, guint y, guint width, guint height)
{
	input->x = x;
	input->y = y;
	input->width = width;
	input->height = height;
}

static void emit(UibcInput *input, UibcInputKind kind, guint16 type, guint16 code, gint32 value)
{
	/* The kernel sets the time. */
	const struct input_event event = {.type = type, .code = code, .value = value};

	if (input->files[kind] >= 0 &&
	    write(input->files[kind], &event, sizeof(event)) != (ssize_t)sizeof(event))
		g_debug("an input event was lost");
}

static void sync_events(UibcInput *input, UibcInputKind kind)
{
	emit(input, kind, EV_SYN, SYN_REPORT, 0);
}

/* @first, @size: of the picture's pixels. */
static gint32 scale(guint16 value, guint first, guint size)
{
	if (size < 2 || value < first)
		return 0;
	return (guint64)MIN(value - first, size - 1) * UIBC_INPUT_AXIS_MAX / (size - 1);
}

static gint32 scale_x(const UibcInput *input, guint16 x)
{
	return scale(x, input->x, input->width);
}

static gint32 scale_y(const UibcInput *input, guint16 y)
{
	return scale(y, input->y, input->height);
}

/* Beyond the rate the sink is hostile or broken; what it then loses is its own. */
static gboolean is_allowed(UibcInput *input, gint64 now)
{
	const gint64 cost = G_USEC_PER_SEC / UIBC_INPUT_RATE;

	if (input->filled_at)
		input->allowance = MIN(input->allowance + now - input->filled_at, G_USEC_PER_SEC);
	input->filled_at = now;
	if (input->allowance < cost)
		return FALSE;
	input->allowance -= cost;
	return TRUE;
}

static void move_pointer(UibcInput *input, const UibcPointer *to)
{
	emit(input, UIBC_INPUT_POINTER, EV_ABS, ABS_X, scale_x(input, to->x));
	emit(input, UIBC_INPUT_POINTER, EV_ABS, ABS_Y, scale_y(input, to->y));
}

static void press_button(UibcInput *input, gboolean down)
{
	if (input->button_down == down)
		return;
	input->button_down = down;
	emit(input, UIBC_INPUT_POINTER, EV_KEY, BTN_LEFT, down);
}

static int find_slot(const UibcInput *input, int id)
{
	for (int slot = 0; slot < UIBC_MAX_POINTERS; slot++)
		if (input->fingers[slot] == id)
			return slot;
	return -1;
}

static gboolean has_fingers(const UibcInput *input)
{
	for (guint slot = 0; slot < UIBC_MAX_POINTERS; slot++)
		if (input->fingers[slot] != NO_FINGER)
			return TRUE;
	return FALSE;
}

/* What one finger of a message comes to; a finger that is new touches. */
static void touch(UibcInput *input, UibcGenericType type, const UibcPointer *pointer)
{
	int slot = find_slot(input, pointer->id);
	gboolean is_new = slot < 0 && type == UIBC_DOWN;

	if (is_new)
		slot = find_slot(input, NO_FINGER);
	if (slot < 0)
		return;
	emit(input, UIBC_INPUT_TOUCH, EV_ABS, ABS_MT_SLOT, slot);
	if (is_new) {
		input->fingers[slot] = pointer->id;
		emit(input, UIBC_INPUT_TOUCH, EV_ABS, ABS_MT_TRACKING_ID,
		     input->next_tracking_id++ & 0xffff);
	}
	if (type == UIBC_UP) {
		input->fingers[slot] = NO_FINGER;
		emit(input, UIBC_INPUT_TOUCH, EV_ABS, ABS_MT_TRACKING_ID, -1);
		return;
	}
	emit(input, UIBC_INPUT_TOUCH, EV_ABS, ABS_MT_POSITION_X, scale_x(input, pointer->x));
	emit(input, UIBC_INPUT_TOUCH, EV_ABS, ABS_MT_POSITION_Y, scale_y(input, pointer->y));
}

static void touch_all(UibcInput *input, const UibcGeneric *event)
{
	gboolean had_fingers = has_fingers(input);

	for (guint i = 0; i < event->n_pointers; i++)
		touch(input, event->type, &event->pointers[i]);
	if (has_fingers(input) != had_fingers)
		emit(input, UIBC_INPUT_TOUCH, EV_KEY, BTN_TOUCH, !had_fingers);
	sync_events(input, UIBC_INPUT_TOUCH);
}

/* The first pointer is the mouse. */
static void point(UibcInput *input, const UibcGeneric *event)
{
	if (!event->n_pointers)
		return;
	move_pointer(input, &event->pointers[0]);
	if (event->type != UIBC_MOVE)
		press_button(input, event->type == UIBC_DOWN);
	sync_events(input, UIBC_INPUT_POINTER);
}

static const struct {
	const char *plain, *shifted;
	guint16 first; /* the key of the first character; the others follow it */
} key_rows[] = {
	{"1234567890-=", "!@#$%^&*()_+", KEY_1},
	{"qwertyuiop[]", "QWERTYUIOP{}", KEY_Q},
	{"asdfghjkl;'`", "ASDFGHJKL:\"~", KEY_A},
	{"\\zxcvbnm,./", "|ZXCVBNM<>?", KEY_BACKSLASH},
};

/* The key that has the character on a keyboard of the United States; 0: none has. */
static guint16 key_of(guint16 code, gboolean *shift)
{
	*shift = FALSE;
	switch (code) {
	case 0: return 0;
	case '\b': return KEY_BACKSPACE;
	case '\t': return KEY_TAB;
	case '\n':
	case '\r': return KEY_ENTER;
	case ASCII_ESC: return KEY_ESC;
	case ' ': return KEY_SPACE;
	case ASCII_DEL: return KEY_DELETE;
	}
	for (guint i = 0; code < ASCII_END && i < G_N_ELEMENTS(key_rows); i++) {
		const char *at = strchr(key_rows[i].plain, code);

		if (at)
			return key_rows[i].first + (at - key_rows[i].plain);
		at = strchr(key_rows[i].shifted, code);
		if (at) {
			*shift = TRUE;
			return key_rows[i].first + (at - key_rows[i].shifted);
		}
	}
	return 0;
}

static void press_key(UibcInput *input, guint16 key, gboolean down)
{
	if (input->keys_down[key] == down)
		return;
	input->keys_down[key] = down;
	emit(input, UIBC_INPUT_KEYBOARD, EV_KEY, key, down);
}

static void release_keys(UibcInput *input)
{
	for (guint key = 0; key < MAX_KEY; key++) {
		if (!input->keys_down[key])
			continue;
		press_key(input, key, FALSE);
		sync_events(input, UIBC_INPUT_KEYBOARD);
	}
	input->shifted = 0;
}

/*
 * A sink names characters and not keys, so that the end of a key may have another one than its
 * beginning: Shift is let go with the key that it was pressed for. It is not let go before, since
 * who repeats a key that is held asks then whether Shift is down; but a key that comes down without
 * Shift ends it, as from then on that key is the one that is repeated.
 */
static void type_key(UibcInput *input, guint16 key, gboolean down, gboolean shift)
{
	if (down) {
		press_key(input, KEY_LEFTSHIFT, shift);
		press_key(input, key, TRUE);
		input->shifted = shift ? key : 0;
		return;
	}
	press_key(input, key, FALSE);
	if (input->shifted == key) {
		press_key(input, KEY_LEFTSHIFT, FALSE);
		input->shifted = 0;
	}
}

static void type_keys(UibcInput *input, const UibcGeneric *event)
{
	gboolean down = event->type == UIBC_KEY_DOWN;

	for (guint i = 0; i < G_N_ELEMENTS(event->codes); i++) {
		gboolean shift;
		guint16 key = key_of(event->codes[i], &shift);

		/*
		 * With the sink's layout the key may have had another character when it came down,
		 * that is on another key here: all go up, as otherwise one would stay down.
		 */
		if (event->codes[i] && !down && !input->keys_down[key])
			release_keys(input);
		/* Held down, a key comes again and again: the kernel repeats by itself. */
		if (!key || input->keys_down[key] == down)
			continue;
		type_key(input, key, down, shift);
		/* Each has its own, as Shift may have to change between two of them. */
		sync_events(input, UIBC_INPUT_KEYBOARD);
	}
}

static void scroll(UibcInput *input, guint16 axis, guint16 fine_axis, const UibcGeneric *event)
{
	if (event->notches) {
		emit(input, UIBC_INPUT_POINTER, EV_REL, axis, event->amount);
		emit(input, UIBC_INPUT_POINTER, EV_REL, fine_axis, event->amount * WHEEL_STEP);
	} else {
		emit(input, UIBC_INPUT_POINTER, EV_REL, fine_axis, event->amount);
	}
	sync_events(input, UIBC_INPUT_POINTER);
}

/* As desktops know it: Ctrl and a notch of the wheel. */
static void zoom(UibcInput *input, const UibcGeneric *event)
{
	const UibcGeneric notch = {.amount = event->amount < UIBC_ONE ? -1 : 1, .notches = TRUE};

	if (event->amount == UIBC_ONE)
		return;
	move_pointer(input, &event->pointers[0]);
	press_key(input, KEY_LEFTCTRL, TRUE);
	sync_events(input, UIBC_INPUT_KEYBOARD);
	scroll(input, REL_WHEEL, REL_WHEEL_HI_RES, &notch);
	press_key(input, KEY_LEFTCTRL, FALSE);
	sync_events(input, UIBC_INPUT_KEYBOARD);
}

gboolean uibc_input_generic(UibcInput *input, const UibcGeneric *event, gint64 now)
{
	if (!is_allowed(input, now))
		return FALSE;
	switch (event->type) {
	case UIBC_DOWN:
	case UIBC_UP:
	case UIBC_MOVE:
		if (input->touch)
			touch_all(input, event);
		else
			point(input, event);
		break;
	case UIBC_KEY_DOWN:
	case UIBC_KEY_UP: type_keys(input, event); break;
	case UIBC_ZOOM: zoom(input, event); break;
	case UIBC_VERTICAL_SCROLL: scroll(input, REL_WHEEL, REL_WHEEL_HI_RES, event); break;
	case UIBC_HORIZONTAL_SCROLL: scroll(input, REL_HWHEEL, REL_HWHEEL_HI_RES, event); break;
	/* No desktop has an event for it. */
	case UIBC_ROTATE: break;
	}
	return TRUE;
}

/* The fields of an input of a descriptor, @size bits each, that begin at bit @first of report @id. */
static void add_places(UibcHidHeld *held, guint32 flags, guint8 id, guint first, guint size,
		       guint n)
{
	const UibcHidPlace place = {.id = id, .first = first, .n = n};

	if (size > 1 && (flags & (HID_CONSTANT | HID_VARIABLE | HID_RELATIVE)) == HID_VARIABLE)
		g_array_append_val(held->places, place);
}

/* Where the items are not what they should be the kernel makes no device of it. */
void uibc_hid_held_init(UibcHidHeld *held, const guint8 *descriptor, gsize length)
{
	guint32 size = 0, count = 0;
	guint ends[256] = {0}; /* bits of each report so far */
	guint8 id = 0;
	gsize at = 0;

	*held = (UibcHidHeld){.places = g_array_new(FALSE, FALSE, sizeof(UibcHidPlace))};
	while (at < length) {
		guint8 item = descriptor[at];
		gsize bytes = (item & HID_ITEM_SIZE) == 3 ? 4 : item & HID_ITEM_SIZE;
		guint32 value = 0;

		if (item == HID_LONG_ITEM) {
			at += 3 + (at + 1 < length ? descriptor[at + 1] : 0);
			continue;
		}
		for (gsize i = 0; i < bytes && at + 1 + i < length; i++)
			value |= (guint32)descriptor[at + 1 + i] << 8 * i;
		at += 1 + bytes;
		switch (item & ~HID_ITEM_SIZE) {
		case HID_REPORT_SIZE: size = MIN(value, MAX_REPORT_BITS); break;
		case HID_REPORT_COUNT: count = MIN(value, MAX_REPORT_BITS); break;
		case HID_REPORT_ID:
			held->has_ids = TRUE;
			id = value;
			break;
		case HID_INPUT:
			/* The id itself is in front. */
			if (held->has_ids && !ends[id])
				ends[id] = 8;
			add_places(held, value, id, ends[id], size, size * count);
			ends[id] = MIN(ends[id] + size * count, MAX_REPORT_BITS);
			break;
		}
	}
}

void uibc_hid_held_clear(UibcHidHeld *held)
{
	for (guint id = 0; id < G_N_ELEMENTS(held->reports); id++)
		g_clear_pointer(&held->reports[id], g_bytes_unref);
	g_clear_pointer(&held->places, g_array_unref);
}

static gboolean write_report(int fd, const guint8 *report, gsize length)
{
	struct uhid_event event = {.type = UHID_INPUT2};
	gsize size = G_STRUCT_OFFSET(struct uhid_event, u.input2.data) + length;

	if (length > sizeof(event.u.input2.data))
		return FALSE;
	event.u.input2.size = length;
	memcpy(event.u.input2.data, report, length);
	return write(fd, &event, size) == (ssize_t)size;
}

gboolean uibc_input_hid_report(UibcInput *input, int fd, UibcHidHeld *held, const UibcHid *report,
			       gint64 now)
{
	gboolean pressed = FALSE;
	GBytes **last;

	if (!is_allowed(input, now) || !write_report(fd, report->value, report->length))
		return FALSE;
	for (gsize i = held->has_ids; i < report->length; i++)
		pressed |= report->value[i];
	last = &held->reports[held->has_ids && report->length ? report->value[0] : 0];
	g_clear_pointer(last, g_bytes_unref);
	if (pressed)
		*last = g_bytes_new(report->value, report->length);
	return TRUE;
}

/* Of @last, with that id, what is to stay so. */
static void copy_places(const UibcHidHeld *held, guint id, const guint8 *last, gsize length,
			guint8 *report)
{
	for (guint i = 0; i < held->places->len; i++) {
		const UibcHidPlace *place = &g_array_index(held->places, UibcHidPlace, i);

		for (guint bit = place->first;
		     place->id == id && bit < place->first + place->n && bit < length * 8; bit++)
			report[bit / 8] |= last[bit / 8] & 1u << bit % 8;
	}
}

void uibc_input_hid_release(int fd, UibcHidHeld *held)
{
	for (guint id = 0; id < G_N_ELEMENTS(held->reports); id++) {
		guint8 report[UHID_DATA_MAX] = {id};
		const guint8 *last;
		gsize length;

		if (!held->reports[id])
			continue;
		last = g_bytes_get_data(held->reports[id], &length);
		copy_places(held, id, last, length, report);
		if (!write_report(fd, report, length))
			g_debug("a HID device was not let go");
		g_clear_pointer(&held->reports[id], g_bytes_unref);
	}
}

void uibc_input_release(UibcInput *input)
{
	for (guint slot = 0; slot < UIBC_MAX_POINTERS; slot++) {
		if (input->fingers[slot] == NO_FINGER)
			continue;
		input->fingers[slot] = NO_FINGER;
		emit(input, UIBC_INPUT_TOUCH, EV_ABS, ABS_MT_SLOT, slot);
		emit(input, UIBC_INPUT_TOUCH, EV_ABS, ABS_MT_TRACKING_ID, -1);
		if (!has_fingers(input)) {
			emit(input, UIBC_INPUT_TOUCH, EV_KEY, BTN_TOUCH, 0);
			sync_events(input, UIBC_INPUT_TOUCH);
		}
	}
	if (input->button_down) {
		press_button(input, FALSE);
		sync_events(input, UIBC_INPUT_POINTER);
	}
	release_keys(input);
}

void uibc_input_set_touch(UibcInput *input, gboolean touch)
{
	if (input->touch != touch)
		uibc_input_release(input);
	input->touch = touch;
}

void uibc_input_set_file(UibcInput *input, UibcInputKind kind, int fd)
{
	if (input->files[kind] >= 0)
		close(input->files[kind]);
	input->files[kind] = fd;
}

void uibc_input_free(UibcInput *input)
{
	uibc_input_release(input);
	for (guint i = 0; i < UIBC_INPUT_N_KINDS; i++)
		if (input->files[i] >= 0)
			close(input->files[i]);
	g_free(input);
}

const guint8 *uibc_input_default_descriptor(guint8 type, gsize *length)
{
	static const guint8 keyboard[] = {
		0x05, 0x01, /* usage page: generic desktop */
		0x09, 0x06, /* usage: keyboard */
		0xa1, 0x01, /* collection: application */
		0x05, 0x07, /* usage page: keys */
		0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, /* eight modifiers, a bit each */
		0x75, 0x01, 0x95, 0x08, 0x81, 0x02, /* */
		0x95, 0x01, 0x75, 0x08, 0x81, 0x01, /* a reserved byte */
		0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, /* LEDs */
		0x95, 0x01, 0x75, 0x03, 0x91, 0x01, /* */
		0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65, /* six keys, a byte each */
		0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, /* */
		0xc0,
	};
	static const guint8 mouse[] = {
		0x05, 0x01, /* usage page: generic desktop */
		0x09, 0x02, /* usage: mouse */
		0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, /* application, pointer, physical */
		0x05, 0x09, 0x19, 0x01, 0x29, 0x03, 0x15, 0x00, 0x25, 0x01, /* three buttons */
		0x95, 0x03, 0x75, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x05, 0x81, 0x01, /* */
		0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x81, 0x25, 0x7f, /* x and y, relative */
		0x75, 0x08, 0x95, 0x02, 0x81, 0x06, /* */
		0xc0, 0xc0,
	};

	switch (type) {
	case UIBC_HID_KEYBOARD: *length = sizeof(keyboard); return keyboard;
	case UIBC_HID_MOUSE: *length = sizeof(mouse); return mouse;
	default: *length = 0; return NULL;
	}
}
