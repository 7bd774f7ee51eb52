/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person asked of a session (docs/wfd.md), out of the options that the host has of it. */
#ifndef WFD_OPTIONS_H
#define WFD_OPTIONS_H

#include "miracast-driver.h"
#include "wfd-choose.h"

typedef struct {
	WfdPolicy policy;
	guint kbit; /* 0: not asked for */
	gboolean fixed_rate; /* it does not follow what comes through */
} WfdOptions;

/**
 * wfd_options_read:
 * @kbit_of_link: what picture and sound have together if no rate was asked for; 0: not known
 * @options: zeroes; out: what was asked for
 * @error: G_IO_ERROR_INVALID_ARGUMENT: an option that cannot be
 */
gboolean wfd_options_read(MiracastDevice *device, guint64 kbit_of_link, WfdOptions *options,
			  GError **error);

#endif
