/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people see of a session: details, statistics, and the messages that it has exchanged. */
#ifndef WFD_SHOW_H
#define WFD_SHOW_H

#include "media.h"
#include "miracast-driver.h"
#include "wfd-input.h"
#include "wfd-source.h"

/* The latest messages. */
typedef struct {
	gint64 begin; /* monotonic us */
	GQueue lines;
	gboolean grew; /* since they were shown */
} WfdExchange;

/* "0.012 > M1 OPTIONS": seconds since @exchange began, direction, message. */
void wfd_exchange_add(WfdExchange *exchange, const char *text);
void wfd_exchange_clear(WfdExchange *exchange);
/* Once for all messages that came together: a sink may send hundreds at a time. */
void wfd_exchange_show(WfdExchange *exchange, MiracastDevice *device);

/* Of the sink, and what was chosen of it. */
void wfd_show_capabilities(MiracastDevice *device, const WfdSource *source);

/* @input: NULL: the sink may send none. @sound: some is sent. */
void wfd_show_statistics(MiracastDevice *device, Media *media, const WfdInput *input,
			 gboolean sound);

#endif
