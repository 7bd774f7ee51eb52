/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wfd_uibc_capability (WFD 2.1, 6.1.15): which input a sink can send, and which is asked for. */
#ifndef WFD_UIBC_H
#define WFD_UIBC_H

#include <glib.h>

/* The numbers are those of WFD 2.1, table 23. */
typedef enum {
	WFD_UIBC_KEYBOARD,
	WFD_UIBC_MOUSE,
	WFD_UIBC_SINGLE_TOUCH,
	WFD_UIBC_MULTI_TOUCH,
	WFD_UIBC_JOYSTICK,
	WFD_UIBC_CAMERA,
	WFD_UIBC_GESTURE,
	WFD_UIBC_REMOTE_CONTROL,
	WFD_UIBC_N_TYPES,
} WfdUibcType;

/* All zero: "none". */
typedef struct {
	guint generic; /* bit n: WfdUibcType n */
	guint8 hidc
		[WFD_UIBC_N_TYPES]; /* by type, bit n: path n of WFD 2.1, table 22; bit 5: none */
} WfdUibc;

/*
 * The port that the sink names is none, always. What cannot be read is not there. Returns: FALSE: so it is with
 * some of it.
 */
gboolean wfd_uibc_parse(const char *text, WfdUibc *uibc);

/* With the source's @port. Transfer full. */
char *wfd_uibc_to_string(const WfdUibc *uibc, guint16 port);

/*
 * Each type once, or it would come twice: keys as HID reports, because generic ones have no arrows;
 * pointers and fingers as generic ones, because those are places in the picture. No cameras.
 */
void wfd_uibc_choose(const WfdUibc *sink, WfdUibc *choice);

gboolean wfd_uibc_is_none(const WfdUibc *uibc);

#endif /* WFD_UIBC_H */
