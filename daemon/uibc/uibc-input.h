/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sink's people do, as events of input devices (linux/input.h, linux/uhid.h). The devices
 * are files that somebody else has made and opened: this writes to them and nothing else.
 *
 * A sink can name only what is here: a pointer, ten fingers, keys that have an ASCII character, and
 * HID reports for devices that were made for them. Events beyond UIBC_INPUT_RATE are lost.
 */
#ifndef UIBC_INPUT_H
#define UIBC_INPUT_H

#include "uibc-packet.h"

/* Absolute axes go from 0 to this over the picture. */
#define UIBC_INPUT_AXIS_MAX 65535
/* Messages a second, and as many at once. A mouse has 125, a touch screen 200. */
#define UIBC_INPUT_RATE 1000

typedef enum {
	UIBC_INPUT_POINTER, /* absolute, left button, wheels */
	UIBC_INPUT_TOUCH, /* multitouch, protocol B */
	UIBC_INPUT_KEYBOARD,
	UIBC_INPUT_N_KINDS,
} UibcInputKind;

typedef struct _UibcInput UibcInput;

/* What a device of HID has not let go. */
typedef struct {
	gboolean has_ids; /* the first byte of a report says which one it is */
	GBytes *reports
		[256]; /* by that byte, or [0]: the last one; NULL: nothing is pressed there */
	GArray *places; /* of UibcHidPlace */
} UibcHidHeld;

/* @width, @height: pixels of the negotiated mode. */
UibcInput *uibc_input_new(guint width, guint height);

/*
 * Where in the mode the picture is, if not all over it, in pixels. What is beside it counts as at its edge: a
 * finger that leaves the picture is still to be let go.
 */
void uibc_input_set_area(UibcInput *input, guint x, guint y, guint width, guint height);

/* Whether DOWN is a finger, or else a button; before that, a button. */
void uibc_input_set_touch(UibcInput *input, gboolean touch);

/* Releases what is pressed; closes the files. */
void uibc_input_free(UibcInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UibcInput, uibc_input_free)

/* @fd: (transfer full): of uinput, with a device made. Until there is one its events are lost. */
void uibc_input_set_file(UibcInput *input, UibcInputKind kind, int fd);

/* @now: monotonic us. FALSE: beyond the rate, nothing was done. */
gboolean uibc_input_generic(UibcInput *input, const UibcGeneric *event, gint64 now);

/* Nothing is; @descriptor: the device's. */
void uibc_hid_held_init(UibcHidHeld *held, const guint8 *descriptor, gsize length);
void uibc_hid_held_clear(UibcHidHeld *held);

/* The report for a device of uhid, @fd, with what is @held there. As above. */
gboolean uibc_input_hid_report(UibcInput *input, int fd, UibcHidHeld *held, const UibcHid *report,
			       gint64 now);

/*
 * Reports for a device of uhid, @fd, where something is @held: the last ones, with zeros for all but what is
 * absolute. A contact is let go by its number and where it was.
 */
void uibc_input_hid_release(int fd, UibcHidHeld *held);

/* Whatever is pressed is let go: the sink is gone. */
void uibc_input_release(UibcInput *input);

/**
 * uibc_input_default_descriptor:
 *
 * What a keyboard or a mouse is that sends reports without a descriptor: of the boot protocol (HID
 * 1.11, E.6 and E.10).
 *
 * Returns: (nullable): static; NULL for other types
 */
const guint8 *uibc_input_default_descriptor(guint8 type, gsize *length);

#endif /* UIBC_INPUT_H */
