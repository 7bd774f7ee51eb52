/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A way to sinks that does what a test tells it. */
#ifndef FAKE_H
#define FAKE_H

#include "discovery/finder.h"

G_BEGIN_DECLS

#define FAKE_TYPE_FINDER (fake_finder_get_type())
G_DECLARE_FINAL_TYPE(FakeFinder, fake_finder, FAKE, FINDER, GObject)

#define FAKE_TYPE_LINK (fake_link_get_type())
G_DECLARE_FINAL_TYPE(FakeLink, fake_link, FAKE, LINK, GObject)

struct _FakeFinder {
	GObject parent_instance;

	const char *way;
	gboolean started;
	guint n_glances;
	GPtrArray *forgotten; /* ids of findings, and the first identity of those without */
	GPtrArray *links; /* FakeLink: those that were made */
	HostReason refuse; /* HOST_N_REASONS: links are made */
	HostReason fail_at_once; /* HOST_N_REASONS: links open when the test says so */
	gboolean succeed_at_once;
	HostLinkWish wish; /* of the last link */
};

struct _FakeLink {
	GObject parent_instance;

	FakeFinder *finder; /* not a reference */
	GTask *task; /* of the open under way */
	guint n_opens;
	guint n_settled;
	guint n_left;
	guint n_closed;
};

FakeFinder *fake_finder_new(const char *way);

/* @identities: with spaces between; @name: may be NULL. Emits "found". */
void fake_finder_find(FakeFinder *finder, const char *id, const char *identities, const char *name);

/* The last one that was made; (transfer none). */
FakeLink *fake_finder_get_link(FakeFinder *finder);

/* The open under way ends: with a TCP connection whose other end is returned, or with an error. */
int fake_link_succeed(FakeLink *link);
void fake_link_fail(FakeLink *link, HostReason reason);

G_END_DECLS

#endif /* FAKE_H */
