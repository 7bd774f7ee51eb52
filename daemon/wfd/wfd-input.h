/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink's input while a session runs: its connection, of which the host tells, and the devices
 * that the host makes for it. On the session's thread alone.
 */
#ifndef WFD_INPUT_H
#define WFD_INPUT_H

#include "media.h"
#include "wfd-uibc.h"

typedef struct _WfdInput WfdInput;

typedef struct {
	guint64 messages; /* that came to something */
	guint64 lost; /* beyond the rate, or not what was agreed upon */
} WfdInputStatistics;

/**
 * wfd_input_new:
 * @socket: (transfer full): of miracast_device_take_input()
 * @context: sources are attached to it
 * @media: what the sink sees
 */
WfdInput *wfd_input_new(int socket, GMainContext *context, Media *media);
void wfd_input_free(WfdInput *input);

/* @uibc: what may come; NULL: nothing. @width, @height: pixels of the negotiated mode. */
void wfd_input_allow(WfdInput *input, const WfdUibc *uibc, guint width, guint height);

void wfd_input_get_statistics(const WfdInput *input, WfdInputStatistics *statistics);

#endif /* WFD_INPUT_H */
