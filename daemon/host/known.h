/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of sinks from one time to the next: a file. */
#ifndef HOST_KNOWN_H
#define HOST_KNOWN_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* So many are kept; those that were not used for longest make room. */
#define HOST_KNOWN_MAX 64

typedef struct {
	char *name;
	char *kind;
	char **identities; /* as of HostFinding; at least one */
	char *address; /* that a person typed, the only identity then; or NULL */
	gint64 last_used; /* seconds since 1970 */
} HostKnown;

void host_known_free(HostKnown *known);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostKnown, host_known_free)

HostKnown *host_known_copy(const HostKnown *known);

/**
 * host_known_settle:
 *
 * Leaves it the identities that last. Without any it is known by the address that a person typed, and nothing
 * but that.
 *
 * Returns: FALSE: there is nothing to know it by
 */
gboolean host_known_settle(HostKnown *known);

/**
 * host_known_load:
 *
 * A file that is damaged is put aside, as @path with ".damaged" behind it, and the log says so.
 *
 * Returns: (transfer full) (element-type HostKnown): empty if there is nothing to be read
 */
GPtrArray *host_known_load(const char *path);

/* At once or not at all. */
gboolean host_known_save(const char *path, GPtrArray *all, GError **error);

G_END_DECLS

#endif /* HOST_KNOWN_H */
