/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Wi-Fi Direct group with one sink in it. Makers: one for each program that manages the radio.
 * What is done once the group is there, addresses and the sink's RTSP connection, is the same for
 * all of them: link-p2p.h.
 */
#ifndef HOST_GROUP_H
#define HOST_GROUP_H

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

#define HOST_TYPE_GROUP (host_group_get_type())
G_DECLARE_INTERFACE(HostGroup, host_group, HOST, GROUP, GObject)

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

/**
 * struct _HostGroupInterface - what a maker implements
 * @open: form or join the group, in bounded time; once. @task, which is the maker's, returns TRUE,
 *	or an error of domain HOST_ERROR or G_IO_ERROR_CANCELLED once everything has been put back
 * @cancel: what is being opened is not wanted any more; may also come after @task has returned
 * @get_net: after a successful open; belongs to the group
 * @close: begin to remove the group and to put back what was changed for it; no signal after this
 * @add_details: optional: add to what is shown of the session
 */
struct _HostGroupInterface {
	GTypeInterface parent;

	void (*open)(HostGroup *group, GTask *task);
	void (*cancel)(HostGroup *group);
	const HostGroupNet *(*get_net)(HostGroup *group);
	void (*close)(HostGroup *group);
	void (*add_details)(HostGroup *group, GVariantDict *details);
};

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

void host_group_open_async(HostGroup *group, GCancellable *cancellable,
			   GAsyncReadyCallback callback, gpointer user_data);
/* FALSE with an error of domain HOST_ERROR, or G_IO_ERROR_CANCELLED: everything has been put back. */
gboolean host_group_open_finish(HostGroup *group, GAsyncResult *result, GError **error);
const HostGroupNet *host_group_get_net(HostGroup *group);
void host_group_close(HostGroup *group);
void host_group_add_details(HostGroup *group, GVariantDict *details);

/* For makers. */

/* 4 bytes of the supplicant's GroupStarted, as they come with the keys; (transfer full) (nullable) */
GInetAddress *host_group_lookup_address(GVariant *properties, const char *name);
void host_group_emit_lost(HostGroup *group, int reason, const char *detail);
void host_group_emit_step(HostGroup *group, const char *word, const char *message);

G_END_DECLS

#endif /* HOST_GROUP_H */
