/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A finder: looks for sinks in one way, and makes links to those that it has found. Makers:
 * one for each way, a file each in this folder.
 */
#ifndef HOST_FINDER_H
#define HOST_FINDER_H

#include "finding.h"
#include "links/link.h"
#include "links/link-wish.h"

G_BEGIN_DECLS

#define HOST_TYPE_FINDER (host_finder_get_type())
G_DECLARE_INTERFACE(HostFinder, host_finder, HOST, FINDER, GObject)

/**
 * struct _HostFinderInterface - what a maker implements
 * @get_way: "mice", "p2p": constant
 * @start: look for sinks until stop; what was found before is told again
 * @stop: look no more; what is in use stays
 * @glance: optional: somebody else begins to look: where it would disturb what streams, it looks for a moment
 *	as at the start; nothing, unless it has started
 * @get_problem: why nothing can be found: (transfer none) (nullable) a word for machines
 *	("no-wifi-device", "radio-blocked", "no-p2p", "supplicant-away", "iwd-unable",
 *	"avahi-away", "radio-in-use") and a sentence that says what to do
 * @set_streams: optional: the network interfaces that sessions' pictures go over now: a search does not disturb them
 * @get_maker: optional: who makes its links now, a word for machines; (nullable): this is not known, or
 *	nobody can
 * @make_link: (transfer full): NULL with an error of domain HOST_ERROR; @finding may be one that
 *	was lost since
 * @forget: what is kept of the sink (its stored group) is deleted; @finding may be one of a sink
 *	that is not there now: its id is "" then
 */
struct _HostFinderInterface {
	GTypeInterface parent;

	const char *(*get_way)(HostFinder *finder);
	void (*start)(HostFinder *finder);
	void (*stop)(HostFinder *finder);
	void (*glance)(HostFinder *finder);
	const char *(*get_problem)(HostFinder *finder, const char **message);
	void (*set_streams)(HostFinder *finder, const char *const *interfaces);
	const char *(*get_maker)(HostFinder *finder);
	HostLink *(*make_link)(HostFinder *finder, HostFinding *finding, const HostLinkWish *wish,
			       GError **error);
	void (*forget)(HostFinder *finder, HostFinding *finding);
};

/**
 * HostFinder::found:
 * @finding: new, or in place of the one with the same id
 */
/**
 * HostFinder::lost:
 * @id: of a finding that is not there any more
 */
/**
 * HostFinder::changed:
 *
 * What get_problem() and get_maker() say.
 */

const char *host_finder_get_way(HostFinder *finder);
void host_finder_start(HostFinder *finder);
void host_finder_stop(HostFinder *finder);
void host_finder_glance(HostFinder *finder);
const char *host_finder_get_problem(HostFinder *finder, const char **message);
void host_finder_set_streams(HostFinder *finder, const char *const *interfaces);
const char *host_finder_get_maker(HostFinder *finder);
HostLink *host_finder_make_link(HostFinder *finder, HostFinding *finding, const HostLinkWish *wish,
				GError **error);
void host_finder_forget(HostFinder *finder, HostFinding *finding);

/* For makers. */
void host_finder_emit_found(HostFinder *finder, HostFinding *finding);
void host_finder_emit_lost(HostFinder *finder, const char *id);
void host_finder_emit_changed(HostFinder *finder);

G_END_DECLS

#endif /* HOST_FINDER_H */
