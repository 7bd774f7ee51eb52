/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that devices give themselves or are given, which nobody has checked. */
#ifndef HOST_DEVICE_NAME_H
#define HOST_DEVICE_NAME_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * host_device_name_clean:
 * @bytes: as the air or the network has them, not terminated
 *
 * Returns: (transfer full): what may be shown and put on the bus: valid UTF-8, no control or
 * bidirectional formatting characters, no space around it; NULL if nothing is left
 */
char *host_device_name_clean(const char *bytes, gsize length);

/* What of @name fits into @size bytes, whole characters only. (transfer full) */
char *host_device_name_cut(const char *name, gsize size);

G_END_DECLS

#endif /* HOST_DEVICE_NAME_H */
