/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PIN that a sink shows, and how either side proves that it knows it ([MS-MICE], 3.1.5.6). */
#ifndef MICE_PIN_H
#define MICE_PIN_H

#include "mice-message.h"

#define MICE_PIN_DIGITS 8

char *mice_pin_clean(const char *typed);
void mice_pin_hash(const char *pin, const guint8 *address, gsize size, guint8 hash[MICE_HASH]);

#endif
