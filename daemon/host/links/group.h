/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Wi-Fi Direct group with one sink in it. Makers: one for each program that manages the radio.
 * What is done once the group is there, addresses and the sink's RTSP connection, is the same for
 * all of them: link-p2p.h.
 */
#ifndef HOST_GROUP_H
#define HOST_GROUP_H

#include "reason.h"
#include "wifi/uses.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The words of the makers: "supplicant", "network-manager", "iwd". */
typedef enum {
	HOST_GROUP_MAKER_SUPPLICANT,
	HOST_GROUP_MAKER_NM,
	HOST_GROUP_MAKER_IWD,
	HOST_N_GROUP_MAKERS,
} HostGroupMaker;

const char *host_group_maker_word(HostGroupMaker maker);

/**
 * HostGroupNet: the network that a group is
 * @interface: "p2p-wlan0-0"
 * @is_owner: this machine is the group's owner
 * @local: (nullable): this machine's address, if whoever made the group has one for it
 * @peer: (nullable): the sink's; NULL exactly if @local is
 * @is_configured: @local is set on the interface already
 */
typedef struct {
	char *interface;
	gboolean is_owner;
	GInetAddress *local;
	GInetAddress *peer;
	gboolean is_configured;
} HostGroupNet;

void host_group_net_clear(HostGroupNet *net);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostGroupNet, host_group_net_clear)

/* What is waited for. A maker has stages of its own between the first two. */
enum {
	HOST_GROUP_NEW,
	HOST_GROUP_OPEN = 100,
	HOST_GROUP_LEAVING, /* it is put back */
	HOST_GROUP_CLOSED,
};

/**
 * HostGroupLimit: of one stage
 * @limit_s: it lasts no longer; 0: what is waited for has a limit of its own
 * @reason, @detail: of passing it
 */
typedef struct {
	guint limit_s;
	HostReason reason;
	const char *detail;
} HostGroupLimit;

#define HOST_TYPE_GROUP		(host_group_get_type())
#define HOST_GROUP(object)	(G_TYPE_CHECK_INSTANCE_CAST((object), HOST_TYPE_GROUP, HostGroup))
#define HOST_GROUP_CLASS(class) (G_TYPE_CHECK_CLASS_CAST((class), HOST_TYPE_GROUP, HostGroupClass))
#define HOST_GROUP_GET_CLASS(object) \
	(G_TYPE_INSTANCE_GET_CLASS((object), HOST_TYPE_GROUP, HostGroupClass))
GType host_group_get_type(void);

typedef struct _HostGroup HostGroup;
typedef gboolean (*HostGroupLook)(HostGroup *group);

/**
 * HostGroup: what each maker's begins with; for makers only
 * @stage: a maker's, or HOST_GROUP_...
 * @look_source: 0: nothing is looked at again and again
 * @use: of the program that the maker asks; ended when everything has been put back
 * @net: complete once it is open
 */
struct _HostGroup {
	GObject parent_instance;

	int stage;
	guint look_source;
	HostUse *use;
	HostGroupNet net;

	/* group.c only */
	GTask *task; /* while it opens */
	guint limit_source;
	HostGroupLook look;
	gboolean is_kept; /* by itself, until it is put back */
	GError *error; /* why it is put back */
};
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostGroup, g_object_unref)

/**
 * HostGroupClass: what a maker says of itself
 * @limits: of its stages, by their numbers
 * @leave_s: the limit of putting back; 0: what is called for it has limits of its own
 * @begin: to form or join the group: ends in host_group_succeed() or host_group_put_back()
 * @put_back: begin to remove the group, and to put back what was changed for it since stage @from: ends in
 *	host_group_finish()
 * @let_go: of what others hold for it; may be called again
 * @on_limit: optional: instead of failing with the limit's reason
 * @settle: optional: see host_group_settle()
 * @turn_round: optional: see host_group_turn_round()
 */
