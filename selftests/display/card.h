/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CARD_H
#define CARD_H

/* The first card whose driver has this name: a descriptor, or -ENOENT. */
int open_card(const char *driver);

#endif /* CARD_H */
