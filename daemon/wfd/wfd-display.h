/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display driver in the kernel (<linux/miracast_display.h>): what it is asked and told, and what it
 * draws. Its messages come on several threads at once.
 */
#ifndef WFD_DISPLAY_H
#define WFD_DISPLAY_H

#include "media.h"
#include "miracast-driver.h"
#include "wfd-modes.h"

#include <linux/miracast_display.h>

typedef struct _WfdDisplay WfdDisplay;

WfdDisplay *wfd_display_new(MiracastDevice *device,
			    const struct miracast_host_callbacks *callbacks);
/* The context ends, and its monitor with it. */
void wfd_display_free(WfdDisplay *display);

/* For the log. */
void wfd_display_report_event(WfdDisplay *display, enum miracast_protocol_event event);

/* A session has ended: nothing of what it drew is needed any more. */
void wfd_display_forget(WfdDisplay *display);

/*
 * Reports the sink: the connector becomes connected. @edid: the sink's own; NULL: it has none, so one is
 * made. @name: for that, of the sink, UTF-8, or NULL.
 */
ntstatus_t wfd_display_connect(WfdDisplay *display, const WfdMode *mode, GBytes *edid,
			       const char *name);

/*
 * The sink's sound card is plugged in; what is played there comes as messages. @name: what sound
 * settings call it, UTF-8; NULL: as its EDID does.
 */
void wfd_display_connect_sound(WfdDisplay *display, const char *name);

/* Has a frame encoded. @result: out: what became of it. */
ntstatus_t wfd_display_frame(WfdDisplay *display, Media *media,
			     const struct miracast_display_frame *message,
			     struct miracast_display_frame_result *result);

/* Returns when the pointer is in a picture: the kernel sends the next place of it then. */
ntstatus_t wfd_display_cursor(WfdDisplay *display, Media *media,
			      const struct miracast_display_cursor *message);

/* The kernel sends the next frame when this has returned, and that has the colours. */
void wfd_display_color(WfdDisplay *display, const struct miracast_display_color *message);

void wfd_display_framebuffer_gone(WfdDisplay *display,
				  const struct miracast_display_framebuffer *message);

#endif