typedef struct {
	GObjectClass parent_class;

	HostGroupMaker maker;
	const HostGroupLimit *limits;
	guint n_limits;
	guint leave_s;
	void (*begin)(HostGroup *group);
	void (*put_back)(HostGroup *group, int from);
	void (*let_go)(HostGroup *group);
	void (*on_limit)(HostGroup *group);
	void (*settle)(HostGroup *group);
	HostGroup *(*turn_round)(HostGroup *group);
} HostGroupClass;

/**
 * HostGroup::lost:
 * @reason: a HostReason
 * @detail: (nullable): what happened, for people
 *
 * After a successful open: the group is gone.
 */

/**
 * HostGroup::step:
 * @word: for machines, what the open has come to: "searching", "pairing", "joining"
 * @message: for people
 */

/**
 * HostGroup::interface:
 * @name: "p2p-wlan0-0"
 *
 * While it opens: the group has this interface, and may have no addresses yet. Again if another one
 * takes its place.
 */

/*
 * Forms or joins the group, in bounded time; once. FALSE with an error of domain HOST_ERROR, or
 * G_IO_ERROR_CANCELLED: everything has been put back.
 */
void host_group_open_async(HostGroup *group, GCancellable *cancellable,
			   GAsyncReadyCallback callback, gpointer user_data);
gboolean host_group_open_finish(HostGroup *group, GAsyncResult *result, GError **error);
HostGroupMaker host_group_get_maker(HostGroup *group);
/* After a successful open; belongs to the group. */
const HostGroupNet *host_group_get_net(HostGroup *group);
/* After a successful open: a session has started in it, so that the sink is known: it may be kept for the next time. */
void host_group_settle(HostGroup *group);
/* Begins to remove the group and to put back what was changed for it; no signal after this. */
void host_group_close(HostGroup *group);
void host_group_add_details(HostGroup *group, GVariantDict *details);
/*
 * After a successful open: (transfer full) (nullable): another one with the sink, not opened yet, in which
 * the other of the two is the owner; NULL: there is none, because the maker cannot, somebody has
 * chosen who owns it, or this is the other one already.
 */
HostGroup *host_group_turn_round(HostGroup *group);

/* For makers. */

/* The next stage: its limit counts, and what was looked at for the one before is not any more. */
void host_group_set_stage(HostGroup *group, int stage);
/* Another limit than the stage's. */
void host_group_set_limit(HostGroup *group, guint limit_s);
/* Calls @look, and no other any more, every @interval_ms while the stage lasts and it returns TRUE. */
void host_group_look(HostGroup *group, guint interval_ms, HostGroupLook look);
/* The same, and at once. */
void host_group_look_now(HostGroup *group, guint interval_ms, HostGroupLook look);

/* It is open. */
void host_group_succeed(HostGroup *group);
/* Takes @error, which is the open's if that is under way; nothing if it is put back already. */
void host_group_put_back(HostGroup *group, GError *error);
void host_group_fail(HostGroup *group, HostReason reason, const char *detail);
/* The way is gone: while it opens and after. */
void host_group_lose(HostGroup *group, HostReason reason, const char *detail);
/* Everything has been put back. */
void host_group_finish(HostGroup *group);

void host_group_emit_step(HostGroup *group, const char *word, const char *message);
void host_group_emit_interface(HostGroup *group, const char *name);

/* How often things are looked at that nobody tells of; and those that a sink waits for meanwhile. */
#define HOST_GROUP_LOOK_MS	 500
#define HOST_GROUP_LOOK_OFTEN_MS 100

/*
 * A sink that has gone is kept for a while, with the channel that it listened on, by whoever looks for
 * it; one that was switched on again listens on another. It is found there within that time.
 */
#define HOST_GROUP_FRESH_MS 3000

/* @error of a call: who was called has left the bus before the answer. */
gboolean host_group_is_gone(const GError *error);

/* 4 bytes of the supplicant's GroupStarted, as they come with the keys; (transfer full) (nullable) */
GInetAddress *host_group_lookup_address(GVariant *properties, const char *name);

G_END_DECLS

#endif /* HOST_GROUP_H */
